"""Attributes to request headers and back. What a header cannot hold reversibly is refused before it is sent.

User metadata beyond ASCII travels as RFC 2047 encoded words, as Amazon itself gives it back; so does a plain
value that only looks like one. https://docs.aws.amazon.com/AmazonS3/latest/userguide/UsingMetadata.html
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any
from urllib.parse import quote, unquote

from storage_core.attributes import Attributes
from storage_core.errors import AttributeRefusedError
from storage_core.words import decode_word, encode_word

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
_CODED = re.compile(r"%(?:5f|25)", re.IGNORECASE)
_MD5 = re.compile(r"[0-9a-f]{32}")


def to_headers(attributes: Attributes, driver: Any, *, coded: bool = False) -> dict[str, str]:
    """Headers for a put, the start of an upload in parts, or a copy with REPLACE. AttributeRefusedError.

    `coded`: the service would change an underscore in a metadata key.
    """
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
        name = META + (_code_underscores(key.lower()) if coded else key.lower())
        if name in headers:
            raise AttributeRefusedError(
                f"The metadata has {key!r} twice; this service does not tell upper from lower case.",
                driver,
                field="metadata",
            )
        headers[name] = encode_word(key, value, driver)
    return headers


def from_headers(headers: Mapping[str, str], coded_underscores: bool = False) -> Attributes:
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
    if coded_underscores:
        metadata = {_CODED.sub(lambda code: unquote(code[0]), key): text for key, text in metadata.items()}
    return Attributes(metadata=metadata, **values)


def _code_underscores(key: str) -> str:
    """As the Swift driver spells it, so that both see the same key."""
    return _CODED.sub(lambda code: quote(code[0], safe=""), key).replace("_", "%5f")


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


def _ascii(field: str, value: str, driver: Any) -> str:
    if not value.isascii():
        raise AttributeRefusedError(
            f"{field.replace('_', ' ').capitalize()} can hold only plain ASCII here, not {value!r}.",
            driver,
            field=field,
        )
    return value
