"""Large objects: manifests, where their segments are, and taking segments away when nothing needs them.

An object of many segments (SLO) is a manifest that names them. Overwriting or deleting it leaves the
segments, so whoever does it must look first. Only segments in the container that is there for them
(`<container>_segments`, or `+segments` of Swift's S3 API) are ours to remove: a manifest may as well name
ordinary objects. https://docs.openstack.org/swift/latest/overview_large_objects.html
"""

from __future__ import annotations

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
    AccessDeniedError,
    ContainerDoesNotExistError,
    LibcloudError,
    MalformedResponseError,
    ObjectDoesNotExistError,
)

LOG = logging.getLogger(__name__)
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


def manifest_of(wire: Wire, container_name: str, object_name: str, version: str = "") -> list[dict[str, Any]]:
    """A large object's segments: `path` (not encoded), `sub_slo`. [] when it is none, or not there."""
    where = {"container": container_name, "object_name": object_name}
    query = (("version-id", version),) if version else ()
    try:
        if not is_static(wire.run(Call(method="HEAD", query=query, **where))):  # type: ignore[arg-type]
            return []
        more = (("multipart-manifest", "get"), *query)
        rows = wire.ask(Call(method="GET", query=more, **where))  # type: ignore[arg-type]
    except (ObjectDoesNotExistError, ContainerDoesNotExistError):
        return []
    if not isinstance(rows, list) or not all(isinstance(row, dict) for row in rows):
        raise MalformedResponseError("The object's manifest could not be understood.", None, wire.driver)
    return [{"path": row.get("path") or row.get("name", ""), "sub_slo": row.get("sub_slo")} for row in rows]


def is_ours(wire: Wire, container_name: str, manifest: Iterable[Mapping[str, Any]]) -> bool:
    """Whether all segments are where segments of this container are kept."""
    own = tuple(f"/{name}/" for name in homes(wire, container_name))
    return all(str(row["path"]).startswith(own) for row in manifest)


# -- replacing --


def replaced(wire: Wire, known: Known, container: Container, object_name: str) -> list[dict[str, Any]]:
    """What has to go once the object has been overwritten: asked before. [] where versions keep it."""
    if not known.has_segments(wire, container.name):
        return []
    manifest = manifest_of(wire, container.name, object_name)
    if not manifest or containers.is_versioned(containers.look(wire, container.name)):
        return []
    return [row for row in manifest if is_ours(wire, container.name, [row])]


def remove_replaced(wire: Wire, manifest: Sequence[Mapping[str, Any]], keep: str = "") -> None:
    """Take away segments of what was overwritten (but those whose path begins with `keep`)."""
    gone = [row for row in manifest if not (keep and str(row["path"]).startswith(keep))]
    try:
        for row in gone:
            if row["sub_slo"]:
                container, _, name = str(row["path"]).lstrip("/").partition("/")
                _delete_whole(wire, container, name, "")
        delete_paths(wire, [str(row["path"]) for row in gone if not row["sub_slo"]])
    except LibcloudError as error:
        # The new object is stored, and that is what was asked for.
        LOG.warning("Segments of an overwritten object are still there: %s", error)


# -- deleting --


def delete_with_segments(
    wire: Wire, known: Known, container: Container, object_name: str, version: str
) -> bool:
    """Delete a large object and its segments: True. False, and nothing done: a plain DELETE is right."""
    if not known.has_segments(wire, container.name):
        return False
    where = {"container": container.name, "object_name": object_name}
    query = (("version-id", version),) if version else ()
    try:
        told = wire.run(Call(method="HEAD", query=query, **where))  # type: ignore[arg-type]
    except ObjectDoesNotExistError:
        if version:
            return False  # a mark of deletion has no headers
        raise
    if "X-Object-Manifest" in told:
        # Its segments are whatever has a name that begins like this: nobody says that they are its own.
        LOG.warning(
            "%r is put together from what begins with %s; that stays.",
            object_name,
            unquote(told["X-Object-Manifest"]),
        )
    if not is_static(told):
        return False
    if not version and containers.is_versioned(containers.look(wire, container.name)):
        return False  # it becomes an older version, which needs its segments
    if not is_ours(wire, container.name, manifest_of(wire, container.name, object_name, version)):
        LOG.warning("%r is put together from objects that are kept elsewhere; those stay.", object_name)
        return False
    _delete_whole(wire, container.name, object_name, version)
    return True


def _delete_whole(wire: Wire, container_name: str, object_name: str, version: str) -> None:
    """The manifest and all that it names, in one request of the service's own."""
    query = (("multipart-manifest", "delete"), *((("version-id", version),) if version else ()))
    call = Call(
        method="DELETE",
        container=container_name,
        object_name=object_name,
        query=query,
        headers={"Accept": "application/json"},
    )
    report = wire.ask(call)
    if not isinstance(report, dict):
        raise MalformedResponseError("The service's report could not be understood.", None, wire.driver)
    for path, reason in report.get("Errors", []):
        raise AccessDeniedError(
            f"{object_name!r} could not be deleted with all its segments: {unquote(str(path))}: {reason}.",
            403,
            wire.driver,
        )


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
        raise MalformedResponseError("The service's report could not be understood.", None, wire.driver)
    errors = [(unquote(str(path)), str(reason)) for path, reason in report.get("Errors", [])]
    done = int(report.get("Number Deleted", 0)) + int(report.get("Number Not Found", 0)) + len(errors)
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
