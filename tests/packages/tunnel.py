"""A proxy that knows CONNECT alone, and sends those who ask for a name of the world to a server of ours."""

from __future__ import annotations

import contextlib
import socket
import threading
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field

HEAD_MAX = 64 * 1024


@dataclass
class Tunnel:
    """`asked`: each `host:port`, in order."""

    url: str
    asked: list[str] = field(default_factory=list)


@contextmanager
def running(elsewhere: Mapping[str, int]) -> Iterator[Tunnel]:
    """`elsewhere`: the ports here of hosts that are not asked themselves."""
    listener = socket.create_server(("127.0.0.1", 0))
    tunnel = Tunnel(f"http://127.0.0.1:{listener.getsockname()[1]}")
    ends: list[socket.socket] = []
    over = threading.Event()

    def copy(source: socket.socket, target: socket.socket) -> None:
        with contextlib.suppress(OSError):
            while data := source.recv(65536):
                target.sendall(data)
        with contextlib.suppress(OSError):
            target.shutdown(socket.SHUT_WR)

    def serve(client: socket.socket) -> None:
        with contextlib.suppress(OSError):  # it hung up, or the test is over
            connect(client)

    def connect(client: socket.socket) -> None:
        head = b""
        while not head.endswith(b"\r\n\r\n"):
            byte = client.recv(1)
            if not byte or len(head) > HEAD_MAX:
                return
            head += byte
        method, asked, _ = head.decode("latin-1").split(maxsplit=2)
        tunnel.asked.append(asked)
        host, _, port = asked.rpartition(":")
        if method != "CONNECT" or (host not in elsewhere and host != "127.0.0.1"):
            client.sendall(b"HTTP/1.1 403 Forbidden\r\nContent-Length: 0\r\nConnection: close\r\n\r\n")
            return
        server = socket.create_connection(("127.0.0.1", elsewhere.get(host, int(port))))
        ends.append(server)
        client.sendall(b"HTTP/1.1 200 Connection established\r\n\r\n")
        threading.Thread(target=copy, args=(server, client), daemon=True).start()
        copy(client, server)

    def accept() -> None:
        while not over.is_set():
            with contextlib.suppress(OSError):
                client, _ = listener.accept()
                ends.append(client)
                threading.Thread(target=serve, args=(client,), daemon=True).start()

    thread = threading.Thread(target=accept, daemon=True)
    thread.start()
    try:
        yield tunnel
    finally:
        over.set()
        with contextlib.suppress(OSError):
            socket.create_connection(listener.getsockname()).close()
        thread.join()
        for one in (listener, *ends):
            one.close()
