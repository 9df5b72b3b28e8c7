"""Hosts that let one wait while a connection is made: by TCP, or once it is there."""

from __future__ import annotations

import contextlib
import socket
import threading
from collections.abc import Iterator
from pathlib import Path

SYN_SENT = "02"


class Silent:
    """Accepts connections, says `greeting` once it has heard anything, and then nothing any more."""

    def __init__(self, greeting: bytes = b"", drip: float = 0.0) -> None:
        self._listener = socket.create_server(("127.0.0.1", 0), backlog=8)
        self._greeting, self._drip = greeting, drip
        self._over = threading.Event()
        self.heard = threading.Event()  # bytes came
        self.left = threading.Event()  # the client has gone
        self._thread = threading.Thread(target=self._serve, name="silent server")
        self._thread.start()

    @property
    def port(self) -> int:
        return int(self._listener.getsockname()[1])

    def stop(self) -> None:
        self._over.set()
        socket.create_connection(("127.0.0.1", self.port)).close()
        self._thread.join()
        self._listener.close()

    def _serve(self) -> None:
        while not self._over.is_set():
            client, _ = self._listener.accept()
            with client, contextlib.suppress(OSError):
                self._talk(client)
                self.left.set()

    def _talk(self, client: socket.socket) -> None:
        client.settimeout(0.05)
        greeting = self._greeting
        while not self._over.is_set():
            try:
                if not client.recv(65536):
                    return
            except TimeoutError:
                pass
            else:
                client.sendall(greeting)
                greeting = b""
                self.heard.set()
            if self._drip and self.heard.is_set():
                client.sendall(b"\0")
                self._over.wait(self._drip)


@contextlib.contextmanager
def full() -> Iterator[int]:
    """A port that answers no SYN: the queue of one who never accepts is full after a few."""
    with contextlib.ExitStack() as stack:
        listener = stack.enter_context(socket.create_server(("127.0.0.1", 0), backlog=0))
        for _ in range(4):
            filler = stack.enter_context(socket.socket())
            filler.setblocking(False)
            filler.connect_ex(listener.getsockname())
        yield listener.getsockname()[1]


def dials(port: int) -> int:
    """How many sockets of this machine wait for `port` to answer their SYN (Linux)."""
    rows = (line.split() for line in Path("/proc/net/tcp").read_text().splitlines()[1:])
    return sum(row[2].endswith(f":{port:04X}") and row[3] == SYN_SENT for row in rows)
