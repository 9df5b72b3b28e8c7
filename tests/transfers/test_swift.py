"""The engine and Swift's large objects: what it says of uploads in parts, and objects made of others."""

from __future__ import annotations

import os
import secrets
from collections.abc import Iterator
from contextlib import closing
from typing import Any

import pytest
import swiftclient

from storage_core.attributes import Attributes
from storage_core.base import Container
from storage_core.body import BytesBody
from storage_core.drivers.openstack_swift import OpenStackSwiftStorageDriver
from storage_core.transfers import CopySpec, DownloadSpec, Ref, State, UploadSpec
from tests.servers.swift import Swift
from tests.transfers.conftest import World, wait_end

MIB = 1024 * 1024


@pytest.fixture
def boxes(world: World, swift_server: Swift) -> dict[str, Container]:
    """A container in each of two accounts."""
    users = {"a": (swift_server.access_key, swift_server.secret_key), "b": ("test2:tester2", "testing2")}
    for account, (user, key) in users.items():
        world.drivers[account] = OpenStackSwiftStorageDriver(user, key, auth_url=swift_server.auth_url)
    return {name: world.drivers[name].create_container(f"t-{secrets.token_hex(5)}") for name in users}


@pytest.fixture
def sdk(swift_server: Swift) -> Iterator[Any]:
    with closing(
        swiftclient.Connection(swift_server.auth_url, swift_server.access_key, swift_server.secret_key)
    ) as connection:
        yield connection


def test_an_upload_in_parts_is_verified_by_what_swift_says_of_them(
    world: World, boxes: dict[str, Container], sdk: Any
) -> None:
    data = os.urandom(20 * MIB)
    path = world.file("large.bin", data)
    engine = world.engine()
    job = engine.add(UploadSpec((str(path),), Ref("a", boxes["a"].name, "")))
    assert wait_end(engine, job).state is State.DONE, engine.reports(job)
    [report] = engine.reports(job, only_problems=False)
    told, stored = sdk.get_object(boxes["a"].name, "large.bin")
    assert (stored == data, told["x-static-large-object"]) == (True, "True")
    assert report.verified == f"md5 {told['etag'].strip(chr(34))}"


def test_objects_made_of_others_are_downloaded_and_copied_whole(
    world: World, boxes: dict[str, Container], sdk: Any
) -> None:
    box = boxes["a"]
    for number, piece in enumerate((b"aa", b"bb")):
        sdk.put_object(box.name, f"pieces/{number}", piece)
    sdk.put_object(box.name, "made/dlo", "", headers={"X-Object-Manifest": f"{box.name}/pieces/"})
    upload = box.driver.start_upload(box, "made/slo", Attributes(metadata={"who": "me"}))
    parts = [
        box.driver.upload_part(upload, number, BytesBody(data)) for number, data in ((1, b"cc"), (2, b"dd"))
    ]
    box.driver.complete_upload(upload, parts)
    engine = world.engine()
    source = (Ref("a", box.name, "made/"),)
    jobs = [
        engine.add(DownloadSpec(source, str(world.folder / "back"))),
        engine.add(CopySpec(source, Ref("b", boxes["b"].name, ""))),
        engine.add(CopySpec(source, Ref("a", box.name, "copies/"))),
    ]
    for job in jobs:
        assert wait_end(engine, job).state is State.DONE, engine.reports(job)
    assert (world.folder / "back/made/dlo").read_bytes() == b"aabb"
    assert (world.folder / "back/made/slo").read_bytes() == b"ccdd"
    for there, folder in ((boxes["b"], ""), (box, "copies/")):
        for name, data in (("dlo", b"aabb"), ("slo", b"ccdd")):
            copy = there.get_object(f"{folder}made/{name}")
            assert b"".join(copy.as_stream()) == data
        assert copy.meta_data == {"who": "me"}
    for obj in box.list_objects("made/"):
        obj.delete()
    assert b"".join(box.get_object("copies/made/slo").as_stream()) == b"ccdd"
