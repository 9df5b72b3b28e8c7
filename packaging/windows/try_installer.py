"""Installs what build.py made, plays the tour from there, removes it: packaging/windows/try_installer.py

*not run* yet; for CI, whose machine is thrown away. Installs for the user who runs it, with no questions
asked. Afterwards the program, its entry in the Start menu and in *Apps* are gone, and the user's profile is
as it was.
"""

from __future__ import annotations

import os
import subprocess
import sys
import time
import winreg  # Windows alone
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
QUIET = ("/VERYSILENT", "/SUPPRESSMSGBOXES", "/NORESTART")
UNINSTALL = r"Software\Microsoft\Windows\CurrentVersion\Uninstall"
SECONDS = 60  # the uninstaller copies itself, and ends before its copy has done the work


def main() -> int:
    (setup,) = (ROOT / "dist").glob("skyferry-*-setup.exe")
    local, roaming = Path(os.environ["LOCALAPPDATA"]), Path(os.environ["APPDATA"])
    program = local / "Programs" / "Skyferry"
    entry = roaming / "Microsoft" / "Windows" / "Start Menu" / "Programs" / "Skyferry.lnk"
    kept = local / "skyferry" / "kept-by-the-uninstaller"
    kept.parent.mkdir(parents=True, exist_ok=True)
    kept.write_text("a profile")
    for attempt in ("new", "over itself"):
        print(f"installing {setup.name}: {attempt}")
        subprocess.run([str(setup), *QUIET, "/CURRENTUSER"], check=True)
    expect(entry.is_file(), f"no entry in the Start menu: {entry}")
    expect(is_listed(), "not in the list of installed apps")
    expect(not (program / "skyferry-data").exists(), "the installed program is a portable one")
    tour = [sys.executable, str(ROOT / "packaging" / "tour.py"), str(program / "skyferry-console.exe")]
    subprocess.run(tour, check=True)
    subprocess.run([str(program / "unins000.exe"), *QUIET], check=True)
    deadline = time.monotonic() + SECONDS
    while program.exists() and time.monotonic() < deadline:
        time.sleep(0.5)
    expect(not program.exists(), f"left behind: {list(program.rglob('*'))[:20]}")
    expect(not entry.exists(), f"left behind: {entry}")
    expect(not is_listed(), "still in the list of installed apps")
    expect(kept.is_file(), "the uninstaller took the user's profile")
    print("installed, played the tour, removed")
    return 0


def is_listed() -> bool:
    """Whether Windows' list of apps has it, for this user."""
    with winreg.OpenKey(winreg.HKEY_CURRENT_USER, UNINSTALL) as key:
        for place in range(winreg.QueryInfoKey(key)[0]):
            with winreg.OpenKey(key, winreg.EnumKey(key, place)) as app:
                names = [winreg.EnumValue(app, value)[:2] for value in range(winreg.QueryInfoKey(app)[1])]
            if ("DisplayName", "Skyferry") in names:
                return True
    return False


def expect(fact: bool, otherwise: str) -> None:
    if not fact:
        raise SystemExit(otherwise)


if __name__ == "__main__":
    sys.exit(main())
