"""Azure: connection strings, shared access signatures, addresses of accounts.

https://learn.microsoft.com/azure/storage/common/storage-configure-connection-string
https://learn.microsoft.com/rest/api/storageservices/create-service-sas
"""

from __future__ import annotations

from urllib.parse import SplitResult, parse_qs, unquote

from .found import Found, PasteError, found

PROVIDER = "azure_blobs"
CONNECTION, SIGNATURE, ADDRESS = "Azure connection string", "Azure SAS URL", "Azure address"
CLOUDS = {  # what the row calls Microsoft's clouds, by how their hosts end
    "core.windows.net": "public",
    "core.chinacloudapi.cn": "china",
    "core.usgovcloudapi.net": "us_government",
    "core.cloudapi.de": "germany",
}
# Account and key of the emulator, the same on every computer in the world:
# https://learn.microsoft.com/azure/storage/common/storage-connect-azurite
EMULATOR = "devstoreaccount1"
EMULATOR_KEY = "Eby8vdM02xNOcqFlqUwJPLlmEtlCDXJ1OUzFT50uSRZ6IFsuFq2UVErCz4I6tq/K1SZFPTOtr/KBHBeksoGMGw=="
EMULATOR_ADDRESS = f"http://127.0.0.1:10000/{EMULATOR}"


def connection_string(text: str) -> Found | None:
    """`AccountName=…;AccountKey=…;EndpointSuffix=…`, in any order and with any of its parts."""
    parts = {
        key.strip().lower(): value.strip()
        for key, mark, value in (part.partition("=") for part in text.replace("\n", "").split(";"))
        if mark
    }
    if not parts.keys() & {"accountname", "blobendpoint", "usedevelopmentstorage"}:
        return None
    if parts.get("usedevelopmentstorage", "").lower() == "true":
        parts = {"accountname": EMULATOR, "accountkey": EMULATOR_KEY, "blobendpoint": EMULATOR_ADDRESS}
    endpoint, account = parts.get("blobendpoint", "").rstrip("/"), parts.get("accountname", "")
    suffix = parts.get("endpointsuffix", "core.windows.net")
    if not endpoint and account:
        endpoint = f"{parts.get('defaultendpointsprotocol', 'https')}://{account}.blob.{suffix}"
    account = account or _account_in(endpoint)
    signature = parts.get("sharedaccesssignature", "").removeprefix("?")
    if not account:
        raise PasteError("This connection string names no account and no address for blobs.")
    if not signature and not parts.get("accountkey"):
        raise PasteError("This connection string holds neither an account key nor a signature.")
    way = (
        {"sign_in": "sas", "sas": signature} if signature else {"sign_in": "key", "key": parts["accountkey"]}
    )
    facts = {"account": account, **_place(endpoint, account), **way}
    return found(CONNECTION, PROVIDER, facts, title=account)


def address(split: SplitResult) -> Found | None:
    """A URL of an account, container or folder, with a signature or without."""
    host = (split.hostname or "").replace(".dfs.", ".blob.", 1)
    query = parse_qs(split.query)
    is_signed = "sig" in query and "sv" in query
    if not is_signed and ".blob.core." not in host and ".blob.storage." not in host:
        return None
    steps = [unquote(step) for step in split.path.split("/") if step]
    port = f":{split.port}" if split.port else ""
    endpoint = f"{split.scheme}://{host}{port}"
    account = host.partition(".")[0]
    if host == "localhost" or host.replace(".", "").isdigit():
        # An emulator: the account is the first step of the path.
        account = steps.pop(0) if steps else ""
        endpoint = f"{endpoint}/{account}"
    if not account:
        return None
    facts = {"account": account, **_place(endpoint, account)}
    folder = "/".join([*steps, ""]) if steps else ""
    if not is_signed:
        return found(ADDRESS, PROVIDER, facts, title=account, start=folder)
    told = {name: values[0] for name, values in query.items()}
    if told.get("sr") in ("b", "bv", "bs"):
        raise PasteError(
            "This is a link to one blob. To browse, a link to a container or to the account helps."
        )
    facts |= {"sign_in": "sas", "sas": split.query}
    is_narrow = told.get("sr") in ("c", "d") or ("srt" in told and "s" not in told["srt"])
    if is_narrow and steps:
        facts["container"] = steps[0]
    title = f"{account} ({steps[0]})" if steps else account
    only = tuple(steps[:1]) if is_narrow else ()
    return found(SIGNATURE, PROVIDER, facts, title=title, containers=only, start=folder)


def signature(text: str) -> Found | None:
    """A signature without its URL: `sv=…&sig=…`."""
    query = parse_qs(text.removeprefix("?"))
    if not {"sv", "sig"} <= query.keys() or any(character.isspace() for character in text):
        return None
    facts = {"sign_in": "sas", "sas": text.removeprefix("?")}
    return found(
        "Azure SAS token", PROVIDER, facts, note="Type the name of the account: a token does not say."
    )


# -- helpers --


def _account_in(endpoint: str) -> str:
    """`https://me.blob.core.windows.net`, `http://127.0.0.1:10000/me` to `me`."""
    host, _, path = endpoint.partition("://")[2].partition("/")
    return host.partition(".")[0] if ".blob." in host else path.partition("/")[0]


def _place(endpoint: str, account: str) -> dict[str, str]:
    """The cloud where the account's name and that say the address, else the address itself."""
    host = endpoint.lower().partition("://")[2]
    cloud = CLOUDS.get(host.removeprefix(f"{account}.blob."), "")
    return {"cloud": cloud} if cloud and endpoint.startswith("https") else {"endpoint": endpoint}
