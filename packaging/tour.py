"""Tries a packaged Skyferry from outside, on any system: python packaging/tour.py PROGRAM [--screenshots DIR]

It says its version and its help, plays the guided tour in a profile of its own and paints pictures; nothing
is on standard error. Ends with 1 and a sentence otherwise. PROGRAM is the one with a console on Windows.
"""

from __future__ import annotations

import argparse
import subprocess
import sys
import tempfile
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
sys.path.insert(0, str(ROOT))

from storage_core import __version__  # noqa: E402 - the root is known only now

SECONDS = 300
PICTURES = 5
# What a system writes to the standard error of every program with a window; nothing of ours.
OF_THE_SYSTEM = {
    "darwin": ("IMKClient", "IMKInputSession"),  # macOS 15 and later: which input method it chose
}


class Failed(Exception):
    """What a packaged program did not do, as a sentence."""


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("program", type=Path)
    parser.add_argument("--screenshots", type=Path, help="keep the tour's pictures in this folder")
    options = parser.parse_args()
    try:
        play(options.program.resolve(), options.screenshots)
    except Failed as failure:
        print(f"{options.program}: {failure}", file=sys.stderr)
        return 1
    return 0


def play(program: Path, screenshots: Path | None = None) -> None:
    """Failed when the program is not as it should be."""
    if (said := run(program, "--version").strip()) != f"Skyferry {__version__}":
        raise Failed(f"--version says {said!r}")
    if "--portable" not in run(program, "--help"):
        raise Failed("--help does not tell of --portable")
    with tempfile.TemporaryDirectory(prefix="skyferry-tour-") as folder:
        pictures = (screenshots or Path(folder) / "pictures").resolve()
        run(program, "--tour", "--screenshots", str(pictures), "--portable", str(Path(folder) / "profile"))
        if (painted := len(list(pictures.glob("*.png")))) < PICTURES:
            raise Failed(f"the tour painted {painted} pictures, not {PICTURES} or more")
    print(f"{program}: the tour was played")


def run(program: Path, *arguments: str) -> str:
    """Its standard output."""
    try:
        done = subprocess.run(
            [str(program), *arguments],
            capture_output=True,
            text=True,
            encoding="utf-8",
            errors="replace",
            timeout=SECONDS,
        )
    except (OSError, subprocess.TimeoutExpired) as error:
        raise Failed(f"{' '.join(arguments)}: {error}") from error
    own = [line for line in done.stderr.splitlines() if line.strip() and not is_of_the_system(line)]
    if done.returncode != 0 or own:
        raise Failed("\n".join([f"{' '.join(arguments)} ended with {done.returncode}", *own, done.stdout]))
    return done.stdout


def is_of_the_system(line: str) -> bool:
    return any(words in line for words in OF_THE_SYSTEM.get(sys.platform, ()))


if __name__ == "__main__":
    sys.exit(main())
