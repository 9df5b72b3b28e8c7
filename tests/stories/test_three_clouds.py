"""Azure, Google and Swift side by side: files and folders dragged between all three, with a real mouse.

Azurite checks each key, the Google stand-in each token, Keystone the password. The vendors' own SDKs have the
last word.
"""

from __future__ import annotations

import hashlib
import random
import time
from collections.abc import Iterator
from pathlib import Path
from uuid import uuid4

import pytest

from storage_core.attributes import guess_content_type
from tests.oracles import Oracle
from tests.oracles.azure_sdk import AzureSdk
from tests.oracles.google_sdk import GoogleSdk
from tests.oracles.swiftclient_sdk import with_keystone
from tests.servers.azurite import Azurite
from tests.servers.google_standin import GoogleStandin
from tests.servers.keystone import Keystone
from tests.stories.desktop import running_desktop
from tests.stories.test_main_job import Story

MIB = 1024 * 1024
SIZES = {
    "report.pdf": 5_000,
    "ä & 50% #1.txt": 12,
    "film.mp4": 20 * MIB,  # goes in parts
    "pics/one.jpg": 70_000,
    "pics/raw/two": 0,
    "pics/日本語.json": 300,
}
CONTENT = {name: random.Random(name).randbytes(size) for name, size in SIZES.items()}
DOUBLE_CLICK = 0.6  # seconds
AZURE, GOOGLE, SWIFT = "Office", "Archive", "Lab"  # the accounts' titles
pytestmark = [pytest.mark.story, pytest.mark.timeout(420)]


@pytest.fixture
def story(tmp_path: Path) -> Iterator[Story]:
    home = tmp_path / "home"
    for name, data in CONTENT.items():
        path = home / "trip" / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(data)
    with running_desktop(home) as desktop:
        yield Story(desktop, home, None, None)


def test_files_and_folders_go_between_three_clouds(
    story: Story, azurite_server: Azurite, google_standin: GoogleStandin, keystone_server: Keystone
) -> None:
    boxes = {title: f"000-trip-{uuid4().hex[:8]}" for title in (AZURE, GOOGLE, SWIFT)}
    app = story.start_app()
    _add_azure(story, azurite_server)
    _add_google(story, google_standin)
    _add_swift(story, keystone_server)
    for title, container in boxes.items():
        _create_container(story, title, container)
    _drag_the_folder_in(story, boxes[AZURE])
    # Round all three with the folder, and back with single files.
    _drag(story, (AZURE, boxes[AZURE], ""), ["trip"], (GOOGLE, boxes[GOOGLE]), "trip, ", 6)
    _drag(story, (GOOGLE, boxes[GOOGLE], ""), ["trip"], (SWIFT, boxes[SWIFT]), "trip, ", 6)
    pics = (SWIFT, boxes[SWIFT], "trip")
    _drag(story, pics, ["pics"], (AZURE, boxes[AZURE]), "pics, ", 3)
    _drag(story, pics, ["film.mp4", "report.pdf"], (GOOGLE, boxes[GOOGLE]), "film.mp4 and 1 more", 2)
    _drag(story, (GOOGLE, boxes[GOOGLE], ""), ["report.pdf"], (AZURE, boxes[AZURE]), "report.pdf", 1)
    _drag(story, (AZURE, boxes[AZURE], ""), ["pics"], (SWIFT, boxes[SWIFT]), "pics, ", 3)
    story.quit_app(app)
    trip = {f"trip/{name}": data for name, data in CONTENT.items()}
    pictures = {name: data for name, data in CONTENT.items() if name.startswith("pics/")}
    report = {"report.pdf": CONTENT["report.pdf"]}
    film = {"film.mp4": CONTENT["film.mp4"]}
    _confirmed(AzureSdk(azurite_server), boxes[AZURE], trip | pictures | report)
    _confirmed(GoogleSdk(google_standin), boxes[GOOGLE], trip | report | film)
    _confirmed(with_keystone(keystone_server), boxes[SWIFT], trip | pictures)
    _no_secret_on_the_disk(story, azurite_server.key, keystone_server.password)


# -- chapters --


def _add(story: Story, service: str, title: str, fields: dict[str, str]) -> None:
    desktop, screen = story.desktop, story.desktop.screen
    desktop.push("Add Account")
    desktop.fill("Search services", service)
    desktop.click(screen.wait("list item", service))
    for name, text in {"Name in the list": title, **fields}.items():
        if name == "Address":
            _unfold(story)
        _bring_into_sight(story, name)
        desktop.fill(name, text)
    desktop.push("Test connection")
    screen.wait("label", lambda text: text.startswith("Connected"))
    story.accept("Add account", "Add account")
    screen.wait("list item", title)


def _unfold(story: Story) -> None:
    """Open *More options*, at the end of the form."""
    screen = story.desktop.screen
    story.desktop.scroll(screen.wait("text", "Name in the list"), 20)
    story.desktop.push("More options", role="check box")
    screen.wait("text", "Address")


def _bring_into_sight(story: Story, field: str) -> None:
    """Scroll the form until the field can be clicked; it is cut off above the buttons."""
    screen = story.desktop.screen
    x, y = screen.wait("text", "Name in the list").center
    bottom = screen.wait("push button", "Test connection").box[1] - 3 * screen.wait("text", field).box[3]
    for _ in range(20):
        if screen.wait("text", field).center[1] < bottom:
            return
        story.desktop.scroll((x, y), 2)
    raise AssertionError(f"{field} does not come into sight")


def _add_azure(story: Story, server: Azurite) -> None:
    fields = {"Storage account": server.account, "Account key": server.key, "Address": server.endpoint}
    _add(story, "Azure Blob Storage", AZURE, fields)


def _add_google(story: Story, server: GoogleStandin) -> None:
    fields = {"Key file": str(server.key_file), "Address": server.endpoint}
    _add(story, "Google Cloud Storage", GOOGLE, fields)


def _add_swift(story: Story, server: Keystone) -> None:
    fields = {
        "Sign-in address": server.auth_url,
        "User": server.user,
        "Password or key": server.password,
        "Project": server.project,
        "Domain": server.domain,
    }
    _add(story, "OpenStack Swift", SWIFT, fields)


def _create_container(story: Story, account: str, name: str) -> None:
    story.choose_account(account)
    story.desktop.push("New Container")
    story.desktop.fill("Name", name)
    story.accept("Create", f"New container in {account}")
    story.desktop.screen.wait("push button", name)  # the path bar has arrived there


def _drag_the_folder_in(story: Story, container: str) -> None:
    desktop, screen = story.desktop, story.desktop.screen
    story.choose_account(AZURE)
    story.open_folder(container)
    screen.wait("push button", container)
    desktop.start(["pcmanfm-qt", str(story.home)], "files")
    desktop.place("home", 1300, 0, 600, 700)
    desktop.drag(screen.wait("list item", "trip"), screen.wait("table", "Objects"))
    story.wait_for_transfer("trip, ", "Done, 6 items")


def _drag(
    story: Story,
    source: tuple[str, str, str],
    names: list[str],
    target: tuple[str, str],
    title: str,
    items: int,
) -> None:
    """Out of one cloud's list, onto another account, which opens under the drag, into its container."""
    desktop, screen = story.desktop, story.desktop.screen
    desktop.place("Skyferry", 0, 0, 1280, 1000)
    account, container, folder = source
    story.choose_account(account)
    story.open_folder(container)
    screen.wait("push button", container)
    if folder:
        story.open_folder(folder)
        screen.wait("push button", folder)

    def into() -> object:
        return screen.wait("tree item", lambda name: name.startswith(target[1]))

    first = story.row(names[0])
    # One is dragged as it is: a click before would make the press of the drag a double click.
    start = first if len(names) == 1 else story.select(names)
    time.sleep(DOUBLE_CLICK)
    desktop.drag(start, screen.wait("list item", target[0]), into)
    story.wait_for_transfer(title, "Done" if items == 1 else f"Done, {items} items")
    desktop.push("Clear Done")


def _confirmed(oracle: Oracle, container: str, expected: dict[str, bytes]) -> None:
    try:
        assert sorted(oracle.names(container)) == sorted(expected)
        for name, data in expected.items():
            found = oracle.read(container, name)
            assert found is not None
            assert hashlib.md5(found.data or b"").digest() == hashlib.md5(data).digest(), name
            assert found.content_type == guess_content_type(name), name
            assert dict(found.metadata) == {}, name
    finally:
        oracle.close()


def _no_secret_on_the_disk(story: Story, *secrets: str) -> None:
    """They are in the keyring; the Google account names a file that was there before."""
    for path in story.home.rglob("*"):
        if path.is_file() and not path.is_symlink() and "keyrings" not in path.parts:
            data = path.read_bytes()
            for secret in secrets:
                assert secret.encode() not in data, f"a secret is in {path}"
