"""Signing in to Entra ID: azure-identity speaks to a server of ours that answers as Microsoft's page says.

A stand-in: it checks what an app sends and refuses a wrong secret in the service's words.
https://learn.microsoft.com/entra/identity-platform/v2-oauth2-client-creds-grant-flow
"""

from __future__ import annotations

import json
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs

import pytest

from storage_core import errors
from storage_core.common.base import NetworkOptions
from storage_core.drivers.azure_blobs import AzureBlobsStorageDriver
from storage_core.tokens.entra import EntraTokens
from storage_core.tokens.renewed import now
from tests.servers import canned, certificates
from tests.servers.canned import CannedServer, Reply, Request, reply

TENANT = "11111111-2222-3333-4444-555555555555"
SECRET = "app~secret/that-nobody-may-see"


class Authority:
    """login.microsoftonline.com, as far as an app needs it."""

    def __init__(self, server: CannedServer) -> None:
        self.server = server
        self.forms: list[dict[str, list[str]]] = []
        base = f"{server.endpoint}/{TENANT}"
        told = {
            "token_endpoint": f"{base}/oauth2/v2.0/token",
            "authorization_endpoint": f"{base}/oauth2/v2.0/authorize",
            "issuer": f"{base}/v2.0",
        }
        server.always("GET", reply(200, json.dumps(told).encode(), content_type="application/json"))
        server.always("POST", self.token)

    def token(self, request: Request) -> Reply:
        form = parse_qs(request.body.decode())
        self.forms.append(form)
        if form.get("client_secret") != [SECRET] or form.get("grant_type") != ["client_credentials"]:
            said = {
                "error": "invalid_client",
                "error_description": "AADSTS7000215: Invalid client secret provided. Trace ID: t",
            }
            return reply(401, json.dumps(said).encode(), content_type="application/json")
        said = {"token_type": "Bearer", "expires_in": 3599, "access_token": f"token {len(self.forms)}"}
        return reply(200, json.dumps(said).encode(), content_type="application/json")


@pytest.fixture
def authority(tmp_path: Path) -> Iterator[tuple[Authority, NetworkOptions]]:
    made = certificates.make(tmp_path)
    with canned.running(tls=made.server_context()) as server:
        yield Authority(server), NetworkOptions(ca_file=str(made.file))


def tokens(authority: Authority, network: NetworkOptions, secret: str = SECRET) -> EntraTokens:
    host = authority.server.endpoint.removeprefix("https://")
    return EntraTokens(
        "client_secret",
        network,
        authority=host,
        tenant_id=TENANT,
        client_id="app",
        client_secret=secret,
    )


def test_an_app_gets_a_token_over_the_accounts_own_line(authority: tuple[Authority, NetworkOptions]) -> None:
    service, network = authority
    token = tokens(service, network).fetch()
    assert token.value == "token 1"
    assert 3000 < token.expires - now() < 3700
    [form] = service.forms
    assert form["client_id"] == ["app"]
    assert "https://storage.azure.com/.default" in form["scope"][0]


def test_a_wrong_secret_is_told_and_not_shown(authority: tuple[Authority, NetworkOptions]) -> None:
    service, network = authority
    wrong = "wrong~secret/that-nobody-may-see"
    with pytest.raises(errors.InvalidCredsError, match="Invalid client secret") as caught:
        tokens(service, network, wrong).fetch()
    assert wrong not in str(caught.value)
    assert wrong not in repr(caught.value)
    assert caught.value.__cause__ is None
    assert caught.value.__context__ is None


def test_a_certificate_nobody_trusts_is_an_error_of_the_network(
    authority: tuple[Authority, NetworkOptions],
) -> None:
    service, _ = authority
    with pytest.raises(errors.CertificateError):
        tokens(service, NetworkOptions()).fetch()
    assert service.forms == []


def test_what_is_missing_is_said_before_anything_is_asked() -> None:
    driver = AzureBlobsStorageDriver("me", sign_in="client_secret", tenant_id=TENANT)
    with pytest.raises(errors.InvalidCredsError, match="tenant id, its client id and its secret"):
        driver.list_containers()


@pytest.mark.parametrize("way", ["client_secret", "managed_identity", "browser", "default"])
def test_without_the_package_one_sentence_says_what_to_install(
    way: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(sys.modules, "azure.identity", None)
    more: dict[str, Any] = {"tenant_id": "t", "client_id": "c", "client_secret": "s"}
    driver = AzureBlobsStorageDriver("me", sign_in=way, **more)
    with pytest.raises(errors.MissingExtraError, match=r"pip install 'skyferry\[azure\]'"):
        driver.list_containers()


@pytest.mark.parametrize(
    ("way", "kind"),
    [
        ("client_secret", "ClientSecretCredential"),
        ("managed_identity", "ManagedIdentityCredential"),
        ("browser", "InteractiveBrowserCredential"),
        ("default", "DefaultAzureCredential"),
    ],
)
def test_each_way_is_a_credential_of_the_library_over_our_session(way: str, kind: str) -> None:
    made = EntraTokens(
        way,
        NetworkOptions(),
        authority="login.chinacloudapi.cn",
        tenant_id=TENANT,
        client_id="c",
        client_secret="s",
    )._made()
    assert type(made).__name__ == kind


def test_a_machine_gets_the_token_of_its_identity_through_the_accounts_proxy() -> None:
    """The address of the metadata service is fixed; the proxy of the account is where we can stand in for it.

    https://learn.microsoft.com/entra/identity/managed-identities-azure-resources/how-to-use-vm-token
    """

    def metadata(request: Request) -> Reply:
        assert request.target.startswith("http://169.254.169.254/metadata/identity/oauth2/token?")
        if request.header("Metadata") != "true":
            return reply(400, b'{"error": "invalid_request"}', content_type="application/json")
        told = {"access_token": "token of a machine", "expires_in": "3599", "token_type": "Bearer"}
        return reply(200, json.dumps(told).encode(), content_type="application/json")

    with canned.running() as server:
        server.always("GET", metadata)
        options = NetworkOptions(proxy_url=server.endpoint)
        token = EntraTokens("managed_identity", options, authority="unused").fetch()
    assert token.value == "token of a machine"
    assert 3000 < token.expires - now() < 3700
    assert "resource=https" in server.requests[-1].target
