"""Help in the packed program: its guides, its licences and its report come from inside the bundle."""

from __future__ import annotations

import shutil
import signal
import subprocess
import time
from pathlib import Path

import pytest

from storage_core import __version__
from tests.packages.frozen import Bundle
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


def test_a_folder_called_skyferry_data_beside_it_makes_the_package_portable(
    folder: Path, bundle: Bundle, tmp_path: Path
) -> None:
    unpacked = tmp_path / "stick"
    shutil.copytree(folder, unpacked, symlinks=True)
    data = unpacked / "skyferry-data"
    data.mkdir()
    env = {**bundle.env, "QT_QPA_PLATFORM": "offscreen"}
    program = subprocess.Popen(
        [unpacked / "skyferry"],
        env=env,
        cwd=tmp_path,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )
    end = time.monotonic() + 60
    while not (data / "data" / "transfers.sqlite").exists():
        assert program.poll() is None, program.communicate()
        assert time.monotonic() < end
        time.sleep(0.05)
    program.send_signal(signal.SIGTERM)
    out, errors = program.communicate(timeout=60)
    assert (program.returncode, out, errors) == (0, "", "")
    assert {path.name for path in data.iterdir()} >= {"config", "data", "logs"}
    assert list(bundle.home.rglob("*")) == []
