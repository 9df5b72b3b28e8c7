"""AWS Signature Version 4, in headers and in URLs.

For S3 and its kin the path is signed as it is sent: encoded once, never normalised, so that the keys `.`,
`a/../b` and `a//b` stay what they are. Every other AWS service normalises the path and encodes it again.

https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_sigv-create-signed-request.html
https://docs.aws.amazon.com/AmazonS3/latest/API/sigv4-query-string-auth.html
"""

from __future__ import annotations

import hmac
import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from functools import lru_cache
from hashlib import sha256
from posixpath import normpath
from typing import Protocol
from urllib.parse import quote

ALGORITHM = "AWS4-HMAC-SHA256"
UNSIGNED = "UNSIGNED-PAYLOAD"
EMPTY = sha256(b"").hexdigest()
"""The payload hash of a request without a body."""

LONGEST_PRESIGN = 7 * 24 * 3600

# Proxies and HTTP libraries change these on the way, or add them after the signature was made.
UNSIGNED_HEADERS = frozenset(
    {
        "accept-encoding", "authorization", "baggage", "connection", "content-length", "expect", "keep-alive",
        "proxy-authenticate", "proxy-authorization", "te", "traceparent", "tracestate", "trailer",
        "transfer-encoding", "upgrade", "user-agent", "x-amzn-trace-id",
    }
)  # fmt: skip

_SPACES = re.compile(r"[ \t]+")
_PLAIN_PATH_SERVICES = frozenset({"s3", "s3express", "s3-outposts", "s3-object-lambda"})
_DEFAULT_PORTS = {"http": "80", "https": "443"}


@dataclass(frozen=True, slots=True)
class Keys:
    """What a request is signed with. `session_token` is "" for keys that do not expire."""

    access_key: str
    secret_key: str = field(repr=False)
    session_token: str = field(default="", repr=False)


class Signable(Protocol):
    """What `sign` needs of a request; `storage_core.http.Request` is one."""

    method: str
    url: str
    headers: dict[str, str]


def encode_key(key: str) -> str:
    """An object name as it stands in a path: UTF-8, everything but `A-Za-z0-9-._~/` percent-encoded."""
    return quote(key, safe="/~")


def canonical_query(pairs: Mapping[str, str] | Iterable[tuple[str, str]]) -> str:
    """`name=value&…`, encoded and in signing order; a parameter without a value ends with `=`."""
    items = pairs.items() if isinstance(pairs, Mapping) else pairs
    return "&".join(
        f"{name}={value}"
        for name, value in sorted((quote(name, safe="~"), quote(value, safe="~")) for name, value in items)
    )


def sign(request: Signable, keys: Keys, region: str, service: str, payload_hash: str, now: datetime) -> None:
    """Add X-Amz-Date, X-Amz-Content-SHA256 (S3), X-Amz-Security-Token and Authorization, in place.

    `payload_hash` is the body's SHA-256 in hex, or UNSIGNED. `now` is an aware time. What is signed is
    `request.url` as it stands and every header but UNSIGNED_HEADERS; headers added later are not covered.
    """
    stamp = _stamp(now)
    headers = request.headers
    headers["X-Amz-Date"] = stamp
    if service in _PLAIN_PATH_SERVICES:
        headers["X-Amz-Content-SHA256"] = payload_hash
    if keys.session_token:
        headers["X-Amz-Security-Token"] = keys.session_token
    canonical, signed = canonical_request(request.method, request.url, headers, service, payload_hash)
    scope = f"{stamp[:8]}/{region}/{service}/aws4_request"
    signature = _signature(keys, stamp, region, service, string_to_sign(stamp, scope, canonical))
    headers["Authorization"] = (
        f"{ALGORITHM} Credential={keys.access_key}/{scope}, SignedHeaders={signed}, Signature={signature}"
    )


def presign(
    method: str,
    url: str,
    keys: Keys,
    region: str,
    service: str,
    seconds: int,
    now: datetime,
    headers: Mapping[str, str] | None = None,
) -> str:
    """A URL that anyone may use for `seconds` (1 to LONGEST_PRESIGN, else ValueError).

    `headers` are those that whoever uses it must send exactly so; `url` may have a query.
    """
    if not 1 <= seconds <= LONGEST_PRESIGN:
        raise ValueError(f"A signed URL is valid for 1 to {LONGEST_PRESIGN} seconds, not {seconds}.")
    headers = dict(headers or {})
    stamp = _stamp(now)
    scope = f"{stamp[:8]}/{region}/{service}/aws4_request"
    names = sorted({"host", *(name.lower() for name in headers)} - UNSIGNED_HEADERS)
    added = {
        "X-Amz-Algorithm": ALGORITHM,
        "X-Amz-Credential": f"{keys.access_key}/{scope}",
        "X-Amz-Date": stamp,
        "X-Amz-Expires": str(seconds),
        "X-Amz-SignedHeaders": ";".join(names),
    }
    if keys.session_token:
        added["X-Amz-Security-Token"] = keys.session_token
    base, _, query = url.partition("?")
    query = _sorted_query(f"{query}&{canonical_query(added)}" if query else canonical_query(added))
    payload_hash = UNSIGNED if service in _PLAIN_PATH_SERVICES else EMPTY
    canonical, _ = canonical_request(method, f"{base}?{query}", headers, service, payload_hash)
    signature = _signature(keys, stamp, region, service, string_to_sign(stamp, scope, canonical))
    return f"{base}?{query}&X-Amz-Signature={signature}"


def canonical_request(
    method: str, url: str, headers: Mapping[str, str], service: str, payload_hash: str
) -> tuple[str, str]:
    """The text whose hash is signed, and the names of the headers in it joined by `;`."""
    scheme, _, rest = url.partition("://")
    before, _, query = rest.partition("?")
    host, slash, path = before.partition("/")
    path = slash + path or "/"
    if service not in _PLAIN_PATH_SERVICES:
        path = quote(_normalised(path), safe="/~")
    lines = {"host": _host(scheme, host)}
    for name, value in headers.items():
        lower = name.lower()
        if lower not in UNSIGNED_HEADERS:
            lines[lower] = _trimmed(value)
    names = sorted(lines)
    signed = ";".join(names)
    listed = "\n".join([f"{name}:{lines[name]}" for name in names])
    if query:
        query = _sorted_query(query)
    return f"{method}\n{path}\n{query}\n{listed}\n\n{signed}\n{payload_hash}", signed


def string_to_sign(stamp: str, scope: str, canonical: str) -> str:
    """`stamp` as in X-Amz-Date, `scope` day/region/service/aws4_request."""
    return f"{ALGORITHM}\n{stamp}\n{scope}\n{sha256(canonical.encode()).hexdigest()}"


def _signature(keys: Keys, stamp: str, region: str, service: str, text: str) -> str:
    key = _signing_key(keys.secret_key, stamp[:8], region, service)
    return hmac.digest(key, text.encode(), "sha256").hex()


@lru_cache(maxsize=64)
def _signing_key(secret_key: str, day: str, region: str, service: str) -> bytes:
    key = f"AWS4{secret_key}".encode()
    for step in (day, region, service, "aws4_request"):
        key = hmac.digest(key, step.encode(), "sha256")
    return key


def _stamp(now: datetime) -> str:
    if now.tzinfo is not UTC:
        now = now.astimezone(UTC)
    return f"{now.year:04}{now.month:02}{now.day:02}T{now.hour:02}{now.minute:02}{now.second:02}Z"


def _host(scheme: str, netloc: str) -> str:
    host = netloc.lower()
    name, colon, port = host.rpartition(":")
    return name if colon and port == _DEFAULT_PORTS.get(scheme) else host


def _trimmed(value: str) -> str:
    value = value.strip(" \t")
    return _SPACES.sub(" ", value) if "  " in value or "\t" in value else value


def _sorted_query(query: str) -> str:
    if "&" not in query:
        return query if "=" in query else f"{query}="
    pairs = sorted(item.partition("=")[::2] for item in query.split("&"))
    return "&".join([f"{name}={value}" for name, value in pairs])


def _normalised(path: str) -> str:
    """Without empty, `.` and `..` segments; a slash at the end stays."""
    if "//" not in path and "/." not in path:
        return path
    short = normpath("/" + path.lstrip("/"))
    return short + "/" if path.endswith("/") and short != "/" else short
