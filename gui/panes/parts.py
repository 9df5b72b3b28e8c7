"""Pieces of several panes: headings, messages in place of rows, the frame around a drop target."""

from __future__ import annotations

from PySide6.QtCore import QPoint, Qt, Signal
from PySide6.QtGui import QAction
from PySide6.QtWidgets import (
    QFrame,
    QHBoxLayout,
    QLabel,
    QProgressBar,
    QPushButton,
    QSizePolicy,
    QToolButton,
    QVBoxLayout,
    QWidget,
)

from .. import icons
from ..text import ElidedLabel, PlainLabel
from ..theme import UNIT

PICTURE = 48  # pixels: the drawing of an empty state
LINE_WIDTH = 400  # pixels: a comfortable line in an empty pane
ICON_SIZE = 18


def heading(text: str) -> PlainLabel:
    """The small title of a pane."""
    label = PlainLabel(text.upper())
    label.setProperty("role", "heading")
    font = label.font()
    font.setPointSizeF(font.pointSizeF() * 0.85)
    font.setLetterSpacing(font.SpacingType.AbsoluteSpacing, 0.6)
    label.setFont(font)
    label.setAccessibleName(text)
    return label


def tool_button(action: QAction | None = None, parent: QWidget | None = None) -> QToolButton:
    """A flat button, reachable by keyboard, named for screen readers by its action."""
    button = QToolButton(parent)
    button.setAutoRaise(True)
    button.setFocusPolicy(Qt.FocusPolicy.TabFocus)
    if action is not None:
        button.setDefaultAction(action)
        button.setAccessibleName(action.text().replace("&", "").rstrip("…"))
    return button


def header(title: str, *buttons: QWidget) -> QWidget:
    """The strip above a pane's rows."""
    strip = QWidget()
    row = QHBoxLayout(strip)
    row.setContentsMargins(2 * UNIT, UNIT, UNIT, UNIT // 2)
    row.setSpacing(UNIT // 2)
    row.addWidget(heading(title))
    row.addStretch(1)
    for button in buttons:
        row.addWidget(button)
    strip.setMinimumHeight(5 * UNIT)
    return strip


class Message(QWidget):
    """What stands where rows would be: a drawing, what is the case, what to do, and a button for it."""

    pressed = Signal()

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._picture = QLabel()
        self._title = PlainLabel()
        self._title.setProperty("role", "title")
        self._text = PlainLabel()
        self._text.setProperty("role", "muted")
        self._text.setTextInteractionFlags(Qt.TextInteractionFlag.TextSelectableByMouse)
        self._busy = QProgressBar()
        self._busy.setRange(0, 0)
        self._busy.setTextVisible(False)
        self._busy.setFixedWidth(12 * UNIT)
        self.button = QPushButton()
        self.button.clicked.connect(self.pressed)
        self._column = QWidget()
        column = QVBoxLayout(self._column)
        column.setContentsMargins(0, 0, 0, 0)
        column.setSpacing(UNIT)
        column.addStretch(2)
        for part in (self._picture, self._title, self._text):
            part.setAlignment(Qt.AlignmentFlag.AlignHCenter)
            column.addWidget(part)
        column.addSpacing(UNIT)
        column.addWidget(self._busy, alignment=Qt.AlignmentFlag.AlignHCenter)
        column.addWidget(self.button, alignment=Qt.AlignmentFlag.AlignHCenter)
        column.addStretch(3)
        row = QHBoxLayout(self)
        row.addWidget(self._column)
        self._column.setMaximumWidth(LINE_WIDTH)  # and in the middle of what is more
        self._title.setWordWrap(True)
        self._text.setWordWrap(True)

    @property
    def title(self) -> str:
        """What it says first."""
        return self._title.text()

    def show_text(self, picture: str, title: str, text: str = "", button: str = "") -> None:
        """Say it. `picture` is an icon's name."""
        icons.keep_picture(self._picture, picture, PICTURE)
        self._show(title, text, button, busy=False)

    def show_busy(self, title: str) -> None:
        """Say that something is on its way."""
        self._show(title, "", "", busy=True)

    def _show(self, title: str, text: str, button: str, *, busy: bool) -> None:
        self._title.setText(title)
        self._text.setText(text)
        self.button.setText(button)
        self._picture.setVisible(not busy)
        self._text.setVisible(bool(text))
        self._busy.setVisible(busy)
        self.button.setVisible(bool(button))


class Notice(QFrame):
    """A line above rows that still stand: what went wrong, and the way to try again."""

    pressed = Signal()
    closed = Signal()

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setProperty("role", "notice")
        self._text = PlainLabel(selectable=True)
        self._text.setWordWrap(True)
        self._text.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Preferred)
        self.button = QPushButton(self.tr("Try again"))
        self.button.clicked.connect(self.pressed)
        close = tool_button()
        icons.keep(close, "cancel")
        close.setAccessibleName(self.tr("Close this message"))
        close.setToolTip(self.tr("Close this message"))
        close.clicked.connect(self.hide)
        close.clicked.connect(self.closed)
        row = QHBoxLayout(self)
        row.setContentsMargins(2 * UNIT, UNIT, UNIT, UNIT)
        row.setSpacing(UNIT)
        row.addWidget(self._text, 1)
        row.addWidget(self.button)
        row.addWidget(close)
        self.hide()

    @property
    def text(self) -> str:
        """What it says."""
        return self._text.text()

    def show_text(self, text: str) -> None:
        """Say it and appear."""
        self._text.setText(text)
        self.show()


class StatusLine(QWidget):
    """The line under the rows: what there is, and on the right what is going on."""

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._left = ElidedLabel()
        self._left.setProperty("role", "muted")
        self._right = PlainLabel()
        self._right.setProperty("role", "muted")
        row = QHBoxLayout(self)
        row.setContentsMargins(2 * UNIT, UNIT // 2, 2 * UNIT, UNIT // 2)
        row.addWidget(self._left, 1)
        row.addWidget(self._right)

    @property
    def text(self) -> str:
        """What it says on the left."""
        return self._left.text()

    def say(self, left: str, right: str = "") -> None:
        """Set both ends."""
        self._left.setText(left)
        self._left.setAccessibleName(left)
        self._right.setText(right)


def below(widget: QWidget) -> QPoint:
    """Where a menu that belongs to a button opens."""
    return widget.mapToGlobal(QPoint(0, widget.height()))
