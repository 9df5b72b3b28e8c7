"""An HTTP server that says exactly what a test scripted, byte for byte, and remembers what it heard.

    with canned.running() as server:
        server.script("GET /photos/a.txt", reply(503), reply(200, b"hello"))
        server.always("HEAD", reply(404))
        ...
        assert server.requests[0].header("Range") == "bytes=0-4"

The key is the method, optionally with the raw path or the raw path and query; the most precise one wins.
A request nobody scripted gets a 599, is kept in `server.unexpected`, and fails the test when the server ends.
"""

from __future__ import annotations

import contextlib
import socket
import ssl
import struct
import threading
from collections import deque
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, replace
from http import HTTPStatus
from typing import Literal, TypeAlias

IDLE_SECONDS = 60  # a client that says nothing for so long is hung up on
LINGER_SECONDS = 2  # how long a client may go on sending after it was told the end
Ending = Literal["keep", "close", "reset", "stall"]


@dataclass(frozen=True, slots=True)
class Request:
    method: str
    target: str  # path and query as they were sent
    headers: tuple[tuple[str, str], ...]
    body: bytes  # chunked framing removed; see raw for it
    raw: bytes  # everything, byte for byte
    connection: int  # 1 for the first connection to this server

    @property
    def path(self) -> str:
        return self.target.partition("?")[0]

    @property
    def query(self) -> str:
        return self.target.partition("?")[2]

    def header(self, name: str, default: str = "") -> str:
        return next((value for key, value in self.headers if key.lower() == name.lower()), default)


@dataclass(frozen=True, slots=True)
class Reply:
    """Raw bytes to send, and what becomes of the connection then."""

    head: bytes = b""
    body: bytes | Iterable[bytes] = b""
    then: Ending = "keep"
    wait: float = 0.0  # seconds before the first byte
    pause: float = 0.0  # seconds before the body
    before_body: bool = False  # answered before the body of the request is read, which then is not read


Step: TypeAlias = Reply | Callable[[Request], Reply]

RESET = Reply(then="reset")
HANG_UP = Reply(then="close")
STALL = Reply(then="stall")


def reply(
    status: int, body: bytes | Iterable[bytes] = b"", length: int | None = None, **headers: str
) -> Reply:
    """An ordinary reply. header_names become Header-Names.

    `length` is promised when it differs from the body. A body that is not bytes needs one.
    For what this cannot say, build a Reply by hand.
    """
    reason = HTTPStatus(status).phrase if status in set(HTTPStatus) else "Odd"
    lines = [f"HTTP/1.1 {status} {reason}"]
    if length is None:
        length = len(body) if isinstance(body, bytes) else 0
    if status >= 200 and status != 204:
        lines.append(f"Content-Length: {length}")
    lines += [f"{name.replace('_', '-').title()}: {value}" for name, value in headers.items()]
    return Reply(("\r\n".join(lines) + "\r\n\r\n").encode("latin-1"), body)


def short(body: bytes, promised: int, status: int = 200, **headers: str) -> Reply:
    """A reply that ends in order, before it has said what it promised."""
    return replace(reply(status, body, promised, **headers), then="close")


class CannedServer:
    """See the module. Every connection has its thread; `script` and `always` may be called at any time."""

    def __init__(self, tls: ssl.SSLContext | None = None) -> None:
        self.requests: list[Request] = []
        self.unexpected: list[Request] = []
        self.connections = 0
        self._tls = tls
        self._scripted: dict[str, deque[Step]] = {}
        self._always: dict[str, Step] = {}
        self._lock = threading.Lock()
        self._over = threading.Event()
        self._open: set[socket.socket] = set()
        self._threads: list[threading.Thread] = []
        self._listener = socket.create_server(("127.0.0.1", 0), backlog=128)
        self._acceptor = threading.Thread(target=self._accept, name="canned server")
        self._acceptor.start()

    @property
    def port(self) -> int:
        return int(self._listener.getsockname()[1])

    @property
    def endpoint(self) -> str:
        return f"{'https' if self._tls else 'http'}://127.0.0.1:{self.port}"

    def script(self, key: str, *steps: Step) -> None:
        """The next requests for `key` get these replies, one each."""
        with self._lock:
            self._scripted.setdefault(key, deque()).extend(steps)

    def always(self, key: str, step: Step) -> None:
        """What requests for `key` get once its script is used up."""
        with self._lock:
            self._always[key] = step

    def left(self) -> dict[str, int]:
        """Scripted replies nobody has asked for yet."""
        with self._lock:
            return {key: len(steps) for key, steps in self._scripted.items() if steps}

    def stop(self) -> None:
        self._over.set()
        with contextlib.suppress(OSError):  # wakes accept()
            socket.create_connection(("127.0.0.1", self.port), timeout=5).close()
        self._acceptor.join()
        self._listener.close()
        with self._lock:
            for one in self._open:
                with contextlib.suppress(OSError):
                    one.shutdown(socket.SHUT_RDWR)
        for thread in self._threads:
            thread.join()

    def _step(self, request: Request) -> Step | None:
        method = request.method
        keys = (f"{method} {request.target}", f"{method} {request.path}", method)
        with self._lock:
            for key in keys:
                if self._scripted.get(key):
                    return self._scripted[key].popleft()
                if key in self._always:
                    return self._always[key]
        return None

    def _accept(self) -> None:
        while True:
            client, _ = self._listener.accept()
            if self._over.is_set():
                client.close()
                return
            self.connections += 1
            thread = threading.Thread(
                target=self._serve, args=(client, self.connections), name="canned connection"
            )
            self._threads = [one for one in self._threads if one.is_alive()] + [thread]
            thread.start()

    def _serve(self, client: socket.socket, number: int) -> None:
        client.settimeout(IDLE_SECONDS)
        # Head and body are sent one by one: without this the second waits 40 ms for the client's delayed ACK.
        client.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        with self._lock:
            self._open.add(client)
        try:
            if self._tls:
                plain, client = client, self._tls.wrap_socket(client, server_side=True)
                with self._lock:
                    self._open = (self._open - {plain}) | {client}
            while self._exchange(client, number):
                continue
        except OSError:
            pass  # the client went away, or did not like our certificate: both are its business
        finally:
            with self._lock:
                self._open.discard(client)
                client.close()

    def _exchange(self, client: socket.socket, number: int) -> bool:
        """One request and its reply; True when the connection stays."""
        wire = Wire(client)
        head = wire.read_head()
        if not head:
            return False
        request = parse_head(head, number)
        step = self._step(request)
        if not (isinstance(step, Reply) and step.before_body):
            if request.header("Expect").lower() == "100-continue":
                client.sendall(b"HTTP/1.1 100 Continue\r\n\r\n")
            request = replace(request, body=wire.read_body(request), raw=bytes(wire.heard))
        with self._lock:
            self.requests.append(request)
            if step is None:
                self.unexpected.append(request)
        if step is None:
            step = replace(reply(599, b"nobody scripted this request"), then="close")
        return self._say(client, request, step if isinstance(step, Reply) else step(request))

    def _say(self, client: socket.socket, request: Request, answer: Reply) -> bool:
        self._over.wait(answer.wait)
        client.sendall(answer.head)
        self._over.wait(answer.pause)
        if request.method != "HEAD":
            for piece in [answer.body] if isinstance(answer.body, bytes) else answer.body:
                client.sendall(piece)
        if answer.then == "stall":
            self._over.wait()
        if answer.then == "reset":
            client.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        elif answer.then == "close" or answer.before_body:
            self._hang_up(client)
        return answer.then == "keep" and not answer.before_body

    def _hang_up(self, client: socket.socket) -> None:
        """In order: bytes of the client that nobody read would turn the end into a reset."""
        if not self._tls:
            client.shutdown(socket.SHUT_WR)
            client.settimeout(LINGER_SECONDS)
            while client.recv(2**16):
                continue


class Wire:
    """Reads one request off a socket and keeps every byte."""

    def __init__(self, client: socket.socket) -> None:
        self._client = client
        self.heard = bytearray()

    def read_head(self) -> bytes:
        """To the empty line; b"" when the client has hung up. Byte by byte: what follows is body."""
        while not self.heard.endswith(b"\r\n\r\n"):
            if not (byte := self._client.recv(1)):
                return b""
            self.heard += byte
        return bytes(self.heard)

    def read_body(self, request: Request) -> bytes:
        if request.header("Transfer-Encoding").lower() == "chunked":
            return b"".join(iter(self._chunk, b""))
        return self._exactly(int(request.header("Content-Length", "0")))

    def _chunk(self) -> bytes:
        size = int(self._line().partition(b";")[0], 16)
        piece = self._exactly(size)
        self._line()
        return piece

    def _line(self) -> bytes:
        start = len(self.heard)
        while not self.heard.endswith(b"\r\n") or len(self.heard) - start < 2:
            self.heard += self._some(1)
        return bytes(self.heard[start:-2])

    def _exactly(self, count: int) -> bytes:
        start = len(self.heard)
        while len(self.heard) - start < count:
            self.heard += self._some(count - (len(self.heard) - start))
        return bytes(self.heard[start:])

    def _some(self, count: int) -> bytes:
        piece = self._client.recv(min(count, 2**20))
        if not piece:
            raise ConnectionResetError("the client hung up in the middle of a request")
        return piece


def parse_head(head: bytes, connection: int) -> Request:
    first, *lines = head[:-4].decode("latin-1").split("\r\n")
    method, target, _ = first.split(" ", 2)
    pairs = (line.partition(":") for line in lines)
    headers = tuple((name, value.strip()) for name, _, value in pairs)
    return Request(method, target, headers, b"", head, connection)


@contextlib.contextmanager
def running(tls: ssl.SSLContext | None = None) -> Iterator[CannedServer]:
    server = CannedServer(tls)
    try:
        yield server
    finally:
        server.stop()
    said = [f"{request.method} {request.target}" for request in server.unexpected]
    assert not said, f"requests nobody scripted: {said}"
