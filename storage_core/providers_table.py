"""The rows of everything that is not S3: this computer, and the services whose drivers are still to come."""

from __future__ import annotations

from storage_core.providers_rows import OTHERS, Field, ProviderRow, later
from storage_core.types import Provider

HERE = "This computer"


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
    later(
        Provider.RACKSPACE_CLOUDFILES,
        "Rackspace Cloud Files",
        "the Cloud Files driver",
        "https://docs.rackspace.com/",
    ),
    later(
        Provider.CLOUDFILES_US,
        "Rackspace Cloud Files (US)",
        "the Cloud Files driver",
        "https://docs.rackspace.com/",
    ),
    later(
        Provider.CLOUDFILES_UK,
        "Rackspace Cloud Files (UK)",
        "the Cloud Files driver",
        "https://docs.rackspace.com/",
    ),
    later(
        Provider.BACKBLAZE_B2,
        "Backblaze B2",
        "the B2 driver; until then its S3 address works, as backblaze_b2_s3",
        "https://www.backblaze.com/cloud-storage",
    ),
    later(
        Provider.ALIYUN_OSS,
        "Alibaba Cloud OSS",
        "the OSS driver; until then its S3 address works, as aliyun_oss_s3",
        "https://www.alibabacloud.com/product/object-storage-service",
    ),
    _gone(Provider.NINEFOLD, "Ninefold", "the EMC Atmos driver"),
    _gone(Provider.NIMBUS, "Nimbus.io", "its driver"),
)
