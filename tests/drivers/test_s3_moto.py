"""S3's width against moto: versions, tags, encryption, classes, public access, CloudFront; and boto3."""

from __future__ import annotations

import json
import secrets
from collections.abc import Iterator
from typing import Any

import boto3
import pytest

from storage_core import errors
from storage_core.attributes import Attributes
from storage_core.base import Container
from storage_core.base.driver import StorageDriver
from storage_core.body import BytesBody
from storage_core.capabilities import MIB
from storage_core.drivers import s3_objects
from storage_core.drivers.s3 import S3StorageDriver
from storage_core.providers import get_driver, open_driver
from storage_core.types import Provider
from tests.servers.moto import Moto


@pytest.fixture(scope="module")
def driver(moto_server: Moto) -> StorageDriver:
    values = {
        "key": moto_server.access_key,
        "secret": moto_server.secret_key,
        "endpoint": moto_server.endpoint,
    }
    return open_driver(Provider.S3, values)


@pytest.fixture(scope="module")
def boto(moto_server: Moto) -> Any:
    return client(moto_server, "s3")


def client(moto_server: Moto, service: str) -> Any:
    return boto3.client(
        service,
        endpoint_url=moto_server.endpoint,
        region_name="us-east-1",
        aws_access_key_id=moto_server.access_key,
        aws_secret_access_key=moto_server.secret_key,
    )


@pytest.fixture
def container(driver: StorageDriver, boto: Any) -> Iterator[Container]:
    made = driver.create_container(f"moto-{secrets.token_hex(6)}")
    yield made
    for version in list(driver.iterate_versions(made)):
        boto.delete_object(
            Bucket=made.name, Key=version.object.name, VersionId=version.object.version or "null"
        )
    for upload in driver.iterate_uploads(made):
        driver.abort_upload(upload)
    made.delete()


def put(container: Container, name: str, data: bytes = b"content", **more: Any) -> Any:
    return container.driver.upload_object_via_stream([data], container, name, **more)


# -- what an object carries --


@pytest.mark.parametrize("key", ["StorageClass", "storage_class"])
def test_a_storage_class_is_set_listed_and_kept_through_an_edit(
    container: Container, boto: Any, key: str
) -> None:
    obj = put(container, "cold", extra={key: "STANDARD_IA"})
    assert boto.head_object(Bucket=container.name, Key="cold")["StorageClass"] == "STANDARD_IA"
    assert container.get_objects()[0].storage_class == "STANDARD_IA"
    changed = container.driver.ex_set_object_metadata(obj, {"a": "b"})
    assert changed.extra["storage_class"] == "STANDARD_IA"
    container.driver.copy_object(container.get_objects()[0], container, "colder")
    assert boto.head_object(Bucket=container.name, Key="colder")["StorageClass"] == "STANDARD_IA"


def test_libclouds_lower_case_class_names_work(container: Container, boto: Any) -> None:
    put(container, "x", ex_storage_class="glacier_ir")
    assert boto.head_object(Bucket=container.name, Key="x")["StorageClass"] == "GLACIER_IR"


def test_an_archived_object_says_that_it_must_be_restored(
    driver: StorageDriver, container: Container
) -> None:
    obj = put(container, "ice", extra={"StorageClass": "GLACIER"})
    with pytest.raises(errors.ObjectArchivedError, match="restored"):
        driver.open_object(obj)


def test_encryption_is_asked_for_and_kept_through_an_edit(container: Container, boto: Any) -> None:
    extra = {"ServerSideEncryption": "aws:kms", "SSEKMSKeyId": "alias/mine"}
    obj = put(container, "e", extra=extra, ex_meta={"a": "1"})
    seen = boto.head_object(Bucket=container.name, Key="e")
    assert (seen["ServerSideEncryption"], seen["SSEKMSKeyId"]) == ("aws:kms", "alias/mine")
    container.driver.ex_set_object_metadata(obj, {"a": "2"})
    assert boto.head_object(Bucket=container.name, Key="e")["ServerSideEncryption"] == "aws:kms"
    put(container, "plain", extra={"ServerSideEncryption": "AES256"})
    assert boto.head_object(Bucket=container.name, Key="plain")["ServerSideEncryption"] == "AES256"


def test_the_etag_of_an_object_under_kms_is_not_taken_for_its_md5(
    driver: StorageDriver, container: Container
) -> None:
    stored = driver.put_object(container, "e", BytesBody(b"hello"), Attributes(encryption="aws:kms"))
    assert (stored.md5, bool(stored.etag)) == ("", True)
    with driver.open_object(container.get_object("e")) as download:
        assert download.md5 == ""


def test_tags_are_written_read_replaced_and_removed(container: Container, boto: Any) -> None:
    obj = put(container, "t", extra={"tags": {"team": "red +-=._:/@ blue", "a b": ""}})
    assert tags_of(boto, container, "t") == {"team": "red +-=._:/@ blue", "a b": ""}
    seen = container.get_object("t")
    assert seen.attributes is not None
    assert seen.attributes.tags == {"team": "red +-=._:/@ blue", "a b": ""}
    container.driver.ex_set_object_metadata(obj, {"k": "v"})
    assert tags_of(boto, container, "t") == {"team": "red +-=._:/@ blue", "a b": ""}
    container.driver.set_object_attributes(obj, Attributes(tags={"new": "1"}))
    assert tags_of(boto, container, "t") == {"new": "1"}
    container.driver.set_object_attributes(container.get_object("t"), Attributes())
    assert tags_of(boto, container, "t") == {}


def tags_of(boto: Any, container: Container, name: str) -> dict[str, str]:
    found = boto.get_object_tagging(Bucket=container.name, Key=name)["TagSet"]
    return {tag["Key"]: tag["Value"] for tag in found}


def test_parts_carry_the_same_attributes_as_a_whole_upload(container: Container, boto: Any) -> None:
    extra = {
        "ContentType": "video/mp4",
        "StorageClass": "STANDARD_IA",
        "tags": {"a": "b"},
        "acl": "public-read",
    }
    put(container, "big", b"x" * (17 * MIB), extra=extra, ex_meta={"k": "é"})
    seen = boto.head_object(Bucket=container.name, Key="big")
    assert (seen["ContentType"], seen["StorageClass"]) == ("video/mp4", "STANDARD_IA")
    assert container.get_object("big").meta_data == {"k": "é"}
    assert tags_of(boto, container, "big") == {"a": "b"}


def test_a_large_object_is_edited_by_putting_its_own_parts_together(
    monkeypatch: pytest.MonkeyPatch, moto_server: Moto, container: Container, boto: Any
) -> None:
    data = secrets.token_bytes(12 * MIB)
    put(container, "large", data, ex_meta={"old": "1"})
    kind = get_driver(Provider.S3)
    small = type("Small", (kind,), {"options": {"copy_size_max": 6 * MIB}})
    driver = small(moto_server.access_key, moto_server.secret_key, endpoint=moto_server.endpoint)
    monkeypatch.setattr(s3_objects, "COPY_PART", 5 * MIB)
    obj = driver.get_object(container.name, "large")
    with pytest.raises(errors.OperationNotSupportedError, match="too large for one copy"):
        driver.copy_object(obj, container, "elsewhere")
    driver.ex_set_object_metadata(obj, {"new": "2"})
    seen = boto.get_object(Bucket=container.name, Key="large")
    assert (seen["Metadata"], seen["Body"].read() == data) == ({"new": "2"}, True)
    assert list(driver.iterate_uploads(container)) == []


# -- versions --


def test_versions_are_listed_read_and_removed_one_by_one(
    driver: StorageDriver, container: Container, boto: Any
) -> None:
    boto.put_bucket_versioning(Bucket=container.name, VersioningConfiguration={"Status": "Enabled"})
    for data in (b"one", b"two"):
        put(container, "v é", data)
    driver.delete_object(container.get_object("v é"))
    put(container, "other")
    found = list(driver.iterate_versions(container, "v "))
    assert [(one.is_delete_marker, one.is_latest) for one in found] == [
        (True, True),
        (False, False),
        (False, False),
    ]
    newest, oldest = found[1].object, found[2].object
    assert b"".join(driver.download_object_as_stream(oldest)) == b"one"
    assert driver.head_object(newest).size == 3
    driver.delete_object(found[0].object)
    assert b"".join(driver.download_object_as_stream(container.get_object("v é"))) == b"two"
    driver.delete_object(newest)
    assert b"".join(driver.download_object_as_stream(container.get_object("v é"))) == b"one"


# -- containers --


def test_containers_are_listed_with_their_regions(driver: Any, boto: Any) -> None:
    name = f"far-{secrets.token_hex(6)}"
    driver.create_container(name, ex_location="eu-west-3")
    assert boto.get_bucket_location(Bucket=name)["LocationConstraint"] == "eu-west-3"
    assert name in [one.name for one in driver.list_containers()]
    assert driver.get_container(name).extra["region"] == "eu-west-3"
    assert driver.delete_container(driver.open_container(name)) is True


@pytest.mark.parametrize(
    "name",
    [
        "ab",
        "UPPER",
        "under_score",
        "a..b",
        "192.168.1.1",
        "-start",
        "end-",
        "xn--a",
        "a-s3alias",
        "a/b",
        "a" * 64,
        "é-é",
    ],
)
def test_names_that_amazon_refuses_are_refused_before_anything_is_sent(name: str) -> None:
    driver = get_driver(Provider.S3)("key", "secret", endpoint="http://127.0.0.1:1")
    with pytest.raises(errors.InvalidContainerNameError, match="3 to 63"):
        driver.create_container(name)


def test_delete_many_reports_nothing_for_what_was_not_there(
    driver: StorageDriver, container: Container
) -> None:
    names = [f"d/{number} &<>+%é" for number in range(5)]
    for name in names:
        put(container, name)
    assert driver.delete_objects(container, [*names, "never was"]) == []
    assert container.get_objects() == []


# -- public access --


def test_public_access_is_switched_beside_the_policies_of_others(
    driver: StorageDriver, container: Container, boto: Any
) -> None:
    theirs = {
        "Sid": "Theirs", "Effect": "Deny", "Principal": "*", "Action": "s3:DeleteObject",
        "Resource": f"arn:aws:s3:::{container.name}/keep/*",
    }  # fmt: skip
    boto.put_bucket_policy(
        Bucket=container.name, Policy=json.dumps({"Version": "2012-10-17", "Statement": theirs})
    )
    blocked = dict.fromkeys(
        ("BlockPublicAcls", "IgnorePublicAcls", "BlockPublicPolicy", "RestrictPublicBuckets"), True
    )
    boto.put_public_access_block(Bucket=container.name, PublicAccessBlockConfiguration=blocked)
    assert driver.get_public_access(container).on is False

    assert container.enable_cdn() is True
    state = driver.get_public_access(container)
    assert (state.on, state.details["ours"], state.details["other_statements"]) == (True, True, 1)
    assert container.get_cdn_url() == f"{driver.wire.endpoint.origin('')}/{container.name}"  # type: ignore[attr-defined]
    policy = json.loads(boto.get_bucket_policy(Bucket=container.name)["Policy"])
    assert [one["Sid"] for one in policy["Statement"]] == ["Theirs", "SkyferryPublicRead"]
    now = boto.get_public_access_block(Bucket=container.name)["PublicAccessBlockConfiguration"]
    assert now == {**blocked, "BlockPublicPolicy": False, "RestrictPublicBuckets": False}
    assert container.enable_cdn() is True  # again: still one statement of ours
    assert driver.get_public_access(container).details["other_statements"] == 1

    assert container.disable_cdn() is True
    policy = json.loads(boto.get_bucket_policy(Bucket=container.name)["Policy"])
    assert policy["Statement"] == [theirs]


def test_switching_off_what_was_never_on_leaves_no_policy(
    driver: StorageDriver, container: Container, boto: Any
) -> None:
    assert container.disable_cdn() is True
    container.enable_cdn()
    container.disable_cdn()
    with pytest.raises(boto.exceptions.ClientError, match="NoSuchBucketPolicy"):
        boto.get_bucket_policy(Bucket=container.name)


def test_a_policy_of_somebody_else_that_is_public_is_said_to_be(
    driver: StorageDriver, container: Container, boto: Any
) -> None:
    theirs = {
        "Effect": "Allow", "Principal": {"AWS": "*"}, "Action": ["s3:GetObject"],
        "Resource": f"arn:aws:s3:::{container.name}/*",
    }  # fmt: skip
    boto.put_bucket_policy(
        Bucket=container.name, Policy=json.dumps({"Version": "2012-10-17", "Statement": [theirs]})
    )
    assert container.disable_cdn() is False
    assert "did not write" in driver.get_public_access(container).why


def test_one_object_is_made_public_by_its_acl(container: Container, boto: Any) -> None:
    obj = put(container, "o")
    assert obj.enable_cdn() is True
    grants = boto.get_object_acl(Bucket=container.name, Key="o")["Grants"]
    assert any(grant["Grantee"].get("URI", "").endswith("AllUsers") for grant in grants)
    assert obj.disable_cdn() is True


def test_an_edit_keeps_an_object_public(container: Container, boto: Any) -> None:
    obj = put(container, "o", extra={"acl": "public-read"})
    container.driver.ex_set_object_metadata(obj, {"k": "v"})
    grants = boto.get_object_acl(Bucket=container.name, Key="o")["Grants"]
    assert any(grant["Grantee"].get("URI", "").endswith("AllUsers") for grant in grants)


# -- CloudFront --


def test_cloudfront_is_created_found_again_disabled_and_enabled(
    moto_server: Moto, driver: StorageDriver, container: Container, boto: Any
) -> None:
    assert container.driver.get_public_access(container).on is False
    assert container.enable_cdn(ex_cdn="cloudfront") is True
    url = container.get_cdn_url(ex_cdn="cloudfront")
    assert url.startswith("https://")
    cloudfront = client(moto_server, "cloudfront")
    [summary] = [
        one
        for one in cloudfront.list_distributions()["DistributionList"]["Items"]
        if f"https://{one['DomainName']}" == url
    ]
    assert summary["Origins"]["Items"][0]["DomainName"] == f"{container.name}.s3.us-east-1.amazonaws.com"
    [ours] = json.loads(boto.get_bucket_policy(Bucket=container.name)["Policy"])["Statement"]
    assert ours["Condition"] == {"StringEquals": {"AWS:SourceArn": summary["ARN"]}}
    assert driver.get_public_access(container).on is False  # readable by CloudFront alone
    assert container.disable_cdn(ex_cdn="cloudfront") is True
    assert (
        cloudfront.get_distribution(Id=summary["Id"])["Distribution"]["DistributionConfig"]["Enabled"]
        is False
    )
    assert container.enable_cdn(ex_cdn="cloudfront") is True
    assert container.get_cdn_url(ex_cdn="cloudfront") == url


def test_an_unknown_cdn_is_refused(container: Container) -> None:
    with pytest.raises(errors.OperationNotSupportedError, match="no CDN called"):
        container.enable_cdn(ex_cdn="akamai")


# -- Libcloud's shapes --


def test_regions_are_listed_without_an_account() -> None:
    assert (
        "eu-central-1" in S3StorageDriver.list_regions()
        or "eu-central-1" in get_driver(Provider.S3).list_regions()
    )  # type: ignore[attr-defined]
