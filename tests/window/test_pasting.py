"""Pasting and dropping into the real dialog: the form is filled in, or a sentence says why not."""

import json

import pytest
from PySide6.QtCore import QMimeData, QPointF, Qt, QUrl
from PySide6.QtGui import QDragEnterEvent, QDropEvent, QGuiApplication
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QApplication

from gui.accounts import Account
from gui.background import start, until, within
from gui.dialogs.account import AccountDialog
from gui.flows import connect
from storage_core import providers
from tests.servers import canned
from tests.servers.canned import reply
from tests.window.loop import run
from tests.window.test_connect import (  # noqa: F401
    LISTING,
    app,
    click,
    dialog,
    everything_written,
    folders,
    home,
    seat,
    vault,
)
from tests.window.test_pasted import HOSTILE, KEY, SECRET

pytestmark = pytest.mark.window


def on_clipboard(text):
    QGuiApplication.clipboard().setText(text)


async def adding(app, seat):  # noqa: F811
    task = start(connect.add_account(app, seat), seat.widget)
    return task, await dialog(AccountDialog)


async def said(opened, before=""):
    await until(lambda: opened.paste_bar.said() != before, 10, "an answer to what was pasted")
    return opened.paste_bar.said()


def test_a_button_fills_the_form_and_the_account_is_added_from_it(app, seat, vault, folders):  # noqa: F811
    with canned.running() as server:
        server.always("GET", reply(200, LISTING))
        text = (
            f"AWS_ACCESS_KEY_ID={KEY}\nAWS_SECRET_ACCESS_KEY={SECRET}\nAWS_ENDPOINT_URL={server.endpoint}\n"
        )

        @run
        async def _():
            task, opened = await adding(app, seat)
            invited = opened.paste_bar.said()
            assert "connection string" in invited
            on_clipboard(text)
            click(opened.paste_bar.button)
            assert "AWS variables" in await said(opened, invited)
            assert SECRET not in opened.paste_bar.said()
            assert opened.provider().constant == "s3_compatible"
            assert opened.input("endpoint").value() == server.endpoint
            assert opened.test.hasFocus()  # nothing is missing
            click(opened.submit)
            await within(20, task)

    [account] = app.accounts.all()[2:]
    assert account.values["key"] == KEY
    assert account.values["endpoint"].startswith("http://127.0.0.1:")
    assert json.loads(vault.items[account.id]) == {"secret": SECRET}
    assert SECRET.encode() not in everything_written(folders.config.parent)


def test_what_cannot_be_used_changes_nothing_and_says_why(app, seat):  # noqa: F811
    @run
    async def _():
        task, opened = await adding(app, seat)
        opened.providers.select("wasabi")
        opened.input("key").set_value("typed by hand")
        before = opened.paste_bar.said()
        for text in (HOSTILE["half a JSON"], HOSTILE["a YAML bomb"], "just a few words"):
            on_clipboard(text)
            click(opened.paste_bar.button)
            now = await said(opened, before)
            assert SECRET not in now
            assert opened.provider().constant == "wasabi"
            assert opened.input("key").value() == "typed by hand"
            opened.paste_bar.invite()
        QGuiApplication.clipboard().clear()
        click(opened.paste_bar.button)
        assert "neither a text nor a single file" in opened.paste_bar.said()
        opened.reject()
        await within(5, task)


def test_control_v_fills_the_form_where_no_text_field_takes_it(app, seat):  # noqa: F811
    @run
    async def _():
        task, opened = await adding(app, seat)
        opened.activateWindow()
        await until(opened.isActiveWindow, 10, "the focus")
        on_clipboard("https://s3.eu-central-2.wasabisys.com")
        assert opened.providers.search.hasFocus()  # an address is nothing to search for
        QTest.keyClick(opened.providers.search, Qt.Key.Key_V, Qt.KeyboardModifier.ControlModifier)
        await until(lambda: opened.provider() is not None, 10, "the form")
        assert opened.provider().constant == "wasabi"
        assert opened.providers.search.text() == ""
        on_clipboard("nyc3.digitaloceanspaces.com")
        opened.providers.list.setFocus()
        QTest.keyClick(opened.providers.list, Qt.Key.Key_V, Qt.KeyboardModifier.ControlModifier)
        await until(lambda: opened.provider().constant == "digitalocean_spaces", 10, "the other form")
        on_clipboard("minio")
        opened.providers.search.setFocus()
        QTest.keyClick(opened.providers.search, Qt.Key.Key_V, Qt.KeyboardModifier.ControlModifier)
        assert opened.providers.search.text() == "minio"  # a word is searched for
        on_clipboard("https://pasted.example")
        endpoint = opened.input("endpoint").control
        endpoint.setFocus()
        QTest.keyClick(endpoint, Qt.Key.Key_V, Qt.KeyboardModifier.ControlModifier)
        assert endpoint.text() == "https://pasted.example"  # a field takes it
        assert opened.provider().constant == "minio"
        opened.reject()
        await within(5, task)


def dropped(widget, mime):
    """A drag that comes and is let go."""
    entering = QDragEnterEvent(
        widget.rect().center(),
        Qt.DropAction.CopyAction,
        mime,
        Qt.MouseButton.LeftButton,
        Qt.KeyboardModifier.NoModifier,
    )
    QApplication.sendEvent(widget, entering)
    assert entering.isAccepted()
    drop = QDropEvent(
        QPointF(widget.rect().center()),
        Qt.DropAction.CopyAction,
        mime,
        Qt.MouseButton.LeftButton,
        Qt.KeyboardModifier.NoModifier,
    )
    QApplication.sendEvent(widget, drop)


def test_a_file_can_be_dropped_on_the_dialog_and_on_its_fields(app, seat, tmp_path):  # noqa: F811
    file = tmp_path / "credentials"

    @run
    async def _():
        task, opened = await adding(app, seat)
        for key, onto in (("FIRST", lambda: opened), ("SECOND", lambda: opened.input("key").control)):
            file.write_text(f"[work]\naws_access_key_id={key}\naws_secret_access_key={SECRET}\n")
            mime = QMimeData()
            mime.setUrls([QUrl.fromLocalFile(str(file))])
            dropped(onto(), mime)
            await until(lambda: opened.provider() is not None, 10, "the form")
            await until(lambda key=key: opened.input("key").value() == key, 10, "the key")
            assert opened.input("secret").value() == SECRET
            assert opened.name.placeholderText() == "work"
        file.unlink()
        before = opened.paste_bar.said()
        dropped(opened, mime)
        assert "cannot be read" in await said(opened, before)
        opened.reject()
        await within(5, task)


def test_keys_join_the_s3_service_that_was_chosen(app, seat):  # noqa: F811
    @run
    async def _():
        task, opened = await adding(app, seat)
        opened.providers.select("minio")
        opened.input("endpoint").set_value("http://127.0.0.1:9000")
        on_clipboard(f"AWS_ACCESS_KEY_ID={KEY}\nAWS_SECRET_ACCESS_KEY={SECRET}")
        click(opened.paste_bar.button)
        await until(lambda: opened.input("key").value() == KEY, 10, "the key")
        assert opened.provider().constant == "minio"
        assert opened.input("endpoint").value() == "http://127.0.0.1:9000"
        opened.reject()
        await within(5, task)


def test_of_several_entries_one_is_chosen(app, seat):  # noqa: F811
    @run
    async def _():
        task, opened = await adding(app, seat)
        on_clipboard(f"[a]\naws_access_key_id=A\naws_secret_access_key={SECRET}\n[b]\naws_access_key_id=B\n")
        click(opened.paste_bar.button)
        await until(lambda: opened.paste_bar.entries.isVisible(), 10, "the entries")
        assert opened.input("key").value() == "A"
        QTest.keyClick(opened.paste_bar.entries, Qt.Key.Key_Down)
        assert opened.input("key").value() == "B"
        assert opened.input("secret").value() == ""  # the secret of the other entry is gone
        assert opened.input("secret").control.hasFocus() or opened.paste_bar.entries.hasFocus()
        opened.reject()
        await within(5, task)


def test_editing_an_account_offers_no_pasting_over_it(qapp):
    row = providers.row("wasabi")
    opened = AccountDialog([row], None, account=Account("x", "X", "wasabi", {}), is_new=False)
    assert opened.paste_bar is None
    opened.deleteLater()
