"""The guides in the window: contents, links, find, and nothing that is not ours is ever loaded."""

from __future__ import annotations

import re
import socket
from collections.abc import Iterator
from pathlib import Path

import pytest
from PySide6.QtCore import QBuffer, QByteArray, QIODevice, QObject, QPoint, Qt, QUrl, Slot
from PySide6.QtGui import QDesktopServices, QImage, QKeySequence, QTextDocument
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QApplication, QLabel
from pytestqt.qtbot import QtBot

from gui import icons
from gui.actions import COMMANDS
from gui.background import pause, until
from gui.dialogs.guide import PICTURE_WIDTH, Guide, GuideWindow, anchor, read_guide
from gui.dialogs.message import MessageDialog
from gui.theme import DARK, LIGHT

from .cut import SETTLE, cut
from .scene import PATIENCE, Scene, show
from .stage import named_button, press

pytestmark = pytest.mark.window


def picture(width: int = 2000) -> bytes:
    image = QImage(width, 100, QImage.Format.Format_RGB32)
    image.fill(Qt.GlobalColor.red)
    data = QByteArray()
    buffer = QBuffer(data)
    buffer.open(QIODevice.OpenModeFlag.WriteOnly)
    image.save(buffer, "PNG")
    return bytes(data.data())


LONG = "\n\n".join(f"Paragraph {number} of many." for number in range(60))
MAIN = f"""# The guide

First words, a [chapter](#the-second-chapter), a [page](other.md), its [end](other.md#the-end), the
[makers](https://example.org/a?b=c), a [file](file:///etc/passwd), and [more](http://example.org).

![A picture](pictures/wide.png)

{LONG}

## The second chapter

Needle one. <b>not bold</b> <img src="http://127.0.0.1:1/x.png">

{LONG}

### A smaller heading

| What | Where |
|---|---|
| needle | here |

```sh
python3 dev.py run
```
"""
OTHER = f"# Another page\n\n{LONG}\n\n## The end\n\nThe last words. [Back](main.md)\n"


@pytest.fixture
def guide() -> Guide:
    return Guide({"main.md": MAIN, "other.md": OTHER}, {"pictures/wide.png": picture()})


@pytest.fixture
def window(qtbot: QtBot, application: QApplication, guide: Guide) -> Iterator[GuideWindow]:
    viewer = GuideWindow(guide, None)
    viewer.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose, False)
    qtbot.addWidget(viewer)
    viewer.open_page("main.md")
    viewer.bring_forward()
    qtbot.waitUntil(viewer.isActiveWindow)
    yield viewer
    viewer.close()


def top(viewer: GuideWindow) -> str:
    """The text that stands at the upper edge."""
    return viewer.page.document().findBlockByNumber(viewer.page.block_at_top()).text()


def click(viewer: GuideWindow, words: str) -> None:
    """A real click on a link."""
    viewer.page.moveCursor(viewer.page.textCursor().MoveOperation.Start)
    assert viewer.page.find(words)
    rect = viewer.page.cursorRect()
    QTest.mouseClick(viewer.page.viewport(), Qt.MouseButton.LeftButton, pos=rect.center() - QPoint(6, 0))


# -- contents, pages, pictures --


def test_the_contents_are_the_headings_and_lead_to_them(window: GuideWindow, qtbot: QtBot) -> None:
    listed = [window.contents.item(row).text().strip() for row in range(window.contents.count())]
    assert listed == ["The guide", "The second chapter", "A smaller heading"]
    assert window.windowTitle() == "The guide"
    rect = window.contents.visualItemRect(window.contents.item(1))
    QTest.mouseClick(window.contents.viewport(), Qt.MouseButton.LeftButton, pos=rect.center())
    assert top(window) == "The second chapter"
    window.contents.setFocus()
    QTest.keyClick(window.contents, Qt.Key.Key_Up)
    QTest.keyClick(window.contents, Qt.Key.Key_Return)
    assert top(window) == "The guide"


def test_the_contents_follow_where_one_reads(window: GuideWindow) -> None:
    bar = window.page.verticalScrollBar()
    bar.setValue(bar.maximum())
    assert window.contents.currentRow() > 0
    bar.setValue(0)
    assert window.contents.currentRow() == 0


def test_a_picture_fits_the_line_and_tables_and_code_are_shown(window: GuideWindow) -> None:
    shown = window.page.loadResource(2, QUrl("pictures/wide.png"))
    assert shown.width() / shown.devicePixelRatio() == PICTURE_WIDTH
    text = window.page.toPlainText()
    assert "python3 dev.py run" in text
    assert "needle" in text
    assert window.page.horizontalScrollBar().maximum() == 0


def test_a_picture_follows_the_width_and_the_place_stays(window: GuideWindow, qtbot: QtBot) -> None:
    click(window, "chapter")
    window.resize(window.minimumWidth(), 600)
    qtbot.waitUntil(lambda: window.page.room() < PICTURE_WIDTH and not window._narrower.isActive())
    assert (
        window.page.loadResource(2, QUrl("pictures/wide.png")).deviceIndependentSize().width()
        == window.page.room()
    )
    assert window.page.horizontalScrollBar().maximum() == 0
    assert top(window) == "The second chapter"


@pytest.mark.parametrize("ratio", [1.0, 1.5, 2.0, 3.0])
@pytest.mark.parametrize("width", [300, 700, 1200, 2600])
def test_a_picture_is_never_wider_than_a_line_on_any_screen(
    window: GuideWindow, monkeypatch: pytest.MonkeyPatch, ratio: float, width: int
) -> None:
    monkeypatch.setattr(type(window.page), "devicePixelRatioF", lambda page: ratio)
    window.page._pictures = {"x.png": picture(width)}
    shown = window.page.loadResource(2, QUrl("x.png"))
    assert round(shown.deviceIndependentSize().width()) == min(width, PICTURE_WIDTH)
    assert shown.width() == min(width, round(PICTURE_WIDTH * ratio) if width > PICTURE_WIDTH else width)


def test_a_page_that_is_missing_says_so(window: GuideWindow) -> None:
    window.open_page("nowhere.md")
    assert window.page.toPlainText() == "This page is missing from the installation."


def test_anchors_are_made_as_github_makes_them() -> None:
    assert anchor("Sign in: keys & files") == "sign-in-keys--files"
    assert anchor("What is `redact`?") == "what-is-redact"


# -- links and history --


def test_links_lead_to_headings_and_pages_and_back_again(window: GuideWindow) -> None:
    assert not window.back.isEnabled()
    click(window, "chapter")
    assert top(window) == "The second chapter"
    window.open_page("main.md")
    click(window, "end")
    assert window.windowTitle() == "Another page"
    assert "The last words." in window.page.toPlainText()
    assert window.page.verticalScrollBar().value() > 0
    QTest.keyClick(window, Qt.Key.Key_Left, Qt.KeyboardModifier.AltModifier)
    assert window.windowTitle() == "The guide"
    press(window.forward)
    assert window.windowTitle() == "Another page"
    assert not window.forward.isEnabled()
    for _ in range(3):
        press(window.back)
    assert not window.back.isEnabled()


def test_back_returns_to_where_one_was_reading(window: GuideWindow) -> None:
    window.page.verticalScrollBar().setValue(500)
    window.open_page("other.md")
    window.go(-1)
    assert window.page.verticalScrollBar().value() == 500


def test_only_https_leads_out_and_only_by_way_of_the_flow(window: GuideWindow) -> None:
    asked: list[str] = []
    window.link_wanted.connect(asked.append)
    for words in ("makers", "file", "more"):
        click(window, words)
    assert asked == ["https://example.org/a?b=c"]
    assert window.windowTitle() == "The guide"


# -- find --


def test_find_goes_through_all_places_and_around(window: GuideWindow) -> None:
    QTest.keySequence(window, QKeySequence("Ctrl+F"))
    assert window.search.hasFocus()
    QTest.keyClicks(window.search, "needle")
    first = window.page.textCursor().selectionStart()
    assert window.page.textCursor().selectedText() == "Needle"
    QTest.keyClick(window.search, Qt.Key.Key_Return)
    second = window.page.textCursor().selectionStart()
    assert second > first
    QTest.keyClick(window.search, Qt.Key.Key_Return)
    assert window.page.textCursor().selectionStart() == first
    QTest.keyClick(window, Qt.Key.Key_F3, Qt.KeyboardModifier.ShiftModifier)
    assert window.page.textCursor().selectionStart() == second
    QTest.keyClicks(window.search, "xyz")
    assert window.found.text() == "Not found"
    window.search.clear()
    assert window.found.text() == ""


def test_escape_leaves_the_field_and_then_the_window(window: GuideWindow) -> None:
    QTest.keySequence(window, QKeySequence("Ctrl+F"))
    QTest.keyClicks(window.search, "needle")
    QTest.keyClick(window.search, Qt.Key.Key_Escape)
    assert window.isVisible()
    assert window.search.text() == ""
    assert window.page.hasFocus()
    QTest.keyClick(window.page, Qt.Key.Key_Escape)
    assert not window.isVisible()


def test_the_keyboard_reaches_everything_and_everything_has_a_name(window: GuideWindow) -> None:
    window.open_page("other.md")  # so that there is a way back
    window.search.setFocus()
    seen = []
    for _ in range(12):
        window.focusNextChild()
        seen.append(QApplication.focusWidget())
    for widget in (window.back, window.contents, window.page, window.search):
        assert widget in seen
        assert widget.accessibleName()


def test_everything_can_be_read_in_the_smallest_window(window: GuideWindow, qtbot: QtBot) -> None:
    window.resize(window.minimumSize())
    window.search.setText("nothing like this")
    assert window.found.text() == "Not found"
    qtbot.waitUntil(lambda: not cut(window))


# -- nothing of others --


@pytest.mark.parametrize(
    "name",
    ["file:///etc/passwd", "http://127.0.0.1:9/x.png", "https://example.org/x.png", "/etc/passwd",
     "../secret.png", "//host/share/x.png", "data:image/png;base64,AAAA", "qrc:/x.png", "main.md"],
)  # fmt: skip
def test_what_is_not_a_picture_of_the_guide_is_not_loaded(window: GuideWindow, name: str) -> None:
    for kind in QTextDocument.ResourceType:
        assert window.page.loadResource(kind.value, QUrl(name)) == QByteArray()


def test_html_in_a_page_is_text_and_reaches_no_network(
    application: QApplication, qtbot: QtBot, guide: Guide
) -> None:
    server = socket.create_server(("127.0.0.1", 0))
    server.setblocking(False)
    remote = f"http://127.0.0.1:{server.getsockname()[1]}/x.png"
    page = f'# Page\n\n<img src="{remote}"> <b>x</b>\n\n![remote]({remote})\n\n<a href="{remote}">y</a>\n'
    viewer = GuideWindow(Guide({"x.md": page}, {}), None)
    viewer.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose, False)
    qtbot.addWidget(viewer)
    viewer.open_page("x.md")
    viewer.show()
    qtbot.wait(300)
    with server, pytest.raises(BlockingIOError):
        server.accept()
    assert "<b>x</b>" in viewer.page.toPlainText()
    viewer.close()


# -- in the program --


class Opened(QObject):
    """Hears what would go to the system's browser (QDesktopServices.setUrlHandler)."""

    def __init__(self) -> None:
        super().__init__()
        self.urls: list[str] = []

    @Slot(QUrl)
    def heard(self, url: QUrl) -> None:
        self.urls.append(url.toString())


def viewers() -> list[GuideWindow]:
    return [one for one in QApplication.topLevelWidgets() if isinstance(one, GuideWindow) and one.isVisible()]


async def opened(scene: Scene, command: str) -> GuideWindow:
    scene.window.commands[command].trigger()
    await until(viewers, PATIENCE, "the guide")
    await pause(SETTLE)
    [viewer] = viewers()
    return viewer


@pytest.mark.parametrize("theme", ["light", "dark"])
def test_f1_opens_the_guide_beside_the_window_in_its_colours(
    application: QApplication, tmp_path: Path, theme: str
) -> None:
    async def story(scene: Scene) -> None:
        assert COMMANDS["help.guide"].shortcuts == ("F1",)
        QTest.keyClick(scene.window, Qt.Key.Key_F1)
        await until(viewers, PATIENCE, "the guide")
        await pause(SETTLE)
        [viewer] = viewers()
        assert not viewer.isModal()
        assert scene.window.isEnabled()
        assert viewer.contents.count() > 5
        colors = DARK if theme == "dark" else LIGHT
        assert viewer.page.palette().base().color().name() == colors.base
        assert cut(viewer) == []
        for label in viewer.findChildren(QLabel):
            assert label.textFormat() is Qt.TextFormat.PlainText
        viewer.close()

    show(story, tmp_path, theme=theme)


def test_there_is_one_guide_window_however_often_one_asks(application: QApplication, tmp_path: Path) -> None:
    async def story(scene: Scene) -> None:
        viewer = await opened(scene, "help.guide")
        assert await opened(scene, "help.security") is viewer
        assert viewer._page == "security.md"
        viewer.close()
        await until(lambda: not viewers(), PATIENCE, "the end")
        again = await opened(scene, "help.guide")
        again.close()

    show(story, tmp_path)


def test_a_change_of_theme_is_followed_and_the_place_is_kept(
    application: QApplication, tmp_path: Path
) -> None:
    async def story(scene: Scene) -> None:
        viewer = await opened(scene, "help.guide")
        viewer.page.verticalScrollBar().setValue(700)
        scene.window.commands["theme.dark"].trigger()
        await pause(SETTLE)
        assert viewer.page.palette().base().color().name() == DARK.base
        assert abs(viewer.page.verticalScrollBar().value() - 700) < 3
        scene.window.commands["theme.light"].trigger()
        viewer.close()

    show(story, tmp_path)


def test_an_address_is_shown_before_the_browser_opens_it(application: QApplication, tmp_path: Path) -> None:
    opens = Opened()
    QDesktopServices.setUrlHandler("https", opens, "heard")

    async def story(scene: Scene) -> None:
        viewer = await opened(scene, "help.guide")
        for button, wanted in (("Cancel", []), ("Open", ["https://example.org/x"])):
            viewer.link_wanted.emit("https://example.org/x")

            def asking() -> list[MessageDialog]:
                return [
                    one for one in QApplication.topLevelWidgets()
                    if isinstance(one, MessageDialog) and one.isVisible()
                ]  # fmt: skip

            await until(asking, PATIENCE, "the question")
            [question] = asking()
            assert any("https://example.org/x" in label.text() for label in question.findChildren(QLabel))
            press(named_button(question, button))
            await until(lambda: not asking(), PATIENCE, "the answer")
            await pause(0.05)
            assert opens.urls == wanted
        viewer.close()

    try:
        show(story, tmp_path)
    finally:
        QDesktopServices.unsetUrlHandler("https")


# -- the real pages --


def reached(guide: Guide) -> set[str]:
    """The pages that the menu opens, and those that they lead to."""
    found: set[str] = set()
    todo = ["user-guide.md", "security.md"]
    while todo:
        name = todo.pop()
        if name in guide.pages and name not in found:
            found.add(name)
            todo += [QUrl(target).path() for _, target in links(guide.pages[name])]
    return found


def links(markdown: str) -> list[tuple[str, str]]:
    """Of links and pictures (these with a !): the mark and the target. Code is left out."""
    prose = re.sub(r"```.*?```|`[^`]*`", "", markdown, flags=re.DOTALL)
    return re.findall(r"(!?)\[[^\]]*\]\(([^)\s]+)\)", prose)


def anchors(markdown: str) -> set[str]:
    code = re.sub(r"```.*?```", "", markdown, flags=re.DOTALL)
    headings = [line.lstrip("# ") for line in code.splitlines() if line.startswith("#")]
    return {anchor(re.sub(r"[`*]", "", heading)) for heading in headings}


def test_the_pages_that_the_menu_opens_are_there() -> None:
    assert {"user-guide.md", "security.md"} <= set(read_guide(icons.resource("help")).pages)


def test_every_link_and_picture_of_the_pages_leads_somewhere() -> None:
    guide = read_guide(icons.resource("help"))
    assert "user-guide.md" in reached(guide)
    for name in reached(guide):
        for mark, target in links(guide.pages[name]):
            url = QUrl(target)
            if mark:
                assert target in guide.pictures, (name, target)
            elif url.scheme():
                assert url.scheme() == "https", (name, target)
            else:
                page = url.path() or name
                assert page in guide.pages, (name, target)
                assert not url.fragment() or url.fragment() in anchors(guide.pages[page]), (name, target)
