"""What a test wrote through any driver, remembered as it was given, and held against the vendor's word.

`ear.py` fills the ledger; at a test's end `LEDGER.check()` lets the oracle of each server read every object
that the test wrote and did not delete: bytes by their MD5s as they went out, headers, metadata, class and
tags as they were given. A write that failed may have happened or not; of writes that overlap in time any may
be the last: all that can be there is right then. What nobody wrote through a driver is not looked at.
"""

from __future__ import annotations

import hashlib
import itertools
import threading
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any

from storage_core.attributes import Attributes
from tests.oracles import HEADERS, Found, Oracle, oracle_of

Pieces = tuple[tuple[int, str], ...]
"""Size and MD5 (hex; "" where only the size is known) of an object's pieces in order."""


@dataclass(frozen=True, slots=True)
class Written:
    """What was sent, and what had to be kept beside it, by Found's names; a field that is not there is not
    compared.
    """

    pieces: Pieces
    kept: Mapping[str, Any] = field(default_factory=dict)


GONE = Written((), {"deleted": True})
ANYTHING = Written((), {"unknown": True})


@dataclass(slots=True)
class Step:
    """One write or deletion of one name, and what it leaves there. Begin and end are ticks of a clock."""

    begun: int
    left: Written = ANYTHING
    ended: int = 0
    failed: bool = False

    def possible(self) -> list[Written]:
        """What may be there if this was the last step; where it failed, the steps before it count as well."""
        return [self.left, GONE] if self.failed else [self.left]


class Ledger:
    """The writes of one test. Threads share it."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._clock = itertools.count(1)
        self.forget()

    def forget(self) -> None:
        """A new test begins."""
        with self._lock:
            self._steps: dict[tuple[str, str], list[Step]] = {}
            self._under_way: Counter[tuple[str, str]] = Counter()
            self._drivers: dict[str, Any] = {}  # who wrote last, by container
            self._parts: dict[tuple[str, int], Pieces] = {}
            self._uploads: dict[str, Attributes] = {}

    # -- what drivers do --

    @contextmanager
    def step(self, driver: Any, container: str, name: str) -> Iterator[Step]:
        """Around a write: who uses it sets `left`. An error means that nobody knows whether it happened."""
        with self._lock:
            one = Step(next(self._clock))
            self._under_way[container, name] += 1
        try:
            yield one
        except BaseException:
            one.failed = True
            raise
        finally:
            with self._lock:
                one.ended = next(self._clock)
                self._under_way[container, name] -= 1
                self._drivers[container] = driver
                before = self._steps.get((container, name), [Step(0)])
                # What had ended before this began is overwritten; what ran beside it may be the later one.
                still = [step for step in before if one.failed or step.ended > one.begun]
                self._steps[container, name] = [*still, one]

    def forget_container(self, container: str) -> None:
        """It was deleted, so it was empty."""
        with self._lock:
            for place in [place for place in self._steps if place[0] == container]:
                del self._steps[place]

    def begin_upload(self, upload: Any, attributes: Attributes) -> None:
        """An upload in parts was begun with these."""
        with self._lock:
            self._uploads[upload.id] = attributes

    def part(self, upload: Any, number: int, size: int, md5: str) -> None:
        """A part was sent; the last one of a number counts."""
        with self._lock:
            self._parts[upload.id, number] = ((size, md5),)

    def completed(self, upload: Any, parts: Sequence[Any]) -> Written:
        """What an upload leaves; of parts that were sent elsewhere only what their receipts tell is known."""
        with self._lock:
            pieces = tuple(
                piece
                for part in sorted(parts, key=lambda one: one.number)
                for piece in self._parts.get((upload.id, part.number), ((part.size, part.md5),))
            )
            attributes = self._uploads.get(upload.id)
        return Written(pieces, kept(attributes) if attributes is not None else {})

    def source(self, oracle: Oracle, obj: Any) -> Written:
        """What an object that is about to be copied holds: as written here, else as the vendor says."""
        if obj.version:
            return ANYTHING
        known = self._possible(obj.container.name, obj.name)
        if len(known) == 1 and known[0] not in (ANYTHING, GONE):
            return known[0]
        found = oracle.read(obj.container.name, obj.name)
        if found is None or found.data is None:
            return ANYTHING
        told = {name: getattr(found, name) for name in (*HEADERS, "storage_class", "metadata", "tags")}
        return Written(((found.size, md5_of(found.data)),), told)

    # -- what the vendor says --

    def check(self, *, ours: bool = False) -> list[str]:
        """What is wrong, a line each. With `ours` our own driver must tell the same as the vendor's SDK."""
        wrong: list[str] = []
        holding: set[str] = set()
        with self._lock:
            places = sorted(self._steps)
        for container, name in places:
            driver = self._drivers[container]
            oracle = oracle_of(driver)
            assert oracle is not None, "the server ended before the test"
            before = self._possible(container, name)
            found = oracle.read(container, name)
            sentences = [differs(found, [*before, *self._possible(container, name)], oracle)]
            if found is not None and ours:
                holding.add(container)
                sentences += told_otherwise(found, driver, container, name, oracle)
            wrong += [f"{container}/{name!r}: {sentence}" for sentence in sentences if sentence]
        for container in sorted(holding):
            driver = self._drivers[container]
            oracle = oracle_of(driver)
            mine = [obj.name for obj in driver.open_container(container).iterate_objects()]
            if oracle is not None and sorted(mine) != sorted(theirs := oracle.names(container)):
                wrong.append(f"{container}: {oracle.sdk} lists {theirs}, our driver {mine}")
        return wrong

    def _possible(self, container: str, name: str) -> list[Written]:
        with self._lock:
            steps = self._steps.get((container, name), [Step(0)])
            left = [one for step in steps for one in step.possible()]
            return [ANYTHING] if self._under_way[container, name] > 0 else left


LEDGER = Ledger()


def kept(attributes: Attributes) -> dict[str, Any]:
    """What an object must have that was written with these. A type nobody gave is the service's affair."""
    values: dict[str, Any] = {name: getattr(attributes, name) for name in HEADERS}
    values |= {"metadata": dict(attributes.metadata), "tags": dict(attributes.tags)}
    values["storage_class"] = "" if attributes.storage_class == "STANDARD" else attributes.storage_class
    values["encryption"] = attributes.encryption
    return {key: value for key, value in values.items() if value or key not in ("content_type", "encryption")}


def differs(found: Found | None, possible: Sequence[Written], oracle: Oracle) -> str:
    """What is wrong about what was found; "" when it is one of the things that may be there."""
    sentences = [_differs(found, one, oracle) for one in possible]
    return "" if "" in sentences else sentences[-1]


def _differs(found: Found | None, written: Written, oracle: Oracle) -> str:
    if written is ANYTHING or (written is GONE and found is None):
        return ""
    if found is None:
        return f"written, and {oracle.sdk} finds nothing"
    if written is GONE:
        return f"deleted, and {oracle.sdk} finds {found.size} bytes"
    size = sum(piece[0] for piece in written.pieces)
    if size != found.size:
        return f"{size} bytes were written, {oracle.sdk} finds {found.size}"
    start = 0
    for length, md5 in written.pieces:
        if md5 and found.data is not None and md5_of(found.data[start : start + length]) != md5:
            return f"{oracle.sdk} reads other bytes from {start} to {start + length}"
        start += length
    for name, wanted in written.kept.items():
        told = getattr(found, name)
        if name == "metadata":
            wanted, told = _folded(wanted, oracle), _folded(told, oracle)
        if wanted != told:
            return f"{name} was {wanted!r}, {oracle.sdk} reads {told!r}"
    return ""


def told_otherwise(found: Found, driver: Any, container: str, name: str, oracle: Oracle) -> Iterator[str]:
    """Where our own driver tells something else about an object than the vendor's SDK."""
    obj = driver.get_object(container, name)
    if obj.size != found.size:
        yield f"our driver says {obj.size} bytes, {oracle.sdk} {found.size}"
    for field_name in (*HEADERS, "storage_class", "metadata", "tags"):
        mine, theirs = getattr(obj.attributes, field_name), getattr(found, field_name)
        if field_name == "metadata":
            mine, theirs = _folded(mine, oracle), _folded(theirs, oracle)
        if mine != theirs:
            yield f"our driver says {field_name} {mine!r}, {oracle.sdk} {theirs!r}"
    if found.data is not None and b"".join(obj.as_stream(1 << 20)) != found.data:
        yield f"our driver reads other bytes than {oracle.sdk}"


def md5_of(data: bytes) -> str:
    """In hex."""
    return hashlib.md5(data, usedforsecurity=False).hexdigest()


def _folded(metadata: Mapping[str, str], oracle: Oracle) -> dict[str, str]:
    return {key.lower() if oracle.folds_keys else key: value for key, value in metadata.items()}
