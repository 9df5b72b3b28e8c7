"""The whole window in a test: real panes, real flows, the real engine, in the real event loop.

def test_something(application, tmp_path):
    async def story(scene): ...
    show(story, tmp_path)
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from PySide6.QtCore import QSize
from PySide6.QtWidgets import QApplication, QDialog
from shiboken6 import Shiboken

from gui import background
from gui.accounts import Account, Accounts, Place
from gui.app import build
from gui.background import until
from gui.context import Context
from gui.main_window import MainWindow
from gui.secrets import Secrets
from gui.settings import portable_folders
from storage_core.base import StorageDriver

from .canned import CannedDriver

PATIENCE = 20.0  # seconds


@dataclass
class Scene:
    """What a story has at hand."""

    app: Context
    window: MainWindow
    home: Path

    def add(self, account_id: str, driver: StorageDriver, **more: Any) -> Account:
        """An account of that driver."""
        account = Account(account_id, account_id.title(), "dummy", **more)
        self.app.accounts.add(account)
        self.app.drivers.put(account_id, driver)
        self.window.accounts_changed()
        return account

    async def open(self, account: str, container: str = "", prefix: str = "") -> Place:
        """Go there and wait until all is listed."""
        place = Place(account, container, prefix)
        self.window.open_place(place)
        await self.listed()
        return place

    async def listed(self) -> None:
        """Until the list has all its rows."""
        objects = self.window.objects
        await until(lambda: not objects.is_loading and not objects.model.is_working, PATIENCE, "the listing")

    def names(self) -> list[str]:
        """The rows from top to bottom."""
        model = self.window.objects.model
        return [model.entry(row).name for row in range(model.rowCount())]


def show(
    story: Callable[[Scene], Awaitable[None]],
    tmp_path: Path,
    *,
    theme: str = "light",
    size: QSize | None = None,
    first: bool = False,
    engine: bool = True,
) -> None:
    """Run a story in a window. With `first` the window opens by itself what it opens for a new user; without
    `engine` the story starts that itself."""
    scenes: list[Scene] = []

    async def main() -> int:
        scene = _built(tmp_path, theme)
        scenes.append(scene)
        if engine:
            await background.in_thread(scene.app.engine.start, pool="engine")
        try:
            if size is not None:
                scene.window.resize(size)
            if first:
                scene.window.show()
            else:
                scene.add("quiet", _nothing())
                scene.app.settings.last_account = "quiet"  # not a built-in one: nothing is opened unasked
                scene.window.show()
            await until(lambda: _is_active(scene.window), PATIENCE, "the focus")
            await story(scene)
        finally:
            for widget in QApplication.topLevelWidgets():
                if isinstance(widget, QDialog):
                    widget.reject()
            scene.window.jobs.stop()
            scene.app.over.set()
            # Its threads end with the process, so nothing else would tell that they did not end here.
            assert await background.in_thread(scene.app.engine.stop, pool="engine")
        return 0

    try:
        assert background.run(main) == 0
    finally:
        for scene in scenes:
            scene.window.hide()
            Shiboken.delete(scene.window)  # now: a timer of it that rings between tests has no loop
        assert background.finish()


def _built(tmp_path: Path, theme: str) -> Scene:
    home = tmp_path / "home"
    home.mkdir(exist_ok=True)
    app = build(portable_folders(tmp_path / "profile"), Secrets(_no_vault))
    app.accounts = Accounts(app.folders.accounts, home)
    app.settings.theme = theme
    return Scene(app, MainWindow(app), home)


def _is_active(window: MainWindow) -> bool:
    """Only an active window has shortcuts; the first one of a process may have to ask twice."""
    if not window.isActiveWindow():
        window.activateWindow()
    return window.isActiveWindow()


def _nothing() -> StorageDriver:
    return CannedDriver(lambda prefix: [], ())


def _no_vault() -> Any:
    raise AssertionError("no story in this scene needs a secret")
