"""What a person has at hand when adding an account, recognised: connection strings, key files, addresses.

Nothing is sent, and nothing but the one file that a person pasted the path of is read. What was pasted may
be a secret: it is in no error, no log and no `repr`. Call in a thread: a long YAML takes its time.
"""

from __future__ import annotations

import json
import re
from pathlib import Path
from urllib.parse import unquote, urlsplit

from . import addresses, aws, azure, google, openstack, rclone
from .found import CHARACTERS_MAX, FIELDS, WAYS, Found, PasteError, sections, settings

__all__ = ["FIELDS", "WAYS", "Found", "PasteError", "looks_pasted", "path_in", "recognise", "recognise_file"]

PATH_MAX = 4096
SHORT = 60  # what is typed into a search is shorter
_CONTROLS = re.compile(r"[\x00-\x08\x0b\x0c\x0e-\x1f\x7f]")


def recognise(text: str, path: str = "") -> Found | None:
    """What the text is, or None. `path`: the file it was read from. PasteError when it cannot be used."""
    if len(text) > CHARACTERS_MAX:
        raise PasteError("This is far too long to be a key, an address or a configuration file.")
    text = text.lstrip("\ufeff").strip()
    if not text:
        return None
    if _CONTROLS.search(text):
        raise PasteError("This holds invisible control characters, so it is not what it looks like.")
    if text[0] == "{":
        return _from_json(text, path)
    if text.startswith(rclone.ENCRYPTED) or f"\n{rclone.ENCRYPTED}" in text:
        raise PasteError("This rclone configuration is encrypted. “rclone config show” prints it readable.")
    if not re.search(r"\s", text):
        return _from_word(text)
    if any(mark in text for mark in ("AccountName=", "BlobEndpoint=")) and ";" in text:
        return azure.connection_string(text)
    read, given = sections(text), settings(text)
    return (
        openstack.clouds(text)
        or rclone.remotes(read)
        or openstack.variables(given)
        or aws.profiles(read)
        or aws.variables(given)
        or aws.console_csv(text)
    )


def path_in(text: str) -> str:
    """The path, when the text is that of one file and nothing else; ""."""
    text = text.strip().strip("\"'")
    if not text or len(text) > PATH_MAX or "\n" in text or "\x00" in text:
        return ""
    if text.startswith("file://"):
        return unquote(urlsplit(text).path)
    is_path = text.startswith(("/", "~/", "\\\\")) or re.match(r"[A-Za-z]:[\\/]", text)
    return text if is_path else ""


def recognise_file(path: str) -> Found | None:
    """What stands in a file. PasteError when it cannot be read."""
    try:
        place = Path(path).expanduser()
        if place.exists() and not place.is_file():  # a pipe would keep its reader waiting
            raise PasteError("That is a folder or a device. A key or a configuration is a file.")
        with place.open("rb") as file:
            content = file.read(CHARACTERS_MAX + 1)
    except PasteError:
        raise
    except (OSError, ValueError, RuntimeError) as error:
        reason = error.strerror if isinstance(error, OSError) and error.strerror else "it cannot be opened"
        raise PasteError(f"The file cannot be read: {reason}.") from None
    if len(content) > CHARACTERS_MAX:
        raise PasteError("This file is far too large to be a key or a configuration file.")
    try:
        text = content.decode("utf-8-sig")
    except UnicodeDecodeError:
        raise PasteError(
            "This file is not a text, so it is no key or configuration that is read here."
        ) from None
    return recognise(text, path)


def looks_pasted(text: str) -> bool:
    """Whether a text on the clipboard is more than a word to search for."""
    text = text.strip()
    return len(text) > SHORT or any(mark in text for mark in ("://", "=", "\n", "{")) or bool(path_in(text))


# -- helpers --


def _from_json(text: str, path: str) -> Found | None:
    try:
        content = json.loads(text)
    except (ValueError, RecursionError) as error:
        line = f" (line {error.lineno})" if isinstance(error, json.JSONDecodeError) else ""
        raise PasteError(f"This begins like a JSON key file and is not whole{line}.") from None
    if not isinstance(content, dict):
        return None
    if isinstance(
        content.get("connectionString"), str
    ):  # as `az storage account show-connection-string` says it
        return azure.connection_string(content["connectionString"])
    return google.key(content, path) or aws.printed(content)


def _from_word(text: str) -> Found | None:
    """One word: an address, a connection string, a signature, a variable."""
    if (";" in text and "=" in text) or text.startswith("UseDevelopmentStorage="):
        made = azure.connection_string(text)
        if made is not None:
            return made
    if "://" not in text:
        return azure.signature(text) or addresses.bare_host(text) or aws.variables(settings(text))
    try:
        split = urlsplit(text)
        _ = split.port  # raises for a port that is none
    except ValueError:
        raise PasteError("This is not an address: check its host and port.") from None
    if split.username is not None or split.password is not None:
        raise PasteError(
            "This address holds a name or a password. Leave them out and type them in their fields."
        )
    if split.scheme.lower() in ("http", "https"):
        return azure.address(split) or addresses.web(split)
    return addresses.scheme(text)
