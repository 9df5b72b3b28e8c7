"""The tarball for systems without Debian's packages: it runs where it lies, installs and goes again."""

from __future__ import annotations

import re
import shutil
import signal
import stat
import subprocess
import tarfile
from pathlib import Path

import pytest

from tests.packages.artefacts import VERSION, artefact

BYTES_MAX = 60_000_000
HOSTILE = (
    'my $HOME `x` 100% "q" \\ it\'s'  # a folder that a person may have, with all that shells and menus read
)


@pytest.fixture(scope="module")
def archive() -> Path:
    return artefact(f"skyferry-{VERSION}-linux-*.tar.xz")


@pytest.fixture(scope="module")
def unpacked(archive: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Its one folder, somewhere with spaces in its path."""
    place = tmp_path_factory.mktemp("tar") / "a folder with spaces"
    place.mkdir()
    subprocess.run(["tar", "-xJf", str(archive), "-C", str(place)], check=True)
    (folder,) = place.iterdir()
    return folder


def run(argv: list[str], home: Path) -> subprocess.CompletedProcess[str]:
    env = {"HOME": str(home), "PATH": "/usr/bin:/bin", "LANG": "C.UTF-8"}
    return subprocess.run(argv, env=env, cwd="/", capture_output=True, text=True, timeout=60)


def test_all_of_it_is_in_one_folder_belongs_to_root_and_is_small_enough(archive: Path) -> None:
    assert archive.stat().st_size <= BYTES_MAX
    with tarfile.open(archive) as tar:
        for entry in tar:
            assert entry.name.split("/")[0] == archive.name.removesuffix(".tar.xz")
            assert (entry.uid, entry.gid, entry.uname, entry.gname) == (0, 0, "root", "root")
            assert entry.mode in (0o755, 0o644) or entry.issym(), entry.name
            assert not entry.islnk()


def test_it_runs_where_it_is_unpacked_in_a_path_with_spaces(unpacked: Path, tmp_path: Path) -> None:
    done = run([str(unpacked / "skyferry" / "skyferry"), "--version"], tmp_path)
    assert (done.returncode, done.stdout, done.stderr) == (0, f"Skyferry {VERSION}\n", "")


def test_its_readme_says_what_the_system_must_have(unpacked: Path) -> None:
    text = (unpacked / "README.txt").read_text("utf-8")
    assert "@" not in text
    assert re.search(r"glibc 2\.\d+ or newer", text)
    assert "libxkbcommon-x11-0" in text
    assert "-\n" not in text  # a package's name is never broken
    assert max(map(len, text.splitlines())) <= 100


@pytest.mark.parametrize("name", ["home", "a home", HOSTILE])
def test_it_installs_for_one_user_and_leaves_nothing_behind(
    unpacked: Path, tmp_path: Path, name: str
) -> None:
    home = tmp_path / name
    (home / ".local/share/icons").mkdir(parents=True)
    (home / ".local/share/icons/mine.png").write_text("somebody's")
    before = everything(home)
    install = str(unpacked / "install.sh")
    for _ in range(2):  # the second time over the first
        done = run([install], home)
        assert (done.returncode, done.stderr) == (0, "")
    program = home / ".local/bin/skyferry"
    done = run([str(program), "--version"], home)
    assert (done.returncode, done.stdout, done.stderr) == (0, f"Skyferry {VERSION}\n", "")
    entry = home / ".local/share/applications/skyferry.desktop"
    assert subprocess.run(["desktop-file-validate", str(entry)], capture_output=True, text=True).stdout == ""
    values = dict(line.split("=", 1) for line in entry.read_text().splitlines() if "=" in line)
    assert command(values["Exec"]) == str(program)
    assert values["TryExec"].replace("\\\\", "\\") == str(program)
    assert (home / ".local/share/icons/hicolor/48x48/apps/skyferry.png").exists()
    done = run([install, "--uninstall"], home)
    assert (done.returncode, done.stderr) == (0, "")
    assert everything(home) == before


def test_it_installs_for_everybody_below_a_prefix(unpacked: Path, tmp_path: Path) -> None:
    prefix = tmp_path / "usr local"
    install = [str(unpacked / "install.sh"), "--prefix", str(prefix)]
    assert run(install, tmp_path).returncode == 0
    assert run([str(prefix / "bin/skyferry"), "--version"], tmp_path).returncode == 0
    assert run([*install, "--uninstall"], tmp_path).returncode == 0
    assert everything(tmp_path) == {"usr local"}


def test_a_portable_folder_stays_where_it_is_and_is_never_removed(unpacked: Path, tmp_path: Path) -> None:
    """Its accounts would go with the program's folder at the next upgrade."""
    copy = tmp_path / "stick"
    shutil.copytree(unpacked, copy, symlinks=True)
    mine = copy / "skyferry/skyferry-data/accounts.json"
    mine.parent.mkdir()
    mine.write_text("mine")
    install = str(copy / "install.sh")
    assert run([install], tmp_path).returncode == 0
    library = tmp_path / ".local/lib/skyferry"
    assert not (library / "skyferry-data").exists()
    assert mine.read_text() == "mine"
    installed = library / "skyferry-data/accounts.json"  # somebody made the installed one portable
    installed.parent.mkdir()
    installed.write_text("mine too")
    assert run([install], tmp_path).returncode == 0
    assert installed.read_text() == "mine too"
    assert run([install, "--uninstall"], tmp_path).returncode == 0
    assert everything(library) == {"skyferry-data", "skyferry-data/accounts.json"}


def test_an_installation_that_was_interrupted_can_be_repeated_or_removed(
    unpacked: Path, tmp_path: Path
) -> None:
    install = [str(unpacked / "install.sh")]
    shim = tmp_path / "shim"
    shim.mkdir()
    (shim / "cp").write_text('#!/bin/sh\n/bin/cp "$@"\nkill -9 $PPID\n')
    (shim / "cp").chmod(0o755)
    home = tmp_path / "home"
    home.mkdir()
    for then in (["--user"], ["--uninstall"]):
        cut = ["env", f"PATH={shim}:/usr/bin:/bin", *install]
        assert run(cut, home).returncode == -signal.SIGKILL
        done = run([*install, *then], home)
        assert (done.returncode, done.stderr) == (0, "")
    assert everything(home) <= {".local"}


def test_a_folder_that_may_only_be_read_installs_and_goes_again(unpacked: Path, tmp_path: Path) -> None:
    copy = tmp_path / "medium"
    shutil.copytree(unpacked, copy, symlinks=True)
    subprocess.run(["chmod", "-R", "a-w", str(copy)], check=True)
    home = tmp_path / "home"
    home.mkdir()
    try:
        for then in ([], [], ["--uninstall"]):
            done = run([str(copy / "install.sh"), *then], home)
            assert (done.returncode, done.stderr) == (0, "")
            # Root may write all the same: what the user needs for the next upgrade is in the modes.
            assert [path for path in home.rglob("*") if not path.stat().st_mode & stat.S_IWUSR] == []
        assert everything(home) <= {".local"}
    finally:
        subprocess.run(["chmod", "-R", "u+w", str(copy)], check=True)


def test_what_was_not_installed_cannot_be_removed(unpacked: Path, tmp_path: Path) -> None:
    done = run([str(unpacked / "install.sh"), "--uninstall"], tmp_path)
    assert done.returncode == 1
    assert "is not installed below" in done.stderr
    assert run([str(unpacked / "install.sh"), "--nonsense"], tmp_path).returncode == 2
    nowhere = [str(unpacked / "install.sh"), "--prefix", str(tmp_path / "nowhere"), "--uninstall"]
    assert run(nowhere, tmp_path).returncode == 1
    assert everything(tmp_path) == set()


def everything(folder: Path) -> set[str]:
    return {str(path.relative_to(folder)) for path in folder.rglob("*")}


def command(value: str) -> str:
    """The program of an Exec line, as the Desktop Entry Specification reads it: string, quotes, fields."""
    text = value.replace("\\\\", "\\")
    assert text[0] == text[-1] == '"'
    return re.sub(r'\\(["`$\\])', r"\1", text[1:-1]).replace("%%", "%")
