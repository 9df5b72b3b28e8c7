"""What the macOS bundle is. Loaded by packaging/pyinstaller.spec; *not run* on macOS yet.

PyInstaller signs what it collects ad hoc, as arm64 wants it; build.py beside this file signs all of it again,
with the hardened runtime and, where there is one, a certificate.
"""

from __future__ import annotations

import plistlib
import subprocess
import sys
from pathlib import Path
from typing import Any

HERE = Path(__file__).resolve().parent
APP = "Skyferry.app"


def bundle(version: str, work: Path) -> dict[str, Any]:
    """Keyword arguments for BUNDLE; draws the icon below `work`."""
    icons = work / "icons"
    subprocess.run([sys.executable, str(HERE.parent / "icons.py"), str(icons)], check=True)
    info = info_plist(version)
    return {
        "name": APP,
        "icon": str(icons / "skyferry.icns"),
        "version": version,
        "bundle_identifier": info["CFBundleIdentifier"],
        "info_plist": info,
    }


def info_plist(version: str) -> dict[str, Any]:
    with (HERE / "Info.plist").open("rb") as file:
        info = plistlib.load(file)
    return {**info, "CFBundleShortVersionString": version, "CFBundleVersion": version}
