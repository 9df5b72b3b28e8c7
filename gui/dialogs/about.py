"""About Skyferry: what it is, what it is made of and under which licences, and the report for support."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from PySide6.QtCore import QSize, Qt
from PySide6.QtGui import QFontDatabase, QGuiApplication
from PySide6.QtWidgets import (
    QHBoxLayout,
    QLabel,
    QLineEdit,
    QListWidget,
    QListWidgetItem,
    QPlainTextEdit,
    QPushButton,
    QTabWidget,
    QVBoxLayout,
    QWidget,
)

from ..icons import app_icon
from ..text import PlainLabel, shown, tip
from .frame import STEP, Frame, named, put_last, stand_back

if TYPE_CHECKING:
    from ..notices import Notice

WIDTH, HEIGHT = 112 * STEP, 80 * STEP
ICON = 64  # pixels
LIST_WIDTH = 30 * STEP
FULL_LINE = 70  # letters; a line of a file that is shorter ends where it ends


class AboutDialog(Frame):
    """Opens at once; the flow then calls the methods below, as it has read the texts."""

    def __init__(self, version: str, parent: QWidget | None) -> None:
        super().__init__("Skyferry", parent, width=80 * STEP)
        self.setWindowTitle(self.tr("About Skyferry"))
        self.column.removeWidget(self.heading)
        self.column.addLayout(self._head(version))
        self.column.addSpacing(STEP)
        self.tabs = QTabWidget()
        self.tabs.setDocumentMode(True)
        self.tabs.tabBar().setDrawBase(False)
        self.about = _reading(self.tr("About Skyferry and the libraries it uses"))
        self.tabs.addTab(_page(self.about), self.tr("&About"))
        self.tabs.addTab(self._licences(), self.tr("&Licences"))
        self.tabs.addTab(self._environment(), self.tr("&Environment"))
        self.column.addWidget(self.tabs, 1)
        self.yes, no, _ = self.end(self.tr("Close"))
        no.hide()
        self.resize(WIDTH, HEIGHT)
        put_last(self, self.yes)
        self.tabs.tabBar().setFocus()
        self._notices: Sequence[Notice] = ()
        self.show_about("")

    # -- what the flow tells --

    def show_about(self, qt_notice: str) -> None:
        """The notice of Qt's licence, below what Skyferry says of itself; "" while it is not read."""
        own = (
            self.tr(
                "Accounts, containers and objects of every object store in one window; transfers that are "
                "checked; secrets in the system's keyring."
            ),
            self.tr(
                "Skyferry is free software under the Apache License 2.0. There is no warranty, to the extent "
                "permitted by law. It sends nothing to its makers."
            ),
            _flowing(qt_notice),
        )
        self.about.setPlainText("\n\n".join(part for part in own if part))

    def show_notices(self, notices: Sequence[Notice]) -> None:
        """All components; the first one's licence is shown."""
        self._notices = notices
        self._fill("")

    def show_report(self, report: str) -> None:
        """The environment report, ready to be copied."""
        self.report.setPlainText(report)
        self.copy.setEnabled(True)

    def fail(self, sentence: str) -> None:
        """The licences could not be read."""
        self.licence.setPlainText(sentence)

    # -- parts --

    def _head(self, version: str) -> QHBoxLayout:
        row = QHBoxLayout()
        row.setSpacing(2 * STEP)
        picture = QLabel(self)
        picture.setPixmap(app_icon().pixmap(QSize(ICON, ICON), self.devicePixelRatioF()))
        picture.setFixedSize(ICON, ICON)
        row.addWidget(picture)
        words = QVBoxLayout()
        words.setSpacing(STEP // 2)
        words.addStretch(1)
        self.heading.setText("Skyferry")
        font = self.heading.font()
        font.setPointSizeF(font.pointSizeF() * 1.5)
        self.heading.setFont(font)
        words.addWidget(self.heading)
        self.version = PlainLabel(
            self.tr("Version {version}").format(version=shown(version)), selectable=True
        )
        self.version.setFocusPolicy(Qt.FocusPolicy.NoFocus)
        words.addWidget(self.version)
        sentence = PlainLabel(self.tr("A desktop browser for every object store."))
        stand_back(sentence)
        words.addWidget(sentence)
        words.addStretch(1)
        row.addLayout(words, 1)
        return row

    def _licences(self) -> QWidget:
        self.search = QLineEdit()
        self.search.setPlaceholderText(self.tr("Search names and licences"))
        self.search.setClearButtonEnabled(True)
        named(self.search, self.tr("Search components"))
        self.search.textChanged.connect(self._fill)
        self.list = QListWidget()
        self.list.setObjectName("roomy")
        self.list.setUniformItemSizes(True)
        self.list.setTextElideMode(Qt.TextElideMode.ElideRight)
        self.list.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        named(self.list, self.tr("Components"))
        self.list.currentRowChanged.connect(self._show_notice)
        self.count = PlainLabel("")
        stand_back(self.count)
        self.licence = _reading(self.tr("The component's licence"))
        self.licence.setPlainText(self.tr("Reading the licences…"))
        side = QVBoxLayout()
        side.setSpacing(STEP)
        for widget in (self.search, self.list, self.count):
            side.addWidget(widget)
            widget.setFixedWidth(LIST_WIDTH)
        page = QWidget()
        row = QHBoxLayout(page)
        row.setContentsMargins(0, 2 * STEP, 0, 0)
        row.setSpacing(2 * STEP)
        row.addLayout(side)
        row.addWidget(self.licence, 1)
        return page

    def _environment(self) -> QWidget:
        self.report = _reading(self.tr("Environment report"))
        self.report.setFont(QFontDatabase.systemFont(QFontDatabase.SystemFont.FixedFont))
        self.report.setPlainText(self.tr("Collecting…"))
        self.copy = QPushButton(self.tr("&Copy Report"))
        self.copy.setAutoDefault(False)
        self.copy.setEnabled(False)
        self.copy.clicked.connect(self._copy)
        self.copied = PlainLabel("")
        self.copied.setProperty("role", "good")
        hint = PlainLabel(
            self.tr(
                "For a report of a fault. It holds no secrets, and no names of accounts, services or objects."
            )
        )
        hint.setWordWrap(True)
        stand_back(hint)
        buttons = QHBoxLayout()
        buttons.setSpacing(2 * STEP)
        buttons.addWidget(self.copy)
        buttons.addWidget(self.copied)
        buttons.addStretch(1)
        page = _page(hint, self.report)
        layout = page.layout()
        if isinstance(layout, QVBoxLayout):
            layout.addLayout(buttons)
        return page

    # -- what happens in it --

    def _fill(self, sought: str) -> None:
        words = sought.casefold().split()
        self._listed = [one for one in self._notices if all(word in _haystack(one) for word in words)]
        self.list.clear()
        for one in self._listed:
            item = QListWidgetItem(shown(one.title))
            item.setToolTip(tip(shown(one.title)))
            self.list.addItem(item)
        self.count.setText(self.tr("{n} components").format(n=len(self._listed)))
        if self._listed:
            self.list.setCurrentRow(0)
        elif self._notices:
            self.licence.setPlainText(self.tr("No component is called so."))

    def _show_notice(self, row: int) -> None:
        if 0 <= row < len(self._listed):
            notice = self._listed[row]
            head = self.tr("Licence: {licence}").format(licence=notice.licence)
            self.licence.setPlainText(f"{notice.title}\n{head}\n\n{notice.text}")

    def _copy(self) -> None:
        QGuiApplication.clipboard().setText(self.report.toPlainText())
        self.copied.setText(self.tr("Copied to the clipboard."))


def _haystack(notice: Notice) -> str:
    return f"{notice.title} {notice.licence}".casefold()


def _flowing(text: str) -> str:
    """A text that was wrapped for a file, as lines that wrap where the window ends."""
    lines: list[str] = []
    for line in text.splitlines():
        before = lines[-1] if lines else ""
        own = not line or line.startswith(("- ", "http", "codesign")) or line[:1].isspace()
        if own or len(before) < FULL_LINE or before.startswith(("- ", "http")):
            lines.append(line)
        else:
            lines[-1] = f"{before} {line}"
    return "\n".join(lines)


def _reading(name: str) -> QPlainTextEdit:
    """Text to read and to select, never markup; Tab leaves it."""
    area = QPlainTextEdit()
    area.setReadOnly(True)
    area.setTabChangesFocus(True)
    area.setTextInteractionFlags(
        Qt.TextInteractionFlag.TextSelectableByMouse | Qt.TextInteractionFlag.TextSelectableByKeyboard
    )
    named(area, name)
    return area


def _page(*widgets: QWidget) -> QWidget:
    page = QWidget()
    column = QVBoxLayout(page)
    column.setContentsMargins(0, 2 * STEP, 0, 0)
    column.setSpacing(STEP)
    for widget in widgets:
        column.addWidget(widget)
    return page
