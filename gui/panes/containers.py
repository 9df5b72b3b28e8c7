"""The tree of the open account: containers, and in them folders. Loads what is looked into."""

from __future__ import annotations

from PySide6.QtCore import QModelIndex, QPoint, QRect, QSize, Qt, Signal
from PySide6.QtGui import QAction, QPainter
from PySide6.QtWidgets import (
    QAbstractItemView,
    QStackedWidget,
    QStyle,
    QStyleOptionViewItem,
    QTreeView,
    QVBoxLayout,
    QWidget,
)

from .. import icons
from ..accounts import Place
from ..models.containers import ContainersModel, Known
from ..models.listing import Index
from ..theme import UNIT, color
from .dragging import Dragged
from .dropping import DropTarget
from .parts import ICON_SIZE, Message, header, tool_button

CHEVRON = 12  # pixels


class ContainersTree(QTreeView):
    """The view."""

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setObjectName("tree")
        self.setHeaderHidden(True)
        self.setFrameShape(QTreeView.Shape.NoFrame)
        self.setUniformRowHeights(True)
        self.setEditTriggers(QAbstractItemView.EditTrigger.NoEditTriggers)
        self.setTextElideMode(Qt.TextElideMode.ElideMiddle)
        self.setIconSize(QSize(ICON_SIZE, ICON_SIZE))
        self.setIndentation(2 * UNIT)
        self.setContextMenuPolicy(Qt.ContextMenuPolicy.CustomContextMenu)
        self.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        self.setExpandsOnDoubleClick(False)
        self.setMouseTracking(True)

    def drawRow(self, painter: QPainter, option: QStyleOptionViewItem, index: Index) -> None:
        """One rounded ground for the whole row: styles paint the chevron's part by itself."""
        chosen = self.selectionModel().isSelected(index)
        if chosen or option.state & QStyle.StateFlag.State_MouseOver:
            name = ("chosen" if self.hasFocus() else "chosen_off") if chosen else "hover"
            painter.save()
            painter.setRenderHint(QPainter.RenderHint.Antialiasing)
            painter.setPen(Qt.PenStyle.NoPen)
            painter.setBrush(color(name))
            painter.drawRoundedRect(option.rect, 6, 6)
            painter.restore()
        super().drawRow(painter, option, index)

    def drawBranches(self, painter: QPainter, rect: QRect, index: Index) -> None:
        """A chevron; the style sheet's own would need a picture per colour scheme."""
        if self.model().hasChildren(index):
            name = "chevron-down" if self.isExpanded(index) else "chevron-right"
            picture = icons.pixmap(name, CHEVRON, color("muted"), self.devicePixelRatioF())
            left = rect.right() - self.indentation() + (self.indentation() - CHEVRON) // 2 + 1
            painter.drawPixmap(left, rect.center().y() - CHEVRON // 2 + 1, picture)


class ContainersPane(QWidget):
    """Says which place somebody opened, and which one's children are wanted."""

    opened = Signal(object)  # Place
    wanted = Signal(object)  # Place: its children are asked for, for the first time or after a failure
    files_dropped = Signal(object, object)  # list[str], Place
    entries_dropped = Signal(object, object)  # Dragged, Place
    context_menu = Signal(QPoint)  # global; the place under the mouse was opened

    def __init__(self, new: QAction, parent: QWidget | None = None) -> None:
        """`new` is the command behind the plus."""
        super().__init__(parent)
        self._account = ""
        self._failed = False
        self.setProperty("role", "side")
        self.setAttribute(Qt.WidgetAttribute.WA_StyledBackground)
        self.model = ContainersModel(self)
        self.tree = ContainersTree()
        self.tree.setModel(self.model)
        self.tree.setAccessibleName(self.tr("Containers"))
        self._message = Message()
        self._pages = QStackedWidget()
        self._pages.addWidget(self.tree)
        self._pages.addWidget(self._message)
        column = QVBoxLayout(self)
        column.setContentsMargins(0, 0, 0, 0)
        column.setSpacing(0)
        column.addWidget(header(self.tr("Containers"), tool_button(new)))
        inset = QVBoxLayout()
        inset.setContentsMargins(UNIT, 0, UNIT, UNIT)
        inset.addWidget(self._pages)
        column.addLayout(inset, 1)
        self.tree.clicked.connect(self._open)
        self.tree.activated.connect(self._open)
        self.tree.customContextMenuRequested.connect(self._ask_menu)
        self.drops = DropTarget(self.tree, lambda index: True, lambda: False)
        self.drops.dropped.connect(self._drop)
        self.drops.rested.connect(self.tree.expand)
        self.model.wanted.connect(self.wanted)
        self._message.pressed.connect(self._again)
        self._show_state()

    # -- what is shown --

    def show_account(self, account_id: str) -> None:
        """Show this account's tree; its containers are asked for when nothing is known of them."""
        if account_id == self._account:
            return
        self._account, self._failed = account_id, False
        self.model.show_account(account_id)
        self._show_state()
        if account_id and self.model.known(Place(account_id)) is Known.NOTHING:
            self.wanted.emit(Place(account_id))

    def forget_account(self, account_id: str) -> None:
        """The account is gone, or reaches another service now."""
        self.model.forget_account(account_id)
        if account_id == self._account:
            self._account = ""
            self._show_state()

    def begin(self, place: Place) -> None:
        """A listing of this place starts."""
        self._failed = self._failed and place != Place(self._account)
        self.model.begin(place)
        self._show_state()

    def add(self, place: Place, names: list[str]) -> None:
        """Containers or folders that it named."""
        self.model.add(place, names)
        self._show_state()

    def end(self, place: Place, *, complete: bool = True) -> None:
        """It is over; `complete` when all children were named."""
        self.model.end(place, complete=complete)
        self._show_state()

    def fail(self, place: Place, text: str) -> None:
        """It failed. Said here when it was the account; the list says it for a folder."""
        self.model.fail(place)
        index = self.model.index_of(place)
        if index.isValid():
            self.tree.collapse(index)
        self._failed = place == Place(self._account)
        self._show_state(text)

    def knows(self, place: Place) -> bool:
        """Whether its children have been loaded."""
        return self.model.known(place) in (Known.ALL, Known.TOO_MANY)

    def select(self, place: Place) -> None:
        """Stand on this place, unfolding what is above; opens nothing."""
        if place.account != self._account:
            return
        index = self.model.index_of(place, make=True)
        self._show_state()
        if not index.isValid():
            self.tree.setCurrentIndex(QModelIndex())
            self.tree.clearSelection()
            return
        above = index.parent()
        while above.isValid():
            self.tree.expand(above)
            above = above.parent()
        self.tree.setCurrentIndex(index)
        self.tree.scrollTo(index)

    def current(self) -> Place | None:
        """The place the tree stands on."""
        return self.model.place(self.tree.currentIndex())

    def remove(self, place: Place) -> None:
        """This one is no longer there."""
        self.model.remove(place)
        self._show_state()

    # -- helpers --

    def _show_state(self, error: str = "") -> None:
        place = Place(self._account)
        if self.model.rowCount() or not self._account:
            self._pages.setCurrentWidget(self.tree)
            return
        if error:
            self._message.show_text("warning", self.tr("Could not be listed"), error, self.tr("Try again"))
        elif self._failed:
            return
        elif self.model.known(place) in (Known.NOTHING, Known.LOADING):
            self._message.show_busy(self.tr("Loading…"))
        else:
            self._message.show_text("container", self.tr("No containers"))
        self._pages.setCurrentWidget(self._message)

    def _open(self, index: QModelIndex) -> None:
        place = self.model.place(index)
        if place is not None:
            self.opened.emit(place)

    def _again(self) -> None:
        self.wanted.emit(Place(self._account))

    def _ask_menu(self, position: QPoint) -> None:
        index = self.tree.indexAt(position)
        if index.isValid():
            self._open(index)  # so that the commands of the menu are about what was clicked
        self.context_menu.emit(self.tree.viewport().mapToGlobal(position))

    def _drop(self, found: Dragged | list[str], index: QModelIndex) -> None:
        place = self.model.place(index)
        if place is None:
            return
        if isinstance(found, Dragged):
            if Place(found.account, found.container, found.prefix) != place:
                self.entries_dropped.emit(found, place)
        else:
            self.files_dropped.emit(found, place)
