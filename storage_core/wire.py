"""What http.py puts on the wire, below requests and urllib3: one attempt, its waits, its body, its headers.

Sockets are known here, no library that makes requests.
"""

from __future__ import annotations

import errno
import io
import math
import os
import re
import selectors
import socket
import ssl
import time
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import urlsplit

from storage_core.body import Body, StreamBody
from storage_core.common.base import NetworkOptions
from storage_core.errors import (
    AttributeRefusedError,
    NetworkError,
    SourceChangedError,
    UnreachableError,
)
from storage_core.redaction import redact

MIB = 1024 * 1024
READ = MIB
"""Bytes asked of a socket, or of a body, at once."""

SMALL_BODY = MIB
"""Up to this size a request counts as small: all its attempts share one deadline."""

HEAD_BUFFER = 64 * 1024

SLICE = 0.25
"""Seconds after which a stoppable wait looks whether it was stopped."""

_UNDER_WAY = (errno.EINPROGRESS, getattr(errno, "WSAEWOULDBLOCK", errno.EINPROGRESS))
_URL = re.compile(r"(https?)://([A-Za-z0-9._:\[\]-]+)([/?][!-~]*)?", re.IGNORECASE)
_HEADER_NAME = re.compile(r"[A-Za-z0-9!#$%&'*+.^_`|~-]+")
_NOT_IN_A_HEADER = re.compile(r"[\x00-\x08\x0a-\x1f\x7f\ud800-\udfff]")


_stop_check: ContextVar[Callable[[], None] | None] = ContextVar("stop check", default=None)


@contextmanager
def stoppable(check: Callable[[], None]) -> Iterator[None]:
    """Requests that this thread begins inside call `check` while they wait; what it raises ends them.

    For whoever must be able to stop a silent connection, or the pause before a retry: StoppedError comes out
    as it is, within SLICE seconds, and the connection is dropped.
    """
    token = _stop_check.set(check)
    try:
        yield
    finally:
        _stop_check.reset(token)


def check() -> None:
    """Raises what `stoppable`'s check raises; for loops that wait for something else than the network."""
    if (asked := _stop_check.get()) is not None:
        asked()


def sleep(seconds: float, body: Body | bytes | None) -> None:
    """Before a retry; whoever watches the body, or `stoppable`, can end it."""
    check = _stop_check.get()
    until = time.monotonic() + seconds
    while (left := until - time.monotonic()) > 0:
        if isinstance(body, Body):
            body.check()
        if check is not None:
            check()
        time.sleep(min(left, SLICE))


# -- connecting --


def connect(
    host: str, port: int, family: int, seconds: float, options: Iterable[tuple[int, int, int | bytes]]
) -> socket.socket:
    """A TCP connection to the first address of `host` that answers; each has so many seconds. Stoppable, but
    for the look-up of the name.

    socket.gaierror, TimeoutError and other kinds of OSError are the last address's. `options` as for
    setsockopt.
    """
    problem = _problem(errno.EADDRNOTAVAIL)
    for kind, type_, protocol, _, address in socket.getaddrinfo(host, port, family, socket.SOCK_STREAM):
        sock = None
        try:
            sock = socket.socket(kind, type_, protocol)
            for option in options:
                sock.setsockopt(*option)
            sock.settimeout(0)
            code = sock.connect_ex(address)
            if code in _UNDER_WAY:
                _await(sock, selectors.EVENT_WRITE, time.monotonic() + seconds)
                code = sock.getsockopt(socket.SOL_SOCKET, socket.SO_ERROR)
            if code:
                raise _problem(code)
            sock.settimeout(seconds)
            return sock
        except BaseException as error:
            if sock is not None:
                sock.close()
            if not isinstance(error, OSError):
                raise
            problem = error
    raise problem


def _problem(code: int) -> OSError:
    texts: Mapping[int, str] = getattr(socket, "errorTab", {})  # Windows numbers those of sockets by itself
    return OSError(code, texts.get(code) or os.strerror(code))


def in_steps(context: ssl.SSLContext) -> ssl.SSLContext:
    """The same context; handshakes on its sockets end with the socket's timeout as a whole, and are
    stoppable.

    In between nothing is locked: the system's trust (truststore) locks its context while OpenSSL works, and
    one silent host would hold up all the others.
    """
    wrap = context.wrap_socket

    def wrap_socket(sock: socket.socket, **more: Any) -> ssl.SSLSocket:
        wrapped = wrap(sock, do_handshake_on_connect=False, **more)
        try:
            _handshake(wrapped)
        except BaseException:
            wrapped.close()
            raise
        return wrapped

    context.wrap_socket = wrap_socket  # type: ignore[method-assign, assignment]
    return context


def _handshake(sock: ssl.SSLSocket) -> None:
    seconds = sock.gettimeout()
    until = math.inf if seconds is None else time.monotonic() + seconds
    sock.settimeout(0)
    while True:
        try:
            sock.do_handshake()
            break
        except ssl.SSLWantReadError:
            event = selectors.EVENT_READ
        except ssl.SSLWantWriteError:
            event = selectors.EVENT_WRITE
        _await(sock, event, until)
    sock.settimeout(seconds)


def _await(sock: socket.socket, event: int, until: float) -> None:
    """TimeoutError when it does not come by `until` (time.monotonic())."""
    check = _stop_check.get()
    with selectors.DefaultSelector() as selector:
        selector.register(sock, event)
        while (left := until - time.monotonic()) > 0:
            if check is not None:
                check()
                left = min(left, SLICE)
            if selector.select(None if left == math.inf else left):
                return
    raise TimeoutError("timed out")


class Dialing:
    """Stands for a call while a proxy is asked to connect: `seconds` for all of that, stoppable."""

    def __init__(self, seconds: float) -> None:
        self.started = self.received = False
        self._until = time.monotonic() + seconds
        self._check = _stop_check.get()

    def wait(self, sock: Any, operation: Callable[[Any], int], data: Any) -> int:
        """As `Call.wait`."""
        while (left := self._until - time.monotonic()) > 0:
            if self._check is not None:
                self._check()
                left = min(left, SLICE)
            sock.settimeout(left)
            try:
                return operation(data)
            except TimeoutError:
                continue
        raise TimeoutError("timed out")


# -- one attempt --


@dataclass(slots=True)
class Request:
    """What is to be sent. `url` is complete and already percent-encoded; it is sent byte for byte."""

    method: str
    url: str = field(repr=False)
    headers: dict[str, str] = field(default_factory=dict, repr=False)
    body: Body | bytes | None = field(default=None, repr=False)


class Headers(Mapping[str, str]):
    """Of a reply: look-ups in any case, names iterate in lower case. UTF-8 where the server sent it raw."""

    __slots__ = ("_items",)

    def __init__(self, pairs: Iterator[tuple[str, str]]) -> None:
        self._items: dict[str, str] = {}
        for name, value in pairs:
            lower = name.lower()
            text = value if value.isascii() else _utf8(value)
            self._items[lower] = f"{self._items[lower]}, {text}" if lower in self._items else text

    def __getitem__(self, name: str) -> str:
        return self._items[name.lower()]

    def __iter__(self) -> Iterator[str]:
        return iter(self._items)

    def __len__(self) -> int:
        return len(self._items)


def _utf8(value: str) -> str:
    try:
        return value.encode("latin-1").decode()
    except UnicodeError:
        return value


class BodyFailed(Exception):
    """Carries what a body raised past urllib3, which would take an OSError for one of the network."""

    def __init__(self, problem: Exception) -> None:
        super().__init__()
        self.problem = problem


class TooLong(TimeoutError):
    """A wait came to its end; the text says which."""


class Call:
    """One attempt on the wire: what is sent, how far it came, how long its socket may keep us."""

    __slots__ = (
        "_bytes", "_check", "_options", "_seconds", "counting", "deadline", "fresh", "host", "limit",
        "netloc", "port", "received", "scheme", "sent", "started", "target", "url",
    )  # fmt: skip

    def __init__(self, url: str, options: NetworkOptions, deadline: float, limit: float) -> None:
        match = _URL.fullmatch(url)
        try:
            parts = urlsplit(match[0][: match.end(2)] if match else "")
            self.scheme, self.host, self.port = parts.scheme, parts.hostname or "", parts.port
        except ValueError:  # a port or brackets that make no sense
            self.host = ""
        if match is None or not self.host:
            raise permanent(UnreachableError(f"{redact(url)!r} is not a web address that can be reached."))
        self.url = url
        default = self.port == {"http": 80, "https": 443}[self.scheme]
        self.netloc = match[2].lower().rpartition(":")[0] if default else match[2].lower()
        target = match[3] or "/"
        self.target = target if target.startswith("/") else "/" + target
        self.deadline = deadline  # time.monotonic(); inf: as long as bytes move
        self.limit = limit  # the same as the caller knows it: seconds for the whole call
        self.fresh = True  # the connection was made for this call
        self.started = self.sent = self.received = False
        self.counting = deadline == math.inf
        self._options = options
        self._check = _stop_check.get()
        self._bytes = 0
        self._seconds = 0.0

    def wait(self, sock: Any, operation: Callable[[Any], int], data: Any) -> int:
        """`operation(data)` of the socket, with the call's patience; how many bytes it moved."""
        start = time.monotonic()
        until = min(start + self._options.timeout, self.deadline)
        while (left := until - time.monotonic()) > 0:
            if self._check is not None:
                self._check()
                left = min(left, SLICE)
            sock.settimeout(left)
            try:
                count = operation(data)
            except TimeoutError:
                continue
            self._moved(count, time.monotonic() - start)
            return count
        raise self._late()

    def _moved(self, count: int, seconds: float) -> None:
        """So many bytes took so long on the socket; the time that our own side needs is not counted."""
        if not self.counting:
            return
        self._bytes += count
        self._seconds += seconds
        if self._seconds >= self._options.stall_window:
            floor = self._options.stall_bytes_per_second
            if self._bytes < floor * self._seconds:
                raise TooLong(
                    f"The connection to {self.netloc} is too slow: fewer than {floor} bytes per second "
                    f"for {self._options.stall_window:g} s."
                )
            self._bytes, self._seconds = 0, 0.0

    def _late(self) -> TooLong:
        """What to raise when a wait brought nothing."""
        if time.monotonic() >= self.deadline - 0.001:
            return TooLong(f"{self.netloc} did not finish the request within {self.limit:g} s.")
        return TooLong(f"{self.netloc} was silent for {self._options.timeout:g} s.")

    def await_reply(self) -> None:
        """The request is out; the server may think, but not for ever."""
        self.counting = False
        if self.deadline == math.inf:
            self.deadline = time.monotonic() + self.limit


class CallHeaders(dict[str, Any]):
    """Request headers that bring their call along to the connection, through urllib3."""

    call: Call

    def copy(self) -> CallHeaders:
        twin = CallHeaders(self)
        twin.call = self.call
        return twin


class WatchedSocket(io.RawIOBase):
    """The reading side of a socket, with a call's patience at every single read."""

    def __init__(self, raw: Any, sock: Any, call: Call | Dialing) -> None:
        self._raw, self._sock, self._call = raw, sock, call

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: Any) -> int | None:
        count = self._call.wait(self._sock, self._sock.recv_into, buffer)
        if count:
            self._call.received = True
        return count

    def close(self) -> None:
        self._raw.close()
        super().close()


class WatchedReader(io.BufferedReader):
    """`is_cut`: the line read last ended with the stream. http.client takes that for the end of a head."""

    is_cut = False
    _is_http = False

    def readline(self, size: int | None = -1) -> bytes:
        line = super().readline(size)
        self._is_http = self._is_http or b"HTTP/".startswith(line[:5])
        self.is_cut = self._is_http and not line.endswith(b"\n") and len(line) != size
        return line


class Outgoing:
    """A body on its way: counted against its size, which is a promise."""

    def __init__(self, body: Body) -> None:
        self._body = body
        self._left = body.size
        self._ended = False
        if not body.size and body.size is not None:
            self._read(0)  # the head alone would already be a complete request

    def read(self, count: int = READ) -> bytes:
        try:
            return self._read(count)
        except Exception as problem:
            raise BodyFailed(problem) from None

    def _read(self, count: int) -> bytes:
        if self._left is None:
            return self._body.read(count)
        data = self._body.read(min(count, self._left)) if self._left else b""
        if self._left and not data:
            raise SourceChangedError(f"The source gave fewer than the {self._body.size} bytes it promised.")
        self._left -= len(data)
        if not self._left and not self._ended:
            self._ended = True
            # Before the last bytes are handed out: the server must never take this for complete.
            if isinstance(self._body, StreamBody) and self._body.read(1):
                raise SourceChangedError(
                    f"The source gave more than the {self._body.size} bytes it promised."
                )
        return data


def headers_of(request: Request, call: Call, user_agent: str) -> CallHeaders:
    """The request's headers, and those that every request of ours has; UTF-8 where they are not ASCII.

    AttributeRefusedError for a name or a value that cannot be a header.
    """
    headers = CallHeaders()
    headers.call = call
    for name, value in request.headers.items():
        if not _HEADER_NAME.fullmatch(name):
            raise AttributeRefusedError(f"{name!r} cannot be the name of a header.", field=name)
        if _NOT_IN_A_HEADER.search(value):
            raise AttributeRefusedError(f"The header {name} may not hold control characters.", field=name)
        headers[name] = value if value.isascii() else value.encode()
    given = {name.lower() for name in headers}
    if "host" not in given:
        headers["Host"] = call.netloc
    if "user-agent" not in given:
        headers["User-Agent"] = user_agent
    if "accept-encoding" not in given:
        headers["Accept-Encoding"] = "identity"
    if "content-length" not in given:
        length = size(request)
        if length is not None and (length or request.method in ("PUT", "POST", "PATCH")):
            headers["Content-Length"] = str(length)
    return headers


def size(request: Request) -> int | None:
    """Bytes of the body; None when nobody knows."""
    if isinstance(request.body, Body):
        return request.body.size
    return len(request.body or b"")


def is_small(request: Request) -> bool:
    """Whether the call as a whole has a deadline."""
    length = size(request)
    return length is not None and length <= SMALL_BODY


def permanent(error: NetworkError) -> NetworkError:
    """The same, not worth another try."""
    error.retryable = False
    return error


def causes(problem: BaseException) -> Iterator[BaseException]:
    """The problem and everything it wraps, outermost first."""
    seen: list[BaseException] = []
    waiting: list[Any] = [problem]
    while waiting:
        one = waiting.pop(0)
        if isinstance(one, BaseException) and one not in seen:
            seen.append(one)
            yield one
            waiting += [*one.args, getattr(one, "reason", None), one.__cause__, one.__context__]


def said(problem: BaseException | None) -> str:
    """The system's own words for a problem, fit for the end of a sentence."""
    for name in ("verify_message", "reason", "strerror"):
        if isinstance(text := getattr(problem, name, None), str) and text:
            return redact(text.strip().rstrip("."))
    return redact(str(problem or "no reason was given"))
