"""The .deb in a bare Debian: apt installs it, its desktop file starts it, the tour plays, purge removes it.

The tests share one system and go in the order they stand in: install, use, remove.
"""

from __future__ import annotations

import configparser
import json
import os
import shlex
import shutil
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import boto3
import pytest
from botocore.config import Config

from tests.packages.artefacts import ROOT, VERSION, artefact
from tests.packages.chroot import USER, Chroot, ChrootFailed, bare_debian, root_rights
from tests.packages.screen import Screen, running_screen
from tests.servers.processes import logs_folder
from tests.servers.swift import Swift

DESKTOP_FILE = "/usr/share/applications/skyferry.desktop"
ACCOUNT = "Real Swift"
SESSION = ["libglib2.0-bin", "dbus", "gnome-keyring", "libsecret-tools"]
"""Parts of a desktop: what launches desktop files, the session's bus, a keyring and a program to fill it."""
pytestmark = [pytest.mark.timeout(600)]

# Finds what the loader does not: with the program's own folder first, as its start sets it.
LDD = """\
find /usr/lib/skyferry -type f -name '*.so*' -o -type f -name skyferry | while read -r file; do
    LD_LIBRARY_PATH=/usr/lib/skyferry/_internal ldd "$file" | grep 'not found' | sed "s|^|$file: |"
done
true
"""
# A session as a login makes it: bus, keyring opened with the password, then a program. The secret is written
# by libsecret's own tool, with the attributes that Python's keyring looks for.
PLAY = """\
printf login | gnome-keyring-daemon --unlock --components=secrets >/tmp/keyring.log 2>&1 || exit 90
gdbus wait --session --timeout 30 org.freedesktop.secrets || exit 92
secret-tool store --label='{service}' service '{service}' username '{account}' application skyferry-test \\
    </home/tester/secret || exit 91
exec skyferry --tour '{title}' --screenshots /home/tester/pictures
"""


@pytest.fixture(scope="module")
def screen() -> Iterator[Screen]:
    with running_screen() as made:
        yield made


@pytest.fixture(scope="module")
def debian(screen: Screen) -> Iterator[Chroot]:
    """Nothing but the package and what it depends on."""
    with bare_debian(logs_folder("debian")) as system:
        print(f"logs of the bare Debian: {system.logs}")
        system.put(artefact("skyferry_*.deb"), "/opt/skyferry.deb")
        system.install("/opt/skyferry.deb")
        system.must(["install", "-d", "-m", "700", "-o", USER, "-g", USER, "/run/user/1000"])
        yield system


@pytest.fixture(scope="module")
def before(debian: Chroot) -> set[str]:
    """The names of all files of a small desktop without Skyferry, on which it is then installed anew."""
    debian.must(["apt-get", "-qq", "purge", "-y", "skyferry"])
    debian.install(*SESSION)
    names = debian.files()
    debian.install("/opt/skyferry.deb", recommended=True)
    return names


def environment(screen: Screen) -> dict[str, str]:
    return {"DISPLAY": screen.name, "XDG_RUNTIME_DIR": "/run/user/1000", "XDG_SESSION_TYPE": "x11"}


# -- what it depends on is enough --


def test_apt_brings_every_library_that_is_linked_to(debian: Chroot) -> None:
    assert debian.must(["sh", "-c", LDD]) == ""


def test_it_is_installed_whole(debian: Chroot) -> None:
    assert debian.must(["dpkg", "-V", "skyferry"]) == ""
    listed = debian.must(["dpkg", "-L", "skyferry"]).splitlines()
    assert {"/usr/bin/skyferry", "/usr/lib/skyferry/skyferry", DESKTOP_FILE} <= set(listed)


def test_it_says_its_version_without_a_display(debian: Chroot) -> None:
    done = debian.run(["skyferry", "--version"], user=USER)
    assert (done.code, done.out, done.err) == (0, f"Skyferry {VERSION}\n", "")


def test_with_its_dependencies_alone_the_window_opens_and_ctrl_q_ends_it(
    debian: Chroot, screen: Screen
) -> None:
    entry = configparser.ConfigParser(interpolation=None)
    entry.read_string((debian.root / DESKTOP_FILE[1:]).read_text())
    app = debian.start(shlex.split(entry["Desktop Entry"]["Exec"]), user=USER, env=environment(screen))
    seen = screen.wait_for(entry["Desktop Entry"]["StartupWMClass"])
    screen.wait_painted(debian.logs / "dependencies-alone.png")
    screen.chord(seen, "Control_L", "q")
    assert app.process.wait(30) == 0, app.err.read_text()
    assert (app.out.read_text(), app.err.read_text()) == ("", "")


# -- on a desktop --


def test_its_desktop_file_opens_the_window_and_closing_it_ends_the_program(
    debian: Chroot, before: set[str], screen: Screen
) -> None:
    script = f"gio launch {DESKTOP_FILE} && exec sleep 300"
    session = debian.start(["dbus-run-session", "--", "sh", "-c", script], user=USER, env=environment(screen))
    seen = screen.wait_for("skyferry")
    screen.wait_painted(debian.logs / "desktop-file.png")
    assert [("Skyferry" in one.title, one.names) for one in screen.windows()] == [(True, seen.names)]
    screen.close(seen)
    screen.until(lambda: seen.pid in session.codes(), "the program's end")
    assert session.codes()[seen.pid] == 0
    assert (session.out.read_text(), session.err.read_text()) == ("", "")
    assert session.process.poll() is None  # the desktop goes on
    debian.end(session)


def test_the_tour_plays_on_a_real_server_with_the_secret_from_a_real_keyring(
    debian: Chroot, before: set[str], screen: Screen, swift_server: Swift
) -> None:
    client = boto3.client(
        "s3",
        endpoint_url=swift_server.endpoint,
        aws_access_key_id=swift_server.access_key,
        aws_secret_access_key=swift_server.secret_key,
        region_name=swift_server.region,
        config=Config(s3={"addressing_style": "path"}, proxies={}),
    )
    there = {one["Name"] for one in client.list_buckets()["Buckets"]}
    values = {
        "key": swift_server.access_key,
        "endpoint": swift_server.endpoint,
        "region": swift_server.region,
        "addressing": "path",
    }
    account = {"id": "swift-account", "title": ACCOUNT, "provider": "s3_compatible", "values": values}
    saved = json.dumps({"version": 1, "accounts": [account]})
    debian.must(["install", "-d", "-m", "700", f"/home/{USER}/.config/skyferry"], user=USER)
    debian.put(saved, f"/home/{USER}/.config/skyferry/accounts.json", mode="600", user=USER)
    secret = json.dumps({"secret": swift_server.secret_key})
    debian.put(secret, f"/home/{USER}/secret", mode="600", user=USER)
    script = PLAY.format(service="skyferry", account="swift-account", title=ACCOUNT)
    done = debian.run(
        ["dbus-run-session", "--", "sh", "-c", script], user=USER, env=environment(screen), seconds=180
    )
    assert (done.code, done.err) == (0, ""), done.out
    assert "edited metadata" in done.out
    assert swift_server.secret_key not in done.out
    assert {one["Name"] for one in client.list_buckets()["Buckets"]} == there
    assert ".png" in debian.must(["ls", f"/home/{USER}/pictures"])


# -- the chroot itself --


def test_a_test_that_is_killed_leaves_no_process_and_no_mount(debian: Chroot) -> None:
    code = (
        "import sys, time; from pathlib import Path; from tests.packages.chroot import Chroot\n"
        "where = [Path(one) for one in sys.argv[1:4]]\n"
        "Chroot(where[0], sys.argv[4:], where[1], where[2]).start(['sleep', '98765'])\n"
        "time.sleep(600)"
    )
    folders = [str(debian.root), str(debian.cache), str(debian.logs)]
    tests = subprocess.Popen([sys.executable, "-c", code, *folders, *debian.rights], cwd=ROOT)
    try:
        wait_for(lambda: bool(sleepers()), "the command in the chroot")
    finally:
        tests.kill()
        tests.wait()
    wait_for(lambda: not sleepers(), "its end")
    assert str(debian.root) not in Path("/proc/self/mounts").read_text()


def test_without_root_it_says_what_to_type(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(os, "geteuid", lambda: 1000)
    monkeypatch.setattr(shutil, "which", lambda _name: None)
    with pytest.raises(ChrootFailed, match=r"(?s)takes root.*sudo true && "):
        root_rights()


def sleepers() -> list[str]:
    """Process ids of the command of the test above, wherever they run."""
    found = []
    for path in Path("/proc").glob("[0-9]*/cmdline"):
        try:
            if path.read_bytes() == b"sleep\x0098765\x00":
                found.append(path.parent.name)
        except OSError:  # it ended while we looked
            continue
    return found


def wait_for(check: Callable[[], bool], what: str, seconds: float = 20.0) -> None:
    deadline = time.monotonic() + seconds
    while not check():
        assert time.monotonic() < deadline, f"{what}: not within {seconds:g} s"
        time.sleep(0.05)


# -- removed --


def test_purge_leaves_nothing_but_the_users_own_profile(debian: Chroot, before: set[str]) -> None:
    debian.must(["apt-get", "-qq", "purge", "-y", "skyferry"])
    after = debian.files()
    assert (sorted(after - before), sorted(before - after)) == ([], [])
    assert debian.run(["dpkg", "-s", "skyferry"]).code != 0
    assert debian.must(["find", "/etc", "/usr", "/opt", "/var/lib/dpkg/info", "-iname", "*skyferry*"]) == (
        "/opt/skyferry.deb\n"
    )
    debian.must(["test", "-f", f"/home/{USER}/.config/skyferry/accounts.json"])
