"""The window on Wayland, where most Linux desktops are: a real compositor, and the whole tour on it."""

import subprocess
import sys
from pathlib import Path

from tests.servers import weston

ROOT = Path(__file__).parents[2]


def test_the_tour_plays_on_wayland(tmp_path):
    home = tmp_path / "home"
    home.mkdir()
    with weston.running() as env:
        played = subprocess.run(
            [sys.executable, "-m", "gui", "--portable", str(tmp_path / "profile"), "--tour"],
            env={**env, "HOME": str(home), "PYTHONWARNINGS": "error"},
            cwd=ROOT,
            capture_output=True,
            text=True,
            timeout=150,
        )
    assert (played.returncode, played.stderr) == (0, ""), played.stdout + played.stderr
    assert "every byte is the same" in played.stdout
