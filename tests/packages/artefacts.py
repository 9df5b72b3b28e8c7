"""What `dev.py package` has built, in dist/ or where SKYFERRY_DIST says."""

from __future__ import annotations

import os
from pathlib import Path

from storage_core import __version__ as VERSION

ROOT = Path(__file__).resolve().parents[2]
DIST = Path(os.environ.get("SKYFERRY_DIST", ROOT / "dist"))

__all__ = ["DIST", "ROOT", "VERSION", "artefact"]


def artefact(pattern: str) -> Path:
    """The one file or folder of that name in DIST. AssertionError when it is not there, or not alone."""
    found = sorted(DIST.glob(pattern))
    assert len(found) == 1, f"{pattern} in {DIST}: {[one.name for one in found]}; run: python3 dev.py package"
    return found[0]
