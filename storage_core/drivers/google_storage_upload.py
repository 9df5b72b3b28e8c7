"""Content to Google: small in one request, larger by a resumable upload that goes on where it broke.

https://cloud.google.com/storage/docs/performing-resumable-uploads. The address of a resumable upload is a
secret: whoever has it may write. It stays in this call's memory; after a crash the content is sent again.
"""

from __future__ import annotations

import binascii
import json
import re
import secrets
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

from storage_core import retrying
from storage_core import wire as waits
from storage_core.body import Body, BytesBody, StreamBody
from storage_core.capabilities import KIB, MIB
from storage_core.drivers.google_storage_json import understood
from storage_core.drivers.google_storage_wire import Call, Wire, json_body, upload_path
from storage_core.errors import (
    ConnectionLostError,
    ContainerDoesNotExistError,
    LibcloudError,
    MalformedResponseError,
    ObjectDoesNotExistError,
    SourceChangedError,
)

WHOLE_MAX = 8 * MIB
"""Content up to this size goes in one request, as Google's own library does it."""
CHUNK = 16 * MIB
"""Of a stream that cannot be sent twice so much is held until Google has it: a multiple of QUANTUM."""
QUANTUM = 256 * KIB
"""Every chunk of a resumable upload but the last is a multiple of this."""
RESTARTS = 3
"""How often an upload that Google has dropped is begun again."""
_GONE = (404, 410)
_RANGE = re.compile(r"bytes=0-([0-9]{1,19})")


def store(
    wire: Wire,
    container: str,
    object_name: str,
    body: Body,
    resource: Mapping[str, Any],
    query: Mapping[str, str],
    told: Callable[[int], None] = lambda tries: None,
) -> dict[str, Any]:
    """Make an object: the resource as it was stored. `told` hears how often the request went out."""
    described = {**resource, "name": object_name}
    if isinstance(body, BytesBody):
        described["md5Hash"] = _base64_of_hex(body.md5)  # what arrives otherwise is refused
    if body.size is not None and body.size <= WHOLE_MAX:
        related = Related(described, body)
        call = Call(
            method="POST", path=upload_path(container), query={**query, "uploadType": "multipart"},
            headers={"Content-Type": related.content_type}, body=related,
            container=container, object_name=object_name,
        )  # fmt: skip
        try:
            return wire.ask(call)
        except ObjectDoesNotExistError as error:
            raise _no_container(wire, container, error) from None
        finally:
            told(call.tries)
    upload = _Resumable(wire, container, object_name, described, {**query, "uploadType": "resumable"})
    return upload.send(body)


def _no_container(wire: Wire, container: str, error: LibcloudError) -> ContainerDoesNotExistError:
    """What is not there when an object is to be made is its bucket."""
    return ContainerDoesNotExistError(
        f"There is no container {container!r}.",
        wire.driver,
        container,
        status=404,
        request_id=error.request_id,
    )


def _base64_of_hex(md5: str) -> str:
    return binascii.b2a_base64(bytes.fromhex(md5), newline=False).decode()


def hex_of_base64(text: str) -> str:
    """A hash as everybody but Google writes it; "" for what is none."""
    try:
        return binascii.a2b_base64(text).hex()
    except binascii.Error:
        return ""


class Related(Body):
    """A multipart/related body: the resource as JSON, then the content as it passes."""

    def __init__(self, resource: Mapping[str, Any], inner: Body) -> None:
        """`inner` is read once per pass, never copied."""
        boundary = secrets.token_hex(24)
        self.content_type = f"multipart/related; boundary={boundary}"
        kind = resource.get("contentType", "application/octet-stream")
        described = json.dumps(resource, ensure_ascii=False, separators=(",", ":"))
        self._head = (
            f"--{boundary}\r\nContent-Type: application/json; charset=UTF-8\r\n\r\n{described}\r\n"
            f"--{boundary}\r\nContent-Type: {kind}\r\n\r\n"
        ).encode()
        self._tail = f"\r\n--{boundary}--\r\n".encode()
        self._inner = inner
        size = None if inner.size is None else len(self._head) + inner.size + len(self._tail)
        super().__init__(size)
        self._pieces = self._all()
        self._rest = b""

    def read(self, count: int = -1) -> bytes:
        """As any body; what the inner one raises comes out."""
        if not self._rest:
            self._rest = next(self._pieces, b"")
        count = len(self._rest) if count < 0 else count
        data, self._rest = self._rest[:count], self._rest[count:]
        self.sent += len(data)
        return data

    def rewind(self) -> None:
        """Back to the first byte of both."""
        self._inner.rewind()
        self._restart()

    def check(self) -> None:
        """As the inner body."""
        self._inner.check()

    @property
    def can_rewind(self) -> bool:
        """As the inner body."""
        return self._inner.can_rewind

    def _all(self) -> Iterator[bytes]:
        yield self._head
        left = self._inner.size
        while data := self._inner.read(MIB if left is None else min(left, MIB)):
            if left is not None:
                left -= len(data)
            yield data
        if left:
            raise SourceChangedError(f"The source gave fewer than the {self._inner.size} bytes it promised.")
        if left is not None and isinstance(self._inner, StreamBody) and self._inner.read(1):
            raise SourceChangedError(f"The source gave more than the {self._inner.size} bytes it promised.")
        yield self._tail

    def _take(self, count: int) -> bytes:
        raise NotImplementedError

    def _restart(self) -> None:
        self.sent = 0
        self._pieces = self._all()
        self._rest = b""


class Rest(Body):
    """What follows the first `skipped` bytes of a body; a retry begins there again."""

    size: int

    def __init__(self, inner: Body, skipped: int) -> None:
        """`inner` can be rewound and has a size."""
        super().__init__((inner.size or 0) - skipped)
        self._inner = inner
        self._skipped = skipped
        self.rewind()

    def read(self, count: int = -1) -> bytes:
        """As the inner body."""
        data = self._inner.read(count)
        self.sent += len(data)
        return data

    def rewind(self) -> None:
        """Back to where this begins. The skipped bytes count as sent: they are where they belong."""
        self._inner.rewind()
        self.sent = 0
        left = self._skipped
        while left:
            left -= len(self._inner.read(min(left, MIB)))

    def check(self) -> None:
        """As the inner body."""
        self._inner.check()

    def _take(self, count: int) -> bytes:
        raise NotImplementedError

    def _restart(self) -> None:
        raise NotImplementedError


@dataclass(slots=True)
class _Heard:
    """What Google says of an upload that is under way."""

    kept: int = 0  # bytes that it has, from the first
    resource: dict[str, Any] | None = None  # the object, when it is complete


@dataclass(slots=True)
class _Resumable:
    """One object on its way. Not shared between threads."""

    wire: Wire
    container: str
    object_name: str
    resource: Mapping[str, Any] = field(repr=False)
    query: Mapping[str, str]
    url: str = field(default="", repr=False)

    def send(self, body: Body) -> dict[str, Any]:
        """All of the body. An upload that Google has dropped begins again, while the bytes are there."""
        for restarts in range(RESTARTS + 1):
            self._begin(body.size)
            try:
                once = isinstance(body, StreamBody) or body.size is None
                return self._stream(body) if once else self._whole(body)
            except LibcloudError as error:
                if error.status not in _GONE or restarts == RESTARTS or not body.can_rewind:
                    raise
                body.rewind()
        raise AssertionError("the loop returns or raises")

    def _whole(self, body: Body) -> dict[str, Any]:
        size = body.size or 0
        heard = self._put(body, 0, str(size))
        if heard.resource is None:
            raise MalformedResponseError(
                f"Google has all {size} bytes and did not make the object.", None, self.wire.driver
            )
        return heard.resource

    def _stream(self, body: Body) -> dict[str, Any]:
        """Chunk by chunk, each held until Google has it. One is read ahead: the last tells the length."""
        start = 0
        chunk = _read(body, CHUNK)
        while True:
            following = _read(body, CHUNK) if len(chunk) == CHUNK else b""
            end = start + len(chunk)
            if body.size is not None and not following and end != body.size:
                raise SourceChangedError(f"The source did not give the {body.size} bytes it promised.")
            heard = self._put(BytesBody(chunk), start, "*" if following else str(end))
            if not following:
                if heard.resource is None:
                    raise MalformedResponseError(
                        f"Google has all {end} bytes and did not make the object.", None, self.wire.driver
                    )
                return heard.resource
            start, chunk = end, following

    def _put(self, body: Body, base: int, total: str) -> _Heard:
        """Bytes of a body whose first is the `base`-th of the object, until Google has them all."""
        end = base + (body.size or 0)
        kept = base
        failures = 0
        while True:
            try:
                heard = self._send(Rest(body, kept - base), kept, total)
            except LibcloudError as error:
                failures += 1
                is_over = error.status in _GONE or not error.retryable
                if is_over or failures >= self.wire.driver.network.attempts:
                    raise
                waits.sleep(retrying.pause(error, failures, None), body)
                heard = self._status(total)
            if heard.resource is not None or (heard.kept >= end and total == "*"):
                return heard
            if heard.kept < base or heard.kept > end:
                raise MalformedResponseError(
                    f"Google says that it has {heard.kept} bytes of {self.object_name!r}, which cannot be.",
                    None,
                    self.wire.driver,
                )
            failures = 0 if heard.kept > kept else failures + 1
            if failures >= self.wire.driver.network.attempts:
                raise ConnectionLostError(
                    f"Google takes no more bytes of {self.object_name!r} after {heard.kept}.",
                    self.wire.driver,
                    object_name=self.object_name,
                )
            kept = heard.kept

    # -- single requests --

    def _begin(self, size: int | None) -> None:
        body = json_body(self.resource)
        body["headers"]["X-Upload-Content-Type"] = self.resource.get(
            "contentType", "application/octet-stream"
        )
        if size is not None:
            body["headers"]["X-Upload-Content-Length"] = str(size)
        call = Call(
            method="POST", path=upload_path(self.container), query=self.query, **body,
            container=self.container, object_name=self.object_name,
        )  # fmt: skip
        try:
            self.url = self.wire.run(call).get("location", "")
        except ObjectDoesNotExistError as error:
            raise _no_container(self.wire, self.container, error) from None
        if not self.url or not self.wire.is_ours(self.url):
            raise MalformedResponseError(
                "Google began an upload and named no address of its own for it.", None, self.wire.driver
            )

    def _send(self, rest: Rest, start: int, total: str) -> _Heard:
        last = start + rest.size - 1
        where = f"bytes {start}-{last}/{total}" if rest.size else f"bytes */{total}"
        return self._hear(Call(
            method="PUT", url=self.url, headers={"Content-Range": where}, body=rest, idempotent=False,
            good=(200, 201, 308), container=self.container, object_name=self.object_name,
        ))  # fmt: skip

    def _status(self, total: str) -> _Heard:
        return self._hear(Call(
            method="PUT", url=self.url, headers={"Content-Range": f"bytes */{total}"}, body=b"",
            good=(200, 201, 308), container=self.container, object_name=self.object_name,
        ))  # fmt: skip

    def _hear(self, call: Call) -> _Heard:
        reply = self.wire.send(call)
        try:
            if reply.status == 308:
                found = _RANGE.fullmatch(call.told.get("range", ""))
                return _Heard(int(found[1]) + 1 if found else 0)
            told = understood(reply.content())
        finally:
            reply.close()
        if told is None:
            raise MalformedResponseError(
                "Google's answer is not the JSON that it should be.", None, self.wire.driver
            )
        return _Heard(resource=told)


def _read(body: Body, count: int) -> bytes:
    """Exactly `count` bytes; fewer only at the end."""
    data = bytearray()
    while len(data) < count and (piece := body.read(count - len(data))):
        data += piece
    return bytes(data)
