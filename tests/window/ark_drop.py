"""A drop on Dolphin, played by a D-Bus client on a bus of its own: python -m tests.window.ark_drop FOLDER

Prints the folders that were asked for. Sends relative and network paths first, which must not count.
"""

from __future__ import annotations

import sys
import threading

from jeepney import DBusAddress, new_method_call
from jeepney.io.blocking import open_dbus_connection
from PySide6.QtCore import QTimer
from PySide6.QtWidgets import QApplication

from gui.panes import ark


def drop(formats: dict[str, bytes], folder: str) -> None:
    """What Dolphin does with the two formats."""
    target = DBusAddress(
        formats[ark.PATH].decode(), formats[ark.SERVICE].decode(), interface="org.kde.ark.DndExtract"
    )
    with open_dbus_connection("SESSION") as connection:
        for path in ("relative", "//server/share", folder):
            call = new_method_call(target, "extractSelectedFilesTo", "s", (path,))
            connection.send_and_get_reply(call, timeout=10)


def main() -> None:
    application = QApplication([])
    asked: list[str] = []
    formats = ark.offer(asked.append)
    dropping = threading.Thread(target=drop, args=(formats, sys.argv[1]))
    watching = QTimer(interval=20)
    watching.timeout.connect(lambda: dropping.is_alive() or application.quit())
    dropping.start()
    watching.start()
    application.exec()
    print(*asked, sep="\n")


if __name__ == "__main__":
    main()
