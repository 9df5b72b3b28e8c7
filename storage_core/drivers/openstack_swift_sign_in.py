"""How a Swift account is opened: our arguments and Libcloud's, as one value; and the tokens that follow."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import urlsplit

from storage_core import http
from storage_core.common.base import NetworkOptions
from storage_core.errors import InvalidCredsError, UnreachableError
from storage_core.redaction import redact
from storage_core.tokens import keystone, tempauth
from storage_core.tokens.keystone import Identity
from storage_core.tokens.renewed import Renewed, Token

WAYS = ("password", "application_credential", "token", "v2", "v1")
"""Ways to sign in that a form offers; "v2_apikey" is Rackspace's."""

VERSIONS: Mapping[str, str] = {
    "1": "v1",
    "1.0": "v1",
    "2": "v2",
    "2.0": "v2_apikey",  # Libcloud means Rackspace by it
    "2.0_apikey": "v2_apikey",
    "2.0_password": "v2",
    "3": "password",
    "3.0": "password",
    "3.x_password": "password",
    "3.x_appcred": "application_credential",
}
"""Libcloud's `ex_force_auth_version` in our words."""

ALIASES: Mapping[str, str] = {
    "ex_force_auth_url": "auth_url",
    "ex_force_base_url": "storage_url",
    "ex_force_auth_token": "token",
    "ex_force_service_type": "service_type",
    "ex_force_service_name": "service_name",
    "ex_force_service_region": "region",
    "ex_tenant_name": "project",
    "ex_domain_name": "user_domain",
    "ex_tenant_domain_id": "project_domain_id",
}
"""Libcloud's names for what is ours."""


@dataclass(frozen=True, slots=True, kw_only=True)
class SignIn:
    """One account's way in. `storage_url` wins over what the sign-in tells."""

    way: str
    identity: Identity
    storage_url: str = ""
    token: str = field(default="", repr=False)

    @property
    def renewable(self) -> bool:
        """Whether a token that ran out can be followed by another one."""
        return not (self.way == "token" and self.storage_url)

    def tokens(self, network: NetworkOptions, client: http.Client) -> Renewed:
        """No I/O yet. A token's `told` has "storage_url"."""
        return Renewed(self._fetch(network, client))

    def _fetch(self, network: NetworkOptions, client: http.Client) -> Callable[[], Token]:
        def fetch() -> Token:
            one = self.identity
            if self.way == "token" and self.storage_url:
                return Token(self.token, told={"storage_url": self.storage_url})
            missing = _missing(self.way, one)
            if missing:
                raise InvalidCredsError(f"{missing} is missing: without it nobody can sign in.")
            if self.way == "v1":
                token = tempauth.fetch(client, one.auth_url, one.user, one.secret)
            else:
                token = keystone.fetch(one, network)
            if not self.storage_url and _is_betrayed(one.auth_url, str(token.told["storage_url"])):
                raise UnreachableError(
                    "The cloud signs in over https and says that its storage is at http://: the token would "
                    "travel where everybody can read it. Give the storage's https address yourself."
                )
            told = {"storage_url": self.storage_url} if self.storage_url else token.told
            return Token(token.value, token.expires, told)

        return fetch


def _is_betrayed(auth_url: str, storage_url: str) -> bool:
    """Whether a sign-in that nobody could read leads to storage that everybody can."""
    return auth_url.lower().startswith("https:") and not storage_url.lower().startswith("https:")


@dataclass(frozen=True, slots=True, kw_only=True)
class Libcloud:
    """The arguments that have positions."""

    key: str
    secret: str = field(repr=False)
    host: str
    port: int | None
    secure: bool
    region: str
    internal: bool


def read_arguments(preset: Mapping[str, Any], first: Libcloud, options: Mapping[str, Any]) -> SignIn:
    """The way in. TypeError for an argument that nobody knows, ValueError for one that cannot be."""
    values: dict[str, str] = {name: str(value) for name, value in preset.items()}
    for name, value in options.items():
        if value is not None and value != "":
            values[ALIASES.get(name, name)] = str(value)
    version = values.pop("ex_force_auth_version", "")
    if values.pop("ex_token_scope", "project") != "project":
        raise ValueError("a token for storage is one for a project: ex_token_scope is 'project'")
    url = values.pop("auth_url", "")
    if not url and first.host:
        port = f":{first.port}" if first.port else ""
        url = f"{'https' if first.secure else 'http'}://{first.host}{port}"
    storage_url = _checked(values.pop("storage_url", "").rstrip("/"))
    token = values.pop("token", "")
    libcloud = "ex_force_auth_url" in options
    way = values.pop("sign_in", "") or _way(version, url, token, libcloud)
    if way not in (*WAYS, "v2_apikey"):
        raise ValueError(f"sign_in is one of {', '.join(WAYS)}, not {way!r}")
    url = _checked(_v1_address(url) if way == "v1" else url)
    region = values.pop("region", "") or first.region
    interface = values.pop("interface", "") or ("internal" if first.internal else "public")
    user = values.pop("credential_id", "") or first.key
    secret = values.pop("credential_secret", "") or first.secret
    values |= _ids(values)
    domains = _domains(values, way)
    unknown = sorted(set(values) - _NAMES)
    if unknown:
        raise TypeError(f"a Swift driver has no argument {', '.join(unknown)}")
    identity = Identity(
        auth_url=url,
        way="v2_token" if way == "token" and url.rstrip("/").endswith("/v2.0") else way,
        user=user,
        secret=token if way == "token" else secret,
        region=region,
        interface=interface,
        **{**values, **domains},
    )
    return SignIn(way=way, identity=identity, storage_url=storage_url, token=token)


_NAMES = {
    *("user_id", "owner", "project", "project_id", "user_domain", "user_domain_id"),
    *("project_domain", "project_domain_id", "service_type", "service_name"),
}


def _way(version: str, url: str, token: str, libcloud: bool) -> str:
    """What is meant where nobody says: Libcloud's version, else what the address ends with."""
    if token:
        return "token"
    if version:
        if version not in VERSIONS:
            raise ValueError(
                f"ex_force_auth_version is one of {', '.join(sorted(VERSIONS))}, not {version!r}"
            )
        return VERSIONS[version]
    end = urlsplit(url).path.rstrip("/").rpartition("/")[2]
    known = {"v1.0": "v1", "v1": "v1", "v2.0": "v2", "v3": "password"}
    return known.get(end, "v1" if libcloud else "password")


def _domains(values: Mapping[str, str], way: str) -> dict[str, str]:
    """Users and projects are in a domain, the one called Default where none is named."""
    if way in ("v1", "v2", "v2_apikey"):
        return {}
    domains: dict[str, str] = {}
    if not values.get("user_domain") and not values.get("user_domain_id"):
        domains["user_domain"] = "Default"
    if not values.get("project_domain") and not values.get("project_domain_id"):
        # Nearly always the same one.
        domains["project_domain"] = values.get("user_domain", "") or domains.get("user_domain", "")
        domains["project_domain_id"] = "" if domains["project_domain"] else values.get("user_domain_id", "")
    return domains


def _ids(values: dict[str, str]) -> dict[str, str]:
    """Ids that were given where a name belongs: 32 hex digits, and the first domain's id."""
    found = {}
    for name in ("project", "user_domain", "project_domain"):
        if re.fullmatch("[0-9a-f]{32}", values.get(name, "")) or (values.get(name) == "default"):
            if not values.get(f"{name}_id"):
                found[f"{name}_id"] = values[name]
            del values[name]
    return found


def _missing(way: str, identity: Identity) -> str:
    if not identity.auth_url:
        return "The address to sign in at"
    if not identity.secret:
        return "The token" if way == "token" else "The secret"
    if way != "token" and not identity.user and not identity.user_id:
        return "The user"
    return ""


def _v1_address(url: str) -> str:
    """TempAuth's usual place where only a host was given."""
    return f"{url.rstrip('/')}/auth/v1.0" if url and urlsplit(url).path in ("", "/") else url


def _checked(url: str) -> str:
    if not url:
        return url
    try:
        parts = urlsplit(url)
        hostname = parts.hostname if parts.port != 0 else None
    except ValueError as error:
        raise ValueError(f"{redact(url)!r} is not the address of a service: {error}.") from None
    if parts.scheme not in ("http", "https") or not hostname:
        raise ValueError(
            f"{redact(url)!r} is not the address of a service; it looks like https://host:5000/v3."
        )
    if parts.username or parts.password or parts.query or parts.fragment:
        raise ValueError("An address has neither a user nor a query in it; keys go into their own fields.")
    return url
