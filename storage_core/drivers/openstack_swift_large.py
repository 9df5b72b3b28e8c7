"""Large objects: manifests, where their segments are, and taking segments away when nothing needs them.

An object of many segments (SLO) is a manifest that names them. Overwriting or deleting it leaves the
segments, so whoever does it must look first, and removes them afterwards. Only segments in the container that
is there for them (`<container>_segments`, or `+segments` of Swift's S3 API), called after the object, are
ours to remove: a manifest may as well name ordinary objects, or another object's segments. https://docs.openstack.org/swift/latest/overview_large_objects.html
"""

from __future__ import annotations

import hashlib
import logging
import time
from collections.abc import Iterable, Mapping, Sequence
from threading import Lock
from typing import Any
from urllib.parse import quote, unquote

from storage_core.base.objects import Container
from storage_core.drivers import openstack_swift_containers as containers
from storage_core.drivers.openstack_swift_headers import is_static
from storage_core.drivers.openstack_swift_wire import Call, Wire
from storage_core.errors import (
    ContainerDoesNotExistError,
    LibcloudError,
    MalformedResponseError,
    ObjectDoesNotExistError,
)

LOG = logging.getLogger(__name__)
LONG = ".long/"
TAIL = 80
"""Bytes that a segment's name has beyond the object's."""

REMEMBERED = 60.0
"""Seconds for which a container without segments is taken to have none."""


class Known:
    """Which containers have one beside them for segments. Threads share it."""

    def __init__(self) -> None:
        self._lock = Lock()
        self._until: dict[str, float] = {}  # containers without, by the monotonic clock
        self._with: set[str] = set()

    def remember(self, container_name: str) -> None:
        """It has one now."""
        with self._lock:
            self._with.add(container_name)

    def forget(self, container_name: str) -> None:
        """The container was deleted."""
        with self._lock:
            self._with.discard(container_name)
            self._until.pop(container_name, None)

    def has_segments(self, wire: Wire, container_name: str) -> bool:
        """Whether large objects may be in a container; asked at most once a minute while there are none."""
        with self._lock:
            if container_name in self._with:
                return True
            if time.monotonic() < self._until.get(container_name, 0.0):
                return False
        found = any(containers.exists(wire, name) for name in homes(wire, container_name))
        with self._lock:
            if found:
                self._with.add(container_name)
            else:
                self._until[container_name] = time.monotonic() + REMEMBERED
        return found


def homes(wire: Wire, container_name: str) -> tuple[str, ...]:
    """The containers in which the segments of this one's objects are ours to remove."""
    room = wire.limits.max_container_name_length
    other = container_name + containers.SEGMENTS[1]
    ours = containers.segments_container(wire, container_name)
    return (ours, other) if len(other.encode()) <= room else (ours,)


def manifest_of(wire: Wire, container_name: str, object_name: str) -> list[dict[str, Any]]:
    """A large object's segments: `path` (not encoded), `sub_slo`. [] when it is none, or not there."""
    try:
        told = wire.run(Call(method="HEAD", container=container_name, object_name=object_name))
    except (ObjectDoesNotExistError, ContainerDoesNotExistError):
        return []
    return _manifest(wire, container_name, object_name) if is_static(told) else []


def _manifest(wire: Wire, container_name: str, object_name: str, version: str = "") -> list[dict[str, Any]]:
    query = (("multipart-manifest", "get"), *((("version-id", version),) if version else ()))
    try:
        rows = wire.ask(Call(method="GET", container=container_name, object_name=object_name, query=query))
    except (ObjectDoesNotExistError, ContainerDoesNotExistError):
        return []
    if not isinstance(rows, list) or not all(isinstance(row, dict) for row in rows):
        raise MalformedResponseError("The object's manifest could not be understood.", None, wire.driver)
    found = [{"path": row.get("path") or row.get("name", ""), "sub_slo": row.get("sub_slo")} for row in rows]
    return [row for row in found if row["path"]]  # others have their bytes within the manifest


def stem(object_name: str) -> str:
    """What the names of an object's segments begin with: its own name, or what stands for a very long one."""
    if len(object_name.encode()) + TAIL > 1024:
        return LONG + hashlib.sha256(object_name.encode()).hexdigest()
    return object_name


def pieces(wire: Wire, container_name: str, object_name: str, version: str = "") -> list[str]:
    """The paths of all that only this large object is made of: segments, and manifests among them.

    Others may name the same segments (a copied manifest), or ordinary objects: ours are those that are kept
    where segments are, and called after the object.
    """
    starts = {f"{object_name}/", f"{stem(object_name)}/"}
    own = tuple(f"/{home}/{start}" for home in homes(wire, container_name) for start in starts)
    found: dict[str, None] = {}

    def collect(rows: Iterable[Mapping[str, Any]]) -> None:
        for row in rows:
            path = str(row["path"])
            if not path.startswith(own):
                LOG.warning(
                    "%r is put together from objects that are kept elsewhere; those stay.", object_name
                )
            elif path not in found:
                found[path] = None
                if row["sub_slo"]:
                    home, _, name = path[1:].partition("/")
                    collect(_manifest(wire, home, name))

    collect(_manifest(wire, container_name, object_name, version))
    return list(found)


def is_link(told: Mapping[str, str]) -> bool:
    """Whether a HEAD told of another object: that of a symlink, or the version that a name stands for now.

    What overwrites or deletes the name leaves that one as it is, and it needs its segments.
    """
    return "Content-Location" in told


# -- replacing --


def replaced(wire: Wire, known: Known, container: Container, object_name: str) -> list[str]:
    """The paths that have to go once the object has been overwritten: asked before. [] where versions keep
    it.
    """
    if not known.has_segments(wire, container.name):
        return []
    try:
        told = wire.run(Call(method="HEAD", container=container.name, object_name=object_name))
    except (ObjectDoesNotExistError, ContainerDoesNotExistError):
        return []
    if not is_static(told) or is_link(told):
        return []
    if containers.is_versioned(containers.look(wire, container.name)):
        return []
    return pieces(wire, container.name, object_name)


def remove_replaced(wire: Wire, paths: Sequence[str], keep: str = "") -> None:
    """Take away segments of what was overwritten or deleted (but those whose path begins with `keep`)."""
    try:
        left = delete_paths(wire, [path for path in paths if not (keep and path.startswith(keep))])
    except LibcloudError as error:
        # The new object is stored, or the old one deleted, and that is what was asked for.
        LOG.warning("Segments of an object that is gone are still there: %s", error)
        return
    if left:
        LOG.warning("Segments of an object that is gone are still there, %d: %s: %s", len(left), *left[0])


# -- deleting --


def to_remove(wire: Wire, known: Known, container: Container, object_name: str, version: str) -> list[str]:
    """The paths that have to go once the object (or this version of it) has been deleted: asked before."""
    if not known.has_segments(wire, container.name):
        return []
    query = (("version-id", version),) if version else ()
    try:
        told = wire.run(Call(method="HEAD", container=container.name, object_name=object_name, query=query))
    except ObjectDoesNotExistError:
        if version:
            return []  # a mark of deletion has no headers
        raise
    if "X-Object-Manifest" in told:
        # Its segments are whatever has a name that begins like this: nobody says that they are its own.
        LOG.warning(
            "%r is put together from what begins with %s; that stays.",
            object_name,
            unquote(told["X-Object-Manifest"]),
        )
    if not is_static(told):
        return []
    if not version and (is_link(told) or containers.is_versioned(containers.look(wire, container.name))):
        return []  # what is deleted is a link, or becomes an older version, which needs its segments
    return pieces(wire, container.name, object_name, version)


def delete_paths(wire: Wire, paths: Sequence[str]) -> list[tuple[str, str]]:
    """Delete "/container/name" (not encoded), many at once: those that are still there, with the reason."""
    limits = wire.look_around()
    left: list[tuple[str, str]] = []
    batch = min(limits.max_deletes_per_request, 1000) if limits.bulk_delete else 0
    for start in range(0, len(paths), batch or 1):
        some = paths[start : start + (batch or 1)]
        left += _delete_bulk(wire, some) if batch else _delete_singly(wire, some)
    return left


def _delete_bulk(wire: Wire, paths: Sequence[str]) -> list[tuple[str, str]]:
    """Bulk delete: always 200; what went wrong is in the report."""
    call = Call(
        method="POST",
        query=(("bulk-delete", "1"),),
        headers={"Content-Type": "text/plain", "Accept": "application/json"},
        body="".join(f"{quote(path, safe='/~')}\n" for path in paths).encode(),
    )
    report = wire.ask(call)
    if not isinstance(report, dict) or "Response Status" not in report:
        raise _nonsense(wire)
    try:
        errors = [(unquote(str(path)), str(reason)) for path, reason in report.get("Errors", [])]
        done = int(report.get("Number Deleted", 0)) + int(report.get("Number Not Found", 0)) + len(errors)
    except (TypeError, ValueError):
        raise _nonsense(wire) from None
    if not str(report["Response Status"]).startswith("2") and done < len(paths):
        return _delete_singly(wire, paths)  # it gave up in between, and does not say where
    return errors


def _delete_singly(wire: Wire, paths: Sequence[str]) -> list[tuple[str, str]]:
    left = []
    for path in paths:
        container, _, name = path.lstrip("/").partition("/")
        try:
            wire.run(Call(method="DELETE", container=container, object_name=name))
        except (ObjectDoesNotExistError, ContainerDoesNotExistError):
            continue  # gone is what was wanted
        except LibcloudError as error:
            left.append((path, str(error)))
    return left


def _nonsense(wire: Wire) -> MalformedResponseError:
    return MalformedResponseError("The service's report could not be understood.", None, wire.driver)
