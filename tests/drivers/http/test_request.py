"""The request is what was asked for, byte for byte, and nothing else."""

from __future__ import annotations

import random
from pathlib import Path
from typing import Any

import pytest

from storage_core.body import BytesBody, FileBody, StreamBody
from storage_core.errors import (
    AttributeRefusedError,
    UnreachableError,
)
from storage_core.http import Client
from storage_core.signing import aws4
from tests.drivers.http.asking import MIB, get, good, put
from tests.servers import canned
from tests.servers.canned import CannedServer, reply

KEYS = [
    ".", "..", "a/../b", "a/./b", "a//b", "/lead", "//lead2", "trail/", "with space", " at both ends ", "a+b",
    "100%", "what?", "frag#ment", "a=b&c;d", "q\"u'o`te", "back\\slash", "~tilde", "[1]{2}|3^", "<b>", "é",
    "日本語", "🐎", "\x01\x1f\x7f", "new\nline\r", "tab\t", "%2e%2e/%2F", "\u202egpj.exe", "a" * 1000,
]  # fmt: skip


@pytest.mark.parametrize("key", KEYS, ids=ascii)
def test_the_url_arrives_byte_for_byte(server: CannedServer, client: Client, key: str) -> None:
    server.always("GET", reply(200))
    target = f"/bucket/{aws4.encode_key(key)}?{aws4.canonical_query({'prefix': key, 'uploads': ''})}"
    client.send(get(server.endpoint + target), good).close()
    assert server.requests[0].target == target
    assert server.requests[0].raw.startswith(f"GET {target} HTTP/1.1\r\n".encode())


@pytest.mark.parametrize(
    ("given", "arrives"),
    [
        ("", "/"),
        ("?list-type=2", "/?list-type=2"),
        ("//two//slashes//", "//two//slashes//"),
        ("/a%2fb%2Fc?x=%c3%A9&y", "/a%2fb%2Fc?x=%c3%A9&y"),
        ("/../../up?q=../..", "/../../up?q=../.."),
        ("/a#b?c#d", "/a#b?c#d"),
        ("/a;b=c,d!$'()*@:", "/a;b=c,d!$'()*@:"),
        ('/unwise{}|\\^`"<>', '/unwise{}|\\^`"<>'),
    ],
)
def test_nobody_normalises_what_a_driver_encoded_its_own_way(
    server: CannedServer, client: Client, given: str, arrives: str
) -> None:
    server.always("GET", reply(200))
    client.send(get(server.endpoint + given), good).close()
    assert server.requests[0].target == arrives


@pytest.mark.parametrize(
    "url",
    [
        "", "photos", "ftp://host/", "http://", "http:///path", "http://user:hunter2@host/", "http://host:99999/",
        "http://host:port/", "http://ho st/", "http://host/a b", "http://host/é", "http://host/\n", "http://[::1/",
        "http://münchen.example/", "file:///etc/passwd", "http://host\\@other/",
    ],
)  # fmt: skip
def test_what_is_no_web_address_is_refused_at_once(client: Client, pauses: list[float], url: str) -> None:
    with pytest.raises(UnreachableError, match="not a web address") as caught:
        client.send(get(url), good)
    assert not pauses
    assert "hunter2" not in str(caught.value)


def test_only_our_headers_are_sent(server: CannedServer, client: Client) -> None:
    server.always("GET", reply(200))
    client.send(get(server.endpoint + "/", Range="bytes=0-4"), good).close()
    assert dict(server.requests[0].headers) == {
        "Range": "bytes=0-4",
        "Host": f"127.0.0.1:{server.port}",
        "User-Agent": "skyferry",
        "Accept-Encoding": "identity",
    }


def test_headers_in_utf8_go_and_come_back_unharmed(server: CannedServer, client: Client) -> None:
    value = "café 日本語 🐎"
    raw = value.encode().decode("latin-1")
    server.always("GET", reply(200, x_amz_meta_title=raw))
    answer = client.send(get(server.endpoint + "/", **{"x-amz-meta-title": value}), good)
    assert server.requests[0].header("x-amz-meta-title") == raw
    assert answer.headers["X-Amz-Meta-TITLE"] == value


def test_replies_in_other_encodings_keep_their_headers_readable(server: CannedServer, client: Client) -> None:
    server.always("GET", reply(200, x_odd="caf\xe9"))
    assert client.send(get(server.endpoint + "/"), good).headers["x-odd"] == "caf\xe9"


@pytest.mark.parametrize(
    "value", ["a\r\nX-Injected: 1", "a\nb", "a\rb", "a\0b", "a\x7fb", "\udc80"], ids=ascii
)
def test_a_header_cannot_smuggle_another(server: CannedServer, client: Client, value: str) -> None:
    with pytest.raises(AttributeRefusedError, match="x-amz-meta-a") as caught:
        client.send(get(server.endpoint + "/", **{"x-amz-meta-a": value}), good)
    assert caught.value.field == "x-amz-meta-a"
    assert server.requests == []


@pytest.mark.parametrize("name", ["", "x amz", "x:y", "x\r\ny", "é", "x\0"], ids=ascii)
def test_what_cannot_be_a_header_name_is_refused(server: CannedServer, client: Client, name: str) -> None:
    with pytest.raises(AttributeRefusedError, match="name of a header"):
        client.send(get(server.endpoint + "/", **{name: "1"}), good)
    assert server.requests == []


def test_a_body_of_known_length_announces_it(server: CannedServer, client: Client, tmp_path: Path) -> None:
    data = random.Random(1).randbytes(3 * MIB + 7)
    path = tmp_path / "source"
    path.write_bytes(b"before" + data + b"after")
    server.always("PUT", reply(200))
    with path.open("rb") as file:
        for body in (
            data,
            BytesBody(data),
            FileBody(file, 6, len(data)),
            StreamBody([data[:5], data[5:]], len(data)),
        ):
            client.send(put(server.endpoint + "/a", body), good).close()
    for heard in server.requests:
        assert heard.body == data
        assert heard.header("Content-Length") == str(len(data))
        assert not heard.header("Transfer-Encoding")
    assert server.connections == 1


def test_a_body_of_unknown_length_goes_in_chunks(server: CannedServer, client: Client) -> None:
    server.always("PUT", reply(200))
    client.send(put(server.endpoint + "/a", StreamBody(iter([b"one", b"", b"two"]))), good).close()
    assert server.requests[0].body == b"onetwo"
    assert server.requests[0].header("Transfer-Encoding") == "chunked"


@pytest.mark.parametrize("kind", ["none", "bytes", "body", "stream"])
def test_an_empty_put_says_so(server: CannedServer, client: Client, kind: str) -> None:
    body: Any = {"none": None, "bytes": b"", "body": BytesBody(b""), "stream": StreamBody([], 0)}[kind]
    server.always("PUT", reply(200))
    client.send(put(server.endpoint + "/a", body), good).close()
    assert server.requests[0].header("Content-Length") == "0"


@pytest.mark.parametrize("status", [301, 302, 303, 307, 308])
def test_a_redirect_is_judged_and_never_followed(server: CannedServer, client: Client, status: int) -> None:
    with canned.running() as other:
        server.always("GET", reply(status, b"elsewhere", Location=f"{other.endpoint}/stolen"))
        answer = client.send(get(server.endpoint + "/a", **{"X-Auth-Token": "secret"}), good)
        assert (answer.status, answer.content()) == (status, b"elsewhere")
        assert other.connections == 0
    assert len(server.requests) == 1


def test_the_environment_changes_nothing(
    server: CannedServer, client: Client, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    netrc = tmp_path / "netrc"
    netrc.write_text("machine 127.0.0.1 login me password hunter2\n")
    nowhere = "http://127.0.0.1:1"
    for name in ("HTTP_PROXY", "http_proxy", "HTTPS_PROXY", "https_proxy", "ALL_PROXY", "all_proxy"):
        monkeypatch.setenv(name, nowhere)
    monkeypatch.setenv("NETRC", str(netrc))
    monkeypatch.setenv("REQUESTS_CA_BUNDLE", "/nonexistent")
    monkeypatch.setenv("CURL_CA_BUNDLE", "/nonexistent")
    server.always("GET", reply(200, b"direct"))
    assert client.send(get(server.endpoint + "/"), good).content() == b"direct"
    assert not server.requests[0].header("Authorization")


def test_cookies_are_not_kept(server: CannedServer, client: Client) -> None:
    server.always("GET", reply(200, set_cookie="session=1; Path=/"))
    client.send(get(server.endpoint + "/"), good).close()
    client.send(get(server.endpoint + "/"), good).close()
    assert not server.requests[1].header("Cookie")
