"""Azure byte for byte on a scripted server: errors, lost replies, polled copies, what Azurite does not have.

What no server here can do is marked *not proven on a server*: its replies are written from Microsoft's pages.
"""

from __future__ import annotations

import base64
import hashlib
import pickle
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from email.utils import format_datetime
from typing import Any
from urllib.parse import unquote

import pytest

from storage_core import errors, http
from storage_core.attributes import Attributes
from storage_core.base import Container, Object
from storage_core.body import BytesBody
from storage_core.drivers import azure_blobs_copying
from storage_core.drivers.azure_blobs import AzureBlobsStorageDriver
from storage_core.drivers.azure_blobs_headers import decode_key, encode_key
from storage_core.drivers.azure_blobs_profile import Endpoint
from storage_core.providers import open_driver
from storage_core.tokens.renewed import Renewed, Token
from storage_core.types import Provider
from tests.servers import canned
from tests.servers.canned import CannedServer, Request, reply

KEY = base64.b64encode(b"k" * 64).decode()
MD5 = base64.b64encode(hashlib.md5(b"hello").digest()).decode()
BOX = "/me/box"


@pytest.fixture
def server() -> Iterator[CannedServer]:
    with canned.running() as one:
        yield one


def open_azure(server: CannedServer, **more: Any) -> AzureBlobsStorageDriver:
    options: dict[str, Any] = {"key": "me", "secret": KEY, "endpoint": f"{server.endpoint}/me"}
    return AzureBlobsStorageDriver(**{**options, **more})


@pytest.fixture
def driver(server: CannedServer) -> AzureBlobsStorageDriver:
    return open_azure(server)


@pytest.fixture
def box(driver: AzureBlobsStorageDriver) -> Container:
    return Container("box", {}, driver)


def fault(code: str, message: str = "no") -> bytes:
    said = f"<Code>{code}</Code><Message>{message}\nRequestId:R1\nTime:now</Message>"
    return f'\ufeff<?xml version="1.0" encoding="utf-8"?><Error>{said}</Error>'.encode()


def refused(status: int, code: str, **more: str) -> canned.Reply:
    return reply(status, fault(code), x_ms_error_code=code, x_ms_request_id="R1", **more)


def seen(box: Container, name: str = "a", size: int = 10, etag: str = "e1") -> Object:
    return Object(name, size, etag, None, None, box, box.driver, etag=etag, attributes=Attributes())


def listing(inner: str, marker: str = "") -> canned.Reply:
    text = f"<EnumerationResults><Blobs>{inner}</Blobs><NextMarker>{marker}</NextMarker></EnumerationResults>"
    return reply(200, f'\ufeff<?xml version="1.0" encoding="utf-8"?>{text}'.encode())


def blob(name: str, more: str = "", properties: str = "") -> str:
    told = f"<Content-Length>3</Content-Length><Etag>0x1</Etag><BlobType>BlockBlob</BlobType>{properties}"
    return f"<Blob><Name>{name}</Name>{more}<Properties>{told}</Properties></Blob>"


# -- which error an answer is --

REFUSALS: list[tuple[int, str, type[errors.LibcloudError]]] = [
    (403, "AuthenticationFailed", errors.InvalidCredsError),
    (403, "AuthorizationFailure", errors.AccessDeniedError),
    (403, "AuthorizationPermissionMismatch", errors.AccessDeniedError),
    (403, "KeyBasedAuthenticationNotPermitted", errors.AccessDeniedError),
    (409, "PublicAccessNotPermitted", errors.AccessDeniedError),
    (404, "ContainerNotFound", errors.ContainerDoesNotExistError),
    (404, "BlobNotFound", errors.ObjectDoesNotExistError),
    (404, "ResourceNotFound", errors.ObjectDoesNotExistError),
    (404, "", errors.ObjectDoesNotExistError),
    (409, "BlobArchived", errors.ObjectArchivedError),
    (409, "BlobBeingRehydrated", errors.ObjectArchivedError),
    (412, "ConditionNotMet", errors.ObjectChangedError),
    (412, "TargetConditionNotMet", errors.ObjectChangedError),
    (412, "SourceConditionNotMet", errors.ObjectChangedError),
    (412, "LeaseIdMissing", errors.ObjectError),
    (409, "LeaseIdMismatchWithBlobOperation", errors.ObjectError),
    (409, "SnapshotsPresent", errors.ObjectError),
    (409, "InvalidBlobType", errors.ObjectError),
    (416, "InvalidRange", errors.ObjectError),
    (400, "Md5Mismatch", errors.ObjectHashMismatchError),
    (400, "InvalidMetadata", errors.AttributeRefusedError),
    (400, "AccessTierNotSupportedForBlobType", errors.AttributeRefusedError),
    (400, "InvalidResourceName", errors.InvalidObjectNameError),
    (413, "RequestBodyTooLarge", errors.ObjectTooLargeError),
    (501, "APINotImplemented", errors.OperationNotSupportedError),
    (405, "UnsupportedHttpVerb", errors.OperationNotSupportedError),
    (503, "ServerBusy", errors.RateLimitReachedError),
    (429, "", errors.RateLimitReachedError),
    (500, "InternalError", errors.ServerError),
    (500, "OperationTimedOut", errors.ServerError),
    (503, "", errors.ServerError),
    (418, "Teapot", errors.ProviderError),
]


@pytest.mark.parametrize(
    ("status", "code", "kind"), REFUSALS, ids=lambda value: getattr(value, "__name__", str(value))
)
def test_every_refusal_has_its_type_and_a_sentence(
    server: CannedServer, status: int, code: str, kind: type[errors.LibcloudError]
) -> None:
    box = Container("box", {}, open_azure(server, attempts=1))
    server.script("GET", refused(status, code) if code else reply(status, b"<html>gateway</html>"))
    server.always("HEAD", refused(404, "BlobNotFound") if status == 404 else reply(200, etag='"e2"'))
    with pytest.raises(errors.LibcloudError) as caught:
        box.driver.open_object(seen(box))
    error = caught.value
    assert type(error) is kind
    assert (error.status, error.code, error.request_id) == (status, code, "R1" if code else "")
    assert (error.container_name, error.object_name) == ("box", "a")
    assert str(error).endswith((".", "no"))
    assert "html" not in str(error)
    assert "RequestId" not in str(error)
    again = pickle.loads(pickle.dumps(error))
    assert (type(again), str(again), again.code) == (kind, str(error), code)


def test_a_busy_service_is_given_time_and_asked_again(server: CannedServer, box: Container) -> None:
    server.script("GET", refused(503, "ServerBusy", x_ms_retry_after_ms="1"), listing(blob("a")))
    assert [obj.name for obj in box.get_objects()] == ["a"]


def test_a_container_that_is_being_deleted_is_waited_for(server: CannedServer, box: Container) -> None:
    server.script("GET", refused(409, "ContainerBeingDeleted"), listing(""))
    assert box.get_objects() == []
    server.script("PUT", refused(409, "ContainerBeingDeleted"))
    with pytest.raises(errors.ContainerError, match="half a minute") as caught:
        box.driver.create_container("box")
    assert caught.value.retryable


def test_a_clock_that_is_wrong_is_set_right_for_one_more_try(
    server: CannedServer, driver: AzureBlobsStorageDriver
) -> None:
    theirs = datetime.now(UTC) + timedelta(hours=2)
    late = refused(403, "AuthenticationFailed", date=format_datetime(theirs, usegmt=True))
    server.script("GET", late, reply(200, b"<EnumerationResults><Containers/></EnumerationResults>"))
    assert driver.list_containers() == []
    assert server.requests[-1].header("x-ms-date")[:14] == format_datetime(theirs, usegmt=True)[:14]
    fresh = open_azure(server)
    server.script("GET", late, late)
    with pytest.raises(errors.InvalidCredsError):
        fresh.list_containers()


def test_what_the_service_says_it_signed_is_not_shown(
    server: CannedServer, driver: AzureBlobsStorageDriver
) -> None:
    detail = b"<AuthenticationErrorDetail>Server used string to sign: 'GET me'</AuthenticationErrorDetail>"
    body = fault("AuthenticationFailed").replace(b"</Error>", detail + b"</Error>")
    server.script("GET", reply(403, body, x_ms_error_code="AuthenticationFailed"))
    with pytest.raises(errors.InvalidCredsError, match="account key") as caught:
        driver.list_containers()
    assert "string to sign" not in str(caught.value)


# -- what is sent --


def test_every_request_is_signed_dated_and_of_one_version(server: CannedServer, box: Container) -> None:
    server.script("PUT", reply(201, etag='"e1"', content_md5=MD5))
    box.driver.put_object(box, "a b/ü", BytesBody(b"hello"), Attributes(metadata={"who": "me"}))
    [sent] = server.requests
    assert sent.target == f"{BOX}/a%20b/%C3%BC"
    assert sent.header("Authorization").startswith("SharedKey me:")
    assert (sent.header("x-ms-version"), sent.header("x-ms-blob-type")) == ("2021-12-02", "BlockBlob")
    assert (sent.header("Content-MD5"), sent.header("x-ms-meta-who")) == (MD5, "me")
    assert sent.header("x-ms-date").endswith("GMT")


def test_a_signature_goes_with_every_request_as_it_was_given(server: CannedServer) -> None:
    sas = "sv=2021-12-02&ss=b&srt=sco&sp=rl&se=2030-01-01T00%3A00%3A00Z&sig=a%2Bb%3D"
    driver = open_azure(server, sas_token=sas)
    server.script("GET", listing(blob("a")))
    Container("box", {}, driver).list_objects()
    [sent] = server.requests
    assert sent.query.endswith("&" + sas)
    assert sent.header("Authorization") == ""


def test_a_token_is_sent_to_nobody_in_the_clear() -> None:
    driver = AzureBlobsStorageDriver("me", sign_in="default", endpoint="http://me.blob.example.org")
    driver.wire.tokens = Renewed(lambda: Token("secret"))
    with pytest.raises(errors.InvalidCredsError, match="https"):
        driver.list_containers()


def test_a_name_that_would_be_another_one_is_refused_on_azure_itself() -> None:
    driver = AzureBlobsStorageDriver("me", KEY)
    box = driver.open_container("box")
    for name in (".", "a/..", "../b", "a\\b"):
        with pytest.raises(errors.InvalidObjectNameError):
            driver.put_object(box, name, BytesBody(b"x"), Attributes())
        with pytest.raises(errors.ObjectDoesNotExistError):
            driver.delete_object(Object(name, 1, "", None, None, box))
        assert driver.delete_objects(box, [name]) == []
    driver.check_object_name("a..b/...")


# -- names and listings --


def test_a_name_that_xml_cannot_hold_comes_encoded(server: CannedServer, box: Container) -> None:
    """*Not proven on a server*: Azurite answers 500 here.

    https://learn.microsoft.com/rest/api/storageservices/list-blobs
    """
    odd = blob("x").replace("<Name>x", '<Name Encoded="true">a%01%FFb%25')
    folder = '<BlobPrefix><Name Encoded="true">f%02/</Name></BlobPrefix>'
    server.script("GET", listing(folder + odd + blob("50%25")))
    page = box.driver.list_page(box)
    assert [obj.name for obj in page.objects] == ["a\x01\udcffb%", "50%25"]
    assert page.prefixes == ["f\x02/"]


def test_a_listing_that_repeats_itself_ends(server: CannedServer, box: Container) -> None:
    server.always("GET", listing(blob("a"), "again"))
    with pytest.raises(errors.MalformedResponseError, match="never end"):
        box.list_objects()


def test_deleted_blobs_are_no_objects(server: CannedServer, box: Container) -> None:
    """*Not proven on a server.*"""
    server.script("GET", listing(blob("gone", "<Deleted>true</Deleted>") + blob("a")))
    assert [obj.name for obj in box.list_objects()] == ["a"]


@pytest.mark.parametrize(
    "key",
    [
        "plain",
        "two-words",
        "1st",
        "ü",
        "😀",
        "_x002d_",
        "a_x002d_b",
        "-x002d_",
        "_",
        "x",
        "a b",
        "_x_",
        "__x41_",
    ],
)
def test_keys_become_identifiers_and_come_back(key: str) -> None:
    name = encode_key(key)
    assert name.isidentifier()
    assert name.isascii()
    assert decode_key(name) == key
    assert (name == key) is (key.isidentifier() and key.isascii() and "_x002d_" not in key)


# -- versions --


def test_versions_are_listed_read_and_removed(server: CannedServer, box: Container) -> None:
    """*Not proven on a server*: Azurite has no versions.

    https://learn.microsoft.com/azure/storage/blobs/versioning-overview
    """
    now, old = "2026-11-22T20:00:02.0000000Z", "2026-11-22T20:00:01.0000000Z"
    current = blob("a", f"<VersionId>{now}</VersionId><IsCurrentVersion>true</IsCurrentVersion>")
    server.script("GET", listing(blob("a", f"<VersionId>{old}</VersionId>") + current))
    latest, first = box.driver.iterate_versions(box)
    assert (latest.is_latest, latest.object.version) == (True, now)
    assert (first.is_latest, first.object.version) == (False, old)
    server.script("GET", reply(200, b"one", etag='"0x1"'))
    assert box.driver.open_object(first.object).read(3) == b"one"
    assert server.requests[-1].query == "versionid=2026-11-22T20%3A00%3A01.0000000Z"
    server.script("DELETE", reply(202))
    box.driver.delete_object(first.object)
    server.script("DELETE", refused(403, "OperationNotAllowedOnRootBlob"), reply(202), reply(202))
    box.driver.delete_object(latest.object)
    assert [bool(one.query) for one in server.requests[-3:]] == [True, False, True]


# -- lost replies --


def test_a_put_for_new_names_only_whose_reply_was_lost_is_made_good(
    server: CannedServer, box: Container
) -> None:
    server.script("PUT", canned.RESET, refused(409, "BlobAlreadyExists"))
    server.script("HEAD", reply(200, etag='"e1"', content_md5=MD5, length=5))
    stored = box.driver.put_object(box, "a", BytesBody(b"hello"), Attributes(), only_new=True)
    assert stored.etag == "e1"
    server.script("PUT", canned.RESET, refused(409, "BlobAlreadyExists"))
    server.script("HEAD", reply(200, etag='"e2"', content_md5="CY9rzUYh03PK3k6DJie09g==", length=5))
    with pytest.raises(errors.ObjectChangedError):
        box.driver.put_object(box, "a", BytesBody(b"hello"), Attributes(), only_new=True)


def test_attributes_whose_reply_was_lost_are_made_good(server: CannedServer, box: Container) -> None:
    before = reply(200, etag='"e1"', length=10, x_ms_meta_old="1")
    after = reply(200, etag='"e2"', length=10, x_ms_meta_new="2")
    server.script("HEAD", before, after, after)
    server.script("PUT", canned.RESET, refused(412, "ConditionNotMet"))
    fresh = box.driver.set_object_attributes(seen(box), Attributes(metadata={"new": "2"}))
    assert fresh.meta_data == {"new": "2"}


def test_a_completion_for_new_names_only_whose_reply_was_lost_is_made_good(
    server: CannedServer, box: Container
) -> None:
    sent: list[str] = []

    def keep(request: Request) -> canned.Reply:
        sent.append(request.query)
        return reply(201)

    server.script("PUT", keep, keep)
    upload = box.driver.start_upload(box, "a", Attributes())
    part = box.driver.upload_part(upload, 1, BytesBody(b"hello"))
    ids = [unquote(query.partition("blockid=")[2]) for query in sent]
    opened, sent_part = (
        f"<Block><Name>{one}</Name><Size>{size}</Size></Block>" for one, size in zip(ids, (1, 5), strict=True)
    )
    waiting = f"<BlockList><UncommittedBlocks>{opened}{sent_part}</UncommittedBlocks></BlockList>"
    done = f"<BlockList><CommittedBlocks>{sent_part}</CommittedBlocks></BlockList>"
    server.script("GET", reply(200, waiting.encode()), reply(200, done.encode()))
    server.script("PUT", canned.RESET, refused(409, "BlobAlreadyExists"))
    server.script("HEAD", reply(200, etag='"e9"'))
    assert box.driver.complete_upload(upload, [part], only_new=True).etag == "e9"


# -- copies --


def test_a_copy_that_goes_on_is_polled_to_its_end(
    server: CannedServer, box: Container, monkeypatch: pytest.MonkeyPatch
) -> None:
    """*Not proven on a server*: Azurite copies at once."""
    monkeypatch.setattr(azure_blobs_copying, "FIRST_PAUSE", 0.001)
    pending = {"x_ms_copy_id": "c1", "x_ms_copy_status": "pending", "etag": '"e2"'}
    server.script("PUT", reply(202, **pending))
    server.script("HEAD", reply(200, **pending), reply(200, **{**pending, "x_ms_copy_status": "success"}))
    assert box.driver.copy_object(seen(box), box, "b").etag == "e2"
    sent = server.requests[0]
    assert sent.header("x-ms-copy-source") == f"{server.endpoint}{BOX}/a"
    assert sent.header("x-ms-source-if-match") == '"e1"'


def test_a_copy_that_fails_on_the_way_is_an_error(
    server: CannedServer, box: Container, monkeypatch: pytest.MonkeyPatch
) -> None:
    """*Not proven on a server.*"""
    monkeypatch.setattr(azure_blobs_copying, "FIRST_PAUSE", 0.001)
    pending = {"x_ms_copy_id": "c1", "x_ms_copy_status": "pending"}
    failed = {"x_ms_copy_status": "failed", "x_ms_copy_status_description": "404 Copy source vanished"}
    server.script("PUT", reply(202, **pending))
    server.script("HEAD", reply(200, **{**pending, **failed}))
    with pytest.raises(errors.ObjectError, match="vanished"):
        box.driver.copy_object(seen(box), box, "b")


def test_a_copy_that_is_stopped_is_aborted_and_leaves_nothing(
    server: CannedServer, box: Container, monkeypatch: pytest.MonkeyPatch
) -> None:
    """*Not proven on a server.*"""
    monkeypatch.setattr(azure_blobs_copying, "FIRST_PAUSE", 0.001)
    pending = {"x_ms_copy_id": "c1", "x_ms_copy_status": "pending", "etag": '"e2"'}
    server.script(f"PUT {BOX}/b", reply(202, **pending))
    server.script(
        "HEAD",
        reply(200, **pending),
        reply(200, **{**pending, "x_ms_copy_status": "aborted"}),
    )
    server.script(f"PUT {BOX}/b?comp=copy&copyid=c1", reply(204))
    server.script("DELETE", reply(202))
    waits: list[int] = []

    def stop() -> None:
        waits.append(1)
        if len(server.requests) >= 2:
            raise errors.StoppedError("stop")

    with http.stoppable(stop), pytest.raises(errors.StoppedError):
        box.driver.copy_object(seen(box), box, "b")
    assert waits
    assert server.left() == {}


def test_a_link_is_fetched_whole_where_the_service_can(
    server: CannedServer, driver: Any, box: Container
) -> None:
    """Put Blob From URL. *Not proven on a server*: Azurite answers 501.

    https://learn.microsoft.com/rest/api/storageservices/put-blob-from-url
    """
    server.script("PUT", reply(201, etag='"e2"'))
    server.script("HEAD", reply(200, etag='"e2"', length=10))
    wanted = Attributes(content_type="text/css", metadata={"a": "1"}, storage_class="COOL")
    driver.ex_copy_from_url("https://other.example.org/c/a?sig=x", 10, box, "b", wanted)
    [sent, _] = server.requests
    told = {name: sent.header(name) for name in ("x-ms-copy-source", "x-ms-blob-content-type", "x-ms-meta-a")}
    assert list(told.values()) == ["https://other.example.org/c/a?sig=x", "text/css", "1"]
    assert (sent.header("x-ms-blob-type"), sent.header("x-ms-access-tier")) == ("BlockBlob", "Cool")
    assert sent.header("Content-Length") == "0"


def test_a_large_link_is_fetched_in_blocks(
    server: CannedServer, driver: Any, box: Container, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Put Block From URL. *Not proven on a server.*"""
    monkeypatch.setattr(azure_blobs_copying, "WHOLE_MAX", 5)
    monkeypatch.setattr(azure_blobs_copying, "PART", 2**20)
    blocks: list[tuple[str, str]] = []

    def keep(request: Request) -> canned.Reply:
        if "comp=block&" in request.query + "&" and "blockid=" in request.query:
            name = unquote(request.query.partition("blockid=")[2])
            blocks.append((name, request.header("x-ms-source-range")))
        return reply(201, etag='"e2"')

    def told(request: Request) -> canned.Reply:
        sizes = [1, 2**20, 10]
        rows = "".join(
            f"<Block><Name>{name}</Name><Size>{size}</Size></Block>"
            for (name, _), size in zip(blocks, sizes, strict=True)
        )
        return reply(200, f"<BlockList><UncommittedBlocks>{rows}</UncommittedBlocks></BlockList>".encode())

    server.always("PUT", keep)
    server.always("GET", told)
    server.always("HEAD", reply(200, etag='"e2"', length=10))
    driver.ex_copy_from_url("https://other.example.org/c/a", 2**20 + 10, box, "b", Attributes())
    assert [where for _, where in blocks] == ["", "bytes=0-1048575", "bytes=1048576-1048585"]


def test_a_service_without_them_copies_the_old_way(server: CannedServer, driver: Any, box: Container) -> None:
    server.script(
        "PUT", refused(501, "APINotImplemented"), reply(202, etag='"e2"', x_ms_copy_status="success")
    )
    server.always("HEAD", reply(200, etag='"e2"', length=10))
    driver.ex_copy_from_url("https://other.example.org/c/a", 10, box, "b")
    assert server.requests[1].header("x-ms-copy-source") == "https://other.example.org/c/a"


# -- the archive --


def test_an_object_on_its_way_out_of_the_archive_says_so(
    server: CannedServer, driver: Any, box: Container
) -> None:
    """*Not proven on a server*: Azurite thaws at once."""
    server.script("GET", refused(409, "BlobBeingRehydrated"))
    thawing = {"x_ms_access_tier": "Archive", "x_ms_archive_status": "rehydrate-pending-to-cool"}
    server.script("HEAD", reply(200, **thawing), reply(200, **thawing))
    with pytest.raises(errors.ObjectArchivedError, match="on its way to Cool from the archive"):
        driver.open_object(seen(box))
    assert driver.ex_rehydration_status(seen(box)) == "on its way to Cool"
    server.script("PUT", reply(202))
    assert driver.ex_rehydrate(seen(box), "Cool", "High") is False
    assert server.requests[-1].header("x-ms-rehydrate-priority") == "High"


# -- answers that are not what they should be --


def test_a_range_that_was_not_asked_for_is_refused(server: CannedServer, driver: Any, box: Container) -> None:
    obj = seen(box)
    for answer in (
        reply(200, b"0123456789"),
        reply(206, b"12", content_range="bytes 1-2/10"),
        reply(206, b"012", content_range="bytes 0-1/10"),
    ):
        server.script("GET", answer)
        with pytest.raises(errors.MalformedResponseError):
            driver.open_object(obj, 0, 2)


def test_the_account_says_what_it_does_not_allow(server: CannedServer, driver: Any, box: Container) -> None:
    """*Not proven on a server*: Azurite has no such switch."""
    server.script("GET", reply(200, b"<SignedIdentifiers/>"))
    server.script("PUT", refused(409, "PublicAccessNotPermitted"))
    with pytest.raises(errors.AccessDeniedError, match="Allow Blob anonymous access"):
        box.enable_cdn()


# -- what the user gave --

CHINA = "DefaultEndpointsProtocol=https;AccountName=me;AccountKey=a2V5;EndpointSuffix=core.chinacloudapi.cn"


@pytest.mark.parametrize(
    ("given", "origin"),
    [
        ({"key": "me", "secret": KEY}, "https://me.blob.core.windows.net"),
        ({"key": "me", "secret": KEY, "cloud": "china"}, "https://me.blob.core.chinacloudapi.cn"),
        ({"key": "me", "secret": KEY, "cloud": "us_government"}, "https://me.blob.core.usgovcloudapi.net"),
        ({"key": "me", "secret": KEY, "cloud": "germany"}, "https://me.blob.core.cloudapi.de"),
        ({"key": "me", "cloud_environment": "AzureChinaCloud"}, "https://me.blob.core.chinacloudapi.cn"),
        ({"key": "me", "host": "blob.core.usgovcloudapi.net"}, "https://me.blob.core.usgovcloudapi.net"),
        ({"key": "me", "host": "me.blob.core.windows.net"}, "https://me.blob.core.windows.net"),
        ({"key": "me", "host": "127.0.0.1", "port": 10000, "secure": False}, "http://127.0.0.1:10000/me"),
        ({"key": "me", "host": "azurite", "port": 10000, "secure": False}, "http://azurite:10000/me"),
        ({"key": "me", "endpoint": "https://blobs.example.org"}, "https://blobs.example.org"),
        ({"key": "me", "endpoint": "http://127.0.0.1:1"}, "http://127.0.0.1:1/me"),
        ({"connection_string": "UseDevelopmentStorage=true"}, "http://127.0.0.1:10000/devstoreaccount1"),
        ({"connection_string": CHINA}, "https://me.blob.core.chinacloudapi.cn"),
        (
            {"connection_string": "BlobEndpoint=https://b.example.org/;AccountName=me;AccountKey=a2V5"},
            "https://b.example.org",
        ),
        ({"sas_token": "https://me.blob.core.windows.net/c?sr=c&sig=x"}, "https://me.blob.core.windows.net"),
    ],
)
def test_what_is_given_says_where_the_account_is(given: dict[str, Any], origin: str) -> None:
    driver = AzureBlobsStorageDriver(**given)
    assert driver.wire.endpoint.origin == origin
    assert driver.key in ("me", "devstoreaccount1")


@pytest.mark.parametrize(
    ("given", "words"),
    [
        ({}, "Storage account is missing"),
        ({"key": "a/b"}, "letters and digits"),
        ({"key": "me", "cloud": "moon"}, "The cloud is one of"),
        ({"key": "me", "sign_in": "magic"}, "sign_in is one of"),
        ({"sign_in": "connection_string"}, "connection string is missing"),
        ({"connection_string": "what is this"}, "looks like AccountName"),
        ({"connection_string": "AccountKey=x"}, "names neither"),
        ({"key": "me", "sas_token": "sv=1&sp=r"}, "looks like sv="),
        ({"sas_token": "https://me.blob.core.windows.net/c/x?sr=b&sig=x"}, "single object"),
        ({"key": "me", "endpoint": "ftp://x"}, "not the address"),
        ({"key": "me", "endpoint": "https://u:p@x"}, "neither a user nor a query"),
    ],
)
def test_what_cannot_be_is_refused_in_words(given: dict[str, Any], words: str) -> None:
    with pytest.raises(ValueError, match=words):
        AzureBlobsStorageDriver(**given)


def test_a_signature_for_a_container_whose_name_is_not_known_lists_none() -> None:
    driver = AzureBlobsStorageDriver("me", sas_token="sv=1&sr=c&sp=rl&sig=x")
    with pytest.raises(errors.OperationNotSupportedError, match="one container"):
        driver.list_containers()
    assert driver.open_container("box").name == "box"


def test_libclouds_way_to_entra_is_understood() -> None:
    driver = AzureBlobsStorageDriver("me", "app secret", True, None, None, "tenant", "app", "azureAd")
    given = driver.wire.given
    assert (given.sign_in, given.tenant_id, given.client_id, given.client_secret) == (
        "client_secret",
        "tenant",
        "app",
        "app secret",
    )
    assert "app secret" not in repr(driver) + repr(given)


def test_containers_of_the_account_have_their_own_names() -> None:
    endpoint = Endpoint("https", "me.blob.core.windows.net")
    assert endpoint.url("$web", "a") == "https://me.blob.core.windows.net/$web/a"
    driver = AzureBlobsStorageDriver("me", KEY)
    for good in ("$root", "$web", "abc", "a-b-1", "a" * 63):
        driver.check_container_name(good)
    for bad in ("ab", "A-b", "a--b", "-ab", "ab-", "a_b", "$other", "a" * 64):
        with pytest.raises(errors.InvalidContainerNameError):
            driver.check_container_name(bad)


@pytest.mark.parametrize(
    ("values", "sign_in"),
    [
        ({"key": "me", "secret": KEY}, "key"),
        ({"sign_in": "sas", "key": "me", "sas_token": "sr=c&sig=x", "container": "box"}, "sas"),
        ({"sign_in": "sas", "sas_token": "https://me.blob.core.windows.net/?ss=b&sig=x"}, "sas"),
        ({"sign_in": "connection_string", "connection_string": CHINA}, "key"),
        ({"sign_in": "browser", "key": "me"}, "browser"),
        ({"sign_in": "client_secret", "key": "me", "client_secret": "shh"}, "client_secret"),
        ({"sign_in": "managed_identity", "key": "me"}, "managed_identity"),
        ({"sign_in": "default", "key": "me", "cloud": "china"}, "default"),
        ({"sign_in": "anonymous", "key": "me", "container": "box"}, "anonymous"),
    ],
)
def test_the_form_opens_every_way_of_signing_in(values: dict[str, str], sign_in: str) -> None:
    driver: Any = open_driver(Provider.AZURE_BLOBS, values)
    assert (driver.key, driver.wire.given.sign_in) == ("me", sign_in)
    secrets = [values[name] for name in AzureBlobsStorageDriver.secret_arguments if name in values]
    assert not any(secret in repr(driver) + repr(driver.wire.given) for secret in secrets)


def test_the_form_says_what_is_missing() -> None:
    for values, words in (
        ({"secret": KEY}, "Storage account is missing"),
        ({"key": "me"}, "Account key is missing"),
        ({"key": "me", "sign_in": "sas"}, "SAS token or SAS URL is missing"),
    ):
        with pytest.raises(ValueError, match=words):
            open_driver(Provider.AZURE_BLOBS, values)
