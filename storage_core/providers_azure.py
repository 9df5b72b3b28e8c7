"""The rows of Microsoft Azure."""

from __future__ import annotations

from storage_core.providers_rows import ProviderRow, later
from storage_core.types import Provider

ROWS: tuple[ProviderRow, ...] = (
    later(
        Provider.AZURE_BLOBS,
        "Azure Blob Storage",
        "the Azure driver",
        "https://azure.microsoft.com/products/storage/blobs",
    ),
)
