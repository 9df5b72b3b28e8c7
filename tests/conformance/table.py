"""Which flags each driver must have on each server, by hand: lowering one in the code fails a test.

A test marked `needs(flag)` runs for the services that have the flag here; test_capabilities holds each driver
to its line, exercises what is flagged and sees the rest refused.
"""

from __future__ import annotations

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
SERVICES = tuple(FLAGS)

ORACLES = {
    "s3-swift": "boto3",
    "s3-moto": "boto3",
}
"""The vendor's SDK that reads back what is written there (tests/oracles); local and memory have no vendor."""
