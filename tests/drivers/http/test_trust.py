"""TLS: nobody is trusted by accident, nothing is sent before trust, and a refusal says whom and why."""

from __future__ import annotations

import contextlib
import pickle
import socket
import ssl
import threading
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from requests.certs import where

from storage_core import http, tls
from storage_core.common.base import NetworkOptions
from storage_core.errors import AttributeRefusedError, CertificateError, ConnectionLostError, UnreachableError
from storage_core.http import Client
from tests.drivers.http.asking import client_with, get, good
from tests.servers import canned, certificates
from tests.servers.canned import CannedServer, reply
from tests.servers.certificates import Certificate


@pytest.fixture
def certificate(tmp_path: Path) -> Certificate:
    return certificates.make(tmp_path)


@pytest.fixture
def secure(certificate: Certificate) -> Iterator[CannedServer]:
    with canned.running(certificate.server_context()) as one:
        one.always("GET", reply(200, b"hello"))
        yield one


def trusting_nobody() -> ssl.SSLContext:
    return tls.context("")


def trusting_old_protocols() -> ssl.SSLContext:
    made = tls.context("")
    made.minimum_version = ssl.TLSVersion.MINIMUM_SUPPORTED
    return made


def test_an_unknown_certificate_is_refused_with_its_names(
    secure: CannedServer, certificate: Certificate, client: Client, pauses: list[float]
) -> None:
    with pytest.raises(CertificateError, match="not trusted: self-signed certificate") as caught:
        client.send(get(secure.endpoint + "/a?token=secret"), good)
    error = caught.value
    assert f"127.0.0.1:{secure.port}" in str(error)
    assert "issued by localhost" in str(error)
    assert (error.host, error.issuer, error.sha256) == (
        f"127.0.0.1:{secure.port}",
        "localhost",
        certificate.sha256(),
    )
    assert secure.requests == []  # neither the request nor the second look sent anything
    assert secure.connections == 2
    assert pauses == []
    assert vars(pickle.loads(pickle.dumps(error))) == vars(error)


def test_an_expired_certificate_is_refused_although_its_issuer_is_trusted(tmp_path: Path) -> None:
    old = certificates.make(tmp_path, expired=True)
    with (
        canned.running(old.server_context()) as secure,
        client_with(ca_file=str(old.file)) as client,
        pytest.raises(CertificateError, match="expired"),
    ):
        client.send(get(secure.endpoint), good)


def test_a_certificate_for_another_host_is_refused_although_its_issuer_is_trusted(tmp_path: Path) -> None:
    # The name must be one this machine resolves, the certificate one that does not have it.
    other = certificates.make(tmp_path, names=("elsewhere.example",))
    with canned.running(other.server_context()) as secure, client_with(ca_file=str(other.file)) as client:
        with pytest.raises(CertificateError, match="Hostname mismatch") as caught:
            client.send(get(f"https://localhost:{secure.port}/"), good)
        assert f"localhost:{secure.port}" in str(caught.value)
        assert "elsewhere.example" in str(caught.value)
        assert secure.requests == []


def test_a_ca_file_is_trusted_beside_the_defaults(secure: CannedServer, certificate: Certificate) -> None:
    with client_with(ca_file=str(certificate.file)) as client:
        assert client.send(get(secure.endpoint), good).content() == b"hello"
    defaults = len(tls.context(where()).get_ca_certs())
    assert defaults > 50
    assert len(tls.context(where(), str(certificate.file)).get_ca_certs()) == defaults + 1


def test_a_ca_file_that_is_none_is_said(tmp_path: Path) -> None:
    wrong = tmp_path / "notes.txt"
    wrong.write_text("not a certificate")
    with (
        client_with(ca_file=str(wrong)) as client,
        pytest.raises(CertificateError, match=r"notes\.txt holds no"),
    ):
        client.send(get("https://127.0.0.1:1/"), good)


@pytest.mark.parametrize(
    "form", [str.lower, str.upper, lambda pin: " " + ":".join(pin[i : i + 2] for i in range(0, 64, 2))]
)
def test_a_pinned_certificate_is_trusted_by_its_client_alone(
    secure: CannedServer, certificate: Certificate, client: Client, form: Callable[[str], str]
) -> None:
    with client_with(certificate_pin=form(certificate.sha256())) as pinned:
        for _ in range(2):
            assert pinned.send(get(secure.endpoint), good).content() == b"hello"
    with pytest.raises(CertificateError):
        client.send(get(secure.endpoint), good)


def test_another_certificate_than_the_pinned_one_is_refused_even_if_it_is_trusted(
    secure: CannedServer, certificate: Certificate, pauses: list[float]
) -> None:
    with client_with(certificate_pin="00" * 32, ca_file=str(certificate.file)) as client:
        with pytest.raises(CertificateError, match="not the pinned one") as caught:
            client.send(get(secure.endpoint + "/a?token=secret"), good)
        assert caught.value.sha256 == certificate.sha256()
    assert (secure.requests, pauses) == ([], [])


@pytest.mark.parametrize("pin", ["abc", "zz" * 32, "00" * 31])
def test_what_cannot_be_a_pin_is_refused(pin: str) -> None:
    with pytest.raises(AttributeRefusedError, match="SHA-256"):
        Client(NetworkOptions(certificate_pin=pin))


def test_the_apps_own_trust_is_used_and_never_below_tls_1_2(
    secure: CannedServer, certificate: Certificate
) -> None:
    with client_with(ssl_context=trusting_nobody) as client, pytest.raises(CertificateError):
        client.send(get(secure.endpoint), good)
    with client_with(ssl_context=trusting_old_protocols, ca_file=str(certificate.file)) as client:
        assert client.send(get(secure.endpoint), good).content() == b"hello"
        made = http.ssl_context(client._options)
    for context in (made, tls.context(where()), tls.unverified()):
        assert context.minimum_version == ssl.TLSVersion.TLSv1_2


def test_a_server_without_tls_is_said_at_once(client: Client, pauses: list[float]) -> None:
    with socket.create_server(("127.0.0.1", 0)) as listener:

        def serve() -> None:
            one, _ = listener.accept()
            with one:
                one.recv(1000)
                one.sendall(b"HTTP/1.1 400 Bad Request\r\n\r\n")
                one.shutdown(socket.SHUT_WR)
                with contextlib.suppress(ConnectionResetError):  # the client has left
                    one.recv(1000)

        thread = threading.Thread(target=serve)
        thread.start()
        with pytest.raises(UnreachableError, match="does not speak TLS"):
            client.send(get(f"https://127.0.0.1:{listener.getsockname()[1]}/"), good)
        thread.join()
    assert pauses == []


def test_a_handshake_that_is_cut_is_a_lost_connection(client: Client, pauses: list[float]) -> None:
    with socket.create_server(("127.0.0.1", 0)) as listener:

        def serve() -> None:
            for _ in range(6):
                one, _ = listener.accept()
                with one:
                    one.recv(100_000)

        thread = threading.Thread(target=serve)
        thread.start()
        with pytest.raises(ConnectionLostError):
            client.send(get(f"https://127.0.0.1:{listener.getsockname()[1]}/"), good)
        thread.join()
    assert len(pauses) == 5


def test_bytes_over_tls_arrive_unchanged_both_ways(secure: CannedServer, certificate: Certificate) -> None:
    data = bytes(range(256)) * 20_000
    secure.always("PUT", lambda asked: reply(200, asked.body))
    with client_with(ca_file=str(certificate.file)) as client:
        answer = client.send(lambda: http.Request("PUT", secure.endpoint + "/a//../b", {}, data), good)
        assert answer.content() == data
    assert secure.requests[0].target == "/a//../b"


@pytest.mark.parametrize(
    "der", [b"", b"\x30", b"\x30\x80", b"\x30\x84\xff\xff\xff\xff", b"\x30\x03\x02\x01\x01", bytes(100)]
)
def test_a_certificate_that_cannot_be_read_still_has_a_fingerprint(der: bytes) -> None:
    seen = tls.read_certificate(der)
    assert (len(seen.sha256), seen.issuer, seen.subject) == (64, "", "")


def test_the_names_in_real_authorities_can_be_read() -> None:
    context = tls.context(where())
    for der, known in zip(context.get_ca_certs(True), context.get_ca_certs(), strict=True):
        names = {label: value for part in known["issuer"] for label, value in part}
        wanted = [names[label] for label in ("commonName", "organizationName") if label in names]
        assert tls.read_certificate(der).issuer == ", ".join(wanted)
