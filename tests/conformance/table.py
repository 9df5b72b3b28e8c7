"""Which flags each driver must have on each server, by hand: lowering one in the code fails a test.

A test marked `needs(flag)` runs for the services that have the flag here; test_capabilities holds each driver
to its line, exercises what is flagged and sees the rest refused.
"""

from __future__ import annotations

from collections.abc import Sequence

BASICS = {
    "list_containers",
    "create_containers",
    "list_folders",
    "ranged_reads",
    "metadata",
    "content_headers",
}
LOCAL = BASICS | {"server_copy", "set_attributes", "create_only", "tags"}
S3 = BASICS | {
    *("parts", "server_copy", "copy_parts", "set_attributes", "delete_many", "signed_urls", "create_only"),
}

FLAGS: dict[str, set[str]] = {
    "local": LOCAL,
    "local-one-folder": LOCAL - {"create_containers"},
    "local-database": LOCAL,
    "local-by-path": LOCAL,
    "memory": LOCAL | {"parts", "copy_parts", "delete_many", "public_containers"},
    "s3-swift": S3,
    "s3-moto": S3
    | {"versions", "public_containers", "public_objects", "cdn", "storage_classes", "encryption", "tags"},
}
GOOGLE = BASICS | {
    *("parts", "server_copy", "set_attributes", "delete_many", "versions", "signed_urls"),
    *("public_containers", "public_objects", "create_only", "storage_classes"),
}
FLAGS["google-standin"] = GOOGLE
FLAGS["google-emulator"] = GOOGLE
SWIFT = BASICS | {
    *("parts", "server_copy", "copy_parts", "set_attributes", "delete_many", "versions", "signed_urls"),
    *("public_containers", "create_only"),
}
FLAGS["swift-tempauth"] = SWIFT
FLAGS["swift-keystone"] = SWIFT
FLAGS["azure-azurite"] = BASICS | {
    *("parts", "server_copy", "set_attributes", "delete_many", "versions", "signed_urls"),
    *("public_containers", "create_only", "storage_classes", "tags"),
}

GOOGLE_REFUSES = {".", "..", "tab\tand\rreturn"}
REFUSED_NAMES: dict[str, set[str]] = {
    "azure-azurite": {"c:\\x\\y", "a\\..\\b"},
    "google-standin": GOOGLE_REFUSES,
    "google-emulator": GOOGLE_REFUSES,
}
"""Names that a service does not have, or would store as others (Azure makes slashes of backslashes): refused
before all else.
"""
MANGLED: dict[str, set[str]] = {"google-emulator": {"../../etc/passwd", "a/../b", "a\\..\\b", "a/./b"}}
"""Names that a server cannot hold, whatever the client: the emulator's store is a tree of folders; it hangs
up at `..` and takes `a/./b` for `a//b`.
"""
UNLISTABLE: dict[str, set[str]] = {"azure-azurite": {"\x01\x1f\x7f"}}
"""Names that a server stores and cannot list, whatever the client: Azurite answers 500 to a listing with one
that XML does not hold. (Azure itself encodes it: tests/drivers/test_azure_wire.py.)
"""


def possible_names(service: str, names: Sequence[str]) -> list[str]:
    """Those that can be stored and listed there."""
    impossible = {name for table in (REFUSED_NAMES, UNLISTABLE, MANGLED) for name in table.get(service, ())}
    return [name for name in names if name not in impossible]


ORACLES = {
    "s3-swift": "boto3",
    "s3-moto": "boto3",
    "swift-tempauth": "python-swiftclient",
    "swift-keystone": "python-swiftclient",
    "azure-azurite": "azure-storage-blob",
    "google-standin": "google-cloud-storage",
    "google-emulator": "google-cloud-storage",
}
"""The vendor's SDK that reads back what is written there (tests/oracles)."""
WITHOUT_VENDOR = {"local", "memory"}
"""Kinds of services that nobody has an SDK for."""
