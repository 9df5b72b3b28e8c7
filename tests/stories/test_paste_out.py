"""Copy here, paste in the file manager, and the other way round: with the keyboard, on a real desktop.

The file manager is PCManFM-Qt, the cloud is Swift's s3api, which checks every signature. What counts is what
is on the disk and in the cloud afterwards.
"""

from __future__ import annotations

import random
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from uuid import uuid4

import pytest

from tests.servers.swift import Swift
from tests.stories.desktop import running_desktop
from tests.stories.test_main_job import ROOT, Story, _client

MIB = 1024 * 1024
# A large one comes in ranges; the odd name must survive an address list.
SIZES = {
    "report.txt": 12,
    "ä & 50% #1.bin": 3 * MIB,
    "film.mp4": 20 * MIB,
    "pics/1.jpg": 70_000,
    "pics/raw/2": 0,
}
pytestmark = [pytest.mark.story, pytest.mark.timeout(180)]


@pytest.fixture
def story(swift_server: Swift, tmp_path: Path) -> Iterator[Story]:
    home = tmp_path / "home"
    for folder in ("inbox", "outbox"):
        (home / folder).mkdir(parents=True)
    with running_desktop(home) as desktop:
        yield Story(desktop, home, _client(swift_server), None)


def test_what_is_copied_in_one_program_is_pasted_in_the_other(story: Story, swift_server: Swift) -> None:
    content = {name: random.Random(name).randbytes(size) for name, size in SIZES.items()}
    container = f"000-paste-{uuid4().hex[:8]}"  # in sight, whatever other tests have left
    story.swift.create_bucket(Bucket=container)
    for name, data in content.items():
        story.swift.put_object(Bucket=container, Key=name, Body=data)
    (story.home / "letter.txt").write_bytes(b"Dear reader")
    (story.home / "outbox" / "from the file manager.txt").write_bytes(b"from outside")
    app = story.start_app()
    _copy_in_the_cloud_and_paste_in_the_file_manager(story, swift_server, container, content)
    _copy_on_this_computer_and_paste_in_the_file_manager(story)
    _copy_in_the_file_manager_and_paste_in_the_cloud(story, container)
    story.quit_app(app)
    assert _fetched(story) == []
    _what_a_killed_run_had_fetched_goes_at_the_next_start(story, container)


# -- chapters --


def _copy_in_the_cloud_and_paste_in_the_file_manager(
    story: Story, server: Swift, container: str, content: dict[str, bytes]
) -> None:
    story.fill_in_account("Lab store", server.access_key, server.secret_key, server.endpoint)
    story.accept("Add account", "Add account")
    story.choose_account("Lab store")
    story.open_folder(container)
    story.select(["report.txt", "ä & 50% #1.bin", "film.mp4", "pics"])
    story.desktop.key("ctrl+c")
    story.wait_for_transfer("For pasting elsewhere: ", "Done, 5 items")
    _to_the_file_manager(story, "inbox")
    story.desktop.key("ctrl+v")
    story.desktop.until(lambda: _files_in(story.home / "inbox") == content, "the files with their bytes")


def _copy_on_this_computer_and_paste_in_the_file_manager(story: Story) -> None:
    _to_the_window(story)
    story.choose_account("This computer")
    story.select(["letter.txt"])
    story.desktop.key("ctrl+c")
    _to_the_file_manager(story, "inbox")
    story.desktop.key("ctrl+v")
    pasted = story.home / "inbox" / "letter.txt"
    story.desktop.until(lambda: pasted.exists() and pasted.read_bytes() == b"Dear reader", "the letter")
    assert (story.home / "letter.txt").exists()  # copied, not moved


def _copy_in_the_file_manager_and_paste_in_the_cloud(story: Story, container: str) -> None:
    name = "from the file manager.txt"
    _to_the_file_manager(story, "outbox")
    screen = story.desktop.screen
    story.desktop.click(screen.wait("list item", name, inside="outbox"))
    screen.wait("label", lambda text: text.startswith('"from the file'), inside="outbox")  # it is selected
    story.desktop.key("ctrl+c")
    _to_the_window(story)
    story.choose_account("Lab store")
    story.open_folder(container)
    story.desktop.click(story.row("report.txt"))
    story.desktop.key("ctrl+v")
    story.wait_for_transfer(name, "Done")
    assert story.swift.get_object(Bucket=container, Key=name)["Body"].read() == b"from outside"


def _what_a_killed_run_had_fetched_goes_at_the_next_start(story: Story, container: str) -> None:
    app = _start_without_dev(story)
    story.choose_account("Lab store")
    story.open_folder(container)
    story.select(["report.txt"])
    story.desktop.key("ctrl+c")
    story.wait_for_transfer("For pasting elsewhere: report.txt", "Done")
    assert len(_fetched(story)) == 1
    app.kill()  # SIGKILL
    app.wait(10)
    app = _start_without_dev(story)
    story.desktop.until(lambda: _fetched(story) == [], "the end of what was fetched")
    assert story.desktop.screen.find("list item", lambda name: name.startswith("For pasting")) is None
    story.quit_app(app)


# -- words --


def _start_without_dev(story: Story) -> subprocess.Popen[bytes]:
    """The program itself, so that a kill hits it."""
    app = story.desktop.start([sys.executable, "-m", "gui"], "again", cwd=str(ROOT))
    story.desktop.screen.wait("list item", "Lab store", seconds=60)
    _to_the_window(story)
    return app


def _fetched(story: Story) -> list[str]:
    return [path.name for path in (story.home / ".cache/skyferry/copied").iterdir()]


def _to_the_window(story: Story) -> None:
    story.desktop.place("Skyferry", 0, 0, 1280, 1000)


def _to_the_file_manager(story: Story, folder: str) -> None:
    """A window of this folder of the home folder, in front, with the keyboard in its list."""
    if story.desktop.screen.find("frame", folder) is None:
        story.desktop.start(["pcmanfm-qt", str(story.home / folder)], folder)
    story.desktop.place(folder, 1300, 0, 600, 700)
    story.desktop.click((1800, 600))


def _files_in(folder: Path) -> dict[str, bytes]:
    found = (path for path in folder.rglob("*") if path.is_file())
    return {path.relative_to(folder).as_posix(): path.read_bytes() for path in found}
