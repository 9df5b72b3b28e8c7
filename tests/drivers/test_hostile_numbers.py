"""JSON without a bottom and numbers without an end are nonsense that is said so, and no fault of the program.

Python's JSON gives up at a depth with RecursionError, and `int` at 4,300 digits with ValueError; neither is a
kind of the other, and both come from texts that a stranger may have written.
"""

from __future__ import annotations

import contextlib
import sqlite3
from collections.abc import Iterator
from pathlib import Path

import pytest

from storage_core.attributes import Attributes
from storage_core.base import Container, Object
from storage_core.body import BytesBody
from storage_core.drivers.google_storage import GoogleStorageDriver
from storage_core.drivers.local import LocalStorageDriver
from storage_core.drivers.memory import MemoryStorageDriver
from storage_core.errors import InvalidCredsError, LibcloudError
from storage_core.transfers.sources import FileSource, compare
from tests.drivers.http.asking import client_with, get, good
from tests.drivers.s3_replies import open_s3
from tests.servers import canned
from tests.servers.canned import CannedServer, reply

DEEP = (b"[" * 100_000, b'{"a":' * 100_000)
DIGITS = "9" * 5000
LONG = DIGITS.encode()


@pytest.fixture
def server() -> Iterator[CannedServer]:
    with canned.running() as one:
        yield one


@pytest.mark.parametrize("status", [200, 400, 403, 404])
@pytest.mark.parametrize("body", [*DEEP, b'{"error":' + DEEP[0], b'{"error":' + LONG + b"}"])
def test_google_may_say_nonsense(server: CannedServer, body: bytes, status: int) -> None:
    driver = GoogleStorageDriver(token="t", endpoint=server.endpoint)
    server.always("GET", reply(status, body, content_type="application/json"))
    with pytest.raises(LibcloudError):
        driver.get_object("box", "a")


@pytest.mark.parametrize("body", [*DEEP, b'{"Statement":' + LONG + b"}"])
def test_a_policy_may_be_nonsense(server: CannedServer, body: bytes) -> None:
    driver = open_s3(server)
    server.always("GET", reply(200, body))
    with pytest.raises(LibcloudError):
        driver.get_public_access(Container("box", {}, driver))


@pytest.mark.parametrize("text", [*DEEP, b'{"type":"service_account","a":' + LONG + b"}"])
def test_a_key_may_be_nonsense(text: bytes, tmp_path: Path) -> None:
    file = tmp_path / "key.json"
    file.write_bytes(text)
    for given in (text.decode(), str(file)):
        driver = GoogleStorageDriver("someone", given, endpoint="http://127.0.0.1:9")
        with pytest.raises(InvalidCredsError):
            driver.get_object("box", "a")


@pytest.mark.parametrize("length", [DIGITS, "²", "-1", "+5", "0x5", "5_0", "٣"])
def test_a_reply_may_have_any_length(server: CannedServer, length: str) -> None:
    said = f"HTTP/1.1 200 OK\r\nContent-Length: {length}\r\nConnection: close\r\n\r\nhello".encode()
    server.always("GET", canned.Reply(said, then="close"))
    with client_with(attempts=1) as client, contextlib.suppress(LibcloudError):  # is as good
        client.send(get(server.endpoint + "/a"), good).content()


@pytest.mark.parametrize("header", ["Retry-After", "x-ms-retry-after-ms", "Date", "Content-Range", "ETag"])
@pytest.mark.parametrize("value", [DIGITS, "²", "nan", "inf", "-inf", "1e400", f"bytes 0-{DIGITS}/{DIGITS}"])
def test_a_number_in_a_header_may_be_any(server: CannedServer, header: str, value: str) -> None:
    driver = open_s3(server)
    told = {header.replace("-", "_"): value.encode("utf-8").decode("latin-1")}
    server.always("HEAD", reply(200, b"", **told))
    server.always("GET", reply(206, b"hello", **told))
    with contextlib.suppress(LibcloudError):  # is as good
        obj = driver.get_object("box", "a")
        driver.open_object(obj, 0, 5).close()


@pytest.mark.parametrize("tag", ["²", DIGITS, "٣", "0", "-1", ""])
def test_an_etag_may_count_parts_in_any_way(tmp_path: Path, tag: str) -> None:
    path = tmp_path / "file"
    path.write_bytes(b"hello")
    driver = MemoryStorageDriver()
    etag = f"{'a' * 32}-{tag}"
    obj = Object("a", 5, etag, None, None, Container("box", {}, driver), driver, etag=etag)
    source = FileSource(str(path))
    assert not compare(source, obj, driver)
    source.close()


@pytest.mark.parametrize("text", [*DEEP, b'{"metadata":' + LONG + b"}", b"[]", b"\xff"])
def test_the_attributes_of_a_strangers_file_may_be_nonsense(tmp_path: Path, text: bytes) -> None:
    (tmp_path / "all" / "home").mkdir(parents=True)
    driver = LocalStorageDriver(str(tmp_path / "all"), ex_store=str(tmp_path), ex_xattrs=False)
    box = driver.open_container("home")
    driver.put_object(box, "a", BytesBody(b"hello"), Attributes(metadata={"who": "me"}))
    with contextlib.closing(sqlite3.connect(tmp_path / "attributes.sqlite3")) as database, database:
        database.execute("UPDATE attributes SET record = ?", (text.decode("latin-1"),))
    obj = driver.get_object("home", "a")
    assert obj.meta_data == {}
    assert b"".join(obj.as_stream()) == b"hello"
