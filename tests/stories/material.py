"""Real files for a story: 200 of them, odd names too, and what must be reported instead of followed."""

from __future__ import annotations

import hashlib
import os
import random
from pathlib import Path

KIB = 1024
ODD_NAMES = (
    "spaces in a name.txt",
    "plus+percent%20hash#question?.txt",
    "ampersand & semicolon;.html",
    "ünïcödé – naïve.md",
    "日本語のファイル.txt",
    "emoji 🚢.json",
    "quote\"s and 'apostrophes'.css",
    "back\\slash.txt",
    "-leading-dash.txt",
    ".hidden",
    "two.dots..txt",
    "~tilde~.bak",
    "<b>bold</b>.txt",
    "new\nline.txt",
    "right-to-left \u202etxt.exe",
    "trailing dot.",
    "x" * 200 + ".bin",
)
FILES = 200


def make_folder(root: Path) -> dict[str, bytes]:
    """Fill `root` and give back MD5 digests by relative path: 200 files from 1 byte to 64 MiB in a few
    folders.

    Beside them an empty folder, a FIFO and a symlink loop, which are nobody's content.
    """
    chance = random.Random(7)
    sizes = [1, 2, 100, 64 * KIB * KIB, 20 * KIB * KIB, 17 * KIB * KIB, 5 * KIB * KIB]
    sizes += [chance.choice((10, 500, 4 * KIB, 30 * KIB, 300 * KIB)) for _ in range(FILES - len(sizes))]
    names = [f"odd/{name}" for name in ODD_NAMES]
    endings = (".jpg", ".png", ".csv", ".txt", ".html", ".pdf", ".json", ".mp4", "")
    folders = ("", "photos/", "photos/2026/", "documents/", "documents/deep/er/and/deeper/")
    number = 0
    while len(names) < FILES:
        names.append(f"{folders[number % len(folders)]}file-{number:03d}{endings[number % len(endings)]}")
        number += 1
    digests = {}
    for name, size in zip(names, reversed(sizes), strict=True):
        path = root / name
        path.parent.mkdir(parents=True, exist_ok=True)
        content = chance.randbytes(size)
        path.write_bytes(content)
        digests[name] = hashlib.md5(content, usedforsecurity=False).digest()
    (root / "empty folder").mkdir()
    os.mkfifo(root / "a pipe")
    (root / "loop").symlink_to(root, target_is_directory=True)
    return digests


def md5_of(path: Path) -> bytes:
    """MD5 digest of a file, read in pieces."""
    digest = hashlib.md5(usedforsecurity=False)
    with open(path, "rb") as file:
        while piece := file.read(1 << 20):
            digest.update(piece)
    return digest.digest()
