"""Pictures of the window, to be looked at: python -m tests.window.shots FOLDER [light|dark] [WIDTHxHEIGHT]

Run it under Xvfb for the fonts and frames people see, and with QT_SCALE_FACTOR=2 for a dense screen.
"""

from __future__ import annotations

import sys
import tempfile
from pathlib import Path
from typing import TypeVar

from PySide6.QtCore import QSize
from PySide6.QtWidgets import QApplication, QDialog, QWidget

from gui.accounts import DEMO_CLOUD, Place
from gui.background import pause, start, until
from gui.dialogs.about import AboutDialog
from gui.dialogs.guide import GuideWindow
from gui.dialogs.shortcuts import ShortcutsDialog
from gui.flows import help
from gui.secrets import NoKeyringHereError, Secrets, Vault
from storage_core.errors import UnreachableError
from storage_core.transfers import Changes, JobRow, State, Summary

from .canned import CannedDriver, numbered
from .scene import Scene, show

D = TypeVar("D", bound=QDialog)
SETTLE = 0.4  # seconds for fades and late layouts
HOSTILE = (
    "../../x",
    "<img src=file:///etc/passwd>.png",
    "R&D &notes.txt",
    "annual\u202egpj.exe",
    "two\nlines.txt",
    " spaces around ",
    "a" * 180 + ".tar.gz",
    "ünïcödé 日本語 العربية.md",
    "tab\there\x07bell",
    "zero\u200bwidth",
)
DEEP = "a very long folder name with many words in it/and/one/more/level/"
MIB = 1024 * 1024


def rows() -> tuple[JobRow, ...]:
    """One transfer in each state."""
    cloud, home, backup = "Photos (S3) › holidays", "This computer › Pictures", "Backup › 2026"
    one: dict[str, int] = {"items_total": 1, "bytes_total": 68 * MIB}
    broke = "The connection broke off before everything had arrived, and did not come back."
    return (
        JobRow(1, "upload", "a.jpg", home, cloud, State.DONE, items_done=1, bytes_done=68 * MIB, **one),
        JobRow(2, "copy", "archive", cloud, backup, State.DONE_WITH_SKIPS, items_total=1204, items_done=1201,
               items_skipped=3, bytes_done=9000 * MIB, bytes_total=9000 * MIB),
        JobRow(3, "download", "report.pdf", cloud, home, State.FAILED, items_failed=1, error=broke, **one),
        JobRow(4, "upload", "movies", home, cloud, State.NEEDS_SIGN_IN, items_total=12, items_done=4,
               bytes_done=400 * MIB, bytes_total=1500 * MIB),
        JobRow(5, "upload", "contract.docx", home, cloud, State.ASKING, **one),
        JobRow(6, "upload", "notes", home, cloud, State.PAUSED, items_total=40, items_done=12,
               bytes_done=30 * MIB, bytes_total=90 * MIB),
        JobRow(7, "copy", "raw", cloud, backup, State.WAITING, items_total=200, bytes_total=90 * MIB),
        JobRow(8, "upload", "holidays", home, cloud, State.RUNNING, items_total=200, items_done=83,
               planning=True, bytes_done=120 * MIB, bytes_total=400 * MIB, bytes_per_second=9.1e6),
        JobRow(9, "download", "IMG_4711.CR3", cloud, home, State.RUNNING, bytes_done=46 * MIB,
               bytes_per_second=9.3e6, seconds_left=4, **one),
    )  # fmt: skip


async def take(scene: Scene, folder: Path, name: str, dialog: QWidget | None = None) -> None:
    """Grab the window, or a dialog of it, as it is now."""
    await pause(SETTLE)
    path = folder / f"{name}.png"
    (dialog or scene.window).grab().save(str(path))
    print(path)


async def all_of(scene: Scene, folder: Path, theme: str) -> None:
    window = scene.window
    window.activateWindow()
    await take(scene, folder, f"{theme}-1-empty")
    await scene.open(DEMO_CLOUD, "holiday-photos", "2026/alps/")
    await take(scene, folder, f"{theme}-2-demo")
    big = CannedDriver(numbered(12_403), ("photos", "logs", "backups-of-everything-2019-to-2026-eu-west-1"))
    scene.add("photos (S3)", big)
    await scene.open("photos (S3)", "photos")
    window.objects.select(["IMG_3.jpg", "IMG_12.jpg"])
    window.objects.focus_list()
    scene.app.engine.stop()
    window.jobs.stop()
    window.jobs._changes = lambda since: Changes(1, rows(), (), Summary(2, 1, 2, 1, 18.4e6))
    window.jobs.poll()
    window.jobs.stop()
    await take(scene, folder, f"{theme}-3-transferring")
    odd = CannedDriver(lambda prefix: [prefix + name for name in HOSTILE], ("odd",))
    scene.add("odd & <b>names</b>", odd)
    await scene.open("odd & <b>names</b>", "odd", DEEP)
    window.objects.select([window.objects.model.entry(3).key])
    window.inspector.tabs.setCurrentIndex(1)
    await take(scene, folder, f"{theme}-4-hostile")
    window.objects.select([window.objects.model.entry(4).key])
    window.inspector.tabs.setCurrentIndex(2)
    broken = CannedDriver(lambda prefix: [], ("box",))
    broken.error = UnreachableError("Could not reach s3.example.org: the name is not known.")
    scene.add("broken", broken)
    await scene.open("broken", "box")
    await take(scene, folder, f"{theme}-5-error")
    await scene.open("quiet")
    await take(scene, folder, f"{theme}-6-no-containers")
    void = CannedDriver(lambda prefix: [], ("box",))
    scene.add("void", void)
    await scene.open("void", "box")
    await take(scene, folder, f"{theme}-7-empty-folder")
    window.open_place(Place("photos (S3)", "photos"))
    window.path.edit()
    await until(lambda: window.objects.model.rowCount() > 0, 5)
    await take(scene, folder, f"{theme}-8-address")
    await help_of(scene, folder, theme)


async def help_of(scene: Scene, folder: Path, theme: str) -> None:
    """About's three pages, the shortcuts and the guide."""
    scene.app.secrets = Secrets(_no_keyring)
    start(help.show_about(scene.app, scene.window), scene.window)
    about = await opened(AboutDialog)
    await until(about.copy.isEnabled, 20)
    about.copy.click()
    for page in range(about.tabs.count()):
        about.tabs.setCurrentIndex(page)
        await take(scene, folder, f"{theme}-9-about-{page}", about)
    about.accept()
    start(help.show_shortcuts(scene.app, scene.window), scene.window)
    shortcuts = await opened(ShortcutsDialog)
    await take(scene, folder, f"{theme}-9-shortcuts", shortcuts)
    shortcuts.accept()
    start(help.show_user_guide(scene.app, scene.window), scene.window)
    guide = await opened(GuideWindow)
    for place in (0, 1500, 3600):
        guide.page.verticalScrollBar().setValue(place)
        await take(scene, folder, f"{theme}-9-guide-{place}", guide)
    guide.close()


def _no_keyring() -> Vault:
    raise NoKeyringHereError("none here")


async def opened(kind: type[D]) -> D:
    """The dialog of this class, when it is there."""

    def there() -> list[D]:
        return [one for one in QApplication.topLevelWidgets() if isinstance(one, kind) and one.isVisible()]

    await until(there, 20, kind.__name__)
    return there()[0]


def main() -> None:
    folder = Path(sys.argv[1])
    theme = sys.argv[2] if len(sys.argv) > 2 else "light"
    width, height = (sys.argv[3] if len(sys.argv) > 3 else "1280x800").split("x")
    folder.mkdir(parents=True, exist_ok=True)
    application = QApplication(sys.argv[:1])
    application.setApplicationName("Skyferry")
    with tempfile.TemporaryDirectory() as profile:
        size = QSize(int(width), int(height))
        show(lambda scene: all_of(scene, folder, theme), Path(profile), theme=theme, size=size)


if __name__ == "__main__":
    main()
