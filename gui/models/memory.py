"""Long lists and the garbage collector: neither making nor dropping 100,000 rows may hold the window up."""

from __future__ import annotations

import gc

from PySide6.QtCore import QObject, QTimer

from .ordering import SLICE

FREEZE_FROM = 5_000  # rows


class Memory(QObject):
    """One per listing: told of rows that come, and given lists to drop."""

    def __init__(self, parent: QObject) -> None:
        super().__init__(parent)
        self._dropped: list[list[object]] = []  # freed a slice at a time
        self._rows = 0  # of one list, taken since the collector was last told to look away
        self._step = QTimer(self, interval=0)
        self._step.timeout.connect(self._free_some)

    def take(self, rows: int) -> None:
        """So many rows have come. The collector would walk all of them again and again: 0.3 s for 100,000,
        in which every thread stands still. Rows hold no cycles: they die by their count all the same.

        Nothing is unfrozen when they go: the next full collection would walk the whole program (25 ms, 57 on
        a busy machine). The price: a cycle that was there by chance, of a dialog perhaps, is never found.
        Leaving 200 lists of 6,000 rows left none.
        """
        self._rows += rows
        if self._rows >= FREEZE_FROM:
            self._rows = 0
            gc.freeze()

    def drop(self, rows: list[object]) -> None:
        """Nobody shows this list any more: it is emptied, and what comes from now on is another one."""
        self._rows = 0
        if len(rows) > SLICE:  # 100,000 at once take 0.2 s
            self._dropped.append(rows)
            self._step.start()

    def _free_some(self) -> None:
        if not self._dropped:
            self._step.stop()
        elif rows := self._dropped[-1]:
            del rows[-SLICE:]
        else:
            self._dropped.pop()
