"""A new folder: an object whose name ends with a slash, so that the empty folder is there for everybody."""

from __future__ import annotations

from functools import partial

from storage_core import operations
from storage_core.base import StorageDriver
from storage_core.errors import InvalidObjectNameError, LibcloudError

from .. import text
from ..accounts import Place
from ..background import closed, in_thread
from ..context import Context
from ..dialogs.name import NameDialog
from ..error_box import show_error
from .connect import driver_for
from .window import Window


async def new_folder(app: Context, window: Window) -> None:
    """Ask for a name and make the folder in the shown place."""
    tr = window.widget.tr
    place = window.place
    if place is None or not place.container:
        window.tell(tr("Open a container first."))
        return
    driver = await driver_for(app, window, place.account)
    if driver is None:
        return
    dialog = NameDialog(
        tr("New folder"),
        tr("&Name"),
        tr("&Create"),
        partial(why_not_name, window, driver, place),
        window.widget,
    )
    while await closed(dialog):
        folder = place.below(dialog.name)
        try:
            container = driver.open_container(place.container)
            await in_thread(operations.make_folder, container, folder.prefix, account=place.account)
        except LibcloudError as error:
            doing = tr("create the folder “{name}”").format(name=text.shown(dialog.name))
            await show_error(window.widget, error, doing)
            continue
        window.refresh(place)
        if window.place == place:
            window.objects.select([folder.prefix])
        return


def why_not_name(window: Window, driver: StorageDriver, place: Place, name: str) -> str:
    """Why an entry of this place cannot be called so; "" when it can. Pure, asks nobody."""
    tr = window.widget.tr
    if "/" in name:
        return tr("A slash would begin another folder.")
    if name in (".", ".."):
        return tr("“{name}” means a place, not a name.").format(name=name)
    try:
        driver.check_object_name(f"{place.prefix}{name}/")
    except InvalidObjectNameError as error:
        return str(error)
    return ""
