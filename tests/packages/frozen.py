"""Starts the program of a bundle as a person would, and gives it accounts to find in its profile."""

from __future__ import annotations

import json
import os
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path

from Xlib import X, display
from Xlib.error import BadWindow

from gui.accounts import Account, Accounts

ROOT = Path(__file__).resolve().parents[2]
TOUR_SECONDS = 120
# As the window writes it; in a process of its own, because a connection remembers its bus.
KEEP = """
import json, sys
from gui.secrets import Secrets
account, values = json.load(sys.stdin)
Secrets().keep(account, values)
"""


@dataclass
class Running:
    """A started program. `libraries`: all files that were seen in its memory."""

    process: subprocess.Popen[str]
    libraries: set[str] = field(default_factory=set)

    def look(self) -> None:
        """Add the files that are mapped now."""
        try:
            maps = Path(f"/proc/{self.process.pid}/maps").read_text()
        except (FileNotFoundError, ProcessLookupError):
            return  # it has ended
        self.libraries |= {line.split(maxsplit=5)[5] for line in maps.splitlines() if line.count("/")}

    def stop(self, seconds: float = 20.0) -> tuple[int, str, str]:
        """Ask it to end, as a session does that is over: exit code, standard output, standard error."""
        self.process.send_signal(signal.SIGTERM)
        out, errors = self.process.communicate(timeout=seconds)
        return self.process.returncode, out, errors


class Bundle:
    """`folder` is the unpacked bundle, `place` where its home and profile are made."""

    def __init__(self, folder: Path, place: Path, session: Mapping[str, str]) -> None:
        self.folder = folder
        self.program = folder / "skyferry"
        self.home = place / "home"
        self.scratch = place / "tmp"
        self.profile = place / "profile"
        for one in (self.home, self.scratch):
            one.mkdir()
        self.env = {**session, "HOME": str(self.home), "TMPDIR": str(self.scratch)}

    def add(self, account: Account, secrets: Mapping[str, str]) -> None:
        """Save an account as the window does: its secrets go into the keyring of the session."""
        saved = Accounts(self.profile / "config" / "accounts.json")
        saved.load()
        saved.add(account)
        saved.save()
        if secrets:
            told = json.dumps([account.id, dict(secrets)])
            env = {**self.env, "PYTHONPATH": str(ROOT)}
            subprocess.run(
                [sys.executable, "-c", KEEP], input=told, text=True, env=env, check=True, timeout=60
            )

    def call(self, *arguments: str, **env: str) -> subprocess.CompletedProcess[str]:
        """Run to the end: for options that open no window."""
        return subprocess.run(
            [str(self.program), *arguments], env={**self.env, **env}, cwd=self.scratch,
            capture_output=True, text=True, timeout=60, check=False,
        )  # fmt: skip

    @contextmanager
    def started(self, *arguments: str, **env: str) -> Iterator[Running]:
        """It is ended with the block, if it has not ended by itself."""
        process = subprocess.Popen(
            [str(self.program), "--portable", str(self.profile), *arguments],
            env={**self.env, **env}, cwd=self.scratch,
            stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True,
        )  # fmt: skip
        try:
            yield Running(process)
        finally:
            if process.poll() is None:
                process.kill()
            process.communicate()

    def tour(self, account: str, **env: str) -> set[str]:
        """Play the guided tour on an account; gives the files that were in the program's memory.

        AssertionError unless every step went well and nothing was complained of.
        """
        out, err = self.scratch / "out", self.scratch / "err"
        with out.open("w") as told, err.open("w") as complained:
            process = subprocess.Popen(
                [str(self.program), "--portable", str(self.profile), "--tour", account],
                env={**self.env, **env}, cwd=self.scratch,
                stdin=subprocess.DEVNULL, stdout=told, stderr=complained, text=True,
            )  # fmt: skip
            running = Running(process)
            until = time.monotonic() + TOUR_SECONDS
            try:
                while process.poll() is None and time.monotonic() < until:
                    running.look()
                    time.sleep(0.05)
                code = process.poll()
            finally:
                if process.poll() is None:
                    process.kill()
                process.wait()
        said = out.read_text("utf-8")
        assert (code, err.read_text("utf-8")) == (0, ""), f"{said}\n{err.read_text('utf-8')}\n{self.log()}"
        assert "FAILED" not in said, said
        assert said.count("ok ") >= 9, said
        return running.libraries

    def log(self) -> str:
        """What the program wrote down of its last run."""
        found = self.profile / "logs" / "skyferry.log"
        return found.read_text("utf-8") if found.exists() else ""

    def copied_to(self, place: Path) -> Bundle:
        """The same bundle in another folder (its files are linked, so that this costs nothing)."""
        shutil.copytree(self.folder, place, copy_function=os.link, symlinks=True)
        other = object.__new__(Bundle)
        other.__dict__.update(self.__dict__)
        other.folder, other.program = place, place / "skyferry"
        return other

    def shows_a_window(self, title: str) -> bool:
        """Whether a window whose title holds these words is on the screen."""
        screen = display.Display(self.env["DISPLAY"])
        try:
            for window in screen.screen().root.query_tree().children:
                try:
                    mapped = window.get_attributes().map_state == X.IsViewable
                    name = window.get_full_text_property(screen.intern_atom("_NET_WM_NAME")) or ""
                except BadWindow:
                    continue  # it went while we looked
                if mapped and title in str(name):
                    return True
            return False
        finally:
            screen.close()


def until(check: Callable[[], bool], running: Running, what: str, seconds: float = 30.0) -> None:
    """Wait for it. AssertionError when the program ends before, or the time is over."""
    end = time.monotonic() + seconds
    while not check():
        assert running.process.poll() is None, f"{what}: it ended with {running.process.communicate()}"
        assert time.monotonic() < end, f"{what}: not within {seconds:g} s"
        time.sleep(0.03)
