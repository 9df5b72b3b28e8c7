"""One command for everything around Skyferry: python3 dev.py run | test | check | package | docs | lock

Needs Python 3.11+ and nothing else. Each command first makes or repairs `.venv` from `requirements.lock`;
what it wants to install beyond that it names first, and where it may not install it prints the line to type.
"""

from __future__ import annotations

import sys

if sys.version_info < (3, 11):  # noqa: UP036 - said before a line that an older Python cannot read
    sys.exit("Skyferry needs Python 3.11 or later; this is " + sys.version.split()[0])

import argparse
import contextlib
import hashlib
import os
import platform
import shlex
import shutil
import signal
import subprocess
import tempfile
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from types import FrameType

ROOT = Path(__file__).resolve().parent
VENV = ROOT / ".venv"
LOCK = ROOT / "requirements.lock"
STAMP = VENV / "skyferry-lock"  # what was installed, so that a second run has nothing to do
WINDOWS = os.name == "nt"
LINUX = sys.platform == "linux"
PYTHON = VENV / ("Scripts/python.exe" if WINDOWS else "bin/python")
APP_SCREEN = "1280x800x24"
TEST_SCREEN = "1920x1200x24"  # room for the window and a file manager beside it
WINDOW_TESTS = ["tests/window", "tests/stories"]
PACKAGE_TESTS = ["tests/packages"]  # `dev.py package` runs them on what it has built
SERVICE_TESTS = ["tests/conformance", "tests/documented", "tests/oracles"]
SECONDS_TO_START = 30
SECONDS_TO_END = 10


# Programs of the system's keepers are not on an ordinary user's path.
EVERYWHERE = os.pathsep.join((os.environ.get("PATH", os.defpath), "/usr/sbin", "/sbin"))


class SetupFailed(Exception):
    """Something is missing that this program may not or cannot install; the message says what to do."""


@dataclass(frozen=True)
class Need:
    """Something of the system: Debian's package, and the library or program that shows it is there."""

    package: str
    library: str = ""
    program: str = ""


# What PySide6-Essentials links to and its wheel does not hold, for the offscreen and the X11 platform.
QT_LIBRARIES = (
    Need("libegl1", library="libEGL.so.1"),
    Need("libgl1", library="libGL.so.1"),
    Need("libdbus-1-3", library="libdbus-1.so.3"),
    Need("libfontconfig1", library="libfontconfig.so.1"),
    Need("libfreetype6", library="libfreetype.so.6"),
    Need("libglib2.0-0", library="libglib-2.0.so.0"),
    Need("libx11-xcb1", library="libX11-xcb.so.1"),
    Need("libxcb-cursor0", library="libxcb-cursor.so.0"),
    Need("libxcb-icccm4", library="libxcb-icccm.so.4"),
    Need("libxcb-image0", library="libxcb-image.so.0"),
    Need("libxcb-keysyms1", library="libxcb-keysyms.so.1"),
    Need("libxcb-randr0", library="libxcb-randr.so.0"),
    Need("libxcb-render-util0", library="libxcb-render-util.so.0"),
    Need("libxcb-shape0", library="libxcb-shape.so.0"),
    Need("libxcb-xkb1", library="libxcb-xkb.so.1"),
    Need("libxkbcommon0", library="libxkbcommon.so.0"),
    Need("libxkbcommon-x11-0", library="libxkbcommon-x11.so.0"),
)
VIRTUAL_DISPLAY = (
    Need("xvfb", program="Xvfb"),
    Need("dbus", program="dbus-run-session"),
    Need("fonts-dejavu-core"),  # without any font a window shows empty boxes
)
TEST_DESKTOP = (
    Need("openbox", program="openbox"),
    Need("xdotool", program="xdotool"),
    Need("pcmanfm-qt", program="pcmanfm-qt"),
    Need("gnome-keyring", program="gnome-keyring-daemon"),
    Need("imagemagick", program="import"),
    Need("ntfs-3g", program="lowntfs-3g"),  # a disk with Windows' rules for names
    Need("exfat-fuse", program="/usr/sbin/mount.exfat-fuse"),  # one that takes A and a for one name
    Need("exfatprogs", program="/usr/sbin/mkfs.exfat"),
    Need("weston", program="weston"),
    # Stories find controls as screen readers do.
    Need("at-spi2-core", program="/usr/libexec/at-spi-bus-launcher"),
)
PACKAGING = (
    Need("binutils", program="objdump"),
    Need("appstream", program="appstreamcli"),
    Need("debootstrap", program="debootstrap"),
    Need("desktop-file-utils", program="desktop-file-validate"),
    Need("lintian", program="lintian"),
    Need("man-db", program="man"),
    Need("xz-utils", program="xz"),
)
# Built after the frozen folder, by scripts of packaging/.
PACKAGES = {
    "linux": ("debian/build.py", "tarball.py"),
    "darwin": ("macos/build.py",),
    "win32": ("windows/build.py",),
}
DOCS = [str(PYTHON), "-m", "sphinx", "--fail-on-warning", "--keep-going", "--quiet", "-b", "html"]

# A session bus that starts nothing on demand: no keyring of the system that would wait for a password.
BUS = """\
<busconfig>
  <type>session</type>
  <listen>unix:tmpdir=/tmp</listen>
  <policy context="default">
    <allow send_destination="*" eavesdrop="true"/>
    <allow eavesdrop="true"/>
    <allow own="*"/>
  </policy>
</busconfig>
"""


def say(text: str) -> None:
    print(f"dev.py: {text}", flush=True)


# -- the commands --


def run(arguments: list[str]) -> int:
    """Open the window; without a display, play the guided tour under a virtual one."""
    app = [str(PYTHON), "-m", "gui"]
    if has_display() or {"--version", "--help", "-h"} & set(arguments):
        install_environment()
        install_system(QT_LIBRARIES)
        return foreground([*app, *arguments], os.environ.copy())
    install_environment()
    install_system(QT_LIBRARIES + VIRTUAL_DISPLAY)
    if "--tour" not in arguments:
        say("no display here: playing the guided tour under a virtual one, pictures go to ./screenshots")
        arguments = ["--tour", "--screenshots", str(ROOT / "screenshots"), *arguments]
    with virtual_display(APP_SCREEN) as env, private_bus() as bus:
        return foreground([*bus, *app, *arguments], env)


def test(arguments: list[str]) -> int:
    """Run the tests on real servers, under a virtual desktop; --slow adds the long tiers."""
    if "--slow" in arguments:
        arguments = ["-m", "slow or not slow", *(one for one in arguments if one != "--slow")]
    pytest = [str(PYTHON), "-m", "pytest", *arguments]
    install_environment()
    if not LINUX:
        return foreground(pytest, os.environ.copy())
    install_system(QT_LIBRARIES + VIRTUAL_DISPLAY + TEST_DESKTOP)
    install_servers()
    with virtual_display(TEST_SCREEN) as env, private_bus() as bus, window_manager(env):
        if all(one.startswith("-") for one in arguments):
            return all_parts(pytest, bus, env)
        return foreground([*bus, *pytest], env)


def all_parts(pytest: list[str], bus: list[str], env: dict[str, str]) -> int:
    """Three processes: most of the time tests wait for servers. Only those with a window need a display."""
    rest = [f"--ignore={folder}" for folder in WINDOW_TESTS + SERVICE_TESTS + PACKAGE_TESTS]
    with contextlib.ExitStack() as stack:
        others = []
        for part in (SERVICE_TESTS, rest):
            said = stack.enter_context(tempfile.TemporaryFile())
            child = subprocess.Popen(
                [*pytest, *part], cwd=ROOT, stdout=said, stderr=subprocess.STDOUT, start_new_session=True
            )
            stack.callback(end, child, signal.SIGTERM)
            others.append((child, said))
        code = foreground([*bus, *pytest, *WINDOW_TESTS], env)
        for child, said in others:
            say("tests that ran beside these:")
            code = child.wait() or code
            said.seek(0)
            shutil.copyfileobj(said, sys.stdout.buffer)
            sys.stdout.flush()
    return code


def check(arguments: list[str]) -> int:
    """Formatting, lint, types, who may import whom, the shape of the code, workflows, and the pages."""
    if arguments:
        raise SetupFailed(f"check takes no arguments, not {' '.join(arguments)}")
    install_environment()
    module = [str(PYTHON), "-m"]
    checks = {
        "format": [*module, "ruff", "format", "--check", "."],
        "lint": [*module, "ruff", "check", "."],
        "types": [*module, "mypy"],
        "imports": [str(PYTHON.parent / "lint-imports")],
        "shape": [*module, "pytest", "-q", "tests/test_shape.py"],
        "workflows": [
            str(PYTHON.parent / "zizmor"),
            "--offline",
            "--no-progress",
            "--quiet",
            "--persona=auditor",
            ".github",
        ],
    }
    with tempfile.TemporaryDirectory(prefix="skyferry-docs-") as folder:
        checks["pages"] = [*DOCS, "packaging/docs", folder]
        failed = [name for name, argv in checks.items() if fails(name, argv)]
    say(f"failed: {', '.join(failed)}" if failed else "all checks passed")
    return 1 if failed else 0


def fails(name: str, argv: list[str]) -> bool:
    say(f"{name}: {shlex.join(argv[1:] if argv[0] == str(PYTHON) else argv)}")
    return foreground(argv, os.environ.copy()) != 0


def package(arguments: list[str]) -> int:
    """Build all that this system can build into dist/ and test it; --no-tests only builds."""
    if unknown := [one for one in arguments if one != "--no-tests"]:
        raise SetupFailed(f"package knows --no-tests alone, not {' '.join(unknown)}")
    install_environment()
    install_system(QT_LIBRARIES + PACKAGING)
    out = str(ROOT / "dist")
    shutil.rmtree(out, ignore_errors=True)
    scripts = PACKAGES.get(sys.platform, ())
    freeze = ["PyInstaller", "--noconfirm", "--log-level", "WARN", "--distpath", out]
    builds = [
        ["-m", *freeze, "--workpath", str(ROOT / "build"), str(ROOT / "packaging" / "pyinstaller.spec")],
        ["-m", "hatchling", "build", "-d", out],
        *([str(ROOT / "packaging" / script), "--out", out] for script in (*scripts, "sbom.py")),
    ]
    for build in builds:
        say(f"package: {shlex.join(build)}")
        must([str(PYTHON), *build])
    write_sums(Path(out))
    return 0 if arguments else test(["tests/packages"])


def write_sums(folder: Path) -> None:
    """SHA256SUMS of the files that are handed out, as sha256sum reads it."""
    files = sorted(file for file in folder.iterdir() if file.is_file())
    lines = []
    for file in files:
        with file.open("rb") as content:
            lines.append(f"{hashlib.file_digest(content, 'sha256').hexdigest()}  {file.name}\n")
        say(f"{file.stat().st_size / 1e6:6.1f} MB  dist/{file.name}")
    (folder / "SHA256SUMS").write_text("".join(lines))


def docs(arguments: list[str]) -> int:
    """Build the guides and the library's reference as pages that need no network, in dist/docs."""
    install_environment()
    return foreground([*DOCS, *arguments, "packaging/docs", "dist/docs"], os.environ.copy())


def lock(arguments: list[str]) -> int:
    """Renew the lock files from pyproject.toml; `lock --upgrade` takes the newest releases."""
    install_environment()
    pin = [str(PYTHON), "-m", "uv", "--quiet", "pip", "compile", "--universal", "--generate-hashes"]
    pin += ["--no-header", "--python-version", "3.11", *arguments]
    ours = [
        "--all-extras",
        "--group",
        "test",
        "--group",
        "dev",
        "--group",
        "docs",
        "pyproject.toml",
        "-o",
        "requirements.lock",
    ]
    servers = "tests/servers/"
    names = ("swift", "keystone", "azurite")
    others = [[f"{servers}{name}.in", "-o", f"{servers}{name}.lock"] for name in names]
    return max(foreground([*pin, *one], os.environ.copy()) for one in (ours, *others))


# -- Python packages --


def install_environment() -> None:
    """`.venv` with exactly what the lock says; does nothing when the stamp says that it is so already."""
    wanted = f"{hashlib.sha256(LOCK.read_bytes()).hexdigest()} {sys.platform} {platform.machine()}\n"
    if PYTHON.exists() and STAMP.exists() and STAMP.read_text() == wanted:
        return
    uv = shutil.which("uv")
    if not works(PYTHON):
        say(f"making {VENV}")
        make_environment(uv)
    say(f"installing the packages of {LOCK.name} into .venv")
    from_lock = ["install", "--quiet", "--require-hashes", "-r", str(LOCK)]
    if uv or has_module("uv"):
        command = [uv] if uv else [str(PYTHON), "-m", "uv"]
        into = ["--python", str(PYTHON)]
        must([*command, "pip", *from_lock, *into])
    else:
        if not has_module("pip"):
            must([str(PYTHON), "-m", "ensurepip", "--upgrade"])
        must([str(PYTHON), "-m", "pip", "--disable-pip-version-check", *from_lock])
    STAMP.write_text(wanted)


def make_environment(uv: str | None) -> None:
    shutil.rmtree(VENV, ignore_errors=True)  # a broken one: its Python is gone or too old
    if uv:
        must([uv, "venv", "--quiet", "--python", sys.executable, str(VENV)])
        return
    if not succeeds([sys.executable, "-c", "import ensurepip, venv"]):
        # Debian and Ubuntu split these off; the package carries the minor version of its Python.
        install_packages([f"python3.{sys.version_info.minor}-venv"])
    must([sys.executable, "-m", "venv", str(VENV)])


def works(python: Path) -> bool:
    return python.exists() and succeeds(
        [str(python), "-c", "import sys; sys.exit(sys.version_info < (3, 11))"]
    )


def has_module(name: str) -> bool:
    code = f"import sys, importlib.util as u; sys.exit(u.find_spec({name!r}) is None)"
    return succeeds([str(PYTHON), "-c", code])


# -- the system --


def install_system(needs: tuple[Need, ...]) -> None:
    """What is missing of `needs`, by apt; on other systems than Linux, wheels bring all there is to bring."""
    if LINUX and (missing := find_missing(needs)):
        install_packages(missing)


def find_missing(needs: tuple[Need, ...]) -> list[str]:
    """Debian's names. Libraries are looked up by their file: packages are renamed (libglib2.0-0t64)."""
    ldconfig = shutil.which("ldconfig") or "/sbin/ldconfig"
    listing = subprocess.run([ldconfig, "-p"], capture_output=True, text=True, check=True).stdout
    libraries = {line.split()[0] for line in listing.splitlines() if "=>" in line}
    missing = []
    for need in needs:
        if need.library:
            there = need.library in libraries
        elif need.program:
            there = shutil.which(need.program, path=EVERYWHERE) is not None
        else:
            there = has_fonts()
        if not there:
            missing.append(need.package)
    return missing


def has_fonts() -> bool:
    folders = (Path("/usr/share/fonts"), Path("/usr/local/share/fonts"), Path.home() / ".local/share/fonts")
    return any(next(folder.rglob("*.[ot]tf"), None) for folder in folders)


def install_packages(names: list[str]) -> None:
    line = f"apt-get install --no-install-recommends {' '.join(names)}"
    if not shutil.which("apt-get"):
        raise SetupFailed(
            f"missing on this system, under Debian's names: {' '.join(names)}\n"
            "Install what your distribution calls them, then run this again."
        )
    if not (rights := root_rights()) and not is_root():
        raise SetupFailed(f"missing on this system. Type this line, then run this again:\n  sudo {line}")
    say(f"installing on this system, by apt: {' '.join(names)}")
    quiet = [*rights, "env", "DEBIAN_FRONTEND=noninteractive", "apt-get", "-qq", "-o", "Dpkg::Use-Pty=0"]
    must([*quiet, "update"])
    must([*quiet, "install", "-y", "--no-install-recommends", *names])


def root_rights() -> list[str]:
    """How to begin a command line so that it runs as root; [] when it already would, or cannot."""
    if is_root() or not shutil.which("sudo"):
        return []
    can_ask = sys.stdin is not None and sys.stdin.isatty()
    return ["sudo"] if can_ask or succeeds(["sudo", "-n", "true"]) else []


def is_root() -> bool:
    return not WINDOWS and os.geteuid() == 0


def install_servers() -> None:
    """The servers of the tests that come from a lock of their own; each says where it goes first."""
    must([str(PYTHON), "-m", "tests.servers"])


def has_display() -> bool:
    return not LINUX or bool(os.environ.get("DISPLAY") or os.environ.get("WAYLAND_DISPLAY"))


@contextlib.contextmanager
def virtual_display(screen: str) -> Iterator[dict[str, str]]:
    """A private X server on a number of its own choice; yields the environment that leads to it."""
    reader, writer = os.pipe()
    # -noreset: without it the server forgets everything each time its last window closes.
    argv = ["Xvfb", "-displayfd", str(writer), "-screen", "0", screen, "-nolisten", "tcp", "-noreset"]
    with background(argv, pass_fds=(writer,)):
        os.close(writer)
        with open(reader, encoding="ascii") as answer:
            number = answer.readline().strip()  # empty when Xvfb ended without one
        if not number:
            raise SetupFailed("Xvfb did not start; try it by hand: Xvfb -displayfd 1")
        env = {key: value for key, value in os.environ.items() if key != "WAYLAND_DISPLAY"}
        yield {**env, "DISPLAY": f":{number}", "XDG_SESSION_TYPE": "x11"}


@contextlib.contextmanager
def private_bus() -> Iterator[list[str]]:
    """How to begin a command line so that it has a session bus of its own, which ends with it."""
    if not shutil.which("dbus-run-session"):
        yield []
        return
    with tempfile.TemporaryDirectory(prefix="skyferry-bus-") as folder:
        file = Path(folder) / "bus.conf"
        file.write_text(BUS)
        yield ["dbus-run-session", f"--config-file={file}", "--"]


@contextlib.contextmanager
def window_manager(env: dict[str, str]) -> Iterator[None]:
    with tempfile.TemporaryDirectory(prefix="skyferry-openbox-") as folder:
        ready = Path(folder) / "ready"
        with background(["openbox", "--startup", f"touch {ready}"], env=env) as child:
            wait_until(ready.exists, child, "openbox")
            yield


def wait_until(there: Callable[[], bool], child: subprocess.Popen[bytes], what: str) -> None:
    deadline = time.monotonic() + SECONDS_TO_START
    while not there():
        if child.poll() is not None or time.monotonic() > deadline:
            raise SetupFailed(f"{what} did not start within {SECONDS_TO_START} s")
        time.sleep(0.02)


# -- processes: all of them end with this one, by their group --


@contextlib.contextmanager
def background(
    argv: list[str], env: dict[str, str] | None = None, pass_fds: tuple[int, ...] = ()
) -> Iterator[subprocess.Popen[bytes]]:
    quiet = subprocess.DEVNULL
    child = subprocess.Popen(
        argv, env=env, stdin=quiet, stdout=quiet, stderr=quiet, pass_fds=pass_fds, start_new_session=True
    )
    try:
        yield child
    finally:
        end(child, signal.SIGTERM)


def foreground(argv: list[str], env: dict[str, str]) -> int:
    """Run to the end and return the exit code. Ctrl-C goes to all its processes; none stays behind."""
    child = subprocess.Popen(argv, cwd=ROOT, env=env, start_new_session=not WINDOWS)
    try:
        code = child.wait()
    except KeyboardInterrupt:
        end(child, signal.SIGINT)
        raise
    except SystemExit:  # from stop(), below
        end(child, signal.SIGTERM)
        raise
    end(child, signal.SIGTERM)  # whoever it left behind
    return code if code >= 0 else 128 - code


def end(child: subprocess.Popen[bytes], number: signal.Signals) -> None:
    """Ask the whole group to end, wait until it is empty, and end by force what is left then."""
    send(child, number)
    deadline = time.monotonic() + SECONDS_TO_END
    # dbus-run-session ends at once and leaves the tests it started to their own tidying.
    while (child.poll() is None or has_others(child)) and time.monotonic() < deadline:
        time.sleep(0.02)
    send(child, signal.SIGTERM if WINDOWS else signal.SIGKILL)
    child.wait()


def has_others(child: subprocess.Popen[bytes]) -> bool:
    """Whether processes of its group outlived it; dead ones that nobody has collected yet do not count."""
    if LINUX:
        return any(_is_alive_in(child.pid, file) for file in Path("/proc").glob("[0-9]*/stat"))
    if WINDOWS:
        return False
    try:
        os.killpg(child.pid, 0)
    except (ProcessLookupError, PermissionError):  # macOS says the second for a group of dead ones
        return False
    return True


def _is_alive_in(group: int, stat: Path) -> bool:
    try:
        state, _parent, its_group = stat.read_text().rpartition(")")[2].split()[:3]
    except OSError:
        return False  # it ended while we looked
    return int(its_group) == group and state not in "ZX"


def send(child: subprocess.Popen[bytes], number: signal.Signals) -> None:
    with contextlib.suppress(ProcessLookupError, PermissionError):  # it has ended already
        if WINDOWS:
            child.terminate()
        else:
            os.killpg(child.pid, number)


def must(argv: list[str]) -> None:
    if code := foreground(argv, os.environ.copy()):
        raise SetupFailed(f"this ended with code {code}:\n  {shlex.join(argv)}")


def succeeds(argv: list[str]) -> bool:
    return subprocess.run(argv, capture_output=True, check=False).returncode == 0


def stop(number: int, _frame: FrameType | None) -> None:
    sys.exit(128 + number)


COMMANDS = {"run": run, "test": test, "check": check, "package": package, "docs": docs, "lock": lock}


def main() -> int:
    parser = argparse.ArgumentParser(
        description="Sets up, runs, tests, checks and packages Skyferry; further arguments are passed on.",
        epilog="\n".join(f"  {name:8} {command.__doc__}" for name, command in COMMANDS.items()),
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument("command", choices=COMMANDS)
    known, rest = parser.parse_known_args(sys.argv[1:2]), sys.argv[2:]
    signal.signal(signal.SIGTERM, stop)
    try:
        return COMMANDS[known[0].command](rest)
    except SetupFailed as problem:
        say(str(problem))
        return 1
    except KeyboardInterrupt:
        return 130


if __name__ == "__main__":
    sys.exit(main())
