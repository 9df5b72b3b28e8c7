"""Another name for an object, or for a folder: stores cannot rename, so it is copied and then deleted."""

from __future__ import annotations

from functools import partial

from storage_core import operations
from storage_core.base import Object, StorageDriver
from storage_core.errors import LibcloudError, ObjectDoesNotExistError, StoppedError

from .. import text
from ..accounts import Place
from ..background import closed, in_thread
from ..context import Context
from ..dialogs.message import MessageDialog
from ..dialogs.name import NameDialog
from ..error_box import show_error
from ..models.listing import Entry
from .connect import driver_for
from .folder import why_not_name
from .progress import Progress, with_progress
from .window import Window

ASKED_FROM = 100  # objects in a folder from which on renaming it is worth a question


async def rename_selected(app: Context, window: Window) -> None:
    """Ask for the new name; refuse one that is taken; show how far a folder is."""
    tr = window.widget.tr
    place, entries = window.place, window.selected()
    if place is None or not place.container or len(entries) != 1:
        return
    [entry] = entries
    driver = await driver_for(app, window, place.account)
    if driver is None:
        return
    dialog = NameDialog(
        tr("Rename “{name}”").format(name=text.elided(text.shown(entry.name), 48)),
        tr("&New name"), tr("&Rename"), partial(why_not_name, window, driver, place), window.widget,
        name=entry.name,
    )  # fmt: skip
    while await closed(dialog):
        if dialog.name == entry.name:
            return
        new = f"{place.prefix}{dialog.name}{'/' if entry.is_folder else ''}"
        try:
            if await in_thread(_is_taken, driver, place.container, new, account=place.account):
                dialog.problem.setText(tr("This name is taken."))
                continue
            objects = await _objects_of(window, driver, place, entry)
            if len(objects) >= ASKED_FROM and not await _agreed(window, entry, objects):
                return
            await with_progress(
                window.widget, tr("Renaming “{name}”").format(name=text.elided(text.shown(entry.name), 40)),
                partial(_renamed, objects, entry.key, new), account=place.account, total=len(objects),
            )  # fmt: skip
        except StoppedError:
            window.tell(tr("Stopped. Nothing is lost: what was not moved is still under the old name."))
        except LibcloudError as error:
            doing = tr("rename “{name}”").format(name=text.shown(entry.name))
            await show_error(window.widget, error, doing)
        else:
            window.tell(tr("Renamed to “{name}”.").format(name=text.shown(dialog.name)))
        window.refresh(place)
        if window.place == place:
            window.objects.select([new])
        return


# -- helpers --


def _is_taken(driver: StorageDriver, container: str, key: str) -> bool:
    """Whether an object or a folder of this name is there. Call in a thread."""
    found = driver.open_container(container)
    if driver.list_page(found, f"{key.rstrip('/')}/", delimiter="", limit=1).objects:
        return True
    if key.endswith("/"):
        return False
    try:
        driver.get_object(container, key)
    except ObjectDoesNotExistError:
        return False
    return True


async def _objects_of(window: Window, driver: StorageDriver, place: Place, entry: Entry) -> list[Object]:
    """The object itself, or all that a folder holds: listed before the first is moved."""

    def listed(progress: Progress) -> list[Object]:
        container = driver.open_container(place.container)
        if not entry.is_folder:
            return [driver.get_object(place.container, entry.key)]
        found: list[Object] = []
        for page in driver.iterate_pages(container, entry.key, delimiter=""):
            progress.step(len(page.objects))
            found += page.objects
        return found

    heading = window.widget.tr("Counting “{name}”").format(name=text.elided(text.shown(entry.name), 40))
    return await with_progress(window.widget, heading, listed, account=place.account)


async def _agreed(window: Window, entry: Entry, objects: list[Object]) -> bool:
    """Say how much it is when it is much: every object is copied and then deleted."""
    tr = window.widget.tr
    amount = tr("It holds {n} objects, {size}. Each is copied, then its old name is deleted.")
    question = MessageDialog(
        window.widget,
        tr("Rename the folder “{name}”?").format(name=text.elided(text.shown(entry.name), 40)),
        amount.format(n=text.count(len(objects)), size=text.size(sum(found.size for found in objects))),
        accept=tr("Rename"),
    )
    return await closed(question)


def _renamed(objects: list[Object], old: str, new: str, progress: Progress) -> None:
    """One after the other: when it stops, each object has one of the two names. Call in a thread."""
    for found in objects:
        progress.step(0, name=found.name)
        operations.rename(found, new + found.name.removeprefix(old))
        progress.step()
