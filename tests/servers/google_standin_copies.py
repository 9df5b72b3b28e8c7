"""Objects from objects, in the Google stand-in: compose, rewrite, copyTo, moveTo."""

from __future__ import annotations

from tests.servers.google_standin_content import Spool
from tests.servers.google_standin_objects import asked_acl, owner_of, store
from tests.servers.google_standin_resources import check_object_name, checked_class, writable
from tests.servers.google_standin_service import Call, Rewrite, new_id
from tests.servers.google_standin_state import (
    Bucket,
    Resource,
    Stored,
    check_conditions,
    demand,
    find,
    refuse_held,
)
from tests.servers.google_standin_wire import Refused, Reply, invalid

COMPOSE_LIMIT = 32


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
    storage_class = class_of_all(sources, destination)
    removed = sources_to_remove(call, bucket, sources) if resource.get("deleteSourceObjects") else []
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
        {**destination, "storageClass": storage_class},
        call.query,
        acl=acl,
        composed=sum(one.composed or 1 for one in sources),
        has_md5=False,
        kms_key=call.query.get("kmsKeyName", ""),
    )
    for one in removed:
        if bucket.generation(one.name, one.generation) is one:
            bucket.forget(one)
    return call.told(call.service.shown.object(made, full=True, uniform=bucket.uniform))


def class_of_all(sources: list[Stored], destination: Resource) -> str:
    """The sources must be of one class, and the whole is of the same.

    https://cloud.google.com/storage/docs/composite-objects. Which error it is, the page does not say.
    """
    classes = {one.storage_class for one in sources}
    if len(classes) > 1:
        raise invalid("All source objects of a compose must have the same storage class.")
    [storage_class] = classes
    if checked_class(destination.get("storageClass") or storage_class) != storage_class:
        raise invalid("The composite object has the storage class of its sources.")
    return storage_class


def sources_to_remove(call: Call, bucket: Bucket, sources: list[Stored]) -> list[Stored]:
    """For good, also where old versions are kept: https://cloud.google.com/storage/docs/composing-objects.

    Whoever may not delete them composes nothing.
    """
    for one in sources:
        demand(call.caller, "storage.objects.delete", bucket, one)
        refuse_held(one)
    return list(dict.fromkeys(sources))


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
