"""Signing in to Microsoft Entra ID through azure-identity, over the account's own proxy and certificates.

A secret of an app, the identity of the machine, the browser, or whatever this computer is signed in with.
Nothing is asked before the first use. https://learn.microsoft.com/python/api/overview/azure/identity-readme
"""

from __future__ import annotations

import socketserver
import time
from http.server import BaseHTTPRequestHandler
from importlib import import_module
from typing import Any
from urllib.parse import parse_qs

from storage_core import wire
from storage_core.common.base import NetworkOptions
from storage_core.errors import InvalidCredsError, LibcloudError, MissingExtraError
from storage_core.redaction import redact
from storage_core.session import lend, problem_in
from storage_core.tokens.renewed import Token
from storage_core.wire import causes

SCOPE = "https://storage.azure.com/.default"
BROWSER_SECONDS = 180
"""How long a person has to sign in."""
LOOK_SECONDS = 0.1
SILENT_SECONDS = 1.0
"""Browsers open connections in advance and say nothing on them."""
FORM_MAX = 64 * 1024
BACK = b"<!doctype html><meta charset=utf-8><title>Skyferry</title><p>You can close this page now."


class EntraTokens:
    """Tokens of one identity: `fetch` is what `Renewed` wants. The library's credential is kept."""

    def __init__(
        self,
        way: str,
        network: NetworkOptions,
        *,
        authority: str,
        tenant_id: str = "",
        client_id: str = "",
        client_secret: str = "",
    ) -> None:
        """`way`: client_secret, managed_identity, browser or default. `authority` is a host. No I/O."""
        self._way = way
        self._network = network
        self._authority = authority
        self._tenant = tenant_id
        self._client = client_id
        self._secret = client_secret
        self._credential: Any = None

    def fetch(self) -> Token:
        """A new token. InvalidCredsError, MissingExtraError, NetworkError and its kin. Stoppable."""
        if self._way == "client_secret" and not (self._tenant and self._client and self._secret):
            raise InvalidCredsError("Signing in as an app needs its tenant id, its client id and its secret.")
        try:
            if self._credential is None:
                self._credential = self._made()
            token = self._credential.get_token(SCOPE)
        except LibcloudError:
            raise
        except Exception as error:
            # Whatever the library raises; out of the handler, so that no chain shows what was sent.
            problem = _of_the_network(error) or self._refused(error)
        else:
            return Token(token.token, float(token.expires_on))
        raise problem

    def _made(self) -> Any:
        try:
            identity = import_module("azure.identity")
            transport = import_module("azure.core.pipeline.transport").RequestsTransport
        except ImportError:
            raise MissingExtraError(
                "Signing in with Entra ID needs the package azure-identity: pip install 'skyferry[azure]'"
            ) from None
        more: dict[str, Any] = {
            "transport": transport(session=lend(self._network), session_owner=False),
            "retry_total": 2,
            "logging_enable": False,
        }
        if self._way == "managed_identity":
            return identity.ManagedIdentityCredential(client_id=self._client or None, **more)
        # The authority is one of our own table: nobody has to be asked whether it is genuine.
        more |= {"authority": self._authority, "disable_instance_discovery": True}
        if self._way == "client_secret":
            return identity.ClientSecretCredential(self._tenant, self._client, self._secret, **more)
        if self._tenant:
            more["tenant_id"] = self._tenant
        if self._way == "browser":
            if self._client:
                more["client_id"] = self._client
            return identity.InteractiveBrowserCredential(
                timeout=BROWSER_SECONDS, _server_class=Redirect, **more
            )
        if self._tenant:
            more["interactive_browser_tenant_id"] = more.pop("tenant_id")
        if self._client:
            more["managed_identity_client_id"] = self._client
        return identity.DefaultAzureCredential(exclude_interactive_browser_credential=True, **more)

    def _refused(self, error: Exception) -> InvalidCredsError:
        said = str(error).strip().partition("\n")[0]
        if said.startswith("DefaultAzureCredential failed"):  # it lists nine ways that nobody set up
            return InvalidCredsError("This computer has no Azure sign-in of its own.")
        if self._way == "browser" and "open a browser" in said:
            return InvalidCredsError("No browser could be opened to sign in. Sign in in another way.")
        if self._secret:
            said = said.replace(self._secret, "…")
        return InvalidCredsError(f"Entra ID did not let this account in: {redact(said)[:400]}")


class Redirect(socketserver.TCPServer):
    """Where the browser comes back to, in place of the library's own, which nobody can stop and which one
    silent connection holds up for good.
    """

    allow_reuse_address = False  # on Windows it would let another program have the port as well

    def __init__(self, host: str, port: int, timeout: float) -> None:
        super().__init__((host, port), _Visit)
        self.timeout = LOOK_SECONDS
        self.told: dict[str, str] = {}
        self._until = time.monotonic() + timeout

    def __del__(self) -> None:
        """The library forgets it when no browser can be opened."""
        self.server_close()

    def wait_for_redirect(self) -> dict[str, str]:
        """What the authority told the browser to bring. InvalidCredsError when nobody comes; stoppable."""
        try:
            while not self.told:
                wire.check()
                if time.monotonic() > self._until:
                    raise InvalidCredsError(
                        "Nobody signed in in the browser within three minutes. Try again, and finish there."
                    )
                self.handle_request()
        finally:
            self.server_close()
        return self.told


class _Visit(BaseHTTPRequestHandler):
    server: Redirect
    timeout = SILENT_SECONDS

    def do_POST(self) -> None:
        size = self.headers.get("Content-Length", "")
        self._end(self.rfile.read(min(int(size), FORM_MAX)) if size.isdecimal() and len(size) < 20 else b"")

    def do_GET(self) -> None:
        self._end(self.path.partition("?")[2].encode())

    def log_message(self, format: str, *args: Any) -> None:
        """The code is in what would be logged."""

    def _end(self, form: bytes) -> None:
        told = {name: values[0] for name, values in parse_qs(form.decode("latin-1")).items()}
        if "state" not in told:  # an icon is asked for, or it is none of the authority's
            self.send_error(404)
            return
        self.send_response(200)
        self.send_header("Content-Type", "text/html; charset=utf-8")
        self.send_header("Content-Length", str(len(BACK)))
        self.end_headers()
        self.wfile.write(BACK)
        self.server.told = told


def _of_the_network(error: Exception) -> LibcloudError | None:
    """Our own error within the library's, which keeps what went wrong in a field of its own."""
    inner = (getattr(one, "inner_exception", None) for one in causes(error))
    found = (problem_in(one) for one in (error, *inner) if isinstance(one, BaseException))
    return next(filter(None, found), None)
