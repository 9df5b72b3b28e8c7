"""What travels by drag, copy and paste: entries of an account, and files of this computer.

Reads what was dropped or pasted (`read_mime`), wraps what is dragged out or copied (`mime_data`). Knows no
flow: a drop outside of the window calls back with the folder that the file manager named. Carries no
secret.
"""

from __future__ import annotations

import json
import os
import secrets
import sys
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import partial
from typing import Any
from urllib.parse import quote_from_bytes, unquote_to_bytes

from PySide6.QtCore import QByteArray, QMimeData, QPoint, Qt, QTimer, QUrl
from PySide6.QtGui import QDrag, QPixmap
from PySide6.QtWidgets import QWidget

from storage_core.errors import InvalidObjectNameError
from storage_core.names import below, to_local

from ..accounts import DEMO_CLOUD, THIS_COMPUTER, Account
from . import ark, xds

ENTRIES = "application/x-skyferry-entries"
FILES = "text/uri-list"
COPIED_FILES = "x-special/gnome-copied-files"  # Nemo and older Nautilus paste nothing without it
CARRIED_MAX = 64 * 1024 * 1024  # bytes of a description that we read; another process may have written it
_RUN = secrets.token_hex(8)

Save = Callable[["Dragged", str], object]


@dataclass(frozen=True, slots=True)
class Dragged:
    """Entries of one shown folder. A key is an object's name, a folder's prefix ending "/", or "" (all)."""

    account: str
    container: str
    prefix: str
    keys: tuple[str, ...]


# -- reading --


def accepts(mime: QMimeData) -> bool:
    """Whether a drop or paste of this can mean anything here. Cheap: asks for no data."""
    return mime.hasFormat(ENTRIES) or mime.hasFormat(FILES)


def read_mime(mime: QMimeData) -> Dragged | list[str] | None:
    """Our own entries first; else the absolute paths of this computer's files; None when there is neither."""
    if mime.hasFormat(ENTRIES):
        dragged = _read_entries(bytes(mime.data(ENTRIES).data()))
        if dragged is not None:
            return dragged
    if mime.hasFormat(FILES):
        return read_files(bytes(mime.data(FILES).data())) or None
    return None


def entries_in(mime: QMimeData | None) -> bytes:
    """Our own format as it is carried, unread; b"" where it is not. No two copies carry the same."""
    return bytes(mime.data(ENTRIES).data()) if mime is not None and mime.hasFormat(ENTRIES) else b""


def read_files(listing: bytes) -> list[str]:
    """Paths of the files of a `text/uri-list` (RFC 2483). What is not a file of this computer is left out.

    `file://server/share` is local for Qt and would make Windows log in there, so only an empty host will do.
    """
    found = (_local_path(line.strip()) for line in listing.splitlines())
    return list(dict.fromkeys(path for path in found if path))


def _local_path(address: bytes) -> str:
    if not address.lower().startswith(b"file:///"):
        return ""
    raw = address[len(b"file://") :].split(b"#")[0].split(b"?")[0]
    if sys.platform == "win32":
        path = QUrl.fromEncoded(QByteArray(address)).toLocalFile()
    else:
        # By hand, because QUrl turns a name that is not UTF-8 into one that does not exist.
        path = os.fsdecode(unquote_to_bytes(raw))
    if path.startswith(("//", "\\\\")) or "\0" in path:
        return ""
    return path.rstrip("/") or path


def _read_entries(data: bytes) -> Dragged | None:
    if len(data) > CARRIED_MAX:
        return None
    try:
        fields = json.loads(data)
        run, account = str(fields["run"]), str(fields["account"])
        keys = tuple(str(key) for key in fields["keys"])
        dragged = Dragged(account, str(fields["container"]), str(fields["prefix"]), keys)
    except (ValueError, RecursionError, TypeError, KeyError):
        return None  # not written by us
    if account == DEMO_CLOUD and run != _RUN:
        return None  # each run has a demo cloud of its own
    return dragged if dragged.keys else None


# -- writing --


def files_of(account: Account, dragged: Dragged) -> list[str]:
    """Paths of the entries where they are files of this computer already; else nothing. Looks at no disk."""
    if account.provider != "local":
        return []
    root = os.path.abspath(os.path.expanduser(account.values.get("key", "")))
    is_home = account.id == THIS_COMPUTER  # its home folder is itself the container
    try:
        if not dragged.container:  # whole containers
            return [root] if is_home else [below(root, name) for name in dragged.keys]
        if not is_home:
            root = below(root, dragged.container)
        return [below(root, key.rstrip("/")) if key else root for key in dragged.keys]
    except InvalidObjectNameError:
        return []


def mime_data(dragged: Dragged, *, paths: Sequence[str] = ()) -> QMimeData:
    """The entries for our own panes; `paths` (files that exist on this computer) for everybody else."""
    return with_files(_written(dragged), paths)


def with_files(entries: bytes, paths: Sequence[str]) -> QMimeData:
    """The same once more: `entries` from `entries_in`, and files that were not there then."""
    mime = QMimeData()
    mime.setData(ENTRIES, entries)
    if paths:
        addresses = [_address(path) for path in paths]
        mime.setData(FILES, b"".join(address + b"\r\n" for address in addresses))
        mime.setData(COPIED_FILES, b"\n".join([b"copy", *addresses]))
    return mime


def start_drag(
    view: QWidget,
    dragged: Dragged,
    *,
    paths: Sequence[str] = (),
    save: Save | None = None,
    picture: QPixmap | None = None,
) -> None:
    """Drag until the button goes up. Copy only: offered a move, Thunar would take the file away from us.

    `save(dragged, folder)` is called later, from the event loop, when a file manager was given the entries
    and named a folder. Offered only without `paths`: a target that sees files fetches those, and at hover
    already.
    """
    drag = QDrag(view)
    if paths or save is None:
        drag.setMimeData(mime_data(dragged, paths=paths))
    else:
        mime = DirectSave(dragged, save)
        drag.setMimeData(mime)
        QTimer.singleShot(0, mime.publish)  # the property goes on a window that the drag makes
    if picture is not None:
        drag.setPixmap(picture)
        drag.setHotSpot(QPoint(-8, picture.height() // 2))
    drag.exec(Qt.DropAction.CopyAction)


class DirectSave(QMimeData):
    """Entries that are no files yet: the target names a folder, and `save` brings them there later.

    For drags alone: Qt asks a clipboard's content again when the interpreter is gone, which aborts.
    """

    def __init__(self, dragged: Dragged, save: Save) -> None:
        super().__init__()
        self._dragged = dragged
        self._name = _name_on_disk(dragged.keys[0], dragged.container)
        self._save = save
        self._is_saved = False
        self._is_direct = xds.available()
        self.setData(ENTRIES, _written(dragged))
        for name, value in ark.offer(self._save_into).items():
            self.setData(name, value)

    def publish(self) -> None:
        """Tell the file manager under which name it may ask for a direct save. Call when the drag runs."""
        if self._is_direct:
            xds.publish(self._name)

    def formats(self) -> list[str]:
        return [*super().formats(), xds.FORMAT] if self._is_direct else super().formats()

    def hasFormat(self, mimetype: str) -> bool:
        return mimetype in self.formats()

    def retrieveData(self, mimetype: str, type_: Any) -> Any:
        """Called by Qt on the GUI thread, after the drop for a direct save: it must answer at once."""
        if mimetype != xds.FORMAT or not self._is_direct:
            return super().retrieveData(mimetype, type_)
        folder = xds.folder_named(self._name)
        if not folder:
            return QByteArray(b"E")
        self._save_into(folder)
        return QByteArray(b"S")

    def _save_into(self, folder: str) -> None:
        if not self._is_saved:  # some targets ask twice
            self._is_saved = True
            QTimer.singleShot(0, partial(self._save, self._dragged, folder))


def _written(dragged: Dragged) -> bytes:
    fields = {
        "run": _RUN,
        "copy": secrets.token_hex(4),
        "account": dragged.account,
        "container": dragged.container,
        "prefix": dragged.prefix,
        "keys": list(dragged.keys),
    }
    return json.dumps(fields).encode()


def _address(path: str) -> bytes:
    if sys.platform == "win32":
        return bytes(QUrl.fromLocalFile(path).toEncoded().data())
    return b"file://" + quote_from_bytes(os.fsencode(path)).encode()  # QUrl: see `_local_path`


def _name_on_disk(key: str, container: str) -> str:
    last = key.rstrip("/").rsplit("/", 1)[-1] or container
    return to_local(last).rsplit("/", 1)[-1]
