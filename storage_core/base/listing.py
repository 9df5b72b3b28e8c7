"""A rule for listings that all providers share."""

from __future__ import annotations

from typing import TYPE_CHECKING

from storage_core.base.objects import Container
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
