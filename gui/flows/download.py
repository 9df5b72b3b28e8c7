"""Entries of an account come into a folder of this computer."""

from __future__ import annotations

import os

from PySide6.QtCore import QStandardPaths
from PySide6.QtWidgets import QFileDialog

from storage_core.names import below
from storage_core.transfers import DownloadSpec, Ref

from ..background import closed, in_thread
from ..context import Context
from ..panes.dragging import Dragged
from ..text import shown
from .chosen import chosen, containers_in, hand_over, refs
from .window import Window


async def download_selected(app: Context, window: Window) -> None:
    """Ask for a folder and download the selection into it."""
    dragged = chosen(window)
    if dragged is None:
        return
    start = app.settings.download_folder or _downloads()
    dialog = QFileDialog(window.widget, window.widget.tr("Download to"), start)
    dialog.setFileMode(QFileDialog.FileMode.Directory)
    dialog.setOption(QFileDialog.Option.ShowDirsOnly)
    dialog.setLabelText(QFileDialog.DialogLabel.Accept, window.widget.tr("Download"))
    if not await closed(dialog) or not dialog.selectedFiles():
        return
    folder = dialog.selectedFiles()[0]
    app.settings.download_folder = folder
    await in_thread(app.settings.save, pool="files")
    await download_to(app, window, dragged, folder)


async def download_to(app: Context, window: Window, dragged: Dragged, folder: str) -> None:
    """Download entries into a folder, folders with their own names. A drop on the desktop ends here too."""
    tr = window.widget.tr
    name = shown(os.path.basename(folder) or folder)
    if len(dragged.keys) == 1:
        key = dragged.keys[0].rstrip("/").rsplit("/", 1)[-1] or dragged.container
        said = tr("Downloading “{name}” to {folder}.").format(name=shown(key), folder=name)
    else:
        said = tr("Downloading {count} items to {folder}.").format(count=len(dragged.keys), folder=name)
    doing = tr("download to {folder}").format(folder=name)
    for spec in downloads_of(dragged, folder):
        await hand_over(app, window, spec, doing, said)


def downloads_of(dragged: Dragged, folder: str) -> list[DownloadSpec]:
    """What brings the entries into a folder. A whole container keeps its name: as a folder."""
    whole = containers_in(dragged)
    if not whole:
        return [DownloadSpec(refs(dragged), folder, dragged.prefix)]
    return [DownloadSpec((Ref(dragged.account, name, ""),), below(folder, name)) for name in whole]


def _downloads() -> str:
    return QStandardPaths.writableLocation(QStandardPaths.StandardLocation.DownloadLocation)
