"""/usr/share/doc/skyferry/copyright, in the machine-readable form that Debian calls DEP-5.

Ours is written here; everybody else's comes from the bundle's own third-party.json, so that what is bundled
anew is named without anybody remembering it. Their texts, word for word, are beside it in THIRD-PARTY.txt.gz.
"""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from pathlib import Path

LIST = Path("_internal/resources/licences/third-party.json")
NOTICES = Path("_internal/resources/licences/THIRD-PARTY.txt")
HEADER = """\
Format: https://www.debian.org/doc/packaging-manuals/copyright-format/1.0/
Upstream-Name: Skyferry
Comment: This package is built from a PyInstaller folder, which holds the
 libraries of the components below. The texts of all their licences, word for
 word, are in /usr/share/doc/skyferry/THIRD-PARTY.txt.gz.
 .
 Qt and PySide6 are used unmodified under the LGPL version 3. They are plain
 files that may be replaced; /usr/share/doc/skyferry/README.Debian says how.

Files: *
Copyright: {year} The Skyferry developers
License: Apache-2.0
"""
QT = "usr/lib/skyferry/_internal/PySide6/* usr/lib/skyferry/_internal/shiboken6/*"
OTHERS = "usr/lib/skyferry/skyferry usr/lib/skyferry/_internal/*"

# As Debian calls them; what its authors call them differs.
NAMES = {
    "MIT": "Expat",
    "MIT License": "Expat",
    "Apache 2.0": "Apache-2.0",
    "Apache Software License": "Apache-2.0",
    "BSD": "BSD-2-Clause",
    "BSD License": "BSD-3-Clause",
    "LGPLv2+": "LGPL-2.1+",
    "LGPL-3.0-only": "LGPL-3",
    "GPL-2.0-only": "GPL-2",
    "GPL-3.0-only": "GPL-3",
    "GPL-2.0-or-later": "GPL-2+",
    "GPL-2.0-or-later WITH Bootloader-exception": "GPL-2+ with Bootloader exception",
    "Public domain": "public-domain",
    "Public domain (0BSD since 5.6)": "public-domain",
}
# Debian has their texts in one place.
COMMON = {
    "Apache-2.0": "Apache-2.0",
    "GPL-2": "GPL-2",
    "GPL-2+": "GPL-2",
    "GPL-2+ with Bootloader exception": "GPL-2",
    "GPL-3": "GPL-3",
    "LGPL-2.1+": "LGPL-2.1",
    "LGPL-3": "LGPL-3",
    "MPL-2.0": "MPL-2.0",
    "CC0-1.0": "CC0-1.0",
}
# "Copyright (c) somebody", "Copyright 2019 somebody"; sentences of a licence about copyright are neither.
HOLDER = re.compile(
    r"^[\s*#]*(?:portions of this software are )?copyright[\s:]*"
    r"(?:(?:\(c\)|©)\s*(?=\w)|(?=\d{4}))(?!.*free software foundation)(.+[a-z.>)].*)$",
    re.IGNORECASE,
)
# What a licence's text leaves to be filled in.
BLANKS = ("<copyright holders>", "[name of copyright owner]")
JOINED = re.compile(r"\s+(AND|OR)\s+", re.IGNORECASE)

Component = Mapping[str, str]


def text(library: Path, year: int) -> str:
    """`library`: the bundle. SystemExit when it does not say what it holds."""
    path = library / LIST
    if not path.exists():
        raise SystemExit(f"{path} is not there: the bundle does not say whose its parts are")
    others = [one for one in json.loads(path.read_text("utf-8")) if one["name"] != "Skyferry"]
    qt = [one for one in others if is_qt(one)]
    rest = [one for one in others if not is_qt(one)]
    paragraphs = [HEADER.format(year=year), files(OTHERS, rest), files(QT, qt)]
    return "\n".join([*paragraphs, *licences(others)])


def is_qt(one: Component) -> bool:
    return one["name"] in ("PySide6_Essentials", "shiboken6") or one["part_of"].startswith("Qt ")


def files(pattern: str, components: list[Component]) -> str:
    """One paragraph for several components that share files."""
    held = sorted({holder for one in components for holder in holders(one)}, key=str.lower)
    terms = list(dict.fromkeys(term(one["licence"]) for one in components))
    named = [
        " ".join(filter(None, (one["name"], one["version"], f"({term(one['licence'])})")))
        for one in components
    ]
    return (
        f"Files: {pattern}\n"
        f"Copyright:\n{indented(held)}"
        f"License: {' and '.join(one if ' or ' not in one else f'({one})' for one in terms)}\n"
        f"Comment: Components:\n{indented(named)}"
    )


def holders(one: Component) -> list[str]:
    """Who is named in the component's own text; where nobody is, its authors as a whole."""
    found = []
    for line in one["text"].splitlines():
        if (match := HOLDER.match(line)) and not any(blank in line for blank in BLANKS):
            found.append(match[1].strip().rstrip(".,"))
    return found or [f"The authors of {one['name']}"]


def term(licence: str) -> str:
    """An expression with Debian's names and words."""
    if licence in NAMES:
        return NAMES[licence]
    parts = JOINED.split(licence)
    return " ".join(part.lower() if number % 2 else name(part) for number, part in enumerate(parts))


def name(licence: str) -> str:
    """One licence's short name: no spaces."""
    return NAMES.get(licence, licence.replace(" ", "-"))


def licences(components: list[Component]) -> list[str]:
    """A paragraph for each licence that was named above."""
    texts: dict[str, str] = {"Apache-2.0": ""}
    for one in sorted(components, key=lambda one: bool(JOINED.search(one["licence"]))):  # single ones first
        for short in re.split(r" and | or ", term(one["licence"])):
            texts.setdefault(short, one["text"])
    paragraphs = []
    for short, whole in sorted(texts.items()):
        if short in COMMON:
            body = f"On Debian systems the text is in /usr/share/common-licenses/{COMMON[short]}."
            if "exception" in short:
                body += "\n\nThe exception allows programs that are started by it to have any licence."
        else:
            body = whole
        paragraphs.append(f"License: {short}\n{indented(body.splitlines())}")
    return paragraphs


def indented(lines: list[str]) -> str:
    """As the body of a field: a space before each line, and a dot on empty ones."""
    return "".join(f" {line.rstrip()}\n" if line.strip() else " .\n" for line in lines)
