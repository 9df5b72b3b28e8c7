"""The rows of Google Cloud."""

from __future__ import annotations

from storage_core.providers_rows import ProviderRow, later
from storage_core.types import Provider

ROWS: tuple[ProviderRow, ...] = (
    later(
        Provider.GOOGLE_STORAGE,
        "Google Cloud Storage",
        "the Google driver",
        "https://cloud.google.com/storage",
    ),
)
