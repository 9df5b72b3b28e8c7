"""A profile that came from a backup, open to everybody, is closed at the start."""

from __future__ import annotations

import logging
import os
import sys
from pathlib import Path

import pytest

from gui import records
from gui.accounts import Account, Accounts
from gui.saved_file import SavedFile
from gui.settings import Settings, portable_folders

pytestmark = pytest.mark.window


def modes(folder: Path) -> dict[str, str]:
    return {path.name: f"{path.stat().st_mode & 0o777:o}" for path in [folder, *folder.iterdir()]}


def test_what_was_restored_for_everybody_to_read_is_closed_when_it_is_read(tmp_path: Path) -> None:
    folders = portable_folders(tmp_path)
    listed = Accounts(folders.accounts)
    listed.add(Account("0a1b", "Photos", "s3", {"key": "AKID"}))
    listed.save()
    settings = Settings.load(folders.settings)
    settings.theme = "dark"
    settings.save()
    for path in (folders.config, folders.accounts, folders.settings):
        path.chmod(0o777)
    again = Accounts(folders.accounts)
    again.load()
    assert again.has("0a1b")
    assert Settings.load(folders.settings).theme == "dark"
    assert set(modes(folders.config).values()) == {"700", "600"}
    assert modes(folders.config)["config"] == "700"


def test_a_log_that_everybody_could_read_is_closed(tmp_path: Path) -> None:
    path = tmp_path / "logs" / "skyferry.log"
    path.parent.mkdir()
    path.write_text("old\n")
    path.chmod(0o666)
    root = logging.getLogger()
    before, level = list(root.handlers), root.level
    records.begin(path)
    for handler in [one for one in root.handlers if one not in before]:
        root.removeHandler(handler)
        handler.close()
    root.setLevel(level)
    assert modes(path.parent) == {"logs": "700", "skyferry.log": "600"}


def test_a_file_that_is_a_link_to_somewhere_else_is_read_and_what_it_leads_to_is_closed(
    tmp_path: Path,
) -> None:
    """People keep their settings in a repository of dot files."""
    real = tmp_path / "dotfiles.json"
    real.write_text('{"version": 1, "theme": "dark"}')
    real.chmod(0o644)
    link = tmp_path / "config" / "settings.json"
    link.parent.mkdir()
    link.symlink_to(real)
    assert SavedFile(link, 1).read() == {"theme": "dark"}
    assert real.stat().st_mode & 0o777 == 0o600
    assert link.is_symlink()


def test_a_file_that_cannot_be_closed_is_read_all_the_same(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    file = SavedFile(tmp_path / "config" / "settings.json", 1)
    file.write({"theme": "dark"})
    file.path.chmod(0o644)

    def refuse(*_: object) -> None:
        raise PermissionError("it belongs to somebody else")

    monkeypatch.setattr(os, "chmod", refuse)
    monkeypatch.setattr(Path, "chmod", refuse)
    assert file.read() == {"theme": "dark"}
    assert "settings.json" in caplog.text or sys.platform == "win32"
