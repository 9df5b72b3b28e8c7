"""The environment report: what helps to find a fault, as text that may be posted in public.

Nothing in it names an account, a host, an object, a person or a folder of theirs: providers and transfers
are numbers, proxies are yes or no, of a log line stands what our own code says in it. It is in English, as
whoever reads it may not speak the user's language. Imported when it is wanted.
"""

from __future__ import annotations

import os
import platform
import re
import sys
from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from importlib import metadata
from pathlib import Path
from urllib.request import getproxies

from PySide6.QtCore import QLocale, Qt
from PySide6.QtGui import QGuiApplication

from storage_core import providers
from storage_core.errors import LibcloudError
from storage_core.redaction import redact

from . import notices
from .context import Context
from .settings import standard_folders
from .version import program

LOG_LINES = 20
LOG_BYTES = 200_000  # of the log's end
HIDDEN = "…"
LETTERS_MIN = 3  # of a text of the user's that is looked for; shorter ones would hide half of the report
# Beside Qt and Python: what takes part in reaching a service.
PARTS = (
    *("requests", "urllib3", "certifi", "cryptography", "google-auth", "botocore", "azure-identity"),
    *("keystoneauth1", "google-crc32c", "keyring", "secretstorage", "qasync", "truststore", "pyyaml"),
    *("platformdirs", "python-xlib"),
)
# Settings that say nothing about a person; the others are places, accounts and sizes of windows.
SAFE_SETTINGS = (
    *("theme", "show_containers", "show_transfers", "show_inspector", "bytes_per_second_max"),
    *("transfers_at_once", "link_seconds"),
)
_BEGINS = re.compile(r"\d{4}-\d\d-\d\d \d\d:\d\d:\d\d,\d{3} ")
_LINE = re.compile(r"\d{4}-\d\d-\d\d \d\d:\d\d:\d\d,\d{3} (WARNING|ERROR|CRITICAL) ([\w.]+): ")
_RAISED = re.compile(r"([A-Za-z_][\w.]*(?:Error|Exception|Warning|Interrupt|Exit))\b")
_ERRNO = re.compile(r"\[(?:Errno|WinError) \d+\]")
# What may stand in the words of a message all the same.
_STRANGE = (
    (re.compile(r"""["'“‘`(‹].*"""), HIDDEN),
    (re.compile(r"\S*[/\\@:]\S+"), HIDDEN),
    (re.compile(r"\b\w[\w-]*(?:\.\w[\w-]*)+"), HIDDEN),  # hosts, files, addresses in numbers
    (re.compile(r"\S{24,}"), HIDDEN),
)
_WORD = re.compile(r"[A-Za-z0-9][A-Za-z0-9 :._+-]{0,39}")


@dataclass(frozen=True, slots=True)
class Seen:
    """What only the GUI thread may ask; asking it waits for nothing."""

    qt_platform: str
    scheme: str
    screens: tuple[str, ...]
    locale: str


def look() -> Seen:
    """Ask Qt, on the GUI thread."""
    scheme = QGuiApplication.styleHints().colorScheme()
    screens = tuple(
        f"{screen.size().width()} × {screen.size().height()} at {screen.devicePixelRatio() * 100:.0f} %, "
        f"{screen.logicalDotsPerInch():.0f} dpi"
        for screen in QGuiApplication.screens()
    )
    names = {Qt.ColorScheme.Dark: "dark", Qt.ColorScheme.Light: "light"}
    return Seen(QGuiApplication.platformName(), names.get(scheme, "not said"), screens, QLocale().name())


def report(app: Context, seen: Seen, keyring: str, licences: Path) -> str:
    """All of it. Reads the log and metadata: call it in a thread. `keyring`: a sentence of `flows.help`."""
    head, system = program()
    lines = [
        head,
        f"System: {system}{_distribution()}",
        f"Desktop: {_env('XDG_CURRENT_DESKTOP')}, session {_env('XDG_SESSION_TYPE')}, "
        f"Qt platform {seen.qt_platform}, system theme {seen.scheme}",
        *(f"Screen: {screen}" for screen in seen.screens),
        f"Locale: {seen.locale}, files in {sys.getfilesystemencoding()}",
        f"Profile: {'the usual folders' if app.folders == standard_folders() else 'a folder of its own'}",
        f"Keyring: {keyring}",
        f"Proxy of the system: {'yes' if _has_proxy() else 'no'}",
        f"Parts: {_parts(licences)}",
        f"Accounts: {_accounts(app)}",
        f"Transfers: {_transfers(app)}",
        f"Settings that differ: {_settings(app)}",
        "",
        *_log(app.folders.log, _words(app)),
    ]
    return clean("\n".join(lines)) + "\n"


def clean(text: str, words: Iterable[str] = ()) -> str:
    """Without secrets, the user's own words (titles and fields of accounts), home folder and name."""
    text = redact(text)
    for word in sorted(set(words), key=len, reverse=True):
        text = re.sub(rf"(?<!\w){re.escape(word)}(?!\w)", HIDDEN, text)
    home = str(Path.home())
    if len(home) > 1:
        text = text.replace(home, "~")
    for name in {Path(home).name, os.environ.get("USER", ""), os.environ.get("USERNAME", "")}:
        if len(name) > 1:
            text = re.sub(rf"(?<![\w.-]){re.escape(name)}(?![\w-])", "~", text)
    return text


# -- the parts --


def _distribution() -> str:
    try:
        return (
            f", {platform.freedesktop_os_release().get('PRETTY_NAME', '')}, {' '.join(platform.libc_ver())}"
        )
    except OSError:  # not a Linux, or a bare one
        return ""


def _env(name: str) -> str:
    """What a desktop says of itself; anything that is more than a word is not shown."""
    value = os.environ.get(name, "")
    return value if _WORD.fullmatch(value) else ("something else" if value else "not said")


def _has_proxy() -> bool:
    return any(name != "no" for name in getproxies())


def _parts(licences: Path) -> str:
    """Installed extras with their versions. A package has its list of notices instead of metadata."""
    packaged = licences / notices.LIST
    if packaged.exists():
        known = {notices.key(one.name): one.version for one in notices.read(packaged.read_text("utf-8"))}
    else:
        known = {name: version for name in PARTS if (version := _version(name))}
    return ", ".join(f"{name} {known[name]}" if name in known else f"no {name}" for name in PARTS)


def _version(name: str) -> str:
    try:
        return metadata.version(name)
    except metadata.PackageNotFoundError:
        return ""


def _accounts(app: Context) -> str:
    """How many of each provider. A constant that is not in the table may be anything."""
    known = {row.constant for row in providers.rows(available=False)}
    saved = [account.provider for account in app.accounts.all() if not account.is_built_in]
    return _counted(Counter(name if name in known else "unknown" for name in saved)) or "none saved"


def _transfers(app: Context) -> str:
    try:
        rows = app.engine.changes(0).rows
    except LibcloudError as error:
        return f"not to be had ({type(error).__name__})"
    return _counted(Counter(str(row.state) for row in rows)) or "none"


def _counted(counts: Mapping[str, int]) -> str:
    return ", ".join(f"{count} {name}" for name, count in sorted(counts.items()))


def _settings(app: Context) -> str:
    changed = app.settings.differences()
    return ", ".join(f"{name} = {changed[name]}" for name in SAFE_SETTINGS if name in changed) or "none"


def _words(app: Context) -> list[str]:
    """What the user called things. The built-in accounts hold nothing but the home folder."""
    words: list[str] = []
    for account in app.accounts.all():
        if not account.is_built_in:
            words += [account.id, account.title, account.start, account.proxy, account.ca_file, account.pin]
            words += [*account.values.values(), *account.containers]
    return [word for word in words if len(word) >= LETTERS_MIN and word not in ("system", "none")]


# -- the log --


def _log(path: Path, words: Iterable[str]) -> list[str]:
    """The last warnings and errors, each on one line: when, who, what; of a traceback its kind."""
    try:
        with path.open("rb") as file:
            file.seek(max(0, path.stat().st_size - LOG_BYTES))
            text = file.read(LOG_BYTES).decode("utf-8", errors="replace")
    except FileNotFoundError:
        return ["Log: there is no file"]
    except OSError as error:
        return [f"Log: cannot be read ({type(error).__name__})"]
    found: list[str] = []
    is_ours = False  # whether the lines below a record belong to one that is shown
    for line in clean(text, words).splitlines():
        if _BEGINS.match(line):
            record = _LINE.match(line)
            is_ours = record is not None
            if record:
                found.append(record[0] + anonymous(line[record.end() :]))
        elif is_ours and (raised := _RAISED.match(line.removeprefix("  "))):
            found[-1] = f"{found[-1]} [{raised[1].rpartition('.')[2]}]"
    if not found:
        return ["Log: no warnings, no errors"]
    return ["Log, its last warnings and errors (shortened, without names):", *found[-LOG_LINES:]]


def anonymous(message: str) -> str:
    """What our own code says in a log message: its words up to the first colon, and the error's number.

    Behind the colon stands the text of an error, which may quote a service, and names of objects.
    """
    words, _, rest = message.partition(": ")
    for pattern, instead in _STRANGE:
        words = pattern.sub(instead, words)
    number = _ERRNO.search(rest)
    return f"{words[:160].strip()} {number[0] if number else ''}".strip()
