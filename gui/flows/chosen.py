"""What several stories begin with: the entries a command is about, and handing a transfer to the engine."""

from __future__ import annotations

from storage_core.errors import LibcloudError
from storage_core.transfers import Conflict, CopySpec, DownloadSpec, Ref, UploadSpec
from storage_core.transfers.specs import accounts_of

from ..accounts import Place
from ..background import in_thread
from ..context import Context
from ..error_box import show_error
from ..panes.dragging import Dragged
from ..text import shown
from .connect import driver_for
from .window import Window


def chosen(window: Window) -> Dragged | None:
    """The selected entries of the shown folder; None when nothing is selected."""
    place, entries = window.place, window.selected()
    if place is None or not entries:
        return None
    return Dragged(place.account, place.container, place.prefix, tuple(entry.key for entry in entries))


def refs(dragged: Dragged) -> tuple[Ref, ...]:
    """The same entries as the engine calls them."""
    if not dragged.container:
        return tuple(Ref(dragged.account, name, "") for name in containers_in(dragged))
    return tuple(Ref(dragged.account, dragged.container, key) for key in dragged.keys)


def containers_in(dragged: Dragged) -> tuple[str, ...]:
    """Names of the whole containers that are meant; none when it is about things in a container."""
    if not dragged.container:
        return dragged.keys  # dragged from an account's list of containers
    return (dragged.container,) if dragged.keys == ("",) else ()


def place_of(dragged: Dragged) -> Place:
    """The folder that the entries were shown in."""
    return Place(dragged.account, dragged.container, dragged.prefix)


def place_text(app: Context, place: Place) -> str:
    """The place with its account's title, for a line that people read."""
    title = app.accounts.get(place.account).title if app.accounts.has(place.account) else place.account
    if not place.container:
        return title
    return f"{title} › {shown(place.text().rstrip('/')).replace('/', ' › ')}"


async def hand_over(
    app: Context,
    window: Window,
    spec: UploadSpec | DownloadSpec | CopySpec,
    doing: str,
    said: str,
    conflict: Conflict = Conflict.ASK,
) -> None:
    """Queue a transfer once every account in it is open. It runs on by itself; its row tells the rest."""
    for account in accounts_of(spec):
        if await driver_for(app, window, account) is None:
            return  # the error was shown, or the person said no
    if app.quitting:
        return
    try:
        await in_thread(app.engine.add, spec, conflict, pool="engine")
    except LibcloudError as error:
        await show_error(window.widget, error, doing)
        return
    window.tell(said)
