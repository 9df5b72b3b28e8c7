"""Folders of this computer, opened so that no link leads out of them.

Where the system can (Linux, macOS), every step of a path is opened by its name inside the folder before it,
without following links: what is renamed or replaced by a link meanwhile cannot lead astray. Elsewhere
(Windows) paths are used, and each step is looked at for links and junctions first.

For the driver of this computer, and for every download: a folder that somebody else filled (an archive, a
shared disk) may hold a link where the next file or folder is to go.
"""

from __future__ import annotations

import errno
import os
import re
import secrets
import stat
import threading
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass

from storage_core import names

BY_DESCRIPTOR = (
    hasattr(os, "O_NOFOLLOW")
    and {os.open, os.stat, os.mkdir, os.unlink, os.rmdir, os.link} <= os.supports_dir_fd
    and os.scandir in os.supports_fd
)
_NO_LINK = getattr(os, "O_NOFOLLOW", 0) | getattr(os, "O_CLOEXEC", 0) | getattr(os, "O_NOINHERIT", 0)
_BINARY = getattr(os, "O_BINARY", 0)
_NO_WAIT = getattr(os, "O_NONBLOCK", 0)  # opening a pipe would wait for a writer
_DIRECTORY = getattr(os, "O_DIRECTORY", 0)
_ENTER_ONLY = getattr(os, "O_PATH", 0)

_NAMING = threading.Lock()

PART = re.compile(r"^\.(?:[0-9a-f]{16}|skyferry-[0-9a-f]{8}-[0-9]+)\.skyferry-part$")
"""Files that are being written, by the driver, a download or a transfer: never listed."""

_SURROGATE = 0x20000000
"""The bit of a reparse tag that says: this name stands for another place. OneDrive's files have other tags.
learn.microsoft.com/windows/win32/api/winnt/nf-winnt-isreparsetagnamesurrogate"""


@dataclass(frozen=True, slots=True)
class Entry:
    """One file or folder in a folder, under its name on the disk. Links and devices are none."""

    name: str
    is_folder: bool


class Folder:
    """An open folder. `path` is for messages, the database, and systems that cannot work by descriptor."""

    def __init__(self, path: str, descriptor: int | None, *, to_list: bool = True) -> None:
        self.path = path
        self.descriptor = descriptor
        self._to_list = to_list

    @classmethod
    def root(cls, path: str, *, to_list: bool = True) -> Folder:
        """The folder the user has chosen; that one may be reached through links. OSError.

        `to_list=False`: it and those below need not be readable, only entered (which Linux alone can tell).
        """
        if not BY_DESCRIPTOR:
            if not os.path.isdir(names.at_any_length(path)):
                raise _no_folder(path)
            return cls(path, None)
        flags = _DIRECTORY | getattr(os, "O_CLOEXEC", 0)
        return cls(path, _entered(path, flags, None, to_list), to_list=to_list)

    def child(self, name: str) -> Folder:
        """A folder inside this one. NotADirectoryError for anything else, links included."""
        path = os.path.join(self.path, name)
        if self.descriptor is None:
            if not stat.S_ISDIR(self.look_at(name).st_mode):
                raise _no_folder(path)
            return Folder(path, None)
        try:
            descriptor = _entered(name, _DIRECTORY | _NO_LINK, self.descriptor, self._to_list)
            return Folder(path, descriptor, to_list=self._to_list)
        except OSError as error:
            if error.errno in (errno.ELOOP, errno.ENOTDIR):
                raise _no_folder(path) from error
            raise

    def below(self, parts: Sequence[str], make: Callable[[Folder, str], None] | None = None) -> Folder:
        """The folder at the end of a path of names. `make(folder, name)` is called for what is missing."""
        folder = self._again()
        for name in parts:
            try:
                try:
                    following = folder.child(name)
                except FileNotFoundError:
                    if make is None:
                        raise
                    make(folder, name)
                    following = folder.child(name)
            finally:
                folder.close()
            folder = following
        return folder

    def entries(self) -> Iterator[Entry]:
        """Files and folders in no order: one read of the folder, no look at each file."""
        with os.scandir(self.target) as found:
            for entry in found:
                if entry.is_dir(follow_symlinks=False):
                    if self.descriptor is not None or not _leads_away(entry.stat(follow_symlinks=False)):
                        yield Entry(entry.name, True)
                elif entry.is_file(follow_symlinks=False) and not PART.match(entry.name):
                    yield Entry(entry.name, False)

    @property
    def target(self) -> int | str:
        """What to ask the system about: the descriptor, or the path where there are none."""
        return names.at_any_length(self.path) if self.descriptor is None else self.descriptor

    def status(self) -> os.stat_result:
        """The folder's own state."""
        return os.stat(self.target)

    def is_empty(self) -> bool:
        """Whether there is nothing at all in it, hidden and odd things included."""
        with os.scandir(self.target) as found:
            return next(found, None) is None

    def look_at(self, name: str) -> os.stat_result:
        """The state of a file or folder; a link is described itself. NotADirectoryError for a junction."""
        if self.descriptor is not None:
            return os.stat(name, dir_fd=self.descriptor, follow_symlinks=False)
        status = os.lstat(self._at(name))
        if _leads_away(status):
            raise _no_folder(os.path.join(self.path, name))
        return status

    def open(self, name: str) -> int:
        """A descriptor for reading a regular file. FileNotFoundError for anything else, links included."""
        if not stat.S_ISREG(self.look_at(name).st_mode):
            raise FileNotFoundError(errno.ENOENT, os.strerror(errno.ENOENT), os.path.join(self.path, name))
        descriptor = os.open(
            self._at(name), os.O_RDONLY | _NO_LINK | _NO_WAIT | _BINARY, dir_fd=self.descriptor
        )
        if stat.S_ISREG(os.fstat(descriptor).st_mode):
            return descriptor
        os.close(descriptor)  # somebody put a pipe or a folder in its place a moment ago
        raise FileNotFoundError(errno.ENOENT, os.strerror(errno.ENOENT), os.path.join(self.path, name))

    def create_part(self) -> tuple[str, int]:
        """A new hidden file with a name of its own, for content that is not complete."""
        name = f".{secrets.token_hex(8)}.skyferry-part"
        return name, self.create(name)

    def create(self, name: str) -> int:
        """A descriptor for writing a new file. FileExistsError when anything, a link too, has the name."""
        flags = os.O_WRONLY | os.O_CREAT | os.O_EXCL | _NO_LINK | _BINARY
        return os.open(self._at(name), flags, 0o666, dir_fd=self.descriptor)

    def reopen(self, name: str) -> int:
        """A descriptor for reading and writing a file that was made here before.

        FileNotFoundError for anything else: a link, a pipe, or a file that has a second name somewhere.
        """
        missing = FileNotFoundError(errno.ENOENT, os.strerror(errno.ENOENT), os.path.join(self.path, name))
        if not stat.S_ISREG(self.look_at(name).st_mode):
            raise missing
        try:
            flags = os.O_RDWR | _NO_LINK | _NO_WAIT | _BINARY
            descriptor = os.open(self._at(name), flags, dir_fd=self.descriptor)
        except OSError as error:
            if error.errno in (errno.ELOOP, errno.ENXIO):  # exchanged a moment ago
                raise missing from error
            raise
        status = os.fstat(descriptor)
        if stat.S_ISREG(status.st_mode) and status.st_nlink <= 1:
            return descriptor
        os.close(descriptor)
        raise missing

    def put_in_place(self, part: str, name: str, only_new: bool) -> None:
        """Give a part file its name, whole, in one step. FileExistsError when `only_new` and it is taken."""
        if only_new:
            try:
                os.link(
                    self._at(part), self._at(name), src_dir_fd=self.descriptor, dst_dir_fd=self.descriptor,
                    follow_symlinks=self.descriptor is None,
                )  # fmt: skip
                self.remove(part)
                return
            except FileExistsError:
                raise
            except OSError:
                # A file system without hard links (exFAT): the next best. Our own threads wait for each
                # other; for another program there is a gap of microseconds.
                with _NAMING:
                    if self.has(name):
                        raise FileExistsError(errno.EEXIST, os.strerror(errno.EEXIST), name) from None
                    self._rename(part, name)
                return
        self._rename(part, name)

    def _rename(self, part: str, name: str) -> None:
        os.replace(self._at(part), self._at(name), src_dir_fd=self.descriptor, dst_dir_fd=self.descriptor)

    def has(self, name: str) -> bool:
        """Whether anything has this name, links and devices included."""
        try:
            self.look_at(name)
        except FileNotFoundError:
            return False
        except NotADirectoryError:
            return True
        return True

    def make(self, name: str) -> None:
        """Make a folder. FileExistsError."""
        os.mkdir(self._at(name), dir_fd=self.descriptor)

    def remove(self, name: str) -> None:
        """Remove a file."""
        os.unlink(self._at(name), dir_fd=self.descriptor)

    def remove_folder(self, name: str) -> None:
        """Remove an empty folder."""
        os.rmdir(self._at(name), dir_fd=self.descriptor)

    def move_to(self, name: str, path: str) -> None:
        """Move a file to a path outside, on the same file system."""
        os.replace(self._at(name), path, src_dir_fd=self.descriptor)

    def close(self) -> None:
        """Give the descriptor back."""
        if self.descriptor is not None:
            os.close(self.descriptor)
            self.descriptor = None

    def __enter__(self) -> Folder:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def _at(self, name: str) -> str:
        if self.descriptor is not None:
            return name
        return names.at_any_length(os.path.join(self.path, name))

    def _again(self) -> Folder:
        descriptor = None if self.descriptor is None else os.dup(self.descriptor)
        return Folder(self.path, descriptor, to_list=self._to_list)


def _entered(path: str, flags: int, inside: int | None, to_list: bool) -> int:
    try:
        return os.open(path, os.O_RDONLY | flags, dir_fd=inside)
    except PermissionError:
        if to_list or not _ENTER_ONLY:
            raise
        return os.open(path, _ENTER_ONLY | flags, dir_fd=inside)


@contextmanager
def opened(descriptor: int) -> Iterator[int]:
    """A descriptor that is closed at the end."""
    try:
        yield descriptor
    finally:
        os.close(descriptor)


def write_all(descriptor: int, data: bytes) -> None:
    """Write every byte. OSError."""
    view = memoryview(data)
    while view:
        view = view[os.write(descriptor, view) :]


def keep_private(database: str) -> None:
    """Make an SQLite file where there is none, and close it to everybody but its owner. OSError.

    SQLite would make it as the umask says; what it puts beside the file gets the file's mode. A file that is
    there is not opened: closing it would end the locks that this process holds on it.
    https://www.sqlite.org/howtocorrupt.html#_posix_advisory_locks_canceled_by_a_separate_thread_doing_close_
    """
    with suppress(FileExistsError):
        os.close(os.open(database, os.O_RDWR | os.O_CREAT | os.O_EXCL | _BINARY, 0o600))
    for ending in ("", "-wal", "-shm", "-journal"):
        with suppress(FileNotFoundError):
            if os.stat(database + ending).st_mode & 0o077:
                os.chmod(database + ending, 0o600)


def _leads_away(status: os.stat_result) -> bool:
    """Whether Windows would go elsewhere here: a junction, a mount point, a link."""
    return bool(getattr(status, "st_reparse_tag", 0) & _SURROGATE)


def _no_folder(path: str) -> NotADirectoryError:
    return NotADirectoryError(errno.ENOTDIR, os.strerror(errno.ENOTDIR), path)
