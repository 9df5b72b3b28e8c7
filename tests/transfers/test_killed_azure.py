"""kill -9 while Azure, which knows blocks and no uploads, is sent parts: nothing lost, nothing left."""

from __future__ import annotations

import hashlib
import time
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
from azure.storage.blob import BlobServiceClient

from tests.servers import faults
from tests.servers.azurite import Azurite
from tests.transfers.test_killed import MIB, Round, _kill_until_over


@dataclass(frozen=True)
class Account:
    """Azurite as Round asks for it; the key is in the connection string."""

    connection_string: str
    endpoint: str
    access_key: str = ""
    secret_key: str = ""


class AzureRound(Round):
    """As Round, with azure-storage-blob looking after it."""

    def sign_in(self) -> None:
        self.client = BlobServiceClient.from_connection_string(self.server.connection_string)

    def make(self, box: str) -> None:
        self.client.create_container(box)

    def holds(self, box: str) -> dict[str, str]:
        container = self.client.get_container_client(box)
        return {
            name: hashlib.sha256(container.download_blob(name).readall()).hexdigest()
            for name in container.list_blob_names()
        }

    def orphans(self, box: str) -> list[Any]:
        """Names with blocks that nobody committed: beside an object, and where there is none."""
        container = self.client.get_container_client(box)
        return [
            blob.name
            for blob in container.list_blobs(include=["uncommittedblobs"])
            if container.get_blob_client(blob.name).get_block_list("uncommitted")[1]
        ]

    def address(self) -> dict[str, str]:
        return {"connection_string": self.server.connection_string}


@pytest.fixture
def account(azurite_server: Azurite) -> Account:
    return Account(azurite_server.connection_string, azurite_server.origin)


@pytest.mark.timeout(120)
@pytest.mark.parametrize(
    "moment",
    ["upload started", "part sent", "part written down", "before complete", "completed", "stored whole"],
)
def test_death_at_a_dangerous_moment_is_recovered_from_on_azure(
    tmp_path: Path, account: Account, moment: str
) -> None:
    one = AzureRound(tmp_path, account, f"moment-{time.time_ns()}")
    process = one.start(die=(moment, 1))
    _, err = process.communicate(timeout=100)
    assert process.returncode == -9, err.decode()
    one.finish()
    one.check()


@pytest.mark.timeout(200)
def test_random_kills_lose_and_leave_nothing_on_azure(tmp_path: Path, account: Account) -> None:
    one = AzureRound(tmp_path, account, f"killed-{time.time_ns()}", rate=20)
    assert _kill_until_over(one, 7, 8) > 3
    one.finish()
    one.check()


@pytest.mark.timeout(120)
def test_what_was_sent_before_the_death_is_not_sent_again_to_azure(tmp_path: Path, account: Account) -> None:
    one = AzureRound(tmp_path, account, f"again-{time.time_ns()}")
    with faults.proxy(account.endpoint) as proxy:
        there = account.connection_string.replace(account.endpoint, proxy.endpoint)
        one.server = Account(there, account.endpoint)
        process = one.start(die=("part written down", 3))
        _, err = process.communicate(timeout=100)
        assert process.returncode == -9, err.decode()
        blob = one.client.get_blob_client(one.container, "tree/big.bin")
        blocks = [block.size for block in blob.get_block_list("uncommitted")[1] if block.size > MIB]
        stored = sum(item.size for item in one.client.get_container_client(one.container).list_blobs())
        proxy.clear()
        one.finish()
        proxy.wait_idle()
        up = sum(connection.up for connection in proxy.connections)
    one.check()
    whole = sum(path.stat().st_size for path in one.source.rglob("*") if path.is_file())
    assert len(blocks) >= 3
    # Headers of some 500 requests are among what is counted.
    assert up < whole - sum(blocks) - stored + 2 * max(blocks) + MIB
