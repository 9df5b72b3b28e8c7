"""Google's V4 signed URLs: the official vectors, and google-cloud-storage over odd names.

Vectors: googleapis/conformance-tests, storage/v1/v4_signatures.json (see the file's own note).
"""

from __future__ import annotations

import json
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any
from urllib.parse import parse_qsl, urlsplit

import pytest
from google.auth.crypt import RSASigner
from google.cloud.storage._signing import generate_signed_url_v4
from google.oauth2 import service_account

from storage_core.signing import google4
from storage_core.signing.google4 import Hmac, Rsa

VECTORS = json.loads((Path(__file__).parents[2] / "data" / "google4_vectors.json").read_text("utf-8"))
ACCOUNT = VECTORS["account"]
NOW = datetime(2019, 2, 1, 9, tzinfo=UTC)
HOSTILE = [
    *(
        "plain",
        "a b",
        "a+b",
        "ü/漢字/😀",
        "a//b",
        "a/../b",
        "/lead",
        "~tilde",
        "%2e%2e",
        "?&=#;:@,$!'()*",
        "\x01",
    ),
    *("trailing/", '"quotes"', "[x]", "back\\slash"),
]


def signer() -> Rsa:
    rsa = RSASigner.from_service_account_info(ACCOUNT)
    return Rsa(ACCOUNT["client_email"], rsa.sign)


def moment(text: str) -> datetime:
    return (
        datetime.fromisoformat(text) if "-" in text else datetime.strptime(text + "+0000", "%Y%m%dT%H%M%SZ%z")
    )


def pairs_of(url: str) -> list[tuple[str, str]]:
    """The query's pairs; the vectors spell the signature's name in two ways."""
    pairs = parse_qsl(urlsplit(url).query)
    return sorted((name.replace("x-goog-signature", "X-Goog-Signature"), value) for name, value in pairs)


def url_of(case: dict[str, Any]) -> str:
    """Where the case's object is, in the style that it asks for."""
    style, bucket, scheme = case.get("urlStyle", ""), case["bucket"], case.get("scheme", "https")
    name = google4.encode_path(case.get("object") or "")
    if style == "VIRTUAL_HOSTED_STYLE":
        return f"{scheme}://{bucket}.storage.googleapis.com/{name}"
    if style == "BUCKET_BOUND_HOSTNAME":
        return f"{scheme}://{case['bucketBoundHostname']}/{name}"
    return f"{scheme}://storage.googleapis.com/{bucket}" + (f"/{name}" if name else "")


@pytest.mark.parametrize("case", VECTORS["cases"], ids=lambda case: str(case["description"]))
def test_the_vectors_of_google(case: dict[str, Any]) -> None:
    url, headers, stamp = url_of(case), case.get("headers", {}), moment(case["timestamp"])
    query = case.get("queryParameters")
    link = google4.presign(case["method"], url, signer(), int(case["expiration"]), stamp, headers, query)
    if "expectedUrl" in case:
        assert link.partition("?")[0] == case["expectedUrl"].partition("?")[0]
        assert pairs_of(link) == pairs_of(case["expectedUrl"])
    if "expectedCanonicalRequest" in case:
        sent = link.partition("?")[2].rpartition("&X-Goog-Signature=")[0]
        lines = google4.canonical_headers(url, headers)
        canonical = google4.canonical_request(case["method"], url, sent, lines)
        assert canonical == case["expectedCanonicalRequest"]
        scope = f"{stamp:%Y%m%d}/auto/storage/goog4_request"
        text = google4.string_to_sign(signer(), f"{stamp:%Y%m%dT%H%M%SZ}", scope, canonical)
        assert text == case["expectedStringToSign"]


def test_the_vectors_cover_urls_and_their_steps() -> None:
    assert sum("expectedUrl" in case for case in VECTORS["cases"]) == 13
    assert sum("expectedCanonicalRequest" in case for case in VECTORS["cases"]) >= 18


@pytest.mark.parametrize("name", HOSTILE)
@pytest.mark.parametrize("method", ["GET", "PUT", "DELETE", "HEAD"])
def test_the_vendors_sdk_signs_the_same(name: str, method: str) -> None:
    info = {**ACCOUNT, "token_uri": "https://oauth2.googleapis.com/token"}
    theirs = generate_signed_url_v4(
        service_account.Credentials.from_service_account_info(info),
        "/bucket/" + google4.encode_path(name),
        timedelta(hours=1),
        api_access_endpoint="https://storage.googleapis.com",
        method=method,
        _request_timestamp="20190201T090000Z",
    )
    url = "https://storage.googleapis.com/bucket/" + google4.encode_path(name)
    assert google4.presign(method, url, signer(), 3600, NOW) == theirs.replace(
        "x-goog-signature", "X-Goog-Signature"
    )


def test_an_hmac_key_signs_by_the_chain_of_its_day() -> None:
    """No official vector has an HMAC key: the steps are those of the vendor's page, done here by hand."""
    link = google4.presign("GET", "https://storage.googleapis.com/b/o", Hmac("GOOGKEY", "s3cret"), 60, NOW)
    assert "X-Goog-Algorithm=GOOG4-HMAC-SHA256" in link
    assert "X-Goog-Credential=GOOGKEY%2F20190201%2Fauto%2Fstorage%2Fgoog4_request" in link
    assert len(link.rpartition("=")[2]) == 64
    assert "s3cret" not in repr(Hmac("GOOGKEY", "s3cret")) + link
    other = google4.presign("GET", "https://storage.googleapis.com/b/p", Hmac("GOOGKEY", "s3cret"), 60, NOW)
    assert link.rpartition("=")[2] != other.rpartition("=")[2]


@pytest.mark.parametrize("seconds", [0, -1, 7 * 24 * 3600 + 1])
def test_a_link_lasts_a_second_to_seven_days(seconds: int) -> None:
    with pytest.raises(ValueError, match="seconds"):
        google4.presign("GET", "https://storage.googleapis.com/b/o", signer(), seconds, NOW)


def test_a_port_that_goes_without_saying_is_not_signed() -> None:
    assert google4.canonical_headers("https://Storage.Example.com:443/b", {})["host"] == "storage.example.com"
    assert google4.canonical_headers("http://127.0.0.1:8080/b", {})["host"] == "127.0.0.1:8080"
