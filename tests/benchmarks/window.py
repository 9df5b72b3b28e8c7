"""From the start of the process to the first painted window, beside a bare PySide6 QMainWindow.

    python -m tests.benchmarks.window [--runs 5] [--cold] [--frozen dist/skyferry/skyferry]

`python -m gui` is seen from outside, through the X server, so that it needs no hook: a window counts as
painted when it is mapped and its picture has more than one colour in it. Both programs run by turns on one
Xvfb, with an empty profile and with bytecode; the median counts. The peer is what no PySide6 program can be
faster than: import QtWidgets, show a QMainWindow with a label. "CPU" are seconds of the process until then,
"modules" the Python modules it has imported (`-X importtime`). With --cold the kernel is asked before each
run to forget the files of Python, PySide6 and the program (posix_fadvise; what others have mapped stays) and,
where this user may do that, all files (/proc/sys/vm/drop_caches: it slows down everybody for a while).
With --frozen the program of a bundle runs by turns with the two. On a busy machine the best run and the CPU
tell more than the median.
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
    parser.add_argument("--frozen", type=Path, metavar="PROGRAM", help="the program of a bundle, too")
    wanted = parser.parse_args()
    commands = {"Skyferry": program, "hello": hello}
    if wanted.frozen:
        commands["frozen"] = frozen(wanted.frozen.resolve(strict=True))
    say_where()
    rows = []
    with display() as environment, closing(Stage(environment)) as stage:
        for heat in ("warm", "cold") if wanted.cold else ("warm",):
            spans: dict[str, list[Span]] = {name: [] for name in commands}
            for run in range(wanted.runs + 1):
                for name, command in commands.items():
                    span = stage.started(command, cold=heat == "cold")
                    if run:  # the first one writes bytecode and warms the cache
                        spans[name].append(span)
            rows += [line(f"{name}, {heat}", spans[name], spans["hello"]) for name in commands]
        counts = [stage.modules(command) for command in (program, hello)]
    head = ["s to the first picture", "median", "best", "worst", "CPU", "best CPU", "times hello"]
    table(f"{wanted.runs} runs each, by turns; load {os.getloadavg()[0]:.1f} when they ended", head, rows)
    table("Imports at that time", ["", "Skyferry", "hello"], [["modules", *counts]])


def line(name: str, ours: list[Span], theirs: list[Span]) -> list[str]:
    walls, cpu = sorted(one.wall for one in ours), sorted(one.cpu for one in ours)
    figures = (median(walls), walls[0], walls[-1], median(cpu), cpu[0])
    times = median(walls) / median(one.wall for one in theirs)
    return [name, *(f"{figure:.2f}" for figure in (*figures, times))]


def program(profile: str, *flags: str) -> list[str]:
    return [sys.executable, *flags, "-m", "gui", "--portable", profile]


def frozen(path: Path) -> Command:
    return lambda profile, *flags: [str(path), "--portable", profile]


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
    for folder in (*folders, ROOT / "gui", ROOT / "storage_core", ROOT / "resources", ROOT / "dist"):
        for path in folder.rglob("*"):
            if path.is_file():
                with open(path, "rb") as file:
                    os.posix_fadvise(file.fileno(), 0, 0, os.POSIX_FADV_DONTNEED)
    with suppress(PermissionError):
        os.sync()
        Path("/proc/sys/vm/drop_caches").write_text("3")


if __name__ == "__main__":
    main()
