"""A program with one thing to drag: what our list offers. What it was told goes to its output, line by line.

python -m tests.window.drag_source KEY [KEY ...]  (the name of the first is offered)
"""

from __future__ import annotations

import sys
from pathlib import Path

from PySide6.QtCore import Qt, QTimer
from PySide6.QtGui import QMouseEvent
from PySide6.QtWidgets import QApplication, QLabel

from gui.panes import dragging
from gui.panes.dragging import Dragged

LATE_MS = 1500  # the files come long after the drop


class Source(QLabel):
    """Drag anywhere on it."""

    def __init__(self, dragged: Dragged) -> None:
        super().__init__("drag me")
        self._dragged = dragged
        self.setFixedSize(300, 200)
        self.setAlignment(Qt.AlignmentFlag.AlignCenter)

    def mouseMoveEvent(self, event: QMouseEvent) -> None:
        dragging.start_drag(self, self._dragged, save=self.save)
        print("released", flush=True)

    def save(self, dragged: Dragged, folder: str) -> None:
        print(f"save {folder}", flush=True)
        QTimer.singleShot(LATE_MS, lambda: self.write(dragged, folder))

    def write(self, dragged: Dragged, folder: str) -> None:
        for key in dragged.keys:
            (Path(folder) / key.rsplit("/", 1)[-1]).write_text(f"content of {key}")


def main() -> None:
    application = QApplication(sys.argv)
    source = Source(Dragged("cloud", "photos", "holidays/", tuple(sys.argv[1:])))
    source.setWindowTitle("drag source")
    source.move(20, 60)
    source.show()
    print("ready", flush=True)
    application.exec()


if __name__ == "__main__":
    main()
