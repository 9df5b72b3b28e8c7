"""A list that is loaded anew under somebody's eyes: what is the same stays the same row. No Qt in here."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Generic, Protocol, TypeVar

from storage_core.base.objects import Object

from .ordering import SLICE, Key, Slicewise


class Row(Protocol):
    """What there is to know of an entry."""

    key: str
    is_folder: bool
    size: int
    modified: datetime | None
    storage_class: str
    object: Object | None


R = TypeVar("R", bound=Row)


@dataclass(slots=True)
class Changes(Generic[R]):
    """From one sorted list to another: first rows are taken out, then others are put in."""

    gone: list[tuple[int, int]] = field(default_factory=list)  # runs of old rows, first and last, ascending
    fresh: list[R] = field(default_factory=list)  # in their order
    replaced: bool = False  # a row that stays has another entry


def kept(old: Sequence[R], new: Sequence[R]) -> Slicewise[list[R]]:
    """`new`, with an old entry wherever its successor says the same: what was read of it stays known."""
    known = yield from _by_key(old)
    made: list[R] = []
    for start in range(0, len(new), SLICE):
        for entry in new[start : start + SLICE]:
            before = known.get(entry.key)
            made.append(entry if before is None or _content(before) != _content(entry) else before)
        yield
    return made


def changes(old: Sequence[R], new: Sequence[R], key: Key[R]) -> Slicewise[Changes[R]]:
    """Both are sorted by `key`, and no key of an object comes twice."""
    successors = yield from _by_key(new)
    found: Changes[R] = Changes()
    for start in range(0, len(old), SLICE):
        for row, entry in enumerate(old[start : start + SLICE], start):
            after = successors.get(entry.key)
            if after is not None and (after is entry or key(after) == key(entry)):
                found.replaced |= after is not entry
                del successors[entry.key]
            elif found.gone and found.gone[-1][1] == row - 1:
                found.gone[-1] = found.gone[-1][0], row
            else:
                found.gone.append((row, row))
        yield
    for start in range(0, len(new), SLICE):
        found.fresh += [entry for entry in new[start : start + SLICE] if entry.key in successors]
        yield
    return found


def _by_key(entries: Sequence[R]) -> Slicewise[dict[str, R]]:
    made: dict[str, R] = {}
    for start in range(0, len(entries), SLICE):
        made.update((entry.key, entry) for entry in entries[start : start + SLICE])
        yield
    return made


def _content(entry: Row) -> tuple[object, ...]:
    etag = entry.object.etag if entry.object is not None else ""
    return entry.is_folder, entry.size, entry.modified, entry.storage_class, etag
