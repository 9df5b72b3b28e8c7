"""What may be said on the command line. No Qt in here: `--version` answers where there is no display."""

from __future__ import annotations

import argparse
import os
import sys
from collections.abc import Sequence
from pathlib import Path

from storage_core import __version__

MARKER = "skyferry-data"  # a folder of this name beside the program makes an unpacked bundle portable


def parse(arguments: Sequence[str] | None = None) -> argparse.Namespace:
    """`tour` (None: no tour; "": the demo cloud), `screenshots`, `portable`, `theme`, `is_marked`.

    Ends the program for --help and --version (0), and for what it does not know (2, with the usage).
    """
    parser = argparse.ArgumentParser(
        "skyferry",
        description="A desktop browser for every object store.",
        allow_abbrev=False,
    )
    parser.add_argument("--version", action="version", version=f"Skyferry {__version__}")
    parser.add_argument(
        "--tour", nargs="?", const="", metavar="ACCOUNT",
        help="play the guided tour on a saved account (by its name; default: the demo cloud) and exit",
    )  # fmt: skip
    parser.add_argument("--screenshots", type=Path, metavar="DIR", help="where the tour writes its pictures")
    parser.add_argument(
        "--portable", type=_folder, metavar="DIR",
        help="keep settings, accounts, journal, log and copied files below DIR; secrets stay in the "
        "system's keyring",
    )  # fmt: skip
    parser.add_argument("--theme", choices=("light", "dark"), help="instead of what the system says")
    said = sys.argv[1:] if arguments is None else arguments
    # `dev.py run -- --theme dark` hands the -- on; there are no file names here that it could stand before.
    options = parser.parse_args([one for one in said if one != "--"])
    if options.screenshots is not None and options.tour is None:
        parser.error("--screenshots goes with --tour")
    options.is_marked = options.portable is None and marked_folder() is not None
    if options.is_marked:
        options.portable = marked_folder()
    return options


def marked_folder() -> Path | None:
    """The folder MARKER beside a frozen program, where somebody put one: as portable zips are used."""
    if not getattr(sys, "frozen", False):
        return None
    folder = Path(sys.executable).resolve().parent / MARKER
    return folder if folder.is_dir() else None


def why_unusable(folder: Path) -> str:
    """One sentence when nothing can be written below the folder, "" when it is fine. Makes the folder."""
    probe = folder / f".skyferry-{os.urandom(8).hex()}"
    try:
        folder.mkdir(parents=True, exist_ok=True, mode=0o700)
        os.close(os.open(probe, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600))
        probe.unlink()
    except OSError as error:
        return f"Skyferry cannot write to {folder}: {error.strerror or type(error).__name__}."
    return ""


def why_no_window() -> str:
    """One sentence when there is no screen that a window could open on; Qt would abort. Only Linux tells."""
    if not sys.platform.startswith("linux"):
        return ""
    if any(os.environ.get(name) for name in ("DISPLAY", "WAYLAND_DISPLAY", "QT_QPA_PLATFORM")):
        return ""
    return "Skyferry found no display: neither DISPLAY nor WAYLAND_DISPLAY is set."


def _folder(text: str) -> Path:
    if not text.strip():
        raise argparse.ArgumentTypeError("it wants the name of a folder")
    return Path(text).absolute()
