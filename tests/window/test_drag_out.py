"""Dragging out into Debian's PCManFM-Qt with a real mouse: it names the folder, the files come later."""

from __future__ import annotations

import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.stories.desktop import Desktop, running_desktop

ROOT = Path(__file__).parents[2]
pytestmark = [pytest.mark.window, pytest.mark.story]


@pytest.fixture(scope="module")
def desktop(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Desktop]:
    with running_desktop(tmp_path_factory.mktemp("home")) as running:
        yield running


def placed(desktop: Desktop, title: str, x: int, y: int) -> None:
    """Wait for the window with this title and move it."""
    deadline = time.monotonic() + 30
    while True:
        found = subprocess.run(
            ["xdotool", "search", "--onlyvisible", "--name", title],
            env=desktop.env,
            capture_output=True,
            text=True,
        ).stdout.split()
        if found:
            break
        assert time.monotonic() < deadline, f"no window {title}"
        time.sleep(0.1)
    subprocess.run(["xdotool", "windowmove", "--sync", found[0], str(x), str(y)], env=desktop.env, check=True)
    subprocess.run(["xdotool", "windowactivate", "--sync", found[0]], env=desktop.env, check=True)


@pytest.mark.parametrize(
    "keys",
    [
        ("holidays/object from cloud.bin",),
        ("holidays/Ünï €5 #1 100%.bin", "holidays/second.bin", "holidays/third.bin"),
    ],
)
def test_entries_dropped_on_a_file_manager_are_saved_into_the_folder_that_it_names(
    desktop: Desktop, tmp_path: Path, keys: tuple[str, ...]
) -> None:
    folder = tmp_path / f"a folder for {len(keys)}"
    folder.mkdir()
    desktop.start(["pcmanfm-qt", "--profile", "test", str(folder)], "pcmanfm-qt")
    placed(desktop, folder.name, 500, 60)
    source = f"source-{len(keys)}"
    program = [sys.executable, "-m", "tests.window.drag_source", *keys]
    started = desktop.start(program, source, cwd=str(ROOT))
    placed(desktop, "drag source", 20, 60)
    told = desktop.logs / f"{source}.log"

    desktop.drag((120, 160), (900, 420))

    desktop.until(lambda: f"save {folder}\n" in told.read_text(), "the folder was named")
    files = {key.rsplit("/", 1)[-1]: f"content of {key}" for key in keys}
    desktop.until(
        lambda: {path.name: path.read_text() for path in folder.iterdir()} == files, "the files came"
    )
    assert told.read_text().count("save ") == 1
    started.terminate()
