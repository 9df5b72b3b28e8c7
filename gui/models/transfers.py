"""The transfers, newest first. Asks the engine ten times a second, and only while jobs run."""

from __future__ import annotations

import os
from bisect import bisect_left, insort
from collections.abc import Callable, Iterable
from pathlib import Path
from typing import Any, TypeAlias

from PySide6.QtCore import QAbstractListModel, QCoreApplication, QModelIndex, QObject, Qt, QTimer, Signal

from storage_core.transfers import Changes, JobRow, Ref, State, Summary

from ..text import count, shown, size, speed, time_left, tip
from .listing import Index, Role

NOWHERE = QModelIndex()
POLL_MS = 100
ROW = Qt.ItemDataRole.UserRole  # the JobRow itself
ROUTE = Qt.ItemDataRole.UserRole + 1  # whence and whither, as shown
LIVELY = frozenset({State.WAITING, State.RUNNING, State.ASKING})
Ask: TypeAlias = Callable[[int], Changes]


class TransfersModel(QAbstractListModel):
    """One row per job; `wake` when a job may have been added or changed."""

    asked = Signal(object)  # JobRow: it has a question that it had not before
    advanced = Signal(object)  # JobRow: more of its items are done than a moment ago
    ended = Signal(object)  # JobRow: it has just come to its end
    summary_changed = Signal(object)  # Summary

    def __init__(
        self, changes: Ask, parent: QObject | None = None, title_of: Callable[[str], str] = str
    ) -> None:
        """`changes` is the engine's method of that name: quick, and allowed on any thread.

        `title_of` gives an account's name by its id, ready to be shown.
        """
        super().__init__(parent)
        self._title_of = title_of
        self.summary = Summary()
        self._changes = changes
        self._stamp = 0
        self._ids: list[int] = []  # ascending; shown from the end
        self._jobs: dict[int, JobRow] = {}
        self._timer = QTimer(self, interval=POLL_MS)
        self._timer.timeout.connect(self.poll)

    def wake(self) -> None:
        """Ask now, and go on asking while something moves."""
        self._timer.start()
        self.poll()

    def stop(self) -> None:
        """Ask no more: the engine is closing."""
        self._timer.stop()

    @property
    def is_polling(self) -> bool:
        """Whether it asks at the moment."""
        return self._timer.isActive()

    def poll(self) -> None:
        """Take over what has changed."""
        first = not self._stamp
        changes = self._changes(self._stamp)
        self._stamp = changes.stamp
        before = {row.id: self._jobs.get(row.id) for row in changes.rows}
        self._remove(changes.removed)
        self._put(changes.rows)
        if changes.summary != self.summary:
            self.summary = changes.summary
            self.summary_changed.emit(self.summary)
        for row in changes.rows:
            self._announce(before[row.id], row, first=first)
        if not any(job.state in LIVELY for job in self._jobs.values()):
            self._timer.stop()

    def job(self, index: Index) -> JobRow:
        """The job of a row. KeyError when there is none."""
        return self._jobs[self._ids[len(self._ids) - 1 - index.row()]]

    def jobs(self) -> list[JobRow]:
        """All of them, newest first."""
        return [self._jobs[job_id] for job_id in reversed(self._ids)]

    def rowCount(self, parent: Index = NOWHERE) -> int:
        return 0 if parent.isValid() else len(self._ids)

    def data(self, index: Index, role: int = Role.DisplayRole) -> Any:
        if not index.isValid() or index.row() >= len(self._ids):
            return None
        row = self.job(index)
        if role == ROW:
            return row
        if role == ROUTE:
            return route(row, self._title_of)
        if role == Role.DisplayRole:
            return shown(row.title)
        if role == Role.AccessibleTextRole:
            return f"{shown(row.title)}, {route(row, self._title_of)}, {state_text(row)}"
        if role == Role.ToolTipRole:
            lines = (shown(row.title), route(row, self._title_of), state_text(row))
            return tip("\n".join(line for line in lines if line))
        return None

    # -- helpers --

    def _announce(self, before: JobRow | None, row: JobRow, *, first: bool) -> None:
        asked_before = before.question if before else None
        if row.question is not None and row.question != asked_before:
            self.asked.emit(row)
        if row.items_done > (before.items_done if before else 0) and not (first or row.state.is_end):
            self.advanced.emit(row)
        was_over = before.state.is_end if before else first  # what ended in an earlier run is no news
        if row.state.is_end and not was_over:
            self.ended.emit(row)

    def _remove(self, gone: Iterable[int]) -> None:
        for job_id in gone:
            if job_id in self._jobs:
                at = bisect_left(self._ids, job_id)
                shown_row = len(self._ids) - 1 - at
                self.beginRemoveRows(NOWHERE, shown_row, shown_row)
                del self._ids[at], self._jobs[job_id]
                self.endRemoveRows()

    def _put(self, rows: Iterable[JobRow]) -> None:
        fresh = [row for row in rows if row.id not in self._jobs]
        for row in rows:
            if row.id in self._jobs and self._jobs[row.id] != row:
                self._jobs[row.id] = row
                index = self.index(len(self._ids) - 1 - bisect_left(self._ids, row.id), 0)
                self.dataChanged.emit(index, index)
        if not self._ids and fresh:
            self.beginResetModel()
            self._jobs = {row.id: row for row in fresh}
            self._ids = sorted(self._jobs)
            self.endResetModel()
            return
        for row in fresh:
            shown_row = len(self._ids) - bisect_left(self._ids, row.id)
            self.beginInsertRows(NOWHERE, shown_row, shown_row)
            insort(self._ids, row.id)
            self._jobs[row.id] = row
            self.endInsertRows()


# -- how a row is worded --


def route(row: JobRow, title_of: Callable[[str], str] = str) -> str:
    """Whence and whither, with the accounts' names."""
    source = _end(row.source_ref, row.source, title_of)
    target = _end(row.target_ref, row.target, title_of)
    return f"{source} → {target}" if source else f"→ {target}"


def _end(ref: Ref | None, text: str, title_of: Callable[[str], str]) -> str:
    """An account and a place in it; where there is none, the path of this computer that `text` is."""
    if ref is None:
        home = str(Path.home())
        inside = text == home or text.startswith(home + os.sep)
        return shown("~" + text[len(home) :] if inside else text)
    steps = (ref.container, *ref.key.rstrip("/").split("/"))
    return " › ".join((title_of(ref.account), *(shown(step) for step in steps if step)))


def fraction(row: JobRow) -> float:
    """How much of it is done, 0 to 1; by bytes, and by items where all of them are empty."""
    done, total = (row.bytes_done, row.bytes_total) if row.bytes_total else (row.items_done, row.items_total)
    return min(1.0, done / total) if total else 0.0


def state_text(row: JobRow) -> str:
    """Where it stands, in a line."""
    words = _WORDS.get(row.state)
    if words is not None:
        return words(row)
    if row.error and not row.items_failed:
        return shown(row.error)  # why nothing moves; gone as soon as something does
    return ", ".join(part for part in (_amount(row), *_pace(row)) if part)


def summary_text(summary: Summary) -> str:
    """For the pane's head: `3 running, 12 waiting, 41 done, 18.4 MB/s`; "" when there is nothing."""
    parts = [
        (summary.running, _tr("{n} running")),
        (summary.waiting, _tr("{n} waiting")),
        (summary.done, _tr("{n} done")),
        (summary.failed, _tr("{n} failed")),
    ]
    texts = [text.format(n=count(number)) for number, text in parts if number]
    if summary.running and summary.bytes_per_second:
        texts.append(speed(summary.bytes_per_second))
    return ", ".join(texts)


def _tr(text: str) -> str:
    return QCoreApplication.translate("Transfers", text)


def _amount(row: JobRow) -> str:
    if row.items_total == 1 and not row.planning:
        text = _tr("{done} of {total}")
        return text.format(done=size(row.bytes_done), total=size(row.bytes_total))
    text = _tr("{done} of {total} items so far") if row.planning else _tr("{done} of {total} items")
    return text.format(done=count(row.items_done), total=count(row.items_total))


def _pace(row: JobRow) -> tuple[str, str]:
    pace = speed(row.bytes_per_second) if row.bytes_per_second else ""
    return pace, "" if row.planning else time_left(row.seconds_left)


def _finished(row: JobRow) -> str:
    if row.items_total == 1:
        return _tr("Done, {size}").format(size=size(row.bytes_total))
    return _tr("Done, {n} items, {size}").format(n=count(row.items_done), size=size(row.bytes_done))


def _with_skips(row: JobRow) -> str:
    text = _tr("Done, {skipped} of {total} items skipped")
    return text.format(skipped=count(row.items_skipped), total=count(row.items_total))


def _failed(row: JobRow) -> str:
    if row.items_total <= 1:
        return shown(row.error) if row.error else _tr("Failed")
    text = _tr("{failed} of {total} items failed: {why}")
    return text.format(failed=count(row.items_failed), total=count(row.items_total), why=shown(row.error))


def _paused(row: JobRow) -> str:
    if row.error and not row.items_failed:
        return _tr("Paused: {why}").format(why=shown(row.error))
    return _tr("Paused, {amount}").format(amount=_amount(row))


_WORDS: dict[State, Callable[[JobRow], str]] = {
    State.WAITING: lambda row: _tr("Waiting"),
    State.ASKING: lambda row: _tr("Waits for your answer: a name is taken"),
    State.PAUSED: _paused,
    State.NEEDS_SIGN_IN: lambda row: _tr("Paused, needs sign-in"),
    State.DONE: _finished,
    State.DONE_WITH_SKIPS: _with_skips,
    State.FAILED: _failed,
    State.CANCELLED: lambda row: _tr("Cancelled"),
}
