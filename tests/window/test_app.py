"""The program as a whole: it starts, plays its tour, survives what is broken, and ends well."""

import json
import os
import signal
import sqlite3
import subprocess
import sys
import threading
import time
from functools import partial
from pathlib import Path

import pytest
from PySide6.QtCore import Qt
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QApplication, QLabel, QPlainTextEdit, QPushButton
from shiboken6 import Shiboken

from gui import app as program
from gui.accounts import DEMO_CLOUD, THIS_COMPUTER, Account, Accounts
from gui.background import in_thread, start, until, within
from gui.dialogs.message import MessageDialog
from gui.error_box import Box
from gui.flows.quit import quit_app
from gui.main_window import MainWindow
from gui.options import parse
from gui.records import begin
from gui.secrets import Secrets
from gui.settings import portable_folders
from storage_core.drivers import memory
from storage_core.transfers import CopySpec, Engine, Ref, State, UploadSpec
from tests.servers import keyring
from tests.window.loop import run

pytestmark = pytest.mark.window

ROOT = Path(__file__).parents[2]
SECRET = "c4nary-9f8e7d6c5b4a"


@pytest.fixture
def home(tmp_path):
    home = tmp_path / "home"
    home.mkdir()
    return home


@pytest.fixture
def profile(tmp_path):
    return tmp_path / "profile"


def command(profile, *more):
    return [sys.executable, "-m", "gui", "--portable", str(profile), *more]


def environment(home, **more):
    known = {"HOME": str(home), "QT_QPA_PLATFORM": "offscreen", "PYTHONWARNINGS": "error"}
    return {**os.environ, **known, **more}


def play(profile, home, *more, env=None):
    return subprocess.run(
        command(profile, "--tour", *more),
        env=environment(home, **(env or {})),
        cwd=ROOT,
        capture_output=True,
        text=True,
        timeout=150,
    )


def begun(profile, home):
    """The program, with its window open (its lock and journal are there then)."""
    process = subprocess.Popen(
        command(profile), env=environment(home), cwd=ROOT, stderr=subprocess.PIPE, text=True
    )
    folders = portable_folders(profile)
    end = time.monotonic() + 30
    while not (folders.lock.exists() and folders.journal.exists()):
        assert process.poll() is None, process.stderr.read()
        assert time.monotonic() < end
        time.sleep(0.05)
    return process


# -- as a command --


def test_it_says_its_version_and_its_options(home):
    for option, word in (("--version", "Skyferry"), ("--help", "--portable")):
        done = subprocess.run(
            [sys.executable, "-m", "gui", option],
            env=environment(home),
            cwd=ROOT,
            capture_output=True,
            text=True,
        )
        assert done.returncode == 0
        assert word in done.stdout


def test_the_tour_passes_leaves_pictures_and_nothing_else(profile, home, tmp_path):
    pictures = tmp_path / "pictures"
    done = play(profile, home, "--screenshots", str(pictures))
    assert done.returncode == 0, done.stdout + done.stderr
    assert len(list(pictures.glob("*.png"))) >= 5
    assert done.stdout.count("ok ") >= 9
    assert [one.name for one in home.iterdir() if not one.name.startswith(".")] == []


def test_the_tour_passes_on_a_server_that_checks_signatures(profile, home, swift_server):
    folders = portable_folders(profile)
    accounts = Accounts(folders.accounts, home)
    values = {
        "endpoint": swift_server.endpoint,
        "key": swift_server.access_key,
        "region": swift_server.region,
    }
    accounts.add(Account("swift-account", "Real Swift", "s3_compatible", values))
    accounts.save()
    with keyring.running() as real:
        os.environ.update(before := {name: os.environ.get(name, "") for name in real.env})
        try:
            os.environ.update(real.env)
            Secrets().keep("swift-account", {"secret": swift_server.secret_key})
        finally:
            for name, value in before.items():
                os.environ.pop(name) if not value else os.environ.update({name: value})
        done = play(profile, home, "Real Swift", env=real.env)
    assert done.returncode == 0, done.stdout + done.stderr
    assert "edited metadata" in done.stdout
    assert swift_server.secret_key not in done.stdout + done.stderr


def test_a_tour_that_cannot_be_played_says_why_and_fails(profile, home):
    done = play(profile, home, "No such account")
    assert done.returncode == 1
    assert "FAILED" in done.stdout
    assert "No such account" in done.stdout


def test_a_second_one_on_the_same_profile_steps_back(profile, home):
    first = begun(profile, home)
    try:
        second = play(profile, home)
        assert second.returncode == 1
        assert "already running" in second.stderr
    finally:
        first.send_signal(signal.SIGTERM)
        assert first.wait(20) == 0, first.stderr.read()
        first.stderr.close()


@pytest.mark.skipif(os.name != "posix", reason="kill -9")
def test_after_kill_9_it_starts_again(profile, home):
    first = begun(profile, home)
    first.kill()
    first.wait(10)
    first.stderr.close()
    assert play(profile, home).returncode == 0


@pytest.mark.parametrize("text", [b"{", b"\xff\x00", b'{"version": 99}'])
def test_it_starts_with_everything_broken_and_loses_nothing(profile, home, text):
    folders = portable_folders(profile)
    broken = {folders.accounts: text, folders.settings: text, folders.journal: b"no database at all. " * 100}
    for path, content in broken.items():
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(content)
    assert play(profile, home).returncode == 0
    found = [path.read_bytes() for path in profile.rglob("*") if path.is_file()]
    assert sorted(content for content in found if content in broken.values()) == sorted(broken.values())


# -- inside --


class Running:
    """The program in this process, as `_run` builds it."""

    def __init__(self, profile, home, monkeypatch):
        monkeypatch.setattr(program, "Secrets", lambda: Secrets(_no_keyring))
        monkeypatch.setenv("HOME", str(home))
        monkeypatch.setattr(sys, "excepthook", sys.excepthook)
        monkeypatch.setattr(memory, "_named", {})  # the demo cloud of the test before
        self.app = None
        self.folders = portable_folders(profile)
        self.profile = profile

    async def begin(self, owner):
        self.folders.lock.parent.mkdir(parents=True, exist_ok=True)
        options = parse(["--portable", str(self.profile)])
        self.task = start(program._run(options, self.folders), owner)
        await until(lambda: self.windows() or self.task.done(), 15, "the window")
        if self.task.done():
            self.task.result()
        self.window = self.windows()[0]
        self.app = self.window.app
        await until(
            lambda: self.app.drivers.get(DEMO_CLOUD) and self.app.engine._is_started.is_set(), 15, "the start"
        )

    async def end(self):
        if not self.task.done():
            await quit_app(self.app, self.window, ask=False)
        assert await within(20, self.task) == 0
        self.window.deleteLater()

    @staticmethod
    def windows():
        return [
            one for one in QApplication.topLevelWidgets() if isinstance(one, MainWindow) and one.isVisible()
        ]


def _no_keyring():
    raise AssertionError("the keyring was opened")


@pytest.fixture
def running(qapp, profile, home, monkeypatch):
    running = Running(profile, home, monkeypatch)
    yield running
    if running.app is not None:
        running.app.engine.stop(5)  # a test that failed must not leave its threads behind


async def box(kind=Box):
    def there():
        return [one for one in QApplication.topLevelWidgets() if isinstance(one, kind) and one.isVisible()]

    await until(there, 15, f"a {kind.__name__}")
    return there()[0]


def press(dialog, text):
    [found] = [one for one in dialog.findChildren(QPushButton) if one.text() == text and one.isVisible()]
    QTest.mouseClick(found, Qt.MouseButton.LeftButton)


def _is_gone(dialog):
    return not Shiboken.isValid(dialog) or not dialog.isVisible()


def words(dialog):
    return " ".join(label.text() for label in dialog.findChildren(QLabel))


def test_it_starts_on_two_accounts_that_work_and_asks_no_keyring(running, qapp):
    @run
    async def _():
        await running.begin(qapp)
        assert [account.id for account in running.app.accounts.all()] == [THIS_COMPUTER, DEMO_CLOUD]
        assert running.app.drivers.get(THIS_COMPUTER)
        await running.end()


def test_the_window_is_there_before_the_journal_is_opened(running, qapp, monkeypatch):
    seen = []

    def start_engine(app):
        seen.append(bool(Running.windows()))
        app.folders.data.mkdir(exist_ok=True)
        app.engine.start()

    monkeypatch.setattr(program, "_start_engine", start_engine)

    @run
    async def _():
        await running.begin(qapp)
        assert seen == [True]
        await running.end()


def test_what_was_broken_is_said_once_in_a_box(running, qapp):
    running.folders.config.mkdir(parents=True)
    running.folders.accounts.write_text("{")

    @run
    async def _():
        await running.begin(qapp)
        told = await box()
        assert "accounts.json.broken-" in words(told)
        press(told, "Close")
        await running.end()


def test_an_unexpected_fault_is_shown_and_logged_without_secrets_and_the_program_goes_on(running, qapp):
    async def faulty():
        raise LookupError(f"https://h/?X-Amz-Signature={SECRET} Authorization: AWS4-HMAC-SHA256 {SECRET}")

    @run
    async def _():
        begin(running.folders.log)
        await running.begin(qapp)
        start(faulty(), running.window)
        told = await box()
        [report] = told.findChildren(QPlainTextEdit)
        assert "LookupError" in report.toPlainText()
        assert "test_app.py" in report.toPlainText()
        assert SECRET not in report.toPlainText()
        press(told, "Close")
        assert await in_thread(lambda: "going on") == "going on"
        await running.end()

    log = running.folders.log.read_text()
    assert "LookupError" in log
    assert SECRET not in log
    if os.name == "posix":
        assert running.folders.log.stat().st_mode & 0o077 == 0


def test_a_fault_in_a_thread_is_shown_too(running, qapp):
    @run
    async def _():
        await running.begin(qapp)

        def fault():
            raise LookupError("in a thread")

        threading.Thread(target=fault).start()
        told = await box()
        assert "in a thread" in told.findChildren(QPlainTextEdit)[0].toPlainText()
        press(told, "Close")
        await running.end()


def test_quitting_with_files_in_the_demo_cloud_asks(running, qapp):
    @run
    async def _():
        await running.begin(qapp)
        demo = running.app.drivers.get(DEMO_CLOUD)
        await in_thread(
            demo.upload_object_via_stream, iter([b"mine"]), demo.open_container("documents"), "mine.txt"
        )
        for answer, ends in (("Cancel", False), ("Quit and lose them", True)):
            running.window.close()
            asked = await box(MessageDialog)
            assert "emptied at quit" in words(asked)
            press(asked, answer)
            await until(partial(_is_gone, asked), 5)
            if ends:
                await until(running.task.done, 15, "the end")
            else:
                await until(lambda: not running.app.quitting, 5, "going on")
                assert running.window.isVisible()
        await running.end()


def test_quitting_with_nothing_to_lose_asks_nothing(running, qapp):
    @run
    async def _():
        await running.begin(qapp)
        running.window.close()
        await until(running.task.done, 15, "the end")
        await running.end()


def test_quitting_while_files_are_on_their_way_asks_and_pauses_them_durably(running, qapp, home):
    (home / "big.bin").write_bytes(os.urandom(3_000_000))

    @run
    async def _():
        await running.begin(qapp)
        running.app.engine.bytes_per_second_max = 200_000
        spec = CopySpec((Ref(THIS_COMPUTER, "Home", "big.bin"),), Ref(DEMO_CLOUD, "photos", ""))
        await in_thread(running.app.engine.add, spec, pool="engine")
        await until(lambda: running.app.engine.changes(0).summary.running, 10, "the transfer")
        running.window.close()
        asked = await box(MessageDialog)
        assert "Quit while files are being transferred?" in words(asked)
        press(asked, "Pause and quit")
        await until(running.task.done, 20, "the end")
        await running.end()

    with sqlite3.connect(running.folders.journal) as journal:
        [(spec,)] = journal.execute("SELECT spec FROM jobs").fetchall()
    journal.close()
    assert "big.bin" in json.dumps(spec)


def test_transfers_of_the_last_run_are_shown_at_the_start_and_quitting_does_not_ask_about_them(
    running, qapp, home
):
    (home / "big.bin").write_bytes(b"1")
    accounts = Accounts(running.folders.accounts, home)
    accounts.add(Account("lab", "Lab store", "s3_compatible", {"endpoint": "http://127.0.0.1:9"}))
    accounts.save()
    running.folders.settings.write_text('{"version": 1, "last_account": "lab"}')  # so nothing is opened
    engine = Engine(running.folders.journal, lambda account: None)
    engine.start()
    job = engine.add(UploadSpec((str(home / "big.bin"),), Ref("lab", "photos", "")))
    assert engine.stop()

    @run
    async def _():
        await running.begin(qapp)
        await until(running.window.jobs.jobs, 5, "the list of transfers")
        [row] = running.window.jobs.jobs()
        assert (row.id, row.state) == (job, State.NEEDS_SIGN_IN)
        running.window.close()
        await until(running.task.done, 15, "the end")
        await running.end()
