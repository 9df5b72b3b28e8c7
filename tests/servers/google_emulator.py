"""gcp-storage-emulator: Google's JSON API as far as it goes; it signs nobody in and keeps no conditions."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from tests.servers.processes import Command, Group, answers, free_ports, logs_folder, wait_until
from tests.servers.processes import running as processes_running


@dataclass(frozen=True, slots=True)
class GoogleEmulator:
    endpoint: str
    logs: Path
    group: Group
    project: str = "emulated"


@contextmanager
def running() -> Iterator[GoogleEmulator]:
    [port] = free_ports(1)
    logs = logs_folder("google-emulator")
    # In memory: on its disk the objects `a` and `a/b` would be a file and a folder of one name.
    argv = [
        *(sys.executable, "-m", "gcp_storage_emulator", "-d", str(logs / "data")),
        *("start", "--port", str(port), "-H", "127.0.0.1", "-q", "-M"),
    ]
    with processes_running([Command("google-emulator", argv)], logs) as group:
        wait_until(lambda: answers(port), 60, group, "gcp-storage-emulator")
        yield GoogleEmulator(f"http://127.0.0.1:{port}", logs, group)
