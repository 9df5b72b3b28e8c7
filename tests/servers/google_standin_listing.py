"""Listings of the Google stand-in: pages, prefixes, versions.

Source: https://cloud.google.com/storage/docs/json_api/v1/objects/list
"""

from __future__ import annotations

import re
from bisect import bisect_left
from collections.abc import Iterator, Mapping
from itertools import islice

from tests.servers.google_standin_buckets import opened, page_size, sealed
from tests.servers.google_standin_service import Call
from tests.servers.google_standin_state import Bucket, Resource, Stored, demand
from tests.servers.google_standin_wire import Reply, invalid, not_here

LAST = "\U0010ffff"
Entry = tuple[str, Stored | None]  # None: a prefix


def list_objects(call: Call) -> Reply:
    bucket = call.state.bucket(call.names[0])
    demand(call.caller, "storage.objects.list", bucket)
    if call.request.flag("softDeleted"):
        raise not_here("This stand-in keeps no soft-deleted objects.")
    found, token = page_of(bucket, call.query, page_size(call))
    told: Resource = {"kind": "storage#objects"}
    if token:
        told["nextPageToken"] = token
    if prefixes := [name for name, one in found if one is None]:
        told["prefixes"] = prefixes
    shown, uniform = call.service.shown, bucket.uniform
    if items := [shown.object(one, full=call.full, uniform=uniform) for _, one in found if one is not None]:
        told["items"] = items
    return call.told(told)


def page_of(bucket: Bucket, query: Mapping[str, str], size: int) -> tuple[list[Entry], str]:
    """The entries of one page, and the token of the next. A token names the entry that a page begins with."""
    first, _, generation = opened(query.get("pageToken", ""), "objects").rpartition("/")
    left = iter(entries(bucket, query, first))
    if generation not in ("", "0"):
        left = (
            entry
            for entry in left
            if entry[0] != first or entry[1] is None or entry[1].generation >= int(generation)
        )
    found = list(islice(left, size + 1))
    if len(found) <= size:
        return found, ""
    name, one = found.pop()
    return found, sealed(f"{name}/{one.generation if one else 0}", "objects")


def entries(bucket: Bucket, query: Mapping[str, str], first: str) -> Iterator[Entry]:
    """Objects and prefixes from `first` on, in order; of a name with many generations, the oldest first."""
    prefix, delimiter, end = query.get("prefix", ""), query.get("delimiter", ""), query.get("endOffset", "")
    trailing = query.get("includeTrailingDelimiter", "").lower() == "true"
    versions = query.get("versions", "").lower() == "true"
    fits = glob(query.get("matchGlob", "")).fullmatch
    names = bucket.names
    at = bisect_left(names, max(prefix, query.get("startOffset", ""), first))
    while at < len(names) and names[at].startswith(prefix) and not (end and names[at] >= end):
        name = names[at]
        below = name.find(delimiter, len(prefix)) if delimiter else -1
        if below < 0:
            if fits(name):
                yield from ((name, one) for one in listed(bucket, name, versions))
            at += 1
            continue
        common = name[: below + len(delimiter)]
        after = bisect_left(names, common + LAST, at)
        if any(listed(bucket, one, versions) for one in names[at:after]):
            yield common, None
            if trailing and name == common:
                yield from ((name, one) for one in listed(bucket, name, versions))
        at = after


def listed(bucket: Bucket, name: str, versions: bool) -> list[Stored]:
    if versions:
        return bucket.objects[name]
    live = bucket.live(name)
    return [live] if live else []


def glob(pattern: str) -> re.Pattern[str]:
    """matchGlob: * stays within a folder, ** does not; {a,b} is a choice."""
    text, depth = "", 0
    for part in re.split(r"(\*\*|[*?{},]|\[[^\]]*\])", pattern or "**"):
        depth += (part == "{") - (part == "}")
        words = {"**": ".*", "*": "[^/]*", "?": "[^/]", "{": "(?:", "}": ")"}
        if part == "," and depth:
            text += "|"
        elif part.startswith("[") and part.endswith("]"):
            text += part.replace("[!", "[^")
        else:
            text += words.get(part, re.escape(part))
    try:
        return re.compile(f"(?s){text}")
    except re.error:
        raise invalid("Invalid value for parameter: matchGlob", "invalidParameter") from None
