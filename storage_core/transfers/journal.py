"""The journal: jobs, items, parts and receipts in SQLite, so that nothing is lost by a crash and nothing done
twice.

Writes are queued by any thread and committed in groups by one of the journal's own; `flush` waits for that.
What is
written about data is true already: files are synced before they are queued here, their folders before the
commit.
No secret is ever written: account ids, names, sizes, ETags and upload ids (worthless without credentials).
"""

from __future__ import annotations

import logging
import os
import secrets
import sqlite3
import threading
import time
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from storage_core.base import Part
from storage_core.errors import LocalFileError
from storage_core.folders import keep_private

log = logging.getLogger(__name__)

SCHEMA = 1
ITEM_COLUMNS = "id, root, source, target, size, stamp, decision, doubt, upload, part_size, others, reason"
GROUP_SECONDS = 0.02  # how long writes wait for company: one sync serves them all
AGAIN_SECONDS = 1.0  # after a failed commit (a full disk)

_TABLES = """
CREATE TABLE about (token TEXT NOT NULL) STRICT;
CREATE TABLE jobs (
    id INTEGER PRIMARY KEY, spec TEXT NOT NULL, conflict TEXT NOT NULL, state TEXT NOT NULL,
    error TEXT NOT NULL DEFAULT '', planned INTEGER NOT NULL DEFAULT 0, dirty INTEGER NOT NULL DEFAULT 0
) STRICT;
CREATE TABLE items (
    id INTEGER PRIMARY KEY, job INTEGER NOT NULL, root INTEGER NOT NULL,
    source BLOB NOT NULL, target BLOB NOT NULL,
    shape BLOB,                            -- the target as its disk compares names; NULL: claims no name
    size INTEGER NOT NULL, stamp TEXT NOT NULL, state TEXT NOT NULL, decision TEXT NOT NULL DEFAULT '',
    doubt INTEGER NOT NULL DEFAULT 0,      -- an attempt began, and how it ended nobody wrote down
    reason TEXT NOT NULL DEFAULT '', verified TEXT NOT NULL DEFAULT '',
    upload TEXT NOT NULL DEFAULT '', part_size INTEGER NOT NULL DEFAULT 0,
    others TEXT NOT NULL DEFAULT ''        -- ids of uploads of the name that were open before ours
) STRICT;
CREATE UNIQUE INDEX items_source ON items (job, root, source);
CREATE UNIQUE INDEX items_shape ON items (job, shape);
CREATE INDEX items_state ON items (job, state, id);
CREATE TABLE parts (
    item INTEGER NOT NULL, number INTEGER NOT NULL, size INTEGER NOT NULL, etag TEXT NOT NULL,
    md5 TEXT NOT NULL, PRIMARY KEY (item, number)
) STRICT, WITHOUT ROWID;
CREATE TABLE receipts (
    job INTEGER PRIMARY KEY, ended TEXT NOT NULL, items INTEGER NOT NULL, bytes INTEGER NOT NULL,
    hashed INTEGER NOT NULL, sized INTEGER NOT NULL, skipped INTEGER NOT NULL, failed INTEGER NOT NULL
) STRICT;
"""


class JournalError(LocalFileError):
    """The journal cannot be written now; nothing is begun until it can."""


@dataclass(slots=True)
class Entry:
    """One planned file, marker or report of something that is not transferred (`reason`)."""

    root: int  # which of the spec's sources
    source: str
    target: str
    size: int = 0
    stamp: str = ""
    reason: str = ""  # of one that waits: a note for its receipt
    state: str = "waiting"
    shape: str | None = None


def pack(text: str) -> bytes:
    """A name as bytes; file names that are no Unicode survive."""
    return text.encode("utf-8", "surrogateescape" if os.name == "posix" else "surrogatepass")


def unpack(data: bytes) -> str:
    return data.decode("utf-8", "surrogateescape" if os.name == "posix" else "surrogatepass")


class Journal:
    """One SQLite file. Nothing is opened before `open`."""

    def __init__(self, path: str | Path, on_trouble: Callable[[str], None]) -> None:
        """`on_trouble` is told a sentence when commits fail, and "" when they work again."""
        self.path = Path(path)
        self.notice = ""  # a sentence for the user when the old journal had to be set aside
        self.token = ""  # sets this journal's part files apart from those of another one
        self._on_trouble = on_trouble
        self._lock = threading.Lock()  # of the connection: reading its rows included
        self._queue: list[tuple[str, tuple[Any, ...], str]] = []
        self._queued = threading.Condition()
        self._accepted = self._committed = 0
        self._closing = self._is_closed = False
        self._in_trouble = False

    def open(self) -> None:
        """A corrupt journal is set aside and `notice` says so. LocalFileError for one of a newer version."""
        self.path.parent.mkdir(parents=True, exist_ok=True)
        try:
            self._open()
        except sqlite3.OperationalError as error:  # not the file's fault: locked, not allowed, disk full
            what = "is used by another Skyferry" if "locked" in str(error) else f"cannot be opened: {error}"
            raise LocalFileError(f"{self.path} {what}.", path=str(self.path)) from error
        except sqlite3.DatabaseError as error:
            aside = self._set_aside()
            self.notice = (
                f"The list of transfers was damaged ({error}). It was kept as {aside}; a new one was begun."
            )
            log.warning("%s", self.notice)
            self._open()
        self._thread = threading.Thread(target=self._write_groups, name="skyferry journal", daemon=True)
        self._thread.start()

    def _open(self) -> None:
        try:
            keep_private(str(self.path))
        except OSError as error:
            why = error.strerror or error
            raise LocalFileError(f"{self.path} cannot be opened: {why}.", path=str(self.path)) from error
        self._db = sqlite3.connect(self.path, timeout=1, check_same_thread=False, isolation_level=None)
        try:
            # two engines on one journal would do everything twice
            self._db.execute("PRAGMA locking_mode=EXCLUSIVE")
            self._db.execute("PRAGMA journal_mode=WAL")
            self._db.execute("PRAGMA synchronous=FULL")
            [[version]] = self._db.execute("PRAGMA user_version").fetchall()
            if version > SCHEMA:
                raise LocalFileError(
                    f"{self.path} was written by a newer Skyferry; it is left as it is.", path=str(self.path)
                )
            [[verdict]] = self._db.execute("PRAGMA quick_check(1)").fetchall()
            if verdict != "ok":
                raise sqlite3.DatabaseError(verdict)
            if version == 0:
                self._db.executescript(f"BEGIN IMMEDIATE; {_TABLES} PRAGMA user_version={SCHEMA}; COMMIT;")
                self._db.execute("INSERT INTO about VALUES (?)", (secrets.token_hex(4),))
            [[self.token]] = self._db.execute("SELECT token FROM about").fetchall()
        except BaseException:
            self._db.close()
            raise

    def _set_aside(self) -> Path:
        aside = self.path.with_name(
            f"{self.path.name}.damaged-{time.strftime('%Y%m%d-%H%M%S')}-{secrets.token_hex(2)}"
        )
        for ending in ("", "-wal", "-shm"):
            there = self.path.with_name(self.path.name + ending)
            if there.exists():
                os.replace(there, aside.with_name(aside.name + ending))
        return aside

    # -- writing and reading --

    def write(self, sql: str, *values: Any, folder: str = "") -> None:
        """Queue a statement; `folder` is synced before it is committed. Touches no disk."""
        with self._queued:
            self._queue.append((sql, values, folder))
            self._accepted += 1
            self._queued.notify_all()

    def flush(self) -> None:
        """Wait until all that was queued is on the disk. LocalFileError while the disk refuses."""
        with self._queued:
            goal = self._accepted
            while self._committed < goal:
                if self._in_trouble or self._is_closed:
                    raise JournalError("The list of transfers cannot be written.", path=str(self.path))
                self._queued.wait(0.05)

    def read(self, sql: str, *values: Any) -> list[tuple[Any, ...]]:
        """Rows of a query, all that was queued before included."""
        self.flush()
        with self._lock:
            # Fetched inside the lock: a cursor left to the caller is moved on by other threads' statements.
            return self._db.execute(sql, values).fetchall()

    def change(self, work: Callable[[sqlite3.Connection], Any]) -> Any:
        """Run `work` in a transaction of its own, after all that was queued before; its result."""
        self.flush()
        with self._lock:
            self._db.execute("BEGIN IMMEDIATE")
            try:
                result = work(self._db)
                self._db.execute("COMMIT")
            except sqlite3.Error as error:
                if self._db.in_transaction:
                    self._db.execute("ROLLBACK")
                raise JournalError(
                    f"The list of transfers cannot be written ({error}).", path=str(self.path)
                ) from error
            return result

    def close(self) -> None:
        """Commit what is queued, end the thread, close the file."""
        with self._queued:
            self._closing = True
            self._queued.notify_all()
        self._thread.join()
        with self._queued:
            self._is_closed = True  # a worker that is still stuck somewhere must not wait for us
        with self._lock:
            self._db.close()

    def _write_groups(self) -> None:
        while True:
            with self._queued:
                while not self._queue and not self._closing:
                    self._queued.wait()
                if not self._queue:
                    return
            time.sleep(0 if self._closing else GROUP_SECONDS)
            with self._queued:
                group, self._queue = self._queue, []
            trouble = self._commit(group)
            with self._queued:
                if trouble:
                    self._queue[:0] = group
                else:
                    self._committed += len(group)
                changed, self._in_trouble = self._in_trouble != bool(trouble), bool(trouble)
                self._queued.notify_all()
                if trouble and self._closing:
                    return
            if changed:
                self._on_trouble(trouble)
            if trouble:
                time.sleep(AGAIN_SECONDS)

    def _commit(self, group: list[tuple[str, tuple[Any, ...], str]]) -> str:
        """ "" or why the group could not be committed."""
        for folder in {folder for _, _, folder in group if folder}:
            sync_folder(folder)
        with self._lock:
            try:
                self._db.execute("BEGIN IMMEDIATE")
                for sql, values, _ in group:
                    self._db.execute(sql, values)
                self._db.execute("COMMIT")
            except sqlite3.Error as error:
                if self._db.in_transaction:
                    self._db.execute("ROLLBACK")
                log.warning("the journal cannot be written: %s", error)
                return f"The list of transfers cannot be written ({error}). Transfers wait until it can."
        return ""

    # -- what transfers ask --

    def add_items(
        self, job: int, entries: Iterable[Entry], *, keep_both: bool = False
    ) -> tuple[list[Entry], int]:
        """Write planned entries; those that are known already are passed over.

        Returns the new ones and how many were known. Where another item of the job has taken the name, the
        entry says so: its state is "skipped", or with `keep_both` it waits, to be given another name.
        """

        def add(db: sqlite3.Connection) -> tuple[list[Entry], int]:
            new: list[Entry] = []
            known = 0
            for entry in entries:
                source, shape = pack(entry.source), None if entry.shape is None else pack(entry.shape)
                if db.execute(
                    "SELECT 1 FROM items WHERE job=? AND root=? AND source=?", (job, entry.root, source)
                ).fetchone():
                    known += 1
                    continue
                other = db.execute(
                    "SELECT source FROM items WHERE job=? AND shape=?", (job, shape)
                ).fetchone()
                if other and shape is not None:
                    entry.state, shape = "waiting" if keep_both else "skipped", None
                    entry.reason = f"{unpack(other[0])} would have the same name there."
                db.execute(
                    "INSERT INTO items (job, root, source, target, shape, size, stamp, state, reason)"
                    " VALUES (?,?,?,?,?,?,?,?,?)",
                    (
                        job,
                        entry.root,
                        source,
                        pack(entry.target),
                        shape,
                        entry.size,
                        entry.stamp,
                        entry.state,
                        entry.reason,
                    ),
                )
                new.append(entry)
            return new, known

        result: tuple[list[Entry], int] = self.change(add)
        return result

    def next_items(self, job: int, count: int) -> list[tuple[Any, ...]]:
        """Up to `count` waiting items, marked as running before they are handed out."""

        def fetch(db: sqlite3.Connection) -> list[tuple[Any, ...]]:
            rows = db.execute(
                f"SELECT {ITEM_COLUMNS} FROM items"  # noqa: S608 - our own words
                " WHERE job=? AND state='waiting' ORDER BY id LIMIT ?",
                (job, count),
            ).fetchall()
            db.executemany("UPDATE items SET state='running' WHERE id=?", [(row[0],) for row in rows])
            return rows

        result: list[tuple[Any, ...]] = self.change(fetch)
        return result

    def parts(self, item: int) -> dict[int, Part]:
        """The parts of an item that are known to be safe, by number."""
        rows = self.read("SELECT number, etag, size, md5 FROM parts WHERE item=?", item)
        return {row[0]: Part(*row) for row in rows}

    def add_part(self, item: int, part: Part) -> None:
        values = (item, part.number, part.size, part.etag, part.md5)
        self.write("INSERT OR REPLACE INTO parts VALUES (?,?,?,?,?)", *values)

    def begin_parts(self, item: int, *, size: int, stamp: str, part_size: int, others: str) -> None:
        """Written down before anything is opened at the target, so that a crash leaves nothing unknown
        behind.
        """
        self.write("DELETE FROM parts WHERE item=?", item)
        self.write(
            "UPDATE items SET size=?, stamp=?, part_size=?, others=?, upload='' WHERE id=?",
            size, stamp, part_size, others, item,
        )  # fmt: skip
        self.flush()

    def counts(self, job: int) -> dict[str, tuple[int, int]]:
        """State of items: (how many, bytes of them)."""
        rows = self.read("SELECT state, COUNT(*), SUM(size) FROM items WHERE job=? GROUP BY state", job)
        return {row[0]: (row[1], row[2]) for row in rows}


def sync_folder(folder: str) -> None:
    """Make a rename in this folder survive a power cut; nothing to do where folders cannot be synced
    (Windows).
    """
    try:
        descriptor = os.open(folder, os.O_RDONLY | getattr(os, "O_DIRECTORY", 0))
    except OSError:
        return
    try:
        os.fsync(descriptor)
    except OSError:
        log.debug("%s cannot be synced", folder)
    finally:
        os.close(descriptor)
