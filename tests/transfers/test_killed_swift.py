"""kill -9 while Swift, which knows no open uploads of its own, is sent parts: nothing lost, nothing left."""

from __future__ import annotations

import hashlib
import json
import time
from pathlib import Path
from typing import Any

import pytest
import swiftclient

from tests.servers.swift import Swift
from tests.transfers.test_killed import Round, _kill_until_over


class SwiftRound(Round):
    """As Round, over Swift's own API, with python-swiftclient looking after it."""

    def sign_in(self) -> None:
        self.client = swiftclient.Connection(
            self.server.auth_url, self.server.access_key, self.server.secret_key
        )

    def make(self, box: str) -> None:
        self.client.put_container(box)

    def holds(self, box: str) -> dict[str, str]:
        return {
            row["name"]: hashlib.sha256(self.client.get_object(box, row["name"])[1]).hexdigest()
            for row in self.client.get_container(box, full_listing=True)[1]
        }

    def orphans(self, box: str) -> list[Any]:
        """Everything beside the container that no manifest names."""
        if f"{box}_segments" not in [row["name"] for row in self.client.get_account(full_listing=True)[1]]:
            return []
        rows = self.client.get_container(f"{box}_segments", full_listing=True)[1]
        named = set()
        for row in self.client.get_container(box, full_listing=True)[1]:
            if "slo_etag" in row:
                told = self.client.get_object(box, row["name"], query_string="multipart-manifest=get")[1]
                named |= {one["name"] for one in json.loads(told)}
        return [row["name"] for row in rows if f"/{box}_segments/{row['name']}" not in named]

    def address(self) -> dict[str, str]:
        return {"auth_url": self.server.auth_url}


@pytest.mark.timeout(120)
@pytest.mark.parametrize(
    "moment",
    ["upload started", "part sent", "part written down", "before complete", "completed", "stored whole"],
)
def test_death_at_a_dangerous_moment_is_recovered_from_on_swift(
    tmp_path: Path, swift_server: Swift, moment: str
) -> None:
    one = SwiftRound(tmp_path, swift_server, f"moment-{time.time_ns()}")
    process = one.start(die=(moment, 1))
    _, err = process.communicate(timeout=100)
    assert process.returncode == -9, err.decode()
    one.finish()
    one.check()


@pytest.mark.timeout(200)
def test_random_kills_lose_and_leave_nothing_on_swift(tmp_path: Path, swift_server: Swift) -> None:
    one = SwiftRound(tmp_path, swift_server, f"killed-{time.time_ns()}", rate=20)
    assert _kill_until_over(one, 7, 8) > 3
    one.finish()
    one.check()
