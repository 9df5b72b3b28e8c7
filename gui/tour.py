"""The guided tour: real files through the real window, by the flows of the commands; every byte is checked.

`play` works on any account, prints a line per step, writes pictures, takes away what it made, gives 0 or 1.
"""

from __future__ import annotations

import hashlib
import logging
import os
import secrets
import shutil
import tempfile
import time
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import TypeVar

from PySide6.QtCore import QPoint
from PySide6.QtGui import QColor, QPainter
from PySide6.QtWidgets import QApplication, QDialog, QPushButton

from storage_core.base.driver import StorageDriver
from storage_core.errors import LibcloudError
from storage_core.transfers import State

from .accounts import HOME, THIS_COMPUTER, Account, Place
from .background import in_thread, pause, start, until, within
from .context import Context
from .dialogs.account import AccountDialog
from .dialogs.conflict import ConflictDialog
from .dialogs.metadata_table import KEY_COLUMN, VALUE_COLUMN
from .dialogs.name import NameDialog
from .dialogs.properties import PropertiesDialog
from .dialogs.public import PublicDialog
from .error_box import Box
from .flows import cdn, connect, container, copy, download, metadata, upload
from .flows.window import Window
from .panes.dragging import Dragged

D = TypeVar("D", bound=QDialog)
_log = logging.getLogger(__name__)
SECONDS_PER_STEP = 120.0
SECONDS_PER_DIALOG = 20.0
SLOW = 5_000_000  # bytes per second while a picture of a transfer is taken
SIZE = (1280, 800)
NOTE = ("tour", "seen by the guided tour")  # the metadata it writes
USER = "someone-on-tour"
PASTED = f"""\
clouds:
  tour:
    auth: {{auth_url: "https://keystone.invalid/v3", username: {USER}, password: secret, project_name: p}}
"""
LARGE = 17_000_000  # bytes; from 16 MiB on a file goes in parts


class TourFailed(Exception):
    """What is not as it should be, as a sentence."""


@dataclass(slots=True)
class Tour:
    """One run. `files` are the names below the uploaded folder, with their content's SHA-256."""

    app: Context
    window: Window
    account: Account
    pictures: Path | None
    work: Path  # inside the home folder, so that *This computer* can reach it
    files: dict[str, str] = field(default_factory=dict)
    container: str = ""
    is_ours: bool = False  # the container was made by the tour
    noted: bool = False  # metadata was written
    job: int = 0  # the last transfer that is known
    shot: int = 0

    @property
    def top(self) -> Place:
        """The folder of the account that everything happens in."""
        return Place(self.account.id, self.container, f"{self.work.name}/")

    @property
    def folder(self) -> Place:
        """The uploaded folder."""
        return self.top.below("holidays")

    @property
    def driver(self) -> StorageDriver:
        found = self.app.drivers.get(self.account.id)
        if found is None:
            raise TourFailed(f"“{self.account.title}” could not be opened")
        return found


async def play(app: Context, window: Window, account_name: str, pictures: Path | None) -> int:
    """Play all steps on the account of that name or id: 0 when all went well, else 1."""
    account = next((one for one in app.accounts.all() if account_name in (one.id, one.title)), None)
    if account is None:
        print(f"FAILED: there is no account called {account_name!r}", flush=True)
        return 1
    window.widget.resize(*SIZE)
    work = Path(tempfile.mkdtemp(prefix="skyferry-tour-", dir=Path.home()))
    tour = Tour(app, window, account, pictures, work)
    code = 0
    try:
        if pictures is not None:
            pictures.mkdir(parents=True, exist_ok=True)
        for step in STEPS:
            began = time.monotonic()
            said = await within(SECONDS_PER_STEP, step(tour))
            print(f"ok  {time.monotonic() - began:5.1f} s  {said}", flush=True)
    except Exception as error:  # a fault of ours is a failure of the tour as well
        _log.error("the tour failed", exc_info=error)
        print(f"FAILED in “{_title(step)}”: {str(error) or type(error).__name__}", flush=True)
        await _picture(tour, "failed")
        code = 1
    finally:
        await _clean(tour)
    return code


# -- steps: each says in the end what it has seen --


async def open_account(tour: Tour) -> str:
    tour.window.open_place(Place(tour.account.id))
    await until(lambda: tour.app.drivers.get(tour.account.id), 60, f"opening “{tour.account.title}”")
    await _picture(tour, "empty")
    return f"opened “{tour.account.title}”"


async def look_at_the_account_dialog(tour: Tour) -> str:
    adding = start(connect.add_account(tour.app, tour.window), tour.window.widget)
    dialog = await _dialog(AccountDialog)
    if dialog.providers is None:
        raise TourFailed("the account dialog offers no services")
    dialog.providers.select("s3")
    await _picture(tour, "account", dialog)
    dialog.pasted.emit(PASTED)
    await until(lambda: _is_filled(dialog), SECONDS_PER_DIALOG, "filling the form from a clouds.yaml")
    dialog.reject()
    await adding
    return "saw the account dialog fill its form from a clouds.yaml"


async def make_a_container(tour: Tour) -> str:
    if tour.account.containers:
        tour.container = tour.account.containers[0]
        return f"uses the container {tour.container}"
    if not tour.driver.capabilities.create_containers:
        names = await in_thread(tour.driver.list_containers, account=tour.account.id)
        if not names:
            raise TourFailed("there is no container, and none can be made")
        tour.container = names[0].name
        return f"uses the container {tour.container}"
    name = f"skyferry-tour-{secrets.token_hex(4)}"
    await until(lambda: tour.window.place is not None, 20, "opening the account")
    making = start(container.new_container(tour.app, tour.window), tour.window.widget)
    dialog = await _dialog(NameDialog)
    dialog.field.setText(name)
    if not dialog.yes.isEnabled():
        raise TourFailed(f"the name {name} was refused: {dialog.problem.text()}")
    dialog.yes.click()
    await making
    tour.container, tour.is_ours = name, True
    await in_thread(tour.driver.get_container, name, account=tour.account.id)
    return f"made the container {name}"


async def upload_a_folder(tour: Tour) -> str:
    await in_thread(_write_files, tour, pool="disk")
    paths = [str(tour.work / "holidays")]
    await _transfer(tour, upload.upload_paths(tour.app, tour.window, paths, tour.top), picture="transferring")
    return f"uploaded {len(tour.files)} files"


async def list_them(tour: Tour) -> str:
    tour.window.open_place(tour.folder)
    keys = {f"{tour.folder.prefix}{name}" for name in tour.files if "/" not in name}

    def listed() -> bool:
        if tour.window.place != tour.folder:
            return False
        tour.window.objects.select(keys)
        return {entry.key for entry in tour.window.selected()} == keys

    await until(listed, 60, "the listing of the uploaded files")
    await _picture(tour, "browsing")
    return f"listed {len(keys)} objects in {tour.folder.text()}"


async def copy_to_this_computer_and_back(tour: Tour) -> str:
    landing = Place(THIS_COMPUTER, HOME, f"{tour.work.name}/copied/")
    (tour.work / "copied").mkdir()
    out = Dragged(tour.account.id, tour.container, tour.top.prefix, (tour.folder.prefix,))
    await _transfer(tour, copy.copy_dragged(tour.app, tour.window, out, landing))
    await in_thread(_compare, tour, tour.work / "copied" / "holidays", pool="disk")
    back = Dragged(THIS_COMPUTER, HOME, landing.prefix, (f"{landing.prefix}holidays/",))
    await _transfer(tour, copy.copy_dragged(tour.app, tour.window, back, tour.top.below("back")))
    found = await in_thread(_names_below, tour, f"{tour.top.prefix}back/holidays/", account=tour.account.id)
    if found != set(tour.files):
        raise TourFailed(f"{len(found)} of {len(tour.files)} objects came back")
    if tour.noted:
        for place in (landing, tour.top.below("back")):
            await _check_note(tour, place.account, place.container, f"{place.prefix}holidays/letter.txt")
    return "copied the folder to This computer and back, metadata included"


async def edit_metadata(tour: Tour) -> str:
    if sentence := tour.driver.capabilities.why_not("set_attributes"):
        return f"skipped metadata: {sentence}"
    key = f"{tour.folder.prefix}letter.txt"
    await _select(tour, key)
    editing = start(metadata.show_properties(tour.app, tour.window), tour.window.widget)
    dialog = await _dialog(PropertiesDialog)
    await until(lambda: dialog.metadata is not None, SECONDS_PER_DIALOG, "reading the properties")
    rows = dialog.metadata
    if rows is None:
        raise TourFailed("the properties show no metadata")
    dialog.tabs.setCurrentIndex(2)
    rows.add_row()
    line = rows.table.model().rowCount() - 1
    for column, text in ((KEY_COLUMN, NOTE[0]), (VALUE_COLUMN, NOTE[1])):
        rows.table.model().setData(rows.table.model().index(line, column), text)
    await _picture(tour, "properties", dialog)
    if not dialog.yes.isEnabled():
        raise TourFailed(f"the metadata was refused: {dialog.problem.text()}")
    dialog.yes.click()
    await editing
    await _check_note(tour, tour.account.id, tour.container, key)
    tour.noted = True
    return "edited metadata and read it back"


async def turn_public_on_and_off(tour: Tour) -> str:
    if sentence := tour.driver.capabilities.why_not("public_containers"):
        return f"skipped public access: {sentence}"
    if not tour.is_ours:
        return "skipped public access: the container is not the tour's own"
    place = Place(tour.account.id, tour.container)
    for wanted in (True, False):
        turning = start(cdn.toggle_public(tour.app, tour.window, place), tour.window.widget)
        dialog = await _dialog(PublicDialog, Box)
        if not isinstance(dialog, PublicDialog):  # some servers speak S3 without this part of it
            said = dialog.windowTitle()
            dialog.reject()
            await turning
            if wanted:
                return f"skipped public access: {said}"
            raise TourFailed(said)
        if wanted:
            await _picture(tour, "public", dialog)
        dialog.yes.click()
        await turning
        own = tour.driver.open_container(tour.container)
        state = await in_thread(tour.driver.get_public_access, own, account=tour.account.id)
        if state.on is not wanted:
            raise TourFailed(f"public access is {state.on}, not {wanted}: {state.why}")
    return "turned public access on and off again"


async def decide_a_conflict(tour: Tour) -> str:
    other = tour.work / "other" / "letter.txt"
    other.parent.mkdir()
    other.write_text("Dear reader,\n\nthis one is another.\n")
    paths = [str(other)]
    uploading = start(
        _transfer(tour, upload.upload_paths(tour.app, tour.window, paths, tour.folder)), tour.window.widget
    )
    dialog = await _dialog(ConflictDialog)
    await _picture(tour, "conflict", dialog)
    dialog.rest.setChecked(True)
    [skip] = [button for button in dialog.findChildren(QPushButton) if button.isDefault()]
    skip.click()
    await uploading
    return "was asked before anything was overwritten"


async def download_and_verify(tour: Tour) -> str:
    target = tour.work / "downloaded"
    target.mkdir()
    dragged = Dragged(tour.account.id, tour.container, tour.top.prefix, (tour.folder.prefix,))
    await _transfer(tour, download.download_to(tour.app, tour.window, dragged, str(target)))
    await in_thread(_compare, tour, target / "holidays", pool="disk")
    await _picture(tour, "done")
    return "downloaded everything; every byte is the same"


STEPS: tuple[Callable[[Tour], Awaitable[str]], ...] = (
    open_account,
    look_at_the_account_dialog,
    make_a_container,
    upload_a_folder,
    list_them,
    edit_metadata,
    copy_to_this_computer_and_back,
    turn_public_on_and_off,
    decide_a_conflict,
    download_and_verify,
)


# -- the window --


def _is_filled(dialog: AccountDialog) -> bool:
    row = dialog.provider()
    return row is not None and row.constant == "openstack_swift" and dialog.input("key").value() == USER


async def _dialog(*kind: type[D]) -> D:
    """The dialog of that kind (or of one of those), once it is open."""
    found: list[D] = []

    def is_open() -> bool:
        widgets = QApplication.topLevelWidgets()
        found[:] = [one for one in widgets if isinstance(one, kind) and one.isVisible()]
        return bool(found)

    await until(is_open, SECONDS_PER_DIALOG, " or ".join(one.__name__ for one in kind))
    return found[0]


async def _check_note(tour: Tour, account: str, own: str, key: str) -> None:
    driver = tour.app.drivers.get(account)
    if driver is None:
        raise TourFailed(f"{account} is not open")
    stored = await in_thread(driver.get_object, own, key, account=account)
    if dict(stored.meta_data).get(NOTE[0]) != NOTE[1]:
        raise TourFailed(f"the metadata of {key} in {own} is {dict(stored.meta_data)}")


async def _select(tour: Tour, key: str) -> None:
    tour.window.open_place(tour.folder)

    def selected() -> bool:
        tour.window.objects.select({key})
        return [entry.key for entry in tour.window.selected()] == [key]

    await until(selected, 60, f"{key} in the list")


async def _transfer(tour: Tour, flow: Awaitable[None], picture: str = "") -> None:
    """Start a transfer by its flow and wait for its end. TourFailed when it is not a good one."""
    limit = tour.app.engine.bytes_per_second_max
    if picture:
        tour.app.engine.bytes_per_second_max = SLOW  # or there would be nothing to see
    await flow
    rows = [row for row in tour.app.engine.changes(0).rows if row.id > tour.job]
    if not rows:
        raise TourFailed("no transfer was begun")
    tour.job = job = max(row.id for row in rows)
    if picture:
        await pause(0.6)
        await _picture(tour, picture)
        tour.app.engine.bytes_per_second_max = limit

    def ended() -> bool:
        return all(row.state.is_end for row in tour.app.engine.changes(0).rows if row.id == job)

    await until(ended, SECONDS_PER_STEP, "the end of the transfer")
    [row] = [row for row in tour.app.engine.changes(0).rows if row.id == job]
    if row.state not in (State.DONE, State.DONE_WITH_SKIPS):
        raise TourFailed(f"the transfer of {row.title} ended as “{row.state}”: {row.error}")


async def _picture(tour: Tour, name: str, dialog: QDialog | None = None) -> None:
    """A picture of the window, with the dialog over it where it stands."""
    if tour.pictures is None:
        return
    await pause(0.4)  # let the window paint what it has just been told
    widget = tour.window.widget
    picture = widget.grab()
    if dialog is not None:
        painter = QPainter(picture)
        painter.fillRect(picture.rect(), QColor(0, 0, 0, 70))
        room = widget.size() - dialog.size()
        painter.drawPixmap(QPoint(max(0, room.width() // 2), max(0, room.height() // 2)), dialog.grab())
        painter.end()
    tour.shot += 1
    path = tour.pictures / f"{tour.shot:02}-{name}.png"
    if not picture.save(str(path)):
        raise TourFailed(f"{path} could not be written")


def _title(step: Callable[[Tour], Awaitable[str]]) -> str:
    return getattr(step, "__name__", "").replace("_", " ")


# -- files --


def _write_files(tour: Tour) -> None:
    """A small folder with what goes wrong elsewhere: an empty file, odd names, bytes for several parts."""
    contents = {
        "letter.txt": b"Dear reader,\n\nthis file has seen a cloud.\n",
        "empty.bin": b"",
        "Grüße & more #1.txt": "täglich\n".encode(),
        "large.bin": os.urandom(LARGE),
        "raw/one.bin": os.urandom(100_000),
        "raw/two.bin": os.urandom(1),
    }
    for name, content in contents.items():
        path = tour.work / "holidays" / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(content)
        tour.files[name] = hashlib.sha256(content).hexdigest()


def _compare(tour: Tour, folder: Path) -> None:
    """TourFailed unless the folder holds the files of the tour and nothing else."""
    for name, digest in tour.files.items():
        path = folder / name
        if not path.is_file():
            raise TourFailed(f"{name} did not arrive in {folder}")
        if hashlib.sha256(path.read_bytes()).hexdigest() != digest:
            raise TourFailed(f"{name} arrived with other bytes in {folder}")
    found = sum(path.is_file() for path in folder.rglob("*"))
    if found != len(tour.files):
        raise TourFailed(f"{folder} holds {found} files instead of {len(tour.files)}")


def _names_below(tour: Tour, prefix: str) -> set[str]:
    own = tour.driver.open_container(tour.container)
    return {found.name.removeprefix(prefix) for found in tour.driver.iterate_container_objects(own, prefix)}


async def _clean(tour: Tour) -> None:
    """Take away what the tour made, in the cloud and here."""
    try:
        if tour.container:
            await within(SECONDS_PER_STEP, in_thread(_delete_remote, tour, account=tour.account.id))
            tour.window.open_place(Place(tour.account.id))
    except (TourFailed, LibcloudError, TimeoutError) as error:
        print(f"could not clean up {tour.top.text()}: {error}", flush=True)
    await in_thread(shutil.rmtree, tour.work, True, pool="disk")


def _delete_remote(tour: Tour) -> None:
    own = tour.driver.open_container(tour.container)
    names = [found.name for found in tour.driver.iterate_container_objects(own, tour.top.prefix)]
    if failures := tour.driver.delete_objects(own, names):
        raise TourFailed(f"{len(failures)} objects could not be deleted: {failures[0].reason}")
    if tour.is_ours:
        tour.driver.delete_container(own)
