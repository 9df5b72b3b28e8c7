"""Secrets where one item holds 1,280 characters: keyring's code for Windows, on a stand-in for Windows."""

import json
import os
import signal
import subprocess
import sys
from types import SimpleNamespace

import pytest
from keyring.backends import SecretService

from gui import secrets
from gui.secrets import CHUNK_UNITS, KeyringRefusedError, Secrets, system_vault
from tests.servers import keyring, windows_vault
from tests.servers.windows_vault import BLOB_MAX, Crash, Credentials, InKeyring

LINUX = pytest.mark.skipif(not sys.platform.startswith("linux"), reason="Secret Service is Linux'")
SHORT = {"secret": "short", "token": "t"}
PEM_LINE = "MIIEvQIBADANBgkqhkiG9w0BAQEF+/ASCBKcwggSjAgEAAoIBAQC7+/0123456789\n"
# Shaped as the file that Google hands out: 2,300 characters and more.
GOOGLE_KEY = json.dumps(
    {
        "type": "service_account", "project_id": "skyferry-test-project",
        "private_key_id": "0123456789abcdef0123456789abcdef01234567",
        "private_key": f"-----BEGIN PRIVATE KEY-----\n{PEM_LINE * 28}-----END PRIVATE KEY-----\n",
        "client_email": "skyferry@skyferry-test-project.iam.gserviceaccount.com",
        "client_id": "123456789012345678901", "auth_uri": "https://accounts.google.com/o/oauth2/auth",
        "token_uri": "https://oauth2.googleapis.com/token", "universe_domain": "googleapis.com",
    },
    indent=2,
)  # fmt: skip
assert len(GOOGLE_KEY) > 2300
ACCOUNT = "3f0e6a52c1d84b1c9a7be0c3d5f1a2b4"
TEXTS = {
    "a Google key file": GOOGLE_KEY,
    "one more than fits": "x" * (BLOB_MAX // 2 - len('{"secret": ""}') + 1),
    "as much as fits": "x" * (BLOB_MAX // 2 - len('{"secret": ""}')),
    "beyond the first plane": "𝄞" * 1500,
    "a byte order mark everywhere": "\ufeff" * 3000,
    "its mirror image": "\ufffe" * 3000,
    "quotes and lines": '"\\\n' * 1500,
    "half a character": "\ud83d" * 1500,
    "a text that looks like ours": json.dumps({"skyferry chunks": 3, "slot": "a", "sha256": ""}),
}


@pytest.fixture
def vault(monkeypatch):
    """Windows' vault, empty; what gui.secrets opens there."""
    credentials = Credentials({})
    monkeypatch.setattr(secrets, "sys", SimpleNamespace(platform="win32"))
    with windows_vault.installed(credentials):
        yield credentials


def test_it_is_keyrings_own_code_and_nothing_roams_to_other_computers(vault):
    opened = system_vault()
    assert type(opened.backend).__name__ == "WinVaultKeyring"
    assert opened.title == "the Windows Credential Manager"
    Secrets().keep("one", {"secret": GOOGLE_KEY})
    Secrets().keep("two", SHORT)
    persist = {json.loads(text)["Persist"] for text in vault.kept.values()}
    assert persist == {Credentials.CRED_PERSIST_LOCAL_MACHINE}


def test_the_stand_in_refuses_what_windows_refuses(vault):
    backend = system_vault().backend
    backend.set_password("s", "u", "x" * 1280)
    with pytest.raises(windows_vault.error) as caught:
        backend.set_password("s", "u", "x" * 1281)
    assert caught.value.winerror == 1783
    with pytest.raises(windows_vault.error) as caught:
        backend.set_password("s", "u" * 514, "x")
    assert caught.value.winerror == 87
    assert backend.get_password("s", "u") == "x" * 1280


@pytest.mark.parametrize("text", TEXTS.values(), ids=TEXTS)
def test_a_secret_of_any_length_and_letters_is_read_back(vault, text):
    Secrets().keep(ACCOUNT, {"secret": text})
    Secrets().keep("other", SHORT)
    assert Secrets().read(ACCOUNT) == {"secret": text}
    assert Secrets().read("other") == SHORT
    kept = Secrets()
    kept.delete(ACCOUNT)
    assert vault.user_names() == {"other"}
    kept.delete("other")
    assert vault.kept == {}


@pytest.mark.parametrize("first", [100, 2000, 5000, 9000])
@pytest.mark.parametrize("second", [100, 2000, 5000, 9000])
def test_long_replaces_short_and_short_long_and_no_piece_is_left(vault, first, second):
    kept = Secrets()
    kept.keep(ACCOUNT, {"secret": "a" * first})
    kept.keep("other", SHORT)
    kept.keep(ACCOUNT, {"secret": "b" * second})
    assert Secrets().read(ACCOUNT) == {"secret": "b" * second}
    pieces = 0 if second < 1280 else -(-(second + len('{"secret": ""}')) // CHUNK_UNITS)
    assert len(vault.user_names()) == pieces + 2


@pytest.mark.parametrize("old", [None, 100, 3000, 9000])
@pytest.mark.parametrize("new", [100, 5000])
def test_a_crash_at_any_step_of_a_write_leaves_the_old_secret_or_the_new_one_and_no_piece_for_ever(
    vault, old, new
):
    before, after = None if old is None else {"secret": "o" * old}, {"secret": "n" * new}
    for step in range(1, 100):
        vault.kept.clear()
        vault.crash_at = vault.writes = 0
        Secrets().keep("other", SHORT)
        if before is not None:
            Secrets().keep(ACCOUNT, before)
        vault.writes, vault.crash_at = 0, step
        crashed = False
        try:
            Secrets().keep(ACCOUNT, after)
        except Crash:
            crashed = True
        vault.crash_at = 0
        assert Secrets().read(ACCOUNT) in ((before, after) if crashed else (after,)), f"at step {step}"
        assert Secrets().read("other") == SHORT
        left = dict(vault.kept)
        Secrets().delete(ACCOUNT)
        assert vault.user_names() == {"other"}, f"left by a crash at step {step}, then deleted"
        vault.kept.clear()
        vault.kept.update(left)
        Secrets().keep(ACCOUNT, SHORT)
        assert vault.user_names() == {"other", ACCOUNT}, f"left by a crash at step {step}, then replaced"
        if not crashed:
            return
    raise AssertionError("the write never came to its end")


def test_a_crash_at_any_step_of_a_deletion_can_be_made_good(vault):
    for step in range(1, 100):
        vault.kept.clear()
        vault.crash_at = vault.writes = 0
        Secrets().keep(ACCOUNT, {"secret": "x" * 6000})
        Secrets().keep(ACCOUNT, {"secret": "y" * 5000})
        vault.writes, vault.crash_at = 0, step
        try:
            Secrets().delete(ACCOUNT)
        except Crash:
            vault.crash_at = 0
            assert Secrets().read(ACCOUNT) in (None, {"secret": "y" * 5000})
            Secrets().delete(ACCOUNT)
            assert vault.kept == {}
        else:
            assert vault.kept == {}
            return
    raise AssertionError("the deletion never came to its end")


def test_old_pieces_that_cannot_be_deleted_do_not_unsave_the_new_secret(vault, monkeypatch):
    kept = Secrets()
    kept.keep(ACCOUNT, {"secret": "x" * 5000})

    def refuse(**_):
        raise windows_vault.error(5, "CredDelete", "Access is denied.")

    monkeypatch.setattr(vault, "CredDelete", refuse)
    kept.keep(ACCOUNT, {"secret": "y" * 5000})
    assert not kept.is_for_this_run(ACCOUNT)
    assert Secrets().read(ACCOUNT) == {"secret": "y" * 5000}
    monkeypatch.undo()


def test_what_even_pieces_cannot_hold_is_refused_and_kept_for_this_run(vault):
    kept = Secrets()
    kept.keep(ACCOUNT, SHORT)
    with pytest.raises(KeyringRefusedError):
        kept.keep(ACCOUNT, {"secret": "x" * 1_300_000})
    assert kept.is_for_this_run(ACCOUNT)
    assert Secrets().read(ACCOUNT) == SHORT
    assert vault.user_names() == {ACCOUNT}


# -- kept by a real keyring, in processes that are really killed --

WRITER = """
import json, os, signal, sys
from types import SimpleNamespace
from keyring.backends import SecretService
from gui import secrets
from tests.servers import windows_vault

class Killed(windows_vault.Credentials):
    def _step(self):
        self.writes += 1
        if self.writes == self.crash_at:
            os.kill(os.getpid(), signal.SIGKILL)

vault = Killed(windows_vault.InKeyring(SecretService.Keyring()))
vault.crash_at = int(sys.argv[1])
secrets.sys = SimpleNamespace(platform="win32")
with windows_vault.installed(vault):
    secrets.Secrets().keep("account", {"secret": sys.stdin.read()})
"""


@LINUX
def test_a_process_that_is_killed_while_it_saves_a_key_file_loses_no_secret(monkeypatch):
    old, new = GOOGLE_KEY, GOOGLE_KEY.replace("skyferry@", "another@") + "𝄞" * 100
    with keyring.running() as server:
        for name, value in server.env.items():
            monkeypatch.setenv(name, value)
        monkeypatch.setattr(secrets, "sys", SimpleNamespace(platform="win32"))
        vault = Credentials(InKeyring(SecretService.Keyring()))
        with windows_vault.installed(vault):
            Secrets().keep("account", {"secret": old})
            for step in (1, 2, 4, 7, 10, 1000):
                argv = [sys.executable, "-c", WRITER, str(step)]
                done = subprocess.run(argv, input=new, text=True, env=os.environ, timeout=60, check=False)
                found = Secrets().read("account")
                if step == 1000:
                    assert (done.returncode, found) == (0, {"secret": new})
                    break
                assert done.returncode == -signal.SIGKILL
                assert found in ({"secret": old}, {"secret": new}), f"killed at step {step}"
            Secrets().delete("account")
            assert len(vault.kept) == 0
