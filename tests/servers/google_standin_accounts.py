"""Who asks the Google stand-in: accounts with real RSA keys, tokens that end, scopes, and roles.

Sources: developers.google.com/identity/protocols/oauth2/service-account (the JWT grant and its errors),
cloud.google.com/storage/docs/oauth-scopes, cloud.google.com/storage/docs/access-control/iam-roles.
"""

from __future__ import annotations

import base64
import binascii
import json
import secrets
import time
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import padding, rsa

from tests.servers.google_standin import PROJECT, READER, WRITER
from tests.servers.google_standin_wire import Refused, Reply, Request, json_reply

PROJECT_NUMBER = "403196581127"
PERSON = "person@example.com"
GOOGLE_TOKEN_URI = "https://oauth2.googleapis.com/token"  # the audience google-auth names, wherever it asks
STORAGE_AUDIENCE = "https://storage.googleapis.com/"
JWT_GRANT = "urn:ietf:params:oauth:grant-type:jwt-bearer"
TOKEN_SECONDS = 3599
CLOCK_SKEW = 300

READS, WRITES, CONTROLS = 0, 1, 2
SCOPES = {
    "devstorage.read_only": READS,
    "devstorage.read_write": WRITES,
    "devstorage.full_control": CONTROLS,
    "cloud-platform": CONTROLS,
    "cloud-platform.read-only": READS,
}
SCOPE_PREFIX = "https://www.googleapis.com/auth/"


@dataclass
class Account:
    email: str
    key: rsa.RSAPrivateKey | None = None
    key_id: str = ""
    owner: bool = False  # of the project
    disabled: bool = False

    @property
    def member(self) -> str:
        kind = "serviceAccount" if self.email.endswith(".iam.gserviceaccount.com") else "user"
        return f"{kind}:{self.email}"


@dataclass(frozen=True)
class Caller:
    email: str = ""  # empty: anonymous
    members: frozenset[str] = frozenset({"allUsers"})
    level: int = CONTROLS

    @property
    def anonymous(self) -> bool:
        return not self.email


@dataclass
class Token:
    email: str
    level: int
    ends: float  # monotonic


def caller_of(account: Account, level: int) -> Caller:
    members = {"allUsers", "allAuthenticatedUsers", account.member}
    if account.owner:
        members.add(f"projectOwner:{PROJECT}")
    return Caller(account.email, frozenset(members), level)


@dataclass
class Accounts:
    """All accounts and their tokens; `token_uri` is where tokens are asked for."""

    token_uri: str
    known: dict[str, Account] = field(default_factory=dict)
    tokens: dict[str, Token] = field(default_factory=dict)
    token_seconds: int = TOKEN_SECONDS
    client_id: str = "764086051850-standin.apps.googleusercontent.com"
    client_secret: str = field(default_factory=lambda: secrets.token_urlsafe(18))
    refresh_token: str = field(default_factory=lambda: "1//" + secrets.token_urlsafe(40))
    refresh_revoked: bool = False

    def make(self, folder: Path) -> None:
        """New accounts, their files in `folder`: writer.json, reader.json, person.json."""
        for email, owner in ((WRITER, True), (READER, False)):
            account = Account(email, rsa.generate_private_key(65537, 2048), secrets.token_hex(20), owner)
            self.known[email] = account
            self._write(folder / f"{email.partition('@')[0]}.json", self._key_file(account))
        self.known[PERSON] = Account(PERSON, owner=True)
        self._write(folder / "person.json", self._person_file())

    def _key_file(self, account: Account) -> dict[str, str]:
        assert account.key is not None
        pem = account.key.private_bytes(
            serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
        )
        return {
            "type": "service_account",
            "project_id": PROJECT,
            "private_key_id": account.key_id,
            "private_key": pem.decode(),
            "client_email": account.email,
            "client_id": str(int(account.key_id[:16], 16)),
            "auth_uri": "https://accounts.google.com/o/oauth2/auth",
            "token_uri": self.token_uri,
            "universe_domain": "googleapis.com",
        }

    def _person_file(self) -> dict[str, str]:
        return {
            "type": "authorized_user",
            "client_id": self.client_id,
            "client_secret": self.client_secret,
            "refresh_token": self.refresh_token,
            "quota_project_id": PROJECT,
            "token_uri": self.token_uri,
        }

    def _write(self, path: Path, value: dict[str, str]) -> None:
        path.touch(0o600)
        path.write_text(json.dumps(value, indent=2))

    # -- the token endpoint --

    def answer(self, request: Request) -> Reply:
        """POST /token: https://developers.google.com/identity/protocols/oauth2/service-account#authorizingrequests"""
        if request.method != "POST":
            return Reply(405)
        form = Request("POST", "?" + request.bytes.decode("latin-1"), [], request.body).query
        try:
            if form.get("grant_type") == JWT_GRANT:
                account, level = self.judge_jwt(form.get("assertion", ""))
            elif form.get("grant_type") == "refresh_token":
                account, level = self._judge_refresh(form)
            else:
                raise Ungranted("unsupported_grant_type", f"Invalid grant_type: {form.get('grant_type', '')}")
        except Ungranted as refusal:
            refused = {"error": refusal.error, "error_description": refusal.description}
            return json_reply(refused, refusal.status)
        value = "ya29.c." + secrets.token_urlsafe(48)
        self.tokens[value] = Token(account.email, level, time.monotonic() + self.token_seconds)
        told: dict[str, Any] = {
            "access_token": value,
            "expires_in": self.token_seconds,
            "token_type": "Bearer",
        }
        if form["grant_type"] == "refresh_token":
            told["scope"] = form.get("scope") or SCOPE_PREFIX + "cloud-platform"
        return json_reply(told)

    def judge_jwt(self, assertion: str, audiences: tuple[str, ...] = ()) -> tuple[Account, int]:
        """The account that signed, and what its scopes allow. Raises Ungranted."""
        parts = assertion.split(".")
        try:
            head, claims = (json.loads(unpadded(part)) for part in parts[:2])
            signature = unpadded(parts[2])
        except (ValueError, IndexError):
            raise Ungranted("invalid_grant", "Bad Request") from None
        account = self.known.get(claims.get("iss", ""))
        if account is None or account.key is None:
            raise Ungranted("invalid_grant", "Invalid grant: account not found")
        if head.get("alg") != "RS256" or head.get("kid", account.key_id) != account.key_id or len(parts) != 3:
            raise Ungranted("invalid_grant", "Invalid JWT Signature.")
        if not self.signed_by(account, f"{parts[0]}.{parts[1]}".encode(), signature):
            raise Ungranted("invalid_grant", "Invalid JWT Signature.")
        if account.disabled:
            raise Ungranted("invalid_grant", "Account disabled: " + account.email)
        self._judge_claims(claims, audiences or (self.token_uri, GOOGLE_TOKEN_URI))
        return account, CONTROLS if audiences and "scope" not in claims else level_of(claims.get("scope", ""))

    def _judge_claims(self, claims: dict[str, Any], audiences: tuple[str, ...]) -> None:
        now = time.time()
        issued, ends = claims.get("iat"), claims.get("exp")
        if not isinstance(issued, int | float) or not isinstance(ends, int | float):
            raise Ungranted("invalid_grant", "Invalid JWT: iat and exp are required.")
        short = issued <= now + CLOCK_SKEW and ends >= now - CLOCK_SKEW and 0 < ends - issued <= 3600
        if not short:
            raise Ungranted(
                "invalid_grant",
                "Invalid JWT: Token must be a short-lived token (60 minutes) and in a reasonable timeframe. "
                "Check your iat and exp values in the JWT claim.",
            )
        if claims.get("aud", "") not in audiences:
            raise Ungranted(
                "invalid_grant", f"Invalid JWT: Failed audience check. The right audience is {audiences[0]}"
            )
        if claims.get("sub", claims["iss"]) != claims["iss"]:
            raise Ungranted("unauthorized_client", "Client is unauthorized to retrieve access tokens.", 401)

    def _judge_refresh(self, form: dict[str, str]) -> tuple[Account, int]:
        if form.get("client_id") != self.client_id:
            raise Ungranted("invalid_client", "The OAuth client was not found.", 401)
        if not secrets.compare_digest(form.get("client_secret", ""), self.client_secret):
            raise Ungranted("invalid_client", "Unauthorized", 401)
        person = self.known[PERSON]
        token = form.get("refresh_token", "")
        if self.refresh_revoked or person.disabled or not secrets.compare_digest(token, self.refresh_token):
            raise Ungranted("invalid_grant", "Token has been expired or revoked.")
        return person, level_of(form["scope"]) if form.get("scope") else CONTROLS

    def signed_by(self, account: Account, message: bytes, signature: bytes) -> bool:
        assert account.key is not None
        try:
            account.key.public_key().verify(signature, message, padding.PKCS1v15(), hashes.SHA256())
        except InvalidSignature:
            return False
        return True

    # -- every request --

    def caller(self, request: Request) -> Caller:
        """Who asks. Without Authorization that is nobody; with one that is no longer good it is a 401."""
        kind, _, value = request.header("authorization").partition(" ")
        if not kind:
            return Caller()
        if kind.lower() != "bearer":
            raise bad_token()
        value = value.strip()
        token = self.tokens.get(value)
        if token is None and value.count(".") == 2 and not value.startswith("ya29."):
            return self._self_signed(value)
        if token is None or token.ends <= time.monotonic() or self.known[token.email].disabled:
            raise bad_token()
        return caller_of(self.known[token.email], token.level)

    def _self_signed(self, value: str) -> Caller:
        """A JWT in the place of a token: google.aip.dev/auth/4111."""
        try:
            claims = json.loads(unpadded(value.split(".")[1]))
            audience = claims.get("aud", "")
            if "scope" not in claims and audience != STORAGE_AUDIENCE:
                raise bad_token()
            return caller_of(*self.judge_jwt(value, (audience,)))
        except (Ungranted, ValueError):
            raise bad_token() from None

    def expire_tokens(self) -> None:
        self.tokens.clear()


class Ungranted(Exception):
    """What the token endpoint says instead of a token."""

    def __init__(self, error: str, description: str, status: int = 400) -> None:
        super().__init__(description)
        self.error, self.description, self.status = error, description, status


def level_of(scopes: str) -> int:
    levels = [
        SCOPES[scope.removeprefix(SCOPE_PREFIX)]
        for scope in scopes.split()
        if scope.startswith(SCOPE_PREFIX) and scope.removeprefix(SCOPE_PREFIX) in SCOPES
    ]
    if not levels:
        raise Ungranted("invalid_scope", "Invalid OAuth scope or ID token audience provided.")
    return max(levels)


def unpadded(text: str) -> bytes:
    try:
        return base64.b64decode(text + "=" * (-len(text) % 4), altchars=b"-_", validate=True)
    except binascii.Error as problem:
        raise ValueError("no base64url") from problem


def bad_token() -> Refused:
    challenge = 'Bearer realm="https://accounts.google.com/", error="invalid_token"'
    return Refused(
        401,
        "authError",
        "Invalid Credentials",
        location=("header", "Authorization"),
        headers=[("WWW-Authenticate", challenge)],
        xml="AuthenticationRequired",
    )
