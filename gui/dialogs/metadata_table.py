"""The table of metadata in the properties: keys and values of one or many objects, rows added and removed."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from PySide6.QtCore import (
    QAbstractTableModel,
    QEvent,
    QModelIndex,
    QObject,
    QPersistentModelIndex,
    Qt,
    Signal,
)
from PySide6.QtGui import QBrush, QKeyEvent
from PySide6.QtWidgets import (
    QAbstractItemView,
    QHBoxLayout,
    QLineEdit,
    QPushButton,
    QStyledItemDelegate,
    QStyleOptionViewItem,
    QTableView,
    QVBoxLayout,
    QWidget,
)

from .. import text, theme
from .edits import KEY
from .frame import STEP, ProblemLabel, named

KEY_COLUMN, VALUE_COLUMN = 0, 1
Index = QModelIndex | QPersistentModelIndex
NOWHERE = QModelIndex()


@dataclass(slots=True)
class Row:
    """One key. `value` is None as long as the objects differ in it and nobody typed."""

    key: str
    value: str | None
    is_mixed: bool = False


class MetadataRows(QAbstractTableModel):
    """What stands in the table."""

    changed = Signal()

    def __init__(self, metadata: Mapping[str, str | None], parent: QObject, *, editable: bool) -> None:
        super().__init__(parent)
        self.rows = [Row(key, value, value is None) for key, value in metadata.items()]
        self._editable = editable

    def rowCount(self, parent: Index = NOWHERE) -> int:
        return 0 if parent.isValid() else len(self.rows)

    def columnCount(self, parent: Index = NOWHERE) -> int:
        return 0 if parent.isValid() else 2

    def headerData(
        self, section: int, orientation: Qt.Orientation, role: int = Qt.ItemDataRole.DisplayRole
    ) -> Any:
        if role != Qt.ItemDataRole.DisplayRole or orientation != Qt.Orientation.Horizontal:
            return None
        return self.tr("Name") if section == KEY_COLUMN else self.tr("Value")

    def data(self, index: Index, role: int = Qt.ItemDataRole.DisplayRole) -> Any:
        """Shown with everything visible; edited as it is."""
        row = self.rows[index.row()]
        raw = row.key if index.column() == KEY_COLUMN else row.value
        if role == Qt.ItemDataRole.EditRole:
            return raw or ""
        if role == Qt.ItemDataRole.DisplayRole:
            if raw is None:
                return self.tr("(different values)")
            return text.shown(raw) if raw else ""
        if role == Qt.ItemDataRole.ToolTipRole:
            return text.tip(text.shown(raw)) if raw else None
        if role == Qt.ItemDataRole.ForegroundRole and raw is None:
            return QBrush(theme.color("muted"))
        return None

    def flags(self, index: Index) -> Qt.ItemFlag:
        flags = super().flags(index)
        return flags | Qt.ItemFlag.ItemIsEditable if self._may_type(index) else flags

    def setData(self, index: Index, value: Any, role: int = Qt.ItemDataRole.EditRole) -> bool:
        """Leaving an editor without typing changes nothing."""
        if role != Qt.ItemDataRole.EditRole or not self._may_type(index):
            return False
        row = self.rows[index.row()]
        if index.column() == KEY_COLUMN:
            row.key = str(value)
        elif row.value is None and not value:
            return False
        else:
            row.value = str(value)
        self.dataChanged.emit(index, index)
        self.changed.emit()
        return True

    def add(self) -> None:
        """An empty row at the end."""
        self.beginInsertRows(NOWHERE, len(self.rows), len(self.rows))
        self.rows.append(Row("", ""))
        self.endInsertRows()

    def remove(self, line: int) -> None:
        """Take a row away."""
        self.beginRemoveRows(NOWHERE, line, line)
        del self.rows[line]
        self.endRemoveRows()
        self.changed.emit()

    def _may_type(self, index: Index) -> bool:
        row = self.rows[index.row()]
        if index.column() == KEY_COLUMN and row.is_mixed:
            return False  # each object would need another value under the new name
        raw = row.key if index.column() == KEY_COLUMN else row.value
        # A line edit would silently change control characters; such a row can only be removed.
        return self._editable and (raw is None or raw.isprintable())


class MetadataTable(QWidget):
    """`changed` after each edit; `edits()` gives what to set and what to remove."""

    changed = Signal()

    def __init__(self, metadata: Mapping[str, str | None], *, editable: bool) -> None:
        """`metadata`: the common value of each key, None where the objects differ."""
        super().__init__()
        self._before = dict(metadata)
        self.model = MetadataRows(metadata, self, editable=editable)
        self.model.changed.connect(self.changed)
        self.table = self._view()
        self.problem = ProblemLabel()
        column = QVBoxLayout(self)
        column.setContentsMargins(0, 0, 0, 0)
        column.setSpacing(STEP)
        column.addWidget(self.table, 1)
        if editable:
            column.addLayout(self._buttons())
            self.table.installEventFilter(self)
        column.addWidget(self.problem)

    def edits(self) -> tuple[dict[str, str], frozenset[str]]:
        """New and changed values by key; keys that are gone."""
        rows = {row.key: row.value for row in self._used()}
        changed = {
            key: value for key, value in rows.items() if value is not None and self._before.get(key) != value
        }
        return changed, frozenset(key for key in self._before if key not in rows)

    def why_not(self) -> str:
        """What no service would take: a sentence; "" when all is well."""
        seen: set[str] = set()
        for row in self._used():
            name = text.elided(text.shown(row.key), 40)
            if not row.key:
                return self.tr("A value needs a name.")
            if row.key not in self._before and not KEY.fullmatch(row.key):
                sentence = self.tr(
                    "“{name}” cannot be a name: only letters, digits and - _ . are sure to arrive."
                )
                return sentence.format(name=name)
            if row.key.lower() in seen:
                return self.tr("“{name}” is there twice.").format(name=name)
            seen.add(row.key.lower())
        return ""

    def add_row(self) -> None:
        """A new row, ready to type in."""
        self.model.add()
        index = self.model.index(self.model.rowCount() - 1, KEY_COLUMN)
        self.table.setCurrentIndex(index)
        self.table.edit(index)

    def remove_rows(self) -> None:
        """Take the selected rows away."""
        for line in sorted({index.row() for index in self.table.selectedIndexes()}, reverse=True):
            self.model.remove(line)

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

    def _used(self) -> list[Row]:
        """An added row in which nothing was typed is none."""
        return [row for row in self.model.rows if row.key or row.value]

    def _view(self) -> QTableView:
        view = QTableView()
        named(view, self.tr("Metadata"))
        view.setModel(self.model)
        view.setItemDelegate(LiveEditor(view))
        header = view.horizontalHeader()
        header.setDefaultAlignment(Qt.AlignmentFlag.AlignLeft | Qt.AlignmentFlag.AlignVCenter)
        header.setStretchLastSection(True)
        header.setHighlightSections(False)
        header.resizeSection(KEY_COLUMN, 22 * STEP)
        view.verticalHeader().hide()
        view.verticalHeader().setDefaultSectionSize(4 * STEP)
        view.setShowGrid(False)
        view.setWordWrap(False)
        view.setTabKeyNavigation(False)
        view.setSelectionBehavior(QAbstractItemView.SelectionBehavior.SelectRows)
        return view

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
        self.table.selectionModel().selectionChanged.connect(self._selected)
        row.addStretch(1)
        return row

    def _selected(self) -> None:
        self.remove.setEnabled(self.table.selectionModel().hasSelection())


class LiveEditor(QStyledItemDelegate):
    """Hands on each letter, so that what is wrong is said while typing and Save can be pressed at once."""

    def createEditor(self, parent: QWidget, option: QStyleOptionViewItem, index: Index) -> QWidget:
        """A line edit that commits as it goes."""
        editor = QLineEdit(parent)
        editor.setFrame(False)
        editor.textEdited.connect(self._commit)
        return editor

    def _commit(self) -> None:
        editor = self.sender()
        if isinstance(editor, QWidget):
            self.commitData.emit(editor)
