"""A stage for stories: flows run in the real event loop, on real drivers and engine, under a bare window.

`play(story, tmp_path)` gives the story a Stage. It starts a flow, waits for its dialog, presses real buttons.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Coroutine
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, TypeVar

from PySide6.QtCore import QPoint, Qt
from PySide6.QtTest import QTest
from PySide6.QtWidgets import (
    QAbstractButton,
    QApplication,
    QDialog,
    QDialogButtonBox,
    QFileDialog,
    QLineEdit,
    QWidget,
)
from shiboken6 import Shiboken

from gui import background
from gui.accounts import DEMO_CLOUD, THIS_COMPUTER, Account, Accounts, Place
from gui.background import until
from gui.context import Context, Drivers
from gui.models.listing import Entry, entries_of
from gui.secrets import Secrets
from gui.settings import Settings, portable_folders
from storage_core.base import StorageDriver
from storage_core.drivers.local import LocalStorageDriver
from storage_core.drivers.memory import MemoryStorageDriver
from storage_core.transfers import Engine, JobRow

D = TypeVar("D", bound=QDialog)
PATIENCE = 20.0  # seconds


class Objects:
    """The object list, as far as flows ask for it. No widget: garbage may be collected in a thread."""

    def __init__(self) -> None:
        self.chosen: list[str] = []

    def select(self, keys: list[str]) -> None:
        self.chosen = list(keys)


@dataclass
class BareWindow:
    """Satisfies gui.flows.window.Window with as little as possible; remembers what it was told."""

    widget: QWidget
    place: Place | None = None
    entries: list[Entry] = field(default_factory=list)
    objects: Objects = field(default_factory=Objects)
    told: list[str] = field(default_factory=list)
    opened: list[Place] = field(default_factory=list)
    refreshed: list[Place] = field(default_factory=list)

    def selected(self) -> list[Entry]:
        return self.entries

    def open_place(self, place: Place) -> None:
        self.opened.append(place)
        self.place = place

    def refresh(self, place: Place) -> None:
        self.refreshed.append(place)

    def tell(self, text: str) -> None:
        self.told.append(text)

    def accounts_changed(self) -> None:
        raise AssertionError("no flow on this stage changes accounts")


@dataclass
class Stage:
    """What a story has at hand. `cloud` and `other` are clouds in memory, `home` this computer's folder."""

    app: Context
    window: BareWindow
    cloud: StorageDriver
    other: StorageDriver
    home: Path

    def show(self, account: str, container: str, prefix: str = "", select: tuple[str, ...] = ()) -> Place:
        """Open a place and select entries of it by name (folders without their slash)."""
        place = Place(account, container, prefix)
        self.window.place = place
        driver = self.app.drivers.get(account)
        assert driver is not None
        page = driver.list_page(driver.open_container(container), prefix)
        found = {entry.name: entry for entry in entries_of(page, prefix)}
        self.window.entries = [found[name] for name in select]
        return place

    def begin(self, flow: Coroutine[Any, Any, None]) -> background.Task:
        """Start a flow as the window does."""
        return background.start(flow, self.window.widget)

    async def dialog(self, kind: type[D]) -> D:
        """The dialog of this class that is open now, or soon."""
        await until(lambda: _open(kind), PATIENCE, f"a {kind.__name__}")
        found = _open(kind)
        assert found is not None
        return found

    async def transferred(self) -> JobRow:
        """The only transfer, when it is over."""
        await until(lambda: self._rows(ended=True), PATIENCE, "the end of the transfer")
        [row] = self._rows(ended=True)
        return row

    async def asking(self) -> JobRow:
        """The only transfer, when it asks something."""
        await until(lambda: any(row.question for row in self._rows()), PATIENCE, "a question")
        [row] = [row for row in self._rows() if row.question]
        return row

    def _rows(self, *, ended: bool = False) -> list[JobRow]:
        """Without those that `flows.paste_out` fetches for the clipboard of other programs."""
        rows = [row for row in self.app.engine.changes(0).rows if not self.app.copied.holds(row.folder)]
        return [row for row in rows if row.state.is_end or not ended]


def play(story: Callable[[Stage], Awaitable[None]], tmp_path: Path) -> None:
    """Run a story from its first line to its last, and end everything it began."""
    home = tmp_path / "home"
    home.mkdir()
    stages: list[Stage] = []

    async def main() -> int:
        stage = _built(tmp_path, home)
        stages.append(stage)
        await background.in_thread(stage.app.engine.start, pool="engine")
        stage.window.widget.show()
        try:
            await story(stage)
        finally:
            for widget in QApplication.topLevelWidgets():
                if isinstance(widget, QDialog):
                    widget.reject()
            await background.in_thread(stage.app.engine.stop, pool="engine")
        return 0

    try:
        assert background.run(main) == 0
    finally:
        for stage in stages:
            Shiboken.delete(stage.window.widget)  # now and here; the garbage collector runs in any thread
        assert background.finish()


def press(button: QAbstractButton) -> None:
    """A real click. It must be there and it must be on."""
    assert button.isVisible(), f"{button.text()} is not shown"
    assert button.isEnabled(), f"{button.text()} is off"
    if button.isCheckable():
        QTest.mouseClick(button, Qt.MouseButton.LeftButton, pos=QPoint(10, button.height() // 2))  # the ring
    else:
        QTest.mouseClick(button, Qt.MouseButton.LeftButton)


def named_button(dialog: QDialog, text: str) -> QAbstractButton:
    """The button with this text; mnemonics do not matter."""
    [found] = [one for one in dialog.findChildren(QAbstractButton) if one.text().replace("&", "") == text]
    return found


def typed(field: QLineEdit, text: str) -> None:
    """Type over what stands there."""
    field.setFocus()
    field.selectAll()
    QTest.keyClick(field, Qt.Key.Key_Delete)
    QTest.keyClicks(field, text)


def choose(dialog: QFileDialog, path: Path) -> None:
    """Type a path into a file dialog and press its button."""
    field = dialog.findChild(QLineEdit, "fileNameEdit")
    box = dialog.findChild(QDialogButtonBox)
    assert isinstance(field, QLineEdit)
    assert isinstance(box, QDialogButtonBox)
    field.setText(str(path))
    [button] = [one for one in box.buttons() if box.buttonRole(one) is QDialogButtonBox.ButtonRole.AcceptRole]
    press(button)


def put(driver: StorageDriver, container: str, **objects: bytes) -> None:
    """Objects by name; `__` stands for a slash."""
    for name, data in objects.items():
        put_one(driver, container, name.replace("__", "/"), data)


def put_one(driver: StorageDriver, container: str, name: str, data: bytes, **more: Any) -> None:
    driver.upload_object_via_stream(iter([data]), driver.open_container(container), name, **more)


def names(driver: StorageDriver, container: str, prefix: str = "") -> set[str]:
    """All object names."""
    return {found.name for found in driver.list_container_objects(driver.open_container(container), prefix)}


def content(driver: StorageDriver, container: str, name: str) -> bytes:
    """All bytes of an object."""
    return b"".join(driver.download_object_as_stream(driver.get_object(container, name)))


# -- helpers --


def _built(tmp_path: Path, home: Path) -> Stage:
    folders = portable_folders(tmp_path / "profile")
    accounts = Accounts(folders.accounts, home)
    accounts.add(Account("other", "Other cloud", "dummy"))
    drivers = Drivers()
    cloud, other = MemoryStorageDriver("cloud"), MemoryStorageDriver("other")
    cloud.create_container("photos")
    other.create_container("backup")
    drivers.put(DEMO_CLOUD, cloud)
    drivers.put("other", other)
    local = LocalStorageDriver(
        str(home), ex_container_name="home", ex_store=str(tmp_path / "store"), ex_trash=True
    )
    drivers.put(THIS_COMPUTER, local)
    engine = Engine(folders.journal, drivers.get, workers=2)
    app = Context(Settings(), accounts, Secrets(_no_vault), engine, drivers, folders)
    window = BareWindow(QWidget())
    return Stage(app, window, cloud, other, home)


def _no_vault() -> Any:
    raise AssertionError("no story on this stage needs a secret")


def _open(kind: type[D]) -> D | None:
    for widget in QApplication.topLevelWidgets():
        with suppress(RuntimeError):  # deleted a moment ago
            if isinstance(widget, kind) and widget.isVisible():
                return widget
    return None
