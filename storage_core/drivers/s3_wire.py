"""One S3 request after another: URL, signature, judgement, and the one redirect to a container's region.

`Wire` knows nothing of objects; the driver and its rooms (parts, public access, CloudFront) talk through it.
"""

from __future__ import annotations

import base64
import contextlib
import hashlib
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import urlsplit
from xml.etree.ElementTree import Element

from storage_core import http
from storage_core.body import Body, BytesBody
from storage_core.drivers import s3_errors
from storage_core.drivers.s3_profile import Endpoint, Profile
from storage_core.errors import (
    ExpiredTokenError,
    InvalidCredsError,
    LibcloudError,
    MalformedResponseError,
    NetworkError,
    WrongRegionError,
)
from storage_core.signing import aws4
from storage_core.tokens.aws import EXPIRED, AwsChain
from storage_core.xml import parse

EMPTY_SHA256 = hashlib.sha256(b"").hexdigest()
UNSIGNED = "UNSIGNED-PAYLOAD"
ASK_SECONDS = 5.0
"""What finding out a region may take."""
REDIRECTS = (301, 302, 307, 308)


@dataclass(slots=True, kw_only=True)
class Call:
    """One request as the driver means it. `tries` counts how often it went out."""

    method: str
    container: str = ""
    object_name: str = ""
    query: tuple[tuple[str, str], ...] = ()
    headers: dict[str, str] = field(default_factory=dict, repr=False)
    body: Body | bytes | None = field(default=None, repr=False)
    good: tuple[int, ...] = (200,)
    idempotent: bool = True
    md5: bool = False  # a Content-MD5 goes with the body
    url: str = field(default="", repr=False)  # of another service beside the store, instead of an object's
    service: str = "s3"
    region: str = ""  # "": where the container lives
    tries: int = 0
    keys: aws4.Keys | None = None  # what it was signed with
    told: Mapping[str, str] = field(default_factory=dict, repr=False)  # headers of the good reply
    whole: bool = False  # the body is read while a retry can still make good what was cut
    content: bytes = field(default=b"", repr=False)


class Wire:
    """Sends calls for one driver. Threads share it: it remembers where containers are and how to list."""

    def __init__(
        self,
        driver: Any,
        profile: Profile,
        endpoint: Endpoint,
        region: str,
        keys: aws4.Keys | AwsChain | None,
    ) -> None:
        """No I/O. `keys` None: requests are not signed; a chain is asked for keys before each of them."""
        self.driver = driver
        self.profile = profile
        self.endpoint = endpoint
        self.region = region
        self.keys = keys
        self._client = http.Client(driver.network)
        self._regions: dict[str, str] = {}
        self.must_encode = False  # a listing was unreadable without encoding-type=url

    # -- regions --

    def region_of(self, container: str) -> str:
        """Where requests for this container go: what was learned, else the region of the account."""
        return self._regions.get(container, self.region)

    def learn_region(self, container: str, region: str) -> None:
        """Remember where a container lives ("EU" is what Ireland was called once)."""
        if region and self.endpoint.takes_region(region):
            self._regions[container] = "eu-west-1" if region == "EU" else region

    @property
    def clock_offset(self) -> float:
        """Seconds that signatures are dated ahead of our clock, once a service has refused one for that."""
        return self._client.clock_offset

    # -- sending --

    def send(self, call: Call) -> http.Reply:
        """The reply when it is a good one, its body unread; otherwise the typed error."""
        return self._anywhere(call, None)

    def ask(self, call: Call) -> Element:
        """The XML that answers. An error with status 200 is an error; a cut document is asked for again."""
        found: list[Element] = []
        self._anywhere(call, found).close()
        return found[-1]

    def read(self, call: Call) -> tuple[bytes, Mapping[str, str]]:
        """A whole small body with its headers."""
        call.whole = True
        self._anywhere(call, None).close()
        return call.content, call.told

    def run(self, call: Call) -> Mapping[str, str]:
        """The headers of a reply whose body says nothing."""
        return self.read(call)[1]

    def sign_url(
        self, method: str, container: str, object_name: str, seconds: int, query: tuple[tuple[str, str], ...]
    ) -> str:
        """A presigned URL. Whoever opens it cannot follow a redirect, so the region must be the right one.

        Where it matters, and nothing was asked of the container before, one HeadBucket asks for it.
        """
        if "{region}" in self.endpoint.host and container not in self._regions and self.keys is not None:
            with contextlib.suppress(
                NetworkError
            ):  # a link for the region that was given is still the best guess
                self.learn_region(container, self._ask_region(container, self.region))
        region = self.region_of(container)
        url = self._url(container, object_name, query, region)
        if (keys := self._keys_now()) is None:
            raise InvalidCredsError("Links cannot be signed without an access key.", self.driver)
        return aws4.presign(method, url, keys, region, "s3", seconds, self._client.now())

    def refusal(self, reply: http.Reply, call: Call) -> LibcloudError:
        """The typed error for a reply that is not good."""
        body = b"" if call.method == "HEAD" else reply.content()
        answer = s3_errors.read_answer(reply.status, reply.headers, body, call.container, call.object_name)
        error = s3_errors.refusal(answer, self.driver)
        if isinstance(error, WrongRegionError) and not self.endpoint.takes_region(error.region):
            error.region = ""
        if isinstance(error, WrongRegionError) and not error.region:
            # Only a host of the same family may say where to go next.
            error.region = self.endpoint.region_of(urlsplit(reply.headers.get("Location", "")).hostname or "")
        return error

    # -- helpers --

    def _anywhere(self, call: Call, found: list[Element] | None) -> http.Reply:
        region = call.region or self.region_of(call.container)
        try:
            return self._there(call, region, found)
        except WrongRegionError as error:
            right = error.region
            if not right and call.container and call.method != "HEAD":
                right = self._ask_region(call.container, region)
            if not right or right == region or not self._again(call):
                raise
            self.learn_region(call.container, right)
            if error.code == "AuthorizationHeaderMalformed" and "{region}" not in self.endpoint.host:
                # A service at one address has one region: the account's, for links and new containers too.
                self.region = self.driver.region = self.region_of(call.container)
            return self._there(call, self.region_of(call.container), found)

    def _again(self, call: Call) -> bool:
        if not isinstance(call.body, Body):
            return True
        if call.body.can_rewind:
            call.body.rewind()
            return True
        return False

    def _ask_region(self, container: str, region: str) -> str:
        """HeadBucket tells the region of a container even to those who may not use it."""
        told: list[str] = []

        def judge(reply: http.Reply) -> LibcloudError | None:
            told.append(reply.headers.get("x-amz-bucket-region", ""))
            return None

        call = Call(method="HEAD", container=container)
        self._client.send(lambda: self._request(call, region), judge, deadline=ASK_SECONDS).close()
        return told[-1] if self.endpoint.takes_region(told[-1]) else ""

    def _there(self, call: Call, region: str, found: list[Element] | None) -> http.Reply:
        def make() -> http.Request:
            call.tries += 1
            return self._request(call, region)

        def judge(reply: http.Reply) -> LibcloudError | None:
            told = reply.headers.get("x-amz-bucket-region", "")
            if reply.status in call.good:
                call.told = reply.headers
                if call.container:
                    self.learn_region(call.container, told or region)
                if call.whole:
                    call.content = b"" if call.method == "HEAD" else reply.content()
                return self._judge_body(reply, call, found) if found is not None else None
            if call.method == "HEAD" and told and told != region and reply.status in (*REDIRECTS, 400):
                # A HEAD has no body to name the error in; the header says it all.
                return WrongRegionError(
                    f"{call.container!r} is in the region {told}.", reply.status, self.driver, region=told
                )
            return self._renewed(self.refusal(reply, call), call)

        return self._client.send(make, judge, idempotent=call.idempotent)

    def _renewed(self, error: LibcloudError, call: Call) -> LibcloudError:
        """An ExpiredTokenError, upon which the client asks once more, where a chain may have newer keys."""
        if not isinstance(self.keys, AwsChain) or call.keys is None or error.code not in EXPIRED:
            return error
        self.keys.refuse(call.keys)
        return ExpiredTokenError(
            str(error), self.driver, status=error.status, code=error.code, request_id=error.request_id,
            container_name=error.container_name, object_name=error.object_name,
        )  # fmt: skip

    def _judge_body(self, reply: http.Reply, call: Call, found: list[Element]) -> LibcloudError | None:
        body = reply.content()
        try:
            root = parse(body)
        except MalformedResponseError as error:
            return error  # retryable when it was merely cut: the status went out before the work was done
        if s3_errors.hidden_error(root):
            return s3_errors.refusal(
                s3_errors.read_answer(reply.status, reply.headers, body, call.container, call.object_name),
                self.driver,
            )
        found.append(root)
        return None

    def _url(self, container: str, object_name: str, query: tuple[tuple[str, str], ...], region: str) -> str:
        url = self.endpoint.url(region, container, object_name)
        return f"{url}?{aws4.canonical_query(query)}" if query else url

    def _request(self, call: Call, region: str) -> http.Request:
        headers = dict(call.headers)
        if call.md5 and isinstance(call.body, bytes | BytesBody):
            body = call.body if isinstance(call.body, BytesBody) else BytesBody(call.body)
            headers["Content-MD5"] = base64.b64encode(bytes.fromhex(body.md5)).decode()
        request = http.Request(
            method=call.method,
            url=call.url or self._url(call.container, call.object_name, call.query, region),
            headers=headers,
            body=call.body,
        )
        call.keys = self._keys_now()
        if call.keys is not None:
            if not call.keys.access_key or not call.keys.secret_key:
                raise InvalidCredsError(
                    "An access key and a secret key are needed for this service.", self.driver
                )
            payload_hash = self._payload_hash(call.body)
            aws4.sign(request, call.keys, region, call.service, payload_hash, self._client.now())
        return request

    def _keys_now(self) -> aws4.Keys | None:
        return self.keys.keys() if isinstance(self.keys, AwsChain) else self.keys

    def _payload_hash(self, body: Body | bytes | None) -> str:
        """Unsigned only where nobody in between can change the bytes: over TLS, or on this computer."""
        if body is None:
            return EMPTY_SHA256
        if isinstance(body, bytes):
            return hashlib.sha256(body).hexdigest()
        if self.endpoint.is_private_line():
            return UNSIGNED
        if isinstance(body, BytesBody):
            return hashlib.sha256(body.data).hexdigest()
        if not body.can_rewind:
            raise MalformedResponseError(
                "A stream cannot be sent over plain http in one piece: its content could not be signed.",
                None,
                self.driver,
            )
        digest = hashlib.sha256()
        for piece in body:
            digest.update(piece)
        body.rewind()
        return digest.hexdigest()
