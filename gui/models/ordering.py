"""Sorting that lets others live: `list.sort` holds the GIL to its end, so long lists are sorted in slices.

No Qt in here. A *slicewise* function is a generator: each step is short, the result is what it returns.
"""

from __future__ import annotations

from collections.abc import Callable, Generator, Sequence
from typing import Any, TypeAlias, TypeVar

T = TypeVar("T")
Key: TypeAlias = Callable[[T], Any]
Slicewise: TypeAlias = Generator[None, None, T]

SLICE = 5_000  # rows: about 10 ms of sorting by tuples
SAMPLES = 16  # taken from each sorted run to find where to cut


def position(rows: Sequence[T], wanted: Any, key: Key[T], *, descending: bool, start: int = 0) -> int:
    """Where a row with the key `wanted` goes: behind its equals. `rows` are sorted by `key`."""
    low, high = start, len(rows)
    while low < high:
        middle = (low + high) // 2
        there = key(rows[middle])
        if (there < wanted) if descending else (wanted < there):
            high = middle
        else:
            low = middle + 1
    return low


def merged(rows: list[T], fresh: Sequence[T], places: Sequence[int]) -> list[T]:
    """`rows` with `fresh[i]` put in at `places[i]` (ascending, counted in `rows`)."""
    made: list[T] = []
    at = 0
    for row, place in zip(fresh, places, strict=True):
        if place > at:
            made += rows[at:place]
            at = place
        made.append(row)
    made += rows[at:]
    return made


def in_order(rows: Sequence[T], key: Key[T], *, descending: bool) -> Slicewise[list[T]]:
    """All rows sorted: runs of SLICE rows first, then cut by sampled keys into pieces of about that size."""
    runs: list[list[T]] = []
    for start in range(0, len(rows), SLICE):
        run = list(rows[start : start + SLICE])
        run.sort(key=key, reverse=descending)
        runs.append(run)
        yield
    if len(runs) < 2:
        return runs[0] if runs else []
    made: list[T] = []
    begins = [0] * len(runs)
    for cut in _cuts(runs, key, descending):
        ends = [
            position(run, cut, key, descending=descending, start=begin)
            for run, begin in zip(runs, begins, strict=True)
        ]
        made += _piece(runs, begins, ends, key, descending)
        begins = ends
        yield
    made += _piece(runs, begins, [len(run) for run in runs], key, descending)
    return made


def where(rows: Sequence[T], test: Callable[[T], bool]) -> Slicewise[list[T]]:
    """The rows that pass."""
    made: list[T] = []
    for start in range(0, len(rows), SLICE):
        made += [row for row in rows[start : start + SLICE] if test(row)]
        yield
    return made


# -- helpers --


def _cuts(runs: list[list[T]], key: Key[T], descending: bool) -> list[Any]:
    samples = [key(row) for run in runs for row in run[:: max(1, len(run) // SAMPLES)]]
    samples.sort(reverse=descending)
    step = max(1, len(samples) // len(runs))
    return samples[step::step]


def _piece(runs: list[list[T]], begins: list[int], ends: list[int], key: Key[T], descending: bool) -> list[T]:
    piece = [row for run, begin, end in zip(runs, begins, ends, strict=True) for row in run[begin:end]]
    piece.sort(key=key, reverse=descending)  # already sorted in stretches: cheap
    return piece
