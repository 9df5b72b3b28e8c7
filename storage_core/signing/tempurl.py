"""Swift's temporary URLs: a signature over method, end and path, made with a key of the account or container.

https://docs.openstack.org/swift/latest/api/temporary_url_middleware.html
"""

from __future__ import annotations

import base64
import hashlib
import hmac
from collections.abc import Mapping
from types import MappingProxyType
from typing import Any
from urllib.parse import quote, unquote, urlsplit

DIGESTS: Mapping[str, Any] = MappingProxyType(
    {"sha256": hashlib.sha256, "sha512": hashlib.sha512, "sha1": hashlib.sha1}
)
"""Best first; SHA-1 is on its way out and the only one that services before 2018 know."""


def signature(method: str, path: str, expires: int, key: str, digest: str = "sha256") -> str:
    """The signature; `path` begins with /v1/ and is not percent-encoded, `expires` in seconds since 1970."""
    text = f"{method}\n{expires}\n{path}"
    made = hmac.new(key.encode(), text.encode(), DIGESTS[digest])
    if digest == "sha512":
        # A hex one has 128 digits, and nothing to tell it by: this one comes with its name before it.
        return "sha512:" + base64.urlsafe_b64encode(made.digest()).decode().rstrip("=")
    return made.hexdigest()


def sign(method: str, url: str, expires: int, key: str, digest: str = "sha256") -> str:
    """A percent-encoded URL of an object as a link that works until `expires`."""
    made = signature(method, unquote(urlsplit(url).path), expires, key, digest)
    return f"{url}?temp_url_sig={quote(made, safe='')}&temp_url_expires={expires}"
