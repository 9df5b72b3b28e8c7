"""The one door to the network. The rules that it keeps are DESIGN 4; each has its test in test_http.py.

    client.send(make, judge) -> Reply       make() builds and signs a Request, anew for each attempt;
                                            judge(reply) gives None, or the error that decides what follows

What goes over the wire is exactly the Request: its URL byte for byte, no redirect, no cookie, no environment,
nothing decoded. Every wait has an end: connecting, silence, a trickle, a small call as a whole. Everything
that goes wrong comes out as one of ours and tells a host, never a URL or a header.
"""

from __future__ import annotations

import contextlib
import hashlib
import http.client
import math
import re
import socket
import ssl
import threading
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from functools import partial
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

import requests
import requests.exceptions
import urllib3.connection
import urllib3.exceptions
from requests.adapters import DEFAULT_CA_BUNDLE_PATH, HTTPAdapter

from storage_core import retrying, tls, wire
from storage_core.body import Body
from storage_core.common.base import NetworkOptions
from storage_core.errors import (
    AttributeRefusedError,
    CertificateError,
    ClockSkewError,
    ConnectionLostError,
    ExpiredTokenError,
    LibcloudError,
    MalformedResponseError,
    MissingExtraError,
    RateLimitReachedError,
    TimedOutError,
    UnreachableError,
)
from storage_core.redaction import redact as redact
from storage_core.wire import MIB, READ
from storage_core.wire import Headers as Headers
from storage_core.wire import Request as Request
from storage_core.wire import stoppable as stoppable

CONTENT_CAP = 16 * MIB
UNSENT = 256 * 1024
"""Bytes that may wait in the system's send buffer: progress and stops stay honest on slow lines."""

WORTH_READING = 64 * 1024
"""A reply with no more bytes left than this is read to its end to keep its connection."""

GATHER_SECONDS = 0.1
"""How long `Reply.read` collects before it gives what it has."""

Judge = Callable[["Reply"], LibcloudError | None]


class _Certificate(Exception):
    """Carries a certificate (DER) out of a connection that was made only to look at it."""


class _WrongPin(ssl.SSLError):
    """Carries the certificate that is not the pinned one."""


class _WatchedResponse(http.client.HTTPResponse):
    def __init__(self, sock: Any, *args: Any, call: wire.Call | wire.Dialing, **more: Any) -> None:
        super().__init__(sock, *args, **more)
        raw = self.fp.detach()
        self._head = self.fp = wire.WatchedReader(wire.WatchedSocket(raw, sock, call), wire.HEAD_BUFFER)

    def begin(self) -> None:
        try:
            super().begin()
        except http.client.HTTPException:
            if not self._head.is_cut:
                raise
        if self._head.is_cut:
            raise ConnectionResetError("the connection ended within the head of the answer")


if TYPE_CHECKING:
    _Connection = urllib3.connection.HTTPConnection
else:
    _Connection = object


class _Wire(_Connection):
    """What every connection of ours does, plain, TLS or through a proxy: see `_Adapter`."""

    inspect: Callable[[bytes], None] | None = None
    _call: Any = None  # a wire.Call; wire.Dialing while a proxy is asked
    _fresh = True

    def _new_conn(self) -> socket.socket:
        if hasattr(self, "_socks_options"):  # PySocks makes the connection
            return super()._new_conn()
        errors, kind = urllib3.exceptions, urllib3.util.connection.allowed_gai_family()
        seconds: Any = self.timeout  # requests always gives one
        try:
            return wire.connect(self._dns_host, self.port, kind, seconds, self.socket_options or ())
        except UnicodeError:
            raise errors.LocationParseError(f"{self.host!r}, label empty or too long") from None
        except socket.gaierror as problem:
            raise errors.NameResolutionError(self.host, self, problem) from problem
        except TimeoutError as problem:
            raise errors.ConnectTimeoutError(self, "no connection in time") from problem
        except OSError as problem:
            raise errors.NewConnectionError(self, f"no connection: {problem}") from problem

    def _tunnel(self) -> None:
        seconds: Any = self.timeout
        call, dialing = self._call, wire.Dialing(seconds)
        self._call = dialing
        self.response_class = partial(_WatchedResponse, call=dialing)  # type: ignore[assignment]
        try:
            super()._tunnel()
        finally:
            self._call, self.response_class = call, http.client.HTTPResponse
        self.sock.settimeout(seconds)

    def connect(self) -> None:
        super().connect()
        self._fresh = True
        if lowest := getattr(socket, "TCP_NOTSENT_LOWAT", None):
            with contextlib.suppress(OSError, AttributeError):  # some systems, and TLS within TLS, have none
                self.sock.setsockopt(socket.IPPROTO_TCP, lowest, UNSENT)
        inspect = type(self).inspect
        if inspect is None or self.proxy_is_forwarding or not hasattr(self.sock, "getpeercert"):
            return
        try:
            inspect(self.sock.getpeercert(True))
        except BaseException:
            self.close()
            raise
        self.is_verified = True

    def request(self, method: str, url: str, body: Any = None, headers: Any = None, **more: Any) -> None:
        call: wire.Call = headers.call
        self._call = call
        call.fresh, self._fresh = self._fresh or self.sock is None, False
        target = call.url if self.proxy_is_forwarding else call.target
        super().request(method, target, body=body, headers=headers, **more)
        call.sent = True

    def send(self, data: Any) -> None:
        if self.sock is None:
            self.connect()
            self._fresh = False
        call = self._call
        view = memoryview(data).cast("B")
        while view:
            # Not sendall: its timeout is for all of it, and nobody would see a trickle.
            count = call.wait(self.sock, self.sock.send, view)
            call.started = True
            view = view[count:]

    def close(self) -> None:
        super().close()
        # Their patience is not that of the CONNECT that opens this again.
        self._call, self.response_class = None, http.client.HTTPResponse

    def getresponse(self) -> Any:
        if self._call is not None:
            self._call.await_reply()
            self.response_class = partial(_WatchedResponse, call=self._call)  # type: ignore[assignment]
        return super().getresponse()


class _Adapter(HTTPAdapter):
    """One pool of connections, direct or through the one proxy that was given.

    With `inspect`, TLS trusts everybody and `inspect(der)` judges the certificate before a byte is sent.
    """

    def __init__(self, options: NetworkOptions, inspect: Callable[[bytes], None] | None = None) -> None:
        self._options = options
        self._inspect = inspect
        self._lock = threading.Lock()
        self._context = wire.in_steps(ssl_context(options))
        # retries=False: what goes wrong comes out as it is, at once.
        super().__init__(pool_connections=64, pool_maxsize=options.pool_size)
        self.max_retries = urllib3.Retry(False)

    def init_poolmanager(self, connections: int, maxsize: int, block: bool = False, **more: Any) -> None:
        """As requests calls it, with our connections in the pools."""
        super().init_poolmanager(connections, maxsize, block, **self._pool_options(), **more)
        self._wire(self.poolmanager)

    def proxy_manager_for(self, proxy: str, **more: Any) -> Any:
        """As requests calls it, with our connections in the pools."""
        with self._lock:
            if proxy in self.proxy_manager:
                return self.proxy_manager[proxy]
            if not proxy.lower().startswith("socks"):
                more["proxy_ssl_context"] = self._context
            manager = super().proxy_manager_for(proxy, **self._pool_options(), **more)
            self._wire(manager)
            return manager

    def _pool_options(self) -> dict[str, Any]:
        return {
            "blocksize": READ,
            "socket_options": [
                (socket.IPPROTO_TCP, socket.TCP_NODELAY, 1),
                (socket.SOL_SOCKET, socket.SO_KEEPALIVE, 1),
            ],
            "ssl_context": wire.in_steps(tls.unverified()) if self._inspect else self._context,
        }

    def _wire(self, manager: Any) -> None:
        wired = {}
        for scheme, pool in manager.pool_classes_by_scheme.items():
            more = {"inspect": staticmethod(self._inspect) if self._inspect else None}
            connection = type("Wired" + pool.ConnectionCls.__name__, (_Wire, pool.ConnectionCls), more)
            wired[scheme] = type("Wired" + pool.__name__, (pool,), {"ConnectionCls": connection})
        manager.pool_classes_by_scheme = wired

    def get_connection_with_tls_context(
        self, request: Any, verify: Any, proxies: Any = None, cert: Any = None
    ) -> Any:
        """The pool for a request; TLS is settled in the manager."""
        call = request.headers.call
        proxy = self._options.proxy_url
        manager = self.proxy_manager_for(proxy) if proxy else self.poolmanager
        return manager.connection_from_host(call.host, call.port, call.scheme)

    def cert_verify(self, conn: Any, url: Any, verify: Any, cert: Any) -> None:
        """Settled by the SSL context; requests would load its bundle again for each connection."""

    def request_url(self, request: Any, proxies: Any) -> str:
        """A stand-in: urllib3 would normalise the real one. `_Wire.request` puts it in place.

        So no signature reaches urllib3's log or errors either.
        """
        call = request.headers.call
        forwarded = self._options.proxy_url.lower().startswith("http") and call.scheme == "http"
        return f"http://{call.netloc}/" if forwarded else "/"

    def build_response(self, req: Any, resp: Any) -> Any:
        """urllib3's response as it is: no cookies, no encoding guessed."""
        return resp


def ssl_context(options: NetworkOptions) -> ssl.SSLContext:
    """What an account trusts: requests' bundle or the app's context, and the account's own authorities."""
    if options.ssl_context is None:
        return tls.context(DEFAULT_CA_BUNDLE_PATH, options.ca_file)
    made = options.ssl_context()
    if made.minimum_version < ssl.TLSVersion.TLSv1_2:
        made.minimum_version = ssl.TLSVersion.TLSv1_2
    if options.ca_file:
        tls.add_authorities(made, options.ca_file)
    return made


class Reply:
    """An answer whose head has arrived. Read it to its end or close it: it holds a connection."""

    def __init__(self, raw: Any, call: wire.Call, method: str) -> None:
        self.status: int = raw.status
        self.headers: Mapping[str, str] = Headers(raw.headers.iteritems())
        self.url = call.url
        self.length: int | None = _length(self.headers)
        self._raw = raw
        self._call = call
        self._got = 0
        self._content: bytes | None = None
        self._problem: LibcloudError | None = None
        self._over = False
        if method == "HEAD" or self.status in (204, 304) or self.length == 0:
            self._some(1)

    def __repr__(self) -> str:
        return f"<Reply {self.status} from {self._call.netloc}>"

    def read(self, count: int) -> bytes:
        """The next bytes as they were sent, at most `count`; b"" at the end.

        ConnectionLostError when the end comes before the promised length, TimedOutError when bytes stop
        coming or come too slowly. What arrived before is given first.
        """
        call = self._call
        if not call.counting:
            call.counting, call.deadline = True, math.inf
        pieces: list[bytes] = []
        have = 0
        until = time.monotonic() + GATHER_SECONDS
        while have < count and not self._over:
            try:
                piece = self._some(count - have)
            except LibcloudError:
                if not pieces:
                    raise
                break  # what arrived goes first; the next read tells
            pieces.append(piece)
            have += len(piece)
            if time.monotonic() > until:
                break
        if not pieces and self._problem is not None:
            raise self._problem
        return pieces[0] if len(pieces) == 1 else b"".join(pieces)

    def content(self, cap: int = CONTENT_CAP) -> bytes:
        """All of a small reply, under the call's deadline; again the same when asked again.

        MalformedResponseError beyond `cap` bytes.
        """
        if self._content is not None:
            return self._content
        if self._problem is not None:
            raise self._problem
        pieces = []
        have = 0
        while not self._over:
            piece = self._some(READ)
            pieces.append(piece)
            have += len(piece)
            if have > cap:
                problem = MalformedResponseError(
                    f"{self._call.netloc} sent more than {cap} bytes where a short answer was expected.",
                    http_code=self.status,
                )
                self._drop(problem)
                raise problem
        self._content = b"".join(pieces)
        return self._content

    def close(self) -> None:
        """Give the connection back; drop it when much is left to read."""
        left = None if self.length is None else self.length - self._got
        if not self._over and left is not None and left <= WORTH_READING:
            self._call.counting, self._call.deadline = False, time.monotonic() + 1
            with contextlib.suppress(LibcloudError):  # then it was dropped, which is as good
                while not self._over:
                    self._some(READ)
        elif not self._over:
            self._drop(ConnectionLostError(f"The reply of {self._call.netloc} was closed before its end."))

    def _some(self, count: int) -> bytes:
        """What one read of the socket gives; sets `_over` at the end."""
        try:
            piece: bytes = self._raw.read1(min(count, READ), decode_content=False) or b""
        except LibcloudError as problem:  # whoever watches asked for the stop
            error = problem
        except (urllib3.exceptions.HTTPError, http.client.HTTPException, OSError) as problem:
            error = typed(problem, self._call)
        else:
            self._got += len(piece)
            left = getattr(self._raw, "length_remaining", None)
            if not piece or left == 0:
                self._over = True
                self._raw.release_conn()
            return piece
        self._drop(error)
        raise error

    def _drop(self, problem: LibcloudError) -> None:
        self._over, self._problem = True, problem
        self._raw.close()
        self._raw.release_conn()


def _length(headers: Mapping[str, str]) -> int | None:
    text = headers.get("content-length", "")
    return int(text) if text.isascii() and text.isdigit() and len(text) < 20 else None


def typed(problem: BaseException, call: wire.Call, proxy: str = "") -> LibcloudError:
    """What went wrong as one of ours, in words that hold no URL and no header."""
    causes = list(wire.causes(problem))

    def first(*kinds: type[BaseException]) -> Any:
        return next((one for one in causes if isinstance(one, kinds)), None)

    host, errors = call.netloc, urllib3.exceptions
    if first(requests.exceptions.InvalidSchema):
        return MissingExtraError("A SOCKS proxy needs the package PySocks: pip install pysocks")
    if first(errors.ProxySchemeUnknown, errors.LocationValueError, requests.exceptions.InvalidURL):
        which = f"The proxy address {redact(proxy)!r}" if proxy else host
        return wire.permanent(UnreachableError(f"{which} is not an address that can be reached."))
    if late := first(wire.TooLong):
        return TimedOutError(str(late))
    if wrong := first(_WrongPin, ssl.SSLCertVerificationError, ssl.CertificateError):
        return CertificateError(f"The certificate of {host} is not trusted: {wire.said(wrong)}.")
    if first(errors.ProxyError):
        return _proxy_error(causes, proxy)
    if first(socket.gaierror, errors.NameResolutionError):
        return UnreachableError(f"{host} could not be found. Is the address right, and the network there?")
    if first(errors.NewConnectionError):  # a kind of the next one, although no time was up
        return UnreachableError(f"{host} could not be reached: {wire.said(first(OSError))}.")
    if first(errors.ConnectTimeoutError):
        return TimedOutError(f"{host} did not answer in time.")
    if not call.started and (refused := first(ssl.SSLError)):
        # Which of the two it is depends on the release of OpenSSL.
        if isinstance(refused, ssl.SSLEOFError | ssl.SSLZeroReturnError):
            return ConnectionLostError(f"{host} hung up while the secure connection was being made.")
        return wire.permanent(UnreachableError(f"{host} does not speak TLS as we do: {wire.said(refused)}."))
    if first(errors.InvalidHeader, errors.HeaderParsingError, errors.InvalidChunkLength):
        return MalformedResponseError(f"The answer of {host} is not proper HTTP.")
    if first(ConnectionError, errors.IncompleteRead, http.client.IncompleteRead):
        return ConnectionLostError(f"The connection to {host} was lost before the answer was complete.")
    if first(TimeoutError, errors.TimeoutError):
        return TimedOutError(f"{host} did not answer in time.")
    if first(http.client.HTTPException):
        return MalformedResponseError(f"The answer of {host} is not proper HTTP.")
    return ConnectionLostError(f"The connection to {host} was lost.")


def _proxy_error(causes: list[BaseException], proxy: str) -> LibcloudError:
    name = urlsplit(proxy).hostname or "The proxy"
    for one in causes:
        if isinstance(one, OSError) and str(one).startswith("Tunnel connection failed"):
            said = str(one).removeprefix("Tunnel connection failed: ")
            return wire.permanent(UnreachableError(f"The proxy {name} refused the connection: {said}."))
    said = wire.said(next((one for one in reversed(causes) if isinstance(one, OSError)), None))
    return UnreachableError(f"The proxy {name} could not be reached: {said}.")


@dataclass(slots=True)
class _Failure:
    """Why an attempt did not do, and what bears on the next."""

    error: LibcloudError
    call: wire.Call
    headers: Mapping[str, str] = field(default_factory=dict, repr=False)
    asked: float | None = None  # the pause that the service named


class Client:
    """One per driver, for any number of threads; connects on first use and makes no thread of its own."""

    def __init__(self, options: NetworkOptions) -> None:
        """No I/O. `certificate_pin` that is no SHA-256 in hex: AttributeRefusedError."""
        self._options = options
        self._pin = options.certificate_pin.replace(":", "").strip().lower()
        if self._pin and not re.fullmatch("[0-9a-f]{64}", self._pin):
            raise AttributeRefusedError(
                "A certificate pin is a SHA-256 in hex: 64 digits.", field="certificate_pin"
            )
        self._lock = threading.Lock()
        self._adapter: _Adapter | None = None
        self._budgets: dict[str, retrying.Budget] = {}
        self.clock_offset = 0.0
        """Seconds that the server's clock is ahead of ours, once it has refused a request for that."""

    def now(self) -> datetime:
        """The time to sign with: ours in UTC, corrected by what servers said."""
        return datetime.now(UTC) + timedelta(seconds=self.clock_offset)

    def close(self) -> None:
        """Close the connections that are not in use. The client may be used again."""
        with self._lock:
            adapter, self._adapter = self._adapter, None
        if adapter is not None:
            adapter.close()

    def send(
        self,
        make: Callable[[], Request],
        judge: Judge,
        *,
        idempotent: bool = True,
        deadline: float | None = None,
    ) -> Reply:
        """The first reply that `judge` finds good; else its last error is raised, or the network's.

        A `retryable` error is followed by another attempt (for a request that is not `idempotent` only when
        nothing of it was sent, or the service refused it unprocessed), after a pause that the service may
        name. A ClockSkewError corrects `now()` and is tried again once; so is an ExpiredTokenError, for which
        `make` has a new token then. `deadline` (seconds, else the
        option's) bounds a small call with all its attempts; a large body has its attempts and the stall
        watchdog.
        The caller reads or closes the reply.
        """
        limit = deadline or self._options.deadline
        ends = time.monotonic() + limit
        attempt = spent = 0
        corrected = renewed = False
        while True:
            request = make()
            attempt += 1
            small = wire.is_small(request)
            call = wire.Call(request.url, self._options, ends if small else math.inf, limit)
            outcome = self._attempt(request, call, judge)
            budget = self._budgets.setdefault(call.netloc, retrying.Budget())
            if isinstance(outcome, Reply):
                budget.give(spent or 1)
                return outcome
            error = outcome.error
            if isinstance(error, ClockSkewError) and not corrected and self._correct_clock(outcome):
                corrected, pause = True, 0.0
            elif isinstance(error, ExpiredTokenError) and not renewed:
                renewed, pause = True, 0.0
            elif error.retryable and attempt < self._options.attempts and _may_repeat(outcome, idempotent):
                pause = self._pause(outcome, attempt)
                spent = retrying.cost(error)
                if (small and time.monotonic() + pause >= ends) or not budget.take(spent):
                    raise error
            else:
                raise error
            if isinstance(request.body, Body):
                if not request.body.can_rewind:
                    raise error
                request.body.rewind()
            wire.sleep(pause, request.body)

    def _attempt(self, request: Request, call: wire.Call, judge: Judge) -> Reply | _Failure:
        outcome = self._exchange(request, call)
        if not isinstance(outcome, Reply):
            return _Failure(outcome, call)
        try:
            error = judge(outcome)
        except LibcloudError as problem:
            error = problem
        except BaseException:
            outcome.close()
            raise
        if error is None:
            return outcome
        outcome.close()
        asked = retrying.asked_pause(outcome.headers)
        if isinstance(error, RateLimitReachedError):
            asked = asked or min(error.retry_after, retrying.LONGEST_ASKED) or None
            error.retry_after = asked or 0.0
        return _Failure(error, call, outcome.headers, asked)

    def _exchange(self, request: Request, call: wire.Call) -> Reply | LibcloudError:
        """One request and its reply's head. What the body raises is raised as it is."""
        adapter = self._connected()
        prepared = requests.PreparedRequest()
        prepared.method, prepared.url = request.method, call.url
        prepared.headers = wire.headers_of(request, call, self._options.user_agent)  # type: ignore[assignment]
        body = request.body
        prepared.body = wire.Outgoing(body) if isinstance(body, Body) else body  # type: ignore[assignment]
        connect = min(self._options.connect_timeout, max(call.deadline - time.monotonic(), 0.001))
        try:
            raw = adapter.send(prepared, stream=True, timeout=(connect, self._options.timeout))
            reply = Reply(raw, call, request.method)
        except wire.BodyFailed as failed:
            problem, ours = failed.problem, True
        except LibcloudError as failed:
            return failed
        except (requests.RequestException, urllib3.exceptions.HTTPError, OSError) as failed:
            problem, ours = failed, False
        else:
            if call.sent or reply.status >= 300:
                return reply
            # It says yes, but the body never got there in full.
            reply.close()
            return ConnectionLostError(f"{call.netloc} hung up before everything was sent.")
        # Here, outside of the handlers, so that the error brings along no chain that may show headers.
        if ours:
            raise problem
        error = typed(problem, call, self._options.proxy_url)
        return self._explained(error, call) if isinstance(error, CertificateError) else error

    def _connected(self) -> _Adapter:
        with self._lock:
            if self._adapter is None:
                self._adapter = _Adapter(self._options, self._check_pin if self._pin else None)
            return self._adapter

    def _check_pin(self, der: bytes) -> None:
        if hashlib.sha256(der).hexdigest() != self._pin:
            raise _WrongPin("it is not the pinned one")

    def _explained(self, error: CertificateError, call: wire.Call) -> CertificateError:
        """The same with the certificate's own words: they decide whether somebody pins it."""
        seen = look_at_certificate(call.url, self._options)
        error.host = call.netloc
        if seen is not None:
            error.value = f"{error.value} It was issued by {seen.issuer or 'an unnamed authority'}."
            error.issuer, error.sha256 = seen.issuer, seen.sha256
        return error

    def _correct_clock(self, failure: _Failure) -> bool:
        date = retrying.http_date(failure.headers.get("date", ""))
        if date is not None:
            self.clock_offset = date - datetime.now(UTC).timestamp()
        return date is not None

    def _pause(self, failure: _Failure, attempt: int) -> float:
        error, call = failure.error, failure.call
        if attempt == 1 and isinstance(error, ConnectionLostError) and not (call.fresh or call.received):
            return 0.0  # a connection that the server had given up while it was idle
        return retrying.pause(error, attempt, failure.asked)


def look_at_certificate(url: str, options: NetworkOptions) -> tls.ServerCertificate | None:
    """What the server of an https URL shows, trusted or not; nothing is sent. None: it cannot be had."""

    def show(der: bytes) -> None:
        raise _Certificate(der)

    call = wire.Call(url, options, time.monotonic() + options.connect_timeout, options.connect_timeout)
    request = requests.PreparedRequest()
    request.method, request.url = "HEAD", url
    request.headers = wire.headers_of(Request("HEAD", url), call, options.user_agent)  # type: ignore[assignment]
    adapter = _Adapter(options, show)
    try:
        adapter.send(request, stream=True, timeout=options.connect_timeout)
    except _Certificate as seen:
        return tls.read_certificate(seen.args[0])
    except (requests.RequestException, urllib3.exceptions.HTTPError, OSError):
        return None
    finally:
        adapter.close()
    return None


def _may_repeat(failure: _Failure, idempotent: bool) -> bool:
    return idempotent or not failure.call.started or isinstance(failure.error, RateLimitReachedError)
