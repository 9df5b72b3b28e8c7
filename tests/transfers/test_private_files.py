"""What the library keeps about transfers and files is private, in any folder and from the first byte."""

from __future__ import annotations

import os
import sqlite3
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from storage_core.attributes import Attributes
from storage_core.body import BytesBody
from storage_core.drivers.local import LocalStorageDriver
from storage_core.folders import keep_private
from storage_core.transfers import DownloadSpec, State, UploadSpec
from tests.transfers.conftest import World, ref, wait_end


@pytest.fixture(autouse=True)
def _careless() -> Iterator[None]:
    """A umask that forbids nothing."""
    before = os.umask(0)
    yield
    os.umask(before)


def modes(folder: Path) -> dict[str, str]:
    return {path.name: f"{path.stat().st_mode & 0o777:o}" for path in folder.iterdir()}


def test_the_journal_and_all_that_sqlite_puts_beside_it_are_private(world: World) -> None:
    world.memory()
    world.journal.parent.mkdir(mode=0o777)
    engine = world.engine()
    job = engine.add(UploadSpec((str(world.file("secret plans.txt", b"x")),), ref("")))
    assert wait_end(engine, job).state is State.DONE
    found = modes(world.journal.parent)
    assert {"journal.db", "journal.db-wal"} <= set(found)
    assert set(found.values()) == {"600"}, found


def test_a_journal_that_was_open_to_others_is_closed(world: World) -> None:
    world.journal.parent.mkdir(mode=0o777)
    world.stop(world.engine())
    world.journal.chmod(0o666)
    engine = world.engine()
    world.memory()
    engine.add(UploadSpec((str(world.file("a", b"x")),), ref("")))
    found = modes(world.journal.parent)
    assert set(found.values()) == {"600"}, found


def test_metadata_that_a_disk_cannot_hold_is_kept_privately(tmp_path: Path) -> None:
    store, home = tmp_path / "store", tmp_path / "all" / "home"
    store.mkdir(mode=0o777)
    home.mkdir(parents=True)
    driver = LocalStorageDriver(str(home.parent), ex_store=str(store), ex_xattrs=False)
    box = driver.open_container("home")
    driver.put_object(box, "a", BytesBody(b"x"), Attributes(metadata={"who": "me"}))
    found = modes(store)
    assert found == {"attributes.sqlite3": "600"}


def test_keeping_a_database_private_leaves_the_locks_that_are_held_on_it(tmp_path: Path) -> None:
    database = str(tmp_path / "a.sqlite3")
    keep_private(database)
    ours = sqlite3.connect(database, isolation_level=None)
    ours.execute("BEGIN EXCLUSIVE")
    ours.execute("CREATE TABLE things (thing)")
    keep_private(database)  # another thread, meanwhile
    intruder = f"import sqlite3; sqlite3.connect({database!r}, timeout=0).execute('BEGIN EXCLUSIVE')"
    tried = subprocess.run([sys.executable, "-c", intruder], capture_output=True, text=True, timeout=60)
    assert "database is locked" in tried.stderr
    ours.execute("COMMIT")
    ours.close()


def test_nothing_that_was_downloaded_can_be_run_by_itself(world: World) -> None:
    box = world.memory()
    hostile = Attributes(content_type="application/x-sh", metadata={"mode": "104777", "uid": "0"})
    for name in ("run.sh", "app.desktop", "AppRun"):
        box.driver.put_object(box, name, BytesBody(b"#!/bin/sh\necho pwned\n"), hostile)
    engine = world.engine()
    job = engine.add(DownloadSpec((ref(""),), str(world.folder / "back")))
    assert wait_end(engine, job).state is State.DONE
    assert set(modes(world.folder / "back").values()) == {"666"}  # less what the umask takes: here, nothing
    alone = world.folder / "alone"
    alone.mkdir()
    assert box.driver.get_object("box", "run.sh").download(str(alone))
    assert modes(alone) == {"run.sh": "666"}
