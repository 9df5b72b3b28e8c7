"""What the first window does without: named by its path in this package, loaded when it is first wanted.

    named("flows.connect.add_account")(app, window)

Flows, dialogs and the tour are a third of all there is to load, and while the window opens nobody has asked
for them. As with the drivers in the table of providers, the path is a text; test_named.py looks each of them
up. On the GUI thread only: much of it is Qt's.
"""

from __future__ import annotations

from importlib import import_module
from typing import Any


def named(path: str) -> Any:
    """`module.name`, below this package. ImportError and AttributeError: there is none."""
    module, _, name = path.rpartition(".")
    return getattr(import_module(f".{module}", __package__), name)
