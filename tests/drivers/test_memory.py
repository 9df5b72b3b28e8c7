"""What is special about memory: whose store it is, the simulated switch, the samples of the Demo cloud."""

from __future__ import annotations

import pickle
import struct
import zlib
from datetime import UTC, datetime, timedelta

import pytest

from storage_core.drivers.memory import MemoryStorageDriver
from storage_core.drivers.memory_samples import HEIGHT, WIDTH, samples
from storage_core.errors import ContainerDoesNotExistError, OperationNotSupportedError

NOW = datetime(2026, 11, 22, 12, 0, tzinfo=UTC)


def test_each_driver_is_an_account_of_its_own() -> None:
    one, other = MemoryStorageDriver("key", "secret"), MemoryStorageDriver("key", "secret")
    one.create_container("mine")
    assert other.list_containers() == []


def test_a_named_store_is_shared_and_travels() -> None:
    one = MemoryStorageDriver(ex_store="test_memory shared")
    one.create_container("ours").upload_object_via_stream(iter([b"x"]), "x")
    for other in (MemoryStorageDriver(ex_store="test_memory shared"), pickle.loads(pickle.dumps(one))):
        assert other.get_object("ours", "x").size == 1


def test_a_copy_of_a_driver_without_a_name_is_empty() -> None:
    one = MemoryStorageDriver()
    one.create_container("mine")
    with pytest.raises(ContainerDoesNotExistError):
        pickle.loads(pickle.dumps(one)).get_container("mine")


def test_what_is_public_has_an_address_and_what_is_not_has_none() -> None:
    container = MemoryStorageDriver().create_container("a b")
    obj = container.upload_object_via_stream(iter([b"x"]), "c/d ü")
    for ask in (container.get_cdn_url, obj.get_cdn_url):
        with pytest.raises(OperationNotSupportedError, match="not public"):
            ask()
    container.enable_cdn()
    assert container.get_cdn_url() == "memory://a%20b"
    assert obj.get_cdn_url() == "memory://a%20b/c/d%20%C3%BC"


def test_a_read_goes_on_while_the_object_is_replaced() -> None:
    container = MemoryStorageDriver().create_container("c")
    container.upload_object_via_stream(iter([b"old" * 1000]), "x")
    stream = container.get_object("x").as_stream(10)
    first = next(stream)
    container.upload_object_via_stream(iter([b"new" * 1000]), "x")
    assert first + b"".join(stream) == b"old" * 1000


def test_the_samples_fill_an_account_and_spare_what_is_there() -> None:
    driver = MemoryStorageDriver()
    driver.create_container("documents").upload_object_via_stream(iter([b"mine"]), "notes.md")
    driver.load(samples(NOW))
    assert [container.name for container in driver.list_containers()] == [
        "documents",
        "holiday-photos",
        "website",
    ]
    assert b"".join(driver.get_object("documents", "notes.md").as_stream()) == b"mine"
    page = driver.list_page(driver.get_container("documents"))
    assert page.prefixes == ["letters/", "reports/", "unfinished/"]
    assert driver.get_object("website", "index.html").extra["content_type"] == "text/html"
    objects = [
        obj
        for name in ("documents", "holiday-photos", "website")
        for obj in driver.get_container(name).get_objects()
    ]
    assert 20 <= len(objects) <= 60
    assert sum(obj.size for obj in objects) < 1_000_000


def test_the_samples_have_dates_of_two_years() -> None:
    dates = [modified for objects in samples(NOW).values() for _, modified in objects.values()]
    assert max(dates) < NOW
    assert NOW - max(dates) < timedelta(days=60)
    assert timedelta(days=365) < NOW - min(dates) < timedelta(days=731)
    assert len(set(dates)) == len(dates)


def test_the_photos_are_real_pictures() -> None:
    for name, (data, _) in samples(NOW)["holiday-photos"].items():
        assert name.endswith(".png")
        assert data.startswith(b"\x89PNG\r\n\x1a\n")
        assert struct.unpack(">II", data[16:24]) == (WIDTH, HEIGHT)
        start = data.index(b"IDAT") + 4
        [size] = struct.unpack(">I", data[start - 8 : start - 4])
        assert len(zlib.decompress(data[start : start + size])) == HEIGHT * (1 + 3 * WIDTH)
