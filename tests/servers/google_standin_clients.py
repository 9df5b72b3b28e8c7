"""Two ways to the Google stand-in for its own tests: the vendor's SDK, and plain requests."""

from __future__ import annotations

import base64
import hashlib
import json
import time
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import google_crc32c
import requests
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import rsa
from google.auth import crypt, jwt
from google.cloud import storage

from tests.servers.google_standin import GoogleStandin

MIB = 2**20
QUANTUM = 256 * 1024
SCOPE = "https://www.googleapis.com/auth/"
GRANT = "urn:ietf:params:oauth:grant-type:jwt-bearer"
ODD_NAMES = [
    *("a//b", "/lead", "trail/", "50%2Fhalf", "a b+c", "ü/é.txt", "日本.txt", "q?x=1&y#z", "a'\"<>\\"),
    *("~._-", "tab\there", "%", "..a", "a/../b", "a/./b", "x" * 1024, "💾"),
]


@contextmanager
def sdk(server: GoogleStandin, credentials: Any) -> Iterator[storage.Client]:
    made = storage.Client(
        project=server.project, credentials=credentials, client_options={"api_endpoint": server.endpoint}
    )
    try:
        yield made
    finally:
        made.close()


class Api:
    """Plain requests, with a token where there is one."""

    def __init__(self, server: GoogleStandin, token: str = "") -> None:
        self.server, self.session = server, requests.Session()
        if token:
            self.session.headers["Authorization"] = f"Bearer {token}"

    def __call__(self, method: str, path: str, **more: Any) -> requests.Response:
        url = path if path.startswith("http") else f"{self.server.endpoint}{path}"
        return self.session.request(method, url, timeout=30, **more)

    def put(self, name: str, data: bytes = b"x", **query: Any) -> requests.Response:
        query = {"uploadType": "media", "name": name, **query}
        return self("POST", "/upload/storage/v1/b/holidays/o", params=query, data=data)


# -- signing in by hand --


def key_of(server: GoogleStandin) -> dict[str, str]:
    found: dict[str, str] = json.loads(server.key_file.read_text())
    return found


def assertion(server: GoogleStandin, key: dict[str, str] | None = None, **claims: Any) -> str:
    key = key or key_of(server)
    now = int(time.time())
    usual = {"iss": key["client_email"], "scope": f"{SCOPE}devstorage.full_control", "aud": server.token_uri}
    told = {**usual, "iat": now, "exp": now + 3600, **claims}
    signed: bytes = jwt.encode(crypt.RSASigner.from_service_account_info(key), told)
    return signed.decode()


def ask(server: GoogleStandin, **form: str) -> requests.Response:
    return requests.post(server.token_uri, data=form, timeout=30)


def token(server: GoogleStandin, key: dict[str, str] | None = None, **claims: Any) -> str:
    reply = ask(server, grant_type=GRANT, assertion=assertion(server, key, **claims))
    value: str = reply.json()["access_token"]
    return value


def other_key() -> str:
    made = rsa.generate_private_key(65537, 2048)
    return made.private_bytes(
        serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    ).decode()


# -- what came back --


def refusal(reply: requests.Response) -> tuple[int, str]:
    """The status and the reason, from a body in Google's shape."""
    error = reply.json()["error"]
    [one] = error["errors"]
    assert (error["code"], one["message"], one["domain"]) == (reply.status_code, error["message"], "global")
    return reply.status_code, one["reason"]


def xml_refusal(reply: requests.Response) -> tuple[int, str]:
    assert reply.headers["Content-Type"].startswith("application/xml")
    return reply.status_code, reply.text.partition("<Code>")[2].partition("</Code>")[0]


def fetch(url: str, method: str = "GET", data: bytes | None = None, **headers: str) -> tuple[bytes, Any]:
    """By urllib, as anybody with an address would: body and headers."""
    told = {name.replace("_", "-"): value for name, value in headers.items()}
    request = urllib.request.Request(url, data, told, method=method)
    with urllib.request.urlopen(request, timeout=30) as reply:
        return reply.read(), reply.headers


def names(found: Any) -> list[str]:
    return [one.name for one in found]


def crc32c(data: bytes) -> str:
    checksum = google_crc32c.Checksum()
    checksum.update(data)
    return base64.b64encode(checksum.digest()).decode()


def md5(data: bytes) -> str:
    return base64.b64encode(hashlib.md5(data).digest()).decode()
