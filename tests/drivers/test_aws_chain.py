"""This computer's own AWS sign-in: keys from files, from an assumed role, and keys that run out."""

from __future__ import annotations

import configparser
import json
import pickle
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import boto3
import pytest

from storage_core import errors
from storage_core.common.base import NetworkOptions
from storage_core.drivers.s3 import S3StorageDriver
from storage_core.providers import get_driver, open_driver
from storage_core.tokens import aws
from storage_core.types import Provider
from tests.servers import canned
from tests.servers.canned import CannedServer, Reply, Request, reply
from tests.servers.moto import Moto
from tests.servers.swift import Swift

SECRET = "c4nary-0a1b2c3d4e5f"


@pytest.fixture(autouse=True)
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A home without any AWS sign-in; a machine without a role."""
    for name in ("AWS_PROFILE", "AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY", "AWS_SESSION_TOKEN"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("AWS_CONFIG_FILE", str(tmp_path / "config"))
    monkeypatch.setenv("AWS_SHARED_CREDENTIALS_FILE", str(tmp_path / "credentials"))
    monkeypatch.setenv("AWS_EC2_METADATA_DISABLED", "true")
    return tmp_path


@pytest.fixture
def server() -> Iterator[CannedServer]:
    with canned.running() as one:
        yield one


def write(path: Path, **sections: dict[str, str]) -> None:
    file = configparser.ConfigParser()
    file.read_dict({name.replace("__", " "): lines for name, lines in sections.items()})
    with path.open("w") as out:
        file.write(out)


def chained(endpoint: str, **more: Any) -> S3StorageDriver:
    return S3StorageDriver(endpoint=endpoint, sign_in="chain", addressing="path", **more)


def test_the_keys_of_a_profile_sign_for_a_server_that_checks_signatures(
    home: Path, swift_server: Swift
) -> None:
    keys = {
        "aws_access_key_id": swift_server.access_key,
        "aws_secret_access_key": swift_server.secret_key,
    }
    wrong = {**keys, "aws_secret_access_key": "wrong"}
    write(home / "credentials", default=wrong, lab=keys)
    driver = chained(swift_server.endpoint, profile="lab", region=swift_server.region)
    driver.create_container("from-a-profile")
    again = pickle.loads(pickle.dumps(driver))
    assert "from-a-profile" in [box.name for box in again.list_containers()]
    assert swift_server.secret_key not in repr(driver)
    with pytest.raises(errors.InvalidCredsError):
        chained(swift_server.endpoint, region=swift_server.region).list_containers()


def test_a_role_is_assumed_and_its_temporary_keys_are_used(
    home: Path, moto_server: Moto, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("AWS_ENDPOINT_URL_STS", moto_server.endpoint)
    write(home / "credentials", base={"aws_access_key_id": "testing", "aws_secret_access_key": "testing"})
    role = {"role_arn": "arn:aws:iam::123456789012:role/lab", "source_profile": "base", "region": "us-east-1"}
    write(home / "config", profile__lab=role)
    driver = chained(moto_server.endpoint, profile="lab")
    box = driver.create_container("assumed-role")
    driver.upload_object_via_stream(iter([b"by a role"]), box, "a.txt")
    keys = driver.wire.keys
    assert isinstance(keys, aws.AwsChain)
    assert keys.keys().access_key.startswith("ASIA")
    assert keys.keys().session_token
    assert "X-Amz-Security-Token=" in driver.get_object_cdn_url(driver.get_object("assumed-role", "a.txt"))
    s3 = boto3.client(
        "s3", endpoint_url=moto_server.endpoint, aws_access_key_id="testing", aws_secret_access_key="testing"
    )
    assert s3.get_object(Bucket="assumed-role", Key="a.txt")["Body"].read() == b"by a role"


@contextmanager
def container_role(server: CannedServer, monkeypatch: pytest.MonkeyPatch) -> Iterator[list[str]]:
    """What a container on AWS asks for its role's keys; each answer has other keys."""
    given: list[str] = []

    def answer(_request: Request) -> Reply:
        given.append(f"ASIAROLE{len(given)}")
        expires = datetime.now(UTC) + timedelta(hours=1)
        told = {
            "AccessKeyId": given[-1],
            "SecretAccessKey": SECRET,
            "Token": "session",
            "Expiration": expires.strftime("%Y-%m-%dT%H:%M:%SZ"),
        }
        return reply(200, json.dumps(told).encode())

    server.always("GET /role", answer)
    monkeypatch.setenv("AWS_CONTAINER_CREDENTIALS_FULL_URI", f"{server.endpoint}/role")
    yield given


EXPIRED = b"<Error><Code>ExpiredToken</Code><Message>The provided token has expired.</Message></Error>"
NONE = b"<ListAllMyBucketsResult><Buckets/></ListAllMyBucketsResult>"


@pytest.mark.parametrize("code", ["ExpiredToken", "InvalidToken", "InvalidAccessKeyId"])
def test_keys_that_the_service_no_longer_takes_are_asked_for_once_more(
    server: CannedServer, monkeypatch: pytest.MonkeyPatch, code: str
) -> None:
    with container_role(server, monkeypatch) as given:
        refusal = EXPIRED.replace(b"ExpiredToken", code.encode())
        server.script("GET /", reply(400, refusal), reply(200, NONE))
        driver = chained(server.endpoint)
        assert driver.list_containers() == []
    assert given == ["ASIAROLE0", "ASIAROLE1"]


def test_a_look_at_an_object_with_keys_that_ran_out_is_sent_again_with_new_ones(
    server: CannedServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    with container_role(server, monkeypatch) as given:
        server.script("HEAD /box/a", reply(400), reply(200, ETag='"e"'))
        server.script("GET /box", reply(400, EXPIRED), reply(200, b"<LocationConstraint/>"))
        assert chained(server.endpoint).get_object("box", "a").etag == "e"
    assert given == ["ASIAROLE0", "ASIAROLE1"]


def test_keys_that_are_refused_twice_are_an_error_and_no_loop(
    server: CannedServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    with container_role(server, monkeypatch) as given:
        server.always("GET /", reply(400, EXPIRED))
        with pytest.raises(errors.InvalidCredsError, match="expired") as caught:
            chained(server.endpoint).list_containers()
    assert len(given) == 2
    assert SECRET not in repr(caught.value)


def test_a_refusal_in_another_thread_takes_nothing_from_one_that_asks(
    home: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    write(home / "credentials", default={"aws_access_key_id": "AKIA1", "aws_secret_access_key": SECRET})

    class Refused(aws.AwsChain):
        """As if every moment between two lines were the one in which the other thread refuses."""

        _credentials = property(lambda _: None, lambda *_: None)

    assert Refused("", NetworkOptions()).keys().access_key == "AKIA1"


def test_a_computer_without_a_sign_in_says_what_to_run() -> None:
    with pytest.raises(errors.InvalidCredsError, match="aws configure"):
        chained("http://127.0.0.1:9").list_containers()


def test_a_profile_that_is_not_there_is_named(home: Path) -> None:
    with pytest.raises(errors.InvalidCredsError, match="nowhere"):
        chained("http://127.0.0.1:9", profile="nowhere").list_containers()


def test_a_profile_that_wants_a_code_is_refused_and_nobody_is_asked(
    home: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    write(home / "credentials", base={"aws_access_key_id": "testing", "aws_secret_access_key": SECRET})
    role = {"role_arn": "arn:aws:iam::123456789012:role/lab", "source_profile": "base"}
    role |= {"region": "us-east-1", "mfa_serial": "arn:aws:iam::123456789012:mfa/me"}
    write(home / "config", profile__lab=role)
    monkeypatch.setattr("getpass.getpass", lambda *_: pytest.fail("somebody was asked"))
    with pytest.raises(errors.InvalidCredsError, match="MFA") as caught:
        chained("http://127.0.0.1:9", profile="lab").list_containers()
    assert SECRET not in repr(caught.value)


def test_a_service_that_gives_keys_and_cannot_be_reached_is_told_apart(
    home: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    write(home / "credentials", base={"aws_access_key_id": "testing", "aws_secret_access_key": SECRET})
    role = {"role_arn": "arn:aws:iam::123456789012:role/lab", "source_profile": "base", "region": "us-east-1"}
    write(home / "config", profile__lab=role)
    monkeypatch.setenv("AWS_ENDPOINT_URL_STS", "http://127.0.0.1:9")
    with pytest.raises(errors.UnreachableError, match="could not be asked for keys"):
        chained("http://127.0.0.1:9", profile="lab").list_containers()


def test_without_botocore_the_line_to_type_is_said(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "botocore.session", None)
    with pytest.raises(errors.MissingExtraError, match=r"pip install 'skyferry\[aws\]'"):
        chained("http://127.0.0.1:9").list_containers()


def test_the_form_asks_for_a_profile_in_the_place_of_keys() -> None:
    driver = open_driver(Provider.S3, {"sign_in": "chain", "profile": "lab"})
    assert isinstance(driver, S3StorageDriver)
    assert isinstance(driver.wire.keys, aws.AwsChain)
    with pytest.raises(ValueError, match="sign_in"):
        get_driver(Provider.S3)(sign_in="sso")
