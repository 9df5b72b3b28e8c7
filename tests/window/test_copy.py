"""Entries go from account to account, by drop, by paste, or to a place that a dialog names."""

from __future__ import annotations

from pathlib import Path

import pytest
from PySide6.QtCore import Qt
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QApplication

from gui.accounts import DEMO_CLOUD, THIS_COMPUTER, Place
from gui.background import until
from gui.dialogs.place import PlaceDialog
from gui.flows import copy
from gui.panes.dragging import Dragged
from storage_core.transfers import State

from .stage import Stage, content, names, play, press, put, put_one, typed

pytestmark = pytest.mark.window


def test_entries_of_one_cloud_arrive_in_another_with_their_metadata(
    qapp: QApplication, tmp_path: Path
) -> None:
    async def story(stage: Stage) -> None:
        put_one(
            stage.cloud, "photos", "a/x.jpg", b"1",
            extra={"content_type": "image/x-odd"}, ex_meta={"author": "Mum"},
        )  # fmt: skip
        put(stage.cloud, "photos", a__sub__y=b"2")
        dragged = Dragged(DEMO_CLOUD, "photos", "a/", ("a/x.jpg", "a/sub/"))
        await copy.copy_dragged(stage.app, stage.window, dragged, Place("other", "backup", "in/"))
        row = await stage.transferred()
        assert row.state is State.DONE, row.error
        assert names(stage.other, "backup") == {"in/x.jpg", "in/sub/y"}
        found = stage.other.get_object("backup", "in/x.jpg")
        assert found.extra["content_type"] == "image/x-odd"
        assert found.meta_data == {"author": "Mum"}

    play(story, tmp_path)


def test_a_copy_to_this_computer_is_a_file(qapp: QApplication, tmp_path: Path) -> None:
    async def story(stage: Stage) -> None:
        put(stage.cloud, "photos", a=b"content")
        dragged = Dragged(DEMO_CLOUD, "photos", "", ("a",))
        await copy.copy_dragged(stage.app, stage.window, dragged, Place(THIS_COMPUTER, "home", "docs/"))
        assert (await stage.transferred()).state is State.DONE
        assert (stage.home / "docs" / "a").read_bytes() == b"content"

    play(story, tmp_path)


@pytest.mark.parametrize(
    ("keys", "place", "said"),
    [
        (("a/1",), Place(DEMO_CLOUD, "photos", "a/"), "in this place already"),
        (("a/b/",), Place(DEMO_CLOUD, "photos", "a/b/c/"), "into itself"),
        (("a/1",), Place(DEMO_CLOUD), "Open a container first"),
    ],
)
def test_a_copy_that_makes_no_sense_is_explained_and_not_begun(
    qapp: QApplication, tmp_path: Path, keys: tuple[str, ...], place: Place, said: str
) -> None:
    async def story(stage: Stage) -> None:
        dragged = Dragged(DEMO_CLOUD, "photos", "a/", keys)
        await copy.copy_dragged(stage.app, stage.window, dragged, place)
        assert stage.app.engine.changes(0).rows == ()
        assert said in stage.window.told[0]

    play(story, tmp_path)


def test_a_whole_container_is_copied_as_a_folder(qapp: QApplication, tmp_path: Path) -> None:
    async def story(stage: Stage) -> None:
        put(stage.cloud, "photos", a__1=b"one")
        dragged = Dragged(DEMO_CLOUD, "", "", ("photos",))
        await copy.copy_dragged(stage.app, stage.window, dragged, Place("other", "backup"))
        assert (await stage.transferred()).state is State.DONE
        assert content(stage.other, "backup", "photos/a/1") == b"one"

    play(story, tmp_path)


def test_the_dialog_offers_the_containers_of_the_chosen_account(qapp: QApplication, tmp_path: Path) -> None:
    async def story(stage: Stage) -> None:
        put(stage.cloud, "photos", a=b"1")
        stage.show(DEMO_CLOUD, "photos", select=("a",))
        flow = stage.begin(copy.copy_selected_to(stage.app, stage.window))
        dialog = await stage.dialog(PlaceDialog)
        dialog.account.setFocus()
        while dialog.account.currentData() != "other":
            QTest.keyClick(dialog.account, Qt.Key.Key_Down)
        await until(lambda: dialog.container.currentText() == "backup", 10, "the containers")
        typed(dialog.folder, "new/folder")
        press(dialog.yes)
        await flow
        assert (await stage.transferred()).state is State.DONE
        assert names(stage.other, "backup") == {"new/folder/a"}

    play(story, tmp_path)
