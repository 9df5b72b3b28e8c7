"""Public or not: the provider's word counts, and nothing turns before a person has read what it means."""

from __future__ import annotations

from pathlib import Path

import pytest
from PySide6.QtCore import Qt
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QApplication

from gui.accounts import DEMO_CLOUD, THIS_COMPUTER, Place
from gui.dialogs.message import NoticeDialog
from gui.dialogs.public import PublicDialog
from gui.flows.cdn import toggle_public
from gui.text import PlainLabel
from storage_core.base import PublicAccess

from .stage import Stage, named_button, play, press, put

pytestmark = pytest.mark.window
PHOTOS = Place(DEMO_CLOUD, "photos")


def is_public(stage: Stage) -> bool | None:
    return stage.cloud.get_public_access(stage.cloud.open_container("photos")).on


def words(dialog: PublicDialog) -> str:
    return "\n".join(label.text() for label in dialog.findChildren(PlainLabel))


def test_turning_on_says_how_much_anyone_will_read_and_off_asks_again(
    qapp: QApplication, tmp_path: Path
) -> None:
    async def story(stage: Stage) -> None:
        put(stage.cloud, "photos", a=b"1", b__c=b"2")
        for button, text, state in (
            ("Make Public", "its 2 objects", True),
            ("Make Private", "anyone on the internet can read it", False),
        ):
            flow = stage.begin(toggle_public(stage.app, stage.window, PHOTOS))
            dialog = await stage.dialog(PublicDialog)
            assert "photos" in dialog.heading.text()
            assert text in words(dialog)
            press(named_button(dialog, button))
            await flow
            assert is_public(stage) is state
        assert stage.window.refreshed == [PHOTOS, PHOTOS]

    play(story, tmp_path)


def test_return_and_escape_change_nothing(qapp: QApplication, tmp_path: Path) -> None:
    async def story(stage: Stage) -> None:
        for key in (Qt.Key.Key_Return, Qt.Key.Key_Escape):
            flow = stage.begin(toggle_public(stage.app, stage.window, PHOTOS))
            QTest.keyClick(await stage.dialog(PublicDialog), key)
            await flow
        assert is_public(stage) is False

    play(story, tmp_path)


def test_where_there_is_no_public_access_the_reason_is_told(qapp: QApplication, tmp_path: Path) -> None:
    async def story(stage: Stage) -> None:
        await toggle_public(stage.app, stage.window, Place(THIS_COMPUTER, "home"))
        assert "no address" in stage.window.told[0]

    play(story, tmp_path)


def test_a_provider_that_takes_the_change_and_does_not_do_it_is_told_on(
    qapp: QApplication, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def story(stage: Stage) -> None:
        blocked = PublicAccess(False, why="Public access is blocked for the whole account.")
        monkeypatch.setattr(stage.cloud, "_get_public_access", lambda container: blocked)
        flow = stage.begin(toggle_public(stage.app, stage.window, PHOTOS))
        press(named_button(await stage.dialog(PublicDialog), "Make Public"))
        notice = await stage.dialog(NoticeDialog)
        assert "as it was" in notice.windowTitle()
        assert "blocked" in notice.accessibleDescription()
        press(named_button(notice, "Close"))
        await flow

    play(story, tmp_path)


def test_an_unknown_state_is_said_and_not_turned(
    qapp: QApplication, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def story(stage: Stage) -> None:
        hidden = PublicAccess(None, why="These credentials may not see it.")
        monkeypatch.setattr(stage.cloud, "_get_public_access", lambda container: hidden)
        flow = stage.begin(toggle_public(stage.app, stage.window, PHOTOS))
        notice = await stage.dialog(NoticeDialog)
        assert "may not see" in notice.accessibleDescription()
        press(named_button(notice, "Close"))
        await flow

    play(story, tmp_path)
