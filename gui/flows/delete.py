"""Objects and folders go away: first it is said what and how much."""

from __future__ import annotations

from collections.abc import Sequence
from functools import partial

from storage_core import operations
from storage_core.base import DeleteFailure, StorageDriver
from storage_core.errors import LibcloudError, StoppedError

from .. import text
from ..accounts import THIS_COMPUTER
from ..background import closed
from ..context import Context
from ..dialogs.delete import DeleteDialog
from ..dialogs.message import NoticeDialog
from ..error_box import show_error
from ..models.listing import Entry
from .amount import Chosen, agreed
from .chosen import place_text
from .connect import driver_for
from .progress import Progress, with_progress
from .window import Window

LISTED_MAX = 1000  # failures that the details list; more helps nobody


async def delete_selected(app: Context, window: Window) -> None:
    """Count, ask, delete with everything below, list what is still there."""
    tr = window.widget.tr
    place, entries = window.place, window.selected()
    if place is None or not place.container or not entries:
        return
    driver = await driver_for(app, window, place.account)
    if driver is None:
        return
    chosen = Chosen(
        place.container,
        [(entry.key, entry.size) for entry in entries if not entry.is_folder],
        [entry.key for entry in entries if entry.is_folder],
    )
    trash = place.account == THIS_COMPUTER
    names = [entry.name for entry in entries] if len(entries) > 1 else []
    dialog = DeleteDialog(
        _question(window, entries, trash=trash), place_text(app, place), names, window.widget, trash=trash
    )
    doing = tr("delete {what}").format(what=_what(window, entries))
    yes, objects = await agreed(dialog, driver, chosen, place.account, doing)
    if not yes:
        return
    heading = tr("Moving {what} to the trash") if trash else tr("Deleting {what}")
    try:
        failures = await with_progress(
            window.widget, heading.format(what=_what(window, entries)), partial(delete_all, driver, chosen),
            account=place.account, total=objects,
        )  # fmt: skip
    except StoppedError:
        window.tell(tr("Stopped. What was deleted by then is gone."))
    except LibcloudError as error:
        await show_error(window.widget, error, doing)
    else:
        if failures:
            await tell_failures(window, failures)
        else:
            window.tell(tr("{what} deleted.").format(what=_what(window, entries)))
    window.refresh(place)


def delete_all(driver: StorageDriver, chosen: Chosen, progress: Progress) -> list[DeleteFailure]:
    """Delete the objects and the folders with all below; what is still there, and why. Call in a thread."""
    container = driver.open_container(chosen.container)
    failures: list[DeleteFailure] = []
    names = [name for name, _ in chosen.objects]
    batch = max(1, driver.capabilities.delete_many)
    for start in range(0, len(names), batch):
        some = names[start : start + batch]
        progress.step(0, name=some[0])
        failures += driver.delete_objects(container, some)
        progress.step(len(some))
    for folder in chosen.folders:
        failures += operations.delete_tree(container, folder, progress.step)
    return failures


async def tell_failures(window: Window, failures: Sequence[DeleteFailure]) -> None:
    """What is still there, and why; all of it in the details."""
    tr = window.widget.tr
    heading = tr("{n} objects are still there").format(n=text.count(len(failures)))
    if len(failures) == 1:
        heading = tr("“{name}” is still there").format(name=text.shown(failures[0].object_name))
    lines = [f"{text.shown(one.object_name)}: {one.reason}" for one in failures[:LISTED_MAX]]
    await closed(
        NoticeDialog(window.widget, heading, failures[0].reason, details="\n".join(lines), icon="warning")
    )


# -- helpers --


def _question(window: Window, entries: Sequence[Entry], *, trash: bool) -> str:
    tr = window.widget.tr
    if len(entries) > 1:
        question = tr("Move {n} entries to the trash?") if trash else tr("Delete these {n} entries?")
        return question.format(n=text.count(len(entries)))
    [entry] = entries
    if entry.is_folder:
        question = (
            tr("Move the folder “{name}” to the trash?")
            if trash
            else tr("Delete the folder “{name}” and everything in it?")
        )
    else:
        question = tr("Move “{name}” to the trash?") if trash else tr("Delete “{name}”?")
    return question.format(name=text.elided(text.shown(entry.name), 48))


def _what(window: Window, entries: Sequence[Entry]) -> str:
    if len(entries) > 1:
        return window.widget.tr("{n} entries").format(n=text.count(len(entries)))
    return f"“{text.elided(text.shown(entries[0].name), 48)}”"
