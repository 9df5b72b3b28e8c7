"""Finds texts that do not fit where they stand. As a program, for another scale: python -m tests.window.cut

QT_SCALE_FACTOR must be set before Qt starts, hence the process of its own.
"""

from __future__ import annotations

import sys
import tempfile
from pathlib import Path

from PySide6.QtCore import QSize, Qt
from PySide6.QtWidgets import QAbstractButton, QApplication, QHeaderView, QLabel, QMenuBar, QTabBar, QWidget

from gui.accounts import DEMO_CLOUD
from gui.background import pause
from gui.panes.inspector import Value
from gui.text import ElidedLabel

from .scene import Scene, show

SETTLE = 0.3


def cut(root: QWidget) -> list[str]:
    """What is shown below `root` and has less room than it needs."""
    found = []
    for widget in root.findChildren(QWidget):
        if widget.isVisible() and not widget.visibleRegion().isEmpty():
            found += [f"{type(widget).__name__}: {text!r}" for text in _cut(widget)]
    return found


def _cut(widget: QWidget) -> list[str]:
    metrics = widget.fontMetrics()
    if isinstance(widget, ElidedLabel):
        return []
    if isinstance(widget, QLabel) and widget.text():
        room = widget.contentsRect()
        if widget.wordWrap():
            return [widget.text()] if widget.heightForWidth(widget.width()) > widget.height() else []
        return [widget.text()] if metrics.horizontalAdvance(widget.text()) > room.width() else []
    if isinstance(widget, QAbstractButton) and widget.text():
        hint = widget.sizeHint()
        small = widget.width() < hint.width() or widget.height() < hint.height()
        return [widget.text()] if small else []
    if isinstance(widget, Value):
        return [widget.toPlainText()] if widget.document().size().height() > widget.height() else []
    if isinstance(widget, QHeaderView) and widget.orientation() is Qt.Orientation.Horizontal:
        return [
            str(widget.model().headerData(at, widget.orientation()))
            for at in range(widget.count())
            if widget.sectionSizeHint(at) > widget.sectionSize(at)
        ]
    if isinstance(widget, QTabBar):
        return [
            widget.tabText(at)
            for at in range(widget.count())
            if metrics.horizontalAdvance(widget.tabText(at)) > widget.tabRect(at).width()
            or widget.tabRect(at).right() > widget.width()
        ]
    if isinstance(widget, QMenuBar):
        return [a.text() for a in widget.actions() if widget.actionGeometry(a).right() > widget.width()]
    return []


async def looked_through(scene: Scene) -> list[str]:
    """The window in the states in which it is mostly seen."""
    found = []
    await scene.open("quiet")
    for place in ((DEMO_CLOUD, ""), (DEMO_CLOUD, "holiday-photos"), ("quiet", "void")):
        await scene.open(*place)
        for tab in range(3):
            scene.window.inspector.tabs.setCurrentIndex(tab)
            await pause(SETTLE)
            found += cut(scene.window)
    return sorted(set(found))


def main() -> None:
    application = QApplication(sys.argv[:1])
    application.setApplicationName("Skyferry")
    found: list[str] = []

    async def story(scene: Scene) -> None:
        found.extend(await looked_through(scene))
        assert scene.window.devicePixelRatioF() == 2.0
        assert scene.window.size() == QSize(1280, 800)

    with tempfile.TemporaryDirectory() as profile:
        show(story, Path(profile), size=QSize(1280, 800))
    print("\n".join(found))
    sys.exit(bool(found))


if __name__ == "__main__":
    main()
