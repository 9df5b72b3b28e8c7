"""The seam between the window and what takes time: alone in `gui` it says asyncio, qasync and threads.

A flow is a coroutine on the GUI thread: `await in_thread(fn, …)` waits for work, `await closed(dialog)`
for a person.
"""

from __future__ import annotations

import asyncio
import gc
import logging
import signal
import socket
import sys
import threading
import time
from collections.abc import Awaitable, Callable, Coroutine, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from functools import partial
from typing import Any, TypeAlias, TypeVar

from PySide6.QtCore import QObject, QSocketNotifier, QTimer
from PySide6.QtWidgets import QApplication, QDialog
from qasync import QEventLoop
from shiboken6 import Shiboken

T = TypeVar("T")
Task: TypeAlias = asyncio.Task[Any]
Event = asyncio.Event
Lock = asyncio.Lock
Cancelled = asyncio.CancelledError

# One black-holed host or one unanswered keyring prompt must freeze nothing else, so every kind of waiting has
# threads of its own. "browse" has four per account; "files" is one, so that small files are written in order.
THREADS = {"keyring": 1, "browse": 4, "disk": 2, "engine": 1, "files": 1}
SECONDS_TO_END = 5.0
COLLECT_MS = 500

_pools: dict[tuple[str, str], ThreadPoolExecutor] = {}
_tasks: dict[int, set[Task]] = {}  # by the owner's address; also what keeps running tasks alive
_OWNS = "flows end with it"
_log = logging.getLogger(__name__)


def start(coroutine: Coroutine[Any, Any, Any], owner: QObject) -> Task:
    """Run a flow until `owner` is destroyed. An exception that it lets out goes to `sys.excepthook`."""
    address = Shiboken.getCppPointer(owner)[0]
    task = asyncio.get_running_loop().create_task(coroutine)
    if not owner.property(_OWNS):
        owner.setProperty(_OWNS, True)
        owner.destroyed.connect(partial(_cancel_owned, address))
    _tasks.setdefault(address, set()).add(task)
    task.add_done_callback(partial(_ended, address))
    return task


async def in_thread(fn: Callable[..., T], *args: Any, pool: str = "browse", account: str = "") -> T:
    """Run `fn(*args)` in a thread of the named pool (see THREADS; `account` picks among the browse pools).

    Cancelling the flow does not stop the thread: what takes long must look at a flag of its own.
    """
    return await asyncio.get_running_loop().run_in_executor(_pool(pool, account), _call, fn, args)


async def closed(dialog: QDialog) -> bool:
    """Show a dialog and wait until it is closed: True when it was accepted.

    The flow may open it again. It is deleted when the flow ends.
    """
    answer: asyncio.Future[bool] = asyncio.get_running_loop().create_future()

    def finish(result: int) -> None:
        if not answer.done():
            answer.set_result(result == QDialog.DialogCode.Accepted)

    def gone() -> None:
        finish(QDialog.DialogCode.Rejected)

    finished = dialog.finished.connect(finish)
    destroyed = dialog.destroyed.connect(gone)
    task = asyncio.current_task()
    if task is not None and not dialog.property("ends with its flow"):
        dialog.setProperty("ends with its flow", True)
        task.add_done_callback(lambda _: dialog.deleteLater() if Shiboken.isValid(dialog) else None)
    dialog.open()
    try:
        return await answer
    except asyncio.CancelledError:
        if Shiboken.isValid(dialog):
            dialog.reject()
        raise
    finally:
        if Shiboken.isValid(dialog):
            QObject.disconnect(finished)
            QObject.disconnect(destroyed)


async def pause(seconds: float) -> None:
    """Let the window live for a while."""
    await asyncio.sleep(seconds)


async def within(seconds: float, waiting: Awaitable[T]) -> T:
    """Wait at most so long; TimeoutError after that."""
    return await asyncio.wait_for(waiting, seconds)


async def until(condition: Callable[[], object], seconds: float, what: str = "") -> None:
    """Wait until `condition()` is true, asking often; after `seconds` a TimeoutError names `what`."""
    end = time.monotonic() + seconds
    while not condition():
        if time.monotonic() > end:
            raise TimeoutError(f"{what or 'it'} did not happen within {seconds:g} seconds")
        await asyncio.sleep(0.02)


def from_any_thread(loop: asyncio.AbstractEventLoop, fn: Callable[..., object], *args: Any) -> None:
    """Have the GUI thread call `fn(*args)` soon."""
    loop.call_soon_threadsafe(fn, *args)


def running_loop() -> asyncio.AbstractEventLoop:
    """The loop of this GUI thread, to hand to `from_any_thread`."""
    return asyncio.get_running_loop()


def run(main: Callable[[], Coroutine[Any, Any, int]]) -> int:
    """Run the application: the window is built inside `main()`, whose result is the exit code.

    Closing the last window ends nothing; `main()` decides when it is over. A QApplication must exist.
    """
    application = QApplication.instance()
    if not isinstance(application, QApplication):
        raise RuntimeError("make the QApplication first")
    application.setQuitOnLastWindowClosed(False)
    # asyncio.run() learned `loop_factory` in 3.12; the Runner has it in 3.11.
    with asyncio.Runner(loop_factory=partial(_Loop, application)) as runner:
        # qasync's own QThreadExecutor loses a worker for ever when a job raises a BaseException.
        runner.get_loop().set_default_executor(_pool("disk", ""))
        with _collected_here():
            return runner.run(main())


def finish(seconds: float = SECONDS_TO_END) -> bool:
    """End all pools; False when a thread is still busy after so long (the caller then leaves without it)."""
    pools = [*_pools.values()]
    _pools.clear()
    for pool in pools:
        pool.shutdown(wait=False, cancel_futures=True)
    end = time.monotonic() + seconds
    for thread in threading.enumerate():
        if thread.name.startswith("skyferry-"):
            thread.join(max(0.0, end - time.monotonic()))
            if thread.is_alive():
                _log.warning("%s is still busy", thread.name)
                return False
    return True


def on_signals(owner: QObject, stop: Callable[[], object]) -> None:
    """Call `stop()` on the GUI thread when the system asks the program to end (SIGTERM, SIGINT, SIGHUP).

    Python runs signal handlers between its own instructions; an idle window has none: hence the pipe.
    """
    reader, writer = socket.socketpair()
    reader.setblocking(False)
    writer.setblocking(False)
    signal.set_wakeup_fd(writer.fileno(), warn_on_full_buffer=False)
    for name in ("SIGTERM", "SIGINT", "SIGHUP"):
        if number := getattr(signal, name, None):
            signal.signal(number, lambda *_: None)
    notifier = QSocketNotifier(reader.fileno(), QSocketNotifier.Type.Read, owner)

    def heard() -> None:
        reader.recv(64)
        stop()

    def over() -> None:
        signal.set_wakeup_fd(-1)
        reader.close()
        writer.close()

    notifier.activated.connect(heard)
    owner.destroyed.connect(over)


def is_gui_thread() -> bool:
    """Whether the caller runs where widgets live."""
    return threading.current_thread() is threading.main_thread()


def report_thread_errors(report: Callable[[BaseException], object]) -> None:
    """Hand exceptions that end a thread to `report`, in that thread."""

    def hook(event: threading.ExceptHookArgs) -> None:
        if event.exc_value is not None and not isinstance(event.exc_value, SystemExit):
            report(event.exc_value)

    threading.excepthook = hook


# -- helpers --


class _Loop(QEventLoop):  # type: ignore[misc]
    """qasync's, that ends when it says so.

    Its own delivers Qt's events once more behind the end, when no loop is said to run: a flow whose turn it
    is goes on and fails at its next `await`, a timer starts a flow that nobody will run.
    """

    def run_until_complete(self, future: Awaitable[T]) -> T:
        task = asyncio.ensure_future(future, loop=self)
        task.add_done_callback(self._stop_for)
        try:
            self.run_forever()
        finally:
            task.remove_done_callback(self._stop_for)
        if not task.done():
            raise RuntimeError("the loop was stopped before its task was done")
        return task.result()

    def _stop_for(self, task: asyncio.Future[Any]) -> None:
        self.stop()


@contextmanager
def _collected_here() -> Iterator[None]:
    """Have cyclic garbage collected on the GUI thread alone, while the loop runs.

    Python collects in whichever thread happens to allocate; a widget or a connection that ends in a worker
    thread crashes Qt (measured: one run of the window's tests in six).
    """
    timer = QTimer(interval=COLLECT_MS)
    timer.timeout.connect(_collect)
    was_on = gc.isenabled()
    gc.disable()
    gc.freeze()  # modules and classes, nine tenths of all there is: a full collection need not walk them
    timer.start()
    try:
        yield
    finally:
        timer.stop()
        gc.unfreeze()
        if was_on:
            gc.enable()


def _collect() -> None:
    """What the collector would have done by itself, generation by generation."""
    for generation in (2, 1, 0):
        limit = gc.get_threshold()[generation]
        if limit and gc.get_count()[generation] > limit:
            gc.collect(generation)
            return


def _pool(name: str, account: str) -> ThreadPoolExecutor:
    key = (name, account if name == "browse" else "")
    if key not in _pools:
        _pools[key] = ThreadPoolExecutor(THREADS[name], f"skyferry-{name}")
    return _pools[key]


def _call(fn: Callable[..., T], args: tuple[Any, ...]) -> T:
    try:
        return fn(*args)
    except (StopIteration, SystemExit, KeyboardInterrupt, asyncio.CancelledError) as error:
        # A future cannot hold the first (the flow would wait for ever); the others would end the whole loop.
        raise RuntimeError(f"the call in a thread raised {type(error).__name__}") from error


def _cancel_owned(address: int, *_: object) -> None:
    for task in _tasks.pop(address, set()):
        task.cancel()


def _ended(address: int, task: Task) -> None:
    _tasks.get(address, set()).discard(task)
    if task.cancelled():
        return
    error = task.exception()
    if error is not None:
        sys.excepthook(type(error), error, error.__traceback__)
