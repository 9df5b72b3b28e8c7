"""Each pane by itself: what it shows, what it says the user did, what a drop means where."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest
from PySide6.QtCore import QMimeData, QPoint, QPointF, Qt, QUrl
from PySide6.QtGui import QAction, QDragEnterEvent, QDragMoveEvent, QDropEvent
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QAbstractItemView, QApplication, QToolButton, QToolTip
from pytestqt.qtbot import QtBot

from gui.accounts import DEMO_CLOUD, THIS_COMPUTER, Account, Place
from gui.models.listing import Entry, Totals
from gui.models.transfers import TransfersModel
from gui.panes.accounts import AccountsPane
from gui.panes.containers import ContainersPane
from gui.panes.dragging import Dragged, mime_data
from gui.panes.inspector import InspectorPane
from gui.panes.objects import ObjectsPane
from gui.panes.path_bar import PathBar
from gui.panes.transfer_rows import BUTTONS, button_title
from gui.panes.transfers import TransfersPane
from storage_core.attributes import Attributes
from storage_core.base import Container, Object, PublicAccess
from storage_core.transfers import JobRow, State

from .test_models import Board, job

pytestmark = pytest.mark.window
BOX = Place("a", "box", "photos/")
DRAGGED = Dragged("b", "other", "", ("x.txt", "folder/"))


def rows(*names: str) -> list[Entry]:
    """A name ending in a slash is a folder."""
    return [Entry(name.rstrip("/"), f"{BOX.prefix}{name}", name.endswith("/"), 10) for name in names]


def listed(qtbot: QtBot, *names: str) -> ObjectsPane:
    pane = ObjectsPane()
    qtbot.addWidget(pane)
    pane.resize(800, 500)
    pane.show()
    pane.begin(BOX)
    pane.add_page(rows(*names))
    pane.end()
    qtbot.waitUntil(lambda: not pane.model.is_working)
    return pane


def drag(view: QAbstractItemView, at: QPoint, mime: QMimeData) -> bool:
    """Carry something over a view and drop it there; whether it was taken."""
    buttons, keys, copy = Qt.MouseButton.LeftButton, Qt.KeyboardModifier.NoModifier, Qt.DropAction.CopyAction
    port = view.viewport()
    QApplication.sendEvent(port, QDragEnterEvent(at, copy, mime, buttons, keys))
    move = QDragMoveEvent(at, copy, mime, buttons, keys)
    QApplication.sendEvent(port, move)
    if not move.isAccepted():
        return False
    drop = QDropEvent(QPointF(at), copy, mime, buttons, keys)
    QApplication.sendEvent(port, drop)
    return drop.isAccepted()


def files(*paths: str) -> QMimeData:
    mime = QMimeData()
    mime.setUrls([QUrl.fromLocalFile(path) for path in paths])
    return mime


# -- the object list --


def test_the_line_below_counts_and_says_what_is_selected(qtbot: QtBot) -> None:
    pane = listed(qtbot, "raw/", "b.jpg", "a.jpg")
    assert pane.status_text() == "1 folder, 2 objects, 20\u00a0B"
    pane.select(["photos/a.jpg"])
    assert pane.status_text() == "1 folder, 2 objects, 20\u00a0B, 1 selected (10\u00a0B)"
    pane.select(["photos/raw/"])
    assert pane.status_text() == "1 folder, 2 objects, 20\u00a0B, 1 selected"
    pane.select_all()
    assert [entry.name for entry in pane.selected()] == ["raw", "a.jpg", "b.jpg"]


def test_a_double_click_and_return_open(qtbot: QtBot) -> None:
    pane = listed(qtbot, "raw/", "a.jpg")
    opened: list[str] = []
    pane.opened.connect(lambda entry: opened.append(entry.key))
    spot = pane.table.visualRect(pane.model.index(0, 0)).center()
    QTest.mouseClick(pane.table.viewport(), Qt.MouseButton.LeftButton, pos=spot)
    QTest.mouseDClick(pane.table.viewport(), Qt.MouseButton.LeftButton, pos=spot)
    QTest.keyClick(pane.table, Qt.Key.Key_Down)
    QTest.keyClick(pane.table, Qt.Key.Key_Return)
    assert opened == ["photos/raw/", "photos/a.jpg"]


def test_backspace_asks_to_go_up(qtbot: QtBot) -> None:
    pane = listed(qtbot, "a.jpg")
    with qtbot.waitSignal(pane.up_wanted):
        QTest.keyClick(pane.table, Qt.Key.Key_Backspace)


def test_a_header_sorts_and_a_second_click_turns_it_round(qtbot: QtBot) -> None:
    pane = listed(qtbot, "b", "a", "c")
    head = pane.table.horizontalHeader()
    spot = QPoint(head.sectionPosition(0) + 40, head.height() // 2)
    QTest.mouseClick(head.viewport(), Qt.MouseButton.LeftButton, pos=spot)
    assert [pane.model.entry(row).name for row in range(3)] == ["c", "b", "a"]
    QTest.mouseClick(head.viewport(), Qt.MouseButton.LeftButton, pos=spot)
    assert [pane.model.entry(row).name for row in range(3)] == ["a", "b", "c"]


@pytest.mark.parametrize(
    ("place", "filtered", "title", "command"),
    [
        (BOX, "", "Nothing in here yet", "upload.files"),
        (Place("a"), "", "No containers yet", "container.new"),
        (None, "", "Choose an account", "account.add"),
    ],
)
def test_an_empty_list_says_what_to_do_and_offers_it(
    qtbot: QtBot, place: Place | None, filtered: str, title: str, command: str
) -> None:
    pane = ObjectsPane()
    qtbot.addWidget(pane)
    pane.show()
    if place is not None:
        pane.begin(place)
        pane.end()
    assert pane.message.title == title
    with qtbot.waitSignal(pane.action_wanted) as wanted:
        QTest.mouseClick(pane.message.button, Qt.MouseButton.LeftButton)
    assert wanted.args == [command]


def test_a_filter_that_matches_nothing_says_so(qtbot: QtBot) -> None:
    pane = listed(qtbot, "a", "b")
    pane.set_filter("zzz")
    assert pane.message.isVisible()
    assert pane.message.title == "No name contains this"
    assert pane.status_text() == "0 objects of 2 match"
    pane.set_filter("")
    assert not pane.message.isVisible()


def test_selecting_what_has_not_come_yet_waits_for_it(qtbot: QtBot) -> None:
    pane = listed(qtbot, "a", "b")
    pane.begin(BOX)
    pane.select(["photos/new"])
    pane.add_page(rows("a", "b", "new"))
    pane.end()
    qtbot.waitUntil(lambda: [entry.name for entry in pane.selected()] == ["new"])


def test_a_long_name_gives_up_its_middle(qtbot: QtBot) -> None:
    pane = listed(qtbot, "a")
    assert pane.table.textElideMode() is Qt.TextElideMode.ElideMiddle


# -- drops --


def test_files_dropped_on_the_ground_go_into_the_place_and_on_a_folder_into_it(qtbot: QtBot) -> None:
    pane = listed(qtbot, "raw/", "a.jpg")
    got: list[tuple[list[str], Place]] = []
    pane.files_dropped.connect(lambda paths, place: got.append((paths, place)))
    view = pane.table
    ground = QPoint(60, view.viewport().height() - 12)
    on = [view.visualRect(pane.model.index(row, 0)).center() for row in range(2)]
    for at in (ground, on[0], on[1]):
        assert drag(view, at, files("/tmp/x", "/tmp/y z"))
    paths = ["/tmp/x", "/tmp/y z"]
    assert got == [(paths, BOX), (paths, Place("a", "box", "photos/raw/")), (paths, BOX)]
    assert not pane.drops.frame.isVisible()


def test_entries_dropped_tell_whence_and_whither(qtbot: QtBot) -> None:
    pane = listed(qtbot, "raw/")
    with qtbot.waitSignal(pane.entries_dropped) as dropped:
        assert drag(pane.table, QPoint(60, pane.table.viewport().height() - 12), mime_data(DRAGGED))
    assert dropped.args == [DRAGGED, BOX]


def test_a_drop_where_it_came_from_does_nothing(qtbot: QtBot) -> None:
    pane = listed(qtbot, "raw/", "a")
    own = mime_data(Dragged("a", "box", "photos/", ("photos/a",)))
    with qtbot.assertNotEmitted(pane.entries_dropped):
        drag(pane.table, QPoint(60, pane.table.viewport().height() - 12), own)


def test_an_empty_folder_takes_drops_on_its_message(qtbot: QtBot) -> None:
    pane = listed(qtbot)
    with qtbot.waitSignal(pane.files_dropped):
        assert drag(pane.table, pane.table.viewport().rect().center(), files("/tmp/x"))


def test_an_accounts_list_of_containers_takes_drops_only_on_a_container(qtbot: QtBot) -> None:
    pane = ObjectsPane()
    qtbot.addWidget(pane)
    pane.resize(700, 400)
    pane.show()
    pane.begin(Place("a"))
    pane.add_page([Entry("box", "box", True)])
    pane.end()
    qtbot.waitUntil(lambda: pane.model.rowCount() == 1)
    view = pane.table
    assert not drag(view, QPoint(60, view.viewport().height() - 12), files("/tmp/x"))
    with qtbot.waitSignal(pane.files_dropped) as dropped:
        assert drag(view, view.visualRect(pane.model.index(0, 0)).center(), files("/tmp/x"))
    assert dropped.args == [["/tmp/x"], Place("a", "box")]


def test_text_is_no_drop(qtbot: QtBot) -> None:
    pane = listed(qtbot, "a")
    mime = QMimeData()
    mime.setText("hello")
    assert not drag(pane.table, QPoint(60, 300), mime)


def test_a_container_in_the_tree_takes_drops_and_opens_under_a_resting_drag(qtbot: QtBot) -> None:
    pane = ContainersPane(QAction("New"))
    qtbot.addWidget(pane)
    pane.resize(240, 400)
    pane.show()
    pane.show_account("a")
    pane.begin(Place("a"))
    pane.add(Place("a"), ["box"])
    pane.end(Place("a"))
    spot = pane.tree.visualRect(pane.model.index_of(Place("a", "box"))).center()
    with qtbot.waitSignal(pane.entries_dropped) as dropped:
        assert drag(pane.tree, spot, mime_data(DRAGGED))
    assert dropped.args == [DRAGGED, Place("a", "box")]
    assert not drag(pane.tree, QPoint(100, 300), mime_data(DRAGGED))
    copy, keys = Qt.DropAction.CopyAction, Qt.KeyboardModifier.NoModifier
    with qtbot.waitSignal(pane.wanted, timeout=3000) as wanted:
        mime = mime_data(DRAGGED)
        event = QDragMoveEvent(spot, copy, mime, Qt.MouseButton.LeftButton, keys)
        QApplication.sendEvent(pane.tree.viewport(), event)
    assert wanted.args == [Place("a", "box")]


def test_an_account_takes_drops_for_where_it_opens(qtbot: QtBot) -> None:
    pane = AccountsPane(QAction("Add"), lambda account: "cloud")
    qtbot.addWidget(pane)
    pane.resize(240, 400)
    pane.show()
    pane.show_accounts([Account("a", "A", "s3", start="box/inbox/")])
    with qtbot.waitSignal(pane.files_dropped) as dropped:
        assert drag(pane.list, pane.list.visualRect(pane.rows.index(0, 0)).center(), files("/tmp/x"))
    assert dropped.args == [["/tmp/x"], Place("a", "box", "inbox/")]


# -- accounts --


def test_titles_are_shown_as_they_are_and_built_in_ones_in_the_users_language(qtbot: QtBot) -> None:
    pane = AccountsPane(QAction("Add"), lambda account: "no such icon")
    qtbot.addWidget(pane)
    titles = {THIS_COMPUTER: "x", DEMO_CLOUD: "y", "a": "<b>R&D</b>\u202e"}
    pane.show_accounts(Account(key, title, "s3") for key, title in titles.items())
    shown = [pane.rows.item(row).text() for row in range(3)]
    assert shown == ["This computer", "Demo cloud", "<b>R&D</b>‹RLO›"]
    assert "<b>" not in pane.rows.item(2).toolTip().replace("&lt;b&gt;", "")


def test_the_current_account_stays_so_when_the_list_changes(qtbot: QtBot) -> None:
    pane = AccountsPane(QAction("Add"), lambda account: "cloud")
    qtbot.addWidget(pane)
    accounts = [Account(key, key, "s3") for key in "abc"]
    pane.show_accounts(accounts)
    pane.select("c")
    pane.show_accounts(accounts[1:])
    assert pane.current() == "c"


# -- the path bar --


def test_each_step_of_the_path_leads_there(qtbot: QtBot) -> None:
    bar = PathBar()
    qtbot.addWidget(bar)
    bar.resize(900, 40)
    bar.show()
    bar.show_place(Place("a", "box", "one/two/"), "Photos")
    assert bar.texts() == ["Photos", "box", "one", "two"]
    buttons = bar.steps()
    with qtbot.waitSignal(bar.place_wanted) as wanted:
        QTest.mouseClick(buttons[1], Qt.MouseButton.LeftButton)
    assert wanted.args == [Place("a", "box")]


def test_a_path_that_is_too_long_hides_its_middle_and_keeps_both_ends(qtbot: QtBot) -> None:
    bar = PathBar()
    qtbot.addWidget(bar)
    bar.resize(420, 40)
    bar.show()
    deep = Place("a", "box", "".join(f"folder number {n}/" for n in range(9)))
    bar.show_place(deep, "Photos")
    qtbot.waitUntil(lambda: "Folders between" in bar.texts())
    assert bar.texts()[0] == "Photos"
    assert bar.texts()[-1] == "folder number 8"
    qtbot.waitUntil(lambda: bar.steps()[-1].geometry().right() <= bar.width())
    assert all(button.width() >= button.sizeHint().width() for button in bar.steps())  # nothing is cut


def test_escape_and_a_lost_focus_give_the_steps_back(qtbot: QtBot) -> None:
    bar = PathBar()
    qtbot.addWidget(bar)
    bar.show()
    bar.show_place(BOX, "Photos")
    QTest.mouseClick(bar, Qt.MouseButton.LeftButton, pos=QPoint(bar.width() - 8, bar.height() // 2))
    assert bar.is_editing
    QTest.keyClick(bar.field, Qt.Key.Key_Escape)
    assert not bar.is_editing
    with qtbot.assertNotEmitted(bar.address_typed):
        bar.edit()
        bar.field.setText("elsewhere")
        QTest.keyClick(bar.field, Qt.Key.Key_Escape)


# -- transfers --


@pytest.fixture
def board() -> Board:
    return Board()


@pytest.fixture
def transfers(qtbot: QtBot, board: Board) -> TransfersPane:
    pane = TransfersPane(TransfersModel(board.changes))
    qtbot.addWidget(pane)
    pane.resize(1000, 300)
    pane.show()
    return pane


@pytest.mark.parametrize("state", list(State))
def test_the_buttons_of_a_row_do_what_they_say(
    qtbot: QtBot, transfers: TransfersPane, board: Board, state: State
) -> None:
    board.put(job(7, state))
    transfers.model.poll()
    view, index = transfers.list, transfers.model.index(0, 0)
    got: list[tuple[str, object]] = []
    for name in ("pause", "resume", "cancel", "retry", "remove", "details", "answer"):
        signal = getattr(transfers, f"{name}_wanted")
        signal.connect(lambda what, name=name: got.append((name, what)))
    right, width = view.visualRect(index).right() - 8, 28
    for at, name in enumerate(BUTTONS[state]):
        spot = QPoint(
            right - (len(BUTTONS[state]) - at) * width + width // 2, view.visualRect(index).center().y()
        )
        QTest.mouseClick(view.viewport(), Qt.MouseButton.LeftButton, pos=spot)
        assert got[-1][0] == name
        assert button_title(name)
    assert len(got) == len(BUTTONS[state])


@pytest.mark.parametrize(
    ("key", "state", "signal"),
    [
        (Qt.Key.Key_Space, State.RUNNING, "pause_wanted"),
        (Qt.Key.Key_Space, State.PAUSED, "resume_wanted"),
        (Qt.Key.Key_Delete, State.RUNNING, "cancel_wanted"),
        (Qt.Key.Key_Delete, State.DONE, "remove_wanted"),
        (Qt.Key.Key_Return, State.FAILED, "details_wanted"),
        (Qt.Key.Key_Return, State.ASKING, "answer_wanted"),
    ],
)
def test_the_keyboard_does_the_same(
    qtbot: QtBot, transfers: TransfersPane, board: Board, key: Qt.Key, state: State, signal: str
) -> None:
    board.put(job(7, state))
    transfers.model.poll()
    transfers.list.setCurrentIndex(transfers.model.index(0, 0))
    with qtbot.waitSignal(getattr(transfers, signal)):
        QTest.keyClick(transfers.list, key)


def test_a_row_is_spoken_with_its_state(qtbot: QtBot, transfers: TransfersPane, board: Board) -> None:
    board.put(JobRow(1, "upload", "a\nb", "here", "there", State.WAITING))
    transfers.model.poll()
    index = transfers.model.index(0, 0)
    assert index.data(Qt.ItemDataRole.AccessibleTextRole) == "a‹LF›b, here → there, Waiting"


def test_an_empty_transfer_list_says_what_appears_there(transfers: TransfersPane, board: Board) -> None:
    assert not transfers.list.isVisible()
    board.put(job(1))
    transfers.model.poll()
    assert transfers.list.isVisible()


# -- the inspector --


@pytest.fixture
def inspector(qtbot: QtBot) -> InspectorPane:
    pane = InspectorPane(QAction("&Properties…"), QAction("&Link…"), QAction("&Public…"))
    qtbot.addWidget(pane)
    pane.resize(256, 500)
    pane.show()
    return pane


def stored(name: str, attributes: Attributes | None = None) -> Entry:
    found = Object(
        name, 4_201_334, "", None, None, Container("box"), object(), etag="abc", attributes=attributes
    )
    moment = datetime(2026, 11, 22, 14, 5, 9, tzinfo=UTC)
    return Entry(name, name, False, found.size, moment, "STANDARD_IA", found)


def select(pane: InspectorPane, *entries: Entry) -> None:
    totals = Totals()
    totals.add(entries)
    pane.show_selection(Place("a", "box"), "Photos", list(entries), totals)


def test_a_narrow_inspector_cuts_no_sentence_off(qtbot: QtBot) -> None:
    pane = InspectorPane(
        QAction("&Properties…"), QAction("&Link…"), QAction("Public Access and the &Network…")
    )
    qtbot.addWidget(pane)
    pane.resize(150, 500)
    pane.show()
    pane.tabs.setCurrentIndex(2)
    select(pane, stored("a.jpg"))
    body = pane.sharing.widget()
    layout = body.layout()
    assert layout is not None
    qtbot.waitUntil(lambda: all(one.isVisible() for one in body.findChildren(QToolButton)))
    assert layout.totalMinimumSize().width() <= pane.sharing.viewport().width()


def test_one_object_is_told_in_full_and_its_head_is_asked_for(qtbot: QtBot, inspector: InspectorPane) -> None:
    entry = stored("a.jpg")
    with qtbot.waitSignal(inspector.details_wanted) as wanted:
        select(inspector, entry)
    assert wanted.args == [entry]
    told = "\n".join(inspector.general.texts())
    for text in ("4.2 MB (4,201,334 B)", "2026-11-22 14:05:09 UTC", "Standard IA", "box", "abc"):
        assert text in told


def test_a_known_head_is_not_asked_for_again(qtbot: QtBot, inspector: InspectorPane) -> None:
    with qtbot.assertNotEmitted(inspector.details_wanted):
        select(
            inspector, stored("a.jpg", Attributes(content_type="image/jpeg", metadata={"who": "<b>me</b>"}))
        )
    assert "image/jpeg" in inspector.metadata.texts()
    assert "<b>me</b>" in inspector.metadata.texts()


def test_the_head_of_another_object_comes_too_late(inspector: InspectorPane) -> None:
    first, second = stored("first"), stored("second")
    select(inspector, first)
    select(inspector, second)
    late = stored("first", Attributes(metadata={"of": "first"})).object
    assert late is not None
    inspector.show_details(first, late)
    assert "first" not in inspector.metadata.texts()


def test_several_objects_are_added_up(inspector: InspectorPane) -> None:
    select(inspector, stored("a"), stored("b"), Entry("f", "f/", True))
    told = inspector.general.texts()
    assert told == ["2", "1", "8.4 MB"]


def test_what_anyone_can_read_is_said_plainly(inspector: InspectorPane) -> None:
    select(inspector)
    for access, words in (
        (PublicAccess(True, url="https://x.test/box"), "Public: anyone on the internet can read box."),
        (PublicAccess(False), "Private: only people with a key"),
        (PublicAccess(None, why="This service does not say."), "This service does not say."),
        (PublicAccess(True, why="Anyone may list it, too."), "Anyone may list it, too."),
    ):
        inspector.show_public(Place("a", "box"), access)
        assert any(text.startswith(words) for text in inspector.sharing.texts())


def test_an_answer_about_another_container_is_dropped(inspector: InspectorPane) -> None:
    select(inspector)
    inspector.show_public(Place("a", "elsewhere"), PublicAccess(True))
    assert not any("Public:" in text for text in inspector.sharing.texts())


def test_a_long_name_does_not_widen_the_pane(qtbot: QtBot, inspector: InspectorPane) -> None:
    select(inspector, stored("x" * 900))
    qtbot.wait(50)
    assert inspector.width() == 256
    assert inspector.minimumSizeHint().width() < 256


def test_no_tooltip_takes_a_name_for_markup(qtbot: QtBot) -> None:
    pane = listed(qtbot, "<img src=x>.png")
    text = pane.model.index(0, 0).data(Qt.ItemDataRole.ToolTipRole)
    assert "<img" not in text
    assert "&lt;img src=x&gt;.png" in text
    QToolTip.hideText()
