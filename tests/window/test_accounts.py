"""Saved accounts: two are always there, only the owner reads the file, nothing is lost when it is broken."""

import json
import os
import stat

import pytest

from gui.accounts import DEMO_CLOUD, THIS_COMPUTER, Account, Accounts, Place, new_id

PHOTOS = Account(
    new_id(),
    "Photos",
    "s3",
    {"key": "AKIA", "region": "eu-central-1"},
    containers=("photos", "raw"),
    start="photos/2026/",
    proxy="http://proxy:3128",
    ca_file="/etc/ours.pem",
    pin="ab" * 32,
)


@pytest.fixture
def file(tmp_path):
    return tmp_path / "config" / "accounts.json"


def reload(file):
    accounts = Accounts(file)
    accounts.load()
    return accounts


def test_a_new_user_has_this_computer_and_the_demo_cloud(file):
    accounts = reload(file)
    assert [account.id for account in accounts.all()] == [THIS_COMPUTER, DEMO_CLOUD]
    assert accounts.problem == ""
    assert not file.exists()


def test_an_account_comes_back_as_it_was(file):
    accounts = reload(file)
    accounts.add(PHOTOS)
    accounts.save()
    assert reload(file).get(PHOTOS.id) == PHOTOS


def test_accounts_come_back_in_the_order_in_which_they_were_added(file):
    accounts = reload(file)
    added = [Account(new_id(), title, "s3") for title in ("z", "a", "m")]
    for account in added:
        accounts.add(account)
    accounts.save()
    assert [one.title for one in reload(file).all()[2:]] == ["z", "a", "m"]


def test_only_what_differs_is_written(file):
    accounts = reload(file)
    accounts.add(Account("one", "One", "s3"))
    accounts.save()
    assert json.loads(file.read_text()) == {
        "version": 1,
        "accounts": [{"id": "one", "title": "One", "provider": "s3"}],
    }


def test_the_built_in_accounts_are_not_written_changed_or_removed(file):
    accounts = reload(file)
    accounts.save()
    assert THIS_COMPUTER not in file.read_text()
    with pytest.raises(ValueError, match="cannot be changed"):
        accounts.replace(accounts.get(DEMO_CLOUD))
    with pytest.raises(ValueError, match="cannot be removed"):
        accounts.remove(THIS_COMPUTER)


def test_a_removed_account_is_gone_after_the_next_start(file):
    accounts = reload(file)
    accounts.add(PHOTOS)
    accounts.save()
    accounts.remove(PHOTOS.id)
    accounts.save()
    assert not reload(file).has(PHOTOS.id)


@pytest.mark.skipif(os.name != "posix", reason="modes")
def test_only_the_owner_can_read_the_file_and_enter_its_folder(file):
    file.parent.mkdir(mode=0o755)
    before = os.umask(0)
    try:
        accounts = reload(file)
        accounts.save()
    finally:
        os.umask(before)
    assert stat.S_IMODE(file.stat().st_mode) == 0o600
    assert stat.S_IMODE(file.parent.stat().st_mode) == 0o700


def test_a_failed_write_leaves_the_old_file_and_nothing_else(file, monkeypatch):
    accounts = reload(file)
    accounts.add(PHOTOS)
    accounts.save()
    before = file.read_bytes()

    def full(*_):
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(os, "fsync", full)
    accounts.add(Account("new", "New", "s3"))
    with pytest.raises(OSError, match="No space"):
        accounts.save()
    assert file.read_bytes() == before
    assert [one.name for one in file.parent.iterdir()] == [file.name]


@pytest.mark.parametrize(
    "content",
    [
        b"{",
        b"",
        b"[]",
        b"null",
        b"\xff\xfe",
        b'{"version": 99, "accounts": []}',
        b'{"version": "x"}',
        b"[" * 100_000,
        b'{"accounts": 7}',
        b'{"accounts": [{"id": "x"}]}',
        b'{"accounts": [{"id": "x", "title": "T", "provider": "s3", "values": {"key": 5}}]}',
        b'{"accounts": [{"id": 1, "title": "T", "provider": "s3"}]}',
    ],
)
def test_a_broken_file_is_set_aside_whole_and_said_once(file, content):
    file.parent.mkdir()
    file.write_bytes(content)
    accounts = reload(file)
    assert [account.id for account in accounts.all()] == [THIS_COMPUTER, DEMO_CLOUD]
    [aside] = [one for one in file.parent.iterdir() if ".broken-" in one.name]
    assert aside.read_bytes() == content
    assert str(aside) in accounts.problem
    assert reload(file).problem == ""


def test_what_can_be_read_of_a_broken_list_is_kept(file):
    file.parent.mkdir()
    good = {"id": "good", "title": "Good", "provider": "s3"}
    file.write_text(json.dumps({"version": 1, "accounts": [{"id": 5}, good]}))
    accounts = reload(file)
    assert accounts.get("good").title == "Good"
    assert accounts.problem
    assert reload(file).get("good").title == "Good"


def test_a_title_that_is_taken_gets_a_number(file):
    accounts = reload(file)
    accounts.add(Account("1", "Photos", "s3"))
    accounts.add(Account("2", "Photos 2", "s3"))
    assert accounts.free_title("Photos") == "Photos 3"
    assert accounts.free_title("Music") == "Music"


@pytest.mark.parametrize(
    ("place", "parent"),
    [
        (Place("a", "c", "x/y/"), Place("a", "c", "x/")),
        (Place("a", "c", "x/"), Place("a", "c")),
        (Place("a", "c"), Place("a")),
        (Place("a"), None),
        (Place("a", "c", "//"), Place("a", "c", "/")),
        (Place("a", "c", "/"), Place("a", "c")),
        (Place("a", "c", "x//"), Place("a", "c", "x/")),
    ],
)
def test_a_place_knows_what_is_above_it(place, parent):
    assert place.parent == parent
    if parent is not None and place.container:
        assert parent.below(place.name) == place


@pytest.mark.parametrize(
    "place", [Place("a"), Place("a", "c"), Place("a", "c", "x/y/"), Place("a", "c", "/")]
)
def test_a_place_can_be_written_and_read(place):
    assert Place.from_text("a", place.text()) == place


def test_a_typed_folder_needs_no_slash_at_its_end():
    assert Place.from_text("a", "c/x/y") == Place("a", "c", "x/y/")
