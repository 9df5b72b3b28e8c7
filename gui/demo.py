"""What the demo cloud holds when the program starts, and whether somebody has put something beside it."""

from __future__ import annotations

from datetime import UTC, datetime

from storage_core.base.driver import StorageDriver
from storage_core.drivers.memory import MemoryStorageDriver
from storage_core.drivers.memory_samples import samples


def fill(driver: StorageDriver) -> StorageDriver:
    """Put the samples into an empty demo cloud; one that holds something is left alone."""
    if isinstance(driver, MemoryStorageDriver) and not driver.list_containers():
        driver.load(samples(datetime.now(UTC)))
    return driver


def count_of_others(driver: StorageDriver) -> int:
    """How many objects are not the samples: what would be lost at quit."""
    known = {
        (container, name): len(content)
        for container, objects in samples(datetime.now(UTC)).items()
        for name, (content, _) in objects.items()
    }
    return sum(
        known.get((container.name, obj.name)) != obj.size
        for container in driver.iterate_containers()
        for obj in driver.iterate_container_objects(container)
    )
