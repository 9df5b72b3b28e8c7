"""Deleting: what and how much is said first; Return says no; what could not be deleted is listed."""

from __future__ import annotations

from pathlib import Path

import pytest
from PySide6.QtCore import Qt
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QApplication

from gui.accounts import DEMO_CLOUD, THIS_COMPUTER, Place
from gui.background import until
from gui.dialogs.delete import DeleteDialog
from gui.dialogs.message import NoticeDialog
from gui.flows.container import delete_container
from gui.flows.delete import delete_selected
from storage_core.errors import AccessDeniedError

from .stage import Stage, named_button, names, play, press, put, put_one

pytestmark = pytest.mark.window


def test_a_folder_is_counted_then_deleted_with_everything_below_and_nothing_beside(
    qapp: QApplication, tmp_path: Path
) -> None:
    async def story(stage: Stage) -> None:
        put(stage.cloud, "photos", a__1=b"12345", a__b__2=b"123", ab=b"x", c=b"y")
        place = stage.show(DEMO_CLOUD, "photos", select=("a",))
        flow = stage.begin(delete_selected(stage.app, stage.window))
        dialog = await stage.dialog(DeleteDialog)
        await until(dialog.yes.isEnabled, 10, "the count")
        assert dialog.amount.text() == "2 objects, 8\u00a0B"
        assert "a" in dialog.heading.text()
        press(dialog.yes)
        await flow
        assert names(stage.cloud, "photos") == {"ab", "c"}
        assert stage.window.refreshed == [place]

    play(story, tmp_path)


def test_return_and_escape_delete_nothing(qapp: QApplication, tmp_path: Path) -> None:
    async def story(stage: Stage) -> None:
        put(stage.cloud, "photos", a=b"1")
        for key in (Qt.Key.Key_Return, Qt.Key.Key_Escape):
            stage.show(DEMO_CLOUD, "photos", select=("a",))
            flow = stage.begin(delete_selected(stage.app, stage.window))
            dialog = await stage.dialog(DeleteDialog)
            await until(dialog.yes.isEnabled, 10, "the count")
            QTest.keyClick(dialog, key)
            await flow
        assert names(stage.cloud, "photos") == {"a"}

    play(story, tmp_path)


def test_ten_names_are_shown_and_the_rest_counted(qapp: QApplication, tmp_path: Path) -> None:
    async def story(stage: Stage) -> None:
        many = tuple(f"n{number:02}" for number in range(12))
        for name in many:
            put_one(stage.cloud, "photos", name, b"x")
        stage.show(DEMO_CLOUD, "photos", select=many)
        flow = stage.begin(delete_selected(stage.app, stage.window))
        dialog = await stage.dialog(DeleteDialog)
        shown = [label.text() for label in dialog.findChildren(type(dialog.amount))]
        assert [text for text in shown if text.startswith("•")] == [f"•  {name}" for name in many[:10]]
        assert "…  and 2 more" in shown
        await until(dialog.yes.isEnabled, 10, "the count")
        press(dialog.yes)
        await flow
        assert names(stage.cloud, "photos") == set()

    play(story, tmp_path)


def test_what_is_deleted_on_this_computer_lies_in_the_trash(
    qapp: QApplication, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("XDG_DATA_HOME", str(tmp_path / "data"))

    async def story(stage: Stage) -> None:
        (stage.home / "report.txt").write_text("mine")
        stage.show(THIS_COMPUTER, "home", select=("report.txt",))
        flow = stage.begin(delete_selected(stage.app, stage.window))
        dialog = await stage.dialog(DeleteDialog)
        await until(dialog.yes.isEnabled, 10, "the count")
        press(named_button(dialog, "Move to Trash"))
        await flow
        assert not (stage.home / "report.txt").exists()
        assert (tmp_path / "data" / "Trash" / "files" / "report.txt").read_text() == "mine"

    play(story, tmp_path)


def test_an_object_that_could_not_be_deleted_is_named_with_the_reason(
    qapp: QApplication, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def story(stage: Stage) -> None:
        put(stage.cloud, "photos", a=b"1", held=b"2")
        honest = type(stage.cloud)._delete

        def refusing(driver: object, container: object, object_name: str, version: str) -> None:
            if object_name == "held":
                raise AccessDeniedError("A retention rule holds it.")
            honest(driver, container, object_name, version)  # type: ignore[arg-type]

        monkeypatch.setattr(type(stage.cloud), "_delete", refusing)
        monkeypatch.setattr(
            type(stage.cloud), "_delete_many",
            lambda driver, container, some: driver._delete_one_by_one(container, some),
        )  # fmt: skip
        stage.show(DEMO_CLOUD, "photos", select=("a", "held"))
        flow = stage.begin(delete_selected(stage.app, stage.window))
        dialog = await stage.dialog(DeleteDialog)
        await until(dialog.yes.isEnabled, 10, "the count")
        press(dialog.yes)
        notice = await stage.dialog(NoticeDialog)
        assert "held" in notice.windowTitle()
        assert "retention" in notice.accessibleDescription()
        press(named_button(notice, "Close"))
        await flow
        assert names(stage.cloud, "photos") == {"held"}

    play(story, tmp_path)


def test_a_container_goes_with_all_that_is_in_it(qapp: QApplication, tmp_path: Path) -> None:
    async def story(stage: Stage) -> None:
        put(stage.cloud, "photos", a=b"1", b__c=b"2")
        place = stage.show(DEMO_CLOUD, "photos")
        flow = stage.begin(delete_container(stage.app, stage.window, place))
        dialog = await stage.dialog(DeleteDialog)
        await until(dialog.yes.isEnabled, 10, "the count")
        assert dialog.amount.text().startswith("2 objects")
        press(dialog.yes)
        await flow
        assert stage.cloud.list_containers() == []
        assert stage.window.opened == [Place(DEMO_CLOUD)]

    play(story, tmp_path)
