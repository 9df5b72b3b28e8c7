"""Whose segments are removed on the real server: never those that something else still needs."""

from __future__ import annotations

import json
import secrets
from collections.abc import Callable, Iterator
from contextlib import closing
from typing import Any

import pytest
import swiftclient

from storage_core import errors, operations
from storage_core.attributes import Attributes
from storage_core.base import Container, Object
from storage_core.body import BytesBody
from storage_core.drivers.openstack_swift import OpenStackSwiftStorageDriver
from tests.servers.swift import Swift


@pytest.fixture
def driver(swift_server: Swift) -> OpenStackSwiftStorageDriver:
    return OpenStackSwiftStorageDriver(
        swift_server.access_key, swift_server.secret_key, auth_url=swift_server.auth_url
    )


@pytest.fixture
def sdk(swift_server: Swift) -> Iterator[Any]:
    with closing(
        swiftclient.Connection(swift_server.auth_url, swift_server.access_key, swift_server.secret_key)
    ) as connection:
        yield connection


@pytest.fixture
def box(driver: OpenStackSwiftStorageDriver) -> Container:
    return driver.create_container(f"box-{secrets.token_hex(5)}")


def put(box: Container, name: str, data: bytes = b"content") -> Object:
    return box.driver.upload_object_via_stream([data], box, name)


def content(obj: Object) -> bytes:
    return b"".join(obj.as_stream(1 << 20))


def in_parts(box: Container, name: str, pieces: tuple[bytes, ...] = (b"one,", b"two")) -> Object:
    driver = box.driver
    upload = driver.start_upload(box, name, Attributes())
    parts = [driver.upload_part(upload, number, BytesBody(data)) for number, data in enumerate(pieces, 1)]
    driver.complete_upload(upload, parts)
    return box.get_object(name)


def segments(box: Container) -> list[str]:
    try:
        return [obj.name for obj in box.driver.open_container(f"{box.name}_segments").get_objects()]
    except errors.ContainerDoesNotExistError:
        return []


def overwrite(box: Container) -> None:
    put(box, "x", b"new")


def overwrite_in_parts(box: Container) -> None:
    in_parts(box, "x", (b"new",))


def overwrite_by_copy(box: Container) -> None:
    box.driver.copy_object(put(box, "new", b"new"), box, "x")


def delete(box: Container) -> None:
    box.get_object("x").delete()


def delete_many(box: Container) -> None:
    assert box.driver.delete_objects(box, ["x"]) == []


def rename(box: Container) -> None:
    operations.rename(box.get_object("x"), "renamed")


WAYS = [overwrite, overwrite_in_parts, overwrite_by_copy, delete, delete_many, rename]


@pytest.mark.parametrize("way", WAYS)
def test_what_a_symlink_leads_to_stays_when_the_symlink_goes(
    box: Container, sdk: Any, way: Callable[[Container], None]
) -> None:
    in_parts(box, "film")
    sdk.put_object(box.name, "x", "", headers={"X-Symlink-Target": f"{box.name}/film"})
    way(box)
    assert content(box.get_object("film")) == b"one,two"


@pytest.mark.parametrize("way", WAYS)
def test_versions_stay_whole_after_versions_were_switched_off(
    box: Container, way: Callable[[Container], None]
) -> None:
    driver: Any = box.driver
    driver.ex_enable_versions(box)
    in_parts(box, "x")
    driver.ex_enable_versions(box, False)
    way(box)
    [old] = [one.object for one in driver.iterate_versions(box, "x") if one.object.version != "null"]
    assert content(old) == b"one,two"
    driver.delete_object(old)
    assert not [name for name in segments(box) if name.startswith("x/") and "00000002" in name]


def test_what_was_written_after_versions_were_switched_off_leaves_nothing(box: Container) -> None:
    driver: Any = box.driver
    driver.ex_enable_versions(box)
    driver.ex_enable_versions(box, False)
    in_parts(box, "x")
    overwrite(box)
    assert segments(box) == []


@pytest.mark.parametrize("way", WAYS)
def test_ordinary_objects_that_a_manifest_of_manifests_names_stay(
    box: Container, sdk: Any, way: Callable[[Container], None]
) -> None:
    part = put(box, "part", b"mine")
    in_parts(box, "other")
    home = f"{box.name}_segments"
    inner = [{"path": f"/{box.name}/part", "etag": part.etag, "size_bytes": 4}]
    query = "multipart-manifest=put"
    sdk.put_object(home, "x/inner", json.dumps(inner), query_string=query)
    sdk.put_object(box.name, "x", json.dumps([{"path": f"/{home}/x/inner"}]), query_string=query)
    way(box)
    assert content(box.get_object("part")) == b"mine"
    assert "x/inner" not in segments(box)


@pytest.mark.parametrize("way", WAYS)
def test_segments_that_a_copied_manifest_shares_stay_with_whom_they_are_called_after(
    box: Container, sdk: Any, way: Callable[[Container], None]
) -> None:
    in_parts(box, "film")
    source = {"X-Copy-From": f"{box.name}/film"}
    sdk.put_object(box.name, "x", "", headers=source, query_string="multipart-manifest=get")
    way(box)
    assert content(box.get_object("film")) == b"one,two"


@pytest.mark.parametrize(
    "name", ["/", "//", "a//", "/x", "..", "a/../b", "new\nline", 'q"', "%2F", "?#", " "]
)
@pytest.mark.parametrize("way", ["one", "many"])
def test_large_objects_of_every_name_go_with_their_segments(box: Container, name: str, way: str) -> None:
    """Swift's own deletion of a manifest leaves one whose name is all slashes, and says that it is gone."""
    obj = in_parts(box, name)
    assert content(obj) == b"one,two"
    if way == "one":
        obj.delete()
    else:
        assert box.driver.delete_objects(box, [name]) == []
    assert (box.list_objects(), segments(box)) == ([], [])


def test_a_token_that_runs_out_before_the_end_of_an_upload_or_a_deletion_of_many_is_renewed(
    box: Container,
) -> None:
    """Swift tells that in a report, with status 400 or 200."""
    driver: Any = box.driver
    upload = driver.start_upload(box, "x", Attributes())
    part = driver.upload_part(upload, 1, BytesBody(b"whole"))
    noted = driver.wire.ask

    def ask(call: Any) -> Any:  # the note is read with the old token, the manifest is sent with none
        answer = noted(call)
        object.__setattr__(driver.wire._tokens.get(), "value", "no longer good")
        return answer

    driver.wire.ask = ask
    driver.complete_upload(upload, [part])
    assert content(box.get_object("x")) == b"whole"
    put(box, "y")
    assert driver.delete_objects(box, ["x", "y"]) == []
    assert box.list_objects() == []
