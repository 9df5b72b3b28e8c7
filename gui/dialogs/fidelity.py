"""Before a copy to another service that has no place for all of it: what is kept, converted and lost."""

from __future__ import annotations

from collections.abc import Sequence

from PySide6.QtCore import Qt
from PySide6.QtWidgets import (
    QAbstractItemView,
    QCheckBox,
    QFrame,
    QHeaderView,
    QTableWidget,
    QTableWidgetItem,
    QWidget,
)

from storage_core.fidelity import Fate, Line

from .. import text
from ..icons import icon
from .frame import STEP, Frame, named

ORDER = (Fate.LOST, Fate.CONVERTED, Fate.KEPT)
PICTURES = {Fate.LOST: "warning", Fate.CONVERTED: "refresh", Fate.KEPT: "check"}


class FidelityDialog(Frame):
    """Accepted: copy all the same. `again` is ticked when this pair of accounts shall not ask any more."""

    def __init__(
        self,
        source: str,
        target: str,
        lines: Sequence[Line],
        found: str,
        parent: QWidget | None,
    ) -> None:
        """`source` and `target`: the accounts' titles. `found`: what the selection really has of it."""
        super().__init__("", parent, width=84 * STEP)
        self.setWindowTitle(self.tr("What the copy keeps"))
        where = text.elided(text.shown(target), 40)
        self.heading.setText(self.tr("{target} cannot hold all of it").format(target=where))
        self.paragraph(found)
        self.column.addSpacing(STEP)
        self.table = self._table(lines)
        self.column.addWidget(self.table, 1)
        self.again = QCheckBox(
            self.tr("Do not ask again for copies from {source} to {target}")
            .format(source=text.elided(text.shown(source), 28), target=text.elided(text.shown(target), 28))
            .replace("&", "&&")
        )
        self.column.addWidget(self.again)
        self.small_print(
            self.tr("The originals stay as they are. Details of each transfer list what was lost.")
        )
        self.yes, self.no, _ = self.end(self.tr("&Copy All the Same"))

    def _table(self, lines: Sequence[Line]) -> QTableWidget:
        words = {
            Fate.LOST: self.tr("Lost"),
            Fate.CONVERTED: self.tr("Converted"),
            Fate.KEPT: self.tr("Kept"),
        }
        listed = sorted(lines, key=lambda line: ORDER.index(line.fate))
        table = QTableWidget(len(listed), 3, self)
        named(table, self.tr("What becomes of each field"))
        table.setHorizontalHeaderLabels([self.tr("Field"), self.tr("In the copy"), self.tr("Why")])
        table.setFrameShape(QFrame.Shape.NoFrame)
        table.setEditTriggers(QAbstractItemView.EditTrigger.NoEditTriggers)
        table.setSelectionMode(QAbstractItemView.SelectionMode.NoSelection)
        table.setFocusPolicy(Qt.FocusPolicy.TabFocus)
        table.setShowGrid(False)
        table.setWordWrap(True)
        table.verticalHeader().hide()
        for row, line in enumerate(listed):
            for column, said in enumerate((line.title, words[line.fate], line.why)):
                cell = QTableWidgetItem(said)
                if column == 1:
                    cell.setIcon(icon(PICTURES[line.fate]))
                table.setItem(row, column, cell)
        header = table.horizontalHeader()
        header.setDefaultAlignment(Qt.AlignmentFlag.AlignLeft | Qt.AlignmentFlag.AlignVCenter)
        header.setHighlightSections(False)
        for column in (0, 1):
            header.setSectionResizeMode(column, QHeaderView.ResizeMode.ResizeToContents)
        header.setStretchLastSection(True)
        table.verticalHeader().setSectionResizeMode(QHeaderView.ResizeMode.ResizeToContents)
        table.setMinimumHeight(min(len(listed) + 1, 11) * 4 * STEP)
        return table
