"""One driver serves many threads: thousands of mixed operations, every byte checked."""

from __future__ import annotations

import hashlib
import random
from concurrent.futures import ThreadPoolExecutor

import pytest

from storage_core.attributes import Attributes
from storage_core.base import Container
from storage_core.errors import ObjectChangedError, ObjectDoesNotExistError
from tests.conformance.conftest import Service, content, put

THREADS = 16
OPERATIONS = {"local": 250, "memory": 500}
REQUESTS = 65
"""Operations of each thread on a server, where every one is a request or more."""


def data_for(name: str, turn: int) -> bytes:
    """Content that tells whose it is: nothing but this name and turn gives these bytes."""
    seed = hashlib.sha256(f"{name}:{turn}".encode()).digest()
    return seed * (1 + turn % 40) + name.encode()


class Worker:
    """Does random things to names of its own, and knows what each of them must hold."""

    def __init__(self, container: Container, number: int) -> None:
        self.container = container
        self.number = number
        self.random = random.Random(number)
        self.known: dict[str, tuple[bytes, dict[str, str]]] = {}
        self.done = 0

    def run(self, operations: int) -> int:
        steps = [
            self.write,
            self.write,
            self.read,
            self.read,
            self.part,
            self.list,
            self.copy,
            self.delete,
            self.shared,
        ]
        for turn in range(operations):
            self.random.choice(steps)(turn)
            self.done += 1
        for name in list(self.known):
            self.check(name)
        return self.done

    def name(self) -> str:
        # Folders are shared between threads, and come and go with their last object.
        folder, inner, last = (self.random.randrange(count) for count in (3, 2, 6))
        return f"f{folder}/g{inner}/w{self.number}-{last}"

    def any(self) -> str | None:
        return self.random.choice(sorted(self.known)) if self.known else None

    def write(self, turn: int) -> None:
        name, meta = self.name(), {"turn": str(turn)}
        put(self.container, name, data_for(name, turn), ex_meta=meta)
        self.known[name] = (data_for(name, turn), meta)

    def read(self, turn: int) -> None:
        if name := self.any():
            self.check(name)

    def check(self, name: str) -> None:
        obj = self.container.get_object(name)
        data, meta = self.known[name]
        assert content(obj) == data
        assert obj.meta_data == meta

    def part(self, turn: int) -> None:
        if name := self.any():
            data = self.known[name][0]
            start = self.random.randrange(len(data))
            end = self.random.randrange(start + 1, len(data) + 1)
            read = self.container.get_object(name).range_as_stream(start, end)
            assert b"".join(read) == data[start:end]

    def list(self, turn: int) -> None:
        folder = f"f{self.random.randrange(3)}/"
        mine = {name for name in self.known if name.startswith(folder)}
        found = [obj.name for obj in self.container.iterate_objects(prefix=folder)]
        assert found == sorted(found)
        assert mine <= set(found)
        assert not {name for name in found if f"/w{self.number}-" in name} - mine

    def copy(self, turn: int) -> None:
        source = self.any()
        if source is None:
            return
        target, meta = self.name(), {"turn": f"copy {turn}"}
        attributes = Attributes(content_type="text/plain", metadata=meta)
        self.container.driver.copy_object(
            self.container.get_object(source), self.container, target, attributes
        )
        self.known[target] = (self.known[source][0], meta)

    def delete(self, turn: int) -> None:
        if name := self.any():
            self.container.get_object(name).delete()
            del self.known[name]
            with pytest.raises(ObjectDoesNotExistError):
                self.container.get_object(name)

    def shared(self, turn: int) -> None:
        """A name that all threads write: whose content it is may be anybody's, but it is whole."""
        name = f"shared-{self.random.randrange(2)}"
        if self.random.random() < 0.5:
            put(self.container, name, data_for(name, self.random.randrange(40)))
            return
        try:
            found = content(self.container.get_object(name))
        except (ObjectDoesNotExistError, ObjectChangedError):
            return
        assert found in {data_for(name, turn) for turn in range(40)}


@pytest.mark.without("google-emulator", why="it ignores what a rewrite is to carry")
def test_sixteen_threads_share_a_driver(service: Service, container: Container) -> None:
    workers = [Worker(container, number) for number in range(THREADS)]
    each = OPERATIONS.get(service.kind, REQUESTS)
    with ThreadPoolExecutor(THREADS) as pool:
        running = [pool.submit(worker.run, each) for worker in workers]
        assert sum(one.result(timeout=170) for one in running) == THREADS * each
    expected = {name for worker in workers for name in worker.known}
    found = {obj.name for obj in container.get_objects() if not obj.name.startswith("shared-")}
    assert found == expected
