"""The name of a region becomes part of a host's name: nobody can put another host there."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest

from storage_core.base import Container
from storage_core.drivers.s3_profile import Profile, find_endpoint
from storage_core.errors import LibcloudError
from tests.drivers.s3_replies import fault
from tests.drivers.test_s3_regions import listing, through_proxy
from tests.servers import canned
from tests.servers.canned import CannedServer, reply

HOSTILE = (
    "evil.example/",
    "evil.example/x", "evil.example:443/", "evil.example?", "evil.example#", "x@evil.example/",
    "x@evil.example", "evil.example", "a.b", "..", "a\\", "%2f", "eu-west-1 ", "é", "-a", "a" * 64, "{aws}",
)  # fmt: skip
FAMILY = (".amazonaws.com", ".amazonaws.com.cn")


@pytest.fixture
def server() -> Iterator[CannedServer]:
    with canned.running() as one:
        yield one


@pytest.fixture
def driver(server: CannedServer) -> Any:
    """An account of Amazon, seen from a proxy."""
    return through_proxy(server)


def hosts(server: CannedServer) -> set[str]:
    return {request.header("Host") for request in server.requests}


@pytest.mark.parametrize("region", HOSTILE)
def test_a_header_does_not_send_us_to_another_host(server: CannedServer, driver: Any, region: str) -> None:
    told = region.encode("ascii", "replace").decode()
    server.always("GET", reply(301, fault("PermanentRedirect"), x_amz_bucket_region=told))
    server.always("HEAD", reply(301, b"", x_amz_bucket_region=told))
    with pytest.raises(LibcloudError):
        Container("my-box", {}, driver).get_objects()
    assert all(host.endswith(FAMILY) and "evil" not in host for host in hosts(server)), hosts(server)


@pytest.mark.parametrize("region", HOSTILE)
def test_a_document_does_not_send_us_to_another_host(server: CannedServer, driver: Any, region: str) -> None:
    body = fault("AuthorizationHeaderMalformed", region=region)
    server.always("GET", reply(400, body))
    server.always("HEAD", reply(400, b""))
    with pytest.raises(LibcloudError):
        Container("my-box", {}, driver).get_objects()
    assert all(host.endswith(FAMILY) and "evil" not in host for host in hosts(server)), hosts(server)


@pytest.mark.parametrize("region", HOSTILE)
def test_a_list_of_containers_does_not_send_us_to_another_host(
    server: CannedServer, driver: Any, region: str
) -> None:
    text = region.replace("&", "").replace("<", "")
    page = (
        "<ListAllMyBucketsResult><Buckets><Bucket><Name>my-box</Name>"
        f"<BucketRegion>{text}</BucketRegion></Bucket></Buckets></ListAllMyBucketsResult>"
    )
    server.script("GET", reply(200, page.encode()), reply(200, listing("")))
    [box] = driver.list_containers()
    box.get_objects()
    assert hosts(server) == {"s3.us-east-1.amazonaws.com", "my-box.s3.us-east-1.amazonaws.com"}


@pytest.mark.parametrize("region", HOSTILE)
def test_a_region_that_was_pasted_is_no_host(region: str) -> None:
    given: dict[str, Any] = {"url": "", "host": None, "port": None, "secure": True, "addressing": "auto"}
    with pytest.raises(ValueError, match="region"):
        find_endpoint(Profile(endpoint="https://s3.{region}.example.com"), **given, region=region)


@pytest.mark.parametrize("region", HOSTILE)
def test_a_container_is_not_made_at_another_host(server: CannedServer, driver: Any, region: str) -> None:
    with pytest.raises(LibcloudError, match="region"):
        driver.create_container("my-box", ex_location=region)
    assert server.requests == []


def test_a_service_at_one_address_may_call_its_region_as_it_likes(server: CannedServer) -> None:
    given: dict[str, Any] = {"host": None, "port": None, "secure": True, "addressing": "auto"}
    endpoint, region = find_endpoint(Profile(), **given, url="https://store.example", region="my region/1")
    assert endpoint.url(region, "", "") == "https://store.example/"
