"""Copies the app out of the disk image, plays the tour from there, removes it: packaging/macos/try_image.py

*not run* yet; for CI. The image is mounted read-only and in no Finder window.
"""

from __future__ import annotations

import os
import subprocess
import sys
import tempfile
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
APP = "Skyferry.app"


def main() -> int:
    (image,) = (ROOT / "dist").glob("skyferry-*.dmg")
    with tempfile.TemporaryDirectory(prefix="skyferry-image-") as folder:
        volume, installed = Path(folder) / "volume", Path(folder) / "Applications" / APP
        run("hdiutil", "attach", str(image), "-readonly", "-nobrowse", "-mountpoint", str(volume))
        try:
            if (volume / "Applications").readlink() != Path("/Applications"):
                raise SystemExit("the image has no link to the folder of applications")
            installed.parent.mkdir()
            run("ditto", str(volume / APP), str(installed))
        finally:
            run("hdiutil", "detach", str(volume))
        run("codesign", "--verify", "--deep", "--strict", str(installed))
        if os.environ.get("SKYFERRY_NOTARY_PROFILE"):
            run("spctl", "--assess", "--type", "execute", "--verbose", str(installed))
        program = installed / "Contents" / "MacOS" / "skyferry"
        run(sys.executable, str(ROOT / "packaging" / "tour.py"), str(program))
    print("copied out of the image, played the tour, removed")
    return 0


def run(*command: str) -> None:
    subprocess.run(command, check=True)


if __name__ == "__main__":
    sys.exit(main())
