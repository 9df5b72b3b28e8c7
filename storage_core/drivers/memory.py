"""Objects in this process's memory: the Demo cloud, `Provider.DUMMY`, and the model for driver authors.

A driver is its capabilities and the wire verbs below them. Each verb does one small thing; names, sizes and
flags have been checked by the public methods of `StorageDriver` before it is called. Everything ends with the
process.
"""

from __future__ import annotations

import hashlib
import secrets
from bisect import bisect_left, bisect_right, insort
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from io import BytesIO
from threading import RLock
from typing import Any
from urllib.parse import quote

from storage_core.attributes import Attributes
from storage_core.base import (
    Container,
    DeleteFailure,
    Download,
    Object,
    Page,
    Part,
    PublicAccess,
    StorageDriver,
    Stored,
    Upload,
)
from storage_core.body import Body
from storage_core.capabilities import Capabilities
from storage_core.errors import (
    ContainerAlreadyExistsError,
    ContainerDoesNotExistError,
    ContainerIsNotEmptyError,
    ObjectChangedError,
    ObjectDoesNotExistError,
    ObjectError,
)


@dataclass(frozen=True, slots=True)
class _Blob:
    """A stored object's content. Never changed, only replaced, so that a read goes on undisturbed."""

    data: bytes
    md5: str
    attributes: Attributes
    modified: datetime


@dataclass(slots=True)
class _Pending:
    """An upload in parts."""

    upload: Upload
    parts: dict[int, bytes] = field(default_factory=dict)


@dataclass(slots=True)
class _Bucket:
    blobs: dict[str, _Blob] = field(default_factory=dict)
    names: list[str] = field(
        default_factory=list
    )  # the keys of `blobs` in order: a page is found by bisection
    pending: dict[str, _Pending] = field(default_factory=dict)
    is_public: bool = False


@dataclass(slots=True)
class _Store:
    """What one account holds. The lock is held for moments only, never while bytes come from elsewhere."""

    lock: RLock = field(default_factory=RLock)
    buckets: dict[str, _Bucket] = field(default_factory=dict)


_named: dict[str, _Store] = {}


class MemoryStorageDriver(StorageDriver):
    """An account in memory. Key and secret are taken and ignored, as Libcloud's dummy driver does.

    Each new driver is an empty account of its own. With `ex_store="name"` it is connected to the account of
    that name in this process; so is its pickled copy, while the copy of a driver without one is empty again.
    """

    name = "Memory"
    capabilities = Capabilities(
        metadata_listed=True,
        parts=True,
        server_copy=True,
        copy_parts=True,
        set_attributes=True,
        delete_many=1000,
        public_containers=True,
        create_only=True,
        tags=True,
        content_hash="md5",
        part_size_min=1,
        metadata_bytes_max=64 * 1024,
        why={
            "signed_urls": "What is in this program's memory has no address that others could open.",
            "public_objects": "Here a whole container is public or none of it.",
            "versions": "Memory keeps one version of each object.",
        },
    )

    def __init__(
        self, key: str = "", secret: str | None = None, *, ex_store: str = "", **options: Any
    ) -> None:
        """No I/O. `ex_store`: the name of an account in this process to share; "" for one of its own."""
        super().__init__(key, secret, **options)
        self._store = _named.setdefault(ex_store, _Store()) if ex_store else _Store()

    # -- containers --

    def _list_containers(self) -> Iterator[Container]:
        with self._store.lock:
            names = sorted(self._store.buckets)
        return (self.open_container(name) for name in names)

    def _head_container(self, container_name: str) -> Container:
        self._bucket(container_name)
        return self.open_container(container_name)

    def _create_container(self, container_name: str, **options: Any) -> Container:
        if options:
            raise TypeError(f"create_container has no argument {', '.join(sorted(options))} here")
        with self._store.lock:
            if container_name in self._store.buckets:
                raise ContainerAlreadyExistsError(
                    f"A container named {container_name!r} exists already.", self, container_name
                )
            self._store.buckets[container_name] = _Bucket()
        return self.open_container(container_name)

    def _delete_container(self, container: Container) -> None:
        with self._store.lock:
            if self._bucket(container.name).blobs:
                raise ContainerIsNotEmptyError(f"{container.name!r} holds objects.", self, container.name)
            del self._store.buckets[container.name]

    def _list_page(self, container: Container, prefix: str, delimiter: str, token: str, limit: int) -> Page:
        # The token is the last name or folder handed out, so a page stays right whatever was written between.
        objects: list[Object] = []
        folders: list[str] = []
        with self._store.lock:
            bucket = self._bucket(container.name)
            names = bucket.names
            at = bisect_left(names, prefix)
            if token:
                is_folder = bool(delimiter) and token.endswith(delimiter) and token != prefix
                at = _behind(names, token) if is_folder else bisect_right(names, token)
            while at < len(names) and names[at].startswith(prefix):
                if len(objects) + len(folders) == limit:
                    return Page(objects, folders, token)
                name = names[at]
                cut = name.find(delimiter, len(prefix)) if delimiter else -1
                if cut < 0:
                    objects.append(self._object(container, name, bucket.blobs[name]))
                    token, at = name, at + 1
                else:
                    token = name[: cut + len(delimiter)]
                    folders.append(token)
                    at = _behind(names, token)
        return Page(objects, folders)

    # -- objects --

    def _head(self, container: Container, object_name: str, version: str) -> Object:
        return self._object(container, object_name, self._blob(container.name, object_name))

    def _open(self, obj: Object, start: int, end: int | None) -> Download:
        blob = self._pinned(obj)
        total = len(blob.data)
        if start > 0 and start >= total:
            raise ObjectError(f"{obj.name!r} has no bytes in that range.", self, obj.name, status=416)
        data = blob.data[start:end]
        return Download(
            source=BytesIO(data), start=start, size=len(data), total=total, etag=blob.md5, md5=blob.md5,
            attributes=blob.attributes, modified=blob.modified,
        )  # fmt: skip

    def _put(
        self, container: Container, object_name: str, body: Body, attributes: Attributes, only_new: bool
    ) -> Stored:
        self._bucket(container.name)  # a missing container is said before a long body is read
        return self._keep(container.name, object_name, b"".join(body), attributes, only_new)

    def _delete(self, container: Container, object_name: str, version: str) -> None:
        with self._store.lock:
            bucket = self._bucket(container.name)
            if bucket.blobs.pop(object_name, None) is None:
                raise self._missing(object_name)
            del bucket.names[bisect_left(bucket.names, object_name)]

    def _delete_many(self, container: Container, object_names: Sequence[str]) -> list[DeleteFailure]:
        return self._delete_one_by_one(container, object_names)  # nothing here can refuse

    def _copy(
        self, obj: Object, container: Container, object_name: str, attributes: Attributes | None
    ) -> Stored:
        blob = self._pinned(obj)
        return self._keep(container.name, object_name, blob.data, attributes or blob.attributes)

    def _set_attributes(self, obj: Object, attributes: Attributes) -> None:
        with self._store.lock:
            blob = self._pinned(obj)
            self._bucket(obj.container.name).blobs[obj.name] = replace(
                blob, attributes=attributes, modified=datetime.now(UTC)
            )

    # -- uploads in parts --

    def _start_upload(self, container: Container, object_name: str, attributes: Attributes) -> Upload:
        upload = Upload(container, object_name, secrets.token_hex(16), attributes, datetime.now(UTC))
        with self._store.lock:
            self._bucket(container.name).pending[upload.id] = _Pending(upload)
        return upload

    def _upload_part(self, upload: Upload, number: int, body: Body) -> Part:
        data = b"".join(body)
        with self._store.lock:
            self._pending(upload).parts[number] = data
        return _part(number, data)

    def _copy_part(self, upload: Upload, number: int, obj: Object, start: int, end: int) -> Part:
        data = self._pinned(obj).data[start:end]
        with self._store.lock:
            self._pending(upload).parts[number] = data
        return _part(number, data)

    def _list_parts(self, upload: Upload) -> list[Part]:
        with self._store.lock:
            return [_part(number, data) for number, data in sorted(self._pending(upload).parts.items())]

    def _complete_upload(self, upload: Upload, parts: Sequence[Part], only_new: bool) -> Stored:
        with self._store.lock:
            pending = self._pending(upload)
            held = {part.number: part.etag for part in self._list_parts(upload)}
            for part in parts:
                if held.get(part.number) != part.etag:
                    raise ObjectError(
                        f"Part {part.number} of {upload.object_name!r} is not the one that was sent.",
                        self,
                        upload.object_name,
                    )
            data = b"".join(pending.parts[part.number] for part in parts)
            attributes = pending.upload.attributes
            stored = self._keep(upload.container.name, upload.object_name, data, attributes, only_new)
            del self._bucket(upload.container.name).pending[upload.id]
            return stored

    def _abort_upload(self, upload: Upload) -> None:
        with self._store.lock:
            self._bucket(upload.container.name).pending.pop(upload.id, None)

    def _list_uploads(self, container: Container, prefix: str) -> Iterator[Upload]:
        with self._store.lock:
            uploads = [pending.upload for pending in self._bucket(container.name).pending.values()]
        return (upload for upload in uploads if upload.object_name.startswith(prefix))

    # -- public access: a switch that is remembered; the address opens nowhere --

    def _get_public_access(self, container: Container, **options: Any) -> PublicAccess:
        is_public = self._bucket(container.name).is_public
        return PublicAccess(is_public, f"memory://{quote(container.name)}" if is_public else "")

    def _set_public_access(self, container: Container, on: bool, **options: Any) -> None:
        with self._store.lock:
            self._bucket(container.name).is_public = on

    # -- the store --

    def _bucket(self, container_name: str) -> _Bucket:
        bucket = self._store.buckets.get(container_name)
        if bucket is None:
            raise ContainerDoesNotExistError(
                f"There is no container named {container_name!r}.", self, container_name
            )
        return bucket

    def _blob(self, container_name: str, object_name: str) -> _Blob:
        blob = self._bucket(container_name).blobs.get(object_name)
        if blob is None:
            raise self._missing(object_name)
        return blob

    def _pinned(self, obj: Object) -> _Blob:
        blob = self._blob(obj.container.name, obj.name)
        if obj.etag and obj.etag != blob.md5:
            raise ObjectChangedError(f"{obj.name!r} was written by somebody else meanwhile.", self, obj.name)
        return blob

    def _missing(self, object_name: str) -> ObjectDoesNotExistError:
        return ObjectDoesNotExistError(f"There is no object named {object_name!r}.", self, object_name)

    def _pending(self, upload: Upload) -> _Pending:
        pending = self._bucket(upload.container.name).pending.get(upload.id)
        if pending is None:
            raise ObjectDoesNotExistError(
                f"The upload of {upload.object_name!r} was completed or aborted.", self, upload.object_name
            )
        return pending

    def _keep(
        self,
        container_name: str,
        object_name: str,
        data: bytes,
        attributes: Attributes,
        only_new: bool = False,
    ) -> Stored:
        blob = _Blob(data, _md5(data), attributes, datetime.now(UTC))
        with self._store.lock:
            bucket = self._bucket(container_name)
            if object_name not in bucket.blobs:
                insort(bucket.names, object_name)
            elif only_new:
                raise ObjectChangedError(f"{object_name!r} exists already.", self, object_name)
            bucket.blobs[object_name] = blob
        return Stored(etag=blob.md5, md5=blob.md5, modified=blob.modified, size=len(data))

    def _object(self, container: Container, object_name: str, blob: _Blob) -> Object:
        return Object(
            object_name, len(blob.data), blob.md5, None, None, container, self,
            etag=blob.md5, modified=blob.modified, attributes=blob.attributes,
        )  # fmt: skip

    def load(self, samples: Mapping[str, Mapping[str, tuple[bytes, datetime]]]) -> None:
        """Fill the account: container name, then object name, then content and date. What is there stays."""
        for container_name, objects in samples.items():
            with self._store.lock:
                bucket = self._store.buckets.setdefault(container_name, _Bucket())
                for object_name, (data, modified) in objects.items():
                    if object_name in bucket.blobs:
                        continue
                    insort(bucket.names, object_name)
                    attributes = Attributes().with_guessed_type(object_name)
                    bucket.blobs[object_name] = _Blob(data, _md5(data), attributes, modified)


def _behind(names: list[str], folder: str) -> int:
    """The position after the last name that begins with `folder`; those names stand together."""
    start = bisect_left(names, folder)
    return bisect_left(names, True, lo=start, key=lambda name: not name.startswith(folder))


def _part(number: int, data: bytes) -> Part:
    return Part(number, _md5(data), len(data), _md5(data))


def _md5(data: bytes) -> str:
    return hashlib.md5(data, usedforsecurity=False).hexdigest()
