"""How the Google stand-in shows buckets and objects, and what it lets a client write into them."""

from __future__ import annotations

import re
import time
from datetime import datetime
from typing import Any
from urllib.parse import quote

from tests.servers.google_standin_accounts import PROJECT_NUMBER
from tests.servers.google_standin_state import (
    METADATA_LIMIT,
    OBJECT_FIELDS,
    STORAGE_CLASSES,
    Bucket,
    Resource,
    Stored,
    entity_of,
    etag_of,
    member_of,
    stamp,
)
from tests.servers.google_standin_wire import invalid

OWNERS, EDITORS, VIEWERS = (f"project-{team}-{PROJECT_NUMBER}" for team in ("owners", "editors", "viewers"))
BUCKET_FIELDS = (
    *("labels", "lifecycle", "website", "versioning", "cors", "logging", "billing", "encryption"),
    *("retentionPolicy", "storageClass", "iamConfiguration", "defaultEventBasedHold", "autoclass", "rpo"),
    *("softDeletePolicy", "hierarchicalNamespace", "ipFilter"),
)


class Shown:
    """Resources with the addresses of this stand-in."""

    def __init__(self, endpoint: str) -> None:
        self.endpoint = endpoint

    def bucket(self, bucket: Bucket, *, full: bool = False) -> Resource:
        """https://cloud.google.com/storage/docs/json_api/v1/buckets#resource"""
        told: Resource = {
            "kind": "storage#bucket",
            "id": bucket.name,
            "name": bucket.name,
            "selfLink": f"{self.endpoint}/storage/v1/b/{bucket.name}",
            "projectNumber": PROJECT_NUMBER,
            "generation": str(int(bucket.created * 1_000_000)),
            "metageneration": str(bucket.metageneration),
            "etag": etag_of(bucket.metageneration),
            "timeCreated": stamp(bucket.created),
            "updated": stamp(bucket.updated),
            **bucket.fields,
        }
        if full and not bucket.uniform:
            told["acl"] = [self.bucket_entry(bucket, entry) for entry in bucket_acl(bucket)]
            told["defaultObjectAcl"] = [
                {"kind": "storage#objectAccessControl", **entry, "etag": told["etag"]}
                for entry in bucket.default_acl
            ]
            told["owner"] = {"entity": OWNERS}
        return told

    def object(self, one: Stored, *, full: bool = False, uniform: bool = False) -> Resource:
        """https://cloud.google.com/storage/docs/json_api/v1/objects#resource"""
        path = f"b/{one.bucket}/o/{quote(one.name, safe='')}"
        told: Resource = {
            "kind": "storage#object",
            "id": f"{one.bucket}/{one.name}/{one.generation}",
            "selfLink": f"{self.endpoint}/storage/v1/{path}",
            "mediaLink": f"{self.endpoint}/download/storage/v1/{path}?generation={one.generation}&alt=media",
            "name": one.name,
            "bucket": one.bucket,
            "generation": str(one.generation),
            "metageneration": str(one.metageneration),
            "storageClass": one.storage_class,
            "size": str(one.content.size),
            "crc32c": one.content.crc32c,
            "etag": one.etag,
            "timeCreated": stamp(one.created),
            "updated": stamp(one.updated or one.created),
            "timeStorageClassUpdated": stamp(one.created),
            "timeFinalized": stamp(one.created),
            **one.fields,
        }
        if one.has_md5:
            told["md5Hash"] = one.content.md5
        if one.composed:
            told["componentCount"] = one.composed
        if one.deleted:
            told["timeDeleted"] = stamp(one.deleted)
        if one.kms_key:
            told["kmsKeyName"] = f"{one.kms_key}/cryptoKeyVersions/1"
        if full and not uniform:
            told["acl"] = [self.object_entry(one, entry) for entry in one.acl]
            told["owner"] = {"entity": one.owner}
        return told

    def bucket_entry(self, bucket: Bucket, entry: Resource) -> Resource:
        path = f"{bucket.name}/{entry['entity']}"
        link = f"{self.endpoint}/storage/v1/b/{bucket.name}/acl/{entry['entity']}"
        told = {"kind": "storage#bucketAccessControl", "id": path, "selfLink": link, "bucket": bucket.name}
        return {**told, **entry, "etag": etag_of(bucket.metageneration)}

    def object_entry(self, one: Stored, entry: Resource) -> Resource:
        path = f"{one.bucket}/{one.name}/{one.generation}/{entry['entity']}"
        link = f"{self.endpoint}/storage/v1/b/{one.bucket}/o/{quote(one.name, safe='')}/acl/{entry['entity']}"
        told = {"kind": "storage#objectAccessControl", "id": path, "selfLink": link, "bucket": one.bucket}
        return {
            **told,
            "object": one.name,
            "generation": str(one.generation),
            **entry,
            "etag": etag_of(one.generation, one.metageneration),
        }


# -- what a client writes --


def merged(old: Any, new: Any) -> Any:
    """JSON merge patch: null removes, objects merge, everything else replaces."""
    if not isinstance(new, dict):
        return new
    result = dict(old) if isinstance(old, dict) else {}
    for key, value in new.items():
        if value is None:
            result.pop(key, None)
        else:
            result[key] = merged(result.get(key), value)
    return result


def writable(resource: Resource) -> Resource:
    """What of a resource a client may set of an object; the rest is passed over, as the service does."""
    return {key: resource[key] for key in OBJECT_FIELDS if key in resource}


def without_nothing(fields: Resource) -> Resource:
    """As it is stored: nulls, empty texts and an empty metadata are *not set*."""
    kept = {key: value for key, value in fields.items() if value not in (None, "")}
    if isinstance(kept.get("metadata"), dict):
        kept["metadata"] = {key: value for key, value in kept["metadata"].items() if value is not None}
        if not kept["metadata"]:
            del kept["metadata"]
    return kept


def check_fields(fields: Resource, old: Resource | None = None) -> None:
    """Refuses texts that are none, metadata that is too long, and a custom time that goes back."""
    for key in OBJECT_FIELDS[:5]:
        if not isinstance(fields.get(key, ""), str):
            raise invalid(f"Invalid value for: {key}")
        if "\n" in fields.get(key, "") or "\r" in fields.get(key, ""):
            raise invalid(f"Invalid value for: {key}")
    metadata = fields.get("metadata", {})
    if not isinstance(metadata, dict) or not all(isinstance(value, str) for value in metadata.values()):
        raise invalid("Invalid value for: metadata")
    if sum(len(key.encode()) + len(value.encode()) for key, value in metadata.items()) > METADATA_LIMIT:
        raise invalid("The size of the custom metadata exceeds the limit of 8 KiB.")
    for hold in ("temporaryHold", "eventBasedHold"):
        if not isinstance(fields.get(hold, False), bool):
            raise invalid(f"Invalid value for: {hold}")
    custom = moment(fields.get("customTime"))
    before = moment((old or {}).get("customTime"))
    if before and (custom is None or custom < before):
        raise invalid("Custom time cannot be removed or set to an earlier date.")


def moment(text: Any) -> datetime | None:
    if text is None:
        return None
    try:
        when = datetime.fromisoformat(str(text).replace("Z", "+00:00"))
    except ValueError:
        raise invalid("Invalid value for: customTime") from None
    if when.tzinfo is None:
        raise invalid("Invalid value for: customTime")
    return when


def checked_class(name: Any) -> str:
    if name not in STORAGE_CLASSES:
        raise invalid(f"The specified storage class is not valid: {name}")
    return str(name)


def check_object_name(name: Any) -> str:
    """https://cloud.google.com/storage/docs/objects#naming"""
    if not name:
        raise invalid("Required", "required")
    if not isinstance(name, str) or not 1 <= len(name.encode("utf-8", "surrogatepass")) <= 1024:
        raise invalid(f"The maximum object length is 1024 characters, but got a name with {len(str(name))}.")
    bad = (
        "\r" in name or "\n" in name or name in (".", "..") or name.startswith(".well-known/acme-challenge/")
    )
    if bad or any(0xD800 <= ord(letter) <= 0xDFFF or ord(letter) in (0xFFFE, 0xFFFF) for letter in name):
        raise invalid(f"Invalid object name: {name!a}")
    return name


def check_bucket_name(name: Any) -> str:
    """https://cloud.google.com/storage/docs/buckets#naming"""
    if not name:
        raise invalid("Required", "required")
    good = (
        isinstance(name, str)
        and re.fullmatch(r"[a-z0-9][a-z0-9._-]*[a-z0-9]", name) is not None
        and 3 <= len(name) <= (222 if "." in name else 63)
        and all(1 <= len(part) <= 63 for part in name.split("."))
        and not re.fullmatch(r"\d+\.\d+\.\d+\.\d+", name)
        and not name.startswith("goog")
        and "google" not in name.translate(str.maketrans("01", "ol"))
    )
    if not good:
        raise invalid(f"Invalid bucket name: '{name}'")
    return str(name)


# -- access lists --

PREDEFINED: dict[str, tuple[tuple[str, str], ...]] = {
    "private": (),
    "projectPrivate": ((OWNERS, "OWNER"), (EDITORS, "OWNER"), (VIEWERS, "READER")),
    "publicRead": (("allUsers", "READER"),),
    "publicReadWrite": (("allUsers", "WRITER"),),
    "authenticatedRead": (("allAuthenticatedUsers", "READER"),),
    "bucketOwnerRead": ((OWNERS, "READER"),),
    "bucketOwnerFullControl": ((OWNERS, "OWNER"),),
}
"""https://cloud.google.com/storage/docs/access-control/lists#predefined-acl"""
BUCKET_ROLES = {
    "OWNER": "roles/storage.legacyBucketOwner",
    "WRITER": "roles/storage.legacyBucketWriter",
    "READER": "roles/storage.legacyBucketReader",
}


def predefined(name: str, owner: str, *, bucket: bool = False) -> list[Resource]:
    wrong = ("bucketOwnerRead", "bucketOwnerFullControl") if bucket else ("publicReadWrite",)
    if name not in PREDEFINED or name in wrong:
        raise invalid(f"Invalid value for parameter: predefinedAcl ({name})", "invalidParameter")
    entries = PREDEFINED[name]
    if owner not in [entity for entity, _ in entries]:
        entries = ((owner, "OWNER"), *entries)
    return [acl_entry(entity, role) for entity, role in entries]


def acl_entry(entity: Any, role: Any, *, bucket: bool = False) -> Resource:
    if role not in (("OWNER", "WRITER", "READER") if bucket else ("OWNER", "READER")):
        raise invalid(f"Invalid argument: role {role}")
    if not isinstance(entity, str):
        raise invalid("Required", "required")
    member_of(entity)
    entry: Resource = {"entity": entity, "role": role}
    kind, _, rest = entity.partition("-")
    if kind in ("user", "group"):
        entry["email"] = rest
    elif kind == "domain":
        entry["domain"] = rest
    elif kind == "project":
        team, _, number = rest.rpartition("-")
        entry["projectTeam"] = {"projectNumber": number, "team": team}
    return entry


def acl_of(entries: Any, *, bucket: bool = False) -> list[Resource]:
    if not isinstance(entries, list) or not all(isinstance(entry, dict) for entry in entries):
        raise invalid("Invalid value for: acl")
    return [acl_entry(entry.get("entity"), entry.get("role"), bucket=bucket) for entry in entries]


def bucket_acl(bucket: Bucket) -> list[Resource]:
    """The ACL of a bucket is another view of its policy's legacy roles, with the service, too."""
    from_role = {role: name for name, role in BUCKET_ROLES.items()}
    found: dict[str, str] = {}
    order = list(BUCKET_ROLES)
    for binding in bucket.bindings:
        if (name := from_role.get(binding["role"])) is None:
            continue
        for member in binding["members"]:
            entity = entity_of(member)
            if entity not in found or order.index(name) < order.index(found[entity]):
                found[entity] = name
    return [acl_entry(entity, role, bucket=True) for entity, role in found.items()]


def set_bucket_acl(bucket: Bucket, entries: list[Resource]) -> None:
    others = [binding for binding in bucket.bindings if binding["role"] not in BUCKET_ROLES.values()]
    for name, role in BUCKET_ROLES.items():
        members = [member_of(entry["entity"]) for entry in entries if entry["role"] == name]
        if members:
            others.append({"role": role, "members": members})
    bucket.bindings = others
    bucket.policy_version += 1


def changed(one: Stored) -> None:
    one.metageneration += 1
    one.updated = time.time()
