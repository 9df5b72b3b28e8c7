"""The target's name is taken: what the decision means for this item."""

from __future__ import annotations

from datetime import datetime

from storage_core.transfers.jobs import Ask, Done, Skipped, Work
from storage_core.transfers.rows import Question
from storage_core.transfers.specs import Conflict


def judge(
    work: Work,
    *,
    source_size: int,
    source_modified: datetime | None,
    target_size: int,
    target_modified: datetime | None,
    same: bool | None,
) -> Done | Skipped | Ask | None:
    """None: replace what is there. `same` None means that hashes cannot tell; asked for REPLACE_IF_DIFFERENT
    alone.
    """
    if work.decision is Conflict.SKIP:
        return Skipped("The name is taken at the target; it was to be skipped.")
    if work.decision is Conflict.ASK:
        return Ask(
            Question(
                work.item.id, work.item.target, source_size, source_modified, target_size, target_modified
            )
        )
    if work.decision is Conflict.REPLACE_IF_DIFFERENT:
        if same is None and source_size == target_size and source_modified and target_modified:
            same = source_modified <= target_modified
        if same:
            return Done(source_size, "", "Already there, the same content.")
    # From here on a resumed attempt must not ask again.
    decide(work, Conflict.REPLACE)
    return None


def decide(work: Work, decision: Conflict) -> None:
    """Make the decision this item's own, for this run and after a restart."""
    work.decision = decision
    work.item.decision = decision.value
    work.journal.write("UPDATE items SET decision=? WHERE id=?", decision.value, work.item.id)


def rename_target(work: Work, name: str) -> None:
    """The item goes under another name (KEEP_BOTH), after a restart too."""
    work.item.target = name
    work.journal.write(
        "UPDATE items SET target=? WHERE id=?", name.encode("utf-8", "surrogateescape"), work.item.id
    )
