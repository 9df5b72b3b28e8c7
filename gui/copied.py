"""Files that are fetched because somebody copied objects of a cloud: in which folder, and when they go.

One private folder per copy, in the user's cache folder. They go when the program quits, when it starts (what
a crash left), and ten minutes after something else was copied; never while another program has one of them
open.
"""

from __future__ import annotations

import contextlib
import logging
import os
import re
import secrets
import shutil
import sys
import time
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from pathlib import Path

from .saved_file import make_private

KEPT_SECONDS = 600.0  # a paste may have begun just before something else was copied
RESERVE = 1 << 30  # bytes of the disk that a copy leaves free
LOOKS, LOOK_SECONDS = 3, 0.1  # a program that copies many files has none open for moments between two
_FOLDER = re.compile(r"copy-[0-9a-f]{16}(-gone)?")
_log = logging.getLogger(__name__)


@dataclass(eq=False, slots=True)
class Copied:
    """What is on the clipboard and is being fetched, or is there."""

    entries: bytes  # as on the clipboard in our own format; no two copies have the same
    folder: str
    transfers: int = 1  # how many have to arrive
    arrived: set[int] = field(default_factory=set)  # ids of those that have
    is_offered: bool = False  # its files are on the clipboard

    def holds(self, path: str) -> bool:
        """Whether this is its folder or something in it. Looks at no disk."""
        return path == self.folder or path.startswith(self.folder + os.sep)


class CopiedFiles:
    """The folders of all copies. `current`, `begin` and `leave` belong to the GUI thread."""

    def __init__(self, root: Path) -> None:
        """Makes and reads nothing."""
        self.root = os.path.abspath(root)
        self.current: Copied | None = None
        self._left: dict[str, float] = {}  # folder: time.monotonic() when it left the clipboard

    def begin(self, entries: bytes) -> Copied:
        """A new copy is on the clipboard. Its folder is not made yet."""
        self.current = Copied(entries, os.path.join(self.root, f"copy-{secrets.token_hex(8)}"))
        return self.current

    def leave(self) -> Copied | None:
        """What was copied is not on the clipboard any more: it, where there was one."""
        copied = self.current
        if copied is not None:
            self._left[copied.folder] = time.monotonic()  # first: `tidy` looks from another thread
        self.current = None
        return copied

    def holds(self, path: str) -> bool:
        """Whether this lies in the folder of some copy, of this run or an earlier one. Looks at no disk."""
        return path.startswith(self.root + os.sep)

    def make(self, copied: Copied) -> int:
        """Make the folder of a copy; how many bytes may be put into it. OSError; call in a thread."""
        make_private(Path(self.root))
        os.mkdir(copied.folder, 0o700)
        return max(0, shutil.disk_usage(copied.folder).free - RESERVE)

    def tidy(self, *, all_of_them: bool = False) -> None:
        """Remove the folders that nobody needs; `all_of_them`: also what left the clipboard just now.

        What cannot be removed stays for the next time. Call in a thread.
        """
        folders = self._folders()  # before the others: of this run, a folder found here is current or left
        current, now = self.current, time.monotonic()
        if current is not None:
            folders = [path for path in folders if path != current.folder]
        if not all_of_them:
            folders = [path for path in folders if now - self._left.get(path, -KEPT_SECONDS) >= KEPT_SECONDS]
        busy = _open_ones(folders)
        for folder in folders:
            if folder not in busy:
                _remove(folder)

    def _folders(self) -> list[str]:
        try:
            names = os.listdir(self.root)
        except FileNotFoundError:
            return []
        except OSError as error:
            _log.warning("the folder for copied files: %s", error)
            return []
        return [os.path.join(self.root, name) for name in names if _FOLDER.fullmatch(name)]


def _remove(folder: str) -> None:
    gone = folder if folder.endswith("-gone") else f"{folder}-gone"
    try:
        # All at once: a program that walks the folder must meet an error, not half of the files. Windows
        # refuses while one is open.
        os.replace(folder, gone)
        shutil.rmtree(gone)
    except OSError as error:
        _log.warning("a folder of copied files stays for now: %s", error)


def _open_ones(folders: Iterable[str]) -> set[str]:
    """Those in which some program has something open. Only Linux tells."""
    real = {os.path.realpath(folder): folder for folder in folders}
    busy: set[str] = set()
    for look in range(LOOKS if real and sys.platform == "linux" else 0):
        if look:
            time.sleep(LOOK_SECONDS)
        for path in _open_paths():
            busy.update(folder for inside, folder in real.items() if f"{path}/".startswith(f"{inside}/"))
    return busy


def _open_paths() -> Iterator[str]:
    """What the programs of this user have open."""
    for process in filter(str.isdecimal, os.listdir("/proc")):
        with contextlib.suppress(OSError):  # another user's, or it has just ended
            for descriptor in os.listdir(f"/proc/{process}/fd"):
                with contextlib.suppress(FileNotFoundError):  # closed since
                    yield os.readlink(f"/proc/{process}/fd/{descriptor}")
