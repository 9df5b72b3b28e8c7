"""What the panes show: order, filter and totals of long lists in short slices; the tree; the transfers."""

from __future__ import annotations

import random
import time
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from PySide6.QtCore import QPersistentModelIndex, Qt
from PySide6.QtTest import QAbstractItemModelTester
from PySide6.QtWidgets import QApplication, QTableView
from pytestqt.qtbot import QtBot

from gui.accounts import Place
from gui.models.containers import CHILDREN_MAX, ContainersModel, Known
from gui.models.listing import Column, Entry, Listing, entries_of, order_key, sort_key
from gui.models.ordering import SLICE, Slicewise, in_order, merged, position
from gui.models.transfers import TransfersModel, fraction, route, state_text, summary_text
from storage_core.base import Container, Object, Page
from storage_core.transfers import Changes, JobRow, Question, Ref, State, Summary

pytestmark = pytest.mark.window
NOON = datetime(2026, 11, 22, 12, tzinfo=UTC)
SLICE_SECONDS = 0.05  # the longest the GUI thread may be kept, in time of its own


def entry(name: str, size: int = 0, *, folder: bool = False, days: int = 0, kind: str = "") -> Entry:
    return Entry(name, f"{name}/" if folder else name, folder, size, NOON - timedelta(days=days), kind)


def names(model: Listing) -> list[str]:
    return [model.entry(row).name for row in range(model.rowCount())]


def filled(entries: list[Entry]) -> Listing:
    model = Listing()
    QAbstractItemModelTester(model, QAbstractItemModelTester.FailureReportingMode.Fatal, model)
    model.begin()
    model.add(entries)
    model.end()
    return model


def settled(qtbot: QtBot, model: Listing) -> None:
    qtbot.waitUntil(lambda: not model.is_working, timeout=20_000)


# -- entries --


def test_numbers_in_names_sort_by_their_value_and_case_does_not_matter() -> None:
    wanted = ["a", "B", "img_2", "IMG_10", "img_010b", "img_11", "x9y", "x10y", "x10y2"]
    shuffled = list(wanted)
    random.Random(1).shuffle(shuffled)
    assert sorted(shuffled, key=sort_key) == wanted


def test_a_page_becomes_rows_of_its_folder_without_the_folders_own_marker() -> None:
    box = Container("box")
    objects = [Object(name, 3, "", None, None, box, object()) for name in ("a/", "a/b.txt", "a//", "a/c.txt")]
    rows = entries_of(Page(objects[:2] + objects[3:], ["a/d/", "a//"]), "a/")
    assert [(row.name, row.key, row.is_folder) for row in rows] == [
        ("d", "a/d/", True),
        ("", "a//", True),
        ("b.txt", "a/b.txt", False),
        ("c.txt", "a/c.txt", False),
    ]


# -- ordering --


@given(st.lists(st.integers(0, 50), max_size=200), st.lists(st.integers(0, 50), max_size=60), st.booleans())
def test_merging_gives_what_sorting_gives(old: list[int], new: list[int], descending: bool) -> None:
    old.sort(reverse=descending)
    new.sort(reverse=descending)
    places = [position(old, number, lambda x: x, descending=descending) for number in new]
    assert merged(old, new, places) == sorted(old + new, reverse=descending)


@settings(deadline=None, max_examples=20)
@given(st.integers(0, 4 * SLICE), st.integers(1, 1000), st.booleans(), st.integers(0, 9))
def test_sorting_in_slices_gives_what_sorting_gives(
    count: int, distinct: int, descending: bool, seed: int
) -> None:
    numbers = [random.Random(seed + at).randrange(distinct) for at in range(count)]
    steps: list[None] = []

    work = in_order(numbers, lambda number: number, descending=descending)
    result = _stepped(work, steps)
    assert result == sorted(numbers, reverse=descending)
    assert len(steps) >= count // SLICE


def _stepped(work: Slicewise[list[int]], steps: list[None]) -> list[int]:
    while True:
        try:
            next(work)
        except StopIteration as end:
            return list(end.value)
        steps.append(None)


# -- the listing --


def test_folders_come_first_whatever_the_order(qtbot: QtBot) -> None:
    model = filled([entry("b", 2), entry("z", folder=True), entry("a", 9), entry("y", folder=True)])
    settled(qtbot, model)
    assert names(model) == ["y", "z", "a", "b"]
    for column, order, wanted in (
        (1, Qt.SortOrder.AscendingOrder, ["y", "z", "b", "a"]),
        (1, Qt.SortOrder.DescendingOrder, ["z", "y", "a", "b"]),
        (0, Qt.SortOrder.DescendingOrder, ["z", "y", "b", "a"]),
    ):
        model.sort(column, order)
        assert names(model) == wanted


def test_each_column_sorts_by_what_it_means_and_equals_by_name(qtbot: QtBot) -> None:
    model = filled(
        [
            entry("c", 10, days=1, kind="STANDARD"),
            entry("a", 9, days=300, kind="GLACIER"),
            entry("b", 10, days=30, kind="STANDARD"),
        ]
    )
    settled(qtbot, model)
    for column, wanted in ((1, ["a", "b", "c"]), (2, ["a", "b", "c"]), (3, ["a", "b", "c"])):
        model.sort(column)
        assert names(model) == wanted
        model.sort(column, Qt.SortOrder.DescendingOrder)
        assert names(model) == wanted[::-1]


def test_a_file_without_a_date_sorts_as_the_oldest(qtbot: QtBot) -> None:
    model = filled([entry("new"), Entry("undated", "undated", False)])
    settled(qtbot, model)
    model.sort(2)
    assert names(model) == ["undated", "new"]


@pytest.mark.parametrize("column", range(4))
@pytest.mark.parametrize("order", [Qt.SortOrder.AscendingOrder, Qt.SortOrder.DescendingOrder])
def test_pages_in_any_order_end_sorted(qtbot: QtBot, column: int, order: Qt.SortOrder) -> None:
    rows = [entry(f"{n % 97} {n}", n * 31 % 1000, folder=n % 10 == 0, days=n % 40) for n in range(6000)]
    random.Random(2).shuffle(rows)
    model = Listing()
    model.sort(column, order)
    model.begin()
    for start in range(0, len(rows), 500):
        model.add(rows[start : start + 500])
        qtbot.wait(1)
    model.end()
    settled(qtbot, model)
    descending = order is Qt.SortOrder.DescendingOrder
    key = order_key(tuple(Column)[column], descending=descending)
    assert names(model) == [row.name for row in sorted(rows, key=key, reverse=descending)]
    assert (model.totals.folders, model.totals.objects) == (600, 5400)


def test_the_view_keeps_its_current_row_while_pages_come_and_the_order_changes(qtbot: QtBot) -> None:
    model = filled([entry(f"n{n:05}", n) for n in range(0, 2000, 2)])
    settled(qtbot, model)
    kept = [QPersistentModelIndex(model.index(row, 0)) for row in (0, 10, 999)]
    before = [model.entry(index.row()).name for index in kept]
    model.add([entry(f"n{n:05}", n) for n in range(1, 2000, 2)])
    settled(qtbot, model)
    assert [model.entry(index.row()).name for index in kept] == before
    model.sort(1, Qt.SortOrder.DescendingOrder)
    assert [model.entry(index.row()).name for index in kept] == before
    assert kept[0].row() == 1999


def test_the_filter_is_case_blind_counts_and_lets_later_pages_through(qtbot: QtBot) -> None:
    model = filled([entry("Alpha", 5), entry("beta", 7), entry("ALPHABET", 11)])
    settled(qtbot, model)
    model.set_filter("alpha")
    assert names(model) == ["Alpha", "ALPHABET"]
    assert (model.shown_totals.objects, model.shown_totals.size) == (2, 16)
    assert (model.totals.objects, model.totals.size) == (3, 23)
    model.add([entry("gamma"), entry("an alpha male", 1)])
    settled(qtbot, model)
    assert names(model) == ["Alpha", "ALPHABET", "an alpha male"]
    assert model.shown_totals.size == 17
    model.set_filter("")
    assert names(model) == ["Alpha", "ALPHABET", "an alpha male", "beta", "gamma"]


def test_a_refresh_shows_the_old_rows_until_the_new_ones_are_complete(qtbot: QtBot) -> None:
    model = filled([entry("old"), entry("both")])
    settled(qtbot, model)
    model.begin(keep=True)
    model.add([entry("new"), entry("both")])
    assert names(model) == ["both", "old"]
    model.end()
    settled(qtbot, model)
    assert names(model) == ["both", "new"]
    assert model.totals.objects == 2


def test_a_sort_in_the_middle_of_a_refresh_loses_no_row(qtbot: QtBot) -> None:
    model = filled([entry("old")])
    settled(qtbot, model)
    model.begin(keep=True)
    model.add([entry(f"n{n}", n) for n in range(3 * SLICE)])
    model.end()
    assert model.is_working
    model.sort(1, Qt.SortOrder.DescendingOrder)
    model.set_filter("n")
    settled(qtbot, model)
    assert model.rowCount() == 3 * SLICE
    assert model.entry(0).size == 3 * SLICE - 1


def test_a_new_listing_drops_what_the_old_one_was_doing(qtbot: QtBot) -> None:
    model = filled([entry(f"n{n}", n) for n in range(3 * SLICE)])
    model.sort(1)
    model.begin()
    model.add([entry("only")])
    model.end()
    settled(qtbot, model)
    assert names(model) == ["only"]
    assert model.totals.objects == 1


def test_a_hundred_thousand_rows_keep_the_window_for_less_than_a_blink(
    application: QApplication, qtbot: QtBot
) -> None:
    """Time of the GUI thread itself, so that a busy machine does not decide the result."""
    rows = [entry(f"IMG_{n}.jpg", n * 7919 % 5_000_000, days=n % 400) for n in range(100_000)]
    rows.sort(key=lambda row: row.key)
    view, model = QTableView(), Listing()
    qtbot.addWidget(view)
    view.setModel(model)
    view.show()
    worst = 0.0

    def busy(step: object) -> None:
        nonlocal worst
        begun = time.thread_time()
        assert callable(step)
        step()
        worst = max(worst, time.thread_time() - begun)

    def until_done() -> None:
        while model.is_working:
            busy(application.processEvents)

    busy(model.begin)
    for start in range(0, len(rows), 1000):
        busy(lambda start=start: model.add(rows[start : start + 1000]))
        busy(application.processEvents)
    until_done()
    assert model.rowCount() == 100_000
    for column in range(4):
        busy(lambda column=column: model.sort(column, Qt.SortOrder.DescendingOrder))
        until_done()
    for text in ("77", ""):
        busy(lambda text=text: model.set_filter(text))
        until_done()
    assert model.rowCount() == 100_000
    assert worst < SLICE_SECONDS


# -- the tree --


def tree(qtbot: QtBot, *, tested: bool = True) -> ContainersModel:
    model = ContainersModel()
    if tested:  # the tester looks into everything, as if somebody had unfolded it
        QAbstractItemModelTester(model, QAbstractItemModelTester.FailureReportingMode.Fatal, model)
    model.show_account("a")
    return model


def children(model: ContainersModel, place: Place) -> list[str]:
    parent = model.index_of(place)
    return [model.index(row, 0, parent).data() for row in range(model.rowCount(parent))]


def test_a_listing_fills_a_node_and_takes_away_what_it_does_not_name(qtbot: QtBot) -> None:
    model, root = tree(qtbot), Place("a")
    model.begin(root)
    model.add(root, ["b10", "b2"])
    model.add(root, ["A1"])
    model.end(root)
    assert children(model, root) == ["A1", "b2", "b10"]
    kept = QPersistentModelIndex(model.index_of(Place("a", "b2")))
    model.begin(root)
    model.add(root, ["b2", "c"])
    model.end(root)
    assert children(model, root) == ["b2", "c"]
    assert kept.isValid()


def test_an_incomplete_listing_takes_nothing_away(qtbot: QtBot) -> None:
    model, root = tree(qtbot), Place("a")
    model.begin(root)
    model.add(root, ["x", "y"])
    model.end(root)
    model.begin(root)
    model.add(root, ["x"])
    model.end(root, complete=False)
    assert children(model, root) == ["x", "y"]
    assert model.known(root) is Known.TOO_MANY


def test_children_are_asked_for_once_and_again_after_a_failure(qtbot: QtBot) -> None:
    model, box = tree(qtbot, tested=False), Place("a", "box")
    model.begin(Place("a"))
    model.add(Place("a"), ["box"])
    model.end(Place("a"))
    wanted: list[Place] = []
    model.wanted.connect(wanted.append)
    index = model.index_of(box)
    assert model.hasChildren(index)
    for _ in range(2):
        if model.canFetchMore(index):
            model.fetchMore(index)
    assert wanted == [box]
    model.fail(box)
    model.fetchMore(index)
    assert wanted == [box, box]
    model.begin(box)
    model.end(box)
    assert not model.hasChildren(index)


def test_a_place_one_stands_in_is_shown_though_no_listing_named_it(qtbot: QtBot) -> None:
    model = tree(qtbot)
    deep = Place("a", "box", "one/two/")
    assert not model.index_of(deep).isValid()
    index = model.index_of(deep, make=True)
    assert model.place(index) == deep
    assert model.place(index.parent()) == Place("a", "box", "one/")


def test_a_node_shows_a_bounded_number_of_folders(qtbot: QtBot) -> None:
    model, root = tree(qtbot, tested=False), Place("a")
    model.begin(root)
    model.add(root, [f"n{n}" for n in range(CHILDREN_MAX + 50)])
    model.end(root)
    assert model.rowCount() == CHILDREN_MAX
    assert model.known(root) is Known.TOO_MANY


def test_each_account_keeps_its_own_tree(qtbot: QtBot) -> None:
    model = tree(qtbot, tested=False)
    model.begin(Place("a"))
    model.add(Place("a"), ["box"])
    model.end(Place("a"))
    model.show_account("b")
    assert model.rowCount() == 0
    model.add(Place("a"), ["late"])  # the other account's listing goes on
    model.show_account("a")
    assert children(model, Place("a")) == ["box", "late"]
    model.forget_account("a")
    model.show_account("a")
    assert model.known(Place("a")) is Known.NOTHING


# -- the transfers --


class Board:
    """An engine's `changes` with a hand in it."""

    def __init__(self) -> None:
        self.stamp, self.asked = 1, 0
        self.rows: list[tuple[int, JobRow]] = []
        self.removed: list[tuple[int, int]] = []
        self.summary = Summary()

    def put(self, row: JobRow) -> None:
        self.stamp += 1
        self.rows = [known for known in self.rows if known[1].id != row.id] + [(self.stamp, row)]

    def remove(self, job_id: int) -> None:
        self.stamp += 1
        self.rows = [known for known in self.rows if known[1].id != job_id]
        self.removed.append((self.stamp, job_id))

    def changes(self, since: int) -> Changes:
        self.asked += 1
        fresh = tuple(row for stamp, row in self.rows if stamp > since)
        gone = tuple(job_id for stamp, job_id in self.removed if stamp > since)
        return Changes(self.stamp, fresh, gone, self.summary)


def job(job_id: int, state: State = State.RUNNING, **more: object) -> JobRow:
    return JobRow(job_id, "upload", f"file {job_id}", "here", "there", state, **more)  # type: ignore[arg-type]


def test_transfers_stand_newest_first_and_change_in_place(qtbot: QtBot) -> None:
    board = Board()
    model = TransfersModel(board.changes)
    QAbstractItemModelTester(model, QAbstractItemModelTester.FailureReportingMode.Fatal, model)
    board.put(job(1))
    board.put(job(2))
    model.poll()
    board.put(job(3))
    board.put(job(1, State.PAUSED))
    changed: list[int] = []
    model.dataChanged.connect(lambda first, last: changed.append(first.row()))
    model.poll()
    assert [row.id for row in model.jobs()] == [3, 2, 1]
    assert changed  # at least the row of job 1
    assert model.job(model.index(2, 0)).state is State.PAUSED
    board.remove(2)
    model.poll()
    assert [row.id for row in model.jobs()] == [3, 1]


def test_it_asks_only_while_something_moves(qtbot: QtBot) -> None:
    board = Board()
    model = TransfersModel(board.changes)
    model.wake()
    assert not model.is_polling
    board.put(job(1))
    model.wake()
    assert model.is_polling
    board.put(job(1, State.DONE))
    qtbot.waitUntil(lambda: not model.is_polling, timeout=2000)
    asked = board.asked
    qtbot.wait(350)
    assert board.asked == asked


def test_an_end_and_a_question_are_told_once_and_those_of_an_earlier_run_not_at_all(qtbot: QtBot) -> None:
    board = Board()
    model = TransfersModel(board.changes)
    ended: list[int] = []
    asked: list[int] = []
    model.ended.connect(lambda row: ended.append(row.id))
    model.asked.connect(lambda row: asked.append(row.id))
    board.put(job(1, State.DONE))
    model.poll()
    board.put(job(2))
    model.poll()
    question = Question(7, "a", 1, None, 2, None)
    for state, what in ((State.ASKING, question), (State.ASKING, question), (State.RUNNING, None)):
        board.put(job(2, state, question=what))
        model.poll()
    board.put(job(2, State.DONE))
    model.poll()
    board.put(job(2, State.DONE, items_done=2))
    model.poll()
    board.put(job(3, State.FAILED))  # begun and ended between two polls
    model.poll()
    assert (ended, asked) == ([2, 3], [2])


def test_a_row_says_where_it_stands_in_words() -> None:
    running = job(
        1, items_total=1, bytes_done=500_000, bytes_total=1_000_000, bytes_per_second=2e5, seconds_left=2.5
    )
    assert state_text(running) == "500\u00a0kB of 1.0\u00a0MB, 200\u00a0kB/s, 2 s left"
    assert fraction(running) == 0.5
    assert route(running) == "here → there"
    somewhere = job(1, target_ref=Ref("a", "box", "x/y\n/"), source_ref=Ref("b", "other", "k.txt"))
    assert route(somewhere, str.upper) == "B › other › k.txt → A › box › x › y‹LF›"
    at_home = JobRow(1, "download", "t", str(Path.home() / "x"), "/tmp/x", State.DONE)
    assert route(at_home) == "~/x → /tmp/x"
    planning = job(1, items_total=200, items_done=83, planning=True, seconds_left=9.0)
    assert state_text(planning) == "83 of 200 items so far"
    failed = job(1, State.FAILED, items_total=5, items_failed=2, error="No such file.")
    assert state_text(failed) == "2 of 5 items failed: No such file."
    skipped = job(1, State.DONE_WITH_SKIPS, items_total=5, items_skipped=1)
    assert state_text(skipped) == "Done, 1 of 5 items skipped"
    assert summary_text(Summary(3, 12, 41, 0, 18.4e6)) == "3 running, 12 waiting, 41 done, 18.4\u00a0MB/s"
    assert summary_text(Summary()) == ""


@pytest.mark.parametrize("state", list(State))
def test_every_state_has_words(state: State) -> None:
    assert state_text(job(1, state, items_total=2, bytes_total=10))
