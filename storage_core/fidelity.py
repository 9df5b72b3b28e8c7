"""What survives a copy from one service to another, field by field: kept, converted or lost.

The table is computed from what both drivers say they can hold (`Capabilities`), so that no pair of services
has to be written down by hand; the pair tests check it against what the targets' own SDKs find.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace
from enum import StrEnum

from storage_core.attributes import Attributes
from storage_core.base import StorageDriver
from storage_core.capabilities import Capabilities

CONTENT_HEADERS = (
    "content_encoding",
    "content_disposition",
    "content_language",
    "cache_control",
    "expires",
)
OWN = {
    "storage_class": "Each service has storage classes of its own; the copy gets the target's usual one.",
    "encryption": "Each service encrypts in its own way; the copy gets the target's usual one.",
    "acl": "Access rules are each service's own; the copy is as private as its new container.",
    "blob_type": "The target has one kind of object only.",
}
"""Fields that mean something to one service alone, with why: they never travel to another."""

TITLES = {
    "content": "Content",
    "content_type": "Content type",
    "content_encoding": "Content encoding",
    "content_disposition": "Content disposition",
    "content_language": "Content language",
    "cache_control": "Cache control",
    "expires": "Expires",
    "metadata": "Metadata",
    "tags": "Tags",
    "storage_class": "Storage class",
    "encryption": "Encryption",
    "acl": "Access rules",
    "blob_type": "Blob type",
    "modified": "Date",
    "versions": "Older versions",
}


class Fate(StrEnum):
    """What becomes of a field. What is converted comes back as it was when Skyferry copies it back."""

    KEPT = "kept"  # arrives as it is
    CONVERTED = "converted"  # in another spelling, which other programs see
    LOST = "lost"  # the target has no place for it


@dataclass(frozen=True, slots=True)
class Line:
    """One field's fate; `why` is a sentence for a person, "" for what is simply kept."""

    field: str
    fate: Fate
    why: str = ""

    @property
    def title(self) -> str:
        """The field in words."""
        return TITLES[self.field]

    @property
    def is_own(self) -> bool:
        """Whether it was the source service's own, so that nobody expects it elsewhere."""
        return self.field in OWN or self.field in ("modified", "versions")


def table(source: StorageDriver, target: StorageDriver) -> tuple[Line, ...]:
    """Every field that objects of `source` may have, and what becomes of it in `target`. No request.

    For one account and itself: what a copy inside it keeps.
    """
    if source is target:
        return tuple(Line(name, Fate.KEPT) for name in TITLES if name in _known_to(source.capabilities))
    return tuple(_general(source.capabilities, target.capabilities))


def of_object(attributes: Attributes, target: StorageDriver) -> tuple[Line, ...]:
    """The fate of what one object really has: fields that are not set have no line. No request."""
    return tuple(
        line for line in (_one(name, attributes, target.capabilities) for name in TITLES) if line is not None
    )


def kept(attributes: Attributes, target: StorageDriver) -> tuple[Attributes, tuple[Line, ...]]:
    """What to give to the target's driver, and a line for each field that is not in it."""
    lost = tuple(line for line in of_object(attributes, target) if line.fate is Fate.LOST)
    empty = Attributes()
    without = {line.field: getattr(empty, line.field) for line in lost}
    if attributes.encryption_key:
        without["encryption_key"] = ""
    return replace(attributes, **without), lost


def _general(source: Capabilities, target: Capabilities) -> Iterator[Line]:
    known = _known_to(source)
    for name in TITLES:
        if name not in known:
            continue
        if name in ("content", "content_type"):
            yield Line(name, Fate.KEPT)
        elif name in OWN:
            yield Line(name, Fate.LOST, OWN[name])
        elif name == "modified":
            yield Line(name, Fate.CONVERTED, "The copy is dated when it was made.")
        elif name == "versions":
            yield Line(name, Fate.LOST, "The present version is copied.")
        elif name == "metadata":
            yield _metadata(
                target,
                lowered=not source.metadata_keys_lowered,
                coded=not source.metadata_keys_coded,
                beyond=not source.metadata_values_coded,
            )
        elif name == "tags":
            yield Line(name, Fate.KEPT) if target.tags else Line(name, Fate.LOST, target.why_not("tags"))
        else:
            yield _header(name, target)


def _known_to(able: Capabilities) -> set[str]:
    """Fields that objects of a service may have."""
    found = {"content", "content_type", "modified"}
    if able.content_headers:
        found |= set(CONTENT_HEADERS) - set(able.headers_lost)
    for name, flag in (
        ("metadata", able.metadata),
        ("tags", able.tags),
        ("storage_class", bool(able.storage_classes)),
        ("encryption", bool(able.encryption)),
        ("acl", able.public_objects),
        ("versions", able.versions),
    ):
        if flag:
            found.add(name)
    return found


def _one(name: str, attributes: Attributes, target: Capabilities) -> Line | None:
    value = getattr(attributes, name, None)
    if not value:
        return None
    if name in OWN:
        return Line(name, Fate.LOST, OWN[name])
    if name in CONTENT_HEADERS:
        return _header(name, target)
    if name == "tags" and not target.tags:
        return Line(name, Fate.LOST, target.why_not("tags"))
    if name == "metadata":
        keys, values = list(attributes.metadata), attributes.metadata.values()
        return _metadata(
            target,
            lowered=any(key != key.lower() for key in keys),
            coded=any(not key.isidentifier() or not key.isascii() for key in keys),
            beyond=any(not text.isascii() for text in values),
        )
    return Line(name, Fate.KEPT)


def _header(name: str, target: Capabilities) -> Line:
    if target.content_headers and name not in target.headers_lost:
        return Line(name, Fate.KEPT)
    return Line(name, Fate.LOST, "The target has no place for it.")


def _metadata(target: Capabilities, *, lowered: bool, coded: bool, beyond: bool) -> Line:
    if not target.metadata:
        return Line("metadata", Fate.LOST, target.why_not("metadata"))
    said = []
    if target.metadata_keys_lowered and lowered:
        said.append("Names come back in lower case.")
    if target.metadata_keys_coded and coded:
        said.append("Names with other characters than letters, digits and _ are spelled out.")
    if target.metadata_values_coded and beyond:
        said.append("Texts beyond ASCII are stored encoded; Skyferry shows them as they were.")
    return Line("metadata", Fate.CONVERTED, " ".join(said)) if said else Line("metadata", Fate.KEPT)
