"""What a person changed in the properties of one or many objects, so that nothing unseen is lost. No Qt."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

from storage_core.attributes import Attributes

HEADERS = (
    "content_type",
    "content_encoding",
    "cache_control",
    "content_disposition",
    "content_language",
    "expires",
)
"""Fields of Attributes that can be edited, in the order in which they are shown."""

KEY = re.compile(r"[!#$%&'*+.^_`|~0-9A-Za-z-]+")  # RFC 9110 token: metadata travels as headers


@dataclass(frozen=True, slots=True)
class Edits:
    """New values of what was touched, by field and by metadata key; `removed` are metadata keys."""

    headers: Mapping[str, str] = field(default_factory=dict)
    metadata: Mapping[str, str] = field(default_factory=dict)
    removed: frozenset[str] = frozenset()

    def __bool__(self) -> bool:
        return bool(self.headers or self.metadata or self.removed)

    def applied(self, attributes: Attributes) -> Attributes:
        """An object's attributes with these changes; all that was not touched is as it was."""
        gone = {key.lower() for key in self.removed} | {key.lower() for key in self.metadata}
        kept = {key: value for key, value in attributes.metadata.items() if key.lower() not in gone}
        headers: dict[str, Any] = dict(self.headers)
        return replace(attributes, metadata={**kept, **self.metadata}, **headers)


def common(values: Iterable[str]) -> str | None:
    """The one value that all share; None when they differ. "" for no values."""
    found = set(values)
    return found.pop() if len(found) == 1 else None if found else ""


def common_metadata(all_metadata: Sequence[Mapping[str, str]]) -> dict[str, str | None]:
    """Every key that any object has; None where the values differ or some lack it."""
    keys = sorted({key for metadata in all_metadata for key in metadata}, key=str.casefold)
    return {
        key: common(metadata[key] for metadata in all_metadata)
        if all(key in metadata for metadata in all_metadata)
        else None
        for key in keys
    }
