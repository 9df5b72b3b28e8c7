"""A real Wayland compositor without a screen: Weston's headless backend."""

from __future__ import annotations

import os
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from tests.servers.processes import Command, logs_folder, wait_until
from tests.servers.processes import running as running_processes

SOCKET = "wayland-test"
SECONDS_TO_START = 20.0


@contextmanager
def running() -> Iterator[dict[str, str]]:
    """The environment that leads a program to it, and to no X server."""
    with tempfile.TemporaryDirectory(prefix="skyferry-wl-") as folder:
        logs = logs_folder("weston")
        argv = [
            "weston",
            "--backend=headless-backend.so",
            f"--socket={SOCKET}",
            "--width=1400",
            "--height=900",
        ]
        with running_processes([Command("weston", argv, env={"XDG_RUNTIME_DIR": folder})], logs) as group:
            wait_until((Path(folder) / SOCKET).exists, SECONDS_TO_START, group, "Weston")
            known = {name: value for name, value in os.environ.items() if name != "DISPLAY"}
            yield {
                **known,
                "XDG_RUNTIME_DIR": folder,
                "WAYLAND_DISPLAY": SOCKET,
                "XDG_SESSION_TYPE": "wayland",
                "QT_QPA_PLATFORM": "wayland",
            }
