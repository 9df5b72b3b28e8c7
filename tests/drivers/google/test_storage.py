"""The Google driver on the stand-in: listing, reading, copying, changing, and who may read."""

from __future__ import annotations

import gzip
import os
import urllib.error
import urllib.request
from datetime import UTC, datetime
from typing import Any

import pytest

from storage_core.attributes import Attributes
from storage_core.base import Container, Object
from storage_core.body import BytesBody
from storage_core.capabilities import KIB, MIB
from storage_core.drivers import google_storage_crc
from storage_core.drivers.google_storage import GoogleStorageDriver
from storage_core.errors import (
    AccessDeniedError,
    AttributeRefusedError,
    ContainerDoesNotExistError,
    ContainerIsNotEmptyError,
    LibcloudError,
    ObjectChangedError,
    ObjectDoesNotExistError,
    ObjectHashMismatchError,
    OperationNotSupportedError,
)
from tests.drivers.google.conftest import BUCKET, content, driver_of, heard, put
from tests.servers.google_standin import GoogleStandin

# -- containers and listings --


def test_a_project_is_needed_and_stands_in_the_key(google_standin: GoogleStandin) -> None:
    driver_of(google_standin).create_container(BUCKET)
    [one] = driver_of(google_standin).list_containers()
    assert (one.name, one.extra["storage_class"]) == (BUCKET, "STANDARD")
    token = driver_of(google_standin).wire.sign_in.token()
    nameless = GoogleStorageDriver(token=token, endpoint=google_standin.endpoint)
    with pytest.raises(LibcloudError, match="give the project's id"):
        nameless.list_containers()
    assert nameless.get_container(BUCKET).name == BUCKET
    assert GoogleStorageDriver(
        token=token, project=google_standin.project, endpoint=google_standin.endpoint
    ).list_containers()


def test_a_listing_asks_for_what_it_needs_and_carries_metadata(
    google_standin: GoogleStandin, container: Container
) -> None:
    for number in range(12):
        put(container, f"{number:02}", ex_meta={"number": str(number)})
    google_standin.settings(page_size=5)
    objects = container.list_objects()
    assert [obj.meta_data["number"] for obj in objects] == [str(number) for number in range(12)]
    assert objects[0].extra["content_type"] == "application/octet-stream"
    lists = heard(google_standin, "GET", "/o?")
    assert len(lists) == 3
    assert all("fields=nextPageToken" in one["target"] for one in lists)
    assert not heard(google_standin, "GET", "/o/")


def test_a_container_with_unfinished_uploads_is_deleted_with_them_when_nothing_else_is_in_it(
    container: Container, sdk: Any
) -> None:
    """To a person it is empty. As long as an object, or an old version, is in it, the parts stay, too."""
    bucket = sdk.get_bucket(BUCKET)
    bucket.versioning_enabled = True
    bucket.patch()
    upload = container.driver.start_upload(container, "x", Attributes())
    container.driver.upload_part(upload, 1, BytesBody(b"one"))
    container.driver.upload_part(upload, 1, BytesBody(b"again"))
    assert container.list_objects() == []
    assert container.driver.list_page(container).prefixes == []
    put(container, "z").delete()
    with pytest.raises(ContainerIsNotEmptyError):
        container.delete()
    [found] = container.driver.iterate_uploads(container)
    assert found.id == upload.id
    assert len(container.driver.list_parts(upload)) == 1
    [old] = container.driver.iterate_versions(container)
    container.driver.delete_object(old.object)
    assert container.delete() is True
    assert not sdk.bucket(BUCKET).exists()


def test_versions_are_generations_without_delete_markers(container: Container, sdk: Any) -> None:
    bucket = sdk.get_bucket(BUCKET)
    bucket.versioning_enabled = True
    bucket.patch()
    driver = container.driver
    for data in (b"first", b"second"):
        put(container, "folder/x", data)
    put(container, "other")
    versions = list(driver.iterate_versions(container, "folder/"))
    assert [content(one.object) for one in versions] == [b"second", b"first"]
    assert [one.is_latest for one in versions] == [True, False]
    container.get_object("folder/x").delete()
    versions = list(driver.iterate_versions(container, "folder/"))
    assert [one.is_latest for one in versions] == [False, False]
    assert not any(one.is_delete_marker for one in versions)
    driver.copy_object(versions[0].object, container, "folder/x")
    assert content(container.get_object("folder/x")) == b"second"
    driver.delete_object(versions[1].object)
    left = [content(one.object) for one in driver.iterate_versions(container, "folder/")]
    assert left == [b"second", b"second"]


# -- reading --


def test_what_is_stored_packed_arrives_packed(container: Container, sdk: Any) -> None:
    packed = gzip.compress(b"text " * 1000)
    put(container, "a.txt", packed, extra={"content_type": "text/plain", "content_encoding": "gzip"})
    obj = container.get_object("a.txt")
    assert (obj.size, content(obj)) == (len(packed), packed)
    assert b"".join(obj.range_as_stream(2, 20)) == packed[2:20]
    # The same as others write it.
    blob = sdk.bucket(BUCKET).blob("b.txt")
    blob.content_encoding = "gzip"
    blob.upload_from_string(packed, content_type="text/plain")
    assert content(container.get_object("b.txt")) == packed


@pytest.mark.parametrize("composed", [False, True])
def test_a_damaged_download_is_found(
    google_standin: GoogleStandin, container: Container, composed: bool
) -> None:
    """By MD5, and by CRC32C where Google has no MD5: of objects put together from parts."""
    data = os.urandom(300_000)
    if composed:
        upload = container.driver.start_upload(container, "x", Attributes())
        parts = [
            container.driver.upload_part(upload, number, BytesBody(data[at : at + 100_000]))
            for number, at in enumerate(range(0, 300_000, 100_000), 1)
        ]
        assert container.driver.complete_upload(upload, parts).md5 == ""
    else:
        put(container, "x", data)
    obj = container.get_object("x")
    assert content(obj) == data
    google_standin.fault("corrupt", method="GET", path="alt=media", bytes=250_000)
    with pytest.raises(ObjectHashMismatchError, match="CRC32C" if composed else "MD5"):
        content(obj)


def composed_of(container: Container, data: bytes) -> Object:
    """An object without an MD5."""
    upload = container.driver.start_upload(container, "x", Attributes())
    container.driver.complete_upload(upload, [container.driver.upload_part(upload, 1, BytesBody(data))])
    return container.get_object("x")


def test_a_download_that_was_cut_is_still_checked(
    google_standin: GoogleStandin, container: Container
) -> None:
    """By the CRC32C of the whole, across both connections."""
    data = os.urandom(300_000)
    obj = composed_of(container, data)
    google_standin.fault("short", method="GET", path="alt=media", bytes=100_000)
    assert content(obj) == data
    google_standin.fault("corrupt", method="GET", path="alt=media", bytes=50_000, skip=1)
    google_standin.fault("short", method="GET", path="alt=media", bytes=100_000)
    with pytest.raises(ObjectHashMismatchError, match="CRC32C"):
        content(obj)


def test_without_the_fast_extra_a_composed_object_is_read_unchecked(
    container: Container, monkeypatch: pytest.MonkeyPatch
) -> None:
    upload = container.driver.start_upload(container, "x", Attributes())
    container.driver.complete_upload(upload, [container.driver.upload_part(upload, 1, BytesBody(b"one"))])
    monkeypatch.setattr(google_storage_crc, "can_check", lambda: False)
    obj = container.get_object("x")
    with container.driver.open_object(obj) as download:
        assert (download.md5, download.read(10)) == ("", b"one")


def test_a_cut_download_goes_on_with_the_same_generation(
    google_standin: GoogleStandin, container: Container
) -> None:
    data = os.urandom(300_000)
    obj = put(container, "x", data)
    google_standin.fault("short", method="GET", path="alt=media", bytes=100_000)
    assert content(obj) == data
    first, second = heard(google_standin, "GET", "alt=media")
    for one in (first, second):
        assert f"ifGenerationMatch={obj.etag}" in one["target"]
        assert one["headers"]["accept-encoding"] == "gzip"
    assert second["headers"]["range"] == "bytes=100000-299999"
    google_standin.fault("short", method="GET", path="alt=media", bytes=100_000)
    stream = obj.as_stream(50_000)
    got = [next(stream)]
    put(container, "x", os.urandom(300_000))
    with pytest.raises(ObjectChangedError):
        got.extend(stream)


# -- copying and changing --


def test_a_copy_walks_through_all_its_calls(google_standin: GoogleStandin, container: Container) -> None:
    google_standin.settings(rewrite_bytes=MIB)
    data = os.urandom(3 * MIB + 5)
    obj = put(container, "source & ü", data, ex_meta={"who": "me"}, extra={"cache_control": "no-cache"})
    attributes = Attributes(storage_class="ARCHIVE", content_type="text/css", metadata={"new": "1"})
    container.driver.copy_object(obj, container, "copy", attributes)
    copy = container.get_object("copy")
    assert (content(copy), copy.storage_class, copy.meta_data) == (data, "ARCHIVE", {"new": "1"})
    assert len(heard(google_standin, "POST", "/rewriteTo/")) == 4
    # The class goes along with a plain copy, and all the rest does.
    container.driver.copy_object(copy, container, "copy of the copy")
    again = container.get_object("copy of the copy")
    assert (again.storage_class, again.meta_data, content(again)) == ("ARCHIVE", {"new": "1"}, data)
    assert again.extra["content_type"] == "text/css"


def test_a_copy_into_nothing_says_what_is_missing(container: Container) -> None:
    obj = put(container, "x")
    with pytest.raises(ContainerDoesNotExistError) as caught:
        container.driver.copy_object(obj, container.driver.open_container("skyferry-missing"), "x")
    assert caught.value.container_name == "skyferry-missing"


def test_changing_attributes_keeps_what_they_do_not_speak_of(container: Container, sdk: Any) -> None:
    put(container, "x", ex_meta={"Old": "1", "Kept": "ü 漢字"}, extra={"cache_control": "no-cache"})
    blob = sdk.get_bucket(BUCKET).get_blob("x")
    blob.custom_time = datetime(2020, 1, 2, tzinfo=UTC)
    blob.patch()
    obj = container.get_object("x")
    new = Attributes(content_type="text/css", metadata={"Kept": "ü 漢字", "new": "line\nend"})
    fresh = container.driver.set_object_attributes(obj, new)
    assert (fresh.meta_data, fresh.extra["content_type"]) == (new.metadata, "text/css")
    assert fresh.etag == obj.etag  # the content is the same one
    moved = container.driver.set_object_attributes(
        fresh, Attributes(storage_class="NEARLINE", metadata={"a": "b"})
    )
    assert (moved.storage_class, moved.meta_data) == ("NEARLINE", {"a": "b"})
    blob = sdk.get_bucket(BUCKET).get_blob("x")
    assert blob.custom_time == datetime(2020, 1, 2, tzinfo=UTC)
    assert blob.cache_control is None
    with pytest.raises(ObjectChangedError):
        container.driver.set_object_attributes(obj, new)  # that generation is gone


def test_a_lost_answer_to_a_change_is_made_good(google_standin: GoogleStandin, container: Container) -> None:
    obj = put(container, "x", ex_meta={"old": "1"})
    google_standin.fault("lost", method="PATCH", path="/o/x")
    assert container.driver.ex_set_object_metadata(obj, {"new": "2"}).meta_data == {"new": "2"}


def test_what_google_has_no_place_for_is_refused_before_it_is_sent(
    google_standin: GoogleStandin, container: Container
) -> None:
    before = len(google_standin.requests)
    for attributes, field in (
        (Attributes(expires="Thu, 01 Dec 2033 16:00:00 GMT"), "expires"),
        (Attributes(content_type="text/css\r\n\r\nnot the content"), "content_type"),
        (Attributes(blob_type="BlockBlob"), "blob_type"),
        (Attributes(storage_class="GLACIER"), "storage_class"),
        (Attributes(encryption="AES256"), "encryption"),
        (Attributes(encryption_key="a2V5IG9mIDMyIGJ5dGVz"), "encryption_key"),
        (Attributes(acl="log-delivery-write"), "acl"),
        (Attributes(tags={"a": "b"}), "tags"),
        (Attributes(metadata={"a": "\udcff"}), "metadata"),
        (Attributes(metadata={"a": "x" * 8 * KIB}), "metadata"),
    ):
        with pytest.raises(AttributeRefusedError) as caught:
            container.driver.put_object(container, "x", BytesBody(b"x"), attributes)
        assert caught.value.field == field
    assert len(google_standin.requests) == before


def test_deleting_may_lose_its_answer(google_standin: GoogleStandin, container: Container) -> None:
    obj = put(container, "x")
    google_standin.fault("lost", method="DELETE", path="/o/x")
    assert obj.delete() is True
    with pytest.raises(ObjectDoesNotExistError):
        obj.delete()


def test_many_are_deleted_a_hundred_at_a_time(
    google_standin: GoogleStandin, container: Container, sdk: Any
) -> None:
    names = [f"many/{number:03} ü&+?" for number in range(230)]
    for name in names:
        put(container, name)
    held = sdk.get_bucket(BUCKET).get_blob(names[7])
    held.temporary_hold = True
    held.patch()
    before = len(google_standin.requests)
    [failure] = container.driver.delete_objects(container, [*names, "never/was"])
    assert (failure.object_name, "hold" in failure.reason) == (names[7], True)
    assert [obj.name for obj in container.list_objects()] == [names[7]]
    assert sum("/batch/" in one["target"] for one in google_standin.requests[before:]) == 3
    held.temporary_hold = False
    held.patch()


# -- who may read --


def test_a_public_container_is_read_by_anybody(google_standin: GoogleStandin, container: Container) -> None:
    put(container, "folder/x y.txt", b"shown")
    nobody = GoogleStorageDriver(anonymous=True, endpoint=google_standin.endpoint)
    box = nobody.open_container(BUCKET)
    with pytest.raises(AccessDeniedError):
        box.get_object("folder/x y.txt")
    assert nobody.get_public_access(box).on is None
    assert container.enable_cdn() is True
    assert content(box.get_object("folder/x y.txt")) == b"shown"
    url = f"{container.get_cdn_url()}/folder/x%20y.txt"
    with urllib.request.urlopen(url, timeout=30) as reply:
        assert reply.read() == b"shown"
    assert nobody.get_object_cdn_url(container.get_object("folder/x y.txt")) == url
    with pytest.raises(OperationNotSupportedError, match="named"):
        nobody.list_containers()
    assert container.disable_cdn() is True
    with pytest.raises(urllib.error.HTTPError):
        urllib.request.urlopen(url, timeout=30)


def test_the_rest_of_a_policy_stays(container: Container, sdk: Any, google_standin: GoogleStandin) -> None:
    bucket = sdk.get_bucket(BUCKET)
    policy = bucket.get_iam_policy(requested_policy_version=3)
    reader = f"serviceAccount:{google_standin.reader_email}"
    policy.bindings.append({"role": "roles/storage.objectViewer", "members": {reader}})
    bucket.set_iam_policy(policy)
    before = bucket.get_iam_policy(requested_policy_version=3).bindings
    container.enable_cdn()
    now = bucket.get_iam_policy(requested_policy_version=3).bindings
    [viewers] = [one for one in now if one["role"] == "roles/storage.objectViewer"]
    assert viewers["members"] == {reader, "allUsers"}
    container.disable_cdn()
    assert bucket.get_iam_policy(requested_policy_version=3).bindings == before


def test_a_single_object_is_shown_where_objects_have_access_lists(container: Container) -> None:
    obj = put(container, "x", b"shown")
    put(container, "y", b"hidden")
    url = container.driver.wire.public_url(BUCKET, "x")  # type: ignore[attr-defined]
    assert obj.enable_cdn() is True
    with urllib.request.urlopen(url, timeout=30) as reply:
        assert reply.read() == b"shown"
    with pytest.raises(urllib.error.HTTPError):
        urllib.request.urlopen(url[:-1] + "y", timeout=30)
    assert obj.disable_cdn() is True
    with pytest.raises(urllib.error.HTTPError):
        urllib.request.urlopen(url, timeout=30)
    put(container, "z", b"at once", extra={"acl": "public-read"})
    with urllib.request.urlopen(url[:-1] + "z", timeout=30) as reply:
        assert reply.read() == b"at once"


def test_who_may_read_an_object_stays_when_its_class_changes(container: Container, sdk: Any) -> None:
    obj = put(container, "x", b"shown", extra={"acl": "public-read"})
    blob = sdk.get_bucket(BUCKET).blob("x")
    blob.acl.user("friend@example.com").grant_read()
    blob.acl.save()
    moved = container.driver.set_object_attributes(obj, Attributes(storage_class="NEARLINE"))
    assert moved.storage_class == "NEARLINE"
    blob.acl.reload()
    entries = {entry["entity"]: entry["role"] for entry in blob.acl}
    assert (entries["allUsers"], entries["user-friend@example.com"]) == ("READER", "READER")
    hidden = Attributes(storage_class="STANDARD", acl="private")
    container.driver.set_object_attributes(moved, hidden)
    blob.acl.reload()
    assert "allUsers" not in {entry["entity"] for entry in blob.acl}


def test_why_something_cannot_be_public_is_told(container: Container, sdk: Any) -> None:
    obj = put(container, "x")
    bucket = sdk.get_bucket(BUCKET)
    bucket.iam_configuration.uniform_bucket_level_access_enabled = True
    bucket.patch()
    with pytest.raises(OperationNotSupportedError, match="uniform access"):
        obj.enable_cdn()
    with pytest.raises(OperationNotSupportedError, match="uniform access"):
        put(container, "y", extra={"acl": "public-read"})
    assert container.enable_cdn() is True
    container.disable_cdn()
    bucket.iam_configuration.public_access_prevention = "enforced"
    bucket.patch()
    state = container.driver.get_public_access(container)
    assert (state.on, "Public access prevention" in state.why) == (False, True)
    with pytest.raises(OperationNotSupportedError, match="Public access prevention"):
        container.enable_cdn()


def test_links_for_every_method(google_standin: GoogleStandin, container: Container) -> None:
    put(container, "a//b/../ü &+?.txt", b"shared")
    sign = container.driver.sign_url

    def fetch(method: str, name: str, data: bytes | None = None) -> bytes:
        url = sign(container, name, method=method, seconds=7 * 24 * 3600)
        request = urllib.request.Request(url, data, method=method)
        with urllib.request.urlopen(request, timeout=30) as reply:
            return bytes(reply.read())

    assert fetch("GET", "a//b/../ü &+?.txt") == b"shared"
    assert fetch("HEAD", "a//b/../ü &+?.txt") == b""
    fetch("PUT", "dropped", b"dropped")
    assert content(container.get_object("dropped")) == b"dropped"
    fetch("DELETE", "dropped")
    assert [obj.name for obj in container.list_objects()] == ["a//b/../ü &+?.txt"]
    with pytest.raises(ValueError, match="604800"):
        sign(container, "x", seconds=7 * 24 * 3600 + 1)
    assert google_standin.endpoint in container.list_objects()[0].get_cdn_url(ex_expiry=1.0)


# -- errors --


def test_what_a_stranger_may_not_do_is_denied(google_standin: GoogleStandin, container: Container) -> None:
    put(container, "x")
    stranger = GoogleStorageDriver(
        google_standin.reader_email, str(google_standin.reader_key_file), endpoint=google_standin.endpoint
    )
    box = stranger.open_container(BUCKET)
    for verb in (
        lambda: box.get_object("x"),
        lambda: stranger.get_container(BUCKET),
        lambda: list(box.iterate_objects()),
        lambda: put(box, "y"),
        lambda: stranger.delete_container(box),
    ):
        with pytest.raises(AccessDeniedError) as caught:
            verb()
        assert caught.value.status == 403
        assert caught.value.code == "forbidden"
    assert stranger.get_public_access(box).on is None


def test_errors_carry_what_is_needed_to_report_them(container: Container) -> None:
    with pytest.raises(ObjectDoesNotExistError) as caught:
        container.get_object("nothing")
    error = caught.value
    assert (error.status, error.code, error.container_name) == (404, "notFound", BUCKET)
    assert error.object_name == "nothing"


def test_rates_and_failures_are_waited_for(google_standin: GoogleStandin, container: Container) -> None:
    google_standin.fault("status", method="GET", path="/o/x", status=503)
    google_standin.fault("status", method="GET", path="/o/x", status=429)
    with pytest.raises(ObjectDoesNotExistError):
        container.get_object("x")
    assert len(heard(google_standin, "GET", "/o/x")) == 3
