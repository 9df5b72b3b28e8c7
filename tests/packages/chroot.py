"""A bare Debian in a folder, of this machine's release: made once, kept as a tarball, unpacked per test.

Each command in it runs in mount and process namespaces of its own: nothing is ever mounted on this machine,
and what a command leaves running ends with it, also when the tests are killed. That takes root, or sudo that
does not ask.
"""

from __future__ import annotations

import fcntl
import os
import shlex
import shutil
import subprocess
import tempfile
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from functools import cache
from pathlib import Path

import platformdirs

INIT = Path(__file__).with_name("init.pl")
PROGRAMS = ("debootstrap", "unshare", "tar", "perl")
USER, UID = "tester", 1000
DEFAULT_SOURCES = {
    "debian": [("http://deb.debian.org/debian", "{codename}", "main")],
    "ubuntu": [("http://archive.ubuntu.com/ubuntu", "{codename}", "main universe")],
}
# What this machine's apt says about fetching holds inside, too: proxies, clocks that are wrong.
APT_SETTINGS = ("Acquire::Check-", "Acquire::http::Proxy", "Acquire::https::Proxy", "Acquire::Retries")
MOUNTS = """\
set -e
root=$1
mount -t proc proc "$root/proc"
mount -t tmpfs -o mode=1777 tmpfs "$root/dev/shm"
mount --bind "$2" "$root/var/cache/apt/archives"
mount --bind "$3" "$root/var/lib/apt/lists"
if [ -d /tmp/.X11-unix ]; then
    mkdir -p "$root/tmp/.X11-unix"
    mount --bind /tmp/.X11-unix "$root/tmp/.X11-unix"
fi
shift 3
exec chroot "$root" "$@"
"""


class ChrootFailed(RuntimeError):
    """The system could not be made, or a command in it failed; the message ends with what was said."""


@dataclass(frozen=True, slots=True)
class Done:
    code: int
    out: str
    err: str


@dataclass(slots=True)
class Running:
    """A command that goes on. `out` and `err` are files on this machine."""

    process: subprocess.Popen[bytes]
    ended: Path
    out: Path
    err: Path

    def codes(self) -> dict[int, int]:
        """How processes ended that the command left behind: code by process id, as it is inside."""
        lines = self.ended.read_text().splitlines() if self.ended.exists() else []
        return {int(pid): int(code) for pid, code in (line.split() for line in lines)}


@dataclass(slots=True)
class Chroot:
    root: Path
    rights: list[str]  # how to begin a command line so that it runs as root
    cache: Path
    logs: Path
    _count: int = 0
    _started: list[Running] = field(default_factory=list)

    def run(
        self,
        argv: list[str],
        *,
        user: str = "root",
        env: Mapping[str, str] | None = None,
        seconds: float = 300,
    ) -> Done:
        """To its end, and to the end of all it started."""
        running = self.start(argv, user=user, env=env)
        try:
            code = running.process.wait(seconds)
        except subprocess.TimeoutExpired:
            raise ChrootFailed(
                f"{shlex.join(argv)} went on for {seconds:g} s:\n{_tail(running.out)}{_tail(running.err)}"
            ) from None
        finally:
            self._end(running)
        return Done(code, running.out.read_text(errors="replace"), running.err.read_text(errors="replace"))

    def must(self, argv: list[str], *, user: str = "root", env: Mapping[str, str] | None = None) -> str:
        """What it printed. ChrootFailed when its code is not 0."""
        done = self.run(argv, user=user, env=env)
        if done.code:
            raise ChrootFailed(f"{shlex.join(argv)} ended with {done.code}:\n{done.out}{done.err}")
        return done.out

    def start(self, argv: list[str], *, user: str = "root", env: Mapping[str, str] | None = None) -> Running:
        """Start a command; it ends by itself, by `end_all`, or with the tests."""
        self._count += 1
        name = f"{self._count:02}-{Path(argv[0]).name}"
        ended = f"/run/ended-{self._count}"
        out, err = self.logs / f"{name}.out", self.logs / f"{name}.err"
        home = "/root" if user == "root" else f"/home/{user}"
        inside = {
            "PATH": "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin",
            "HOME": home,
            "USER": user,
            "LANG": "C.UTF-8",
            "DEBIAN_FRONTEND": "noninteractive",
            **(env or {}),
        }
        become = [] if user == "root" else ["setpriv", f"--reuid={UID}", f"--regid={UID}", "--init-groups"]
        command = ["env", "-i", f"--chdir={home}", *(f"{key}={value}" for key, value in inside.items())]
        namespaces = ["unshare", "--mount", "--pid", "--fork", "--kill-child", "--propagation", "private"]
        folders = [str(self.root), str(self.cache / "archives"), str(self.cache / "lists")]
        init = ["perl", "-e", INIT.read_text(), ended]
        whole = [
            *self.rights,
            *namespaces,
            "sh",
            "-c",
            MOUNTS,
            "sh",
            *folders,
            *init,
            *command,
            *become,
            *argv,
        ]
        with out.open("wb") as to_out, err.open("wb") as to_err:
            process = subprocess.Popen(
                whole, stdin=subprocess.PIPE, stdout=to_out, stderr=to_err, start_new_session=True
            )
        running = Running(process, self.root / ended[1:], out, err)
        self._started.append(running)
        return running

    def end(self, running: Running) -> None:
        """And everything that it started."""
        self._end(running)

    def end_all(self) -> None:
        for running in list(self._started):
            self._end(running)

    def install(self, *packages: str, recommended: bool = False) -> str:
        """By apt-get, as a person does who follows the packages' recommendations, or does not."""
        how = "--install-recommends" if recommended else "--no-install-recommends"
        return self.must(["apt-get", "-qq", "-o", "Dpkg::Use-Pty=0", "install", "-y", how, *packages])

    def put(self, source: Path | str, to: str, *, mode: str = "644", user: str = "root") -> None:
        """A file of this machine, or a text, into the system."""
        if isinstance(source, str):
            with tempfile.TemporaryDirectory() as folder:
                file = Path(folder) / "text"
                file.write_text(source, "utf-8")
                self.put(file, to, mode=mode, user=user)
            return
        owner = "0" if user == "root" else str(UID)
        place = ["install", "-D", "-m", mode, "-o", owner, "-g", owner, str(source), f"{self.root}{to}"]
        subprocess.run([*self.rights, *place], check=True, capture_output=True)

    def files(self) -> set[str]:
        """Every name in the system, save what changes by itself: logs, apt's and dpkg's notes, homes."""
        apart = (
            "/proc",
            "/dev",
            "/sys",
            "/tmp",
            "/run",
            "/var/cache/apt",
            "/var/lib/apt",
            "/var/log",
            "/home",
        )
        leave_out = [word for name in apart for word in ("-path", name, "-prune", "-o")]
        names = self.must(["find", "/", *leave_out, "-print"]).splitlines()
        return {name for name in names if not name.startswith("/var/lib/dpkg/") or "/info/" in name}

    def _end(self, running: Running) -> None:
        if running in self._started:
            self._started.remove(running)
        assert running.process.stdin is not None
        running.process.stdin.close()  # the first process inside waits for that
        running.process.wait(30)


@contextmanager
def bare_debian(logs: Path) -> Iterator[Chroot]:
    """The release of this machine, minimal, with one ordinary user. ChrootFailed where it cannot be made."""
    rights = root_rights()
    if missing := [
        name for name in PROGRAMS if not shutil.which(name, path=f"{os.environ['PATH']}:/usr/sbin")
    ]:
        raise ChrootFailed(f"{', '.join(missing)} not found: python3 dev.py package installs them")
    cache_folder = platformdirs.user_cache_path("skyferry") / "packages"
    for name in ("archives/partial", "lists/partial", "runs"):
        (cache_folder / name).mkdir(parents=True, exist_ok=True)
    with (cache_folder / "lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)  # apt's folders are for one at a time
        tarball = base_tarball(cache_folder, rights)
        for left in (cache_folder / "runs").iterdir():  # by runs that were killed
            _remove(left, rights)
        root = Path(tempfile.mkdtemp(prefix="debian-", dir=cache_folder / "runs"))
        chroot = Chroot(root, rights, cache_folder, logs)
        try:
            _must([*rights, "tar", "-xpzf", str(tarball), "--numeric-owner", "-C", str(root)])
            _must([*rights, "chmod", "755", str(root)])  # / of everybody inside
            chroot.put(Path("/etc/resolv.conf").resolve(), "/etc/resolv.conf")
            chroot.put(Path("/etc/hosts"), "/etc/hosts")
            # Nobody switches this system off: dpkg need not wait for the disk after each file.
            chroot.put("force-unsafe-io\n", "/etc/dpkg/dpkg.cfg.d/90tests")
            chroot.must(["apt-get", "-qq", "update"])
            yield chroot
        finally:
            chroot.end_all()
            _remove(root, rights)


def root_rights() -> list[str]:
    """ChrootFailed, with the line to type, where this user can not become root without being asked."""
    if os.geteuid() == 0:
        return []
    if shutil.which("sudo") and not subprocess.run(["sudo", "-n", "true"], capture_output=True).returncode:
        return ["sudo", "-n"]
    raise ChrootFailed(
        "This test installs the package in a bare Debian, in a folder, which takes root: for devices, owners "
        "of files and apt-get. Run it as root, or let sudo know you first:\n"
        "  sudo true && .venv/bin/python -m pytest tests/packages/test_deb_installed.py"
    )


# -- the system that is kept --


def base_tarball(folder: Path, rights: list[str]) -> Path:
    """A minimal system, made by debootstrap where it is not in the cache yet."""
    release = _os_release()
    codename = release["VERSION_CODENAME"]
    sources = apt_sources(release)
    tarball = folder / f"{release['ID']}-{codename}-{_printed(['dpkg', '--print-architecture'])}-1.tar.gz"
    if tarball.exists():
        return tarball
    print(f"making a bare {release['PRETTY_NAME']} for the tests in {folder}", flush=True)
    mirror, _, components = next(one for one in sources if one[1] == codename)
    root = Path(tempfile.mkdtemp(prefix="base-", dir=folder / "runs"))
    try:
        log = folder / "debootstrap.log"
        options = ["--variant=minbase", f"--components={components.replace(' ', ',')}"]
        path = f"{os.environ['PATH']}:/usr/sbin:/sbin"
        make = ["env", f"PATH={path}", "debootstrap", *options, codename, str(root), mirror]
        with log.open("wb") as output:
            if subprocess.run([*rights, *make], stdout=output, stderr=output, check=False).returncode:
                raise ChrootFailed(f"debootstrap failed:\n{_tail(log)}")
        base = Chroot(root, rights, folder, folder)
        base.put("".join(f"deb {' '.join(one)}\n" for one in sources), "/etc/apt/sources.list")
        base.put(apt_settings(), "/etc/apt/apt.conf.d/90machine")
        base.put("#!/bin/sh\nexit 101\n", "/usr/sbin/policy-rc.d", mode="755")  # no daemon is started
        made = f"{tarball}.made"
        user = [
            "useradd",
            "--root",
            str(root),
            "--create-home",
            "--uid",
            str(UID),
            "--shell",
            "/bin/sh",
            USER,
        ]
        _must([*rights, "env", f"PATH={path}", *user])
        _must([*rights, "sh", "-c", f"rm -rf {shlex.quote(str(root))}/var/cache/apt/archives/*.deb"])
        _must([*rights, "tar", "-I", "gzip -1", "-cf", made, "--numeric-owner", "-C", str(root), "."])
        os.replace(made, tarball)
    finally:
        _remove(root, rights)
    return tarball


def apt_sources(release: Mapping[str, str]) -> list[tuple[str, str, str]]:
    """Mirror, suite and components of the distribution itself, as this machine's apt knows them."""
    form = "$(REPO_URI)|$(RELEASE)|$(COMPONENT)|$(ORIGIN)"
    said = _printed(["apt-get", "indextargets", "--format", form, "Created-By: Packages"])
    found: dict[tuple[str, str], list[str]] = {}
    for line in said.splitlines():
        mirror, suite, component, origin = line.split("|")
        is_own = origin.lower() == release["ID"] and suite.startswith(release["VERSION_CODENAME"])
        is_own = is_own and mirror.startswith("http")  # a list of mirrors is nothing for debootstrap
        if is_own and component not in found.setdefault((mirror, suite), []):
            found[mirror, suite].append(component)
    if any(suite == release["VERSION_CODENAME"] for _, suite in found):
        return [(mirror, suite, " ".join(components)) for (mirror, suite), components in found.items()]
    if release["ID"] not in DEFAULT_SOURCES:
        raise ChrootFailed(
            f"{release['PRETTY_NAME']} is neither Debian nor Ubuntu: no package is tested here"
        )
    usual = DEFAULT_SOURCES[release["ID"]]
    return [
        (mirror, suite.format(codename=release["VERSION_CODENAME"]), what) for mirror, suite, what in usual
    ]


def apt_settings() -> str:
    lines = _printed(["apt-config", "dump"]).splitlines()
    return "".join(f"{line}\n" for line in lines if line.startswith(APT_SETTINGS))


@cache
def _os_release() -> Mapping[str, str]:
    lines = Path("/etc/os-release").read_text().splitlines()
    pairs = (line.partition("=") for line in lines if "=" in line)
    return {key: value.strip('"') for key, _, value in pairs}


def _printed(argv: list[str]) -> str:
    return subprocess.run(argv, capture_output=True, text=True, check=True).stdout.strip()


def _must(argv: list[str]) -> None:
    done = subprocess.run(argv, capture_output=True, text=True, check=False)
    if done.returncode:
        raise ChrootFailed(f"{shlex.join(argv)} ended with {done.returncode}:\n{done.stdout}{done.stderr}")


def _remove(folder: Path, rights: list[str]) -> None:
    """Only what is on this disk, should anything be mounted below after all."""
    for _ in range(3):
        done = subprocess.run([*rights, "rm", "-rf", "--one-file-system", str(folder)], capture_output=True)
        if done.returncode == 0:
            return
        time.sleep(0.5)  # a process of a killed namespace may be dying still
    raise ChrootFailed(f"{folder} could not be removed: {done.stderr.decode(errors='replace')}")


def _tail(path: Path, lines: int = 40) -> str:
    return "\n".join(path.read_text(errors="replace").splitlines()[-lines:]) + "\n"
