"""What is selected, in detail: General, Metadata, Sharing. Asks for what it is not handed by signals."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from PySide6.QtCore import QSize, Qt, Signal
from PySide6.QtGui import QAction, QResizeEvent, QTextOption, QWheelEvent
from PySide6.QtWidgets import (
    QFrame,
    QLabel,
    QPlainTextEdit,
    QScrollArea,
    QSizePolicy,
    QTabWidget,
    QVBoxLayout,
    QWidget,
)

from storage_core.attributes import Attributes
from storage_core.base.objects import Object, PublicAccess

from .. import icons, sharing
from ..accounts import Place
from ..models.listing import Entry, Totals, class_text
from ..text import PlainLabel, count, date_in_full, elided, shown, size, size_in_full
from ..theme import UNIT
from .parts import ICON_SIZE, tool_button

GENERAL, METADATA, SHARING = range(3)
NAME_LETTERS = 90  # of a name at the head
HEADERS = (
    "content_type",
    "content_encoding",
    "content_disposition",
    "content_language",
    "cache_control",
    "expires",
    "encryption",
)


class Sheet(QScrollArea):
    """One tab: names and values in two columns, values to be selected and copied."""

    def __init__(self, name: str, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setWidgetResizable(True)
        self.setFrameShape(QFrame.Shape.NoFrame)
        self.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        self.setAccessibleName(name)
        self._body = QWidget()
        self._body.setProperty("role", "side")
        self._column = QVBoxLayout(self._body)
        self._column.setContentsMargins(2 * UNIT, 2 * UNIT, 2 * UNIT, 2 * UNIT)
        self._column.setSpacing(UNIT + UNIT // 2)
        self._column.addStretch(1)
        self.setWidget(self._body)

    def clear(self) -> None:
        """Take all away."""
        while self._column.count() > 1:
            item = self._column.takeAt(0)
            widget = item.widget() if item else None
            if widget is not None:
                widget.hide()
                widget.deleteLater()

    def say(self, text: str, role: str = "muted") -> None:
        """A paragraph."""
        self._add(Value(text, role=role))

    def rows(self, pairs: Mapping[str, str]) -> None:
        """A block of names and values; empty values are left out."""
        for name, value in pairs.items():
            if value:
                self._add(_pair(name, value))

    def button(self, action: QAction) -> None:
        """A command that belongs here."""
        button = tool_button(action)
        button.setToolButtonStyle(Qt.ToolButtonStyle.ToolButtonTextBesideIcon)
        button.setIconSize(QSize(ICON_SIZE, ICON_SIZE))
        button.setMinimumWidth(ICON_SIZE)  # else its words would widen the sheet, and cut off all others
        self._add(button)
        self.setTabOrder(self, button)  # what is made later would come last in the window

    def texts(self) -> list[str]:
        """All that it says, for tests."""
        return [value.toPlainText() for value in self._body.findChildren(Value) if not value.isHidden()]

    def _add(self, widget: QWidget) -> None:
        self._column.insertWidget(self._column.count() - 1, widget)


class Value(QPlainTextEdit):
    """A text to select and copy, wrapped anywhere: QLabel would widen the pane for one long name."""

    def __init__(self, text: str, name: str = "", role: str = "") -> None:
        super().__init__()
        self.setProperty("role", "value")
        self.setProperty("tone", role)
        self.setReadOnly(True)
        self.setFrameShape(QFrame.Shape.NoFrame)
        self.setTabChangesFocus(True)
        self.setWordWrapMode(QTextOption.WrapMode.WrapAtWordBoundaryOrAnywhere)
        self.setVerticalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        self.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        self.setTextInteractionFlags(
            Qt.TextInteractionFlag.TextSelectableByMouse | Qt.TextInteractionFlag.TextSelectableByKeyboard
        )
        # No stop for Tab: the same values are in Properties, where they have fields of their own.
        self.setFocusPolicy(Qt.FocusPolicy.ClickFocus)
        self.document().setDocumentMargin(0)
        self.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Fixed)
        self.show_text(text, name)

    def show_text(self, text: str, name: str = "") -> None:
        """Say something else."""
        self.setPlainText(text)
        self.setAccessibleName(f"{name}: {text}" if name else text)
        self._fit()

    def resizeEvent(self, event: QResizeEvent) -> None:
        super().resizeEvent(event)
        self._fit()

    def wheelEvent(self, event: QWheelEvent) -> None:
        event.ignore()  # the sheet scrolls, not its lines

    def _fit(self) -> None:
        lines = int(self.document().size().height())  # a QPlainTextEdit's document counts in lines
        height = max(1, lines) * self.fontMetrics().lineSpacing() + 2
        if height != self.height() or self.minimumHeight() != height:
            self.setFixedHeight(height)


def _pair(name: str, value: str) -> QWidget:
    box = QWidget()
    column = QVBoxLayout(box)
    column.setContentsMargins(0, 0, 0, 0)
    column.setSpacing(2)
    label = PlainLabel(name)
    label.setProperty("role", "muted")
    font = label.font()
    font.setPointSizeF(font.pointSizeF() * 0.88)
    label.setFont(font)
    field = Value(value, name)
    label.setBuddy(field)
    column.addWidget(label)
    column.addWidget(field)
    return box


class InspectorPane(QWidget):
    """Follows the selection. It never fetches: `details_wanted` asks for the head of the one object shown."""

    details_wanted = Signal(object)  # Entry
    sharing_wanted = Signal()  # the Sharing tab came into view with nothing known yet

    def __init__(
        self, properties: QAction, link: QAction, public: QAction, parent: QWidget | None = None
    ) -> None:
        super().__init__(parent)
        self._properties, self._link, self._public = properties, link, public
        self._entry: Entry | None = None
        self._place: Place | None = None
        self._public_known: PublicAccess | None = None
        self.setProperty("role", "side")
        self.setAttribute(Qt.WidgetAttribute.WA_StyledBackground)
        self._picture = QLabel()
        self._name = Value("", role="title")
        self.tabs = QTabWidget()
        self.tabs.setDocumentMode(True)
        self.tabs.tabBar().setDrawBase(False)
        self.tabs.tabBar().setAccessibleName(self.tr("Inspector"))
        self.tabs.setAccessibleName(self.tr("Inspector"))
        self.general = Sheet(self.tr("General"))
        self.metadata = Sheet(self.tr("Metadata"))
        self.sharing = Sheet(self.tr("Sharing"))
        for sheet in (self.general, self.metadata, self.sharing):
            self.tabs.addTab(sheet, sheet.accessibleName())
        head = QVBoxLayout()
        head.setContentsMargins(2 * UNIT, 2 * UNIT, 2 * UNIT, UNIT)
        head.setSpacing(UNIT)
        head.addWidget(self._picture)
        head.addWidget(self._name)
        column = QVBoxLayout(self)
        column.setContentsMargins(0, 0, 0, 0)
        column.setSpacing(0)
        column.addLayout(head)
        column.addWidget(self.tabs, 1)
        self.tabs.currentChanged.connect(self._tab_changed)
        self.show_nothing()

    # -- what is shown --

    def show_nothing(self) -> None:
        """No account is open."""
        self._entry = self._place = None
        self._head("info", self.tr("Nothing selected"))
        for sheet in (self.general, self.metadata, self.sharing):
            sheet.clear()
        self.general.say(self.tr("Select an object to see its details."))

    def show_selection(self, place: Place, account: str, entries: Sequence[Entry], totals: Totals) -> None:
        """The selected entries of this place and their totals, or the place itself. `account`: its title."""
        moved = self._place is None or (place.account, place.container) != (
            self._place.account,
            self._place.container,
        )
        self._place = place
        if moved:
            self._public_known = None
        self._entry = entries[0] if len(entries) == 1 else None
        self.general.clear()
        self.metadata.clear()
        if not entries:
            self._show_place(place, account)
        elif self._entry is not None and place.container:
            self._show_entry(place, self._entry)
        else:
            self._show_many(totals)
        self._show_sharing()
        self._ask_for_more()

    def show_details(self, entry: Entry, found: Object) -> None:
        """The head of the object that is shown; another one's comes too late and is dropped."""
        if self._entry is not None and entry.key == self._entry.key:
            self._show_attributes(found)

    def fail_details(self, entry: Entry, text: str) -> None:
        """Its head could not be read."""
        if self._entry is not None and entry.key == self._entry.key:
            self.metadata.clear()
            self.metadata.say(text, "bad")

    def show_public(self, place: Place, access: PublicAccess) -> None:
        """Whether anyone may read the container, as the provider has just said."""
        if self._place is None or (self._place.account, self._place.container) != (
            place.account,
            place.container,
        ):
            return
        self._public_known = access
        self._show_sharing()

    def forget_public(self) -> None:
        """It may have been changed; ask again when somebody looks."""
        self._public_known = None
        self._show_sharing()
        self._ask_for_more()

    @property
    def entry(self) -> Entry | None:
        """The one object or folder that is shown."""
        return self._entry

    # -- helpers --

    def _head(self, picture: str, name: str) -> None:
        icons.keep_picture(self._picture, picture, 32)
        self._name.show_text(elided(name, NAME_LETTERS))
        self._name.setAccessibleName(name)

    def _show_place(self, place: Place, account: str) -> None:
        self.metadata.say(self.tr("Select one object to see its metadata."))
        if not place.container:
            self._head("account", account)
            self.general.rows({self.tr("Account"): account})
            return
        self._head("folder" if place.prefix else "container", shown(place.name))
        self.general.rows(
            {
                self.tr("Kind"): self.tr("Folder") if place.prefix else self.tr("Container"),
                self.tr("Account"): account,
                self.tr("Container"): shown(place.container),
                self.tr("Path"): shown(place.prefix) if place.prefix else "",
            }
        )

    def _show_entry(self, place: Place, entry: Entry) -> None:
        self._head("folder" if entry.is_folder else icons.for_object(entry.name), shown(entry.name))
        facts = {self.tr("Kind"): self.tr("Folder") if entry.is_folder else self.tr("Object")}
        if not entry.is_folder:
            facts |= {
                self.tr("Size"): size_in_full(entry.size),
                self.tr("Modified"): date_in_full(entry.modified),
                self.tr("Storage class"): class_text(entry.storage_class),
            }
        facts |= {self.tr("Container"): shown(place.container), self.tr("Path"): shown(entry.key)}
        if entry.object is not None:
            facts[self.tr("ETag")] = shown(entry.object.etag)
        self.general.rows(facts)
        if entry.is_folder:
            self.metadata.say(self.tr("Folders have no metadata."))
        elif entry.object is not None and entry.object.attributes is not None:
            self._show_attributes(entry.object)
        else:
            self.metadata.say(self.tr("Loading…"))

    def _show_many(self, totals: Totals) -> None:
        number = count(totals.objects + totals.folders)
        self._head("copy", self.tr("{n} selected").format(n=number))
        self.general.rows(
            {
                self.tr("Objects"): count(totals.objects) if totals.objects else "",
                self.tr("Folders"): count(totals.folders) if totals.folders else "",
                self.tr("Size of the objects"): size(totals.size) if totals.objects else "",
            }
        )
        self.metadata.say(self.tr("Select one object to see its metadata."))

    def _show_attributes(self, found: Object) -> None:
        attributes = found.attributes or Attributes()
        self.metadata.clear()
        self.metadata.rows(
            {name.replace("_", "-").title(): shown_text(getattr(attributes, name)) for name in HEADERS}
        )
        if attributes.metadata:
            self.metadata.rows(
                {shown(name): shown_text(value) for name, value in attributes.metadata.items()}
            )
        else:
            self.metadata.say(self.tr("No metadata of its own."))
        self.metadata.button(self._properties)

    def _show_sharing(self) -> None:
        self.sharing.clear()
        if self._place is None or not self._place.container:
            self.sharing.say(self.tr("Open a container to see who can read it."))
            return
        if self._entry is not None and not self._entry.is_folder:
            self.sharing.say(sharing.about_links())
            self.sharing.button(self._link)
        access = self._public_known
        is_public = access is not None and bool(access.on)
        self.sharing.say(sharing.state(self._place.container, access), "warn" if is_public else "muted")
        if remark := sharing.remark(access):
            self.sharing.say(remark)
        if access is not None and is_public:
            self.sharing.rows({self.tr("Address"): shown_text(access.url)})
        self.sharing.button(self._public)

    def _ask_for_more(self) -> None:
        entry = self._entry
        if entry is not None and entry.object is not None and entry.object.attributes is None:
            self.details_wanted.emit(entry)
        in_view = self.tabs.currentIndex() == SHARING and self._public_known is None
        if in_view and self._place is not None and self._place.container:
            self.sharing_wanted.emit()

    def _tab_changed(self, tab: int) -> None:
        if tab == SHARING:
            self._ask_for_more()


def shown_text(text: str) -> str:
    """A value with everything visible, empty ones staying empty."""
    return shown(text) if text else ""
