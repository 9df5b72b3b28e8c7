"""A stand-in for Windows' Credential Manager: keyring's own WinVaultKeyring runs on it, with all it does.

It refuses what Windows refuses: more than 2,560 bytes of a secret with error 1783, user names over 513 and
target names over 32,767 characters with 87.
Source: learn.microsoft.com/windows/win32/api/wincred/ns-wincred-credentialw
Where it keeps things is the caller's choice: a dictionary, or a real keyring of this system.
"""

from __future__ import annotations

import base64
import json
import sys
from collections.abc import Iterator, MutableMapping
from contextlib import contextmanager
from types import ModuleType
from typing import Any

from keyring.backend import KeyringBackend

BLOB_MAX, USER_NAME_MAX, TARGET_NAME_MAX = 5 * 512, 513, 32767
NOT_FOUND, INVALID_PARAMETER, BAD_STUB_DATA = 1168, 87, 1783


class error(Exception):
    """pywintypes.error, as win32cred raises it: no KeyringError."""

    def __init__(self, winerror: int, funcname: str, strerror: str) -> None:
        super().__init__(winerror, funcname, strerror)
        self.winerror, self.funcname, self.strerror = winerror, funcname, strerror


class Crash(BaseException):
    """The program ends here; nothing catches it."""


class Credentials:
    """win32cred. `writes` counts what changes something; at number `crash_at` the program ends instead."""

    CRED_TYPE_GENERIC = 1
    CRED_PERSIST_SESSION, CRED_PERSIST_LOCAL_MACHINE, CRED_PERSIST_ENTERPRISE = 1, 2, 3

    def __init__(self, kept: MutableMapping[str, str]) -> None:
        self.kept = kept
        self.writes = 0
        self.crash_at = 0

    def CredRead(self, TargetName: str, Type: int) -> dict[str, Any]:
        if TargetName.lower() not in self.kept:
            raise error(NOT_FOUND, "CredRead", "Element not found.")
        there = json.loads(self.kept[TargetName.lower()])
        return {**there, "CredentialBlob": base64.b64decode(there["CredentialBlob"])}

    def CredWrite(self, Credential: dict[str, Any], Flags: int) -> None:
        blob = Credential["CredentialBlob"].encode("utf-16-le", "surrogatepass")
        if len(Credential["UserName"]) > USER_NAME_MAX or len(Credential["TargetName"]) > TARGET_NAME_MAX:
            raise error(INVALID_PARAMETER, "CredWrite", "The parameter is incorrect.")
        if len(blob) > BLOB_MAX:
            raise error(BAD_STUB_DATA, "CredWrite", "The stub received bad data.")
        self._step()
        text = json.dumps({**Credential, "CredentialBlob": base64.b64encode(blob).decode()})
        self.kept[Credential["TargetName"].lower()] = text

    def CredDelete(self, TargetName: str, Type: int) -> None:
        if TargetName.lower() not in self.kept:
            raise error(NOT_FOUND, "CredDelete", "Element not found.")
        self._step()
        del self.kept[TargetName.lower()]

    def user_names(self) -> set[str]:
        """Of all that is kept. keyring keeps some twice, under a second target."""
        return {json.loads(text)["UserName"] for text in self.kept.values()}

    def _step(self) -> None:
        self.writes += 1
        if self.writes == self.crash_at:
            raise Crash


class InKeyring(MutableMapping[str, str]):
    """Credentials that a real keyring of this system keeps, each as one item."""

    def __init__(self, backend: KeyringBackend) -> None:
        self.backend = backend

    def __getitem__(self, name: str) -> str:
        text = self.backend.get_password("windows stand-in", name)
        if text is None:
            raise KeyError(name)
        return text

    def __setitem__(self, name: str, text: str) -> None:
        self.backend.set_password("windows stand-in", name, text)
        index = set(self) | {name}
        self.backend.set_password("windows stand-in: index", "index", json.dumps(sorted(index)))

    def __delitem__(self, name: str) -> None:
        self.backend.delete_password("windows stand-in", name)
        index = set(self) - {name}
        self.backend.set_password("windows stand-in: index", "index", json.dumps(sorted(index)))

    def __iter__(self) -> Iterator[str]:
        return iter(json.loads(self.backend.get_password("windows stand-in: index", "index") or "[]"))

    def __len__(self) -> int:
        return len(list(iter(self)))


@contextmanager
def installed(credentials: Credentials) -> Iterator[None]:
    """While it lasts, `import keyring.backends.Windows` finds this instead of Windows."""
    names = (
        "win32ctypes",
        "win32ctypes.pywin32",
        "win32ctypes.pywin32.pywintypes",
        "keyring.backends.Windows",
    )
    before = {name: sys.modules.pop(name, None) for name in names}
    package, pywin32, pywintypes = (ModuleType(name) for name in names[:3])
    pywintypes.__dict__["error"] = error
    credentials.__dict__["__name__"] = "win32cred"  # keyring asks for it, to see that it is really there
    pywin32.__dict__.update(pywintypes=pywintypes, win32cred=credentials)
    sys.modules.update(zip(names, (package, pywin32, pywintypes), strict=False))
    try:
        yield
    finally:
        for name, module in before.items():
            sys.modules.pop(name, None)
            if module is not None:
                sys.modules[name] = module
