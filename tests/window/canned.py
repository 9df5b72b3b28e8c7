"""A driver whose listings are made up: any number of keys, pages that wait, errors on demand."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from dataclasses import replace

from storage_core.attributes import Attributes
from storage_core.base import Container, Object, Page, StorageDriver
from storage_core.capabilities import Capabilities
from storage_core.errors import LibcloudError, ObjectDoesNotExistError

PAGE = 1000
DAY = "2026-11-{day:02}T{hour:02}:{minute:02}:09.000Z"


class CannedDriver(StorageDriver):
    """Lists `names(prefix)` of every container. Nothing can be read or written."""

    name = "canned"
    capabilities = replace(Capabilities(), create_containers=False, set_attributes=False)

    def __init__(self, names: Callable[[str], list[str]], containers: tuple[str, ...] = ("box",)) -> None:
        super().__init__()
        self._names = names
        self._containers = containers
        self.gate: threading.Semaphore | None = None  # one permit per page; None: no waiting
        self.pages_asked = 0
        self.error: LibcloudError | None = None
        self.fails_from = 0  # pages that come before `error`

    def _list_containers(self) -> Iterator[Container]:
        if self.error is not None:
            raise self.error
        for name in self._containers:
            yield Container(name, {}, self)

    def _list_page(self, container: Container, prefix: str, delimiter: str, token: str, limit: int) -> Page:
        at = int(token or 0)
        self.pages_asked += 1
        if self.gate is not None:
            self.gate.acquire(timeout=20)
        if self.error is not None and at >= self.fails_from * PAGE:
            raise self.error
        names = self._names(prefix)
        some = names[at : at + PAGE]
        objects = [
            self._object(container, name, at + row) for row, name in enumerate(some) if name[-1:] != "/"
        ]
        folders = [name for name in some if name[-1:] == "/"]
        more = at + PAGE < len(names)
        return Page(objects, folders, str(at + PAGE) if more else "")

    def _object(self, container: Container, name: str, number: int) -> Object:
        moment = DAY.format(day=1 + number % 20, hour=number % 24, minute=number % 60)
        return Object(
            name, (number * 7919) % 5_000_000, "", None, None, container, self,
            etag=f"{number:032x}", modified=moment, storage_class="STANDARD",
        )  # fmt: skip

    def _head(self, container: Container, object_name: str, version: str) -> Object:
        if object_name not in self._names(""):
            raise ObjectDoesNotExistError("There is no such object.", self, object_name)
        found = self._object(container, object_name, 1)
        found.attributes = Attributes(content_type="text/plain", metadata={"colour": "blue"})
        return found


def numbered(count: int) -> Callable[[str], list[str]]:
    """Keys in the order in which a service tells them: by their bytes."""
    made = sorted(f"IMG_{number}.jpg" for number in range(count))
    return lambda prefix: made
