"""The XML of Azure Blob Storage: what we send, and what we read from listings and block lists."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from datetime import UTC, datetime
from sys import intern
from typing import Any
from urllib.parse import unquote
from xml.etree.ElementTree import Element

from storage_core.attributes import Attributes
from storage_core.base.objects import Container, Object, Page, Version
from storage_core.drivers.azure_blobs_headers import class_of, decode_key, extra_of, hex_md5
from storage_core.errors import MalformedResponseError
from storage_core.words import decode_word
from storage_core.xml import parse_page, text

_EPOCH = datetime.fromtimestamp(0, UTC)
_PLAIN: dict[tuple[str, ...], tuple[Attributes, str]] = {}
_PLAIN_MAX = 1000
"""Blobs without metadata share attributes and class: a million rows have a dozen content types."""
_NEEDLESS = re.compile(
    rb"<(?:(?:Content-(?:Encoding|Language|CRC64|Disposition)|Cache-Control|OrMetadata|Metadata) ?/"
    rb"|(Creation-Time|LeaseStatus|LeaseState|ServerEncrypted)>[^<]*</\1|BlobType>BlockBlob</BlobType)>"
)
"""Whole elements that say nothing to us: two thirds of a row. Parsed, they would take half of the time."""
_MONTHS = {
    name: f"-{number:02}-"
    for number, name in enumerate(
        ("Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"), 1
    )
}
SNAPSHOT = "snapshot:"
"""In front of a snapshot's moment, where Object.version holds it; a version's id has nothing in front."""


def escape(value: str) -> str:
    """Text for an element."""
    return value.replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;")


def document(root: str, inner: str) -> bytes:
    """A body to send."""
    return f'<?xml version="1.0" encoding="utf-8"?><{root}>{inner}</{root}>'.encode()


def block_list_body(ids: Sequence[str]) -> bytes:
    """BlockList: `Latest` finds a block whether it is committed already or not."""
    return document("BlockList", "".join(f"<Latest>{one}</Latest>" for one in ids))


def tags_body(tags: Mapping[str, str]) -> bytes:
    """Tags."""
    rows = "".join(
        f"<Tag><Key>{escape(key)}</Key><Value>{escape(value)}</Value></Tag>" for key, value in tags.items()
    )
    return document("Tags", f"<TagSet>{rows}</TagSet>")


# -- what we read --


def blob_page(body: bytes, container: Container, driver: Any) -> Page:
    """EnumerationResults of a container."""
    root = _listing(body, driver)
    blobs = root.find("Blobs")
    objects, prefixes = [], []
    for element in blobs if blobs is not None else ():
        if element.tag == "Blob":
            if element.findtext("Deleted") != "true":
                objects.append(_object(element, container, driver))
        elif element.tag == "BlobPrefix":
            prefixes.append(_name(element))
    return Page(objects, prefixes, root.findtext("NextMarker") or "")


def versions(body: bytes, container: Container, driver: Any) -> tuple[list[Version], str]:
    """Versions and snapshots of a page, in the service's order, and the token of the next."""
    root = _listing(body, driver)
    found = []
    for element in root.iterfind("Blobs/Blob"):
        obj = _object(element, container, driver)
        moment = element.findtext("Snapshot") or ""
        version = element.findtext("VersionId") or ""
        current = element.findtext("IsCurrentVersion") == "true" or not version
        obj.version = f"{SNAPSHOT}{moment}" if moment else version
        found.append(Version(obj, current and not moment))
    return found, root.findtext("NextMarker") or ""


def in_order(found: list[Version]) -> list[Version]:
    """By name, the newest first within one."""
    found.sort(key=lambda one: (one.is_latest, _moment(one)), reverse=True)
    found.sort(key=lambda one: one.object.name.encode("utf-8", "surrogateescape"))
    return found


def containers(body: bytes, driver: Any) -> tuple[list[Container], str]:
    """EnumerationResults of an account, and the token of the next page."""
    root = _listing(body, driver)
    found = []
    for element in root.iterfind("Containers/Container"):
        extra = {
            "last_modified": text(element, "Properties/Last-Modified"),
            "etag": text(element, "Properties/Etag").strip('"'),
            "public_access": text(element, "Properties/PublicAccess"),
        }
        found.append(Container(text(element, "Name"), {k: v for k, v in extra.items() if v}, driver))
    return found, root.findtext("NextMarker") or ""


def blocks(root: Element, kind: str) -> Iterator[tuple[str, int]]:
    """Id and size of the blocks of a BlockList; `kind` is CommittedBlocks or UncommittedBlocks."""
    for element in root.iterfind(f"{kind}/Block"):
        yield text(element, "Name"), _size(text(element, "Size") or "0")


def tags(root: Element) -> dict[str, str]:
    """Tags of a blob."""
    return {text(tag, "Key"): text(tag, "Value") for tag in root.iterfind("TagSet/Tag")}


# -- helpers --


def _listing(body: bytes, driver: Any) -> Element:
    body = body.removeprefix(b"\xef\xbb\xbf")
    # A "<" begins an element, everywhere but in these two.
    if b"<![CDATA[" not in body and b"<!--" not in body:
        body = _NEEDLESS.sub(b"", body)
    root = parse_page(body)
    if root.tag != "EnumerationResults":
        raise MalformedResponseError("A listing was asked for, and something else came.", body[:2000], driver)
    return root


def _name(element: Element) -> str:
    found = element.find("Name")
    name = found.text if found is not None else ""
    if found is None or not name:  # its URL would be that of the container
        raise MalformedResponseError("The service lists an object without a name.")
    # A name that XML cannot hold comes percent-encoded, and says so.
    return unquote(name, errors="surrogateescape") if found.get("Encoded") == "true" else name


def _object(element: Element, container: Container, driver: Any) -> Object:
    told: dict[str, str] = {}
    metadata: dict[str, str] | None = None
    for child in element:
        if child.tag == "Properties":
            told = {item.tag: item.text for item in child if item.text}
        elif child.tag == "Metadata" and len(child):
            metadata = {
                decode_key(item.tag.lower()): decode_word(item.text or "")
                for item in child
                if item.tag != "x-ms-invalid-name"
            }
    know = told.get
    kind = know("BlobType", "BlockBlob")
    etag = know("Etag", "").strip('"')
    attributes, tier = _attributes(know, metadata)
    if know("TagCount", "0") != "0":
        attributes = None  # a listing does not tell the tags
    return Object(
        _name(element),
        _size(know("Content-Length", "0")),
        (hex_md5(know("Content-MD5", "")) if kind == "BlockBlob" else "") or etag,
        extra_of(kind, attributes, etag, know("Last-Modified", "")) if attributes else None,
        metadata,
        container,
        driver,
        etag=etag,
        modified=_date(know("Last-Modified", "")),
        storage_class=tier,
        attributes=attributes,
    )


def _size(told: str) -> int:
    """Bytes. MalformedResponseError for nonsense: no size at all would be a lie about the object."""
    try:
        size = int(told)
    except ValueError:
        size = -1
    if size < 0:
        raise MalformedResponseError("The service names a size that is none.", told[:100])
    return size


def _date(told: str) -> datetime | str:
    """`Sun, 06 Nov 1994 08:49:37 GMT`, read at once: it takes less room than its text."""
    month = _MONTHS.get(told[8:11])
    if month is None or len(told) != 29:
        return told
    try:
        return datetime.fromisoformat(f"{told[12:16]}{month}{told[5:7]}T{told[17:25]}+00:00")
    except ValueError:
        return told


def _attributes(
    know: Callable[[str, str], str], metadata: dict[str, str] | None
) -> tuple[Attributes | None, str]:
    """The attributes, and the class that the blob is in, chosen or not."""
    key = (
        know("Content-Type", ""), know("Content-Encoding", ""), know("Content-Disposition", ""),
        know("Content-Language", ""), know("Cache-Control", ""), know("AccessTier", ""),
        know("AccessTierInferred", ""),
    )  # fmt: skip
    shared = _PLAIN.get(key) if not metadata else None
    if shared is not None:
        return shared
    made = _built(key, class_of(key[5], key[6] == "true"), metadata or {}), intern(key[5].upper())
    if not metadata and len(_PLAIN) < _PLAIN_MAX:
        _PLAIN[key] = made
    return made


def _built(values: tuple[str, ...], chosen: str, metadata: dict[str, str]) -> Attributes:
    return Attributes(
        content_type=values[0],
        content_encoding=values[1],
        content_disposition=values[2],
        content_language=values[3],
        cache_control=values[4],
        storage_class=chosen,
        metadata=metadata,
    )


def _moment(one: Version) -> tuple[datetime, str]:
    """The moment that names a version or a snapshot is finer than a date in whole seconds."""
    return one.object.modified or _EPOCH, one.object.version.removeprefix(SNAPSHOT)
