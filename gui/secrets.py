"""Secrets: in the system's keyring, one item per account, or in memory for this run. Never in a file of ours.

Methods that reach the keyring may show a prompt of the system and wait minutes for it: run them in the
"keyring" pool, never at start-up. Which vault is used is decided here from a list, so that neither an
environment variable nor a `keyringrc.cfg` can put a plain-text, null or foreign one in its place. The package
keyring itself is imported with the vault: at the start it would take a tenth of the time to the first window.
"""

from __future__ import annotations

import hashlib
import json
import logging
import re
import sys
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from importlib import import_module
from typing import Protocol

SERVICE = "skyferry"
# Module, class, what people call it. Tried in this order; each says by itself whether it can work here.
VAULTS: Mapping[str, tuple[tuple[str, str, str], ...]] = {
    "linux": (
        ("keyring.backends.SecretService", "Keyring", "the system keyring (Secret Service)"),
        ("keyring.backends.kwallet", "DBusKeyring", "KWallet"),
    ),
    "darwin": (("keyring.backends.macOS", "Keyring", "the macOS keychain"),),
    "win32": (("keyring.backends.Windows", "WinVaultKeyring", "the Windows Credential Manager"),),
}
# Windows holds 2,560 bytes of UTF-16 per item (CRED_MAX_CREDENTIAL_BLOB_SIZE); with a margin.
CHUNK_UNITS = 1200
CHUNKS_MAX = 1000
MANIFEST = "skyferry chunks"
# Chunks are written into the slot that the manifest does not name, so that the old ones stay whole; what a
# crash leaves in it is found there by the next write, and by the deletion.
SLOTS = ("a", "b")
# Before there were slots each write had a name of its own, eight hexadecimal digits, in place of the slot's.
FORMER_SLOT = re.compile("[0-9a-f]{8}")
_log = logging.getLogger(__name__)


class SecretsError(Exception):
    """The keyring did not do it. `str()` is a sentence that holds no secret."""


class NoKeyringHereError(SecretsError):
    """This computer runs no keyring that may be trusted."""


class KeyringLockedError(SecretsError):
    """It is locked, or its prompt was dismissed."""


class KeyringRefusedError(SecretsError):
    """It is there and open, and said no."""


class Backend(Protocol):
    """What is used of a keyring."""

    def get_password(self, service: str, username: str) -> str | None: ...
    def set_password(self, service: str, username: str, password: str) -> None: ...
    def delete_password(self, service: str, username: str) -> None: ...


@dataclass(frozen=True, slots=True)
class Vault:
    """An open keyring and its name for people."""

    backend: Backend
    title: str


def system_vault() -> Vault:
    """The first keyring of this system's list that works. NoKeyringHereError."""
    reasons = []
    for module, name, title in VAULTS.get("linux" if sys.platform.startswith("linux") else sys.platform, ()):
        try:
            kind = import_module(module).__dict__[name]
            if kind.priority <= 0:
                continue
            backend = kind()
        except Exception as error:  # foreign code that fails in its own ways when its service is not there
            reasons.append(f"{title}: {error}")
            continue
        if sys.platform == "win32":
            backend.persist = "local machine"  # its default roams to other computers of a domain
        return Vault(backend, title)
    _log.info("no keyring: %s", "; ".join(reasons) or "none is known for this system")
    raise NoKeyringHereError("There is no keyring on this computer that can keep a secret.")


class Secrets:
    """The secret fields of each account, by account id."""

    def __init__(self, open_vault: Callable[[], Vault] = system_vault) -> None:
        self._open_vault = open_vault
        self._vault: Vault | None = None
        self._known: dict[str, dict[str, str]] = {}
        self._unsaved: set[str] = set()

    def __repr__(self) -> str:
        return f"<Secrets of {len(self._known)} accounts>"

    def known(self, account_id: str) -> Mapping[str, str] | None:
        """What was read or typed in this run; None: nothing yet. No I/O."""
        return self._known.get(account_id)

    def is_for_this_run(self, account_id: str) -> bool:
        """Whether the secret will be gone with this run. No I/O."""
        return account_id in self._unsaved

    def keep_for_this_run(self, account_id: str, values: Mapping[str, str]) -> None:
        """Remember until the program ends. No I/O."""
        self._known[account_id] = dict(values)
        self._unsaved.add(account_id)

    def vault_title(self) -> str:
        """Which keyring is used, for people. Opens it, reads nothing in it. NoKeyringHereError."""
        if self._vault is None:
            self._vault = self._open_vault()
        return self._vault.title

    def read(self, account_id: str) -> Mapping[str, str] | None:
        """The secret, asked of the keyring once per run; None when it holds none. SecretsError."""
        if account_id in self._known:
            return self._known[account_id]
        text = self._do("read", lambda backend: _read(backend, account_id))
        if text is None:
            return None
        values = _parse(text)
        if values is not None:
            self._known[account_id] = values
        return values

    def keep(self, account_id: str, values: Mapping[str, str]) -> str:
        """Save for good; returns the vault's name. With SecretsError it is kept for this run only."""
        self.keep_for_this_run(account_id, values)
        text = json.dumps(dict(values))  # ASCII: a character is a unit on every system, and no BOM gets lost
        self._do("save", lambda backend: _write(backend, account_id, text))
        self._unsaved.discard(account_id)
        return self._vault.title if self._vault else ""

    def delete(self, account_id: str) -> None:
        """Forget it here and in the keyring. SecretsError when the keyring may still hold it."""
        only_here = account_id in self._unsaved
        self._known.pop(account_id, None)
        self._unsaved.discard(account_id)
        try:
            self._do("delete", lambda backend: _delete(backend, account_id))
        except NoKeyringHereError:
            if not only_here:
                raise

    def _do(self, what: str, work: Callable[[Backend], str | None]) -> str | None:
        try:
            if self._vault is None:
                self._vault = self._open_vault()
            return work(self._vault.backend)
        except SecretsError:
            raise
        except Exception as error:
            # Keyrings raise their own errors, their D-Bus library's, Windows' ones. None may end the flow;
            # no text of theirs is shown or logged, because it may quote what was to be stored.
            title = self._vault.title if self._vault else "The keyring"
            self._vault = None  # its connection may be dead; the next try opens it anew
            _log.warning("could not %s a secret: %s", what, type(error).__name__)
            if _is_locked(error):
                raise KeyringLockedError(f"{_capital(title)} is locked.") from None
            raise KeyringRefusedError(
                f"{_capital(title)} could not {what} the secret ({type(error).__name__})."
            ) from None


# -- items --


def _write(backend: Backend, name: str, text: str) -> None:
    """One item; where that is refused for a long text, several, and last the manifest for them."""
    old = _manifest(backend.get_password(SERVICE, name))
    slot, count = "", 0
    try:
        backend.set_password(SERVICE, name, text)
    except Exception as error:
        chunks = [text[start : start + CHUNK_UNITS] for start in range(0, len(text), CHUNK_UNITS)]
        if not 1 < len(chunks) <= CHUNKS_MAX or _is_locked(error):
            raise
        slot, count = SLOTS[old is not None and old[0] == SLOTS[0]], len(chunks)
        _write_chunks(backend, name, slot, chunks)
    try:
        _delete_chunks(backend, name, {slot: count}, old)
    except Exception as error:  # the secret is saved; the next write or the deletion tries again
        _log.warning("old pieces of a secret could not be deleted: %s", type(error).__name__)


def _write_chunks(backend: Backend, name: str, slot: str, chunks: list[str]) -> None:
    for number, chunk in enumerate(chunks):
        backend.set_password(SERVICE, f"{name}/{slot}/{number}", chunk)
    digest = hashlib.sha256("".join(chunks).encode()).hexdigest()
    manifest = {MANIFEST: len(chunks), "slot": slot, "sha256": digest}
    backend.set_password(SERVICE, name, json.dumps(manifest))


def _read(backend: Backend, name: str) -> str | None:
    text = backend.get_password(SERVICE, name)
    manifest = _manifest(text)
    if text is None or manifest is None:
        return text
    slot, count, digest = manifest
    chunks = []
    for number in range(count):
        chunk = backend.get_password(SERVICE, f"{name}/{slot}/{number}")
        if chunk is None:
            break
        chunks.append(chunk)
    whole = "".join(chunks)
    if hashlib.sha256(whole.encode("utf-8", "replace")).hexdigest() != digest:
        _log.warning("a secret in the keyring is not whole; it has to be typed again")
        return None
    return whole


def _delete(backend: Backend, name: str) -> None:
    manifest = _manifest(backend.get_password(SERVICE, name))
    _delete_chunks(backend, name, {}, manifest)
    _delete_item(backend, name)


def _delete_chunks(
    backend: Backend, name: str, wanted: Mapping[str, int], old: tuple[str, int, str] | None
) -> None:
    """Delete every chunk beyond the first so many of each slot, those that an interrupted write left too."""
    for slot in SLOTS if old is None else dict.fromkeys((*SLOTS, old[0])):
        first = end = wanted.get(slot, 0)
        while backend.get_password(SERVICE, f"{name}/{slot}/{end}") is not None:
            end += 1
        if old is not None and old[0] == slot:
            end = max(end, old[1])  # also behind one that somebody else has deleted
        for number in reversed(
            range(first, end)
        ):  # from the end: what is left has no gap, and is found again
            _delete_item(backend, f"{name}/{slot}/{number}")


def _delete_item(backend: Backend, name: str) -> None:
    if backend.get_password(SERVICE, name) is None:
        return
    try:
        backend.delete_password(SERVICE, name)
    except Exception as error:
        if not _is_called(error, "PasswordDeleteError") or backend.get_password(SERVICE, name) is not None:
            raise


def _manifest(text: str | None) -> tuple[str, int, str] | None:
    """Slot, number of chunks and their SHA-256 when the item is a manifest."""
    if text is None or MANIFEST not in text:
        return None
    try:
        content = json.loads(text)
    except ValueError:
        return None
    match content:
        case {"skyferry chunks": int(count), "slot": str(slot), "sha256": str(digest)}:
            known = slot in SLOTS
        case {"skyferry chunks": int(count), "generation": str(slot), "sha256": str(digest)}:
            known = FORMER_SLOT.fullmatch(slot) is not None
        case _:
            return None
    return (slot, count, digest) if known and 0 < count <= CHUNKS_MAX else None


def _parse(text: str) -> dict[str, str] | None:
    try:
        content = json.loads(text)
    except ValueError:
        return None
    if not isinstance(content, dict) or not all(isinstance(value, str) for value in content.values()):
        return None
    return content


def _is_locked(error: Exception) -> bool:
    """KeyringLocked; also a dismissed prompt, which is an InitError or the D-Bus library's own error."""
    return _is_called(error, "KeyringLocked", "InitError", "LockedException", "PromptDismissedException")


def _is_called(error: Exception, *names: str) -> bool:
    """Whether it is an exception of one of these names: their classes are not imported here."""
    return any(kind.__name__ in names for kind in type(error).__mro__)


def _capital(text: str) -> str:
    return text[:1].upper() + text[1:]
