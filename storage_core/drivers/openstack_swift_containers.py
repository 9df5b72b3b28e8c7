"""Containers over Swift: listing, looking, creating, deleting; pages of objects and of versions."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator, Mapping
from contextlib import suppress
from typing import Any

from storage_core.base.objects import Container, Object, Page, Version
from storage_core.drivers.openstack_swift_headers import is_md5, plain_etag
from storage_core.drivers.openstack_swift_wire import Call, Wire
from storage_core.errors import (
    AccessDeniedError,
    ContainerAlreadyExistsError,
    ContainerDoesNotExistError,
    ContainerIsNotEmptyError,
    MalformedResponseError,
    OperationNotSupportedError,
    ProviderError,
)

SEGMENTS = ("_segments", "+segments")
"""What containers of segments are called: as python-swiftclient does (and we), as Swift's S3 API does."""

OBJECT: Mapping[str, type] = {"name": str, "bytes": int, "hash": str, "last_modified": str}
CONTAINER: Mapping[str, type] = {"name": str}
"""What the rows of a listing must have."""

_MAYBE = ("slo_etag", "version_id")
_DELETED = "application/x-deleted;swift_versions_deleted=1"
_COUNTS = {"object_count": "X-Container-Object-Count", "size": "X-Container-Bytes-Used"}
_TOLD = {
    "storage_policy": "X-Storage-Policy",
    "read_acl": "X-Container-Read",
    "write_acl": "X-Container-Write",
    "versions_enabled": "X-Versions-Enabled",
    "versions_location": "X-Versions-Location",
    "history_location": "X-History-Location",
    "last_modified": "Last-Modified",
}


# -- containers --


def listed(wire: Wire) -> Iterator[Container]:
    """Every container with its counts, page by page."""
    marker = ""
    limit = wire.look_around().account_listing_limit
    while True:
        rows = read_rows(wire, Call(method="GET", query=_listing(limit, marker=marker)), CONTAINER)
        for row in rows:
            extra: dict[str, Any] = {"object_count": row.get("count", 0), "size": row.get("bytes", 0)}
            extra |= {name: row[name] for name in ("last_modified", "storage_policy") if name in row}
            yield Container(row["name"], extra, wire.driver)
        if _is_last(wire, rows, limit):
            return
        marker = _forward(wire, rows[-1]["name"], marker)


def look(wire: Wire, container_name: str) -> Mapping[str, str]:
    """The headers of a container. ContainerDoesNotExistError."""
    return wire.run(Call(method="HEAD", container=container_name))


def head(wire: Wire, container_name: str) -> Container:
    """One container with its counts, policy and access lists."""
    told = look(wire, container_name)
    extra: dict[str, Any] = {name: count(wire, told.get(header, "0")) for name, header in _COUNTS.items()}
    extra |= {name: told[header] for name, header in _TOLD.items() if header in told}
    return Container(container_name, extra, wire.driver)


def exists(wire: Wire, container_name: str) -> bool:
    """Whether there is such a container; one that nobody lets us see is taken to be there."""
    try:
        look(wire, container_name)
    except ContainerDoesNotExistError:
        return False
    except AccessDeniedError:
        return True
    return True


def create(wire: Wire, name: str, *, ex_storage_policy: str = "", **unknown: Any) -> Container:
    """A new container, of a storage policy where one is named. Swift says 202 for one that was there."""
    if unknown:
        raise TypeError(f"create_container has no option {', '.join(sorted(unknown))} here")
    headers = {"X-Storage-Policy": ex_storage_policy} if ex_storage_policy else {}
    call = Call(method="PUT", container=name, headers=headers)
    wire.run(call)
    # After a reply that got lost the second request finds what the first one made.
    if call.status == 202 and call.tries == 1:
        raise ContainerAlreadyExistsError(f"{name!r} exists already.", wire.driver, name, status=202)
    return Container(name, {}, wire.driver)


def delete(wire: Wire, container: Container) -> None:
    """An empty container, and with it the one for its segments, if that is empty, too."""
    wire.run(Call(method="DELETE", container=container.name, good=(200, 204)))
    with suppress(ContainerDoesNotExistError, ContainerIsNotEmptyError, ProviderError):
        # Never a reason to fail: what was asked for is done.
        wire.run(Call(method="DELETE", container=segments_container(wire, container.name), good=(200, 204)))


def segments_container(wire: Wire, container_name: str) -> str:
    """Where segments of a container's large objects are kept; a name too long for that ends in its hash."""
    name = container_name + SEGMENTS[0]
    room = wire.limits.max_container_name_length
    if len(name.encode()) <= room:
        return name
    end = f"-{hashlib.sha256(container_name.encode()).hexdigest()[:16]}{SEGMENTS[0]}"
    return container_name.encode()[: room - len(end)].decode("utf-8", "ignore") + end


def is_versioned(told: Mapping[str, str]) -> bool:
    """Whether what is overwritten or deleted in a container stays as an older version."""
    enabled = told.get("X-Versions-Enabled", "").lower() == "true"
    return enabled or "X-Versions-Location" in told or "X-History-Location" in told


# -- pages --


def object_page(
    wire: Wire, container: Container, prefix: str, delimiter: str, token: str, limit: int
) -> Page:
    """One page. The token is the last name, or the last prefix, of the page before."""
    limit = min(limit, wire.look_around().container_listing_limit)
    query = _listing(limit, prefix=prefix, delimiter=delimiter, marker=token)
    rows = read_rows(wire, Call(method="GET", container=container.name, query=query), OBJECT)
    objects, prefixes = [], []
    last = ""
    for row in rows:
        last = row["subdir"] if "subdir" in row else row["name"]
        if "subdir" in row:
            prefixes.append(last)
        else:
            objects.append(listed_object(row, container, wire.driver))
    done = _is_last(wire, rows, limit)
    return Page(objects, prefixes, "" if done else _forward(wire, last, token))


def segment_rows(wire: Wire, container_name: str, prefix: str) -> Iterator[dict[str, Any]]:
    """All rows below a prefix, as Swift tells them; none when there is no such container."""
    marker = ""
    limit = wire.look_around().container_listing_limit
    while True:
        query = _listing(limit, prefix=prefix, marker=marker)
        try:
            rows = read_rows(wire, Call(method="GET", container=container_name, query=query), OBJECT)
        except ContainerDoesNotExistError:
            return
        yield from rows
        if _is_last(wire, rows, limit):
            return
        marker = _forward(wire, rows[-1]["name"], marker)


def listed_object(row: Mapping[str, Any], container: Container, driver: Any) -> Object:
    """An object of a listing. What was put together from segments has no MD5 of its own."""
    etag = plain_etag(row.get("slo_etag") or row["hash"])
    large = "slo_etag" in row
    return Object(
        row["name"],
        row["bytes"],
        f'"{etag}"' if large or not is_md5(etag) else etag,
        None,
        None,
        container,
        driver,
        etag=etag,
        modified=row["last_modified"],
        version=row.get("version_id", ""),
    )


def versions(wire: Wire, container: Container, prefix: str) -> Iterator[Version]:
    """Every version, newest first within a name; in a container without versions, the objects."""
    if not wire.look_around().object_versioning:
        raise OperationNotSupportedError(wire.driver.capabilities.why_not("versions"), wire.driver)
    marker = version = ""
    limit = wire.limits.container_listing_limit
    while True:
        query = (
            ("versions", "true"),
            *_listing(limit, prefix=prefix, marker=marker, version_marker=version),
        )
        rows = read_rows(wire, Call(method="GET", container=container.name, query=query), OBJECT)
        for row in rows:
            yield Version(
                listed_object(row, container, wire.driver),
                bool(row.get("is_latest")),
                row.get("content_type") == _DELETED,
            )
        if _is_last(wire, rows, limit):
            return
        before = marker, version
        marker, version = rows[-1]["name"], rows[-1].get("version_id", "")
        if marker != before[0] or version == before[1]:  # versions of one name come newest first
            _forward(wire, marker, before[0])


def newest(wire: Wire, container: Container, object_name: str) -> Version | None:
    """The newest version of one name, current or not."""
    query = (("versions", "true"), *_listing(1, prefix=object_name))
    rows = read_rows(wire, Call(method="GET", container=container.name, query=query), OBJECT)
    if not rows or rows[0]["name"] != object_name:
        return None
    obj = listed_object(rows[0], container, wire.driver)
    return Version(obj, bool(rows[0].get("is_latest")), rows[0].get("content_type") == _DELETED)


# -- helpers --


def _listing(limit: int, **values: str) -> tuple[tuple[str, str], ...]:
    given = tuple((name, value) for name, value in values.items() if value)
    return (("format", "json"), ("limit", str(limit)), *given)


def read_rows(wire: Wire, call: Call, kind: Mapping[str, type]) -> list[dict[str, Any]]:
    """The rows of a listing, each of them checked. MalformedResponseError."""
    rows = wire.ask(call)
    folders = "delimiter" in dict(call.query)
    if not isinstance(rows, list) or not all(_is_row(row, kind, folders) for row in rows):
        raise MalformedResponseError("The service's listing could not be understood.", None, wire.driver)
    return rows


def _is_row(row: object, kind: Mapping[str, type], folders: bool) -> bool:
    if not isinstance(row, dict):
        return False
    if folders and "subdir" in row:
        return type(row["subdir"]) is str and bool(row["subdir"])
    told = all(type(row.get(name)) is wanted for name, wanted in kind.items())
    if not told or not row["name"] or (kind is OBJECT and row["bytes"] < 0):
        return False
    return all(type(row.get(name, "")) is str for name in _MAYBE)


def count(wire: Wire, text: str) -> int:
    """A number that a header tells. MalformedResponseError."""
    try:
        return int(text)
    except ValueError:
        raise MalformedResponseError(
            "The service's counts could not be understood.", text[:100], wire.driver
        ) from None


def _is_last(wire: Wire, rows: list[dict[str, Any]], limit: int) -> bool:
    """A short page is the last one where the cluster has told how long its pages are, else an empty one."""
    return not rows or (wire.limits.told and len(rows) < limit)


def _forward(wire: Wire, marker: str, before: str) -> str:
    """Names come in the order of their bytes."""
    if marker.encode("utf-8", "surrogatepass") <= before.encode("utf-8", "surrogatepass"):
        raise MalformedResponseError(
            "A listing of the service repeats itself and would never end.", None, wire.driver
        )
    return marker
