"""The table of the object list: rows, keyboard, selection, and the start of a drag."""

from __future__ import annotations

from collections.abc import Collection, Sequence

from PySide6.QtCore import (
    QItemSelection,
    QItemSelectionModel,
    QModelIndex,
    QPersistentModelIndex,
    QPoint,
    QRect,
    QRectF,
    QSize,
    Qt,
    Signal,
)
from PySide6.QtGui import QKeyEvent, QMouseEvent, QPainter, QPixmap
from PySide6.QtWidgets import QAbstractItemView, QHeaderView, QTableView, QWidget

from .. import icons
from ..models.listing import COLUMNS, Entry, Listing
from ..text import count, shown
from ..theme import UNIT, color
from .parts import ICON_SIZE

ROW_HEIGHT = 4 * UNIT
KEPT_MAX = 2_000  # rows whose selection survives a refresh: selecting one by one is slow in Qt
PICTURE_NAMES = 3  # in the picture that follows the mouse


class ObjectsTable(QTableView):
    """The view. Takes drops on a row (a folder) or beside it, and starts drags."""

    drag_wanted = Signal()
    up_wanted = Signal()
    recalled = Signal()  # the selection was put back after a reset

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._listing = Listing(self)
        self._kept: set[str] = set()
        self._current_key = ""
        self._held = QPersistentModelIndex(), 0  # the topmost row in view, and where its top is in it
        self.setSelectionBehavior(QAbstractItemView.SelectionBehavior.SelectRows)
        self.setSelectionMode(QAbstractItemView.SelectionMode.ExtendedSelection)
        self.setTextElideMode(Qt.TextElideMode.ElideMiddle)
        self.setWordWrap(False)
        self.setShowGrid(False)
        self.setFrameShape(QTableView.Shape.NoFrame)
        self.setIconSize(QSize(ICON_SIZE, ICON_SIZE))
        self.setDragEnabled(True)
        self.setContextMenuPolicy(Qt.ContextMenuPolicy.CustomContextMenu)
        self.setTabKeyNavigation(False)
        self.setVerticalScrollMode(QAbstractItemView.ScrollMode.ScrollPerPixel)
        self.setMouseTracking(True)
        rows = self.verticalHeader()
        rows.setVisible(False)
        rows.setSectionResizeMode(QHeaderView.ResizeMode.Fixed)
        rows.setDefaultSectionSize(max(ROW_HEIGHT, self.fontMetrics().height() + UNIT + 4))

    def show_listing(self, listing: Listing) -> None:
        """Show this model from now on."""
        self._listing = listing
        self.setModel(listing)
        # To paint itself a header asks of each column whether all rows are selected, row by row: 2 s for
        # 100,000. It gets a selection of its own, in which nothing ever is.
        self.horizontalHeader().setSelectionModel(QItemSelectionModel(listing, self))
        listing.modelAboutToBeReset.connect(self._remember)
        listing.modelReset.connect(self._recall)
        listing.renewing.connect(self._hold)
        listing.renewed.connect(self._let_go)

    def listing(self) -> Listing:
        """The model, by its type."""
        return self._listing

    def startDrag(self, actions: Qt.DropAction) -> None:
        self.drag_wanted.emit()

    def mousePressEvent(self, event: QMouseEvent) -> None:
        if (
            event.button() == Qt.MouseButton.RightButton
            and not self.indexAt(event.position().toPoint()).isValid()
        ):
            self.clearSelection()  # the menu beside the rows is the place's
        super().mousePressEvent(event)

    def moveCursor(
        self, action: QAbstractItemView.CursorAction, modifiers: Qt.KeyboardModifier
    ) -> QModelIndex:
        """Home and End are about rows: by itself a table goes to the first and last column."""
        rows, column = self._listing.rowCount(), max(0, self.currentIndex().column())
        if action is QAbstractItemView.CursorAction.MoveHome and rows:
            return self._listing.index(0, column)
        if action is QAbstractItemView.CursorAction.MoveEnd and rows:
            return self._listing.index(rows - 1, column)
        return super().moveCursor(action, modifiers)

    def keyPressEvent(self, event: QKeyEvent) -> None:
        if event.key() == Qt.Key.Key_Backspace and not event.modifiers():
            self.up_wanted.emit()
        elif event.key() in (Qt.Key.Key_Return, Qt.Key.Key_Enter) and not event.modifiers():
            index = self.currentIndex()
            if index.isValid():
                self.activated.emit(index)  # the same on all platforms; macOS would rename
        else:
            super().keyPressEvent(event)

    # -- selection --

    def selected(self) -> list[Entry]:
        """The selected rows, top to bottom. By ranges: an index per row takes Qt a second for 100,000."""
        chosen = self.selectionModel().selection()
        ranges = {(part.top(), part.bottom()) for part in chosen.toList()}
        entries: list[Entry] = []
        for first, last in sorted(ranges):
            entries += self.listing().entries(first, last)
        return entries

    def select_keys(self, keys: Collection[str]) -> int:
        """Select exactly the rows with these keys, show the first, and tell how many there are."""
        rows = self.listing().rows_of(set(keys))
        if rows:
            self._select_rows(rows)
            self.selectionModel().setCurrentIndex(
                self.listing().index(rows[0], 0), QItemSelectionModel.SelectionFlag.NoUpdate
            )
            self.scrollTo(self.listing().index(rows[0], 0))
        return len(rows)

    # -- keeping the selection over a refresh --

    def _remember(self) -> None:
        chosen = self.selected()
        self._kept = {entry.key for entry in chosen} if len(chosen) <= KEPT_MAX else set()
        current = self.currentIndex()
        self._current_key = self.listing().entry(current.row()).key if current.isValid() else ""

    def _recall(self) -> None:
        if self._kept:
            self._select_rows(self.listing().rows_of(self._kept))
        if self._current_key:
            for row in self.listing().rows_of({self._current_key}):
                self.selectionModel().setCurrentIndex(
                    self.listing().index(row, 0), QItemSelectionModel.SelectionFlag.NoUpdate
                )
        self.recalled.emit()

    # -- keeping the rows in view where they are while others come and go above them --

    def _hold(self) -> None:
        top = self.indexAt(QPoint(0, 0)) if self.verticalScrollBar().value() else QModelIndex()
        self._held = QPersistentModelIndex(top), self.visualRect(top).top()

    def _let_go(self) -> None:
        (top, offset), self._held = self._held, (QPersistentModelIndex(), 0)
        if top.isValid():
            self.updateGeometries()  # how far it can be scrolled is another number now
            self.verticalScrollBar().setValue(self.verticalHeader().sectionPosition(top.row()) - offset)

    def _select_rows(self, rows: Sequence[int]) -> None:
        chosen = QItemSelection()
        for row in rows:
            chosen.select(self.listing().index(row, 0), self.listing().index(row, len(COLUMNS) - 1))
        self.selectionModel().select(chosen, QItemSelectionModel.SelectionFlag.ClearAndSelect)

    # -- the picture that follows the mouse --

    def drag_picture(self) -> QPixmap:
        """The first names of the selection, and how many more."""
        chosen = self.selected()
        lines = [shown(entry.name) for entry in chosen[:PICTURE_NAMES]]
        if len(chosen) > PICTURE_NAMES:
            lines.append(self.tr("and {n} more").format(n=count(len(chosen) - PICTURE_NAMES)))
        metrics = self.fontMetrics()
        height, ratio = metrics.height() + UNIT // 2, self.devicePixelRatioF()
        width = min(300, max(metrics.horizontalAdvance(line) for line in lines) + 5 * UNIT)
        picture = QPixmap(QSize(width, height * len(lines) + UNIT) * ratio)
        picture.setDevicePixelRatio(ratio)
        picture.fill(Qt.GlobalColor.transparent)
        painter = QPainter(picture)
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        painter.setPen(color("field"))
        painter.setBrush(color("raised"))
        painter.drawRoundedRect(QRectF(0.5, 0.5, width - 1, picture.height() / ratio - 1), 6, 6)
        painter.setPen(color("text"))
        for at, line in enumerate(lines):
            top = UNIT // 2 + at * height
            if at < PICTURE_NAMES:
                name = "folder" if chosen[at].is_folder else icons.for_object(chosen[at].name)
                painter.drawPixmap(UNIT, top, icons.pixmap(name, ICON_SIZE, color("accent"), ratio))
            room = QRect(UNIT * 4, top, width - 5 * UNIT, height)
            text = metrics.elidedText(line, Qt.TextElideMode.ElideMiddle, room.width())
            painter.drawText(room, Qt.AlignmentFlag.AlignVCenter, text)
        painter.end()
        return picture
