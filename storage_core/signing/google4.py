"""Google's V4 signed URLs, by a service account's RSA key or by an HMAC key. Pure: no I/O, no clock.

The path is signed as it is sent: encoded once, never normalised, so that `a//b` and `a/../b` stay what they
are. https://cloud.google.com/storage/docs/authentication/canonical-requests
"""

from __future__ import annotations

import hmac
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from hashlib import sha256
from typing import Protocol
from urllib.parse import quote

LONGEST = 7 * 24 * 3600
"""Seconds that a link may last."""

UNSIGNED = "UNSIGNED-PAYLOAD"
_SPACES = re.compile(r"[ \t]+")
_DEFAULT_PORTS = {"http": ":80", "https": ":443"}


class Signer(Protocol):
    """Whose signature it is, and how it is made."""

    @property
    def who(self) -> str:
        """The e-mail address of a service account, or the id of an HMAC key."""

    @property
    def algorithm(self) -> str:
        """The name of the way of signing."""

    def sign(self, text: bytes, day: str) -> str:
        """The signature in hex; `day` as YYYYMMDD."""


@dataclass(frozen=True, slots=True)
class Rsa:
    """A service account. `sign_bytes` makes an RSASSA-PKCS1-v1_5 signature over SHA-256."""

    who: str
    sign_bytes: Callable[[bytes], bytes] = field(repr=False)
    algorithm: str = "GOOG4-RSA-SHA256"

    def sign(self, text: bytes, day: str) -> str:
        """See `Signer`."""
        return self.sign_bytes(text).hex()


@dataclass(frozen=True, slots=True)
class Hmac:
    """An HMAC key of Google's interoperability."""

    who: str
    secret: str = field(repr=False)
    algorithm: str = "GOOG4-HMAC-SHA256"

    def sign(self, text: bytes, day: str) -> str:
        """See `Signer`."""
        key = f"GOOG4{self.secret}".encode()
        for step in (day, "auto", "storage", "goog4_request"):
            key = hmac.digest(key, step.encode(), "sha256")
        return hmac.digest(key, text, "sha256").hex()


def encode_path(object_name: str) -> str:
    """An object's name as it stands in a signed path: slashes stay, all but `A-Za-z0-9-._~/` is encoded."""
    return quote(object_name, safe="/~")


def encode_query(pairs: Mapping[str, str]) -> str:
    """`name=value&…` in the order in which it is signed."""
    return "&".join(
        f"{name}={value}"
        for name, value in sorted(
            (quote(name, safe="~"), quote(value, safe="~")) for name, value in pairs.items()
        )
    )


def presign(
    method: str,
    url: str,
    signer: Signer,
    seconds: int,
    now: datetime,
    headers: Mapping[str, str] | None = None,
    query: Mapping[str, str] | None = None,
) -> str:
    """A URL that anyone may use for `seconds` (1 to LONGEST, else ValueError).

    `url` has no query and its path is encoded; `headers` are those that whoever uses it must send exactly so.
    """
    if not 1 <= seconds <= LONGEST:
        raise ValueError(f"A signed URL is valid for 1 to {LONGEST} seconds, not {seconds}.")
    stamp = now.astimezone(UTC).strftime("%Y%m%dT%H%M%SZ")
    scope = f"{stamp[:8]}/auto/storage/goog4_request"
    lines = canonical_headers(url, headers or {})
    pairs = {
        "X-Goog-Algorithm": signer.algorithm,
        "X-Goog-Credential": f"{signer.who}/{scope}",
        "X-Goog-Date": stamp,
        "X-Goog-Expires": str(seconds),
        "X-Goog-SignedHeaders": ";".join(lines),
        **(query or {}),
    }
    encoded = encode_query(pairs)
    canonical = canonical_request(method, url, encoded, lines)
    signature = signer.sign(string_to_sign(signer, stamp, scope, canonical).encode(), stamp[:8])
    return f"{url}?{encoded}&X-Goog-Signature={signature}"


def canonical_headers(url: str, headers: Mapping[str, str]) -> dict[str, str]:
    """The signed headers by lower-case name, in their order; the host of `url` is among them."""
    scheme, _, rest = url.partition("://")
    host = rest.partition("/")[0].lower().removesuffix(_DEFAULT_PORTS.get(scheme, ":"))
    lines = {"host": host}
    for name, value in headers.items():
        lines[name.lower()] = _SPACES.sub(" ", value.strip(" \t"))
    return {name: lines[name] for name in sorted(lines)}


def canonical_request(method: str, url: str, query: str, lines: Mapping[str, str]) -> str:
    """The text whose hash is signed."""
    _, slash, path = url.partition("://")[2].partition("/")
    listed = "".join(f"{name}:{value}\n" for name, value in lines.items())
    payload = lines.get("x-goog-content-sha256", UNSIGNED)
    return f"{method}\n{slash}{path}\n{query}\n{listed}\n{';'.join(lines)}\n{payload}"


def string_to_sign(signer: Signer, stamp: str, scope: str, canonical: str) -> str:
    """`stamp` as in X-Goog-Date; `scope` day/auto/storage/goog4_request."""
    return f"{signer.algorithm}\n{stamp}\n{scope}\n{sha256(canonical.encode()).hexdigest()}"
