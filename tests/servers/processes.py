"""Processes for the servers of the tests: folders, free ports, start, readiness with a limit, end."""

from __future__ import annotations

import json
import os
import shutil
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from pathlib import Path

import platformdirs

LAUNCHER = Path(__file__).with_name("launcher.py")
LOGS_KEPT = 20  # folders; older ones are removed when a new one is made


class ServerFailed(RuntimeError):
    """A server did not start or did not stay; the message ends with the tail of its logs."""


@dataclass(frozen=True, slots=True)
class Command:
    name: str  # of its log file
    argv: list[str]
    input: str = ""
    env: dict[str, str] = field(default_factory=dict)  # beside the environment of the tests
    cwd: str | None = None


@dataclass(frozen=True, slots=True)
class Group:
    """Running processes that start and end together."""

    pids: dict[str, int]  # by the name of the command
    logs: Path
    launcher: subprocess.Popen[str]

    def alive(self) -> bool:
        return self.launcher.poll() is None


def cache_folder() -> Path:
    """Where servers are installed and their logs kept; survives test runs."""
    folder = platformdirs.user_cache_path("skyferry") / "servers"
    folder.mkdir(parents=True, exist_ok=True)
    return folder


def logs_folder(name: str) -> Path:
    parent = cache_folder() / "logs"
    parent.mkdir(exist_ok=True)
    old = sorted((path for path in parent.iterdir() if path.is_dir()), key=lambda path: path.name)
    for path in old[:-LOGS_KEPT]:
        if not Path(f"/proc/{path.name.split('-')[-2]}").exists():  # its run goes on
            shutil.rmtree(path, ignore_errors=True)  # another run may be removing it, too
    folder = parent / f"{time.strftime('%Y%m%d-%H%M%S')}-{name}-{os.getpid()}-{time.monotonic_ns() % 10**6}"
    folder.mkdir()
    return folder


def free_ports(count: int) -> list[int]:
    """Ports nobody listens on now, all different. Another process may still take one: callers try again."""
    with ExitStack() as held:
        sockets = [held.enter_context(socket.socket()) for _ in range(count)]
        for one in sockets:
            one.bind(("127.0.0.1", 0))
        return [one.getsockname()[1] for one in sockets]


def answers(port: int) -> bool:
    """Whether something accepts connections on `port`."""
    try:
        socket.create_connection(("127.0.0.1", port), timeout=1).close()
    except OSError:
        return False
    return True


def wait_until(check: Callable[[], bool], seconds: float, group: Group, what: str) -> None:
    deadline = time.monotonic() + seconds
    while not check():
        if not group.alive():
            raise ServerFailed(f"{what} ended while starting.\n{tail(group.logs)}")
        if time.monotonic() > deadline:
            raise ServerFailed(f"{what} did not answer within {seconds:g} s.\n{tail(group.logs)}")
        time.sleep(0.02)


def tail(logs: Path, lines: int = 30) -> str:
    """The ends of all logs of one server."""
    parts = [f"Logs are in {logs}"]
    for path in sorted(logs.glob("*.log")):
        text = path.read_text(errors="replace").splitlines()
        if text:
            parts += [f"--- {path.name}", *text[-lines:]]
    return "\n".join(parts)


def run(argv: list[str], log: Path) -> None:
    """To its end; raises ServerFailed with what it said."""
    with open(log, "ab") as output:
        code = subprocess.run(
            argv, stdin=subprocess.DEVNULL, stdout=output, stderr=output, check=False
        ).returncode
    if code:
        raise ServerFailed(f"{' '.join(argv)} ended with code {code}.\n{tail(log.parent)}")


@contextmanager
def running(commands: list[Command], logs: Path) -> Iterator[Group]:
    orders = [
        {
            "argv": command.argv,
            "log": str(logs / f"{command.name}.log"),
            "input": command.input,
            "env": {**os.environ, **command.env},
            "cwd": command.cwd,
        }
        for command in commands
    ]
    with open(logs / "launcher.log", "w") as log:
        launcher = subprocess.Popen(
            [sys.executable, "-I", str(LAUNCHER)],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=log,
            text=True,
        )
    assert launcher.stdin is not None
    assert launcher.stdout is not None
    try:
        launcher.stdin.write(json.dumps(orders) + "\n")
        launcher.stdin.flush()
        line = launcher.stdout.readline()
        if not line:
            launcher.wait()
            raise ServerFailed(f"{commands[0].name} could not be started.\n{tail(logs)}")
        pids = dict(zip((command.name for command in commands), json.loads(line), strict=True))
        yield Group(pids, logs, launcher)
    finally:
        if not launcher.stdin.closed:
            launcher.stdin.close()
        launcher.wait(60)
        launcher.stdout.close()
