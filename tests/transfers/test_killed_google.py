"""kill -9 while Google, where parts are objects of their own, is sent them: nothing lost, nothing left."""

from __future__ import annotations

import hashlib
import time
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from tests.oracles.google_sdk import GoogleSdk
from tests.servers.google_standin import GoogleStandin
from tests.transfers.test_killed import Round, _kill_until_over


@dataclass(frozen=True)
class Account:
    """The stand-in as Round asks for it; the key is in its file."""

    endpoint: str
    project: str
    key_file: Path
    access_key: str = ""
    secret_key: str = ""


class GoogleRound(Round):
    """As Round, with google-cloud-storage looking after it: parts that are left would be listed."""

    def sign_in(self) -> None:
        self.client = GoogleSdk(self.server).client

    def make(self, box: str) -> None:
        self.client.create_bucket(box)

    def holds(self, box: str) -> dict[str, str]:
        return {
            blob.name: hashlib.sha256(blob.download_as_bytes()).hexdigest()
            for blob in self.client.list_blobs(box)
        }

    def orphans(self, box: str) -> list[Any]:
        return []  # they would be among what the box holds

    def address(self) -> dict[str, str]:
        return {"endpoint": self.server.endpoint, "key_file": str(self.server.key_file)}


@pytest.fixture
def account(google_standin: GoogleStandin) -> Account:
    return Account(google_standin.endpoint, google_standin.project, google_standin.key_file)


@pytest.mark.timeout(120)
@pytest.mark.parametrize(
    "moment",
    ["upload started", "part sent", "part written down", "before complete", "completed", "stored whole"],
)
def test_death_at_a_dangerous_moment_is_recovered_from_on_google(
    tmp_path: Path, account: Account, moment: str
) -> None:
    one = GoogleRound(tmp_path, account, f"moment-{time.time_ns()}")
    process = one.start(die=(moment, 1))
    _, err = process.communicate(timeout=100)
    assert process.returncode == -9, err.decode()
    one.finish()
    one.check()


@pytest.mark.timeout(240)
def test_random_kills_on_google_lose_and_leave_nothing(tmp_path: Path, account: Account) -> None:
    kills = number = 0
    while kills < 8:
        one = GoogleRound(tmp_path / str(number), account, f"killed-{time.time_ns()}", rate=30)
        kills += _kill_until_over(one, number, 8 - kills)
        one.finish()
        one.check()
        number += 1
