"""The rows of everything that is not S3: this computer, and the services whose drivers are still to come."""

from __future__ import annotations

from storage_core.providers_rows import Field, ProviderRow
from storage_core.types import Provider

HERE = "This computer"
OTHERS = "Other clouds"


def _later(constant: str, title: str, what: str, website: str) -> ProviderRow:
    return ProviderRow(constant, title, group=OTHERS, website=website, arrives=f"it arrives with {what}.")


def _gone(constant: str, title: str, what: str) -> ProviderRow:
    arrives = f"the service itself has closed down, and {what} is not part of this release."
    return ProviderRow(constant, title, group=OTHERS, status="defunct", arrives=arrives)


ROWS: tuple[ProviderRow, ...] = (
    ProviderRow(
        Provider.LOCAL,
        "Folder on this computer",
        "storage_core.drivers.local:LocalStorageDriver",
        (
            Field(
                "key",
                "Folder",
                required=True,
                kind="path",
                help="Each folder in it is shown as a container.",
                placeholder="/home/you/Pictures",
            ),
        ),
        HERE,
        "folder",
    ),
    ProviderRow(
        Provider.DUMMY,
        "Demo cloud",
        "storage_core.drivers.memory:MemoryStorageDriver",
        (),
        HERE,
        "memory",
    ),
    _later(
        Provider.AZURE_BLOBS,
        "Azure Blob Storage",
        "the Azure driver",
        "https://azure.microsoft.com/products/storage/blobs",
    ),
    _later(
        Provider.GOOGLE_STORAGE,
        "Google Cloud Storage",
        "the Google driver",
        "https://cloud.google.com/storage",
    ),
    _later(
        Provider.OPENSTACK_SWIFT, "OpenStack Swift", "the Swift driver", "https://docs.openstack.org/swift/"
    ),
    _later(Provider.CLOUDFILES_SWIFT, "OpenStack Swift (Libcloud's old name)", "the Swift driver", ""),
    _later(
        Provider.RACKSPACE_CLOUDFILES,
        "Rackspace Cloud Files",
        "the Cloud Files driver",
        "https://docs.rackspace.com/",
    ),
    _later(
        Provider.CLOUDFILES_US,
        "Rackspace Cloud Files (US)",
        "the Cloud Files driver",
        "https://docs.rackspace.com/",
    ),
    _later(
        Provider.CLOUDFILES_UK,
        "Rackspace Cloud Files (UK)",
        "the Cloud Files driver",
        "https://docs.rackspace.com/",
    ),
    _later(Provider.KTUCLOUD, "KT Cloud", "the Swift driver", ""),
    _later(
        Provider.BACKBLAZE_B2,
        "Backblaze B2",
        "the B2 driver; until then its S3 address works, as backblaze_b2_s3",
        "https://www.backblaze.com/cloud-storage",
    ),
    _later(
        Provider.ALIYUN_OSS,
        "Alibaba Cloud OSS",
        "the OSS driver; until then its S3 address works, as aliyun_oss_s3",
        "https://www.alibabacloud.com/product/object-storage-service",
    ),
    _gone(Provider.NINEFOLD, "Ninefold", "the EMC Atmos driver"),
    _gone(Provider.NIMBUS, "Nimbus.io", "its driver"),
)
