"""What a pasted text turned out to be, and the small steps that all recognisers share. No Qt in here.

No sentence in this package quotes what was pasted: it may be a secret.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace

from storage_core import providers

CHARACTERS_MAX = 256 * 1024  # longer than any key file or clouds.yaml
NAME_MAX = 80  # letters of an entry's name
ENTRIES_MAX = 200  # to choose from


class PasteError(ValueError):
    """It looks like something that is known and cannot be used; `str()` says why."""


@dataclass(frozen=True, slots=True)
class Found:
    """What a form can be filled with."""

    what: str  # "Azure connection string"
    provider: str  # a constant
    values: Mapping[str, str] = field(default_factory=dict)  # by the names of the row's fields; no secret
    secrets: Mapping[str, str] = field(default_factory=dict, repr=False)
    title: str = ""  # what the account may be called
    containers: tuple[str, ...] = ()  # all that it may see, where that is less than the account
    start: str = ""  # "container/folder/"
    ca_file: str = ""
    note: str = ""  # what the person should know: what is missing or was left out
    joins: bool = False  # keys that fit any S3 service: what is chosen in the form stays
    others: tuple[Found, ...] = ()  # where the text has several accounts: all of them, this one included


# Which field of a row a fact goes to, where it is called otherwise. A test looks each of them up in the row.
FIELDS: Mapping[str, Mapping[str, str]] = {
    "azure_blobs": {"account": "key", "key": "secret", "sas": "sas_token", "tenant": "tenant_id"},
    "google_storage": {"key_json": "secret"},
    "openstack_swift": {
        "username": "key",
        "password": "secret",
        "app_id": "credential_id",
        "app_secret": "credential_secret",
    },
}
# What a row calls the ways of signing in.
WAYS: Mapping[str, Mapping[str, str]] = {
    "azure_blobs": {"key": "key", "sas": "sas", "client secret": "client_secret", "anonymous": "anonymous"},
    "google_storage": {
        "key": "key_text",
        "file": "key_file",
        "user": "refresh_token",
        "default": "default",
        "anonymous": "anonymous",
    },
    "openstack_swift": {
        "keystone 3": "password",
        "application credential": "application_credential",
        "keystone 2": "v2",
        "tempauth": "v1",
    },
}


def found(what: str, provider: str, facts: Mapping[str, str], **more: object) -> Found:
    """A Found from facts by their names in FIELDS, sorted into what is secret and what is not."""
    row = providers.row(provider)
    names = FIELDS.get(row.constant, {})
    fields = {one.name: one for one in row.fields}
    given = {names.get(name, name): text.strip() for name, text in facts.items() if text and text.strip()}
    ways = WAYS.get(row.constant, {})
    if "sign_in" in given:
        given["sign_in"] = ways.get(given["sign_in"], given["sign_in"])
    values = {name: text for name, text in given.items() if name in fields and not fields[name].secret}
    secrets = {name: text for name, text in given.items() if name in fields and fields[name].secret}
    if not row.driver:
        raise PasteError(f"{row.title} cannot be opened: {row.arrives}")
    if isinstance(title := more.get("title", ""), str):
        more["title"] = title[:NAME_MAX]
    return replace(Found(what[:NAME_MAX], row.constant, values, secrets), **more)  # type: ignore[arg-type]


def several(founds: Sequence[Found]) -> Found | None:
    """The first of them, which knows the others; None for none."""
    if len(founds) < 2:
        return founds[0] if founds else None
    return replace(founds[0], others=tuple(founds[:ENTRIES_MAX]))


def sections(text: str) -> dict[str, dict[str, str]]:
    """An INI file: sections to their settings, "" for what stands before the first. Keys in lower case."""
    read: dict[str, dict[str, str]] = {"": {}}
    here = read[""]
    for line in text.splitlines():
        line = line.strip()
        if line.startswith("[") and line.endswith("]"):
            here = read.setdefault(line[1:-1].strip(), {})
        elif line and line[0] not in "#;":
            key, mark, value = line.partition("=")
            if mark:
                here[key.strip().lower()] = value.strip()
    return read


def settings(text: str) -> dict[str, str]:
    """Shell lines that set variables: `export A=b`, `set A=b`, `$env:A = "b"`, `A=b`; names in capitals.

    A value that a shell would have to work out (`$OTHER`) is left out.
    """
    read: dict[str, str] = {}
    for line in text.splitlines():
        line = line.strip().removeprefix("export ").removeprefix("set ").removeprefix("SET ")
        line = line.removeprefix("$env:").removeprefix("$Env:").strip()
        name, mark, value = line.partition("=")
        name, value = name.strip(), value.strip().rstrip(";").strip()
        if not mark or not name.replace("_", "").isalnum():
            continue
        if len(value) > 1 and value[0] == value[-1] and value[0] in "\"'":
            value = value[1:-1]
        if "$" not in value[:1] and not value.startswith("`"):
            read[name.upper()] = value
    return read
