"""The driver contract: StorageDriver, its nouns, and everything that is the same for all providers, done
once.
"""

from storage_core.attributes import DEFAULT_CONTENT_TYPE
from storage_core.base.downloading import CHUNK_SIZE, checked_range
from storage_core.base.driver import StorageDriver
from storage_core.base.listing import page_of
from storage_core.base.objects import (
    Container,
    DeleteFailure,
    Download,
    Object,
    Page,
    Part,
    PublicAccess,
    Stored,
    Upload,
    Version,
)

__all__ = [
    "CHUNK_SIZE",
    "DEFAULT_CONTENT_TYPE",
    "Container",
    "DeleteFailure",
    "Download",
    "Object",
    "Page",
    "Part",
    "PublicAccess",
    "StorageDriver",
    "Stored",
    "Upload",
    "Version",
    "checked_range",
    "page_of",
]
