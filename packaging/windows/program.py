"""What the two Windows programs of the bundle look like. Loaded by packaging/pyinstaller.spec; *not run* yet.

Two, because a program of Windows either has a console or has not, and that is written into its file:

- skyferry.exe has none, as programs with a window should; its standard output leads nowhere.
- skyferry-console.exe is for terminals and CI: `--version`, `--help` and `--tour` say something, and what Qt
  or Python complain of is seen. One program whose console PyInstaller hides (`hide_console`) would show it
  for a blink at each start, and terminals would wait for a window to be closed.

Both start the same Python from the same folder.
"""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path
from typing import Any

HERE = Path(__file__).resolve().parent
WINDOW, CONSOLE = "skyferry", "skyferry-console"
HOOKS = [str(HERE / "running.py")]  # for Analysis(runtime_hooks=...)

# 040904B0: US English, Unicode.
VERSION_RESOURCE = """\
VSVersionInfo(
  ffi=FixedFileInfo(filevers={numbers}, prodvers={numbers}, mask=0x3F, flags=0, OS=0x40004, fileType=1),
  kids=[
    StringFileInfo([StringTable("040904B0", [
      StringStruct("CompanyName", "Skyferry contributors"),
      StringStruct("FileDescription", "Skyferry"),
      StringStruct("FileVersion", {version!r}),
      StringStruct("InternalName", {name!r}),
      StringStruct("LegalCopyright", "Skyferry contributors. Apache License 2.0"),
      StringStruct("OriginalFilename", {file!r}),
      StringStruct("ProductName", "Skyferry"),
      StringStruct("ProductVersion", {version!r}),
    ])]),
    VarFileInfo([VarStruct("Translation", [0x0409, 1200])]),
  ],
)
"""


def programs(version: str, work: Path) -> list[dict[str, Any]]:
    """Keyword arguments for one EXE each; writes the icon and the version resources below `work`."""
    icon = draw_icons(work / "icons") / "skyferry.ico"
    made = []
    for name in (WINDOW, CONSOLE):
        resource = work / f"{name}-version.txt"
        resource.write_text(version_resource(version, name), encoding="utf-8")
        made.append(
            {
                "name": name,
                "console": name == CONSOLE,
                "icon": str(icon),
                "version": str(resource),
                "manifest": str(HERE / "skyferry.manifest"),
            }
        )
    return made


def version_resource(version: str, name: str) -> str:
    """In the language that PyInstaller reads: four numbers, whatever follows `0.1.0` in a version."""
    digits = ["".join(filter(str.isdigit, part)) for part in version.split(".")[:4]]
    numbers = tuple(int(part or 0) for part in [*digits, "", "", ""][:4])
    return VERSION_RESOURCE.format(numbers=numbers, version=version, name=name, file=f"{name}.exe")


def draw_icons(folder: Path) -> Path:
    subprocess.run([sys.executable, str(HERE.parent / "icons.py"), str(folder)], check=True)
    return folder
