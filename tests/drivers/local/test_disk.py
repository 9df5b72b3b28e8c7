"""What root would be allowed, and a full disk: in a process of their own."""

from __future__ import annotations

import os
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[3]

PREPARE = """
import os, sys
from storage_core.drivers.local import LocalStorageDriver
from storage_core.errors import *
driver = LocalStorageDriver(sys.argv[1], ex_container_name="Home", ex_store=sys.argv[2])
container = driver.get_container("Home")
def put(name, data=b"x"):
    return driver.upload_object_via_stream(iter([data]), container, name)
def refused(kind, do):
    try:
        do()
    except kind as error:
        assert str(error), error
    else:
        raise AssertionError(f"{kind.__name__} was not raised")
"""


def run(program: str, home: Path, before: list[str] | None = None) -> None:
    argv = [*(before or []), sys.executable, "-c", PREPARE + program, str(home), str(home.parent / "data")]
    done = subprocess.run(argv, cwd=ROOT, capture_output=True, text=True, timeout=120)
    assert done.returncode == 0, done.stderr


@pytest.fixture
def open_home() -> Iterator[Path]:
    """A folder that everybody may enter; pytest's own are closed to others."""
    with tempfile.TemporaryDirectory() as folder:
        os.chmod(folder, 0o755)
        home = Path(folder) / "home"
        home.mkdir()
        os.chmod(home, 0o777)
        yield home


@pytest.mark.skipif(os.name == "nt", reason="permissions of POSIX")
def test_what_may_not_be_read_or_written_is_said_so(open_home: Path) -> None:
    home = open_home
    (home / "closed").write_text("closed")
    os.chmod(home / "closed", 0)
    for name, mode in (("no-entry", 0), ("read-only", 0o555)):
        (home / name).mkdir()
        (home / name / "x").write_text("x")
        os.chmod(home / name, mode)
    # Root reads everything: the imports are made first, then the rights are given up.
    run(
        """
if os.geteuid() == 0:
    os.setgid(65534); os.setuid(65534)
assert driver.get_object("Home", "closed").size == 6
refused(AccessDeniedError, lambda: list(driver.get_object("Home", "closed").as_stream()))
refused(AccessDeniedError, lambda: driver.get_object("Home", "no-entry/x"))
refused(AccessDeniedError, lambda: container.list_objects("no-entry/"))
refused(AccessDeniedError, lambda: container.list_objects())
assert driver.list_page(container).prefixes == ["no-entry/", "read-only/"]
refused(AccessDeniedError, lambda: put("read-only/new"))
refused(AccessDeniedError, lambda: put("read-only/x"))
refused(AccessDeniedError, lambda: driver.get_object("Home", "read-only/x").delete())
assert b"".join(driver.get_object("Home", "read-only/x").as_stream()) == b"x"
put("new folder/x")
""",
        home,
    )
    for name in ("no-entry", "read-only"):
        os.chmod(home / name, 0o755)
    assert (home / "read-only" / "x").read_text() == "x"


@pytest.mark.skipif(sys.platform != "linux", reason="a small tmpfs of its own")
def test_a_full_disk_is_said_so_and_leaves_nothing_behind(home: Path) -> None:
    namespace = ["unshare", "--mount"] if os.geteuid() == 0 else ["unshare", "--mount", "--map-root-user"]
    mount = f'mount -t tmpfs -o size=1m tmpfs "{home}" && exec "$0" "$@"'
    run(
        """
put("old", b"old")
for name in ("new/large", "old"):
    refused(DiskFullError, lambda: put(name, bytes(2 << 20)))
    refused(DiskFullError, lambda: driver.upload_object_via_stream(
        iter([bytes(100_000)] * 20), container, name, ex_size=2_000_000))
assert [obj.name for obj in container.list_objects()] == ["old"]
assert b"".join(driver.get_object("Home", "old").as_stream()) == b"old"
assert os.listdir(sys.argv[1]) == ["old"], os.listdir(sys.argv[1])
put("fits", bytes(700_000))
refused(DiskFullError, lambda: driver.copy_object(driver.get_object("Home", "fits"), container, "fits not"))
assert sorted(os.listdir(sys.argv[1])) == ["fits", "old"]
""",
        home,
        [*namespace, "sh", "-c", mount],
    )
