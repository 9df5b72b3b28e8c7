"""A file that is moved in parts by several workers at once: what all three directions share."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections import deque

from storage_core.transfers.jobs import Ask, Done, Meter, Skipped, Work

STREAMS_PER_FILE = 4


class LargeFile(ABC):
    """Guarded by the crew's lock: `pending`, `active`, `error`. Parts count from 1."""

    def __init__(self, work: Work, size: int, part_size: int, safe: set[int]) -> None:
        """`safe`: parts that are there already, and durable."""
        self.work = work
        self.size = size
        self.part_size = part_size
        count = -(-size // part_size)
        self.pending = deque(number for number in range(1, count + 1) if number not in safe)
        self.active = 0
        self.error: Exception | None = None
        self.settled = sum(self.extent(number)[1] for number in safe)  # bytes that count as done in the job

    def cost_of(self) -> int:
        """Bytes that a part holds in memory while it moves."""
        return 0

    def extent(self, number: int) -> tuple[int, int]:
        """First byte and size of a part."""
        start = (number - 1) * self.part_size
        return start, min(self.part_size, self.size - start)

    @abstractmethod
    def run(self, number: int, meter: Meter) -> None:
        """Move one part and write it down. Any thread; different parts at the same time."""

    @abstractmethod
    def finish(self, meter: Meter) -> Done | Skipped | Ask:
        """All parts are safe: make the file of them."""

    @abstractmethod
    def close(self) -> None:
        """Give back what is open; the parts stay for a later run."""
