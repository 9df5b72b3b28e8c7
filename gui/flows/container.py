"""Containers come and go."""

from __future__ import annotations

from collections.abc import Sequence
from functools import partial

from storage_core.base import DeleteFailure, StorageDriver
from storage_core.errors import InvalidContainerNameError, LibcloudError, StoppedError

from .. import text
from ..accounts import Place
from ..background import closed, in_thread
from ..context import Context
from ..dialogs.delete import DeleteDialog
from ..dialogs.name import NameDialog
from ..error_box import show_error
from .amount import Chosen, agreed
from .connect import driver_for
from .delete import delete_all, tell_failures
from .progress import Progress, with_progress
from .window import Window


async def new_container(app: Context, window: Window) -> None:
    """Ask for a name that the service allows, make the container and open it."""
    tr = window.widget.tr
    place = window.place
    if place is None:
        return
    account = place.account
    driver = await driver_for(app, window, account)
    if driver is None:
        return
    if why := driver.capabilities.why_not("create_containers"):
        window.tell(why)
        return
    title = app.accounts.get(account).title
    dialog = NameDialog(
        tr("New container in {account}").format(account=text.elided(text.shown(title), 40)),
        tr("&Name"), tr("&Create"), partial(_why_not, driver), window.widget,
        note=text.shown(driver.container_name_rule[:1].upper() + driver.container_name_rule[1:]) + ".",
    )  # fmt: skip
    while await closed(dialog):
        name = dialog.name
        try:
            await in_thread(driver.create_container, name, account=account)
        except LibcloudError as error:
            doing = tr("create the container “{name}”").format(name=text.shown(name))
            await show_error(window.widget, error, doing)
            continue  # the name is still there to be changed
        window.refresh(Place(account))
        window.tell(tr("The container “{name}” was created.").format(name=text.shown(name)))
        if window.place is not None and window.place.account == account:
            window.open_place(Place(account, name))
        return


async def delete_container(app: Context, window: Window, place: Place) -> None:
    """Say what is in it, ask, empty it and take it away."""
    tr = window.widget.tr
    driver = await driver_for(app, window, place.account)
    if driver is None or not place.container:
        return
    if why := driver.capabilities.why_not("create_containers"):
        window.tell(why)
        return
    name, title = text.shown(place.container), app.accounts.get(place.account).title
    dialog = DeleteDialog(
        tr("Delete the container “{name}” and everything in it?").format(name=text.elided(name, 40)),
        text.shown(title), [], window.widget, trash=False,
    )  # fmt: skip
    doing = tr("delete the container “{name}”").format(name=name)
    chosen = Chosen(place.container, (), ("",))
    yes, objects = await agreed(dialog, driver, chosen, place.account, doing)
    if not yes:
        return
    try:
        failures = await with_progress(
            window.widget, tr("Deleting “{name}”").format(name=text.elided(name, 40)),
            partial(_emptied_and_deleted, driver, chosen), account=place.account, total=objects,
        )  # fmt: skip
    except StoppedError:
        window.tell(tr("Stopped. What was deleted by then is gone; the container is still there."))
    except LibcloudError as error:
        await show_error(window.widget, error, doing)
    else:
        await _tell_result(window, place, failures)
    window.refresh(Place(place.account))


# -- helpers --


def _emptied_and_deleted(driver: StorageDriver, chosen: Chosen, progress: Progress) -> list[DeleteFailure]:
    """The container goes only when nothing is left in it. Call in a thread."""
    failures = delete_all(driver, chosen, progress)
    if not failures:
        driver.delete_container(driver.open_container(chosen.container))
    return failures


async def _tell_result(window: Window, place: Place, failures: Sequence[DeleteFailure]) -> None:
    tr = window.widget.tr
    if failures:
        await tell_failures(window, failures)
        return
    window.tell(tr("The container “{name}” was deleted.").format(name=text.shown(place.container)))
    shown = window.place
    if shown is not None and (shown.account, shown.container) == (place.account, place.container):
        window.open_place(Place(place.account))


def _why_not(driver: StorageDriver, name: str) -> str:
    """Pure: a pattern, no request."""
    try:
        driver.check_container_name(name)
    except InvalidContainerNameError as error:
        return str(error)
    return ""
