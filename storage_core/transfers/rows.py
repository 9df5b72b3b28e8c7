"""What the engine tells: frozen rows that any thread may keep. Sizes in bytes, times in seconds or UTC."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

from storage_core.transfers.specs import Ref


class State(StrEnum):
    """Where a job stands. The last four are ends; FAILED and CANCELLED ones can be retried."""

    WAITING = "waiting"
    RUNNING = "running"
    ASKING = "asking"  # a question waits for an answer; the other items of the job go on
    PAUSED = "paused"
    NEEDS_SIGN_IN = "needs sign-in"
    DONE = "done"
    DONE_WITH_SKIPS = "done with skips"
    FAILED = "failed"
    CANCELLED = "cancelled"

    @property
    def is_end(self) -> bool:
        """Whether nothing more happens by itself."""
        return self in (State.DONE, State.DONE_WITH_SKIPS, State.FAILED, State.CANCELLED)


@dataclass(frozen=True, slots=True)
class Question:
    """The target's name is taken. `name` as in the target; size -1 and time None where nobody knows."""

    id: int
    name: str
    source_size: int
    source_modified: datetime | None
    target_size: int
    target_modified: datetime | None


@dataclass(frozen=True, slots=True)
class JobRow:
    """One line of the transfer list. Two equal rows look the same."""

    id: int
    kind: str  # "upload", "download" or "copy"
    title: str
    source: str
    target: str
    state: State
    items_done: int = 0
    items_total: int = 0
    items_failed: int = 0
    items_skipped: int = 0
    bytes_done: int = 0
    bytes_total: int = 0
    planning: bool = False  # the totals still grow
    bytes_per_second: float = 0.0
    seconds_left: float | None = None
    current: str = ""
    error: str = ""  # the first problem, a sentence; "" when there is none
    question: Question | None = None
    target_ref: Ref | None = None
    folder: str = ""  # of a download
    source_ref: Ref | None = None  # the first source of a download or a copy


@dataclass(frozen=True, slots=True)
class Summary:
    """Counts of jobs, and the speed of all of them together."""

    running: int = 0
    waiting: int = 0
    done: int = 0
    failed: int = 0
    bytes_per_second: float = 0.0


@dataclass(frozen=True, slots=True)
class Changes:
    """What is new since a stamp: rows to put in place of the known ones, ids that are gone, the next stamp to
    ask with.
    """

    stamp: int
    rows: tuple[JobRow, ...] = ()
    removed: tuple[int, ...] = ()
    summary: Summary = Summary()


@dataclass(frozen=True, slots=True)
class ItemReport:
    """One file of a receipt."""

    name: str
    state: str  # "done", "skipped", "failed"; "waiting" while the job is not over
    reason: str
    size: int
    verified: str  # "md5 …", "size only" or ""
