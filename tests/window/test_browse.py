"""Going places in the whole window: pages as they come, stale ones dropped, errors in place."""

from __future__ import annotations

import os
import socket
import sqlite3
import threading
import time
from collections.abc import Callable
from pathlib import Path

import pytest
from PySide6.QtCore import QSize, Qt
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QApplication, QLineEdit, QMenu

from gui import background
from gui.accounts import DEMO_CLOUD, THIS_COMPUTER, Place
from gui.background import in_thread, until
from gui.dialogs.name import NameDialog
from gui.flows.browse import Trail
from gui.main_window.window import HEAD_MS
from storage_core.errors import AccessDeniedError, ConnectionLostError

from .canned import PAGE, CannedDriver, numbered
from .conftest import Guard
from .scene import PATIENCE, Scene, show
from .stage import typed

pytestmark = pytest.mark.window


def gated(names: Callable[[str], list[str]], permits: int) -> CannedDriver:
    driver = CannedDriver(names)
    driver.gate = threading.Semaphore(permits)
    return driver


def status(scene: Scene) -> str:
    return scene.window.objects.status_text()


# -- the first look --


def test_a_new_user_sees_the_demo_clouds_containers_and_two_accounts(
    application: QApplication, tmp_path: Path
) -> None:
    async def story(scene: Scene) -> None:
        await until(lambda: scene.names(), PATIENCE, "the demo cloud")
        await scene.listed()
        assert "holiday-photos" in scene.names()
        assert scene.window.accounts.rows.rowCount() == 2
        assert status(scene).endswith("containers")
        assert scene.window.path.texts() == ["Demo cloud"]

    show(story, tmp_path, first=True)


def test_this_computer_shows_the_home_folder(application: QApplication, tmp_path: Path) -> None:
    (tmp_path / "home" / "letters").mkdir(parents=True)
    (tmp_path / "home" / "plan.txt").write_text("12345")

    async def story(scene: Scene) -> None:
        await scene.open(THIS_COMPUTER, "Home")
        assert scene.names() == ["letters", "plan.txt"]
        assert status(scene) == "1 folder, 1 object, 5\u00a0B"
        QTest.keyClick(scene.window.objects.table, Qt.Key.Key_Down)
        scene.window.objects.select(["letters/"])
        QTest.keyClick(scene.window.objects.table, Qt.Key.Key_Return)
        await scene.listed()
        assert scene.window.place == Place(THIS_COMPUTER, "Home", "letters/")

    show(story, tmp_path)


# -- listings --


def test_rows_appear_with_the_first_page_and_the_line_says_so_far(
    application: QApplication, tmp_path: Path
) -> None:
    async def story(scene: Scene) -> None:
        driver = gated(numbered(3 * PAGE), 1)
        scene.add("big", driver)
        scene.window.open_place(Place("big", "box"))
        await until(lambda: len(scene.names()) == PAGE, PATIENCE, "the first page")
        assert "1,000 objects" in status(scene)
        assert status(scene).endswith("so far")
        assert driver.gate is not None
        driver.gate.release(2)
        await scene.listed()
        assert len(scene.names()) == 3 * PAGE
        assert "so far" not in status(scene)

    show(story, tmp_path)


def test_leaving_a_folder_stops_its_listing_within_a_page_and_drops_what_comes_late(
    application: QApplication, tmp_path: Path
) -> None:
    async def story(scene: Scene) -> None:
        driver = gated(numbered(50 * PAGE), 1)
        scene.add("big", driver)
        scene.add("small", CannedDriver(lambda prefix: ["only.txt"]))
        scene.window.open_place(Place("big", "box"))
        await until(lambda: driver.pages_asked == 2, PATIENCE, "the second page")
        await scene.open("small", "box")
        assert driver.gate is not None
        driver.gate.release(60)
        await in_thread(lambda: None, account="big")
        await background.pause(0.3)
        assert driver.pages_asked <= 3
        assert scene.names() == ["only.txt"]

    show(story, tmp_path)


def test_a_slow_account_does_not_hold_up_another_one(application: QApplication, tmp_path: Path) -> None:
    async def story(scene: Scene) -> None:
        slow = gated(numbered(10), 0)
        scene.add("slow", slow)
        scene.add("quick", CannedDriver(lambda prefix: ["a"]))
        for _ in range(6):  # more than there are threads for one account
            scene.window.open_place(Place("slow", "box"))
            await background.pause(0.01)
        await scene.open("quick", "box")
        assert scene.names() == ["a"]
        assert slow.gate is not None
        slow.gate.release(100)

    show(story, tmp_path)


def test_a_failed_listing_says_so_in_place_and_tries_again(application: QApplication, tmp_path: Path) -> None:
    async def story(scene: Scene) -> None:
        driver = CannedDriver(lambda prefix: ["a.txt"])
        driver.error = AccessDeniedError("This key may not list the container.")
        scene.add("closed", driver)
        await scene.open("closed", "box")
        message = scene.window.objects.message
        assert message.isVisible()
        assert "Could not list “box/”" in message.title
        assert status(scene) == ""
        driver.error = None
        QTest.mouseClick(message.button, Qt.MouseButton.LeftButton)
        await scene.listed()
        assert scene.names() == ["a.txt"]
        assert not message.isVisible()

    show(story, tmp_path)


def test_a_listing_that_breaks_in_the_middle_keeps_its_rows_and_says_that_they_are_not_all(
    application: QApplication, tmp_path: Path
) -> None:
    async def story(scene: Scene) -> None:
        driver = CannedDriver(numbered(3 * PAGE))
        driver.error, driver.fails_from = ConnectionLostError("The connection broke."), 2
        scene.add("frail", driver)
        await scene.open("frail", "box")
        await until(lambda: len(scene.names()) == 2 * PAGE, PATIENCE, "two pages")
        notice = scene.window.objects.notice
        assert notice.isVisible()
        assert "Could not list" in notice.text
        driver.error = None
        QTest.mouseClick(notice.button, Qt.MouseButton.LeftButton)
        await until(lambda: len(scene.names()) == 3 * PAGE, PATIENCE, "all pages")
        assert not notice.isVisible()

    show(story, tmp_path)


def test_a_refresh_keeps_selection_and_rows(application: QApplication, tmp_path: Path) -> None:
    async def story(scene: Scene) -> None:
        names = [f"n{n}" for n in range(50)]
        scene.add("box", CannedDriver(lambda prefix: sorted(names)))
        await scene.open("box", "box")
        scene.window.objects.select(["n7", "n40"])
        names.remove("n7")
        names.append("new")
        QTest.keyClick(scene.window.objects.table, Qt.Key.Key_F5)
        assert len(scene.names()) == 50  # no flicker
        await scene.listed()
        assert "new" in scene.names()
        assert [entry.key for entry in scene.window.selected()] == ["n40"]

    show(story, tmp_path)


def test_keys_that_may_not_list_containers_see_those_named_in_the_account(
    application: QApplication, tmp_path: Path
) -> None:
    async def story(scene: Scene) -> None:
        driver = CannedDriver(lambda prefix: [])
        scene.add("narrow", driver, containers=("mine", "theirs"))
        driver.error = AccessDeniedError("You may not list containers.")
        await scene.open("narrow")
        assert scene.names() == ["mine", "theirs"]

    show(story, tmp_path)


def test_a_container_can_be_opened_by_its_name(application: QApplication, tmp_path: Path) -> None:
    async def story(scene: Scene) -> None:
        scene.add("narrow", CannedDriver(lambda prefix: ["found.txt"], ()))
        await scene.open("narrow")
        scene.window.commands["container.open"].trigger()
        await until(lambda: _dialog() is not None, PATIENCE, "the dialog")
        dialog = _dialog()
        assert dialog is not None
        typed(dialog.field, "shared-with-me")
        QTest.mouseClick(dialog.yes, Qt.MouseButton.LeftButton)
        await until(lambda: scene.names() == ["found.txt"], PATIENCE, "its objects")
        assert scene.window.place == Place("narrow", "shared-with-me")

    show(story, tmp_path)


def _dialog() -> NameDialog | None:
    shown = [w for w in QApplication.topLevelWidgets() if isinstance(w, NameDialog) and w.isVisible()]
    return shown[0] if shown else None


# -- ways --


def test_back_forward_and_up_go_where_they_say(application: QApplication, tmp_path: Path) -> None:
    async def story(scene: Scene) -> None:
        scene.add("a", CannedDriver(lambda prefix: [f"{prefix}x/", f"{prefix}f.txt"]))
        window = scene.window
        places = [
            await scene.open("a", "box"),
            await scene.open("a", "box", "x/"),
            await scene.open("a", "box", "x/x/"),
        ]
        assert not window.commands["go.forward"].isEnabled()
        for keys, wanted in (
            (Qt.Key.Key_Left, places[1]),
            (Qt.Key.Key_Left, places[0]),
            (Qt.Key.Key_Right, places[1]),
        ):
            QTest.keyClick(window, keys, Qt.KeyboardModifier.AltModifier)
            await scene.listed()
            assert window.place == wanted
        QTest.keyClick(window.objects.table, Qt.Key.Key_Backspace)
        await scene.listed()
        assert window.place == places[0]
        assert [entry.key for entry in window.selected()] == ["x/"]  # one stands on what one came out of
        assert not window.commands["go.forward"].isEnabled()

    show(story, tmp_path)


def test_a_trail_forgets_a_removed_account() -> None:
    trail = Trail()
    here, there, third = Place("a", "x"), Place("b", "y"), Place("a", "z")
    trail.leave(None, here)
    trail.leave(here, there)
    trail.leave(there, third)
    trail.forget("b")
    assert trail.back(third) == here
    assert trail.forward(here) == third


@pytest.mark.parametrize(
    ("text", "place", "selected"),
    [
        ("other", Place("a", "other"), []),
        ("box/x", Place("a", "box", "x/"), []),
        ("/box/x/x/", Place("a", "box", "x/x/"), []),
        ("box/f.txt", Place("a", "box"), ["f.txt"]),
        ("", Place("a"), []),
    ],
)
def test_an_address_leads_to_containers_folders_and_objects(
    application: QApplication, tmp_path: Path, text: str, place: Place, selected: list[str]
) -> None:
    async def story(scene: Scene) -> None:
        scene.add("a", CannedDriver(lambda prefix: [f"{prefix}x/", f"{prefix}f.txt"], ("box", "other")))
        await scene.open("a", "box", "x/")
        window = scene.window
        QTest.keyClick(window, Qt.Key.Key_L, Qt.KeyboardModifier.ControlModifier)
        field = window.path.findChild(QLineEdit)
        assert isinstance(field, QLineEdit)
        assert field.text() == "box/x/"
        typed(field, text)
        QTest.keyClick(field, Qt.Key.Key_Return)
        await until(lambda: window.place == place, PATIENCE, "the place")
        await scene.listed()
        assert [entry.key for entry in window.selected()] == selected
        assert not window.path.is_editing

    show(story, tmp_path)


def test_a_tree_node_loads_when_it_is_unfolded_and_opens_when_it_is_clicked(
    application: QApplication, tmp_path: Path
) -> None:
    async def story(scene: Scene) -> None:
        driver = CannedDriver(lambda prefix: [f"{prefix}x/", f"{prefix}y/"])
        scene.add("a", driver)
        await scene.open("a")
        tree, model = scene.window.containers.tree, scene.window.containers.model
        box = model.index_of(Place("a", "box"))
        assert model.rowCount(box) == 0
        assert driver.pages_asked == 0  # nothing is asked before somebody looks
        tree.expand(box)
        await until(lambda: model.rowCount(box) == 2, PATIENCE, "the folders")
        inner = model.index_of(Place("a", "box", "y/"))
        QTest.mouseClick(tree.viewport(), Qt.MouseButton.LeftButton, pos=tree.visualRect(inner).center())
        await scene.listed()
        assert scene.window.place == Place("a", "box", "y/")

    show(story, tmp_path)


def test_the_menu_of_a_container_is_about_the_one_that_was_clicked(
    application: QApplication, tmp_path: Path
) -> None:
    """Else Delete Container would take away the one that happens to be open."""

    async def story(scene: Scene) -> None:
        scene.add("a", CannedDriver(lambda prefix: [], ("first", "second")))
        await scene.open("a", "first")
        pane = scene.window.containers
        spot = pane.tree.visualRect(pane.model.index_of(Place("a", "second"))).center()
        pane.tree.customContextMenuRequested.emit(spot)
        assert scene.window.place == Place("a", "second")
        menus = [w for w in QApplication.topLevelWidgets() if isinstance(w, QMenu) and w.isVisible()]
        [menu] = menus
        assert "container.delete" in [action.objectName() for action in menu.actions()]
        menu.close()
        await scene.listed()

    show(story, tmp_path)


def test_opening_a_container_asks_for_its_objects_once(application: QApplication, tmp_path: Path) -> None:
    """The list feeds the tree: no second listing for it."""

    async def story(scene: Scene) -> None:
        driver = CannedDriver(lambda prefix: ["x/", "y/", "f"])
        scene.add("a", driver)
        await scene.open("a", "box")
        model = scene.window.containers.model
        assert model.rowCount(model.index_of(Place("a", "box"))) == 2
        assert driver.pages_asked == 1

    show(story, tmp_path)


# -- the inspector --


def test_the_inspector_reads_the_head_of_what_rests_selected_and_of_nothing_else(
    application: QApplication, tmp_path: Path
) -> None:
    async def story(scene: Scene) -> None:
        heads: list[str] = []

        class Watched(CannedDriver):
            def _head(self, container, object_name, version):  # type: ignore[no-untyped-def]
                heads.append(object_name)
                return super()._head(container, object_name, version)

        scene.add("a", Watched(lambda prefix: ["a.txt", "b.txt", "c.txt"]))
        await scene.open("a", "box")
        inspector = scene.window.inspector
        for key in ("a.txt", "b.txt", "c.txt"):
            scene.window.objects.select([key])
        await until(lambda: "blue" in inspector.metadata.texts(), PATIENCE, "the metadata")
        assert heads == ["c.txt"]
        assert "text/plain" in inspector.metadata.texts()
        scene.window.objects.select(["a.txt", "b.txt"])
        await background.pause(0.3)
        assert heads == ["c.txt"]
        assert "blue" not in inspector.metadata.texts()

    show(story, tmp_path)


def test_a_selection_that_still_rests_when_the_program_ends_asks_for_nothing(
    application: QApplication, tmp_path: Path
) -> None:
    async def story(scene: Scene) -> None:
        scene.add("a", CannedDriver(numbered(3)))
        await scene.open("a", "box")
        scene.window.objects.table.selectRow(0)

    show(story, tmp_path)
    end = time.monotonic() + 2 * HEAD_MS / 1000
    while time.monotonic() < end:  # as pytest-qt does between tests: its exception would fail this one
        application.processEvents()


def test_sharing_asks_the_provider_only_when_somebody_looks(
    application: QApplication, tmp_path: Path
) -> None:
    async def story(scene: Scene) -> None:
        await scene.open(DEMO_CLOUD, "holiday-photos")
        inspector = scene.window.inspector
        assert any("Asking" in text for text in inspector.sharing.texts())
        inspector.tabs.setCurrentIndex(2)
        await until(lambda: not any("Asking" in t for t in inspector.sharing.texts()), PATIENCE, "the answer")
        assert any("can read holiday-photos" in text for text in inspector.sharing.texts())

    show(story, tmp_path)


# -- accounts that go --


def test_removing_the_shown_account_shows_nothing_of_it(application: QApplication, tmp_path: Path) -> None:
    async def story(scene: Scene) -> None:
        scene.add("gone", CannedDriver(lambda prefix: ["secret.txt"]))
        await scene.open("gone", "box")
        scene.app.accounts.remove("gone")
        scene.window.accounts_changed()
        assert scene.window.place is None
        assert scene.names() == []
        assert not scene.window.commands["view.refresh"].isEnabled()
        assert scene.window.containers.model.rowCount() == 0

    show(story, tmp_path)


# -- the window remembers --


def test_panes_columns_and_sort_are_as_they_were_left(application: QApplication, tmp_path: Path) -> None:
    left: list[tuple[list[int], str]] = []

    async def first(scene: Scene) -> None:
        scene.window.commands["view.inspector"].trigger()
        scene.window.objects.table.sortByColumn(1, Qt.SortOrder.DescendingOrder)
        scene.window.objects.table.horizontalHeader().resizeSection(1, 133)
        scene.window.panes.across.setSizes([230, 260, 700, 0])
        scene.window._remember()
        left.append((scene.window.panes.across.sizes()[:2], scene.app.settings.columns))
        await in_thread(scene.app.settings.save, pool="files")

    async def second(scene: Scene) -> None:
        window = scene.window
        assert not window.panes.is_open("inspector")
        assert window.panes.across.sizes()[:2] == left[0][0]
        assert window.objects.table.horizontalHeader().sectionSize(1) == 133
        assert (window.objects.model.column.name, window.objects.model.descending) == ("SIZE", True)

    size = QSize(1100, 600)
    show(first, tmp_path, size=size)
    show(second, tmp_path, size=size)


@pytest.mark.parametrize(
    "text", ["", "nonsense", "{}", "[1]", '{"widths": "x"}', '{"across": [1], "closed": 3}']
)
def test_a_damaged_layout_is_passed_over(application: QApplication, tmp_path: Path, text: str) -> None:
    async def story(scene: Scene) -> None:
        scene.window.panes.restore(text)
        scene.window.objects.restore_layout(text)
        assert scene.window.objects.isVisible()

    show(story, tmp_path)


# -- the guard itself --


def _as_the_window(function: Callable[..., object], *arguments: object) -> object:
    """Call from a frame that counts as the window's."""
    code = compile(
        "def call(function, arguments):\n    return function(*arguments)\n", background.__file__, "exec"
    )
    names: dict[str, Callable[..., object]] = {}
    exec(code, names)
    return names["call"](function, arguments)


def test_the_guard_sees_the_window_wait_on_the_gui_thread_alone(
    application: QApplication, tmp_path: Path, guard: Guard
) -> None:
    async def story(scene: Scene) -> None:
        with socket.socket() as server, socket.socket() as one, socket.socket() as two:
            server.bind(("127.0.0.1", 0))
            server.listen()
            calls = ((os.listdir, tmp_path), (sqlite3.connect, ":memory:"))
            for function, argument in calls:
                await in_thread(_as_the_window, function, argument)
            await in_thread(_as_the_window, one.connect, server.getsockname())
            os.listdir(tmp_path)  # a test may
            assert guard.found == []
            for function, argument in calls:
                _as_the_window(function, argument)
            _as_the_window(two.connect, server.getsockname())
        assert [found.split("\n")[0] for found in guard.found] == [
            "os.listdir",
            "sqlite3.connect",
            "socket.connect",
        ]
        guard.found.clear()

    show(story, tmp_path)
