"""Rows of Azure's listings: what they cost, and that nothing is lost on the short way through them."""

from __future__ import annotations

import base64
import gc
import hashlib
import tracemalloc
from dataclasses import replace
from datetime import UTC, datetime
from xml.etree.ElementTree import fromstring

import pytest

from storage_core import errors
from storage_core.base import Container
from storage_core.drivers import azure_blobs_xml
from storage_core.drivers.azure_blobs import AzureBlobsStorageDriver
from storage_core.drivers.azure_blobs_blocks import Block, read_id

KEY = base64.b64encode(b"k" * 64).decode()


@pytest.fixture
def driver() -> AzureBlobsStorageDriver:
    return AzureBlobsStorageDriver("me", KEY)


@pytest.fixture
def box(driver: AzureBlobsStorageDriver) -> Container:
    return Container("box", {}, driver)


def row(number: int) -> str:
    """As Azure writes them."""
    told = (
        f"<Creation-Time>Sun, 22 Nov 2026 21:00:{number % 60:02} GMT</Creation-Time>"
        f"<Last-Modified>Sun, 22 Nov 2026 21:{number // 60:02}:{number % 60:02} GMT</Last-Modified>"
        f"<Etag>0x8DC{number:012X}</Etag><Content-Length>{number * 1000 + 500}</Content-Length>"
        "<Content-Type>image/jpeg</Content-Type><Content-Encoding /><Content-Language /><Content-CRC64 />"
        f"<Content-MD5>{base64.b64encode(hashlib.md5(b'%d' % number).digest()).decode()}</Content-MD5>"
        "<Cache-Control /><Content-Disposition /><BlobType>BlockBlob</BlobType><AccessTier>Hot</AccessTier>"
        "<AccessTierInferred>true</AccessTierInferred><LeaseStatus>unlocked</LeaseStatus>"
        "<LeaseState>available</LeaseState><ServerEncrypted>true</ServerEncrypted>"
    )
    return (
        f"<Blob><Name>photos/IMG_{number:06}.jpg</Name><Properties>{told}</Properties><OrMetadata /></Blob>"
    )


def listing(inner: str) -> bytes:
    head = '<?xml version="1.0" encoding="utf-8"?>'
    return f"{head}<EnumerationResults><Blobs>{inner}</Blobs><NextMarker /></EnumerationResults>".encode()


def test_a_row_of_a_listing_takes_little_memory(driver: AzureBlobsStorageDriver, box: Container) -> None:
    body = listing("".join(row(number) for number in range(1000)))
    azure_blobs_xml.blob_page(body, box, driver)
    gc.collect()
    tracemalloc.start()
    before = tracemalloc.get_traced_memory()[0]
    kept = azure_blobs_xml.blob_page(body, box, driver).objects
    gc.collect()
    taken = tracemalloc.get_traced_memory()[0] - before
    tracemalloc.stop()
    assert len(kept) == 1000
    assert taken / 1000 <= 450


def test_what_a_row_need_not_say_is_left_out_and_nothing_else(
    driver: AzureBlobsStorageDriver, box: Container
) -> None:
    names = "<Name>a&lt;OrMetadata /&gt;</Name>", "<Name><![CDATA[b<OrMetadata />]]></Name>"
    whole = row(61).replace("<Cache-Control />", "<Cache-Control>no-cache</Cache-Control>")
    for name, want in zip(names, ("a<OrMetadata />", "b<OrMetadata />"), strict=True):
        body = listing(whole.replace("<Name>photos/IMG_000061.jpg</Name>", name))
        [obj] = azure_blobs_xml.blob_page(body, box, driver).objects
        assert (obj.name, obj.size, obj.hash) == (want, 61500, hashlib.md5(b"61").hexdigest())
        assert obj.modified == datetime(2026, 11, 22, 21, 1, 1, tzinfo=UTC)
        assert obj.extra["cache_control"] == "no-cache"
        assert (obj.storage_class, obj.attributes and obj.attributes.storage_class) == ("HOT", "")


@pytest.mark.parametrize("date", ["", "Sun, 99 Nov 2026 21:00:00 GMT", "yesterday"])
def test_a_date_that_is_none_does_not_fail_a_listing(
    driver: AzureBlobsStorageDriver, box: Container, date: str
) -> None:
    body = listing(row(0).replace("Sun, 22 Nov 2026 21:00:00 GMT</Last", f"{date}</Last"))
    [obj] = azure_blobs_xml.blob_page(body, box, driver).objects
    assert obj.modified is None


@pytest.mark.parametrize("size", ["-5", "many", "1e3", "9" * 5000])
def test_a_size_that_is_none_is_an_answer_that_is_none(
    driver: AzureBlobsStorageDriver, box: Container, size: str
) -> None:
    with pytest.raises(errors.MalformedResponseError, match="size that is none"):
        azure_blobs_xml.blob_page(listing(row(0).replace(">500<", f">{size}<")), box, driver)
    root = fromstring(
        f"<BlockList><UncommittedBlocks><Block><Size>{size}</Size></Block></UncommittedBlocks></BlockList>"
    )
    with pytest.raises(errors.MalformedResponseError, match="size that is none"):
        list(azure_blobs_xml.blocks(root, "UncommittedBlocks"))


def test_a_block_of_a_year_that_cannot_be_is_somebody_elses() -> None:
    """What Python cannot hold as a date would fail the search for open uploads."""
    good = Block("0123456789ab" * 2, 1, 0, bytes(16))
    assert read_id(good.id) == good
    assert read_id(replace(good, upload="ff" * 12).id) is None


@pytest.mark.parametrize("name", ["", "<Name />", '<Name Encoded="true"></Name>'])
def test_a_row_without_a_name_is_an_answer_that_is_none(
    driver: AzureBlobsStorageDriver, box: Container, name: str
) -> None:
    """The URL of such an object is that of its container, and there is a button that deletes."""
    with pytest.raises(errors.MalformedResponseError, match="without a name"):
        azure_blobs_xml.blob_page(
            listing(row(0).replace("<Name>photos/IMG_000000.jpg</Name>", name)), box, driver
        )
