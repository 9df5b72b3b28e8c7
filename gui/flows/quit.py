"""The end: stop the intake, ask where something would be lost, pause durably, drain, stop."""

from __future__ import annotations

import logging
from collections.abc import Awaitable
from functools import partial

from PySide6.QtCore import QCoreApplication

from storage_core.errors import LibcloudError

from .. import demo, text
from ..accounts import DEMO_CLOUD
from ..background import closed, in_thread, within
from ..context import Context
from ..dialogs.message import MessageDialog
from ..models.transfers import LIVELY
from . import paste_out
from .window import Window

_log = logging.getLogger(__name__)
SECONDS_TO_PAUSE = 10.0  # what the engine gets for writing down where every transfer is
SECONDS_TO_SAVE = 5.0


async def quit_app(app: Context, window: Window, *, ask: bool = True) -> None:
    """Quit, unless the person says no. `ask` is off when nobody is there to answer: a signal, the tour."""
    if app.quitting:
        return
    app.quitting = True  # nothing new begins from here on
    if ask and not await _may_quit(app, window):
        app.quitting = False
        return
    window.tell(tr("Finishing…"))
    try:
        await _last(SECONDS_TO_SAVE, paste_out.end(app))
        # Not in the engine's own pool: a call that waits there must not keep the program.
        await _last(2 * SECONDS_TO_PAUSE, in_thread(app.engine.stop, SECONDS_TO_PAUSE, pool="disk"))
        await _last(SECONDS_TO_SAVE, in_thread(app.settings.save, pool="files"))
        await _last(SECONDS_TO_SAVE, in_thread(_tidy, app, pool="disk"))
    finally:
        app.over.set()


async def _last(seconds: float, step: Awaitable[object]) -> None:
    """One step of the end. What goes wrong with it keeps no later one from being done."""
    try:
        await within(seconds, step)
    except (OSError, TimeoutError, LibcloudError) as error:
        _log.warning("the end was not in good order: %s", error)


async def _may_quit(app: Context, window: Window) -> bool:
    # What is paused loses nothing, and what is for the clipboard ends with it: nobody is asked about those.
    rows = [row for row in app.engine.changes(0).rows if not paste_out.is_ours(app, row)]
    unfinished = sum(row.state in LIVELY for row in rows)
    if unfinished:
        question = MessageDialog(
            window.widget,
            tr("Quit while files are being transferred?"),
            _how_many(unfinished),
            hint=tr("They are paused where they are and can be continued next time."),
            accept=tr("Pause and quit"),
            icon="transfer",
        )
        if not await closed(question):
            return False
    files = await in_thread(_files_in_demo, app, account=DEMO_CLOUD)
    if files:
        question = MessageDialog(
            window.widget,
            tr("The demo cloud is emptied at quit"),
            _how_many_files(files),
            hint=tr("Drag them to “This computer” or another account to keep them."),
            accept=tr("Quit and lose them"),
            danger=True,
        )
        return await closed(question)
    return True


def _tidy(app: Context) -> None:
    app.copied.tidy(all_of_them=True)


def _files_in_demo(app: Context) -> int:
    """Objects of the user in the demo cloud; 0 while it was never opened."""
    driver = app.drivers.get(DEMO_CLOUD)
    if driver is None:
        return 0
    try:
        return demo.count_of_others(driver)
    except LibcloudError:
        return 0  # a container that vanished while it was counted


def _how_many(unfinished: int) -> str:
    if unfinished == 1:
        return tr("One transfer has not finished.")
    return tr("{count} transfers have not finished.").format(count=text.count(unfinished))


def _how_many_files(files: int) -> str:
    if files == 1:
        return tr("It holds one object of yours, which would be lost.")
    return tr("It holds {count} objects of yours, which would be lost.").format(count=text.count(files))


tr = partial(QCoreApplication.translate, "Quit")
