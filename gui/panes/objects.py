"""The object list: the largest thing in the window. Rows of one folder, or an account's containers."""

from __future__ import annotations

import json
from collections.abc import Collection, Sequence

from PySide6.QtCore import QModelIndex, QPoint, QSize, Qt, Signal
from PySide6.QtGui import QAction
from PySide6.QtWidgets import QHBoxLayout, QHeaderView, QVBoxLayout, QWidget

from ..accounts import Place
from ..models.listing import COLUMNS, Column, Entry, Listing, Totals
from ..text import count, size, with_short_words
from ..theme import UNIT
from .dragging import Dragged
from .dropping import DropTarget
from .objects_table import ObjectsTable
from .parts import ICON_SIZE, Message, Notice, StatusLine, tool_button

WIDTHS = (380, 92, 140, 108)  # pixels, of a new user's columns


class ObjectsPane(QWidget):
    """Toolbar, rows or a message in their place, and the line that counts."""

    opened = Signal(object)  # Entry
    files_dropped = Signal(object, object)  # list[str], Place
    entries_dropped = Signal(object, object)  # Dragged, Place
    selection_changed = Signal()
    context_menu = Signal(QPoint)  # global
    drag_started = Signal()
    retry_wanted = Signal()
    action_wanted = Signal(str)  # the id of the command that an empty state offers
    up_wanted = Signal()
    laid_out = Signal()  # order or widths of columns were changed by the user

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.place: Place | None = None
        self.is_loading = False
        self.setProperty("role", "page")
        self.setAttribute(Qt.WidgetAttribute.WA_StyledBackground)
        self.setAccessibleName(self.tr("Objects"))
        self.model = Listing(self)
        self.table = ObjectsTable()
        self.message = Message()
        self._offered = ""  # the command that the message's button stands for; "": try again
        self._failed = False
        self.chosen = Totals()  # of the selected rows
        self._wanted: set[str] = set()  # keys to be selected when they come
        self.notice = Notice()
        self._line = StatusLine()
        self._bar = QWidget()
        self._lay_out()
        self._wire()
        self.show_nothing()

    # -- what is shown --

    def begin(self, place: Place) -> None:
        """A listing starts. Of the place that is shown already, the old rows stay until the end."""
        again = place == self.place and self.model.rowCount() > 0
        self._wanted = set()
        self.place = place
        self.is_loading = True
        self._failed = False
        self.notice.hide()
        self.model.begin(containers=not place.container, keep=again)
        if not again:
            self.table.scrollToTop()
        self._show_state()

    def add_page(self, entries: list[Entry]) -> None:
        """A page of it."""
        self.model.add(entries)
        self._show_state()

    def end(self) -> None:
        """The last page has come."""
        self.is_loading = False
        self.model.end()
        self._show_state()

    def fail(self, title: str, text: str = "", *, button: str = "", command: str = "") -> None:
        """The listing failed: said in place of the rows, or above those that are there.

        `button` and `command`: what helps more than trying again.
        """
        self.is_loading = False
        title, text = with_short_words(title), with_short_words(text)
        if self.model.rowCount():
            self.notice.show_text(f"{title} {text}".strip())
            self._show_state()
            return
        self._failed, self._offered = True, command
        self.message.show_text("warning", title, text, button or self.tr("Try again"))
        self.message.show()
        self._say_totals()

    def show_nothing(self) -> None:
        """No account is open."""
        self.place = None
        self.is_loading = self._failed = False
        self.model.begin()
        self._offer(
            "account",
            self.tr("Choose an account"),
            self.tr("Select one on the left, or add an account of your own."),
            self.tr("Add account…"),
            "account.add",
        )

    def set_filter(self, text: str) -> None:
        """Show only names that contain this."""
        self.model.set_filter(text)
        self._show_state()

    # -- selection --

    def selected(self) -> list[Entry]:
        """The selected rows, from top to bottom."""
        return self.table.selected()

    def select(self, keys: Collection[str]) -> None:
        """Select exactly these, and show the first: now, or when the listing under way has brought them."""
        self._wanted = set(keys)
        self._select_wanted()

    def select_all(self) -> None:
        """All rows that are shown."""
        self.table.selectAll()

    def focus_list(self) -> None:
        """Put the keyboard there, on a row when there is one."""
        self.table.setFocus(Qt.FocusReason.OtherFocusReason)
        if not self.table.selectionModel().hasSelection() and self.model.rowCount():
            self.table.selectRow(max(0, self.table.currentIndex().row()))

    def status_text(self) -> str:
        """`12,403 objects, 61.2 GB, 2 selected (8.1 MB)`."""
        return self._line.text

    def sort_by(self, column: Column) -> None:
        """What a click on the column's heading does: a second one turns the order round."""
        up, down = Qt.SortOrder.AscendingOrder, Qt.SortOrder.DescendingOrder
        again = self.model.column is column and not self.model.descending
        self.table.sortByColumn(COLUMNS.index(column), down if again else up)

    # -- layout --

    def set_actions(self, actions: Sequence[QAction]) -> None:
        """The commands of the bar above the list; a separator makes a gap. The first ones show their text."""
        row = self._bar_row
        for action in actions:
            if action.isSeparator():
                row.addSpacing(UNIT)
                continue
            button = tool_button(action)
            button.setIconSize(QSize(ICON_SIZE, ICON_SIZE))
            if action.property("with text"):
                button.setToolButtonStyle(Qt.ToolButtonStyle.ToolButtonTextBesideIcon)
            row.addWidget(button)
            self.setTabOrder(button, self.table)
        row.addStretch(1)

    def layout_text(self) -> str:
        """Sort and widths of the columns, to be remembered."""
        head = self.table.horizontalHeader()
        return json.dumps(
            {
                "widths": [head.sectionSize(at) for at in range(len(COLUMNS))],
                "sort": self.model.column.name,
                "descending": self.model.descending,
            }
        )

    def restore_layout(self, text: str) -> None:
        """What `layout_text` gave; anything else is passed over."""
        try:
            saved = json.loads(text) if text else {}
            widths = [int(width) for width in saved.get("widths", WIDTHS)]
            names = [column.name for column in COLUMNS]
            sort = names.index(saved.get("sort", names[0]))
            descending = bool(saved.get("descending", False))
        except (ValueError, TypeError, AttributeError):
            return
        head = self.table.horizontalHeader()
        for at, width in enumerate(widths[: len(COLUMNS)]):
            if at:
                head.resizeSection(at, max(6 * UNIT, min(width, 1000)))
        order = Qt.SortOrder.DescendingOrder if descending else Qt.SortOrder.AscendingOrder
        self.table.sortByColumn(sort, order)

    def _lay_out(self) -> None:
        row = self._bar_row = QHBoxLayout(self._bar)
        row.setContentsMargins(UNIT, UNIT // 2, UNIT, UNIT // 2)
        row.setSpacing(UNIT // 2)
        # The message lies on the table's ground, so that a drop on it is a drop on the table.
        over = QVBoxLayout(self.table.viewport())
        over.setContentsMargins(0, 0, 0, 0)
        over.addWidget(self.message)
        framed = QHBoxLayout()
        framed.setContentsMargins(UNIT, 0, UNIT, 0)
        framed.addWidget(self.notice)
        column = QVBoxLayout(self)
        column.setContentsMargins(0, 0, 0, 0)
        column.setSpacing(0)
        column.addWidget(self._bar)
        column.addLayout(framed)
        column.addWidget(self.table, 1)
        column.addWidget(self._line)
        self.table.show_listing(self.model)
        self.table.setAccessibleName(self.tr("Objects"))
        self.drops = DropTarget(self.table, self._takes_row, self._takes_beside)
        head = self.table.horizontalHeader()
        head.setHighlightSections(False)
        head.setDefaultAlignment(Qt.AlignmentFlag.AlignLeft | Qt.AlignmentFlag.AlignVCenter)
        head.setMinimumSectionSize(6 * UNIT)
        head.setSectionResizeMode(0, QHeaderView.ResizeMode.Stretch)
        for at, width in enumerate(WIDTHS):
            head.resizeSection(at, width)
        head.setSortIndicatorShown(True)
        head.setSortIndicator(0, Qt.SortOrder.AscendingOrder)
        self.table.setSortingEnabled(True)

    def _wire(self) -> None:
        self.table.activated.connect(self._open)
        self.table.selectionModel().selectionChanged.connect(lambda *_: self._selection_moved())
        self.table.customContextMenuRequested.connect(self._ask_menu)
        self.drops.dropped.connect(self._drop)
        self.table.drag_wanted.connect(self.drag_started)
        self.table.up_wanted.connect(self.up_wanted)
        self.table.horizontalHeader().sortIndicatorChanged.connect(self.laid_out)
        self.table.horizontalHeader().sectionResized.connect(self.laid_out)
        self.table.recalled.connect(self._selection_moved)
        self.model.changed.connect(self._show_state)
        self.model.dataChanged.connect(lambda *_: self._selection_moved())  # a selected one may say more
        self.message.pressed.connect(self._message_pressed)
        self.notice.pressed.connect(self.retry_wanted)

    # -- states --

    def _show_state(self) -> None:
        self._select_wanted()
        self._say_totals()
        if self.place is None or (self._failed and not self.model.rowCount()):
            return
        if self.model.rowCount():
            self.message.hide()
        elif self.is_loading or self.model.is_working:
            self.message.show_busy(self.tr("Loading…"))
            self.message.show()
        elif self.model.filter and (self.model.totals.objects or self.model.totals.folders):
            self._offer(
                "filter", self.tr("No name contains this"), self.tr("Clear the filter to see all."), "", ""
            )
        elif not self.place.container:
            self._offer(
                "container",
                self.tr("No containers yet"),
                self.tr("Create one, or open one by name when your key may not list them."),
                self.tr("New container…"),
                "container.new",
            )
        else:
            self._offer(
                "drop",
                self.tr("Nothing in here yet"),
                self.tr("Drag files and folders here, or choose them."),
                self.tr("Upload files…"),
                "upload.files",
            )

    def _offer(self, picture: str, title: str, text: str, button: str, command: str) -> None:
        self._offered = command
        self.message.show_text(picture, title, text, button)
        self.message.show()

    def _message_pressed(self) -> None:
        if self._offered:
            self.action_wanted.emit(self._offered)
        else:
            self.retry_wanted.emit()

    def _say_totals(self) -> None:
        if self.place is None or (self._failed and not self.model.rowCount()):
            self._line.say("")
            return
        totals = self.model.shown_totals if self.model.filter else self.model.totals
        parts = []
        if self.model.containers:
            parts.append(_number(self.tr("{n} container"), self.tr("{n} containers"), totals.folders))
        else:
            if totals.folders:
                parts.append(_number(self.tr("{n} folder"), self.tr("{n} folders"), totals.folders))
            parts.append(_number(self.tr("{n} object"), self.tr("{n} objects"), totals.objects))
            if totals.size:
                parts.append(size(totals.size))
        text = ", ".join(parts)
        if self.model.filter:
            text = self.tr("{totals} of {n} match").format(
                totals=text, n=count(self.model.totals.folders + self.model.totals.objects)
            )
        if self.is_loading:
            text = self.tr("{totals} so far").format(totals=text)
        chosen = self.chosen.objects + self.chosen.folders
        if chosen:
            said = self.tr("{n} selected ({size})") if self.chosen.objects else self.tr("{n} selected")
            text = f"{text}, {said.format(n=count(chosen), size=size(self.chosen.size))}"
        self._line.say(text, self.tr("Sorting…") if self._sorts_visibly() else "")

    def _sorts_visibly(self) -> bool:
        return self.model.is_working and not self.is_loading and not self.model.is_calm

    def _select_wanted(self) -> None:
        if not self._wanted:
            return
        found = self.table.select_keys(self._wanted)
        over = not self.is_loading and not self.model.is_working
        if over or (found == len(self._wanted) and not self.is_loading):
            self._wanted = set()

    # -- what the user did --

    def _open(self, index: QModelIndex) -> None:
        self.opened.emit(self.model.entry(index.row()))

    def _selection_moved(self) -> None:
        self.chosen = Totals()
        self.chosen.add(self.selected())
        self._say_totals()
        self.selection_changed.emit()

    def _ask_menu(self, position: QPoint) -> None:
        self.context_menu.emit(self.table.viewport().mapToGlobal(position))

    def _takes_row(self, index: QModelIndex) -> bool:
        return self.model.entry(index.row()).is_folder

    def _takes_beside(self) -> bool:
        return self.place is not None and bool(self.place.container)

    def _drop(self, found: Dragged | list[str], index: QModelIndex) -> None:
        if self.place is None:
            return
        place = self.place.below(self.model.entry(index.row()).name) if index.isValid() else self.place
        if isinstance(found, Dragged):
            if Place(found.account, found.container, found.prefix) != place:
                self.entries_dropped.emit(found, place)
        else:
            self.files_dropped.emit(found, place)


def _number(one: str, many: str, number: int) -> str:
    return (one if number == 1 else many).format(n=count(number))
