"""Many deletions in one request: what is sent, and that nothing is taken for a success that is none."""

from __future__ import annotations

import base64
from collections.abc import Iterator

import pytest

from storage_core import errors
from storage_core.base import Container
from storage_core.drivers.azure_blobs import AzureBlobsStorageDriver
from tests.servers import canned
from tests.servers.canned import CannedServer, reply


@pytest.fixture
def server() -> Iterator[CannedServer]:
    with canned.running() as one:
        yield one


@pytest.fixture
def driver(server: CannedServer) -> AzureBlobsStorageDriver:
    key = base64.b64encode(b"k" * 64).decode()
    return AzureBlobsStorageDriver("me", key, endpoint=f"{server.endpoint}/me")


@pytest.fixture
def box(driver: AzureBlobsStorageDriver) -> Container:
    return Container("box", {}, driver)


def test_a_batch_whose_answer_says_nothing_is_no_success(
    server: CannedServer, driver: AzureBlobsStorageDriver, box: Container
) -> None:
    server.script("POST", reply(202, b"", content_type="text/plain"))
    with pytest.raises(errors.MalformedResponseError):
        driver.delete_objects(box, ["a"])
    half = b"--b\r\nContent-Type: application/http\r\nContent-ID: 0\r\n\r\nHTTP/1.1 202 Accepted\r\n\r\n--b--"
    server.script("POST", reply(202, half, content_type="multipart/mixed; boundary=b"))
    [failure] = driver.delete_objects(box, ["a", "b"])
    assert (failure.object_name, failure.reason) == ("b", "The service did not say what became of it.")


@pytest.mark.parametrize("number", ["9" * 5000, "\xb2", "-0", ""])
def test_a_batch_whose_answer_is_about_nothing_is_no_success(
    server: CannedServer, driver: AzureBlobsStorageDriver, box: Container, number: str
) -> None:
    body = f"--B\r\nContent-ID: {number}\r\n\r\nHTTP/1.1 202 Accepted\r\n\r\n--B--".encode("latin-1")
    server.always("POST", reply(202, body, content_type="multipart/mixed; boundary=B"))
    with pytest.raises(errors.MalformedResponseError, match="says nothing"):
        driver.delete_objects(box, ["a"])


def test_more_may_stand_behind_the_boundary_of_a_batch(
    server: CannedServer, driver: AzureBlobsStorageDriver, box: Container
) -> None:
    body = b"--B\r\nContent-ID: 0\r\n\r\nHTTP/1.1 202 Accepted\r\n\r\n--B--"
    server.script("POST", reply(202, body, content_type='multipart/mixed; boundary="B"; charset=utf-8'))
    assert driver.delete_objects(box, ["a"]) == []


def test_a_part_of_a_batch_has_a_signature_and_no_version(
    server: CannedServer, driver: AzureBlobsStorageDriver, box: Container
) -> None:
    answer = b"--b\r\nContent-ID: 0\r\n\r\nHTTP/1.1 202 Accepted\r\n\r\n--b--"
    server.script("POST", reply(202, answer, content_type="multipart/mixed; boundary=b"))
    assert driver.delete_objects(box, ["a b"]) == []
    [sent] = server.requests
    assert b"DELETE /me/box/a%20b HTTP/1.1\r\n" in sent.body
    assert b"Authorization: SharedKey me:" in sent.body
    assert b"x-ms-version" not in sent.body
