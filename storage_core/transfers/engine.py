"""The engine: signatures first; the rooms behind them are being built."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

from storage_core.base import StorageDriver
from storage_core.capabilities import MIB
from storage_core.transfers.rows import Changes, ItemReport
from storage_core.transfers.specs import Conflict, Spec


class Engine:
    """Jobs, workers and the journal. Every method may be called from any thread."""

    def __init__(
        self,
        journal: str | Path,
        driver_for: Callable[[str], StorageDriver | None],
        *,
        workers: int = 8,
        memory: int = 256 * MIB,
        patience: float = 300.0,
    ) -> None:
        """Opens nothing. `memory` in bytes; `patience` in seconds without progress before network trouble is a failure."""
        self.bytes_per_second_max = 0

    def start(self) -> None:
        """Open the journal and start the workers (call in a thread)."""
        raise NotImplementedError

    def add(self, spec: Spec, conflict: Conflict = Conflict.ASK) -> int:
        """Queue a transfer; its id."""
        raise NotImplementedError

    def changes(self, since: int) -> Changes:
        """What is new since a stamp (0: everything). Never waits for a disk or a network."""
        raise NotImplementedError

    def pause(self, job_id: int) -> None:
        raise NotImplementedError

    def resume(self, job_id: int) -> None:
        raise NotImplementedError

    def cancel(self, job_id: int) -> None:
        raise NotImplementedError

    def retry(self, job_id: int) -> None:
        raise NotImplementedError

    def remove(self, job_id: int) -> None:
        raise NotImplementedError

    def pause_all(self) -> None:
        raise NotImplementedError

    def resume_all(self) -> None:
        raise NotImplementedError

    def clear_done(self) -> None:
        raise NotImplementedError

    def answer(self, job_id: int, question_id: int, decision: Conflict, *, for_rest: bool) -> None:
        raise NotImplementedError

    def reports(self, job_id: int, *, only_problems: bool = True) -> list[ItemReport]:
        raise NotImplementedError

    def stop(self, timeout: float = 10) -> bool:
        raise NotImplementedError
