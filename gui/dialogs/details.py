"""What happened to a transfer's items that did not simply arrive: to read and to copy."""

from __future__ import annotations

from collections.abc import Sequence

from PySide6.QtCore import Qt
from PySide6.QtGui import QGuiApplication
from PySide6.QtWidgets import (
    QAbstractItemView,
    QHeaderView,
    QPushButton,
    QTableWidget,
    QTableWidgetItem,
    QWidget,
)

from storage_core.transfers import ItemReport, JobRow, State

from .. import text
from ..text import ElidedLabel
from .frame import STEP, Frame, named, stand_back

ROWS_MAX = 10_000  # more than anybody reads; the copied report has them all


class DetailsDialog(Frame):
    """The receipt of one transfer."""

    def __init__(self, row: JobRow, problems: Sequence[ItemReport], parent: QWidget | None) -> None:
        super().__init__(text.shown(row.title), parent, width=88 * STEP)
        self.setWindowTitle(self.tr("Transfer details"))
        self.heading.setText(text.elided(text.shown(row.title), 72))
        self._row, self._problems = row, problems
        way = ElidedLabel(f"{text.shown(row.source)}  →  {text.shown(row.target)}")
        stand_back(way)
        self.column.addWidget(way)
        self.summary = self.paragraph(self._summed_up())
        if row.error:
            self.paragraph(text.shown(row.error)).setProperty("role", "bad")
        if problems:
            self.column.addSpacing(STEP)
            self.table = self._table()
            self.column.addWidget(self.table, 1)
        copy = QPushButton(self.tr("&Copy Report"))
        copy.setAutoDefault(False)
        copy.clicked.connect(self._copy)
        self.yes, no, buttons = self.end(self.tr("Close"))
        no.hide()
        buttons.insertWidget(0, copy)
        if problems:
            self.resize(104 * STEP, min(36 + 4 * len(problems), 60) * STEP)

    def report(self) -> str:
        """The same as text, one line per item; with everything visible, so that pasting it does no harm."""
        lines = [
            text.shown(self._row.title),
            f"{text.shown(self._row.source)} -> {text.shown(self._row.target)}",
            self._summed_up(),
        ]
        if self._row.error:
            lines.append(text.shown(self._row.error))
        for item in self._problems:
            reason = text.shown(item.reason) if item.reason else ""
            lines.append(f"{self._state(item.state)}\t{text.shown(item.name)}\t{reason}")
        return "\n".join(lines) + "\n"

    # -- helpers --

    def _copy(self) -> None:
        QGuiApplication.clipboard().setText(self.report())

    def _summed_up(self) -> str:
        row = self._row
        parts = [
            self.tr("{done} of {total} items, {size}").format(
                done=text.count(row.items_done),
                total=text.count(row.items_total),
                size=text.size(row.bytes_done),
            )
        ]
        if row.items_skipped:
            parts.append(self.tr("{n} skipped").format(n=text.count(row.items_skipped)))
        if row.items_failed:
            parts.append(self.tr("{n} failed").format(n=text.count(row.items_failed)))
        if row.state is State.DONE and not row.items_failed:
            parts.append(self.tr("all of it arrived"))
        return " · ".join(parts)

    def _state(self, state: str) -> str:
        names = {
            "skipped": self.tr("Skipped"),
            "failed": self.tr("Failed"),
            "done": self.tr("Done"),
            "waiting": self.tr("Waiting"),
        }
        return names.get(state, state)

    def _table(self) -> QTableWidget:
        listed = self._problems[:ROWS_MAX]
        table = QTableWidget(len(listed), 3)
        named(table, self.tr("Items that did not arrive"))
        table.setHorizontalHeaderLabels([self.tr("Name"), self.tr("Result"), self.tr("Reason")])
        table.setEditTriggers(QAbstractItemView.EditTrigger.NoEditTriggers)
        table.setSelectionBehavior(QAbstractItemView.SelectionBehavior.SelectRows)
        table.setTextElideMode(Qt.TextElideMode.ElideMiddle)
        table.setShowGrid(False)
        table.setWordWrap(False)
        table.verticalHeader().hide()
        for line, item in enumerate(listed):
            for at, value in enumerate((item.name, self._state(item.state), item.reason)):
                cell = QTableWidgetItem(text.shown(value) if value else "")
                cell.setToolTip(text.tip(text.shown(value)) if value else "")
                table.setItem(line, at, cell)
        header = table.horizontalHeader()
        header.setDefaultAlignment(Qt.AlignmentFlag.AlignLeft | Qt.AlignmentFlag.AlignVCenter)
        header.setSectionResizeMode(0, QHeaderView.ResizeMode.Interactive)
        header.resizeSection(0, 30 * STEP)
        header.setSectionResizeMode(1, QHeaderView.ResizeMode.ResizeToContents)
        header.setStretchLastSection(True)
        return table
