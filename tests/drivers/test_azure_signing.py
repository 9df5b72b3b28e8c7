"""Azure's signatures are those of azure-storage-blob, byte for byte, over thousands of requests and links."""

from __future__ import annotations

import base64
import random
import string
from datetime import UTC, datetime
from typing import Any
from urllib.parse import quote

import pytest
from azure.core.pipeline import PipelineContext, PipelineRequest
from azure.core.rest import HttpRequest
from azure.storage.blob import (
    UserDelegationKey,
    generate_account_sas,
    generate_blob_sas,
    generate_container_sas,
)
from azure.storage.blob._shared.authentication import SharedKeyCredentialPolicy
from azure.storage.blob._shared.constants import X_MS_VERSION

from storage_core.errors import InvalidCredsError
from storage_core.http import Request
from storage_core.signing import azure
from storage_core.signing.azure import AccountKey, DelegationKey

KEY = AccountKey("skyferry", base64.b64encode(bytes(range(64))).decode())
LENT = DelegationKey(
    "oid-1", "tid-1", "2026-11-22T20:00:00Z", "2026-11-23T20:00:00Z", "b", "2021-12-02", KEY.key
)
NOW = datetime(2026, 11, 22, 20, 0, 5, 999, UTC)
THEIRS = str(X_MS_VERSION)
"""The SDK signs links for the newest version alone; we can, too."""
EXPIRY = datetime(2026, 11, 23, 20, 0, 0, tzinfo=UTC)
HEADERS = (
    *("Content-Encoding", "Content-Language", "Content-MD5", "Content-Type"),
    *("If-Match", "If-None-Match", "If-Modified-Since", "If-Unmodified-Since"),
    *("x-ms-blob-type", "x-ms-blob-content-type", "x-ms-blob-content-md5", "x-ms-blob-cache-control"),
    *("x-ms-copy-source", "x-ms-copy-source-tag-option", "x-ms-range", "x-ms-access-tier", "x-ms-tags"),
)
QUERY = ("comp", "restype", "blockid", "prefix", "marker", "include", "delimiter", "maxresults", "snapshot")
LETTERS = string.ascii_letters + string.digits + " +%?#&=;:@,$!'()*~é漢/"


def theirs(method: str, url: str, headers: dict[str, str], length: int) -> str:
    """What the SDK's own policy would sign it with."""
    given = {**headers, "Content-Length": str(length)}
    request = PipelineRequest(HttpRequest(method, url, headers=given), PipelineContext(None))
    SharedKeyCredentialPolicy(KEY.account, KEY.key).on_request(request)
    return str(request.http_request.headers["Authorization"])


def some_request(chance: random.Random) -> tuple[str, str, dict[str, str], int]:
    def text(most: int) -> str:
        return "".join(chance.choice(LETTERS) for _ in range(chance.randint(1, most)))

    path = "/".join(quote(text(8), safe="~") for _ in range(chance.randint(1, 4)))
    names = chance.sample(QUERY, chance.randint(0, 5))
    query = "&".join(f"{name}={quote(text(9), safe='')}" for name in names)
    url = f"https://skyferry.blob.core.windows.net/{path}" + (f"?{query}" if query else "")
    headers = {name: text(6).encode("ascii", "ignore").decode().strip() or "v" for name in HEADERS}
    headers = {name: headers[name] for name in chance.sample(HEADERS, chance.randint(0, len(HEADERS)))}
    for _ in range(chance.randint(0, 6)):
        letters = string.ascii_lowercase + string.digits + "___"
        key = chance.choice(string.ascii_lowercase + "_") + "".join(
            chance.choice(letters) for _ in range(chance.randint(0, 4))
        )
        headers[f"x-ms-meta-{key}"] = "v" + key
    headers["x-ms-date"] = azure.http_date(NOW)
    headers["x-ms-version"] = azure.VERSION
    return chance.choice(("GET", "PUT", "HEAD", "DELETE", "POST")), url, headers, chance.choice((0, 1, 5000))


def test_thousands_of_requests_are_signed_as_the_sdk_signs_them() -> None:
    chance = random.Random(11)
    for _ in range(5000):
        method, url, headers, length = some_request(chance)
        assert azure.authorization(method, url, headers, length, KEY) == theirs(method, url, headers, length)


def test_underscores_and_hyphens_are_sorted_as_the_service_does() -> None:
    metas = ["a_b", "ab", "a1", "a_1", "a", "_a", "a__", "b", "ab_", "a0b", "abc", "a_", "x_ms", "z9"]
    headers = {f"x-ms-meta-{name}": "1" for name in metas}
    headers |= dict.fromkeys(("x-ms-date", "x-ms-version", "x-ms-metaab", "x-ms-meta", "x-ms-met-aab"), "1")
    url = "https://skyferry.blob.core.windows.net/box/a"
    assert azure.authorization("PUT", url, headers, 0, KEY) == theirs("PUT", url, headers, 0)


def test_a_request_is_dated_and_signed_with_its_length() -> None:
    request = Request("PUT", "https://skyferry.blob.core.windows.net/box/a?comp=block", {}, b"12345")
    azure.sign(request, KEY, NOW)
    assert request.headers["x-ms-date"] == "Sun, 22 Nov 2026 20:00:05 GMT"
    signed = request.headers.pop("Authorization")
    assert signed == theirs("PUT", request.url, request.headers, 5)
    assert signed != theirs("PUT", request.url, request.headers, 6)


def test_a_body_of_no_bytes_is_signed_without_a_length() -> None:
    text = azure.string_to_sign("PUT", "https://h/c?restype=container", {}, 0, "me")
    assert text == "PUT" + "\n" * 12 + "/me/c\nrestype:container"


@pytest.mark.parametrize("key", ["", "no base64!", "é", "abc"])
def test_a_key_that_is_none_is_refused_in_words(key: str) -> None:
    with pytest.raises(InvalidCredsError, match="account key") as refused:
        AccountKey("me", key).sign("x")
    assert not key or key not in str(refused.value)


def test_no_key_is_shown() -> None:
    assert KEY.key not in repr(KEY) + repr(LENT)


# -- links --


@pytest.mark.parametrize("more", [{}, {"ip": "10.0.0.1-10.0.0.9", "protocol": "https"}])
def test_an_account_link_is_the_sdks(more: dict[str, str]) -> None:
    ours = azure.account_sas(
        KEY, "rwdlac", azure.sas_time(EXPIRY), start=azure.sas_time(NOW), version=THEIRS, **more
    )
    assert ours == generate_account_sas(
        KEY.account, KEY.key, "sco", "rwdlac", EXPIRY, start=NOW, services="b", **more
    )


def test_hundreds_of_object_links_are_the_sdks() -> None:
    chance = random.Random(3)
    for number in range(600):
        name = "".join(chance.choice(LETTERS + "\n\x01.") for _ in range(chance.randint(1, 20)))
        more: dict[str, Any] = chance.choice(
            [{}, {"ip": "1.2.3.4"}, {"protocol": "https"}, {"policy_id": "stored"}]
        )
        heads = {"content_type": "text/css", "cache_control": "no-cache"} if number % 3 == 0 else {}
        if number % 3 == 1:
            heads = {"content_disposition": 'attachment; filename="ü"', "content_language": "de"}
        options = {"start": azure.sas_time(NOW)} if number % 2 else {}
        overrides = {
            {"content_type": "rsct", "cache_control": "rscc", "content_disposition": "rscd"}.get(
                head, "rscl"
            ): value
            for head, value in heads.items()
        }
        ours = azure.service_sas(
            KEY, KEY.account, "box", name, "racwd", azure.sas_time(EXPIRY), overrides=overrides,
            policy=more.get("policy_id", ""), ip=more.get("ip", ""), protocol=more.get("protocol", ""),
            version=THEIRS, **options,
        )  # fmt: skip
        assert ours == generate_blob_sas(
            KEY.account, "box", name, account_key=KEY.key, permission="racwd", expiry=EXPIRY,
            start=NOW if options else None, **more, **heads,
        )  # fmt: skip


def test_a_container_link_is_the_sdks() -> None:
    ours = azure.service_sas(KEY, KEY.account, "box", "", "rl", azure.sas_time(EXPIRY), version=THEIRS)
    assert ours == generate_container_sas(
        KEY.account, "box", account_key=KEY.key, permission="rl", expiry=EXPIRY
    )


def test_a_link_to_a_snapshot_is_the_sdks() -> None:
    moment = "2026-11-22T20:14:10.7030000Z"
    ours = azure.service_sas(
        KEY, KEY.account, "box", "a", "r", azure.sas_time(EXPIRY), moment=moment, resource="bs",
        version=THEIRS,
    )  # fmt: skip
    signature = generate_blob_sas(
        KEY.account, "box", "a", snapshot=moment, account_key=KEY.key, permission="r", expiry=EXPIRY
    )
    assert ours.rpartition("sig=")[2] == signature.rpartition("sig=")[2]


@pytest.mark.parametrize("name", ["a", "folder/ü +%?#&=.txt", ""])
def test_a_link_by_a_key_that_was_lent_is_the_sdks(name: str) -> None:
    lent = UserDelegationKey()
    lent.signed_oid, lent.signed_tid = LENT.oid, LENT.tid
    lent.signed_start, lent.signed_expiry = LENT.start, LENT.expiry
    lent.signed_service, lent.signed_version, lent.value = LENT.service, LENT.version, LENT.value
    lent.signed_delegated_user_tid = None
    ours = azure.service_sas(LENT, KEY.account, "box", name, "r", azure.sas_time(EXPIRY), version=THEIRS)
    if name:
        wanted = generate_blob_sas(
            KEY.account, "box", name, user_delegation_key=lent, permission="r", expiry=EXPIRY
        )
    else:
        wanted = generate_container_sas(
            KEY.account, "box", user_delegation_key=lent, permission="r", expiry=EXPIRY
        )
    assert dict(item.split("=", 1) for item in ours.split("&")) == dict(
        item.split("=", 1) for item in wanted.split("&")
    )
