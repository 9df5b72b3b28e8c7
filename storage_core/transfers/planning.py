"""What a job consists of, found out while it already runs: generators of entries, made anew after an
interruption.

The walk of local folders follows no symbolic link; what is not a file or a folder is reported, not
transferred.
"""

from __future__ import annotations

import os
import stat
from collections.abc import Callable, Iterator

from storage_core import names
from storage_core.base import Object, StorageDriver
from storage_core.base.downloading import local_error
from storage_core.errors import LibcloudError, OperationNotSupportedError
from storage_core.transfers.journal import Entry
from storage_core.transfers.sources import stamp_of
from storage_core.transfers.specs import CopySpec, DownloadSpec, Ref, Spec, UploadSpec

_KINDS = (
    (stat.S_ISLNK, "a symbolic link; links are not followed"),
    (stat.S_ISFIFO, "a named pipe"),
    (stat.S_ISSOCK, "a socket"),
    (stat.S_ISCHR, "a device"),
    (stat.S_ISBLK, "a device"),
)


def plan(spec: Spec, driver_for: Callable[[str], StorageDriver]) -> Iterator[Entry]:
    """Every entry of a job, in no promised order. LibcloudError when a listing fails: begin anew then."""
    if isinstance(spec, UploadSpec):
        for root, path in enumerate(spec.paths):
            yield from _files(root, path, spec.target.key)
    elif isinstance(spec, DownloadSpec):
        yield from _downloads(spec, driver_for)
    else:
        yield from _copies(spec, driver_for)


# -- this computer --


def _files(root: int, path: str, prefix: str) -> Iterator[Entry]:
    path = path.rstrip(os.sep + (os.altsep or "")) or path
    above = os.path.dirname(path)

    def named(path: str) -> str:
        return prefix + names.from_local(os.path.relpath(path, above) if above else path)

    try:
        status = os.lstat(names.at_any_length(path))
    except OSError as error:
        yield _refused(root, path, named(path), f"could not be read: {error.strerror or error}", "failed")
        return
    if not stat.S_ISDIR(status.st_mode):
        yield _entry(root, path, named(path), status)
        return
    folders = [path]
    while folders:
        folder = folders.pop()
        is_empty = True
        try:
            with os.scandir(names.at_any_length(folder)) as children:
                for child in children:
                    is_empty = False
                    at = os.path.join(folder, child.name)
                    try:
                        status = child.stat(follow_symlinks=False)
                    except OSError as error:
                        yield _refused(root, at, named(at), f"could not be read: {error.strerror}", "skipped")
                        continue
                    if stat.S_ISDIR(status.st_mode) and not getattr(child, "is_junction", bool)():
                        folders.append(at)
                    else:
                        yield _entry(root, at, named(at), status)
        except OSError as error:
            yield _refused(
                root, folder, named(folder), f"could not be read: {error.strerror or error}", "skipped"
            )
            continue
        if is_empty:
            name = f"{named(folder)}/"
            yield Entry(root, folder, name, shape=name)


def _entry(root: int, path: str, name: str, status: os.stat_result) -> Entry:
    if stat.S_ISREG(status.st_mode):
        return Entry(root, path, name, status.st_size, str(status.st_mtime_ns), shape=name)
    what = next((text for test, text in _KINDS if test(status.st_mode)), "not a file")
    return _refused(root, path, name, what, "skipped")


def _refused(root: int, source: str, target: str, reason: str, state: str) -> Entry:
    return Entry(root, source, target, reason=f"{source}: {reason}.", state=state)


# -- the clouds --


def _objects(ref: Ref, driver: StorageDriver) -> Iterator[Object]:
    if ref.is_folder:
        return driver.iterate_container_objects(driver.open_container(ref.container), prefix=ref.key)
    return iter([driver.get_object(ref.container, ref.key)])


def _downloads(spec: DownloadSpec, driver_for: Callable[[str], StorageDriver]) -> Iterator[Entry]:
    try:
        os.makedirs(spec.folder, exist_ok=True)
        is_blind = names.is_case_blind(spec.folder)
    except OSError as error:
        raise error if isinstance(error, LibcloudError) else local_error(error, spec.folder) from error
    folders: dict[str, str] = {}
    for root, ref in enumerate(spec.sources):
        for obj in _objects(ref, driver_for(ref.account)):
            relative = obj.name.removeprefix(spec.base)
            is_marker = relative.endswith("/") and not obj.size
            if not relative.strip("/") and (is_marker or not relative):
                continue  # the marker of the folder itself
            try:
                local = names.to_local(relative[:-1] if is_marker else relative)
            except LibcloudError as error:
                yield Entry(root, obj.name, relative, reason=str(error), state="failed")
                continue
            shape = names.folded(local) if is_blind else local
            note = _merged(local, folders) if is_blind else ""
            path = names.inside(spec.folder, local)
            yield Entry(root, obj.name, path, obj.size, stamp_of(obj), note, shape=shape)


def _merged(local: str, folders: dict[str, str]) -> str:
    """A note where the disk takes a folder on the way for one of another spelling, "" elsewhere.

    `folders` collects how each was spelled first, by what its spellings share.
    """
    note = ""
    end = local.rfind(names.CURRENT.separator)
    while end > 0:
        folder = local[:end]
        first = folders.setdefault(names.folded(folder), folder)
        if first != folder:
            note = f"It went into {first}: this disk takes {folder} for another spelling of that."
        end = local.rfind(names.CURRENT.separator, 0, end)
    return note


def _copies(spec: CopySpec, driver_for: Callable[[str], StorageDriver]) -> Iterator[Entry]:
    target = spec.target
    for root, ref in enumerate(spec.sources):
        is_inside = (ref.account, ref.container) == (target.account, target.container) and ref.is_folder
        if is_inside and (target.key + ref.key.removeprefix(spec.base)).startswith(ref.key):
            raise OperationNotSupportedError(f"{ref.text} cannot be copied into itself.")
        for obj in _objects(ref, driver_for(ref.account)):
            relative = obj.name.removeprefix(spec.base)
            if not relative:
                continue
            name = target.key + relative
            yield Entry(root, obj.name, name, obj.size, stamp_of(obj), shape=name)
