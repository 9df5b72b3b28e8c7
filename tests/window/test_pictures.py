"""The script that takes the guide's pictures still can: it opens every dialog that the guide shows."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

from .pictures import GUIDE_FOLDER

ROOT = Path(__file__).parents[2]


@pytest.mark.slow
@pytest.mark.window
def test_every_picture_of_the_guide_can_be_taken_anew(tmp_path: Path) -> None:
    done = subprocess.run(
        [sys.executable, "-m", "tests.window.pictures", "--album", "guide", "light", "--to", str(tmp_path)],
        cwd=ROOT,
        env={**os.environ, "QT_QPA_PLATFORM": "offscreen"},
        capture_output=True,
        text=True,
        timeout=160,
        check=False,
    )
    assert done.returncode == 0, done.stderr[-4000:]
    taken = {path.name for path in (tmp_path / "help" / "pictures").iterdir()}
    assert taken == {path.name for path in GUIDE_FOLDER.iterdir()}
