"""Settings: only differences are written, a newer version's are kept, a broken file is set aside."""

import json
import os
import stat
from pathlib import Path

import pytest

from gui.settings import Settings, portable_folders


@pytest.fixture
def file(tmp_path):
    return tmp_path / "config" / "settings.json"


def test_a_new_user_gets_the_usual_and_no_file(file):
    settings = Settings.load(file)
    assert settings == Settings()
    assert not file.exists()


def test_only_differences_are_written(file):
    settings = Settings.load(file)
    settings.theme = "dark"
    settings.save()
    assert json.loads(file.read_text()) == {"version": 1, "theme": "dark"}
    assert Settings.load(file).theme == "dark"


def test_what_is_usual_again_is_not_written_any_more(file):
    settings = Settings.load(file)
    settings.link_seconds = 60
    settings.save()
    settings.link_seconds = Settings().link_seconds
    settings.save()
    assert json.loads(file.read_text()) == {"version": 1}


def test_settings_that_this_version_does_not_know_survive(file):
    file.parent.mkdir()
    file.write_text('{"version": 1, "holograms": true}')
    settings = Settings.load(file)
    settings.theme = "light"
    settings.save()
    assert json.loads(file.read_text()) == {"version": 1, "holograms": True, "theme": "light"}


@pytest.mark.parametrize("value", ['"many"', "null", "[1]", "true", "1.5"])
def test_a_value_of_the_wrong_kind_counts_as_not_set(file, value):
    file.parent.mkdir()
    file.write_text(f'{{"version": 1, "link_seconds": {value}, "theme": "dark"}}')
    settings = Settings.load(file)
    assert settings.link_seconds == Settings().link_seconds
    assert settings.theme == "dark"


@pytest.mark.parametrize(
    ("name", "value"), [("theme", '"purple"'), ("transfers_at_once", "0"), ("link_seconds", "-1")]
)
def test_a_value_that_cannot_be_counts_as_not_set(file, name, value):
    file.parent.mkdir()
    file.write_text(f'{{"version": 1, "{name}": {value}}}')
    assert getattr(Settings.load(file), name) == getattr(Settings(), name)


@pytest.mark.parametrize("content", [b"{", b"\x00\xff", b"[]", b'{"version": 2}'])
def test_a_broken_file_is_set_aside_and_said(file, content):
    file.parent.mkdir()
    file.write_bytes(content)
    settings = Settings.load(file)
    assert settings == Settings()
    [aside] = file.parent.iterdir()
    assert aside.read_bytes() == content
    assert str(aside) in settings.problem
    settings.save()
    assert Settings.load(file).problem == ""


@pytest.mark.skipif(os.name != "posix", reason="modes")
def test_only_the_owner_can_read_the_file(file):
    Settings.load(file).save()
    assert stat.S_IMODE(file.stat().st_mode) == 0o600


def test_portable_keeps_everything_below_one_folder(tmp_path):
    folders = portable_folders(tmp_path)
    for path in (folders.accounts, folders.settings, folders.journal, folders.log, folders.lock):
        assert Path(path).is_relative_to(tmp_path)
