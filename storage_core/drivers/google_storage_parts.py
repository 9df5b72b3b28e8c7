"""Uploads in parts: each part is a temporary object of its own, and `compose` puts them together.

An upload with the id I is the folder TEMPORARY/I/: `upload` (what it is to become), `part-00001`, …, and
while it is completed `join-…`. So the parts may come in any order and at once, they are found again after a
crash, and they are there for whoever lists that prefix. https://cloud.google.com/storage/docs/composite-objects

Google composes at most 32 objects at a time, of one class, into one of the same class: the parts are of
class STANDARD (others cost a fee when they are deleted early), and a whole that is to be of another class is
rewritten once more on the server.
"""

from __future__ import annotations

import contextlib
import json
import re
import secrets
from collections.abc import Iterator, Sequence
from dataclasses import asdict, dataclass, replace
from typing import Any
from urllib.parse import quote, unquote

from storage_core.attributes import DEFAULT_CONTENT_TYPE, Attributes
from storage_core.base.objects import Container, Object, Part, Stored, Upload
from storage_core.body import Body, BytesBody
from storage_core.drivers import google_storage_crc as crc
from storage_core.drivers import google_storage_objects as objects
from storage_core.drivers import google_storage_upload
from storage_core.drivers.google_storage_containers import TEMPORARY, items, usual_class
from storage_core.drivers.google_storage_json import (
    FIELDS,
    md5_of,
    required,
    to_query,
    to_resource,
    to_stored,
)
from storage_core.drivers.google_storage_wire import Call, Wire, json_body, object_path
from storage_core.errors import (
    AccessDeniedError,
    ContainerDoesNotExistError,
    LibcloudError,
    MalformedResponseError,
    ObjectChangedError,
    ObjectDoesNotExistError,
    ObjectHashMismatchError,
    SourceChangedError,
)

TOGETHER = 32
"""How many objects one compose takes."""
TARGET = "skyferry-upload"
"""The metadata key under which each temporary object names what it belongs to, percent-encoded."""
_PART = re.compile(r"part-([0-9]{5,9})")
_PART_FIELDS = "name,size,md5Hash,crc32c,generation"


@dataclass(frozen=True, slots=True)
class _Piece:
    """A temporary object that is part of a whole."""

    name: str
    generation: str
    crc: int
    size: int


# -- the easy verbs --


def start(wire: Wire, container: Container, object_name: str, attributes: Attributes) -> Upload:
    """Write down what the upload is to become. The id tells the parts' class: "s" STANDARD, "u" the usual."""
    known = attributes.storage_class or usual_class(wire, container)
    upload_id = secrets.token_hex(16) + ("s" if known else "u")
    upload = Upload(container, object_name, upload_id, attributes)
    body = BytesBody(json.dumps(_plain(attributes)).encode())
    _store(wire, upload, "upload", body, "application/json")
    return upload


def send(wire: Wire, upload: Upload, number: int, body: Body) -> Part:
    """One part. Its receipt holds generation and CRC32C: a part that was sent again has another."""
    item = _store(wire, upload, f"part-{number:05}", body, DEFAULT_CONTENT_TYPE)
    return _part(wire, number, item)


def listed(wire: Wire, upload: Upload) -> list[Part]:
    """The parts that Google holds."""
    parts, is_open = _held(wire, upload)
    if not is_open:
        raise _gone(wire, upload)
    return parts


def abort(wire: Wire, upload: Upload) -> None:
    """Remove all temporary objects of the upload, for good where the bucket keeps versions."""
    with contextlib.suppress(ContainerDoesNotExistError):
        _remove(wire, upload)


def open_uploads(wire: Wire, container: Container, prefix: str) -> Iterator[Upload]:
    """The uploads that temporary objects tell of, also when only some of them are left."""
    seen: set[str] = set()
    for item in items(wire, container, TEMPORARY, "name,metadata,timeCreated"):
        upload_id, _, kind = item["name"].removeprefix(TEMPORARY).partition("/")
        name = unquote((item.get("metadata") or {}).get(TARGET, ""))
        if kind and name and upload_id not in seen:
            seen.add(upload_id)
            if name.startswith(prefix):
                yield Upload(container, name, upload_id, started=item.get("timeCreated"))


# -- completing --


def complete(wire: Wire, upload: Upload, parts: Sequence[Part], only_new: bool) -> Stored:
    """Put the parts together, 32 at a time; the whole's CRC32C must be what the parts' make together."""
    if not parts:
        raise SourceChangedError(
            "An upload without parts cannot be completed.", wire.driver, upload.object_name
        )
    held, is_open = _held(wire, upload)
    if not is_open:
        raise _gone(wire, upload)
    there = {part.number: part for part in held}
    if any(there.get(part.number, Part(0, "", 0)).etag != part.etag for part in parts):
        raise ObjectChangedError(
            f"Google does not hold all parts of {upload.object_name!r} any more; send it again.",
            wire.driver,
            upload.object_name,
        )
    attributes = _attributes(wire, upload)
    pieces = [_piece(upload, part) for part in parts]
    whole = _Piece(
        "", "", crc.combined((one.crc, one.size) for one in pieces), sum(one.size for one in pieces)
    )
    pieces = _joined(wire, upload, pieces)
    item = _made(wire, upload, pieces, attributes, only_new, whole)
    _check(wire, upload, item, whole)
    # The object is there: what is left over is found by `open_uploads` should this fail.
    with contextlib.suppress(LibcloudError):
        _remove(wire, upload)
    return replace(to_stored(item, wire.driver), parts_verified=True)


def _joined(wire: Wire, upload: Upload, pieces: list[_Piece]) -> list[_Piece]:
    """As many pieces as one compose takes, made out of all."""
    level = 0
    while len(pieces) > TOGETHER:
        groups = [pieces[at : at + TOGETHER] for at in range(0, len(pieces), TOGETHER)]
        pieces = [
            _join(wire, upload, f"join-{level}-{number:03}", group) for number, group in enumerate(groups)
        ]
        level += 1
    return pieces


def _join(wire: Wire, upload: Upload, name: str, group: list[_Piece]) -> _Piece:
    if len(group) == 1:
        return group[0]
    name = _name(upload, name)
    whole = crc.combined((one.crc, one.size) for one in group)
    item = _compose(wire, upload, name, group, _temporary(upload, DEFAULT_CONTENT_TYPE), {})
    return _Piece(name, required(item, "generation", wire.driver), whole, sum(one.size for one in group))


def _made(
    wire: Wire, upload: Upload, pieces: list[_Piece], attributes: Attributes, only_new: bool, whole: _Piece
) -> dict[str, Any]:
    """The object. Lost answers are made good by looking at what is under the name."""
    kind = _class_of_whole(wire, upload, attributes)
    condition = objects.NEW if only_new else {}
    tries: list[int] = []
    try:
        resource = {"contentType": DEFAULT_CONTENT_TYPE, **to_resource(attributes)}
        if not kind:
            resource |= _class_of_parts(upload)
            query = {**to_query(attributes, wire.driver, acl="destinationPredefinedAcl"), **condition}
            return _compose_last(wire, upload, pieces, resource, query, tries)
        name = _name(upload, "join-all")
        made = _compose(wire, upload, name, pieces, _temporary(upload, DEFAULT_CONTENT_TYPE), {})
        source = Object(
            name, whole.size, "", None, {}, upload.container, etag=required(made, "generation", wire.driver)
        )
        resource["storageClass"] = kind
        query = {**objects.target_query(attributes, wire), **condition}
        return objects.rewrite(wire, source, upload.container, upload.object_name, resource, query, tries)
    except (ObjectChangedError, ObjectDoesNotExistError) as error:
        if tries[-1:] in ([], [1]):
            raise
        try:
            item = objects.look(wire, upload.container, upload.object_name)
        except ObjectDoesNotExistError:
            raise error from None
        if _is(item, whole):
            return item
        raise


def _compose_last(
    wire: Wire,
    upload: Upload,
    pieces: list[_Piece],
    resource: dict[str, Any],
    query: dict[str, str],
    tries: list[int],
) -> dict[str, Any]:
    """The compose that makes the object, and removes its sources for good where that is allowed.

    Removed in this way they are not kept, and charged for, by the bucket's soft delete.
    """
    name = upload.object_name
    try:
        return _compose(wire, upload, name, pieces, resource, query, tries, removing=True)
    except AccessDeniedError:
        return _compose(wire, upload, name, pieces, resource, query, tries)


def _compose(
    wire: Wire,
    upload: Upload,
    name: str,
    pieces: list[_Piece],
    resource: dict[str, Any],
    query: dict[str, str],
    tries: list[int] | None = None,
    *,
    removing: bool = False,
) -> dict[str, Any]:
    body: dict[str, Any] = {
        "sourceObjects": [
            {
                "name": one.name,
                "generation": one.generation,
                "objectPreconditions": {"ifGenerationMatch": one.generation},
            }
            for one in pieces
        ],
        "destination": resource,
    }
    if removing:
        body["deleteSourceObjects"] = True
    call = Call(
        method="POST", path=f"{object_path(upload.container.name, name)}/compose",
        query={"fields": FIELDS, **query}, **json_body(body),
        container=upload.container.name, object_name=upload.object_name,
    )  # fmt: skip
    try:
        return wire.ask(call)
    finally:
        if tries is not None:
            tries.append(call.tries)


def _class_of_whole(wire: Wire, upload: Upload, attributes: Attributes) -> str:
    """The class that the whole must be rewritten to; "" when it has the parts' anyway."""
    wanted = attributes.storage_class or usual_class(wire, upload.container)
    parts = "STANDARD" if upload.id.endswith("s") else usual_class(wire, upload.container)
    return "" if wanted in ("", parts) else wanted


def _check(wire: Wire, upload: Upload, item: dict[str, Any], whole: _Piece) -> None:
    """Take away what was not put together as it was sent."""
    if _is(item, whole):
        return
    objects.delete(wire, upload.container, upload.object_name, str(item.get("generation", "")))
    raise ObjectHashMismatchError(
        f"{upload.object_name!r} was not put together as it was sent: CRC32C {crc.text(whole.crc)} here, "
        f"{item.get('crc32c')} there.",
        wire.driver,
        upload.object_name,
    )


def _is(item: dict[str, Any], whole: _Piece) -> bool:
    return int(item.get("size", -1)) == whole.size and item.get("crc32c") == crc.text(whole.crc)


# -- temporary objects --


def _store(wire: Wire, upload: Upload, kind: str, body: Body, content_type: str) -> dict[str, Any]:
    resource = _temporary(upload, content_type)
    query = {"fields": _PART_FIELDS, **to_query(_key_of(upload), wire.driver)}
    return google_storage_upload.store(
        wire, upload.container.name, _name(upload, kind), body, resource, query
    )


def _temporary(upload: Upload, content_type: str) -> dict[str, Any]:
    metadata = {TARGET: quote(upload.object_name)}
    return {"contentType": content_type, "metadata": metadata, **_class_of_parts(upload)}


def _class_of_parts(upload: Upload) -> dict[str, str]:
    return {"storageClass": "STANDARD"} if upload.id.endswith("s") else {}


def _key_of(upload: Upload) -> Attributes:
    """Parts are protected by the key that the whole is."""
    return Attributes(encryption_key=upload.attributes.encryption_key)


def _name(upload: Upload, kind: str) -> str:
    return f"{TEMPORARY}{upload.id}/{kind}"


def _held(wire: Wire, upload: Upload) -> tuple[list[Part], bool]:
    """The parts by number, and whether the upload is open."""
    folder, is_open, parts = _name(upload, ""), False, []
    for item in items(wire, upload.container, folder, _PART_FIELDS):
        kind = item["name"].removeprefix(folder)
        is_open = is_open or kind == "upload"
        if found := _PART.fullmatch(kind):
            parts.append(_part(wire, int(found[1]), item))
    return sorted(parts, key=lambda part: part.number), is_open


def _part(wire: Wire, number: int, item: dict[str, Any]) -> Part:
    generation, check, size = (required(item, name, wire.driver) for name in ("generation", "crc32c", "size"))
    return Part(number, f"{generation}-{check}", int(size), md5_of(item))


def _piece(upload: Upload, part: Part) -> _Piece:
    generation, _, check = part.etag.partition("-")
    return _Piece(_name(upload, f"part-{part.number:05}"), generation, crc.number(check), part.size)


def _attributes(wire: Wire, upload: Upload) -> Attributes:
    """What the upload was begun with: as it says itself, else as it was written down then."""
    if upload.attributes != Attributes():
        return upload.attributes
    query = {"alt": "media"}
    call = Call(
        method="GET", path=object_path(upload.container.name, _name(upload, "upload")), query=query,
        container=upload.container.name, object_name=upload.object_name,
    )  # fmt: skip
    try:
        return Attributes(**wire.ask(call))
    except TypeError:
        raise MalformedResponseError(
            f"What the upload of {upload.object_name!r} is to become is not written down any more.",
            None,
            wire.driver,
        ) from None


def _plain(attributes: Attributes) -> dict[str, Any]:
    return {name: value for name, value in asdict(attributes).items() if value}


def _remove(wire: Wire, upload: Upload) -> None:
    """All versions of all temporary objects of the upload; what says that it is open goes first."""
    found = [
        (item["name"], required(item, "generation", wire.driver))
        for item in items(wire, upload.container, _name(upload, ""), "name,generation", versions=True)
    ]
    found.sort(key=lambda pair: not pair[0].endswith("/upload"))
    for at in range(0, len(found), objects.BATCH_MAX):
        objects.delete_many(wire, upload.container, found[at : at + objects.BATCH_MAX])


def _gone(wire: Wire, upload: Upload) -> ObjectDoesNotExistError:
    return ObjectDoesNotExistError(
        f"Google no longer knows the upload of {upload.object_name!r}: it was completed or removed.",
        wire.driver,
        upload.object_name,
        status=404,
    )
