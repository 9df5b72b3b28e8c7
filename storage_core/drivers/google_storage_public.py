"""Who may read without signing in: a bucket's IAM policy, and an object's access list where it has one.

https://cloud.google.com/storage/docs/access-control/making-data-public
"""

from __future__ import annotations

from typing import Any

from storage_core.base.objects import Container, Object, PublicAccess
from storage_core.drivers.google_storage_errors import NO_ACL, PREVENTED
from storage_core.drivers.google_storage_json import required
from storage_core.drivers.google_storage_objects import ask_about
from storage_core.drivers.google_storage_wire import Call, Wire, bucket_path, json_body, object_path
from storage_core.errors import AccessDeniedError, ObjectChangedError, OperationNotSupportedError

EVERYBODY = "allUsers"
VIEWER = "roles/storage.objectViewer"
READING_ROLES = (
    VIEWER,
    *(f"roles/storage.{name}" for name in ("objectUser", "objectAdmin", "admin", "legacyObjectReader")),
    "roles/storage.legacyObjectOwner",
)
ATTEMPTS = 4
"""How often a policy is read and written again when somebody else changes it at the same time."""

_HIDDEN = "This account may not see who has access to {}: it needs the right storage.buckets.getIamPolicy."


# -- buckets --


def state(wire: Wire, container: Container) -> PublicAccess:
    """What the bucket's policy says."""
    url = wire.public_url(container.name)
    if _is_prevented(wire, container):
        return PublicAccess(False, url, PREVENTED)
    try:
        policy = _policy(wire, container)
    except AccessDeniedError:
        return PublicAccess(None, url, _HIDDEN.format(repr(container.name)))
    return PublicAccess(bool(_open_roles(policy)), url)


def switch(wire: Wire, container: Container, on: bool) -> None:
    """Let everybody read (and list), or nobody; the rest of the policy stays. The policy's ETag guards it."""
    if on and _is_prevented(wire, container):
        raise OperationNotSupportedError(PREVENTED, wire.driver)
    for attempt in range(ATTEMPTS):
        policy = _policy(wire, container)
        if bool(_open_roles(policy)) is on:
            return
        policy["bindings"] = _with(policy, on)
        call = Call(
            method="PUT", path=f"{bucket_path(container.name)}/iam", **json_body(policy),
            container=container.name,
        )  # fmt: skip
        try:
            wire.ask(call)
            return
        except ObjectChangedError:
            if attempt == ATTEMPTS - 1:
                raise


def _policy(wire: Wire, container: Container) -> dict[str, Any]:
    # Version 3, or conditional bindings would be shown, and written back, without their conditions.
    query = {"optionsRequestedPolicyVersion": "3"}
    path = f"{bucket_path(container.name)}/iam"
    return wire.ask(Call(method="GET", path=path, query=query, container=container.name))


def _open_roles(policy: dict[str, Any]) -> list[str]:
    return [
        binding.get("role", "")
        for binding in policy.get("bindings", ())
        if EVERYBODY in binding.get("members", ())
        and binding.get("role") in READING_ROLES
        and not binding.get("condition")
    ]


def _with(policy: dict[str, Any], on: bool) -> list[dict[str, Any]]:
    bindings = [dict(binding) for binding in policy.get("bindings", ())]
    if on:
        for binding in bindings:
            if binding.get("role") == VIEWER and not binding.get("condition"):
                binding["members"] = [*binding.get("members", ()), EVERYBODY]
                return bindings
        return [*bindings, {"role": VIEWER, "members": [EVERYBODY]}]
    for binding in bindings:
        if binding.get("role") in READING_ROLES:
            binding["members"] = [one for one in binding.get("members", ()) if one != EVERYBODY]
    return [binding for binding in bindings if binding.get("members")]


def _is_prevented(wire: Wire, container: Container) -> bool:
    return _access(wire, container).get("publicAccessPrevention") == "enforced"


def _access(wire: Wire, container: Container) -> dict[str, Any]:
    call = Call(
        method="GET", path=bucket_path(container.name), query={"fields": "iamConfiguration"},
        container=container.name,
    )  # fmt: skip
    try:
        found = wire.ask(call).get("iamConfiguration")
    except AccessDeniedError:
        return {}
    return found if isinstance(found, dict) else {}


# -- objects --


def switch_object(wire: Wire, obj: Object, on: bool) -> bool:
    """Put everybody on the object's access list, or take them off. True when it is as it was asked for.

    OperationNotSupportedError, with the reason, where the bucket has uniform access or prevents it.
    """
    access = _access(wire, obj.container)
    if access.get("uniformBucketLevelAccess", {}).get("enabled"):
        raise OperationNotSupportedError(NO_ACL, wire.driver)
    if on and access.get("publicAccessPrevention") == "enforced":
        raise OperationNotSupportedError(PREVENTED, wire.driver)
    path = object_path(obj.container.name, obj.name)
    asked = {"projection": "full", "fields": "acl,metageneration"}
    about: dict[str, Any] = {"path": path, "container": obj.container.name, "object_name": obj.name}
    for attempt in range(ATTEMPTS):
        now = ask_about(wire, Call(method="GET", query=asked, **about))
        acl = [_entry(one) for one in now.get("acl", ()) if one.get("entity") != EVERYBODY]
        if on:
            acl.append({"entity": EVERYBODY, "role": "READER"})
        query = {**asked, "ifMetagenerationMatch": required(now, "metageneration", wire.driver)}
        try:
            told = wire.ask(Call(method="PATCH", query=query, **json_body({"acl": acl}), **about))
        except ObjectChangedError:
            if attempt == ATTEMPTS - 1:
                raise
            continue
        return (EVERYBODY in {one.get("entity") for one in told.get("acl", ())}) is on
    return False


def _entry(entry: dict[str, Any]) -> dict[str, str]:
    return {"entity": str(entry.get("entity", "")), "role": str(entry.get("role", ""))}
