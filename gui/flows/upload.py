"""Files and folders of this computer go into a container or a folder."""

from __future__ import annotations

import os

from PySide6.QtCore import QStandardPaths
from PySide6.QtWidgets import QFileDialog

from storage_core.transfers import Ref, UploadSpec

from ..accounts import Place
from ..background import closed, in_thread
from ..context import Context
from ..text import shown
from .chosen import hand_over, place_text
from .window import Window


async def choose_files(app: Context, window: Window) -> None:
    """Upload files that a file dialog names into the shown folder."""
    await _choose(app, window, window.widget.tr("Upload files"), QFileDialog.FileMode.ExistingFiles)


async def choose_folder(app: Context, window: Window) -> None:
    """Upload a folder that a file dialog names, with its own name, into the shown folder."""
    await _choose(app, window, window.widget.tr("Upload a folder"), QFileDialog.FileMode.Directory)


async def upload_paths(app: Context, window: Window, paths: list[str], place: Place) -> None:
    """Upload what was dropped, pasted or chosen. `paths` are absolute; folders go in with their names."""
    tr = window.widget.tr
    if not paths:
        return
    if not place.container:
        window.tell(tr("Open a container first: files cannot lie beside containers."))
        return
    spec = UploadSpec(tuple(paths), Ref(place.account, place.container, place.prefix))
    where = place_text(app, place)
    if len(paths) == 1:
        said = tr("Uploading “{name}” to {place}.").format(
            name=shown(os.path.basename(paths[0])), place=where
        )
    else:
        said = tr("Uploading {count} items to {place}.").format(count=len(paths), place=where)
    await hand_over(app, window, spec, tr("upload to {place}").format(place=where), said)


async def _choose(app: Context, window: Window, title: str, mode: QFileDialog.FileMode) -> None:
    place = window.place
    if place is None:
        return
    dialog = QFileDialog(window.widget, title, app.settings.upload_folder or home())
    dialog.setFileMode(mode)
    dialog.setLabelText(QFileDialog.DialogLabel.Accept, window.widget.tr("Upload"))
    if not await closed(dialog):
        return
    paths = dialog.selectedFiles()
    app.settings.upload_folder = dialog.directory().absolutePath()
    await in_thread(app.settings.save, pool="files")
    await upload_paths(app, window, paths, place)


def home() -> str:
    """Where people keep their files."""
    return QStandardPaths.writableLocation(QStandardPaths.StandardLocation.HomeLocation)
