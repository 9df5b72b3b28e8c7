"""An engine on accounts in memory, and the ways to wait for it. Nothing sleeps without a condition."""

from __future__ import annotations

import os
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path

import pytest

from storage_core.base import Container, StorageDriver
from storage_core.drivers.memory import MemoryStorageDriver
from storage_core.transfers import Engine, JobRow, Ref, State


@pytest.hookimpl(tryfirst=True)
def pytest_pyfunc_call(pyfuncitem: pytest.Function) -> bool | None:
    """A test that mounts a disk runs again, as root of a namespace of its own, where it is not root."""
    if "small_disk" not in pyfuncitem.fixturenames or os.geteuid() == 0:
        return None
    argv = ["unshare", "--user", "--map-root-user", "--mount", sys.executable, "-m", "pytest", "-q"]
    test = f"{pyfuncitem.path}::{pyfuncitem.name}"
    done = subprocess.run(
        [*argv, "-p", "no:cacheprovider", test], capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stdout + done.stderr
    assert "1 passed" in done.stdout
    return True


def wait_for(condition: Callable[[], object], seconds: float = 30.0, what: str = "a condition") -> None:
    until = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < until, f"waited {seconds} s for {what}"
        time.sleep(0.005)


@dataclass
class World:
    """Accounts by id, one journal, engines that come and go."""

    folder: Path
    drivers: dict[str, StorageDriver] = field(default_factory=dict)
    engines: list[Engine] = field(default_factory=list)

    @property
    def journal(self) -> Path:
        return self.folder / "state" / "journal.db"

    def engine(self, **options: object) -> Engine:
        one = Engine(self.journal, self.drivers.get, **options)  # type: ignore[arg-type]
        one.start()
        self.engines.append(one)
        return one

    def stop(self, engine: Engine) -> None:
        assert engine.stop(20)
        self.engines.remove(engine)

    def memory(self, account: str = "m", container: str = "box") -> Container:
        driver = self.drivers.setdefault(account, MemoryStorageDriver())
        return driver.create_container(container)

    def file(self, name: str, data: bytes) -> Path:
        path = self.folder / "files" / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(data)
        return path


@pytest.fixture
def world(tmp_path: Path) -> Iterator[World]:
    before = set(threading.enumerate())
    one = World(tmp_path)
    yield one
    for engine in one.engines:
        assert engine.stop(20), "a transfer's thread did not end"
    left = {thread for thread in set(threading.enumerate()) - before if thread.name.startswith("skyferry")}
    assert not left, f"threads are left: {left}"


def row(engine: Engine, job: int) -> JobRow:
    [one] = [each for each in engine.changes(0).rows if each.id == job]
    return one


def wait_state(engine: Engine, job: int, *states: State, seconds: float = 30.0) -> JobRow:
    def there() -> bool:
        return row(engine, job).state in states

    try:
        wait_for(there, seconds, f"{states}")
    except AssertionError as error:
        raise AssertionError(f"{error}; the job is {row(engine, job)}; {engine.reports(job)}") from error
    return row(engine, job)


def wait_end(engine: Engine, job: int, seconds: float = 60.0) -> JobRow:
    return wait_state(engine, job, *(state for state in State if state.is_end), seconds=seconds)


def ref(key: str = "", account: str = "m", container: str = "box") -> Ref:
    return Ref(account, container, key)


def content(container: Container, name: str) -> bytes:
    driver = container.driver
    return b"".join(driver.download_object_as_stream(driver.get_object(container.name, name), 1 << 20))


def names(container: Container, prefix: str = "") -> set[str]:
    return {obj.name for obj in container.driver.iterate_container_objects(container, prefix=prefix)}
