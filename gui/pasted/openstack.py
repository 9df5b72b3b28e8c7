"""OpenStack: `clouds.yaml`, RC files, and the variables of python-swiftclient's first version of signing in.

https://docs.openstack.org/openstacksdk/latest/user/config/configuration.html
https://docs.openstack.org/python-openstackclient/latest/cli/man/openstack.html
"""

from __future__ import annotations

from collections.abc import Mapping
from importlib import import_module
from itertools import accumulate
from typing import Any

from .found import Found, PasteError, found, several

PROVIDER = "openstack_swift"
YAML_MAX = 64 * 1024  # characters
DEPTH_MAX = 50  # brackets within brackets; a parser's time grows with their square
RC = "OpenStack RC file"
# Facts, and what clouds.yaml (in `auth` or beside it) and the variables OS_… call them, the best first.
NAMES: Mapping[str, tuple[str, ...]] = {
    "auth_url": ("auth_url",),
    "username": ("username", "user_name", "user_id"),
    "password": ("password",),
    "project": ("project_name", "tenant_name", "project_id", "tenant_id"),
    "user_domain": ("user_domain_name", "user_domain_id", "domain_name", "default_domain"),
    "project_domain": ("project_domain_name", "project_domain_id", "domain_name", "default_domain"),
    "app_id": ("application_credential_id",),
    "app_name": ("application_credential_name",),
    "app_secret": ("application_credential_secret",),
    "token": ("token", "auth_token"),
    "region": ("region_name", "region"),
    "interface": ("interface", "endpoint_type"),
    "version": ("identity_api_version", "auth_version"),
    "kind": ("auth_type", "auth_plugin"),
    "storage_url": ("storage_url", "object_store_endpoint_override"),
}


def clouds(text: str) -> Found | None:
    """The entries of a `clouds.yaml`."""
    if not any(line.split("#")[0].rstrip() == "clouds:" for line in text.splitlines()):
        return None
    if len(text) > YAML_MAX:
        raise PasteError("This clouds.yaml is too long: paste the one entry that is wanted.")
    if _depth(text) > DEPTH_MAX:
        raise PasteError("This clouds.yaml is nested too deep to be one.")
    content = _loaded(text)
    entries = content.get("clouds") if isinstance(content, dict) else None
    if not isinstance(entries, dict):
        raise PasteError("This clouds.yaml names no clouds.")
    founds = [_entry(str(name), entry) for name, entry in entries.items() if isinstance(entry, dict)]
    if not founds:
        raise PasteError("This clouds.yaml names no clouds.")
    return several(founds)


def variables(given: Mapping[str, str]) -> Found | None:
    """`OS_AUTH_URL=…` and its kin, or `ST_AUTH=…`."""
    if given.get("ST_AUTH"):
        facts = {"auth_url": given["ST_AUTH"], "username": given.get("ST_USER", ""), "version": "1"}
        facts["password"] = given.get("ST_KEY", "")
        return _found("Swift sign-in (ST_AUTH)", facts)
    if not given.get("OS_AUTH_URL"):
        return None
    mine = {name[3:].lower(): text for name, text in given.items() if name.startswith("OS_")}
    return _found(RC, _facts(mine), ca_file=mine.get("cacert", ""))


def sign_in(facts: Mapping[str, str]) -> dict[str, str]:
    """The same facts with the way of signing in that they are for."""
    given = dict(facts)
    kind, version = given.pop("kind", "").lower(), given.pop("version", "").lower().removeprefix("v")
    if given.get("app_id") or given.get("app_name"):
        given["sign_in"] = "application credential"
    elif given.get("token") and not given.get("password"):
        given["sign_in"] = "token"
    elif "v1" in kind or version.startswith("1") or given.get("auth_url", "").rstrip("/").endswith("/v1.0"):
        given["sign_in"] = "tempauth"
    elif "v2" in kind or version.startswith("2") or given.get("auth_url", "").rstrip("/").endswith("/v2.0"):
        given["sign_in"] = "keystone 2"
    else:
        given["sign_in"] = "keystone 3"
    given["interface"] = given.get("interface", "").removesuffix("URL")  # publicURL
    return given


# -- helpers --


def _loaded(text: str) -> Any:
    """What stands in the YAML, all scalars as texts: a password of digits stays as it is written.

    Aliases are refused: a few of them unfold into more than any memory holds.
    """
    yaml = import_module(
        "yaml"
    )  # not at the start: it would take a thirtieth of the time to the first window
    try:
        aliases = any(isinstance(one, yaml.events.AliasEvent) for one in yaml.parse(text, yaml.SafeLoader))
        content = None if aliases else _plain(yaml.compose(text, yaml.SafeLoader))
    except (yaml.YAMLError, RecursionError) as error:
        mark = getattr(error, "problem_mark", None)
        line = f" (line {mark.line + 1})" if mark is not None else ""
        raise PasteError(f"This clouds.yaml cannot be read{line}.") from None
    if aliases:
        raise PasteError("This YAML uses anchors and aliases (& and *), which are not read here.")
    return content


def _depth(text: str) -> int:
    """How many brackets are open at most, roughly: quotes are not looked at."""
    steps = (1 if letter in "[{" else -1 for letter in text if letter in "[]{}")
    return max(accumulate(steps), default=0)


def _plain(node: Any) -> Any:
    """Mappings as dictionaries, lists as lists, everything else as it is written."""
    if node is None or isinstance(node.value, str):
        return node.value if node is not None else None
    if node.value and not isinstance(node.value[0], tuple):
        return [_plain(item) for item in node.value]
    return {str(_plain(key)): _plain(value) for key, value in node.value}


def _entry(name: str, entry: Mapping[Any, Any]) -> Found:
    auth = entry.get("auth")
    flat = {str(key).lower(): value for key, value in entry.items()}
    flat |= {str(key).lower(): value for key, value in auth.items()} if isinstance(auth, dict) else {}
    texts = {key: value for key, value in flat.items() if isinstance(value, str)}
    note = (
        "" if texts.get("auth_url") else "The address to sign in at is missing: this entry has no auth_url."
    )
    what = f"clouds.yaml entry “{name}”"
    return _found(what, _facts(texts), title=name, ca_file=texts.get("cacert", ""), note=note)


def _facts(texts: Mapping[str, str]) -> dict[str, str]:
    return {
        fact: next((texts[name] for name in names if texts.get(name)), "") for fact, names in NAMES.items()
    }


def _found(what: str, facts: Mapping[str, str], **more: str) -> Found:
    if not more.get("note"):
        more["note"] = _missing(facts)
    host = facts.get("auth_url", "").partition("://")[2].partition("/")[0].partition(":")[0]
    more.setdefault("title", facts.get("project", "") or host)
    return found(what, PROVIDER, sign_in(facts), **more)


def _missing(facts: Mapping[str, str]) -> str:
    if facts.get("app_name") and not facts.get("app_id"):
        return "It names the application credential; type the credential's ID."
    if not any(facts.get(name) for name in ("password", "app_secret", "token")):
        return "The password was not in it: type it below."
    return ""
