"""One way to store a file or a stream through any driver: small content whole, large content in parts, all
verified.

Memory is bounded by one part. Parts up to BUFFER are read before they are sent, so that their hash goes with
them and a retry can send them again; larger ones (objects of many TiB) are sent from the file.
"""

from __future__ import annotations

import os
import stat
from collections.abc import Callable, Iterable, Iterator
from dataclasses import replace
from math import ceil
from typing import TYPE_CHECKING, BinaryIO

from storage_core import names
from storage_core.attributes import Attributes
from storage_core.base.objects import Container, Object, Part, Stored, Upload
from storage_core.body import Body, BytesBody, FileBody, Pieces, StreamBody, Watch
from storage_core.capabilities import MIB, Capabilities
from storage_core.errors import (
    LibcloudError,
    LocalFileError,
    ObjectHashMismatchError,
    ObjectTooLargeError,
    SourceChangedError,
)

if TYPE_CHECKING:
    from storage_core.base.driver import StorageDriver

WHOLE_MAX = 16 * MIB
"""Content up to this size goes in one request; it is in memory then."""
PART = 16 * MIB
BUFFER = 128 * MIB


def part_size_for(size: int, able: Capabilities) -> int:
    """Bytes per part for an object of known `size`: PART, grown in whole MiB until the count of parts fits.

    ObjectTooLargeError when the largest parts are not enough.
    """
    part = max(PART, able.part_size_min, ceil(size / able.part_count_max / MIB) * MIB)
    if part > able.part_size_max or size > able.object_size_max:
        raise ObjectTooLargeError(
            f"This service holds objects of at most {able.object_size_max} bytes; this one has {size}."
        )
    return part


def growing_part_sizes(able: Capabilities) -> Iterator[int]:
    """Bytes per part for a stream of unknown length: small first, so that memory stays small for most; at
    least 0.5 TiB.
    """
    for number in range(1, able.part_count_max + 1):
        if able.equal_parts:
            yield max(64 * MIB, able.part_size_min)
        else:
            yield max(PART if number <= 1000 else 32 * MIB if number <= 3000 else BUFFER, able.part_size_min)


# -- files --


def upload_file(
    driver: StorageDriver,
    path: str,
    container: Container,
    object_name: str,
    attributes: Attributes,
    *,
    verify: bool,
    only_new: bool,
    watch: Watch | None,
) -> Object:
    """See `StorageDriver.upload_object`."""
    try:
        with open(names.at_any_length(path), "rb") as file:
            source = _File(path, file)
            able = driver.capabilities
            if not able.parts or source.size <= WHOLE_MAX:
                body = source.body(0, source.size, watch)
                stored = driver.put_object(container, object_name, body, attributes, only_new=only_new)
                _verify(driver, container, object_name, body, stored, verify)
            else:
                part_size = part_size_for(source.size, able)
                bodies = (
                    source.body(start, min(part_size, source.size - start), watch)
                    for start in range(0, source.size, part_size)
                )
                check = source.check
                stored = _in_parts(
                    driver, container, object_name, attributes, bodies, verify, only_new, check
                )
    except OSError as error:
        if isinstance(error, LibcloudError):
            raise
        raise LocalFileError(
            f"{path} could not be read: {error.strerror or error}.", driver, path=path, errno=error.errno or 0
        ) from error
    return _object(driver, container, object_name, attributes, stored, source.size)


class _File:
    """An open regular file that must be the same one, unchanged, when its last byte has been read."""

    def __init__(self, path: str, file: BinaryIO) -> None:
        self.path = path
        self._file = file
        self._state = _state(os.fstat(file.fileno()))
        if not stat.S_ISREG(os.fstat(file.fileno()).st_mode):
            raise LocalFileError(f"{path} is not a regular file.", path=path)
        self.size = self._state[0]

    def body(self, start: int, size: int, watch: Watch | None) -> Body:
        """The slice as a body; buffered when it is small enough, and then checked at once."""
        if size > BUFFER:
            return FileBody(self._file, start, size, watch, at_end=self.check)
        self._file.seek(start)
        data = self._file.read(size)
        self.check()
        if len(data) != size:
            raise SourceChangedError(f"{self.path} could not be read to its end. Nothing was stored.")
        return BytesBody(data, watch)

    def check(self) -> None:
        """SourceChangedError when the file on disk is no longer the one that was opened."""
        try:
            now = _state(os.stat(names.at_any_length(self.path)))
        except OSError:
            now = None
        if now != self._state or _state(os.fstat(self._file.fileno())) != self._state:
            what = "vanished" if now is None else "changed"
            raise SourceChangedError(f"{self.path} {what} while it was being sent. Nothing was stored.")


def _state(status: os.stat_result) -> tuple[int, int, int, int]:
    return status.st_size, status.st_mtime_ns, status.st_ino, status.st_dev


# -- streams --


def upload_stream(
    driver: StorageDriver,
    pieces: Iterable[bytes],
    container: Container,
    object_name: str,
    attributes: Attributes,
    *,
    size: int | None,
    verify: bool,
    only_new: bool,
    watch: Watch | None,
) -> Object:
    """See `StorageDriver.upload_object_via_stream`."""
    able = driver.capabilities
    source = _Stream(pieces, size)
    if not able.parts:
        body: Body = StreamBody(source.all(), size, watch)
        stored = driver.put_object(container, object_name, body, attributes, only_new=only_new)
        _verify(driver, container, object_name, body, stored, verify)
        return _object(driver, container, object_name, attributes, stored, source.taken)
    if size is None:
        sizes = growing_part_sizes(able)
        first = source.take(next(sizes))
        whole = source.ended
    else:
        part_size = part_size_for(size, able)
        sizes = iter(lambda: part_size, 0)
        first = source.take(min(size, WHOLE_MAX) if size <= WHOLE_MAX else part_size)
        whole = size <= WHOLE_MAX
    if whole:
        source.check_end()
        body = BytesBody(first, watch)
        stored = driver.put_object(container, object_name, body, attributes, only_new=only_new)
        _verify(driver, container, object_name, body, stored, verify)
    else:
        bodies = source.bodies(first, sizes, watch)
        check = source.check_end
        stored = _in_parts(driver, container, object_name, attributes, bodies, verify, only_new, check)
    return _object(driver, container, object_name, attributes, stored, source.taken)


class _Stream:
    """An iterator of bytes, taken in parts, with its promised length kept in sight."""

    def __init__(self, pieces: Iterable[bytes], size: int | None) -> None:
        self._pieces = Pieces(_pieces(pieces))
        self._size = size
        self.taken = 0
        self.ended = False
        self._ahead = b""

    def take(self, count: int) -> bytearray:
        """Up to `count` bytes; fewer only at the end. One byte is read ahead so that `ended` is known in
        time.
        """
        data = bytearray(self._ahead)
        self._ahead = b""
        while len(data) < count:
            piece = self._pieces.take(count - len(data))
            if not piece:
                self.ended = True
                break
            data += piece
        if not self.ended:
            self._ahead = self._pieces.take(1)
            self.ended = not self._ahead
        self.taken += len(data)
        return data

    def bodies(self, first: bytearray, sizes: Iterator[int], watch: Watch | None) -> Iterator[Body]:
        """The rest in parts, after a first part that was taken already."""
        yield BytesBody(first, watch)
        while not self.ended:
            size = next(sizes, 0)
            if not size:
                raise ObjectTooLargeError(
                    f"The stream did not end within {self.taken} bytes, the most this service takes when its "
                    "length is not known beforehand. Give ex_size. Nothing was stored."
                )
            data = self.take(size)
            if self._size is not None and self.taken > self._size:
                self.check_end()
            yield BytesBody(data, watch)

    def all(self) -> Iterator[bytes]:
        """Every byte, for drivers that take a stream as it is; a wrong length raises before the end is handed
        out.
        """
        while piece := self._pieces.take(MIB):
            self.taken += len(piece)
            if self._size is not None and self.taken > self._size:
                break
            yield piece
        self.ended = True
        self.check_end()

    def check_end(self) -> None:
        """SourceChangedError when the length is not the promised one."""
        if self._size is None or (self.taken == self._size and self.ended):
            return
        what = "more than" if not self.ended or self.taken > self._size else f"{self.taken} bytes instead of"
        raise SourceChangedError(
            f"The stream gave {what} the promised {self._size} bytes. Nothing was stored."
        )


def _pieces(source: Iterable[bytes]) -> Iterator[bytes]:
    """Bytes of an iterable or of a binary file (whose own iteration would look for lines)."""
    read = getattr(source, "read", None)
    if read is None:
        return iter(source)
    return iter(lambda: read(MIB), b"")


# -- both --


def _in_parts(
    driver: StorageDriver,
    container: Container,
    object_name: str,
    attributes: Attributes,
    bodies: Iterable[Body],
    verify: bool,
    only_new: bool,
    check: Callable[[], None],
) -> Stored:
    upload: Upload | None = None
    parts: list[Part] = []
    try:
        for number, body in enumerate(bodies, 1):
            # Opened only when the first bytes are there: a source that fails at once leaves nothing behind.
            upload = upload or driver.start_upload(container, object_name, attributes)
            part = driver.upload_part(upload, number, body)
            if verify and part.md5 and part.md5 != body.md5:
                raise mismatch(driver, object_name, body.md5, part.md5)
            parts.append(part)
        check()
        if upload is None:
            raise SourceChangedError("There was nothing to send.", driver, object_name)
        return driver.complete_upload(upload, parts, only_new=only_new)
    except BaseException:
        if upload is not None:
            driver.abort_upload(upload)
        raise


def mismatch(driver: StorageDriver, object_name: str, ours: str, theirs: str) -> ObjectHashMismatchError:
    """The error for content that is not what was sent, with both hashes."""
    return ObjectHashMismatchError(
        f"{object_name!r} did not arrive as it was sent: MD5 {ours} here, {theirs} there.",
        driver,
        object_name,
    )


def _verify(
    driver: StorageDriver, container: Container, object_name: str, body: Body, stored: Stored, verify: bool
) -> None:
    if not verify or not stored.md5 or stored.md5 == body.md5:
        return
    # What was just stored is damaged. Take it away, unless somebody else has written the name since.
    damaged = driver.get_object(container.name, object_name)
    if damaged.etag == stored.etag:
        driver.delete_object(damaged)
    raise mismatch(driver, object_name, body.md5, stored.md5)


def _object(
    driver: StorageDriver,
    container: Container,
    object_name: str,
    attributes: Attributes,
    stored: Stored,
    size: int,
) -> Object:
    # Without its version: deleting an object that names one removes that version for good.
    return Object(
        object_name,
        size,
        stored.md5 or stored.etag,
        None,
        dict(attributes.metadata),
        container,
        driver,
        etag=stored.etag,
        modified=stored.modified,
        storage_class=attributes.storage_class,
        attributes=replace(attributes, metadata=dict(attributes.metadata)),
    )
