"""Copy and paste: the keyboard's twin of drag and drop."""

from __future__ import annotations

from PySide6.QtGui import QGuiApplication

from ..context import Context
from ..panes.dragging import Dragged, files_of, mime_data, read_mime
from ..text import count
from .chosen import chosen
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
    paths = files_of(app.accounts.get(dragged.account), dragged)
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
        await copy_dragged(app, window, found, place, twice=True)
    else:
        await upload_paths(app, window, found, place)
