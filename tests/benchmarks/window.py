"""From the start of the process to the first painted window, beside a bare PySide6 QMainWindow.

    python -m tests.benchmarks.window [--runs 5] [--cold]

`python -m gui` is seen from outside, through the X server, so that it needs no hook: a window counts as
painted when it is mapped and its picture has more than one colour in it. Both programs run by turns on one
Xvfb, with an empty profile and with bytecode; the median counts. The peer is what no PySide6 program can be
faster than: import QtWidgets, show a QMainWindow with a label. "CPU" are seconds of the process until then,
"modules" the Python modules it has imported (`-X importtime`). With --cold the kernel is asked before each
run to forget the files of Python, PySide6 and the program (posix_fadvise; what others have mapped stays).
"""

from __future__ import annotations

import os
import subprocess
import sys
import sysconfig
import tempfile
import time
from collections.abc import Callable
from contextlib import closing, suppress
from pathlib import Path
from statistics import median

from Xlib import X
from Xlib import display as xlib
from Xlib.error import BadDrawable, BadMatch, BadWindow

from tests.benchmarks.measure import ROOT, Span, cpu_seconds, display, options, say_where, table

Command = Callable[..., list[str]]
PATIENCE = 60.0  # seconds
PEER = """
import sys
from PySide6.QtWidgets import QApplication, QLabel, QMainWindow
application = QApplication(sys.argv)
window = QMainWindow()
window.setCentralWidget(QLabel("Hello"))
window.resize(1280, 800)
window.show()
sys.exit(application.exec())
"""


def main() -> None:
    parser = options(__doc__)
    parser.add_argument("--runs", type=int, default=5)
    parser.add_argument("--cold", action="store_true", help="files out of the page cache, too")
    wanted = parser.parse_args()
    say_where()
    rows = []
    with display() as environment, closing(Stage(environment)) as stage:
        for heat in ("warm", "cold") if wanted.cold else ("warm",):
            ours, theirs = [], []
            for run in range(wanted.runs + 1):
                spans = [stage.started(command, cold=heat == "cold") for command in (program, hello)]
                if run:  # the first one writes bytecode and warms the cache
                    ours.append(spans[0])
                    theirs.append(spans[1])
            rows += [line(heat, ours, theirs)]
        counts = [stage.modules(command) for command in (program, hello)]
    head = ["s to the first picture", "Skyferry", "hello", "ratio", "its CPU", "CPU of hello", "its worst"]
    table(f"{wanted.runs} runs, median", head, rows)
    table("Imports at that time", ["", "Skyferry", "hello"], [["modules", *counts]])


def line(heat: str, ours: list[Span], theirs: list[Span]) -> list[str]:
    mine, peers = (median(one.wall for one in spans) for spans in (ours, theirs))
    cpu = [f"{median(one.cpu for one in spans):.2f}" for spans in (ours, theirs)]
    worst = max(one.wall for one in ours)
    return [heat, f"{mine:.2f}", f"{peers:.2f}", f"{mine / peers:.2f}", *cpu, f"{worst:.2f}"]


def program(profile: str, *flags: str) -> list[str]:
    return [sys.executable, *flags, "-m", "gui", "--portable", profile]


def hello(profile: str, *flags: str) -> list[str]:
    return [sys.executable, *flags, "-c", PEER]


class Stage:
    """The screen, and what can be seen on it."""

    def __init__(self, environment: dict[str, str]) -> None:
        self._environment = environment
        self._screen = xlib.Display(environment["DISPLAY"])

    def close(self) -> None:
        self._screen.close()

    def started(self, command: Command, *flags: str, cold: bool = False, errors: str = os.devnull) -> Span:
        """Start it, wait for its picture, end it."""
        if cold:
            forget_files()
        with tempfile.TemporaryDirectory() as home, open(errors, "wb") as told:
            environment = {**self._environment, "HOME": home}
            begun = time.perf_counter()
            process = subprocess.Popen(
                command(home, *flags), cwd=ROOT, env=environment, stdout=told, stderr=told
            )
            try:
                while not self._shows_something():
                    if process.poll() is not None:
                        raise RuntimeError(f"it ended with {process.returncode} before it showed a window")
                    if time.perf_counter() - begun > PATIENCE:
                        raise RuntimeError(f"no picture within {PATIENCE:g} s")
                    time.sleep(0.003)
                return Span(time.perf_counter() - begun, cpu_seconds(process.pid))
            finally:
                process.terminate()
                process.wait(30)

    def modules(self, command: Command) -> int:
        """How many had been imported when the window was there."""
        with tempfile.NamedTemporaryFile() as log:
            self.started(command, "-X", "importtime", errors=log.name)
            return Path(log.name).read_text("utf-8").count("import time:")

    def _shows_something(self) -> bool:
        for window in self._screen.screen().root.query_tree().children:
            with suppress(BadWindow, BadDrawable, BadMatch):  # gone, or not there yet
                here = window.get_geometry()
                if here.width > 200 and window.get_attributes().map_state == X.IsViewable:
                    picture = window.get_image(0, 0, here.width, here.height, X.ZPixmap, 0xFFFFFF).data
                    if picture != picture[:4] * (len(picture) // 4):
                        return True
        return False


def forget_files() -> None:
    """Ask the kernel to drop what it keeps of them."""
    folders = {Path(sysconfig.get_path(name)) for name in ("stdlib", "purelib")}
    for folder in (*folders, ROOT / "gui", ROOT / "storage_core", ROOT / "resources"):
        for path in folder.rglob("*"):
            if path.is_file():
                with open(path, "rb") as file:
                    os.posix_fadvise(file.fileno(), 0, 0, os.POSIX_FADV_DONTNEED)


if __name__ == "__main__":
    main()
