"""dist/skyferry-VERSION-linux-MACHINE.tar.xz, for systems without Debian's packages, or without root.

    python packaging/tarball.py [--out dist]

PyInstaller's folder with menu entry, icons and manual page, and a script that puts them below ~/.local or any
prefix and takes them away again. The same folder gives the same bytes again.
"""

from __future__ import annotations

import argparse
import platform
import sys
import tarfile
import tempfile
import textwrap
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parent))

import desktop_files
from desktop_files import ROOT, VERSION
from needs import Needs, needs_of

SOURCES = ROOT / "packaging" / "tarball"


def build(out: Path) -> Path:
    """Returns the path of the archive."""
    bundle = desktop_files.bundle_in(out)
    epoch = desktop_files.built_at()
    name = f"skyferry-{VERSION}-linux-{platform.machine()}"
    with tempfile.TemporaryDirectory(prefix="skyferry-tar-") as folder:
        root = Path(folder) / name
        root.mkdir()
        desktop_files.copy_bundle(bundle, root / "skyferry")
        desktop_files.write_share(root / "share", epoch)
        (root / "LICENSE").write_bytes((ROOT / "LICENSE").read_bytes())
        (root / "install.sh").write_bytes((SOURCES / "install.sh").read_bytes())
        (root / "README.txt").write_text(readme(needs_of(bundle)), "utf-8")
        desktop_files.set_modes(root, programs={root / "skyferry" / "skyferry", root / "install.sh"})
        archive = out / f"{name}.tar.xz"
        with tarfile.open(archive, "w:xz", preset=6, format=tarfile.PAX_FORMAT) as tar:
            for path in (root, *sorted(root.rglob("*"))):
                entry = tar.gettarinfo(path, str(path.relative_to(folder)))
                entry.uid = entry.gid = 0
                entry.uname = entry.gname = "root"
                entry.mtime = epoch
                if entry.isreg():
                    with path.open("rb") as content:
                        tar.addfile(entry, content)
                else:
                    tar.addfile(entry)
    return archive


def readme(needs: Needs) -> str:
    """With the packages that it needs, both names where one was renamed."""
    names = [one.replace(" | ", " or ") for one in needs.packages() if not one.startswith("libc6 ")]
    whole = textwrap.TextWrapper(100, initial_indent="    ", subsequent_indent="    ", break_on_hyphens=False)
    packages = whole.fill(", ".join(names))
    text = (SOURCES / "README.txt").read_text("utf-8")
    facts = {
        "VERSION": VERSION,
        "MACHINE": platform.machine(),
        "GLIBC": needs.glibc_text,
        "SYSTEMS": needs.systems,
        "PACKAGES": packages,
    }
    for word, value in facts.items():
        text = text.replace(f"@{word}@", value)
    return text


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else None)
    parser.add_argument("--out", type=Path, default=ROOT / "dist", metavar="DIR")
    archive = build(parser.parse_args().out.resolve())
    print(f"{archive}: {archive.stat().st_size / 1e6:.1f} MB")
    return 0


if __name__ == "__main__":
    sys.exit(main())
