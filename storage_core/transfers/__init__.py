"""Transfers that can be trusted: jobs on threads, a journal that survives kill -9, receipts that say what was
checked.
"""

from storage_core.transfers.engine import Engine
from storage_core.transfers.rows import Changes, ItemReport, JobRow, Question, State, Summary
from storage_core.transfers.specs import Conflict, CopySpec, DownloadSpec, Ref, UploadSpec

__all__ = [
    "Changes",
    "Conflict",
    "CopySpec",
    "DownloadSpec",
    "Engine",
    "ItemReport",
    "JobRow",
    "Question",
    "Ref",
    "State",
    "Summary",
    "UploadSpec",
]
