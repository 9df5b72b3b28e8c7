"""One Azure request after another: URL, whichever way of signing in, judgement.

`Wire` knows nothing of blobs; the driver and its rooms talk through it.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any
from urllib.parse import quote
from xml.etree.ElementTree import Element

from storage_core import http
from storage_core.body import Body, BytesBody
from storage_core.drivers import azure_blobs_errors
from storage_core.drivers.azure_blobs_headers import base64_md5
from storage_core.drivers.azure_blobs_profile import ENTRA, Endpoint, Given, cloud_of
from storage_core.errors import (
    ExpiredTokenError,
    InvalidCredsError,
    LibcloudError,
    MalformedResponseError,
    ObjectDoesNotExistError,
    OperationNotSupportedError,
)
from storage_core.retrying import http_date
from storage_core.signing import azure
from storage_core.tokens.entra import EntraTokens
from storage_core.tokens.renewed import Renewed
from storage_core.xml import parse

SKEW = 14 * 60
"""Seconds; the service refuses a signature that is 15 minutes off."""
LENT_FOR = timedelta(days=6, hours=23)
"""How long a user delegation key is asked for."""
LENT_MOST = timedelta(days=7)
LENT_LEFT = timedelta(minutes=5)

Query = tuple[tuple[str, str], ...]


@dataclass(slots=True, kw_only=True)
class Call:
    """One request as the driver means it. `tries` counts how often it went out."""

    method: str
    container: str = ""
    object_name: str = ""
    query: Query = ()
    headers: dict[str, str] = field(default_factory=dict, repr=False)
    body: Body | bytes | None = field(default=None, repr=False)
    good: tuple[int, ...] = (200,)
    idempotent: bool = True
    md5: bool = False  # a Content-MD5 goes with the body
    tries: int = 0
    told: Mapping[str, str] = field(default_factory=dict, repr=False)  # headers of the good reply
    status: int = 0
    whole: bool = False  # the body is read while a retry can still make good what was cut
    content: bytes = field(default=b"", repr=False)


def _expired(error: InvalidCredsError, driver: Any) -> ExpiredTokenError:
    """The same, for a token: it is asked once more with a new one."""
    return ExpiredTokenError(
        "The service does not accept this sign-in, or no longer.",
        driver,
        status=error.status,
        code=error.code,
        request_id=error.request_id,
        container_name=error.container_name,
        object_name=error.object_name,
    )


def blob_call(method: str, container: str, object_name: str, query: Query = (), **more: Any) -> Call:
    """A call about one blob."""
    return Call(method=method, container=container, object_name=object_name, query=query, **more)


class Wire:
    """Sends calls for one driver. Threads share it."""

    def __init__(self, driver: Any, given: Given, endpoint: Endpoint) -> None:
        """No I/O."""
        self.driver = driver
        self.endpoint = endpoint
        self.given = given
        self._key: azure.AccountKey | None = None
        self._tokens: Renewed | None = None
        self._lent: tuple[azure.DelegationKey, datetime] | None = None
        if given.sign_in == "key":
            self._key = azure.AccountKey(given.account, given.key)
        elif given.sign_in in ENTRA:
            entra = EntraTokens(
                given.sign_in, driver.network, authority=cloud_of(given.cloud).authority,
                tenant_id=given.tenant_id, client_id=given.client_id, client_secret=given.client_secret,
            )  # fmt: skip
            self._tokens = Renewed(entra.fetch)
        self._client = http.Client(driver.network)

    @property
    def tokens(self) -> Renewed | None:
        """Where bearer tokens come from; None for the other ways of signing in."""
        return self._tokens

    @tokens.setter
    def tokens(self, tokens: Renewed) -> None:
        self._tokens = tokens

    # -- sending --

    def send(self, call: Call) -> http.Reply:
        """The reply when it is a good one, its body unread; otherwise the typed error."""
        if self.endpoint.why_impossible(call.object_name):
            # What would be reached is another object.
            raise ObjectDoesNotExistError(
                f"There is no object {call.object_name!r} in {call.container!r}: none can be called so here.",
                self.driver,
                call.object_name,
            )
        token = ""

        def make() -> http.Request:
            nonlocal token
            call.tries += 1
            request, token = self._request(call)
            return request

        def judge(reply: http.Reply) -> LibcloudError | None:
            if reply.status in call.good:
                call.told, call.status = reply.headers, reply.status
                if call.whole:
                    call.content = b"" if call.method == "HEAD" else reply.content()
                return None
            error = self.refusal(reply, call)
            if self._tokens is not None and isinstance(error, InvalidCredsError):
                self._tokens.refuse(token)
                return _expired(error, self.driver)
            return error

        return self._client.send(make, judge, idempotent=call.idempotent)

    def read(self, call: Call) -> tuple[bytes, Mapping[str, str]]:
        """A whole small body with its headers."""
        call.whole = True
        self.send(call).close()
        return call.content, call.told

    def run(self, call: Call) -> Mapping[str, str]:
        """The headers of a reply whose body says nothing."""
        return self.read(call)[1]

    def ask(self, call: Call) -> Element:
        """The XML that answers."""
        body, _ = self.read(call)
        return parse(body.removeprefix(b"\xef\xbb\xbf"))

    def refusal(self, reply: http.Reply, call: Call) -> LibcloudError:
        """The typed error for a reply that is not good."""
        body = b"" if call.method == "HEAD" else reply.content()
        return self.refused(reply.status, reply.headers, body, call.container, call.object_name)

    def refused(
        self, status: int, headers: Mapping[str, str], body: bytes, container: str, object_name: str
    ) -> LibcloudError:
        """The same for a reply within a reply."""
        date = http_date(headers.get("date", ""))
        skewed = date is not None and abs(self._client.now().timestamp() - date) > SKEW
        way = "token" if self._tokens is not None else self.given.sign_in
        answer = azure_blobs_errors.read_answer(
            status, headers, body, container, object_name, way, skewed=skewed
        )
        return azure_blobs_errors.refusal(answer, self.driver)

    # -- signing --

    def authorize(self, request: http.Request) -> str:
        """Put the date and who is asking among the headers; gives the token back, if there is one."""
        if self._key is not None:
            if not self._key.account or not self._key.key:
                raise InvalidCredsError("An account name and its key are needed.", self.driver)
            azure.sign(request, self._key, self._client.now())
        elif self._tokens is not None:
            if not self.endpoint.is_private_line:
                raise InvalidCredsError("A token of Entra ID is sent over https alone.", self.driver)
            request.headers["x-ms-date"] = azure.http_date(self._client.now())
            token = self._tokens.get().value
            request.headers["Authorization"] = f"Bearer {token}"
            return token
        return ""

    def url(self, container: str = "", object_name: str = "", query: Query = ()) -> str:
        """As it is sent: with the shared access signature, where that is how we sign in."""
        pairs = [f"{name}={quote(value, safe='')}" for name, value in query]
        if self.given.sign_in == "sas":
            pairs.append(self.given.sas)
        url = self.endpoint.url(container, object_name)
        return f"{url}?{'&'.join(pairs)}" if pairs else url

    def link(self, container: str, object_name: str, permissions: str, seconds: float) -> str:
        """A URL that opens one object for so long, signed by the account's key or by one that is lent.

        OperationNotSupportedError where neither is to be had.
        """
        until = self._client.now() + timedelta(seconds=seconds)
        key = self._key or self._lent_key(until)
        if key is None:
            raise OperationNotSupportedError(self.driver.capabilities.why_not("signed_urls"), self.driver)
        if isinstance(key, azure.AccountKey) and not key.key:
            raise InvalidCredsError("Links cannot be signed without an account key.", self.driver)
        query = azure.service_sas(
            key, self.given.account, container, object_name, permissions, azure.sas_time(until)
        )
        return f"{self.endpoint.url(container, object_name)}?{query}"

    # -- helpers --

    def _lent_key(self, until: datetime) -> azure.DelegationKey | None:
        """A user delegation key that is good until then. One request, then kept for its week."""
        if self._tokens is None:
            return None
        held = self._lent
        if held is not None and until + LENT_LEFT < held[1]:
            return held[0]
        now = self._client.now()
        end = min(max(now + LENT_FOR, until + LENT_LEFT), now + LENT_MOST)
        # From a little ago, as the service's clock may be behind ours; a week in all is the most.
        start = max(now - LENT_LEFT, end - LENT_MOST)
        times = azure.sas_time(start), azure.sas_time(end)
        body = "<KeyInfo><Start>{}</Start><Expiry>{}</Expiry></KeyInfo>".format(*times)
        call = Call(
            method="POST", query=(("restype", "service"), ("comp", "userdelegationkey")), body=body.encode(),
            headers={"Content-Type": "application/xml"},
        )  # fmt: skip
        root = self.ask(call)
        told = {child.tag: child.text or "" for child in root}
        try:
            key = azure.DelegationKey(
                told["SignedOid"], told["SignedTid"], told["SignedStart"], told["SignedExpiry"],
                told["SignedService"], told["SignedVersion"], told["Value"],
            )  # fmt: skip
        except KeyError:
            raise MalformedResponseError(
                "The service lent a key without all that belongs to it.", None, self.driver
            ) from None
        self._lent = key, end
        return key

    def _request(self, call: Call) -> tuple[http.Request, str]:
        headers = {"x-ms-version": azure.VERSION, **call.headers}
        if call.md5 and isinstance(call.body, bytes | BytesBody):
            body = call.body if isinstance(call.body, BytesBody) else BytesBody(call.body)
            headers["Content-MD5"] = base64_md5(body.md5)
        url = self.url(call.container, call.object_name, call.query)
        request = http.Request(method=call.method, url=url, headers=headers, body=call.body)
        return request, self.authorize(request)
