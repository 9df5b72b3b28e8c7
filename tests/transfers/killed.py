"""A process that transfers until it is killed: `python -m tests.transfers.killed '{"journal": …}'`.

Uploads a folder, downloads it again, copies it to another container; goes on where the last one was killed.
Prints "over" when everything is done. `die` names a moment after which it kills itself as kill -9 would.
"""

from __future__ import annotations

import json
import os
import signal
import sys
import time
from collections.abc import Callable
from typing import Any

from storage_core.base import StorageDriver
from storage_core.drivers.azure_blobs import AzureBlobsStorageDriver
from storage_core.drivers.google_storage import GoogleStorageDriver
from storage_core.drivers.openstack_swift import OpenStackSwiftStorageDriver
from storage_core.drivers.s3 import S3StorageDriver
from storage_core.folders import Folder
from storage_core.transfers import Conflict, CopySpec, DownloadSpec, Engine, Ref, UploadSpec, download
from storage_core.transfers.journal import Journal

MIB = 1024 * 1024


def after(owner: Any, name: str, at: int, *, before: bool = False) -> None:
    """Die after (or before) the `at`th call of a function."""
    original: Callable[..., Any] = getattr(owner, name)
    calls = 0

    def deadly(*arguments: Any, **named: Any) -> Any:
        nonlocal calls
        calls += 1
        is_last = calls == at
        if is_last and before:
            os.kill(os.getpid(), signal.SIGKILL)
        result = original(*arguments, **named)
        if is_last:
            os.kill(os.getpid(), signal.SIGKILL)
        return result

    setattr(owner, name, deadly)


MOMENTS: dict[str, Callable[[int], None]] = {
    "upload started": lambda at: after(StorageDriver, "start_upload", at),
    "part sent": lambda at: after(StorageDriver, "upload_part", at),
    "part written down": lambda at: after(Journal, "add_part", at),
    "before complete": lambda at: after(StorageDriver, "complete_upload", at, before=True),
    "completed": lambda at: after(StorageDriver, "complete_upload", at),
    "stored whole": lambda at: after(StorageDriver, "put_object", at),
    "copied": lambda at: after(StorageDriver, "copy_object", at),
    "before rename": lambda at: after(Folder, "put_in_place", at, before=True),
    "renamed": lambda at: after(Folder, "put_in_place", at),
    "part file written": lambda at: after(download, "write_all", at),
    "planned": lambda at: after(Journal, "add_items", at),
    "items fetched": lambda at: after(Journal, "next_items", at),
    "before commit": lambda at: after(Journal, "_commit", at, before=True),
    "committed": lambda at: after(Journal, "_commit", at),
}


def opened(settings: dict[str, Any]) -> StorageDriver:
    """Azure for a connection string, Google for a key file, Swift for an address to sign in at, else S3."""
    if settings.get("connection_string"):
        return AzureBlobsStorageDriver(connection_string=settings["connection_string"])
    if settings.get("key_file"):
        return GoogleStorageDriver(key_file=settings["key_file"], endpoint=settings["endpoint"])
    key, secret = settings["key"], settings["secret"]
    if settings.get("auth_url"):
        return OpenStackSwiftStorageDriver(key, secret, auth_url=settings["auth_url"])
    place = {"endpoint": settings["endpoint"], "region": settings["region"]}
    return S3StorageDriver(key, secret, addressing="path", **place)


def main(settings: dict[str, Any]) -> None:
    if settings.get("die"):
        moment, at = settings["die"]
        MOMENTS[moment](at)
    driver = opened(settings)
    engine = Engine(settings["journal"], lambda account: driver)
    engine.bytes_per_second_max = settings["rate"] * MIB
    engine.start()
    box = settings["container"]
    specs = (
        UploadSpec((settings["source"],), Ref("a", box, "")),
        DownloadSpec((Ref("a", box, "tree/"),), settings["back"]),
        CopySpec((Ref("a", box, ""),), Ref("a", box + "-copy", "")),
    )
    for number, spec in enumerate(specs, 1):
        if not any(row.id == number for row in engine.changes(0).rows):
            assert engine.add(spec, Conflict.ASK) == number
        engine.resume_all()
        while not next(row for row in engine.changes(0).rows if row.id == number).state.is_end:
            row = next(row for row in engine.changes(0).rows if row.id == number)
            assert row.question is None, f"asked about its own file: {row.question}"
            time.sleep(0.01)
    engine.stop()
    print("over", flush=True)


if __name__ == "__main__":
    main(json.loads(sys.argv[1]))
