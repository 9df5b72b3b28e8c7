"""What the bundle ships, as a CycloneDX bill of materials: python packaging/sbom.py [--out dist]

Read from the bundle itself: its list of notices, without which the build ends when anything in it belongs to
nobody, and its native files. What came from PyPI carries the sums of requirements.lock, and what it needs.
Written as dist/skyferry-VERSION.cdx.json (with the system's name where that is not Linux) once the schema of
CycloneDX 1.6 has found nothing wrong.
"""

from __future__ import annotations

import argparse
import hashlib
import json
import os
import platform
import re
import sys
import uuid
from collections.abc import Iterable, Iterator
from datetime import UTC, datetime
from importlib import metadata
from pathlib import Path

from cyclonedx.contrib.license.factories import LicenseFactory
from cyclonedx.model import ExternalReference, ExternalReferenceType, HashAlgorithm, HashType, XsUri
from cyclonedx.model.bom import Bom
from cyclonedx.model.component import Component, ComponentType
from cyclonedx.output.json import JsonV1Dot6
from cyclonedx.schema import SchemaVersion
from cyclonedx.validation.json import JsonStrictValidator
from packageurl import PackageURL

ROOT = Path(__file__).resolve().parents[1]
sys.path.insert(0, str(ROOT))

from gui import notices  # noqa: E402 - the root is known only now
from gui.notices import Notice  # noqa: E402
from storage_core import __version__  # noqa: E402

LOCK = ROOT / "requirements.lock"
NATIVE = re.compile(r"\.(?:so(?:\.[0-9.]+)?|dll|pyd|dylib|exe)$")
LOCKED = re.compile(r"^([A-Za-z0-9._-]+)==(\S+)")
SUM = re.compile(r"--hash=sha256:([0-9a-f]{64})")
FROM_DEBIAN = "From Debian: "  # how notices.py begins the text of such a notice
SHIPPED_BY = {"PyInstaller bootloader": "pyinstaller"}  # parts of a distribution that go by another name
TEXT_ALONE = "Text of "  # a licence that others point to, no component


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--out", type=Path, default=ROOT / "dist", help="where skyferry/ is; default: dist")
    out = parser.parse_args().out.resolve()
    text = written(bom_of(out / "skyferry"))
    file = out / name()
    file.write_text(text, encoding="utf-8")
    print(f"{len(json.loads(text)['components'])} components in {file}")
    return 0


def name() -> str:
    """Of the file; releases carry one for each system."""
    system = {"win32": "-windows", "darwin": "-macos"}.get(sys.platform, "")
    return f"skyferry-{__version__}{system and f'{system}-{platform.machine().lower()}'}.cdx.json"


def written(bom: Bom) -> str:
    """As JSON. SystemExit when it is not valid."""
    text = JsonV1Dot6(bom).output_as_string(indent=1)
    if wrong := JsonStrictValidator(SchemaVersion.V1_6).validate_str(text):
        raise SystemExit(f"not a valid bill of materials: {wrong}")
    return text + "\n"


def bom_of(folder: Path) -> Bom:
    """`folder`: what PyInstaller made. SystemExit when there is none."""
    listed = folder / "_internal" / "resources" / "licences" / notices.LIST
    if not listed.is_file():
        raise SystemExit(f"{listed} is missing; run python3 dev.py package")
    app, *others = notices.read(listed.read_text("utf-8"))
    root = Component(
        name=app.name,
        version=app.version,
        type=ComponentType.APPLICATION,
        bom_ref="skyferry",
        purl=PackageURL("generic", None, "skyferry", app.version),
        licenses=licences(app.licence),
    )
    bom = Bom(metadata=None)
    bom.metadata.component = root
    bom.metadata.timestamp = when()
    components = list(components_of([one for one in others if not one.name.startswith(TEXT_ALONE)]))
    files = list(files_of(folder))
    bom.components.update(components, files)
    # The same content has the same number.
    content = "\n".join(sorted(f"{one.bom_ref.value}" for one in (*components, *files)))
    bom.serial_number = uuid.uuid5(uuid.NAMESPACE_URL, f"skyferry {__version__} {content}")
    bom.register_dependency(root, components)
    by_name = {notices.key(one.name): one for one in components}
    for one in components:
        bom.register_dependency(one, [by_name[need] for need in needs_of(one) if need in by_name])
    return bom


# -- components --


def components_of(found: Iterable[Notice]) -> Iterator[Component]:
    """Those that stand for themselves; what is inside of Qt or Python is inside of them here too."""
    found = list(found)
    qt, pyside = notices.qt_versions()
    source = f"https://download.qt.io/official_releases/qt/{qt.rpartition('.')[0]}/{qt}/single/"
    holders = {f"Qt {qt}": Notice("Qt", qt, "LGPL-3.0-only", f"in PySide6_Essentials {pyside}")}
    holders |= {f"{one.name} {one.version}": one for one in found if one.version}
    sums = locked_sums()
    for title, one in holders.items():
        made = component(one, sums)
        inside = [part for part in found if part.part_of == title]
        made.components.update(
            Component(name=part.name, bom_ref=f"{title}/{part.name}", licenses=licences(part.licence))
            for part in inside
        )
        if one.name == "Qt":
            made.external_references.add(
                ExternalReference(type=ExternalReferenceType.SOURCE_DISTRIBUTION, url=XsUri(source))
            )
        yield made
    if strays := [one.name for one in found if not one.version and one.part_of not in holders]:
        raise SystemExit(f"no version and in nothing that is shipped: {', '.join(strays)}")


def component(one: Notice, sums: dict[tuple[str, str], list[str]]) -> Component:
    key = notices.key(SHIPPED_BY.get(one.name, one.name))
    made = Component(
        name=one.name,
        version=one.version,
        bom_ref=f"{key}@{one.version}",
        licenses=licences(one.licence),
        purl=PackageURL("generic", None, key, one.version),
    )
    if one.text.startswith(FROM_DEBIAN):
        made.purl = PackageURL("deb", "debian", one.name, one.version, {"arch": "source"})
    elif (key, one.version) in sums:
        made.purl = PackageURL("pypi", None, key, one.version)
        made.external_references.add(
            ExternalReference(
                type=ExternalReferenceType.DISTRIBUTION,
                url=XsUri(f"https://pypi.org/project/{key}/{one.version}/#files"),
                comment="One of these files was installed: the sums are those of requirements.lock.",
                hashes=[HashType(alg=HashAlgorithm.SHA_256, content=each) for each in sums[key, one.version]],
            )
        )
    return made


def licences(words: str) -> list[object]:
    """An SPDX id or expression where it is one, else the words of its authors."""
    return [LicenseFactory().make_from_string(words)]


def locked_sums() -> dict[tuple[str, str], list[str]]:
    """By normal name and version, the sums of all files of a release that the lock allows."""
    sums: dict[tuple[str, str], list[str]] = {}
    found: list[str] = []
    for line in LOCK.read_text("utf-8").splitlines():
        if locked := LOCKED.match(line):
            found = sums.setdefault((notices.key(locked[1]), locked[2]), [])
        found += SUM.findall(line)
    return sums


def needs_of(one: Component) -> list[str]:
    """Normal names of what a distribution needs; Qt is in PySide6."""
    key = notices.key(one.name)
    inside = ["qt"] if key in notices.QT_PARTS else []
    try:
        requires = metadata.requires(key) or []
    except metadata.PackageNotFoundError:
        return inside
    return inside + [notices.key(re.split(r"[^A-Za-z0-9._-]", need, maxsplit=1)[0]) for need in requires]


# -- files --


def files_of(folder: Path) -> Iterator[Component]:
    """Every program and library as it is shipped, with its sum: what a scanner can find again."""
    for file in sorted(folder.rglob("*")):
        path = file.relative_to(folder).as_posix()
        if file.is_symlink() or not file.is_file() or not (NATIVE.search(file.name) or path == "skyferry"):
            continue
        with file.open("rb") as content:
            digest = hashlib.file_digest(content, "sha256").hexdigest()
        yield Component(
            name=path,
            type=ComponentType.FILE,
            bom_ref=f"file:{path}:{digest[:16]}",
            hashes=[HashType(alg=HashAlgorithm.SHA_256, content=digest)],
        )


def when() -> datetime:
    """Now, or when the source was (reproducible-builds.org/specs/source-date-epoch)."""
    if said := os.environ.get("SOURCE_DATE_EPOCH"):
        return datetime.fromtimestamp(int(said), UTC)
    return datetime.now(UTC).replace(microsecond=0)


if __name__ == "__main__":
    sys.exit(main())
