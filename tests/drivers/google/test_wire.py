"""The Google driver's words on the wire where no server here can answer as Google would.

All of this is *not proven on a server*: the replies are canned, written from the vendor's pages.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any

import google_crc32c
import pytest

from storage_core.attributes import Attributes
from storage_core.base import Container, Object, Part, Upload
from storage_core.body import BytesBody
from storage_core.capabilities import MIB
from storage_core.drivers import google_storage_crc as crc
from storage_core.drivers.google_storage import GoogleStorageDriver
from storage_core.drivers.google_storage_errors import read_answer, refusal
from storage_core.errors import (
    AccessDeniedError,
    AttributeRefusedError,
    ContainerAlreadyExistsError,
    ContainerDoesNotExistError,
    InvalidContainerNameError,
    InvalidCredsError,
    LibcloudError,
    MalformedResponseError,
    ObjectChangedError,
    ObjectDoesNotExistError,
    ObjectError,
    ObjectHashMismatchError,
    ObjectTooLargeError,
    OperationNotSupportedError,
    ProviderError,
    RateLimitReachedError,
    ServerError,
)
from tests.benchmarks import cloud_pages
from tests.benchmarks.canned_s3 import PAGE
from tests.benchmarks.library import heap
from tests.servers import canned
from tests.servers.canned import CannedServer, reply


@pytest.fixture
def server() -> Iterator[CannedServer]:
    with canned.running() as one:
        yield one


@pytest.fixture
def container(server: CannedServer) -> Container:
    return driver_of(server).open_container("bucket")


def driver_of(server: CannedServer, **more: Any) -> GoogleStorageDriver:
    return GoogleStorageDriver(token="token", project="p", endpoint=server.endpoint, attempts=3, **more)


def told(status: int = 200, **value: Any) -> canned.Reply:
    return reply(status, json.dumps(value).encode(), Content_Type="application/json")


def media(data: bytes, **headers: str) -> canned.Reply:
    return reply(200, data, **headers)


# -- errors --


def refused(status: int, reason: str = "", message: str = "", **more: Any) -> LibcloudError:
    body = {"error": {"code": status, "message": message, "errors": [{"reason": reason}]}}
    answer = read_answer(status, {"x-guploader-uploadid": "trace"}, json.dumps(body).encode(), **more)
    return refusal(answer, None)


OBJECT = {"method": "GET", "container": "c", "object_name": "x"}
BUCKET = {"method": "GET", "container": "c"}
MADE = {"method": "POST", "container": "c"}
DAMAGED = 'Provided MD5 hash "a" doesn\'t match calculated MD5 hash "b".'
UNIFORM = "Cannot insert legacy ACL for an object when uniform bucket-level access is enabled."


@pytest.mark.parametrize(
    ("status", "reason", "message", "about", "kind"),
    [
        (401, "authError", "Invalid Credentials", OBJECT, InvalidCredsError),
        (401, "required", "Anonymous caller does not have access", OBJECT, InvalidCredsError),
        (403, "forbidden", "x does not have storage.objects.get access", OBJECT, AccessDeniedError),
        (403, "insufficientPermissions", "Insufficient Permission", BUCKET, AccessDeniedError),
        (403, "accountDisabled", "The project is disabled", BUCKET, AccessDeniedError),
        (403, "retentionPolicyNotMet", "Object is under retention", OBJECT, AccessDeniedError),
        (403, "rateLimitExceeded", "", OBJECT, RateLimitReachedError),
        (403, "userRateLimitExceeded", "", OBJECT, RateLimitReachedError),
        (404, "notFound", "The specified bucket does not exist.", OBJECT, ContainerDoesNotExistError),
        (404, "notFound", "No such object: c/x", OBJECT, ObjectDoesNotExistError),
        (404, "notFound", "", BUCKET, ContainerDoesNotExistError),
        (409, "conflict", "You already own this bucket.", MADE, ContainerAlreadyExistsError),
        (409, "conflict", "busy", OBJECT, ServerError),
        (412, "conditionNotMet", "Precondition Failed", OBJECT, ObjectChangedError),
        (412, "conditionNotMet", "public access prevention is enforced", BUCKET, OperationNotSupportedError),
        (304, "", "", OBJECT, ObjectChangedError),
        (413, "uploadTooLarge", "", OBJECT, ObjectTooLargeError),
        (416, "requestedRangeNotSatisfiable", "", OBJECT, ObjectError),
        (429, "rateLimitExceeded", "", OBJECT, RateLimitReachedError),
        (408, "", "", OBJECT, ServerError),
        (500, "backendError", "", OBJECT, ServerError),
        (503, "", "", OBJECT, ServerError),
        (400, "invalid", DAMAGED, OBJECT, ObjectHashMismatchError),
        (400, "invalid", UNIFORM, OBJECT, OperationNotSupportedError),
        (400, "invalid", "Invalid bucket name: 'c'", BUCKET, InvalidContainerNameError),
        (403, "cloudKmsEncryptionKeyNotFound", "", OBJECT, AttributeRefusedError),
        (400, "invalid", "Something else", OBJECT, ProviderError),
    ],
)  # fmt: skip
def test_every_refusal_has_its_error(
    status: int, reason: str, message: str, about: dict[str, str], kind: type[LibcloudError]
) -> None:
    error = refused(status, reason, message, **about)
    assert type(error) is kind
    assert (error.status, error.code, error.request_id) == (status, reason, "trace")
    assert (error.container_name, error.object_name) == ("c", about.get("object_name"))
    assert str(error).endswith((".", message))


def test_a_gateways_page_is_no_riddle() -> None:
    error = refusal(read_answer(502, {}, b"<html>Bad Gateway</html>", method="GET", container="c"), None)
    assert isinstance(error, ServerError)
    assert "html" not in str(error)


# -- arithmetic --


def test_the_crc_of_a_whole_is_that_of_its_parts_put_together() -> None:
    pieces = [b"", b"a", bytes(1000), b"x" * 16, bytes(range(256)) * 333]
    whole = crc.combined((google_crc32c.value(piece), len(piece)) for piece in pieces)
    assert whole == google_crc32c.value(b"".join(pieces))
    assert crc.number(crc.text(whole)) == whole
    # The check value of CRC-32C, as in RFC 3720's polynomial: of the digits 1 to 9.
    assert crc.combined([(google_crc32c.value(b"12345"), 5), (google_crc32c.value(b"6789"), 4)]) == 0xE3069283


# -- damage that no server of the tests does --


def test_a_whole_that_was_put_together_wrongly_is_taken_away(
    server: CannedServer, container: Container
) -> None:
    """*Not proven on a server*: none puts parts together wrongly."""
    base = "/storage/v1/b/bucket"
    folder = ".skyferry-uploads/1s"
    one = {"size": "3", "generation": "7", "crc32c": crc.text(google_crc32c.value(b"one"))}
    listing = told(items=[
        {"name": f"{folder}/part-00001", **one}, {"name": f"{folder}/upload", **one},
    ])  # fmt: skip
    server.always(f"GET {base}/o", listing)
    server.always(f"GET {base}", told(name="bucket", storageClass="STANDARD"))
    server.script(
        f"POST {base}/o/whole/compose", told(name="whole", size="3", generation="9", crc32c="AAAAAA==")
    )
    server.script(f"DELETE {base}/o/whole", reply(204))
    upload = Upload(container, "whole", "1s", Attributes(content_type="text/css"))
    with pytest.raises(ObjectHashMismatchError, match="CRC32C"):
        container.driver.complete_upload(upload, [Part(1, f"7-{one['crc32c']}", 3)])
    compose, delete = server.requests[-2:]
    sent = json.loads(compose.body)
    assert sent["sourceObjects"] == [
        {"name": f"{folder}/part-00001", "generation": "7", "objectPreconditions": {"ifGenerationMatch": "7"}}
    ]
    assert sent["deleteSourceObjects"] is True
    assert delete.query == "generation=9"


def test_sources_that_may_not_be_removed_stay(server: CannedServer, container: Container) -> None:
    """*Not proven on a server*: a retention policy that forbids deleting."""
    base = "/storage/v1/b/bucket"
    one = {"size": "3", "generation": "7", "crc32c": crc.text(google_crc32c.value(b"one"))}
    folder = ".skyferry-uploads/1s"
    items = [{"name": f"{folder}/part-00001", **one}, {"name": f"{folder}/upload", **one}]
    server.always(f"GET {base}/o", told(items=items))
    server.always(f"GET {base}", told(name="bucket", storageClass="STANDARD"))
    denied = told(403, error={"code": 403, "message": "no", "errors": [{"reason": "retentionPolicyNotMet"}]})
    server.script(f"POST {base}/o/whole/compose", denied, told(name="whole", **{**one, "generation": "9"}))
    server.always("POST /batch/storage/v1", denied)
    upload = Upload(container, "whole", "1s", Attributes(content_type="text/css"))
    stored = container.driver.complete_upload(upload, [Part(1, f"7-{one['crc32c']}", 3)])
    assert stored.etag == "9"
    composes = [json.loads(one.body) for one in server.requests if one.path.endswith("/compose")]
    assert ["deleteSourceObjects" in one for one in composes] == [True, False]


@pytest.mark.parametrize(("stored", "came"), [("gzip", ""), ("identity", "gzip")])
def test_bytes_that_were_packed_or_unpacked_on_the_way_are_refused(
    server: CannedServer, container: Container, stored: str, came: str
) -> None:
    """*Not proven on a server*."""
    headers = {"X_Goog_Stored_Content_Encoding": stored} | ({"Content_Encoding": came} if came else {})
    server.script("GET /storage/v1/b/bucket/o/x", media(b"data", **headers))
    with pytest.raises(MalformedResponseError, match="not its bytes"):
        container.driver.open_object(Object("x", 4, "", None, None, container))


@pytest.mark.parametrize(
    "where", ["https://elsewhere.example.com/upload", "http://127.0.0.1.evil.example/up", ""]
)
def test_an_upload_is_sent_nowhere_else(server: CannedServer, container: Container, where: str) -> None:
    """*Not proven on a server*: the content, and the address that is a secret, stay with the service."""
    server.script(
        "POST /upload/storage/v1/b/bucket/o", reply(200, b"", **({"Location": where} if where else {}))
    )
    with pytest.raises(MalformedResponseError, match="named no address of its own") as caught:
        container.driver.put_object(container, "x", BytesBody(bytes(9 * MIB)), Attributes())
    assert "elsewhere" not in str(caught.value)


def test_a_copy_that_does_not_get_on_ends(server: CannedServer, container: Container) -> None:
    """*Not proven on a server*."""
    standing = told(done=False, rewriteToken="t", totalBytesRewritten="5")
    server.always("POST", standing)
    obj = Object("x", 4, "", None, {}, container, attributes=Attributes())
    with pytest.raises(MalformedResponseError, match="does not get on"):
        container.driver.copy_object(obj, container, "y")
    assert len(server.requests) == 2


def test_a_key_of_cloud_kms_is_named_wherever_an_object_is_made(
    server: CannedServer, container: Container
) -> None:
    """*Not proven on a server*."""
    key = "projects/p/locations/l/keyRings/r/cryptoKeys/k"
    made = told(name="x", generation="1", size="1", kmsKeyName=f"{key}/cryptoKeyVersions/3")
    server.always("POST", made)
    container.driver.put_object(container, "x", BytesBody(b"x"), Attributes(encryption_key=key))
    assert f"kmsKeyName={key.replace('/', '%2F')}" in server.requests[-1].query
    server.always("POST", told(done=True, resource={"name": "y", "generation": "1"}))
    obj = Object("x", 1, "", None, {}, container, attributes=Attributes())
    container.driver.copy_object(obj, container, "y", Attributes(encryption_key=key))
    assert f"destinationKmsKeyName={key.replace('/', '%2F')}" in server.requests[-1].query
    server.always("GET", told(name="x", generation="1", size="1", kmsKeyName=f"{key}/cryptoKeyVersions/3"))
    known = container.get_object("x").attributes
    assert known is not None
    assert known.encryption_key == key


def test_another_project_may_be_charged(server: CannedServer) -> None:
    """*Not proven on a server*."""
    server.always("GET", told(name="b"))
    driver_of(server, user_project="payer").get_container("b")
    assert server.requests[-1].header("x-goog-user-project") == "payer"


def test_a_batch_that_is_only_half_answered_is_finished_one_by_one(
    server: CannedServer, container: Container
) -> None:
    """*Not proven on a server*: answers out of order, a failure among them, and one that is missing."""
    body = (
        b"--b\r\nContent-Type: application/http\r\nContent-ID: <response-skyferry-2>\r\n\r\n"
        b"HTTP/1.1 503 Service Unavailable\r\n\r\n{}\r\n"
        b"--b\r\nContent-Type: application/http\r\nContent-ID: <response-skyferry-0>\r\n\r\n"
        b"HTTP/1.1 204 No Content\r\n\r\n\r\n--b--\r\n"
    )
    server.script("POST /batch/storage/v1", reply(200, body, Content_Type="multipart/mixed; boundary=b"))
    server.always("DELETE", reply(204))
    assert container.driver.delete_objects(container, ["a", "b", "c"]) == []
    assert sorted(one.path for one in server.requests if one.method == "DELETE") == [
        "/storage/v1/b/bucket/o/b", "/storage/v1/b/bucket/o/c",
    ]  # fmt: skip


def test_a_listing_that_repeats_itself_ends(server: CannedServer) -> None:
    """*Not proven on a server*."""
    server.always("GET", told(items=[{"name": "b"}], nextPageToken="again"))
    with pytest.raises(MalformedResponseError, match="repeats"):
        driver_of(server).list_containers()


@pytest.mark.parametrize(
    "name", ["ab", "Upper", "goog-x", "my-google-box", "-x-", "192.168.5.4", "a..b", "a" * 64, "x_", "ü-box"]
)
def test_container_names_follow_googles_rules(server: CannedServer, name: str) -> None:
    with pytest.raises(InvalidContainerNameError):
        driver_of(server).create_container(name)
    assert server.requests == []


@pytest.mark.parametrize(
    "name", ["abc", "a" * 63, "with-hyphen_and_1", "example.com", ".".join(["a" * 63] * 3)]
)
def test_container_names_that_google_allows(server: CannedServer, name: str) -> None:
    driver_of(server).check_container_name(name)


def test_a_row_of_a_listing_fits_the_memory_of_a_million() -> None:
    """<= 450 bytes with a name of 30 letters (DESIGN 4.7)."""
    assert heap(cloud_pages.parsers()["Google"]) / PAGE <= 450
