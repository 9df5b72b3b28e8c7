"""*Write a driver* is followed to the letter: its files, its edits, its commands, in a copy of this tree.

A fence that a line such as "`mine/webdav_driver.py`:" introduces becomes that file; *continued* appends to
it; *above*, *below* and *at the end* change a file of the tree. Fences of `sh` run as they are, in the folder
that the text names. Only the port is replaced, and what the tests' environment has is not installed again.
"""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import pytest

from storage_core import providers
from tests.servers.processes import Command, answers, free_ports, logs_folder, running, wait_until

ROOT = Path(__file__).parents[2]
PAGE = (ROOT / "resources/help/write-a-driver.md").read_text("utf-8")
FENCE = re.compile(r"([^\n]*)\n\n```(\w+)\n(.*?)^```$", re.M | re.S)
PLACE = re.compile(r"`([\w./-]+)`(?:, (continued|at the end|above `(.+)`|below `(.+)`))?:")
COPIED = ("storage_core", "tests", "resources/help", "pyproject.toml", "README.md")
INSTALL = "pip install wsgidav cheroot\n"
START = "mkdir store\nwsgidav --config wsgidav.yaml\n"
PORT = "8088"


@dataclass(frozen=True, slots=True)
class Fence:
    """A block of code, and the line of text before it."""

    before: str
    language: str
    code: str

    @property
    def place(self) -> re.Match[str] | None:
        """The file that it is about."""
        return PLACE.fullmatch(self.before)


def part(heading: str) -> list[Fence]:
    """The fences below a heading."""
    _, found, rest = PAGE.partition(f"\n## {heading}\n")
    assert found, f"the page has no part {heading!r}"
    return [Fence(*fence) for fence in FENCE.findall(rest.partition("\n## ")[0])]


class Desk:
    """The two folders that the page speaks of, and a reader who does what it says."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.port = free_ports(1)[0]
        self.changed = {"storage_core/drivers/webdav.py"}
        (folder / "mine").mkdir()
        for name in COPIED:
            target = folder / "skyferry" / name
            target.parent.mkdir(parents=True, exist_ok=True)
            if (ROOT / name).is_dir():
                shutil.copytree(ROOT / name, target, ignore=shutil.ignore_patterns("__pycache__"))
            else:
                shutil.copy(ROOT / name, target)

    def follow(self, heading: str, where: str) -> list[str]:
        """Does a part of the page from top to bottom; gives back what its commands said."""
        said = []
        for fence in part(heading):
            if fence.place:
                self.write(fence, fence.place)
            elif fence.language == "sh":
                said.append(self.run(fence.code, where))
        return said

    def write(self, fence: Fence, place: re.Match[str]) -> None:
        """Makes or changes a file."""
        name, how, above, below = place.groups()
        path, code = self.folder / name, fence.code.replace(PORT, str(self.port))
        self.changed |= {name.removeprefix("skyferry/")} if name.startswith("skyferry/") else set()
        if not how:
            assert not path.exists(), f"{name} is there already"
            path.write_text(code, "utf-8")
            return
        text = path.read_text("utf-8")
        if how == "continued":
            gap = "\n\n" if code.startswith(("class ", "def ")) else "\n"
            text += gap + code
        elif how == "at the end":
            text += code
        else:
            lines = text.splitlines(keepends=True)
            [at, *_] = [number for number, line in enumerate(lines) if (above or below) in line]
            lines.insert(at if above else at + 1, code)
            text = "".join(lines)
        path.write_text(text, "utf-8")

    def run(self, commands: str, where: str) -> str:
        """Runs commands in one of the folders, as in a terminal; they must succeed."""
        path = f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}"
        env = {key: value for key, value in os.environ.items() if not key.startswith(("PYTEST", "PYTHON"))}
        done = subprocess.run(
            ["sh", "-e", "-c", commands],
            cwd=self.folder / where,
            env={**env, "PATH": path},
            capture_output=True,
            text=True,
            timeout=300,
            check=False,
        )
        assert done.returncode == 0, f"{commands}\n{done.stdout[-6000:]}{done.stderr[-3000:]}"
        return done.stdout


@contextmanager
def wsgidav(desk: Desk) -> Iterator[None]:
    """The server of the page, started as it says."""
    path = f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}"
    command = Command("wsgidav", ["sh", "-e", "-c", START], env={"PATH": path}, cwd=str(desk.folder / "mine"))
    with running([command], logs_folder("wsgidav")) as group:
        wait_until(lambda: answers(desk.port), 60, group, "wsgidav")
        yield


def passed(said: str) -> list[int]:
    """How many tests each run of pytest has had; none of them failed or was skipped."""
    return [int(count) for count in re.findall(r"^(\d+) passed(?:, \d+ deselected)? in ", said, re.M)]


@pytest.mark.timeout(600)
def test_a_driver_is_written_as_the_page_says_and_keeps_the_contract(tmp_path: Path) -> None:
    desk = Desk(tmp_path)
    install, folders, config, start = part("A server to write against")
    assert (install.code, start.code) == (INSTALL, START)
    assert "mine/" in folders.code
    assert config.place
    desk.write(config, config.place)
    with wsgidav(desk):
        assert desk.follow("The driver", "mine") == []
        [promised] = [fence.code for fence in part("Use it") if fence.language == "text"]
        assert desk.follow("Use it", "mine") == [promised]
        contract, pairs = desk.follow("Have it judged", "skyferry")
        assert passed(contract)[0] > 145
        assert passed(pairs) == [12]
        driver = desk.folder / "mine/webdav_driver.py"
        sound = driver.read_text("utf-8")
        driver.write_text(sound.replace('("PUT", staged,', '("PUT", f"{container.name}/{object_name}",'))
        breaks = "test_a_source_that_breaks_leaves_what_was_there"
        assert f"`{breaks}` fails" in PAGE
        judge = "python -m pytest tests/conformance --services ../mine/webdav_services.py"
        assert f"FAILED tests/conformance/test_contract.py::{breaks}[webdav]" in desk.run(
            f'! {judge} -k "webdav and {breaks}" -q', "skyferry"
        )
        driver.write_text(sound)
    _, said = desk.follow("Into the tree", "skyferry")
    contract_in_tree, others = passed(said)
    assert contract_in_tree == passed(contract)[0]
    assert others > 200
    assert "| WebDAV server | `webdav` |" in (tmp_path / "skyferry/README.md").read_text("utf-8")
    changed = " ".join(sorted(desk.changed))
    desk.run(f"python -m ruff check {changed}; python -m ruff format --check {changed}", "skyferry")
    desk.run("python -m mypy storage_core/drivers/webdav.py", "skyferry")


def test_a_row_of_ones_own_is_a_driver(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(providers, "_ROWS", dict(providers._ROWS))
    monkeypatch.setattr(providers, "_classes", dict(providers._classes))
    [fence] = part("An S3-compatible service is a row")
    exec(compile(fence.code, "<a row>", "exec"), {})
    assert f"It prints `{capsys.readouterr().out.strip()}`." in PAGE


def test_every_fence_of_the_page_is_used() -> None:
    headings = re.findall(r"^## (.+)$", PAGE, re.M)
    known = {"A server to write against", "The driver", "Use it", "Have it judged", "Into the tree"}
    others = [fence for heading in headings if heading not in known for fence in part(heading)]
    assert [fence.language for fence in others] == ["python"]  # the row
    for heading in known - {"A server to write against"}:
        for fence in part(heading):
            assert fence.place or fence.language in ("sh", "text"), fence.before
    assert PAGE.count("\n```") == 2 * sum(len(part(heading)) for heading in headings)
