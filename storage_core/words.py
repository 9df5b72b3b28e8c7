"""Texts beyond ASCII in headers: RFC 2047 encoded words, one spelling for every service whose metadata
travels in headers. A plain value that only looks like encoded words is encoded, too, so that it comes back as
it was.
"""

from __future__ import annotations

import base64
import binascii
import quopri
import re
from typing import Any

from storage_core.errors import AttributeRefusedError

_WORD = re.compile(r"=\?(?P<charset>[^?\s]+)\?(?P<way>[bBqQ])\?(?P<text>[^?\s]*)\?=")
_WORDS = re.compile(
    rf"{_WORD.pattern.replace('?P<charset>', '?:').replace('?P<way>', '?:').replace('?P<text>', '?:')}"
    r"(?:\s+=\?[^?\s]+\?[bBqQ]\?[^?\s]*\?=)*"
)
WORD_BYTES = 45
"""Bytes of text in one encoded word: 45 become 60 letters, and a word has at most 75."""


def encode_word(key: str, value: str, driver: Any = None) -> str:
    """A metadata value as a header can carry it; `decode_word` gives it back."""
    if any(ord(letter) < 32 or ord(letter) == 127 for letter in value):
        raise AttributeRefusedError(
            f"The metadata value of {key!r} holds a control character, which no header can carry.",
            driver,
            field="metadata",
        )
    if value.isascii() and "=?" not in value and value == value.strip() and value:
        return value
    if not value:
        return ""
    words, piece = [], b""
    for letter in value:
        raw = letter.encode("utf-8", "strict") if not 0xD800 <= ord(letter) <= 0xDFFF else None
        if raw is None:
            raise AttributeRefusedError(
                f"The metadata value of {key!r} is not valid Unicode.", driver, field="metadata"
            )
        if len(piece) + len(raw) > WORD_BYTES:
            words.append(piece)
            piece = b""
        piece += raw
    words.append(piece)
    return " ".join(f"=?UTF-8?B?{base64.b64encode(word).decode()}?=" for word in words)


def decode_word(value: str) -> str:
    """A metadata header as text. Only a value that is nothing but encoded words is decoded."""
    if "=?" not in value:
        return _utf8(value)
    if not _WORDS.fullmatch(value.strip()):
        return value
    pieces = []
    for word in _WORD.finditer(value):
        try:
            if word["way"] in "bB":
                raw = base64.b64decode(word["text"], validate=True)
            else:
                raw = quopri.decodestring(word["text"].encode("ascii"), header=True)
            pieces.append((raw, word["charset"]))
        except (binascii.Error, UnicodeEncodeError):
            return value
    try:
        # Joined before decoding: some writers cut a word in the middle of a letter.
        if len({charset.lower() for _, charset in pieces}) == 1:
            return b"".join(raw for raw, _ in pieces).decode(pieces[0][1])
        return "".join(raw.decode(charset) for raw, charset in pieces)
    except (UnicodeDecodeError, LookupError):
        return value


def _utf8(value: str) -> str:
    """Headers come as Latin-1; a service that sends raw UTF-8 means UTF-8."""
    if value.isascii():
        return value
    try:
        return value.encode("latin-1").decode("utf-8")
    except (UnicodeEncodeError, UnicodeDecodeError):
        return value
