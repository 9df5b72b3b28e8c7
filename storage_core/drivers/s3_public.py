"""Who on the internet may read: a policy statement of ours beside everybody else's, or a canned ACL.

Since 2023 Amazon blocks public policies and ignores ACLs on new buckets, so switching on lifts the two blocks
that concern policies, and then adds one statement; switching off takes that statement away and nothing else.
https://docs.aws.amazon.com/AmazonS3/latest/userguide/access-control-block-public-access.html
"""

from __future__ import annotations

import json
from typing import Any

from storage_core.base.objects import Container, Object, PublicAccess
from storage_core.drivers import s3_xml
from storage_core.drivers.s3_profile import aws_partition
from storage_core.drivers.s3_wire import Call, Wire
from storage_core.errors import (
    AccessDeniedError,
    ContainerDoesNotExistError,
    LibcloudError,
    MalformedResponseError,
    OperationNotSupportedError,
    ProviderError,
)
from storage_core.xml import text

SID = "SkyferryPublicRead"
BLOCKS = ("BlockPublicAcls", "IgnorePublicAcls", "BlockPublicPolicy", "RestrictPublicBuckets")
READS = ("READ", "FULL_CONTROL")
_NOT_THERE = ("NoSuchBucketPolicy", "NoSuchPublicAccessBlockConfiguration", "NoSuchPolicy")


def state(wire: Wire, container: Container) -> PublicAccess:
    """What the service says now: the policy's status, the policy, the ACL. `on` None when it will not say."""
    url = public_url(wire, container.name)
    try:
        if wire.profile.public == "acl":
            grants = world_grants(wire, container)
            return PublicAccess(bool(grants), url, "", {"acl": sorted(grants)})
        policy = read_policy(wire, container)
        blocks = read_blocks(wire, container)
        public = _policy_is_public(wire, container, policy)
    except AccessDeniedError:
        return PublicAccess(None, url, "These credentials may not see whether this container is public.")
    details: dict[str, Any] = {
        "ours": _has_ours(policy),
        "other_statements": len([one for one in policy.get("Statement", []) if one.get("Sid") != SID]),
        "blocks": [name for name, on in blocks.items() if on],
    }
    if public and blocks.get("RestrictPublicBuckets"):
        return PublicAccess(False, url, "A public policy is there, and public access is blocked.", details)
    if public and not _has_ours(policy):
        return PublicAccess(True, url, "A policy that Skyferry did not write makes it public.", details)
    return PublicAccess(public, url, "", details)


def switch(wire: Wire, container: Container, on: bool) -> None:
    """Add our statement, or take it away. Statements of others are kept as they are."""
    if wire.profile.public == "acl":
        acl = "public-read" if on else "private"
        wire.run(_call("PUT", container, "acl", headers={"x-amz-acl": acl}, body=b""))
        return
    if on:
        _lift_blocks(wire, container)
    policy = read_policy(wire, container)
    statements = [one for one in policy.get("Statement", []) if one.get("Sid") != SID]
    if not on and len(statements) == len(policy.get("Statement", [])):
        return
    if on:
        statements.append(_statement(wire, container))
    write_policy(wire, container, {**(policy or {"Version": "2012-10-17"}), "Statement": statements})


def switch_object(wire: Wire, obj: Object, on: bool) -> bool:
    """A canned ACL on one object; True when it is now as asked. Containers without ACLs refuse."""
    name = {"container": obj.container.name, "object_name": obj.name, "query": (("acl", ""),)}
    acl = "public-read" if on else "private"
    wire.run(Call(method="PUT", headers={"x-amz-acl": acl}, body=b"", **name))  # type: ignore[arg-type]
    grants = s3_xml.world_grants(wire.ask(Call(method="GET", **name)))  # type: ignore[arg-type]
    return any(grant in READS for grant in grants) is on


def public_url(wire: Wire, container_name: str) -> str:
    """The address that anyone can read below, without a slash at its end."""
    return wire.endpoint.url(wire.region_of(container_name), container_name).rstrip("/")


def world_grants(wire: Wire, container: Container) -> set[str]:
    """What everybody may do with the container itself, by its ACL."""
    return s3_xml.world_grants(wire.ask(_call("GET", container, "acl")))


def read_policy(wire: Wire, container: Container) -> dict[str, Any]:
    """The bucket policy as a dict with a list of statements; {} when there is none."""
    try:
        body, _ = wire.read(_call("GET", container, "policy"))
    except LibcloudError as error:
        if error.code in _NOT_THERE:
            return {}
        raise
    try:
        policy = json.loads(body)
        statements = policy.get("Statement", [])
        policy["Statement"] = [statements] if isinstance(statements, dict) else list(statements)
    except (ValueError, RecursionError, AttributeError, TypeError) as error:
        # Never write over what could not be read.
        raise MalformedResponseError(
            "The container's policy could not be understood.", body[:2000], wire.driver
        ) from error
    return dict(policy)


def write_policy(wire: Wire, container: Container, policy: dict[str, Any]) -> None:
    """Replace the policy; one without statements is removed."""
    if policy.get("Statement"):
        body = json.dumps(policy).encode()
        headers = {"Content-Type": "application/json"}
        wire.run(_call("PUT", container, "policy", headers=headers, body=body, md5=True, good=(200, 204)))
    else:
        wire.run(_call("DELETE", container, "policy", good=(200, 204)))


def read_blocks(wire: Wire, container: Container) -> dict[str, bool]:
    """PublicAccessBlock of the container; {} where there is none, or no such thing."""
    try:
        root = wire.ask(_call("GET", container, "publicAccessBlock"))
    except (OperationNotSupportedError, ProviderError) as error:
        if isinstance(error, OperationNotSupportedError) or error.code in _NOT_THERE:
            return {}
        raise
    return {name: text(root, name).lower() == "true" for name in BLOCKS}


# -- helpers --


def _call(method: str, container: Container, what: str, **more: Any) -> Call:
    return Call(method=method, container=container.name, query=((what, ""),), **more)


def _statement(wire: Wire, container: Container) -> dict[str, Any]:
    partition = aws_partition(wire.region_of(container.name))[1] if wire.profile.aws else "aws"
    return {
        "Sid": SID,
        "Effect": "Allow",
        "Principal": "*",
        "Action": ["s3:GetObject"],
        "Resource": [f"arn:{partition}:s3:::{container.name}/*"],
    }


def _has_ours(policy: dict[str, Any]) -> bool:
    return any(one.get("Sid") == SID for one in policy.get("Statement", []))


def _lift_blocks(wire: Wire, container: Container) -> None:
    blocks = read_blocks(wire, container)
    if not blocks.get("BlockPublicPolicy") and not blocks.get("RestrictPublicBuckets"):
        return
    # The two about ACLs stay as they are: what we add is a policy.
    body = s3_xml.public_block_body({**blocks, "BlockPublicPolicy": False, "RestrictPublicBuckets": False})
    wire.run(_call("PUT", container, "publicAccessBlock", body=body, md5=True))


def _policy_is_public(wire: Wire, container: Container, policy: dict[str, Any]) -> bool:
    if not policy:
        return False
    try:
        root = wire.ask(_call("GET", container, "policyStatus"))
    except (OperationNotSupportedError, ProviderError, ContainerDoesNotExistError, MalformedResponseError):
        return any(_lets_anyone_read(one) for one in policy["Statement"])
    return text(root, "IsPublic").lower() == "true"


def _lets_anyone_read(statement: dict[str, Any]) -> bool:
    who, what = statement.get("Principal"), statement.get("Action", [])
    everybody = who == "*" or (isinstance(who, dict) and who.get("AWS") in ("*", ["*"]))
    actions = [what] if isinstance(what, str) else what
    reads = any(action in ("*", "s3:*", "s3:Get*", "s3:GetObject") for action in actions)
    return bool(statement.get("Effect") == "Allow" and everybody and reads and not statement.get("Condition"))
