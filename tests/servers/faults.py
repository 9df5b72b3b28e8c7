"""A TCP proxy that does harm on purpose: `with faults.proxy(server.endpoint) as proxy: proxy.endpoint`.

Each connection follows a Plan: what happens to the bytes that go up (client to server) and down. Plans
given to `proxy.script(...)` serve one connection each, in order; `proxy.always` serves all others.
Counts are bytes of one connection in one direction, headers included; a kept-alive connection counts on.
In-process; one thread per connection, so that a reset is a real one (closing a socket that another
thread reads sends nothing).
"""

from __future__ import annotations

import contextlib
import selectors
import socket
import struct
import threading
import time
from collections import deque
from collections.abc import Iterator
from dataclasses import dataclass, field
from urllib.parse import urlsplit

PIECE = 65536  # bytes moved at once
LINGER_SECONDS = 2  # how long a peer may go on sending after it was told the end
LOOK_SECONDS = 0.05  # how often a waiting connection looks whether it is to be cut


@dataclass(frozen=True, slots=True)
class Fault:
    """What happens to one direction of one connection; the default is nothing."""

    latency: float = 0.0  # seconds, before each piece
    rate: float = 0.0  # bytes per second; 0 is as fast as it goes
    corrupt_at: int | None = None  # this byte arrives with all its bits turned
    reset_after: int | None = None  # so many bytes arrive, then both sides see a reset
    half_close_after: int | None = None  # ..., then an orderly end in this direction, none in the other
    close_after: int | None = None  # ..., then an orderly end in both directions
    stall_after: int | None = None  # ..., then nothing more, and no end either

    def limit(self) -> int | None:
        limits = (self.reset_after, self.half_close_after, self.close_after, self.stall_after)
        return min((limit for limit in limits if limit is not None), default=None)


@dataclass(frozen=True, slots=True)
class Plan:
    up: Fault = field(default_factory=Fault)
    down: Fault = field(default_factory=Fault)
    refuse: bool = False  # reset before a byte is exchanged


CLEAN = Plan()
REFUSE = Plan(refuse=True)


@dataclass(slots=True)
class Connection:
    """What one connection did; `up` and `down` count the bytes that were passed on."""

    plan: Plan
    up: int = 0
    down: int = 0
    over: bool = False
    cut: threading.Event = field(default_factory=threading.Event)


class Proxy:
    """Listens on a free port of 127.0.0.1 and passes everything on to `target`, faults included."""

    def __init__(self, target: tuple[str, int]) -> None:
        self.always = CLEAN
        self.connections: list[Connection] = []
        self._target = target
        self._scripted: deque[Plan] = deque()
        self._lock = threading.Lock()
        self._stopping = False
        self._threads: list[threading.Thread] = []
        self._listener = socket.create_server(("127.0.0.1", 0), backlog=128)
        self._acceptor = threading.Thread(target=self._accept, name="fault proxy")
        self._acceptor.start()

    @property
    def port(self) -> int:
        return int(self._listener.getsockname()[1])

    @property
    def endpoint(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    def script(self, *plans: Plan) -> None:
        """The next connections follow these plans, one each."""
        with self._lock:
            self._scripted.extend(plans)

    def clear(self) -> None:
        """No harm to connections to come, those that are open are cut, the records are empty."""
        self.cut()
        with self._lock:
            self._scripted.clear()
            self.always = CLEAN
            self.connections.clear()

    def cut(self) -> None:
        """Reset every open connection."""
        with self._lock:
            for one in self.connections:
                one.cut.set()

    def wait_idle(self, seconds: float = 10) -> None:
        """Until every connection is over and its counts are final: they follow the bytes they count."""
        deadline = time.monotonic() + seconds
        while not all(one.over for one in self.connections):
            if time.monotonic() > deadline:
                raise TimeoutError(f"connections still open after {seconds:g} s")
            time.sleep(0.01)

    def stop(self) -> None:
        self._stopping = True
        # Waking accept() by closing its socket is not portable; a last connection is.
        with contextlib.suppress(OSError):
            socket.create_connection(("127.0.0.1", self.port), timeout=5).close()
        self._acceptor.join()
        self._listener.close()
        self.cut()
        for thread in self._threads:
            thread.join()

    def _accept(self) -> None:
        while True:
            client, _ = self._listener.accept()
            if self._stopping:
                client.close()
                return
            with self._lock:
                plan = self._scripted.popleft() if self._scripted else self.always
                record = Connection(plan)
                self.connections.append(record)
            thread = threading.Thread(
                target=self._serve, args=(client, record), name="fault proxy connection"
            )
            self._threads = [one for one in self._threads if one.is_alive()] + [thread]
            thread.start()

    def _serve(self, client: socket.socket, record: Connection) -> None:
        sockets = [client]
        try:
            if not record.plan.refuse:
                sockets.append(socket.create_connection(self._target, timeout=10))
                orderly = _pass_on(client, sockets[1], record)
            else:
                orderly = False
        except OSError:
            orderly = False  # one side is gone: the other hears of it as a network would tell it
        for one in sockets:
            if not orderly:
                one.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
            one.close()
        record.over = True


class Way:
    """One direction of one connection: what was read and not yet passed on, and what ends it."""

    def __init__(self, name: str, source: socket.socket, target: socket.socket, fault: Fault) -> None:
        self.name, self.source, self.target, self.fault = name, source, target, fault
        self.waiting = b""
        self.not_before = 0.0  # time.monotonic()
        self.count = 0
        self.ended = False  # the source said that it is done
        self.finished = False  # and the target was told
        self.stalled = False
        self.swallows = False

    def wants_read(self) -> bool:
        return not (self.waiting or self.ended or self.stalled)

    def wants_write(self) -> bool:
        return bool(self.waiting) and time.monotonic() >= self.not_before

    def read(self) -> None:
        piece = self.source.recv(PIECE)
        if not piece:
            self.ended = True
        elif not self.swallows:
            limit, fault = self.fault.limit(), self.fault
            left = len(piece) if limit is None else min(len(piece), limit - self.count)
            self.waiting = _corrupted(piece[:left], fault.corrupt_at, self.count)
            delay = fault.latency + (left / fault.rate if fault.rate else 0)
            self.not_before = time.monotonic() + delay

    def write(self) -> None:
        sent = self.target.send(self.waiting)
        self.waiting = self.waiting[sent:]
        self.count += sent

    def at_its_limit(self) -> bool:
        limit = self.fault.limit()
        return limit is not None and self.count >= limit and not (self.stalled or self.swallows)


def _pass_on(client: socket.socket, server: socket.socket, record: Connection) -> bool:
    """Until both directions are over; True when the sockets are to be closed, False when reset."""
    ways = [
        Way("up", client, server, record.plan.up),
        Way("down", server, client, record.plan.down),
    ]
    for one in (client, server):
        one.setblocking(False)
    while not all(way.finished or way.stalled for way in ways) or all(way.stalled for way in ways):
        if record.cut.is_set():
            return False
        _move(ways)
        for way in ways:
            setattr(record, way.name, way.count)
            if way.at_its_limit():
                if way.fault.reset_after is not None:
                    return False
                if way.fault.close_after is not None:
                    _hang_up(ways, record)
                    return True
                if way.fault.half_close_after is not None:
                    way.target.shutdown(socket.SHUT_WR)
                    way.swallows = True  # so that the sender does not notice
                else:
                    way.stalled = True  # nothing more is read: the sender's window fills
            if way.ended and not way.waiting and not way.finished:
                way.finished = True
                if not way.swallows:
                    way.target.shutdown(socket.SHUT_WR)
    return True


def _move(ways: list[Way]) -> None:
    """Waits a moment for sockets that can go on, and moves one piece on each."""
    events: dict[socket.socket, int] = {}
    for way in ways:
        if way.wants_read():
            events[way.source] = events.get(way.source, 0) | selectors.EVENT_READ
        if way.wants_write():
            events[way.target] = events.get(way.target, 0) | selectors.EVENT_WRITE
    held = [way.not_before - time.monotonic() for way in ways if way.waiting]
    seconds = max(0.0, min([LOOK_SECONDS, *(wait for wait in held if wait > 0)]))
    with selectors.DefaultSelector() as selector:
        for one, mask in events.items():
            selector.register(one, mask)
        if not events:
            time.sleep(seconds)  # a held piece or a stall: nothing to wait for but time
            return
        ready = {key.fileobj: mask for key, mask in selector.select(seconds)}
    for way in ways:
        if ready.get(way.target, 0) & selectors.EVENT_WRITE and way.waiting:
            way.write()
        elif ready.get(way.source, 0) & selectors.EVENT_READ and way.wants_read():
            way.read()


def _hang_up(ways: list[Way], record: Connection) -> None:
    """Tells both sides that it is over, and reads what is on its way: unread bytes would mean a reset."""
    for way in ways:
        way.target.shutdown(socket.SHUT_WR)
        way.swallows, way.waiting = True, b""
    deadline = time.monotonic() + LINGER_SECONDS
    while not all(way.ended for way in ways) and not record.cut.is_set() and time.monotonic() < deadline:
        _move(ways)


def _corrupted(piece: bytes, at: int | None, start: int) -> bytes:
    if at is None or not start <= at < start + len(piece):
        return piece
    index = at - start
    return piece[:index] + bytes([piece[index] ^ 0xFF]) + piece[index + 1 :]


@contextlib.contextmanager
def proxy(endpoint: str) -> Iterator[Proxy]:
    """A fault proxy in front of `endpoint` (http://host:port)."""
    parts = urlsplit(endpoint)
    one = Proxy((parts.hostname or "127.0.0.1", parts.port or 80))
    try:
        yield one
    finally:
        one.stop()
