"""Proxies only as they are given: forwarded, tunnelled, refused, missing. Hosts that cannot be reached."""

from __future__ import annotations

import contextlib
import socket
import threading
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import requests.adapters
import requests.exceptions

from storage_core.errors import ConnectionLostError, MissingExtraError, UnreachableError
from storage_core.http import Client
from tests.drivers.http.asking import client_with, get, good, nobody
from tests.servers import canned, certificates
from tests.servers.canned import CannedServer, reply


class Tunnel:
    """A proxy that only knows CONNECT; `heads` is what it was told in clear."""

    def __init__(self, answer: bytes = b"HTTP/1.1 200 Connection established\r\n\r\n") -> None:
        self.heads: list[bytes] = []
        self._answer = answer
        self._listener = socket.create_server(("127.0.0.1", 0))
        self.url = f"http://me:hunter2@127.0.0.1:{self._listener.getsockname()[1]}"
        self._threads: list[threading.Thread] = []
        self._open: list[socket.socket] = []
        self._run(self._accept)

    def _run(self, target: Any, *args: Any) -> None:
        self._threads.append(threading.Thread(target=target, args=args))
        self._threads[-1].start()

    def _accept(self) -> None:
        while True:
            client, _ = self._listener.accept()
            self._open.append(client)
            head = b""
            while not head.endswith(b"\r\n\r\n") and (byte := client.recv(1)):
                head += byte
            if not head:
                return
            self.heads.append(head)
            client.sendall(self._answer)
            if b" 200 " not in self._answer:
                client.shutdown(socket.SHUT_RDWR)
                continue
            host, port = head.split()[1].decode().split(":")
            server = socket.create_connection((host, int(port)))
            self._open.append(server)
            self._run(self._copy, client, server)
            self._run(self._copy, server, client)

    def _copy(self, source: socket.socket, target: socket.socket) -> None:
        with contextlib.suppress(OSError):
            while data := source.recv(65536):
                target.sendall(data)
            target.shutdown(socket.SHUT_WR)

    def stop(self) -> None:
        socket.create_connection(self._listener.getsockname()).close()
        for thread in self._threads:
            thread.join()
        for one in (self._listener, *self._open):
            one.close()


@pytest.fixture
def tunnel() -> Iterator[Tunnel]:
    one = Tunnel()
    yield one
    one.stop()


def test_a_plain_request_is_forwarded_with_its_url_byte_for_byte(server: CannedServer) -> None:
    server.always("GET", reply(200, b"via proxy"))
    url = "http://storage.example:8080/a//../b%2fc?x=%c3%a9&y"
    with client_with(proxy_url=f"http://me:hunter2@127.0.0.1:{server.port}") as client:
        assert client.send(get(url), good).content() == b"via proxy"
    heard = server.requests[0]
    assert heard.target == url
    assert heard.header("Host") == "storage.example:8080"
    assert heard.header("Proxy-Authorization") == "Basic bWU6aHVudGVyMg=="


def test_a_secure_request_is_tunnelled_and_the_proxy_sees_no_secret(tunnel: Tunnel, tmp_path: Path) -> None:
    certificate = certificates.make(tmp_path)
    with (
        canned.running(certificate.server_context()) as secure,
        client_with(proxy_url=tunnel.url, ca_file=str(certificate.file)) as client,
    ):
        secure.always("GET", reply(200, b"via tunnel"))
        secure.script("GET", *[reply(200, b"closed", connection="close")] * 2)
        url = secure.endpoint + "/a/../b?sig=secret"
        for _ in range(4):  # tunnels made again after the server closed one, then one that is kept
            client.send(get(url, **{"X-Auth-Token": "secret"}), good).content()
        assert [one.target for one in secure.requests] == ["/a/../b?sig=secret"] * 4
        assert not secure.requests[0].header("Proxy-Authorization")
        connect = f"CONNECT 127.0.0.1:{secure.port} HTTP/1.".encode()
    assert len(tunnel.heads) == 3
    for head in tunnel.heads:
        assert head.startswith(connect)
        assert b"Proxy-Authorization: Basic bWU6aHVudGVyMg==" in head
        assert b"secret" not in head


def test_a_tunnel_made_again_has_the_time_of_its_own_call(tunnel: Tunnel, tmp_path: Path) -> None:
    certificate = certificates.make(tmp_path)
    with (
        canned.running(certificate.server_context()) as secure,
        client_with(proxy_url=tunnel.url, ca_file=str(certificate.file), attempts=1) as client,
    ):
        secure.always("GET", reply(200, b"closed", connection="close"))
        client.send(get(secure.endpoint + "/"), good, deadline=0.5).content()
        time.sleep(0.6)  # until the first call's deadline is over
        assert client.send(get(secure.endpoint + "/"), good).content() == b"closed"


def test_a_proxy_that_refuses_is_named_without_its_password(pauses: list[float]) -> None:
    tunnel = Tunnel(b"HTTP/1.1 407 Proxy Authentication Required\r\n\r\n")
    try:
        with client_with(proxy_url=tunnel.url) as client, pytest.raises(UnreachableError) as caught:
            client.send(get("https://storage.example/"), good)
    finally:
        tunnel.stop()
    assert str(caught.value) == (
        "The proxy 127.0.0.1 refused the connection: 407 Proxy Authentication Required."
    )
    assert pauses == []


@pytest.mark.parametrize("scheme", ["http", "https"])
def test_a_proxy_that_is_not_there_is_named(pauses: list[float], scheme: str) -> None:
    sentence = r"The proxy 127\.0\.0\.1 could not be reached: .*refused"
    with (
        nobody() as port,
        client_with(proxy_url=f"http://me:hunter2@127.0.0.1:{port}") as client,
        pytest.raises(UnreachableError, match=sentence),
    ):
        client.send(get(f"{scheme}://storage.example/"), good)
    assert len(pauses) == 5


@pytest.mark.parametrize("proxy", ["gopher://127.0.0.1:70", "http://", "nonsense://"])
def test_a_proxy_address_that_makes_no_sense_is_said(proxy: str) -> None:
    with client_with(proxy_url=proxy) as client, pytest.raises(UnreachableError, match="proxy address"):
        client.send(get("http://storage.example/"), good)


def test_a_socks_proxy_without_its_package_says_what_to_install(monkeypatch: pytest.MonkeyPatch) -> None:
    def missing(*args: Any, **more: Any) -> None:
        raise requests.exceptions.InvalidSchema("Missing dependencies for SOCKS support.")

    monkeypatch.setattr(requests.adapters, "SOCKSProxyManager", missing)
    with (
        client_with(proxy_url="socks5h://127.0.0.1:1080") as client,
        pytest.raises(MissingExtraError, match="pip install pysocks"),
    ):
        client.send(get("http://storage.example/"), good)


def test_a_host_without_an_address_is_said(
    client: Client, pauses: list[float], monkeypatch: pytest.MonkeyPatch
) -> None:
    def unknown(*args: Any, **more: Any) -> Any:
        raise socket.gaierror(socket.EAI_NONAME, "Name or service not known")

    monkeypatch.setattr(socket, "getaddrinfo", unknown)
    with pytest.raises(UnreachableError, match=r"nowhere\.example could not be found"):
        client.send(get("https://nowhere.example/"), good)
    assert len(pauses) == 5  # names flap: it is tried again


def test_a_port_where_nobody_listens_is_said(client: Client, pauses: list[float]) -> None:
    with nobody() as port:
        sentence = rf"127\.0\.0\.1:{port} could not be reached: .*refused"
        with pytest.raises(UnreachableError, match=sentence):
            client.send(get(f"http://127.0.0.1:{port}/"), good)
    assert len(pauses) == 5


def test_a_label_that_no_host_can_have_is_said(client: Client, pauses: list[float]) -> None:
    with pytest.raises((UnreachableError, ConnectionLostError)):
        client.send(get(f"http://{'a' * 300}.example/"), good)
