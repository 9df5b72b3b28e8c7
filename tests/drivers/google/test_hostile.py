"""Answers that Google would not give: each ends in one of our errors, and none in a wrong deed."""

from __future__ import annotations

import contextlib
import json
import traceback
from collections.abc import Callable, Iterator
from typing import Any

import pytest

from storage_core.attributes import Attributes
from storage_core.base import Container, Object, Part, Upload
from storage_core.body import BytesBody
from storage_core.capabilities import MIB
from storage_core.drivers.google_storage import GoogleStorageDriver
from storage_core.drivers.google_storage_wire import Call
from storage_core.errors import (
    ConnectionLostError,
    InvalidObjectNameError,
    LibcloudError,
    MalformedResponseError,
)
from tests.servers import canned
from tests.servers.canned import CannedServer, reply

JUNK: tuple[Any, ...] = (
    None,
    5,
    -1,
    True,
    1e400,
    "x",
    "9" * 23,
    [],
    ["x"],
    [None],
    {},
    {"a": 1},
    "0001-01-01T00:00:00+23:59",
)
GOOD = {
    "name": "x", "size": "3", "generation": "7", "crc32c": "AAAAAA==", "md5Hash": "AAAAAAAAAAAAAAAAAAAAAA==",
    "timeCreated": "2026-01-01T00:00:00Z", "storageClass": "STANDARD", "metadata": {"a": "b"},
    "metageneration": "1", "contentType": "a/b",
}  # fmt: skip
FOLDER = ".skyferry-uploads/1s"
_BUCKET = {
    "iamConfiguration": {"uniformBucketLevelAccess": {"enabled": False}},
    "bindings": [{"role": "roles/storage.objectViewer", "members": ["allUsers"]}],
    "acl": [{"entity": "allUsers", "role": "READER"}],
    "metageneration": "1",
}


@pytest.fixture
def server() -> Iterator[CannedServer]:
    with canned.running() as one:
        yield one


@pytest.fixture
def container(server: CannedServer) -> Container:
    driver = GoogleStorageDriver(token="token", project="p", endpoint=server.endpoint, attempts=1)
    return driver.open_container("bucket")


def told(**value: Any) -> canned.Reply:
    return reply(200, json.dumps(value).encode(), Content_Type="application/json")


def spoilt(good: dict[str, Any]) -> Iterator[dict[str, Any]]:
    """The same with one field gone, or holding something else."""
    for name in good:
        yield {key: value for key, value in good.items() if key != name}
        yield from ({**good, name: junk} for junk in JUNK)


def ends_well(what: Callable[[], object]) -> None:
    with contextlib.suppress(LibcloudError):
        what()


def test_no_row_of_a_listing_ends_in_an_error_that_is_not_ours(
    server: CannedServer, container: Container
) -> None:
    driver = container.driver
    for item in spoilt(GOOD):
        server.always("GET", told(items=[item], prefixes=item.get("metadata")))
        ends_well(
            lambda: [(obj.extra, obj.meta_data, obj.name + obj.hash) for obj in container.list_objects()]
        )
        ends_well(lambda: list(driver.iterate_versions(container)))
        ends_well(lambda: list(driver.iterate_uploads(container)))
        ends_well(driver.list_containers)
        here = {**item, "name": f"{FOLDER}/part-00001"}
        server.always("GET", told(items=[here, {**GOOD, "name": f"{FOLDER}/upload"}]))
        ends_well(lambda: driver.list_parts(Upload(container, "x", "1s")))


def test_no_object_that_was_looked_at_made_or_copied_ends_in_an_error_that_is_not_ours(
    server: CannedServer, container: Container
) -> None:
    driver, known = container.driver, Attributes(content_type="text/css")
    obj = Object("x", 3, "", None, {}, container, attributes=known)
    for item in spoilt(GOOD):
        server.always("GET", told(**item))
        server.always("PATCH", told(**item))
        ends_well(lambda: container.get_object("x").extra)
        ends_well(lambda: driver.set_object_attributes(obj, known))
        server.always("POST", told(**item))
        ends_well(lambda: driver.put_object(container, "x", BytesBody(b"abc"), known))
        server.always("POST", told(done=True, resource=item))
        ends_well(lambda: driver.copy_object(obj, container, "y"))
    for item in spoilt({"done": False, "rewriteToken": "t", "totalBytesRewritten": "3"}):
        server.always("POST", told(**item))
        ends_well(lambda: driver.copy_object(obj, container, "y"))


def test_no_answer_about_access_ends_in_an_error_that_is_not_ours(
    server: CannedServer, container: Container
) -> None:
    obj = Object("x", 3, "", None, {}, container, attributes=Attributes())
    for item in spoilt(_BUCKET):
        for method in ("GET", "PUT", "PATCH"):
            server.always(method, told(**item))
        ends_well(lambda: container.driver.get_public_access(container))
        ends_well(lambda: container.driver.set_public_access(container, False))
        ends_well(obj.disable_cdn)


def test_a_version_without_its_generation_is_none_that_could_be_deleted(
    server: CannedServer, container: Container
) -> None:
    """Its deletion would be that of the live object."""
    server.always("GET", told(items=[{**GOOD, "generation": None}]))
    with pytest.raises(MalformedResponseError, match="generation"):
        list(container.driver.iterate_versions(container))


@pytest.mark.parametrize(
    "body", [b"[]", b"5", b"<html>", b"[" * 100_000, b"\xff\xfe", b'{"generation": [7]}']
)
def test_the_end_of_an_upload_that_says_nothing_is_malformed(
    server: CannedServer, container: Container, body: bytes
) -> None:
    server.always("POST", reply(200, b"", Location=f"{server.endpoint}/upload/1"))
    server.always("PUT", reply(200, body))
    with pytest.raises(MalformedResponseError):
        container.driver.put_object(container, "x", BytesBody(bytes(9 * MIB)), Attributes())


def test_what_an_upload_is_to_become_may_be_spoilt(server: CannedServer, container: Container) -> None:
    items = [{**GOOD, "name": f"{FOLDER}/{kind}"} for kind in ("upload", "part-00001", "part-x", "part-")]
    server.always("GET /storage/v1/b/bucket/o", told(items=items))
    server.always("GET /storage/v1/b/bucket/o/.skyferry-uploads%2F1s%2Fupload", told(strange=1))
    with pytest.raises(MalformedResponseError, match="not written down"):
        container.driver.complete_upload(Upload(container, "x", "1s"), [Part(1, "7-AAAAAA==", 3)])


@pytest.mark.parametrize(
    "name",
    [".skyferry-uploads/", ".skyferry-uploads/1s/upload", ".well-known/acme-challenge/x", "..", "a\nb"],
)
def test_names_that_could_not_be_kept_or_seen_again_are_refused_before_anything_is_sent(
    server: CannedServer, container: Container, name: str
) -> None:
    driver = container.driver
    with pytest.raises(InvalidObjectNameError):
        driver.put_object(container, name, BytesBody(b"x"), Attributes())
    with pytest.raises(InvalidObjectNameError):
        driver.start_upload(container, name, Attributes())
    with pytest.raises(InvalidObjectNameError):
        driver.copy_object(Object("x", 1, "", None, {}, container, attributes=Attributes()), container, name)
    assert server.requests == []


@pytest.mark.parametrize(
    "where", ["bytes=0-99999999", "bytes=5-9", "bytes=0-" + "9" * 5000, "bytes=0--1", ""]
)
def test_an_upload_of_which_google_says_what_cannot_be_ends_and_names_no_address(
    server: CannedServer, container: Container, where: str
) -> None:
    """The address of the upload is a secret: whoever has it may write."""
    server.always("POST", reply(200, b"", Location=f"{server.endpoint}/up?upload_id=SECRET"))
    server.always("PUT", reply(308, b"", Range=where))
    with pytest.raises((MalformedResponseError, ConnectionLostError)) as caught:
        container.driver.put_object(container, "x", BytesBody(bytes(9 * MIB)), Attributes())
    assert "SECRET" not in "".join(traceback.format_exception(caught.value))
    assert "SECRET" not in repr(Call(method="PUT", url=f"{server.endpoint}/up?upload_id=SECRET"))


def test_a_range_whose_numbers_cannot_be_is_malformed(server: CannedServer, container: Container) -> None:
    server.always("GET", reply(206, b"ab", Content_Range="bytes 0-1/" + "9" * 5000))
    with pytest.raises(MalformedResponseError):
        container.driver.open_object(Object("x", 9, "", None, {}, container), 0, 2)
