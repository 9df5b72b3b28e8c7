"""Google's object resources to Attributes and Objects, and back.

https://cloud.google.com/storage/docs/json_api/v1/objects#resource. Everything travels as JSON, so metadata
may be any Unicode. An object's `etag` is its generation here: it changes exactly when the content does, and
it is what Google's conditions take.
"""

from __future__ import annotations

import binascii
import json
import re
from collections.abc import Mapping
from sys import intern
from typing import Any

from storage_core.attributes import Attributes
from storage_core.base.objects import Container, Object, Stored, parse_time
from storage_core.errors import AttributeRefusedError, MalformedResponseError

HEADERS = {
    "content_type": "contentType",
    "content_encoding": "contentEncoding",
    "content_disposition": "contentDisposition",
    "content_language": "contentLanguage",
    "cache_control": "cacheControl",
}
FIELDS = (
    "name,size,md5Hash,crc32c,generation,timeCreated,storageClass,contentType,contentEncoding,"
    "contentDisposition,contentLanguage,cacheControl,metadata,kmsKeyName"
)
"""What is asked of an object; the whole resource is three times as long."""

CLASSES = ("STANDARD", "NEARLINE", "COLDLINE", "ARCHIVE")
ACLS = {
    "private": "private",
    "public-read": "publicRead",
    "authenticated-read": "authenticatedRead",
    "bucket-owner-read": "bucketOwnerRead",
    "bucket-owner-full-control": "bucketOwnerFullControl",
    "project-private": "projectPrivate",
}
"""Canned access lists by the names that S3 gave them, and Google's own names as they are."""

_KMS_KEY = re.compile(r"projects/[^/]+/locations/[^/]+/keyRings/[^/]+/cryptoKeys/[^/]+")
_TYPES: dict[str, type] = {
    **dict.fromkeys(
        (
            *HEADERS.values(), "name", "md5Hash", "crc32c", "timeCreated", "storageClass", "kmsKeyName",
            "location", "nextPageToken", "rewriteToken", "publicAccessPrevention", "role", "entity",
        ),
        str,
    ),
    **dict.fromkeys(("items", "prefixes", "bindings", "members", "acl"), list),
    **dict.fromkeys(("metadata", "resource", "iamConfiguration", "uniformBucketLevelAccess"), dict),
}  # fmt: skip
_NUMBERS = frozenset(("size", "generation", "metageneration", "totalBytesRewritten"))
"""Google writes 64-bit numbers as text; the emulator, some of them as numbers."""
_INSIDE = ("resource", "iamConfiguration")
_ROWS = ("items", "bindings", "acl")
Key = tuple[str, str, str, str, str, str, str]


# -- what came --


def understood(content: bytes) -> dict[str, Any] | None:
    """The JSON object of a reply. None when it is none, or one of its fields is not of Google's type.

    Nulls are as good as nothing, and are left out.
    """
    try:
        told = json.loads(content) if content else {}
    except (ValueError, RecursionError):
        return None
    return told if isinstance(told, dict) and _is_sound(told) else None


def _is_sound(told: dict[str, Any]) -> bool:
    for name in _INSIDE:
        inner = told.get(name)
        if inner is not None and not (isinstance(inner, dict) and _is_sound(inner)):
            return False
    if not _has_types(told):
        return False
    for name in _ROWS:
        for row in told.get(name, ()):
            if not isinstance(row, dict) or not _has_types(row):
                return False
            if name == "items" and not row.get("name"):
                return False
    texts = (
        *told.get("prefixes", ()),
        *(one for row in told.get("bindings", ()) for one in row.get("members", ())),
    )
    return all(isinstance(one, str) for one in texts)


def _has_types(told: dict[str, Any]) -> bool:
    missing = []
    for name, value in told.items():
        if value is None:
            missing.append(name)
        elif name in _NUMBERS:
            text = value if type(value) is str else str(value) if type(value) is int else ""
            if not (text.isascii() and text.isdecimal() and len(text) < 20):
                return False
            told[name] = text
        elif name in _TYPES and not isinstance(value, _TYPES[name]):
            return False
    for name in missing:
        del told[name]
    return True


def required(item: Mapping[str, Any], name: str, driver: Any) -> str:
    """A field that must be there. MalformedResponseError."""
    value = item.get(name)
    if not value:
        raise MalformedResponseError(f"Google's answer does not tell the {name} of an object.", None, driver)
    return str(value)


# -- attributes --


def check(attributes: Attributes, driver: Any) -> None:
    """AttributeRefusedError for what Google has no place for."""
    for field in HEADERS:
        if any(ord(letter) < 32 or ord(letter) == 127 for letter in getattr(attributes, field)):
            raise AttributeRefusedError(
                f"{field} holds a control character, which no header can carry.", driver, field=field
            )
    if attributes.expires:
        raise AttributeRefusedError(
            "Google keeps no Expires of an object; say max-age in its cache control.", driver, field="expires"
        )
    if attributes.blob_type:
        raise AttributeRefusedError(
            "blob_type is Azure's; Google knows no such thing.", driver, field="blob_type"
        )
    if attributes.acl:
        predefined_acl(attributes, driver)
    if attributes.storage_class and attributes.storage_class not in CLASSES:
        raise AttributeRefusedError(
            f"Google's storage classes are {', '.join(CLASSES)}, not {attributes.storage_class}.",
            driver,
            field="storage_class",
        )
    if attributes.encryption_key and not _KMS_KEY.match(attributes.encryption_key):
        raise AttributeRefusedError(
            "The key is named as in Cloud KMS: projects/…/locations/…/keyRings/…/cryptoKeys/…. Keys that are "
            "sent along are not used here.",
            driver,
            field="encryption_key",
        )
    for key, value in attributes.metadata.items():
        try:
            f"{key}{value}".encode()
        except UnicodeEncodeError:
            raise AttributeRefusedError(
                f"The metadata of {key!r} is not valid Unicode.", driver, field="metadata"
            ) from None


def to_resource(attributes: Attributes) -> dict[str, Any]:
    """The JSON of a new object. What is not set is left to Google: the class is then the container's."""
    resource: dict[str, Any] = {
        theirs: value for ours, theirs in HEADERS.items() if (value := getattr(attributes, ours))
    }
    if attributes.metadata:
        resource["metadata"] = dict(attributes.metadata)
    if attributes.storage_class:
        resource["storageClass"] = attributes.storage_class
    return resource


def to_query(attributes: Attributes, driver: Any, *, acl: str = "predefinedAcl") -> dict[str, str]:
    """What of the attributes goes into the query of a call that makes an object."""
    query = {}
    if attributes.acl:
        query[acl] = predefined_acl(attributes, driver)
    if attributes.encryption_key:
        query["kmsKeyName"] = attributes.encryption_key
    return query


def predefined_acl(attributes: Attributes, driver: Any) -> str:
    """Google's name of a canned access list. AttributeRefusedError."""
    name = ACLS.get(attributes.acl.lower(), attributes.acl)
    if name not in ACLS.values():
        raise AttributeRefusedError(
            f"acl is one of {', '.join(ACLS)} here, not {attributes.acl!r}.", driver, field="acl"
        )
    return name


def from_resource(item: Mapping[str, Any], seen: dict[Key, Attributes] | None = None) -> Attributes:
    """The attributes in a resource. Objects of a page that carry no metadata share them, by `seen`."""
    get = item.get
    kind = get("storageClass", "")
    key: Key = (
        get("contentType") or "", get("contentEncoding") or "", get("contentDisposition") or "",
        get("contentLanguage") or "", get("cacheControl") or "", "" if kind == "STANDARD" else kind,
        get("kmsKeyName") or "",
    )  # fmt: skip
    metadata = get("metadata")
    if metadata:
        return _attributes(key, {name: str(value) for name, value in metadata.items() if value is not None})
    if seen is None:
        return _attributes(key, {})
    found = seen.get(key)
    if found is None:
        found = seen[key] = _attributes(key, {})
    return found


def _attributes(key: Key, metadata: dict[str, str]) -> Attributes:
    kind, encoding, disposition, language, control, storage_class, kms = key
    return Attributes(
        content_type=kind, content_encoding=encoding, content_disposition=disposition,
        content_language=language, cache_control=control, storage_class=intern(storage_class),
        encryption_key=kms.partition("/cryptoKeyVersions/")[0], metadata=metadata,
    )  # fmt: skip


def to_object(
    item: Mapping[str, Any],
    container: Container,
    seen: dict[Key, Attributes] | None = None,
    *,
    version: bool = False,
) -> Object:
    """One object of a listing or of a look; with `version` it is that one version.

    The time is read at once: as a date it takes a third less memory than as text, in every row of a listing.
    """
    attributes = from_resource(item, seen)
    # Without its generation, what is done to a version would be done to what is live.
    generation = required(item, "generation", container.driver) if version else item.get("generation", "")
    md5 = md5_of(item)
    return Object(
        required(item, "name", container.driver), int(item.get("size", 0)), md5 or generation, None,
        None, container, None,
        etag=generation, modified=parse_time(item.get("timeCreated") or ""),
        version=generation if version else "", storage_class=attributes.storage_class, attributes=attributes,
    )  # fmt: skip


def to_stored(item: Mapping[str, Any], driver: Any) -> Stored:
    """What a call that made an object says about it."""
    if not item.get("generation"):
        raise MalformedResponseError("Google stored an object and did not say what.", None, driver)
    return Stored(
        etag=str(item["generation"]),
        md5=md5_of(item),
        modified=item.get("timeCreated"),
        size=int(item.get("size", -1)),
    )


def md5_of(item: Mapping[str, Any]) -> str:
    """The content's MD5 in hex; "" where Google has none (composed objects)."""
    try:
        md5 = binascii.a2b_base64(item.get("md5Hash", ""))
    except ValueError:
        return ""
    return md5.hex() if len(md5) == 16 else ""


def hashes(value: str) -> dict[str, str]:
    """The pairs of an x-goog-hash header, in base64."""
    pairs = (piece.strip().partition("=") for piece in value.split(","))
    return {name: text for name, _, text in pairs if text}
