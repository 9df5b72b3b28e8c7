"""CloudFront in front of a container, when asked for by name: `ex_cdn="cloudfront"`.

A distribution of ours is known by its origin and its comment. Switching off disables it; Amazon lets it be
deleted only once that has reached every edge, so it stays, disabled, and is switched on again the next time.
https://docs.aws.amazon.com/cloudfront/latest/APIReference/API_Operations_Amazon_CloudFront.html (2020-05-31)
"""

from __future__ import annotations

import re
import secrets
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any
from xml.etree.ElementTree import Element

from storage_core.base.objects import Container, PublicAccess
from storage_core.drivers import s3_public
from storage_core.drivers.s3_profile import aws_partition
from storage_core.drivers.s3_wire import Call, Wire
from storage_core.drivers.s3_xml import escape
from storage_core.errors import MalformedResponseError, OperationNotSupportedError
from storage_core.xml import text

API = "2020-05-31"
NAMESPACE = f"http://cloudfront.amazonaws.com/doc/{API}/"
COMMENT = "Skyferry"
CACHING_OPTIMIZED = "658327ea-f89d-4fab-a63d-7e88639e58f6"
"""Amazon's managed cache policy of that name."""
SID = "SkyferryCloudFront"


@dataclass(frozen=True, slots=True)
class Distribution:
    """What a distribution of ours says about itself."""

    id: str
    arn: str
    domain: str
    enabled: bool
    deployed: bool


def state(wire: Wire, container: Container, cdn: str) -> PublicAccess:
    """On when a distribution of ours is enabled; `why` while Amazon still carries a change to its edges."""
    _check(wire, cdn)
    found = find(wire, container)
    if found is None:
        return PublicAccess(
            False, "", "No CloudFront distribution of Skyferry's serves this container.", {"cdn": cdn}
        )
    details = {"cdn": cdn, "id": found.id, "deployed": found.deployed}
    why = (
        ""
        if found.deployed
        else "CloudFront is still carrying the change to its edges; this takes some minutes."
    )
    return PublicAccess(found.enabled, f"https://{found.domain}", why, details)


def switch(wire: Wire, container: Container, on: bool, cdn: str) -> None:
    """Create or enable the distribution and let it read the container; or disable it."""
    _check(wire, cdn)
    found = find(wire, container)
    if found is None:
        if not on:
            return
        found = _create(wire, container)
    elif found.enabled is not on:
        _enable(wire, found, on)
    if on:
        _let_it_read(wire, container, found)


def find(wire: Wire, container: Container) -> Distribution | None:
    """Our distribution for a container. The list is walked to its end: it cannot be searched."""
    origin = _origin(wire, container)
    for summary in _summaries(wire):
        domains = {
            (one.text or "")
            for one in summary.iter()
            if one.tag.endswith("}DomainName") or one.tag == "DomainName"
        }
        if text(summary, "Comment") == COMMENT and origin in domains:
            return _distribution(wire, summary, text(summary, "Enabled"))
    return None


# -- helpers --


def _check(wire: Wire, cdn: str) -> None:
    if cdn != "cloudfront" or not wire.profile.cloudfront:
        raise OperationNotSupportedError(f"This service has no CDN called {cdn!r}.", wire.driver)


def _url(wire: Wire, path: str) -> str:
    """CloudFront's own host for Amazon, the same server for a stand-in that a test or a gateway provides."""
    if "{aws}" in wire.endpoint.host:
        host = (
            "cloudfront.cn-northwest-1.amazonaws.com.cn"
            if wire.region.startswith("cn-")
            else "cloudfront.amazonaws.com"
        )
        return f"https://{host}/{API}/{path}"
    return f"{wire.endpoint.origin(wire.region)}/{API}/{path}"


def _call(wire: Wire, method: str, path: str, **more: Any) -> Call:
    region = "cn-northwest-1" if wire.region.startswith("cn-") else "us-east-1"
    return Call(method=method, url=_url(wire, path), service="cloudfront", region=region, **more)


def _summaries(wire: Wire) -> Iterator[Element]:
    marker = ""
    while True:
        path = f"distribution?Marker={marker}" if marker else "distribution"
        root = wire.ask(_call(wire, "GET", path))
        yield from (one for one in root.iter() if one.tag.rpartition("}")[2] == "DistributionSummary")
        following = text(root, "NextMarker")
        if text(root, "IsTruncated") != "true" or not following:
            return
        if following == marker:
            raise MalformedResponseError("The list of distributions repeats itself.", None, wire.driver)
        marker = following


def _distribution(wire: Wire, element: Element, enabled: str) -> Distribution:
    domain = text(element, "DomainName")
    if not domain:
        raise MalformedResponseError("A distribution came without its address.", None, wire.driver)
    return Distribution(
        text(element, "Id"),
        text(element, "ARN"),
        domain,
        enabled == "true",
        text(element, "Status") == "Deployed",
    )


def _origin(wire: Wire, container: Container) -> str:
    region = wire.region_of(container.name)
    return f"{container.name}.s3.{region}.{aws_partition(region)[0]}"


def _create(wire: Wire, container: Container) -> Distribution:
    access = _access_control(wire, container)
    origin = escape(_origin(wire, container))
    body = (
        f'<?xml version="1.0" encoding="UTF-8"?><DistributionConfig xmlns="{NAMESPACE}">'
        f"<CallerReference>skyferry-{secrets.token_hex(12)}</CallerReference>"
        f"<Origins><Quantity>1</Quantity><Items><Origin><Id>store</Id><DomainName>{origin}</DomainName>"
        f"<OriginAccessControlId>{escape(access)}</OriginAccessControlId>"
        "<S3OriginConfig><OriginAccessIdentity></OriginAccessIdentity></S3OriginConfig></Origin></Items></Origins>"
        "<DefaultCacheBehavior><TargetOriginId>store</TargetOriginId>"
        f"<ViewerProtocolPolicy>redirect-to-https</ViewerProtocolPolicy><CachePolicyId>{CACHING_OPTIMIZED}</CachePolicyId>"
        f"</DefaultCacheBehavior><Comment>{COMMENT}</Comment><Enabled>true</Enabled></DistributionConfig>"
    ).encode()
    root = wire.ask(
        _call(wire, "POST", "distribution", body=body, headers=_XML, good=(201,), idempotent=False)
    )
    return _distribution(wire, root, "true")


_XML = {"Content-Type": "application/xml"}


def _access_control(wire: Wire, container: Container) -> str:
    """An origin access control: CloudFront signs its reads, the container stays closed to everybody else."""
    name = f"skyferry-{container.name}-{secrets.token_hex(4)}"[-64:]
    body = (
        f'<?xml version="1.0" encoding="UTF-8"?><OriginAccessControlConfig xmlns="{NAMESPACE}">'
        f"<Name>{escape(name)}</Name><SigningProtocol>sigv4</SigningProtocol><SigningBehavior>always</SigningBehavior>"
        "<OriginAccessControlOriginType>s3</OriginAccessControlOriginType></OriginAccessControlConfig>"
    ).encode()
    call = _call(
        wire,
        "POST",
        "origin-access-control",
        body=body,
        headers=dict(_XML),
        good=(200, 201),
        idempotent=False,
    )
    return text(wire.ask(call), "Id")


def _enable(wire: Wire, found: Distribution, on: bool) -> None:
    """UpdateDistribution: the whole configuration as it came, but for one word, pinned to its ETag."""
    body, headers = wire.read(_call(wire, "GET", f"distribution/{found.id}/config"))
    # The distribution's own switch is a direct child; logging and origin shield have one of that name too.
    config, count = _switched(body.decode("utf-8"), on)
    if count != 1:
        raise MalformedResponseError(
            "The distribution's configuration has no single switch.", body[:2000], wire.driver
        )
    call = _call(
        wire, "PUT", f"distribution/{found.id}/config", body=config.encode(),
        headers={**_XML, "If-Match": headers.get("ETag", "")},
    )  # fmt: skip
    wire.run(call)


def _switched(config: str, on: bool) -> tuple[str, int]:
    depth, pieces, at, count = 0, [], 0, 0
    for tag in re.finditer(r"<(/?)([\w:]+)(?:\s[^>]*)?(/?)>([^<]*)", config):
        closing, name, empty, inner = tag.groups()
        if closing:
            depth -= 1
        elif not empty:
            depth += 1
            if depth == 2 and name == "Enabled":
                pieces += [config[at : tag.start(4)], str(on).lower()]
                at = tag.start(4) + len(inner)
                count += 1
    return "".join([*pieces, config[at:]]), count


def _let_it_read(wire: Wire, container: Container, found: Distribution) -> None:
    policy = s3_public.read_policy(wire, container)
    partition = aws_partition(wire.region_of(container.name))[1]
    ours = {
        "Sid": SID,
        "Effect": "Allow",
        "Principal": {"Service": "cloudfront.amazonaws.com"},
        "Action": ["s3:GetObject"],
        "Resource": [f"arn:{partition}:s3:::{container.name}/*"],
        "Condition": {"StringEquals": {"AWS:SourceArn": found.arn}},
    }
    others = [one for one in policy.get("Statement", []) if one.get("Sid") != SID]
    s3_public.write_policy(
        wire, container, {**(policy or {"Version": "2012-10-17"}), "Statement": [*others, ours]}
    )
