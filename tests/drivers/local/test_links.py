"""Links, pipes and devices lead nowhere."""

from __future__ import annotations

import contextlib
import os
import shutil
import socket
import threading
from pathlib import Path

import pytest

from storage_core.base import Container
from storage_core.errors import (
    InvalidObjectNameError,
    LocalFileError,
    ObjectChangedError,
    ObjectDoesNotExistError,
)
from tests.drivers.local.conftest import content, listed, on_disk, put


@pytest.fixture
def links(home: Path) -> Path:
    outside = home.parent / "outside"
    (home / "real").mkdir()
    (home / "real" / "file").write_text("real")
    (home / "to-file").symlink_to(outside / "secret.txt")
    (home / "to-folder").symlink_to(outside)
    (home / "real" / "up").symlink_to("../..")
    (home / "real" / "loop").symlink_to(".")
    (home / "inside").symlink_to("real")
    (home / "dangling").symlink_to(outside / "new.txt")
    return outside


def test_no_link_is_listed_read_written_or_deleted(links: Path, home: Path, container: Container) -> None:
    assert listed(container) == ["real/file"]
    page = container.driver.list_page(container)
    assert ([obj.name for obj in page.objects], page.prefixes) == ([], ["real/"])
    assert listed(container, "to-folder/") == []
    before = on_disk(home)
    for name in (
        "to-file",
        "to-folder/secret.txt",
        "real/up/outside/secret.txt",
        "real/loop/file",
        "inside/file",
        "to-folder/",
    ):
        with pytest.raises(ObjectDoesNotExistError):
            container.get_object(name)
        with pytest.raises(ObjectDoesNotExistError):
            container.driver.delete_object(_named(container, name))
        with pytest.raises(ObjectDoesNotExistError):
            list(_named(container, name).as_stream())
    for name in (
        "to-file",
        "to-folder",
        "to-folder/new.txt",
        "to-folder/new/deep.txt",
        "dangling",
        "inside/x",
        "to-folder/",
    ):
        with pytest.raises(InvalidObjectNameError, match="link"):
            put(container, name, b"" if name.endswith("/") else b"x")
    assert on_disk(home) == before
    assert on_disk(links) == ["secret.txt"]
    assert (links / "secret.txt").read_text() == "secret"


def _named(container: Container, name: str) -> object:
    obj = container.get_object("real/file")
    obj.name, obj.etag = name, ""
    return obj


def test_a_folder_that_turns_into_a_link_again_and_again_leads_nowhere(
    home: Path, container: Container
) -> None:
    outside, flip, aside = home.parent / "outside", home / "flip", home / "aside"
    flip.mkdir()
    stop = threading.Event()

    def swap() -> None:
        while not stop.is_set():
            for step in (
                lambda: flip.rename(aside),
                lambda: flip.symlink_to(outside),
                lambda: flip.unlink(),
                lambda: aside.rename(flip),
            ):
                with contextlib.suppress(OSError):  # the driver makes and removes folders of this name, too
                    step()
            if aside.exists():
                shutil.rmtree(aside, ignore_errors=True)

    thread = threading.Thread(target=swap)
    thread.start()
    met = {"stored": 0, "refused": 0}
    try:
        for number in range(3000):
            name = f"flip/x{number % 7}"
            try:
                put(container, name, b"x")
                met["stored"] += 1
                content(container, name)
                container.get_object(name).delete()
            except InvalidObjectNameError:
                met["refused"] += 1
            except (ObjectDoesNotExistError, ObjectChangedError, LocalFileError):
                continue
    finally:
        stop.set()
        thread.join()
    assert min(met.values()) > 0, met
    assert on_disk(outside) == ["secret.txt"]
    assert (outside / "secret.txt").read_text() == "secret"


def test_pipes_and_sockets_are_not_objects_and_nothing_waits_for_them(
    home: Path, container: Container
) -> None:
    os.mkfifo(home / "pipe")
    with socket.socket(socket.AF_UNIX) as server:
        server.bind(str(home / "socket"))
        assert listed(container) == []
        assert container.driver.list_page(container).objects == []
        for name in ("pipe", "socket"):
            with pytest.raises(ObjectDoesNotExistError):
                container.get_object(name)
            with pytest.raises(InvalidObjectNameError):
                put(container, name)
    assert on_disk(home) == ["pipe", "socket"]


def test_a_part_file_is_no_object(home: Path, container: Container) -> None:
    (home / ".0123456789abcdef.skyferry-part").write_text("half")
    assert listed(container) == []
