"""Oracles: the vendor's own SDK reads what our drivers wrote, and writes what they must read.

One file per SDK; `ledger.py` remembers what every test writes and lets the SDK that belongs to its server
read it back. A new one is a class with the methods of `Oracle` (its `serves` says which drivers are its), and
one line in tests/conftest.py, where its server is started:
`with azurite.running() as server, oracles.known(AzureBlobs(server)):`.
An oracle shares no code with storage_core: what both got wrong in the same way would pass.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any, Protocol

HEADERS = (
    *("content_type", "content_encoding", "content_disposition", "content_language", "cache_control"),
    "expires",
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Found:
    """An object as the vendor's SDK tells it. Empty means *not set*; metadata as its author wrote it."""

    data: bytes | None  # None: the service gives no bytes of it (archived)
    size: int
    content_type: str = ""
    content_encoding: str = ""
    content_disposition: str = ""
    content_language: str = ""
    cache_control: str = ""
    expires: str = ""
    storage_class: str = ""  # "" for the service's usual one
    encryption: str = ""
    metadata: Mapping[str, str] = field(default_factory=dict)
    tags: Mapping[str, str] = field(default_factory=dict)


class Oracle(Protocol):
    """One account of one server, seen through the vendor's SDK. Serves many threads."""

    sdk: str
    """The SDK's name, for messages."""
    folds_keys: bool
    """Whether the service keeps metadata keys in lower case, whatever was sent."""

    def serves(self, driver: Any) -> bool:
        """Whether this driver writes into this account."""

    def read(self, container: str, name: str) -> Found | None:
        """The object; None when it, or the container, is not there."""

    def write(self, container: str, name: str, data: bytes, *, parts: int = 0, **attributes: Any) -> None:
        """Store an object the vendor's way: `attributes` are Found's, `parts` > 0 asks for that many."""

    def names(self, container: str) -> list[str]:
        """All names in a container, in the service's order; none when it is not there."""

    def delete(self, container: str, name: str) -> None:
        """Remove an object."""

    def keep_versions(self, container: str) -> None:
        """Let the container keep versions from now on, where the service has any."""

    def close(self) -> None:
        """Give the connections back."""


KNOWN: list[Oracle] = []


@contextmanager
def known(oracle: Oracle) -> Iterator[Oracle]:
    """While its server runs, what tests write there is read back by this oracle."""
    KNOWN.append(oracle)
    try:
        yield oracle
    finally:
        KNOWN.remove(oracle)
        oracle.close()


def oracle_of(driver: Any) -> Oracle | None:
    """The oracle that sees what this driver writes; None where there is no vendor to ask."""
    return next((oracle for oracle in KNOWN if oracle.serves(driver)), None)
