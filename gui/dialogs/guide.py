"""The guides in a window of their own: contents on the left, the page on the right, a field to find words.

The one place in the window that shows rich text (tests/test_shape.py). What it shows are Markdown files of
our own from resources/help, handed over by the flow with their pictures: HTML in them is off, and whatever
else a page may name, on a disk or in a network, is not loaded.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from PySide6.QtCore import QByteArray, QEvent, QPoint, QSize, Qt, QTimer, QUrl, Signal
from PySide6.QtGui import (
    QAction,
    QFontDatabase,
    QImage,
    QKeyEvent,
    QKeySequence,
    QResizeEvent,
    QTextBlock,
    QTextBlockFormat,
    QTextCharFormat,
    QTextCursor,
    QTextDocument,
    QTextFormat,
    QTextFrameFormat,
    QTextLength,
    QTextTable,
)
from PySide6.QtWidgets import (
    QDialog,
    QHBoxLayout,
    QLineEdit,
    QListWidget,
    QListWidgetItem,
    QSplitter,
    QTextBrowser,
    QToolButton,
    QVBoxLayout,
    QWidget,
)

from .. import icons, theme
from ..text import ElidedLabel, PlainLabel, shown, tip
from .frame import STEP, named, stand_back

SIZE = QSize(120 * STEP, 88 * STEP)
CONTENTS_WIDTH = 30 * STEP
PICTURE_WIDTH = 76 * STEP  # a wider picture is shown smaller
PICTURE = "\ufffc"  # what Qt puts into the text for one
RESIZED_MS = 100  # after the last change of width
LEVELS = 3  # of headings in the contents
PICTURES = (".png", ".svg")  # what a bundle can read
PLACE = Qt.ItemDataRole.UserRole  # of a row of the contents: the block's number
MARKDOWN = QTextDocument.MarkdownFeature.MarkdownDialectGitHub | QTextDocument.MarkdownFeature.MarkdownNoHTML


@dataclass(frozen=True, slots=True)
class Guide:
    """Everything in resources/help, by its path from there."""

    pages: Mapping[str, str]
    pictures: Mapping[str, bytes]


def read_guide(folder: Path) -> Guide:
    """Call in a thread. OSError; ValueError for a page that is not text."""
    files = sorted(path for path in folder.rglob("*") if path.is_file())
    return Guide(
        {
            path.relative_to(folder).as_posix(): path.read_text("utf-8")
            for path in files
            if path.suffix == ".md"
        },
        {path.relative_to(folder).as_posix(): path.read_bytes() for path in files if path.suffix in PICTURES},
    )


def anchor(heading: str) -> str:
    """What a link calls a heading, as GitHub does: `#sign-in-with-aws`."""
    return re.sub(r"[^\w\- ]", "", heading.strip().lower()).replace(" ", "-")


class GuideWindow(QDialog):
    """Not modal. `link_wanted` carries the address of a link that leads out of the guide."""

    link_wanted = Signal(str)

    def __init__(self, guide: Guide, parent: QWidget | None) -> None:
        super().__init__(parent, Qt.WindowType.Window)
        self.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        self._guide = guide
        self._page = ""
        self._trail: list[tuple[str, int]] = []  # page and scroll position, where one was
        self._at = -1
        self.contents = QListWidget()
        self.page = _Page(guide.pictures)
        self.search = QLineEdit()
        self.found = PlainLabel("")
        self.target = ElidedLabel("")
        self._build()
        self._add_keys()
        self.page.anchorClicked.connect(self._follow)
        self.page.highlighted.connect(self._tell_target)
        self._narrower = QTimer(self, singleShot=True, interval=RESIZED_MS)
        self._narrower.timeout.connect(self._renew)
        self.page.room_changed.connect(self._narrower.start)
        self.page.verticalScrollBar().valueChanged.connect(self._mark_heading)
        self.contents.itemActivated.connect(self._go_to)
        self.contents.itemClicked.connect(self._go_to)
        self.search.textChanged.connect(self._find_first)
        self.search.returnPressed.connect(self.find_next)
        self.resize(SIZE)

    # -- what the flow asks --

    def open_page(self, name: str, to: str = "") -> None:
        """Show a page, at a heading's anchor when `to` names one. A page that is not there says so."""
        self._remember()
        self._trail = [*self._trail[: self._at + 1], (name, 0)]
        self._at = len(self._trail) - 1
        self._show(name)
        self._scroll_to(to)
        self._update()

    def bring_forward(self) -> None:
        """In front of the main window, with the keyboard in the page."""
        self.setWindowState(self.windowState() & ~Qt.WindowState.WindowMinimized)
        self.show()
        self.raise_()
        self.activateWindow()
        self.page.setFocus()

    # -- what the keys do --

    def go(self, step: int) -> None:
        """Back (-1) or forward (1)."""
        if 0 <= self._at + step < len(self._trail):
            self._remember()
            self._at += step
            name, place = self._trail[self._at]
            self._show(name)
            self.page.verticalScrollBar().setValue(place)
            self._update()

    def find_next(self, *, backward: bool = False) -> None:
        """The next place that holds the words, from the top again behind the last one."""
        words = self.search.text()
        flag = QTextDocument.FindFlag.FindBackward if backward else QTextDocument.FindFlag(0)
        if not words or self.page.find(words, flag):
            self.found.setText("")
            return
        before = self.page.textCursor()
        edge = QTextCursor.MoveOperation.End if backward else QTextCursor.MoveOperation.Start
        self.page.moveCursor(edge)
        if self.page.find(words, flag):
            self.found.setText("")
        else:
            self.page.setTextCursor(before)
            self.found.setText(self.tr("Not found"))

    # -- events --

    def changeEvent(self, event: QEvent) -> None:
        super().changeEvent(event)
        if theme.is_palette_change(event) and self._page:
            icons.refresh(self)
            self._renew()

    def keyPressEvent(self, event: QKeyEvent) -> None:
        """Escape leaves the field for finding, then the window."""
        if event.key() != Qt.Key.Key_Escape:
            super().keyPressEvent(event)
        elif self.search.hasFocus():
            self.search.clear()
            self.page.setFocus()
        else:
            self.close()

    # -- building --

    def _build(self) -> None:
        named(self.contents, self.tr("Contents"))
        self.contents.setObjectName("places")
        self.contents.setTextElideMode(Qt.TextElideMode.ElideRight)
        self.contents.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        named(self.page, self.tr("Guide"))
        self.search.setPlaceholderText(self.tr("Find in this page"))
        self.search.setClearButtonEnabled(True)
        self.search.setFixedWidth(30 * STEP)
        named(self.search, self.tr("Find in this page"))
        self.found.setProperty("role", "warn")
        stand_back(self.target)
        self.back = self._button("back", self.tr("Back"))
        self.forward = self._button("forward", self.tr("Forward"))
        bar = QHBoxLayout()
        bar.setContentsMargins(STEP, STEP, 2 * STEP, STEP)
        bar.setSpacing(STEP)
        for widget in (self.back, self.forward):
            bar.addWidget(widget)
        bar.addStretch(1)
        bar.addWidget(self.found)
        bar.addWidget(self.search)
        parts = QSplitter(Qt.Orientation.Horizontal)
        parts.setHandleWidth(1)
        parts.setChildrenCollapsible(False)
        parts.addWidget(self.contents)
        parts.addWidget(self.page)
        parts.setStretchFactor(1, 1)
        parts.setSizes([CONTENTS_WIDTH, SIZE.width() - CONTENTS_WIDTH])
        foot = QHBoxLayout()
        foot.setContentsMargins(2 * STEP, STEP // 2, 2 * STEP, STEP // 2)
        foot.addWidget(self.target)
        column = QVBoxLayout(self)
        column.setContentsMargins(0, 0, 0, 0)
        column.setSpacing(0)
        column.addLayout(bar)
        column.addWidget(parts, 1)
        column.addLayout(foot)
        self.setMinimumSize(64 * STEP, 40 * STEP)

    def _button(self, icon: str, name: str) -> QToolButton:
        button = QToolButton()
        button.setAutoRaise(True)
        button.setFocusPolicy(Qt.FocusPolicy.TabFocus)
        icons.keep(button, icon)
        named(button, name)
        button.clicked.connect(lambda: self.go(-1 if icon == "back" else 1))
        return button

    def _add_keys(self) -> None:
        keys = {
            "Alt+Left": lambda: self.go(-1),
            "Alt+Right": lambda: self.go(1),
            "Ctrl+F": self._start_finding,
            "F3": self.find_next,
            "Shift+F3": lambda: self.find_next(backward=True),
            "Ctrl+W": self.close,
        }
        for key, does in keys.items():
            action = QAction(self)
            action.setShortcut(QKeySequence(key))
            action.triggered.connect(lambda checked=False, does=does: does())
            self.addAction(action)
        self.back.setToolTip(self.tr("Back (Alt+Left)"))
        self.forward.setToolTip(self.tr("Forward (Alt+Right)"))

    # -- what happens in it --

    def _show(self, name: str) -> None:
        markdown = self._guide.pages.get(name)
        if markdown is None:
            markdown = self.tr("This page is missing from the installation.")
        self._page = name
        self.page.show_markdown(markdown)
        self.contents.clear()
        first = ""
        for block, level, heading in self.page.headings():
            first = first or heading
            item = QListWidgetItem("    " * max(0, level - 2) + shown(heading))
            item.setToolTip(tip(shown(heading)))
            item.setData(Qt.ItemDataRole.AccessibleTextRole, shown(heading))  # without the spaces
            item.setData(PLACE, block)
            if level == 1:
                font = item.font()
                font.setBold(True)
                item.setFont(font)
            self.contents.addItem(item)
        self.setWindowTitle(shown(first) if first else self.tr("Guide"))
        self._mark_heading()

    def _renew(self) -> None:
        """The same page anew, at the same words: its colours or its width have changed."""
        top = self.page.block_at_top()
        place = self.page.verticalScrollBar().value() - self.page.top_of(top)
        self._show(self._page)
        self.page.verticalScrollBar().setValue(self.page.top_of(top) + place)

    def _scroll_to(self, to: str) -> None:
        for block, _, heading in self.page.headings():
            if to and anchor(heading) == to:
                self.page.show_block(block)
                return
        self.page.verticalScrollBar().setValue(0)

    def _go_to(self, item: QListWidgetItem) -> None:
        self.page.show_block(item.data(PLACE))

    def _mark_heading(self, *_: int) -> None:
        """The contents show where one reads."""
        top = self.page.block_at_top()
        rows = [row for row in range(self.contents.count()) if self.contents.item(row).data(PLACE) <= top]
        self.contents.setCurrentRow(rows[-1] if rows else 0)

    def _follow(self, url: QUrl) -> None:
        if url.scheme() == "https":
            self.link_wanted.emit(url.toString())
        elif url.isRelative():
            self.open_page(url.path() or self._page, url.fragment())
        # Anything else is nothing that a guide of ours links to.

    def _tell_target(self, url: QUrl) -> None:
        self.target.setText(shown(url.toString()) if url.scheme() else "")

    def _start_finding(self) -> None:
        self.search.setFocus(Qt.FocusReason.ShortcutFocusReason)
        self.search.selectAll()

    def _find_first(self) -> None:
        """While one types: from where the last find began."""
        cursor = self.page.textCursor()
        cursor.setPosition(cursor.selectionStart())
        self.page.setTextCursor(cursor)
        self.find_next()

    def _remember(self) -> None:
        if self._at >= 0:
            self._trail[self._at] = (self._page, self.page.verticalScrollBar().value())

    def _update(self) -> None:
        self.back.setEnabled(self._at > 0)
        self.forward.setEnabled(self._at < len(self._trail) - 1)


class _Page(QTextBrowser):
    """Shows what it is handed, and loads nothing."""

    room_changed = Signal()  # pictures that were loaded are too wide now, or too narrow

    def __init__(self, pictures: Mapping[str, bytes]) -> None:
        super().__init__()
        self._pictures = pictures
        self._room = 0
        self.setOpenLinks(False)
        # Always: one that comes and goes with the text would change the width while the text is set.
        self.setVerticalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOn)
        self.setFrameShape(QTextBrowser.Shape.NoFrame)
        self.document().setDocumentMargin(4 * STEP)
        # The style sheet's field has a border and little room; a page has neither.
        self.setProperty("role", "guide")

    def loadResource(self, kind: int, name: QUrl | str) -> Any:
        """Pictures of the guide; everything else is empty. Qt's own would read files."""
        url = QUrl(name)
        data = self._pictures.get(url.path()) if url.isRelative() else None
        if kind != QTextDocument.ResourceType.ImageResource or data is None:
            return QByteArray()
        return self._fitting(QImage.fromData(QByteArray(data)))

    def _fitting(self, picture: QImage) -> QImage:
        """Not wider than there is room, and as sharp as it and the screen can be."""
        room = self.room()
        if picture.width() > room:
            pixels = round(room * self.devicePixelRatioF())
            if picture.width() > pixels:
                picture = picture.scaledToWidth(pixels, Qt.TransformationMode.SmoothTransformation)
            picture.setDevicePixelRatio(picture.width() / room)
        return picture

    def room(self) -> int:
        """How wide a picture may be now, in device-independent pixels."""
        free = self.viewport().width() - 2 * round(self.document().documentMargin())
        return max(10 * STEP, min(PICTURE_WIDTH, free))

    def resizeEvent(self, event: QResizeEvent) -> None:
        super().resizeEvent(event)
        if self.room() != self._room:
            self._room = self.room()
            self.room_changed.emit()

    def show_markdown(self, markdown: str) -> None:
        """A page from its top."""
        document = self.document()
        document.clear()
        document.setMarkdown(markdown, MARKDOWN)
        for block in self._blocks():
            _dress(block)
        for frame in document.rootFrame().childFrames():
            if isinstance(frame, QTextTable):
                _dress_table(frame)
        self.moveCursor(QTextCursor.MoveOperation.Start)

    def headings(self) -> Iterator[tuple[int, int, str]]:
        """Block number, level and text of those that belong into the contents."""
        for block in self._blocks():
            level = block.blockFormat().headingLevel()
            if 0 < level <= LEVELS:
                yield block.blockNumber(), level, block.text()

    def show_block(self, number: int) -> None:
        """Scroll it to the top, and put the cursor there, for screen readers and for Find."""
        block = self.document().findBlockByNumber(number)
        self.setTextCursor(QTextCursor(block))
        self.verticalScrollBar().setValue(self.top_of(number) - STEP)

    def top_of(self, number: int) -> int:
        """Where a block begins, in pixels from the top of the page."""
        block = self.document().findBlockByNumber(number)
        return round(self.document().documentLayout().blockBoundingRect(block).top())

    def block_at_top(self) -> int:
        """The number of the first block that can be seen, or of the heading just below the edge."""
        return self.cursorForPosition(QPoint(5 * STEP, 3 * STEP)).blockNumber()

    def _blocks(self) -> Iterator[QTextBlock]:
        block = self.document().begin()
        while block.isValid():
            yield block
            block = block.next()


# -- the look of a page --


def _dress(block: QTextBlock) -> None:
    """Distances and grounds: Qt's Markdown has hardly any."""
    form = block.blockFormat()
    cursor = QTextCursor(block)
    level = form.headingLevel()
    if form.hasProperty(QTextFormat.Property.BlockCodeFence) or form.nonBreakableLines():
        form.setBackground(theme.color("hover"))
        form.setLeftMargin(STEP)
        form.setRightMargin(STEP)
        cursor.select(QTextCursor.SelectionType.BlockUnderCursor)
        code = QTextCharFormat()
        code.setFontFamilies(QFontDatabase.systemFont(QFontDatabase.SystemFont.FixedFont).families())
        cursor.mergeCharFormat(code)
    elif level:
        form.setTopMargin(3 * STEP if level > 1 else 0)
        form.setBottomMargin(STEP)
    elif block.textList() is not None:
        form.setBottomMargin(STEP // 2)
        form.setLineHeight(125, QTextBlockFormat.LineHeightTypes.ProportionalHeight.value)
    elif PICTURE in block.text():
        form.setBottomMargin(2 * STEP)  # a quarter more of its height would be a hole below it
    else:
        form.setBottomMargin(STEP)
        form.setLineHeight(125, QTextBlockFormat.LineHeightTypes.ProportionalHeight.value)
    QTextCursor(block).setBlockFormat(form)


def _dress_table(table: QTextTable) -> None:
    form = table.format()
    form.setBorder(1)
    form.setBorderStyle(QTextFrameFormat.BorderStyle.BorderStyle_Solid)
    form.setBorderBrush(theme.color("line"))
    form.setBorderCollapse(True)
    form.setCellPadding(STEP * 0.75)
    form.setCellSpacing(0)
    form.setWidth(QTextLength(QTextLength.Type.PercentageLength, 100))
    form.setTopMargin(STEP)
    form.setBottomMargin(2 * STEP)
    table.setFormat(form)
