"""google-cloud-storage, the vendor's own SDK, finds in the stand-in what it finds in the service."""

from __future__ import annotations

import base64
import gzip
import hashlib
import io
import os
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from google.api_core.exceptions import NotFound, PreconditionFailed
from google.auth.transport.requests import AuthorizedSession
from google.oauth2.credentials import Credentials
from google.oauth2.service_account import Credentials as ServiceAccount

from tests.servers.google_standin import GoogleStandin
from tests.servers.google_standin_clients import MIB, ODD_NAMES, crc32c, fetch, md5, names, sdk

# -- buckets --


def test_a_bucket_is_made_changed_listed_and_deleted(client):
    made = client.bucket("holidays")
    made.storage_class = "NEARLINE"
    made.labels = {"team": "blue", "year": "2026"}
    made.create(location="europe-west1")
    assert (made.location, made.location_type, made.storage_class) == ("EUROPE-WEST1", "region", "NEARLINE")
    made.versioning_enabled = True
    made.configure_website("index.html", "404.html")
    made.labels = {"team": "red"}
    made.patch()
    again = client.get_bucket("holidays")
    assert again.versioning_enabled
    assert again.labels == {"team": "red"}
    assert again._properties["website"] == {"mainPageSuffix": "index.html", "notFoundPage": "404.html"}
    assert (again.metageneration, made.time_created) == (2, again.time_created)
    made.delete()
    assert client.lookup_bucket("holidays") is None


def test_buckets_come_in_pages_and_by_prefix(client):
    for number in range(7):
        client.create_bucket(f"page-{number}")
    client.create_bucket("other")
    pages = [names(page) for page in client.list_buckets(page_size=3).pages]
    assert pages == [["other", "page-0", "page-1"], ["page-2", "page-3", "page-4"], ["page-5", "page-6"]]
    assert names(client.list_buckets(prefix="page-", max_results=2)) == ["page-0", "page-1"]


def test_a_bucket_is_deleted_with_its_objects_by_the_sdk(client, bucket):
    for number in range(5):
        bucket.blob(f"{number}").upload_from_string("x")
    bucket.delete(force=True)
    assert not client.bucket("holidays").exists()


def test_a_bucket_keeps_conditions_on_its_metageneration(bucket):
    bucket.labels = {"a": "b"}
    with pytest.raises(PreconditionFailed):
        bucket.patch(if_metageneration_match=99)
    bucket.patch(if_metageneration_match=1)
    assert bucket.metageneration == 2


# -- objects --


def test_an_object_keeps_its_bytes_headers_and_metadata(bucket):
    blob = bucket.blob("a.txt")
    blob.cache_control, blob.content_language = "max-age=60", "de"
    blob.content_disposition = "attachment; filename*=UTF-8''%C3%BC.txt"
    blob.metadata = {"Who": "mé", "empty": ""}
    blob.custom_time = datetime(2026, 1, 2, 3, 4, 5, tzinfo=UTC)
    blob.storage_class = "COLDLINE"
    blob.upload_from_string(b"hello", content_type="text/plain", checksum="md5")
    found = bucket.get_blob("a.txt")
    assert found.download_as_bytes() == b"hello"
    assert (found.content_type, found.cache_control, found.content_language) == (
        "text/plain",
        "max-age=60",
        "de",
    )
    assert found.content_disposition == blob.content_disposition
    assert found.metadata == {"Who": "mé", "empty": ""}
    assert (found.storage_class, found.size, found.custom_time) == ("COLDLINE", 5, blob.custom_time)
    assert (found.md5_hash, found.crc32c) == (md5(b"hello"), crc32c(b"hello"))
    assert found.component_count is None
    assert datetime.now(UTC) - found.updated < timedelta(minutes=1)


def test_every_odd_name_is_kept_as_it_is(client, bucket):
    for name in ODD_NAMES:
        bucket.blob(name).upload_from_string(name.encode(), content_type="text/plain")
    assert names(client.list_blobs(bucket)) == sorted(ODD_NAMES)
    assert all(bucket.blob(name).download_as_bytes() == name.encode() for name in ODD_NAMES)
    for name in ODD_NAMES:
        bucket.blob(name).delete()
    assert names(client.list_blobs(bucket)) == []


def test_a_range_is_read_and_one_behind_the_end_is_refused(bucket):
    blob = bucket.blob("digits")
    blob.upload_from_string(b"0123456789")
    assert blob.download_as_bytes(start=2, end=4) == b"234"
    assert blob.download_as_bytes(start=7) == b"789"
    assert blob.download_as_bytes(start=-3) == b"789"
    with pytest.raises(Exception, match="416"):
        blob.download_as_bytes(start=10)
    with blob.open("rb", chunk_size=256 * 1024) as file:
        file.seek(5)
        assert file.read(2) == b"56"


def test_an_empty_object_is_one(bucket):
    blob = bucket.blob("empty")
    blob.upload_from_string(b"")
    assert (blob.download_as_bytes(), blob.size) == (b"", 0)
    bucket.blob("streamed", chunk_size=256 * 1024).upload_from_file(io.BytesIO(b""))
    assert bucket.get_blob("streamed").size == 0


def test_metadata_is_merged_by_patch_and_replaced_by_update(bucket):
    blob = bucket.blob("a")
    blob.metadata = {"one": "1", "two": "2"}
    blob.upload_from_string(b"x", content_type="text/plain")
    blob.metadata = {"one": None, "three": "3"}
    blob.patch()
    assert bucket.get_blob("a").metadata == {"two": "2", "three": "3"}
    blob = bucket.get_blob("a")
    blob.metadata = {"only": "this"}
    blob.content_language = "fr"
    blob.update()
    found = bucket.get_blob("a")
    assert (found.metadata, found.content_language, found.content_type) == (
        {"only": "this"},
        "fr",
        "text/plain",
    )
    assert found.metageneration == 3
    found.metadata = None
    found.patch()
    assert bucket.get_blob("a").metadata is None


def test_objects_come_in_pages_with_prefixes_and_offsets(client, bucket):
    for name in ("a/1", "a/2", "a/b/3", "b/1", "c", "d/", "d/x"):
        bucket.blob(name).upload_from_string("x")
    found = client.list_blobs(bucket, delimiter="/")
    assert (names(found), found.prefixes) == (["c"], {"a/", "b/", "d/"})
    found = client.list_blobs(bucket, prefix="a/", delimiter="/")
    assert (names(found), found.prefixes) == (["a/1", "a/2"], {"a/b/"})
    found = client.list_blobs(bucket, delimiter="/", include_trailing_delimiter=True)
    assert (names(found), found.prefixes) == (["c", "d/"], {"a/", "b/", "d/"})
    assert names(client.list_blobs(bucket, start_offset="a/2", end_offset="c")) == ["a/2", "a/b/3", "b/1"]
    assert names(client.list_blobs(bucket, match_glob="**/{1,2}")) == ["a/1", "a/2", "b/1"]
    pages = [names(page) for page in client.list_blobs(bucket, page_size=3).pages]
    assert pages == [["a/1", "a/2", "a/b/3"], ["b/1", "c", "d/"], ["d/x"]]
    found = client.list_blobs(bucket, delimiter="/", page_size=1)
    entries = [names(page) or sorted(page.prefixes) for page in found.pages]
    assert entries == [["a/"], ["b/"], ["c"], ["d/"]]


def test_a_listing_gives_only_the_fields_that_were_asked(client, bucket):
    bucket.blob("a").upload_from_string("x")
    bucket.blob("b").upload_from_string("x")
    found = client.list_blobs(bucket, fields="items(name,size),nextPageToken", page_size=1)
    assert [one._properties for one in found] == [{"name": "a", "size": "1"}, {"name": "b", "size": "1"}]


def test_a_page_has_at_most_a_thousand_entries(client, bucket):
    session = AuthorizedSession(client._credentials)
    base = f"{client._connection.API_BASE_URL}/storage/v1/b/holidays/o"
    for number in range(1005):
        url = f"{base.replace('/storage/v1', '/upload/storage/v1')}?uploadType=media&name=m{number:04}"
        assert session.post(url, data=b"").status_code == 200
    told = session.get(f"{base}?maxResults=5000").json()
    assert len(told["items"]) == 1000
    assert len(session.get(f"{base}?pageToken={told['nextPageToken']}").json()["items"]) == 5
    session.close()


# -- conditions and versions --


def test_conditions_are_kept_on_every_verb(bucket):
    blob = bucket.blob("a")
    blob.upload_from_string("1", if_generation_match=0)
    with pytest.raises(PreconditionFailed):
        bucket.blob("a").upload_from_string("2", if_generation_match=0)
    first = blob.generation
    blob.upload_from_string("2", if_generation_match=first)
    for verb in (
        lambda: blob.upload_from_string("3", if_generation_match=first),
        lambda: blob.upload_from_file(io.BytesIO(b"3"), size=1, if_metageneration_match=9),
        lambda: blob.patch(if_metageneration_match=7),
        lambda: blob.update(if_generation_match=first),
        lambda: blob.delete(if_generation_match=first),
        lambda: blob.reload(if_generation_match=first),
        lambda: blob.compose([blob], if_generation_match=first),
        lambda: blob.compose([blob], if_source_generation_match=[first]),
        lambda: blob.rewrite(blob, if_source_generation_match=first),
        lambda: blob.rewrite(blob, if_generation_match=first),
        lambda: bucket.copy_blob(blob, bucket, "b", if_source_generation_match=first),
    ):
        with pytest.raises(PreconditionFailed):
            verb()
    with pytest.raises(Exception, match="412"):
        blob.download_as_bytes(if_generation_match=first)
    with pytest.raises(Exception, match="304"):
        blob.download_as_bytes(if_generation_not_match=blob.generation)
    assert blob.download_as_bytes() == b"2"
    blob.delete(if_generation_match=blob.generation)


def test_versions_are_archived_listed_restored_and_deleted(client, bucket):
    bucket.versioning_enabled = True
    bucket.patch()
    blob = bucket.blob("a")
    generations = []
    for text in ("one", "two", "three"):
        blob.upload_from_string(text)
        generations.append(blob.generation)
    assert generations == sorted(set(generations))
    pages = client.list_blobs(bucket, versions=True, page_size=2).pages
    assert [[one.generation for one in page] for page in pages] == [generations[:2], generations[2:]]
    assert bucket.blob("a", generation=generations[0]).download_as_bytes() == b"one"
    bucket.delete_blob("a")
    assert names(client.list_blobs(bucket)) == []
    assert [bool(one.time_deleted) for one in client.list_blobs(bucket, versions=True)] == [True] * 3
    with pytest.raises(NotFound):
        bucket.blob("a").reload()
    bucket.copy_blob(bucket.blob("a"), bucket, "a", source_generation=generations[1])
    assert bucket.blob("a").download_as_bytes() == b"two"
    bucket.delete_blob("a", generation=generations[0])
    assert generations[0] not in [one.generation for one in client.list_blobs(bucket, versions=True)]


def test_an_object_under_a_hold_stays(bucket):
    blob = bucket.blob("a")
    blob.upload_from_string("x")
    blob.temporary_hold = True
    blob.patch()
    with pytest.raises(Exception, match="under active Temporary hold"):
        blob.delete()
    blob.temporary_hold = False
    blob.patch()
    blob.delete()


# -- gzip --


def test_stored_gzip_arrives_packed_for_who_takes_it_and_unpacked_for_who_does_not(bucket, google_standin):
    plain = b"hello " * 10_000
    blob = bucket.blob("a.txt")
    blob.content_encoding = "gzip"
    blob.upload_from_string(packed := gzip.compress(plain, mtime=0), content_type="text/plain")
    assert blob.download_as_bytes(raw_download=True) == packed
    assert blob.download_as_bytes() == plain
    blob.make_public()
    url = f"{google_standin.endpoint}/holidays/a.txt"
    body, headers = fetch(url, Range="bytes=0-9")
    assert (body, headers["Content-Length"], headers["Content-Encoding"]) == (plain, None, None)
    assert (headers["X-Goog-Stored-Content-Encoding"], headers["X-Goog-Stored-Content-Length"]) == (
        "gzip",
        str(len(packed)),
    )
    body, headers = fetch(url, Accept_Encoding="gzip", Range="bytes=0-9")
    assert (body, headers["Content-Encoding"]) == (packed[:10], "gzip")
    blob.cache_control = "no-transform"
    blob.patch()
    assert fetch(url)[0] == packed


# -- many at once --


def test_sixteen_threads_write_read_and_list(client, bucket):
    def work(number: int) -> None:
        for turn in range(10):
            blob = bucket.blob(f"{number}/{turn}")
            blob.upload_from_string(name := f"{number}-{turn}")
            assert blob.download_as_bytes() == name.encode()
            bucket.blob("shared").upload_from_string(name)
            list(client.list_blobs(bucket, prefix=f"{number}/"))

    with ThreadPoolExecutor(16) as pool:
        list(pool.map(work, range(16)))
    assert len(list(client.list_blobs(bucket))) == 161


def test_of_many_who_create_a_name_at_once_one_does(bucket):
    def create(number: int) -> int:
        try:
            bucket.blob("one").upload_from_string(str(number), if_generation_match=0)
        except PreconditionFailed:
            return 0
        return 1

    with ThreadPoolExecutor(8) as pool:
        assert sum(pool.map(create, range(24))) == 1


# -- tokens --


def test_the_sdk_renews_a_token_that_the_service_no_longer_takes(client, bucket, google_standin):
    google_standin.expire_tokens()
    bucket.reload()
    assert [one["status"] for one in google_standin.requests[-3:]] == [401, 200, 200]


def test_a_token_ends_by_itself(google_standin):
    google_standin.settings(token_seconds=0)
    key = ServiceAccount.from_service_account_file(str(google_standin.key_file))
    scoped = key.with_scopes(["https://www.googleapis.com/auth/devstorage.read_only"])
    session = AuthorizedSession(scoped, max_refresh_attempts=0)
    url = f"{google_standin.endpoint}/storage/v1/b?project={google_standin.project}"
    assert session.get(url).status_code == 401
    google_standin.settings(token_seconds=60)
    assert session.get(url).status_code == 200  # google-auth knew that the old one was over
    session.close()


def test_a_refresh_token_signs_in(google_standin):
    person = google_standin.person
    credentials = Credentials(
        None,
        refresh_token=person["refresh_token"],
        token_uri=person["token_uri"],
        client_id=person["client_id"],
        client_secret=person["client_secret"],
    )
    with sdk(google_standin, credentials) as client:
        client.create_bucket("mine")
        assert names(client.list_buckets()) == ["mine"]


def test_a_big_object_is_kept_in_a_file_not_in_memory(bucket, google_standin):
    before = memory_of(google_standin)
    data = os.urandom(16 * MIB)
    bucket.blob("big", chunk_size=4 * MIB).upload_from_file(io.BytesIO(data * 8), size=len(data) * 8)
    assert bucket.get_blob("big").size == 128 * MIB
    into = hashlib.md5()
    with bucket.blob("big").open("rb", chunk_size=8 * MIB) as file:
        while piece := file.read(8 * MIB):
            into.update(piece)
    assert base64.b64encode(into.digest()).decode() == bucket.get_blob("big").md5_hash
    assert memory_of(google_standin) - before < 64 * MIB


def memory_of(server: GoogleStandin) -> int:
    [pid] = server.group.pids.values()
    pages = int(Path(f"/proc/{pid}/statm").read_text().split()[1])
    return pages * os.sysconf("SC_PAGE_SIZE")
