"""Azurite is alive, checks keys, links and tokens, and the vendor's SDK finds what it wrote."""

from __future__ import annotations

import datetime
import ssl
import urllib.error
import urllib.request

import pytest
from azure.core.exceptions import HttpResponseError
from azure.storage.blob import BlobServiceClient, generate_blob_sas

from tests.servers.azurite import Azurite


def client(server: Azurite, key: str = "", **more: object) -> BlobServiceClient:
    credential = {"account_name": server.account, "account_key": key or server.key}
    return BlobServiceClient(server.endpoint, credential=credential, retry_total=0, **more)


def test_azurite_keeps_what_was_written_with_its_metadata(azurite_server: Azurite) -> None:
    with client(azurite_server) as service:
        box = service.create_container("alive")
        box.upload_blob("a/b c+d", b"bytes", metadata={"who": "me"})
        blob = box.get_blob_client("a/b c+d")
        assert blob.download_blob().readall() == b"bytes"
        assert blob.get_blob_properties().metadata == {"who": "me"}
        box.delete_container()


def test_azurite_refuses_a_wrong_key(azurite_server: Azurite) -> None:
    with (
        client(azurite_server, azurite_server.other_key) as service,
        pytest.raises(HttpResponseError, match="failed to authenticate"),
    ):
        list(service.list_containers())


def test_azurite_refuses_a_link_that_was_tampered_with(azurite_server: Azurite) -> None:
    with client(azurite_server) as service:
        box = service.create_container("links")
        box.upload_blob("x", b"shared")
        until = datetime.datetime.now(datetime.UTC) + datetime.timedelta(minutes=5)
        sas = generate_blob_sas(
            azurite_server.account, "links", "x", account_key=azurite_server.key, permission="r", expiry=until
        )
        link = f"{azurite_server.endpoint}/links/x?{sas}"
        assert urllib.request.urlopen(link, timeout=10).read() == b"shared"
        with pytest.raises(urllib.error.HTTPError, match="403"):
            urllib.request.urlopen(link.replace("sp=r", "sp=rw"), timeout=10)
        box.delete_container()


def test_azurite_has_two_accounts(azurite_server: Azurite) -> None:
    url = f"{azurite_server.origin}/{azurite_server.other_account}"
    credential = {
        "account_name": azurite_server.other_account,
        "account_key": azurite_server.other_key,
    }
    with BlobServiceClient(url, credential=credential) as service:
        assert list(service.list_containers()) == []


def test_azurite_over_https_takes_a_good_token_and_no_old_one(azurite_oauth_server: Azurite) -> None:
    trust = ssl.create_default_context(cafile=azurite_oauth_server.ca_file)

    def ask(seconds: int) -> int:
        headers = {
            "Authorization": f"Bearer {azurite_oauth_server.token(seconds)}",
            "x-ms-version": "2021-12-02",
        }
        request = urllib.request.Request(f"{azurite_oauth_server.endpoint}?comp=list", headers=headers)
        with urllib.request.urlopen(request, timeout=10, context=trust) as reply:
            return int(reply.status)

    assert ask(3600) == 200
    with pytest.raises(urllib.error.HTTPError, match=r"40[13]"):
        ask(-10)
