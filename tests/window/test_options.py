"""The command line, as people type it: real processes, one for each sentence."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest
from PySide6.QtGui import QImage
from PySide6.QtWidgets import QApplication

from gui import app as program
from gui import options
from gui.background import start, until
from gui.dialogs.message import NoticeDialog
from gui.settings import portable_folders
from storage_core import __version__

from .loop import run
from .stage import named_button, press

pytestmark = pytest.mark.window
ROOT = Path(__file__).parents[2]
# Runs before the program: tells of every file that Python opens to write, and of every folder it makes.
WATCH = """
import os, sys
told = os.open(os.environ["WRITTEN"], os.O_WRONLY | os.O_APPEND | os.O_CREAT)
def heard(event, arguments):
    if event == "open":
        path, _, flags = arguments
        if not isinstance(path, (str, bytes)) or not flags & (os.O_WRONLY | os.O_RDWR):
            return
    elif event in ("os.mkdir", "os.rename", "os.symlink", "os.link", "sqlite3.connect"):
        path = arguments[0]
    else:
        return
    os.write(told, os.fsencode(os.path.abspath(path)) + b"\\0")
sys.addaudithook(heard)
"""


def ran(*arguments: str, env: dict[str, str] | None = None) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-m", "gui", *arguments],
        cwd=ROOT, env={**os.environ, "PYTHONWARNINGS": "error", **(env or {})},
        capture_output=True, text=True, timeout=100, check=False,
    )  # fmt: skip


def without_display() -> dict[str, str]:
    return {"DISPLAY": "", "WAYLAND_DISPLAY": "", "QT_QPA_PLATFORM": ""}


def test_the_version_is_one_line_and_needs_no_display() -> None:
    done = ran("--version", env=without_display())
    assert (done.returncode, done.stdout, done.stderr) == (0, f"Skyferry {__version__}\n", "")


def test_the_dashes_of_dev_py_run_are_passed_over() -> None:
    argv = [sys.executable, str(ROOT / "dev.py"), "run", "--", "--version"]
    done = subprocess.run(argv, cwd=ROOT, capture_output=True, text=True, timeout=100, check=False)
    assert (done.returncode, done.stdout.splitlines()[-1:]) == (0, [f"Skyferry {__version__}"])


def test_help_names_every_option_and_needs_no_display() -> None:
    done = ran("--help", env=without_display())
    assert (done.returncode, done.stderr) == (0, "")
    for option in ("--version", "--tour", "--screenshots", "--portable", "--theme", "--help"):
        assert option in done.stdout


@pytest.mark.parametrize(
    ("arguments", "complaint"),
    [
        (["--bogus"], "unrecognized arguments: --bogus"),
        (["--port", "x"], "unrecognized arguments: --port"),
        (["file.txt"], "unrecognized arguments: file.txt"),
        (["--theme", "pink"], "invalid choice: 'pink'"),
        (["--portable"], "expected one argument"),
        (["--portable", " "], "the name of a folder"),
        (["--screenshots", "x"], "--screenshots goes with --tour"),
    ],
    ids=lambda value: " ".join(value) if isinstance(value, list) else "",
)
def test_a_wrong_option_is_named_under_the_usage_and_exits_with_2(
    arguments: list[str], complaint: str
) -> None:
    done = ran(*arguments, env=without_display())
    assert (done.returncode, done.stdout) == (2, "")
    assert done.stderr.startswith("usage: skyferry")
    assert complaint in done.stderr


@pytest.mark.skipif(not sys.platform.startswith("linux"), reason="elsewhere there is always one")
def test_without_a_display_it_says_so_in_one_sentence() -> None:
    done = ran(env=without_display())
    assert (done.returncode, done.stdout) == (1, "")
    assert done.stderr == "Skyferry found no display: neither DISPLAY nor WAYLAND_DISPLAY is set.\n"


def test_a_portable_folder_that_cannot_be_written_is_one_sentence(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("in the way")
    wanted = tmp_path / "file" / "profile"
    done = ran("--portable", str(wanted), env={"QT_QPA_PLATFORM": "offscreen"})
    assert (done.returncode, done.stdout) == (1, "")
    assert done.stderr == f"Skyferry cannot write to {wanted}: Not a directory.\n"


def test_a_theme_on_the_command_line_is_for_one_run(tmp_path: Path) -> None:
    profile, pictures = tmp_path / "profile", tmp_path / "pictures"
    folders = portable_folders(profile)
    folders.config.mkdir(parents=True)
    folders.settings.write_text('{"version": 1, "theme": "light"}')
    done = ran(
        "--portable", str(profile), "--tour", "--screenshots", str(pictures), "--theme", "dark",
        env={"QT_QPA_PLATFORM": "offscreen", "HOME": str(tmp_path)},
    )  # fmt: skip
    assert done.returncode == 0, done.stdout + done.stderr
    assert json.loads(folders.settings.read_text())["theme"] == "light"
    shown = [QImage(str(picture)) for picture in sorted(pictures.glob("*.png"))]
    assert len(shown) >= 5
    for picture in shown:
        assert picture.pixelColor(picture.width() - 8, picture.height() - 8).lightness() < 80


def test_portable_keeps_everything_below_its_folder(tmp_path: Path) -> None:
    """The home, the folder for temporary files and all of XDG's are there, empty, and stay so."""
    profile, home, written = tmp_path / "stick", tmp_path / "home", tmp_path / "written"
    watch = tmp_path / "watch"
    watch.mkdir()
    (watch / "sitecustomize.py").write_text(WATCH)
    home.mkdir(mode=0o500)
    env = {key: value for key, value in os.environ.items() if not key.startswith("XDG_")}
    env |= {
        "HOME": str(home), "USERPROFILE": str(home), "TMPDIR": str(home), "QT_QPA_PLATFORM": "offscreen",
        "PYTHONPATH": str(watch), "PYTHONDONTWRITEBYTECODE": "1", "WRITTEN": str(written),
        "PYTHONWARNINGS": "error",
    }  # fmt: skip
    command = [sys.executable, "-m", "gui", "--portable", str(profile)]
    process = subprocess.Popen(command, cwd=ROOT, env=env, stderr=subprocess.PIPE, text=True)
    journal = portable_folders(profile).journal
    end = time.monotonic() + 60
    while not journal.exists():
        assert process.poll() is None, process.stderr and process.stderr.read()
        assert time.monotonic() < end
        time.sleep(0.05)
    process.send_signal(signal.SIGTERM)
    errors = process.communicate(timeout=60)[1]
    assert (process.returncode, errors) == (0, "")
    assert list(home.iterdir()) == []
    paths = [Path(os.fsdecode(path)) for path in written.read_bytes().split(b"\0") if path]
    assert journal in paths  # the watch hears
    assert [path for path in paths if not path.is_relative_to(profile) and path != Path(os.devnull)] == []
    for kept in (portable_folders(profile).log, journal, portable_folders(profile).settings):
        assert kept.exists()


FILE_DIALOG = """
import sys
from pathlib import Path
from PySide6.QtCore import QSettings
from PySide6.QtWidgets import QApplication, QFileDialog
from gui import app
async def dialog(options, folders):
    shown = QFileDialog(None, "Open", str(folders.config))
    shown.setOption(QFileDialog.Option.DontUseNativeDialog)
    shown.show()
    shown.reject()
    shown.deleteLater()
    return 0
app._run = dialog
sys.exit(app.main(["--portable", sys.argv[1]]))
"""


@pytest.mark.skipif(sys.platform == "win32", reason="Qt keeps them in the registry there")
def test_what_qt_remembers_of_file_dialogs_lies_below_the_folder_too(tmp_path: Path) -> None:
    home = tmp_path / "home"
    home.mkdir()
    env = {key: value for key, value in os.environ.items() if not key.startswith("XDG_")}
    done = subprocess.run(
        [sys.executable, "-c", FILE_DIALOG, str(tmp_path / "stick")],
        cwd=ROOT, env={**env, "HOME": str(home), "QT_QPA_PLATFORM": "offscreen"},
        capture_output=True, text=True, timeout=60, check=False,
    )  # fmt: skip
    assert (done.returncode, done.stderr) == (0, "")
    assert list(home.rglob("*")) == []
    assert list((tmp_path / "stick" / "config").rglob("QtProject*"))


def test_who_started_it_by_its_icon_is_told_in_a_box_that_nothing_can_be_written(qapp: QApplication) -> None:
    @run
    async def _() -> None:
        told = start(program._cannot_write("Skyferry cannot write to /there: Read-only file system."), qapp)

        def boxes() -> list[NoticeDialog]:
            return [
                one for one in qapp.topLevelWidgets() if isinstance(one, NoticeDialog) and one.isVisible()
            ]

        await until(boxes, 10, "the box")
        [box] = boxes()
        assert "Skyferry cannot write to /there: Read-only file system." in box.accessibleDescription()
        press(named_button(box, "Close"))
        assert await told == 1


# -- the folder beside a frozen program --


def test_a_marker_beside_the_frozen_program_makes_it_portable(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(sys, "frozen", True, raising=False)
    monkeypatch.setattr(sys, "executable", str(tmp_path / "skyferry"))
    assert options.parse([]).portable is None
    (tmp_path / options.MARKER).mkdir()
    marked = options.parse([])
    assert (marked.portable, marked.is_marked) == (tmp_path / options.MARKER, True)
    typed = options.parse(["--portable", str(tmp_path / "other")])
    assert (typed.portable, typed.is_marked) == (tmp_path / "other", False)


def test_from_source_a_folder_of_that_name_means_nothing(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(sys, "executable", str(tmp_path / "python"))
    (tmp_path / options.MARKER).mkdir()
    assert options.parse([]).portable is None
