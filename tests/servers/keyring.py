"""A real gnome-keyring on a private D-Bus, unlocked, in a throw-away home: `with keyring.running() as env`.

What is yielded is the environment to start programs with (or to monkeypatch). Needs Debian's `dbus` and
`gnome-keyring`; `python3 dev.py test` installs them.
"""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from tests.servers.processes import Command, Group, ServerFailed, logs_folder, wait_until
from tests.servers.processes import running as processes_running

# Nothing is started on demand: the distribution's own configuration would start a second, locked keyring
# for the first client that comes before ours is ready.
BUS = """\
<busconfig>
  <type>session</type>
  <listen>unix:path={home}/bus</listen>
  <policy context="default">
    <allow send_destination="*" eavesdrop="true"/>
    <allow eavesdrop="true"/>
    <allow own="*"/>
  </policy>
</busconfig>
"""
PROGRAMS = ("dbus-daemon", "gnome-keyring-daemon")
# Run as a program, because a D-Bus connection remembers its bus for the life of a process.
ASK = """
import sys, secretstorage
bus = secretstorage.dbus_init()
keyring = secretstorage.get_default_collection(bus)
if sys.argv[1] == "lock":
    keyring.lock()
sys.exit(3 if keyring.is_locked() else 0)
"""


@dataclass(frozen=True, slots=True)
class Keyring:
    env: dict[str, str]
    logs: Path
    group: Group

    def lock(self) -> None:
        """As when the session is locked; nobody is there to answer the prompt that unlocking would show."""
        if self._ask("lock") != 3:
            raise ServerFailed("the keyring did not lock")

    def is_open(self) -> bool:
        return self._ask("state") == 0

    def _ask(self, what: str) -> int:
        argv = [sys.executable, "-I", "-c", ASK, what]
        with open(self.logs / "ask.log", "ab") as log:
            done = subprocess.run(argv, env={**os.environ, **self.env}, stdout=log, stderr=log, check=False)
        return done.returncode


@contextmanager
def running(password: str = "test", *, daemon: bool = True) -> Iterator[Keyring]:
    """Without `daemon` there is the bus alone: a session where nobody keeps secrets."""
    if missing := [name for name in PROGRAMS if not shutil.which(name)]:
        raise ServerFailed(f"{', '.join(missing)} not found: python3 dev.py test installs them")
    logs = logs_folder("keyring")
    with tempfile.TemporaryDirectory(prefix="keyring-") as folder:
        home = Path(folder)
        for name in ("data", "run", "config", "cache"):
            (home / name).mkdir(mode=0o700)
        env = {
            "DBUS_SESSION_BUS_ADDRESS": f"unix:path={home}/bus",
            "XDG_DATA_HOME": f"{home}/data",
            "XDG_RUNTIME_DIR": f"{home}/run",
        }
        (home / "bus.conf").write_text(BUS.format(home=home))
        bus = ["dbus-daemon", f"--config-file={home}/bus.conf", "--nofork", "--nopidfile"]
        keeper = ["gnome-keyring-daemon", "--foreground", "--unlock", "--components=secrets"]
        # The daemon gives up when the bus is not there yet, so it waits for the bus's socket.
        wait = 'i=0; while [ ! -S "$1" ] && [ $i -lt 200 ]; do sleep 0.05; i=$((i+1)); done; shift; exec "$@"'
        commands = [Command("bus", bus, env=env)]
        if daemon:
            argv = ["sh", "-c", wait, "sh", f"{home}/bus", *keeper]
            commands.append(Command("daemon", argv, input=f"{password}\n", env=env))
        with processes_running(commands, logs) as group:
            server = Keyring(env, logs, group)
            ready = server.is_open if daemon else (home / "bus").exists
            wait_until(ready, 30, group, "the keyring")
            yield server
