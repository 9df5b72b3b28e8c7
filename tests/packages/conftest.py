"""The bundle in dist/ (`python3 dev.py package` makes it), a screen to show it on, and a keyring."""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.benchmarks.measure import display
from tests.packages.artefacts import artefact
from tests.packages.frozen import Bundle
from tests.servers import keyring
from tests.servers.keyring import Keyring

FROM_OUTSIDE = ("XDG_", "QT_", "WAYLAND", "DBUS_", "AWS_", "OS_", "GOOGLE_", "AZURE_", "LD_", "PYTHON")


@pytest.fixture(scope="session")
def folder() -> Path:
    """The bundle as it was built: read it, start it, change nothing."""
    return artefact("skyferry").resolve()


@pytest.fixture(scope="session")
def secret_service() -> Iterator[Keyring]:
    """A real keyring on a bus of its own."""
    with keyring.running() as server:
        yield server


@pytest.fixture(scope="session")
def session(secret_service: Keyring) -> Iterator[dict[str, str]]:
    """The environment of somebody at a desktop: a screen, a bus, a keyring, nothing of ours."""
    with display() as shown:
        mine = {name: value for name, value in os.environ.items() if not name.startswith(FROM_OUTSIDE)}
        yield {
            **mine,
            **secret_service.env,
            "DISPLAY": shown["DISPLAY"],
            "LANG": "C.UTF-8",
            "PATH": "/usr/bin:/bin",
        }


@pytest.fixture
def bundle(folder: Path, session: dict[str, str], tmp_path: Path) -> Bundle:
    """The bundle, with an empty home and profile for this test."""
    return Bundle(folder, tmp_path, session)
