"""Folders as objects: which of them are listed as `name/`, and which go when they are empty.

Four kinds, told apart by the folder's record: a person's own (no record), one this driver MADE on the way
to an object, one that somebody stored as the object `name/` (MARKER), one whose `name/` was DELETED while
objects were left below it.
"""

from __future__ import annotations

import contextlib
import os
import threading
from collections.abc import Sequence
from typing import Any

from storage_core.drivers.local_attributes import DELETED, FOLDER, MADE, MARKER, Records
from storage_core.folders import Folder


class Markers:
    """The folders below one root. Any thread."""

    def __init__(self, records: Records) -> None:
        self._records = records
        # Held while a folder is made with its record, or judged and removed: never in the middle of either.
        self._lock = threading.RLock()

    def is_listed(self, folder: Folder, is_empty: bool, is_top: bool) -> bool:
        """Whether a listing shows the folder as an object; `is_top`: it is itself the listed prefix."""
        kind = "" if is_empty else self._kind(folder)
        return is_empty or kind == MARKER or (is_top and not kind)

    def exists(self, folder: Folder) -> bool:
        """Whether the object `name/` exists."""
        return self.is_listed(folder, folder.is_empty(), True)

    def read(self, folder: Folder) -> dict[str, Any]:
        """The folder's record."""
        return self._records.read(folder.target, folder.path, folder.status().st_ino)

    def make(self, folder: Folder, name: str) -> None:
        """Make a folder on the way to an object."""
        with self._lock:
            try:
                folder.make(name)
            except FileExistsError:
                return  # another thread was faster; what it is shows when it is opened
            with folder.child(name) as made:
                self._write(made, {FOLDER: MADE})

    def store(self, container: Folder, parts: Sequence[str], record: dict[str, Any]) -> os.stat_result:
        """Store the object `name/`: make the folder where it is missing, and have it listed from now on."""
        with self._lock, container.below(parts, self.make) as folder:
            self._write(folder, {**record, FOLDER: MARKER})
            return folder.status()

    def change(self, folder: Folder, record: dict[str, Any]) -> None:
        """Replace the attributes of the object `name/`; its kind stays."""
        with self._lock:
            kind = self._kind(folder)
            self._write(folder, {**record, FOLDER: kind} if kind else record)

    def delete(self, container: Folder, parts: Sequence[str]) -> None:
        """Delete the object `name/`. What is left below keeps the folder for as long as it is there."""
        with self._lock:
            with container.below(parts[:-1]) as parent:
                with parent.child(parts[-1]) as folder:
                    is_removed = self._remove_plain_folders_in(folder)
                    if not is_removed:
                        self._write(folder, {FOLDER: DELETED})
                if is_removed:
                    self._remove(parent, parts[-1])
            self.tidy(container, parts[:-1])

    def tidy(self, container: Folder, parts: Sequence[str]) -> None:
        """Remove folders that are empty and wanted by nobody, from the end of a path upwards."""
        for depth in range(len(parts), 0, -1):
            # Whatever stands in the way, the object is gone, and an empty folder can be seen and deleted.
            with contextlib.suppress(OSError), self._lock, container.below(parts[: depth - 1]) as parent:
                with parent.child(parts[depth - 1]) as folder:
                    is_wanted = not folder.is_empty() or not self._may_go(container, folder, parts[:depth])
                if not is_wanted:
                    self._remove(parent, parts[depth - 1])
                    continue
            return

    def _may_go(self, container: Folder, folder: Folder, parts: Sequence[str]) -> bool:
        kind = self._kind(folder)
        if kind:
            return kind != MARKER
        for depth in range(1, len(parts)):
            with container.below(parts[:depth]) as above:
                if self._kind(above) == DELETED:
                    return True
        return False

    def _remove_plain_folders_in(self, folder: Folder) -> bool:
        """Remove the folders inside when there is nothing but folders; whether the folder is empty now."""
        inside = list(folder.entries())
        if not all(entry.is_folder for entry in inside):
            return False
        for entry in inside:
            with folder.child(entry.name) as child:
                if self._kind(child) == MARKER or not self._remove_plain_folders_in(child):
                    return False
            self._remove(folder, entry.name)
        return folder.is_empty()

    def _remove(self, parent: Folder, name: str) -> None:
        parent.remove_folder(name)
        self._records.forget(os.path.join(parent.path, name))

    def _kind(self, folder: Folder) -> str:
        return str(self.read(folder).get(FOLDER, ""))

    def _write(self, folder: Folder, record: dict[str, Any]) -> None:
        self._records.write(folder.target, folder.path, folder.status().st_ino, record)
