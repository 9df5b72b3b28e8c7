"""Servers that accept everything and never answer: nobody who pauses, cancels or quits waits for them."""

from __future__ import annotations

import contextlib
import os
import threading
import time
from collections.abc import Iterator

import pytest

from storage_core.drivers.s3 import S3StorageDriver
from storage_core.transfers import CopySpec, DownloadSpec, Engine, Ref, State, UploadSpec
from storage_core.transfers.specs import Spec
from tests.servers import canned
from tests.servers.canned import STALL, CannedServer, reply
from tests.servers.silent import Silent, dials, full
from tests.transfers.conftest import World, content, ref, row, wait_end, wait_for, wait_state

MIB = 1024 * 1024
SOON = 1.0  # seconds
METHODS = ("GET", "HEAD", "PUT", "POST", "DELETE")
UPLOADS = b"<ListMultipartUploadsResult><IsTruncated>false</IsTruncated>%s</ListMultipartUploadsResult>"
OURS = b"<Upload><Key>large.bin</Key><UploadId>ours</UploadId></Upload>"


@pytest.fixture
def server() -> Iterator[CannedServer]:
    """Reads what it is sent, and says nothing."""
    with canned.running() as one:
        for method in METHODS:
            one.always(method, STALL)
        yield one


@pytest.fixture
def silent(world: World, server: CannedServer) -> str:
    """The id of an account there."""
    world.drivers["silent"] = S3StorageDriver(
        "key", "secret", endpoint=server.endpoint, region="us-east-1", addressing="path"
    )
    return "silent"


def transfers(world: World) -> dict[str, Spec]:
    """What waits for the first answer in each kind of request."""
    there = Ref("silent", "box", "a.bin")
    world.memory()
    small, large = world.file("small.bin", b"1"), world.file("large.bin", os.urandom(20 * MIB))
    return {
        "PUT": UploadSpec((str(small),), Ref("silent", "box", "")),
        "POST": UploadSpec((str(large),), Ref("silent", "box", "")),
        "HEAD": DownloadSpec((there,), str(world.folder / "back")),
        "listing": DownloadSpec((Ref("silent", "box", "folder/"),), str(world.folder / "back")),
        "copy": CopySpec((there,), ref()),
    }


def wait_silence(engine: Engine, server: CannedServer, job: int, method: str = "") -> None:
    """Until a request is out, and nothing comes back."""
    wait_for(lambda: any(one.method == method or not method for one in server.requests), what="a request")
    assert row(engine, job).state is State.RUNNING


def answer_until_parts_are_begun(server: CannedServer) -> None:
    """The server falls silent with the request that begins an upload in parts."""
    server.always("HEAD", reply(404))
    server.always("HEAD /box", reply(200))
    server.always("GET", reply(200, UPLOADS % b""))


def at_rest(engine: Engine, job: int) -> bool:
    """Whether no worker is at the job any more."""
    return not engine._board.jobs[job].active


def threads() -> set[str]:
    return {one.name for one in threading.enumerate() if one.name.startswith("skyferry")}


@pytest.mark.parametrize("kind", ["PUT", "POST", "HEAD", "listing", "copy"])
@pytest.mark.parametrize("stop", ["pause", "cancel"])
def test_a_job_comes_to_rest_at_once_although_the_server_is_silent(
    world: World, server: CannedServer, silent: str, kind: str, stop: str
) -> None:
    if kind == "POST":
        answer_until_parts_are_begun(server)
    engine = world.engine()
    job = engine.add(transfers(world)[kind])
    wait_silence(engine, server, job, kind if kind in METHODS else "")
    begin = time.monotonic()
    getattr(engine, stop)(job)
    assert row(engine, job).state is (State.PAUSED if stop == "pause" else State.CANCELLED)
    wait_for(lambda: at_rest(engine, job), what="rest")
    assert time.monotonic() - begin < SOON


@pytest.mark.parametrize("kind", ["PUT", "POST", "HEAD", "listing", "copy"])
def test_the_engine_stops_at_once_although_the_server_is_silent(
    world: World, server: CannedServer, silent: str, kind: str
) -> None:
    if kind == "POST":
        answer_until_parts_are_begun(server)
    engine = world.engine()
    job = engine.add(transfers(world)[kind])
    wait_silence(engine, server, job, kind if kind in METHODS else "")
    begin = time.monotonic()
    world.stop(engine)
    assert time.monotonic() - begin < SOON
    assert threads() == set()
    assert row(world.engine(), job).state is State.PAUSED


@pytest.mark.parametrize("stop", ["cancel", "quit"])
@pytest.mark.parametrize("step", ["TCP", "TLS"])
def test_everything_stops_at_once_although_nobody_answers_the_connection(
    world: World, step: str, stop: str
) -> None:
    path = world.file("a", b"content")
    with contextlib.ExitStack() as stack:
        if step == "TCP":
            port = stack.enter_context(full())
            before = dials(port)
            endpoint = f"http://127.0.0.1:{port}"
        else:
            deaf = Silent()
            stack.callback(deaf.stop)
            endpoint = f"https://127.0.0.1:{deaf.port}"
        world.drivers["s3"] = S3StorageDriver("key", "secret", endpoint=endpoint, addressing="path")
        engine = world.engine()
        job = engine.add(UploadSpec((str(path),), Ref("s3", "box", "")))
        wait_for(lambda: dials(port) > before if step == "TCP" else deaf.heard.is_set(), what="a connection")
        begin = time.monotonic()
        if stop == "cancel":
            engine.cancel(job)
            wait_for(lambda: at_rest(engine, job), what="rest")
        else:
            world.stop(engine)
            assert threads() == set()
        assert time.monotonic() - begin < SOON


def test_a_pause_that_the_server_asked_for_is_not_waited_out(
    world: World, server: CannedServer, silent: str
) -> None:
    server.always("PUT", reply(503, retry_after="60"))
    engine = world.engine()
    job = engine.add(transfers(world)["PUT"])
    wait_silence(engine, server, job)
    begin = time.monotonic()
    engine.cancel(job)
    wait_for(lambda: at_rest(engine, job), what="rest")
    assert time.monotonic() - begin < SOON


def test_the_end_waits_a_moment_for_open_parts_and_the_next_start_aborts_them(
    world: World, server: CannedServer, silent: str
) -> None:
    answer_until_parts_are_begun(server)
    engine = world.engine()
    job = engine.add(transfers(world)["POST"])
    wait_silence(engine, server, job, "POST")
    server.always("GET", STALL)
    engine.cancel(job)
    wait_for(lambda: engine._board.jobs[job].is_sweeping, what="the sweep")
    begin = time.monotonic()
    world.stop(engine)
    assert time.monotonic() - begin < 5
    assert threads() == set()
    server.always("GET", reply(200, UPLOADS % OURS))
    server.always("DELETE", reply(204))
    again = world.engine()
    assert row(again, job).state is State.CANCELLED
    wait_for(lambda: any(one.method == "DELETE" for one in server.requests), what="the abort")
    assert ["uploadId=ours" in one.query for one in server.requests if one.method == "DELETE"] == [True]


def test_tidying_up_at_a_silent_server_holds_nobody_else(
    world: World, server: CannedServer, silent: str
) -> None:
    answer_until_parts_are_begun(server)
    engine = world.engine(workers=4)
    spec = transfers(world)["POST"]
    jobs = [engine.add(spec) for _ in range(4)]
    wait_for(lambda: sum(one.method == "POST" for one in server.requests) == 4, what="four open uploads")
    server.always("GET", STALL)
    for job in jobs:
        engine.cancel(job)
    wait_for(lambda: sum(one.is_sweeping for one in engine._board.jobs.values()) == 2, what="two at it")
    other = engine.add(UploadSpec((str(world.file("other.txt", b"other")),), ref()))
    assert wait_end(engine, other, seconds=5).state is State.DONE
    assert content(world.drivers["m"].get_container("box"), "other.txt") == b"other"


def test_a_job_that_was_paused_in_silence_goes_on(world: World, server: CannedServer, silent: str) -> None:
    engine = world.engine()
    job = engine.add(transfers(world)["PUT"])
    wait_silence(engine, server, job)
    engine.pause(job)
    wait_for(lambda: at_rest(engine, job), what="rest")
    server.always("HEAD", reply(404))  # was it stored after all? no
    server.always("HEAD /box", reply(200))
    server.always("PUT", reply(200, etag='"c4ca4238a0b923820dcc509a6f75849b"'))
    engine.resume(job)
    end = wait_state(engine, job, State.DONE, seconds=5)
    assert (end.items_done, end.bytes_done) == (1, 1)
