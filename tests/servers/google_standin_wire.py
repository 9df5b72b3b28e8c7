"""HTTP/1.1 for the Google stand-in: requests with their raw target, replies, refusals, a thread a connection.

Own code instead of http.server's: paths must stay byte for byte, bodies are read while they come, and a fault
can cut a connection in the middle of either.
"""

from __future__ import annotations

import contextlib
import json
import socket
import socketserver
import sys
import traceback
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, field
from email.utils import formatdate
from functools import cached_property
from http import HTTPStatus
from typing import Any, Protocol
from urllib.parse import parse_qsl, unquote_to_bytes
from xml.sax.saxutils import escape

CHUNK = 256 * 1024
IDLE_SECONDS = 60
HEAD_LIMIT = 65_536  # bytes of one line
JSON_LIMIT = 10 * 2**20  # of metadata and of a batch: "must be less than 10MB"
REASONS = {308: "Resume Incomplete", 499: "Client Closed Request"}

Headers = list[tuple[str, str]]


class Cut(Exception):
    """A fault wants the connection gone, without an answer."""


class Refused(Exception):
    """An answer in Google's shape for errors; `xml` is the code of the XML API."""

    def __init__(
        self,
        code: int,
        reason: str,
        message: str,
        *,
        location: tuple[str, str] | None = None,
        headers: Headers | None = None,
        xml: str = "",
        details: str = "",
    ) -> None:
        super().__init__(message)
        self.code, self.reason, self.message = code, reason, message
        self.location, self.headers = location, headers or []
        self.xml, self.details = xml or XML_CODES.get(code, "InvalidArgument"), details

    def json(self) -> Reply:
        """https://cloud.google.com/storage/docs/json_api/v1/status-codes"""
        if self.code == 304:
            return Reply(304, list(self.headers))
        one = {"message": self.message, "domain": "global", "reason": self.reason}
        if self.location:
            one["locationType"], one["location"] = self.location
        error = {"code": self.code, "message": self.message, "errors": [one]}
        return json_reply({"error": error}, self.code, self.headers)

    def as_xml(self) -> Reply:
        """https://cloud.google.com/storage/docs/xml-api/reference-status"""
        if self.code == 304:
            return Reply(304, list(self.headers))
        text = f"<Code>{self.xml}</Code><Message>{escape(self.message)}</Message>"
        if self.details:
            text += f"<Details>{escape(self.details)}</Details>"
        body = f"<?xml version='1.0' encoding='UTF-8'?><Error>{text}</Error>".encode()
        return Reply(self.code, [("Content-Type", "application/xml; charset=UTF-8"), *self.headers], body)


XML_CODES = {
    401: "AuthenticationRequired",
    403: "AccessDenied",
    404: "NoSuchKey",
    405: "MethodNotAllowed",
    409: "BucketNotEmpty",
    412: "PreconditionFailed",
    416: "InvalidRange",
    429: "SlowDown",
    503: "ServiceUnavailable",
}


def invalid(message: str, reason: str = "invalid") -> Refused:
    return Refused(400, reason, message)


def not_here(message: str) -> Refused:
    """The service could; the stand-in says so instead of passing it over."""
    return Refused(501, "notImplemented", message, xml="NotImplemented")


@dataclass(slots=True)
class Reply:
    status: int = 200
    headers: Headers = field(default_factory=list)
    body: bytes | Iterable[bytes] = b""
    length: int | None = None
    """Of a body that is not bytes; None sends it in chunks."""
    cut_after: int = -1
    """A fault: hang up after so many bytes of the body."""


def json_reply(value: Any, status: int = 200, headers: Headers | None = None) -> Reply:
    kept = [
        ("Content-Type", "application/json; charset=UTF-8"),
        ("Cache-Control", "no-cache, no-store, max-age=0, must-revalidate"),
        ("Vary", "Origin"),
        *(headers or []),
    ]
    return Reply(status, kept, json.dumps(value, ensure_ascii=False).encode())


class Source(Protocol):
    def read(self, size: int = -1, /) -> bytes: ...
    def read1(self, size: int = -1, /) -> bytes: ...
    def readline(self, limit: int = -1, /) -> bytes: ...


class Body:
    """Of a request, read as it comes. Raises ConnectionError when the client hangs up in the middle."""

    def __init__(self, source: Source, length: int | None, before: Callable[[], None]) -> None:
        self._source, self._left = source, length  # None: sent in chunks
        self._before: Callable[[], None] | None = before
        self._ended = length == 0
        self.length = length
        self.size = 0  # bytes read so far

    def chunks(self, size: int = CHUNK) -> Iterator[bytes]:
        if self._before:
            self._before()
            self._before = None
        while not self._ended:
            piece = self._framed(size) if self._left is None else self._plain(size, self._left)
            if piece:
                self.size += len(piece)
                yield piece

    def read(self, limit: int = JSON_LIMIT) -> bytes:
        pieces: list[bytes] = []
        for piece in self.chunks():
            if self.size > limit:
                raise Refused(413, "uploadTooLarge", "Payload too large.")
            pieces.append(piece)
        return b"".join(pieces)

    def drain(self) -> None:
        for _ in self.chunks():
            pass

    def _plain(self, size: int, left: int) -> bytes:
        piece = self._source.read1(min(size, left))
        if not piece:
            raise ConnectionError("the client hung up")
        self._left = left - len(piece)
        self._ended = not self._left
        return bytes(piece)

    def _framed(self, size: int) -> bytes:
        line = self._source.readline(HEAD_LIMIT)
        if not line:
            raise ConnectionError("the client hung up")
        count = int(line.split(b";")[0], 16)
        piece = self._source.read(count)
        if len(piece) < count:
            raise ConnectionError("the client hung up")
        while (line := self._source.readline(HEAD_LIMIT)) not in (b"\r\n", b"\n"):
            if not line:
                raise ConnectionError("the client hung up")
        self._ended = count == 0
        return piece


@dataclass
class Request:
    method: str
    target: str  # path and query as they were sent
    headers: Headers
    body: Body
    inner: bool = False  # part of a batch

    @cached_property
    def path(self) -> str:
        path = self.target.partition("?")[0]
        if "://" in path:  # absolute form
            path = "/" + path.split("://", 1)[1].partition("/")[2]
        return path

    @cached_property
    def query(self) -> dict[str, str]:
        return dict(reversed(self.pairs))

    @cached_property
    def pairs(self) -> list[tuple[str, str]]:
        return parse_qsl(self.target.partition("?")[2], keep_blank_values=True)

    @cached_property
    def folded(self) -> dict[str, str]:
        """Headers by lower-case name; those sent twice are joined with commas."""
        found: dict[str, str] = {}
        for name, value in self.headers:
            key = name.lower()
            found[key] = f"{found[key]},{value}" if key in found else value
        return found

    def header(self, name: str, default: str = "") -> str:
        return self.folded.get(name, default)

    @cached_property
    def bytes(self) -> bytes:
        return self.body.read()

    @cached_property
    def json(self) -> dict[str, Any]:
        if not self.bytes.strip():
            return {}
        try:
            value = json.loads(self.bytes)
        except ValueError:
            raise invalid("Parse Error", "parseError") from None
        if not isinstance(value, dict):
            raise invalid("Parse Error", "parseError")
        return value

    def number(self, name: str) -> int | None:
        """A whole number of the query; None when it is not asked. Refuses what is none."""
        if name not in self.query:
            return None
        try:
            return int(self.query[name])
        except ValueError:
            raise invalid(f"Invalid value for parameter: {name}", "invalidParameter") from None

    def flag(self, name: str) -> bool:
        return self.query.get(name, "").lower() == "true"


def decoded(part: str) -> str:
    """One segment of a path, percent-decoded exactly once."""
    try:
        return unquote_to_bytes(part).decode()
    except UnicodeDecodeError:
        raise invalid("Invalid UTF-8 in the path.") from None


class Connection(socketserver.StreamRequestHandler):
    """Requests of one client, one after the other."""

    timeout = IDLE_SECONDS
    rbufsize = 1 << 18
    disable_nagle_algorithm = True
    server: Server

    def handle(self) -> None:
        with contextlib.suppress(ConnectionError, TimeoutError):
            while self._one():
                pass

    def _one(self) -> bool:
        """Serves a request; whether another may follow."""
        line = self.rfile.readline(HEAD_LIMIT)
        if line in (b"\r\n", b"\n"):
            line = self.rfile.readline(HEAD_LIMIT)
        if not line:
            return False
        try:
            method, target, version = line.decode("latin-1").split()
            headers = self._headers()
            folded = {name.lower(): value for name, value in headers}
            length = None if "chunked" in folded.get("transfer-encoding", "").lower() else -1
            if length is not None:
                length = int(folded.get("content-length", "0"))
        except ValueError:
            self._send(Reply(400, [("Connection", "close")], b"Bad Request"), "GET")
            return False
        waits = folded.get("expect", "").lower() == "100-continue"
        body = Body(self.rfile, length, self._go_on if waits else lambda: None)
        request = Request(method, target, headers, body)
        keeps = version != "HTTP/1.0" and folded.get("connection", "").lower() != "close"
        try:
            reply = self._answer(request)
        except Cut:
            self._reset()
            return False
        self._send(reply, method)
        if reply.cut_after >= 0:
            self._reset()
            return False
        return keeps

    def _answer(self, request: Request) -> Reply:
        try:
            reply = self.server.answer(request)
            request.body.drain()
        except (Cut, ConnectionError, TimeoutError):
            raise
        except Exception:
            print(
                f"BUG in {request.method} {request.path}\n{traceback.format_exc()}",
                file=sys.stderr,
                flush=True,
            )
            self.server.bugs.append(traceback.format_exc())
            request.body.drain()
            reply = Refused(500, "internalError", "The stand-in has a bug; see its log.").json()
        return reply

    def _headers(self) -> Headers:
        headers: Headers = []
        while (line := self.rfile.readline(HEAD_LIMIT)) not in (b"\r\n", b"\n", b""):
            name, colon, value = line.decode("latin-1").partition(":")
            if not colon or name != name.strip():
                raise ValueError(name)
            headers.append((name, value.strip(" \t\r\n")))
        return headers

    def _go_on(self) -> None:
        self.wfile.write(b"HTTP/1.1 100 Continue\r\n\r\n")

    def _send(self, reply: Reply, method: str) -> None:
        phrase = REASONS.get(reply.status) or (
            HTTPStatus(reply.status).phrase if reply.status in set(HTTPStatus) else "Unknown"
        )
        lines = [
            f"HTTP/1.1 {reply.status} {phrase}",
            f"Date: {formatdate(usegmt=True)}",
            "Server: UploadServer",
        ]
        lines += [f"{name}: {value}" for name, value in reply.headers]
        whole = isinstance(reply.body, bytes)
        length = len(reply.body) if isinstance(reply.body, bytes) else reply.length
        bodiless = reply.status in (204, 304) or method == "HEAD"
        if length is None:
            lines.append("Transfer-Encoding: chunked")
        elif reply.status not in (204, 304):
            lines.append(f"Content-Length: {length}")
        head = ("\r\n".join(lines) + "\r\n\r\n").encode("utf-8")
        if bodiless:
            self.wfile.write(head)
        elif whole:
            assert isinstance(reply.body, bytes)
            end = reply.cut_after if reply.cut_after >= 0 else len(reply.body)
            self.wfile.write(head + reply.body[:end])
        else:
            self.wfile.write(head)
            self._stream(reply, framed=length is None)

    def _stream(self, reply: Reply, *, framed: bool) -> None:
        left = reply.cut_after if reply.cut_after >= 0 else None
        for piece in reply.body:
            assert isinstance(piece, bytes)
            piece = piece if left is None else piece[:left]
            if left is not None:
                left -= len(piece)
            if piece:
                self.wfile.write(b"%x\r\n%b\r\n" % (len(piece), piece) if framed else piece)
            if left == 0:
                return
        if framed:
            self.wfile.write(b"0\r\n\r\n")

    def _reset(self) -> None:
        """An unclean end, as of a router that restarts. What was sent before arrives first."""
        self.wfile.flush()
        self.connection.shutdown(socket.SHUT_WR)

    def finish(self) -> None:
        with contextlib.suppress(OSError):
            super().finish()


class Server(socketserver.ThreadingTCPServer):
    allow_reuse_address = True
    daemon_threads = True
    request_queue_size = 256

    def __init__(self, address: tuple[str, int], answer: Callable[[Request], Reply]) -> None:
        self.answer = answer
        self.bugs: list[str] = []
        super().__init__(address, Connection)

    def handle_error(self, request: Any, client_address: Any) -> None:
        kind, error, _ = sys.exc_info()
        if not isinstance(error, ConnectionError | TimeoutError | BrokenPipeError):
            print(f"BUG in a connection\n{traceback.format_exc()}", file=sys.stderr, flush=True)
            self.bugs.append(f"{kind}: {error}")
