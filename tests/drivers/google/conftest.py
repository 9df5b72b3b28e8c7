"""A bucket on the stand-in, and the vendor's SDK beside it."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest

from storage_core.base import Container, Object
from storage_core.drivers.google_storage import GoogleStorageDriver
from tests.oracles.google_sdk import GoogleSdk
from tests.servers.google_standin import GoogleStandin

BUCKET = "skyferry-driver"


def driver_of(server: GoogleStandin, **more: Any) -> GoogleStorageDriver:
    return GoogleStorageDriver(server.email, str(server.key_file), endpoint=server.endpoint, **more)


@pytest.fixture
def driver(google_standin: GoogleStandin) -> GoogleStorageDriver:
    return driver_of(google_standin, attempts=4)


@pytest.fixture
def container(driver: GoogleStorageDriver) -> Container:
    return driver.create_container(BUCKET)


@pytest.fixture
def sdk(google_standin: GoogleStandin) -> Iterator[Any]:
    oracle = GoogleSdk(google_standin)
    yield oracle.client
    oracle.close()


def put(container: Container, name: str, data: bytes = b"content", **more: Any) -> Object:
    return container.driver.upload_object_via_stream(iter([data]), container, name, ex_size=len(data), **more)


def content(obj: Object) -> bytes:
    return b"".join(obj.as_stream(1 << 20))


def heard(server: GoogleStandin, method: str, part: str = "") -> list[dict[str, Any]]:
    return [one for one in server.requests if one["method"] == method and part in one["target"]]


def vendor_names(sdk: Any) -> list[str]:
    """All there is to the vendor, temporary objects and old generations too."""
    return [blob.name for blob in sdk.list_blobs(BUCKET, versions=True)]
