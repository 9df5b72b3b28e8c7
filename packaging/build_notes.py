"""Says in the bundle what it was made of, and how old a system may be: `_internal/resources/BUILD.txt`."""

from __future__ import annotations

import platform
import ssl
import sys
from importlib.metadata import version
from pathlib import Path

from needs import needs_of

CONTENTS = "_internal"


def write(folder: Path, of: str) -> None:
    """`folder`: what PyInstaller has collected; `of`: the version of Skyferry."""
    text = "\n".join(f"{name}: {what}" for name, what in lines(folder, of)) + "\n"
    (folder / CONTENTS / "resources" / "BUILD.txt").write_text(text, "utf-8")
    print(text, end="")


def lines(folder: Path, of: str) -> list[tuple[str, str]]:
    made = [
        ("Skyferry", of),
        ("Python", platform.python_version()),
        ("PySide6 and Qt", version("PySide6_Essentials")),
        ("OpenSSL it was built with", ssl.OPENSSL_VERSION),
        ("PyInstaller", version("pyinstaller")),
        ("Built on", f"{_system()}, {platform.machine()}"),
    ]
    if sys.platform.startswith("linux"):
        # The newest version of a glibc symbol that any file in the folder links to: older systems lack it.
        made += [("Runs on", f"Linux {platform.machine()} with glibc {needs_of(folder).glibc_text} or newer")]
    return made


def _system() -> str:
    if sys.platform.startswith("linux"):
        return platform.freedesktop_os_release().get("PRETTY_NAME", "Linux")
    return f"{platform.system()} {platform.release()}"
