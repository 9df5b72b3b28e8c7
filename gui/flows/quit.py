"""The end: stop the intake, ask where something would be lost, pause durably, drain, stop."""

from __future__ import annotations

import logging
from functools import partial

from PySide6.QtCore import QCoreApplication

from storage_core.errors import LibcloudError

from .. import demo, text
from ..accounts import DEMO_CLOUD
from ..background import closed, in_thread, within
from ..context import Context
from ..dialogs.message import MessageDialog
from ..models.transfers import LIVELY
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
        # Not in the engine's own pool: a call that waits there must not keep the program.
        await within(2 * SECONDS_TO_PAUSE, in_thread(app.engine.stop, SECONDS_TO_PAUSE, pool="disk"))
        await within(SECONDS_TO_SAVE, in_thread(app.settings.save, pool="files"))
    except (OSError, TimeoutError, LibcloudError) as error:
        _log.warning("the end was not in good order: %s", error)
    finally:
        app.over.set()


async def _may_quit(app: Context, window: Window) -> bool:
    # What is paused loses nothing: nobody is asked about it.
    unfinished = sum(row.state in LIVELY for row in app.engine.changes(0).rows)
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
