"""Files that arrive while one looks: the list follows a transfer, and nobody loses their place."""

from __future__ import annotations

import threading
import time
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from PySide6.QtCore import QPersistentModelIndex, Qt
from PySide6.QtTest import QAbstractItemModelTester, QSignalSpy, QTest
from PySide6.QtWidgets import QApplication
from pytestqt.qtbot import QtBot

from gui.accounts import Place
from gui.background import pause, until
from gui.flows import browse
from gui.flows.browse import FOLLOWED_MAX
from gui.main_window import steering
from gui.main_window.steering import FOLLOW_SELECTED
from gui.models.listing import GROUPS_MAX, Entry, Listing
from gui.panes.objects_table import ObjectsTable
from storage_core.attributes import Attributes
from storage_core.base import Container, Stored
from storage_core.body import Body, BytesBody
from storage_core.drivers.memory import MemoryStorageDriver
from storage_core.errors import ConnectionLostError
from storage_core.transfers import Ref, State, UploadSpec

from .canned import CannedDriver
from .scene import PATIENCE, Scene, show
from .test_models import SLICE_SECONDS

pytestmark = pytest.mark.window


class Slow(MemoryStorageDriver):
    """Stores each object only when it is let, and counts how often it was listed."""

    def __init__(self) -> None:
        super().__init__()
        self.let = threading.Semaphore(0)
        self.listed = 0
        self.problem: ConnectionLostError | None = None

    def _put(
        self, container: Container, object_name: str, body: Body, attributes: Attributes, only_new: bool
    ) -> Stored:
        self.let.acquire(timeout=PATIENCE)
        return super()._put(container, object_name, body, attributes, only_new)

    def _list_page(self, *arguments: object) -> object:  # type: ignore[override]
        self.listed += 1
        if self.problem is not None:
            raise self.problem
        return super()._list_page(*arguments)  # type: ignore[arg-type]


@pytest.fixture(autouse=True)
def _impatient(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(steering, "FOLLOW_MS", 50)


def uploading(scene: Scene, files: int, there: int = 0) -> Slow:
    """A job that moves `files` files to a/box/in/, one for each permit; `there` are there already."""
    driver = Slow()
    box = driver.create_container("box")
    for number in range(there):
        MemoryStorageDriver._put(driver, box, f"in/m{number:04}", BytesBody(b"x"), Attributes(), False)
    scene.add("a", driver)
    folder = scene.home / "files"
    folder.mkdir()
    for number in range(files):
        (folder / f"{'b' if number % 2 else 'z'}{number:04}").write_bytes(b"content")
    paths = tuple(str(path) for path in sorted(folder.iterdir()))
    scene.app.engine.add(UploadSpec(paths, Ref("a", "box", "in/")))
    return driver


def running(scene: Scene) -> bool:
    [job] = scene.window.jobs.jobs()
    return job.state is State.RUNNING


def test_files_appear_while_the_job_still_runs(application: QApplication, tmp_path: Path) -> None:
    async def story(scene: Scene) -> None:
        driver = uploading(scene, 20)
        await scene.open("a", "box", "in/")
        scene.window.jobs.wake()
        for number in (5, 10):
            for _ in range(5):
                driver.let.release()
            await until(lambda number=number: len(scene.names()) >= number, PATIENCE, "rows")
            assert running(scene)
            assert f"{len(scene.names())} objects" in scene.window.objects.status_text()
        for _ in range(20):
            driver.let.release()
        await until(lambda: len(scene.names()) == 20, PATIENCE, "all rows")

    show(story, tmp_path)


def test_selection_scroll_current_row_and_sort_stay(application: QApplication, tmp_path: Path) -> None:
    async def story(scene: Scene) -> None:
        driver = uploading(scene, 40, there=300)
        await scene.open("a", "box", "in/")
        scene.window.jobs.wake()
        objects, table = scene.window.objects, scene.window.objects.table
        table.sortByColumn(0, Qt.SortOrder.DescendingOrder)
        await scene.listed()
        objects.select(["in/m0150", "in/m0151"])
        await pause(0)
        bar = table.verticalScrollBar()
        bar.setValue(bar.value() + 7)
        top = table.indexAt(table.viewport().rect().topLeft())
        before = objects.model.entry(top.row()).key, table.visualRect(top).top()
        resets = QSignalSpy(objects.model.modelReset)
        read = objects.selected()[0].object
        for _ in range(30):
            driver.let.release()
        await until(lambda: len(scene.names()) >= 320, PATIENCE, "rows")
        assert running(scene)
        assert resets.count() == 0
        assert not objects.is_loading
        assert [entry.key for entry in objects.selected()] == ["in/m0151", "in/m0150"]
        assert objects.selected()[0].object is read, "what was read of it is forgotten"
        assert objects.model.entry(table.currentIndex().row()).key == "in/m0151"
        assert scene.names() == sorted(scene.names(), reverse=True)
        top = table.indexAt(table.viewport().rect().topLeft())
        assert (objects.model.entry(top.row()).key, table.visualRect(top).top()) == before
        for _ in range(40):
            driver.let.release()

    show(story, tmp_path)


def test_a_job_elsewhere_and_a_long_list_are_not_followed(
    application: QApplication, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def story(scene: Scene) -> None:
        driver = uploading(scene, 30, there=9)
        await scene.open("a", "box", "elsewhere/")
        scene.window.jobs.wake()
        asked = driver.listed
        await some_arrive(scene, driver, 10)
        assert driver.listed == asked
        monkeypatch.setattr(browse, "FOLLOWED_MAX", 8)
        await scene.open("a", "box", "in/")
        asked = driver.listed
        await some_arrive(scene, driver, 20)
        assert driver.listed == asked
        for _ in range(30):
            driver.let.release()

    show(story, tmp_path)


async def some_arrive(scene: Scene, driver: Slow, until_done: int) -> None:
    """So many files are there, and then the time passes in which the list would have looked again."""
    for _ in range(10):
        driver.let.release()
    await until(lambda: scene.window.jobs.jobs()[0].items_done >= until_done, PATIENCE, "files")
    await pause(0.3)


def test_a_listing_under_way_is_not_begun_anew(application: QApplication, tmp_path: Path) -> None:
    async def story(scene: Scene) -> None:
        driver = uploading(scene, 20)
        gate = threading.Event()
        pages = driver._list_page
        asked = []

        def wait(*arguments: object) -> object:
            asked.append(arguments[1])
            gate.wait(PATIENCE)
            return pages(*arguments)

        driver._list_page = wait  # type: ignore[method-assign]
        scene.window.open_place(Place("a", "box", "in/"))
        scene.window.jobs.wake()
        await until(lambda: "in/" in asked, PATIENCE, "the listing")
        await some_arrive(scene, driver, 10)
        assert asked.count("in/") == 1
        gate.set()
        await scene.listed()
        assert len(scene.names()) >= 10
        for _ in range(20):
            driver.let.release()

    show(story, tmp_path)


def test_a_look_that_fails_says_nothing_and_takes_nothing_away(
    application: QApplication, tmp_path: Path
) -> None:
    async def story(scene: Scene) -> None:
        driver = uploading(scene, 30, there=5)
        await scene.open("a", "box", "in/")
        scene.window.jobs.wake()
        driver.problem, asked = ConnectionLostError("cut"), driver.listed
        await some_arrive(scene, driver, 10)
        assert driver.listed > asked
        assert len(scene.names()) == 5
        assert not scene.window.objects.notice.isVisible()
        driver.problem = None
        for _ in range(5):
            driver.let.release()
        await until(lambda: len(scene.names()) >= 15, PATIENCE, "rows")
        for _ in range(30):
            driver.let.release()

    show(story, tmp_path)


# -- the model --

ROWS = st.dictionaries(
    st.integers(0, 200), st.tuples(st.booleans(), st.integers(0, 3)), max_size=120
)  # number: (is a folder, size)


def entries(rows: dict[int, tuple[bool, int]]) -> list[Entry]:
    return [
        Entry(f"n{n}", f"n{n}/" if folder else f"n{n}", folder, 0 if folder else size)
        for n, (folder, size) in rows.items()
    ]


@settings(max_examples=150, deadline=None)
@given(
    old=ROWS, new=ROWS, column=st.sampled_from([0, 1]), down=st.booleans(), needle=st.sampled_from(["", "1"])
)
def test_renewing_gives_what_listing_gives_and_rows_that_stay_are_the_same_rows(
    qapp: QApplication,
    old: dict[int, tuple[bool, int]],
    new: dict[int, tuple[bool, int]],
    column: int,
    down: bool,
    needle: str,
) -> None:
    order = Qt.SortOrder.DescendingOrder if down else Qt.SortOrder.AscendingOrder

    def listed(rows: dict[int, tuple[bool, int]]) -> Listing:
        model = Listing()
        model.sort(column, order)
        model.set_filter(needle)
        model.begin()
        model.add(entries(rows))
        model.end()
        while model.is_working:
            qapp.processEvents()
        return model

    model, wanted = listed(old), listed(new)
    QAbstractItemModelTester(model, QAbstractItemModelTester.FailureReportingMode.Fatal, model)
    before = {
        model.entry(row).key: QPersistentModelIndex(model.index(row, 0)) for row in range(model.rowCount())
    }
    resets = QSignalSpy(model.modelReset)
    model.renew(entries(new))
    after = [model.entry(row) for row in range(model.rowCount())]
    assert [entry.key for entry in after] == [wanted.entry(row).key for row in range(wanted.rowCount())]
    assert [entry.size for entry in after] == [wanted.entry(row).size for row in range(wanted.rowCount())]
    assert (model.totals, model.shown_totals) == (wanted.totals, wanted.shown_totals)
    if resets.count() == 0:
        for key, index in before.items():
            assert not index.isValid() or model.entry(index.row()).key == key
    if column == 0 and len(set(old) - set(new)) <= GROUPS_MAX // 2:
        same = {entry.key for entry in entries(old)} & {entry.key for entry in after}
        assert all(before[key].isValid() for key in same if key in before) or resets.count()


def test_the_longest_list_that_is_followed_is_renewed_in_less_than_a_blink(
    application: QApplication, qtbot: QtBot
) -> None:
    """Time of the GUI thread itself, so that a busy machine does not decide the result."""
    view, model = ObjectsTable(), Listing()
    qtbot.addWidget(view)
    view.show_listing(model)
    view.show()
    model.begin()
    model.add([Entry(f"{n:06}", f"{n:06}", False, n) for n in range(0, 2 * FOLLOWED_MAX, 2)])
    qtbot.waitUntil(lambda: not model.is_working, timeout=20_000)
    view.verticalScrollBar().setValue(100_000)
    view.select_keys([f"{n:06}" for n in range(0, 2 * FOLLOW_SELECTED, 2)])
    names = [n for n in range(2 * FOLLOWED_MAX) if n % 4 or n % 1001]  # 10 go, as many come as there are
    after = [Entry(f"{n:06}", f"{n:06}", False, n) for n in names]
    resets = QSignalSpy(model.modelReset)
    begun = time.thread_time()
    model.renew(after)
    worst = time.thread_time() - begun
    while model.is_working:
        begun = time.thread_time()
        application.processEvents()
        worst = max(worst, time.thread_time() - begun)
    assert (model.rowCount(), resets.count()) == (len(names), 0)
    assert worst < SLICE_SECONDS


def test_a_sort_in_the_middle_of_a_renewal_loses_no_row(qtbot: QtBot) -> None:
    model = Listing()
    model.begin()
    model.add([Entry(f"{n:05}", f"{n:05}", False, n) for n in range(12_000)])
    model.end()
    qtbot.waitUntil(lambda: not model.is_working, timeout=20_000)
    model.renew([Entry(f"{n:05}", f"{n:05}", False, n) for n in range(12_500)])
    assert model.is_working
    model.sort(1, Qt.SortOrder.DescendingOrder)
    qtbot.waitUntil(lambda: not model.is_working, timeout=20_000)
    assert [model.entry(row).size for row in range(model.rowCount())] == [*range(12_499, -1, -1)]


def test_a_renewal_that_changes_nearly_all_is_a_reset_that_keeps_the_selection(
    application: QApplication, tmp_path: Path
) -> None:
    async def story(scene: Scene) -> None:
        names = [f"n{n:04}" for n in range(400)]
        scene.add("a", CannedDriver(lambda prefix: sorted(names)))
        await scene.open("a", "box")
        model = scene.window.objects.model
        scene.window.objects.select(["n0200"])
        model.renew([Entry(f"n{n:04}", f"n{n:04}", False) for n in range(0, 400, 4)])
        assert model.rowCount() == 100
        assert [entry.key for entry in scene.window.selected()] == ["n0200"]
        QTest.keyClick(scene.window.objects.table, Qt.Key.Key_F5)
        await scene.listed()
        assert model.rowCount() == 400

    show(story, tmp_path)
