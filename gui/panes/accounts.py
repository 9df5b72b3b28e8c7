"""The accounts, on the left. A drop on one goes where that account opens."""

from __future__ import annotations

from collections.abc import Callable, Iterable

from PySide6.QtCore import QModelIndex, QPoint, QSize, Qt, Signal
from PySide6.QtGui import QAction, QGuiApplication, QStandardItem, QStandardItemModel
from PySide6.QtWidgets import QAbstractItemView, QListView, QVBoxLayout, QWidget

from .. import icons
from ..accounts import DEMO_CLOUD, THIS_COMPUTER, Account
from ..text import shown, tip
from ..theme import UNIT
from .dragging import Dragged
from .dropping import DropTarget
from .parts import ICON_SIZE, header, tool_button

ID = Qt.ItemDataRole.UserRole
ICON = Qt.ItemDataRole.UserRole + 1
IconOf = Callable[[Account], str]


class AccountsList(QListView):
    """The rows."""

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setObjectName("places")
        self.setFrameShape(QListView.Shape.NoFrame)
        self.setEditTriggers(QAbstractItemView.EditTrigger.NoEditTriggers)
        self.setTextElideMode(Qt.TextElideMode.ElideMiddle)
        self.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        self.setIconSize(QSize(ICON_SIZE, ICON_SIZE))
        self.setContextMenuPolicy(Qt.ContextMenuPolicy.CustomContextMenu)
        self.setUniformItemSizes(True)
        self.setMouseTracking(True)


class AccountsPane(QWidget):
    """Signals go out with the account's id."""

    opened = Signal(str)
    files_dropped = Signal(object, object)  # list[str], Place
    entries_dropped = Signal(object, object)  # Dragged, Place
    context_menu = Signal(QPoint)  # global; the account under the mouse is the current one by then

    def __init__(self, add: QAction, icon_of: IconOf, parent: QWidget | None = None) -> None:
        """`add` is the command behind the plus; `icon_of` knows the icon of an account's provider."""
        super().__init__(parent)
        self._icon_of = icon_of
        self._accounts: dict[str, Account] = {}
        self.setProperty("role", "side")
        self.setAttribute(Qt.WidgetAttribute.WA_StyledBackground)
        self.rows = QStandardItemModel(self)
        self.list = AccountsList()
        self.list.setModel(self.rows)
        self.list.setAccessibleName(self.tr("Accounts"))
        column = QVBoxLayout(self)
        column.setContentsMargins(0, 0, 0, 0)
        column.setSpacing(0)
        column.addWidget(header(self.tr("Accounts"), tool_button(add)))
        inset = QVBoxLayout()
        inset.setContentsMargins(UNIT, 0, UNIT, UNIT)
        inset.addWidget(self.list)
        column.addLayout(inset, 1)
        self.list.clicked.connect(self._open)
        self.list.activated.connect(self._open)
        self.list.customContextMenuRequested.connect(self._ask_menu)
        self.drops = DropTarget(self.list, lambda index: True, lambda: False)
        self.drops.dropped.connect(self._drop)
        self.drops.rested.connect(self._open)

    def show_accounts(self, accounts: Iterable[Account]) -> None:
        """Fill the list; what was current stays so."""
        current = self.current()
        self._accounts = {account.id: account for account in accounts}
        self.rows.clear()
        for account in self._accounts.values():
            self.rows.appendRow(self._item(account))
        self.select(current)

    def current(self) -> str:
        """The account the list stands on; "" for none."""
        index = self.list.currentIndex()
        return str(index.data(ID)) if index.isValid() else ""

    def select(self, account_id: str) -> None:
        """Stand on this one; opens nothing."""
        for row in range(self.rows.rowCount()):
            if self.rows.item(row).data(ID) == account_id:
                self.list.setCurrentIndex(self.rows.index(row, 0))
                return

    def title(self, account: Account) -> str:
        """The account's name as shown; the built-in ones speak the user's language."""
        built_in = {THIS_COMPUTER: self.tr("This computer"), DEMO_CLOUD: self.tr("Demo cloud")}
        return built_in.get(account.id) or shown(account.title)

    def title_of(self, account_id: str) -> str:
        """As shown; of a removed account, whose transfers may still be in the list, nothing is known."""
        account = self._accounts.get(account_id)
        return self.title(account) if account else self.tr("Removed account")

    def tint(self) -> None:
        """The palette has changed."""
        for row in range(self.rows.rowCount()):
            item = self.rows.item(row)
            item.setIcon(icons.icon(item.data(ICON), QGuiApplication.palette().accent().color()))

    def _item(self, account: Account) -> QStandardItem:
        name = self._icon_of(account)
        item = QStandardItem(self.title(account))
        item.setIcon(icons.icon(name, QGuiApplication.palette().accent().color()))
        item.setData(account.id, ID)
        item.setData(name, ICON)
        note = self.tr("Sample objects, emptied at quit") if account.id == DEMO_CLOUD else ""
        item.setToolTip(tip("\n".join(text for text in (self.title(account), note) if text)))
        return item

    def _open(self, index: QModelIndex) -> None:
        self.opened.emit(str(index.data(ID)))

    def _ask_menu(self, position: QPoint) -> None:
        index = self.list.indexAt(position)
        if index.isValid():
            self.list.setCurrentIndex(index)
        self.context_menu.emit(self.list.viewport().mapToGlobal(position))

    def _drop(self, found: Dragged | list[str], index: QModelIndex) -> None:
        place = self._accounts[index.data(ID)].place()
        if isinstance(found, Dragged):
            self.entries_dropped.emit(found, place)
        else:
            self.files_dropped.emit(found, place)
