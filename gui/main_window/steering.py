"""Which command starts which flow, what can run now, and the context menus."""

from __future__ import annotations

from collections.abc import Callable, Coroutine, Iterable, Mapping
from functools import partial
from typing import Any, Protocol, TypeAlias

from PySide6.QtCore import QObject, QPoint, Qt, QTimer
from PySide6.QtGui import QCursor, QGuiApplication
from PySide6.QtWidgets import QMenu

from storage_core.capabilities import MIB, Capabilities
from storage_core.transfers import JobRow
from storage_core.transfers import State as JobState

from ..accounts import BUILT_IN, THIS_COMPUTER, Place
from ..actions import State
from ..background import Task
from ..context import Context
from ..flows import browse, paste_out
from ..flows.window import Window
from ..menus import Commands
from ..models.listing import Column
from ..models.transfers import TransfersModel
from ..named import named
from ..panes import dragging
from ..panes.layout import PaneLayout
from ..panes.top_bar import TopBar
from ..text import speed
from ..theme import MODES, Theme

Flow: TypeAlias = Coroutine[Any, Any, Any]
PANES = ("accounts", "containers", "inspector", "transfers")  # that can be closed
LIMITS = (1, 5, 10, 25, 50)  # MiB/s
FOLLOW_MS = 3_000  # and one more for each row: so long files that arrive may stay unseen
FOLLOW_SELECTED = 500  # rows; with more of them selected they stay unseen until the job's end
RUNNING = frozenset({JobState.WAITING, JobState.RUNNING})
PAUSED = frozenset({JobState.PAUSED, JobState.NEEDS_SIGN_IN})
RETRYABLE = frozenset({JobState.FAILED, JobState.CANCELLED})

# Commands that are a flow and nothing else, which is loaded with the first of them.
FLOWS: Mapping[str, str] = {
    "account.add": "flows.connect.add_account",
    "container.new": "flows.container.new_container",
    "upload.files": "flows.upload.choose_files",
    "upload.folder": "flows.upload.choose_folder",
    "object.download": "flows.download.download_selected",
    "object.copy_to": "flows.copy.copy_selected_to",
    "folder.new": "flows.folder.new_folder",
    "object.rename": "flows.rename.rename_selected",
    "object.link": "flows.share.copy_link",
    "object.properties": "flows.metadata.show_properties",
    "object.delete": "flows.delete.delete_selected",
    "edit.copy": "flows.clipboard.copy",
    "edit.copy_out": "flows.clipboard.copy_for_others",
    "edit.paste": "flows.clipboard.paste",
    "transfers.clear": "flows.transfers.clear_done",
    "help.guide": "flows.help.show_user_guide",
    "help.security": "flows.help.show_security",
    "help.shortcuts": "flows.help.show_shortcuts",
    "help.log": "flows.help.show_log_folder",
    "help.about": "flows.help.show_about",
}


class Steered(Window, Protocol):
    """What commands ask of the window beyond what flows do."""

    commands: Commands
    jobs: TransfersModel
    panes: PaneLayout
    theme: Theme
    top: TopBar
    trail: browse.Trail

    def run(self, flow: Flow) -> Task: ...
    def close(self) -> bool: ...
    def reload(self) -> None: ...
    def go_back(self) -> None: ...
    def go_forward(self) -> None: ...
    def go_up(self) -> None: ...
    def open_selected(self) -> None: ...


class Steering(QObject):
    """One per window, made when its panes are there."""

    def __init__(self, app: Context, window: Steered) -> None:
        super().__init__(window.widget)
        self._app = app
        self._window = window
        self._pasteable = False
        self._look_again = QTimer(self, singleShot=True)
        self._look_again.timeout.connect(self._follow)
        self._shown: tuple[Capabilities | None, State] | None = None
        self._own = self._own_commands()
        window.commands.triggered.connect(self.command)
        window.accounts.context_menu.connect(self._account_menu)
        window.containers.context_menu.connect(self._container_menu)
        window.objects.context_menu.connect(self._entries_menu)
        window.transfers.context_menu.connect(lambda at: self._menu("transfer", at))
        window.transfers.selection_changed.connect(self.update)
        window.jobs.summary_changed.connect(lambda summary: self.update())
        window.jobs.advanced.connect(self._job_advanced)
        window.jobs.ended.connect(self._job_ended)
        window.jobs.asked.connect(partial(self._run, "flows.transfers.answer_question"))
        QGuiApplication.clipboard().dataChanged.connect(self._look_at_clipboard)
        self._wire_rows()

    def command(self, command_id: str) -> None:
        """Run a command of the table."""
        if command_id in FLOWS:
            self._window.run(named(FLOWS[command_id])(self._app, self._window))
        else:
            self._own[command_id]()

    def update(self) -> None:
        """Switch commands on and off, where something has changed."""
        window, state = self._window, self._state()
        driver = self._app.drivers.get(window.place.account) if window.place else None
        capabilities = driver.capabilities if driver else None
        if (capabilities, state) != self._shown:
            self._shown = (capabilities, state)
            window.commands.update(capabilities, state)
        for name in PANES:
            window.commands[f"view.{name}"].setChecked(window.panes.is_open(name))
        for mode in MODES:
            window.commands[f"theme.{mode}"].setChecked(window.theme.mode == mode)

    # -- commands that need something of the window --

    def _own_commands(self) -> Mapping[str, Callable[[], object]]:
        window, account, jobs = self._window, self._account_flow, self._jobs_flow
        return {
            "account.edit": partial(account, "flows.connect.edit_account"),
            "account.duplicate": partial(account, "flows.connect.duplicate_account"),
            "account.remove": partial(account, "flows.connect.remove_account"),
            "account.sign_in": partial(
                account, "flows.browse.sign_in"
            ),  # offered where a sign-in was refused
            "app.quit": window.close,
            "container.open": self._open_container,
            "container.public": partial(self._container_flow, "flows.cdn.toggle_public"),
            "container.delete": partial(self._container_flow, "flows.container.delete_container"),
            "object.open": window.open_selected,
            "edit.select_all": window.objects.select_all,
            "edit.filter": window.top.focus_filter,
            "view.refresh": window.reload,
            **{f"view.{name}": partial(self._toggle_pane, name) for name in PANES},
            **{f"sort.{column.name.lower()}": partial(window.objects.sort_by, column) for column in Column},
            **{f"theme.{mode}": partial(self._set_theme, mode) for mode in MODES},
            "go.back": window.go_back,
            "go.forward": window.go_forward,
            "go.up": window.go_up,
            "go.address": window.path.edit,
            "go.next_pane": partial(self._focus_pane, 1),
            "go.previous_pane": partial(self._focus_pane, -1),
            "transfers.pause": partial(jobs, "flows.transfers.pause", RUNNING),
            "transfers.resume": partial(jobs, "flows.transfers.resume", PAUSED),
            "transfers.cancel": partial(jobs, "flows.transfers.cancel", frozenset(JobState) - _ENDS),
            "transfers.retry": partial(jobs, "flows.transfers.retry", RETRYABLE),
            "transfers.remove": partial(jobs, "flows.transfers.remove", _ENDS),
            "transfers.details": self._details,
            "transfers.pause_all": partial(jobs, "flows.transfers.pause", RUNNING, everything=True),
            "transfers.resume_all": partial(jobs, "flows.transfers.resume", PAUSED, everything=True),
            "transfers.limit": self._choose_limit,
        }

    def _toggle_pane(self, name: str) -> None:
        panes = self._window.panes
        panes.show_pane(name, not panes.is_open(name))
        self.update()

    def _focus_pane(self, step: int) -> None:
        """Put the keyboard into the next open pane (1) or the one before (-1)."""
        window = self._window
        pages = (window.accounts.list, window.containers.tree, window.objects.table,
                 window.inspector.tabs.tabBar(), window.transfers.list)  # fmt: skip
        stops = [page for page in pages if page.isVisible()]
        inside = [at for at, page in enumerate(stops) if page.hasFocus()]
        at = inside[0] if inside else (-1 if step > 0 else 0)
        page = stops[(at + step) % len(stops)]
        page.setFocus(Qt.FocusReason.TabFocusReason)
        if page is window.objects.table:
            window.objects.focus_list()

    def _set_theme(self, mode: str) -> None:
        self._app.settings.theme = mode
        self._window.theme.set_mode(mode)
        self.update()

    def _account_flow(self, flow: str) -> None:
        self._window.run(named(flow)(self._app, self._window, self._window.accounts.current()))

    def _open_container(self) -> None:
        if self._window.place is not None:
            account = self._window.place.account
            self._window.run(browse.open_container(self._app, self._window, account))

    def _container_flow(self, flow: str) -> None:
        place = self._container()
        if place is not None:
            self._window.run(named(flow)(self._app, self._window, Place(place.account, place.container)))

    def _jobs_flow(
        self,
        flow: str,
        states: Iterable[JobState],
        *,
        everything: bool = False,
    ) -> None:
        """For those of the selected transfers, or of all, that are in one of the states."""
        rows = self._window.jobs.jobs() if everything else self._window.transfers.selected()
        ids = [row.id for row in rows if row.state in states]
        if ids:
            self._window.run(named(flow)(self._app, self._window, ids))

    def _details(self) -> None:
        for row in self._window.transfers.selected()[:1]:
            self._window.run(named("flows.transfers.show_details")(self._app, self._window, row.id))

    def _choose_limit(self) -> None:
        menu = QMenu(self._window.widget)
        menu.aboutToHide.connect(menu.deleteLater)
        for limit in (0, *LIMITS):
            text = speed(limit * MIB) if limit else self.tr("No limit")
            action = menu.addAction(text)
            action.setCheckable(True)
            action.setChecked(self._app.engine.bytes_per_second_max == limit * MIB)
            action.triggered.connect(partial(self._set_limit, limit * MIB))
        menu.popup(QCursor.pos())

    def _set_limit(self, limit: int, checked: bool = True) -> None:
        self._app.engine.bytes_per_second_max = limit
        self._app.settings.bytes_per_second_max = limit

    # -- transfers --

    def _wire_rows(self) -> None:
        """The buttons at the end of a transfer's row."""
        pane = self._window.transfers
        pane.pause_wanted.connect(partial(self._run, "flows.transfers.pause"))
        pane.resume_wanted.connect(partial(self._run, "flows.transfers.resume"))
        pane.cancel_wanted.connect(partial(self._run, "flows.transfers.cancel"))
        pane.retry_wanted.connect(partial(self._run, "flows.transfers.retry"))
        pane.remove_wanted.connect(partial(self._run, "flows.transfers.remove"))
        pane.details_wanted.connect(partial(self._run, "flows.transfers.show_details"))
        pane.answer_wanted.connect(partial(self._run, "flows.transfers.answer_question"))

    def _run(self, flow: str, about: object) -> None:
        self._window.run(named(flow)(self._app, self._window, about))

    def _job_advanced(self, row: JobRow) -> None:
        """What it has written so far may be in view: the longer the list, the less often one looks."""
        if not self._look_again.isActive() and self._writes_here(row):
            self._look_again.start(FOLLOW_MS + self._window.objects.model.rowCount())

    def _writes_here(self, row: JobRow) -> bool:
        target, place = row.target_ref, self._window.place
        if place is None or not place.container:
            return False
        if target is None:
            return place.account == THIS_COMPUTER
        same = (target.account, target.container) == (place.account, place.container)
        return same and (target.key.startswith(place.prefix) or place.prefix.startswith(target.key))

    def _follow(self) -> None:
        place, objects = self._window.place, self._window.objects
        totals, chosen = objects.model.totals, objects.chosen
        many = totals.objects + totals.folders > browse.FOLLOWED_MAX
        # Qt takes 0.6 s to put rows between 20,000 selected ones.
        busy = objects.is_loading or chosen.objects + chosen.folders > FOLLOW_SELECTED
        if place is not None and place.container and not (many or busy):
            self._window.run(browse.follow(self._app, self._window, place))

    def _job_ended(self, row: JobRow) -> None:
        """What it wrote may be in view."""
        self._look_again.stop()
        target, place = row.target_ref, self._window.place
        if paste_out.is_ours(self._app, row):
            self._window.run(paste_out.arrived(self._app, self._window, row))
        elif target is not None:
            self._window.refresh(Place(target.account, target.container, target.key))
        elif place is not None and place.account == THIS_COMPUTER:
            self._window.refresh(place)

    # -- menus --

    def _menu(self, kind: str, at: QPoint) -> None:
        self.update()
        self._window.commands.context_menu(kind, self._window.widget).popup(at)

    def _account_menu(self, at: QPoint) -> None:
        """Of an account that is not open, only what needs no sign-in: nobody asked for one."""
        place, account = self._window.place, self._window.accounts.current()
        is_open = place is not None and place.account == account
        if not is_open and self._app.drivers.get(account) is not None:
            self._window.open_place(self._app.accounts.get(account).place())
            is_open = True
        self._menu("account" if is_open else "closed account", at)

    def _container_menu(self, at: QPoint) -> None:
        """Commands act on what is open: a menu on another row opens that first, or Delete would take
        the wrong one."""
        place = self._window.containers.current()
        if place is not None and place != self._window.place:
            self._window.open_place(place)
        self._menu("place" if place is not None and place.prefix else "container", at)

    def _entries_menu(self, at: QPoint) -> None:
        if not self._window.selected():
            self._menu("place", at)
        else:
            inside = self._window.place is not None and bool(self._window.place.container)
            self._menu("entries" if inside else "container", at)

    # -- state --

    def _look_at_clipboard(self) -> None:
        """Only when it has changed: on X11 each look asks another program."""
        carried = QGuiApplication.clipboard().mimeData()
        # Without a clipboard (offscreen) there is nothing, which the stub does not know.
        self._pasteable = carried is not None and dragging.accepts(carried)  # type: ignore[redundant-expr]
        paste_out.look_at_clipboard(self._app, self._window)
        self.update()

    def _state(self) -> State:
        window = self._window
        place, chosen = window.place, window.objects.chosen
        rows, every = window.transfers.selected(), window.jobs.jobs()
        container, account = self._container(), window.accounts.current()
        return State(
            account=place.account if place else "",
            account_is_saved=bool(account) and account not in BUILT_IN,
            container=container.container if container else "",
            in_container=place is not None and bool(place.container),
            objects=chosen.objects,
            folders=chosen.folders,
            shown=window.objects.model.rowCount(),
            pasteable=self._pasteable,
            can_back=bool(window.trail.behind),
            can_forward=bool(window.trail.ahead),
            can_up=place is not None and place.parent is not None,
            jobs=len(rows),
            jobs_running=_count(rows, RUNNING),
            jobs_paused=_count(rows, PAUSED),
            jobs_failed=_count(rows, RETRYABLE),
            jobs_ended=_count(rows, _ENDS),
            any_running=_count(every, RUNNING),
            any_paused=_count(every, PAUSED),
            any_ended=_count(every, _ENDS),
        )

    def _container(self) -> Place | None:
        """What a container command acts on: the one selected in an account's list, else the open one."""
        place = self._window.place
        if place is None or place.container:
            return place
        entries = self._window.selected()
        return place.below(entries[0].name) if len(entries) == 1 else None


_ENDS = frozenset(state for state in JobState if state.is_end)


def _count(rows: Iterable[JobRow], states: Iterable[JobState]) -> int:
    return sum(row.state in states for row in rows)
