"""A credential file from somebody else, pasted in good faith, sends nothing of this computer to strangers.

Google warns of it: such a file says which local file or address is read, and where to that is sent.
https://cloud.google.com/docs/authentication/client-libraries#external-credentials
"""

from __future__ import annotations

import contextlib
import json
from typing import Any

import pytest
import requests
import urllib3.util
from PySide6.QtCore import QMimeData

from gui.panes.dragging import ENTRIES, read_mime
from gui.pasted import recognise
from gui.pasted.found import PasteError

pytestmark = pytest.mark.window

CONFIGURATION: dict[str, Any] = {
    "type": "external_account",
    "audience": "//iam.googleapis.com/projects/1/locations/global/workloadIdentityPools/p/providers/x",
    "subject_token_type": "urn:ietf:params:oauth:token-type:jwt",
    "token_url": "https://sts.googleapis.com/v1/token",
    "credential_source": {"file": "/home/me/.ssh/id_ed25519"},
}
ADDRESSES = ("token_url", "token_info_url", "service_account_impersonation_url")
ELSEWHERE = (
    "https://evil.example/",
    "http://sts.googleapis.com/v1/token",  # everybody on the way reads along
    r"https://evil.example\@sts.googleapis.com/v1/token",  # two libraries read two hosts in it
    r"https://evil.example\.googleapis.com/",
    "https://evil.example/.googleapis.com",
    "https://evil.example?.googleapis.com",
    "https://evil.example#.googleapis.com",
    "https://sts.googleapis.com@evil.example/",
    "https://me:pw@sts.googleapis.com/",
    "https://sts.googleapis.com.evil.example/",
    "https://evilgoogleapis.com/",
    "https://googleapis.com.:443@evil.example/",
    "https://sts.googleapis.com:8443/",  # a port that nobody at Google listens at
    "https://evil.example%2f.googleapis.com/",
    "https://evil.example\t.googleapis.com/",
    "https://ⓔvil.googleapis.com/",
    "ftp://sts.googleapis.com/",
    "//evil.example/",
    "file:///etc/passwd",
    " https://evil.example/",
    ["https://evil.example/"],
    {"a": "b"},
    7,
)


@pytest.mark.parametrize("url", ELSEWHERE, ids=repr)
@pytest.mark.parametrize("name", ADDRESSES)
def test_nothing_is_sent_but_to_google(name: str, url: object) -> None:
    with pytest.raises(PasteError, match="not Google's"):
        recognise(json.dumps(CONFIGURATION | {name: url}))


@pytest.mark.parametrize("url", ELSEWHERE, ids=repr)
@pytest.mark.parametrize("name", [*ADDRESSES, "token_uri"])
def test_nothing_is_sent_but_to_google_by_a_credential_within_another(name: str, url: object) -> None:
    outer = {
        "type": "impersonated_service_account",
        "service_account_impersonation_url": "https://iamcredentials.googleapis.com/v1/x:generateAccessToken",
        "source_credentials": {**CONFIGURATION, name: url},
    }
    with pytest.raises(PasteError, match="not Google's"):
        recognise(json.dumps(outer))


@pytest.mark.parametrize("name", ADDRESSES)
@pytest.mark.parametrize(
    "url",
    [
        "https://sts.googleapis.com/v1/token",
        "https://sts.googleapis.com:443/v1/token",
        "https://sts.mtls.googleapis.com/v1/token",
        "https://iamcredentials.googleapis.com/v1/projects/-/serviceAccounts/a@b.iam.gserviceaccount.com:x",
    ],
)
def test_googles_own_addresses_are_taken(name: str, url: str) -> None:
    found = recognise(json.dumps(CONFIGURATION | {name: url}))
    assert found is not None
    assert json.loads(found.secrets["secret"])[name] == url


def test_the_libraries_do_read_two_hosts_in_one_address() -> None:
    """Why a host that was parsed proves nothing: what is accepted must look one way only."""
    url = requests.Request("POST", r"https://evil.example\@sts.googleapis.com/v1/token").prepare().url
    assert urllib3.util.parse_url(str(url)).host == "evil.example"


def test_a_program_that_a_file_names_is_not_run_from_a_paste() -> None:
    source = {"executable": {"command": "/tmp/evil --now", "timeout_millis": 5000}}
    with pytest.raises(PasteError, match="program"):
        recognise(json.dumps(CONFIGURATION | {"credential_source": source}))


DEEP = "[" * 100_000
DIGITS = "9" * 5000


@pytest.mark.parametrize("text", [DEEP, DIGITS, f'{{"type":{DIGITS}}}', '{"type":' * 50_000, "7", "[]"])
@pytest.mark.parametrize("field", ["service_account_credentials", "token"])
def test_the_json_of_a_remote_may_be_nonsense(field: str, text: str) -> None:
    with contextlib.suppress(PasteError):  # is as good
        found = recognise(f"[mine]\ntype = google cloud storage\n{field} = {text}\n")
        assert found is not None
        assert not found.secrets


@pytest.mark.parametrize("data", [DEEP.encode(), b'{"run":' * 50_000, f'{{"run":{DIGITS}}}'.encode()])
def test_what_another_program_offers_to_drop_may_be_nonsense(data: bytes) -> None:
    mime = QMimeData()
    mime.setData(ENTRIES, data)
    assert read_mime(mime) is None
