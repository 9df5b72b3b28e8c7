"""Signing in to Google: what the user gave, in whatever shape, becomes access tokens and signatures.

Shapes: a service account (a JSON key as file, text or dict; its PEM key with the account's e-mail), a
refresh token, application default credentials, workload identity and the other files that google-auth reads,
an access token. Nothing is read or asked before the first use.
https://cloud.google.com/docs/authentication, https://developers.google.com/identity/protocols/oauth2
"""

from __future__ import annotations

import json
import os
import threading
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import UTC
from importlib import import_module
from typing import Any
from urllib.parse import urlencode

from storage_core import http
from storage_core.common.base import NetworkOptions
from storage_core.errors import (
    InvalidCredsError,
    LibcloudError,
    MissingExtraError,
    OperationNotSupportedError,
    RateLimitReachedError,
    ServerError,
    UnreachableError,
)
from storage_core.redaction import redact
from storage_core.session import lend, problem_in
from storage_core.signing import google4
from storage_core.tokens.renewed import Renewed, Token, now

SCOPES = ("https://www.googleapis.com/auth/devstorage.full_control",)
TOKEN_URL = "https://oauth2.googleapis.com/token"
KEY_CAP = 256 * 1024
"""Bytes of a key file that are read; a real one has 2,400."""

_NO_P12 = (
    "A P12 key cannot be used here. Make a JSON key for the same service account: Google Cloud console, "
    "IAM & Admin, Service Accounts, Keys, Add key."
)
_NO_HMAC = (
    "This is an HMAC key. It belongs to the service 'Google Cloud Storage (S3, HMAC keys)' "
    "(google_storage_s3); here a service account's key file or another sign-in of Google is needed."
)
_NO_KEY = "No Google key could be read: {}."


@dataclass(frozen=True, slots=True, kw_only=True)
class Given:
    """What the user gave. `key`: the account's e-mail, a client id, or the key itself; `secret`: a path, JSON
    text, PEM text, a dict or a client secret.
    """

    key: str | Mapping[str, Any] = field(default="", repr=False)
    secret: str | Mapping[str, Any] | None = field(default=None, repr=False)
    refresh_token: str = field(default="", repr=False)
    token: str = field(default="", repr=False)
    use_default: bool = False
    token_url: str = ""

    @property
    def material(self) -> str | Mapping[str, Any]:
        """Where the key is: the secret, or the first argument when it can be nothing else."""
        if self.secret:
            return self.secret
        if isinstance(self.key, Mapping):
            return self.key
        text = self.key.strip()
        is_key = text.startswith(("{", "-----BEGIN")) or text.lower().endswith((".json", ".pem", ".p12"))
        return text if is_key else ""

    @property
    def is_default(self) -> bool:
        """Whether this computer's own credentials are meant."""
        return self.use_default or not (self.key or self.secret or self.refresh_token or self.token)

    @property
    def may_sign(self) -> bool:
        """Whether a private key may be among it; known for sure when it is read."""
        return bool(self.material) and not self.refresh_token and not self.use_default


class GoogleSignIn:
    """Tokens, signatures and the project of one account. Serves many threads."""

    def __init__(self, given: Given, network: NetworkOptions) -> None:
        """No I/O."""
        self._given = given
        self._network = network
        self._lock = threading.Lock()
        self._info: dict[str, Any] | None = None
        self._credentials: Any = None
        self._signer: google4.Signer | None = None
        self._project = ""
        self.tokens = Renewed(self._fetch)

    def token(self) -> str:
        """An access token that is good now. InvalidCredsError, NetworkError, MissingExtraError."""
        return self.tokens.get().value

    @property
    def renews(self) -> bool:
        """Whether another token can be had when this one is refused."""
        return not self._given.token

    def project(self) -> str:
        """The project that came with the key; "" where none did."""
        with self._lock:
            if not self._project:
                if self._given.token or self._given.refresh_token:
                    return ""
                if self._given.is_default:
                    self._load()
                else:
                    self._project = str(self._read().get("project_id") or "")
            return self._project

    def signer(self) -> google4.Signer:
        """Who signs links. OperationNotSupportedError where the sign-in has no private key."""
        with self._lock:
            if self._signer is None:
                info = self._read()
                if info.get("type") != "service_account":
                    raise OperationNotSupportedError(
                        "Links are signed with a service account's key, and this sign-in has none."
                    )
                self._signer = google4.Rsa(info["client_email"], self._loaded(info).signer.sign)
            return self._signer

    # -- tokens --

    def _fetch(self) -> Token:
        with self._lock:
            if self._given.token:
                return Token(self._given.token)
            if not self._given.is_default:
                info = self._read()
                if info.get("type") == "authorized_user":
                    return self._refreshed(info)
            credentials = self._load()
            _run(lambda: credentials.refresh(self._request()))
            expiry = credentials.expiry  # in UTC, and does not say so
            expires = expiry.replace(tzinfo=UTC).timestamp() if expiry else now() + 300.0
            return Token(str(credentials.token), expires)

    def _load(self) -> Any:
        """google-auth's credentials."""
        if self._credentials is None:
            if self._given.is_default:
                auth = _library("google.auth")
                found = _run(lambda: auth.default(scopes=SCOPES, request=self._request()))
                self._credentials, project = found
                self._project = str(project or "")
            else:
                self._credentials = self._loaded(self._read())
        return self._credentials

    def _loaded(self, info: Mapping[str, Any]) -> Any:
        make = _maker_of(info)
        return _run(lambda: make(info, scopes=list(SCOPES)))

    def _request(self) -> Any:
        return _library("google.auth.transport.requests").Request(lend(self._network))

    def _refreshed(self, info: Mapping[str, Any]) -> Token:
        """A token for a refresh token: one form, no library."""
        form = {
            "grant_type": "refresh_token",
            **{name: str(info.get(name, "")) for name in ("client_id", "client_secret", "refresh_token")},
        }
        request = http.Request(
            "POST", self._given.token_url or str(info.get("token_uri") or TOKEN_URL),
            {"Content-Type": "application/x-www-form-urlencoded"}, urlencode(form).encode(),
        )  # fmt: skip
        reply = http.Client(self._network).send(lambda: request, _judge)
        told = _json(reply.content())
        try:
            return Token(str(told["access_token"]), now() + float(told.get("expires_in", 3600)))
        except (KeyError, TypeError, ValueError):
            raise InvalidCredsError("Google's answer to the refresh token holds no access token.") from None

    # -- reading what was given --

    def _read(self) -> dict[str, Any]:
        if self._info is None:
            self._info = _understood(self._given)
        return self._info


def _understood(given: Given) -> dict[str, Any]:
    """The key as a dict in the shape of Google's own files."""
    key = given.key if isinstance(given.key, str) else ""
    if key.startswith("GOOG") and "@" not in key:
        raise InvalidCredsError(_NO_HMAC)
    if given.refresh_token:
        names = {"client_id": key, "client_secret": given.secret, "refresh_token": given.refresh_token}
        return {"type": "authorized_user", **names}
    info = _material(given.material, key)
    kind = info.get("type")
    if kind == "service_account" or (not kind and "private_key" in info):
        info = {**info, "type": "service_account", "client_email": info.get("client_email") or key}
        info["token_uri"] = given.token_url or info.get("token_uri") or TOKEN_URL
        for name, label in (
            ("client_email", "the account's e-mail address"),
            ("private_key", "the private key"),
        ):
            if not info.get(name):
                raise InvalidCredsError(_NO_KEY.format(f"{label} is missing"))
    return info


def _material(material: str | Mapping[str, Any], key: str) -> dict[str, Any]:
    if isinstance(material, Mapping):
        return dict(material)
    text = material.strip()
    if not text:
        raise InvalidCredsError(
            _NO_KEY.format(f"a key file or its text must come with {key or 'the account'}")
        )
    if not text.startswith(("{", "-----BEGIN")):
        text = _file(text)
    if text.startswith("-----BEGIN"):
        return {"type": "service_account", "private_key": text}
    info = _json(text)
    if "installed" in info or "web" in info:
        raise InvalidCredsError(
            _NO_KEY.format(
                "this is the file of an OAuth client, which names a program; nobody signs in by it"
            )
        )
    if not info:
        raise InvalidCredsError(_NO_KEY.format("it is neither JSON nor PEM"))
    return info


def _file(path: str) -> str:
    if path.lower().endswith((".p12", ".pfx")):
        raise InvalidCredsError(_NO_P12)
    try:
        with open(os.path.expanduser(path), "rb") as file:
            data = file.read(KEY_CAP)
    except OSError as error:
        raise InvalidCredsError(_NO_KEY.format(f"{path[:200]}: {error.strerror or error}")) from None
    except ValueError:
        raise InvalidCredsError(_NO_KEY.format("the path is none")) from None
    try:
        return data.decode("utf-8-sig").strip()
    except UnicodeDecodeError:
        raise InvalidCredsError(_NO_P12) from None


def _json(text: str | bytes) -> dict[str, Any]:
    """A JSON object; an empty one for anything else."""
    try:
        found = json.loads(text)
    except (ValueError, RecursionError):
        return {}
    return found if isinstance(found, dict) else {}


# -- google-auth --


def _library(module: str) -> Any:
    """A module of google-auth, an optional extra."""
    try:
        return import_module(module)
    except ImportError:
        raise MissingExtraError(
            "This way of signing in to Google needs the package google-auth: pip install 'skyferry[google]'"
        ) from None


def _maker_of(info: Mapping[str, Any]) -> Callable[..., Any]:
    """What makes credentials from a file of this kind."""
    source = info.get("credential_source") or {}
    kind = str(info.get("type", ""))
    if kind == "external_account" and str(source.get("environment_id", "")).startswith("aws"):
        kind = "aws"
    elif kind == "external_account" and "executable" in source:
        kind = "pluggable"
    if kind not in _MAKERS:
        raise InvalidCredsError(_NO_KEY.format("its JSON is of no kind that Google signs in with"))
    module, method = _MAKERS[kind]
    make: Callable[..., Any] = getattr(_library(module).Credentials, method)
    return make


_MAKERS = {
    "service_account": ("google.oauth2.service_account", "from_service_account_info"),
    "external_account": ("google.auth.identity_pool", "from_info"),
    "aws": ("google.auth.aws", "from_info"),
    "pluggable": ("google.auth.pluggable", "from_info"),
    "external_account_authorized_user": ("google.auth.external_account_authorized_user", "from_info"),
    "impersonated_service_account": (
        "google.auth.impersonated_credentials",
        "from_impersonated_service_account_info",
    ),
}


def _run(step: Callable[[], Any]) -> Any:
    """A step of google-auth; its errors as ours, raised outside of their chain, which may show a key."""
    exceptions = _library("google.auth.exceptions")
    try:
        return step()
    except exceptions.GoogleAuthError as error:
        ours = _typed(error, exceptions)
    except (ValueError, KeyError, TypeError) as error:
        # What cryptography says of a damaged key is about its bytes.
        kind = type(error).__name__
        ours = InvalidCredsError(_NO_KEY.format(f"it is damaged or incomplete ({kind})"))
    raise ours


def _typed(error: Exception, exceptions: Any) -> LibcloudError:
    if (ours := problem_in(error)) is not None:
        return ours
    if isinstance(error, exceptions.DefaultCredentialsError):
        return InvalidCredsError(
            "This computer has no Google credentials of its own. Sign in with: gcloud auth "
            "application-default login"
        )
    if isinstance(error, exceptions.TransportError):
        return UnreachableError("Google's sign-in could not be reached.")
    said = redact(str(error.args[0] if error.args else error))[:300]
    if "iat" in said and "exp" in said:
        return InvalidCredsError(
            f"Google refused the sign-in: is the clock of this computer right? Google says: {said}"
        )
    if getattr(error, "retryable", False):
        return ServerError(f"Google's sign-in failed on its own side: {said}", 503)
    return InvalidCredsError(f"Google refused the sign-in: {said}")


def _judge(reply: http.Reply) -> LibcloudError | None:
    """What the token endpoint answers to a refresh token."""
    if reply.status == 200:
        return None
    told = _json(reply.content())
    said = redact(str(told.get("error_description") or told.get("error") or ""))[:300]
    if reply.status == 429:
        return RateLimitReachedError("Google's sign-in asks for patience.", 429)
    if reply.status >= 500:
        return ServerError(f"Google's sign-in failed on its own side (status {reply.status}).", reply.status)
    return InvalidCredsError(f"Google refused the refresh token: {said or reply.status}")
