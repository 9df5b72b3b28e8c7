"""Uploads in parts: the easy verbs (start, send, list, abort), and completing when the reply gets lost."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator, Sequence
from typing import Any
from urllib.parse import quote

from storage_core.attributes import Attributes
from storage_core.base.objects import Container, Object, Part, Stored, Upload
from storage_core.body import Body
from storage_core.drivers import s3_xml
from storage_core.drivers.s3_headers import etag_of, is_md5, md5_of, plain_etag, to_headers
from storage_core.drivers.s3_wire import Call, Wire
from storage_core.errors import (
    MalformedResponseError,
    ObjectChangedError,
    ObjectDoesNotExistError,
    ObjectHashMismatchError,
    SourceChangedError,
)
from storage_core.xml import text

PAGE = "1000"


def start(wire: Wire, container: Container, object_name: str, attributes: Attributes) -> Upload:
    """CreateMultipartUpload. Not repeated blindly: each one that is answered opens another."""
    call = Call(
        method="POST", container=container.name, object_name=object_name, query=(("uploads", ""),),
        headers=to_headers(attributes, wire.driver, coded=wire.profile.coded_underscores), idempotent=False,
    )  # fmt: skip
    upload_id = text(wire.ask(call), "UploadId")
    if not upload_id:
        raise MalformedResponseError("The service began an upload and did not name it.", None, wire.driver)
    return Upload(container, object_name, upload_id, attributes)


def send(wire: Wire, upload: Upload, number: int, body: Body) -> Part:
    """UploadPart, with Content-MD5 when the bytes are in memory."""
    query = (("partNumber", str(number)), ("uploadId", upload.id))
    headers = wire.run(_call("PUT", upload, query=query, body=body, md5=True))
    etag = etag_of(headers)
    if not etag:
        raise MalformedResponseError("The service took a part and did not say its ETag.", None, wire.driver)
    return Part(number, etag, body.sent, md5_of(headers, wire.profile.hash_etag))


def listed(wire: Wire, upload: Upload) -> Iterator[Part]:
    """ListParts, page by page."""
    marker = ""
    while True:
        query = (("max-parts", PAGE), ("uploadId", upload.id)) + (
            (("part-number-marker", marker),) if marker else ()
        )
        root = wire.ask(_call("GET", upload, query=query))
        yield from s3_xml.parts(root)
        following = s3_xml.next_markers(root, "NextPartNumberMarker")
        if not following:
            return
        marker = _forward(wire, following[0], marker)


def complete(wire: Wire, upload: Upload, parts: Sequence[Part], only_new: bool) -> Stored:
    """CompleteMultipartUpload. Errors hide in replies of status 200; a lost reply is made good by looking."""
    if not parts:
        raise SourceChangedError(
            "An upload without parts cannot be completed.", wire.driver, upload.object_name
        )
    call = _call("POST", upload, query=(("uploadId", upload.id),), body=s3_xml.complete_body(parts), md5=True)
    call.headers["Content-Type"] = "application/xml"
    if only_new:
        call.headers["If-None-Match"] = "*"
    try:
        etag = plain_etag(text(wire.ask(call), "ETag"))
    except ObjectDoesNotExistError as error:
        # The upload is gone: perhaps an earlier request completed it, and only its reply was lost.
        return _completed_before(wire, upload, parts, error)
    except ObjectChangedError as error:
        if only_new and call.tries > 1:
            return _completed_before(wire, upload, parts, error)
        raise
    expected = _expected_etag(wire, upload, parts)
    if expected and is_md5(etag.partition("-")[0]) and etag != expected:
        _take_away(wire, upload, etag)
        raise ObjectHashMismatchError(
            f"{upload.object_name!r} was not put together as it was sent: {expected} here, {etag} there.",
            wire.driver,
            upload.object_name,
        )
    version = call.told.get("x-amz-version-id", "")
    size = sum(part.size for part in parts)
    return Stored(etag=etag, size=size, version=version, modified=call.told.get("Date"))


def abort(wire: Wire, upload: Upload) -> None:
    """AbortMultipartUpload; an upload that is gone is what was wanted."""
    try:
        wire.run(_call("DELETE", upload, query=(("uploadId", upload.id),), good=(200, 204)))
    except ObjectDoesNotExistError:
        return


def open_uploads(wire: Wire, container: Container, prefix: str, delimiter: str = "") -> Iterator[Upload]:
    """ListMultipartUploads, page by page."""
    markers: tuple[str, ...] = ()
    while True:
        query = [("max-uploads", PAGE), ("uploads", "")]
        if wire.profile.encode_listing:
            query.append(("encoding-type", "url"))
        query += [(name, value) for name, value in (("prefix", prefix), ("delimiter", delimiter)) if value]
        query += [pair for pair in zip(("key-marker", "upload-id-marker"), markers, strict=False) if pair[1]]
        try:
            root = wire.ask(Call(method="GET", container=container.name, query=tuple(query)))
        except ObjectDoesNotExistError:
            return  # rclone's server says NoSuchUpload for a container without any
        yield from s3_xml.uploads(root, container)
        following = s3_xml.next_markers(root, "NextKeyMarker", "NextUploadIdMarker")
        if not following:
            return
        _forward(wire, "\0".join(following), "\0".join(markers))
        markers = following


def copy(wire: Wire, upload: Upload, number: int, obj: Object, start: int, end: int) -> Part:
    """UploadPartCopy; the source is pinned to its ETag."""
    call = _call("PUT", upload, query=(("partNumber", str(number)), ("uploadId", upload.id)))
    call.headers = {**source_headers(obj), "x-amz-copy-source-range": f"bytes={start}-{end - 1}"}
    etag = plain_etag(text(wire.ask(call), "ETag"))
    if not etag:
        raise MalformedResponseError("The service copied a part and did not say its ETag.", None, wire.driver)
    return Part(number, etag, end - start, etag if wire.profile.hash_etag and is_md5(etag) else "")


def source_headers(obj: Object) -> dict[str, str]:
    """What names the source of a copy on the server, pinned to what was seen of it."""
    name = quote(obj.name, safe="/~", errors="surrogateescape")
    source = f"/{quote(obj.container.name, safe='')}/{name}"
    if obj.version:
        source += f"?versionId={obj.version}"
    headers = {"x-amz-copy-source": source}
    if obj.etag:
        headers["x-amz-copy-source-if-match"] = f'"{obj.etag}"'
    return headers


# -- helpers --


def _call(method: str, upload: Upload, **more: Any) -> Call:
    return Call(method=method, container=upload.container.name, object_name=upload.object_name, **more)


def _forward(wire: Wire, marker: str, before: str) -> str:
    if not marker or marker == before:
        raise MalformedResponseError(
            "A listing of the service repeats itself and would never end.", None, wire.driver
        )
    return marker


def _expected_etag(wire: Wire, upload: Upload, parts: Sequence[Part]) -> str:
    """md5(md5s)-N where the service follows Amazon's formula and the parts' ETags are MD5s; else ""."""
    if not wire.profile.part_etag or upload.attributes.encryption.startswith("aws:kms"):
        return ""
    if not all(is_md5(part.etag) for part in parts):
        return ""
    digest = hashlib.md5(b"".join(bytes.fromhex(part.etag) for part in parts), usedforsecurity=False)
    return f"{digest.hexdigest()}-{len(parts)}"


def _completed_before(wire: Wire, upload: Upload, parts: Sequence[Part], error: Exception) -> Stored:
    """What is under the name, when it is beyond doubt what these parts make; otherwise the error."""
    try:
        reply = wire.send(
            Call(method="HEAD", container=upload.container.name, object_name=upload.object_name)
        )
    except ObjectDoesNotExistError:
        raise error from None
    reply.close()
    etag, size = etag_of(reply.headers), int(reply.headers.get("Content-Length", "-1"))
    expected = _expected_etag(wire, upload, parts)
    # Without the formula the count of parts at the end of the ETag is the best there is.
    same = etag == expected if expected else etag.endswith(f"-{len(parts)}")
    sizes = sum(part.size for part in parts)
    if not same or (sizes > 0 and size != sizes):
        raise error
    version, modified = reply.headers.get("x-amz-version-id", ""), reply.headers.get("Last-Modified")
    return Stored(etag=etag, size=size, version=version, modified=modified)


def _take_away(wire: Wire, upload: Upload, etag: str) -> None:
    """Remove what was just made and is damaged, unless somebody wrote the name since."""
    name = {"container": upload.container.name, "object_name": upload.object_name}
    reply = wire.send(Call(method="HEAD", **name))  # type: ignore[arg-type]
    reply.close()
    if etag_of(reply.headers) != etag:
        return
    version = reply.headers.get("x-amz-version-id", "")
    query = (("versionId", version),) if version not in ("", "null") else ()
    wire.run(Call(method="DELETE", good=(200, 204), query=query, **name))  # type: ignore[arg-type]
