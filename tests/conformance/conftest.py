"""Every driver on every server, as one fixture.

A new server joins by its lines in table.py; a new driver by a function and a line in BUILDERS beside, or from
outside of this tree by a file that calls `add_service` (`--services FILE`): resources/help/write-a-driver.md.
What tests write is read back by the vendor's SDK without a word here: see tests/oracles.
"""

from __future__ import annotations

import json
import runpy
import secrets
import sys
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from storage_core import folders
from storage_core.base import Container, Object, StorageDriver
from storage_core.capabilities import FLAG_TEXTS
from storage_core.drivers.local import LocalStorageDriver
from storage_core.drivers.memory import MemoryStorageDriver
from storage_core.providers import get_driver, open_driver
from storage_core.types import Provider
from tests.conformance.table import FLAGS, MANGLED, ORACLES, REFUSED_NAMES, WITHOUT_VENDOR
from tests.oracles import Oracle, oracle_of

SECRET = "s3cr3t-that-nobody-may-see"
GOOGLE_VECTORS = Path(__file__).parents[1] / "data" / "google4_vectors.json"
"""Holds a key that belongs to no account."""


def pytest_addoption(parser: pytest.Parser) -> None:
    parser.addoption(
        "--services",
        action="append",
        default=[],
        metavar="FILE",
        help="a Python file that calls add_service: somebody's own driver is judged, too",
    )


def pytest_configure(config: pytest.Config) -> None:
    for file in config.getoption("--services", []):
        sys.path.insert(0, str(Path(file).resolve().parent))  # as for a script: what lies beside it is found
        runpy.run_path(file)
    config.addinivalue_line("markers", "needs(*flags): about these capabilities; other drivers are left out")
    config.addinivalue_line("markers", "without(*services, why): these servers cannot, whatever the client")
    config.addinivalue_line(
        "markers", "vendor: asks the vendor's own SDK; drivers without a vendor are left out"
    )


def pytest_generate_tests(metafunc: pytest.Metafunc) -> None:
    """A test runs on every service; one that `needs` flags, on those that have them in the table."""
    if "service" in metafunc.fixturenames:
        needed = {flag for marker in metafunc.definition.iter_markers("needs") for flag in marker.args}
        without = {name for marker in metafunc.definition.iter_markers("without") for name in marker.args}
        wanted = [name for name in FLAGS if needed <= FLAGS[name] and name not in without]
        if metafunc.definition.get_closest_marker("vendor"):
            wanted = [name for name in wanted if name in ORACLES]
        metafunc.parametrize("service", wanted, indirect=True)


def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    """A name that a server mangles is not tried there."""
    kept, left_out = [], []
    for item in items:
        asked = getattr(getattr(item, "callspec", None), "params", {})
        mangled = isinstance(asked.get("service"), str) and asked.get("name") in MANGLED.get(
            asked["service"], ()
        )
        (left_out if mangled else kept).append(item)
    if left_out:
        config.hook.pytest_deselected(items=left_out)
        items[:] = kept


@dataclass
class Service:
    """A driver under judgement, and what the judge needs beside it."""

    name: str
    driver: StorageDriver
    fixed: str = ""  # the only container, where none can be made

    @property
    def kind(self) -> str:
        """The driver's name without the server's."""
        return self.name.split("-")[0]

    @property
    def oracle(self) -> Oracle | None:
        """The vendor's own SDK, where there is a vendor."""
        return oracle_of(self.driver)

    def container(self) -> Container:
        """A new container, empty, with a name nobody else has."""
        if self.fixed:
            return self.driver.get_container(self.fixed)
        return self.driver.create_container(f"judge-{secrets.token_hex(6)}")


def _local(name: str, request: pytest.FixtureRequest) -> Service:
    folder: Path = request.getfixturevalue("tmp_path")
    root = folder / "root"
    root.mkdir()
    if name == "local-by-path":  # what Windows does, as far as this system can
        request.getfixturevalue("monkeypatch").setattr(folders, "BY_DESCRIPTOR", False)
    only = "Home" if name == "local-one-folder" else ""
    driver = LocalStorageDriver(
        str(root), ex_container_name=only, ex_store=str(folder / "data"), ex_xattrs=name != "local-database"
    )
    return Service(name, driver, fixed=only)


def _memory(name: str, request: pytest.FixtureRequest) -> Service:
    return Service(name, MemoryStorageDriver("judge", ex_store=secrets.token_hex(8)))


def _s3(name: str, request: pytest.FixtureRequest) -> Service:
    server = request.getfixturevalue(name.removeprefix("s3-") + "_server")
    if name == "s3-swift":
        values = {"key": server.access_key, "secret": server.secret_key, "endpoint": server.endpoint}
        return Service(name, open_driver(Provider.SWIFT_S3, values))
    host, port = server.endpoint.removeprefix("http://").split(":")
    return Service(
        name, get_driver(Provider.S3)(server.access_key, server.secret_key, False, host, int(port))
    )


def _google(name: str, request: pytest.FixtureRequest) -> Service:
    """The emulator signs nobody in: any token will do there, and the key only signs links."""
    if name == "google-standin":
        server = request.getfixturevalue("google_standin_server")
        driver = get_driver(Provider.GOOGLE_STORAGE)(
            server.email, str(server.key_file), endpoint=server.endpoint
        )
        return Service(name, driver)
    server = request.getfixturevalue("google_emulator")
    account = json.loads(GOOGLE_VECTORS.read_text("utf-8"))["account"]
    driver = get_driver(Provider.GOOGLE_STORAGE)(
        account["client_email"], account, server.project, token="any", endpoint=server.endpoint
    )
    return Service(name, driver)


SIGNED_IN: dict[str, StorageDriver] = {}
"""Keystone takes a second for a sign-in; the driver of the first test serves the others, too."""


def _swift(name: str, request: pytest.FixtureRequest) -> Service:
    if name == "swift-tempauth":
        server = request.getfixturevalue("swift_server")
        values = {"sign_in": "v1", "key": server.access_key, "secret": server.secret_key}
        driver = open_driver(Provider.OPENSTACK_SWIFT, {**values, "auth_url": server.auth_url})
    elif name in SIGNED_IN:
        return Service(name, SIGNED_IN[name])
    else:
        server = request.getfixturevalue("keystone_server")
        values = {"key": server.user, "secret": server.password, "auth_url": server.auth_url}
        places = {"project": server.project, "user_domain": server.domain, "region": server.region}
        SIGNED_IN[name] = driver = open_driver(Provider.OPENSTACK_SWIFT, {**values, **places})
    driver.ex_set_temp_url_key("key-of-the-judge")
    return Service(name, driver)


def _azure(name: str, request: pytest.FixtureRequest) -> Service:
    server = request.getfixturevalue("azurite_server")
    kind = get_driver(Provider.AZURE_BLOBS)
    return Service(name, kind(server.account, server.key, False, "127.0.0.1", server.port))


BUILDERS: dict[str, Callable[[str, pytest.FixtureRequest], Service]] = {
    "local": _local,
    "memory": _memory,
    "s3": _s3,
    "google": _google,
    "azure": _azure,
    "swift": _swift,
}
"""By the name of a service before its first hyphen."""


def add_service(name: str, flags: set[str], open_it: Callable[[], StorageDriver], refuses: set[str]) -> None:
    """Have a driver of somebody else's judged under `name` (no hyphen in it); its server runs already.

    `flags`: the capabilities that it must have, written by hand. `open_it` opens it: once for each test, on
    one account. `refuses`: those of test_contract.HOSTILE_NAMES that its service does not have.
    """
    unknown = flags - set(FLAG_TEXTS)
    if unknown or "-" in name or name in BUILDERS:
        raise ValueError(f"no service to be judged: name {name!r}, unknown flags {sorted(unknown)}")
    FLAGS[name], REFUSED_NAMES[name] = flags, refuses
    WITHOUT_VENDOR.add(name)
    BUILDERS[name] = lambda given, request: Service(given, open_it())


@pytest.fixture
def service(request: pytest.FixtureRequest) -> Service:
    name: str = request.param
    return BUILDERS[name.split("-")[0]](name, request)


@pytest.fixture
def driver(service: Service) -> StorageDriver:
    return service.driver


@pytest.fixture
def new_container(service: Service) -> Iterator[Callable[[], Container]]:
    """Makes containers, as many as are asked for, and takes them away again with all they hold."""
    made: list[Container] = []

    def make() -> Container:
        made.append(service.container())
        return made[-1]

    yield make
    for container in made:
        empty(container)
        if service.driver.capabilities.create_containers:
            container.delete()


@pytest.fixture
def container(new_container: Callable[[], Container]) -> Container:
    return new_container()


def empty(container: Container) -> None:
    """Remove every object, version and upload of a container."""
    driver = container.driver
    if driver.capabilities.parts:
        for upload in driver.iterate_uploads(container):
            driver.abort_upload(upload)
    # Objects first: moto lists versions as raw XML, which cannot hold every name.
    left = driver.delete_objects(container, [obj.name for obj in container.get_objects()])
    assert not left
    if driver.capabilities.versions:
        for version in list(driver.iterate_versions(container)):
            driver.delete_object(version.object)


def put(container: Container, name: str, data: bytes = b"content", **more: Any) -> Object:
    """Store bytes under a name."""
    return container.driver.upload_object_via_stream(iter([data]), container, name, ex_size=len(data), **more)


def content(obj: Object) -> bytes:
    """All bytes of an object."""
    return b"".join(obj.as_stream(1 << 20))


def listed(container: Container, prefix: str = "") -> list[str]:
    """The names of all objects below a prefix, in the order in which they come."""
    return [obj.name for obj in container.driver.iterate_container_objects(container, prefix=prefix)]
