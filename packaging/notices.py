"""The third-party notices of a bundle: python packaging/notices.py OUT, or `write(…)` from the spec.

Writes OUT/THIRD-PARTY.txt for people, OUT/third-party.json for the About box, and OUT/QT-NOTICE.txt with its
versions filled in; they belong into the bundle's resources/licences. What is bundled and belongs to nobody
that is known here ends the build.
"""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import sys
import sysconfig
from collections.abc import Iterable
from functools import cache
from importlib import metadata
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
sys.path.insert(0, str(ROOT))

from gui import notices  # noqa: E402
from gui.notices import Notice  # noqa: E402

LICENCES = ROOT / "resources" / "licences"
OURS = {"gui", "storage_core", "skyferry"}
# PyInstaller's own start-up code: modules that it adds to every bundle.
FREEZERS = re.compile(r"pyi_?|_pyi_|pyimod|PyInstaller|_?pyinstaller_hooks_contrib")
# Made by the build itself: nobody's.
BUILT = re.compile(r"_sysconfigdata_|__mp_main__|sitecustomize|usercustomize")
# What a Windows or macOS Python brings along or the system has: covered by Python's own text.
OF_PYTHON = re.compile(
    r"(?:vcruntime|msvcp|concrt|ucrtbase|api-ms-win-|python3|libcrypto|libssl|libffi|sqlite3|libpython|Python$)",
    re.IGNORECASE,
)
COMMON = re.compile(r"/usr/share/common-licenses/([A-Za-z]+-[0-9.]*[0-9])")


def write(out: Path, modules: Iterable[str] = (), binaries: Iterable[tuple[str, str]] = ()) -> list[Notice]:
    """Write all three files. `modules`: frozen names; `binaries`: (place in the bundle, source file).

    SystemExit, with a sentence, for what belongs to nobody.
    """
    found = notices.closure(notices.own_requirements(LICENCES))
    found |= _owners(modules)
    libraries = []
    for place, source in binaries:
        owner = _owner_of_file(place, Path(source))
        if owner is not None:
            found[notices.key(owner.metadata["Name"])] = owner
        elif not _is_pythons(Path(source)):
            libraries.append(Path(source))
    try:
        whole = [
            notices.own(LICENCES),
            *notices.of_distributions((found[name] for name in sorted(found)), LICENCES),
            *notices.components(LICENCES),
            _freezer(),
            *_debian(_debian_packages(libraries)),
        ]
    except ValueError as error:
        raise SystemExit(f"notices: {error}") from None
    out.mkdir(parents=True, exist_ok=True)
    (out / "THIRD-PARTY.txt").write_text(notices.sheet(whole), "utf-8")
    (out / notices.LIST).write_text(notices.written(whole), "utf-8")
    (out / "QT-NOTICE.txt").write_text(notices.qt_notice(LICENCES), "utf-8")
    return whole


# -- who owns what --


def _owners(modules: Iterable[str]) -> dict[str, metadata.Distribution]:
    """The distributions of the frozen modules, by normal name."""
    by_module = metadata.packages_distributions()
    found = {}
    for name in sorted({name.partition(".")[0] for name in modules}):
        if name in OURS or name in sys.stdlib_module_names or FREEZERS.match(name) or BUILT.match(name):
            continue
        if name not in by_module and not name.startswith("_"):
            raise SystemExit(f"notices: the frozen module {name} belongs to no distribution")
        for owner in by_module.get(name, ()):
            found[notices.key(owner)] = metadata.distribution(owner)
    return found


def _owner_of_file(place: str, source: Path) -> metadata.Distribution | None:
    """The distribution that brought it; None when it is not from site-packages."""
    real = source.resolve()
    site = [Path(sysconfig.get_path(name)).resolve() for name in ("purelib", "platlib")]
    if not any(real.is_relative_to(folder) for folder in site):
        return None
    if real not in _by_file():
        raise SystemExit(f"notices: {place} comes from {source}, which no distribution lists")
    return _by_file()[real]


def _is_pythons(source: Path) -> bool:
    """Whether Python itself brought it: pyenv's and python.org's stand in a folder of their own."""
    base = Path(sys.base_prefix).resolve()
    if base != Path("/usr") and source.resolve().is_relative_to(base):
        return True
    if sys.platform == "linux":
        return False  # a package's
    if OF_PYTHON.match(source.name):
        return True
    windows = os.environ.get("SYSTEMROOT")
    if windows and source.resolve().is_relative_to(windows):
        return True
    raise SystemExit(f"notices: {source} belongs to nobody that is known")


@cache
def _by_file() -> dict[Path, metadata.Distribution]:
    """Which distribution an installed file belongs to."""
    return {
        Path(str(file.locate())).resolve(): distribution
        for distribution in metadata.distributions()
        for file in distribution.files or ()
        if file.suffix not in (".py", ".pyc")
    }


def _debian_packages(libraries: Iterable[Path]) -> list[str]:
    """By dpkg's lists of files, in which /lib may be written /usr/lib."""
    wanted = {}
    for library in libraries:
        names = {str(library), str(library.resolve())}
        names |= {name.removeprefix("/usr") for name in names} | {f"/usr{name}" for name in names}
        wanted[library] = names
    if not wanted:
        return []
    if shutil.which("dpkg") is None:
        raise SystemExit(
            "notices: build Linux bundles on Debian or Ubuntu, where dpkg tells whose a library is"
        )
    argv = ["dpkg", "-S", *sorted(name for names in wanted.values() for name in names)]
    asked = subprocess.run(argv, capture_output=True, text=True, check=False)  # 1: some name is unknown
    owners = {}
    for line in asked.stdout.splitlines():
        packages, _, path = line.partition(": ")
        owners[path] = packages.partition(",")[0]
    for library, names in wanted.items():
        if not names & owners.keys():
            raise SystemExit(f"notices: {library} is in no Debian package")
    return sorted(set(owners.values()))


# -- texts of others than Python distributions --


def _freezer() -> Notice:
    """The program that starts the bundle is PyInstaller's: GPL with an exception for what it starts."""
    made = metadata.distribution("pyinstaller")
    notice = notices.of_distribution(made, LICENCES)
    licence = "GPL-2.0-or-later WITH Bootloader-exception"
    return Notice("PyInstaller bootloader", notice.version, licence, notice.text)


def _debian(packages: Iterable[str]) -> list[Notice]:
    """One notice per source package, Debian's copyright file; then the common texts that these point to."""
    by_source: dict[tuple[str, str], tuple[list[str], str]] = {}
    for package in packages:
        form = "${source:Package}\t${source:Version}"
        argv = ["dpkg-query", "-W", "-f", form, package]
        source, version = subprocess.run(argv, capture_output=True, text=True, check=True).stdout.split("\t")
        name = package.partition(":")[0]
        path = Path("/usr/share/doc") / name / "copyright"
        if not path.exists():
            raise SystemExit(f"notices: {path} is missing")
        text = path.read_text("utf-8", errors="replace")
        by_source.setdefault((source, version), ([], text))[0].append(name)
    found = []
    common: set[str] = set()
    for (source, version), (names, text) in sorted(by_source.items()):
        common |= set(COMMON.findall(text))
        whole = f"From Debian: {', '.join(names)}\n\n{text.strip()}"
        found.append(Notice(source, version, _debian_licence(text), whole))
    for name in sorted(common):
        path = Path("/usr/share/common-licenses") / name
        if path.exists():
            found.append(Notice(f"Text of {name}", "", name, path.read_text("utf-8").strip()))
    return found


def _debian_licence(text: str) -> str:
    """The names in a machine-readable copyright file, those of the packaging left out."""
    names = []
    for paragraph in re.split(r"\n\s*\n", text):
        licence = re.search(r"^License:[ \t]*(\S.*)$", paragraph, re.MULTILINE)
        if licence and "Files: debian/" not in paragraph and paragraph.startswith("Files:"):
            names.append(licence[1].strip())
    unique = list(dict.fromkeys(names))
    return " AND ".join(unique[:4]) + (" AND others" if len(unique) > 4 else "") if unique else "see its text"


def main() -> None:
    if len(sys.argv) != 2:
        raise SystemExit("usage: python packaging/notices.py OUT")
    made = write(Path(sys.argv[1]))
    print(f"{len(made)} notices in {sys.argv[1]}")


if __name__ == "__main__":
    main()
