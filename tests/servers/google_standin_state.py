"""What the Google stand-in holds: buckets, generations of objects, and the checks that every verb makes."""

from __future__ import annotations

import base64
import threading
import time
from bisect import bisect_left, insort
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any

from tests.servers.google_standin import PROJECT
from tests.servers.google_standin_accounts import PROJECT_NUMBER, Caller
from tests.servers.google_standin_content import Content
from tests.servers.google_standin_wire import Refused, invalid

Resource = dict[str, Any]

OBJECT_FIELDS = (
    *(
        "cacheControl",
        "contentDisposition",
        "contentEncoding",
        "contentLanguage",
        "contentType",
        "customTime",
    ),
    *("metadata", "temporaryHold", "eventBasedHold", "retention", "contexts"),
)
"""What a client may set of an object, beside its class and its ACL."""
METADATA_LIMIT = 8 * 1024  # bytes of all keys and values: cloud.google.com/storage/quotas#objects
STORAGE_CLASSES = {
    *("STANDARD", "NEARLINE", "COLDLINE", "ARCHIVE", "MULTI_REGIONAL", "REGIONAL"),
    "DURABLE_REDUCED_AVAILABILITY",
}


def stamp(when: float) -> str:
    """RFC 3339 with milliseconds, as Google writes it."""
    return datetime.fromtimestamp(when, UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")


def etag_of(*numbers: int) -> str:
    return base64.b64encode(b"\x08" + b"/".join(b"%d" % number for number in numbers)).decode()


@dataclass(eq=False)
class Stored:
    """One generation of an object."""

    name: str
    bucket: str
    generation: int
    content: Content
    fields: Resource
    storage_class: str
    acl: list[Resource]
    owner: str  # an entity
    composed: int = 0  # components; 0 for an object that was uploaded at once
    has_md5: bool = True
    kms_key: str = ""
    metageneration: int = 1
    created: float = field(default_factory=time.time)
    updated: float = 0.0
    deleted: float = 0.0

    @property
    def etag(self) -> str:
        return etag_of(self.generation, self.metageneration)


@dataclass(eq=False)
class Bucket:
    name: str
    project: str
    fields: Resource
    bindings: list[Resource]
    default_acl: list[Resource]
    metageneration: int = 1
    policy_version: int = 1
    created: float = field(default_factory=time.time)
    updated: float = field(default_factory=time.time)
    objects: dict[str, list[Stored]] = field(default_factory=dict)  # oldest generation first
    names: list[str] = field(default_factory=list)  # of all objects, in order

    @property
    def uniform(self) -> bool:
        configuration = self.fields.get("iamConfiguration", {})
        return bool(configuration.get("uniformBucketLevelAccess", {}).get("enabled"))

    @property
    def prevents_public(self) -> bool:
        return bool(self.fields.get("iamConfiguration", {}).get("publicAccessPrevention") == "enforced")

    @property
    def versioned(self) -> bool:
        return bool(self.fields.get("versioning", {}).get("enabled"))

    @property
    def storage_class(self) -> str:
        return str(self.fields.get("storageClass", "STANDARD"))

    def touch(self) -> None:
        self.metageneration += 1
        self.updated = time.time()

    def live(self, name: str) -> Stored | None:
        found = self.objects.get(name)
        return found[-1] if found and not found[-1].deleted else None

    def generation(self, name: str, generation: int | None) -> Stored | None:
        """That generation, archived or live; the live one when none is named."""
        if generation is None:
            return self.live(name)
        return next((one for one in self.objects.get(name, ()) if one.generation == generation), None)

    def put(self, new: Stored) -> None:
        """Makes it the live one; what was live is archived or forgotten."""
        if old := self.live(new.name):
            refuse_held(old)
            self.archive(old) if self.versioned else self.forget(old)
        if new.name not in self.objects:
            self.objects[new.name] = []
            insort(self.names, new.name)
        self.objects[new.name].append(new)

    def archive(self, old: Stored) -> None:
        old.deleted = time.time()

    def forget(self, old: Stored) -> None:
        found = self.objects[old.name]
        found.remove(old)
        if not found:
            del self.objects[old.name]
            del self.names[bisect_left(self.names, old.name)]


def refuse_held(one: Stored) -> None:
    for hold, name in (("temporaryHold", "Temporary"), ("eventBasedHold", "Event-Based")):
        if one.fields.get(hold):
            raise Refused(
                403,
                "forbidden",
                f"Object '{one.bucket}/{one.name}' is under active {name} hold and cannot be deleted, "
                "overwritten or archived until hold is removed.",
            )


class State:
    """All buckets. `lock` is held while one is looked at or changed; contents never change."""

    def __init__(self) -> None:
        self.lock = threading.RLock()
        self.buckets: dict[str, Bucket] = {}
        self._last_generation = 0

    def reset(self) -> None:
        with self.lock:
            self.buckets.clear()

    def new_generation(self) -> int:
        """Microseconds since 1970, never twice the same."""
        self._last_generation = max(self._last_generation + 1, int(time.time() * 1_000_000))
        return self._last_generation

    def bucket(self, name: str) -> Bucket:
        if name not in self.buckets:
            raise no_bucket()
        return self.buckets[name]


def no_bucket() -> Refused:
    return Refused(404, "notFound", "The specified bucket does not exist.", xml="NoSuchBucket")


def no_object(bucket: str, name: str) -> Refused:
    return Refused(404, "notFound", f"No such object: {bucket}/{name}", xml="NoSuchKey")


# -- preconditions --


def unmet() -> Refused:
    return Refused(
        412,
        "conditionNotMet",
        "At least one of the pre-conditions you specified did not hold.",
        location=("header", "If-Match"),
    )


def check_conditions(
    asked: Mapping[str, str], one: Stored | Bucket | None, *, prefix: str = "if", reads: bool = False
) -> None:
    """ifGenerationMatch, ifGenerationNotMatch, ifMetagenerationMatch, ifMetagenerationNotMatch.

    An object that is not there has generation 0. Unmet is a 412; for a read, an unmet *NotMatch* is a 304.
    Source: cloud.google.com/storage/docs/request-preconditions
    """
    now = {"Generation": 0, "Metageneration": 0}
    if one is not None:
        now["Metageneration"] = one.metageneration
    if isinstance(one, Stored):
        now["Generation"] = one.generation
    for what, value in now.items():
        if isinstance(one, Bucket) and what == "Generation":
            continue
        wanted = number(asked, f"{prefix}{what}Match")
        if wanted is not None and (wanted != value or (what == "Metageneration" and one is None)):
            raise unmet()
        unwanted = number(asked, f"{prefix}{what}NotMatch")
        if unwanted is not None and unwanted == value:
            raise Refused(304, "notModified", "Not Modified") if reads else unmet()


def number(asked: Mapping[str, str], name: str) -> int | None:
    if name not in asked:
        return None
    try:
        return int(asked[name])
    except ValueError:
        raise invalid(f"Invalid value for parameter: {name}", "invalidParameter") from None


# -- who may --

READ_ROLE = {"storage.objects.get"}
OWN_ROLE = {
    *READ_ROLE,
    "storage.objects.update",
    "storage.objects.getIamPolicy",
    "storage.objects.setIamPolicy",
}
OBJECT_ROLE = {
    *("storage.objects.get", "storage.objects.list", "storage.objects.create", "storage.objects.delete"),
    *("storage.objects.update", "storage.multipartUploads.create", "storage.multipartUploads.abort"),
    *("storage.multipartUploads.list", "storage.multipartUploads.listParts"),
}
BUCKET_WRITER = {
    *("storage.buckets.get", "storage.objects.list", "storage.objects.create", "storage.objects.delete"),
    *("storage.multipartUploads.create", "storage.multipartUploads.abort"),
}
BUCKET_OWNER = {
    *BUCKET_WRITER,
    *("storage.buckets.getIamPolicy", "storage.buckets.setIamPolicy", "storage.buckets.update"),
}
EVERYTHING = {
    *OBJECT_ROLE,
    *OWN_ROLE,
    *BUCKET_OWNER,
    *("storage.buckets.create", "storage.buckets.delete", "storage.buckets.list"),
}
ROLES: dict[str, set[str]] = {
    "roles/storage.admin": EVERYTHING,
    "roles/storage.objectAdmin": OBJECT_ROLE | OWN_ROLE,
    "roles/storage.objectUser": OBJECT_ROLE,
    "roles/storage.objectViewer": {"storage.objects.get", "storage.objects.list"},
    "roles/storage.objectCreator": {"storage.objects.create", "storage.multipartUploads.create"},
    "roles/storage.legacyBucketOwner": BUCKET_OWNER,
    "roles/storage.legacyBucketWriter": BUCKET_WRITER,
    "roles/storage.legacyBucketReader": {"storage.buckets.get", "storage.objects.list"},
    "roles/storage.legacyObjectReader": READ_ROLE,
    "roles/storage.legacyObjectOwner": OWN_ROLE,
}
"""https://cloud.google.com/storage/docs/access-control/iam-roles"""
PUBLIC = {"allUsers", "allAuthenticatedUsers"}
READING = {"storage.objects.get", "storage.objects.list", "storage.buckets.get", "storage.buckets.list"}
WRITING = {
    *("storage.objects.create", "storage.objects.delete", "storage.objects.update"),
    *("storage.buckets.create", "storage.buckets.delete"),
    *("storage.multipartUploads.create", "storage.multipartUploads.abort"),
}


def level_needed(permission: str) -> int:
    """Which scope it takes: 0 read_only, 1 read_write, 2 full_control."""
    return 0 if permission in READING else 1 if permission in WRITING else 2


def entity_of(member: str) -> str:
    """The ACL's word for a member of a policy."""
    kind, _, rest = member.partition(":")
    if kind in ("projectOwner", "projectEditor", "projectViewer"):
        return f"project-{kind.removeprefix('project').lower()}s-{PROJECT_NUMBER}"
    return member if not rest else f"{'user' if kind == 'serviceAccount' else kind}-{rest}"


def member_of(entity: str) -> str:
    """The policy's word for an entity of an ACL. Refuses what is none."""
    if entity in PUBLIC:
        return entity
    kind, _, rest = entity.partition("-")
    if kind == "project" and rest.rpartition("-")[0] in ("owners", "editors", "viewers"):
        return f"project{rest.rpartition('-')[0][:-1].capitalize()}:{PROJECT}"
    if kind not in ("user", "group", "domain") or not rest:
        raise invalid(f"Invalid argument: unknown entity {entity}")
    return f"serviceAccount:{rest}" if rest.endswith("gserviceaccount.com") else entity.replace("-", ":", 1)


def allowed(caller: Caller, permission: str, bucket: Bucket | None = None, one: Stored | None = None) -> bool:
    """By the project, the policy of the bucket or, where they still count, the ACLs."""
    if caller.level < level_needed(permission):
        return False
    members = caller.members
    if f"projectOwner:{PROJECT}" in members and (bucket is None or bucket.project == PROJECT):
        return True
    if bucket is None:
        return False
    if bucket.prevents_public:
        members = members - PUBLIC
    for binding in bucket.bindings:
        if permission in ROLES.get(binding["role"], ()) and not members.isdisjoint(binding["members"]):
            return True
    if one is None or bucket.uniform:
        return False
    for entry in one.acl:
        role = OWN_ROLE if entry["role"] == "OWNER" else READ_ROLE
        if permission in role and member_of(entry["entity"]) in members:
            return True
    return False


def demand(caller: Caller, permission: str, bucket: Bucket | None = None, one: Stored | None = None) -> None:
    """Raises 401 for nobody, 403 for somebody who may not."""
    if not allowed(caller, permission, bucket, one):
        raise denied(caller, permission)


def denied(caller: Caller, permission: str) -> Refused:
    who = caller.email or "Anonymous caller"
    kind = "object" if ".objects." in permission else "bucket"
    if caller.email and caller.level < level_needed(permission):
        challenge = 'Bearer realm="https://accounts.google.com/", error="insufficient_scope"'
        return Refused(
            403,
            "insufficientPermissions",
            "Provided scope(s) are not authorized",
            headers=[("WWW-Authenticate", challenge)],
        )
    message = (
        f"{who} does not have {permission} access to the Google Cloud Storage {kind}. "
        f"Permission '{permission}' denied on resource (or it may not exist)."
    )
    if caller.anonymous:
        return Refused(
            401,
            "required",
            message,
            location=("header", "Authorization"),
            headers=[("WWW-Authenticate", 'Bearer realm="https://accounts.google.com/"')],
        )
    return Refused(403, "forbidden", message)


def find(
    state: State, caller: Caller, names: list[str], generation: int | None = None, *, to: str = "get"
) -> tuple[Bucket, Stored]:
    """The object, for a caller who may do that with it. Who may not list is not told that it is missing."""
    bucket_name, name = names
    bucket = state.bucket(bucket_name)
    one = bucket.generation(name, generation)
    if one is None:
        if not allowed(caller, "storage.objects.list", bucket):
            raise denied(caller, f"storage.objects.{to}")
        raise no_object(bucket_name, name)
    demand(caller, f"storage.objects.{to}", bucket, one)
    return bucket, one
