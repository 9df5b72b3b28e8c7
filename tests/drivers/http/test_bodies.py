"""Bodies that fail on the way, and servers that answer before they have heard all."""

from __future__ import annotations

import io
import random
import socket
import threading
from collections.abc import Iterator
from dataclasses import replace

import pytest

from storage_core.body import BytesBody, FileBody, StreamBody
from storage_core.errors import (
    AccessDeniedError,
    ConnectionLostError,
    SourceChangedError,
    StoppedError,
)
from storage_core.http import Client
from tests.drivers.http.asking import MIB, by_status, get, good, put
from tests.servers import faults
from tests.servers.canned import CannedServer, reply


def test_a_stop_within_a_body_comes_out_as_it_is_and_drops_the_connection(
    server: CannedServer, client: Client
) -> None:
    server.always("GET", reply(200))
    client.send(get(server.endpoint + "/a"), good).close()
    stop = StoppedError("enough")

    def watch(count: int) -> None:
        raise stop

    with pytest.raises(StoppedError) as caught:
        client.send(put(server.endpoint + "/a", BytesBody(bytes(8 * MIB), watch)), good)
    assert caught.value is stop
    client.send(get(server.endpoint + "/a"), good).close()
    assert [one.method for one in server.requests] == ["GET", "GET"]  # the upload never was a request
    assert server.connections == 2


@pytest.mark.parametrize(
    "problem", [BrokenPipeError(32, "x"), ConnectionResetError(104, "x"), OSError(5, "EIO"), ValueError("x")]
)
def test_what_a_body_raises_is_never_taken_for_the_networks_fault(
    server: CannedServer, client: Client, pauses: list[float], problem: Exception
) -> None:
    def pieces() -> Iterator[bytes]:
        yield b"x" * 1000
        raise problem

    with pytest.raises(type(problem)) as caught:
        client.send(put(server.endpoint + "/a", StreamBody(pieces(), 5000)), good)
    assert caught.value is problem
    assert server.requests == []


@pytest.mark.parametrize("promised", [0, 5, 9, 11, 3 * MIB])
def test_a_source_of_another_length_than_promised_is_never_stored(
    server: CannedServer, client: Client, promised: int
) -> None:
    with pytest.raises(SourceChangedError):
        client.send(put(server.endpoint + "/a", StreamBody([b"12345", b"67890"], promised)), good)
    assert server.requests == []


def test_a_file_that_shrinks_is_never_stored(server: CannedServer, client: Client) -> None:
    with pytest.raises(SourceChangedError):
        client.send(put(server.endpoint + "/a", FileBody(io.BytesIO(b"12345"), 0, 10)), good)
    assert server.requests == []


def test_a_refusal_in_the_middle_of_an_upload_is_heard(server: CannedServer, client: Client) -> None:
    server.always("PUT", replace(reply(403, b"no"), before_body=True))
    with pytest.raises(AccessDeniedError):
        client.send(put(server.endpoint + "/a", BytesBody(bytes(MIB))), by_status)
    assert len(server.requests) == 1


def test_a_yes_before_the_body_was_sent_is_not_believed(client: Client, pauses: list[float]) -> None:
    with socket.create_server(("127.0.0.1", 0)) as listener:
        answered = threading.Event()

        def serve() -> None:
            one, _ = listener.accept()
            with one:
                one.recv(1000)
                one.sendall(b"HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n")
                one.shutdown(socket.SHUT_RDWR)
            answered.set()

        def pieces() -> Iterator[bytes]:
            yield b"x" * 1000
            assert answered.wait(20)
            for _ in range(64):
                yield bytes(MIB)

        thread = threading.Thread(target=serve)
        thread.start()
        url = f"http://127.0.0.1:{listener.getsockname()[1]}/"
        with pytest.raises(ConnectionLostError):
            client.send(put(url, StreamBody(pieces(), 1000 + 64 * MIB)), good)
        thread.join()


@pytest.mark.parametrize("at", [0, 1, 100, 1_000_000, 4 * MIB])
def test_an_upload_that_is_cut_is_sent_again_in_full(
    server: CannedServer, client: Client, pauses: list[float], at: int
) -> None:
    data = random.Random(5).randbytes(4 * MIB + 1)
    server.always("PUT", reply(200))
    with faults.proxy(server.endpoint) as proxy:
        proxy.script(
            faults.Plan(up=faults.Fault(reset_after=at)), faults.Plan(up=faults.Fault(close_after=at))
        )
        client.send(put(proxy.endpoint + "/a", BytesBody(data)), by_status)
    assert [one.body for one in server.requests] == [data]
    assert len(pauses) == 2
