"""What other people named cannot forge a line of the log, nor speak to the terminal that shows it."""

from __future__ import annotations

import logging
import re
from collections.abc import Iterator
from pathlib import Path

import pytest

from gui import records
from gui.error_box import crash_report
from gui.records import RedactingFormatter

pytestmark = pytest.mark.window

LINE = re.compile(r"\d{4}-\d\d-\d\d \d\d:\d\d:\d\d,\d{3} [A-Z]+ ")
HOSTILE = (
    "photo\n2026-11-22 10:00:00,000 ERROR gui: your account was deleted",
    "photo\r2026-11-22 10:00:00,000 ERROR gui: overprinted",
    "\x1b]0;pwned\x07\x1b[2Jphoto",
    "\x1b[8mhidden\x1b[0m",
    "\x9b31mred",  # the same in one character
    "a\x00b\x08\x7f",
    "invoice\u202egpj.exe",
    "half a pair \udcff",
    "line\u2028and\u2029paragraph\x85",
)
SPEAKS = re.compile("[\ud800-\udfff\x00-\x08\x0b-\x1f\x7f-\x9f\u2028\u2029\u202a-\u202e\u2066-\u2069]")


@pytest.fixture
def log(tmp_path: Path) -> Iterator[Path]:
    """A log as the program begins it, in a world of its own."""
    root = logging.getLogger()
    before, level = list(root.handlers), root.level
    path = tmp_path / "logs" / "skyferry.log"
    records.begin(path)
    yield path
    for handler in [one for one in root.handlers if one not in before]:
        root.removeHandler(handler)
        handler.close()
    root.setLevel(level)


@pytest.mark.parametrize("name", HOSTILE)
def test_a_name_in_the_log_stays_within_its_line(
    log: Path, capsys: pytest.CaptureFixture[str], name: str
) -> None:
    logging.getLogger("gui.test").error("could not read %s", name)
    logging.getLogger("gui.test").error("next")
    lines = log.read_text("utf-8").splitlines()
    assert len(lines) == 2, lines
    assert all(LINE.match(line) for line in lines)
    assert not SPEAKS.search("".join(lines))
    assert "photo" not in name or "photo" in lines[0]


@pytest.mark.parametrize("name", HOSTILE)
def test_a_traceback_keeps_its_lines_and_speaks_to_no_terminal(log: Path, name: str) -> None:
    try:
        raise ValueError(name)
    except ValueError:
        logging.getLogger("gui.test").exception("it broke")
    text = log.read_text("utf-8")
    assert not SPEAKS.search(text), text
    assert re.search("Traceback \\(most recent call last\\):\n +File ", text)
    assert [line for line in text.splitlines() if LINE.match(line)] == text.splitlines()[:1]


@pytest.mark.parametrize("name", HOSTILE)
def test_a_report_that_is_copied_into_a_terminal_says_nothing_to_it(name: str) -> None:
    assert not SPEAKS.search(crash_report(ValueError(name), ["Skyferry"]))


def test_ordinary_texts_of_all_peoples_stay_as_they_are() -> None:
    said = "could not read “Grüße & 写真 🎉 مرحبا.txt”\tat once"
    record = logging.LogRecord("a", logging.INFO, __file__, 1, said, (), None)
    assert RedactingFormatter("%(message)s").format(record) == said
