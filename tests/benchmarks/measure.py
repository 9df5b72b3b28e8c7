"""Clocks, memory and the table that every benchmark prints. Linux: memory is read from /proc."""

from __future__ import annotations

import argparse
import os
import platform
import subprocess
import sys
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from statistics import median

ROOT = Path(__file__).parents[2]
MIB = 1024 * 1024


@dataclass(slots=True)
class Span:
    """How long something took: on the wall, and of this process's CPU, all threads together."""

    wall: float = 0.0  # seconds
    cpu: float = 0.0  # seconds


def options(about: str) -> argparse.ArgumentParser:
    """Says the module's own docstring for --help."""
    return argparse.ArgumentParser(description=about, formatter_class=argparse.RawDescriptionHelpFormatter)


@contextmanager
def timed() -> Iterator[Span]:
    span = Span()
    wall, cpu = time.perf_counter(), time.process_time()
    try:
        yield span
    finally:
        span.wall, span.cpu = time.perf_counter() - wall, time.process_time() - cpu


def best(runs: int, action: Callable[[], object]) -> Span:
    """The median of so many runs, wall and CPU each by itself."""
    spans = []
    for _ in range(runs):
        with timed() as span:
            action()
        spans.append(span)
    return Span(median(one.wall for one in spans), median(one.cpu for one in spans))


def memory(field: str = "VmRSS", pid: int | str = "self") -> int:
    """Bytes of a process now (VmRSS) or at its peak (VmHWM)."""
    for line in Path(f"/proc/{pid}/status").read_text().splitlines():
        if line.startswith(f"{field}:"):
            return int(line.split()[1]) * 1024
    raise LookupError(field)


def cpu_seconds(pid: int) -> float:
    """What a process has used so far, all its threads."""
    fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


def table(title: str, head: Sequence[str], rows: Sequence[Sequence[object]]) -> None:
    """The first column to the left, numbers to the right."""
    cells = [[str(cell) for cell in row] for row in (head, *rows)]
    widths = [max(len(row[at]) for row in cells) for at in range(len(head))]
    print(f"\n{title}")
    for row in cells:
        first, *rest = (cell.rjust(width) for cell, width in zip(row, widths, strict=True))
        print("  " + "  ".join([row[0].ljust(len(first)), *rest]))
    sys.stdout.flush()


def say_where() -> None:
    """On what this runs, and how busy it is: a loaded machine stretches every second below."""
    load = os.getloadavg()[0]
    print(
        f"{platform.platform()}, Python {platform.python_version()}, {os.cpu_count()} cores, "
        f"load {load:.1f} when it began"
    )


@contextmanager
def display() -> Iterator[dict[str, str]]:
    """An environment with a screen of 1600x1000: an Xvfb of its own, without anybody's windows."""
    reader, writer = os.pipe()
    process = subprocess.Popen(
        ["Xvfb", "-displayfd", str(writer), "-screen", "0", "1600x1000x24", "-nolisten", "tcp", "-noreset"],
        pass_fds=(writer,), stderr=subprocess.DEVNULL,
    )  # fmt: skip
    os.close(writer)
    try:
        with os.fdopen(reader) as answer:
            number = answer.readline().strip()
        if not number:
            raise RuntimeError("Xvfb did not start")
        yield {**os.environ, "DISPLAY": f":{number}", "QT_QPA_PLATFORM": "xcb"}
    finally:
        process.terminate()
        process.wait(30)


@contextmanager
def server(*arguments: str) -> Iterator[str]:
    """A canned store in a process of its own; gives its endpoint."""
    process = subprocess.Popen(
        [sys.executable, "-m", "tests.benchmarks.canned_s3", *arguments],
        cwd=ROOT, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True,
    )  # fmt: skip
    assert process.stdin is not None
    assert process.stdout is not None
    try:
        port = process.stdout.readline().strip()
        if not port:
            raise RuntimeError("the canned store did not start")
        yield f"http://127.0.0.1:{port}"
    finally:
        process.stdin.close()
        process.wait(30)
        process.stdout.close()
