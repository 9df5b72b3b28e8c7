"""A disk that takes `A` and `a` for one name: no file is replaced or deleted under a name not its own."""

from __future__ import annotations

import os
import sys
import threading
import unicodedata
from collections.abc import Iterator
from pathlib import Path

import pytest

from storage_core import names
from storage_core.base import Container
from storage_core.drivers.local import LocalStorageDriver
from storage_core.errors import InvalidObjectNameError, LibcloudError, ObjectDoesNotExistError
from storage_core.operations import rename
from tests.drivers.local.conftest import content, listed, on_disk, put
from tests.servers import disks

pytestmark = pytest.mark.skipif(sys.platform != "linux", reason="the disk of memory sticks, mounted on Linux")


@pytest.fixture
def disk(tmp_path: Path) -> Iterator[Path]:
    with disks.exfat(tmp_path / "blind") as mounted:
        yield mounted


@pytest.fixture
def box(disk: Path, tmp_path: Path) -> Container:
    """Shadows no fixture of the neighbours: this container lies on the blind disk."""
    driver = LocalStorageDriver(str(disk), ex_container_name="Stick", ex_store=str(tmp_path / "data"))
    return driver.get_container("Stick")


@pytest.mark.parametrize(
    ("there", "other"),
    [("A.txt", "a.txt"), ("É", "é"), ("SUB/x", "sub/x"), ("Σ", "ς"), ("one/TWO/three", "one/two/three")],
)
def test_an_object_does_not_replace_one_that_differs_in_capitals(
    box: Container, there: str, other: str
) -> None:
    put(box, there, b"first")
    with pytest.raises(InvalidObjectNameError, match="takes the name for another one"):
        put(box, other, b"second")
    assert listed(box) == [there]
    assert content(box, there) == b"first"
    put(box, there, b"third")
    assert content(box, there) == b"third"


@pytest.mark.parametrize(("there", "other"), [("A.txt", "a.txt"), ("SUB/x", "sub/x"), ("Folder/", "folder/")])
def test_an_object_is_not_deleted_under_another_spelling(box: Container, there: str, other: str) -> None:
    put(box, there, b"" if there.endswith("/") else b"first")
    with pytest.raises(ObjectDoesNotExistError):
        box.driver.delete_object(box.get_object(other))
    assert listed(box) == [there]
    box.get_object(there).delete()
    assert listed(box) == []


def test_a_folder_is_not_made_under_another_spelling_and_keeps_what_it_holds(box: Container) -> None:
    put(box, "Folder/", b"")
    with pytest.raises(InvalidObjectNameError):
        put(box, "folder/", b"")
    assert listed(box) == ["Folder/"]
    put(box, "folder/new", b"goes into it")
    assert listed(box) == ["Folder/", "Folder/new"]


def test_a_copy_onto_itself_by_another_spelling_loses_nothing(box: Container) -> None:
    put(box, "A.txt", b"first")
    with pytest.raises(InvalidObjectNameError):
        box.driver.copy_object(box.get_object("A.txt"), box, "a.txt")
    with pytest.raises(LibcloudError):
        rename(box.get_object("A.txt"), "a.txt")
    assert (listed(box), content(box, "A.txt")) == (["A.txt"], b"first")


def test_of_spellings_that_are_stored_at_once_one_is_there_whole_and_the_others_are_refused(
    box: Container, disk: Path
) -> None:
    for attempt in range(5):
        spellings = [f"{attempt} NAME", f"{attempt} Name", f"{attempt} name", f"{attempt} nAmE"]
        together = threading.Barrier(len(spellings))
        done: list[str] = []

        def store(name: str, together: threading.Barrier = together, done: list[str] = done) -> None:
            together.wait(30)
            try:
                put(box, name, name.encode())
            except InvalidObjectNameError:
                return
            done.append(name)

        threads = [threading.Thread(target=store, args=(name,)) for name in spellings]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join(60)
        [there] = [path for path in disk.iterdir() if path.name.startswith(str(attempt))]
        assert done == [there.name]
        assert there.read_bytes() == there.name.encode()


def test_a_name_whose_other_spelling_is_too_long_for_the_disk_is_stored_and_deleted(box: Container) -> None:
    name = "é" * 255
    put(box, name, b"first")
    put(box, name, b"second")
    assert content(box, name) == b"second"
    box.get_object(name).delete()
    assert listed(box) == []


def test_a_disk_that_tells_spellings_apart_holds_them_all(container: Container, home: Path) -> None:
    spellings = [
        "A.txt",
        "a.txt",
        "a.TXT",
        "SUB/x",
        "sub/x",
        "é",
        unicodedata.normalize("NFD", "é"),
        "ß",
        "SS",
    ]
    assert not names.is_case_blind(str(home))
    for name in spellings * 2:
        put(container, name, name.encode())
    assert listed(container) == sorted(spellings, key=str.encode)
    assert all(content(container, name) == name.encode() for name in spellings)
    for name in spellings:
        container.get_object(name).delete()
        assert not os.path.lexists(home / name)
    assert on_disk(home) == []
