"""Anyone on the internet may read a container, or nobody. The provider tells which; turning it asks first."""

from __future__ import annotations

from dataclasses import dataclass
from functools import partial

from storage_core.base import Container, PublicAccess, StorageDriver
from storage_core.errors import AccessDeniedError, LibcloudError

from .. import sharing, text
from ..accounts import Place
from ..background import closed, in_thread
from ..context import Context
from ..dialogs.message import NoticeDialog
from ..dialogs.public import PublicDialog
from ..error_box import show_error
from .connect import driver_for
from .window import Window


@dataclass(frozen=True, slots=True)
class Exposure:
    """What is known before anybody is asked."""

    access: PublicAccess
    objects: int  # -1: may not be listed
    more: bool  # there are more than these


async def toggle_public(app: Context, window: Window, place: Place) -> None:
    """Read the state, say what turning it means, turn it, and read it again."""
    tr = window.widget.tr
    if not place.container:
        return
    name = text.shown(place.container)
    driver = await driver_for(app, window, place.account)
    if driver is None:
        return
    if why := driver.capabilities.why_not("public_containers"):
        window.tell(why)
        return
    container = driver.open_container(place.container)
    try:
        known = await in_thread(_exposure, driver, container, account=place.account)
    except LibcloudError as error:
        await show_error(window.widget, error, tr("read the public state of “{name}”").format(name=name))
        return
    if known.access.on is None:
        heading = tr("It is not known whether “{name}” is public").format(name=text.elided(name, 40))
        await closed(NoticeDialog(window.widget, heading, known.access.why))
        return
    turn_on = not known.access.on
    dialog = PublicDialog(
        place.container, window.widget,
        is_public=not turn_on, objects=_objects_text(window, known), url=known.access.url,
    )  # fmt: skip
    if not await closed(dialog):
        return
    doing = (tr("make “{name}” public") if turn_on else tr("make “{name}” private")).format(name=name)
    try:
        now = await in_thread(partial(driver.set_public_access, container, turn_on), account=place.account)
    except LibcloudError as error:
        await show_error(window.widget, error, doing)
        return
    if now.on is not turn_on:
        heading = tr("“{name}” is as it was").format(name=text.elided(name, 40))
        reason = now.why or tr("The service took the change, but still tells the old state.")
        await closed(NoticeDialog(window.widget, heading, reason, icon="warning"))
    else:
        told = f"{sharing.turned(place.container, turn_on)} {sharing.remark(now)}"
        window.tell(told.strip())
    window.refresh(place)


# -- helpers --


def _exposure(driver: StorageDriver, container: Container) -> Exposure:
    access = driver.get_public_access(container)
    try:
        page = driver.list_page(container, delimiter="")
    except AccessDeniedError:
        return Exposure(access, -1, False)
    return Exposure(access, len(page.objects), bool(page.next_token))


def _objects_text(window: Window, known: Exposure) -> str:
    tr = window.widget.tr
    if known.objects < 0:
        return ""
    if known.more:
        return tr("all of its more than {n} objects").format(n=text.count(known.objects))
    if known.objects == 1:
        return tr("its one object")
    return tr("its {n} objects").format(n=text.count(known.objects)) if known.objects else ""
