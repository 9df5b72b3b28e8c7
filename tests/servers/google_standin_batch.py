"""The batch endpoint of the Google stand-in: https://cloud.google.com/storage/docs/batch"""

from __future__ import annotations

import io
import re
import secrets
from collections.abc import Callable
from email.parser import BytesParser
from http import HTTPStatus

from tests.servers.google_standin_service import Service
from tests.servers.google_standin_wire import Body, Headers, Refused, Reply, Request, invalid

PATH = "/batch/storage/v1"
MEDIA = ("/upload/", "/download/")


def batch(service: Service, request: Request, serve: Callable[[Request], Reply]) -> Reply:
    """Every call of a batch is served as if it had come alone; what is inside can fail on its own."""
    if request.method != "POST":
        raise Refused(405, "httpMethodNotAllowed", "Method not allowed")
    if "authorization" in request.folded:
        service.accounts.caller(request)
    kind = request.header("content-type")
    if not kind.lower().startswith("multipart/mixed") or "boundary=" not in kind:
        raise invalid("Batches must be multipart/mixed, with a boundary.", "badRequest")
    head = f"Content-Type: {kind}\r\n\r\n".encode("latin-1")
    message = BytesParser().parsebytes(head + request.bytes)
    parts = [part for part in message.walk() if part is not message]
    if not message.is_multipart() or not parts:
        raise invalid("Failed to parse batch request, error: no calls found.", "badRequest")
    if len(parts) > service.settings.batch_size:
        most = service.settings.batch_size
        raise invalid(f"The batch request exceeds the limit of {most} calls: {len(parts)}.", "badRequest")
    boundary = "batch_" + secrets.token_urlsafe(16)
    told: list[bytes] = []
    for part in parts:
        if part.get_content_type() != "application/http":
            raise invalid("Every part of a batch must be application/http.", "badRequest")
        payload = part.get_payload(decode=True)
        assert isinstance(payload, bytes)
        reply = answered(inner(payload, request), serve)
        name = (part.get("Content-ID") or "").strip().removeprefix("<").removesuffix(">")
        told.append(framed(reply, boundary, name))
    body = b"".join(told) + f"--{boundary}--\r\n".encode()
    return Reply(200, [("Content-Type", f"multipart/mixed; boundary={boundary}")], body)


def inner(payload: bytes, outer: Request) -> Request:
    """The request in a part. It takes the outer headers where it has none of its own, but Content-*."""
    head, _, body = re.sub(rb"\A\s+", b"", payload).partition(b"\n\n")
    if b"\r\n\r\n" in payload:
        head, _, body = payload.lstrip().partition(b"\r\n\r\n")
    lines = [line.strip() for line in head.decode("latin-1").splitlines()]
    words = lines[0].split() if lines else []
    if len(words) not in (2, 3):
        raise invalid("Failed to parse a call of the batch request.", "badRequest")
    headers: Headers = []
    for line in lines[1:]:
        name, _, value = line.partition(":")
        headers.append((name.strip(), value.strip()))
    own = {name.lower() for name, _ in headers}
    headers += [
        (name, value)
        for name, value in outer.headers
        if name.lower() not in own and not name.lower().startswith("content-")
    ]
    # The line end before the next boundary belongs to the boundary; some clients write one more.
    body = body.strip()
    return Request(words[0], words[1], headers, Body(io.BytesIO(body), len(body), lambda: None), inner=True)


def answered(request: Request, serve: Callable[[Request], Reply]) -> Reply:
    if request.path.startswith(MEDIA) or request.query.get("alt") == "media" or request.path == PATH:
        return invalid("Uploads, downloads and batches cannot be part of a batch.", "badRequest").json()
    return serve(request)


def framed(reply: Reply, boundary: str, name: str) -> bytes:
    assert isinstance(reply.body, bytes)
    phrase = HTTPStatus(reply.status).phrase
    head = [f"--{boundary}", "Content-Type: application/http"]
    if name:
        head.append(f"Content-ID: <response-{name}>")
    head += ["", f"HTTP/1.1 {reply.status} {phrase}"]
    head += [f"{key}: {value}" for key, value in reply.headers]
    head += [f"Content-Length: {len(reply.body)}", "", ""]
    return "\r\n".join(head).encode() + reply.body + b"\r\n"
