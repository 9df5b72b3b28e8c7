"""The garbage collector and the window: a full collection is short, and nothing that is over stays for it."""

from __future__ import annotations

import gc
import time
import weakref

import pytest
from PySide6.QtCore import QObject
from PySide6.QtWidgets import QApplication

from gui import background
from gui.background import until
from gui.models.listing import Entry, Listing
from gui.models.memory import FREEZE_FROM
from tests.window.loop import run

pytestmark = pytest.mark.window
MANY = 2 * FREEZE_FROM


class Row(Entry):
    """An entry that tells whether it is still there (slots leave no room for a weak reference)."""


def rows(count: int) -> list[Entry]:
    return [Row(f"{number:06}", f"{number:06}", False) for number in range(count)]


def fill(model: Listing, count: int) -> list[weakref.ref[Entry]]:
    """A whole listing, a page at a time. Only the model holds its rows."""
    model.begin()
    refs = []
    for _ in range(0, count, 1000):
        page = rows(1000)
        refs += [weakref.ref(row) for row in page]
        model.add(page)
    model.end()
    return refs


def test_a_full_collection_passes_over_the_program_itself(qapp: QApplication) -> None:
    before = len(gc.get_objects())

    @run
    async def _() -> None:
        assert len(gc.get_objects()) < before / 10
        assert gc.get_freeze_count() > before * 0.9

    assert gc.get_freeze_count() == 0


def test_a_long_list_that_was_left_is_freed_and_the_program_stays_passed_over(qapp: QApplication) -> None:
    @run
    async def _() -> None:
        model = Listing()
        refs = fill(model, MANY)
        await until(lambda: not model.is_working, 20, "the list")
        assert model.rowCount() == MANY
        model.begin()
        await until(lambda: not any(ref() for ref in refs), 20, "the end of the rows")
        model.deleteLater()
        gc.collect()
        assert len(gc.get_objects()) < gc.get_freeze_count() / 10


def test_rows_that_a_refresh_replaced_are_freed(qapp: QApplication) -> None:
    @run
    async def _() -> None:
        model = Listing()
        refs = fill(model, MANY)
        await until(lambda: not model.is_working, 20, "the list")
        model.begin(keep=True)
        model.add(rows(MANY))
        model.end()
        await until(lambda: not any(ref() for ref in refs), 20, "the end of the old rows")
        assert model.rowCount() == MANY


def test_many_short_lists_freeze_nothing(qapp: QApplication) -> None:
    """What is frozen and becomes a cycle later is never found: only long lists are worth that."""

    @run
    async def _() -> None:
        frozen = gc.get_freeze_count()
        model = Listing()
        for _ in range(10):
            fill(model, FREEZE_FROM // 5)
            await until(lambda: not model.is_working, 20, "the list")
        assert gc.get_freeze_count() <= frozen


def test_a_window_in_a_cycle_is_freed_with_its_long_list(qapp: QApplication) -> None:
    refs: list[weakref.ref[Entry]] = []

    class Owner(QObject):
        """Stands for a window: it holds its model, and itself by a bound method."""

        def __init__(self) -> None:
            super().__init__()
            self.model = Listing(self)
            self.shown = self.show

        def show(self) -> None:
            raise NotImplementedError

    @run
    async def _() -> None:
        owner = Owner()
        refs.extend(fill(owner.model, MANY))
        await until(lambda: not owner.model.is_working, 20, "the list")

    gc.collect()
    assert not any(ref() for ref in refs)


def test_garbage_made_while_the_window_is_there_is_collected(qapp: QApplication) -> None:
    class Knot:
        def __init__(self) -> None:
            self.me = self

    @run
    async def _() -> None:
        ref = weakref.ref(Knot())
        begun = time.monotonic()
        knots = 0
        while ref() is not None and time.monotonic() < begun + 20:
            for _ in range(gc.get_threshold()[0] + 1):
                Knot()
                knots += 1
            await background.pause(0.05)
        assert ref() is None, f"after {knots} more"
