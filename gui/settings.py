"""What the user chose, as one dataclass of which only differences are written; and the program's folders."""

from __future__ import annotations

from dataclasses import dataclass, field, fields
from pathlib import Path
from typing import Any, Self

import platformdirs

from .saved_file import SavedFile, UnreadableFileError

NAME = "skyferry"
THEMES = ("system", "light", "dark")
VERSION = 1


@dataclass(frozen=True, slots=True)
class Folders:
    """Where this program keeps what is its own."""

    config: Path  # accounts.json, settings.json
    data: Path  # the journal, which must survive
    logs: Path
    lock: Path  # the file that says that this profile is in use
    cache: Path  # what may be lost

    @property
    def accounts(self) -> Path:
        return self.config / "accounts.json"

    @property
    def settings(self) -> Path:
        return self.config / "settings.json"

    @property
    def journal(self) -> Path:
        return self.data / "transfers.sqlite"

    @property
    def log(self) -> Path:
        return self.logs / "skyferry.log"

    @property
    def copied(self) -> Path:
        return self.cache / "copied"


def standard_folders() -> Folders:
    """Where the system wants them."""
    data = platformdirs.user_data_path(NAME, appauthor=False)
    return Folders(
        platformdirs.user_config_path(NAME, appauthor=False),
        data,
        platformdirs.user_log_path(NAME, appauthor=False),
        data / "lock",
        platformdirs.user_cache_path(NAME, appauthor=False),
    )


def portable_folders(root: Path) -> Folders:
    """Everything below one folder, for a stick or a test. The keyring stays the system's."""
    root = root.absolute()
    return Folders(root / "config", root / "data", root / "logs", root / "data" / "lock", root / "cache")


@dataclass(slots=True)
class Settings:
    """Each field's default is what a new user gets. Texts that Qt made (geometry, layout) are base64."""

    theme: str = "system"  # one of THEMES
    geometry: str = ""
    layout: str = ""  # sizes and visibility of the panes
    columns: str = ""  # of the object list
    show_containers: bool = True
    show_transfers: bool = True
    show_inspector: bool = True
    last_account: str = ""
    download_folder: str = ""  # the last one chosen
    upload_folder: str = ""
    bytes_per_second_max: int = 0  # 0: no limit
    transfers_at_once: int = 8
    link_seconds: int = 3600  # how long a copied link works
    fidelity_settled: str = ""  # pairs of account ids, a line each, whose copies lose something knowingly

    problem: str = field(default="", repr=False, compare=False)  # what `load` could not read, as a sentence
    file: SavedFile | None = field(default=None, repr=False, compare=False)
    unknown: dict[str, Any] = field(default_factory=dict, repr=False, compare=False)

    @classmethod
    def load(cls, path: Path) -> Self:
        """The saved settings; an unreadable file is renamed and `problem` says so. OSError."""
        file = SavedFile(path, VERSION)
        settings = cls(file=file)
        try:
            content = file.read()
        except UnreadableFileError as error:
            aside = file.set_aside()
            settings.problem = (
                f"The settings could not be read ({error}). They start afresh; the old file is {aside}."
            )
            return settings
        for name, value in content.items():
            usual = getattr(settings, name, None)
            if name not in _SAVED:
                settings.unknown[name] = value  # a newer version's: kept
            elif type(value) is type(usual) and _is_possible(name, value):
                setattr(settings, name, value)
        return settings

    def differences(self) -> dict[str, Any]:
        """What is not as a new user gets it."""
        usual = type(self)()
        mine = {name: getattr(self, name) for name in _SAVED if getattr(self, name) != getattr(usual, name)}
        return {**self.unknown, **mine}

    def save(self) -> None:
        """Write the differences; run it in the "files" pool. OSError."""
        if self.file is not None:
            self.file.write(self.differences())


_SAVED = tuple(item.name for item in fields(Settings) if item.compare)
_RANGES = {"transfers_at_once": (1, 64), "link_seconds": (1, 10 * 365 * 86400)}


def _is_possible(name: str, value: object) -> bool:
    """A file that somebody edited must not keep the program from starting."""
    if name == "theme":
        return value in THEMES
    least, most = _RANGES.get(name, (0, 2**62))
    return not isinstance(value, int) or least <= value <= most
