"""The table of metadata in the properties: keys and values of one or many objects, rows added and removed."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from PySide6.QtCore import QCoreApplication, QEvent, QObject, Qt, Signal
from PySide6.QtGui import QKeyEvent, QPalette
from PySide6.QtWidgets import (
    QAbstractItemView,
    QHBoxLayout,
    QPushButton,
    QTableWidget,
    QTableWidgetItem,
    QVBoxLayout,
    QWidget,
)

from .. import text
from .edits import KEY
from .frame import STEP, ProblemLabel, named

KEY_COLUMN, VALUE_COLUMN = 0, 1


class MetadataTable(QWidget):
    """`changed` after each edit; `edits()` gives what to set and what to remove."""

    changed = Signal()

    def __init__(self, metadata: Mapping[str, str | None], *, editable: bool) -> None:
        """`metadata`: the common value of each key, None where the objects differ."""
        super().__init__()
        self._before = dict(metadata)
        self._editable = editable
        column = QVBoxLayout(self)
        column.setContentsMargins(0, 0, 0, 0)
        column.setSpacing(STEP)
        self.table = QTableWidget(0, 2)
        named(self.table, self.tr("Metadata"))
        self.table.setHorizontalHeaderLabels([self.tr("Name"), self.tr("Value")])
        header = self.table.horizontalHeader()
        header.setDefaultAlignment(Qt.AlignmentFlag.AlignLeft | Qt.AlignmentFlag.AlignVCenter)
        header.setStretchLastSection(True)
        header.resizeSection(KEY_COLUMN, 22 * STEP)
        self.table.verticalHeader().hide()
        self.table.verticalHeader().setDefaultSectionSize(4 * STEP)
        self.table.setShowGrid(False)
        self.table.setWordWrap(False)
        self.table.setTabKeyNavigation(False)
        self.table.setSelectionBehavior(QAbstractItemView.SelectionBehavior.SelectRows)
        column.addWidget(self.table, 1)
        for key, value in metadata.items():
            self._append(key, value)
        self.problem = ProblemLabel()
        if editable:
            column.addLayout(self._buttons())
            self.table.installEventFilter(self)
        else:
            self.table.setEditTriggers(QAbstractItemView.EditTrigger.NoEditTriggers)
        column.addWidget(self.problem)
        self.table.itemChanged.connect(self.changed)

    def rows(self) -> list[tuple[str, str | None]]:
        """What stands there: key and value; None for values that differ and were not touched."""
        found = []
        for line in range(self.table.rowCount()):
            key, value = self.table.item(line, KEY_COLUMN), self.table.item(line, VALUE_COLUMN)
            if isinstance(key, Cell) and isinstance(value, Cell) and (key.raw or value.raw):
                found.append((key.raw or "", value.raw))
        return found

    def edits(self) -> tuple[dict[str, str], frozenset[str]]:
        """New and changed values by key; keys that are gone."""
        rows = dict(self.rows())
        changed = {
            key: value for key, value in rows.items() if value is not None and self._before.get(key) != value
        }
        return changed, frozenset(key for key in self._before if key not in rows)

    def why_not(self) -> str:
        """What no service would take: a sentence; "" when all is well."""
        seen: set[str] = set()
        for key, _ in self.rows():
            if not key:
                return self.tr("A value needs a name.")
            if key not in self._before and not KEY.fullmatch(key):
                return self.tr(
                    "“{name}” cannot be a name: only letters, digits and - _ . are sure to arrive."
                ).format(name=text.elided(text.shown(key), 40))
            if key.lower() in seen:
                return self.tr("“{name}” is there twice.").format(name=text.elided(text.shown(key), 40))
            seen.add(key.lower())
        return ""

    def add_row(self) -> None:
        """A new row, ready to type in."""
        self._append("", "")
        line = self.table.rowCount() - 1
        self.table.setCurrentCell(line, KEY_COLUMN)
        self.table.edit(self.table.model().index(line, KEY_COLUMN))

    def remove_rows(self) -> None:
        """Take the selected rows away."""
        lines = sorted({index.row() for index in self.table.selectedIndexes()}, reverse=True)
        for line in lines:
            self.table.removeRow(line)
        if lines:
            self.changed.emit()

    def eventFilter(self, watched: QObject, event: QEvent) -> bool:
        """Delete takes rows away, as people expect of a list."""
        if isinstance(event, QKeyEvent) and event.type() == QEvent.Type.KeyPress and watched is self.table:
            if event.key() == Qt.Key.Key_Delete:
                self.remove_rows()
                return True
            if event.key() == Qt.Key.Key_Insert:
                self.add_row()
                return True
        return super().eventFilter(watched, event)

    # -- helpers --

    def _append(self, key: str, value: str | None) -> None:
        line = self.table.rowCount()
        self.table.insertRow(line)
        name, content = Cell(key), Cell(value)
        if value is None or not self._editable or not name.can_be_typed:
            # A key whose values differ cannot be renamed: each object would need another new value.
            name.setFlags(name.flags() & ~Qt.ItemFlag.ItemIsEditable)
        if not self._editable or not content.can_be_typed:
            content.setFlags(content.flags() & ~Qt.ItemFlag.ItemIsEditable)
        self.table.setItem(line, KEY_COLUMN, name)
        self.table.setItem(line, VALUE_COLUMN, content)

    def _buttons(self) -> QHBoxLayout:
        row = QHBoxLayout()
        row.setSpacing(STEP)
        self.add = QPushButton(self.tr("&Add"))
        self.remove = QPushButton(self.tr("&Remove"))
        for button, act in ((self.add, self.add_row), (self.remove, self.remove_rows)):
            button.setAutoDefault(False)
            button.clicked.connect(act)
            row.addWidget(button)
        self.remove.setEnabled(False)
        self.table.itemSelectionChanged.connect(
            lambda: self.remove.setEnabled(bool(self.table.selectedIndexes()))
        )
        row.addStretch(1)
        return row


class Cell(QTableWidgetItem):
    """A key or a value. `raw` is what will be stored; None as long as the objects differ and nobody typed."""

    def __init__(self, raw: str | None) -> None:
        super().__init__()
        self.raw = raw

    @property
    def can_be_typed(self) -> bool:
        """A line edit would silently change control characters; such a row can only be removed."""
        return self.raw is None or self.raw.isprintable()

    def data(self, role: int) -> Any:
        """Shown with everything visible; edited as it is."""
        if role == Qt.ItemDataRole.DisplayRole:
            if self.raw is None:
                return QCoreApplication.translate("MetadataTable", "(different values)")
            return text.shown(self.raw) if self.raw else ""
        if role == Qt.ItemDataRole.EditRole:
            return self.raw or ""
        if role == Qt.ItemDataRole.ToolTipRole and self.raw:
            return text.tip(text.shown(self.raw))
        if role == Qt.ItemDataRole.ForegroundRole and self.raw is None:
            return self.tableWidget().palette().brush(QPalette.ColorRole.PlaceholderText)
        return super().data(role)

    def setData(self, role: int, value: Any) -> None:
        """Leaving an editor without typing changes nothing."""
        if role == Qt.ItemDataRole.EditRole:
            if self.raw is None and not value:
                return
            self.raw = str(value)
        super().setData(role, value)
