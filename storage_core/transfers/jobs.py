"""A job while the engine knows it: its counters, its items that are at hand, and the row the window shows."""

from __future__ import annotations

import time
from collections import deque
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from typing import Any

from storage_core.base import StorageDriver
from storage_core.errors import StoppedError
from storage_core.transfers.journal import Entry, Journal, unpack
from storage_core.transfers.limits import Bandwidth
from storage_core.transfers.rows import JobRow, Question, State
from storage_core.transfers.specs import Conflict, DownloadSpec, Ref, Spec, UploadSpec, accounts_of, kind_of

SPEED_SECONDS = 4.0  # how far back the speed looks


@dataclass(slots=True)
class Item:
    """One file or object of a job, as the journal has it; from `planned` on, what only this run knows."""

    id: int
    root: int
    source: str  # a path of this computer, or an object's name
    target: str  # an object's name, or a path of this computer
    size: int
    stamp: str  # what must not have changed when a transfer is resumed
    decision: str
    doubt: bool  # an earlier attempt may have done some or all of it
    upload: str
    part_size: int  # 0: not begun in parts
    others: str  # ids of uploads that were open before ours, one a line
    note: str
    planned: int = 0  # bytes that the job's total counts for it
    attempts: int = 0
    trouble_since: float = 0.0  # time.monotonic(); 0: none
    not_before: float = 0.0

    @classmethod
    def from_row(cls, row: tuple[Any, ...]) -> Item:
        number, root, source, target, size, stamp, decision, doubt, upload, part_size, others, reason = row
        return cls(
            number, root, unpack(source), unpack(target), size, stamp, decision, bool(doubt),
            upload, part_size, others, reason, planned=size,
        )  # fmt: skip


@dataclass(frozen=True, slots=True)
class Done:
    """An item that is where it belongs. `verified` as in ItemReport; `note` for what a person should know."""

    size: int
    verified: str
    note: str = ""
    folder: str = ""  # where a file was put in place: synced before the journal says done


@dataclass(frozen=True, slots=True)
class Skipped:
    """An item that is not transferred, and why."""

    reason: str


@dataclass(frozen=True, slots=True)
class Ask:
    """An item that waits for a decision."""

    question: Question


class Job:
    """Guarded by the crew's lock; only `settled`, meters and `is_stopping` are read without it."""

    def __init__(self, number: int, spec: Spec, conflict: Conflict, state: State) -> None:
        self.id = number
        self.spec = spec
        self.kind = kind_of(spec)
        self.conflict = conflict
        self.state = state
        self.error = ""
        self.accounts = accounts_of(spec)
        self.planned = False
        self.planner: Iterator[Entry] | None = None
        self.is_planning = False  # a worker is at it
        self.is_fetching = False
        self.is_stopping = False
        self.is_removed = False
        self.is_sweeping = False
        self.has_failed = False  # its planning did
        self.dirty = False  # uploads or part files may have to be swept
        self.unfetched = 0  # waiting items that only the journal knows
        self.asked: dict[int, tuple[Item, Question]] = {}  # in the order of asking
        self.plan_next = True  # planning and transferring take turns
        self.ready: deque[Item] = deque()
        self.later: list[Item] = []  # waiting for the network
        self.large: list[Any] = []  # LargeFile: files that are moved in parts
        self.active = 0  # workers that are at this job
        self.meters: set[Meter] = set()
        self.current = ""
        self.not_before = 0.0
        self.trouble_since = 0.0
        self.tried_since = 0.0  # what failed before a person said "again" does not count
        self.items_done = self.items_total = self.items_failed = self.items_skipped = 0
        self.bytes_total = self.settled = 0
        self.stamp = 0
        self.samples: deque[tuple[float, int]] = deque()
        self.speed = 0.0
        self._title, self._source, self._target = _texts(spec)

    @property
    def bytes_done(self) -> int:
        """Bytes of finished items and parts, and of those that are moving."""
        return self.settled + sum(meter.moved for meter in tuple(self.meters))

    @property
    def question(self) -> Question | None:
        """The first one that waits for its answer."""
        return next(iter(self.asked.values()))[1] if self.asked else None

    @property
    def is_idle(self) -> bool:
        """Whether nobody is at it and nothing but questions is left."""
        return not (self.active or self.ready or self.later or self.large or self.unfetched) and self.planned

    def add_counts(self, counts: list[tuple[str, int, int]]) -> None:
        """What the journal knows of the items: (state, how many, bytes)."""
        for state, count, size in counts:
            self.items_total += count
            if state != "skipped":
                self.bytes_total += size
            if state == "done":
                self.items_done += count
                self.settled += size
            elif state == "failed":
                self.items_failed += count
            elif state == "skipped":
                self.items_skipped += count
            else:
                self.unfetched += count

    def sample(self) -> None:
        """Look at the counters for the speed; called when somebody asks for rows."""
        now, done = time.monotonic(), self.bytes_done
        if self.samples and now - self.samples[-1][0] < 0.05:
            return
        self.samples.append((now, done))
        while len(self.samples) > 2 and now - self.samples[0][0] > SPEED_SECONDS:
            self.samples.popleft()
        (then, before) = self.samples[0]
        self.speed = max(0.0, (done - before) / (now - then)) if now > then else 0.0

    def rest(self) -> None:
        """No speed while nothing runs."""
        self.samples.clear()
        self.speed = 0.0

    def row(self) -> JobRow:
        """As the window shows it."""
        done = self.bytes_done
        left = None
        if self.speed > 0 and self.planned:
            left = max(0, self.bytes_total - done) / self.speed
        target = None if isinstance(self.spec, DownloadSpec) else self.spec.target
        state = self.state
        if self.question is not None and state in (State.RUNNING, State.WAITING):
            state = State.ASKING
        return JobRow(
            id=self.id, kind=self.kind, title=self._title, source=self._source, target=self._target,
            state=state, items_done=self.items_done, items_total=self.items_total,
            items_failed=self.items_failed, items_skipped=self.items_skipped, bytes_done=done,
            bytes_total=self.bytes_total, planning=not self.planned and not state.is_end,
            bytes_per_second=self.speed, seconds_left=left, current=self.current, error=self.error,
            question=self.question, target_ref=target,
            folder=self.spec.folder if isinstance(self.spec, DownloadSpec) else "",
            source_ref=None if isinstance(self.spec, UploadSpec) else self.spec.sources[0],
        )  # fmt: skip


class Meter:
    """The Watch of one unit of work: counts into a plain int that no other thread writes, stops, keeps the
    rate.
    """

    __slots__ = ("_bandwidth", "_is_stopped", "job", "moved")

    def __init__(self, job: Job, bandwidth: Bandwidth, is_stopped: Callable[[], bool]) -> None:
        self.job = job
        self.moved = 0
        self._bandwidth = bandwidth
        self._is_stopped = is_stopped

    def __call__(self, count: int) -> None:
        self.moved += count
        self.check()
        if count > 0:
            self._bandwidth.spend(count, self._stops)
            self.check()

    def check(self) -> None:
        """StoppedError when the job is to stop."""
        if self._stops():
            raise StoppedError("The transfer was stopped.")

    def _stops(self) -> bool:
        return self.job.is_stopping or self._is_stopped()


@dataclass(slots=True)
class Work:
    """What moving one item needs."""

    job: Job
    item: Item
    journal: Journal
    driver: Callable[[str], StorageDriver]  # by account id
    decision: Conflict = field(init=False)

    def __post_init__(self) -> None:
        self.decision = Conflict(self.item.decision) if self.item.decision else self.job.conflict

    @property
    def source_ref(self) -> Ref:
        """Where the item comes from, for downloads and copies."""
        if isinstance(self.job.spec, UploadSpec):
            raise TypeError("an upload comes from this computer")
        root = self.job.spec.sources[self.item.root]
        return Ref(root.account, root.container, self.item.source)

    @property
    def target_ref(self) -> Ref:
        """Where the item goes, for uploads and copies."""
        if isinstance(self.job.spec, DownloadSpec):
            raise TypeError("a download goes to this computer")
        return Ref(self.job.spec.target.account, self.job.spec.target.container, self.item.target)

    @property
    def part_path_token(self) -> str:
        """Sets this item's part file apart from all others, and is known again after a crash."""
        return f"{self.journal.token}-{self.item.id}"


def _texts(spec: Spec) -> tuple[str, str, str]:
    """Title, source and target for people."""
    if isinstance(spec, UploadSpec):
        names = [path.rstrip("/\\").replace("\\", "/").rsplit("/", 1)[-1] or path for path in spec.paths]
        source = spec.paths[0] if len(spec.paths) == 1 else f"{len(spec.paths)} items"
    else:
        names = [ref.key.rstrip("/").rsplit("/", 1)[-1] or ref.container for ref in spec.sources]
        source = spec.sources[0].text if len(spec.sources) == 1 else f"{len(spec.sources)} items"
    title = names[0] if len(names) == 1 else f"{names[0]} and {len(names) - 1} more"
    return title, source, spec.folder if isinstance(spec, DownloadSpec) else spec.target.text
