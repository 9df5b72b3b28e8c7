"""Links: they work for whoever has them, for as long as was chosen, and go to the clipboard alone."""

from __future__ import annotations

import logging
import uuid
from pathlib import Path
from urllib.error import HTTPError
from urllib.parse import parse_qs, urlsplit
from urllib.request import urlopen

import pytest
from PySide6.QtGui import QGuiApplication
from PySide6.QtWidgets import QApplication

from gui.accounts import DEMO_CLOUD, Account
from gui.background import in_thread
from gui.dialogs.link import DAY, LinkDialog
from gui.flows.share import PASSWORD_HINT, copy_link, public_address
from storage_core.providers import open_driver
from tests.servers.moto import Moto
from tests.servers.swift import Swift

from .stage import Stage, named_button, play, press, put, put_one

pytestmark = pytest.mark.window


def signing_account(stage: Stage, server: Moto | Swift) -> str:
    """An account of that server, with a container of its own."""
    values = {
        "key": server.access_key,
        "secret": server.secret_key,
        "region": server.region,
        "endpoint": server.endpoint,
        "addressing": "path",
    }
    driver = open_driver("s3_compatible", values)
    container = f"links-{uuid.uuid4().hex[:12]}"
    driver.create_container(container)
    stage.app.accounts.add(Account("signing", "Signing", "s3_compatible"))
    stage.app.drivers.put("signing", driver)
    put_one(driver, container, "a folder/ä & b?.txt", b"content")
    return container


def test_a_signed_link_opens_without_credentials_and_lasts_as_chosen(
    qapp: QApplication, tmp_path: Path, swift_server: Swift, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.DEBUG)

    async def story(stage: Stage) -> None:
        container = signing_account(stage, swift_server)
        stage.show("signing", container, "a folder/", select=("ä & b?.txt",))
        flow = stage.begin(copy_link(stage.app, stage.window))
        dialog = await stage.dialog(LinkDialog)
        press(named_button(dialog, "Expires after one day"))
        press(dialog.yes)
        await flow
        mime = QGuiApplication.clipboard().mimeData()
        link = mime.text()
        with urlopen(link, timeout=20) as reply:
            assert reply.read() == b"content"
        assert parse_qs(urlsplit(link).query)["X-Amz-Expires"] == [str(DAY)]
        assert bytes(mime.data(PASSWORD_HINT).data()) == b"secret"
        with pytest.raises(HTTPError) as refused:
            urlopen(link.replace("X-Amz-Signature=", "X-Amz-Signature=0"), timeout=20)
        refused.value.close()
        signature = parse_qs(urlsplit(link).query)["X-Amz-Signature"][0]
        assert signature not in caplog.text
        assert not any(signature in text for text in stage.window.told)
        assert stage.app.settings.link_seconds == DAY

    play(story, tmp_path)


def test_where_nothing_is_signed_and_nothing_public_the_reason_is_told(
    qapp: QApplication, tmp_path: Path
) -> None:
    async def story(stage: Stage) -> None:
        put(stage.cloud, "photos", a=b"1")
        stage.show(DEMO_CLOUD, "photos", select=("a",))
        await copy_link(stage.app, stage.window)
        assert stage.window.told == [stage.cloud.capabilities.why_not("signed_urls")]

    play(story, tmp_path)


def test_the_public_address_is_offered_where_anyone_may_read(qapp: QApplication, tmp_path: Path) -> None:
    async def story(stage: Stage) -> None:
        put_one(stage.cloud, "photos", "a b/ä.txt", b"1")
        stage.cloud.set_public_access(stage.cloud.open_container("photos"), True)
        stage.show(DEMO_CLOUD, "photos", "a b/", select=("ä.txt",))
        flow = stage.begin(copy_link(stage.app, stage.window))
        dialog = await stage.dialog(LinkDialog)
        press(dialog.yes)
        await flow
        mime = QGuiApplication.clipboard().mimeData()
        assert mime.text() == "memory://photos/a%20b/%C3%A4.txt"
        assert not mime.hasFormat(PASSWORD_HINT)

    play(story, tmp_path)


def test_a_public_address_on_a_real_server_can_be_read_by_anyone(
    qapp: QApplication, tmp_path: Path, moto_server: Moto
) -> None:
    async def story(stage: Stage) -> None:
        container = signing_account(stage, moto_server)
        driver = stage.app.drivers.get("signing")
        assert driver is not None
        place = stage.show("signing", container)
        asked = (public_address, driver, place, "a folder/ä & b?.txt")
        assert await in_thread(*asked) == ""
        driver.set_public_access(driver.open_container(container), True)
        with urlopen(await in_thread(*asked), timeout=20) as reply:
            assert reply.read() == b"content"

    play(story, tmp_path)
