"""Objects of the Google stand-in: listing, reading, changing, deleting, composing, copying.

Source: https://cloud.google.com/storage/docs/json_api/v1/objects
"""

from __future__ import annotations

import re
from bisect import bisect_left
from collections.abc import Mapping
from typing import Any

from tests.servers.google_standin import PROJECT
from tests.servers.google_standin_buckets import check_public, opened, page_size, sealed
from tests.servers.google_standin_content import Content, Spool
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
from tests.servers.google_standin_service import Call, Rewrite, new_id
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

COMPOSE_LIMIT = 32
LAST = "\U0010ffff"
UNIFORM_OBJECT = (
    "Cannot {verb} legacy ACL for an object when uniform bucket-level access is enabled. "
    "Read more at https://cloud.google.com/storage/docs/uniform-bucket-level-access"
)


# -- listing --


def list_objects(call: Call) -> Reply:
    bucket = call.state.bucket(call.names[0])
    demand(call.caller, "storage.objects.list", bucket)
    query = call.query
    if call.request.flag("softDeleted"):
        raise invalid("This stand-in keeps no soft-deleted objects.")
    names, prefixes, token = page_of(bucket, query, page_size(call), versions=call.request.flag("versions"))
    told: Resource = {"kind": "storage#objects"}
    if token:
        told["nextPageToken"] = token
    if prefixes:
        told["prefixes"] = prefixes
    shown, uniform = call.service.shown, bucket.uniform
    items = [shown.object(one, full=call.full, uniform=uniform) for one in names]
    if items:
        told["items"] = items
    return call.told(told)


def page_of(
    bucket: Bucket, query: Mapping[str, str], size: int, *, versions: bool = False
) -> tuple[list[Stored], list[str], str]:
    """Objects and prefixes of one page, and the token of the next one."""
    prefix, delimiter = query.get("prefix", ""), query.get("delimiter", "")
    trailing = query.get("includeTrailingDelimiter", "").lower() == "true"
    end, matches = query.get("endOffset", ""), glob(query.get("matchGlob", ""))
    after = opened(query.get("pageToken", ""), "objects")
    start = max(prefix, query.get("startOffset", ""))
    at = bisect_left(bucket.names, max(start, after))
    found: list[Stored] = []
    prefixes: list[str] = []
    names = bucket.names
    while at < len(names):
        name = names[at]
        if not name.startswith(prefix) or (end and name >= end):
            break
        if len(found) + len(prefixes) >= size:
            return found, prefixes, sealed(name, "objects")
        below = name.find(delimiter, len(prefix)) if delimiter else -1
        if below >= 0:
            common = name[: below + len(delimiter)]
            seen = bisect_left(names, common + LAST, at)
            if any(listed(bucket, one, versions) for one in names[at:seen]):
                prefixes.append(common)
                if trailing and name == common:
                    found += listed(bucket, name, versions)
            at = seen
            continue
        if matches.fullmatch(name):
            found += listed(bucket, name, versions)
        at += 1
    return found, prefixes, ""


def listed(bucket: Bucket, name: str, versions: bool) -> list[Stored]:
    if versions:
        return bucket.objects[name]
    live = bucket.live(name)
    return [live] if live else []


def glob(pattern: str) -> re.Pattern[str]:
    """matchGlob: * stays within a folder, ** does not."""
    if not pattern:
        return re.compile(r"(?s).*")
    words = {"**": ".*", "*": "[^/]*", "?": "[^/]", "{": "(?:", "}": ")", ",": "|"}
    parts = re.split(r"(\*\*|\*|\?|\{|\}|,|\[[^\]]*\])", pattern)
    text = "".join(words.get(part) or (part if part.startswith("[") else re.escape(part)) for part in parts)
    try:
        return re.compile(f"(?s){text}")
    except re.error:
        raise invalid("Invalid value for parameter: matchGlob", "invalidParameter") from None


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


def compose(call: Call) -> Reply:
    """https://cloud.google.com/storage/docs/json_api/v1/objects/compose"""
    bucket = call.state.bucket(call.names[0])
    resource = call.request.json
    named = resource.get("sourceObjects") or []
    if not isinstance(named, list) or not named:
        raise invalid("You must provide at least one source component.", "required")
    if len(named) > COMPOSE_LIMIT:
        raise invalid(
            f"The number of source components provided ({len(named)}) exceeds the maximum ({COMPOSE_LIMIT})"
        )
    destination = resource.get("destination") or {}
    sources = [compose_source(call, bucket, one) for one in named]
    acl = asked_acl(call, bucket, destination, owner_of(call), "destinationPredefinedAcl")
    spool = Spool()
    for one in sources:
        for piece in one.content.pieces():
            spool.write(piece)
    made = store(
        call,
        bucket,
        call.names[1],
        spool.finish(),
        destination,
        call.query,
        acl=acl,
        composed=sum(one.composed or 1 for one in sources),
        has_md5=False,
        kms_key=call.query.get("kmsKeyName", ""),
    )
    if resource.get("deleteSourceObjects"):
        for one in sources:
            if one is not made and bucket.generation(one.name, one.generation) is one:
                demand(call.caller, "storage.objects.delete", bucket, one)
                bucket.archive(one) if bucket.versioned else bucket.forget(one)
    return call.told(call.service.shown.object(made, full=True, uniform=bucket.uniform))


def compose_source(call: Call, bucket: Bucket, named: Resource) -> Stored:
    name = check_object_name(named.get("name"))
    generation = named.get("generation")
    one = bucket.generation(name, int(generation) if generation else None)
    if one is None:
        raise Refused(404, "notFound", f"Object {name} (generation: {generation or 0}) not found.")
    demand(call.caller, "storage.objects.get", bucket, one)
    conditions = {key: str(value) for key, value in (named.get("objectPreconditions") or {}).items()}
    check_conditions(conditions, one)
    return one


def rewrite(call: Call) -> Reply:
    """https://cloud.google.com/storage/docs/json_api/v1/objects/rewrite

    Within one location and class everything goes at once; otherwise at most maxBytesRewrittenPerCall, and
    never more than the setting `rewrite_bytes`, so that a loop is really walked.
    """
    source_bucket, source, bucket, name = copy_source(call)
    resource = call.request.json
    storage_class = checked_class(resource.get("storageClass") or bucket.storage_class)
    same = (
        source.storage_class == storage_class
        and source_bucket.fields["location"] == bucket.fields["location"]
    )
    same = same and not call.query.get("destinationKmsKeyName") and not source.kms_key
    key = (source.bucket, source.name, source.generation, bucket.name, name, call.request.bytes)
    rewrites, token = call.service.rewrites, call.query.get("rewriteToken", "")
    if token and (token not in rewrites or rewrites[token].key != key):
        raise invalid("Invalid Value: rewriteToken")
    work = rewrites[token] if token else Rewrite(source.content, key)
    check_conditions(call.query, bucket.live(name))
    demand(call.caller, "storage.objects.create", bucket)
    limit = call.request.number("maxBytesRewrittenPerCall")
    if limit is not None and (limit < 2**20 or limit % 2**20):
        raise invalid("maxBytesRewrittenPerCall must be an integral multiple of 1 MiB.", "invalidParameter")
    if same:
        work.done = source.content.size
    else:
        most = call.service.settings.rewrite_bytes
        work.done = min(source.content.size, work.done + (min(limit, most) if limit else most))
    told: Resource = {
        "kind": "storage#rewriteResponse",
        "totalBytesRewritten": str(work.done),
        "objectSize": str(source.content.size),
        "done": work.done == source.content.size,
    }
    if not told["done"]:
        if not token:
            token = new_id()
            rewrites[token] = work
        told["rewriteToken"] = token
        return call.told(told)
    rewrites.pop(token, None)
    made = copied(call, source, bucket, name, resource, storage_class, same=same)
    told["resource"] = call.service.shown.object(
        made, full=call.full or bool(resource), uniform=bucket.uniform
    )
    return call.told(told)


def copy_object(call: Call) -> Reply:
    """copyTo: the older form of rewrite, all at once."""
    source_bucket, source, bucket, name = copy_source(call)
    resource = call.request.json
    storage_class = checked_class(resource.get("storageClass") or bucket.storage_class)
    same = (
        source.storage_class == storage_class
        and source_bucket.fields["location"] == bucket.fields["location"]
    )
    made = copied(call, source, bucket, name, resource, storage_class, same=same)
    return call.told(
        call.service.shown.object(made, full=call.full or bool(resource), uniform=bucket.uniform)
    )


def copy_source(call: Call) -> tuple[Bucket, Stored, Bucket, str]:
    source_bucket, source = find(
        call.state, call.caller, call.names[:2], call.request.number("sourceGeneration")
    )
    check_conditions(call.query, source, prefix="ifSource")
    return source_bucket, source, call.state.bucket(call.names[2]), call.names[3]


def own_metadata(resource: Resource) -> bool:
    """Whether a copy brings attributes of its own; then it inherits none from its source."""
    return bool(writable(resource)) or bool(resource.get("storageClass"))


def copied(
    call: Call,
    source: Stored,
    bucket: Bucket,
    name: str,
    resource: Resource,
    storage_class: str,
    *,
    same: bool,
) -> Stored:
    fields = writable(resource) if own_metadata(resource) else {**source.fields}
    for hold in ("temporaryHold", "eventBasedHold"):
        if hold not in resource:
            fields.pop(hold, None)
    return store(
        call,
        bucket,
        name,
        source.content,
        {**fields, "storageClass": storage_class},
        call.query,
        acl=asked_acl(call, bucket, resource, owner_of(call), "destinationPredefinedAcl"),
        composed=source.composed if same else min(source.composed, 1),
        has_md5=source.has_md5,
        kms_key=call.query.get("destinationKmsKeyName", ""),
    )


def move_object(call: Call) -> Reply:
    """moveTo: within one bucket, atomic. https://cloud.google.com/storage/docs/json_api/v1/objects/move"""
    bucket, source = find(call.state, call.caller, call.names[:2])
    check_conditions(call.query, source, prefix="ifSource")
    demand(call.caller, "storage.objects.delete", bucket, source)
    if call.names[2] == source.name:
        raise invalid("The source and destination object names must be different.")
    made = copied(call, source, bucket, call.names[2], {}, source.storage_class, same=True)
    made.acl = source.acl
    made.composed = source.composed
    refuse_held(source)
    bucket.archive(source) if bucket.versioned else bucket.forget(source)
    return call.told(call.service.shown.object(made, full=call.full, uniform=bucket.uniform))
