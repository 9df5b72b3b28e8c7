"""The disk image for macOS, from dist/Skyferry.app: python packaging/macos/build.py

*not run* on macOS yet. Signs with the hardened runtime: by the certificate that SKYFERRY_CODESIGN_IDENTITY
names ("Developer ID Application: ..."), else ad hoc, and says so. Notarises when SKYFERRY_NOTARY_PROFILE
names a profile that `xcrun notarytool store-credentials` has put into the keychain: no password is in argv.
"""

from __future__ import annotations

import argparse
import os
import platform
import shutil
import subprocess
import sys
import tempfile
import time
from pathlib import Path

HERE = Path(__file__).resolve().parent
ROOT = HERE.parents[1]
sys.path.insert(0, str(ROOT))

from storage_core import __version__  # noqa: E402 - the root is known only now

APP = "Skyferry.app"
ENTITLEMENTS = str(HERE / "entitlements.plist")
AD_HOC = "-"
# Mach-O, 64 bits, and fat files of several: the first bytes as they lie in the file.
MACH_O = {b"\xcf\xfa\xed\xfe", b"\xca\xfe\xba\xbe", b"\xca\xfe\xba\xbf"}
ATTEMPTS = 3  # hdiutil says "Resource busy" when Spotlight looks at the image at that moment


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--out", type=Path, default=ROOT / "dist", help=f"where {APP} is; default: dist")
    out = parser.parse_args().out.resolve()
    app = out / APP
    identity = os.environ.get("SKYFERRY_CODESIGN_IDENTITY") or AD_HOC
    profile = os.environ.get("SKYFERRY_NOTARY_PROFILE") or ""
    if profile and identity == AD_HOC:
        raise SystemExit("Apple notarises only what SKYFERRY_CODESIGN_IDENTITY has signed")
    sign_app(app, identity)
    # Only now, for the hardened runtime is what may stop it.
    run(sys.executable, str(ROOT / "packaging" / "tour.py"), str(app / "Contents" / "MacOS" / "skyferry"))
    image = make_image(app, out)
    if identity == AD_HOC:
        print(
            "signed ad hoc: SKYFERRY_CODESIGN_IDENTITY is not set. macOS asks before it opens such a program."
        )
    else:
        sign(image, identity)
    if profile:
        notarise(image, profile)
    print(f"made {image}")
    return 0


def sign_app(app: Path, identity: str) -> None:
    """From the inside out, as Apple wants it: libraries, frameworks, programs, and last the whole."""
    contents = app / "Contents"
    frameworks = sorted(one for one in contents.rglob("*.framework") if not one.is_symlink())
    programs = [one for one in sorted((contents / "MacOS").iterdir()) if is_mach_o(one)]
    for file in sorted(contents.rglob("*")):
        if is_mach_o(file) and file not in programs and not any(one in file.parents for one in frameworks):
            sign(file, identity)
    for framework in frameworks:
        sign(framework, identity)
    for whole in (*programs, app):
        sign(whole, identity, "--entitlements", ENTITLEMENTS)
    run("codesign", "--verify", "--deep", "--strict", str(app))


def sign(what: Path, identity: str, *more: str) -> None:
    stamp = [] if identity == AD_HOC else ["--timestamp"]  # Apple's server dates what a certificate signs
    run("codesign", "--force", "--options", "runtime", *stamp, *more, "--sign", identity, str(what))


def is_mach_o(file: Path) -> bool:
    if file.is_symlink() or not file.is_file():
        return False
    with file.open("rb") as content:
        return content.read(4) in MACH_O


def make_image(app: Path, out: Path) -> Path:
    """A disk image with the app, and a link to the folder it is to be dragged to."""
    image = out / f"skyferry-{__version__}-macos-{platform.machine()}.dmg"
    with tempfile.TemporaryDirectory(prefix="skyferry-dmg-") as folder:
        run("ditto", str(app), str(Path(folder) / APP))
        (Path(folder) / "Applications").symlink_to("/Applications")
        shutil.copy(ROOT / "LICENSE", Path(folder) / "LICENSE.txt")
        # ULMO: packed by LZMA, read by macOS 10.15 and later.
        make = ["hdiutil", "create", "-volname", f"Skyferry {__version__}", "-srcfolder", folder]
        make += ["-fs", "HFS+", "-format", "ULMO", "-ov", str(image)]
        for attempt in range(1, ATTEMPTS + 1):
            if subprocess.run(make, check=attempt == ATTEMPTS).returncode == 0:
                break
            time.sleep(10)
    run("hdiutil", "verify", str(image))
    return image


def notarise(image: Path, profile: str) -> None:
    """Apple looks at it, and its yes is put into the image, so that it opens without the network too."""
    run("xcrun", "notarytool", "submit", str(image), "--keychain-profile", profile, "--wait")
    run("xcrun", "stapler", "staple", str(image))
    run("xcrun", "stapler", "validate", str(image))


def run(*command: str) -> None:
    subprocess.run(command, check=True)


if __name__ == "__main__":
    sys.exit(main())
