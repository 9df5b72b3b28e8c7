"""Containers of an Azure account: listing, making, deleting them, what is in them, and who may read them."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from storage_core.base.objects import Container, Page, PublicAccess, Version
from storage_core.drivers import azure_blobs_xml
from storage_core.drivers.azure_blobs_wire import Call, Query, Wire
from storage_core.errors import (
    AccessDeniedError,
    ContainerIsNotEmptyError,
    MalformedResponseError,
    OperationNotSupportedError,
)
from storage_core.xml import text

IT: Query = (("restype", "container"),)
LEVELS = ("blob", "container")
"""Who is not signed in may read objects whose names he knows; or list them as well."""


def listed(wire: Wire) -> Iterator[Container]:
    """List Containers, page by page; the one that these credentials open, when they open one alone."""
    if wire.given.container:
        yield Container(wire.given.container, {}, wire.driver)
        return
    token = ""
    while True:
        query: Query = (("comp", "list"), ("maxresults", "5000"))
        body, _ = wire.read(Call(method="GET", query=query + ((("marker", token),) if token else ())))
        found, following = azure_blobs_xml.containers(body, wire.driver)
        yield from found
        if not following:
            return
        token = _forward(wire, following, token)


def head(wire: Wire, container_name: str) -> Container:
    """Get Container Properties, as a GET: unlike a HEAD it says why it is refused."""
    headers = wire.run(Call(method="GET", container=container_name, query=IT))
    extra = {
        "last_modified": headers.get("last-modified", ""),
        "etag": headers.get("etag", "").strip('"'),
        "public_access": headers.get("x-ms-blob-public-access", ""),
    }
    return Container(container_name, {key: value for key, value in extra.items() if value}, wire.driver)


def create(wire: Wire, container_name: str, **options: Any) -> Container:
    """Create Container. Not repeated blindly: the second attempt would find the first one's."""
    if options:
        raise TypeError(f"create_container has no argument {', '.join(sorted(options))} here")
    wire.run(Call(method="PUT", container=container_name, query=IT, good=(201,), idempotent=False))
    return Container(container_name, {}, wire.driver)


def delete(wire: Wire, container: Container) -> None:
    """Delete Container, which takes all that is in it: so nothing may be in it, no old version either."""
    query: Query = (*IT, ("comp", "list"), ("maxresults", "1"), ("include", "snapshots,versions"))
    token = ""
    while True:
        more = (("marker", token),) if token else ()
        body, _ = wire.read(Call(method="GET", container=container.name, query=query + more))
        found, following = azure_blobs_xml.versions(body, container, wire.driver)
        if found:
            raise ContainerIsNotEmptyError(
                f"{container.name!r} is not empty: objects, snapshots or old versions are in it.",
                wire.driver,
                container.name,
            )
        if not following:
            break
        token = _forward(wire, following, token)
    wire.run(Call(method="DELETE", container=container.name, query=IT, good=(202,)))


def blob_page(
    wire: Wire,
    container: Container,
    prefix: str,
    delimiter: str,
    token: str,
    limit: int,
    include: str = "metadata",
) -> Page:
    """List Blobs with their metadata."""
    query = [*IT, ("comp", "list"), ("maxresults", str(limit)), ("include", include)]
    query += [
        (name, value)
        for name, value in (("prefix", prefix), ("delimiter", delimiter), ("marker", token))
        if value
    ]
    body, _ = wire.read(Call(method="GET", container=container.name, query=tuple(query)))
    return azure_blobs_xml.blob_page(body, container, wire.driver)


def versions(wire: Wire, container: Container, prefix: str) -> Iterator[Version]:
    """List Blobs with snapshots and versions. A name may go on over the end of a page, so it waits."""
    token = ""
    held: list[Version] = []
    while True:
        query = [*IT, ("comp", "list"), ("maxresults", "5000"), ("include", "snapshots,versions,metadata")]
        query += [(name, value) for name, value in (("prefix", prefix), ("marker", token)) if value]
        body, _ = wire.read(Call(method="GET", container=container.name, query=tuple(query)))
        found, following = azure_blobs_xml.versions(body, container, wire.driver)
        held += found
        if not following:
            yield from azure_blobs_xml.in_order(held)
            return
        last = held[-1].object.name if held else ""
        done = [one for one in held if one.object.name != last]
        held = [one for one in held if one.object.name == last]
        yield from azure_blobs_xml.in_order(done)
        token = _forward(wire, following, token)


# -- who may read --


def public_state(wire: Wire, container: Container) -> PublicAccess:
    """What the container itself says. Whether the whole account allows it is told when it is switched on."""
    url = wire.endpoint.url(container.name)
    try:
        headers = wire.run(Call(method="GET", container=container.name, query=IT))
    except AccessDeniedError:
        why = "These credentials may not see whether this container is public."
        return PublicAccess(None, url, why)
    level = headers.get("x-ms-blob-public-access", "").lower()
    why = "Anyone may list it, too." if level == "container" else ""
    return PublicAccess(bool(level), url, why, {"level": level} if level else {})


def set_public(wire: Wire, container: Container, on: bool, *, ex_level: str = "blob", **options: Any) -> None:
    """Set Container ACL; the stored access policies, which it replaces as well, are sent along again."""
    if options:
        raise TypeError(f"public access has no argument {', '.join(sorted(options))} here")
    if ex_level not in LEVELS:
        raise ValueError(f"ex_level is one of {', '.join(LEVELS)}, not {ex_level!r}.")
    query = (*IT, ("comp", "acl"))
    call = Call(method="GET", container=container.name, query=query)
    root = wire.ask(call)
    policies = ""
    for policy in root.iterfind("SignedIdentifier"):
        access = "".join(
            f"<{name}>{azure_blobs_xml.escape(value)}</{name}>"
            for name in ("Start", "Expiry", "Permission")
            if (value := text(policy, f"AccessPolicy/{name}"))
        )
        name = azure_blobs_xml.escape(text(policy, "Id"))
        policies += (
            f"<SignedIdentifier><Id>{name}</Id><AccessPolicy>{access}</AccessPolicy></SignedIdentifier>"
        )
    headers = {"Content-Type": "application/xml"}
    if on:
        headers["x-ms-blob-public-access"] = ex_level
    body = azure_blobs_xml.document("SignedIdentifiers", policies)
    wire.run(Call(method="PUT", container=container.name, query=query, headers=headers, body=body))


# -- the account's website --


def website(wire: Wire) -> dict[str, Any]:
    """`enabled`, `index_document`, `error_document` of the static website in $web."""
    root = wire.ask(Call(method="GET", query=(("restype", "service"), ("comp", "properties"))))
    found = root.find("StaticWebsite")
    if found is None:
        raise OperationNotSupportedError("This account has no static websites.", wire.driver)
    return {
        "enabled": text(found, "Enabled").lower() == "true",
        "index_document": text(found, "IndexDocument"),
        "error_document": text(found, "ErrorDocument404Path"),
    }


def set_website(wire: Wire, on: bool, index_document: str, error_document: str) -> None:
    """Set Blob Service Properties; what is not in the request stays as it is."""
    inner = f"<Enabled>{str(on).lower()}</Enabled>"
    if on and index_document:
        inner += f"<IndexDocument>{azure_blobs_xml.escape(index_document)}</IndexDocument>"
    if on and error_document:
        inner += f"<ErrorDocument404Path>{azure_blobs_xml.escape(error_document)}</ErrorDocument404Path>"
    body = azure_blobs_xml.document("StorageServiceProperties", f"<StaticWebsite>{inner}</StaticWebsite>")
    query = (("restype", "service"), ("comp", "properties"))
    headers = {"Content-Type": "application/xml"}
    wire.run(Call(method="PUT", query=query, headers=headers, body=body, good=(200, 202)))


# -- helpers --


def _forward(wire: Wire, token: str, before: str) -> str:
    if token == before:
        raise MalformedResponseError(
            "A listing of the service repeats itself and would never end.", None, wire.driver
        )
    return token
