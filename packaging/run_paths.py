"""Takes absolute RUNPATHs out of ELF files: they name folders of the machine that built them.

On another machine such a folder may belong to somebody else, whose library would then be loaded. Only the
entry of the dynamic section goes; nothing in the file moves. Paths that begin with $ORIGIN stay.
"""

from __future__ import annotations

import struct
from collections.abc import Iterator
from pathlib import Path

NULL, STRINGS, RPATH, RUNPATH = 0, 5, 15, 29
DYNAMIC, LOAD = 2, 1
HEADER = struct.Struct("<16sHHIQQQIHHHHHH")  # of a file of 64 bits, little-endian
SEGMENT = struct.Struct("<IIQQQQQQ")
ENTRY = struct.Struct("<qQ")


def remove_absolute(path: Path) -> list[str]:
    """Rewrites the file when it must; returns what was removed. Other formats than ELF64 stay as they are."""
    data = bytearray(path.read_bytes())
    if data[:6] != b"\x7fELF\x02\x01":
        return []
    segments = list(_segments(data))
    removed = []
    for kind, offset, _address, size in segments:
        if kind != DYNAMIC:
            continue
        entries = list(ENTRY.iter_unpack(bytes(data[offset : offset + size])))
        strings = _file_offset(segments, next(value for tag, value in entries if tag == STRINGS))
        kept = []
        for tag, value in entries:
            if tag in (RPATH, RUNPATH):
                text = bytes(data[strings + value : data.index(0, strings + value)]).decode()
                if not all(part.startswith("$ORIGIN") for part in text.split(":")):
                    removed.append(text)
                    continue
            kept.append((tag, value))
        kept += [(NULL, 0)] * (len(entries) - len(kept))
        data[offset : offset + ENTRY.size * len(kept)] = b"".join(ENTRY.pack(*entry) for entry in kept)
    if removed:
        path.write_bytes(data)
    return removed


def _segments(data: bytearray) -> Iterator[tuple[int, int, int, int]]:
    """Kind, offset in the file, address in memory, size in the file."""
    fields = HEADER.unpack_from(data)
    begin, count = fields[5], fields[10]
    for number in range(count):
        kind, _flags, offset, address, _, size, _, _ = SEGMENT.unpack_from(
            data, begin + number * SEGMENT.size
        )
        yield kind, offset, address, size


def _file_offset(segments: list[tuple[int, int, int, int]], address: int) -> int:
    for kind, offset, begin, size in segments:
        if kind == LOAD and begin <= address < begin + size:
            return offset + address - begin
    raise ValueError(f"address {address:#x} is in no segment")
