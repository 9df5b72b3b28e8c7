"""Single objects over S3: looking, reading, storing, copying, and what a bare status of HEAD means."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace

from storage_core.attributes import DEFAULT_CONTENT_TYPE, Attributes
from storage_core.base.downloading import checked_range
from storage_core.base.objects import Container, DeleteFailure, Download, Object, Stored
from storage_core.body import Body, BytesBody
from storage_core.capabilities import MIB
from storage_core.drivers import s3_parts, s3_xml
from storage_core.drivers.s3_headers import etag_of, from_headers, md5_of, plain_etag, to_headers
from storage_core.drivers.s3_wire import Call, Wire
from storage_core.errors import (
    AccessDeniedError,
    ClockSkewError,
    ContainerDoesNotExistError,
    InvalidContainerNameError,
    InvalidCredsError,
    LibcloudError,
    MalformedResponseError,
    ObjectChangedError,
    ObjectDoesNotExistError,
    ObjectError,
    ObjectTooLargeError,
    OperationNotSupportedError,
    ProviderError,
)
from storage_core.xml import text

COPY_PART = 512 * MIB
COLLECT_MAX = 128 * MIB
"""A stream of unknown length for a service without parts is held in memory up to here."""
_ARCHIVED = ("GLACIER", "DEEP_ARCHIVE")


# -- looking --


def look(wire: Wire, container: Container, object_name: str, version: str) -> Mapping[str, str]:
    """The headers of HEAD. A HEAD has no body, so a refusal costs one more request to be understood."""
    call = Call(method="HEAD", container=container.name, object_name=object_name, query=_version(version))
    try:
        return wire.run(call)
    except ObjectDoesNotExistError:
        if container_is_missing(wire, container.name):
            raise ContainerDoesNotExistError(
                f"There is no container {container.name!r}.", wire.driver, container.name, status=404
            ) from None
        raise
    except ProviderError as error:
        if not explain(wire, call, error):
            raise
        return wire.run(call)


def container_is_missing(wire: Wire, container_name: str) -> bool:
    """Whether HeadBucket says 404. Any other answer: it is there, or nobody will tell."""
    try:
        wire.run(Call(method="HEAD", container=container_name))
    except ContainerDoesNotExistError:
        return True
    except ProviderError:
        return False
    return False


def explain(wire: Wire, head: Call, error: ProviderError) -> bool:
    """For a HEAD refused with 400, 401 or 403, which name no reason: raise it when it is keys or clock.

    True when asking has set the clock right, found the region or newer keys, so that it may be sent again.
    """
    if error.code or error.status not in (400, 401, 403):
        return False
    before = wire.clock_offset, wire.region_of(head.container), head.keys
    ask = Call(method="GET", container=head.container, query=(("location", ""),))
    try:
        wire.run(ask)
    except (InvalidCredsError, ClockSkewError, InvalidContainerNameError) as reason:
        raise reason from None
    except LibcloudError:
        pass  # denied as well, or something else: the first answer stands
    return (wire.clock_offset, wire.region_of(head.container), ask.keys) != before


def head(wire: Wire, container: Container, object_name: str, version: str) -> Object:
    """One object with its attributes; tags cost a request more, where the object has some."""
    headers = look(wire, container, object_name, version)
    attributes = from_headers(headers, wire.profile.coded_underscores)
    if wire.profile.tags and headers.get("x-amz-tagging-count", "0") != "0":
        attributes = replace(attributes, tags=read_tags(wire, container, object_name, version))
    etag = etag_of(headers)
    return Object(
        object_name,
        _length(wire, headers, object_name),
        md5_of(headers, wire.profile.hash_etag) or etag,
        None,
        dict(attributes.metadata),
        container,
        wire.driver,
        etag=etag,
        modified=headers.get("Last-Modified"),
        # Only when it was asked for: deleting an object with a version removes that version for good.
        version=version,
        storage_class=attributes.storage_class,
        attributes=attributes,
    )


def read_tags(wire: Wire, container: Container, object_name: str, version: str = "") -> dict[str, str]:
    """GetObjectTagging; none where these keys may not read tags."""
    query = (("tagging", ""), *_version(version))
    try:
        return s3_xml.tags(
            wire.ask(Call(method="GET", container=container.name, object_name=object_name, query=query))
        )
    except AccessDeniedError:
        return {}


# -- reading --


def open_read(wire: Wire, obj: Object, start: int, end: int | None) -> Download:
    """GetObject of a range or of all of it, pinned by If-Match; everything the reply promises is checked."""
    headers = {"If-Match": f'"{obj.etag}"'} if obj.etag else {}
    ranged = bool(start or end is not None) and not (obj.size == 0 and start == 0)
    if ranged:
        headers["Range"] = f"bytes={start}-{'' if end is None else end - 1}"
    call = Call(
        method="GET", container=obj.container.name, object_name=obj.name, query=_version(obj.version),
        headers=headers, good=(200, 206),
    )  # fmt: skip
    reply = wire.send(call)
    try:
        size = _length(wire, reply.headers, obj.name)
        total = (
            checked_range(
                wire.driver, obj.name, reply.status, reply.headers.get("Content-Range", ""), start, end, size
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
    attributes = from_headers(reply.headers, wire.profile.coded_underscores)
    return Download(
        source=reply,
        start=start,
        size=size,
        total=total,
        etag=etag_of(reply.headers),
        md5=md5_of(reply.headers, wire.profile.hash_etag),
        version=_version_of(reply.headers),
        attributes=attributes,
        modified=reply.headers.get("Last-Modified"),
    )


# -- storing --


def put(
    wire: Wire, container: Container, object_name: str, body: Body, attributes: Attributes, only_new: bool
) -> Stored:
    """PutObject. With `only_new`, an answer that got lost is told from a name that was taken."""
    if body.size is None:
        body = _collected(wire, object_name, body)
    headers = to_headers(attributes, wire.driver)
    if only_new:
        headers["If-None-Match"] = "*"
    call = Call(
        method="PUT", container=container.name, object_name=object_name, headers=headers, body=body, md5=True
    )
    try:
        told = wire.run(call)
    except ObjectChangedError:
        if not only_new or call.tries < 2:
            raise
        told = look(wire, container, object_name, "")
        if md5_of(told, wire.profile.hash_etag) != body.md5:
            raise
    return Stored(
        etag=etag_of(told),
        md5=md5_of(told, wire.profile.hash_etag),
        version=_version_of(told),
        modified=told.get("Date"),
    )


def _collected(wire: Wire, object_name: str, body: Body) -> Body:
    data = bytearray()
    while piece := body.read(MIB):
        data += piece
        if len(data) > COLLECT_MAX:
            raise ObjectTooLargeError(
                "This service takes no uploads in parts, and the stream's length is not known. Give ex_size.",
                wire.driver,
                object_name,
            )
    return BytesBody(data)


# -- copying --


def copy(
    wire: Wire, obj: Object, container: Container, object_name: str, attributes: Attributes | None
) -> Stored:
    """CopyObject, the source pinned to its ETag; a refusal inside a reply of status 200 is a refusal."""
    if obj.size > wire.profile.copy_size_max:
        raise OperationNotSupportedError(
            f"{obj.name!r} is too large for one copy on the server; it is copied in parts instead.",
            wire.driver,
        )
    headers = s3_parts.source_headers(obj)
    if attributes is None:
        headers["x-amz-metadata-directive"] = "COPY"
        headers |= _kept(wire, obj)
    else:
        headers |= to_headers(attributes, wire.driver)
        headers["x-amz-metadata-directive"] = "REPLACE"
        if wire.profile.tags:
            headers["x-amz-tagging-directive"] = "REPLACE"
    call = Call(method="PUT", container=container.name, object_name=object_name, headers=headers)
    etag = plain_etag(text(wire.ask(call), "ETag"))
    if not etag:
        raise MalformedResponseError(
            "The service copied an object and did not say its ETag.", None, wire.driver
        )
    md5 = md5_of({**call.told, "ETag": etag}, wire.profile.hash_etag)
    return Stored(etag=etag, md5=md5, version=_version_of(call.told), modified=call.told.get("Date"))


def _kept(wire: Wire, obj: Object) -> dict[str, str]:
    """Class and encryption are the only attributes that a plain copy does not carry over."""
    known = obj.attributes or Attributes()
    kind = known.storage_class or obj.storage_class
    if kind in ("STANDARD", *_ARCHIVED) or kind not in wire.profile.storage_classes:
        kind = ""
    coded = known.encryption if known.encryption in wire.profile.encryption else ""
    only = Attributes(
        storage_class=kind, encryption=coded, encryption_key=known.encryption_key if coded else ""
    )
    return to_headers(only, wire.driver)


def set_attributes(wire: Wire, obj: Object, attributes: Attributes) -> None:
    """A copy of the object onto itself, S3's only way; a large one is put together from its own parts."""
    here = replace(
        attributes,
        content_type=attributes.content_type or DEFAULT_CONTENT_TYPE,
        acl=attributes.acl or _public_acl(wire, obj),
    )
    if obj.size <= wire.profile.copy_size_max:
        copy(wire, obj, obj.container, obj.name, here)
        return
    upload = s3_parts.start(wire, obj.container, obj.name, here)
    try:
        ends = [*range(COPY_PART, obj.size, COPY_PART), obj.size]
        parts = [
            s3_parts.copy(wire, upload, number, obj, (number - 1) * COPY_PART, end)
            for number, end in enumerate(ends, 1)
        ]
        s3_parts.complete(wire, upload, parts, False)
    except BaseException:
        s3_parts.abort(wire, upload)
        raise


def _public_acl(wire: Wire, obj: Object) -> str:
    """A copy is private again; what everybody could read must stay so."""
    if not wire.profile.object_acl:
        return ""
    call = Call(method="GET", container=obj.container.name, object_name=obj.name, query=(("acl", ""),))
    try:
        grants = s3_xml.world_grants(wire.ask(call))
    except (AccessDeniedError, OperationNotSupportedError):
        return ""
    return "public-read" if "READ" in grants else ""


# -- deleting --


def delete(wire: Wire, container: Container, object_name: str, version: str) -> None:
    """DeleteObject; of a version, when one is named. Most services say 204 for a name that was not there."""
    call = Call(
        method="DELETE",
        container=container.name,
        object_name=object_name,
        query=_version(version),
        good=(200, 202, 204),
    )
    wire.run(call)


def delete_many(wire: Wire, container: Container, object_names: Sequence[str]) -> list[DeleteFailure]:
    """DeleteObjects for names that XML can carry; the others one by one."""
    sendable = [name for name in object_names if s3_xml.writable(name)]
    failures = []
    for name in object_names:
        if s3_xml.writable(name):
            continue
        try:
            delete(wire, container, name, "")
        except ObjectDoesNotExistError:
            continue  # gone is what was wanted
        except LibcloudError as error:
            failures.append(DeleteFailure(name, str(error), error.code))
    if sendable:
        call = Call(
            method="POST",
            container=container.name,
            query=(("delete", ""),),
            body=s3_xml.delete_body(sendable),
            headers={"Content-Type": "application/xml"},
            md5=True,
        )
        failures += s3_xml.failures(wire.ask(call))
    return failures


# -- helpers --


def _version(version: str) -> tuple[tuple[str, str], ...]:
    return (("versionId", version),) if version else ()


def _version_of(headers: Mapping[str, str]) -> str:
    version = headers.get("x-amz-version-id", "")
    return "" if version == "null" else version


def _length(wire: Wire, headers: Mapping[str, str], object_name: str) -> int:
    try:
        return int(headers["Content-Length"])
    except (KeyError, ValueError):
        raise MalformedResponseError(
            f"The service did not say how large {object_name!r} is.", None, wire.driver
        ) from None
