"""Secrets: in a real gnome-keyring, in none, in a locked one, in a small one; and never anywhere else."""

import gc
import hashlib
import json
import sys
import threading

import pytest
from keyring.errors import InitError, KeyringLocked, PasswordDeleteError, PasswordSetError

from gui import secrets
from gui.secrets import (
    SERVICE,
    KeyringLockedError,
    KeyringRefusedError,
    NoKeyringHereError,
    Secrets,
    Vault,
    system_vault,
)
from tests.servers import keyring

CANARY = "canary-5ecret"
LINUX = pytest.mark.skipif(not sys.platform.startswith("linux"), reason="Secret Service is Linux'")


class Fake:
    """A keyring in a dictionary that counts what it is asked, and refuses long items as Windows does."""

    def __init__(self, units=0):
        self.items = {}
        self.units = units
        self.reads = 0
        self.writes = 0
        self.fail_at_write = 0
        self.error = None

    def get_password(self, service, username):
        assert service == SERVICE
        self.reads += 1
        if self.error is not None:
            raise self.error
        return self.items.get(username)

    def set_password(self, service, username, password):
        assert service == SERVICE
        self.writes += 1
        if self.error is not None:
            raise self.error
        if self.writes == self.fail_at_write:
            raise OSError("the machine went down")
        if self.units and len(password.encode("utf-16-le")) // 2 > self.units:
            raise OSError(1783, "The stub received bad data")  # as pywintypes.error: no KeyringError
        self.items[username] = password

    def delete_password(self, service, username):
        if username not in self.items:
            raise PasswordDeleteError("no such password")
        del self.items[username]


def opened(fake):
    return Secrets(lambda: Vault(fake, "the fake keyring"))


# -- a real keyring --


@pytest.fixture
def real(monkeypatch):
    with keyring.running() as server:
        for name, value in server.env.items():
            monkeypatch.setenv(name, value)
        yield server


@LINUX
def test_a_secret_outlives_the_run_in_a_real_keyring(real):
    assert "Secret Service" in Secrets().keep("account", {"secret": CANARY, "token": "t"})
    assert Secrets().read("account") == {"secret": CANARY, "token": "t"}


@LINUX
def test_a_real_keyring_knows_nothing_of_an_account_that_was_deleted(real):
    kept = Secrets()
    kept.keep("account", {"secret": CANARY})
    kept.keep("other", {"secret": "other"})
    kept.delete("account")
    assert Secrets().read("account") is None
    assert Secrets().read("other") == {"secret": "other"}


@LINUX
def test_a_real_keyring_holds_long_and_foreign_text(real):
    values = {"secret": "𝄞 geheim\n" * 2000}
    Secrets().keep("account", values)
    assert Secrets().read("account") == values


@LINUX
@pytest.mark.filterwarnings(
    "ignore::pytest.PytestUnraisableExceptionWarning"
)  # keyring forgets its socket here
def test_a_locked_keyring_is_said_and_the_secret_stays_for_this_run(real):
    real.lock()
    kept = Secrets()
    with pytest.raises(KeyringLockedError):
        kept.keep("account", {"secret": CANARY})
    assert kept.known("account") == {"secret": CANARY}
    assert kept.is_for_this_run("account")
    with pytest.raises(KeyringLockedError):
        Secrets().read("account")
    gc.collect()


@LINUX
def test_without_a_bus_there_is_no_keyring(monkeypatch, tmp_path):
    monkeypatch.setenv("DBUS_SESSION_BUS_ADDRESS", f"unix:path={tmp_path}/nothing")
    kept = Secrets()
    with pytest.raises(NoKeyringHereError):
        kept.read("account")
    with pytest.raises(NoKeyringHereError):
        kept.keep("account", {"secret": CANARY})
    assert kept.read("account") == {"secret": CANARY}
    kept.delete("account")  # it was never anywhere else
    assert kept.known("account") is None


@LINUX
@pytest.mark.parametrize("backend", ["keyring.backends.null.Keyring", "tests.no.such.Backend"])
def test_neither_environment_nor_configuration_can_choose_another_vault(real, monkeypatch, tmp_path, backend):
    monkeypatch.setenv("PYTHON_KEYRING_BACKEND", backend)
    monkeypatch.setenv("XDG_CONFIG_HOME", str(tmp_path))
    folder = tmp_path / "python_keyring"
    folder.mkdir()
    (folder / "keyringrc.cfg").write_text(f"[backend]\ndefault-keyring={backend}\nkeyring-path={tmp_path}\n")
    Secrets().keep("account", {"secret": CANARY})
    assert type(system_vault().backend).__module__ == "keyring.backends.SecretService"
    assert Secrets().read("account") == {"secret": CANARY}


# -- any keyring --


def test_the_keyring_is_asked_once_per_run():
    fake = Fake()
    opened(fake).keep("account", {"secret": "s"})
    fake.reads = 0
    kept = opened(fake)
    for _ in range(3):
        assert kept.read("account") == {"secret": "s"}
    assert fake.reads == 1


def test_making_the_object_touches_no_keyring():
    def never():
        raise AssertionError("the keyring was opened at the start")

    kept = Secrets(never)
    kept.keep_for_this_run("account", {"secret": "s"})
    assert kept.known("account") == {"secret": "s"}


def test_one_account_is_one_item():
    fake = Fake()
    opened(fake).keep("account", {"secret": "s", "token": "t"})
    assert {name: json.loads(text) for name, text in fake.items.items()} == {
        "account": {"secret": "s", "token": "t"}
    }


@pytest.mark.parametrize("text", ["x" * 5000, "ü" * 3000, "𝄞" * 2001, '"\\' * 900])
def test_a_secret_that_one_item_cannot_hold_is_split_over_several(text):
    fake = Fake(units=1280)
    opened(fake).keep("account", {"secret": text})
    assert len(fake.items) > 2
    assert opened(fake).read("account") == {"secret": text}


def test_a_short_secret_replaces_a_split_one_and_leaves_no_pieces():
    fake = Fake(units=1280)
    kept = opened(fake)
    kept.keep("account", {"secret": "x" * 5000})
    kept.keep("account", {"secret": "y" * 4000})
    assert opened(fake).read("account") == {"secret": "y" * 4000}
    kept.keep("account", {"secret": "short"})
    assert list(fake.items) == ["account"]


def test_deleting_a_split_secret_leaves_no_pieces():
    fake = Fake(units=1280)
    kept = opened(fake)
    kept.keep("account", {"secret": "x" * 5000})
    kept.delete("account")
    assert fake.items == {}


def former(values):
    """A keyring as Skyferry filled it before pieces were kept in two slots."""
    fake = Fake(units=1280)
    text = json.dumps(values, ensure_ascii=False)
    chunks = [text[start : start + 1200] for start in range(0, len(text), 1200)]
    for number, chunk in enumerate(chunks):
        fake.items[f"account/0badcafe/{number}"] = chunk
    digest = hashlib.sha256(text.encode()).hexdigest()
    manifest = {"skyferry chunks": len(chunks), "generation": "0badcafe", "sha256": digest}
    fake.items["account"] = json.dumps(manifest)
    return fake


def test_a_secret_that_was_split_the_former_way_is_read():
    values = {"secret": "ü" * 3000}
    assert opened(former(values)).read("account") == values


@pytest.mark.parametrize("new", ["short", "y" * 4000])
def test_a_secret_that_was_split_the_former_way_is_replaced_without_leftovers(new):
    fake = former({"secret": "x" * 5000})
    opened(fake).keep("account", {"secret": new})
    assert opened(fake).read("account") == {"secret": new}
    assert not [name for name in fake.items if "0badcafe" in name]


def test_a_secret_that_was_split_the_former_way_is_deleted_without_leftovers():
    fake = former({"secret": "x" * 5000})
    opened(fake).delete("account")
    assert fake.items == {}


def test_a_write_that_breaks_off_at_any_point_leaves_the_old_secret_or_the_new_one():
    new = {"secret": "new" * 1500}
    for at in range(1, 12):
        fake = Fake(units=1280)
        opened(fake).keep("account", {"secret": "old" * 1500})
        fake.writes, fake.fail_at_write = 0, at
        try:
            opened(fake).keep("account", new)
        except KeyringRefusedError:
            expected = {"secret": "old" * 1500}
        else:
            expected = new
        assert opened(fake).read("account") == expected, f"broken off at write {at}"


def test_a_split_secret_with_a_lost_piece_counts_as_none():
    fake = Fake(units=1280)
    opened(fake).keep("account", {"secret": "x" * 5000})
    del fake.items[next(name for name in fake.items if name.endswith("/1"))]
    assert opened(fake).read("account") is None


@pytest.mark.parametrize("text", ["not json", "[1]", '{"secret": 5}', ""])
def test_an_item_that_is_not_ours_counts_as_none(text):
    fake = Fake()
    fake.items["account"] = text
    assert opened(fake).read("account") is None


@pytest.mark.parametrize(
    ("error", "ours"),
    [
        (KeyringLocked(CANARY), KeyringLockedError),
        (InitError(CANARY), KeyringLockedError),
        (PasswordSetError(CANARY), KeyringRefusedError),
        (OSError(CANARY), KeyringRefusedError),
        (RuntimeError(CANARY), KeyringRefusedError),
    ],
)
def test_every_trouble_of_a_keyring_becomes_a_sentence_without_the_secret(error, ours, caplog):
    fake = Fake()
    kept = opened(fake)
    fake.error = error
    with pytest.raises(ours) as caught:
        kept.keep("account", {"secret": CANARY})
    assert kept.read("account") == {"secret": CANARY}
    assert kept.is_for_this_run("account")
    assert CANARY not in str(caught.value)
    assert caught.value.__cause__ is None
    assert CANARY not in caplog.text


def test_a_secret_that_could_be_saved_later_is_for_good():
    fake = Fake()
    kept = opened(fake)
    fake.error = KeyringLocked()
    with pytest.raises(KeyringLockedError):
        kept.keep("account", {"secret": "s"})
    fake.error = None
    kept.keep("account", {"secret": "s"})
    assert not kept.is_for_this_run("account")
    assert opened(fake).read("account") == {"secret": "s"}


def test_no_secret_is_in_what_is_printed():
    kept = opened(Fake())
    kept.keep("account", {"secret": CANARY})
    assert CANARY not in repr(kept)
    assert CANARY not in str(kept)


def test_only_vaults_of_the_system_are_ever_tried():
    names = {f"{module}.{name}" for table in secrets.VAULTS.values() for module, name, _ in table}
    assert names == {
        "keyring.backends.SecretService.Keyring",
        "keyring.backends.kwallet.DBusKeyring",
        "keyring.backends.macOS.Keyring",
        "keyring.backends.Windows.WinVaultKeyring",
    }


def test_two_threads_do_not_mix_their_accounts():
    kept = opened(Fake())
    threads = [
        threading.Thread(target=kept.keep, args=(str(number), {"secret": str(number)}))
        for number in range(20)
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert all(kept.read(str(number)) == {"secret": str(number)} for number in range(20))
