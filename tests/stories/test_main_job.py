"""The main job, by mouse: real files from the file manager to two object stores and back.

Nothing in the app knows of the test. Controls are found as a screen reader finds them; boto3 has the last
word.
"""

from __future__ import annotations

import hashlib
import re
import sys
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import boto3
import pytest
from botocore.config import Config

from storage_core.attributes import guess_content_type
from tests.servers.moto import Moto
from tests.servers.swift import Swift
from tests.stories.accessible import Node
from tests.stories.desktop import Desktop, running_desktop
from tests.stories.material import make_folder, md5_of

ROOT = Path(__file__).resolve().parents[2]
HOLIDAY, BACKUP = "holiday-2026", "web-backup"
TEN = [
    "file-000.jpg",
    "file-005.pdf",
    "file-010.png",
    "file-015.json",
    "file-020.csv",
    "file-025.mp4",
    "file-030.txt",
    "file-035",
    "file-040.html",
    "file-045.jpg",
]
EDITED = TEN[:3]
CANARY = "a-secret-for-the-keyring-alone"  # moto takes any
TWENTIETH = "file-095.pdf"  # of the folder's own 37, in the order of the list
DELETED = ["file-060.json", "file-065.csv"]
pytestmark = [pytest.mark.story, pytest.mark.timeout(600)]


@dataclass
class Story:
    """One person, one desktop, two clouds."""

    desktop: Desktop
    home: Path
    swift: Any  # a boto3 client of each server
    moto: Any

    # -- words of the story --

    def start_app(self) -> Any:
        program = self.desktop.start([sys.executable, str(ROOT / "dev.py"), "run"], "app", cwd=str(ROOT))
        self.desktop.screen.wait("list item", "This computer", seconds=60)
        self.desktop.place("Skyferry", 0, 0, 1280, 1000)
        return program

    def quit_app(self, program: Any) -> None:
        self.desktop.place("Skyferry", 0, 0, 1280, 1000)
        self.desktop.key("ctrl+q")
        self.desktop.until(lambda: program.poll() is not None, "the app has quit")
        assert program.poll() == 0, "the app ended with an error"

    def choose_account(self, title: str) -> None:
        self.desktop.click(self.desktop.screen.wait("list item", title))
        self.desktop.screen.wait("push button", title)  # the path bar has arrived there

    def go_to(self, account: str, container: str, folder: str) -> None:
        self.choose_account(account)
        self.open_folder(container)
        self.desktop.screen.wait("push button", container)
        self.open_folder(folder)
        self.desktop.screen.wait("push button", folder)

    def fill_in_account(self, title: str, key: str, secret: str, address: str) -> None:
        self.desktop.push("Add Account")
        self.desktop.fill("Search services", "S3-compatible storage")
        self.desktop.click(self.desktop.screen.wait("list item", "S3-compatible storage"))
        self.desktop.fill("Name in the list", title)
        self.desktop.fill("Access key", key)
        self.desktop.fill("Secret key", secret)
        self.desktop.fill("Address", address)

    def accept(self, button: str, dialog: str | Callable[[str], bool], *, inside: str = "") -> None:
        """Push the dialog's button, and see the dialog go."""
        self.desktop.click(self.desktop.screen.wait("push button", button, inside=inside))
        self.desktop.screen.wait_gone("dialog", dialog)

    def transfer(self, title: str) -> Node:
        return self.desktop.screen.wait("list item", lambda name: name.startswith(title))

    def wait_for_transfer(self, title: str, end: str, *, seconds: float = 60.0) -> None:
        """Until the row of the transfer says how it ended."""
        screen = self.desktop.screen
        screen.wait("list item", lambda name: name.startswith(title) and end in name, seconds=seconds)

    def open_folder(self, name: str) -> None:
        self.desktop.click(self.row(name), times=2)

    def row(self, name: str, *, seconds: float = 15.0) -> Node:
        """The cell in the object list that shows this name."""
        return self.desktop.screen.wait(
            "cell", lambda have: have == name or have.startswith(f"{name}, "), seconds=seconds
        )

    def select(self, names: list[str]) -> Node:
        first = self.row(names[0])
        self.desktop.click(first)
        self.desktop.hold("ctrl")
        for name in names[1:]:
            self.desktop.click(self.row(name))
        self.desktop.let_go("ctrl")
        return first


@pytest.fixture
def story(swift_server: Swift, moto_server: Moto, tmp_path: Path) -> Iterator[Story]:
    home = tmp_path / "home"
    home.mkdir()
    with running_desktop(home) as desktop:
        yield Story(desktop, home, _client(swift_server), _client(moto_server))


def _client(server: Any) -> Any:
    return boto3.client(
        "s3",
        endpoint_url=server.endpoint,
        aws_access_key_id=server.access_key,
        aws_secret_access_key=server.secret_key,
        region_name="us-east-1",
        config=Config(s3={"addressing_style": "path"}),
    )


def test_the_main_job(story: Story, swift_server: Swift, moto_server: Moto) -> None:
    source = story.home / "holiday"
    source.mkdir()
    digests = make_folder(source)
    for folder in ("inbox", "archive/local"):
        (story.home / folder).mkdir(parents=True)
    app = story.start_app()
    _add_the_first_account_with_a_wrong_secret_first(story, swift_server)
    _create_a_container(story, "Lab store", HOLIDAY)
    _drag_the_folder_in(story)
    _read_what_was_skipped(story)
    _edit_the_metadata_of_three(story)
    _drag_ten_to_a_local_account(story)
    _drag_five_out_to_the_file_manager(story)
    _drag_twenty_and_a_folder_to_the_second_cloud(story, moto_server)
    _delete_two(story)
    story.quit_app(app)
    app = story.start_app()
    _find_everything_as_left(story)
    story.quit_app(app)
    _boto3_confirms(story, digests)


# -- chapters --


def _add_the_first_account_with_a_wrong_secret_first(story: Story, server: Swift) -> None:
    desktop, screen = story.desktop, story.desktop.screen
    story.fill_in_account("Lab store", server.access_key, "not-the-secret", server.endpoint)
    desktop.push("Test connection")
    screen.wait("label", lambda text: text.startswith("The service does not accept this sign-in."))
    desktop.fill("Secret key", server.secret_key)
    desktop.push("Test connection")
    screen.wait("label", lambda text: text.startswith("Connected"))
    story.accept("Add account", "Add account")
    screen.wait("list item", "Lab store")


def _create_a_container(story: Story, account: str, name: str) -> None:
    desktop, screen = story.desktop, story.desktop.screen
    story.choose_account(account)
    desktop.push("New Container")
    desktop.fill("Name", name)
    story.accept("Create", f"New container in {account}")
    screen.wait("push button", name)  # the path bar has arrived there


def _drag_the_folder_in(story: Story) -> None:
    desktop, screen = story.desktop, story.desktop.screen
    desktop.start(["pcmanfm-qt", str(story.home)], "files")
    desktop.place("home", 1300, 0, 600, 700)
    desktop.drag(screen.wait("list item", "holiday"), screen.wait("table", "Objects"))
    story.wait_for_transfer("holiday, ", "Done, 2 of 203 items skipped", seconds=120)
    story.open_folder("holiday")
    screen.wait("label", lambda text: text.startswith("4 folders, 37 objects"))


def _read_what_was_skipped(story: Story) -> None:
    desktop, screen = story.desktop, story.desktop.screen
    desktop.click(story.transfer("holiday, "), times=2)
    screen.wait("dialog", "Transfer details")
    said = screen.picture()
    assert re.search(r"a pipe", said), said
    assert re.search(r"loop", said), said
    story.accept("Close", "Transfer details", inside="Transfer details")


def _edit_the_metadata_of_three(story: Story) -> None:
    desktop, screen = story.desktop, story.desktop.screen
    story.select(EDITED)
    desktop.push("Properties")
    screen.wait("dialog", "Properties")
    desktop.click(screen.wait("page tab", "Metadata", inside="Properties"))
    desktop.push("Add")
    desktop.type("place")
    desktop.key("Tab")
    desktop.type("Lisbon")
    desktop.key("Return")
    story.accept("Save", "Properties")


def _drag_ten_to_a_local_account(story: Story) -> None:
    desktop, screen = story.desktop, story.desktop.screen
    desktop.push("Add Account")
    desktop.fill("Search services", "Folder on this computer")
    desktop.click(screen.wait("list item", "Folder on this computer"))
    desktop.fill("Name in the list", "Archive")
    desktop.fill("Folder", str(story.home / "archive"))
    story.accept("Add account", "Add account")
    story.go_to("Lab store", HOLIDAY, "holiday")
    desktop.drag(
        story.select(TEN),
        screen.wait("list item", "Archive"),  # rest on it, and it opens
        lambda: screen.wait("tree item", lambda name: name.startswith("local")),
    )
    story.wait_for_transfer(f"{TEN[0]} and 9 more", "Done, 10 items")


def _drag_five_out_to_the_file_manager(story: Story) -> None:
    desktop, screen = story.desktop, story.desktop.screen
    desktop.click(screen.wait("list item", "inbox"), times=2)
    screen.wait("frame", "inbox")
    story.go_to("Lab store", HOLIDAY, "holiday")
    desktop.drag(story.select(TEN[:5]), (1700, 500))
    story.wait_for_transfer(f"{TEN[0]} and 4 more", "Done, 5 items")


def _drag_twenty_and_a_folder_to_the_second_cloud(story: Story, server: Moto) -> None:
    desktop, screen = story.desktop, story.desktop.screen
    story.fill_in_account("Web cloud", server.access_key, CANARY, server.endpoint)
    story.accept("Add account", "Add account")
    _create_a_container(story, "Web cloud", BACKUP)
    story.go_to("Lab store", HOLIDAY, "holiday")
    desktop.click(story.row("photos"))
    desktop.scroll(screen.wait("table", "Objects"), 5)
    last = story.row(TWENTIETH)
    desktop.hold("shift")
    desktop.click(last)
    desktop.let_go("shift")
    screen.wait("label", lambda text: "21 selected" in text)
    desktop.drag(
        last,
        screen.wait("list item", "Web cloud"),
        lambda: screen.wait("tree item", lambda name: name.startswith(BACKUP)),
    )
    story.wait_for_transfer("photos", "Done", seconds=120)


def _delete_two(story: Story) -> None:
    story.go_to("Lab store", HOLIDAY, "holiday")
    story.select(DELETED)
    story.desktop.push("Delete")
    story.accept("Delete", lambda title: title.startswith("Delete"), inside="Delete")
    story.desktop.screen.wait("label", lambda text: text.startswith("4 folders, 35 objects"))


def _find_everything_as_left(story: Story) -> None:
    screen = story.desktop.screen
    for title in ("This computer", "Demo cloud", "Lab store", "Web cloud", "Archive"):
        screen.wait("list item", title)
    story.go_to("Lab store", HOLIDAY, "holiday")  # the secret comes out of the keyring, nobody asks
    screen.wait("label", lambda text: text.startswith("4 folders, 35 objects"))


def _boto3_confirms(story: Story, digests: dict[str, bytes]) -> None:
    names = [f"holiday/{name}" for name in digests if name not in DELETED]
    assert _keys(story.swift, HOLIDAY) == sorted([*names, "holiday/empty folder/"])
    for name, digest in digests.items():
        if name in DELETED:
            continue
        reply = story.swift.get_object(Bucket=HOLIDAY, Key=f"holiday/{name}")
        assert hashlib.md5(reply["Body"].read()).digest() == digest, name
        assert reply["ContentType"] == guess_content_type(name), name
        assert reply["Metadata"] == ({"place": "Lisbon"} if name in EDITED else {}), name
    copied = [name for name in digests if name.startswith("photos/") or name in _first_twenty(digests)]
    inside = sorted(copied)
    assert len([name for name in copied if not name.startswith("photos/")]) == 20
    assert [key for key in _keys(story.moto, BACKUP) if not key.endswith("/")] == inside
    for name in copied:
        reply = story.moto.get_object(Bucket=BACKUP, Key=name)
        assert hashlib.md5(reply["Body"].read()).digest() == digests[name], name
        assert reply["ContentType"] == guess_content_type(name), name
        assert reply["Metadata"] == ({"place": "Lisbon"} if name in EDITED else {}), name
    for name in TEN:
        assert md5_of(story.home / "archive/local" / name) == digests[name], name
    for name in TEN[:5]:
        assert md5_of(story.home / "inbox" / name) == digests[name], name
    for folder in ("archive/local", "inbox"):
        assert not [path.name for path in (story.home / folder).iterdir() if path.name.startswith(".")]
    for client, container in ((story.swift, HOLIDAY), (story.moto, BACKUP)):
        assert client.list_multipart_uploads(Bucket=container).get("Uploads", []) == []
    for path in story.home.rglob("*"):
        if path.is_file() and not path.is_symlink() and "holiday" not in path.parts:
            assert CANARY.encode() not in path.read_bytes(), f"a secret is in {path}"


def _keys(client: Any, container: str) -> list[str]:
    pages = client.get_paginator("list_objects_v2").paginate(Bucket=container)
    return sorted(entry["Key"] for page in pages for entry in page.get("Contents", []))


def _first_twenty(digests: dict[str, bytes]) -> list[str]:
    """The objects of the folder's own level, in the order of the list, as far as the twentieth."""
    return sorted(name for name in digests if "/" not in name)[:20]
