"""Copy and paste do what a drag does."""

from __future__ import annotations

from pathlib import Path

import pytest
from PySide6.QtCore import QMimeData, QUrl
from PySide6.QtGui import QGuiApplication
from PySide6.QtWidgets import QApplication

from gui.accounts import DEMO_CLOUD, THIS_COMPUTER, Place
from gui.flows import clipboard
from storage_core.transfers import State

from .stage import Stage, names, play, put

pytestmark = pytest.mark.window


def test_entries_are_pasted_into_another_account(qapp: QApplication, tmp_path: Path) -> None:
    async def story(stage: Stage) -> None:
        put(stage.cloud, "photos", a__1=b"1", a__2=b"2")
        stage.show(DEMO_CLOUD, "photos", select=("a",))
        await clipboard.copy(stage.app, stage.window)
        assert stage.window.told[-1] == "One item copied."
        stage.window.place = Place("other", "backup", "in/")
        await clipboard.paste(stage.app, stage.window)
        assert (await stage.transferred()).state is State.DONE
        assert names(stage.other, "backup") == {"in/a/1", "in/a/2"}

    play(story, tmp_path)


def test_what_is_pasted_where_it_was_copied_becomes_a_second_copy(qapp: QApplication, tmp_path: Path) -> None:
    async def story(stage: Stage) -> None:
        put(stage.cloud, "photos", a=b"1")
        stage.show(DEMO_CLOUD, "photos", select=("a",))
        await clipboard.copy(stage.app, stage.window)
        await clipboard.paste(stage.app, stage.window)
        assert (await stage.transferred()).state is State.DONE
        assert names(stage.cloud, "photos") == {"a", "a (2)"}

    play(story, tmp_path)


def test_files_from_a_file_manager_are_pasted(qapp: QApplication, tmp_path: Path) -> None:
    (tmp_path / "from outside.txt").write_bytes(b"1")

    async def story(stage: Stage) -> None:
        mime = QMimeData()
        mime.setUrls([QUrl.fromLocalFile(str(tmp_path / "from outside.txt"))])
        QGuiApplication.clipboard().setMimeData(mime)
        stage.window.place = Place(DEMO_CLOUD, "photos")
        await clipboard.paste(stage.app, stage.window)
        assert (await stage.transferred()).state is State.DONE
        assert names(stage.cloud, "photos") == {"from outside.txt"}

    play(story, tmp_path)


def test_files_of_this_computer_are_copied_as_files_for_every_program(
    qapp: QApplication, tmp_path: Path
) -> None:
    async def story(stage: Stage) -> None:
        (stage.home / "my file.txt").write_text("x")
        stage.show(THIS_COMPUTER, "home", select=("my file.txt",))
        await clipboard.copy(stage.app, stage.window)
        mime = QGuiApplication.clipboard().mimeData()
        assert [url.toLocalFile() for url in mime.urls()] == [str(stage.home / "my file.txt")]
        for_nemo = bytes(mime.data("x-special/gnome-copied-files").data())
        assert for_nemo == f"copy\nfile://{stage.home}/my%20file.txt".encode()

    play(story, tmp_path)


def test_a_copied_object_of_a_cloud_carries_no_address_and_no_text(
    qapp: QApplication, tmp_path: Path
) -> None:
    async def story(stage: Stage) -> None:
        put(stage.cloud, "photos", a=b"1")
        stage.show(DEMO_CLOUD, "photos", select=("a",))
        await clipboard.copy(stage.app, stage.window)
        mime = QGuiApplication.clipboard().mimeData()
        assert not mime.hasUrls()
        assert not mime.hasText()

    play(story, tmp_path)


@pytest.mark.parametrize(
    ("place", "said"),
    [(Place(DEMO_CLOUD), "Open a container"), (Place(DEMO_CLOUD, "photos"), "neither files")],
)
def test_a_paste_that_cannot_be_is_explained(
    qapp: QApplication, tmp_path: Path, place: Place, said: str
) -> None:
    async def story(stage: Stage) -> None:
        if place.container:
            QGuiApplication.clipboard().setText("https://example.com/a?X-Amz-Signature=1")
        else:
            put(stage.cloud, "photos", a=b"1")
            stage.show(DEMO_CLOUD, "photos", select=("a",))
            await clipboard.copy(stage.app, stage.window)
        stage.window.place = place
        await clipboard.paste(stage.app, stage.window)
        assert said in stage.window.told[-1]
        assert stage.app.engine.changes(0).rows == ()

    play(story, tmp_path)
