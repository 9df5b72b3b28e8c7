"""What was copied from a cloud can be pasted in other programs: fetched whole, offered, and cleared away."""

from __future__ import annotations

import os
import stat
import subprocess
import sys
import threading
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from PySide6.QtCore import QMetaMethod, QMimeData, Qt
from PySide6.QtGui import QGuiApplication
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QApplication

from gui import app as program
from gui import copied
from gui.background import in_thread, until
from gui.copied import CopiedFiles
from gui.dialogs.message import MessageDialog
from gui.flows import paste_out
from gui.flows.quit import quit_app
from gui.models.transfers import ROUTE
from gui.panes.dragging import COPIED_FILES, ENTRIES, entries_in, read_files
from storage_core.base import Download, Object
from storage_core.drivers.memory import MemoryStorageDriver
from storage_core.errors import AccessDeniedError
from storage_core.transfers import DownloadSpec, Engine, JobRow, Ref, State

from .canned import CannedDriver, numbered
from .scene import PATIENCE, Scene, show
from .stage import names, put_one

pytestmark = pytest.mark.window
FILES = {
    "a.txt": b"first",
    "ä & 100% #1.txt": b"odd",
    "pics/1.jpg": b"picture" * 1000,
    "pics/deep/2.jpg": b"",
}


class SlowCloud(MemoryStorageDriver):
    """A cloud in memory that gives no object's bytes before the gate is open, or refuses them."""

    def __init__(self, key: str) -> None:
        super().__init__(key)
        self.gate = threading.Event()
        self.gate.set()
        self.refuses = False
        self.storage_class = ""

    def _object(self, *arguments: Any) -> Object:
        found = super()._object(*arguments)
        found.storage_class = self.storage_class
        return found

    def _open(self, obj: Object, start: int, end: int | None) -> Download:
        assert self.gate.wait(PATIENCE)
        if self.refuses:
            raise AccessDeniedError("This key may not read it.", self, obj.name)
        return super()._open(obj, start, end)


def clouds(scene: Scene, tmp_path: Path) -> tuple[SlowCloud, MemoryStorageDriver]:
    """Two accounts of the scene: one with FILES in the container photos, and one with an empty container."""
    cloud, other = SlowCloud(str(tmp_path)), MemoryStorageDriver(f"{tmp_path}-other")
    cloud.create_container("photos")
    other.create_container("backup")
    for name, data in FILES.items():
        put_one(cloud, "photos", name, data)
    scene.add("cloud", cloud)
    scene.add("other", other)
    return cloud, other


async def copy(scene: Scene, *keys: str, command: str = "edit.copy") -> None:
    """Select these in the photos of the cloud and press the command's keys."""
    await scene.open("cloud", "photos")
    before = entries_in(clipboard())
    scene.window.objects.select(list(keys))
    scene.window.objects.focus_list()
    extra = Qt.KeyboardModifier.AltModifier if command == "edit.copy_out" else Qt.KeyboardModifier(0)
    QTest.keyClick(scene.window.objects.table, Qt.Key.Key_C, Qt.KeyboardModifier.ControlModifier | extra)
    await until(lambda: entries_in(clipboard()) not in (b"", before), PATIENCE, "the copy")


async def told(scene: Scene, words: str) -> None:
    """Until the status bar says so."""
    bar = scene.window.statusBar()
    await until(lambda: words in bar.currentMessage(), PATIENCE, f"“{words}” in the status bar")


async def ready(scene: Scene) -> list[Path]:
    """The files that other programs are offered, once they are."""
    await told(scene, "Ready to paste in other programs.")
    return offered()


def clipboard() -> QMimeData:
    found = QGuiApplication.clipboard().mimeData()
    return QMimeData() if found is None else found  # type: ignore[redundant-expr]


def offered() -> list[Path]:
    """As a file manager reads it."""
    return [Path(path) for path in read_files(bytes(clipboard().data("text/uri-list").data()))]


def row(scene: Scene, state: State | None = None) -> JobRow | None:
    """The transfer for the clipboard, if it is in this state."""
    rows = [one for one in scene.window.jobs.jobs() if one.title.startswith("For pasting elsewhere")]
    assert len(rows) <= 1
    return rows[0] if rows and state in (None, rows[0].state) else None


def fetched(scene: Scene) -> list[str]:
    """What lies in the cache of the profile."""
    root = scene.app.folders.copied
    return sorted(str(path.relative_to(root)) for path in root.rglob("*") if path.is_file())


def test_objects_and_folders_of_a_cloud_become_files_for_every_program(
    application: QApplication, tmp_path: Path
) -> None:
    async def story(scene: Scene) -> None:
        clouds(scene, tmp_path)
        await copy(scene, "a.txt", "ä & 100% #1.txt", "pics/")
        paths = await ready(scene)
        assert sorted(path.name for path in paths) == ["a.txt", "pics", "ä & 100% #1.txt"]
        [folder] = {path.parent for path in paths}
        assert {
            str(path.relative_to(folder)): path.read_bytes() for path in folder.rglob("*") if path.is_file()
        } == FILES
        addresses = bytes(clipboard().data("text/uri-list").data()).splitlines()
        assert bytes(clipboard().data(COPIED_FILES).data()).split(b"\n") == [b"copy", *addresses]
        assert not clipboard().hasFormat("text/plain")
        if os.name == "posix":
            assert stat.S_IMODE(folder.stat().st_mode) == 0o700

    show(story, tmp_path)


def test_the_transfer_is_seen_and_says_what_it_is_for(application: QApplication, tmp_path: Path) -> None:
    async def story(scene: Scene) -> None:
        cloud, _ = clouds(scene, tmp_path)
        cloud.gate.clear()
        await copy(scene, "a.txt")
        await told(scene, "One item copied. Fetching for other programs…")
        await until(lambda: row(scene, State.RUNNING), PATIENCE, "the transfer")
        found = row(scene)
        assert found is not None
        assert found.title == "For pasting elsewhere: a.txt"
        route = scene.window.jobs.index(0, 0).data(ROUTE)
        assert route == "Cloud › photos › a.txt → the clipboard"
        cloud.gate.set()
        await ready(scene)

    show(story, tmp_path)


def test_nothing_is_offered_before_all_of_it_is_there(application: QApplication, tmp_path: Path) -> None:
    async def story(scene: Scene) -> None:
        cloud, _ = clouds(scene, tmp_path)
        await copy(scene, "a.txt")
        await ready(scene)
        cloud.gate.clear()
        await copy(scene, "a.txt", "pics/")
        await until(lambda: row(scene, State.RUNNING), PATIENCE, "the transfer")
        assert not clipboard().hasUrls()
        cloud.gate.set()
        assert {path.name for path in await ready(scene)} == {"a.txt", "pics"}

    show(story, tmp_path)


@pytest.mark.parametrize("when", ["while it is fetched", "when it is there"])
def test_a_paste_in_this_window_copies_between_the_clouds_and_uploads_nothing(
    application: QApplication, tmp_path: Path, when: str
) -> None:
    async def story(scene: Scene) -> None:
        cloud, other = clouds(scene, tmp_path)
        if when == "while it is fetched":
            cloud.gate.clear()
        await copy(scene, "a.txt", "pics/")
        if when == "when it is there":
            await ready(scene)
        await scene.open("other", "backup")
        scene.window.commands["edit.paste"].trigger()
        await until(lambda: rows_of("copy", scene), PATIENCE, "the copy")
        cloud.gate.set()
        await until(lambda: rows_of("copy", scene)[0].state is State.DONE, PATIENCE, "the end of the copy")
        assert names(other, "backup") == {"a.txt", "pics/1.jpg", "pics/deep/2.jpg"}
        assert not rows_of("upload", scene)

    show(story, tmp_path)


def rows_of(kind: str, scene: Scene) -> list[JobRow]:
    return [one for one in scene.window.jobs.jobs() if one.kind == kind]


def test_what_another_program_copies_meanwhile_stays_and_the_fetching_ends(
    application: QApplication, tmp_path: Path
) -> None:
    async def story(scene: Scene) -> None:
        cloud, _ = clouds(scene, tmp_path)
        cloud.gate.clear()
        await copy(scene, "a.txt")
        await until(lambda: row(scene), PATIENCE, "the transfer")
        QGuiApplication.clipboard().setText("somebody else's")
        await until(lambda: row(scene) is None, PATIENCE, "the end of the transfer")
        cloud.gate.set()
        await scene.open("cloud", "photos", "pics/")
        assert clipboard().text() == "somebody else's"
        assert fetched(scene) == []

    show(story, tmp_path)


def test_of_two_copies_the_last_is_offered_and_the_first_goes_later(
    application: QApplication, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def story(scene: Scene) -> None:
        clouds(scene, tmp_path)
        await copy(scene, "a.txt")
        first = await ready(scene)
        await copy(scene, "pics/")
        await until(lambda: [path.name for path in offered()] == ["pics"], PATIENCE, "the second")
        await until(lambda: row(scene, State.DONE), PATIENCE, "one row, the second's")
        await in_thread(scene.app.copied.tidy)
        assert first[0].read_bytes() == FILES["a.txt"]  # a file manager may be at it
        monkeypatch.setattr(copied, "KEPT_SECONDS", 0.0)
        await in_thread(scene.app.copied.tidy)
        assert not first[0].exists()
        assert offered()[0].is_dir()

    show(story, tmp_path)


def test_a_cancelled_fetch_leaves_the_paste_in_this_window_and_can_be_tried_again(
    application: QApplication, tmp_path: Path
) -> None:
    async def story(scene: Scene) -> None:
        cloud, _ = clouds(scene, tmp_path)
        cloud.gate.clear()
        await copy(scene, "a.txt", "pics/")
        await until(lambda: row(scene, State.RUNNING), PATIENCE, "the transfer")
        scene.window.transfers.list.selectAll()
        scene.window.commands["transfers.cancel"].trigger()
        await until(lambda: row(scene, State.CANCELLED), PATIENCE, "the cancel")
        cloud.gate.set()
        assert clipboard().hasFormat(ENTRIES)
        assert not clipboard().hasUrls()
        scene.window.steering.update()
        scene.window.commands["transfers.retry"].trigger()
        assert {path.name for path in await ready(scene)} == {"a.txt", "pics"}

    show(story, tmp_path)


def test_a_failed_fetch_is_said_and_leaves_the_paste_in_this_window(
    application: QApplication, tmp_path: Path
) -> None:
    async def story(scene: Scene) -> None:
        cloud, _ = clouds(scene, tmp_path)
        cloud.refuses = True
        await copy(scene, "a.txt")
        await told(scene, "Not ready to paste in other programs: ")
        assert row(scene, State.FAILED)
        assert clipboard().hasFormat(ENTRIES)
        assert not clipboard().hasUrls()

    show(story, tmp_path)


def test_on_wayland_the_files_are_offered_when_a_window_of_ours_has_the_keyboard(
    application: QApplication, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Wayland drops what a program in the background puts on the clipboard. Stand-in: its name and state."""
    state, seen = [Qt.ApplicationState.ApplicationInactive], []
    monkeypatch.setattr(QGuiApplication, "platformName", staticmethod(lambda: "wayland"))
    monkeypatch.setattr(QGuiApplication, "applicationState", staticmethod(lambda: state[0]))

    def look() -> None:
        if clipboard().hasUrls():
            seen.append(state[0])

    async def story(scene: Scene) -> None:
        clouds(scene, tmp_path)
        QGuiApplication.clipboard().dataChanged.connect(look)
        await copy(scene, "a.txt")
        changed = application.applicationStateChanged
        heard = QMetaMethod.fromSignal(changed)
        await until(lambda: application.isSignalConnected(heard), PATIENCE, "somebody who waits")
        changed.emit(state[0])  # another window of another program
        state[0] = Qt.ApplicationState.ApplicationActive
        changed.emit(state[0])
        await ready(scene)
        assert seen == [Qt.ApplicationState.ApplicationActive]
        QGuiApplication.clipboard().dataChanged.disconnect(look)

    show(story, tmp_path)


# -- how much --


@pytest.mark.parametrize("limit", ["OBJECTS_UNASKED", "BYTES_UNASKED"])
def test_much_is_fetched_only_when_asked_for(
    application: QApplication, tmp_path: Path, limit: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(paste_out, limit, 1)

    async def story(scene: Scene) -> None:
        clouds(scene, tmp_path)
        await copy(scene, "pics/")
        await told(scene, "One item copied. To paste in other programs, too: Edit › Copy for Other Programs.")
        assert scene.window.jobs.jobs() == []
        assert clipboard().hasFormat(ENTRIES)
        await copy(scene, "pics/", command="edit.copy_out")
        assert [path.name for path in await ready(scene)] == ["pics"]

    show(story, tmp_path)


@pytest.mark.parametrize("key", ["a.txt", "pics/"])
def test_what_is_charged_for_reading_or_must_be_restored_is_not_read_unasked(
    application: QApplication, tmp_path: Path, key: str
) -> None:
    async def story(scene: Scene) -> None:
        cloud, _ = clouds(scene, tmp_path)
        cloud.storage_class = "GLACIER"
        await copy(scene, key)
        await told(scene, "Edit › Copy for Other Programs.")
        assert scene.window.jobs.jobs() == []
        cloud.storage_class = "Standard"
        await copy(scene, key)
        await ready(scene)

    show(story, tmp_path)


def test_a_folder_without_end_is_counted_only_as_far_as_it_takes(
    application: QApplication, tmp_path: Path
) -> None:
    def listed(prefix: str) -> list[str]:
        return numbered(50_000)("") if prefix else ["all/"]

    async def story(scene: Scene) -> None:
        driver = CannedDriver(listed, ("photos",))
        scene.add("cloud", driver)
        await scene.open("cloud", "photos")
        asked = driver.pages_asked
        await copy(scene, "all/")
        await told(scene, "Edit › Copy for Other Programs.")
        assert driver.pages_asked - asked <= 2  # one of them may be the list's own

    show(story, tmp_path)


def test_the_disk_is_not_filled_to_the_brim_even_when_asked(
    application: QApplication, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(copied, "RESERVE", sys.maxsize)

    async def story(scene: Scene) -> None:
        clouds(scene, tmp_path)
        await copy(scene, "a.txt", command="edit.copy_out")
        await told(scene, "There is no room to fetch it for other programs")
        assert scene.window.jobs.jobs() == []

    show(story, tmp_path)


def test_whole_containers_are_offered_as_folders(application: QApplication, tmp_path: Path) -> None:
    async def story(scene: Scene) -> None:
        cloud, _ = clouds(scene, tmp_path)
        cloud.create_container("more")
        put_one(cloud, "more", "b", b"2")
        await scene.open("cloud")
        scene.window.objects.select(["more", "photos"])
        scene.window.commands["edit.copy"].trigger()
        await told(scene, "Ready to paste in other programs.")
        assert [path.name for path in offered()] == ["more", "photos"]
        assert (offered()[1] / "pics" / "1.jpg").read_bytes() == FILES["pics/1.jpg"]

    show(story, tmp_path)


def test_names_that_would_lead_elsewhere_stay_inside(application: QApplication, tmp_path: Path) -> None:
    async def story(scene: Scene) -> None:
        cloud, _ = clouds(scene, tmp_path)
        for name in ("../../x", "/lead", "two//b"):
            put_one(cloud, "photos", name, name.encode())
        await copy(scene, "../", "/", "two/")
        paths = await ready(scene)
        folder = paths[0].parent
        assert sorted(path.name for path in paths) == ["%2E%2E", "%empty", "two"]
        assert {path.read_bytes() for path in folder.rglob("*") if path.is_file()} == {
            b"../../x", b"/lead", b"two//b",
        }  # fmt: skip

    show(story, tmp_path)


# -- the end, and the next start --


@pytest.mark.parametrize("when", ["while it is fetched", "when it is there"])
def test_quitting_asks_nothing_and_leaves_nothing(
    application: QApplication, tmp_path: Path, when: str
) -> None:
    async def story(scene: Scene) -> None:
        cloud, _ = clouds(scene, tmp_path)
        if when == "while it is fetched":
            cloud.gate.clear()
        await copy(scene, "a.txt")
        await until(lambda: row(scene), PATIENCE, "the transfer")
        if when == "when it is there":
            await ready(scene)
        else:
            threading.Timer(0.5, cloud.gate.set).start()  # a request that is under way ends in its time
        await quit_app(scene.app, scene.window)
        assert not [one for one in application.topLevelWidgets() if isinstance(one, MessageDialog)]
        assert scene.app.over.is_set()
        assert list(scene.app.folders.copied.iterdir()) == []
        assert clipboard().hasFormat(ENTRIES)
        assert not clipboard().hasUrls()

    show(story, tmp_path)
    assert rows_in_journal(tmp_path / "profile" / "data" / "transfers.sqlite") == ()


def rows_in_journal(path: Path) -> tuple[JobRow, ...]:
    """What the next run finds."""
    engine = Engine(path, lambda account: None)
    engine.start()
    try:
        return engine.changes(0).rows
    finally:
        engine.stop()


def test_what_a_killed_run_left_is_gone_after_the_next_start(
    application: QApplication, tmp_path: Path
) -> None:
    async def story(scene: Scene) -> None:
        app = scene.app
        left = app.folders.copied / "copy-0123456789abcdef"
        left.mkdir(parents=True)
        (left / "a.txt").write_bytes(b"of the last run")
        (app.folders.copied / "not ours").mkdir()
        engine = Engine(app.folders.journal, lambda account: None)
        engine.start()
        engine.add(DownloadSpec((Ref("cloud", "photos", "a.txt"),), str(left)))
        kept = engine.add(DownloadSpec((Ref("cloud", "photos", "a.txt"),), str(tmp_path / "elsewhere")))
        engine.stop()
        app.engine = Engine(app.folders.journal, app.drivers.get)
        scene.window.jobs._changes = paste_out.worded(app)
        await program._open(app, scene.window)
        assert [path.name for path in app.folders.copied.iterdir()] == ["not ours"]
        assert [one.id for one in scene.window.jobs.jobs()] == [kept]

    show(story, tmp_path, engine=False)


@pytest.mark.skipif(sys.platform != "linux", reason="only Linux tells what other programs have open")
@pytest.mark.parametrize("open_it", ["open(path)", "os.scandir(os.path.dirname(path))"])
def test_what_another_program_reads_stays_until_it_has_read_it(tmp_path: Path, open_it: str) -> None:
    files = CopiedFiles(tmp_path / "copied")
    busy, idle = files.begin(b"1"), files.begin(b"2")
    for one in (busy, idle):
        files.make(one)
        (Path(one.folder) / "a").write_bytes(b"a")
    files.leave()
    reading = f"import os, sys; path = sys.argv[1]; held = {open_it}; print(flush=True); sys.stdin.read()"
    with subprocess.Popen(
        [sys.executable, "-c", reading, f"{busy.folder}/a"], stdin=subprocess.PIPE, stdout=subprocess.PIPE
    ) as reader:
        assert reader.stdout
        reader.stdout.readline()
        files.tidy(all_of_them=True)
        assert [path.name for path in Path(files.root).iterdir()] == [Path(busy.folder).name]
        assert (Path(busy.folder) / "a").exists()
        reader.communicate()
    files.tidy(all_of_them=True)
    assert list(Path(files.root).iterdir()) == []


def test_a_folder_that_is_on_the_clipboard_stays(tmp_path: Path) -> None:
    files = CopiedFiles(tmp_path / "copied")
    current = files.begin(b"1")
    files.make(current)
    files.tidy(all_of_them=True)
    assert Path(current.folder).is_dir()


@pytest.mark.parametrize(
    ("path", "is_ours"),
    [
        (lambda root: f"{root}/copy-1/a", True),
        (lambda root: root, False),
        (lambda root: f"{root}-other/a", False),
        (lambda root: "", False),
    ],
)
def test_what_is_ours_is_known_by_its_path(tmp_path: Path, path: Callable[[str], str], is_ours: bool) -> None:
    files = CopiedFiles(tmp_path / "copied")
    assert files.holds(path(files.root)) is is_ours
