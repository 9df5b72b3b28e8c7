"""Names that a disk cannot have at once: a file and a folder of one name, or two spellings of a name.

Windows', macOS' and exFAT's disks take `A` and `a` for one name, macOS' also é in one character and in two.
They find a file under names that are not its own, and would replace or delete it under them; objects of two
names would become one.
"""

from __future__ import annotations

import errno
import os
import unicodedata
from collections.abc import Iterator, Sequence

from storage_core.base import StorageDriver
from storage_core.drivers.local_listing import GONE
from storage_core.errors import InvalidObjectNameError
from storage_core.folders import Folder

_NO_NAME = {errno.ENAMETOOLONG, errno.EILSEQ, errno.EINVAL}  # what no file can be called there


def is_exact(container: Folder, parts: Sequence[str]) -> bool:
    """Whether each name of a path that is there is the disk's own spelling, not just one that it accepts.

    A disk that tells spellings apart is asked a question or two per name; on another one the folders on the
    way are read. OSError for a path that is not there.
    """
    for depth, name in enumerate(parts):
        spellings = list(_other_spellings(name))
        if not spellings:
            continue
        with container.below(parts[:depth]) as folder:
            if not any(_has(folder, other) for other in spellings):
                continue
            with os.scandir(folder.target) as entries:
                if all(entry.name != name for entry in entries):
                    return False
    return True


def _has(folder: Folder, name: str) -> bool:
    try:
        return folder.has(name)
    except OSError as error:
        if error.errno in _NO_NAME:
            return False
        raise


def _other_spellings(name: str) -> Iterator[str]:
    """Names that a disk would take for this one, if it takes any. Each changes one thing alone."""
    letters = "".join(letter.swapcase() if letter.isascii() else letter for letter in name)
    others = "".join(letter if letter.isascii() else _swapped(letter) for letter in name)
    forms = (unicodedata.normalize(form, name) for form in ("NFC", "NFD"))
    yield from {letters, others, *forms} - {name}


def _swapped(letter: str) -> str:
    other = letter.swapcase()
    return other if len(other) == 1 else letter  # no disk compares ß with SS


def in_the_way(driver: StorageDriver, object_name: str, error: OSError | None) -> InvalidObjectNameError:
    """The refusal of a name that the disk cannot have beside what it has."""
    what = "a file or a link" if error is not None and error.errno in GONE else "a folder or a link"
    return InvalidObjectNameError(
        f"{object_name!r} cannot be stored on this disk: {what} with a part of that name is in the way.",
        driver,
        object_name,
    )


def confused(driver: StorageDriver, object_name: str) -> InvalidObjectNameError:
    """The refusal of a name under which the disk would replace an object of another name."""
    return InvalidObjectNameError(
        f"{object_name!r} cannot be stored on this disk: it takes the name for another one that is there "
        "already, and differs in capital letters or accents alone.",
        driver,
        object_name,
    )
