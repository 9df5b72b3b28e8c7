"""The engine on servers that check signatures and hashes, and on connections that break."""

from __future__ import annotations

import hashlib
import json
import os
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import boto3
import pytest

from storage_core.attributes import Attributes
from storage_core.base import Container
from storage_core.body import BytesBody
from storage_core.drivers.s3 import S3StorageDriver
from storage_core.transfers import Conflict, CopySpec, DownloadSpec, Ref, State, UploadSpec
from tests.servers import faults
from tests.servers.faults import Fault, Plan
from tests.servers.moto import Moto
from tests.servers.swift import Swift
from tests.transfers.conftest import World, content, names, row, wait_end, wait_for

MIB = 1024 * 1024


def s3(world: World, account: str, server: Any, endpoint: str = "", **network: Any) -> Container:
    """A driver under this account's id, and a new container of it."""
    driver = S3StorageDriver(
        server.access_key, server.secret_key, endpoint=endpoint or server.endpoint, region=server.region,
        addressing="path", **network,
    )  # fmt: skip
    world.drivers[account] = driver
    direct = S3StorageDriver(
        server.access_key,
        server.secret_key,
        endpoint=server.endpoint,
        region=server.region,
        addressing="path",
    )
    return direct.create_container(f"t{time.time_ns()}")


@pytest.fixture(params=["swift", "moto"])
def server(request: pytest.FixtureRequest) -> Any:
    return request.getfixturevalue(f"{request.param}_server")


@pytest.fixture
def proxy(moto_server: Moto) -> Iterator[faults.Proxy]:
    with faults.proxy(moto_server.endpoint) as one:
        yield one


def tree(path: Path) -> dict[str, bytes | None]:
    return {
        str(one.relative_to(path)): hashlib.sha256(one.read_bytes()).digest() if one.is_file() else None
        for one in path.rglob("*")
    }


@pytest.mark.timeout(240)
def test_two_hundred_mixed_files_go_up_come_back_and_cross_over(
    world: World, server: Any, moto_server: Moto
) -> None:
    box = s3(world, "a", server)
    other = s3(world, "b", moto_server)
    for number in range(196):
        name = ("plain", "spa ce", "ümläut", "100%", "a+b&c=d", "#?")[number % 6]
        world.file(f"tree/{number % 9}/{name} {number}.txt", os.urandom((number * 37) % 5000 + 1))
    for number, size in enumerate((17 * MIB, 33 * MIB + 1, 16 * MIB)):
        world.file(f"tree/large/{number}.bin", os.urandom(size))
    (world.folder / "files/tree/empty").mkdir()
    engine = world.engine()
    up = engine.add(UploadSpec((str(world.folder / "files/tree"),), Ref("a", box.name, "")))
    end = wait_end(engine, up, 120)
    assert (end.state, end.items_done) == (State.DONE, 200), engine.reports(up)
    assert all(report.verified for report in engine.reports(up, only_problems=False))
    across = engine.add(CopySpec((Ref("a", box.name, ""),), Ref("b", other.name, "")))
    down = engine.add(DownloadSpec((Ref("a", box.name, "tree/"),), str(world.folder / "back")))
    assert wait_end(engine, down, 120).state is State.DONE, engine.reports(down)
    assert wait_end(engine, across, 120).state is State.DONE, engine.reports(across)
    want = tree(world.folder / "files")
    assert tree(world.folder / "back") == want
    client = boto3.client(
        "s3", endpoint_url=moto_server.endpoint, aws_access_key_id="testing", aws_secret_access_key="testing",
        region_name=moto_server.region,
    )  # fmt: skip
    pages = client.get_paginator("list_objects_v2").paginate(Bucket=other.name)
    keys = [item["Key"] for page in pages for item in page["Contents"]]
    read = {key.rstrip("/"): client.get_object(Bucket=other.name, Key=key)["Body"].read() for key in keys}
    files = {name: digest for name, digest in want.items() if digest}
    assert {name: hashlib.sha256(data).digest() for name, data in read.items() if name in files} == files
    assert set(read) - set(files) == {"tree/empty"}


def test_a_copy_across_services_keeps_type_headers_and_metadata(
    world: World, swift_server: Swift, moto_server: Moto
) -> None:
    box, other = s3(world, "a", swift_server), s3(world, "b", moto_server)
    kept = Attributes(
        content_type="text/x-own", cache_control="no-cache", content_disposition="inline",
        content_encoding="br", content_language="de", metadata={"who": "me"},
    )  # fmt: skip
    for name, size in (("small.txt", 10), ("large.txt", 20 * MIB)):
        box.driver.upload_object_via_stream(
            iter([os.urandom(size)]), box, name, kept.to_extra(), dict(kept.metadata), ex_size=size
        )
    engine = world.engine()
    job = engine.add(CopySpec((Ref("a", box.name, ""),), Ref("b", other.name, "")))
    assert wait_end(engine, job).state is State.DONE, engine.reports(job)
    for name in ("small.txt", "large.txt"):
        assert content(other, name) == content(box, name)
        there, here = other.driver.get_object(other.name, name), box.driver.get_object(box.name, name)
        assert there.attributes is not None
        assert here.attributes is not None
        for field in (
            "content_type",
            "cache_control",
            "content_disposition",
            "content_encoding",
            "content_language",
        ):
            assert getattr(there.attributes, field) == getattr(here.attributes, field), field
        assert dict(there.attributes.metadata) == {"who": "me"}


# -- resume, counted by the server --


@pytest.mark.timeout(120)
def test_after_kill_minus_nine_only_the_missing_parts_are_sent(
    world: World, moto_server: Moto, proxy: faults.Proxy
) -> None:
    box = s3(world, "a", moto_server)
    box.driver.create_container(box.name + "-copy")
    parts = 10
    source = world.file("tree/big.bin", os.urandom(parts * 16 * MIB))
    settings = {
        "journal": str(world.journal), "source": str(source.parent), "back": str(world.folder / "back"),
        "endpoint": proxy.endpoint, "key": "testing", "secret": "testing", "region": "us-east-1",
        "container": box.name, "rate": 60, "die": ("part written down", 4),
    }  # fmt: skip

    def run(die: object, code: int) -> None:
        argv = [sys.executable, "-m", "tests.transfers.killed", json.dumps({**settings, "die": die})]
        done = subprocess.run(
            argv, capture_output=True, cwd=Path(__file__).parents[2], timeout=100, check=False
        )
        assert done.returncode == code, done.stderr.decode()

    run(("part written down", 4), -9)
    wait_for(lambda: all(one.over for one in proxy.connections))  # a part may still be on its way
    [upload] = list(box.driver.iterate_uploads(box, "tree/big.bin"))
    held = len(box.driver.list_parts(upload))
    assert held >= 3
    proxy.clear()
    # It dies again as soon as the upload is complete, so that what was counted is the upload alone.
    run(("completed", 1), -9)
    wait_for(lambda: all(one.over for one in proxy.connections))
    sent = sum(one.up for one in proxy.connections)
    assert sent <= (parts - held + 2) * 16 * MIB + MIB
    assert sent >= (parts - held) * 16 * MIB
    proxy.clear()
    run(None, 0)
    assert content(box, "tree/big.bin") == source.read_bytes()
    assert not list(box.driver.iterate_uploads(box))


@pytest.mark.timeout(120)
def test_a_download_goes_on_from_the_durable_ranges(
    world: World, moto_server: Moto, proxy: faults.Proxy
) -> None:
    box = s3(world, "a", moto_server, proxy.endpoint)
    data = os.urandom(10 * 16 * MIB)
    box.driver.put_object(box, "big.bin", BytesBody(data), Attributes())
    engine = world.engine()
    engine.bytes_per_second_max = 60 * MIB
    job = engine.add(DownloadSpec((Ref("a", box.name, "big.bin"),), str(world.folder / "back")))
    wait_for(lambda: row(engine, job).bytes_done > 90 * MIB)
    engine.pause(job)
    wait_for(lambda: not row(engine, job).current)
    world.stop(engine)
    proxy.clear()
    again = world.engine()
    kept = row(again, job).bytes_done
    again.resume(job)
    end = wait_end(again, job)
    assert end.state is State.DONE
    assert (world.folder / "back/big.bin").read_bytes() == data
    assert os.listdir(world.folder / "back") == ["big.bin"]
    wait_for(lambda: sum(one.down for one in proxy.connections) >= 5 * 16 * MIB)
    assert sum(one.down for one in proxy.connections) <= 9 * 16 * MIB, kept
    [report] = again.reports(job, only_problems=False)
    assert report.verified == f"md5 {hashlib.md5(data).hexdigest()}"


def test_an_object_replaced_between_two_runs_is_never_mixed(world: World, moto_server: Moto) -> None:
    box = s3(world, "a", moto_server)
    box.driver.put_object(box, "big.bin", BytesBody(os.urandom(64 * MIB)), Attributes())
    engine = world.engine()
    engine.bytes_per_second_max = 30 * MIB
    job = engine.add(DownloadSpec((Ref("a", box.name, "big.bin"),), str(world.folder / "back")))
    wait_for(lambda: row(engine, job).bytes_done > 34 * MIB)
    engine.pause(job)
    wait_for(lambda: not row(engine, job).current)
    new = os.urandom(64 * MIB)
    box.driver.put_object(box, "big.bin", BytesBody(new), Attributes())
    engine.bytes_per_second_max = 0
    engine.resume(job)
    assert wait_end(engine, job).state is State.DONE
    assert (world.folder / "back/big.bin").read_bytes() == new
    assert "changed" in engine.reports(job)[0].reason


# -- the network --


@pytest.mark.parametrize("direction", ["up", "down"])
def test_connections_cut_in_the_middle_are_gone_on_with(
    world: World, moto_server: Moto, proxy: faults.Proxy, direction: str
) -> None:
    box = s3(world, "a", moto_server, proxy.endpoint)
    data = os.urandom(20 * MIB)
    engine = world.engine()
    cut = Fault(reset_after=3 * MIB)
    if direction == "up":
        proxy.script(*[Plan(up=cut)] * 6)
        job = engine.add(UploadSpec((str(world.file("x.bin", data)),), Ref("a", box.name, "")))
    else:
        box.driver.put_object(box, "x.bin", BytesBody(data), Attributes())
        proxy.script(*[Plan(down=cut)] * 6)
        job = engine.add(DownloadSpec((Ref("a", box.name, "x.bin"),), str(world.folder / "back")))
    end = wait_end(engine, job)
    assert (end.state, end.bytes_done, end.error) == (State.DONE, len(data), ""), engine.reports(job)
    have = content(box, "x.bin") if direction == "up" else (world.folder / "back/x.bin").read_bytes()
    assert have == data


def test_a_network_that_is_away_is_waited_for_and_said(
    world: World, moto_server: Moto, proxy: faults.Proxy
) -> None:
    box = s3(world, "a", moto_server, proxy.endpoint, attempts=1)
    proxy.always = faults.REFUSE
    engine = world.engine()
    job = engine.add(UploadSpec((str(world.file("x.bin", b"1")),), Ref("a", box.name, "")))
    wait_for(lambda: "network" in row(engine, job).error)
    assert row(engine, job).state is State.RUNNING
    proxy.always = faults.CLEAN
    end = wait_end(engine, job)
    assert (end.state, end.error) == (State.DONE, "")


def test_patience_ends_and_retry_goes_on(world: World, moto_server: Moto, proxy: faults.Proxy) -> None:
    box = s3(world, "a", moto_server, proxy.endpoint, attempts=1)
    proxy.always = faults.REFUSE
    engine = world.engine(patience=0.5)
    paths = [str(world.file(f"{number}.bin", b"1")) for number in range(30)]
    job = engine.add(UploadSpec(tuple(paths), Ref("a", box.name, "")))
    begin = time.monotonic()
    end = wait_end(engine, job)
    assert end.state is State.FAILED
    assert time.monotonic() - begin < 20
    assert "Nothing moved" in end.error
    proxy.always = faults.CLEAN
    engine.retry(job)
    end = wait_end(engine, job)
    assert (end.state, end.items_done, end.items_total) == (State.DONE, 30, 30), engine.reports(job)
    assert len(names(box)) == 30


@pytest.mark.parametrize("size", [MIB, 20 * MIB])
def test_a_byte_that_was_turned_on_its_way_is_never_kept(
    world: World, moto_server: Moto, proxy: faults.Proxy, size: int
) -> None:
    box = s3(world, "a", moto_server, proxy.endpoint)
    data = os.urandom(size)
    box.driver.put_object(box, "x.bin", BytesBody(data), Attributes())
    proxy.always = Plan(down=Fault(corrupt_at=MIB // 2))
    engine = world.engine()
    job = engine.add(DownloadSpec((Ref("a", box.name, "x.bin"),), str(world.folder / "back")))
    end = wait_end(engine, job)
    assert end.state is State.FAILED
    assert "MD5" in end.error
    assert os.listdir(world.folder / "back") == []


def test_a_byte_turned_while_copying_across_is_never_kept(
    world: World, moto_server: Moto, proxy: faults.Proxy
) -> None:
    box = s3(world, "a", moto_server, proxy.endpoint)
    other = s3(world, "b", moto_server)
    box.driver.put_object(box, "x.bin", BytesBody(os.urandom(40 * MIB)), Attributes())
    proxy.always = Plan(down=Fault(corrupt_at=MIB))
    engine = world.engine()
    job = engine.add(CopySpec((Ref("a", box.name, "x.bin"),), Ref("b", other.name, "")))
    end = wait_end(engine, job)
    assert end.state is State.FAILED
    assert "MD5" in end.error
    assert names(other) == set()
    wait_for(lambda: not list(other.driver.iterate_uploads(other)), 5, "the parts to go")


def test_a_stop_ends_an_upload_within_a_second(world: World, moto_server: Moto, proxy: faults.Proxy) -> None:
    box = s3(world, "a", moto_server, proxy.endpoint)
    proxy.always = Plan(up=Fault(rate=2 * MIB))
    engine = world.engine()
    job = engine.add(UploadSpec((str(world.file("x.bin", os.urandom(60 * MIB))),), Ref("a", box.name, "")))
    wait_for(lambda: row(engine, job).bytes_done > 4 * MIB)
    begin = time.monotonic()
    world.stop(engine)
    assert time.monotonic() - begin < 1.5
    again = world.engine()
    assert row(again, job).state is State.PAUSED
    proxy.always = faults.CLEAN
    again.cancel(job)
    wait_for(lambda: not list(box.driver.iterate_uploads(box)), 10, "the parts to go")


def test_wrong_keys_ask_for_a_sign_in(world: World, swift_server: Swift) -> None:
    box = s3(world, "a", swift_server)
    world.drivers["a"] = S3StorageDriver(
        swift_server.access_key,
        "wrong",
        endpoint=swift_server.endpoint,
        region=swift_server.region,
        addressing="path",
    )
    engine = world.engine()
    job = engine.add(UploadSpec((str(world.file("x.bin", b"1")),), Ref("a", box.name, "")))
    wait_for(lambda: row(engine, job).state is State.NEEDS_SIGN_IN)
    assert row(engine, job).error
    world.drivers["a"] = box.driver
    engine.resume(job)
    assert wait_end(engine, job).state is State.DONE


def test_nothing_is_overwritten_on_a_server_without_a_decision(world: World, server: Any) -> None:
    box = s3(world, "a", server)
    for name, size in (("small.bin", 10), ("large.bin", 20 * MIB)):
        box.driver.upload_object_via_stream(iter([b"o" * size]), box, name, ex_size=size)
    paths = [str(world.file("small.bin", b"n" * 10)), str(world.file("large.bin", b"n" * 20 * MIB))]
    engine = world.engine()
    job = engine.add(UploadSpec(tuple(paths), Ref("a", box.name, "")))
    wait_for(lambda: row(engine, job).state is State.ASKING)
    question = row(engine, job).question
    assert question is not None
    engine.answer(job, question.id, Conflict.SKIP, for_rest=True)
    end = wait_end(engine, job)
    assert (end.state, end.items_skipped) == (State.DONE_WITH_SKIPS, 2)
    assert set(content(box, "small.bin")) == set(content(box, "large.bin")) == set(b"o")
