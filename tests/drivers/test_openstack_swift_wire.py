"""Swift byte for byte: what each status means, errors with status 200, odd clusters, lost replies."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any

import pytest

from storage_core import errors
from storage_core.attributes import Attributes
from storage_core.base import Container, Object
from storage_core.body import BytesBody
from storage_core.drivers.openstack_swift import OpenStackSwiftStorageDriver
from storage_core.drivers.openstack_swift_containers import segments_container
from storage_core.drivers.openstack_swift_headers import decode, encode_key, encode_value
from storage_core.drivers.openstack_swift_limits import Limits, info_url, read_info
from tests.servers import canned
from tests.servers.canned import RESET, CannedServer, reply

ETAG = "9a0364b9e99bb480dd25e1f0284c8555"  # of b"content"


@pytest.fixture
def server() -> Iterator[CannedServer]:
    with canned.running() as one:
        one.always("GET /info", reply(200, json.dumps({"swift": {}, "bulk_delete": {}, "slo": {}}).encode()))
        one.always("HEAD /v1/a/box_segments", reply(404))
        one.always("HEAD /v1/a/box%2Bsegments", reply(404))
        yield one


def open_swift(server: CannedServer, **options: Any) -> OpenStackSwiftStorageDriver:
    quick: dict[str, Any] = {"attempts": 2, "deadline": 10.0, **options}
    return OpenStackSwiftStorageDriver(token="tok", storage_url=f"{server.endpoint}/v1/a", **quick)


@pytest.fixture
def driver(server: CannedServer) -> OpenStackSwiftStorageDriver:
    return open_swift(server)


@pytest.fixture
def box(driver: OpenStackSwiftStorageDriver) -> Container:
    return Container("box", {}, driver)


def put(box: Container, **more: Any) -> Any:
    return box.driver.put_object(box, "x", BytesBody(b"content"), Attributes(), **more)


REFUSALS: list[tuple[int, bytes, type[errors.LibcloudError], str]] = [
    (400, b"Metadata value longer than 256: x-object-meta-A", errors.AttributeRefusedError, "longer"),
    (400, b"Object name length of 1025 longer than 1024", errors.InvalidObjectNameError, "1025"),
    (400, b"<html>", errors.ProviderError, "400"),
    (401, b"<html>", errors.InvalidCredsError, "no longer takes this token"),
    (403, b"<html>", errors.AccessDeniedError, "may not"),
    (404, b"<html>", errors.ContainerDoesNotExistError, "'box'"),
    (405, b"", errors.OperationNotSupportedError, "does not offer"),
    (411, b"Missing Content-Length header.", errors.ProviderError, "Missing"),
    (412, b"Invalid UTF8 or contains NULL", errors.InvalidObjectNameError, "NULL"),
    (413, b"Upload exceeds quota.", errors.ObjectTooLargeError, "quota of 'box'"),
    (413, b"Your request is too large.", errors.ObjectTooLargeError, "in one request"),
    (422, b"<html>", errors.ObjectHashMismatchError, "damaged"),
    (429, b"", errors.RateLimitReachedError, "fewer"),
    (498, b"", errors.RateLimitReachedError, "fewer"),
    (500, b"", errors.ServerError, "500"),
    (503, b"<html>", errors.ServerError, "503"),
    (507, b"", errors.ServerError, "no room"),
    (302, b"", errors.ProviderError, "another address"),
]


@pytest.mark.parametrize(("status", "body", "kind", "words"), REFUSALS)
def test_every_refusal_has_its_error_and_says_which_request_it_was(
    server: CannedServer, status: int, body: bytes, kind: type[errors.LibcloudError], words: str
) -> None:
    server.always("PUT /v1/a/box/x", reply(status, body, X_Trans_Id="tx123", Retry_After="0"))
    box = Container("box", {}, open_swift(server, attempts=1))
    with pytest.raises(kind, match=words) as caught:
        put(box)
    error = caught.value
    assert type(error) is kind
    assert "tok" not in repr(error).replace("token", "")
    if status not in (401, 404):
        assert (error.status, error.request_id, error.container_name) == (status, "tx123", "box")


@pytest.mark.parametrize("status", [429, 498, 500, 503, 507, 422])
def test_what_may_pass_is_tried_again(server: CannedServer, box: Container, status: int) -> None:
    good = reply(201, ETag=ETAG)
    server.script("PUT /v1/a/box/x", reply(status, Retry_After="0"), good)
    assert put(box).md5 == ETAG
    sent = [one for one in server.requests if one.method == "PUT"]
    assert [(one.body, one.header("ETag")) for one in sent] == [(b"content", ETAG)] * 2


def test_a_missing_object_and_a_missing_container_are_told_apart(
    server: CannedServer, driver: OpenStackSwiftStorageDriver
) -> None:
    server.always("HEAD /v1/a/box/x", reply(404))
    server.script("HEAD /v1/a/box", reply(204), reply(404))
    with pytest.raises(errors.ObjectDoesNotExistError):
        driver.get_object("box", "x")
    with pytest.raises(errors.ContainerDoesNotExistError):
        driver.get_object("box", "x")


def test_a_lost_reply_to_a_new_name_is_told_from_a_taken_one(server: CannedServer, box: Container) -> None:
    server.script("PUT /v1/a/box/x", RESET, reply(412))
    server.script("HEAD /v1/a/box/x", reply(200, ETag=ETAG, length=7))
    assert put(box, only_new=True).md5 == ETAG
    server.script("PUT /v1/a/box/x", reply(412))
    with pytest.raises(errors.ObjectChangedError):
        put(box, only_new=True)


def test_a_lost_reply_to_a_new_container_is_told_from_an_old_one(
    server: CannedServer, driver: OpenStackSwiftStorageDriver
) -> None:
    server.script("PUT /v1/a/box", RESET, reply(202), reply(202))
    assert driver.create_container("box").name == "box"
    with pytest.raises(errors.ContainerAlreadyExistsError):
        driver.create_container("box")


def test_a_report_of_errors_with_status_200_is_a_list_of_failures(
    server: CannedServer, box: Container
) -> None:
    report = {
        "Number Deleted": 1, "Number Not Found": 1, "Response Status": "400 Bad Request",
        "Response Body": "", "Errors": [["/box/%C3%BC%20x", "409 Conflict"]],
    }  # fmt: skip
    server.script("POST /v1/a?bulk-delete=1", reply(200, json.dumps(report).encode()))
    [failure] = box.driver.delete_objects(box, ["a", "b", "ü x"])
    assert (failure.object_name, "409" in failure.reason) == ("ü x", True)
    assert server.requests[-1].body == b"/box/a\n/box/b\n/box/%C3%BC%20x\n"


def test_a_report_that_gave_up_is_finished_name_by_name(server: CannedServer, box: Container) -> None:
    report = {"Number Deleted": 1, "Number Not Found": 0, "Response Status": "502 Bad Gateway", "Errors": []}
    server.script("POST /v1/a?bulk-delete=1", reply(200, json.dumps(report).encode()))
    server.script("DELETE /v1/a/box/a", reply(404))
    server.script("DELETE /v1/a/box/b", reply(204))
    assert box.driver.delete_objects(box, ["a", "b"]) == []


def test_nonsense_is_called_nonsense(server: CannedServer, box: Container) -> None:
    for body in (b"<html>", b'{"a": 1}', b"[1]", b'[{"subdir": "a/"}'):
        server.script("GET /v1/a/box", reply(200, body))
        with pytest.raises(errors.MalformedResponseError):
            box.list_objects()
    server.script("POST /v1/a?bulk-delete=1", reply(200, b"[]"))
    with pytest.raises(errors.MalformedResponseError):
        box.driver.delete_objects(box, ["x"])
    server.script("GET /v1/a/box/x", reply(206, b"abc", Content_Range="bytes 5-7/9", ETag="e"))
    with pytest.raises(errors.MalformedResponseError, match="Another part"):
        box.driver.open_object(Object("x", 9, "", None, {}, box, etag="e"), 1, 4)


def _row(name: str) -> dict[str, Any]:
    return {"name": name, "bytes": 1, "hash": ETAG, "last_modified": "2026-01-01T00:00:00.000000"}


def test_a_cluster_that_tells_no_limits_is_asked_until_a_page_is_empty() -> None:
    with canned.running() as server:
        server.always("GET /info", reply(403))
        pages = [[_row("a"), _row("b")], [_row("c")], []]
        server.script("GET /v1/a/box", *(reply(200, json.dumps(page).encode()) for page in pages))
        box = Container("box", {}, open_swift(server))
        assert [obj.name for obj in box.list_objects()] == ["a", "b", "c"]
        markers = [one.query.partition("marker=")[2] for one in server.requests[1:]]
        assert markers == ["", "b", "c"]


def test_a_listing_that_repeats_itself_ends(server: CannedServer, box: Container) -> None:
    server.always("GET /info", reply(404))
    server.always("GET /v1/a/box", reply(200, json.dumps([_row("a")]).encode()))
    with pytest.raises(errors.MalformedResponseError, match="repeats"):
        box.list_objects()


def test_what_a_cluster_cannot_is_off_after_the_first_request() -> None:
    told = {"swift": {"container_listing_limit": 50, "max_file_size": 1000}, "tempurl": {"methods": ["GET"]}}
    with canned.running() as server:
        server.always("GET /info", reply(200, json.dumps(told).encode()))
        server.always("GET /v1/a", reply(200, b"[]"))
        driver = open_swift(server)
        before = driver.capabilities
        assert before.parts
        assert before.versions
        driver.list_containers()
        able = driver.capabilities
        assert not able.parts
        assert not able.versions
        assert able.delete_many == 0
        assert (able.signed_urls, able.page_size_max, able.put_size_max) == (("GET",), 50, 1000)
        assert "segments" in able.why_not("parts")
        assert type(driver).capabilities is before
        assert [one.path for one in server.requests].count("/info") == 1


def test_a_cluster_whose_info_hangs_is_used_all_the_same() -> None:
    with canned.running() as server:
        server.always("GET /info", RESET)
        server.always("GET /v1/a", reply(200, b"[]"))
        driver = open_swift(server)
        assert driver.list_containers() == []
        asked = [one.path for one in server.requests].count("/info")
        assert driver.list_containers() == []
        assert [one.path for one in server.requests].count("/info") == asked  # not again for a while


def test_limits_are_read_from_what_a_cluster_says() -> None:
    told = {
        "swift": {"max_meta_count": 5, "max_meta_value_length": True, "max_file_size": -1},
        "slo": {"max_manifest_segments": 7, "min_segment_size": 1_048_576},
        "tempurl": {"methods": ["GET", "PUT"], "allowed_digests": ["sha1", "sha512", "md6"]},
        "bulk_delete": {"max_deletes_per_request": 3},
    }
    limits = read_info(json.dumps(told).encode())
    assert (limits.max_meta_count, limits.max_meta_value_length) == (5, 256)
    assert (limits.max_file_size, limits.max_manifest_segments) == (Limits().max_file_size, 7)
    assert (limits.link_methods, limits.link_digests) == (("GET", "PUT"), ("sha512", "sha1"))
    assert (limits.told, limits.object_versioning, limits.max_deletes_per_request) == (True, False, 3)
    assert read_info(b'{"swift": {}, "tempurl": {}}').link_digests == ("sha1",)  # from before the word
    for nonsense in (b"", b"<html>", b"[]", b'{"swift": 1}'):
        assert read_info(nonsense) == Limits()


@pytest.mark.parametrize(
    ("storage_url", "wanted"),
    [
        ("https://swift.example.com/v1/AUTH_1", "https://swift.example.com/info"),
        ("https://rgw.example.com:8080/swift/v1/AUTH_1", "https://rgw.example.com:8080/swift/info"),
        ("https://rgw.example.com/swift/v1", "https://rgw.example.com/swift/info"),
    ],
)
def test_info_is_beside_the_version_of_the_api(storage_url: str, wanted: str) -> None:
    assert info_url(storage_url) == wanted


@pytest.mark.parametrize(
    ("value", "stored"),
    [
        ("plain text", "plain text"),
        ("grün 漢", "grün 漢"),
        ("100%", "100%"),
        ("a%20b", "a%2520b"),
        (" x ", "%20x%20"),
        ("a\nb", "a%0Ab"),
        ("", ""),
    ],
)
def test_values_are_stored_as_they_are_as_far_as_a_header_goes(value: str, stored: str) -> None:
    assert encode_value(value) == stored
    assert decode(stored) == value


@pytest.mark.parametrize("key", ["plain", "under_score", "grün", "a b", "a:b", "50%", "%41", "漢字", "."])
def test_keys_come_back_whatever_is_in_them(key: str) -> None:
    stored = encode_key(key)
    assert stored.isascii()
    assert "_" not in stored
    assert decode(stored) == key


def test_a_token_that_is_not_taken_is_renewed_once_and_then_refused(server: CannedServer) -> None:
    told = {"X-Storage-Url": f"{server.endpoint}/v1/a"}
    tokens = iter(["one", "two", "three"])
    server.always("GET /auth/v1.0", lambda _: reply(200, **told, X_Auth_Token=next(tokens)))
    server.script("HEAD /v1/a/box", reply(401), reply(204), reply(401), reply(401))
    driver = OpenStackSwiftStorageDriver("u", "k", auth_url=f"{server.endpoint}/auth/v1.0")
    assert driver.get_container("box").name == "box"
    with pytest.raises(errors.InvalidCredsError) as refused:
        driver.get_container("box")
    assert not isinstance(refused.value, errors.ExpiredTokenError)
    sent = [one.header("X-Auth-Token") for one in server.requests if one.path == "/v1/a/box"]
    assert sent == ["one", "two", "two", "three"]


def test_a_small_object_costs_one_request(server: CannedServer, box: Container) -> None:
    server.always("PUT /v1/a/box/x", reply(201, ETag=ETAG))
    put(box)
    before = len(server.requests)
    put(box)
    put(box)
    assert len(server.requests) == before + 2


ROW = _row("x")
HOSTILE_ROWS = [
    b"[" * 100_000,
    b'[{"name": "x"}]',
    *(json.dumps([ROW | one]).encode() for one in (
        {"name": ""}, {"name": 5}, {"bytes": "9"}, {"bytes": -1}, {"bytes": 1.5}, {"bytes": True},
        {"hash": None}, {"last_modified": 7}, {"slo_etag": 3}, {"version_id": 4},
        {"subdir": 5}, {"subdir": ""},
    )),
]  # fmt: skip


@pytest.mark.parametrize("body", HOSTILE_ROWS)
def test_rows_that_are_none_are_nonsense(server: CannedServer, box: Container, body: bytes) -> None:
    """Not proven on a server: Swift sends no such thing."""
    server.always("GET /v1/a/box", reply(200, body))
    with pytest.raises(errors.MalformedResponseError):
        next(iter(box.driver.iterate_pages(box)))


@pytest.mark.parametrize("kind", ["containers", "uploads"])
def test_listings_that_go_back_and_forth_end(kind: str) -> None:
    """Not proven on a server: Swift sends no such thing."""
    with canned.running() as server:
        server.always("GET /info", reply(404))
        pages = [reply(200, json.dumps([_row(name)]).encode()) for name in ("a", "b", "a", "b")]
        server.script("GET /v1/a" if kind == "containers" else "GET /v1/a/box_segments", *pages)
        driver = open_swift(server)
        box = Container("box", {}, driver)
        with pytest.raises(errors.MalformedResponseError, match="repeats"):
            list(driver.iterate_containers() if kind == "containers" else driver.iterate_uploads(box))


@pytest.mark.parametrize(
    "report",
    [
        {"Response Status": "200 OK", "Errors": None},
        {"Response Status": "200 OK", "Errors": [1]},
        {"Response Status": "200 OK", "Errors": [["a"]]},
        {"Response Status": "200 OK", "Number Deleted": "x"},
    ],
)
def test_a_report_that_is_none_is_nonsense(
    server: CannedServer, box: Container, report: dict[str, Any]
) -> None:
    """Not proven on a server: Swift sends no such thing."""
    server.always("POST /v1/a?bulk-delete=1", reply(200, json.dumps(report).encode()))
    with pytest.raises(errors.MalformedResponseError):
        box.driver.delete_objects(box, ["x"])


def test_counts_that_are_no_numbers_are_nonsense(
    server: CannedServer, driver: OpenStackSwiftStorageDriver
) -> None:
    """Not proven on a server: Swift sends no such thing."""
    server.always("HEAD /v1/a/box", reply(204, X_Container_Object_Count="many"))
    with pytest.raises(errors.MalformedResponseError):
        driver.get_container("box")


def test_a_page_of_the_longest_names_fits_into_what_is_read(server: CannedServer, box: Container) -> None:
    """As Swift writes JSON, a name may take six times its bytes; ten thousand of them would be 60 MB."""
    names = [f"{number:04}" + "\x01" * 1020 for number in range(2000)]
    pages = [[_row(name) for name in names], []]
    server.script("GET /v1/a/box", *(reply(200, json.dumps(page).encode()) for page in pages))
    assert [obj.name for obj in box.list_objects()] == names
    assert "limit=2000&" in server.requests[-1].query


def test_a_deletion_whose_answer_got_lost_takes_the_segments_along(server: CannedServer) -> None:
    rows = [{"name": "/box_segments/x/slo/1/00000001", "bytes": 1, "hash": ETAG}]
    with canned.running() as one:
        one.always("GET /info", reply(200, json.dumps({"swift": {}, "bulk_delete": {}, "slo": {}}).encode()))
        one.always("HEAD /v1/a/box_segments", reply(204))
        one.always("HEAD /v1/a/box/x", reply(200, length=1, X_Static_Large_Object="True"))
        one.always("HEAD /v1/a/box", reply(204))
        one.always("GET /v1/a/box/x", reply(200, json.dumps(rows).encode()))
        one.script("DELETE /v1/a/box/x", RESET, reply(404))
        report = {"Number Deleted": 1, "Number Not Found": 0, "Response Status": "200 OK", "Errors": []}
        one.script("POST /v1/a?bulk-delete=1", reply(200, json.dumps(report).encode()))
        box = Container("box", {}, open_swift(one))
        Object("x", 1, "", None, {}, box).delete()
        assert one.requests[-1].body == b"/box_segments/x/slo/1/00000001\n"


def test_containers_of_the_longest_names_have_segments_of_their_own(server: CannedServer) -> None:
    wire = open_swift(server).wire
    names = {segments_container(wire, "n" * 255 + end) for end in "ab"}
    assert len(names) == 2
    assert all(len(name) == 256 and name.endswith("_segments") for name in names)


def test_a_container_that_could_not_be_looked_at_is_not_taken_to_be_there() -> None:
    with canned.running() as server:
        server.always("GET /info", reply(404))
        server.always("HEAD /v1/a/box", reply(204))
        server.always("HEAD /v1/a/box_segments", reply(503))
        driver = open_swift(server, attempts=1)
        with pytest.raises(errors.ServerError):
            driver.start_upload(Container("box", {}, driver), "x", Attributes())
