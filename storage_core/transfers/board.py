"""The board: every job, what changed since when, and the counts. Reads no disk, so that a window may ask ten
times a second with 20,000 jobs on it. Guarded by the crew's lock."""

from __future__ import annotations

from collections import Counter, OrderedDict

from storage_core.transfers.jobs import Job
from storage_core.transfers.rows import Changes, State, Summary

_WAITING = (State.WAITING, State.PAUSED, State.NEEDS_SIGN_IN)
_DONE = (State.DONE, State.DONE_WITH_SKIPS)


class Board:
    """Jobs in the order of their last change."""

    def __init__(self) -> None:
        self.jobs: OrderedDict[int, Job] = OrderedDict()
        self._stamp = 1
        self._removed: list[tuple[int, int]] = []  # (stamp, job id), rising
        self._states: Counter[State] = Counter()
        self._lively: dict[int, Job] = {}  # their counters move without a touch

    def put(self, job: Job) -> None:
        self.jobs[job.id] = job
        self._states[job.state] += 1
        self.touch(job)

    def touch(self, job: Job) -> None:
        """The job's row is not what it was."""
        if job.id in self.jobs:
            self._stamp += 1
            job.stamp = self._stamp
            self.jobs.move_to_end(job.id)

    def set_state(self, job: Job, state: State) -> None:
        if state is job.state:
            return
        if job.id in self.jobs:
            self._states[job.state] -= 1
            self._states[state] += 1
        job.state = state
        if state is State.RUNNING:
            self._lively[job.id] = job
        elif self._lively.pop(job.id, None):
            job.rest()
        self.touch(job)

    def remove(self, job: Job) -> None:
        if self.jobs.pop(job.id, None) is not None:
            self._states[job.state] -= 1
            self._lively.pop(job.id, None)
            self._stamp += 1
            self._removed.append((self._stamp, job.id))

    def changes(self, since: int) -> Changes:
        """See `Engine.changes`."""
        speed = 0.0
        for job in self._lively.values():
            if job.active or job.speed:
                job.sample()
                speed += job.speed
                self.touch(job)
        rows = []
        for job in reversed(self.jobs.values()):
            if job.stamp <= since:
                break
            rows.append(job.row())
        removed = []
        for stamp, number in reversed(self._removed):
            if stamp <= since:
                break
            removed.append(number)
        return Changes(self._stamp, tuple(reversed(rows)), tuple(removed), self._summary(speed))

    def _summary(self, speed: float) -> Summary:
        states = self._states
        return Summary(
            running=states[State.RUNNING],
            waiting=sum(states[state] for state in _WAITING),
            done=sum(states[state] for state in _DONE),
            failed=states[State.FAILED],
            bytes_per_second=speed,
        )
