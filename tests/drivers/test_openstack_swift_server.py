"""Swift on the real server, with python-swiftclient looking on: what the other services do not have."""

from __future__ import annotations

import json
import logging
import secrets
import time
import urllib.error
import urllib.request
from collections.abc import Iterator
from contextlib import closing
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
import swiftclient

from storage_core import errors
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
def box(driver: OpenStackSwiftStorageDriver) -> Iterator[Container]:
    container = driver.create_container(f"box-{secrets.token_hex(5)}")
    yield container
    for upload in driver.iterate_uploads(container):
        driver.abort_upload(upload)
    assert driver.delete_objects(container, [obj.name for obj in container.get_objects()]) == []
    for version in list(driver.iterate_versions(container)):
        driver.delete_object(version.object)
    container.delete()


def put(box: Container, name: str, data: bytes = b"content", **more: Any) -> Object:
    return box.driver.upload_object_via_stream([data], box, name, **more)


def content(obj: Object) -> bytes:
    return b"".join(obj.as_stream(1 << 20))


def in_parts(
    box: Container, name: str, pieces: tuple[bytes, ...] = (b"one,", b"two"), **attributes: Any
) -> Object:
    driver = box.driver
    upload = driver.start_upload(box, name, Attributes(**attributes))
    parts = [driver.upload_part(upload, number, BytesBody(data)) for number, data in enumerate(pieces, 1)]
    driver.complete_upload(upload, parts)
    return box.get_object(name)


def segments(box: Container) -> list[str]:
    try:
        return [obj.name for obj in box.driver.open_container(f"{box.name}_segments").get_objects()]
    except errors.ContainerDoesNotExistError:
        return []


# -- large objects --


def test_parts_are_a_static_large_object_that_the_sdk_reads(box: Container, sdk: Any) -> None:
    obj = in_parts(box, "films/ü +.bin", metadata={"director": "me"}, content_type="video/x")
    told, data = sdk.get_object(box.name, "films/ü +.bin")
    assert (data, told["x-static-large-object"], told["content-type"]) == (b"one,two", "True", "video/x")
    assert told["x-object-meta-director"] == "me"
    assert told["etag"] == f'"{obj.etag}"'
    rows = json.loads(
        sdk.get_object(box.name, "films/ü +.bin", query_string="multipart-manifest=get")[1].decode()
    )
    names = [row["name"] for row in rows]
    assert all(name.startswith(f"/{box.name}_segments/films/ü +.bin/slo/") for name in names)
    assert [name[-8:] for name in names] == ["00000001", "00000002"]
    assert obj.hash == f'"{obj.etag}"'  # nothing that could be taken for an MD5 of the content
    assert obj.extra["manifest"] == "static"


def test_a_large_object_of_the_listing_is_read_pinned_to_what_the_listing_said(box: Container) -> None:
    whole = in_parts(box, "x")
    [listed] = box.list_objects()
    assert (listed.etag, listed.size, listed.hash) == (whole.etag, 7, whole.hash)
    assert content(listed) == b"one,two"
    put(box, "x", b"another")
    with pytest.raises(errors.ObjectChangedError):
        content(listed)


def test_segments_go_with_the_object_that_is_deleted(box: Container) -> None:
    for delete in (
        lambda: box.get_object("x").delete(),
        lambda: box.driver.delete_objects(box, ["a", "x", "b", "not there"]),
    ):
        for name in ("a", "b"):
            put(box, name)
        in_parts(box, "x")
        assert len(segments(box)) == 2
        delete()
        assert segments(box) == []
        assert "x" not in [obj.name for obj in box.get_objects()]


@pytest.mark.parametrize("way", ["whole", "in parts", "copied"])
def test_segments_go_when_their_object_is_overwritten(box: Container, way: str) -> None:
    in_parts(box, "x")
    before = segments(box)
    if way == "whole":
        put(box, "x", b"new")
    elif way == "in parts":
        in_parts(box, "x", (b"new",))
    else:
        box.driver.copy_object(put(box, "y", b"new"), box, "x")
    assert content(box.get_object("x")) == b"new"
    assert not set(before) & set(segments(box))
    assert len(segments(box)) == (1 if way == "in parts" else 0)


def test_segments_of_a_version_stay_until_the_version_goes(box: Container) -> None:
    driver: Any = box.driver
    driver.ex_enable_versions(box)
    in_parts(box, "x")
    put(box, "x", b"newer")
    assert len(segments(box)) == 2
    [_, old] = driver.iterate_versions(box, "x")
    assert content(old.object) == b"one,two"
    box.get_object("x").delete()
    assert content(old.object) == b"one,two"
    old.object.delete()
    assert segments(box) == []


def test_ordinary_objects_that_a_manifest_names_are_left_alone(box: Container, sdk: Any) -> None:
    part = put(box, "part", b"mine")
    manifest = json.dumps([{"path": f"/{box.name}/part", "etag": part.etag, "size_bytes": 4}])
    sdk.put_object(box.name, "whole", manifest, query_string="multipart-manifest=put")
    in_parts(box, "other")  # so that it is known that there are large objects
    put(box, "whole", b"overwritten")
    assert content(box.get_object("part")) == b"mine"
    sdk.put_object(box.name, "whole", manifest, query_string="multipart-manifest=put")
    box.get_object("whole").delete()
    assert content(box.get_object("part")) == b"mine"


def test_more_parts_than_a_manifest_takes_become_manifests_of_manifests(box: Container) -> None:
    driver: Any = box.driver
    driver.wire.look_around()
    driver.wire.limits = replace(driver.wire.limits, max_manifest_segments=3)
    obj = in_parts(box, "x", tuple(b"%d" % number for number in range(8)))
    assert content(obj) == b"01234567"
    assert b"".join(obj.range_as_stream(2, 7)) == b"23456"
    assert len([name for name in segments(box) if "/manifest-" in name]) == 3
    obj.delete()
    assert segments(box) == []


def test_an_abort_after_the_end_takes_nothing_from_the_object(box: Container, sdk: Any) -> None:
    """The reply to the completion was lost, so whoever asked for it gives up and cleans up."""
    driver: Any = box.driver
    upload = driver.start_upload(box, "x", Attributes())
    part = driver.upload_part(upload, 1, BytesBody(b"whole"))
    note = f".uploads/{upload.id}"
    told, body = sdk.get_object(f"{box.name}_segments", note)
    driver.complete_upload(upload, [part])
    driver.abort_upload(upload)
    assert content(box.get_object("x")) == b"whole"
    sdk.put_object(f"{box.name}_segments", note, body, content_type=told["content-type"])
    driver.abort_upload(upload)
    assert content(box.get_object("x")) == b"whole"
    assert list(driver.iterate_uploads(box)) == []


def test_completing_again_after_a_lost_reply_says_the_same(box: Container) -> None:
    driver = box.driver
    upload = driver.start_upload(box, "x", Attributes())
    part = driver.upload_part(upload, 1, BytesBody(b"whole"))
    first = driver.complete_upload(upload, [part])
    again = driver.complete_upload(upload, [part])
    assert (again.etag, again.size) == (first.etag, 5)
    put(box, "x", b"other")
    with pytest.raises(errors.ObjectDoesNotExistError):
        driver.complete_upload(upload, [part])


def test_another_process_finds_the_segments_and_goes_on(box: Container, swift_server: Swift) -> None:
    begun = box.driver.start_upload(box, "film", Attributes(metadata={"a": "b"}))
    first = box.driver.upload_part(begun, 1, BytesBody(b"first,"))
    other = OpenStackSwiftStorageDriver(
        swift_server.access_key, swift_server.secret_key, auth_url=swift_server.auth_url
    )
    [found] = other.iterate_uploads(other.open_container(box.name), "film")
    assert (found.id, found.object_name) == (begun.id, "film")
    assert other.list_parts(found) == [first]
    second = other.upload_part(found, 2, BytesBody(b"second"))
    other.complete_upload(found, [first, second])
    obj = box.get_object("film")
    assert (content(obj), obj.meta_data) == (b"first,second", {"a": "b"})


def test_the_longest_name_can_be_uploaded_in_parts(box: Container) -> None:
    name = "é" * 512
    assert content(in_parts(box, name)) == b"one,two"
    upload = box.driver.start_upload(box, name, Attributes())
    assert [one.object_name for one in box.driver.iterate_uploads(box, "éé")] == [name]
    box.driver.abort_upload(upload)


def test_a_part_without_bytes_is_left_out(box: Container) -> None:
    assert content(in_parts(box, "x", (b"all", b""))) == b"all"
    assert content(in_parts(box, "nothing", (b"",))) == b""


def test_an_object_put_together_by_a_prefix_is_read_and_kept(
    box: Container, sdk: Any, caplog: pytest.LogCaptureFixture
) -> None:
    home = f"{box.name}_segments"
    sdk.put_container(home)
    for number, data in enumerate((b"aa", b"bb")):
        sdk.put_object(home, f"dyn/{number}", data)
    sdk.put_object(box.name, "dlo", "", headers={"X-Object-Manifest": f"{home}/dyn/"})
    obj = box.get_object("dlo")
    assert (obj.size, obj.extra["manifest"]) == (4, f"{home}/dyn/")
    assert content(obj) == b"aabb"
    [listed] = box.list_objects()
    assert content(listed) == b"aabb"
    assert b"".join(listed.range_as_stream(1, 3)) == b"ab"
    box.driver.set_object_attributes(obj, Attributes(metadata={"a": "b"}))
    fresh = box.get_object("dlo")
    assert (fresh.meta_data, content(fresh)) == ({"a": "b"}, b"aabb")
    with caplog.at_level(logging.WARNING, "storage_core"):
        fresh.delete()
    assert f"{home}/dyn/" in caplog.text
    assert segments(box) == ["dyn/0", "dyn/1"]
    box.driver.delete_objects(box.driver.open_container(home), segments(box))


# -- copies --


def test_a_copy_of_a_large_object_has_segments_of_its_own_in_any_container(
    box: Container, driver: OpenStackSwiftStorageDriver
) -> None:
    obj = in_parts(box, "x", metadata={"who": "me"}, content_type="text/x", cache_control="no-cache")
    other = driver.create_container(f"{box.name}-other")
    stored = driver.copy_object(obj, other, "copy ü")
    copy = other.get_object("copy ü")
    assert (content(copy), copy.meta_data, copy.etag) == (b"one,two", {"who": "me"}, stored.etag)
    assert (copy.extra["content_type"], copy.extra["cache_control"]) == ("text/x", "no-cache")
    driver.copy_object(obj, other, "fresh", Attributes(metadata={"new": "1"}, content_type="text/y"))
    fresh = other.get_object("fresh")
    assert (fresh.meta_data, fresh.extra["content_type"]) == ({"new": "1"}, "text/y")
    assert "cache_control" not in fresh.extra
    assert len(segments(other)) == 2
    driver.delete_objects(other, ["copy ü", "fresh"])
    assert segments(other) == []
    assert content(obj) == b"one,two"
    other.delete()


def test_what_others_copied_from_a_large_object_is_read_although_conditions_on_it_fail(
    box: Container, sdk: Any
) -> None:
    in_parts(box, "x")
    sdk.copy_object(box.name, "x", f"/{box.name}/copy")
    copy = box.get_object("copy")
    assert content(copy) == b"one,two"
    assert b"".join(copy.range_as_stream(2, 5)) == b"e,t"
    box.driver.copy_object(copy, box, "again")
    assert content(box.get_object("again")) == b"one,two"
    put(box, "copy", b"another")
    with pytest.raises(errors.ObjectChangedError):
        content(copy)


def test_what_is_copied_is_pinned_and_what_is_missing_is_named(box: Container) -> None:
    driver = box.driver
    obj = put(box, "x", b"old")
    put(box, "x", b"new")
    with pytest.raises(errors.ObjectChangedError):
        driver.copy_object(obj, box, "y")
    obj = box.get_object("x")
    with pytest.raises(errors.ContainerDoesNotExistError, match="nowhere"):
        driver.copy_object(obj, driver.open_container("nowhere"), "y")
    obj.delete()
    with pytest.raises(errors.ObjectDoesNotExistError, match="'x'"):
        driver.copy_object(obj, box, "y")


def test_an_old_version_is_copied(box: Container) -> None:
    driver: Any = box.driver
    driver.ex_enable_versions(box)
    put(box, "x", b"old")
    put(box, "x", b"new")
    [_, old] = driver.iterate_versions(box, "x")
    driver.copy_object(old.object, box, "restored")
    assert content(box.get_object("restored")) == b"old"


# -- what objects carry --


def test_a_change_of_metadata_loses_no_other_header(box: Container, sdk: Any) -> None:
    soon = str(int(time.time()) + 3600)
    headers = {
        "Content-Type": "text/x", "Content-Encoding": "gzip", "Content-Disposition": "attachment",
        "Content-Language": "de", "Cache-Control": "no-cache", "Expires": "Wed, 21 Oct 2037 07:28:00 GMT",
        "X-Robots-Tag": "none", "X-Delete-At": soon, "X-Object-Meta-Old": "1",
    }  # fmt: skip
    sdk.put_object(box.name, "x", b"1", headers=headers)
    box.driver.ex_set_object_metadata(box.get_object("x"), {"new": "2"})
    told = sdk.head_object(box.name, "x")
    wanted = {name.lower(): value for name, value in headers.items() if "Meta" not in name}
    assert {name: told.get(name) for name in wanted} == wanted
    assert "x-object-meta-old" not in told
    assert told["x-object-meta-new"] == "2"


def test_an_end_is_set_shown_and_taken_away(box: Container) -> None:
    driver: Any = box.driver
    obj = put(box, "x", ex_meta={"a": "b"}, extra={"cache_control": "no-cache"})
    end = datetime.now(UTC).replace(microsecond=0) + timedelta(hours=1)
    timed = driver.ex_expire_object(obj, end)
    assert timed.extra["delete_at"] == end.isoformat()
    assert (timed.meta_data, timed.extra["cache_control"]) == ({"a": "b"}, "no-cache")
    assert box.get_object("x").extra["delete_at"] == end.isoformat()
    assert "delete_at" not in driver.ex_expire_object(obj, None).extra


@pytest.mark.parametrize(
    "metadata",
    [
        {"under_score": "1", "a.b-c": "2", "Größe": "3", "a b/c": "4", "100%": "5", "%5f": "6"},
        {"key": " outer spaces "},
        {"key": "100% of a%20b"},
        {"key": "two\nlines\r\n"},
        {"key": "%FF is no letter"},
        {"key": "ü" * 128},
    ],
)
def test_metadata_of_every_kind_is_what_the_sdk_reads(
    box: Container, sdk: Any, metadata: dict[str, str]
) -> None:
    put(box, "x", ex_meta=metadata)
    lowered = {key.lower(): value for key, value in metadata.items()}
    assert box.get_object("x").meta_data == lowered
    told = sdk.head_object(box.name, "x")
    prefix = "x-object-meta-"
    assert {key[len(prefix) :]: told[key] for key in told if key.startswith(prefix)} == lowered


@pytest.mark.parametrize(
    ("metadata", "words"),
    [
        ({"key": "x" * 257}, "257 bytes as it is stored; this cluster holds 256"),
        ({"key": "ü" * 129}, "258 bytes"),
        ({"k" * 129: "x"}, "this cluster holds 128"),
        ({"_" * 43: "x"}, "129 bytes as it is stored"),
        ({f"k{number}": "x" for number in range(91)}, "91 metadata entries; this cluster holds 90"),
        ({f"k{number}": "x" * 250 for number in range(17)}, "at most 4096"),
        ({"Key": "1", "key": "2"}, "twice"),
        ({"key": "\udcff"}, "not valid Unicode"),
    ],
)
def test_metadata_that_is_too_much_is_refused_with_the_number_before_anything_is_sent(
    box: Container, metadata: dict[str, str], words: str
) -> None:
    with pytest.raises(errors.AttributeRefusedError, match=words):
        put(box, "x", ex_meta=metadata)
    assert box.list_objects() == []


def test_metadata_up_to_the_limits_is_kept(box: Container) -> None:
    for metadata in (
        {"k" * 128: "v" * 256},
        {f"k{number}": "x" for number in range(90)},
        {f"k{number}": "x" * 250 for number in range(11)},  # ext4 has room for no more
    ):
        put(box, "x", ex_meta=metadata)
        assert box.get_object("x").meta_data == metadata


# -- public, links, websites --


def test_a_container_is_made_public_and_private_and_keeps_its_other_readers(box: Container, sdk: Any) -> None:
    driver = box.driver
    put(box, "a b.txt", b"shown")
    sdk.post_container(box.name, {"X-Container-Read": "test2:tester2", "X-Container-Meta-Colour": "red"})
    assert driver.get_public_access(box).on is False
    state = driver.set_public_access(box, True)
    assert state.on is True
    assert fetch(f"{state.url}/a%20b.txt") == b"shown"
    assert b"a b.txt" in fetch(state.url)
    assert box.get_cdn_url() == state.url
    assert driver.set_public_access(box, False).on is False
    told = sdk.head_container(box.name)
    assert (told["x-container-read"], told["x-container-meta-colour"]) == ("test2:tester2", "red")
    with pytest.raises(urllib.error.HTTPError, match="401"):
        fetch(state.url)


def fetch(url: str) -> bytes:
    with urllib.request.urlopen(url, timeout=20) as reply:
        return bytes(reply.read())


@pytest.mark.parametrize("digest", ["sha1", "sha256", "sha512"])
def test_links_of_every_digest_open(box: Container, digest: str) -> None:
    driver: Any = box.driver
    put(box, "folder/ü +%?#.txt", b"shared")
    driver.ex_set_temp_url_key("some key")
    driver.wire.look_around()
    driver.wire.limits = replace(driver.wire.limits, link_digests=(digest,))
    link = driver.sign_url(box, "folder/ü +%?#.txt", seconds=60)
    assert fetch(link) == b"shared"
    with pytest.raises(urllib.error.HTTPError, match="401"):
        fetch(link.replace("temp_url_expires=", "temp_url_expires=9"))


def test_a_container_s_own_key_signs_before_the_account_s(box: Container, sdk: Any) -> None:
    driver: Any = box.driver
    put(box, "x", b"shared")
    driver.ex_set_temp_url_key("of the account")
    sdk.post_container(box.name, {"X-Container-Meta-Temp-URL-Key": "of the container"})
    link = driver.ex_get_object_temp_url(box.get_object("x"))
    driver.ex_set_temp_url_key("another")
    assert fetch(link) == b"shared"


def test_a_new_key_leaves_links_of_the_last_one_open(box: Container) -> None:
    driver: Any = box.driver
    put(box, "x", b"shared")
    driver.ex_set_temp_url_key("first")
    link = driver.sign_url(box, "x")
    assert driver.ex_set_account_metadata_temp_url_key("second") is True
    assert fetch(link) == b"shared"
    assert fetch(driver.sign_url(box, "x")) == b"shared"
    assert driver.ex_get_meta_data()["temp_url_key"] == "second"
    assert len(driver.ex_set_temp_url_key()) > 30


def test_an_account_without_a_key_says_what_to_do(swift_server: Swift) -> None:
    driver = OpenStackSwiftStorageDriver("test2:tester2", "testing2", auth_url=swift_server.auth_url)
    box = driver.create_container(f"box-{secrets.token_hex(5)}")
    with pytest.raises(errors.OperationNotSupportedError, match="ex_set_temp_url_key"):
        driver.sign_url(box, "x")
    box.delete()


def test_a_container_is_a_website_and_stops_being_one(box: Container) -> None:
    driver: Any = box.driver
    put(box, "index.html", b"welcome")
    put(box, "404oops.html", b"lost")
    driver.set_public_access(box, True)
    driver.ex_enable_static_website(box)
    driver.ex_set_error_page(box, "oops.html")
    url = driver.get_container_cdn_url(box)
    assert fetch(f"{url}/") == b"welcome"
    with pytest.raises(urllib.error.HTTPError) as lost:
        fetch(f"{url}/nowhere")
    assert lost.value.read() == b"lost"
    driver.ex_disable_static_website(box)
    assert b"welcome" not in fetch(f"{url}/")


# -- containers, versions, refusals --


def test_containers_tell_counts_and_bytes(box: Container, driver: OpenStackSwiftStorageDriver) -> None:
    put(box, "x", b"12345")
    fresh = driver.get_container(box.name)
    assert (fresh.extra["object_count"], fresh.extra["size"]) == (1, 5)
    assert fresh.extra["storage_policy"]
    [listed] = [one for one in driver.list_containers() if one.name == box.name]
    assert {"object_count", "size"} <= set(listed.extra)


def test_pages_of_one_name_reach_every_object_and_folder(box: Container) -> None:
    names = ["a", "a/", "a/1", "a/b/2", "a0", "z", "ü/1", "ü/2"]
    for name in names:
        put(box, name)
    driver = box.driver

    def walk(prefix: str, delimiter: str) -> list[str]:
        found, token = [], ""
        while True:
            page = driver.list_page(box, prefix, delimiter=delimiter, token=token, limit=1)
            found += [obj.name for obj in page.objects] + page.prefixes
            token = page.next_token
            if not token:
                return found

    assert walk("", "") == names
    assert walk("", "/") == ["a", "a/", "a0", "z", "ü/"]
    assert walk("a/", "/") == ["a/", "a/1", "a/b/"]


def test_a_container_of_unknown_policy_is_refused(driver: OpenStackSwiftStorageDriver) -> None:
    with pytest.raises(errors.ProviderError, match="refused"):
        driver.create_container("never", ex_storage_policy="platinum")
    with pytest.raises(TypeError, match="colour"):
        driver.create_container("never", colour="red")


def test_a_quota_is_a_sentence(box: Container, sdk: Any) -> None:
    sdk.post_container(box.name, {"X-Container-Meta-Quota-Bytes": "3"})
    with pytest.raises(errors.ObjectTooLargeError, match="quota") as full:
        put(box, "x", b"1234")
    assert full.value.status == 413
    assert full.value.request_id.startswith("tx")


def test_damage_on_the_way_is_refused_by_the_server(box: Container) -> None:
    body = BytesBody(b"right")
    body._whole = "0" * 32
    with pytest.raises(errors.ObjectHashMismatchError, match="damaged"):
        box.driver.put_object(box, "x", body, Attributes())
    assert box.list_objects() == []


def test_names_that_swift_does_not_hold_are_refused_before(box: Container) -> None:
    driver = box.driver
    with pytest.raises(errors.InvalidObjectNameError, match="NUL"):
        put(box, "a\0b")
    with pytest.raises(errors.InvalidObjectNameError, match="1025"):
        put(box, "n" * 1025)
    with pytest.raises(errors.InvalidContainerNameError, match="256 bytes, not 258"):
        driver.create_container("ü" * 129)


def test_somebody_else_s_container_is_denied(box: Container, swift_server: Swift) -> None:
    put(box, "x")
    reader = OpenStackSwiftStorageDriver("test:reader", "reading", auth_url=swift_server.auth_url)
    for attempt in (
        lambda: reader.get_object(box.name, "x"),
        lambda: reader.create_container("mine"),
        lambda: list(reader.list_containers()),
    ):
        with pytest.raises(errors.AccessDeniedError):
            attempt()


def test_bulk_deletion_reports_what_is_still_there(box: Container, swift_server: Swift, sdk: Any) -> None:
    """The report of a refusal comes with status 200."""
    put(box, "x")
    sdk.post_container(box.name, {"X-Container-Read": "test:reader"})
    reader = OpenStackSwiftStorageDriver("test:reader", "reading", auth_url=swift_server.auth_url)
    [failure] = reader.delete_objects(reader.open_container(box.name), ["x"])
    assert (failure.object_name, "403" in failure.reason) == ("x", True)
    assert content(box.get_object("x")) == b"content"


def test_names_far_apart_are_deleted_with_their_segments(box: Container) -> None:
    driver: Any = box.driver
    driver.wire.look_around()
    driver.wire.limits = replace(driver.wire.limits, container_listing_limit=5)
    names = [f"{number:03}" for number in range(40)]
    for name in names:
        put(box, name)
    in_parts(box, "035")
    assert driver.delete_objects(box, ["002", "035", "036", "039", "040"]) == []
    assert segments(box) == []
    assert len(box.list_objects()) == 36


def test_what_is_downloaded_is_what_was_sent_in_parts(box: Container, tmp_path: Path) -> None:
    source = tmp_path / "source"
    source.write_bytes(bytes(range(256)) * 80_000)
    obj: Any = box.driver
    done = obj.ex_multipart_upload_object(str(source), box, "large")
    assert done.size == 20_480_000
    assert box.get_object("large").download(str(tmp_path / "back"))
    assert (tmp_path / "back").read_bytes() == source.read_bytes()
