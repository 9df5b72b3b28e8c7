"""How much a selection is: objects and bytes, counted in a thread, with a way to say that it is enough."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import partial

from storage_core.base import StorageDriver
from storage_core.errors import LibcloudError, StoppedError

from ..background import closed, in_thread, start
from ..dialogs.delete import DeleteDialog
from ..error_box import sentence
from .progress import Progress, shown_in


@dataclass(frozen=True, slots=True)
class Chosen:
    """What is counted or deleted: objects, and folders (prefixes; "" for the whole container)."""

    container: str
    objects: Sequence[tuple[str, int]]  # name, bytes
    folders: Sequence[str]


def counted(driver: StorageDriver, chosen: Chosen, progress: Progress) -> None:
    """Add it all up in `progress`. Call in a thread; StoppedError when somebody said that it is enough."""
    container = driver.open_container(chosen.container)
    progress.step(len(chosen.objects), sum(size for _, size in chosen.objects))
    for folder in chosen.folders:
        for page in driver.iterate_pages(container, folder, delimiter=""):
            progress.step(len(page.objects), sum(found.size for found in page.objects))


async def agreed(
    dialog: DeleteDialog, driver: StorageDriver, chosen: Chosen, account: str, doing: str
) -> tuple[bool, int]:
    """Show the question, count meanwhile. Whether the person said yes, and how many objects were counted."""
    progress = Progress()
    dialog.stop_counting.connect(progress.stop)
    dialog.finished.connect(progress.stop)
    count = partial(counted, driver, chosen, progress)
    start(_count(dialog, progress, count, account, doing), dialog)
    return await closed(dialog), progress.done


async def _count(
    dialog: DeleteDialog, progress: Progress, count: Callable[[], None], account: str, doing: str
) -> None:
    start(shown_in(progress, lambda: dialog.counting(progress.done)), dialog)
    try:
        await in_thread(count, account=account)
    except StoppedError:
        progress.over = True
        dialog.counted(progress.done, progress.size, complete=False)
    except LibcloudError as error:
        progress.over = True
        dialog.count_failed(sentence(error, doing).text)
    else:
        progress.over = True
        dialog.counted(progress.done, progress.size, complete=True)
