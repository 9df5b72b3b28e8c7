"""The line above the account form: paste or drop what one has, and the form is filled in."""

from __future__ import annotations

from PySide6.QtCore import QEvent, QMimeData, QObject, QSize, Qt, Signal
from PySide6.QtGui import QDropEvent, QGuiApplication, QKeyEvent, QKeySequence, QShortcut
from PySide6.QtWidgets import QFrame, QHBoxLayout, QLabel, QLineEdit, QPushButton, QWidget

from .. import theme
from ..error_box import tint
from ..icons import pixmap
from ..pasted import Found, looks_pasted
from ..text import PlainLabel, shown
from .inputs import Choice

PICTURE = 16  # pixels


class PasteBar(QFrame):
    """`pasted(text)`: somebody wants this recognised. `chosen(n)`: the n-th entry of what was found."""

    pasted = Signal(str)
    chosen = Signal(int)

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setObjectName("paste bar")
        row = QHBoxLayout(self)
        row.setContentsMargins(0, 0, 0, 0)
        row.setSpacing(theme.UNIT)
        self._picture = QLabel(self)
        self._picture.setFixedSize(QSize(PICTURE, PICTURE))
        self.line = PlainLabel("", self)
        self.line.setWordWrap(True)
        self.entries = Choice(self)
        self.entries.setAccessibleName(self.tr("Entry to fill the form with"))
        self.entries.activated.connect(self.chosen)
        self.button = QPushButton(self.tr("&Paste"), self)
        self.button.setAutoDefault(False)
        self.button.setToolTip(self.tr("Fill the form from the clipboard. A file can be dropped here, too."))
        self.button.clicked.connect(self.paste)
        row.addWidget(self._picture, 0, Qt.AlignmentFlag.AlignVCenter)
        row.addWidget(self.line, 1)
        row.addWidget(self.entries)
        row.addWidget(self.button)
        if parent is not None:
            QShortcut(QKeySequence.StandardKey.Paste, parent, self.paste)  # where no text field takes it
            parent.setAcceptDrops(True)
        self.invite()

    def watch(self, widget: QWidget) -> None:
        """What is dropped on it is for the whole form; so is a paste that is more than a word."""
        widget.installEventFilter(self)

    def eventFilter(self, watched: QObject, event: QEvent) -> bool:
        """A key does not land in the search, nor a file's name in a field."""
        if isinstance(event, QDropEvent):  # all drag events are
            text = text_of(event.mimeData())
            if not event.mimeData().hasUrls() and (isinstance(watched, QLineEdit) or not looks_pasted(text)):
                return super().eventFilter(watched, event)
            event.acceptProposedAction()
            if event.type() == QEvent.Type.Drop:
                self._take(text)
            return True
        if isinstance(event, QKeyEvent) and watched.objectName() == "provider search":
            is_paste = event.type() == QEvent.Type.KeyPress and event.matches(QKeySequence.StandardKey.Paste)
            text = text_of(QGuiApplication.clipboard().mimeData()) if is_paste else ""
            if looks_pasted(text):
                self._take(text)
                return True
        return super().eventFilter(watched, event)

    def paste(self) -> None:
        """Take what is on the clipboard."""
        self._take(text_of(QGuiApplication.clipboard().mimeData()))

    def invite(self) -> None:
        """As it is at first."""
        invitation = self.tr(
            "Paste a connection string, key file, SAS URL or address to fill the form, or drop a file here."
        )
        self._show("paste", invitation, "muted")

    def show_problem(self, sentence: str) -> None:
        """What was pasted cannot be used; the form is as it was."""
        self._show("warning", sentence, "warn")

    def show_found(self, found: Found) -> None:
        """The form is filled in from this."""
        what = self.tr("Filled in from: {what}.").format(what=shown(self.tr(found.what)))
        self._show("check", f"{what} {self.tr(found.note)}".strip(), "good")
        self.entries.clear()
        for one in found.others:
            self.entries.addItem(shown(one.title or one.what))
        self.entries.setVisible(bool(found.others))

    def said(self) -> str:
        """What the line says now."""
        return self.line.text()

    def _take(self, text: str) -> None:
        if text.strip():
            self.pasted.emit(text)
        else:
            self.show_problem(self.tr("That is neither a text nor a single file."))

    def _show(self, picture: str, sentence: str, role: str) -> None:
        self.entries.hide()
        self._picture.setPixmap(pixmap(picture, PICTURE, theme.color(role), self.devicePixelRatioF()))
        self.line.setText(sentence)
        tint(self.line, role)


def text_of(mime: QMimeData | None) -> str:
    """The path of the one file, else the text; "" for several files or nothing."""
    if mime is None:
        return ""
    if mime.hasUrls():
        urls = mime.urls()
        if len(urls) == 1 and urls[0].isLocalFile():
            return urls[0].toLocalFile()
        if any(url.isLocalFile() for url in urls):
            return ""
    return mime.text() if mime.hasText() else ""
