"""The XML of S3: what we send, and what we read from listings, uploads and replies."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Any
from urllib.parse import unquote_plus
from xml.etree.ElementTree import Element

from storage_core.base.objects import Container, DeleteFailure, Object, Page, Part, Upload, Version
from storage_core.drivers.s3_headers import is_md5, plain_etag
from storage_core.errors import MalformedResponseError
from storage_core.xml import parse, text

NAMESPACE = "http://s3.amazonaws.com/doc/2006-03-01/"
_UNWRITABLE = re.compile("[\x00-\x08\x0b\x0c\x0e-\x1f\ufffe\uffff\ud800-\udfff]")


# -- what we send --


def writable(value: str) -> bool:
    """Whether XML 1.0 can carry this text at all."""
    return not _UNWRITABLE.search(value)


def escape(value: str) -> str:
    """Text for an element; line ends and tabs as references, or the reader would make spaces and \\n of them."""
    for letter, reference in (
        ("&", "&amp;"),
        ("<", "&lt;"),
        (">", "&gt;"),
        ("\r", "&#13;"),
        ("\n", "&#10;"),
        ("\t", "&#9;"),
    ):
        value = value.replace(letter, reference)
    return value


def _document(root: str, inner: str) -> bytes:
    return f'<?xml version="1.0" encoding="UTF-8"?>\n<{root} xmlns="{NAMESPACE}">{inner}</{root}>'.encode()


def location_body(region: str) -> bytes:
    """CreateBucketConfiguration."""
    return _document(
        "CreateBucketConfiguration", f"<LocationConstraint>{escape(region)}</LocationConstraint>"
    )


def delete_body(object_names: Iterable[str]) -> bytes:
    """Delete, quiet: only failures are answered."""
    rows = "".join(f"<Object><Key>{escape(name)}</Key></Object>" for name in object_names)
    return _document("Delete", f"<Quiet>true</Quiet>{rows}")


def complete_body(parts: Sequence[Part]) -> bytes:
    """CompleteMultipartUpload."""
    rows = "".join(
        f'<Part><PartNumber>{part.number}</PartNumber><ETag>"{escape(part.etag)}"</ETag></Part>'
        for part in parts
    )
    return _document("CompleteMultipartUpload", rows)


def public_block_body(flags: Mapping[str, bool]) -> bytes:
    """PublicAccessBlockConfiguration."""
    rows = "".join(f"<{name}>{str(on).lower()}</{name}>" for name, on in flags.items())
    return _document("PublicAccessBlockConfiguration", rows)


# -- what we read --


class Names:
    """Decodes names of a listing: `encoding-type=url` makes a form-encoded text of each (botocore: unquote_plus)."""

    def __init__(self, root: Element) -> None:
        self.encoded = text(root, "EncodingType").lower() == "url"

    def __call__(self, value: str | None) -> str:
        if not value:
            return ""
        return (
            unquote_plus(value, errors="surrogateescape")
            if self.encoded and ("%" in value or "+" in value)
            else value
        )


def object_page(body: bytes, container: Container, driver: Any, version: int, delimiter: str) -> Page:
    """ListObjectsV2 or ListObjects: one pass over the children, no look-up by name per field."""
    root = parse(body)
    if not root.tag.endswith("ListBucketResult"):
        raise MalformedResponseError(f"The listing of {container.name!r} is not one.", body[:2000], driver)
    name = Names(root)
    objects: list[Object] = []
    prefixes: list[str] = []
    truncated = False
    token = marker = ""
    cut = root.tag.rfind("}") + 1
    for child in root:
        tag = child.tag[cut:]
        if tag == "Contents":
            objects.append(_listed(child, cut, name, container, driver))
        elif tag == "CommonPrefixes":
            prefixes += [name(element.text) for element in child if element.tag[cut:] == "Prefix"]
        elif tag == "IsTruncated":
            truncated = (child.text or "").strip() == "true"
        elif tag == "NextContinuationToken":
            token = child.text or ""
        elif tag == "NextMarker":
            marker = name(child.text)
    if not truncated:
        return Page(objects, prefixes, "")
    if version == 1:
        # NextMarker comes only with a delimiter, and from some services not even then.
        token = marker or max([objects[-1].name if objects else "", prefixes[-1] if prefixes else ""])
    if not token:
        raise MalformedResponseError(
            f"The listing of {container.name!r} says that there is more, and not where; it is incomplete.",
            None,
            driver,
        )
    return Page(objects, prefixes, token)


def _listed(element: Element, cut: int, name: Names, container: Container, driver: Any) -> Object:
    key = etag = modified = kind = ""
    size = 0
    for field in element:
        tag = field.tag[cut:]
        if tag == "Key":
            key = name(field.text)
        elif tag == "Size":
            size = int(field.text or 0)
        elif tag == "ETag":
            etag = plain_etag(field.text or "")
        elif tag == "LastModified":
            modified = field.text or ""
        elif tag == "StorageClass":
            kind = field.text or ""
    return Object(
        key, size, etag, None, None, container, driver, etag=etag, modified=modified, storage_class=kind
    )


def containers(root: Element, driver: Any) -> Iterator[Container]:
    """ListAllMyBucketsResult."""
    for bucket in _all(root, "Bucket"):
        extra = {"creation_date": text(bucket, "CreationDate")}
        if region := text(bucket, "BucketRegion"):
            extra["region"] = region
        yield Container(text(bucket, "Name"), extra, driver)


def parts(root: Element) -> Iterator[Part]:
    """ListPartsResult."""
    for element in _all(root, "Part"):
        etag = plain_etag(text(element, "ETag"))
        number, size = int(text(element, "PartNumber")), int(text(element, "Size") or 0)
        yield Part(number, etag, size, etag if is_md5(etag) else "")


def uploads(root: Element, container: Container) -> Iterator[Upload]:
    """ListMultipartUploadsResult."""
    name = Names(root)
    for element in _all(root, "Upload"):
        yield Upload(
            container,
            name(text(element, "Key")),
            text(element, "UploadId"),
            started=text(element, "Initiated"),
        )


def versions(root: Element, container: Container, driver: Any) -> Iterator[Version]:
    """ListVersionsResult, in the order of the service."""
    name = Names(root)
    for element in root:
        kind = element.tag.rpartition("}")[2]
        if kind not in ("Version", "DeleteMarker"):
            continue
        etag = plain_etag(text(element, "ETag"))
        obj = Object(
            name(text(element, "Key")), int(text(element, "Size") or 0), etag, None, None, container, driver,
            etag=etag, modified=text(element, "LastModified"), version=text(element, "VersionId"),
            storage_class=text(element, "StorageClass"),
        )  # fmt: skip
        yield Version(obj, text(element, "IsLatest") == "true", kind == "DeleteMarker")


def failures(root: Element) -> list[DeleteFailure]:
    """The errors of a DeleteResult. A name that was not there is no failure."""
    found = []
    for element in _all(root, "Error"):
        code = text(element, "Code")
        if code not in ("NoSuchKey", "NoSuchVersion"):
            reason = text(element, "Message") or code or "The service gave no reason."
            found.append(DeleteFailure(text(element, "Key"), reason, code))
    return found


def next_markers(root: Element, *names: str) -> tuple[str, ...]:
    """Where the next page starts: the texts of `names`, or () on the last page."""
    if text(root, "IsTruncated") != "true":
        return ()
    decode = Names(root)
    return tuple(decode(text(root, one)) if "Key" in one else text(root, one) for one in names)


def tags(root: Element) -> dict[str, str]:
    """Tagging."""
    return {text(tag, "Key"): text(tag, "Value") for tag in _all(root, "Tag")}


def world_grants(root: Element) -> set[str]:
    """The permissions that an AccessControlPolicy gives to everybody."""
    return {
        text(grant, "Permission")
        for grant in _all(root, "Grant")
        if any((uri.text or "").endswith("/groups/global/AllUsers") for uri in _all(grant, "URI"))
    }


def _all(root: Element, name: str) -> Iterator[Element]:
    return (element for element in root.iter() if element.tag.rpartition("}")[2] == name)
