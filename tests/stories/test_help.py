"""Help, from outside: the guide, About and its report, in the program as the README starts it."""

from __future__ import annotations

import sys
from pathlib import Path

import pytest

from storage_core import __version__
from tests.stories.desktop import running_desktop
from tests.stories.reader import looks_for_help

ROOT = Path(__file__).resolve().parents[2]
pytestmark = [pytest.mark.story, pytest.mark.timeout(200)]


def test_somebody_who_looks_for_help_finds_it_with_the_keyboard(tmp_path: Path) -> None:
    with running_desktop(tmp_path) as desktop:
        report = looks_for_help(desktop, [sys.executable, "-m", "gui"], str(ROOT))
    assert report.startswith(f"Skyferry {__version__} (source)")
    assert "Keyring: the system keyring (Secret Service)" in report
    assert "Qt platform xcb" in report
    assert str(tmp_path) not in report
