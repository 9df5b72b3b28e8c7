"""Multipart uploads of the XML API: https://cloud.google.com/storage/docs/multipart-uploads"""

from __future__ import annotations

import time
from collections.abc import Callable
from xml.etree import ElementTree
from xml.sax.saxutils import escape

from tests.servers.google_standin_content import Spool
from tests.servers.google_standin_headers import resource_of, with_acl
from tests.servers.google_standin_objects import asked_acl, owner_of, store
from tests.servers.google_standin_resources import check_fields, check_object_name, checked_class, writable
from tests.servers.google_standin_service import Call, Parts, new_id
from tests.servers.google_standin_state import demand, stamp
from tests.servers.google_standin_uploads import check_hashes
from tests.servers.google_standin_wire import Refused, Reply, Request

SMALLEST = 5 * 2**20  # of every part but the last
MOST = 10_000


def xml_reply(text: str) -> Reply:
    body = f"<?xml version='1.0' encoding='UTF-8'?>{text}".encode()
    return Reply(200, [("Content-Type", "application/xml; charset=UTF-8")], body)


def handler(request: Request) -> Callable[[Call], Reply] | None:
    """Which step of a multipart upload a request is; None when it is none."""
    query, method = request.query, request.method
    if method == "POST" and "uploads" in query:
        return initiate
    if "uploadId" not in query:
        return None
    return {"PUT": put_part, "POST": complete, "DELETE": abort, "GET": list_parts}.get(method)


def initiate(call: Call) -> Reply:
    from_headers = resource_of(call.request)
    with call.state.lock:
        bucket = call.state.bucket(call.names[0])
        demand(call.caller, "storage.multipartUploads.create", bucket)
        check_object_name(call.names[1])
        check_fields(writable(from_headers))
        checked_class(from_headers.get("storageClass") or bucket.storage_class)
        upload = Parts(new_id(), bucket.name, call.names[1], from_headers, call.request.header("x-goog-acl"))
        call.service.multiparts[upload.id] = upload
    text = f"<Bucket>{bucket.name}</Bucket><Key>{escape(upload.name)}</Key><UploadId>{upload.id}</UploadId>"
    return xml_reply(f"<InitiateMultipartUploadResult {XMLNS}>{text}</InitiateMultipartUploadResult>")


XMLNS = 'xmlns="http://s3.amazonaws.com/doc/2006-03-01/"'


def upload_of(call: Call) -> Parts:
    upload = call.service.multiparts.get(call.query["uploadId"])
    if upload is None or [upload.bucket, upload.name] != call.names:
        message = "The requested upload was not found."
        raise Refused(404, "notFound", message, xml="NoSuchUpload")
    return upload


def put_part(call: Call) -> Reply:
    number = call.request.number("partNumber") or 0
    if not 1 <= number <= MOST:
        raise Refused(400, "invalid", "Invalid argument.", details="partNumber must be 1 to 10000.")
    with call.state.lock:
        upload = upload_of(call)
        demand(call.caller, "storage.multipartUploads.create", call.state.bucket(call.names[0]))
    spool = Spool()
    for piece in call.request.body.chunks():
        spool.write(piece)
    content = spool.finish()
    check_hashes(content, {}, call.request)
    with call.state.lock:
        upload.parts[number] = (content, time.time())
    hashes = f"crc32c={content.crc32c},md5={content.md5}"
    return Reply(200, [("ETag", f'"{content.md5_hex}"'), ("X-Goog-Hash", hashes)])


def complete(call: Call) -> Reply:
    try:
        root = ElementTree.fromstring(call.request.bytes)
    except ElementTree.ParseError:
        raise Refused(400, "invalid", "The XML is malformed.", xml="MalformedXML") from None
    asked = []
    for part in root:
        told = {child.tag.rpartition("}")[2]: (child.text or "").strip() for child in part}
        asked.append((int(told.get("PartNumber", "0")), told.get("ETag", "").strip('"')))
    with call.state.lock:
        upload = upload_of(call)
        spool = Spool()
        if not asked or [number for number, _ in asked] != sorted({number for number, _ in asked}):
            raise Refused(400, "invalid", "Parts must be in ascending order.", xml="InvalidPartOrder")
        for number, etag in asked:
            content, _ = upload.parts.get(number, (None, 0.0))
            if content is None or content.md5_hex != etag:
                raise Refused(400, "invalid", f"Part {number} was not found.", xml="InvalidPart")
            if content.size < SMALLEST and number != asked[-1][0]:
                raise Refused(400, "invalid", f"Part {number} is too small.", xml="EntityTooSmall")
            for piece in content.pieces():
                spool.write(piece)
        bucket = call.state.bucket(call.names[0])
        acl = asked_acl(with_acl(call, upload.acl), bucket, {}, owner_of(call))
        one = store(call, bucket, upload.name, spool.finish(), upload.resource, {}, acl=acl, has_md5=False)
        del call.service.multiparts[upload.id]
    text = (
        f'<Bucket>{bucket.name}</Bucket><Key>{escape(one.name)}</Key><ETag>"{one.etag}-{len(asked)}"</ETag>'
    )
    reply = xml_reply(f"<CompleteMultipartUploadResult {XMLNS}>{text}</CompleteMultipartUploadResult>")
    reply.headers += [
        ("X-Goog-Hash", f"crc32c={one.content.crc32c}"),
        ("X-Goog-Generation", str(one.generation)),
    ]
    return reply


def abort(call: Call) -> Reply:
    with call.state.lock:
        upload = upload_of(call)
        demand(call.caller, "storage.multipartUploads.abort", call.state.bucket(call.names[0]))
        del call.service.multiparts[upload.id]
    return Reply(204)


def list_parts(call: Call) -> Reply:
    with call.state.lock:
        upload = upload_of(call)
        demand(call.caller, "storage.multipartUploads.listParts", call.state.bucket(call.names[0]))
        rows = "".join(
            f"<Part><PartNumber>{number}</PartNumber><LastModified>{stamp(when)}</LastModified>"
            f'<ETag>"{content.md5_hex}"</ETag><Size>{content.size}</Size></Part>'
            for number, (content, when) in sorted(upload.parts.items())
        )
    head = f"<Bucket>{upload.bucket}</Bucket><Key>{escape(upload.name)}</Key><UploadId>{upload.id}</UploadId>"
    return xml_reply(f"<ListPartsResult {XMLNS}>{head}{rows}</ListPartsResult>")
