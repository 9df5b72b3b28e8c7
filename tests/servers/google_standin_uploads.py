"""Uploads to the Google stand-in: at once, with metadata, and resumable.

Source: https://cloud.google.com/storage/docs/performing-resumable-uploads, and the pages it leads to.
What the pages leave open (503 in plain text for a gap, 200 for a session that is finished) is as the tests of
Google's own client for Java write down what the service says.
"""

from __future__ import annotations

import io
import re
import threading
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from urllib.parse import quote

from tests.servers.google_standin_content import Content, Spool
from tests.servers.google_standin_objects import asked_acl, owner_of, store
from tests.servers.google_standin_resources import check_fields, check_object_name, checked_class, writable
from tests.servers.google_standin_service import Call, Session, new_id
from tests.servers.google_standin_state import Bucket, Resource, check_conditions, demand
from tests.servers.google_standin_wire import CHUNK, JSON_LIMIT, Body, Cut, Refused, Reply, Request, invalid

QUANTUM = 256 * 1024
ENDED = {404: "notFound", 410: "gone", 499: "clientClosedRequest"}


def insert_object(call: Call) -> Reply:
    """POST /upload/storage/v1/b/BUCKET/o"""
    if "upload_id" in call.query:
        return put_chunk(call)
    with call.state.lock:
        bucket = call.state.bucket(call.names[0])
        demand(call.caller, "storage.objects.create", bucket)
    kind = call.query.get("uploadType", call.query.get("upload_protocol", ""))
    if kind == "media":
        return insert_media(call)
    if kind == "multipart":
        return insert_multipart(call)
    if kind == "resumable":
        return start(call)
    raise invalid(f"Invalid upload type: {kind!a}. Choose media, multipart or resumable.", "required")


def insert_media(call: Call) -> Reply:
    check_object_name(call.query.get("name"))
    resource = {"contentType": call.request.header("content-type") or "application/octet-stream"}
    spool = Spool()
    for piece in call.request.body.chunks():
        spool.write(piece)
    return finish(call, spool.finish(), resource, call.query)


def insert_multipart(call: Call) -> Reply:
    kind, boundary = boundary_of(call.request)
    if kind != "multipart/related":
        raise invalid("Multipart uploads must be multipart/related.", "badContent")
    parts = PartReader(call.request.body, boundary)
    headers = parts.headers()
    if "json" not in headers.get("content-type", "").lower():
        raise invalid("The first part must be application/json.", "badContent")
    inner = Request("POST", "/", [], Body(io.BytesIO(), 0, lambda: None))
    inner.bytes = b"".join(parts.body(JSON_LIMIT))
    resource = dict(inner.json)
    headers = parts.headers()
    spool = Spool()
    for piece in parts.body():
        spool.write(piece)
    if not parts.closed:
        raise invalid("Multipart uploads have exactly two parts.", "badContent")
    resource = with_type(resource, headers.get("content-type", ""))
    return finish(call, spool.finish(), resource, call.query)


def with_type(resource: Resource, sent: str) -> Resource:
    """The resource with its content type, which may be said twice, but not in two ways."""
    told = resource.get("contentType")
    if told and sent and told != sent:
        raise invalid(
            f"Content-Type specified in the upload ({sent}) does not match "
            f"Content-Type specified in metadata ({told})."
        )
    return {**resource, "contentType": told or sent or "application/octet-stream"}


def finish(call: Call, content: Content, resource: Resource, query: Mapping[str, str]) -> Reply:
    """The object, when hashes and conditions hold; nothing is kept otherwise."""
    check_hashes(content, resource, call.request)
    if query.get("contentEncoding"):
        resource = {**resource, "contentEncoding": query["contentEncoding"]}
    if own := {
        name.removeprefix("x-goog-meta-"): value
        for name, value in call.request.folded.items()
        if name.startswith("x-goog-meta-")
    }:
        resource = {**resource, "metadata": {**resource.get("metadata", {}), **own}}
    name = query.get("name") or resource.get("name") or ""
    with call.state.lock:
        bucket = call.state.bucket(call.names[0])
        acl = asked_acl(
            replace(call, request=with_query(call.request, query)), bucket, resource, owner_of(call)
        )
        kms = query.get("kmsKeyName", "")
        one = store(call, bucket, name, content, resource, query, acl=acl, kms_key=kms)
        told = call.service.shown.object(one, full=query.get("projection") == "full", uniform=bucket.uniform)
    return told_as(call, told, query)


def told_as(call: Call, told: Resource, query: Mapping[str, str]) -> Reply:
    return replace(call, request=with_query(call.request, query)).told(told)


def with_query(request: Request, query: Mapping[str, str]) -> Request:
    other = Request(request.method, request.target, request.headers, request.body)
    other.query = dict(query)
    return other


def check_hashes(content: Content, resource: Resource, request: Request) -> None:
    """md5Hash and crc32c of the metadata; X-Goog-Hash and, where the body is the object, Content-MD5."""
    wanted = [("md5", resource.get("md5Hash")), ("crc32c", resource.get("crc32c"))]
    if request.query.get("uploadType") not in ("multipart", "resumable"):
        wanted.append(("md5", request.header("content-md5")))
    for one in request.header("x-goog-hash").split(","):
        name, _, value = one.strip().partition("=")
        wanted.append((name.lower(), value))
    for name, digest in wanted:
        if not digest:
            continue
        if name not in ("md5", "crc32c"):
            raise invalid(f"Invalid hash: {name}")
        found = content.md5 if name == "md5" else content.crc32c
        if digest != found:
            label = "MD5 hash" if name == "md5" else "CRC32C"
            message = f'Provided {label} "{digest}" doesn\'t match calculated {label} "{found}".'
            raise Refused(400, "invalid", message, xml="BadDigest")


# -- multipart/related --


def boundary_of(request: Request) -> tuple[str, bytes]:
    """The type of a multipart request, and its boundary."""
    text = request.header("content-type")
    found = re.search(r'boundary=(?:"([^"]+)"|\'([^\']+)\'|([^;\s]+))', text, re.IGNORECASE)
    if found is None:
        raise invalid("The request has no boundary.", "badContent")
    boundary = next(str(group) for group in found.groups() if group)
    return text.partition(";")[0].strip().lower(), boundary.encode("latin-1")


class PartReader:
    """Parts of a multipart body, one after the other, without holding the body in memory."""

    def __init__(self, body: Body, boundary: bytes) -> None:
        self._chunks = body.chunks()
        self._marker = b"\r\n--" + boundary
        self._held = b"\r\n"
        self.closed = False
        for _ in self.body(CHUNK):
            pass

    def headers(self) -> dict[str, str]:
        if self.closed:
            raise invalid("The request ended before its last part.", "badContent")
        while b"\r\n\r\n" not in self._held:
            if len(self._held) > CHUNK or not self._more():
                raise invalid("A part of the request has no end of its headers.", "badContent")
        head, _, self._held = self._held.partition(b"\r\n\r\n")
        # A part without a body: the marker's own line end was taken for the end of the headers.
        self._held = b"\r\n" + self._held if self._held.startswith(self._marker[2:]) else self._held
        found = {}
        for line in head.decode("latin-1").split("\r\n"):
            name, _, value = line.partition(":")
            found[name.strip().lower()] = value.strip()
        return found

    def body(self, limit: int = -1) -> Iterator[bytes]:
        """To the next marker."""
        size = 0
        while (at := self._held.find(self._marker)) < 0:
            safe = len(self._held) - len(self._marker) + 1
            if safe > 0:
                size += safe
                if 0 <= limit < size:
                    raise invalid("A part of the request is too long.", "uploadTooLarge")
                yield self._held[:safe]
                self._held = self._held[safe:]
            if not self._more():
                raise invalid("The request has no closing boundary.", "badContent")
        yield self._held[:at]
        self._held = self._held[at + len(self._marker) :]
        while b"\r\n" not in self._held and not self._held.startswith(b"--"):
            if not self._more():
                raise invalid("The request has no closing boundary.", "badContent")
        self.closed = self._held.startswith(b"--")

    def _more(self) -> bool:
        piece = next(self._chunks, b"")
        self._held += piece
        return bool(piece)


# -- resumable --


def start(call: Call) -> Reply:
    """Opens a session. What can be refused already is refused already."""
    resource, query = call.request.json, dict(call.query)
    name = check_object_name(query.get("name") or resource.get("name"))
    promised = call.request.header("x-upload-content-length")
    if promised and not promised.isdigit():
        raise invalid("Invalid value for X-Upload-Content-Length.")
    resource = {**with_type(resource, call.request.header("x-upload-content-type")), "name": name}
    with call.state.lock:
        bucket = call.state.bucket(call.names[0])
        asked_acl(call, bucket, resource, owner_of(call))
        check_conditions(query, bucket.live(name))
        session = start_session(call, bucket, name, resource, query)
        session.total = int(promised) if promised else None
    asked = call.request.target.partition("?")[2]
    base = f"{call.service.shown.endpoint}/upload/storage/v1/b/{quote(bucket.name)}/o"
    place = f"{base}?{asked}&upload_id={session.id}"
    return Reply(200, [("Location", place), ("X-GUploader-UploadID", session.id)])


def start_session(
    call: Call, bucket: Bucket, name: str, resource: Resource, query: dict[str, str]
) -> Session:
    check_fields(writable(resource))
    checked_class(resource.get("storageClass") or bucket.storage_class)
    session = Session(new_id(), bucket.name, name, resource, query, call.caller)
    session.busy = threading.Lock()
    call.service.sessions[session.id] = session
    return session


def session_of(call: Call) -> Session:
    session = call.service.sessions.get(call.query.get("upload_id", ""))
    if session is None or (not session.xml and session.bucket != call.names[0]):
        raise Refused(404, "notFound", "No such upload session.")
    if session.ended:
        raise Refused(session.ended, ENDED.get(session.ended, "invalid"), "The upload session has ended.")
    return session


def cancel(call: Call) -> Reply:
    session = session_of(call)
    with session.busy:
        session.ended = 499
        session.spool = Spool()
    return Reply(499)


@dataclass(frozen=True)
class Span:
    """What a Content-Range says. No first byte: the question how far the upload is."""

    first: int | None
    last: int | None  # inclusive; None: to the end of the body
    total: int | None  # None: not known yet


def span_of(request: Request) -> Span:
    text = request.header("content-range").strip()
    found = re.fullmatch(r"bytes\s+(?:(\d+)-(\d+|\*)|\*)/(\d+|\*)", text)
    if not text:
        return Span(0, None, request.body.length)
    if found is None:
        raise invalid("Failed to parse Content-Range header.", "badRequest")
    first, last, total = found.groups()
    return Span(
        None if first is None else int(first),
        None if last in (None, "*") else int(last),
        None if total == "*" else int(total),
    )


def put_chunk(call: Call) -> Reply:
    """PUT to a session: bytes, or the question how many have arrived. Needs no token; the address is one."""
    session = session_of(call)
    with session.busy:
        if session.finished is not None:
            call.request.body.drain()
            return told_as(call, session.finished, session.query)
        span = span_of(call.request)
        if span.first is not None:
            refusal = judged(call, session, span)
            if refusal is not None:
                call.request.body.drain()
                return refusal
            receive(call, session, span)
        elif call.request.body.length:
            raise invalid("A status request has no body.", "badRequest")
        total = span.total if span.total is not None else None
        if (
            span.first is not None
            and total is None
            and span.last is None
            and not call.request.header("content-range")
        ):
            total = session.spool.size
        if total is not None and session.spool.size == total:
            return complete(call, session)
        return incomplete(call, session)


def judged(call: Call, session: Session, span: Span) -> Reply | None:
    """Refuses a chunk that cannot be right, before it is read."""
    assert span.first is not None
    length = call.request.body.length
    if span.first > session.spool.size:
        # The one refusal that is no JSON; the two spaces are the service's.
        text = (
            "Invalid request.  According to the Content-Range header, the upload offset is "
            f"{span.first} byte(s), which exceeds already uploaded size of {session.spool.size} byte(s)."
        )
        return Reply(503, [("Content-Type", "text/plain; charset=utf-8")], text.encode())
    if session.total is not None and span.total is not None and session.total != span.total:
        raise invalid(f"X-Upload-Content-Length said {session.total}, not {span.total}.", "badRequest")
    if span.last is None:
        return None
    wanted = span.last - span.first + 1
    if wanted <= 0 or (span.total is not None and span.last >= span.total):
        raise invalid("Failed to parse Content-Range header.", "badRequest")
    if length is not None and length != wanted:
        raise invalid(
            f"Invalid request. There were {length} byte(s) in the request body. There should have been "
            f"{wanted} byte(s) (starting at offset {span.first} and ending at offset {span.last}) "
            "according to the Content-Range header.",
            "badRequest",
        )
    is_last = span.total is not None and span.last + 1 == span.total
    if not is_last and wanted % QUANTUM and not call.service.settings.keeps_odd_chunks:
        raise invalid(
            f"Chunks must be multiples of {QUANTUM} bytes, except for the last one; this one has {wanted}.",
            "badRequest",
        )
    return None


def receive(call: Call, session: Session, span: Span) -> None:
    """Keeps what is new of a chunk. Of one that is cut off, whole quanta of 256 KiB stay."""
    assert span.first is not None
    spool, skip = session.spool, session.spool.size - span.first
    fault = call.fault if call.fault is not None and call.fault.kind == "cut" else None
    end = spool.size + fault.bytes // QUANTUM * QUANTUM if fault else None
    held = b""
    for piece in call.request.body.chunks():
        held += piece[skip:]
        skip = max(0, skip - len(piece))
        whole = len(held) // QUANTUM * QUANTUM
        if end is not None:
            whole = min(whole, end - spool.size)
        if whole:
            spool.write(held[:whole])
            held = held[whole:]
        if end is not None and spool.size >= end:
            raise Cut
    if end is not None:
        raise Cut
    is_last = not call.request.header("content-range") or (spool.size + len(held) == span.total)
    if is_last or not call.service.settings.keeps_odd_chunks:
        spool.write(held)


def incomplete(call: Call, session: Session) -> Reply:
    headers = [("X-GUploader-UploadID", session.id)]
    if session.spool.size:
        headers.append(("Range", f"bytes=0-{session.spool.size - 1}"))
    if call.request.header("x-guploader-no-308").lower() == "yes":
        return Reply(200, [*headers, ("X-HTTP-Status-Code-Override", "308")])
    return Reply(308, headers)


def complete(call: Call, session: Session) -> Reply:
    own = replace(call, caller=session.caller, names=[session.bucket])
    try:
        reply = finish(own, session.spool.finish(), session.resource, {**session.query, "name": session.name})
    except Refused:
        session.ended = 410
        raise
    with call.state.lock:
        live = call.state.bucket(session.bucket).live(session.name)
        if live is not None:
            session.finished = call.service.shown.object(live)
    session.spool = Spool()
    return reply
