"""Single blobs: looking, reading, storing, changing what stands beside the bytes, deleting."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace

from storage_core.attributes import Attributes
from storage_core.base.downloading import checked_range
from storage_core.base.objects import Container, Download, Object, Stored
from storage_core.body import Body, BytesBody
from storage_core.capabilities import MIB
from storage_core.drivers import azure_blobs_xml
from storage_core.drivers.azure_blobs_headers import (
    base64_md5,
    content_headers,
    etag_of,
    extra_of,
    from_headers,
    md5_of,
    metadata_headers,
    tier_of,
    to_headers,
)
from storage_core.drivers.azure_blobs_wire import Call, Query, Wire, blob_call
from storage_core.drivers.azure_blobs_xml import SNAPSHOT
from storage_core.errors import (
    AccessDeniedError,
    InvalidCredsError,
    LibcloudError,
    MalformedResponseError,
    ObjectArchivedError,
    ObjectChangedError,
    ObjectError,
    ObjectTooLargeError,
    ProviderError,
)

COLLECT_MAX = 128 * MIB
"""A stream of unknown length that must go in one request is held in memory up to here."""
PRIORITIES = ("Standard", "High")
_PENDING = "rehydrate-pending-to-"


# -- looking --


def look(wire: Wire, container: Container, object_name: str, version: str = "") -> Mapping[str, str]:
    """The headers of HEAD. It has no body, so one that is refused costs a request more to be understood."""
    call = blob_call("HEAD", container.name, object_name, version_query(version))
    try:
        return wire.run(call)
    except ProviderError as error:
        if error.status != 403 or isinstance(error, InvalidCredsError):
            raise
        try:
            wire.run(Call(method="GET", container=container.name, query=(("restype", "container"),)))
        except InvalidCredsError as reason:
            raise reason from None
        except LibcloudError:
            pass  # denied as well, or something else: the first answer stands
        raise


def head(wire: Wire, container: Container, object_name: str, version: str) -> Object:
    """One blob with its attributes; tags cost a request more, where it has some."""
    headers = look(wire, container, object_name, version)
    attributes = from_headers(headers)
    if headers.get("x-ms-tag-count", "0") != "0":
        attributes = replace(attributes, tags=read_tags(wire, container, object_name, version))
    etag = etag_of(headers)
    return Object(
        object_name,
        _length(wire, headers, object_name),
        md5_of(headers) or etag,
        extra_of(headers.get("x-ms-blob-type", ""), attributes, etag, headers.get("last-modified", "")),
        dict(attributes.metadata),
        container,
        wire.driver,
        etag=etag,
        modified=headers.get("last-modified"),
        # Only when it was asked for: deleting an object with a version removes that version for good.
        version=version,
        storage_class=headers.get("x-ms-access-tier", "").upper(),
        attributes=attributes,
    )


def read_tags(wire: Wire, container: Container, object_name: str, version: str = "") -> dict[str, str]:
    """Get Blob Tags; none where these credentials may not read them."""
    query = (("comp", "tags"), *version_query(version))
    try:
        return azure_blobs_xml.tags(wire.ask(blob_call("GET", container.name, object_name, query)))
    except AccessDeniedError:
        return {}


# -- reading --


def open_read(wire: Wire, obj: Object, start: int, end: int | None) -> Download:
    """Get Blob, all of it or a range, pinned by If-Match; everything the reply promises is checked."""
    headers = {"If-Match": f'"{obj.etag}"'} if obj.etag else {}
    ranged = bool(start or end is not None) and not (obj.size == 0 and start == 0)
    if ranged:
        headers["x-ms-range"] = f"bytes={start}-{'' if end is None else end - 1}"
    call = Call(
        method="GET",
        container=obj.container.name,
        object_name=obj.name,
        query=version_query(obj.version),
        headers=headers,
        good=(200, 206),
    )
    try:
        reply = wire.send(call)
    except ObjectArchivedError as error:
        raise _with_status(wire, obj, error) from None
    except ObjectChangedError:
        look(wire, obj.container, obj.name, obj.version)  # what is gone is told like what has changed
        raise
    try:
        size = _length(wire, reply.headers, obj.name)
        total = (
            checked_range(
                wire.driver, obj.name, reply.status, reply.headers.get("content-range", ""), start, end, size
            )
            if ranged
            else size
        )
        if not ranged and reply.status != 200:
            raise MalformedResponseError(
                f"All of {obj.name!r} was asked for, and a part came.", None, wire.driver
            )
    except (MalformedResponseError, ObjectError):
        reply.close()
        raise
    return Download(
        source=reply,
        start=start,
        size=size,
        total=total,
        etag=etag_of(reply.headers),
        md5=md5_of(reply.headers),
        version=obj.version,
        attributes=from_headers(reply.headers),
        modified=reply.headers.get("last-modified"),
    )


# -- storing --


def put(
    wire: Wire, container: Container, object_name: str, body: Body, attributes: Attributes, only_new: bool
) -> Stored:
    """Put Blob. With `only_new`, an answer that got lost is told from a name that was taken."""
    if body.size is None:
        body = _collected(wire, object_name, body)
    headers = to_headers(attributes, wire.driver)
    headers["x-ms-blob-type"] = "BlockBlob"
    if only_new:
        headers["If-None-Match"] = "*"
    call = blob_call(
        "PUT",
        container.name,
        object_name,
        headers=headers,
        body=body,
        md5=True,
        good=(201,),
    )
    try:
        told = wire.run(call)
    except ObjectChangedError:
        if not only_new or call.tries < 2:
            raise
        told = look(wire, container, object_name)
        if md5_of(told) != body.md5:
            raise
    return Stored(
        etag=etag_of(told),
        md5=md5_of(told),
        version=told.get("x-ms-version-id", ""),
        modified=told.get("last-modified"),
    )


def _collected(wire: Wire, object_name: str, body: Body) -> Body:
    data = bytearray()
    while piece := body.read(MIB):
        data += piece
        if len(data) > COLLECT_MAX:
            raise ObjectTooLargeError(
                "A stream of unknown length is too large for one request; upload it in parts.",
                wire.driver,
                object_name,
            )
    return BytesBody(data)


# -- what stands beside the bytes --


def set_attributes(wire: Wire, obj: Object, attributes: Attributes) -> None:
    """Set Blob Properties and Set Blob Metadata, each of which replaces all of its own.

    What neither speaks of is sent along again (the MD5); both are pinned to what was seen, so that nobody
    else's change is lost.
    """
    headers = look(wire, obj.container, obj.name)
    etag = obj.etag or etag_of(headers)
    if etag_of(headers) != etag:
        raise ObjectChangedError(
            f"{obj.name!r} was written by somebody else meanwhile; look at it again.", wire.driver, obj.name
        )
    write_attributes(wire, obj.container, obj.name, headers, attributes)


def write_attributes(
    wire: Wire,
    container: Container,
    object_name: str,
    seen: Mapping[str, str],
    attributes: Attributes,
    *,
    tags: bool = True,
) -> str:
    """The same for a blob whose headers are known, with its tags or without; gives back its new ETag."""
    before, etag = from_headers(seen), etag_of(seen)
    wanted = content_headers(attributes, wire.driver)
    if wanted != content_headers(before, wire.driver):
        headers = {**wanted, "If-Match": f'"{etag}"'}
        if md5 := md5_of(seen):
            headers["x-ms-blob-content-md5"] = base64_md5(md5)
        call = blob_call("PUT", container.name, object_name, (("comp", "properties"),), headers=headers)
        etag = _written(wire, call, container, object_name, wanted)
    metadata = metadata_headers(attributes, wire.driver)
    if metadata != metadata_headers(before, wire.driver):
        headers = {**metadata, "If-Match": f'"{etag}"'}
        call = blob_call("PUT", container.name, object_name, (("comp", "metadata"),), headers=headers)
        etag = _written(wire, call, container, object_name, metadata)
    if tags and (attributes.tags or seen.get("x-ms-tag-count", "0") != "0"):
        set_tags(wire, container, object_name, attributes)
    if attributes.storage_class and attributes.storage_class != before.storage_class:
        set_tier(wire, container, object_name, attributes.storage_class)
    return etag


def _written(
    wire: Wire, call: Call, container: Container, object_name: str, wanted: Mapping[str, str]
) -> str:
    """The new ETag; a reply that got lost is told from somebody else's change."""
    try:
        return etag_of(wire.run(call))
    except ObjectChangedError:
        if call.tries < 2:
            raise
        told = look(wire, container, object_name)
        known = from_headers(told)
        there = content_headers(known, wire.driver) | metadata_headers(known, wire.driver)
        if not wanted.items() <= there.items():
            raise
        return etag_of(told)


def set_tags(wire: Wire, container: Container, object_name: str, attributes: Attributes) -> None:
    """Set Blob Tags, all of them."""
    body = azure_blobs_xml.tags_body(attributes.tags)
    call = blob_call(
        "PUT",
        container.name,
        object_name,
        (("comp", "tags"),),
        body=body,
        headers={"Content-Type": "application/xml"},
        good=(204,),
    )
    wire.run(call)


def set_tier(
    wire: Wire, container: Container, object_name: str, storage_class: str, priority: str = ""
) -> bool:
    """Set Blob Tier: True when it holds at once, False when the blob is on its way out of the archive."""
    headers = {"x-ms-access-tier": tier_of(storage_class, wire.driver)}
    if priority:
        if priority not in PRIORITIES:
            raise ValueError(f"The priority is one of {', '.join(PRIORITIES)}, not {priority!r}.")
        headers["x-ms-rehydrate-priority"] = priority
    call = blob_call(
        "PUT",
        container.name,
        object_name,
        (("comp", "tier"),),
        headers=headers,
        good=(200, 202),
    )
    wire.run(call)
    return call.status == 200


def rehydration(headers: Mapping[str, str]) -> str:
    """ "archived", "on its way to Hot", or "" for what can be read."""
    status = headers.get("x-ms-archive-status", "").lower()
    if status.startswith(_PENDING):
        return f"on its way to {status.removeprefix(_PENDING).capitalize()}"
    return "archived" if headers.get("x-ms-access-tier", "").lower() == "archive" else ""


def _with_status(wire: Wire, obj: Object, error: ObjectArchivedError) -> ObjectArchivedError:
    """The same error; its sentence says so when somebody has asked for the blob already."""
    try:
        status = rehydration(look(wire, obj.container, obj.name, obj.version))
    except LibcloudError:
        return error  # that it is archived is known, and nothing else
    if not status.startswith("on its way"):
        return error
    told = ObjectArchivedError(
        f"{obj.name!r} is {status} from the archive, which takes up to 15 hours. It can be read then.",
        wire.driver,
        obj.name,
        status=error.status,
        code=error.code,
        request_id=error.request_id,
    )
    told.container_name = error.container_name
    return told


# -- deleting --


def delete(wire: Wire, container: Container, object_name: str, version: str) -> None:
    """Delete Blob, or one version or snapshot of it. The present version must be made an old one first."""
    call = blob_call("DELETE", container.name, object_name, version_query(version), good=(202,))
    try:
        wire.run(call)
    except LibcloudError as error:
        if not version or error.code != "OperationNotAllowedOnRootBlob":
            raise
        wire.run(blob_call("DELETE", container.name, object_name, good=(202,)))
        call.tries = 0
        wire.run(call)


def snapshot(wire: Wire, container: Container, object_name: str) -> str:
    """Snapshot Blob: what names it as a version."""
    call = blob_call(
        "PUT",
        container.name,
        object_name,
        (("comp", "snapshot"),),
        good=(201,),
        idempotent=False,
    )
    return SNAPSHOT + wire.run(call).get("x-ms-snapshot", "")


# -- helpers --


def version_query(version: str) -> Query:
    """What names a version or a snapshot in a URL."""
    if version.startswith(SNAPSHOT):
        return (("snapshot", version.removeprefix(SNAPSHOT)),)
    return (("versionid", version),) if version else ()


def _length(wire: Wire, headers: Mapping[str, str], object_name: str) -> int:
    try:
        return int(headers["content-length"])
    except (KeyError, ValueError):
        raise MalformedResponseError(
            f"The service did not say how large {object_name!r} is.", None, wire.driver
        ) from None
