"""The pages people read agree with the program: labels, commands, keys, errors, options, links, pictures."""

from __future__ import annotations

import ast
import re
from functools import cache
from pathlib import Path

import pytest

from gui import options
from gui.actions import COMMANDS, MENUS
from gui.error_box import TABLE
from storage_core import providers
from tests.documented import guide_tables
from tests.documented.guide_tables import GUIDE, plain
from tests.window.pictures import ALL_BYTES_MAX, BYTES_MAX, GUIDE_FOLDER, README_FOLDER

ROOT = Path(__file__).resolve().parents[2]
README = ROOT / "README.md"
HELP = sorted((ROOT / "resources" / "help").glob("*.md"))
PAGES = [README, *HELP]
LINK = re.compile(r"!?\[[^\]]*\]\(([^)\s]+)\)")
CODE = re.compile(r"^```.*?^```|`[^`\n]*`", re.M | re.S)


def prose(page: Path) -> str:
    """The page without what is code."""
    return CODE.sub("", page.read_text("utf-8"))


def in_one_line(text: str) -> str:
    return " ".join(text.split())


def shown_from(page: Path) -> list[Path]:
    """The pictures of a page, of both themes."""
    text = page.read_text("utf-8")
    names = re.findall(r"!\[[^\]]*\]\(([^)]+)\)|(?:src|srcset)=\"([^\"]+)\"", text)
    return [(page.parent / (one or other)).resolve() for one, other in names]


def anchors(page: Path) -> set[str]:
    """What GitHub, Sphinx and the window's viewer call the headings."""
    text = re.sub(r"^```.*?^```", "", page.read_text("utf-8"), flags=re.M | re.S)
    headings = re.findall(r"^#+ (.+)$", text, re.M)
    return {re.sub(r"[^\w\- ]", "", heading.lower()).replace(" ", "-") for heading in headings}


@cache
def labels() -> frozenset[str]:
    """Every text of the window, and of the forms that the services' rows draw."""
    found: set[str] = set()
    for path in (ROOT / "gui").rglob("*.py"):
        tree = ast.parse(path.read_text("utf-8"))
        found |= {
            node.value
            for node in ast.walk(tree)
            if isinstance(node, ast.Constant) and isinstance(node.value, str)
        }
    for row in providers.rows():
        found.add(row.title)
        for field in row.fields:
            found |= {field.label, *field.labels}
    return frozenset(plain(text) for text in found)


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)
def test_every_link_leads_to_a_file(page: Path) -> None:
    targets = [target.partition("#")[0] for target in LINK.findall(page.read_text("utf-8"))]
    local = [target for target in targets if target and "://" not in target]
    assert [target for target in local if not (page.parent / target).exists()] == []


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)
def test_every_link_to_a_heading_leads_to_one(page: Path) -> None:
    targets = [target.partition("#") for target in LINK.findall(page.read_text("utf-8")) if "#" in target]
    local = [(name, anchor) for name, _, anchor in targets if "://" not in name]
    missing = [link for link in local if link[1] not in anchors(page.parent / link[0] if link[0] else page)]
    assert missing == []


@pytest.mark.parametrize("page", HELP, ids=lambda page: page.name)
def test_the_guides_hold_no_html(page: Path) -> None:
    """Qt, Sphinx and GitHub each read another part of it."""
    assert re.findall(r"</?[a-zA-Z!][^>\n]*>", prose(page)) == []


def test_every_picture_is_shown_somewhere() -> None:
    shown = {picture for page in PAGES for picture in shown_from(page)}
    assert {path for path in GUIDE_FOLDER.iterdir() if path.resolve() not in shown} == set()
    assert {path for path in README_FOLDER.iterdir() if path.resolve() not in shown} == set()
    assert {path for path in shown if not path.exists()} == set()


def test_pictures_are_small() -> None:
    sizes = {path.name: path.stat().st_size for path in GUIDE_FOLDER.iterdir()}
    assert {name for name, size in sizes.items() if size > BYTES_MAX} == set()
    assert sum(sizes.values()) <= ALL_BYTES_MAX


def test_every_picture_of_the_guide_says_what_it_shows() -> None:
    assert [text for text in re.findall(r"!\[([^\]]*)\]", GUIDE.read_text("utf-8")) if len(text) < 12] == []


def test_menu_paths_are_those_of_the_window() -> None:
    there = {f"{plain(MENUS[command.menu])} › {plain(command.text)}" for command in COMMANDS.values()}
    told = {in_one_line(path) for path in re.findall(r"(?<!\*)\*([^*]+ › [^*]+)\*(?!\*)", prose(GUIDE))}
    assert told - there == set()


def test_italics_are_menu_paths_or_the_four_words() -> None:
    told = re.findall(r"(?<!\*)\*([^*\n]+)\*(?!\*)", prose(GUIDE))
    assert {text for text in told if " › " not in text} == {"account", "container", "object", "folder"}


def test_words_in_bold_stand_in_the_window() -> None:
    told = {in_one_line(text) for text in re.findall(r"\*\*([^*]+)\*\*", prose(GUIDE))}
    assert len(told) > 30
    assert told - labels() == set()


def test_every_command_is_told_of() -> None:
    """Those whose text says it all may stay out."""
    text = in_one_line(prose(GUIDE))
    clear = ("sort.", "theme.", "view.", "go.", "help.", "app.")
    told_by_buttons = {"object.open", "edit.select_all", "transfers.pause", "transfers.resume",
                       "transfers.cancel", "transfers.remove"}  # fmt: skip
    missing = {
        command.id
        for command in COMMANDS.values()
        if plain(command.text) not in text
        and not command.id.startswith(clear)
        and command.id not in told_by_buttons
    }
    assert missing == set()


def test_the_table_of_shortcuts_is_what_the_command_table_says() -> None:
    text = GUIDE.read_text("utf-8")
    assert guide_tables.guide(text) == text, "python -m tests.documented.guide_tables writes it anew"


@pytest.mark.parametrize("service", ["s3", "azure_blobs", "google_storage", "openstack_swift"])
def test_every_way_to_sign_in_is_told_of(service: str) -> None:
    text = in_one_line(GUIDE.read_text("utf-8"))
    [field] = [field for field in providers.row(service).fields if field.name == "sign_in"]
    assert [way for way in field.labels if f"**{way}**" not in text] == []


def test_every_error_is_explained() -> None:
    text = in_one_line(GUIDE.read_text("utf-8"))
    rows = [re.sub(r"\{\w+\}", "…", row.text) for row in TABLE if row.text]
    assert [sentence for sentence in rows if f"“{sentence}”" not in text] == []


def test_every_option_of_the_command_line_is_told_of(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit):
        options.parse(["--help"])
    names = set(re.findall(r"--[a-z]+", capsys.readouterr().out))
    assert "--portable" in names
    told = set(re.findall(r"--[a-z]+", GUIDE.read_text("utf-8").partition("## Command line")[2]))
    assert names - told == set()
