"""Which folders are seen, which stay, and which go."""

from __future__ import annotations

import random
from pathlib import Path

import pytest

from storage_core.base import Container
from storage_core.errors import (
    InvalidObjectNameError,
    ObjectDoesNotExistError,
)
from tests.drivers.local.conftest import content, listed, on_disk, put


def test_an_empty_folder_of_a_person_is_seen(home: Path, container: Container) -> None:
    (home / "empty" / "inner").mkdir(parents=True)
    (home / "full").mkdir()
    (home / "full" / "x").touch()
    assert listed(container) == ["empty/inner/", "full/x"]
    assert container.driver.list_page(container).prefixes == ["empty/", "full/"]
    marker = container.get_object("empty/inner/")
    assert (marker.size, b"".join(marker.as_stream())) == (0, b"")


def test_a_persons_folder_outlives_its_last_object(home: Path, container: Container) -> None:
    (home / "mine").mkdir()
    put(container, "mine/x")
    container.get_object("mine/x").delete()
    assert listed(container) == ["mine/"]
    container.get_object("mine/").delete()
    assert on_disk(home) == []


def test_folders_made_on_the_way_go_with_their_last_object(home: Path, container: Container) -> None:
    (home / "mine").mkdir()
    put(container, "mine/made/too/x")
    put(container, "mine/made/y")
    container.get_object("mine/made/too/x").delete()
    assert on_disk(home) == ["mine", "mine/made", "mine/made/y"]
    container.get_object("mine/made/y").delete()
    assert on_disk(home) == ["mine"]


def test_a_folder_that_was_stored_stays_until_it_is_deleted(home: Path, container: Container) -> None:
    put(container, "kept/", b"", ex_meta={"colour": "red"})
    put(container, "kept/x")
    assert listed(container) == ["kept/", "kept/x"]
    container.get_object("kept/x").delete()
    assert listed(container) == ["kept/"]
    assert container.get_object("kept/").meta_data == {"colour": "red"}
    container.get_object("kept/").delete()
    assert on_disk(home) == []


@pytest.mark.parametrize("order", ["as listed", "backwards", "shuffled"])
def test_deleting_all_that_is_listed_below_a_folder_removes_the_folder(
    home: Path, container: Container, order: str
) -> None:
    for folder in ("tree/a/b", "tree/c/empty", "other/empty"):
        (home / folder).mkdir(parents=True)
    for file in ("tree/x", "tree/a/y", "tree/a/b/z", "tree/c/w"):
        (home / file).touch()
    names = listed(container, "tree/")
    assert names[0] == "tree/"
    if order == "backwards":
        names.reverse()
    elif order == "shuffled":
        random.Random(7).shuffle(names)
    assert container.driver.delete_objects(container, names) == []
    assert on_disk(home) == ["other", "other/empty"]


def test_deleting_a_folder_spares_what_is_stored_below(home: Path, container: Container) -> None:
    put(container, "a/", b"")
    put(container, "a/b/", b"")
    put(container, "a/x")
    container.get_object("a/").delete()
    assert listed(container) == ["a/b/", "a/x"]
    with pytest.raises(ObjectDoesNotExistError):
        container.get_object("a/")
    container.get_object("a/x").delete()
    assert listed(container) == ["a/b/"]
    container.get_object("a/b/").delete()
    assert on_disk(home) == []


def test_a_folder_marker_may_have_content(home: Path, container: Container) -> None:
    put(container, "a/", b"content of the marker")
    put(container, "a/x")
    assert listed(container) == ["a/", "a/x"]
    assert content(container, "a/") == b"content of the marker"
    put(container, "a/", b"")
    assert content(container, "a/") == b""
    assert listed(container) == ["a/", "a/x"]


def test_a_file_and_a_folder_of_one_name_cannot_both_be(home: Path, container: Container) -> None:
    put(container, "a/b")
    put(container, "file")
    for name in ("a", "file/x", "file/"):
        with pytest.raises(InvalidObjectNameError, match="in the way"):
            put(container, name, b"" if name.endswith("/") else b"x")
    assert listed(container) == ["a/b", "file"]
    assert content(container, "file") == b"content"
    assert on_disk(home) == ["a", "a/b", "file"]


def test_long_names_are_listed_in_their_place(container: Container) -> None:
    long = "n" * 600
    names = sorted(
        ["m", "n" * 100, "n" * 251, "n" * 255, long, long + "/x/y", long + "z", "n" * 256 + "/x", "o"]
    )
    names.remove(long)  # a file and a folder of one name cannot both be
    for name in names:
        put(container, name, name[-5:].encode())
    assert listed(container) == names
    page = container.driver.list_page(container)
    assert sorted([*(obj.name for obj in page.objects), *page.prefixes]) == sorted(
        [*(name for name in names if "/" not in name), long + "/", "n" * 256 + "/"]
    )
    assert container.driver.delete_objects(container, names) == []
    assert listed(container) == []
