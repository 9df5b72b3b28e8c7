"""Before a copy to a service that has no place for all of it: the sheet, and when it does not come."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest
from PySide6.QtWidgets import QApplication, QLabel

from gui.accounts import DEMO_CLOUD, Place
from gui.background import until
from gui.dialogs.fidelity import FidelityDialog
from gui.flows import copy
from gui.panes.dragging import Dragged
from storage_core.base import StorageDriver
from storage_core.transfers import State

from .stage import Stage, names, play, press, put, put_one

pytestmark = pytest.mark.window

TARGET = Place("other", "backup", "in/")
ALL = Dragged(DEMO_CLOUD, "photos", "", ("a.txt", "b.txt", "deep/"))


def without_tags(driver: StorageDriver) -> None:
    driver.capabilities = replace(driver.capabilities, tags=False, headers_lost=("expires",))


def fill(stage: Stage) -> None:
    without_tags(stage.other)
    put_one(stage.cloud, "photos", "a.txt", b"1", extra={"tags": {"colour": "red"}}, ex_meta={"who": "me"})
    put(stage.cloud, "photos", deep__b=b"2")
    put_one(stage.cloud, "photos", "b.txt", b"3")


def rows(dialog: FidelityDialog) -> dict[str, tuple[str, str]]:
    """Field to what becomes of it, and why, as shown."""
    table = dialog.table
    texts = [[table.item(row, column).text() for column in range(3)] for row in range(table.rowCount())]
    return {field: (fate, why) for field, fate, why in texts}


def test_the_sheet_lists_what_is_lost_first_and_copies_all_the_same(
    qapp: QApplication, tmp_path: Path
) -> None:
    async def story(stage: Stage) -> None:
        fill(stage)
        stage.begin(copy.copy_dragged(stage.app, stage.window, ALL, TARGET))
        dialog = await stage.dialog(FidelityDialog)
        told = [label.text() for label in dialog.findChildren(QLabel)]
        assert "One of 3 objects looked at has something there is no place for: tags." in told
        found = rows(dialog)
        assert list(found)[:2] == ["Expires", "Tags"]
        assert found["Tags"] == ("Lost", "This service does not offer tags.")
        assert found["Metadata"] == ("Kept", "")
        assert names(stage.other, "backup") == set()
        press(dialog.yes)
        row = await stage.transferred()
        assert row.state is State.DONE
        assert names(stage.other, "backup") == {"in/a.txt", "in/b.txt", "in/deep/b"}
        kept = stage.other.get_object("backup", "in/a.txt").attributes
        assert kept is not None
        assert dict(kept.metadata) == {"who": "me"}
        assert not kept.tags
        reasons = {one.reason for one in stage.app.engine.reports(row.id, only_problems=False)}
        assert "Not kept at the target: tags." in reasons

    play(story, tmp_path)


def test_cancel_copies_nothing(qapp: QApplication, tmp_path: Path) -> None:
    async def story(stage: Stage) -> None:
        fill(stage)
        flow = stage.begin(copy.copy_dragged(stage.app, stage.window, ALL, TARGET))
        press((await stage.dialog(FidelityDialog)).no)
        await flow
        assert names(stage.other, "backup") == set()
        assert not stage.app.engine.changes(0).rows

    play(story, tmp_path)


def test_it_asks_no_more_for_a_pair_that_was_settled(qapp: QApplication, tmp_path: Path) -> None:
    async def story(stage: Stage) -> None:
        fill(stage)
        stage.begin(copy.copy_dragged(stage.app, stage.window, ALL, TARGET))
        dialog = await stage.dialog(FidelityDialog)
        dialog.again.setChecked(True)
        press(dialog.yes)
        await stage.transferred()
        assert "settled" in str(stage.app.settings.differences())
        await copy.copy_dragged(stage.app, stage.window, ALL, Place("other", "backup", "twice/"))
        await until(lambda: "twice/a.txt" in names(stage.other, "backup"), 20, "the second copy")

    play(story, tmp_path)


def test_a_selection_that_loses_nothing_is_not_asked_about(qapp: QApplication, tmp_path: Path) -> None:
    async def story(stage: Stage) -> None:
        fill(stage)
        dragged = Dragged(DEMO_CLOUD, "photos", "", ("b.txt", "deep/"))
        await copy.copy_dragged(stage.app, stage.window, dragged, TARGET)
        assert (await stage.transferred()).state is State.DONE

    play(story, tmp_path)


def test_a_copy_inside_the_account_is_not_asked_about(qapp: QApplication, tmp_path: Path) -> None:
    async def story(stage: Stage) -> None:
        fill(stage)
        without_tags(stage.cloud)
        await copy.copy_dragged(stage.app, stage.window, ALL, Place(DEMO_CLOUD, "photos", "twice/"))
        assert (await stage.transferred()).state is State.DONE

    play(story, tmp_path)
