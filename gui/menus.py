"""The command table made visible: one QAction per row, and the menus, bars and context menus out of them."""

from __future__ import annotations

from collections.abc import Mapping
from functools import partial

from PySide6.QtCore import QCoreApplication, QObject, Qt, Signal
from PySide6.QtGui import QAction, QKeySequence
from PySide6.QtWidgets import QMenu, QMenuBar, QWidget

from storage_core.capabilities import Capabilities

from . import icons
from .actions import COMMANDS, CONTEXTS, MENUS, Command, State, why_off
from .text import tip

WITH_TEXT = ("upload.files", "object.download", "folder.new")  # the first things people look for


class Commands(QObject):
    """All actions of a window. `triggered` carries the command's id."""

    triggered = Signal(str)

    def __init__(self, window: QWidget) -> None:
        super().__init__(window)
        self._window = window
        self._actions = {command.id: self._made(command) for command in COMMANDS.values()}

    def __getitem__(self, command_id: str) -> QAction:
        self._draw([COMMANDS[command_id]])
        return self._actions[command_id]

    def scope(self, panes: Mapping[str, QWidget]) -> None:
        """Shortcuts that belong to a pane work only there: Delete in the accounts must not delete objects."""
        for command in COMMANDS.values():
            if command.scope:
                action = self._actions[command.id]
                action.setShortcutContext(Qt.ShortcutContext.WidgetWithChildrenShortcut)
                panes[command.scope].addAction(action)
            else:
                self._window.addAction(self._actions[command.id])

    def fill(self, bar: QMenuBar) -> None:
        """The menu bar."""
        for menu_id, title in MENUS.items():
            menu = bar.addMenu(QCoreApplication.translate("Actions", title))
            menu.setToolTipsVisible(True)
            self._fill(menu, [command for command in COMMANDS.values() if command.menu == menu_id])

    def bar(self, name: str) -> list[QAction]:
        """The actions of a toolbar, with separators between groups."""
        commands = [command for command in COMMANDS.values() if command.toolbar == name]
        self._draw(commands)
        return self._with_gaps(commands)

    def context_menu(self, kind: str, parent: QWidget) -> QMenu:
        """`kind` is one of CONTEXTS; deleted when it closes."""
        letter = next(letter for letter, name in CONTEXTS.items() if name == kind)
        menu = QMenu(parent)
        menu.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        menu.setToolTipsVisible(True)
        self._fill(menu, [command for command in COMMANDS.values() if letter in command.context])
        return menu

    def update(self, capabilities: Capabilities | None, state: State) -> None:
        """Switch on what can run now, and let the rest say why it cannot."""
        for command in COMMANDS.values():
            action = self._actions[command.id]
            why = why_off(command, capabilities, state)
            action.setEnabled(not why)
            note = why or (QCoreApplication.translate("Actions", command.note) if command.note else "")
            action.setToolTip(tip(_explained(command, action, note)))
            action.setStatusTip(note)

    # -- helpers --

    def _made(self, command: Command) -> QAction:
        action = QAction(command.title, self)
        action.setObjectName(command.id)
        action.setShortcuts([QKeySequence(keys) for keys in command.shortcuts])
        action.setCheckable(command.checkable)
        action.setIconVisibleInMenu(not command.checkable)  # a menu shows the icon or the check mark
        action.setMenuRole(QAction.MenuRole.NoRole)
        action.setProperty("with text", command.id in WITH_TEXT)
        action.setIconText(f" {command.plain_title}")  # Qt sets text very close to its icon
        action.triggered.connect(partial(self._triggered, command.id))
        return action

    def _triggered(self, command_id: str, checked: bool = False) -> None:
        self.triggered.emit(command_id)

    def _draw(self, commands: list[Command]) -> None:
        """Give them their icons. Not all at the start: most are seen when a menu opens, and not before."""
        for command in commands:
            action = self._actions[command.id]
            if command.icon and action.icon().isNull():
                icons.keep(action, command.icon)

    def _fill(self, menu: QMenu, commands: list[Command]) -> None:
        menu.aboutToShow.connect(partial(self._draw, commands))
        for action in self._with_gaps(commands):
            menu.addAction(action)

    def _with_gaps(self, commands: list[Command]) -> list[QAction]:
        actions: list[QAction] = []
        for at, command in enumerate(commands):
            if at and command.group != commands[at - 1].group:
                gap = QAction(self._window)
                gap.setSeparator(True)
                actions.append(gap)
            actions.append(self._actions[command.id])
        return actions


def _explained(command: Command, action: QAction, note: str) -> str:
    """`Download (Ctrl+D)`, and below it the note."""
    keys = action.shortcut().toString(QKeySequence.SequenceFormat.NativeText)
    title = f"{command.plain_title} ({keys})" if keys else command.plain_title
    return f"{title}\n{note}" if note else title
