"""Objects from account to account: on the server's side where it can, in parts there when large, else
streamed through this machine with the part size times the streams in memory and nothing on its disk."""

from __future__ import annotations

from storage_core.attributes import Attributes
from storage_core.base import Object, Part, StorageDriver, Stored
from storage_core.base.uploading import part_size_for
from storage_core.capabilities import MIB
from storage_core.errors import ObjectHashMismatchError, OperationNotSupportedError
from storage_core.operations import carried
from storage_core.transfers.jobs import Done, Meter, Skipped, Work
from storage_core.transfers.sources import ObjectSource, is_md5
from storage_core.transfers.specs import Conflict
from storage_core.transfers.upload import (
    Outcome,
    PartsUp,
    check_size,
    free_the_way,
    open_upload,
    put_marker,
    send,
)

COPY_WHOLE_MAX = 256 * MIB  # larger ones would keep one request silent for minutes: they go in parts
COPY_PART = 64 * MIB


def begin(work: Work, meter: Meter) -> Outcome:
    """Copy one object, or the first step of it."""
    ref, target = work.source_ref, work.target_ref
    same = (ref.account, ref.container, ref.key) == (target.account, target.container, target.key)
    if same and work.decision is not Conflict.KEEP_BOTH:
        return Skipped("Source and target are the same object.")
    driver, to = work.driver(ref.account), work.driver(target.account)
    obj = driver.get_object(ref.container, ref.key)
    if ref.key.endswith("/") and not obj.size:
        return put_marker(to, to.open_container(target.container), target.key)
    attributes, lost = carried(obj, to, same_account=ref.account == target.account)
    if lost:
        work.item.note = f"Not kept at the target: {', '.join(lost)}."
    source = ObjectSource(driver, obj, attributes)
    # Parts of an earlier run are gone on with; the rest of them is streamed.
    try:
        if ref.account == target.account and _can_copy(to, obj) and not work.item.part_size:
            return _on_server(work, source, to)
        if ref.account != target.account and to.fetches_from(driver) and not work.item.part_size:
            return _fetched(work, source, to, attributes)
    except OperationNotSupportedError:
        pass  # this server cannot after all: the bytes come through this machine
    return send(work, meter, source)


def _can_copy(driver: StorageDriver, obj: Object) -> bool:
    able = driver.capabilities
    return able.server_copy and (obj.size <= able.copy_size_max or (able.copy_parts and able.parts))


def _on_server(work: Work, source: ObjectSource, driver: StorageDriver) -> Outcome:
    able, obj = driver.capabilities, source.obj
    if verdict := free_the_way(work, source, driver):
        return verdict
    container = driver.open_container(work.target_ref.container)
    if able.parts and able.copy_parts and obj.size > min(COPY_WHOLE_MAX, able.copy_size_max):
        part_size = max(COPY_PART, part_size_for(obj.size, able))
        upload = open_upload(work, source, driver, container, part_size)
        return PartsCopied(work, source, driver, upload, part_size, {})
    work.item.doubt = True
    stored = driver.copy_object(obj, container, work.item.target)
    return Done(obj.size, _verified(driver, work, obj, stored), work.item.note)


def _fetched(work: Work, source: ObjectSource, driver: StorageDriver, attributes: Attributes) -> Outcome:
    """From another account, on the services' side."""
    if verdict := free_the_way(work, source, driver):
        return verdict
    work.item.doubt = True
    container = driver.open_container(work.target_ref.container)
    stored = driver.fetch_object(source.obj, container, work.item.target, attributes)
    return Done(source.obj.size, _verified(driver, work, source.obj, stored), work.item.note)


def _verified(driver: StorageDriver, work: Work, obj: Object, stored: Stored) -> str:
    theirs = stored.md5 or stored.etag
    if is_md5(obj.hash) and theirs == obj.hash:
        return f"md5 {theirs}"
    if stored.md5 and is_md5(obj.hash) and stored.md5 != obj.hash and obj.hash != obj.etag:
        raise ObjectHashMismatchError(
            f"The copy of {obj.name!r} differs: MD5 {obj.hash} and {stored.md5}.", driver, obj.name
        )
    check_size(driver, driver.open_container(work.target_ref.container), work.item.target, stored, obj.size)
    return "size only"


class PartsCopied(PartsUp):
    """A large copy whose bytes never leave the service."""

    source: ObjectSource

    def cost_of(self) -> int:
        return 0

    def _move(self, number: int, meter: Meter) -> tuple[Part, str]:
        meter.check()
        start, size = self.extent(number)
        part = self.driver.copy_part(self.upload, number, self.source.obj, start, start + size)
        theirs = part.md5 or part.etag
        return part, theirs if is_md5(theirs) else ""

    def _verified(self, stored: Stored) -> str:
        return f"md5 {stored.etag}" if stored.etag and stored.etag == self.source.etag else "size only"
