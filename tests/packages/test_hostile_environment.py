"""What lies in the current folder or in Python's own variables is not run by the installed program."""

from __future__ import annotations

import os
import subprocess
import sys
import venv
from pathlib import Path

import pytest

from storage_core import __version__
from tests.packages.artefacts import artefact
from tests.packages.frozen import Bundle

# Names that the program imports, or that Python imports by itself at its start.
MODULES = (
    "gui", "skyferry", "storage_core", "requests", "keyring", "PySide6", "qasync", "platformdirs", "argparse",
    "json", "ssl", "sitecustomize", "usercustomize", "evil", "encodings", "os", "site",
)  # fmt: skip
BIN = "Scripts" if sys.platform == "win32" else "bin"


@pytest.fixture
def evil(tmp_path: Path) -> Path:
    """A folder full of modules that leave a proof when they are run."""
    folder = tmp_path / "evil"
    folder.mkdir()
    for name in MODULES:
        (folder / f"{name}.py").write_text(
            f"open({str(tmp_path / 'proof')!r}, 'a').write({name!r} + '\\n')\n"
        )
    return folder


def proof(evil: Path) -> str:
    file = evil.parent / "proof"
    return file.read_text() if file.exists() else ""


def test_pythons_variables_and_the_current_folder_mean_nothing_to_the_bundle(
    bundle: Bundle, evil: Path
) -> None:
    variables = {
        "PYTHONPATH": str(evil),
        "PYTHONHOME": str(evil),
        "PYTHONSTARTUP": str(evil / "evil.py"),
        "PYTHONUSERBASE": str(evil),
        "PYTHONPLATLIBDIR": str(evil),
        "PYTHONINSPECT": "1",
        "PYTHONBREAKPOINT": "evil.run",
        "PYTHONWARNINGS": "error::evil.Warning",
        "PYTHONEXECUTABLE": str(evil / "evil.py"),
        "PYTHON_KEYRING_BACKEND": "evil.Keyring",
    }
    tour = ("--portable", str(bundle.profile), "--tour", "--screenshots", str(bundle.scratch))
    done = subprocess.run(
        [str(bundle.program), *tour],
        env={**bundle.env, **variables}, cwd=evil, capture_output=True, text=True, timeout=120, check=False,
    )  # fmt: skip
    assert (done.returncode, done.stderr) == (0, "")
    assert "every byte is the same" in done.stdout
    assert proof(evil) == ""


def test_the_installed_command_does_not_look_into_the_current_folder(tmp_path: Path, evil: Path) -> None:
    home = tmp_path / "env"
    venv.create(home, with_pip=False)
    python = home / BIN / "python"
    subprocess.run(
        [sys.executable, "-m", "uv", "pip", "install", "--quiet", "--offline", "--no-deps",
         "--python", str(python), str(artefact("skyferry-*.whl"))], check=True,
    )  # fmt: skip
    env = {name: value for name, value in os.environ.items() if not name.startswith("PYTHON")}
    done = subprocess.run(
        [str(home / BIN / "skyferry"), "--version"], cwd=evil, env=env, capture_output=True, text=True
    )
    assert __version__ in done.stdout, done.stderr
    assert proof(evil) == ""


def test_python_m_does_as_the_page_on_security_says(evil: Path) -> None:
    """`python -m` looks into the current folder first, whatever the module: that is for a checkout."""
    for name in MODULES:
        if name != "gui":
            (evil / f"{name}.py").unlink()
    subprocess.run([sys.executable, "-m", "gui", "--version"], cwd=evil, check=True)
    assert proof(evil) == "gui\n"
