"""Pages of a thousand keys as Azure, Google and Swift write them, for the benchmark `library`.

The names are those of `canned_s3` made as long as people's are: 30 letters. No service is asked.
"""

from __future__ import annotations

import base64
import hashlib
import json
from collections.abc import Callable
from typing import Any

from storage_core.base.objects import Container, Object
from storage_core.drivers import azure_blobs_xml, google_storage_containers, openstack_swift_containers
from storage_core.drivers.azure_blobs import AzureBlobsStorageDriver
from storage_core.drivers.google_storage import GoogleStorageDriver
from storage_core.drivers.openstack_swift import OpenStackSwiftStorageDriver
from tests.benchmarks.canned_s3 import PAGE, PREFIX

NOWHERE = "http://127.0.0.1:1"
NAMES = [f"{PREFIX}summer in the hills {number:03}" for number in range(PAGE)]


def parsers() -> dict[str, Callable[[], list[Object]]]:
    """By the service's name: what turns the bytes of one reply into objects."""
    return {"Azure": _azure(), "Google": _google(), "Swift": _swift()}


def _md5(number: int) -> bytes:
    return hashlib.md5(b"%d" % number, usedforsecurity=False).digest()


def _azure() -> Callable[[], list[Object]]:
    rows = "".join(
        f"<Blob><Name>{name}</Name><Properties><Creation-Time>Fri, 20 Nov 2026 10:00:00 GMT</Creation-Time>"
        f"<Last-Modified>Fri, 20 Nov 2026 10:{at % 60:02}:00 GMT</Last-Modified><Etag>0x8DE{at:012X}</Etag>"
        f"<Content-Length>{at * 7919 % 9_000_001}</Content-Length><Content-Type>image/jpeg</Content-Type>"
        f"<Content-MD5>{base64.b64encode(_md5(at)).decode()}</Content-MD5><BlobType>BlockBlob</BlobType>"
        "<AccessTier>Hot</AccessTier><AccessTierInferred>true</AccessTierInferred></Properties></Blob>"
        for at, name in enumerate(NAMES)
    )
    body = (
        '<?xml version="1.0" encoding="utf-8"?><EnumerationResults ContainerName="box">'
        f"<Blobs>{rows}</Blobs><NextMarker/></EnumerationResults>"
    ).encode()
    driver = AzureBlobsStorageDriver("account", base64.b64encode(b"key").decode(), endpoint=NOWHERE)
    box = Container("box", {}, driver)
    return lambda: azure_blobs_xml.blob_page(body, box, driver).objects


def _google() -> Callable[[], list[Object]]:
    items = [
        {
            "name": name, "size": str(at * 7919 % 9_000_001), "md5Hash": base64.b64encode(_md5(at)).decode(),
            "crc32c": "AAAAAA==", "generation": str(1_763_000_000_000_000 + at), "storageClass": "STANDARD",
            "timeCreated": f"2026-11-20T10:{at % 60:02}:00.{at:03}Z", "contentType": "image/jpeg",
        }
        for at, name in enumerate(NAMES)
    ]  # fmt: skip
    wire: Any = _Answers(json.dumps({"items": items}).encode())
    box = Container("box", {}, GoogleStorageDriver(anonymous=True, endpoint=NOWHERE))
    return lambda: google_storage_containers.object_page(wire, box, PREFIX, "/", "", PAGE).objects


class _Answers:
    """In the place of a wire: one reply, parsed anew each time."""

    def __init__(self, body: bytes) -> None:
        self._body = body

    def ask(self, call: object) -> Any:
        return json.loads(self._body)


def _swift() -> Callable[[], list[Object]]:
    rows = [
        {
            "name": name, "bytes": at * 7919 % 9_000_001, "hash": _md5(at).hex(),
            "content_type": "image/jpeg", "last_modified": f"2026-11-20T10:{at % 60:02}:00.{at:06}",
        }
        for at, name in enumerate(NAMES)
    ]  # fmt: skip
    body = json.dumps(rows).encode()
    driver = OpenStackSwiftStorageDriver("user", "key", auth_url=NOWHERE)
    box = Container("box", {}, driver)
    parse = openstack_swift_containers.listed_object
    return lambda: [parse(row, box, driver) for row in json.loads(body)]
