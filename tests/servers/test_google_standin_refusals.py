"""The Google stand-in refuses what the service refuses, in its words: letting it pass would prove nothing."""

from __future__ import annotations

import base64
import hashlib
import json
import time
from typing import Any

import pytest
import requests

from tests.servers.google_standin_clients import (
    GRANT,
    MIB,
    SCOPE,
    Api,
    ask,
    assertion,
    key_of,
    other_key,
    refusal,
    token,
)

# -- tokens --


def test_a_token_needs_a_right_signature_of_a_known_account(google_standin):
    key = key_of(google_standin)
    forged = {**key, "private_key": other_key()}
    for wrong, said in (
        (assertion(google_standin, forged), "Invalid JWT Signature."),
        (assertion(google_standin, {**key, "private_key_id": "0" * 40}), "Invalid JWT Signature."),
        (assertion(google_standin)[:-8] + "AAAAAAAA", "Invalid JWT Signature."),
        (assertion(google_standin, iss="nobody@example.com"), "account not found"),
        (assertion(google_standin, aud="https://example.com/token"), "Failed audience check"),
        (assertion(google_standin, exp=int(time.time()) + 7200), "short-lived"),
        (assertion(google_standin, iat=int(time.time()) - 9000, exp=int(time.time()) - 5400), "short-lived"),
        ("nonsense", "Bad Request"),
    ):
        reply = ask(google_standin, grant_type=GRANT, assertion=wrong)
        assert (reply.status_code, reply.json()["error"]) == (400, "invalid_grant")
        assert said in reply.json()["error_description"]


def test_a_token_needs_a_scope_and_a_grant_that_exist(google_standin):
    reply = ask(google_standin, grant_type=GRANT, assertion=assertion(google_standin, scope="openid"))
    assert (reply.status_code, reply.json()["error"]) == (400, "invalid_scope")
    assert ask(google_standin, grant_type="password").json()["error"] == "unsupported_grant_type"


def test_a_disabled_account_gets_nothing(google_standin, api):
    google_standin.disable(google_standin.email)
    reply = ask(google_standin, grant_type=GRANT, assertion=assertion(google_standin))
    assert (reply.status_code, reply.json()["error"]) == (400, "invalid_grant")
    assert refusal(api("GET", "/storage/v1/b/holidays")) == (401, "authError")


def test_a_refresh_token_must_be_whole_and_not_revoked(google_standin):
    person = google_standin.person
    names = ("client_id", "client_secret", "refresh_token")
    right = {name: person[name] for name in names} | {"grant_type": "refresh_token"}
    assert ask(google_standin, **right).json()["scope"] == f"{SCOPE}cloud-platform"
    for name, status, error in (
        ("client_id", 401, "invalid_client"),
        ("client_secret", 401, "invalid_client"),
        ("refresh_token", 400, "invalid_grant"),
    ):
        reply = ask(google_standin, **{**right, name: "wrong"})
        assert (reply.status_code, reply.json()["error"]) == (status, error)
    google_standin.order("revoke")
    assert ask(google_standin, **right).json()["error"] == "invalid_grant"


def test_every_call_needs_a_token_that_is_good(google_standin, api):
    api.put("a")
    calls = [
        ("GET", f"/storage/v1/b?project={google_standin.project}"),
        ("GET", "/storage/v1/b/holidays"),
        ("GET", "/storage/v1/b/holidays/o"),
        ("GET", "/storage/v1/b/holidays/o/a?alt=media"),
        ("DELETE", "/storage/v1/b/holidays/o/a"),
        ("PATCH", "/storage/v1/b/holidays/o/a"),
        ("POST", "/upload/storage/v1/b/holidays/o?uploadType=media&name=b"),
        ("POST", "/upload/storage/v1/b/holidays/o?uploadType=resumable&name=b"),
        ("GET", "/storage/v1/b/holidays/iam"),
    ]
    for method, path in calls:
        reply = Api(google_standin)(method, path)
        assert refusal(reply) == (401, "required")
        assert reply.headers["WWW-Authenticate"].startswith("Bearer realm=")
        reply = Api(google_standin, "ya29.forged")(method, path)
        assert refusal(reply) == (401, "authError")
        assert 'error="invalid_token"' in reply.headers["WWW-Authenticate"]
    google_standin.expire_tokens()
    assert refusal(api("GET", "/storage/v1/b/holidays")) == (401, "authError")


def test_a_token_can_do_only_what_its_scope_says(google_standin, api):
    api.put("a")
    reads = Api(google_standin, token(google_standin, scope=f"{SCOPE}devstorage.read_only"))
    assert reads("GET", "/storage/v1/b/holidays/o/a").status_code == 200
    reply = reads.put("b")
    assert refusal(reply) == (403, "insufficientPermissions")
    assert "insufficient_scope" in reply.headers["WWW-Authenticate"]
    writes = Api(google_standin, token(google_standin, scope=f"{SCOPE}devstorage.read_write"))
    assert writes.put("b").status_code == 200
    assert writes("GET", "/storage/v1/b/holidays/iam").status_code == 403
    assert writes("PATCH", "/storage/v1/b/holidays", json={}).status_code == 403


def test_another_account_may_only_what_it_was_granted(google_standin, api):
    key = json.loads(google_standin.reader_key_file.read_text())
    reader = Api(google_standin, token(google_standin, key))
    api.put("a")
    assert refusal(reader("GET", "/storage/v1/b/holidays/o")) == (403, "forbidden")
    assert reader("GET", "/storage/v1/b/holidays/o/a").status_code == 403
    # Nor is it told which objects are there.
    assert reader("GET", "/storage/v1/b/holidays/o/missing").status_code == 403
    policy = api("GET", "/storage/v1/b/holidays/iam").json()
    grant = {
        "role": "roles/storage.objectCreator",
        "members": [f"serviceAccount:{google_standin.reader_email}"],
    }
    policy["bindings"].append(grant)
    assert api("PUT", "/storage/v1/b/holidays/iam", json=policy).status_code == 200
    assert reader.put("b").status_code == 200
    assert reader.put("b").status_code == 403  # what is there already would be deleted
    assert reader("GET", "/storage/v1/b/holidays/o/b").status_code == 200  # its owner by its access list
    uniform = {"iamConfiguration": {"uniformBucketLevelAccess": {"enabled": True}}}
    api("PATCH", "/storage/v1/b/holidays", json=uniform)
    assert reader("GET", "/storage/v1/b/holidays/o/b").status_code == 403


def test_a_policy_that_was_changed_meanwhile_is_not_overwritten(api):
    policy = api("GET", "/storage/v1/b/holidays/iam").json()
    assert api("PUT", "/storage/v1/b/holidays/iam", json=policy).status_code == 200
    assert refusal(api("PUT", "/storage/v1/b/holidays/iam", json=policy)) == (412, "conditionNotMet")
    for wrong in (
        {"role": "roles/owner", "members": ["allUsers"]},
        {"role": "roles/storage.admin", "members": ["x"]},
    ):
        assert refusal(api("PUT", "/storage/v1/b/holidays/iam", json={"bindings": [wrong]})) == (
            400,
            "invalid",
        )


# -- buckets --


@pytest.mark.parametrize(
    "name",
    [
        *(
            "ab",
            "a" * 64,
            "Upper",
            "under_score_",
            "-a-",
            "a..b",
            "192.168.5.4",
            "google-x",
            "my-g00gle",
            "goog",
        ),
        *("spa ce", "ä-b-c", "a.-b."),
    ],
)
def test_names_that_no_bucket_can_have(api, google_standin, name):
    reply = api("POST", f"/storage/v1/b?project={google_standin.project}", json={"name": name})
    assert refusal(reply) == (400, "invalid")


def test_names_of_buckets_are_taken_for_everyone(api, google_standin):
    google_standin.order("foreign-bucket", name="theirs")
    for name, said in (("holidays", "you already own it"), ("theirs", "shared by all users")):
        reply = api("POST", f"/storage/v1/b?project={google_standin.project}", json={"name": name})
        assert refusal(reply) == (409, "conflict")
        assert said in reply.text
    assert refusal(api("GET", "/storage/v1/b/theirs/o")) == (403, "forbidden")
    assert refusal(api("GET", "/storage/v1/b/nobodys/o")) == (404, "notFound")


def test_a_bucket_needs_a_project_a_place_and_a_class_that_exist(api, google_standin):
    base = "/storage/v1/b"
    assert refusal(api("POST", base, json={"name": "abc"})) == (400, "required")
    assert refusal(api("POST", f"{base}?project=else", json={"name": "abc"})) == (400, "invalid")
    there = f"{base}?project={google_standin.project}"
    assert refusal(api("POST", there, json={"name": "abc", "location": "MOON"})) == (400, "invalid")
    assert refusal(api("POST", there, json={"name": "abc", "storageClass": "WARM"})) == (400, "invalid")
    assert refusal(api("POST", there, data="{")) == (400, "parseError")


def test_a_bucket_with_objects_or_versions_stays(api):
    api("PATCH", "/storage/v1/b/holidays", json={"versioning": {"enabled": True}})
    api.put("a")
    assert refusal(api("DELETE", "/storage/v1/b/holidays")) == (409, "conflict")
    api("DELETE", "/storage/v1/b/holidays/o/a")
    assert refusal(api("DELETE", "/storage/v1/b/holidays")) == (409, "conflict")


def test_pages_need_a_token_of_the_same_listing(api, google_standin):
    api.put("a")
    api.put("b")
    taken = api("GET", "/storage/v1/b/holidays/o?maxResults=1").json()["nextPageToken"]
    listing = "/storage/v1/b/holidays/o"
    assert refusal(api("GET", f"{listing}?pageToken=nonsense")) == (400, "invalid")
    other = api("GET", f"/storage/v1/b?project={google_standin.project}&pageToken={taken}")
    assert refusal(other) == (400, "invalid")
    assert refusal(api("GET", f"{listing}?maxResults=-1")) == (400, "invalidParameter")
    assert refusal(api("GET", f"{listing}?maxResults=many")) == (400, "invalidParameter")
    assert refusal(api("GET", f"{listing}?fields=items(")) == (400, "invalidParameter")


def test_access_lists_are_refused_under_uniform_access(api):
    api.put("a")
    uniform = {"iamConfiguration": {"uniformBucketLevelAccess": {"enabled": True}}}
    assert api("PATCH", "/storage/v1/b/holidays", json=uniform).status_code == 200
    entry = {"entity": "allUsers", "role": "READER"}
    for reply in (
        api("GET", "/storage/v1/b/holidays/acl"),
        api("POST", "/storage/v1/b/holidays/acl", json=entry),
        api("GET", "/storage/v1/b/holidays/defaultObjectAcl"),
        api("GET", "/storage/v1/b/holidays/o/a/acl"),
        api("POST", "/storage/v1/b/holidays/o/a/acl", json=entry),
        api.put("b", predefinedAcl="publicRead"),
        api("PATCH", "/storage/v1/b/holidays/o/a?predefinedAcl=publicRead", json={}),
        api("PATCH", "/storage/v1/b/holidays/o/a", json={"acl": [entry]}),
    ):
        assert refusal(reply) == (400, "invalid")
        assert "uniform bucket-level access is enabled" in reply.text


# -- objects --


@pytest.mark.parametrize("name", ["a\rb", "a\nb", ".", "..", ".well-known/acme-challenge/x", "é" * 513])
def test_names_that_no_object_can_have(api, name):
    assert refusal(api.put(name)) == (400, "invalid")


def test_an_object_needs_a_name_and_a_bucket(api):
    assert refusal(api("POST", "/upload/storage/v1/b/holidays/o?uploadType=media")) == (400, "required")
    assert refusal(api("POST", "/upload/storage/v1/b/holidays/o?name=a")) == (400, "required")
    assert refusal(api("POST", "/upload/storage/v1/b/nobodys/o?uploadType=media&name=a")) == (404, "notFound")
    assert refusal(api("GET", "/storage/v1/b/holidays/o/a/b")) == (404, "notFound")  # slashes must be coded
    assert refusal(api("DELETE", "/storage/v1/b/holidays/o/missing")) == (404, "notFound")


def multipart(resource: dict[str, Any], data: bytes) -> tuple[bytes, dict[str, str]]:
    head = b"--sep\r\nContent-Type: application/json; charset=UTF-8\r\n\r\n" + json.dumps(resource).encode()
    body = head + b"\r\n--sep\r\nContent-Type: text/plain\r\n\r\n" + data + b"\r\n--sep--"
    return body, {"Content-Type": 'multipart/related; boundary="sep"'}


def test_a_wrong_hash_keeps_nothing(api):
    right = base64.b64encode(hashlib.md5(b"data").digest()).decode()
    for resource in ({"md5Hash": "AAAAAAAAAAAAAAAAAAAAAA=="}, {"crc32c": "AAAAAA=="}):
        body, headers = multipart({"name": "a", **resource}, b"data")
        reply = api(
            "POST", "/upload/storage/v1/b/holidays/o?uploadType=multipart", data=body, headers=headers
        )
        assert refusal(reply) == (400, "invalid")
        assert "doesn't match calculated" in reply.text
    url = "/upload/storage/v1/b/holidays/o?uploadType=media&name=a"
    assert api("POST", url, data=b"data", headers={"X-Goog-Hash": "crc32c=AAAAAA=="}).status_code == 400
    assert api("POST", url, data=b"data", headers={"Content-MD5": right[::-1]}).status_code == 400
    assert api("GET", "/storage/v1/b/holidays/o/a").status_code == 404
    body, headers = multipart({"name": "a", "md5Hash": right}, b"data")
    reply = api("POST", "/upload/storage/v1/b/holidays/o?uploadType=multipart", data=body, headers=headers)
    assert reply.json()["contentType"] == "text/plain"


def test_a_multipart_body_must_be_whole(api):
    url = "/upload/storage/v1/b/holidays/o?uploadType=multipart"
    body, headers = multipart({"name": "a"}, b"--se\r\n--sep is not the end" * 3000)
    assert api("POST", url, data=body, headers=headers).status_code == 400  # "--sep" in the data ends a part
    body, headers = multipart({"name": "a"}, data := b"\r\n--se\r\n-sep--" * 50_000)
    assert api("POST", url, data=body, headers=headers).json()["size"] == str(len(data))
    for broken in (body[:-9], body[:-4], b"", body.replace(b"application/json", b"text/plain")):
        assert api("POST", url, data=broken, headers=headers).status_code == 400
    assert api("POST", url, data=body, headers={"Content-Type": "multipart/related"}).status_code == 400


def test_metadata_has_limits(api):
    api.put("a")
    path = "/storage/v1/b/holidays/o/a"
    assert api("PATCH", path, json={"metadata": {"k": "v" * 8191}}).status_code == 200
    for wrong in (
        {"metadata": {"k": "v" * 8192}},
        {"metadata": {"k": 1}},
        {"metadata": "text"},
        {"contentType": "a\r\nb"},
        {"customTime": "yesterday"},
    ):
        assert refusal(api("PATCH", path, json=wrong)) == (400, "invalid")
    assert api("PATCH", path, json={"customTime": "2026-01-02T00:00:00Z"}).status_code == 200
    assert refusal(api("PATCH", path, json={"customTime": "2026-01-01T00:00:00Z"})) == (400, "invalid")
    assert refusal(api("PATCH", path, json={"customTime": None})) == (400, "invalid")


def test_compose_takes_thirty_two_sources_that_are_there(api):
    api.put("a")
    path = "/storage/v1/b/holidays/o/whole/compose"
    assert api("POST", path, json={"sourceObjects": [{"name": "a"}] * 32}).json()["componentCount"] == 32
    assert refusal(api("POST", path, json={"sourceObjects": [{"name": "a"}] * 33})) == (400, "invalid")
    assert refusal(api("POST", path, json={"sourceObjects": [{"name": "no"}]})) == (404, "notFound")
    assert refusal(api("POST", path, json={"sourceObjects": [{"name": "a", "generation": "1"}]})) == (
        404,
        "notFound",
    )
    assert refusal(api("POST", path, json={})) == (400, "required")


def test_a_whole_has_the_class_of_its_sources(api):
    for name, kind in (("a", "STANDARD"), ("b", "NEARLINE"), ("c", "NEARLINE")):
        api.put(name)
        assert api(
            "POST",
            f"/storage/v1/b/holidays/o/{name}/rewriteTo/b/holidays/o/{name}",
            json={"storageClass": kind},
        ).json()["done"]
    path = "/storage/v1/b/holidays/o/whole/compose"
    assert refusal(api("POST", path, json=sources("a", "b"))) == (400, "invalid")
    wanted = {"destination": {"storageClass": "STANDARD"}}
    assert refusal(api("POST", path, json=sources("b", "c") | wanted)) == (400, "invalid")
    assert api("POST", path, json=sources("b", "c")).json()["storageClass"] == "NEARLINE"


def test_sources_are_removed_for_good_or_nothing_is_composed(api):
    assert api("PATCH", "/storage/v1/b/holidays", json={"versioning": {"enabled": True}}).status_code == 200
    api.put("a")
    api.put("b")
    assert api("PATCH", "/storage/v1/b/holidays/o/b", json={"temporaryHold": True}).status_code == 200
    path, removing = "/storage/v1/b/holidays/o/whole/compose", {"deleteSourceObjects": True}
    assert refusal(api("POST", path, json=sources("a", "b") | removing)) == (403, "forbidden")
    listing = "/storage/v1/b/holidays/o?versions=true"
    assert [one["name"] for one in api("GET", listing).json()["items"]] == ["a", "b"]
    assert api("POST", path, json=sources("a", "a") | removing).json()["componentCount"] == 2
    assert [one["name"] for one in api("GET", listing).json()["items"]] == ["b", "whole"]


def sources(*names):
    return {"sourceObjects": [{"name": name} for name in names]}


def test_a_rewrite_is_gone_on_with_by_its_own_token_alone(api):
    api.put("a", b"x" * (2 * MIB + 1))
    path = "/storage/v1/b/holidays/o/a/rewriteTo/b/holidays/o/{}"
    colder = {"storageClass": "ARCHIVE"}
    begun = api("POST", path.format("b"), json=colder).json()
    assert (begun["done"], begun["totalBytesRewritten"]) == (False, str(MIB))
    taken = begun["rewriteToken"]
    assert refusal(api("POST", path.format("c") + f"?rewriteToken={taken}", json=colder)) == (400, "invalid")
    assert refusal(api("POST", path.format("b") + "?rewriteToken=nonsense", json=colder)) == (400, "invalid")
    odd = path.format("b") + "?maxBytesRewrittenPerCall=1000"
    assert refusal(api("POST", odd, json=colder)) == (400, "invalidParameter")
    assert api("GET", "/storage/v1/b/holidays/o/b").status_code == 404
    begun = api("POST", path.format("b") + f"?rewriteToken={taken}", json=colder).json()
    done = api("POST", path.format("b") + f"?rewriteToken={taken}", json=colder).json()
    assert (begun["done"], done["done"], done["resource"]["storageClass"]) == (False, True, "ARCHIVE")


def test_a_copy_with_attributes_of_its_own_inherits_none(api):
    api.put("a")
    api("PATCH", "/storage/v1/b/holidays/o/a", json={"metadata": {"k": "v"}, "contentLanguage": "de"})
    path = "/storage/v1/b/holidays/o/a/rewriteTo/b/holidays/o/b"
    assert api("POST", path).json()["resource"]["contentLanguage"] == "de"
    told = api("POST", path, json={"contentType": "x/y"}).json()["resource"]
    assert (told.get("contentLanguage"), told.get("metadata"), told["contentType"]) == (None, None, "x/y")


def test_an_unchanged_object_is_not_sent_again(api):
    etag = api.put("a").json()["etag"]
    path = "/storage/v1/b/holidays/o/a"
    assert api("GET", path, headers={"If-None-Match": etag}).status_code == 304
    assert api("GET", f"{path}?alt=media", headers={"If-None-Match": etag}).content == b""
    assert api("GET", path, headers={"If-Match": "other"}).status_code == 412


def test_a_batch_takes_a_hundred_calls_and_no_media(api):
    def batch(calls: list[str]) -> requests.Response:
        parts = [
            f"--sep\r\nContent-Type: application/http\r\nContent-ID: <{n}>\r\n\r\n{c}\r\n\r\n"
            for n, c in enumerate(calls)
        ]
        headers = {"Content-Type": "multipart/mixed; boundary=sep"}
        return api("POST", "/batch/storage/v1", data="".join(parts) + "--sep--", headers=headers)

    get = "GET /storage/v1/b/holidays HTTP/1.1"
    reply = batch([get] * 100)
    assert (reply.status_code, reply.text.count("HTTP/1.1 200 OK")) == (200, 100)
    assert "Content-ID: <response-99>" in reply.text
    assert refusal(batch([get] * 101)) == (400, "badRequest")
    assert batch([]).status_code == 400
    media = "GET /storage/v1/b/holidays/o/a?alt=media HTTP/1.1"
    assert batch([media, get]).text.count("HTTP/1.1 400") == 1
    api.session.headers["Authorization"] = "Bearer ya29.forged"
    assert refusal(batch([get])) == (401, "authError")


# -- the rest --


def test_what_the_stand_in_does_not_do_it_says(api):
    headers = {"X-Goog-Encryption-Algorithm": "AES256", "X-Goog-Encryption-Key": "AAAA"}
    reply = api("GET", "/storage/v1/b/holidays/o/a", headers=headers)
    assert refusal(reply) == (501, "notImplemented")
    assert refusal(api("GET", "/storage/v1/b/holidays/o?softDeleted=true")) == (501, "notImplemented")
    assert refusal(api("POST", "/storage/v1/b/holidays/o/a/restore?generation=1")) == (404, "notFound")


def test_the_stand_in_names_no_server_of_google_s(google_standin):
    assert google_standin.endpoint.startswith("http://127.0.0.1:")
    assert key_of(google_standin)["token_uri"] == google_standin.token_uri
    assert oct(google_standin.key_file.stat().st_mode & 0o777) == "0o600"


def test_an_unknown_order_of_a_test_is_refused(google_standin):
    with pytest.raises(Exception, match="400"):
        google_standin.order("dance")
    with pytest.raises(Exception, match="400"):
        google_standin.settings(colour="blue")
