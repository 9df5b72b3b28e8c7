"""Objects below a folder, in key order, without reading the whole tree.

A folder is read once and sorted; then its files and folders come in the order of the objects' names, in
which a folder counts as `name/`. Nothing below a folder is read before its turn comes.
"""

from __future__ import annotations

import errno
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import TypeAlias

from storage_core import names
from storage_core.folders import Folder

Parts: TypeAlias = tuple[str, ...]
OpenContainer: TypeAlias = Callable[[], Folder]
HasMarker: TypeAlias = Callable[[Folder, bool, bool], bool]
"""(folder, is_empty, is_top): whether a folder is listed as an object of its own."""
GONE = {errno.ENOENT, errno.ENOTDIR, errno.ELOOP}


@dataclass(frozen=True, slots=True)
class Item:
    """A file, a folder's marker, or (one level) a folder. `parts`: names on the disk below the container."""

    key: str
    parts: Parts
    is_folder: bool


@dataclass(frozen=True, slots=True)
class _Level:
    """A folder that has been read: what is in it by key, and whether it is to be listed as `name/` itself."""

    items: list[Item]
    has_marker: bool


def folder_parts(prefix: str) -> Parts:
    """Where a folder prefix (ends with "/", or is "") is on the disk, as names below the container."""
    return tuple(names.to_local(prefix[:-1]).split(names.CURRENT.separator)) if prefix else ()


def object_parts(object_name: str) -> Parts:
    """Where an object's file is on the disk, as names below the container; for `name/` see folder_parts."""
    return tuple(names.to_local(object_name).split(names.CURRENT.separator))


def items(
    open_container: OpenContainer, prefix: str, is_recursive: bool, after: str, has_marker: HasMarker
) -> Iterator[Item]:
    """Everything whose key begins with `prefix` and comes after `after`, in key order.

    Nothing is kept open between two items. OSError for a folder that may not be read.
    """
    top = prefix[: prefix.rfind("/") + 1]
    level = _read(open_container, folder_parts(top), top, top == prefix, has_marker)
    if level.has_marker and top == prefix and top > after:
        yield Item(top, folder_parts(top), True)
    stack = [iter(level.items)]
    while stack:
        item = next(stack[-1], None)
        if item is None:
            stack.pop()
        elif not item.key.startswith(prefix):
            continue
        elif not item.is_folder or not is_recursive:
            if item.key > after:
                yield item
        elif item.key > after or after.startswith(item.key):
            level = _read(open_container, item.parts, item.key, False, has_marker)
            if level.has_marker and item.key > after:
                yield item
            stack.append(iter(level.items))


def _read(
    open_container: OpenContainer, parts: Parts, key: str, is_top: bool, has_marker: HasMarker
) -> _Level:
    try:
        with open_container() as container, container.below(parts) as folder:
            found = list(_items_in(folder, parts, key))
            found.sort(key=lambda item: item.key)
            return _Level(found, bool(key) and has_marker(folder, not found, is_top))
    except OSError as error:
        if error.errno in GONE:  # removed since it was seen, or never there
            return _Level([], False)
        raise


def _items_in(folder: Folder, parts: Parts, key: str) -> Iterator[Item]:
    for entry in folder.entries():
        if entry.is_folder and names.is_joint(entry.name):
            yield from _long_names(folder, (entry.name,), parts, key)
        else:
            name = names.from_local(entry.name)
            yield Item(
                f"{key}{name}/" if entry.is_folder else key + name, (*parts, entry.name), entry.is_folder
            )


def _long_names(folder: Folder, run: Parts, parts: Parts, key: str) -> Iterator[Item]:
    """What is in a folder that holds only the ends of long names: it belongs to the level above."""
    with folder.below(run) as joint:
        for entry in joint.entries():
            path = (*run, entry.name)
            if entry.is_folder and names.is_joint(entry.name):
                yield from _long_names(folder, path, parts, key)
            else:
                name = names.from_local(names.CURRENT.separator.join(path))
                yield Item(
                    f"{key}{name}/" if entry.is_folder else key + name, (*parts, *path), entry.is_folder
                )
