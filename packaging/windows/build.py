"""The installer and the portable zip for Windows, from the frozen folder: packaging/windows/build.py

*not run* on Windows yet. The frozen app plays its tour first. Wants Inno Setup 6.3 or later (choco install
innosetup). Signs only when told how: SKYFERRY_SIGN is a JSON list, the command that a file is given to:
["signtool", "sign", "/fd", "sha256", "/tr", "http://timestamp.digicert.com", "/td", "sha256", "/a"].
"""

from __future__ import annotations

import argparse
import json
import os
import platform
import runpy
import shutil
import subprocess
import sys
import zipfile
from pathlib import Path

HERE = Path(__file__).resolve().parent
ROOT = HERE.parents[1]
sys.path.insert(0, str(ROOT))

from storage_core import __version__  # noqa: E402 - the root is known only now

SCRIPT = HERE / "skyferry.iss"
MARKER = "skyferry-data"  # gui/options.py looks for it beside the program
ABOUT_MARKER = """\
This folder makes this Skyferry portable: settings, accounts, the journal of transfers and the log are kept in
here. Passwords and keys are not: they stay in the Credential Manager of the Windows on which they were typed.
Delete the folder, and this Skyferry keeps its things in the user's profile, as an installed one does.
"""


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--out", type=Path, default=ROOT / "dist", help="where skyferry/ is; default: dist")
    out = parser.parse_args().out.resolve()
    folder = out / "skyferry"
    sign = json.loads(os.environ.get("SKYFERRY_SIGN") or "[]")
    tour = [sys.executable, str(ROOT / "packaging" / "tour.py"), str(folder / "skyferry-console.exe")]
    subprocess.run(tour, check=True)
    for program in sorted(folder.glob("*.exe")):
        sign_file(program, sign)
    print(f"made {make_zip(folder, out)}")
    print(f"made {make_installer(folder, out, sign)}")
    if not sign:
        print("unsigned: SKYFERRY_SIGN is not set. Windows warns of a program that nobody signed.")
    return 0


def sign_file(file: Path, sign: list[str]) -> None:
    if sign:
        subprocess.run([*sign, str(file)], check=True)


def make_zip(folder: Path, out: Path) -> Path:
    """The frozen folder and the folder that makes it portable."""
    name = f"skyferry-{__version__}-windows-{architecture()[1]}"
    target = out / f"{name}-portable.zip"
    with zipfile.ZipFile(target, "w", zipfile.ZIP_DEFLATED, compresslevel=9) as archive:
        for file in sorted(folder.rglob("*")):
            archive.write(file, Path(name) / file.relative_to(folder))
        archive.mkdir(f"{name}/{MARKER}")
        archive.writestr(f"{name}/{MARKER}/README.txt", ABOUT_MARKER.replace("\n", "\r\n"))
    return target


def make_installer(folder: Path, out: Path, sign: list[str]) -> Path:
    allowed, suffix = architecture()
    work = ROOT / "build" / "icons"
    runpy.run_path(str(HERE / "program.py"))["draw_icons"](work)
    defines = {
        "Version": __version__,
        "Source": str(folder),
        "Icon": str(work / "skyferry.ico"),
        "Output": str(out),
        "Architecture": allowed,
        "Suffix": suffix,
    }
    command = [find_compiler(), "/Qp", *(f"/D{name}={value}" for name, value in defines.items())]
    if sign:
        # ISCC's own spelling: $q is a quotation mark, $f the file.
        command += ["/DSign=1", f"/Sskyferry={subprocess.list2cmdline(sign).replace(chr(34), '$q')} $f"]
    subprocess.run([*command, str(SCRIPT)], check=True)
    return out / f"skyferry-{__version__}-windows-{suffix}-setup.exe"


def architecture() -> tuple[str, str]:
    """As Inno Setup says it, and as file names do. ARM64 runs x64 programs as well, but not the other way."""
    return ("arm64", "arm64") if platform.machine().upper() == "ARM64" else ("x64compatible", "x64")


def find_compiler() -> str:
    """ISCC on PATH, or where its own installer puts it."""
    if found := shutil.which("ISCC"):
        return found
    for root in filter(None, map(os.environ.get, ("ProgramFiles(x86)", "ProgramFiles", "LOCALAPPDATA"))):
        for place in ("Inno Setup 6", r"Programs\Inno Setup 6"):
            if (file := Path(root) / place / "ISCC.exe").is_file():
                return str(file)
    raise SystemExit("Inno Setup 6 is not installed: choco install innosetup")


if __name__ == "__main__":
    sys.exit(main())
