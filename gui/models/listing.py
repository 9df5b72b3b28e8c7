"""The objects of one folder: entries with their sort keys, and the table model that takes them by pages."""

from __future__ import annotations

import re
import time
from bisect import bisect_right
from collections.abc import Callable, Container, Generator, Iterable
from dataclasses import dataclass
from datetime import UTC, datetime
from enum import Enum
from itertools import groupby
from typing import Any, TypeAlias, cast

from PySide6.QtCore import (
    QAbstractTableModel,
    QCoreApplication,
    QModelIndex,
    QObject,
    QPersistentModelIndex,
    Qt,
    QTimer,
    Signal,
)
from PySide6.QtGui import QGuiApplication, QIcon

from storage_core.base.objects import Object, Page

from .. import icons
from ..text import date, date_in_full, shown, size, size_in_full, tip
from .memory import Memory
from .ordering import SLICE, Slicewise, in_order, merged, position, where
from .renewing import Changes, changes, kept

Index: TypeAlias = QModelIndex | QPersistentModelIndex
Role = Qt.ItemDataRole
NOWHERE = QModelIndex()
AT_ONCE = 2_000  # rows put in: finding their places among 100,000 takes 5 us each
GROUPS_MAX = 32  # separate insertions per page that a table view takes in its stride
_DIGITS = re.compile(r"\d+")
_FLAGS = (
    Qt.ItemFlag.ItemIsEnabled
    | Qt.ItemFlag.ItemIsSelectable
    | Qt.ItemFlag.ItemIsDragEnabled
    | Qt.ItemFlag.ItemNeverHasChildren
)
_LEFT = Qt.AlignmentFlag.AlignLeft | Qt.AlignmentFlag.AlignVCenter
_RIGHT = Qt.AlignmentFlag.AlignRight | Qt.AlignmentFlag.AlignVCenter


class Entry:
    """One row: an object, a folder (a prefix), or a container. Made in a thread."""

    __slots__ = ("is_folder", "key", "modified", "name", "object", "size", "sort_key", "storage_class")

    def __init__(
        self,
        name: str,
        key: str,
        is_folder: bool,
        size: int = 0,
        modified: datetime | None = None,
        storage_class: str = "",
        object: Object | None = None,
    ) -> None:
        """`name`: last component; `key`: full object name, or prefix ending "/"; `size` in bytes."""
        self.name = name
        self.key = key
        self.is_folder = is_folder
        self.size = size
        self.modified = modified
        self.storage_class = storage_class
        self.object = object
        self.sort_key = sort_key(name)

    def __repr__(self) -> str:
        return f"<Entry {self.key!r}>"


def _counted(match: re.Match[str]) -> str:
    digits = match.group().lstrip("0")
    return f"{chr(48 + min(len(digits), 60))}{digits}"


def sort_key(name: str) -> str:
    """Case-blind, and numbers by value: IMG_2 before IMG_10. The number's length goes before its digits."""
    folded = name.casefold()
    return _DIGITS.sub(_counted, folded) if _DIGITS.search(folded) else folded


def entries_of(page: Page, prefix: str) -> list[Entry]:
    """The rows of one page of the folder `prefix`, without the marker object of the folder itself."""
    skip = len(prefix)
    folders = [Entry(key[skip:-1], key, True) for key in page.prefixes]
    objects = [
        Entry(found.name[skip:], found.name, False, found.size, found.modified, found.storage_class, found)
        for found in page.objects
        if found.name != prefix
    ]
    return folders + objects


def QT_TRANSLATE_NOOP(context: str, text: str) -> str:
    """Marks a text for translation; Qt's own is typed as giving any object."""
    return text


class Column(Enum):
    """The columns, in their first order: heading, and the text of a row."""

    NAME = (QT_TRANSLATE_NOOP("Listing", "Name"), lambda entry: shown(entry.name))
    SIZE = (QT_TRANSLATE_NOOP("Listing", "Size"), lambda entry: "" if entry.is_folder else size(entry.size))
    MODIFIED = (QT_TRANSLATE_NOOP("Listing", "Modified"), lambda entry: date(entry.modified))
    CLASS = (QT_TRANSLATE_NOOP("Listing", "Class"), lambda entry: class_text(entry.storage_class))

    def __init__(self, heading: str, text: Callable[[Entry], str]) -> None:
        self.heading = heading
        self.text = text


COLUMNS = tuple(Column)
_LONG_AGO = datetime.min.replace(tzinfo=UTC)


def class_text(name: str) -> str:
    """`STANDARD_IA` as `Standard IA`: what services shout, said calmly."""
    words = name.replace("_", " ").split()
    return " ".join(word if len(word) < 3 else word.capitalize() for word in words)


def order_key(column: Column, *, descending: bool) -> Callable[[Entry], Any]:
    """The key that sorts rows by a column: folders first either way, names decide between equals."""
    if column is Column.SIZE:
        return lambda entry: (entry.is_folder is descending, entry.size, entry.sort_key, entry.name)
    if column is Column.MODIFIED:
        return lambda entry: (
            entry.is_folder is descending,
            entry.modified or _LONG_AGO,
            entry.sort_key,
            entry.name,
        )
    if column is Column.CLASS:
        return lambda entry: (entry.is_folder is descending, entry.storage_class, entry.sort_key, entry.name)
    return lambda entry: (entry.is_folder is descending, entry.sort_key, entry.name)


@dataclass(slots=True)
class Totals:
    """How much there is."""

    folders: int = 0
    objects: int = 0
    size: int = 0  # bytes

    def add(self, entries: Iterable[Entry]) -> None:
        """Count these too."""
        for entry in entries:
            if entry.is_folder:
                self.folders += 1
            else:
                self.objects += 1
                self.size += entry.size


class Listing(QAbstractTableModel):
    """Rows of one folder, sorted and filtered here. All work above SLICE rows is done a slice at a time.

    `begin`, then `add` for each page, then `end`. With `begin(keep=True)` the old rows stay until `end`, so
    that a refresh does not flicker.
    """

    changed = Signal()  # totals, or whether it is working
    renewing, renewed = Signal(), Signal()  # around what `renew` does to the rows

    def __init__(self, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self.containers = False  # the rows are an account's containers
        self.number = 0  # of listings begun
        self.is_calm = False  # the work in hand is one that nobody should notice
        self.totals = Totals()
        self.shown_totals = Totals()
        self.column, self.descending = Column.NAME, False
        self.filter = ""
        self._key = order_key(self.column, descending=False)
        self._all: list[Entry] = []  # sorted
        self._rows: list[Entry] = self._all  # the same list while nothing is filtered
        self._waiting: list[Entry] = []  # loaded, not yet in the lists
        self._fresh: list[Entry] | None = None  # what a refresh has loaded so far
        self._source: list[Entry] | None = None  # what the work in hand arranges; None: no work
        self._order = (self.column, self.descending)  # that the lists have
        self._filtered_by = ""  # what the shown rows were filtered by
        self._work: Generator[None, None, None] | None = None
        self._step = QTimer(self, interval=0)
        self._step.timeout.connect(self._take_step)
        self._flush = QTimer(self, singleShot=True)
        self._flush.timeout.connect(self._put_in)
        self._cost = 0.0  # seconds the last flush took
        self._memory = Memory(self)

    # -- rows in --

    def begin(self, *, containers: bool = False, keep: bool = False) -> None:
        """Start a listing."""
        self._stop_work()
        self.number += 1
        self.containers = containers
        self._waiting = []
        self._fresh = [] if keep else None
        self._source = None
        if not keep:
            self._memory.drop(cast(list[object], self._all))
            self.beginResetModel()
            self._all = []
            self._rows = self._all
            self._order = (self.column, self.descending)
            self._key = order_key(self.column, descending=self.descending)
            self._filtered_by = self.filter
            self.totals, self.shown_totals = Totals(), Totals()
            self.endResetModel()
        self.changed.emit()

    def add(self, entries: list[Entry]) -> None:
        """Take a page, in any order."""
        self._memory.take(len(entries))
        if self._fresh is not None:
            self._fresh += entries
            return
        self._waiting += entries
        self.totals.add(entries)
        if self._work is None and not self._flush.isActive():
            # Four times as long for the rest of the window as for putting rows in, however many there are.
            self._flush.start(int(4000 * self._cost) if self._rows else 0)
        self.changed.emit()

    def end(self) -> None:
        """The last page has come."""
        if self._fresh is not None:
            fresh, self._fresh = self._fresh, None
            self._start(fresh)
        self.changed.emit()

    def renew(self, entries: list[Entry]) -> None:
        """The same folder as it is now, all of it, in any order: rows come, go and change, and nobody who
        looks loses their place. While the list is loaded or arranged it does nothing: the next one may.
        """
        if self._fresh is None and not self.is_working:
            self._memory.take(len(entries))
            self._start(entries, calm=True)

    # -- order and filter --

    def sort(self, column: int, order: Qt.SortOrder = Qt.SortOrder.AscendingOrder) -> None:
        """Sort by a column. Long lists keep their old order until the new one is ready."""
        self.column, self.descending = COLUMNS[column], order is Qt.SortOrder.DescendingOrder
        self._start(self._source)

    def set_filter(self, text: str) -> None:
        """Show only names that contain this text, case-blind. "" shows all."""
        if text.casefold() != self.filter:
            self.filter = text.casefold()
            self._start(self._source)

    @property
    def is_working(self) -> bool:
        """Whether rows are being sorted, filtered or put in."""
        return self._work is not None or self._flush.isActive() or bool(self._waiting)

    # -- rows out --

    def entry(self, row: int) -> Entry:
        """IndexError outside of the list."""
        return self._rows[row]

    def entries(self, first: int, last: int) -> list[Entry]:
        """Rows `first` to `last`, both included."""
        return self._rows[first : last + 1]

    def row_of(self, entry: Entry) -> int:
        """Where an entry (or another one of the same key) is shown; -1 when it is not."""
        row = position(self._rows, self._key(entry), self._key, descending=self.descending) - 1
        return row if 0 <= row < len(self._rows) and self._rows[row].key == entry.key else -1

    def rows_of(self, keys: Container[str]) -> list[int]:
        """The rows with these keys."""
        return [row for row, entry in enumerate(self._rows) if entry.key in keys]

    # -- for Qt --

    def rowCount(self, parent: Index = NOWHERE) -> int:
        return 0 if parent.isValid() else len(self._rows)

    def columnCount(self, parent: Index = NOWHERE) -> int:
        return 0 if parent.isValid() else len(COLUMNS)

    def headerData(self, section: int, orientation: Qt.Orientation, role: int = Role.DisplayRole) -> Any:
        if orientation is not Qt.Orientation.Horizontal or not 0 <= section < len(COLUMNS):
            return None
        if role == Role.DisplayRole:
            return QCoreApplication.translate("Listing", COLUMNS[section].heading)
        if role == Role.TextAlignmentRole:
            return _RIGHT if COLUMNS[section] is Column.SIZE else _LEFT
        return None

    def flags(self, index: Index) -> Qt.ItemFlag:
        return _FLAGS if index.isValid() else Qt.ItemFlag.NoItemFlags

    def data(self, index: Index, role: int = Role.DisplayRole) -> Any:
        entry, column = self._rows[index.row()], COLUMNS[index.column()]
        if role == Role.DisplayRole:
            return column.text(entry)
        if role == Role.DecorationRole:
            return self._icon(entry) if column is Column.NAME else None
        if role == Role.TextAlignmentRole:
            return _RIGHT if column is Column.SIZE else _LEFT
        if role == Role.ForegroundRole:
            return None if column is Column.NAME else QGuiApplication.palette().placeholderText()
        if role == Role.ToolTipRole:
            return tip(explained(entry))
        if role == Role.AccessibleTextRole:
            return self._spoken(entry, column)
        return None

    def _icon(self, entry: Entry) -> QIcon:
        palette = QGuiApplication.palette()
        if entry.is_folder:
            return icons.icon("container" if self.containers else "folder", palette.accent().color())
        return icons.icon(icons.for_object(entry.name), palette.placeholderText().color())

    def _spoken(self, entry: Entry, column: Column) -> str:
        text = column.text(entry)
        if column is Column.NAME and entry.is_folder:
            return QCoreApplication.translate("Listing", "{name}, folder").format(name=text)
        return text

    # -- work in slices --

    def _start(self, source: list[Entry] | None, *, calm: bool = False) -> None:
        """Arrange `source`, or what is there, dropping a work half done. Short lists are done at once."""
        self._stop_work()
        source = self._all if source is None else source
        self._source, self.is_calm = source, calm
        self._work = self._arrange(source, calm)
        if len(source) <= SLICE:
            while self._work is not None:
                self._take_step()
        else:
            self._step.start()
            self.changed.emit()

    def _stop_work(self) -> None:
        self._step.stop()
        self._flush.stop()
        self._work = None

    def _take_step(self) -> None:
        work = self._work
        if work is None:
            self._step.stop()
            return
        try:
            next(work)
        except StopIteration:
            if self._work is work:
                self._stop_work()
                self._put_in()
            self.changed.emit()

    def _arrange(self, source: list[Entry], calm: bool) -> Generator[None, None, None]:
        """Sort and filter `source` (the rows there are, or those a refresh has brought), then show it: when
        `calm`, with as little change as there is."""
        order, needle = (self.column, self.descending), self.filter
        key, totals = order_key(self.column, descending=self.descending), self.totals
        rows = source
        if source is not self._all:
            totals = yield from _counted_up(source)
            if calm:
                rows = yield from kept(self._all, source)
        if source is not self._all or order != self._order:
            rows = yield from in_order(rows, key, descending=self.descending)
        visible, shown_totals = rows, Totals()
        if needle:
            visible = yield from where(rows, self._passes)
            shown_totals = yield from _counted_up(visible)
        if calm and (order, needle) == (self._order, self._filtered_by):
            step = yield from changes(self._rows, visible, key)
            if len(step.gone) <= GROUPS_MAX:
                yield from self._step_to(step)
                for unused in (self._all, source):  # lists of entries that others have, and of twins
                    self._memory.drop(cast(list[object], unused))
                self._all, self._rows, self._source = rows, visible, None
                self.totals, self.shown_totals = totals, shown_totals
                if step.replaced:
                    self.dataChanged.emit(self.index(0, 0), self.index(len(visible) - 1, len(COLUMNS) - 1))
                return
        same_rows = source is self._all and needle == self._filtered_by and len(visible) == len(self._rows)
        self._key, self._order, self._filtered_by, self._source = key, order, needle, None
        self.totals, self.shown_totals = totals, shown_totals
        if same_rows:
            self._reorder(rows, visible)
        else:
            if source is not self._all:
                self._memory.drop(cast(list[object], self._all))
            self.beginResetModel()
            self._all, self._rows = rows, visible
            self.endResetModel()

    def _step_to(self, step: Changes[Entry]) -> Generator[None, None, None]:
        """Take rows out and put others in, AT_ONCE at once."""
        gone: list[object] = []
        for start in range(0, max(1, len(step.fresh)), AT_ONCE):
            if start:
                yield
            self.renewing.emit()
            for first, last in () if start else reversed(step.gone):
                self.beginRemoveRows(NOWHERE, first, last)
                gone += self._rows[first : last + 1]
                del self._rows[first : last + 1]
                self.endRemoveRows()
            if fresh := step.fresh[start : start + AT_ONCE]:
                self._insert(fresh, self._places(self._rows, fresh))
            self.renewed.emit()
        self._memory.drop(gone)

    def _reorder(self, rows: list[Entry], visible: list[Entry]) -> None:
        self.layoutAboutToBeChanged.emit()
        before = self.persistentIndexList()
        meant = [self._rows[index.row()] for index in before]
        self._all, self._rows = rows, visible
        after = [
            self.index(self.row_of(entry), index.column()) for entry, index in zip(meant, before, strict=True)
        ]
        self.changePersistentIndexList(before, after)
        self.layoutChanged.emit()

    def _passes(self, entry: Entry) -> bool:
        return self.filter in entry.name.casefold()

    # -- putting pages in --

    def _put_in(self) -> None:
        """Put up to AT_ONCE waiting rows into the sorted lists, and come back for the rest."""
        if self._work is not None or not self._waiting:
            return
        begun = time.perf_counter()
        fresh, self._waiting = self._waiting[:AT_ONCE], self._waiting[AT_ONCE:]
        fresh.sort(key=self._key, reverse=self.descending)
        if self.filter:
            self._all = merged(self._all, fresh, self._places(self._all, fresh))
            fresh = [entry for entry in fresh if self._passes(entry)]
            self.shown_totals.add(fresh)
        if fresh:
            self._insert(fresh, self._places(self._rows, fresh))
        self._cost = time.perf_counter() - begun
        if self._waiting:
            self._flush.start(int(4000 * self._cost))
        self.changed.emit()

    def _places(self, rows: list[Entry], fresh: list[Entry]) -> list[int]:
        places, at = [], 0
        if rows and fresh:  # pages mostly come in order: all behind what is there
            at = position(rows, self._key(fresh[0]), self._key, descending=self.descending)
            if at == len(rows):
                return [at] * len(fresh)
        for entry in fresh:
            at = position(rows, self._key(entry), self._key, descending=self.descending, start=at)
            places.append(at)
        return places

    def _insert(self, fresh: list[Entry], places: list[int]) -> None:
        groups = [(place, list(group)) for place, group in groupby(range(len(fresh)), places.__getitem__)]
        if len(groups) > GROUPS_MAX:
            self._insert_scattered(fresh, places)
            return
        for place, group in reversed(groups):
            self.beginInsertRows(NOWHERE, place, place + len(group) - 1)
            self._rows[place:place] = fresh[group[0] : group[-1] + 1]
            self.endInsertRows()

    def _insert_scattered(self, fresh: list[Entry], places: list[int]) -> None:
        """Each insertion costs the view a pass over its rows: append all, then change the order once."""
        old = len(self._rows)
        self.beginInsertRows(NOWHERE, old, old + len(fresh) - 1)
        rows = merged(self._rows, fresh, places)
        self._rows += fresh
        self.endInsertRows()
        self.layoutAboutToBeChanged.emit()
        before = self.persistentIndexList()
        after = [self.index(_moved(index.row(), old, places), index.column()) for index in before]
        self._rows[:] = rows  # in place: it may be the list of all rows too
        self.changePersistentIndexList(before, after)
        self.layoutChanged.emit()


def _counted_up(entries: list[Entry]) -> Slicewise[Totals]:
    totals = Totals()
    for start in range(0, len(entries), SLICE):
        totals.add(entries[start : start + SLICE])
        yield
    return totals


def _moved(row: int, old: int, places: list[int]) -> int:
    """Where a row is after the merge; `places` are the positions, in `old` rows, of the appended ones."""
    return places[row - old] + row - old if row >= old else row + bisect_right(places, row)


def explained(entry: Entry) -> str:
    """All there is to say about a row, for its tooltip."""
    lines = [shown(entry.key)]
    if not entry.is_folder:
        lines.append(size_in_full(entry.size))
        lines.append(date_in_full(entry.modified))
    return "\n".join(line for line in lines if line)
