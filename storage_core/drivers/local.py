"""Folders of this computer as an object store: real names, real files, nothing of ours among them.

An object `a/b.txt` is the file `a/b.txt`; `names` maps what the disk cannot hold. No link is followed, in any
direction: what a link names is neither listed nor read nor written. Pipes, sockets and devices are not
listed.

Folders. A folder that this driver makes on the way to an object goes when its last object goes, as in any
object store. A person's own folder stays, and is listed as the object `name/` while it is empty (and when
it is itself the prefix that is listed), so that it is seen, copied, and deleted with what it held. Storing
`name/` makes a folder that is listed always; deleting `name/` lets the folder go as soon as nothing is left
below.

Where the disk takes `A` and `a` for one name, nothing is replaced or deleted under a spelling that is not the
disk's own.
"""

from __future__ import annotations

import errno
import io
import os
import sqlite3
import stat
import threading
import time
from collections import OrderedDict
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import replace
from datetime import UTC, datetime
from functools import partial
from itertools import groupby, islice
from typing import Any, ClassVar

from storage_core import names
from storage_core.attributes import Attributes
from storage_core.base import Container, Download, Object, Page, StorageDriver, Stored
from storage_core.body import Body
from storage_core.capabilities import KIB, MIB, Capabilities
from storage_core.drivers import local_listing, local_trash
from storage_core.drivers.local_attributes import Records, from_record, to_record
from storage_core.drivers.local_listing import GONE, Item, Parts, folder_parts, object_parts
from storage_core.drivers.local_markers import Markers
from storage_core.drivers.local_spelling import confused, in_the_way, is_exact
from storage_core.errors import (
    AccessDeniedError,
    ContainerAlreadyExistsError,
    ContainerDoesNotExistError,
    ContainerIsNotEmptyError,
    DiskFullError,
    InvalidContainerNameError,
    InvalidObjectNameError,
    LibcloudError,
    LocalFileError,
    ObjectChangedError,
    ObjectDoesNotExistError,
    ObjectError,
)
from storage_core.folders import Folder, opened, write_all

_ATTEMPTS = 20  # another thread may remove a folder between our making it and our putting a file into it
_CURSORS = 8  # listings in progress that are remembered between two pages
_CURSOR_SECONDS = 60.0
_COPY_STEP = 64 * MIB
_NO_COPY = {
    errno.EXDEV,
    errno.EINVAL,
    errno.ENOSYS,
    errno.ENOTSUP,
    errno.EOPNOTSUPP,
    errno.EBADF,
    errno.EPERM,
}


class LocalStorageDriver(StorageDriver):
    """The folders of one folder as containers, or one folder as the only container."""

    name = "Local Storage"
    container_name_rule: ClassVar[str] = "a folder's name as this computer allows it, up to 255 bytes"
    capabilities = Capabilities(
        server_copy=True,
        set_attributes=True,
        create_only=True,
        tags=True,
        page_size_max=1000,
        object_size_max=2**63 - 1,
        put_size_max=2**63 - 1,
        copy_size_max=2**63 - 1,
        object_name_bytes_max=8 * KIB,
        metadata_bytes_max=64 * KIB,
        why={
            "signed_urls": "A file on this computer has no address that others could open.",
            "public_containers": "A folder on this computer has no address that others could open.",
            "public_objects": "A file on this computer has no address that others could open.",
            "cdn": "A folder on this computer has no address that a CDN could fetch from.",
            "versions": "A folder on this computer keeps one version of each file.",
            "parts": "Files are written here as one stream; parts are not needed.",
        },
    )

    def __init__(
        self,
        key: str,
        secret: str | None = None,
        *,
        ex_container_name: str = "",
        ex_store: str = "",
        ex_trash: bool = False,
        ex_xattrs: bool = True,
        ex_use_locking: bool = True,
        **options: Any,
    ) -> None:
        """No I/O. `key`: the folder whose sub-folders are the containers.

        `ex_container_name`: the folder is itself the one container, under this name. `ex_store`: the folder
        of the database for metadata that extended attributes cannot hold (default: this user's data folder
        for Skyferry). `ex_trash`: delete to the trash. `ex_xattrs=False`: the database only.
        `ex_use_locking` is Libcloud's and has no meaning here: every write is atomic.
        """
        super().__init__(key, secret, **options)
        self._root = os.path.abspath(os.path.expanduser(key))
        self._only = ex_container_name
        self._trash = ex_trash
        self._records = Records(ex_store, ex_xattrs)
        self._markers = Markers(self._records)
        self._cursors: OrderedDict[tuple[str, str, str, str], tuple[float, Iterator[Item]]] = OrderedDict()
        self._cursors_lock = threading.Lock()
        if ex_container_name:
            sentence = f"This account shows one folder, {key}. Make folders in it instead."
            why = {**self.capabilities.why, "create_containers": sentence}
            self.capabilities = replace(self.capabilities, create_containers=False, why=why)

    # -- containers --

    def _list_containers(self) -> Iterator[Container]:
        with self._typed(self._root), Folder.root(self._root) as root:
            if self._only:
                return iter([self.open_container(self._only)])
            found = sorted(names.from_local(entry.name) for entry in root.entries() if entry.is_folder)
        return (self.open_container(name) for name in found)

    def _head_container(self, container_name: str) -> Container:
        self._folder(container_name).close()
        return self.open_container(container_name)

    def _create_container(self, container_name: str, **options: Any) -> Container:
        if options:
            raise TypeError(f"create_container has no argument {', '.join(sorted(options))} here")
        with self._typed(self._root), Folder.root(self._root) as root:
            try:
                root.make(container_name)
            except FileExistsError as error:
                raise ContainerAlreadyExistsError(
                    f"{os.path.join(self._root, container_name)} exists already.", self, container_name
                ) from error
        return self.open_container(container_name)

    def _delete_container(self, container: Container) -> None:
        self._folder(container.name).close()
        with self._typed(self._root), Folder.root(self._root) as root:
            try:
                root.remove_folder(names.to_local(container.name))
            except OSError as error:
                if error.errno not in (errno.ENOTEMPTY, errno.EEXIST):
                    raise
                raise ContainerIsNotEmptyError(
                    f"The folder {container.name!r} is not empty.", self, container.name
                ) from error

    def check_container_name(self, container_name: str) -> None:
        """InvalidContainerNameError for what is no folder's name here."""
        super().check_container_name(container_name)
        try:
            is_plain = names.to_local(container_name) == container_name
        except InvalidObjectNameError:
            is_plain = False
        if not is_plain:
            raise InvalidContainerNameError(
                f"{container_name!r} cannot be a container's name here: {self.container_name_rule}.",
                self,
                container_name,
            )

    # -- listings --

    def _list_page(self, container: Container, prefix: str, delimiter: str, token: str, limit: int) -> Page:
        if delimiter not in ("", "/"):
            raise ValueError("folders are separated by / here")
        place = (container.name, prefix, delimiter)
        with self._typed(self._path(container)), self._folder(container.name) as root:
            cursor = self._cursor(place, token)
            items = list(islice(cursor, limit))
            following = next(cursor, None)
            folders = [item.key for item in items if item.is_folder and delimiter and item.key != prefix]
            shown = (item for item in items if not (item.is_folder and delimiter and item.key != prefix))
            objects = list(self._looked_at(container, root, shown))
        if following is None:
            return Page(objects, folders)
        self._keep_cursor((*place, items[-1].key), following, cursor)
        return Page(objects, folders, items[-1].key)

    def _cursor(self, place: tuple[str, str, str], token: str) -> Iterator[Item]:
        """Goes on where the page before ended: in the folder that was read then, or from the token alone."""
        with self._cursors_lock:
            _, cursor = self._cursors.pop((*place, token), (0.0, None))
        if cursor is not None:
            return cursor
        container_name, prefix, delimiter = place
        open_container = partial(self._folder, container_name)
        return local_listing.items(open_container, prefix, not delimiter, token, self._markers.is_listed)

    def _keep_cursor(self, place: tuple[str, str, str, str], following: Item, cursor: Iterator[Item]) -> None:
        def rest() -> Iterator[Item]:
            yield following
            yield from cursor

        now = time.monotonic()
        with self._cursors_lock:
            for old, (kept, _) in list(self._cursors.items()):
                if now - kept > _CURSOR_SECONDS or len(self._cursors) >= _CURSORS:
                    del self._cursors[old]
            self._cursors[place] = (now, rest())

    def _looked_at(self, container: Container, root: Folder, items: Iterable[Item]) -> Iterator[Object]:
        """Objects of a listing, from one look at each file; what went away meanwhile is left out."""
        for parent, together in groupby(items, key=lambda item: item.parts[:-1]):
            try:
                folder = root.below(parent)
            except OSError as error:
                if error.errno in GONE:
                    continue
                raise
            with folder:
                for item in together:
                    try:
                        status = folder.look_at(item.parts[-1])
                    except (FileNotFoundError, NotADirectoryError):
                        continue
                    if (stat.S_ISDIR if item.is_folder else stat.S_ISREG)(status.st_mode):
                        yield self._object(container, item.key, status)

    # -- objects --

    def _head(self, container: Container, object_name: str, version: str) -> Object:
        path = self._path(container, object_name)
        with self._folder(container.name) as root, self._typed(path, object_name):
            if object_name.endswith("/") and not _has_file(root, object_parts(object_name)):
                with root.below(folder_parts(object_name)) as folder:
                    if not self._markers.exists(folder):
                        raise self._missing(object_name)
                    attributes = from_record(self._markers.read(folder), object_name)
                    return self._object(container, object_name, folder.status(), attributes)
            parts = object_parts(object_name)
            with root.below(parts[:-1]) as folder:
                status = folder.look_at(parts[-1])
                if not stat.S_ISREG(status.st_mode):
                    raise self._missing(object_name)
                try:
                    with opened(folder.open(parts[-1])) as descriptor:
                        status = os.fstat(descriptor)
                        attributes = self._attributes_of(descriptor, path, status, object_name)
                except PermissionError:
                    # Its size and date may be seen all the same.
                    attributes = Attributes().with_guessed_type(object_name)
                return self._object(container, object_name, status, attributes)

    def _open(self, obj: Object, start: int, end: int | None) -> Download:
        path = self._path(obj.container, obj.name)
        with self._folder(obj.container.name) as root, self._typed(path, obj.name):
            parts = object_parts(obj.name)
            if obj.name.endswith("/") and not _has_file(root, parts):
                marker = self._head(obj.container, obj.name, "")
                return Download(
                    source=io.BytesIO(), size=0, total=0, etag=marker.etag, attributes=marker.attributes
                )
            with root.below(parts[:-1]) as folder:
                descriptor = folder.open(parts[-1])
            file = os.fdopen(descriptor, "rb", buffering=0)
            try:
                status = os.fstat(descriptor)
                self._check_etag(obj, status)
                if start > 0 and start >= status.st_size:
                    raise ObjectError(f"{obj.name!r} has no bytes in that range.", self, obj.name, status=416)
                file.seek(start)
                size = max(0, min(status.st_size, status.st_size if end is None else end) - start)
                attributes = self._attributes_of(descriptor, path, status, obj.name)
            except BaseException:
                file.close()
                raise
        check = partial(self._check_etag, self._object(obj.container, obj.name, status))
        return Download(
            source=_Reader(file, size, check), start=start, size=size, total=status.st_size,
            etag=_etag(status), attributes=attributes, modified=_modified(status),
        )  # fmt: skip

    def _put(
        self, container: Container, object_name: str, body: Body, attributes: Attributes, only_new: bool
    ) -> Stored:
        def fill(descriptor: int) -> None:
            while data := body.read(MIB):
                write_all(descriptor, data)

        return self._store(container, object_name, fill, attributes, only_new)

    def _delete(self, container: Container, object_name: str, version: str) -> None:
        path = self._path(container, object_name)
        with self._folder(container.name) as root, self._typed(path, object_name):
            parts = object_parts(object_name)
            if object_name.endswith("/") and not _has_file(root, parts):
                with root.below(folder_parts(object_name)) as folder:
                    if not self._markers.exists(folder) or not is_exact(root, folder_parts(object_name)):
                        raise self._missing(object_name)
                self._markers.delete(root, folder_parts(object_name))
                return
            with root.below(parts[:-1]) as folder:
                if not stat.S_ISREG(folder.look_at(parts[-1]).st_mode) or not is_exact(root, parts):
                    raise self._missing(object_name)
                if self._trash:
                    local_trash.move_to_trash(folder, parts[-1])
                else:
                    folder.remove(parts[-1])
            self._records.forget(path)
            self._markers.tidy(root, parts[:-1])

    def _copy(
        self, obj: Object, container: Container, object_name: str, attributes: Attributes | None
    ) -> Stored:
        with self._open(obj, 0, None) as source:
            own = attributes or source.attributes or Attributes()

            def fill(descriptor: int) -> None:
                if isinstance(source.source, _Reader):
                    source.source.copy_to(descriptor)

            return self._store(container, object_name, fill, own, False)

    def _set_attributes(self, obj: Object, attributes: Attributes) -> None:
        path = self._path(obj.container, obj.name)
        record = to_record(attributes, obj.name)
        with self._folder(obj.container.name) as root, self._typed(path, obj.name):
            parts = object_parts(obj.name)
            if obj.name.endswith("/") and not _has_file(root, parts):
                with root.below(folder_parts(obj.name)) as folder:
                    self._markers.change(folder, record)
                return
            with root.below(parts[:-1]) as folder, opened(folder.open(parts[-1])) as descriptor:
                status = os.fstat(descriptor)
                self._check_etag(obj, status)
                self._records.write(descriptor, path, status.st_ino, record)

    # -- storing --

    def _store(
        self,
        container: Container,
        object_name: str,
        fill: Callable[[int], None],
        attributes: Attributes,
        only_new: bool,
    ) -> Stored:
        """Write a part file beside the target and give it its name when it is whole."""
        path = self._path(container, object_name)
        parts = object_parts(object_name)
        record = to_record(attributes, object_name)
        with self._folder(container.name) as root, self._typed(path):
            folder, part, descriptor = self._new_part(root, parts, object_name, only_new)
            with folder:
                try:
                    with opened(descriptor):
                        _keep_mode(folder, parts[-1], descriptor)
                        fill(descriptor)
                        status = os.fstat(descriptor)
                        self._records.write(descriptor, path, status.st_ino, record)
                    if not object_name.endswith("/") or status.st_size:
                        self._name_part(root, folder, part, object_name, only_new)
                        self._records.settle(path, status.st_ino)
                        return Stored(etag=_etag(status), modified=_modified(status), size=status.st_size)
                    folder.remove(part)
                    marker = self._markers.store(root, parts[:-1], record)
                    with suppress(FileNotFoundError):
                        folder.remove(parts[-1])  # `name/` had content before
                    return Stored(etag=_etag(marker), modified=_modified(marker), size=0)
                except BaseException:
                    with suppress(FileNotFoundError):
                        folder.remove(part)
                    self._markers.tidy(root, parts[:-1])
                    raise

    def _new_part(
        self, root: Folder, parts: Parts, object_name: str, only_new: bool
    ) -> tuple[Folder, str, int]:
        for attempt in range(_ATTEMPTS):
            try:
                folder = root.below(parts[:-1], self._markers.make)
            except FileNotFoundError:
                if attempt == _ATTEMPTS - 1:
                    raise
                continue
            except NotADirectoryError as error:
                raise in_the_way(self, object_name, error) from error
            try:
                self._check_target(root, folder, object_name, only_new)
                return folder, *folder.create_part()
            except FileNotFoundError:
                folder.close()
                if attempt == _ATTEMPTS - 1:
                    raise
            except BaseException:
                folder.close()
                raise
        raise AssertionError("the last attempt returns or raises")

    def _check_target(self, root: Folder, folder: Folder, object_name: str, only_new: bool) -> None:
        parts = object_parts(object_name)
        try:
            status = folder.look_at(parts[-1])
        except FileNotFoundError:
            if not object_name.endswith("/"):
                return
            if only_new and self._markers.exists(folder):
                raise self._taken(object_name) from None
            parts = parts[:-1]
        else:
            if not stat.S_ISREG(status.st_mode):
                raise in_the_way(self, object_name, None)
            if only_new:
                raise self._taken(object_name)
        if not is_exact(root, parts):
            raise confused(self, object_name)

    def _name_part(self, root: Folder, folder: Folder, part: str, object_name: str, only_new: bool) -> None:
        parts = object_parts(object_name)
        try:
            try:
                # First as a new one: another thread may have stored another spelling of the name meanwhile.
                folder.put_in_place(part, parts[-1], True)
            except FileExistsError as error:
                if only_new:
                    raise self._taken(object_name) from error
                if not is_exact(root, parts):
                    raise confused(self, object_name) from error
                folder.put_in_place(part, parts[-1], False)
        except (IsADirectoryError, NotADirectoryError) as error:
            raise in_the_way(self, object_name, error) from error

    # -- small things --

    def _folder(self, container_name: str) -> Folder:
        """The open folder of a container."""
        try:
            if self._only:
                if container_name == self._only:
                    return Folder.root(self._root)
            else:
                local = names.to_local(container_name)
                if names.CURRENT.separator not in local:
                    with Folder.root(self._root) as root:
                        return root.child(local)
        except OSError as error:
            if error.errno not in GONE:
                path = self._root if self._only else os.path.join(self._root, container_name)
                raise self._refusal(error, path, "") from error
        raise ContainerDoesNotExistError(
            f"There is no container named {container_name!r} in {self._root}.", self, container_name
        )

    def _path(self, container: Container, object_name: str = "") -> str:
        """Where things are, for messages and for the database."""
        base = self._root if self._only else os.path.join(self._root, names.to_local(container.name))
        return os.path.join(base, *(object_parts(object_name) if object_name else ()))

    def _object(
        self, container: Container, key: str, status: os.stat_result, attributes: Attributes | None = None
    ) -> Object:
        etag = _etag(status)
        size = status.st_size if stat.S_ISREG(status.st_mode) else 0
        return Object(
            key, size, etag, None, None, container, self,
            etag=etag, modified=_modified(status), attributes=attributes,
        )  # fmt: skip

    def _attributes_of(
        self, descriptor: int, path: str, status: os.stat_result, object_name: str
    ) -> Attributes:
        return from_record(self._records.read(descriptor, path, status.st_ino), object_name)

    def _check_etag(self, obj: Object, status: os.stat_result) -> None:
        if obj.etag and obj.etag != _etag(status):
            raise ObjectChangedError(f"{obj.name!r} was changed by somebody else meanwhile.", self, obj.name)

    def _missing(self, object_name: str) -> ObjectDoesNotExistError:
        return ObjectDoesNotExistError(f"There is no object named {object_name!r}.", self, object_name)

    def _taken(self, object_name: str) -> ObjectChangedError:
        return ObjectChangedError(f"{object_name!r} exists already.", self, object_name)

    @contextmanager
    def _typed(self, path: str, object_name: str = "") -> Iterator[None]:
        """What the system says becomes one of our errors; a path that is not there, a missing object."""
        try:
            yield
        except LibcloudError:
            raise
        except OSError as error:
            raise self._refusal(error, path, object_name) from error
        except sqlite3.Error as error:
            raise LocalFileError(
                f"The metadata of {path} could not be kept: {error}.", self, path=path
            ) from error

    def _refusal(self, error: OSError, path: str, object_name: str) -> LibcloudError:
        number = error.errno or 0
        if object_name and number in GONE:
            return self._missing(object_name)
        if number in (errno.EACCES, errno.EPERM, errno.EROFS):
            return AccessDeniedError(
                f"This computer does not allow it: {path}: {error.strerror}.",
                0,
                self,
                object_name=object_name,
            )
        if number in (errno.ENOSPC, errno.EDQUOT):
            return DiskFullError(f"The disk that holds {path} is full.", self, path=path, errno=number)
        if number in (errno.ENAMETOOLONG, errno.EILSEQ):
            return InvalidObjectNameError(f"The disk cannot hold the name of {path}.", self, object_name)
        return LocalFileError(f"{path}: {error.strerror or error}.", self, path=path, errno=number)


class _Reader:
    """A part of an open file that must be the same file, unchanged, when its last byte has been read."""

    def __init__(self, file: io.FileIO, size: int, check: Callable[[os.stat_result], None]) -> None:
        self._file = file
        self._left = size
        self._check = check

    def read(self, count: int, /) -> bytes:
        """At most `count` bytes; b"" at the end. ObjectChangedError when the file is another by then."""
        if not self._left:
            return b""
        data = self._file.read(min(count, self._left)) or b""
        self._left -= len(data)
        if not data or not self._left:
            self._check(os.fstat(self._file.fileno()))
        return data

    def copy_to(self, descriptor: int) -> None:
        """Everything that is left into another file, by the system where it can (and shared, not copied)."""
        here = self._file.fileno()
        while self._left and hasattr(os, "copy_file_range"):
            try:
                count = os.copy_file_range(here, descriptor, min(self._left, _COPY_STEP))
            except OSError as error:
                if error.errno in _NO_COPY:
                    break
                raise
            if not count:
                break
            self._left -= count
        while data := self.read(MIB):
            write_all(descriptor, data)
        self._check(os.fstat(here))

    def close(self) -> None:
        """Give the file back."""
        self._file.close()


def _has_file(root: Folder, parts: Parts) -> bool:
    try:
        with root.below(parts[:-1]) as folder:
            return stat.S_ISREG(folder.look_at(parts[-1]).st_mode)
    except (FileNotFoundError, NotADirectoryError):
        return False


def _keep_mode(folder: Folder, name: str, descriptor: int) -> None:
    """A file that is replaced keeps who may read and write it; nothing else, no set-uid either."""
    if hasattr(os, "fchmod"):
        with suppress(FileNotFoundError, NotADirectoryError):
            os.fchmod(descriptor, folder.look_at(name).st_mode & 0o777)


def _etag(status: os.stat_result) -> str:
    """A cheap tag for a version of a file: it changes with every write, and no byte is read for it."""
    if stat.S_ISDIR(status.st_mode):
        return f"{status.st_ino:x}"
    return f"{status.st_size:x}-{status.st_mtime_ns:x}-{status.st_ino:x}"


def _modified(status: os.stat_result) -> datetime:
    return datetime.fromtimestamp(status.st_mtime, UTC)
