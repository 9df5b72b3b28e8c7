"""The XML API of the Google stand-in: what signed and public addresses lead to.

/BUCKET/OBJECT, or /OBJECT on the host BUCKET.storage.googleapis.com (here also BUCKET.localhost).
Source: https://cloud.google.com/storage/docs/xml-api/reference-methods
"""

from __future__ import annotations

from collections.abc import Callable
from email.utils import formatdate
from xml.sax.saxutils import escape

from tests.servers import google_standin_multipart as multipart
from tests.servers.google_standin_accounts import Caller
from tests.servers.google_standin_content import Spool
from tests.servers.google_standin_headers import conditions, resource_of, with_acl
from tests.servers.google_standin_listing import page_of
from tests.servers.google_standin_objects import asked_acl, check_tags, media, owner_of, store
from tests.servers.google_standin_resources import check_object_name
from tests.servers.google_standin_service import Call, Fault, Service
from tests.servers.google_standin_signed import is_signed, signer
from tests.servers.google_standin_state import (
    Stored,
    check_conditions,
    demand,
    find,
    refuse_held,
    stamp,
)
from tests.servers.google_standin_uploads import cancel, check_hashes, put_chunk, start_session
from tests.servers.google_standin_wire import Headers, Refused, Reply, Request, decoded, not_here

HOSTS = (".storage.googleapis.com", ".localhost")


def virtual_bucket(request: Request) -> str:
    """The bucket that the Host header names; empty when the path does."""
    host = request.header("host").partition(":")[0].lower()
    return next((host.removesuffix(end) for end in HOSTS if host.endswith(end)), "")


def answer(service: Service, request: Request, fault: Fault | None = None) -> Reply:
    try:
        return served(service, request, fault)
    except Refused as refusal:
        if refusal.code == 401 and refusal.reason == "required":
            message = "Access denied."
            refusal = Refused(403, "forbidden", message, xml="AccessDenied", details=refusal.message)
        elif refusal.reason == "authError":
            refusal.xml = "AuthenticationRequired"
        return refusal.as_xml()


def served(service: Service, request: Request, fault: Fault | None) -> Reply:
    bucket = virtual_bucket(request)
    path = request.path[1:]
    if not bucket:
        bucket, _, path = path.partition("/")
        bucket = decoded(bucket)
    name = decoded(path)
    upload = request.query.get("upload_id")
    if upload and request.method in ("PUT", "DELETE"):
        call = Call(service, request, Caller(), [bucket], fault)
        return put_chunk(call) if request.method == "PUT" else cancel(call)
    caller = signer(service.accounts, request) if is_signed(request) else service.accounts.caller(request)
    call = Call(service, request, caller, [bucket, name])
    if not bucket:
        raise Refused(400, "invalid", "A bucket is needed.", xml="InvalidBucketName")
    if not name:
        with service.state.lock:
            return list_bucket(call)
    if (handler := multipart.handler(request)) is not None:
        return handler(call)
    if (handler := HANDLERS.get(request.method)) is None:
        raise Refused(405, "httpMethodNotAllowed", "The specified method is not allowed.")
    return handler(call)


# -- reading --


def get(call: Call) -> Reply:
    request = call.request
    with call.state.lock:
        _, one = find(call.state, call.caller, call.names, request.number("generation"))
        check_conditions(conditions(request), one, reads=True)
        etag = f'"{one.content.md5_hex}"' if one.has_md5 else f'"-{one.etag}"'
        check_tags(request, one, etag)
        reply = media(one, request, etag)
    told = {name.lower() for name, _ in reply.headers}
    for header in ("content-type", "content-disposition", "cache-control", "content-language"):
        if (wanted := request.query.get(f"response-{header}")) is not None:
            reply.headers = [pair for pair in reply.headers if pair[0].lower() != header]
            reply.headers.append((header.title(), wanted))
    if "cacheControl" not in one.fields and "response-cache-control" not in request.query:
        shared = "public, max-age=3600" if call.caller.anonymous else "private, max-age=0"
        reply.headers = [pair for pair in reply.headers if pair[0].lower() != "cache-control"]
        reply.headers.append(("Cache-Control", shared))
    reply.headers.append(("Last-Modified", formatdate(one.updated or one.created, usegmt=True)))
    if "warning" not in told:
        reply.headers.append(("Accept-Ranges", "bytes"))
    reply.headers += own_metadata(one)
    return reply


def own_metadata(one: Stored) -> Headers:
    metadata = one.fields.get("metadata", {})
    return [
        (f"X-Goog-Meta-{key}", value)
        for key, value in metadata.items()
        if not any(letter in key + value for letter in "\r\n\0")
    ]


# -- writing --


def put(call: Call) -> Reply:
    check_object_name(call.names[1])
    with call.state.lock:
        demand(call.caller, "storage.objects.create", call.state.bucket(call.names[0]))
    if call.request.header("x-goog-copy-source"):
        raise not_here("This stand-in copies by the JSON API alone.")
    spool = Spool()
    for piece in call.request.body.chunks():
        spool.write(piece)
    content = spool.finish()
    resource = resource_of(call.request)
    check_hashes(content, {}, call.request)
    with call.state.lock:
        bucket = call.state.bucket(call.names[0])
        acl = asked_acl(with_acl(call, call.request.header("x-goog-acl")), bucket, {}, owner_of(call))
        one = store(call, bucket, call.names[1], content, resource, conditions(call.request), acl=acl)
    return Reply(200, stored_headers(one))


def stored_headers(one: Stored) -> Headers:
    return [
        ("ETag", f'"{one.content.md5_hex}"'),
        ("X-Goog-Generation", str(one.generation)),
        ("X-Goog-Metageneration", str(one.metageneration)),
        ("X-Goog-Hash", f"crc32c={one.content.crc32c}"),
        ("X-Goog-Hash", f"md5={one.content.md5}"),
        ("X-Goog-Stored-Content-Encoding", one.fields.get("contentEncoding", "identity")),
        ("X-Goog-Stored-Content-Length", str(one.content.size)),
    ]


def delete(call: Call) -> Reply:
    generation = call.request.number("generation")
    with call.state.lock:
        bucket, one = find(call.state, call.caller, call.names, generation, to="delete")
        check_conditions(conditions(call.request), one)
        refuse_held(one)
        if bucket.versioned and generation is None:
            bucket.archive(one)
        else:
            bucket.forget(one)
    return Reply(204)


def post(call: Call) -> Reply:
    """x-goog-resumable: start, the beginning of a resumable upload by a signed address."""
    if call.request.header("x-goog-resumable").lower() != "start":
        raise Refused(405, "httpMethodNotAllowed", "The specified method is not allowed.")
    with call.state.lock:
        bucket = call.state.bucket(call.names[0])
        demand(call.caller, "storage.objects.create", bucket)
        check_object_name(call.names[1])
        check_conditions(conditions(call.request), bucket.live(call.names[1]))
        query = {**conditions(call.request), **with_acl(call, call.request.header("x-goog-acl")).query}
        session = start_session(call, bucket, call.names[1], resource_of(call.request), query)
        session.xml = True
    place = f"{call.service.shown.endpoint}{call.request.path}?upload_id={session.id}"
    return Reply(201, [("Location", place), ("X-GUploader-UploadID", session.id)])


# -- a bucket --


def list_bucket(call: Call) -> Reply:
    """GET /BUCKET: a listing, as a browser sees it when a bucket is public."""
    if call.request.method not in ("GET", "HEAD"):
        raise not_here("This stand-in changes buckets by JSON alone.")
    bucket = call.state.bucket(call.names[0])
    demand(call.caller, "storage.objects.list", bucket)
    query = dict(call.query)
    if query.get("marker"):
        query["startOffset"] = query["marker"] + "\0"
    size = min(call.request.number("max-keys") or 1000, 1000)
    found, token = page_of(bucket, query, size)
    lines = [f"<Name>{bucket.name}</Name><Prefix>{escape(query.get('prefix', ''))}</Prefix>"]
    lines.append(f"<Marker>{escape(query.get('marker', ''))}</Marker>")
    if token:
        lines.append(f"<NextMarker>{escape(found[-1][0])}</NextMarker>")
    lines.append(f"<IsTruncated>{str(bool(token)).lower()}</IsTruncated>")
    for name, one in found:
        if one is None:
            lines.append(f"<CommonPrefixes><Prefix>{escape(name)}</Prefix></CommonPrefixes>")
            continue
        lines.append(
            f"<Contents><Key>{escape(name)}</Key><Generation>{one.generation}</Generation>"
            f"<LastModified>{stamp(one.created)}</LastModified><Size>{one.content.size}</Size></Contents>"
        )
    text = f'<ListBucketResult xmlns="http://doc.s3.amazonaws.com/2006-03-01">{"".join(lines)}</ListBucketResult>'
    return multipart.xml_reply(text)


HANDLERS: dict[str, Callable[[Call], Reply]] = {
    "GET": get,
    "HEAD": get,
    "PUT": put,
    "DELETE": delete,
    "POST": post,
}
