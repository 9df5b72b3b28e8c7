"""What the user gave, read: which account, where it lives, and how to sign in. No I/O.

Connection strings: https://learn.microsoft.com/azure/storage/common/storage-configure-connection-string
"""

from __future__ import annotations

import ipaddress
import re
from dataclasses import dataclass, field, replace
from urllib.parse import quote, unquote, urlsplit

from storage_core.capabilities import KIB, MIB, Capabilities

DEVELOPMENT = (
    "AccountName=devstoreaccount1;AccountKey="
    "Eby8vdM02xNOcqFlqUwJPLlmEtlCDXJ1OUzFT50uSRZ6IFsuFq2UVErCz4I6tq/K1SZFPTOtr/KBHBeksoGMGw==;"
    "BlobEndpoint={proxy}:10000/devstoreaccount1"
)
"""What `UseDevelopmentStorage=true` stands for: an emulator here, with a key that is no secret."""

NAME_PATTERN = r"\$(?:root|web|logs)|(?!.*--)[a-z0-9][a-z0-9-]{1,61}[a-z0-9]"
NAME_RULE = (
    "3 to 63 lower-case letters, digits and hyphens; a letter or digit first and last; no two hyphens "
    "in a row"
)
NAME_LETTERS = 1024
"""Letters (of UTF-16) in an object's name."""
DAY = 24 * 3600
TIERS = {"HOT": "Hot", "COOL": "Cool", "COLD": "Cold", "ARCHIVE": "Archive"}

WAYS = (
    "key",
    "sas",
    "connection_string",
    "browser",
    "client_secret",
    "managed_identity",
    "default",
    "anonymous",
)
"""`sign_in`: account key, shared access signature, connection string, three ways of Entra ID, whatever this
computer is signed in with, nobody."""
ENTRA = ("browser", "client_secret", "managed_identity", "default")


@dataclass(frozen=True, slots=True)
class Cloud:
    """One of Microsoft's clouds, which know nothing of each other."""

    suffix: str
    authority: str


CLOUDS = {
    "public": Cloud("core.windows.net", "login.microsoftonline.com"),
    "china": Cloud("core.chinacloudapi.cn", "login.chinacloudapi.cn"),
    "us_government": Cloud("core.usgovcloudapi.net", "login.microsoftonline.us"),
    "germany": Cloud("core.cloudapi.de", "login.microsoftonline.de"),
}
_CLOUD_NAMES = {
    "": "public", "default": "public", "azurecloud": "public", "azurepubliccloud": "public",
    "azurechinacloud": "china", "azuregermancloud": "germany", "azureusgovernment": "us_government",
    "azureusgovernmentcloud": "us_government",
}  # fmt: skip


@dataclass(frozen=True, slots=True)
class Endpoint:
    """Where an account's blobs are. `path` is "/account" where the host does not name it, else ""."""

    scheme: str
    netloc: str
    path: str = ""

    @property
    def origin(self) -> str:
        """`https://account.blob.core.windows.net`, without a slash at its end."""
        return f"{self.scheme}://{self.netloc}{self.path}"

    def url(self, container: str = "", object_name: str = "") -> str:
        """The URL of the account, a container or an object, without a query."""
        if not container:
            return f"{self.origin}/"
        tail = f"/{quote(object_name, safe='/~')}" if object_name else ""
        return f"{self.origin}/{quote(container, safe='$')}{tail}"

    def why_impossible(self, object_name: str) -> str:
        """Why the service would take this name for another one; "" for names that it takes as they are."""
        if "\\" in object_name:
            return "Azure makes a slash of every backslash."
        if not self.is_emulator and {".", ".."} & set(object_name.split("/")):
            return "a step of . or .. may be taken for another folder."
        return ""

    @property
    def family(self) -> str:
        """The host without the account: `blob.core.windows.net`."""
        return self.netloc.partition(".")[2].lower()

    @property
    def is_emulator(self) -> bool:
        """Whether the account is in the path: Azurite, not Microsoft's own service."""
        return bool(self.path)

    @property
    def is_private_line(self) -> bool:
        """TLS, or this computer itself: nobody in between can read a token."""
        return self.scheme == "https" or _is_loopback(self.netloc)


@dataclass(frozen=True, slots=True, kw_only=True)
class Given:
    """What a driver is opened with, as it was given; `settled` makes sense of it."""

    account: str = ""
    key: str = field(default="", repr=False)
    sas: str = field(default="", repr=False)  # a query without "?"
    connection_string: str = field(default="", repr=False)
    sign_in: str = ""
    endpoint: str = ""  # a URL
    host: str = ""
    port: int = 0
    secure: bool = True
    cloud: str = ""
    container: str = ""  # the only one, where it is known by name
    is_narrow: bool = False  # the credentials open one container, not the account
    tenant_id: str = ""
    client_id: str = ""
    client_secret: str = field(default="", repr=False)


def settled(given: Given) -> tuple[Given, Endpoint]:
    """All that follows from what was given: account, one way of signing in, endpoint.

    ValueError for what contradicts itself or is not what its field is for.
    """
    if given.sign_in and given.sign_in not in WAYS:
        raise ValueError(f"sign_in is one of {', '.join(WAYS)}, not {given.sign_in!r}.")
    if given.connection_string and given.sign_in in ("", "connection_string"):
        given = _connected(given)
    elif given.sign_in == "connection_string":
        raise ValueError("The connection string is missing.")
    if given.sas and given.sign_in in ("", "sas"):
        given = _shared(replace(given, sign_in="sas"))
    if not given.sign_in:
        entra = given.client_id and given.tenant_id and given.client_secret
        given = replace(given, sign_in="client_secret" if entra else "key")
    return given, _endpoint(given)


def cloud_of(name: str) -> Cloud:
    """A cloud by our name for it or Libcloud's. ValueError."""
    plain = name.strip().lower().replace("-", "_")
    plain = _CLOUD_NAMES.get(plain.replace("_", ""), plain)
    if plain not in CLOUDS:
        raise ValueError(f"The cloud is one of {', '.join(CLOUDS)}, not {name!r}.")
    return CLOUDS[plain]


def capabilities(given: Given, endpoint: Endpoint) -> Capabilities:
    """What can be done, signed in like this."""
    why = dict(BASE.why)
    able = BASE
    if given.sign_in in ENTRA:
        able = replace(able, signed_url_seconds_max=7 * DAY)
    elif given.sign_in in ("sas", "anonymous"):
        how = "a shared access signature" if given.sign_in == "sas" else "an account without credentials"
        why["signed_urls"] = f"Links are signed with the account's key, which {how} does not hold."
        why["public_containers"] = f"With {how} nobody may see or change who can read a container."
        able = replace(able, signed_urls=(), public_containers=False)
    if given.sign_in == "anonymous" or given.container or given.is_narrow:
        what = "These credentials open one container alone."
        if given.sign_in == "anonymous":
            what = "Without credentials nobody may see or make containers; open one by its name."
        why["list_containers"] = why["create_containers"] = what
        able = replace(able, list_containers=False, create_containers=False)
    if endpoint.is_emulator and given.sign_in != "key":
        able = replace(able, delete_many=0)
        why["delete_many"] = "Azurite takes batches from account keys alone."
        able = replace(able, public_containers=False)
        why.setdefault("public_containers", "Azurite lets account keys alone change who can read.")
    return replace(able, why=why)


BASE = Capabilities(
    metadata_listed=True,
    parts=True,
    server_copy=True,
    set_attributes=True,
    delete_many=256,
    versions=True,
    signed_urls=("GET", "PUT", "DELETE", "HEAD"),
    signed_url_seconds_max=365 * DAY,
    public_containers=True,
    create_only=True,
    storage_classes=tuple(TIERS),
    tags=True,
    content_hash="md5",
    headers_lost=("expires",),
    metadata_keys_lowered=True,
    metadata_keys_coded=True,
    metadata_values_coded=True,
    page_size_max=5000,
    object_size_max=50_000 * 4000 * MIB,
    put_size_max=5000 * MIB,
    part_size_min=1,
    part_size_max=4000 * MIB,
    part_count_max=50_000,
    copy_size_max=50_000 * 4000 * MIB,
    object_name_bytes_max=4 * NAME_LETTERS,
    metadata_bytes_max=8 * KIB,
    why={
        "copy_parts": "Azure copies objects of any size in one request.",
        "public_objects": "Azure makes whole containers public, not single objects.",
        "cdn": "Azure's CDN (Front Door) is a service of its own, set up in the portal.",
        "encryption": "Azure encrypts everything by itself; keys are chosen per account, in the portal.",
    },
)
"""https://learn.microsoft.com/azure/storage/blobs/scalability-targets"""


# -- helpers --


def _connected(given: Given) -> Given:
    text = given.connection_string.strip()
    pairs = {}
    for item in filter(None, (item.strip() for item in text.split(";"))):
        name, equals, value = item.partition("=")
        if not equals:
            raise ValueError("A connection string looks like AccountName=…;AccountKey=…;EndpointSuffix=…")
        pairs[name.strip().lower()] = value.strip()
    if pairs.get("usedevelopmentstorage", "").lower() == "true":
        proxy = pairs.get("developmentstorageproxyuri", "").rstrip("/") or "http://127.0.0.1"
        return _connected(replace(given, connection_string=DEVELOPMENT.format(proxy=proxy)))
    sas = pairs.get("sharedaccesssignature", "").removeprefix("?")
    key = pairs.get("accountkey", "")
    endpoint = pairs.get("blobendpoint", "")
    account = pairs.get("accountname", "") or given.account
    scheme = pairs.get("defaultendpointsprotocol", "https").lower()
    if not endpoint and account and pairs.get("endpointsuffix"):
        endpoint = f"{scheme}://{account}.blob.{pairs['endpointsuffix']}"
    if not account and not endpoint:
        raise ValueError("This connection string names neither an account (AccountName) nor a BlobEndpoint.")
    return replace(
        given,
        account=account or _account_in(endpoint),
        key=key,
        sas=sas,
        endpoint=given.endpoint or endpoint,
        secure=given.secure and scheme != "http",
        sign_in="sas" if sas and not key else "key" if key else "anonymous",
        connection_string="",
    )


def _shared(given: Given) -> Given:
    """A SAS token, or a whole URL with one: then account, endpoint and container are in it, too."""
    text = given.sas.strip()
    endpoint, container = given.endpoint, given.container
    account = given.account
    query = text
    if "://" in text:
        parts = urlsplit(text)
        query = parts.query
        segments = [unquote(one) for one in parts.path.split("/") if one]
        path = ""
        if _is_bare(parts.hostname or "") and segments:
            path = f"/{segments.pop(0)}"
        endpoint = endpoint or f"{parts.scheme}://{parts.netloc}{path}"
        account = account or _account_in(f"{parts.scheme}://{parts.netloc}{path}")
        container = container or (segments[0] if segments else "")
    pairs = [item for item in query.lstrip("?").split("&") if item]
    pairs = [item for item in pairs if item.partition("=")[0].lower() not in ("comp", "restype")]
    names = {item.partition("=")[0].lower(): item.partition("=")[2] for item in pairs}
    if "sig" not in names:
        raise ValueError(
            "A shared access signature looks like sv=…&sp=…&se=…&sig=…, or is a link that ends so."
        )
    if names.get("sr") in ("b", "bs", "bv"):
        raise ValueError(
            "This link opens a single object. Ask for one that opens a container or the account."
        )
    if "ss" in names or "srt" in names:
        container = given.container  # it opens the account, whatever page it was copied from
    return replace(
        given,
        sas="&".join(pairs),
        endpoint=endpoint,
        account=account,
        container=container,
        is_narrow=not ("ss" in names or "srt" in names),
    )


def _endpoint(given: Given) -> Endpoint:
    scheme = "https" if given.secure else "http"
    if given.endpoint:
        return _endpoint_from(given.endpoint, given.account, given.port, scheme)
    if given.host:
        return _endpoint_at(given, scheme)
    account = given.account.strip().lower()
    if not account:
        raise ValueError("Storage account is missing.")
    if not re.fullmatch(r"[a-z0-9-]+", account):
        raise ValueError(f"{given.account!r} is not the name of a storage account: letters and digits only.")
    return Endpoint(scheme, f"{account}.blob.{cloud_of(given.cloud).suffix}")


def _endpoint_at(given: Given, scheme: str) -> Endpoint:
    """`host` as in Libcloud: Azure's own family with or without the account, else an emulator's."""
    host = given.host.strip()
    if "://" in host:
        return _endpoint_from(host, given.account, given.port, scheme)
    netloc = f"{host}:{given.port}" if given.port and ":" not in host else host
    if host.partition(".")[0].lower() == given.account.lower():
        return Endpoint(scheme, netloc)
    if host.lower().startswith(("blob.", "privatelink.blob.")):
        return Endpoint(scheme, f"{given.account}.{netloc}")
    return Endpoint(scheme, netloc, f"/{given.account}")


def _endpoint_from(text: str, account: str, port: int, scheme: str) -> Endpoint:
    text = text.strip()
    parts = urlsplit(text if "://" in text else f"{scheme}://{text}")
    try:
        known = parts.port
    except ValueError as error:
        raise ValueError(f"{text!r} is not the address of a service: {error}.") from error
    if parts.scheme not in ("http", "https") or not parts.hostname or re.search(r"[\s\\]", parts.netloc):
        raise ValueError(
            f"{text!r} is not the address of a service; it looks like https://account.blob.core.windows.net"
        )
    if parts.username or parts.password or parts.query or parts.fragment:
        raise ValueError("An endpoint has neither a user nor a query in it; keys go into their own fields.")
    netloc = parts.netloc if known or not port else f"{parts.netloc}:{port}"
    path = parts.path.rstrip("/")
    if not path and _is_bare(parts.hostname) and account:
        path = f"/{account}"
    return Endpoint(parts.scheme, netloc, path)


def _account_in(url: str) -> str:
    """The account that an address tells: the first label of its host, or the first step of its path."""
    parts = urlsplit(url)
    if _is_bare(parts.hostname or ""):
        return parts.path.strip("/").partition("/")[0]
    return (parts.hostname or "").partition(".")[0]


def _is_bare(host: str) -> bool:
    """An IP address or a name without a dot: no account can stand in front of it."""
    try:
        ipaddress.ip_address(host)
    except ValueError:
        return "." not in host
    return True


def _is_loopback(netloc: str) -> bool:
    name = (urlsplit(f"//{netloc}").hostname or "").lower()
    try:
        return ipaddress.ip_address(name).is_loopback
    except ValueError:
        return name == "localhost"
