"""What somebody new expects without thinking: Tab in reading order, names on every control, clicks that are
about the thing under the mouse.
"""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime
from itertools import pairwise
from pathlib import Path

import pytest
from PySide6.QtCore import QPoint, QRect, Qt
from PySide6.QtGui import QAccessible
from PySide6.QtTest import QTest
from PySide6.QtWidgets import (
    QAbstractButton,
    QApplication,
    QComboBox,
    QDialog,
    QLineEdit,
    QMenu,
    QPlainTextEdit,
    QRadioButton,
    QScrollArea,
    QWidget,
)
from pytestqt.qtbot import QtBot

from gui.accounts import DEMO_CLOUD, THIS_COMPUTER, Account, Place
from gui.background import until
from gui.dialogs.account import AccountDialog
from gui.dialogs.conflict import ConflictDialog
from gui.dialogs.delete import DeleteDialog
from gui.dialogs.details import DetailsDialog
from gui.dialogs.link import LinkDialog
from gui.dialogs.message import MessageDialog
from gui.dialogs.name import NameDialog
from gui.dialogs.place import PlaceDialog
from gui.dialogs.properties import PropertiesDialog
from gui.dialogs.public import PublicDialog
from gui.dialogs.secret import SecretDialog
from gui.error_box import crash_box
from gui.models.listing import Column
from storage_core import providers
from storage_core.attributes import Attributes
from storage_core.base.objects import Object
from storage_core.drivers.memory import MemoryStorageDriver
from storage_core.transfers import ItemReport, JobRow, Question, State

from .scene import PATIENCE, Scene, show

pytestmark = pytest.mark.window
NOW = datetime(2026, 11, 22, 18, 0, tzinfo=UTC)
STOPS_MAX = 60


def account_dialog() -> QDialog:
    dialog = AccountDialog(providers.rows(), None)
    assert dialog.providers is not None
    dialog.providers.search.setText("S3-compatible storage")
    dialog.advanced.unfold()
    return dialog


def form_of(constant: str) -> QDialog:
    dialog = AccountDialog(providers.rows(), None)
    assert dialog.providers is not None
    dialog.providers.select(constant)
    dialog.advanced.unfold()
    return dialog


def edit_dialog() -> QDialog:
    values = {"key": "AKIA", "endpoint": "https://s3.example.org"}
    account = Account("one", "Photos", "s3_compatible", values)
    [row] = [row for row in providers.rows() if row.title == "S3-compatible storage"]
    return AccountDialog(
        [row], None, account=Account("one", "Photos", row.constant, account.values), is_new=False
    )


def conflict_dialog() -> QDialog:
    row = JobRow(1, "upload", "a.txt", "This computer", "Photos › box", State.ASKING)
    return ConflictDialog(row, Question(1, "a.txt", 10, NOW, 20, NOW), None)


def details_dialog() -> QDialog:
    row = JobRow(1, "upload", "holiday", "This computer", "Photos", State.DONE_WITH_SKIPS, items_total=2)
    return DetailsDialog(row, [ItemReport("pipe", "skipped", "a pipe", 0, "")], None)


def properties_dialog() -> QDialog:
    driver = MemoryStorageDriver()
    container = driver.create_container("box")
    found = container.upload_object_via_stream(iter([b"x"]), "a.txt")
    assert isinstance(found, Object)
    found.attributes = Attributes(content_type="text/plain", metadata={"place": "Lisbon"})
    dialog = PropertiesDialog("a.txt", "Demo cloud › box", None)
    dialog.show_objects([found], driver.capabilities, lambda edits: "")
    return dialog


def place_dialog() -> QDialog:
    accounts = [Account("one", "Photos", "dummy", {}), Account("two", "Backup", "dummy", {})]
    return PlaceDialog("Copy to", accounts, Place("one", "box"), None)


def secret_dialog() -> QDialog:
    fields = [field for field in providers.row("s3").fields if field.secret]
    return SecretDialog("Photos", fields, "The service did not accept the secret.", None, can_keep=True)


DIALOGS: dict[str, Callable[[], QDialog]] = {
    "add account": account_dialog,
    "edit account": edit_dialog,
    "azure": lambda: form_of("azure_blobs"),
    "google": lambda: form_of("google_storage"),
    "swift": lambda: form_of("openstack_swift"),
    "conflict": conflict_dialog,
    "delete": lambda: DeleteDialog("Delete “a.txt”?", "Photos › box", ["a.txt"], None, trash=False),
    "details": details_dialog,
    "link": lambda: LinkDialog("a.txt", [3600, 86400], "https://example.org/a.txt", None),
    "message": lambda: MessageDialog(None, "Remove?", "It goes.", accept="Remove", details="all of it"),
    "name": lambda: NameDialog("New folder", "&Name", "&Create", lambda name: "", None),
    "place": place_dialog,
    "properties": properties_dialog,
    "public": lambda: PublicDialog("box", None, is_public=False, objects="3", url="https://example.org"),
    "secret": secret_dialog,
    "crash": lambda: crash_box(None, "a report", "/tmp/log"),
}


# -- dialogs --


@pytest.mark.parametrize("make", DIALOGS.values(), ids=DIALOGS.keys())
def test_tab_goes_through_a_dialog_as_one_reads_and_every_stop_has_a_name(
    application: QApplication, qtbot: QtBot, make: Callable[[], QDialog]
) -> None:
    dialog = make()
    qtbot.addWidget(dialog)
    dialog.show()
    dialog.activateWindow()
    qtbot.waitUntil(dialog.isActiveWindow)
    stops = stops_of(application, dialog)
    assert [describe(stop) for stop in stops if not spoken(stop)] == []
    missed = [one for one in dialog.findChildren(QWidget) if can_be_reached(one) and one not in stops]
    assert [describe(one) for one in missed] == []
    upwards = [
        f"{describe(one)} to {describe(other)}"
        for one, other in pairwise([*stops, stops[0]])
        if area(other).bottom() <= area(one).top()
    ]
    assert len(upwards) <= 1, upwards  # from the last one back to the first


def test_return_in_the_search_for_a_service_goes_to_its_form(application: QApplication, qtbot: QtBot) -> None:
    dialog = AccountDialog(providers.rows(), None)
    qtbot.addWidget(dialog)
    dialog.show()
    dialog.activateWindow()
    qtbot.waitUntil(dialog.isActiveWindow)
    assert dialog.providers is not None
    QTest.keyClicks(dialog.providers.search, "MinIO")
    QTest.keyClick(dialog.providers.search, Qt.Key.Key_Return)
    assert application.focusWidget() is dialog.name
    row = dialog.provider()
    assert row is not None
    assert row.title == "MinIO"


def test_the_action_is_on_the_same_side_of_cancel_in_every_dialog(qtbot: QtBot) -> None:
    account = AccountDialog(providers.rows(), None)
    other = PropertiesDialog("a.txt", "Demo cloud › box", None)
    for dialog in (account, other):
        qtbot.addWidget(dialog)
        dialog.show()
    assert (area(account.submit).x() < area(account.cancel).x()) == (area(other.yes).x() < area(other.no).x())


# -- the window --


def test_tab_goes_through_the_window_from_the_top_to_the_transfers(
    application: QApplication, tmp_path: Path
) -> None:
    async def story(scene: Scene) -> None:
        window = scene.window
        await scene.open(DEMO_CLOUD, "holiday-photos")
        window.top.filter.setFocus()
        panes = (window.top, window.accounts, window.containers, window.objects, window.inspector)
        visited = [
            pane
            for stop in stops_of(application, window)
            for pane in (*panes, window.transfers)
            if pane.isAncestorOf(stop)
        ]
        changes = [pane for before, pane in pairwise([None, *visited]) if pane is not before]
        assert changes[: len(panes)] == list(panes)

    show(story, tmp_path)


def test_the_steps_of_the_path_come_between_up_and_refresh(application: QApplication, tmp_path: Path) -> None:
    async def story(scene: Scene) -> None:
        await scene.open(DEMO_CLOUD, "holiday-photos")
        scene.window.top.filter.setFocus()
        stops = [spoken(stop) for stop in stops_of(application, scene.window)]
        at = stops.index("Demo cloud")
        assert stops[at - 1 : at + 3] == ["Up", "Demo cloud", "holiday-photos", "Refresh"]

    show(story, tmp_path)


def test_f6_goes_from_pane_to_pane_and_shift_f6_back(application: QApplication, tmp_path: Path) -> None:
    async def story(scene: Scene) -> None:
        window = scene.window
        await scene.open(DEMO_CLOUD, "holiday-photos")
        window.accounts.list.setFocus()
        pages = [window.containers.tree, window.objects.table, window.inspector.tabs.tabBar()]
        for page in (*pages, window.accounts.list):
            window.commands["go.next_pane"].trigger()
            assert application.focusWidget() is page
        for page in reversed(pages):
            window.commands["go.previous_pane"].trigger()
            assert application.focusWidget() is page
        assert len(window.selected()) == 1  # one sees where one is

    show(story, tmp_path)


@pytest.mark.parametrize("key", [Qt.Key.Key_Return, Qt.Key.Key_Escape])
def test_after_the_address_the_keyboard_is_in_the_list(
    application: QApplication, tmp_path: Path, key: Qt.Key
) -> None:
    async def story(scene: Scene) -> None:
        await scene.open(DEMO_CLOUD, "holiday-photos")
        scene.window.path.edit()
        QTest.keyClick(scene.window.path.field, key)
        assert application.focusWidget() is scene.window.objects.table
        assert not scene.window.path.is_editing
        await scene.listed()

    show(story, tmp_path)


def test_a_click_on_the_open_account_goes_to_its_top(application: QApplication, tmp_path: Path) -> None:
    async def story(scene: Scene) -> None:
        window = scene.window
        await scene.open(DEMO_CLOUD, "holiday-photos")
        row = window.accounts.list.visualRect(window.accounts.list.currentIndex())
        QTest.mouseClick(window.accounts.list.viewport(), Qt.MouseButton.LeftButton, pos=row.center())
        assert window.place == Place(DEMO_CLOUD)

    show(story, tmp_path)


def test_a_menu_on_another_container_is_about_that_one(application: QApplication, tmp_path: Path) -> None:
    async def story(scene: Scene) -> None:
        window = scene.window
        await scene.open(DEMO_CLOUD, "holiday-photos")
        tree = window.containers.tree
        other = window.containers.model.index_of(Place(DEMO_CLOUD, "website"))
        tree.customContextMenuRequested.emit(tree.visualRect(other).center())
        assert window.place == Place(DEMO_CLOUD, "website")  # what its commands act on
        assert "Delete Container" in menu_texts()
        await scene.listed()

    show(story, tmp_path)


def test_a_menu_on_a_folder_of_the_tree_offers_nothing_for_the_whole_container(
    application: QApplication, tmp_path: Path
) -> None:
    async def story(scene: Scene) -> None:
        window = scene.window
        folder = await scene.open(DEMO_CLOUD, "holiday-photos", "2026/")
        tree = window.containers.tree
        tree.customContextMenuRequested.emit(
            tree.visualRect(window.containers.model.index_of(folder)).center()
        )
        offered = menu_texts()
        assert "New Folder" in offered
        assert "Delete Container" not in offered

    show(story, tmp_path)


def test_a_menu_on_an_account_that_is_not_open_asks_for_no_secret(
    application: QApplication, tmp_path: Path
) -> None:
    async def story(scene: Scene) -> None:
        window = scene.window
        await scene.open(DEMO_CLOUD)
        scene.app.accounts.add(Account("locked", "Locked", "s3", {}))  # a keyring call fails the test
        window.accounts_changed()
        window.accounts.select("locked")
        window.accounts.context_menu.emit(QPoint(10, 10))
        assert window.place == Place(DEMO_CLOUD)
        offered = menu_texts()
        assert "Edit Account" in offered
        assert "New Container" not in offered  # it would be made in the other account

    show(story, tmp_path)


def test_a_right_click_beside_the_rows_is_about_the_place(application: QApplication, tmp_path: Path) -> None:
    async def story(scene: Scene) -> None:
        window = scene.window
        await scene.open(DEMO_CLOUD)
        table = window.objects.table
        table.selectRow(0)
        beside = QPoint(20, table.viewport().height() - 10)
        QTest.mousePress(table.viewport(), Qt.MouseButton.RightButton, pos=beside)
        assert window.selected() == []

    show(story, tmp_path)


def test_home_and_end_go_to_the_first_and_the_last_row(application: QApplication, tmp_path: Path) -> None:
    async def story(scene: Scene) -> None:
        await scene.open(DEMO_CLOUD)
        table, rows = scene.window.objects.table, scene.window.objects.model.rowCount()
        assert rows > 1
        QTest.keyClick(table, Qt.Key.Key_End)
        assert table.currentIndex().row() == rows - 1
        QTest.keyClick(table, Qt.Key.Key_Home)
        assert table.currentIndex().row() == 0

    show(story, tmp_path)


def test_the_list_is_sorted_from_the_menu_and_turned_round_the_second_time(
    application: QApplication, tmp_path: Path
) -> None:
    async def story(scene: Scene) -> None:
        (scene.home / "small").write_bytes(b"1")
        (scene.home / "large").write_bytes(b"12345")
        (scene.home / "middle").write_bytes(b"123")
        window, model = scene.window, scene.window.objects.model
        await scene.open(THIS_COMPUTER, "Home")
        window.commands["sort.size"].trigger()
        assert model.column is Column.SIZE
        await until(lambda: scene.names() == ["small", "middle", "large"], PATIENCE, "the order")
        window.commands["sort.size"].trigger()
        await until(lambda: scene.names() == ["large", "middle", "small"], PATIENCE, "the order")

    show(story, tmp_path)


def test_menus_show_a_check_mark_and_no_picture_where_something_is_on(
    application: QApplication, tmp_path: Path
) -> None:
    async def story(scene: Scene) -> None:
        commands = scene.window.commands
        for name in ("view.inspector", "theme.light"):
            assert commands[name].isChecked()
            assert not commands[name].isIconVisibleInMenu()

    show(story, tmp_path)


# -- helpers --


def stops_of(application: QApplication, window: QWidget) -> list[QWidget]:
    """Where Tab goes, beginning where the keyboard is, once round."""
    stops: list[QWidget] = []
    for _ in range(STOPS_MAX):
        focus = application.focusWidget()
        if focus is None or focus in stops:
            break
        stops.append(focus)
        window.focusNextChild()
    first = min(stops, key=lambda stop: (area(stop).top(), area(stop).left()))
    at = stops.index(first)
    return stops[at:] + stops[:at]


def can_be_reached(widget: QWidget) -> bool:
    """Whether Tab has to stop here; of radio buttons it stops at the chosen one."""
    is_control = isinstance(widget, QAbstractButton | QComboBox | QLineEdit | QPlainTextEdit)
    by_tab = widget.focusPolicy() & Qt.FocusPolicy.TabFocus == Qt.FocusPolicy.TabFocus
    inside = isinstance(widget.parentWidget(), QComboBox) or isinstance(widget, QRadioButton)
    return is_control and by_tab and not inside and widget.isVisible() and widget.isEnabled()


def area(widget: QWidget) -> QRect:
    """Its place in its window; what one has to scroll down to is at the edge."""
    place = QRect(widget.mapTo(widget.window(), QPoint()), widget.size())
    above = widget.parentWidget()
    while above is not None and not widget.isWindow():
        if isinstance(above, QScrollArea):
            edge = above.mapTo(widget.window(), QPoint(0, above.height())).y()
            place.moveTop(min(place.top(), edge))
        above = above.parentWidget()
    return place


def spoken(widget: QWidget) -> str:
    """What a screen reader says."""
    return QAccessible.queryAccessibleInterface(widget).text(QAccessible.Text.Name)


def describe(widget: QWidget) -> str:
    return f"{type(widget).__name__} {spoken(widget)!r}"


def menu_texts() -> str:
    """All lines of the context menu that is open."""
    [menu] = [menu for menu in QApplication.topLevelWidgets() if isinstance(menu, QMenu) and menu.isVisible()]
    texts = "\n".join(action.text().replace("&", "") for action in menu.actions())
    menu.close()
    return texts
