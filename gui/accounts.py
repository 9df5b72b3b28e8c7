"""Saved accounts, without their secrets, and `Place`: where in them one is. No Qt in here."""

from __future__ import annotations

import uuid
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from .saved_file import SavedFile, UnreadableFileError

THIS_COMPUTER = "this-computer"
DEMO_CLOUD = "demo-cloud"
HOME = "Home"  # the one container of This computer
BUILT_IN = frozenset({THIS_COMPUTER, DEMO_CLOUD})
VERSION = 1
SYSTEM, NONE = "system", "none"  # proxies that are no URL
PROXY_LOGIN = (
    "proxy login"  # `name:password` of a manual proxy; among the account's secrets, never in its URL
)
# Fields of sign-in forms that hold a URL, and whether such a one usually has a path.
ADDRESSES = {"endpoint": False, "host": False, "auth_url": True, "storage_url": True}


@dataclass(frozen=True, slots=True)
class Place:
    """A container or a folder in it; with neither, the account itself."""

    account: str
    container: str = ""
    prefix: str = ""  # "" or ends with "/"

    @property
    def parent(self) -> Place | None:
        """One level up; None above an account."""
        if self.prefix:
            above = self.prefix[:-1].rpartition("/")
            return Place(self.account, self.container, above[0] + above[1])
        return Place(self.account) if self.container else None

    @property
    def name(self) -> str:
        """The prefix's last component without its slash, else the container's name; "" for an account."""
        return self.prefix[:-1].rpartition("/")[2] if self.prefix else self.container

    @property
    def key(self) -> str:
        """What a transfer's Ref calls it: the prefix, "" for a whole container."""
        return self.prefix

    def below(self, name: str) -> Place:
        """The container of that name, or the folder of that name inside this one."""
        if not self.container:
            return Place(self.account, name)
        return Place(self.account, self.container, f"{self.prefix}{name}/")

    def text(self) -> str:
        """As the path bar writes it: `container/folder/`; "" for an account."""
        return f"{self.container}/{self.prefix}" if self.container else ""

    @staticmethod
    def from_text(account: str, text: str) -> Place:
        """The reverse of `text()`; a folder's last slash may be missing."""
        container, _, prefix = text.partition("/")
        if prefix and not prefix.endswith("/"):
            prefix += "/"
        return Place(account, container, prefix)


@dataclass(frozen=True, slots=True)
class Account:
    """How to reach one account of one provider."""

    id: str
    title: str
    provider: str  # a constant of storage_core.types.Provider
    values: Mapping[str, str] = field(default_factory=dict)  # by the provider's field names; never a secret
    containers: tuple[str, ...] = ()  # only these, for keys that may not list; empty: ask the provider
    start: str = ""  # where it opens: "container/folder/"
    proxy: str = "system"  # "system", "none", or a URL
    ca_file: str = ""
    pin: str = ""  # SHA-256 of the one certificate trusted for this account, hex

    @property
    def is_built_in(self) -> bool:
        """This computer and the demo cloud: always there, never edited or removed."""
        return self.id in BUILT_IN

    def place(self) -> Place:
        """Where this account opens."""
        return Place.from_text(self.id, self.start)


def new_id() -> str:
    """An id that no account ever had; the keyring item and the journal know an account by it."""
    return uuid.uuid4().hex


class Accounts:
    """The list of accounts. Changed on the GUI thread only; `save` runs in the "files" pool."""

    def __init__(self, path: Path, home: Path | None = None) -> None:
        self.problem = ""  # what `load` could not read, as a sentence; "" when all is well
        self._file = SavedFile(path, VERSION)
        home = home or Path.home()
        # Nothing is translated here; panes translate the titles of built-in accounts.
        self._accounts: dict[str, Account] = {
            THIS_COMPUTER: Account(THIS_COMPUTER, "This computer", "local", {"key": str(home)}, start=HOME),
            DEMO_CLOUD: Account(DEMO_CLOUD, "Demo cloud", "dummy"),
        }

    def all(self) -> tuple[Account, ...]:
        """The two built-in ones, then the saved ones in the order in which they were added."""
        return tuple(self._accounts.values())

    def get(self, account_id: str) -> Account:
        """KeyError when it was removed."""
        return self._accounts[account_id]

    def has(self, account_id: str) -> bool:
        """Whether there is an account of this id."""
        return account_id in self._accounts

    def add(self, account: Account) -> None:
        """ValueError when the id is taken."""
        if account.id in self._accounts:
            raise ValueError(f"there is an account with the id {account.id}")
        self._accounts[account.id] = account

    def replace(self, account: Account) -> None:
        """Change an account in its place. KeyError when there is none; ValueError for a built-in one."""
        if account.is_built_in:
            raise ValueError(f"{account.title} cannot be changed")
        if account.id not in self._accounts:
            raise KeyError(account.id)
        self._accounts[account.id] = account

    def remove(self, account_id: str) -> None:
        """Forget an account; its secret is the caller's business. ValueError for a built-in one."""
        if account_id in BUILT_IN:
            raise ValueError("the built-in accounts cannot be removed")
        del self._accounts[account_id]

    def free_title(self, wanted: str) -> str:
        """`wanted`, with a number behind it when another account is called so."""
        taken = {account.title for account in self._accounts.values()}
        title, number = wanted, 2
        while title in taken:
            title, number = f"{wanted} {number}", number + 1
        return title

    def load(self) -> None:
        """Read the saved ones. What cannot be read stays in a renamed file; `problem` says so. OSError."""
        try:
            content = self._file.read()
        except UnreadableFileError as error:
            aside = self._file.set_aside()
            self.problem = (
                f"The list of accounts could not be read ({error}). It was set aside as {aside}. "
                "Secrets in the keyring are untouched."
            )
            return
        entries = content.get("accounts", [])
        accounts = [_account(entry) for entry in entries] if isinstance(entries, list) else [None]
        if None in accounts:
            # Saving again would lose what was not understood, so the whole file is kept beside.
            aside = self._file.set_aside()
            self.problem = f"Some accounts could not be read. The list was set aside as {aside}."
        for account in accounts:
            if account is not None and account.id not in self._accounts:
                self._accounts[account.id] = account
        if self.problem:
            self.save()

    def save(self) -> None:
        """Write the saved ones. OSError."""
        mine = [account for account in self.all() if not account.is_built_in]
        self._file.write({"accounts": [_entry(account) for account in mine]})


# -- helpers --

TEXTS = ("id", "title", "provider", "start", "proxy", "ca_file", "pin")


def _entry(account: Account) -> dict[str, Any]:
    """Only what differs from an empty account."""
    entry: dict[str, Any] = {name: getattr(account, name) for name in TEXTS}
    entry |= {"values": dict(account.values), "containers": list(account.containers)}
    usual = {"start": "", "proxy": "system", "ca_file": "", "pin": "", "values": {}, "containers": []}
    return {name: value for name, value in entry.items() if usual.get(name) != value}


def _account(entry: Any) -> Account | None:
    """None when it is not an account."""
    if not isinstance(entry, dict):
        return None
    values, containers = entry.get("values", {}), entry.get("containers", [])
    texts = {name: entry[name] for name in TEXTS if name in entry}
    usable = (
        {"id", "title", "provider"} <= set(texts)
        and all(isinstance(text, str) for text in texts.values())
        and isinstance(values, dict)
        and all(isinstance(text, str) for pair in values.items() for text in pair)
        and isinstance(containers, list)
        and all(isinstance(name, str) for name in containers)
    )
    return Account(values=values, containers=tuple(containers), **texts) if usable else None
