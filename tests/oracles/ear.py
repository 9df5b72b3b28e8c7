"""The ear on StorageDriver's public writing verbs: uploads, transfers and the window all go through them."""

from __future__ import annotations

import functools
import inspect
from collections.abc import Callable, Sequence
from contextlib import ExitStack
from dataclasses import replace
from typing import Any

from storage_core.attributes import Attributes
from storage_core.base import StorageDriver
from tests.oracles import Oracle, oracle_of
from tests.oracles.ledger import ANYTHING, GONE, LEDGER, Written, kept, md5_of


def listen() -> Callable[[], None]:
    """Hear all that drivers with an oracle write from now on. Gives back what ends it."""
    originals = {name: getattr(StorageDriver, name) for name in VERBS}
    for name, verb in VERBS.items():
        setattr(StorageDriver, name, _heard(originals[name], verb))

    def end() -> None:
        for name, original in originals.items():
            setattr(StorageDriver, name, original)

    return end


def _heard(original: Callable[..., Any], verb: Callable[..., Any]) -> Callable[..., Any]:
    signature = inspect.signature(original)

    @functools.wraps(original)
    def call(*arguments: Any, **named: Any) -> Any:
        oracle = oracle_of(arguments[0])
        if oracle is None:
            return original(*arguments, **named)
        told = signature.bind(*arguments, **named).arguments
        return verb(functools.partial(original, *arguments, **named), oracle, told.pop("self"), **told)

    return call


Go = Callable[[], Any]
"""The verb itself, with its arguments."""


def _put_object(
    go: Go,
    oracle: Oracle,
    driver: Any,
    container: Any,
    object_name: str,
    body: Any,
    attributes: Attributes,
    only_new: bool = False,
) -> Any:
    with LEDGER.step(driver, container.name, object_name) as step:
        try:
            return go()
        finally:
            step.left = Written(((_size(body), body.md5),), kept(attributes))


def _start_upload(
    go: Go, oracle: Oracle, driver: Any, container: Any, object_name: str, attributes: Attributes
) -> Any:
    upload = go()
    LEDGER.begin_upload(upload, attributes)
    return upload


def _upload_part(go: Go, oracle: Oracle, driver: Any, upload: Any, number: int, body: Any) -> Any:
    part = go()
    LEDGER.part(upload, number, _size(body), body.md5)
    return part


def _copy_part(
    go: Go, oracle: Oracle, driver: Any, upload: Any, number: int, obj: Any, start: int, end: int
) -> Any:
    part = go()
    found = None if obj.version else oracle.read(obj.container.name, obj.name)
    data = found.data if found is not None else None
    LEDGER.part(upload, number, end - start, "" if data is None else md5_of(data[start:end]))
    return part


def _complete_upload(
    go: Go, oracle: Oracle, driver: Any, upload: Any, parts: Sequence[Any], only_new: bool = False
) -> Any:
    with LEDGER.step(driver, upload.container.name, upload.object_name) as step:
        step.left = LEDGER.completed(upload, parts)
        return go()


def _copy_object(
    go: Go,
    oracle: Oracle,
    driver: Any,
    obj: Any,
    container: Any,
    object_name: str,
    attributes: Attributes | None = None,
) -> Any:
    source = LEDGER.source(oracle, obj)
    wanted = dict(source.kept) if attributes is None else kept(attributes)
    if attributes is None:
        wanted.pop("storage_class", None)  # the driver's decision: out of an archive a copy must come
    with LEDGER.step(driver, container.name, object_name) as step:
        step.left = _with(source, wanted)
        return go()


def _set_object_attributes(go: Go, oracle: Oracle, driver: Any, obj: Any, attributes: Attributes) -> Any:
    source = LEDGER.source(oracle, obj)
    with LEDGER.step(driver, obj.container.name, obj.name) as step:
        step.left = _with(source, kept(attributes))
        return go()


def _delete_object(go: Go, oracle: Oracle, driver: Any, obj: Any) -> Any:
    with LEDGER.step(driver, obj.container.name, obj.name) as step:
        step.left = ANYTHING if obj.version else GONE  # below a version lies another one
        return go()


def _delete_objects(go: Go, oracle: Oracle, driver: Any, container: Any, object_names: Sequence[str]) -> Any:
    with ExitStack() as stack:
        steps = {
            name: stack.enter_context(LEDGER.step(driver, container.name, name)) for name in object_names
        }
        failures = go()
        failed = {failure.object_name for failure in failures}
        for name, step in steps.items():
            step.left, step.failed = GONE, name in failed
        return failures


def _delete_container(go: Go, oracle: Oracle, driver: Any, container: Any) -> Any:
    done = go()
    LEDGER.forget_container(container.name)
    return done


def _size(body: Any) -> int:
    size: int = body.sent if body.size is None else body.size
    return size


def _with(written: Written, wanted: dict[str, Any]) -> Written:
    return replace(written, kept=wanted) if written.pieces else written


VERBS: dict[str, Callable[..., Any]] = {
    "put_object": _put_object,
    "start_upload": _start_upload,
    "upload_part": _upload_part,
    "copy_part": _copy_part,
    "complete_upload": _complete_upload,
    "copy_object": _copy_object,
    "set_object_attributes": _set_object_attributes,
    "delete_object": _delete_object,
    "delete_objects": _delete_objects,
    "delete_container": _delete_container,
}
