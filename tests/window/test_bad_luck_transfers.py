"""Bad luck while bytes move, met in the window: what the row says, what its buttons do, that nothing is lost
here or there, and that nothing stays behind: no part file, no open upload, no thread.
"""

from __future__ import annotations

import hashlib
import os
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from PySide6.QtWidgets import QApplication

from gui.background import until
from gui.dialogs.details import DetailsDialog
from gui.dialogs.secret import SecretDialog
from storage_core.base import downloading
from storage_core.transfers import State
from tests.servers import faults
from tests.servers.canned import Reply, Request, reply
from tests.servers.faults import Fault, Plan
from tests.servers.moto import Moto
from tests.servers.swift import Swift

from .luck import (
    account,
    bigger,
    boto,
    click,
    download,
    drop,
    ended,
    engine_threads,
    files,
    gateway,
    in_state,
    line,
    mounts,
    passed_on,
    picture,
    press_row,
    rows,
    shown_dialog,
    small_disk,
    stored,
    uploads_open,
    with_vault,
    words,
)
from .scene import Scene, show
from .stage import typed

pytestmark = pytest.mark.window
MIB = 1024 * 1024
ROOT = Path(__file__).parents[2]
BUSY = b"<Error><Code>SlowDown</Code><Message>Please reduce your request rate.</Message></Error>"


@pytest.fixture(autouse=True)
def nothing_left() -> Iterator[None]:
    """No thread outlives its story."""
    yield
    assert not engine_threads()


def impatient(scene: Scene, seconds: float) -> None:
    """Network trouble becomes a failure sooner than people would want it to."""
    scene.app.engine._crew._settling._patience = seconds


def file_of(tmp_path: Path, name: str, size: int) -> Path:
    path = tmp_path / "from" / name
    path.parent.mkdir(exist_ok=True)
    path.write_bytes(os.urandom(size))
    return path


def container(server: Any, name: str, **objects: bytes) -> Any:
    """A boto3 client and its new container."""
    client = boto(server)
    client.create_bucket(Bucket=name)
    for key, data in objects.items():
        client.put_object(Bucket=name, Key=key, Body=data)
    return client


def parts_held(client: Any, name: str) -> int:
    """Bytes in parts of the one upload that is open there."""
    held = 0
    for upload in client.list_multipart_uploads(Bucket=name).get("Uploads", []):
        listed = client.list_parts(Bucket=name, Key=upload["Key"], UploadId=upload["UploadId"])
        held += sum(part["Size"] for part in listed.get("Parts", []))
    return held


async def details(scene: Scene, name: str) -> str:
    """Press Details and read; closes it again."""
    press_row(scene, "details")
    dialog = await shown_dialog(DetailsDialog)
    picture(dialog, f"details-{name}")
    said = words(dialog)
    cells = [
        dialog.table.item(row, column).text() for row in range(dialog.table.rowCount()) for column in range(3)
    ]
    click(dialog, "Close")
    await until(lambda: not dialog.isVisible(), 5, "the end of the dialog")
    return " ".join([said, *cells])


# -- the line --


def test_an_upload_that_is_cut_goes_on_by_itself(
    application: QApplication, tmp_path: Path, swift_server: Swift
) -> None:
    client = container(swift_server, "luck-cut-up")
    path = file_of(tmp_path, "film.bin", 24 * MIB)

    async def story(scene: Scene) -> None:
        with faults.proxy(swift_server.endpoint) as proxy:
            await scene.open(account(scene, swift_server, proxy.endpoint), "luck-cut-up")
            proxy.clear()
            proxy.script(*[Plan(up=Fault(reset_after=3 * MIB))] * 3, Plan(down=Fault(close_after=10)))
            drop(scene, path)
            row = await ended(scene)
            assert (row.state, row.error) == (State.DONE, "")
            assert len(proxy.connections) > 4
            await until(lambda: scene.names() == ["film.bin"], 10, "the row in the list")

    show(story, tmp_path)
    assert stored(client, "luck-cut-up") == {"film.bin": path.read_bytes()}
    assert not uploads_open(client, "luck-cut-up")


def test_a_download_that_is_cut_goes_on_by_itself(
    application: QApplication, tmp_path: Path, swift_server: Swift
) -> None:
    data = os.urandom(24 * MIB)
    container(swift_server, "luck-cut-down", film=data)
    target = tmp_path / "target"
    target.mkdir()

    async def story(scene: Scene) -> None:
        with faults.proxy(swift_server.endpoint) as proxy:
            await scene.open(account(scene, swift_server, proxy.endpoint), "luck-cut-down")
            scene.window.objects.select_all()
            proxy.clear()
            proxy.script(*[Plan(down=Fault(reset_after=2 * MIB))] * 3, Plan(down=Fault(close_after=MIB)))
            await download(scene, target)
            row = await ended(scene)
            assert (row.state, row.error) == (State.DONE, "")
            assert len(proxy.connections) > 4

    show(story, tmp_path)
    assert files(target) == {"film": data}


@pytest.mark.parametrize("way", ["up", "down"])
def test_while_the_server_is_away_the_row_says_so_and_cancel_leaves_nothing(
    application: QApplication, tmp_path: Path, swift_server: Swift, way: str
) -> None:
    name = f"luck-away-{way}"
    data = os.urandom(24 * MIB)
    client = container(swift_server, name, **({"film": data} if way == "down" else {}))
    path = file_of(tmp_path, "new.bin", 24 * MIB)
    target = tmp_path / "target"
    target.mkdir()

    async def story(scene: Scene) -> None:
        with faults.proxy(swift_server.endpoint) as proxy:
            await scene.open(account(scene, swift_server, proxy.endpoint, attempts=2), name)
            scene.app.engine.bytes_per_second_max = 12 * MIB
            if way == "up":
                drop(scene, path)
            else:
                scene.window.objects.select_all()
                await download(scene, target)
            await until(lambda: rows(scene) and rows(scene)[0].bytes_done > 2 * MIB, 10, "some bytes")
            proxy.always = faults.REFUSE
            proxy.cut()
            await until(lambda: "Waiting for the network" in line(scene), 20, "the word of it")
            picture(scene.window, f"away-{way}")
            assert rows(scene)[0].state is State.RUNNING
            proxy.always = faults.CLEAN
            press_row(scene, "cancel")
            assert (await ended(scene)).state is State.CANCELLED
            await until(lambda: not uploads_open(client, name), 10, "the end of the upload")
            await until(lambda: files(target) == {}, 10, "the end of the part file")

    show(story, tmp_path)
    assert stored(client, name) == ({"film": data} if way == "down" else {})


def test_a_server_that_does_not_come_back_is_a_failure_that_try_again_mends(
    application: QApplication, tmp_path: Path, swift_server: Swift
) -> None:
    client = container(swift_server, "luck-gone")
    path = file_of(tmp_path, "new.bin", 24 * MIB)

    async def story(scene: Scene) -> None:
        impatient(scene, 2)
        with faults.proxy(swift_server.endpoint) as proxy:
            await scene.open(account(scene, swift_server, proxy.endpoint, attempts=2), "luck-gone")
            scene.app.engine.bytes_per_second_max = 12 * MIB
            drop(scene, path)
            await until(lambda: rows(scene) and rows(scene)[0].bytes_done > 2 * MIB, 10, "some bytes")
            proxy.always = faults.REFUSE
            proxy.cut()
            row = await ended(scene)
            picture(scene.window, "gone")
            assert row.state is State.FAILED
            assert "Nothing moved for 2 seconds" in line(scene)
            proxy.always = faults.CLEAN
            scene.app.engine.bytes_per_second_max = 0
            press_row(scene, "retry")
            await in_state(scene, State.DONE)

    show(story, tmp_path)
    assert stored(client, "luck-gone") == {"new.bin": path.read_bytes()}
    assert not uploads_open(client, "luck-gone")


def test_a_busy_service_is_waited_for_and_that_is_said(
    application: QApplication, tmp_path: Path, swift_server: Swift
) -> None:
    client = container(swift_server, "luck-503")
    paths = [file_of(tmp_path, f"{number}.txt", 1000) for number in range(5)]
    busy = threading.Event()

    def harm(request: Request) -> Reply | None:
        return reply(503, BUSY) if request.method == "PUT" and busy.is_set() else None

    async def story(scene: Scene) -> None:
        with gateway(swift_server.endpoint, harm) as server:
            await scene.open(account(scene, swift_server, server.endpoint, attempts=1), "luck-503")
            busy.set()
            drop(scene, *paths)
            await until(lambda: rows(scene) and "Waiting for" in line(scene), 10, "the word of it")
            picture(scene.window, "busy")
            busy.clear()
            row = await ended(scene)
            assert (row.state, row.error) == (State.DONE, "")

    show(story, tmp_path)
    assert stored(client, "luck-503") == {path.name: path.read_bytes() for path in paths}


# -- what arrives --


@pytest.mark.parametrize("harm", ["short", "flipped"])
def test_a_download_that_arrives_wrong_fails_and_the_old_file_stays(
    application: QApplication,
    tmp_path: Path,
    swift_server: Swift,
    monkeypatch: pytest.MonkeyPatch,
    harm: str,
) -> None:
    monkeypatch.setattr(downloading, "REOPENS", 1)  # less patience than people have
    name = f"luck-{harm}"
    container(swift_server, name, report=b"what is stored " * 1000)
    target = tmp_path / "target"
    target.mkdir()
    (target / "other").write_bytes(b"was here before")

    def harmed(request: Request) -> Reply | None:
        if request.method != "GET" or not request.path.endswith("/report"):
            return None
        good = passed_on(swift_server.endpoint, request)
        assert isinstance(good.body, bytes)
        if harm == "short":
            came = b"" if request.header("Range") else good.body[:100]  # and never a byte more
            return replace(good, body=came, then="close")
        return replace(good, body=bytes([good.body[0] ^ 1]) + good.body[1:])

    async def story(scene: Scene) -> None:
        impatient(scene, 0.5)
        with gateway(swift_server.endpoint, harmed) as server:
            await scene.open(account(scene, swift_server, server.endpoint, attempts=1), name)
            scene.window.objects.select_all()
            await download(scene, target)
            row = await ended(scene, 30)
            picture(scene.window, f"arrives-{harm}")
            assert row.state is State.FAILED
            said = await details(scene, harm)
        wanted = (
            "did not arrive as it is stored" if harm == "flipped" else "lost before the answer was complete"
        )
        assert wanted in line(scene)
        assert wanted in said
        assert "report" in said

    show(story, tmp_path)
    assert files(target) == {"other": b"was here before"}


def test_an_upload_that_arrives_wrong_is_not_kept_there(
    application: QApplication, tmp_path: Path, moto_server: Moto
) -> None:
    """moto looks at no hash, as some services do: the ETag tells."""
    client = container(moto_server, "luck-flipped-up", old=b"was here before")
    path = file_of(tmp_path, "new.bin", 5000)

    def harmed(request: Request) -> Reply | None:
        if request.method != "PUT" or not request.path.endswith("/new.bin"):
            return None
        at = len(request.raw) - 1
        raw = request.raw[:at] + bytes([request.raw[at] ^ 1])
        return passed_on(moto_server.endpoint, request, raw)

    async def story(scene: Scene) -> None:
        with gateway(moto_server.endpoint, harmed) as server:
            await scene.open(account(scene, moto_server, server.endpoint), "luck-flipped-up")
            drop(scene, path)
            row = await ended(scene)
            picture(scene.window, "flipped-up")
            assert row.state is State.FAILED
            assert "new.bin" in line(scene)
            assert "hash" in line(scene).lower() or "MD5" in line(scene)

    show(story, tmp_path)
    assert stored(client, "luck-flipped-up") == {"old": b"was here before"}


# -- this computer --


@pytest.mark.parametrize("harm", ["vanishes", "changes"])
def test_a_file_that_does_not_hold_still_is_not_stored_half(
    application: QApplication, tmp_path: Path, swift_server: Swift, harm: str
) -> None:
    name = f"luck-{harm}"
    client = container(swift_server, name)
    path = file_of(tmp_path, "log.bin", 24 * MIB)
    stop = threading.Event()

    def writing() -> None:
        while not stop.wait(0.05):
            with open(path, "ab") as file:
                file.write(b"another line\n")

    writer = threading.Thread(target=writing)

    async def story(scene: Scene) -> None:
        await scene.open(account(scene, swift_server), name)
        scene.app.engine.bytes_per_second_max = 12 * MIB
        drop(scene, path)
        await until(lambda: rows(scene) and rows(scene)[0].bytes_done > 2 * MIB, 10, "some bytes")
        if harm == "vanishes":
            path.unlink()
        else:
            writer.start()
        scene.app.engine.bytes_per_second_max = 0
        row = await ended(scene)
        picture(scene.window, f"file-{harm}")
        assert row.state is State.FAILED
        said = line(scene)
        assert "log.bin" in said
        assert ("vanished" if harm == "vanishes" else "changed") in said or "No such file" in said
        await until(lambda: not uploads_open(client, name), 10, "the end of the upload")

    try:
        show(story, tmp_path)
    finally:
        stop.set()
        if writer.is_alive():
            writer.join()
    assert stored(client, name) == {}


@mounts
def test_a_full_disk_pauses_says_so_and_goes_on_when_there_is_room(
    application: QApplication, tmp_path: Path, swift_server: Swift
) -> None:
    data = {f"{number}.bin": os.urandom(3 * MIB) for number in range(4)}
    client = container(swift_server, "luck-full")
    for key, content in data.items():
        client.put_object(Bucket="luck-full", Key=key, Body=content)

    async def story(scene: Scene) -> None:
        with small_disk(tmp_path / "disk") as disk:
            (disk / "mine.txt").write_bytes(b"was here before")
            await scene.open(account(scene, swift_server), "luck-full")
            scene.window.objects.select_all()
            await download(scene, disk)
            await in_state(scene, State.PAUSED)
            picture(scene.window, "disk-full")
            assert "full" in line(scene)
            bigger(disk, "64m")
            press_row(scene, "resume")
            row = await in_state(scene, State.DONE, State.FAILED)
            assert (row.state, row.error) == (State.DONE, "")
            assert files(disk) == {**data, "mine.txt": b"was here before"}

    show(story, tmp_path)


@mounts
def test_giving_up_on_a_full_disk_leaves_what_was_there_and_no_part(
    application: QApplication, tmp_path: Path, swift_server: Swift
) -> None:
    container(swift_server, "luck-full-too", film=os.urandom(20 * MIB))

    async def story(scene: Scene) -> None:
        with small_disk(tmp_path / "disk") as disk:
            (disk / "mine.txt").write_bytes(b"was here before")
            await scene.open(account(scene, swift_server), "luck-full-too")
            scene.window.objects.select_all()
            await download(scene, disk)
            await in_state(scene, State.PAUSED)
            press_row(scene, "cancel")
            assert (await ended(scene)).state is State.CANCELLED
            await until(lambda: files(disk) == {"mine.txt": b"was here before"}, 10, "the end of the part")

    show(story, tmp_path)


@mounts
def test_a_folder_that_may_not_be_written_is_named(
    application: QApplication, tmp_path: Path, swift_server: Swift
) -> None:
    container(swift_server, "luck-closed", film=b"1")

    async def story(scene: Scene) -> None:
        with small_disk(tmp_path / "disk") as disk:
            subprocess.run(["mount", "-o", "remount,ro", str(disk)], check=True)
            await scene.open(account(scene, swift_server), "luck-closed")
            scene.window.objects.select_all()
            await download(scene, disk)
            row = await ended(scene)
            picture(scene.window, "read-only")
            assert row.state is State.FAILED
            assert str(disk) in line(scene)
            assert "Read-only" in line(scene)

    show(story, tmp_path)


def test_names_that_one_disk_cannot_hold_together_fail_alone(
    application: QApplication, tmp_path: Path, swift_server: Swift
) -> None:
    client = container(swift_server, "luck-both", a=b"an object", c=b"another")
    client.put_object(Bucket="luck-both", Key="a/b", Body=b"below it")
    target = tmp_path / "target"
    target.mkdir()

    async def story(scene: Scene) -> None:
        await scene.open(account(scene, swift_server), "luck-both")
        scene.window.objects.select_all()
        await download(scene, target)
        row = await ended(scene)
        picture(scene.window, "both")
        assert (row.state, row.items_done, row.items_failed) == (State.FAILED, 2, 1)
        said = await details(scene, "both")
        assert "1 failed" in said

    show(story, tmp_path)
    assert len(files(target)) == 2
    assert files(target)["c"] == b"another"


# -- signing in --


def test_a_key_that_is_revoked_on_the_way_is_asked_for_and_the_transfer_goes_on(
    application: QApplication, tmp_path: Path, swift_server: Swift
) -> None:
    client = container(swift_server, "luck-revoke")
    path = file_of(tmp_path, "new.bin", 5000)
    revoked = threading.Event()
    refusal = b"<Error><Code>InvalidAccessKeyId</Code><Message>No such key.</Message></Error>"

    def harm(request: Request) -> Reply | None:
        return reply(403, refusal) if revoked.is_set() else None

    async def story(scene: Scene) -> None:
        with_vault(scene)
        with gateway(swift_server.endpoint, harm) as server:
            await scene.open(account(scene, swift_server, server.endpoint), "luck-revoke")
            revoked.set()
            drop(scene, path)
            await in_state(scene, State.NEEDS_SIGN_IN)
            picture(scene.window, "needs-sign-in")
            assert "sign-in" in line(scene)
            press_row(scene, "resume")
            dialog = await shown_dialog(SecretDialog)
            revoked.clear()
            typed(dialog._inputs[0].control, swift_server.secret_key)
            click(dialog, "Sign in")
            row = await in_state(scene, State.DONE)
            assert row.error == ""

    show(story, tmp_path)
    assert stored(client, "luck-revoke") == {"new.bin": path.read_bytes()}


# -- kill -9 --


_KILLED = """
import asyncio, sys
from pathlib import Path
from PySide6.QtWidgets import QApplication
from tests.window.luck import account, drop
from tests.window.scene import show
class Server: endpoint, access_key, secret_key, region = sys.argv[2:6]
application = QApplication(sys.argv[:1])
async def story(scene):
    await scene.open(account(scene, Server), sys.argv[6])
    scene.app.engine.bytes_per_second_max = 8 << 20
    drop(scene, Path(sys.argv[7]))
    await asyncio.sleep(60)
show(story, Path(sys.argv[1]))
"""


def test_after_kill_9_resume_sends_the_rest_and_nothing_is_left(
    application: QApplication, tmp_path: Path, swift_server: Swift
) -> None:
    client = container(swift_server, "luck-killed")
    path = file_of(tmp_path, "film.bin", 40 * MIB)
    server = [swift_server.endpoint, swift_server.access_key, swift_server.secret_key, swift_server.region]
    argv = [sys.executable, "-c", _KILLED, str(tmp_path), *server, "luck-killed", str(path)]
    with open(tmp_path / "log", "w+b") as log:
        process = subprocess.Popen(argv, cwd=ROOT, stdout=log, stderr=log)
        end = time.monotonic() + 30
        while not parts_held(client, "luck-killed"):
            assert process.poll() is None, (tmp_path / "log").read_text()
            assert time.monotonic() < end
            time.sleep(0.02)
        process.kill()
        process.wait()
    missing = 40 * MIB - parts_held(client, "luck-killed")
    assert missing > 0

    async def story(scene: Scene) -> None:
        sent: list[int] = []

        def watch(request: Request) -> None:
            sent.append(len(request.body))

        with gateway(swift_server.endpoint, watch) as gate:
            account(scene, swift_server, gate.endpoint)
            scene.window.jobs.wake()
            row = await in_state(scene, State.NEEDS_SIGN_IN, State.PAUSED)
            picture(scene.window, "killed")
            assert row.title == "film.bin"
            press_row(scene, "resume")
            await in_state(scene, State.DONE, seconds=30)
        assert sum(sent) <= missing + MIB

    show(story, tmp_path)
    [(key, data)] = stored(client, "luck-killed").items()
    assert (key, hashlib.md5(data).digest()) == ("film.bin", hashlib.md5(path.read_bytes()).digest())
    assert not uploads_open(client, "luck-killed")
