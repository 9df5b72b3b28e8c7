"""The bytes of objects for the Google stand-in: small ones in memory, others in files that end with it."""

from __future__ import annotations

import base64
import hashlib
import os
import tempfile
import zlib
from collections.abc import Iterator
from typing import IO, Any

import google_crc32c

IN_MEMORY = 2**20  # bytes; what is longer is kept in a file
PIECE = 512 * 1024


class Content:
    """Finished bytes that nobody changes any more; objects that are copies share them."""

    def __init__(self, data: bytes | IO[bytes], size: int, md5: bytes, crc32c: bytes) -> None:
        self._data, self.size = data, size
        self.md5 = base64.b64encode(md5).decode()
        self.md5_hex = md5.hex()
        self.crc32c = base64.b64encode(crc32c).decode()

    def pieces(self, start: int = 0, end: int | None = None) -> Iterator[bytes]:
        """Bytes from start to end (exclusive). Serves many threads at once."""
        end = self.size if end is None else end
        if isinstance(self._data, bytes):
            yield self._data[start:end]
            return
        while start < end:
            piece = os.pread(self._data.fileno(), min(PIECE, end - start), start)
            yield piece
            start += len(piece)

    def whole(self, start: int = 0, end: int | None = None) -> bytes | None:
        """The bytes at once where they are in memory; None where they are in a file."""
        return self._data[start:end] if isinstance(self._data, bytes) else None

    def gunzipped(self) -> Iterator[bytes] | None:
        """Decompressed; None when these bytes are not gzip."""
        try:
            first = gzip_pieces(self.pieces())
            head = next(first, b"")
        except zlib.error:
            return None
        return joined(head, first)


def gzip_pieces(pieces: Iterator[bytes]) -> Iterator[bytes]:
    machine = zlib.decompressobj(wbits=31)
    for piece in pieces:
        while piece:
            if plain := machine.decompress(piece):
                yield plain
            piece = machine.unused_data
            if piece:  # another member follows
                machine = zlib.decompressobj(wbits=31)


def joined(head: bytes, rest: Iterator[bytes]) -> Iterator[bytes]:
    yield head
    yield from rest


class Spool:
    """Bytes that are still coming in, with their hashes."""

    def __init__(self) -> None:
        self.size = 0
        self._pieces: list[bytes] = []
        self._file: IO[bytes] | None = None
        self._md5 = hashlib.md5()
        self._crc32c: Any = google_crc32c.Checksum()  # type: ignore[no-untyped-call]

    def write(self, piece: bytes) -> None:
        self._md5.update(piece)
        self._crc32c.update(piece)
        self.size += len(piece)
        if self._file is None:
            self._pieces.append(piece)
            if self.size <= IN_MEMORY:
                return
            self._file = tempfile.TemporaryFile(prefix="google-standin-")  # noqa: SIM115  lives as long as the object
            piece = b"".join(self._pieces)
            self._pieces = []
        self._file.write(piece)

    def finish(self) -> Content:
        if self._file is not None:
            self._file.flush()
        data = self._file if self._file is not None else b"".join(self._pieces)
        return Content(data, self.size, self._md5.digest(), self._crc32c.digest())


def content_of(data: bytes) -> Content:
    spool = Spool()
    spool.write(data)
    return spool.finish()
