"""Entries come down into a folder: chosen in a dialog, or named by a file manager at a drop."""

from __future__ import annotations

from pathlib import Path

import pytest
from PySide6.QtWidgets import QApplication, QFileDialog

from gui.accounts import DEMO_CLOUD
from gui.flows import download
from gui.panes.dragging import Dragged
from storage_core.transfers import State

from .stage import Stage, choose, play, put

pytestmark = pytest.mark.window


def test_an_object_and_a_folder_arrive_under_their_own_names(qapp: QApplication, tmp_path: Path) -> None:
    target = tmp_path / "target"
    target.mkdir()

    async def story(stage: Stage) -> None:
        put(stage.cloud, "photos", a__raw__1=b"one", a__2=b"two", a__other=b"no")
        dragged = Dragged(DEMO_CLOUD, "photos", "a/", ("a/raw/", "a/2"))
        await download.download_to(stage.app, stage.window, dragged, str(target))
        row = await stage.transferred()
        assert row.state is State.DONE, row.error
        found = [path for path in target.rglob("*") if path.is_file()]
        files = {str(path.relative_to(target)): path.read_bytes() for path in found}
        assert files == {"raw/1": b"one", "2": b"two"}
        assert stage.window.told == ["Downloading 2 items to target."]

    play(story, tmp_path)


@pytest.mark.parametrize(
    "dragged", [Dragged(DEMO_CLOUD, "", "", ("photos",)), Dragged(DEMO_CLOUD, "photos", "", ("",))]
)
def test_a_whole_container_keeps_its_name_as_a_folder(
    qapp: QApplication, tmp_path: Path, dragged: Dragged
) -> None:
    target = tmp_path / "target"
    target.mkdir()

    async def story(stage: Stage) -> None:
        put(stage.cloud, "photos", a__1=b"one")
        await download.download_to(stage.app, stage.window, dragged, str(target))
        assert (await stage.transferred()).state is State.DONE
        assert (target / "photos" / "a" / "1").read_bytes() == b"one"

    play(story, tmp_path)


def test_the_selection_goes_into_the_folder_that_the_dialog_names(qapp: QApplication, tmp_path: Path) -> None:
    target = tmp_path / "target"
    target.mkdir()

    async def story(stage: Stage) -> None:
        put(stage.cloud, "photos", a=b"one", b=b"two")
        stage.app.settings.download_folder = str(tmp_path)
        stage.show(DEMO_CLOUD, "photos", select=("a",))
        flow = stage.begin(download.download_selected(stage.app, stage.window))
        dialog = await stage.dialog(QFileDialog)
        choose(dialog, target)
        await flow
        assert (await stage.transferred()).state is State.DONE
        assert [path.name for path in target.iterdir()] == ["a"]
        assert stage.app.settings.download_folder == str(target)

    play(story, tmp_path)
