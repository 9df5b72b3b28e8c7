"""The public door of the documented API: `Provider` and the storage errors under the names users import.

Constants follow reference storage-api.md first, Apache Libcloud's `libcloud.storage.types` second, and then
name further S3-compatible services that `storage_core/providers_table.py` has a row for.
"""

from __future__ import annotations

from storage_core.errors import (
    ContainerAlreadyExistsError,
    ContainerDoesNotExistError,
    ContainerError,
    ContainerIsNotEmptyError,
    InvalidContainerNameError,
    ObjectDoesNotExistError,
    ObjectError,
    ObjectHashMismatchError,
    OperationNotSupportedError,
)

__all__ = [
    "ContainerAlreadyExistsError",
    "ContainerDoesNotExistError",
    "ContainerError",
    "ContainerIsNotEmptyError",
    "InvalidContainerNameError",
    "ObjectDoesNotExistError",
    "ObjectError",
    "ObjectHashMismatchError",
    "OperationNotSupportedError",
    "Provider",
]


class Provider:
    """Names of storage services; every value is a plain string that `get_driver` accepts in any case."""

    # On this computer
    DUMMY = "dummy"
    LOCAL = "local"
    # Amazon S3: one constant for all regions (region=), and one per region as users know them
    S3 = "s3"
    S3_US_EAST2 = "s3_us_east_2"
    S3_US_WEST = "s3_us_west"
    S3_US_WEST_OREGON = "s3_us_west_oregon"
    S3_US_GOV_WEST = "s3_us_gov_west"
    S3_CN_NORTH = "s3_cn_north"
    S3_CN_NORTHWEST = "s3_cn_northwest"
    S3_EU_WEST = "s3_eu_west"
    S3_EU_WEST2 = "s3_eu_west_2"
    S3_EU_WEST3 = "s3_eu_west_3"
    S3_EU_CENTRAL = "s3_eu_central"
    S3_EU_NORTH1 = "s3_eu_north_1"
    S3_AP_SOUTH = "s3_ap_south"
    S3_AP_SOUTHEAST = "s3_ap_southeast"
    S3_AP_SOUTHEAST2 = "s3_ap_southeast2"
    S3_AP_NORTHEAST = "s3_ap_northeast"
    S3_AP_NORTHEAST1 = "s3_ap_northeast_1"
    S3_AP_NORTHEAST2 = "s3_ap_northeast_2"
    S3_SA_EAST = "s3_sa_east"
    S3_CA_CENTRAL = "s3_ca_central"
    # S3-compatible services that Libcloud names
    S3_RGW = "s3_rgw"
    S3_RGW_OUTSCALE = "s3_rgw_outscale"
    MINIO = "minio"
    SCALEWAY = "scaleway"
    OVH = "ovh"
    DIGITALOCEAN_SPACES = "digitalocean_spaces"
    AURORAOBJECTS = "auroraobjects"
    # Other protocols
    AZURE_BLOBS = "azure_blobs"
    GOOGLE_STORAGE = "google_storage"
    BACKBLAZE_B2 = "backblaze_b2"
    ALIYUN_OSS = "aliyun_oss"
    RACKSPACE_CLOUDFILES = "cloudfiles"
    CLOUDFILES = "cloudfiles"
    CLOUDFILES_US = "cloudfiles_us"
    CLOUDFILES_UK = "cloudfiles_uk"
    CLOUDFILES_SWIFT = "cloudfiles_swift"
    OPENSTACK_SWIFT = "openstack_swift"
    KTUCLOUD = "ktucloud"
    NINEFOLD = "ninefold"
    NIMBUS = "nimbus"
    # Further S3-compatible services
    S3_COMPATIBLE = "s3_compatible"
    WASABI = "wasabi"
    CLOUDFLARE_R2 = "cloudflare_r2"
    BACKBLAZE_B2_S3 = "backblaze_b2_s3"
    GOOGLE_STORAGE_S3 = "google_storage_s3"
    LINODE = "linode"
    HETZNER = "hetzner"
    IBM_COS = "ibm_cos"
    STORJ = "storj"
    CEPH_RGW = "ceph_rgw"
    SEAWEEDFS = "seaweedfs"
    GARAGE = "garage"
    EXOSCALE = "exoscale"
    IDRIVE_E2 = "idrive_e2"
    VULTR = "vultr"
    TENCENT_COS = "tencent_cos"
    HUAWEI_OBS = "huawei_obs"
    ALIYUN_OSS_S3 = "aliyun_oss_s3"
    SYNOLOGY_C2 = "synology_c2"
    DREAMHOST = "dreamhost"
    IONOS = "ionos"
    LEVIIA = "leviia"
    MEGA_S4 = "mega_s4"
    OUTSCALE = "outscale"
    ORACLE_OCI = "oracle_oci"
    TIGRIS = "tigris"
    SWIFT_S3 = "swift_s3"
    FASTLY = "fastly"
    RUSTFS = "rustfs"
    VERSITYGW = "versitygw"
    SCALITY = "scality"
    ZADARA = "zadara"
    FLASHBLADE = "flashblade"
    SPECTRA = "spectra"
    EXABA = "exaba"
    HCP = "hcp"
    LYVE = "lyve"
    MAGALU = "magalu"
    PETABOX = "petabox"
    QINIU = "qiniu"
    RABATA = "rabata"
    RACKCORP = "rackcorp"
    SELECTEL = "selectel"
    SERVERCORE = "servercore"
    ARVAN = "arvan"
    LIARA = "liara"
    NETEASE = "netease"
    UCLOUD_US3 = "ucloud_us3"
    CHINA_MOBILE = "china_mobile"
    IMPOSSIBLE = "impossible"
    INTERCOLO = "intercolo"
    CUBBIT = "cubbit"
    FILELU = "filelu"
    ZATA = "zata"
    ZERO_Z3 = "zero_z3"
    BIZFLY = "bizfly"
    CONTABO = "contabo"
