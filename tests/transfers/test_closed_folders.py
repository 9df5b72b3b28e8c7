"""Folders that may be entered and not listed: files come out of them, and go into them, all the same."""

from __future__ import annotations

import os
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
# Root may do everything: the imports are made first, then the rights are given up.
PROGRAM = """
import os, sys, time
from pathlib import Path
from storage_core.drivers.memory import MemoryStorageDriver
from storage_core.transfers import DownloadSpec, Engine, Ref, State, UploadSpec
from storage_core.transfers import download, upload
here = Path(sys.argv[1])
if os.geteuid() == 0:
    os.setgid(65534)
    os.setuid(65534)
driver = MemoryStorageDriver()
box = driver.create_container("box")
engine = Engine(here / "state" / "journal.db", {"m": driver}.get)
engine.start()
def finish(spec):
    job = engine.add(spec)
    until = time.monotonic() + 30
    while True:
        [row] = [one for one in engine.changes(0).rows if one.id == job]
        if row.state.is_end:
            break
        assert time.monotonic() < until
        time.sleep(0.01)
    assert row.state is State.DONE, (row, engine.reports(job))
finish(UploadSpec((str(here / "unlisted" / "file"),), Ref("m", "box", "")))
assert [obj.name for obj in box.get_objects()] == ["file"]
finish(DownloadSpec((Ref("m", "box", "file"),), str(here / "drop")))
assert driver.get_object("box", "file").download(str(here / "drop" / "again"))
assert engine.stop(10)
"""


@pytest.fixture
def here() -> Iterator[Path]:
    """Where everybody may come: pytest's own folders are closed to others."""
    with tempfile.TemporaryDirectory() as folder:
        place = Path(folder)
        for name in ("state", "unlisted", "drop"):
            (place / name).mkdir()
        (place / "unlisted" / "file").write_text("hello")
        (place / "unlisted" / "file").chmod(0o644)
        for path, mode in (
            (place, 0o755),
            (place / "state", 0o777),
            (place / "unlisted", 0o111),
            (place / "drop", 0o333),
        ):
            path.chmod(mode)
        yield place
        for path in (place / "unlisted", place / "drop"):
            path.chmod(0o700)


def test_files_come_out_of_and_go_into_folders_that_may_not_be_listed(here: Path) -> None:
    done = subprocess.run(
        [sys.executable, "-c", PROGRAM, str(here)], cwd=ROOT, capture_output=True, text=True
    )
    assert done.returncode == 0, done.stderr
    (here / "drop").chmod(0o700)
    assert sorted(path.name for path in (here / "drop").iterdir()) == ["again", "file"]
    assert (here / "drop" / "file").read_text() == "hello"
    assert os.stat(here / "drop" / "again").st_size == 5
