"""Bad luck for tests: a gateway that harms requests to a real server, a small disk, and hands on the window.

Everything a person could press is pressed with a mouse; everything said is read where a person reads it.
"""

from __future__ import annotations

import functools
import http.client
import inspect
import os
import socket
import subprocess
import sys
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, TypeVar
from urllib.parse import urlsplit

import boto3
from botocore.config import Config
from PySide6.QtCore import QMimeData, QModelIndex, QPoint, QPointF, Qt, QUrl
from PySide6.QtGui import QAction, QDragEnterEvent, QDropEvent
from PySide6.QtTest import QTest
from PySide6.QtWidgets import (
    QAbstractButton,
    QApplication,
    QFileDialog,
    QLabel,
    QToolButton,
    QWidget,
)
from shiboken6 import Shiboken

from gui.accounts import Account
from gui.background import until
from gui.flows.connect import open_account
from gui.models.transfers import ROW, state_text
from gui.panes.transfer_rows import BUTTONS
from gui.secrets import Secrets, Vault
from storage_core.transfers import JobRow, State
from tests.servers import canned
from tests.servers.canned import CannedServer, Reply, Request

from .scene import PATIENCE, Scene
from .stage import choose, press

D = TypeVar("D", bound=QWidget)
PICTURES = os.environ.get("BAD_LUCK_PICTURES", "")  # a folder: every state that is told is pictured there


# -- servers --


@contextmanager
def gateway(endpoint: str, harm: Callable[[Request], Reply | None]) -> Iterator[CannedServer]:
    """A server that passes every request on to a real one, byte for byte, unless `harm` answers itself."""
    with canned.running() as server:

        def step(request: Request) -> Reply:
            return harm(request) or passed_on(endpoint, request)

        for method in ("GET", "PUT", "POST", "HEAD", "DELETE"):
            server.always(method, step)
        yield server


def passed_on(endpoint: str, request: Request, raw: bytes | None = None) -> Reply:
    """What the real server says to a request; to `raw` in its place where that is given."""
    parts = urlsplit(endpoint)
    with socket.create_connection((parts.hostname or "", parts.port or 80), timeout=20) as wire:
        wire.sendall(raw or request.raw)
        answer = http.client.HTTPResponse(wire, method=request.method)
        answer.begin()
        body = answer.read()
        head = [f"HTTP/1.1 {answer.status} {answer.reason}"]
        dropped = {"connection", "transfer-encoding", "keep-alive"}
        head += [f"{name}: {value}" for name, value in answer.getheaders() if name.lower() not in dropped]
        if answer.getheader("Content-Length") is None:
            head.append(f"Content-Length: {len(body)}")
    return Reply(("\r\n".join(head) + "\r\n\r\n").encode("latin-1"), body)


def boto(server: Any) -> Any:
    """What somebody else's program sees."""
    config = Config(s3={"addressing_style": "path"}, retries={"max_attempts": 1})
    return boto3.client(
        "s3", endpoint_url=server.endpoint, aws_access_key_id=server.access_key,
        aws_secret_access_key=server.secret_key, region_name=server.region, config=config,
    )  # fmt: skip


def uploads_open(client: Any, container: str) -> list[str]:
    """Names of uploads that were begun and neither completed nor given up."""
    return [one["Key"] for one in client.list_multipart_uploads(Bucket=container).get("Uploads", [])]


def stored(client: Any, container: str) -> dict[str, bytes]:
    """All objects."""
    listed = client.list_objects_v2(Bucket=container).get("Contents", [])
    return {one["Key"]: client.get_object(Bucket=container, Key=one["Key"])["Body"].read() for one in listed}


def account(scene: Scene, server: Any, endpoint: str = "", *, secret: str = "", **network: Any) -> str:
    """A saved account at that server, its secret known for this run. Returns its id.

    With `network` it is open already, with other patience than people have.
    """
    values = {"endpoint": endpoint or server.endpoint, "key": server.access_key, "region": server.region}
    saved = Account("cloud", "Cloud", "s3_compatible", values)
    secrets = {"secret": secret or server.secret_key}
    scene.app.accounts.add(saved)
    scene.app.secrets.keep_for_this_run(saved.id, secrets)
    if network:
        scene.app.drivers.put(saved.id, open_account(saved, secrets, "", **network))
    scene.window.accounts_changed()
    return saved.id


class FakeVault:
    """A keyring in a dictionary."""

    def __init__(self) -> None:
        self.items: dict[str, str] = {}

    def get_password(self, service: str, username: str) -> str | None:
        return self.items.get(username)

    def set_password(self, service: str, username: str, password: str) -> None:
        self.items[username] = password

    def delete_password(self, service: str, username: str) -> None:
        del self.items[username]


def with_vault(scene: Scene) -> FakeVault:
    """Secrets can be kept in this scene."""
    vault = FakeVault()
    scene.app.secrets = Secrets(lambda: Vault(vault, "the fake keyring"))
    return vault


# -- this computer --


def mounts(test: Callable[..., None]) -> Callable[..., None]:
    """A test that mounts a disk: where it is not root it runs again, as root of a namespace of its own."""

    @functools.wraps(test)
    def again(**fixtures: Any) -> None:
        if os.geteuid() == 0:
            test(**fixtures)
            return
        argv = ["unshare", "--user", "--map-root-user", "--mount", sys.executable, "-m", "pytest", "-q"]
        name = f"{inspect.getfile(test)}::{test.__name__}"
        done = subprocess.run(
            [*argv, "-p", "no:cacheprovider", name], capture_output=True, text=True, check=False
        )
        assert done.returncode == 0, done.stdout + done.stderr
        assert "1 passed" in done.stdout

    return again


@contextmanager
def small_disk(folder: Path, size: str = "8m") -> Iterator[Path]:
    """A real file system of that size; `bigger` gives it room."""
    folder.mkdir()
    subprocess.run(["mount", "-t", "tmpfs", "-o", f"size={size}", "none", str(folder)], check=True)
    try:
        yield folder
    finally:
        subprocess.run(["umount", "--lazy", str(folder)], check=True)


def bigger(folder: Path, size: str) -> None:
    subprocess.run(["mount", "-o", f"remount,size={size}", str(folder)], check=True)


def files(folder: Path) -> dict[str, bytes]:
    """All files below, part files and other hidden ones included."""
    found = [path for path in folder.rglob("*") if path.is_file()]
    return {str(path.relative_to(folder)): path.read_bytes() for path in found}


def engine_threads() -> list[str]:
    """Threads of an engine that are still there."""
    return [one.name for one in threading.enumerate() if one.name.startswith("skyferry")]


# -- hands --


def button(parent: QWidget, text: str) -> QAbstractButton:
    """The button that is shown with this text; mnemonics, dots and spaces do not matter."""
    said = {
        one: one.text().replace("&", "").strip().rstrip("…")
        for one in parent.findChildren(QAbstractButton)
        if one.isVisible()
    }
    found = [one for one, its in said.items() if its == text]
    assert len(found) == 1, f"{text!r} is not one of {sorted(said.values())}"
    return found[0]


def click(parent: QWidget, text: str) -> None:
    """A real click on the button with this text."""
    press(button(parent, text))


async def command(scene: Scene, command_id: str) -> None:
    """A real click on the toolbar's button of a command, once it is on."""
    action: QAction = scene.window.commands[command_id]
    found = [
        one
        for one in scene.window.findChildren(QToolButton)
        if one.defaultAction() is action and one.isVisible()
    ]
    assert found, f"{command_id} has no button that is shown"
    await until(found[0].isEnabled, 5, f"{command_id} switched on")
    press(found[0])


def drop(scene: Scene, *paths: Path) -> None:
    """Drop files of a file manager into the list."""
    mime = QMimeData()
    mime.setUrls([QUrl.fromLocalFile(str(path)) for path in paths])
    send_drop(scene.window.objects.table.viewport(), mime)


def send_drop(view: QWidget, mime: QMimeData) -> None:
    """As the window system does it: enter, then drop, near the lower end."""
    at = QPoint(view.width() // 2, view.height() - 6)
    actions, mouse, keys = (
        Qt.DropAction.CopyAction,
        Qt.MouseButton.LeftButton,
        Qt.KeyboardModifier.NoModifier,
    )
    QApplication.sendEvent(view, QDragEnterEvent(at, actions, mime, mouse, keys))
    event = QDropEvent(QPointF(at), actions, mime, mouse, keys)
    QApplication.sendEvent(view, event)
    assert event.isAccepted(), "the drop was refused"


async def download(scene: Scene, folder: Path) -> None:
    """Press Download and choose the folder; what is selected goes there."""
    await command(scene, "object.download")
    dialog = await shown_dialog(QFileDialog)
    choose(dialog, folder)


def visible(kind: type[D]) -> list[D]:
    """Top-level widgets of this class that can be seen."""
    return [
        one
        for one in QApplication.topLevelWidgets()
        if Shiboken.isValid(one) and isinstance(one, kind) and one.isVisible()
    ]


async def shown_dialog(kind: type[D]) -> D:
    """The dialog of this class that is open now, or soon."""
    await until(lambda: visible(kind), PATIENCE, f"a {kind.__name__}")
    return visible(kind)[0]


def words(widget: QWidget) -> str:
    """All that its visible labels say."""
    return " ".join(one.text() for one in widget.findChildren(QLabel) if one.isVisible())


# -- transfers --


def rows(scene: Scene) -> list[JobRow]:
    """What the transfers pane shows."""
    model = scene.window.jobs
    return [model.index(row, 0).data(ROW) for row in range(model.rowCount())]


def line(scene: Scene) -> str:
    """What the newest transfer says of itself."""
    return state_text(rows(scene)[0])


async def in_state(scene: Scene, *states: State, seconds: float = PATIENCE) -> JobRow:
    """The newest transfer as shown, when it is in one of these states."""

    def there() -> bool:
        return bool(rows(scene)) and rows(scene)[0].state in states

    try:
        await until(there, seconds, f"{states}")
    except TimeoutError as error:
        raise AssertionError(f"{error}; shown: {rows(scene)[:1]}") from error
    return rows(scene)[0]


async def ended(scene: Scene, seconds: float = PATIENCE) -> JobRow:
    return await in_state(scene, *(state for state in State if state.is_end), seconds=seconds)


def press_row(scene: Scene, action: str, row: int = 0) -> None:
    """A real click on a button at the end of a transfer's row."""
    pane = scene.window.transfers
    index: QModelIndex = scene.window.jobs.index(row, 0)
    state = index.data(ROW).state
    assert action in BUTTONS[state], f"a {state} transfer has no {action}"
    areas = dict(pane._delegate._buttons(pane.list.visualRect(index), index.data(ROW)))
    QTest.mouseClick(pane.list.viewport(), Qt.MouseButton.LeftButton, pos=areas[action].center())


def picture(widget: QWidget, name: str) -> None:
    """For whoever wants to look: BAD_LUCK_PICTURES=folder pytest …"""
    if PICTURES:
        widget.grab().save(f"{PICTURES}/{name}.png")
