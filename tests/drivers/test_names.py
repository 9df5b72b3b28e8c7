"""Every object name has one path inside the folder, every path one object name, on every file system."""

from __future__ import annotations

import ntpath
import os
import re
import sys
import unicodedata
from collections.abc import Callable
from contextlib import AbstractContextManager
from pathlib import Path, PurePosixPath, PureWindowsPath
from typing import TypeAlias

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from storage_core import names
from storage_core.errors import InvalidObjectNameError
from storage_core.names import MACOS, POSIX, WINDOWS, Rules, from_local, to_local
from tests.servers import disks

Disk: TypeAlias = Callable[[Path], AbstractContextManager[Path]]

LINUX = pytest.mark.skipif(sys.platform != "linux", reason="disks of other systems are made on Linux")
ALL = pytest.mark.parametrize("rules", [POSIX, WINDOWS, MACOS], ids=lambda rules: rules.name)

# Letters that mean something to one of the maps come up far more often than chance would have it.
LETTERS = st.one_of(
    st.sampled_from([*"%%%%2E05uDCFF~./\\: <>|?*\0\n", "é", "e\u0301", "😀", "\ud7ff", "\ue000"]),
    st.characters(exclude_categories=("Cs",)),
)
PIECES = st.one_of(
    LETTERS,
    st.sampled_from(
        ["%empty", "%~", "%25", "%2E", "%00", "%uDCFF", "%25uDCFF", "%uD83D", "%uDE00", "..", "nul", "COM¹"]
    ),
    st.sampled_from(["x" * 250, "é" * 127, "/", "con."]),
)
OBJECT_NAMES = st.lists(PIECES, min_size=1, max_size=12).map("".join)

# The kinds of names behind CVE-2026-71313 (rclone: `..` through an encoding), CVE-2022-31159 (AWS SDK: a
# prefix compared as text, so that a sibling folder passed), CVE-2023-51651 (`..` collapsed), CVE-2019-6111
# and CVE-2026-0964 (scp: the server chose), CVE-2026-71311 (CRLF), CVE-2026-71312 (typographic quotes), and
# Syncthing's list of names that Windows refuses.
HOSTILE = [
    "../x",
    "../folder-evil/x",
    "..\u2215x",
    "\u2018;id\u2019",
    "a\r\nDELE b",
    "../../../../etc/passwd",
    "..",
    ".",
    "a/../../b",
    "a/./b",
    "/etc/passwd",
    "//server/share/x",
    "///",
    "\\\\server\\share\\x",
    "..\\..\\x",
    "a\\..\\b",
    "C:\\Windows\\x",
    "C:x",
    "c:/x",
    "\\??\\C:\\x",
    "\\\\?\\C:\\x",
    "file.txt::$DATA",
    "x:y",
    ".git/config",
    "git~1",
    ".git ",
    ".git.",
    "a/ ",
    "a/.",
    "a/..",
    "a/...",
    "a/. .",
    "~/x",
    "%2e%2e/x",
    "%2E%2E/x",
    "%252E%252E/x",
    "..%2Fx",
    "%c0%ae%c0%ae/x",
    "．．/x",
    "‥/x",
    "․․/x",
    "a\0b",
    "\0",
    "a\nb",
    "\r\n",
    "\x1b[2J",
    "\u202egpj.exe",
    "\ufeff",
    "a/b/",
    "a//b",
    "/",
    "",
    "CON",
    "con.txt",
    "nul.txt.jpg",
    "NUL ",
    "nul .txt",
    "aux",
    "PRN.",
    "com0",
    "COM9.log",
    "lpt¹",
    "LPT³.x",
    "CONIN$",
    "conout$.a",
    "CLOCK$",
    "a ",
    "a.",
    "a. .",
    "<b>",
    '?*|"',
    "x" * 255,
    "x" * 256,
    "é" * 128,
    "😀" * 300,
    "x" * 1024,
    "/".join("y" * 200 for _ in range(5)),
    "%empty",
    "%~",
    "x" * 252 + "%~",
    "x" * 254 + ".",
    "%",
    "%%",
    "%25",
    "%" * 300,
    "%25" * 340,
    "%uDCFF",
    "%uDCC3%uDCA9",
    "%uD83D%uDE00",
    "%25uDCFF",
    "My%20Photo.jpg",
    "100%",
]


def assert_safe(path: str, rules: Rules) -> None:
    """No component of the path can lead elsewhere, be refused or be changed by the file system."""
    parts = path.split(rules.separator)
    for part in parts:
        assert part not in ("", ".", "..")
        assert "\0" not in part
        assert "/" not in part
        assert rules.length(part) <= 255
        if rules is WINDOWS:
            assert not re.search(r'[<>:"|?*\\\x00-\x1f]', part)
            assert part[-1] not in ". "
            assert not PureWindowsPath(part).is_reserved()
            assert part.split(".")[0].rstrip().upper() not in {
                "COM0",
                "LPT0",
                "COM¹",
                "LPT²",
                "CLOCK$",
                "NUL",
            }
    pure = PureWindowsPath(path) if rules is WINDOWS else PurePosixPath(path)
    assert not pure.is_absolute()
    assert not pure.drive
    assert not pure.root
    assert list(pure.parts) == parts


@ALL
@given(name=OBJECT_NAMES)
@example(name="%25uDCFF")
def test_every_name_comes_back_from_a_safe_path(rules: Rules, name: str) -> None:
    path = to_local(name, rules)
    assert_safe(path, rules)
    assert from_local(path, rules) == name


@ALL
@given(one=OBJECT_NAMES, other=OBJECT_NAMES)
def test_two_names_never_share_a_path(rules: Rules, one: str, other: str) -> None:
    assert (to_local(one, rules) == to_local(other, rules)) == (one == other)


@ALL
@pytest.mark.parametrize("name", HOSTILE, ids=lambda name: repr(name)[:30])
def test_names_used_in_attacks_stay_inside_and_come_back(rules: Rules, name: str) -> None:
    path = to_local(name, rules)
    assert_safe(path, rules)
    assert from_local(path, rules) == name


@pytest.mark.parametrize("name", HOSTILE, ids=lambda name: repr(name)[:30])
def test_a_hostile_name_is_written_inside_the_real_folder_and_read_back(tmp_path: Path, name: str) -> None:
    folder = tmp_path / "folder"
    path = Path(names.below(str(folder), name))
    path.parent.mkdir(parents=True)
    path.write_bytes(b"here")
    assert path.resolve().is_relative_to(folder)
    assert [entry.name for entry in tmp_path.iterdir()] == ["folder"]
    found = [os.path.join(root, file) for root, _, files in os.walk(folder) for file in files]
    assert [from_local(os.path.relpath(file, folder)) for file in found] == [name]


@pytest.mark.skipif(os.name == "nt", reason="file names of bytes are a POSIX thing")
@given(
    raw=st.lists(
        st.one_of(
            st.binary(min_size=1, max_size=3),
            st.sampled_from([b"%uDCFF", b"%25", b"%2E", b"%00", b"%empty", b"%", b"\xff", "é".encode()]),
        ),
        min_size=1,
        max_size=8,
    )
    .map(b"".join)
    .map(lambda data: data.replace(b"/", b"_").replace(b"\0", b"_")[:200])
    .filter(lambda data: data not in (b".", b".."))
)
def test_every_file_name_of_a_disk_has_its_own_object_name(raw: bytes) -> None:
    file_name = raw.decode("utf-8", "surrogateescape")
    name = from_local(file_name, POSIX)
    name.encode("utf-8")  # can be sent anywhere
    assert to_local(name, POSIX) == file_name


@pytest.mark.parametrize(
    "name", ["report.pdf", "a b/ü.txt", "My%20Photo.jpg", "50%", "100%~", "a:b", "x\\y", "<&>", "con"]
)
def test_a_name_the_disk_can_hold_stays_as_it_is(name: str) -> None:
    assert to_local(name, POSIX) == name
    assert from_local(name, POSIX) == name


@pytest.mark.parametrize(
    ("name", "path"),
    [
        ("a/b", "a\\b"),
        ("What?.txt", "What%3F.txt"),
        ("nul.txt.jpg", "%6Eul.txt.jpg"),
        ("the end.", "the end%2E"),
        ("a//b/", "a\\%empty\\b\\%empty"),
        ("My%3FPhoto", "My%253FPhoto"),
        ("My%20Photo", "My%20Photo"),
    ],
)
def test_windows_paths_are_readable(name: str, path: str) -> None:
    assert to_local(name, WINDOWS) == path
    assert from_local(path, WINDOWS) == name


def test_both_slashes_separate_on_windows() -> None:
    assert from_local("a/b\\c", WINDOWS) == "a/b/c"


def test_a_name_that_is_no_unicode_is_refused() -> None:
    with pytest.raises(InvalidObjectNameError):
        to_local("\udcff")


@pytest.mark.parametrize(
    ("one", "other"),
    [("README", "readme"), ("é", "e\u0301"), ("straße", "STRASSE"), ("ﬁ", "FI"), ("İ", "i̇")],
)
def test_names_that_a_case_blind_disk_confuses_fold_alike(one: str, other: str) -> None:
    assert names.folded(one) == names.folded(other)


@LINUX
def test_no_pair_of_letters_that_ntfs_confuses_is_told_apart(tmp_path: Path) -> None:
    """By the table that is written on every NTFS disk."""
    table = disks.ntfs_case_table(tmp_path)
    pairs = [(chr(one), chr(other)) for one, other in enumerate(table) if one != other]
    assert len(pairs) > 900
    assert [pair for pair in pairs if names.folded(pair[0]) != names.folded(pair[1])] == []


@given(name=OBJECT_NAMES)
def test_every_other_spelling_of_a_name_folds_alike(name: str) -> None:
    folded = names.folded(name)
    assert names.folded(folded) == folded
    for other in (name.swapcase() if name.isascii() else name.upper(), name.casefold()):
        assert (
            names.folded(other) == folded or "\u0131" in name
        )  # the dotless i, whose capital is the other I
    for form in ("NFC", "NFD"):
        assert names.folded(unicodedata.normalize(form, name)) == folded


def test_letters_that_nobody_sees_tell_no_names_apart() -> None:
    assert names.folded("soft\u00adhyphen") == names.folded("softhyphen")
    assert names.folded("\U0001f468\u200d\U0001f469") == names.folded("\U0001f468\U0001f469")


def test_different_names_fold_differently() -> None:
    assert names.folded("a/b") != names.folded("a/c")


def test_a_free_name_counts_up_before_the_ending() -> None:
    taken = {"in/report.pdf", "in/report (2).pdf", "data.tar.gz", ".profile"}
    assert names.free_name("in/report.pdf", taken.__contains__) == "in/report (3).pdf"
    assert names.free_name("data.tar.gz", taken.__contains__) == "data (2).tar.gz"
    assert names.free_name(".profile", taken.__contains__) == ".profile (2)"
    assert names.free_name("new", taken.__contains__) == "new"


def test_a_free_name_still_fits_the_disk() -> None:
    long = "é" * 125 + ".txt"
    found = names.free_name(long, {long}.__contains__, POSIX)
    assert found.endswith(" (2).txt")
    assert POSIX.length(found) <= 255


def test_a_free_name_may_be_asked_for_case_blindly() -> None:
    taken = {names.folded("Readme"), names.folded("readme (2)")}
    assert names.free_name("README", lambda path: names.folded(path) in taken) == "README (3)"


@LINUX
@pytest.mark.parametrize("kind", [disks.exfat, disks.ntfs], ids=lambda kind: kind.__name__)
def test_a_case_blind_disk_is_known_as_one(tmp_path: Path, kind: Disk) -> None:
    with kind(tmp_path / "blind") as disk:
        assert names.is_case_blind(str(disk))
        assert list(disk.iterdir()) == []


def test_a_disk_that_tells_capitals_apart_but_no_accents_is_known(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """As a case-sensitive APFS does; a stand-in, for Linux mounts none."""
    known = os.path.lexists
    monkeypatch.setattr(os.path, "lexists", lambda path: known(unicodedata.normalize("NFC", path)))
    assert names.is_case_blind(str(tmp_path))
    assert list(tmp_path.iterdir()) == []


def test_a_folder_tells_whether_it_is_case_blind_and_keeps_no_trace(tmp_path: Path) -> None:
    (tmp_path / "probe").touch()
    assert names.is_case_blind(str(tmp_path)) == (tmp_path / "PROBE").exists()
    assert [entry.name for entry in tmp_path.iterdir()] == ["probe"]


@pytest.mark.parametrize(
    ("path", "expected"),
    [
        ("C:\\" + "a" * 300, "\\\\?\\C:\\" + "a" * 300),
        ("\\\\host\\share\\" + "a" * 300, "\\\\?\\UNC\\host\\share\\" + "a" * 300),
        ("C:/with/slashes/" + "a" * 300, "\\\\?\\C:\\with\\slashes\\" + "a" * 300),
        ("C:\\" + "😀" * 130, "\\\\?\\C:\\" + "😀" * 130),
    ],
)
def test_long_windows_paths_are_written_without_limit(
    path: str, expected: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    with monkeypatch.context() as patch:
        patch.setattr(os, "path", ntpath)
        found, again = names.long_path(path), names.long_path(expected)
    assert found == again == expected


@given(name=OBJECT_NAMES)
def test_every_windows_path_is_short_enough_or_has_no_limit(name: str) -> None:
    for folder in ("C:/Users/me/Downloads", "\\\\host\\share\\folder", "D:\\" + "deep\\" * 40):
        with pytest.MonkeyPatch.context() as patch:
            patch.setattr(os, "path", ntpath)
            path = names.long_path(os.path.join(folder, to_local(name, WINDOWS)))
        marked = path.startswith("\\\\?\\")
        assert marked or WINDOWS.length(path) < 248
        if marked:  # nothing is made of it by Windows any more: it must be plain already
            rest = path.removeprefix("\\\\?\\").split("\\")
            assert "/" not in path
            assert not {"", ".", ".."} & set(rest)
        parts = list(PureWindowsPath(path).parts)
        assert parts[-len(PureWindowsPath(to_local(name, WINDOWS)).parts) :] == to_local(name, WINDOWS).split(
            "\\"
        )
