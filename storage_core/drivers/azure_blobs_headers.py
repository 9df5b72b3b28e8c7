"""Attributes to request headers and back, and how metadata fits into names that must be C# identifiers.

A key in lower case of ASCII letters, digits and `_` stays what it is. Any other character becomes
`_x002d_` (its number in hex, four digits or eight): the spelling of .NET's XmlConvert.EncodeName, which
tools of that world read as well. An `_` that would begin such a spelling by accident is spelled itself, so
that decoding is never in doubt and no two keys meet. Values beyond ASCII are RFC 2047 words.
https://learn.microsoft.com/rest/api/storageservices/naming-and-referencing-containers--blobs--and-metadata
"""

from __future__ import annotations

import base64
import binascii
import re
from collections.abc import Mapping
from typing import Any
from urllib.parse import quote

from storage_core.attributes import Attributes
from storage_core.base.objects import parse_time
from storage_core.drivers.azure_blobs_profile import TIERS
from storage_core.errors import AttributeRefusedError
from storage_core.words import decode_word, encode_word

META = "x-ms-meta-"
CONTENT = {
    "content_type": "content-type",
    "content_encoding": "content-encoding",
    "content_disposition": "content-disposition",
    "content_language": "content-language",
    "cache_control": "cache-control",
}
"""Headers of an answer by fields of Attributes; a request says `x-ms-blob-` before them."""
METADATA_BYTES = 8 * 1024

_PLAIN = re.compile(r"[a-z_][a-z0-9_]*")
_SPELLED = re.compile(r"_x([0-9a-f]{8}|[0-9a-f]{4})_")
_TAG = re.compile(r"[A-Za-z0-9 +./:=_-]*")
_SURROGATES = re.compile("[\ud800-\udfff]")


def content_headers(attributes: Attributes, driver: Any) -> dict[str, str]:
    """x-ms-blob-content-type and its kin. AttributeRefusedError for what is not ASCII."""
    headers = {}
    for field, name in CONTENT.items():
        if value := getattr(attributes, field):
            if not value.isascii():
                raise AttributeRefusedError(
                    f"{field.replace('_', ' ').capitalize()} can hold only plain ASCII here, not {value!r}.",
                    driver,
                    field=field,
                )
            headers[f"x-ms-blob-{name}"] = value.strip()
    return headers


def metadata_headers(attributes: Attributes, driver: Any) -> dict[str, str]:
    """x-ms-meta-…. AttributeRefusedError for keys that become one, and for more than the service holds."""
    headers: dict[str, str] = {}
    size = 0
    for key, value in attributes.metadata.items():
        name = encode_key(key, driver)
        if META + name in headers:
            raise AttributeRefusedError(
                f"The metadata has {key!r} twice; this service does not tell upper from lower case.",
                driver,
                field="metadata",
            )
        headers[META + name] = coded = encode_word(key, value, driver)
        size += len(name) + len(coded)
    if size > METADATA_BYTES:
        raise AttributeRefusedError(
            f"The metadata has {size} bytes as it is sent; this service holds at most {METADATA_BYTES}.",
            driver,
            field="metadata",
        )
    return headers


def to_headers(attributes: Attributes, driver: Any) -> dict[str, str]:
    """All of it, for Put Blob and Put Block List. AttributeRefusedError."""
    headers = content_headers(attributes, driver) | metadata_headers(attributes, driver)
    if attributes.storage_class:
        headers["x-ms-access-tier"] = tier_of(attributes.storage_class, driver)
    if attributes.tags:
        headers["x-ms-tags"] = tags_header(attributes.tags)
    return headers


def refuse_foreign(attributes: Attributes, driver: Any) -> None:
    """AttributeRefusedError for what Azure has no place for."""
    if attributes.expires:
        raise AttributeRefusedError(
            "Azure keeps no Expires header; Cache-Control does the same.", driver, field="expires"
        )
    if attributes.acl:
        raise AttributeRefusedError(driver.capabilities.why_not("public_objects"), driver, field="acl")
    if attributes.blob_type and attributes.blob_type.lower() != "blockblob":
        raise AttributeRefusedError(
            f"blob_type is BlockBlob here, not {attributes.blob_type!r}: append and page blobs are written "
            "by programs of their own. Skyferry reads, lists and deletes them.",
            driver,
            field="blob_type",
        )
    if len(attributes.tags) > 10:
        raise AttributeRefusedError("Azure holds at most 10 tags.", driver, field="tags")
    for key, value in attributes.tags.items():
        # An upload in parts would otherwise hear of it when all has been sent.
        if not (_TAG.fullmatch(key + value) and 1 <= len(key) <= 128 and len(value) <= 256):
            raise AttributeRefusedError(
                f"A tag of Azure's has 1 to 128 characters and a value of at most 256: letters and digits of "
                f"ASCII, spaces, and + - . / : = _, not {key!r}: {value!r}.",
                driver,
                field="tags",
            )


def tier_of(storage_class: str, driver: Any) -> str:
    """`Cool` for COOL. AttributeRefusedError for a class that Azure does not have."""
    tier = TIERS.get(storage_class.upper())
    if tier is None:
        raise AttributeRefusedError(
            f"Azure's access tiers are {', '.join(TIERS.values())}, not {storage_class!r}.",
            driver,
            field="storage_class",
        )
    return tier


def tags_header(tags: Mapping[str, str]) -> str:
    """As a form: `a=1&b=2`."""
    return "&".join(f"{quote(key, safe='')}={quote(value, safe='')}" for key, value in tags.items())


# -- what comes back --


def from_headers(headers: Mapping[str, str]) -> Attributes:
    """What a HEAD or GET tells about a blob; tags are not among it."""
    values: dict[str, Any] = {field: headers.get(name, "") for field, name in CONTENT.items()}
    tier = headers.get("x-ms-access-tier", "")
    inferred = headers.get("x-ms-access-tier-inferred", "").lower() == "true"
    metadata = {
        decode_key(name.lower()[len(META) :]): decode_word(value)
        for name, value in headers.items()
        if name.lower().startswith(META)
    }
    return Attributes(
        metadata=metadata,
        storage_class=class_of(tier, inferred),
        **values,
    )


def extra_of(kind: str, attributes: Attributes, etag: str, modified: str) -> dict[str, Any] | None:
    """The `extra` of a blob that is no block blob; None: it is made of the attributes, as everywhere.

    The kind is none of the attributes: they are what another object could have as well.
    """
    if kind in ("", "BlockBlob"):
        return None
    moment = parse_time(modified)
    more = {"blob_type": kind, "etag": etag, "last_modified": moment.isoformat() if moment else ""}
    return {**attributes.to_extra(), **more}


def class_of(tier: str, inferred: bool) -> str:
    """The storage class that somebody chose; "" for the account's own, and for disks' sizes."""
    return tier.upper() if not inferred and tier.upper() in TIERS else ""


def etag_of(headers: Mapping[str, str]) -> str:
    """The ETag without quotes."""
    return headers.get("etag", "").removeprefix("W/").strip('"')


def md5_of(headers: Mapping[str, str]) -> str:
    """The MD5 of the whole blob in hex; "" where nobody told it, or where it need not be true.

    Append and page blobs change without it.
    """
    if headers.get("x-ms-blob-type", "BlockBlob") != "BlockBlob":
        return ""
    whole = headers.get("x-ms-blob-content-md5") or (
        "" if "content-range" in headers else headers.get("content-md5", "")
    )
    return hex_md5(whole)


def hex_md5(coded: str) -> str:
    """Base64 to hex; "" for what is none."""
    try:
        raw = binascii.a2b_base64(coded)
    except ValueError:
        return ""
    return raw.hex() if len(raw) == 16 else ""


def base64_md5(text: str) -> str:
    """Hex to base64."""
    return base64.b64encode(bytes.fromhex(text)).decode()


# -- keys of metadata --


def encode_key(key: str, driver: Any = None) -> str:
    """A metadata key as a C# identifier in lower case; `decode_key` gives it back."""
    if _SURROGATES.search(key):
        raise AttributeRefusedError(
            f"The metadata key {key!r} is not valid Unicode.", driver, field="metadata"
        )
    key = key.lower()
    if _PLAIN.fullmatch(key) and not _SPELLED.search(key):
        return key
    letters = []
    for at, letter in enumerate(key):
        plain = letter == "_" or (letter.isascii() and letter.isalnum() and (at or not letter.isdigit()))
        if letter == "_" and _SPELLED.match(key, at):
            plain = False
        letters.append(letter if plain else _spelled(letter))
    return "".join(letters)


def decode_key(name: str) -> str:
    """The key that `encode_key` made this of."""
    if "_x" not in name:
        return name
    return _SPELLED.sub(lambda found: _letter(found[0], int(found[1], 16)), name)


def _spelled(letter: str) -> str:
    number = ord(letter)
    return f"_x{number:04x}_" if number <= 0xFFFF else f"_x{number:08x}_"


def _letter(spelled: str, number: int) -> str:
    if number > 0x10FFFF or 0xD800 <= number <= 0xDFFF:
        return spelled  # somebody's own name
    return chr(number)
