"""`redact`: the one function that takes secrets out of a text before anybody may keep or show it."""

from __future__ import annotations

import re

HIDDEN = "…"

_HEADERS = "|".join(
    (
        "authorization", "proxy-authorization", "x-auth-token", "x-auth-key", "x-storage-token",
        "x-storage-pass", "x-subject-token", "x-service-token", "x-amz-security-token", "x-amz-signature",
        "x-amz-credential", "x-amz-server-side-encryption-customer-key",
        "x-amz-copy-source-server-side-encryption-customer-key", "x-ms-copy-source-authorization",
        "x-ms-encryption-key", "x-goog-encryption-key", "x-goog-signature", "x-goog-iam-authorization-token",
        "x-account-meta-temp-url-key(?:-2)?", "x-container-meta-temp-url-key(?:-2)?", "x-emc-signature",
        "set-cookie", "cookie",
    )
)  # fmt: skip
_WORDS = "|".join(
    (
        "(?:access|refresh|id|auth|session|security|sas|bearer)[_-]?token", "client[_-]?secret",
        r"secret(?:[_-]?\w*key)?", "private[_-]?key", "account[_-]?key", "application[_-]?key",
        "api[_-]?key", "password", "passphrase", "temp_url_sig", "shared_?access_?signature", "signature",
        "credential", "token", "sig",
    )
)  # fmt: skip
_QUOTED = r"""(['"])(?:\\.|(?!\2).)*\2"""
_RULES: tuple[tuple[re.Pattern[str], str], ...] = tuple(
    (re.compile(pattern, re.IGNORECASE | re.DOTALL), replacement)
    for pattern, replacement in (
        (r"(-----BEGIN [A-Z ]*PRIVATE KEY-----).*?(-----END [A-Z ]*PRIVATE KEY-----|$)", rf"\1{HIDDEN}\2"),
        # https://user:password@host
        (r"(://)[^\s/@\"'<>]+@", rf"\1{HIDDEN}@"),
        # A header: in the repr of a dict or of pairs up to the quote, in a line up to its end.
        (rf"""(?<![\w-])((?:b?['"])?(?:{_HEADERS})['"]?\s*[:=,]\s*b?){_QUOTED}""", rf"\1\2{HIDDEN}\2"),
        (rf"(?<![\w-])((?:{_HEADERS})\s*:\s*)[^'\"\s][^\r\n]*", rf"\1{HIDDEN}"),
        # What stands in an Authorization header, wherever it stands.
        (r"\b((?:AWS4|GOOG4|OSS4)-[A-Z0-9-]+)\s+Credential=[^\r\n\"']*", rf"\1 {HIDDEN}"),
        (r"\b(Bearer|Basic|SharedKey(?:Lite)?|AWS|OSS)\s+(?=\S*[\d:=_.-])[^\s\"',]{8,}", rf"\1 {HIDDEN}"),
        # XML; JSON and arguments by name
        (r"(<(?:\w+:)?(?:SecretAccessKey|SessionToken|Token|Password)>)[^<]*", rf"\1{HIDDEN}"),
        (
            rf"""(?<![\w-])((?:b?['"])?(?:[\w-]*[_-])?(?:{_WORDS})['"]?\s*[:=]\s*b?){_QUOTED}""",
            rf"\1\2{HIDDEN}\2",
        ),
        # Every value of a query; forms and options by name.
        (r"([?&][^\s=&#\"'<>]+=)[^\s&#\"'<>]*", rf"\1{HIDDEN}"),
        (rf"(?<![\w-])((?:[\w-]*[_-])?(?:{_WORDS})\s*=\s*)(?!{HIDDEN})[^\s&,;\"'<>)]+", rf"\1{HIDDEN}"),
    )
)


def redact(text: str) -> str:
    """The text without query values, signatures, tokens, passwords and keys. Idempotent, linear."""
    for pattern, replacement in _RULES:
        text = pattern.sub(replacement, text)
    return text
