"""The servers that misbehave on purpose do exactly the harm they are asked for, and the keyring is real."""

from __future__ import annotations

import http.client
import os
import socket
import ssl
import subprocess
import sys
import threading
import time

import pytest

from tests.servers import canned, certificates, faults, keyring
from tests.servers.canned import HANG_UP, RESET, reply, short
from tests.servers.faults import REFUSE, Fault, Plan

BODY = bytes(range(256)) * 1024  # 256 KiB


@pytest.fixture
def server():
    with canned.running() as one:
        one.always("GET", reply(200, BODY))
        yield one


@pytest.fixture
def proxy(server):
    with faults.proxy(server.endpoint) as one:
        yield one


def fetch(port: int, method: str = "GET", path: str = "/x", body: bytes | None = None, **headers: str):
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=10)
    try:
        connection.request(method, path, body, headers)
        answer = connection.getresponse()
        return answer.status, answer.read()
    finally:
        connection.close()


def fetch_over_tls(port: int, context: ssl.SSLContext) -> bytes:
    connection = http.client.HTTPSConnection("127.0.0.1", port, context=context, timeout=10)
    try:
        connection.request("GET", "/")
        return connection.getresponse().read()
    finally:
        connection.close()


def drain(one: socket.socket, seen: bytearray) -> None:
    while piece := one.recv(65536):
        seen += piece


# -- the canned server --


def test_replies_come_in_order_and_then_the_standing_one(server):
    server.script("GET /x", reply(503), reply(404, b"no"))
    assert [fetch(server.port)[0] for _ in range(3)] == [503, 404, 200]
    assert server.left() == {}


def test_the_most_precise_key_wins(server):
    server.always("GET /x?a=1", reply(201))
    server.always("GET /x", reply(202))
    assert [fetch(server.port, path=path)[0] for path in ("/x?a=1", "/x?a=2", "/y")] == [201, 202, 200]


def test_a_request_is_remembered_byte_for_byte(server):
    server.script("PUT", reply(200))
    fetch(server.port, "PUT", "/a%2Fb?q=%20", b"body", Odd_Header="v")
    [request] = server.requests
    assert (request.path, request.query, request.body) == ("/a%2Fb", "q=%20", b"body")
    assert request.header("odd_header") == "v"
    assert request.raw.startswith(b"PUT /a%2Fb?q=%20 HTTP/1.1\r\n")
    assert request.raw.endswith(b"\r\n\r\nbody")


def test_a_chunked_body_is_put_together(server):
    server.script("PUT", reply(200))
    connection = http.client.HTTPConnection("127.0.0.1", server.port, timeout=10)
    connection.request("PUT", "/x", iter([b"one", b"two"]), encode_chunked=True)
    assert connection.getresponse().status == 200
    connection.close()
    assert server.requests[0].body == b"onetwo"


def test_a_request_nobody_scripted_fails_the_test():
    with pytest.raises(AssertionError, match="DELETE /y"), canned.running() as server:
        assert fetch(server.port, "DELETE", "/y")[0] == 599


def test_a_short_body_ends_in_order(server):
    server.script("GET", short(b"half", promised=8))
    with pytest.raises(http.client.IncompleteRead):
        fetch(server.port)


def test_a_reset_is_a_reset(server):
    server.script("GET", RESET)
    with pytest.raises(ConnectionResetError):
        fetch(server.port)


def test_a_connection_can_end_without_a_word(server):
    server.script("GET", HANG_UP)
    with pytest.raises(http.client.RemoteDisconnected):
        fetch(server.port)


def test_an_early_refusal_reaches_a_client_that_is_still_sending(server):
    early = reply(403, b"no")
    server.script("PUT", canned.Reply(early.head, early.body, before_body=True))
    assert fetch(server.port, "PUT", body=BODY) == (403, b"no")


def test_a_certificate_of_ours_is_refused_until_it_is_trusted(tmp_path):
    certificate = certificates.make(tmp_path)
    with canned.running(certificate.server_context()) as server:
        server.always("GET", reply(200, b"ok"))
        with pytest.raises(ssl.SSLCertVerificationError):
            fetch_over_tls(server.port, ssl.create_default_context())
        assert fetch_over_tls(server.port, ssl.create_default_context(cafile=certificate.file)) == b"ok"


def test_an_expired_certificate_is_refused_even_when_trusted(tmp_path):
    certificate = certificates.make(tmp_path, expired=True)
    with (
        canned.running(certificate.server_context()) as server,
        pytest.raises(ssl.SSLCertVerificationError, match="expired"),
    ):
        fetch_over_tls(server.port, ssl.create_default_context(cafile=certificate.file))


# -- the fault proxy --


def test_without_a_fault_everything_arrives(proxy):
    assert fetch(proxy.port) == (200, BODY)
    proxy.wait_idle()
    assert proxy.connections[0].down > len(BODY)


def test_plans_serve_one_connection_each(proxy):
    proxy.script(REFUSE, Plan())
    with pytest.raises(ConnectionResetError):
        fetch(proxy.port)
    assert fetch(proxy.port)[0] == 200


def test_a_download_can_be_reset_in_the_middle(proxy):
    proxy.script(Plan(down=Fault(reset_after=100_000)))
    with pytest.raises(ConnectionResetError):
        fetch(proxy.port)
    proxy.wait_idle()
    assert proxy.connections[0].down == 100_000


def test_an_upload_can_be_reset_in_the_middle(server, proxy):
    server.always("PUT", reply(200))
    proxy.script(Plan(up=Fault(reset_after=100_000)))
    with pytest.raises((ConnectionResetError, BrokenPipeError)):
        fetch(proxy.port, "PUT", body=BODY * 64)
    assert [request.method for request in server.requests] == []


@pytest.mark.parametrize("fault", [Fault(close_after=1000), Fault(half_close_after=1000)])
def test_a_download_can_end_early_and_in_order(proxy, fault):
    proxy.script(Plan(down=fault))
    with pytest.raises(http.client.IncompleteRead):
        fetch(proxy.port)


def test_one_byte_can_be_turned(proxy):
    proxy.script(Plan(down=Fault(corrupt_at=200_000)))
    _, body = fetch(proxy.port)
    assert [a ^ b for a, b in zip(body, BODY, strict=True) if a != b] == [255]


def test_a_byte_can_be_turned_on_its_way_up(server, proxy):
    server.always("PUT", reply(200))
    proxy.script(Plan(up=Fault(corrupt_at=200_000)))
    fetch(proxy.port, "PUT", body=BODY)
    assert sum(a != b for a, b in zip(server.requests[0].body, BODY, strict=True)) == 1


def test_a_stalled_download_neither_moves_nor_ends(proxy):
    proxy.script(Plan(down=Fault(stall_after=1000)))
    with socket.create_connection(("127.0.0.1", proxy.port), timeout=0.5) as one:
        one.sendall(b"GET /x HTTP/1.1\r\nHost: a\r\n\r\n")
        seen = bytearray()
        with pytest.raises(TimeoutError):
            drain(one, seen)
    assert len(seen) == 1000


def test_a_rate_slows_a_download(proxy):
    proxy.script(Plan(down=Fault(rate=1_000_000)))
    start = time.monotonic()
    assert fetch(proxy.port) == (200, BODY)
    assert time.monotonic() - start >= 0.25


def test_latency_delays_the_first_byte(proxy):
    proxy.script(Plan(up=Fault(latency=0.2)))
    start = time.monotonic()
    fetch(proxy.port)
    assert time.monotonic() - start >= 0.2


def test_open_connections_can_be_cut(proxy):
    proxy.always = Plan(down=Fault(stall_after=10))
    one = socket.create_connection(("127.0.0.1", proxy.port), timeout=10)
    one.sendall(b"GET /x HTTP/1.1\r\nHost: a\r\n\r\n")
    assert len(one.recv(10)) > 0
    proxy.cut()
    with one, pytest.raises(ConnectionResetError):
        drain(one, bytearray())


def test_the_proxy_ends_with_its_threads(server):
    with faults.proxy(server.endpoint) as one:
        fetch(one.port)
    assert not [thread for thread in threading.enumerate() if thread.name.startswith("fault proxy")]


# -- the keyring --


@pytest.mark.skipif(sys.platform != "linux", reason="the Secret Service is Linux's keyring")
def test_the_keyring_keeps_a_secret_and_can_be_locked():
    code = (
        "import keyring; keyring.set_password('skyferry', 'id', 's3cret');"
        "print(keyring.get_password('skyferry', 'id'), type(keyring.get_keyring()).__module__)"
    )
    with keyring.running() as one:
        done = subprocess.run(
            [sys.executable, "-c", code], env={**os.environ, **one.env}, capture_output=True, text=True
        )
        assert "s3cret keyring.backends" in done.stdout, done.stderr
        one.lock()
        assert not one.is_open()
