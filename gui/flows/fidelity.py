"""Before entries go to another service: what it has no place for is said, if the selection has any of it."""

from __future__ import annotations

import time
from collections.abc import Iterator
from dataclasses import dataclass, field
from itertools import islice

from storage_core.base import Object, StorageDriver
from storage_core.errors import LibcloudError
from storage_core.fidelity import TITLES, Fate, Line, of_object, table

from .. import text
from ..accounts import Place
from ..background import closed, in_thread
from ..context import Context
from ..dialogs.fidelity import FidelityDialog
from ..panes.dragging import Dragged
from .chosen import containers_in
from .connect import driver_for
from .window import Window

LOOKED_AT_MAX = 16  # objects: a sample, one request each
SECONDS_MAX = 3.0


@dataclass(slots=True)
class Sample:
    """What some of the chosen objects have that the target cannot hold."""

    objects: int = 0
    losing: int = 0
    fields: set[str] = field(default_factory=set)


async def agreed(app: Context, window: Window, dragged: Dragged, place: Place) -> bool:
    """Whether to go on: True when nothing would be lost, or when the person says so."""
    if dragged.account == place.account:
        return True
    source = await driver_for(app, window, dragged.account)
    target = await driver_for(app, window, place.account)
    if source is None or target is None:
        return False  # the error was shown, or the person said no
    lines = table(source, target)
    pair = f"{dragged.account} {place.account}"
    settled = app.settings.fidelity_settled.split("\n")
    if pair in settled or not any(_matters(line) for line in lines):
        return True
    sample = await in_thread(look_at, source, dragged, target, account=dragged.account)
    if not sample.losing:
        return True
    origin, goal = app.accounts.get(dragged.account).title, app.accounts.get(place.account).title
    dialog = FidelityDialog(origin, goal, lines, _found(window, sample), window.widget)
    if not await closed(dialog):
        return False
    if dialog.again.isChecked():
        app.settings.fidelity_settled = "\n".join(one for one in (*settled, pair) if one)
        await in_thread(app.settings.save, pool="files")
    return True


def look_at(source: StorageDriver, dragged: Dragged, target: StorageDriver) -> Sample:
    """Ask for some of the objects, for a moment. Call in a thread. An error ends it: the copy will tell."""
    sample = Sample()
    until = time.monotonic() + SECONDS_MAX
    try:
        for obj in islice(_some(source, dragged), LOOKED_AT_MAX):
            if time.monotonic() > until:
                break
            known = obj.attributes or source.head_object(obj).attributes
            lost = [line.field for line in of_object(known, target) if _matters(line)] if known else []
            sample.objects += 1
            sample.losing += bool(lost)
            sample.fields.update(lost)
    except LibcloudError:
        return sample
    return sample


def _some(source: StorageDriver, dragged: Dragged) -> Iterator[Object]:
    for name in containers_in(dragged):
        yield from source.iterate_container_objects(source.open_container(name))
    if containers_in(dragged):
        return
    container = source.open_container(dragged.container)
    for key in dragged.keys:
        if key.endswith("/"):
            yield from source.iterate_container_objects(container, prefix=key)
        else:
            yield source.get_object(dragged.container, key)


def _matters(line: Line) -> bool:
    return line.fate is Fate.LOST and not line.is_own


def _found(window: Window, sample: Sample) -> str:
    tr = window.widget.tr
    what = ", ".join(TITLES[name].lower() for name in TITLES if name in sample.fields)
    if sample.objects == 1:
        return tr("What you copy has something there is no place for: {what}.").format(what=what)
    if sample.losing == 1:
        said = tr("One of {count} objects looked at has something there is no place for: {what}.")
    else:
        said = tr("{losing} of {count} objects looked at have something there is no place for: {what}.")
    return said.format(count=text.count(sample.objects), losing=text.count(sample.losing), what=what)
