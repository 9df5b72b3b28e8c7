"""What a bundle takes from the system: libraries that it links to and does not hold, and the oldest glibc."""

from __future__ import annotations

import re
import subprocess
from dataclasses import dataclass, field
from pathlib import Path

ELF = b"\x7fELF"

# Debian's package of each library; where a release renamed it, both names, the newer one first.
PACKAGES = {
    "libEGL.so.1": "libegl1",
    "libGL.so.1": "libgl1",
    "libX11-xcb.so.1": "libx11-xcb1",
    "libX11.so.6": "libx11-6",
    "libXau.so.6": "libxau6",
    "libXcursor.so.1": "libxcursor1",
    "libXdmcp.so.6": "libxdmcp6",
    "libXext.so.6": "libxext6",
    "libXfixes.so.3": "libxfixes3",
    "libXi.so.6": "libxi6",
    "libXrandr.so.2": "libxrandr2",
    "libXrender.so.1": "libxrender1",
    "libbrotlicommon.so.1": "libbrotli1",
    "libbrotlidec.so.1": "libbrotli1",
    "libbz2.so.1.0": "libbz2-1.0",
    "libcom_err.so.2": "libcom-err2",
    "libcrypto.so.3": "libssl3t64 | libssl3",
    "libdbus-1.so.3": "libdbus-1-3",
    "libdrm.so.2": "libdrm2",
    "libexpat.so.1": "libexpat1",
    "libffi.so.8": "libffi8",
    "libfontconfig.so.1": "libfontconfig1",
    "libfreetype.so.6": "libfreetype6",
    "libgbm.so.1": "libgbm1",
    "libgcc_s.so.1": "libgcc-s1",
    "libgio-2.0.so.0": "libglib2.0-0t64 | libglib2.0-0",
    "libglib-2.0.so.0": "libglib2.0-0t64 | libglib2.0-0",
    "libgmodule-2.0.so.0": "libglib2.0-0t64 | libglib2.0-0",
    "libgobject-2.0.so.0": "libglib2.0-0t64 | libglib2.0-0",
    "libgssapi_krb5.so.2": "libgssapi-krb5-2",
    "libgthread-2.0.so.0": "libglib2.0-0t64 | libglib2.0-0",
    "libk5crypto.so.3": "libk5crypto3",
    "libkeyutils.so.1": "libkeyutils1",
    "libkrb5.so.3": "libkrb5-3",
    "libkrb5support.so.0": "libkrb5support0",
    "liblzma.so.5": "liblzma5",
    "libpcre2-8.so.0": "libpcre2-8-0",
    "libpng16.so.16": "libpng16-16t64 | libpng16-16",
    "libreadline.so.8": "libreadline8t64 | libreadline8",
    "libsqlite3.so.0": "libsqlite3-0",
    "libssl.so.3": "libssl3t64 | libssl3",
    "libstdc++.so.6": "libstdc++6",
    "libsystemd.so.0": "libsystemd0",
    "libtinfo.so.6": "libtinfo6",
    "libuuid.so.1": "libuuid1",
    "libwayland-client.so.0": "libwayland-client0",
    "libwayland-cursor.so.0": "libwayland-cursor0",
    "libwayland-egl.so.1": "libwayland-egl1",
    "libxcb-cursor.so.0": "libxcb-cursor0",
    "libxcb-glx.so.0": "libxcb-glx0",
    "libxcb-icccm.so.4": "libxcb-icccm4",
    "libxcb-image.so.0": "libxcb-image0",
    "libxcb-keysyms.so.1": "libxcb-keysyms1",
    "libxcb-randr.so.0": "libxcb-randr0",
    "libxcb-render-util.so.0": "libxcb-render-util0",
    "libxcb-render.so.0": "libxcb-render0",
    "libxcb-shape.so.0": "libxcb-shape0",
    "libxcb-shm.so.0": "libxcb-shm0",
    "libxcb-sync.so.1": "libxcb-sync1",
    "libxcb-util.so.1": "libxcb-util1",
    "libxcb-xfixes.so.0": "libxcb-xfixes0",
    "libxcb-xkb.so.1": "libxcb-xkb1",
    "libxcb.so.1": "libxcb1",
    "libxkbcommon-x11.so.0": "libxkbcommon-x11-0",
    "libxkbcommon.so.0": "libxkbcommon0",
    "libz.so.1": "zlib1g",
    "libzstd.so.1": "libzstd1",
}
GLIBC = {
    "libc.so.6",
    "libm.so.6",
    "libdl.so.2",
    "libpthread.so.0",
    "libresolv.so.2",
    "librt.so.1",
    "libutil.so.1",
}
GLIBC_LOADER = "ld-linux"
# The glibc of each release, oldest first.
RELEASES = {
    "Debian": {"11": (2, 31), "12": (2, 36), "13": (2, 41)},
    "Ubuntu": {"20.04": (2, 31), "22.04": (2, 35), "24.04": (2, 39)},
}

# What nothing links to and the window needs all the same: TLS trusts what the system trusts, keys have names
# and letters have shapes. Without any font a window shows empty boxes.
FILES = (
    "ca-certificates",
    "xkb-data",
    "fontconfig-config",
    "fonts-dejavu-core | fonts-noto-core | fonts-liberation | fonts-freefont-ttf",
)


@dataclass(slots=True)
class Needs:
    """`libraries`: by the name that is linked to, the files of the bundle that do so."""

    libraries: dict[str, list[str]] = field(default_factory=dict)
    glibc: tuple[int, ...] = (0,)

    @property
    def glibc_text(self) -> str:
        return ".".join(map(str, self.glibc))

    @property
    def systems(self) -> str:
        """The oldest releases that have this glibc, for people."""
        oldest = [
            f"{system} {next((name for name, has in releases.items() if has >= self.glibc), 'not yet')}"
            for system, releases in RELEASES.items()
        ]
        return f"{' and '.join(oldest)} are the oldest that have it"

    def packages(self) -> list[str]:
        """Debian's dependencies, sorted. SystemExit for a library that is neither inside nor in the table."""
        found = {*FILES, f"libc6 (>= {self.glibc_text})"}
        for name, users in self.libraries.items():
            if name not in PACKAGES:
                raise SystemExit(
                    f"{name} is not in the bundle, and packaging/needs.py does not know whose it is. "
                    f"It is linked to by {', '.join(users[:3])}"
                )
            found.add(PACKAGES[name])
        return sorted(found)


def needs_of(folder: Path) -> Needs:
    """Reads every ELF file below `folder`."""
    files = [path for path in sorted(folder.rglob("*")) if path.is_file()]
    held = {path.name for path in files}
    needs = Needs()
    for path in files:
        if path.is_symlink() or not is_elf(path):
            continue
        said = subprocess.run(["objdump", "-p", str(path)], capture_output=True, text=True, check=True).stdout
        for name in re.findall(r"^\s+NEEDED\s+(\S+)", said, re.MULTILINE):
            if name not in held and name not in GLIBC and not name.startswith(GLIBC_LOADER):
                needs.libraries.setdefault(name, []).append(str(path.relative_to(folder)))
        for version in re.findall(r"\bGLIBC_([0-9.]+)", said):
            needs.glibc = max(needs.glibc, tuple(map(int, version.split("."))))
    return needs


def is_elf(path: Path) -> bool:
    with path.open("rb") as file:
        return file.read(4) == ELF
