"""boto3 as the oracle of the S3 driver, on any server that speaks S3.

What boto3 does of its own accord, and what is done about it here:

- object names go out and come back as they are, `.`, `..`, `a//b` and control characters too;
- metadata must be ASCII: other text is sent as RFC 2047 words, as Amazon's page on metadata says, and boto3
  gives such words back undecoded;
- `Expires` becomes a date, or nothing when it is none; `ExpiresString` is the header itself;
- the class STANDARD may be named or not: it is "" here;
- tags come with a request of their own;
- checksums of newer SDKs (aws-chunked bodies, CRC32 trailers) are off: not every server takes them.
"""

from __future__ import annotations

from email.header import Header, decode_header, make_header
from math import ceil
from typing import Any
from urllib.parse import quote, unquote

import boto3
from botocore.config import Config
from botocore.exceptions import ClientError

from storage_core.drivers.s3 import S3StorageDriver
from tests.oracles import Found

_GONE = {"NoSuchKey", "NoSuchBucket", "404"}
_ARCHIVED = "InvalidObjectState"
_FIELDS = {
    "content_type": "ContentType",
    "content_encoding": "ContentEncoding",
    "content_disposition": "ContentDisposition",
    "content_language": "ContentLanguage",
    "cache_control": "CacheControl",
    "expires": "ExpiresString",
    "storage_class": "StorageClass",
    "encryption": "ServerSideEncryption",
}


class Boto3:
    """An account at a server with `endpoint`, `access_key`, `secret_key` and `region`."""

    sdk = "boto3"
    folds_keys = True

    def __init__(self, server: Any) -> None:
        self.key = server.access_key
        self.client = client_of(server)

    def serves(self, driver: Any) -> bool:
        """By its key: between a driver and its server may be a gateway."""
        return isinstance(driver, S3StorageDriver) and driver.key == self.key

    def read(self, container: str, name: str) -> Found | None:
        """See Oracle. Tags cost a request more, where there are some."""
        where = {"Bucket": container, "Key": name}
        try:
            told = self.client.get_object(**where)
            data = told["Body"].read()
        except ClientError as error:
            if error.response["Error"]["Code"] in _GONE:
                return None
            if error.response["Error"]["Code"] != _ARCHIVED:
                raise
            told, data = self.client.head_object(**where), None
        values = {field: told.get(theirs, "") for field, theirs in _FIELDS.items()}
        if values["storage_class"] == "STANDARD":
            values["storage_class"] = ""
        tags = self.client.get_object_tagging(**where)["TagSet"] if told.get("TagCount") else []
        return Found(
            data=data,
            size=told["ContentLength"],
            metadata={unquote(key): _decoded(value) for key, value in told["Metadata"].items()},
            tags={tag["Key"]: tag["Value"] for tag in tags},
            **values,
        )

    def write(self, container: str, name: str, data: bytes, *, parts: int = 0, **attributes: Any) -> None:
        """See Oracle."""
        options = {theirs: attributes[field] for field, theirs in _FIELDS.items() if attributes.get(field)}
        if "ExpiresString" in options:
            options["Expires"] = options.pop("ExpiresString")
        if tags := attributes.get("tags"):
            options["Tagging"] = "&".join(
                f"{quote(key, safe='')}={quote(value, safe='')}" for key, value in tags.items()
            )
        options["Metadata"] = {key: _encoded(value) for key, value in attributes.get("metadata", {}).items()}
        options |= {"Bucket": container, "Key": name}
        if parts:
            self._write_in_parts(data, parts, options)
        else:
            self.client.put_object(Body=data, **options)

    def names(self, container: str) -> list[str]:
        """See Oracle."""
        pages = self.client.get_paginator("list_objects_v2").paginate(Bucket=container)
        try:
            return [one["Key"] for page in pages for one in page.get("Contents", [])]
        except ClientError as error:
            if error.response["Error"]["Code"] in _GONE:
                return []
            raise

    def delete(self, container: str, name: str) -> None:
        """See Oracle."""
        self.client.delete_object(Bucket=container, Key=name)

    def keep_versions(self, container: str) -> None:
        """See Oracle."""
        self.client.put_bucket_versioning(Bucket=container, VersioningConfiguration={"Status": "Enabled"})

    def close(self) -> None:
        """Give the connections back."""
        self.client.close()

    # -- helpers --

    def _write_in_parts(self, data: bytes, parts: int, options: dict[str, Any]) -> None:
        upload = {"UploadId": self.client.create_multipart_upload(**options)["UploadId"]}
        upload |= {"Bucket": options["Bucket"], "Key": options["Key"]}
        step = ceil(len(data) / parts)
        receipts = []
        for number in range(1, parts + 1):
            piece = data[(number - 1) * step : number * step]
            told = self.client.upload_part(**upload, PartNumber=number, Body=piece)
            receipts.append({"PartNumber": number, "ETag": told["ETag"]})
        self.client.complete_multipart_upload(**upload, MultipartUpload={"Parts": receipts})


def client_of(server: Any) -> Any:
    """A boto3 client for a server of tests/servers."""
    config = Config(
        s3={"addressing_style": "path"},
        retries={"max_attempts": 2},
        max_pool_connections=4,
        request_checksum_calculation="when_required",
        response_checksum_validation="when_required",
    )
    return boto3.client(
        "s3",
        endpoint_url=server.endpoint,
        aws_access_key_id=server.access_key,
        aws_secret_access_key=server.secret_key,
        region_name=server.region,
        config=config,
    )


def _decoded(value: str) -> str:
    return str(make_header(decode_header(value))) if "=?" in value else value


def _encoded(value: str) -> str:
    """RFC 2047, on one line."""
    if value.isascii() and "=?" not in value:
        return value
    return Header(value, "utf-8", maxlinelen=0).encode()
