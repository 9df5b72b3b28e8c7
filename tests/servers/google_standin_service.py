"""What every room of the Google stand-in works with: the service as a whole, and one call to it."""

from __future__ import annotations

import secrets
import time
from collections import deque
from dataclasses import dataclass, field
from typing import Any

from tests.servers.google_standin_accounts import Accounts, Caller
from tests.servers.google_standin_content import Content, Spool
from tests.servers.google_standin_fields import partial
from tests.servers.google_standin_resources import Shown
from tests.servers.google_standin_state import Resource, State
from tests.servers.google_standin_wire import Reply, Request, json_reply


@dataclass
class Settings:
    """What a test may turn; `reset` sets it back."""

    rewrite_bytes: int = 2**20
    """Of one call, where class or location differ."""
    page_size: int = 1000
    """The most that a page of a listing has."""
    batch_size: int = 100
    keeps_odd_chunks: bool = False
    """Whether a chunk that is no multiple of 256 KiB is kept up to the last multiple instead of refused.
    Google's upload servers were seen doing that; its pages say that the size must be a multiple."""


@dataclass
class Fault:
    """Something that goes wrong on purpose; see GoogleStandin.fault for the kinds."""

    kind: str
    method: str = ""
    path: str = ""  # a part of the target
    times: int = 1
    skip: int = 0
    status: int = 503
    bytes: int = 0
    headers: dict[str, str] = field(default_factory=dict)


@dataclass
class Session:
    """A resumable upload that is under way, or was finished."""

    id: str
    bucket: str
    name: str
    resource: Resource
    query: dict[str, str]
    caller: Caller
    spool: Spool = field(default_factory=Spool)
    total: int | None = None  # as X-Upload-Content-Length promised
    finished: Resource | None = None
    xml: bool = False
    ended: int = 0  # the status that it answers with from now on
    busy: Any = None


@dataclass
class Rewrite:
    source: Content
    key: tuple[Any, ...]
    done: int = 0


@dataclass
class Parts:
    """A multipart upload of the XML API."""

    id: str
    bucket: str
    name: str
    resource: Resource
    acl: str
    started: float = field(default_factory=time.time)
    parts: dict[int, tuple[Content, float]] = field(default_factory=dict)


@dataclass
class Service:
    state: State
    accounts: Accounts
    shown: Shown
    settings: Settings = field(default_factory=Settings)
    faults: list[Fault] = field(default_factory=list)
    sessions: dict[str, Session] = field(default_factory=dict)
    rewrites: dict[str, Rewrite] = field(default_factory=dict)
    multiparts: dict[str, Parts] = field(default_factory=dict)
    heard: deque[dict[str, Any]] = field(default_factory=lambda: deque(maxlen=10_000))

    def reset(self) -> None:
        """Everything but the accounts and their tokens."""
        with self.state.lock:
            self.state.reset()
            self.settings = Settings()
            self.faults.clear()
            self.sessions.clear()
            self.rewrites.clear()
            self.multiparts.clear()
            self.heard.clear()
            self.accounts.refresh_revoked = False
            self.accounts.token_seconds = 3599
            for account in self.accounts.known.values():
                account.disabled = False

    def fault(self, request: Request) -> Fault | None:
        """The one that is due for this request; it is used up by that."""
        if not self.faults:
            return None
        with self.state.lock:
            for one in self.faults:
                if one.method in ("", request.method) and one.path in request.target:
                    if one.skip:
                        one.skip -= 1
                        continue
                    one.times -= 1
                    if one.times <= 0:
                        self.faults.remove(one)
                    return one
        return None


@dataclass
class Call:
    """One request, by whom, and the names in its path."""

    service: Service
    request: Request
    caller: Caller
    names: list[str]
    fault: Fault | None = None

    @property
    def state(self) -> State:
        return self.service.state

    @property
    def query(self) -> dict[str, str]:
        return self.request.query

    @property
    def full(self) -> bool:
        return self.query.get("projection") == "full"

    def told(self, value: Any, status: int = 200) -> Reply:
        return json_reply(partial(value, self.query.get("fields", "")), status)


def new_id() -> str:
    return secrets.token_urlsafe(32)
