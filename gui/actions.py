"""THE COMMAND TABLE: every command of the window once; menus, toolbar and context menus come from it.

`why_off` answers "" when a command can run now, else the sentence for its tooltip.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from enum import Enum

from PySide6.QtCore import QCoreApplication

from storage_core.capabilities import Capabilities


@dataclass(frozen=True, slots=True)
class State:
    """What is selected and possible in the window at this moment."""

    account: str = ""  # title of the account the window is in; "" when in none
    account_is_saved: bool = False  # and not one of the two built-in ones
    container: str = ""  # the container a container command would act on
    in_container: bool = False  # the list shows a container or a folder, not an account's containers
    objects: int = 0  # selected
    folders: int = 0  # selected
    shown: int = 0  # rows in the list
    pasteable: bool = False
    can_back: bool = False
    can_forward: bool = False
    can_up: bool = False
    jobs: int = 0  # selected transfers
    jobs_running: int = 0  # of the selected ones: running or waiting
    jobs_paused: int = 0  # of the selected ones
    jobs_failed: int = 0  # of the selected ones: failed, cancelled or done with skips
    jobs_ended: int = 0  # of the selected ones
    any_running: int = 0
    any_paused: int = 0
    any_ended: int = 0


def QT_TRANSLATE_NOOP(context: str, text: str) -> str:
    """Marks a text for translation; Qt's own is typed as giving any object."""
    return text


def _translated(text: str) -> str:
    return QCoreApplication.translate("Actions", text)


class Wants(Enum):
    """What a command acts on: a test of the State, and the sentence for when it fails."""

    NOTHING = (lambda s: True, "")
    ACCOUNT = (lambda s: bool(s.account), QT_TRANSLATE_NOOP("Actions", "Open an account first."))
    SAVED_ACCOUNT = (
        lambda s: s.account_is_saved,
        QT_TRANSLATE_NOOP("Actions", "Select an account of your own first; this one is built in."),
    )
    CONTAINER = (lambda s: bool(s.container), QT_TRANSLATE_NOOP("Actions", "Select a container first."))
    PLACE = (lambda s: s.in_container, QT_TRANSLATE_NOOP("Actions", "Open a container first."))
    ENTRY = (
        lambda s: s.objects + s.folders == 1,
        QT_TRANSLATE_NOOP("Actions", "Select one object or folder first."),
    )
    ENTRIES = (
        lambda s: s.objects + s.folders > 0,
        QT_TRANSLATE_NOOP("Actions", "Select objects or folders first."),
    )
    INSIDE = (
        lambda s: s.in_container and s.objects + s.folders > 0,
        QT_TRANSLATE_NOOP("Actions", "Select objects or folders in a container first."),
    )
    ONE_INSIDE = (
        lambda s: s.in_container and s.objects + s.folders == 1,
        QT_TRANSLATE_NOOP("Actions", "Select one object or folder in a container first."),
    )
    OBJECT = (
        lambda s: s.objects == 1 and not s.folders,
        QT_TRANSLATE_NOOP("Actions", "Select one object first."),
    )
    OBJECTS = (
        lambda s: s.objects > 0 and not s.folders,
        QT_TRANSLATE_NOOP("Actions", "Select objects first, without folders."),
    )
    ROWS = (lambda s: s.shown > 0, QT_TRANSLATE_NOOP("Actions", "The list is empty."))
    CLIPBOARD = (
        lambda s: s.in_container and s.pasteable,
        QT_TRANSLATE_NOOP("Actions", "Copy files or objects first, then open the place they should go to."),
    )
    BACK = (lambda s: s.can_back, QT_TRANSLATE_NOOP("Actions", "There is no earlier place."))
    FORWARD = (lambda s: s.can_forward, QT_TRANSLATE_NOOP("Actions", "There is no later place."))
    UP = (lambda s: s.can_up, QT_TRANSLATE_NOOP("Actions", "There is nothing above this place."))
    JOB = (lambda s: s.jobs == 1, QT_TRANSLATE_NOOP("Actions", "Select one transfer first."))
    JOBS_RUNNING = (
        lambda s: s.jobs_running > 0,
        QT_TRANSLATE_NOOP("Actions", "Select a running or waiting transfer first."),
    )
    JOBS_PAUSED = (
        lambda s: s.jobs_paused > 0,
        QT_TRANSLATE_NOOP("Actions", "Select a paused transfer first."),
    )
    JOBS_UNENDED = (
        lambda s: s.jobs > s.jobs_ended,
        QT_TRANSLATE_NOOP("Actions", "Select a transfer that has not ended first."),
    )
    JOBS_FAILED = (
        lambda s: s.jobs_failed > 0,
        QT_TRANSLATE_NOOP("Actions", "Select a transfer that did not finish first."),
    )
    JOBS_ENDED = (
        lambda s: s.jobs_ended > 0,
        QT_TRANSLATE_NOOP("Actions", "Select a transfer that has ended first."),
    )
    ANY_RUNNING = (
        lambda s: s.any_running > 0,
        QT_TRANSLATE_NOOP("Actions", "Nothing is being transferred."),
    )
    ANY_PAUSED = (lambda s: s.any_paused > 0, QT_TRANSLATE_NOOP("Actions", "No transfer is paused."))
    ANY_ENDED = (lambda s: s.any_ended > 0, QT_TRANSLATE_NOOP("Actions", "No transfer has ended yet."))

    def __init__(self, accepts: Callable[[State], bool], sentence: str) -> None:
        self.accepts = accepts
        self.sentence = sentence


@dataclass(frozen=True, slots=True)
class Command:
    """One row. `text` has its mnemonic (&) and, when a dialog follows, its dots."""

    id: str
    text: str
    icon: str = ""
    shortcuts: tuple[str, ...] = ()
    wants: Wants = Wants.NOTHING
    needs: tuple[str, ...] = ()  # flags of Capabilities; one of them is enough
    menu: str = ""  # id of a menu
    toolbar: str = ""  # "go", "list", "transfers"
    context: str = ""  # which context menus show it: letters of CONTEXTS
    scope: str = ""  # the pane in which the shortcut works; "" everywhere
    group: int = 0  # a separator stands between groups
    checkable: bool = False
    note: str = ""  # tooltip while it is on, where the text alone does not say enough

    @property
    def title(self) -> str:
        """Translated, with mnemonic."""
        return _translated(self.text)

    @property
    def plain_title(self) -> str:
        """Translated, without mnemonic and dots: for tooltips and accessible names."""
        return _translated(self.text).replace("&", "").rstrip("…")


CONTEXTS = {
    "e": "entries",
    "p": "place",
    "c": "container",
    "a": "account",
    "x": "closed account",
    "j": "transfer",
}

MENUS: Mapping[str, str] = {
    "account": QT_TRANSLATE_NOOP("Actions", "&Account"),
    "object": QT_TRANSLATE_NOOP("Actions", "&Object"),
    "edit": QT_TRANSLATE_NOOP("Actions", "&Edit"),
    "view": QT_TRANSLATE_NOOP("Actions", "&View"),
    "go": QT_TRANSLATE_NOOP("Actions", "&Go"),
    "transfers": QT_TRANSLATE_NOOP("Actions", "&Transfers"),
    "help": QT_TRANSLATE_NOOP("Actions", "&Help"),
}

_ACCOUNT = (
    Command("account.add", QT_TRANSLATE_NOOP("Actions", "&Add Account…"), "plus", ("Ctrl+N",),
            menu="account", context="ax"),
    Command("account.edit", QT_TRANSLATE_NOOP("Actions", "&Edit Account…"), "edit",
            wants=Wants.SAVED_ACCOUNT, menu="account", context="ax", group=1),
    Command("account.duplicate", QT_TRANSLATE_NOOP("Actions", "D&uplicate Account…"), "copy",
            wants=Wants.SAVED_ACCOUNT, menu="account", context="ax", group=1),
    Command("account.remove", QT_TRANSLATE_NOOP("Actions", "&Remove Account…"), "trash",
            wants=Wants.SAVED_ACCOUNT, menu="account", context="ax", group=1),
    Command("container.new", QT_TRANSLATE_NOOP("Actions", "&New Container…"), "plus",
            ("Ctrl+Shift+B",), wants=Wants.ACCOUNT, needs=("create_containers",), menu="account",
            context="c", group=2),
    Command("container.open", QT_TRANSLATE_NOOP("Actions", "&Open Container…"), "container", ("Ctrl+O",),
            wants=Wants.ACCOUNT, menu="account", context="c", group=2,
            note=QT_TRANSLATE_NOOP("Actions", "Open a container by name, for keys that may not list them")),
    Command("container.public", QT_TRANSLATE_NOOP("Actions", "&Public Access and CDN…"), "globe",
            wants=Wants.CONTAINER, needs=("public_containers", "cdn"), menu="account", context="cp", group=3),
    Command("container.delete", QT_TRANSLATE_NOOP("Actions", "&Delete Container…"), "trash",
            wants=Wants.CONTAINER, needs=("create_containers",), menu="account", context="c", group=3),
    Command("app.quit", QT_TRANSLATE_NOOP("Actions", "&Quit"), "quit", ("Ctrl+Q",), menu="account", group=4),
)  # fmt: skip

_OBJECT = (
    Command("object.open", QT_TRANSLATE_NOOP("Actions", "&Open"), "open", wants=Wants.ENTRY,
            menu="object", context="e"),
    Command("upload.files", QT_TRANSLATE_NOOP("Actions", "&Upload Files…"), "upload", ("Ctrl+U",),
            wants=Wants.PLACE, menu="object", toolbar="list", context="pc", group=1),
    Command("upload.folder", QT_TRANSLATE_NOOP("Actions", "Upload Fol&der…"), "folder-new", ("Ctrl+Shift+U",),
            wants=Wants.PLACE, menu="object", context="pc", group=1),
    Command("object.download", QT_TRANSLATE_NOOP("Actions", "Do&wnload…"), "download", ("Ctrl+D",),
            wants=Wants.ENTRIES, menu="object", toolbar="list", context="e", group=1),
    Command("object.copy_to", QT_TRANSLATE_NOOP("Actions", "Cop&y To…"), "transfer", ("Ctrl+Shift+M",),
            wants=Wants.ENTRIES, menu="object", context="e", group=1),
    Command("folder.new", QT_TRANSLATE_NOOP("Actions", "&New Folder…"), "folder-new", ("Ctrl+Shift+N",),
            wants=Wants.PLACE, menu="object", toolbar="list", context="pc", group=2),
    Command("object.rename", QT_TRANSLATE_NOOP("Actions", "&Rename…"), "rename", ("F2",),
            wants=Wants.ONE_INSIDE, menu="object", context="e", scope="objects", group=2),
    Command("object.link", QT_TRANSLATE_NOOP("Actions", "Copy Lin&k…"), "link", ("Ctrl+Shift+C",),
            wants=Wants.OBJECT, needs=("signed_urls", "public_containers", "public_objects"), menu="object",
            toolbar="list", context="e", group=3),
    Command("object.properties", QT_TRANSLATE_NOOP("Actions", "&Properties…"), "properties",
            ("Ctrl+I", "Alt+Return"), wants=Wants.INSIDE, menu="object", toolbar="list", context="e",
            group=3),
    Command("object.delete", QT_TRANSLATE_NOOP("Actions", "De&lete…"), "trash", ("Del",),
            wants=Wants.INSIDE, menu="object", toolbar="list", context="e", scope="objects", group=4),
)  # fmt: skip

_EDIT = (
    Command("edit.copy", QT_TRANSLATE_NOOP("Actions", "&Copy"), "copy", ("Ctrl+C",), wants=Wants.ENTRIES,
            menu="edit", context="e", scope="objects"),
    Command("edit.copy_out", QT_TRANSLATE_NOOP("Actions", "Copy for &Other Programs"), "", ("Ctrl+Alt+C",),
            wants=Wants.ENTRIES, menu="edit", scope="objects",
            note=QT_TRANSLATE_NOOP("Actions", "Fetch the selection, however much it is, so that a file "
                                   "manager can paste it")),
    Command("edit.paste", QT_TRANSLATE_NOOP("Actions", "&Paste"), "paste", ("Ctrl+V",), wants=Wants.CLIPBOARD,
            menu="edit", context="pc", scope="objects"),
    Command("edit.select_all", QT_TRANSLATE_NOOP("Actions", "Select &All"), "select-all", ("Ctrl+A",),
            wants=Wants.ROWS, menu="edit", context="p", scope="objects", group=1),
    Command("edit.filter", QT_TRANSLATE_NOOP("Actions", "&Filter"), "filter", ("Ctrl+F",), menu="edit",
            group=1, note=QT_TRANSLATE_NOOP("Actions", "Show only names that contain a text")),
)  # fmt: skip

_VIEW = (
    Command("view.refresh", QT_TRANSLATE_NOOP("Actions", "&Refresh"), "refresh", ("F5", "Ctrl+R"),
            wants=Wants.ACCOUNT, menu="view", toolbar="path", context="pc"),
    Command("view.accounts", QT_TRANSLATE_NOOP("Actions", "&Accounts"), "account", menu="view", group=1,
            checkable=True),
    Command("view.containers", QT_TRANSLATE_NOOP("Actions", "&Containers"), "sidebar", menu="view", group=1,
            checkable=True, shortcuts=("Ctrl+B",)),
    Command("view.inspector", QT_TRANSLATE_NOOP("Actions", "&Inspector"), "inspector", menu="view", group=1,
            checkable=True, toolbar="panes", shortcuts=("Ctrl+Shift+I",)),
    Command("view.transfers", QT_TRANSLATE_NOOP("Actions", "&Transfers"), "dock", menu="view", group=1,
            checkable=True, toolbar="panes", shortcuts=("Ctrl+T",)),
    Command("sort.name", QT_TRANSLATE_NOOP("Actions", "Sort by &Name"), menu="view", group=2),
    Command("sort.size", QT_TRANSLATE_NOOP("Actions", "Sort by Si&ze"), menu="view", group=2),
    Command("sort.modified", QT_TRANSLATE_NOOP("Actions", "Sort by &Modified"), menu="view", group=2),
    Command("sort.class", QT_TRANSLATE_NOOP("Actions", "Sort &by Class"), menu="view", group=2),
    Command("theme.system", QT_TRANSLATE_NOOP("Actions", "&System Theme"), "theme", menu="view", group=3,
            checkable=True),
    Command("theme.light", QT_TRANSLATE_NOOP("Actions", "&Light Theme"), "", menu="view", group=3,
            checkable=True),
    Command("theme.dark", QT_TRANSLATE_NOOP("Actions", "&Dark Theme"), "", menu="view", group=3,
            checkable=True),
)  # fmt: skip

_GO = (
    Command("go.back", QT_TRANSLATE_NOOP("Actions", "&Back"), "back", ("Alt+Left",), wants=Wants.BACK,
            menu="go", toolbar="go"),
    Command("go.forward", QT_TRANSLATE_NOOP("Actions", "&Forward"), "forward", ("Alt+Right",),
            wants=Wants.FORWARD, menu="go", toolbar="go"),
    Command("go.up", QT_TRANSLATE_NOOP("Actions", "&Up"), "up", ("Alt+Up",), wants=Wants.UP, menu="go",
            toolbar="go"),
    Command("go.address", QT_TRANSLATE_NOOP("Actions", "&Address…"), "search", ("Ctrl+L",),
            wants=Wants.ACCOUNT, menu="go", group=1,
            note=QT_TRANSLATE_NOOP("Actions", "Type where to go: container/folder/")),
    Command("go.next_pane", QT_TRANSLATE_NOOP("Actions", "&Next Pane"), "", ("F6",), menu="go", group=2),
    Command("go.previous_pane", QT_TRANSLATE_NOOP("Actions", "&Previous Pane"), "", ("Shift+F6",), menu="go",
            group=2),
)  # fmt: skip

_TRANSFERS = (
    Command("transfers.pause", QT_TRANSLATE_NOOP("Actions", "&Pause"), "pause", wants=Wants.JOBS_RUNNING,
            menu="transfers", context="j"),
    Command("transfers.resume", QT_TRANSLATE_NOOP("Actions", "&Resume"), "play", wants=Wants.JOBS_PAUSED,
            menu="transfers", context="j"),
    Command("transfers.cancel", QT_TRANSLATE_NOOP("Actions", "&Cancel"), "cancel",
            wants=Wants.JOBS_UNENDED, menu="transfers", context="j"),
    Command("transfers.retry", QT_TRANSLATE_NOOP("Actions", "&Try Again"), "retry", wants=Wants.JOBS_FAILED,
            menu="transfers", context="j"),
    Command("transfers.details", QT_TRANSLATE_NOOP("Actions", "&Details…"), "info", wants=Wants.JOB,
            menu="transfers", context="j", group=1),
    Command("transfers.remove", QT_TRANSLATE_NOOP("Actions", "Remove from &List"), "clear",
            wants=Wants.JOBS_ENDED, menu="transfers", context="j", group=1),
    Command("transfers.pause_all", QT_TRANSLATE_NOOP("Actions", "Pause &All"), "pause",
            wants=Wants.ANY_RUNNING, menu="transfers", toolbar="transfers", group=2),
    Command("transfers.resume_all", QT_TRANSLATE_NOOP("Actions", "Resu&me All"), "play",
            wants=Wants.ANY_PAUSED, menu="transfers", toolbar="transfers", group=2),
    Command("transfers.clear", QT_TRANSLATE_NOOP("Actions", "Clear Do&ne"), "clear", wants=Wants.ANY_ENDED,
            menu="transfers", toolbar="transfers", group=2),
    Command("transfers.limit", QT_TRANSLATE_NOOP("Actions", "&Speed Limit…"), "speed",
            menu="transfers", toolbar="transfers", group=2),
)  # fmt: skip

_HELP = (
    Command("help.guide", QT_TRANSLATE_NOOP("Actions", "&User Guide"), "question", ("F1",), menu="help"),
    Command("help.security", QT_TRANSLATE_NOOP("Actions", "&Security and Privacy"), "lock", menu="help",
            note=QT_TRANSLATE_NOOP("Actions", "What is stored where, and what leaves this computer")),
    Command("help.shortcuts", QT_TRANSLATE_NOOP("Actions", "&Keyboard Shortcuts"), "", ("Ctrl+?",),
            menu="help"),
    Command("help.log", QT_TRANSLATE_NOOP("Actions", "Show &Log Folder"), "folder", menu="help", group=1),
    Command("help.about", QT_TRANSLATE_NOOP("Actions", "&About Skyferry"), "info", menu="help", group=2,
            note=QT_TRANSLATE_NOOP("Actions", "Version, licences, and a report of the environment to copy")),
)  # fmt: skip

COMMANDS: Mapping[str, Command] = {
    command.id: command for command in (*_ACCOUNT, *_OBJECT, *_EDIT, *_VIEW, *_GO, *_TRANSFERS, *_HELP)
}


def why_off(command: Command, capabilities: Capabilities | None, state: State) -> str:
    """Empty when the command can run now; otherwise one sentence that says why not.

    `capabilities` are those of the account the window is in; None while it is not open.
    """
    if not command.wants.accepts(state):
        return _translated(command.wants.sentence)
    if not command.needs:
        return ""
    if capabilities is None:
        return _translated(Wants.ACCOUNT.sentence)
    reasons = [capabilities.why_not(flag) for flag in command.needs]
    return "" if "" in reasons else reasons[0]
