"""All keyboard shortcuts, told by the command table: to read and to search."""

from __future__ import annotations

from PySide6.QtCore import QCoreApplication, Qt
from PySide6.QtGui import QKeySequence
from PySide6.QtWidgets import QHeaderView, QLineEdit, QTreeWidget, QTreeWidgetItem, QWidget

from ..actions import COMMANDS, MENUS
from .frame import STEP, Frame, named, put_last


def rows() -> list[tuple[str, str, str]]:
    """Menu, command and keys, in the menus' order; commands without a key are left out."""
    return [
        (_menu(menu), command.plain_title, ", ".join(_native(keys) for keys in command.shortcuts))
        for menu in MENUS
        for command in COMMANDS.values()
        if command.menu == menu and command.shortcuts
    ]


class ShortcutsDialog(Frame):
    """One row per command, below the menu in which it stands."""

    def __init__(self, parent: QWidget | None) -> None:
        super().__init__(self.tr("Keyboard shortcuts"), parent, width=60 * STEP)
        self.search = QLineEdit()
        self.search.setPlaceholderText(self.tr("Search commands and keys"))
        self.search.setClearButtonEnabled(True)
        named(self.search, self.tr("Search commands and keys"))
        self.search.textChanged.connect(self._show)
        self.column.addWidget(self.search)
        self.tree = QTreeWidget()
        self.tree.setHeaderLabels([self.tr("Command"), self.tr("Keys")])
        self.tree.setObjectName("roomy")
        self.tree.setRootIsDecorated(False)
        self.tree.setIndentation(2 * STEP)
        self.tree.setItemsExpandable(False)
        self.tree.setUniformRowHeights(True)
        named(self.tree, self.tr("Commands and their keys"))
        header = self.tree.header()
        header.setSectionResizeMode(0, QHeaderView.ResizeMode.Stretch)
        header.setSectionResizeMode(1, QHeaderView.ResizeMode.ResizeToContents)
        header.setStretchLastSection(False)
        header.setDefaultAlignment(Qt.AlignmentFlag.AlignLeft | Qt.AlignmentFlag.AlignVCenter)
        self.column.addWidget(self.tree, 1)
        self.small_print(
            self.tr("Tab and Shift+Tab go through everything; the menu key opens what a right click does.")
        )
        self.yes, no, _ = self.end(self.tr("Close"))
        no.hide()
        put_last(self, self.yes)
        self.resize(64 * STEP, 72 * STEP)
        self._show("")
        self.search.setFocus()

    def _show(self, sought: str) -> None:
        words = sought.casefold().split()
        self.tree.clear()
        groups: dict[str, QTreeWidgetItem] = {}
        for menu, command, keys in rows():
            if all(word in f"{menu} {command} {keys}".casefold() for word in words):
                if menu not in groups:
                    groups[menu] = self._group(menu)
                groups[menu].addChild(QTreeWidgetItem([command, keys]))
        self.tree.expandAll()

    def _group(self, menu: str) -> QTreeWidgetItem:
        item = QTreeWidgetItem([menu])
        font = item.font(0)
        font.setBold(True)
        item.setFont(0, font)
        item.setFlags(Qt.ItemFlag.ItemIsEnabled)
        self.tree.addTopLevelItem(item)
        item.setFirstColumnSpanned(True)
        return item


def _menu(menu: str) -> str:
    return QCoreApplication.translate("Actions", MENUS[menu]).replace("&", "")


def _native(keys: str) -> str:
    return QKeySequence(keys).toString(QKeySequence.SequenceFormat.NativeText)
