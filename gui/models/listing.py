"""The objects of one folder: entries with their sort keys, and the table model that takes them page by page."""

from __future__ import annotations

import re
from datetime import datetime

from storage_core.base.objects import Object, Page

_DIGITS = re.compile(r"\d+")


class Entry:
    """One row: an object, or a folder (a prefix), or a container where an account is listed. Made in a thread."""

    __slots__ = ("is_folder", "key", "modified", "name", "object", "size", "sort_key", "storage_class")

    def __init__(
        self,
        name: str,
        key: str,
        is_folder: bool,
        size: int = 0,
        modified: datetime | None = None,
        storage_class: str = "",
        object: Object | None = None,
    ) -> None:
        """`name` is the last component; `key` the full object name, or the prefix ending "/"; `size` in bytes."""
        self.name = name
        self.key = key
        self.is_folder = is_folder
        self.size = size
        self.modified = modified
        self.storage_class = storage_class
        self.object = object
        self.sort_key = sort_key(name)

    def __repr__(self) -> str:
        return f"<Entry {self.key!r}>"


def _counted(match: re.Match[str]) -> str:
    digits = match.group().lstrip("0")
    return f"{chr(48 + min(len(digits), 60))}{digits}"


def sort_key(name: str) -> str:
    """Case-blind, and numbers by their value: IMG_2 before IMG_10. The number's length goes before its digits."""
    folded = name.casefold()
    return _DIGITS.sub(_counted, folded) if _DIGITS.search(folded) else folded


def entries_of(page: Page, prefix: str) -> list[Entry]:
    """The rows of one page of the folder `prefix`. The folder's own marker object is not one of its children."""
    skip = len(prefix)
    folders = [Entry(key[skip:-1], key, True) for key in page.prefixes]
    objects = [
        Entry(found.name[skip:], found.name, False, found.size, found.modified, found.storage_class, found)
        for found in page.objects
        if found.name != prefix
    ]
    return folders + objects
