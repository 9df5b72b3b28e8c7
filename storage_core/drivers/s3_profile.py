"""What one S3 service is like, as data: where it lives, which habits it has, what it holds.

`Profile` is filled from a provider's row; nothing in the driver asks for a provider by name. `Endpoint` turns
a region, a container and an object name into the exact URL that is signed and sent.
Sources: AWS partitions as in botocore's partitions.json; quirks as in rclone's backend/s3/provider/*.yaml.
"""

from __future__ import annotations

import ipaddress
import re
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import Any
from urllib.parse import quote, urlsplit

from storage_core.capabilities import GIB, MIB, TIB, Capabilities

AWS_PARTITIONS: tuple[tuple[str, str, str], ...] = (
    # region pattern, DNS suffix, partition as ARNs name it; the last one takes every region yet to come
    (r"cn-[\w-]+", "amazonaws.com.cn", "aws-cn"),
    (r"us-gov-[\w-]+", "amazonaws.com", "aws-us-gov"),
    (r"eusc-[\w-]+", "amazonaws.eu", "aws-eusc"),
    (r"us-iso-[\w-]+", "c2s.ic.gov", "aws-iso"),
    (r"us-isob-[\w-]+", "sc2s.sgov.gov", "aws-iso-b"),
    (r"eu-isoe-[\w-]+", "cloud.adc-e.uk", "aws-iso-e"),
    (r"us-isof-[\w-]+", "csp.hci.ic.gov", "aws-iso-f"),
    (r".*", "amazonaws.com", "aws"),
)
_AWS_SUFFIXES = sorted({suffix for _, suffix, _ in AWS_PARTITIONS}, key=len, reverse=True)
_AWS_HOST = re.compile(
    r"(?P<head>s3(?:-fips)?[.-](?:dualstack\.)?)(?P<region>[a-z0-9-]+)"
    rf"\.(?P<suffix>{'|'.join(map(re.escape, _AWS_SUFFIXES))})"
)
_LABEL = re.compile("[A-Za-z0-9](?:[A-Za-z0-9_-]{0,61}[A-Za-z0-9])?")
_DNS_NAME = re.compile(r"[a-z0-9](?:[a-z0-9-]{1,61}[a-z0-9])")

AWS_NAME_PATTERN = (
    r"(?!xn--|sthree-|amzn-s3-demo-)(?!\d+\.\d+\.\d+\.\d+$)(?!.*\.\.)(?!.*(?:-s3alias|--ol-s3|\.mrap|--x-s3|--table-s3)$)"
    r"[a-z0-9][a-z0-9.-]{1,61}[a-z0-9]"
)
AWS_NAME_RULE = (
    "3 to 63 lower-case letters, digits, dots and hyphens; a letter or digit first and last; no two dots in "
    "a row; not an IP address; not beginning with xn--, sthree- or amzn-s3-demo-; not ending with -s3alias, "
    "--ol-s3, .mrap, --x-s3 or --table-s3"
)
LOOSE_NAME_PATTERN = r"(?!\d+\.\d+\.\d+\.\d+$)[A-Za-z0-9][A-Za-z0-9._-]{2,254}"
LOOSE_NAME_RULE = (
    "3 to 255 letters, digits, dots, hyphens and underscores; a letter or digit first; not an IP address"
)

AWS_CLASSES = (
    "STANDARD", "STANDARD_IA", "ONEZONE_IA", "INTELLIGENT_TIERING", "GLACIER_IR", "GLACIER", "DEEP_ARCHIVE",
    "REDUCED_REDUNDANCY", "OUTPOSTS", "SNOW", "EXPRESS_ONEZONE",
)  # fmt: skip


def aws_partition(region: str) -> tuple[str, str]:
    """DNS suffix and partition name of a region, known or not."""
    for pattern, suffix, partition in AWS_PARTITIONS:
        if re.fullmatch(pattern, region):
            return suffix, partition
    raise AssertionError("the last pattern takes everything")


@dataclass(frozen=True, slots=True, kw_only=True)
class Profile:
    """One service. The defaults are those of Amazon S3; rows of other services say what differs."""

    endpoint: str = "https://s3.{region}.{aws}"  # "" = the user must give one; {aws} = the partition's suffix
    region: str = "us-east-1"
    regions: tuple[str, ...] = ()
    addressing: str = "virtual"  # what "auto" means on the service's own endpoint
    aws: bool = True  # Amazon itself: partitions, ListBuckets pages, us-east-1 creates twice without a word
    list_version: int = 2
    encode_listing: bool = True  # encoding-type=url is honoured and does not break paging
    hash_etag: bool = True  # the ETag of a plain upload is its MD5
    part_etag: bool = True  # the ETag of an upload in parts is md5(md5s)-N
    tells_duplicate: bool = True  # creating a container twice is answered by BucketAlreadyOwnedByYou
    location_constraint: bool = True  # CreateBucket names the region
    aws_names: bool = True  # container names follow Amazon's rules
    coded_underscores: bool = False  # in uploads in parts: "_" in metadata keys would become "-"
    copy: bool = True
    copy_parts: bool = True
    parts: bool = True
    equal_parts: bool = False
    create_only: bool = True  # If-None-Match: *
    delete_many: int = 1000
    versions: bool = True
    tags: bool = True
    public: str = "policy"  # "policy", "acl" or ""
    object_acl: bool = True
    cloudfront: bool = True
    storage_classes: tuple[str, ...] = AWS_CLASSES
    encryption: tuple[str, ...] = ("AES256", "aws:kms", "aws:kms:dsse")
    signed_url_seconds_max: int = 604_800
    object_size_max: int = 48 * TIB + 800 * GIB
    put_size_max: int = 5 * GIB
    copy_size_max: int = 5 * GIB
    part_size_min: int = 5 * MIB
    part_count_max: int = 10_000
    metadata_bytes_max: int = 2048
    why: Mapping[str, str] = field(default_factory=dict)

    def capabilities(self) -> Capabilities:
        """The same facts in the words of the driver contract."""
        return Capabilities(
            parts=self.parts,
            equal_parts=self.equal_parts,
            server_copy=self.copy,
            copy_parts=self.copy_parts and self.parts,
            set_attributes=self.copy,
            delete_many=self.delete_many,
            versions=self.versions,
            signed_urls=("GET", "PUT", "DELETE", "HEAD"),
            signed_url_seconds_max=self.signed_url_seconds_max,
            public_containers=bool(self.public),
            public_objects=self.object_acl,
            cdn=self.cloudfront,
            create_only=self.create_only,
            storage_classes=self.storage_classes,
            encryption=self.encryption,
            tags=self.tags,
            content_hash="md5" if self.hash_etag else "",
            object_size_max=self.object_size_max,
            put_size_max=self.put_size_max,
            copy_size_max=self.copy_size_max,
            part_size_min=self.part_size_min,
            part_count_max=self.part_count_max,
            metadata_bytes_max=self.metadata_bytes_max,
            metadata_keys_lowered=True,
            metadata_keys_coded=self.coded_underscores,
            metadata_values_coded=True,
            why=self.why,
        )


def profile_from(options: Mapping[str, Any]) -> Profile:
    """The profile of a provider's row; TypeError for an option that is not a field."""
    return Profile(**options)


@dataclass(frozen=True, slots=True)
class Endpoint:
    """Where requests go. `host` may hold {region} and {aws}, and a port; `path` has no slash at its end."""

    scheme: str
    host: str
    path: str
    virtual: bool
    anywhere: bool  # addressing was chosen by the user: dots in names are then no reason for path style

    def origin(self, region: str) -> str:
        """`https://s3.eu-west-1.amazonaws.com`, with the path prefix when there is one."""
        return f"{self.scheme}://{self._host(region)}{self.path}"

    def url(self, region: str, container: str = "", object_name: str = "") -> str:
        """The URL of the service, a container or an object, without a query."""
        if not container:
            return f"{self.origin(region)}/"
        key = quote(object_name, safe="/~", errors="surrogateescape")
        if self.takes_as_host(container):
            return f"{self.scheme}://{container}.{self._host(region)}{self.path}/{key}"
        tail = f"/{key}" if object_name else ""
        return f"{self.origin(region)}/{quote(container, safe='')}{tail}"

    def takes_as_host(self, container: str) -> bool:
        """Whether the container's name goes into the host name."""
        if not self.virtual:
            return False
        if _DNS_NAME.fullmatch(container):
            return True
        # A dot in the name breaks the wildcard certificate of every provider.
        dotted = "." in container and (self.anywhere or self.scheme == "http")
        return dotted and bool(re.fullmatch(r"[a-z0-9][a-z0-9.-]{1,61}[a-z0-9]", container))

    def takes_region(self, region: str) -> bool:
        """Whether this can be a region here: where it becomes part of the host's name, it is one label of it.

        Services name regions in their replies; none of them may name another host.
        """
        return "{region}" not in self.host or bool(_LABEL.fullmatch(region))

    def region_of(self, host: str) -> str:
        """The region that a host of this same family is in; "" for any other host."""
        if "{region}" not in self.host:
            return ""
        pattern = re.escape(self.host).replace(r"\{region\}", r"(?P<region>[a-z0-9-]+)")
        suffixes = "|".join(map(re.escape, _AWS_SUFFIXES))
        pattern = pattern.replace(r"\{aws\}", f"(?:{suffixes})")
        found = re.fullmatch(rf"(?:.+\.)?{pattern}", host.lower())
        return found["region"] if found else ""

    def is_private_line(self) -> bool:
        """TLS or this computer itself: nobody in between can change what is sent."""
        if self.scheme == "https":
            return True
        name = (urlsplit(f"//{self.host}").hostname or "").lower()
        try:
            return ipaddress.ip_address(name).is_loopback
        except ValueError:
            return name == "localhost"

    def _host(self, region: str) -> str:
        if "{" not in self.host:
            return self.host
        return self.host.replace("{region}", region).replace("{aws}", aws_partition(region)[0])


def find_endpoint(
    profile: Profile,
    *,
    url: str,
    host: str | None,
    port: int | None,
    secure: bool,
    region: str,
    addressing: str,
    account: str = "",
) -> tuple[Endpoint, str]:
    """The endpoint and the region to sign for. ValueError for what cannot be an endpoint.

    `url` wins over `host`, `host` over the profile's own. A host of Amazon's own kind tells the region.
    """
    if addressing not in ("auto", "path", "virtual"):
        raise ValueError(f"addressing is auto, path or virtual, not {addressing!r}")
    given = (url or host or "").strip()
    if not given and not profile.endpoint:
        raise ValueError("This service has no endpoint of its own: give endpoint= (or host=).")
    text = given or profile.endpoint
    if "{account}" in text:
        if not re.fullmatch(r"[A-Za-z0-9-]+", account):
            raise ValueError("The account's id is missing: it is the first part of the service's address.")
        text = text.replace("{account}", account)
    if "://" not in text:
        text = f"{'https' if secure else 'http'}://{text}"
    parts = _parts(text, port)
    scheme = parts.scheme if given else ("https" if secure else "http")
    own = not given
    virtual = addressing == "virtual"
    # An address is no name to put another name in front of.
    if addressing == "auto" and own and not _is_address(parts.hostname or ""):
        virtual = profile.addressing == "virtual"
    name = (
        parts.netloc
        if parts.port is None or parts.port != _DEFAULT_PORTS[scheme]
        else parts.netloc.rpartition(":")[0]
    )
    if given and (found := _AWS_HOST.fullmatch(name.lower())):
        virtual = addressing != "path"
        region = region or found["region"]
        name = (
            f"{found['head'].rstrip('-.')}.{{region}}.{{aws}}"
            if found["head"] != "s3.dualstack."
            else "s3.dualstack.{region}.{aws}"
        )
    endpoint = Endpoint(scheme, name, parts.path.rstrip("/"), virtual, addressing == "virtual")
    region = region or profile.region
    if region and not endpoint.takes_region(region):
        raise ValueError(f"{region[:80]!r} cannot be the name of a region.")
    return endpoint, region


_DEFAULT_PORTS = {"http": 80, "https": 443}


def _parts(text: str, port: int | None) -> Any:
    try:
        parts = urlsplit(text)
        known = parts.port
    except ValueError as error:
        raise ValueError(f"{text!r} is not the address of a service: {error}.") from error
    if parts.scheme not in _DEFAULT_PORTS or not parts.hostname:
        raise ValueError(
            f"{text!r} is not the address of a service; it looks like https://host or http://host:port."
        )
    if parts.username or parts.password or parts.query or parts.fragment:
        raise ValueError("An endpoint has neither a user nor a query in it; keys go into their own fields.")
    if re.search(r"[\s\\]", parts.netloc):
        raise ValueError(f"{parts.netloc!r} cannot be the name of a host.")
    if known is None and port:
        parts = parts._replace(netloc=f"{parts.netloc}:{port}")
    return parts


def _is_address(host: str) -> bool:
    try:
        ipaddress.ip_address(host)
    except ValueError:
        return host == "localhost"
    return True


def narrowed(endpoint: Endpoint, **changes: Any) -> Endpoint:
    """The same endpoint with another host, scheme or style."""
    return replace(endpoint, **changes)
