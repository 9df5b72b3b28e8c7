"""The fidelity table: computed from capabilities, honest about what one object really has."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from storage_core.attributes import Attributes
from storage_core.base import StorageDriver
from storage_core.drivers.memory import MemoryStorageDriver
from storage_core.fidelity import OWN, TITLES, Fate, kept, of_object, table
from storage_core.providers import open_driver
from storage_core.types import Provider

FULL = Attributes(
    content_type="text/x-own",
    content_encoding="gzip",
    content_disposition="attachment",
    content_language="de",
    cache_control="no-cache",
    expires="Thu, 01 Dec 2044 16:00:00 GMT",
    storage_class="COLD",
    encryption="AES256",
    encryption_key="my-key",
    acl="public-read",
    blob_type="BlockBlob",
    metadata={"author": "me"},
    tags={"colour": "red"},
)


def able(**changes: Any) -> StorageDriver:
    """A driver whose service can what memory can, but for these."""
    driver = MemoryStorageDriver()
    driver.capabilities = replace(driver.capabilities, **changes)
    return driver


def s3() -> StorageDriver:
    return open_driver(Provider.S3, {"key": "k", "secret": "s"})


def fates(source: StorageDriver, target: StorageDriver) -> dict[str, str]:
    return {line.field: str(line.fate) for line in table(source, target)}


def test_memory_to_amazon() -> None:
    assert fates(MemoryStorageDriver(), s3()) == {
        **dict.fromkeys(("content", "content_type", "content_encoding", "content_disposition"), "kept"),
        **dict.fromkeys(("content_language", "cache_control", "expires", "tags"), "kept"),
        **dict.fromkeys(("metadata", "modified"), "converted"),
    }


def test_amazon_to_memory() -> None:
    assert fates(s3(), MemoryStorageDriver()) == {
        **dict.fromkeys(("content", "content_type", "content_encoding", "content_disposition"), "kept"),
        **dict.fromkeys(("content_language", "cache_control", "expires", "tags", "metadata"), "kept"),
        **dict.fromkeys(("storage_class", "encryption", "acl", "versions"), "lost"),
        "modified": "converted",
    }


def test_inside_one_account_all_is_kept() -> None:
    driver = s3()
    assert {line.fate for line in table(driver, driver)} == {Fate.KEPT}


@pytest.mark.parametrize(
    ("changes", "field", "fate"),
    [
        ({"headers_lost": ("expires",)}, "expires", "lost"),
        ({"content_headers": False}, "cache_control", "lost"),
        ({"metadata": False}, "metadata", "lost"),
        ({"tags": False}, "tags", "lost"),
        ({"metadata_keys_coded": True}, "metadata", "converted"),
        ({"metadata_values_coded": True}, "metadata", "converted"),
        ({"metadata_keys_lowered": True}, "metadata", "converted"),
    ],
)
def test_each_thing_that_a_target_cannot_do_has_its_line(
    changes: dict[str, Any], field: str, fate: str
) -> None:
    assert fates(MemoryStorageDriver(), MemoryStorageDriver())[field] == "kept"
    target = able(**changes)
    assert fates(MemoryStorageDriver(), target)[field] == fate
    [line] = [line for line in table(MemoryStorageDriver(), target) if line.field == field]
    assert line.why.endswith(".")


def test_what_both_sides_store_alike_is_not_called_converted() -> None:
    assert fates(s3(), s3())["metadata"] == "kept"


def test_an_object_is_judged_by_what_it_has() -> None:
    coded = able(metadata_keys_coded=True, metadata_values_coded=True, metadata_keys_lowered=True)

    def lines(attributes: Attributes) -> dict[str, str]:
        return {line.field: str(line.fate) for line in of_object(attributes, coded)}

    assert lines(Attributes()) == {}
    assert lines(Attributes(metadata={"plain": "ascii"})) == {"metadata": "kept"}
    for odd in ({"Upper": "x"}, {"with-dash": "x"}, {"plain": "é"}):
        assert lines(Attributes(metadata=odd)) == {"metadata": "converted"}


def test_what_is_lost_is_taken_out_and_named() -> None:
    bare = able(metadata=False, tags=False, content_headers=False)
    taken, lost = kept(FULL, bare)
    assert taken == Attributes(content_type="text/x-own")
    assert [line.field for line in lost if not line.is_own] == [
        *("content_encoding", "content_disposition", "content_language", "cache_control", "expires"),
        *("metadata", "tags"),
    ]
    assert {line.field for line in lost if line.is_own} == set(OWN)


def test_what_belongs_to_one_service_never_travels() -> None:
    taken, lost = kept(FULL, MemoryStorageDriver())
    assert {line.field for line in lost} == set(OWN)
    assert taken == replace(FULL, storage_class="", encryption="", encryption_key="", acl="", blob_type="")


def test_every_field_has_words() -> None:
    assert all(TITLES[line.field] == line.title for line in of_object(FULL, MemoryStorageDriver()))
