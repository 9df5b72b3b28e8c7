"""When to try again, and how long to wait before: full jitter, the server's own wish, one budget per host.

Numbers: reference/trust.md 1.3 (botocore's standard mode, with Retry-After honoured for longer).
"""

from __future__ import annotations

import random
import threading
from collections.abc import Mapping
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime

from storage_core.errors import LibcloudError, NetworkError, RateLimitReachedError

LONGEST_PAUSE = 20.0  # seconds between two attempts, unless the server asks for more
LONGEST_ASKED = 120.0  # what a Retry-After may ask for
FIRST_PAUSE = 0.1
FIRST_PAUSE_THROTTLED = 1.0
FULL_BUDGET = 500
COST_ANSWERED = 5  # the server lives and said no
COST_SILENT = 10

_IN_MILLISECONDS = ("x-amz-retry-after", "x-ms-retry-after-ms", "retry-after-ms")


class Budget:
    """Retries that one host may still be asked for. Successes fill it again; an outage ends the retries."""

    def __init__(self) -> None:
        self._left = FULL_BUDGET
        self._lock = threading.Lock()

    def take(self, cost: int) -> bool:
        """False: there have been too many failures of late; do not try again."""
        with self._lock:
            if cost > self._left:
                return False
            self._left -= cost
            return True

    def give(self, cost: int) -> None:
        """After a success: the cost of the retry that led to it, or 1."""
        with self._lock:
            self._left = min(FULL_BUDGET, self._left + cost)


def cost(error: LibcloudError) -> int:
    """What one retry after this error takes from the budget."""
    return COST_SILENT if isinstance(error, NetworkError) else COST_ANSWERED


def pause(error: LibcloudError, attempt: int, asked: float | None) -> float:
    """Seconds before the next attempt; `attempt` counts from 1, `asked` is what the server named."""
    throttled = isinstance(error, RateLimitReachedError)
    first = FIRST_PAUSE_THROTTLED if throttled else FIRST_PAUSE
    jitter = random.random()
    if asked is not None:
        # Everybody was told the same moment: spread a little beyond it.
        return asked + jitter * FIRST_PAUSE
    return jitter * min(LONGEST_PAUSE, first * 2.0 ** (attempt - 1))


def asked_pause(headers: Mapping[str, str]) -> float | None:
    """Seconds (0 to LONGEST_ASKED) that Retry-After or a vendor's variant asks for; None: none, or nonsense.

    https://www.rfc-editor.org/rfc/rfc9110#section-10.2.3
    """
    for name in _IN_MILLISECONDS:
        if value := headers.get(name):
            seconds = _number(value)
            return None if seconds is None else _bounded(seconds / 1000)
    value = headers.get("retry-after", "").strip()
    if not value:
        return None
    seconds = _number(value)
    if seconds is None:
        moment = http_date(value)
        # Measured by the server's own clock where it shows it.
        seconds = None if moment is None else moment - (http_date(headers.get("date", "")) or _now())
    return None if seconds is None else _bounded(seconds)


def http_date(text: str) -> float | None:
    """An HTTP date as seconds since 1970; None when it is not one."""
    try:
        return parsedate_to_datetime(text).timestamp()
    except (ValueError, TypeError, OverflowError, IndexError):
        return None


def _now() -> float:
    return datetime.now(UTC).timestamp()


def _number(text: str) -> float | None:
    try:
        return float(text)
    except ValueError:
        return None


def _bounded(seconds: float) -> float | None:
    return min(max(seconds, 0.0), LONGEST_ASKED) if seconds == seconds else None
