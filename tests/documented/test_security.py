"""resources/help/security.md says what is so: tests, files, modes, names and connections are looked up."""

from __future__ import annotations

import ast
import json
import os
import re
import subprocess
import sys
import threading
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, fields
from functools import cache
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import platformdirs.macos
import platformdirs.unix
import platformdirs.windows
import pytest

from gui import accounts, copied, records, secrets, settings
from gui.accounts import Account, Accounts
from gui.flows import paste_out
from gui.secrets import Secrets, Vault
from gui.settings import Folders, portable_folders, standard_folders
from storage_core.drivers import local_attributes
from storage_core.transfers import journal
from tests.servers import keyring
from tests.servers.swift import Swift

pytestmark = pytest.mark.window

ROOT = Path(__file__).parents[2]
PAGE = (ROOT / "resources/help/security.md").read_text("utf-8")
THREATS = 26  # trust.md 2.2
NODE = re.compile(r"`(tests/[\w/]+\.py)::(\w+)`")

# What a program does with sockets, and which files it opens for writing, told by Python itself.
EAR = """
import json, os, sys
_out = os.open(os.environ["EAR"], os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o600)
def _hear(event, args):
    if event in ("socket.connect", "socket.bind", "socket.getaddrinfo", "socket.sendto", "socket.sendmsg"):
        where = args[:2] if event == "socket.getaddrinfo" else args[1:2]
        os.write(_out, (json.dumps([event, [repr(one) for one in where]]) + "\\n").encode())
sys.addaudithook(_hear)
"""


def section(title: str) -> str:
    """What stands below a heading, up to the next of its level or a higher one."""
    found = re.search(rf"^(#+) {re.escape(title)}$", PAGE, re.MULTILINE)
    assert found, title
    rest = PAGE[found.end() :]
    ends = re.search(rf"^#{{1,{len(found[1])}}} ", rest, re.MULTILINE)
    return rest[: ends.start()] if ends else rest


def rows(title: str) -> list[list[str]]:
    """The cells of a section's first table, without its head."""
    found = re.search(r"(?:^\|.*\n)+", section(title), re.MULTILINE)
    assert found, title
    return [[cell.strip() for cell in line.strip("|").split("|")] for line in found[0].splitlines()[2:]]


# -- the tests that it names --


@cache
def functions_in(path: str) -> frozenset[str]:
    tree = ast.parse((ROOT / path).read_text("utf-8"))
    return frozenset(node.name for node in ast.walk(tree) if isinstance(node, ast.FunctionDef))


def test_every_test_that_it_names_exists() -> None:
    named = NODE.findall(PAGE)
    assert len(named) > 80
    missing = [f"{path}::{name}" for path, name in named if name not in functions_in(path)]
    assert not missing
    assert len(re.findall(r"tests/\w+", PAGE)) == len(named), "a test that is not written as a node id"


def test_every_threat_has_a_row_and_tests() -> None:
    numbers = [f"T{number}" for number in range(1, THREATS + 1)]
    assert [row[0] for row in rows("What could happen, and what is done about it")] == numbers
    tests = re.findall(
        r"^- \*\*(T\d+)\*\*\n((?:    - .*\n)+)", section("The tests of each row"), re.MULTILINE
    )
    assert [number for number, _ in tests] == numbers
    promises = re.findall(
        r"^(\d+)\. .*\n((?:    - .*\n)+)", section("What a transfer promises"), re.MULTILINE
    )
    assert [int(number) for number, _ in promises] == list(range(1, len(promises) + 1))
    assert len(promises) > 10
    for _, lines in [*tests, *promises]:
        assert all(NODE.fullmatch(line.removeprefix("    - ")) for line in lines.splitlines())


def test_it_can_be_read_by_github_qt_and_sphinx() -> None:
    assert not re.search(r"<[a-z/!]", PAGE), "HTML"
    assert not re.search("[\u200b-\u200f\u202a-\u202e\u2066-\u2069]", PAGE), "characters that are not seen"
    for line in PAGE.splitlines():
        assert not line.startswith((":::", ".. "))


# -- folders, files, names --


def test_the_folders_are_those_of_each_system(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HOME", "/home/me")
    for name in ("XDG_CONFIG_HOME", "XDG_DATA_HOME", "XDG_STATE_HOME", "XDG_CACHE_HOME"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setattr(
        platformdirs.windows, "get_win_folder", lambda name: rf"%{name.removeprefix('CSIDL_')}%"
    )
    kinds = (platformdirs.unix.Unix, platformdirs.macos.MacOS, platformdirs.windows.Windows)
    table = {row[0]: row[1:] for row in rows("Folders")}
    for at, kind in enumerate(kinds):
        one = kind(settings.NAME, appauthor=False)
        wanted = {
            "Settings": one.user_config_dir,
            "Data": one.user_data_dir,
            "Log": one.user_log_dir,
            "Cache": one.user_cache_dir,
        }
        for label, path in wanted.items():
            path = path.replace("/home/me", "~").replace("%LOCAL_APPDATA%", "%LOCALAPPDATA%")
            if kind is platformdirs.windows.Windows:
                path = path.replace("/", "\\")
            assert table[label][at] == f"`{path}`"


def test_the_files_and_what_is_in_them_are_the_programs() -> None:
    files = {row[0].strip("`"): row for row in rows("Files")}
    there = portable_folders(Path("/x"))
    assert set(files) == {
        there.accounts.name, there.settings.name, there.journal.name, there.lock.name, there.log.name,
        there.copied.name, Path(local_attributes.Records("/x", True)._database).name,
    }  # fmt: skip
    listed = set(re.findall("`([a-z_]+)`", files["settings.json"][2]))
    assert listed == set(settings._SAVED)
    text = section("Files")
    account = re.search(r"\*\*Accounts\.\*\*(.*)", text)
    assert account
    named = set(re.findall("`([a-z_]+)`", account[1]))
    assert named == {item.name for item in fields(Account)} == {*accounts.TEXTS, "values", "containers"}
    tables = set(re.findall(r"CREATE TABLE (\w+)", journal._TABLES))
    assert all(f"`{name}`" in text for name in tables)
    assert "up to three older ones" in text
    assert records.FILES_MAX == 3
    assert "1 MB each" in text
    assert records.BYTES_MAX == 1_000_000
    assert f"up to {paste_out.OBJECTS_UNASKED} objects and {paste_out.BYTES_UNASKED >> 20} MiB" in text
    assert "ten minutes" in text
    assert copied.KEPT_SECONDS == 600
    assert f"`{local_attributes.XATTR}`" in section("Beside your own files")


class Small:
    """A keyring as Windows has one."""

    def __init__(self) -> None:
        self.items: dict[tuple[str, str], str] = {}

    def get_password(self, service: str, username: str) -> str | None:
        return self.items.get((service, username))

    def set_password(self, service: str, username: str, password: str) -> None:
        if len(password.encode("utf-16-le")) > 2560:
            raise OSError(1783, "The stub received bad data")
        self.items[service, username] = password

    def delete_password(self, service: str, username: str) -> None:
        del self.items[service, username]


def test_the_items_of_the_keyring_are_called_as_it_says() -> None:
    text = section("The keyring")
    small = Small()
    kept = Secrets(lambda: Vault(small, "a keyring"))
    kept.keep("0a1b", {"secret": "short"})
    assert list(small.items) == [("skyferry", "0a1b")]
    assert json.loads(small.items["skyferry", "0a1b"]) == {"secret": "short"}
    kept.keep("0a1b", {"secret": "x" * 5000})
    assert {service for service, _ in small.items} == {"skyferry"}
    pieces = sorted(name for _, name in small.items if name != "0a1b")
    assert all(re.fullmatch("0a1b/a/[0-9]+", name) for name in pieces)
    assert len(pieces) > 1
    manifest = json.loads(small.items["skyferry", "0a1b"])
    assert {"slot", "sha256"} < set(manifest)
    kept.keep("0a1b", {"secret": "y" * 5000})
    assert all(re.fullmatch("0a1b/b/[0-9]+", name) for _, name in small.items if name != "0a1b")
    for said in (
        "`skyferry`",
        "`id/a/number` or `id/b/number`",
        f"{secrets.CHUNK_UNITS:,} characters",
        "2,560 bytes",
    ):
        assert said in text
    kept.delete("0a1b")
    assert not small.items


# -- the running program --


@dataclass(frozen=True)
class Heard:
    """What a run of the program did."""

    home: Path
    events: list[tuple[str, list[str]]]
    connections: set[str]  # remote addresses that the system knew of, whoever made them
    output: str

    def of(self, *names: str) -> list[str]:
        return [" ".join(where) for event, where in self.events if event in names]


def run(tmp_path: Path, *argv: str, env: Mapping[str, str] | None = None) -> Heard:
    """The program on a home of its own, with an ear at Python's sockets and one at the system's."""
    home, ear, site = tmp_path / "home", tmp_path / "ear", tmp_path / "site"
    for folder in (home, site):
        folder.mkdir(exist_ok=True)
    (site / "sitecustomize.py").write_text(EAR)
    hidden = re.compile("XDG_.*|.*_proxy|PYTHON.*|DBUS_.*|DISPLAY|WAYLAND_DISPLAY", re.IGNORECASE)
    own = {name: value for name, value in os.environ.items() if not hidden.fullmatch(name)}
    own |= {"HOME": str(home), "EAR": str(ear), "PYTHONPATH": str(site), "QT_QPA_PLATFORM": "offscreen"}
    process = subprocess.Popen(
        [sys.executable, "-m", "gui", *argv], cwd=ROOT, env={**own, **(env or {})}, text=True,
        stdout=subprocess.PIPE, stderr=subprocess.STDOUT,
    )  # fmt: skip
    seen: set[str] = set()
    over = threading.Event()
    watcher = threading.Thread(target=watch, args=(process.pid, seen, over))
    watcher.start()
    try:
        output, _ = process.communicate(timeout=150)
    finally:
        process.kill()
        over.set()
        watcher.join()
    assert process.returncode == 0, output
    lines = ear.read_text("utf-8").splitlines() if ear.exists() else []
    return Heard(home, [tuple(json.loads(line)) for line in lines], seen, output)


def watch(pid: int, seen: set[str], over: threading.Event) -> None:
    """Collect the far ends of a process's connections as Linux lists them: Qt's own would be among them."""
    if sys.platform != "linux":
        return
    while not over.wait(0.01):
        try:
            descriptors = list(Path(f"/proc/{pid}/fd").iterdir())
            inodes = set()
            for one in descriptors:
                found = re.fullmatch(r"socket:\[(\d+)\]", _leads_to(one))
                if found:
                    inodes.add(found[1])
            for table in ("tcp", "tcp6", "udp", "udp6") if inodes else ():
                for line in Path(f"/proc/{pid}/net/{table}").read_text().splitlines()[1:]:
                    cells = line.split()
                    if cells[9] in inodes:
                        seen.add(f"{table} {cells[2]}")
        except OSError:
            return  # it has ended


def _leads_to(link: Path) -> str:
    try:
        return str(link.readlink())
    except OSError:
        return ""


@pytest.fixture(scope="module")
def demo(tmp_path_factory: pytest.TempPathFactory) -> Heard:
    """The guided tour on the demo cloud."""
    folder = tmp_path_factory.mktemp("demo")
    return run(folder, "--tour", "--screenshots", str(folder / "pictures"))


def test_the_demo_tour_opens_no_connection(demo: Heard) -> None:
    assert "every byte is the same" in demo.output
    assert demo.events == []
    assert demo.connections == set()


def test_what_the_program_writes_is_on_the_page_and_private(
    demo: Heard, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("HOME", str(demo.home))
    for name in ("XDG_CONFIG_HOME", "XDG_DATA_HOME", "XDG_STATE_HOME", "XDG_CACHE_HOME"):
        monkeypatch.delenv(name, raising=False)
    ours = standard_folders()
    files = {path for path in demo.home.rglob("*") if path.is_file()}
    assert {ours.settings, ours.journal, ours.log} <= files
    known = {name for row in rows("Files") for name in re.findall(r"`([\w.]+)`", row[0])}
    foreign = {"QtProject.conf"}
    for path in files:
        name = path.name
        assert name in known | foreign, path
        if name in known:
            assert path.stat().st_mode & 0o777 == 0o600, path
            assert path.parent.stat().st_mode & 0o777 == 0o700, path
            assert path.parent in homes_of(ours), path


def homes_of(ours: Folders) -> set[Path]:
    return {ours.config, ours.data, ours.logs, ours.cache}


def test_an_account_is_reached_at_its_own_host_and_nothing_else_is(
    tmp_path: Path, swift_server: Swift
) -> None:
    """A real server that checks signatures, the secret in a real keyring, which answers on a local socket."""
    profile = tmp_path / "profile"
    folders = portable_folders(profile)
    listed = Accounts(folders.accounts, tmp_path)
    values = {
        "endpoint": swift_server.endpoint,
        "key": swift_server.access_key,
        "region": swift_server.region,
    }
    listed.add(Account("0a1b", "Real Swift", "s3_compatible", values))
    listed.save()
    with keyring.running() as real, environment(real.env):
        Secrets().keep("0a1b", {"secret": swift_server.secret_key})
        heard = run(tmp_path, "--portable", str(profile), "--tour", "Real Swift", env=real.env)
    assert "every byte is the same" in heard.output
    address = urlsplit(swift_server.endpoint)
    for where in heard.of("socket.connect", "socket.sendto", "socket.sendmsg"):
        assert where == repr((address.hostname, address.port)) or "/bus" in where, where
    assert any(repr(address.hostname) in where for where in heard.of("socket.connect"))
    for where in heard.of("socket.getaddrinfo"):
        assert where == f"{address.hostname!r} {address.port}", where
    # urllib3 asks so, as it is loaded, whether there is IPv6; nobody listens there.
    assert set(heard.of("socket.bind")) <= {"('::1', 0)"}
    if sys.platform == "linux":
        assert heard.connections == {f"tcp 0100007F:{address.port:04X}"}
    for path in [*profile.rglob("*"), *heard.home.rglob("*")]:
        if path.is_file():
            assert swift_server.secret_key.encode() not in path.read_bytes(), path
            assert path.stat().st_mode & 0o777 == 0o600 or path.name == "QtProject.conf", path
    assert swift_server.secret_key not in heard.output


class environment:
    """Variables for a while."""

    def __init__(self, more: Mapping[str, str]) -> None:
        self._more = more

    def __enter__(self) -> None:
        self._before = {name: os.environ.get(name) for name in self._more}
        os.environ.update(self._more)

    def __exit__(self, *_: Any) -> None:
        for name, value in self._before.items():
            if value is None:
                os.environ.pop(name)
            else:
                os.environ[name] = value


# -- where it comes from --


def locks() -> Iterator[Path]:
    yield ROOT / "requirements.lock"
    yield from sorted((ROOT / "tests/servers").glob("*.lock"))


@pytest.mark.parametrize("lock", list(locks()), ids=lambda path: path.name)
def test_everything_that_is_installed_has_a_hash(lock: Path) -> None:
    text = lock.read_text("utf-8").replace("\\\n", " ")
    lines = [line for line in text.splitlines() if line.strip() and not line.lstrip().startswith("#")]
    assert lines
    for line in lines:
        assert re.match(r"[\w.\[\]-]+==[\w.]+ .*--hash=sha256:[0-9a-f]{64}", line), line
    installers = "".join((ROOT / name).read_text() for name in ("dev.py", "tests/servers/swift.py"))
    assert installers.count("--require-hashes") >= 2


def test_everything_that_npm_installs_has_a_hash() -> None:
    [lock] = (ROOT / "tests/servers").rglob("package-lock.json")
    packages = json.loads(lock.read_text("utf-8"))["packages"]
    own = packages.pop("")
    assert own
    assert packages
    for name, one in packages.items():
        assert one.get("integrity", "").startswith("sha512-"), name
        assert one.get("resolved", "https://registry.npmjs.org/").startswith("https://registry.npmjs.org/"), (
            name
        )


def test_no_request_of_ours_goes_to_an_address_of_the_makers() -> None:
    """Hosts that the code names are those of services and of their pages."""
    source = "".join(
        path.read_text("utf-8") for path in [*ROOT.glob("gui/**/*.py"), *ROOT.glob("storage_core/**/*.py")]
    )
    hosts = set(re.findall(r"https?://([\w.-]*skyferry[\w.-]*)", source))
    assert hosts == set()
