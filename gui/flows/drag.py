"""The selection is dragged out of the list: into another place of this window, or into a file manager."""

from __future__ import annotations

from functools import partial

from PySide6.QtGui import QPixmap

from ..background import start
from ..context import Context
from ..panes.dragging import Dragged, files_of, start_drag
from .chosen import chosen
from .download import download_to
from .window import Window


def drag_selected(app: Context, window: Window, picture: QPixmap | None = None) -> None:
    """Called while the mouse button is down; returns when it is up. What is dropped outside is a download."""
    dragged = chosen(window)
    if dragged is None:
        return
    paths = files_of(app.accounts.get(dragged.account), dragged)
    start_drag(window.objects, dragged, paths=paths, save=partial(_save, app, window), picture=picture)


def _save(app: Context, window: Window, dragged: Dragged, folder: str) -> None:
    start(download_to(app, window, dragged, folder), window.widget)
