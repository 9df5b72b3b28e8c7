"""Entries go from one place to another: inside an account, or between any two."""

from __future__ import annotations

from storage_core.errors import LibcloudError
from storage_core.transfers import Conflict, CopySpec, Ref

from .. import text
from ..accounts import Place
from ..background import closed, in_thread, start
from ..context import Context
from ..dialogs.place import PlaceDialog
from ..error_box import sentence
from ..panes.dragging import Dragged
from .chosen import chosen, containers_in, hand_over, place_of, place_text, refs
from .connect import driver_for
from .fidelity import agreed
from .window import Window


async def copy_dragged(
    app: Context, window: Window, dragged: Dragged, place: Place, *, twice: bool = False
) -> None:
    """Copy what was dropped or pasted into `place`. With `twice`, objects of this place get a second copy."""
    tr = window.widget.tr
    if not place.container:
        window.tell(tr("Open a container first: objects cannot lie beside containers."))
        return
    same = place_of(dragged) == place
    if same and not (twice and all(not key.endswith("/") for key in dragged.keys)):
        window.tell(tr("It is in this place already."))
        return
    if _holds(dragged, place):
        window.tell(tr("A folder cannot be copied into itself."))
        return
    if not await agreed(app, window, dragged, place):
        return
    where = place_text(app, place)
    doing = tr("copy to {place}").format(place=where)
    count = len(dragged.keys)
    if count == 1:
        name = dragged.keys[0].rstrip("/").rsplit("/", 1)[-1] or dragged.container
        said = tr("Copying “{name}” to {place}.").format(name=text.shown(name), place=where)
    else:
        said = tr("Copying {count} items to {place}.").format(count=text.count(count), place=where)
    target = Ref(place.account, place.container, place.prefix)
    whole = containers_in(dragged)
    for container in whole:
        # A whole container keeps its name: as a folder.
        below = Ref(place.account, place.container, f"{place.prefix}{container}/")
        await hand_over(app, window, CopySpec((Ref(dragged.account, container, ""),), below), doing, said)
    if not whole:
        conflict = Conflict.KEEP_BOTH if same else Conflict.ASK
        await hand_over(app, window, CopySpec(refs(dragged), target, dragged.prefix), doing, said, conflict)


async def copy_selected_to(app: Context, window: Window) -> None:
    """Ask for an account, a container and a folder, and copy the selection there."""
    dragged = chosen(window)
    if dragged is None or window.place is None:
        return
    dialog = PlaceDialog(window.widget.tr("Copy to"), app.accounts.all(), window.place, window.widget)
    dialog.account_chosen.connect(lambda account: start(_list(app, window, dialog, account), dialog))
    start(_list(app, window, dialog, window.place.account), dialog)
    if await closed(dialog):
        await copy_dragged(app, window, dragged, dialog.place)


# -- helpers --


async def _list(app: Context, window: Window, dialog: PlaceDialog, account_id: str) -> None:
    account = app.accounts.get(account_id)
    if account.containers:
        dialog.show_containers(account_id, account.containers)
        return
    driver = await driver_for(app, window, account_id)
    if driver is None:
        return
    try:
        found = await in_thread(driver.list_containers, account=account_id)
    except LibcloudError as error:
        problem = sentence(error, window.widget.tr("list the containers"))
        dialog.show_problem(account_id, problem.text)
        return
    dialog.show_containers(account_id, [container.name for container in found])


def _holds(dragged: Dragged, place: Place) -> bool:
    """Whether the target lies inside a folder that is copied."""
    if dragged.account != place.account:
        return False
    if containers_in(dragged):
        return place.container in containers_in(dragged)
    folders = [key for key in dragged.keys if key.endswith("/")]
    return dragged.container == place.container and any(place.prefix.startswith(key) for key in folders)
