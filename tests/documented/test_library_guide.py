"""*Use the library* runs from top to bottom as it is written; only keys, addresses and paths are replaced.

What stands behind a `print` in a comment is what it must print. `backup.py` runs as a process of its own,
which is killed in the middle and started again.
"""

from __future__ import annotations

import os
import re
import signal
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from storage_core.base import StorageDriver
from storage_core.providers import get_driver
from storage_core.types import Provider
from tests.servers.azurite import Azurite
from tests.servers.google_standin import GoogleStandin
from tests.servers.keystone import Keystone
from tests.servers.moto import Moto
from tests.servers.swift import Swift

ROOT = Path(__file__).parents[2]
PAGE = (ROOT / "resources/help/library-guide.md").read_text("utf-8")
FENCES = re.findall(r"^```(\w*)\n(.*?)^```$", PAGE, re.M | re.S)
BLOCKS = [code for language, code in FENCES if language == "python"]
BACKUP = next(code for code in BLOCKS if code.startswith("# backup.py\n"))
MIB = 1024 * 1024


@pytest.fixture
def places(
    moto_server: Moto,
    azurite_server: Azurite,
    google_standin_server: GoogleStandin,
    keystone_server: Keystone,
    swift_server: Swift,
    tmp_path: Path,
) -> dict[str, str]:
    """What the page says, and what stands for it here."""
    moto, azure, google, swift = moto_server, azurite_server, google_standin_server, keystone_server
    aws = f"{moto.access_key!r}, {moto.secret_key!r}, endpoint={moto.endpoint!r}, addressing='path'"
    account = f"{azure.account!r}, {azure.key!r}, False, '127.0.0.1', {azure.port}"
    person = f"{swift.user!r}, {swift.password!r}, auth_url={swift.auth_url!r}, project={swift.project!r}"
    return {
        '"access_key", "secret_key", region="eu-central-1"': aws,
        '"account", "key in base64"': account,
        'key_file="robot.json"': f"key_file={str(google.key_file)!r}, endpoint={google.endpoint!r}",
        '"jane", "password", auth_url="https://keystone.example.org/v3", project="photos"': (
            f"{person}, user_domain={swift.domain!r}, region={swift.region!r}"
        ),
        '"endpoint": "https://s3.example.org", "key": "access_key", "secret": "secret_key"': (
            f'"endpoint": {swift_server.endpoint!r}, "key": {swift_server.access_key!r}, '
            f'"secret": {swift_server.secret_key!r}'
        ),
        '"/home/you/Pictures"': repr(str(tmp_path)),
    }


@pytest.fixture
def amazon(moto_server: Moto, azurite_server: Azurite) -> Iterator[StorageDriver]:
    """The account in which the page works; what it leaves there, and on Azure, is taken away."""
    kind, azure = get_driver(Provider.S3), get_driver(Provider.AZURE_BLOBS)
    driver = kind(
        moto_server.access_key, moto_server.secret_key, endpoint=moto_server.endpoint, addressing="path"
    )
    yield driver
    for one in (driver, azure(azurite_server.account, azurite_server.key, False, port=azurite_server.port,
                              host="127.0.0.1")):  # fmt: skip
        for container in one.list_containers():
            if container.name.startswith("guide-"):
                one.delete_objects(container, [obj.name for obj in container.iterate_objects()])
                one.delete_container(container)


def with_places(code: str, places: dict[str, str]) -> str:
    for said, meant in places.items():
        code = code.replace(said, meant)
    return code


def promised(code: str) -> list[str]:
    """The lines that a block says it prints."""
    told = re.findall(r"^ *print\(.*\)  # (.+)$", code, re.M)
    return [line for text in told for line in text.split(" | ")]


def test_every_example_runs_as_it_is_written(
    places: dict[str, str],
    amazon: StorageDriver,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    monkeypatch.chdir(tmp_path)
    Path("IMG_0001.jpg").write_bytes(b"\xff\xd8\xff" + bytes(5000))
    Path("company-ca.pem").write_text("")
    space: dict[str, Any] = {"__name__": "guide"}
    used = set()
    for block in BLOCKS:
        if block == BACKUP:
            continue
        used |= {said for said in places if said in block}
        exec(compile(with_places(block, places), "library-guide.md", "exec"), space)
        assert capsys.readouterr().out.splitlines() == promised(block), block
    assert used == set(places)


def run_backup(folder: Path) -> subprocess.Popen[str]:
    return subprocess.Popen(
        [sys.executable, "backup.py"],
        cwd=folder,
        env={**os.environ, "PYTHONPATH": str(ROOT)},
        stdout=subprocess.PIPE,
        text=True,
    )


def test_the_backup_goes_on_where_it_was_killed(
    places: dict[str, str], amazon: StorageDriver, tmp_path: Path
) -> None:
    files = {f"Pictures/{number}.raw": os.urandom(4 * MIB) for number in range(6)}
    files["Pictures/film.mov"] = os.urandom(24 * MIB)
    (tmp_path / "Pictures").mkdir()
    for name, data in files.items():
        (tmp_path / name).write_bytes(data)
    (tmp_path / "backup.py").write_text(with_places(BACKUP, places))
    container = amazon.create_container("guide-backup")

    first = run_backup(tmp_path)
    assert first.stdout
    with first.stdout:
        for line in first.stdout:
            if int(line.split()[1]) > 34 * MIB:
                first.send_signal(signal.SIGKILL)
                break
    assert first.wait(30) == -signal.SIGKILL

    second = run_backup(tmp_path)
    said = second.communicate(timeout=120)[0].splitlines()
    assert second.returncode == 0
    assert int(said[0].split()[1]) > 8 * MIB, "it began anew"
    assert said[-1] == f"done: {48 * MIB} of {48 * MIB} bytes"
    stored = {obj.name: b"".join(obj.as_stream(MIB)) for obj in container.iterate_objects()}
    assert stored == files
    assert list(amazon.iterate_uploads(container)) == []


def test_what_is_not_python_on_the_page_is_how_to_install_it() -> None:
    assert [code for language, code in FENCES if language != "python"] == [
        "pip install .\n",
        'pip install ".[google,azure]"\n',
    ]
