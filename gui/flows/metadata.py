"""Properties of one or many objects: read, change what was touched, lose nothing unseen."""

from __future__ import annotations

from collections.abc import Sequence
from functools import partial

from storage_core.attributes import Attributes
from storage_core.base import Object, StorageDriver
from storage_core.errors import AttributeRefusedError, LibcloudError, StoppedError

from .. import text
from ..accounts import Place
from ..background import closed, in_thread, start
from ..context import Context
from ..dialogs.edits import Edits
from ..dialogs.properties import PropertiesDialog
from ..error_box import show_error
from ..models.listing import Entry
from .amount import Chosen, counted
from .chosen import place_text
from .connect import driver_for
from .progress import Progress, shown_in, with_progress
from .window import Window

AT_ONCE_MAX = 2000  # objects whose properties are read for one dialog; each costs a request


async def show_properties(app: Context, window: Window) -> None:
    """Show the selection's properties; save what was changed in them."""
    tr = window.widget.tr
    place, entries = window.place, window.selected()
    if place is None or not place.container or not entries:
        return
    driver = await driver_for(app, window, place.account)
    if driver is None:
        return
    dialog = PropertiesDialog(_title(window, entries), place_text(app, place), window.widget)
    objects: list[Object] = []
    if any(entry.is_folder for entry in entries) or len(entries) > AT_ONCE_MAX:
        start(_measure(window, dialog, driver, place, entries), dialog)
    else:
        start(_read(window, dialog, driver, place, entries, objects), dialog)
    if not await closed(dialog):
        return
    edits = dialog.edits()
    if not edits or not objects:
        return
    try:
        await with_progress(
            window.widget, tr("Changing properties"), partial(_write, driver, objects, edits),
            account=place.account, total=len(objects),
        )  # fmt: skip
    except StoppedError:
        window.tell(tr("Stopped. Some objects have the new properties, the rest the old ones."))
    except LibcloudError as error:
        await show_error(window.widget, error, tr("change the properties"))
    else:
        window.tell(tr("The properties were saved."))
    window.refresh(place)


# -- reading --


async def _read(
    window: Window, dialog: PropertiesDialog, driver: StorageDriver, place: Place,
    entries: Sequence[Entry], objects: list[Object],
) -> None:  # fmt: skip
    """Ask for each object, then show them. Closing the dialog stops the asking."""
    progress = Progress(total=len(entries))
    dialog.finished.connect(progress.stop)
    start(shown_in(progress, lambda: dialog.reading(progress.done, progress.total)), dialog)
    keys = [entry.key for entry in entries]
    try:
        objects += await in_thread(_heads, driver, place.container, keys, progress, account=place.account)
    except LibcloudError as error:
        dialog.reject()
        await show_error(window.widget, error, window.widget.tr("read the properties"))
        return
    finally:
        progress.over = True
    dialog.show_objects(objects, driver.capabilities, partial(_why_not, driver, objects))


async def _measure(
    window: Window, dialog: PropertiesDialog, driver: StorageDriver, place: Place, entries: Sequence[Entry]
) -> None:
    """Folders have no properties of their own; say how much is in them."""
    tr = window.widget.tr
    progress = Progress()
    dialog.finished.connect(progress.stop)
    chosen = Chosen(
        place.container,
        [(entry.key, entry.size) for entry in entries if not entry.is_folder],
        [entry.key for entry in entries if entry.is_folder],
    )
    try:
        await in_thread(counted, driver, chosen, progress, account=place.account)
    except LibcloudError as error:
        dialog.reject()
        await show_error(window.widget, error, tr("read the properties"))
        return
    dialog.show_facts(
        [
            (tr("Place"), text.shown(place.text())),
            (tr("Objects"), text.count(progress.done)),
            (tr("Size together"), text.size(progress.size)),
        ]
    )


def _heads(driver: StorageDriver, container: str, keys: Sequence[str], progress: Progress) -> list[Object]:
    found = []
    for key in keys:
        progress.step(0)
        found.append(driver.get_object(container, key))
        progress.step()
    return found


# -- writing --


def _why_not(driver: StorageDriver, objects: Sequence[Object], edits: Edits) -> str:
    """What the service would refuse for the first object that cannot have it. Pure, asks nobody."""
    for found in objects:
        try:
            driver.check_attributes(edits.applied(found.attributes or Attributes()))
        except AttributeRefusedError as error:
            return str(error)
    return ""


def _write(driver: StorageDriver, objects: Sequence[Object], edits: Edits, progress: Progress) -> None:
    """Read each object again and change only what was touched: others may have written meanwhile."""
    for found in objects:
        progress.step(0, name=found.name)
        fresh = driver.get_object(found.container.name, found.name)
        before = fresh.attributes or Attributes()
        after = edits.applied(before)
        if after != before:
            driver.set_object_attributes(fresh, after)
        progress.step()


def _title(window: Window, entries: Sequence[Entry]) -> str:
    if len(entries) == 1:
        return text.shown(entries[0].name)
    return window.widget.tr("{n} entries").format(n=text.count(len(entries)))
