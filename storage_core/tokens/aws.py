"""This computer's own AWS sign-in: botocore's chain of profiles, SSO, assumed roles and machine roles.

Only the keys come from botocore; requests are signed by `signing.aws4`. Nothing is read or asked before the
first use. https://docs.aws.amazon.com/sdkref/latest/guide/standardized-credentials.html
"""

from __future__ import annotations

from importlib import import_module
from typing import Any, NoReturn

from storage_core.common.base import NetworkOptions
from storage_core.errors import InvalidCredsError, LibcloudError, MissingExtraError, UnreachableError
from storage_core.redaction import redact
from storage_core.signing.aws4 import Keys
from storage_core.tokens.renewed import Renewed, Token, now

LOOK_AGAIN = 60.0
"""Seconds after which botocore is asked whether keys that expire are due; it renews 15 minutes ahead."""

EXPIRED = frozenset({"ExpiredToken", "TokenRefreshRequired", "InvalidToken", "InvalidAccessKeyId"})
"""Codes of a service that no longer takes keys which were good."""

_OF_THE_NETWORK = ("HTTPClientError", "ConnectionError", "EndpointConnectionError")


class AwsChain:
    """The keys of one profile, renewed by botocore. Serves many threads."""

    def __init__(self, profile: str, network: NetworkOptions) -> None:
        """`profile` "": the one that AWS_PROFILE names, else the default one. No I/O."""
        self._profile = profile
        self._network = network
        self._credentials: Any = None
        self._tokens = Renewed(self._fetch)

    def keys(self) -> Keys:
        """Keys that are good now. InvalidCredsError, MissingExtraError, UnreachableError."""
        found: Keys = self._tokens.get().told["keys"]
        return found

    def refuse(self, keys: Keys) -> None:
        """The service no longer takes these; the next `keys` reads and asks anew."""
        self._credentials = None
        self._tokens.refuse(keys.access_key)

    def _fetch(self) -> Token:
        try:
            credentials = self._credentials  # another thread's refusal may forget them at any moment
            if credentials is None:
                credentials = self._credentials = self._found()
            frozen = credentials.get_frozen_credentials()
        except LibcloudError:
            raise
        except Exception as error:
            # Whatever the library raises; out of the handler, so that no chain shows what was sent.
            problem = self._problem(error)
        else:
            # Keys from a file stay as they are until they are refused; all others are botocore's to renew.
            fixed = type(credentials).__name__ == "Credentials"
            keys = Keys(frozen.access_key, frozen.secret_key, frozen.token or "")
            expires = float("inf") if fixed else now() + LOOK_AGAIN
            return Token(keys.access_key, expires, {"keys": keys})
        raise problem

    def _found(self) -> Any:
        try:
            session = import_module("botocore.session").Session(profile=self._profile or None)
            config = import_module("botocore.config").Config
        except ImportError:
            raise MissingExtraError(
                "This computer's own AWS sign-in needs the package botocore: pip install 'skyferry[aws]'"
            ) from None
        network = self._network
        proxies = dict.fromkeys(("http", "https"), network.proxy_url) if network.proxy_url else {}
        session.set_default_client_config(
            config(
                proxies=proxies,  # {}: none, whatever the environment says
                connect_timeout=network.connect_timeout,
                read_timeout=min(network.timeout, network.deadline),
                retries={"total_max_attempts": 2},
            )
        )
        if network.ca_file:
            session.set_config_variable("ca_bundle", network.ca_file)
        # It would ask for the code of an MFA device on a terminal that nobody looks at.
        session.get_component("credential_provider").get_provider("assume-role")._prompter = _no_prompt
        credentials = session.get_credentials()
        if credentials is None:
            where = f"The profile {self._profile!r} has" if self._profile else "This computer has"
            raise InvalidCredsError(
                f"{where} no AWS sign-in of its own. Run 'aws configure' or 'aws sso login'."
            )
        return credentials

    def _problem(self, error: Exception) -> LibcloudError:
        kinds = {kind.__name__ for kind in type(error).__mro__}
        said = redact(str(error).strip().partition("\n")[0])[:400]
        if not kinds.isdisjoint(_OF_THE_NETWORK):
            return UnreachableError(f"AWS could not be asked for keys: {said}")
        if any("SSO" in kind for kind in kinds):
            said += f" Run 'aws sso login{f' --profile {self._profile}' if self._profile else ''}'."
        return InvalidCredsError(f"AWS gave no keys to sign in with: {said}")


def _no_prompt(_text: str) -> NoReturn:
    raise InvalidCredsError(
        "This profile wants the code of an MFA device, which cannot be asked for here. Run 'aws sts "
        "get-session-token' or 'aws sso login', and use the profile that holds what it gives."
    )
