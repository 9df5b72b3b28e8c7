"""Copy and paste: the keyboard's twin of drag and drop."""

from __future__ import annotations

from PySide6.QtGui import QGuiApplication

from ..accounts import THIS_COMPUTER
from ..background import in_thread
from ..context import Context
from ..panes.dragging import Dragged, mime_data, read_mime
from ..text import count
from .chosen import chosen
from .connect import driver_for
from .copy import copy_dragged
from .upload import upload_paths
from .window import Window


async def copy(app: Context, window: Window) -> None:
    """Put the selection on the clipboard: entries for this window, and files where they are files anyway.

    Never an address: what is pasted into a letter by accident must not open anything.
    """
    dragged = chosen(window)
    if dragged is None:
        return
    paths = await local_paths(app, window, dragged)
    QGuiApplication.clipboard().setMimeData(mime_data(dragged, paths=paths))
    tr, items = window.widget.tr, len(dragged.keys)
    window.tell(tr("One item copied.") if items == 1 else tr("{n} items copied.").format(n=count(items)))


async def paste(app: Context, window: Window) -> None:
    """Bring what is on the clipboard into the shown folder: entries of any account, or files."""
    place = window.place
    found = read_mime(QGuiApplication.clipboard().mimeData())
    if found is None:
        window.tell(window.widget.tr("The clipboard holds neither files nor entries of an account."))
    elif place is None or not place.container:
        window.tell(window.widget.tr("Open a container first, then paste."))
    elif isinstance(found, Dragged):
        await copy_dragged(app, window, found, place)
    else:
        await upload_paths(app, window, found, place)


async def local_paths(app: Context, window: Window, dragged: Dragged) -> list[str]:
    """The files themselves, when the entries are files of this computer; else nothing."""
    if dragged.account != THIS_COMPUTER:
        return []
    driver = await driver_for(app, window, dragged.account)
    if driver is None:
        return []
    return await in_thread(_paths, driver, dragged, pool="disk")
