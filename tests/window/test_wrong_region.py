"""An account with the wrong region: it works all the same, its button puts the right one in, and where only
another address helps, that is what is said.

Swift's S3 API checks the region of every signature and names its own. The services whose regions have
addresses of their own are stand-ins: gateways before Swift that answer for one container as Amazon and Wasabi
do, 301 with the region.
"""

from __future__ import annotations

import secrets
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any
from urllib.request import urlopen

import pytest
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QApplication, QDialog, QPushButton

from gui.accounts import Account, Place
from gui.background import until
from gui.dialogs.account import AccountDialog
from gui.dialogs.name import NameDialog
from tests.servers.canned import Reply, Request, reply
from tests.servers.swift import Swift

from .luck import (
    boto,
    click,
    command,
    engine_threads,
    gateway,
    picture,
    shown_dialog,
    visible,
    with_vault,
    words,
)
from .scene import Scene, show
from .stage import typed
from .test_bad_luck_connect import filled_in, told

pytestmark = pytest.mark.window
WRONG, RIGHT = "eu-west-7", "us-east-1"  # as Swift's S3 API is set up in tests/servers
DENIED = b"<Error><Code>AccessDenied</Code><Message>No.</Message></Error>"
ELSEWHERE = b"<Error><Code>PermanentRedirect</Code><Message>Use another endpoint.</Message></Error>"


@pytest.fixture(autouse=True)
def nothing_left() -> Iterator[None]:
    """No thread outlives its story."""
    yield
    assert not engine_threads()


@pytest.fixture
def container(swift_server: Swift) -> str:
    """Its name; an object is in it."""
    name = f"region-{secrets.token_hex(6)}"
    client = boto(swift_server)
    client.create_bucket(Bucket=name)
    client.put_object(Bucket=name, Key="here.txt", Body=b"found")
    return name


def nothing(request: Request) -> Reply | None:
    """A gateway that harms nothing."""
    return None


def may_not_list(request: Request) -> Reply | None:
    """As for a key that may not list containers."""
    return reply(403, DENIED) if request.path == "/" else None


def lives_in(name: str, region: str) -> Callable[[Request], Reply | None]:
    """As a service for whose container another address is the right one."""

    def harm(request: Request) -> Reply | None:
        is_it = request.path.startswith(f"/{name}")
        return reply(301, ELSEWHERE, x_amz_bucket_region=region) if is_it else None

    return harm


def regions(requests: list[Request]) -> list[str]:
    """What each request was signed for."""
    return [one.header("Authorization").partition("Credential=")[2].split("/")[2] for one in requests]


def saved_regions(scene: Scene) -> list[str]:
    """Of the accounts beside those of every scene, as the file on disk has them."""
    assert WRONG not in scene.app.folders.accounts.read_text("utf-8")
    return [account.values.get("region", RIGHT) for account in scene.app.accounts.all()[3:]]


def region_button(dialog: AccountDialog) -> list[str]:
    """What the offers of a region say that can be seen."""
    return [
        one.text()
        for one in dialog.findChildren(QPushButton)
        if one.isVisible() and one.text().startswith("Use region")
    ]


async def saved(scene: Scene, vault: Any) -> None:
    """Until the account is written, its secret kept, and its place open."""
    await until(lambda: vault.items and not visible(QDialog), 20, "the secret in the keyring")
    await until(lambda: scene.names(), 20, "the containers")


def with_account(scene: Scene, server: Swift, endpoint: str, region: str) -> str:
    """A saved account with that region."""
    values = {"endpoint": endpoint, "key": server.access_key, "region": region}
    account = Account("cloud", "Cloud", "s3_compatible", values)
    scene.app.accounts.add(account)
    scene.app.secrets.keep_for_this_run(account.id, {"secret": server.secret_key})
    scene.window.accounts_changed()
    return account.id


# -- the service names its region --


def test_the_region_that_the_service_names_is_put_in_by_a_button_and_saved(
    application: QApplication, tmp_path: Path, swift_server: Swift, container: str
) -> None:
    async def story(scene: Scene) -> None:
        vault = with_vault(scene)
        with gateway(swift_server.endpoint, nothing) as server:
            dialog = await filled_in(
                scene, server.endpoint, swift_server.access_key, swift_server.secret_key, WRONG
            )
            click(dialog, "Test connection")
            said = await told(dialog)
            picture(dialog, "wrong-region")
            assert said.startswith("Connected")
            assert "The service says that its region is us-east-1." in said
            click(dialog, "Use region us-east-1")
            said = await told(dialog)
            assert said.startswith("Connected")
            assert "region" not in said
            assert dialog.input("region").value() == RIGHT
            assert region_button(dialog) == []
            before = len(server.requests)
            click(dialog, "Add account")
            await saved(scene, vault)
            assert container in scene.names()
            assert set(regions(server.requests[before:])) == {RIGHT}
        assert saved_regions(scene) == [RIGHT]

    show(story, tmp_path)


def test_an_account_that_is_added_at_once_gets_the_right_region_and_that_is_said(
    application: QApplication, tmp_path: Path, swift_server: Swift, container: str
) -> None:
    async def story(scene: Scene) -> None:
        vault = with_vault(scene)
        with gateway(swift_server.endpoint, nothing) as server:
            dialog = await filled_in(
                scene, server.endpoint, swift_server.access_key, swift_server.secret_key, WRONG
            )
            click(dialog, "Add account")
            await saved(scene, vault)
            assert "The account's region is us-east-1" in scene.window.statusBar().currentMessage()
            assert container in scene.names()
            assert regions(server.requests).count(WRONG) == 1
        assert saved_regions(scene) == [RIGHT]

    show(story, tmp_path)


def test_a_key_that_may_see_one_container_alone_learns_the_region_from_it(
    application: QApplication, tmp_path: Path, swift_server: Swift, container: str
) -> None:
    async def story(scene: Scene) -> None:
        vault = with_vault(scene)
        with gateway(swift_server.endpoint, may_not_list) as server:
            dialog = await filled_in(
                scene, server.endpoint, swift_server.access_key, swift_server.secret_key, WRONG
            )
            dialog.advanced.unfold()
            QTest.keyClicks(dialog.advanced.only.control, container)
            click(dialog, "Test connection")
            assert "its region is us-east-1" in await told(dialog)
            click(dialog, "Use region us-east-1")
            assert await told(dialog) == "Connected: every container named below can be read. "
            click(dialog, "Add account")
            await saved(scene, vault)
            assert scene.names() == [container]
        assert saved_regions(scene) == [RIGHT]

    show(story, tmp_path)


def test_an_account_that_was_saved_with_the_wrong_region_works_and_is_mended_when_it_is_edited(
    application: QApplication, tmp_path: Path, swift_server: Swift, container: str
) -> None:
    made = f"{container}-made"

    async def story(scene: Scene) -> None:
        with_vault(scene)
        with gateway(swift_server.endpoint, nothing) as server:
            cloud = with_account(scene, swift_server, server.endpoint, WRONG)
            await scene.open(cloud)
            assert container in scene.names()
            await command(scene, "container.new")  # S3 says the region in the request's body, too
            typed((await shown_dialog(NameDialog)).field, made)
            click(await shown_dialog(NameDialog), "Create")
            await until(lambda: scene.window.place == Place(cloud, made), 20, "the new container")
            await scene.open(cloud, container)
            assert scene.names() == ["here.txt"]
            driver = scene.app.drivers.get(cloud)
            assert driver is not None
            with urlopen(driver.sign_url(driver.open_container(container), "here.txt"), timeout=20) as link:
                assert link.read() == b"found"
            assert (
                regions([one for one in server.requests if one.header("Authorization")])[1:].count(WRONG) == 0
            ), "refused more than once"
            scene.window.commands["account.edit"].trigger()
            dialog = await shown_dialog(AccountDialog)
            click(dialog, "Save")
            await until(lambda: not visible(QDialog), 20, "the dialog's end")
            await scene.listed()
            assert scene.names() == ["here.txt"]
        assert saved_regions(scene) == [RIGHT]

    show(story, tmp_path)


# -- only another address helps --


def test_a_container_that_another_address_serves_is_reached_by_editing_the_account(
    application: QApplication, tmp_path: Path, swift_server: Swift, container: str
) -> None:
    async def story(scene: Scene) -> None:
        with_vault(scene)
        with gateway(swift_server.endpoint, lives_in(container, "eu-north-9")) as server:
            cloud = with_account(scene, swift_server, server.endpoint, RIGHT)
            await scene.open(cloud, container)
            picture(scene.window, "another-address")
            said = words(scene.window.objects)
            assert f"Could not list “{container}/”" in said
            assert "in another region: eu-north-9" in said
            assert "an address of its own" in said
            click(scene.window.objects, "Edit account")
            dialog = await shown_dialog(AccountDialog)
            typed(dialog.input("endpoint").control, swift_server.endpoint)
            click(dialog, "Save")
            await until(lambda: scene.names() == ["here.txt"], 20, "the listing")
            assert scene.window.place == Place(cloud, container)
            assert "Could not" not in words(scene.window.objects)
        [account] = scene.app.accounts.all()[3:]
        assert account.values["endpoint"] == swift_server.endpoint

    show(story, tmp_path)


def test_no_region_is_offered_where_only_another_address_helps(
    application: QApplication, tmp_path: Path, swift_server: Swift, container: str
) -> None:
    async def story(scene: Scene) -> None:
        with gateway(swift_server.endpoint, lives_in(container, "eu-north-9")) as server:
            dialog = await filled_in(scene, server.endpoint, swift_server.access_key, swift_server.secret_key)
            dialog.advanced.unfold()
            QTest.keyClicks(dialog.advanced.only.control, container)
            click(dialog, "Test connection")
            said = await told(dialog)
            picture(dialog, "another-address-tested")
            assert "in another region: eu-north-9" in said
            assert "an address of its own" in said
            assert region_button(dialog) == []
            assert dialog.input("endpoint").control.hasFocus()

    show(story, tmp_path)


def test_a_misspelt_region_of_amazon_is_looked_for_in_the_region(
    application: QApplication, tmp_path: Path
) -> None:
    async def story(scene: Scene) -> None:
        await command(scene, "account.add")
        dialog = await shown_dialog(AccountDialog)
        assert dialog.providers is not None
        QTest.keyClicks(dialog.providers.search, "Amazon S3")
        for name, text in (("key", "AKIAEXAMPLE"), ("secret", "secret")):
            typed(dialog.input(name).control, text)
        dialog.input("region").set_value("eu-wst-1")
        begun = time.monotonic()
        click(dialog, "Test connection")
        said = await told(dialog)
        picture(dialog, "misspelt-region")
        assert time.monotonic() - begun < 28
        assert "cannot be reached" in said
        assert "Check the region's spelling" in said
        assert dialog.input("region").control.hasFocus()

    show(story, tmp_path)
