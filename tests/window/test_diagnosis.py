"""*Test connection* names the fix: the mistakes people make when signing in, each told at its field.

Where no server can be had the sentence is tested on the error itself.
"""

import json
import uuid
from datetime import UTC, datetime, timedelta

import pytest
from azure.storage.blob import (
    AccountSasPermissions,
    ContainerSasPermissions,
    ResourceTypes,
    generate_account_sas,
    generate_container_sas,
)
from PySide6.QtCore import QPoint

from gui.accounts import Account
from gui.background import start, until, within
from gui.dialogs import checks
from gui.dialogs.account import AccountDialog
from gui.flows import connect
from gui.flows.diagnosis import CLUES, CONTAINERS, result_of
from gui.pasted import recognise
from storage_core import errors, providers
from tests.servers import canned
from tests.servers.canned import reply
from tests.window.loop import run
from tests.window.test_connect import (  # noqa: F401
    answer,
    app,
    click,
    dialog,
    folders,
    home,
    seat,
    vault,
)

pytestmark = pytest.mark.window
NOW = datetime(2026, 11, 22, 18, 0, tzinfo=UTC)


@pytest.fixture
def tried(app, seat):  # noqa: F811
    """Fill the form, press *Test connection*: what it says, and where the keyboard is then."""

    def attempt(provider, containers="", **typed):
        told = []

        @run
        async def _():
            task = start(connect.add_account(app, seat), seat.widget)
            opened = await dialog(AccountDialog)
            opened.providers.select(provider)
            opened.form.fill(typed)
            opened.advanced.only.set_value(containers)
            assert opened.check(), [box.said() for box in opened.form._inputs.values() if box.said()]
            click(opened.test)
            await answer(opened)
            said = f"{opened._result_text.text()} {opened._result_hint.text()}"
            told.append((said, where(opened), opened._failed))
            await until(lambda: in_sight(opened), 5, f"{where(opened)} in sight")
            opened.reject()
            await within(10, task)

        return told[0]

    return attempt


def where(opened):
    """The field that has the keyboard."""
    for name, box in opened.form._inputs.items():
        if box.isAncestorOf(opened.focusWidget()):
            return name
    return CONTAINERS if opened.advanced.only.isAncestorOf(opened.focusWidget()) else ""


def in_sight(opened):
    """Whether the field that was pointed at can be seen whole, with its label and what is said below."""
    boxes = [opened.advanced.only, *opened.form._inputs.values()]
    area = opened._scroll.viewport()
    for box in boxes:
        if box.isAncestorOf(opened.focusWidget()):
            top = box.mapTo(area, QPoint(0, 0)).y()
            return top >= 0 and top + box.height() <= area.height()
    return True


# -- OpenStack Swift, on the real thing --


def by_tempauth(server, **more):
    return {
        "sign_in": "v1",
        "auth_url": server.auth_url,
        "key": server.access_key,
        "secret": server.secret_key,
        **more,
    }


def by_keystone(server, **more):
    return {
        "sign_in": "password",
        "auth_url": server.auth_url,
        "key": server.user,
        "secret": server.password,
        "project": server.project,
        "user_domain": server.domain,
        **more,
    }


def test_swift_by_tempauth(tried, swift_server):
    said, _, failed = tried("openstack_swift", **by_tempauth(swift_server))
    assert said.startswith("Connected")
    assert not failed
    said, field, _ = tried("openstack_swift", **by_tempauth(swift_server, secret="wrong"))
    assert "key is wrong" in said
    assert field == "secret"
    wrong_path = f"{swift_server.endpoint}/nothing/here"
    said, field, _ = tried("openstack_swift", **by_tempauth(swift_server, auth_url=wrong_path))
    assert "/auth/v1.0" in said
    assert field == "auth_url"
    said, field, _ = tried(
        "openstack_swift", **by_tempauth(swift_server, auth_url="http://127.0.0.1:1/auth/v1.0")
    )
    assert "cannot be reached" in said
    assert field == "auth_url"


@pytest.mark.parametrize(
    ("mistake", "words", "field"),
    [
        ({}, "Connected", ""),
        ({"secret": "wrong"}, "Default", "secret"),
        ({"user_domain": "Nowhere"}, "domain", "secret"),
        ({"project": ""}, "opened no project", "project"),
        ({"project": "somebody-elses"}, "", "secret"),
        ({"region": "Atlantis"}, "RegionOne", "region"),
        ({"interface": "admin"}, "network", "interface"),
        ({"interface": "internal", "region": "RegionTwo"}, "RegionOne", "region"),
    ],
    ids=lambda value: "" if isinstance(value, str) else ",".join(value) or "right",
)
def test_swift_by_keystone(tried, keystone_server, mistake, words, field):
    said, where, _ = tried("openstack_swift", **by_keystone(keystone_server, **mistake))
    assert words in said
    if field:
        assert where == field


@pytest.mark.parametrize(
    ("typed", "words", "field"),
    [
        (
            {"sign_in": "application_credential", "credential_id": "x", "credential_secret": "y"},
            "Check the credential's ID",
            "credential_id",
        ),
        ({"sign_in": "token", "token": "gAAAAx", "project": "p"}, "may have run out", "token"),
        ({"key": "u", "secret": "s", "project": "p", "auth_url": ""}, "OS_AUTH_URL", "auth_url"),
        ({"sign_in": "v1", "key": "u", "secret": "s"}, "Check how to sign in", "auth_url"),
    ],
    ids=["credential", "token", "no address", "not TempAuth"],
)
def test_swift_by_other_ways(tried, keystone_server, typed, words, field):
    said, where, _ = tried("openstack_swift", **{"auth_url": keystone_server.auth_url, **typed})
    assert words in said
    assert where == field


def test_a_wrong_secret_of_a_credential_is_told_at_the_credential(tried, keystone_server):
    typed = {"sign_in": "application_credential", "auth_url": keystone_server.auth_url}
    made = {"credential_id": keystone_server.credential_id, "credential_secret": "wrong"}
    said, where, _ = tried("openstack_swift", **typed, **made)
    assert "the credential's ID and secret" in said
    assert where == "credential_secret"


@pytest.mark.parametrize("way", ["v2", "v1"])
def test_the_wrong_version_of_keystone_is_told_at_the_address(tried, keystone_server, way):
    url = keystone_server.auth_url.replace("/v3", "/v2.0" if way == "v2" else "/auth/v1.0")
    said, field, _ = tried("openstack_swift", **by_keystone(keystone_server, sign_in=way, auth_url=url))
    assert "/v3" in said
    assert field == "auth_url"


def test_a_storage_address_that_only_machines_of_the_cloud_reach(tried):
    with canned.running() as server:
        told = {"X-Auth-Token": "t", "X-Storage-Url": "http://127.0.0.1:1/v1/AUTH_x"}
        server.always("GET /auth/v1.0", reply(200, **{name.replace("-", "_"): v for name, v in told.items()}))
        host = server.endpoint.replace("127.0.0.1", "localhost")
        typed = {"sign_in": "v1", "auth_url": f"{host}/auth/v1.0", "key": "u", "secret": "s"}
        said, field, _ = tried("openstack_swift", **typed)
    assert "sign-in worked" in said
    assert field == "storage_url"


# -- Google, on its stand-in --


def by_file(standin, **more):
    return {"key_file": str(standin.key_file), "endpoint": standin.endpoint, **more}


def test_google_by_key_file(tried, google_standin, tmp_path):
    said, _, failed = tried("google_storage", **by_file(google_standin))
    assert said.startswith("Connected")
    assert not failed
    broken = {
        "missing.json": None,
        "half.json": '{"type": "service_account"',
        "empty.json": "{}",
        "client.json": json.dumps({"installed": {"client_id": "x"}}),
        "keyless.json": json.dumps({"type": "service_account", "client_email": "a@b.c"}),
    }
    for name, text in broken.items():
        if text is not None:
            (tmp_path / name).write_text(text)
        said, field, _ = tried("google_storage", **by_file(google_standin, key_file=str(tmp_path / name)))
        assert "No Google key could be read" in said, name
        assert field == "key_file", name


def test_google_keys_that_are_no_longer_good(tried, google_standin):
    key = json.loads(google_standin.key_file.read_text())
    text = json.dumps({**key, "client_email": f"gone@{google_standin.project}.iam.gserviceaccount.com"})
    said, field, _ = tried(
        "google_storage", sign_in="key_text", secret=text, endpoint=google_standin.endpoint
    )
    assert "deleted or disabled" in said
    assert field == "secret"
    assert "PRIVATE" not in said


def test_google_without_a_project_and_without_a_right(tried, google_standin):
    typed = {"sign_in": "token", "token": "ya29.x", "endpoint": google_standin.endpoint}
    said, field, _ = tried("google_storage", **typed)
    assert "project's id" in said
    assert field == "project"
    reader = str(google_standin.reader_key_file)
    said, field, _ = tried("google_storage", **by_file(google_standin, key_file=reader))
    assert "Only these containers" in said
    assert field == CONTAINERS
    said, field, _ = tried("google_storage", **by_file(google_standin, project="no-such-project-7"))
    assert "Check the project's ID" in said
    assert field == "project"
    said, field, _ = tried("google_storage", sign_in="anonymous", endpoint=google_standin.endpoint)
    assert "Only these containers" in said
    assert field == CONTAINERS


def test_google_with_an_hmac_key_in_the_wrong_form():
    account = Account("x", "X", "google_storage", {"sign_in": "key_file", "key_file": "GOOG1EXAMPLE"})
    said = errors.InvalidCredsError("This is an HMAC key. It belongs to the service 'x'.")
    result = result_of(said, account)
    assert result.field == "sign_in"
    assert "HMAC keys" in result.hint


# -- Azure, on Azurite --


def by_key(server, **more):
    return {"key": server.account, "secret": server.key, "endpoint": server.endpoint, **more}


def by_sas(server, **more):
    """An account SAS made by the vendor's SDK."""
    how = {
        "account_name": server.account,
        "account_key": server.key,
        "resource_types": ResourceTypes(service=True, container=True, object=True),
        "permission": AccountSasPermissions(read=True, write=True, list=True),
        "expiry": datetime.now(UTC) + timedelta(hours=1),
        **more,
    }
    return {
        "sign_in": "sas",
        "key": server.account,
        "sas_token": generate_account_sas(**how),
        "endpoint": server.endpoint,
    }


def test_azure_by_key(tried, azurite_server):
    said, _, failed = tried("azure_blobs", **by_key(azurite_server))
    assert said.startswith("Connected")
    assert not failed
    for wrong in (azurite_server.other_key, azurite_server.key[:-5] + "ABC=="):
        said, field, _ = tried("azure_blobs", **by_key(azurite_server, secret=wrong))
        assert "key" in said
        assert field == "secret"
        assert wrong not in said
    said, field, _ = tried("azure_blobs", **by_key(azurite_server, secret="not base64!"))
    assert "base64" in said or "key" in said
    assert field == "secret"
    said, field, _ = tried("azure_blobs", key="skyferry-no-such-account", secret=azurite_server.key)
    assert "name of the storage account" in said
    assert field == "key"
    said, field, _ = tried("azure_blobs", key="No Account!", secret=azurite_server.key)
    assert "not the name of a storage account" in said
    assert field == "key"
    said, field, _ = tried(
        "azure_blobs", **by_key(azurite_server, endpoint="http://127.0.0.1:1/devstoreaccount1")
    )
    assert field == "endpoint"
    elsewhere = f"{azurite_server.origin}/nosuchaccount"
    said, field, _ = tried("azure_blobs", **by_key(azurite_server, key="nosuchaccount", endpoint=elsewhere))
    assert "no such storage account" in said
    assert "Check the name of the storage account" in said
    assert field == "key"


def test_azure_by_signature(tried, azurite_server):
    said, _, failed = tried("azure_blobs", **by_sas(azurite_server))
    assert said.startswith("Connected")
    assert not failed
    now = datetime.now(UTC)
    for more, words in (
        ({"start": now - timedelta(days=3), "expiry": now - timedelta(days=2)}, "ran out"),
        ({"start": now + timedelta(days=2), "expiry": now + timedelta(days=3)}, "begins on"),
        ({"permission": AccountSasPermissions(read=True)}, "allow listing"),
    ):
        said, field, _ = tried("azure_blobs", **by_sas(azurite_server, **more))
        assert words in said
        assert field == "sas_token"
        assert "sig=" not in said
    narrow = by_sas(azurite_server, resource_types=ResourceTypes(container=True, object=True))
    said, field, _ = tried("azure_blobs", **narrow)
    assert "name the container" in said
    assert field == "container"


def test_azure_by_the_signature_of_one_container(tried, azurite_server):
    name = f"only-{uuid.uuid4().hex[:12]}"
    driver = providers.open_driver("azure_blobs", by_key(azurite_server))
    driver.create_container(name)
    signature = generate_container_sas(
        azurite_server.account,
        name,
        account_key=azurite_server.key,
        permission=ContainerSasPermissions(read=True, list=True),
        expiry=datetime.now(UTC) + timedelta(hours=1),
    )
    typed = {"sign_in": "sas", "key": azurite_server.account, "endpoint": azurite_server.endpoint}
    said, _, failed = tried("azure_blobs", **typed, sas_token=signature, container=name)
    assert "Connected" in said, said
    assert not failed
    said, _, failed = tried("azure_blobs", containers=name, **typed, sas_token=signature)
    assert "Connected" in said, said
    said, field, _ = tried("azure_blobs", **typed, sas_token=signature)
    assert "Name the container" in said
    assert field == "container"
    found = recognise(f"{azurite_server.endpoint}/{name}?{signature}")
    said, _, failed = tried("azure_blobs", ",".join(found.containers), **found.values, **found.secrets)
    assert "Connected" in said, said
    assert not failed


def test_azure_connection_strings(tried, azurite_server):
    typed = {"sign_in": "connection_string", "connection_string": azurite_server.connection_string}
    said, _, failed = tried("azure_blobs", **typed)
    assert said.startswith("Connected")
    assert not failed
    for broken in ("nonsense", "AccountKey=abc;EndpointSuffix=core.windows.net"):
        said, field, _ = tried("azure_blobs", **{**typed, "connection_string": broken})
        assert "onnection string" in said
        assert field == "connection_string"
    said, field, _ = tried("azure_blobs", **{**typed, "connection_string": "AccountName=keyless"})
    assert "no AccountKey" in said
    assert field == "connection_string"


def test_a_pasted_connection_string_connects(tried, azurite_server):
    found = recognise(azurite_server.connection_string)
    said, _, failed = tried(found.provider, **found.values, **found.secrets)
    assert said.startswith("Connected")
    assert not failed


@pytest.mark.parametrize(
    ("words", "field"),
    [
        ("AADSTS90002: Tenant 'x' not found.", "tenant_id"),
        ("AADSTS7000215: Invalid client secret provided.", "client_secret"),
        ("AADSTS700016: Application with identifier 'x' was not found.", "client_id"),
        ("Signing in as an app needs its tenant id, its client id and its secret.", "tenant_id"),
        ("This computer has no Azure sign-in of its own.", "sign_in"),
    ],
)
def test_azure_entra_refusals_point_at_their_field(words, field):
    """*Not proven on a server*: the words are Microsoft's, no Entra ID can be had."""
    account = Account("x", "X", "azure_blobs", {"sign_in": "client_secret", "key": "me"})
    error = errors.InvalidCredsError(f"Entra ID did not let this account in: {words}")
    assert result_of(error, account).field == field


# -- without a server --


def test_a_missing_extra_shows_the_line_to_type():
    account = Account("x", "X", "openstack_swift", {})
    line = "pip install 'skyferry[openstack]'"
    result = result_of(
        errors.MissingExtraError(f"Signing in at Keystone needs keystoneauth1: {line}"), account
    )
    assert line in result.text
    assert result.field == "sign_in"


@pytest.mark.parametrize(
    ("sentence", "advice"),
    [
        (
            "This computer has no AWS sign-in of its own. Run 'aws configure'.",
            "Sign in on this computer first",
        ),
        (
            "AWS gave no keys to sign in with: The config profile (x) could not be found",
            "name of the profile",
        ),
        ("InvalidAccessKeyId", "this computer's own AWS sign-in"),
    ],
)
def test_where_this_computer_signs_in_to_amazon_nobody_is_told_to_look_for_a_missing_character(
    sentence, advice
):
    result = result_of(errors.InvalidCredsError(sentence), Account("x", "X", "s3", {"sign_in": "chain"}))
    assert advice in result.hint
    assert "missing character" not in result.hint
    assert result.field == "profile"


def test_a_clock_that_is_wrong_is_said_and_no_field_is_blamed():
    result = result_of(errors.ClockSkewError("The clocks differ."), Account("x", "X", "s3", {"key": "k"}))
    assert "clock" in result.text.lower()
    assert result.field == ""


@pytest.mark.parametrize(
    ("signature", "words", "is_narrow"),
    [
        ("sv=2021-12-02&ss=b&srt=sco&sp=rwl&se=2026-12-01T00:00:00Z&sig=x", "", False),
        ("?sv=2021-12-02&ss=b&srt=sco&sp=rwl&se=2026-11-22&sig=x", "ran out on 2026-11-22 00:00", False),
        ("sv=1&ss=b&srt=sco&sp=rl&st=2026-11-23T10:00Z&se=2026-12-01&sig=x", "begins on 2026-11-23", False),
        ("sv=1&ss=f&srt=sco&sp=rl&se=2026-12-01&sig=x", "not for blobs", False),
        ("sv=1&ss=b&srt=sco&sp=rw&se=2026-12-01&sig=x", "allow listing", False),
        ("sv=1&ss=b&srt=co&sp=rwl&se=2026-12-01&sig=x", "name the container", True),
        ("sv=1&sr=c&sp=rwl&se=2026-12-01&sig=x", "name the container", True),
        ("sv=1&sr=c&si=policy&sig=x", "name the container", True),
        ("no signature at all", "", False),
        ("sv=1&se=nonsense&sp=l&sig=x", "", False),
    ],
)
def test_a_signature_says_by_itself_why_it_will_be_refused(signature, words, is_narrow):
    told = checks.signature(signature, now=NOW)
    assert words in told.problem
    assert bool(told.problem) is bool(words)
    assert told.is_narrow is is_narrow


def test_a_signature_for_one_container_is_good_for_that_one():
    assert not checks.signature("sv=1&sr=c&sp=rl&se=2026-12-01&sig=x", lists=False, now=NOW).problem


def test_clues_name_fields_that_their_forms_have():
    for clue in CLUES:
        rows = [providers.row(clue.provider)] if clue.provider else providers.rows()
        names = {field.name for row in rows for field in row.fields} | {CONTAINERS}
        assert all(name.startswith("*") or name.rstrip("?") in names for name in clue.fields), clue


def test_no_secret_is_in_what_a_test_says():
    end = (datetime.now(UTC) - timedelta(days=1)).strftime("%Y-%m-%dT%H:%M:%SZ")
    secret = f"sv=2021-12-02&sr=c&sp=rl&se={end}&sig=c4naryWJalrXUtnFEMI"
    account = Account("x", "X", "s3", {})
    result = result_of(errors.InvalidCredsError("Refused."), account, {"secret": secret})
    assert "ran out" in result.hint
    assert "c4nary" not in f"{result.text}{result.hint}"
