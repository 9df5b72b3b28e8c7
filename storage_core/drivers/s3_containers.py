"""Containers over S3: listing, creating, deleting them, and listing what is in them."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import suppress
from typing import Any

from storage_core.base.objects import Container, Page, Version
from storage_core.drivers import s3_xml
from storage_core.drivers.s3_objects import explain
from storage_core.drivers.s3_wire import Call, Wire
from storage_core.errors import (
    AttributeRefusedError,
    ContainerAlreadyExistsError,
    ContainerDoesNotExistError,
    MalformedResponseError,
    ProviderError,
    ServerError,
    WrongRegionError,
)
from storage_core.xml import text

PAGE = "1000"


def listed(wire: Wire) -> Iterator[Container]:
    """ListBuckets. Only Amazon pages it, and only when asked to; its pages tell each container's region."""
    token = ""
    while True:
        query: list[tuple[str, str]] = [("max-buckets", PAGE)] if wire.profile.aws else []
        if token:
            query.append(("continuation-token", token))
        root = wire.ask(Call(method="GET", query=tuple(query)))
        for container in s3_xml.containers(root, wire.driver):
            wire.learn_region(container.name, container.extra.get("region", ""))
            yield container
        following = text(root, "ContinuationToken")
        if not following:
            return
        if following == token:
            raise MalformedResponseError("The list of containers repeats itself.", None, wire.driver)
        token = following


def head(wire: Wire, container_name: str) -> Container:
    """HeadBucket. 403 is no proof that it may be used, so it is an error; `open_container` asks nobody."""
    call = Call(method="HEAD", container=container_name)
    try:
        headers = wire.run(call)
    except ProviderError as error:
        if not explain(wire, call, error):
            raise
        headers = wire.run(call)
    region = headers.get("x-amz-bucket-region", "")
    return Container(container_name, {"region": region} if region else {}, wire.driver)


def create(wire: Wire, container_name: str, *, ex_location: str = "", **options: Any) -> Container:
    """CreateBucket, in `ex_location` or the account's region."""
    if options:
        raise TypeError(f"create_container has no argument {', '.join(sorted(options))} here")
    region = ex_location or wire.region
    if region and not wire.endpoint.takes_region(region):
        raise AttributeRefusedError(f"{region[:80]!r} cannot be the name of a region.", field="ex_location")
    # us-east-1 answers 200 to the owner who creates a container again, and some services always do.
    if (wire.profile.aws and region == "us-east-1") or not wire.profile.tells_duplicate:
        _refuse_duplicate(wire, container_name)
    body = None
    if wire.profile.location_constraint and region not in ("", "us-east-1"):
        body = s3_xml.location_body(region)
    wire.learn_region(container_name, region)
    call = Call(
        method="PUT", container=container_name, body=body, md5=bool(body), idempotent=False, region=region
    )
    try:
        wire.run(call)
    except WrongRegionError:
        if ex_location or wire.region == region:
            raise
        # The service has named its region meanwhile; in the body stood the other one.
        return create(wire, container_name, ex_location=wire.region)
    return Container(container_name, {"region": region} if region else {}, wire.driver)


def _refuse_duplicate(wire: Wire, container_name: str) -> None:
    try:
        wire.run(Call(method="HEAD", container=container_name))
    except (ContainerDoesNotExistError, ProviderError):
        return  # free, or somebody else's: creating it will tell
    raise ContainerAlreadyExistsError(
        f"{container_name!r} exists already and is yours.", wire.driver, container_name, status=409
    )


def delete(wire: Wire, container: Container) -> None:
    """DeleteBucket; the service itself refuses one that is not empty."""
    wire.run(Call(method="DELETE", container=container.name, good=(200, 202, 204)))


def object_page(
    wire: Wire, container: Container, prefix: str, delimiter: str, token: str, limit: int
) -> Page:
    """ListObjectsV2, or ListObjects where the profile says so.

    One name that XML 1.0 cannot hold makes an unencoded listing unreadable, or the service fail over it.
    Where encoding is not asked for out of caution it is asked for then, and from then on.
    """
    encode = wire.profile.encode_listing or wire.must_encode
    try:
        return _object_page(wire, container, prefix, delimiter, token, limit, encode)
    except (MalformedResponseError, ServerError):
        if encode:
            raise
        with suppress(MalformedResponseError, ProviderError):
            page = _object_page(wire, container, prefix, delimiter, token, limit, True)
            wire.must_encode = True
            return page
        raise


def _object_page(
    wire: Wire, container: Container, prefix: str, delimiter: str, token: str, limit: int, encode: bool
) -> Page:
    version = wire.profile.list_version
    query = [("max-keys", str(limit)), ("prefix", prefix)]
    if version == 2:
        query.append(("list-type", "2"))
    if delimiter:
        query.append(("delimiter", delimiter))
    if encode:
        query.append(("encoding-type", "url"))
    if token:
        query.append(("continuation-token" if version == 2 else "marker", token))
    body, _ = wire.read(Call(method="GET", container=container.name, query=tuple(query)))
    return s3_xml.object_page(body, container, wire.driver, version)


def versions(wire: Wire, container: Container, prefix: str) -> Iterator[Version]:
    """ListObjectVersions, page by page."""
    markers: tuple[str, ...] = ()
    while True:
        query = [("versions", ""), ("prefix", prefix), ("max-keys", PAGE)]
        if wire.profile.encode_listing:
            query.append(("encoding-type", "url"))
        query += [pair for pair in zip(("key-marker", "version-id-marker"), markers, strict=False) if pair[1]]
        root = wire.ask(Call(method="GET", container=container.name, query=tuple(query)))
        yield from s3_xml.versions(root, container, wire.driver)
        following = s3_xml.next_markers(root, "NextKeyMarker", "NextVersionIdMarker")
        if not following:
            return
        if following == markers or not any(following):
            raise MalformedResponseError("The list of versions repeats itself.", None, wire.driver)
        markers = following
