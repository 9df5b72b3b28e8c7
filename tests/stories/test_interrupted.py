"""What people are afraid of: the program dies in the middle, the keyring is away, a file of ours is damaged.

The program is started as anyone starts it, killed as the system kills, and nothing in it knows of the test.
"""

from __future__ import annotations

import hashlib
import json
import os
import random
import shutil
import signal
import sqlite3
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import ExitStack
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import boto3
import pytest
from botocore.config import Config

from tests.servers import faults
from tests.servers.faults import Fault, Plan, Proxy
from tests.servers.moto import Moto
from tests.servers.swift import Swift
from tests.stories.accessible import Node
from tests.stories.desktop import Desktop, running_desktop
from tests.stories.material import md5_of

ROOT = Path(__file__).resolve().parents[2]
MIB = 1024 * 1024
PART = 16 * MIB
PARTS = 10
SLOW = 6 * MIB  # bytes per second and connection
SILENT = Plan(down=Fault(stall_after=0))  # takes everything, never answers
CANARY = "a-secret-that-no-disk-may-see"
LAB, WEB = "Lab store", "Web cloud"
KEEP = """
import json, sys
from gui.secrets import Secrets
for account, secret in json.load(sys.stdin).items():
    Secrets().keep(account, {"secret": secret})
"""
pytestmark = [pytest.mark.story, pytest.mark.timeout(300)]


@dataclass
class Cloud:
    """An account's server behind a proxy that counts, and boto3's own way to it."""

    title: str
    proxy: Proxy
    server: Swift | Moto
    box: str
    client: Any

    def held(self, key: str) -> int:
        """How many parts of an open upload the server has."""
        found = self.client.list_multipart_uploads(Bucket=self.box).get("Uploads", [])
        ids = [one["UploadId"] for one in found if one["Key"] == key]
        if not ids:
            return 0
        parts = self.client.list_parts(Bucket=self.box, Key=key, UploadId=ids[0])
        return len(parts.get("Parts", []))

    def open_uploads(self) -> list[Any]:
        return list(self.client.list_multipart_uploads(Bucket=self.box).get("Uploads", []))

    def md5(self, key: str) -> bytes:
        body = self.client.get_object(Bucket=self.box, Key=key)["Body"]
        digest = hashlib.md5(usedforsecurity=False)
        for piece in body.iter_chunks(MIB):
            digest.update(piece)
        return digest.digest()

    def sent(self) -> int:
        return sum(one.up for one in self.proxy.connections)

    def received(self) -> int:
        return sum(one.down for one in self.proxy.connections)


@dataclass
class Story:
    """One person at one desktop."""

    desktop: Desktop
    home: Path
    clouds: dict[str, Cloud] = field(default_factory=dict)

    @property
    def data(self) -> Path:
        """Where the program keeps what must survive."""
        return Path(self.desktop.env.get("XDG_DATA_HOME") or self.home / ".local/share") / "skyferry"

    @property
    def config(self) -> Path:
        return self.home / ".config/skyferry"

    def start(self) -> subprocess.Popen[bytes]:
        program = self.desktop.start([sys.executable, "-m", "gui"], "app", cwd=str(ROOT))
        self.desktop.screen.wait("list item", "This computer", seconds=60)
        self.desktop.place("Skyferry", 0, 0, 1280, 1000)
        return program

    def kill(self, program: subprocess.Popen[bytes]) -> None:
        """As the system does it when memory is short: no last word."""
        os.kill(program.pid, signal.SIGKILL)
        assert program.wait(10) == -signal.SIGKILL
        for cloud in self.clouds.values():
            cloud.proxy.wait_idle()
            cloud.proxy.clear()

    def quit(self, program: subprocess.Popen[bytes], *, asks: bool = False) -> float:
        """Ctrl+Q; the seconds until nothing of the program was left."""
        self.desktop.place("Skyferry", 0, 0, 1280, 1000)
        self.desktop.key("ctrl+q")
        if asks:
            self.desktop.push("Pause and quit")
        begin = time.monotonic()
        self.desktop.until(lambda: program.poll() is not None, "the app has quit")
        seconds = time.monotonic() - begin
        assert program.poll() == 0, "the app ended with an error"
        assert family(program.pid) == [], "a process is left"
        return seconds

    def go_to(self, cloud: Cloud) -> None:
        screen = self.desktop.screen
        self.desktop.click(screen.wait("list item", cloud.title))
        screen.wait("push button", cloud.title)
        self.desktop.click(self.cell(cloud.box), times=2)
        screen.wait("push button", cloud.box)

    def cell(self, name: str) -> Node:
        return self.desktop.screen.wait("cell", lambda have: have == name or have.startswith(f"{name}, "))

    def choose_path(self, chord: str, dialog: str, path: Path) -> None:
        """Type a path into the file dialog that a shortcut opens."""
        self.desktop.key(chord)
        box = self.desktop.screen.wait(
            "text", lambda name: name in ("File name:", "Directory:"), inside=dialog
        )
        self.desktop.until(lambda: box.has("focused"), "the field has the keyboard")
        self.desktop.type(str(path))
        self.desktop.until(lambda: box.text == str(path), "the path is there")
        self.desktop.key("Return")
        self.desktop.screen.wait_gone("dialog", dialog)

    def transfer(self, title: str, state: str, *, seconds: float = 60.0) -> Node:
        """The row of a transfer, once it says `state`."""
        return self.desktop.screen.wait(
            "list item", lambda name: name.startswith(f"{title}, ") and state in name, seconds=seconds
        )

    def press(self, row: Node, name: str) -> None:
        """Hit the button "Resume" or "Cancel" that is drawn at the row's end."""
        left, top, width, height = row.box
        right = left + width - 8
        middle = right - {"Resume": 42, "Cancel": 14}[name]
        self.desktop.click((middle, top + height // 2))

    def said(self, text: str) -> Node:
        """Until a label says it."""
        return self.desktop.screen.wait("label", lambda name: text in name)


def family(session: int) -> list[str]:
    """Processes that are left of a program's session."""
    found = []
    for path in Path("/proc").glob("[0-9]*/stat"):
        try:
            fields = path.read_text().rpartition(")")[2].split()
        except OSError:
            continue  # it ended while we looked
        if int(fields[3]) == session and fields[0] != "Z":
            found.append(path.parent.name)
    return found


@pytest.fixture
def story(swift_server: Swift, moto_server: Moto, tmp_path: Path) -> Iterator[Story]:
    """Two accounts are saved, their secrets are in the keyring."""
    home = tmp_path / "home"
    with ExitStack() as stack:
        clouds = {}
        for title, server in ((LAB, swift_server), (WEB, moto_server)):
            proxy = stack.enter_context(faults.proxy(server.endpoint))
            clouds[title] = Cloud(title, proxy, server, f"box-{time.time_ns()}", client_of(server))
            clouds[title].client.create_bucket(Bucket=clouds[title].box)
        save_accounts(home, clouds)
        desktop = stack.enter_context(running_desktop(home))
        secrets = {title: cloud.server.secret_key for title, cloud in clouds.items()}
        subprocess.run(
            [sys.executable, "-c", KEEP], input=json.dumps(secrets), text=True, env=desktop.env, cwd=ROOT,
            check=True,
        )  # fmt: skip
        yield Story(desktop, home, clouds)


def client_of(server: Swift | Moto) -> Any:
    return boto3.client(
        "s3",
        endpoint_url=server.endpoint,
        aws_access_key_id=server.access_key,
        aws_secret_access_key=server.secret_key,
        region_name=server.region,
        config=Config(s3={"addressing_style": "path"}),
    )


def save_accounts(home: Path, clouds: dict[str, Cloud]) -> None:
    folder = home / ".config/skyferry"
    folder.mkdir(parents=True)
    accounts = [
        {
            "id": title,
            "title": title,
            "provider": "s3_compatible",
            "values": {
                "key": cloud.server.access_key,
                "endpoint": cloud.proxy.endpoint,
                "region": cloud.server.region,
                "addressing": "path",
            },
        }
        for title, cloud in clouds.items()
    ]
    (folder / "accounts.json").write_text(json.dumps({"version": 1, "accounts": accounts}))


def big_file(path: Path, parts: int = PARTS) -> bytes:
    """A file of that many parts; its MD5 digest."""
    path.parent.mkdir(parents=True, exist_ok=True)
    chance = random.Random(str(path.name))
    with open(path, "wb") as file:
        for _ in range(parts * PART // MIB):
            file.write(chance.randbytes(MIB))
    return md5_of(path)


def durable_parts(story: Story, folder: Path) -> int:
    """How many parts the journal of a dead program vouches for; read from a copy."""
    folder.mkdir()
    for path in story.data.glob("transfers.sqlite*"):
        shutil.copy(path, folder)
    journal = sqlite3.connect(folder / "transfers.sqlite")
    try:
        [[count]] = journal.execute("SELECT COUNT(*) FROM parts").fetchall()
    finally:
        journal.close()
    return int(count)


# -- kill -9 --


def test_an_upload_outlives_the_program(story: Story) -> None:
    lab = story.clouds[LAB]
    digest = big_file(story.home / "big.bin")
    app = story.start()
    story.go_to(lab)
    lab.proxy.always = Plan(up=Fault(rate=SLOW))
    lab.proxy.cut()
    story.choose_path("ctrl+u", "Upload files", story.home / "big.bin")
    story.desktop.until(lambda: lab.held("big.bin") >= 4, "four parts are at the server")
    story.kill(app)
    held = lab.held("big.bin")
    assert 4 <= held < PARTS
    app = story.start()
    row = story.transfer("big.bin", "Paused, needs sign-in")
    assert lab.sent() == 0, "something was sent before anybody asked for it"
    story.press(row, "Resume")
    story.transfer("big.bin", "Done, ")
    assert (PARTS - held) * PART <= lab.sent() <= (PARTS - held + 2) * PART + MIB
    story.quit(app)
    assert lab.md5("big.bin") == digest
    assert lab.open_uploads() == []


def test_a_download_outlives_the_program(story: Story, tmp_path: Path) -> None:
    lab, inbox = story.clouds[LAB], story.home / "inbox"
    digest = big_file(tmp_path / "big.bin")
    inbox.mkdir()
    with open(tmp_path / "big.bin", "rb") as file:
        lab.client.put_object(Bucket=lab.box, Key="big.bin", Body=file)
    app = story.start()
    story.go_to(lab)
    story.desktop.click(story.cell("big.bin"))
    lab.proxy.always = Plan(down=Fault(rate=SLOW))
    lab.proxy.cut()
    story.choose_path("ctrl+d", "Download to", inbox)
    story.desktop.until(lambda: lab.received() > 5 * PART, "half of it is here")
    story.kill(app)
    held = durable_parts(story, tmp_path / "journal")
    assert 2 <= held < PARTS
    [part] = inbox.iterdir()
    assert part.name.startswith("."), "something half-done has the file's own name"
    app = story.start()
    story.press(story.transfer("big.bin", "Paused, needs sign-in"), "Resume")
    story.transfer("big.bin", "Done, ")
    assert (PARTS - held) * PART <= lab.received() <= (PARTS - held + 2) * PART + MIB
    story.quit(app)
    assert [path.name for path in inbox.iterdir()] == ["big.bin"]
    assert md5_of(inbox / "big.bin") == digest


def test_a_copy_between_two_clouds_outlives_the_program(story: Story, tmp_path: Path) -> None:
    lab, web = story.clouds[LAB], story.clouds[WEB]
    digest = big_file(tmp_path / "big.bin")
    with open(tmp_path / "big.bin", "rb") as file:
        lab.client.put_object(Bucket=lab.box, Key="big.bin", Body=file)
    app = story.start()
    story.go_to(lab)
    story.desktop.click(story.cell("big.bin"))
    story.desktop.key("ctrl+c")
    story.go_to(web)
    web.proxy.always = Plan(up=Fault(rate=SLOW))
    web.proxy.cut()
    story.desktop.click(story.desktop.screen.wait("table", "Objects"))
    story.desktop.key("ctrl+v")
    story.desktop.until(lambda: web.held("big.bin") >= 4, "four parts are at the target")
    story.kill(app)
    held = web.held("big.bin")
    assert 4 <= held < PARTS
    app = story.start()
    story.press(story.transfer("big.bin", "Paused, needs sign-in"), "Resume")
    story.transfer("big.bin", "Done, ")
    for count in (web.sent(), lab.received()):
        assert (PARTS - held) * PART <= count <= (PARTS - held + 2) * PART + MIB
    story.quit(app)
    assert web.md5("big.bin") == digest
    assert web.open_uploads() == []
    left = [path for path in story.home.rglob("*") if path.is_file() and path.stat().st_size > MIB]
    assert left == [], "the copy went over this computer's disk"


# -- quitting and cancelling --


def test_quitting_asks_and_what_was_going_on_goes_on_next_time(story: Story) -> None:
    desktop, lab = story.desktop, story.clouds[LAB]
    digest = big_file(story.home / "big.bin", 5)
    app = story.start()
    story.go_to(lab)
    lab.proxy.always = Plan(up=Fault(rate=SLOW / 8))
    lab.proxy.cut()
    story.choose_path("ctrl+u", "Upload files", story.home / "big.bin")
    desktop.until(lambda: lab.sent() > MIB, "it is on its way")
    desktop.key("ctrl+q")
    story.said("One transfer has not finished.")
    question = "Quit while files are being transferred?"
    desktop.click(desktop.screen.wait("push button", "Cancel", inside=question))
    desktop.screen.wait_gone("dialog", question)
    before = lab.sent()
    desktop.until(lambda: lab.sent() > before + MIB, "it goes on")
    assert app.poll() is None
    assert story.quit(app, asks=True) < 5
    lab.proxy.wait_idle()
    lab.proxy.clear()
    app = story.start()
    story.press(story.transfer("big.bin", "Paused"), "Resume")
    story.transfer("big.bin", "Done, ")
    story.quit(app)
    assert lab.md5("big.bin") == digest


def test_a_cancelled_upload_leaves_no_parts_and_a_silent_server_keeps_nobody(story: Story) -> None:
    desktop, lab = story.desktop, story.clouds[LAB]
    big_file(story.home / "big.bin")
    big_file(story.home / "other.bin", 2)
    app = story.start()
    story.go_to(lab)
    lab.proxy.always = Plan(up=Fault(rate=SLOW))
    lab.proxy.cut()
    story.choose_path("ctrl+u", "Upload files", story.home / "big.bin")
    desktop.until(lambda: lab.held("big.bin") >= 1, "a part is at the server")
    story.press(story.transfer("big.bin", " of "), "Cancel")
    story.transfer("big.bin", "Cancelled", seconds=5)
    desktop.until(lambda: lab.open_uploads() == [], "no parts are left", seconds=10)
    assert "Contents" not in lab.client.list_objects_v2(Bucket=lab.box)
    lab.proxy.clear()
    lab.proxy.always = SILENT
    story.choose_path("ctrl+u", "Upload files", story.home / "other.bin")
    desktop.until(lambda: lab.sent() > 0, "it asks, and nobody answers")
    story.transfer("other.bin", "", seconds=5)
    assert story.quit(app, asks=True) < 10


# -- the keyring --


def test_without_a_keyring_the_secret_is_for_this_run_and_no_disk_sees_it(
    moto_server: Moto, tmp_path: Path
) -> None:
    home = tmp_path / "home"
    home.mkdir()
    client_of(moto_server).create_bucket(Bucket="unkept")
    with running_desktop(home, has_keyring=False) as desktop:
        story = Story(desktop, home)
        app = story.start()
        desktop.push("Add Account")
        desktop.fill("Search services", "S3-compatible storage")
        desktop.click(desktop.screen.wait("list item", "S3-compatible storage"))
        desktop.fill("Name in the list", WEB)
        desktop.fill("Access key", "AKIDEXAMPLE")
        desktop.fill("Secret key", CANARY)
        desktop.fill("Address", moto_server.endpoint)
        desktop.click(desktop.screen.wait("push button", "Add account"))
        story.said("This computer has no keyring that can keep a secret.")
        story.said("The secret is kept for this run only and asked for again next time.")
        desktop.push("Close")
        story.cell("unkept")
        story.quit(app)
        app = story.start()
        desktop.click(desktop.screen.wait("list item", WEB))
        story.said("There is no keyring on this computer that can keep a secret.")
        story.said("It is used for this run only: nothing is written, and next time it is asked again.")
        desktop.fill("Secret key", CANARY)
        desktop.push("Sign in")
        story.cell("unkept")
        story.quit(app)
        places = (home, story.data, desktop.logs)
        files = [path for place in places for path in place.rglob("*") if path.is_file()]
        assert {story.config / "accounts.json", story.data / "transfers.sqlite"} <= set(files)
        for path in files:
            assert CANARY.encode() not in path.read_bytes(), f"a secret is in {path}"


def test_a_locked_keyring_is_said_in_a_sentence_and_the_secret_asked_for(story: Story) -> None:
    desktop, lab = story.desktop, story.clouds[LAB]
    desktop.keyring.lock()
    app = story.start()
    desktop.click(desktop.screen.wait("list item", LAB))
    story.said("The system keyring (Secret Service) is locked.")
    desktop.fill("Secret key", lab.server.secret_key)
    desktop.push("Sign in")
    story.cell(lab.box)
    story.quit(app)


# -- damaged files --


def test_damaged_files_of_ours_are_set_aside_said_and_kept(tmp_path: Path) -> None:
    home = tmp_path / "home"
    home.mkdir()
    with running_desktop(home) as desktop:
        story = Story(desktop, home)
        damaged: dict[Path, tuple[bytes, str]] = {
            story.config / "settings.json": (
                b'{"version": 1, "theme": "da',
                "The settings could not be read",
            ),
            story.config / "accounts.json": (b"\x00\xff\xfe", "The list of accounts could not be read"),
            story.data / "transfers.sqlite": (
                b"SQLite format 3\x00" + b"\xa5" * 8192,
                "The list of transfers",
            ),
        }
        for path, (content, _) in damaged.items():
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_bytes(content)
        app = story.start()
        for path, (content, sentence) in damaged.items():
            label = story.said(sentence)
            [aside] = [one for one in path.parent.glob(f"{path.name}.*") if one.read_bytes() == content]
            assert str(aside) in label.name
            desktop.push("Close")
        desktop.screen.wait_gone("dialog", "Something could not be read at the start")
        desktop.click(desktop.screen.wait("list item", "Demo cloud"))
        story.cell("holiday-photos")
        story.quit(app)
        app = story.start()  # and it was said once
        story.quit(app)
