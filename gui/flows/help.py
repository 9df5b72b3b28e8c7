"""The Help menu: the guides, the shortcuts, the log's folder, and About."""

from __future__ import annotations

from importlib import import_module
from pathlib import Path
from typing import Any

from PySide6.QtCore import QCoreApplication, QUrl
from PySide6.QtGui import QDesktopServices

from storage_core import __version__

from ..background import closed, in_thread, start, within
from ..context import Context
from ..dialogs.about import AboutDialog
from ..dialogs.guide import Guide, GuideWindow, read_guide
from ..dialogs.message import MessageDialog, NoticeDialog
from ..dialogs.shortcuts import ShortcutsDialog
from ..error_box import show_error
from ..icons import resource
from ..saved_file import make_private
from ..secrets import NoKeyringHereError, SecretsError
from ..text import shown
from .window import Window

KEYRING_SECONDS = 3.0  # another flow may wait in the keyring's thread for a person
USER_GUIDE, SECURITY = "user-guide.md", "security.md"
PACKAGE = __name__.partition(".")[0]  # "gui", in a wheel "skyferry"


# -- about --


async def show_about(app: Context, window: Window) -> None:
    """What it is, the licences, and the environment report, which are read while one looks at it."""
    dialog = AboutDialog(__version__, window.widget)
    start(_fill(app, dialog), dialog)
    await closed(dialog)


async def _fill(app: Context, dialog: AboutDialog) -> None:
    # They import a fiftieth of a second of the standard library, for which the first window need not wait.
    environment = await in_thread(_module, "environment", pool="disk")
    notices = await in_thread(_module, "notices", pool="disk")
    seen = environment.look()
    try:
        licences = await in_thread(resource, "licences", pool="disk")
        dialog.show_about(await in_thread(notices.qt_notice, licences, pool="disk"))
        dialog.show_notices(await in_thread(notices.here, licences, pool="disk"))
    except (OSError, ValueError) as error:
        dialog.fail(tr("The licences could not be read: {error}").format(error=shown(str(error))))
        licences = Path()
    keyring = await _keyring(app)
    dialog.show_report(await in_thread(environment.report, app, seen, keyring, licences, pool="disk"))


def _module(name: str) -> Any:
    return import_module(f"{PACKAGE}.{name}")


async def _keyring(app: Context) -> str:
    """Which keyring is used, for the report. It is opened, nothing in it is read, nobody is asked."""
    try:
        return await within(KEYRING_SECONDS, in_thread(app.secrets.vault_title, pool="keyring"))
    except NoKeyringHereError:
        return "none here; secrets are kept for one run"
    except SecretsError as error:
        return f"refused ({type(error).__name__})"
    except TimeoutError:
        return "busy"


# -- guides --


async def show_user_guide(app: Context, window: Window) -> None:
    """The guide in a window of its own, beside which one goes on working."""
    await _show_guide(window, USER_GUIDE)


async def show_security(app: Context, window: Window) -> None:
    """What is stored where, and what leaves this computer."""
    await _show_guide(window, SECURITY)


async def _show_guide(window: Window, page: str) -> None:
    open_one = window.widget.findChild(GuideWindow)
    if isinstance(open_one, GuideWindow):
        open_one.open_page(page)
        open_one.bring_forward()
        return
    try:
        guide: Guide = await in_thread(_read_guide, pool="disk")
    except (OSError, ValueError) as error:
        await show_error(window.widget, error, tr("open the guide"))
        return
    viewer = GuideWindow(guide, window.widget)
    viewer.link_wanted.connect(lambda url: start(_open_link(viewer, url), viewer))
    viewer.open_page(page)
    viewer.bring_forward()


def _read_guide() -> Guide:
    return read_guide(resource("help"))


async def _open_link(viewer: GuideWindow, url: str) -> None:
    """Nobody is sent anywhere unasked: the address is shown whole, then the system's browser opens it."""
    question = MessageDialog(
        viewer, tr("Open this address in your browser?"), shown(url), accept=tr("Open"), icon="globe"
    )
    if await closed(question) and not QDesktopServices.openUrl(QUrl(url)):
        await closed(NoticeDialog(viewer, tr("No browser could be opened"), shown(url), icon="warning"))


# -- the rest --


async def show_shortcuts(app: Context, window: Window) -> None:
    """Every command that has a key."""
    await closed(ShortcutsDialog(window.widget))


async def show_log_folder(app: Context, window: Window) -> None:
    """In the system's file manager."""
    folder = app.folders.logs
    try:
        await in_thread(make_private, folder, pool="disk")
    except OSError as error:
        await show_error(window.widget, error, tr("open the folder of the log"))
        return
    if not QDesktopServices.openUrl(QUrl.fromLocalFile(str(folder))):
        await closed(
            NoticeDialog(
                window.widget,
                tr("No file manager could be opened"),
                tr("The log is in this folder:"),
                hint=shown(str(folder)),
                icon="warning",
            )
        )


def tr(text: str) -> str:
    """Translate a text of this module."""
    return QCoreApplication.translate("Help", text)
