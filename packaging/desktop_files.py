"""What a Linux desktop wants beside the program: menu entry, AppStream, icons, manual page, and their dates.

For packaging/debian/build.py and packaging/tarball.py; not run by itself.
"""

from __future__ import annotations

import gzip
import os
import re
import shutil
import subprocess
import sys
import time
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
SOURCES = ROOT / "resources" / "desktop"
METAINFO = "io.github.skyferry.skyferry.metainfo.xml"

sys.path[:0] = [str(ROOT), str(ROOT / "packaging")]

import run_paths  # noqa: E402 - packaging/ is no package
from needs import is_elf  # noqa: E402

from storage_core import __version__ as VERSION  # noqa: E402 - the repo's root comes first


def built_at() -> int:
    """Seconds since 1970: SOURCE_DATE_EPOCH, else the last commit, else what the changelog's file says."""
    if told := os.environ.get("SOURCE_DATE_EPOCH"):
        return int(told)
    asked = ["git", "-C", str(ROOT), "log", "-1", "--format=%ct"]
    try:
        return int(subprocess.run(asked, capture_output=True, text=True, check=True).stdout)
    except (OSError, ValueError, subprocess.CalledProcessError):  # an unpacked sdist
        return int((ROOT / "CHANGELOG.md").stat().st_mtime)


def released_on(epoch: int) -> str:
    """The day that the changelog gives this version; while it gives none, the day of the build."""
    text = (ROOT / "CHANGELOG.md").read_text("utf-8")
    found = re.search(rf"^## {re.escape(VERSION)} \((\d{{4}}-\d\d-\d\d)\)$", text, re.MULTILINE)
    return found[1] if found else time.strftime("%Y-%m-%d", time.gmtime(epoch))


def filled(text: str, epoch: int) -> str:
    date = released_on(epoch)
    return text.replace("@VERSION@", VERSION).replace("@DATE@", date)


def bundle_in(dist: Path) -> Path:
    """PyInstaller's folder. SystemExit when it is not there."""
    folder = dist / "skyferry"
    if not (folder / "skyferry").is_file():
        raise SystemExit(f"{folder}/skyferry is not there: python3 dev.py package makes it first")
    return folder


def write_share(share: Path, epoch: int) -> None:
    """`share` is what becomes /usr/share or ~/.local/share."""
    applications, metainfo, manuals = share / "applications", share / "metainfo", share / "man" / "man1"
    for folder in (applications, metainfo, manuals):
        folder.mkdir(parents=True)
    shutil.copyfile(SOURCES / "skyferry.desktop", applications / "skyferry.desktop")
    (metainfo / METAINFO).write_text(filled((SOURCES / METAINFO).read_text("utf-8"), epoch), "utf-8")
    page = filled((SOURCES / "skyferry.1").read_text("utf-8"), epoch)
    (manuals / "skyferry.1.gz").write_bytes(gzipped(page))
    icons = share / "icons-made"
    must([sys.executable, str(ROOT / "packaging" / "icons.py"), str(icons)])
    shutil.copytree(icons / "hicolor", share / "icons" / "hicolor")
    shutil.rmtree(icons)


def gzipped(text: str) -> bytes:
    """As `gzip -9n` does: without a date and a name."""
    return gzip.compress(text.encode(), compresslevel=9, mtime=0)


def copy_bundle(bundle: Path, to: Path) -> None:
    """With links as they are, the modes that files of a system have, and no path of this machine in them."""
    shutil.copytree(bundle, to, symlinks=True)
    for path in to.rglob("*"):
        if path.is_file() and not path.is_symlink() and is_elf(path):
            run_paths.remove_absolute(path)
            must(["objcopy", "--remove-section=.comment", str(path)])  # the compiler's name
    set_modes(to, programs={to / "skyferry"})


def set_modes(root: Path, programs: set[Path]) -> None:
    """Everybody may read, root may write, and only programs are executable."""
    root.chmod(0o755)
    for path in root.rglob("*"):
        if not path.is_symlink():
            path.chmod(0o755 if path.is_dir() or path in programs else 0o644)


def set_times(root: Path, epoch: int) -> None:
    for path in (root, *root.rglob("*")):
        os.utime(path, (epoch, epoch), follow_symlinks=False)


def must(argv: list[str], env: dict[str, str] | None = None) -> None:
    """SystemExit with what it said when it fails."""
    done = subprocess.run(argv, env=env, capture_output=True, text=True, check=False)
    if done.returncode:
        raise SystemExit(f"{' '.join(argv)} ended with code {done.returncode}:\n{done.stdout}{done.stderr}")
