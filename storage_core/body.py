"""Request bodies: bytes, a slice of a file, an iterator.

Progress, rate limit and stop ride inside `read()` as one callback, `watch(count)`: it is told how many bytes
moved (negative when a retry rewinds), may sleep (rate limit) and may raise StoppedError. The MD5 of what
passed is kept as it passes, so nothing is ever read twice to be hashed.
"""

from __future__ import annotations

import hashlib
import io
from abc import ABC, abstractmethod
from collections.abc import Callable, Iterable, Iterator
from typing import BinaryIO

from storage_core.errors import SourceChangedError

Watch = Callable[[int], None]


class Body(ABC):
    """A readable of known or unknown `size` (bytes or None). Each byte is handed out once per pass."""

    def __init__(self, size: int | None, watch: Watch | None = None) -> None:
        self.size = size
        self.sent = 0
        self._watch = watch
        self._md5 = hashlib.md5(usedforsecurity=False)

    def read(self, count: int = -1) -> bytes:
        """At most `count` bytes (all that is left for a negative count); b"" at the end."""
        data = self._take(count)
        self.sent += len(data)
        self._hash(data)
        if self._watch is not None and data:
            self._watch(len(data))
        return data

    def rewind(self) -> None:
        """Back to the first byte, for a retry. io.UnsupportedOperation where the bytes are gone."""
        if not self.sent:
            return
        self._restart()
        if self._watch is not None:
            self._watch(-self.sent)
        self.sent = 0
        self._md5 = hashlib.md5(usedforsecurity=False)

    def check(self) -> None:
        """Let the watch stop this while no byte moves: `watch(0)`, which may raise StoppedError."""
        if self._watch is not None:
            self._watch(0)

    @property
    def md5(self) -> str:
        """Hex MD5 of the bytes of this pass so far."""
        return self._md5.hexdigest()

    @property
    def can_rewind(self) -> bool:
        """Whether a retry may send this body again."""
        return True

    def __iter__(self) -> Iterator[bytes]:
        while data := self.read(1 << 20):
            yield data

    def _hash(self, data: bytes) -> None:
        self._md5.update(data)

    @abstractmethod
    def _take(self, count: int) -> bytes: ...

    @abstractmethod
    def _restart(self) -> None: ...


class BytesBody(Body):
    """Bytes in memory. `data` may be bytes, bytearray or memoryview; it is not copied."""

    def __init__(self, data: bytes | bytearray | memoryview, watch: Watch | None = None) -> None:
        self.data = memoryview(data)
        super().__init__(len(self.data), watch)
        self._at = 0
        self._whole = ""

    @property
    def md5(self) -> str:
        """Hex MD5 of all the bytes, sent or not: it may go ahead of them in a header. Hashed once."""
        if not self._whole:
            self._whole = hashlib.md5(self.data, usedforsecurity=False).hexdigest()
        return self._whole

    def _hash(self, data: bytes) -> None:
        """Not piece by piece: `md5` is known without."""

    def _take(self, count: int) -> bytes:
        end = len(self.data) if count < 0 else min(len(self.data), self._at + count)
        piece = self.data[self._at : end]
        self._at = end
        return bytes(piece)

    def _restart(self) -> None:
        self._at = 0


class FileBody(Body):
    """`size` bytes of an open binary file from `start`. A file that ends early raises SourceChangedError.

    The file is owned by the caller and must not be shared between threads: its position moves. `at_end`
    is called before the last bytes are handed out; what it raises keeps the upload from ever being complete.
    """

    size: int

    def __init__(
        self,
        file: BinaryIO,
        start: int,
        size: int,
        watch: Watch | None = None,
        at_end: Callable[[], None] | None = None,
    ) -> None:
        super().__init__(size, watch)
        self._file = file
        self._at_end = at_end
        self._start = start
        self._at = 0
        file.seek(start)

    def _take(self, count: int) -> bytes:
        left = self.size - self._at
        want = left if count < 0 else min(count, left)
        data = self._file.read(want) if want else b""
        if want and not data:
            # Sending less than promised would hang the server or, worse, store a short object.
            raise SourceChangedError(
                f"The file became shorter while it was being sent: {self._start + self._at} bytes left of "
                f"{self._start + self.size}. Nothing was stored."
            )
        self._at += len(data)
        if self._at_end is not None and self._at == self.size:
            self._at_end()
        return data

    def _restart(self) -> None:
        self._at = 0
        self._file.seek(self._start)


class Pieces:
    """Bytes of an iterator of bytes, taken in whatever amounts are wanted. Linear in the length."""

    def __init__(self, pieces: Iterable[bytes]) -> None:
        self._pieces = iter(pieces)
        self._rest = memoryview(b"")

    def take(self, count: int) -> bytes:
        """At most `count` bytes, at least one before the end; all that is left for a negative count."""
        if count < 0:
            rest = b"".join([self._rest, *self._pieces])
            self._rest = memoryview(b"")
            return rest
        while not self._rest and count:
            piece = next(self._pieces, None)
            if piece is None:
                return b""
            self._rest = memoryview(piece)
        data, self._rest = self._rest[:count], self._rest[count:]
        return bytes(data)


class StreamBody(Body):
    """Bytes from an iterator of bytes, once. `size` is None when nobody knows it."""

    def __init__(self, pieces: Iterable[bytes], size: int | None = None, watch: Watch | None = None) -> None:
        super().__init__(size, watch)
        self._pieces = Pieces(pieces)

    @property
    def can_rewind(self) -> bool:
        """Only before the first byte."""
        return self.sent == 0

    def _take(self, count: int) -> bytes:
        return self._pieces.take(count)

    def _restart(self) -> None:
        raise io.UnsupportedOperation("A stream cannot be sent twice.")


def cut(pieces: Iterable[bytes], size: int) -> Iterator[bytes]:
    """The same bytes in pieces of exactly `size` (the last may be shorter; no empty pieces).

    Linear in the length, whatever the sizes of the incoming pieces.
    """
    held: list[bytes | memoryview] = []
    have = 0
    for piece in pieces:
        view = memoryview(piece)
        while have + len(view) >= size:
            need = size - have
            yield b"".join([*held, view[:need]])
            held, have, view = [], 0, view[need:]
        if view:
            held.append(view)
            have += len(view)
    if held:
        yield b"".join(held)
