"""The oracles can fail: what is damaged behind our back, or sent wrong, is found at a test's end."""

from __future__ import annotations

import importlib
import pkgutil
import secrets
from collections.abc import Callable, Iterator
from dataclasses import replace
from typing import Any

import pytest

from storage_core import drivers
from storage_core.attributes import Attributes
from storage_core.base import Container, StorageDriver
from storage_core.body import BytesBody
from storage_core.capabilities import MIB
from storage_core.drivers import s3_objects, s3_parts
from storage_core.drivers.memory import MemoryStorageDriver
from storage_core.drivers.s3_headers import from_headers, to_headers
from storage_core.errors import LibcloudError, ObjectChangedError
from storage_core.providers import open_driver
from storage_core.types import Provider
from tests import oracles
from tests.conftest import pytest_pyfunc_call
from tests.oracles import Found, Oracle
from tests.oracles.ear import VERBS
from tests.oracles.ledger import LEDGER
from tests.servers.swift import Swift


@pytest.fixture
def container(swift_server: Swift) -> Iterator[Container]:
    values = {
        "key": swift_server.access_key,
        "secret": swift_server.secret_key,
        "endpoint": swift_server.endpoint,
    }
    driver = open_driver(Provider.SWIFT_S3, values)
    made = driver.create_container(f"oracle-{secrets.token_hex(6)}")
    yield made
    driver.delete_objects(made, [obj.name for obj in made.get_objects()])
    made.delete()


@pytest.fixture
def oracle(container: Container) -> Oracle:
    found = oracles.oracle_of(container.driver)
    assert found is not None
    return found


def put(container: Container, name: str = "x", data: bytes = b"content", **more: Any) -> Any:
    return container.driver.upload_object_via_stream([data], container, name, **more)


def complaint(**how: bool) -> str:
    """What the ledger has to say; it starts anew, so that this test itself passes."""
    wrong = LEDGER.check(**how)
    LEDGER.forget()
    return "\n".join(wrong)


# -- damage --


def test_what_is_as_it_was_written_is_no_complaint(container: Container) -> None:
    put(container, "a/ü +.txt", ex_meta={"who": "é"}, extra={"cache_control": "no-cache"})
    put(container, "b")
    container.get_object("b").delete()
    assert LEDGER.check(ours=True) == []


@pytest.mark.parametrize(
    ("harm", "words"),
    [
        (
            lambda there: there.write(b"C0ntent", metadata={"who": "me"}),
            "boto3 reads other bytes from 0 to 7",
        ),
        (lambda there: there.write(b"short", metadata={"who": "me"}), "7 bytes were written, boto3 finds 5"),
        (lambda there: there.write(b"content"), "metadata was {'who': 'me'}, boto3 reads {}"),
        (lambda there: there.write(b"content", metadata={"who": "ME"}), "boto3 reads {'who': 'ME'}"),
        (
            lambda there: there.write(b"content", metadata={"who": "me"}, cache_control="no-store"),
            "cache_control was '', boto3 reads 'no-store'",
        ),
        (lambda there: there.delete(), "written, and boto3 finds nothing"),
    ],
    ids=["a byte", "the size", "lost metadata", "changed metadata", "a header", "gone"],
)
def test_damage_behind_our_back_is_found(
    container: Container, oracle: Oracle, harm: Callable[[Any], None], words: str
) -> None:
    put(container, "dir/../x.txt", ex_meta={"who": "me"})

    class There:
        def write(self, data: bytes, **attributes: Any) -> None:
            oracle.write(container.name, "dir/../x.txt", data, content_type="text/plain", **attributes)

        def delete(self) -> None:
            oracle.delete(container.name, "dir/../x.txt")

    harm(There())
    assert words in complaint()


def test_what_comes_back_after_its_deletion_is_found(container: Container, oracle: Oracle) -> None:
    put(container).delete()
    oracle.write(container.name, "x", b"again")
    assert "deleted, and boto3 finds 5 bytes" in complaint()


def test_a_wrong_type_is_found_even_when_our_own_reading_is_as_wrong(
    container: Container, monkeypatch: pytest.MonkeyPatch
) -> None:
    def sent(attributes: Attributes, driver: Any) -> dict[str, str]:
        return to_headers(replace(attributes, content_type="text/css"), driver)

    def read(headers: Any, *more: Any) -> Attributes:
        return replace(from_headers(headers, *more), content_type="text/plain")

    monkeypatch.setattr(s3_objects, "to_headers", sent)
    monkeypatch.setattr(s3_objects, "from_headers", read)
    put(container, "x.txt")
    assert container.get_object("x.txt").extra["content_type"] == "text/plain"
    said = complaint(ours=True)
    assert "content_type was 'text/plain', boto3 reads 'text/css'" in said
    assert "our driver says content_type 'text/plain', boto3 'text/css'" in said


def test_a_name_that_is_sent_wrong_is_found(container: Container, monkeypatch: pytest.MonkeyPatch) -> None:
    endpoint: Any = container.driver.wire.endpoint  # type: ignore[attr-defined]
    url = type(endpoint).url

    def wrong(self: Any, region: str, bucket: str, name: str = "") -> str:
        return url(self, region, bucket, name.replace("//", "/"))

    monkeypatch.setattr(type(endpoint), "url", wrong)
    put(container, "a//b")
    assert container.get_object("a//b").size == 7
    assert "'a//b': written, and boto3 finds nothing" in complaint()


def test_parts_in_the_wrong_order_and_lost_headers_are_found(
    container: Container, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(s3_parts, "to_headers", lambda attributes, driver, coded: {})
    upload = container.driver.start_upload(container, "large", Attributes(cache_control="no-cache"))
    first = container.driver.upload_part(upload, 1, BytesBody(bytes(5 * MIB)))
    container.driver.complete_upload(upload, [first])
    assert "cache_control was 'no-cache', boto3 reads ''" in complaint()
    upload = container.driver.start_upload(container, "large", Attributes())
    parts = [
        container.driver.upload_part(upload, number, BytesBody(bytes([number]) * 5 * MIB))
        for number in (1, 2)
    ]
    monkeypatch.setattr(
        s3_parts.s3_xml, "complete_body", _swapped(s3_parts.s3_xml.complete_body, parts[0], parts[1])
    )
    with pytest.raises(LibcloudError):  # the service itself finds it; the name is as it was
        container.driver.complete_upload(upload, parts)
    container.driver.abort_upload(upload)
    assert complaint() == ""


def _swapped(original: Any, one: Any, other: Any) -> Any:
    receipts = {one.number: other.etag, other.number: one.etag}
    return lambda parts: original([replace(part, etag=receipts[part.number]) for part in parts])


def test_copies_and_edits_are_held_against_what_was_given(container: Container, oracle: Oracle) -> None:
    oracle.write(container.name, "theirs", b"theirs", metadata={"a": "1"}, content_type="text/html")
    obj = container.get_object("theirs")
    container.driver.copy_object(obj, container, "copy")
    container.driver.copy_object(obj, container, "other", Attributes(content_type="text/css"))
    container.driver.ex_set_object_metadata(obj, {"b": "2"})
    assert LEDGER.check(ours=True) == []
    for name in ("copy", "other", "theirs"):
        oracle.write(container.name, name, b"theirs", content_type="text/css", metadata={"c": "3"})
    said = complaint()
    assert "'copy': content_type was 'text/html', boto3 reads 'text/css'" in said
    assert "'other': metadata was {}, boto3 reads {'c': '3'}" in said
    assert "'theirs': content_type was 'text/html', boto3 reads 'text/css'" in said


def test_the_test_that_wrote_it_fails(container: Container, oracle: Oracle, request: Any) -> None:
    put(container)
    oracle.write(container.name, "x", b"damaged")
    around = pytest_pyfunc_call(request.node)
    next(around)
    with pytest.raises(pytest.fail.Exception, match="boto3 reads other bytes"):
        around.send(True)
    LEDGER.forget()


# -- what can be there --


class Books:
    """An oracle whose answers the test writes down by hand."""

    sdk = "the books"
    folds_keys = False

    def __init__(self) -> None:
        self.found: dict[str, bytes] = {}

    def serves(self, driver: Any) -> bool:
        return isinstance(driver, _Account)

    def read(self, container: str, name: str) -> Found | None:
        data = self.found.get(name)
        return None if data is None else Found(data=data, size=len(data))

    def close(self) -> None:
        """Nothing is open."""


class _Account(MemoryStorageDriver):
    """A memory driver that `Books` serves."""


@pytest.fixture
def books() -> Iterator[Books]:
    one: Any = Books()
    with oracles.known(one):
        yield one


def test_of_two_writes_at_the_same_time_any_may_stay(books: Books) -> None:
    box = _Account().create_container("box")

    def slow(count: int) -> None:
        if count and "inner" not in box.extra:
            box.extra["inner"] = True
            box.driver.put_object(box, "x", BytesBody(b"second"), Attributes())

    box.driver.put_object(box, "x", BytesBody(b"zeroth"), Attributes())
    box.driver.put_object(box, "x", BytesBody(b"first!", slow), Attributes())
    for data, fine in ((b"first!", True), (b"second", True), (b"zeroth", False)):
        books.found["x"] = data
        assert (LEDGER.check() == []) is fine, data
    LEDGER.forget()


def test_a_write_that_is_still_under_way_is_not_judged(books: Books) -> None:
    box = _Account().create_container("box")
    box.driver.put_object(box, "x", BytesBody(b"old"), Attributes())
    seen: list[list[str]] = []
    box.driver.put_object(
        box, "x", BytesBody(b"new", lambda count: seen.append(LEDGER.check())), Attributes()
    )
    assert seen
    assert not any(seen)
    assert complaint() == "box/'x': written, and the books finds nothing"


def test_a_write_that_failed_may_have_happened_or_not(books: Books) -> None:
    box = _Account().create_container("box")
    box.driver.put_object(box, "x", BytesBody(b"old"), Attributes())
    with pytest.raises(ObjectChangedError):
        box.driver.put_object(box, "x", BytesBody(b"new"), Attributes(), only_new=True)
    for data, fine in ((b"old", True), (b"new", True), (b"odd", False)):
        books.found["x"] = data
        assert (LEDGER.check() == []) is fine, data
    box.driver.put_object(box, "x", BytesBody(b"end"), Attributes())
    assert complaint() == "box/'x': the books reads other bytes from 0 to 3"


def test_drivers_without_a_vendor_are_left_alone() -> None:
    put(MemoryStorageDriver().create_container("box"))
    assert LEDGER.check(ours=True) == []


# -- the rules that keep it honest --


def test_no_driver_has_its_own_version_of_a_verb_that_is_listened_to() -> None:
    for module in pkgutil.iter_modules(drivers.__path__, drivers.__name__ + "."):
        importlib.import_module(module.name)
    kinds = [StorageDriver]
    for kind in kinds:
        kinds += kind.__subclasses__()
        if kind is not StorageDriver and kind.__module__.startswith("storage_core."):
            assert not set(VERBS) & set(vars(kind)), f"{kind.__name__} would not be heard"
    assert len(kinds) > 3
