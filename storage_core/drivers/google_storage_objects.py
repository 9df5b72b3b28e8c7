"""Single objects over Google's JSON API: looking, reading, storing, copying, changing, deleting.

https://cloud.google.com/storage/docs/json_api/v1/objects
"""

from __future__ import annotations

import contextlib
import re
import secrets
from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any
from urllib.parse import quote

from storage_core import http
from storage_core.attributes import Attributes
from storage_core.base.downloading import checked_range
from storage_core.base.objects import Container, DeleteFailure, Download, Object, Stored
from storage_core.body import Body
from storage_core.drivers import google_storage_crc, google_storage_errors, google_storage_upload
from storage_core.drivers.google_storage_json import (
    FIELDS,
    HEADERS,
    hashes,
    to_object,
    to_query,
    to_resource,
    to_stored,
)
from storage_core.drivers.google_storage_wire import BATCH, Call, Wire, json_body, object_path
from storage_core.errors import (
    AccessDeniedError,
    ContainerDoesNotExistError,
    LibcloudError,
    MalformedResponseError,
    ObjectChangedError,
    ObjectDoesNotExistError,
)

BATCH_MAX = 100
NEW = {"ifGenerationMatch": "0"}
"""The condition that nothing is under the name."""

_CARRIED = (*HEADERS.values(), "metadata", "customTime", "storageClass")
_STATUS = re.compile(rb"^HTTP/[\d.]+ (\d{3})", re.MULTILINE)
_CONTENT_ID = re.compile(rb"^content-id:\s*<?response-[^>\r\n]*?(\d+)>?\s*$", re.MULTILINE | re.IGNORECASE)


# -- looking --


def look(
    wire: Wire, container: Container, object_name: str, version: str = "", fields: str = FIELDS
) -> dict[str, Any]:
    """The resource. A missing bucket is told from a missing object, by a second request where need be."""
    query = {"fields": fields, **_generation(version)}
    call = _call("GET", container, object_name, query=query)
    return ask_about(wire, call)


def ask_about(wire: Wire, call: Call) -> dict[str, Any]:
    """`Wire.ask` for a call on an object that may be missing together with its bucket."""
    try:
        return wire.ask(call)
    except ObjectDoesNotExistError:
        _tell_apart(wire, call.container)
        raise


def _tell_apart(wire: Wire, container_name: str) -> None:
    if wire.container_is_missing(container_name):
        raise ContainerDoesNotExistError(
            f"There is no container {container_name!r}.", wire.driver, container_name, status=404
        ) from None


def head(wire: Wire, container: Container, object_name: str, version: str) -> Object:
    """One object with its attributes."""
    return to_object(look(wire, container, object_name, version), container, version=bool(version))


# -- reading --


def open_read(wire: Wire, obj: Object, start: int, end: int | None) -> Download:
    """The stored bytes of a range or of all of it, of the generation that is known and no other.

    `Accept-Encoding: gzip`, or Google unpacks on its side what is stored packed; nothing is decoded here.
    https://cloud.google.com/storage/docs/transcoding
    """
    headers = {"Accept-Encoding": "gzip"}
    ranged = bool(start or end is not None) and not (obj.size == 0 and start == 0)
    if ranged:
        headers["Range"] = f"bytes={start}-{'' if end is None else end - 1}"
    query = {"alt": "media", **_generation(obj.version)}
    if obj.etag and not obj.version:
        query["ifGenerationMatch"] = obj.etag
    call = _call("GET", obj.container, obj.name, query=query, headers=headers, good=(200, 206))
    reply = wire.send(call)
    try:
        size = _length(wire, reply, obj.name)
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
        _check_as_stored(wire, obj.name, reply)
    except LibcloudError:
        reply.close()
        raise
    told = hashes(reply.headers.get("x-goog-hash", ""))
    md5 = google_storage_upload.hex_of_base64(told.get("md5", ""))
    checksum = None
    if size == total and not md5 and "crc32c" in told and google_storage_crc.can_check():
        with contextlib.suppress(ValueError):  # what is no hash cannot be held against anything
            checksum = google_storage_crc.Crc32c(told["crc32c"], wire.driver, obj.name)
    return Download(
        source=reply,
        checksum=checksum,
        start=start,
        size=size,
        total=total,
        etag=reply.headers.get("x-goog-generation", "") or obj.etag,
        md5=md5,
        version=obj.version,
        modified=reply.headers.get("Last-Modified"),
    )


def _check_as_stored(wire: Wire, name: str, reply: http.Reply) -> None:
    """Bytes that were packed or unpacked on the way are not the object's."""
    stored = reply.headers.get("x-goog-stored-content-encoding", "")
    came = reply.headers.get("content-encoding", "") or "identity"
    if stored and (stored == "gzip") != (came == "gzip"):
        raise MalformedResponseError(
            f"{name!r} is stored as {stored} and came as {came}: these are not its bytes.", None, wire.driver
        )


def _length(wire: Wire, reply: http.Reply, object_name: str) -> int:
    if reply.length is None:
        raise MalformedResponseError(f"Google did not say how large {object_name!r} is.", None, wire.driver)
    return reply.length


# -- storing --


def put(
    wire: Wire, container: Container, object_name: str, body: Body, attributes: Attributes, only_new: bool
) -> Stored:
    """One object from one body. With `only_new`, a lost answer is told from a name that was taken."""
    query = {"fields": FIELDS, **to_query(attributes, wire.driver), **(NEW if only_new else {})}
    tries: list[int] = []
    try:
        item = google_storage_upload.store(
            wire, container.name, object_name, body, to_resource(attributes), query, tries.append
        )
    except ObjectChangedError:
        if not only_new or tries[-1:] in ([], [1]):
            raise
        item = look(wire, container, object_name)
        if to_stored(item, wire.driver).md5 != body.md5:
            raise
    return to_stored(item, wire.driver)


# -- copying and changing --


def copy(
    wire: Wire, obj: Object, container: Container, object_name: str, attributes: Attributes | None
) -> Stored:
    """Rewrite, however many calls it takes; the source is pinned to what was seen of it.

    A plain copy takes all along; the class too, unless it is the usual one and the container's is another.
    """
    resource: dict[str, Any] | None = None
    query: dict[str, str] = {}
    if attributes is not None:
        resource, query = to_resource(attributes), target_query(attributes, wire)
    elif obj.storage_class:
        kept = look(wire, obj.container, obj.name, obj.version, fields=",".join(_CARRIED))
        resource = {name: kept[name] for name in _CARRIED if kept.get(name)}
    item = rewrite(wire, obj, container, object_name, resource, query)
    return to_stored(item, wire.driver)


def rewrite(
    wire: Wire,
    obj: Object,
    container: Container,
    object_name: str,
    resource: Mapping[str, Any] | None,
    query: Mapping[str, str],
    tries: list[int] | None = None,
) -> dict[str, Any]:
    """The resource of what was made out of `obj`; `resource` None takes the source's along.

    https://cloud.google.com/storage/docs/json_api/v1/objects/rewrite
    """
    asked = {"fields": f"done,rewriteToken,totalBytesRewritten,resource({FIELDS})", **query}
    if obj.version:
        asked["sourceGeneration"] = obj.version
    elif obj.etag:
        asked["ifSourceGenerationMatch"] = obj.etag
    target = object_path(container.name, object_name).partition("/b/")[2]
    path = f"{object_path(obj.container.name, obj.name)}/rewriteTo/b/{target}"
    more: dict[str, Any] = {"body": b""} if resource is None else json_body(resource)
    seen = 0
    while True:
        call = Call(
            method="POST", path=path, query=asked, container=obj.container.name, object_name=obj.name, **more
        )
        try:
            told = ask_about(wire, call)
        except (ObjectDoesNotExistError, ContainerDoesNotExistError):
            if container.name != obj.container.name:
                _tell_apart(wire, container.name)
            raise
        finally:
            if tries is not None:
                tries.append(call.tries)
        if told.get("done"):
            return told.get("resource") or {}
        done = int(told.get("totalBytesRewritten", 0))
        if not told.get("rewriteToken") or (
            done <= seen and asked.get("rewriteToken") == told["rewriteToken"]
        ):
            raise MalformedResponseError("Google's copy does not get on.", None, wire.driver)
        asked["rewriteToken"], seen = told["rewriteToken"], done


def set_attributes(wire: Wire, obj: Object, attributes: Attributes) -> None:
    """PATCH: what is empty is removed, what Attributes do not speak of (custom time, holds) stays.

    Another class or key needs the object to be rewritten onto itself, which keeps the rest as well.
    """
    now = look(wire, obj.container, obj.name, fields=f"{FIELDS},metageneration,customTime")
    if obj.etag and obj.etag != now.get("generation"):
        raise ObjectChangedError(
            f"{obj.name!r} was written by somebody else meanwhile.", wire.driver, obj.name, status=412
        )
    here = to_object(now, obj.container)
    known = here.attributes or Attributes()
    moved = attributes.storage_class and attributes.storage_class != (known.storage_class or "STANDARD")
    if moved or (attributes.encryption_key and attributes.encryption_key != known.encryption_key):
        kept = replace(attributes, storage_class=attributes.storage_class or known.storage_class)
        query = {**target_query(kept, wire), "ifGenerationMatch": here.etag}
        resource = to_resource(kept)
        if now.get("customTime"):
            resource["customTime"] = now["customTime"]
        if not attributes.acl and (acl := _access_list(wire, here)):
            resource["acl"] = acl
        rewrite(wire, here, obj.container, obj.name, resource, query)
        return
    patch: dict[str, Any] = {theirs: getattr(attributes, ours) or None for ours, theirs in HEADERS.items()}
    gone = dict.fromkeys(now.get("metadata") or {})
    patch["metadata"] = {**gone, **attributes.metadata}
    query = {"fields": "generation", "ifMetagenerationMatch": str(now.get("metageneration", ""))}
    query |= to_query(replace(attributes, encryption_key=""), wire.driver)
    if not query["ifMetagenerationMatch"]:
        del query["ifMetagenerationMatch"]
    call = _call("PATCH", obj.container, obj.name, query=query, **json_body(patch))
    try:
        wire.ask(call)
    except ObjectChangedError:
        # The first reply was lost, and what was asked for is done?
        if call.tries < 2 or not _is_patched(look(wire, obj.container, obj.name), patch):
            raise


def _access_list(wire: Wire, obj: Object) -> list[dict[str, str]]:
    """Who else may read: a rewrite would give the object the container's usual list.

    Empty where the container has uniform access, and where this account may not see lists.
    """
    query = {"projection": "full", "fields": "acl", "ifGenerationMatch": obj.etag}
    try:
        found = wire.ask(_call("GET", obj.container, obj.name, query=query)).get("acl", ())
    except AccessDeniedError:
        return []
    return [{"entity": str(one.get("entity", "")), "role": str(one.get("role", ""))} for one in found]


def target_query(attributes: Attributes, wire: Wire) -> dict[str, str]:
    """What of the attributes goes into the query of a rewrite."""
    query = to_query(attributes, wire.driver, acl="destinationPredefinedAcl")
    if kms := query.pop("kmsKeyName", ""):
        query["destinationKmsKeyName"] = kms
    return query


def _is_patched(item: Mapping[str, Any], patch: Mapping[str, Any]) -> bool:
    wanted = {key: value for key, value in patch["metadata"].items() if value is not None}
    return (item.get("metadata") or {}) == wanted and all(
        (item.get(name) or None) == patch[name] for name in HEADERS.values()
    )


# -- deleting --


def delete(wire: Wire, container: Container, object_name: str, version: str) -> None:
    """One object; of a version, that generation for good."""
    call = _call("DELETE", container, object_name, query=_generation(version), good=(200, 204))
    try:
        wire.run(call)
    except ObjectDoesNotExistError:
        if call.tries < 2:  # else it was the lost first request that removed it
            _tell_apart(wire, container.name)
            raise


def delete_many(wire: Wire, container: Container, names: Sequence[tuple[str, str]]) -> list[DeleteFailure]:
    """Up to BATCH_MAX objects, each with its generation or "", in one request; missing ones are no failures.

    https://cloud.google.com/storage/docs/batch
    """
    if not names:
        return []
    statuses = _batch(wire, container, names)
    failures = []
    for (name, version), (status, body) in zip(names, statuses, strict=True):
        if status in (200, 204, 404):
            continue
        if status in (0, 401, 408, 429) or status >= 500:
            # Alone it is tried again, with all patience.
            try:
                delete(wire, container, name, version)
            except ObjectDoesNotExistError:
                continue
            except LibcloudError as error:
                failures.append(DeleteFailure(name, str(error), error.code))
            continue
        answer = google_storage_errors.read_answer(
            status, {}, body, method="DELETE", container=container.name, object_name=name
        )
        refused = google_storage_errors.refusal(answer, wire.driver)
        failures.append(DeleteFailure(name, str(refused), refused.code))
    if any(status == 404 for status, _ in statuses) and wire.container_is_missing(container.name):
        _tell_apart(wire, container.name)
    return failures


def _batch(wire: Wire, container: Container, names: Sequence[tuple[str, str]]) -> list[tuple[int, bytes]]:
    """Status and body of each deletion, in the order of the names; status 0 where the reply has none."""
    boundary = secrets.token_hex(24)
    parts = []
    for number, (name, version) in enumerate(names):
        path = object_path(container.name, name) + (f"?generation={quote(version)}" if version else "")
        parts.append(
            f"--{boundary}\r\nContent-Type: application/http\r\nContent-Transfer-Encoding: binary\r\n"
            f"Content-ID: <skyferry-{number}>\r\n\r\nDELETE {path} HTTP/1.1\r\n\r\n\r\n"
        )
    call = Call(
        method="POST", path=BATCH, body=("".join(parts) + f"--{boundary}--\r\n").encode(),
        headers={"Content-Type": f"multipart/mixed; boundary={boundary}"}, container=container.name,
    )  # fmt: skip
    reply = wire.send(call)
    try:
        content = reply.content()
    finally:
        reply.close()
    found = re.search(r"boundary=\"?([^\";]+)", reply.headers.get("content-type", ""))
    if not found:
        raise MalformedResponseError("Google's answer to many requests is not one.", None, wire.driver)
    return _read_batch(content, found[1].encode(), len(names))


def _read_batch(content: bytes, boundary: bytes, count: int) -> list[tuple[int, bytes]]:
    told: list[tuple[int, bytes]] = [(0, b"")] * count
    pieces = re.split(rb"(?:^|\r?\n)--" + re.escape(boundary) + rb"(?:--)?", content)
    answers = [piece for piece in pieces if _STATUS.search(piece)]
    for place, piece in enumerate(answers):
        status = _STATUS.search(piece)
        named = _CONTENT_ID.search(piece)
        number = int(named[1]) if named else place
        if status and number < count:
            told[number] = (int(status[1]), piece[piece.find(b"{", status.end()) :] if b"{" in piece else b"")
    return told


# -- what they share --


def _call(method: str, container: Container, object_name: str, **more: Any) -> Call:
    return Call(
        method=method,
        path=object_path(container.name, object_name),
        container=container.name,
        object_name=object_name,
        **more,
    )


def _generation(version: str) -> dict[str, str]:
    return {"generation": version} if version else {}
