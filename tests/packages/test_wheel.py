"""The wheel and the sdist in dist/, each installed into an environment that had nothing, and used there.

PyPI brings what they require, in the versions of our lock.
"""

from __future__ import annotations

import email
import hashlib
import json
import os
import re
import subprocess
import sys
import tarfile
from collections.abc import Mapping
from pathlib import Path
from zipfile import ZipFile

import pytest
import trove_classifiers
from packaging.metadata import Metadata
from packaging.requirements import Requirement

from storage_core import __version__
from tests.packages.artefacts import ROOT, artefact
from tests.servers.moto import Moto
from tests.servers.swift import Swift

BARE = {"skyferry", "requests", "certifi", "charset-normalizer", "idna", "urllib3"}
PARTS = "PySide6, shiboken6, qasync, keyring, platformdirs, truststore, yaml"
THE_LINE = (
    f"skyferry: the window needs {PARTS}, which this Python does not have. "
    'This brings it: pip install "skyferry[all]"\n'
)
BOTH = pytest.mark.parametrize("kind", ["wheel", "sdist"])
SCRIPTS = "Scripts" if os.name == "nt" else "bin"

# Stores, reads back and deletes through one driver, which is told on standard input.
PROGRAM = """
import io, json, sys, uuid
from pathlib import Path
from storage_core.errors import ContainerDoesNotExistError
from storage_core.providers import get_driver
from storage_core.types import Provider

told = json.load(sys.stdin)
driver = get_driver(told["provider"])(*told["arguments"], **told["keywords"])
name = f"installed-{uuid.uuid4().hex}"
container = driver.create_container(name)
Path("here.bin").write_bytes(bytes(range(256)) * 4096)
driver.upload_object("here.bin", container, "folder/there.bin", extra={"meta_data": {"colour": "blue"}})
driver.upload_object_via_stream(iter([b"a", b"b"]), container, "streamed")
assert [one.name for one in container.list_objects()] == ["folder/there.bin", "streamed"]
found = driver.get_object(name, "folder/there.bin")
assert found.meta_data["colour"] == "blue", found.meta_data
assert found.download("back.bin", overwrite_existing=True)
assert Path("back.bin").read_bytes() == Path("here.bin").read_bytes()
assert b"".join(driver.get_object(name, "streamed").as_stream()) == b"ab"
for one in container.list_objects():
    one.delete()
container.delete()
try:
    driver.get_container(name)
except ContainerDoesNotExistError:
    print("all of it")
"""

TYPED = """
from storage_core.base import Container, Object, StorageDriver
from storage_core.providers import get_driver
from storage_core.types import Provider

driver: StorageDriver = get_driver(Provider.DUMMY)("key")
container: Container = driver.create_container("photos")
sizes: list[int] = [one.size for one in container.list_objects()]
first: Object = driver.get_object("photos", "one")
"""


@pytest.fixture(scope="module")
def wheel() -> Path:
    return artefact("skyferry-*.whl")


@pytest.fixture(scope="module")
def sdist() -> Path:
    return artefact("skyferry-*.tar.gz")


@pytest.fixture(scope="module")
def unpacked(sdist: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("unpacked")
    with tarfile.open(sdist) as archive:
        archive.extractall(folder, filter="data")
    [inside] = folder.iterdir()
    return inside


class Installed:
    """An environment of its own, and what one does in it."""

    def __init__(self, home: Path, *what: str) -> None:
        self.home = home
        self.python = home / SCRIPTS / "python"
        self.command = home / SCRIPTS / "skyferry"
        versions = home.parent / f"{home.name}-versions.txt"
        lock = (ROOT / "requirements.lock").read_text("utf-8")
        versions.write_text("\n".join(re.findall(r"^[^\s#]+==[^\\\n]+", lock, re.MULTILINE)))
        self.uv("venv", "--python", sys.executable, str(home))
        self.uv(
            "pip", "install", "--python", str(self.python), "-c", str(versions), "-b", str(versions), *what
        )

    def uv(self, *arguments: str) -> str:
        argv = [sys.executable, "-m", "uv", "--quiet", "--no-config", *arguments]
        done = subprocess.run(argv, capture_output=True, text=True, timeout=300, cwd=self.home.parent)
        assert done.returncode == 0, done.stderr
        return done.stdout

    def run(self, *argv: object, env: Mapping[str, str] = {}, told: str = "") -> tuple[int, str, str]:
        """Exit code, output, errors; in an empty folder, with nothing of our own environment."""
        folder = self.home.parent / f"{self.home.name}-cwd"
        folder.mkdir(exist_ok=True)
        done = subprocess.run(
            [str(one) for one in argv], input=told, capture_output=True, text=True, timeout=170, cwd=folder,
            env={"PATH": os.defpath, "HOME": str(folder), **env},
        )  # fmt: skip
        return done.returncode, done.stdout, done.stderr

    def distributions(self) -> set[str]:
        listed = self.uv("pip", "list", "--python", str(self.python), "--format", "json")
        return {one["name"] for one in json.loads(listed)}

    @property
    def packages(self) -> Path:
        [folder] = self.home.glob("[Ll]ib/**/site-packages")
        return folder


@pytest.fixture(scope="module")
def bare(wheel: Path, sdist: Path, tmp_path_factory: pytest.TempPathFactory) -> dict[str, Installed]:
    """The distribution without extras, from the wheel and from the sdist."""
    folder = tmp_path_factory.mktemp("bare")
    return {file.suffix: Installed(folder / file.suffix[1:], str(file)) for file in (wheel, sdist)}


@pytest.fixture(scope="module")
def whole(wheel: Path, tmp_path_factory: pytest.TempPathFactory) -> Installed:
    return Installed(tmp_path_factory.mktemp("whole") / "env", f"skyferry[all] @ {wheel.as_uri()}")


@pytest.fixture
def one(bare: dict[str, Installed], kind: str) -> Installed:
    return bare[".whl" if kind == "wheel" else ".gz"]


# -- the library alone --


@BOTH
def test_installed_bare_it_needs_requests_and_nothing_else(one: Installed) -> None:
    assert one.distributions() == BARE
    one.uv("pip", "check", "--python", str(one.python))


@BOTH
def test_two_packages_and_no_more_land_in_site_packages(one: Installed) -> None:
    ours = one.packages / f"skyferry-{__version__}.dist-info" / "RECORD"
    tops = {line.split(",")[0].split("/")[0] for line in ours.read_text("utf-8").splitlines()}
    assert tops == {"skyferry", "storage_core", ours.parent.name, ".."}  # `..`: the command in bin
    outside = [line for line in ours.read_text("utf-8").splitlines() if line.startswith("..")]
    assert len(outside) == 1, outside


@BOTH
@pytest.mark.parametrize("provider", ["dummy", "local", "openstack_swift", "s3"])
def test_the_library_stores_and_reads_back_with_requests_alone(
    one: Installed, provider: str, tmp_path: Path, swift_server: Swift, moto_server: Moto
) -> None:
    swift, moto = swift_server, moto_server
    arguments, keywords = {
        "dummy": (["key"], {}),
        "local": ([str(tmp_path)], {}),
        "openstack_swift": ([swift.access_key, swift.secret_key], {"auth_url": swift.auth_url}),
        "s3": ([moto.access_key, moto.secret_key], {"endpoint": moto.endpoint, "region": moto.region}),
    }[provider]
    told = json.dumps({"provider": provider, "arguments": arguments, "keywords": keywords})
    assert one.run(one.python, "-I", "-W", "error", "-c", PROGRAM, told=told) == (0, "all of it\n", "")


@BOTH
def test_the_command_prints_the_line_that_brings_the_window(one: Installed) -> None:
    assert THE_LINE.count("\n") == 1
    for argv in ([one.command], [one.python, "-m", "skyferry"], [one.command, "--tour"]):
        assert one.run(*argv) == (1, "", THE_LINE)


@BOTH
def test_the_command_tells_its_version_and_its_options_without_the_window(one: Installed) -> None:
    assert one.run(one.command, "--version") == (0, f"Skyferry {__version__}\n", "")
    code, said, errors = one.run(one.command, "--help")
    assert (code, errors) == (0, "")
    assert "--tour" in said
    code, said, errors = one.run(one.command, "--no-such-option")
    assert (code, said) == (2, "")
    assert "--no-such-option" in errors
    told = one.run(one.python, "-c", "from importlib.metadata import version; print(version('skyferry'))")
    assert told == (0, f"{__version__}\n", "")


# -- with the window --


def test_with_all_extras_the_command_opens_the_app_and_plays_the_tour(
    whole: Installed, tmp_path: Path
) -> None:
    whole.uv("pip", "check", "--python", str(whole.python))
    env = {"QT_QPA_PLATFORM": "offscreen", "HOME": str(tmp_path), "LANG": "C.UTF-8"}
    pictures = tmp_path / "pictures"
    code, said, errors = whole.run(whole.command, "--tour", "--screenshots", pictures, env=env)
    assert (code, errors) == (0, ""), said
    assert len(list(pictures.iterdir())) >= 5


def test_a_part_of_the_window_that_is_missing_is_named(wheel: Path, tmp_path: Path) -> None:
    env = Installed(tmp_path / "env", f"skyferry[gui] @ {wheel.as_uri()}")
    env.uv("pip", "uninstall", "--python", str(env.python), "qasync")
    code, said, errors = env.run(env.command)
    assert (code, said) == (1, "")
    assert errors == THE_LINE.replace(PARTS, "qasync")


def test_a_fault_inside_the_window_is_not_taken_for_a_missing_part(whole: Installed, tmp_path: Path) -> None:
    (tmp_path / "platformdirs.py").write_text("import a_part_of_a_part\n")
    code, _, errors = whole.run(
        whole.command, env={"PYTHONPATH": str(tmp_path), "QT_QPA_PLATFORM": "offscreen"}
    )
    assert code == 1
    assert errors.endswith("ModuleNotFoundError: No module named 'a_part_of_a_part'\n")
    assert "pip install" not in errors


# -- what others read in it --


@BOTH
def test_types_are_published_and_a_strict_checker_uses_them(one: Installed, tmp_path: Path) -> None:
    def check(text: str) -> tuple[int, str]:
        program = tmp_path / "program.py"
        program.write_text(text)
        argv = [sys.executable, "-m", "mypy", "--strict", "--config-file=", "--no-incremental"]
        argv += ["--python-executable", str(one.python), str(program)]
        done = subprocess.run(argv, capture_output=True, text=True, timeout=170, cwd=tmp_path)
        return done.returncode, done.stdout

    assert check(TYPED) == (0, "Success: no issues found in 1 source file\n")
    code, said = check(f'{TYPED}\nname: int = first.name\ndriver.get_object("photos")\n')
    assert code == 1
    assert '"str", variable has type "int"' in said
    assert 'Missing positional argument "object_name"' in said


def test_the_app_finds_its_pictures_guides_and_licences_beside_itself(wheel: Path) -> None:
    resources = ROOT / "resources"
    wanted = {
        f"skyferry/resources/{file.relative_to(resources).as_posix()}"
        for folder in ("icons", "help", "licences")
        for file in (resources / folder).rglob("*")
        if file.is_file()
    }
    assert len(wanted) > 50
    there = {name for name in ZipFile(wheel).namelist() if name.startswith("skyferry/resources/")}
    assert there == wanted  # and no screenshots of the README


def test_no_test_and_no_recipe_is_installed(wheel: Path) -> None:
    for name in ZipFile(wheel).namelist():
        assert not re.search(r"(^|/)(tests?|packaging|conftest|dev\.py|__pycache__)(/|\.|$)", name), name


def test_the_sdist_makes_the_same_wheel(unpacked: Path, wheel: Path, tmp_path: Path) -> None:
    argv = [sys.executable, "-m", "hatchling", "build", "-t", "wheel", "-d", str(tmp_path)]
    subprocess.run(argv, cwd=unpacked, check=True, capture_output=True, timeout=170)
    [again] = tmp_path.iterdir()
    assert again.name == wheel.name
    for one, other in zip(ZipFile(again).infolist(), ZipFile(wheel).infolist(), strict=True):
        assert one.filename == other.filename
        assert ZipFile(again).read(one) == ZipFile(wheel).read(other), one.filename
    assert hashlib.sha256(again.read_bytes()).digest() == hashlib.sha256(wheel.read_bytes()).digest()


@pytest.mark.timeout(400)  # it collects every test there is
def test_the_sdist_holds_what_its_tests_need(unpacked: Path) -> None:
    env = {**os.environ, "QT_QPA_PLATFORM": "offscreen"}
    argv = [sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider"]
    run = {"capture_output": True, "text": True, "timeout": 170, "cwd": unpacked, "env": env}
    collected = subprocess.run([*argv, "--collect-only", "tests"], **run)
    assert collected.returncode == 0, collected.stdout
    folders = {line.split("/")[1] for line in collected.stdout.splitlines() if line.startswith("tests/")}
    assert {"conformance", "documented", "drivers", "packages", "stories", "transfers", "window"} <= folders
    done = subprocess.run([*argv, "tests/drivers/test_aws4.py"], **run)
    assert done.returncode == 0, done.stdout


def test_the_metadata_says_what_it_is(wheel: Path, sdist: Path) -> None:
    info = f"skyferry-{__version__}"
    in_wheel = ZipFile(wheel).read(f"{info}.dist-info/METADATA")
    with tarfile.open(sdist) as archive:
        held = archive.extractfile(f"{info}/PKG-INFO")
        assert held
        assert held.read() == in_wheel
    said = Metadata.from_email(in_wheel)  # raises for each field that PyPI would refuse
    assert (said.name, str(said.version)) == ("skyferry", __version__)
    assert said.summary
    assert said.license_expression == "Apache-2.0"
    assert said.license_files == ["LICENSE"]
    assert ZipFile(wheel).read(f"{info}.dist-info/licenses/LICENSE") == (ROOT / "LICENSE").read_bytes()
    assert said.description == (ROOT / "README.md").read_text("utf-8")
    assert said.description_content_type == "text/markdown"
    assert set(said.classifiers or ()) <= trove_classifiers.classifiers
    pythons = {one.rpartition(" ")[2] for one in said.classifiers or () if ":: 3." in one}
    assert pythons == {"3.11", "3.12", "3.13", "3.14"}
    assert not said.project_urls  # there is no page of ours yet
    assert "Home-Page" not in email.message_from_bytes(in_wheel)


def test_each_extra_is_declared_and_all_has_them_all(wheel: Path) -> None:
    said = Metadata.from_email(ZipFile(wheel).read(f"skyferry-{__version__}.dist-info/METADATA"))
    required = said.requires_dist or []
    extras = set(said.provides_extra or ())
    assert extras == {"google", "aws", "azure", "openstack", "fast", "gui", "all"}

    def wanted(extra: str) -> set[str]:
        own = [one for one in required if one.marker is None or one.marker.evaluate({"extra": extra})]
        return {name for one in own for name in _resolved(one, wanted)}

    assert wanted("") == {"requests"}
    assert wanted("all") == set.union(*(wanted(extra) for extra in extras - {"all"}))


def _resolved(one: Requirement, wanted: object) -> set[str]:
    if one.name != "skyferry":
        return {one.name}
    assert callable(wanted)
    return set().union(*(wanted(extra) for extra in one.extras))
