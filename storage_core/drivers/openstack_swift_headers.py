"""Attributes to Swift's headers and back.

Metadata is headers there, and what a header cannot carry is percent-encoded, as python-swiftclient and
others read it: in keys everything but letters, digits and a few signs (an underscore would be dropped by the
server without a word), in values what HTTP would change (outer spaces, control characters) and what would
else be taken for such a code. Letters beyond ASCII stand in values as they are, in UTF-8.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any
from urllib.parse import quote, unquote

from storage_core.attributes import Attributes
from storage_core.drivers.openstack_swift_limits import Limits
from storage_core.errors import AttributeRefusedError

META = "x-object-meta-"
CONTENT = {
    "content_type": "Content-Type",
    "content_encoding": "Content-Encoding",
    "content_disposition": "Content-Disposition",
    "content_language": "Content-Language",
    "cache_control": "Cache-Control",
    "expires": "Expires",
}
KEPT = ("X-Delete-At", "X-Object-Manifest", "X-Robots-Tag")
"""Headers beside attributes that a POST takes away unless it repeats them; the second one is the object."""

_CODE = re.compile(r"%[0-9A-Fa-f]{2}")
_EDGE = re.compile(r"^\s+|\s+$|[\x00-\x1f\x7f]+")
_MD5 = re.compile(r"[0-9a-f]{32}")
_KEY_SIGNS = "!#$&'*+.^`|~-"  # "%" begins a code, "_" is dropped by the server


def to_headers(attributes: Attributes, driver: Any, limits: Limits) -> dict[str, str]:
    """Headers for PUT, POST or a copy with new metadata. AttributeRefusedError, with the limit's number."""
    for name, what in (("acl", "access lists of single objects"), ("blob_type", "kinds of objects")):
        if getattr(attributes, name):
            raise AttributeRefusedError(f"Swift knows no {what}.", driver, field=name)
    headers = {header: value for field, header in CONTENT.items() if (value := getattr(attributes, field))}
    for key, value in attributes.metadata.items():
        name = META + encode_key(key)
        if name in headers:
            raise AttributeRefusedError(
                f"The metadata has {key!r} twice; Swift does not tell upper from lower case.",
                driver,
                field="metadata",
            )
        headers[name] = encode_value(value)
    _check_sizes(attributes, headers, driver, limits)
    return headers


def from_headers(headers: Mapping[str, str]) -> Attributes:
    """What a HEAD or GET tells about an object."""
    values: dict[str, Any] = {field: headers.get(header, "") for field, header in CONTENT.items()}
    metadata = {
        decode(name[len(META) :]): decode(value)
        for name, value in headers.items()
        if name.startswith(META)  # names of replies come in lower case
    }
    return Attributes(metadata=metadata, **values)


def encode_key(key: str) -> str:
    """A metadata key as part of a header's name; `decode` gives it back in lower case."""
    try:
        return quote(key.lower(), safe=_KEY_SIGNS).replace("_", "%5F")
    except UnicodeEncodeError as error:
        raise AttributeRefusedError(
            f"The metadata key {key!r} is not valid Unicode.", field="metadata"
        ) from error


def encode_value(value: str) -> str:
    """A metadata value as a header; `decode` gives it back."""
    if any(0xD800 <= ord(letter) <= 0xDFFF for letter in value):
        raise AttributeRefusedError(f"The metadata value {value!r} is not valid Unicode.", field="metadata")
    coded = _CODE.sub(lambda found: "%25" + found[0][1:], value)
    return _EDGE.sub(lambda found: quote(found[0], safe=""), coded)


def decode(text: str) -> str:
    """Percent codes as what they stand for, unless that is no UTF-8: then the text means itself."""
    if "%" not in text:
        return text
    try:
        return unquote(text, errors="strict")
    except UnicodeDecodeError:
        return text


def plain_etag(value: str) -> str:
    """`"abc"` and `W/"abc"` as `abc`."""
    return value.strip().removeprefix("W/").strip('"')


def is_large(headers: Mapping[str, str]) -> bool:
    """Whether an object is put together from others: its ETag is then no MD5 of its bytes."""
    return is_static(headers) or "X-Object-Manifest" in headers


def is_static(headers: Mapping[str, str]) -> bool:
    """Whether it has a manifest of its segments (SLO)."""
    return headers.get("X-Static-Large-Object", "").lower() == "true"


def md5_of(headers: Mapping[str, str]) -> str:
    """The content's MD5; "" where the ETag is none."""
    etag = plain_etag(headers.get("ETag", ""))
    return etag if not is_large(headers) and is_md5(etag) else ""


def is_md5(etag: str) -> bool:
    """Whether an ETag has the looks of an MD5."""
    return bool(_MD5.fullmatch(etag))


def delete_at(headers: Mapping[str, str]) -> datetime | None:
    """When the cluster deletes the object by itself; None: never."""
    try:
        return datetime.fromtimestamp(int(headers["X-Delete-At"]), UTC)
    except (KeyError, ValueError, OverflowError):
        return None


def _check_sizes(attributes: Attributes, headers: Mapping[str, str], driver: Any, limits: Limits) -> None:
    own = {name[len(META) :]: value for name, value in headers.items() if name.startswith(META)}
    if len(own) > limits.max_meta_count:
        raise _refused(
            f"There are {len(own)} metadata entries; this cluster holds {limits.max_meta_count}.", driver
        )
    overall = 0
    for key, (name, value) in zip(attributes.metadata, own.items(), strict=True):
        have = len(value.encode())
        overall += len(name) + have
        if len(name) > limits.max_meta_name_length:
            raise _refused(
                f"The metadata key {key!r} has {len(name)} bytes as it is stored; this cluster holds "
                f"{limits.max_meta_name_length}.",
                driver,
            )
        if have > limits.max_meta_value_length:
            raise _refused(
                f"The metadata value of {key!r} has {have} bytes as it is stored; this cluster holds "
                f"{limits.max_meta_value_length}.",
                driver,
            )
    if overall > limits.max_meta_overall_size:
        raise _refused(
            f"The metadata has {overall} bytes; this cluster holds at most {limits.max_meta_overall_size}.",
            driver,
        )


def _refused(sentence: str, driver: Any) -> AttributeRefusedError:
    return AttributeRefusedError(sentence, driver, field="metadata")
