"""Qt for tests, and the guard: code of the window that waits on the GUI thread fails the test that ran it.

Waiting means the network, the keyring, SQLite, or walking folders. A test may do all that itself; only what
the package `gui` does below the running event loop counts.
"""

from __future__ import annotations

import asyncio
import os
import sqlite3
import sys
import threading
import traceback
from collections.abc import Callable, Iterator
from pathlib import Path
from types import FrameType
from typing import Any

import keyring
import pytest
from PySide6.QtWidgets import QApplication

os.environ.setdefault("QT_QPA_PLATFORM", "offscreen")

ROOT = Path(__file__).parents[2]
GUI, TESTS = str(ROOT / "gui") + os.sep, str(ROOT / "tests") + os.sep
# What Python announces before it does it (docs.python.org/3/library/audit_events.html).
WAITING = {
    "socket.connect",
    "socket.getaddrinfo",
    "socket.gethostbyname",
    "os.listdir",
    "os.scandir",
    "os.walk",
    "sqlite3.connect",
    "subprocess.Popen",
}


class Guard:
    """Collects what was done on the GUI thread and should not have been."""

    def __init__(self) -> None:
        self.on = False
        self.found: list[str] = []
        self.may_wait = False  # a test that tells the guard to look away

    def look(self, what: str) -> None:
        """Called before something that waits."""
        if not self.on or self.may_wait or threading.current_thread() is not threading.main_thread():
            return
        if asyncio._get_running_loop() is None or not _window_did_it(sys._getframe(2)):
            return
        self.found.append(what + "\n" + "".join(traceback.format_stack(sys._getframe(2), limit=12)))


GUARD = Guard()


def _audit(event: str, arguments: tuple[Any, ...]) -> None:
    if event in WAITING:
        GUARD.look(event)


def _window_did_it(frame: FrameType | None) -> bool:
    """Whether the nearest of the window's and the tests' own frames is one of the window's."""
    while frame is not None:
        name = frame.f_code.co_filename
        if name != __file__ and name.startswith(TESTS):
            return False
        if name.startswith("<frozen importlib"):
            return False  # a part of the program that is loaded when it is first wanted (gui/named.py)
        if name.startswith(GUI):
            return True
        frame = frame.f_back
    return False


class GuardedConnection(sqlite3.Connection):
    """A connection opened in a thread may still be used on the wrong one."""

    def execute(self, *arguments: Any) -> sqlite3.Cursor:
        GUARD.look("sqlite3 execute")
        return super().execute(*arguments)

    def executemany(self, *arguments: Any) -> sqlite3.Cursor:
        GUARD.look("sqlite3 executemany")
        return super().executemany(*arguments)

    def commit(self) -> None:
        GUARD.look("sqlite3 commit")
        super().commit()


sys.addaudithook(_audit)


@pytest.fixture(autouse=True)
def guard(monkeypatch: pytest.MonkeyPatch) -> Iterator[Guard]:
    """In every test of the window. `guard.may_wait = True` switches it off."""
    monkeypatch.setattr(sqlite3, "connect", _guarded(sqlite3.connect, "", factory=GuardedConnection))
    for name in ("get_password", "set_password", "delete_password", "get_credential", "get_keyring"):
        monkeypatch.setattr(keyring, name, _guarded(getattr(keyring, name), f"keyring.{name}"))
    GUARD.on, GUARD.found, GUARD.may_wait = True, [], False
    yield GUARD
    GUARD.on = False
    if GUARD.found:
        pytest.fail("on the GUI thread:\n\n" + "\n\n".join(GUARD.found), pytrace=False)


def _guarded(function: Callable[..., Any], what: str, **more: Any) -> Callable[..., Any]:
    def call(*arguments: Any, **named: Any) -> Any:
        if what:
            GUARD.look(what)
        return function(*arguments, **{**more, **named})

    return call


@pytest.fixture(scope="session", autouse=True)
def _nothing_on_the_clipboard_at_the_end(qapp: QApplication) -> Iterator[None]:
    """The offscreen platform frees the clipboard after the interpreter, which aborts on what Python made."""
    yield
    qapp.clipboard().clear()


@pytest.fixture
def application(qapp: QApplication) -> QApplication:
    """The one QApplication, with the name the program gives itself."""
    qapp.setApplicationName("Skyferry")
    return qapp
