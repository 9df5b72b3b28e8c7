"""Licences: whatever runs with Skyferry, or is packed with it, is named with its licence and its text."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import tomllib
from importlib import metadata
from importlib.util import module_from_spec, spec_from_file_location
from pathlib import Path
from types import ModuleType
from zipfile import ZipFile

import pytest

from gui import notices

ROOT = Path(__file__).parents[2]
LICENCES = ROOT / "resources" / "licences"
TEXT_MIN = 100  # characters; the shortest that says anything
LGPL, GPL = "GNU LESSER GENERAL PUBLIC LICENSE", "GNU GENERAL PUBLIC LICENSE"


@pytest.fixture(scope="module")
def here() -> dict[str, notices.Notice]:
    return {notices.key(notice.name): notice for notice in notices.here(LICENCES)}


@pytest.fixture(scope="module")
def packaging() -> ModuleType:
    spec = spec_from_file_location("packaging_notices", ROOT / "packaging" / "notices.py")
    assert spec is not None
    assert spec.loader is not None
    module = module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def locked() -> set[str]:
    """What the project and its extras name, and is installed here."""
    project = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]
    wanted = [
        *project["dependencies"],
        *(one for items in project["optional-dependencies"].values() for one in items),
    ]
    names = {notices.key(item.partition(">")[0].partition("[")[0].strip()) for item in wanted} - {"skyferry"}
    installed = {notices.key(one.metadata["Name"]) for one in metadata.distributions()}
    return names & installed


def test_everything_the_program_asks_for_is_named_with_version_licence_and_text(here) -> None:
    assert locked() <= here.keys()
    for inner in (
        "urllib3",
        "certifi",
        "idna",
        "cryptography",
        "msal",
        "jaraco-classes",
        "shiboken6",
        "cffi",
    ):
        assert inner in here
    for notice in here.values():
        assert notice.licence.strip(), notice.name
        assert len(notice.text) > TEXT_MIN, notice.name
        assert notice.version or notice.part_of, notice.name


def test_what_only_developers_need_is_not_named(here) -> None:
    assert not {"pytest", "boto3", "mypy", "moto", "ruff"} & here.keys()


def test_versions_are_those_that_are_installed(here) -> None:
    for name in ("requests", "pyside6-essentials", "keyring"):
        assert here[name].version == metadata.version(name)


def test_qt_is_named_as_its_licence_wants(here) -> None:
    """LGPL-3.0 section 4: notice, both texts, the source of exactly this version, how to replace it."""
    pyside = metadata.version("PySide6_Essentials")
    qt = ".".join(pyside.split(".")[:3])
    for name in ("pyside6-essentials", "shiboken6"):
        text = here[name].text
        assert LGPL in text
        assert GPL in text.replace(LGPL, "")
        assert f"https://download.qt.io/official_releases/qt/{qt.rpartition('.')[0]}/{qt}/submodules/" in text
        assert f"pyside-setup-everywhere-src-{pyside}.tar.xz" in text
        for words in ("unmodified", "How to replace them", "reverse engineer"):
            assert words in text
        assert "{" not in notices.qt_notice(LICENCES)
    for part in ("pcre2", "freetype", "harfbuzz", "icu", "libpng", "libjpeg-turbo", "md4c"):
        assert here[part].part_of == f"Qt {qt}"
    assert "the Independent JPEG Group" in here["libjpeg-turbo"].text
    assert "The FreeType Project (www.freetype.org)" in here["freetype"].text


def test_only_modules_of_qt_under_the_lgpl_are_used() -> None:
    free = {"QtCore", "QtGui", "QtWidgets", "QtNetwork", "QtSvg", "QtDBus"}
    used = {
        word.removeprefix("PySide6.")
        for file in (ROOT / "gui").rglob("*.py")
        for word in file.read_text("utf-8").replace("(", " ").split()
        if word.startswith("PySide6.Qt")
    }
    assert used <= free
    for module in sorted(used):
        spaced = "Qt D-Bus" if module == "QtDBus" else f"Qt {module.removeprefix('Qt')}"
        assert spaced in (LICENCES / "QT-NOTICE.txt").read_text(), module


def test_what_compiled_parts_hold_is_taken_from_their_own_list(here) -> None:
    assert "pyo3 " in here["cryptography"].text


def test_every_text_of_the_folder_is_used_and_none_is_missing() -> None:
    entries = json.loads((LICENCES / "components.json").read_text())
    named = {Path(name).name for entry in entries for name in entry["texts"]}
    there = {path.stem for path in (LICENCES / "texts").glob("*.txt")}
    assert there - named <= {"PSF-2.0"}
    assert named - there <= {"Apache-2.0"}
    assert (LICENCES / "Apache-2.0.txt").read_text() == (ROOT / "LICENSE").read_text()


def test_a_list_that_was_written_is_read_back_and_the_sheet_names_all_of_it(here) -> None:
    every = list(here.values())
    assert notices.read(notices.written(every)) == every
    sheet = notices.sheet(every)
    for notice in every:
        assert notice.title in sheet
        assert notice.text.strip() in sheet


@pytest.mark.parametrize("text", ["", "{", "[1]", '[{"name": "x"}]'])
def test_a_list_that_is_something_else_is_a_value_error(text: str) -> None:
    with pytest.raises(ValueError):  # noqa: PT011
        notices.read(text)


def test_the_list_of_a_package_goes_before_what_is_installed(tmp_path: Path) -> None:
    one = notices.Notice("Only", "1", "MIT", "its text")
    (tmp_path / notices.LIST).write_text(notices.written([one]))
    assert notices.here(tmp_path) == [one]


def test_a_distribution_without_a_text_ends_the_build(tmp_path: Path) -> None:
    bare = tmp_path / "bare-1.0.dist-info"
    bare.mkdir()
    (bare / "METADATA").write_text(
        "Metadata-Version: 2.4\nName: bare\nVersion: 1.0\nLicense-Expression: MIT\n"
    )
    [distribution] = metadata.distributions(path=[str(tmp_path)])
    with pytest.raises(ValueError, match=r"bare 1\.0 .* carries no licence text"):
        notices.of_distribution(distribution, LICENCES)


# -- the packages' --


def test_the_notices_of_a_package_name_frozen_modules_and_libraries_of_others(
    packaging: ModuleType, tmp_path: Path
) -> None:
    import_of_developers = ["gui.app", "storage_core", "json", "hypothesis.strategies", "yaml"]
    rust = next(
        file.locate() for file in metadata.files("cryptography") or () if file.name.startswith("_rust")
    )
    packaging.write(tmp_path, import_of_developers, [("cryptography/_rust.so", str(rust))])
    found = {notices.key(one.name) for one in notices.read((tmp_path / notices.LIST).read_text())}
    assert {"hypothesis", "pyyaml", "cryptography", "pyinstaller bootloader", "python", "skyferry"} <= found
    assert "{" not in (tmp_path / "QT-NOTICE.txt").read_text()
    assert "hypothesis" in (tmp_path / "THIRD-PARTY.txt").read_text()


@pytest.mark.skipif(not Path("/usr/bin/dpkg").exists(), reason="Debian's libraries are in Debian's bundles")
def test_a_library_of_debian_comes_with_its_copyright_and_the_texts_it_points_to(
    packaging: ModuleType, tmp_path: Path
) -> None:
    owned = subprocess.run(["dpkg", "-L", "dpkg"], capture_output=True, text=True, check=True).stdout.split()
    assert "/usr/bin/dpkg" in owned
    every = {one.name: one for one in packaging.write(tmp_path, (), [("dpkg", "/usr/bin/dpkg")])}
    assert "GPL-2" in every["dpkg"].licence
    assert GPL in every["Text of GPL-2"].text


def test_what_belongs_to_nobody_ends_the_build(packaging: ModuleType, tmp_path: Path) -> None:
    with pytest.raises(SystemExit, match="nobodys_module belongs to no distribution"):
        packaging.write(tmp_path, ["nobodys_module.part"])
    stray = tmp_path / "libstray.so.1"
    stray.touch()
    with pytest.raises(SystemExit, match="libstray"):
        packaging.write(tmp_path, (), [("libstray.so.1", str(stray))])


def test_as_a_command_it_fills_a_folder(tmp_path: Path) -> None:
    argv = [sys.executable, str(ROOT / "packaging" / "notices.py"), str(tmp_path / "out")]
    subprocess.run(argv, cwd=tmp_path, check=True, capture_output=True, timeout=60)
    assert {path.name for path in (tmp_path / "out").iterdir()} == {
        "THIRD-PARTY.txt", "third-party.json", "QT-NOTICE.txt",
    }  # fmt: skip


LIST_OF_WHEEL = """
import sys
sys.path.insert(0, sys.argv[1])
from skyferry import notices, version
from skyferry.icons import resource
assert version.form() == "installed", version.form()
print("\\n".join(one.title for one in notices.here(resource("licences"))))
print(len(list(resource("help").glob("*.md"))))
"""


def test_an_installed_wheel_names_the_same_components_and_has_the_guides(
    here: dict[str, notices.Notice], tmp_path: Path
) -> None:
    argv = [sys.executable, "-m", "hatchling", "build", "-t", "wheel", "-d", str(tmp_path)]
    subprocess.run(argv, cwd=ROOT, check=True, capture_output=True, timeout=60)
    [wheel] = tmp_path.glob("*.whl")
    site = tmp_path / "site"
    with ZipFile(wheel) as archive:
        archive.extractall(site)
    listed = subprocess.run(
        [sys.executable, "-P", "-c", LIST_OF_WHEEL, str(site)],
        cwd=tmp_path, check=True, capture_output=True, text=True, timeout=60,
        env={**os.environ, "QT_QPA_PLATFORM": "offscreen"},
    ).stdout.splitlines()  # fmt: skip
    assert listed[:-1] == [notice.title for notice in here.values()]
    assert int(listed[-1]) >= 1
