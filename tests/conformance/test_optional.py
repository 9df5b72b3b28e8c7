"""What only some drivers can: uploads in parts, links, versions, public access."""

from __future__ import annotations

import hashlib
import os
import urllib.error
import urllib.request

import pytest

from storage_core.attributes import Attributes
from storage_core.base import Container, StorageDriver
from storage_core.body import BytesBody
from storage_core.capabilities import MIB
from storage_core.errors import LibcloudError, ObjectChangedError, ObjectDoesNotExistError, ObjectError
from tests.conformance.conftest import Service, content, listed, put

needs = pytest.mark.needs
FIRST, SECOND = os.urandom(5 * MIB), b"the end"


# -- uploads in parts --


@needs("parts")
def test_parts_become_one_object_whatever_their_order(container: Container) -> None:
    driver = container.driver
    attributes = Attributes(content_type="text/css", cache_control="no-cache", metadata={"who": "me"})
    upload = driver.start_upload(container, "folder/ü +.bin", attributes)
    assert listed(container) == []
    second = driver.upload_part(upload, 2, BytesBody(SECOND))
    first = driver.upload_part(upload, 1, BytesBody(FIRST))
    assert [(part.number, part.size) for part in driver.list_parts(upload)] == [(1, 5 * MIB), (2, 7)]
    assert first.md5 in ("", hashlib.md5(FIRST).hexdigest())
    assert listed(container) == []
    stored = driver.complete_upload(upload, [second, first])
    obj = container.get_object("folder/ü +.bin")
    assert (obj.size, obj.etag, obj.meta_data) == (5 * MIB + 7, stored.etag, {"who": "me"})
    assert (obj.extra["content_type"], obj.extra["cache_control"]) == ("text/css", "no-cache")
    assert content(obj) == FIRST + SECOND
    assert list(driver.iterate_uploads(container)) == []


@needs("parts")
def test_a_part_that_is_sent_again_replaces_the_first(container: Container) -> None:
    upload = container.driver.start_upload(container, "x", Attributes())
    container.driver.upload_part(upload, 1, BytesBody(b"wrong"))
    right = container.driver.upload_part(upload, 1, BytesBody(b"right"))
    container.driver.complete_upload(upload, [right])
    assert content(container.get_object("x")) == b"right"


@needs("parts")
def test_a_part_that_was_never_sent_completes_nothing(container: Container) -> None:
    driver = container.driver
    put(container, "x", b"old")
    upload = driver.start_upload(container, "x", Attributes())
    part = driver.upload_part(upload, 1, BytesBody(b"one"))
    driver.upload_part(upload, 1, BytesBody(b"other"))
    with pytest.raises(LibcloudError):
        driver.complete_upload(upload, [part])
    assert content(container.get_object("x")) == b"old"


@needs("parts")
def test_open_uploads_are_listed_and_aborted(container: Container) -> None:
    driver = container.driver
    names = ["a/1", "a/2", "b &+ü"]
    uploads = {name: driver.start_upload(container, name, Attributes()) for name in names}
    driver.upload_part(uploads["a/1"], 1, BytesBody(b"x"))
    assert sorted(found.object_name for found in driver.iterate_uploads(container)) == names
    assert sorted(found.object_name for found in driver.iterate_uploads(container, "a/")) == names[:2]
    assert {found.id for found in driver.iterate_uploads(container)} == {one.id for one in uploads.values()}
    for upload in uploads.values():
        driver.abort_upload(upload)
        driver.abort_upload(upload)
    assert list(driver.iterate_uploads(container)) == []
    with pytest.raises(ObjectDoesNotExistError):
        driver.list_parts(uploads["a/1"])
    assert listed(container) == []


@needs("parts")
def test_a_failed_large_upload_leaves_no_parts(container: Container) -> None:
    def broken() -> object:
        yield from (bytes(4 * MIB) for _ in range(6))
        raise RuntimeError("the disk fell off")

    with pytest.raises(RuntimeError):
        container.driver.upload_object_via_stream(broken(), container, "large")
    assert list(container.driver.iterate_uploads(container)) == []
    assert listed(container) == []


@needs("parts", "create_only")
@pytest.mark.without("google-emulator", why="it ignores conditions")
@pytest.mark.without("s3-swift", why="Swift's s3api ignores If-None-Match on CompleteMultipartUpload")
def test_completing_an_upload_may_be_for_new_names_only(container: Container) -> None:
    driver = container.driver
    put(container, "x", b"old")
    upload = driver.start_upload(container, "x", Attributes())
    part = driver.upload_part(upload, 1, BytesBody(b"new"))
    with pytest.raises(ObjectChangedError):
        driver.complete_upload(upload, [part], only_new=True)
    assert content(container.get_object("x")) == b"old"


@needs("copy_parts")
def test_parts_are_copied_on_the_server(container: Container) -> None:
    driver = container.driver
    source = put(container, "source & +ü", FIRST + SECOND)
    upload = driver.start_upload(container, "copy", Attributes(content_type="text/css"))
    parts = [
        driver.copy_part(upload, 2, source, 5 * MIB, 5 * MIB + 7),
        driver.copy_part(upload, 1, source, 0, 5 * MIB),
    ]
    assert sorted((part.number, part.size) for part in parts) == [(1, 5 * MIB), (2, 7)]
    driver.complete_upload(upload, parts)
    assert content(container.get_object("copy")) == FIRST + SECOND


# -- links --


def fetch(url: str, method: str = "GET", data: bytes | None = None) -> bytes:
    # With a type of its own: moto takes urllib's default for a form and reads it. Azure wants the kind.
    headers = {"Content-Type": "application/octet-stream", "x-ms-blob-type": "BlockBlob"}
    request = urllib.request.Request(url, data, headers, method=method)
    with urllib.request.urlopen(request, timeout=30) as reply:
        return bytes(reply.read())


@needs("signed_urls")
@pytest.mark.without("google-emulator", why="it hangs up at a name with ..")
@pytest.mark.parametrize("name", ["plain.txt", "folder/ü +%?#&=.txt", "a//b/../c"])
def test_a_link_opens_without_credentials(container: Container, name: str) -> None:
    obj = put(container, name, b"shared")
    link = container.driver.sign_url(container, name, seconds=60)
    assert fetch(link) == b"shared"
    assert fetch(obj.get_cdn_url()) == b"shared"


@needs("signed_urls")
def test_a_link_may_be_for_writing(container: Container) -> None:
    link = container.driver.sign_url(container, "dropped.txt", method="PUT", seconds=60)
    fetch(link, "PUT", b"dropped")
    assert content(container.get_object("dropped.txt")) == b"dropped"


@needs("signed_urls")
@pytest.mark.without("s3-moto", "google-emulator", why="they check no signatures")
def test_a_link_that_was_tampered_with_opens_nothing(container: Container) -> None:
    put(container, "x", b"shared")
    put(container, "y", b"secret")
    link = container.driver.sign_url(container, "x", seconds=60)
    with pytest.raises(urllib.error.HTTPError, match=r"401|403"):  # Swift says the first
        fetch(link.replace("/x?", "/y?"))


@needs("signed_urls")
@pytest.mark.parametrize("seconds", [0, -1, 10**9])
def test_a_link_lasts_as_long_as_the_service_allows(container: Container, seconds: int) -> None:
    with pytest.raises(ValueError, match="seconds"):
        container.driver.sign_url(container, "x", seconds=seconds)


# -- versions --


@needs("versions")
@pytest.mark.vendor
@pytest.mark.without("azure-azurite", why="Azurite keeps snapshots, and no versions")
@pytest.mark.without("google-standin", "google-emulator", why="Google's versions have no delete markers")
def test_versions_are_listed_read_and_removed(service: Service, container: Container) -> None:
    assert service.oracle
    service.oracle.keep_versions(container.name)
    driver = container.driver
    for data in (b"first", b"second"):
        put(container, "folder/x", data)
    put(container, "other")
    container.get_object("folder/x").delete()
    versions = list(driver.iterate_versions(container, "folder/"))
    assert {version.object.name for version in versions} == {"folder/x"}
    assert [version.is_latest for version in versions].count(True) == 1
    [marker] = [version for version in versions if version.is_delete_marker]
    assert marker.is_latest
    old = [version.object for version in versions if not version.is_delete_marker]
    assert sorted(content(obj) for obj in old) == [b"first", b"second"]
    assert listed(container) == ["other"]
    driver.delete_object(marker.object)
    assert listed(container) == ["folder/x", "other"]
    [first] = [obj for obj in old if content(obj) == b"first"]
    driver.delete_object(first)
    assert content(container.get_object("folder/x")) == b"second"


# -- public access --


@needs("public_containers")
def test_public_access_is_switched_on_and_off_and_read_back(container: Container) -> None:
    driver = container.driver
    assert driver.get_public_access(container).on is False
    assert container.enable_cdn() is True
    state = driver.get_public_access(container)
    assert state.on is True
    assert container.name in container.get_cdn_url()
    assert container.get_cdn_url() == state.url
    assert container.disable_cdn() is True
    assert driver.get_public_access(container).on is False
    assert driver.set_public_access(container, True).on is True
    assert driver.set_public_access(container, False).on is False


@needs("public_objects")
def test_a_single_object_is_made_public_and_private(container: Container) -> None:
    obj = put(container, "x", b"shown")
    assert obj.enable_cdn() is True
    assert obj.disable_cdn() is True


@needs("tags")
def test_tags_are_kept(container: Container) -> None:
    obj = put(container, "x", extra={"tags": {"project": "skyferry"}})
    put(container, "y")
    assert obj.attributes is not None
    assert obj.attributes.tags == {"project": "skyferry"}
    assert container.get_object("x").extra["tags"] == {"project": "skyferry"}
    assert "tags" not in container.get_object("y").extra


@needs("storage_classes")
def test_a_storage_class_is_kept(container: Container) -> None:
    chosen = container.driver.capabilities.storage_classes[1]
    put(container, "x", extra={"StorageClass": chosen})
    assert container.get_object("x").storage_class == chosen
    assert container.list_objects()[0].storage_class == chosen


@needs("encryption")
def test_encryption_is_asked_for_and_told(container: Container) -> None:
    put(container, "x", extra={"ServerSideEncryption": "AES256"})
    assert container.get_object("x").extra["encryption"] == "AES256"


def test_a_range_behind_the_end_is_an_object_error(driver: StorageDriver, container: Container) -> None:
    with pytest.raises(ObjectError):
        driver.open_object(put(container, "x", b"123"), 3)
