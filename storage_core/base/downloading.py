"""One way to read an object through any driver: counted, hashed as it passes, resumed where it broke, put in
place whole.
"""

from __future__ import annotations

import contextlib
import errno
import hashlib
import os
import re
import time
from collections.abc import Iterator
from dataclasses import replace
from typing import TYPE_CHECKING

from storage_core import names
from storage_core.base.objects import Download, Object, Readable
from storage_core.body import Watch, cut
from storage_core.capabilities import MIB
from storage_core.errors import (
    ConnectionLostError,
    DiskFullError,
    LibcloudError,
    LocalFileError,
    LocalFileExistsError,
    MalformedResponseError,
    NetworkError,
    ObjectError,
    ObjectHashMismatchError,
    RangeIgnoredError,
)
from storage_core.folders import Folder, opened, write_all

if TYPE_CHECKING:
    from storage_core.base.driver import StorageDriver

CHUNK_SIZE = 8096
"""The documented default piece of a stream. Reads from the network are larger; pieces are cut from them."""

READ = MIB
REOPENS = 5
"""How often in a row a read is resumed without a single new byte before it is given up."""
PART_SUFFIX = ".skyferry-part"


_CONTENT_RANGE = re.compile(r"bytes ([0-9]{1,19})-([0-9]{1,19})/([0-9]{1,19})")


def check_range(start: int, end: int | None) -> None:
    """ValueError for a range that cannot be; the words are Libcloud's."""
    if start < 0:
        raise ValueError("start_bytes must be greater than 0")
    if end is not None and start > end:
        raise ValueError("start_bytes must be smaller than end_bytes")
    if end is not None and start == end:
        raise ValueError("start_bytes and end_bytes can't be the same. end_bytes is non-inclusive")


def checked_range(
    driver: StorageDriver, name: str, status: int, told: str, start: int, end: int | None, size: int
) -> int:
    """An object's whole size by the Content-Range (`told`) of a reply that brings `size` bytes of it.

    RangeIgnoredError when all of it came, ObjectError for a range behind its end (some services answer that
    with no bytes instead of 416), MalformedResponseError when the reply is not the range that was asked for.
    https://www.rfc-editor.org/rfc/rfc9110#section-14.4
    """
    if status != 206 and not told:  # rclone's server names the range and says 200
        raise RangeIgnoredError(f"A part of {name!r} was asked for, and all of it came.", None, driver)
    found = _CONTENT_RANGE.fullmatch(told)
    if not found:
        raise MalformedResponseError(f"A part of {name!r} came, and nobody said which.", None, driver)
    first, last, total = (int(number) for number in found.groups())
    if start >= total:
        raise ObjectError(f"{name!r} has no bytes in that range.", driver, name, status=416)
    wanted_last = total - 1 if end is None else min(end, total) - 1
    if (first, last) != (start, wanted_last) or size != last - first + 1:
        raise MalformedResponseError(f"Another part of {name!r} came than was asked for.", None, driver)
    return total


def pieces(
    driver: StorageDriver, obj: Object, start: int, end: int | None, chunk_size: int | None
) -> Iterator[bytes]:
    """See `StorageDriver.download_object_as_stream`."""
    if chunk_size is not None and chunk_size < 1:
        raise ValueError("chunk_size must be at least 1")
    return cut(read(driver, obj, start, end), chunk_size or CHUNK_SIZE)


def read(
    driver: StorageDriver, obj: Object, start: int = 0, end: int | None = None, watch: Watch | None = None
) -> Iterator[bytes]:
    """The bytes in pieces as they come (up to READ), verified at the end. The engine's and the copies'
    way to read.

    Where the service ignores ranges the bytes are cut from the whole: right, but they all travel.
    Raises ConnectionLostError when the promised bytes cannot be had, ObjectHashMismatchError at the end
    of a whole object whose content does not agree with the hash that the service told.
    """
    download = _open(driver, obj, start, end)
    pinned = _pinned(obj, download)
    expected, is_whole = download.size, download.size == download.total
    md5, checksum = (download.md5, download.checksum) if is_whole else ("", None)
    digest = hashlib.md5(usedforsecurity=False)
    got = idle = 0
    try:
        while got < expected:
            try:
                piece = download.read(min(READ, expected - got))
                if not piece:
                    raise ConnectionLostError(
                        f"Only {got} of {expected} bytes of {obj.name!r} arrived.",
                        driver,
                        object_name=obj.name,
                    )
            except NetworkError as error:
                idle += 1
                if idle > REOPENS or not error.retryable or not driver.capabilities.ranged_reads:
                    raise
                download.close()
                time.sleep(min(0.1 * 2**idle, 5.0))
                download = _open(driver, pinned, start + got, start + expected)
                continue
            idle = 0
            got += len(piece)
            if md5:
                digest.update(piece)
            if checksum is not None:
                checksum.update(piece)
            if watch is not None:
                watch(len(piece))
            yield piece
    finally:
        download.close()
    if checksum is not None:
        checksum.verify()
    if md5 and digest.hexdigest() != md5:
        raise ObjectHashMismatchError(
            f"{obj.name!r} did not arrive as it is stored: MD5 {digest.hexdigest()} here, {md5} there.",
            driver,
            obj.name,
        )


def serves_ranges(driver: StorageDriver, obj: Object) -> bool:
    """Whether parts of this object can be read by themselves: one request tells, at most."""
    if not driver.capabilities.ranged_reads:
        return False
    try:
        driver.open_object(obj, 0, 1).close()
    except RangeIgnoredError:
        return False
    return True


def _open(driver: StorageDriver, obj: Object, start: int, end: int | None) -> Download:
    """As `StorageDriver.open_object`, from services too that answer a range with the whole object."""
    try:
        return driver.open_object(obj, start, end)
    except RangeIgnoredError:
        whole = driver.open_object(obj)
    if start >= whole.total:
        whole.close()
        raise ObjectError(f"{obj.name!r} has no bytes in that range.", driver, obj.name, status=416)
    stop = whole.total if end is None else min(end, whole.total)
    return replace(whole, source=_Behind(whole.source, start), start=start, size=stop - start)


class _Behind:
    """What comes behind the first `skip` bytes. They are read when the first of the others is wanted, so
    that a line that breaks among them is taken up again like any other.
    """

    def __init__(self, source: Readable, skip: int) -> None:
        self._source = source
        self._skip = skip

    def read(self, count: int) -> bytes:
        """As `Readable.read`."""
        while self._skip:
            piece = self._source.read(min(READ, self._skip))
            if not piece:
                return b""
            self._skip -= len(piece)
        return self._source.read(count)

    def close(self) -> None:
        """As `Readable.close`."""
        self._source.close()


def _pinned(obj: Object, download: Download) -> Object:
    """The object as it was when the read began, so that a resume never mixes two versions."""
    return Object(
        obj.name, download.total, obj.hash, None, None, obj.container, obj.driver,
        etag=download.etag or obj.etag, version=download.version or obj.version,
    )  # fmt: skip


def to_file(
    driver: StorageDriver,
    obj: Object,
    destination: str,
    start: int,
    end: int | None,
    overwrite: bool,
    delete_on_failure: bool,
    watch: Watch | None,
) -> bool:
    """See `StorageDriver.download_object`."""
    with _target(destination, obj.name) as (folder, final):
        if not overwrite and os.path.lexists(final):
            raise LocalFileExistsError(
                f"File {final} already exists, but overwrite_existing=False",
                driver,
                path=final,
                errno=errno.EEXIST,
            )
        part, descriptor = folder.create_part()
        kept = False
        try:
            with opened(descriptor):
                for piece in read(driver, obj, start, end, watch):
                    write_all(descriptor, piece)
            folder.put_in_place(part, os.path.basename(final), only_new=not overwrite)
            return True
        except NetworkError as error:
            if not isinstance(error, ConnectionLostError):
                raise
            kept = not delete_on_failure
            if kept:
                raise ConnectionLostError(
                    f"{error} What arrived was kept in {os.path.join(os.path.dirname(final), part)}.",
                    driver,
                    object_name=obj.name,
                ) from error
            return False
        finally:
            if not kept:
                with contextlib.suppress(FileNotFoundError):
                    folder.remove(part)


@contextlib.contextmanager
def _target(destination: str, object_name: str) -> Iterator[tuple[Folder, str]]:
    """The open folder of a download and the file's whole path: inside the folder `destination`, or that path.

    What the system says comes out as LocalFileError.
    """
    if destination.endswith(os.sep) or os.path.isdir(destination):
        final = names.below(destination, object_name)
        top, parts = destination, names.to_local(object_name).split(names.CURRENT.separator)[:-1]
    else:
        final = os.path.abspath(destination)
        top, parts = os.path.dirname(final), []
        if not os.path.isdir(top):
            raise LocalFileError(f"Path {top} does not exist", path=top, errno=errno.ENOENT)
    try:
        os.makedirs(top, exist_ok=True)
        with Folder.root(top, to_list=False) as chosen, chosen.below(parts, make_folder) as folder:
            yield folder, final
    except OSError as error:
        if isinstance(error, LibcloudError):
            raise
        raise local_error(error, final) from error


def make_folder(parent: Folder, name: str) -> None:
    """Make a folder on the way to a file; somebody else may have been faster."""
    with contextlib.suppress(FileExistsError):
        parent.make(name)


def local_error(error: OSError, path: str) -> LocalFileError:
    """What the operating system said about a path, as one of ours."""
    if error.errno in (errno.ENOSPC, errno.EDQUOT):
        return DiskFullError(f"The disk that holds {path} is full.", path=path, errno=error.errno or 0)
    if error.errno == errno.ENOTDIR and isinstance(error.filename, str) and os.path.islink(error.filename):
        return LocalFileError(
            f"{path} was not written: {error.filename} is a link, and nothing is downloaded through links. "
            "Choose the folder that it leads to, or take the link away.",
            path=path,
            errno=errno.ENOTDIR,
        )
    if error.errno == errno.EEXIST:
        return LocalFileExistsError(f"File {path} already exists.", path=path, errno=errno.EEXIST)
    return LocalFileError(
        f"{path} could not be written: {error.strerror or error}.", path=path, errno=error.errno or 0
    )
