"""One row per storage service: how to open it, what to ask for, what to call it.

`get_driver` gives the driver class of a row (imported then, not before), `open_driver` opens one from a
form's values, `rows` is what a form or a table draws itself from. The rows are data, in the files
`providers_*`.
"""

from __future__ import annotations

from collections.abc import Mapping
from importlib import import_module
from threading import Lock
from typing import Any

from storage_core import (
    providers_azure,
    providers_google,
    providers_s3,
    providers_s3_more,
    providers_swift,
    providers_table,
)
from storage_core.base.driver import StorageDriver
from storage_core.errors import LibcloudError, OperationNotSupportedError
from storage_core.providers_rows import Field, ProviderRow

__all__ = ["Field", "ProviderRow", "get_driver", "open_driver", "row", "rows", "set_driver"]

_ROWS: dict[str, ProviderRow] = {
    one.constant: one
    for one in (
        *providers_table.ROWS,
        *providers_azure.ROWS,
        *providers_google.ROWS,
        *providers_swift.ROWS,
        *providers_s3.ROWS,
        *providers_s3_more.ROWS,
    )
}
_classes: dict[str, type[StorageDriver]] = {}
_lock = Lock()


def rows(*, available: bool = True) -> tuple[ProviderRow, ...]:
    """All rows, in the order in which to show them; with `available` only those that can be opened today."""
    return tuple(one for one in _ROWS.values() if not available or (one.driver and one.status == ""))


def row(constant: str) -> ProviderRow:
    """The row of a constant, in any case. AttributeError when there is none, as `get_driver`."""
    try:
        return _ROWS[str(constant).lower()]
    except KeyError:
        raise AttributeError(f"Provider {constant} does not exist") from None


def get_driver(provider: str) -> type[StorageDriver]:
    """The driver class of a service: the same class each time, its instances pickle.

    AttributeError for a name that nobody has heard of (Libcloud's words); OperationNotSupportedError, with
    the reason, for a service whose driver is not part of this release.
    """
    constant = str(provider).lower()
    with _lock:
        if constant in _classes:
            return _classes[constant]
    wanted = row(constant)
    if not wanted.driver:
        raise OperationNotSupportedError(f"{wanted.title} cannot be opened: {wanted.arrives}")
    kind = _class_of(wanted)
    with _lock:
        return _classes.setdefault(constant, kind)


def set_driver(provider: str, module: str, klass: str, **row: Any) -> type[StorageDriver]:
    """Register somebody else's driver, for this process: `klass` of the importable `module`.

    `row`: more of its ProviderRow, as `title`, `website`, `options` and the `fields` that `open_driver` and a
    form ask for. AttributeError when the name is taken; undone when the class cannot be imported.
    """
    constant = str(provider).lower()
    if constant in _ROWS or constant in _classes:
        raise AttributeError(f"Provider {provider} already registered")
    row = {"title": klass, "group": "Other", **row}
    _ROWS[constant] = ProviderRow(constant, driver=f"{module}:{klass}", **row)
    try:
        return get_driver(constant)
    except Exception:
        del _ROWS[constant]
        raise


def open_driver(constant: str, values: Mapping[str, str], **network: Any) -> StorageDriver:
    """A driver from a form's values (Field.name to text, secrets included); `network` as NetworkOptions.

    ValueError names the first field that is missing, unknown or not among its choices. No I/O.
    """
    wanted = row(constant)
    kind = get_driver(constant)
    fields = {one.name: one for one in wanted.fields}
    arguments: dict[str, Any] = {}
    for name in values:
        if name not in fields:
            raise ValueError(f"{wanted.title} has no field {name!r}.")
    for one in wanted.asked(values):
        text = values.get(one.name, "") or one.default
        text = text if one.secret else text.strip()
        if one.required and not text and not (one.name in ("key", "secret") and _is_anonymous(values)):
            raise ValueError(f"{one.label} is missing.")
        if one.kind == "choice" and text and text not in one.choices:
            raise ValueError(f"{one.label} is one of {', '.join(one.choices)}, not {text!r}.")
        if one.kind == "bool":
            arguments[one.name] = text.lower() in ("1", "true", "yes", "on")
        elif text:
            arguments[one.name] = text
    return kind(**arguments, **network)


def _is_anonymous(values: Mapping[str, str]) -> bool:
    return values.get("anonymous", "").lower() in ("1", "true", "yes", "on")


def _class_of(wanted: ProviderRow) -> type[StorageDriver]:
    module, _, name = wanted.driver.partition(":")
    kind = getattr(import_module(module), name)
    if not (isinstance(kind, type) and issubclass(kind, StorageDriver)):
        raise LibcloudError(f"{wanted.driver} is not a storage driver.")
    if not wanted.options and not wanted.preset:
        return kind
    own = {
        "__module__": __name__,
        "__doc__": f"{wanted.title}: {kind.__name__} with the options of its row.",
        "__reduce__": _reduce,
        "constant": wanted.constant,
        "name": wanted.title,
        "website": wanted.website,
        "options": wanted.options,
        "preset": wanted.preset,
    }
    return type(kind.__name__, (kind,), own)


def _reduce(driver: Any) -> tuple[Any, ...]:
    """Drivers of a row travel as the row's constant and their constructor's arguments."""
    return _reopen, (driver.constant, driver._positional, driver._keywords)


def _reopen(constant: str, positional: tuple[Any, ...], keywords: dict[str, Any]) -> StorageDriver:
    return get_driver(constant)(*positional, **keywords)
