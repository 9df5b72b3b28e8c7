"""Swift's own sign-in, version 1 (TempAuth, SwAuth, and what others made like it): one GET, two headers.

https://docs.openstack.org/swift/latest/overview_auth.html
"""

from __future__ import annotations

import math
import re
from urllib.parse import urlsplit

from storage_core import http
from storage_core.errors import (
    InvalidCredsError,
    LibcloudError,
    MalformedResponseError,
    ProviderError,
    RateLimitReachedError,
    ServerError,
)
from storage_core.tokens.renewed import Token, now


def fetch(client: http.Client, auth_url: str, user: str, key: str) -> Token:
    """A token, and under "storage_url" in `told` the account that it opens.

    Raises InvalidCredsError, NetworkError…, MalformedResponseError when no sign-in lives at that address.
    """
    host = urlsplit(auth_url).hostname

    def make() -> http.Request:
        return http.Request("GET", auth_url, {"X-Auth-User": user, "X-Auth-Key": key})

    def judge(reply: http.Reply) -> LibcloudError | None:
        status = reply.status
        if status in (200, 203, 204):
            return None
        if status in (401, 403):
            return InvalidCredsError(
                f"{host} does not know this user, or the key is wrong.", http_code=status
            )
        if status in (429, 498):
            return RateLimitReachedError(f"{host} asks to sign in less often.", status)
        if status >= 500 or status == 408:
            return ServerError(f"The sign-in of {host} failed on its own side (status {status}).", status)
        return ProviderError(
            f"Nobody signs in at this address of {host} (status {status}). It often ends with /auth/v1.0.",
            status,
        )

    reply = client.send(make, judge)
    reply.close()
    told = reply.headers
    value = told.get("X-Storage-Token") or told.get("X-Auth-Token", "")
    storage_url = told.get("X-Storage-Url", "").rstrip("/")
    if not value or not is_address(storage_url):
        raise MalformedResponseError(
            f"{host} took the key and did not say where the account is. Is this the address to sign in at?"
        )
    return Token(value, _end(told.get("X-Auth-Token-Expires", "")), {"storage_url": storage_url})


def _end(seconds: str) -> float:
    """From seconds of life to a moment; who does not say is asked again when the token is refused."""
    try:
        life = float(seconds)
    except ValueError:
        return math.inf
    return now() + life if life > 0 else math.inf


def is_address(url: str) -> bool:
    """Whether a URL that a service told can be the address of an account."""
    try:
        parts = urlsplit(url)
        usable = bool(parts.hostname) and parts.port != 0
    except ValueError:
        return False
    more = parts.username or parts.password or parts.query or parts.fragment
    return usable and parts.scheme in ("http", "https") and not more and not re.search(r"[\s\x00-\x1f]", url)
