"""Bytes into an object store: small ones in one request, large ones in parts that survive a crash. Uploads
and streamed copies alike; only the source differs."""

from __future__ import annotations

import hashlib
import os

from storage_core import names
from storage_core.attributes import Attributes
from storage_core.base import Container, Object, Part, StorageDriver, Stored, Upload
from storage_core.base.uploading import WHOLE_MAX, mismatch, part_size_for
from storage_core.body import Body, BytesBody
from storage_core.errors import (
    AccessDeniedError,
    ObjectChangedError,
    ObjectDoesNotExistError,
    ObjectError,
    OperationNotSupportedError,
)
from storage_core.transfers.conflicts import decide, judge, rename_target
from storage_core.transfers.jobs import Ask, Done, Meter, Skipped, Work
from storage_core.transfers.journal import pack
from storage_core.transfers.large import LargeFile
from storage_core.transfers.sources import (
    FileSource,
    Source,
    compare,
    composite_etag,
    find,
    is_same,
    manifest_etag,
)
from storage_core.transfers.specs import Conflict, UploadSpec

FOLDER_TYPE = "application/x-directory"
CLOCKS_SECONDS = (
    120  # how far the service's clock may be behind ours when an upload is looked for by its time
)

Outcome = Done | Skipped | Ask | LargeFile


def begin(work: Work, meter: Meter) -> Outcome:
    """Upload one file, or the first step of it."""
    target = work.target_ref
    driver = work.driver(target.account)
    if work.item.target.endswith("/"):
        return put_marker(driver, driver.open_container(target.container), work.item.target)
    attributes = Attributes().with_guessed_type(work.item.target)
    return send(work, meter, FileSource(work.item.source, attributes, top=_above(work)))


def _above(work: Work) -> str:
    """The folder that holds what the user chose; the way to it may have links, the way from it has none."""
    spec = work.job.spec
    if not isinstance(spec, UploadSpec):
        raise TypeError("only an upload comes from this computer")
    chosen = spec.paths[work.item.root]
    return os.path.dirname(chosen.rstrip(os.sep + (os.altsep or "")) or chosen)


def put_marker(
    driver: StorageDriver, container: Container, name: str, attributes: Attributes | None = None
) -> Done:
    """A folder without files, as people's tools write it: an empty object whose name ends with a slash."""
    if find(driver, container.name, name) is None:
        driver.put_object(container, name, BytesBody(b""), attributes or Attributes(content_type=FOLDER_TYPE))
    return Done(0, "size only")


def send(work: Work, meter: Meter, source: Source) -> Outcome:
    """Store the source under the item's target, by the item's decision. Closes the source unless parts need
    it on.
    """
    keep = False
    try:
        outcome = _send(work, meter, source)
        keep = isinstance(outcome, LargeFile)
        return outcome
    finally:
        if not keep:
            source.close()


def _send(work: Work, meter: Meter, source: Source) -> Outcome:
    item, ref = work.item, work.target_ref
    driver = work.driver(ref.account)
    able = driver.capabilities
    if item.part_size and (outcome := _resume(work, source, driver)):
        return outcome
    is_large = able.parts and source.size > WHOLE_MAX
    if (is_large or item.doubt or not able.create_only) and (verdict := free_the_way(work, source, driver)):
        return verdict
    while True:
        only_new = able.create_only and work.decision is not Conflict.REPLACE
        container = driver.open_container(ref.container)
        try:
            if is_large:
                return _start(work, source, driver, container, only_new)
            return _put(work, meter, source, driver, container, only_new)
        except ObjectChangedError:
            if not only_new:
                raise
            if verdict := free_the_way(work, source, driver):
                return verdict


def free_the_way(work: Work, source: Source, driver: StorageDriver) -> Done | Skipped | Ask | None:
    """Look at the target's name before anything is sent: the verdict, or None when it is free or may be
    replaced.
    """
    if work.decision is Conflict.REPLACE and not work.item.doubt:
        return None
    there = find(driver, work.target_ref.container, work.item.target)
    if there is None:
        return None
    if work.item.doubt and is_same(source, there, driver):
        # Sent, and the reply or the line in the journal was lost.
        verified = f"md5 {there.hash}" if compare(source, there, driver) else "size only"
        return Done(source.size, verified, work.item.note)
    return None if work.decision is Conflict.REPLACE else _taken(work, source, there, driver)


def _taken(work: Work, source: Source, there: Object, driver: StorageDriver) -> Done | Skipped | Ask | None:
    """The name is taken: the verdict, or None when the way is free (another name, or it may be replaced)."""
    if work.decision is Conflict.KEEP_BOTH:
        rename_target(
            work, names.free_name(work.item.target, lambda name: _is_claimed(work, name, driver), names.POSIX)
        )
        return None
    wanted = work.decision is Conflict.REPLACE_IF_DIFFERENT
    return judge(
        work, source_size=source.size, source_modified=source.modified,
        target_size=there.size, target_modified=there.modified,
        same=compare(source, there, driver) if wanted else None,
    )  # fmt: skip


def _is_claimed(work: Work, name: str, driver: StorageDriver) -> bool:
    """Whether an object, or another item of this job, has the name."""
    claimed = work.journal.read(
        "SELECT 1 FROM items WHERE job=? AND (shape=? OR target=?) AND id<>?",
        work.job.id, pack(name), pack(name), work.item.id,
    )  # fmt: skip
    return (
        bool(claimed) or name == work.item.target or find(driver, work.target_ref.container, name) is not None
    )


# -- in one request --


def _put(
    work: Work, meter: Meter, source: Source, driver: StorageDriver, container: Container, only_new: bool
) -> Done:
    item = work.item
    body: Body
    if source.size <= WHOLE_MAX:
        data = source.slice(0, source.size)
        source.check()
        body = BytesBody(data, meter)
    else:
        body = source.body(meter)  # a target without parts
    item.doubt = True  # from here on the object may be there whatever we hear
    stored = driver.put_object(container, item.target, body, source.attributes, only_new=only_new)
    if stored.md5 and stored.md5 != body.md5:
        damaged = find(driver, container.name, item.target)
        if damaged is not None and damaged.etag == stored.etag:  # not if somebody else has written it since
            driver.delete_object(damaged)
        raise mismatch(driver, item.target, body.md5, stored.md5)
    if not stored.md5:
        check_size(driver, container, item.target, stored, source.size)
    return Done(source.size, f"md5 {stored.md5}" if stored.md5 else "size only", item.note)


def check_size(driver: StorageDriver, container: Container, name: str, stored: Stored, size: int) -> None:
    """ObjectError when the service holds another number of bytes than were sent."""
    held = stored.size if stored.size >= 0 else driver.get_object(container.name, name).size
    if held != size:
        raise ObjectError(f"{name!r} has {held} bytes at the target, {size} were sent.", driver, name)


# -- in parts --


class PartsUp(LargeFile):
    """An upload in parts that is open at the service."""

    def __init__(
        self,
        work: Work,
        source: Source,
        driver: StorageDriver,
        upload: Upload,
        part_size: int,
        parts: dict[int, Part],
    ) -> None:
        super().__init__(work, source.size, part_size, set(parts))
        self.source = source
        self.driver = driver
        self.upload = upload
        self.parts = parts

    def cost_of(self) -> int:
        return self.part_size

    def run(self, number: int, meter: Meter) -> None:
        try:
            part, md5 = self._move(number, meter)
        except BaseException:
            self.source.abandon()
            raise
        self.parts[number] = Part(number, part.etag, self.extent(number)[1], md5)
        self.work.journal.add_part(self.work.item.id, self.parts[number])

    def _move(self, number: int, meter: Meter) -> tuple[Part, str]:
        data = self.source.slice(*self.extent(number))
        self.source.check()
        body = BytesBody(data, meter)
        part = self.driver.upload_part(self.upload, number, body)
        if part.md5 and part.md5 != body.md5:
            raise mismatch(self.driver, self.upload.object_name, body.md5, part.md5)
        return part, body.md5

    def finish(self, meter: Meter) -> Done | Skipped | Ask:
        work, driver, container = self.work, self.driver, self.upload.container
        self.source.check()
        meter.check()
        only_new = driver.capabilities.create_only and work.decision is not Conflict.REPLACE
        parts = [self.parts[number] for number in sorted(self.parts)]
        try:
            stored = driver.complete_upload(self.upload, parts, only_new=only_new)
        except ObjectDoesNotExistError:
            # Completed before, and the reply was lost?
            if (done := _landed(work, self.source, driver, self.parts)) is None:
                raise
            return done
        except ObjectChangedError:
            there = find(driver, container.name, self.upload.object_name) if only_new else None
            if there is None:
                raise
            if (
                work.decision is Conflict.KEEP_BOTH
            ):  # its upload has the other name already: ask rather than send twice
                decide(work, Conflict.ASK)
            if (verdict := _taken(work, self.source, there, driver)) is not None:
                if not isinstance(verdict, Ask):
                    driver.abort_upload(self.upload)
                return verdict
            stored = driver.complete_upload(self.upload, parts)
        check_size(driver, container, self.upload.object_name, stored, self.size)
        return Done(self.size, self._verified(stored), work.item.note)

    def _verified(self, stored: Stored) -> str:
        theirs = stored.md5 or stored.etag
        if theirs and theirs in _composites(self.parts):
            return f"md5 {self.source.verified or theirs}"
        if stored.parts_verified and all(part.md5 for part in self.parts.values()):
            return f"md5 {self.source.verified or composite_etag(_digests(self.parts))}"
        return "size only"

    def close(self) -> None:
        self.source.close()


def _composites(parts: dict[int, Part]) -> tuple[str, ...]:
    """The ETags by which services say that they put exactly these parts together."""
    digests = _digests(parts)
    return composite_etag(digests), manifest_etag(digests)


def _digests(parts: dict[int, Part]) -> bytes:
    return b"".join(bytes.fromhex(parts[number].md5) for number in sorted(parts) if parts[number].md5)


def _start(
    work: Work, source: Source, driver: StorageDriver, container: Container, only_new: bool
) -> LargeFile:
    part_size = part_size_for(source.size, driver.capabilities)
    upload = open_upload(work, source, driver, container, part_size)
    source.begin_sequence()
    return PartsUp(work, source, driver, upload, part_size, {})


def open_upload(
    work: Work, source: Source, driver: StorageDriver, container: Container, part_size: int
) -> Upload:
    """Start an upload in parts that a crash at any moment leaves findable."""
    item = work.item
    driver.check_object_name(item.target)
    driver.check_attributes(source.attributes)
    # Should a crash hide our upload's id, it is the one of this name that is not among these.
    others = (upload.id for upload in _uploads_of(driver, container, item.target))
    item.size, item.stamp, item.part_size = source.size, source.stamp, part_size
    item.others = "\n".join(others)
    work.journal.begin_parts(
        item.id, size=item.size, stamp=item.stamp, part_size=part_size, others=item.others
    )
    upload = driver.start_upload(container, item.target, source.attributes)
    item.upload = upload.id
    work.journal.write("UPDATE items SET upload=? WHERE id=?", upload.id, item.id)
    work.journal.flush()
    return upload


def _resume(work: Work, source: Source, driver: StorageDriver) -> Outcome | None:
    """Go on with the parts that are there; None when the file has to be sent from its start."""
    item = work.item
    container = driver.open_container(work.target_ref.container)
    if (item.size, item.stamp) == (source.size, source.stamp) and item.upload and driver.capabilities.parts:
        upload = Upload(container, item.target, item.upload, source.attributes)
        known = work.journal.parts(item.id)
        try:
            held = driver.list_parts(upload)
        except ObjectDoesNotExistError:
            if done := _landed(work, source, driver, known):
                return done
            held = None  # expired or aborted by somebody
        if held is not None:
            large = PartsUp(work, source, driver, upload, item.part_size, {})
            safe = {
                part.number: safe for part in held if (safe := _safe(large, part, known.get(part.number)))
            }
            return PartsUp(work, source, driver, upload, item.part_size, safe)
        item.note = "The service had dropped the parts; sent again from the start."
    elif item.upload:
        item.note = "The source had changed since the interruption; sent again from the start."
    sweep(work)
    return None


def _safe(large: PartsUp, held: Part, known: Part | None) -> Part | None:
    """The part as it may be used, when what the service holds is what this file has there."""
    start, size = large.extent(held.number)
    if size <= 0 or held.size != size:
        return None
    if known is not None:
        return known if (known.size, known.etag) == (held.size, held.etag) else None
    # Sent, and the crash came before it was written down.
    theirs = held.md5 or held.etag
    if not isinstance(large.source, FileSource):
        return None
    md5 = hashlib.md5(large.source.slice(start, size), usedforsecurity=False).hexdigest()
    return Part(held.number, held.etag, size, md5) if md5 == theirs else None


def _landed(work: Work, source: Source, driver: StorageDriver, parts: dict[int, Part]) -> Done | None:
    """Whether the upload that is gone was completed: the object is there, and it is ours."""
    there = find(driver, work.target_ref.container, work.item.target)
    if there is None or there.size != source.size:
        return None
    if parts and there.etag in _composites(parts):
        return Done(source.size, f"md5 {there.etag}", work.item.note)
    return Done(source.size, "size only", work.item.note) if is_same(source, there, driver) else None


def sweep(work: Work) -> None:
    """Leave nothing of this item at the service, also when a crash hid the upload's id from us."""
    item, ref = work.item, work.target_ref
    if not item.part_size:
        return
    driver = work.driver(ref.account)
    container = driver.open_container(ref.container)
    if item.upload:
        driver.abort_upload(Upload(container, item.target, item.upload))
    else:
        for upload in _uploads_of(driver, container, item.target):
            known = work.journal.read("SELECT 1 FROM items WHERE upload=?", upload.id)
            if not known and upload.id not in item.others.split("\n"):
                driver.abort_upload(upload)
    item.part_size, item.upload = 0, ""
    work.journal.write("DELETE FROM parts WHERE item=?", item.id)
    work.journal.write("UPDATE items SET part_size=0, upload='' WHERE id=?", item.id)


def _uploads_of(driver: StorageDriver, container: Container, name: str) -> list[Upload]:
    """Open uploads of exactly this name; none where these credentials may not look."""
    if not driver.capabilities.parts:
        return []
    try:
        return [one for one in driver.iterate_uploads(container, name) if one.object_name == name]
    except (AccessDeniedError, OperationNotSupportedError):
        return []
