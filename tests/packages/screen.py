"""A private X server with a window manager, and what a person sees and does there: windows, close, keys."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from PIL import Image
from Xlib import XK, X, display, error
from Xlib.ext import xtest
from Xlib.protocol.event import ClientMessage
from Xlib.xobject.drawable import Window

from tests.servers.processes import Command, ServerFailed, logs_folder, running

SIZE = (1280, 800)


@dataclass(frozen=True, slots=True)
class Seen:
    """A window that the window manager shows."""

    window: Window
    title: str
    names: tuple[str, ...]  # WM_CLASS: of the instance and of the class
    pid: int  # as the program knows itself


@dataclass
class Screen:
    name: str  # what DISPLAY is set to
    logs: Path
    _display: display.Display

    def windows(self) -> list[Seen]:
        """Those that a taskbar would show."""
        root = self._display.screen().root
        listed = root.get_full_property(self._display.intern_atom("_NET_CLIENT_LIST"), X.AnyPropertyType)
        found = []
        for number in listed.value if listed else ():
            window = self._display.create_resource_object("window", number)
            try:
                title = window.get_full_property(self._display.intern_atom("_NET_WM_NAME"), X.AnyPropertyType)
                pid = window.get_full_property(self._display.intern_atom("_NET_WM_PID"), X.AnyPropertyType)
                names = window.get_wm_class()
            except error.BadWindow:  # it went while we looked
                continue
            text = title.value.decode() if title else ""
            found.append(Seen(window, text, tuple(names or ()), int(pid.value[0]) if pid else 0))
        return found

    def wait_for(self, class_name: str, seconds: float = 30.0) -> Seen:
        """The first window of that class. AssertionError when none comes."""
        self.until(lambda: bool(self._of(class_name)), f"a window of class {class_name}", seconds)
        return self._of(class_name)[0]

    def wait_painted(self, path: Path, colors: int = 200) -> Image.Image:
        """A picture once the window has painted itself: text and icons have many shades, an empty one few."""
        self.until(lambda: _shades(self.shot(path)) > colors, "a painted window")
        time.sleep(0.5)  # what comes after the first frame; nothing waits for it
        return self.shot(path)

    def close(self, seen: Seen) -> None:
        """As by the button in its title bar: the window manager is asked, and asks the program."""
        root = self._display.screen().root
        atom = self._display.intern_atom("_NET_CLOSE_WINDOW")
        event = ClientMessage(window=seen.window, client_type=atom, data=(32, [X.CurrentTime, 2, 0, 0, 0]))
        root.send_event(event, event_mask=X.SubstructureRedirectMask | X.SubstructureNotifyMask)
        self._display.flush()

    def chord(self, seen: Seen, *keys: str) -> None:
        """Click into the window's title area, then press the keys, as XK names them: "Control_L", "q"."""
        seen.window.set_input_focus(X.RevertToParent, X.CurrentTime)
        codes = [self._display.keysym_to_keycode(XK.string_to_keysym(key)) for key in keys]
        for code in codes:
            xtest.fake_input(self._display, X.KeyPress, code)
        for code in reversed(codes):
            xtest.fake_input(self._display, X.KeyRelease, code)
        self._display.sync()

    def shot(self, path: Path) -> Image.Image:
        """A picture of the whole screen, written to `path` too."""
        root = self._display.screen().root
        raw = root.get_image(0, 0, *SIZE, X.ZPixmap, 0xFFFFFFFF)
        picture = Image.frombytes("RGB", SIZE, raw.data, "raw", "BGRX")
        picture.save(path)
        return picture

    def until(self, check: Callable[[], bool], what: str, seconds: float = 30.0) -> None:
        """Wait for a condition. AssertionError, with a picture in the logs, when it does not come."""
        deadline = time.monotonic() + seconds
        while not check():
            if time.monotonic() > deadline:
                self.shot(self.logs / "gave-up.png")
                shown = [(one.title, one.names) for one in self.windows()]
                raise AssertionError(
                    f"{what}: not within {seconds:g} s. Windows: {shown}; picture in {self.logs}"
                )
            time.sleep(0.05)

    def _of(self, class_name: str) -> list[Seen]:
        return [one for one in self.windows() if class_name in one.names]


@contextmanager
def running_screen() -> Iterator[Screen]:
    logs = logs_folder("screen")
    number = _free_display()
    width, height = SIZE
    size = f"{width}x{height}x24"
    # -ac: clients in a chroot are other users; no socket but the local one is open.
    x_server = ["Xvfb", f":{number}", "-screen", "0", size, "-nolisten", "tcp", "-noreset", "-ac"]
    with running([Command("x", x_server)], logs) as group:
        socket = Path(f"/tmp/.X11-unix/X{number}")
        deadline = time.monotonic() + 15
        while not socket.exists():
            if time.monotonic() > deadline or not group.alive():
                raise ServerFailed(f"the X server :{number} did not start, see {logs}")
            time.sleep(0.05)
        connected = _connect(f":{number}")
        try:
            with running([Command("wm", ["openbox"], env={"DISPLAY": f":{number}"})], logs):
                yield Screen(f":{number}", logs, connected)
        finally:
            connected.close()


def _shades(picture: Image.Image) -> int:
    return len(picture.getcolors(1 << 20) or ())


def _connect(name: str) -> display.Display:
    """The socket is there a moment before the server listens."""
    for _ in range(100):
        try:
            return display.Display(name)
        except error.DisplayConnectionError:
            time.sleep(0.05)
    return display.Display(name)


def _free_display() -> int:
    for number in range(180, 240):
        if not Path(f"/tmp/.X11-unix/X{number}").exists() and not Path(f"/tmp/.X{number}-lock").exists():
            return number
    raise ServerFailed("no free X display between :180 and :239")
