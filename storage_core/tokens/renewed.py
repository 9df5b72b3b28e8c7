"""One access token for any number of threads: renewed ahead of its end, by one of them at a time.

tokens = Renewed(fetch)
make:   headers["Authorization"] = f"Bearer {tokens.get().value}"
judge:  on 401: tokens.refuse(value); return ExpiredTokenError(…)      the client asks once more
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from threading import Lock
from typing import Any

from storage_core import wire
from storage_core.errors import InvalidCredsError, LibcloudError, StoppedError

AHEAD = 300.0
"""Seconds before its end from which a token is renewed; one of a short life in the last fifth of it."""

BARELY = 10.0
"""Seconds before its end from which it is of no use: the request has to arrive, too."""


@dataclass(frozen=True, slots=True)
class Token:
    """`expires` in seconds since 1970 by this computer's clock; `told` is what else came with it (addresses,
    a session's key). Its `repr` shows neither.
    """

    value: str = field(repr=False)
    expires: float = float("inf")
    told: Mapping[str, Any] = field(default_factory=dict, repr=False)


def now() -> float:
    """Seconds since 1970: unlike the monotonic clock it goes on while a laptop sleeps, as tokens do."""
    return datetime.now(UTC).timestamp()


class Renewed:
    """The present token. Threads that find none wait for the one that fetches, and share its failure: a
    wrong password is sent once, not once per thread.
    """

    def __init__(self, fetch: Callable[[], Token], clock: Callable[[], float] = now) -> None:
        """No I/O. `fetch` raises InvalidCredsError, NetworkError…"""
        self._fetch = fetch
        self._clock = clock
        self._lock = Lock()
        self._token: Token | None = None
        self._ahead = AHEAD
        self._rounds = 0
        self._failure: LibcloudError | None = None

    def get(self) -> Token:
        """A token that is good now. Raises what `fetch` raises, once the one that is held is of no use."""
        token, rounds = self._token, self._rounds
        left = token.expires - self._clock() if token is not None else 0.0
        if token is not None and left > self._ahead:
            return token
        usable = token if left > BARELY else None
        if usable is not None and not self._lock.acquire(blocking=False):
            return usable  # somebody is renewing it already
        if usable is None:
            self._wait()
        try:
            return self._renew(rounds, usable)
        finally:
            self._lock.release()

    def refuse(self, value: str) -> None:
        """The service no longer takes this token; the next `get` fetches another."""
        self._wait()
        try:
            if self._token is not None and self._token.value == value:
                self._token = None
        finally:
            self._lock.release()

    def forget(self) -> None:
        """Fetch anew at the next `get`, whatever is held."""
        with self._lock:
            self._token = None

    def _wait(self) -> None:
        """For the lock; stoppable, as whoever holds it may wait for a person at a browser."""
        while not self._lock.acquire(timeout=wire.SLICE):
            wire.check()
        try:
            wire.check()
        except BaseException:
            self._lock.release()
            raise

    def _renew(self, rounds: int, usable: Token | None) -> Token:
        if self._rounds != rounds:  # while this thread waited, another one asked
            if self._token is not None and self._token.expires - self._clock() > BARELY:
                return self._token
            if self._failure is not None:
                raise self._failure
        try:
            self._token = self._fetch()
        except StoppedError:
            raise  # that was meant for this thread alone
        except LibcloudError as error:
            self._rounds, self._failure = self._rounds + 1, error
            if usable is not None and not isinstance(error, InvalidCredsError):
                return usable
            raise
        self._rounds, self._failure = self._rounds + 1, None
        self._ahead = min(AHEAD, (self._token.expires - self._clock()) / 5)
        return self._token
