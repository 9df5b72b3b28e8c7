"""Where one is, as buttons to press; a click beside them, or Ctrl+L, makes it a field to type in."""

from __future__ import annotations

from functools import partial

from PySide6.QtCore import QEvent, QSize, Qt, QTimer, Signal
from PySide6.QtGui import QFocusEvent, QFontMetrics, QKeyEvent, QMouseEvent, QResizeEvent
from PySide6.QtWidgets import (
    QFrame,
    QHBoxLayout,
    QLabel,
    QLineEdit,
    QMenu,
    QSizePolicy,
    QStackedLayout,
    QToolButton,
    QWidget,
)

from .. import icons
from ..accounts import Place
from ..text import elided, menu_text, shown, tip
from ..theme import UNIT
from .parts import below, tool_button

STEP_LETTERS = 32  # of one folder's name


class AddressField(QLineEdit):
    """Escape and a lost focus give the buttons back; `escaped` comes first."""

    left = Signal()
    escaped = Signal()

    def keyPressEvent(self, event: QKeyEvent) -> None:
        if event.key() == Qt.Key.Key_Escape:
            self.escaped.emit()
            self.left.emit()
        else:
            super().keyPressEvent(event)

    def focusOutEvent(self, event: QFocusEvent) -> None:
        super().focusOutEvent(event)
        if event.reason() != Qt.FocusReason.PopupFocusReason:
            self.left.emit()


class PathBar(QFrame):
    """Signals: `place_wanted` for a button, `address_typed` for a text, exactly as typed."""

    place_wanted = Signal(object)  # Place
    address_typed = Signal(str)
    left = Signal()  # Escape: the keyboard is to go elsewhere

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._place: Place | None = None
        self._account_title = ""
        self._account_icon = icons.UNKNOWN
        self.setProperty("role", "address")
        self.setAccessibleName(self.tr("Path"))
        self.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Fixed)
        self.setMinimumWidth(20 * UNIT)
        self.setFixedHeight(max(36, self.fontMetrics().height() + 2 * UNIT))
        self._steps = QWidget()
        self._steps.setCursor(Qt.CursorShape.IBeamCursor)
        self._row = QHBoxLayout(self._steps)
        self._row.setContentsMargins(UNIT // 2, 0, UNIT, 0)
        self._row.setSpacing(0)
        self.field = AddressField()
        self.field.setAccessibleName(self.tr("Address: container/folder/"))
        self.field.setPlaceholderText(self.tr("container/folder/"))
        self._pages = QStackedLayout(self)
        self._pages.setContentsMargins(2, 2, 2, 2)
        self._pages.addWidget(self._steps)
        self._pages.addWidget(self.field)
        self.field.returnPressed.connect(self._typed)
        self.field.left.connect(self._show_steps)
        self.field.escaped.connect(self.left)

    def show_place(self, place: Place | None, account_title: str, icon: str = icons.UNKNOWN) -> None:
        """Show where one is. `account_title` is ready to be shown; `icon` is the account's."""
        self._place, self._account_title, self._account_icon = place, account_title, icon
        self._build()
        self._show_steps()

    def edit(self) -> None:
        """Become a field with the address in it, selected."""
        if self._place is None:
            return
        self.field.setText(self._place.text())
        self._pages.setCurrentWidget(self.field)
        self.field.setFocus(Qt.FocusReason.ShortcutFocusReason)
        self.field.selectAll()

    @property
    def is_editing(self) -> bool:
        """Whether the field is open."""
        return self._pages.currentWidget() is self.field

    def steps(self) -> list[QToolButton]:
        """The buttons, from left to right."""
        items = (self._row.itemAt(at) for at in range(self._row.count()))
        widgets = (item.widget() for item in items if item is not None)
        return [widget for widget in widgets if isinstance(widget, QToolButton)]

    def texts(self) -> list[str]:
        """What the buttons say."""
        return [button.accessibleName() for button in self.steps()]

    def mousePressEvent(self, event: QMouseEvent) -> None:
        if event.button() == Qt.MouseButton.LeftButton and not self.is_editing:
            self.edit()
        else:
            super().mousePressEvent(event)

    def resizeEvent(self, event: QResizeEvent) -> None:
        super().resizeEvent(event)
        QTimer.singleShot(0, self, self._build)  # after the layout has settled

    def changeEvent(self, event: QEvent) -> None:
        super().changeEvent(event)
        if event.type() == QEvent.Type.FontChange:
            self._build()

    def sizeHint(self) -> QSize:
        return QSize(60 * UNIT, super().sizeHint().height())

    # -- helpers --

    def _show_steps(self) -> None:
        self._pages.setCurrentWidget(self._steps)

    def _typed(self) -> None:
        text = self.field.text()
        self._show_steps()
        self.address_typed.emit(text)

    def _build(self) -> None:
        """Make the buttons anew; when there are too many, the ones in the middle go into a menu."""
        while (item := self._row.takeAt(0)) is not None:
            if widget := item.widget():
                widget.setParent(None)
                widget.deleteLater()
        if self._place is not None:
            places = _steps(self._place)
            hidden = self._too_many(places)
            self._add_step(places[0], self._account_title, icon=self._account_icon)
            if hidden:
                self._add_arrow()
                self._add_menu(places[1 : 1 + hidden])
            for place in places[1 + hidden :]:
                self._add_arrow()
                self._add_step(place, shown(place.name))
        self._row.addStretch(1)
        before: QWidget = self.field  # buttons made later would be last in the window's tab order
        for button in self._steps.findChildren(QToolButton):
            self.setTabOrder(before, button)
            before = button

    def _too_many(self, places: list[Place]) -> int:
        """How many of the steps after the account do not fit."""
        metrics = QFontMetrics(self.font())
        names = [self._account_title, *(elided(shown(place.name), STEP_LETTERS) for place in places[1:])]
        widths = [metrics.horizontalAdvance(name) + 4 * UNIT for name in names]
        widths[0] += 3 * UNIT
        bold = self.font()
        bold.setBold(True)  # the last step, where one is
        widths[-1] = QFontMetrics(bold).horizontalAdvance(names[-1]) + 5 * UNIT
        room, hidden = self.width() - 8 * UNIT, 0
        while hidden < len(places) - 2 and sum(widths) - sum(widths[1 : 1 + hidden]) > room:
            hidden += 1
        return hidden

    def _add_step(self, place: Place, name: str, icon: str = "") -> None:
        button = tool_button()
        button.setCursor(Qt.CursorShape.ArrowCursor)
        button.setText(elided(name, STEP_LETTERS).replace("&", "&&"))
        button.setAccessibleName(name)
        button.setToolTip(tip(name))
        if icon:
            icons.keep(button, icon)
            button.setText(f" {button.text()}")  # Qt sets text very close to its icon
            button.setToolButtonStyle(Qt.ToolButtonStyle.ToolButtonTextBesideIcon)
        if place == self._place:
            font = button.font()
            font.setWeight(font.Weight.DemiBold)
            button.setFont(font)
        button.clicked.connect(partial(self.place_wanted.emit, place))
        self._row.addWidget(button)

    def _add_arrow(self) -> None:
        arrow = QLabel()
        icons.keep_picture(arrow, "chevron-right", 12)
        self._row.addWidget(arrow)

    def _add_menu(self, places: list[Place]) -> None:
        button = tool_button()
        button.setCursor(Qt.CursorShape.ArrowCursor)
        button.setText("…")
        button.setAccessibleName(self.tr("Folders between"))
        menu = QMenu(button)
        for place in places:
            action = menu.addAction(menu_text(place.name))
            action.triggered.connect(partial(self.place_wanted.emit, place))
        button.clicked.connect(lambda: menu.popup(below(button)))
        self._row.addWidget(button)


def _steps(place: Place) -> list[Place]:
    """From the account down to the place."""
    steps = [place]
    while (above := steps[-1].parent) is not None:
        steps.append(above)
    return steps[::-1]
