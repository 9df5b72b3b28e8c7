"""The rows of further S3-compatible services: an endpoint, regions, habits; no code.

Source: rclone's backend/s3/provider/*.yaml and the vendors' pages.
Where an address belongs to one's own installation or account, the form asks for it.
"""

from __future__ import annotations

from storage_core.providers_rows import ProviderRow
from storage_core.providers_s3 import service
from storage_core.types import Provider

MIB = 2**20

ROWS: tuple[ProviderRow, ...] = (
    # -- with something of their own --
    service(
        Provider.WASABI,
        "Wasabi",
        "https://s3.{region}.wasabisys.com",
        "us-east-1 us-east-2 us-central-1 us-west-1 ca-central-1 eu-central-1 eu-central-2 eu-west-1 "
        "eu-west-2 eu-south-1 "
        "ap-northeast-1 ap-northeast-2 ap-southeast-1 ap-southeast-2",
        "PS versions tags policy",
        website="https://wasabi.com/",
    ),
    service(
        Provider.CLOUDFLARE_R2,
        "Cloudflare R2",
        "https://{account}.r2.cloudflarestorage.com",
        "auto",
        "PS mpE- new noLoc",
        equal_parts=True,
        delete_many=700,
        metadata_bytes_max=8192,
        put_size_max=5 * 2**30 - 5 * MIB,
        storage_classes=("STANDARD", "STANDARD_IA"),
        website="https://www.cloudflare.com/products/r2/",
        why={"public_containers": "Public access to R2 is switched in Cloudflare's dashboard."},
    ),
    service(
        Provider.BACKBLAZE_B2_S3,
        "Backblaze B2 (S3)",
        "https://s3.{region}.backblazeb2.com",
        "us-west-004 us-west-001 us-west-002 us-west-000 us-east-005 eu-central-003 ca-east-006",
        "acl versions sse noLoc",
        website="https://www.backblaze.com/cloud-storage",
    ),
    service(
        Provider.GOOGLE_STORAGE_S3,
        "Google Cloud Storage (S3, HMAC keys)",
        "https://storage.googleapis.com",
        "auto",
        "mpE- copy1 objAcl noLoc",
        delete_many=0,
        website="https://cloud.google.com/storage/docs/interoperability",
        storage_classes=("STANDARD", "NEARLINE", "COLDLINE", "ARCHIVE"),
    ),
    service(
        Provider.IBM_COS,
        "IBM Cloud Object Storage",
        "https://s3.{region}.cloud-object-storage.appdomain.cloud",
        "us eu ap us-south us-east eu-gb eu-de eu-es au-syd jp-tok jp-osa ca-tor ca-mon br-sao in-che",
        "V1 PS noEnc mpE- AE- objAcl noLoc",
        website="https://www.ibm.com/products/cloud-object-storage",
    ),
    service(
        Provider.STORJ,
        "Storj",
        "https://gateway.storjshare.io",
        "global",
        "AE- copy1 noLoc",
        part_size_min=64 * MIB,
        website="https://www.storj.io/",
    ),
    service(
        Provider.HETZNER,
        "Hetzner Object Storage",
        "https://{region}.your-objectstorage.com",
        "fsn1 nbg1 hel1",
        "AE- versions policy",
        website="https://www.hetzner.com/storage/object-storage",
    ),
    service(
        Provider.LINODE,
        "Akamai (Linode)",
        "https://{region}.linodeobjects.com",
        "us-east-1 us-southeast-1 us-ord-1 us-iad-1 us-iad-10 us-lax-1 us-mia-1 us-sea-1 eu-central-1 "
        "nl-ams-1 fr-par-1 "
        "de-fra-1 es-mad-1 gb-lon-1 it-mil-1 se-sto-1 ap-south-1 sg-sin-1 in-maa-1 id-cgk-1 jp-osa-1 "
        "au-mel-1 br-gru-1",
        "versions objAcl policy",
        website="https://www.akamai.com/products/object-storage",
    ),
    service(
        Provider.EXOSCALE,
        "Exoscale",
        "https://sos-{region}.exo.io",
        "ch-gva-2 ch-dk-2 de-fra-1 de-muc-1 at-vie-1 at-vie-2 bg-sof-1",
        "versions objAcl",
        website="https://www.exoscale.com/",
    ),
    service(
        Provider.IDRIVE_E2,
        "IDrive e2",
        quirks="PS AE- versions",
        placeholder="https://a1b2.fra.idrivee2-12.com",
        website="https://www.idrive.com/s3-storage-e2/",
    ),
    service(
        Provider.VULTR,
        "Vultr Object Storage",
        "https://{region}.vultrobjects.com",
        "ewr1 sjc1 ams1 blr1 sgp1 del1",
        "objAcl",
        website="https://www.vultr.com/products/object-storage/",
    ),
    service(
        Provider.TENCENT_COS,
        "Tencent COS",
        "https://cos.{region}.myqcloud.com",
        "ap-beijing ap-nanjing ap-shanghai ap-guangzhou ap-chengdu ap-chongqing ap-hongkong ap-singapore "
        "ap-mumbai ap-seoul "
        "ap-bangkok ap-tokyo na-siliconvalley na-ashburn na-toronto eu-frankfurt",
        "V1 mpE- AE- objAcl noLoc",
        website="https://www.tencentcloud.com/products/cos",
    ),
    service(
        Provider.HUAWEI_OBS,
        "Huawei Cloud OBS",
        "https://obs.{region}.myhuaweicloud.com",
        "cn-north-4 cn-north-1 cn-north-9 cn-east-2 cn-east-3 cn-south-1 cn-southwest-2 ap-southeast-1 "
        "ap-southeast-2 "
        "ap-southeast-3 af-south-1 la-north-2 na-mexico-1 sa-brazil-1 la-south-2",
        "V1 noEnc AE- objAcl policy",
        website="https://www.huaweicloud.com/product/obs.html",
    ),
    service(
        Provider.ALIYUN_OSS_S3,
        "Alibaba Cloud OSS (S3)",
        "https://oss-{region}.aliyuncs.com",
        "cn-hangzhou cn-shanghai cn-beijing cn-shenzhen cn-hongkong cn-qingdao cn-zhangjiakou cn-chengdu "
        "ap-southeast-1 "
        "ap-southeast-3 ap-southeast-5 ap-northeast-1 us-east-1 us-west-1 eu-central-1 eu-west-1 me-east-1",
        "mpE- AE- noLoc",
        website="https://www.alibabacloud.com/product/object-storage-service",
    ),
    service(
        Provider.ORACLE_OCI,
        "Oracle Cloud",
        "https://{account}.compat.objectstorage.{region}.oci.customer-oci.com",
        "us-ashburn-1 us-phoenix-1 us-chicago-1 eu-frankfurt-1 eu-zurich-1 eu-amsterdam-1 uk-london-1 "
        "ap-tokyo-1 ap-mumbai-1 "
        "ap-sydney-1 ca-toronto-1 sa-saopaulo-1",
        "PS noLoc",
        website="https://www.oracle.com/cloud/storage/object-storage/",
    ),
    service(
        Provider.TIGRIS,
        "Tigris",
        "https://t3.storage.dev",
        "auto",
        "new acl noLoc",
        website="https://www.tigrisdata.com/",
    ),
    service(
        Provider.FASTLY,
        "Fastly Object Storage",
        "https://{region}.object.fastlystorage.app",
        "us-east us-west eu-central",
        "PS",
        parts=False,
        copy_parts=False,
        hash_etag=False,
        website="https://www.fastly.com/products/storage",
    ),
    # -- at home in one's own rack --
    service(
        Provider.GARAGE,
        "Garage",
        quirks="PS anyName",
        region="garage",
        website="https://garagehq.deuxfleurs.fr/",
    ),
    service(
        Provider.SEAWEEDFS,
        "SeaweedFS",
        quirks="V1 PS noEnc mpE- AE- anyName",
        placeholder="http://127.0.0.1:8333",
    ),
    service(Provider.RUSTFS, "RustFS", quirks="PS anyName"),
    service(Provider.VERSITYGW, "Versity S3 Gateway", quirks="PS anyName"),
    service(Provider.SCALITY, "Scality", quirks="PS"),
    service(Provider.ZADARA, "Zadara", quirks="PS"),
    service(Provider.FLASHBLADE, "Pure Storage FlashBlade", quirks="PS"),
    service(Provider.SPECTRA, "Spectra Logic", quirks="PS"),
    service(Provider.EXABA, "Exaba", quirks="PS"),
    service(Provider.HCP, "Hitachi Content Platform", quirks="PS mpE-"),
    # -- the others --
    service(
        Provider.SYNOLOGY_C2,
        "Synology C2",
        "https://{region}.s3.synologyc2.net",
        "eu-001 eu-002 us-001 us-002 tw-001",
        "mpE- AE-",
        website="https://c2.synology.com/",
    ),
    service(
        Provider.DREAMHOST,
        "DreamObjects",
        "https://objects-us-east-1.dream.io",
        "us-east-1",
        "noEnc AE- objAcl",
    ),
    service(
        Provider.IONOS,
        "IONOS",
        "https://s3.{region}.ionoscloud.com",
        "eu-central-1 eu-central-2 eu-south-2",
        "PS noEnc AE- objAcl",
    ),
    service(Provider.LEVIIA, "Leviia", "https://s3.leviia.com", "us-east-1", "AE-"),
    service(
        Provider.LYVE,
        "Seagate Lyve Cloud",
        quirks="mpE- AE-",
        placeholder="https://s3.eu-west-1.global.lyve.seagate.com",
    ),
    service(
        Provider.MAGALU,
        "Magalu",
        "https://{region}.magaluobjects.com",
        "br-se1 br-ne1",
        "V1 PS noEnc mpE- AE-",
    ),
    service(
        Provider.MEGA_S4,
        "MEGA S4",
        "https://s3.{region}.megas4.com",
        "eu-central-1 eu-central-2 ca-central-1 ca-west-1",
        "PS mpE- AE- copy1",
        website="https://mega.io/objectstorage",
    ),
    service(
        Provider.OUTSCALE,
        "Outscale",
        "https://oos.{region}.outscale.com",
        "eu-west-2 us-east-2 us-west-1 cloudgouv-eu-west-1 ap-northeast-1",
        "PS objAcl",
        website="https://outscale.com/",
    ),
    service(Provider.PETABOX, "Petabox", quirks="AE-", placeholder="https://s3.petabox.io"),
    service(
        Provider.QINIU,
        "Qiniu",
        "https://s3-{region}.qiniucs.com",
        "cn-east-1 cn-east-2 cn-north-1 cn-south-1 us-north-1 ap-southeast-1 ap-northeast-1",
        "PS noEnc mpE- AE-",
    ),
    service(Provider.RABATA, "Rabata", quirks="noCopy", placeholder="https://s3.eu-west-1.rabata.io"),
    service(Provider.RACKCORP, "RackCorp", quirks="mpE- AE-"),
    service(Provider.SELECTEL, "Selectel", quirks="noEnc", placeholder="https://s3.ru-1.storage.selcloud.ru"),
    service(Provider.SERVERCORE, "Servercore", quirks="noEnc"),
    service(Provider.ARVAN, "ArvanCloud", quirks="V1 PS noEnc AE-"),
    service(Provider.LIARA, "Liara", quirks="PS noEnc mpE- AE-"),
    service(Provider.NETEASE, "NetEase NOS", quirks="V1 noEnc mpE- AE-"),
    service(Provider.UCLOUD_US3, "UCloud US3", quirks="V1 mpE- AE-"),
    service(Provider.CHINA_MOBILE, "China Mobile EOS", quirks="V1 PS noEnc AE-"),
    service(
        Provider.IMPOSSIBLE, "Impossible Cloud", placeholder="https://eu-central-2.storage.impossibleapi.net"
    ),
    service(Provider.INTERCOLO, "Intercolo", placeholder="https://de-fra.i3storage.com"),
    service(Provider.CUBBIT, "Cubbit DS3", quirks="mpE-", placeholder="https://s3.cubbit.eu"),
    service(Provider.FILELU, "FileLu S5", quirks="mpE-", placeholder="https://s5lu.com"),
    service(Provider.ZATA, "Zata", quirks="mpE-"),
    service(Provider.ZERO_Z3, "Zero Services Z3", quirks="PS noEnc AE-"),
    service(Provider.BIZFLY, "Bizfly Cloud", quirks="PS noEnc mpE- AE-"),
    service(Provider.CONTABO, "Contabo", quirks="PS mpE- AE-", placeholder="https://eu2.contabostorage.com"),
)
