"""Where S3 requests go: regions, partitions, redirects, and addresses in all their shapes."""

from __future__ import annotations

import secrets
from collections.abc import Iterator
from typing import Any

import pytest

from storage_core import errors
from storage_core.attributes import Attributes
from storage_core.base import Container
from storage_core.body import BytesBody
from storage_core.drivers.s3_profile import Profile, find_endpoint
from storage_core.providers import get_driver, open_driver
from storage_core.types import Provider
from tests.drivers.s3_replies import HELLO, buckets, fault, listing, open_s3, through_proxy
from tests.servers import canned
from tests.servers.canned import CannedServer, reply
from tests.servers.swift import Swift


@pytest.fixture
def server() -> Iterator[CannedServer]:
    with canned.running() as one:
        yield one


@pytest.fixture
def driver(server: CannedServer) -> Any:
    return open_s3(server)


@pytest.fixture
def box(driver: Any) -> Container:
    return Container("box", {}, driver)


def scope(request: canned.Request) -> str:
    return request.header("Authorization").partition("Credential=")[2].split("/")[2]


@pytest.mark.parametrize(
    "answer",
    [
        reply(301, fault("PermanentRedirect"), x_amz_bucket_region="eu-west-3"),
        reply(400, fault("AuthorizationHeaderMalformed", region="eu-west-3")),
        reply(307, fault("TemporaryRedirect", region="eu-west-3")),
        reply(400, fault("IllegalLocationConstraintException"), x_amz_bucket_region="eu-west-3"),
    ],
)
def test_a_redirect_is_followed_once_signed_afresh_and_remembered(
    server: CannedServer, box: Container, answer: Any
) -> None:
    server.script("PUT", answer, reply(200, etag=f'"{HELLO}"'), reply(200, etag=f'"{HELLO}"'))
    for _ in range(2):
        box.driver.put_object(box, "a", BytesBody(b"hello"), Attributes())
    assert [scope(request) for request in server.requests] == ["us-east-1", "eu-west-3", "eu-west-3"]
    assert [request.body for request in server.requests[1:]] == [b"hello", b"hello"]


def test_a_head_is_redirected_by_its_header_alone(server: CannedServer, driver: Any) -> None:
    server.script(
        "HEAD", reply(400, x_amz_bucket_region="eu-west-3"), reply(200, x_amz_bucket_region="eu-west-3")
    )
    assert driver.get_container("box").extra["region"] == "eu-west-3"
    assert [scope(request) for request in server.requests] == ["us-east-1", "eu-west-3"]


def test_a_service_at_one_address_has_one_region_once_it_has_named_it(
    server: CannedServer, driver: Any
) -> None:
    server.script(
        "GET",
        reply(400, fault("AuthorizationHeaderMalformed", region="garage")),
        reply(200, buckets()),
        reply(200, listing("")),
    )
    assert driver.list_containers() == []
    assert Container("other", {}, driver).get_objects() == []
    assert [scope(request) for request in server.requests] == ["us-east-1", "garage", "garage"]
    assert driver.region == "garage"
    assert "%2Fgarage%2Fs3%2F" in driver.sign_url(Container("third", {}, driver), "x")


def test_where_one_container_is_says_nothing_of_the_others(server: CannedServer, box: Container) -> None:
    answer = reply(301, fault("PermanentRedirect"), x_amz_bucket_region="eu-west-3")
    server.script("GET", answer, reply(200, listing("")), reply(200, listing("")))
    for container in (box, Container("other", {}, box.driver)):
        assert container.get_objects() == []
    assert [scope(request) for request in server.requests] == ["us-east-1", "eu-west-3", "us-east-1"]
    assert box.driver.region == "us-east-1"


def test_a_container_is_made_although_the_accounts_region_is_wrong(swift_server: Swift) -> None:
    """Swift checks the region of the signature, and the one in the body."""
    values = {
        "endpoint": swift_server.endpoint,
        "key": swift_server.access_key,
        "secret": swift_server.secret_key,
        "region": "eu-west-7",
    }
    driver = open_driver("s3_compatible", values)
    made = driver.create_container(f"region-{secrets.token_hex(6)}")
    assert (driver.region, made.extra["region"]) == (swift_server.region, swift_server.region)
    assert made.delete() is True
    with pytest.raises(errors.WrongRegionError):
        driver.create_container("never-made", ex_location="eu-west-7")


def test_a_second_redirect_is_an_error(server: CannedServer, box: Container) -> None:
    server.script(
        "GET",
        reply(301, fault("PermanentRedirect", region="eu-west-3")),
        reply(301, fault("PermanentRedirect", region="eu-west-1")),
    )
    with pytest.raises(errors.WrongRegionError) as refused:
        box.get_objects()
    assert refused.value.region == "eu-west-1"


def test_a_redirect_to_another_host_gets_nothing_from_us(server: CannedServer, box: Container) -> None:
    with canned.running() as thief:
        server.script("GET", reply(307, b"", location=f"{thief.endpoint}/box"))
        server.script("HEAD", reply(307, b"", location=f"{thief.endpoint}/box"))
        with pytest.raises(errors.WrongRegionError):
            box.get_objects()
        assert thief.connections == 0


def test_amazon_is_followed_from_region_to_region_by_its_own_names(server: CannedServer) -> None:
    driver = through_proxy(server)
    answer = reply(301, fault("PermanentRedirect"), x_amz_bucket_region="cn-north-1")
    server.script("GET", answer, reply(200, listing("")), reply(200, listing("")))
    for _ in range(2):
        Container("my-box", {}, driver).get_objects()
    hosts = [request.header("Host") for request in server.requests]
    assert hosts == ["my-box.s3.us-east-1.amazonaws.com"] + ["my-box.s3.cn-north-1.amazonaws.com.cn"] * 2


def test_a_location_inside_the_family_tells_the_region(server: CannedServer) -> None:
    driver = through_proxy(server)
    answer = reply(307, b"", location="http://my-box.s3.eu-west-3.amazonaws.com/?list-type=2")
    server.script("GET", answer, reply(200, listing("")))
    Container("my-box", {}, driver).get_objects()
    assert scope(server.requests[1]) == "eu-west-3"


def test_a_link_is_signed_for_the_region_the_container_is_in(server: CannedServer) -> None:
    box = Container("my-box", {}, through_proxy(server))
    server.script("HEAD", reply(301, x_amz_bucket_region="eu-west-3"))
    for _ in range(2):  # asked once
        link = box.driver.sign_url(box, "a/ü")
        assert link.startswith("http://my-box.s3.eu-west-3.amazonaws.com/a/%C3%BC?")
        assert "%2Feu-west-3%2Fs3%2F" in link


@pytest.mark.parametrize(
    ("region", "host"),
    [
        ("eu-west-1", "s3.eu-west-1.amazonaws.com"),
        ("cn-northwest-1", "s3.cn-northwest-1.amazonaws.com.cn"),
        ("us-gov-east-1", "s3.us-gov-east-1.amazonaws.com"),
        ("eusc-de-east-1", "s3.eusc-de-east-1.amazonaws.eu"),
        ("us-iso-east-1", "s3.us-iso-east-1.c2s.ic.gov"),
        ("us-isob-east-1", "s3.us-isob-east-1.sc2s.sgov.gov"),
        ("eu-isoe-west-1", "s3.eu-isoe-west-1.cloud.adc-e.uk"),
        ("us-isof-south-1", "s3.us-isof-south-1.csp.hci.ic.gov"),
        ("moon-south-7", "s3.moon-south-7.amazonaws.com"),
    ],
)
def test_every_region_has_its_address_known_or_not(region: str, host: str) -> None:
    wire = get_driver(Provider.S3)("k", "s", region=region).wire  # type: ignore[attr-defined]
    assert wire.endpoint.url(region, "bucket", "a b") == f"https://bucket.{host}/a%20b"
    assert wire.endpoint.url(region, "dotted.name", "k") == f"https://{host}/dotted.name/k"
    assert wire.endpoint.region_of(host) == region
    assert wire.endpoint.region_of(f"bucket.{host}") == region
    assert wire.endpoint.region_of(f"{host}.evil.org") == ""


@pytest.mark.parametrize(
    ("given", "url", "region"),
    [
        ({"host": "s3.eu-west-1.amazonaws.com"}, "https://b-1.s3.eu-west-1.amazonaws.com/k", "eu-west-1"),
        (
            {"host": "s3.dualstack.eu-west-1.amazonaws.com"},
            "https://b-1.s3.dualstack.eu-west-1.amazonaws.com/k",
            "eu-west-1",
        ),
        (
            {"host": "s3-fips.us-gov-east-1.amazonaws.com"},
            "https://b-1.s3-fips.us-gov-east-1.amazonaws.com/k",
            "us-gov-east-1",
        ),
        (
            {"host": "example.org", "port": 8080, "secure": False},
            "http://example.org:8080/b-1/k",
            "us-east-1",
        ),
        ({"host": "example.org", "port": 443}, "https://example.org/b-1/k", "us-east-1"),
        ({"url": "http://example.org:81/s3/base/"}, "http://example.org:81/s3/base/b-1/k", "us-east-1"),
        ({"url": "https://example.org", "addressing": "virtual"}, "https://b-1.example.org/k", "us-east-1"),
        ({"url": "https://[::1]:9000"}, "https://[::1]:9000/b-1/k", "us-east-1"),
        (
            {"addressing": "path", "region": "sa-east-1"},
            "https://s3.sa-east-1.amazonaws.com/b-1/k",
            "sa-east-1",
        ),
    ],
)
def test_addresses_may_be_given_in_many_ways(given: dict[str, Any], url: str, region: str) -> None:
    arguments = {
        "url": "",
        "host": None,
        "port": None,
        "secure": True,
        "region": "",
        "addressing": "auto",
        **given,
    }
    endpoint, found = find_endpoint(Profile(), **arguments)
    assert (endpoint.url(found, "b-1", "k"), found) == (url, region)


@pytest.mark.parametrize(
    "url", ["ftp://x", "https://", "https://user:pw@x", "https://x?a=b", "https://x:99999", "https://a b"]
)
def test_what_cannot_be_an_address_is_refused_at_once(url: str) -> None:
    with pytest.raises(ValueError, match=r"."):
        get_driver(Provider.S3)("k", "s", endpoint=url)


def test_a_path_prefix_and_a_port_are_part_of_every_request(server: CannedServer) -> None:
    driver = open_s3(server, endpoint=f"{server.endpoint}/gateway/s3/")
    server.script("GET /gateway/s3/", reply(200, buckets()))
    server.script("GET /gateway/s3/box", reply(200, listing("")))
    assert driver.list_containers() == []
    assert Container("box", {}, driver).get_objects() == []
