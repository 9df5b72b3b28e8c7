"""`python -m gui` in a checkout, `python -m skyferry` and the command `skyferry` when installed."""

from __future__ import annotations

import sys

try:
    from .app import main
except ModuleNotFoundError as missing:
    if (missing.name or "").split(".")[0] not in {
        "PySide6",
        "qasync",
        "keyring",
        "platformdirs",
        "truststore",
    }:
        raise
    # The library was installed alone; the window has more parts.
    sys.exit(f'skyferry: {missing.name} is not installed. Install the window: pip install "skyferry[gui]"')

if __name__ == "__main__":
    sys.exit(main())
