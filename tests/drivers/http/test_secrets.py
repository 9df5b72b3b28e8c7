"""No secret leaves through an error, its traceback, its pickle, a repr or the log, whatever goes wrong."""

from __future__ import annotations

import logging
import pickle
import traceback
from collections.abc import Callable

import pytest

from storage_core.body import BytesBody
from storage_core.errors import LibcloudError, ServerError
from storage_core.http import Reply, Request, redact
from tests.drivers.http.asking import client_with, nobody
from tests.servers import canned
from tests.servers.canned import HANG_UP, RESET, STALL, CannedServer, reply, short

CANARY = "k4n4ry5ecret"


def asking(url: str, method: str = "PUT") -> Callable[[], Request]:
    headers = {
        "Authorization": f"AWS4-HMAC-SHA256 Credential=AK/20261122, Signature={CANARY}",
        "X-Amz-Security-Token": CANARY,
    }
    where = f"{url}/bucket/key?X-Amz-Signature={CANARY}&X-Amz-Security-Token={CANARY}"
    return lambda: Request(method, where, headers, BytesBody(b"x"))


def judge(answer: Reply) -> LibcloudError | None:
    answer.content()
    return ServerError("It failed.") if answer.status >= 300 else None


@pytest.mark.parametrize(
    "answer",
    [
        RESET, HANG_UP, STALL, reply(503), short(b"x", 10), canned.Reply(b"garbage\r\n\r\n", then="close"),
        canned.Reply(b"HTTP/1.1 200 OK\r\nContent-Length: 1\r\nContent-Length: 2\r\n\r\n", then="close"),
        canned.Reply(b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\nzz\r\n", then="close"),
    ],
    ids=["reset", "hang up", "silence", "503", "short", "garbage", "lengths", "chunks"],
)  # fmt: skip
def test_errors_and_logs_hold_no_secret(
    server: CannedServer, pauses: list[float], caplog: pytest.LogCaptureFixture, answer: canned.Reply
) -> None:
    server.always("PUT", answer)
    with (
        caplog.at_level(logging.DEBUG),
        client_with(attempts=2, timeout=0.3) as client,
        pytest.raises(LibcloudError) as caught,
    ):
        client.send(asking(server.endpoint), judge)
    _assert_clean(caught.value, caplog.text)
    assert CANARY in server.requests[0].target


@pytest.mark.parametrize(
    "url", ["http://127.0.0.1:{port}", "https://127.0.0.1:{port}", f"http://me:{CANARY}@127.0.0.1"]
)
def test_unreachable_hosts_tell_no_secret(
    pauses: list[float], caplog: pytest.LogCaptureFixture, url: str
) -> None:
    with nobody() as port:
        for proxy in ("", f"http://me:{CANARY}@127.0.0.1:{port}"):
            with (
                caplog.at_level(logging.DEBUG),
                client_with(attempts=2, proxy_url=proxy) as client,
                pytest.raises(LibcloudError) as caught,
            ):
                client.send(asking(url.format(port=port)), judge)
            _assert_clean(caught.value, caplog.text)


def _assert_clean(error: BaseException, log: str) -> None:
    shown = "".join(traceback.format_exception(error))
    one: BaseException | None = error
    while one is not None:  # the chain that a crash report would walk, hidden links included
        assert CANARY not in f"{one!s} {one!r} {one.__dict__!r}"
        one = one.__context__
    assert CANARY not in shown
    assert CANARY.encode() not in pickle.dumps(error)
    assert CANARY not in log


def test_a_repr_shows_no_secret(server: CannedServer) -> None:
    make = asking(server.endpoint, "GET")
    server.always("GET", reply(200))
    with client_with(proxy_url="") as client:
        answer = client.send(make, judge)
        assert CANARY not in repr(make()) + repr(answer) + repr(client)


@pytest.mark.parametrize(
    "text",
    [
        f"GET https://host/b/k?X-Amz-Signature={CANARY}&x=1 failed",
        f'"PUT /b/k?uploadId={CANARY} HTTP/1.1" 200',
        f"https://account.blob.core.windows.net/c?sv=2021&sig={CANARY}%3D",
        f"http://user:{CANARY}@proxy:3128",
        f"Authorization: AWS4-HMAC-SHA256 Credential=AK, SignedHeaders=host, Signature={CANARY}",
        f"authorization: SharedKey account:{CANARY}==",
        f"{{'Authorization': 'Bearer {CANARY}', 'Host': 'h'}}",
        f"[('X-Auth-Token', '{CANARY}'), ('Host', 'h')]",
        f"X-Auth-Token: {CANARY}\r\nHost: h",
        f"x-amz-server-side-encryption-customer-key: {CANARY}",
        f"Bearer ya29.{CANARY}",
        f'{{"access_token": "{CANARY}", "expires_in": 3600}}',
        f'{{"auth": {{"password": "{CANARY}"}}}}',
        f"grant_type=refresh_token&refresh_token={CANARY}&client_secret={CANARY}",
        f"S3StorageDriver(key='AK', secret='{CANARY}')",
        f'S3StorageDriver(secret="{CANARY}\\"{CANARY}")',
        f"aws_secret_access_key = {CANARY}",
        f"<Credentials><SecretAccessKey>{CANARY}</SecretAccessKey><SessionToken>{CANARY}</SessionToken>",
        f"-----BEGIN RSA PRIVATE KEY-----\n{CANARY}\n-----END RSA PRIVATE KEY-----",
        f"-----BEGIN PRIVATE KEY-----\n{CANARY}",
        f"Set-Cookie: session={CANARY}; Path=/",
    ],
)
def test_redact_takes_out(text: str) -> None:
    clean = redact(text)
    assert CANARY not in clean
    assert redact(clean) == clean


@pytest.mark.parametrize(
    "text",
    [
        "The object 'photos/2026/a.jpg' does not exist.",
        "What? a=b & c",
        "AWS is a basic instinct",
        "https://host/bucket/key",
        "The token bucket is empty",
        "Retry-After: 120",
        "x-amz-request-id: 4442587FB7D0A2F9",
    ],
)
def test_redact_leaves(text: str) -> None:
    assert redact(text) == text


@pytest.mark.parametrize(
    "text",
    ["?a=" * 50_000, "'authorization': '" * 20_000, "-----BEGIN PRIVATE KEY-----" * 5000, "\\" * 200_000],
)
@pytest.mark.timeout(20)
def test_redact_is_not_slow_on_hostile_texts(text: str) -> None:
    redact(text)
