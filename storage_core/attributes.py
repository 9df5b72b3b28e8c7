"""Everything an object carries beside its bytes, as one frozen value, and the two spellings users write it
in.

The documented examples say `extra={'ContentType': …, 'StorageClass': …}`, Libcloud says `content_type`; both
are read. A key that is not known here is refused, so that nothing is dropped without a word.
"""

from __future__ import annotations

import mimetypes
from collections.abc import Mapping
from dataclasses import dataclass, field, fields, replace
from typing import Any

from storage_core.errors import AttributeRefusedError

DEFAULT_CONTENT_TYPE = "application/octet-stream"

# Windows' registry and bare containers map these wrongly or not at all.
_OWN_TYPES = {
    ".js": "text/javascript",
    ".mjs": "text/javascript",
    ".css": "text/css",
    ".json": "application/json",
    ".svg": "image/svg+xml",
    ".webp": "image/webp",
    ".avif": "image/avif",
    ".md": "text/markdown",
    ".wasm": "application/wasm",
    ".woff2": "font/woff2",
    ".yaml": "application/yaml",
    ".yml": "application/yaml",
    ".parquet": "application/vnd.apache.parquet",
    ".7z": "application/x-7z-compressed",
}
_COMPRESSED_TYPES = {
    "gzip": "application/gzip",
    "bzip2": "application/x-bzip2",
    "xz": "application/x-xz",
    "br": "application/x-brotli",
}
# The built-in table only: the same name gives the same type on every machine.
_TYPES = mimetypes.MimeTypes(filenames=())


def guess_content_type(name: str) -> str:
    """MIME type from an object's or file's name; DEFAULT_CONTENT_TYPE when the ending says nothing.

    `a.tar.gz` is `application/gzip`, not tar with a content encoding: the stored bytes are what is described.
    """
    base = name.rstrip("/").rsplit("/", 1)[-1].lower()
    dot = base.rfind(".")
    if dot >= 0 and base[dot:] in _OWN_TYPES:
        return _OWN_TYPES[base[dot:]]
    kind, encoding = _TYPES.guess_type("x/" + base)
    if encoding:
        return _COMPRESSED_TYPES.get(encoding, DEFAULT_CONTENT_TYPE)
    return kind or DEFAULT_CONTENT_TYPE


@dataclass(frozen=True, slots=True, kw_only=True)
class Attributes:
    """Content headers, class, protection, user metadata and tags. Empty means *not set*."""

    content_type: str = ""  # MIME type
    content_encoding: str = ""  # how the stored bytes are packed: "gzip"; they are never unpacked here
    content_disposition: str = ""  # 'attachment; filename="a.txt"'
    content_language: str = ""  # "de", "de-AT, en"
    cache_control: str = ""  # "max-age=60"
    expires: str = ""  # an HTTP date
    storage_class: str = ""  # the service's own name, in capitals; "" for its usual one
    encryption: str = ""  # "AES256", "aws:kms", …
    encryption_key: str = ""  # the key's name, never its bytes
    acl: str = ""  # a canned ACL
    blob_type: str = ""  # Azure: BlockBlob, AppendBlob, PageBlob
    metadata: Mapping[str, str] = field(default_factory=dict)  # the user's own
    tags: Mapping[str, str] = field(default_factory=dict)  # the service's, beside the metadata

    @classmethod
    def from_extra(
        cls, extra: Mapping[str, Any] | None = None, metadata: Mapping[str, str] | None = None
    ) -> Attributes:
        """Read the `extra` and `ex_meta` of an upload. `metadata` wins over `extra['meta_data']`, key by key.

        Raises AttributeRefusedError for an unknown key and for values that are not text.
        """
        values: dict[str, Any] = {}
        merged: dict[str, str] = {}
        for key, value in (extra or {}).items():
            name = _ALIASES.get(_plain(key))
            if name is None:
                raise AttributeRefusedError(
                    f"extra has no key {key!r}. Known keys: {', '.join(KNOWN_KEYS)}.", field=str(key)
                )
            if value is None or name == "":
                continue  # "" marks what a listing puts into extra and an upload cannot set
            if name == "metadata":
                merged.update(_texts("meta_data", value))
            elif name == "tags":
                values[name] = _texts(name, value)
            else:
                values[name] = _text(name, value)
        merged.update(_texts("ex_meta", metadata or {}))
        if "storage_class" in values:
            values["storage_class"] = values["storage_class"].upper()
        return cls(metadata=merged, **values)

    def with_guessed_type(self, name: str) -> Attributes:
        """The same, with a content type: its own, else guessed from `name`."""
        return self if self.content_type else replace(self, content_type=guess_content_type(name))

    def to_extra(self) -> dict[str, Any]:
        """The `extra` of an Object: snake_case keys, only those that are set; metadata is not in it."""
        return {
            item.name: getattr(self, item.name)
            for item in fields(self)
            if item.name != "metadata" and getattr(self, item.name)
        }


def _plain(key: object) -> str:
    return str(key).lower().replace("_", "").replace("-", "")


_ALIASES: dict[str, str] = {
    "contenttype": "content_type",
    "contentencoding": "content_encoding",
    "contentdisposition": "content_disposition",
    "contentlanguage": "content_language",
    "cachecontrol": "cache_control",
    "expires": "expires",
    "storageclass": "storage_class",
    "accesstier": "storage_class",
    "serversideencryption": "encryption",
    "encryption": "encryption",
    "ssekmskeyid": "encryption_key",
    "encryptionkey": "encryption_key",
    "acl": "acl",
    "blobtype": "blob_type",
    "metadata": "metadata",
    "tags": "tags",
    # read back from an Object's own extra; given again (obj.extra passed on) they say nothing new
    "etag": "",
    "lastmodified": "",
    "versionid": "",
    "owner": "",
}
KNOWN_KEYS = sorted({name for name in _ALIASES.values() if name} - {"metadata"} | {"meta_data"})


def _text(name: str, value: object) -> str:
    if not isinstance(value, str):
        raise AttributeRefusedError(f"{name} must be text, not {type(value).__name__}.", field=name)
    if any(ord(letter) < 32 or ord(letter) == 127 for letter in value):
        raise AttributeRefusedError(
            f"{name} holds a control character, which no header can carry.", field=name
        )
    return value


def _texts(name: str, value: object) -> dict[str, str]:
    if not isinstance(value, Mapping):
        raise AttributeRefusedError(
            f"{name} must be a dict of texts, not {type(value).__name__}.", field=name
        )
    for key, item in value.items():
        if not isinstance(key, str) or not key:
            raise AttributeRefusedError(f"A key of {name} is not a text: {key!r}.", field=name)
        if not isinstance(item, str):
            raise AttributeRefusedError(
                f"The value of {key!r} in {name} must be text, not {type(item).__name__}.", field=name
            )
    return {str(key): str(item) for key, item in value.items()}
