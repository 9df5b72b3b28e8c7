"""What the Demo cloud holds at first: small photos, documents and a website, drawn and written here.

`MemoryStorageDriver.load(samples(now))` fills an account in some 50 ms.
"""

from __future__ import annotations

import csv
import io
import math
import struct
import zlib
from collections.abc import Mapping
from datetime import datetime, timedelta

Samples = Mapping[str, Mapping[str, tuple[bytes, datetime]]]

WIDTH, HEIGHT = 240, 160

# name: colours of the sky above, the sky at the horizon, far hills, near hills; where the sun stands (0 to 1)
_PHOTOS: dict[str, tuple[str, float, float]] = {
    "2026/alps/sunrise-over-the-pass.png": ("3e4880 faaa78 5c5480 262842", 0.7, 0.5),
    "2026/alps/meadow-at-noon.png": ("468cdc bee1f5 6e9682 46823c", 0.3, 0.2),
    "2026/alps/last-light.png": ("282854 dc6e5a 46385c 1a182c", 0.4, 0.55),
    "2026/lisbon/river-in-the-evening.png": ("5a6eaa ffc88c 826e78 3c3c5a", 0.6, 0.6),
    "2026/lisbon/rooftops.png": ("6eaae6 e1ebf0 cd8c6e aa5a3c", 0.8, 0.25),
    "2025/baltic-sea/dunes.png": ("78aad2 e6ebe6 8caab4 d7c396", 0.2, 0.3),
    "2025/baltic-sea/storm-is-coming.png": ("3c4654 8c969c 54626c 343e42", 0.5, 0.4),
    "2025/forest/first-frost.png": ("a0bed2 ebf0f5 8296a0 506868", 0.5, 0.45),
    "favourites/wallpaper.png": ("183c64 78bebe 285a6e 0e2c3e", 0.5, 0.5),
}

_LETTER = """\
# Summer in the mountains

Dear all,

the cabin is booked from 4 to 18 July. The path from the station takes forty minutes; there is a shop
on the way. Please bring good shoes, and leave the laptops at home.

See you soon!
"""
_NOTES = """\
# Notes from the meeting

* The backup runs every night at two; the report is in `reports/`.
* Old photos go to the archive class after a year.
* Next time: who may read the website's logs?
"""
_PAGE = """\
<!doctype html>
<html lang="en">
<head><meta charset="utf-8"><title>A small site</title><link rel="stylesheet" href="css/style.css"></head>
<body><img src="img/logo.svg" alt="" width="96"><h1>Hello from the Demo cloud</h1>
<p>Change me, and upload me again.</p>
<script src="js/app.js"></script></body>
</html>
"""
_STYLE = (
    "body { font: 18px/1.5 system-ui, sans-serif; margin: 4rem auto; max-width: 36rem; color: #1d2b3a }\n"
)
_SCRIPT = """\
document.querySelector('h1').addEventListener('click', (event) => event.target.classList.toggle('on'));
"""
_LOGO = """\
<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 96 96"><circle cx="48" cy="48" r="44" fill="#2f7de1"/>
<path d="M22 58h52l-8 14H30zM46 20v34H26zM52 28l18 26H52z" fill="#fff"/></svg>
"""


def samples(now: datetime) -> Samples:
    """Containers, objects, their content and dates: from some hours before `now` to two years before."""
    photos = {name: photo(*colours) for name, colours in _PHOTOS.items()}
    documents = {
        "letters/summer-in-the-mountains.md": _LETTER.encode(),
        "letters/thank-you.txt": b"Dear Jane,\n\nthank you for the pictures. The dunes hang on our wall.\n",
        "reports/2025/visitors.csv": table(2025),
        "reports/2026/visitors.csv": table(2026),
        "reports/2026/summary.json": b'{"visitors": 48213, "countries": 31, "best_day": "2026-07-12"}\n',
        "notes.md": _NOTES.encode(),
        "shopping list.txt": b"bread\nolive oil\nlemons\ncoffee\n",
        "unfinished/": b"",
    }
    website = {
        "index.html": _PAGE.encode(),
        "css/style.css": _STYLE.encode(),
        "js/app.js": _SCRIPT.encode(),
        "img/logo.svg": _LOGO.encode(),
        "img/header.png": photo("2f7de1 c8e1f5 5a8cbe 1e4678", 0.75, 0.3),
        "robots.txt": b"User-agent: *\nAllow: /\n",
    }
    found = {"documents": documents, "holiday-photos": photos, "website": website}
    return {
        container: {
            name: (
                data,
                now - timedelta(hours=1, days=(at * 97 + len(container) * 31) % 700, minutes=at * 23),
            )
            for at, (name, data) in enumerate(objects.items())
        }
        for container, objects in found.items()
    }


def table(year: int) -> bytes:
    """A year of made-up visitors, day by day, as CSV."""
    text = io.StringIO(newline="")
    rows = csv.writer(text)
    rows.writerow(["day", "visitors", "new", "minutes"])
    for day in range(365):
        wave = 120 + 60 * math.sin(day / 58) + 25 * math.sin(day * 0.9 + year)
        date = datetime(year, 1, 1) + timedelta(days=day)
        rows.writerow([date.date().isoformat(), int(wave), int(wave / 3), f"{2 + wave / 90:.1f}"])
    return text.getvalue().encode()


def photo(colours: str, sun_across: float, sun_down: float) -> bytes:
    """A landscape as PNG, WIDTH x HEIGHT: a sky, a sun, two ranges of hills. See _PHOTOS."""
    sky, horizon, far, near = (bytes.fromhex(colour) for colour in colours.split())
    seed = sum(sky) + sum(near)
    heights = [
        (
            HEIGHT * (0.58 + 0.10 * math.sin(x / 31 + seed) + 0.04 * math.sin(x / 11 + 2 * seed)),
            HEIGHT * (0.78 + 0.07 * math.sin(x / 47 + 3 * seed) + 0.03 * math.sin(x / 17 + seed)),
        )
        for x in range(WIDTH)
    ]
    sun_x, sun_y = sun_across * WIDTH, sun_down * HEIGHT
    rows = bytearray()
    for y in range(HEIGHT):
        part = min(1.0, y / (HEIGHT * 0.62))
        air = bytes(int(above + (below - above) * part) for above, below in zip(sky, horizon, strict=True))
        light = bytes((colour + 2 * 255) // 3 for colour in air)
        half = math.sqrt(max(0.0, 14**2 - (y - sun_y) ** 2))
        rows.append(0)  # no filter
        rows += b"".join(
            near if y > ahead else far if y > behind else light if abs(x - sun_x) < half else air
            for x, (behind, ahead) in enumerate(heights)
        )
    header = struct.pack(">IIBBBBB", WIDTH, HEIGHT, 8, 2, 0, 0, 0)
    return b"\x89PNG\r\n\x1a\n" + b"".join(
        struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))
        for kind, data in ((b"IHDR", header), (b"IDAT", zlib.compress(bytes(rows), 6)), (b"IEND", b""))
    )
