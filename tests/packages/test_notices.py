"""The licences in a bundle, held against what is in its folder: nothing is there that they do not name."""

from __future__ import annotations

import re
import subprocess
import sys
from importlib import metadata
from pathlib import Path

import pytest
from PyInstaller.archive.readers import CArchiveReader

from gui import notices
from gui.notices import Notice

# What PyInstaller and the build add: start-up code and a list of settings.
OF_THE_BUILD = re.compile(r"pyi|_pyi|PyInstaller|_sysconfigdata|sitecustomize")
OWN = {"gui", "storage_core"}
# Whose a shared library at the top of the bundle is, by its name.
LIBRARIES = {
    r"libQt6|libicu|libpyside6|libshiboken6": "PySide6_Essentials",
    r"libpython3": "Python",
    r"libcrc32c-": "google-crc32c",
}
OF_PYTHON = {"lib-dynload", "python3.11", "python3.12", "python3.13", "python3.14"}


@pytest.fixture
def licences(folder: Path) -> Path:
    return folder / "_internal" / "resources" / "licences"


@pytest.fixture
def named(licences: Path) -> dict[str, Notice]:
    found = notices.read((licences / notices.LIST).read_text("utf-8"))
    return {notices.key(notice.name): notice for notice in found}


def frozen_modules(folder: Path) -> set[str]:
    """Top-level names of the modules that are frozen into the program."""
    archive = CArchiveReader(str(folder / "skyferry"))
    [modules] = [name for name in archive.toc if name.startswith("PYZ")]
    return {name.partition(".")[0] for name in archive.open_embedded_archive(modules).toc}


def libraries(folder: Path) -> list[Path]:
    """All compiled files, as they lie in the bundle."""
    inside = folder / "_internal"
    return [path.relative_to(inside) for path in inside.rglob("*") if re.search(r"\.so(\.|$)", path.name)]


def test_every_notice_has_a_licence_and_its_text(named: dict[str, Notice]) -> None:
    assert len(named) > 80
    for notice in named.values():
        assert notice.licence
        assert len(notice.text) > 100, notice.name


def test_every_module_of_others_in_the_program_is_named(folder: Path, named: dict[str, Notice]) -> None:
    owners = metadata.packages_distributions()
    modules = frozen_modules(folder) - OWN - sys.stdlib_module_names
    assert {"requests", "azure", "keystoneauth1"} <= modules  # the look into the archive sees
    missing = [
        name
        for name in sorted(modules)
        if not OF_THE_BUILD.match(name)
        and not any(notices.key(owner) in named for owner in owners.get(name, ()))
    ]
    assert missing == []


def test_every_library_in_the_folder_is_named(folder: Path, named: dict[str, Notice]) -> None:
    owners = metadata.packages_distributions()
    debian = {
        package
        for notice in named.values()
        if notice.text.startswith("From Debian: ")
        for package in notice.text.partition("\n")[0].removeprefix("From Debian: ").split(", ")
    }
    of_debian = {
        Path(line).name
        for package in debian
        for line in subprocess.run(
            ["dpkg", "-L", package], capture_output=True, text=True, check=True
        ).stdout.split()
    }
    missing = []
    for path in libraries(folder):
        top = path.parts[0]
        holders = [holder for pattern, holder in LIBRARIES.items() if re.match(pattern, path.name)]
        holders += owners.get(top.partition(".")[0], [])
        if top in OF_PYTHON or path.name.startswith(("_cffi_backend",)):
            holders.append("Python" if top in OF_PYTHON else "cffi")
        if not any(notices.key(holder) in named for holder in holders) and path.name not in of_debian:
            missing.append(str(path))
    assert missing == []


def test_the_licences_of_qt_lie_beside_it_as_the_lgpl_wants(licences: Path) -> None:
    notice = (licences / "QT-NOTICE.txt").read_text("utf-8")
    pyside = metadata.version("PySide6_Essentials")
    assert f"(PySide6 and Shiboken6) {pyside}" in notice
    assert f"pyside-setup-everywhere-src-{pyside}.tar.xz" in notice
    assert "{" not in notice
    for name, words in (("LGPL-3.0", "GNU LESSER GENERAL PUBLIC LICENSE"), ("GPL-3.0", "GNU GENERAL PUBLIC")):
        assert words in (licences / f"{name}.txt").read_text("utf-8")
    sheet = (licences / "THIRD-PARTY.txt").read_text("utf-8")
    for words in (f"PySide6_Essentials {pyside}", "HarfBuzz (in Qt", "PyInstaller bootloader"):
        assert words in sheet
