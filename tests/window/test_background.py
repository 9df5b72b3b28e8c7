"""The seam: flows wait for threads and for people, and nothing that hangs takes the window with it."""

import os
import signal
import sys
import threading
import time

import pytest
from PySide6.QtCore import QObject, QTimer
from PySide6.QtWidgets import QDialog, QWidget
from shiboken6 import Shiboken

from gui import background
from gui.background import Cancelled, closed, in_thread, pause, running_loop, start, until, within
from tests.window.loop import run

pytestmark = pytest.mark.window


@pytest.fixture
def owner(qapp):
    return QObject()


@pytest.fixture
def hooked(monkeypatch):
    """What reaches sys.excepthook."""
    seen = []
    monkeypatch.setattr(sys, "excepthook", lambda kind, error, trace: seen.append(error))
    return seen


def test_a_call_runs_beside_the_gui_thread_and_its_result_comes_back(qapp):
    @run
    async def _():
        name = await in_thread(lambda word: (word, threading.current_thread().name), "hello", pool="disk")
        assert name[0] == "hello"
        assert name[1].startswith("skyferry-disk")


def test_what_a_call_raises_is_raised_in_the_flow(qapp):
    @run
    async def _():
        with pytest.raises(ZeroDivisionError):
            await in_thread(lambda: 1 / 0)


@pytest.mark.parametrize("kind", [StopIteration, SystemExit, KeyboardInterrupt, Cancelled])
def test_what_a_future_cannot_hold_becomes_an_error_and_not_an_endless_wait(qapp, kind):
    def fail():
        raise kind

    @run
    async def _():
        with pytest.raises(RuntimeError, match=kind.__name__):
            await within(5, in_thread(fail))
        assert await within(5, in_thread(lambda: "still alive")) == "still alive"


def test_an_unanswered_keyring_and_a_black_holed_host_hold_up_nobody_else(owner):
    never = threading.Event()

    @run
    async def _():
        stuck = [in_thread(never.wait, 30, pool="keyring")]
        stuck += [
            in_thread(never.wait, 30, account="black hole") for _ in range(background.THREADS["browse"])
        ]
        waiting = [start(one, owner) for one in stuck]
        for pool in ("disk", "engine", "files"):
            assert await within(5, in_thread(lambda: 1, pool=pool)) == 1
        assert await within(5, in_thread(lambda: 2, account="another account")) == 2
        assert not any(one.done() for one in waiting)
        never.set()
        for one in waiting:
            await within(5, one)

    assert never.is_set()


def test_each_account_has_four_threads_for_browsing(owner):
    barrier = threading.Barrier(background.THREADS["browse"])

    @run
    async def _():
        calls = [
            start(in_thread(barrier.wait, 10, account="a"), owner)
            for _ in range(background.THREADS["browse"])
        ]
        assert sorted([await within(10, call) for call in calls]) == [0, 1, 2, 3]


def test_small_files_are_written_one_after_the_other(owner):
    running, most = [], []

    def write():
        running.append(1)
        most.append(len(running))
        time.sleep(0.01)
        running.pop()

    @run
    async def _():
        calls = [start(in_thread(write, pool="files"), owner) for _ in range(8)]
        for call in calls:
            await call
        assert max(most) == 1


def test_a_flow_ends_with_its_owner(owner, hooked):
    ended = []

    async def flow():
        try:
            await pause(60)
        except Cancelled:
            ended.append("cancelled")
            raise

    @run
    async def _():
        task = start(flow(), owner)
        await pause(0)
        Shiboken.delete(owner)
        await until(lambda: task.done(), 5)
        assert task.cancelled()

    assert ended == ["cancelled"]
    assert hooked == []


def test_nothing_of_a_flow_runs_behind_the_end_of_the_loop(owner, hooked):
    """Its turn may have come when the end comes: it is cancelled within a loop, and never goes on without."""
    ended = []

    async def flow():
        try:
            while True:
                await in_thread(lambda: None)
                await pause(0)
        except Cancelled:
            running_loop()
            ended.append("cancelled")
            raise

    for _ in range(20):

        @run
        async def _():
            for _ in range(8):
                start(flow(), owner)
            await pause(0.01)

    assert ended == ["cancelled"] * 160
    assert hooked == []


def test_no_timer_rings_behind_the_end_of_the_loop(owner):
    heard = []
    timer = QTimer(owner, interval=0)
    timer.timeout.connect(lambda: heard.append(running_loop()))

    @run
    async def _():
        timer.start()
        await until(lambda: heard, 5)

    timer.stop()
    assert len(set(heard)) == 1


def test_an_exception_that_a_flow_lets_out_goes_to_the_excepthook(owner, hooked):
    async def flow():
        await pause(0)
        raise LookupError("of ours")

    @run
    async def _():
        start(flow(), owner)
        await until(lambda: hooked, 5)

    assert [str(error) for error in hooked] == ["of ours"]


@pytest.mark.parametrize(
    ("act", "answer"), [(QDialog.accept, True), (QDialog.reject, False), (QDialog.close, False)]
)
def test_a_dialog_is_awaited_while_other_flows_go_on(owner, act, answer):
    ticks = []

    async def clock():
        while True:
            ticks.append(1)
            await pause(0.01)

    @run
    async def _():
        start(clock(), owner)
        dialog = QDialog()
        waiting = start(closed(dialog), owner)
        await until(dialog.isVisible, 5)
        before = len(ticks)
        await until(lambda: len(ticks) > before + 5, 5, "ticks beside the dialog")
        act(dialog)
        assert await within(5, waiting) is answer


def test_a_dialog_can_be_opened_again_and_is_deleted_when_its_flow_ends(owner):
    dialogs = []

    async def flow():
        dialog = QDialog()
        dialogs.append(dialog)
        answers = [await closed(dialog), await closed(dialog)]
        await pause(0.05)
        assert Shiboken.isValid(dialog)  # its fields may still be read
        return answers

    @run
    async def _():
        task = start(flow(), owner)
        await until(lambda: dialogs and dialogs[0].isVisible(), 5)
        dialogs[0].reject()
        await until(lambda: dialogs[0].isVisible(), 5)
        dialogs[0].accept()
        assert await within(5, task) == [False, True]
        await until(lambda: not Shiboken.isValid(dialogs[0]), 5, "the dialog's end")


def test_a_cancelled_flow_takes_its_dialog_with_it(owner):
    @run
    async def _():
        dialog = QDialog()
        task = start(closed(dialog), owner)
        await until(dialog.isVisible, 5)
        task.cancel()
        await until(task.done, 5)
        assert not Shiboken.isValid(dialog) or not dialog.isVisible()


def test_a_dialog_whose_parent_goes_counts_as_closed(owner):
    @run
    async def _():
        parent = QWidget()
        dialog = QDialog(parent)
        task = start(closed(dialog), owner)
        await until(dialog.isVisible, 5)
        Shiboken.delete(parent)
        assert await within(5, task) is False


def test_closing_the_last_window_ends_nothing(qapp):
    @run
    async def _():
        window = QWidget()
        window.show()
        await until(window.isVisible, 5)
        window.close()
        await pause(0.1)
        assert await in_thread(lambda: "still running") == "still running"


def test_waiting_for_what_does_not_happen_names_it(qapp):
    @run
    async def _():
        with pytest.raises(TimeoutError, match="the moon did not happen within"):
            await until(lambda: False, 0.05, "the moon")


@pytest.mark.skipif(not hasattr(signal, "SIGTERM") or os.name != "posix", reason="POSIX signals")
def test_a_signal_is_heard_by_an_idle_window(owner):
    heard = []
    before = {number: signal.getsignal(number) for number in (signal.SIGTERM, signal.SIGINT, signal.SIGHUP)}
    try:

        @run
        async def _():
            background.on_signals(owner, lambda: heard.append("stop"))
            threading.Timer(0.2, os.kill, (os.getpid(), signal.SIGTERM)).start()
            await until(lambda: heard, 5, "the signal")
            Shiboken.delete(owner)
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)
    assert heard == ["stop"]


def test_the_end_does_not_wait_for_a_call_that_hangs(owner):
    never = threading.Event()

    async def main():
        start(in_thread(never.wait, 30), owner)
        await pause(0.05)
        return 7

    try:
        assert background.run(main) == 7
        began = time.monotonic()
        assert background.finish(0.3) is False
        assert time.monotonic() - began < 5
    finally:
        never.set()
    assert background.finish(5) is True
