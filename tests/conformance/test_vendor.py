"""What the vendor's own SDK writes, our drivers read: any name, any attribute, parts, and changes behind us.

The other direction is not in this file: whatever any test writes is read back by the SDK (tests/oracles).
"""

from __future__ import annotations

import os

import pytest

from storage_core.base import Container
from storage_core.capabilities import MIB
from storage_core.errors import ObjectChangedError, ObjectDoesNotExistError
from tests.conformance.conftest import Service, content, listed, put
from tests.conformance.table import FLAGS, ORACLES, WITHOUT_VENDOR, possible_names
from tests.conformance.test_contract import HOSTILE_NAMES
from tests.oracles import Oracle
from tests.oracles.ledger import LEDGER

pytestmark = pytest.mark.vendor
needs = pytest.mark.needs

HEADERS = {
    "content_type": "text/x-judge; charset=utf-8",
    "content_encoding": "gzip",
    "content_disposition": 'attachment; filename="a b.txt"',
    "content_language": "de-AT, en",
    "cache_control": "max-age=60, private",
}
METADATA = {
    "plain": "value",
    "spaces": "two  words",
    "umlauts": "ünïcödé",
    "signs": "漢字 😀 ' \" < > & ; = ,",
    "long": "é漢😀" * 12,  # Swift holds 256 bytes of a value as it is sent
    "like-a-word": "=?UTF-8?B?eA==?=",
    "dotted.key": "1",
}


@pytest.fixture
def oracle(service: Service) -> Oracle:
    assert service.oracle is not None
    return service.oracle


def test_every_service_of_a_vendor_has_its_oracle(service: Service) -> None:
    assert service.oracle is not None
    assert service.oracle.sdk == ORACLES[service.name]


def test_only_what_has_no_vendor_has_no_oracle() -> None:
    assert {name.split("-")[0] for name in FLAGS if name not in ORACLES} == WITHOUT_VENDOR


def test_names_of_every_kind_that_the_vendor_wrote_are_ours_to_read(
    service: Service, oracle: Oracle, container: Container
) -> None:
    names = possible_names(service.name, HOSTILE_NAMES)
    for name in names:
        oracle.write(container.name, name, name.encode(), content_type="text/x-judge")
    assert sorted(listed(container)) == sorted(names)
    for name in names:
        obj = container.get_object(name)
        assert (content(obj), obj.extra["content_type"]) == (name.encode(), "text/x-judge")
    assert container.driver.delete_objects(container, names) == []
    assert oracle.names(container.name) == []


@pytest.mark.without("google-emulator", why="it drops what follows the type in a content type of the SDK's")
def test_headers_that_the_vendor_wrote_are_ours_to_read(oracle: Oracle, container: Container) -> None:
    oracle.write(container.name, "theirs/ü +.bin", b"\x00\xff", **HEADERS)
    obj = container.get_object("theirs/ü +.bin")
    assert (obj.size, content(obj)) == (2, b"\x00\xff")
    assert {key: obj.extra.get(key) for key in HEADERS} == HEADERS
    [in_list] = container.list_objects(prefix="theirs/")
    assert {key: in_list.extra.get(key) for key in HEADERS} == HEADERS


@pytest.mark.without("google-emulator", why="it cannot send an object whose metadata is beyond Latin-1")
def test_metadata_that_the_vendor_wrote_is_ours_to_read_and_to_keep(
    oracle: Oracle, container: Container
) -> None:
    oracle.write(container.name, "x", b"1", metadata=METADATA, **HEADERS)
    obj = container.get_object("x")
    assert obj.meta_data == METADATA
    changed = container.driver.ex_set_object_metadata(obj, {**obj.meta_data, "ours": "too"})
    assert changed.meta_data == {**METADATA, "ours": "too"}
    found = oracle.read(container.name, "x")
    assert found is not None
    assert found.metadata == {**METADATA, "ours": "too"}
    assert {key: getattr(found, key) for key in HEADERS} == HEADERS


def test_keys_in_capitals_that_the_vendor_wrote_are_found(oracle: Oracle, container: Container) -> None:
    oracle.write(container.name, "x", b"1", metadata={"Author": "Jane", "under_score": "1"})
    wanted = "author" if oracle.folds_keys else "Author"
    assert container.get_object("x").meta_data == {wanted: "Jane", "under_score": "1"}


@needs("parts")
@pytest.mark.without("google-emulator", why="it cannot send an object whose metadata is beyond Latin-1")
def test_an_object_that_the_vendor_wrote_in_parts_is_ours_to_read(
    oracle: Oracle, container: Container
) -> None:
    data = os.urandom(11 * MIB + 7)  # (Swift makes - of _ in the keys of what comes in parts, for everybody)
    oracle.write(container.name, "large.bin", data, parts=2, metadata=METADATA, **HEADERS)
    obj = container.get_object("large.bin")
    assert (obj.size, obj.meta_data) == (len(data), METADATA)
    assert content(obj) == data
    middle = len(data) // 2
    assert b"".join(obj.range_as_stream(middle - 5, middle + 5)) == data[middle - 5 : middle + 5]


@needs("storage_classes", "tags", "encryption")
def test_class_tags_and_encryption_that_the_vendor_set_are_told(oracle: Oracle, container: Container) -> None:
    oracle.write(
        container.name,
        "x",
        b"1",
        storage_class="STANDARD_IA",
        encryption="AES256",
        tags={"project": "sky ferry", "place": "a/b=c@d"},
    )
    obj = container.get_object("x")
    assert (obj.storage_class, obj.extra["encryption"]) == ("STANDARD_IA", "AES256")
    assert obj.extra["tags"] == {"project": "sky ferry", "place": "a/b=c@d"}


@pytest.mark.without("google-emulator", why="it ignores conditions")
def test_what_the_vendor_replaced_is_not_read_as_the_old_one(oracle: Oracle, container: Container) -> None:
    mine = put(container, "x", b"mine")
    oracle.write(container.name, "x", b"thei")
    with pytest.raises(ObjectChangedError):
        content(mine)
    obj = container.get_object("x")
    assert content(obj) == b"thei"
    oracle.delete(container.name, "x")
    with pytest.raises(ObjectDoesNotExistError):
        content(obj)
    assert listed(container) == []
    LEDGER.forget()  # that our object is gone is what was wanted here
