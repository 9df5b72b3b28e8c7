"""Where the bytes of an upload or a streamed copy come from, and whether the same bytes are at the target
already.
"""

from __future__ import annotations

import hashlib
import os
import re
import stat
import threading
from abc import ABC, abstractmethod
from collections.abc import Iterator
from datetime import UTC, datetime
from math import ceil

from storage_core import names
from storage_core.attributes import Attributes
from storage_core.base import Object, StorageDriver
from storage_core.base.downloading import read, serves_ranges
from storage_core.base.uploading import part_size_for
from storage_core.body import Body, FileBody, StreamBody, Watch
from storage_core.capabilities import MIB
from storage_core.errors import (
    ConnectionLostError,
    LocalFileError,
    ObjectDoesNotExistError,
    SourceChangedError,
)
from storage_core.folders import Folder

COMPARE_MAX = 64 * MIB  # up to here bytes are compared where no hash can be
_MD5 = re.compile("[0-9a-f]{32}")


def is_md5(text: str) -> bool:
    """Whether this can be a hex MD5. A hash that is none never equals one, so a match is proof; a mismatch is
    not.
    """
    return bool(_MD5.fullmatch(text))


class Source(ABC):
    """Bytes of known size that must not change while they are sent."""

    size: int
    stamp: str
    modified: datetime | None
    attributes: Attributes
    etag = ""

    @abstractmethod
    def slice(self, start: int, size: int) -> bytearray:
        """Exactly these bytes; SourceChangedError or a NetworkError otherwise."""

    @abstractmethod
    def body(self, watch: Watch) -> Body:
        """All bytes, for one request."""

    @abstractmethod
    def md5(self) -> str:
        """Hex MD5 of the content, "" where it cannot be had without a download."""

    @abstractmethod
    def check(self) -> None:
        """SourceChangedError when it is not what it was when it was opened."""

    def close(self) -> None:
        """Nothing to close here."""

    def begin_sequence(self) -> None:
        """Slices will be asked for from the first byte to the last, by several threads, each once."""

    def abandon(self) -> None:
        """A slice of the sequence will never be asked for: nobody shall wait for it."""

    @property
    def verified(self) -> str:
        """Hex MD5 that the whole sequence was checked against, "" when it was not."""
        return ""

    def pieces(self) -> Iterator[bytes]:
        """All bytes, a MiB at a time."""
        for start in range(0, self.size, MIB):
            yield bytes(self.slice(start, min(MIB, self.size - start)))

    def composite(self, part_size: int) -> str:
        """The ETag that S3 gives to an upload in parts of this size."""
        digests = b""
        for start in range(0, self.size, part_size):
            digest = hashlib.md5(usedforsecurity=False)
            for at in range(start, min(start + part_size, self.size), MIB):
                digest.update(self.slice(at, min(MIB, start + part_size - at, self.size - at)))
            digests += digest.digest()
        return composite_etag(digests)


class FileSource(Source):
    """A regular file of this computer; other things are refused, symbolic links are not followed."""

    def __init__(self, path: str, attributes: Attributes | None = None, *, top: str = "") -> None:
        """LocalFileError when it is not there, not allowed or no regular file.

        `top`: a folder above, below which no link is followed; "": the way to the file may have links.
        """
        self.path = path
        self.attributes = attributes or Attributes()
        try:
            self._file = os.fdopen(_opened(path, top or os.path.dirname(path)), "rb", buffering=0)
            self._state = os.fstat(self._file.fileno())
        except OSError as error:
            raise LocalFileError(
                f"{path} could not be read: {error.strerror or error}.", path=path, errno=error.errno or 0
            ) from error
        if not stat.S_ISREG(self._state.st_mode):
            self._file.close()
            raise LocalFileError(f"{path} is not a regular file.", path=path)
        self.size = self._state.st_size
        self.stamp = str(self._state.st_mtime_ns)
        self.modified = datetime.fromtimestamp(self._state.st_mtime, UTC)
        self._lock = threading.Lock()

    def slice(self, start: int, size: int) -> bytearray:
        data = bytearray(size)
        view = memoryview(data)
        try:
            with self._lock:  # one position for all threads; the page cache makes the wait short
                self._file.seek(start)
                while view:
                    count = self._file.readinto(view)
                    if not count:
                        raise SourceChangedError(f"{self.path} became shorter while it was being sent.")
                    view = view[count:]
        except OSError as error:
            raise LocalFileError(
                f"{self.path} could not be read: {error.strerror or error}.",
                path=self.path,
                errno=error.errno or 0,
            ) from error
        return data

    def body(self, watch: Watch) -> Body:
        return FileBody(self._file, 0, self.size, watch, at_end=self.check)

    def md5(self) -> str:
        digest = hashlib.md5(usedforsecurity=False)
        for piece in self.pieces():
            digest.update(piece)
        return digest.hexdigest()

    def check(self) -> None:
        try:
            now: os.stat_result | None = os.lstat(names.at_any_length(self.path))
        except OSError:
            now = None
        if now is None or any(_key(one) != _key(self._state) for one in (now, os.fstat(self._file.fileno()))):
            what = "vanished" if now is None else "changed"
            raise SourceChangedError(f"{self.path} {what} while it was being sent. Nothing was stored.")

    def close(self) -> None:
        self._file.close()


class ObjectSource(Source):
    """A stored object, pinned to the version that was looked at."""

    def __init__(self, driver: StorageDriver, obj: Object, attributes: Attributes) -> None:
        self.obj = obj
        self.attributes = attributes
        self.size = obj.size
        self.stamp = stamp_of(obj)
        self.modified = obj.modified
        self.etag = obj.etag
        self._driver = driver
        self._turn = threading.Condition()
        self._sequence: StreamBody | None = None
        self._digest = ""

    def slice(self, start: int, size: int) -> bytearray:
        with self._turn:
            while self._sequence is not None and self._sequence.sent != start:
                self._turn.wait()
            if self._sequence is not None:
                return self._next_slice(self._sequence, start, size)
        end = None if (start, size) == (0, self.size) else start + size  # the whole is checked by its hash
        return self._filled(StreamBody(read(self._driver, self.obj, start, end)), size)

    def begin_sequence(self) -> None:
        # A range has no hash to check it with: where the whole has one, it is read as one stream, the parts
        # cut from it. So is what cannot be read in ranges.
        if is_md5(self.obj.hash) or not serves_ranges(self._driver, self.obj):
            self._sequence = StreamBody(self.pieces(), self.size)

    def abandon(self) -> None:
        with self._turn:
            self._sequence = None
            self._turn.notify_all()

    @property
    def verified(self) -> str:
        return self._digest

    def _next_slice(self, sequence: StreamBody, start: int, size: int) -> bytearray:
        try:
            data = self._filled(sequence, size)
            if start + size == self.size:
                sequence.read(1)  # reading on makes the reader compare the hash
                self._digest = sequence.md5 if sequence.md5 == self.obj.hash else ""
        except BaseException:
            self._sequence = None
            raise
        finally:
            self._turn.notify_all()
        return data

    def _filled(self, body: StreamBody, size: int) -> bytearray:
        data = bytearray(size)
        at = 0
        while at < size and (piece := body.read(size - at)):
            data[at : at + len(piece)] = piece
            at += len(piece)
        if at != size:
            raise ConnectionLostError(f"Only {at} of {size} bytes of {self.obj.name!r} arrived.")
        if size == self.size:
            body.read(1)  # as above
        return data

    def pieces(self) -> Iterator[bytes]:
        return read(self._driver, self.obj)

    def body(self, watch: Watch) -> Body:
        return StreamBody(self.pieces(), self.size, watch)

    def md5(self) -> str:
        return self.obj.hash if is_md5(self.obj.hash) else ""

    def check(self) -> None:
        """Each read is pinned: the service refuses when it changed."""


def _opened(path: str, top: str) -> int:
    parts = os.path.relpath(path, top or os.curdir).split(os.sep)
    with Folder.root(top or os.curdir, to_list=False) as chosen, chosen.below(parts[:-1]) as folder:
        return folder.open(parts[-1])


def _key(status: os.stat_result) -> tuple[int, int, int, int]:
    return status.st_size, status.st_mtime_ns, status.st_ino, status.st_dev


def stamp_of(obj: Object) -> str:
    """What tells one content of an object from another: ETag and version, else its time."""
    if obj.etag or obj.version:
        return f"{obj.etag} {obj.version}"
    return obj.modified.isoformat() if obj.modified else ""


def find(driver: StorageDriver, container: str, name: str) -> Object | None:
    """The object, or None when there is none."""
    try:
        return driver.get_object(container, name)
    except ObjectDoesNotExistError:
        return None


def composite_etag(digests: bytes) -> str:
    """S3's ETag of an object in parts, from the parts' MD5s (16 bytes each) one after the other."""
    return f"{hashlib.md5(digests, usedforsecurity=False).hexdigest()}-{len(digests) // 16}"


def manifest_etag(digests: bytes) -> str:
    """Swift's ETag of an object of segments: the MD5 of their MD5s in hex, one after the other."""
    return hashlib.md5(digests.hex().encode(), usedforsecurity=False).hexdigest()


def compare(source: Source, obj: Object, driver: StorageDriver) -> bool | None:
    """Whether an object holds the source's bytes, told by size and hashes; None when they cannot tell."""
    if source.size != obj.size:
        return False
    if is_md5(obj.hash) and (mine := source.md5()):
        return mine == obj.hash
    if source.etag and source.etag == obj.etag:
        return True
    count = obj.etag.partition("-")[2]
    if isinstance(source, FileSource) and re.fullmatch("[1-9][0-9]{0,5}", count):
        part_size = part_size_for(source.size, driver.capabilities)
        if int(count) == ceil(source.size / part_size):
            return source.composite(part_size) == obj.etag or None
    return None


def is_same(source: Source, obj: Object, driver: StorageDriver) -> bool:
    """As `compare`; where hashes cannot tell, bytes do up to COMPARE_MAX. False when in doubt."""
    verdict = compare(source, obj, driver)
    if verdict is None and obj.size <= COMPARE_MAX:
        digests = [hashlib.md5(usedforsecurity=False), hashlib.md5(usedforsecurity=False)]
        for digest, pieces in zip(digests, (source.pieces(), read(driver, obj)), strict=True):
            for piece in pieces:
                digest.update(piece)
        return digests[0].digest() == digests[1].digest()
    return bool(verdict)
