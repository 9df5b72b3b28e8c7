"""Icons: our own line drawings in resources/icons, tinted from the palette, sharp on each screen."""

from __future__ import annotations

from functools import cache
from pathlib import Path

from PySide6.QtCore import QByteArray, QEvent, QObject, QRectF, Qt
from PySide6.QtGui import QAction, QColor, QGuiApplication, QIcon, QPainter, QPalette, QPixmap
from PySide6.QtSvg import QSvgRenderer
from PySide6.QtWidgets import QAbstractButton, QLabel, QWidget

HERE = Path(__file__).resolve().parent
SIZES = (16, 18, 20, 24, 27, 30, 32, 36, 40)  # pixels: 16, 18 and 20 at scales 1 to 2
UNKNOWN = "cloud"
_NAME = "icon name"  # the property by which `refresh` finds who shows what
_COLOR = "icon color"

_BY_ENDING = {
    "image": "png jpg jpeg gif webp avif heic heif tif tiff bmp svg ico raw dng cr2 nef arw psd",
    "video": "mp4 mkv mov avi webm m4v mpg mpeg wmv",
    "audio": "mp3 flac wav ogg opus m4a aac aiff",
    "document": "pdf txt md rtf doc docx odt pages epub log tex",
    "table": "csv tsv xls xlsx ods parquet orc avro sqlite db feather arrow",
    "archive": "zip tar gz tgz bz2 xz zst 7z rar br jar deb rpm iso dmg",
    "code": "py js mjs ts tsx jsx html htm css json yaml yml toml xml sh c h cpp rs go java kt rb php sql",
}
_KINDS = {ending: kind for kind, endings in _BY_ENDING.items() for ending in endings.split()}


def resource(*parts: str) -> Path:
    """A file of `resources`: beside the package in a checkout or a frozen program, inside it in a wheel.

    FileNotFoundError when it is in neither place.
    """
    for root in (HERE / "resources", HERE.parent / "resources"):
        path = root.joinpath(*parts)
        if path.exists():
            return path
    raise FileNotFoundError(f"the resource {'/'.join(parts)} is missing from {HERE}")


def for_object(name: str) -> str:
    """The icon's name for an object, by its ending."""
    return _KINDS.get(name.rpartition(".")[2].lower(), "file") if "." in name else "file"


def exists(name: str) -> bool:
    """Whether there is a drawing of that name."""
    return _drawing(name) is not None


def icon(name: str, color: QColor | None = None) -> QIcon:
    """In the palette's text colour unless another is given. UNKNOWN where there is no such drawing."""
    palette = QGuiApplication.palette()
    normal = color or palette.color(QPalette.ColorRole.WindowText)
    off = palette.color(QPalette.ColorGroup.Disabled, QPalette.ColorRole.WindowText)
    chosen = color or palette.color(QPalette.ColorRole.HighlightedText)
    return _icon(name, normal.rgba(), off.rgba(), chosen.rgba())


def pixmap(name: str, size: int, color: QColor | None = None, ratio: float = 1.0) -> QPixmap:
    """One drawing, `size` device-independent pixels wide, for painting by hand: with all of its pixels."""
    ink = color or QGuiApplication.palette().color(QPalette.ColorRole.WindowText)
    return _pixmap(name, round(size * ratio), ratio, ink.rgba())


def app_icon() -> QIcon:
    """The program's own, in full colour."""
    return QIcon(str(resource("icons", "skyferry.svg")))


def keep(owner: QAction | QAbstractButton, name: str, color: QColor | None = None) -> None:
    """Give an action or a button an icon, and remember which, so that `refresh` can tint it anew."""
    owner.setProperty(_NAME, name)
    owner.setProperty(_COLOR, color)
    owner.setIcon(icon(name, color))


def keep_picture(label: QLabel, name: str, size: int) -> None:
    """Show a drawing on a label, in the colour of placeholder text, for empty states and dialogs."""
    if label.property(_NAME) is None:
        label.installEventFilter(_Redrawn(label))
    label.setProperty(_NAME, name)
    label.setProperty("icon size", size)
    muted = QGuiApplication.palette().color(QPalette.ColorRole.PlaceholderText)
    label.setPixmap(pixmap(name, size, muted, label.devicePixelRatioF()))


class _Redrawn(QObject):
    """Draws a label's picture anew when its window comes to a screen of another density."""

    def eventFilter(self, watched: QObject, event: QEvent) -> bool:
        if event.type() == QEvent.Type.DevicePixelRatioChange and isinstance(watched, QLabel):
            keep_picture(watched, watched.property(_NAME), watched.property("icon size"))
        return False


def refresh(root: QWidget) -> None:
    """Tint all that `keep` and `keep_picture` remember below `root`, after the palette has changed."""
    for child in root.findChildren(QObject):
        name = child.property(_NAME)
        if not name:
            continue
        if isinstance(child, QAction | QAbstractButton):
            child.setIcon(icon(name, child.property(_COLOR)))
        elif isinstance(child, QLabel):
            keep_picture(child, name, child.property("icon size"))


# -- helpers --


@cache
def _icon(name: str, normal: int, off: int, chosen: int) -> QIcon:
    made, renderer = QIcon(), _renderer(name)
    modes = {QIcon.Mode.Normal: normal, QIcon.Mode.Disabled: off, QIcon.Mode.Selected: chosen}
    for size in SIZES:
        shape = _drawn(renderer, size)
        for mode, rgba in modes.items():
            made.addPixmap(_tinted(shape, rgba), mode)
    return made


@cache
def _pixmap(name: str, pixels: int, ratio: float, rgba: int) -> QPixmap:
    picture = _tinted(_drawn(_renderer(name), pixels), rgba)
    picture.setDevicePixelRatio(ratio)
    return picture


def _renderer(name: str) -> QSvgRenderer:
    drawing = _drawing(name) or _drawing(UNKNOWN) or ""
    return QSvgRenderer(QByteArray(drawing.replace("currentColor", "black").encode()))


def _drawn(renderer: QSvgRenderer, size: int) -> QPixmap:
    picture = QPixmap(size, size)
    picture.fill(Qt.GlobalColor.transparent)
    painter = QPainter(picture)
    renderer.render(painter, QRectF(0, 0, size, size))
    painter.end()
    return picture


def _tinted(shape: QPixmap, rgba: int) -> QPixmap:
    """In one colour: to draw the lines once and to tint them is a third of the work."""
    picture = shape.copy()
    painter = QPainter(picture)
    painter.setCompositionMode(QPainter.CompositionMode.CompositionMode_SourceIn)
    painter.fillRect(picture.rect(), QColor.fromRgba(rgba))
    painter.end()
    return picture


@cache
def _drawing(name: str) -> str | None:
    """The SVG text; None when nobody drew it."""
    if not name.replace("-", "").isalnum():
        return None
    try:
        return resource("icons", f"{name}.svg").read_text(encoding="utf-8")
    except FileNotFoundError:
        return None
