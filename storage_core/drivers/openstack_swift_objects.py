"""Single objects over Swift: looking, reading, storing, copying, changing what they carry, deleting."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime
from urllib.parse import quote

from storage_core import http
from storage_core.attributes import DEFAULT_CONTENT_TYPE, Attributes
from storage_core.base.downloading import checked_range
from storage_core.base.objects import Container, DeleteFailure, Download, Object, Stored
from storage_core.body import Body, BytesBody
from storage_core.drivers import openstack_swift_containers as containers
from storage_core.drivers import openstack_swift_errors as refusals
from storage_core.drivers import openstack_swift_large as large
from storage_core.drivers.openstack_swift_headers import (
    KEPT,
    delete_at,
    from_headers,
    is_large,
    md5_of,
    plain_etag,
    to_headers,
)
from storage_core.drivers.openstack_swift_wire import Call, Wire
from storage_core.errors import (
    LibcloudError,
    MalformedResponseError,
    ObjectChangedError,
    ObjectDoesNotExistError,
    ObjectError,
    OperationNotSupportedError,
)

LOOKS_PER_MANY = 10
"""Names of a page that must be wanted for it to be worth listing, instead of asking name by name."""


# -- looking --


def look(wire: Wire, container: Container, object_name: str, version: str = "") -> Mapping[str, str]:
    """The headers of an object; for one that is missing a second look tells whether its container is."""
    call = Call(method="HEAD", container=container.name, object_name=object_name, query=_version(version))
    try:
        return wire.run(call)
    except ObjectDoesNotExistError:
        missing(wire, container.name)
        raise


def missing(wire: Wire, container_name: str) -> None:
    """ContainerDoesNotExistError where the container is what was not found."""
    if not containers.exists(wire, container_name):
        raise refusals.no_container(wire.driver, container_name) from None


def head(wire: Wire, container: Container, object_name: str, version: str) -> Object:
    """One object with its attributes."""
    told = look(wire, container, object_name, version)
    return object_of(wire, container, object_name, told, version)


def object_of(
    wire: Wire, container: Container, object_name: str, told: Mapping[str, str], version: str
) -> Object:
    """What the headers of a HEAD make: `extra` has `delete_at` (ISO 8601) and `manifest` where they count."""
    attributes = from_headers(told)
    etag = plain_etag(told.get("ETag", ""))
    obj = Object(
        object_name,
        _length(wire, told, object_name),
        md5_of(told) or f'"{etag}"',
        None,
        dict(attributes.metadata),
        container,
        wire.driver,
        etag=etag,
        modified=told.get("Last-Modified"),
        version=version,
        attributes=attributes,
    )
    if moment := delete_at(told):
        obj.extra["delete_at"] = moment.isoformat()
    if is_large(told):
        obj.extra["manifest"] = told.get("X-Object-Manifest", "static")
    return obj


# -- reading --


def open_read(wire: Wire, obj: Object, start: int, end: int | None) -> Download:
    """GET of a range or of all of it, pinned by If-Match; everything the reply promises is checked."""
    if obj.size == 0 and obj.attributes is None:
        # A listing shows an object put together by a prefix (DLO) as an empty one.
        obj = head(wire, obj.container, obj.name, obj.version)
    headers = {"If-Match": f'"{obj.etag}"'} if obj.etag else {}
    ranged = bool(start or end is not None) and not (obj.size == 0 and start == 0)
    if ranged:
        headers["Range"] = f"bytes={start}-{'' if end is None else end - 1}"
    call = Call(
        method="GET", container=obj.container.name, object_name=obj.name, query=_version(obj.version),
        headers=headers, good=(200, 206),
    )  # fmt: skip
    try:
        reply = _pinned(wire, obj, call)
    except ObjectDoesNotExistError:
        missing(wire, obj.container.name)
        raise
    told = reply.headers
    try:
        size = _length(wire, told, obj.name)
        total = (
            checked_range(
                wire.driver, obj.name, reply.status, told.get("Content-Range", ""), start, end, size
            )
            if ranged
            else size
        )
        if not ranged and reply.status != 200:
            raise _nonsense(wire, f"All of {obj.name!r} was asked for, and a part came.")
    except (MalformedResponseError, ObjectError):
        reply.close()
        raise
    return Download(
        source=reply,
        start=start,
        size=size,
        total=total,
        etag=plain_etag(told.get("ETag", "")),
        md5=md5_of(told),
        version=obj.version,
        attributes=from_headers(told),
        modified=told.get("Last-Modified"),
    )


def _pinned(wire: Wire, obj: Object, call: Call) -> http.Reply:
    """The reply when it is the content that was seen.

    A copy of a large object that others made on the server keeps a note of the large one's ETag, and Swift
    compares conditions with that: then the ETag of an unconditional reply decides.
    """
    try:
        return wire.send(call)
    except ObjectChangedError:
        del call.headers["If-Match"]
        reply = wire.send(call)
        if plain_etag(reply.headers.get("ETag", "")) == obj.etag:
            return reply
        reply.close()
        raise


# -- storing --


def put(
    wire: Wire,
    known: large.Known,
    container: Container,
    object_name: str,
    body: Body,
    attributes: Attributes,
    only_new: bool,
) -> Stored:
    """PUT, its MD5 sent along. With `only_new`, a lost answer is told from a name that was taken."""
    headers = to_headers(attributes, wire.driver, wire.look_around())
    if isinstance(body, BytesBody):
        headers["ETag"] = body.md5
    if only_new:
        headers["If-None-Match"] = "*"
    old = [] if only_new else large.replaced(wire, known, container, object_name)
    call = Call(method="PUT", container=container.name, object_name=object_name, headers=headers, body=body)
    try:
        told = wire.run(call)
    except ObjectDoesNotExistError:
        raise refusals.no_container(wire.driver, container.name) from None
    except ObjectChangedError:
        if not only_new or call.tries < 2 or not isinstance(body, BytesBody):
            raise
        told = look(wire, container, object_name)
        if md5_of(told) != body.md5:
            raise
    large.remove_replaced(wire, old)
    return stored(told)


def stored(told: Mapping[str, str]) -> Stored:
    """What the reply to a PUT says."""
    etag = plain_etag(told.get("ETag", ""))
    quoted = told.get("ETag", "").startswith('"')
    md5 = "" if quoted else md5_of(told)
    return Stored(etag=etag, md5=md5, modified=told.get("Last-Modified"))


# -- copying --


def copy(
    wire: Wire,
    known: large.Known,
    obj: Object,
    container: Container,
    object_name: str,
    attributes: Attributes | None,
) -> Stored:
    """A copy by content on the server, the source pinned to its ETag."""
    if obj.size > wire.look_around().max_file_size:
        raise OperationNotSupportedError(
            f"{obj.name!r} is too large for one copy on the server; it is copied in parts instead.",
            wire.driver,
        )
    headers = source_headers(obj)
    if attributes is not None:
        headers |= to_headers(attributes, wire.driver, wire.limits)
        headers.setdefault("Content-Type", DEFAULT_CONTENT_TYPE)
        headers["X-Fresh-Metadata"] = "true"
    old = large.replaced(wire, known, container, object_name)
    call = Call(
        method="PUT", container=container.name, object_name=object_name, headers=headers,
        query=_version(obj.version),
    )  # fmt: skip
    told = run_copy(wire, call, obj)
    large.remove_replaced(wire, old)
    return stored(told)


def source_headers(obj: Object) -> dict[str, str]:
    """What names the source of a copy on the server, pinned to what was seen of it."""
    source = f"{quote(obj.container.name, safe='')}/{quote(obj.name, safe='/~')}"
    headers = {"X-Copy-From": source}
    if obj.etag:
        headers["If-Match"] = f'"{obj.etag}"'
    return headers


def run_copy(wire: Wire, call: Call, obj: Object) -> Mapping[str, str]:
    """The reply's headers; a 404 is told apart: target container, source container, source."""
    try:
        return wire.run(call)
    except ObjectDoesNotExistError:
        missing(wire, call.container)
        missing(wire, obj.container.name)
        raise refusals.no_object(wire.driver, obj.container.name, obj.name) from None
    except ObjectChangedError as error:
        now = look(wire, obj.container, obj.name, obj.version)
        if plain_etag(now.get("ETag", "")) == obj.etag and call.headers.pop("If-Match", ""):
            return wire.run(call)  # see `_pinned`
        error.object_name = obj.name
        raise


# -- changing --


def set_attributes(wire: Wire, obj: Object, attributes: Attributes) -> None:
    """POST takes away every header that it does not repeat: the others are read first, and sent along."""
    told = look(wire, obj.container, obj.name)
    headers = to_headers(attributes, wire.driver, wire.limits)
    headers.setdefault("Content-Type", DEFAULT_CONTENT_TYPE)
    _post(wire, obj, told, headers)


def expire(wire: Wire, obj: Object, at: datetime | None) -> Object:
    """Let the cluster delete the object at a moment, or (None) keep it; everything else stays."""
    told = look(wire, obj.container, obj.name)
    headers = to_headers(from_headers(told), wire.driver, wire.limits)
    headers["X-Delete-At"] = str(int(at.timestamp())) if at is not None else ""
    _post(wire, obj, told, headers)
    return head(wire, obj.container, obj.name, "")


def _post(wire: Wire, obj: Object, told: Mapping[str, str], headers: dict[str, str]) -> None:
    kept = {name: told[name] for name in KEPT if name in told}
    headers = {name: value for name, value in (kept | headers).items() if value or name not in KEPT}
    wire.run(Call(method="POST", container=obj.container.name, object_name=obj.name, headers=headers))


# -- deleting --


def delete(wire: Wire, known: large.Known, container: Container, object_name: str, version: str) -> None:
    """DELETE, with all segments of a large object. Of a version: the next older one becomes the object."""
    latest = False
    if version:
        top = containers.newest(wire, container, object_name)
        latest = top is not None and top.object.version == version
    call = Call(method="DELETE", container=container.name, object_name=object_name, query=_version(version))
    old: list[str] = []
    try:
        old = large.to_remove(wire, known, container, object_name, version)
        wire.run(call)
    except ObjectDoesNotExistError:
        if call.tries < 2:  # else an answer was lost: it is gone, as was wanted
            missing(wire, container.name)
            raise
    large.remove_replaced(wire, old)
    if latest:
        _make_current(wire, container, object_name)


def _make_current(wire: Wire, container: Container, object_name: str) -> None:
    """Swift leaves a name empty whose newest version, or mark of deletion, was removed."""
    top = containers.newest(wire, container, object_name)
    if top is None or top.is_delete_marker or top.is_latest or not top.object.version:
        return
    query = _version(top.object.version)
    wire.run(Call(method="PUT", container=container.name, object_name=object_name, query=query, body=b""))


def delete_many(
    wire: Wire, known: large.Known, container: Container, object_names: Sequence[str]
) -> list[DeleteFailure]:
    """Bulk delete; large objects, which it would leave without their segments removed, one by one."""
    plain: list[str] = list(object_names)
    singly: list[str] = []
    if known.has_segments(wire, container.name):
        plain, singly = _sorted_out(wire, container, object_names)
    failures = []
    for name in singly:
        try:
            delete(wire, known, container, name, "")
        except ObjectDoesNotExistError:
            continue  # gone is what was wanted
        except LibcloudError as error:
            failures.append(DeleteFailure(name, str(error), error.code))
    start = f"/{container.name}/"
    for path, reason in large.delete_paths(wire, [start + name for name in plain]):
        failures.append(DeleteFailure(path.removeprefix(start), f"The service says: {reason}."))
    return failures


def _sorted_out(wire: Wire, container: Container, names: Sequence[str]) -> tuple[list[str], list[str]]:
    """Names of plain objects, and names to look at one by one: large ones, and those no listing shows.

    A listing tells them apart, page by page over the names that are wanted; where these are few and far
    between, each is looked at.
    """
    wanted = sorted(names, key=lambda name: name.encode())
    plain: list[str] = []
    at = 0
    limit = wire.limits.container_listing_limit
    while at < len(wanted):
        query = [("format", "json"), ("limit", str(limit)), ("end_marker", wanted[-1] + "\x01")]
        if before := wanted[at][:-1]:  # a name that comes before it, near enough
            query.append(("marker", before))
        call = Call(method="GET", container=container.name, query=tuple(query))
        rows = containers.read_rows(wire, call, containers.OBJECT)
        here = {row["name"] for row in rows if "slo_etag" not in row}
        last = rows[-1]["name"].encode() if len(rows) == limit else None
        begin = at
        while at < len(wanted) and (last is None or wanted[at].encode() <= last):
            at += 1
        found = [name for name in wanted[begin:at] if name in here]
        plain += found
        if last is not None and len(found) < LOOKS_PER_MANY:
            break
    known = set(plain)
    return plain, [name for name in names if name not in known]


# -- helpers --


def _version(version: str) -> tuple[tuple[str, str], ...]:
    return (("version-id", version),) if version else ()


def _length(wire: Wire, told: Mapping[str, str], object_name: str) -> int:
    try:
        return int(told["Content-Length"])
    except (KeyError, ValueError):
        raise _nonsense(wire, f"The service did not say how large {object_name!r} is.") from None


def _nonsense(wire: Wire, sentence: str) -> MalformedResponseError:
    return MalformedResponseError(sentence, None, wire.driver)
