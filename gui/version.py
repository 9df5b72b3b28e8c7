"""Which Skyferry this is, and on what it runs: the head of every report."""

from __future__ import annotations

import platform
import sys

import PySide6
from PySide6.QtCore import qVersion

from storage_core import __version__


def program() -> tuple[str, ...]:
    """Two lines for the head of any report. No I/O."""
    return (
        f"Skyferry {__version__} ({form()}), Python {platform.python_version()}, "
        f"PySide6 {PySide6.__version__}, Qt {qVersion()}",
        f"{platform.system()} {platform.release()} {platform.machine()}",  # platform() starts a program
    )


def form() -> str:
    """How it runs."""
    if getattr(sys, "frozen", False):
        return "package"
    return "source" if __name__.partition(".")[0] == "gui" else "installed"  # a wheel calls it skyferry
