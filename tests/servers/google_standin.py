"""A stand-in for Google Cloud Storage, written from the vendor's pages, as no server of it can be had.

It signs in as Google does (JWTs with a real RSA key, refresh tokens, tokens that end), and refuses what the
service refuses: without a token, without a role, with an unmet condition, with a wrong hash, out of step in a
resumable upload, with a signature that is not right. google-cloud-storage itself passes on it, in
test_google_standin.py.
Not in it: soft delete, lifecycle, notifications, HMAC keys, folders, customer-supplied keys.
This file is what tests hold; the server's rooms are the files google_standin_*.py beside it.
"""

from __future__ import annotations

import json
import sys
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from tests.servers.processes import (
    Command,
    Group,
    ServerFailed,
    answers,
    free_ports,
    logs_folder,
    tail,
    wait_until,
)
from tests.servers.processes import running as processes_running

ROOT = Path(__file__).parents[2]
PROJECT = "skyferry-standin"
WRITER = f"writer@{PROJECT}.iam.gserviceaccount.com"
READER = f"reader@{PROJECT}.iam.gserviceaccount.com"


@dataclass(frozen=True, slots=True)
class GoogleStandin:
    endpoint: str
    logs: Path
    group: Group
    folder: Path
    project: str = PROJECT
    email: str = WRITER  # owns the project
    reader_email: str = READER  # may nothing until a bucket's policy or ACL says so

    @property
    def key_file(self) -> Path:
        """A service account's JSON; its token_uri is this stand-in."""
        return self.folder / "writer.json"

    @property
    def reader_key_file(self) -> Path:
        return self.folder / "reader.json"

    @property
    def person_file(self) -> Path:
        """An authorized_user JSON (refresh token), with a token_uri. google-auth passes over that one."""
        return self.folder / "person.json"

    @property
    def person(self) -> dict[str, str]:
        """client_id, client_secret, refresh_token, token_uri."""
        found: dict[str, str] = json.loads(self.person_file.read_text())
        return found

    @property
    def token_uri(self) -> str:
        return f"{self.endpoint}/token"

    def reset(self) -> None:
        """Forget every bucket, session, fault, setting and request; accounts and tokens stay."""
        self.order("reset")

    def order(self, what: str, **asked: Any) -> Any:
        """What a client of the real service could not do; the words are in google_standin_routes.ORDERS."""
        body = json.dumps(asked).encode()
        request = urllib.request.Request(f"{self.endpoint}/_standin/{what}", data=body, method="POST")
        with urllib.request.urlopen(request, timeout=30) as reply:
            return json.load(reply)

    def fault(self, kind: str, **more: Any) -> None:
        """Something goes wrong with the next request that fits `method` and `path` (part of the target).

        Kinds: "status" (answers `status` with `headers`, does nothing), "cut" (the connection just ends; of
        a chunk of a resumable upload, `bytes` bytes are kept, in whole 256 KiB), "lost" (done, but the
        connection ends instead of the answer), "short" (the answer ends after `bytes` bytes), "corrupt" (a
        wrong bit at `bytes`).
        `times` says how often, `skip` how many fitting requests go well before.
        """
        self.order("fault", kind=kind, **more)

    def expire_tokens(self) -> None:
        self.order("expire-tokens")

    def end_sessions(self, status: int = 410) -> None:
        """Ends the resumable uploads that are under way: 410 gone, 404 unknown."""
        self.order("end-sessions", status=status)

    def disable(self, email: str) -> None:
        self.order("account", email=email, disabled=True)

    def settings(self, **asked: Any) -> None:
        """rewrite_bytes, page_size, batch_size, keeps_odd_chunks, token_seconds; reset sets them back."""
        self.order("settings", **asked)

    @property
    def requests(self) -> list[dict[str, Any]]:
        """What was heard since the reset: method, target, headers, size, status. Without Authorization."""
        heard: list[dict[str, Any]] = self.order("requests")
        return heard


@contextmanager
def running() -> Iterator[GoogleStandin]:
    [port] = free_ports(1)
    logs = logs_folder("google-standin")
    folder = logs / "accounts"
    folder.mkdir(mode=0o700)
    argv = [sys.executable, "-m", "tests.servers.google_standin_process", str(port), str(folder)]
    with processes_running([Command("google-standin", argv, cwd=str(ROOT))], logs) as group:
        wait_until(lambda: answers(port), 60, group, "the Google stand-in")
        yield GoogleStandin(f"http://127.0.0.1:{port}", logs, group, folder)
    for file in folder.iterdir():
        file.unlink()  # keys are of no use without their server
    if "BUG in " in (log := logs / "google-standin.log").read_text(errors="replace"):
        raise ServerFailed(f"The Google stand-in has a bug, see {log}.\n{tail(logs)}")
