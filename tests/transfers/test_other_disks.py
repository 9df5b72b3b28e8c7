"""Folders that come down onto disks of other systems, real ones, and go up again: nothing is lost unsaid."""

from __future__ import annotations

import os
import sys
from collections import Counter
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path

import pytest

import storage_core.folders
import storage_core.names
from storage_core.drivers.local import LocalStorageDriver
from storage_core.names import WINDOWS
from storage_core.transfers import Conflict, CopySpec, DownloadSpec, Engine, State, UploadSpec
from tests.servers import disks
from tests.transfers.conftest import World, content, names, ref, wait_end

pytestmark = pytest.mark.skipif(sys.platform != "linux", reason="disks of other systems, mounted on Linux")

NFC, NFD = "caf\u00e9", "cafe\u0301"
FREE = [  # each finds a place on every disk
    "plain.txt", "folder/deep/one", "100%", "My%20Photo.jpg", "Müller 😀.txt", "x" * 300,
    "/".join("deep" + "y" * 80 for _ in range(6)),
]  # fmt: skip
REFUSED = [  # what Windows has no name for
    "CON", "con.txt", "nul.txt.jpg", "aux/prn/file", "COM1", "lpt9.log", "x.", "x ", "folder./one",
    "a:b", "what?", "<tag>", 'quo"te', "pi|pe", "st*r", "back\\slash", "control\x01", "a//b", "/lead",
    "trail//", "..", "a/../b", "%3F", "CON%20",
]  # fmt: skip
PAIRS = [("A.txt", "a.txt"), ("Straße", "STRASSE"), (NFC, NFD), ("K", "\u212a"), ("Σ", "ς")]
FOLDERS = ["SUB/one", "SUB/same", "sub/two", "sub/same"]


def fill(world: World, every: list[str]) -> dict[str, bytes]:
    """A container in memory with these objects; each holds its own name."""
    box = world.memory()
    for name in every:
        box.driver.upload_object_via_stream(iter([name.encode()]), box, name)
    return {name: name.encode() for name in every}


def on_disk(folder: Path) -> dict[str, bytes]:
    return {
        os.path.relpath(os.path.join(root, file), folder): Path(root, file).read_bytes()
        for root, _, files in os.walk(folder)
        for file in files
    }


def download(engine: Engine, folder: Path, conflict: Conflict) -> tuple[State, Mapping[str, str]]:
    """How the job ended, and for what was not simply put in place, why."""
    job = engine.add(DownloadSpec((ref(""),), str(folder)), conflict=conflict)
    end = wait_end(engine, job)
    reports = engine.reports(job, only_problems=False)
    assert end.items_total == len(reports)
    return end.state, {os.path.relpath(one.name, folder): one.reason for one in reports if one.reason}


def assert_nothing_is_lost(
    stored: dict[str, bytes], there: dict[str, bytes], said: Mapping[str, str]
) -> None:
    """Each content is on the disk once, or its name was reported; nothing else is there."""
    missing = Counter(stored.values()) - Counter(there.values())
    assert not Counter(there.values()) - Counter(stored.values()), "something is there twice"
    unsaid = [
        name for name, data in stored.items() if data in missing and not any(_ends(one, name) for one in said)
    ]
    assert not unsaid, f"{unsaid} are neither there nor reported"


def _ends(path: str, name: str) -> bool:
    return path == storage_core.names.to_local(name)


@pytest.fixture
def windows(monkeypatch: pytest.MonkeyPatch) -> None:
    """Windows' rules for names, with this system's separator."""
    monkeypatch.setattr(storage_core.names, "CURRENT", replace(WINDOWS, separator="/", also_separator=""))


@pytest.mark.parametrize("conflict", [Conflict.SKIP, Conflict.REPLACE, Conflict.REPLACE_IF_DIFFERENT])
def test_of_two_names_that_are_one_there_the_second_is_skipped_and_said(
    world: World, conflict: Conflict
) -> None:
    stored = fill(world, [*FREE, "😀" * 200, *(name for pair in PAIRS for name in pair), *FOLDERS])
    with disks.exfat(world.folder / "stick") as disk:
        engine = world.engine()
        state, said = download(engine, disk / "in", conflict)
        assert state is State.DONE_WITH_SKIPS
        there = on_disk(disk / "in")
        world.stop(engine)
    assert_nothing_is_lost(stored, there, said)
    for pair in PAIRS:
        assert len([data for data in there.values() if data.decode() in pair]) == 1, pair
    skipped = [one for one, reason in said.items() if "would have the same name there" in reason]
    assert len(skipped) == len(PAIRS) + 1  # and one of the two called `same`
    merged = [one for one, reason in said.items() if "another spelling" in reason]
    assert len(merged) == 1
    assert len({path.split("/")[0] for path in there if path.lower().startswith("sub/")}) == 1


def test_where_both_are_to_be_kept_each_gets_a_name_of_its_own(world: World) -> None:
    stored = fill(world, [*FREE, *(name for pair in PAIRS for name in pair), *FOLDERS, "b", "B"])
    with disks.exfat(world.folder / "stick") as disk:
        engine = world.engine()
        state, said = download(engine, disk / "in", Conflict.KEEP_BOTH)
        there = on_disk(disk / "in")
        world.stop(engine)
    assert state is State.DONE, said
    assert Counter(there.values()) == Counter(stored.values())
    assert any(path.lower() == "a (2).txt" for path in there)


@pytest.mark.parametrize("conflict", [Conflict.SKIP, Conflict.REPLACE, Conflict.KEEP_BOTH])
def test_an_object_and_a_folder_of_one_name_do_not_both_come_down_and_it_is_said(
    world: World, conflict: Conflict
) -> None:
    """On no disk can they."""
    stored = fill(world, ["b", "B/c", "d/e", "d"])
    with disks.exfat(world.folder / "stick") as disk:
        engine = world.engine()
        state, said = download(engine, disk / "in", conflict)
        there = on_disk(disk / "in")
        world.stop(engine)
    assert state in (State.FAILED, State.DONE)  # a file that comes after its folder can have another name
    assert_nothing_is_lost(stored, there, said)
    assert len(there) >= 2


def test_what_was_there_before_the_job_is_asked_about_under_any_spelling(world: World) -> None:
    fill(world, ["a.txt"])
    with disks.exfat(world.folder / "stick") as disk:
        (disk / "A.TXT").write_bytes(b"mine")
        engine = world.engine()
        state, said = download(engine, disk, Conflict.SKIP)
        assert (state, on_disk(disk)) == (State.DONE_WITH_SKIPS, {"A.TXT": b"mine"})
        assert "taken" in said["a.txt"]
        state, _ = download(engine, disk, Conflict.KEEP_BOTH)
        assert (state, on_disk(disk)) == (State.DONE, {"A.TXT": b"mine", "a (2).txt": b"a.txt"})
        world.stop(engine)


@pytest.mark.parametrize("name", [name for name in REFUSED if not {"/", ".."} & {*name, name}])
def test_the_disk_refuses_these_names_as_windows_does(tmp_path: Path, name: str) -> None:
    """So that the next test proves something."""
    with disks.ntfs(tmp_path) as disk:
        if name in ("%3F", "CON%20"):  # they only look escaped
            (disk / name).touch()
            return
        with pytest.raises(OSError, match="Invalid argument"):
            (disk / name).touch()


@pytest.mark.usefixtures("windows")
def test_names_that_windows_refuses_come_down_go_up_and_are_the_same(world: World) -> None:
    stored = fill(world, [*FREE, *REFUSED])
    with disks.ntfs(world.folder / "c") as disk:
        engine = world.engine()
        state, said = download(engine, disk / "in", Conflict.SKIP)
        assert (state, said) == (State.DONE, {})
        assert Counter(on_disk(disk / "in").values()) == Counter(stored.values())
    # Mounted again as a disk that lists names as they were written.
    with disks.ntfs(world.folder / "c", "windows_names") as disk:
        back = world.memory("back")
        paths = tuple(str(path) for path in (disk / "in").iterdir())
        job = engine.add(UploadSpec(paths, ref("", "back")))
        assert wait_end(engine, job).state is State.DONE, engine.reports(job)
        assert names(back) == set(stored)
        world.stop(engine)


@pytest.mark.usefixtures("windows")
def test_two_names_that_windows_takes_for_one_do_not_replace_each_other(world: World) -> None:
    stored = fill(
        world, [*REFUSED, *(name for pair in PAIRS for name in pair), *FOLDERS, "NUL.TXT.jpg", "WHAT?"]
    )
    with disks.ntfs(world.folder / "c") as disk:
        engine = world.engine()
        state, said = download(engine, disk / "in", Conflict.REPLACE)
        there = on_disk(disk / "in")
        world.stop(engine)
    assert state is State.DONE_WITH_SKIPS
    assert_nothing_is_lost(stored, there, said)


@pytest.mark.parametrize("conflict", [Conflict.SKIP, Conflict.REPLACE, Conflict.KEEP_BOTH])
def test_a_copy_to_an_account_on_such_a_disk_loses_nothing(world: World, conflict: Conflict) -> None:
    stored = fill(world, [*FREE, *(name for pair in PAIRS for name in pair), *FOLDERS])
    with disks.exfat(world.folder / "stick") as disk:
        world.drivers["stick"] = LocalStorageDriver(
            str(disk), ex_container_name="box", ex_store=str(world.folder / "data")
        )
        engine = world.engine()
        job = engine.add(CopySpec((ref(""),), ref("", "stick")), conflict=conflict)
        end = wait_end(engine, job)
        reports = engine.reports(job, only_problems=False)
        there = on_disk(disk)
        world.stop(engine)
    assert end.items_total == len(stored) == len(reports)
    done = {one.name for one in reports if one.state == "done"}
    assert len(done) == len(there)
    assert all(one.reason for one in reports if one.state != "done")
    if conflict is Conflict.KEEP_BOTH:
        assert Counter(there.values()) == Counter(stored.values())
    else:
        assert {data.decode() for data in there.values()} == done


def test_no_path_reaches_the_system_but_in_the_form_that_has_no_limit(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Windows' way (no descriptors), with a stand-in for its long form: any other form finds nothing here."""
    world.file("tree/a/b.txt", b"1")
    world.file("tree/a/c.txt", b"2")
    (world.folder / "files" / "tree" / "empty").mkdir()
    seeming = world.folder / "seeming"
    real = str(world.folder / "files")
    monkeypatch.setattr(storage_core.folders, "BY_DESCRIPTOR", False)
    monkeypatch.setattr(storage_core.names, "at_any_length", lambda path: path.replace(str(seeming), real))
    box = world.memory()
    engine = world.engine()
    job = engine.add(UploadSpec((str(seeming / "tree"),), ref("")))
    assert wait_end(engine, job).state is State.DONE, engine.reports(job)
    assert names(box) == {"tree/a/b.txt", "tree/a/c.txt", "tree/empty/"}
    driver = LocalStorageDriver(str(seeming), ex_store=str(world.folder / "data"), ex_xattrs=False)
    tree = driver.get_container("tree")
    driver.upload_object_via_stream(iter([b"3"]), tree, "new/d.txt")
    driver.upload_object(str(seeming / "tree" / "a" / "b.txt"), tree, "copied")
    assert names(tree) == {"a/b.txt", "a/c.txt", "copied", "empty/", "new/d.txt"}
    assert content(tree, "copied") == b"1"
    driver.delete_object(driver.get_object("tree", "new/d.txt"))
    assert not seeming.exists()
