"""Every way into an Azure account: key, connection string, signatures, tokens, nobody."""

from __future__ import annotations

import datetime
import os
import pickle
import secrets
import ssl
import urllib.error
import urllib.request
from collections.abc import Callable, Iterator
from typing import Any

import pytest
from azure.core.credentials import AccessToken
from azure.core.pipeline.transport import RequestsTransport
from azure.storage.blob import (
    BlobServiceClient,
    generate_account_sas,
    generate_container_sas,
)

from storage_core import errors
from storage_core.attributes import Attributes
from storage_core.base import Container, Object
from storage_core.capabilities import MIB
from storage_core.drivers.azure_blobs import AzureBlobsStorageDriver
from storage_core.tokens.renewed import Renewed, Token
from tests.drivers.azure_accounts import content, open_azure, put, until
from tests.oracles.ledger import LEDGER
from tests.servers.azurite import Azurite


@pytest.fixture
def driver(azurite_server: Azurite) -> AzureBlobsStorageDriver:
    return open_azure(azurite_server, secret=azurite_server.key)


@pytest.fixture
def sdk(azurite_server: Azurite) -> Iterator[BlobServiceClient]:
    with BlobServiceClient.from_connection_string(azurite_server.connection_string) as client:
        yield client


@pytest.fixture
def box(driver: AzureBlobsStorageDriver, sdk: BlobServiceClient) -> Iterator[Container]:
    container = driver.create_container(f"azure-{secrets.token_hex(6)}")
    yield container
    LEDGER.forget_container(container.name)
    sdk.delete_container(container.name)


# -- ways of signing in --


def test_a_connection_string_opens_an_account(azurite_server: Azurite, box: Container) -> None:
    driver = AzureBlobsStorageDriver(connection_string=azurite_server.connection_string)
    assert driver.key == azurite_server.account
    assert box.name in {one.name for one in driver.list_containers()}
    put(driver.get_container(box.name), "x")
    twin = pickle.loads(pickle.dumps(driver))
    assert content(twin.get_object(box.name, "x")) == b"content"
    assert azurite_server.key not in repr(driver)


def test_libclouds_positions_open_an_account(azurite_server: Azurite) -> None:
    server = azurite_server
    driver = AzureBlobsStorageDriver(server.account, server.key, False, "127.0.0.1", server.port)
    assert isinstance(driver.list_containers(), list)


@pytest.mark.parametrize("secret", ["other", "a2V5", "no key"])
def test_a_wrong_key_is_told_at_the_first_use(azurite_server: Azurite, box: Container, secret: str) -> None:
    driver = open_azure(azurite_server, secret=azurite_server.other_key if secret == "other" else secret)
    wrong = driver.open_container(box.name)
    attempts: list[Callable[[], object]] = [
        driver.list_containers,
        wrong.list_objects,
        lambda: driver.get_container(box.name),
        lambda: driver.get_object(box.name, "x"),
        lambda: put(wrong, "x"),
        lambda: driver.delete_objects(wrong, ["x"]),
    ]
    for attempt in attempts:
        with pytest.raises(errors.InvalidCredsError) as refused:
            attempt()
        assert "key" in str(refused.value)


def account_sas(server: Azurite, permission: str = "rwdlacupt", seconds: int = 1800) -> str:
    expiry = datetime.datetime.now(datetime.UTC) + datetime.timedelta(seconds=seconds)
    return str(generate_account_sas(server.account, server.key, "sco", permission, expiry, services="b"))


@pytest.mark.parametrize("form", ["token", "?token", "url", "connection string"])
def test_an_account_signature_opens_an_account(azurite_server: Azurite, box: Container, form: str) -> None:
    sas = account_sas(azurite_server)
    if form == "url":
        driver = AzureBlobsStorageDriver(sas_token=f"{azurite_server.endpoint}/?{sas}")
    elif form == "connection string":
        text = f"BlobEndpoint={azurite_server.endpoint};SharedAccessSignature={sas}"
        driver = AzureBlobsStorageDriver(connection_string=text)
    else:
        driver = open_azure(azurite_server, sas_token=sas if form == "token" else f"?{sas}")
    assert driver.key == azurite_server.account
    assert box.name in {one.name for one in driver.list_containers()}
    mine = driver.get_container(box.name)
    put(mine, "a b/ü.txt", b"by signature", ex_meta={"who": "me"})
    obj = mine.get_object("a b/ü.txt")
    assert (content(obj), obj.meta_data) == (b"by signature", {"who": "me"})
    driver.copy_object(obj, mine, "copy", Attributes(content_type="text/css"))
    assert driver.get_object(box.name, "copy").extra["content_type"] == "text/css"
    assert driver.delete_objects(mine, ["copy", "never was"]) == []
    assert not driver.capabilities.signed_urls
    with pytest.raises(errors.OperationNotSupportedError, match="account's key"):
        driver.sign_url(mine, "x")
    with pytest.raises(errors.OperationNotSupportedError):
        mine.enable_cdn()
    assert sas.rpartition("sig=")[2] not in repr(driver) + repr(mine) + repr(obj)


def test_what_a_signature_does_not_allow_is_denied(azurite_server: Azurite, box: Container) -> None:
    put(box, "x")
    reader = open_azure(azurite_server, sas_token=account_sas(azurite_server, "rl"))
    mine = reader.get_container(box.name)
    assert content(mine.get_object("x")) == b"content"
    with pytest.raises(errors.AccessDeniedError, match=r"'y' in .* It is made to read, list\. Ask"):
        put(mine, "y")
    with pytest.raises(errors.AccessDeniedError):
        mine.get_object("x").delete()
    [failure] = reader.delete_objects(mine, ["x"])
    assert failure.object_name == "x"
    assert "made to read, list" in failure.reason
    LEDGER.forget_container(box.name)
    put(box, "x")


def test_a_signature_that_ran_out_or_was_changed_is_told(azurite_server: Azurite, box: Container) -> None:
    good = account_sas(azurite_server)
    for sas in (account_sas(azurite_server, seconds=-60), good.replace("sp=rwdlacup", "sp=rwdlacupx")):
        driver = open_azure(azurite_server, sas_token=sas)
        with pytest.raises((errors.InvalidCredsError, errors.AccessDeniedError)) as refused:
            driver.list_containers()
        assert good.rpartition("sig=")[2] not in str(refused.value)


@pytest.mark.parametrize("form", ["url", "token"])
def test_a_signature_for_one_container_is_an_account_with_one(
    azurite_server: Azurite, box: Container, form: str
) -> None:
    sas = generate_container_sas(
        azurite_server.account, box.name, account_key=azurite_server.key, permission="racwdlt", expiry=until()
    )
    if form == "url":
        url = f"{azurite_server.endpoint}/{box.name}?restype=container&comp=list&{sas}"
        driver = AzureBlobsStorageDriver(sas_token=url)
    else:
        driver = open_azure(azurite_server, sas_token=sas, container=box.name)
    assert not driver.capabilities.list_containers
    assert not driver.capabilities.create_containers
    assert [one.name for one in driver.list_containers()] == [box.name]
    [mine] = driver.list_containers()
    large = os.urandom(17 * MIB)
    put(mine, "folder/large", large)
    put(mine, "x", b"small")
    assert [obj.name for obj in mine.list_objects()] == ["folder/large", "x"]
    assert content(mine.get_object("folder/large")) == large
    assert driver.delete_objects(mine, ["folder/large", "x"]) == []
    with pytest.raises(errors.OperationNotSupportedError, match="one container"):
        driver.create_container("another")


def test_nobody_reads_a_public_container_and_nothing_else(azurite_server: Azurite, box: Container) -> None:
    put(box, "x", b"shown")
    nobody = open_azure(azurite_server, sign_in="anonymous", container=box.name)
    mine = nobody.open_container(box.name)
    with pytest.raises(
        (errors.InvalidCredsError, errors.AccessDeniedError, errors.ContainerDoesNotExistError)
    ):
        content(Object("x", 5, "", None, None, mine))
    box.driver.set_public_access(box, True, ex_level="container")
    assert [obj.name for obj in mine.list_objects()] == ["x"]
    assert content(mine.get_object("x")) == b"shown"
    with pytest.raises(errors.LibcloudError):
        put(mine, "y")
    LEDGER.forget_container(box.name)


# -- Entra ID --


@pytest.fixture
def entra(azurite_oauth_server: Azurite) -> AzureBlobsStorageDriver:
    """Signed in with tokens, as Entra ID gives them."""
    driver = open_azure(azurite_oauth_server, sign_in="default")
    driver.wire.tokens = Renewed(lambda: Token(azurite_oauth_server.token()))
    return driver


@pytest.fixture
def entra_box(entra: AzureBlobsStorageDriver) -> Iterator[Container]:
    container = entra.create_container(f"azure-{secrets.token_hex(6)}")
    yield container
    entra.delete_objects(container, [obj.name for obj in container.list_objects()])
    container.delete()


def test_a_token_opens_everything(entra: AzureBlobsStorageDriver, entra_box: Container) -> None:
    obj = put(entra_box, "a/ü +.txt", b"by token", ex_meta={"who": "me"})
    assert content(entra_box.get_object(obj.name)) == b"by token"
    put(entra_box, "large", bytes(17 * MIB))
    entra.copy_object(obj, entra_box, "copy")
    assert entra.delete_objects(entra_box, ["copy", "large"]) == []
    assert not entra.capabilities.public_containers  # Azure's own service lets tokens do that, too


def test_links_are_signed_with_a_key_that_was_lent(
    azurite_oauth_server: Azurite, entra: AzureBlobsStorageDriver, entra_box: Container
) -> None:
    put(entra_box, "folder/ü.txt", b"shared")
    trust = ssl.create_default_context(cafile=azurite_oauth_server.ca_file)
    link = entra.sign_url(entra_box, "folder/ü.txt", seconds=600)
    assert "skoid=" in link
    assert urllib.request.urlopen(link, context=trust).read() == b"shared"
    with pytest.raises(urllib.error.HTTPError, match="403"):
        urllib.request.urlopen(link.replace("sp=r", "sp=rd"), context=trust)
    week = entra.sign_url(entra_box, "folder/ü.txt", seconds=7 * 24 * 3600)
    assert urllib.request.urlopen(week, context=trust).read() == b"shared"
    with pytest.raises(ValueError, match="seconds"):
        entra.sign_url(entra_box, "x", seconds=8 * 24 * 3600)


def test_a_token_that_is_no_longer_taken_is_renewed_once(
    azurite_oauth_server: Azurite, entra_box: Container
) -> None:
    driver = open_azure(azurite_oauth_server, sign_in="default")
    given = [azurite_oauth_server.token(-60), azurite_oauth_server.token()]
    driver.wire.tokens = Renewed(lambda: Token(given.pop(0)))
    assert entra_box.name in {one.name for one in driver.list_containers()}
    assert given == []


def test_the_vendors_sdk_reads_what_a_token_wrote(
    azurite_oauth_server: Azurite, entra_box: Container
) -> None:
    put(entra_box, "x", b"by token")

    class Credential:
        def get_token(self, *scopes: str, **more: Any) -> AccessToken:
            return AccessToken(azurite_oauth_server.token(), 2**31)

    transport = RequestsTransport(connection_verify=azurite_oauth_server.ca_file)
    with BlobServiceClient(
        azurite_oauth_server.endpoint, credential=Credential(), transport=transport
    ) as client:
        assert client.get_blob_client(entra_box.name, "x").download_blob().readall() == b"by token"
