"""The log file: rotating, for its owner's eyes only, and redacted like everything else that may be shown."""

from __future__ import annotations

import faulthandler
import logging
import logging.handlers
import os
import sys
import textwrap
from io import TextIOWrapper
from pathlib import Path
from typing import Any

from PySide6.QtCore import QMessageLogContext, QtMsgType, qInstallMessageHandler

from storage_core.redaction import redact

from .saved_file import make_private
from .text import spelled

BYTES_MAX = 1_000_000
FILES_MAX = 3
_LEVELS = {
    QtMsgType.QtDebugMsg: logging.DEBUG,
    QtMsgType.QtInfoMsg: logging.INFO,
    QtMsgType.QtWarningMsg: logging.WARNING,
    QtMsgType.QtCriticalMsg: logging.ERROR,
    QtMsgType.QtFatalMsg: logging.CRITICAL,
}
_qt = logging.getLogger("qt")


class RedactingFormatter(logging.Formatter):
    """Nothing secret reaches a handler that uses it, tracebacks included; and what other people named can
    neither begin a line that looks like ours nor steer the terminal that shows it.
    """

    def format(self, record: logging.LogRecord) -> str:
        record.exc_text = None  # as another formatter wrote it
        return spelled(redact(super().format(record)))

    def formatMessage(self, record: logging.LogRecord) -> str:
        return super().formatMessage(record).replace("\n", "\u2039LF\u203a")

    def formatException(self, ei: Any) -> str:
        return textwrap.indent(super().formatException(ei), "  ", lambda _: True)


class PrivateLog(logging.handlers.RotatingFileHandler):
    """A rotating log that only its owner can read from its first byte on."""

    def _open(self) -> TextIOWrapper:
        handle = os.open(self.baseFilename, os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o600)
        if os.name == "posix" and os.fstat(handle).st_mode & 0o077:  # it was made by something else
            os.fchmod(handle, 0o600)
        return os.fdopen(handle, "a", encoding="utf-8")


def begin(path: Path) -> None:
    """Log to the file, Qt's messages too, and to the terminal what is worse than a warning."""
    form = RedactingFormatter("%(asctime)s %(levelname)s %(name)s: %(message)s")
    handlers: list[logging.Handler] = []
    if sys.stderr is not None:  # a windowed program on Windows has none
        terminal = logging.StreamHandler()
        terminal.setLevel(logging.ERROR)
        handlers.append(terminal)
        faulthandler.enable()
    try:
        make_private(path.parent)
        handlers.append(PrivateLog(path, maxBytes=BYTES_MAX, backupCount=FILES_MAX, encoding="utf-8"))
    except OSError as error:
        logging.getLogger(__name__).warning("no log file: %s", error)
    root = logging.getLogger()
    root.setLevel(logging.INFO)
    for handler in handlers:
        handler.setFormatter(form)
        root.addHandler(handler)
    # Their debug lines quote whole requests.
    for name in ("urllib3", "requests", "botocore", "asyncio", "qasync"):
        logging.getLogger(name).setLevel(logging.WARNING)
    qInstallMessageHandler(_from_qt)


def _from_qt(kind: QtMsgType, context: QMessageLogContext, text: str) -> None:
    _qt.log(_LEVELS.get(kind, logging.INFO), "%s", text)
