"""One operation for a person, many requests for a service."""

from __future__ import annotations

import os
import time
from typing import Any

import pytest

from storage_core import operations
from storage_core.attributes import Attributes
from storage_core.base import Container
from storage_core.body import BytesBody
from storage_core.capabilities import MIB
from storage_core.drivers.local import LocalStorageDriver
from storage_core.drivers.memory import MemoryStorageDriver
from storage_core.drivers.s3 import S3StorageDriver
from storage_core.errors import AttributeRefusedError, LibcloudError, ObjectHashMismatchError, StoppedError
from tests.transfers.conftest import content, names

KEPT = Attributes(
    content_type="text/x-own", cache_control="no-cache", content_disposition="inline",
    content_encoding="br", content_language="de", metadata={"who": "me"},
)  # fmt: skip


@pytest.fixture(params=["memory", "local", "swift", "moto"])
def box(request: pytest.FixtureRequest, tmp_path: Any) -> Container:
    if request.param == "memory":
        return MemoryStorageDriver().create_container("box")
    if request.param == "local":
        (tmp_path / "root").mkdir()
        driver = LocalStorageDriver(str(tmp_path / "root"), ex_store=str(tmp_path / "records"))
        return driver.create_container("box")
    server = request.getfixturevalue(f"{request.param}_server")
    s3 = S3StorageDriver(
        server.access_key,
        server.secret_key,
        endpoint=server.endpoint,
        region=server.region,
        addressing="path",
    )
    return s3.create_container(f"o{time.time_ns()}")


def put(box: Container, name: str, data: bytes = b"1", attributes: Attributes = Attributes()) -> None:  # noqa: B008
    box.driver.put_object(box, name, BytesBody(data), attributes)


def test_a_walk_goes_from_the_top_down_and_may_be_pruned(box: Container) -> None:
    for name in ("a.txt", "x/b.txt", "x/y/c.txt", "z/d.txt"):
        put(box, name)
    operations.make_folder(box, "x")
    walked = [
        (folder, list(inner), [obj.name for obj in objects])
        for folder, inner, objects in operations.walk(box)
    ]
    assert walked == [
        ("", ["x/", "z/"], ["a.txt"]),
        ("x/", ["x/y/"], ["x/b.txt"]),
        ("x/y/", [], ["x/y/c.txt"]),
        ("z/", [], ["z/d.txt"]),
    ]
    seen = []
    for folder, inner, _ in operations.walk(box):
        seen.append(folder)
        if "x/" in inner:
            inner.remove("x/")
    assert seen == ["", "z/"]


def test_a_folder_is_measured_and_then_deleted_and_nothing_else(box: Container) -> None:
    for number in range(25):
        put(box, f"gone/{number % 3}/{number}.txt", b"1" * number)
    put(box, "gone.txt")
    put(box, "gonebye/stays.txt")
    assert operations.folder_size(box, "gone/") == (25, sum(range(25)))
    watched: list[int] = []
    assert operations.delete_tree(box, "gone/", watched.append) == []
    assert sum(watched) == 25
    assert names(box) == {"gone.txt", "gonebye/stays.txt"}


def test_more_than_a_page_is_deleted() -> None:
    box = MemoryStorageDriver().create_container("box")
    for number in range(3_500):
        put(box, f"gone/{number}")
    put(box, "stays")
    assert operations.delete_tree(box, "gone/") == []
    assert names(box) == {"stays"}


def test_a_count_can_be_stopped(box: Container) -> None:
    put(box, "a")

    def stop(count: int) -> None:
        raise StoppedError("enough")

    with pytest.raises(StoppedError):
        operations.folder_size(box, "", stop)


def test_a_new_folder_is_an_empty_marker_and_making_it_twice_changes_nothing(box: Container) -> None:
    first = operations.make_folder(box, "new")
    assert (first.name, first.size) == ("new/", 0)
    assert box.driver.list_page(box).prefixes == ["new/"]
    assert operations.make_folder(box, "new/").name == "new/"


def test_a_rename_keeps_bytes_and_attributes_and_the_old_name_is_gone(box: Container) -> None:
    data = os.urandom(1000)
    put(box, "old.txt", data, KEPT)
    renamed = operations.rename(box.driver.get_object(box.name, "old.txt"), "sub/new.txt").object
    assert names(box) - {"sub/"} == {"sub/new.txt"}
    assert content(box, "sub/new.txt") == data
    assert renamed.attributes is not None
    assert renamed.attributes.content_type == "text/x-own"
    assert renamed.meta_data == {"who": "me"}


def test_a_rename_overwrites_nothing(box: Container) -> None:
    put(box, "a", b"a")
    put(box, "b", b"b")
    with pytest.raises(LibcloudError, match="already"):
        operations.rename(box.driver.get_object(box.name, "a"), "b")
    assert (content(box, "a"), content(box, "b")) == (b"a", b"b")


def test_an_object_that_changes_during_its_rename_is_not_deleted() -> None:
    box = MemoryStorageDriver().create_container("box")
    put(box, "a", b"first")
    copy = box.driver._copy

    def meanwhile(*arguments: Any) -> Any:
        stored = copy(*arguments)
        put(box, "a", b"second")
        return stored

    box.driver._copy = meanwhile  # type: ignore[method-assign]
    with pytest.raises(ObjectHashMismatchError):
        operations.rename(box.driver.get_object("box", "a"), "b")
    assert content(box, "a") == b"second"


@pytest.mark.parametrize("size", [0, 10, 20 * MIB])
def test_a_copy_to_another_account_carries_everything(box: Container, size: int) -> None:
    other = MemoryStorageDriver().create_container("other")
    data = os.urandom(size)
    box.driver.upload_object_via_stream(
        iter([data]), box, "x.txt", KEPT.to_extra(), dict(KEPT.metadata), ex_size=size
    )
    there = operations.copy(box.driver.get_object(box.name, "x.txt"), other, "y.txt")
    assert content(other, "y.txt") == data
    assert there.attributes is not None
    assert there.attributes.content_type == "text/x-own"
    assert there.meta_data == {"who": "me"}


class Bare(MemoryStorageDriver):
    """Holds bytes and their type, nothing else."""


def test_what_the_target_cannot_hold_is_refused_before_anything_is_sent() -> None:
    box = MemoryStorageDriver().create_container("box")
    put(box, "x.txt", b"1", KEPT)
    bare = Bare()
    bare.capabilities = type(bare.capabilities)(metadata=False, content_headers=False)
    other = bare.create_container("other")
    with pytest.raises(AttributeRefusedError, match="cache control, metadata"):
        operations.copy(box.driver.get_object("box", "x.txt"), other, "x.txt")
    assert names(other) == set()
    operations.copy(box.driver.get_object("box", "x.txt"), other, "x.txt", lossy=True)
    assert content(other, "x.txt") == b"1"


def test_a_large_copy_inside_an_account_stays_on_the_server_in_parts() -> None:
    driver = MemoryStorageDriver()
    driver.capabilities = type(driver.capabilities)(
        parts=True, server_copy=True, copy_parts=True, copy_size_max=10 * MIB, part_size_min=1
    )
    box = driver.create_container("box")
    data = os.urandom(70 * MIB)
    driver.upload_object_via_stream(
        iter([data]), box, "x", KEPT.to_extra(), dict(KEPT.metadata), ex_size=len(data)
    )
    driver._open = None  # type: ignore[assignment, method-assign]  # reading would be a detour
    there = operations.copy(driver.get_object("box", "x"), box, "y")
    assert there.attributes == KEPT
    del driver._open
    assert content(box, "y") == data
    assert not list(driver.iterate_uploads(box))


def test_a_tree_is_copied_and_what_could_not_be_is_told() -> None:
    box = MemoryStorageDriver().create_container("box")
    for name in ("t/a", "t/b/c", "u"):
        put(box, name)
    put(box, "t/odd", b"1", KEPT)
    bare = Bare()
    bare.capabilities = type(bare.capabilities)(metadata=False)
    other = bare.create_container("other")
    [(name, error)] = operations.copy_tree(box, "t/", other, "copy/")
    assert (name, type(error)) == ("t/odd", AttributeRefusedError)
    assert names(other) == {"copy/a", "copy/b/c"}
