"""Policies and access lists of the Google stand-in.

Sources: https://cloud.google.com/storage/docs/json_api/v1/buckets/setIamPolicy, …/bucketAccessControls,
…/defaultObjectAccessControls, …/objectAccessControls
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from tests.servers.google_standin_buckets import UNIFORM_REFUSED, check_public
from tests.servers.google_standin_objects import UNIFORM_OBJECT
from tests.servers.google_standin_resources import acl_entry, bucket_acl, changed, set_bucket_acl
from tests.servers.google_standin_service import Call
from tests.servers.google_standin_state import (
    PUBLIC,
    ROLES,
    Bucket,
    Resource,
    allowed,
    check_conditions,
    demand,
    etag_of,
    find,
    unmet,
)
from tests.servers.google_standin_wire import Refused, Reply, invalid

MEMBER_KINDS = {
    *("user", "serviceAccount", "group", "domain", "projectOwner", "projectEditor", "projectViewer"),
    *("principal", "principalSet", "deleted"),
}


# -- policies --


def get_policy(call: Call) -> Reply:
    bucket = call.state.bucket(call.names[0])
    demand(call.caller, "storage.buckets.getIamPolicy", bucket)
    return call.told(policy(bucket))


def policy(bucket: Bucket) -> Resource:
    return {
        "kind": "storage#policy",
        "resourceId": f"projects/_/buckets/{bucket.name}",
        "version": 3 if any("condition" in binding for binding in bucket.bindings) else 1,
        "etag": etag_of(bucket.policy_version),
        "bindings": bucket.bindings,
    }


def set_policy(call: Call) -> Reply:
    bucket = call.state.bucket(call.names[0])
    demand(call.caller, "storage.buckets.setIamPolicy", bucket)
    asked = call.request.json
    if asked.get("etag") and asked["etag"] != etag_of(bucket.policy_version):
        raise unmet()
    bindings = asked.get("bindings") or []
    if not isinstance(bindings, list):
        raise invalid("Invalid value for: bindings")
    made = [checked_binding(binding, asked, bucket) for binding in bindings]
    check_public(bucket, [member for binding in made for member in binding["members"]])
    bucket.bindings = merged_bindings(made)
    bucket.policy_version += 1
    bucket.touch()
    return call.told(policy(bucket))


def checked_binding(binding: Any, asked: Resource, bucket: Bucket) -> Resource:
    if not isinstance(binding, dict) or not isinstance(binding.get("members"), list):
        raise invalid("Invalid value for: bindings")
    if binding.get("role") not in ROLES:
        raise invalid(f"Role {binding.get('role')} is not supported for this resource.")
    for member in binding["members"]:
        kind, _, name = str(member).partition(":")
        if member not in PUBLIC and (kind not in MEMBER_KINDS or not name):
            raise invalid(f"Invalid member: {member}")
    if binding.get("condition"):
        if asked.get("version") != 3:
            raise invalid("Conditions take a policy of version 3.")
        if not bucket.uniform:
            raise Refused(412, "conditionNotMet", "Conditions take uniform bucket-level access.")
        raise invalid("This stand-in does not judge conditions.")
    return {"role": binding["role"], "members": sorted(set(binding["members"]))}


def merged_bindings(bindings: list[Resource]) -> list[Resource]:
    """One binding for a role, and none without members, as the service stores it."""
    members: dict[str, set[str]] = {}
    for binding in bindings:
        members.setdefault(binding["role"], set()).update(binding["members"])
    return [{"role": role, "members": sorted(who)} for role, who in sorted(members.items()) if who]


def test_permissions(call: Call) -> Reply:
    bucket = call.state.bucket(call.names[0])
    asked = [value for name, value in call.request.pairs if name == "permissions"]
    if not asked:
        raise invalid("Required parameter: permissions", "required")
    if unknown := [one for one in asked if not one.startswith("storage.")]:
        raise invalid(f"Permission {unknown[0]} is not valid for this resource.")
    told: Resource = {"kind": "storage#testIamPermissionsResponse"}
    if granted := [one for one in asked if allowed(call.caller, one, bucket)]:
        told["permissions"] = granted
    return call.told(told)


# -- access lists --


@dataclass(frozen=True)
class Entries:
    """One access list, and how to show and keep it."""

    kind: str
    entries: list[Resource]
    show: Callable[[Resource], Resource]
    keep: Callable[[list[Resource]], None]
    of_bucket: bool = False

    def entry(self, entity: str) -> Resource:
        for one in self.entries:
            if one["entity"] == entity:
                return one
        raise Refused(404, "notFound", "The specified ACL entry was not found.")


def list_entries(call: Call) -> Reply:
    found = entries_of(call, "getIamPolicy")
    return call.told({"kind": f"{found.kind}s", "items": [found.show(one) for one in found.entries]})


def get_entry(call: Call) -> Reply:
    found = entries_of(call, "getIamPolicy")
    return call.told(found.show(found.entry(call.names[-1])))


def insert_entry(call: Call) -> Reply:
    found = entries_of(call, "setIamPolicy")
    asked = call.request.json
    return replaced(call, found, acl_entry(asked.get("entity"), asked.get("role"), bucket=found.of_bucket))


def update_entry(call: Call) -> Reply:
    """PUT and PATCH: only the role can be another one."""
    found = entries_of(call, "setIamPolicy")
    role = call.request.json.get("role")
    if call.request.method == "PATCH":
        role = role or found.entry(call.names[-1])["role"]
    return replaced(call, found, acl_entry(call.names[-1], role, bucket=found.of_bucket))


def replaced(call: Call, found: Entries, entry: Resource) -> Reply:
    check_public(call.state.bucket(call.names[0]), [entry["entity"]])
    found.keep([*(one for one in found.entries if one["entity"] != entry["entity"]), entry])
    return call.told(found.show(entry))


def delete_entry(call: Call) -> Reply:
    found = entries_of(call, "setIamPolicy")
    gone = found.entry(call.names[-1])
    found.keep([one for one in found.entries if one is not gone])
    return Reply(204)


def entries_of(call: Call, to: str) -> Entries:
    """The list that the path names. Refused where uniform access has switched lists off."""
    shown, words = call.service.shown, call.request.path.split("/")
    bucket = call.state.bucket(call.names[0])
    if words[5] == "o":
        _, one = find(call.state, call.caller, call.names[:2], call.request.number("generation"), to=to)
        if bucket.uniform:
            raise invalid(UNIFORM_OBJECT.format(verb="get" if to == "getIamPolicy" else "update"))
        check_conditions(call.query, one)

        def keep_object(entries: list[Resource]) -> None:
            one.acl = entries
            changed(one)

        kind = "storage#objectAccessControl"
        return Entries(kind, one.acl, lambda entry: shown.object_entry(one, entry), keep_object)
    demand(call.caller, f"storage.buckets.{to}", bucket)
    if bucket.uniform:
        raise invalid(UNIFORM_REFUSED)
    if words[5] == "defaultObjectAcl":

        def keep_default(entries: list[Resource]) -> None:
            bucket.default_acl = entries
            bucket.touch()

        kind = "storage#objectAccessControl"
        return Entries(kind, bucket.default_acl, lambda entry: {"kind": kind, **entry}, keep_default)

    def keep_bucket(entries: list[Resource]) -> None:
        set_bucket_acl(bucket, entries)
        bucket.touch()

    return Entries(
        "storage#bucketAccessControl",
        bucket_acl(bucket),
        lambda entry: shown.bucket_entry(bucket, entry),
        keep_bucket,
        of_bucket=True,
    )
