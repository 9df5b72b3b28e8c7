"""The nouns of the API: Container, Object, and the small values that drivers hand to the base and to the
engine.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from typing import TYPE_CHECKING, Any, Protocol

from storage_core.attributes import Attributes

if TYPE_CHECKING:
    from storage_core.base.driver import StorageDriver


class Container:
    """A bucket, container or root folder. `extra` holds what the provider told beside the name."""

    __slots__ = ("driver", "extra", "name")

    def __init__(self, name: str, extra: dict[str, Any] | None = None, driver: Any = None) -> None:
        self.name = name
        self.extra: dict[str, Any] = extra if extra is not None else {}
        self.driver: StorageDriver = driver

    def iterate_objects(self, prefix: str | None = None, ex_prefix: str | None = None) -> Iterator[Object]:
        """Every object, page by page."""
        return self.driver.iterate_container_objects(self, prefix=prefix, ex_prefix=ex_prefix)

    def list_objects(self, prefix: str | None = None, ex_prefix: str | None = None) -> list[Object]:
        """Every object, as a list."""
        return self.driver.list_container_objects(self, prefix=prefix, ex_prefix=ex_prefix)

    def get_objects(self) -> list[Object]:
        """Every object, as a list."""
        return self.driver.list_container_objects(self)

    def get_object(self, object_name: str) -> Object:
        """One object; ObjectDoesNotExistError."""
        return self.driver.get_object(self.name, object_name)

    def upload_object(self, file_path: str, object_name: str, *args: Any, **kwargs: Any) -> Object:
        """As `StorageDriver.upload_object`, into this container."""
        return self.driver.upload_object(file_path, self, object_name, *args, **kwargs)

    def upload_object_via_stream(self, iterator: Any, object_name: str, *args: Any, **kwargs: Any) -> Object:
        """As `StorageDriver.upload_object_via_stream`, into this container."""
        return self.driver.upload_object_via_stream(iterator, self, object_name, *args, **kwargs)

    def download_object(self, obj: Object, destination_path: str, *args: Any, **kwargs: Any) -> bool:
        """As `StorageDriver.download_object`."""
        return self.driver.download_object(obj, destination_path, *args, **kwargs)

    def download_object_as_stream(self, obj: Object, chunk_size: int | None = None) -> Iterator[bytes]:
        """As `StorageDriver.download_object_as_stream`."""
        return self.driver.download_object_as_stream(obj, chunk_size)

    def download_object_range(self, obj: Object, destination_path: str, *args: Any, **kwargs: Any) -> bool:
        """As `StorageDriver.download_object_range`."""
        return self.driver.download_object_range(obj, destination_path, *args, **kwargs)

    def download_object_range_as_stream(self, obj: Object, *args: Any, **kwargs: Any) -> Iterator[bytes]:
        """As `StorageDriver.download_object_range_as_stream`."""
        return self.driver.download_object_range_as_stream(obj, *args, **kwargs)

    def delete_object(self, obj: Object) -> bool:
        """As `StorageDriver.delete_object`."""
        return self.driver.delete_object(obj)

    def enable_cdn(self, **kwargs: Any) -> bool:
        """As `StorageDriver.enable_container_cdn`."""
        return self.driver.enable_container_cdn(self, **kwargs)

    def disable_cdn(self, **kwargs: Any) -> bool:
        """As `StorageDriver.disable_container_cdn`."""
        return self.driver.disable_container_cdn(self, **kwargs)

    def get_cdn_url(self, **kwargs: Any) -> str:
        """As `StorageDriver.get_container_cdn_url`."""
        return self.driver.get_container_cdn_url(self, **kwargs)

    def delete(self) -> bool:
        """As `StorageDriver.delete_container`."""
        return self.driver.delete_container(self)

    def __reduce__(self) -> tuple[Any, ...]:
        return Container, (self.name, self.extra, self.driver)

    def __repr__(self) -> str:
        return f"<Container: name={self.name!r}, driver={getattr(self.driver, 'name', '')}>"


class Object:
    """A stored object. Slotted: a listing of a million of them must fit in memory.

    `size` in bytes; `hash` the content's MD5 in hex where the provider tells it, else its ETag; `etag`
    without quotes; `version` the provider's version id where one version is meant (deleting that object
    removes it for good), else "". `extra` and `meta_data` are made on first use: what a listing did not carry
    costs one request then (`attributes` says without I/O whether it is known).
    """

    __slots__ = (
        "_extra",
        "_meta",
        "_modified",
        "attributes",
        "container",
        "driver",
        "etag",
        "hash",
        "name",
        "size",
        "storage_class",
        "version",
    )

    def __init__(
        self,
        name: str,
        size: int,
        hash: str,  # the documented name of the field
        extra: dict[str, Any] | None,
        meta_data: dict[str, str] | None,
        container: Container,
        driver: Any = None,
        *,
        etag: str = "",
        modified: str | datetime | None = None,
        version: str = "",
        storage_class: str = "",
        attributes: Attributes | None = None,
    ) -> None:
        """Positions as in Libcloud. None for `extra` or `meta_data`: not known yet. `modified` in ISO 8601 or
        RFC 1123.
        """
        self.name = name
        self.size = size
        self.hash = hash
        self.container = container
        self.driver: StorageDriver = driver if driver is not None else container.driver
        self.etag = etag
        self.version = version
        self.storage_class = storage_class
        self.attributes = attributes
        self._modified = modified
        self._extra = extra
        self._meta = meta_data

    @property
    def modified(self) -> datetime | None:
        """When the object was last written, in UTC; None where the provider does not say."""
        if isinstance(self._modified, str):
            self._modified = parse_time(self._modified)
        return self._modified

    @property
    def extra(self) -> dict[str, Any]:
        """What the provider told: content_type, etag, last_modified (ISO 8601, UTC), storage_class, …

        Fetched once (one request) when this object came from a listing and the content type is asked
        for first here.
        """
        if self._extra is None:
            extra = self._known().to_extra()
            if self.etag:
                extra["etag"] = self.etag
            if self.modified is not None:
                extra["last_modified"] = self.modified.isoformat()
            if self.version:
                extra["version_id"] = self.version
            if self.storage_class:
                extra.setdefault("storage_class", self.storage_class)
            self._extra = extra
        return self._extra

    @property
    def meta_data(self) -> dict[str, str]:
        """The user's own metadata. Fetched once (one request) where the listing did not carry it."""
        if self._meta is None:
            self._meta = dict(self._known().metadata)
        return self._meta

    def _known(self) -> Attributes:
        if self.attributes is None:
            self.attributes = self.driver.head_object(self).attributes or Attributes()
        return self.attributes

    def get_cdn_url(self, **kwargs: Any) -> str:
        """As `StorageDriver.get_object_cdn_url`."""
        return self.driver.get_object_cdn_url(self, **kwargs)

    def enable_cdn(self, **kwargs: Any) -> bool:
        """As `StorageDriver.enable_object_cdn`."""
        return self.driver.enable_object_cdn(self, **kwargs)

    def disable_cdn(self, **kwargs: Any) -> bool:
        """As `StorageDriver.disable_object_cdn`."""
        return self.driver.disable_object_cdn(self, **kwargs)

    def download(
        self, destination_path: str, overwrite_existing: bool = False, delete_on_failure: bool = True
    ) -> bool:
        """As `StorageDriver.download_object`."""
        return self.driver.download_object(self, destination_path, overwrite_existing, delete_on_failure)

    def as_stream(self, chunk_size: int | None = None) -> Iterator[bytes]:
        """As `StorageDriver.download_object_as_stream`."""
        return self.driver.download_object_as_stream(self, chunk_size)

    def download_range(self, destination_path: str, *args: Any, **kwargs: Any) -> bool:
        """As `StorageDriver.download_object_range`."""
        return self.driver.download_object_range(self, destination_path, *args, **kwargs)

    def range_as_stream(self, *args: Any, **kwargs: Any) -> Iterator[bytes]:
        """As `StorageDriver.download_object_range_as_stream`."""
        return self.driver.download_object_range_as_stream(self, *args, **kwargs)

    def delete(self) -> bool:
        """As `StorageDriver.delete_object`."""
        return self.driver.delete_object(self)

    def __reduce__(self) -> tuple[Any, ...]:
        arguments = (self.name, self.size, self.hash, self._extra, self._meta, self.container, self.driver)
        more = {
            "etag": self.etag,
            "modified": self._modified,
            "version": self.version,
            "storage_class": self.storage_class,
            "attributes": self.attributes,
        }
        return _object, (arguments, more)

    def __repr__(self) -> str:
        return f"<Object: name={self.name!r}, size={self.size}, container={self.container.name!r}>"


def _object(arguments: tuple[Any, ...], more: dict[str, Any]) -> Object:
    return Object(*arguments, **more)


def parse_time(text: str) -> datetime | None:
    """ISO 8601 or an HTTP date, as UTC; None for an empty or unreadable text (a listing must not fail for one
    date).
    """
    try:
        moment = datetime.fromisoformat(text) if text[:4].isdigit() else parsedate_to_datetime(text)
        return moment.replace(tzinfo=UTC) if moment.tzinfo is None else moment.astimezone(UTC)
    except (ValueError, TypeError, OverflowError):
        return None


@dataclass(frozen=True, slots=True)
class Page:
    """One page of a listing: objects and prefixes (each ends with the delimiter), each in key order."""

    objects: list[Object]
    prefixes: list[str] = field(default_factory=list)
    next_token: str = ""  # opaque; "" on the last page


@dataclass(frozen=True, slots=True, kw_only=True)
class Stored:
    """What the service said about an object it has just stored."""

    etag: str = ""
    md5: str = ""  # hex MD5 of the content as the service sees it; "" when it does not say
    version: str = ""
    modified: str | datetime | None = None
    size: int = -1  # -1: not told
    parts_verified: bool = False  # it was put together of parts whose hashes the service has checked


class Readable(Protocol):
    """Where a Download's bytes come from."""

    def read(self, count: int, /) -> bytes:
        """At most `count` bytes; b"" at the end. ConnectionLostError or TimedOutError when it stops."""

    def close(self) -> None:
        """Give the connection back (or drop it when bytes are left)."""


class Checksum(Protocol):
    """A hash other than MD5 that the service told of a whole object."""

    def update(self, data: bytes, /) -> None:
        """The next bytes, each once, whatever connections they came by."""

    def verify(self) -> None:
        """ObjectHashMismatchError when the bytes so far are not the object's."""


@dataclass(slots=True, kw_only=True)
class Download:
    """An open read of a whole object or of a range of it."""

    source: Readable
    start: int = 0
    size: int  # bytes that this read will give
    total: int  # bytes of the whole object
    etag: str = ""
    md5: str = ""  # hex MD5 of the whole object where the service told it
    checksum: Checksum | None = None  # in its place; only of a read of the whole object
    version: str = ""
    attributes: Attributes | None = None
    modified: str | datetime | None = None

    def read(self, count: int) -> bytes:
        """At most `count` bytes; b"" at the end."""
        return self.source.read(count)

    def close(self) -> None:
        """Give the connection back."""
        self.source.close()

    def __enter__(self) -> Download:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()


@dataclass(frozen=True, slots=True)
class Part:
    """A stored part: the receipt that `complete_upload` wants back. Numbers count from 1."""

    number: int
    etag: str
    size: int
    md5: str = ""


@dataclass(frozen=True, slots=True)
class Upload:
    """An upload in parts that the service has open."""

    container: Container
    object_name: str
    id: str
    attributes: Attributes = field(default_factory=Attributes)
    started: str | datetime | None = None


@dataclass(frozen=True, slots=True)
class DeleteFailure:
    """One object of `delete_objects` that is still there, and why."""

    object_name: str
    reason: str
    code: str = ""


@dataclass(frozen=True, slots=True)
class PublicAccess:
    """Whether anyone on the internet may read. `on` is None when the provider would not say; `why` tells
    then.
    """

    on: bool | None
    url: str = ""
    why: str = ""
    details: Mapping[str, Any] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Version:
    """One version of an object; a delete marker has no content."""

    object: Object
    is_latest: bool
    is_delete_marker: bool = False
