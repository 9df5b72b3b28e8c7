"""How names, sizes and dates are written. Names come from strangers: nothing here is read as markup."""

from __future__ import annotations

import html
import re
import unicodedata
from datetime import datetime, timedelta

from PySide6.QtCore import QCoreApplication, QDate, QDateTime, QLocale, QSize, Qt
from PySide6.QtGui import QPainter, QPaintEvent, QResizeEvent
from PySide6.QtWidgets import QLabel, QSizePolicy, QStyle, QStyleOption, QWidget

ENGLISH = QLocale(QLocale.Language.English, QLocale.Country.UnitedKingdom)
UNITS = ("B", "kB", "MB", "GB", "TB", "PB", "EB")  # powers of 1000, as Finder and GNOME Files count

# Characters without a picture of their own: they reorder, hide or break what stands beside them.
_NAMED = {
    0x00AD: "SHY",
    0x061C: "ALM",
    0x180E: "MVS",
    0x200B: "ZWSP",
    0x200C: "ZWNJ",
    0x200D: "ZWJ",
    0x200E: "LRM",
    0x200F: "RLM",
    0x2028: "LS",
    0x2029: "PS",
    0x202A: "LRE",
    0x202B: "RLE",
    0x202C: "PDF",
    0x202D: "LRO",
    0x202E: "RLO",
    0x2060: "WJ",
    0x2066: "LRI",
    0x2067: "RLI",
    0x2068: "FSI",
    0x2069: "PDI",
    0x3164: "HF",
    0xFEFF: "BOM",
    0xFFA0: "HHF",
}
_CONTROLS = (
    *(
        "NUL",
        "SOH",
        "STX",
        "ETX",
        "EOT",
        "ENQ",
        "ACK",
        "BEL",
        "BS",
        "TAB",
        "LF",
        "VT",
        "FF",
        "CR",
        "SO",
        "SI",
    ),
    *(
        "DLE",
        "DC1",
        "DC2",
        "DC3",
        "DC4",
        "NAK",
        "SYN",
        "ETB",
        "CAN",
        "EM",
        "SUB",
        "ESC",
        "FS",
        "GS",
        "RS",
        "US",
    ),
)
_HIDDEN = {**dict(enumerate(_CONTROLS)), 0x7F: "DEL", **{code: f"{code:02X}" for code in range(0x80, 0xA0)}}
# In letters that every font has: the symbols for control characters (U+2400) are missing from most.
_GLYPHS = {code: f"\u2039{name}\u203a" for code, name in {**_HIDDEN, **_NAMED}.items()}
_JOINERS = "\u200c\u200d"  # at home in Persian, Indic scripts and emoji; suspicious beside ASCII
_PLAIN = r"[!-~\u00a1-\u00ac\u00ae-\u02ff\u0370-\u05ff]+"
_HARMLESS = re.compile(f"{_PLAIN}(?: {_PLAIN})*\\Z")
_SPOKEN = {code: glyph for code, glyph in _GLYPHS.items() if chr(code) not in f"\n\t{_JOINERS}"}
_SPOKEN |= dict.fromkeys(
    range(0xD800, 0xE000), "\ufffd"
)  # halves of pairs, which no file can be written with
LONGEST_WORD = 40  # letters that fit beside each other in the narrowest dialog
_LONG_WORD = re.compile(rf"[^\s/]{{{LONGEST_WORD + 1},}}")
LONGEST_SHOWN = 2048  # characters; a name has 1,024 bytes on most services


def tr(text: str, n: int = -1) -> str:
    """Translate a text of this module."""
    return QCoreApplication.translate("Text", text, None, n)


def locale() -> QLocale:
    """The user's; English where the system has none, because the bare C locale writes 12403."""
    user = QLocale()
    return ENGLISH if user.language() == QLocale.Language.C else user


# -- names --


def shown(name: str) -> str:
    """A name with everything visible: control and bidi characters as glyphs, outer spaces marked."""
    if _HARMLESS.match(name):
        return name
    if not name:
        return tr("(no name)")
    name = name[:LONGEST_SHOWN]
    letters = [_visible(name, at) for at in range(len(name))]
    for span in (range(len(letters)), range(len(letters) - 1, -1, -1)):
        for at in span:
            if not letters[at].isspace():  # other spaces than the plain one, too
                break
            letters[at] = "\u2423"
    return "".join(letters)


def spelled(report: str) -> str:
    """A log's or a report's text, whoever chose the names in it: no character steers a terminal or turns the
    order of others round. Line ends and tabs stay.
    """
    return report.translate(_SPOKEN)


def _visible(name: str, at: int) -> str:
    letter = name[at]
    if letter in _JOINERS:
        before, after = name[at - 1 : at], name[at + 1 : at + 2]
        return letter if before > "\x7f" and after > "\x7f" else _GLYPHS[ord(letter)]
    if 0xD800 <= ord(letter) < 0xE000:
        return "\ufffd"  # half of a pair: a file name that is not UTF-8
    glyph = _GLYPHS.get(ord(letter))
    if glyph is None and at == 0 and unicodedata.combining(letter):
        return "\u25cc" + letter  # an accent with nothing below it would sit on the text before
    return glyph or letter


def menu_text(text: str) -> str:
    """For menus, buttons, tabs and check boxes, where a single & would be a mnemonic."""
    return shown(text).replace("&", "&&")


def tip(text: str) -> str:
    """For tooltips, which know no plain text: escaped, wrapped, and never taken for markup."""
    return f'<p style="white-space: pre-wrap">{html.escape(text)}</p>' if text else ""


def elided(text: str, letters: int) -> str:
    """At most so many characters, the middle left out, so that the ending of a file name stays."""
    if len(text) <= letters:
        return text
    tail = (letters - 1) // 2
    return f"{text[: letters - 1 - tail]}…{text[len(text) - tail :]}"


def with_short_words(sentence: str, letters: int = LONGEST_WORD) -> str:
    """For wrapped labels: a name without a space or slash loses its middle, which else the edge would cut."""
    return _LONG_WORD.sub(lambda word: elided(word[0], letters), sentence)


# -- numbers and dates --


def count(number: int) -> str:
    """`12,403` in the user's locale."""
    return locale().toString(number)


def size(number: int) -> str:
    """Bytes in powers of 1000: `812 B`, `4.2 MB`, `61 GB`."""
    value, unit = float(number), 0
    while value >= 999.5 and unit < len(UNITS) - 1:
        value, unit = value / 1000, unit + 1
    digits = 1 if unit and value < 99.95 else 0
    return f"{locale().toString(value, 'f', digits)}\u00a0{UNITS[unit]}"


def size_in_full(number: int) -> str:
    """`4.2 MB (4,201,334 B)`."""
    return f"{size(number)} ({count(number)} B)" if number >= 1000 else size(number)


def speed(bytes_per_second: float) -> str:
    """`18.4 MB/s`."""
    return f"{size(int(bytes_per_second))}/s"


def date(moment: datetime | None, now: datetime | None = None) -> str:
    """In local time: `Today 14:05`, `Yesterday 9:12`, `3 Mar 14:05`, `3 Mar 2024`."""
    if moment is None:
        return ""
    local = moment.astimezone()
    today = (now or datetime.now(local.tzinfo)).astimezone(local.tzinfo).date()
    clock = locale().toString(_qt(local).time(), QLocale.FormatType.ShortFormat)
    if local.date() == today:
        return tr("Today {time}").format(time=clock)
    if local.date() == today - timedelta(days=1):
        return tr("Yesterday {time}").format(time=clock)
    if local.year == today.year:
        return f"{locale().toString(_day(local), tr('d MMM'))} {clock}"
    return locale().toString(_day(local), tr("d MMM yyyy"))


def date_in_full(moment: datetime | None) -> str:
    """Local and UTC, to the second; for tooltips and the inspector."""
    if moment is None:
        return ""
    local = locale().toString(_qt(moment.astimezone()), tr("d MMMM yyyy HH:mm:ss"))
    return f"{local}\n{moment:%Y-%m-%d %H:%M:%S} UTC"


def time_left(seconds: float | None) -> str:
    """`4 s left`, `12 min left`, `3 h left`; "" when nobody can say."""
    if seconds is None:
        return ""
    if seconds < 60:
        return tr("{n} s left").format(n=max(1, round(seconds)))
    if seconds < 90 * 60:
        return tr("{n} min left").format(n=round(seconds / 60))
    if seconds < 48 * 3600:
        return tr("{n} h left").format(n=round(seconds / 3600))
    return tr("{n} days left").format(n=round(seconds / 86400))


def _day(moment: datetime) -> QDate:
    return QDate(moment.year, moment.month, moment.day)


def _qt(moment: datetime) -> QDateTime:
    return QDateTime.fromSecsSinceEpoch(int(moment.timestamp()))


# -- labels --


class PlainLabel(QLabel):
    """A label that shows text as it is. `selectable` lets people copy it by mouse and keyboard."""

    def __init__(self, text: str = "", parent: QWidget | None = None, *, selectable: bool = False) -> None:
        super().__init__(parent)
        self.setTextFormat(Qt.TextFormat.PlainText)
        self.setText(text)
        if selectable:
            self.setTextInteractionFlags(
                Qt.TextInteractionFlag.TextSelectableByMouse | Qt.TextInteractionFlag.TextSelectableByKeyboard
            )


class ElidedLabel(QLabel):
    """One line of plain text that gives up its middle when there is no room; the tooltip then has it all."""

    def __init__(self, text: str = "", parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setTextFormat(Qt.TextFormat.PlainText)
        self.setSizePolicy(QSizePolicy.Policy.Ignored, QSizePolicy.Policy.Fixed)
        self.setText(text)

    def setText(self, text: str) -> None:
        super().setText(text)
        self._explain()

    def minimumSizeHint(self) -> QSize:
        return QSize(self.fontMetrics().averageCharWidth() * 6, super().minimumSizeHint().height())

    def resizeEvent(self, event: QResizeEvent) -> None:
        super().resizeEvent(event)
        self._explain()

    def paintEvent(self, event: QPaintEvent) -> None:
        painter = QPainter(self)
        option = QStyleOption()
        option.initFrom(self)
        text = self.fontMetrics().elidedText(self.text(), Qt.TextElideMode.ElideMiddle, self.width())
        self.style().drawItemText(
            painter,
            self.contentsRect(),
            int(self.alignment()),
            self.palette(),
            bool(option.state & QStyle.StateFlag.State_Enabled),
            text,
            self.foregroundRole(),
        )
        painter.end()

    def _explain(self) -> None:
        cut = self.fontMetrics().horizontalAdvance(self.text()) > self.width()
        self.setToolTip(tip(self.text()) if cut else "")
