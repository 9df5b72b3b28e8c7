"""kill -9, at random and at every dangerous moment: nothing lost, nothing wrong, nothing left behind."""

from __future__ import annotations

import hashlib
import json
import os
import random
import sqlite3
import subprocess
import sys
import time
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import boto3
import pytest

from tests.servers.moto import Moto
from tests.transfers.killed import MOMENTS

MIB = 1024 * 1024
FILES = 60


@dataclass
class Round:
    """One folder that is transferred by processes that die."""

    folder: Path
    server: Any
    container: str
    rate: int = 0

    def __post_init__(self) -> None:
        self.source = self.folder / "source" / "tree"
        for number in range(FILES):
            path = self.source / f"{number % 5}" / f"{number}.bin"
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_bytes(os.urandom(1 + number * 1500))
        (self.source / "big.bin").write_bytes(os.urandom(36 * MIB))
        (self.source / "empty").mkdir()
        self.sign_in()
        for name in (self.container, f"{self.container}-copy"):
            self.make(name)

    def sign_in(self) -> None:
        self.client: Any = boto3.client(
            "s3", endpoint_url=self.server.endpoint, aws_access_key_id=self.server.access_key,
            aws_secret_access_key=self.server.secret_key, region_name=self.server.region,
        )  # fmt: skip

    def make(self, box: str) -> None:
        self.client.create_bucket(Bucket=box)

    def holds(self, box: str) -> dict[str, str]:
        """What the vendor's SDK finds: names, and digests of what it reads."""
        return {
            item["Key"]: _digest(self.client.get_object(Bucket=box, Key=item["Key"])["Body"].read())
            for item in self.client.list_objects_v2(Bucket=box).get("Contents", [])
        }

    def orphans(self, box: str) -> list[Any]:
        """What a died upload left at the service."""
        found: list[Any] = self.client.list_multipart_uploads(Bucket=box).get("Uploads", [])
        return found

    def address(self) -> dict[str, str]:
        return {"endpoint": self.server.endpoint, "region": self.server.region}

    def start(self, die: tuple[str, int] | None = None) -> subprocess.Popen[bytes]:
        settings = {
            "journal": str(self.folder / "journal.db"), "source": str(self.source),
            "back": str(self.folder / "back"), "key": self.server.access_key,
            "secret": self.server.secret_key, "container": self.container, "rate": self.rate, "die": die,
            **self.address(),
        }  # fmt: skip
        command = [sys.executable, "-m", "tests.transfers.killed", json.dumps(settings)]
        return subprocess.Popen(
            command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, cwd=Path(__file__).parents[2]
        )

    def finish(self) -> None:
        process = self.start()
        out, err = process.communicate(timeout=120)
        assert (process.returncode, out) == (0, b"over\n"), err.decode()

    def check(self) -> None:
        """Every byte everywhere, no part file, no open upload, and a journal that says so."""
        want = {
            str(path.relative_to(self.source.parent)): _digest(path.read_bytes())
            for path in self.source.rglob("*")
            if path.is_file()
        }
        back = self.folder / "back"
        have = {
            str(path.relative_to(back)): _digest(path.read_bytes())
            for path in back.rglob("*")
            if path.is_file()
        }
        assert have == want
        assert (back / "tree" / "empty").is_dir()
        for box in (self.container, f"{self.container}-copy"):
            assert self.holds(box) == want | {"tree/empty/": _digest(b"")}
            assert not self.orphans(box), "an orphan upload"
        with sqlite3.connect(self.folder / "journal.db") as db:
            assert db.execute("SELECT DISTINCT state FROM items").fetchall() == [("done",)]
            assert db.execute("SELECT state FROM jobs").fetchall() == [("done",)] * 3
            receipts = db.execute("SELECT items, skipped, failed, hashed FROM receipts").fetchall()
            assert [receipt[:3] for receipt in receipts] == [(FILES + 2, 0, 0)] * 3
            assert db.execute("SELECT COUNT(*) FROM parts").fetchone() == (0,)
        db.close()


def _digest(data: bytes) -> str:
    return hashlib.sha256(data).hexdigest()


def _kill_until_over(one: Round, seed: int, limit: int) -> int:
    """Kill process after process; how many died before the work was over."""
    chance = random.Random(seed)
    for kills in range(limit):
        process = one.start()
        try:
            process.wait(0.35 + chance.random() * 0.9)
        except subprocess.TimeoutExpired:
            process.kill()
            process.communicate()
            continue
        out, err = process.communicate()
        assert (process.returncode, out) == (0, b"over\n"), err.decode()
        return kills
    return limit


def _random_kills(tmp_path: Path, server: Any, least: int) -> int:
    kills = number = 0
    while kills < least:
        one = Round(tmp_path / str(number), server, f"killed-{time.time_ns()}", rate=30)
        kills += _kill_until_over(one, number, least - kills)
        one.finish()
        one.check()
        number += 1
    return kills


@pytest.mark.timeout(300)
def test_thirty_random_kills_lose_and_leave_nothing(tmp_path: Path, moto_server: Moto) -> None:
    assert _random_kills(tmp_path, moto_server, 30) == 30


@pytest.mark.slow
@pytest.mark.timeout(3600)
def test_five_hundred_random_kills_lose_and_leave_nothing(tmp_path: Path, moto_server: Moto) -> None:
    assert _random_kills(tmp_path, moto_server, 500) == 500


@pytest.mark.timeout(120)
@pytest.mark.parametrize("moment", sorted(MOMENTS))
def test_death_at_a_dangerous_moment_is_recovered_from(
    tmp_path: Path, moto_server: Moto, moment: str
) -> None:
    one = Round(tmp_path, moto_server, f"moment-{time.time_ns()}")
    process = one.start(die=(moment, 1))
    _, err = process.communicate(timeout=100)
    assert process.returncode == -9, err.decode()
    one.finish()
    one.check()
