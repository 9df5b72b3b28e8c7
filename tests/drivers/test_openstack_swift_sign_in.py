"""Ways into Swift: TempAuth and Keystone v3 on real servers, Libcloud's arguments, and what goes wrong.

Keystone v2 has no server to be had: what is said to it is told by a canned one, *not proven on a server*.
"""

from __future__ import annotations

import json
import pickle
import secrets
import threading
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import pytest
from swiftclient.utils import generate_temp_url

from storage_core import errors
from storage_core.base import StorageDriver
from storage_core.drivers.openstack_swift import OpenStackSwiftStorageDriver
from storage_core.providers import get_driver, open_driver, rows
from storage_core.signing import tempurl
from storage_core.tokens import keystone, renewed
from storage_core.types import Provider
from tests.servers import canned, certificates
from tests.servers.canned import CannedServer, reply
from tests.servers.keystone import Keystone
from tests.servers.swift import Swift

SECRET = "s3cr3t-that-nobody-may-see"


@pytest.fixture
def server() -> Iterator[CannedServer]:
    with canned.running() as one:
        yield one


def works(driver: StorageDriver) -> bool:
    """Whether a container can be made, seen and removed."""
    box = driver.create_container(f"way-{secrets.token_hex(5)}")
    found = box.name in [one.name for one in driver.list_containers()]
    return found and box.delete()


def swift(*arguments: Any, **options: Any) -> OpenStackSwiftStorageDriver:
    return OpenStackSwiftStorageDriver(*arguments, **options)


# -- on real servers --


def test_tempauth_opens_by_our_names_and_by_libcloud_s(swift_server: Swift) -> None:
    user, key, url = swift_server.access_key, swift_server.secret_key, swift_server.auth_url
    host, _, port = swift_server.endpoint.removeprefix("http://").partition(":")
    for driver in (
        swift(user, key, auth_url=url),
        swift(user, key, sign_in="v1", auth_url=swift_server.endpoint),
        swift(user, key, ex_force_auth_url=url),
        swift(user, key, ex_force_auth_url=url, ex_force_auth_version="1.0"),
        swift(user, key, False, host, int(port), sign_in="v1"),
        open_driver(Provider.OPENSTACK_SWIFT, {"sign_in": "v1", "key": user, "secret": key, "auth_url": url}),
    ):
        assert works(driver)


def test_keystone_opens_by_password_credential_and_token(keystone_server: Keystone) -> None:
    one = keystone_server
    who = {"key": one.user, "secret": one.password, "auth_url": one.auth_url}
    credential = {"credential_id": one.credential_id, "credential_secret": one.credential_secret}
    by_names = swift(**who, project=one.project, user_domain=one.domain)
    token = by_names.wire._tokens.get().value
    ids = {"user_id": one.user_id, "project_id": one.project_id}
    for driver in (
        by_names,
        swift(**who, project=one.project_id, user_domain=one.domain_id),  # ids where names belong
        swift(secret=one.password, auth_url=one.auth_url.removesuffix("/v3"), sign_in="password", **ids),
        swift(sign_in="application_credential", auth_url=one.auth_url, **credential),
        swift(sign_in="token", token=token, auth_url=one.auth_url, project_id=one.project_id),
        swift(token=token, storage_url=f"{one.swift_url}/v1/AUTH_{one.project_id}"),
    ):
        assert works(driver)
        assert driver.wire.storage_url == f"{one.swift_url}/v1/AUTH_{one.project_id}"


def test_libcloud_s_arguments_open_keystone(keystone_server: Keystone) -> None:
    one = keystone_server
    force = {"ex_force_auth_url": one.auth_url.removesuffix("/v3")}
    project = {"ex_tenant_name": one.project, "ex_domain_name": one.domain}
    project["ex_tenant_domain_id"] = one.domain_id
    password = swift(
        one.user, one.password, ex_force_auth_version="3.x_password", **force, **project,
        ex_force_service_type="object-store", ex_force_service_name="swift",
        ex_force_service_region=one.region, ex_token_scope="project",
    )  # fmt: skip
    credential = swift(one.credential_id, one.credential_secret, ex_force_auth_version="3.x_appcred", **force)
    base = f"{one.swift_url}/v1/AUTH_{one.project_id}"
    token = swift(
        one.user,
        one.password,
        ex_force_auth_token=password.wire._tokens.get().value,
        ex_force_base_url=base,
    )
    for driver in (password, credential, token):
        assert works(driver)


def test_region_and_interface_choose_the_address(keystone_server: Keystone) -> None:
    one = keystone_server
    who = {"key": one.user, "secret": one.password, "auth_url": one.auth_url, "project": one.project}
    who["user_domain"] = one.domain
    account = f"/v1/AUTH_{one.project_id}"
    assert swift(**who, interface="internal").wire.storage_url == one.internal_url + account
    assert swift(**who, use_internal_url=True).wire.storage_url == one.internal_url + account
    assert swift(**who, region="RegionTwo").wire.storage_url == one.swift_url + account
    assert swift(**who, region="RegionTwo", storage_url="http://other:1/v1/x/").wire.storage_url == (
        "http://other:1/v1/x"
    )
    with pytest.raises(errors.ProviderError, match=r"no internal object store in RegionTwo. There is: Reg"):
        swift(**who, region="RegionTwo", interface="internal").list_containers()
    with pytest.raises(errors.ProviderError, match="no public object store in Mars"):
        swift(**who, region="Mars").list_containers()


def test_who_may_only_look_may_not_write(keystone_server: Keystone) -> None:
    one = keystone_server
    gull = swift(one.reader, one.password, auth_url=one.auth_url, project=one.project, user_domain=one.domain)
    with pytest.raises(errors.AccessDeniedError):
        gull.create_container("never")


def test_wrong_sign_ins_are_invalid_credentials(swift_server: Swift, keystone_server: Keystone) -> None:
    one = keystone_server
    named = {"auth_url": one.auth_url, "project": one.project, "user_domain": one.domain}
    for driver in (
        swift(swift_server.access_key, SECRET, auth_url=swift_server.auth_url),
        swift("nobody:here", SECRET, auth_url=swift_server.auth_url),
        swift(one.user, SECRET, **named),
        swift(one.user, one.password, auth_url=one.auth_url, project=one.project),  # another domain
        swift(one.credential_id, SECRET, sign_in="application_credential", auth_url=one.auth_url),
        swift(token=SECRET, auth_url=one.auth_url, project_id=one.project_id),
        swift(token=SECRET, storage_url=f"{one.swift_url}/v1/AUTH_{one.project_id}"),
        swift(one.user, one.password),
        swift("", one.password, **named),
        swift(one.user, "", **named),
    ):
        with pytest.raises(errors.InvalidCredsError) as refused:
            driver.list_containers()
        assert SECRET not in f"{refused.value!r}{refused.value.__cause__!r}"


def test_a_project_is_asked_for_where_none_was_given(keystone_server: Keystone) -> None:
    one = keystone_server
    driver = swift(one.user, one.password, auth_url=one.auth_url, user_domain=one.domain)
    with pytest.raises(errors.ProviderError, match="Give the project's name"):
        driver.list_containers()


def test_an_address_where_nobody_signs_in_says_so(swift_server: Swift, keystone_server: Keystone) -> None:
    with pytest.raises(errors.ProviderError, match=r"often ends with /v3"):
        swift("a", "b", auth_url=f"{swift_server.endpoint}/v3", project="x").list_containers()
    with pytest.raises(errors.ProviderError, match=r"often ends with /auth/v1.0"):
        swift("a", "b", sign_in="v1", auth_url=f"{keystone_server.auth_url}/no").list_containers()
    nobody = {"connect_timeout": 2.0, "attempts": 1}
    for way in ("v1", "password"):
        with pytest.raises(errors.UnreachableError, match=r"127.0.0.1:1 could not be reached: [\w ]+\."):
            swift("a", "b", sign_in=way, auth_url="http://127.0.0.1:1/v3", **nobody).list_containers()


def test_a_token_that_runs_out_is_followed_by_another(swift_server: Swift, keystone_server: Keystone) -> None:
    one = keystone_server
    for driver in (
        swift(swift_server.access_key, swift_server.secret_key, auth_url=swift_server.auth_url),
        swift(one.user, one.password, auth_url=one.auth_url, project=one.project, user_domain=one.domain),
    ):
        tokens = driver.wire._tokens
        first = tokens.get()
        object.__setattr__(first, "value", "no longer good")
        assert works(driver)
        assert tokens.get().value != "no longer good"


def test_drivers_travel_as_their_arguments_and_show_no_secret(keystone_server: Keystone) -> None:
    one = keystone_server
    driver = swift(one.user, one.password, auth_url=one.auth_url, project=one.project, user_domain=one.domain)
    driver.list_containers()
    assert works(pickle.loads(pickle.dumps(driver)))
    shown = swift("user", SECRET, token=SECRET, credential_secret=SECRET, temp_url_key=SECRET)
    for text in (repr(shown), repr(shown.sign_in), repr(shown.wire._tokens)):
        assert SECRET not in text


# -- arguments --


def test_arguments_that_cannot_be_are_refused_at_once() -> None:
    for wrong, words in (
        ({"auth_url": "ftp://x"}, "not the address"),
        ({"auth_url": "https://user:pw@host/v3"}, "neither a user"),
        ({"storage_url": "host/v1"}, "not the address"),
        ({"sign_in": "magic"}, "sign_in is one of"),
        ({"ex_force_auth_version": "3.x_oidc_access_token"}, "ex_force_auth_version is one of"),
        ({"ex_token_scope": "unscoped"}, "ex_token_scope"),
    ):
        with pytest.raises(ValueError, match=words):
            swift("a", "b", **wrong)
    with pytest.raises(TypeError, match="colour"):
        swift("a", "b", colour="red")


@pytest.mark.parametrize(
    ("options", "way"),
    [
        ({"auth_url": "https://h/auth/v1.0"}, "v1"),
        ({"auth_url": "https://h/v2.0"}, "v2"),
        ({"auth_url": "https://h/v3"}, "password"),
        ({"auth_url": "https://h/identity"}, "password"),
        ({"ex_force_auth_url": "https://h"}, "v1"),
        ({"ex_force_auth_url": "https://h", "ex_force_auth_version": "2.0"}, "v2_apikey"),
        ({"ex_force_auth_url": "https://h", "ex_force_auth_version": "2.0_password"}, "v2"),
        ({"ex_force_auth_url": "https://h", "ex_force_auth_version": "3.x_password"}, "password"),
        ({"token": "t", "storage_url": "https://h/v1/a"}, "token"),
    ],
)
def test_the_way_is_told_by_version_and_address(options: dict[str, str], way: str) -> None:
    assert swift("a", "b", **options).sign_in.way == way


def test_every_row_of_swift_opens_without_a_request() -> None:
    ours = [one for one in rows() if "openstack_swift" in one.driver]
    assert {one.constant for one in ours} == {"openstack_swift", "cloudfiles_swift", "ktucloud"}
    for one in ours:
        driver = get_driver(one.constant)("user", SECRET)
        assert SECRET not in repr(driver)
        assert pickle.loads(pickle.dumps(driver)).secret == SECRET
    kt: Any = get_driver(Provider.KTUCLOUD)("user", "key")
    assert kt.sign_in.way == "v1"
    assert kt.sign_in.identity.auth_url == "https://ssproxy.ucloudbiz.olleh.com/auth/v1.0"
    moved: Any = open_driver(Provider.KTUCLOUD, {"key": "u", "secret": "k", "auth_url": "https://new/v1.0"})
    assert moved.sign_in.identity.auth_url == "https://new/v1.0"


# -- Keystone v2: not proven on a server --


def _v2_reply(server: CannedServer) -> bytes:
    endpoint = {
        "region": "ORD",
        "publicURL": f"{server.endpoint}/v1/acc",
        "internalURL": f"{server.endpoint}/v1/in",
    }
    catalog = [{"type": "object-store", "name": "cloudFiles", "endpoints": [endpoint]}]
    token = {"id": "t0ken", "expires": "2099-01-01T00:00:00Z", "tenant": {"id": "1", "name": "me"}}
    user = {"id": "2", "name": "user", "roles": []}
    return json.dumps({"access": {"token": token, "serviceCatalog": catalog, "user": user}}).encode()


@pytest.mark.parametrize(
    ("options", "sent"),
    [
        (
            {"sign_in": "v2", "project": "acme"},
            {"passwordCredentials": {"username": "user", "password": SECRET}, "tenantName": "acme"},
        ),
        (
            {"sign_in": "v2", "project_id": "17"},
            {"passwordCredentials": {"username": "user", "password": SECRET}, "tenantId": "17"},
        ),
        (
            {"ex_force_auth_version": "2.0_apikey"},
            {"RAX-KSKEY:apiKeyCredentials": {"username": "user", "apiKey": SECRET}},
        ),
    ],
)
def test_keystone_v2_is_asked_in_its_own_words_not_proven_on_a_server(
    server: CannedServer, options: dict[str, str], sent: dict[str, Any]
) -> None:
    server.script("POST /v2.0/tokens", reply(200, _v2_reply(server), Content_Type="application/json"))
    server.always("GET /info", reply(404))
    server.script("GET /v1/acc", reply(200, b"[]"))
    driver = swift("user", SECRET, auth_url=f"{server.endpoint}/v2.0", region="ORD", **options)
    assert driver.list_containers() == []
    asked, listing = server.requests[0], server.requests[-1]
    assert json.loads(asked.body) == {"auth": sent}
    assert listing.header("X-Auth-Token") == "t0ken"


def test_a_redirect_takes_no_password_along(server: CannedServer) -> None:
    """Not proven on a server: Keystone itself redirects nobody."""
    with canned.running() as thief:
        server.always("POST", reply(307, Location=f"{thief.endpoint}/v3/auth/tokens"))
        server.always("GET", reply(307, Location=f"{thief.endpoint}/v1"))
        for way in ("password", "v1"):
            with pytest.raises(errors.ProviderError, match=r"none of Keystone|307"):
                swift(
                    "user", SECRET, sign_in=way, auth_url=f"{server.endpoint}/v3", project="x"
                ).list_containers()
        assert thief.requests == []


def test_a_token_got_in_secret_is_not_sent_in_the_open(tmp_path: Path, server: CannedServer) -> None:
    certificate = certificates.make(tmp_path)
    with canned.running(certificate.server_context()) as secure:
        told = {"x_storage_url": f"{server.endpoint}/v1/AUTH_a", "x_auth_token": SECRET}
        secure.always("GET", reply(200, **told))
        options = {"auth_url": f"{secure.endpoint}/auth/v1.0", "ca_file": str(certificate.file)}
        with pytest.raises(errors.UnreachableError, match="travel where everybody can read it"):
            swift("user", "key", **options).list_containers()
        assert server.requests == []
        server.always("GET", reply(200, b"[]"))
        own = swift("user", "key", storage_url=told["x_storage_url"], **options)
        assert own.list_containers() == []  # who writes it down has decided so


def test_sixteen_threads_sign_in_once(server: CannedServer) -> None:
    told = {"X-Storage-Url": f"{server.endpoint}/v1/acc", "X-Auth-Token": "t", "X-Auth-Token-Expires": "3600"}
    server.always("GET /auth/v1.0", reply(200, **told))
    server.always("GET /info", reply(404))
    server.always("HEAD /v1/acc/box", reply(204))
    driver = swift("user", "key", auth_url=f"{server.endpoint}/auth/v1.0")
    begin = threading.Barrier(16)

    def look(_: int) -> str:
        begin.wait()
        return driver.get_container("box").name

    with ThreadPoolExecutor(16) as pool:
        assert set(pool.map(look, range(16))) == {"box"}
    paths = [one.path for one in server.requests]
    assert (paths.count("/auth/v1.0"), paths.count("/info"), paths.count("/v1/acc/box")) == (1, 1, 16)


# -- links --


@pytest.mark.parametrize("digest", ["sha1", "sha256", "sha512"])
@pytest.mark.parametrize("path", ["/v1/AUTH_a/c/o", "/v1/AUTH_a/c/ü +%?#&=/x", "/v1/AUTH_a/c/a//b/../c"])
def test_links_are_those_of_python_swiftclient(digest: str, path: str) -> None:
    theirs = generate_temp_url(path, 2_000_000_000, "k€y", "GET", absolute=True, digest=digest)
    ours = tempurl.signature("GET", path, 2_000_000_000, "k€y", digest)
    signed = theirs.partition("temp_url_sig=")[2].partition("&")[0].replace("%3A", ":")
    assert ours == signed


# -- what a sign-in may tell: not proven on a server --


@pytest.mark.parametrize(
    "told",
    ["http://[::1", "http://", "http://u:p@h/v1/a", "http://h:x/v1", "http://h/v1?x=y", "http://h/a b"],
)
def test_an_account_at_no_address_is_nonsense(server: CannedServer, told: str) -> None:
    server.always("GET /auth/v1.0", reply(200, X_Storage_Url=told, X_Auth_Token="t"))
    with pytest.raises(errors.MalformedResponseError, match="where the account is"):
        swift("u", "k", auth_url=f"{server.endpoint}/auth/v1.0").list_containers()


@pytest.mark.parametrize("seconds", ["nan", "-1", "0", "soon", "1e400"])
def test_a_life_that_is_none_costs_no_sign_in_per_request(server: CannedServer, seconds: str) -> None:
    told = {"X-Storage-Url": f"{server.endpoint}/v1/a", "X-Auth-Token": "t", "X-Auth-Token-Expires": seconds}
    server.always("GET /auth/v1.0", reply(200, **told))
    server.always("GET /info", reply(404))
    server.always("GET /v1/a", reply(200, b"[]"))
    driver = swift("u", "k", auth_url=f"{server.endpoint}/auth/v1.0")
    driver.list_containers()
    driver.list_containers()
    assert [one.path for one in server.requests].count("/auth/v1.0") == 1


def test_a_clock_that_is_a_day_ahead_of_keystone_s_costs_no_sign_in_per_request(
    keystone_server: Keystone, monkeypatch: pytest.MonkeyPatch
) -> None:
    one = keystone_server
    ahead = renewed.now() - time.time() + 86_400

    def now() -> float:
        return time.time() + ahead

    monkeypatch.setattr(keystone, "now", now)
    driver = swift(one.user, one.password, auth_url=one.auth_url, project=one.project, user_domain=one.domain)
    driver.wire._tokens._clock = now
    token = driver.wire._tokens.get()
    assert token.expires - now() > 3000
    assert driver.wire._tokens.get() is token


@pytest.mark.parametrize("body", [b"[]", b'{"token": 5}', b'{"token": {"catalog": 5}}', b"[" * 100_000])
def test_a_keystone_that_answers_nonsense_is_told_so(server: CannedServer, body: bytes) -> None:
    server.always("POST", reply(201, body, X_Subject_Token="t", Content_Type="application/json"))
    with pytest.raises(errors.MalformedResponseError, match="none of Keystone's"):
        swift("u", SECRET, auth_url=f"{server.endpoint}/v3", project="x").list_containers()


@pytest.mark.parametrize("url", [f"https://user:{SECRET}@h:99999/v3", f"ftp://user:{SECRET}@h/v3"])
def test_a_password_in_an_address_is_not_repeated(url: str) -> None:
    with pytest.raises(ValueError, match="not the address") as refused:
        swift("a", "b", auth_url=url)
    assert SECRET not in str(refused.value)
