"""Files and folders of this computer go up: dropped, pasted or chosen."""

from __future__ import annotations

from pathlib import Path

import pytest
from PySide6.QtWidgets import QApplication, QFileDialog

from gui.accounts import DEMO_CLOUD, THIS_COMPUTER, Place
from gui.flows import upload
from storage_core.transfers import State

from .stage import Stage, choose, content, names, play, put

pytestmark = pytest.mark.window


def test_files_and_folders_go_in_with_their_names(qapp: QApplication, tmp_path: Path) -> None:
    folder = tmp_path / "holidays"
    (folder / "raw").mkdir(parents=True)
    (folder / "raw" / "ä & b.jpg").write_bytes(b"picture")
    (tmp_path / "note.txt").write_bytes(b"note")

    async def story(stage: Stage) -> None:
        place = Place(DEMO_CLOUD, "photos", "2026/")
        paths = [str(folder), str(tmp_path / "note.txt")]
        await upload.upload_paths(stage.app, stage.window, paths, place)
        row = await stage.transferred()
        assert row.state is State.DONE, row.error
        assert names(stage.cloud, "photos") == {"2026/holidays/raw/ä & b.jpg", "2026/note.txt"}
        assert content(stage.cloud, "photos", "2026/note.txt") == b"note"
        assert stage.window.told == ["Uploading 2 items to Demo cloud › photos › 2026."]

    play(story, tmp_path)


def test_a_drop_beside_the_containers_is_explained(qapp: QApplication, tmp_path: Path) -> None:
    async def story(stage: Stage) -> None:
        await upload.upload_paths(stage.app, stage.window, [str(tmp_path)], Place(DEMO_CLOUD))
        assert stage.app.engine.changes(0).rows == ()
        assert "Open a container first" in stage.window.told[0]

    play(story, tmp_path)


def test_files_chosen_in_the_dialog_are_uploaded_and_the_folder_is_remembered(
    qapp: QApplication, tmp_path: Path
) -> None:
    (tmp_path / "chosen.txt").write_bytes(b"1")

    async def story(stage: Stage) -> None:
        stage.app.settings.upload_folder = str(tmp_path)
        put(stage.cloud, "photos", there=b"x")
        stage.show(DEMO_CLOUD, "photos")
        flow = stage.begin(upload.choose_files(stage.app, stage.window))
        dialog = await stage.dialog(QFileDialog)
        choose(dialog, tmp_path / "chosen.txt")
        await flow
        assert (await stage.transferred()).state is State.DONE
        assert names(stage.cloud, "photos") == {"there", "chosen.txt"}
        assert stage.app.settings.upload_folder == str(tmp_path)

    play(story, tmp_path)


def test_this_computer_takes_uploads_like_any_account(qapp: QApplication, tmp_path: Path) -> None:
    (tmp_path / "a.txt").write_bytes(b"1")

    async def story(stage: Stage) -> None:
        place = Place(THIS_COMPUTER, "home", "inside/")
        await upload.upload_paths(stage.app, stage.window, [str(tmp_path / "a.txt")], place)
        assert (await stage.transferred()).state is State.DONE
        assert (stage.home / "inside" / "a.txt").read_bytes() == b"1"

    play(story, tmp_path)


def test_nothing_new_begins_while_the_program_quits(qapp: QApplication, tmp_path: Path) -> None:
    async def story(stage: Stage) -> None:
        stage.app.quitting = True
        await upload.upload_paths(stage.app, stage.window, [str(tmp_path)], Place(DEMO_CLOUD, "photos"))
        assert stage.app.engine.changes(0).rows == ()

    play(story, tmp_path)
