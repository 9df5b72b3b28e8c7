"""The engine: what a window, a script or a test asks of transfers. No Qt; the threads are the crew's and the
journal's.
"""

from __future__ import annotations

import os
import threading
import time
from collections.abc import Callable, Iterable
from pathlib import Path

from storage_core.base import StorageDriver
from storage_core.capabilities import MIB
from storage_core.errors import LocalFileError
from storage_core.transfers.crew import Crew
from storage_core.transfers.jobs import Job
from storage_core.transfers.journal import Journal, unpack
from storage_core.transfers.roster import Roster
from storage_core.transfers.rows import Changes, ItemReport, State
from storage_core.transfers.specs import Conflict, DownloadSpec, Spec, UploadSpec, from_json, to_json

START_SECONDS = 15.0  # how long `add` waits for a `start` that is under way
_RESTING = (State.PAUSED, State.NEEDS_SIGN_IN)


class Engine:
    """Jobs, workers and the journal. Every method may be called from any thread.

    Only `start`, `reports` and `stop` wait for a disk; the others return at once.
    """

    def __init__(
        self,
        journal: str | Path,
        driver_for: Callable[[str], StorageDriver | None],
        *,
        workers: int = 8,
        memory: int = 256 * MIB,
        patience: float = 300.0,
    ) -> None:
        """Opens nothing. `driver_for` is asked with an account's id; None means that nobody has signed in
        yet.

        `memory` in bytes; `patience` in seconds without any progress before network trouble becomes a
        failure.
        """
        self._journal = Journal(journal, lambda trouble: self._roster.set_trouble(trouble))
        self._driver_for = driver_for
        self._roster = Roster(self._journal)
        self._crew = Crew(self._roster, self._journal, driver_for, workers, memory, patience)
        self._lock = self._roster.lock
        self._board = self._roster.board
        self._next_id = 1
        self._is_started = threading.Event()
        self._life = threading.Lock()  # starting and stopping, one after the other
        self._is_over = False

    @property
    def notice(self) -> str:
        """A sentence for the user when the journal was damaged and a new one was begun; "" otherwise."""
        return self._journal.notice

    @property
    def bytes_per_second_max(self) -> int:
        """All transfers together; 0 is no limit. May be set while they run."""
        return self._crew.bandwidth.bytes_per_second

    @bytes_per_second_max.setter
    def bytes_per_second_max(self, rate: int) -> None:
        self._crew.bandwidth.bytes_per_second = rate

    def start(self) -> None:
        """Open the journal and start the workers (call in a thread). Jobs of the last run come back paused.

        LocalFileError when the journal cannot be opened: not allowed, a newer version, another engine has it.
        After `stop` nothing is started any more.
        """
        with self._life:
            if self._is_over:
                return
            self._journal.open()
            try:
                self._begin()
            except BaseException:
                self._journal.close()
                raise
            self._is_started.set()

    def add(self, spec: Spec, conflict: Conflict = Conflict.ASK) -> int:
        """Queue a transfer; its id. ValueError for one that names nothing; LocalFileError before `start`."""
        if not (spec.paths if isinstance(spec, UploadSpec) else spec.sources):
            raise ValueError("there is nothing to transfer")
        if isinstance(spec, DownloadSpec):
            spec = DownloadSpec(spec.sources, os.path.abspath(spec.folder), spec.base)
        elif isinstance(spec, UploadSpec):
            spec = UploadSpec(tuple(os.path.abspath(path) for path in spec.paths), spec.target)
        if not self._is_started.wait(START_SECONDS):  # ids go on from those of the journal
            raise LocalFileError("The list of transfers is not open.", path=str(self._journal.path))
        with self._lock:
            job = Job(self._next_id, spec, conflict, State.WAITING)
            self._next_id += 1
            self._journal.write(
                "INSERT INTO jobs (id, spec, conflict, state, dirty) VALUES (?,?,?,?,1)",
                job.id, to_json(spec), conflict.value, job.state.value,
            )  # fmt: skip
            job.dirty = True
            self._board.put(job)
            self._roster.enqueue(job)
            return job.id

    def changes(self, since: int) -> Changes:
        """What is new since a stamp (0: everything). Never waits for a disk or a network."""
        with self._lock:
            return self._board.changes(since)

    def pause(self, job_id: int) -> None:
        """Stop a job; what it has done stays, `resume` goes on from there."""
        with self._lock:
            job = self._board.jobs.get(job_id)
            if job is not None and not job.state.is_end and job.state not in _RESTING:
                self._roster.halt(job, State.PAUSED)

    def resume(self, job_id: int) -> None:
        """Go on with a paused job; asks `driver_for` again."""
        with self._lock:
            job = self._board.jobs.get(job_id)
            if job is not None and job.state in _RESTING:
                self._clear_trouble(job)
                self._roster.enqueue(job)

    def cancel(self, job_id: int) -> None:
        """End a job: open uploads are aborted, part files removed; what is done stays done."""
        with self._lock:
            job = self._board.jobs.get(job_id)
            if job is not None and not job.state.is_end:
                job.ready.extend(item for item, _ in job.asked.values())
                job.asked.clear()
                self._roster.write_receipt(job)
                self._roster.halt(job, State.CANCELLED)

    def retry(self, job_id: int) -> None:
        """Try again what failed or was not tried because of a failure or a cancel."""
        with self._lock:
            job = self._board.jobs.get(job_id)
            if job is None or job.state not in (State.FAILED, State.CANCELLED):
                return
            self._journal.write(
                "UPDATE items SET state='waiting', reason='', doubt=1 WHERE job=? AND state='failed'", job.id
            )
            self._journal.write("UPDATE jobs SET planned=0, dirty=1 WHERE id=?", job.id)
            job.dirty = True
            job.unfetched += job.items_failed
            job.items_failed = 0
            job.planned, job.planner, job.has_failed = False, None, False
            self._clear_trouble(job)
            self._roster.enqueue(job)

    def remove(self, job_id: int) -> None:
        """Take an ended job off the list, its receipt included."""
        with self._lock:
            self._remove(job_id, ends=tuple(state for state in State if state.is_end))

    def pause_all(self) -> None:
        """Pause every job that is not over."""
        with self._lock:
            ids = [job.id for job in self._board.jobs.values() if not job.state.is_end]
        for job_id in ids:
            self.pause(job_id)

    def resume_all(self) -> None:
        """Resume every paused job, in the order in which they were added."""
        with self._lock:
            ids = sorted(job.id for job in self._board.jobs.values() if job.state in _RESTING)
        for job_id in ids:
            self.resume(job_id)

    def clear_done(self) -> None:
        """Take all jobs off the list that ended well."""
        with self._lock:
            for job_id in list(self._board.jobs):
                self._remove(job_id, ends=(State.DONE, State.DONE_WITH_SKIPS))

    def answer(self, job_id: int, question_id: int, decision: Conflict, *, for_rest: bool) -> None:
        """Decide a conflict; `for_rest`: and all later ones of the job. An answered one is passed over."""
        with self._lock:
            job = self._board.jobs.get(job_id)
            if job is None or decision is Conflict.ASK:
                return
            if for_rest and (question_id in job.asked):
                job.conflict = decision
                self._journal.write("UPDATE jobs SET conflict=? WHERE id=?", decision.value, job.id)
            for number in list(job.asked) if for_rest and question_id in job.asked else [question_id]:
                if number not in job.asked:
                    continue
                item, _ = job.asked.pop(number)
                item.decision = decision.value
                self._journal.write(
                    "UPDATE items SET state='running', decision=? WHERE id=?", decision.value, number
                )
                job.ready.append(item)
            self._board.touch(job)
            if job.state in (State.ASKING, State.RUNNING):
                self._roster.enqueue(job, first=True)

    def reports(self, job_id: int, *, only_problems: bool = True) -> list[ItemReport]:
        """A job's receipt, item by item (reads the disk: call in a thread)."""
        problems = " AND (state IN ('skipped','failed') OR reason<>'')" if only_problems else ""
        rows = self._journal.read(
            f"SELECT target, state, reason, size, verified FROM items WHERE job=?{problems} ORDER BY id",  # noqa: S608
            job_id,
        )
        ends = ("done", "skipped", "failed")
        return [
            ItemReport(unpack(name), state if state in ends else "waiting", reason, size, verified)
            for name, state, reason, size, verified in rows
        ]

    def stop(self, timeout: float = 10) -> bool:
        """Pause durably, end all threads, close the journal. False when a thread was still stuck after
        `timeout` seconds.
        """
        # Who quits while the program is still starting must not leave the threads of that start behind.
        if not self._life.acquire(timeout=timeout):
            return False
        try:
            self._is_over = True
            return self._end(timeout) if self._is_started.is_set() else True
        finally:
            self._life.release()

    # -- inside --

    def _begin(self) -> None:
        jobs = self._known_jobs()
        with self._lock:
            for job in jobs:
                if job.is_removed:
                    self._roster.sweep(job)
                    continue
                self._board.put(job)
                if job.dirty and job.state.is_end:
                    self._roster.sweep(job)
            self._crew.begin()

    def _end(self, timeout: float) -> bool:
        ended = self._crew.stop(timeout)
        with self._lock:
            self._roster.close()
            for job in tuple(self._board.jobs.values()):  # jobs may be added meanwhile
                if not job.state.is_end and job.state not in _RESTING:
                    self._roster.set_state(job, State.PAUSED)
        self._journal.close()
        return ended

    def _clear_trouble(self, job: Job) -> None:
        job.trouble_since, job.tried_since = 0.0, time.monotonic()
        for item in job.ready:
            item.trouble_since = item.not_before = 0.0
        if not job.items_failed:
            self._roster.set_error(job, "")

    def _remove(self, job_id: int, ends: Iterable[State]) -> None:
        job = self._board.jobs.get(job_id)
        if job is None or job.state not in ends:
            return
        self._board.remove(job)
        if job.dirty and job.state in (State.FAILED, State.CANCELLED):
            job.is_removed = True
            self._journal.write("UPDATE jobs SET state='removed' WHERE id=?", job.id)
            self._roster.sweep(job)
        else:
            self._roster.forget(job)

    def _known_jobs(self) -> list[Job]:
        """The jobs of earlier runs; those that were not over rest now."""
        self._journal.write("UPDATE items SET doubt=1 WHERE state='running'")
        self._journal.write("UPDATE items SET state='waiting' WHERE state IN ('running','asking')")
        jobs = []
        rows = self._journal.read(
            "SELECT id, spec, conflict, state, error, planned, dirty FROM jobs ORDER BY id"
        )
        totals = self._journal.read("SELECT job, state, COUNT(*), SUM(size) FROM items GROUP BY job, state")
        counts: dict[int, list[tuple[str, int, int]]] = {}
        for number, state, count, size in totals:
            counts.setdefault(number, []).append((state, count, size))
        for number, spec, conflict, state, error, planned, dirty in rows:
            self._next_id = max(self._next_id, number + 1)
            removed = state == "removed"
            job = Job(
                number, from_json(spec), Conflict(conflict), State.CANCELLED if removed else State(state)
            )
            job.error, job.planned, job.dirty, job.is_removed = error, bool(planned), bool(dirty), removed
            job.add_counts(counts.get(number, []))
            if not job.state.is_end:
                signed_in = all(self._driver_for(account) is not None for account in job.accounts)
                job.state = State.PAUSED if signed_in else State.NEEDS_SIGN_IN
            jobs.append(job)
        return jobs
