"""Parts scale with the object, and a stream of unknown length has room."""

from __future__ import annotations

from math import ceil

import pytest

from storage_core.base.uploading import PART, growing_part_sizes, part_size_for
from storage_core.capabilities import GIB, MIB, TIB, Capabilities
from storage_core.errors import ObjectTooLargeError
from storage_core.providers import get_driver


@pytest.fixture(params=["s3", "cloudflare_r2", "minio", "storj"])
def able(request: pytest.FixtureRequest) -> Capabilities:
    return get_driver(request.param).capabilities


@pytest.mark.parametrize("size", [17 * MIB, GIB, 160 * GIB, 4 * TIB])
def test_every_length_fits_into_the_parts_that_there_may_be(able: Capabilities, size: int) -> None:
    part = part_size_for(size, able)
    assert max(PART, able.part_size_min) <= part <= able.part_size_max
    assert ceil(size / part) <= able.part_count_max
    assert part % MIB == 0


def test_forty_eight_tebibytes_fit_on_amazon() -> None:
    driver = get_driver("s3")("key", "secret")
    assert ceil(48 * TIB / part_size_for(48 * TIB, driver.capabilities)) <= 10_000


def test_what_is_larger_than_the_service_holds_is_refused_before_anything_is_sent(able: Capabilities) -> None:
    with pytest.raises(ObjectTooLargeError, match=str(able.object_size_max)):
        part_size_for(able.object_size_max + 1, able)


@pytest.mark.parametrize("provider", ["s3", "cloudflare_r2"])
def test_a_stream_of_unknown_length_has_room_for_half_a_tebibyte(provider: str) -> None:
    able = get_driver(provider).capabilities
    sizes = list(growing_part_sizes(able))
    assert sum(sizes) >= TIB / 2
    assert len(sizes) <= able.part_count_max
    assert max(sizes) <= 128 * MIB  # a part is held in memory
    assert sizes == sorted(sizes)
    assert len(set(sizes)) == 1 or not able.equal_parts
