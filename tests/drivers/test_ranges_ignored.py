"""A store that answers a range with the whole object: never wrong bytes, and one stream where it can be."""

from __future__ import annotations

import base64
import hashlib
import os
from collections.abc import Iterator
from pathlib import Path

import pytest

from storage_core import errors
from storage_core.attributes import Attributes
from storage_core.base import Container, Object
from storage_core.base.downloading import serves_ranges
from storage_core.capabilities import MIB
from storage_core.drivers.azure_blobs import AzureBlobsStorageDriver
from storage_core.drivers.google_storage import GoogleStorageDriver
from storage_core.drivers.memory import MemoryStorageDriver
from storage_core.drivers.openstack_swift import OpenStackSwiftStorageDriver
from storage_core.transfers import CopySpec, DownloadSpec, State
from tests.drivers.s3_replies import open_s3
from tests.servers import canned
from tests.servers.canned import CannedServer, Reply, Request, reply, short
from tests.transfers.conftest import World, content, ref, row, wait_end, wait_for, wait_state, world

__all__ = ["world"]  # a fixture of theirs

TEN = b"0123456789"
KEY = base64.b64encode(b"k" * 64).decode()
LARGE = os.urandom(40 * MIB)


class Shop:
    """One object, `box/big.bin`. A stand-in: of a store only GET and HEAD of it, and `If-Match`."""

    def __init__(self, server: CannedServer, data: bytes) -> None:
        self.server, self.data = server, data
        self.etag = hashlib.md5(data).hexdigest()
        self.serves_ranges = False
        self.cuts: list[int] = []  # the next replies end after so many bytes
        self.whole = self.ranges = 0  # GETs so far
        server.always("GET /box/big.bin", self.get)
        server.always("HEAD /box/big.bin", lambda request: self._reply(200, data, etag=self.etag))

    @property
    def object(self) -> Object:
        return open_s3(self.server, attempts=1).get_object("box", "big.bin")

    def get(self, request: Request) -> Reply:
        if request.header("If-Match") not in ("", f'"{self.etag}"'):
            return reply(412)
        said = request.header("Range")
        self.whole, self.ranges = self.whole + (not said), self.ranges + bool(said)
        if said and self.serves_ranges:
            first, last = (int(number) for number in said.removeprefix("bytes=").split("-"))
            last = min(last, len(self.data) - 1)
            where = f"bytes {first}-{last}/{len(self.data)}"
            return self._reply(206, self.data[first : last + 1], content_range=where)
        if self.cuts and not said:
            return short(self.data[: self.cuts.pop(0)], len(self.data), etag=f'"{self.etag}"')
        return self._reply(200, self.data)

    def _reply(self, status: int, body: bytes, **headers: str) -> Reply:
        return reply(status, body, **{**headers, "etag": f'"{self.etag}"'})


@pytest.fixture
def server() -> Iterator[CannedServer]:
    with canned.running() as one:
        yield one


@pytest.fixture
def ten(server: CannedServer) -> Shop:
    return Shop(server, TEN)


# -- the library --


@pytest.mark.parametrize(
    ("start", "end", "bytes_"), [(2, 5, b"234"), (0, 4, b"0123"), (7, None, b"789"), (8, 99, b"89")]
)
def test_a_range_is_cut_from_the_whole(
    ten: Shop, tmp_path: Path, start: int, end: int | None, bytes_: bytes
) -> None:
    obj = ten.object
    assert b"".join(obj.driver.download_object_range_as_stream(obj, start, end)) == bytes_
    file = tmp_path / "part"
    assert obj.driver.download_object_range(obj, str(file), start, end)
    assert file.read_bytes() == bytes_
    assert os.listdir(tmp_path) == ["part"]


def test_a_range_behind_the_end_is_refused_as_by_a_store_that_knows_ranges(ten: Shop, tmp_path: Path) -> None:
    obj = ten.object
    with pytest.raises(errors.ObjectError, match="no bytes in that range"):
        obj.driver.download_object_range(obj, str(tmp_path / "part"), 10)
    assert os.listdir(tmp_path) == []


def test_one_open_read_says_by_its_type_that_all_of_it_came(ten: Shop) -> None:
    obj = ten.object
    with pytest.raises(errors.RangeIgnoredError):
        obj.driver.open_object(obj, 2, 5)
    assert not serves_ranges(obj.driver, obj)
    ten.serves_ranges = True
    assert serves_ranges(obj.driver, obj)


def test_a_line_that_breaks_is_taken_up_where_it_broke_wherever_that_was(ten: Shop) -> None:
    obj = ten.object
    ten.cuts = [4, 2, 6]
    assert b"".join(obj.driver.download_object_as_stream(obj)) == TEN  # 4; of the rest 2, then 6 are skipped
    ten.cuts = [3, 7]
    assert b"".join(obj.driver.download_object_range_as_stream(obj, 6, 9)) == b"678"


def test_another_version_is_never_mixed_in(ten: Shop) -> None:
    obj = ten.object
    ten.cuts = [4]
    stream = obj.driver.download_object_as_stream(obj, 1)
    assert next(stream) == b"0"
    ten.data, ten.etag = b"abcdefghij", "another"
    with pytest.raises(errors.ObjectChangedError):
        b"".join(stream)


@pytest.mark.parametrize("kind", ["S3", "Azure", "Google", "Swift"])
def test_every_driver_tells_the_whole_from_a_part(server: CannedServer, kind: str) -> None:
    server.always("GET", reply(200, TEN, etag='"e1"'))
    drivers = {
        "S3": lambda: open_s3(server),
        "Azure": lambda: AzureBlobsStorageDriver("me", KEY, endpoint=f"{server.endpoint}/me"),
        "Google": lambda: GoogleStorageDriver(token="token", project="p", endpoint=server.endpoint),
        "Swift": lambda: OpenStackSwiftStorageDriver(token="t", storage_url=f"{server.endpoint}/v1/a"),
    }
    driver = drivers[kind]()
    box = Container("box", {}, driver)
    obj = Object("a", 10, "", None, None, box, driver, attributes=Attributes())
    assert b"".join(driver.download_object_range_as_stream(obj, 2, 5)) == b"234"
    with pytest.raises(errors.RangeIgnoredError):
        driver.open_object(obj, 2, 5)


# -- transfers --


def test_a_large_download_falls_back_to_one_stream_that_is_verified(
    world: World, server: CannedServer
) -> None:
    shop = Shop(server, LARGE)
    shop.cuts = [30 * MIB]
    world.drivers["s3"] = open_s3(server)
    engine = world.engine()
    job = engine.add(DownloadSpec((ref("big.bin", "s3"),), str(world.folder / "back")))
    assert wait_end(engine, job).state is State.DONE, engine.reports(job)
    assert (world.folder / "back" / "big.bin").read_bytes() == LARGE
    assert os.listdir(world.folder / "back") == ["big.bin"]
    [report] = engine.reports(job, only_problems=False)
    assert report.verified == f"md5 {shop.etag}"
    assert (shop.whole, shop.ranges) == (2, 2)  # a probe and the stream; both again where it broke


def test_parts_of_a_store_that_served_ranges_once_are_given_up(world: World, server: CannedServer) -> None:
    shop = Shop(server, LARGE)
    shop.serves_ranges = True
    world.drivers["s3"] = open_s3(server)
    engine = world.engine()
    engine.bytes_per_second_max = 20 * MIB
    job = engine.add(DownloadSpec((ref("big.bin", "s3"),), str(world.folder / "back")))
    wait_for(lambda: row(engine, job).bytes_done > 20 * MIB)
    engine.pause(job)
    wait_state(engine, job, State.PAUSED)
    shop.serves_ranges, engine.bytes_per_second_max = False, 0
    engine.resume(job)
    assert wait_end(engine, job).state is State.DONE, engine.reports(job)
    assert (world.folder / "back" / "big.bin").read_bytes() == LARGE
    assert os.listdir(world.folder / "back") == ["big.bin"]


@pytest.mark.parametrize("etag", ["", "e-3"], ids=["with an MD5", "without"])
def test_a_large_copy_reads_such_an_object_once(world: World, server: CannedServer, etag: str) -> None:
    shop = Shop(server, LARGE)
    shop.etag = etag or shop.etag
    world.drivers["s3"] = open_s3(server)
    world.drivers["m"] = MemoryStorageDriver()
    box = world.memory()
    engine = world.engine()
    job = engine.add(CopySpec((ref("big.bin", "s3"),), ref()))
    assert wait_end(engine, job).state is State.DONE, engine.reports(job)
    assert content(box, "big.bin") == LARGE
    assert shop.whole == 1
