"""One small JSON file of our own: written whole or not at all, mode 0600, set aside when unreadable."""

from __future__ import annotations

import json
import logging
import os
import tempfile
from collections.abc import Mapping
from datetime import datetime
from pathlib import Path
from typing import Any

_log = logging.getLogger(__name__)


class UnreadableFileError(ValueError):
    """The content is not what this program writes."""


class SavedFile:
    """Call `write` in the "files" pool, which keeps the order."""

    def __init__(self, path: Path, version: int) -> None:
        """`version` is written along; a file of a newer one is not understood."""
        self.path = path
        self.version = version

    def read(self) -> dict[str, Any]:
        """The content; {} when there is no file. UnreadableFileError; OSError when this computer refuses."""
        try:
            text = self.path.read_text("utf-8")
            _close(self.path)
        except FileNotFoundError:
            return {}
        except UnicodeDecodeError as error:
            raise UnreadableFileError(f"{self.path.name} is not text") from error
        try:
            content = json.loads(text)
        except (ValueError, RecursionError) as error:
            raise UnreadableFileError(f"{self.path.name} is not JSON: {error}") from error
        if not isinstance(content, dict):
            raise UnreadableFileError(f"{self.path.name} does not hold what Skyferry writes")
        version = content.pop("version", 0)
        if not isinstance(version, int) or version > self.version:
            raise UnreadableFileError(f"{self.path.name} was written by a newer Skyferry (version {version})")
        return content

    def write(self, content: Mapping[str, Any]) -> None:
        """Replace the file; the old content stays until the new one is on the disk. OSError."""
        make_private(self.path.parent)
        text = json.dumps({"version": self.version, **content}, ensure_ascii=False, indent=2) + "\n"
        handle, name = tempfile.mkstemp(prefix=f".{self.path.name}-", dir=self.path.parent)  # mode 0600
        try:
            with os.fdopen(handle, "w", encoding="utf-8") as file:
                file.write(text)
                file.flush()
                os.fsync(file.fileno())
            os.replace(name, self.path)
        except BaseException:
            Path(name).unlink(missing_ok=True)
            raise

    def set_aside(self) -> Path:
        """Rename an unreadable file, so that nothing of it is lost; returns its new name."""
        moment = datetime.now().strftime("%Y%m%d-%H%M%S-%f")
        aside = self.path.with_name(f"{self.path.name}.broken-{moment}")
        os.replace(self.path, aside)
        return aside


def _close(path: Path) -> None:
    """A file that came here in another way, from a backup perhaps, and its folder: for their owner alone."""
    if os.name != "posix":
        return
    for one, open_to_others in ((path, 0o177), (path.parent, 0o077)):
        try:
            if one.stat().st_mode & open_to_others:
                one.chmod(0o600 if one is path else 0o700)
        except OSError as error:
            _log.warning("others may read %s: %s", one, error)


def make_private(folder: Path) -> None:
    """Make a folder that only its owner may enter, and close one that was open to others."""
    folder.mkdir(parents=True, exist_ok=True, mode=0o700)
    if os.name == "posix" and folder.stat().st_mode & 0o077:
        folder.chmod(0o700)
