"""The library alone: requests and nothing else. Each driver imports; a first use that wants more says so."""

from __future__ import annotations

import re
import shutil
import subprocess
import sys
import venv
from importlib.metadata import distribution
from pathlib import Path

import pytest

from tests.servers.azurite import Azurite
from tests.servers.google_standin import GoogleStandin
from tests.servers.swift import Swift

ROOT = Path(__file__).resolve().parents[2]


def needed(name: str, found: set[str] | None = None) -> set[str]:
    """A distribution and all it requires without extras."""
    found = set() if found is None else found
    key = re.sub(r"[-_.]+", "-", name).lower()
    if key in found:
        return found
    found.add(key)
    for line in distribution(name).requires or []:
        wanted, _, marker = line.partition(";")
        if "extra" in marker:
            continue
        needed(re.split(r"[\s\[<>=!~(]", wanted.strip())[0], found)
    return found


@pytest.fixture(scope="module")
def empty(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The Python of an environment that has requests, what it requires, and no other package."""
    home = tmp_path_factory.mktemp("alone")
    venv.create(home, with_pip=False, symlinks=sys.platform != "win32")
    [packages] = home.glob("lib/python*/site-packages")
    for name in needed("requests"):
        for file in distribution(name).files or ():
            if not file.parts[0].startswith(".."):
                target = packages / file
                target.parent.mkdir(parents=True, exist_ok=True)
                shutil.copy(file.locate(), target)
    return home / "bin" / "python"


def run(python: Path, program: str) -> str:
    done = subprocess.run(
        [python, "-W", "error", "-c", f"import sys; sys.path.insert(0, {str(ROOT)!r})\n{program}"],
        capture_output=True, text=True, timeout=120, cwd=python.parent, env={},
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    return done.stdout


def test_there_is_nothing_else_in_it(empty: Path) -> None:
    for name in ("google.auth", "azure.identity", "keystoneauth1", "botocore", "PySide6", "google_crc32c"):
        assert "missing" in run(
            empty, f"try:\n import {name}\nexcept ModuleNotFoundError:\n print('missing')"
        )


def test_every_driver_imports_and_opens(empty: Path) -> None:
    said = run(
        empty,
        "from storage_core.providers import get_driver, rows\n"
        "for row in rows():\n"
        "    print(row.constant, get_driver(row.constant).__name__)\n"
        "leaked = {'google', 'azure', 'keystoneauth1', 'botocore', 'PySide6', 'keyring'} & set(sys.modules)\n"
        "assert not leaked, leaked",
    )
    assert len(said.splitlines()) > 70


def test_swift_signs_in_without_its_extra_and_keystone_says_what_to_install(
    empty: Path, swift_server: Swift
) -> None:
    one = swift_server
    said = run(
        empty,
        "from storage_core.errors import MissingExtraError\n"
        "from storage_core.providers import get_driver\n"
        "kind = get_driver('openstack_swift')\n"
        f"mine = kind({one.access_key!r}, {one.secret_key!r}, auth_url={one.auth_url!r})\n"
        "print(type(mine.list_containers()).__name__)\n"
        "try:\n"
        "    kind('user', 'password', auth_url='http://127.0.0.1:1/v3', project='x').list_containers()\n"
        "except MissingExtraError as error:\n"
        "    print(error)\n",
    )
    assert said.splitlines() == [
        "list",
        "Signing in at Keystone needs the package keystoneauth1: pip install 'skyferry[openstack]'",
    ]


def test_azure_takes_a_key_without_its_extra_and_entra_says_what_to_install(
    empty: Path, azurite_server: Azurite
) -> None:
    one = azurite_server
    said = run(
        empty,
        "from storage_core.errors import MissingExtraError\n"
        "from storage_core.providers import get_driver\n"
        "kind = get_driver('azure_blobs')\n"
        f"mine = kind({one.account!r}, {one.key!r}, endpoint={one.endpoint!r})\n"
        "print(type(mine.list_containers()).__name__)\n"
        "try:\n"
        "    kind('account', sign_in='client_secret', tenant_id='t', client_id='c', client_secret='s',\n"
        f"        endpoint={one.endpoint!r}).list_containers()\n"
        "except MissingExtraError as error:\n"
        "    print(error)\n",
    )
    assert said.splitlines()[0] == "list"
    assert said.splitlines()[1].endswith("pip install 'skyferry[azure]'")


def test_google_says_what_to_install(empty: Path, google_standin_server: GoogleStandin) -> None:
    one = google_standin_server
    said = run(
        empty,
        "from storage_core.errors import MissingExtraError\n"
        "from storage_core.providers import get_driver\n"
        "kind = get_driver('google_storage')\n"
        f"mine = kind({one.email!r}, {str(one.key_file)!r}, endpoint={one.endpoint!r})\n"
        "try:\n"
        "    mine.list_containers()\n"
        "except MissingExtraError as error:\n"
        "    print(error)\n",
    )
    [line] = said.splitlines()
    assert line.endswith("pip install 'skyferry[google]'")
