"""Runs an async test as the application runs: on the GUI thread, in a qasync loop of its own.

def test_something(qapp):
    @run
    async def _():
        await until(lambda: ..., 5)
"""

from __future__ import annotations

from collections.abc import Callable, Coroutine
from typing import Any

from gui import background

SECONDS = 60.0


def run(main: Callable[[], Coroutine[Any, Any, object]]) -> None:
    """What the coroutine raises comes out here."""

    async def whole() -> int:
        await background.within(SECONDS, main())
        return 0

    try:
        background.run(whole)
    finally:
        background.finish(2)
