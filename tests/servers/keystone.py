"""OpenStack Keystone, and a second proxy of the running Swift that asks it who somebody is.

Installed from `keystone.lock` into the user's cache folder, in an environment of its own. Its database is
made once, with a user, a project and an application credential in it, and copied for each start: three
processes (Keystone, the proxy, a memcached of ours) answer within a few seconds. The proxy stores in the
accounts `AUTH_<project id>` of the same Swift whose other proxy signs in by TempAuth.
"""

from __future__ import annotations

import hashlib
import json
import os
import shutil
import sqlite3
import sys
import tempfile
import urllib.error
import urllib.request
from collections.abc import Iterator
from contextlib import closing, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from tests.servers import swift
from tests.servers.processes import (
    Command,
    Group,
    ServerFailed,
    answers,
    cache_folder,
    free_ports,
    logs_folder,
    run,
    wait_until,
)
from tests.servers.processes import running as processes_running
from tests.servers.swift import Swift

LOCK = Path(__file__).with_name("keystone.lock")
WSGI = Path(__file__).with_name("keystone_wsgi.py")
ADMIN = "adminpw"
DOMAIN, PROJECT, USER, PASSWORD = "Harbour", "skyferry", "ferry", "pässword & more: 100%"
READER = "gull"
REGION = "RegionOne"
# In the template, where no port is known yet; PUBLIC and INTERNAL are one proxy under two names.
IDENTITY_AT, PUBLIC_AT, INTERNAL_AT = "http://keystone.invalid", "http://swift.invalid", "http://in.invalid"

KEYSTONE_CONF = """\
[DEFAULT]
log_dir = {logs}
[database]
connection = sqlite:///{home}/keystone.db
[token]
provider = fernet
expiration = 3600
[identity]
password_hash_rounds = 4
[fernet_tokens]
key_repository = {home}/fernet
[fernet_receipts]
key_repository = {home}/receipts
[credential]
key_repository = {home}/credential
[cache]
enabled = false
[oslo_policy]
enforce_scope = false
"""

FILTERS = swift.FILTERS.replace("s3api tempauth", "authtoken keystoneauth")
AUTHTOKEN = """\
paste.filter_factory = keystonemiddleware.auth_token:filter_factory
www_authenticate_uri = {identity}/v3
auth_url = {identity}/v3
auth_type = password
project_domain_name = Default
user_domain_name = Default
project_name = admin
username = admin
password = adminpw
delay_auth_decision = true
cache = swift.cache
service_token_roles_required = false
"""


@dataclass(frozen=True, slots=True)
class Keystone:
    """Where to sign in, as whom, and what the catalog then says."""

    auth_url: str
    swift_url: str  # the proxy: public in RegionOne and RegionTwo
    internal_url: str  # the same proxy under another name: internal in RegionOne, and there alone
    project_id: str
    domain_id: str
    user_id: str
    credential_id: str
    credential_secret: str
    logs: Path
    group: Group
    user: str = USER
    password: str = PASSWORD
    reader: str = READER  # same password, may only look
    project: str = PROJECT
    domain: str = DOMAIN
    region: str = REGION


@contextmanager
def running(store: Swift) -> Iterator[Keystone]:
    """Keystone and its proxy, on the disks of a Swift that runs already."""
    logs = logs_folder("keystone")
    commands = install(logs / "install.log")
    template = made_template(commands, logs)
    for attempt in range(1, swift.ATTEMPTS + 1):
        parent = swift.runs_folder()
        with tempfile.TemporaryDirectory(prefix=f"swift-{os.getpid()}-keystone-", dir=parent) as home:
            shutil.copytree(template, home, dirs_exist_ok=True)
            with start(commands, Path(home), logs, store) as server:
                try:
                    wait_until(lambda: is_ready(server), 60, server.group, "Keystone")
                except ServerFailed:
                    if attempt < swift.ATTEMPTS and "ddress already in use" in swift.all_logs(logs):
                        continue
                    raise
                yield server
            return


@contextmanager
def start(commands: Path, home: Path, logs: Path, store: Swift) -> Iterator[Keystone]:
    identity_port, proxy_port, memcached_port = free_ports(3)
    identity = f"http://127.0.0.1:{identity_port}"
    public, internal = f"http://127.0.0.1:{proxy_port}", f"http://localhost:{proxy_port}"
    tell_addresses(home / "keystone.db", {IDENTITY_AT: identity, PUBLIC_AT: public, INTERNAL_AT: internal})
    swift.write_proxy(
        home / "proxy-server.conf",
        store.data.parent,
        {"proxy": proxy_port, "memcached": memcached_port},
        FILTERS,
        {"authtoken": AUTHTOKEN.format(identity=identity), "keystoneauth": KEYSTONEAUTH},
    )
    python = [str(commands / "python"), "-I"]
    proxy = [*python, str(commands / "swift-proxy-server"), str(home / "proxy-server.conf"), "--verbose"]
    servers = [
        Command("memcached", [sys.executable, "-I", str(swift.MEMCACHED), str(memcached_port)]),
        keystone_command(commands, home, logs, identity_port),
        Command("proxy", proxy),
    ]
    known = json.loads((home / "known.json").read_text())
    with processes_running(servers, logs) as group:
        yield Keystone(f"{identity}/v3", public, internal, **known, logs=logs, group=group)


KEYSTONEAUTH = "operator_roles = admin, member\nreseller_prefix = AUTH\nsystem_reader_roles = \n"


def keystone_command(commands: Path, home: Path, logs: Path, port: int) -> Command:
    conf = home / "keystone.conf"
    conf.write_text(KEYSTONE_CONF.format(home=home, logs=logs))
    environment = {"OS_KEYSTONE_CONFIG_DIR": str(home), "OS_KEYSTONE_CONFIG_FILES": str(conf)}
    return Command("keystone", [str(commands / "python"), "-I", str(WSGI), str(port)], env=environment)


def is_ready(server: Keystone) -> bool:
    """Whether a token that Keystone gives opens the account at the proxy."""
    try:
        with closing(ask(f"{server.auth_url}/auth/tokens", sign_in(server))) as reply:
            token = reply.headers["X-Subject-Token"]
        account = f"{server.swift_url}/v1/AUTH_{server.project_id}"
        closing(ask(account, token=token)).__exit__()
    except OSError:
        return False
    return True


def sign_in(server: Keystone) -> dict[str, Any]:
    domain = {"name": server.domain}
    user = {"name": server.user, "domain": domain, "password": server.password}
    scope = {"project": {"name": server.project, "domain": domain}}
    return {"auth": {"identity": {"methods": ["password"], "password": {"user": user}}, "scope": scope}}


def ask(url: str, value: Any = None, token: str = "", method: str | None = None) -> Any:
    """An open reply; OSError (HTTPError among them) for everything else."""
    headers = {"Content-Type": "application/json"} | ({"X-Auth-Token": token} if token else {})
    data = None if value is None else json.dumps(value).encode()
    return urllib.request.urlopen(
        urllib.request.Request(url, data=data, headers=headers, method=method), timeout=20
    )


def install(log: Path) -> Path:
    """The folder of the commands; installs them first where the cache has none of this lock."""
    return swift.install_locked("keystone", "Keystone", LOCK, log)


# -- the template: a database that is made once --


def made_template(commands: Path, logs: Path) -> Path:
    """A folder with database, keys and `known.json`; made where the cache has none of these settings."""
    with open(__file__, "rb") as own:
        tag = hashlib.sha256(own.read() + str(commands).encode()).hexdigest()[:12]
    folder = cache_folder() / f"keystone-template-{tag}"
    with swift.one_at_a_time(cache_folder() / "keystone-template.lock"):
        if not (folder / "known.json").exists():
            print(f"making Keystone's database for the tests in {folder}", flush=True)
            for old in (one for one in cache_folder().glob("keystone-template-*") if one.is_dir()):
                shutil.rmtree(old)
            folder.mkdir()
            fill_template(commands, folder, logs)
    return folder


def fill_template(commands: Path, home: Path, logs: Path) -> None:
    [port] = free_ports(1)
    command = keystone_command(commands, home, logs, port)
    manage = [str(commands / "python"), "-I", str(commands / "keystone-manage")]
    manage += ["--config-file", str(home / "keystone.conf")]
    user, group = swift.own_names()
    log = logs / "template.log"
    run([*manage, "db_sync"], log)
    # WAL: a reader does not fail because somebody writes.
    with closing(sqlite3.connect(home / "keystone.db")) as database:
        database.execute("PRAGMA journal_mode=WAL")
    for name in ("fernet", "receipts", "credential"):
        (home / name).mkdir(mode=0o700)
    for name in ("fernet", "credential"):
        run([*manage, f"{name}_setup", "--keystone-user", user, "--keystone-group", group], log)
    urls = [
        part
        for kind in ("admin", "internal", "public")
        for part in (f"--bootstrap-{kind}-url", f"{IDENTITY_AT}/v3")
    ]
    run([*manage, "bootstrap", "--bootstrap-password", ADMIN, *urls, "--bootstrap-region-id", REGION], log)
    with processes_running([command], logs) as running_group:
        wait_until(lambda: answers(port), 60, running_group, "Keystone")
        known = fill(f"http://127.0.0.1:{port}/v3")
    with closing(sqlite3.connect(home / "keystone.db")) as database:
        database.execute("PRAGMA wal_checkpoint(TRUNCATE)")
    (home / "known.json").write_text(json.dumps(known))


def fill(at: str) -> dict[str, str]:
    """Domain, project, two users, Swift's endpoints and an application credential; what they are called."""
    default = {"name": "Default"}
    admin = {"user": {"name": "admin", "domain": default, "password": ADMIN}}
    scope = {"project": {"name": "admin", "domain": default}}
    auth = {"identity": {"methods": ["password"], "password": admin}, "scope": scope}
    with closing(ask(f"{at}/auth/tokens", {"auth": auth})) as reply:
        token = reply.headers["X-Subject-Token"]

    def make(kind: str, **values: Any) -> str:
        with closing(ask(f"{at}/{kind}s", {kind: values}, token)) as made:
            return str(json.load(made)[kind]["id"])

    domain = make("domain", name=DOMAIN)
    project = make("project", name=PROJECT, domain_id=domain)
    with closing(ask(f"{at}/roles", token=token)) as reply:
        roles = {role["name"]: role["id"] for role in json.load(reply)["roles"]}
    users = {}
    for name, role in ((USER, "member"), (READER, "reader")):
        users[name] = make("user", name=name, domain_id=domain, password=PASSWORD)
        where = f"{at}/projects/{project}/users/{users[name]}/roles/{roles[role]}"
        closing(ask(where, token=token, method="PUT")).__exit__()
    service = make("service", name="swift", type="object-store")
    make("region", id="RegionTwo")
    for interface, region, address in (
        ("public", REGION, PUBLIC_AT),
        ("internal", REGION, INTERNAL_AT),
        ("public", "RegionTwo", f"{PUBLIC_AT}/"),
    ):
        url = f"{address.rstrip('/')}/v1/AUTH_$(project_id)s"
        make("endpoint", interface=interface, region_id=region, url=url, service_id=service)
    mine = {"user": {"id": users[USER], "password": PASSWORD}}
    auth = {"identity": {"methods": ["password"], "password": mine}, "scope": {"project": {"id": project}}}
    with closing(ask(f"{at}/auth/tokens", {"auth": auth})) as reply:
        token = reply.headers["X-Subject-Token"]
    asked = {"application_credential": {"name": "desk", "roles": [{"name": "member"}]}}
    with closing(ask(f"{at}/users/{users[USER]}/application_credentials", asked, token)) as reply:
        credential = json.load(reply)["application_credential"]
    return {
        "project_id": project,
        "domain_id": domain,
        "user_id": users[USER],
        "credential_id": credential["id"],
        "credential_secret": credential["secret"],
    }


def tell_addresses(database: Path, addresses: dict[str, str]) -> None:
    """Put the ports of this start in the place of the template's names."""
    with closing(sqlite3.connect(database)) as connection, connection:
        for old, new in addresses.items():
            connection.execute("UPDATE endpoint SET url = replace(url, ?, ?)", (old, new))
