"""What a receipt says of an upload in parts: every part's hash was checked on both sides, or it says less."""

from __future__ import annotations

import hashlib
import os
import secrets
from dataclasses import replace

import pytest

from storage_core.base.driver import StorageDriver
from storage_core.drivers.azure_blobs import AzureBlobsStorageDriver
from storage_core.drivers.google_storage import GoogleStorageDriver
from storage_core.transfers import Ref, State, UploadSpec
from tests.servers.azurite import Azurite
from tests.servers.google_standin import GoogleStandin
from tests.transfers.conftest import World, wait_end

MIB = 1024 * 1024
PART = 16 * MIB  # of an upload of this size


@pytest.fixture
def azure(azurite_server: Azurite) -> StorageDriver:
    return AzureBlobsStorageDriver(connection_string=azurite_server.connection_string)


@pytest.fixture
def google(google_standin_server: GoogleStandin) -> StorageDriver:
    server = google_standin_server
    return GoogleStorageDriver(server.email, str(server.key_file), endpoint=server.endpoint)


def receipt(world: World, driver: StorageDriver, data: bytes) -> str:
    """What the engine says of one upload."""
    world.drivers["a"] = driver
    box = driver.create_container(f"receipts-{secrets.token_hex(5)}")
    engine = world.engine()
    job = engine.add(UploadSpec((str(world.file("large.bin", data)),), Ref("a", box.name, "")))
    assert wait_end(engine, job).state is State.DONE, engine.reports(job)
    [report] = engine.reports(job, only_problems=False)
    return report.verified


@pytest.mark.parametrize("service", ["azure", "google"])
def test_a_service_that_checked_each_part_is_believed(
    world: World, service: str, request: pytest.FixtureRequest
) -> None:
    data = os.urandom(20 * MIB)
    parts = [hashlib.md5(data[at : at + PART]).digest() for at in range(0, len(data), PART)]
    verified = receipt(world, request.getfixturevalue(service), data)
    assert verified == f"md5 {hashlib.md5(b''.join(parts)).hexdigest()}-{len(parts)}"


@pytest.mark.parametrize("service", ["azure", "google"])
def test_a_service_that_checked_nothing_makes_no_proof(
    world: World, service: str, request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch
) -> None:
    driver = request.getfixturevalue(service)
    complete = driver.complete_upload
    monkeypatch.setattr(
        driver, "complete_upload", lambda *a, **more: replace(complete(*a, **more), parts_verified=False)
    )
    verified = receipt(world, driver, os.urandom(20 * MIB))
    assert verified == "size only"
