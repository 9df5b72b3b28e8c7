"""Work that takes a while and is no transfer: a thread counts, a window shows it, Cancel ends it."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import TypeVar

from PySide6.QtWidgets import QWidget

from storage_core.errors import StoppedError

from ..background import in_thread, pause, start
from ..dialogs.work import WorkDialog

T = TypeVar("T")
LOOK_SECONDS = 0.1


@dataclass(slots=True, weakref_slot=True)  # Qt connects to its methods by weak reference
class Progress:
    """Written by the thread, read by the window; each is one assignment, so nothing needs a lock."""

    done: int = 0
    total: int = 0  # 0: nobody knows
    size: int = 0  # bytes
    name: str = ""
    stopping: bool = False
    over: bool = False

    def stop(self) -> None:
        """Ask the thread to end at its next step."""
        self.stopping = True

    def step(self, count: int = 1, size: int = 0, name: str = "") -> None:
        """Called by the thread. StoppedError when somebody asked for the stop."""
        if self.stopping:
            raise StoppedError("Stopped.")
        self.done += count
        self.size += size
        self.name = name or self.name


async def with_progress(
    parent: QWidget, heading: str, work: Callable[[Progress], T], *, account: str, total: int = 0
) -> T:
    """Run `work(progress)` in a thread of the account; what it raises comes out here."""
    progress = Progress(total=total)
    dialog = WorkDialog(heading, parent)
    dialog.cancelled.connect(progress.stop)
    start(shown_in(progress, lambda: dialog.report(progress.done, progress.total, progress.name)), dialog)
    try:
        return await in_thread(work, progress, account=account)
    finally:
        progress.over = True
        progress.stop()  # when the flow was cancelled, the thread must not go on unseen
        dialog.over()


async def shown_in(progress: Progress, show: Callable[[], object]) -> None:
    """Call `show` ten times a second until the work is over."""
    while not progress.over:
        show()
        await pause(LOOK_SECONDS)
