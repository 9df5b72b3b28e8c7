"""What people call one operation and a service calls many requests: folders, trees, renames, copies between
any two services. Built from the drivers' verbs, without threads; `storage_core.transfers` does the same for
large amounts.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import NamedTuple

from storage_core.attributes import Attributes
from storage_core.base import Container, DeleteFailure, Object, StorageDriver
from storage_core.base.downloading import read
from storage_core.base.uploading import part_size_for
from storage_core.body import BytesBody, Watch
from storage_core.capabilities import MIB
from storage_core.errors import (
    AttributeRefusedError,
    LibcloudError,
    ObjectDoesNotExistError,
    ObjectHashMismatchError,
    OperationNotSupportedError,
)
from storage_core.fidelity import kept

FOLDER_TYPE = "application/x-directory"
COPY_PART = 64 * MIB  # parts that never leave the service may be large
DELETE_BATCH = 1000


class FolderSize(NamedTuple):
    """Objects below a prefix (markers included) and their bytes."""

    count: int  # type: ignore[assignment]  # a word of the domain; tuple.count is not missed
    bytes: int


class Renamed(NamedTuple):
    """What `rename` did: the new object, and attributes that did not survive."""

    object: Object
    lost: tuple[str, ...]


def walk(container: Container, prefix: str = "") -> Iterator[tuple[str, list[str], list[Object]]]:
    """As os.walk: (folder's prefix, prefixes of its folders, its objects), from the top down, one listing per
    folder.

    Folders taken out of the second value are not entered. A folder's own marker is not among its objects.
    """
    folders = [prefix]
    while folders:
        folder = folders.pop()
        inner: list[str] = []
        objects: list[Object] = []
        for page in container.driver.iterate_pages(container, folder):
            inner += page.prefixes
            objects += [obj for obj in page.objects if obj.name != folder]
        yield folder, inner, objects
        folders += reversed(inner)


def folder_size(
    container: Container, prefix: str = "", watch: Callable[[int], None] | None = None
) -> FolderSize:
    """How much is below a prefix. `watch` is called with the objects of each page, and may raise
    StoppedError.
    """
    count = size = 0
    for page in container.driver.iterate_pages(container, prefix, delimiter=""):
        count += len(page.objects)
        size += sum(obj.size for obj in page.objects)
        if watch is not None:
            watch(len(page.objects))
    return FolderSize(count, size)


def delete_tree(
    container: Container, prefix: str, watch: Callable[[int], None] | None = None
) -> list[DeleteFailure]:
    """Delete everything below a prefix ("" is the whole container), in batches; what could not be deleted
    comes back.

    Ask for `folder_size` first and show it. `watch` is called with the objects of each batch.
    """
    driver = container.driver
    failures: list[DeleteFailure] = []
    names: list[str] = []

    def flush() -> None:
        failures.extend(driver.delete_objects(container, names))
        if watch is not None:
            watch(len(names))
        names.clear()

    # Listed ahead of deleting, page by page: a listing by token goes on although what it listed is gone.
    for page in driver.iterate_pages(container, prefix, delimiter=""):
        for obj in page.objects:
            names.append(obj.name)
            if len(names) >= DELETE_BATCH:
                flush()
    if names:
        flush()
    return failures


def make_folder(container: Container, name: str) -> Object:
    """Write a folder's marker: an empty object `name/`. Nothing happens when it is there already."""
    name = name.rstrip("/") + "/"
    driver = container.driver
    try:
        return driver.get_object(container.name, name)
    except ObjectDoesNotExistError:
        driver.put_object(container, name, BytesBody(b""), Attributes(content_type=FOLDER_TYPE))
    return driver.get_object(container.name, name)


# -- copies --


def carried(
    obj: Object, target: StorageDriver, *, same_account: bool = False
) -> tuple[Attributes, tuple[str, ...]]:
    """The attributes a copy takes along, and the names of those that the target cannot hold.

    Storage class, protection and access rules are each service's own: they travel inside one account alone,
    and are not among those names (`storage_core.fidelity` tells of all).
    Asks the source (one request) when its listing did not tell.
    """
    known = obj.attributes
    if known is None:
        known = obj.driver.head_object(obj).attributes or Attributes()
    if same_account:
        return known, ()
    taken, lost = kept(known, target)
    return taken, tuple(line.title.lower() for line in lost if not line.is_own)


def copy(
    obj: Object, container: Container, object_name: str, *, lossy: bool = False, watch: Watch | None = None
) -> Object:
    """Copy one object anywhere, its attributes included: on the server's side, in parts there, or streamed
    through this machine in the memory of one part. Source and target hashes are compared where both sides
    tell them.

    AttributeRefusedError, before anything is sent, for attributes the target cannot hold (`lossy=True` drops
    them).
    """
    driver, to = obj.driver, container.driver
    obj = driver.head_object(obj)
    attributes, lost = carried(obj, to, same_account=driver is to)
    if lost and not lossy:
        raise AttributeRefusedError(f"The target cannot hold: {', '.join(lost)}.", to, field=lost[0])
    to.check_object_name(object_name)
    to.check_attributes(attributes)
    try:
        if driver is to:
            return _copy_on_server(obj, container, object_name, attributes, watch)
        if to.fetches_from(driver):
            return _fetched(obj, container, object_name, attributes)
    except OperationNotSupportedError:
        pass  # then the bytes come through this machine
    pieces = read(driver, obj, 0, None)
    return to.upload_object_via_stream(
        pieces,
        container,
        object_name,
        attributes.to_extra(),
        dict(attributes.metadata),
        ex_size=obj.size,
        ex_watch=watch,
    )


def _copy_on_server(
    obj: Object, container: Container, object_name: str, attributes: Attributes, watch: Watch | None
) -> Object:
    driver, able = obj.driver, obj.driver.capabilities
    if obj.size <= able.copy_size_max:
        stored = driver.copy_object(obj, container, object_name)
    else:
        part_size = max(COPY_PART, part_size_for(obj.size, able))
        upload = driver.start_upload(container, object_name, attributes)
        try:
            parts = []
            for number, start in enumerate(range(0, obj.size, part_size), 1):
                end = min(start + part_size, obj.size)
                parts.append(driver.copy_part(upload, number, obj, start, end))
                if watch is not None:
                    watch(end - start)
            stored = driver.complete_upload(upload, parts)
        except BaseException:
            driver.abort_upload(upload)
            raise
    copied = driver.get_object(container.name, object_name)
    if copied.size != obj.size or (stored.md5 and obj.etag == obj.hash != obj.etag != stored.md5):
        raise ObjectHashMismatchError(
            f"The copy of {obj.name!r} is not what was copied.", driver, object_name
        )
    return copied


def _fetched(obj: Object, container: Container, object_name: str, attributes: Attributes) -> Object:
    container.driver.fetch_object(obj, container, object_name, attributes)
    copied = container.driver.get_object(container.name, object_name)
    told = obj.hash != obj.etag and copied.hash != copied.etag
    if copied.size != obj.size or (told and copied.hash != obj.hash):
        raise ObjectHashMismatchError(
            f"The copy of {obj.name!r} is not what was copied.", container.driver, object_name
        )
    return copied


def copy_tree(
    source: Container,
    prefix: str,
    container: Container,
    target_prefix: str,
    *,
    lossy: bool = False,
    watch: Watch | None = None,
) -> list[tuple[str, LibcloudError]]:
    """Copy everything below `prefix` to below `target_prefix`; what could not be copied comes back with its
    error.
    """
    if (
        source.driver is container.driver
        and source.name == container.name
        and target_prefix.startswith(prefix)
    ):
        raise OperationNotSupportedError("A folder cannot be copied into itself.", source.driver)
    failures: list[tuple[str, LibcloudError]] = []
    for obj in source.driver.iterate_container_objects(source, prefix=prefix):
        name = target_prefix + obj.name.removeprefix(prefix)
        if not name:
            continue
        try:
            copy(obj, container, name, lossy=lossy, watch=watch)
        except LibcloudError as error:
            if error.retryable or isinstance(error, AttributeRefusedError | ObjectDoesNotExistError):
                failures.append((obj.name, error))
                continue
            raise
    return failures


def rename(obj: Object, object_name: str) -> Renamed:
    """Copy to the new name, compare, then delete the version that was copied. The old name stays when
    anything fails.

    LibcloudError when the new name is taken: nothing is overwritten by a rename.
    """
    driver, container = obj.driver, obj.container
    obj = driver.head_object(obj)
    try:
        driver.get_object(container.name, object_name)
    except ObjectDoesNotExistError:
        pass
    else:
        raise LibcloudError(f"There is a {object_name!r} already.", driver, object_name=object_name)
    renamed = copy(obj, container, object_name)
    now = driver.head_object(obj)
    if now.etag != obj.etag or renamed.size != obj.size:
        raise ObjectHashMismatchError(
            f"{obj.name!r} was changed while it was renamed. Both names are there now; nothing was deleted.",
            driver,
            obj.name,
        )
    driver.delete_object(obj if not obj.version else now)
    return Renamed(renamed, ())
