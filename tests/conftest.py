"""What every test may use: the real servers, started once per run, and where their logs are.

No Qt in here: tests of the window have a conftest of their own in tests/window.
"""

from __future__ import annotations

from collections.abc import Generator, Iterator

import pytest

from tests import oracles
from tests.oracles import ear
from tests.oracles.azure_sdk import AzureSdk
from tests.oracles.boto3_s3 import Boto3
from tests.oracles.google_sdk import GoogleSdk
from tests.oracles.ledger import LEDGER
from tests.oracles.swiftclient_sdk import with_keystone, with_tempauth
from tests.servers import azurite, keystone, moto, swift
from tests.servers.azurite import Azurite
from tests.servers.google_emulator import GoogleEmulator
from tests.servers.google_emulator import running as running_google_emulator
from tests.servers.google_standin import GoogleStandin
from tests.servers.google_standin import running as running_google_standin
from tests.servers.keystone import Keystone
from tests.servers.moto import Moto
from tests.servers.swift import Swift

LOGS = pytest.StashKey[dict[str, str]]()
BOTH_READ = {"conformance", "documented"}
"""Folders in which our own driver must tell the same of every object as the vendor's SDK."""


def pytest_configure(config: pytest.Config) -> None:
    config.stash[LOGS] = {}
    config.add_cleanup(ear.listen())


@pytest.hookimpl(tryfirst=True)
def pytest_runtest_setup() -> None:
    LEDGER.forget()


@pytest.hookimpl(wrapper=True)
def pytest_pyfunc_call(pyfuncitem: pytest.Function) -> Generator[None, object, object]:
    """Whatever a test wrote to a real server and did not delete is read back by the vendor's own SDK."""
    result = yield
    if wrong := LEDGER.check(ours=pyfuncitem.path.parent.name in BOTH_READ):
        pytest.fail("read back by the vendor's SDK:\n" + "\n".join(wrong), pytrace=False)
    return result


def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    """Slow tests run when they are asked for: by `-m`, by name, or by `dev.py test --slow`."""
    named = any("::" in argument for argument in config.args)
    if config.getoption("markexpr") or named:
        return
    slow = [item for item in items if item.get_closest_marker("slow")]
    if slow:
        config.hook.pytest_deselected(items=slow)
        items[:] = [item for item in items if item not in slow]


@pytest.fixture(scope="session")
def swift_server(request: pytest.FixtureRequest) -> Iterator[Swift]:
    """Checks every signature. Containers outlive a test: give yours a name of their own."""
    with swift.running() as server, oracles.known(Boto3(server)), oracles.known(with_tempauth(server)):
        request.config.stash[LOGS]["swift"] = str(server.logs)
        yield server


@pytest.fixture(scope="session")
def keystone_server(request: pytest.FixtureRequest, swift_server: Swift) -> Iterator[Keystone]:
    """The same Swift by way of a second proxy, which asks a Keystone who somebody is."""
    with keystone.running(swift_server) as server, oracles.known(with_keystone(server)):
        request.config.stash[LOGS]["keystone"] = str(server.logs)
        yield server


@pytest.fixture(scope="session")
def moto_server(request: pytest.FixtureRequest) -> Iterator[Moto]:
    """The wide API. Containers outlive a test; `moto_server.reset()` forgets them all."""
    with moto.running() as server, oracles.known(Boto3(server)):
        request.config.stash[LOGS]["moto"] = str(server.logs)
        yield server


@pytest.fixture(scope="session")
def google_standin_server(request: pytest.FixtureRequest) -> Iterator[GoogleStandin]:
    """The process; tests take `google_standin`, or give their containers names of their own."""
    with running_google_standin() as server, oracles.known(GoogleSdk(server)):
        request.config.stash[LOGS]["google stand-in"] = str(server.logs)
        yield server


@pytest.fixture
def google_standin(google_standin_server: GoogleStandin) -> GoogleStandin:
    """Google Cloud Storage, written from its pages: checks tokens, roles, conditions, hashes. Empty."""
    google_standin_server.reset()
    return google_standin_server


@pytest.fixture(scope="session")
def google_emulator(request: pytest.FixtureRequest) -> Iterator[GoogleEmulator]:
    """Google's JSON API without sign-in and conditions. Containers outlive a test."""
    with running_google_emulator() as server, oracles.known(GoogleSdk(server)):
        request.config.stash[LOGS]["google emulator"] = str(server.logs)
        yield server


@pytest.fixture(scope="session")
def azurite_server(request: pytest.FixtureRequest) -> Iterator[Azurite]:
    """Checks every key and link. Containers outlive a test: give yours a name of their own."""
    with azurite.running() as server, oracles.known(AzureSdk(server)):
        request.config.stash[LOGS]["azurite"] = str(server.logs)
        yield server


@pytest.fixture(scope="session")
def azurite_oauth_server(request: pytest.FixtureRequest) -> Iterator[Azurite]:
    """Another one, over https: it takes bearer tokens, too."""
    with azurite.running(oauth=True) as server, oracles.known(AzureSdk(server)):
        request.config.stash[LOGS]["azurite over https"] = str(server.logs)
        yield server


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter, config: pytest.Config) -> None:
    for name, logs in config.stash[LOGS].items():
        terminalreporter.write_line(f"logs of {name}: {logs}")
