"""The crew: worker threads that take one unit of work at a time (a part, a file, a slice of planning) from
the jobs in turn.
"""

from __future__ import annotations

import logging
import threading
import time
from collections.abc import Callable
from functools import partial

from storage_core.base import StorageDriver
from storage_core.base.uploading import WHOLE_MAX
from storage_core.errors import LibcloudError, ObjectHashMismatchError, StoppedError
from storage_core.transfers import copying, download, upload
from storage_core.transfers.jobs import Ask, Done, Item, Job, Meter, Skipped, Work
from storage_core.transfers.journal import ITEM_COLUMNS, Entry, Journal
from storage_core.transfers.large import STREAMS_PER_FILE, LargeFile
from storage_core.transfers.limits import Bandwidth, Memory
from storage_core.transfers.planning import plan
from storage_core.transfers.roster import Roster
from storage_core.transfers.rows import State
from storage_core.transfers.settling import Settling, SignInNeeded
from storage_core.transfers.specs import Conflict
from storage_core.wire import stoppable

log = logging.getLogger(__name__)

Unit = Callable[[], None]
DriverFor = Callable[[str], StorageDriver | None]

FETCH = 64  # items taken from the journal at once
LOOK_AHEAD = 10_000  # planned items that may wait before planning waits for them
PLAN_ENTRIES, PLAN_SECONDS = 500, 0.2  # one slice of planning
ASKED_MAX = 1_000  # open questions of a job before its other items wait too
LATER_MAX = 8  # items in network trouble before no others of the job are tried
SWEEPERS = 2  # workers that tidy up at once: a server that is silent must not hold all of them
SWEEP_SECONDS = 3.0  # for tidying up when the engine stops; the next start does the rest
_STARTS = {"upload": upload.begin, "download": download.begin, "copy": copying.begin}


class Crew:
    """Units run without the roster's lock; choosing one and telling how it ended want it."""

    def __init__(
        self,
        roster: Roster,
        journal: Journal,
        driver_for: DriverFor,
        workers: int,
        memory: int,
        patience: float,
    ) -> None:
        self.roster = roster
        self.journal = journal
        self.bandwidth = Bandwidth()
        self._settling = Settling(roster, patience)
        self._memory = Memory(memory)
        self._driver_for = driver_for
        self._workers = workers
        self._threads: list[threading.Thread] = []
        self._is_stopping = False
        self._sweeping = 0  # workers that are at it
        self._sweeps_end = 0.0  # time.monotonic(), once the engine is stopping

    def begin(self) -> None:
        """Start the workers."""
        for number in range(self._workers):
            # Daemons: a request that hangs must not keep the program from ending; the journal knows it all.
            thread = threading.Thread(target=self._work, name=f"skyferry transfer {number + 1}", daemon=True)
            self._threads.append(thread)
            thread.start()

    def stop(self, timeout: float) -> bool:
        """End the workers (called without the lock); False when one is still stuck in a request."""
        deadline = time.monotonic() + timeout
        with self.roster.lock:
            self._sweeps_end = time.monotonic() + min(SWEEP_SECONDS, timeout / 2)
            self._is_stopping = True
            self.roster.lock.notify_all()
        for thread in self._threads:
            thread.join(max(0.0, deadline - time.monotonic()))
        return not any(thread.is_alive() for thread in self._threads)

    def _work(self) -> None:
        while True:
            with self.roster.lock:
                while (unit := self._next()) is None:
                    if self._is_stopping:
                        return
                    self.roster.lock.wait(
                        0.1 if any(job.later or job.not_before for job in self.roster.running) else 5.0
                    )
            unit()

    def _next(self) -> Unit | None:
        may_sweep = self._sweeping < SWEEPERS and not (self.roster.trouble or self._is_late())
        if self.roster.sweeps and may_sweep:
            job = self.roster.sweeps.popleft()
            job.is_sweeping = True
            self._sweeping += 1
            return partial(self._run_sweep, job)
        if self._is_stopping or self.roster.trouble:
            return None
        for _ in range(len(self.roster.running)):
            job = self.roster.running[0]
            self.roster.running.rotate(-1)
            if unit := self._unit_of(job):
                return unit
        while self.roster.queue:
            job = self.roster.queue.popleft()
            self.roster.running.append(job)
            self.roster.set_state(job, State.RUNNING)
            if unit := self._unit_of(job):
                return unit
            self.roster.look_after(job)
        return None

    def _unit_of(self, job: Job) -> Unit | None:
        if (
            job.is_stopping
            or job.is_sweeping
            or job in self.roster.sweeps
            or job.not_before > time.monotonic()
        ):
            return None
        job.not_before = 0.0
        for large in job.large:
            is_open = large.error is None and large.pending and large.active < STREAMS_PER_FILE
            if is_open and self._memory.take(large.cost_of()):
                large.active += 1
                return self._unit(job, self._run_part, large, large.pending.popleft())
        now = time.monotonic()
        for item in [item for item in job.later if item.not_before <= now]:
            job.later.remove(item)
            job.ready.appendleft(item)
        if self._wants_plan(job):
            job.is_planning, job.plan_next = True, False
            return self._unit(job, self._run_plan)
        if job.unfetched and not job.is_fetching and len(job.ready) < self._workers:
            job.is_fetching = True
            return self._unit(job, self._run_fetch)
        if (
            job.ready
            and len(job.later) < LATER_MAX
            and len(job.asked) < ASKED_MAX
            and len(job.large) < self._workers
        ):
            cost = 0 if job.kind == "download" else min(job.ready[0].size, WHOLE_MAX)
            if self._memory.take(cost):
                job.plan_next = True
                return self._unit(job, self._run_item, job.ready.popleft(), cost)
        return None

    def _wants_plan(self, job: Job) -> bool:
        if job.planned or job.is_planning or job.unfetched > LOOK_AHEAD:
            return False
        return job.plan_next or not (job.ready or job.unfetched)

    def _unit(self, job: Job, run: Callable[..., None], *arguments: object) -> Unit:
        job.active += 1
        return partial(run, job, *arguments)

    def _driver(self, account: str) -> StorageDriver:
        driver = self._driver_for(account)
        if driver is None:
            raise SignInNeeded("Sign in to the account to go on.")
        return driver

    def _meter(self, job: Job) -> Meter:
        return Meter(job, self.bandwidth, lambda: self._is_stopping)

    def _run_plan(self, job: Job) -> None:
        error: Exception | None = None
        new: list[Entry] = []
        known, is_over = 0, False
        try:
            with stoppable(self._meter(job).check):
                entries, is_over = self._plan_on(job)
            # Only on a disk does nobody put two files under one name at the same time: see put_in_place.
            keep_both = job.kind == "download" and job.conflict is Conflict.KEEP_BOTH
            new, known = self.journal.add_items(job.id, entries, keep_both=keep_both)
            if is_over:
                self.journal.write("UPDATE jobs SET planned=1 WHERE id=?", job.id)
        except Exception as caught:
            error, job.planner, is_over = (
                caught,
                None,
                False,
            )  # a generator that raised is over: the next one begins anew
        with self.roster.lock:
            job.is_planning = False
            for entry in new:
                self._settling.count(job, entry.state, entry.size, entry.reason)
            if is_over:
                job.planned, job.planner = True, None
            if error is not None:
                self._settling.fail(job, None, error)
            elif new or known:
                job.trouble_since = 0.0
            self.roster.leave(job)

    def _plan_on(self, job: Job) -> tuple[list[Entry], bool]:
        """The next entries of a job, and whether they are its last."""
        job.planner = job.planner or plan(job.spec, self._driver)
        entries, until = [], time.monotonic() + PLAN_SECONDS
        for entry in job.planner:
            entries.append(entry)
            is_late = len(entries) >= PLAN_ENTRIES or time.monotonic() > until
            if is_late or job.is_stopping or self._is_stopping:
                return entries, False
        return entries, True

    def _run_fetch(self, job: Job) -> None:
        error: Exception | None = None
        items: list[Item] = []
        try:
            items = [Item.from_row(row) for row in self.journal.next_items(job.id, FETCH)]
        except Exception as caught:
            error = caught
        with self.roster.lock:
            job.is_fetching = False
            job.unfetched = job.unfetched - len(items) if items else 0 if error is None else job.unfetched
            job.ready.extend(items)
            if error is not None:
                self._settling.fail(job, None, error)
            self.roster.leave(job)

    def _run_item(self, job: Job, item: Item, cost: int) -> None:
        meter = self._enter(job, item)
        work = Work(job, item, self.journal, self._driver)
        outcome: Done | Skipped | Ask | LargeFile | Exception
        try:
            meter.check()
            with stoppable(meter.check):
                outcome = _STARTS[job.kind](work, meter)
                if isinstance(outcome, LargeFile) and not outcome.pending:
                    outcome = self._finished(outcome, meter)
        except Exception as caught:
            outcome = caught
        self._memory.give_back(cost)
        with self.roster.lock:
            job.meters.discard(meter)
            if isinstance(outcome, LargeFile):
                job.large.append(outcome)
                job.dirty = True
                job.settled += outcome.settled
            else:
                self._settling.settle(job, item, outcome, 0)
            self.roster.leave(job)

    def _finished(self, large: LargeFile, meter: Meter) -> Done | Skipped | Ask:
        try:
            return large.finish(meter)
        finally:
            large.close()

    def _run_part(self, job: Job, large: LargeFile, number: int) -> None:
        item = large.work.item
        meter = self._enter(job, item)
        error: Exception | None = None
        try:
            meter.check()
            with stoppable(meter.check):
                large.run(number, meter)
        except Exception as caught:
            error = caught
        self._memory.give_back(large.cost_of())
        with self.roster.lock:
            job.meters.discard(meter)
            large.active -= 1
            if error is None:
                size = large.extent(number)[1]
                large.settled += size
                job.settled += size
                item.trouble_since = job.trouble_since = 0.0  # progress that lasts
                self.roster.clear_error(job)
            else:
                large.error = large.error or error
            is_last = (
                not large.active and large in job.large and (large.error is not None or not large.pending)
            )
            if not is_last:
                self.roster.leave(job)
                return
            job.large.remove(large)
        self._finish_large(job, large)

    def _finish_large(self, job: Job, large: LargeFile) -> None:
        """The last worker at a large file makes it complete, or settles its failure."""
        meter = self._meter(job)
        outcome: Done | Skipped | Ask | Exception
        try:
            with stoppable(meter.check):
                if large.error is not None:
                    large.close()
                    outcome = large.error
                    if isinstance(outcome, ObjectHashMismatchError):
                        self._sweep_item(large.work)  # which part is wrong nobody knows: none is used again
                else:
                    outcome = self._finished(large, meter)
        except Exception as caught:
            outcome = caught
        with self.roster.lock:
            if isinstance(outcome, Done):
                self._settling.settle(job, large.work.item, outcome, large.settled)
            else:
                job.settled -= large.settled
                self._settling.settle(job, large.work.item, outcome, 0)
            self.roster.leave(job)

    def _enter(self, job: Job, item: Item) -> Meter:
        meter = self._meter(job)
        with self.roster.lock:
            job.meters.add(meter)
            job.current = item.source
        return meter

    def _run_sweep(self, job: Job) -> None:
        """Abort open uploads and remove part files: all of a job that is not to go on, else those of failed
        items.
        """
        is_over = job.state is State.CANCELLED or job.is_removed
        which = "state<>'done'" if is_over else "state='failed'"
        try:
            rows = self.journal.read(
                f"SELECT {ITEM_COLUMNS} FROM items"  # noqa: S608 - our own words
                f" WHERE job=? AND {which} AND (part_size>0 OR doubt OR state='running')",
                job.id,
            )
            with stoppable(self._check_late):
                for row in rows:
                    self._check_late()
                    self._sweep_item(Work(job, Item.from_row(row), self.journal, self._driver))
            if is_over:
                self.journal.write("UPDATE jobs SET dirty=0 WHERE id=?", job.id)
                job.dirty = False
                for item in job.ready:
                    item.part_size, item.upload = 0, ""
        except (LibcloudError, OSError) as error:
            log.warning("job %s could not be swept yet: %s", job.id, error)  # the next start tries again
        with self.roster.lock:
            self._sweeping -= 1
            job.is_sweeping = False
            if job.is_removed and not job.dirty:
                self.roster.forget(job)
            self.roster.lock.notify_all()

    def _is_late(self) -> bool:
        """Whether the time for tidying up is over."""
        return self._is_stopping and time.monotonic() > self._sweeps_end

    def _check_late(self) -> None:
        if self._is_late():
            raise StoppedError("The rest is tidied up at the next start.")

    def _sweep_item(self, work: Work) -> None:
        (download.discard if work.job.kind == "download" else upload.sweep)(work)
