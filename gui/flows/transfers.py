"""What people do with transfers that are on their way: answer, pause, go on, give up, look closer."""

from __future__ import annotations

from collections.abc import Callable, Iterable

from storage_core.base import StorageDriver
from storage_core.errors import InvalidCredsError, LibcloudError
from storage_core.transfers import Conflict, ItemReport, JobRow, Ref, State

from ..background import closed, in_thread
from ..context import Context
from ..dialogs.conflict import ConflictDialog
from ..dialogs.details import DetailsDialog
from ..error_box import show_error
from .connect import driver_for, sign_in_again
from .window import Window


async def answer_question(app: Context, window: Window, row: JobRow) -> None:
    """Ask what to do with a name that is taken. Other transfers go on meanwhile; closing decides nothing."""
    question = row.question
    if question is None:
        return
    dialog = ConflictDialog(row, question, window.widget)
    if await closed(dialog) and dialog.decision is not Conflict.ASK:
        answer = (row.id, question.id, dialog.decision)
        await in_thread(_answer, app, *answer, dialog.for_rest, pool="engine")


def _answer(app: Context, job_id: int, question_id: int, decision: Conflict, for_rest: bool) -> None:
    app.engine.answer(job_id, question_id, decision, for_rest=for_rest)


async def pause(app: Context, window: Window, job_ids: Iterable[int]) -> None:
    """Stop after what is being sent; what arrived stays."""
    await _each(app, window, app.engine.pause, job_ids, window.widget.tr("pause the transfer"))


async def resume(app: Context, window: Window, job_ids: Iterable[int]) -> None:
    """Go on where they stopped, signing in first where that is what they wait for."""
    ids = list(job_ids)
    await _sign_in(app, window, ids)
    await _each(app, window, app.engine.resume, ids, window.widget.tr("resume the transfer"))


async def cancel(app: Context, window: Window, job_ids: Iterable[int]) -> None:
    """Give up. Whole files that arrived stay; begun ones leave nothing behind."""
    await _each(app, window, app.engine.cancel, job_ids, window.widget.tr("cancel the transfer"))


async def retry(app: Context, window: Window, job_ids: Iterable[int]) -> None:
    """Try once more what failed."""
    ids = list(job_ids)
    await _sign_in(app, window, ids)
    await _each(app, window, app.engine.retry, ids, window.widget.tr("retry the transfer"))


async def remove(app: Context, window: Window, job_ids: Iterable[int]) -> None:
    """Forget finished transfers and their receipts."""
    await _each(app, window, app.engine.remove, job_ids, window.widget.tr("remove the transfer"))


async def clear_done(app: Context, window: Window) -> None:
    """Forget all that ended well."""
    await in_thread(app.engine.clear_done, pool="engine")


async def show_details(app: Context, window: Window, job_id: int) -> None:
    """What happened to each item that did not simply arrive, to read and to copy."""
    row = await in_thread(_row, app, job_id, pool="engine")
    if row is None:
        return
    problems: list[ItemReport] = await in_thread(app.engine.reports, job_id, pool="engine")
    await closed(DetailsDialog(row, problems, window.widget))


# -- helpers --


async def _each(
    app: Context, window: Window, act: Callable[[int], object], job_ids: Iterable[int], doing: str
) -> None:
    for job_id in job_ids:
        try:
            await in_thread(act, job_id, pool="engine")
        except LibcloudError as error:
            await show_error(window.widget, error, doing)
            return


async def _sign_in(app: Context, window: Window, job_ids: list[int]) -> None:
    for job_id in job_ids:
        row = await in_thread(_row, app, job_id, pool="engine")
        for ref in (row.source_ref, row.target_ref) if row is not None else ():
            if row is None or ref is None:
                continue
            driver = app.drivers.get(ref.account)
            if driver is None:
                await driver_for(app, window, ref.account)
            elif row.state is State.NEEDS_SIGN_IN and await in_thread(
                _is_refused, driver, ref, account=ref.account
            ):
                await sign_in_again(app, window, ref.account)


def _is_refused(driver: StorageDriver, ref: Ref) -> bool:
    """Whether the service does not accept the secret that it was opened with."""
    try:
        driver.list_page(driver.open_container(ref.container), limit=1)
    except InvalidCredsError:
        return True
    except LibcloudError:
        return False  # other trouble is the transfer's own
    return False


def _row(app: Context, job_id: int) -> JobRow | None:
    return next((row for row in app.engine.changes(0).rows if row.id == job_id), None)
