"""Every wait has an end: connecting, silence, a trickle, a small call as a whole, a stop."""

from __future__ import annotations

import random
import socket
import threading
import time
from collections.abc import Iterator
from dataclasses import replace

import pytest

from storage_core import http
from storage_core.body import BytesBody
from storage_core.errors import (
    ServerError,
    StoppedError,
    TimedOutError,
)
from storage_core.http import Client, Request
from tests.drivers.http.asking import MIB, by_status, client_with, get, good, put, rest
from tests.servers import canned, faults
from tests.servers.canned import STALL, CannedServer, reply


def test_connecting_has_an_end(pauses: list[float]) -> None:
    with (
        socket.create_server(("127.0.0.1", 0), backlog=0) as full,
        client_with(connect_timeout=0.3) as client,
    ):
        fillers = []
        for _ in range(4):  # the queue of one that never accepts is full after a few
            filler = socket.socket()
            filler.setblocking(False)
            filler.connect_ex(full.getsockname())
            fillers.append(filler)
        start = time.monotonic()
        with pytest.raises(TimedOutError, match="did not answer"):
            client.send(get(f"http://127.0.0.1:{full.getsockname()[1]}/"), good)
        assert time.monotonic() - start < 6 * 0.3 + 2
        for filler in fillers:
            filler.close()
    assert len(pauses) == 5


def test_silence_has_an_end(server: CannedServer, pauses: list[float]) -> None:
    server.always("GET", STALL)
    with (
        client_with(timeout=0.2, attempts=2) as client,
        pytest.raises(TimedOutError, match=r"silent for 0\.2 s"),
    ):
        client.send(get(server.endpoint + "/a"), good)
    assert len(server.requests) == 2


def test_silence_within_a_reply_has_an_end(server: CannedServer) -> None:
    server.always("GET", replace(reply(200, b"12345", 100_000), then="stall"))
    with client_with(timeout=0.2) as client:
        answer = client.send(get(server.endpoint + "/a"), good)
        assert answer.read(100) == b"12345"
        with pytest.raises(TimedOutError, match="silent"):
            answer.read(100)


def test_silence_while_sending_has_an_end(server: CannedServer, pauses: list[float]) -> None:
    with faults.proxy(server.endpoint) as proxy, client_with(timeout=0.3, attempts=1) as client:
        proxy.always = faults.Plan(up=faults.Fault(stall_after=100_000))
        with pytest.raises(TimedOutError, match="silent"):
            client.send(put(proxy.endpoint + "/a", BytesBody(bytes(64 * MIB))), good)


def drip(pause: float, count: int) -> Iterator[bytes]:
    over = threading.Event()
    for _ in range(count):
        over.wait(pause)
        yield b"."


def test_a_trickle_is_not_a_download(server: CannedServer) -> None:
    server.always("GET", reply(200, drip(0.02, 500), 500))
    with client_with(stall_window=0.4, stall_bytes_per_second=1000) as client:
        answer = client.send(get(server.endpoint + "/a"), good)
        start = time.monotonic()
        with pytest.raises(TimedOutError, match="too slow"):
            rest(answer)
        assert 0.3 < time.monotonic() - start < 3


def test_a_trickle_is_not_an_upload(server: CannedServer) -> None:
    with (
        faults.proxy(server.endpoint) as proxy,
        client_with(stall_window=0.5, stall_bytes_per_second=50 * MIB, attempts=1) as client,
    ):
        proxy.always = faults.Plan(up=faults.Fault(rate=MIB))
        with pytest.raises(TimedOutError, match="too slow"):
            client.send(put(proxy.endpoint + "/a", BytesBody(bytes(256 * MIB))), good)


def test_a_slow_reader_is_not_a_slow_line(server: CannedServer) -> None:
    data = random.Random(3).randbytes(4 * MIB)
    server.always("GET", reply(200, data))
    with client_with(stall_window=0.1, stall_bytes_per_second=MIB) as client:
        answer = client.send(get(server.endpoint + "/a"), good)
        got = bytearray()
        while piece := answer.read(256 * 1024):
            got += piece
            time.sleep(0.05)  # what a slow disk, or a bandwidth limit, does
        assert got == data


def test_a_head_that_drips_ends_with_the_deadline(server: CannedServer) -> None:
    server.always("GET", canned.Reply(b"HTTP/1.1 200 OK\r\nX: ", drip(0.05, 400)))
    with client_with(deadline=0.6) as client:
        start = time.monotonic()
        with pytest.raises(TimedOutError, match=r"within 0\.6 s"):
            client.send(get(server.endpoint + "/a"), good)
        assert time.monotonic() - start < 3


def test_the_answer_to_a_large_upload_that_drips_ends_with_the_deadline(server: CannedServer) -> None:
    server.always("PUT", canned.Reply(b"HTTP/1.1 200 OK\r\nX: ", drip(0.05, 400)))
    with (
        client_with(deadline=0.6, attempts=1) as client,
        pytest.raises(TimedOutError, match=r"within 0\.6 s"),
    ):
        client.send(put(server.endpoint + "/a", BytesBody(bytes(2 * MIB))), good)


def test_a_small_reply_that_drips_ends_with_the_deadline(server: CannedServer) -> None:
    server.always("GET", reply(200, drip(0.05, 400), 400))
    with client_with(deadline=0.6) as client:
        start = time.monotonic()
        with pytest.raises(TimedOutError, match=r"within 0\.6 s"):
            client.send(get(server.endpoint + "/a"), good).content()
        assert time.monotonic() - start < 3


def test_a_call_may_have_a_deadline_of_its_own(server: CannedServer) -> None:
    server.always("POST", reply(200, drip(0.05, 20), 20))
    with client_with(deadline=0.3) as client:
        answer = client.send(lambda: Request("POST", server.endpoint + "/a"), good, deadline=60)
        assert answer.content() == b"." * 20


def test_a_large_download_outlives_the_deadline_of_small_calls(server: CannedServer) -> None:
    server.always("GET", reply(200, drip(0.02, 50), 50))
    with client_with(deadline=0.3) as client:
        answer = client.send(get(server.endpoint + "/a"), good)
        assert rest(answer, 10) == b"." * 50


def test_the_deadline_spans_all_attempts(server: CannedServer, pauses: list[float]) -> None:
    server.always("GET", reply(503, retry_after="50"))
    with client_with(deadline=20.0) as client, pytest.raises(ServerError):
        client.send(get(server.endpoint + "/a"), by_status)
    assert (len(server.requests), pauses) == (1, [])  # waiting past the deadline would help nobody


def test_whoever_watches_can_stop_a_silent_connection(server: CannedServer) -> None:
    server.script("GET", STALL, replace(reply(200, b"123", 100_000), then="stall"))
    stopped = threading.Event()

    def check() -> None:
        if stopped.is_set():
            raise StoppedError("enough")

    with client_with(timeout=60.0) as client, http.stoppable(check):
        for _ in range(2):
            stopped.clear()
            timer = threading.Timer(0.3, stopped.set)
            timer.start()
            start = time.monotonic()
            with pytest.raises(StoppedError, match="enough"):
                rest(client.send(get(server.endpoint + "/a"), good))
            assert time.monotonic() - start < 5
            timer.join()
    assert len(server.requests) == 2


def test_whoever_watches_can_stop_the_wait_for_a_retry(server: CannedServer, client: Client) -> None:
    server.always("PUT", reply(503, retry_after="60"))

    def watch(count: int) -> None:
        if count <= 0:  # a rewind, or no byte moved: the request was answered
            raise StoppedError("enough")

    start = time.monotonic()
    with pytest.raises(StoppedError):
        client.send(put(server.endpoint + "/a", BytesBody(b"x", watch)), by_status)
    server.always("GET", reply(503, retry_after="60"))

    def check() -> None:
        if any(one.method == "GET" for one in server.requests):
            raise StoppedError("enough")

    with http.stoppable(check), pytest.raises(StoppedError):
        client.send(get(server.endpoint + "/a"), by_status)
    assert time.monotonic() - start < 10
