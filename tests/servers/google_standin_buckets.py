"""Buckets of the Google stand-in: https://cloud.google.com/storage/docs/json_api/v1/buckets"""

from __future__ import annotations

import base64
import binascii
import json
import time
from typing import Any

from tests.servers.google_standin import PROJECT
from tests.servers.google_standin_resources import (
    BUCKET_FIELDS,
    acl_of,
    check_bucket_name,
    checked_class,
    merged,
    predefined,
    set_bucket_acl,
)
from tests.servers.google_standin_service import Call
from tests.servers.google_standin_state import (
    PUBLIC,
    Bucket,
    Resource,
    check_conditions,
    demand,
    entity_of,
    stamp,
)
from tests.servers.google_standin_wire import Refused, Reply, invalid

MULTI_REGIONS = ("US", "EU", "ASIA")
DUAL_REGIONS = ("NAM4", "EUR4", "EUR5", "EUR7", "EUR8", "ASIA1")
REGIONS = (
    *("AFRICA-SOUTH1", "ASIA-EAST1", "ASIA-EAST2", "ASIA-NORTHEAST1", "ASIA-NORTHEAST2", "ASIA-NORTHEAST3"),
    *("ASIA-SOUTH1", "ASIA-SOUTH2", "ASIA-SOUTHEAST1", "ASIA-SOUTHEAST2", "AUSTRALIA-SOUTHEAST1"),
    *("AUSTRALIA-SOUTHEAST2", "EUROPE-CENTRAL2", "EUROPE-NORTH1", "EUROPE-SOUTHWEST1", "EUROPE-WEST1"),
    *("EUROPE-WEST2", "EUROPE-WEST3", "EUROPE-WEST4", "EUROPE-WEST6", "EUROPE-WEST8", "EUROPE-WEST9"),
    *("EUROPE-WEST10", "EUROPE-WEST12", "ME-CENTRAL1", "ME-CENTRAL2", "ME-WEST1"),
    *("NORTHAMERICA-NORTHEAST1", "NORTHAMERICA-NORTHEAST2", "NORTHAMERICA-SOUTH1", "SOUTHAMERICA-EAST1"),
    *("SOUTHAMERICA-WEST1", "US-CENTRAL1", "US-EAST1", "US-EAST4", "US-EAST5", "US-SOUTH1", "US-WEST1"),
    *("US-WEST2", "US-WEST3", "US-WEST4"),
)
"""https://cloud.google.com/storage/docs/locations"""
PUBLIC_REFUSED = (
    "The member bindings allUsers and allAuthenticatedUsers are not allowed since public access prevention "
    "is enforced."
)
UNIFORM_REFUSED = (
    "Cannot use ACL API to update bucket policy when uniform bucket-level access is enabled. "
    "Read more at https://cloud.google.com/storage/docs/uniform-bucket-level-access"
)


def check_project(call: Call) -> None:
    if not call.query.get("project"):
        raise invalid("Required parameter: project", "required")
    if call.query["project"] != PROJECT:
        if call.caller.anonymous:
            demand(call.caller, "storage.buckets.list")
        raise invalid(f"Unknown project id: {call.query['project']}")


def list_buckets(call: Call) -> Reply:
    check_project(call)
    demand(call.caller, "storage.buckets.list")
    prefix = call.query.get("prefix", "")
    names = sorted(name for name in call.state.buckets if name.startswith(prefix))
    after = opened(call.query.get("pageToken", ""), "buckets")
    if after:
        names = [name for name in names if name > after]
    size = page_size(call)
    shown = call.service.shown
    items = [shown.bucket(call.state.buckets[name], full=call.full) for name in names[:size]]
    told: Resource = {"kind": "storage#buckets"}
    if len(names) > size:
        told["nextPageToken"] = sealed(names[size - 1], "buckets")
    if items:
        told["items"] = items
    return call.told(told)


def page_size(call: Call) -> int:
    asked = call.request.number("maxResults")
    if asked is not None and asked < 0:
        raise invalid("Invalid value for parameter: maxResults", "invalidParameter")
    return min(asked or call.service.settings.page_size, call.service.settings.page_size)


def sealed(after: str, what: str) -> str:
    return base64.urlsafe_b64encode(json.dumps([what, after]).encode()).decode()


def opened(token: str, what: str) -> str:
    """Where a page begins. Refuses tokens of another listing."""
    if not token:
        return ""
    try:
        kind, after = json.loads(base64.b64decode(token, altchars=b"-_", validate=True))
    except (ValueError, binascii.Error):
        raise invalid("Invalid Value: pageToken") from None
    if kind != what:
        raise invalid("Invalid Value: pageToken")
    return str(after)


def insert_bucket(call: Call) -> Reply:
    check_project(call)
    resource = call.request.json
    name = check_bucket_name(resource.get("name"))
    demand(call.caller, "storage.buckets.create")
    if (taken := call.state.buckets.get(name)) is not None:
        message = (
            "Your previous request to create the named bucket succeeded and you already own it."
            if taken.project == PROJECT
            else "The requested bucket name is not available. The bucket namespace is shared by all users of "
            "the system. Please select a different name and try again."
        )
        raise Refused(409, "conflict", message, xml="BucketAlreadyOwnedByYou")
    fields = {
        "location": location(resource.get("location") or "US"),
        "storageClass": "STANDARD",
        **{key: resource[key] for key in BUCKET_FIELDS if resource.get(key) is not None},
    }
    fields["locationType"] = location_type(fields["location"])
    bucket = Bucket(name, PROJECT, {}, project_bindings(), predefined("projectPrivate", owners()))
    write_fields(bucket, fields)
    write_access(call, bucket, resource)
    call.state.buckets[name] = bucket
    return call.told(call.service.shown.bucket(bucket, full=call.full or "acl" in resource))


def owners() -> str:
    return entity_of(f"projectOwner:{PROJECT}")


def project_bindings() -> list[Resource]:
    team = [f"projectEditor:{PROJECT}", f"projectOwner:{PROJECT}"]
    return [
        {"role": "roles/storage.legacyBucketOwner", "members": team},
        {"role": "roles/storage.legacyBucketReader", "members": [f"projectViewer:{PROJECT}"]},
    ]


def location(name: Any) -> str:
    upper = str(name).upper()
    if upper not in (*MULTI_REGIONS, *DUAL_REGIONS, *REGIONS):
        raise invalid("The specified location constraint is not valid.")
    return upper


def location_type(name: str) -> str:
    return "multi-region" if name in MULTI_REGIONS else "dual-region" if name in DUAL_REGIONS else "region"


def write_fields(bucket: Bucket, fields: Resource) -> None:
    """Checked, and with what the service adds."""
    checked_class(fields.get("storageClass"))
    labels = fields.get("labels", {})
    if not isinstance(labels, dict) or not all(isinstance(value, str) for value in labels.values()):
        raise invalid("Invalid value for: labels")
    if not labels:
        fields.pop("labels", None)
    configuration = dict(fields.get("iamConfiguration", {}))
    uniform = dict(configuration.get("uniformBucketLevelAccess", {}))
    prevention = configuration.get("publicAccessPrevention", "inherited")
    if prevention == "unspecified":
        prevention = "inherited"
    if prevention not in ("inherited", "enforced"):
        raise invalid(f"Invalid value for: publicAccessPrevention ({prevention})")
    enabled = bool(uniform.get("enabled"))
    shown: Resource = {"enabled": enabled}
    if enabled:
        lock = bucket.fields.get("iamConfiguration", {}).get("uniformBucketLevelAccess", {}).get("lockedTime")
        shown["lockedTime"] = lock or stamp(time.time() + 90 * 86_400)
        if not bucket.uniform:
            add_object_roles(bucket)
    fields["iamConfiguration"] = {
        "bucketPolicyOnly": shown,
        "uniformBucketLevelAccess": shown,
        "publicAccessPrevention": prevention,
    }
    bucket.fields = fields


def add_object_roles(bucket: Bucket) -> None:
    """Uniform access takes the project's rights from the default ACL into the policy."""
    roles = {binding["role"] for binding in bucket.bindings}
    team = [f"projectEditor:{PROJECT}", f"projectOwner:{PROJECT}"]
    for role, members in (("Owner", team), ("Reader", [f"projectViewer:{PROJECT}"])):
        if f"roles/storage.legacyObject{role}" not in roles:
            bucket.bindings.append({"role": f"roles/storage.legacyObject{role}", "members": members})


def write_access(call: Call, bucket: Bucket, resource: Resource) -> None:
    """ACLs that come with an insert, a patch or an update."""
    named = {
        key: call.query[key] for key in ("predefinedAcl", "predefinedDefaultObjectAcl") if key in call.query
    }
    lists = {key: resource[key] for key in ("acl", "defaultObjectAcl") if resource.get(key) is not None}
    if not named and not lists:
        return
    if bucket.uniform:
        if not named and not any(lists.values()):
            return  # an SDK that writes back an empty list
        raise invalid(UNIFORM_REFUSED)
    acl = acl_of(lists["acl"], bucket=True) if "acl" in lists else None
    if "predefinedAcl" in named:
        acl = predefined(named["predefinedAcl"], owners(), bucket=True)
    default = acl_of(lists["defaultObjectAcl"]) if "defaultObjectAcl" in lists else None
    if "predefinedDefaultObjectAcl" in named:
        default = predefined(named["predefinedDefaultObjectAcl"], owners())
    check_public(bucket, [entry["entity"] for entry in [*(acl or []), *(default or [])]])
    if acl is not None:
        set_bucket_acl(bucket, acl)
    if default is not None:
        bucket.default_acl = default


def check_public(bucket: Bucket, members: list[str]) -> None:
    if bucket.prevents_public and not PUBLIC.isdisjoint(members):
        raise Refused(412, "conditionNotMet", PUBLIC_REFUSED)


def get_bucket(call: Call) -> Reply:
    bucket = call.state.bucket(call.names[0])
    demand(call.caller, "storage.buckets.get", bucket)
    if call.full:
        demand(call.caller, "storage.buckets.getIamPolicy", bucket)
    check_conditions(call.query, bucket, reads=True)
    return call.told(call.service.shown.bucket(bucket, full=call.full))


def patch_bucket(call: Call) -> Reply:
    return change_bucket(call, whole=False)


def update_bucket(call: Call) -> Reply:
    return change_bucket(call, whole=True)


def change_bucket(call: Call, *, whole: bool) -> Reply:
    bucket = call.state.bucket(call.names[0])
    demand(call.caller, "storage.buckets.update", bucket)
    check_conditions(call.query, bucket)
    resource = call.request.json
    asked = {key: resource[key] for key in BUCKET_FIELDS if key in resource}
    fixed = {key: bucket.fields[key] for key in ("location", "locationType")}
    if whole:
        fields = {**fixed, "storageClass": bucket.storage_class, **merged({}, asked)}
    else:
        fields = merged(dict(bucket.fields), mirrored(asked))
    before = bucket.fields
    write_fields(bucket, {**fields, **fixed})
    try:
        write_access(call, bucket, resource)
    except Refused:
        bucket.fields = before
        raise
    bucket.touch()
    return call.told(call.service.shown.bucket(bucket, full=call.query.get("projection", "full") == "full"))


def mirrored(asked: Resource) -> Resource:
    """bucketPolicyOnly is the older name of uniform access; the newer one wins."""
    configuration = asked.get("iamConfiguration")
    if not isinstance(configuration, dict):
        return asked
    older, newer = configuration.get("bucketPolicyOnly"), configuration.get("uniformBucketLevelAccess")
    if older is not None and newer is None:
        configuration = {**configuration, "uniformBucketLevelAccess": older}
    return {**asked, "iamConfiguration": configuration}


def delete_bucket(call: Call) -> Reply:
    bucket = call.state.bucket(call.names[0])
    demand(call.caller, "storage.buckets.delete", bucket)
    check_conditions(call.query, bucket)
    if bucket.objects:
        raise Refused(409, "conflict", "The bucket you tried to delete is not empty.", xml="BucketNotEmpty")
    del call.state.buckets[bucket.name]
    return Reply(204)


def service_account(call: Call) -> Reply:
    """GET projects/P/serviceAccount: the account that Google itself works with."""
    demand(call.caller, "storage.buckets.list")
    email = "service-403196581127@gs-project-accounts.iam.gserviceaccount.com"
    return call.told({"kind": "storage#serviceAccount", "email_address": email})
