"""The XML of S3: what we send, and what we read from listings, uploads and replies."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from datetime import UTC, datetime
from sys import intern
from typing import Any
from urllib.parse import unquote_plus
from xml.etree.ElementTree import Element

from storage_core.base.objects import Container, DeleteFailure, Object, Page, Part, Upload, Version
from storage_core.drivers.s3_headers import is_md5, plain_etag
from storage_core.errors import MalformedResponseError
from storage_core.xml import parse_page, text

_EPOCH = datetime.fromtimestamp(0, UTC)
NAMESPACE = "http://s3.amazonaws.com/doc/2006-03-01/"
_UNWRITABLE = re.compile("[\x00-\x08\x0b\x0c\x0e-\x1f\ufffe\uffff\ud800-\udfff]")


# -- what we send --


def writable(value: str) -> bool:
    """Whether XML 1.0 can carry this text at all."""
    return not _UNWRITABLE.search(value)


def escape(value: str) -> str:
    """Text for an element; line ends and tabs as references, or the reader would change them."""
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


Decoder = Callable[[str], str]


def _decoder(encoded: bool) -> Decoder:
    """Names of a listing: with `encoding-type=url` they are form-encoded (botocore: unquote_plus)."""
    if not encoded:
        return str
    return _form_decoded


def _form_decoded(value: str) -> str:
    if "%" not in value and "+" not in value:
        return value
    # Bytes that are no UTF-8 stay what they are: anything in their place would be another object's name.
    return unquote_plus(value, errors="surrogateescape")


def _decoder_of(root: Element) -> Decoder:
    return _decoder(text(root, "EncodingType").lower() == "url")


def object_page(body: bytes, container: Container, driver: Any, version: int) -> Page:
    """ListObjectsV2 or ListObjects: one pass over the children, no look-up by name per field."""
    root = parse_page(body)
    cut = root.tag.rfind("}") + 1
    space = root.tag[:cut]
    if root.tag[cut:] != "ListBucketResult":
        raise MalformedResponseError(f"The listing of {container.name!r} is not one.", body[:2000], driver)
    name = _decoder((root.findtext(f"{space}EncodingType") or "").lower() == "url")
    try:
        objects = _listed(root, space, name, container, driver)
    except ValueError:
        raise _no_number(driver) from None
    folders = root.iterfind(f"{space}CommonPrefixes/{space}Prefix")
    prefixes = [name(element.text or "") for element in folders]
    if (root.findtext(f"{space}IsTruncated") or "").strip() != "true":
        return Page(objects, prefixes, "")
    if version == 2:
        token = root.findtext(f"{space}NextContinuationToken") or ""
    else:
        # NextMarker comes only with a delimiter, and from some services not even then.
        last = max(objects[-1].name if objects else "", prefixes[-1] if prefixes else "", key=str.encode)
        token = name(root.findtext(f"{space}NextMarker") or "") or last
    if not token:
        raise MalformedResponseError(
            f"The listing of {container.name!r} says that there is more, and not where; it is incomplete.",
            None,
            driver,
        )
    return Page(objects, prefixes, token)


def _listed(root: Element, space: str, name: Decoder, container: Container, driver: Any) -> list[Object]:
    """The objects of a page. The tags are compared whole: this loop is what a million rows wait for."""
    key_tag, size_tag, etag_tag = f"{space}Key", f"{space}Size", f"{space}ETag"
    modified_tag, class_tag = f"{space}LastModified", f"{space}StorageClass"
    objects = []
    for row in root.iterfind(f"{space}Contents"):
        key = etag = modified = kind = ""
        size = 0
        for field in row:
            tag, value = field.tag, field.text or ""
            if tag == key_tag:
                key = name(value)
            elif tag == size_tag:
                size = int(value)
            elif tag == etag_tag:
                etag = value.strip('"') if value[:2] != "W/" else plain_etag(value)
            elif tag == modified_tag:
                modified = value
            elif tag == class_tag:
                kind = intern(value)
        objects.append(
            Object(
                key,
                size,
                etag,
                None,
                None,
                container,
                driver,
                etag=etag,
                modified=modified,
                storage_class=kind,
            )
        )
    return objects


def _number(told: str) -> int:
    try:
        return int(told)
    except ValueError:
        raise _no_number(None) from None


def _no_number(driver: Any) -> MalformedResponseError:
    return MalformedResponseError("The service names a size or number that is none.", None, driver)


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
        number, size = _number(text(element, "PartNumber")), _number(text(element, "Size") or "0")
        yield Part(number, etag, size, etag if is_md5(etag) else "")


def uploads(root: Element, container: Container) -> Iterator[Upload]:
    """ListMultipartUploadsResult."""
    name = _decoder_of(root)
    for element in _all(root, "Upload"):
        yield Upload(
            container,
            name(text(element, "Key")),
            text(element, "UploadId"),
            started=text(element, "Initiated"),
        )


def versions(root: Element, container: Container, driver: Any) -> list[Version]:
    """ListVersionsResult, by name and newest first. Not every service answers in this order."""
    name = _decoder_of(root)
    found = []
    for element in root:
        if element.tag not in ("Version", "DeleteMarker"):
            continue
        etag = plain_etag(text(element, "ETag"))
        obj = Object(
            name(text(element, "Key")),
            _number(text(element, "Size") or "0"),
            etag,
            None,
            None,
            container,
            driver,
            etag=etag,
            modified=text(element, "LastModified"),
            version=text(element, "VersionId"),
            storage_class=text(element, "StorageClass"),
        )
        found.append(Version(obj, text(element, "IsLatest") == "true", element.tag == "DeleteMarker"))
    # Times have whole seconds; within one, the service's own order stands.
    found.sort(key=lambda one: (one.is_latest, one.object.modified or _EPOCH), reverse=True)
    found.sort(key=lambda one: one.object.name.encode("utf-8", "surrogateescape"))
    return found


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
    decode = _decoder_of(root)
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
