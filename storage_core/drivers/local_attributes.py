"""What a file's object carries beside its bytes: in an extended attribute, else in a database elsewhere.

Nothing is ever written among people's documents. A record is a small dict: the object's attributes, and for a
folder what is known about it. The extended attribute is written to the part file before it gets its name, so
content and attributes appear together; the database keeps a row per path *and* inode, so that the row of
the new file never speaks for the old one.
"""

from __future__ import annotations

import contextlib
import errno
import json
import os
import sqlite3
import sys
from collections.abc import Iterator
from dataclasses import fields
from typing import Any

from storage_core.attributes import Attributes, guess_content_type
from storage_core.folders import keep_private

XATTR = "user.skyferry.attributes"
FOLDER = "folder"
"""The key of a record that tells the kind of a folder: MADE, MARKER or DELETED; none: a person's own."""
MADE = "made"  # by this driver, on the way to an object: goes when its last object goes
MARKER = "marker"  # somebody stored the object `name/`
DELETED = "deleted"  # somebody deleted `name/` while objects were left below: goes with the last of them

_NOT_HERE = {
    errno.ENOTSUP,
    errno.EOPNOTSUPP,
    errno.EPERM,
    errno.EACCES,
    errno.ENOSPC,
    errno.E2BIG,
    errno.ERANGE,
}
_NO_RECORD = {errno.ENODATA} | ({errno.ENOATTR} if hasattr(errno, "ENOATTR") else set())
_TABLE = (
    "CREATE TABLE IF NOT EXISTS attributes (path BLOB, inode INTEGER, record TEXT, PRIMARY KEY (path, inode))"
)


def data_folder() -> str:
    """Where the database is when nobody says otherwise: the platform's folder for application data."""
    if sys.platform == "win32":
        base = os.environ.get("LOCALAPPDATA") or os.path.expanduser("~\\AppData\\Local")
    elif sys.platform == "darwin":
        base = os.path.expanduser("~/Library/Application Support")
    else:
        base = os.environ.get("XDG_DATA_HOME") or os.path.expanduser("~/.local/share")
    return os.path.join(base, "skyferry")


class Records:
    """The records of the files and folders below one root. Any thread."""

    def __init__(self, store: str, use_xattrs: bool) -> None:
        """`store`: the folder of the database, made when first needed; "" for `data_folder()`."""
        self._folder = store
        self._use_xattrs = use_xattrs and hasattr(os, "setxattr")

    def read(self, target: int | str, path: str, inode: int) -> dict[str, Any]:
        """The record of a file or folder (`target`: its descriptor, or its path); {} when it has none."""
        text = self._read_xattr(target) or self._read_row(path, inode)
        try:
            record = json.loads(text) if text else {}
        except (ValueError, RecursionError):
            return {}  # another program's, or damaged: the file itself is none the worse
        return record if isinstance(record, dict) else {}

    def write(self, target: int | str, path: str, inode: int, record: dict[str, Any]) -> None:
        """Replace the record. OSError, sqlite3.Error when neither place takes it."""
        text = json.dumps(record, ensure_ascii=False, separators=(",", ":")) if record else ""
        if self._write_xattr(target, text):
            self._write_row(path, inode, "")
        else:
            self._write_row(path, inode, text)

    def settle(self, path: str, inode: int) -> None:
        """Forget what was known of other files that had this path."""
        self._change("DELETE FROM attributes WHERE path = ? AND inode != ?", os.fsencode(path), inode)

    def forget(self, path: str) -> None:
        """The file or folder is gone."""
        self._change("DELETE FROM attributes WHERE path = ?", os.fsencode(path))

    # -- extended attributes --

    def _read_xattr(self, target: int | str) -> str:
        if not self._use_xattrs:
            return ""
        try:
            return os.getxattr(target, XATTR).decode("utf-8", "replace")
        except OSError as error:
            if error.errno in _NOT_HERE | _NO_RECORD:
                return ""
            raise

    def _write_xattr(self, target: int | str, text: str) -> bool:
        """Whether the file system took it. A record too large for it goes to the database."""
        if not self._use_xattrs:
            return False
        try:
            if text:
                os.setxattr(target, XATTR, text.encode("utf-8"))
                return True
            os.removexattr(target, XATTR)
        except OSError as error:
            if error.errno in _NO_RECORD:
                return True
            if error.errno not in _NOT_HERE:
                raise
            if text:
                # A record left from before would hide the new one in the database.
                with contextlib.suppress(OSError):
                    os.removexattr(target, XATTR)
            return False
        return True

    # -- the database --

    @property
    def _database(self) -> str:
        return os.path.join(self._folder or data_folder(), "attributes.sqlite3")

    def _read_row(self, path: str, inode: int) -> str:
        if not os.path.exists(self._database):
            return ""
        with self._connection() as connection:
            row = connection.execute(
                "SELECT record FROM attributes WHERE path = ? AND inode = ?",
                (os.fsencode(path), _signed(inode)),
            ).fetchone()
        return str(row[0]) if row else ""

    def _write_row(self, path: str, inode: int, text: str) -> None:
        if text:
            os.makedirs(os.path.dirname(self._database), mode=0o700, exist_ok=True)
            with self._connection() as connection:
                connection.execute(
                    "INSERT OR REPLACE INTO attributes VALUES (?, ?, ?)",
                    (os.fsencode(path), _signed(inode), text),
                )
        else:
            self._change("DELETE FROM attributes WHERE path = ? AND inode = ?", os.fsencode(path), inode)

    def _change(self, statement: str, path: bytes, inode: int | None = None) -> None:
        if os.path.exists(self._database):
            with self._connection() as connection:
                connection.execute(statement, (path,) if inode is None else (path, _signed(inode)))

    @contextlib.contextmanager
    def _connection(self) -> Iterator[sqlite3.Connection]:
        keep_private(self._database)
        # The connection as a context is a transaction; closing it is the other one's part.
        with contextlib.closing(sqlite3.connect(self._database, timeout=30)) as connection, connection:
            connection.execute(_TABLE)
            yield connection


def _signed(inode: int) -> int:
    """SQLite's integers have 64 bits with a sign; some file systems number up to 2**64."""
    return inode - (1 << 64) if inode >= 1 << 63 else inode


_NAMES = frozenset(item.name for item in fields(Attributes))


def to_record(attributes: Attributes, object_name: str) -> dict[str, Any]:
    """What is worth keeping: what is set, but for a content type that the name tells anyhow."""
    record = attributes.to_extra()
    if attributes.metadata:
        record["metadata"] = dict(attributes.metadata)
    if record.get("content_type") == guess_content_type(object_name):
        del record["content_type"]
    return record


def from_record(record: dict[str, Any], object_name: str) -> Attributes:
    """The attributes of an object, whatever another program has left in its record."""
    known: dict[str, Any] = {}
    for key, value in record.items():
        if key in ("metadata", "tags") and isinstance(value, dict):
            known[key] = {str(name): str(text) for name, text in value.items()}
        elif key in _NAMES and isinstance(value, str):
            known[key] = value
    return Attributes(**known).with_guessed_type(object_name)
