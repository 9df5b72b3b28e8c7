"""The names of what must never reach another host or a log, written out once more: a name that somebody drops
from the code's own list fails here (so rclone keeps its list since GHSA-8mxv-9xhp-86h4).
"""

from __future__ import annotations

import logging

import pytest

from storage_core.common.base import NetworkOptions
from storage_core.errors import LibcloudError
from storage_core.http import Client, Reply, redact
from storage_core.session import lend
from tests.drivers.http.asking import get
from tests.servers import canned
from tests.servers.canned import CannedServer, reply

CANARY = "k4n4ry5ecret"
SECRET_HEADERS = (
    "Authorization", "Proxy-Authorization", "Cookie",
    "X-Auth-Token", "X-Auth-Key", "X-Storage-Token", "X-Storage-Pass", "X-Subject-Token", "X-Service-Token",
    "X-Account-Meta-Temp-URL-Key", "X-Container-Meta-Temp-URL-Key-2",
    "X-Amz-Security-Token", "X-Amz-Server-Side-Encryption-Customer-Key",
    "X-Amz-Copy-Source-Server-Side-Encryption-Customer-Key",
    "x-ms-copy-source-authorization", "x-ms-encryption-key",
    "x-goog-encryption-key", "x-goog-iam-authorization-token",
    "X-Emc-Signature",
)  # fmt: skip
SECRET_QUERIES = ("X-Amz-Signature", "X-Amz-Credential", "X-Amz-Security-Token", "X-Goog-Signature", "sig",
                  "temp_url_sig", "Signature", "AWSAccessKeyId", "access_token", "upload_id")  # fmt: skip


def refuse(answer: Reply) -> LibcloudError | None:
    answer.content()
    return LibcloudError(f"The service said {answer.status}.") if answer.status >= 300 else None


@pytest.mark.parametrize("status", [300, 301, 302, 303, 307, 308])
@pytest.mark.parametrize("scheme", ["", "http:", "https:"])
def test_no_header_and_no_address_reaches_the_host_of_a_redirect(
    server: CannedServer, client: Client, caplog: pytest.LogCaptureFixture, status: int, scheme: str
) -> None:
    with canned.running() as other, caplog.at_level(logging.DEBUG):
        where = f"{scheme}//{other.endpoint.partition('//')[2]}/stolen"
        server.always("GET", reply(status, b"", Location=where, Refresh=f"0;url={where}"))
        with pytest.raises(LibcloudError) as caught:
            client.send(
                get(f"{server.endpoint}/a?sig={CANARY}", **dict.fromkeys(SECRET_HEADERS, CANARY)), refuse
            )
        assert other.connections == 0
    [asked] = server.requests
    assert all(asked.header(name) == CANARY for name in SECRET_HEADERS)
    assert not asked.header("Referer")
    assert CANARY not in caplog.text + str(caught.value) + repr(caught.value)


@pytest.mark.parametrize("status", [301, 302, 303, 307, 308])
def test_a_session_that_is_lent_takes_nothing_to_another_host_either(
    server: CannedServer, status: int
) -> None:
    with canned.running() as other:
        server.always("GET", reply(status, b"", Location=f"{other.endpoint}/stolen"))
        session = lend(NetworkOptions())
        with pytest.raises(Exception, match="redirect"):
            session.get(f"{server.endpoint}/a", headers=dict.fromkeys(SECRET_HEADERS, CANARY))
        session.close()
        assert other.connections == 0


@pytest.mark.parametrize("name", SECRET_HEADERS)
def test_every_secret_header_is_taken_out_of_texts(name: str) -> None:
    for text in (
        f"{name}: {CANARY}",
        f"{name.lower()}: {CANARY}\r\nHost: a",
        repr({name: CANARY}),
        repr([(name, CANARY)]),
        repr({name.lower().encode(): CANARY.encode()}),
    ):
        assert CANARY not in redact(text), text


@pytest.mark.parametrize("name", SECRET_QUERIES)
def test_every_secret_of_an_address_is_taken_out_of_texts(name: str) -> None:
    for text in (f"GET https://host/a?x=1&{name}={CANARY}&y=2", f"/a?{name}={CANARY}", f"?{name}={CANARY}#f"):
        assert CANARY not in redact(text), text
