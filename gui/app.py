"""Builds the objects, hands them on, shows the window, and ends in good order."""

from __future__ import annotations

import argparse
import logging
import os
import sys
from collections.abc import Sequence
from functools import partial
from types import TracebackType

from PySide6.QtCore import QCoreApplication, QLockFile, QSettings, Qt
from PySide6.QtWidgets import QApplication

from storage_core import __version__
from storage_core.errors import LibcloudError
from storage_core.transfers import Engine

from . import background, records
from .accounts import DEMO_CLOUD, THIS_COMPUTER, Accounts
from .background import closed, from_any_thread, in_thread, running_loop, start
from .context import Context, Drivers
from .dialogs.message import NoticeDialog
from .error_box import crash_box, crash_report, show_error
from .flows.connect import driver_for
from .flows.paste_out import forget_transfers
from .flows.quit import quit_app
from .icons import app_icon
from .main_window import MainWindow
from .named import named
from .options import parse, why_no_window, why_unusable
from .saved_file import make_private
from .secrets import Secrets
from .settings import Folders, Settings, portable_folders, standard_folders
from .version import program

_log = logging.getLogger(__name__)
LOCK_MS = 200
TITLE_BAR = 40  # pixels that a window manager may put above the window


def main(arguments: argparse.Namespace | Sequence[str] | None = None) -> int:
    """The program, told what it shall do. Returns its exit code."""
    options = arguments if isinstance(arguments, argparse.Namespace) else parse(arguments)
    folders = portable_folders(options.portable) if options.portable else standard_folders()
    typed = options.tour is not None or (options.portable and not options.is_marked)
    no_window, problem = why_no_window(), why_unusable(options.portable or folders.data)
    if no_window or problem:
        print(no_window or problem, file=sys.stderr or sys.__stdout__)
        if no_window or typed:  # else there may be no terminal that anybody reads
            return 1
    else:
        records.begin(folders.log)
    application = QApplication(sys.argv[:1])
    application.setApplicationName("Skyferry")
    application.setApplicationVersion(__version__)
    application.setDesktopFileName("skyferry")
    application.setWindowIcon(app_icon())
    if problem:
        return background.run(partial(_cannot_write, problem))
    if options.portable:
        # Qt's file dialog remembers its folders in settings of its own (not ours: on Windows, the registry).
        QSettings.setPath(QSettings.Format.NativeFormat, QSettings.Scope.UserScope, str(folders.config))
    lock = _lock(folders)
    if lock is None:
        print(tr("Skyferry is already running with this profile."), file=sys.stderr or sys.__stdout__)
        return background.run(_already_running) if options.tour is None else 1
    code = background.run(partial(_run, options, folders))
    lock.unlock()
    if not background.finish():
        _log.warning("left without waiting for a call that does not end")
        logging.shutdown()
        os._exit(code)  # that call's thread would keep the process
    return code


def build(folders: Folders, secrets: Secrets | None = None) -> Context:
    """All objects, nothing opened: no network, no keyring, no journal. OSError from a broken disk."""
    drivers = Drivers()
    accounts = Accounts(folders.accounts)
    accounts.load()
    settings = Settings.load(folders.settings)
    engine = Engine(folders.journal, drivers.get, workers=settings.transfers_at_once)
    engine.bytes_per_second_max = settings.bytes_per_second_max
    return Context(settings, accounts, secrets or Secrets(), engine, drivers, folders)


# -- the window's life --


async def _run(options: argparse.Namespace, folders: Folders) -> int:
    try:
        app = build(folders)
    except OSError as error:
        await show_error(None, error, tr("read the settings"))
        return 1
    saved, app.settings.theme = app.settings.theme, options.theme or app.settings.theme
    window = MainWindow(app)
    app.settings.theme = saved  # what was typed is for this run
    _report_crashes(app, window)
    background.on_signals(window.widget, lambda: start(quit_app(app, window, ask=False), window.widget))
    if options.tour is None and not app.settings.geometry:
        _fit(window)
    window.widget.show()
    opened = start(_open(app, window), window.widget)
    try:
        if options.tour is None:
            start(_tell_problems(app, window, opened), window.widget)
            await app.over.wait()
            return 0
        await opened
        code: int = await named("tour.play")(app, window, options.tour or DEMO_CLOUD, options.screenshots)
        return code
    finally:
        await quit_app(app, window, ask=False)  # the engine's threads would keep the process
        window.widget.hide()


def _fit(window: MainWindow) -> None:
    """The first time on a small screen the window takes all of it: its last line is not below the edge."""
    room = window.widget.screen().availableGeometry().size()
    if room.width() < window.width() or room.height() < window.height() + TITLE_BAR:
        window.widget.setWindowState(Qt.WindowState.WindowMaximized)


async def _open(app: Context, window: MainWindow) -> None:
    """What waits for a disk, once the window is there: the built-in accounts, then the journal."""
    for account_id in (THIS_COMPUTER, DEMO_CLOUD):
        await driver_for(app, window, account_id)
    try:
        await in_thread(_start_engine, app, pool="disk")
        window.jobs.wake()  # those of the last run are there now
    except LibcloudError as error:
        _log.error("the journal: %s", error)
        start(show_error(window.widget, error, tr("open the journal of transfers")), window.widget)
    await in_thread(app.copied.tidy, pool="disk")  # what a crash left


async def _tell_problems(app: Context, window: MainWindow, opened: background.Task) -> None:
    """What was broken and had to be set aside, each once."""
    await opened
    for problem in (app.settings.problem, app.accounts.problem, app.engine.notice):
        if problem:
            _log.warning("%s", problem)
            title = tr("Something could not be read at the start")
            await closed(NoticeDialog(window.widget, title, problem, icon="warning"))


def _start_engine(app: Context) -> None:
    make_private(app.folders.data)
    app.engine.start()
    forget_transfers(app.engine, app.copied.holds)  # of the last run; its clipboard is gone


async def _cannot_write(problem: str) -> int:
    hint = tr("It keeps its accounts, settings and the list of transfers there.")
    await closed(NoticeDialog(None, tr("Skyferry cannot start"), problem, hint=hint, icon="error"))
    return 1


async def _already_running() -> int:
    text = tr("Skyferry is already running with this profile.")
    hint = tr("Look for its window. Two at once would write over each other's transfers.")
    await closed(NoticeDialog(None, text, hint))
    return 1


# -- crashes --


def _report_crashes(app: Context, window: MainWindow) -> None:
    """From here on a fault of ours is logged and shown, and the program goes on."""
    loop = running_loop()
    open_boxes: list[object] = []

    async def show(error: BaseException) -> None:
        if open_boxes:
            return  # one at a time; the log has them all
        open_boxes.append(error)
        try:
            await closed(crash_box(window.widget, crash_report(error, program()), str(app.folders.log)))
        finally:
            open_boxes.clear()

    def report(error: BaseException) -> None:
        _log.error("unexpected", exc_info=error)
        if not app.over.is_set():
            from_any_thread(loop, lambda: start(show(error), window.widget))

    def hook(kind: type[BaseException], error: BaseException, trace: TracebackType | None) -> None:
        report(error)

    sys.excepthook = hook
    background.report_thread_errors(report)


# -- the start --


def _lock(folders: Folders) -> QLockFile | None:
    """One program per profile; None when another one has it. A lock left by a crash is taken over."""
    make_private(folders.lock.parent)
    lock = QLockFile(str(folders.lock))
    lock.setStaleLockTime(0)  # only a dead owner makes it stale
    return lock if lock.tryLock(LOCK_MS) else None


tr = partial(QCoreApplication.translate, "App")
