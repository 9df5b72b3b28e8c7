"""Names that somebody else chose: never markup, never a place outside of the folder, never invisible."""

from __future__ import annotations

import os
from collections.abc import Iterator
from html.parser import HTMLParser
from pathlib import Path
from typing import Any

import pytest
from PySide6.QtCore import QAbstractListModel, QModelIndex, Qt
from PySide6.QtTest import QTest
from PySide6.QtWidgets import (
    QAbstractButton,
    QApplication,
    QDialog,
    QLabel,
    QMenu,
    QPlainTextEdit,
    QTextEdit,
    QWidget,
)

from gui.accounts import Place
from gui.background import in_thread, until
from gui.dialogs.conflict import ConflictDialog
from gui.dialogs.delete import DeleteDialog
from gui.dialogs.name import NameDialog
from gui.dialogs.properties import PropertiesDialog
from gui.models.listing import Role
from gui.panes import dragging
from gui.panes.dragging import Dragged, mime_data
from gui.text import shown
from storage_core.drivers.memory import MemoryStorageDriver
from storage_core.transfers import State
from tests.servers.swift import Swift

from .canned import CannedDriver
from .luck import (
    account,
    boto,
    click,
    command,
    download,
    drop,
    ended,
    engine_threads,
    files,
    in_state,
    picture,
    press_row,
    rows,
    send_drop,
    shown_dialog,
    visible,
)
from .scene import Scene, show
from .stage import names, put_one

pytestmark = pytest.mark.window
HOSTILE = (
    "../../x",
    "../up",
    "/etc/lead",
    "a//b",
    "a/../../../b",
    "..",
    "<img src='file:///etc/passwd'>.png",
    "<b>bold</b>.txt",
    "a<br>b &amp; &lt;c&gt;.txt",
    "R&D &notes.txt",
    "annual\u202egpj.exe",
    "isolate\u2066d\u2069",
    "zero\u200bwidth",
    "two\nlines.txt",
    "tab\there\x07bell\x1b[31m",
    " spaces around ",
    "C:\\windows\\x",
    "CON",
    "nul.txt",
    "-rf",
    "$(reboot)",
    "%2e%2e%2fx",
    "https://evil.example/x",
    "\u0301accent first",
    "x" * 1024,
    "\U0001f600" * 256,
)
INVISIBLE = {
    *map(chr, range(32)), "\x7f", "\u200b", "\u200e", "\u200f", "\u202a", "\u202b", "\u202c", "\u202d",
    "\u202e", "\u2066", "\u2067", "\u2068", "\u2069", "\ufeff",
}  # fmt: skip


@pytest.fixture(autouse=True)
def nothing_left() -> Iterator[None]:
    """No thread outlives its story."""
    yield
    assert not engine_threads()


def cloud() -> MemoryStorageDriver:
    """An account in memory whose one container holds all of them, each with its name as its content."""
    driver = MemoryStorageDriver("hostile")
    driver.create_container("odd")
    driver.create_container("empty")
    for name in HOSTILE:
        put_one(driver, "odd", name, name.encode())
    return driver


class Tags(HTMLParser):
    """The tags that a rich text really has."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.found: list[str] = []
        self.feed(text)

    def handle_starttag(self, tag: str, attrs: Any) -> None:
        self.found.append(tag)


def check_text(text: str, where: object) -> None:
    """Nothing in it is invisible, or reorders what stands beside it."""
    hidden = sorted(set(text) & (INVISIBLE - {"\n"}))
    assert not hidden, f"{hidden} in {where}: {text!r}"


def check_tip(tip: str, where: object) -> None:
    """A tooltip knows no plain text: it is one paragraph, and all else in it is escaped."""
    if tip:
        check_text(tip, where)
        assert Tags(tip).found in ([], ["p"]), f"{where}: {tip!r}"
        assert Tags(tip).found == ["p"] or "<" not in tip, f"{where}: {tip!r}"


def check_widgets() -> None:
    """Everything that is on the screen now."""
    for window in visible(QWidget):
        check_text(window.windowTitle(), window)
        for widget in (window, *window.findChildren(QWidget)):
            if widget.isVisible():
                check_widget(widget)


def check_widget(widget: QWidget) -> None:
    check_tip(widget.toolTip(), widget)
    check_text(widget.accessibleName(), widget)
    if isinstance(widget, QLabel):
        check_text(widget.text(), widget)
        plain = widget.textFormat() is Qt.TextFormat.PlainText or not set(widget.text()) & set("<&")
        assert plain, f"{widget} would show {widget.text()!r} as markup"
        assert widget.width() <= widget.window().width()
    elif isinstance(widget, QAbstractButton):
        check_text(widget.text(), widget)
    elif isinstance(widget, QTextEdit):
        raise AssertionError(f"{widget} knows rich text")
    elif isinstance(widget, QPlainTextEdit):
        check_text(widget.toPlainText(), widget)


def check_model(model: Any) -> list[str]:
    """All cells of the first level; returns what they show."""
    said = []
    top = QModelIndex()
    columns = 1 if isinstance(model, QAbstractListModel) else model.columnCount(top)
    for row in range(model.rowCount(top)):
        for column in range(columns):
            index = model.index(row, column, top)
            for role in (Role.DisplayRole, Role.AccessibleTextRole):
                check_text(str(index.data(role) or ""), role)
            check_tip(index.data(Role.ToolTipRole) or "", "an item")
            said.append(str(index.data(Role.DisplayRole) or ""))
    return said


# -- looking --


def test_every_name_is_listed_with_all_of_it_visible(application: QApplication, tmp_path: Path) -> None:
    async def story(scene: Scene) -> None:
        scene.add("hostile", cloud())
        await scene.open("hostile", "odd")
        said = check_model(scene.window.objects.model)
        flat = {name for name in HOSTILE if "/" not in name}
        assert {shown(name) for name in flat} <= set(said)
        assert {"annual‹RLO›gpj.exe", "two‹LF›lines.txt", "zero‹ZWSP›width", "␣spaces around␣"} <= set(said)
        model = scene.window.objects.model
        for row in range(model.rowCount()):
            scene.window.objects.select([model.entry(row).key])
            for tab in range(3):
                scene.window.inspector.tabs.setCurrentIndex(tab)
                check_widgets()
        scene.window.objects.select(["annual\u202egpj.exe"])
        scene.window.inspector.tabs.setCurrentIndex(0)
        picture(scene.window, "hostile-list")
        assert "annual‹RLO›gpj.exe" in scene.window.inspector._name.toPlainText()

    show(story, tmp_path)


def test_folders_that_look_like_ways_out_are_folders(application: QApplication, tmp_path: Path) -> None:
    async def story(scene: Scene) -> None:
        scene.add("hostile", cloud())
        for prefix, inside in (("../", {"..", "up"}), ("../../", {"x"}), ("a/", {"", ".."}), ("/", {"etc"})):
            await scene.open("hostile", "odd", prefix)
            assert set(scene.names()) == inside, prefix
            check_widgets()
            check_model(scene.window.containers.model)
            steps = scene.window.path.texts()
            assert len(steps) == 2 + prefix.count("/")
        picture(scene.window, "hostile-folder")
        await command(scene, "go.up")
        await scene.listed()
        assert scene.window.place == Place("hostile", "odd")

    show(story, tmp_path)


def test_containers_and_accounts_may_be_hostile_too(application: QApplication, tmp_path: Path) -> None:
    bad = tuple(name for name in HOSTILE if "/" not in name)

    async def story(scene: Scene) -> None:
        scene.add("<img src=x> R&D \u202e\n", CannedDriver(lambda prefix: ["<i>a</i>/", "b"], bad))
        await scene.open("<img src=x> R&D \u202e\n")
        check_widgets()
        check_model(scene.window.containers.model)
        check_model(scene.window.accounts.rows)
        for name in bad:
            await scene.open("<img src=x> R&D \u202e\n", name, "<b>x</b>/\u202e/")
            check_widgets()
        picture(scene.window, "hostile-containers")

    show(story, tmp_path)


# -- asking --


def test_menus_and_dialogs_show_names_as_they_are(application: QApplication, tmp_path: Path) -> None:
    async def story(scene: Scene) -> None:
        scene.add("hostile", cloud())
        await scene.open("hostile", "odd")
        table = scene.window.objects.table
        for number, name in enumerate(name for name in HOSTILE if "/" not in name):
            scene.window.objects.select([name])
            await until(lambda: len(scene.window.selected()) == 1, 5, "the selection")
            at = table.visualRect(table.selectionModel().selectedRows()[0]).center()
            QTest.mouseClick(table.viewport(), Qt.MouseButton.RightButton, pos=at)
            table.customContextMenuRequested.emit(at)
            menu = visible(QMenu)[-1]
            for action in menu.actions():
                check_text(action.text(), "the menu")
                check_tip(action.toolTip(), action.text())
            menu.close()
            for command_id, kind in (
                ("object.delete", DeleteDialog),
                ("object.properties", PropertiesDialog),
                ("object.rename", NameDialog),
            ):
                scene.window.commands[command_id].trigger()
                dialog: Any = await shown_dialog(kind)
                check_widgets()
                if number in (1, 5, 20):
                    picture(dialog, f"hostile-{kind.__name__}-{number}")
                assert dialog.width() < 1000, f"{name!r} widens {kind.__name__}"
                dialog.reject()
                await until(lambda: not visible(QDialog), 5, "the end of the dialog")

    show(story, tmp_path)


# -- moving --


def test_a_download_stays_inside_the_folder_that_was_chosen(
    application: QApplication, tmp_path: Path, swift_server: Swift
) -> None:
    client = boto(swift_server)
    client.create_bucket(Bucket="hostile-down")
    sent = [name for name in HOSTILE if name != ".."]  # an object, and the folder of "../up": not on one disk
    for name in sent:
        client.put_object(Bucket="hostile-down", Key=name, Body=name.encode())
    target = tmp_path / "one" / "two" / "three" / "target"
    target.mkdir(parents=True)

    async def story(scene: Scene) -> None:
        before = outside(tmp_path, target)
        await scene.open(account(scene, swift_server), "hostile-down")
        picture(scene.window, "hostile-swift")
        assert shown("annual\u202egpj.exe") in check_model(scene.window.objects.model)
        scene.window.objects.select_all()
        await download(scene, target)
        row = await ended(scene)
        picture(scene.window, "hostile-download")
        problems = await in_thread(scene.app.engine.reports, row.id)
        assert (row.state, row.items_failed) == (State.DONE, 0), problems
        check_widgets()
        check_model(scene.window.jobs)
        assert outside(tmp_path, target) == before
        assert sorted(files(target).values()) == sorted(name.encode() for name in sent)
        assert not any(path.is_symlink() for path in target.rglob("*"))
        # And up again: the same names come out.
        await scene.open("cloud", "hostile-down", "again/")
        drop(scene, *target.iterdir())
        await until(lambda: len(rows(scene)) == 2, 10, "the upload")
        row = await ended(scene)
        said = [report.reason for report in await in_thread(scene.app.engine.reports, row.id)]
        # Below another folder the two longest are too long for the service: those alone, and that is said.
        assert said == ["An object's name here has 1 to 1024 bytes; this one has 1030."] * 2

    show(story, tmp_path)
    listed = client.list_objects_v2(Bucket="hostile-down", Prefix="again/")["Contents"]
    again = {one["Key"].removeprefix("again/") for one in listed}
    assert again == {name for name in sent if len(name.encode()) < 1000}


def outside(top: Path, target: Path) -> set[str]:
    """Files of the test's folder that are neither in the target nor the program's own."""
    own = (target, top / "profile")
    return {
        str(path)
        for path in (*top.rglob("*"), *Path("/etc").glob("lead*"), *Path("/etc").glob("passwd*"))
        if path.is_file() and not any(path.is_relative_to(one) for one in own)
    }


def test_dragged_entries_keep_their_names_across_accounts(application: QApplication, tmp_path: Path) -> None:
    other = MemoryStorageDriver("other")
    other.create_container("in")

    async def story(scene: Scene) -> None:
        scene.add("hostile", cloud())
        scene.add("other", other)
        await scene.open("hostile", "odd")
        scene.window.objects.select_all()
        keys = tuple(entry.key for entry in scene.window.selected())
        await scene.open("other", "in")
        send_drop(scene.window.objects.table.viewport(), mime_data(Dragged("hostile", "odd", "", keys)))
        row = await ended(scene)
        assert row.state is State.DONE, row
        assert names(other, "in") == set(HOSTILE)

    show(story, tmp_path)


def test_the_name_that_a_file_manager_is_offered_is_one_component(application: QApplication) -> None:
    for name in (*HOSTILE, "../", "..//", "a/../", "\0"):
        offered = dragging._name_on_disk(name, "box")
        assert offered
        assert "/" not in offered
        assert "\0" not in offered
        assert offered not in (".", "..")
        assert len(os.fsencode(offered)) <= 255


def test_a_question_about_a_hostile_name_is_plain(application: QApplication, tmp_path: Path) -> None:
    name = "<img src=x>\u202e&\n.txt"
    path = tmp_path / "from" / name
    path.parent.mkdir()
    path.write_bytes(b"new")

    async def story(scene: Scene) -> None:
        driver = cloud()
        put_one(driver, "empty", name, b"old and longer")
        scene.add("hostile", driver)
        await scene.open("hostile", "empty")
        drop(scene, path)
        dialog = await shown_dialog(ConflictDialog)
        picture(dialog, "hostile-conflict")
        check_widgets()
        check_model(scene.window.jobs)
        assert "‹RLO›" in dialog.heading.text()
        click(dialog, "Skip")
        row = await in_state(scene, State.DONE_WITH_SKIPS)
        press_row(scene, "details")
        details = await shown_dialog(QDialog)
        picture(details, "hostile-details")
        check_widgets()
        assert row.items_skipped == 1

    show(story, tmp_path)
