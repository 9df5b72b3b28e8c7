"""Google's uploads on the stand-in: resumed where they were cut, in parts, with answers that get lost."""

from __future__ import annotations

import hashlib
import os
from typing import Any

import pytest

from storage_core.attributes import Attributes
from storage_core.base import Container
from storage_core.body import BytesBody, StreamBody
from storage_core.capabilities import KIB, MIB
from storage_core.drivers import google_storage_upload
from storage_core.drivers.google_storage import GoogleStorageDriver
from storage_core.drivers.google_storage_containers import TEMPORARY
from storage_core.errors import (
    ContainerDoesNotExistError,
    LibcloudError,
    ObjectChangedError,
    ObjectDoesNotExistError,
    ObjectHashMismatchError,
    ServerError,
    SourceChangedError,
)
from tests.drivers.google.conftest import BUCKET, content, driver_of, heard, put, vendor_names
from tests.oracles.ledger import LEDGER
from tests.servers.google_standin import GoogleStandin

# -- uploads --


def test_small_content_goes_in_one_request_with_its_hash(
    google_standin: GoogleStandin, container: Container
) -> None:
    before = len(google_standin.requests)
    obj = put(container, "x", b"hello", extra={"content_type": "text/css"})
    assert len(google_standin.requests) - before == 1
    assert obj.hash == hashlib.md5(b"hello").hexdigest()
    assert "uploadType=multipart" in google_standin.requests[-1]["target"]


def test_what_arrives_damaged_is_refused_and_sent_again(container: Container, sdk: Any) -> None:
    body = BytesBody(b"right")
    wrong = {"md5Hash": "AAAAAAAAAAAAAAAAAAAAAA=="}
    with pytest.raises(ObjectHashMismatchError):
        google_storage_upload.store(container.driver.wire, BUCKET, "x", StreamBody([b"right"], 5), wrong, {})  # type: ignore[attr-defined]
    assert vendor_names(sdk) == []
    container.driver.put_object(container, "x", body, Attributes())
    assert content(container.get_object("x")) == b"right"


@pytest.fixture
def small_chunks(monkeypatch: pytest.MonkeyPatch) -> None:
    """Resumable uploads of a handy size."""
    monkeypatch.setattr(google_storage_upload, "WHOLE_MAX", 100 * KIB)
    monkeypatch.setattr(google_storage_upload, "CHUNK", 512 * KIB)


DATA = os.urandom(2 * MIB + 12345)


def bodies() -> dict[str, Any]:
    return {
        "bytes": lambda: BytesBody(DATA),
        "stream": lambda: StreamBody([DATA[:1000], DATA[1000:]], len(DATA)),
        "stream of unknown length": lambda: StreamBody([DATA[:1000], DATA[1000:]]),
    }


@pytest.mark.usefixtures("small_chunks")
@pytest.mark.parametrize("kind", list(bodies()))
@pytest.mark.parametrize("kept", [0, 256 * KIB, 300 * KIB])
def test_an_upload_goes_on_where_it_was_cut(
    google_standin: GoogleStandin, container: Container, kind: str, kept: int
) -> None:
    google_standin.fault("cut", method="PUT", path="upload_id", bytes=kept, times=2)
    stored = container.driver.put_object(container, "x", bodies()[kind](), Attributes(metadata={"a": "b"}))
    assert stored.md5 == hashlib.md5(DATA).hexdigest()
    obj = container.get_object("x")
    assert (content(obj), obj.meta_data) == (DATA, {"a": "b"})
    puts = heard(google_standin, "PUT", "upload_id")
    assert any(one["headers"]["content-range"].startswith("bytes */") for one in puts)
    assert not any("authorization" in one["headers"] for one in puts)  # the address itself is the secret
    starts = {one["headers"]["content-range"].split("-")[0] for one in puts}
    if kept:
        assert f"bytes {256 * KIB}" in starts


@pytest.mark.usefixtures("small_chunks")
@pytest.mark.parametrize("kind", list(bodies()))
def test_the_last_answer_of_an_upload_may_be_lost(
    google_standin: GoogleStandin, container: Container, kind: str
) -> None:
    skip = 0 if kind == "bytes" else 4
    google_standin.fault("lost", method="PUT", path="upload_id", skip=skip)
    container.driver.put_object(container, "x", bodies()[kind](), Attributes(), only_new=True)
    assert content(container.get_object("x")) == DATA


@pytest.mark.usefixtures("small_chunks")
def test_an_upload_that_google_has_dropped_begins_again(
    google_standin: GoogleStandin, container: Container
) -> None:
    google_standin.fault("status", method="PUT", path="upload_id", status=410)
    moved: list[int] = []
    container.driver.put_object(container, "x", BytesBody(DATA, moved.append), Attributes())
    assert content(container.get_object("x")) == DATA
    assert len(heard(google_standin, "POST", "uploadType=resumable")) == 2
    assert sum(moved) == len(DATA)
    google_standin.fault("status", method="PUT", path="upload_id", status=410)
    with pytest.raises(LibcloudError) as caught:
        container.driver.put_object(container, "y", StreamBody([DATA]), Attributes())
    assert "upload_id" not in str(caught.value) + repr(caught.value)


@pytest.mark.usefixtures("small_chunks")
def test_an_upload_ends_when_google_goes_on_failing(
    google_standin: GoogleStandin, container: Container
) -> None:
    google_standin.fault("status", method="PUT", path="upload_id", status=503, times=50)
    with pytest.raises(ServerError) as caught:
        container.driver.put_object(container, "x", BytesBody(DATA), Attributes())
    assert "upload_id" not in str(caught.value) + repr(caught.value)
    google_standin.order("reset")


@pytest.mark.usefixtures("small_chunks")
def test_chunks_are_multiples_of_a_quantum_and_unknown_lengths_end_exactly(
    google_standin: GoogleStandin, container: Container
) -> None:
    assert google_storage_upload.CHUNK % google_storage_upload.QUANTUM == 0
    for size in (512 * KIB, MIB, 1, 0):
        data = os.urandom(size)
        container.driver.put_object(container, "x", StreamBody([data]), Attributes())
        assert content(container.get_object("x")) == data
    ranges = [one["headers"]["content-range"] for one in heard(google_standin, "PUT", "upload_id")]
    assert ranges == [
        f"bytes 0-{512 * KIB - 1}/{512 * KIB}",
        f"bytes 0-{512 * KIB - 1}/*",
        f"bytes {512 * KIB}-{MIB - 1}/{MIB}",
        "bytes 0-0/1",
        "bytes */0",
    ]


@pytest.mark.usefixtures("small_chunks")
@pytest.mark.parametrize("promised", [len(DATA) - 1, len(DATA) + 1])
def test_a_stream_of_another_length_stores_nothing(container: Container, promised: int) -> None:
    with pytest.raises(SourceChangedError):
        container.driver.put_object(container, "x", StreamBody([DATA], promised), Attributes())
    assert container.list_objects() == []


def test_only_new_survives_a_lost_answer(google_standin: GoogleStandin, container: Container) -> None:
    google_standin.fault("lost", method="POST", path="uploadType=multipart")
    put(container, "x", b"mine", ex_only_new=True)
    assert content(container.get_object("x")) == b"mine"
    google_standin.fault("lost", method="POST", path="uploadType=multipart")
    with pytest.raises(ObjectChangedError):
        put(container, "x", b"other", ex_only_new=True)
    assert content(container.get_object("x")) == b"mine"


def test_an_upload_into_nothing_says_so(driver: GoogleStorageDriver) -> None:
    missing = driver.open_container("skyferry-missing")
    with pytest.raises(ContainerDoesNotExistError):
        put(missing, "x")
    with pytest.raises(ContainerDoesNotExistError):
        driver.start_upload(missing, "x", Attributes())
    with pytest.raises(ContainerDoesNotExistError):
        driver.put_object(missing, "x", StreamBody([b"x"]), Attributes())


# -- uploads in parts --


def in_parts(
    container: Container, name: str, count: int, attributes: Attributes | None = None
) -> tuple[Any, list[Any], bytes]:
    """An upload with `count` small parts, sent backwards."""
    pieces = [b"%05d" % number + os.urandom(number % 7) for number in range(1, count + 1)]
    upload = container.driver.start_upload(container, name, attributes or Attributes())
    parts = [
        container.driver.upload_part(upload, number, BytesBody(pieces[number - 1]))
        for number in range(count, 0, -1)
    ]
    return upload, parts, b"".join(pieces)


@pytest.mark.parametrize("count", [1, 32, 33, 70])
def test_any_number_of_parts_is_put_together(
    google_standin: GoogleStandin, container: Container, sdk: Any, count: int
) -> None:
    attributes = Attributes(content_type="text/css", cache_control="no-cache", metadata={"wer": "ich ü"})
    upload, parts, data = in_parts(container, "folder/whole", count, attributes)
    stored = container.driver.complete_upload(upload, parts)
    obj = container.get_object("folder/whole")
    assert (content(obj), obj.etag, obj.meta_data) == (data, stored.etag, {"wer": "ich ü"})
    assert (obj.extra["content_type"], obj.extra["cache_control"]) == ("text/css", "no-cache")
    assert vendor_names(sdk) == ["folder/whole"]
    composes = heard(google_standin, "POST", "/compose")
    assert len(composes) == {1: 1, 32: 1, 33: 2, 70: 4}[count]


def test_parts_leave_nothing_in_a_container_that_keeps_versions(container: Container, sdk: Any) -> None:
    bucket = sdk.get_bucket(BUCKET)
    bucket.versioning_enabled = True
    bucket.patch()
    upload, parts, data = in_parts(container, "whole", 3)
    container.driver.upload_part(upload, 2, BytesBody(b"again"))  # sent twice: an old generation
    with pytest.raises(ObjectChangedError):
        container.driver.complete_upload(upload, parts)
    container.driver.abort_upload(upload)
    assert vendor_names(sdk) == []
    upload, parts, data = in_parts(container, "whole", 40)
    container.driver.complete_upload(upload, parts)
    assert vendor_names(sdk) == ["whole"]
    assert content(container.get_object("whole")) == data


def test_another_process_goes_on_with_an_upload(google_standin: GoogleStandin, container: Container) -> None:
    """All that must be known is the upload's id: attributes and parts are found at the service."""
    attributes = Attributes(content_type="text/css", metadata={"wer": "ich"})
    upload, parts, data = in_parts(container, "ordner/漢字 & mehr", 5, attributes)
    other = driver_of(google_standin)
    box = other.open_container(BUCKET)
    [found] = other.iterate_uploads(box, "ordner/")
    assert (found.object_name, found.id) == ("ordner/漢字 & mehr", upload.id)
    assert list(other.iterate_uploads(box, "anderer")) == []
    held = other.list_parts(found)
    assert held == sorted(parts, key=lambda part: part.number)
    other.complete_upload(found, held)
    obj = box.get_object("ordner/漢字 & mehr")
    assert (content(obj), obj.meta_data) == (data, {"wer": "ich"})
    assert obj.extra["content_type"] == "text/css"
    with pytest.raises(ObjectDoesNotExistError):
        other.list_parts(found)


@pytest.mark.parametrize("usual", ["STANDARD", "NEARLINE"])
@pytest.mark.parametrize("wanted", ["", "STANDARD", "COLDLINE"])
def test_parts_are_cheap_to_delete_and_the_whole_has_its_class(
    google_standin: GoogleStandin, driver: GoogleStorageDriver, usual: str, wanted: str
) -> None:
    container = driver.create_container(BUCKET, ex_storage_class=usual)
    google_standin.settings(rewrite_bytes=MIB)
    upload, parts, data = in_parts(container, "whole", 3, Attributes(storage_class=wanted))
    temporary = driver.list_page(container, TEMPORARY, delimiter="").objects
    assert {obj.storage_class for obj in temporary} == {""}  # STANDARD
    driver.complete_upload(upload, parts)
    obj = container.get_object("whole")
    assert (obj.storage_class or "STANDARD", content(obj)) == (wanted or usual, data)
    assert [one.name for one in driver.list_page(container, TEMPORARY, delimiter="").objects] == []
    LEDGER.forget()  # the container's class is the right one although nobody wrote it


@pytest.mark.parametrize("wanted", ["", "COLDLINE"])
@pytest.mark.parametrize("only_new", [False, True])
def test_the_answer_to_completing_may_be_lost(
    google_standin: GoogleStandin, container: Container, only_new: bool, wanted: str
) -> None:
    upload, parts, data = in_parts(container, "whole", 3, Attributes(storage_class=wanted))
    path = "/rewriteTo/" if wanted else "/compose"
    google_standin.fault("lost", method="POST", path=path)
    container.driver.complete_upload(upload, parts, only_new=only_new)
    assert content(container.get_object("whole")) == data
    assert list(container.driver.iterate_uploads(container)) == []


def test_a_name_that_is_taken_meanwhile_stays(google_standin: GoogleStandin, container: Container) -> None:
    for wanted in ("", "COLDLINE"):
        upload, parts, _ = in_parts(container, "whole", 3, Attributes(storage_class=wanted))
        put(container, "whole", b"theirs")
        google_standin.fault("lost", method="POST", path="/compose")
        with pytest.raises(ObjectChangedError):
            container.driver.complete_upload(upload, parts, only_new=True)
        assert content(container.get_object("whole")) == b"theirs"
        container.driver.abort_upload(upload)
        container.get_object("whole").delete()


def test_leftovers_of_an_upload_are_found_and_removed(container: Container, sdk: Any) -> None:
    upload, _, _ = in_parts(container, "whole", 3)
    sdk.bucket(BUCKET).blob(f"{TEMPORARY}{upload.id}/upload").delete()
    with pytest.raises(ObjectDoesNotExistError):
        container.driver.list_parts(upload)
    [found] = container.driver.iterate_uploads(container)
    assert found.object_name == "whole"
    container.driver.abort_upload(found)
    assert vendor_names(sdk) == []
