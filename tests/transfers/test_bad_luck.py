"""Full disks, sources that change, damaged journals, files that may not be read: one sentence each, nothing
lost.
"""

from __future__ import annotations

import contextlib
import os
import random
import sqlite3
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from storage_core.attributes import Attributes
from storage_core.base import Container, Stored
from storage_core.body import Body, BytesBody
from storage_core.drivers.local import LocalStorageDriver
from storage_core.errors import LocalFileError, ServerError
from storage_core.transfers import Conflict, CopySpec, DownloadSpec, Engine, Ref, State, UploadSpec
from storage_core.transfers.board import Board
from storage_core.transfers.jobs import Job
from tests.transfers.conftest import World, content, names, ref, row, wait_end, wait_for, wait_state

MIB = 1024 * 1024


@pytest.fixture
def small_disk(tmp_path: Path) -> Iterator[Path]:
    """A real file system of 24 MiB."""
    folder = tmp_path / "small disk"
    folder.mkdir()
    if os.geteuid() != 0:
        yield folder  # the test runs again as root of a namespace of its own: see conftest
        return
    subprocess.run(["mount", "-t", "tmpfs", "-o", "size=24m", "none", str(folder)], check=True)
    yield folder
    subprocess.run(["umount", "--lazy", str(folder)], check=True)


# -- disks --


@pytest.mark.parametrize("sizes", [[30 * MIB], [10 * MIB, 10 * MIB, 10 * MIB]])
def test_a_full_disk_pauses_the_job_and_room_lets_it_go_on(
    world: World, small_disk: Path, sizes: list[int]
) -> None:
    box = world.memory()
    blobs = {f"{number}.bin": os.urandom(size) for number, size in enumerate(sizes)}
    for name, data in blobs.items():
        box.driver.put_object(box, name, BytesBody(data), Attributes())
    ballast = small_disk / "ballast"
    ballast.write_bytes(b"b" * 4 * MIB)
    old = small_disk / "0.bin"
    old.write_bytes(b"old")
    engine = world.engine()
    job = engine.add(DownloadSpec((ref(),), str(small_disk)), Conflict.REPLACE)
    paused = wait_state(engine, job, State.PAUSED)
    assert "full" in paused.error
    assert old.read_bytes() in (b"old", blobs["0.bin"])
    subprocess.run(["mount", "-o", "remount,size=64m", str(small_disk)], check=True)
    wait_for(lambda: not row(engine, job).current)
    engine.resume(job)
    end = wait_end(engine, job)
    assert (end.state, end.error) == (State.DONE, "")
    assert {path.name for path in small_disk.iterdir()} == {*blobs, "ballast"}
    for name, data in blobs.items():
        assert (small_disk / name).read_bytes() == data


def test_a_full_disk_under_the_journal_makes_transfers_wait(world: World, small_disk: Path) -> None:
    box = world.memory()
    engine = Engine(small_disk / "journal.db", world.drivers.get)
    engine.start()
    world.engines.append(engine)
    ballast = small_disk / "ballast"
    _fill(ballast)
    paths = [str(world.file(f"{'n' * 200}{number}.txt", b"1")) for number in range(300)]
    job = engine.add(UploadSpec(tuple(paths), ref()))
    wait_for(lambda: "written" in row(engine, job).error, 20)
    assert not row(engine, job).state.is_end
    ballast.unlink()
    end = wait_end(engine, job)
    assert (end.state, end.items_done, end.error) == (State.DONE, 300, "")
    assert len(names(box)) == 300


def _fill(path: Path) -> None:
    """A file that takes all the room there is."""
    with open(path, "wb", buffering=0) as file, contextlib.suppress(OSError):
        while True:
            file.write(b"b" * 4096)


# -- sources --


@pytest.mark.parametrize("size", [3 * MIB, 40 * MIB])
@pytest.mark.parametrize("harm", ["append", "truncate", "replace"])
def test_a_file_that_changes_while_it_is_sent_is_stored_whole_or_not_at_all(
    world: World, size: int, harm: str
) -> None:
    box = world.memory()
    path = world.file("x.bin", os.urandom(size))
    versions = [path.read_bytes()]
    put, part = box.driver._put, box.driver._upload_part
    is_harmed = threading.Event()

    def change() -> None:
        if is_harmed.is_set():
            return
        is_harmed.set()
        if harm == "replace":
            other = path.with_suffix(".new")
            other.write_bytes(os.urandom(size))
            os.replace(other, path)
        else:
            with open(path, "r+b") as file:
                file.truncate(size // 2)
                if harm == "append":
                    file.seek(0, os.SEEK_END)
                    file.write(os.urandom(size))
        versions.append(path.read_bytes())

    def changing_put(*arguments: object) -> Stored:
        change()
        return put(*arguments)  # type: ignore[arg-type]

    def changing_part(*arguments: object) -> object:
        change()
        return part(*arguments)  # type: ignore[arg-type]

    box.driver._put, box.driver._upload_part = changing_put, changing_part  # type: ignore[assignment, method-assign]
    engine = world.engine()
    job = engine.add(UploadSpec((str(path),), ref()))
    end = wait_end(engine, job)
    assert end.state is State.DONE
    assert content(box, "x.bin") in versions
    if size > 16 * MIB:
        assert content(box, "x.bin") == versions[-1]
    assert not list(box.driver.iterate_uploads(box))


def test_a_file_that_vanishes_fails_alone(world: World) -> None:
    world.memory()
    paths = [world.file(f"{number}.bin", b"1" * 1000) for number in range(20)]
    driver = world.drivers["m"]
    engine = world.engine(workers=1)
    put = driver._put

    def vanishing(*arguments: object) -> Stored:
        paths[19].unlink(missing_ok=True)
        return put(*arguments)  # type: ignore[arg-type]

    driver._put = vanishing  # type: ignore[assignment, method-assign]
    job = engine.add(UploadSpec(tuple(map(str, paths)), ref()))
    end = wait_end(engine, job)
    assert (end.state, end.items_done, end.items_failed) == (State.FAILED, 19, 1)
    assert "19.bin" in end.error


_AS_NOBODY = """
import os, sys, json
from storage_core.drivers.memory import MemoryStorageDriver
from storage_core.transfers import Engine, Ref, UploadSpec
# Only now: an interpreter under /root could not be read any more.
if os.geteuid() == 0: os.setgid(65534); os.setuid(65534)
driver = MemoryStorageDriver()
driver.create_container("box")
engine = Engine(sys.argv[2], {"m": driver}.get)
engine.start()
job = engine.add(UploadSpec((sys.argv[1],), Ref("m", "box", "")))
while not (row := engine.changes(0).rows[0]).state.is_end: pass
print(json.dumps([row.state, row.items_done, {r.name: r.reason for r in engine.reports(job)}]))
engine.stop()
"""


def test_unreadable_files_and_folders_are_reported(world: World) -> None:
    with tempfile.TemporaryDirectory() as state:  # pytest's own folders are closed to nobody
        os.chmod(state, 0o777)
        world.folder = Path(state)
        world.file("tree/open.txt", b"1")
        world.file("tree/closed.txt", b"1").chmod(0)
        world.file("tree/shut/inside.txt", b"1")
        shut = world.folder / "files/tree/shut"
        shut.chmod(0)
        argv = [sys.executable, "-c", _AS_NOBODY, f"{state}/files/tree", f"{state}/journal.db"]
        done = subprocess.run(
            argv, capture_output=True, text=True, cwd=Path(__file__).parents[2], timeout=60, check=False
        )
        shut.chmod(0o700)
    assert done.returncode == 0, done.stderr
    assert "done with skips" in done.stdout
    assert "closed.txt" in done.stdout
    assert "tree/shut" in done.stdout
    assert done.stdout.count("Permission denied") == 2


def test_names_no_disk_can_hold_and_names_that_look_like_escapes_come_back(world: World) -> None:
    box = world.memory()
    hostile = [
        "../../x",
        "a//b",
        "/lead",
        ".",
        "a/../b",
        "x" * 1000,
        "new\nline",
        "\u202etxt.exe",
        "a\x01b",
        "a%2Fb",
    ]
    for name in hostile:
        box.driver.put_object(box, name, BytesBody(name.encode()), Attributes())
    engine = world.engine()
    down = engine.add(DownloadSpec((ref(),), str(world.folder / "back")))
    assert wait_end(engine, down).state is State.DONE, engine.reports(down)
    assert not (world.folder / "x").exists()
    up = engine.add(UploadSpec(tuple(str(p) for p in (world.folder / "back").iterdir()), ref("again/")))
    assert wait_end(engine, up).state is State.DONE, engine.reports(up)
    assert {name.removeprefix("again/") for name in names(box, "again/")} == set(hostile)


# -- the journal --


def test_an_object_and_a_folder_of_one_name_are_reported_on_a_disk(world: World) -> None:
    box = world.memory()
    for name in ("a", "a/b", "c"):
        box.driver.put_object(box, name, BytesBody(name.encode()), Attributes())
    engine = world.engine()
    job = engine.add(DownloadSpec((ref(),), str(world.folder / "back")))
    end = wait_end(engine, job)
    assert (end.state, end.items_done, end.items_failed) == (State.FAILED, 2, 1)
    assert str(world.folder / "back" / "a") in end.error


def test_a_damaged_journal_is_set_aside_and_said(world: World) -> None:
    world.memory()
    engine = world.engine()
    job = engine.add(UploadSpec(tuple(str(world.file(f"{n}.txt", b"1")) for n in range(200)), ref()))
    wait_end(engine, job)
    world.stop(engine)
    data = bytearray(world.journal.read_bytes())
    chance = random.Random(7)
    for _ in range(200):
        data[chance.randrange(100, len(data))] ^= 0xFF
    world.journal.write_bytes(data)
    again = world.engine()
    assert "damaged" in again.notice
    assert again.changes(0).rows == ()
    [aside] = [path for path in world.journal.parent.iterdir() if ".damaged-" in path.name]
    assert aside.read_bytes() == bytes(data)
    fresh = again.add(UploadSpec((str(world.file("x.txt", b"1")),), ref("new/")))
    assert wait_end(again, fresh).state is State.DONE


def test_a_journal_that_is_no_database_is_set_aside(world: World) -> None:
    world.journal.parent.mkdir()
    world.journal.write_text("not a database, and long enough to be read as one" * 100)
    assert "damaged" in world.engine().notice


def test_a_newer_journal_is_refused_and_left_alone(world: World) -> None:
    world.stop(world.engine())
    db = sqlite3.connect(world.journal)
    db.execute("PRAGMA user_version=99")
    db.close()
    before = world.journal.read_bytes()
    with pytest.raises(LocalFileError, match="newer"):
        world.engine()
    assert world.journal.read_bytes() == before


def test_two_engines_never_share_a_journal(world: World) -> None:
    world.engine()
    with pytest.raises(LocalFileError, match="another"):
        world.engine()


def test_no_secret_is_in_the_journal(world: World) -> None:
    box = world.memory()
    box.driver.put_object(box, "a.txt", BytesBody(b"1"), Attributes())
    box.driver.secret = "canary-8d1f"  # type: ignore[attr-defined]
    engine = world.engine()
    wait_end(engine, engine.add(UploadSpec((str(world.file("big.bin", bytes(20 * MIB))),), ref())))
    wait_end(engine, engine.add(DownloadSpec((ref("a.txt"),), str(world.folder / "back"))))
    world.stop(engine)
    for path in world.journal.parent.iterdir():
        assert b"canary" not in path.read_bytes()
        assert path.stat().st_mode & 0o077 == 0 or path.name != "journal.db"


# -- trouble on the way --


def test_a_service_that_fails_for_a_while_is_waited_for(world: World) -> None:
    box = world.memory()
    put, failures = box.driver._put, []

    def failing(container: Container, name: str, body: Body, *more: object) -> Stored:
        if len(failures) < 10:
            failures.append(name)
            raise ServerError("Busy.", 503, box.driver)
        return put(container, name, body, *more)  # type: ignore[arg-type]

    box.driver._put = failing  # type: ignore[assignment, method-assign]
    engine = world.engine()
    job = engine.add(UploadSpec(tuple(str(world.file(f"{n}.txt", b"1")) for n in range(30)), ref()))
    end = wait_end(engine, job)
    assert (end.state, end.items_done, end.error) == (State.DONE, 30, "")
    assert len(failures) == 10


def test_a_reply_that_was_lost_does_not_ask_about_our_own_file(world: World) -> None:
    box = world.memory()
    put, lost = box.driver._put, []

    def losing(container: Container, name: str, *more: object) -> Stored:
        stored = put(container, name, *more)  # type: ignore[arg-type]
        if name not in lost:
            lost.append(name)
            raise ServerError("The reply was lost.", 500, box.driver)
        return stored

    box.driver._put = losing  # type: ignore[assignment, method-assign]
    engine = world.engine()
    job = engine.add(UploadSpec((str(world.file("a.txt", b"1")),), ref()))
    assert wait_end(engine, job).state is State.DONE


def test_a_refused_object_is_a_failure_and_a_bug_too(world: World) -> None:
    box = world.memory()
    put = box.driver._put

    def refusing(container: Container, name: str, *more: object) -> Stored:
        if name == "bug.txt":
            raise RuntimeError("a driver's bug")
        return put(container, name, *more)  # type: ignore[arg-type]

    box.driver._put = refusing  # type: ignore[assignment, method-assign]
    engine = world.engine()
    job = engine.add(UploadSpec(tuple(str(world.file(f"{n}.txt", b"1")) for n in ("bug", "a", "b")), ref()))
    end = wait_end(engine, job)
    assert (end.state, end.items_done, end.items_failed) == (State.FAILED, 2, 1)
    assert "RuntimeError" in end.error


def test_copies_into_a_folder_of_this_computer_and_back(world: World) -> None:
    box = world.memory()
    folder = world.folder / "local"
    driver = LocalStorageDriver(str(folder), ex_store=str(world.folder / "records"))
    folder.mkdir()
    world.drivers["here"] = driver
    here = driver.create_container("box")
    data = os.urandom(20 * MIB)
    box.driver.put_object(
        box, "t/big.bin", BytesBody(data), Attributes(content_type="a/b", metadata={"k": "v"})
    )
    box.driver.put_object(box, "t/e/", BytesBody(b""), Attributes())
    engine = world.engine()
    out = engine.add(CopySpec((ref("t/"),), Ref("here", "box", "")))
    assert wait_end(engine, out).state is State.DONE, engine.reports(out)
    assert (folder / "box/t/big.bin").read_bytes() == data
    back = engine.add(CopySpec((Ref("here", "box", "t/"),), ref("back/")))
    assert wait_end(engine, back).state is State.DONE, engine.reports(back)
    assert content(box, "back/t/big.bin") == data
    known = box.driver.get_object("box", "back/t/big.bin").attributes
    assert known is not None
    assert (known.content_type, dict(known.metadata)) == ("a/b", {"k": "v"})
    assert here.name == "box"


def test_a_folder_is_not_copied_into_itself(world: World) -> None:
    box = world.memory()
    box.driver.put_object(box, "a/x.txt", BytesBody(b"1"), Attributes())
    engine = world.engine()
    job = engine.add(CopySpec((ref("a/"),), ref("a/b/"), base="a/"))
    end = wait_end(engine, job)
    assert end.state is State.FAILED
    assert "into itself" in end.error
    assert names(box) == {"a/x.txt"}


# -- cost --


def test_ten_looks_a_second_at_twenty_thousand_jobs_cost_nothing() -> None:
    board = Board()
    jobs = [Job(n, UploadSpec((f"/tmp/{n}",), ref()), Conflict.ASK, State.WAITING) for n in range(1, 20_001)]
    for job in jobs:
        board.put(job)
    stamp = board.changes(0).stamp
    for job in jobs[:8]:
        board.set_state(job, State.RUNNING)
        job.active = 1
    costs = []
    for _ in range(100):
        begin = time.perf_counter()
        changes = board.changes(stamp)
        costs.append(time.perf_counter() - begin)
        stamp = changes.stamp
        assert len(changes.rows) == 8
    assert sorted(costs)[50] < 0.0005, f"{sorted(costs)[50] * 1e6:.0f} us"


def test_the_rate_is_kept(world: World) -> None:
    world.memory()
    engine = world.engine()
    engine.bytes_per_second_max = 4 * MIB
    begin = time.monotonic()
    job = engine.add(UploadSpec((str(world.file("x.bin", bytes(6 * MIB))),), ref()))
    wait_end(engine, job)
    assert 1.0 < time.monotonic() - begin < 3.0


_STREAM = """
import hashlib, os, resource, sys, tempfile, threading, time
from storage_core.attributes import Attributes
from storage_core.base import Download, Object, Part, Stored, Upload
from storage_core.capabilities import Capabilities
from storage_core.drivers.memory import MemoryStorageDriver
from storage_core.transfers import CopySpec, Engine, Ref
SIZE = 1 << 30
class Zeros:
    def __init__(self, count): self.left = count
    def read(self, count):
        piece = bytes(min(count, self.left)); self.left -= len(piece); return piece
    def close(self): pass
class Endless(MemoryStorageDriver):
    def _head(self, container, name, version):
        if name.startswith("to/"): return super()._head(container, name, version)
        return Object(name, SIZE, "0" * 32, None, None, container, self, etag="e", attributes=Attributes())
    def _open(self, obj, start, end):
        end = SIZE if end is None else end
        return Download(source=Zeros(end - start), start=start, size=end - start, total=SIZE, etag="e")
class Hole(MemoryStorageDriver):
    got = 0
    capabilities = MemoryStorageDriver.capabilities
    def _upload_part(self, upload, number, body):
        while piece := body.read(1 << 16): Hole.got += len(piece)
        return Part(number, body.md5, body.size, body.md5)
    def _complete_upload(self, upload, parts, only_new):
        return Stored(etag="x", size=sum(part.size for part in parts))
def rss():
    return int(open("/proc/self/statm").read().split()[1]) * 4096
a, b = Endless(), Hole()
b.create_container("box"); a.create_container("box")
temp = sys.argv[1]; tempfile.tempdir = temp
engine = Engine(os.path.join(temp, "journal.db"), {"a": a, "b": b}.get)
engine.start()
before, top, files = rss(), 0, set()
job = engine.add(CopySpec((Ref("a", "box", "big"),), Ref("b", "box", "to/")))
while not (row := engine.changes(0).rows[0]).state.is_end:
    top = max(top, rss()); files |= set(os.listdir(temp)); time.sleep(0.005)
engine.stop()
print(row.state, Hole.got, (top - before) >> 20, sorted(files))
"""


def test_a_gigabyte_is_copied_in_bounded_memory_and_without_a_file(tmp_path: Path) -> None:
    done = subprocess.run(
        [sys.executable, "-c", _STREAM, str(tmp_path)], capture_output=True, text=True,
        cwd=Path(__file__).parents[2], timeout=120, check=False,
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    state, got, grown, *files = done.stdout.split(maxsplit=3)
    assert (state, int(got)) == ("done", 1 << 30), done.stdout
    assert int(grown) <= 128, done.stdout
    assert "journal.db" in files[0]
    assert files[0].count("'") <= 6, "only the journal's own three files"
