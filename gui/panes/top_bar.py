"""The strip above all panes: back, forward, up, where one is, reload, the filter, which panes are open."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import pairwise

from PySide6.QtCore import QSize, Qt, QTimer, Signal
from PySide6.QtGui import QAction, QKeyEvent
from PySide6.QtWidgets import QHBoxLayout, QLineEdit, QWidget

from .. import icons
from ..theme import UNIT
from .parts import ICON_SIZE, tool_button
from .path_bar import PathBar

FILTER_MS = 120  # after the last key: a list of 100,000 is filtered in slices, but not for each letter


class FilterField(QLineEdit):
    """Escape empties it, Down and Return go to the list."""

    left = Signal()

    def keyPressEvent(self, event: QKeyEvent) -> None:
        if event.key() == Qt.Key.Key_Escape:
            self.clear()
            self.left.emit()
        elif event.key() in (Qt.Key.Key_Down, Qt.Key.Key_Return, Qt.Key.Key_Enter):
            self.left.emit()
        else:
            super().keyPressEvent(event)


class TopBar(QWidget):
    """Holds the path bar and the filter field; `filter_changed` comes when typing rests."""

    filter_changed = Signal(str)
    list_wanted = Signal()

    def __init__(
        self,
        going: Sequence[QAction],
        reload: Sequence[QAction],
        panes: Sequence[QAction],
        parent: QWidget | None = None,
    ) -> None:
        super().__init__(parent)
        self.setProperty("role", "bar")
        self.setAttribute(Qt.WidgetAttribute.WA_StyledBackground)
        self.path = PathBar()
        self.filter = FilterField()
        self.filter.setPlaceholderText(self.tr("Filter"))
        self.filter.setAccessibleName(self.tr("Filter the list by name"))
        self.filter.setClearButtonEnabled(True)
        self.filter.setFixedWidth(24 * UNIT)
        self._glass = QAction(self)
        icons.keep(self._glass, "search")
        self.filter.addAction(self._glass, QLineEdit.ActionPosition.LeadingPosition)
        row = QHBoxLayout(self)
        row.setContentsMargins(UNIT, UNIT, UNIT, UNIT)
        row.setSpacing(UNIT // 2)
        stops: list[QWidget] = self._add(row, going)
        row.addSpacing(UNIT // 2)
        row.addWidget(self.path, 1)
        stops += [self.path.field, *self._add(row, reload)]
        row.addSpacing(UNIT // 2)
        row.addWidget(self.filter)
        row.addSpacing(UNIT // 2)
        stops += [self.filter, *self._add(row, panes)]
        for before, after in pairwise(stops):
            self.setTabOrder(before, after)
        self._rest = QTimer(self, singleShot=True, interval=FILTER_MS)
        self._rest.timeout.connect(self._typed)
        self.filter.textChanged.connect(self._rest.start)
        self.filter.left.connect(self.list_wanted)

    def focus_filter(self) -> None:
        """Put the keyboard there."""
        self.filter.setFocus(Qt.FocusReason.ShortcutFocusReason)
        self.filter.selectAll()

    def clear_filter(self) -> None:
        """Without a word about it: another place is shown."""
        self.filter.clear()
        self._rest.stop()

    def _typed(self) -> None:
        self.filter_changed.emit(self.filter.text())

    def _add(self, row: QHBoxLayout, actions: Sequence[QAction]) -> list[QWidget]:
        buttons: list[QWidget] = []
        for action in actions:
            button = tool_button(action)
            button.setIconSize(QSize(ICON_SIZE, ICON_SIZE))
            row.addWidget(button)
            buttons.append(button)
        return buttons
