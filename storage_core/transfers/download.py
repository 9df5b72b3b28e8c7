"""Objects into files: into a part file beside the target, synced, then put in place whole; large ones in
ranges.
"""

from __future__ import annotations

import contextlib
import hashlib
import os
import threading
from datetime import UTC, datetime

from storage_core import names
from storage_core.base import Object, Part, StorageDriver
from storage_core.base.downloading import PART_SUFFIX, local_error, read
from storage_core.base.uploading import PART, WHOLE_MAX
from storage_core.capabilities import MIB
from storage_core.errors import (
    LibcloudError,
    LocalFileError,
    ObjectChangedError,
    ObjectHashMismatchError,
    RangeIgnoredError,
)
from storage_core.transfers.conflicts import judge, rename_target
from storage_core.transfers.jobs import Ask, Done, Meter, Skipped, Work
from storage_core.transfers.journal import pack
from storage_core.transfers.large import LargeFile
from storage_core.transfers.sources import FileSource, compare, is_same, stamp_of
from storage_core.transfers.specs import Conflict

Outcome = Done | Skipped | Ask | LargeFile


def part_path(work: Work) -> str:
    """The item's part file: in the target's folder, of a name that is known again after a crash."""
    return os.path.join(os.path.dirname(work.item.target), f".skyferry-{work.part_path_token}{PART_SUFFIX}")


def begin(work: Work, meter: Meter) -> Outcome:
    """Download one object, or the first step of it."""
    item = work.item
    try:
        if item.source.endswith("/") and not item.size:  # a folder's marker
            os.makedirs(item.target, exist_ok=True)
            return Done(0, "size only", folder=os.path.dirname(item.target))
        os.makedirs(os.path.dirname(item.target), exist_ok=True)
        return _begin(work, meter)
    except OSError as error:
        if isinstance(error, LibcloudError):
            raise
        raise local_error(error, item.target) from error


def _begin(work: Work, meter: Meter) -> Outcome:
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
            return _ranges(work, obj, driver)
        except RangeIgnoredError:  # then as one stream, whose hash is checked as it passes
            discard(work)
    with contextlib.suppress(FileNotFoundError):
        os.unlink(part_path(work))  # of an attempt that a crash ended
    try:
        return _whole(work, meter, obj, driver)
    except ObjectChangedError:  # since the folder was listed
        return _whole(work, meter, driver.get_object(ref.container, item.source), driver)


def _taken(work: Work, obj: Object, driver: StorageDriver) -> Done | Skipped | Ask | None:
    """There is a file already: the verdict, or None when the way is free."""
    path = work.item.target
    if os.path.isdir(path) and not os.path.islink(path):
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


def _whole(work: Work, meter: Meter, obj: Object, driver: StorageDriver) -> Done | Skipped | Ask:
    part = part_path(work)
    digest = hashlib.md5(usedforsecurity=False)
    size = 0
    try:
        with open(part, "wb", buffering=0) as file:
            for piece in read(driver, obj, 0, None, meter):
                digest.update(piece)
                write_all(file.fileno(), piece)
                size += len(piece)
            os.fsync(file.fileno())
        verified = f"md5 {digest.hexdigest()}" if digest.hexdigest() == obj.hash else "size only"
        return _finish(work, part, obj, driver, Done(size, verified, work.item.note))
    finally:
        with contextlib.suppress(FileNotFoundError):
            os.unlink(part)


def write_all(descriptor: int, data: bytes) -> None:
    """os.write until nothing is left."""
    view = memoryview(data)
    while view:
        view = view[os.write(descriptor, view) :]


def _finish(work: Work, part: str, obj: Object, driver: StorageDriver, done: Done) -> Done | Skipped | Ask:
    """Put a complete, synced part file in place."""
    while True:
        path = work.item.target
        work.item.doubt = True
        try:
            _put_in_place(part, path, replace=work.decision is Conflict.REPLACE)
        except FileExistsError:  # the name was taken while we were at it
            work.item.doubt = False
            if verdict := _taken(work, obj, driver):
                return verdict
            continue
        return Done(done.size, done.verified, done.note, os.path.dirname(path))


def _put_in_place(part: str, final: str, *, replace: bool) -> None:
    if not replace:
        try:
            os.link(part, final)  # fails when the name is taken, unlike a rename
        except FileExistsError:
            raise
        except OSError as error:  # a file system without hard links
            if os.path.lexists(final):
                raise FileExistsError(final) from error
        else:
            os.unlink(part)
            return
    os.replace(part, final)


def discard(work: Work) -> None:
    """Remove the item's part file."""
    with contextlib.suppress(FileNotFoundError, NotADirectoryError):
        os.unlink(part_path(work))
    if work.item.part_size:
        work.item.part_size = 0
        work.journal.write("DELETE FROM parts WHERE item=?", work.item.id)
        work.journal.write("UPDATE items SET part_size=0 WHERE id=?", work.item.id)


# -- large ones --


def _ranges(work: Work, obj: Object, driver: StorageDriver) -> LargeFile:
    item = work.item
    path = part_path(work)
    with driver.open_object(obj, 0, 1) as download:
        md5 = download.md5
    safe: set[int] = set()
    if item.part_size:
        same = (item.size, item.stamp) == (obj.size, stamp_of(obj)) and bool(item.stamp)
        if same and os.path.exists(path):
            safe = set(work.journal.parts(item.id))
        else:
            item.note = "The object had changed since the interruption; fetched again from the start."
    if not safe:
        item.size, item.stamp, item.part_size = obj.size, stamp_of(obj), PART
        work.journal.begin_parts(item.id, size=item.size, stamp=item.stamp, part_size=PART, others="")
        with open(path, "wb") as file:
            file.truncate(obj.size)
    return RangesDown(work, obj, driver, path, safe, md5)


class RangesDown(LargeFile):
    """A download in ranges of one version of an object, into one part file."""

    def __init__(
        self, work: Work, obj: Object, driver: StorageDriver, path: str, safe: set[int], md5: str
    ) -> None:
        super().__init__(work, obj.size, work.item.part_size, safe)
        self.obj = obj
        self.driver = driver
        self.path = path
        self._md5 = md5
        self._lock = threading.Lock()
        self._safe = safe
        self._digest = hashlib.md5(usedforsecurity=False)
        self._hashed = 0  # parts from the first on

    def run(self, number: int, meter: Meter) -> None:
        start, size = self.extent(number)
        try:
            with open(self.path, "r+b", buffering=0) as file:
                file.seek(start)
                for piece in read(self.driver, self.obj, start, start + size, meter):
                    write_all(file.fileno(), piece)
                os.fsync(file.fileno())
        except OSError as error:
            if isinstance(error, LibcloudError):
                raise
            raise local_error(error, self.work.item.target) from error
        self.work.journal.add_part(self.work.item.id, Part(number, "", size))
        self._safe.add(number)
        self._hash_on()

    def _hash_on(self) -> None:
        """Hash what has become contiguous, while the other parts move; the page cache has it still."""
        if not self._md5 or not self._lock.acquire(blocking=False):
            return
        try:
            with open(self.path, "rb", buffering=0) as file:
                while self._hashed + 1 in self._safe:
                    start, size = self.extent(self._hashed + 1)
                    file.seek(start)
                    while size:
                        piece = file.read(min(size, MIB))
                        if not piece:
                            raise LocalFileError(f"{self.path} became shorter.", path=self.path)
                        self._digest.update(piece)
                        size -= len(piece)
                    self._hashed += 1
        finally:
            self._lock.release()

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
        try:
            outcome = _finish(self.work, self.path, self.obj, self.driver, done)
        except OSError as error:
            if isinstance(error, LibcloudError):
                raise
            raise local_error(error, self.work.item.target) from error
        if not isinstance(outcome, Done | Ask):
            discard(self.work)
        return outcome

    def close(self) -> None:
        """The part file stays for a later run."""
