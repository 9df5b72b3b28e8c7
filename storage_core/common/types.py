"""The public door to the errors that are not about storage, under the names that users import."""

from storage_core.errors import (
    InvalidCredsError,
    InvalidCredsException,
    LibcloudError,
    MalformedResponseError,
    ProviderError,
    RateLimitReachedError,
)

__all__ = [
    "InvalidCredsError",
    "InvalidCredsException",
    "LibcloudError",
    "MalformedResponseError",
    "ProviderError",
    "RateLimitReachedError",
]
