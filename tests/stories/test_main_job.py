"""The main job, by mouse: real files from the file manager to two object stores and back, past a wrong secret and a restart.

Nothing in the app knows of the test. Controls are found as a screen reader finds them; boto3 has the last word.
"""

from __future__ import annotations

import sys
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import boto3
import pytest
from botocore.config import Config

from tests.servers.moto import Moto
from tests.servers.swift import Swift
from tests.stories.accessible import Node
from tests.stories.desktop import Desktop, running_desktop
from tests.stories.material import make_folder

ROOT = Path(__file__).resolve().parents[2]
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

    def add_account(self, title: str, key: str, secret: str, address: str) -> None:
        self.desktop.push("Add Account")
        self.desktop.fill("Search services", "S3-compatible storage")
        self.desktop.click(self.desktop.screen.wait("list item", "S3-compatible storage"))
        self.desktop.fill("Name in the list", title)
        self.desktop.fill("Access key", key)
        self.desktop.fill("Secret key", secret)
        self.desktop.fill("Address", address)

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
    desktop, screen = story.desktop, story.desktop.screen
    source = story.home / "holiday"
    source.mkdir()
    digests = make_folder(source)
    (story.home / "inbox").mkdir()

    app = story.start_app()
    _add_the_account_with_a_wrong_secret_first(story, swift_server)
    _create_a_container(story, "holiday-2026")
    _drag_the_folder_in(story, digests)


# -- chapters --


def _add_the_account_with_a_wrong_secret_first(story: Story, server: Swift) -> None:
    desktop, screen = story.desktop, story.desktop.screen
    story.add_account("Lab store", server.access_key, "not-the-secret", server.endpoint)
    desktop.push("Test connection")
    screen.wait("label", lambda text: text.startswith("The service does not accept this sign-in."))
    desktop.fill("Secret key", server.secret_key)
    desktop.push("Test connection")
    screen.wait("label", lambda text: text.startswith("Connected."))
    desktop.push("Add account")
    screen.wait_gone("dialog", "Add account")
    screen.wait("list item", "Lab store")


def _create_a_container(story: Story, name: str) -> None:
    desktop, screen = story.desktop, story.desktop.screen
    story.choose_account("Lab store")
    desktop.push("New Container")
    desktop.fill("Name", name)
    desktop.push("Create")
    time.sleep(2); print("=====", screen.picture())
    desktop.shot(Path("/tmp/lead/s2.png"))


def _drag_the_folder_in(story: Story, digests: dict[str, bytes]) -> None:
    desktop, screen = story.desktop, story.desktop.screen
    desktop.start(["pcmanfm-qt", str(story.home)], "files")
    desktop.place("home", 1300, 0, 600, 700)
    desktop.drag(screen.wait("list item", "holiday"), screen.wait("table", "Objects"))
    time.sleep(3); desktop.shot(Path("/tmp/lead/s3.png"))
    time.sleep(20); desktop.shot(Path("/tmp/lead/s4.png"))
    print("=====", screen.picture())
