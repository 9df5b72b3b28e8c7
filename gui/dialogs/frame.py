"""The frame that the dialogs share: a heading, one column on an 8-pixel rhythm, buttons at the end."""

from __future__ import annotations

from PySide6.QtCore import Qt
from PySide6.QtWidgets import (
    QDialog,
    QDialogButtonBox,
    QHBoxLayout,
    QLabel,
    QPushButton,
    QSizePolicy,
    QVBoxLayout,
    QWidget,
)

from ..text import PlainLabel, with_short_words

STEP = 8  # pixels; every distance is a multiple
WIDTH = 60 * STEP


class Frame(QDialog):
    """A window-modal question. Escape says no; long names never widen it."""

    def __init__(self, heading: str, parent: QWidget | None, *, width: int = WIDTH) -> None:
        super().__init__(parent)
        self.setWindowTitle(heading)
        self.setMinimumWidth(width)
        self.column = QVBoxLayout(self)
        self.column.setContentsMargins(3 * STEP, 3 * STEP, 3 * STEP, 2 * STEP)
        self.column.setSpacing(STEP)
        self.heading = PlainLabel(heading)
        self.heading.setProperty("role", "title")
        self.heading.setWordWrap(True)
        self.column.addWidget(self.heading)

    def paragraph(self, text: str = "") -> PlainLabel:
        """A line or more of text, under what is there."""
        label = PlainLabel(text)
        label.setWordWrap(True)
        label.setSizePolicy(QSizePolicy.Policy.Preferred, QSizePolicy.Policy.MinimumExpanding)
        self.column.addWidget(label)
        return label

    def small_print(self, text: str = "") -> PlainLabel:
        """A paragraph that stands back."""
        label = self.paragraph(text)
        stand_back(label)
        return label

    def end(
        self, accept: str, *, reject: str = "", safe: bool = False
    ) -> tuple[QPushButton, QPushButton, QHBoxLayout]:
        """The buttons (accept, reject) and their row. `safe`: Return says no: yes cannot be taken back."""
        box = QDialogButtonBox()
        yes = box.addButton(accept, QDialogButtonBox.ButtonRole.AcceptRole)
        no = box.addButton(reject or self.tr("Cancel"), QDialogButtonBox.ButtonRole.RejectRole)
        box.accepted.connect(self.accept)
        box.rejected.connect(self.reject)
        first = no if safe else yes
        # Return means one thing all the time: no button takes it over when it gets the focus.
        yes.setAutoDefault(not safe)
        no.setAutoDefault(safe)
        first.setDefault(True)
        row = QHBoxLayout()
        row.setContentsMargins(0, 2 * STEP, 0, 0)
        row.setSpacing(STEP)
        row.addStretch(1)
        row.addWidget(box)
        self.column.addLayout(row)
        if safe:
            no.setFocus()
        return yes, no, row


def put_last(dialog: QDialog, *buttons: QWidget) -> None:
    """For Tab: what the dialog holds was made after its buttons."""
    for box in dialog.findChildren(QDialogButtonBox):
        box.setFocusProxy(None)  # type: ignore[arg-type]  # it would send Tab to its default button from above
    before: QWidget = dialog
    while (last := before.previousInFocusChain()) is not None:
        before = last
        if before is dialog or before.focusPolicy() is not Qt.FocusPolicy.NoFocus:
            break
    for button in buttons:
        QWidget.setTabOrder(before, button)
        before = button


class ProblemLabel(PlainLabel):
    """What is wrong with what was typed. It keeps its line when there is nothing to say: nothing jumps."""

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__("", parent)
        self.setProperty("role", "bad")
        self.setWordWrap(True)
        self.setMinimumHeight(self.fontMetrics().height() + 2)
        self.setAlignment(Qt.AlignmentFlag.AlignTop | Qt.AlignmentFlag.AlignLeft)

    def setText(self, text: str) -> None:
        """The dialog grows where the sentence needs more lines than there is room for."""
        super().setText(with_short_words(text))
        window = self.window()
        layout = window.layout()
        if layout is not None and window.isVisible():
            layout.activate()
            window.resize(window.width(), max(window.height(), layout.totalHeightForWidth(window.width())))


def stand_back(label: QLabel) -> None:
    """Grey it a little: it matters less than what stands above."""
    label.setProperty("role", "muted")


def named(widget: QWidget, name: str) -> None:
    """Give a control the name that a screen reader says."""
    widget.setAccessibleName(name.replace("&&", "\0").replace("&", "").replace("\0", "&"))
