"""dist/skyferry_VERSION-1_ARCH.deb from PyInstaller's folder: python packaging/debian/build.py [--out dist]

Needs dpkg-deb and objdump, no debhelper and no root. The same folder gives the same bytes again. Who packages
is read from DEBFULLNAME and DEBEMAIL, as Debian's own tools do.
"""

from __future__ import annotations

import argparse
import hashlib
import os
import shutil
import subprocess
import sys
import tempfile
import time
from email.utils import formatdate
from pathlib import Path

HERE = Path(__file__).resolve().parent
sys.path[:0] = [str(HERE), str(HERE.parent)]  # packaging/ is no package

import copyright_file  # noqa: E402
import desktop_files  # noqa: E402
from desktop_files import ROOT, VERSION  # noqa: E402
from needs import Needs, needs_of  # noqa: E402

REVISION = "1"
RECOMMENDS = "gnome-keyring | kwalletmanager | keepassxc"
DESCRIPTION = """\
browser for every object store
 Skyferry shows the accounts, containers and objects of cloud storage in one
 window, next to the folders of this computer, and moves files between any two
 of them by drag and drop.
 .
 It speaks to Amazon S3 and the services that are compatible with it, to Azure
 Blob Storage, Google Cloud Storage and OpenStack Swift. Transfers go on where
 they stopped and are verified at the end; secrets are kept in the keyring of
 the session, never in a file.
"""
CHANGES = """\
skyferry ({version}) unstable; urgency=medium

  * Skyferry {upstream}; what changes for people who use it is in
    /usr/share/doc/skyferry/changelog.gz.

 -- {maintainer}  {date}
"""


def build(out: Path) -> Path:
    """Returns the path of the package."""
    bundle = desktop_files.bundle_in(out)
    epoch = desktop_files.built_at()
    architecture = printed(["dpkg", "--print-architecture"])
    needs = needs_of(bundle)
    with tempfile.TemporaryDirectory(prefix="skyferry-deb-") as folder:
        root = Path(folder) / "root"
        write_files(root, bundle, needs, epoch)
        write_control(root, control(root, architecture, needs))
        desktop_files.set_modes(root, programs={root / "usr/lib/skyferry/skyferry"})
        desktop_files.set_times(root, epoch)
        package = out / f"skyferry_{version()}_{architecture}.deb"
        env = {**os.environ, "SOURCE_DATE_EPOCH": str(epoch)}
        desktop_files.must(
            ["dpkg-deb", "--root-owner-group", "-Zxz", "-z6", "--build", str(root), str(package)], env
        )
    return package


def write_files(root: Path, bundle: Path, needs: Needs, epoch: int) -> None:
    """All that the package installs, below `root`."""
    library = root / "usr" / "lib" / "skyferry"
    library.parent.mkdir(parents=True)
    desktop_files.copy_bundle(bundle, library)
    programs = root / "usr" / "bin"
    programs.mkdir()
    (programs / "skyferry").symlink_to("../lib/skyferry/skyferry")
    share = root / "usr" / "share"
    desktop_files.write_share(share, epoch)
    write_documents(share / "doc" / "skyferry", library, needs, epoch)
    overrides = share / "lintian" / "overrides"
    overrides.mkdir(parents=True)
    shutil.copyfile(HERE / "lintian-overrides", overrides / "skyferry")


def write_documents(folder: Path, library: Path, needs: Needs, epoch: int) -> None:
    folder.mkdir(parents=True)
    changes = CHANGES.format(
        version=version(), upstream=VERSION, maintainer=maintainer(), date=formatdate(epoch)
    )
    (folder / "changelog.Debian.gz").write_bytes(desktop_files.gzipped(changes))
    changelog = (ROOT / "CHANGELOG.md").read_text("utf-8")
    (folder / "changelog.gz").write_bytes(desktop_files.gzipped(changelog))
    about = (HERE / "README.Debian").read_text("utf-8")
    about = about.replace("@GLIBC@", needs.glibc_text).replace("@SYSTEMS@", needs.systems)
    (folder / "README.Debian").write_text(about, "utf-8")
    year = time.gmtime(epoch).tm_year
    (folder / "copyright").write_text(copyright_file.text(library, year), "utf-8")
    notices = (library / copyright_file.NOTICES).read_text("utf-8")
    (folder / "THIRD-PARTY.txt.gz").write_bytes(desktop_files.gzipped(notices))


def control(root: Path, architecture: str, needs: Needs) -> str:
    fields = {
        "Package": "skyferry",
        "Version": version(),
        "Section": "net",
        "Priority": "optional",
        "Architecture": architecture,
        "Maintainer": maintainer(),
        "Installed-Size": str(installed_size(root)),
        "Depends": ", ".join(needs.packages()),
        "Recommends": RECOMMENDS,
        "Description": DESCRIPTION.rstrip(),
    }
    return "".join(f"{name}: {value}\n" for name, value in fields.items())


def write_control(root: Path, text: str) -> None:
    sums = []
    for path in sorted(path for path in root.rglob("*") if path.is_file() and not path.is_symlink()):
        digest = hashlib.md5(path.read_bytes(), usedforsecurity=False).hexdigest()
        sums.append(f"{digest}  {path.relative_to(root)}\n")
    folder = root / "DEBIAN"
    folder.mkdir()
    (folder / "control").write_text(text, "utf-8")
    (folder / "md5sums").write_text("".join(sums), "utf-8")


def installed_size(root: Path) -> int:
    """In KiB, as Debian's policy counts: each file rounded up, one for each folder and link."""
    size = 0
    for path in root.rglob("*"):
        size += -(-path.stat().st_size // 1024) if path.is_file() and not path.is_symlink() else 1
    return size


def version() -> str:
    return f"{VERSION}-{REVISION}"


def maintainer() -> str:
    name = os.environ.get("DEBFULLNAME", "The Skyferry developers")
    return f"{name} <{os.environ.get('DEBEMAIL', 'skyferry@packages.invalid')}>"


def printed(argv: list[str]) -> str:
    return subprocess.run(argv, capture_output=True, text=True, check=True).stdout.strip()


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else None)
    parser.add_argument("--out", type=Path, default=ROOT / "dist", metavar="DIR")
    package = build(parser.parse_args().out.resolve())
    print(f"{package}: {package.stat().st_size / 1e6:.1f} MB")
    return 0


if __name__ == "__main__":
    sys.exit(main())
