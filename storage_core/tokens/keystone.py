"""OpenStack's sign-in: Keystone v3 and v2, by keystoneauth1 over the account's own session.

https://docs.openstack.org/keystoneauth/latest/ · https://docs.openstack.org/api-ref/identity/v3/
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import urlsplit

from storage_core import retrying, wire
from storage_core.common.base import NetworkOptions
from storage_core.errors import (
    AccessDeniedError,
    InvalidCredsError,
    LibcloudError,
    MalformedResponseError,
    MissingExtraError,
    ProviderError,
    ServerError,
    UnreachableError,
)
from storage_core.session import lend, problem_in
from storage_core.tokens.renewed import Token, now
from storage_core.tokens.tempauth import is_address

WAYS = ("password", "application_credential", "token", "v2", "v2_apikey", "v2_token")
ATTEMPTS = 3
MISSING = "Signing in at Keystone needs the package keystoneauth1: pip install 'skyferry[openstack]'"


@dataclass(frozen=True, slots=True, kw_only=True)
class Identity:
    """Who asks whom for what. Names or ids, whichever is known; "" is not given.

    `secret` is the password, the application credential's secret, the API key or the token.
    """

    auth_url: str
    way: str = "password"
    user: str = ""  # for an application credential its id, or with `owner` its name
    user_id: str = ""
    secret: str = field(default="", repr=False)
    owner: str = ""  # the user whose application credential is meant by its name
    project: str = ""
    project_id: str = ""
    user_domain: str = ""
    user_domain_id: str = ""
    project_domain: str = ""
    project_domain_id: str = ""
    region: str = ""
    interface: str = "public"
    service_type: str = "object-store"
    service_name: str = ""


def fetch(identity: Identity, network: NetworkOptions) -> Token:
    """A token, and under "storage_url" in `told` where the catalog says that the account is.

    Raises InvalidCredsError, NetworkError…, MissingExtraError without keystoneauth1, ProviderError when
    the catalog has no such service.
    """
    attempt = 1
    while True:
        try:
            return _fetch(identity, network)
        except LibcloudError as error:
            if not error.retryable or attempt == ATTEMPTS:
                raise
            wire.sleep(retrying.pause(error, attempt, None), None)
        attempt += 1


def _fetch(identity: Identity, network: NetworkOptions) -> Token:
    try:
        from keystoneauth1.session import Session  # noqa: PLC0415
    except ImportError:
        raise MissingExtraError(MISSING) from None
    # Only this session: redirects off, so that no password is sent on to another host.
    with lend(network) as requests, _typed(identity):
        session = Session(session=requests, redirect=False, user_agent=network.user_agent)
        access = _plugin(identity).get_access(session)
        storage_url = _endpoint(access, identity)
    return Token(access.auth_token, _end(access), {"storage_url": storage_url})


def _end(access: Any) -> float:
    """When the token ends by this computer's clock, which need not be Keystone's: its life begins now."""
    expires = access.expires
    if expires is None:
        return float("inf")
    try:
        return now() + float((expires - access.issued).total_seconds())
    except (KeyError, TypeError):  # v2 may not say when it was issued
        return float(expires.timestamp())


def address(auth_url: str, version: str) -> str:
    """The address with the version at its end, where somebody left it out."""
    url = auth_url.rstrip("/").removesuffix("/auth/tokens").removesuffix("/tokens")
    return url if re.search(r"/v[23](\.\d+)?$", url) else f"{url}/{version}"


def _plugin(identity: Identity) -> Any:
    from keystoneauth1.identity import v2, v3  # noqa: PLC0415

    one = identity
    if one.way.startswith("v2"):
        url, tenant = address(one.auth_url, "v2.0"), _given(tenant_name=one.project, tenant_id=one.project_id)
        if one.way == "v2_token":
            return v2.Token(url, one.secret, **tenant)
        if one.way == "v2_apikey":
            return _api_key(v2.Auth)(url, one.user, one.secret, **tenant)
        return v2.Password(url, one.user or None, one.secret, user_id=one.user_id or None, **tenant)
    url = address(one.auth_url, "v3")
    domain = _given(user_domain_name=one.user_domain, user_domain_id=one.user_domain_id)
    if one.way == "application_credential":
        if one.owner:
            named = _given(application_credential_name=one.user, username=one.owner)
            return v3.ApplicationCredential(url, one.secret, **named, **domain)
        return v3.ApplicationCredential(url, one.secret, application_credential_id=one.user)
    scope = _given(
        project_name=one.project,
        project_id=one.project_id,
        project_domain_name="" if one.project_id else one.project_domain,
        project_domain_id="" if one.project_id else one.project_domain_id,
    )
    if one.way == "token":
        return v3.Token(url, one.secret, **scope)
    who = {"user_id": one.user_id} if one.user_id else {"username": one.user, **domain}
    return v3.Password(url, password=one.secret, **who, **scope)


def _given(**values: str) -> dict[str, Any]:
    return {name: value for name, value in values.items() if value}


def _api_key(base: Any) -> Any:
    """Rackspace's way into Keystone v2, which keystoneauth1 leaves to a package of Rackspace's own."""

    class ApiKey(base):  # type: ignore[misc]
        def __init__(self, url: str, user: str, key: str, **tenant: Any) -> None:
            super().__init__(url, **tenant)
            self._user, self._key = user, key

        def get_auth_data(self, headers: Any = None) -> dict[str, Any]:
            """What goes under "auth" in the request."""
            return {"RAX-KSKEY:apiKeyCredentials": {"username": self._user, "apiKey": self._key}}

    return ApiKey


def _endpoint(access: Any, identity: Identity) -> str:
    if not access.has_service_catalog():
        raise ProviderError(
            "The sign-in worked and opened no project. Give the project's name (or its id) and its domain."
        )
    wanted = {
        "service_type": identity.service_type,
        "interface": identity.interface,
        **_given(region_name=identity.region, service_name=identity.service_name),
    }
    data = access.service_catalog.endpoint_data_for(**wanted) if _is_there(access, wanted) else None
    if data is None or not is_address(str(data.url)):
        raise ProviderError(_no_endpoint(access, identity))
    return str(data.url).rstrip("/")


def _is_there(access: Any, wanted: dict[str, str]) -> bool:
    return any(access.service_catalog.get_endpoints_data(**wanted).values())


def _no_endpoint(access: Any, identity: Identity) -> str:
    """What there is instead: a region is mistyped more often than it is missing."""
    found = access.service_catalog.get_endpoints_data(service_type=identity.service_type)
    places = sorted(
        {f"{one.region_name or '?'} ({one.interface})" for some in found.values() for one in some}
    )
    place = f" in {identity.region}" if identity.region else ""
    sentence = f"This project has no {identity.interface} object store{place}."
    return f"{sentence} There is: {', '.join(places)}." if places else sentence


_NONSENSE = (AttributeError, IndexError, KeyError, TypeError, ValueError, RecursionError)
"""What reading a token and its catalog raises where they are not as they should be."""


@contextmanager
def _typed(identity: Identity) -> Iterator[None]:
    """keystoneauth1's errors as ours; its texts repeat addresses, never what was sent."""
    from keystoneauth1 import exceptions  # noqa: PLC0415

    host = urlsplit(identity.auth_url).hostname
    try:
        yield
    except exceptions.ClientException as problem:
        error = problem_in(problem) or _ours(problem, exceptions, identity, str(host))
    except _NONSENSE:
        error = MalformedResponseError(f"The answer of {host} is none of Keystone's.")
    else:
        return
    raise error


def _ours(problem: Any, exceptions: Any, identity: Identity, host: str) -> LibcloudError:
    status = int(getattr(problem, "http_status", 0) or 0)
    unknown_token = isinstance(problem, exceptions.NotFound) and identity.way in ("token", "v2_token")
    if isinstance(problem, exceptions.Unauthorized) or unknown_token:
        return InvalidCredsError(f"{host} does not accept this sign-in: user, secret or domain is wrong.")
    if isinstance(problem, exceptions.Forbidden):
        return AccessDeniedError(f"{host} knows you, and does not let you into this project.", 403)
    if status >= 500:
        return ServerError(f"The sign-in of {host} failed on its own side (status {status}).", status)
    if status:
        return ProviderError(
            f"{host} does not sign in like this (status {status}). The address often ends with /v3.", status
        )
    if isinstance(problem, exceptions.ConnectFailure):
        return UnreachableError(f"{host} could not be reached.")
    return MalformedResponseError(f"The answer of {host} is none of Keystone's.")
