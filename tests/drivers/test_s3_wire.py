"""S3 byte for byte: errors hidden in 200, lost replies, odd listings, and what is signed."""

from __future__ import annotations

import base64
import hashlib
import pickle
from collections.abc import Callable, Iterator
from typing import Any

import pytest

from storage_core import errors
from storage_core.attributes import Attributes
from storage_core.base import Container, Part, Upload
from storage_core.body import BytesBody, FileBody
from storage_core.drivers.s3_profile import Endpoint
from storage_core.providers import get_driver
from storage_core.types import Provider
from tests.drivers.s3_replies import HELLO, NS, buckets, fault, listing, open_s3, row, seen, through_proxy
from tests.servers import canned
from tests.servers.canned import CannedServer, reply


@pytest.fixture
def server() -> Iterator[CannedServer]:
    with canned.running() as one:
        yield one


@pytest.fixture
def driver(server: CannedServer) -> Any:
    return open_s3(server)


@pytest.fixture
def box(driver: Any) -> Container:
    return Container("box", {}, driver)


# -- which error an answer is --

REFUSALS: list[tuple[int, str, type[errors.LibcloudError]]] = [
    (403, "InvalidAccessKeyId", errors.InvalidCredsError),
    (403, "SignatureDoesNotMatch", errors.InvalidCredsError),
    (400, "ExpiredToken", errors.InvalidCredsError),
    (401, "", errors.InvalidCredsError),
    (403, "AccessDenied", errors.AccessDeniedError),
    (403, "", errors.AccessDeniedError),
    (404, "NoSuchBucket", errors.ContainerDoesNotExistError),
    (404, "NoSuchKey", errors.ObjectDoesNotExistError),
    (404, "NoSuchVersion", errors.ObjectDoesNotExistError),
    (404, "SomethingElse", errors.ProviderError),
    (403, "InvalidObjectState", errors.ObjectArchivedError),
    (412, "PreconditionFailed", errors.ObjectChangedError),
    (409, "ConditionalRequestConflict", errors.ObjectChangedError),
    (416, "InvalidRange", errors.ObjectError),
    (400, "InvalidStorageClass", errors.AttributeRefusedError),
    (400, "EntityTooLarge", errors.ObjectTooLargeError),
    (400, "KeyTooLongError", errors.InvalidObjectNameError),
    (501, "NotImplemented", errors.OperationNotSupportedError),
    (405, "", errors.OperationNotSupportedError),
    (400, "AccessControlListNotSupported", errors.OperationNotSupportedError),
    (400, "BadDigest", errors.ObjectHashMismatchError),
    (503, "SlowDown", errors.RateLimitReachedError),
    (429, "", errors.RateLimitReachedError),
    (503, "", errors.ServerError),
    (500, "InternalError", errors.ServerError),
    (400, "RequestTimeout", errors.ServerError),
    (418, "Teapot", errors.ProviderError),
]


@pytest.mark.parametrize(
    ("status", "code", "kind"), REFUSALS, ids=lambda value: getattr(value, "__name__", str(value))
)
def test_every_refusal_has_its_type_and_a_sentence(
    server: CannedServer, status: int, code: str, kind: type[errors.LibcloudError]
) -> None:
    box = Container("box", {}, open_s3(server, attempts=1))
    body = fault(code, message="their words") if code else b"<html>gateway</html>"
    server.script("GET", reply(status, body))
    with pytest.raises(errors.LibcloudError) as refused:
        box.driver.open_object(seen(box))
    error = refused.value
    assert type(error) is kind
    assert (error.status, error.code, error.request_id) == (status, code, "R1" if code else "")
    assert (error.container_name, error.object_name) == ("box", "a")
    assert str(error).endswith((".", "their words"))
    assert "html" not in str(error)
    again = pickle.loads(pickle.dumps(error))
    assert (type(again), str(again), again.code) == (kind, str(error), code)


def test_a_slow_service_is_given_time_and_asked_again(server: CannedServer, box: Container) -> None:
    server.script("GET", reply(503, fault("SlowDown"), retry_after="0"), reply(200, listing(row("a"))))
    assert [obj.name for obj in box.get_objects()] == ["a"]


def test_no_secret_is_in_an_error(server: CannedServer, box: Container) -> None:
    echo = fault(
        "AccessDenied", message="see https://box/a?X-Amz-Signature=deadbeef&amp;X-Amz-Credential=AKID"
    )
    server.script("GET", reply(403, echo))
    with pytest.raises(errors.AccessDeniedError) as refused:
        box.driver.open_object(seen(box))
    assert "deadbeef" not in str(refused.value)
    assert "deadbeef" not in repr(refused.value)


@pytest.mark.parametrize(
    ("status", "answer", "kind"),
    [
        (403, reply(403, fault("InvalidAccessKeyId")), errors.InvalidCredsError),
        (400, reply(400, fault("ExpiredToken")), errors.InvalidCredsError),
        (403, reply(403, fault("AccessDenied")), errors.AccessDeniedError),
        (403, reply(200, f"<LocationConstraint {NS}/>".encode()), errors.AccessDeniedError),
    ],
)
def test_a_refused_head_is_explained_by_a_second_question(
    server: CannedServer, driver: Any, status: int, answer: Any, kind: type[errors.LibcloudError]
) -> None:
    server.always("HEAD", reply(status))
    server.always("GET /box?location=", answer)
    with pytest.raises(kind):
        driver.get_container("box")
    with pytest.raises(kind):
        driver.get_object("box", "a")


def test_a_missing_object_is_missing_even_when_nobody_may_look_at_the_container(
    server: CannedServer, driver: Any
) -> None:
    server.script("HEAD /box/a", reply(404))
    server.script("HEAD /box", reply(403))
    with pytest.raises(errors.ObjectDoesNotExistError):
        driver.get_object("box", "a")
    server.script("HEAD /box/a", reply(404))
    server.script("HEAD /box", reply(404))
    with pytest.raises(errors.ContainerDoesNotExistError):
        driver.get_object("box", "a")


def test_a_wrong_clock_is_set_right_and_the_request_sent_again(server: CannedServer, driver: Any) -> None:
    later = "Sat, 21 Nov 2099 10:00:00 GMT"
    server.script("GET /", reply(403, fault("RequestTimeTooSkewed"), date=later), reply(200, buckets("b")))
    assert [box.name for box in driver.list_containers()] == ["b"]
    assert server.requests[1].header("X-Amz-Date").startswith("20991121T10")


def test_the_list_of_containers_is_followed_to_its_end(server: CannedServer, driver: Any) -> None:
    server.script("GET /", reply(200, buckets("a", token="t +/1")), reply(200, buckets("b")))
    assert [box.name for box in driver.list_containers()] == ["a", "b"]
    assert server.requests[1].query == "continuation-token=t%20%2B%2F1&max-buckets=1000"


# -- what is signed --


def test_payloads_are_signed_where_somebody_could_change_them(server: CannedServer, tmp_path: Any) -> None:
    far = through_proxy(server)
    near = open_s3(server)
    server.always("PUT", reply(200, etag=f'"{HELLO}"'))
    path = tmp_path / "hello"
    path.write_bytes(b"hello")
    with path.open("rb") as file:
        for driver, body in (
            (near, BytesBody(b"hello")),
            (far, BytesBody(b"hello")),
            (far, FileBody(file, 0, 5)),
        ):
            driver.put_object(Container("box", {}, driver), "a", body, Attributes())
    hello = hashlib.sha256(b"hello").hexdigest()
    assert [one.header("X-Amz-Content-SHA256") for one in server.requests] == [
        "UNSIGNED-PAYLOAD",
        hello,
        hello,
    ]
    assert [one.body for one in server.requests] == [b"hello"] * 3
    md5 = base64.b64encode(bytes.fromhex(HELLO)).decode()
    assert [one.header("Content-MD5") for one in server.requests] == [md5, md5, ""]
    assert not any(one.header("Transfer-Encoding") for one in server.requests)


@pytest.mark.parametrize(
    ("scheme", "host", "private"),
    [
        ("https", "x.org", True),
        ("http", "x.org", False),
        ("http", "127.0.0.9:80", True),
        ("http", "localhost:1", True),
        ("http", "[::1]:9", True),
        ("http", "10.0.0.1", False),
        ("http", "localhost.evil.org", False),
    ],
)
def test_only_tls_and_this_computer_are_private_lines(scheme: str, host: str, private: bool) -> None:
    assert Endpoint(scheme, host, "", False, False).is_private_line() is private


def test_a_session_token_is_sent_and_signed(server: CannedServer) -> None:
    driver = get_driver(Provider.S3)("AKID", "SECRET", endpoint=server.endpoint, token="TOKEN")
    server.script("GET /", reply(200, buckets()))
    driver.list_containers()
    [request] = server.requests
    assert request.header("X-Amz-Security-Token") == "TOKEN"
    assert "x-amz-security-token" in request.header("Authorization")
    assert "X-Amz-Security-Token=TOKEN" in driver.sign_url(Container("box", {}, driver), "k")
    assert "TOKEN" not in repr(driver)


def test_anonymous_access_is_not_signed(server: CannedServer) -> None:
    driver = get_driver(Provider.S3)(endpoint=server.endpoint, anonymous=True)
    server.script("GET /box", reply(200, listing(row("a"))))
    assert [obj.name for obj in Container("box", {}, driver).get_objects()] == ["a"]
    [request] = server.requests
    assert not request.header("Authorization")
    box = Container("box", {}, driver)
    with pytest.raises(errors.OperationNotSupportedError, match="has none"):
        driver.sign_url(box, "k")
    assert seen(box, "a b").get_cdn_url() == f"{server.endpoint}/box/a%20b"


# -- reading --


@pytest.mark.parametrize(
    "answer",
    [
        reply(200, b"0123456789"),
        reply(200, b"0123456789", content_range="bytes 2-4/10"),
        reply(206, b"234", content_range="bytes 3-5/10"),
        reply(206, b"23", content_range="bytes 2-4/10"),
        reply(206, b"234"),
        reply(206, b"234", content_range="bytes 2-4/*"),
        reply(206, b"234", content_range=f"bytes 2-4/{'9' * 5000}"),
        canned.Reply(
            b"HTTP/1.1 206 OK\r\nContent-Range: bytes 2-4/10\r\nTransfer-Encoding: chunked\r\n\r\n",
            b"3\r\n234\r\n0\r\n\r\n",
        ),
    ],
    ids=[
        "all",
        "all with a name",
        "other",
        "short",
        "unnamed",
        "no total",
        "an impossible total",
        "no length",
    ],
)
def test_a_range_that_is_not_the_one_asked_for_is_an_error(
    server: CannedServer, box: Container, answer: Any
) -> None:
    server.script("GET", answer)
    with pytest.raises(errors.MalformedResponseError):
        box.driver.open_object(seen(box), 2, 5)
    assert server.requests[0].header("Range") == "bytes=2-4"
    assert server.requests[0].header("If-Match") == '"e1"'


@pytest.mark.parametrize("status", [206, 200])
def test_a_range_that_is_named_in_full_is_taken_with_either_status(
    server: CannedServer, box: Container, status: int
) -> None:
    server.script("GET", reply(status, b"234", content_range="bytes 2-4/10"))
    with box.driver.open_object(seen(box), 2, 5) as download:
        assert (download.read(9), download.start, download.size, download.total) == (b"234", 2, 3, 10)


@pytest.mark.parametrize(
    ("headers", "md5"),
    [
        ({"etag": f'"{HELLO}"'}, HELLO),
        ({"etag": f'W/"{HELLO}"'}, HELLO),
        ({"etag": f'"{HELLO}-2"'}, ""),
        ({"etag": f'"{HELLO}"', "x_amz_server_side_encryption": "aws:kms"}, ""),
        ({"etag": f'"{HELLO}"', "x_amz_server_side_encryption": "AES256"}, HELLO),
        ({"etag": f'"{HELLO}"', "x_amz_server_side_encryption_customer_algorithm": "AES256"}, ""),
        ({}, ""),
    ],
)
def test_an_etag_is_taken_for_an_md5_only_where_it_is_one(
    server: CannedServer, box: Container, headers: dict[str, str], md5: str
) -> None:
    server.script("GET", reply(200, b"hello", **headers))
    server.script("PUT", reply(200, **headers))
    with box.driver.open_object(seen(box)) as download:
        assert download.md5 == md5
    assert box.driver.put_object(box, "a", BytesBody(b"hello"), Attributes()).md5 == md5


# -- listings --


@pytest.mark.parametrize(
    "unencoded",
    [reply(200, listing("<Contents><Key>a&#x1;b</Key></Contents>")), reply(500, fault("Internal"))],
)
def test_a_name_that_xml_cannot_hold_does_not_hide_a_container(
    server: CannedServer, unencoded: canned.Reply
) -> None:
    box = open_s3(server, Provider.S3_COMPATIBLE, attempts=1).open_container("box")
    server.script("GET", unencoded, *[reply(200, listing(row("a%01b"), encoded=True))] * 2)
    for _ in range(2):
        assert [obj.name for obj in box.get_objects()] == ["a\x01b"]
    assert ["encoding-type=url" in request.query for request in server.requests] == [False, True, True]


def test_names_are_decoded_only_when_the_service_says_so(server: CannedServer, box: Container) -> None:
    server.script(
        "GET", reply(200, listing(row("a%2Bb+c%0A"), encoded=True)), reply(200, listing(row("a%2Bb+c")))
    )
    assert [obj.name for obj in box.get_objects()] == ["a+b c\n"]
    assert [obj.name for obj in box.get_objects()] == ["a%2Bb+c"]


@pytest.mark.parametrize(
    "body",
    [
        listing(row("a"), more="<IsTruncated>true</IsTruncated>"),
        b"<html>sign in to the hotel</html>",
        b"not xml at all",
        listing("<Contents><Key>a</Key><Size>seven</Size></Contents>"),
        b'<!DOCTYPE x [<!ENTITY a "b">]><ListBucketResult/>',
    ],
)
def test_a_listing_that_is_not_one_is_not_taken_for_an_empty_folder(
    server: CannedServer, box: Container, body: bytes
) -> None:
    server.script("GET", reply(200, body))
    with pytest.raises(errors.MalformedResponseError):
        box.get_objects()


def test_a_listing_that_repeats_itself_ends(server: CannedServer, box: Container) -> None:
    again = "<IsTruncated>true</IsTruncated><NextContinuationToken>t</NextContinuationToken>"
    server.always("GET", reply(200, listing(row("a"), more=again)))
    with pytest.raises(errors.MalformedResponseError, match="never end"):
        box.get_objects()
    assert len(server.requests) == 2


def test_the_quirks_of_a_row_are_in_its_requests(server: CannedServer) -> None:
    driver = open_s3(server, Provider.S3_COMPATIBLE)
    box = Container("Box_1", {}, driver)
    truncated = "<IsTruncated>true</IsTruncated>"
    prefixes = "<CommonPrefixes><Prefix>b/</Prefix></CommonPrefixes>"
    server.script(
        "GET", reply(200, listing(row("a") + prefixes, more=truncated)), reply(200, listing(row("c")))
    )
    pages = list(driver.iterate_pages(box))
    assert [[obj.name for obj in page.objects] + page.prefixes for page in pages] == [["a", "b/"], ["c"]]
    assert server.requests[0].target == "/Box_1?delimiter=%2F&max-keys=1000&prefix="
    assert server.requests[1].query == "delimiter=%2F&marker=b%2F&max-keys=1000&prefix="


# -- copies and parts: errors in replies of status 200, and replies that get lost --


def copied(etag: str = HELLO) -> bytes:
    return f"<CopyObjectResult {NS}><ETag>&quot;{etag}&quot;</ETag></CopyObjectResult>".encode()


def test_an_error_in_a_200_is_an_error(server: CannedServer, box: Container) -> None:
    server.script("PUT", reply(200, fault("NoSuchKey")))
    with pytest.raises(errors.ObjectDoesNotExistError):
        box.driver.copy_object(seen(box), box, "b")


@pytest.mark.parametrize(
    "first", [fault("InternalError"), fault("SlowDown"), b"<CopyObjectResult><ETag>", b""], ids=str
)
def test_a_passing_error_in_a_200_is_tried_again(server: CannedServer, box: Container, first: bytes) -> None:
    server.script("PUT", reply(200, first, retry_after="0"), reply(200, copied()))
    stored = box.driver.copy_object(seen(box), box, "b")
    assert (stored.etag, stored.md5) == (HELLO, HELLO)
    assert server.requests[1].header("x-amz-copy-source") == "/box/a"
    assert server.requests[1].header("x-amz-copy-source-if-match") == '"e1"'


PARTS = [Part(1, HELLO, 5, HELLO), Part(2, HELLO, 5, HELLO)]
WHOLE = hashlib.md5(bytes.fromhex(HELLO) * 2).hexdigest() + "-2"


def completed(etag: str) -> bytes:
    root = "CompleteMultipartUploadResult"
    return f"<{root} {NS}><ETag>&quot;{etag}&quot;</ETag></{root}>".encode()


def test_completing_survives_a_lost_reply(server: CannedServer, box: Container) -> None:
    server.script("POST", canned.RESET, reply(404, fault("NoSuchUpload")))
    server.script("HEAD", reply(200, length=10, etag=f'"{WHOLE}"'))
    assert box.driver.complete_upload(Upload(box, "a", "u"), PARTS).etag == WHOLE


@pytest.mark.parametrize(
    "found", [reply(200, length=10, etag='"other-2"'), reply(200, length=11, etag=f'"{WHOLE}"'), reply(404)]
)
def test_an_upload_that_is_gone_and_not_under_the_name_is_an_error(
    server: CannedServer, box: Container, found: Any
) -> None:
    server.script("POST", reply(404, fault("NoSuchUpload")))
    server.script("HEAD", found)
    with pytest.raises(errors.ObjectDoesNotExistError, match="no longer knows"):
        box.driver.complete_upload(Upload(box, "a", "u"), PARTS)


def test_an_error_while_completing_is_seen_behind_the_200(server: CannedServer, box: Container) -> None:
    server.script(
        "POST", reply(200, b"  \n " + fault("InternalError")), reply(200, b"\n\n" + completed(WHOLE))
    )
    assert box.driver.complete_upload(Upload(box, "a", "u"), PARTS, only_new=True).etag == WHOLE
    assert server.requests[0].header("If-None-Match") == "*"


def test_an_object_put_together_wrongly_is_taken_away(server: CannedServer, box: Container) -> None:
    wrong = WHOLE.replace("a", "b").replace("0", "1")
    server.script("POST", reply(200, completed(wrong)))
    server.script("HEAD", reply(200, length=10, etag=f'"{wrong}"', x_amz_version_id="v7"))
    server.script("DELETE", reply(204))
    with pytest.raises(errors.ObjectHashMismatchError):
        box.driver.complete_upload(Upload(box, "a", "u"), PARTS)
    assert server.requests[-1].target == "/box/a?versionId=v7"


def test_a_service_with_etags_of_its_own_is_not_checked_by_amazons_formula(server: CannedServer) -> None:
    box = Container("box", {}, open_s3(server, Provider.SEAWEEDFS))
    server.script("POST", reply(200, completed("whatever")))
    assert box.driver.complete_upload(Upload(box, "a", "u"), PARTS).etag == "whatever"


def test_a_container_without_uploads_has_none_whatever_the_service_calls_that(
    server: CannedServer, box: Container
) -> None:
    server.script("GET", reply(404, fault("NoSuchUpload")), reply(404, fault("NoSuchBucket")))
    assert list(box.driver.iterate_uploads(box)) == []
    with pytest.raises(errors.ContainerDoesNotExistError):
        list(box.driver.iterate_uploads(box))


def test_an_upload_is_not_begun_twice_when_its_reply_is_lost(server: CannedServer, box: Container) -> None:
    server.script("POST", canned.RESET)
    with pytest.raises(errors.NetworkError):
        box.driver.start_upload(box, "a", Attributes())
    assert len(server.requests) == 1


@pytest.mark.parametrize(("etag", "ours"), [(HELLO, True), ("0" * 32, False)])
def test_only_new_tells_its_own_lost_success_from_a_name_that_was_taken(
    server: CannedServer, box: Container, etag: str, ours: bool
) -> None:
    server.script("PUT", canned.RESET, reply(412, fault("PreconditionFailed")))
    server.script("HEAD", reply(200, length=5, etag=f'"{etag}"'))

    def put() -> Any:
        return box.driver.put_object(box, "a", BytesBody(b"hello"), Attributes(), only_new=True)

    if ours:
        assert put().etag == HELLO
    else:
        with pytest.raises(errors.ObjectChangedError):
            put()


# -- deleting many --


def test_delete_many_sends_its_hash_escapes_names_and_reports_each_failure(
    server: CannedServer, box: Container
) -> None:
    failed = "<Error><Key>b&amp;c</Key><Code>AccessDenied</Code><Message>locked</Message></Error>"
    gone = "<Error><Key>gone</Key><Code>NoSuchKey</Code></Error>"
    server.script("POST", reply(200, f"<DeleteResult {NS}>{failed}{gone}</DeleteResult>".encode()))
    server.script("DELETE /box/%01", reply(204))
    server.script("DELETE /box/%02", reply(403, fault("AccessDenied")))
    names = ["a\r\n", "b&c", "gone", "\x01", "\x02"]
    failures = {one.object_name: one.code for one in box.driver.delete_objects(box, names)}
    assert failures == {"b&c": "AccessDenied", "\x02": "AccessDenied"}
    [request] = [one for one in server.requests if one.method == "POST"]
    md5 = base64.b64encode(hashlib.md5(request.body).digest()).decode()
    assert (request.target, request.header("Content-MD5")) == ("/box?delete=", md5)
    assert b"<Key>a&#13;&#10;</Key>" in request.body
    assert b"\x01" not in request.body


def test_delete_many_falls_back_to_one_by_one(server: CannedServer, box: Container) -> None:
    server.script("POST", reply(501, fault("NotImplemented")))
    server.always("DELETE", reply(204))
    assert box.driver.delete_objects(box, ["a", "b"]) == []
    assert [one.target for one in server.requests[1:]] == ["/box/a", "/box/b"]


# -- containers --


def test_a_container_is_created_in_its_region(server: CannedServer) -> None:
    driver = open_s3(server, region="eu-west-3")
    server.script("PUT", reply(200))
    driver.create_container("new-box")
    assert b"<LocationConstraint>eu-west-3</LocationConstraint>" in server.requests[0].body


def test_us_east_1_is_asked_first_because_it_creates_twice_without_a_word(
    server: CannedServer, driver: Any
) -> None:
    server.script("HEAD", reply(404), reply(200))
    server.script("PUT", reply(200))
    driver.create_container("new-box")
    assert server.requests[1].body == b""
    with pytest.raises(errors.ContainerAlreadyExistsError):
        driver.create_container("new-box")


@pytest.mark.parametrize(
    ("code", "kind"),
    [
        ("BucketAlreadyExists", errors.ContainerAlreadyExistsError),
        ("BucketAlreadyOwnedByYou", errors.ContainerAlreadyExistsError),
        ("InvalidBucketName", errors.InvalidContainerNameError),
        ("TooManyBuckets", errors.ContainerError),
    ],
)
def test_what_a_service_says_about_a_new_container(
    server: CannedServer, code: str, kind: type[errors.LibcloudError]
) -> None:
    driver = open_s3(server, region="eu-west-3")
    server.script("PUT", reply(409, fault(code)))
    with pytest.raises(kind) as refused:
        driver.create_container("new-box")
    assert type(refused.value) is kind


# -- public access --


def policy_of(box: Container) -> Callable[[], Any]:
    return lambda: box.driver.set_public_access(box, True)


def test_a_policy_that_cannot_be_read_is_never_written_over(server: CannedServer, box: Container) -> None:
    server.script("GET /box?publicAccessBlock=", reply(404, fault("NoSuchPublicAccessBlockConfiguration")))
    server.script("GET /box?policy=", reply(200, b"<html>what?</html>"))
    with pytest.raises(errors.MalformedResponseError, match="policy"):
        policy_of(box)()
    assert not [one for one in server.requests if one.method in ("PUT", "DELETE")]


def test_keys_that_may_not_look_leave_the_state_open(server: CannedServer, box: Container) -> None:
    server.script("GET /box?policy=", reply(403, fault("AccessDenied")))
    state = box.driver.get_public_access(box)
    assert state.on is None
    assert "may not see" in state.why


def test_a_public_policy_behind_a_block_is_not_public(server: CannedServer, box: Container) -> None:
    policy = b'{"Statement":{"Effect":"Allow","Principal":"*","Action":"s3:GetObject"}}'
    root = "PublicAccessBlockConfiguration"
    block = f"<{root} {NS}><RestrictPublicBuckets>true</RestrictPublicBuckets></{root}>"
    server.script("GET /box?policy=", reply(200, policy))
    server.script("GET /box?publicAccessBlock=", reply(200, block.encode()))
    server.script(
        "GET /box?policyStatus=", reply(200, b"<PolicyStatus><IsPublic>TRUE</IsPublic></PolicyStatus>")
    )
    state = box.driver.get_public_access(box)
    assert (state.on, "blocked" in state.why) == (False, True)


def test_where_there_are_only_acls_the_switch_is_an_acl(server: CannedServer) -> None:
    box = Container("box", {}, open_s3(server, Provider.BACKBLAZE_B2_S3))
    grant = "<Grant><Grantee><URI>http://acs.amazonaws.com/groups/global/AllUsers</URI></Grantee><Permission>READ</Permission></Grant>"
    server.script("PUT /box?acl=", reply(200))
    server.script(
        "GET /box?acl=", reply(200, f"<AccessControlPolicy {NS}>{grant}</AccessControlPolicy>".encode())
    )
    assert box.enable_cdn() is True
    assert server.requests[0].header("x-amz-acl") == "public-read"
