"""One Swift request after another: token, URL, judgement; and what the cluster said about itself, once.

`Wire` knows nothing of objects; the driver and its rooms talk through it.
"""

from __future__ import annotations

import json
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from threading import Lock
from typing import Any
from urllib.parse import quote

from storage_core import http
from storage_core.body import Body
from storage_core.drivers import openstack_swift_errors as refusals
from storage_core.drivers.openstack_swift_limits import Limits, info_url, read_info
from storage_core.errors import (
    ExpiredTokenError,
    InvalidCredsError,
    LibcloudError,
    MalformedResponseError,
    NetworkError,
    ServerError,
)
from storage_core.tokens.renewed import Renewed

ASK_SECONDS = 10.0
"""What /info may take."""

ASK_AGAIN = 60.0
"""Seconds after which a cluster that did not answer is asked about itself again."""


@dataclass(slots=True, kw_only=True)
class Call:
    """One request as the driver means it. `tries` counts how often it went out."""

    method: str
    container: str = ""
    object_name: str = ""
    query: tuple[tuple[str, str], ...] = ()
    headers: dict[str, str] = field(default_factory=dict, repr=False)
    body: Body | bytes | None = field(default=None, repr=False)
    good: tuple[int, ...] = (200, 201, 202, 204)
    idempotent: bool = True
    tries: int = 0
    status: int = 0
    told: Mapping[str, str] = field(default_factory=dict, repr=False)  # headers of the good reply
    whole: bool = False  # the body is read while a retry can still make good what was cut
    content: bytes = field(default=b"", repr=False)
    refused: str = ""  # the token that was not taken


class Wire:
    """Sends calls for one driver. Threads share it."""

    def __init__(
        self,
        driver: Any,
        tokens: Renewed,
        renewable: bool,
        client: http.Client,
        learn: Callable[[Limits], None],
    ) -> None:
        """No I/O. `learn` is told the limits, once."""
        self.driver = driver
        self.limits = Limits()
        self.client = client
        self._tokens = tokens
        self._renewable = renewable
        self._learn = learn
        self._lock = Lock()
        self._ask_at = 0.0  # by the monotonic clock; infinite when it has been told

    # -- where --

    @property
    def storage_url(self) -> str:
        """The account's address; signs in where nobody has yet."""
        return str(self._tokens.get().told["storage_url"])

    def url(self, container: str = "", object_name: str = "", storage_url: str = "") -> str:
        """The percent-encoded URL of the account, a container or an object, without a query."""
        url = storage_url or self.storage_url
        if container:
            url += "/" + quote(container, safe="")
        if object_name:
            url += "/" + quote(object_name, safe="/~")
        return url

    def look_around(self) -> Limits:
        """What the cluster can and holds, asked once. One that does not say is taken for a usual one."""
        if time.monotonic() < self._ask_at:
            return self.limits
        url = info_url(self.storage_url)
        with self._lock:
            if time.monotonic() < self._ask_at:
                return self.limits
            found: list[bytes] = []

            def judge(reply: http.Reply) -> LibcloudError | None:
                if reply.status >= 500:
                    return ServerError("The cluster did not tell about itself.", reply.status)
                found.append(reply.content() if reply.status == 200 else b"")
                return None

            try:
                self.client.send(lambda: http.Request("GET", url), judge, deadline=ASK_SECONDS).close()
            except (NetworkError, ServerError, MalformedResponseError):
                self._ask_at = time.monotonic() + ASK_AGAIN
                return self.limits
            self.limits = read_info(found[-1])
            self._ask_at = float("inf")
            self._learn(self.limits)
            return self.limits

    # -- sending --

    def send(self, call: Call) -> http.Reply:
        """The reply when it is a good one, its body unread; otherwise the typed error."""
        self.look_around()
        sent = ""

        def make() -> http.Request:
            nonlocal sent
            token = self._tokens.get()
            call.tries, sent = call.tries + 1, token.value
            url = self.url(call.container, call.object_name, str(token.told["storage_url"]))
            if call.query:
                url += "?" + "&".join(f"{name}={quote(value, safe='')}" for name, value in call.query)
            headers = dict(call.headers)
            if sent:
                headers["X-Auth-Token"] = sent
            return http.Request(call.method, url, headers, call.body)

        def judge(reply: http.Reply) -> LibcloudError | None:
            if _hides_401(reply, call) and (error := self._not_taken(call, sent)):
                return error
            if reply.status in call.good:
                call.told, call.status = reply.headers, reply.status
                if call.whole:
                    call.content = b"" if call.method == "HEAD" else reply.content()
                return None
            if reply.status == 401 and (error := self._not_taken(call, sent)):
                return error
            return self._refusal(reply, call)

        return self.client.send(make, judge, idempotent=call.idempotent)

    def read(self, call: Call) -> bytes:
        """A whole small body; headers and status are in the call then."""
        call.whole = True
        self.send(call).close()
        return call.content

    def ask(self, call: Call) -> Any:
        """The JSON that answers; MalformedResponseError when it is none."""
        body = self.read(call)
        try:
            return json.loads(body) if body else []
        except (ValueError, RecursionError):
            raise MalformedResponseError(
                "The service's answer could not be understood.", body[:2000], self.driver
            ) from None

    def run(self, call: Call) -> Mapping[str, str]:
        """The headers of a reply whose body says nothing."""
        self.read(call)
        return call.told

    # -- helpers --

    def _not_taken(self, call: Call, token: str) -> LibcloudError | None:
        """A token that ran out is renewed once; a new one that is not taken either is a refusal."""
        self._tokens.refuse(token)
        if call.refused or not token:
            return None
        call.refused = token
        if not self._renewable:
            return InvalidCredsError(
                "The service no longer takes this token. Get a new one and sign in again.", self.driver
            )
        return ExpiredTokenError("The token ran out.", self.driver)

    def _refusal(self, reply: http.Reply, call: Call) -> LibcloudError:
        body = b"" if call.method == "HEAD" else reply.content()
        answer = refusals.Answer(
            status=reply.status,
            message=refusals.words(body),
            body=body[:2000],
            container=call.container,
            object_name=call.object_name,
            request_id=reply.headers.get("X-Trans-Id") or reply.headers.get("X-Openstack-Request-Id", ""),
            method=call.method,
            conditional=any(name in call.headers for name in ("If-Match", "If-None-Match")),
        )
        return refusals.refusal(answer, self.driver)


def _hides_401(reply: http.Reply, call: Call) -> bool:
    """Whether a token ran out for what Swift asks itself while it deletes many or takes a manifest.

    It tells so in a report, with status 200 or 400.
    """
    has_report = ("multipart-manifest", "put") in call.query or ("bulk-delete", "1") in call.query
    return has_report and reply.status in (200, 400) and b"401 Unauthorized" in reply.content()
