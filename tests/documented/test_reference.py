"""The built pages: every public name is in them, every link leads somewhere, nothing comes from a network."""

from __future__ import annotations

import inspect
import re
import subprocess
import sys
import zlib
from collections.abc import Iterator
from html.parser import HTMLParser
from importlib import import_module
from pathlib import Path
from types import ModuleType
from urllib.parse import unquote, urlsplit

import pytest

from storage_core.base import Container, Object, StorageDriver
from storage_core.capabilities import Capabilities
from storage_core.common.base import NetworkOptions

ROOT = Path(__file__).parents[2]
PUBLIC = (
    "storage_core.attributes",
    "storage_core.base",
    "storage_core.body",
    "storage_core.capabilities",
    "storage_core.common.base",
    "storage_core.common.types",
    "storage_core.errors",
    "storage_core.fidelity",
    "storage_core.names",
    "storage_core.operations",
    "storage_core.providers",
    "storage_core.refusals",
    "storage_core.transfers",
    "storage_core.types",
    "storage_core.xml",
)
INNER = {"open_driver"}  # of common.base: what a pickle calls
GUIDES = ("user-guide", "library-guide", "write-a-driver", "security", "changelog")
HOLDS_AN_ADDRESS = {"a": ("href",)}
"""A reader may follow these; all other addresses are fetched by the browser itself."""


@pytest.fixture(scope="module")
def pages(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The pages, built as `dev.py docs` builds them: a warning is an error."""
    target = tmp_path_factory.mktemp("docs")
    command = [sys.executable, "-m", "sphinx", "-W", "-q", "-b", "html", "-d", str(target / "doctrees")]
    done = subprocess.run(
        [*command, str(ROOT / "packaging/docs"), str(target / "html")],
        capture_output=True,
        text=True,
        timeout=170,
        check=False,
    )
    assert (done.returncode, done.stdout + done.stderr) == (0, "")
    return target / "html"


class Page(HTMLParser):
    """What a page of HTML refers to, and what can be referred to in it."""

    def __init__(self, path: Path) -> None:
        super().__init__()
        self.links: list[str] = []
        self.fetched: list[str] = []
        self.anchors = {""}
        self.feed(path.read_text("utf-8"))

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        for name, value in attrs:
            if name == "id" and value:
                self.anchors.add(value)
            elif name in ("href", "src", "srcset", "data", "poster", "action") and value:
                (self.links if name in HOLDS_AN_ADDRESS.get(tag, ()) else self.fetched).append(value)


@pytest.fixture(scope="module")
def read(pages: Path) -> dict[Path, Page]:
    return {path: Page(path) for path in pages.rglob("*.html")}


@pytest.fixture(scope="module")
def known(pages: Path) -> set[str]:
    """Every Python name that the pages document (objects.inv)."""
    content = (pages / "objects.inv").read_bytes().split(b"\n", 4)[4]
    lines = zlib.decompress(content).decode().splitlines()
    return {line.split(" ")[0] for line in lines if " py:" in line}


def public_names(module: ModuleType) -> Iterator[tuple[str, object]]:
    """What a module offers: its `__all__`, else what it defines under a name without underscore."""
    for name in getattr(module, "__all__", None) or vars(module):
        value = getattr(module, name)
        is_own = getattr(value, "__module__", "") == module.__name__
        if hasattr(module, "__all__") or (is_own and not name.startswith("_") and callable(value)):
            yield name, value


@pytest.mark.parametrize("module", PUBLIC)
def test_every_public_name_is_in_the_reference(module: str, known: set[str]) -> None:
    last = {name.rpartition(".")[2] for name in known}
    missing = [
        name
        for name, value in public_names(import_module(module))
        # A second name of the same thing stands under its first.
        if not {name, getattr(value, "__name__", name)} & last and name not in INNER
    ]
    assert missing == []


@pytest.mark.parametrize("kind", [StorageDriver, Container, Object])
def test_every_method_of_the_documented_api_is_in_the_reference(kind: type, known: set[str]) -> None:
    names = [name for name, value in inspect.getmembers(kind) if not name.startswith("_")]
    assert len(names) > 10
    assert [name for name in names if f"storage_core.base.{kind.__name__}.{name}" not in known] == []


@pytest.mark.parametrize("kind", [Capabilities, NetworkOptions])
def test_every_field_says_what_it_is(kind: type, pages: Path) -> None:
    name = f"{kind.__module__}.{kind.__qualname__}"
    html = "".join(path.read_text("utf-8") for path in pages.glob("reference/*.html"))
    for field in getattr(kind, "__slots__", ()):
        found = re.search(
            rf'<dt class="sig[^>]*id="{re.escape(name)}\.{field}">.*?</dt>\s*<dd>(.*?)</dd>', html, re.S
        )
        assert found, f"{name}.{field} is not in the reference"
        assert re.sub(r"<[^>]+>", "", found[1]).strip(), f"{name}.{field} has no word behind it"


def test_every_link_within_the_pages_leads_somewhere(read: dict[Path, Page]) -> None:
    broken = []
    for path, page in read.items():
        for link in [*page.links, *page.fetched]:
            parts = urlsplit(link)
            if parts.scheme or parts.netloc:
                continue
            target = (path.parent / unquote(parts.path)).resolve() if parts.path else path.resolve()
            anchors = next((one.anchors for other, one in read.items() if other.resolve() == target), {""})
            if not target.exists() or (target.suffix == ".html" and unquote(parts.fragment) not in anchors):
                broken.append(f"{path.name}: {link}")
    assert broken == []


def test_nothing_is_fetched_from_a_network(pages: Path, read: dict[Path, Page]) -> None:
    for path, page in read.items():
        far = [link for link in page.fetched if urlsplit(link).netloc or link.startswith("//")]
        assert far == [], path.name
    for style in pages.rglob("*.css"):
        text = style.read_text("utf-8")
        assert not re.search(r"@import|url\(\s*[\"']?(?:https?:)?//", text), style.name


def test_the_guides_and_the_search_are_there(pages: Path, read: dict[Path, Page]) -> None:
    start = read[pages / "index.html"]
    for guide in GUIDES:
        assert f"{guide}.html" in start.links
    index = (pages / "searchindex.js").read_text("utf-8")
    for word in ("download_object", "journal", "keyring"):
        assert word in index
    assert "searchindex.js" in (pages / "search.html").read_text("utf-8")


def test_the_tree_of_errors_is_drawn_as_in_the_code(pages: Path) -> None:
    html = (pages / "reference/errors.html").read_text("utf-8")
    drawn = re.search(r"<pre>(.*?)</pre>", html, re.S)
    assert drawn
    text = re.sub(r"<[^>]+>", "", drawn[1])
    assert "├── ProviderError" in text
    assert "│   │   └── ExpiredTokenError" in text
