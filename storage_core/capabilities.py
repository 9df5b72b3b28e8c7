"""What a driver can do, as data: flags, numeric limits, and a sentence for each *no*.

Drivers narrow a base value with `dataclasses.replace`; providers' rows and probes narrow it further. The
window draws its buttons from here and the conformance suite exercises every flag, so a flag is a promise.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

KIB = 1024
MIB = 1024 * KIB
GIB = 1024 * MIB
TIB = 1024 * GIB

FLAG_TEXTS: Mapping[str, str] = {
    "list_containers": "listing containers",
    "create_containers": "creating and deleting containers",
    "list_folders": "listing one folder level",
    "ranged_reads": "reading a part of an object",
    "parts": "uploading in parts",
    "server_copy": "copying on the server",
    "copy_parts": "copying large objects on the server in parts",
    "metadata": "metadata of your own",
    "content_headers": "content headers",
    "set_attributes": "changing metadata of a stored object",
    "delete_many": "deleting many objects in one request",
    "versions": "object versions",
    "signed_urls": "temporary links",
    "public_containers": "public containers",
    "public_objects": "public single objects",
    "cdn": "a CDN",
    "create_only": "refusing to overwrite on the server's side",
    "storage_classes": "storage classes",
    "encryption": "choosing the server's encryption",
    "tags": "tags",
}
"""Every yes/no question a caller may ask, with the words used in the sentence that says no."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Capabilities:
    """One driver's abilities. Sizes in bytes. A number of 0 where a flag would be False means *cannot*."""

    list_containers: bool = True
    create_containers: bool = True
    list_folders: bool = True
    metadata_listed: bool = False  # listings carry user metadata, no extra request per object
    ranged_reads: bool = True
    parts: bool = False
    equal_parts: bool = False  # all parts but the last must have one size (Cloudflare R2)
    server_copy: bool = False
    copy_parts: bool = False
    metadata: bool = True
    content_headers: bool = True
    set_attributes: bool = False
    delete_many: int = 0  # objects per request
    versions: bool = False
    signed_urls: tuple[str, ...] = ()  # HTTP methods a link can be signed for
    signed_url_seconds_max: int = 0  # the longest that a link may last
    public_containers: bool = False
    public_objects: bool = False
    cdn: bool = False
    create_only: bool = False
    storage_classes: tuple[str, ...] = ()  # names an upload may ask for, the usual one first
    encryption: tuple[str, ...] = ()  # "AES256", "aws:kms": what an upload may ask for
    tags: bool = False
    content_hash: str = ""  # the hash every plain upload can be checked against: "md5" or ""

    headers_lost: tuple[str, ...] = ()  # content headers (fields of Attributes) that it cannot keep
    metadata_keys_lowered: bool = False  # keys come back in lower case
    metadata_keys_coded: bool = False  # odd keys are stored in a reversible spelling that others see
    metadata_values_coded: bool = False  # so are values beyond ASCII

    page_size_max: int = 1000  # entries of one listing page
    object_size_max: int = 5 * TIB  # bytes, however it is uploaded
    put_size_max: int = 5 * GIB  # bytes of an upload in one request
    part_size_min: int = 5 * MIB  # bytes; the last part may be smaller
    part_size_max: int = 5 * GIB  # bytes
    part_count_max: int = 10_000  # parts of one object
    copy_size_max: int = 5 * GIB  # bytes of a copy on the server in one request
    object_name_bytes_max: int = 1024  # of the name in UTF-8
    metadata_bytes_max: int = 2 * KIB  # all keys and values of one object in UTF-8

    why: Mapping[str, str] = field(default_factory=dict)
    """Sentences that replace the general one, by flag name."""

    def has(self, flag: str) -> bool:
        """Whether the flag is set. ValueError for a name that is not in FLAG_TEXTS (a typo is a bug)."""
        if flag not in FLAG_TEXTS:
            raise ValueError(f"no capability is called {flag!r}")
        return bool(getattr(self, flag))

    def why_not(self, flag: str) -> str:
        """Empty when the flag is set; otherwise one sentence for a tooltip or an error."""
        if self.has(flag):
            return ""
        return self.why.get(flag) or f"This service does not offer {FLAG_TEXTS[flag]}."
