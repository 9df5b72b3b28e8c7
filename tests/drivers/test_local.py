"""What is special about folders of this computer: people's files, links, folders, permissions, full disks."""

from __future__ import annotations

import contextlib
import os
import random
import shutil
import socket
import stat
import subprocess
import sys
import tempfile
import threading
from collections.abc import Iterator
from pathlib import Path
from urllib.parse import unquote

import pytest

from storage_core.attributes import Attributes
from storage_core.base import Container
from storage_core.drivers import local_trash
from storage_core.drivers.local import LocalStorageDriver
from storage_core.drivers.local_attributes import XATTR
from storage_core.drivers.local_folders import Folder
from storage_core.errors import (
    ContainerDoesNotExistError,
    InvalidObjectNameError,
    LocalFileError,
    ObjectChangedError,
    ObjectDoesNotExistError,
    OperationNotSupportedError,
)

ROOT = Path(__file__).parents[2]


@pytest.fixture
def home(tmp_path: Path) -> Path:
    """A person's folder, and beside it what nobody may touch."""
    (tmp_path / "outside").mkdir()
    (tmp_path / "outside" / "secret.txt").write_text("secret")
    folder = tmp_path / "home"
    folder.mkdir()
    return folder


@pytest.fixture
def driver(home: Path, tmp_path: Path) -> LocalStorageDriver:
    return LocalStorageDriver(str(home), ex_container_name="Home", ex_store=str(tmp_path / "data"))


@pytest.fixture
def container(driver: LocalStorageDriver) -> Container:
    return driver.get_container("Home")


def put(container: Container, name: str, data: bytes = b"content", **more: object) -> object:
    return container.driver.upload_object_via_stream(iter([data]), container, name, **more)  # type: ignore[arg-type]


def content(container: Container, name: str) -> bytes:
    return b"".join(container.get_object(name).as_stream())


def listed(container: Container, prefix: str = "") -> list[str]:
    return [obj.name for obj in container.iterate_objects(prefix=prefix)]


def on_disk(folder: Path) -> list[str]:
    return sorted(str(path.relative_to(folder)) for path in folder.rglob("*"))


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
    os.rename(home / "letters" / "to jane.txt", home / "moved.txt")
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


# -- folders --


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


# -- links, pipes, devices --


@pytest.fixture
def links(home: Path) -> Path:
    outside = home.parent / "outside"
    (home / "real").mkdir()
    (home / "real" / "file").write_text("real")
    (home / "to-file").symlink_to(outside / "secret.txt")
    (home / "to-folder").symlink_to(outside)
    (home / "real" / "up").symlink_to("../..")
    (home / "real" / "loop").symlink_to(".")
    (home / "inside").symlink_to("real")
    (home / "dangling").symlink_to(outside / "new.txt")
    return outside


def test_no_link_is_listed_read_written_or_deleted(links: Path, home: Path, container: Container) -> None:
    assert listed(container) == ["real/file"]
    page = container.driver.list_page(container)
    assert ([obj.name for obj in page.objects], page.prefixes) == ([], ["real/"])
    assert listed(container, "to-folder/") == []
    before = on_disk(home)
    for name in (
        "to-file",
        "to-folder/secret.txt",
        "real/up/outside/secret.txt",
        "real/loop/file",
        "inside/file",
        "to-folder/",
    ):
        with pytest.raises(ObjectDoesNotExistError):
            container.get_object(name)
        with pytest.raises(ObjectDoesNotExistError):
            container.driver.delete_object(_named(container, name))
        with pytest.raises(ObjectDoesNotExistError):
            list(_named(container, name).as_stream())
    for name in (
        "to-file",
        "to-folder",
        "to-folder/new.txt",
        "to-folder/new/deep.txt",
        "dangling",
        "inside/x",
        "to-folder/",
    ):
        with pytest.raises(InvalidObjectNameError, match="link"):
            put(container, name, b"" if name.endswith("/") else b"x")
    assert on_disk(home) == before
    assert on_disk(links) == ["secret.txt"]
    assert (links / "secret.txt").read_text() == "secret"


def _named(container: Container, name: str) -> object:
    obj = container.get_object("real/file")
    obj.name, obj.etag = name, ""
    return obj


def test_a_folder_that_turns_into_a_link_again_and_again_leads_nowhere(
    home: Path, container: Container
) -> None:
    outside, flip, aside = home.parent / "outside", home / "flip", home / "aside"
    flip.mkdir()
    stop = threading.Event()

    def swap() -> None:
        while not stop.is_set():
            for step in (
                lambda: flip.rename(aside),
                lambda: flip.symlink_to(outside),
                lambda: flip.unlink(),
                lambda: aside.rename(flip),
            ):
                with contextlib.suppress(OSError):  # the driver makes and removes folders of this name, too
                    step()
            if aside.exists():
                shutil.rmtree(aside, ignore_errors=True)

    thread = threading.Thread(target=swap)
    thread.start()
    met = {"stored": 0, "refused": 0}
    try:
        for number in range(3000):
            name = f"flip/x{number % 7}"
            try:
                put(container, name, b"x")
                met["stored"] += 1
                content(container, name)
                container.get_object(name).delete()
            except InvalidObjectNameError:
                met["refused"] += 1
            except (ObjectDoesNotExistError, ObjectChangedError, LocalFileError):
                continue
    finally:
        stop.set()
        thread.join()
    assert min(met.values()) > 0, met
    assert on_disk(outside) == ["secret.txt"]
    assert (outside / "secret.txt").read_text() == "secret"


def test_pipes_and_sockets_are_not_objects_and_nothing_waits_for_them(
    home: Path, container: Container
) -> None:
    os.mkfifo(home / "pipe")
    with socket.socket(socket.AF_UNIX) as server:
        server.bind(str(home / "socket"))
        assert listed(container) == []
        assert container.driver.list_page(container).objects == []
        for name in ("pipe", "socket"):
            with pytest.raises(ObjectDoesNotExistError):
                container.get_object(name)
            with pytest.raises(InvalidObjectNameError):
                put(container, name)
    assert on_disk(home) == ["pipe", "socket"]


def test_a_part_file_is_no_object(home: Path, container: Container) -> None:
    (home / ".0123456789abcdef.skyferry-part").write_text("half")
    assert listed(container) == []


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


# -- what root would be allowed, and a full disk: in a process of their own --

PREPARE = """
import os, sys
from storage_core.drivers.local import LocalStorageDriver
from storage_core.errors import *
driver = LocalStorageDriver(sys.argv[1], ex_container_name="Home", ex_store=sys.argv[2])
container = driver.get_container("Home")
def put(name, data=b"x"):
    return driver.upload_object_via_stream(iter([data]), container, name)
def refused(kind, do):
    try:
        do()
    except kind as error:
        assert str(error), error
    else:
        raise AssertionError(f"{kind.__name__} was not raised")
"""


def run(program: str, home: Path, before: list[str] | None = None) -> None:
    argv = [*(before or []), sys.executable, "-c", PREPARE + program, str(home), str(home.parent / "data")]
    done = subprocess.run(argv, cwd=ROOT, capture_output=True, text=True, timeout=120)
    assert done.returncode == 0, done.stderr


@pytest.fixture
def open_home() -> Iterator[Path]:
    """A folder that everybody may enter; pytest's own are closed to others."""
    with tempfile.TemporaryDirectory() as folder:
        os.chmod(folder, 0o755)
        home = Path(folder) / "home"
        home.mkdir()
        os.chmod(home, 0o777)
        yield home


@pytest.mark.skipif(os.name == "nt", reason="permissions of POSIX")
def test_what_may_not_be_read_or_written_is_said_so(open_home: Path) -> None:
    home = open_home
    (home / "closed").write_text("closed")
    os.chmod(home / "closed", 0)
    for name, mode in (("no-entry", 0), ("read-only", 0o555)):
        (home / name).mkdir()
        (home / name / "x").write_text("x")
        os.chmod(home / name, mode)
    # Root reads everything: the imports are made first, then the rights are given up.
    run(
        """
if os.geteuid() == 0:
    os.setgid(65534); os.setuid(65534)
assert driver.get_object("Home", "closed").size == 6
refused(AccessDeniedError, lambda: list(driver.get_object("Home", "closed").as_stream()))
refused(AccessDeniedError, lambda: driver.get_object("Home", "no-entry/x"))
refused(AccessDeniedError, lambda: container.list_objects("no-entry/"))
refused(AccessDeniedError, lambda: container.list_objects())
assert driver.list_page(container).prefixes == ["no-entry/", "read-only/"]
refused(AccessDeniedError, lambda: put("read-only/new"))
refused(AccessDeniedError, lambda: put("read-only/x"))
refused(AccessDeniedError, lambda: driver.get_object("Home", "read-only/x").delete())
assert b"".join(driver.get_object("Home", "read-only/x").as_stream()) == b"x"
put("new folder/x")
""",
        home,
    )
    for name in ("no-entry", "read-only"):
        os.chmod(home / name, 0o755)
    assert (home / "read-only" / "x").read_text() == "x"


@pytest.mark.skipif(sys.platform != "linux", reason="a small tmpfs of its own")
def test_a_full_disk_is_said_so_and_leaves_nothing_behind(home: Path) -> None:
    namespace = ["unshare", "--mount"] if os.geteuid() == 0 else ["unshare", "--mount", "--map-root-user"]
    mount = f'mount -t tmpfs -o size=1m tmpfs "{home}" && exec "$0" "$@"'
    run(
        """
put("old", b"old")
for name in ("new/large", "old"):
    refused(DiskFullError, lambda: put(name, bytes(2 << 20)))
    refused(DiskFullError, lambda: driver.upload_object_via_stream(
        iter([bytes(100_000)] * 20), container, name, ex_size=2_000_000))
assert [obj.name for obj in container.list_objects()] == ["old"]
assert b"".join(driver.get_object("Home", "old").as_stream()) == b"old"
assert os.listdir(sys.argv[1]) == ["old"], os.listdir(sys.argv[1])
put("fits", bytes(700_000))
refused(DiskFullError, lambda: driver.copy_object(driver.get_object("Home", "fits"), container, "fits not"))
assert sorted(os.listdir(sys.argv[1])) == ["fits", "old"]
""",
        home,
        [*namespace, "sh", "-c", mount],
    )
