"""moto: the width of the S3 API (versions, tags, policies, CloudFront), without checking signatures."""

from __future__ import annotations

import sys
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from tests.servers.processes import Command, Group, answers, free_ports, logs_folder, wait_until
from tests.servers.processes import running as processes_running


@dataclass(frozen=True, slots=True)
class Moto:
    endpoint: str
    logs: Path
    group: Group
    access_key: str = "testing"
    secret_key: str = "testing"
    region: str = "us-east-1"

    def reset(self) -> None:
        """Forget every container of every service."""
        request = urllib.request.Request(f"{self.endpoint}/moto-api/reset", method="POST")
        urllib.request.urlopen(request, timeout=30).close()


@contextmanager
def running() -> Iterator[Moto]:
    [port] = free_ports(1)
    logs = logs_folder("moto")
    argv = [sys.executable, "-m", "moto.server", "-H", "127.0.0.1", "-p", str(port)]
    with processes_running([Command("moto", argv)], logs) as group:
        wait_until(lambda: answers(port), 60, group, "moto")
        yield Moto(f"http://127.0.0.1:{port}", logs, group)
