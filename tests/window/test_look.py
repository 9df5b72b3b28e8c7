"""How it looks and speaks: contrast, room for texts, names for screen readers, hostile names, icons."""

from __future__ import annotations

import os
import subprocess
import sys
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from PySide6.QtCore import QEvent, QLocale, QSize, Qt
from PySide6.QtGui import QColor, QIcon, QPalette, QPixmap
from PySide6.QtWidgets import QAbstractButton, QApplication, QLabel, QLineEdit, QWidget
from pytestqt.qtbot import QtBot

from gui import icons, text
from gui.accounts import DEMO_CLOUD
from gui.background import pause, until
from gui.theme import DARK, LIGHT, Colors, Theme, sheet

from .cut import SETTLE, cut, looked_through
from .scene import PATIENCE, Scene, show

pytestmark = pytest.mark.window
ROOT = Path(__file__).parents[2]
HIDING = "\u202a\u202b\u202c\u202d\u202e\u2066\u2067\u2068\u2069\u200b\u2028\u2029\ufeff"


# -- colours --


def luminance(name: str) -> float:
    """Relative luminance: w3.org/TR/WCAG21/#dfn-relative-luminance."""
    color = QColor(name)
    channels = (color.redF(), color.greenF(), color.blueF())
    red, green, blue = (c / 12.92 if c <= 0.03928 else ((c + 0.055) / 1.055) ** 2.4 for c in channels)
    return 0.2126 * red + 0.7152 * green + 0.0722 * blue


def contrast(one: str, other: str) -> float:
    light, dark = sorted((luminance(one), luminance(other)), reverse=True)
    return (light + 0.05) / (dark + 0.05)


@pytest.mark.parametrize("scheme", [LIGHT, DARK], ids=["light", "dark"])
@pytest.mark.parametrize(
    ("words", "ground"),
    [
        ("text", "window"), ("text", "base"), ("text", "raised"), ("text", "hover"), ("text", "bad_ground"),
        ("muted", "window"), ("muted", "base"), ("muted", "hover"), ("link", "base"), ("link", "window"),
        ("chosen_text", "chosen"), ("text", "chosen_off"), ("accent_text", "accent"),
        ("good", "base"), ("warn", "base"), ("bad", "base"), ("warn", "window"), ("bad", "window"),
        ("warn", "chosen"), ("bad", "chosen"), ("good", "chosen"), ("muted", "chosen"),
    ],
)  # fmt: skip
def test_every_text_can_be_read_on_its_ground(scheme: Colors, words: str, ground: str) -> None:
    assert contrast(getattr(scheme, words), getattr(scheme, ground)) >= 4.5


@pytest.mark.parametrize("scheme", [LIGHT, DARK], ids=["light", "dark"])
def test_the_accent_stands_out_from_every_ground(scheme: Colors) -> None:
    for ground in (scheme.window, scheme.base, scheme.hover):
        assert contrast(scheme.accent, ground) >= 3


@pytest.mark.parametrize("scheme", [LIGHT, DARK], ids=["light", "dark"])
def test_the_style_sheet_has_no_gap(scheme: Colors) -> None:
    assert "$" not in sheet(scheme)


def test_a_theme_can_be_changed_while_it_is_shown_and_icons_follow(
    application: QApplication, tmp_path: Path
) -> None:
    async def story(scene: Scene) -> None:
        window = scene.window
        await scene.open(DEMO_CLOUD, "holiday-photos")
        button = _button(window, "Upload Files")
        light = _ink(button.icon())
        window.commands["theme.dark"].trigger()
        assert application.palette().color(QPalette.ColorRole.Base).name() == DARK.base
        assert _ink(button.icon()) != light
        assert _ink(button.icon()) == QColor(DARK.text).name()
        assert scene.app.settings.theme == "dark"
        window.commands["theme.light"].trigger()
        assert _ink(button.icon()) == light
        assert window.commands["theme.light"].isChecked()

    show(story, tmp_path)


def test_a_forced_theme_does_not_follow_the_system(application: QApplication, qtbot: QtBot) -> None:
    owner = QWidget()
    qtbot.addWidget(owner)
    assert Theme(application, "dark", owner).is_dark
    assert not Theme(application, "light", owner).is_dark
    with pytest.raises(ValueError, match="pink"):
        Theme(application, "light", owner).set_mode("pink")


def _button(window: QWidget, name: str) -> QAbstractButton:
    return next(b for b in window.findChildren(QAbstractButton) if b.accessibleName() == name)


def _ink(icon: QIcon) -> str:
    """The colour of an icon's most opaque pixel."""
    image = icon.pixmap(QSize(32, 32), 1.0).toImage()
    pixels = [image.pixelColor(x, y) for x in range(image.width()) for y in range(image.height())]
    return max(pixels, key=lambda color: color.alpha()).name()


# -- room --


@pytest.mark.parametrize("theme", ["light", "dark"])
def test_nothing_is_cut_at_1280_by_800(application: QApplication, tmp_path: Path, theme: str) -> None:
    async def story(scene: Scene) -> None:
        assert await looked_through(scene) == []

    show(story, tmp_path, theme=theme, size=QSize(1280, 800))


def test_nothing_is_cut_at_200_percent_on_2560_by_1600() -> None:
    environment = {**os.environ, "QT_SCALE_FACTOR": "2", "QT_QPA_PLATFORM": "offscreen"}
    ran = subprocess.run(
        [sys.executable, "-m", "tests.window.cut"],
        cwd=ROOT, env=environment, capture_output=True, text=True, timeout=120, check=False,
    )  # fmt: skip
    assert ran.returncode == 0, ran.stdout + ran.stderr


@pytest.mark.parametrize("ratio", [1.0, 1.25, 1.5, 2.0])
@pytest.mark.parametrize("size", [16, 48, 64])
def test_a_picture_has_all_the_pixels_of_its_screen(
    application: QApplication, size: int, ratio: float
) -> None:
    picture = icons.pixmap("folder", size, None, ratio)
    assert (picture.width(), picture.devicePixelRatio()) == (size * ratio, ratio)


@pytest.mark.parametrize("ratio", [1.0, 1.5, 2.0])
@pytest.mark.parametrize("size", [16, 18, 20])
def test_an_icon_has_all_the_pixels_of_its_screen(application: QApplication, size: int, ratio: float) -> None:
    picture = icons.icon("folder").pixmap(QSize(size, size), ratio)
    assert picture.width() == size * ratio
    assert round(size * ratio) in icons.SIZES  # none that is drawn for another size and scaled


def test_a_picture_is_drawn_anew_when_its_window_comes_to_another_screen(
    qtbot: QtBot, monkeypatch: pytest.MonkeyPatch
) -> None:
    class Label(QLabel):
        ratio = 1.0

        def devicePixelRatioF(self) -> float:
            return self.ratio

    asked: list[float] = []
    draw = icons.pixmap

    def note(name: str, size: int, color: QColor | None = None, ratio: float = 1.0) -> QPixmap:
        asked.append(ratio)
        return draw(name, size, color, ratio)

    monkeypatch.setattr(icons, "pixmap", note)
    label = Label()
    qtbot.addWidget(label)
    icons.keep_picture(label, "folder", 48)
    label.ratio = 1.5
    QApplication.sendEvent(label, QEvent(QEvent.Type.DevicePixelRatioChange))
    assert asked == [1.0, 1.5]


def test_the_search_for_cut_texts_finds_one(qtbot: QtBot) -> None:
    root = QWidget()
    qtbot.addWidget(root)
    label = QLabel("far too long for this", root)
    label.setFixedWidth(20)
    root.show()
    assert cut(root) == ["QLabel: 'far too long for this'"]


def test_a_name_without_room_shows_its_ends_and_its_tooltip_all(qtbot: QtBot) -> None:
    label = text.ElidedLabel("a very long name that goes on.tar.gz")
    qtbot.addWidget(label)
    label.resize(90, 20)
    label.show()
    assert "a very long name that goes on.tar.gz" in label.toolTip()
    label.resize(900, 20)
    assert label.toolTip() == ""


# -- names for screen readers, and the keyboard --


def test_everything_that_takes_the_keyboard_has_a_name(application: QApplication, tmp_path: Path) -> None:
    async def story(scene: Scene) -> None:
        await scene.open(DEMO_CLOUD, "holiday-photos")
        nameless = [
            f"{type(widget).__name__} {widget.objectName()}"
            for widget in scene.window.findChildren(QWidget)
            if widget.isVisible() and widget.focusPolicy() & Qt.FocusPolicy.TabFocus
            if not (widget.accessibleName() or _says_itself(widget))
        ]
        assert nameless == []

    show(story, tmp_path)


def _says_itself(widget: QWidget) -> bool:
    return isinstance(widget, QAbstractButton) and bool(widget.text().strip())


def test_tab_reaches_every_pane_and_comes_back(application: QApplication, tmp_path: Path) -> None:
    async def story(scene: Scene) -> None:
        window = scene.window
        await scene.open(DEMO_CLOUD, "holiday-photos")
        await pause(SETTLE)  # the inspector makes its fields anew when a place is opened
        window.objects.focus_list()
        await until(lambda: application.focusWidget() is window.objects.table, PATIENCE, "the focus")
        begun, seen = application.focusWidget(), set()
        for _ in range(200):
            window.focusNextChild()
            focus = application.focusWidget()
            seen.add(focus)
            if focus is begun:
                break
        assert application.focusWidget() is begun
        for pane in (
            window.accounts,
            window.containers,
            window.objects,
            window.inspector,
            window.transfers,
            window.top,
        ):
            assert any(widget is not None and pane.isAncestorOf(widget) for widget in seen), pane

    show(story, tmp_path)


def test_no_label_of_the_window_reads_markup(application: QApplication, tmp_path: Path) -> None:
    async def story(scene: Scene) -> None:
        await scene.open(DEMO_CLOUD, "holiday-photos")
        for label in scene.window.findChildren(QLabel):
            assert label.textFormat() is Qt.TextFormat.PlainText or not label.text(), label.text()
        assert not scene.window.findChildren(QLineEdit, "qt_spinbox_lineedit")

    show(story, tmp_path)


# -- names from strangers --


@pytest.mark.parametrize(
    ("name", "wanted"),
    [
        ("plain.txt", "plain.txt"),
        ("Übung 1 – neu.txt", "Übung 1 – neu.txt"),
        ("日本語 🙂", "日本語 🙂"),
        ("two\nlines", "two‹LF›lines"),
        ("exe.txt\u202egpj", "exe.txt‹RLO›gpj"),
        ("a\u200bb", "a‹ZWSP›b"),
        ("می\u200cخواهم", "می\u200cخواهم"),
        ("pay\u200dpal", "pay‹ZWJ›pal"),
        ("👩\u200d👧", "👩\u200d👧"),
        (" a b ", "␣a b␣"),
        ("   ", "␣␣␣"),
        ("", "(no name)"),
        ("\udcff", "\ufffd"),
        ("\u0301x", "◌\u0301x"),
        ("\x7f\x85", "‹DEL›‹85›"),
        ("<b>R&D</b>", "<b>R&D</b>"),
    ],
)
def test_a_name_is_shown_with_everything_visible(name: str, wanted: str) -> None:
    assert text.shown(name) == wanted


@given(st.text(max_size=80))
def test_what_is_shown_is_one_line_and_hides_and_reorders_nothing(name: str) -> None:
    shown = text.shown(name)
    assert shown.strip()
    assert not any(ord(letter) < 32 or 0x7F <= ord(letter) < 0xA0 for letter in shown)
    assert not set(shown) & set(HIDING)
    assert text.shown(shown) == shown


def test_menus_tooltips_and_shortened_names_keep_their_text() -> None:
    assert text.menu_text("R&D &notes") == "R&&D &&notes"
    assert "<img" not in text.tip("<img src=x>")
    assert text.tip("") == ""
    assert text.elided("a" * 40 + ".tar.gz", 20) == "aaaaaaaaaa…aa.tar.gz"
    assert text.elided("short", 20) == "short"


# -- numbers --


@pytest.mark.parametrize(
    ("number", "wanted"),
    [
        (0, "0 B"), (999, "999 B"), (1000, "1.0 kB"), (4_201_334, "4.2 MB"), (99_949, "99.9 kB"),
        (99_951, "100 kB"), (999_499, "999 kB"), (999_500, "1.0 MB"),
        (61_200_000_000, "61.2 GB"), (5 * 10**18, "5.0 EB"),
    ],
)  # fmt: skip
def test_sizes_are_short_and_never_show_a_thousand_of_a_unit(number: int, wanted: str) -> None:
    assert text.size(number).replace("\u00a0", " ") == wanted


def test_dates_are_told_as_people_tell_them() -> None:
    now = datetime(2026, 11, 22, 16, 0, tzinfo=UTC)
    assert text.date(now - timedelta(hours=2), now) == "Today 14:00"
    assert text.date(now - timedelta(days=1), now) == "Yesterday 16:00"
    assert text.date(datetime(2026, 3, 2, 9, 5, tzinfo=UTC), now) == "2 Mar 09:05"
    assert text.date(datetime(2024, 3, 2, 9, 5, tzinfo=UTC), now) == "2 Mar 2024"
    assert text.date(None, now) == ""


@pytest.mark.parametrize(
    ("seconds", "wanted"),
    [
        (None, ""),
        (0.2, "1 s left"),
        (59, "59 s left"),
        (700, "12 min left"),
        (7200, "2 h left"),
        (400_000, "5 days left"),
    ],
)
def test_time_left_is_rough(seconds: float | None, wanted: str) -> None:
    assert text.time_left(seconds) == wanted


# -- icons --


@pytest.mark.parametrize(
    "path", sorted((ROOT / "resources" / "icons").glob("*.svg")), ids=lambda path: path.stem
)
def test_every_drawing_draws_something_at_every_size(application: QApplication, path: Path) -> None:
    for ratio in (1.0, 1.5, 2.0):
        picture = icons.icon(path.stem).pixmap(QSize(16, 16), ratio)
        assert picture.width() == round(16 * ratio)  # drawn for the screen, not stretched
        image = picture.toImage()
        assert any(
            image.pixelColor(x, y).alpha() > 200 for x in range(image.width()) for y in range(image.height())
        )


def test_an_unknown_icon_is_a_cloud_and_a_name_is_never_a_path(application: QApplication) -> None:
    assert not icons.exists("no-such-icon")
    assert not icons.exists("../icons/cloud")
    unknown, cloud = (icons.icon(name).pixmap(32, 32).toImage() for name in ("no-such-icon", icons.UNKNOWN))
    assert unknown == cloud


@pytest.mark.parametrize(
    ("name", "kind"),
    [
        ("a.JPG", "image"),
        ("a.tar.gz", "archive"),
        ("readme", "file"),
        ("x.parquet", "table"),
        (".bashrc", "file"),
    ],
)
def test_an_object_has_the_icon_of_its_kind(name: str, kind: str) -> None:
    assert icons.for_object(name) == kind


def test_a_missing_resource_is_named() -> None:
    with pytest.raises(FileNotFoundError, match=r"icons/none\.svg"):
        icons.resource("icons", "none.svg")


def test_numbers_follow_the_users_locale() -> None:
    before = QLocale()
    try:
        QLocale.setDefault(QLocale(QLocale.Language.German, QLocale.Country.Germany))
        assert text.count(12403) == "12.403"
        assert text.size(4_201_334) == "4,2\u00a0MB"
    finally:
        QLocale.setDefault(before)
