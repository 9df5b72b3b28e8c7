"""Another name for an object, or for a folder: stores cannot rename, so it is copied and then deleted."""

from __future__ import annotations

from functools import partial

from storage_core import operations
from storage_core.base import StorageDriver
from storage_core.errors import LibcloudError, ObjectDoesNotExistError, StoppedError

from .. import text
from ..accounts import Place
from ..background import closed, in_thread
from ..context import Context
from ..dialogs.message import MessageDialog
from ..dialogs.name import NameDialog
from ..error_box import show_error
from ..models.listing import Entry
from .amount import Chosen, counted
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
            if entry.is_folder and not await _folder_agreed(window, driver, place, entry):
                return
            await with_progress(
                window.widget, tr("Renaming “{name}”").format(name=text.elided(text.shown(entry.name), 40)),
                partial(_renamed, driver, place.container, entry.key, new), account=place.account,
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


async def _folder_agreed(window: Window, driver: StorageDriver, place: Place, entry: Entry) -> bool:
    """Say how much it is when it is much: every object is copied and then deleted."""
    tr = window.widget.tr
    name = text.elided(text.shown(entry.name), 40)
    progress = Progress()
    chosen = Chosen(place.container, (), (entry.key,))

    def count(shared: Progress) -> None:
        counted(driver, chosen, shared)
        progress.done, progress.size = shared.done, shared.size

    await with_progress(
        window.widget, tr("Counting “{name}”").format(name=name), count, account=place.account
    )
    if progress.done < ASKED_FROM:
        return True
    question = MessageDialog(
        window.widget,
        tr("Rename the folder “{name}”?").format(name=name),
        tr("It holds {n} objects, {size}. Each is copied to its new name, then the old one is deleted.").format(
            n=text.count(progress.done), size=text.size(progress.size)
        ),
        accept=tr("Rename"),
    )  # fmt: skip
    return await closed(question)


def _renamed(driver: StorageDriver, container: str, old: str, new: str, progress: Progress) -> None:
    operations.rename(driver, driver.open_container(container), old, new, watch=progress.step)
