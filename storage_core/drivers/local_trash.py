"""The trash of this computer: what is deleted can be brought back from the file manager.

freedesktop.org's Trash specification 1.0 (specifications.freedesktop.org/trash-spec): the home trash for
files on its own file system, `.Trash-UID` at the top of any other; macOS has one folder.
"""

from __future__ import annotations

import errno
import os
import sys
from datetime import datetime
from urllib.parse import quote

from storage_core.errors import LocalFileError, OperationNotSupportedError
from storage_core.folders import Folder


def move_to_trash(folder: Folder, name: str) -> None:
    """Move a file of an open folder to the trash. OSError; LocalFileError where there is no trash for it."""
    if sys.platform == "win32":
        raise OperationNotSupportedError("Deleting to the recycle bin is not available on Windows yet.")
    path = os.path.join(folder.path, name)
    if sys.platform == "darwin":
        _move(folder, name, os.path.expanduser("~/.Trash"), "")
        return
    device = folder.look_at(name).st_dev
    home = os.path.join(os.environ.get("XDG_DATA_HOME") or os.path.expanduser("~/.local/share"), "Trash")
    if _prepare(home, device):
        _move(folder, name, os.path.join(home, "files"), _information(os.path.abspath(path)))
        return
    top = _top(os.path.realpath(folder.path))
    trash = os.path.join(top, f".Trash-{os.getuid()}")
    if not _prepare(trash, device):
        raise LocalFileError(
            f"{path} cannot go to the trash: its disk has none, and none could be made. Nothing was deleted.",
            path=path, errno=errno.EXDEV,
        )  # fmt: skip
    inside = os.path.relpath(os.path.join(os.path.realpath(folder.path), name), top)
    _move(folder, name, os.path.join(trash, "files"), _information(inside))


def _prepare(trash: str, device: int) -> bool:
    """Make the trash's folders; whether they are ours and on this device."""
    try:
        for inside in ("files", "info"):
            os.makedirs(os.path.join(trash, inside), mode=0o700, exist_ok=True)
        status = os.lstat(trash)
    except OSError:
        return False
    return status.st_dev == device and status.st_uid == os.getuid() and not os.path.islink(trash)


def _top(path: str) -> str:
    while not os.path.ismount(path):
        path = os.path.dirname(path)
    return path


def _information(path: str) -> str:
    moment = datetime.now().replace(microsecond=0).isoformat()
    return f"[Trash Info]\nPath={quote(os.fsencode(path))}\nDeletionDate={moment}\n"


def _move(folder: Folder, name: str, files: str, information: str) -> None:
    """Under a name that is free there. The information file comes first and reserves it, as the page asks."""
    stem, ending = os.path.splitext(name[:200])
    number = 1
    while True:
        free = f"{stem}{'' if number == 1 else f'.{number}'}{ending}"
        number += 1
        note = os.path.join(os.path.dirname(files), "info", f"{free}.trashinfo")
        if os.path.lexists(os.path.join(files, free)):
            continue
        if information:
            try:
                with open(note, "x", encoding="utf-8") as file:
                    file.write(information)
            except FileExistsError:
                continue
        try:
            folder.move_to(name, os.path.join(files, free))
        except OSError:
            if information:
                os.unlink(note)
            raise
        return
