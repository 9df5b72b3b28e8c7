"""OpenStack Swift with its S3 API: the server that checks every signature, payload hash and Content-MD5.

Installed from `swift.lock` into the user's cache folder, in an environment of its own. Five processes:
proxy, object, container, account and a memcached of ours. User `test:tester`, key `testing`, both for S3
and for Swift's own API (`auth_url`). What it does not have: versioning, tags, lifecycle, policies, CORS.
"""

from __future__ import annotations

import hashlib
import os
import shutil
import sys
import tempfile
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

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

if os.name == "posix":  # install() refuses the others before anything below is needed
    import fcntl
    import grp
    import pwd

LOCK = Path(__file__).with_name("swift.lock")
MEMCACHED = Path(__file__).with_name("memcached.py")
RINGS = Path(__file__).with_name("swift_rings.py")
STORES = ("account", "container", "object")
ATTEMPTS = 3  # a port found free may be taken by another process before Swift binds it

SWIFT_CONF = """\
[swift-hash]
swift_hash_path_prefix = skyferry
swift_hash_path_suffix = skyferry
[swift-constraints]
max_file_size = 5368709122
[storage-policy:0]
name = gold
default = yes
"""

DEFAULTS = """\
[DEFAULT]
bind_ip = 127.0.0.1
bind_port = {port}
bind_timeout = 2
workers = 0
user = {user}
swift_dir = {home}
log_address = /dev/null
log_level = INFO
"""

STORE_CONF = """\
devices = {data}
mount_check = false
disable_fallocate = true
fallocate_reserve = 0
[pipeline:main]
pipeline = {name}-server
[app:{name}-server]
use = egg:swift#{name}
[{name}-replicator]
[{name}-auditor]
[{name}-updater]
[container-sync]
[account-reaper]
[object-expirer]
"""

# The order is Swift's own (etc/proxy-server.conf-sample): s3api before the auth filter it relies on.
FILTERS = (
    "catch_errors gatekeeper healthcheck proxy-logging cache etag-quoter listing_formats crossdomain bulk "
    "tempurl formpost s3api tempauth copy staticweb container-quotas account-quotas slo dlo "
    "versioned_writes symlink"
)
# Filters whose entry point is not their name with underscores.
ENTRY_POINTS = {"cache": "memcache"}
FILTER_OPTIONS = {
    "tempauth": """\
user_admin_admin = admin .admin .reseller_admin
user_test_tester = testing .admin
user_test_reader = reading
user_test2_tester2 = testing2 .admin
storage_url_scheme = http
""",
    # The smallest part is lowered from 5 MiB so that multipart tests stay quick.
    "s3api": """\
s3_acl = false
location = us-east-1
dns_compliant_bucket_names = false
check_bucket_owner = false
min_segment_size = 1048576
""",
    "versioned_writes": "allow_versioned_writes = true\nallow_object_versioning = true\n",
}


@dataclass(frozen=True, slots=True)
class Swift:
    endpoint: str
    logs: Path
    data: Path  # the stored objects, for tests that damage them
    group: Group
    access_key: str = "test:tester"
    secret_key: str = "testing"
    region: str = "us-east-1"

    @property
    def auth_url(self) -> str:
        """Swift's own sign-in (TempAuth), same user and key."""
        return f"{self.endpoint}/auth/v1.0"


@contextmanager
def running() -> Iterator[Swift]:
    logs = logs_folder("swift")
    commands = install(logs / "install.log")
    for attempt in range(1, ATTEMPTS + 1):
        with tempfile.TemporaryDirectory(prefix=f"swift-{os.getpid()}-", dir=runs_folder()) as home:
            with start(commands, Path(home), logs) as server:
                try:
                    wait_until(lambda: is_ready(server), 60, server.group, "Swift")
                except ServerFailed:
                    if attempt < ATTEMPTS and "ddress already in use" in all_logs(logs):
                        continue
                    raise
                yield server
            return


@contextmanager
def start(commands: Path, home: Path, logs: Path) -> Iterator[Swift]:
    ports = dict(zip(("proxy", "memcached", *STORES), free_ports(5), strict=True))
    data = home / "data"
    (data / "d1").mkdir(parents=True)
    check_attributes(data)
    write_configuration(home, data, ports)
    # -I everywhere: this folder has a swift.py, too, which must not hide the real one.
    python = [str(commands / "python"), "-I"]
    run([*python, str(RINGS), str(home), *(f"{name}:{ports[name]}" for name in STORES)], logs / "rings.log")
    servers = [Command("memcached", [sys.executable, "-I", str(MEMCACHED), str(ports["memcached"])])]
    for name in (*STORES, "proxy"):
        program = [*python, str(commands / f"swift-{name}-server")]
        servers.append(Command(name, [*program, str(home / f"{name}-server.conf"), "--verbose"]))
    with processes_running(servers, logs) as group:
        yield Swift(f"http://127.0.0.1:{ports['proxy']}", logs, data, group)


def is_ready(server: Swift) -> bool:
    """Whether a sign-in works, which takes the proxy and memcached, and the three stores are listening."""
    ports = [int(line.rpartition("=")[2]) for line in _bind_lines(server.data.parent)]
    if not all(answers(port) for port in ports):
        return False
    user = {"X-Auth-User": server.access_key, "X-Auth-Key": server.secret_key}
    try:
        urllib.request.urlopen(urllib.request.Request(server.auth_url, headers=user), timeout=10).close()
    except OSError:
        return False
    return True


def install(log: Path) -> Path:
    """The folder of Swift's commands; installs them first where the cache has none of this lock."""
    return install_locked("swift", "Swift", LOCK, log)


def install_locked(name: str, title: str, lock: Path, log: Path) -> Path:
    """An environment with what a lock says, in the cache; the folder of its commands."""
    if os.name != "posix":
        raise ServerFailed(f"{title} runs on Linux and macOS only; run these tests there.")
    tag = hashlib.sha256(lock.read_bytes() + sys.version.encode()).hexdigest()[:12]
    folder = cache_folder() / f"{name}-{tag}"
    stamp = folder / "installed"
    with one_at_a_time(cache_folder() / f"{name}.lock"):
        if not stamp.exists():
            print(f"installing {title} for the tests into {folder}", flush=True)
            shutil.rmtree(folder, ignore_errors=True)
            uv = [sys.executable, "-m", "uv", "--quiet"]
            run([*uv, "venv", "--python", sys.executable, str(folder)], log)
            into = ["--python", str(folder / "bin" / "python"), "--require-hashes", "-r", str(lock)]
            run([*uv, "pip", "install", *into], log)
            stamp.touch()
    return folder / "bin"


@contextmanager
def one_at_a_time(path: Path) -> Iterator[None]:
    """Two test runs may start on an empty cache together; the second waits for the first."""
    with open(path, "w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        yield


def check_attributes(folder: Path) -> None:
    """Swift keeps metadata in extended attributes, and says little when the disk has none."""
    if not hasattr(os, "setxattr"):
        return
    try:
        os.setxattr(folder, "user.skyferry", b"1")
    except OSError as error:
        raise ServerFailed(f"{folder} is on a disk without extended attributes, which Swift needs") from error


def runs_folder() -> Path:
    """For the data of running servers; removes what runs left behind that were killed outright."""
    folder = cache_folder() / "runs"
    folder.mkdir(exist_ok=True)
    for left in folder.glob("swift-*"):
        if not Path(f"/proc/{left.name.split('-')[1]}").exists() and Path("/proc").exists():
            shutil.rmtree(left, ignore_errors=True)  # another run may be removing it, too
    return folder


def write_configuration(home: Path, data: Path, ports: dict[str, int]) -> None:
    user = pwd.getpwuid(os.geteuid()).pw_name
    (home / "swift.conf").write_text(SWIFT_CONF)
    for name in STORES:
        text = DEFAULTS.format(port=ports[name], user=user, home=home)
        text += STORE_CONF.format(data=data, name=name)
        (home / f"{name}-server.conf").write_text(text)
    write_proxy(home / "proxy-server.conf", home, ports, FILTERS, FILTER_OPTIONS)


def write_proxy(
    path: Path, rings: Path, ports: dict[str, int], filters: str, options: dict[str, str]
) -> None:
    """A proxy's configuration; `rings` is the folder that says where the stores are."""
    user = pwd.getpwuid(os.geteuid()).pw_name
    parts = [DEFAULTS.format(port=ports["proxy"], user=user, home=rings)]
    parts.append(f"expose_info = true\n[pipeline:main]\npipeline = {filters} proxy-logging proxy-server\n")
    parts.append("[app:proxy-server]\nuse = egg:swift#proxy\n")
    parts.append("account_autocreate = true\nallow_account_management = true\n")
    # The one disk would be left alone for a minute after any error, such as metadata too large for ext4.
    parts.append("error_suppression_interval = 0\n")
    own = {**FILTER_OPTIONS, **options, "cache": f"memcache_servers = 127.0.0.1:{ports['memcached']}\n"}
    for name in filters.split():
        text = own.get(name, "")
        entry = ENTRY_POINTS.get(name, name.replace("-", "_"))
        use = "" if text.startswith("paste.filter_factory") else f"use = egg:swift#{entry}\n"
        parts.append(f"[filter:{name}]\n{use}{text}")
    path.write_text("".join(parts))


def own_names() -> tuple[str, str]:
    """The user and the group that the servers run as."""
    return pwd.getpwuid(os.geteuid()).pw_name, grp.getgrgid(os.getegid()).gr_name


def _bind_lines(home: Path) -> list[str]:
    files = [home / f"{name}-server.conf" for name in STORES]
    return [line for path in files for line in path.read_text().splitlines() if line.startswith("bind_port")]


def all_logs(logs: Path) -> str:
    """What all processes of a server have said."""
    return "".join(path.read_text(errors="replace") for path in logs.glob("*.log"))
