"""What lies about on a hostile computer is not run; and no door is left open to those who knock."""

from __future__ import annotations

import ast
import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

pytestmark = pytest.mark.window

ROOT = Path(__file__).parents[2]
ASK = """
from gui.secrets import NoKeyringHereError, Secrets, system_vault
for work in (system_vault, lambda: Secrets().read("a"), lambda: Secrets().keep("a", {"secret": "c4n4ry"})):
    try:
        work()
    except NoKeyringHereError:
        print("none")
"""


def sources() -> Iterator[tuple[str, ast.AST]]:
    for folder in ("gui", "storage_core"):
        for path in sorted((ROOT / folder).rglob("*.py")):
            yield path.relative_to(ROOT).as_posix(), ast.parse(path.read_text("utf-8"))


def said(tree: ast.AST) -> set[str]:
    """Every name, attribute and imported name that occurs."""
    found: set[str] = set()
    for node in ast.walk(tree):
        match node:
            case ast.Name(id=name) | ast.Attribute(attr=name):
                found.add(name)
            case ast.ImportFrom(module=module, names=names):
                found |= {module or "", *(alias.name for alias in names)}
            case ast.Import(names=names):
                found |= {alias.name for alias in names}
    return found


def users_of(*names: str) -> set[str]:
    return {path for path, tree in sources() if said(tree) & set(names)}


@pytest.mark.parametrize("how", ["environment", "configuration", "both"])
def test_no_module_that_a_configuration_names_is_loaded_as_a_keyring(tmp_path: Path, how: str) -> None:
    """keyring would import what PYTHON_KEYRING_BACKEND names, and put `keyring-path` before all others."""
    proof = tmp_path / "proof"
    evil = tmp_path / "evil"
    evil.mkdir()
    (evil / "evil_vault.py").write_text(f"open({str(proof)!r}, 'w').write('ran')\n")
    config = tmp_path / "config" / "python_keyring"
    config.mkdir(parents=True)
    env = {
        name: value for name, value in os.environ.items() if name not in ("DISPLAY", "PYTHON_KEYRING_BACKEND")
    }
    env |= {"XDG_CONFIG_HOME": str(config.parent), "DBUS_SESSION_BUS_ADDRESS": f"unix:path={tmp_path}/none"}
    if how in ("environment", "both"):
        env["PYTHON_KEYRING_BACKEND"] = "evil_vault.Keyring"
        env["PYTHONPATH"] = str(evil)
    if how in ("configuration", "both"):
        (config / "keyringrc.cfg").write_text(
            f"[backend]\ndefault-keyring=evil_vault.Keyring\nkeyring-path={evil}\n"
        )
    done = subprocess.run([sys.executable, "-c", ASK], cwd=ROOT, env=env, capture_output=True, text=True)
    assert (done.returncode, done.stdout.split()) == (0, ["none"] * 3), done.stderr
    assert not proof.exists()
    assert not any(b"c4n4ry" in path.read_bytes() for path in tmp_path.rglob("*") if path.is_file())


def test_pictures_are_drawn_from_our_own_resources_alone() -> None:
    """Qt's readers are not made for hostile pictures: no object's content is ever shown as one."""
    readers = (
        "QImage", "QImageReader", "QMovie", "QPicture", "QSvgRenderer", "QSvgWidget", "loadFromData",
        "QPdfDocument", "QMediaPlayer", "QWebEngineView", "QQuickView", "QFileIconProvider",
    )  # fmt: skip
    # The guide shows its own pictures, and its page loads nothing that it was not handed.
    assert users_of(*readers) <= {"gui/icons.py", "gui/dialogs/guide.py"}
    loaded = [
        f"{path}:{node.lineno}"
        for path, tree in sources()
        for node in ast.walk(tree)
        if isinstance(node, ast.Call)
        and isinstance(node.func, ast.Name)
        and node.func.id in ("QPixmap", "QIcon")
        and any(_may_be_a_path(one) for one in node.args)
    ]
    assert {place.partition(":")[0] for place in loaded} == {"gui/icons.py"}, loaded


def _may_be_a_path(argument: ast.expr) -> bool:
    match argument:
        case ast.Constant(value=str()) | ast.JoinedStr():
            return True
        case ast.Call(func=ast.Name(id="str")):
            return True
    return False


def test_nothing_that_was_downloaded_is_opened_or_run() -> None:
    programs = (
        "subprocess", "QProcess", "startDetached", "startfile", "webbrowser", "popen", "posix_spawn",
        "execv", "execve", "execvp", "execvpe", "spawnv", "spawnve", "ctypes",
    )  # fmt: skip
    assert users_of(*programs) == set()
    shell = {path for path, tree in sources() for node in ast.walk(tree) if ast.unparse(node) == "os.system"}
    assert shell == set()
    # A link of the guide after a question that shows all of it, and the log's folder.
    assert users_of("openUrl") <= {"gui/flows/help.py"}


def test_no_door_is_opened_to_other_programs_but_two_that_are_known() -> None:
    """One program per profile is a matter of a lock file: no socket, no pipe, no port."""
    doors = (
        "QLocalServer", "QTcpServer", "QUdpSocket", "socketserver", "start_server", "create_server", "listen",
        "registerObject", "registerService",
    )  # fmt: skip
    known = {
        "storage_core/tokens/entra.py",  # the browser comes back to it; on loopback, three minutes at most
        "gui/panes/ark.py",  # a drag: Dolphin names the folder over the user's own session bus
    }
    assert users_of(*doors) == known
    assert users_of("PySide6.QtNetwork") == {"gui/network.py"}  # which asks for the system's proxy
    assert users_of("QNetworkAccessManager", "QTcpSocket", "QSslSocket", "QWebSocket") == set()
