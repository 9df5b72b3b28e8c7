"""KDE's own way to drag out what is not a file yet: Dolphin and Plasma call back over D-Bus with the folder.

The protocol is Ark's: two formats name a D-Bus service and an object on it, and the target calls the method
`extractSelectedFilesTo` of that object.
"""

from __future__ import annotations

import itertools
import os
from collections.abc import Callable
from typing import Any

from PySide6.QtCore import ClassInfo, QObject, QTimer, Slot
from PySide6.QtDBus import QDBusAbstractAdaptor, QDBusConnection
from PySide6.QtGui import QGuiApplication

SERVICE = "application/x-kde-ark-dndextract-service"
PATH = "application/x-kde-ark-dndextract-path"
_KEPT_MS = 10 * 60 * 1000  # a target asks at the drop; a drag does not last longer than this
_interface: Any = ClassInfo  # its stub knows only keyword arguments, which cannot hold this name
_numbers = itertools.count(1)


@_interface({"D-Bus Interface": "org.kde.ark.DndExtract"})
class _Extract(QDBusAbstractAdaptor):
    def __init__(self, parent: QObject, save: Callable[[str], None]) -> None:
        super().__init__(parent)
        self._save = save

    @Slot(str)
    def extractSelectedFilesTo(self, folder: str) -> None:
        """Called by the file manager. Only an absolute path of this computer will do."""
        if folder.startswith("/") and not folder.startswith("//"):
            self._save(folder)


def offer(save: Callable[[str], None]) -> dict[str, bytes]:
    """The two formats, answered by `save(folder)`; none without a session bus.

    Without an address Qt would launch a bus daemon of its own that outlives us.
    """
    application = QGuiApplication.instance()
    if application is None or not os.environ.get("DBUS_SESSION_BUS_ADDRESS"):
        return {}
    bus = QDBusConnection.sessionBus()
    if not bus.isConnected():
        return {}
    answering = QObject(application)
    _Extract(answering, save)
    path = f"/DndExtract/{next(_numbers)}"
    if not bus.registerObject(path, answering):
        answering.deleteLater()
        return {}
    QTimer.singleShot(_KEPT_MS, answering, answering.deleteLater)
    return {SERVICE: bus.baseService().encode(), PATH: path.encode()}
