"""Object names to local paths and back: one reversible map per file system that never leaves a folder.

Names stay as they are wherever the file system can hold them. What it cannot hold is written `%XX`
(upper-case hex): NUL, `.` and `..`, on Windows also `<>:"|?*\\`, control characters, a last dot or space
and the first letter of a device name. An empty component (a leading, double or trailing slash) is `%empty`.
A component over the limit goes into nested folders: `first%~/%~second%~/%~third`. A `%` stays a `%` unless
what it begins would be read as one of these.

The other way round, file names that are no Unicode (undecodable bytes, lone surrogates) are written `%uDCFF`
in the object's name. So every object name has one path, and every path one object name; a path that only
looks escaped (`My%20Photo.jpg`) is what it says.
"""

from __future__ import annotations

import os
import re
import secrets
import sys
import unicodedata
from collections.abc import Callable
from dataclasses import dataclass

from storage_core.errors import InvalidObjectNameError

EMPTY = "%empty"
JOINT = "%~"


@dataclass(frozen=True, slots=True)
class Rules:
    """What one family of file systems refuses in a single file name. Lengths in UTF-8 bytes or UTF-16 units.

    `lone`: the surrogates that stand for what is no Unicode in its names, raw bytes or unpaired UTF-16 units.
    """

    name: str  # of the rules
    separator: str  # between two parts of a path
    also_separator: str = ""  # read as a separator, never written
    forbidden: frozenset[str] = frozenset("\0/")  # letters that no file name may hold
    last_forbidden: str = ""  # letters that may not come last
    reserved: frozenset[str] = frozenset()  # device names, in lower case
    length_max: int = 255  # of one file name
    utf16: bool = False  # counted in UTF-16 units, not in bytes
    lone: str = "\udc80-\udcff"

    def length(self, text: str) -> int:
        """How long the file system finds this text."""
        return len(self.encoded(text)) // 2 if self.utf16 else len(self.encoded(text))

    def encoded(self, text: str) -> bytes:
        """The name as the disk has it."""
        return (
            text.encode("utf-16-le", "surrogatepass")
            if self.utf16
            else text.encode("utf-8", "surrogateescape")
        )

    def decoded(self, data: bytes) -> str:
        """What the system calls it when the folder is listed."""
        return (
            data.decode("utf-16-le", "surrogatepass")
            if self.utf16
            else data.decode("utf-8", "surrogateescape")
        )


# learn.microsoft.com/windows/win32/fileio/naming-a-file: the superscripts count as digits there, and a device
# name is one whatever follows its first dot (`nul.txt.jpg`).
_DEVICES = frozenset(
    {"con", "prn", "aux", "nul", "conin$", "conout$", "clock$"}
    | {kind + digit for kind in ("com", "lpt") for digit in "0123456789¹²³"}
)
POSIX = Rules("posix", "/")
MACOS = Rules("macos", "/", lone="")  # its own file systems hold Unicode alone
WINDOWS = Rules(
    "windows",
    "\\",
    also_separator="/",
    forbidden=frozenset('<>:"|?*\\/' + "".join(map(chr, range(32)))),
    last_forbidden=". ",
    reserved=_DEVICES,
    utf16=True,
    lone="\ud800-\udfff",
)
CURRENT = WINDOWS if os.name == "nt" else MACOS if sys.platform == "darwin" else POSIX
"""The rules of this system: they hold where a call names none."""


def below(folder: str, object_name: str, rules: Rules | None = None) -> str:
    """The path of an object's file strictly inside `folder`."""
    return inside(folder, to_local(object_name, rules))


def inside(folder: str, local: str) -> str:
    """A folder's path and what `to_local` gave, as one path that the system takes at any length."""
    return at_any_length(os.path.join(folder, local))


def at_any_length(path: str) -> str:
    """A path as this system takes it however long it is."""
    return long_path(path) if os.name == "nt" else path


def long_path(path: str) -> str:
    """A Windows path in the form without the limit of 260 UTF-16 units (folders: 248), where it needs it."""
    path = os.path.abspath(path)
    if WINDOWS.length(path) < 240 or path.startswith("\\\\?\\"):
        return path
    return "\\\\?\\UNC" + path[1:] if path.startswith("\\\\") else "\\\\?\\" + path


def to_local(object_name: str, rules: Rules | None = None) -> str:
    """The relative path for an object's name. InvalidObjectNameError for a name that is no Unicode."""
    rules = rules or CURRENT
    try:
        object_name.encode("utf-8")
    except UnicodeEncodeError as error:
        raise InvalidObjectNameError(
            f"The name {object_name!r} is not valid Unicode.", None, object_name
        ) from error
    parts: list[str] = []
    for component in object_name.split("/"):
        parts += _disk_names(_with_surrogates(component, rules), rules)
    return rules.separator.join(parts)


def from_local(relative_path: str, rules: Rules | None = None) -> str:
    """The object's name for a relative path: what `to_local` got, or the path where nothing is escaped."""
    rules = rules or CURRENT
    if rules.also_separator:
        relative_path = relative_path.replace(rules.also_separator, rules.separator)
    parts = relative_path.split(rules.separator)
    names: list[str] = []
    at = 0
    while at < len(parts):
        text, used = _read_run(parts, at, rules)
        names.append(_without_surrogates(text, rules))
        at += used
    return "/".join(names)


def is_joint(file_name: str, rules: Rules | None = None) -> bool:
    """Whether a folder of this name holds the continuations of names that are too long for one file name."""
    rules = rules or CURRENT
    return file_name.endswith(JOINT) and rules.length(file_name) >= rules.length_max - 3


# -- one component to the disk --


def _disk_names(component: str, rules: Rules) -> list[str]:
    if rules.length(component) <= rules.length_max and not _must_escape(component, rules):
        return [component]
    return _pieces(_escaped(component, rules), rules)


def _must_escape(component: str, rules: Rules) -> bool:
    """Whether the disk refuses it, or it would be read as the escaped form of another name."""
    if _is_refused(component, rules) or is_joint(component, rules):
        return True
    while "%" in component:
        meaning = _read_escapes(component)
        if meaning == component or "".join(_escaped(meaning, rules)) != component:
            return False
        if _is_refused(meaning, rules) or is_joint(meaning, rules):
            return True
        component = meaning  # an escape of an escape of …
    return False


def _is_refused(component: str, rules: Rules) -> bool:
    return (
        component in ("", ".", "..")
        or not rules.forbidden.isdisjoint(component)
        or component[-1] in rules.last_forbidden
        or is_reserved(component, rules)
    )


def is_reserved(component: str, rules: Rules) -> bool:
    """Whether the system takes this file name for a device."""
    return bool(rules.reserved) and component.split(".", 1)[0].rstrip(" ").lower() in rules.reserved


def _escaped(component: str, rules: Rules) -> list[str]:
    """The component in pieces that must not be torn: characters and escapes."""
    if component == "":
        return [EMPTY]
    tokens = list(component)
    for at, letter in enumerate(component):
        if letter in rules.forbidden or (letter == "%" and _begins_escape(component, at)):
            tokens[at] = f"%{ord(letter):02X}"
    if component in (".", ".."):
        return ["%2E"] * len(component)
    if is_reserved(component, rules):
        tokens[0] = f"%{ord(component[0]):02X}"
    if component[-1] in rules.last_forbidden:
        tokens[-1] = f"%{ord(component[-1]):02X}"
    return tokens


def _begins_escape(component: str, at: int) -> bool:
    return (
        bool(_ESCAPE.match(component, at))
        or component == EMPTY
        or (at == len(component) - 2 and component.endswith(JOINT))
    )


def _pieces(tokens: list[str], rules: Rules) -> list[str]:
    """One file name, or a chain of folders and a file name whose joints mark it as one."""
    whole = "".join(tokens)
    if rules.length(whole) <= rules.length_max:
        return [whole]
    parts: list[str] = []
    part, length = "", 0
    for token in tokens:
        size = rules.length(token)
        if length + size + len(JOINT) > rules.length_max:
            parts.append(part + JOINT)
            part, length = JOINT, len(JOINT)
        part += token
        length += size
    return [*parts, part]


# -- and back --

_ESCAPE = re.compile("%([0-9A-F]{2})")


def _read_escapes(text: str) -> str:
    return "" if text == EMPTY else _ESCAPE.sub(lambda found: chr(int(found[1], 16)), text)


def _read_run(parts: list[str], start: int, rules: Rules) -> tuple[str, int]:
    """The component that begins at a part of a path, and of how many parts it is made."""
    if is_joint(parts[start], rules):
        end = start + 1
        while end < len(parts) and parts[end].startswith(JOINT) and is_joint(parts[end], rules):
            end += 1
        run = parts[start : end + 1]
        text = "".join(part.removeprefix(JOINT if at else "").removesuffix(JOINT if at < len(run) - 1 else "")
                       for at, part in enumerate(run))  # fmt: skip
        meaning = _read_escapes(text)
        if len(run) > 1 and _disk_names(meaning, rules) == run:
            return meaning, len(run)
    part = parts[start]
    if "%" in part:
        meaning = _read_escapes(part)
        if meaning != part and _disk_names(meaning, rules) == [part]:
            return meaning, 1
    return part, 1


# -- file names that are no Unicode --

_SURROGATE = re.compile("[\ud800-\udfff]")
_QUOTED = re.compile("%(?:u(D[89A-F][0-9A-F]{2})|25)")


def _without_surrogates(text: str, rules: Rules) -> str:
    """Unicode for a file name that may hold lone surrogates (Python's way to carry what it cannot decode)."""
    if text.isascii() and "%" not in text:
        return text
    return _quote(text) if _must_quote(text, rules) else text


def _with_surrogates(text: str, rules: Rules) -> str:
    if "%u" not in text and "%25" not in text:
        return text
    meaning = _unquote(text)
    if meaning != text and _quote(meaning) == text and _must_quote(meaning, rules):
        return meaning
    return text


def _must_quote(text: str, rules: Rules) -> bool:
    """Whether a file name is no Unicode, or would be read as the quoted form of one that is not."""
    while True:
        if _SURROGATE.search(text):
            return _is_on_disk(text, rules)
        meaning = _unquote(text)
        if meaning == text or _quote(meaning) != text:
            return False
        text = meaning  # a quote of a quote of …


def _is_on_disk(text: str, rules: Rules) -> bool:
    """Whether a disk can have this name: surrogates that make up a real character together cannot be."""
    if not rules.lone or any(not re.match(f"[{rules.lone}]", letter) for letter in _SURROGATE.findall(text)):
        return False
    return rules.decoded(rules.encoded(text)) == text


def _quote(text: str) -> str:
    text = _QUOTED.sub(lambda found: "%25" + found[0][1:], text)
    return _SURROGATE.sub(lambda found: f"%u{ord(found[0]):04X}", text)


def _unquote(text: str) -> str:
    return _QUOTED.sub(lambda found: chr(int(found[1], 16)) if found[1] else "%", text)


# -- names that differ in case or in accents' form alone --


# Unicode's Default_Ignorable_Code_Point (DerivedCoreProperties.txt): invisible, and ext4 (casefold) and HFS+
# compare names without them.
_IGNORED = re.compile(
    "[\u00ad\u034f\u061c\u115f\u1160\u17b4\u17b5\u180b-\u180f\u200b-\u200f\u202a-\u202e\u2060-\u206f\u3164"
    "\ufe00-\ufe0f\ufeff\uffa0\ufff0-\ufff8\U0001bca0-\U0001bca3\U0001d173-\U0001d17a\U000e0000-\U000e0fff]"
)


def folded(path: str) -> str:
    """What two paths share when some disk would take them for the same file.

    Wider than any one disk: a pair that yours tells apart may fold alike (NTFS does not take ß for SS), but
    no pair that it confuses is left out.
    """
    if path.isascii():
        return path.lower()
    plain = _IGNORED.sub("", unicodedata.normalize("NFD", path).casefold())
    return unicodedata.normalize("NFC", unicodedata.normalize("NFD", plain).casefold())


def is_case_blind(folder: str) -> bool:
    """Whether this folder takes two spellings for one name: `A` and `a`, or é in one character and in two.

    Writes an empty file, twice for a moment. OSError.
    """
    name = f".skyferry-case-{secrets.token_hex(8)}"
    if _is_found(folder, name, name.upper()):
        return True
    try:
        return _is_found(folder, f"{name}-\u00e9", f"{name}-e\u0301")
    except OSError:  # a disk that holds no such name
        return False


def _is_found(folder: str, name: str, other: str) -> bool:
    probe = os.path.join(folder, name)
    with open(probe, "x"):
        pass
    try:
        return os.path.lexists(os.path.join(folder, other))
    finally:
        os.unlink(probe)


_DOUBLE_ENDING = re.compile(r"\.tar\.[a-z0-9]{1,4}$", re.IGNORECASE)


def free_name(path: str, is_taken: Callable[[str], bool], rules: Rules | None = None) -> str:
    """`path`, or the first of `name (2).txt`, `name (3).txt`, … that nobody has; it still fits the disk.

    `is_taken` is asked with whole paths; on a case-blind folder let it compare `folded` ones.
    """
    if not is_taken(path):
        return path
    rules = rules or CURRENT
    cut = max(path.rfind(letter) for letter in ("/", rules.separator)) + 1
    folder, name = path[:cut], path[cut:]
    double = _DOUBLE_ENDING.search(name)
    stem, ending = (name[: double.start()], double[0]) if double else os.path.splitext(name)
    number = 2
    while True:
        tail = f" ({number}){ending}"
        short = stem
        while short and rules.length(short + tail) > rules.length_max >= rules.length(name):
            short = short[:-1]
        candidate = f"{folder}{short}{tail}"
        if not is_taken(candidate):
            return candidate
        number += 1
