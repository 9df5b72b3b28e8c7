"""The rows of OpenStack Swift and its relatives."""

from __future__ import annotations

from storage_core.providers_rows import ProviderRow, later
from storage_core.types import Provider

ROWS: tuple[ProviderRow, ...] = (
    later(
        Provider.OPENSTACK_SWIFT, "OpenStack Swift", "the Swift driver", "https://docs.openstack.org/swift/"
    ),
    later(Provider.CLOUDFILES_SWIFT, "OpenStack Swift (Libcloud's old name)", "the Swift driver", ""),
    later(Provider.KTUCLOUD, "KT Cloud", "the Swift driver", ""),
)
