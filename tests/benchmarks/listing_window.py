"""The program's side of listing.py: the real window, driven from within, with a probe on its loop.

Arguments: endpoint, number of objects, --trace. The last line it prints is JSON.
"""

from __future__ import annotations

import gc
import json
import sys
import tempfile
import time
from functools import partial
from pathlib import Path
from typing import Any

from PySide6.QtCore import Qt
from PySide6.QtWidgets import QApplication

from gui import background
from gui.accounts import Account, Accounts, Place
from gui.app import build
from gui.background import pause, until
from gui.main_window import MainWindow
from gui.models.listing import COLUMNS, Column, Entry, order_key
from gui.settings import portable_folders
from storage_core.drivers.s3 import S3StorageDriver
from tests.benchmarks.lateness import Probe, Tracer
from tests.benchmarks.measure import memory

PLACE = Place("canned", "box", "photos/")
PATIENCE = 300.0  # seconds
FILTER = "199"


def main() -> int:
    endpoint, count = sys.argv[1], int(sys.argv[2])
    application = QApplication(sys.argv[:1])
    application.setApplicationName("Skyferry")
    with tempfile.TemporaryDirectory() as folder:

        async def whole() -> int:
            app = build(portable_folders(Path(folder)))
            app.accounts = Accounts(app.folders.accounts, Path(folder))
            app.accounts.add(Account("canned", "Canned", "s3_compatible", {"endpoint": endpoint}))
            app.drivers.put("canned", S3StorageDriver("key", "secret", endpoint=endpoint, addressing="path"))
            window = MainWindow(app)
            window.show()
            await background.in_thread(app.engine.start, pool="engine")
            try:
                told = await Story(window, count).tell()
            finally:
                window.jobs.stop()
                app.over.set()
                await background.in_thread(app.engine.stop, pool="engine")
                window.hide()
            print(json.dumps(told), flush=True)
            return 0

        code = background.run(whole)
        background.finish()
    return code


def check(holds: object, what: str) -> None:
    if not holds:
        raise RuntimeError(f"the list is not {what}")


class Story:
    """What is done with the list, one phase after the other."""

    def __init__(self, window: MainWindow, count: int) -> None:
        self._window, self._count = window, count
        self._model, self._table = window.objects.model, window.objects.table
        self._probe = Probe(window)

    async def tell(self) -> dict[str, Any]:
        tracer = Tracer(self._probe)
        if "--trace" in sys.argv:
            tracer.start()
        await pause(1)
        with self._probe.phase("idle"):
            await pause(2)
        gc.collect()
        before, cpu = memory(), time.process_time()
        with self._probe.phase("list"):
            self._window.open_place(PLACE)
            await until(lambda: self._model.rowCount() == self._count, PATIENCE, "all rows")
            await self._over()
        listed, cpu = memory(), time.process_time() - cpu
        await self._sort()
        await self._filter()
        await self._look_around()
        return {
            "phases": self._probe.told(),
            "cpu": cpu,
            "per_row": (listed - before) / self._count,
            "peak": memory("VmHWM"),
            "stacks": tracer.stacks.most_common(25),
        }

    async def _sort(self) -> None:
        for number, column in enumerate(COLUMNS):
            for word, order in (("down", Qt.SortOrder.DescendingOrder), ("up", Qt.SortOrder.AscendingOrder)):
                with self._probe.phase(f"sort by {column.name.lower()}, {word}"):
                    self._table.sortByColumn(number, order)
                    await self._over()
                self._check_order(column, word == "down")
        self._table.sortByColumn(0, Qt.SortOrder.AscendingOrder)
        await self._over()

    def _check_order(self, column: Column, descending: bool) -> None:
        """A function of its own: what it makes is gone behind it, or the collector would find it later."""
        keys = [*map(order_key(column, descending=descending), self._rows())]
        check(keys == sorted(keys, reverse=descending), f"sorted by {column.name}")
        check(len(keys) == self._count, "complete")

    async def _filter(self) -> None:
        for text in (*(FILTER[:end] for end in range(1, len(FILTER) + 1)), ""):
            with self._probe.phase(f"filter “{text}”" if text else "filter cleared"):
                self._window.top.filter.setText(text)
                await until(partial(self._is_filtered, text), PATIENCE, "the filter")
                await self._over()
            names = [entry.name for entry in self._rows()]
            check(names and all(text in name for name in names), "filtered")

    async def _look_around(self) -> None:
        with self._probe.phase("scroll, 100 jumps"):
            bar = self._table.verticalScrollBar()
            for step in range(100):
                bar.setValue(bar.maximum() * step // 99)
                await pause(0.001)
        with self._probe.phase("select all"):
            self._table.selectAll()
            await self._over()
        check(len(self._window.selected()) == self._count, "selected")
        with self._probe.phase("select none"):
            self._table.clearSelection()
            await self._over()
        with self._probe.phase("refresh"):
            self._window.reload()
            await until(lambda: self._window.objects.is_loading, PATIENCE, "the refresh")
            await self._over()
        check(len(self._rows()) == self._count, "complete")
        with self._probe.phase("leave"):
            self._window.open_place(Place("canned"))
            await until(lambda: self._model.rowCount() < self._count, PATIENCE, "another place")
            await pause(1)

    def _rows(self) -> list[Entry]:
        return self._model.entries(0, self._count)

    def _is_filtered(self, text: str) -> bool:
        return self._model.filter == text

    async def _over(self) -> None:
        """Until nothing is loading or working, and what came is painted."""
        await pause(0)
        objects = self._window.objects
        await until(lambda: not objects.is_loading and not self._model.is_working, PATIENCE, "the list")
        self._table.viewport().update()
        await pause(0.05)


if __name__ == "__main__":
    sys.exit(main())
