"""A person's folder, opened as an account."""

from __future__ import annotations

from pathlib import Path

import pytest

from storage_core.base import Container
from storage_core.drivers.local import LocalStorageDriver


@pytest.fixture
def home(tmp_path: Path) -> Path:
    """A person's folder, and beside it what nobody may touch."""
    (tmp_path / "outside").mkdir()
    (tmp_path / "outside" / "secret.txt").write_text("secret")
    folder = tmp_path / "home"
    folder.mkdir()
    return folder


@pytest.fixture
def driver(home: Path, tmp_path: Path) -> LocalStorageDriver:
    return LocalStorageDriver(str(home), ex_container_name="Home", ex_store=str(tmp_path / "data"))


@pytest.fixture
def container(driver: LocalStorageDriver) -> Container:
    return driver.get_container("Home")


def put(container: Container, name: str, data: bytes = b"content", **more: object) -> object:
    return container.driver.upload_object_via_stream(iter([data]), container, name, **more)  # type: ignore[arg-type]


def content(container: Container, name: str) -> bytes:
    return b"".join(container.get_object(name).as_stream())


def listed(container: Container, prefix: str = "") -> list[str]:
    return [obj.name for obj in container.iterate_objects(prefix=prefix)]


def on_disk(folder: Path) -> list[str]:
    return sorted(str(path.relative_to(folder)) for path in folder.rglob("*"))
