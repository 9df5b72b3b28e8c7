"""The program's icons in every size and format that desktops ask for: python packaging/icons.py OUT

OUT/hicolor (the freedesktop theme's folders), OUT/skyferry.ico (Windows) and OUT/skyferry.icns (macOS).
Up to 32 pixels there are drawings of their own in packaging/icons, whose edges lie between pixels.
"""

from __future__ import annotations

import argparse
import os
import re
import shutil
import sys
from io import BytesIO
from pathlib import Path

from PIL import Image
from PySide6.QtCore import QBuffer, QByteArray, QIODevice, QRectF
from PySide6.QtGui import QGuiApplication, QImage, QPainter
from PySide6.QtSvg import QSvgRenderer

ROOT = Path(__file__).resolve().parents[1]
SCALABLE = ROOT / "resources" / "icons" / "skyferry.svg"
SYMBOLIC = ROOT / "resources" / "icons" / "skyferry-symbolic.svg"
SMALL = ROOT / "packaging" / "icons"

HICOLOR_SIZES = (16, 22, 24, 32, 48, 64, 128, 256, 512)
ICO_SIZES = (16, 20, 24, 32, 40, 48, 64, 128, 256)
# Apple's type of each entry, and its pixels; the second of a pair is for screens of double density.
ICNS_ENTRIES = (
    ("icp4", 16),
    ("ic11", 32),
    ("icp5", 32),
    ("ic12", 64),
    ("ic07", 128),
    ("ic13", 256),
    ("ic08", 256),
    ("ic14", 512),
    ("ic09", 512),
    ("ic10", 1024),
)
# The drawing for a size, and the part of it that is shown: the tile's edges then lie between pixels.
TILE = 232  # units of the large drawing; it begins at 12
DRAWINGS = {
    16: ("16.svg", "0 0 16 16"),
    20: ("24.svg", "1 1 22 22"),
    22: ("24.svg", "1 1 22 22"),
    24: ("24.svg", "0 0 24 24"),
    32: ("32.svg", "0 0 32 32"),
    40: ("32.svg", "1 1 30 30"),
}


def drawing(size: int) -> bytes:
    """The SVG that is drawn at `size` pixels."""
    if size in DRAWINGS:
        name, part = DRAWINGS[size]
        text = (SMALL / name).read_text(encoding="utf-8")
    else:
        margin = round(size * 12 / 256)
        unit = TILE / (size - 2 * margin)
        begin, width = 12 - margin * unit, size * unit
        part = f"{begin:.4f} {begin:.4f} {width:.4f} {width:.4f}"
        text = SCALABLE.read_text(encoding="utf-8")
    return re.sub(r'viewBox="[^"]*"', f'viewBox="{part}"', text, count=1).encode()


def rendered(size: int) -> Image.Image:
    picture = QImage(size, size, QImage.Format.Format_ARGB32_Premultiplied)
    picture.fill(0)
    renderer = QSvgRenderer(QByteArray(drawing(size)))
    if not renderer.isValid():
        raise SystemExit(f"the drawing for {size} pixels is no SVG that Qt can read")
    painter = QPainter(picture)
    renderer.render(painter, QRectF(0, 0, size, size))
    painter.end()
    buffer = QBuffer()
    buffer.open(QIODevice.OpenModeFlag.WriteOnly)
    picture.save(buffer, "PNG")  # type: ignore[call-overload]  # PySide6's stub wants bytes, Qt wants text
    return Image.open(BytesIO(bytes(buffer.data().data()))).convert("RGBA")


def png(size: int) -> bytes:
    """No date and no name of a program in it: the same bytes each time."""
    buffer = BytesIO()
    rendered(size).save(buffer, "PNG", optimize=True)
    return buffer.getvalue()


def write_hicolor(folder: Path) -> None:
    for size in HICOLOR_SIZES:
        path = folder / f"{size}x{size}" / "apps" / "skyferry.png"
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(png(size))
    for source, name in ((SCALABLE, "scalable"), (SYMBOLIC, "symbolic")):
        path = folder / name / "apps" / source.name
        path.parent.mkdir(parents=True, exist_ok=True)
        shutil.copyfile(source, path)


def write_ico(path: Path) -> None:
    pictures = [rendered(size) for size in ICO_SIZES]
    sizes = [(size, size) for size in ICO_SIZES]
    pictures[-1].save(path, "ICO", sizes=sizes, append_images=pictures[:-1])


def write_icns(path: Path) -> None:
    """By hand, because Pillow scales the small ones from a large one. An entry: type, length, PNG."""
    entries = [(kind.encode(), png(size)) for kind, size in ICNS_ENTRIES]
    body = b"".join(kind + (len(data) + 8).to_bytes(4, "big") + data for kind, data in entries)
    path.write_bytes(b"icns" + (len(body) + 8).to_bytes(4, "big") + body)


def write_all(out: Path) -> None:
    os.environ.setdefault("QT_QPA_PLATFORM", "offscreen")
    application = QGuiApplication.instance() or QGuiApplication(sys.argv[:1])
    out.mkdir(parents=True, exist_ok=True)
    write_hicolor(out / "hicolor")
    write_ico(out / "skyferry.ico")
    write_icns(out / "skyferry.icns")
    del application


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else None)
    parser.add_argument("out", type=Path, metavar="OUT")
    write_all(parser.parse_args().out)
    return 0


if __name__ == "__main__":
    sys.exit(main())
