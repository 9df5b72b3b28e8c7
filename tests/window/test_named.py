"""What is loaded only when it is wanted: each name is there, and the first window comes without it."""

from __future__ import annotations

import ast
import inspect
import re
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from gui.main_window.steering import FLOWS
from gui.named import named

ROOT = Path(__file__).parents[2]
PATH = re.compile(r"(?:flows|dialogs|pasted|network|tour)(?:\.\w+)+")
LATER = (
    "requests",
    "keyring",
    "PySide6.QtNetwork",
    "truststore",
    "gui.dialogs.account",
    "gui.tour",
    "gui.pasted",
)


def texts(path: Path) -> Iterator[str]:
    """Texts that name something of this package."""
    for node in ast.walk(ast.parse(path.read_text("utf-8"))):
        if isinstance(node, ast.Constant) and isinstance(node.value, str) and PATH.fullmatch(node.value):
            yield node.value


NAMES = sorted({name for path in (ROOT / "gui").rglob("*.py") for name in texts(path)})


def test_the_names_are_found() -> None:
    assert {*FLOWS.values(), "tour.play", "network.options", "dialogs.account.AccountDialog"} <= set(NAMES)


@pytest.mark.parametrize("name", NAMES)
def test_each_name_is_there(name: str) -> None:
    assert callable(named(name)) or isinstance(named(name), str)


@pytest.mark.parametrize("command", FLOWS)
def test_each_command_is_a_flow(command: str) -> None:
    assert inspect.iscoroutinefunction(named(FLOWS[command]))


def test_the_first_window_is_built_without_them() -> None:
    asked = f"import sys, gui.app; print([one for one in {LATER!r} if one in sys.modules])"
    run = subprocess.run(
        [sys.executable, "-c", asked], cwd=ROOT, capture_output=True, text=True, check=True, timeout=60
    )
    assert run.stdout == "[]\n"
