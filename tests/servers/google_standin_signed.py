"""V4 signed URLs, judged.

Source: https://cloud.google.com/storage/docs/authentication/signatures and …/canonical-requests
"""

from __future__ import annotations

import hashlib
import re
import time
from datetime import UTC, datetime
from urllib.parse import quote, unquote

from tests.servers.google_standin_accounts import CONTROLS, Accounts, Caller, caller_of
from tests.servers.google_standin_wire import Refused, Request, decoded

ALGORITHM = "GOOG4-RSA-SHA256"
LONGEST = 604_800  # seconds
SKEW = 900
METHODS = ("GET", "HEAD", "PUT", "DELETE", "POST")


def is_signed(request: Request) -> bool:
    return any(name.lower() in ("x-goog-signature", "x-goog-algorithm") for name, _ in request.pairs)


def signer(accounts: Accounts, request: Request) -> Caller:
    """Who signed this address; raises what the XML API answers to one that is not right."""
    asked = {name.lower(): value for name, value in request.pairs if name.lower().startswith("x-goog-")}
    for name in ("algorithm", "credential", "date", "expires", "signedheaders", "signature"):
        if not asked.get(f"x-goog-{name}"):
            raise malformed(f"Missing query parameter: X-Goog-{name}")
    if asked["x-goog-algorithm"] != ALGORITHM:
        raise malformed(f"Unsupported algorithm: {asked['x-goog-algorithm']}")
    email, *scope = asked["x-goog-credential"].split("/")
    date = asked["x-goog-date"]
    if not re.fullmatch(r"\d{8}T\d{6}Z", date) or len(scope) != 4:
        raise malformed("Invalid X-Goog-Date or X-Goog-Credential.")
    if scope[0] != date[:8] or scope[2:] != ["storage", "goog4_request"]:
        raise malformed("The credential's scope does not fit the request.")
    check_time(date, asked["x-goog-expires"])
    names = asked["x-goog-signedheaders"].split(";")
    check_headers(request, names)
    canonical = canonical_request(request, names)
    hashed = hashlib.sha256(canonical.encode()).hexdigest()
    to_sign = "\n".join((ALGORITHM, date, "/".join(scope), hashed))
    account = accounts.known.get(email)
    try:
        signature = bytes.fromhex(asked["x-goog-signature"])
    except ValueError:
        signature = b""
    if account is None or account.key is None or account.disabled:
        raise mismatch(to_sign)
    if not accounts.signed_by(account, to_sign.encode(), signature):
        raise mismatch(to_sign)
    return caller_of(account, CONTROLS)


def check_time(date: str, expires: str) -> None:
    if not expires.isdigit() or not 1 <= int(expires) <= LONGEST:
        raise malformed(f"X-Goog-Expires must be between 1 and {LONGEST}.")
    signed = datetime.strptime(date, "%Y%m%dT%H%M%SZ").replace(tzinfo=UTC).timestamp()
    now = time.time()
    if signed > now + SKEW:
        raise Refused(
            403,
            "forbidden",
            "The difference between the request time and the current time is too large.",
            xml="RequestTimeTooSkewed",
        )
    ends = signed + int(expires)
    if now > ends:
        when = datetime.fromtimestamp(ends, UTC).isoformat()
        raise Refused(
            400,
            "invalid",
            "Invalid argument.",
            xml="ExpiredToken",
            details=f"The provided token has expired. Request signature expired at: {when}",
        )


def check_headers(request: Request, names: list[str]) -> None:
    """`host` and every x-goog-* header that was sent must be signed; what is signed must be sent."""
    if names != sorted(set(names)) or any(name != name.lower() for name in names):
        raise malformed("X-Goog-SignedHeaders must be in lower case, sorted, each once.")
    if "host" not in names:
        raise malformed("The host header must be signed.")
    for name in names:
        if name not in request.folded:
            raise bad_header(f"Header was included in signedheaders, but not in the request: {name}")
    for name in request.folded:
        if name.startswith("x-goog-") and name not in names:
            raise bad_header(f"Header was in the request, but not included in signedheaders: {name}")
    if "x-goog-content-sha256" in names:
        wanted = request.header("x-goog-content-sha256")
        if wanted != "UNSIGNED-PAYLOAD" and hashlib.sha256(request.bytes).hexdigest() != wanted:
            raise Refused(400, "invalid", "The payload does not match its hash.", xml="BadDigest")


def canonical_request(request: Request, names: list[str]) -> str:
    """As the service builds it again, from what the path and the query mean."""
    path = quote(unquote(request.path), safe="/~")
    query = sorted(
        f"{quote(name, safe='~')}={quote(value, safe='~')}"
        for name, value in request.pairs
        if name.lower() != "x-goog-signature"
    )
    headers = "".join(f"{name}:{' '.join(request.header(name).split())}\n" for name in names)
    payload = request.header("x-goog-content-sha256", "UNSIGNED-PAYLOAD")
    decoded(request.path)  # refuses what is no UTF-8
    return "\n".join((request.method, path, "&".join(query), headers, ";".join(names), payload))


def malformed(details: str) -> Refused:
    return Refused(400, "invalid", "Invalid argument.", xml="InvalidArgument", details=details)


def bad_header(details: str) -> Refused:
    message = "Your request has a malformed header."
    return Refused(400, "invalid", message, xml="MalformedSecurityHeader", details=details)


def mismatch(to_sign: str) -> Refused:
    return Refused(
        403,
        "forbidden",
        "Access denied.",
        xml="SignatureDoesNotMatch",
        details="The request signature we calculated does not match the signature you provided. "
        f"Check your Google secret key and signing method. StringToSign: {to_sign}",
    )
