"""A copy from account to account streams: little memory, whatever the size, and nothing on a disk."""

from __future__ import annotations

import hashlib
import json
import subprocess
import sys
import urllib.request
from pathlib import Path

import pytest

from tests.benchmarks import canned_s3
from tests.benchmarks.measure import ROOT, server

MIB = 1024 * 1024
SIZE, GROWTH_MAX = 1024 * MIB + 1, 128 * MIB

# In a process of its own, whose memory and files are its own: argument 1 the endpoint, 2 bytes, 3 a folder.
COPY = """
import json, os, sys, time
from pathlib import Path
from storage_core.drivers.s3 import S3StorageDriver
from storage_core.transfers import CopySpec, Engine, Ref
from tests.benchmarks.measure import memory

endpoint, size, folder = sys.argv[1], int(sys.argv[2]), sys.argv[3]
drivers = {
    name: S3StorageDriver(name, "secret", endpoint=endpoint, region="us-east-1", addressing="path")
    for name in "ab"
}
engine = Engine(Path(folder) / "journal.db", drivers.get)
engine.start()
name = f"large-{size}"
assert drivers["a"].get_object("full", name).size == size  # connects, and has the server hash it
written = []
WRITES = os.O_WRONLY | os.O_RDWR | os.O_CREAT

def opened(event, arguments):
    if event == "open" and isinstance(arguments[2], int) and arguments[2] & WRITES:
        written.append(str(arguments[0]))

sys.addaudithook(opened)
Path("/proc/self/clear_refs").write_text("5")  # the peak is measured from here on
written.clear()
before, there = memory(), set()
job = engine.add(CopySpec((Ref("a", "full", name),), Ref("b", "empty", "")))
while not (row := engine.changes(0).rows[0]).state.is_end:
    # SQLite's files are opened in C, where no hook sees them; so would be those of a library.
    for descriptor in os.listdir("/proc/self/fd"):
        try:
            flags = Path(f"/proc/self/fdinfo/{descriptor}").read_text().split("flags:")[1].split()[0]
            if int(flags, 8) & WRITES:
                there.add(os.readlink(f"/proc/self/fd/{descriptor}"))
        except OSError:
            pass  # closed meanwhile
    time.sleep(0.01)
grown = memory("VmHWM") - before
[report] = engine.reports(job, only_problems=False)
assert engine.stop(20)
files = [path for path in there if path.startswith("/") and not path.startswith(("/dev/", "/proc/"))]
print(json.dumps([row.state, report.verified, grown, written, sorted(files)]))
"""


@pytest.mark.skipif(sys.platform != "linux", reason="memory and open files are read from /proc")
def test_a_copy_of_a_gib_across_accounts_needs_little_memory_and_no_file(tmp_path: Path) -> None:
    with server() as endpoint:
        argv = [sys.executable, "-c", COPY, endpoint, str(SIZE), str(tmp_path)]
        done = subprocess.run(argv, cwd=ROOT, capture_output=True, text=True, timeout=170, check=False)
        assert done.returncode == 0, done.stderr
        with urllib.request.urlopen(f"{endpoint}/empty/large-{SIZE}?told", timeout=30) as reply:
            parts = json.load(reply)
    state, verified, grown, written, files = json.loads(done.stdout)
    assert state == "done"
    assert verified.startswith("md5 ")
    assert sum(length for length, _ in parts) == SIZE
    at = 0
    for length, md5 in parts:
        assert md5_of(at, length) == md5, f"the bytes from {at} are others"
        at += length
    assert grown <= GROWTH_MAX, f"{grown / MIB:.0f} MiB"
    assert written == []
    assert {Path(path).name for path in files} <= {"journal.db", "journal.db-wal", "journal.db-shm"}


def md5_of(start: int, size: int) -> str:
    digest = hashlib.md5(usedforsecurity=False)
    for piece in canned_s3.large(start, size):
        digest.update(piece)
    return digest.hexdigest()
