"""CRC32C of a whole from the CRC32Cs of its parts, by arithmetic alone, and the check of one.

A CRC is the remainder of a polynomial: putting n bytes behind a text multiplies its CRC by x^8n modulo the
Castagnoli polynomial. https://cloud.google.com/storage/docs/composite-objects#integrity
"""

from __future__ import annotations

import base64
from collections.abc import Iterable
from functools import lru_cache
from importlib import import_module
from typing import Any

from storage_core.errors import ObjectHashMismatchError

POLYNOMIAL = 0x82F63B78  # bits reversed, as the CRC itself is kept


def combined(parts: Iterable[tuple[int, int]]) -> int:
    """The CRC32C of pieces put together, from (CRC32C, bytes) of each in order."""
    whole = 0
    for crc, size in parts:
        whole = _times(_power(size), whole) ^ crc
    return whole


def number(text: str) -> int:
    """A CRC32C as Google writes it: base64 of four bytes, the highest first. ValueError."""
    return int.from_bytes(base64.b64decode(text, validate=True), "big")


def text(crc: int) -> str:
    """As Google writes it."""
    return base64.b64encode(crc.to_bytes(4, "big")).decode()


@lru_cache(maxsize=256)
def _power(size: int) -> int:
    """x^(8 * size) modulo the polynomial."""
    result, square, bits = 1 << 31, 1 << 30, size * 8  # 1 and x: the highest bit is the lowest power
    while bits:
        if bits & 1:
            result = _times(square, result)
        square = _times(square, square)
        bits >>= 1
    return result


def _times(one: int, other: int) -> int:
    """The product of two polynomials modulo the polynomial."""
    product, bit = 0, 1 << 31
    while bit:
        if one & bit:
            product ^= other
        other = (other >> 1) ^ POLYNOMIAL if other & 1 else other >> 1
        bit >>= 1
    return product


class Crc32c:
    """The CRC32C of a whole object's bytes as they pass, held against the service's. A `Checksum`."""

    def __init__(self, expected: str, driver: Any, object_name: str) -> None:
        """`expected` in base64, else ValueError. Only where `can_check`."""
        self._expected = number(expected)
        self._crc = 0
        self._driver = driver
        self._name = object_name
        self._extend = _library().extend

    def update(self, data: bytes, /) -> None:
        """See `Checksum`."""
        self._crc = self._extend(self._crc, data)

    def verify(self) -> None:
        """See `Checksum`."""
        if self._crc != self._expected:
            raise ObjectHashMismatchError(
                f"{self._name!r} did not arrive as it is stored: CRC32C {text(self._crc)} here, "
                f"{text(self._expected)} there.",
                self._driver,
                self._name,
            )


def can_check() -> bool:
    """Whether CRC32C can be had at the speed of memory: the package google-crc32c, in the extra `fast`."""
    return _library() is not None


@lru_cache(maxsize=1)
def _library() -> Any:
    try:
        library = import_module("google_crc32c")
    except ImportError:
        return None
    return library if library.implementation == "c" else None
