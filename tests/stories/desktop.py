"""A small desktop for stories: a private X server, a window manager, a keyring, and a real mouse (XTEST)."""

from __future__ import annotations

import os
import re
import shutil
import socket
import subprocess
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from pathlib import Path

from Xlib import X, display
from Xlib.ext import xtest

from tests.servers import keyring
from tests.servers.processes import Command, ServerFailed, logs_folder, running
from tests.stories.accessible import Node, Screen

SIZE = (1920, 1080)  # room for the window and a file manager beside it
PROGRAMS = ("Xvfb", "openbox", "xdotool", "import", "pcmanfm-qt")
BUS_LAUNCHERS = ("/usr/libexec/at-spi-bus-launcher", "/usr/lib/at-spi2-core/at-spi-bus-launcher")


Spot = Node | tuple[int, int]


def _point(spot: Spot) -> tuple[int, int]:
    return spot.center if isinstance(spot, Node) else spot


@dataclass
class Desktop:
    """What a person has in front of them."""

    env: dict[str, str]
    screen: Screen
    logs: Path
    keyring: keyring.Keyring
    _stack: ExitStack
    _display: display.Display
    started: list[subprocess.Popen[bytes]] = field(default_factory=list)

    def start(self, argv: list[str], name: str, cwd: str | None = None) -> subprocess.Popen[bytes]:
        """Start a program on this desktop; it is ended with it. Its output goes to `name`.log."""
        log = self._stack.enter_context((self.logs / f"{name}.log").open("ab"))
        program = subprocess.Popen(
            argv,
            env=self.env,
            cwd=cwd,
            stdin=subprocess.DEVNULL,
            stdout=log,
            stderr=log,
            start_new_session=True,
        )
        self.started.append(program)
        return program

    # -- mouse --

    def move(self, x: int, y: int) -> None:
        """The pointer goes there in one step."""
        xtest.fake_input(self._display, X.MotionNotify, x=x, y=y)
        self._display.sync()

    def press(self, button: int = 1) -> None:
        """Mouse button down."""
        xtest.fake_input(self._display, X.ButtonPress, button)
        self._display.sync()

    def release(self, button: int = 1) -> None:
        """Mouse button up."""
        xtest.fake_input(self._display, X.ButtonRelease, button)
        self._display.sync()

    def click(self, target: Spot, button: int = 1, *, times: int = 1) -> None:
        """Click in the middle of something; `times=2` is a double click."""
        self.move(*_point(target))
        time.sleep(0.05)
        for _ in range(times):
            self.press(button)
            time.sleep(0.03)
            self.release(button)
            time.sleep(0.05)

    def scroll(self, target: Spot, steps: int) -> None:
        """Turn the wheel over something, downwards."""
        self.move(*_point(target))
        for _ in range(steps):
            self.press(5)
            self.release(5)
            time.sleep(0.05)

    def drag(self, start: Spot, *stops: Spot | Callable[[], Spot], rest: float = 1.2) -> None:
        """Press, move in many steps, rest on each stop on the way until it has noticed, let go on the last.

        A stop that is a function is looked up when the drag is at the one before it.
        """
        here = _point(start)
        self.move(*here)
        time.sleep(0.2)
        self.press()
        time.sleep(0.2)
        for stop in stops:
            there = _point(stop() if callable(stop) else stop)
            steps = 25
            for step in range(1, steps + 1):
                self.move(*(a + (b - a) * step // steps for a, b in zip(here, there, strict=True)))
                time.sleep(0.02)
            here = there
            time.sleep(rest if stop is not stops[-1] else 0.5)
        self.move(here[0] + 2, here[1] + 2)
        time.sleep(0.2)
        self.release()
        time.sleep(0.3)

    # -- keyboard --

    def key(self, *chords: str) -> None:
        """Press keys as xdotool names them: "ctrl+a", "Return"."""
        subprocess.run(["xdotool", "key", "--delay", "20", *chords], env=self.env, check=True)

    def hold(self, name: str) -> None:
        """Hold a modifier down."""
        subprocess.run(["xdotool", "keydown", name], env=self.env, check=True)

    def let_go(self, name: str) -> None:
        """Let a modifier go."""
        subprocess.run(["xdotool", "keyup", name], env=self.env, check=True)

    def type(self, text: str) -> None:
        """Type into whatever has the focus."""
        for part in re.split(r"([^\x00-\x7f])", text):
            # A letter that the keyboard lacks has a key for as long as it is typed, and a program on a busy
            # machine must look at it by then.
            delay = "8" if part.isascii() else "600"
            if part:
                subprocess.run(["xdotool", "type", "--delay", delay, part], env=self.env, check=True)

    def fill(self, name: str, text: str) -> None:
        """Click the field of that accessible name, and replace what it holds."""
        self.click(self.screen.wait("text", name))
        self.key("ctrl+a")
        self.type(text)

    def push(self, name: str, role: str = "push button", seconds: float = 15.0) -> None:
        """Click the button of that name."""
        self.click(self.screen.wait(role, name, seconds=seconds))

    def place(self, title: str, x: int, y: int, width: int, height: int) -> None:
        """Put the window whose title holds `title` there, and in front."""
        found = subprocess.run(
            ["xdotool", "search", "--sync", "--onlyvisible", "--name", title],
            env=self.env,
            check=True,
            capture_output=True,
            text=True,
        )
        window = found.stdout.split()[-1]
        for command in (
            ["windowsize", window, str(width), str(height)],
            ["windowmove", window, str(x), str(y)],
            ["windowactivate", "--sync", window],
        ):
            subprocess.run(["xdotool", *command], env=self.env, check=True)
        time.sleep(0.3)

    # -- eyes --

    def shot(self, path: Path) -> None:
        """A picture of the whole screen."""
        subprocess.run(["import", "-window", "root", str(path)], env=self.env, check=True)

    def until(self, check: Callable[[], bool], what: str, seconds: float = 30.0) -> None:
        """Wait for a condition; AssertionError, with what is on the screen, when it does not come."""
        deadline = time.monotonic() + seconds
        while not check():
            if time.monotonic() > deadline:
                self.shot(self.logs / "gave-up.png")
                raise AssertionError(
                    f"{what}: not within {seconds:g} s. On the screen:\n{self.screen.picture()}"
                )
            time.sleep(0.1)


@contextmanager
def running_desktop(home: Path, *, has_keyring: bool = True) -> Iterator[Desktop]:
    """A desktop whose user has the folder `home` as home."""
    missing = [name for name in PROGRAMS if not shutil.which(name)]
    launcher = next((path for path in BUS_LAUNCHERS if Path(path).exists()), None)
    if missing or launcher is None:
        raise ServerFailed(
            f"{', '.join(missing) or 'at-spi2-core'} not found: python3 dev.py test installs them"
        )
    logs = logs_folder("desktop")
    with ExitStack() as stack:
        secret_service = stack.enter_context(keyring.running(daemon=has_keyring))
        number = _free_display()
        env = {
            **{
                key: value
                for key, value in os.environ.items()
                if not key.startswith(("XDG_", "QT_", "WAYLAND"))
            },
            **secret_service.env,
            "HOME": str(home),
            "DISPLAY": f":{number}",
            "QT_LINUX_ACCESSIBILITY_ALWAYS_ON": "1",
            "LANG": "C.UTF-8",
        }
        width, height = SIZE
        x_server = ["Xvfb", f":{number}", "-screen", "0", f"{width}x{height}x24", "-nolisten", "tcp"]
        # The connection comes before the other clients: an X server whose last client leaves starts anew.
        stack.enter_context(running([Command("x", x_server, env=env)], logs))
        connected = _connect(number)
        stack.callback(connected.close)
        clients = [
            Command("wm", ["openbox"], env=env),
            Command("a11y", [launcher, "--launch-immediately"], env=env),
        ]
        stack.enter_context(running(clients, logs))
        screen = Screen(env["DBUS_SESSION_BUS_ADDRESS"])
        stack.callback(screen.close)
        desktop = Desktop(env, screen, logs, secret_service, stack, connected)
        try:
            yield desktop
        finally:
            for program in desktop.started:
                if program.poll() is None:
                    program.terminate()
            for program in desktop.started:
                try:
                    program.wait(10)
                except subprocess.TimeoutExpired:
                    program.kill()
                    program.wait(10)


def _free_display() -> int:
    for number in range(120, 180):
        if not Path(f"/tmp/.X11-unix/X{number}").exists() and not Path(f"/tmp/.X{number}-lock").exists():
            return number
    raise ServerFailed("no free X display between :120 and :179")


def _connect(number: int) -> display.Display:
    deadline = time.monotonic() + 15
    while True:
        with socket.socket(socket.AF_UNIX) as probe:
            if probe.connect_ex(f"/tmp/.X11-unix/X{number}") == 0:
                break
        if time.monotonic() > deadline:
            raise ServerFailed(f"the X server :{number} did not start")
        time.sleep(0.05)
    return display.Display(f":{number}")
