"""A name is taken: each answer does what it says, for one or for the rest; other transfers do not wait."""

from __future__ import annotations

from pathlib import Path

import pytest
from PySide6.QtCore import Qt
from PySide6.QtGui import QGuiApplication
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QApplication

from gui.accounts import DEMO_CLOUD, Place
from gui.dialogs.conflict import ConflictDialog
from gui.dialogs.details import DetailsDialog
from gui.flows import transfers, upload
from gui.text import ElidedLabel
from storage_core.transfers import JobRow, Question, Ref, State

from .stage import Stage, content, named_button, names, play, press, put

pytestmark = pytest.mark.window


async def asked(stage: Stage) -> tuple[ConflictDialog, object]:
    row = await stage.asking()
    flow = stage.begin(transfers.answer_question(stage.app, stage.window, row))
    return await stage.dialog(ConflictDialog), flow


async def begun(stage: Stage, tmp_path: Path, **files: bytes) -> None:
    paths = []
    for name, data in files.items():
        (tmp_path / name).write_bytes(data)
        paths.append(str(tmp_path / name))
    await upload.upload_paths(stage.app, stage.window, paths, Place(DEMO_CLOUD, "photos"))


def test_the_folder_of_the_target_is_said_once(qapp: QApplication) -> None:
    row = JobRow(
        1, "upload", "raw", "~/raw", "photos/2026/", State.ASKING, target_ref=Ref("s3", "photos", "2026/")
    )
    dialog = ConflictDialog(row, Question(1, "2026/raw/a.jpg", 1, None, 2, None), None)
    assert any(label.text() == "raw/a.jpg in photos/2026/" for label in dialog.findChildren(ElidedLabel))


@pytest.mark.parametrize(
    ("button", "there", "state"),
    [
        ("Replace", {"a": b"new"}, State.DONE),
        ("Replace if different", {"a": b"new"}, State.DONE),
        ("Keep both", {"a": b"old", "a (2)": b"new"}, State.DONE),
        ("Skip", {"a": b"old"}, State.DONE_WITH_SKIPS),
    ],
)
def test_each_answer_does_what_it_says(
    qapp: QApplication, tmp_path: Path, button: str, there: dict[str, bytes], state: State
) -> None:
    async def story(stage: Stage) -> None:
        put(stage.cloud, "photos", a=b"old")
        await begun(stage, tmp_path, a=b"new")
        dialog, flow = await asked(stage)
        assert "“a” is already there" in dialog.heading.text()
        press(named_button(dialog, button))
        await flow  # type: ignore[misc]
        row = await stage.transferred()
        assert row.state is state
        found = {name: content(stage.cloud, "photos", name) for name in names(stage.cloud, "photos")}
        if button == "Keep both":
            assert sorted(found.values()) == sorted(there.values())
            assert found["a"] == b"old"
        else:
            assert found == there

    play(story, tmp_path)


def test_one_answer_for_the_rest_asks_no_more(qapp: QApplication, tmp_path: Path) -> None:
    async def story(stage: Stage) -> None:
        put(stage.cloud, "photos", a=b"old", b=b"old", c=b"old")
        await begun(stage, tmp_path, a=b"new", b=b"new", c=b"new", d=b"new")
        dialog, flow = await asked(stage)
        press(dialog.rest)
        press(named_button(dialog, "Replace"))
        await flow  # type: ignore[misc]
        assert (await stage.transferred()).state is State.DONE
        for name in "abcd":
            assert content(stage.cloud, "photos", name) == b"new"

    play(story, tmp_path)


def test_return_skips_and_escape_decides_nothing(qapp: QApplication, tmp_path: Path) -> None:
    async def story(stage: Stage) -> None:
        put(stage.cloud, "photos", a=b"old")
        await begun(stage, tmp_path, a=b"new")
        dialog, flow = await asked(stage)
        QTest.keyClick(dialog, Qt.Key.Key_Escape)
        await flow  # type: ignore[misc]
        dialog, flow = await asked(stage)
        QTest.keyClick(dialog, Qt.Key.Key_Return)
        await flow  # type: ignore[misc]
        assert (await stage.transferred()).state is State.DONE_WITH_SKIPS
        assert content(stage.cloud, "photos", "a") == b"old"

    play(story, tmp_path)


def test_another_transfer_ends_while_one_asks(qapp: QApplication, tmp_path: Path) -> None:
    async def story(stage: Stage) -> None:
        put(stage.cloud, "photos", a=b"old")
        await begun(stage, tmp_path, a=b"new")
        dialog, flow = await asked(stage)
        await begun(stage, tmp_path, other=b"x")
        assert (await stage.transferred()).state is State.DONE
        assert names(stage.cloud, "photos") == {"a", "other"}
        press(named_button(dialog, "Skip"))
        await flow  # type: ignore[misc]

    play(story, tmp_path)


def test_the_details_list_what_was_skipped_and_copy_it_harmlessly(qapp: QApplication, tmp_path: Path) -> None:
    async def story(stage: Stage) -> None:
        put(stage.cloud, "photos", **{"a\u202eb": b"old"})
        await begun(stage, tmp_path, **{"a\u202eb": b"new"})
        dialog, flow = await asked(stage)
        press(named_button(dialog, "Skip"))
        await flow  # type: ignore[misc]
        row: JobRow = await stage.transferred()
        details = stage.begin(transfers.show_details(stage.app, stage.window, row.id))
        shown = await stage.dialog(DetailsDialog)
        assert shown.table.rowCount() == 1
        press(named_button(shown, "Copy Report"))
        report = QGuiApplication.clipboard().text()
        assert "Skipped" in report
        assert "\u202e" not in report
        press(shown.yes)
        await details

    play(story, tmp_path)


def test_finished_transfers_are_removed_when_asked(qapp: QApplication, tmp_path: Path) -> None:
    async def story(stage: Stage) -> None:
        await begun(stage, tmp_path, a=b"1")
        row = await stage.transferred()
        await transfers.remove(stage.app, stage.window, [row.id])
        assert stage.app.engine.changes(0).rows == ()

    play(story, tmp_path)
