"""Objects of the Google stand-in: reading, changing, deleting, storing.

Source: https://cloud.google.com/storage/docs/json_api/v1/objects
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

from tests.servers.google_standin import PROJECT
from tests.servers.google_standin_buckets import check_public
from tests.servers.google_standin_content import Content
from tests.servers.google_standin_resources import (
    acl_of,
    changed,
    check_fields,
    check_object_name,
    checked_class,
    merged,
    predefined,
    without_nothing,
    writable,
)
from tests.servers.google_standin_service import Call
from tests.servers.google_standin_state import (
    Bucket,
    Resource,
    Stored,
    check_conditions,
    demand,
    entity_of,
    find,
    refuse_held,
)
from tests.servers.google_standin_wire import Refused, Reply, Request, invalid

UNIFORM_OBJECT = (
    "Cannot {verb} legacy ACL for an object when uniform bucket-level access is enabled. "
    "Read more at https://cloud.google.com/storage/docs/uniform-bucket-level-access"
)


# -- reading --


def get_object(call: Call) -> Reply:
    """Its metadata, or its bytes with alt=media."""
    bucket, one = find(call.state, call.caller, call.names, call.request.number("generation"))
    check_conditions(call.query, one, reads=True)
    check_tags(call.request, one)
    if call.query.get("alt") == "media":
        return media(one, call.request)
    if call.full:
        demand(call.caller, "storage.objects.getIamPolicy", bucket, one)
    reply = call.told(call.service.shown.object(one, full=call.full, uniform=bucket.uniform))
    reply.headers.append(("ETag", one.etag))
    return reply


def check_tags(request: Request, one: Stored, etag: str = "") -> None:
    """If-Match and If-None-Match."""
    etag = etag or one.etag
    tags = {name: [tag.strip().strip('"') for tag in request.header(name).split(",")] for name in MATCHES}
    if request.header("if-match") and not {etag.strip('"'), "*"} & set(tags["if-match"]):
        raise Refused(412, "conditionNotMet", "Precondition Failed", location=("header", "If-Match"))
    if request.header("if-none-match") and {etag.strip('"'), "*"} & set(tags["if-none-match"]):
        raise Refused(304, "notModified", "Not Modified", headers=[("ETag", etag)])


MATCHES = ("if-match", "if-none-match")


def media(one: Stored, request: Request, etag: str = "") -> Reply:
    """Its bytes, whole or in part. Stored gzip is unpacked for who does not take it; then without a range.

    Source: https://cloud.google.com/storage/docs/transcoding
    """
    content, encoding = one.content, one.fields.get("contentEncoding", "")
    headers = media_headers(one, etag)
    if (
        encoding == "gzip"
        and not takes_gzip(request)
        and "no-transform" not in one.fields.get("cacheControl", "")
    ):
        plain = content.gunzipped()
        if plain is not None:
            headers.append(("Warning", "214 UploadServer gunzipped"))
            return Reply(200, headers, plain)
    if encoding:
        headers.append(("Content-Encoding", encoding))
    start, end, status = 0, content.size, 200
    asked = ranged(request.header("range"), content.size)
    if asked is not None:
        start, end, status = *asked, 206
        headers.append(("Content-Range", f"bytes {start}-{end - 1}/{content.size}"))
    whole = content.whole(start, end)
    return Reply(status, headers, content.pieces(start, end) if whole is None else whole, end - start)


def media_headers(one: Stored, etag: str = "") -> list[tuple[str, str]]:
    fields, content = one.fields, one.content
    hashes = f"crc32c={content.crc32c}" + (f",md5={content.md5}" if one.has_md5 else "")
    headers = [
        ("Content-Type", fields.get("contentType", "application/octet-stream")),
        ("ETag", etag or one.etag),
        ("X-Goog-Generation", str(one.generation)),
        ("X-Goog-Metageneration", str(one.metageneration)),
        ("X-Goog-Storage-Class", one.storage_class),
        ("X-Goog-Hash", hashes),
        ("X-Goog-Stored-Content-Encoding", fields.get("contentEncoding", "identity")),
        ("X-Goog-Stored-Content-Length", str(content.size)),
        ("Cache-Control", fields.get("cacheControl", "no-cache, no-store, max-age=0, must-revalidate")),
        ("Vary", "Accept-Encoding"),
    ]
    for key, name in (("contentDisposition", "Content-Disposition"), ("contentLanguage", "Content-Language")):
        if key in fields:
            headers.append((name, fields[key]))
    return headers


def takes_gzip(request: Request) -> bool:
    for one in request.header("accept-encoding").lower().split(","):
        name, _, weight = one.strip().partition(";")
        if name in ("gzip", "*") and weight.replace(" ", "") not in ("q=0", "q=0.0"):
            return True
    return False


def ranged(text: str, size: int) -> tuple[int, int] | None:
    """Start and end (exclusive); None for all of it. A range that makes no sense is passed over."""
    found = re.fullmatch(r"bytes=(\d*)-(\d*)", text.strip())
    if not found or found.groups() == ("", ""):
        return None
    first, last = found.groups()
    if not first:
        start, end = max(0, size - int(last)), size
    else:
        start, end = int(first), min(size, int(last) + 1) if last else size
        if last and int(last) < int(first):
            return None
    if start >= size or start >= end:
        raise Refused(
            416,
            "requestedRangeNotSatisfiable",
            "Request range not satisfiable",
            location=("header", "Range"),
            headers=[("Content-Range", f"bytes */{size}")],
        )
    return start, end


# -- changing --


def patch_object(call: Call) -> Reply:
    return change_object(call, whole=False)


def update_object(call: Call) -> Reply:
    return change_object(call, whole=True)


def change_object(call: Call, *, whole: bool) -> Reply:
    bucket, one = find(call.state, call.caller, call.names, call.request.number("generation"), to="update")
    check_conditions(call.query, one)
    check_tags(call.request, one)
    resource = call.request.json
    asked = writable(resource)
    fields = without_nothing(merged({} if whole else one.fields, asked))
    check_fields(fields, one.fields)
    acl = asked_acl(call, bucket, resource, one.owner)
    if acl is not None:
        demand(call.caller, "storage.objects.setIamPolicy", bucket, one)
        one.acl = acl
    one.fields = fields
    changed(one)
    return call.told(call.service.shown.object(one, full=call.full, uniform=bucket.uniform))


def asked_acl(call: Call, bucket: Bucket, resource: Resource, owner: str, key: str = "predefinedAcl") -> Any:
    """The ACL that a request names; None when it names none."""
    named, entries = call.query.get(key), resource.get("acl")
    if named is None and not entries:
        return None
    if bucket.uniform:
        raise invalid(UNIFORM_OBJECT.format(verb="insert" if named else "update"))
    acl: list[Resource] = predefined(named, owner) if named is not None else acl_of(entries)
    check_public(bucket, [entry["entity"] for entry in acl])
    return acl


def delete_object(call: Call) -> Reply:
    generation = call.request.number("generation")
    bucket, one = find(call.state, call.caller, call.names, generation, to="delete")
    check_conditions(call.query, one)
    refuse_held(one)
    if bucket.versioned and generation is None:
        bucket.archive(one)
    else:
        bucket.forget(one)
    return Reply(204)


# -- new objects --


def store(
    call: Call,
    bucket: Bucket,
    name: str,
    content: Content,
    resource: Resource,
    query: Mapping[str, str],
    **more: Any,
) -> Stored:
    """A new live generation, once everything about it is known to be right. The lock is held."""
    check_object_name(name)
    old = bucket.live(name)
    demand(call.caller, "storage.objects.create", bucket)
    check_conditions(query, old)
    if old is not None:
        demand(call.caller, "storage.objects.delete", bucket, old)
    fields = without_nothing(writable(resource))
    check_fields(fields)
    storage_class = checked_class(resource.get("storageClass") or bucket.storage_class)
    owner = owner_of(call)
    acl = more.pop("acl", None)
    if acl is None:
        own = {"entity": owner, "role": "OWNER"} | ({"email": call.caller.email} if call.caller.email else {})
        acl = [*bucket.default_acl, own]
    one = Stored(
        name, bucket.name, call.state.new_generation(), content, fields, storage_class, acl, owner, **more
    )
    bucket.put(one)
    return one


def owner_of(call: Call) -> str:
    return f"user-{call.caller.email}" if call.caller.email else entity_of(f"projectOwner:{PROJECT}")
