"""S3 against OpenStack Swift, which checks every signature, payload hash and Content-MD5; and boto3."""

from __future__ import annotations

import hashlib
import pickle
import secrets
import urllib.error
import urllib.request
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from typing import Any
from urllib.parse import urlsplit

import boto3
import pytest
from botocore.config import Config

from storage_core import errors
from storage_core.attributes import Attributes
from storage_core.base import Container
from storage_core.base.driver import StorageDriver
from storage_core.body import BytesBody
from storage_core.capabilities import MIB
from storage_core.providers import get_driver, open_driver
from storage_core.types import Provider
from tests.servers import faults
from tests.servers.swift import Swift

ODD_NAMES = [
    ".",
    "..",
    "a/../b",
    "a/./b",
    "a//b",
    "/lead",
    "//",
    "trailing/",
    " spaces  inside ",
    "+ % ? # &=;:@,$!'()*",
    "%2e%2e/%2F",
    "\U0001f600 é 漢字",
    "back\\slash",
    "~tilde",
    '<tag>&amp;"quote"',
    "line\nend",
    "tab\tand\rreturn",
    "\x01\x1f\x7f",
    "n" * 1024,
    "é" * 512,
]


@pytest.fixture(scope="module")
def driver(swift_server: Swift) -> StorageDriver:
    values = {
        "key": swift_server.access_key,
        "secret": swift_server.secret_key,
        "endpoint": swift_server.endpoint,
    }
    return open_driver(Provider.SWIFT_S3, values)


@pytest.fixture(scope="module")
def boto(swift_server: Swift) -> Any:
    return boto_client(swift_server.endpoint, swift_server.access_key, swift_server.secret_key)


def boto_client(endpoint: str, key: str, secret: str) -> Any:
    quiet = {"request_checksum_calculation": "when_required", "response_checksum_validation": "when_required"}
    return boto3.client(
        "s3",
        endpoint_url=endpoint,
        aws_access_key_id=key,
        aws_secret_access_key=secret,
        region_name="us-east-1",
        config=Config(s3={"addressing_style": "path"}, retries={"max_attempts": 1}, **quiet),
    )


@pytest.fixture
def container(driver: StorageDriver) -> Iterator[Container]:
    made = driver.create_container(f"swift-{secrets.token_hex(6)}")
    yield made
    for upload in driver.iterate_uploads(made):
        driver.abort_upload(upload)
    driver.delete_objects(made, [obj.name for obj in made.get_objects()])
    made.delete()


def put(container: Container, name: str, data: bytes = b"content", **more: Any) -> Any:
    return container.driver.upload_object_via_stream([data], container, name, **more)


def content(driver: StorageDriver, obj: Any) -> bytes:
    return b"".join(driver.download_object_as_stream(obj, MIB))


# -- objects --


@pytest.mark.parametrize("name", ODD_NAMES, ids=lambda name: ascii(name)[:20])
def test_any_name_goes_there_and_back_and_boto3_agrees(
    driver: StorageDriver, container: Container, boto: Any, name: str
) -> None:
    data = name.encode()
    put(container, name, data)
    assert [obj.name for obj in container.get_objects()] == [name]
    assert content(driver, driver.get_object(container.name, name)) == data
    assert boto.get_object(Bucket=container.name, Key=name)["Body"].read() == data
    assert driver.delete_objects(container, [name]) == []
    assert container.get_objects() == []


def test_names_of_one_prefix_do_not_reach_the_container_itself(
    driver: StorageDriver, container: Container
) -> None:
    put(container, "..", b"two dots")
    assert driver.delete_object(driver.get_object(container.name, ".."))
    assert driver.get_container(container.name).name == container.name


def test_many_odd_names_are_deleted_in_one_go(driver: StorageDriver, container: Container) -> None:
    for name in ODD_NAMES:
        put(container, name)
    assert len(container.get_objects()) == len(ODD_NAMES)
    assert driver.delete_objects(container, [*ODD_NAMES, "never was"]) == []
    assert container.get_objects() == []


def test_what_we_write_boto3_reads(container: Container, boto: Any) -> None:
    extra = {
        "ContentType": "text/plain; charset=utf-8", "content_encoding": "gzip", "CacheControl": "max-age=60",
        "ContentDisposition": 'attachment; filename="a b.txt"', "ContentLanguage": "de",
    }  # fmt: skip
    put(
        container,
        "docs/a.txt",
        b"\x1f\x8bnot really",
        extra=extra,
        ex_meta={"author": "jane", "under_score": "1"},
    )
    seen = boto.get_object(Bucket=container.name, Key="docs/a.txt")
    assert seen["Body"].read() == b"\x1f\x8bnot really"
    assert seen["ContentType"] == "text/plain; charset=utf-8"
    assert seen["ContentEncoding"] == "gzip"
    assert seen["CacheControl"] == "max-age=60"
    assert seen["ContentDisposition"] == 'attachment; filename="a b.txt"'
    assert seen["ContentLanguage"] == "de"
    assert seen["Metadata"] == {"author": "jane", "under_score": "1"}


def test_what_boto3_writes_we_read(driver: StorageDriver, container: Container, boto: Any) -> None:
    boto.put_object(
        Bucket=container.name,
        Key="theirs/ü +.bin",
        Body=b"\x00\xff",
        ContentType="image/png",
        Metadata={"k": "v w"},
        CacheControl="no-store",
    )
    obj = driver.get_object(container.name, "theirs/ü +.bin")
    assert (obj.size, obj.hash, obj.meta_data) == (2, hashlib.md5(b"\x00\xff").hexdigest(), {"k": "v w"})
    assert obj.extra["content_type"] == "image/png"
    assert obj.extra["cache_control"] == "no-store"
    assert obj.modified is not None
    assert content(driver, obj) == b"\x00\xff"


@pytest.mark.parametrize(
    "value",
    [
        "é ü ñ",
        "漢字" * 25,
        " leading and trailing ",
        "=?UTF-8?B?aGVsbG8=?=",
        "a =?b?= c",
        "plain",
        "",
        "\U0001f600",
    ],
    ids=ascii,
)
def test_metadata_values_come_back_as_they_were(
    driver: StorageDriver, container: Container, value: str
) -> None:
    put(container, "m", ex_meta={"text": value})
    assert driver.get_object(container.name, "m").meta_data.get("text", "") == value


@pytest.mark.parametrize(
    "metadata",
    [{"a b": "1"}, {"ключ": "1"}, {"k": "line\nend"}, {"A": "1", "a": "2"}, {"k": "x" * 3000}],
    ids=str,
)
def test_metadata_that_cannot_be_held_is_refused_before_it_is_sent(
    container: Container, metadata: dict[str, str]
) -> None:
    with pytest.raises(errors.AttributeRefusedError):
        put(container, "m", ex_meta=metadata)
    assert container.get_objects() == []


def test_metadata_that_only_the_server_finds_too_long_is_named(container: Container) -> None:
    with pytest.raises(errors.AttributeRefusedError, match="256") as refused:
        put(container, "m", ex_meta={"k": "x" * 300})
    assert refused.value.field == "metadata"


@pytest.mark.parametrize(
    "extra", [{"StorageClass": "GLACIER"}, {"ServerSideEncryption": "AES256"}, {"tags": {"a": "b"}}], ids=str
)
def test_what_swift_does_not_have_is_refused_by_name(container: Container, extra: dict[str, Any]) -> None:
    with pytest.raises(errors.AttributeRefusedError, match="does not offer"):
        put(container, "x", extra=extra)


def test_a_range_is_pinned_to_the_object_that_was_seen(driver: StorageDriver, container: Container) -> None:
    put(container, "r", b"0123456789")
    seen = driver.get_object(container.name, "r")
    assert b"".join(driver.download_object_range_as_stream(seen, 2, 5)) == b"234"
    assert b"".join(driver.download_object_range_as_stream(seen, 7)) == b"789"
    assert b"".join(driver.download_object_range_as_stream(seen, 8, 100)) == b"89"
    put(container, "r", b"another one")
    with pytest.raises(errors.ObjectChangedError):
        driver.open_object(seen, 2, 5)
    with pytest.raises(errors.ObjectChangedError):
        driver.open_object(seen)


def test_a_range_behind_the_end_is_an_error(driver: StorageDriver, container: Container) -> None:
    obj = put(container, "r", b"0123")
    with pytest.raises(errors.ObjectError, match="no bytes in that range"):
        driver.open_object(obj, 10, 20)


def test_an_empty_object_can_be_written_read_and_listed(driver: StorageDriver, container: Container) -> None:
    put(container, "empty/", b"")
    [obj] = container.get_objects()
    assert (obj.name, obj.size, content(driver, obj)) == ("empty/", 0, b"")
    with driver.open_object(obj, 0, 10) as download:
        assert (download.size, download.read(10)) == (0, b"")


def test_only_new_never_overwrites(container: Container) -> None:
    put(container, "n", b"first", ex_only_new=True)
    with pytest.raises(errors.ObjectChangedError):
        put(container, "n", b"second", ex_only_new=True)
    assert content(container.driver, container.get_object("n")) == b"first"


def test_only_new_holds_for_an_upload_in_parts_too(driver: StorageDriver, container: Container) -> None:
    put(container, "n", b"first")
    with pytest.raises(errors.ObjectChangedError):
        put(container, "n", b"x" * (17 * MIB), ex_only_new=True)
    assert content(driver, container.get_object("n")) == b"first"
    assert list(driver.iterate_uploads(container)) == []


def test_the_md5_of_a_plain_upload_is_known_and_of_parts_is_not(
    driver: StorageDriver, container: Container
) -> None:
    stored = driver.put_object(container, "plain", BytesBody(b"hello"), attributes())
    assert stored.md5 == "5d41402abc4b2a76b9719d911017c592"
    with driver.open_object(container.get_object("plain")) as download:
        assert download.md5 == stored.md5
    put(container, "parts", b"x" * (17 * MIB))
    with driver.open_object(container.get_object("parts")) as download:
        assert download.md5 == ""
        assert "-" in download.etag


def attributes(**fields: Any) -> Attributes:
    return Attributes.from_extra(fields)


def test_a_body_changed_on_the_way_is_refused_by_the_server(
    driver: StorageDriver, container: Container
) -> None:
    class Liar(BytesBody):
        def _take(self, count: int) -> bytes:
            return super()._take(count)[::-1]

    with pytest.raises(errors.ObjectHashMismatchError, match="damaged on its way"):
        driver.put_object(container, "liar", Liar(b"abcdef"), attributes())
    assert container.get_objects() == []


# -- listing --


def test_one_level_shows_objects_and_folders_page_by_page(
    driver: StorageDriver, container: Container
) -> None:
    for name in ("a.txt", "b/1", "b/2/3", "c d+/x", "é/y", "z.txt"):
        put(container, name)
    pages, token = [], ""
    while True:
        pages.append(driver.list_page(container, limit=2, token=token))
        token = pages[-1].next_token
        if not token:
            break
    assert [obj.name for page in pages for obj in page.objects] == ["a.txt", "z.txt"]
    assert [prefix for page in pages for prefix in page.prefixes] == ["b/", "c d+/", "é/"]
    assert [obj.name for obj in driver.list_page(container, "b/").objects] == ["b/1"]
    assert driver.list_page(container, "b/").prefixes == ["b/2/"]


def test_the_old_listing_pages_as_well(swift_server: Swift, container: Container) -> None:
    names = [f"k{number:02} +é%" for number in range(7)] + ["line\nend"]
    for name in names:
        put(container, name)
    kind = get_driver(Provider.SWIFT_S3)
    old = type("Old", (kind,), {"options": {**kind.options, "list_version": 1}})  # type: ignore[attr-defined]
    driver = old(swift_server.access_key, swift_server.secret_key, endpoint=swift_server.endpoint)
    found, token = [], ""
    while True:
        page = driver.list_page(container, delimiter="", token=token, limit=3)
        found += [obj.name for obj in page.objects]
        token = page.next_token
        if not token:
            break
    assert found == sorted(names, key=str.encode)


# -- copies, parts, links --


def test_a_copy_keeps_or_replaces_what_an_object_carries(
    driver: StorageDriver, container: Container, boto: Any
) -> None:
    source = put(container, "odd ü +/%", b"data", extra={"ContentType": "text/css"}, ex_meta={"k": "1"})
    driver.copy_object(source, container, "kept")
    kept = boto.head_object(Bucket=container.name, Key="kept")
    assert (kept["ContentType"], kept["Metadata"]) == ("text/css", {"k": "1"})
    driver.copy_object(source, container, "new", attributes(ContentType="text/x", meta_data={"n": "2"}))
    new = boto.head_object(Bucket=container.name, Key="new")
    assert (new["ContentType"], new["Metadata"]) == ("text/x", {"n": "2"})
    assert boto.get_object(Bucket=container.name, Key="new")["Body"].read() == b"data"


def test_a_copy_of_what_has_changed_is_refused(driver: StorageDriver, container: Container) -> None:
    seen = put(container, "s", b"one")
    put(container, "s", b"two")
    with pytest.raises(errors.ObjectChangedError):
        driver.copy_object(seen, container, "t")


def test_metadata_is_edited_in_place(driver: StorageDriver, container: Container, boto: Any) -> None:
    obj = put(container, "e", b"bytes", extra={"ContentType": "text/plain"}, ex_meta={"old": "1"})
    changed = driver.ex_set_object_metadata(obj, {"new": "é"})
    assert changed.meta_data == {"new": "é"}
    assert changed.extra["content_type"] == "text/plain"
    assert boto.get_object(Bucket=container.name, Key="e")["Body"].read() == b"bytes"


def test_an_upload_in_parts_is_put_together_listed_and_resumed(
    driver: StorageDriver, container: Container, boto: Any
) -> None:
    pieces = [secrets.token_bytes(5 * MIB), secrets.token_bytes(5 * MIB), b"the end"]
    upload = driver.start_upload(
        container, "big +é", attributes(ContentType="video/mp4", meta_data={"k": "v"})
    )
    for number in (2, 1):
        driver.upload_part(upload, number, BytesBody(pieces[number - 1]))
    [found] = list(driver.iterate_uploads(container))
    assert (found.object_name, found.id) == ("big +é", upload.id)
    parts = driver.list_parts(found)
    assert [(part.number, part.size) for part in parts] == [(1, 5 * MIB), (2, 5 * MIB)]
    parts.append(driver.upload_part(found, 3, BytesBody(pieces[2])))
    stored = driver.complete_upload(upload, parts)
    assert stored.etag.endswith("-3")
    seen = boto.get_object(Bucket=container.name, Key="big +é")
    assert seen["Body"].read() == b"".join(pieces)
    assert (seen["ContentType"], seen["Metadata"]) == ("video/mp4", {"k": "v"})
    # The reply of the first was lost, so it is asked for again.
    assert driver.complete_upload(upload, parts).etag == stored.etag


def test_an_aborted_upload_leaves_nothing_and_may_be_aborted_again(
    driver: StorageDriver, container: Container
) -> None:
    upload = driver.start_upload(container, "gone", attributes())
    part = driver.upload_part(upload, 1, BytesBody(b"x"))
    driver.abort_upload(upload)
    driver.abort_upload(upload)
    assert list(driver.iterate_uploads(container)) == []
    with pytest.raises(errors.ObjectDoesNotExistError):
        driver.list_parts(upload)
    with pytest.raises(errors.ObjectDoesNotExistError):
        driver.complete_upload(upload, [part])


def test_libclouds_names_for_open_uploads_work(driver: Any, container: Container) -> None:
    for name in ("a/1", "a/2", "b"):
        driver.start_upload(container, name, attributes())
    assert [upload.object_name for upload in driver.ex_iterate_multipart_uploads(container, prefix="a/")] == [
        "a/1",
        "a/2",
    ]
    driver.ex_cleanup_all_multipart_uploads(container, prefix="a/")
    assert [upload.object_name for upload in driver.iterate_uploads(container)] == ["b"]


def test_parts_are_copied_on_the_server(driver: StorageDriver, container: Container, boto: Any) -> None:
    data = secrets.token_bytes(6 * MIB)
    source = put(container, "source é", data)
    upload = driver.start_upload(container, "copy", attributes())
    parts = [
        driver.copy_part(upload, 1, source, 0, 5 * MIB),
        driver.copy_part(upload, 2, source, 5 * MIB, 6 * MIB),
    ]
    driver.complete_upload(upload, parts)
    assert boto.get_object(Bucket=container.name, Key="copy")["Body"].read() == data


@pytest.mark.parametrize("name", ["plain.txt", "sp ace+é/%?#&.txt"])
def test_links_work_for_all_four_methods_until_they_are_tampered_with(
    driver: StorageDriver, container: Container, name: str
) -> None:
    fetch(driver.sign_url(container, name, method="PUT"), "PUT", b"by link")
    link = driver.sign_url(container, name)
    assert fetch(link) == b"by link"
    assert fetch(driver.sign_url(container, name, method="HEAD"), "HEAD") == b""
    assert fetch(driver.get_object(container.name, name).get_cdn_url(ex_expiry=0.5)) == b"by link"
    with pytest.raises(urllib.error.HTTPError) as refused:
        fetch(link[:-1] + ("0" if link[-1] != "0" else "1"))
    assert refused.value.code == 403
    refused.value.close()
    fetch(driver.sign_url(container, name, method="DELETE"), "DELETE")
    assert container.get_objects() == []


def fetch(url: str, method: str = "GET", data: bytes | None = None) -> bytes:
    request = urllib.request.Request(url, data, {"Content-Type": "text/plain"} if data else {}, method=method)
    with urllib.request.urlopen(request, timeout=30) as reply:
        return bytes(reply.read())


# -- refusals --


def test_missing_containers_and_missing_objects_are_told_apart(
    driver: StorageDriver, container: Container
) -> None:
    nowhere = driver.open_container("no-such-container-anywhere")
    with pytest.raises(errors.ObjectDoesNotExistError) as missing:
        driver.get_object(container.name, "nothing")
    assert missing.value.object_name == "nothing"
    for act in (
        lambda: driver.get_object(nowhere.name, "nothing"), lambda: driver.get_container(nowhere.name),
        nowhere.get_objects, lambda: put(nowhere, "x"), nowhere.delete,
        lambda: put(nowhere, "x", b"x" * (17 * MIB)), lambda: driver.delete_objects(nowhere, ["x"]),
    ):  # fmt: skip
        with pytest.raises(errors.ContainerDoesNotExistError) as absent:
            act()
        assert absent.value.container_name == nowhere.name


@pytest.mark.parametrize(("key", "secret"), [("test:tester", "wrong"), ("nobody:here", "testing")])
def test_wrong_keys_are_called_wrong_even_where_only_a_head_is_asked(
    swift_server: Swift, container: Container, key: str, secret: str
) -> None:
    driver = get_driver(Provider.SWIFT_S3)(key, secret, endpoint=swift_server.endpoint)
    put(container, "there")
    for act in (
        driver.list_containers, lambda: driver.get_container(container.name),
        lambda: driver.get_object(container.name, "there"),
    ):  # fmt: skip
        with pytest.raises(errors.InvalidCredsError) as refused:
            act()
        assert secret not in str(refused.value)


def test_keys_are_missing_until_the_first_use(swift_server: Swift) -> None:
    driver = get_driver(Provider.SWIFT_S3)("", "", endpoint=swift_server.endpoint)
    with pytest.raises(errors.InvalidCredsError, match="needed"):
        driver.list_containers()


def test_somebody_elses_container_is_denied_not_missing(swift_server: Swift, container: Container) -> None:
    reader = get_driver(Provider.SWIFT_S3)("test:reader", "reading", endpoint=swift_server.endpoint)
    for act in (lambda: reader.get_container(container.name), reader.list_containers):
        with pytest.raises(errors.AccessDeniedError):
            act()
    assert reader.open_container(container.name).name == container.name


def test_a_wrong_region_is_found_out_and_used_from_then_on(swift_server: Swift, container: Container) -> None:
    driver = get_driver(Provider.SWIFT_S3)(
        swift_server.access_key, swift_server.secret_key, endpoint=swift_server.endpoint, region="eu-west-3"
    )
    put(container, "r", b"found")
    assert content(driver, driver.get_object(container.name, "r")) == b"found"
    there = driver.open_container(container.name)
    put(there, "from afar", b"x" * 100)
    assert driver.wire.region_of(container.name) == "us-east-1"  # type: ignore[attr-defined]
    assert fetch(driver.sign_url(there, "from afar")) == b"x" * 100


def test_containers_that_exist_or_are_not_empty_are_called_so(
    driver: StorageDriver, container: Container
) -> None:
    with pytest.raises(errors.ContainerAlreadyExistsError):
        driver.create_container(container.name)
    put(container, "x")
    with pytest.raises(errors.ContainerIsNotEmptyError):
        container.delete()
    assert container.name in [one.name for one in driver.list_containers()]


def test_host_and_port_do_instead_of_an_address(swift_server: Swift, container: Container) -> None:
    parts = urlsplit(swift_server.endpoint)
    driver = get_driver(Provider.SWIFT_S3)("test:tester", "testing", False, parts.hostname, parts.port)
    assert container.name in [one.name for one in driver.list_containers()]


def test_a_driver_and_its_objects_travel_by_pickle(driver: StorageDriver, container: Container) -> None:
    obj = put(container, "p", b"pickled")
    twin = pickle.loads(pickle.dumps(obj))
    assert content(twin.driver, twin) == b"pickled"
    assert "testing" not in repr(driver)


# -- harm on the way, and many hands --


@pytest.mark.parametrize("size", [200_000, 17 * MIB])
def test_a_byte_turned_on_the_way_up_never_becomes_an_object(
    swift_server: Swift, container: Container, size: int
) -> None:
    with faults.proxy(swift_server.endpoint) as proxy:
        proxy.always = faults.Plan(up=faults.Fault(corrupt_at=150_000))
        driver = get_driver(Provider.SWIFT_S3)("test:tester", "testing", endpoint=proxy.endpoint, attempts=1)
        with pytest.raises(errors.ObjectHashMismatchError):
            driver.upload_object_via_stream(
                [secrets.token_bytes(size)], container_of(driver, container), "bad"
            )
    assert container.get_objects() == []


def test_what_was_damaged_on_its_way_is_sent_again(swift_server: Swift, container: Container) -> None:
    data = secrets.token_bytes(200_000)
    with faults.proxy(swift_server.endpoint) as proxy:
        proxy.always = faults.Plan(up=faults.Fault(corrupt_at=150_000))  # once: the next bytes are sound
        driver = get_driver(Provider.SWIFT_S3)("test:tester", "testing", endpoint=proxy.endpoint)
        driver.upload_object_via_stream([data], container_of(driver, container), "again")
    assert content(container.driver, container.get_object("again")) == data


def container_of(driver: StorageDriver, container: Container) -> Container:
    return driver.open_container(container.name)


def test_a_byte_turned_on_the_way_down_fails_the_download(swift_server: Swift, container: Container) -> None:
    put(container, "whole", secrets.token_bytes(200_000))
    with faults.proxy(swift_server.endpoint) as proxy:
        driver = get_driver(Provider.SWIFT_S3)("test:tester", "testing", endpoint=proxy.endpoint)
        obj = driver.get_object(container.name, "whole")
        proxy.cut()
        proxy.always = faults.Plan(down=faults.Fault(corrupt_at=100_000))
        with pytest.raises(errors.ObjectHashMismatchError):
            content(driver, obj)


def test_a_connection_cut_while_reading_is_taken_up_where_it_broke(
    swift_server: Swift, container: Container
) -> None:
    data = secrets.token_bytes(3 * MIB)
    put(container, "cut", data)
    with faults.proxy(swift_server.endpoint) as proxy:
        driver = get_driver(Provider.SWIFT_S3)("test:tester", "testing", endpoint=proxy.endpoint)
        obj = driver.get_object(container.name, "cut")
        proxy.cut()
        proxy.script(
            faults.Plan(down=faults.Fault(reset_after=MIB)), faults.Plan(down=faults.Fault(close_after=MIB))
        )
        assert content(driver, obj) == data


def test_sixteen_threads_share_one_driver_and_never_see_each_others_bytes(
    driver: StorageDriver, container: Container
) -> None:
    def work(number: int) -> int:
        for turn in range(12):
            name, data = f"{number}/{turn} é", secrets.token_bytes(2000 + number)
            put(container, name, data, ex_meta={"who": f"{number}"})
            obj = driver.get_object(container.name, name)
            assert (obj.meta_data, content(driver, obj)) == ({"who": f"{number}"}, data)
            assert {one.name for one in driver.list_page(container, f"{number}/").objects} >= {name}
            if turn % 2:
                driver.delete_object(obj)
        return number

    with ThreadPoolExecutor(16) as pool:
        assert list(pool.map(work, range(16))) == list(range(16))
    assert len(container.get_objects()) == 16 * 6
