"""google-cloud-storage as the oracle of the Google driver, on the emulator and on the stand-in.

What the SDK does of its own accord, and what is done about it here:

- a download puts the headers of its reply in the place of the object's attributes;
- it asks for `Accept-Encoding: gzip` and unpacks what is stored packed, unless `raw_download` is set;
- the class STANDARD is "" here;
- there is no Expires and there are no tags;
- google-auth would ask iamcredentials.googleapis.com in the background: what is lent to it here cannot.
"""

from __future__ import annotations

from math import ceil
from typing import Any

from google.api_core.exceptions import NotFound
from google.auth.credentials import AnonymousCredentials
from google.auth.transport.requests import AuthorizedSession
from google.cloud import storage
from google.cloud.storage.retry import DEFAULT_RETRY
from google.oauth2 import service_account

from storage_core.drivers.google_storage import GoogleStorageDriver
from tests.oracles import Found

_HEADERS = ("content_type", "content_encoding", "content_disposition", "content_language", "cache_control")
RETRY = DEFAULT_RETRY.with_timeout(5)
"""Seconds; its own two minutes for each request make a test that fails hang."""
SCOPES = ["https://www.googleapis.com/auth/devstorage.full_control"]


class _Credentials(service_account.Credentials):
    """A service account that keeps to the server of the tests."""

    def _maybe_start_regional_access_boundary_refresh(self, *_: Any) -> None:
        return None


class GoogleSdk:
    """An account at a server with `endpoint`, `project` and, where it checks them, `key_file`."""

    sdk = "google-cloud-storage"
    folds_keys = False

    def __init__(self, server: Any) -> None:
        self.endpoint = server.endpoint
        key_file = getattr(server, "key_file", None)
        credentials = (
            _Credentials.from_service_account_file(str(key_file), scopes=SCOPES)
            if key_file
            else AnonymousCredentials()
        )
        self.client = storage.Client(
            project=server.project,
            credentials=credentials,
            client_options={"api_endpoint": server.endpoint},
            _http=AuthorizedSession(credentials),
        )

    def serves(self, driver: Any) -> bool:
        """By its address."""
        return isinstance(driver, GoogleStorageDriver) and driver.wire.endpoint == self.endpoint

    def read(self, container: str, name: str) -> Found | None:
        """See Oracle."""
        blob = self.client.bucket(container).blob(name)
        try:
            blob.reload(retry=RETRY)
            # Before the download, whose reply's own headers it takes for the object's.
            kind = blob.storage_class or ""
            told = {field: getattr(blob, field) or "" for field in _HEADERS}
            metadata = {key: value for key, value in (blob.metadata or {}).items() if value is not None}
            size = blob.size
            blob._properties.pop("mediaLink", None)  # not encoded by the emulator
            data = blob.download_as_bytes(raw_download=True, retry=RETRY)
        except NotFound:
            return None
        kind = "" if kind == "STANDARD" else kind
        return Found(data=data, size=size, storage_class=kind, metadata=metadata, **told)

    def write(self, container: str, name: str, data: bytes, *, parts: int = 0, **attributes: Any) -> None:
        """See Oracle."""
        bucket = self.client.bucket(container)
        blob = bucket.blob(name)
        for field in _HEADERS:
            if field != "content_type" and attributes.get(field):
                setattr(blob, field, attributes[field])
        if attributes.get("storage_class"):
            blob.storage_class = attributes["storage_class"]
        if attributes.get("metadata"):
            blob.metadata = dict(attributes["metadata"])
        kind = attributes.get("content_type") or "application/octet-stream"
        if not parts:
            blob.upload_from_string(data, content_type=kind, retry=RETRY)
            return
        step = ceil(len(data) / parts)
        pieces = [bucket.blob(f"{name}.piece-{number}") for number in range(parts)]
        for number, piece in enumerate(pieces):
            piece.upload_from_string(data[number * step : (number + 1) * step], retry=RETRY)
        blob.content_type = kind
        blob.compose(pieces, retry=RETRY)
        for piece in pieces:
            piece.delete(retry=RETRY)

    def names(self, container: str) -> list[str]:
        """See Oracle."""
        try:
            names = [blob.name for blob in self.client.list_blobs(container, retry=RETRY)]
        except NotFound:
            return []
        # To Google the parts of an upload are objects; to our contract they are none before it is complete.
        return [name for name in names if not name.startswith(".skyferry-uploads/")]

    def delete(self, container: str, name: str) -> None:
        """See Oracle."""
        self.client.bucket(container).blob(name).delete(retry=RETRY)

    def keep_versions(self, container: str) -> None:
        """See Oracle."""
        bucket = self.client.get_bucket(container, retry=RETRY)
        bucket.versioning_enabled = True
        bucket.patch(retry=RETRY)

    def close(self) -> None:
        """Give the connections back."""
        self.client.close()
