"""The roster: which jobs wait, run, rest or have ended, on the board and in the journal alike."""

from __future__ import annotations

import threading
from collections import deque

from storage_core.transfers.board import Board
from storage_core.transfers.jobs import Job
from storage_core.transfers.journal import Journal
from storage_core.transfers.large import LargeFile
from storage_core.transfers.rows import State


class Roster:
    """`lock` guards everything here, the board and all jobs; every method but `set_trouble` wants it held."""

    def __init__(self, journal: Journal) -> None:
        self.lock = threading.Condition()
        self.board = Board()
        self.journal = journal
        self.trouble = ""  # why nothing is begun: the journal cannot be written
        self.queue: deque[Job] = deque()  # not begun
        self.running: deque[Job] = deque()
        self.sweeps: deque[Job] = deque()  # those that may have left something behind

    def enqueue(self, job: Job, *, first: bool = False) -> None:
        """The job may run when its turn comes."""
        job.is_stopping = False
        if job in self.running:
            self.set_state(job, State.RUNNING)
        elif job not in self.queue:
            self.set_state(job, State.WAITING)
            if self.trouble:
                self.set_error(job, self.trouble)
            (self.queue.appendleft if first else self.queue.append)(job)
        self.lock.notify_all()

    def halt(self, job: Job, state: State, error: str = "") -> None:
        """Stop the job's units; it rests in `state` until somebody enqueues it again."""
        job.is_stopping = True
        if job in self.queue:
            self.queue.remove(job)
        if error:
            self.set_error(job, error)
        self.set_state(job, state)
        if not job.active:
            self._came_to_rest(job)
        self.lock.notify_all()

    def sweep(self, job: Job) -> None:
        """Leave nothing of the job behind at the target, as soon as a worker has time."""
        if job not in self.sweeps:
            self.sweeps.append(job)
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
            for job in (*self.running, *self.queue):
                self.set_error(job, trouble)
            self.lock.notify_all()

    def close(self) -> None:
        """Close what is open once the workers have ended."""
        for job in tuple(self.running):
            self._came_to_rest(job)

    def leave(self, job: Job) -> None:
        """A unit of the job is over."""
        job.active -= 1
        self.look_after(job)
        self.board.touch(job)
        self.lock.notify_all()

    def look_after(self, job: Job) -> None:
        """Ended, resting or waiting for an answer: then it is not among the running any more."""
        if job.is_stopping:
            if not job.active:
                self._came_to_rest(job)
        elif job.is_idle and job in self.running:
            self.running.remove(job)
            if job.asked:
                self.set_state(job, State.ASKING)
            else:
                self._end(job)

    def _came_to_rest(self, job: Job) -> None:
        """Nobody is at it: what is open is closed, its items wait for the next run."""
        if job in self.running:
            self.running.remove(job)
        for large in tuple(job.large):
            self.close_large(job, large)
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

    def close_large(self, job: Job, large: LargeFile) -> None:
        job.large.remove(large)
        job.settled -= large.settled
        large.close()

    def forget(self, job: Job) -> None:
        """Take a job that left nothing behind out of the journal."""
        self.journal.write("DELETE FROM parts WHERE item IN (SELECT id FROM items WHERE job=?)", job.id)
        for table, column in (("items", "job"), ("receipts", "job"), ("jobs", "id")):
            self.journal.write(f"DELETE FROM {table} WHERE {column}=?", job.id)  # noqa: S608 - our own words

    def clear_error(self, job: Job) -> None:
        """Trouble that is over is not shown any more; failures are, and why a job was halted, although units
        that were under way still end well.
        """
        if job.error and not (job.items_failed or job.has_failed or job.is_stopping):
            self.set_error(job, "")
