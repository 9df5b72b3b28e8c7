"""New names: of objects and folders, of new folders and containers. What cannot be is said while typing."""

from __future__ import annotations

from pathlib import Path

import pytest
from PySide6.QtWidgets import QApplication

from gui.accounts import DEMO_CLOUD, THIS_COMPUTER, Place
from gui.background import until
from gui.dialogs.name import NameDialog
from gui.error_box import Box
from gui.flows.container import new_container
from gui.flows.folder import new_folder
from gui.flows.rename import rename_selected

from .stage import Stage, content, named_button, names, play, press, put, put_one, typed

pytestmark = pytest.mark.window


def test_an_object_is_renamed_with_its_metadata_and_selected(qapp: QApplication, tmp_path: Path) -> None:
    async def story(stage: Stage) -> None:
        put_one(stage.cloud, "photos", "a/old.jpg", b"1", ex_meta={"author": "Mum"})
        stage.show(DEMO_CLOUD, "photos", "a/", select=("old.jpg",))
        flow = stage.begin(rename_selected(stage.app, stage.window))
        dialog = await stage.dialog(NameDialog)
        assert dialog.field.selectedText() == "old"  # the ending stays when one types
        typed(dialog.field, "new.jpg")
        press(dialog.yes)
        await flow
        assert names(stage.cloud, "photos") == {"a/new.jpg"}
        assert stage.cloud.get_object("photos", "a/new.jpg").meta_data == {"author": "Mum"}
        assert stage.window.objects.chosen == ["a/new.jpg"]

    play(story, tmp_path)


@pytest.mark.parametrize("account", [DEMO_CLOUD, THIS_COMPUTER])
def test_a_folder_is_renamed_with_everything_below(qapp: QApplication, tmp_path: Path, account: str) -> None:
    async def story(stage: Stage) -> None:
        driver = stage.app.drivers.get(account)
        assert driver is not None
        container = "photos" if account == DEMO_CLOUD else "home"
        put(driver, container, old__1=b"one", old__sub__2=b"two", older=b"no")
        stage.show(account, container, select=("old",))
        flow = stage.begin(rename_selected(stage.app, stage.window))
        dialog = await stage.dialog(NameDialog)
        typed(dialog.field, "new")
        press(dialog.yes)
        await flow
        assert names(driver, container) == {"new/1", "new/sub/2", "older"}
        assert content(driver, container, "new/sub/2") == b"two"

    play(story, tmp_path)


def test_a_name_that_is_taken_is_not_overwritten(qapp: QApplication, tmp_path: Path) -> None:
    async def story(stage: Stage) -> None:
        put(stage.cloud, "photos", a=b"1", b=b"2")
        stage.show(DEMO_CLOUD, "photos", select=("a",))
        flow = stage.begin(rename_selected(stage.app, stage.window))
        dialog = await stage.dialog(NameDialog)
        typed(dialog.field, "b")
        press(dialog.yes)
        await until(lambda: dialog.isVisible() and dialog.problem.text(), 10, "the refusal")
        assert dialog.problem.text() == "This name is taken."
        press(named_button(dialog, "Cancel"))
        await flow
        assert content(stage.cloud, "photos", "a") == b"1"
        assert content(stage.cloud, "photos", "b") == b"2"

    play(story, tmp_path)


@pytest.mark.parametrize(("name", "said"), [("a/b", "slash"), ("..", "place"), ("x" * 9000, "bytes")])
def test_an_impossible_name_is_said_while_typing(
    qapp: QApplication, tmp_path: Path, name: str, said: str
) -> None:
    async def story(stage: Stage) -> None:
        stage.window.place = Place(DEMO_CLOUD, "photos")
        flow = stage.begin(new_folder(stage.app, stage.window))
        dialog = await stage.dialog(NameDialog)
        assert not dialog.yes.isEnabled()
        dialog.field.setText(name)
        assert said in dialog.problem.text()
        assert not dialog.yes.isEnabled()
        dialog.reject()
        await flow

    play(story, tmp_path)


@pytest.mark.parametrize("account", [DEMO_CLOUD, THIS_COMPUTER])
def test_a_new_folder_is_there_and_selected(qapp: QApplication, tmp_path: Path, account: str) -> None:
    async def story(stage: Stage) -> None:
        container = "photos" if account == DEMO_CLOUD else "home"
        stage.window.place = Place(account, container)
        flow = stage.begin(new_folder(stage.app, stage.window))
        dialog = await stage.dialog(NameDialog)
        typed(dialog.field, "Ferien")
        press(dialog.yes)
        await flow
        driver = stage.app.drivers.get(account)
        assert driver is not None
        assert driver.list_page(driver.open_container(container)).prefixes == ["Ferien/"]
        assert stage.window.objects.chosen == ["Ferien/"]
        assert account == DEMO_CLOUD or (stage.home / "Ferien").is_dir()

    play(story, tmp_path)


def test_a_container_whose_name_is_taken_can_be_called_otherwise(qapp: QApplication, tmp_path: Path) -> None:
    async def story(stage: Stage) -> None:
        stage.window.place = Place(DEMO_CLOUD)
        flow = stage.begin(new_container(stage.app, stage.window))
        dialog = await stage.dialog(NameDialog)
        dialog.field.setText("with/slash")
        assert dialog.problem.text()
        assert not dialog.yes.isEnabled()
        typed(dialog.field, "photos")
        press(dialog.yes)
        box = await stage.dialog(Box)
        press(named_button(box, "Close"))
        await until(dialog.isVisible, 10, "the dialog again")
        typed(dialog.field, "new-one")
        press(dialog.yes)
        await flow
        assert {container.name for container in stage.cloud.list_containers()} == {"photos", "new-one"}
        assert stage.window.opened == [Place(DEMO_CLOUD, "new-one")]

    play(story, tmp_path)
