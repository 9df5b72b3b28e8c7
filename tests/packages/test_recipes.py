"""The recipes for Windows and macOS, held by what can be read of them here: none has run there yet.

Their workflows are in test_workflows.py.
"""

from __future__ import annotations

import ast
import plistlib
import re
import runpy
import stat
import struct
import subprocess
import sys
import zipfile
from pathlib import Path
from typing import Any
from xml.etree import ElementTree

import pytest
from PyInstaller.utils.win32 import winmanifest

from gui.options import MARKER
from storage_core import __version__

ROOT = Path(__file__).resolve().parents[2]
PACKAGING = ROOT / "packaging"
WINDOWS, MACOS = PACKAGING / "windows", PACKAGING / "macos"
SCRIPT = WINDOWS / "skyferry.iss"
NOT_RUN = [*sorted(WINDOWS.glob("*.*")), *sorted(MACOS.glob("*.*")), *sorted(ROOT.glob(".github/**/*.yml"))]
ICO_SIZES = {16, 20, 24, 32, 40, 48, 64, 256}
ICNS_TYPES = {b"icp4", b"icp5", b"ic07", b"ic08", b"ic09", b"ic10", b"ic11", b"ic12", b"ic13", b"ic14"}
SETTINGS = {
    "dpiAware": ("2005", "true/pm"),
    "dpiAwareness": ("2016", "PerMonitorV2"),
    "longPathAware": ("2016", "true"),
    "activeCodePage": ("2019", "UTF-8"),
}


def recipe(path: Path) -> dict[str, Any]:
    """The names of a script that is run by its path."""
    return runpy.run_path(str(path))


@pytest.mark.parametrize("file", NOT_RUN, ids=lambda file: str(file.relative_to(ROOT)))
def test_what_never_ran_says_so_at_its_top(file: Path) -> None:
    assert "*not run*" in "\n".join(file.read_text("utf-8").splitlines()[:20])


def test_nothing_in_packaging_is_a_python_package() -> None:
    assert not list(PACKAGING.rglob("__init__.py"))


@pytest.fixture(scope="module")
def icons(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("icons")
    recipe(WINDOWS / "program.py")["draw_icons"](folder)
    return folder


def test_windows_gets_its_icon_in_all_sizes(icons: Path) -> None:
    content = (icons / "skyferry.ico").read_bytes()
    _, kind, count = struct.unpack_from("<HHH", content)
    assert kind == 1
    assert {content[6 + 16 * place] or 256 for place in range(count)} >= ICO_SIZES


def test_macos_gets_its_icon_in_all_sizes(icons: Path) -> None:
    content = (icons / "skyferry.icns").read_bytes()
    magic, size = struct.unpack_from(">4sI", content)
    assert (magic, size) == (b"icns", len(content))
    found, place = set(), 8
    while place < size:
        kind, length = struct.unpack_from(">4sI", content, place)
        found.add(kind)
        place += length
    assert found >= ICNS_TYPES


# -- Windows --


def sections() -> dict[str, list[str]]:
    """The lines of each section of the installer's script, comments left out."""
    found: dict[str, list[str]] = {}
    name = ""
    for line in SCRIPT.read_text("utf-8").splitlines():
        if section := re.fullmatch(r"\[(\w+)\]", line):
            name = section[1]
        elif name and line.strip() and not line.startswith((";", "#")):
            found.setdefault(name, []).append(line)
    return found


def setup() -> dict[str, str]:
    return dict(line.split("=", 1) for line in sections()["Setup"])


def test_the_installer_needs_no_administrator_and_offers_all_users() -> None:
    directives = setup()
    assert directives["PrivilegesRequired"] == "lowest"
    assert directives["PrivilegesRequiredOverridesAllowed"] == "dialog commandline"
    assert directives["DefaultDirName"] == r"{autopf}\Skyferry"


def test_the_installer_is_told_its_version_and_refuses_to_be_made_without() -> None:
    text = SCRIPT.read_text("utf-8")
    assert re.search(r"#ifndef Version\s+#error ", text)
    directives = setup()
    assert directives["AppVersion"] == directives["VersionInfoVersion"] == "{#Version}"
    assert __version__ not in text


def test_the_installer_takes_only_files_that_are_there() -> None:
    assert (WINDOWS / setup()["LicenseFile"].replace("\\", "/")).resolve() == ROOT / "LICENSE"
    for define, place in re.findall(r'#define (\w+) "(\.\.[^"]+)"', SCRIPT.read_text("utf-8")):
        folder = (WINDOWS / place.replace("\\", "/")).resolve()
        assert folder.is_relative_to(ROOT / "dist") or folder.is_relative_to(ROOT / "build"), define


def test_every_place_in_the_installer_is_quoted() -> None:
    for name in ("Tasks", "InstallDelete", "Files", "Icons", "Run"):
        for line in sections()[name]:
            for key, value in re.findall(r"(\w+): ?([^;]+)", re.sub(r'"[^"]*"', '"quoted"', line)):
                if key not in ("Type", "Flags", "Tasks"):
                    assert value.strip() == '"quoted"', line


def test_the_uninstaller_takes_nothing_that_is_the_users_and_says_what_stays() -> None:
    found = sections()
    assert "UninstallDelete" not in found
    assert "UninstallRun" not in found
    assert found["InstallDelete"] == [r'Type: filesandordirs; Name: "{app}\_internal"']
    (question,) = (line for line in found["Messages"] if line.startswith("ConfirmUninstall="))
    assert r"AppData\Local\skyferry" in question
    assert "Credential Manager" in question


def test_the_installer_starts_nothing_at_logon_and_asks_before_an_icon_on_the_desktop() -> None:
    text = SCRIPT.read_text("utf-8").lower()
    assert "{userstartup}" not in text
    assert "{autostartup}" not in text
    assert "[registry]" not in text
    assert all("Flags: unchecked" in line for line in sections()["Tasks"])


def test_an_installed_skyferry_is_never_a_portable_one() -> None:
    (files,) = sections()["Files"]
    assert f'Excludes: "\\{MARKER}"' in files


def test_the_uninstaller_knows_the_name_that_a_running_skyferry_gives() -> None:
    (name,) = re.findall(r"CheckForMutexes\('(\w+)'\)", SCRIPT.read_text("utf-8"))
    assert f'CreateMutexW(None, False, "{name}")' in (WINDOWS / "running.py").read_text("utf-8")


def test_a_window_lies_under_the_entry_it_was_started_from() -> None:
    (name,) = set(re.findall(r'AppUserModelID: "([^"]+)"', SCRIPT.read_text("utf-8")))
    assert f'AppUserModelID("{name}")' in (WINDOWS / "running.py").read_text("utf-8")


def test_the_installer_closes_a_running_skyferry() -> None:
    assert setup()["CloseApplications"] == "yes"


def test_the_manifest_says_long_paths_and_every_screens_own_density() -> None:
    # As PyInstaller embeds it: it reads the file and adds to it.
    manifest = winmanifest.create_application_manifest((WINDOWS / "skyferry.manifest").read_bytes())
    root = ElementTree.fromstring(manifest)
    for setting, (year, value) in SETTINGS.items():
        (found,) = root.iter(f"{{http://schemas.microsoft.com/SMI/{year}/WindowsSettings}}{setting}")
        assert found.text == value
    (level,) = root.iter("{urn:schemas-microsoft-com:asm.v3}requestedExecutionLevel")
    assert (level.get("level"), level.get("uiAccess")) == ("asInvoker", "false")
    assert len(list(root.iter("{urn:schemas-microsoft-com:compatibility.v1}supportedOS"))) == 1


def test_windows_gets_two_programs_of_which_one_has_a_console(tmp_path: Path) -> None:
    window, console = recipe(WINDOWS / "program.py")["programs"](__version__, tmp_path)
    assert (window["name"], window["console"]) == ("skyferry", False)
    assert (console["name"], console["console"]) == ("skyferry-console", True)
    for program in (window, console):
        assert all(Path(program[key]).is_file() for key in ("icon", "version", "manifest"))


@pytest.mark.parametrize(
    ("version", "numbers"), [("0.1.0", (0, 1, 0, 0)), ("1.2.3.4", (1, 2, 3, 4)), ("1.0.dev2", (1, 0, 2, 0))]
)
def test_the_programs_tell_windows_their_version(version: str, numbers: tuple[int, ...]) -> None:
    text = recipe(WINDOWS / "program.py")["version_resource"](version, "skyferry")
    calls = [node for node in ast.walk(ast.parse(text, mode="eval")) if isinstance(node, ast.Call)]
    named = {node.func.id for node in calls if isinstance(node.func, ast.Name)}
    # The classes that PyInstaller reads such a text with.
    classes = {"VSVersionInfo", "FixedFileInfo", "StringFileInfo", "StringTable", "StringStruct"}
    assert named == classes | {"VarFileInfo", "VarStruct"}
    (fixed,) = (node for node in calls if isinstance(node.func, ast.Name) and node.func.id == "FixedFileInfo")
    values = {key.arg: ast.literal_eval(key.value) for key in fixed.keywords}
    assert values["filevers"] == values["prodvers"] == numbers
    strings = dict(map(ast.literal_eval, node.args) for node in calls if named and len(node.args) == 2
                   and isinstance(node.func, ast.Name) and node.func.id == "StringStruct")  # fmt: skip
    assert strings["ProductVersion"] == strings["FileVersion"] == version
    assert strings["OriginalFilename"] == "skyferry.exe"


@pytest.fixture
def frozen(tmp_path: Path) -> Path:
    """A stand-in for the frozen folder: only its names count."""
    folder = tmp_path / "dist" / "skyferry"
    (folder / "_internal").mkdir(parents=True)
    for name in ("skyferry.exe", "skyferry-console.exe", "_internal/python311.dll"):
        (folder / name).write_bytes(b"MZ")
    return folder


def test_the_zip_is_portable_and_unpacks_into_one_folder(frozen: Path) -> None:
    made = recipe(WINDOWS / "build.py")["make_zip"](frozen, frozen.parent)
    assert made.name == f"skyferry-{__version__}-windows-x64-portable.zip"
    with zipfile.ZipFile(made) as archive:
        names = set(archive.namelist())
        top = made.name.removesuffix("-portable.zip")
        assert {name.partition("/")[0] for name in names} == {top}
        assert {
            f"{top}/skyferry.exe",
            f"{top}/_internal/python311.dll",
            f"{top}/{MARKER}/README.txt",
        } <= names
        assert b"portable" in archive.read(f"{top}/{MARKER}/README.txt")


@pytest.mark.parametrize("sign", [[], ["signtool", "sign", "/n", "Some One"]])
def test_the_installer_is_signed_only_when_told_how(
    frozen: Path, sign: list[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    said: list[list[str]] = []
    monkeypatch.setattr(subprocess, "run", lambda argv, **_: said.append(argv))
    names = recipe(WINDOWS / "build.py")
    monkeypatch.setitem(names["make_installer"].__globals__, "find_compiler", lambda: "ISCC.exe")
    names["sign_file"](frozen / "skyferry.exe", sign)
    made = names["make_installer"](frozen, frozen.parent, sign)
    compile_it = said[-1]
    assert made.name == f"skyferry-{__version__}-windows-x64-setup.exe"
    assert compile_it[0] == "ISCC.exe"
    assert compile_it[-1] == str(SCRIPT)
    given = {word.partition("=")[0] for word in compile_it if word.startswith("/D")}
    asked = set(re.findall(r"#ifndef (\w+)", SCRIPT.read_text("utf-8")))
    assert given == {f"/D{name}" for name in asked} | ({"/DSign"} if sign else set())
    if sign:
        assert said[0] == [*sign, str(frozen / "skyferry.exe")]
        # Quotation marks as ISCC spells them: Windows' own would be lost on the way.
        assert "/Sskyferry=signtool sign /n $qSome One$q $f" in compile_it
        assert not any(word.startswith("/S") and '"' in word for word in compile_it)


# -- macOS --


def test_the_app_has_the_version_and_the_id_of_the_other_packages() -> None:
    info = recipe(MACOS / "bundle.py")["info_plist"](__version__)
    assert info["CFBundleShortVersionString"] == info["CFBundleVersion"] == __version__
    (metainfo,) = (ROOT / "resources" / "desktop").glob("*.metainfo.xml")
    assert info["CFBundleIdentifier"] == ElementTree.parse(metainfo).findtext("id")


def test_the_app_follows_the_screens_density_and_the_systems_colours() -> None:
    info = recipe(MACOS / "bundle.py")["info_plist"](__version__)
    assert info["NSHighResolutionCapable"] is True
    assert info["NSRequiresAquaSystemAppearance"] is False
    assert tuple(map(int, info["LSMinimumSystemVersion"].split("."))) >= (14, 0)
    assert "CFBundleDocumentTypes" not in info
    assert all(len(info[key]) > 40 for key in info if key.endswith("UsageDescription"))


def test_the_hardened_runtime_allows_two_things_and_says_why() -> None:
    file = MACOS / "entitlements.plist"
    rights = plistlib.loads(file.read_bytes())
    assert rights == {
        "com.apple.security.cs.disable-library-validation": True,
        "com.apple.security.cs.allow-unsigned-executable-memory": True,
    }
    before = re.split(r"<key>", file.read_text("utf-8"))[:-1]
    assert all("-->" in reason for reason in before)


def test_the_app_is_signed_from_the_inside_out(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    contents = tmp_path / "Skyferry.app" / "Contents"
    library = contents / "Frameworks" / "libssl.3.dylib"
    framework = contents / "Frameworks" / "PySide6" / "Qt" / "lib" / "QtCore.framework"
    program = contents / "MacOS" / "skyferry"
    for file in (library, framework / "Versions" / "A" / "QtCore", program):
        file.parent.mkdir(parents=True)
        file.write_bytes(b"\xcf\xfa\xed\xfe")
    (contents / "Frameworks" / "data.json").write_text("{}")
    (contents / "MacOS" / "link.dylib").symlink_to(library)
    said: list[tuple[str, ...]] = []
    names = recipe(MACOS / "build.py")
    monkeypatch.setitem(names["sign_app"].__globals__, "run", lambda *argv: said.append(argv))
    names["sign_app"](contents.parent, "Developer ID Application: Nobody")
    *signed, verified = said
    assert [Path(argv[-1]) for argv in signed] == [library, framework, program, contents.parent]
    assert all("runtime" in argv and "--timestamp" in argv for argv in signed)
    assert ["--entitlements" in argv for argv in signed] == [False, False, True, True]
    assert verified[:2] == ("codesign", "--verify")


# -- the tour from outside --


def program(folder: Path, said: str, wrong: str = "", pictures: int = 5) -> Path:
    """A program that answers, and paints pictures, as a packaged Skyferry does."""
    file = folder / "skyferry"
    file.write_text(
        f"#!{sys.executable}\n"
        "import pathlib, sys\n"
        f"print({said!r} if '--version' in sys.argv else '--portable')\n"
        f"sys.stderr.write({wrong!r})\n"
        "if '--screenshots' in sys.argv:\n"
        "    out = pathlib.Path(sys.argv[sys.argv.index('--screenshots') + 1])\n"
        "    out.mkdir()\n"
        f"    for one in range({pictures}):\n"
        "        (out / f'{one}.png').touch()\n"
    )
    file.chmod(file.stat().st_mode | stat.S_IXUSR)
    return file


RIGHT = f"Skyferry {__version__}"


@pytest.mark.parametrize(
    ("said", "wrong", "pictures", "why"),
    [
        ("Skyferry 99.0", "", 5, "--version says"),
        (RIGHT, "qt.qpa: no plugin\n", 5, "qt.qpa: no plugin"),
        (RIGHT, "", 4, "painted 4 pictures"),
    ],
)
def test_a_package_that_is_not_as_it_should_be_is_refused(
    tmp_path: Path, said: str, wrong: str, pictures: int, why: str
) -> None:
    tour = recipe(PACKAGING / "tour.py")
    with pytest.raises(tour["Failed"], match=why):
        tour["play"](program(tmp_path, said, wrong, pictures))
    tour["play"](program(tmp_path, RIGHT))


def test_the_frozen_app_plays_its_tour_from_outside(
    folder: Path, session: dict[str, str], tmp_path: Path
) -> None:
    argv = [
        sys.executable,
        str(PACKAGING / "tour.py"),
        str(folder / "skyferry"),
        "--screenshots",
        str(tmp_path),
    ]
    played = subprocess.run(argv, env=session, capture_output=True, text=True, check=False)
    assert played.returncode == 0, played.stderr
    assert len(list(tmp_path.glob("*.png"))) >= 5
