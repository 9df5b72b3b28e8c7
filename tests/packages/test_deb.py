"""The .deb as a file: what is in it, what it says of itself, and what Debian's own checkers say of it."""

from __future__ import annotations

import gzip
import hashlib
import json
import os
import re
import shutil
import subprocess
import sys
import xml.etree.ElementTree as ET
from pathlib import Path

import pytest
from PIL import Image

from tests.packages.artefacts import ROOT, VERSION, artefact

BYTES_MAX = 60_000_000
LIBRARY = "usr/lib/skyferry"
DOCUMENTS = "usr/share/doc/skyferry"
METAINFO = "usr/share/metainfo/io.github.skyferry.skyferry.metainfo.xml"
DESKTOP_FILE = "usr/share/applications/skyferry.desktop"
MANUAL = "usr/share/man/man1/skyferry.1.gz"
SIZES = (16, 22, 24, 32, 48, 64, 128, 256, 512)
OVERRIDES = ROOT / "packaging" / "debian" / "lintian-overrides"


@pytest.fixture(scope="module")
def deb() -> Path:
    return artefact("skyferry_*.deb")


@pytest.fixture(scope="module")
def unpacked(deb: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The package's files in a folder, and what is for dpkg in DEBIAN."""
    folder = tmp_path_factory.mktemp("deb") / "root"
    printed(["dpkg-deb", "--raw-extract", str(deb), str(folder)])
    return folder


@pytest.fixture(scope="module")
def fields(deb: Path) -> dict[str, str]:
    text = re.sub(r"\n ", "\n\t", printed(["dpkg-deb", "--field", str(deb)]))
    return dict(line.split(": ", 1) for line in re.split(r"\n(?!\t)", text.strip()))


def printed(argv: list[str]) -> str:
    """Standard output and error; AssertionError when the code is not 0."""
    done = subprocess.run(argv, capture_output=True, text=True, env={**os.environ, "LC_ALL": "C.UTF-8"})
    assert done.returncode == 0, f"{argv}: {done.stdout}{done.stderr}"
    return done.stdout + done.stderr


# -- what is in it --


def test_it_is_small_enough_to_download(deb: Path) -> None:
    assert deb.stat().st_size <= BYTES_MAX


def test_everything_belongs_to_root_and_only_the_program_is_executable(deb: Path) -> None:
    wrong = []
    for line in printed(["dpkg-deb", "--contents", str(deb)]).splitlines():
        mode, owner, _size, _day, _time, name = line.split(maxsplit=5)
        if name.startswith("./usr/bin/skyferry"):
            assert (mode, name) == ("lrwxrwxrwx", "./usr/bin/skyferry -> ../lib/skyferry/skyferry")
            continue
        is_program = name in (f"./{LIBRARY}/skyferry",)
        wanted = {"-rwxr-xr-x"} if is_program else {"drwxr-xr-x", "-rw-r--r--"}
        if owner != "root/root" or (mode not in wanted and "->" not in name):
            wrong.append(line)
    assert wrong == []


def test_files_are_in_the_usual_places_and_nowhere_else(unpacked: Path) -> None:
    names = {str(path.relative_to(unpacked)) for path in unpacked.rglob("*") if not path.is_dir()}
    ours = {name for name in names if not name.startswith((f"{LIBRARY}/", "DEBIAN/"))}
    icons = "usr/share/icons/hicolor"
    assert ours == {
        "usr/bin/skyferry",
        DESKTOP_FILE,
        METAINFO,
        MANUAL,
        *(f"{icons}/{size}x{size}/apps/skyferry.png" for size in SIZES),
        f"{icons}/scalable/apps/skyferry.svg",
        f"{icons}/symbolic/apps/skyferry-symbolic.svg",
        f"{DOCUMENTS}/README.Debian",
        f"{DOCUMENTS}/THIRD-PARTY.txt.gz",
        f"{DOCUMENTS}/changelog.Debian.gz",
        f"{DOCUMENTS}/changelog.gz",
        f"{DOCUMENTS}/copyright",
        "usr/share/lintian/overrides/skyferry",
    }


def test_the_bundle_is_in_it_whole(unpacked: Path) -> None:
    bundle = artefact("skyferry")
    wanted = {str(path.relative_to(bundle)) for path in bundle.rglob("*")}
    library = unpacked / LIBRARY
    assert {str(path.relative_to(library)) for path in library.rglob("*")} == wanted


def test_no_library_is_looked_for_in_folders_of_the_machine_that_built_it(unpacked: Path) -> None:
    wrong = []
    for path in (unpacked / LIBRARY).rglob("*"):
        if path.is_file() and path.read_bytes()[:4] == b"\x7fELF":
            paths = re.findall(
                r"^\s+R(?:UN)?PATH\s+(\S+)", printed(["objdump", "-p", str(path)]), re.MULTILINE
            )
            wrong += [(path.name, one) for one in ":".join(paths).split(":") if one and one[0] != "$"]
    assert wrong == []


@pytest.mark.parametrize("size", SIZES)
def test_an_icon_has_the_size_of_its_folder_and_clear_corners(unpacked: Path, size: int) -> None:
    with Image.open(unpacked / f"usr/share/icons/hicolor/{size}x{size}/apps/skyferry.png") as picture:
        assert (picture.size, picture.mode) == ((size, size), "RGBA")
        assert picture.getpixel((0, 0))[3] < 128
        assert picture.getpixel((size // 2, size // 2))[3] == 255


def test_small_icons_are_crisp(unpacked: Path) -> None:
    """Their tile begins and ends between two pixels: no column of the edge is half there."""
    for size, margin in ((16, 0), (22, 0), (24, 1), (32, 1), (48, 2)):
        with Image.open(unpacked / f"usr/share/icons/hicolor/{size}x{size}/apps/skyferry.png") as picture:
            row = [picture.getpixel((x, size // 2))[3] for x in range(size)]
        assert row == [0] * margin + [255] * (size - 2 * margin) + [0] * margin, size


def test_the_symbolic_icon_is_what_gnome_recolours(unpacked: Path) -> None:
    path = unpacked / "usr/share/icons/hicolor/symbolic/apps/skyferry-symbolic.svg"
    root = ET.parse(path).getroot()
    assert (root.get("width"), root.get("height"), root.get("viewBox")) == ("16", "16", "0 0 16 16")
    fills = {one.get("fill") for one in root.iter() if one is not root}
    assert fills == {"#2e3436"}


# -- what it says of itself --


def test_the_control_fields(unpacked: Path, deb: Path, fields: dict[str, str]) -> None:
    assert fields["Package"] == "skyferry"
    assert fields["Version"] == f"{VERSION}-1"
    assert fields["Section"] == "net"
    assert fields["Architecture"] == printed(["dpkg", "--print-architecture"]).strip()
    assert re.fullmatch(r".+ <\S+@\S+>", fields["Maintainer"])
    assert "Homepage" not in fields  # there is none yet, and none is made up
    assert "gnome-keyring" in fields["Recommends"].split(" | ")
    assert deb.name == f"skyferry_{fields['Version']}_{fields['Architecture']}.deb"
    installed = sum(
        -(-path.stat().st_size // 1024) if path.is_file() and not path.is_symlink() else 1
        for path in unpacked.rglob("*")
        if "DEBIAN" not in path.parts
    )
    assert int(fields["Installed-Size"]) == installed


def test_it_depends_on_a_font_on_certificates_and_on_the_glibc_that_it_was_built_with(
    fields: dict[str, str],
) -> None:
    names = fields["Depends"].split(", ")
    assert {"ca-certificates", "libegl1", "libgl1", "libxkbcommon-x11-0", "xkb-data"} <= set(names)
    assert any(name.startswith("fonts-dejavu-core | ") for name in names)
    assert any(re.fullmatch(r"libc6 \(>= 2\.\d+\)", name) for name in names)
    assert names == sorted(set(names))


def test_there_are_no_maintainer_scripts(unpacked: Path) -> None:
    """The index of icons and of desktop files is renewed by triggers of the packages that keep it."""
    assert {path.name for path in (unpacked / "DEBIAN").iterdir()} == {"control", "md5sums"}


def test_every_file_has_its_md5(unpacked: Path) -> None:
    lines = (unpacked / "DEBIAN" / "md5sums").read_text().splitlines()
    told = {name: digest for digest, name in (line.split("  ", 1) for line in lines)}
    found = {
        str(path.relative_to(unpacked)): hashlib.md5(path.read_bytes(), usedforsecurity=False).hexdigest()
        for path in unpacked.rglob("*")
        if path.is_file() and not path.is_symlink() and "DEBIAN" not in path.parts
    }
    assert told == found


def test_the_changelogs_are_of_this_version(unpacked: Path) -> None:
    said = gzip.decompress((unpacked / DOCUMENTS / "changelog.Debian.gz").read_bytes()).decode()
    assert said.startswith(f"skyferry ({VERSION}-1) ")
    changes = gzip.decompress((unpacked / DOCUMENTS / "changelog.gz").read_bytes()).decode()
    assert changes.startswith("# Changelog\n")
    assert re.search(rf"^## {re.escape(VERSION)}\b", changes, re.MULTILINE)


def test_the_readme_says_the_oldest_system_that_it_runs_on(unpacked: Path, fields: dict[str, str]) -> None:
    said = (unpacked / DOCUMENTS / "README.Debian").read_text("utf-8")
    assert "@" not in said
    assert max(map(len, said.splitlines())) <= 120
    (needed,) = re.findall(r"libc6 \(>= ([0-9.]+)\)", fields["Depends"])
    assert re.search(rf"glibc {needed} or newer\n\(Debian \d+ and Ubuntu \d\d\.04 are the oldest", said)


def test_the_copyright_file_names_everything_that_is_inside(unpacked: Path) -> None:
    said = (unpacked / DOCUMENTS / "copyright").read_text("utf-8")
    assert said.startswith("Format: https://www.debian.org/doc/packaging-manuals/copyright-format/1.0/\n")
    holders = said.partition("\nFiles: *\n")[2].partition("\nLicense: 3-Clause")[0]
    assert "[name of" not in holders
    assert "<copyright" not in holders
    inside = json.loads((unpacked / LIBRARY / "_internal/resources/licences/third-party.json").read_text())
    named = set(re.findall(r"^ (\S.*?)(?: \([^()]*\))?$", said, re.MULTILINE))
    missing = [
        one["name"]
        for one in inside
        if one["name"] != "Skyferry" and " ".join(filter(None, (one["name"], one["version"]))) not in named
    ]
    assert missing == []
    paragraphs = set(re.findall(r"^License: (\S+(?: with Bootloader exception)?)$", said, re.MULTILINE))
    terms = re.findall(r"^License: (.* (?:and|or) .*)$", said, re.MULTILINE)
    single = {one for term in terms for one in re.split(r" and | or ", re.sub(r"[()]", "", term))}
    assert single - paragraphs == set()


def test_the_manual_page_is_sound_and_has_every_option(unpacked: Path) -> None:
    page = unpacked / MANUAL
    assert page.read_bytes()[4:8] == b"\0\0\0\0"  # gzip -n: no date
    man = ["man", "--warnings", "-E", "UTF-8", "-l", "-Tutf8", "-Z", str(page)]
    done = subprocess.run(man, capture_output=True, env={**os.environ, "LC_ALL": "C.UTF-8", "MANWIDTH": "80"})
    assert (done.returncode, done.stderr) == (0, b"")
    text = gzip.decompress(page.read_bytes()).decode().replace("\\-", "-")
    assert f"Skyferry {VERSION}" in text
    options = set(re.findall(r"--[a-z-]+", printed([str(unpacked / LIBRARY / "skyferry"), "--help"])))
    assert {"--version", "--help", "--tour", "--portable"} <= options
    assert {option for option in options if option not in text} == set()


# -- what Debian's checkers say --


def test_the_desktop_file_is_valid_without_a_word(unpacked: Path) -> None:
    assert printed(["desktop-file-validate", str(unpacked / DESKTOP_FILE)]) == ""


def test_the_metainfo_is_valid_without_a_hint_and_of_this_version(unpacked: Path) -> None:
    said = printed(["appstreamcli", "validate", "--no-net", "--pedantic", str(unpacked / METAINFO)])
    assert re.findall(r"^[EWIP]: .*", said, re.MULTILINE) == []
    assert "Validation was successful" in said
    root = ET.parse(unpacked / METAINFO).getroot()
    newest = next(root.iter("release"))
    assert newest.get("version") == VERSION
    assert f"\n## {VERSION} ({newest.get('date')})\n" in (ROOT / "CHANGELOG.md").read_text("utf-8")
    assert root.findtext("launchable") == Path(DESKTOP_FILE).name
    assert root.findtext("provides/binary") == "skyferry"


def test_lintian_has_nothing_to_say_beyond_what_is_explained(deb: Path) -> None:
    """Information too; an override that nothing needs is said as well."""
    said = printed(["lintian", "--allow-root", "--display-info", "--tag-display-limit", "0", str(deb)])
    assert said == ""


def test_every_override_of_lintian_has_its_reason() -> None:
    lines = OVERRIDES.read_text().splitlines()
    for number, line in enumerate(lines):
        assert line == "" or line.startswith(("# ", "skyferry: ")), line
        if line.startswith("skyferry: "):
            above = lines[number - 1]
            assert above.startswith(("# ", "skyferry: ")), f"no reason for {line}"


# -- how it is made --


@pytest.fixture
def small_bundle(tmp_path: Path) -> Path:
    """A dist folder whose program is one of the system's, with the notices of the real one."""
    licences = artefact("skyferry") / "_internal/resources/licences"
    shutil.copytree(licences, tmp_path / "skyferry/_internal/resources/licences")
    shutil.copyfile("/bin/true", tmp_path / "skyferry/skyferry")
    return tmp_path


@pytest.mark.parametrize("script", ["debian/build.py", "tarball.py"])
def test_the_same_folder_gives_the_same_bytes_under_another_umask_and_clock(
    small_bundle: Path, script: str
) -> None:
    digests = set()
    for umask, zone in (("022", "UTC"), ("077", "Asia/Tokyo")):
        for path in small_bundle.rglob("*"):
            os.utime(path)
        make = [sys.executable, str(ROOT / "packaging" / script), "--out", str(small_bundle)]
        env = {**os.environ, "TZ": zone, "SOURCE_DATE_EPOCH": "1790000000"}
        subprocess.run(
            ["sh", "-c", f'umask {umask} && exec "$@"', "sh", *make], env=env, check=True, capture_output=True
        )
        (made,) = [path for path in small_bundle.iterdir() if path.is_file()]
        digests.add(hashlib.sha256(made.read_bytes()).hexdigest())
        made.unlink()
    assert len(digests) == 1


def test_a_library_that_nobody_brings_ends_the_build(small_bundle: Path) -> None:
    shutil.copyfile("/bin/ls", small_bundle / "skyferry/skyferry")  # links to libselinux
    make = [sys.executable, str(ROOT / "packaging/debian/build.py"), "--out", str(small_bundle)]
    done = subprocess.run(make, capture_output=True, text=True)
    assert done.returncode == 1
    assert done.stderr.startswith("libselinux.so.1 is not in the bundle")
    assert not list(small_bundle.glob("*.deb"))
