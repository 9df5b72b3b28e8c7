"""What every test may use: the real servers, started once per run, and where their logs are.

No Qt in here: tests of the window have a conftest of their own in tests/window.
"""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from tests.servers import moto, swift
from tests.servers.moto import Moto
from tests.servers.swift import Swift

LOGS = pytest.StashKey[dict[str, str]]()


def pytest_configure(config: pytest.Config) -> None:
    config.stash[LOGS] = {}


def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    """Slow tests run when they are asked for: by `-m`, by name, or by `dev.py test --slow`."""
    named = any("::" in argument for argument in config.args)
    if config.getoption("markexpr") or named:
        return
    slow = [item for item in items if item.get_closest_marker("slow")]
    if slow:
        config.hook.pytest_deselected(items=slow)
        items[:] = [item for item in items if item not in slow]


@pytest.fixture(scope="session")
def swift_server(request: pytest.FixtureRequest) -> Iterator[Swift]:
    """Checks every signature. Containers outlive a test: give yours a name of their own."""
    with swift.running() as server:
        request.config.stash[LOGS]["swift"] = str(server.logs)
        yield server


@pytest.fixture(scope="session")
def moto_server(request: pytest.FixtureRequest) -> Iterator[Moto]:
    """The wide API. Containers outlive a test; `moto_server.reset()` forgets them all."""
    with moto.running() as server:
        request.config.stash[LOGS]["moto"] = str(server.logs)
        yield server


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter, config: pytest.Config) -> None:
    for name, logs in config.stash[LOGS].items():
        terminalreporter.write_line(f"logs of {name}: {logs}")
