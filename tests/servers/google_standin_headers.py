"""Headers of the XML API, in the words of the JSON API.

Source: https://cloud.google.com/storage/docs/xml-api/reference-headers
"""

from __future__ import annotations

from tests.servers.google_standin_service import Call
from tests.servers.google_standin_state import Resource
from tests.servers.google_standin_wire import Refused, Request

ACLS = {
    "private": "private",
    "project-private": "projectPrivate",
    "public-read": "publicRead",
    "authenticated-read": "authenticatedRead",
    "bucket-owner-read": "bucketOwnerRead",
    "bucket-owner-full-control": "bucketOwnerFullControl",
}
FIELDS = {
    "content-type": "contentType",
    "cache-control": "cacheControl",
    "content-encoding": "contentEncoding",
    "content-disposition": "contentDisposition",
    "content-language": "contentLanguage",
    "x-goog-custom-time": "customTime",
    "x-goog-storage-class": "storageClass",
}


def resource_of(request: Request) -> Resource:
    found: Resource = {ours: request.header(name) for name, ours in FIELDS.items() if request.header(name)}
    metadata = {
        name.removeprefix("x-goog-meta-"): value
        for name, value in request.folded.items()
        if name.startswith("x-goog-meta-")
    }
    return {**found, "metadata": metadata} if metadata else found


def with_acl(call: Call, named: str) -> Call:
    """The same call, with a predefined ACL in the words of the JSON API."""
    if named and named not in ACLS:
        raise Refused(400, "invalid", "Invalid argument.", details=f"No such ACL: {named}")
    other = Request(call.request.method, call.request.target, call.request.headers, call.request.body)
    other.query = {"predefinedAcl": ACLS[named]} if named else {}
    return Call(call.service, other, call.caller, call.names)


def conditions(request: Request) -> dict[str, str]:
    names = {
        "x-goog-if-generation-match": "ifGenerationMatch",
        "x-goog-if-metageneration-match": "ifMetagenerationMatch",
    }
    return {ours: request.header(name) for name, ours in names.items() if request.header(name)}
