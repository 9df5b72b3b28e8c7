"""Who may what on the Google stand-in: policies, access lists, signed addresses."""

from __future__ import annotations

import json
import time
from datetime import timedelta
from typing import Any

import pytest
import requests
from google.api_core.exceptions import PreconditionFailed
from google.cloud import storage
from google.cloud.storage import _signing
from google.oauth2.service_account import Credentials

from tests.servers.google_standin import GoogleStandin
from tests.servers.google_standin_clients import (
    ODD_NAMES,
    crc32c,
    fetch,
    key_of,
    md5,
    names,
    other_key,
    xml_refusal,
)

# -- policies and lists --


def test_a_policy_lets_another_account_read(client, reader, bucket, google_standin):
    bucket.blob("a").upload_from_string("x")
    theirs = reader.bucket("holidays")
    with pytest.raises(Exception, match="403"):
        theirs.blob("a").download_as_bytes()
    policy = bucket.get_iam_policy(requested_policy_version=3)
    member = f"serviceAccount:{google_standin.reader_email}"
    policy.bindings.append({"role": "roles/storage.objectViewer", "members": {member}})
    bucket.set_iam_policy(policy)
    assert theirs.blob("a").download_as_bytes() == b"x"
    assert names(reader.list_blobs(theirs)) == ["a"]
    asked = ["storage.objects.get", "storage.objects.create", "storage.buckets.delete"]
    assert theirs.test_iam_permissions(asked) == ["storage.objects.get"]
    assert set(bucket.test_iam_permissions(asked)) == set(asked)
    for refused in (
        lambda: theirs.blob("b").upload_from_string("x"),
        lambda: theirs.blob("a").delete(),
        lambda: theirs.get_iam_policy(),
        lambda: list(reader.list_buckets()),
    ):
        with pytest.raises(Exception, match="does not have storage"):
            refused()


def test_a_policy_makes_a_bucket_public(bucket, google_standin):
    bucket.iam_configuration.uniform_bucket_level_access_enabled = True
    bucket.patch()
    bucket.blob("a b").upload_from_string(b"open", content_type="text/plain")
    url = f"{google_standin.endpoint}/holidays/a%20b"
    assert requests.get(url, timeout=9).status_code == 403
    policy = bucket.get_iam_policy(requested_policy_version=3)
    policy.bindings.append({"role": "roles/storage.objectViewer", "members": {"allUsers"}})
    bucket.set_iam_policy(policy)
    body, headers = fetch(url)
    assert (body, headers["Content-Type"], headers["Cache-Control"]) == (
        b"open",
        "text/plain",
        "public, max-age=3600",
    )
    anonymous = storage.Client.create_anonymous_client()
    anonymous._connection.API_BASE_URL = google_standin.endpoint
    assert names(anonymous.list_blobs("holidays")) == ["a b"]
    anonymous.close()


def test_an_access_list_makes_one_object_public(bucket, google_standin):
    blob = bucket.blob("a")
    blob.upload_from_string("x", predefined_acl="publicRead")
    bucket.blob("b").upload_from_string("x")
    base = f"{google_standin.endpoint}/holidays"
    assert [requests.get(f"{base}/{name}", timeout=9).status_code for name in "ab"] == [200, 403]
    blob.make_private()
    assert requests.get(f"{base}/a", timeout=9).status_code == 403
    blob.make_public()
    blob.acl.reload()
    assert {"entity": "allUsers", "role": "READER"} in list(blob.acl)
    assert requests.get(f"{base}/a", timeout=9).status_code == 200


def test_access_lists_of_buckets_are_kept(bucket):
    bucket.acl.user("someone@example.com").grant_read()
    bucket.acl.save()
    bucket.default_object_acl.all().grant_read()
    bucket.default_object_acl.save()
    bucket.acl.reload()
    assert {"entity": "user-someone@example.com", "role": "READER"} in list(bucket.acl)
    roles = {one["role"] for one in bucket.get_iam_policy(requested_policy_version=3).bindings}
    assert "roles/storage.legacyBucketReader" in roles
    blob = bucket.blob("new")
    blob.upload_from_string("x")
    blob.acl.reload()
    assert "READER" in blob.acl.all().get_roles()


def test_prevention_of_public_access_is_kept(bucket):
    bucket.iam_configuration.public_access_prevention = "enforced"
    bucket.patch()
    policy = bucket.get_iam_policy(requested_policy_version=3)
    policy.bindings.append({"role": "roles/storage.objectViewer", "members": {"allUsers"}})
    with pytest.raises(PreconditionFailed, match="public access prevention"):
        bucket.set_iam_policy(policy)
    with pytest.raises(Exception, match="public access prevention"):
        bucket.blob("a").upload_from_string("x", predefined_acl="publicRead")
    bucket.reload()
    assert bucket.iam_configuration.public_access_prevention == "enforced"


# -- addresses the SDK signed --


def sign(
    blob: storage.Blob, server: GoogleStandin, method: str = "GET", seconds: int = 60, **more: Any
) -> str:
    lasting = timedelta(seconds=seconds)
    url: str = blob.generate_signed_url(
        version="v4", expiration=lasting, method=method, api_access_endpoint=server.endpoint, **more
    )
    return url


@pytest.mark.parametrize("name", ODD_NAMES)
def test_signed_addresses_write_read_and_delete(bucket, google_standin, name):
    blob = bucket.blob(name)
    fetch(sign(blob, google_standin, "PUT", content_type="x/y"), "PUT", b"signed", Content_Type="x/y")
    body, headers = fetch(sign(blob, google_standin))
    assert (body, headers["Content-Type"]) == (b"signed", "x/y")
    _, headers = fetch(sign(blob, google_standin, "HEAD"), "HEAD")
    assert headers["Content-Length"] == "6"
    assert headers["X-Goog-Hash"] == f"crc32c={crc32c(b'signed')},md5={md5(b'signed')}"
    fetch(sign(blob, google_standin, "DELETE"), "DELETE")
    assert not blob.exists()


def test_a_signed_address_says_under_which_name_to_save(bucket, google_standin):
    blob = bucket.blob("a")
    blob.upload_from_string("x")
    more = {"response_disposition": 'attachment; filename="b c.txt"', "response_type": "text/csv"}
    _, headers = fetch(sign(blob, google_standin, **more))
    assert (headers["Content-Disposition"], headers["Content-Type"]) == (
        'attachment; filename="b c.txt"',
        "text/csv",
    )


def test_a_signed_address_of_the_bucket_s_own_host(bucket, google_standin):
    bucket.blob("a/b").upload_from_string("x")
    host = f"holidays.storage.googleapis.com:{google_standin.endpoint.rpartition(':')[2]}"
    url = bucket.blob("a/b").generate_signed_url(
        version="v4", expiration=60, bucket_bound_hostname=host, scheme="http"
    )
    body, _ = fetch(url.replace(f"http://{host}", google_standin.endpoint), Host=host)
    assert body == b"x"


def test_a_signed_address_begins_a_resumable_upload(bucket, google_standin):
    url = bucket.blob("a").create_resumable_upload_session(content_type="x/y", size=4)
    fetch(url, "PUT", b"1234")
    assert bucket.get_blob("a").download_as_bytes() == b"1234"
    signed = sign(bucket.blob("b"), google_standin, "RESUMABLE")
    _, headers = fetch(signed, "POST", b"", x_goog_resumable="start")
    fetch(headers["Location"], "PUT", b"5678", Content_Range="bytes 0-3/4")
    assert bucket.get_blob("b").download_as_bytes() == b"5678"


# -- addresses that are not right --


def signed(
    server: GoogleStandin, path: str = "/holidays/a", key: dict[str, str] | None = None, **more: Any
) -> str:
    credentials = Credentials.from_service_account_info(key or key_of(server))
    more = {"expiration": timedelta(seconds=60), "api_access_endpoint": server.endpoint, **more}
    url: str = _signing.generate_signed_url_v4(credentials, resource=path, **more)
    return url


def get(url: str, method: str = "GET", **headers: str) -> requests.Response:
    return requests.request(method, url, headers=headers, timeout=9)


def test_a_signed_address_is_good_as_it_is_alone(api, google_standin):
    api.put("a")
    api.put("b")
    url = signed(google_standin)
    assert get(url).content == b"x"
    for wrong in (
        url.replace("/holidays/a", "/holidays/b"),
        url.replace("X-Goog-Expires=60", "X-Goog-Expires=6000"),
        url + "&response-content-type=text%2Fhtml",
        url[:-4] + "0000",
        signed(google_standin, key={**key_of(google_standin), "private_key": other_key()}),
        signed(google_standin, key={**key_of(google_standin), "client_email": "nobody@example.com"}),
    ):
        assert xml_refusal(get(wrong)) == (403, "SignatureDoesNotMatch")
    assert xml_refusal(get(url, "PUT")) == (403, "SignatureDoesNotMatch")
    assert xml_refusal(get(url, Host="localhost")) == (403, "SignatureDoesNotMatch")
    google_standin.disable(google_standin.email)
    assert xml_refusal(get(url)) == (403, "SignatureDoesNotMatch")


def test_a_signed_address_ends(api, google_standin):
    api.put("a")
    before = time.strftime("%Y%m%dT%H%M%SZ", time.gmtime(time.time() - 120))
    assert xml_refusal(get(signed(google_standin, _request_timestamp=before))) == (400, "ExpiredToken")
    later = time.strftime("%Y%m%dT%H%M%SZ", time.gmtime(time.time() + 7200))
    assert xml_refusal(get(signed(google_standin, _request_timestamp=later))) == (403, "RequestTimeTooSkewed")
    week = get(signed(google_standin, expiration=timedelta(days=7)))
    assert week.status_code == 200
    longer = signed(google_standin).replace("X-Goog-Expires=60", "X-Goog-Expires=604801")
    assert xml_refusal(get(longer)) == (400, "InvalidArgument")


def test_headers_that_were_signed_must_be_sent_and_google_s_own_must_be_signed(api, google_standin):
    api.put("a")
    url = signed(
        google_standin, headers={"x-goog-if-generation-match": "0"}, method="PUT", content_type="a/b"
    )
    sent = {"Content-Type": "a/b", "x-goog-if-generation-match": "0"}
    assert xml_refusal(get(url, "PUT", **{"Content-Type": "a/b"})) == (400, "MalformedSecurityHeader")
    assert xml_refusal(get(url, "PUT", **sent, **{"x-goog-acl": "public-read"})) == (
        400,
        "MalformedSecurityHeader",
    )
    assert xml_refusal(get(url, "PUT", **{**sent, "Content-Type": "c/d"})) == (403, "SignatureDoesNotMatch")
    assert xml_refusal(get(url, "PUT", **sent)) == (412, "PreconditionFailed")


def test_a_signed_address_can_do_only_what_its_account_may(api, google_standin):
    api.put("a")
    key = json.loads(google_standin.reader_key_file.read_text())
    assert xml_refusal(get(signed(google_standin, key=key))) == (403, "AccessDenied")
    assert xml_refusal(get(signed(google_standin, "/holidays/no"))) == (404, "NoSuchKey")
    assert xml_refusal(get(signed(google_standin, "/nobodys/no"))) == (404, "NoSuchBucket")


def test_without_a_signature_only_public_objects_are_read(api, google_standin):
    api.put("a")
    api.put("open", predefinedAcl="publicRead")
    base = f"{google_standin.endpoint}/holidays"
    assert get(f"{base}/open").content == b"x"
    assert xml_refusal(get(f"{base}/a")) == (403, "AccessDenied")
    assert xml_refusal(get(f"{base}/missing")) == (403, "AccessDenied")
    assert xml_refusal(get(f"{base}/open", "DELETE")) == (403, "AccessDenied")
    assert xml_refusal(get(base)) == (403, "AccessDenied")
    assert xml_refusal(get(f"{base}/open", Authorization="Bearer ya29.forged")) == (
        401,
        "AuthenticationRequired",
    )
    public = {"iamConfiguration": {"publicAccessPrevention": "enforced"}}
    api("PATCH", "/storage/v1/b/holidays", json=public)
    assert xml_refusal(get(f"{base}/open")) == (403, "AccessDenied")


def test_a_public_bucket_lists_itself(api, google_standin):
    for name in ("a", "b/1", "b/2"):
        api.put(name)
    policy = api("GET", "/storage/v1/b/holidays/iam").json()
    policy["bindings"].append({"role": "roles/storage.objectViewer", "members": ["allUsers"]})
    api("PUT", "/storage/v1/b/holidays/iam", json=policy)
    text = get(f"{google_standin.endpoint}/holidays?delimiter=/").text
    assert "<Key>a</Key>" in text
    assert "<CommonPrefixes><Prefix>b/</Prefix></CommonPrefixes>" in text
    assert xml_refusal(get(f"{google_standin.endpoint}/holidays/missing")) == (404, "NoSuchKey")
