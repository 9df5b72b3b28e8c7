"""X Direct Save (XDS): at the drop the file manager names the folder, and the files may arrive later.

The name lies in the property XdndDirectSave0 of the window that owns the drag; the target puts an address
there. Source: https://www.freedesktop.org/wiki/Specifications/XDS/ . X11 alone: elsewhere `available()` is
False.
"""

from __future__ import annotations

import os
import re
import socket
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from importlib.util import find_spec
from typing import Any
from urllib.parse import unquote_to_bytes

from PySide6.QtGui import QGuiApplication

FORMAT = "XdndDirectSave0"
_NAME_BYTES_MAX = 255
_END = re.compile(rb"[\0\r\n]")


def available() -> bool:
    """Whether the window is an X11 window and python-xlib is there."""
    on_x11 = sys.platform == "linux" and QGuiApplication.platformName() == "xcb"
    return on_x11 and find_spec("Xlib") is not None


def publish(name: str) -> None:
    """Write the name on the window of the drag that is under way; without one, nothing happens."""
    with _drag_window() as (connection, owner):
        if owner:
            text = connection.intern_atom("text/plain")
            owner.change_property(
                connection.intern_atom(FORMAT), text, 8, os.fsencode(name)[:_NAME_BYTES_MAX]
            )
            connection.sync()


def folder_named(name: str) -> str:
    """The folder that the target has named, or "" when it named none of this computer."""
    with _drag_window() as (connection, owner):
        if not owner:
            return ""
        answer = owner.get_full_property(connection.intern_atom(FORMAT), 0)
    return folder_of(bytes(answer.value), name) if answer and answer.format == 8 else ""


def folder_of(answer: bytes, name: str) -> str:
    """The folder in a target's answer `file://[this host]/folder/name`; "" for anything else.

    PCManFM-Qt writes more bytes than its address has, so the name that we gave tells where it ends.
    """
    if not answer.startswith(b"file://"):
        return ""
    host, slash, rest = _END.split(answer[len(b"file://") :], maxsplit=1)[0].partition(b"/")
    if not slash or host not in (b"", b"localhost", os.fsencode(socket.gethostname())):
        return ""
    parts = rest.split(b"/")
    wanted = os.fsencode(name)
    ends = [at for at, part in enumerate(parts) if unquote_to_bytes(part).startswith(wanted)]
    folder = b"/" + b"/".join(parts[: ends[-1] if ends else len(parts) - 1])
    path = unquote_to_bytes(folder)
    return "" if b"\0" in path or path.startswith(b"//") else os.fsdecode(path)


# -- helpers --


@contextmanager
def _drag_window() -> Iterator[tuple[Any, Any]]:
    """An own connection to the display and the window that owns the drag; (None, None) when X refuses."""
    # At the first drag, as most runs have none: these 24 modules are a twelfth of the program's start.
    from Xlib import display  # noqa: PLC0415
    from Xlib.error import DisplayError, XError  # noqa: PLC0415

    try:
        connection = display.Display()
    except (DisplayError, XError, OSError):
        yield None, None
        return
    try:
        yield connection, connection.get_selection_owner(connection.intern_atom("XdndSelection"))
    finally:
        connection.close()
