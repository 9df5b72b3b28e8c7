"""Help in the packed program: its guides, its licences and its report come from inside the bundle."""

from __future__ import annotations

from pathlib import Path

import pytest

from storage_core import __version__
from tests.stories.desktop import running_desktop
from tests.stories.reader import looks_for_help

pytestmark = [pytest.mark.timeout(200)]


def test_somebody_who_looks_for_help_finds_it_in_the_package(folder: Path, tmp_path: Path) -> None:
    with running_desktop(tmp_path) as desktop:
        report = looks_for_help(desktop, [str(folder / "skyferry")], str(tmp_path))
    assert report.startswith(f"Skyferry {__version__} (package)")
    assert "requests 2." in report
    assert "no google-auth" not in report
    assert "Keyring: the system keyring (Secret Service)" in report
