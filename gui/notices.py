"""What Skyferry is made of beside its own code: names, versions, licences and their texts. No Qt in here.

A package carries the list that `packaging/notices.py` made when it was built; elsewhere it is made anew from
what is installed. Reading takes a moment, and so does importing this: both happen in a thread, when About is
opened.
"""

from __future__ import annotations

import json
import platform
import re
import sysconfig
import tomllib
from collections.abc import Iterable, Mapping
from dataclasses import asdict, dataclass
from importlib import metadata
from pathlib import Path

from storage_core import __version__

NAME = "skyferry"
LIST = "third-party.json"
QT_PARTS = frozenset({"pyside6-essentials", "pyside6-addons", "shiboken6"})
_TEXT_NAMES = re.compile(r"licen[cs]e|copying|copyright|notice|authors", re.IGNORECASE)
_REQUIREMENT = re.compile(r"\s*([A-Za-z0-9][A-Za-z0-9._-]*)\s*(?:\[([^\]]*)\])?")
_EXTRA = re.compile(r"""extra\s*==\s*['"]([^'"]+)['"]""")
_CLASSIFIER = "License :: OSI Approved :: "


@dataclass(frozen=True, slots=True)
class Notice:
    """One component. `version` is empty for what is inside another one; `text` never is."""

    name: str
    version: str
    licence: str  # an SPDX expression where its authors give one
    text: str
    part_of: str = ""

    @property
    def title(self) -> str:
        """`requests 2.34.2`, `PCRE2 (in Qt 6.11.3)`."""
        name = f"{self.name} {self.version}".strip()
        return f"{name} (in {self.part_of})" if self.part_of else name


def here(licences: Path) -> list[Notice]:
    """All notices of the running program. `licences`: the folder resources/licences. OSError, ValueError."""
    packaged = licences / LIST
    if packaged.exists():
        return read(packaged.read_text("utf-8"))
    return [own(licences), *of_distributions(closure(own_requirements(licences)).values(), licences),
            *components(licences)]  # fmt: skip


def read(text: str) -> list[Notice]:
    """The reverse of `written`. ValueError when it is something else."""
    try:
        return [Notice(**entry) for entry in json.loads(text)]
    except TypeError as error:
        raise ValueError(f"not a list of notices: {error}") from error


def written(notices: Iterable[Notice]) -> str:
    """As a file for `read`."""
    return json.dumps([asdict(notice) for notice in notices], ensure_ascii=False, indent=1) + "\n"


def sheet(notices: Iterable[Notice]) -> str:
    """As one text for people: a list of all, then each with its texts."""
    notices = list(notices)
    lines = [
        f"Skyferry {__version__} and what it is made of",
        "",
        *(f"  {notice.title}: {notice.licence}" for notice in notices),
    ]
    for notice in notices:
        lines += [
            "",
            "=" * 78,
            notice.title,
            f"Licence: {notice.licence}",
            "=" * 78,
            "",
            notice.text.strip(),
        ]
    return "\n".join(lines) + "\n"


# -- distributions --


def own(licences: Path) -> Notice:
    """Skyferry's own."""
    return Notice("Skyferry", __version__, "Apache-2.0", _text(licences, "Apache-2.0"))


def own_requirements(licences: Path) -> list[str]:
    """What Skyferry and all its extras ask for: by the checkout's project, else by the installed wheel."""
    project = licences.parents[1] / "pyproject.toml"
    if project.exists():
        table = tomllib.loads(project.read_text("utf-8"))["project"]
        extras = table.get("optional-dependencies", {})
        wanted = [*table["dependencies"], *(item for items in extras.values() for item in items)]
    else:
        wanted = metadata.requires(NAME) or []
    return [item for item in wanted if key(_named(item)[0]) != NAME]


def closure(requirements: Iterable[str]) -> dict[str, metadata.Distribution]:
    """The installed distributions that these need, by normal name, with all they need in turn.

    Markers of systems and versions are not read: what they rule out is not installed.
    """
    found: dict[str, metadata.Distribution] = {}
    todo = [_named(item) for item in requirements]
    seen: set[tuple[str, frozenset[str]]] = set()
    while todo:
        name, extras = todo.pop()
        if (key(name), extras) in seen:
            continue
        seen.add((key(name), extras))
        try:
            distribution = found.setdefault(key(name), metadata.distribution(name))
        except metadata.PackageNotFoundError:
            continue
        for item in distribution.requires or ():
            extra = _EXTRA.search(item)
            if extra is None or extra[1] in extras:
                todo.append(_named(item))
    return dict(sorted(found.items()))


def of_distributions(distributions: Iterable[metadata.Distribution], licences: Path) -> list[Notice]:
    """A notice of each. ValueError for one that carries no text and whose licence has none here."""
    return [of_distribution(distribution, licences) for distribution in distributions]


def of_distribution(distribution: metadata.Distribution, licences: Path) -> Notice:
    """Its version, its licence as it names it, and the texts it carries."""
    name = distribution.metadata["Name"]
    licence = _licence(distribution)
    texts = [text for text in map(_carried, _text_files(distribution)) if text]
    if key(name) in QT_PARTS:
        texts = [qt_notice(licences), _text(licences, "LGPL-3.0"), _text(licences, "GPL-3.0")]
    if not texts:
        raise ValueError(f"{name} {distribution.version} ({licence}) carries no licence text")
    if licence == "MPL-2.0":
        texts.append(_text(licences, licence))  # certifi carries the notice that names it
    texts += _inside(distribution, licences)
    return Notice(name, distribution.version, licence, "\n\n".join(text.strip("\n") for text in texts))


def key(name: str) -> str:
    """A distribution's normal name (packaging.python.org/specifications/name-normalization)."""
    return re.sub(r"[-_.]+", "-", name).lower()


# -- what is inside other things --


def components(licences: Path) -> list[Notice]:
    """What Qt and Python hold of others, from resources/licences/components.json; and Python itself."""
    python = Notice("Python", platform.python_version(), "PSF-2.0", _python_text(licences))
    holders = {"Qt 6": f"Qt {qt_versions()[0]}", "Python": f"Python {platform.python_version()}"}
    entries = json.loads((licences / "components.json").read_text("utf-8"))
    return [python, *(_component(entry, holders, licences) for entry in entries)]


def qt_versions() -> tuple[str, str]:
    """Of Qt and of PySide6. A fourth number of PySide6 counts its own releases on the same Qt."""
    pyside = metadata.version("PySide6_Essentials")
    return ".".join(pyside.split(".")[:3]), pyside


def qt_notice(licences: Path) -> str:
    """Which Qt is used, under what, and where its source is. In a package the versions are filled in."""
    text = (licences / "QT-NOTICE.txt").read_text("utf-8")
    if "{qt}" not in text:
        return text
    qt, pyside = qt_versions()
    return (
        text.replace("{qt_short}", ".".join(qt.split(".")[:2]))
        .replace("{qt}", qt)
        .replace("{pyside}", pyside)
    )


# -- helpers --


def _named(requirement: str) -> tuple[str, frozenset[str]]:
    """Name and extras of `name[extra]>=1; marker`."""
    match = _REQUIREMENT.match(requirement)
    if match is None:
        raise ValueError(f"not a requirement: {requirement}")
    extras = (match[2] or "").split(",")
    return match[1], frozenset(extra.strip() for extra in extras if extra.strip())


def _licence(distribution: metadata.Distribution) -> str:
    """The expression; else what older metadata says."""
    about = distribution.metadata
    if "License-Expression" in about:
        return about["License-Expression"]
    classified = [line.removeprefix(_CLASSIFIER) for line in about.get_all("Classifier") or ()
                  if line.startswith(_CLASSIFIER)]  # fmt: skip
    stated = about["License"].strip() if "License" in about else ""
    if classified and (not stated or "\n" in stated or len(stated) > 40 or stated.startswith("Dual")):
        return " OR ".join(classified)
    return stated.partition("\n")[0] or "see its text"


def _text_files(distribution: metadata.Distribution) -> list[metadata.PackagePath]:
    """Those in its own `.dist-info`, not in what it vendors."""
    files = distribution.files or []
    return sorted(
        file
        for file in files
        if file.parts[0].endswith(".dist-info") and _TEXT_NAMES.search(file.name) and file.suffix != ".json"
    )


def _carried(file: metadata.PackagePath) -> str:
    return Path(str(file.locate())).read_text("utf-8", errors="replace").strip("\n")


def _inside(distribution: metadata.Distribution, licences: Path) -> list[str]:
    """What its compiled parts hold, where it says so in a CycloneDX list (PEP 770)."""
    lines: list[str] = []
    for file in distribution.files or []:
        if ".dist-info" in file.parts[0] and "sboms" in file.parts and file.suffix == ".json":
            for part in json.loads(_carried(file)).get("components", ()):
                names = [_named_licence(item) for item in part.get("licenses") or ()]
                lines.append(f"  {part.get('name')} {part.get('version', '')}: {' AND '.join(names) or '-'}")
    if not lines:
        return []
    head = "Its compiled parts hold, under the Apache-2.0, MIT or BSD texts that follow where they say so:"
    return ["\n".join((head, *sorted(set(lines)))),
            *(_text(licences, name) for name in ("MIT", "BSD-3-Clause", "Apache-2.0"))]  # fmt: skip


def _named_licence(item: Mapping[str, object]) -> str:
    licence = item.get("license")
    if isinstance(licence, dict):
        return str(licence.get("id") or licence.get("name") or "-")
    return str(item.get("expression") or "-")


def _component(entry: Mapping[str, object], holders: Mapping[str, str], licences: Path) -> Notice:
    texts = entry["texts"]
    part_of = holders[str(entry["part_of"])]
    if not isinstance(texts, list):
        raise ValueError(f"{entry['name']}: texts is a list")
    whole = "\n\n".join((str(entry["copyright"]), *(_text(licences, str(name)) for name in texts)))
    return Notice(str(entry["name"]), "", str(entry["licence"]), whole, part_of)


def _text(licences: Path, name: str) -> str:
    """A text of this folder: `MIT`, or `../GPL-3.0` for one that stands above."""
    above = licences / f"{Path(name).name}.txt"
    path = above if above.exists() else licences / "texts" / f"{name}.txt"
    return path.read_text("utf-8").strip("\n")


def _python_text(licences: Path) -> str:
    """The one this Python came with, which names what is built into it; else the plain text."""
    for folder in (sysconfig.get_path("stdlib"), sysconfig.get_path("data")):
        for name in ("LICENSE.txt", "LICENSE"):
            if (found := Path(folder) / name).is_file():
                return found.read_text("utf-8", errors="replace").strip("\n")
    return _text(licences, "PSF-2.0")
