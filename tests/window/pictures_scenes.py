"""What the pictures show: three accounts with things in them, and each dialog opened by its flow."""

from __future__ import annotations

import os
from collections.abc import Callable, Mapping
from pathlib import Path

from PySide6.QtWidgets import QApplication, QDialog

from gui import background
from gui.accounts import DEMO_CLOUD, Account, Place
from gui.background import pause, until
from gui.dialogs.account import AccountDialog
from gui.dialogs.conflict import ConflictDialog
from gui.dialogs.place import PlaceDialog
from gui.dialogs.properties import PropertiesDialog
from gui.flows import cdn, connect, container, copy, delete, metadata, rename, share, transfers, upload
from gui.panes.dragging import Dragged
from storage_core.attributes import Attributes
from storage_core.base import StorageDriver
from storage_core.providers import open_driver
from storage_core.transfers import Conflict, JobRow, State
from tests.servers.azurite import Azurite
from tests.servers.moto import Moto

from .scene import PATIENCE, Scene

Save = Callable[..., None]

PHOTOS, ARCHIVE, LAB = "photos", "archive", "lab"  # ids of accounts
SETTLE = 0.5  # seconds for fades and late layouts
KIB, MIB = 1024, 1024 * 1024
ACROSS = ([184, 208, 632, 256], [160, 184, 496, 240])  # widths of the panes in a large and a smaller window
LISBON = "2026/lisbon/"
SIZES = {
    "contact-sheet.pdf": 812 * KIB,
    "IMG_0412.jpg": 4302 * KIB,
    "IMG_0413.jpg": 3977 * KIB,
    "IMG_0417.jpg": 5120 * KIB,
    "IMG_0420.jpg": 2804 * KIB,
    "IMG_0421.jpg": 3350 * KIB,
    "IMG_0422.jpg": 4710 * KIB,
    "captions.csv": 18 * KIB,
    "harbour.mov": 9 * MIB,
    "raw/IMG_0412.cr3": 3 * KIB,
    "selected/cover.jpg": 3 * KIB,
}
RARE = ("harbour.mov", "contact-sheet.pdf")  # in a class for what is seldom read
COVER = f"{LISBON}IMG_0417.jpg"
COVER_HAS = Attributes(
    content_type="image/jpeg",
    cache_control="max-age=86400",
    expires="Thu, 31 Dec 2026 16:00:00 GMT",
    metadata={"camera": "X100", "place": "Lisbon", "taken-by": "Ada"},
)


async def play(scene: Scene, save: Save, s3: Moto, azure: Azurite, private: Azurite) -> None:
    """Every picture, in an order in which none spoils the next. `private` made its certificate itself."""
    scene.window.panes.across.setSizes(ACROSS[scene.window.width() < 1280])
    await _first_minutes(scene, save)
    await _accounts(scene, s3, azure)
    await _browsing(scene, save)
    await _forms(scene, save, private)
    await _objects(scene, save)
    await _containers(scene, save)
    await _errors(scene, save)
    await _copies(scene, save)
    await _transfers(scene, save)


# -- what there is --


async def _accounts(scene: Scene, s3: Moto, azure: Azurite) -> None:
    photos = open_driver("s3", {"key": s3.access_key, "secret": s3.secret_key, "endpoint": s3.endpoint})
    archive = open_driver(
        "azure_blobs", {"sign_in": "connection_string", "connection_string": azure.connection_string}
    )
    await background.in_thread(_fill, photos, archive, pool="disk")
    for account, driver in (
        (Account(PHOTOS, "Photos (S3)", "s3"), photos),
        (Account(ARCHIVE, "Archive (Azure)", "azure_blobs"), archive),
    ):
        scene.app.accounts.add(account)
        scene.app.drivers.put(account.id, driver)
    scene.window.accounts_changed()


def _fill(photos: StorageDriver, archive: StorageDriver) -> None:
    """Call in a thread."""
    for name in ("backups", "holiday-photos", "website-assets"):
        photos.create_container(name)
    inside = photos.get_container("holiday-photos")
    for name, size in SIZES.items():
        extra = {"storage_class": "STANDARD_IA"} if name in RARE else {}
        photos.upload_object_via_stream(iter([os.urandom(size)]), inside, f"{LISBON}{name}", extra=extra)
    for name in ("2025/baltic-sea/dunes.jpg", "2026/alps/sunrise.jpg", "favourites/wallpaper.jpg"):
        photos.upload_object_via_stream(iter([os.urandom(MIB)]), inside, name)
    noted = photos.get_object(inside.name, COVER)
    photos.set_object_attributes(noted, COVER_HAS)
    for name in ("2024", "2025", "2026"):
        archive.create_container(name)


# -- the window --


async def _first_minutes(scene: Scene, save: Save) -> None:
    await scene.open(DEMO_CLOUD)
    await scene.open(DEMO_CLOUD, "holiday-photos", "2026/alps/")
    await _select(scene, "2026/alps/last-light.png")
    save(scene, "first-minutes")


async def _browsing(scene: Scene, save: Save) -> None:
    await scene.open(PHOTOS, "holiday-photos", LISBON)
    await _select(scene, COVER)
    scene.window.inspector.tabs.setCurrentIndex(1)
    await pause(SETTLE)
    save(scene, "browsing")
    scene.window.inspector.tabs.setCurrentIndex(0)


async def _forms(scene: Scene, save: Save, private: Azurite) -> None:
    background.start(connect.add_account(scene.app, scene.window), scene.window)
    form = await dialog_of(AccountDialog)
    if form.providers is None:
        raise LookupError("no list of services")
    form.providers.select("azure_blobs")
    await pause(SETTLE)
    save(scene, "account", form)
    form.pasted.emit("AccountName=holidayarchive;AccountKey=bm90IGEga2V5;EndpointSuffix=core.windows.net")
    await until(lambda: bool(form.form.secrets()), PATIENCE, "the form is filled in")
    await pause(SETTLE)
    save(scene, "pasted", form)

    form.providers.select("s3_compatible")
    form.form.fill({"endpoint": f"https://localhost:{private.port}", "key": "lab", "secret": "made up"})
    form.test.click()
    await until(form.trust.isVisible, PATIENCE, "the offer to trust the certificate")
    await pause(SETTLE)
    save(scene, "certificate", form)
    form.reject()


async def _objects(scene: Scene, save: Save) -> None:
    await scene.open(PHOTOS, "holiday-photos", LISBON)
    await _select(scene, COVER)
    background.start(metadata.show_properties(scene.app, scene.window), scene.window)
    properties = await dialog_of(PropertiesDialog)
    await until(lambda: properties.tabs.count() == 3, PATIENCE, "the properties")
    properties.tabs.setCurrentIndex(1)
    await pause(SETTLE)
    save(scene, "properties", properties)
    properties.reject()

    background.start(share.copy_link(scene.app, scene.window), scene.window)
    await _saved_and_closed(scene, save, "link", "LinkDialog")
    background.start(rename.rename_selected(scene.app, scene.window), scene.window)
    await _saved_and_closed(scene, save, "rename", "NameDialog")

    await _select(scene, f"{LISBON}raw/", f"{LISBON}harbour.mov", f"{LISBON}captions.csv")
    background.start(delete.delete_selected(scene.app, scene.window), scene.window)
    await _saved_and_closed(scene, save, "delete", "DeleteDialog")


async def _containers(scene: Scene, save: Save) -> None:
    await scene.open(PHOTOS)
    background.start(container.new_container(scene.app, scene.window), scene.window)
    dialog = await dialog_of(QDialog, "NameDialog")
    dialog.field.setText("summer-fair-2026")
    await pause(SETTLE)
    save(scene, "container", dialog)
    dialog.reject()
    place = await scene.open(DEMO_CLOUD, "website")
    background.start(cdn.toggle_public(scene.app, scene.window, place), scene.window)
    await _saved_and_closed(scene, save, "public", "PublicDialog")
    scene.window.inspector.tabs.setCurrentIndex(2)
    await scene.open(PHOTOS, "holiday-photos", LISBON)


async def _copies(scene: Scene, save: Save) -> None:
    await scene.open(PHOTOS, "holiday-photos", LISBON)
    scene.window.inspector.tabs.setCurrentIndex(0)
    await _select(scene, COVER, f"{LISBON}IMG_0412.jpg")
    background.start(copy.copy_selected_to(scene.app, scene.window), scene.window)
    dialog = await dialog_of(PlaceDialog)
    dialog.account.setCurrentIndex(dialog.account.findData(ARCHIVE))
    await until(lambda: dialog.container.count() == 3, PATIENCE, "the containers")
    dialog.container.setEditText("2026")
    dialog.folder.setText("lisbon/")
    await pause(SETTLE)
    save(scene, "copy-to", dialog)
    dialog.reject()
    dragged = Dragged(PHOTOS, "holiday-photos", LISBON, (COVER, f"{LISBON}IMG_0412.jpg"))
    background.start(
        copy.copy_dragged(scene.app, scene.window, dragged, Place(ARCHIVE, "2026", "lisbon/")), scene.window
    )
    await _saved_and_closed(scene, save, "fidelity", "FidelityDialog")


# -- transfers --


async def _transfers(scene: Scene, save: Save) -> None:
    await scene.open(PHOTOS, "holiday-photos", LISBON)
    app, window = scene.app, scene.window
    place = Place(PHOTOS, "holiday-photos", LISBON)
    letters = _files(scene.home / "letters", {f"letter-{n:02d}.txt": 11 * KIB for n in range(12)})
    await upload.upload_paths(app, window, [letters], Place(ARCHIVE, "2026"))
    await until(lambda: _row(scene, "letters").state.is_end, PATIENCE, "the letters")

    same = _files(scene.home / "pictures", dict.fromkeys(("IMG_0412.jpg", "IMG_0413.jpg"), 40 * KIB))
    await upload.upload_paths(app, window, [f"{same}/IMG_0412.jpg"], place)
    question = await dialog_of(ConflictDialog)
    save(scene, "conflict", question)
    question.reject()
    await upload.upload_paths(app, window, [f"{same}/IMG_0413.jpg", f"{same}/IMG_0412.jpg"], place)
    (await dialog_of(ConflictDialog)).reject()
    skipped = app.engine.changes(0).rows[-1]

    await _select(scene, COVER)

    app.engine.bytes_per_second_max = 9 * MIB
    scans = _files(scene.home / "scans", {f"page-{n}.tif": 5 * MIB for n in range(4)})
    await upload.upload_paths(app, window, [scans], Place(ARCHIVE, "2026"))
    films = _files(scene.home / "films", {f"harbour-{n}.mov": 24 * MIB for n in range(4)})
    await until(lambda: _row(scene, "scans").items_done > 0, PATIENCE, "the first page")
    await upload.upload_paths(app, window, [films], place)
    await transfers.pause(app, window, [_row(scene, "scans").id])
    window.panes.down.setSizes([300, 300])
    await pause(4)
    save(scene, "transferring")
    for row in app.engine.changes(0).rows:
        if row.state is State.ASKING:
            await background.in_thread(_skip, scene, row, pool="engine")
    await until(lambda: _by_id(scene, skipped.id).state.is_end, PATIENCE, "the skips")
    background.start(transfers.show_details(app, window, skipped.id), window)
    await _saved_and_closed(scene, save, "details", "DetailsDialog")
    app.engine.bytes_per_second_max = 0
    for row in app.engine.changes(0).rows:
        if not row.state.is_end:
            await background.in_thread(app.engine.cancel, row.id, pool="engine")


def _skip(scene: Scene, row: JobRow) -> None:
    if row.question is not None:
        scene.app.engine.answer(row.id, row.question.id, Conflict.SKIP, for_rest=True)


async def _errors(scene: Scene, save: Save) -> None:
    values = {"key": "k", "secret": "s", "endpoint": "https://store.lab.internal"}
    scene.app.accounts.add(Account(LAB, "Lab store", "s3_compatible", values))
    scene.app.drivers.put(LAB, open_driver("s3_compatible", values, attempts=1))
    scene.window.accounts_changed()
    scene.window.open_place(Place(LAB, "measurements"))
    await until(lambda: not scene.window.objects.is_loading, PATIENCE, "the error")
    await pause(SETTLE)
    save(scene, "error")


# -- helpers --


async def dialog_of(kind: type[QDialog], name: str = "") -> QDialog:
    """The dialog that a flow has just opened."""

    def found() -> QDialog | None:
        for widget in QApplication.topLevelWidgets():
            if (
                isinstance(widget, kind)
                and widget.isVisible()
                and (not name or type(widget).__name__ == name)
            ):
                return widget
        return None

    await until(lambda: found() is not None, PATIENCE, name or kind.__name__)
    await pause(SETTLE)
    dialog = found()
    if dialog is None:
        raise LookupError(f"{name or kind.__name__} went away")
    return dialog


async def _saved_and_closed(scene: Scene, save: Save, name: str, kind: str) -> None:
    dialog = await dialog_of(QDialog, kind)
    save(scene, name, dialog)
    dialog.reject()


async def _select(scene: Scene, *keys: str) -> None:
    scene.window.objects.select(list(keys))
    scene.window.objects.focus_list()
    await pause(3 * SETTLE)  # the inspector asks for the metadata a moment later


def _files(folder: Path, sizes: Mapping[str, int]) -> str:
    folder.mkdir()
    for name, size in sizes.items():
        (folder / name).write_bytes(os.urandom(size))
    return str(folder)


def _row(scene: Scene, title: str) -> JobRow:
    return next(row for row in reversed(scene.app.engine.changes(0).rows) if row.title == title)


def _by_id(scene: Scene, job_id: int) -> JobRow:
    return next(row for row in scene.app.engine.changes(0).rows if row.id == job_id)
