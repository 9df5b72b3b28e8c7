"""What listings of all providers share: no endless one, and pages cut from what came whole."""

from __future__ import annotations

from collections.abc import Iterable
from typing import TYPE_CHECKING

from storage_core.base.objects import Container, Object, Page
from storage_core.errors import MalformedResponseError

if TYPE_CHECKING:
    from storage_core.base.driver import StorageDriver


def refuse_repeated(token: str, seen: set[str], driver: StorageDriver, container: Container) -> None:
    """MalformedResponseError when a listing hands out a page token twice: it would never end."""
    if token in seen:
        raise MalformedResponseError(
            f"The listing of {container.name!r} repeats itself and would never end; it is incomplete.",
            None,
            driver,
        )
    seen.add(token)


def page_of(found: Iterable[Object | str], token: str, limit: int) -> Page:
    """One page (at most `limit` entries) of a listing that a service gives whole.

    `found` is all of it in key order: objects, and folders as text that ends with the delimiter. The token
    is the last name that was handed out, so that a page stays right whatever was written in between.
    """
    objects: list[Object] = []
    folders: list[str] = []
    last = ""
    for one in found:
        name = one if isinstance(one, str) else one.name
        if name <= token:
            continue
        if len(objects) + len(folders) == limit:
            return Page(objects, folders, last)
        if isinstance(one, str):
            folders.append(one)
        else:
            objects.append(one)
        last = name
    return Page(objects, folders)
