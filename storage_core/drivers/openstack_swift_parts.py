"""Uploads in parts: segments in the container for them, and at the end a manifest that names them (SLO).

Swift itself knows no open uploads. Ours are found by a small object in the segments container,
`.uploads/<id>`, that is there from the start to the end; the segments stand below a prefix that only this
upload has (`<object>/slo/<id>/00000001`, as python-swiftclient names them), so that two uploads of one name
never mix. What has more parts than one manifest takes becomes a manifest of manifests.
"""

from __future__ import annotations

import base64
import binascii
import hashlib
import json
import re
import secrets
from collections.abc import Iterator, Mapping, Sequence
from datetime import UTC, datetime
from typing import Any

from storage_core.attributes import Attributes
from storage_core.base.objects import Container, Object, Part, Stored, Upload
from storage_core.body import Body, BytesBody
from storage_core.capabilities import GIB
from storage_core.drivers import openstack_swift_containers as containers
from storage_core.drivers import openstack_swift_large as large
from storage_core.drivers import openstack_swift_objects as objects
from storage_core.drivers.openstack_swift_headers import md5_of, plain_etag, to_headers
from storage_core.drivers.openstack_swift_wire import Call, Wire
from storage_core.errors import (
    ContainerDoesNotExistError,
    MalformedResponseError,
    ObjectChangedError,
    ObjectDoesNotExistError,
    ObjectHashMismatchError,
    SourceChangedError,
)

OPEN = ".uploads/"
TYPE = "application/x-skyferry-upload"
SEGMENT = {"Content-Type": "application/swiftclient-segment"}
PIECE = GIB
"""Bytes of a large object that one request copies."""

_NUMBER = re.compile(r"[0-9]{8}")


def start(wire: Wire, known: large.Known, container: Container, name: str, attributes: Attributes) -> Upload:
    """Note the upload, with the headers that the object will have."""
    headers = to_headers(attributes, wire.driver, wire.look_around())
    _make_home(wire, known, container)
    began = datetime.now(UTC)
    upload = Upload(container, name, f"{int(began.timestamp()):x}-{secrets.token_hex(8)}", attributes, began)
    told = base64.urlsafe_b64encode(name.encode()).decode().rstrip("=")
    call = _call(
        wire, "PUT", upload, OPEN + upload.id,
        headers={"Content-Type": f"{TYPE};name={told}"}, body=json.dumps(headers).encode(),
    )  # fmt: skip
    wire.run(call)
    return upload


def send(wire: Wire, upload: Upload, number: int, body: Body) -> Part:
    """One segment, its MD5 sent along."""
    headers = dict(SEGMENT)
    if isinstance(body, BytesBody):
        headers["ETag"] = body.md5
    call = _call(wire, "PUT", upload, _segment(upload, number), headers=headers, body=body)
    try:
        told = wire.run(call)
    except ObjectDoesNotExistError:
        raise _gone(wire, upload) from None
    return _part(wire, number, told, body.sent)


def copy(wire: Wire, upload: Upload, number: int, obj: Object, begin: int, end: int) -> Part:
    """One segment from a range of a stored object, on the server."""
    headers = {**SEGMENT, **objects.source_headers(obj), "X-Fresh-Metadata": "true"}
    headers["Range"] = f"bytes={begin}-{end - 1}"
    query = (("version-id", obj.version),) if obj.version else ()
    call = _call(wire, "PUT", upload, _segment(upload, number), headers=headers, query=query)
    return _part(wire, number, objects.run_copy(wire, call, obj), end - begin)


def copy_large(
    wire: Wire,
    known: large.Known,
    obj: Object,
    container: Container,
    name: str,
    attributes: Attributes | None,
) -> Stored:
    """A large object as another one with segments of its own.

    As one plain object, Swift would keep a note of the large one's ETag with it, and conditions on it fail.
    """
    if attributes is None:
        attributes = objects.head(wire, obj.container, obj.name, obj.version).attributes or Attributes()
    upload = start(wire, known, container, name, attributes)
    try:
        step = min(PIECE, wire.limits.max_file_size)
        copied = [
            copy(wire, upload, number, obj, begin, min(begin + step, obj.size))
            for number, begin in enumerate(range(0, obj.size, step), 1)
        ]
        return complete(wire, known, upload, copied, False)
    except BaseException:
        abort(wire, upload)
        raise


def listed(wire: Wire, upload: Upload) -> Iterator[Part]:
    """The segments that are there, by number. ObjectDoesNotExistError when the upload is gone."""
    _headers(wire, upload)
    for row in _rows(wire, upload):
        number = row["name"].rpartition("/")[2]
        if _NUMBER.fullmatch(number):
            yield Part(int(number), row["hash"], row["bytes"], row["hash"])


def complete(wire: Wire, known: large.Known, upload: Upload, parts: Sequence[Part], only_new: bool) -> Stored:
    """Write the manifest. What was under the name before loses its segments when the new one is there."""
    if not parts:
        raise SourceChangedError(
            "An upload without parts cannot be completed.", wire.driver, upload.object_name
        )
    try:
        headers = _headers(wire, upload)
    except ObjectDoesNotExistError as error:
        # Perhaps an earlier request completed it, and only its reply was lost.
        return _completed_before(wire, upload, parts, error)
    if only_new:
        headers["If-None-Match"] = "*"
    old = [] if only_new else large.replaced(wire, known, upload.container, upload.object_name)
    rows = [_row(wire, upload, part) for part in parts if part.size]
    while len(rows) > wire.limits.max_manifest_segments:
        rows = _gathered(wire, upload, rows)
    where = {"container": upload.container.name, "object_name": upload.object_name}
    query = (("multipart-manifest", "put"),) if rows else ()
    body = _manifest(rows) if rows else b""
    call = Call(method="PUT", query=query, headers=headers, body=body, **where)  # type: ignore[arg-type]
    try:
        told = wire.run(call)
    except ObjectDoesNotExistError:
        raise _no_container(wire, upload) from None
    except ObjectChangedError as error:
        if only_new and call.tries > 1:
            return _completed_before(wire, upload, parts, error)
        raise
    etag, expected = plain_etag(told.get("ETag", "")), _etag(rows)
    if rows and etag != expected:
        raise ObjectHashMismatchError(
            f"{upload.object_name!r} was not put together as it was sent: {expected} here, {etag} there.",
            wire.driver,
            upload.object_name,
        )
    _close(wire, upload)
    large.remove_replaced(wire, old, keep=f"/{_home(wire, upload)}/{_prefix(upload)}")
    return Stored(etag=etag, size=sum(part.size for part in parts), modified=told.get("Last-Modified"))


def abort(wire: Wire, upload: Upload) -> None:
    """Remove the segments, unless an object is made of them: its completion may have lost its reply."""
    try:
        _headers(wire, upload)
    except ObjectDoesNotExistError:
        return  # gone, or completed: what is there belongs to the object
    own = f"/{_home(wire, upload)}/{_prefix(upload)}"
    manifest = large.manifest_of(wire, upload.container.name, upload.object_name)
    if not any(str(row["path"]).startswith(own) for row in manifest):
        home = _home(wire, upload)
        large.delete_paths(wire, [f"/{home}/{row['name']}" for row in _rows(wire, upload)])
    _close(wire, upload)


def open_uploads(wire: Wire, container: Container, prefix: str) -> Iterator[Upload]:
    """Every upload of ours that was begun and has not ended."""
    home = containers.segments_container(wire, container.name)
    for row in containers.segment_rows(wire, home, OPEN):
        name = _name_in(row.get("content_type", ""))
        if name and name.startswith(prefix):
            begun = row["name"].removeprefix(OPEN)
            yield Upload(container, name, begun, Attributes(), row.get("last_modified"))


# -- helpers --


def _home(wire: Wire, upload: Upload) -> str:
    return containers.segments_container(wire, upload.container.name)


def _call(wire: Wire, method: str, upload: Upload, name: str, **more: Any) -> Call:
    return Call(method=method, container=_home(wire, upload), object_name=name, **more)


def _make_home(wire: Wire, known: large.Known, container: Container) -> None:
    """The container for segments, on the same storage policy as the one for the objects."""
    told = containers.look(wire, container.name)
    policy = told.get("X-Storage-Policy", "")
    headers = {"X-Storage-Policy": policy} if policy else {}
    home = containers.segments_container(wire, container.name)
    if not containers.exists(wire, home):
        wire.run(Call(method="PUT", container=home, headers=headers))
    known.remember(container.name)


def _prefix(upload: Upload) -> str:
    """What this upload's segments begin with, and no others."""
    return f"{large.stem(upload.object_name)}/slo/{upload.id}/"


def _segment(upload: Upload, number: int) -> str:
    return f"{_prefix(upload)}{number:08d}"


def _rows(wire: Wire, upload: Upload) -> list[dict[str, Any]]:
    return list(containers.segment_rows(wire, _home(wire, upload), _prefix(upload)))


def _part(wire: Wire, number: int, told: Mapping[str, str], size: int) -> Part:
    etag = plain_etag(told.get("ETag", ""))
    if not etag:
        raise MalformedResponseError("The service took a part and did not say its ETag.", None, wire.driver)
    return Part(number, etag, size, md5_of(told))


def _row(wire: Wire, upload: Upload, part: Part) -> dict[str, Any]:
    path = f"/{_home(wire, upload)}/{_segment(upload, part.number)}"
    return {"path": path, "etag": part.etag, "size_bytes": part.size}


def _gathered(wire: Wire, upload: Upload, rows: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """The same as manifests of as many segments as one takes; each counts as one segment."""
    step = wire.limits.max_manifest_segments
    gathered = []
    for number, at in enumerate(range(0, len(rows), step), 1):
        some = rows[at : at + step]
        name = f"{_prefix(upload)}manifest-{number:04d}"
        query = (("multipart-manifest", "put"),)
        told = wire.run(
            _call(wire, "PUT", upload, name, query=query, headers=dict(SEGMENT), body=_manifest(some))
        )
        etag = plain_etag(told.get("ETag", ""))
        size = sum(row["size_bytes"] for row in some)
        gathered.append({"path": f"/{_home(wire, upload)}/{name}", "etag": etag, "size_bytes": size})
    return gathered


def _manifest(rows: Sequence[Mapping[str, Any]]) -> bytes:
    return json.dumps(rows, ensure_ascii=False).encode()


def _etag(rows: Sequence[Mapping[str, Any]]) -> str:
    """What the object's ETag will be: the MD5 of its segments' ETags."""
    joined = "".join(str(row["etag"]) for row in rows)
    return hashlib.md5(joined.encode(), usedforsecurity=False).hexdigest()


def _headers(wire: Wire, upload: Upload) -> dict[str, str]:
    """The headers noted at the start. ObjectDoesNotExistError when the upload is gone."""
    try:
        noted = wire.ask(_call(wire, "GET", upload, OPEN + upload.id))
    except (ObjectDoesNotExistError, ContainerDoesNotExistError):
        raise _gone(wire, upload) from None
    if not isinstance(noted, dict):
        raise MalformedResponseError("The note of an upload could not be understood.", None, wire.driver)
    return {str(name): str(value) for name, value in noted.items()}


def _close(wire: Wire, upload: Upload) -> None:
    try:
        wire.run(_call(wire, "DELETE", upload, OPEN + upload.id))
    except (ObjectDoesNotExistError, ContainerDoesNotExistError):
        return  # gone is what was wanted


def _completed_before(wire: Wire, upload: Upload, parts: Sequence[Part], error: Exception) -> Stored:
    """What is under the name, when it is what these parts make; otherwise the error."""
    rows = [_row(wire, upload, part) for part in parts if part.size]
    try:
        told = objects.look(wire, upload.container, upload.object_name)
    except (ObjectDoesNotExistError, ContainerDoesNotExistError):
        raise error from None
    etag, size = plain_etag(told.get("ETag", "")), sum(part.size for part in parts)
    if told.get("Content-Length") != str(size):
        raise error
    own = f"/{_home(wire, upload)}/{_prefix(upload)}"
    manifest = large.manifest_of(wire, upload.container.name, upload.object_name)
    if etag != _etag(rows) and not any(str(row["path"]).startswith(own) for row in manifest):
        raise error
    return Stored(etag=etag, size=size, modified=told.get("Last-Modified"))


def _name_in(content_type: str) -> str:
    kind, _, told = content_type.partition(";name=")
    if kind != TYPE:
        return ""
    try:
        return base64.urlsafe_b64decode(told + "=" * (-len(told) % 4)).decode()
    except (binascii.Error, UnicodeDecodeError):
        return ""


def _gone(wire: Wire, upload: Upload) -> ObjectDoesNotExistError:
    sentence = (
        f"The service no longer knows the upload of {upload.object_name!r}: it was completed or removed."
    )
    return ObjectDoesNotExistError(sentence, wire.driver, upload.object_name, status=404)


def _no_container(wire: Wire, upload: Upload) -> ContainerDoesNotExistError:
    name = upload.container.name
    return ContainerDoesNotExistError(f"There is no container {name!r}.", wire.driver, name, status=404)
