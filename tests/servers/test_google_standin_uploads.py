"""Uploads and copies to the Google stand-in, by the vendor's SDK and by hand."""

from __future__ import annotations

import io
import os

import pytest
import requests
from google.auth.transport.requests import AuthorizedSession
from google.cloud.storage import blob as blob_module
from google.cloud.storage import transfer_manager
from google.cloud.storage._media.requests import ResumableUpload
from google.cloud.storage.retry import DEFAULT_RETRY

from tests.servers.google_standin_clients import MIB, QUANTUM, Api, crc32c, md5, names, refusal

SOON = DEFAULT_RETRY.with_delay(initial=0.01, maximum=0.02, multiplier=1.0)


@pytest.fixture
def _resumable(monkeypatch: pytest.MonkeyPatch) -> None:
    """The SDK sends up to 8 MiB at once otherwise."""
    monkeypatch.setattr(blob_module, "_MAX_MULTIPART_SIZE", 0)


# -- by the SDK --


@pytest.mark.usefixtures("_resumable")
def test_a_resumable_upload_goes_in_chunks(google_standin, bucket):
    data = os.urandom(MIB + 12_345)
    blob = bucket.blob("big", chunk_size=256 * 1024)
    blob.metadata = {"from": "chunks"}
    blob.upload_from_file(io.BytesIO(data), size=len(data), content_type="image/png", checksum="crc32c")
    chunks = [one for one in google_standin.requests if one["method"] == "PUT"]
    assert [one["status"] for one in chunks] == [308, 308, 308, 308, 200]
    found = bucket.get_blob("big")
    assert (found.download_as_bytes(), found.content_type) == (data, "image/png")
    assert (found.md5_hash, found.crc32c, found.metadata) == (md5(data), crc32c(data), {"from": "chunks"})


def test_a_resumable_upload_of_unknown_size_goes_in_chunks(bucket):
    data = os.urandom(700 * 1024)
    with bucket.blob("stream", chunk_size=256 * 1024).open("wb", content_type="x/y") as file:
        for start in range(0, len(data), 50_000):
            file.write(data[start : start + 50_000])
    assert bucket.get_blob("stream").download_as_bytes() == data


@pytest.mark.usefixtures("_resumable")
@pytest.mark.parametrize("kept", [0, 300 * 1024, 512 * 1024])
def test_the_sdk_goes_on_where_a_connection_was_cut(google_standin, bucket, kept):
    data = os.urandom(3 * MIB + 7)
    google_standin.fault("cut", method="PUT", path="upload_id=", bytes=kept, skip=1)
    bucket.blob("big", chunk_size=MIB).upload_from_file(io.BytesIO(data), size=len(data), retry=SOON)
    assert bucket.blob("big").download_as_bytes() == data
    sent = [one["headers"]["content-range"] for one in google_standin.requests if one["method"] == "PUT"]
    end = len(data) - 1
    assert sent == [f"bytes {at * MIB}-{min(at * MIB + MIB - 1, end)}/{len(data)}" for at in (0, 1, 1, 2, 3)]


@pytest.mark.parametrize(("kept", "stays"), [(0, 0), (300 * 1024, 256 * 1024), (512 * 1024, 512 * 1024)])
def test_the_sdk_asks_how_far_an_upload_has_come(google_standin, client, bucket, kept, stays):
    data = os.urandom(2 * MIB + 7)
    session = AuthorizedSession(client._credentials)
    address = f"{google_standin.endpoint}/upload/storage/v1/b/holidays/o?uploadType=resumable"
    upload = ResumableUpload(address, MIB, retry=None)
    upload.initiate(session, io.BytesIO(data), {"name": "big"}, "x/y")
    google_standin.fault("cut", method="PUT", path="upload_id=", bytes=kept, skip=1)
    upload.transmit_next_chunk(session)
    with pytest.raises(requests.ConnectionError):
        upload.transmit_next_chunk(session)
    upload._make_invalid()
    upload.recover(session)
    assert upload.bytes_uploaded == MIB + stays
    while not upload.finished:
        upload.transmit_next_chunk(session)
    assert bucket.blob("big").download_as_bytes() == data
    session.close()


@pytest.mark.usefixtures("_resumable")
def test_the_sdk_finds_an_upload_finished_whose_answer_was_lost(google_standin, bucket):
    data = os.urandom(MIB)
    google_standin.fault("lost", method="PUT", path="upload_id=")
    bucket.blob("big", chunk_size=MIB).upload_from_file(io.BytesIO(data), size=len(data), retry=SOON)
    assert bucket.blob("big").download_as_bytes() == data


def test_the_sdk_asks_again_when_the_service_is_busy(google_standin, bucket):
    google_standin.fault("status", status=503, times=2)
    bucket.blob("a").upload_from_string("x", retry=SOON)
    google_standin.fault("status", status=429, headers={"Retry-After": "0"})
    bucket.blob("a").reload(retry=SOON)
    assert [one["status"] for one in google_standin.requests[-5:]] == [503, 503, 200, 429, 200]


def test_a_download_that_was_cut_is_gone_on_with(google_standin, bucket):
    data = os.urandom(3 * MIB)
    bucket.blob("big").upload_from_string(data)
    google_standin.fault("short", method="GET", path="alt=media", bytes=MIB)
    into = io.BytesIO()
    bucket.blob("big").download_to_file(into, retry=SOON)
    assert into.getvalue() == data
    assert "range" in google_standin.requests[-1]["headers"]


def test_the_sdk_sees_a_bit_that_fell_over(google_standin, bucket):
    bucket.blob("a").upload_from_string(b"0123456789")
    google_standin.fault("corrupt", path="alt=media", bytes=3)
    with pytest.raises(Exception, match="Checksum mismatch"):
        bucket.blob("a").download_as_bytes(checksum="crc32c")


def test_parts_of_the_xml_api_make_one_object(tmp_path, bucket):
    data = os.urandom(11 * MIB)
    file = tmp_path / "big"
    file.write_bytes(data)
    blob = bucket.blob("parts/ü b")
    blob.metadata = {"from": "parts"}
    transfer_manager.upload_chunks_concurrently(
        str(file),
        blob,
        content_type="x/y",
        chunk_size=5 * MIB,
        worker_type=transfer_manager.THREAD,
        max_workers=2,
    )
    found = bucket.get_blob("parts/ü b")
    assert found.download_as_bytes() == data
    assert (found.md5_hash, found.crc32c) == (None, crc32c(data))
    assert (found.content_type, found.metadata) == ("x/y", {"from": "parts"})
    into = tmp_path / "again"
    transfer_manager.download_chunks_concurrently(
        found, str(into), chunk_size=3 * MIB, worker_type=transfer_manager.THREAD, max_workers=2
    )
    assert into.read_bytes() == data


# -- objects from objects --


def test_objects_are_composed(bucket):
    sources = [bucket.blob(f"part-{number}") for number in range(3)]
    for number, blob in enumerate(sources):
        blob.upload_from_string(bytes([65 + number]) * 10)
    made = bucket.blob("whole")
    made.content_type = "text/plain"
    made.metadata = {"made": "of three"}
    made.compose(sources)
    data = b"A" * 10 + b"B" * 10 + b"C" * 10
    found = bucket.get_blob("whole")
    assert (found.download_as_bytes(), found.component_count) == (data, 3)
    assert (found.md5_hash, found.crc32c) == (None, crc32c(data))
    assert (found.content_type, found.metadata) == ("text/plain", {"made": "of three"})
    found.compose([found, sources[0]])
    assert (found.component_count, found.size) == (4, 40)


def test_a_rewrite_between_classes_takes_several_calls(client, bucket):
    data = os.urandom(3 * MIB + 1)
    source = bucket.blob("a")
    source.metadata = {"k": "v"}
    source.upload_from_string(data, content_type="x/y")
    source.update_storage_class("COLDLINE")
    assert (source.storage_class, source.content_type, source.metadata) == ("COLDLINE", "x/y", {"k": "v"})
    elsewhere = client.create_bucket("elsewhere", location="EU")
    target, token, calls = elsewhere.blob("b"), None, []
    while True:
        token, done, size = target.rewrite(bucket.get_blob("a"), token=token)
        calls.append(done)
        if token is None:
            break
    assert (calls, size) == ([MIB, 2 * MIB, 3 * MIB, 3 * MIB + 1], 3 * MIB + 1)
    found = elsewhere.get_blob("b")
    assert (found.download_as_bytes(), found.content_type, found.metadata) == (data, "x/y", {"k": "v"})


def test_a_rewrite_within_a_class_takes_one_call(bucket):
    bucket.blob("a").upload_from_string(os.urandom(3 * MIB))
    token, _, _ = bucket.blob("b").rewrite(bucket.blob("a"))
    assert token is None
    assert bucket.get_blob("b").crc32c == bucket.get_blob("a").crc32c


def test_an_object_is_copied_renamed_and_moved(bucket):
    blob = bucket.blob("a")
    blob.metadata = {"k": "v"}
    blob.upload_from_string("x", content_type="x/y")
    copy = bucket.copy_blob(blob, bucket, "folder/b")
    assert (copy.content_type, copy.metadata) == ("x/y", {"k": "v"})
    bucket.rename_blob(copy, "folder/c")
    bucket.move_blob(bucket.blob("folder/c"), "d/é")
    assert names(bucket.list_blobs()) == ["a", "d/é"]


def test_a_batch_does_many_things_at_once(client, bucket):
    blobs = [bucket.blob(f"{number}/ü") for number in range(60)]
    for blob in blobs:
        blob.upload_from_string("x")
    with client.batch():
        for blob in blobs[:30]:
            blob.delete()
        for blob in blobs[30:]:
            blob.content_language = "de"
            blob.patch()
    left = list(client.list_blobs(bucket))
    assert [one.content_language for one in left] == ["de"] * 30
    with client.batch(raise_exception=False) as batch:
        bucket.blob("not there").delete()
        blobs[30].delete()
    assert [one.status_code for one in batch._responses] == [404, 204]


# -- by hand --


def session(api: Api, name: str = "big", query: str = "", **headers: str) -> str:
    path = f"/upload/storage/v1/b/holidays/o?uploadType=resumable&name={name}{query}"
    reply = api("POST", path, json={}, headers=headers)
    assert (reply.status_code, reply.content) == (200, b"")
    return reply.headers["Location"]


def chunk(url: str, data: bytes, said: str, **headers: str) -> requests.Response:
    """Without a token: the address is one."""
    headers = {"Content-Range": f"bytes {said}", **headers}
    return requests.put(url, data=data, headers=headers, timeout=30)


def test_an_upload_says_how_far_it_is(api):
    url = session(api)
    reply = chunk(url, b"", "*/*")
    assert (reply.status_code, reply.reason, "Range" in reply.headers) == (308, "Resume Incomplete", False)
    reply = chunk(url, b"x" * QUANTUM, f"0-{QUANTUM - 1}/*")
    assert (reply.status_code, reply.headers["Range"]) == (308, f"bytes=0-{QUANTUM - 1}")
    assert chunk(url, b"", f"*/{2 * QUANTUM}").headers["Range"] == f"bytes=0-{QUANTUM - 1}"
    again = chunk(url, b"x" * 2 * QUANTUM, f"0-{2 * QUANTUM - 1}/*")  # what is there already is passed over
    assert again.headers["Range"] == f"bytes=0-{2 * QUANTUM - 1}"
    told = chunk(url, b"", "*/*", **{"X-GUploader-No-308": "yes"})
    assert (told.status_code, told.headers["X-HTTP-Status-Code-Override"]) == (200, "308")
    done = chunk(url, b"end", f"{2 * QUANTUM}-{2 * QUANTUM + 2}/{2 * QUANTUM + 3}")
    assert (done.status_code, done.json()["size"]) == (200, str(2 * QUANTUM + 3))
    assert chunk(url, b"", "*/*").json()["id"] == done.json()["id"]


def test_a_content_type_is_not_said_in_two_ways(api):
    path = "/upload/storage/v1/b/holidays/o?uploadType=resumable&name=a"
    other = {"X-Upload-Content-Type": "image/png"}
    assert refusal(api("POST", path, json={"contentType": "text/plain"}, headers=other)) == (400, "invalid")
    assert api("POST", path, json={"contentType": "image/png"}, headers=other).status_code == 200
    url = api("POST", path, json={}, headers=other).headers["Location"]
    assert requests.post(url, data=b"1234", timeout=9).json()["contentType"] == "image/png"


def test_an_upload_of_unknown_size_is_ended_by_its_size(api):
    url = session(api)
    chunk(url, b"x" * QUANTUM, f"0-{QUANTUM - 1}/*")
    assert chunk(url, b"", f"*/{QUANTUM}").json()["size"] == str(QUANTUM)
    url = session(api, "at-once")
    assert requests.put(url, data=b"all of it", timeout=9).json()["size"] == "9"


def test_a_chunk_must_be_a_multiple_of_256_kib(api, google_standin):
    url = session(api)
    assert refusal(chunk(url, b"x" * 1000, "0-999/*")) == (400, "badRequest")
    assert refusal(chunk(url, b"x" * 1000, "0-999/2000")) == (400, "badRequest")
    assert chunk(url, b"", "*/*").headers.get("Range") is None
    google_standin.settings(keeps_odd_chunks=True)
    reply = chunk(url, b"x" * (QUANTUM + 1000), f"0-{QUANTUM + 999}/*")
    assert (reply.status_code, reply.headers["Range"]) == (308, f"bytes=0-{QUANTUM - 1}")


def test_a_chunk_must_begin_where_the_upload_is_and_be_as_long_as_it_says(api):
    url = session(api, **{"X-Upload-Content-Length": str(QUANTUM + 4)})
    reply = chunk(url, b"x" * QUANTUM, f"{QUANTUM}-{2 * QUANTUM - 1}/*")
    assert (reply.status_code, reply.headers["Content-Type"]) == (503, "text/plain; charset=utf-8")
    assert f"the upload offset is {QUANTUM} byte(s), which exceeds already uploaded size of 0" in reply.text
    for data, said in (
        (b"x" * 10, f"0-{QUANTUM - 1}/*"),
        (b"x" * QUANTUM, f"0-{QUANTUM - 1}/{QUANTUM}"),  # not the length that was promised
        (b"x" * 4, "0-3/2"),
        (b"x", "nonsense"),
        (b"x", "*/10"),
    ):
        assert refusal(chunk(url, data, said)) == (400, "badRequest")
    assert chunk(url, b"", "*/*").status_code == 308


def test_an_upload_can_be_cancelled_and_ends(api, google_standin):
    url = session(api)
    assert requests.delete(url, timeout=9).status_code == 499
    assert chunk(url, b"", "*/*").status_code == 499
    for status in (404, 410):
        url = session(api)
        google_standin.end_sessions(status)
        assert chunk(url, b"", "*/*").status_code == status
    assert refusal(chunk(url.partition("upload_id=")[0] + "upload_id=guessed", b"", "*/*")) == (
        404,
        "notFound",
    )


def test_conditions_are_judged_at_the_start_and_at_the_end_of_an_upload(api):
    url = session(api, query="&ifGenerationMatch=0")
    api.put("big")
    path = "/upload/storage/v1/b/holidays/o?uploadType=resumable&name=big&ifGenerationMatch=0"
    assert refusal(api("POST", path, json={})) == (412, "conditionNotMet")
    assert refusal(chunk(url, b"late", "0-3/4")) == (412, "conditionNotMet")
    assert api("GET", "/storage/v1/b/holidays/o/big?alt=media").content == b"x"


def test_a_wrong_hash_at_the_end_of_an_upload_keeps_nothing(api):
    url = session(api)
    reply = chunk(url, b"data", "0-3/4", **{"X-Goog-Hash": "crc32c=AAAAAA=="})
    assert refusal(reply) == (400, "invalid")
    assert api("GET", "/storage/v1/b/holidays/o/big").status_code == 404
    path = "/upload/storage/v1/b/holidays/o?uploadType=resumable"
    body = {"name": "big", "md5Hash": "AAAAAAAAAAAAAAAAAAAAAA=="}
    url = api("POST", path, json=body).headers["Location"]
    assert refusal(chunk(url, b"data", "0-3/4")) == (400, "invalid")
