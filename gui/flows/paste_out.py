"""What is copied from a cloud can be pasted in other programs: it is fetched, then offered to them as files.

A file manager pastes files that exist. So a copy of modest size is fetched at once, into a private folder;
when all of it is there and it is still what the clipboard holds, the clipboard holds the files, too.
"""

from __future__ import annotations

import os
import sys
from collections.abc import Callable, Iterable
from dataclasses import dataclass, replace
from functools import partial

from PySide6.QtCore import QCoreApplication, QObject, Qt
from PySide6.QtGui import QGuiApplication

from storage_core.base import Object, StorageDriver
from storage_core.capabilities import MIB
from storage_core.errors import LibcloudError
from storage_core.transfers import Changes, Conflict, Engine, JobRow, State

from ..background import Event, in_thread, pause, start
from ..context import Context
from ..copied import KEPT_SECONDS, Copied
from ..models.listing import Entry
from ..panes.dragging import Dragged, entries_in, with_files
from ..text import shown, size
from .download import downloads_of
from .window import Window

# Above this nobody is made to wait, and to pay for traffic, who copies to paste in the next account.
OBJECTS_UNASKED = 500
BYTES_UNASKED = 64 * MIB
# Storage classes that can be read at once and at no charge of their own; other ones are not read unasked.
EVERYDAY = frozenset({
    "", "standard", "hot", "premium", "high_perf", "express_onezone", "reduced_redundancy",
    "intelligent_tiering", "regional", "multi_regional",
})  # fmt: skip


@dataclass(frozen=True, slots=True)
class Selection:
    """What was copied, as far as the list knew it."""

    dragged: Dragged
    objects: int
    size: int
    classes: frozenset[str]  # storage classes
    folders: tuple[tuple[str, str], ...]  # container and prefix of what is not counted yet

    @classmethod
    def of(cls, dragged: Dragged, entries: list[Entry]) -> Selection:
        """In an account's list of containers the entries are these."""
        objects = [entry for entry in entries if not entry.is_folder]
        keys = [entry.key for entry in entries if entry.is_folder]
        folders = tuple((dragged.container, key) if dragged.container else (key, "") for key in keys)
        total = sum(entry.size for entry in objects)
        return cls(dragged, len(objects), total, _classes(objects), folders)


@dataclass(frozen=True, slots=True)
class Limit:
    """How much may be fetched, of which storage classes (None: of all)."""

    size: int
    objects: int = sys.maxsize
    classes: frozenset[str] | None = None

    def is_exceeded_by(self, objects: int, size: int, classes: frozenset[str]) -> bool:
        """Whether this is more than may be."""
        is_other = self.classes is not None and not classes <= self.classes
        return objects > self.objects or size > self.size or is_other


async def fetch(
    app: Context, window: Window, chosen: Selection, copied: Copied, said: str, *, asked: bool
) -> None:
    """Bring the files of a copy here; `arrived` does the rest.

    Unless `asked` for, nothing is fetched that is more than a little, or costs more than traffic. `said` is
    what the window said last.
    """
    driver = app.drivers.get(chosen.dragged.account)
    if driver is None:
        return
    try:
        room = await in_thread(app.copied.make, copied, pool="disk")
        most = Limit(room) if asked else Limit(min(room, BYTES_UNASKED), OBJECTS_UNASKED, EVERYDAY)
        fits = await in_thread(
            _is_within, driver, chosen, most, lambda: app.copied.current is copied,
            account=chosen.dragged.account,
        )  # fmt: skip
        if app.copied.current is not copied or app.quitting:
            return
        if not fits:
            window.tell(_too_much(said, room, asked=asked))
            return
        specs = downloads_of(chosen.dragged, copied.folder)
        copied.transfers = len(specs)
        for spec in specs:
            if app.copied.current is copied:
                # Two names that one file cannot have: both arrive, and nobody is asked.
                await in_thread(app.engine.add, spec, Conflict.KEEP_BOTH, pool="engine")
    except (LibcloudError, OSError) as error:
        _tell_why_not(window, str(error))
        return
    if not copied.is_offered:
        window.tell(_tr("{copied} Fetching for other programs…").format(copied=said))


async def arrived(app: Context, window: Window, row: JobRow) -> None:
    """Called when a transfer into one of our folders has ended: offer the files when all are there."""
    copied = app.copied.current
    if copied is None or not copied.holds(row.folder):
        return
    if row.state is not State.DONE:
        if row.state is not State.CANCELLED:  # that was the person
            _tell_why_not(window, row.error or _tr("not all of it could be fetched."))
        return
    copied.arrived.add(row.id)
    if len(copied.arrived) < copied.transfers:
        return
    try:
        paths = await in_thread(_files, copied.folder, pool="disk")
    except OSError as error:  # somebody empties caches
        _tell_why_not(window, str(error))
        return
    if QGuiApplication.platformName().startswith("wayland"):
        await _keyboard_is_here()
    if paths and app.copied.current is copied and not app.quitting and _on_clipboard() == copied.entries:
        copied.is_offered = True
        QGuiApplication.clipboard().setMimeData(with_files(copied.entries, paths))
        window.tell(_tr("Ready to paste in other programs."))


def look_at_clipboard(app: Context, window: Window) -> None:
    """Called when the clipboard has changed: for what is not on it any more nobody waits."""
    copied = app.copied.current
    if copied is not None and not app.over.is_set() and _on_clipboard() != copied.entries:
        app.copied.leave()
        start(_drop(app, copied), window.widget)


async def end(app: Context) -> None:
    """The program quits: nothing is fetched any more, and no clipboard keeps addresses of what goes away."""
    copied = app.copied.leave()
    if copied is not None and copied.is_offered and _on_clipboard() == copied.entries:
        QGuiApplication.clipboard().setMimeData(with_files(copied.entries, ()))
    await in_thread(forget_transfers, app.engine, app.copied.holds, pool="disk")


def forget_transfers(engine: Engine, is_meant: Callable[[str], bool]) -> None:
    """Cancel and forget the transfers into folders that are meant. Call in a thread."""
    for row in engine.changes(0).rows:
        if row.folder and is_meant(row.folder):
            engine.cancel(row.id)
            engine.remove(row.id)


def worded(app: Context) -> Callable[[int], Changes]:
    """`engine.changes` for people: what is fetched for the clipboard is called so."""

    def changes(since: int) -> Changes:
        found = app.engine.changes(since)
        return replace(found, rows=tuple(_worded(row) if is_ours(app, row) else row for row in found.rows))

    return changes


def is_ours(app: Context, row: JobRow) -> bool:
    """Whether this transfer is for the clipboard."""
    return bool(row.folder) and app.copied.holds(row.folder)


# -- helpers --


def _classes(found: Iterable[Entry] | Iterable[Object]) -> frozenset[str]:
    return frozenset(one.storage_class.casefold() for one in found)


def _is_within(driver: StorageDriver, chosen: Selection, most: Limit, is_wanted: Callable[[], bool]) -> bool:
    """Count the folders, as far as it takes to know. Also False when nobody wants to know any more."""
    count, total, classes = chosen.objects, chosen.size, chosen.classes
    if most.is_exceeded_by(count, total, classes):
        return False
    for container, prefix in chosen.folders:
        for page in driver.iterate_pages(driver.open_container(container), prefix, delimiter=""):
            count += len(page.objects)
            total += sum(found.size for found in page.objects)
            if most.is_exceeded_by(count, total, _classes(page.objects)) or not is_wanted():
                return False
    return True


def _too_much(said: str, room: int, *, asked: bool) -> str:
    if asked:
        text = _tr("There is no room to fetch it for other programs: only {size} may be used here.")
        return text.format(size=size(room))
    text = _tr("{copied} To paste in other programs, too: Edit › Copy for Other Programs.")
    return text.format(copied=said)


def _tell_why_not(window: Window, why: str) -> None:
    window.tell(_tr("Not ready to paste in other programs: {why}").format(why=shown(why)))


def _files(folder: str) -> list[str]:
    return [os.path.join(folder, name) for name in sorted(os.listdir(folder))]


async def _drop(app: Context, copied: Copied) -> None:
    """Stop fetching at once; what is there goes later, because a paste of it may have begun."""
    await in_thread(forget_transfers, app.engine, copied.holds, pool="engine")
    await pause(KEPT_SECONDS + 1)
    await in_thread(app.copied.tidy, pool="disk")


async def _keyboard_is_here() -> None:
    """Until a window of ours has the keyboard: only then Wayland takes something for the clipboard."""
    application = QGuiApplication.instance()
    if not isinstance(application, QGuiApplication):
        return
    changed = Event()
    connection = application.applicationStateChanged.connect(lambda: changed.set())
    try:
        while application.applicationState() is not Qt.ApplicationState.ApplicationActive:
            changed.clear()
            await changed.wait()
    finally:
        QObject.disconnect(connection)


def _on_clipboard() -> bytes:
    return entries_in(QGuiApplication.clipboard().mimeData())


def _worded(row: JobRow) -> JobRow:
    title = _tr("For pasting elsewhere: {name}").format(name=row.title)
    return replace(row, title=title, target=_tr("the clipboard"))


_tr = partial(QCoreApplication.translate, "PasteOut")
