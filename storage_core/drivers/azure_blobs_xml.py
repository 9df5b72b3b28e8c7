"""The XML of Azure Blob Storage: what we send, and what we read from listings and block lists."""

from __future__ import annotations

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
_PLAIN: dict[tuple[str, ...], Attributes] = {}
_PLAIN_MAX = 1000
"""Blobs without metadata share their attributes: a million rows have a dozen content types."""
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
        yield text(element, "Name"), int(text(element, "Size") or 0)


def tags(root: Element) -> dict[str, str]:
    """Tags of a blob."""
    return {text(tag, "Key"): text(tag, "Value") for tag in root.iterfind("TagSet/Tag")}


# -- helpers --


def _listing(body: bytes, driver: Any) -> Element:
    root = parse_page(body.removeprefix(b"\xef\xbb\xbf"))
    if root.tag != "EnumerationResults":
        raise MalformedResponseError("A listing was asked for, and something else came.", body[:2000], driver)
    return root


def _name(element: Element) -> str:
    found = element.find("Name")
    if found is None:
        return ""
    name = found.text or ""
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
    attributes = _attributes(know, metadata) if know("TagCount", "0") == "0" else None
    return Object(
        _name(element),
        int(know("Content-Length", "0")),
        (hex_md5(know("Content-MD5", "")) if kind == "BlockBlob" else "") or etag,
        extra_of(kind, attributes, etag, know("Last-Modified", "")) if attributes else None,
        metadata,
        container,
        driver,
        etag=etag,
        modified=know("Last-Modified"),
        storage_class=intern(know("AccessTier", "").upper()),
        attributes=attributes,
    )


def _attributes(know: Callable[[str, str], str], metadata: dict[str, str] | None) -> Attributes:
    values = (
        know("Content-Type", ""), know("Content-Encoding", ""), know("Content-Disposition", ""),
        know("Content-Language", ""), know("Cache-Control", ""),
    )  # fmt: skip
    chosen = class_of(know("AccessTier", ""), know("AccessTierInferred", "") == "true")
    if metadata:
        return _built(values, chosen, metadata)
    key = (*values, chosen)
    shared = _PLAIN.get(key)
    if shared is None:
        shared = _built(values, chosen, {})
        if len(_PLAIN) < _PLAIN_MAX:
            _PLAIN[key] = shared
    return shared


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
