"""Who may read: access lists of containers, links with a key, and containers as websites.

https://docs.openstack.org/swift/latest/overview_acl.html
"""

from __future__ import annotations

import secrets
import time
from collections.abc import Mapping
from typing import Any

from storage_core.base.objects import Container, PublicAccess
from storage_core.drivers import openstack_swift_containers as containers
from storage_core.drivers.openstack_swift_wire import Call, Wire
from storage_core.errors import OperationNotSupportedError, ProviderError
from storage_core.signing import tempurl

EVERYBODY, LISTINGS = ".r:*", ".rlistings"
KEYS = ("X-Container-Meta-Temp-Url-Key", "X-Container-Meta-Temp-Url-Key-2")
ACCOUNT_KEYS = ("X-Account-Meta-Temp-Url-Key", "X-Account-Meta-Temp-Url-Key-2")
REMEMBERED = 60.0
"""Seconds for which a key is used without asking for it again."""

NO_KEY = (
    "Links are signed with a key of the account, and it has none that is shown to you. Make a key for links "
    "first (Sharing tab / ex_set_temp_url_key), or give the account the one you know (Key for links / "
    "temp_url_key)."
)


# -- access lists --


def state(wire: Wire, container: Container) -> PublicAccess:
    """Whether everybody may read, as the container's read list says."""
    entries = _entries(containers.look(wire, container.name))
    on = EVERYBODY in entries
    others = [one for one in entries if one.startswith((".r:", ".ref")) and one != EVERYBODY]
    why = ""
    if on and any(one.startswith(".r:-") for one in others):
        why = "Everybody may read, but not by way of some other sites."
    elif others and not on:
        why = f"Some sites may lead to it: {', '.join(others)}."
    details = {"listings": LISTINGS in entries, "read": entries}
    return PublicAccess(on, wire.url(container.name), why, details)


def switch(wire: Wire, container: Container, on: bool) -> None:
    """Add what lets everybody read and list, or take it away; the list's other entries stay."""
    entries = _entries(containers.look(wire, container.name))
    rest = [one for one in entries if one not in (EVERYBODY, LISTINGS)]
    wanted = [EVERYBODY, LISTINGS, *rest] if on else rest
    if wanted != entries:
        post_container(wire, container, {"X-Container-Read": ",".join(wanted)})


def post_container(wire: Wire, container: Container, headers: Mapping[str, str]) -> None:
    """Set headers of a container; those that are not named stay, empty ones go."""
    wire.run(Call(method="POST", container=container.name, headers=dict(headers)))


def _entries(told: Mapping[str, str]) -> list[str]:
    return [one.strip() for one in told.get("X-Container-Read", "").split(",") if one.strip()]


# -- links --


class LinkKeys:
    """The key that links are signed with: given, the container's, or the account's. Threads share it."""

    def __init__(self, given: str) -> None:
        self._given = given
        self._known: dict[str, tuple[float, str]] = {}

    def forget(self) -> None:
        """Ask again next time."""
        self._known.clear()

    def find(self, wire: Wire, container_name: str) -> str:
        """The key. OperationNotSupportedError, with what to do, when there is none."""
        if self._given:
            return self._given
        until, key = self._known.get(container_name, (0.0, ""))
        if time.monotonic() < until:
            return key
        key = _first(containers.look(wire, container_name), KEYS) or _first(account(wire), ACCOUNT_KEYS)
        if not key:
            raise OperationNotSupportedError(NO_KEY, wire.driver)
        self._known[container_name] = (time.monotonic() + REMEMBERED, key)
        return key


def account(wire: Wire) -> Mapping[str, str]:
    """The headers of the account; none where this user may not see them."""
    try:
        return wire.run(Call(method="HEAD"))
    except ProviderError as error:
        if error.status not in (403, 404):
            raise
        return {}


def set_key(wire: Wire, key: str) -> str:
    """Give the account a key for links; the one before works on beside it until the next one comes."""
    key = key or secrets.token_urlsafe(32)
    before = _first(account(wire), ACCOUNT_KEYS[:1])
    headers = {ACCOUNT_KEYS[0]: key}
    if before and before != key:
        headers[ACCOUNT_KEYS[1]] = before
    wire.run(Call(method="POST", headers=headers))
    return key


def link(wire: Wire, keys: LinkKeys, container_name: str, object_name: str, method: str, seconds: int) -> str:
    """A link that works until its end, signed by the best digest that the cluster takes."""
    limits = wire.look_around()
    if method not in limits.link_methods:
        raise OperationNotSupportedError(f"This cluster takes no links for {method}.", wire.driver)
    key = keys.find(wire, container_name)
    expires = int(wire.client.now().timestamp()) + seconds
    return tempurl.sign(method, wire.url(container_name, object_name), expires, key, limits.link_digests[0])


def _first(told: Mapping[str, str], names: tuple[str, ...]) -> str:
    return next((told[name] for name in names if told.get(name)), "")


# -- websites --


def website(wire: Wire, container: Container, **pages: str) -> None:
    """Set a container's start page, error page or listings; "" takes one away."""
    if not wire.look_around().staticweb:
        raise OperationNotSupportedError("This cluster does not serve containers as websites.", wire.driver)
    names = {"index": "Web-Index", "error": "Web-Error", "listings": "Web-Listings"}
    headers = {f"X-Container-Meta-{names[page]}": value for page, value in pages.items()}
    post_container(wire, container, headers)


def account_facts(wire: Wire) -> dict[str, Any]:
    """Counts of the account, under Libcloud's names."""
    told = wire.run(Call(method="HEAD"))
    return {
        "container_count": containers.count(wire, told.get("X-Account-Container-Count", "0")),
        "object_count": containers.count(wire, told.get("X-Account-Object-Count", "0")),
        "bytes_used": containers.count(wire, told.get("X-Account-Bytes-Used", "0")),
        "temp_url_key": _first(told, ACCOUNT_KEYS) or None,
    }
