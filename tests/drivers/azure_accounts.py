"""What tests of the Azure driver on Azurite share: drivers, and the two verbs that they use all the time."""

from __future__ import annotations

import datetime
from typing import Any

from storage_core.base import Container, Object
from storage_core.capabilities import MIB
from storage_core.drivers.azure_blobs import AzureBlobsStorageDriver
from tests.servers.azurite import Azurite

SOON = datetime.timedelta(minutes=30)


def open_azure(server: Azurite, **more: Any) -> AzureBlobsStorageDriver:
    options: dict[str, Any] = {"key": server.account, "endpoint": server.endpoint, "ca_file": server.ca_file}
    return AzureBlobsStorageDriver(**{**options, **more})


def put(container: Container, name: str, data: bytes = b"content", **more: Any) -> Object:
    return container.driver.upload_object_via_stream(iter([data]), container, name, ex_size=len(data), **more)


def content(obj: Object) -> bytes:
    return b"".join(obj.as_stream(MIB))


def until() -> datetime.datetime:
    return datetime.datetime.now(datetime.UTC) + SOON
