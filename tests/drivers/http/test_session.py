"""The session that is lent to other libraries keeps the account's rules."""

from __future__ import annotations

from pathlib import Path

import pytest
import requests

from storage_core.common.base import NetworkOptions
from storage_core.errors import CertificateError, ConnectionLostError, TimedOutError, UnreachableError
from storage_core.session import lend, problem_in
from tests.drivers.http.asking import QUICK
from tests.servers import canned, certificates
from tests.servers.canned import HANG_UP, STALL, CannedServer, reply


def ask(url: str, **options: object) -> requests.Response:
    with lend(NetworkOptions(**{**QUICK, **options})) as session:  # type: ignore[arg-type]
        return session.get(url)


def refusal(url: str, **options: object) -> BaseException | None:
    with pytest.raises(requests.exceptions.ConnectionError) as caught:
        ask(url, **options)
    assert "s3cr3t" not in str(caught.value)
    return problem_in(caught.value)


def test_it_asks_and_leaves_cookies_and_the_environment_alone(
    server: CannedServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("http_proxy", "http://127.0.0.1:9")
    monkeypatch.setenv("no_proxy", "")
    server.always("GET", reply(200, b"hello", set_cookie="a=b"))
    with lend(NetworkOptions(**QUICK, user_agent="skyferry")) as session:  # type: ignore[arg-type]
        assert session.get(server.endpoint + "/a").content == b"hello"
        assert session.get(server.endpoint + "/a").content == b"hello"
    assert [one.header("cookie") for one in server.requests] == ["", ""]
    assert server.requests[0].header("user-agent") == "skyferry"


def test_a_redirect_is_not_followed(server: CannedServer) -> None:
    server.always("GET", reply(302, b"", location=server.endpoint + "/elsewhere"))
    with pytest.raises(requests.exceptions.TooManyRedirects):
        ask(server.endpoint + "/a")
    assert len(server.requests) == 1


def test_an_unknown_certificate_is_refused_its_own_authority_and_its_pin_are_taken(tmp_path: Path) -> None:
    certificate = certificates.make(tmp_path)
    with canned.running(certificate.server_context()) as secure:
        secure.always("GET", reply(200, b"hello"))
        url = secure.endpoint + "/token?key=s3cr3t"
        assert isinstance(refusal(url), CertificateError)
        assert secure.requests == []
        assert ask(url, ca_file=str(certificate.file)).content == b"hello"
        assert ask(url, certificate_pin=certificate.sha256()).content == b"hello"
        assert isinstance(refusal(url, certificate_pin="0" * 64), CertificateError)


def test_what_goes_wrong_on_the_wire_is_one_of_ours(server: CannedServer) -> None:
    assert isinstance(refusal("http://127.0.0.1:1/?key=s3cr3t"), UnreachableError)
    server.always("GET", HANG_UP)
    assert isinstance(refusal(server.endpoint), ConnectionLostError)
    server.always("GET", STALL)
    assert isinstance(refusal(server.endpoint, timeout=0.2), TimedOutError)


def test_it_goes_through_the_accounts_proxy(server: CannedServer) -> None:
    server.always("GET", reply(200, b"through"))
    found = ask("http://metadata.example/token", proxy_url=server.endpoint)
    assert found.content == b"through"
    assert server.requests[0].target == "http://metadata.example/token"
