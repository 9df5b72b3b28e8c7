"""What becomes of an item whose unit is over: done, skipped, asked about, tried again later, or given up."""

from __future__ import annotations

import errno
import logging
import random
import time

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
from storage_core.transfers.jobs import Ask, Done, Item, Job, Skipped
from storage_core.transfers.journal import JournalError
from storage_core.transfers.roster import Roster
from storage_core.transfers.rows import State
from storage_core.transfers.specs import Conflict

log = logging.getLogger(__name__)

BACKOFF_SECONDS, BACKOFF_MAX = 0.2, 30.0
ATTEMPTS = 3  # for an item whose source changed or whose content arrived wrong


class SignInNeeded(LibcloudError):
    """Nobody has signed in to an account that a job needs."""


class Settling:
    """Every method wants the roster's lock held."""

    def __init__(self, roster: Roster, patience: float) -> None:
        """`patience`: seconds without any progress before network trouble is a failure."""
        self._roster = roster
        self._patience = patience

    def count(self, job: Job, state: str, size: int, reason: str) -> None:
        job.items_total += 1
        if state == "waiting":
            job.unfetched += 1
            job.bytes_total += size
        elif state == "skipped":
            job.items_skipped += 1
        else:
            job.items_failed += 1
            self._roster.set_error(job, job.error or reason)

    def settle(self, job: Job, item: Item, outcome: Done | Skipped | Ask | Exception, settled: int) -> None:
        """`settled`: bytes of the item that the job counts already."""
        if isinstance(outcome, Exception):
            self.fail(job, item, outcome)
            return
        job.trouble_since = 0.0
        if isinstance(outcome, Done):
            self._roster.journal.write(
                "UPDATE items SET state='done', size=?, verified=?, reason=?, part_size=0, upload=''"
                " WHERE id=?",
                outcome.size, outcome.verified, outcome.note, item.id, folder=outcome.folder,
            )  # fmt: skip
            if item.part_size:
                self._roster.journal.write("DELETE FROM parts WHERE item=?", item.id)
            job.items_done += 1
            job.bytes_total += outcome.size - item.planned
            job.settled += outcome.size - settled
            self._roster.clear_error(job)
        elif isinstance(outcome, Skipped):
            self._write_off(job, item, "skipped", outcome.reason)
        elif job.conflict is not Conflict.ASK and not item.decision:
            job.ready.append(item)  # answered for the rest while this one was on its way
        else:
            job.asked[item.id] = (item, outcome.question)
            self._roster.journal.write("UPDATE items SET state='asking' WHERE id=?", item.id)

    def _write_off(self, job: Job, item: Item, state: str, reason: str) -> None:
        self._roster.journal.write("UPDATE items SET state=?, reason=? WHERE id=?", state, reason, item.id)
        if state == "skipped":
            job.bytes_total -= item.planned
            job.items_skipped += 1
        else:
            job.items_failed += 1
            if job.items_failed == 1:
                self._roster.set_error(job, reason)

    def fail(self, job: Job, item: Item | None, error: Exception) -> None:
        """`item` None: planning or the journal failed."""
        if item is not None and not item.doubt:
            item.doubt = True  # the next attempt looks first whether this one did it after all
            self._roster.journal.write("UPDATE items SET doubt=1 WHERE id=?", item.id)
        if isinstance(error, StoppedError) or job.is_stopping:
            self._put_back(job, item)
        elif isinstance(error, JournalError):
            self._put_back(job, item)
            job.not_before = time.monotonic() + 1
            self._roster.set_error(job, str(error))
        elif isinstance(error, SignInNeeded | InvalidCredsError):
            self._put_back(job, item)
            self._roster.halt(job, State.NEEDS_SIGN_IN, str(error))
        elif isinstance(error, DiskFullError):
            self._put_back(job, item)
            self._roster.halt(job, State.PAUSED, str(error))
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
            self._roster.write_receipt(job)
            self._roster.halt(job, State.FAILED, f"Nothing moved for {self._patience:.0f} seconds. {error}")
            return
        if item is None:
            job.not_before = now + BACKOFF_SECONDS * 4
        else:
            item.trouble_since = max(item.trouble_since or now, job.tried_since)
            if now - item.trouble_since > self._patience:
                self._give_up(job, item, error)
                return
            item.attempts += 1
            pause = min(BACKOFF_MAX, BACKOFF_SECONDS * 2.0 ** min(item.attempts, 12)) * random.uniform(0.5, 1)
            item.not_before = now + max(pause, getattr(error, "retry_after", 0.0))
            job.later.append(item)
        self._roster.set_error(job, f"Waiting for the network: {error}")

    def _give_up(self, job: Job, item: Item | None, error: Exception) -> None:
        reason = str(error)
        if not isinstance(error, LibcloudError | OSError):
            log.error("a transfer stumbled over a bug", exc_info=error)
            reason = f"Unexpected: {type(error).__name__}: {error}"
        if item is None:
            job.planned, job.planner, job.has_failed = True, None, True  # what was found so far goes on
            self._roster.set_error(job, reason)
            return
        is_private = isinstance(error, LocalFileError) and error.errno in (errno.EACCES, errno.EPERM)
        self._write_off(job, item, "skipped" if is_private and job.kind == "upload" else "failed", reason)
        if item.part_size:
            job.dirty = True
            self._roster.sweep(job)
