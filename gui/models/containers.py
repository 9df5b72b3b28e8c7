"""The tree of one account: its containers, and their folders as far as somebody looked into them."""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Iterable
from enum import Enum, auto
from typing import Any

from PySide6.QtCore import QAbstractItemModel, QModelIndex, QObject, Qt, Signal
from PySide6.QtGui import QGuiApplication

from .. import icons
from ..accounts import Place
from ..text import shown, tip
from .listing import Index, Role, sort_key

NOWHERE = QModelIndex()
CHILDREN_MAX = 2_000  # folders shown below one node: a tree view slows down beyond, the list does not


class Known(Enum):
    """What is known of a node's children."""

    NOTHING = auto()
    LOADING = auto()
    ALL = auto()
    TOO_MANY = auto()  # the first CHILDREN_MAX


class Node:
    """A container or a folder; the root is the account."""

    __slots__ = ("children", "known", "parent", "place", "seen", "sort_key")

    def __init__(self, place: Place, parent: Node | None) -> None:
        self.place = place
        self.parent = parent
        self.children: list[Node] = []  # sorted
        self.known = Known.NOTHING
        self.seen: set[str] = set()  # names that the listing in progress has told
        self.sort_key = (sort_key(place.name), place.name)


class ContainersModel(QAbstractItemModel):
    """One column. A listing is told by `begin`, `add` and `end`; rows that it did not name go at its end."""

    wanted = Signal(object)  # Place: somebody looks into it for the first time

    def __init__(self, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self._roots: dict[str, Node] = {}  # one per account that was shown
        self._root: Node | None = None

    # -- what is known --

    def show_account(self, account: str) -> None:
        """Show this account's tree, as it was when it was last shown."""
        self.beginResetModel()
        self._root = self._roots.setdefault(account, Node(Place(account), None)) if account else None
        self.endResetModel()

    def forget_account(self, account: str) -> None:
        """The account is gone, or another one now."""
        if self._root is not None and self._root.place.account == account:
            self.show_account("")
        self._roots.pop(account, None)

    def known(self, place: Place) -> Known:
        """What is known of a place's children."""
        node = self._node(place)
        return node.known if node else Known.NOTHING

    def begin(self, place: Place) -> None:
        """A listing of this place starts."""
        if node := self._node(place):
            node.seen = set()
            if node.known is Known.NOTHING:
                node.known = Known.LOADING

    def add(self, place: Place, names: Iterable[str]) -> None:
        """Containers or folders that it named."""
        node = self._node(place)
        if node is None:
            return
        for name in names:
            node.seen.add(name)
            if len(node.children) < CHILDREN_MAX:
                self._child(node, name)

    def end(self, place: Place, *, complete: bool = True) -> None:
        """The listing is over; when it was complete, what it did not name is no longer there."""
        node = self._node(place)
        if node is None:
            return
        for row in range(len(node.children) - 1, -1, -1) if complete else ():
            if node.children[row].place.name not in node.seen:
                self._remove(node, row)
        full = len(node.children) >= CHILDREN_MAX or not complete
        node.known = Known.TOO_MANY if full else Known.ALL
        node.seen = set()
        self._tell(node)

    def fail(self, place: Place) -> None:
        """The listing failed; the next look asks again."""
        node = self._node(place)
        if node is not None:
            if node.known is Known.LOADING:
                node.known = Known.NOTHING
            node.seen = set()
            self._tell(node)

    def remove(self, place: Place) -> None:
        """A container or folder is no longer there."""
        node = self._node(place)
        if node is not None and node.parent is not None:
            self._remove(node.parent, node.parent.children.index(node))

    def index_of(self, place: Place, *, make: bool = False) -> QModelIndex:
        """Where a place is shown; with `make`, nodes on the way are made: who is there knows it exists."""
        node = self._root
        if node is None or node.place.account != place.account:
            return NOWHERE
        for step in _path(place):
            child = _find(node, step.name)
            if child is None and make:
                child = self._child(node, step.name)
            if child is None:
                return NOWHERE
            node = child
        return self._index(node)

    def place(self, index: Index) -> Place | None:
        """The place that a row stands for."""
        return _at(index).place if index.isValid() else None

    # -- for Qt --

    def index(self, row: int, column: int, parent: Index = NOWHERE) -> QModelIndex:
        node = self._of(parent)
        if node is None or column != 0 or not 0 <= row < len(node.children):
            return NOWHERE
        return self.createIndex(row, 0, node.children[row])

    def parent(self, index: Index = NOWHERE) -> Any:  # Qt has another parent() without an argument
        node = _at(index).parent if index.isValid() else None
        return self._index(node) if node is not None else NOWHERE

    def rowCount(self, parent: Index = NOWHERE) -> int:
        node = self._of(parent)
        return len(node.children) if node else 0

    def columnCount(self, parent: Index = NOWHERE) -> int:
        return 1

    def hasChildren(self, parent: Index = NOWHERE) -> bool:
        node = self._of(parent)
        return node is not None and (bool(node.children) or node.known in (Known.NOTHING, Known.LOADING))

    def canFetchMore(self, parent: Index) -> bool:
        node = self._of(parent)
        return node is not None and parent.isValid() and node.known is Known.NOTHING

    def fetchMore(self, parent: Index) -> None:
        node = self._of(parent) if self.canFetchMore(parent) else None
        if node is not None:
            node.known = Known.LOADING
            self.wanted.emit(node.place)

    def data(self, index: Index, role: int = Role.DisplayRole) -> Any:
        if not index.isValid():
            return None
        place = _at(index).place
        if role == Role.DisplayRole:
            return shown(place.name)
        if role == Role.DecorationRole:
            palette = QGuiApplication.palette()
            return icons.icon("folder" if place.prefix else "container", palette.accent().color())
        if role == Role.ToolTipRole:
            return tip(shown(place.text()))
        if role == Role.AccessibleTextRole:
            kind = self.tr("{name}, folder") if place.prefix else self.tr("{name}, container")
            return kind.format(name=shown(place.name))
        return None

    def flags(self, index: Index) -> Qt.ItemFlag:
        if not index.isValid():
            return Qt.ItemFlag.NoItemFlags
        return Qt.ItemFlag.ItemIsEnabled | Qt.ItemFlag.ItemIsSelectable

    # -- helpers --

    def _of(self, index: Index) -> Node | None:
        return _at(index) if index.isValid() else self._root

    def _node(self, place: Place) -> Node | None:
        node = self._roots.get(place.account)
        for step in _path(place):
            node = _find(node, step.name) if node else None
        return node

    def _index(self, node: Node) -> QModelIndex:
        if node.parent is None:
            return NOWHERE
        return self.createIndex(_position(node.parent, node.sort_key), 0, node)

    def _is_shown(self, node: Node) -> bool:
        while node.parent is not None:
            node = node.parent
        return node is self._root

    def _child(self, node: Node, name: str) -> Node:
        """The child of that name, made when it is new."""
        if known := _find(node, name):
            return known
        child = Node(node.place.below(name), node)
        row = _position(node, child.sort_key)
        if self._is_shown(node):
            self.beginInsertRows(self._index(node), row, row)
            node.children.insert(row, child)
            self.endInsertRows()
        else:
            node.children.insert(row, child)
        return child

    def _remove(self, node: Node, row: int) -> None:
        if self._is_shown(node):
            self.beginRemoveRows(self._index(node), row, row)
            del node.children[row]
            self.endRemoveRows()
        else:
            del node.children[row]

    def _tell(self, node: Node) -> None:
        if node.parent is not None and self._is_shown(node):
            index = self._index(node)
            self.dataChanged.emit(index, index)


def _at(index: Index) -> Node:
    node: Node = index.internalPointer()
    return node


def _position(node: Node, key: tuple[str, str]) -> int:
    return bisect_left(node.children, key, key=lambda child: child.sort_key)


def _find(node: Node, name: str) -> Node | None:
    row = _position(node, (sort_key(name), name))
    found = node.children[row] if row < len(node.children) else None
    return found if found is not None and found.place.name == name else None


def _path(place: Place) -> list[Place]:
    """The container, each folder, the place itself; nothing for an account."""
    steps: list[Place] = []
    at: Place | None = place
    while at is not None and at.container:
        steps.append(at)
        at = at.parent
    return steps[::-1]
