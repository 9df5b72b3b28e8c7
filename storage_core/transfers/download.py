"""Objects into files: into a part file beside the target, synced, then put in place whole; large ones in
ranges.

Below the folder that the user chose no link is followed: see `storage_core.folders`.
"""

from __future__ import annotations

import contextlib
import hashlib
import os
import threading
from collections.abc import Iterator
from datetime import UTC, datetime

from storage_core import names
from storage_core.base import Object, Part, StorageDriver
from storage_core.base.downloading import PART_SUFFIX, local_error, make_folder, read
from storage_core.base.uploading import PART, WHOLE_MAX
from storage_core.capabilities import MIB
from storage_core.errors import (
    LibcloudError,
    LocalFileError,
    ObjectChangedError,
    ObjectHashMismatchError,
    RangeIgnoredError,
)
from storage_core.folders import Folder, opened, write_all
from storage_core.transfers.conflicts import judge, rename_target
from storage_core.transfers.jobs import Ask, Done, Meter, Skipped, Work
from storage_core.transfers.journal import pack
from storage_core.transfers.large import LargeFile
from storage_core.transfers.sources import FileSource, compare, is_same, stamp_of
from storage_core.transfers.specs import Conflict, DownloadSpec

Outcome = Done | Skipped | Ask | LargeFile


def part_name(work: Work) -> str:
    """The item's part file in the target's folder: a name that is known again after a crash."""
    return f".skyferry-{work.part_path_token}{PART_SUFFIX}"


def begin(work: Work, meter: Meter) -> Outcome:
    """Download one object, or the first step of it."""
    item = work.item
    is_marker = item.source.endswith("/") and not item.size
    with _typed(work), _place(work, whole=is_marker) as folder:
        if is_marker:
            return Done(0, "size only", folder=os.path.dirname(item.target))
        return _begin(work, meter, folder)


@contextlib.contextmanager
def _typed(work: Work) -> Iterator[None]:
    try:
        yield
    except OSError as error:
        if isinstance(error, LibcloudError):
            raise
        raise local_error(error, work.item.target) from error


@contextlib.contextmanager
def _place(work: Work, *, whole: bool = False, make: bool = True) -> Iterator[Folder]:
    """The folder that the item goes into, open; `whole`: the item is a folder itself. OSError."""
    spec = work.job.spec
    if not isinstance(spec, DownloadSpec):
        raise TypeError("only a download goes to this computer")
    parts = os.path.relpath(_plain(work.item.target), _plain(os.path.abspath(spec.folder))).split(os.sep)
    if make:
        os.makedirs(spec.folder, exist_ok=True)
    if os.pardir in parts:  # only somebody else's hand in the journal could do that
        raise LocalFileError(f"{work.item.target} is not below {spec.folder}.", path=work.item.target)
    above = parts if whole else parts[:-1]
    with (
        Folder.root(spec.folder, to_list=False) as chosen,
        chosen.below(above, make_folder if make else None) as folder,
    ):
        yield folder


def _plain(path: str) -> str:
    """Without the mark of a long Windows path."""
    if path.startswith("\\\\?\\UNC\\"):
        return "\\\\" + path.removeprefix("\\\\?\\UNC\\")
    return path.removeprefix("\\\\?\\")


def _begin(work: Work, meter: Meter, folder: Folder) -> Outcome:
    item, ref = work.item, work.source_ref
    driver = work.driver(ref.account)
    container = driver.open_container(ref.container)
    is_large = item.size > WHOLE_MAX and driver.capabilities.ranged_reads
    etag, _, version = item.stamp.partition(" ") if " " in item.stamp else ("", "", "")
    obj = Object(item.source, item.size, etag, None, None, container, driver, etag=etag, version=version)
    if is_large or item.doubt:
        obj = driver.get_object(ref.container, item.source)
    if os.path.lexists(item.target) and (verdict := _taken(work, obj, driver)):
        if not isinstance(verdict, Ask):
            discard(work)
        return verdict
    if is_large:
        try:
            return _ranges(work, obj, driver, folder)
        except RangeIgnoredError:  # then as one stream, whose hash is checked as it passes
            discard(work)
    _clear(folder, work)  # of an attempt that a crash ended
    try:
        return _whole(work, meter, obj, driver, folder)
    except ObjectChangedError:  # since the folder was listed
        return _whole(work, meter, driver.get_object(ref.container, item.source), driver, folder)


def _taken(work: Work, obj: Object, driver: StorageDriver) -> Done | Skipped | Ask | None:
    """There is a file already: the verdict, or None when the way is free."""
    path = work.item.target
    is_folder = os.path.isdir(path) and not os.path.islink(path)
    if is_folder and work.decision is not Conflict.KEEP_BOTH:
        raise LocalFileError(f"{path} is a folder; a file of this name cannot be put there.", path=path)
    if work.decision is Conflict.REPLACE and not work.item.doubt:
        return None
    status = os.lstat(path)
    same: bool | None = None
    if os.path.isfile(path) and not os.path.islink(path):
        there = FileSource(path)
        try:
            if work.item.doubt and is_same(there, obj, driver):
                # Put in place, and the crash came before it was written down.
                return Done(obj.size, f"md5 {obj.hash}" if compare(there, obj, driver) else "size only",
                            work.item.note, os.path.dirname(path))  # fmt: skip
            if work.decision is Conflict.REPLACE_IF_DIFFERENT:
                same = compare(there, obj, driver)
                if same is None and obj.modified and there.modified:
                    same = there.modified >= obj.modified
        finally:
            there.close()
    if work.decision is Conflict.REPLACE:
        return None
    if work.decision is Conflict.KEEP_BOTH:
        rename_target(work, names.free_name(path, lambda name: _is_claimed(work, name)))
        return None
    if work.decision is Conflict.ASK and obj.modified is None:
        obj = driver.get_object(work.source_ref.container, work.item.source)  # for the question
    modified = datetime.fromtimestamp(status.st_mtime, UTC)
    return judge(
        work, source_size=obj.size, source_modified=obj.modified,
        target_size=status.st_size, target_modified=modified, same=bool(same),
    )  # fmt: skip


def _is_claimed(work: Work, path: str) -> bool:
    claimed = work.journal.read(
        "SELECT 1 FROM items WHERE job=? AND target=? AND id<>?", work.job.id, pack(path), work.item.id
    )
    return bool(claimed) or os.path.lexists(path)


def _whole(
    work: Work, meter: Meter, obj: Object, driver: StorageDriver, folder: Folder
) -> Done | Skipped | Ask:
    digest = hashlib.md5(usedforsecurity=False)
    size = 0
    descriptor = folder.create(part_name(work))
    try:
        with opened(descriptor):
            for piece in read(driver, obj, 0, None, meter):
                digest.update(piece)
                write_all(descriptor, piece)
                size += len(piece)
            os.fsync(descriptor)
        verified = f"md5 {digest.hexdigest()}" if digest.hexdigest() == obj.hash else "size only"
        return _finish(work, obj, driver, Done(size, verified, work.item.note), folder)
    finally:
        _clear(folder, work)


def _clear(folder: Folder, work: Work) -> None:
    """Remove whatever has the name of the item's part file."""
    with contextlib.suppress(FileNotFoundError):
        folder.remove(part_name(work))


def _finish(
    work: Work, obj: Object, driver: StorageDriver, done: Done, folder: Folder
) -> Done | Skipped | Ask:
    """Put a complete, synced part file in place."""
    while True:
        path = work.item.target
        work.item.doubt = True
        try:
            only_new = work.decision is not Conflict.REPLACE
            folder.put_in_place(part_name(work), os.path.basename(path), only_new=only_new)
        except FileExistsError:  # the name was taken while we were at it
            work.item.doubt = False
            if verdict := _taken(work, obj, driver):
                return verdict
            continue
        return Done(done.size, done.verified, done.note, os.path.dirname(path))


def discard(work: Work) -> None:
    """Remove the item's part file."""
    with contextlib.suppress(FileNotFoundError, NotADirectoryError), _place(work, make=False) as folder:
        _clear(folder, work)
    if work.item.part_size:
        work.item.part_size = 0
        work.journal.write("DELETE FROM parts WHERE item=?", work.item.id)
        work.journal.write("UPDATE items SET part_size=0 WHERE id=?", work.item.id)


# -- large ones --


def _ranges(work: Work, obj: Object, driver: StorageDriver, folder: Folder) -> LargeFile:
    item = work.item
    with driver.open_object(obj, 0, 1) as download:
        md5 = download.md5
    safe: set[int] = set()
    if item.part_size:
        same = (item.size, item.stamp) == (obj.size, stamp_of(obj)) and bool(item.stamp)
        if same and _is_there(folder, work):
            safe = set(work.journal.parts(item.id))
        elif same:
            item.note = "What had arrived before the interruption was gone; fetched again from the start."
        else:
            item.note = "The object had changed since the interruption; fetched again from the start."
    if not safe:
        item.size, item.stamp, item.part_size = obj.size, stamp_of(obj), PART
        work.journal.begin_parts(item.id, size=item.size, stamp=item.stamp, part_size=PART, others="")
        _clear(folder, work)
        with opened(folder.create(part_name(work))) as descriptor:
            os.truncate(descriptor, obj.size)
    return RangesDown(work, obj, driver, safe, md5)


def _is_there(folder: Folder, work: Work) -> bool:
    """Whether the part file is the one that an earlier run made."""
    try:
        os.close(folder.reopen(part_name(work)))
    except OSError:
        return False
    return True


class RangesDown(LargeFile):
    """A download in ranges of one version of an object, into one part file."""

    def __init__(self, work: Work, obj: Object, driver: StorageDriver, safe: set[int], md5: str) -> None:
        super().__init__(work, obj.size, work.item.part_size, safe)
        self.obj = obj
        self.driver = driver
        self._md5 = md5
        self._lock = threading.Lock()
        self._safe = safe
        self._digest = hashlib.md5(usedforsecurity=False)
        self._hashed = 0  # parts from the first on

    def run(self, number: int, meter: Meter) -> None:
        start, size = self.extent(number)
        with _typed(self.work), self._opened() as descriptor:
            os.lseek(descriptor, start, os.SEEK_SET)
            for piece in read(self.driver, self.obj, start, start + size, meter):
                write_all(descriptor, piece)
            os.fsync(descriptor)
        self.work.journal.add_part(self.work.item.id, Part(number, "", size))
        self._safe.add(number)
        self._hash_on()

    def _hash_on(self) -> None:
        """Hash what has become contiguous, while the other parts move; the page cache has it still."""
        if not self._md5 or not self._lock.acquire(blocking=False):
            return
        try:
            with self._opened() as descriptor:
                while self._hashed + 1 in self._safe:
                    start, size = self.extent(self._hashed + 1)
                    os.lseek(descriptor, start, os.SEEK_SET)
                    while size:
                        piece = os.read(descriptor, min(size, MIB))
                        if not piece:
                            path = os.path.join(os.path.dirname(self.work.item.target), part_name(self.work))
                            raise LocalFileError(f"{path} became shorter.", path=path)
                        self._digest.update(piece)
                        size -= len(piece)
                    self._hashed += 1
        finally:
            self._lock.release()

    @contextlib.contextmanager
    def _opened(self) -> Iterator[int]:
        with _place(self.work) as folder, opened(folder.reopen(part_name(self.work))) as descriptor:
            yield descriptor

    def finish(self, meter: Meter) -> Done | Skipped | Ask:
        self._hash_on()
        meter.check()
        if self._md5 and self._digest.hexdigest() != self._md5:
            discard(self.work)
            raise ObjectHashMismatchError(
                f"{self.obj.name!r} did not arrive as it is stored: "
                f"MD5 {self._digest.hexdigest()} here, {self._md5} there.",
                self.driver,
                self.obj.name,
            )
        done = Done(self.size, f"md5 {self._md5}" if self._md5 else "size only", self.work.item.note)
        with _typed(self.work), _place(self.work) as folder:
            outcome = _finish(self.work, self.obj, self.driver, done, folder)
        if not isinstance(outcome, Done | Ask):
            discard(self.work)
        return outcome

    def close(self) -> None:
        """The part file stays for a later run."""
