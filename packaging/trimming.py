"""What of all that PyInstaller finds goes into the bundle. Loaded by packaging/pyinstaller.spec.

A list of PyInstaller ("TOC") holds (place in the bundle, source file, kind).
"""

from __future__ import annotations

import re
import sys
import sysconfig
from collections.abc import Callable, Iterable
from pathlib import Path, PurePosixPath

Item = tuple[str, str, str]
# PyInstaller lays links to Qt's libraries beside Python's. Nothing needs them, as what the wheels bring finds
# its own by RPATH; and they would lead programs that Skyferry starts to our Qt.
LINUX = sys.platform.startswith("linux")

# Modules of the standard library that nothing here calls at run time; three of them would bring libraries
# along whose names differ between distributions (bz2, readline) or that nothing else needs (lzma, uuid: the
# standard library does without). `multiprocessing` costs each start 10 ms in a hook of PyInstaller.
UNUSED_MODULES = (
    "bz2", "distutils", "doctest", "ensurepip", "idlelib", "lib2to3", "lzma", "multiprocessing", "pdb",
    "pydoc", "pydoc_data", "readline", "tkinter", "turtle", "unittest", "venv", "_bz2", "_lzma", "_uuid",
)  # fmt: skip
# What stands in a developer's environment and is imported by something "if it is there".
FOREIGN_MODULES = (
    "boto3", "chardet", "hypothesis", "IPython", "moto", "numpy", "PIL", "pip", "pytest", "pytestqt",
    "setuptools", "simplejson", "sphinx",
)  # fmt: skip

# botocore is used for its credential chain alone: of 28 MB of service descriptions that needs these.
BOTOCORE_DATA = ("sso", "sso-oidc", "sts", "signin")

# Of Qt's plugins, by folder, those that a window of ours can come to use; None: all of a folder.
# Not the GTK theme (it draws in 60 MB of GTK for a file dialog; the portal's shows the desktop's own), nor
# screens without a desktop (eglfs, linuxfb, vnc), touch devices read from /dev, TLS (Python's does it),
# OpenGL and pictures (icons are SVG, PNG is built in).
PLUGINS: dict[str, tuple[str, ...] | None] = {
    "platforms": ("qxcb", "qwayland", "qoffscreen", "qminimal", "qwindows", "qcocoa"),
    "platforminputcontexts": ("composeplatforminputcontextplugin", "ibusplatforminputcontextplugin"),
    "platformthemes": ("qxdgdesktopportal",),
    "wayland-decoration-client": None,
    "wayland-shell-integration": ("xdg-shell",),
    "iconengines": ("qsvgicon",),
    "imageformats": ("qsvg",),
    "styles": None,
}

# On Linux the bundle holds Python, what the wheels bring, and these. All other libraries are the system's:
#   - libX11, libxcb, libwayland, libxkbcommon, libGL, libEGL: speak with this machine's display and drivers
#   - libstdc++, libgcc_s: OpenGL drivers are loaded into the program and want theirs, which may be newer
#   - libglib, libgio: load modules of the system (proxies, settings), which want the system's
#   - libfontconfig, libfreetype: read the system's configuration, caches and fonts
#   - libdbus, libgssapi_krb5: read the system's configuration
#   - libssl, libcrypto: get their security updates, and their policy, from the system
#   - libz, libzstd, libffi, libexpat, libbrotli, libsqlite3: the libraries above link to them, too, and a
#     program can have only one of a name
# These few are not: they are small, no desktop is sure to have them, and only Qt's X11 plugin asks for them.
HELD_LIBRARIES = re.compile(r"libpython3|libxcb-(?:cursor|icccm|image|keysyms|render-util|util)\.so")

# What lies in resources for others: the README's pictures, and the sources of what a package installs.
NO_RESOURCES = ("screenshots", "desktop")


def wanted_data(items: Iterable[Item]) -> list[Item]:
    """Without Qt's translations (Skyferry speaks English) and the data of services that nobody asks."""
    return [
        item
        for item in items
        if _is_wanted_data(PurePosixPath(_place(item)).parts) and not (LINUX and item[2] == "SYMLINK")
    ]


def wanted_binaries(items: Iterable[Item], imports: Callable[[str], Iterable[str]]) -> list[Item]:
    """The plugins above; and on Linux of the libraries those that are held and still linked to.

    `imports(file)`: names of the libraries that a file links to.
    """
    kept = [item for item in items if _is_wanted_plugin(_place(item))]
    if not LINUX:
        return kept
    kept = [item for item in kept if item[2] != "SYMLINK" and (_is_held(item) or not _is_library(item))]
    libraries = {PurePosixPath(_place(item)).name: item for item in kept if _is_library(item)}
    needed = {name for name in libraries if name.startswith("libpython3")}  # the program opens it by name
    ahead = [item[1] for item in kept if not _is_library(item)]
    while ahead:
        for name in imports(ahead.pop()):
            if name in libraries and name not in needed:
                needed.add(name)
                ahead.append(libraries[name][1])
    return [item for item in kept if not _is_library(item) or PurePosixPath(_place(item)).name in needed]


# -- helpers --


def _place(item: Item) -> str:
    return item[0].replace("\\", "/")


def _is_wanted_data(parts: tuple[str, ...]) -> bool:
    if parts[:2] == ("botocore", "data") and len(parts) > 3:
        return parts[2] in BOTOCORE_DATA
    if parts[0] == "resources" and len(parts) > 2:
        return parts[1] not in NO_RESOURCES
    return not (parts[0] == "PySide6" and parts[-1].endswith((".qm", ".qml", ".qmltypes", "qmldir")))


def _is_wanted_plugin(place: str) -> bool:
    found = re.search(r"PySide6/(?:Qt/)?plugins/([^/]+)/(?:lib)?([^/]+?)\.(?:so|dll|dylib)$", place)
    if not found:
        return "/plugins/" not in place
    wanted = PLUGINS.get(found[1], ())
    return wanted is None or found[2] in wanted


def _is_held(item: Item) -> bool:
    place, source, _ = item
    if HELD_LIBRARIES.match(Path(place).name):
        return True
    site = {Path(sysconfig.get_path(name)).resolve() for name in ("purelib", "platlib")}
    return any(Path(source).resolve().is_relative_to(folder) for folder in site)


def _is_library(item: Item) -> bool:
    return item[2] == "BINARY" and "/plugins/" not in _place(item)
