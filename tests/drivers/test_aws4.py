"""Signature Version 4: AWS's vectors, the examples of its S3 manual, botocore over thousands of requests."""

from __future__ import annotations

import json
import random
import string
from collections.abc import Callable
from datetime import UTC, datetime, timedelta, timezone
from hashlib import sha256
from pathlib import Path
from urllib.parse import quote, unquote

import botocore.auth
import pytest
from botocore.awsrequest import AWSRequest
from botocore.credentials import Credentials
from botocore.utils import percent_encode

from storage_core.http import Request
from storage_core.signing import aws4
from storage_core.signing.aws4 import Keys

VECTORS = json.loads((Path(__file__).parents[1] / "data" / "aws4_vectors.json").read_text("utf-8"))

# https://docs.aws.amazon.com/AmazonS3/latest/API/sig-v4-header-based-auth.html, sigv4-query-string-auth.html
MANUAL_KEYS = Keys("AKIAIOSFODNN7EXAMPLE", "wJalrXUtnFEMI/K7MDENG/bPxRfiCYEXAMPLEKEY")
MANUAL_NOW = datetime(2013, 5, 24, tzinfo=UTC)
MANUAL = "https://examplebucket.s3.amazonaws.com"


# -- AWS's vectors


def read_vector(text: str) -> tuple[Request, bytes]:
    """The request in a vector, as a driver would make it: the query encoded, the path as the suite has it."""
    head, _, body = text.partition("\n\n")
    first, *lines = head.rstrip("\n").split("\n")
    method, _, rest = first.partition(" ")
    path, _, query = rest.rpartition(" HTTP/1.1")[0].partition("?")
    headers: dict[str, str] = {}
    last = ""
    for line in lines:
        name, _, value = line.partition(":")
        if line.startswith(" "):
            headers[last] += " " + line
        else:
            last = name
            headers[name] = f"{headers[name]},{value}" if name in headers else value
    pairs = [item.partition("=") for item in query.split("&")] if query else []
    encoded = "&".join(
        f"{quote(unquote(name), safe='~')}={quote(unquote(value), safe='~')}" for name, _, value in pairs
    )
    url = f"https://{headers.pop('Host')}{path}" + (f"?{encoded}" if encoded else "")
    return Request(method, url, headers), body.encode()


@pytest.mark.parametrize("case", VECTORS["cases"], ids=lambda case: str(case["name"]))
def test_the_vectors_of_aws(case: dict[str, str]) -> None:
    request, body = read_vector(case["request"])
    request.headers.pop("X-Amz-Date")
    token = request.headers.pop("X-Amz-Security-Token", "")
    if not token and "\nx-amz-security-token:" in case["canonical"]:
        token = case["canonical"].partition("\nx-amz-security-token:")[2].partition("\n")[0]
    keys = Keys(VECTORS["access_key"], VECTORS["secret_key"], token)
    region, service = VECTORS["region"], VECTORS["service"]
    payload_hash = sha256(body).hexdigest()
    aws4.sign(request, keys, region, service, payload_hash, datetime.fromisoformat(VECTORS["time"]))
    authorization = request.headers.pop("Authorization")
    canonical, _ = aws4.canonical_request(request.method, request.url, request.headers, service, payload_hash)
    stamp = request.headers["X-Amz-Date"]
    scope = f"{stamp[:8]}/{region}/{service}/aws4_request"
    assert canonical == case["canonical"]
    assert aws4.string_to_sign(stamp, scope, canonical) == case["to_sign"]
    assert authorization == case["authorization"]


def test_all_vectors_are_there() -> None:
    assert len(VECTORS["cases"]) == 34
    assert VECTORS["licence"] == "Apache-2.0"


# -- the examples of the S3 manual


@pytest.mark.parametrize(
    ("method", "path", "headers", "body", "signature"),
    [
        (
            "GET", "/test.txt", {"Range": "bytes=0-9"}, b"",
            "f0e8bdb87c964420e857bd35b5d6ed310bd44f0170aba48dd91039c6036bdb41",
        ),
        (
            "PUT", "/test%24file.text",
            {"Date": "Fri, 24 May 2013 00:00:00 GMT", "x-amz-storage-class": "REDUCED_REDUNDANCY"},
            b"Welcome to Amazon S3.", "98ad721746da40c64f1a55b78f14c238d841ea1380cd77a1b5971af0ece108bd",
        ),
        ("GET", "/?lifecycle", {}, b"", "fea454ca298b7da1c68078a5d1bdbfbbe0d65c699e0f91ac7a200a0136783543"),
        (
            "GET", "/?max-keys=2&prefix=J", {}, b"",
            "34b48302e7b5fa45bde8084f4b7868a86f0a534bc59db6670ed5711ef69dc6f7",
        ),
    ],
    ids=["get", "put", "lifecycle", "list"],
)  # fmt: skip
def test_the_examples_of_the_s3_manual(
    method: str, path: str, headers: dict[str, str], body: bytes, signature: str
) -> None:
    request = Request(method, MANUAL + path, headers)
    aws4.sign(request, MANUAL_KEYS, "us-east-1", "s3", sha256(body).hexdigest(), MANUAL_NOW)
    assert request.headers["Authorization"].endswith(f"Signature={signature}")
    assert request.headers["X-Amz-Content-SHA256"] == sha256(body).hexdigest()


def test_the_signed_url_of_the_s3_manual() -> None:
    assert aws4.presign("GET", MANUAL + "/test.txt", MANUAL_KEYS, "us-east-1", "s3", 86400, MANUAL_NOW) == (
        "https://examplebucket.s3.amazonaws.com/test.txt?X-Amz-Algorithm=AWS4-HMAC-SHA256"
        "&X-Amz-Credential=AKIAIOSFODNN7EXAMPLE%2F20130524%2Fus-east-1%2Fs3%2Faws4_request"
        "&X-Amz-Date=20130524T000000Z&X-Amz-Expires=86400&X-Amz-SignedHeaders=host"
        "&X-Amz-Signature=aeeed9bbccd4d02ee5c0109b86d86835f995330da4c265957d157751f604d404"
    )


# -- botocore as the oracle


ODD = " +%&=?#/\\'\"()*!~._-:;,@$[]{}|^<>`\x00\x01\x1f\x7f\u00a0é漢🐎\u202e\ufeff\ud7ff"
LETTERS = string.ascii_letters + string.digits
HEADER_LETTERS = LETTERS + " \t!#$%&'()*+,-./:;<=>?@[]^_`{|}~\""
REGIONS = ("us-east-1", "eu-central-1", "cn-north-1", "auto", "us-gov-west-1", "RegionOne")
HOSTS = (
    "s3.amazonaws.com", "bucket.with.dots.s3.eu-central-1.amazonaws.com", "127.0.0.1:9000", "localhost",
    "Minio.Example:9000", "storage.example:443", "storage.example:80", "[::1]:8080",
)  # fmt: skip
METHODS = ("GET", "PUT", "POST", "HEAD", "DELETE")


def odd_text(source: random.Random, longest: int, shortest: int = 0) -> str:
    letters = source.choice((LETTERS, ODD, LETTERS + ODD))
    return "".join(source.choices(letters, k=source.randrange(shortest, longest + 1)))


def odd_key(source: random.Random) -> str:
    if source.random() < 0.2:
        return source.choice((".", "..", "a/../b", "a//b", "/lead", "//", "./.", "a/./b/", ""))
    return odd_text(source, 60)


def odd_query(source: random.Random) -> dict[str, str]:
    names = ("uploads", "uploadId", "partNumber", "prefix", "delimiter", "X-Custom", "versionId", "acl")
    return {
        source.choice(names) if source.random() < 0.7 else odd_text(source, 8, 1): odd_text(source, 20)
        for _ in range(source.randrange(5))
    }


def odd_headers(source: random.Random) -> dict[str, str]:
    names = [
        "Content-Type",
        "Range",
        "If-None-Match",
        "x-amz-acl",
        "X-Amz-Copy-Source",
        "Content-MD5",
        "x-amz-meta-A_b",
    ]
    some = {
        name: "".join(source.choices(HEADER_LETTERS, k=source.randrange(30)))
        for name in source.sample(names, source.randrange(5))
    }
    some |= {f"x-amz-meta-{source.randrange(100)}": "é 漢  🐎  " for _ in range(source.randrange(3))}
    return some | ({"Expect": "100-continue", "User-Agent": "any"} if source.random() < 0.3 else {})


@pytest.fixture
def at(monkeypatch: pytest.MonkeyPatch) -> Callable[[datetime], None]:
    """`at(moment)` sets botocore's clock."""

    def set_clock(moment: datetime) -> None:
        monkeypatch.setattr(botocore.auth, "get_current_datetime", lambda *_, **__: moment)

    return set_clock


def some_moment(source: random.Random) -> datetime:
    return datetime(2026, 1, 1, tzinfo=UTC) + timedelta(seconds=source.randrange(10**8))


def some_keys(source: random.Random) -> Keys:
    secret = "".join(source.choices(LETTERS + "/+=", k=40))
    token = "".join(source.choices(LETTERS + "/+=", k=source.choice((0, 0, 300))))
    return Keys("AKIA" + "".join(source.choices(string.ascii_uppercase, k=16)), secret, token)


def oracles(
    source: random.Random, keys: Keys, path: str
) -> tuple[str, dict[str, str], AWSRequest, Credentials]:
    """A URL without its query, the query, the same for botocore, its keys."""
    base = f"{source.choice(('https', 'http'))}://{source.choice(HOSTS)}{path}"
    query = odd_query(source)
    theirs = AWSRequest(source.choice(METHODS), base, {}, source.randbytes(source.randrange(100)), query)
    return base, query, theirs, Credentials(keys.access_key, keys.secret_key, keys.session_token or None)


def with_query(base: str, query: dict[str, str], source: random.Random) -> str:
    """Encoded, in any order: it is the signer that sorts."""
    items = [f"{quote(name, safe='~')}={quote(value, safe='~')}" for name, value in query.items()]
    source.shuffle(items)
    return f"{base}?{'&'.join(items)}" if items else base


@pytest.mark.parametrize("seed", range(20))
def test_s3_requests_are_signed_as_botocore_signs_them(seed: int, at: Callable[[datetime], None]) -> None:
    source = random.Random(seed)
    for _ in range(250):
        moment, keys, region = some_moment(source), some_keys(source), source.choice(REGIONS)
        path = "/" + aws4.encode_key(odd_key(source))
        base, query, theirs, credentials = oracles(source, keys, path)
        headers = odd_headers(source)
        for name, value in headers.items():
            theirs.headers[name] = value
        at(moment)
        botocore.auth.S3SigV4Auth(credentials, "s3", region).add_auth(theirs)
        ours = Request(theirs.method, with_query(base, query, source), dict(headers))
        elsewhere = moment.astimezone(timezone(timedelta(hours=source.randrange(-12, 13))))
        aws4.sign(ours, keys, region, "s3", theirs.headers["X-Amz-Content-SHA256"], elsewhere)
        assert ours.headers["Authorization"] == theirs.headers["Authorization"], (ours.url, headers)
        for name in ("X-Amz-Date", "X-Amz-Security-Token"):
            assert ours.headers.get(name) == theirs.headers.get(name)


@pytest.mark.parametrize("seed", range(8))
def test_other_services_are_signed_as_botocore_signs_them(seed: int, at: Callable[[datetime], None]) -> None:
    source = random.Random(1000 + seed)
    for _ in range(250):
        moment, keys, region = some_moment(source), some_keys(source), source.choice(REGIONS)
        service = source.choice(("cloudfront", "sts", "iam"))
        base, query, theirs, credentials = oracles(source, keys, "/" + aws4.encode_key(odd_key(source)))
        at(moment)
        botocore.auth.SigV4Auth(credentials, service, region).add_auth(theirs)
        ours = Request(theirs.method, with_query(base, query, source))
        aws4.sign(ours, keys, region, service, sha256(theirs.data).hexdigest(), moment)
        assert ours.headers["Authorization"] == theirs.headers["Authorization"], ours.url
        assert "X-Amz-Content-SHA256" not in ours.headers


@pytest.mark.parametrize("seed", range(8))
def test_urls_are_signed_as_botocore_signs_them(seed: int, at: Callable[[datetime], None]) -> None:
    source = random.Random(2000 + seed)
    for _ in range(150):
        moment, keys, region = some_moment(source), some_keys(source), source.choice(REGIONS)
        base, query, _, credentials = oracles(source, keys, "/" + aws4.encode_key(odd_key(source)))
        seconds = source.randrange(1, aws4.LONGEST_PRESIGN + 1)
        headers = dict.fromkeys(
            source.sample(["Content-Type", "x-amz-acl", "Range"], source.randrange(3)), "some  value"
        )
        url = with_query(base, query, source)
        theirs = AWSRequest(source.choice(METHODS), url, dict(headers))
        at(moment)
        botocore.auth.S3SigV4QueryAuth(credentials, "s3", region, expires=seconds).add_auth(theirs)
        ours = aws4.presign(theirs.method, url, keys, region, "s3", seconds, moment, headers)
        assert parsed(ours) == parsed(theirs.url)


def parsed(url: str) -> tuple[str, list[tuple[str, str]]]:
    """Where it goes and what it asks, whatever the order."""
    base, _, query = url.partition("?")
    pairs = (item.partition("=") for item in query.split("&"))
    return base, sorted((unquote(name), unquote(value)) for name, _, value in pairs)


def test_keys_are_encoded_as_botocore_encodes_them() -> None:
    source = random.Random(7)
    for _ in range(3000):
        key = odd_key(source)
        assert aws4.encode_key(key) == percent_encode(key, safe="-._~/")
        assert unquote(aws4.encode_key(key)) == key
        assert aws4.encode_key(key).isascii()


# -- the rest


def test_a_query_is_sorted_by_its_encoded_names() -> None:
    # "é" is %C3%A9, which sorts before "Z" although the letter does not.
    assert (
        aws4.canonical_query({"Z": "1", "é": "2", "a b": "+", "uploads": ""})
        == "%C3%A9=2&Z=1&a%20b=%2B&uploads="
    )
    assert aws4.canonical_query([("k", "b"), ("k", "a")]) == "k=a&k=b"
    assert aws4.canonical_query({}) == ""


@pytest.mark.parametrize("seconds", [0, -1, aws4.LONGEST_PRESIGN + 1])
def test_a_signed_url_lives_a_second_to_a_week(seconds: int) -> None:
    with pytest.raises(ValueError, match="604800 seconds"):
        aws4.presign("GET", MANUAL + "/a", MANUAL_KEYS, "us-east-1", "s3", seconds, MANUAL_NOW)


def test_keys_show_no_secret() -> None:
    shown = repr(Keys("AKIA", "k4n4ry", "t0ken"))
    assert "AKIA" in shown
    assert "k4n4ry" not in shown
    assert "t0ken" not in shown


def test_a_request_can_be_signed_again() -> None:
    once = Request("GET", MANUAL + "/a", {})
    aws4.sign(once, MANUAL_KEYS, "us-east-1", "s3", aws4.EMPTY, MANUAL_NOW)
    again = Request("GET", MANUAL + "/a", dict(once.headers))
    aws4.sign(again, MANUAL_KEYS, "us-east-1", "s3", aws4.EMPTY, MANUAL_NOW)
    assert again.headers == once.headers
