"""Real disks of other systems, each in a file, mounted through FUSE: for what no Linux disk does by itself.

exFAT, as memory sticks have it, keeps the case of names and takes `A` and `a` for one; it knows no hard links
and no attributes. NTFS refuses here what Windows refuses (NTFS-3G's `windows_names`: `<>:"|?*\\`, control
characters, a last dot or space, the devices of DOS; learn.microsoft.com/windows/win32/fileio/naming-a-file)
and takes `A` and `a` for one name, but lists names in lower case as long as it does. What it compares names
by is written on it, as on Windows' own disks.

Mounting takes root's rights (sudo's, where it asks for no password) and /dev/fuse.
"""

from __future__ import annotations

import os
import struct
import subprocess
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

SIZE = 64 * 1024 * 1024
OWNER = f"uid={os.getuid()},gid={os.getgid()}" if os.name == "posix" else ""
AS_ROOT = ("losetup", "mount.exfat-fuse", "lowntfs-3g", "umount")


@contextmanager
def exfat(folder: Path) -> Iterator[Path]:
    """An empty exFAT disk; `folder` is made, and holds its image too."""
    image, disk = _image(folder)
    _run("mkfs.exfat", str(image))
    device = _run("losetup", "--find", "--show", str(image)).strip()
    try:
        _run("mount.exfat-fuse", "-o", OWNER, device, str(disk))
        try:
            yield disk
        finally:
            _run("umount", str(disk))
    finally:
        _run("losetup", "--detach", device)


@contextmanager
def ntfs(folder: Path, options: str = "ignore_case,windows_names") -> Iterator[Path]:
    """An NTFS disk; `folder` is made, and holds its image too. One that is there already is mounted again."""
    image, disk = _image(folder)
    if not image.stat().st_blocks:
        _run("mkntfs", "--quiet", "--fast", "--force", str(image))
    _run("lowntfs-3g", "-o", f"{options},{OWNER}", str(image), str(disk))
    try:
        yield disk
    finally:
        _run("umount", str(disk))


def ntfs_case_table(folder: Path) -> Sequence[int]:
    """$UpCase of a new NTFS disk: at each place, the UTF-16 unit that this one is compared as."""
    image, _ = _image(folder)
    _run("mkntfs", "--quiet", "--fast", "--force", str(image))
    table = subprocess.run(
        ["ntfscat", "--force", "--inode", "10", str(image)], check=True, capture_output=True
    )
    return struct.unpack("<65536H", table.stdout)


def _image(folder: Path) -> tuple[Path, Path]:
    image, disk = folder / "disk.img", folder / "disk"
    disk.mkdir(parents=True, exist_ok=True)
    if not image.exists():
        with image.open("wb") as file:
            file.truncate(SIZE)
    return image, disk


def _run(*argv: str) -> str:
    rights = ["sudo", "-n"] if argv[0] in AS_ROOT and os.geteuid() else []
    env = {**os.environ, "PATH": f"{os.environ['PATH']}:/usr/sbin:/sbin"}
    done = subprocess.run([*rights, *argv], capture_output=True, text=True, timeout=60, check=False, env=env)
    assert done.returncode == 0, f"{argv[0]}: {done.stderr or done.stdout}"
    return done.stdout
