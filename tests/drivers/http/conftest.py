"""A scripted server, a client, and a client that does not wait before its retries."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from storage_core import wire
from storage_core.common.base import NetworkOptions
from storage_core.http import Client
from tests.drivers.http.asking import QUICK
from tests.servers import canned
from tests.servers.canned import CannedServer


@pytest.fixture
def server() -> Iterator[CannedServer]:
    with canned.running() as one:
        yield one


@pytest.fixture
def client() -> Iterator[Client]:
    one = Client(NetworkOptions(**QUICK))
    yield one
    one.close()


@pytest.fixture
def pauses(monkeypatch: pytest.MonkeyPatch) -> list[float]:
    """What the client would have waited before each retry; nobody waits."""
    waited: list[float] = []
    monkeypatch.setattr(wire, "sleep", lambda seconds, body: waited.append(seconds))
    return waited
