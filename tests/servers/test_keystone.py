"""Keystone signs in whom it should and refuses the others; the Swift proxy behind it believes nobody else."""

from __future__ import annotations

import json
import urllib.error
from contextlib import closing

import pytest

from tests.servers.keystone import Keystone, ask, sign_in


def token_of(server: Keystone) -> str:
    with closing(ask(f"{server.auth_url}/auth/tokens", sign_in(server))) as reply:
        return str(reply.headers["X-Subject-Token"])


def test_keystone_gives_a_token_and_a_catalog_with_two_regions(keystone_server: Keystone) -> None:
    with closing(ask(f"{keystone_server.auth_url}/auth/tokens", sign_in(keystone_server))) as reply:
        catalog = json.load(reply)["token"]["catalog"]
    [swift] = [one["endpoints"] for one in catalog if one["type"] == "object-store"]
    assert sorted((one["region"], one["interface"]) for one in swift) == [
        ("RegionOne", "internal"),
        ("RegionOne", "public"),
        ("RegionTwo", "public"),
    ]


def test_keystone_refuses_a_wrong_password(keystone_server: Keystone) -> None:
    asked = sign_in(keystone_server)
    asked["auth"]["identity"]["password"]["user"]["password"] = "wrong"
    with pytest.raises(urllib.error.HTTPError, match="401"):
        ask(f"{keystone_server.auth_url}/auth/tokens", asked)


def test_the_proxy_opens_the_project_of_a_token_and_no_other(keystone_server: Keystone) -> None:
    account = f"{keystone_server.swift_url}/v1/AUTH_{keystone_server.project_id}"
    with closing(ask(account, token=token_of(keystone_server))) as reply:
        assert reply.status in (200, 204)
    with pytest.raises(urllib.error.HTTPError, match="401"):
        ask(account, token="made up")
    with pytest.raises(urllib.error.HTTPError, match="403"):
        ask(f"{keystone_server.swift_url}/v1/AUTH_test", token=token_of(keystone_server))


def test_the_proxy_tells_what_it_can(keystone_server: Keystone) -> None:
    with closing(ask(f"{keystone_server.swift_url}/info")) as reply:
        told = json.load(reply)
    assert {"slo", "tempurl", "bulk_delete", "object_versioning", "staticweb"} <= set(told)
    assert {"tempauth", "s3api"} & set(told) == set()
