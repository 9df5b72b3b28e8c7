"""Copies on Azure's side: within the account, and from another one by a link to what is copied.

Copy Blob may go on after it was answered: it is polled, and aborted when whoever waits for it stops. Put
Blob From URL and Put Block From URL hold until the bytes are there and never show half an object; not every
server has them.
https://learn.microsoft.com/rest/api/storageservices/copy-blob, put-blob-from-url, put-block-from-url
"""

from __future__ import annotations

import contextlib
from collections.abc import Mapping
from dataclasses import dataclass, field
from urllib.parse import quote

from storage_core import wire as transport
from storage_core.attributes import Attributes
from storage_core.base.objects import Container, Object, Stored
from storage_core.capabilities import MIB
from storage_core.drivers import azure_blobs_blocks
from storage_core.drivers.azure_blobs_headers import (
    etag_of,
    metadata_headers,
    tags_header,
    tier_of,
    to_headers,
)
from storage_core.drivers.azure_blobs_objects import head, look, version_query, write_attributes
from storage_core.drivers.azure_blobs_wire import Wire, blob_call
from storage_core.errors import (
    AccessDeniedError,
    InvalidCredsError,
    LibcloudError,
    ObjectDoesNotExistError,
    ObjectError,
    OperationNotSupportedError,
)

WHOLE_MAX = 5000 * MIB
"""What Put Blob From URL takes."""
PART = 256 * MIB
LINK_SECONDS = 24 * 3600
FIRST_PAUSE, LONGEST_PAUSE = 0.1, 5.0
MINUTES_WITHOUT_PROGRESS = 15


def copy(
    wire: Wire, obj: Object, container: Container, object_name: str, attributes: Attributes | None
) -> Stored:
    """Copy Blob within the account, the source pinned to its ETag. Content headers come after the bytes."""
    if {".", ".."} & set(obj.name.split("/")):
        # Only an emulator has such names, and takes the steps out of the URL: what it copied were another.
        raise OperationNotSupportedError(f"The server cannot copy {obj.name!r} by itself.", wire.driver)
    wanted = attributes if attributes is not None else obj.attributes
    if wanted is None:
        wanted = head(wire, obj.container, obj.name, obj.version).attributes or Attributes()
    headers = {"x-ms-copy-source": wire.url(obj.container.name, obj.name, version_query(obj.version))}
    if obj.etag:
        headers["x-ms-source-if-match"] = f'"{obj.etag}"'
    if attributes is not None:
        headers |= metadata_headers(attributes, wire.driver)
    if wanted.storage_class and wanted.storage_class != "ARCHIVE":
        headers["x-ms-access-tier"] = tier_of(wanted.storage_class, wire.driver)
    if wanted.tags:
        headers["x-ms-tags"] = tags_header(wanted.tags)
    try:
        told = _copied(wire, container, object_name, headers)
    except ObjectDoesNotExistError:
        look(wire, obj.container, obj.name, obj.version)  # what is missing is the source: that is told
        raise
    etag = etag_of(told)
    if attributes is not None:
        seen = look(wire, container, object_name)
        # Tags and class went with the copy; where the class did not (Azurite), it is set now.
        etag = write_attributes(wire, container, object_name, seen, attributes, tags=False)
    return Stored(etag=etag, version=told.get("x-ms-version-id", ""), modified=told.get("last-modified"))


def link_to(wire: Wire, obj: Object) -> str:
    """What opens the object to the service of another account, for a day."""
    query = version_query(obj.version)
    if wire.given.sign_in == "sas":
        return wire.url(obj.container.name, obj.name, query)
    link = wire.link(obj.container.name, obj.name, "r", LINK_SECONDS)
    return "&".join([link, *(f"{name}={quote(value, safe='')}" for name, value in query)])


@dataclass(frozen=True, slots=True)
class Source:
    """What is to be fetched: a link that opens it, its bytes, and its ETag where it must still be the one."""

    link: str = field(repr=False)
    size: int
    etag: str = ""

    @property
    def headers(self) -> dict[str, str]:
        """For the requests that fetch it."""
        pinned = {"x-ms-source-if-match": f'"{self.etag}"'} if self.etag else {}
        return {"x-ms-copy-source": self.link, **pinned}


def fetch(
    wire: Wire, source: Source, container: Container, object_name: str, attributes: Attributes
) -> Stored:
    """Get it on the service's side: whole, in blocks when it is large, else by Copy Blob.

    OperationNotSupportedError where the server can do none of it.
    """
    try:
        try:
            if source.size <= WHOLE_MAX:
                return _put_from(wire, source, container, object_name, attributes)
            return _blocks_from(wire, source, container, object_name, attributes)
        except OperationNotSupportedError:
            return _copied_from(wire, source, container, object_name, attributes)
    except (ObjectDoesNotExistError, AccessDeniedError, InvalidCredsError) as error:
        # Not let in at the source, or here: whoever streams instead finds out which.
        raise OperationNotSupportedError(
            f"The service could not copy to {object_name!r} by itself: {error}",
            wire.driver,
            status=error.status,
            code=error.code,
            request_id=error.request_id,
        ) from None


# -- helpers --


def _copied_from(
    wire: Wire, source: Source, container: Container, object_name: str, attributes: Attributes
) -> Stored:
    """By Copy Blob, the oldest of the three, which goes on in the background."""
    headers = {**source.headers, **metadata_headers(attributes, wire.driver)}
    if attributes.tags:
        headers["x-ms-tags"] = tags_header(attributes.tags)
    told = _copied(wire, container, object_name, headers)
    seen = look(wire, container, object_name)
    etag = write_attributes(wire, container, object_name, seen, attributes, tags=False)
    return Stored(etag=etag, size=source.size, modified=told.get("last-modified"))


def _put_from(
    wire: Wire, source: Source, container: Container, object_name: str, attributes: Attributes
) -> Stored:
    headers = {
        **to_headers(attributes, wire.driver),
        "x-ms-blob-type": "BlockBlob",
        **source.headers,
        "x-ms-copy-source-blob-properties": "false",
    }
    told = wire.run(blob_call("PUT", container.name, object_name, headers=headers, good=(201,)))
    return Stored(
        etag=etag_of(told), version=told.get("x-ms-version-id", ""), modified=told.get("last-modified")
    )


def _blocks_from(
    wire: Wire, source: Source, container: Container, object_name: str, attributes: Attributes
) -> Stored:
    size = source.size
    part_size = max(PART, -(-size // 50_000 // MIB + 1) * MIB)
    upload = azure_blobs_blocks.start(wire, container, object_name, attributes)
    try:
        parts = [
            azure_blobs_blocks.fetch(
                wire, upload, number, source.headers, start, min(start + part_size, size)
            )
            for number, start in enumerate(range(0, size, part_size), 1)
        ]
        return azure_blobs_blocks.complete(wire, upload, parts, False)
    except BaseException:
        azure_blobs_blocks.abort(wire, upload)
        raise


def _copied(wire: Wire, container: Container, object_name: str, headers: dict[str, str]) -> Mapping[str, str]:
    """Copy Blob to its end; what the service told last. Whoever waits may stop it."""
    told = wire.run(blob_call("PUT", container.name, object_name, headers=headers, good=(201, 202)))
    copy_id = told.get("x-ms-copy-id", "")
    pause, progress, waited = FIRST_PAUSE, "", 0.0
    try:
        while (status := told.get("x-ms-copy-status", "success").lower()) == "pending":
            transport.sleep(pause, None)
            told = look(wire, container, object_name)
            waited = 0.0 if told.get("x-ms-copy-progress", "") != progress else waited + pause
            progress, pause = told.get("x-ms-copy-progress", ""), min(pause * 1.5, LONGEST_PAUSE)
            if waited > 60 * MINUTES_WITHOUT_PROGRESS:
                raise ObjectError(
                    f"The copy to {object_name!r} has stood still for {MINUTES_WITHOUT_PROGRESS} minutes.",
                    wire.driver,
                    object_name,
                )
            if told.get("x-ms-copy-id", copy_id) != copy_id:
                raise ObjectError(
                    f"{object_name!r} was written by somebody else while it was copied to.",
                    wire.driver,
                    object_name,
                )
    except BaseException:
        _stop(wire, container, object_name, copy_id)
        raise
    if status != "success":
        why = told.get("x-ms-copy-status-description", "") or status
        raise ObjectError(f"The service did not copy to {object_name!r}: {why}.", wire.driver, object_name)
    return told


def _stop(wire: Wire, container: Container, object_name: str, copy_id: str) -> None:
    """Abort Copy Blob, and take away the empty blob that it leaves."""
    place = container.name, object_name
    query = (("comp", "copy"), ("copyid", copy_id))
    abort = {"x-ms-copy-action": "abort"}
    # Who asked for the stop must not stop this, too.
    with transport.stoppable(_go_on), contextlib.suppress(LibcloudError):
        # An error: the copy came to its end by itself. The reason for the stop is the one to tell.
        wire.run(blob_call("PUT", *place, query, headers=abort, good=(204,)))
        told = look(wire, container, object_name)
        if told.get("x-ms-copy-status", "") == "aborted" and told.get("content-length") == "0":
            pinned = {"If-Match": f'"{etag_of(told)}"'}
            wire.run(blob_call("DELETE", *place, headers=pinned, good=(202,)))


def _go_on() -> None:
    """What is called while a request waits that nobody may stop."""
