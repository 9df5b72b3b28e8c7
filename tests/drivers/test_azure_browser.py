"""Signing in at a browser: azure-identity and a stand-in of the browser, a stand-in of Microsoft's authority.

What the authority checks is the code, who asks, and the proof (PKCE) that it was this program that sent the
person to it. https://learn.microsoft.com/entra/identity-platform/v2-oauth2-auth-code-flow
"""

from __future__ import annotations

import base64
import hashlib
import json
import socket
import threading
import time
import urllib.error
import urllib.request
import webbrowser
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any, TypeAlias
from urllib.parse import parse_qs, urlencode, urlsplit

import pytest

from storage_core import errors, wire
from storage_core.common.base import NetworkOptions
from storage_core.drivers.azure_blobs import AzureBlobsStorageDriver
from storage_core.tokens import entra
from storage_core.tokens.entra import EntraTokens
from storage_core.tokens.renewed import Renewed, now
from tests.servers import canned, certificates
from tests.servers.canned import CannedServer, Reply, Request, reply

TENANT = "11111111-2222-3333-4444-555555555555"
CLIENT = "app"
Query: TypeAlias = dict[str, str]


def coded(told: dict[str, Any]) -> str:
    return base64.urlsafe_b64encode(json.dumps(told).encode()).rstrip(b"=").decode()


class Authority:
    """login.microsoftonline.com, as far as a person at a browser needs it."""

    def __init__(self, server: CannedServer) -> None:
        self.endpoint = server.endpoint
        self.asked: dict[str, str] = {}  # what the browser that signed in had brought
        self.grants: list[str] = []
        base = f"{server.endpoint}/{TENANT}"
        told = {
            "token_endpoint": f"{base}/oauth2/v2.0/token",
            "authorization_endpoint": f"{base}/oauth2/v2.0/authorize",
            "issuer": f"{base}/v2.0",
        }
        server.always("GET", reply(200, json.dumps(told).encode(), content_type="application/json"))
        server.always("POST", self.token)

    def token(self, request: Request) -> Reply:
        form = {key: values[0] for key, values in parse_qs(request.body.decode()).items()}
        self.grants.append(form["grant_type"])
        if form["grant_type"] == "authorization_code":
            proof = base64.urlsafe_b64encode(hashlib.sha256(form["code_verifier"].encode()).digest())
            assert proof.rstrip(b"=").decode() == self.asked["code_challenge"]
            assert (form["code"], form["redirect_uri"]) == ("code 1", self.asked["redirect_uri"])
        else:
            assert form["refresh_token"] == "refresh 1"
        moment = int(time.time())
        person = {
            "iss": f"{self.endpoint}/{TENANT}/v2.0", "aud": CLIENT, "sub": "person", "tid": TENANT,
            "iat": moment, "nbf": moment, "exp": moment + 3600, "preferred_username": "who@example.org",
            "nonce": self.asked.get("nonce", ""),
        }  # fmt: skip
        said = {
            "token_type": "Bearer", "expires_in": 3599, "access_token": f"token {len(self.grants)}",
            "refresh_token": "refresh 1", "scope": form["scope"],
            "id_token": f"{coded({'alg': 'none'})}.{coded(person)}.",
            "client_info": coded({"uid": "person", "utid": TENANT}),
        }  # fmt: skip
        return reply(200, json.dumps(said).encode(), content_type="application/json")


class Browser:
    """What `webbrowser.open` would start; `visit` is what the person does there."""

    def __init__(self, authority: Authority) -> None:
        self.authority = authority
        self.visits: list[str] = []
        self.visit: Callable[[Query], None] = self.sign_in
        self.threads: list[threading.Thread] = []
        self.refused: list[int] = []

    def open(self, url: str) -> bool:
        self.visits.append(url)
        query = {key: values[0] for key, values in parse_qs(urlsplit(url).query).items()}
        self.threads.append(threading.Thread(target=self.visit, args=(query,)))
        self.threads[-1].start()
        return True

    def sign_in(self, query: Query) -> None:
        self.authority.asked = query
        self.back(query, code="code 1")

    def refuse(self, query: Query) -> None:
        self.back(
            query, error="access_denied", error_description="AADSTS65004: The user declined to consent."
        )

    def preconnect(self, query: Query) -> None:
        """Chrome opens a second connection in advance, and sends nothing on it."""
        redirect = urlsplit(query["redirect_uri"])
        self.idle = socket.create_connection((redirect.hostname, redirect.port))
        self.sign_in(query)

    def favicon(self, query: Query) -> None:
        for form in (None, b"error=of+somebody+else"):
            try:
                urllib.request.urlopen(query["redirect_uri"] + "/favicon.ico", form, timeout=10).close()
            except urllib.error.HTTPError as error:
                self.refused.append(error.code)
                error.close()
        self.sign_in(query)

    def back(self, query: Query, **form: str) -> None:
        told = urlencode({"state": query["state"], **form}).encode()
        urllib.request.urlopen(query["redirect_uri"], told, timeout=10).close()


@pytest.fixture
def service(tmp_path: Path) -> Iterator[tuple[Authority, NetworkOptions]]:
    made = certificates.make(tmp_path)
    with canned.running(tls=made.server_context()) as server:
        yield Authority(server), NetworkOptions(ca_file=str(made.file))


@pytest.fixture
def browser(service: tuple[Authority, NetworkOptions], monkeypatch: pytest.MonkeyPatch) -> Iterator[Browser]:
    one = Browser(service[0])
    monkeypatch.setattr(webbrowser, "open", one.open)
    yield one
    for thread in one.threads:
        thread.join(10)


@pytest.fixture
def tokens(service: tuple[Authority, NetworkOptions]) -> EntraTokens:
    authority, network = service
    host = authority.endpoint.removeprefix("https://")
    return EntraTokens("browser", network, authority=host, tenant_id=TENANT, client_id=CLIENT)


def test_the_browser_is_opened_at_the_first_use_and_once(tokens: EntraTokens, browser: Browser) -> None:
    AzureBlobsStorageDriver("me", sign_in="browser", tenant_id=TENANT)
    assert browser.visits == []
    token = tokens.fetch()
    assert token.value == "token 1"
    assert 3000 < token.expires - now() < 3700
    [url] = browser.visits
    assert url.startswith(f"{browser.authority.endpoint}/{TENANT}/oauth2/v2.0/authorize?")
    assert "https://storage.azure.com/.default" in browser.authority.asked["scope"]
    tokens.fetch()
    assert len(browser.visits) == 1


def test_sixteen_threads_open_one_browser(tokens: EntraTokens, browser: Browser) -> None:
    shared, values = Renewed(tokens.fetch), []
    threads = [threading.Thread(target=lambda: values.append(shared.get().value)) for _ in range(16)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(20)
    assert values == ["token 1"] * 16
    assert len(browser.visits) == 1


def test_what_the_authority_says_to_a_person_is_told(tokens: EntraTokens, browser: Browser) -> None:
    browser.visit = browser.refuse
    with pytest.raises(errors.InvalidCredsError, match="declined to consent"):
        tokens.fetch()


def test_nobody_waits_longer_than_a_person_has(
    tokens: EntraTokens, browser: Browser, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(entra, "BROWSER_SECONDS", 0.5)
    browser.visit = lambda query: None
    with pytest.raises(errors.InvalidCredsError, match="within three minutes"):
        tokens.fetch()


def test_a_connection_that_says_nothing_does_not_hold_up_the_sign_in(
    tokens: EntraTokens, browser: Browser
) -> None:
    browser.visit = browser.preconnect
    assert tokens.fetch().value == "token 1"
    browser.idle.close()


def test_what_the_authority_did_not_send_is_no_answer(tokens: EntraTokens, browser: Browser) -> None:
    browser.visit = browser.favicon
    assert tokens.fetch().value == "token 1"
    assert browser.refused == [404, 404]


def test_without_a_browser_another_way_is_advised(
    tokens: EntraTokens, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(webbrowser, "open", lambda url: False)
    with pytest.raises(errors.InvalidCredsError, match="No browser could be opened"):
        tokens.fetch()


def test_whoever_waits_for_the_browser_can_stop_and_nobody_else_does(
    tokens: EntraTokens, browser: Browser, monkeypatch: pytest.MonkeyPatch
) -> None:
    """One thread asks, another waits for it; both are stopped, and whoever comes then signs in."""
    monkeypatch.setattr(entra, "BROWSER_SECONDS", 30)
    browser.visit = lambda query: None
    shared, stop, ends = Renewed(tokens.fetch), threading.Event(), []

    def check() -> None:
        if stop.is_set():
            raise errors.StoppedError("Stopped.")

    def use() -> None:
        with wire.stoppable(check):
            try:
                shared.get()
            except errors.StoppedError:
                ends.append(time.monotonic())

    threads = [threading.Thread(target=use) for _ in range(2)]
    for thread in threads:
        thread.start()
    deadline = time.monotonic() + 10
    while not browser.visits and time.monotonic() < deadline:
        time.sleep(0.01)
    late: list[str] = []
    patient = threading.Thread(target=lambda: late.append(shared.get().value))
    patient.start()
    browser.visit = browser.sign_in
    asked = time.monotonic()
    stop.set()
    for thread in threads:
        thread.join(10)
    assert len(ends) == 2
    assert max(ends) - asked < 2
    patient.join(20)
    assert late == ["token 1"]
    assert len(browser.visits) == 2
