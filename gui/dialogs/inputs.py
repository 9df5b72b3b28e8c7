"""One input per sign-in field of a provider's row: label, control, help, and what is wrong with it."""

from __future__ import annotations

from collections.abc import Callable

from PySide6.QtCore import QCoreApplication, QMimeData, Qt, Signal
from PySide6.QtGui import QDragEnterEvent, QDropEvent, QKeyEvent, QKeySequence, QTextCursor, QWheelEvent
from PySide6.QtWidgets import (
    QCheckBox,
    QComboBox,
    QFileDialog,
    QHBoxLayout,
    QLineEdit,
    QPlainTextEdit,
    QPushButton,
    QToolButton,
    QVBoxLayout,
    QWidget,
)

from storage_core.providers import Field

from ..error_box import tint
from ..icons import keep
from ..text import PlainLabel

JOINER = "\u2060"  # no line break here: a path is read in one piece
ON = "true"  # the value of a box that is ticked; one that is not has ""


class Input(QWidget):
    """A labelled control. `value()` is text whatever the control is."""

    changed = Signal()

    def __init__(self, field: Field, parent: QWidget | None = None, *, saved: bool = False) -> None:
        """`saved`: an empty secret field means *the saved one stays*."""
        super().__init__(parent)
        self.field = field
        self._note = PlainLabel("", self)
        self._note.setWordWrap(True)
        self._note.hide()
        column = QVBoxLayout(self)
        column.setContentsMargins(0, 0, 0, 0)
        column.setSpacing(4)
        row = QHBoxLayout()
        row.setSpacing(4)
        self._get, self._set, control = self._make(row, saved=saved)
        control.setObjectName(field.name)
        control.setAccessibleName(field.label)
        control.setAccessibleDescription(field.help)
        self.control = control
        self.setFocusProxy(control)
        if field.kind != "bool":
            label = PlainLabel(field.label, self)
            label.setBuddy(control)
            column.addWidget(label)
        column.addLayout(row)
        if field.help:
            help_label = PlainLabel(field.help.replace("/", f"/{JOINER}"), self)
            help_label.setWordWrap(True)
            help_label.setProperty("role", "muted")
            column.addWidget(help_label)
        column.addWidget(self._note)
        if field.default:
            self.set_value(field.default)

    def value(self) -> str:
        """What was typed, without the blanks that copying brings along at both ends."""
        return self._get().strip()

    def set_value(self, text: str) -> None:
        """Show this; a choice that does not exist is ignored."""
        self._set(text)

    def say(self, text: str, *, problem: bool = True) -> None:
        """Show what is wrong (or a warning) below the control; "" takes it away."""
        self._note.setText(text)
        tint(self._note, "bad" if problem else "warn")
        self._note.setVisible(bool(text))

    def said(self) -> str:
        """What stands below the control now."""
        return self._note.text() if not self._note.isHidden() else ""

    def _make(
        self, row: QHBoxLayout, *, saved: bool
    ) -> tuple[Callable[[], str], Callable[[str], None], QWidget]:
        field = self.field
        if field.kind == "bool":
            return self._make_box(row)
        if field.kind == "multiline":
            return self._make_area(row, saved=saved)
        if field.choices:
            return self._make_choice(row)
        line = PathLine(self) if field.kind == "path" else QLineEdit(self)
        line.setPlaceholderText(tr("unchanged") if saved and field.secret else field.placeholder)
        line.textEdited.connect(self._edited)
        row.addWidget(line, 1)
        if field.secret:
            line.setEchoMode(QLineEdit.EchoMode.Password)
            modes = {True: QLineEdit.EchoMode.Normal, False: QLineEdit.EchoMode.Password}
            row.addWidget(self._reveal_button(lambda on: line.setEchoMode(modes[on])))
        if field.kind == "path":
            row.addWidget(self._browse_button(line))
        return line.text, line.setText, line

    def _make_box(self, row: QHBoxLayout) -> tuple[Callable[[], str], Callable[[str], None], QWidget]:
        box = QCheckBox(self.field.label.replace("&", "&&"), self)
        box.toggled.connect(self._edited)
        row.addWidget(box, 1)
        return lambda: ON if box.isChecked() else "", lambda text: box.setChecked(text == ON), box

    def _make_area(
        self, row: QHBoxLayout, *, saved: bool
    ) -> tuple[Callable[[], str], Callable[[str], None], QWidget]:
        hidden = HiddenText(self) if self.field.secret else None
        area = hidden or QPlainTextEdit(self)
        area.setPlaceholderText(tr("unchanged") if saved and self.field.secret else self.field.placeholder)
        area.setTabChangesFocus(True)
        area.setFixedHeight(area.fontMetrics().lineSpacing() * 4 + 16)
        row.addWidget(area, 1)
        if hidden is None:
            area.textChanged.connect(self._edited)
            return area.toPlainText, area.setPlainText, area
        hidden.edited.connect(self._edited)
        row.addWidget(self._reveal_button(hidden.reveal), 0, Qt.AlignmentFlag.AlignTop)
        return hidden.secret, hidden.set_secret, hidden

    def _make_choice(self, row: QHBoxLayout) -> tuple[Callable[[], str], Callable[[str], None], QWidget]:
        combo = Choice(self)
        for choice, label in zip(self.field.choices, self.field.labels or self.field.choices, strict=True):
            combo.addItem(label, choice)
        row.addWidget(combo, 1)
        if self.field.kind == "choice":
            combo.currentIndexChanged.connect(self._edited)
            return (
                lambda: str(combo.currentData() or ""),
                lambda text: combo.setCurrentIndex(max(0, combo.findData(text))),
                combo,
            )
        # A list of what is usual, and freedom to type what is not in it.
        combo.setEditable(True)
        combo.setInsertPolicy(QComboBox.InsertPolicy.NoInsert)
        combo.setCurrentIndex(-1)
        line = combo.lineEdit()
        if line is not None:
            line.setPlaceholderText(self.field.placeholder)
        combo.editTextChanged.connect(self._edited)
        return combo.typed, combo.set_typed, combo

    def _reveal_button(self, reveal: Callable[[bool], object]) -> QToolButton:
        button = QToolButton(self)
        keep(button, "eye")
        button.setCheckable(True)
        button.setToolTip(tr("Show what is typed"))
        button.setAccessibleName(tr("Show {field}").format(field=self.field.label))
        button.toggled.connect(reveal)
        return button

    def _browse_button(self, line: QLineEdit) -> QPushButton:
        button = QPushButton(tr("Choose…"), self)
        button.setAutoDefault(False)
        button.setAccessibleName(tr("Choose {field}").format(field=self.field.label))
        button.clicked.connect(lambda: self._browse(line))
        return button

    def _browse(self, line: QLineEdit) -> None:
        dialog = QFileDialog(self, self.field.label, line.text())
        is_file = self.field.name.endswith("file")
        dialog.setFileMode(QFileDialog.FileMode.ExistingFile if is_file else QFileDialog.FileMode.Directory)
        dialog.fileSelected.connect(line.setText)
        dialog.fileSelected.connect(self._edited)
        dialog.finished.connect(dialog.deleteLater)
        dialog.open()

    def _edited(self, *_: object) -> None:
        self.say("")
        self.changed.emit()


class HiddenText(QPlainTextEdit):
    """Several lines that nobody reads over one's shoulder: dots until they are revealed.

    What is typed or pasted while it is hidden is added at the end; Backspace takes the last character away.
    """

    edited = Signal()
    DOTS_MAX = 48  # a key has thousands of characters, and their number is nobody's business

    def __init__(self, parent: QWidget) -> None:
        super().__init__(parent)
        self._secret = ""
        self._is_shown = False
        self._is_revealing = False
        self.textChanged.connect(lambda: None if self._is_revealing else self.edited.emit())
        self.setUndoRedoEnabled(False)
        self.setInputMethodHints(Qt.InputMethodHint.ImhHiddenText | Qt.InputMethodHint.ImhSensitiveData)

    def secret(self) -> str:
        """All of it."""
        return self.toPlainText() if self._is_shown else self._secret

    def set_secret(self, text: str) -> None:
        """Put another one in its place."""
        self._secret = text
        self.setPlainText(text if self._is_shown else "•" * min(len(text), self.DOTS_MAX))
        self.moveCursor(QTextCursor.MoveOperation.End)

    def reveal(self, on: bool) -> None:
        """Show it, or hide it again."""
        text = self.secret()
        self._is_revealing, self._is_shown = True, on
        self.set_secret(text)
        self._is_revealing = False

    def insertFromMimeData(self, source: QMimeData) -> None:
        if self._is_shown:
            super().insertFromMimeData(source)
        elif source.hasText():
            self.set_secret(self._secret + source.text())

    def canInsertFromMimeData(self, source: QMimeData) -> bool:
        return source.hasText() and not source.hasUrls()

    def createMimeDataFromSelection(self) -> QMimeData:
        """Dots are not copied: whoever pasted them would lose the key."""
        return super().createMimeDataFromSelection() if self._is_shown else QMimeData()

    def keyPressEvent(self, event: QKeyEvent) -> None:
        text = event.text()
        if self._is_shown or event.matches(QKeySequence.StandardKey.Paste):
            super().keyPressEvent(event)
        elif event.key() == Qt.Key.Key_Backspace:
            whole = (
                event.modifiers() & Qt.KeyboardModifier.ControlModifier or self.textCursor().hasSelection()
            )
            self.set_secret("" if whole else self._secret[:-1])
        elif event.key() == Qt.Key.Key_Delete:
            self.set_secret("" if self.textCursor().hasSelection() else self._secret)
        elif (text and text.isprintable()) or event.key() in (Qt.Key.Key_Return, Qt.Key.Key_Enter):
            before = "" if self.textCursor().hasSelection() else self._secret
            self.set_secret(before + (text if text.isprintable() else "\n"))
        elif event.matches(QKeySequence.StandardKey.SelectAll):
            self.selectAll()
        else:
            event.ignore()  # Tab and Escape are the dialog's


class PathLine(QLineEdit):
    """A file dropped on it is its path."""

    def dragEnterEvent(self, event: QDragEnterEvent) -> None:
        if event.mimeData().hasUrls():
            event.acceptProposedAction()
        else:
            super().dragEnterEvent(event)

    def dropEvent(self, event: QDropEvent) -> None:
        paths = [url.toLocalFile() for url in event.mimeData().urls() if url.isLocalFile()]
        if paths:
            event.acceptProposedAction()
            self.setText(paths[0])
            self.textEdited.emit(paths[0])
        else:
            super().dropEvent(event)


class Choice(QComboBox):
    """A combo box that scrolling past it does not change, and that long texts do not widen."""

    def __init__(self, parent: QWidget) -> None:
        super().__init__(parent)
        self.setFocusPolicy(Qt.FocusPolicy.StrongFocus)
        self.setSizeAdjustPolicy(QComboBox.SizeAdjustPolicy.AdjustToMinimumContentsLengthWithIcon)
        self.setMinimumContentsLength(12)

    def wheelEvent(self, event: QWheelEvent) -> None:
        """Only the one that has the keyboard turns; else the form scrolls."""
        if self.hasFocus():
            super().wheelEvent(event)
        else:
            event.ignore()

    def typed(self) -> str:
        """What was typed, or the value of the suggestion whose words stand there."""
        at = self.findText(self.currentText(), Qt.MatchFlag.MatchExactly)
        return str(self.itemData(at)) if at >= 0 else self.currentText()

    def set_typed(self, text: str) -> None:
        """Show a value: by its words where it is one of the suggestions."""
        at = self.findData(text)
        self.setEditText(self.itemText(at) if at >= 0 else text)


def tr(text: str) -> str:
    return QCoreApplication.translate("Input", text)
