"""A `repr` ends in tracebacks, debuggers and logs: no field that may hold a secret is in one."""

from __future__ import annotations

import dataclasses
import importlib
import inspect
import pkgutil
from collections.abc import Iterator
from typing import Any

import pytest

import gui
import storage_core
from storage_core.common.base import NetworkOptions
from storage_core.drivers import azure_blobs_wire, google_storage_wire, openstack_swift_wire, s3_wire
from storage_core.signing.aws4 import Keys
from storage_core.tokens.renewed import Token

pytestmark = pytest.mark.window

CANARY = "c4n4ry"
SECRETIVE = {
    *("headers", "told", "body", "content", "url", "proxy_url", "material", "info", "login", "credentials"),
    *("secret", "secrets", "password", "token", "secret_key", "private_key", "key_json", "signature"),
    *("session_token", "refresh_token", "sas", "sas_token"),
}
HARMLESS = {
    ("storage_core.base.objects", "PublicAccess", "url"),  # anybody may know it
    ("storage_core.drivers.openstack_swift_limits", "Limits", "told"),  # what /info says to everybody
    ("storage_core.providers_rows", "Field", "secret"),  # whether what is typed there is one
    ("gui.context", "Context", "secrets"),  # an object with a repr of its own, without them
    ("gui.dialogs.edits", "Edits", "headers"),  # of an object: its content type and the like
}


def dataclasses_of(module: str) -> Iterator[type]:
    for kind in vars(importlib.import_module(module)).values():
        if inspect.isclass(kind) and kind.__module__ == module and dataclasses.is_dataclass(kind):
            yield kind


def shown_fields() -> Iterator[tuple[str, str, str]]:
    for package in (storage_core, gui):
        for module in pkgutil.walk_packages(package.__path__, f"{package.__name__}."):
            for kind in () if module.name.endswith("__main__") else dataclasses_of(module.name):
                for one in dataclasses.fields(kind):
                    if one.repr:
                        yield module.name, kind.__name__, one.name


def test_no_field_that_may_hold_a_secret_is_shown() -> None:
    shown = {one for one in shown_fields() if one[2] in SECRETIVE}
    assert shown - HARMLESS == set()


@pytest.mark.parametrize("wire", [s3_wire, azure_blobs_wire, google_storage_wire, openstack_swift_wire])
def test_a_call_shows_what_it_is_for_and_nothing_that_it_carries(wire: Any) -> None:
    call = wire.Call(method="GET", container="photos")
    for field in dataclasses.fields(call):
        if field.name in ("headers", "told"):
            setattr(call, field.name, {"X-Auth-Token": CANARY, "x-ms-copy-source-authorization": CANARY})
        elif field.name in ("body", "content"):
            setattr(call, field.name, CANARY.encode())
        elif field.name == "url":
            call.url = f"https://host/?upload_id={CANARY}"
        elif field.name == "keys":
            call.keys = Keys("AKID", CANARY, CANARY)
    assert CANARY not in repr(call)
    assert "photos" in repr(call)


def test_options_keys_and_tokens_show_no_secret() -> None:
    for one in (
        NetworkOptions(proxy_url=f"http://me:{CANARY}@proxy:3128"),
        Keys("AKID", CANARY, CANARY),
        Token(CANARY, 1.0, {"keys": Keys("AKID", CANARY)}),
    ):
        assert CANARY not in repr(one)
