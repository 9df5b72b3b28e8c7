"""What one Swift cluster holds and can, as it says itself at /info; and what that means for a driver.

https://docs.openstack.org/swift/latest/api/discoverability.html
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass, fields, replace
from typing import Any
from urllib.parse import urlsplit

from storage_core.capabilities import GIB, TIB, Capabilities
from storage_core.signing.tempurl import DIGESTS

PARTS_WANTED = 10_000
"""More parts than one manifest holds go into manifests of manifests; beyond this many nobody needs."""

PAGE = 2000
"""Rows of a listing in one reply: with the longest names, as JSON writes them, 13 MB."""

SIGNED = ("GET", "HEAD", "PUT", "POST", "DELETE")


@dataclass(frozen=True, slots=True, kw_only=True)
class Limits:
    """Sizes in bytes. The defaults are those of Swift as it is installed; `told` when the cluster spoke."""

    told: bool = False
    max_file_size: int = 5 * GIB + 2
    max_meta_count: int = 90
    max_meta_name_length: int = 128
    max_meta_value_length: int = 256
    max_meta_overall_size: int = 4096
    max_object_name_length: int = 1024
    max_container_name_length: int = 256
    container_listing_limit: int = PAGE
    account_listing_limit: int = PAGE
    max_manifest_segments: int = 1000
    min_segment_size: int = 1
    max_deletes_per_request: int = 1000
    slo: bool = True
    bulk_delete: bool = True
    object_versioning: bool = True
    staticweb: bool = True
    link_methods: tuple[str, ...] = SIGNED
    link_digests: tuple[str, ...] = ("sha256", "sha1")  # best first

    def narrowed(self, able: Capabilities) -> Capabilities:
        """The capabilities of this cluster: never more than `able` promises."""
        why = dict(able.why)
        if not self.slo:
            why["parts"] = "This cluster does not put objects together from segments."
        if not self.object_versioning:
            why["versions"] = "This cluster does not keep versions."
        if not self.link_methods:
            why["signed_urls"] = "This cluster does not offer temporary links."
        many = self.max_manifest_segments
        return replace(
            able,
            parts=able.parts and self.slo,
            copy_parts=able.copy_parts and self.slo,
            versions=able.versions and self.object_versioning,
            delete_many=min(self.max_deletes_per_request, 1000) if self.bulk_delete else 0,
            signed_urls=tuple(method for method in able.signed_urls if method in self.link_methods),
            page_size_max=self.container_listing_limit,
            put_size_max=self.max_file_size,
            copy_size_max=self.max_file_size,
            part_size_min=max(1, self.min_segment_size),
            part_size_max=self.max_file_size,
            part_count_max=min(PARTS_WANTED, many * many) if self.slo else 1,
            object_size_max=min(48 * TIB, many * many * self.max_file_size)
            if self.slo
            else self.max_file_size,
            object_name_bytes_max=self.max_object_name_length,
            metadata_bytes_max=self.max_meta_overall_size,
            why=why,
        )


def info_url(storage_url: str) -> str:
    """Where the cluster tells about itself: beside the API's version in the account's own address."""
    parts = urlsplit(storage_url)
    before, _, _ = parts.path.partition("/v1")
    return f"{parts.scheme}://{parts.netloc}{before}/info"


def read_info(body: bytes) -> Limits:
    """What /info says; the defaults where it says nothing we understand."""
    try:
        told = json.loads(body)
    except (ValueError, RecursionError):
        return Limits()
    if not isinstance(told, dict) or not isinstance(told.get("swift"), dict):
        return Limits()
    swift, slo, links = told["swift"], told.get("slo"), told.get("tempurl")
    numbers = {**swift, **(slo if isinstance(slo, dict) else {}), **_dict(told.get("bulk_delete"))}
    values: dict[str, Any] = {
        one.name: numbers[one.name]
        for one in fields(Limits)
        if isinstance(getattr(Limits(), one.name), int)
        and not isinstance(getattr(Limits(), one.name), bool)
        and _is_count(numbers.get(one.name))
    }
    for name in ("container_listing_limit", "account_listing_limit"):
        values[name] = min(values.get(name, PAGE), PAGE)
    return Limits(
        **values,
        told=True,
        slo="slo" in told,
        bulk_delete="bulk_delete" in told,
        object_versioning="object_versioning" in told,
        staticweb="staticweb" in told,
        link_methods=_words(_dict(links).get("methods"), SIGNED) if "tempurl" in told else (),
        link_digests=_digests(_dict(links)),
    )


def _digests(links: Mapping[str, Any]) -> tuple[str, ...]:
    # Clusters from before the word exists take SHA-1 and nothing else.
    allowed = _words(links.get("allowed_digests"), ("sha1",))
    known = tuple(name for name in DIGESTS if name in allowed)
    return known or ("sha1",)


def _words(value: object, otherwise: tuple[str, ...]) -> tuple[str, ...]:
    return tuple(str(one) for one in value) if isinstance(value, list) else otherwise


def _dict(value: object) -> dict[str, Any]:
    return value if isinstance(value, dict) else {}


def _is_count(value: object) -> bool:
    return isinstance(value, int) and not isinstance(value, bool) and value > 0
