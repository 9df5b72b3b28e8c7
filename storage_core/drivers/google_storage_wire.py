"""One request of Google's JSON API after another: URL, token, judgement.

`Wire` knows nothing of objects; the driver and its rooms talk through it.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import Any
from urllib.parse import quote, urlencode, urlsplit

from storage_core import http
from storage_core.body import Body
from storage_core.drivers import google_storage_errors
from storage_core.drivers.google_storage_json import understood
from storage_core.errors import (
    ContainerDoesNotExistError,
    ExpiredTokenError,
    InvalidCredsError,
    LibcloudError,
    MalformedResponseError,
    ProviderError,
)
from storage_core.signing import google4
from storage_core.tokens.google import GoogleSignIn

API = "/storage/v1"
UPLOAD = "/upload/storage/v1"
BATCH = "/batch/storage/v1"


@dataclass(slots=True, kw_only=True)
class Call:
    """One request as the driver means it. `path` is encoded; `tries` counts how often it went out."""

    method: str
    path: str = ""
    query: Mapping[str, str] = field(default_factory=dict)
    headers: dict[str, str] = field(default_factory=dict, repr=False)
    body: Body | bytes | None = field(default=None, repr=False)
    good: tuple[int, ...] = (200,)
    idempotent: bool = True
    container: str = ""  # for errors: what the call is about
    object_name: str = ""
    url: str = field(
        default="", repr=False
    )  # instead of the path: the secret address of a resumable upload, which needs no token
    tries: int = 0
    told: Mapping[str, str] = field(default_factory=dict, repr=False)  # headers of the good reply


class Wire:
    """Sends calls for one driver. Threads share it."""

    def __init__(self, driver: Any, endpoint: str, sign_in: GoogleSignIn | None, user_project: str) -> None:
        """No I/O. `sign_in` None: requests go out without a token. `user_project` pays for them."""
        self.driver = driver
        self.endpoint = endpoint
        self.sign_in = sign_in
        self.client = http.Client(driver.network)
        self.classes: dict[str, str] = {}  # the usual storage class of containers that were asked for it
        self._user_project = user_project

    # -- sending --

    def send(self, call: Call) -> http.Reply:
        """The reply when it is a good one, its body unread; otherwise the typed error."""
        return self._send(call, None)

    def ask(self, call: Call) -> dict[str, Any]:
        """The JSON object that answers; a cut one is asked for again."""
        found: list[dict[str, Any]] = []
        self._send(call, found).close()
        return found[-1]

    def run(self, call: Call) -> Mapping[str, str]:
        """The headers of a reply whose body says nothing."""
        self.send(call).close()
        return call.told

    def _send(self, call: Call, found: list[dict[str, Any]] | None) -> http.Reply:
        token = ""

        def make() -> http.Request:
            nonlocal token
            call.tries += 1
            headers = dict(call.headers)
            if call.url:
                return http.Request(call.method, call.url, headers, call.body)
            if self.sign_in is not None:
                token = self.sign_in.token()
                headers["Authorization"] = f"Bearer {token}"
            if self._user_project:
                headers["x-goog-user-project"] = self._user_project
            return http.Request(call.method, self._url(call), headers, call.body)

        def judge(reply: http.Reply) -> LibcloudError | None:
            if reply.status in call.good:
                call.told = reply.headers
                return None if found is None else self._keep(reply, found)
            if reply.status == 401 and token and self.sign_in is not None and self.sign_in.renews:
                self.sign_in.tokens.refuse(token)
                return self._expired(reply, call)
            return self.refusal(reply, call)

        return self.client.send(make, judge, idempotent=call.idempotent)

    def _keep(self, reply: http.Reply, found: list[dict[str, Any]]) -> LibcloudError | None:
        told = understood(reply.content())
        if told is None:
            return MalformedResponseError(
                "Google's answer is not the JSON that it should be.", None, self.driver
            )
        found.append(told)
        return None

    def refusal(self, reply: http.Reply, call: Call) -> LibcloudError:
        """The typed error for a reply that is not good."""
        body = b"" if call.method == "HEAD" else reply.content()
        answer = google_storage_errors.read_answer(
            reply.status, reply.headers, body,
            method=call.method, container=call.container, object_name=call.object_name,
        )  # fmt: skip
        if self.sign_in is None and reply.status == 401:
            answer = replace(answer, status=403, code="forbidden")  # nobody is known here; this is a no
        return google_storage_errors.refusal(answer, self.driver)

    def _expired(self, reply: http.Reply, call: Call) -> LibcloudError:
        refused = self.refusal(reply, call)
        if not isinstance(refused, InvalidCredsError):
            return refused
        return ExpiredTokenError(
            str(refused), self.driver, status=refused.status, code=refused.code,
            request_id=refused.request_id, container_name=call.container or None,
            object_name=call.object_name or None,
        )  # fmt: skip

    def container_is_missing(self, container: str) -> bool:
        """Whether the bucket itself is not there. Where nobody will tell, it is taken for there."""
        query = {"fields": "name"}
        try:
            self.ask(Call(method="GET", path=bucket_path(container), query=query, container=container))
        except ContainerDoesNotExistError:
            return True
        except ProviderError:
            return False
        return False

    # -- links --

    def public_url(self, container: str, object_name: str = "") -> str:
        """Where anyone may read what is public."""
        url = f"{self.endpoint}/{quote(container, safe='')}"
        return f"{url}/{google4.encode_path(object_name)}" if object_name else url

    def sign_url(self, method: str, container: str, object_name: str, seconds: int) -> str:
        """A V4 signed URL. OperationNotSupportedError without a private key."""
        if self.sign_in is None:
            raise InvalidCredsError("Links cannot be signed without a key.", self.driver)
        signer = self.sign_in.signer()
        return google4.presign(
            method, self.public_url(container, object_name), signer, seconds, self.client.now()
        )

    def is_ours(self, url: str) -> bool:
        """Whether the address of a resumable upload is at the service that was asked: no secret goes
        elsewhere, nor from https to http.
        """
        theirs, here = urlsplit(url), urlsplit(self.endpoint)
        hosts = (theirs.hostname or "", here.hostname or "")
        same = hosts[0] == hosts[1] or all(host.endswith(".googleapis.com") for host in hosts)
        return same and theirs.scheme == here.scheme

    def _url(self, call: Call) -> str:
        url = self.endpoint + call.path
        return f"{url}?{urlencode(call.query, quote_via=quote)}" if call.query else url


def json_body(value: Any) -> dict[str, Any]:
    """The arguments of a Call that sends JSON."""
    body = json.dumps(value, ensure_ascii=False, separators=(",", ":")).encode()
    return {"body": body, "headers": {"Content-Type": "application/json; charset=utf-8"}}


def bucket_path(container: str) -> str:
    """The path of a bucket."""
    return f"{API}/b/{quote(container, safe='')}"


def object_path(container: str, object_name: str) -> str:
    """The path of an object: its name is one segment, slashes encoded."""
    return f"{bucket_path(container)}/o/{quote(object_name, safe='')}"


def upload_path(container: str) -> str:
    """Where content is sent to."""
    return f"{UPLOAD}/b/{quote(container, safe='')}/o"
