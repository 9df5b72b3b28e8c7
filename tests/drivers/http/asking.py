"""How these tests ask: clients, requests, and a judge like a driver's."""

from __future__ import annotations

import socket
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

from storage_core.common.base import NetworkOptions
from storage_core.errors import (
    AccessDeniedError,
    InvalidCredsError,
    LibcloudError,
    MalformedResponseError,
    RateLimitReachedError,
    ServerError,
)
from storage_core.http import Client, Reply, Request

MIB = 1024 * 1024
QUICK = {"connect_timeout": 5.0, "timeout": 5.0}


@contextmanager
def client_with(**options: Any) -> Iterator[Client]:
    one = Client(NetworkOptions(**{**QUICK, **options}))
    try:
        yield one
    finally:
        one.close()


def good(reply: Reply) -> LibcloudError | None:
    return None


def by_status(reply: Reply) -> LibcloudError | None:
    """As a driver judges."""
    if reply.status < 300:
        return None
    kinds: dict[int, type[LibcloudError]] = {
        401: InvalidCredsError, 403: AccessDeniedError, 429: RateLimitReachedError,
        500: ServerError, 502: ServerError, 503: ServerError, 504: ServerError,
    }  # fmt: skip
    return kinds.get(reply.status, MalformedResponseError)(f"The service said {reply.status}.")


def get(url: str, **headers: str) -> Callable[[], Request]:
    return lambda: Request("GET", url, dict(headers))


def put(url: str, body: Any) -> Callable[[], Request]:
    return lambda: Request("PUT", url, {}, body)


def rest(answer: Reply, count: int = 1000) -> bytes:
    """All that is left, read in pieces of at most `count`."""
    return b"".join(iter(lambda: answer.read(count), b""))


@contextmanager
def nobody() -> Iterator[int]:
    """A port where nobody listens, and nobody can begin to."""
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        yield int(taken.getsockname()[1])
