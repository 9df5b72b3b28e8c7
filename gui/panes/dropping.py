"""Drops onto a list, table or tree: which row they hit, the frame around it, rest to open, scrolling."""

from __future__ import annotations

from collections.abc import Callable
from typing import cast

from PySide6.QtCore import (
    QEvent,
    QModelIndex,
    QObject,
    QPersistentModelIndex,
    QPoint,
    QRect,
    Qt,
    QTimer,
    Signal,
)
from PySide6.QtGui import QColor, QDragMoveEvent, QDropEvent, QPainter, QPaintEvent, QPen
from PySide6.QtWidgets import QAbstractItemView, QWidget

from ..theme import UNIT, color
from . import dragging

REST_MS = 700  # over a row until it opens, so that the drag can go on inside
SCROLL_MS = 60
EDGE = 3 * UNIT  # pixels from the upper or lower edge where a drag scrolls


class Frame(QWidget):
    """Says: dropped now, it goes in here. Drawn over the rows, and invisible to the mouse."""

    def __init__(self, parent: QWidget) -> None:
        super().__init__(parent)
        self.setAttribute(Qt.WidgetAttribute.WA_TransparentForMouseEvents)
        self.hide()

    def surround(self, area: QRect | None) -> None:
        """Lie around this area; None: be gone."""
        if area is not None:
            self.setGeometry(area)
            self.raise_()
        self.setVisible(area is not None)

    def paintEvent(self, event: QPaintEvent) -> None:
        painter = QPainter(self)
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        accent = color("accent")
        painter.setPen(QPen(accent, 2))
        ground = QColor(accent)
        ground.setAlpha(28)
        painter.setBrush(ground)
        painter.drawRoundedRect(self.rect().adjusted(2, 2, -2, -2), 6, 6)
        painter.end()


class DropTarget(QObject):
    """Watches a view. `takes_row` tells which rows are targets, `takes_beside` whether the ground is one."""

    dropped = Signal(object, QModelIndex)  # Dragged | list[str], the row; an invalid index for the ground
    rested = Signal(QModelIndex)

    def __init__(
        self,
        view: QAbstractItemView,
        takes_row: Callable[[QModelIndex], bool],
        takes_beside: Callable[[], bool],
    ) -> None:
        super().__init__(view)
        self._view = view
        self._takes_row, self._takes_beside = takes_row, takes_beside
        self._row = QPersistentModelIndex()
        self._at = QPoint()
        self.frame = Frame(view.viewport())
        self._rest = QTimer(self, singleShot=True, interval=REST_MS)
        self._rest.timeout.connect(self._rested)
        self._scroll = QTimer(self, interval=SCROLL_MS)
        self._scroll.timeout.connect(self._scroll_on)
        view.setAcceptDrops(True)
        view.viewport().setAcceptDrops(True)
        view.viewport().installEventFilter(self)

    def eventFilter(self, watched: QObject, event: QEvent) -> bool:
        kind = event.type()
        if kind in (QEvent.Type.DragEnter, QEvent.Type.DragMove):
            self._moved(cast(QDragMoveEvent, event), entered=kind == QEvent.Type.DragEnter)
        elif kind == QEvent.Type.DragLeave:
            self._leave()
        elif kind == QEvent.Type.Drop:
            self._drop(cast(QDropEvent, event))
        else:
            return False
        return True

    # -- helpers --

    def _moved(self, event: QDragMoveEvent, *, entered: bool) -> None:
        if not dragging.accepts(event.mimeData()):
            event.ignore()
            return
        self._at = event.position().toPoint()
        self._aim()
        event.setDropAction(Qt.DropAction.CopyAction)
        # An enter that is refused would end the drag for this view: the row below may be a better one.
        event.setAccepted(entered or self.frame.isVisible())

    def _aim(self) -> None:
        row = self._hit()
        area = None
        if row.isValid():
            area = QRect(self._view.visualRect(row))
            area.setLeft(0)
            area.setRight(self._view.viewport().width() - 1)
        elif self._takes_beside():
            area = self._view.viewport().rect()
        if row != self._row:
            self._row = QPersistentModelIndex(row)
            self._rest.start() if row.isValid() else self._rest.stop()
        self.frame.surround(area)
        height = self._view.viewport().height()
        if EDGE < self._at.y() < height - EDGE:
            self._scroll.stop()
        elif not self._scroll.isActive():
            self._scroll.start()

    def _hit(self) -> QModelIndex:
        index = self._view.indexAt(self._at)
        if index.isValid():
            index = index.siblingAtColumn(0)
        return index if index.isValid() and self._takes_row(index) else QModelIndex()

    def _drop(self, event: QDropEvent) -> None:
        self._at = event.position().toPoint()
        row = self._hit()
        wanted = row.isValid() or self._takes_beside()
        self._leave()
        found = dragging.read_mime(event.mimeData()) if wanted else None
        if found is None:
            event.ignore()
            return
        event.setDropAction(Qt.DropAction.CopyAction)
        event.accept()
        self.dropped.emit(found, row)

    def _leave(self) -> None:
        self._rest.stop()
        self._scroll.stop()
        self._row = QPersistentModelIndex()
        self.frame.surround(None)

    def _rested(self) -> None:
        if self._row.isValid():
            self.rested.emit(self._view.model().index(self._row.row(), 0, self._row.parent()))

    def _scroll_on(self) -> None:
        bar = self._view.verticalScrollBar()
        bar.setValue(bar.value() + (bar.singleStep() if self._at.y() > EDGE else -bar.singleStep()))
        self._aim()
