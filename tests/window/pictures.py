"""The README's pictures, from the real window at work: python -m tests.window.pictures FOLDER [light|dark]

Run it under Xvfb: `xvfb-run -s "-screen 0 1400x900x24" ...`. Real flows, a real engine and real drivers; the
error is a real connection that nobody answers.
"""

from __future__ import annotations

import os
import sys
import tempfile
from pathlib import Path

from PySide6.QtCore import QPoint, QSize
from PySide6.QtGui import QColor, QPainter
from PySide6.QtWidgets import QApplication, QDialog

from gui import background
from gui.accounts import DEMO_CLOUD, Place
from gui.background import pause, until
from gui.dialogs.account import AccountDialog
from gui.flows import connect, metadata, upload
from storage_core.drivers.local import LocalStorageDriver
from storage_core.providers import open_driver

from .scene import PATIENCE, Scene, show

SETTLE = 0.5  # seconds for fades and late layouts
MIB = 1024 * 1024
SIZE = QSize(1280, 800)


def save(scene: Scene, path: Path, dialog: QDialog | None = None) -> None:
    """The window as it is now, and the dialog over it where it would stand."""
    picture = scene.window.grab()
    if dialog is not None:
        painter = QPainter(picture)
        painter.fillRect(picture.rect(), QColor(0, 0, 0, 70))
        room = scene.window.size() - dialog.size()
        painter.drawPixmap(QPoint(room.width() // 2, room.height() // 2), dialog.grab())
        painter.end()
    if not picture.save(str(path)):
        raise OSError(f"{path} could not be written")


async def dialog_of(scene: Scene, name: str) -> QDialog:
    """The dialog that a flow has just opened."""

    def found() -> QDialog | None:
        for widget in QApplication.topLevelWidgets():
            if isinstance(widget, QDialog) and widget.isVisible() and type(widget).__name__ == name:
                return widget
        return None

    await until(lambda: found() is not None, PATIENCE, name)
    await pause(SETTLE)
    dialog = found()
    if dialog is None:
        raise LookupError(f"{name} went away")
    return dialog


async def take_all(scene: Scene, folder: Path, theme: str) -> None:
    """Empty, browsing, properties, account, conflict, transferring, error."""
    await scene.open(DEMO_CLOUD)
    demo = scene.app.drivers.get(DEMO_CLOUD)
    if demo is None:
        raise LookupError("the demo cloud is not open")
    demo.create_container("new-project")
    scene.window.refresh(Place(DEMO_CLOUD))
    await scene.open(DEMO_CLOUD, "new-project")
    await pause(SETTLE)
    save(scene, folder / f"empty-{theme}.png")

    photo = "2026/alps/last-light.png"
    noted = demo.get_object("holiday-photos", photo)
    demo.ex_set_object_metadata(noted, {"place": "Engadin", "camera": "X100"})
    place = await scene.open(DEMO_CLOUD, "holiday-photos", "2026/alps/")
    scene.window.objects.select([photo])
    scene.window.objects.focus_list()
    await pause(3 * SETTLE)  # the inspector asks for the metadata a moment later
    save(scene, folder / f"browsing-{theme}.png")

    background.start(metadata.show_properties(scene.app, scene.window), scene.window)
    dialog = await dialog_of(scene, "PropertiesDialog")
    save(scene, folder / f"properties-{theme}.png", dialog)
    dialog.reject()

    background.start(connect.add_account(scene.app, scene.window), scene.window)
    form = await dialog_of(scene, "AccountDialog")
    if not isinstance(form, AccountDialog) or form.providers is None:
        raise LookupError("no list of services")
    form.providers.select("azure_blobs")
    await pause(SETTLE)
    save(scene, folder / f"account-{theme}.png", form)
    form.reject()

    await _conflict(scene, folder, theme, place, photo)
    await _transferring(scene, folder, theme, place)

    lost = open_driver(
        "s3_compatible", {"key": "k", "secret": "s", "endpoint": "http://127.0.0.1:9"}, attempts=1
    )
    scene.add("office store", lost)
    scene.window.open_place(Place("office store", "backups"))
    await until(lambda: not scene.window.objects.is_loading, PATIENCE, "the error")
    await pause(SETTLE)
    save(scene, folder / f"error-{theme}.png")


async def _conflict(scene: Scene, folder: Path, theme: str, place: Place, key: str) -> None:
    same = scene.home / key.rsplit("/", 1)[-1]
    same.write_bytes(os.urandom(2 * MIB))
    await upload.upload_paths(scene.app, scene.window, [str(same)], place)
    dialog = await dialog_of(scene, "ConflictDialog")
    save(scene, folder / f"conflict-{theme}.png", dialog)
    dialog.reject()


async def _transferring(scene: Scene, folder: Path, theme: str, place: Place) -> None:
    (scene.home / "archive").mkdir()
    scene.add("archive", LocalStorageDriver(str(scene.home / "archive")))
    done = scene.home / "letters"
    done.mkdir()
    for number in range(12):
        (done / f"letter-{number:02d}.txt").write_bytes(b"Dear reader,\n" * 900)
    await upload.upload_paths(scene.app, scene.window, [str(done)], Place(DEMO_CLOUD, "documents"))
    await until(
        lambda: any(row.title == "letters" and row.state.is_end for row in scene.app.engine.changes(0).rows),
        PATIENCE,
        "the letters",
    )
    films = scene.home / "films"
    films.mkdir()
    for number in range(4):
        (films / f"harbour-{number}.mov").write_bytes(os.urandom(24 * MIB))
    scene.app.engine.bytes_per_second_max = 9 * MIB
    await upload.upload_paths(scene.app, scene.window, [str(films)], place)
    single = scene.home / "panorama.tif"
    single.write_bytes(os.urandom(30 * MIB))
    await upload.upload_paths(scene.app, scene.window, [str(single)], place)
    await pause(4)
    save(scene, folder / f"transferring-{theme}.png")
    scene.app.engine.bytes_per_second_max = 0


def main() -> None:
    """Take them all in one theme."""
    folder = Path(sys.argv[1])
    theme = sys.argv[2] if len(sys.argv) > 2 else "light"
    folder.mkdir(parents=True, exist_ok=True)
    application = QApplication(sys.argv[:1])
    application.setApplicationName("Skyferry")
    with tempfile.TemporaryDirectory() as profile:
        show(lambda scene: take_all(scene, folder, theme), Path(profile), theme=theme, size=SIZE, first=True)


if __name__ == "__main__":
    main()
