"""The pages for people who read on: guides, and the reference made from the docstrings. Nothing is fetched.

    python -m sphinx -W -q -b html packaging/docs dist/docs

Docstrings here are prose with `backticks` and indented blocks, no markup: `as_prose` turns them into
reStructuredText. What stands behind a field as a comment is its documentation.
"""

from __future__ import annotations

import inspect
import re
import sys
from pathlib import Path
from typing import Any

from docutils import nodes
from sphinx.application import Sphinx
from sphinx.util.inspect import signature, stringify_signature
from sphinx.util.nodes import make_refnode

ROOT = Path(__file__).parents[2]
sys.path.insert(0, str(ROOT))

from storage_core import __version__  # noqa: E402 - found by the line above
from storage_core.capabilities import FLAG_TEXTS  # noqa: E402
from storage_core.common.base import BaseDriver  # noqa: E402

project = "Skyferry"
author = "the authors of Skyferry"
copyright = "the authors of Skyferry, Apache-2.0"
version = release = __version__

extensions = ["sphinx.ext.autodoc", "myst_parser"]
default_role = "py:obj"
exclude_patterns = ["_build"]
myst_heading_anchors = 3
nitpicky = False

autodoc_default_options = {"members": True, "undoc-members": True}
autodoc_member_order = "bysource"
autoclass_content = "both"
autodoc_preserve_defaults = True
autodoc_typehints = "signature"
add_module_names = False
python_use_unqualified_type_names = True
python_maximum_signature_line_length = 96
toc_object_entries_show_parents = "hide"

html_theme = "furo"
html_title = f"Skyferry {release}"
html_logo = str(ROOT / "resources/icons/skyferry.svg")
html_favicon = html_logo
html_copy_source = html_show_sourcelink = False
html_static_path = ["_static"]
html_css_files = ["skyferry.css"]
html_theme_options = {
    "light_css_variables": {"color-brand-primary": "#0b6bcb", "color-brand-content": "#0b6bcb"},
    "dark_css_variables": {"color-brand-primary": "#6cb6ff", "color-brand-content": "#6cb6ff"},
}

_CODE = re.compile(r"``.+?``|`[^`]+`", re.S)
_MARKUP = re.compile(r"(\*\w[^*]*\*)|([*|\\]|_(?=\W|$))")
_NAME = re.compile(r"[A-Za-z_][\w.]*")
_ERROR = re.compile(r"\b([A-Z]\w+Error)\b(?!\.\w)")


def as_prose(app: Sphinx, what: str, name: str, obj: object, options: object, lines: list[str]) -> None:
    """A docstring as reStructuredText: prose stays prose, an indented block is shown as it is."""
    if what == "attribute" and not any(lines):
        lines[:] = [_comment(name)]
    made: list[str] = []
    is_block = False
    for number, line in enumerate(lines):
        if line.startswith("    ") and not is_block and not (number and lines[number - 1].strip()):
            made += ["", "::", ""]
            is_block = True
        elif line and not line.startswith(" "):
            is_block = False
        made.append(line if is_block else _plain(line))
    lines[:] = made


def _plain(line: str) -> str:
    """A line of prose whose only markup is code in backticks."""
    parts, at = [], 0
    for found in _CODE.finditer(line):
        parts += [_words(line[at : found.start()]), _code(found[0])]
        at = found.end()
    return "".join([*parts, _words(line[at:])])


def _words(text: str) -> str:
    """Nothing in them is markup, and errors are linked."""
    plain = _MARKUP.sub(lambda found: found[1] or f"\\{found[2]}", text)  # but *this* is stressed
    return _ERROR.sub(r"`\1`", plain)


def _code(text: str) -> str:
    inner = text.strip("`")
    return f"`{inner}`" if _NAME.fullmatch(inner) else f"``{inner}``"


def _comment(name: str) -> str:
    """What stands behind a field in its class, or above it: `size: int  # bytes that this read will give`."""
    parts = name.split(".")
    for at in range(len(parts) - 1, 0, -1):
        module = sys.modules.get(".".join(parts[:at]))
        if module is None:
            continue
        owner: Any = module
        for part in parts[at:-1]:
            owner = getattr(owner, part)
        if not inspect.isclass(owner):
            return ""
        source = inspect.getsource(owner)
        found = re.search(rf"^    {parts[-1]}\b[^\n]*?  # ([^\n]+)$", source, re.M)
        found = found or re.search(rf"^    # ([^\n]+)\n    {parts[-1]}\b", source, re.M)
        if found and not found[1].startswith("type: ignore"):
            return found[1]
        is_flag = owner.__name__ == "Capabilities" and parts[-1] in FLAG_TEXTS
        return f"The flag for {FLAG_TEXTS[parts[-1]]}." if is_flag else ""
    return ""


def constructor(
    app: Sphinx, what: str, name: str, obj: Any, options: object, given: str | None, returns: str | None
) -> tuple[str, None] | None:
    """A driver's arguments are those of `__init__`; its `__new__` takes anything."""
    if what != "class" or not issubclass(obj, BaseDriver):
        return None
    made = signature(obj.__init__, bound_method=True)
    return stringify_signature(made.replace(return_annotation=inspect.Signature.empty)), None


def by_last_name(app: Sphinx, env: Any, node: Any, content: Any) -> nodes.reference | None:
    """`StorageDriver.upload_object` means the one thing of that name, wherever it is documented."""
    target = str(node.get("reftarget", ""))
    if node.get("refdomain") != "py" or not re.search(r"[A-Z._]", target) or app.builder is None:
        return None
    known = env.get_domain("py").objects
    found = {
        name: entry for name, entry in known.items() if name.endswith(f".{target}") and not entry.aliased
    }
    if len(found) != 1:
        return None
    [(name, entry)] = found.items()
    doc = node.get("refdoc", env.docname)
    return make_refnode(app.builder, doc, entry.docname, entry.node_id, content, name)


def setup(app: Sphinx) -> None:
    """Called by Sphinx."""
    app.connect("autodoc-process-docstring", as_prose)
    app.connect("autodoc-process-signature", constructor)
    app.connect("missing-reference", by_last_name)
