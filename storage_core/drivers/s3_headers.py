"""Attributes to request headers and back. What a header cannot hold reversibly is refused before it is sent.

User metadata beyond ASCII travels as RFC 2047 encoded words, as Amazon itself gives it back; so does a plain
value that only looks like one. https://docs.aws.amazon.com/AmazonS3/latest/userguide/UsingMetadata.html
"""

from __future__ import annotations

import base64
import binascii
import quopri
import re
from collections.abc import Mapping
from typing import Any
from urllib.parse import quote

from storage_core.attributes import Attributes
from storage_core.errors import AttributeRefusedError

META = "x-amz-meta-"
_CONTENT = {
    "content_type": "Content-Type",
    "content_encoding": "Content-Encoding",
    "content_disposition": "Content-Disposition",
    "content_language": "Content-Language",
    "cache_control": "Cache-Control",
    "expires": "Expires",
}
_AMAZON = {
    "storage_class": "x-amz-storage-class",
    "encryption": "x-amz-server-side-encryption",
    "encryption_key": "x-amz-server-side-encryption-aws-kms-key-id",
}
_ALL = _CONTENT | _AMAZON
_TOKEN = re.compile(r"[!#$%&'*+.^_`|~0-9A-Za-z-]+")
_WORD = re.compile(r"=\?(?P<charset>[^?\s]+)\?(?P<way>[bBqQ])\?(?P<text>[^?\s]*)\?=")
_WORDS = re.compile(
    rf"{_WORD.pattern.replace('?P<charset>', '?:').replace('?P<way>', '?:').replace('?P<text>', '?:')}"
    r"(?:\s+=\?[^?\s]+\?[bBqQ]\?[^?\s]*\?=)*"
)
_MD5 = re.compile(r"[0-9a-f]{32}")
WORD_BYTES = 45
"""Bytes of text in one encoded word: 45 become 60 letters, and a word has at most 75."""


def to_headers(attributes: Attributes, driver: Any) -> dict[str, str]:
    """Headers for a put, the start of an upload in parts, or a copy with REPLACE. AttributeRefusedError."""
    headers = {
        header: _ascii(field, value, driver)
        for field, header in _ALL.items()
        if (value := getattr(attributes, field))
    }
    if attributes.acl:
        headers["x-amz-acl"] = _ascii("acl", attributes.acl, driver)
    if attributes.tags:
        headers["x-amz-tagging"] = "&".join(
            f"{quote(key, safe='')}={quote(value, safe='')}" for key, value in attributes.tags.items()
        )
    if attributes.blob_type:
        raise AttributeRefusedError(
            "blob_type is Azure's; this service knows no such thing.", driver, field="blob_type"
        )
    for key, value in attributes.metadata.items():
        if not _TOKEN.fullmatch(key):
            raise AttributeRefusedError(
                f"A metadata key here has only letters, digits and -_.!#$%&'*+^`|~ in it, not {key!r}.",
                driver,
                field="metadata",
            )
        name = META + key.lower()
        if name in headers:
            raise AttributeRefusedError(
                f"The metadata has {key!r} twice; this service does not tell upper from lower case.",
                driver,
                field="metadata",
            )
        headers[name] = encode_word(key, value, driver)
    return headers


def from_headers(headers: Mapping[str, str]) -> Attributes:
    """What a HEAD or GET tells about an object; tags are not among it."""
    values: dict[str, Any] = {field: headers.get(header, "") for field, header in _ALL.items()}
    # Not sent for the class STANDARD; some services do send it.
    if values["storage_class"] == "STANDARD":
        values["storage_class"] = ""
    metadata = {
        name.lower()[len(META) :]: decode_word(value)
        for name, value in headers.items()
        if name.lower().startswith(META)
    }
    return Attributes(metadata=metadata, **values)


def etag_of(headers: Mapping[str, str]) -> str:
    """The ETag without quotes and without the mark of a weak one."""
    return plain_etag(headers.get("ETag", ""))


def plain_etag(value: str) -> str:
    """`"abc"` and `W/"abc"` as `abc`."""
    return value.removeprefix("W/").strip('"')


def md5_of(headers: Mapping[str, str], trusted: bool) -> str:
    """The content's MD5 where the ETag is one: not for parts, KMS, customer keys, or when not `trusted`."""
    etag = etag_of(headers)
    coded = headers.get("x-amz-server-side-encryption", "").startswith("aws:kms")
    own_key = headers.get("x-amz-server-side-encryption-customer-algorithm", "")
    if not trusted or coded or own_key or not _MD5.fullmatch(etag):
        return ""
    return etag


def is_md5(etag: str) -> bool:
    """Whether an ETag has the looks of an MD5."""
    return bool(_MD5.fullmatch(etag))


def encode_word(key: str, value: str, driver: Any = None) -> str:
    """A metadata value as a header can carry it; `decode_word` gives it back."""
    if any(ord(letter) < 32 or ord(letter) == 127 for letter in value):
        raise AttributeRefusedError(
            f"The metadata value of {key!r} holds a control character, which no header can carry.",
            driver,
            field="metadata",
        )
    if value.isascii() and "=?" not in value and value == value.strip() and value:
        return value
    if not value:
        return ""
    words, piece = [], b""
    for letter in value:
        raw = letter.encode("utf-8", "strict") if not 0xD800 <= ord(letter) <= 0xDFFF else None
        if raw is None:
            raise AttributeRefusedError(
                f"The metadata value of {key!r} is not valid Unicode.", driver, field="metadata"
            )
        if len(piece) + len(raw) > WORD_BYTES:
            words.append(piece)
            piece = b""
        piece += raw
    words.append(piece)
    return " ".join(f"=?UTF-8?B?{base64.b64encode(word).decode()}?=" for word in words)


def decode_word(value: str) -> str:
    """A metadata header as text. Only a value that is nothing but encoded words is decoded."""
    if "=?" not in value:
        return _utf8(value)
    if not _WORDS.fullmatch(value.strip()):
        return value
    pieces = []
    for word in _WORD.finditer(value):
        try:
            if word["way"] in "bB":
                raw = base64.b64decode(word["text"], validate=True)
            else:
                raw = quopri.decodestring(word["text"].encode("ascii"), header=True)
            pieces.append((raw, word["charset"]))
        except (binascii.Error, UnicodeEncodeError):
            return value
    try:
        # Joined before decoding: some writers cut a word in the middle of a letter.
        if len({charset.lower() for _, charset in pieces}) == 1:
            return b"".join(raw for raw, _ in pieces).decode(pieces[0][1])
        return "".join(raw.decode(charset) for raw, charset in pieces)
    except (UnicodeDecodeError, LookupError):
        return value


def _utf8(value: str) -> str:
    """Headers come as Latin-1; a service that sends raw UTF-8 means UTF-8."""
    if value.isascii():
        return value
    try:
        return value.encode("latin-1").decode("utf-8")
    except (UnicodeEncodeError, UnicodeDecodeError):
        return value


def _ascii(field: str, value: str, driver: Any) -> str:
    if not value.isascii():
        raise AttributeRefusedError(
            f"{field} can hold only plain ASCII here, not {value!r}.", driver, field=field
        )
    return value
