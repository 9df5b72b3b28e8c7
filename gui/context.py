"""What every flow is given: the objects that `app.py` built. No globals stand beside it."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from .accounts import Accounts
from .background import Event, Lock
from .copied import CopiedFiles
from .secrets import Secrets
from .settings import Folders, Settings

if TYPE_CHECKING:
    from storage_core.base.driver import StorageDriver
    from storage_core.transfers import Engine


class Drivers:
    """The open driver of each account. Any thread may ask: each call is one dictionary operation."""

    def __init__(self) -> None:
        self._drivers: dict[str, StorageDriver] = {}
        self._opening: dict[str, Lock] = {}

    def opening(self, account_id: str) -> Lock:
        """Held by the flow that opens an account, so that two at once do not ask twice. GUI thread only."""
        return self._opening.setdefault(account_id, Lock())

    def get(self, account_id: str) -> StorageDriver | None:
        """None until somebody opened the account in this run. The engine's `driver_for`."""
        return self._drivers.get(account_id)

    def put(self, account_id: str, driver: StorageDriver) -> None:
        """From now on this is the account's driver."""
        self._drivers[account_id] = driver

    def forget(self, account_id: str) -> None:
        """The next use opens the account anew."""
        self._drivers.pop(account_id, None)


@dataclass(slots=True)
class Context:
    """One per running application."""

    settings: Settings
    accounts: Accounts
    secrets: Secrets
    engine: Engine
    drivers: Drivers
    folders: Folders
    over: Event = field(default_factory=Event)  # set when the window has quit in good order
    quitting: bool = False  # no new transfers from here on
    copied: CopiedFiles = field(init=False)

    def __post_init__(self) -> None:
        self.copied = CopiedFiles(self.folders.copied)
