"""The rows of Amazon S3, one per region as users know them, and of the S3 services that Libcloud names."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

from storage_core.providers_rows import MORE, Field, ProviderRow
from storage_core.types import Provider

DRIVER = "storage_core.drivers.s3:S3StorageDriver"
AMAZON = "Amazon"
COMPATIBLE = "S3-compatible"

AWS_REGIONS = (
    "us-east-1",
    "us-east-2",
    "us-west-1",
    "us-west-2",
    "af-south-1",
    "ap-east-1",
    "ap-east-2",
    "ap-northeast-1",
    "ap-northeast-2",
    "ap-northeast-3",
    "ap-south-1",
    "ap-south-2",
    "ap-southeast-1",
    "ap-southeast-2",
    "ap-southeast-3",
    "ap-southeast-4",
    "ap-southeast-5",
    "ap-southeast-6",
    "ap-southeast-7",
    "ca-central-1",
    "ca-west-1",
    "eu-central-1",
    "eu-central-2",
    "eu-north-1",
    "eu-south-1",
    "eu-south-2",
    "eu-west-1",
    "eu-west-2",
    "eu-west-3",
    "il-central-1",
    "me-central-1",
    "me-south-1",
    "me-west-1",
    "mx-central-1",
    "sa-east-1",
    "sa-west-1",
    "us-gov-east-1",
    "us-gov-west-1",
    "cn-north-1",
    "cn-northwest-1",
    "eusc-de-east-1",
    "us-iso-east-1",
    "us-iso-west-1",
    "us-isob-east-1",
    "us-isob-west-1",
    "eu-isoe-west-1",
    "us-isof-east-1",
    "us-isof-south-1",
)

# Not Amazon: a promise is made only where the service is known to keep it.
OTHER: Mapping[str, Any] = {
    "endpoint": "",
    "region": "us-east-1",
    "addressing": "virtual",
    "aws": False,
    "create_only": False,
    "versions": False,
    "tags": False,
    "public": "",
    "object_acl": False,
    "cloudfront": False,
    "storage_classes": (),
    "encryption": (),
    "object_size_max": 5 * 2**40,
    "why": {
        "public_containers": "Public access is switched in the provider's pages; a temporary link works too.",
        "cdn": "This provider's CDN is switched in the provider's own pages.",
        "create_only": "This service does not promise to refuse an overwrite.",
    },
}
QUIRKS: Mapping[str, Mapping[str, Any]] = {
    # rclone's names for habits (backend/s3/provider/*.yaml), in short
    "V1": {"list_version": 1},
    "PS": {"addressing": "path"},
    "noEnc": {"encode_listing": False},
    "mpE-": {"part_etag": False},
    "AE-": {"tells_duplicate": False},
    "copy1": {"copy_parts": False},
    "noCopy": {"copy": False, "copy_parts": False},
    "noLoc": {"location_constraint": False},
    "_key": {"coded_underscores": True},
    "anyName": {"aws_names": False},
    # what a service is known to have
    "versions": {"versions": True},
    "tags": {"tags": True},
    "policy": {"public": "policy"},
    "acl": {"public": "acl"},
    "objAcl": {"object_acl": True},
    "new": {"create_only": True},
    "sse": {"encryption": ("AES256",)},
}


# What the region decides.
ON_AMAZON = "Where new containers are made. Those that exist are found wherever they are."
IN_ADDRESS = "Where your containers are. A region that is not in the list can be typed."
ANY_REGION = "As the service's own pages call it; most servers of one's own take what stands here."


def key_fields(*, key: str = "Access key", secret: str = "Secret key") -> tuple[Field, ...]:
    """Who you are."""
    return (
        Field("key", key, required=True),
        Field("secret", secret, required=True, secret=True),
        Field("token", "Session token", secret=True, help="Only for temporary keys.", section=MORE),
    )


_AWS_SIGN_IN = (
    Field(
        "sign_in",
        "Sign in with",
        kind="choice",
        choices=("keys", "chain"),
        default="keys",
        labels=("Access key", "This computer's own AWS sign-in"),
    ),
    *(
        replace(one, when=("sign_in", ("keys",)))
        for one in key_fields(key="Access key ID", secret="Secret access key")
    ),
    Field(
        "profile",
        "Profile",
        placeholder="default",
        when=("sign_in", ("chain",)),
        help="Of ~/.aws/config, as for the aws command: keys, SSO, an assumed role, the machine's own role.",
    ),
)


def more_fields() -> tuple[Field, ...]:
    """What hardly anybody needs."""
    return (
        Field(
            "addressing",
            "Container name in the address",
            kind="choice",
            choices=("auto", "path", "virtual"),
            default="auto",
            labels=(
                "As the service is known to want it",
                "Behind the host: host/container",
                "Before it: container.host",
            ),
            section=MORE,
        ),
        Field(
            "anonymous",
            "Without signing in",
            kind="bool",
            help="For containers that anyone may read; name them below.",
            section=MORE,
        ),
    )


def region_field(regions: tuple[str, ...], default: str, what: str, *, section: str = MORE) -> Field:
    """Regions that are not in the list may be typed. `what`: what it decides."""
    return Field("region", "Region", choices=regions, default=default, help=what, section=section)


def endpoint_field(*, required: bool, placeholder: str = "https://s3.example.com") -> Field:
    """A URL."""
    whose = "The address of the service" if required else "Only for an address of your own"
    return Field(
        "endpoint",
        "Address",
        required=required,
        placeholder=placeholder,
        help=f"{whose}, with https:// or http://, and a port if it has one.",
        section="" if required else MORE,
    )


def service(
    constant: str,
    title: str,
    endpoint: str = "",
    regions: str = "",
    quirks: str = "",
    *,
    website: str = "",
    placeholder: str = "",
    status: str = "",
    why: Mapping[str, str] | None = None,
    **options: Any,
) -> ProviderRow:
    """The row of an S3 service that is not Amazon's. `regions` and `quirks` are words.

    The first region is the default. Without an `endpoint` the form asks for one.
    """
    known = tuple(regions.split())
    data: dict[str, Any] = dict(OTHER)
    for word in quirks.split():
        data |= QUIRKS[word]
    data |= {"endpoint": endpoint, "regions": known, **options}
    data["why"] = {**OTHER["why"], **(why or {})}
    if known:
        data["region"] = options.get("region", known[0])
    address = endpoint_field(required=not endpoint, placeholder=placeholder or "https://s3.example.com")
    fields = list(key_fields())
    if not endpoint:
        fields = [address, *fields, region_field(known, data["region"], ANY_REGION)]
    if "{region}" in endpoint:
        fields.insert(0, region_field(known, data["region"], IN_ADDRESS, section=""))
    if "{account}" in endpoint:
        what = "The first part of the service's address."
        fields.insert(0, Field("account", "Account", required=True, help=what))
    if endpoint:
        fields.append(address)
    return ProviderRow(
        constant, title, DRIVER, (*fields, *more_fields()), COMPATIBLE, "s3", status, data, website=website
    )


def _region(constant: str, title: str, region: str) -> ProviderRow:
    return ProviderRow(
        constant,
        f"Amazon S3 ({title})",
        DRIVER,
        (*_AWS_SIGN_IN, *more_fields()),
        AMAZON,
        "amazon",
        "",
        {"regions": AWS_REGIONS},
        {"region": region},
        "https://aws.amazon.com/s3/",
    )


ROWS: tuple[ProviderRow, ...] = (
    ProviderRow(
        Provider.S3,
        "Amazon S3",
        DRIVER,
        (
            *_AWS_SIGN_IN,
            region_field(AWS_REGIONS, "us-east-1", ON_AMAZON),
            endpoint_field(required=False),
            *more_fields(),
        ),
        AMAZON,
        "amazon",
        "",
        {"regions": AWS_REGIONS},
        {},
        "https://aws.amazon.com/s3/",
    ),
    _region(Provider.S3_US_EAST2, "Ohio", "us-east-2"),
    _region(Provider.S3_US_WEST, "N. California", "us-west-1"),
    _region(Provider.S3_US_WEST_OREGON, "Oregon", "us-west-2"),
    _region(Provider.S3_US_GOV_WEST, "GovCloud West", "us-gov-west-1"),
    _region(Provider.S3_CN_NORTH, "Beijing", "cn-north-1"),
    _region(Provider.S3_CN_NORTHWEST, "Ningxia", "cn-northwest-1"),
    _region(Provider.S3_EU_WEST, "Ireland", "eu-west-1"),
    _region(Provider.S3_EU_WEST2, "London", "eu-west-2"),
    _region(Provider.S3_EU_WEST3, "Paris", "eu-west-3"),
    _region(Provider.S3_EU_CENTRAL, "Frankfurt", "eu-central-1"),
    _region(Provider.S3_EU_NORTH1, "Stockholm", "eu-north-1"),
    _region(Provider.S3_AP_SOUTH, "Mumbai", "ap-south-1"),
    _region(Provider.S3_AP_SOUTHEAST, "Singapore", "ap-southeast-1"),
    _region(Provider.S3_AP_SOUTHEAST2, "Sydney", "ap-southeast-2"),
    _region(Provider.S3_AP_NORTHEAST, "Tokyo", "ap-northeast-1"),
    _region(Provider.S3_AP_NORTHEAST1, "Tokyo, Libcloud's second name", "ap-northeast-1"),
    _region(Provider.S3_AP_NORTHEAST2, "Seoul", "ap-northeast-2"),
    _region(Provider.S3_SA_EAST, "São Paulo", "sa-east-1"),
    _region(Provider.S3_CA_CENTRAL, "Canada Central", "ca-central-1"),
    service(
        Provider.S3_COMPATIBLE,
        "S3-compatible storage",
        quirks="V1 PS noEnc mpE- AE- anyName policy objAcl versions tags",
        encryption=("AES256", "aws:kms"),
        storage_classes=("STANDARD", "REDUCED_REDUNDANCY", "STANDARD_IA"),
    ),
    service(
        Provider.SWIFT_S3,
        "OpenStack Swift (S3)",
        quirks="PS anyName new AE- noLoc _key",
        part_count_max=1000,
        placeholder="https://swift.example.com",
        website="https://docs.openstack.org/swift/",
    ),
    service(
        Provider.MINIO,
        "MinIO",
        quirks="PS versions tags policy new",
        website="https://min.io/",
        placeholder="http://127.0.0.1:9000",
        storage_classes=("STANDARD", "REDUCED_REDUNDANCY"),
        encryption=("AES256", "aws:kms"),
    ),
    service(
        Provider.CEPH_RGW,
        "Ceph Object Gateway",
        quirks="V1 PS noEnc AE- anyName versions tags policy objAcl",
        region="default",
        website="https://ceph.io/",
    ),
    service(
        Provider.S3_RGW,
        "Ceph Object Gateway (Libcloud's name)",
        quirks="V1 PS noEnc AE- anyName versions tags policy objAcl",
        region="default",
        website="https://ceph.io/",
    ),
    service(
        Provider.S3_RGW_OUTSCALE,
        "Outscale (Libcloud's name)",
        "https://oos.{region}.outscale.com",
        "eu-west-2 us-east-2 us-west-1 cloudgouv-eu-west-1 ap-northeast-1",
        "PS objAcl",
        website="https://outscale.com/",
    ),
    service(
        Provider.SCALEWAY,
        "Scaleway",
        "https://s3.{region}.scw.cloud",
        "fr-par nl-ams pl-waw",
        "versions tags objAcl",
        part_count_max=1000,
        storage_classes=("STANDARD", "ONEZONE_IA", "GLACIER"),
        website="https://www.scaleway.com/",
    ),
    service(
        Provider.OVH,
        "OVHcloud",
        "https://s3.{region}.io.cloud.ovh.net",
        "gra rbx sbg eu-west-par de uk waw bhs ca-east-tor sgp ap-southeast-syd ap-south-mum rbx-archive",
        "versions tags objAcl",
        website="https://www.ovhcloud.com/",
    ),
    service(
        Provider.DIGITALOCEAN_SPACES,
        "DigitalOcean Spaces",
        "https://{region}.digitaloceanspaces.com",
        "nyc3 sfo2 sfo3 ams3 sgp1 fra1 syd1 lon1 tor1 blr1",
        "noEnc AE- versions objAcl",
        website="https://www.digitalocean.com/products/spaces",
    ),
    service(Provider.AURORAOBJECTS, "AuroraObjects", quirks="V1 PS noEnc mpE- AE-", status="defunct"),
)
