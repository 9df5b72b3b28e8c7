"""People's files under their own names, and nothing of ours among them."""

from __future__ import annotations

import os
import stat
import sys
from pathlib import Path
from urllib.parse import unquote

import pytest

from storage_core.attributes import Attributes
from storage_core.base import Container
from storage_core.drivers import local_trash
from storage_core.drivers.local import LocalStorageDriver
from storage_core.drivers.local_attributes import XATTR
from storage_core.errors import (
    ContainerDoesNotExistError,
    LocalFileError,
    ObjectChangedError,
    OperationNotSupportedError,
)
from storage_core.folders import Folder
from tests.drivers.local.conftest import content, listed, on_disk, put

# -- one folder as an account --


def test_a_persons_files_are_listed_under_their_own_names(home: Path, container: Container) -> None:
    for name in ("notes.txt", "My%20Photo.jpg", "50%", "a:b", ".hidden", "x\\y"):
        (home / name).write_text(name)
    assert listed(container) == sorted(["notes.txt", "My%20Photo.jpg", "50%", "a:b", ".hidden", "x\\y"])
    assert content(container, "My%20Photo.jpg") == b"My%20Photo.jpg"


def test_the_one_folder_is_the_one_container(driver: LocalStorageDriver, home: Path) -> None:
    assert [found.name for found in driver.list_containers()] == ["Home"]
    with pytest.raises(OperationNotSupportedError, match="Make folders in it instead"):
        driver.create_container("other")
    with pytest.raises(OperationNotSupportedError):
        driver.delete_container(driver.get_container("Home"))
    with pytest.raises(ContainerDoesNotExistError):
        driver.get_container("home")
    assert home.is_dir()


@pytest.mark.parametrize("make", [lambda path: None, lambda path: path.write_text("a file")])
def test_a_folder_that_is_not_there_is_said_at_the_first_use(tmp_path: Path, make: object) -> None:
    make(tmp_path / "missing")  # type: ignore[operator]
    driver = LocalStorageDriver(str(tmp_path / "missing"))
    with pytest.raises(LocalFileError, match="missing"):
        driver.list_containers()
    with pytest.raises(ContainerDoesNotExistError):
        driver.get_container("x")
    with pytest.raises(LocalFileError):
        driver.create_container("x")


def test_folders_of_a_base_folder_are_containers_and_files_and_links_are_none(home: Path) -> None:
    driver = LocalStorageDriver(str(home))
    (home / "pictures").mkdir()
    (home / "a file").touch()
    (home / "link").symlink_to(home.parent / "outside")
    assert [found.name for found in driver.list_containers()] == ["pictures"]
    for name in ("link", "a file", "..", ".", "", "../outside", "pictures/..", "/etc"):
        with pytest.raises(ContainerDoesNotExistError):
            driver.get_container(name)
        with pytest.raises(ContainerDoesNotExistError):
            driver.open_container(name).list_objects()


def test_files_whose_names_are_no_unicode_are_listed_read_and_deleted(
    home: Path, container: Container
) -> None:
    raw = os.fsencode(home) + b"/caf\xe9.txt"
    with open(raw, "wb") as file:
        file.write(b"latin")
    assert listed(container) == ["caf%uDCE9.txt"]
    assert content(container, "caf%uDCE9.txt") == b"latin"
    container.get_object("caf%uDCE9.txt").delete()
    assert os.listdir(home) == []


# -- nothing of ours among people's files --


def test_nothing_but_the_file_is_written_and_its_attributes_are_in_it(
    home: Path, container: Container
) -> None:
    put(container, "letters/to jane.txt", extra={"content_type": "text/css"}, ex_meta={"who": "me"})
    assert on_disk(home) == ["letters", "letters/to jane.txt"]
    assert b'"who":"me"' in os.getxattr(home / "letters" / "to jane.txt", XATTR)
    os.replace(home / "letters" / "to jane.txt", home / "moved.txt")
    assert container.get_object("moved.txt").meta_data == {"who": "me"}


def test_a_plain_file_gets_no_attribute_at_all(home: Path, container: Container) -> None:
    put(container, "plain.txt")
    assert os.listxattr(home / "plain.txt") == []
    assert container.get_object("plain.txt").extra["content_type"] == "text/plain"


def test_where_the_disk_holds_no_attributes_they_are_kept_elsewhere(
    home: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def refuse(*_: object) -> None:
        raise OSError(95, "Operation not supported")

    for name in ("setxattr", "getxattr", "removexattr"):
        monkeypatch.setattr(os, name, refuse)
    container = LocalStorageDriver(
        str(home), ex_container_name="Home", ex_store=str(tmp_path / "data")
    ).get_container("Home")
    put(container, "x.txt", ex_meta={"who": "me"})
    assert container.get_object("x.txt").meta_data == {"who": "me"}
    assert on_disk(home) == ["x.txt"]
    assert on_disk(tmp_path / "data") == ["attributes.sqlite3"]
    put(container, "x.txt", ex_meta={"who": "you"})
    assert container.get_object("x.txt").meta_data == {"who": "you"}
    (home / "other").write_text("another program's")
    os.replace(home / "other", home / "x.txt")
    assert container.get_object("x.txt").meta_data == {}
    container.get_object("x.txt").delete()
    assert listed(container) == []


def test_more_metadata_than_the_file_system_takes_is_kept_all_the_same(container: Container) -> None:
    large = {f"key-{number}": "v" * 1000 for number in range(40)}
    put(container, "x", ex_meta=large)
    assert container.get_object("x").meta_data == large
    container.driver.ex_set_object_metadata(container.get_object("x"), {"small": "1"})
    assert container.get_object("x").meta_data == {"small": "1"}


def test_an_attribute_that_another_program_damaged_harms_nothing(home: Path, container: Container) -> None:
    for value in (b"\xff{", b"[]", b'{"metadata": 5, "content_type": [], "other": 1}', b""):
        (home / "x.txt").write_text("x")
        os.setxattr(home / "x.txt", XATTR, value)
        obj = container.get_object("x.txt")
        assert (obj.meta_data, obj.extra["content_type"]) == ({}, "text/plain")


def test_no_byte_is_read_for_a_listing_or_a_tag(
    home: Path, container: Container, monkeypatch: pytest.MonkeyPatch
) -> None:
    (home / "x").write_bytes(b"12345")
    monkeypatch.setattr(Folder, "open", lambda *_: pytest.fail("a file was opened"))
    [obj] = container.list_objects()
    [shown] = container.driver.list_page(container).objects
    assert obj.size == shown.size == 5
    assert obj.hash == obj.etag == shown.etag


def test_a_replaced_file_keeps_who_may_read_it_but_nothing_more(home: Path, container: Container) -> None:
    (home / "x").write_text("old")
    os.chmod(home / "x", 0o4640)
    put(container, "x", b"new")
    assert stat.S_IMODE(os.stat(home / "x").st_mode) == 0o640


# -- reading while others write --


def test_a_file_that_changes_while_it_is_read_is_no_content(home: Path, container: Container) -> None:
    (home / "x").write_bytes(bytes(3 << 20))
    stream = container.get_object("x").as_stream(1 << 20)
    next(stream)
    with open(home / "x", "r+b") as file:
        file.seek(2 << 20)
        file.write(b"changed")
    with pytest.raises(ObjectChangedError):
        list(stream)


def test_a_file_that_shrinks_while_it_is_read_is_no_content(home: Path, container: Container) -> None:
    (home / "x").write_bytes(bytes(3 << 20))
    stream = container.get_object("x").as_stream(1 << 20)
    next(stream)
    os.truncate(home / "x", 10)
    with pytest.raises(ObjectChangedError):
        list(stream)


def test_a_half_written_object_is_never_seen(home: Path, container: Container) -> None:
    put(container, "x", b"old")
    seen: list[tuple[list[str], bytes]] = []

    def pieces() -> object:
        for _ in range(3):
            yield bytes(2 << 20)
            seen.append((listed(container), content(container, "x")))

    container.driver.upload_object_via_stream(pieces(), container, "x")  # type: ignore[arg-type]
    assert seen == [(["x"], b"old")] * 3
    assert container.get_object("x").size == 3 * (2 << 20)


# -- many files --


def test_a_large_folder_is_read_once_for_all_its_pages(
    home: Path, container: Container, monkeypatch: pytest.MonkeyPatch
) -> None:
    for number in range(3500):
        (home / f"f{number:05}").touch()
    reads: list[str] = []
    real = Folder.entries
    monkeypatch.setattr(Folder, "entries", lambda self: (reads.append(self.path), real(self))[1])
    pages = list(container.driver.iterate_pages(container))
    assert [len(page.objects) for page in pages] == [1000, 1000, 1000, 500]
    assert len(reads) == 1
    names = [obj.name for page in pages for obj in page.objects]
    assert names == [f"f{number:05}" for number in range(3500)]


def test_a_page_reads_no_more_folders_than_it_needs(
    home: Path, container: Container, monkeypatch: pytest.MonkeyPatch
) -> None:
    for number in range(200):
        (home / f"d{number:03}").mkdir()
        (home / f"d{number:03}" / "x").touch()
    reads: list[str] = []
    real = Folder.entries
    monkeypatch.setattr(Folder, "entries", lambda self: (reads.append(self.path), real(self))[1])
    page = container.driver.list_page(container, delimiter="", limit=5)
    assert len(page.objects) == 5
    assert len(reads) <= 8
    reads.clear()
    other = LocalStorageDriver(str(home), ex_container_name="Home")  # which has not seen the first page
    page = other.list_page(other.get_container("Home"), delimiter="", limit=5, token=page.next_token)
    assert [obj.name for obj in page.objects] == [f"d{number:03}/x" for number in range(5, 10)]
    assert len(reads) <= 8


# -- the trash --


@pytest.mark.skipif(sys.platform != "linux", reason="freedesktop.org's trash")
def test_deleted_files_go_to_the_trash_and_can_be_found_again(
    home: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("XDG_DATA_HOME", str(tmp_path / "share"))
    driver = LocalStorageDriver(str(home), ex_container_name="Home", ex_trash=True)
    container = driver.get_container("Home")
    for data in (b"first", b"second"):
        put(container, "folder/ü 50%.txt", data)
        container.get_object("folder/ü 50%.txt").delete()
    assert on_disk(home) == []
    files = tmp_path / "share" / "Trash" / "files"
    assert {path.name: path.read_bytes() for path in files.iterdir()} == {
        "ü 50%.txt": b"first", "ü 50%.2.txt": b"second"
    }  # fmt: skip
    for note in (tmp_path / "share" / "Trash" / "info").iterdir():
        lines = note.read_text().splitlines()
        assert lines[0] == "[Trash Info]"
        assert unquote(lines[1].removeprefix("Path=")) == str(home / "folder" / "ü 50%.txt")
        assert lines[2].startswith("DeletionDate=20")
        assert (files / note.name.removesuffix(".trashinfo")).exists()


def test_without_a_trash_nothing_is_deleted(home: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(local_trash, "_prepare", lambda *_: False)
    container = LocalStorageDriver(str(home), ex_container_name="Home", ex_trash=True).get_container("Home")
    put(container, "x")
    with pytest.raises(LocalFileError, match="cannot go to the trash"):
        container.get_object("x").delete()
    assert content(container, "x") == b"content"


# -- copies --


def test_a_large_copy_is_made_by_the_system(container: Container) -> None:
    data = os.urandom(1 << 20) * 5
    put(container, "x", data, ex_meta={"who": "me"})
    container.driver.copy_object(container.get_object("x"), container, "sub/y")
    assert content(container, "sub/y") == data
    assert container.get_object("sub/y").meta_data == {"who": "me"}


def test_a_copy_works_where_the_system_cannot(container: Container, monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(*_: object) -> int:
        raise OSError(18, "Invalid cross-device link")

    monkeypatch.setattr(os, "copy_file_range", refuse)
    test_a_large_copy_is_made_by_the_system(container)


def test_an_object_copied_onto_itself_takes_new_attributes(container: Container) -> None:
    obj = container.driver.upload_object_via_stream(iter([b"data"]), container, "x", ex_meta={"old": "1"})
    container.driver.copy_object(obj, container, "x", Attributes(metadata={"new": "2"}))
    assert content(container, "x") == b"data"
    assert container.get_object("x").meta_data == {"new": "2"}
