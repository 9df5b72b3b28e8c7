"""The transfers, docked below: a line of counts with the commands for all, and a row per job."""

from __future__ import annotations

from collections.abc import Sequence

from PySide6.QtCore import QModelIndex, QPoint, QSize, Qt, Signal, SignalInstance
from PySide6.QtGui import QAction, QKeyEvent
from PySide6.QtWidgets import QAbstractItemView, QHBoxLayout, QListView, QStackedWidget, QVBoxLayout, QWidget

from storage_core.transfers import JobRow, State, Summary

from ..models.transfers import ROW, TransfersModel, summary_text
from ..text import ElidedLabel, PlainLabel
from ..theme import UNIT
from .parts import ICON_SIZE, heading, tool_button
from .transfer_rows import BUTTONS, TransferDelegate


class TransfersList(QListView):
    """The rows. Delete, Space and Return do what the buttons do."""

    key_pressed = Signal(str)  # "stop", "toggle", "details"

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setFrameShape(QListView.Shape.NoFrame)
        self.setSelectionMode(QAbstractItemView.SelectionMode.ExtendedSelection)
        self.setEditTriggers(QAbstractItemView.EditTrigger.NoEditTriggers)
        self.setContextMenuPolicy(Qt.ContextMenuPolicy.CustomContextMenu)
        self.setVerticalScrollMode(QAbstractItemView.ScrollMode.ScrollPerPixel)
        self.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        self.setUniformItemSizes(True)
        self.setResizeMode(QListView.ResizeMode.Adjust)
        self.setMouseTracking(True)

    def keyPressEvent(self, event: QKeyEvent) -> None:
        keys = {
            Qt.Key.Key_Delete: "stop",
            Qt.Key.Key_Space: "toggle",
            Qt.Key.Key_Return: "details",
            Qt.Key.Key_Enter: "details",
        }
        word = keys.get(Qt.Key(event.key())) if not event.modifiers() else None
        if word:
            self.key_pressed.emit(word)
        else:
            super().keyPressEvent(event)


class TransfersPane(QWidget):
    """Signals carry the ids of jobs."""

    pause_wanted = Signal(list)
    resume_wanted = Signal(list)
    cancel_wanted = Signal(list)
    retry_wanted = Signal(list)
    remove_wanted = Signal(list)
    details_wanted = Signal(int)
    answer_wanted = Signal(object)  # JobRow
    selection_changed = Signal()
    context_menu = Signal(QPoint)  # global

    def __init__(self, model: TransfersModel, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.model = model
        self.setProperty("role", "page")
        self.setAttribute(Qt.WidgetAttribute.WA_StyledBackground)
        self.list = TransfersList()
        self.list.setModel(model)
        self.list.setAccessibleName(self.tr("Transfers"))
        self._delegate = TransferDelegate(self.list)
        self.list.setItemDelegate(self._delegate)
        self._counts = ElidedLabel()
        self._counts.setProperty("role", "muted")
        self._empty = PlainLabel(
            self.tr("Uploads, downloads and copies appear here. Drag files into the list above to begin.")
        )
        self._empty.setProperty("role", "muted")
        self._empty.setAlignment(Qt.AlignmentFlag.AlignCenter)
        self._empty.setWordWrap(True)
        self._bar = QHBoxLayout()
        self._bar.setContentsMargins(2 * UNIT, UNIT // 2, UNIT, UNIT // 2)
        self._bar.setSpacing(UNIT // 2)
        self._bar.addWidget(heading(self.tr("Transfers")))
        self._bar.addSpacing(UNIT)
        self._bar.addWidget(self._counts, 1)
        self._pages = QStackedWidget()
        self._pages.addWidget(self.list)
        self._pages.addWidget(self._empty)
        column = QVBoxLayout(self)
        column.setContentsMargins(0, 0, 0, UNIT // 2)
        column.setSpacing(0)
        column.addLayout(self._bar)
        column.addWidget(self._pages, 1)
        self._delegate.pressed.connect(self._press)
        self.list.key_pressed.connect(self._key)
        self.list.doubleClicked.connect(self._open)
        self.list.selectionModel().selectionChanged.connect(self.selection_changed)
        self.list.customContextMenuRequested.connect(self._ask_menu)
        for signal in (model.modelReset, model.rowsInserted, model.rowsRemoved):
            signal.connect(self._show_state)
        model.summary_changed.connect(self._say)
        model.dataChanged.connect(self.selection_changed)  # what can be done to a selected job may be new
        self._show_state()

    def set_actions(self, actions: Sequence[QAction]) -> None:
        """The commands for all transfers."""
        for action in actions:
            button = tool_button(action)
            button.setIconSize(QSize(ICON_SIZE, ICON_SIZE))
            self._bar.addWidget(button)
            self.setTabOrder(button, self.list)

    def selected(self) -> list[JobRow]:
        """The selected jobs, newest first."""
        chosen = sorted(self.list.selectedIndexes(), key=lambda index: index.row())
        return [index.data(ROW) for index in chosen]

    def counts_text(self) -> str:
        """What the head of the pane says."""
        return self._counts.text()

    # -- helpers --

    def _say(self, summary: Summary) -> None:
        self._counts.setText(summary_text(summary))

    def _show_state(self) -> None:
        self._pages.setCurrentWidget(self.list if self.model.rowCount() else self._empty)

    def _press(self, action: str, row: JobRow) -> None:
        if action == "answer":
            self.answer_wanted.emit(row)
        elif action == "details":
            self.details_wanted.emit(row.id)
        else:
            self._signal(action).emit([row.id])

    def _signal(self, action: str) -> SignalInstance:
        signals = {
            "pause": self.pause_wanted,
            "resume": self.resume_wanted,
            "cancel": self.cancel_wanted,
            "retry": self.retry_wanted,
            "remove": self.remove_wanted,
        }
        return signals[action]

    def _key(self, word: str) -> None:
        rows = self.selected()
        if word == "details" and rows:
            self._open(self.list.currentIndex())
        elif word == "stop":
            self._emit_where("cancel", rows)
            self._emit_where("remove", rows)
        elif word == "toggle":
            running = any(row.state in (State.RUNNING, State.WAITING) for row in rows)
            self._emit_where("pause" if running else "resume", rows)

    def _emit_where(self, action: str, rows: Sequence[JobRow]) -> None:
        ids = [row.id for row in rows if action in BUTTONS[row.state]]
        if ids:
            self._signal(action).emit(ids)

    def _open(self, index: QModelIndex) -> None:
        row: JobRow | None = index.data(ROW)
        if row is None:
            return
        if row.state is State.ASKING:
            self.answer_wanted.emit(row)
        else:
            self.details_wanted.emit(row.id)

    def _ask_menu(self, position: QPoint) -> None:
        self.context_menu.emit(self.list.viewport().mapToGlobal(position))
