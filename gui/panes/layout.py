"""How the panes lie beside each other: sizes and which are open, as a text that can be remembered."""

from __future__ import annotations

import json
from collections.abc import Mapping

from PySide6.QtCore import Qt, QTimer, Signal
from PySide6.QtGui import QShowEvent
from PySide6.QtWidgets import QSplitter, QVBoxLayout, QWidget

ACROSS = (184, 208, 632, 256)  # widths of a new user's panes, pixels
DOWN = (548, 180)
REMEMBER_MS = 400  # after the last move of a border
BORDER = 1


class PaneLayout(QWidget):
    """The top bar; below it accounts, containers, objects, inspector side by side; below them transfers."""

    changed = Signal()  # somebody moved a border; comes when that has rested

    def __init__(self, top: QWidget, panes: Mapping[str, QWidget], parent: QWidget | None = None) -> None:
        """`panes` by name, left to right; "transfers" lies below, and "objects" takes what room is left."""
        super().__init__(parent)
        self._panes = dict(panes)
        self.across = QSplitter(Qt.Orientation.Horizontal)
        self.down = QSplitter(Qt.Orientation.Vertical)
        for splitter in (self.across, self.down):
            splitter.setHandleWidth(BORDER)
            splitter.setChildrenCollapsible(False)
        for name, pane in self._panes.items():
            if name != "transfers":
                self.across.addWidget(pane)
                self.across.setStretchFactor(self.across.count() - 1, 1 if name == "objects" else 0)
        self.down.addWidget(self.across)
        self.down.addWidget(self._panes["transfers"])
        self.down.setStretchFactor(0, 1)
        self.down.setStretchFactor(1, 0)
        self._sizes = (list(ACROSS), list(DOWN))  # to be given when there is room to divide
        column = QVBoxLayout(self)
        column.setContentsMargins(0, 0, 0, 0)
        column.setSpacing(0)
        column.addWidget(top)
        column.addWidget(self.down, 1)
        self._rest = QTimer(self, singleShot=True, interval=REMEMBER_MS)
        self._rest.timeout.connect(self.changed)
        self.across.splitterMoved.connect(self._moved)
        self.down.splitterMoved.connect(self._moved)

    def show_pane(self, name: str, on: bool) -> None:
        """Open or close one."""
        self._panes[name].setVisible(on)
        self._rest.start()

    def is_open(self, name: str) -> bool:
        """Whether it is open, were the window shown."""
        return not self._panes[name].isHidden()

    def text(self) -> str:
        """Sizes, and which panes are closed."""
        closed = [name for name in self._panes if not self.is_open(name)]
        return json.dumps({"across": self.across.sizes(), "down": self.down.sizes(), "closed": closed})

    def restore(self, text: str) -> None:
        """What `text` gave; anything else is passed over."""
        try:
            saved = json.loads(text) if text else {}
            across = [int(width) for width in saved.get("across", ACROSS)]
            down = [int(height) for height in saved.get("down", DOWN)]
            closed = [str(name) for name in saved.get("closed", [])]
        except (ValueError, TypeError, AttributeError):
            return
        for name in closed:
            if name in self._panes and name != "objects":
                self._panes[name].hide()
        if len(across) == self.across.count() and len(down) == self.down.count():
            # A closed pane has no width; opened again it gets its first one.
            self._sizes = (
                [width or usual for width, usual in zip(across, ACROSS, strict=True)],
                [height or usual for height, usual in zip(down, DOWN, strict=True)],
            )
            self._divide()

    def showEvent(self, event: QShowEvent) -> None:
        super().showEvent(event)
        if not event.spontaneous():
            self._divide()

    def _divide(self) -> None:
        """Before the first show a splitter has some small size, to which it would shrink what it is given."""
        if self.isVisible():
            across, down = self._sizes
            self.across.setSizes(across)
            self.down.setSizes(down)

    def _moved(self, position: int, border: int) -> None:
        self._rest.start()
