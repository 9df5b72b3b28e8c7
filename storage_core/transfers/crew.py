"""The crew: worker threads that take one unit of work at a time (a part, a file, a slice of planning) from
the jobs in turn, and what becomes of a unit that ended well, badly, or because somebody asked for a stop."""

from __future__ import annotations

import errno
import logging
import random
import threading
import time
from collections import deque
from collections.abc import Callable
from functools import partial

from storage_core.base import StorageDriver
from storage_core.base.uploading import WHOLE_MAX
from storage_core.errors import (
    DiskFullError,
    InvalidCredsError,
    LibcloudError,
    LocalFileError,
    ObjectChangedError,
    ObjectDoesNotExistError,
    ObjectHashMismatchError,
    SourceChangedError,
    StoppedError,
)
from storage_core.transfers import copying, download, upload
from storage_core.transfers.board import Board
from storage_core.transfers.jobs import Ask, Done, Item, Job, Meter, Skipped, Work
from storage_core.transfers.journal import ITEM_COLUMNS, Entry, Journal, JournalError
from storage_core.transfers.large import STREAMS_PER_FILE, LargeFile
from storage_core.transfers.limits import Bandwidth, Memory
from storage_core.transfers.planning import plan
from storage_core.transfers.rows import State
from storage_core.transfers.specs import Conflict

log = logging.getLogger(__name__)

Unit = Callable[[], None]
DriverFor = Callable[[str], StorageDriver | None]

FETCH = 64  # items taken from the journal at once
LOOK_AHEAD = 10_000  # planned items that may wait before planning waits for them
PLAN_ENTRIES, PLAN_SECONDS = 500, 0.2  # one slice of planning
ASKED_MAX = 1_000  # open questions of a job before its other items wait too
LATER_MAX = 8  # items in network trouble before no others of the job are tried
BACKOFF_SECONDS, BACKOFF_MAX = 0.2, 30.0
ATTEMPTS = 3  # for an item whose source changed or whose content arrived wrong
_STARTS = {"upload": upload.begin, "download": download.begin, "copy": copying.begin}


class SignInNeeded(LibcloudError):
    """Nobody has signed in to an account that a job needs."""


class Crew:
    """`lock` guards the board and all jobs; units run without it."""

    def __init__(
        self, journal: Journal, driver_for: DriverFor, workers: int, memory: int, patience: float
    ) -> None:
        self.lock = threading.Condition()
        self.board = Board()
        self.journal = journal
        self.bandwidth = Bandwidth()
        self.trouble = ""  # why nothing is begun: the journal cannot be written
        self._memory = Memory(memory)
        self._driver_for = driver_for
        self._workers = workers
        self._patience = patience
        self._threads: list[threading.Thread] = []
        self._is_stopping = False
        self._queue: deque[Job] = deque()  # not begun
        self._running: deque[Job] = deque()
        self._sweeps: deque[Job] = deque()  # cancelled ones that may have left something

    # -- for the engine; the lock is held --

    def begin(self) -> None:
        """Start the workers."""
        for number in range(self._workers):
            thread = threading.Thread(target=self._work, name=f"skyferry transfer {number + 1}")
            self._threads.append(thread)
            thread.start()

    def enqueue(self, job: Job, *, first: bool = False) -> None:
        """The job may run when its turn comes."""
        job.is_stopping = False
        if job in self._running:
            self.set_state(job, State.RUNNING)
        elif job not in self._queue:
            self.set_state(job, State.WAITING)
            if self.trouble:
                self.set_error(job, self.trouble)
            (self._queue.appendleft if first else self._queue.append)(job)
        self.lock.notify_all()

    def halt(self, job: Job, state: State, error: str = "") -> None:
        """Stop the job's units; it rests in `state` until somebody enqueues it again."""
        job.is_stopping = True
        if job in self._queue:
            self._queue.remove(job)
        if error:
            self.set_error(job, error)
        self.set_state(job, state)
        if not job.active:
            self._came_to_rest(job)
        self.lock.notify_all()

    def sweep(self, job: Job) -> None:
        """Leave nothing of the job behind at the target, as soon as a worker has time."""
        if job not in self._sweeps:
            self._sweeps.append(job)
        self.lock.notify_all()

    def set_state(self, job: Job, state: State) -> None:
        if state is not job.state:
            self.journal.write("UPDATE jobs SET state=? WHERE id=?", state.value, job.id)
        self.board.set_state(job, state)

    def set_error(self, job: Job, error: str) -> None:
        if error != job.error:
            job.error = error
            self.journal.write("UPDATE jobs SET error=? WHERE id=?", error, job.id)
            self.board.touch(job)

    def set_trouble(self, trouble: str) -> None:
        """Called by the journal's thread when it cannot write, and when it can again."""
        with self.lock:
            self.trouble = trouble
            for job in (*self._running, *self._queue):
                self.set_error(job, trouble)
            self.lock.notify_all()

    def stop(self, timeout: float) -> bool:
        """End the workers (called without the lock); False when one is still stuck in a request."""
        deadline = time.monotonic() + timeout
        with self.lock:
            self._is_stopping = True
            self.lock.notify_all()
        for thread in self._threads:
            thread.join(max(0.0, deadline - time.monotonic()))
        return not any(thread.is_alive() for thread in self._threads)

    def close(self) -> None:
        """Close what is open once the workers have ended."""
        for job in tuple(self._running):
            self._came_to_rest(job)

    # -- which unit is next; the lock is held --

    def _work(self) -> None:
        while True:
            with self.lock:
                while (unit := self._next()) is None:
                    if self._is_stopping:
                        return
                    self.lock.wait(0.1 if any(job.later or job.not_before for job in self._running) else 5.0)
            unit()

    def _next(self) -> Unit | None:
        if self._sweeps and not self.trouble:
            job = self._sweeps.popleft()
            job.is_sweeping = True
            return partial(self._run_sweep, job)
        if self._is_stopping or self.trouble:
            return None
        for _ in range(len(self._running)):
            job = self._running[0]
            self._running.rotate(-1)
            if unit := self._unit_of(job):
                return unit
        while self._queue:
            job = self._queue.popleft()
            self._running.append(job)
            self.set_state(job, State.RUNNING)
            if unit := self._unit_of(job):
                return unit
            self._look_after(job)
        return None

    def _unit_of(self, job: Job) -> Unit | None:
        if job.is_stopping or job.is_sweeping or job in self._sweeps or job.not_before > time.monotonic():
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

    def _leave(self, job: Job) -> None:
        """A unit of the job is over."""
        job.active -= 1
        self._look_after(job)
        self.board.touch(job)
        self.lock.notify_all()

    def _look_after(self, job: Job) -> None:
        """Ended, resting or waiting for an answer: then it is not among the running any more."""
        if job.is_stopping:
            if not job.active:
                self._came_to_rest(job)
        elif job.is_idle and job in self._running:
            self._running.remove(job)
            if job.asked:
                self.set_state(job, State.ASKING)
            else:
                self._end(job)

    def _came_to_rest(self, job: Job) -> None:
        """Nobody is at it: what is open is closed, its items wait for the next run."""
        if job in self._running:
            self._running.remove(job)
        for large in tuple(job.large):
            self._close(job, large)
            job.ready.appendleft(large.work.item)
        job.ready.extend(job.later)
        job.later.clear()
        job.current = ""
        if job.state is State.CANCELLED:
            self.sweep(job)

    def _end(self, job: Job) -> None:
        job.current = ""
        state = State.FAILED if job.items_failed or job.has_failed else State.DONE
        if state is State.DONE:
            self.set_error(job, "")
            job.dirty = False
            self.journal.write("UPDATE jobs SET dirty=0 WHERE id=?", job.id)
            if job.items_skipped:
                state = State.DONE_WITH_SKIPS
        self.write_receipt(job)
        self.set_state(job, state)

    def write_receipt(self, job: Job) -> None:
        """Count, bytes and what was verified, as they stand."""
        self.journal.write(
            "INSERT OR REPLACE INTO receipts SELECT ?, datetime('now'), COALESCE(SUM(state='done'), 0),"
            " COALESCE(SUM(size) FILTER (WHERE state='done'), 0),"
            " COALESCE(SUM(state='done' AND verified LIKE 'md5%'), 0),"
            " COALESCE(SUM(state='done' AND verified='size only'), 0), COALESCE(SUM(state='skipped'), 0),"
            " COALESCE(SUM(state='failed'), 0) FROM items WHERE job=?",
            job.id, job.id,
        )  # fmt: skip

    # -- units --

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
            job.planner = job.planner or plan(job.spec, self._driver)
            entries, until = [], time.monotonic() + PLAN_SECONDS
            for entry in job.planner:
                entries.append(entry)
                if (
                    len(entries) >= PLAN_ENTRIES
                    or time.monotonic() > until
                    or job.is_stopping
                    or self._is_stopping
                ):
                    break
            else:
                is_over = True
            new, known = self.journal.add_items(job.id, entries)
            if is_over:
                self.journal.write("UPDATE jobs SET planned=1 WHERE id=?", job.id)
        except Exception as caught:
            error, job.planner, is_over = (
                caught,
                None,
                False,
            )  # a generator that raised is over: the next one begins anew
        with self.lock:
            job.is_planning = False
            for entry in new:
                self._count(job, entry.state, entry.size, entry.reason)
            if is_over:
                job.planned, job.planner = True, None
            if error is not None:
                self._failed(job, None, error)
            elif new or known:
                job.trouble_since = 0.0
            self._leave(job)

    def _count(self, job: Job, state: str, size: int, reason: str) -> None:
        job.items_total += 1
        if state == "waiting":
            job.unfetched += 1
            job.bytes_total += size
        elif state == "skipped":
            job.items_skipped += 1
        else:
            job.items_failed += 1
            self.set_error(job, job.error or reason)

    def _run_fetch(self, job: Job) -> None:
        error: Exception | None = None
        items: list[Item] = []
        try:
            items = [Item.from_row(row) for row in self.journal.next_items(job.id, FETCH)]
        except Exception as caught:
            error = caught
        with self.lock:
            job.is_fetching = False
            job.unfetched = job.unfetched - len(items) if items else 0 if error is None else job.unfetched
            job.ready.extend(items)
            if error is not None:
                self._failed(job, None, error)
            self._leave(job)

    def _run_item(self, job: Job, item: Item, cost: int) -> None:
        meter = self._enter(job, item)
        work = Work(job, item, self.journal, self._driver)
        outcome: Done | Skipped | Ask | LargeFile | Exception
        try:
            meter.check()
            outcome = _STARTS[job.kind](work, meter)
            if isinstance(outcome, LargeFile) and not outcome.pending:
                outcome = self._finished(outcome, meter)
        except Exception as caught:
            outcome = caught
        self._memory.give_back(cost)
        with self.lock:
            job.meters.discard(meter)
            if isinstance(outcome, LargeFile):
                job.large.append(outcome)
                job.dirty = True
                job.settled += outcome.settled
            else:
                self._settle(job, item, outcome, 0)
            self._leave(job)

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
            large.run(number, meter)
        except Exception as caught:
            error = caught
        self._memory.give_back(large.cost_of())
        with self.lock:
            job.meters.discard(meter)
            large.active -= 1
            if error is None:
                size = large.extent(number)[1]
                large.settled += size
                job.settled += size
                item.trouble_since = job.trouble_since = 0.0  # progress that lasts
                self._clear_error(job)
            else:
                large.error = large.error or error
            is_last = (
                not large.active and large in job.large and (large.error is not None or not large.pending)
            )
            if not is_last:
                self._leave(job)
                return
            job.large.remove(large)
        self._finish_large(job, large)

    def _finish_large(self, job: Job, large: LargeFile) -> None:
        """The last worker at a large file makes it complete, or settles its failure."""
        meter = self._meter(job)
        outcome: Done | Skipped | Ask | Exception
        try:
            if large.error is not None:
                large.close()
                outcome = large.error
                if isinstance(outcome, ObjectHashMismatchError):
                    self._sweep_item(large.work)  # which part is wrong nobody knows: none is used again
            else:
                outcome = self._finished(large, meter)
        except Exception as caught:
            outcome = caught
        with self.lock:
            if isinstance(outcome, Done):
                self._settle(job, large.work.item, outcome, large.settled)
            else:
                job.settled -= large.settled
                self._settle(job, large.work.item, outcome, 0)
            self._leave(job)

    def _close(self, job: Job, large: LargeFile) -> None:
        job.large.remove(large)
        job.settled -= large.settled
        large.close()

    def _enter(self, job: Job, item: Item) -> Meter:
        meter = self._meter(job)
        with self.lock:
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
            for row in rows:
                self._sweep_item(Work(job, Item.from_row(row), self.journal, self._driver))
            if is_over:
                self.journal.write("UPDATE jobs SET dirty=0 WHERE id=?", job.id)
                job.dirty = False
                for item in job.ready:
                    item.part_size, item.upload = 0, ""
        except (LibcloudError, OSError) as error:
            log.warning("job %s could not be swept yet: %s", job.id, error)  # the next start tries again
        with self.lock:
            job.is_sweeping = False
            if job.is_removed and not job.dirty:
                self.forget(job)
            self.lock.notify_all()

    def forget(self, job: Job) -> None:
        """Take a job that left nothing behind out of the journal."""
        self.journal.write("DELETE FROM parts WHERE item IN (SELECT id FROM items WHERE job=?)", job.id)
        for table, column in (("items", "job"), ("receipts", "job"), ("jobs", "id")):
            self.journal.write(f"DELETE FROM {table} WHERE {column}=?", job.id)  # noqa: S608 - our own words

    def _sweep_item(self, work: Work) -> None:
        (download.discard if work.job.kind == "download" else upload.sweep)(work)

    # -- what became of an item; the lock is held --

    def _settle(
        self, job: Job, item: Item, outcome: Done | Skipped | Ask | Exception | LargeFile, settled: int
    ) -> None:
        """`settled`: bytes of the item that the job counts already."""
        if isinstance(outcome, Exception):
            self._failed(job, item, outcome)
            return
        job.trouble_since = 0.0
        if isinstance(outcome, Done):
            self.journal.write(
                "UPDATE items SET state='done', size=?, verified=?, reason=?, part_size=0, upload=''"
                " WHERE id=?",
                outcome.size, outcome.verified, outcome.note, item.id, folder=outcome.folder,
            )  # fmt: skip
            if item.part_size:
                self.journal.write("DELETE FROM parts WHERE item=?", item.id)
            job.items_done += 1
            job.bytes_total += outcome.size - item.planned
            job.settled += outcome.size - settled
            self._clear_error(job)
        elif isinstance(outcome, Skipped):
            self._write_off(job, item, "skipped", outcome.reason)
        elif isinstance(outcome, Ask) and job.conflict is not Conflict.ASK and not item.decision:
            job.ready.append(item)  # answered for the rest while this one was on its way
        elif isinstance(outcome, Ask):
            job.asked[item.id] = (item, outcome.question)
            self.journal.write("UPDATE items SET state='asking' WHERE id=?", item.id)

    def _clear_error(self, job: Job) -> None:
        """Trouble that is over is not shown any more; failures are."""
        if job.error and not (job.items_failed or job.has_failed):
            self.set_error(job, "")

    def _write_off(self, job: Job, item: Item, state: str, reason: str) -> None:
        self.journal.write("UPDATE items SET state=?, reason=? WHERE id=?", state, reason, item.id)
        if state == "skipped":
            job.bytes_total -= item.planned
            job.items_skipped += 1
        else:
            job.items_failed += 1
            if job.items_failed == 1:
                self.set_error(job, reason)

    def _failed(self, job: Job, item: Item | None, error: Exception) -> None:
        """`item` None: planning or the journal failed."""
        if item is not None and not item.doubt:
            item.doubt = True  # the next attempt looks first whether this one did it after all
            self.journal.write("UPDATE items SET doubt=1 WHERE id=?", item.id)
        if isinstance(error, StoppedError) or job.is_stopping:
            self._put_back(job, item)
        elif isinstance(error, JournalError):
            self._put_back(job, item)
            job.not_before = time.monotonic() + 1
            self.set_error(job, str(error))
        elif isinstance(error, SignInNeeded | InvalidCredsError):
            self._put_back(job, item)
            self.halt(job, State.NEEDS_SIGN_IN, str(error))
        elif isinstance(error, DiskFullError):
            self._put_back(job, item)
            self.halt(job, State.PAUSED, str(error))
        elif isinstance(error, LibcloudError) and error.retryable:
            self._wait_for_network(job, item, error)
        elif (
            item is not None
            and isinstance(
                error,
                SourceChangedError | ObjectHashMismatchError | ObjectChangedError | ObjectDoesNotExistError,
            )
            and self._has_another_attempt(job, item, error)
        ):
            self._put_back(job, item)
        else:
            self._give_up(job, item, error)

    def _put_back(self, job: Job, item: Item | None) -> None:
        if item is not None:
            job.ready.appendleft(item)

    def _has_another_attempt(self, job: Job, item: Item, error: Exception) -> bool:
        item.attempts += 1
        if isinstance(error, ObjectDoesNotExistError) and not item.part_size:
            return False
        return item.attempts < ATTEMPTS

    def _wait_for_network(self, job: Job, item: Item | None, error: LibcloudError) -> None:
        now = time.monotonic()
        job.trouble_since = job.trouble_since or now
        if now - job.trouble_since > self._patience:
            # Nothing at all has worked for so long: the rest of the job is not tried one by one.
            self._give_up(job, item, error)
            self.write_receipt(job)
            self.halt(job, State.FAILED, f"Nothing moved for {self._patience:.0f} seconds. {error}")
            return
        if item is None:
            job.not_before = now + BACKOFF_SECONDS * 4
        else:
            item.trouble_since = item.trouble_since or now
            if now - item.trouble_since > self._patience:
                self._give_up(job, item, error)
                return
            item.attempts += 1
            pause = min(BACKOFF_MAX, BACKOFF_SECONDS * 2.0 ** min(item.attempts, 12)) * random.uniform(0.5, 1)
            item.not_before = now + max(pause, getattr(error, "retry_after", 0.0))
            job.later.append(item)
        self.set_error(job, f"Waiting for the network: {error}")

    def _give_up(self, job: Job, item: Item | None, error: Exception) -> None:
        reason = str(error)
        if not isinstance(error, LibcloudError | OSError):
            log.error("a transfer stumbled over a bug", exc_info=error)
            reason = f"Unexpected: {type(error).__name__}: {error}"
        if item is None:
            job.planned, job.planner, job.has_failed = True, None, True  # what was found so far goes on
            self.set_error(job, reason)
            return
        is_private = isinstance(error, LocalFileError) and error.errno in (errno.EACCES, errno.EPERM)
        self._write_off(job, item, "skipped" if is_private and job.kind == "upload" else "failed", reason)
        if item.part_size:
            job.dirty = True
            self.sweep(job)
