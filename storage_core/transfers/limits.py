"""Two budgets: memory for parts that are on their way, and bytes per second over all transfers."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable

LOOK_SECONDS = 0.1  # how soon a sleeping transfer notices that it is to stop


class Memory:
    """Bytes that may be buffered at once. A request larger than all of it is granted when nothing else is
    held.
    """

    def __init__(self, total: int) -> None:
        self.total = total
        self.held = 0
        self._lock = threading.Lock()

    def take(self, count: int) -> bool:
        """Whether `count` bytes were granted; they are to be given back."""
        with self._lock:
            if self.held and self.held + count > self.total:
                return False
            self.held += count
            return True

    def give_back(self, count: int) -> None:
        with self._lock:
            self.held -= count


class Bandwidth:
    """A rate for all who spend from it; 0 is no limit. It may be changed while they wait."""

    def __init__(self) -> None:
        self.bytes_per_second = 0
        self._free_at = 0.0  # time.monotonic() at which the bytes granted so far have passed
        self._lock = threading.Lock()

    def spend(self, count: int, is_stopped: Callable[[], bool]) -> None:
        """Sleep until `count` more bytes may pass, or until the caller is to stop."""
        rate = self.bytes_per_second
        if rate <= 0:
            return
        with self._lock:
            now = time.monotonic()
            # A rate that was raised must not wait for debts made at the lower one.
            start = min(max(now, self._free_at), now + 60)
            self._free_at = start + count / rate
            until = self._free_at
        while (left := until - time.monotonic()) > 0 and not is_stopped() and self.bytes_per_second == rate:
            time.sleep(min(left, LOOK_SECONDS))
        if self.bytes_per_second != rate:
            self._free_at = 0.0
