"""`python -m gui` in a checkout, `python -m skyferry` and the command `skyferry` when installed."""

from __future__ import annotations

import sys

from .app import main

if __name__ == "__main__":
    sys.exit(main())
