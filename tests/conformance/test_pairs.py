"""Every ordered pair of drivers that have a server here: what is copied from one arrives in the other.

Three ways, each judged by the target vendor's own SDK: the documented sync as written, `operations.copy`,
and the engine, as the window uses it.
"""

from __future__ import annotations

import hashlib
import random
import time
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from storage_core import operations
from storage_core.attributes import Attributes
from storage_core.base import Container, Object
from storage_core.capabilities import MIB
from storage_core.fidelity import CONTENT_HEADERS, Fate, kept, of_object, table
from storage_core.transfers import Conflict, CopySpec, Engine, Ref, State
from tests.conformance.conftest import BUILDERS, Service, empty
from tests.conformance.table import FLAGS
from tests.documented.test_examples import EXAMPLES
from tests.oracles import Found

LIKE_ANOTHER = {"local-one-folder", "local-database", "local-by-path"}  # local, kept in other ways
NAMES = tuple(name for name in FLAGS if name not in LIKE_ANOTHER)
FULL = Attributes(
    content_type="text/x-own",
    content_encoding="identity",
    content_disposition='attachment; filename="a.txt"',
    content_language="de",
    cache_control="max-age=60",
    expires="Thu, 01 Dec 2044 16:00:00 GMT",
    metadata={"author": "me", "with-dash": "Grüße aus 東京", "under_score": "=?UTF-8?B?eA==?="},
)
WEAK = "google-emulator"  # cannot send metadata beyond Latin-1, nor hold a name with two dots
FOR_WEAK = replace(FULL, metadata={**FULL.metadata, "with-dash": "Grüße"})
LARGE = random.Random(3).randbytes(17 * MIB)  # more than goes in one request
ODD_NAMES = ("a//b", "per cent %41+.txt", "ünï/日本語.txt", "dot./..name", "q?x=1&y#z")


def pytest_generate_tests(metafunc: pytest.Metafunc) -> None:
    if "pair" in metafunc.fixturenames:
        pairs = [(source, target) for source in NAMES for target in NAMES]
        metafunc.parametrize("pair", pairs, ids=[" to ".join(pair) for pair in pairs])


@pytest.fixture
def ends(pair: tuple[str, str], request: pytest.FixtureRequest) -> Iterator[tuple[Service, Service]]:
    source, target = pair
    first = BUILDERS[source.split("-")[0]](source, request)
    if source == target:
        second = Service(target, first.driver, first.fixed)
    else:
        second = BUILDERS[target.split("-")[0]](target, request)
    return first, second


@pytest.fixture
def boxes(ends: tuple[Service, Service]) -> Iterator[tuple[Container, Container]]:
    """An empty container at each end."""
    made = [end.container() for end in ends]
    yield made[0], made[1]
    for container in made:
        empty(container)
        container.delete()


def put(container: Container, name: str, data: bytes, attributes: Attributes) -> Object:
    return container.driver.upload_object_via_stream(
        iter([data]), container, name, attributes.to_extra(), dict(attributes.metadata), ex_size=len(data)
    )


def told(end: Service, container: Container, name: str) -> Found:
    """The object at the target as the vendor's SDK tells it; our own driver where there is no vendor."""
    if end.oracle is not None:
        found = end.oracle.read(container.name, name)
        assert found is not None, f"{name!r} is not there"
        return found
    obj = container.get_object(name)
    known = obj.attributes
    assert known is not None
    values = {field: getattr(known, field) for field in ("content_type", *CONTENT_HEADERS)}
    data = b"".join(obj.as_stream(MIB))
    return Found(data=data, size=obj.size, metadata=known.metadata, **values)


def full(*ends: Service) -> Attributes:
    """What the object at the source has; what the source has no place for is not among it."""
    given = FOR_WEAK if any(end.name == WEAK for end in ends) else FULL
    return kept(given, ends[0].driver)[0]


def folded(metadata: Any) -> dict[str, str]:
    return {key.lower(): value for key, value in metadata.items()}


def test_the_documented_sync_keeps_bytes_and_metadata(
    ends: tuple[Service, Service], boxes: tuple[Container, Container], tmp_path: Path
) -> None:
    (source, target), (here, there) = ends, boxes
    text = EXAMPLES["Multi-provider storage management"]
    sync: dict[str, Any] = {}
    exec(text[text.index("# Sync data") : text.index("# Sync from")], sync)
    wanted = full(source, target).metadata
    names = (
        "page.html",
        *(name for name in ODD_NAMES if ".." not in name or WEAK not in (source.name, target.name)),
    )
    for number, name in enumerate(names):
        put(here, name, b"content %d" % number, Attributes(content_type="text/x-lost", metadata=wanted))
    put(here, "empty.txt", b"", Attributes())

    class Renamed:
        """The target under the source's name for its container: the example syncs by one name."""

        def __getattr__(self, name: str) -> Any:
            return getattr(target.driver, name)

        def get_container(self, container_name: str) -> Container:
            return there

    sync["sync_container"](source.driver, Renamed(), here.name)
    for number, name in enumerate(names):
        found = told(target, there, name)
        assert found.data == b"content %d" % number
        assert folded(found.metadata) == wanted
    assert told(target, there, "page.html").content_type == "text/html"
    assert told(target, there, "empty.txt").data == b""


def test_a_copy_keeps_all_that_the_fidelity_table_says(
    ends: tuple[Service, Service], boxes: tuple[Container, Container]
) -> None:
    (source, target), (here, there) = ends, boxes
    wanted = full(source, target)
    obj = put(here, "a/b.txt", b"content", wanted)
    copied = operations.copy(obj, there, "c/d.txt", lossy=True)
    found = told(target, there, "c/d.txt")
    assert found.data == b"content"
    assert copied.size == len(b"content")
    general = {line.field: line.fate for line in table(source.driver, target.driver)}
    for line in of_object(wanted, target.driver):
        given = getattr(wanted, line.field)
        arrived = getattr(found, line.field)
        if source.driver is target.driver:
            assert general[line.field] is Fate.KEPT
        else:
            assert (line.fate is Fate.LOST) is (general[line.field] is Fate.LOST), line
        if line.field == "metadata":
            assert folded(arrived) == folded(given)
        elif line.fate is Fate.LOST and source.driver is not target.driver:
            assert not arrived, line
        else:
            assert arrived == given, line


def test_the_engine_copies_folders_and_large_objects_with_all_they_carry(
    pair: tuple[str, str], ends: tuple[Service, Service], boxes: tuple[Container, Container], tmp_path: Path
) -> None:
    (source, target), (here, there) = ends, boxes
    wanted = full(source, target)
    put(here, "f/small.txt", b"small", wanted)
    put(here, "f/large.bin", LARGE, wanted)
    put(here, "f/sub/ünï.txt", b"", Attributes())
    drivers = {"source": source.driver, "target": target.driver}
    if pair[0] == pair[1]:
        drivers["target"] = source.driver
    engine = Engine(tmp_path / "journal.sqlite", drivers.get)
    engine.start()
    try:
        number = engine.add(
            CopySpec((Ref("source", here.name, "f/"),), Ref("target", there.name, "in/")), Conflict.REPLACE
        )
        until = time.monotonic() + 120
        while not (row := next(one for one in engine.changes(0).rows if one.id == number)).state.is_end:
            assert time.monotonic() < until, row
            time.sleep(0.02)
        assert row.state is State.DONE, row.error
        assert row.items_done == 3
    finally:
        assert engine.stop()
    for name, data in (("in/f/small.txt", b"small"), ("in/f/large.bin", LARGE)):
        found = told(target, there, name)
        assert found.size == len(data)
        assert hashlib.md5(found.data or b"").digest() == hashlib.md5(data).digest()
        assert found.content_type == "text/x-own"
        assert folded(found.metadata) == folded(wanted.metadata)
        for line in of_object(wanted, target.driver):
            if line.field in CONTENT_HEADERS and line.fate is not Fate.LOST:
                assert getattr(found, line.field) == getattr(wanted, line.field)
    assert not list(there.driver.iterate_uploads(there) if there.driver.capabilities.parts else ())
