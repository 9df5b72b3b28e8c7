"""Azure's signatures: SharedKey headers, and shared access signatures (SAS) as the queries of links.

Pure: what is to be sent goes in, a header or a query comes out.
https://learn.microsoft.com/rest/api/storageservices/authorize-with-shared-key
https://learn.microsoft.com/rest/api/storageservices/create-account-sas, create-service-sas,
create-user-delegation-sas
"""

from __future__ import annotations

import base64
import binascii
import hmac
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from email.utils import format_datetime
from urllib.parse import quote, unquote

from storage_core.errors import InvalidCredsError
from storage_core.wire import Request, size

VERSION = "2021-12-02"
"""Of the protocol: the first with the class Cold. Links are signed for it as well."""

SIGNED_HEADERS = (
    *("content-encoding", "content-language", "content-length", "content-md5", "content-type", "date"),
    *("if-modified-since", "if-match", "if-none-match", "if-unmodified-since", "range"),
)
"""Their values stand in the signed text in this order, one a line, empty where there is none."""


@dataclass(frozen=True, slots=True)
class AccountKey:
    """An account and its key in base64, as the portal shows it."""

    account: str
    key: str = field(repr=False)

    def sign(self, text: str) -> str:
        """The signature of a text, in base64. InvalidCredsError for a key that is none."""
        return _hmac(self.key, text)


@dataclass(frozen=True, slots=True)
class DelegationKey:
    """A key that the service lent to whoever signed in by Entra ID; the fields are those of its reply."""

    oid: str
    tid: str
    start: str
    expiry: str
    service: str
    version: str
    value: str = field(repr=False)


# -- requests --


def sign(request: Request, key: AccountKey, now: datetime) -> None:
    """Put x-ms-date and Authorization among the request's headers."""
    request.headers["x-ms-date"] = http_date(now)
    request.headers["Authorization"] = authorization(
        request.method, request.url, request.headers, size(request) or 0, key
    )


def authorization(method: str, url: str, headers: Mapping[str, str], length: int, key: AccountKey) -> str:
    """The Authorization header; `length` is that of the body, in bytes."""
    return f"SharedKey {key.account}:{key.sign(string_to_sign(method, url, headers, length, key.account))}"


def string_to_sign(method: str, url: str, headers: Mapping[str, str], length: int, account: str) -> str:
    """The text that SharedKey signs. A body of no bytes has no length in it."""
    known = {name.lower(): value for name, value in headers.items()}
    known["content-length"] = str(length) if length else ""
    if "x-ms-date" in known:
        known["date"] = ""
    lines = [method, *(known.get(name, "") for name in SIGNED_HEADERS)]
    own = sorted((name for name in known if name.startswith("x-ms-")), key=_collation)
    lines += [f"{name}:{known[name]}" for name in own]
    path, _, query = url.partition("://")[2].partition("?")
    lines.append(f"/{account}/{path.partition('/')[2]}")
    pairs: dict[str, list[str]] = {}
    for item in query.split("&") if query else ():
        name, _, value = item.partition("=")
        pairs.setdefault(unquote(name).lower(), []).append(unquote(value))
    lines += [f"{name}:{','.join(sorted(pairs[name]))}" for name in sorted(pairs)]
    return "\n".join(lines)


def http_date(moment: datetime) -> str:
    """`Sun, 06 Nov 1994 08:49:37 GMT`, in whatever language this computer speaks."""
    return format_datetime(moment.astimezone(UTC).replace(microsecond=0), usegmt=True)


def _collation(name: str) -> tuple[str, list[bool]]:
    """The service sorts by letters first, `_` ahead of digits, and looks at hyphens only between equals."""
    return name.replace("-", "").replace("_", "!"), [letter == "-" for letter in name]


# -- links --


def account_sas(
    key: AccountKey,
    permissions: str,
    expiry: str,
    *,
    services: str = "b",
    types: str = "sco",
    start: str = "",
    ip: str = "",
    protocol: str = "",
    version: str = VERSION,
) -> str:
    """A query that opens an account. `expiry` and `start` as `sas_time` gives them."""
    told = {"st": start, "se": expiry, "sp": permissions, "sip": ip, "spr": protocol, "sv": version}
    told |= {"ss": services, "srt": types}
    lines = [key.account, *(told[name] for name in ("sp", "ss", "srt", "st", "se", "sip", "spr", "sv"))]
    # The scope of encryption; and every line has an end here, unlike in the other two.
    return _query({**told, "sig": key.sign("\n".join([*lines, "", ""]))})


def service_sas(
    key: AccountKey | DelegationKey,
    account: str,
    container: str,
    object_name: str,
    permissions: str,
    expiry: str,
    *,
    start: str = "",
    ip: str = "",
    protocol: str = "",
    policy: str = "",
    moment: str = "",
    resource: str = "",
    overrides: Mapping[str, str] | None = None,
    version: str = VERSION,
) -> str:
    """A query that opens one object, or with `object_name` "" one container.

    `resource` is told from these unless it is a snapshot ("bs") or a version ("bv") of `moment`. `overrides`
    are headers of the answer: rscc, rscd, rsce, rscl, rsct. `policy` names a stored one; keys that were lent
    know none.
    """
    told = {"st": start, "se": expiry, "sp": permissions, "sip": ip, "spr": protocol, "sv": version}
    told |= {"si": policy, "sr": resource or ("b" if object_name else "c"), "snapshot": moment}
    told |= {name: (overrides or {}).get(name, "") for name in ("rscc", "rscd", "rsce", "rscl", "rsct")}
    place = f"/blob/{account}/{container}" + (f"/{object_name}" if object_name else "")
    lines = [told["sp"], told["st"], told["se"], place]
    late: list[str] = []
    if isinstance(key, DelegationKey):
        told |= {
            "skoid": key.oid, "sktid": key.tid, "skt": key.start, "ske": key.expiry,
            "sks": key.service, "skv": key.version,
        }  # fmt: skip
        lines += [told[name] for name in ("skoid", "sktid", "skt", "ske", "sks", "skv")]
        lines += ["", "", ""]  # two users and a correlation, of hierarchical accounts alone
        lines += ["", ""] if version >= "2025-07-05" else []
        late = ["", ""] if version >= "2026-04-06" else []
        secret = key.value
    else:
        lines.append(told["si"])
        secret = key.key
    lines += [told[name] for name in ("sip", "spr", "sv", "sr", "snapshot")]
    lines += ["", *late]  # the scope of encryption
    lines += [told[name] for name in ("rscc", "rscd", "rsce", "rscl", "rsct")]
    return _query({**told, "sig": _hmac(secret, "\n".join(lines))})


def sas_time(moment: datetime) -> str:
    """`2026-11-22T20:00:00Z`."""
    return moment.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")


# -- helpers --


def _query(told: Mapping[str, str]) -> str:
    return "&".join(_pairs(told.items()))


def _pairs(items: Iterable[tuple[str, str]]) -> Iterable[str]:
    return (f"{name}={quote(value)}" for name, value in items if value)


def _hmac(key: str, text: str) -> str:
    try:
        secret = base64.b64decode(key, validate=True)
    except (binascii.Error, ValueError):
        secret = b""
    if not secret:
        raise InvalidCredsError("The account key is not one: it is a long text in base64 that ends with =.")
    return base64.b64encode(hmac.digest(secret, text.encode(), "sha256")).decode()
