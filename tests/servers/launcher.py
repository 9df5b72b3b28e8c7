"""Starts a group of processes and ends them all when its own standard input closes.

Run as a script, never imported. The closing pipe is the point: it closes however the test run ends,
`kill -9` included, so that no server outlives its tests. First line in: a JSON list of
{"argv", "log", "input", "env", "cwd"}; first line out: the list of process ids.
"""

from __future__ import annotations

import contextlib
import json
import os
import signal
import subprocess
import sys
import threading
from typing import Any

SECONDS_TO_END = 5.0


def start(order: dict[str, Any]) -> subprocess.Popen[bytes]:
    with open(order["log"], "ab") as log:
        child = subprocess.Popen(
            order["argv"],
            stdin=subprocess.PIPE,
            stdout=log,
            stderr=subprocess.STDOUT,
            env=order["env"],
            cwd=order["cwd"],
            start_new_session=True,
        )
    assert child.stdin is not None
    child.stdin.write(order["input"].encode())
    child.stdin.close()
    return child


def send(child: subprocess.Popen[bytes], number: int) -> None:
    """To the whole group of `child`: a server may have workers of its own."""
    try:
        if os.name == "posix":
            os.killpg(child.pid, number)
        else:
            child.terminate()
    except ProcessLookupError:
        return  # the group is gone already, which is what was wanted


def end(children: list[subprocess.Popen[bytes]]) -> None:
    for child in reversed(children):
        send(child, signal.SIGTERM)
    for child in reversed(children):
        with contextlib.suppress(subprocess.TimeoutExpired):  # the next line ends it
            child.wait(SECONDS_TO_END)
        send(child, signal.SIGKILL if os.name == "posix" else signal.SIGTERM)
        child.wait()


def main() -> int:
    # Ctrl-C reaches the whole terminal group; the owner of the pipe decides when it is over.
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    children: list[subprocess.Popen[bytes]] = []
    over = threading.Event()
    signal.signal(signal.SIGTERM, lambda *_: over.set())
    orders = json.loads(sys.stdin.readline())
    try:
        for order in orders:
            children.append(start(order))
        print(json.dumps([child.pid for child in children]), flush=True)
        threading.Thread(target=lambda: (sys.stdin.read(), over.set()), daemon=True).start()
        while not over.wait(0.2):
            if any(child.poll() is not None for child in children):
                return 1  # one of a group alone is of no use
        return 0
    finally:
        end(children)


if __name__ == "__main__":
    sys.exit(main())
