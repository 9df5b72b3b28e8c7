"""A byte that is flipped on the way makes a verified transfer fail, and leaves nothing behind."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from io import BytesIO
from pathlib import Path
from typing import Any

import pytest

from storage_core.attributes import Attributes
from storage_core.base import Container, Download, Object, Part, Stored, Upload
from storage_core.body import Body, BytesBody
from storage_core.capabilities import MIB
from storage_core.drivers.memory import MemoryStorageDriver
from storage_core.errors import ObjectHashMismatchError
from tests.conformance.conftest import content, listed, put


def flipped(data: bytes) -> bytes:
    return data[:-1] + bytes([data[-1] ^ 1])


class DamagingDriver(MemoryStorageDriver):
    """A service that damages what passes and tells, honestly, the hash of what it has."""

    damages: str = ""

    def _put(
        self, container: Container, object_name: str, body: Body, attributes: Attributes, only_new: bool
    ) -> Stored:
        if self.damages == "put":
            data = b"".join(body)
            return super()._put(container, object_name, BytesBody(flipped(data)), attributes, only_new)
        return super()._put(container, object_name, body, attributes, only_new)

    def _upload_part(self, upload: Upload, number: int, body: Body) -> Part:
        if self.damages == "part" and number == 2:
            return super()._upload_part(upload, number, BytesBody(flipped(b"".join(body))))
        return super()._upload_part(upload, number, body)

    def _open(self, obj: Object, start: int, end: int | None) -> Download:
        download = super()._open(obj, start, end)
        if self.damages == "read":
            return replace(download, source=BytesIO(flipped(download.read(-1))))
        return download


@pytest.fixture
def damaged() -> Container:
    return DamagingDriver().create_container("damaged")


def damage(container: Container, what: str) -> None:
    driver: Any = container.driver
    driver.damages = what


def test_a_damaged_upload_is_taken_away_again(damaged: Container, tmp_path: Path) -> None:
    damage(damaged, "put")
    with pytest.raises(ObjectHashMismatchError):
        put(damaged, "x", b"content")
    (tmp_path / "file").write_bytes(b"content")
    with pytest.raises(ObjectHashMismatchError):
        damaged.upload_object(str(tmp_path / "file"), "x")
    assert listed(damaged) == []
    damaged.upload_object(str(tmp_path / "file"), "x", verify_hash=False)
    assert listed(damaged) == ["x"]


def test_a_damaged_part_completes_nothing(damaged: Container, tmp_path: Path) -> None:
    def pieces() -> Iterator[bytes]:
        yield from (bytes(MIB) for _ in range(40))

    damage(damaged, "part")
    put(damaged, "x", b"old")
    (tmp_path / "file").write_bytes(bytes(40 * MIB))
    with pytest.raises(ObjectHashMismatchError):
        damaged.upload_object_via_stream(pieces(), "x")
    with pytest.raises(ObjectHashMismatchError):
        damaged.upload_object(str(tmp_path / "file"), "x")
    assert content(damaged.get_object("x")) == b"old"
    assert list(damaged.driver.iterate_uploads(damaged)) == []


def test_a_damaged_download_is_no_file(damaged: Container, tmp_path: Path) -> None:
    obj = put(damaged, "x", b"content")
    damage(damaged, "read")
    (tmp_path / "x").write_bytes(b"old")
    with pytest.raises(ObjectHashMismatchError):
        obj.download(str(tmp_path / "x"), overwrite_existing=True)
    with pytest.raises(ObjectHashMismatchError):
        list(obj.as_stream())
    assert [(path.name, path.read_bytes()) for path in tmp_path.iterdir()] == [("x", b"old")]
