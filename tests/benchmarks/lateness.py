"""How long the GUI thread is away from its event loop, measured inside the program.

A precise QTimer asks to be called every millisecond. Between two calls lies whatever the loop was busy with:
the gap, less that millisecond, is how late a key press would have been. Beside the wall's gap stands how much
of it was CPU of the GUI thread itself (`time.thread_time`): what is in the first and not in the second was
spent waiting, for the GIL that another thread of ours held, or for a core that another program had. The
second kind is not ours; the phase "idle", in which the window does nothing, shows how much of it this machine
has now.

`Tracer` looks from another thread where the GUI thread is whenever it is late, to find what keeps it.
"""

from __future__ import annotations

import gc
import sys
import threading
import time
import traceback
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import asdict, dataclass, field
from typing import Any

from PySide6.QtCore import QObject, Qt, QTimer

GOAL = 0.050  # seconds


@dataclass(slots=True)
class Phase:
    """What one thing that the user asked for did to the loop."""

    name: str
    seconds: float = 0.0
    longest: float = 0.0  # seconds, of one gap
    longest_cpu: float = 0.0  # seconds of CPU of the GUI thread within one gap
    longest_collection: float = 0.0  # seconds that the garbage collector held every thread up
    over_goal: int = 0  # gaps
    ticks: int = 0


@dataclass
class Probe:
    """Keep it alive as long as it is to measure."""

    owner: QObject
    phases: list[Phase] = field(default_factory=list)

    def __post_init__(self) -> None:
        self._now: Phase | None = None
        self._collecting = 0.0
        gc.callbacks.append(self._collects)
        self.last, self._cpu = time.perf_counter(), time.thread_time()
        self._timer = QTimer(self.owner, interval=1, timerType=Qt.TimerType.PreciseTimer)
        self._timer.timeout.connect(self._tick)
        self._timer.start()

    @contextmanager
    def phase(self, name: str) -> Iterator[Phase]:
        one = Phase(name)
        self.phases.append(one)
        self._now = one
        begun = self.last = time.perf_counter()
        self._cpu = time.thread_time()
        try:
            yield one
        finally:
            self._tick()
            one.seconds = time.perf_counter() - begun
            self._now = None

    def told(self) -> list[dict[str, Any]]:
        return [asdict(phase) for phase in self.phases]

    @property
    def late(self) -> float:
        """Seconds that the loop has not come back so far, in a phase."""
        return time.perf_counter() - self.last if self._now is not None else 0.0

    def _collects(self, when: str, about: dict[str, int]) -> None:
        now = time.perf_counter()
        if when == "start":
            self._collecting = now
        elif (phase := self._now) is not None:
            phase.longest_collection = max(phase.longest_collection, now - self._collecting)

    def _tick(self) -> None:
        now, cpu = time.perf_counter(), time.thread_time()
        if (phase := self._now) is not None:
            gap = now - self.last - 0.001
            phase.ticks += 1
            phase.longest = max(phase.longest, gap)
            phase.longest_cpu = max(phase.longest_cpu, cpu - self._cpu)
            phase.over_goal += gap > GOAL
        self.last, self._cpu = now, cpu


class Tracer(threading.Thread):
    """Collects the stacks of the GUI thread while it is more than `late` seconds away from its loop."""

    def __init__(self, probe: Probe, late: float = 0.02) -> None:
        super().__init__(name="tracer", daemon=True)
        self.stacks: Counter[str] = Counter()
        self._probe, self._late = probe, late
        self._of_gui = threading.main_thread().ident or 0

    def run(self) -> None:
        while True:
            time.sleep(0.003)
            if self._probe.late > self._late:
                frame = sys._current_frames().get(self._of_gui)
                lines = [
                    f"{one.filename.rpartition('/')[2]}:{one.lineno} {one.name}"
                    for one in traceback.extract_stack(frame)[-6:]
                ]
                self.stacks[" > ".join(lines)] += 1
