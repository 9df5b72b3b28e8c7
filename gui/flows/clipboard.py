"""Copy and paste: the keyboard's twin of drag and drop."""

from __future__ import annotations

from PySide6.QtGui import QGuiApplication

from ..background import start
from ..context import Context
from ..panes.dragging import Dragged, entries_in, files_of, mime_data, read_mime
from ..text import count
from . import paste_out
from .chosen import chosen
from .copy import copy_dragged
from .upload import upload_paths
from .window import Window


async def copy(app: Context, window: Window) -> None:
    """Put the selection on the clipboard: entries for this window, and files for other programs.

    Never a web address: what is pasted into a letter by accident must not open anything.
    """
    _copy(app, window, asked=False)


async def copy_for_others(app: Context, window: Window) -> None:
    """The same, and however much it is, it is fetched for other programs."""
    _copy(app, window, asked=True)


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


def _copy(app: Context, window: Window, *, asked: bool) -> None:
    dragged = chosen(window)
    if dragged is None:
        return
    account = app.accounts.get(dragged.account)
    mime = mime_data(dragged, paths=files_of(account, dragged))
    entries = entries_in(mime)
    QGuiApplication.clipboard().setMimeData(mime)
    tr, items = window.widget.tr, len(dragged.keys)
    said = tr("One item copied.") if items == 1 else tr("{n} items copied.").format(n=count(items))
    window.tell(said)
    paste_out.look_at_clipboard(app, window)  # an earlier copy is over
    if account.provider != "local":
        copied = app.copied.begin(entries)
        what = paste_out.Selection.of(dragged, window.selected())
        start(paste_out.fetch(app, window, what, copied, said, asked=asked), window.widget)
