"""`python -m gui` in a checkout, `python -m skyferry` and the command `skyferry` when installed.

The library can be installed alone. Then `--version` and `--help` answer, and who asks for the window gets the
one line that brings it.
"""

from __future__ import annotations

import argparse
import gc
import sys
from collections.abc import Sequence
from importlib import import_module
from importlib.util import find_spec
from typing import Protocol, cast

from .options import parse

# What the window imports beside the library; all of it comes with the extra `gui`.
PARTS = ("PySide6", "shiboken6", "qasync", "keyring", "platformdirs", "truststore", "yaml")


class _App(Protocol):
    def main(self, arguments: argparse.Namespace) -> int: ...


def main(arguments: Sequence[str] | None = None) -> int:
    """The program. Returns its exit code: 1 where parts of the window are not installed."""
    options = parse(arguments)
    missing = [name for name in PARTS if find_spec(name) is None]
    if missing:
        print(
            f"skyferry: the window needs {', '.join(missing)}, which this Python does not have. "
            'This brings it: pip install "skyferry[all]"',
            file=sys.stderr or sys.__stdout__,
        )
        return 1
    # Imported now and not above: a fault in there is shown whole, never taken for a part that is missing.
    gc.disable()  # modules stay: to look for garbage among them over and over is a tenth of the time
    app = cast(_App, import_module(".app", __package__))
    gc.enable()
    return app.main(options)


if __name__ == "__main__":
    sys.exit(main())
