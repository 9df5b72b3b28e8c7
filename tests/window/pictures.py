"""The pictures of the README and of the user guide, from the real window: python -m tests.window.pictures

One command makes them all: the README's in light and dark (resources/screenshots), the guide's in light and
smaller (resources/help/pictures). Names behind it make only those. Run it under Xvfb, two minutes:

    xvfb-run -s "-screen 0 1400x900x24" .venv/bin/python -m tests.window.pictures

Real flows, a real engine and real drivers, on moto and Azurite; `pictures_scenes` plays what they show.
"""

from __future__ import annotations

import argparse
import io
import os
import subprocess
import sys
import tempfile
from collections.abc import Collection
from dataclasses import dataclass
from pathlib import Path

from PIL import Image
from PySide6.QtCore import QBuffer, QIODevice, QPoint, QRectF, QSize
from PySide6.QtGui import QColor, QPainter, QPixmap
from PySide6.QtWidgets import QApplication, QDialog

from gui import theme as colours
from tests.servers import azurite, moto

from . import pictures_scenes
from .scene import Scene, show

RESOURCES = Path(__file__).parents[2] / "resources"
FOLDERS = {"readme": Path("screenshots"), "guide": Path("help") / "pictures"}
README_FOLDER, GUIDE_FOLDER = (RESOURCES / folder for folder in FOLDERS.values())
README_SIZE, GUIDE_SIZE = QSize(1280, 800), QSize(1080, 680)
README_NAMES = ("browsing", "transferring", "fidelity", "account", "properties", "error")
BYTES_MAX = 120 * 1024  # of one picture
ALL_BYTES_MAX = 1536 * 1024  # of a guide's pictures together
RUNS = (("readme", "light"), ("readme", "dark"), ("guide", "light"))


@dataclass(frozen=True, slots=True)
class Album:
    """Where pictures go, and how: the README's have the window around a dialog, the guide's do not."""

    kind: str  # "readme" or "guide"
    theme: str
    root: Path  # of FOLDERS
    wanted: Collection[str] = ()  # empty: all

    @property
    def size(self) -> QSize:
        """Of the window."""
        return README_SIZE if self.kind == "readme" else GUIDE_SIZE

    def save(self, scene: Scene, name: str, dialog: QDialog | None = None) -> None:
        """The window as it is now, or a dialog; nothing where this album does not have the picture."""
        if (self.wanted and name not in self.wanted) or (self.kind == "readme" and name not in README_NAMES):
            return
        if self.kind == "readme":
            picture, file = _over(scene, dialog), f"{name}-{self.theme}.png"
        else:
            picture, file = _framed(dialog) if dialog else scene.window.grab(), f"{name}.png"
        _write(picture, self.root / FOLDERS[self.kind] / file)


def _over(scene: Scene, dialog: QDialog | None) -> QPixmap:
    """The window, with the dialog where it would stand."""
    picture = scene.window.grab()
    if dialog is not None:
        painter = QPainter(picture)
        painter.fillRect(picture.rect(), QColor(0, 0, 0, 70))
        room = scene.window.size() - dialog.size()
        painter.drawPixmap(QPoint(room.width() // 2, room.height() // 2), dialog.grab())
        painter.end()
    return picture


def _framed(dialog: QDialog) -> QPixmap:
    """The dialog alone, with the line around it that a window manager would draw."""
    picture = dialog.grab()
    painter = QPainter(picture)
    painter.setPen(colours.color("field"))
    painter.drawRect(QRectF(0.5, 0.5, picture.width() - 1, picture.height() - 1))
    painter.end()
    return picture


def _write(picture: QPixmap, path: Path) -> None:
    """With a palette of 256 colours: it shows a window as it is, in a third of the bytes."""
    whole = QBuffer()
    whole.open(QIODevice.OpenModeFlag.WriteOnly)
    picture.save(whole, "PNG")
    path.parent.mkdir(parents=True, exist_ok=True)
    image = Image.open(io.BytesIO(bytes(whole.data().data()))).convert("RGB")
    image.quantize(256, dither=Image.Dither.NONE).save(path, optimize=True)
    size = path.stat().st_size
    if size > BYTES_MAX:
        raise ValueError(f"{path} has {size} bytes, more than {BYTES_MAX}")
    print(f"{path.name}  {picture.width()}x{picture.height()}  {size} bytes", flush=True)


def _take(album: Album) -> None:
    application = QApplication(sys.argv[:1])
    application.setApplicationName("Skyferry")
    with (
        tempfile.TemporaryDirectory() as folder,
        moto.running() as s3,
        azurite.running() as azure,
        azurite.running(oauth=True) as private,
    ):
        os.environ["HOME"] = str(Path(folder) / "home")  # paths in the pictures begin with ~
        show(
            lambda scene: pictures_scenes.play(scene, album.save, s3, azure, private),
            Path(folder),
            theme=album.theme,
            size=album.size,
            first=True,
        )


def main() -> int:
    """All albums, each in a process of its own, or the one that is asked for."""
    parser = argparse.ArgumentParser("python -m tests.window.pictures", description=__doc__)
    parser.add_argument("names", nargs="*", metavar="NAME", help="only these pictures")
    parser.add_argument("--album", nargs=2, metavar=("KIND", "THEME"), help="readme or guide, light or dark")
    parser.add_argument("--to", type=Path, metavar="DIR", default=RESOURCES, help="instead of resources/")
    options = parser.parse_args()
    if options.album:
        _take(Album(*options.album, options.to, options.names))
        return 0
    for run in RUNS:
        command = [sys.executable, "-m", "tests.window.pictures", *options.names, "--to", str(options.to)]
        if code := subprocess.run([*command, "--album", *run], check=False).returncode:
            return code
    return 0


if __name__ == "__main__":
    sys.exit(main())
