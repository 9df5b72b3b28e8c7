"""Something takes a while: how far it is, and a way to stop it. The rest of the window stays usable."""

from __future__ import annotations

from PySide6.QtCore import Qt, QTimer, Signal
from PySide6.QtGui import QCloseEvent
from PySide6.QtWidgets import QProgressBar, QPushButton, QWidget

from .. import text
from ..text import ElidedLabel
from .frame import STEP, Frame, named

SHOWN_AFTER_MS = 400  # what is quicker than this needs no window


class WorkDialog(Frame):
    """Shows itself when the work is not quick. Escape and the close button mean Cancel."""

    cancelled = Signal()

    def __init__(self, heading: str, parent: QWidget | None) -> None:
        super().__init__(heading, parent, width=52 * STEP)
        self.setWindowModality(Qt.WindowModality.NonModal)
        self.current = ElidedLabel()
        self.bar = QProgressBar()
        self.bar.setRange(0, 0)
        self.bar.setTextVisible(False)
        named(self.bar, heading)
        self.column.addSpacing(STEP)
        self.column.addWidget(self.bar)
        self.column.addWidget(self.current)
        self.stop = QPushButton(self.tr("Cancel"))
        self.stop.setAutoDefault(False)
        self.stop.clicked.connect(self.reject)
        self.column.addSpacing(STEP)
        self.column.addWidget(self.stop, 0, Qt.AlignmentFlag.AlignRight)
        self._soon = QTimer(self)
        self._soon.setSingleShot(True)
        self._soon.timeout.connect(self.show)
        self._soon.start(SHOWN_AFTER_MS)

    def report(self, done: int, total: int, name: str = "") -> None:
        """`total` 0: nobody knows."""
        self.bar.setRange(0, total)
        self.bar.setValue(min(done, total) if total else 0)
        figure = text.count(done)
        if total:
            figure = self.tr("{done} of {total}").format(done=figure, total=text.count(total))
        self.current.setText(f"{figure}  ·  {text.shown(name)}" if name else figure)

    def over(self) -> None:
        """The work has ended: close without a word."""
        self._soon.stop()
        self.hide()
        self.deleteLater()

    def reject(self) -> None:
        """Ask for the stop; the window stays until the work has stopped."""
        self.stop.setEnabled(False)
        self.stop.setText(self.tr("Stopping…"))
        self.cancelled.emit()

    def closeEvent(self, event: QCloseEvent) -> None:
        event.ignore()
        self.reject()
