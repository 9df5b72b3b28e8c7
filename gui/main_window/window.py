"""The window itself: panes side by side, where one is, and what flows may ask of it. No I/O in here."""

from __future__ import annotations

from PySide6.QtCore import QByteArray, QSignalBlocker, QTimer
from PySide6.QtGui import QCloseEvent, QShowEvent
from PySide6.QtWidgets import QApplication, QMainWindow, QWidget

from storage_core import providers

from .. import icons
from ..accounts import BUILT_IN, DEMO_CLOUD, THIS_COMPUTER, Account, Place
from ..background import Task, start
from ..context import Context
from ..flows import browse, paste_out, quit
from ..menus import Commands
from ..models.listing import Entry
from ..models.transfers import TransfersModel
from ..named import named
from ..panes.accounts import AccountsPane
from ..panes.containers import ContainersPane
from ..panes.inspector import InspectorPane
from ..panes.layout import PaneLayout
from ..panes.objects import ObjectsPane
from ..panes.path_bar import PathBar
from ..panes.top_bar import TopBar
from ..panes.transfers import TransfersPane
from ..text import shown
from ..theme import Theme
from .steering import Flow, Steering

SIZE = (1280, 800)
TOLD_MS = 8_000
HEAD_MS = 150  # the selection rests so long before a head is asked for
BUILT_IN_ICONS = {THIS_COMPUTER: "computer", DEMO_CLOUD: "demo"}


class MainWindow(QMainWindow):
    """Satisfies `flows.window.Window`. Built inside the running loop; opens a place when first shown."""

    def __init__(self, app: Context) -> None:
        super().__init__()
        application = QApplication.instance()
        if not isinstance(application, QApplication):
            raise RuntimeError("make the QApplication first")
        self.app = app
        self.theme = Theme(application, app.settings.theme, self)
        self.trail = browse.Trail()
        self.commands = Commands(self)
        self.jobs = TransfersModel(paste_out.worded(app), self, lambda key: self.accounts.title_of(key))
        self._listing: Task | None = None
        self._known: dict[str, Account] = {}  # the accounts as last shown
        self._head = QTimer(self, singleShot=True, interval=HEAD_MS)
        self._arrived = QTimer(self, singleShot=True, interval=0)
        self._build()
        self.steering = Steering(app, self)
        self._wire()
        self._restore()
        self.accounts_changed()
        self.steering.update()

    # -- what a flow may ask --

    @property
    def widget(self) -> QWidget:
        """The parent of dialogs."""
        return self

    @property
    def place(self) -> Place | None:
        """What the object list shows."""
        return self.objects.place

    @property
    def path(self) -> PathBar:
        """Where one is."""
        return self.top.path

    def selected(self) -> list[Entry]:
        """What is selected in the object list: entries of the place, or containers of an account."""
        return self.objects.selected()

    def open_place(self, place: Place) -> None:
        """Go there, as if the user had."""
        self.trail.leave(self.place, place)
        self._show(place)

    def refresh(self, place: Place) -> None:
        """Load the list and the tree anew where they show this place or something below it."""
        here = self.place
        if here is not None and _lies_in(here, place):
            self._show(here)
        if here != place and self.containers.knows(place):
            self.run(browse.load_children(self.app, self, place))
        if here is not None and here.account == place.account:
            self.inspector.forget_public()

    def tell(self, text: str) -> None:
        """A quiet line in the status bar. A transfer may have been handed over just before."""
        self.statusBar().showMessage(text, TOLD_MS)
        self.jobs.wake()

    def accounts_changed(self) -> None:
        """The list of accounts is another one now; what was known of a changed one no longer holds."""
        accounts = {account.id: account for account in self.app.accounts.all()}
        for account_id, account in self._known.items():
            if accounts.get(account_id) != account:
                self.containers.forget_account(account_id)
                self.trail.forget(account_id)
        self._known = accounts
        self.accounts.show_accounts(accounts.values())
        if self.place is not None and self.place.account not in accounts:
            self._leave()

    # -- what commands ask --

    def run(self, flow: Flow) -> Task:
        """Start a flow; when it ends, commands and transfers may not be what they were."""
        task = start(flow, self)
        task.add_done_callback(self._flow_ended)
        return task

    def reload(self) -> None:
        """Ask for the shown place again."""
        if self.place is not None:
            self._show(self.place)
            self.inspector.forget_public()

    def go_back(self) -> None:
        """To where one came from."""
        if self.place is not None:
            self._show(self.trail.back(self.place))

    def go_forward(self) -> None:
        """To where one came back from."""
        if self.place is not None:
            self._show(self.trail.forward(self.place))

    def go_up(self) -> None:
        """One level up, standing on what one came out of."""
        left = self.place
        if left is not None and left.parent is not None:
            self.open_place(left.parent)
            self.objects.select([left.prefix or left.container])

    def open_selected(self) -> None:
        """What a double click on the first selected row does."""
        for entry in self.selected()[:1]:
            self._open_entry(entry)

    # -- events --

    def showEvent(self, event: QShowEvent) -> None:
        super().showEvent(event)
        self.objects.table.setFocus()
        if self.place is None and self._listing is None:
            last = self.app.settings.last_account
            # One that needs a secret is not opened unasked: no keyring prompt at the start.
            first = last if last in BUILT_IN else DEMO_CLOUD
            if last and self.app.accounts.has(last) and last not in BUILT_IN:
                self.accounts.select(last)
                return
            self.open_place(self.app.accounts.get(first).place())

    def closeEvent(self, event: QCloseEvent) -> None:
        """The program ends in its own time; the window stays until then."""
        if self.app.over.is_set():
            event.accept()
            return
        event.ignore()
        self._remember()
        start(quit.quit_app(self.app, self), self)

    # -- building --

    def _build(self) -> None:
        self.setWindowTitle("Skyferry")
        self.resize(*SIZE)
        commands = self.commands
        self.top = TopBar(commands.bar("go"), commands.bar("path"), commands.bar("panes"))
        self.accounts = AccountsPane(commands["account.add"], icon_of)
        self.containers = ContainersPane(commands["container.new"])
        self.objects = ObjectsPane()
        self.inspector = InspectorPane(
            commands["object.properties"], commands["object.link"], commands["container.public"]
        )
        self.transfers = TransfersPane(self.jobs)
        self.objects.set_actions(commands.bar("list"))
        self.transfers.set_actions(commands.bar("transfers"))
        panes = {
            "accounts": self.accounts,
            "containers": self.containers,
            "objects": self.objects,
            "inspector": self.inspector,
            "transfers": self.transfers,
        }
        self.panes = PaneLayout(self.top, panes)
        self.setCentralWidget(self.panes)
        commands.scope({"objects": self.objects})
        commands.fill(self.menuBar())
        self.statusBar().setSizeGripEnabled(False)

    def _wire(self) -> None:
        run, app = self.run, self.app
        self.theme.changed.connect(self._tint)
        self.accounts.opened.connect(self._open_account)
        self.containers.opened.connect(self.open_place)
        self.containers.wanted.connect(self._load_children)
        self.path.place_wanted.connect(self.open_place)
        self.path.address_typed.connect(self._go_to)
        self.path.left.connect(self.objects.focus_list)
        self.top.filter_changed.connect(self.objects.set_filter)
        self.top.list_wanted.connect(self.objects.focus_list)
        self.objects.opened.connect(self._open_entry)
        self.objects.up_wanted.connect(self.go_up)
        self.objects.retry_wanted.connect(self.reload)
        self.objects.action_wanted.connect(self.steering.command)
        self.objects.selection_changed.connect(self._selection_moved)
        self.objects.drag_started.connect(
            lambda: named("flows.drag.drag_selected")(app, self, self.objects.table.drag_picture())
        )
        for pane in (self.accounts, self.containers, self.objects):
            pane.files_dropped.connect(
                lambda paths, to: run(named("flows.upload.upload_paths")(app, self, paths, to))
            )
            pane.entries_dropped.connect(
                lambda moved, to: run(named("flows.copy.copy_dragged")(app, self, moved, to))
            )
        self.inspector.details_wanted.connect(lambda entry: self._head.start())
        self.inspector.sharing_wanted.connect(lambda: run(browse.show_sharing(app, self, self.objects.place)))
        self._arrived.timeout.connect(self._selection_moved)
        self._head.timeout.connect(lambda: run(browse.show_details(app, self, self.inspector.entry)))
        self.panes.changed.connect(self._remember)
        self.objects.laid_out.connect(self._remember)

    # -- helpers --

    def _show(self, place: Place) -> None:
        """Load a place into the list, dropping the listing under way."""
        if self._listing is not None:
            self._listing.cancel()
        if place != self.place:
            self.top.clear_filter()
            self.objects.set_filter("")
        self.app.settings.last_account = place.account
        account, title = self.app.accounts.get(place.account), self.accounts.title_of(place.account)
        with QSignalBlocker(self.objects):  # of the selection it is told below, once
            self.objects.begin(place)
        self.path.show_place(place, title, icon_of(account))
        self.setWindowTitle(f"{shown(place.text()) if place.container else title} — Skyferry")
        self.accounts.select(place.account)
        self.containers.show_account(place.account)
        self.containers.select(place)
        # The listing that begins here feeds the tree too.
        self._listing = self.run(browse.open_place(self.app, self, place))
        self.steering.update()
        self._head.stop()  # that was of another place
        self._arrived.start()  # the inspector takes 20 ms, and the rest of this as much

    def _leave(self) -> None:
        """The account that was shown is gone."""
        if self._listing is not None:
            self._listing.cancel()
        self.objects.show_nothing()
        self.inspector.show_nothing()
        self.path.show_place(None, "")
        self.containers.show_account("")
        self.setWindowTitle("Skyferry")
        self.steering.update()

    def _load_children(self, place: Place) -> None:
        # The place in the list, and an account whose containers are listed there, are loaded by the list.
        if place != self.place or not self.objects.is_loading:
            self.run(browse.load_children(self.app, self, place))

    def _open_account(self, account_id: str) -> None:
        top = self.app.accounts.get(account_id).place()
        if self.place != top:
            self.open_place(top)

    def _open_entry(self, entry: Entry) -> None:
        if entry.is_folder and self.place is not None:
            self.open_place(self.place.below(entry.name))
        else:
            self.run(named("flows.metadata.show_properties")(self.app, self))

    def _go_to(self, text: str) -> None:
        self.objects.table.setFocus()  # the field has closed: the keyboard would be on some button
        if self.place is not None:
            self.run(browse.go_to(self.app, self, self.place.account, text))

    def _selection_moved(self) -> None:
        if self.place is not None:
            title = self.accounts.title_of(self.place.account)
            self.inspector.show_selection(self.place, title, self.selected(), self.objects.chosen)
        self.steering.update()

    def _flow_ended(self, task: Task) -> None:
        if not self.app.over.is_set():
            self.jobs.wake()
            self.steering.update()

    def _tint(self) -> None:
        icons.refresh(self)
        self.accounts.tint()
        self.update()

    def _remember(self) -> None:
        settings = self.app.settings
        settings.layout = self.panes.text()
        settings.columns = self.objects.layout_text()
        settings.geometry = bytes(self.saveGeometry().toBase64().data()).decode()
        settings.show_containers = self.panes.is_open("containers")
        settings.show_transfers = self.panes.is_open("transfers")
        settings.show_inspector = self.panes.is_open("inspector")

    def _restore(self) -> None:
        settings = self.app.settings
        if settings.geometry:
            self.restoreGeometry(QByteArray.fromBase64(settings.geometry.encode()))
        self.panes.restore(settings.layout)
        self.objects.restore_layout(settings.columns)
        for name in ("containers", "transfers", "inspector"):
            if not getattr(settings, f"show_{name}"):
                self.panes.show_pane(name, False)


def icon_of(account: Account) -> str:
    """The icon of an account: of its provider, and of the two built in their own."""
    if account.id in BUILT_IN_ICONS:
        return BUILT_IN_ICONS[account.id]
    try:
        return providers.row(account.provider).icon
    except AttributeError:
        return icons.UNKNOWN  # a service of another release


def _lies_in(place: Place, above: Place) -> bool:
    """Whether `place` is `above` or inside it, within one container; an account holds only its containers."""
    if not above.container:
        return place == above
    return (place.account, place.container) == (above.account, above.container) and place.prefix.startswith(
        above.prefix
    )
