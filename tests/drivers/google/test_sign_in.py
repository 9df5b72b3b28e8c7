"""Signing in to Google in every shape, against a token endpoint that checks signatures (the stand-in's).

Workload identity needs Google's token exchange, which no server here has: those tests answer for it with a
canned server and are marked *not proven on a server*.
"""

from __future__ import annotations

import json
import pickle
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs

import pytest
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.serialization import pkcs12

from storage_core.drivers.google_storage import GoogleStorageDriver
from storage_core.errors import (
    ExpiredTokenError,
    InvalidCredsError,
    MissingExtraError,
    OperationNotSupportedError,
    UnreachableError,
)
from storage_core.providers import get_driver, open_driver, row
from storage_core.types import Provider
from tests.servers import canned
from tests.servers.google_standin import GoogleStandin

BUCKET = "skyferry-sign-in"


@pytest.fixture(autouse=True)
def _no_credentials_of_this_computer(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.delenv("GOOGLE_APPLICATION_CREDENTIALS", raising=False)
    monkeypatch.setenv("CLOUDSDK_CONFIG", str(tmp_path / "no gcloud here"))
    monkeypatch.setenv("NO_GCE_CHECK", "true")
    monkeypatch.setenv("PATH", str(tmp_path))  # no gcloud to be asked for a project


@pytest.fixture
def info(google_standin: GoogleStandin) -> dict[str, str]:
    found: dict[str, str] = json.loads(google_standin.key_file.read_text())
    return found


def works(server: GoogleStandin, *arguments: Any, **more: Any) -> GoogleStorageDriver:
    """Opens, writes and reads back."""
    driver = GoogleStorageDriver(*arguments, endpoint=server.endpoint, **more)
    driver.project = driver.project or server.project
    container = driver.create_container(BUCKET)
    driver.upload_object_via_stream(iter([b"x"]), container, "x")
    assert b"".join(driver.get_object(BUCKET, "x").as_stream()) == b"x"
    return driver


SHAPES: dict[str, Callable[[dict[str, str], Path, GoogleStandin], tuple[tuple[Any, ...], dict[str, Any]]]] = {
    "e-mail and path of a JSON key": lambda info, folder, server: ((server.email, str(server.key_file)), {}),
    "the JSON text instead of the path": lambda info, folder, server: ((server.email, json.dumps(info)), {}),
    "a dict": lambda info, folder, server: ((server.email, info), {}),
    "a path alone": lambda info, folder, server: ((str(server.key_file),), {}),
    "the JSON text alone": lambda info, folder, server: ((json.dumps(info),), {}),
    "a dict alone": lambda info, folder, server: ((info,), {}),
    "e-mail and PEM text": lambda info, folder, server: (
        (server.email, info["private_key"]), {"token_url": server.token_uri}
    ),
    "e-mail and path of a PEM key": lambda info, folder, server: (
        (server.email, written(folder / "key.pem", info["private_key"])), {"token_url": server.token_uri}
    ),
    "the form's key file": lambda info, folder, server: ((), {"key_file": str(server.key_file)}),
    "the form's key text": lambda info, folder, server: ((), {"secret": json.dumps(info)}),
    "a file with a byte order mark": lambda info, folder, server: (
        (server.email, written(folder / "bom.json", "\ufeff" + json.dumps(info))), {}
    ),
}  # fmt: skip


def written(path: Path, text: str) -> str:
    path.write_text(text, "utf-8")
    return str(path)


@pytest.mark.parametrize("shape", SHAPES)
def test_a_service_account_comes_in_every_shape(
    google_standin: GoogleStandin, info: dict[str, str], tmp_path: Path, shape: str
) -> None:
    arguments, more = SHAPES[shape](info, tmp_path, google_standin)
    driver = works(google_standin, *arguments, **more)
    assert driver.get_object(BUCKET, "x").get_cdn_url().startswith(google_standin.endpoint)
    copy = pickle.loads(pickle.dumps(driver))
    assert copy.get_object(BUCKET, "x").size == 1
    line = next(line for line in info["private_key"].splitlines() if len(line) == 64)
    assert line not in repr(driver) + str(driver) + repr(vars(driver)["wire"])


def test_a_refresh_token_needs_no_library(
    google_standin: GoogleStandin, monkeypatch: pytest.MonkeyPatch
) -> None:
    without_google_auth(monkeypatch)
    person = google_standin.person
    driver = works(
        google_standin,
        client_id=person["client_id"],
        client_secret=person["client_secret"],
        refresh_token=person["refresh_token"],
        token_url=person["token_uri"],
    )
    assert not driver.capabilities.signed_urls
    with pytest.raises(OperationNotSupportedError, match="service account's key"):
        driver.sign_url(driver.open_container(BUCKET), "x")
    wrong = GoogleStorageDriver(
        person["client_id"], person["client_secret"], endpoint=google_standin.endpoint,
        refresh_token="no such token", token_url=person["token_uri"],
    )  # fmt: skip
    with pytest.raises(InvalidCredsError, match="refused the refresh token") as caught:
        wrong.get_object(BUCKET, "x")
    assert "no such token" not in str(caught.value) + repr(caught.value) + repr(wrong)


def test_the_file_of_a_person_signs_in_and_signs_no_links(google_standin: GoogleStandin) -> None:
    driver = works(google_standin, key_file=str(google_standin.person_file))
    with pytest.raises(OperationNotSupportedError, match="service account's key"):
        driver.sign_url(driver.open_container(BUCKET), "x")


def test_an_access_token_is_used_as_it_is(google_standin: GoogleStandin) -> None:
    token = works(google_standin, google_standin.email, str(google_standin.key_file)).wire.sign_in.token()  # type: ignore[union-attr]
    driver = GoogleStorageDriver(token=token, endpoint=google_standin.endpoint)
    assert driver.get_object(BUCKET, "x").size == 1
    assert token not in repr(driver)
    google_standin.expire_tokens()
    with pytest.raises(InvalidCredsError):
        driver.get_object(BUCKET, "x")


def test_this_computers_own_credentials_are_found(
    google_standin: GoogleStandin, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("GOOGLE_APPLICATION_CREDENTIALS", str(google_standin.key_file))
    for arguments in ({}, {"sign_in": "default"}):
        driver = GoogleStorageDriver(endpoint=google_standin.endpoint, **arguments)  # type: ignore[arg-type]
        assert driver.list_containers() == []  # the project came along
    monkeypatch.delenv("GOOGLE_APPLICATION_CREDENTIALS")
    with pytest.raises(InvalidCredsError, match="gcloud auth application-default login"):
        GoogleStorageDriver(endpoint=google_standin.endpoint).get_container(BUCKET)


# -- renewing --


def test_a_token_that_is_refused_is_renewed_once(google_standin: GoogleStandin) -> None:
    driver = works(google_standin, google_standin.email, str(google_standin.key_file))
    google_standin.expire_tokens()
    assert driver.get_object(BUCKET, "x").size == 1
    asked = [one["target"] for one in google_standin.requests if one["target"].startswith("/token")]
    assert len(asked) == 2
    google_standin.fault("status", method="GET", path="/o/x", status=401, times=2)
    with pytest.raises(ExpiredTokenError):
        driver.get_object(BUCKET, "x")


def test_one_token_serves_many_requests(google_standin: GoogleStandin) -> None:
    driver = works(google_standin, google_standin.email, str(google_standin.key_file))
    for _ in range(5):
        driver.get_object(BUCKET, "x")
    assert sum(one["target"].startswith("/token") for one in google_standin.requests) == 1


def test_a_disabled_account_is_told(google_standin: GoogleStandin) -> None:
    google_standin.disable(google_standin.reader_email)
    try:
        driver = GoogleStorageDriver(
            google_standin.reader_email, str(google_standin.reader_key_file), endpoint=google_standin.endpoint
        )
        with pytest.raises(InvalidCredsError, match="refused the sign-in"):
            driver.get_container(BUCKET)
    finally:
        google_standin.order("account", email=google_standin.reader_email, disabled=False)


def test_a_sign_in_that_cannot_be_reached_is_a_network_error(
    google_standin: GoogleStandin, info: dict[str, str]
) -> None:
    nowhere = {**info, "token_uri": "http://127.0.0.1:1/token"}
    with pytest.raises(UnreachableError, match=r"127\.0\.0\.1:1"):
        GoogleStorageDriver(info["client_email"], nowhere, endpoint=google_standin.endpoint).get_container(
            BUCKET
        )


# -- what cannot be a sign-in --


def test_what_is_no_key_is_refused_at_the_first_use_with_a_reason(
    google_standin: GoogleStandin, info: dict[str, str], tmp_path: Path
) -> None:
    key = serialization.load_pem_private_key(info["private_key"].encode(), None)
    p12 = pkcs12.serialize_key_and_certificates(b"x", key, None, None, serialization.NoEncryption())  # type: ignore[arg-type]
    (tmp_path / "key.p12").write_bytes(p12)
    (tmp_path / "key.bin").write_bytes(p12)
    other = json.dumps({"type": "service_account", "client_email": "x@y", "private_key": "-----BEGIN X"})
    for arguments, words in (
        (("x@y", str(tmp_path / "key.p12")), "P12 key cannot be used"),
        (("x@y", str(tmp_path / "key.bin")), "P12 key cannot be used"),
        (("x@y", str(tmp_path / "missing.json")), "No such file"),
        (("x@y",), "must come with x@y"),
        (("x@y", "{not json"), "neither JSON nor PEM"),
        (("x@y", '{"installed": {}}'), "OAuth client"),
        (("x@y", '{"type": "unheard_of"}'), "no kind"),
        (("x@y", other), "damaged or incomplete"),
        (("", info["private_key"]), "e-mail address is missing"),
        (("GOOG1EXAMPLE", "secret"), "google_storage_s3"),
    ):
        driver = GoogleStorageDriver(*arguments, endpoint=google_standin.endpoint)  # no word at the making
        with pytest.raises(InvalidCredsError, match=words):
            driver.get_container(BUCKET)
    with pytest.raises(ValueError, match="sign_in is one of"):
        GoogleStorageDriver(sign_in="magic")


def test_an_hmac_key_has_a_service_of_its_own() -> None:
    assert row(Provider.GOOGLE_STORAGE_S3).driver.endswith("S3StorageDriver")


def without_google_auth(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in [name for name in sys.modules if name.startswith(("google.auth", "google.oauth2"))]:
        monkeypatch.setitem(sys.modules, name, None)


def test_without_the_extra_the_line_to_install_it_is_told(
    google_standin: GoogleStandin, monkeypatch: pytest.MonkeyPatch
) -> None:
    without_google_auth(monkeypatch)
    driver = GoogleStorageDriver(
        google_standin.email, str(google_standin.key_file), endpoint=google_standin.endpoint
    )
    with pytest.raises(MissingExtraError, match=r"pip install 'skyferry\[google\]'"):
        driver.get_container(BUCKET)
    with pytest.raises(MissingExtraError):
        GoogleStorageDriver(endpoint=google_standin.endpoint).get_container(BUCKET)


# -- the form --


def test_the_form_asks_for_what_each_sign_in_needs(
    google_standin: GoogleStandin, info: dict[str, str]
) -> None:
    fields = {field.name: field for field in row(Provider.GOOGLE_STORAGE).fields}
    assert {name for name, field in fields.items() if field.secret} == {
        "secret", "client_secret", "refresh_token", "token"
    }  # fmt: skip
    choice = fields["sign_in"]
    assert len(choice.choices) == len(choice.labels)
    where = {"endpoint": google_standin.endpoint}
    for values in (
        {"key_file": str(google_standin.key_file)},
        {"sign_in": "key_text", "secret": json.dumps(info, indent=2)},
    ):
        assert open_driver(Provider.GOOGLE_STORAGE, {**values, **where}).list_containers() == []
    person = {name: google_standin.person[name] for name in ("client_id", "client_secret", "refresh_token")}
    for values, label in (
        ({}, "Key file"),
        ({"sign_in": "key_text"}, "Key"),
        ({"sign_in": "refresh_token", **person, "refresh_token": ""}, "Refresh token"),
        ({"sign_in": "token"}, "Access token"),
    ):
        with pytest.raises(ValueError, match=f"{label} is missing"):
            open_driver(Provider.GOOGLE_STORAGE, {**values, **where})
    anonymous = open_driver(Provider.GOOGLE_STORAGE, {"sign_in": "anonymous", **where})
    assert not anonymous.capabilities.list_containers
    assert isinstance(anonymous, get_driver(Provider.GOOGLE_STORAGE))


# -- workload identity: not proven on a server --


def test_a_workload_identity_file_is_exchanged_for_a_token(tmp_path: Path) -> None:
    """*Not proven on a server*: the exchange is answered by a canned server, as the page describes it.

    https://cloud.google.com/iam/docs/workload-identity-federation
    """
    (tmp_path / "subject").write_text("subject-token")
    with canned.running() as server:
        server.always(
            "POST /v1/token",
            canned.reply(
                200,
                b'{"access_token": "exchanged", "expires_in": 3600, "token_type": "Bearer", '
                b'"issued_token_type": "urn:ietf:params:oauth:token-type:access_token"}',
                Content_Type="application/json",
            ),
        )
        server.always("GET", canned.reply(200, b'{"name": "b"}', Content_Type="application/json"))
        info = {
            "type": "external_account",
            "audience": "//iam.googleapis.com/projects/1/locations/global/workloadIdentityPools/p",
            "subject_token_type": "urn:ietf:params:oauth:token-type:jwt",
            "token_url": f"{server.endpoint}/v1/token",
            "credential_source": {"file": str(tmp_path / "subject")},
        }
        driver = GoogleStorageDriver(info, endpoint=server.endpoint)
        assert driver.get_container("bucket").name == "b"
        form = parse_qs(server.requests[0].body.decode())
        assert form["subject_token"] == ["subject-token"]
        assert server.requests[-1].header("Authorization") == "Bearer exchanged"
