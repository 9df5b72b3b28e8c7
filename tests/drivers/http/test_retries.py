"""Trying again: when, how often, after which pause, and never twice what must happen once."""

from __future__ import annotations

import hashlib
import random
import socket
import threading
import time

import pytest

from storage_core import retrying
from storage_core.body import BytesBody, StreamBody
from storage_core.errors import (
    AccessDeniedError,
    ClockSkewError,
    ConnectionLostError,
    ExpiredTokenError,
    LibcloudError,
    RateLimitReachedError,
    ServerError,
)
from storage_core.http import Client, Reply, Request
from tests.drivers.http.asking import MIB, by_status, client_with, get, good, nobody, put
from tests.servers import canned
from tests.servers.canned import HANG_UP, RESET, CannedServer, reply, short


def test_each_attempt_is_made_and_signed_anew(
    server: CannedServer, client: Client, pauses: list[float]
) -> None:
    server.script("GET", reply(503), reply(500), reply(200, b"at last"))
    numbers = iter(range(10))
    answer = client.send(
        lambda: Request("GET", server.endpoint + "/a", {"X-Sign": str(next(numbers))}), by_status
    )
    assert answer.content() == b"at last"
    assert [one.header("X-Sign") for one in server.requests] == ["0", "1", "2"]
    assert len(pauses) == 2


def test_a_body_is_rewound_for_each_attempt(
    server: CannedServer, client: Client, pauses: list[float]
) -> None:
    data = random.Random(4).randbytes(2 * MIB)
    moved: list[int] = []
    body = BytesBody(data, moved.append)
    server.script("PUT", reply(503), RESET, reply(200))
    client.send(put(server.endpoint + "/a", body), by_status)
    assert [one.body for one in server.requests] == [data] * 3
    assert sum(moved) == len(data)
    assert body.md5 == hashlib.md5(data).hexdigest()


def test_a_stream_is_sent_once(server: CannedServer, client: Client, pauses: list[float]) -> None:
    server.always("PUT", reply(503))
    with pytest.raises(ServerError):
        client.send(put(server.endpoint + "/a", StreamBody([b"once"], 4)), by_status)
    assert len(server.requests) == 1


def test_a_permanent_error_is_not_asked_twice(
    server: CannedServer, client: Client, pauses: list[float]
) -> None:
    server.always("GET", reply(403))
    with pytest.raises(AccessDeniedError):
        client.send(get(server.endpoint + "/a"), by_status)
    assert (len(server.requests), pauses) == (1, [])


@pytest.mark.parametrize(
    "ending", [RESET, HANG_UP, reply(502), reply(504), reply(429)], ids=lambda one: repr(one.head)
)
def test_attempts_have_an_end(
    server: CannedServer, client: Client, pauses: list[float], ending: canned.Reply
) -> None:
    server.always("GET", ending)
    with pytest.raises(LibcloudError) as caught:
        client.send(get(server.endpoint + "/a"), by_status)
    assert caught.value.retryable
    assert (len(server.requests), len(pauses)) == (6, 5)


def test_pauses_are_fully_jittered_and_grow_to_a_limit() -> None:
    for kind, first in ((ServerError, 0.1), (ConnectionLostError, 0.1), (RateLimitReachedError, 1.0)):
        for attempt in range(1, 12):
            longest = min(20.0, first * 2 ** (attempt - 1))
            drawn = [retrying.pause(kind("x"), attempt, None) for _ in range(400)]
            assert 0 <= min(drawn) < longest * 0.1
            assert longest * 0.9 < max(drawn) <= longest


@pytest.mark.parametrize(
    ("headers", "seconds"),
    [
        ({"retry-after": "7"}, 7),
        ({"retry-after": "0"}, 0),
        ({"retry-after": " 1.5 "}, 1.5),
        ({"retry-after": "-3"}, 0),
        ({"retry-after": "86400000"}, 120),
        ({"retry-after": "9" * 400}, 120),
        ({"retry-after": "nan"}, None),
        ({"retry-after": "soon"}, None),
        ({"retry-after": ""}, None),
        ({}, None),
        ({"retry-after": "Wed, 21 Oct 2026 07:28:30 GMT", "date": "Wed, 21 Oct 2026 07:28:00 GMT"}, 30),
        ({"retry-after": "Wed, 21 Oct 2026 07:28:00 GMT", "date": "Wed, 21 Oct 2026 07:29:00 GMT"}, 0),
        ({"retry-after": "Wed, 21 Oct 9999 07:28:00 GMT"}, 120),
        ({"retry-after": "Wed, 99 Oct 2026 99:28:00 GMT"}, None),
        ({"x-amz-retry-after": "250"}, 0.25),
        ({"x-ms-retry-after-ms": "1500", "retry-after": "2"}, 1.5),
    ],
)
def test_retry_after_in_all_its_forms_is_bounded(headers: dict[str, str], seconds: float | None) -> None:
    asked = retrying.asked_pause(headers)
    assert asked == (None if seconds is None else pytest.approx(seconds, abs=0.001))


def test_the_servers_wish_is_waited_for(server: CannedServer, client: Client, pauses: list[float]) -> None:
    server.script("GET", reply(429, retry_after="7"), reply(503, x_amz_retry_after="2500"), reply(200))
    client.send(get(server.endpoint + "/a"), by_status).close()
    assert 7 <= pauses[0] <= 7.1
    assert 2.5 <= pauses[1] <= 2.6


def test_the_last_error_tells_how_long_to_wait(server: CannedServer, pauses: list[float]) -> None:
    server.always("GET", reply(429, retry_after="900"))
    with client_with(attempts=2, deadline=500.0) as client, pytest.raises(RateLimitReachedError) as caught:
        client.send(get(server.endpoint + "/a"), by_status)
    assert caught.value.retry_after == 120
    assert 120 <= pauses[0] <= 120.1


def test_a_host_that_keeps_failing_is_asked_less_and_others_are_not(
    server: CannedServer, pauses: list[float]
) -> None:
    server.always("GET", reply(503))
    server.always("HEAD", reply(200))
    with canned.running() as other, client_with() as client:
        other.always("GET", reply(503))
        for _ in range(40):
            with pytest.raises(ServerError):
                client.send(get(server.endpoint + "/a"), by_status)
        retries = len(server.requests) - 40
        assert retries == retrying.FULL_BUDGET // retrying.COST_ANSWERED
        for _ in range(10):
            client.send(lambda: Request("HEAD", server.endpoint + "/a"), by_status)
        with pytest.raises(ServerError):
            client.send(get(server.endpoint + "/a"), by_status)
        assert len(server.requests) == 40 + retries + 10 + 1 + 10 // retrying.COST_ANSWERED
        with pytest.raises(ServerError):
            client.send(get(other.endpoint + "/a"), by_status)
        assert len(other.requests) == 6


@pytest.mark.parametrize(
    "ending", [RESET, HANG_UP, reply(503), reply(500)], ids=lambda one: repr(one.head + one.then.encode())
)
def test_what_must_not_happen_twice_is_not_repeated_when_it_may_have_happened(
    server: CannedServer, client: Client, pauses: list[float], ending: canned.Reply
) -> None:
    server.always("POST", ending)
    with pytest.raises(LibcloudError):
        client.send(lambda: Request("POST", server.endpoint + "/a"), by_status, idempotent=False)
    assert (len(server.requests), pauses) == (1, [])


def test_what_must_not_happen_twice_is_repeated_when_it_was_refused(
    server: CannedServer, client: Client, pauses: list[float]
) -> None:
    server.script("POST", reply(429), reply(200))
    client.send(lambda: Request("POST", server.endpoint + "/a"), by_status, idempotent=False)
    assert len(server.requests) == 2


def test_what_must_not_happen_twice_is_repeated_when_nothing_was_sent(
    server: CannedServer, client: Client, pauses: list[float]
) -> None:
    server.always("POST", reply(200))
    with nobody() as port:
        where = iter([f"http://127.0.0.1:{port}"] * 2 + [server.endpoint])
        client.send(lambda: Request("POST", next(where) + "/a"), by_status, idempotent=False)
    assert (len(pauses), len(server.requests)) == (2, 1)


def test_a_connection_given_up_while_idle_costs_no_pause(client: Client, pauses: list[float]) -> None:
    """The server's farewell may arrive only after the next request is out; here it does so always."""
    with socket.create_server(("127.0.0.1", 0)) as listener:

        def serve() -> None:
            first, _ = listener.accept()
            with first:
                first.recv(65536)
                first.sendall(b"HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n")
                first.recv(65536)
            second, _ = listener.accept()
            with second:
                second.recv(65536)
                second.sendall(b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok")

        thread = threading.Thread(target=serve)
        thread.start()
        url = f"http://127.0.0.1:{listener.getsockname()[1]}/"
        client.send(get(url), good).close()
        assert client.send(get(url), good).content() == b"ok"
        thread.join()
    assert pauses == [0.0]


def test_an_error_hidden_in_a_good_reply_is_found_and_retried(
    server: CannedServer, client: Client, pauses: list[float]
) -> None:
    def judge(answer: Reply) -> LibcloudError | None:
        return ServerError("hidden") if b"<Error>" in answer.content() else None

    server.script("PUT", reply(200, b"<Error>SlowDown</Error>"), reply(200, b"<Copied/>"))
    assert client.send(put(server.endpoint + "/a", None), judge).content() == b"<Copied/>"
    assert len(server.requests) == 2


def test_a_reply_cut_while_it_is_judged_is_asked_for_again(
    server: CannedServer, client: Client, pauses: list[float]
) -> None:
    def judge(answer: Reply) -> LibcloudError | None:
        answer.content()
        return None

    server.script("GET", short(b"<List", 100), reply(200, b"<List/>"))
    assert client.send(get(server.endpoint + "/a"), judge).content() == b"<List/>"


def test_a_fault_in_the_judge_comes_out_and_leaves_no_connection_behind(
    server: CannedServer, client: Client
) -> None:
    def judge(answer: Reply) -> LibcloudError | None:
        raise KeyError("a bug")

    server.always("GET", reply(200, b"x"))
    for _ in range(3):
        with pytest.raises(KeyError, match="a bug"):
            client.send(get(server.endpoint + "/a"), judge)
    assert (len(server.requests), server.connections) == (3, 1)


def test_the_clock_is_corrected_once_from_the_servers_date(server: CannedServer, client: Client) -> None:
    def judge(answer: Reply) -> LibcloudError | None:
        return ClockSkewError("RequestTimeTooSkewed") if answer.status == 403 else None

    ahead = "Fri, 01 Jan 2038 00:00:00 GMT"
    server.script("POST", reply(403, date=ahead), reply(200))
    made: list[float] = []

    def make() -> Request:
        made.append(client.now().timestamp())
        return Request("POST", server.endpoint + "/a")

    client.send(make, judge, idempotent=False)
    assert made[0] == pytest.approx(time.time(), abs=60)
    assert made[1] == pytest.approx(2145916800, abs=60)
    assert client.clock_offset == pytest.approx(2145916800 - time.time(), abs=60)
    server.always("POST", reply(403, date=ahead))
    with pytest.raises(ClockSkewError):
        client.send(make, judge, idempotent=False)
    assert len(server.requests) == 4


def test_a_skewed_clock_without_a_date_is_told_at_once(server: CannedServer, client: Client) -> None:
    server.always("GET", reply(403))
    with pytest.raises(ClockSkewError):
        client.send(get(server.endpoint + "/a"), lambda answer: ClockSkewError("RequestTimeTooSkewed"))
    assert len(server.requests) == 1


def test_an_expired_token_is_asked_again_once_with_a_new_one(
    server: CannedServer, client: Client, pauses: list[float]
) -> None:
    tokens = iter(["old", "new", "newer"])

    def make() -> Request:
        return Request("POST", server.endpoint + "/a", {"authorization": next(tokens)})

    def judge(reply: Reply) -> LibcloudError | None:
        return ExpiredTokenError("The token ran out.") if reply.status == 401 else None

    server.script("POST", reply(401), reply(200, b"hello"))
    assert client.send(make, judge, idempotent=False).content() == b"hello"
    assert [one.header("authorization") for one in server.requests] == ["old", "new"]
    tokens = iter(["bad", "bad too", "never sent"])
    server.script("POST", reply(401), reply(401))
    with pytest.raises(ExpiredTokenError):
        client.send(make, judge, idempotent=False)
    assert len(server.requests) == 4
    assert pauses == [0.0, 0.0]
