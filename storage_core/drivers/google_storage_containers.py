"""Buckets, and listings of what is in them.

https://cloud.google.com/storage/docs/json_api/v1/objects/list
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from storage_core.base.objects import Container, Page, Version
from storage_core.drivers.google_storage_json import FIELDS, required, to_object
from storage_core.drivers.google_storage_objects import BATCH_MAX, delete_many
from storage_core.drivers.google_storage_wire import API, Call, Wire, bucket_path, json_body
from storage_core.errors import (
    AccessDeniedError,
    ContainerIsNotEmptyError,
    LibcloudError,
    MalformedResponseError,
)

NAME_PATTERN = (
    r"(?!goog)(?!.*google)(?!\d+\.\d+\.\d+\.\d+$)(?=.{3,222}$)"
    r"[a-z0-9](?:[a-z0-9_-]{0,61}[a-z0-9])?(?:\.[a-z0-9](?:[a-z0-9_-]{0,61}[a-z0-9])?)*"
)
NAME_RULE = (
    "3 to 63 lower-case letters, digits, hyphens and underscores (more with dots), beginning and ending "
    "with a letter or a digit, without the word google"
)
TEMPORARY = ".skyferry-uploads/"
"""Where the parts of unfinished uploads are. They are no objects of the user's and are not listed as such,
but to whoever asks for this prefix."""

BUCKET_FIELDS = "name,location,storageClass,timeCreated"


# -- containers --


def listed(wire: Wire) -> Iterator[Container]:
    """The buckets of the project, page by page."""
    query = {"project": project(wire, "lists"), "fields": f"nextPageToken,items({BUCKET_FIELDS})"}
    while True:
        reply = wire.ask(Call(method="GET", path=f"{API}/b", query=query))
        for item in reply.get("items", ()):
            yield _container(wire, item)
        token = reply.get("nextPageToken", "")
        if not token:
            return
        if token == query.get("pageToken"):
            raise MalformedResponseError("A listing of Google's repeats itself.", None, wire.driver)
        query["pageToken"] = token


def head(wire: Wire, container_name: str) -> Container:
    """One bucket."""
    query = {"fields": BUCKET_FIELDS}
    call = Call(method="GET", path=bucket_path(container_name), query=query, container=container_name)
    return _container(wire, wire.ask(call))


def create(
    wire: Wire, container_name: str, *, ex_location: str = "", ex_storage_class: str = ""
) -> Container:
    """A new bucket: in the US and of class STANDARD, unless told otherwise."""
    body: dict[str, str] = {"name": container_name}
    if ex_location:
        body["location"] = ex_location
    if ex_storage_class:
        body["storageClass"] = ex_storage_class.upper()
    query = {"project": project(wire, "creates"), "fields": BUCKET_FIELDS}
    call = Call(
        method="POST", path=f"{API}/b", query=query, **json_body(body), idempotent=False,
        container=container_name,
    )  # fmt: skip
    return _container(wire, wire.ask(call))


def delete(wire: Wire, container: Container) -> None:
    """Google refuses to delete a bucket that holds anything. What only uploads left in it goes with it, as
    it does with other services.
    """
    call = Call(method="DELETE", path=bucket_path(container.name), good=(200, 204), container=container.name)
    try:
        wire.run(call)
    except ContainerIsNotEmptyError:
        left = []
        for item in items(wire, container, "", "name,generation", versions=True):
            if not item["name"].startswith(TEMPORARY):
                raise
            left.append((item["name"], required(item, "generation", wire.driver)))
        for at in range(0, len(left), BATCH_MAX):
            if delete_many(wire, container, left[at : at + BATCH_MAX]):
                raise
        if not left:
            raise
        wire.run(call)


def project(wire: Wire, verb: str) -> str:
    """The project's id: as given, else out of the key. LibcloudError that says what to do."""
    found = wire.driver.project or (wire.sign_in.project() if wire.sign_in is not None else "")
    if not found:
        raise LibcloudError(
            f"Google {verb} containers by project, and this sign-in names none: give the project's id. "
            "Containers whose names are known can be opened without.",
            wire.driver,
        )
    return str(found)


def usual_class(wire: Wire, container: Container) -> str:
    """The storage class of a bucket's new objects; "" where this account may not know. Asked once."""
    if container.name not in wire.classes:
        try:
            kind = str(head(wire, container.name).extra.get("storage_class", ""))
        except AccessDeniedError:
            kind = ""
        wire.classes[container.name] = kind
    return wire.classes[container.name]


def _container(wire: Wire, item: dict[str, Any]) -> Container:
    extra = {
        ours: item[theirs]
        for ours, theirs in (
            ("location", "location"),
            ("storage_class", "storageClass"),
            ("creation_date", "timeCreated"),
        )
        if item.get(theirs)
    }
    return Container(str(item.get("name", "")), extra, wire.driver)


# -- listings --


def object_page(
    wire: Wire, container: Container, prefix: str, delimiter: str, token: str, limit: int
) -> Page:
    """One page of the objects that are there now, each with all its attributes."""
    query = {"fields": f"nextPageToken,prefixes,items({FIELDS})", "maxResults": str(limit)}
    query |= {
        name: value
        for name, value in (("prefix", prefix), ("delimiter", delimiter), ("pageToken", token))
        if value
    }
    reply = _list(wire, container, query)
    seen: dict[Any, Any] = {}
    objects = [to_object(item, container, seen) for item in reply.get("items", ())]
    prefixes = list(reply.get("prefixes", ()))
    if not prefix.startswith(TEMPORARY):
        objects = [obj for obj in objects if not obj.name.startswith(TEMPORARY)]
        prefixes = [folder for folder in prefixes if folder != TEMPORARY]
    return Page(objects, prefixes, reply.get("nextPageToken", ""))


def items(
    wire: Wire, container: Container, prefix: str, fields: str, *, versions: bool = False
) -> Iterator[dict[str, Any]]:
    """The resources below a prefix, page by page; old versions too, where they are asked for."""
    query = {"fields": f"nextPageToken,items({fields})", "prefix": prefix}
    if versions:
        query["versions"] = "true"
    while True:
        reply = _list(wire, container, query)
        yield from reply.get("items", ())
        token = reply.get("nextPageToken", "")
        if not token:
            return
        if token == query.get("pageToken"):
            raise MalformedResponseError("A listing of Google's repeats itself.", None, wire.driver)
        query["pageToken"] = token


def versions(wire: Wire, container: Container, prefix: str) -> Iterator[Version]:
    """All generations, newest first within a name. A deleted object has no marker: just no latest one."""
    held: list[Version] = []
    for item in items(wire, container, prefix, f"{FIELDS},timeDeleted", versions=True):
        if item["name"].startswith(TEMPORARY):
            continue
        found = Version(to_object(item, container, version=True), "timeDeleted" not in item)
        if held and held[0].object.name != found.object.name:
            yield from _newest_first(held)
            held = []
        held.append(found)
    yield from _newest_first(held)


def _newest_first(versions: list[Version]) -> list[Version]:
    return sorted(versions, key=lambda one: int(one.object.version), reverse=True)


def _list(wire: Wire, container: Container, query: dict[str, str]) -> dict[str, Any]:
    path = f"{bucket_path(container.name)}/o"
    return wire.ask(Call(method="GET", path=path, query=query, container=container.name))
