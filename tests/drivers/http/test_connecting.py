"""Making a connection has an end and can be stopped, at each of its steps: TCP, a proxy's answer, TLS."""

from __future__ import annotations

import contextlib
import os
import ssl
import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
import truststore

from storage_core import http
from storage_core.errors import CertificateError, StoppedError, TimedOutError
from tests.drivers.http.asking import client_with, get, good
from tests.servers import canned, certificates
from tests.servers.canned import reply
from tests.servers.silent import Silent, full

SOON = 1.0  # seconds from the stop to the end


@pytest.fixture
def silent() -> Iterator[Silent]:
    one = Silent()
    yield one
    one.stop()


def descriptors() -> int:
    return len(os.listdir("/proc/self/fd")) if os.path.isdir("/proc/self/fd") else 0


def stopped_soon(url: str, ready: Callable[[], object], **options: object) -> None:
    """The stop comes a moment after `ready` is true, and ends the request at once."""
    asked: list[float] = []

    def check() -> None:
        if not asked and ready():
            asked.append(time.monotonic() + 0.3)
        if asked and time.monotonic() > asked[0]:
            raise StoppedError("enough")

    before = descriptors()
    with client_with(connect_timeout=30.0, attempts=1, **options) as client, http.stoppable(check):
        with pytest.raises(StoppedError, match="enough"):
            client.send(get(url), good)
        assert time.monotonic() - asked[0] < SOON
    end = time.monotonic() + 5
    while descriptors() > before:  # the server's own end of it closes a moment later
        assert time.monotonic() < end, "a socket is left open"
        time.sleep(0.005)


def test_a_stop_ends_the_wait_for_a_host_that_answers_no_syn() -> None:
    with full() as port:
        stopped_soon(f"http://127.0.0.1:{port}/", lambda: True)
        stopped_soon(f"https://127.0.0.1:{port}/", lambda: True)


def test_a_stop_ends_the_wait_for_a_proxy_that_answers_no_syn() -> None:
    with full() as port:
        stopped_soon("http://storage.example/", lambda: True, proxy_url=f"http://127.0.0.1:{port}")
        stopped_soon("https://storage.example/", lambda: True, proxy_url=f"http://127.0.0.1:{port}")


@pytest.mark.parametrize("trust", [None, truststore.SSLContext], ids=["our trust", "the system's"])
def test_a_stop_ends_a_handshake_that_nobody_answers(silent: Silent, trust: object) -> None:
    options = {} if trust is None else {"ssl_context": system_trust}
    stopped_soon(f"https://127.0.0.1:{silent.port}/", silent.heard.is_set, **options)
    assert silent.left.wait(5)


def test_a_stop_ends_the_look_at_a_pinned_servers_certificate(silent: Silent) -> None:
    stopped_soon(f"https://127.0.0.1:{silent.port}/", silent.heard.is_set, certificate_pin="0" * 64)


def test_a_stop_ends_the_wait_for_a_proxys_answer(silent: Silent) -> None:
    proxy = f"http://127.0.0.1:{silent.port}"
    stopped_soon("https://storage.example/", silent.heard.is_set, proxy_url=proxy)


def test_a_stop_ends_a_handshake_with_a_proxy(silent: Silent) -> None:
    proxy = f"https://127.0.0.1:{silent.port}"
    stopped_soon("https://storage.example/", silent.heard.is_set, proxy_url=proxy)
    silent.heard.clear()
    stopped_soon("http://storage.example/", silent.heard.is_set, proxy_url=proxy)


def test_a_stop_ends_a_handshake_behind_a_proxy() -> None:
    tunnel = Silent(b"HTTP/1.1 200 Here you are\r\n\r\n")
    try:
        proxy = f"http://127.0.0.1:{tunnel.port}"
        stopped_soon("https://storage.example/", tunnel.heard.is_set, proxy_url=proxy)
    finally:
        tunnel.stop()


def test_a_handshake_that_drips_ends_with_the_time_for_connecting() -> None:
    dripping = Silent(b"\x16\x03\x03\x3f\xff", drip=0.05)  # a record of 16 KiB begins
    try:
        with client_with(connect_timeout=0.5, attempts=1) as client:
            start = time.monotonic()
            with pytest.raises(TimedOutError, match="did not answer in time"):
                client.send(get(f"https://127.0.0.1:{dripping.port}/"), good)
            assert time.monotonic() - start < 5
    finally:
        dripping.stop()


def system_trust() -> truststore.SSLContext:
    return truststore.SSLContext(ssl.PROTOCOL_TLS_CLIENT)


def test_a_host_that_is_silent_holds_up_no_other_under_the_systems_trust(
    silent: Silent, tmp_path: Path
) -> None:
    certificate = certificates.make(tmp_path)
    over = threading.Event()

    def check() -> None:
        if over.is_set():
            raise StoppedError("enough")

    with (
        canned.running(certificate.server_context()) as secure,
        client_with(connect_timeout=30.0, ca_file=str(certificate.file), ssl_context=system_trust) as client,
    ):
        secure.always("GET", reply(200, b"here"))

        def wait() -> None:
            with http.stoppable(check), contextlib.suppress(StoppedError):
                client.send(get(f"https://127.0.0.1:{silent.port}/"), good)

        waiting = threading.Thread(target=wait)
        waiting.start()
        assert silent.heard.wait(5)
        start = time.monotonic()
        assert client.send(get(secure.endpoint + "/"), good).content() == b"here"
        assert time.monotonic() - start < 5
        over.set()
        waiting.join(5)
        assert not waiting.is_alive()


def test_the_systems_trust_still_refuses_who_is_not_trusted(tmp_path: Path) -> None:
    with (
        canned.running(certificates.make(tmp_path).server_context()) as secure,
        client_with(ssl_context=system_trust) as client,
        pytest.raises(CertificateError),
    ):
        client.send(get(secure.endpoint + "/"), good)
