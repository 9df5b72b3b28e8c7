"""azure-storage-blob as the oracle of the Azure driver.

What the SDK does of its own accord, and what is done about it here:

- names go out percent-encoded and come back as they are, but for what XML cannot hold; requests, below the
  SDK, would take the steps `.` and `..` out of a URL, so its session is told to leave them in;
- metadata must be C# identifiers and ASCII: other keys are spelled as .NET's XmlConvert.EncodeName does it
  (`two-words` as `two_x002d_words`), other texts are sent as RFC 2047 words;
- the tier of the account is told as if it were the blob's own: it is "" here, when nobody chose it;
- blocks have random ids that the SDK makes; `parts` asks for that many.
"""

from __future__ import annotations

import re
from email.header import Header, decode_header, make_header
from math import ceil
from typing import Any

import requests
from azure.core.exceptions import ResourceNotFoundError
from azure.core.pipeline.transport import RequestsTransport
from azure.storage.blob import BlobBlock, BlobServiceClient, ContentSettings

from storage_core.drivers.azure_blobs import AzureBlobsStorageDriver
from tests.oracles import Found

_SETTINGS = ("content_type", "content_encoding", "content_disposition", "content_language", "cache_control")


class _AsIs(requests.Session):
    """Sends URLs as the SDK made them."""

    def prepare_request(self, request: requests.Request) -> requests.PreparedRequest:
        prepared = super().prepare_request(request)
        prepared.url = request.url
        return prepared


class AzureSdk:
    """The first account of an Azurite."""

    sdk = "azure-storage-blob"
    folds_keys = True

    def __init__(self, server: Any) -> None:
        self.account, self.origin = server.account, server.origin
        self.client = BlobServiceClient(
            server.endpoint,
            credential={"account_name": server.account, "account_key": server.key},
            transport=RequestsTransport(session=_AsIs(), connection_verify=server.ca_file or True),
            retry_total=1,
            max_single_put_size=256 * 2**20,
        )

    def serves(self, driver: Any) -> bool:
        """By account and address: every server has accounts of the same names."""
        return (
            isinstance(driver, AzureBlobsStorageDriver)
            and driver.key == self.account
            and driver.wire.endpoint.origin.startswith(self.origin)
        )

    def read(self, container: str, name: str) -> Found | None:
        """See Oracle. Tags cost a request more, where there are some."""
        blob = self.client.get_blob_client(container, name)
        try:
            told = blob.get_blob_properties()
        except ResourceNotFoundError:
            return None
        archived = told.blob_tier == "Archive"
        tags = blob.get_blob_tags() if told.tag_count else {}
        return Found(
            data=None if archived else blob.download_blob(decompress=False).readall(),
            size=told.size,
            storage_class="" if told.blob_tier_inferred else str(told.blob_tier or "").upper(),
            metadata={_key(key): _decoded(value) for key, value in (told.metadata or {}).items()},
            tags=tags,
            **{field: getattr(told.content_settings, field) or "" for field in _SETTINGS},
        )

    def write(self, container: str, name: str, data: bytes, *, parts: int = 0, **attributes: Any) -> None:
        """See Oracle."""
        blob = self.client.get_blob_client(container, name)
        options: dict[str, Any] = {
            "content_settings": ContentSettings(**{f: attributes[f] for f in _SETTINGS if f in attributes}),
            "metadata": {
                _spelled(key): _encoded(value) for key, value in attributes.get("metadata", {}).items()
            },
        }
        if attributes.get("tags"):
            options["tags"] = attributes["tags"]
        if kind := attributes.get("storage_class"):
            options["standard_blob_tier"] = kind.capitalize()
        if not parts:
            blob.upload_blob(data, overwrite=True, **options)
            return
        step = ceil(len(data) / parts)
        ids = [f"{number:05}" for number in range(parts)]
        for number, block in enumerate(ids):
            blob.stage_block(block, data[number * step : (number + 1) * step])
        blob.commit_block_list([BlobBlock(block) for block in ids], **options)

    def names(self, container: str) -> list[str]:
        """See Oracle."""
        try:
            return list(self.client.get_container_client(container).list_blob_names())
        except ResourceNotFoundError:
            return []

    def delete(self, container: str, name: str) -> None:
        """See Oracle."""
        self.client.get_blob_client(container, name).delete_blob()

    def keep_versions(self, container: str) -> None:
        """Azure keeps versions per account, switched on in its management API; Azurite has none."""
        raise NotImplementedError

    def close(self) -> None:
        """Give the connections back."""
        self.client.close()


# -- helpers --


def _spelled(key: str) -> str:
    return "".join(
        letter if re.fullmatch(r"[a-zA-Z0-9_]", letter) else f"_x{ord(letter):04x}_" for letter in key
    )


def _key(name: str) -> str:
    return re.sub(r"_x([0-9a-f]{4})_", lambda found: chr(int(found[1], 16)), name)


def _decoded(value: str) -> str:
    return str(make_header(decode_header(value))) if "=?" in value else value


def _encoded(value: str) -> str:
    """RFC 2047, on one line."""
    if value.isascii() and "=?" not in value:
        return value
    return Header(value, "utf-8", maxlinelen=0).encode()
