"""The main verbs with the keyboard alone: nobody touches the mouse, and everything can be done.

What has the focus is asked over AT-SPI, as a screen reader asks; boto3 has the last word.
"""

from __future__ import annotations

import sys
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from uuid import uuid4

import boto3
import pytest
from botocore.config import Config

from tests.servers.moto import Moto
from tests.servers.swift import Swift
from tests.stories.accessible import Node, NotThere
from tests.stories.desktop import Desktop, running_desktop

ROOT = Path(__file__).resolve().parents[2]
# Current in their list, wherever the focus is.
ROWS = frozenset({"list item", "tree item", "cell", "page tab"})
STOPS_MAX = 40  # presses of Tab after which a control is not within reach
pytestmark = [pytest.mark.story, pytest.mark.timeout(300)]


@dataclass
class Typist:
    """Somebody without a mouse."""

    desktop: Desktop
    home: Path

    # -- eyes --

    def window(self) -> Node:
        """The window that a screen reader would read: the last dialog, or the main window."""
        [application] = [one for one in self.desktop.screen.applications() if one.name == "Skyferry"]
        return application.children()[-1]

    def focused(self) -> tuple[str, str]:
        """Role and name of what has the keyboard; two empty texts while it moves."""
        inmost = "", ""  # what hands the keyboard on to something inside it has it, too
        try:
            for node in self.window().walk():
                if node.has("focused") and (role := node.role) not in ROWS:
                    inmost = role, node.name
        except NotThere:
            return "", ""  # it is changing
        return inmost

    def sees(self, role: str, start: str, *, seconds: float = 15.0) -> Node:
        """Wait for something that shows and whose name starts so."""
        return self.desktop.screen.wait(role, lambda name: name.startswith(start), seconds=seconds)

    def stands_on(self, role: str, name: str) -> None:
        """Wait until this has the keyboard."""
        self.desktop.until(lambda: self.focused() == (role, name), f"the focus on {role} {name!r}", 10.0)

    # -- hands --

    def press(self, *chords: str) -> None:
        self.desktop.key(*chords)

    def type(self, text: str) -> None:
        self.desktop.type(text)

    def tab_to(self, role: str, name: str) -> None:
        """Press Tab until this has the keyboard."""
        self._move_to((role, name), "Tab")

    def pane(self, role: str, name: str) -> None:
        """Press F6 until the keyboard is in this pane."""
        self._move_to((role, name), "F6")

    def _move_to(self, wanted: tuple[str, str], key: str) -> None:
        stops = [self._settled(("", ""))]
        while stops[-1] != wanted:
            assert len(stops) < STOPS_MAX, f"{key} does not reach {wanted}, only {stops}"
            self.press(key)
            stops.append(self._settled(stops[-1]))

    def _settled(self, before: tuple[str, str]) -> tuple[str, str]:
        """What has the keyboard, once it has left `before`."""
        found: list[tuple[str, str]] = []

        def has_moved() -> bool:
            found.append(self.focused())
            return found[-1] not in (("", ""), before)

        self.desktop.until(has_moved, f"the focus leaves {before}", 5.0)
        return found[-1]

    def pick(self, name: str) -> None:
        """Stand on the entry of the object list that is called so: type the first letters."""
        self.pane("table", "Objects")
        self.press("Home")
        self.type(name)
        self.desktop.until(lambda: self._selected(name), f"{name} is selected", 5.0)

    def _selected(self, name: str) -> bool:
        found = self.desktop.screen.find("cell", lambda have: have == name or have.startswith(f"{name}, "))
        return found is not None and found.has("selected")

    # -- words of the story --

    def start_app(self) -> Any:
        program = self.desktop.start([sys.executable, str(ROOT / "dev.py"), "run"], "app", cwd=str(ROOT))
        self.sees("list item", "This computer", seconds=60)
        self.stands_on("table", "Objects")
        return program

    def add_account(self, title: str, server: Swift | Moto) -> None:
        self.press("ctrl+n")
        self.stands_on("text", "Search services")
        self.type("S3-compatible storage")
        self.press("Return")
        self.stands_on("text", "Name in the list")
        self.type(title)
        for field, text in (
            ("Access key", server.access_key),
            ("Secret key", server.secret_key),
            ("Address", server.endpoint),
        ):
            self.tab_to("text", field)
            self.type(text)
        self.press("Return")
        self.desktop.screen.wait_gone("dialog", "Add account")
        self.sees("push button", title)

    def open_account(self, title: str) -> None:
        self.pane("list", "Accounts")
        self.press("Home")
        self.type(title)
        self.press("Return")
        self.sees("push button", title)

    def go_to(self, address: str) -> None:
        """By the address bar, in the account that is open."""
        self.press("ctrl+l")
        self.stands_on("text", "Address: container/folder/")
        self.type(address)
        self.press("Return")
        self.sees("frame", address.rstrip("/"))

    def new_container(self, account: str, name: str) -> None:
        self.open_account(account)
        self.press("ctrl+shift+b")
        self.stands_on("text", "Name")
        self.type(name)
        self.press("Return")
        self.sees("push button", name)  # a step of the path

    def done(self, title: str, end: str = "Done") -> None:
        """Until the row of a transfer says so."""
        self.desktop.screen.wait("list item", lambda name: name.startswith(title) and end in name, seconds=60)

    def names(self) -> list[str]:
        """The names in the list, from top to bottom."""
        table = self.desktop.screen.wait("table", "Objects")
        first = {cell.box[0]: cell for cell in table.children() if cell.role == "column header"}
        left = min(first)
        cells = [cell for cell in table.children() if cell.role == "cell" and cell.has("showing")]
        return [cell.name.split(",")[0] for cell in cells if cell.box[0] == left]


@pytest.fixture
def typist(tmp_path: Path) -> Iterator[Typist]:
    home = tmp_path / "home"
    home.mkdir()
    with running_desktop(home) as desktop:
        yield Typist(desktop, home)


def test_everything_by_keyboard(typist: Typist, swift_server: Swift, moto_server: Moto) -> None:
    source, target = f"keys-{uuid4().hex[:8]}", f"copy-{uuid4().hex[:8]}"
    for name, size in (("alpha.txt", 30), ("beta.txt", 10), ("gamma.txt", 20)):
        (typist.home / name).write_bytes(name.encode()[:1] * size)
    app = typist.start_app()
    typist.add_account("Lab", swift_server)
    typist.add_account("Web", moto_server)
    typist.new_container("Lab", source)
    _upload_by_the_file_dialog_and_by_paste(typist, source)
    _filter_and_sort(typist)
    _edit_the_properties(typist, "beta.txt")
    _rename(typist, "alpha.txt", "omega.txt")
    _copy_all_to_the_other_account(typist, target)
    _delete_after_a_question(typist, target, "gamma.txt")
    typist.press("ctrl+q")
    typist.desktop.until(lambda: app.poll() is not None, "the app has quit")
    assert app.poll() == 0
    _boto3_confirms(_client(swift_server), source, ["beta.txt", "gamma.txt", "omega.txt"])
    _boto3_confirms(_client(moto_server), target, ["beta.txt", "omega.txt"])


# -- chapters --


def _upload_by_the_file_dialog_and_by_paste(typist: Typist, container: str) -> None:
    typist.press("ctrl+u")
    typist.sees("dialog", "Upload files")
    typist.stands_on("text", "File name:")
    typist.type(str(typist.home / "alpha.txt"))
    typist.press("Return")
    typist.done("alpha.txt")
    typist.open_account("This computer")
    typist.pick("beta.txt")
    typist.press("shift+Down", "ctrl+c")
    typist.open_account("Lab")
    typist.go_to(f"{container}/")
    typist.pane("table", "Objects")
    typist.press("ctrl+v")
    typist.done("beta.txt and 1 more")
    typist.sees("label", "3 objects")


def _filter_and_sort(typist: Typist) -> None:
    typist.press("ctrl+f")
    typist.stands_on("text", "Filter the list by name")
    typist.type("mm")
    typist.sees("label", "1 object")
    assert typist.names() == ["gamma.txt"]
    typist.press("Escape")
    typist.stands_on("table", "Objects")
    typist.sees("label", "3 objects")
    typist.press("alt+v")
    typist.sees("menu item", "Sort by Size")
    typist.press("z")
    typist.desktop.until(
        lambda: typist.names() == ["beta.txt", "gamma.txt", "alpha.txt"], "the list is sorted by size", 10.0
    )


def _edit_the_properties(typist: Typist, name: str) -> None:
    typist.pick(name)
    typist.press("alt+Return")
    typist.sees("dialog", "Properties")
    typist.sees("page tab", "Metadata")
    typist.press("alt+m")
    typist.stands_on("page tab list", "Metadata")
    typist.press("alt+a")
    remove = typist.sees("push button", "Remove")
    typist.desktop.until(lambda: remove.has("enabled"), "there is a row to type in", 5.0)
    typist.type("place")
    typist.press("Tab")
    typist.type("Lisbon")
    typist.press("Return", "Return")
    typist.desktop.screen.wait_gone("dialog", "Properties")


def _rename(typist: Typist, old: str, new: str) -> None:
    typist.pick(old)
    typist.press("F2")
    typist.stands_on("text", "New name")
    typist.press("ctrl+a")
    typist.type(new)
    typist.press("Return")
    typist.sees("cell", new)


def _copy_all_to_the_other_account(typist: Typist, target: str) -> None:
    typist.pane("table", "Objects")
    typist.press("ctrl+a", "ctrl+c")
    typist.new_container("Web", target)
    typist.pane("table", "Objects")
    typist.press("ctrl+v")
    typist.done("beta.txt and 2 more")
    typist.sees("label", "3 objects")


def _delete_after_a_question(typist: Typist, container: str, name: str) -> None:
    typist.pick(name)
    typist.press("Delete")
    typist.sees("label", "1 object, ")
    typist.stands_on("push button", "Cancel")  # Return alone takes nothing away
    typist.press("Return")
    typist.desktop.screen.wait_gone("dialog", lambda title: title.startswith("Delete"))
    typist.sees("cell", name)
    typist.press("Delete")
    typist.sees("label", "This cannot be undone.")
    typist.press("alt+d")
    typist.desktop.screen.wait_gone("cell", name)


def _boto3_confirms(client: Any, container: str, names: list[str]) -> None:
    listed = client.list_objects_v2(Bucket=container)["Contents"]
    assert [one["Key"] for one in listed] == names
    contents = {"beta.txt": b"b" * 10, "gamma.txt": b"g" * 20, "omega.txt": b"a" * 30}
    for name in names:
        reply = client.get_object(Bucket=container, Key=name)
        assert reply["Body"].read() == contents[name], name
        assert reply["Metadata"] == ({"place": "Lisbon"} if name == "beta.txt" else {}), name
        assert reply["ContentType"] == "text/plain", name


def _client(server: Swift | Moto) -> Any:
    return boto3.client(
        "s3",
        endpoint_url=server.endpoint,
        aws_access_key_id=server.access_key,
        aws_secret_access_key=server.secret_key,
        region_name="us-east-1",
        config=Config(s3={"addressing_style": "path"}),
    )
