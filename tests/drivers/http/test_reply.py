"""The reply is what the server stores: counted, never decoded, and its connection goes back."""

from __future__ import annotations

import gzip
import hashlib
import random
import threading
import time
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace

import pytest

from storage_core.body import BytesBody
from storage_core.common.base import NetworkOptions
from storage_core.errors import (
    ConnectionLostError,
    LocalFileError,
    MalformedResponseError,
)
from storage_core.http import Client, Request
from tests.drivers.http.asking import MIB, by_status, client_with, get, good, put, rest
from tests.servers import canned
from tests.servers.canned import CannedServer, reply, short


def test_nothing_is_decoded(server: CannedServer, client: Client) -> None:
    stored = gzip.compress(b"x" * 100_000)
    server.always("GET", reply(200, stored, content_encoding="gzip"))
    assert client.send(get(server.endpoint + "/a"), good).content() == stored
    answer = client.send(get(server.endpoint + "/a"), good)
    assert rest(answer, 7) == stored
    client.send(get(server.endpoint + "/a", **{"accept-encoding": "gzip"}), good).close()
    assert [one.header("Accept-Encoding") for one in server.requests] == ["identity", "identity", "gzip"]


def test_a_large_reply_comes_in_large_pieces(server: CannedServer, client: Client) -> None:
    data = random.Random(2).randbytes(16 * MIB)
    server.always("GET", reply(200, data))
    answer = client.send(get(server.endpoint + "/a"), good)
    pieces = list(iter(lambda: answer.read(MIB), b""))
    assert b"".join(pieces) == data
    assert max(map(len, pieces)) <= MIB
    assert len(pieces) <= 32
    assert server.connections == 1


def test_a_short_reply_gives_what_came_and_then_the_error(server: CannedServer, client: Client) -> None:
    server.always("GET", short(b"only this", 100))
    answer = client.send(get(server.endpoint + "/a"), good)
    assert answer.length == 100
    assert answer.read(1000) == b"only this"
    for _ in range(2):
        with pytest.raises(ConnectionLostError):
            answer.read(1000)
    answer.close()


def test_a_short_reply_never_counts_as_content(server: CannedServer, client: Client) -> None:
    server.always("GET", short(b"only this", 100))
    with pytest.raises(ConnectionLostError):
        client.send(get(server.endpoint + "/a"), good).content()


@pytest.mark.parametrize("at", [0, 1, 4999, 5000, 9999])
def test_a_reset_in_a_reply_is_a_lost_connection(server: CannedServer, client: Client, at: int) -> None:
    server.always("GET", replace(reply(200, b"x" * at, 10_000), then="reset"))
    answer = client.send(get(server.endpoint + "/a"), good)
    with pytest.raises(ConnectionLostError):
        rest(answer)
    with pytest.raises(ConnectionLostError):
        answer.read(1)


@pytest.mark.parametrize("body", [b"5\r\nhello\r\n", b"5\r\nhel", b"5\r\nhello\r\n0\r\n"])
def test_chunks_without_their_end_are_a_lost_connection(
    server: CannedServer, client: Client, body: bytes
) -> None:
    head = b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n"
    server.always("GET", canned.Reply(head, body, "close"))
    if body.endswith(b"0\r\n"):  # all chunks are there, the last line end is a courtesy
        assert client.send(get(server.endpoint + "/a"), good).content() == b"hello"
        return
    with pytest.raises(ConnectionLostError):
        client.send(get(server.endpoint + "/a"), good).content()


def test_chunks_are_joined(server: CannedServer, client: Client) -> None:
    head = b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n"
    server.always("GET", canned.Reply(head, b"5\r\nhello\r\n1;x=y\r\n!\r\n0\r\nTrailer: 1\r\n\r\n"))
    for _ in range(2):
        answer = client.send(get(server.endpoint + "/a"), good)
        assert answer.length is None
        assert answer.content() == b"hello!"
    assert server.connections == 1


def test_a_reply_without_a_length_ends_with_its_connection(server: CannedServer, client: Client) -> None:
    server.always("GET", canned.Reply(b"HTTP/1.1 200 OK\r\n\r\n", b"to the end", "close"))
    answer = client.send(get(server.endpoint + "/a"), good)
    assert answer.length is None
    assert answer.content() == b"to the end"


@pytest.mark.parametrize(
    "head",
    [
        b"HTTP/1.1 200 OK\r\nContent-Length: 5\r\nContent-Length: 6\r\n\r\n",
        b"garbage\r\n\r\n",
        b"HTTP/1.1 abc OK\r\n\r\n",
        b"\x15\x03\x01\x00\x02\x02\x16",
        b"HTTP/1.1 200 OK\r\nX: " + b"a" * 70_000 + b"\r\n\r\n",
    ],
    ids=["two lengths", "garbage", "no status", "TLS", "long line"],
)
def test_what_is_not_http_is_malformed(
    server: CannedServer, client: Client, pauses: list[float], head: bytes
) -> None:
    server.always("GET", canned.Reply(head, b"12345", "close"))
    with pytest.raises(MalformedResponseError, match="not proper HTTP"):
        client.send(get(server.endpoint + "/a"), good)
    assert not pauses


def test_a_head_that_is_cut_anywhere_is_a_lost_connection(server: CannedServer, client: Client) -> None:
    """http.client takes the end of the stream for the end of the head: an ETag would be half, a size gone."""
    head = b'HTTP/1.1 200 OK\r\nETag: "0123456789abcdef"\r\nContent-Length: 0\r\n\r\n'
    for end in range(1, len(head)):
        server.script("GET", canned.Reply(head[:end], then="close"), reply(200, b"whole"))
        assert client.send(get(server.endpoint + "/a"), good).content() == b"whole", head[:end]
        assert not server.left()


def test_bytes_beyond_the_promised_length_are_not_taken(server: CannedServer, client: Client) -> None:
    intruder = b"HTTP/1.1 200 OK\r\nContent-Length: 4\r\n\r\nevil"
    server.script("GET", reply(200, b"12345" + intruder, 5), reply(200, b"second"))
    assert client.send(get(server.endpoint + "/a"), good).content() == b"12345"
    assert client.send(get(server.endpoint + "/b"), by_status).content() == b"second"


def test_a_head_reply_tells_a_length_and_has_no_body(server: CannedServer, client: Client) -> None:
    server.always("HEAD", reply(200, b"", 10**12))
    for _ in range(2):
        answer = client.send(lambda: Request("HEAD", server.endpoint + "/a"), good)
        assert (answer.length, answer.read(10), answer.content()) == (10**12, b"", b"")
    assert server.connections == 1


@pytest.mark.parametrize("status", [204, 304])
def test_replies_without_a_body_give_their_connection_back(
    server: CannedServer, client: Client, status: int
) -> None:
    server.always("DELETE", canned.Reply(f"HTTP/1.1 {status} X\r\nEtag: 1\r\n\r\n".encode()))
    for _ in range(3):
        client.send(lambda: Request("DELETE", server.endpoint + "/a"), good)
    assert server.connections == 1


def test_content_is_capped_and_can_be_asked_for_again(server: CannedServer, client: Client) -> None:
    server.always("GET", reply(200, b"x" * 1000))
    answer = client.send(get(server.endpoint + "/a"), good)
    assert answer.content(1000) == answer.content() == b"x" * 1000
    answer = client.send(get(server.endpoint + "/a"), good)
    with pytest.raises(MalformedResponseError, match="more than 999 bytes"):
        answer.content(999)


def test_a_reply_with_little_left_gives_its_connection_back(server: CannedServer, client: Client) -> None:
    server.always("GET", reply(200, b"x" * 60_000))
    for _ in range(3):
        client.send(get(server.endpoint + "/a"), good).close()
    assert server.connections == 1


def test_a_reply_with_much_left_is_dropped(server: CannedServer, client: Client) -> None:
    server.always("GET", reply(200, b"x" * 8 * MIB))
    for _ in range(3):
        answer = client.send(get(server.endpoint + "/a"), good)
        assert answer.read(10) == b"x" * 10
        start = time.monotonic()
        answer.close()
        assert time.monotonic() - start < 1
        with pytest.raises(ConnectionLostError):
            answer.read(10)
    assert server.connections == 3


def test_many_threads_share_one_client_and_never_each_others_bytes(server: CannedServer) -> None:
    server.always("PUT", lambda asked: reply(200, hashlib.sha256(asked.body).hexdigest().encode()))
    server.always("GET", lambda asked: reply(200, asked.target.encode() * 500))

    def work(number: int) -> None:
        source = random.Random(number)
        for turn in range(15):
            data = source.randbytes(source.randrange(50_000))
            answer = client.send(put(f"{server.endpoint}/{number}/{turn}", BytesBody(data)), by_status)
            assert answer.content().decode() == hashlib.sha256(data).hexdigest()
            target = f"/{number}/{turn}?{source.random()}"
            answer = client.send(get(server.endpoint + target), by_status)
            assert rest(answer, 999) == target.encode() * 500

    with client_with(timeout=60.0) as client, ThreadPoolExecutor(32) as pool:
        list(pool.map(work, range(32)))
        assert len(server.requests) == 32 * 15 * 2
        assert server.connections <= 32


def test_a_client_has_no_thread_and_does_nothing_before_the_first_request() -> None:
    before = threading.active_count()
    one = Client(NetworkOptions(ca_file="/nonexistent/ca.pem", proxy_url="nonsense"))
    assert threading.active_count() == before
    with pytest.raises(LocalFileError, match="could not be read"):
        one.send(get("http://127.0.0.1:1/"), good)
    one.close()
