"""A `requests` session to lend to libraries that bring a transport of their own (google-auth, keystoneauth1,
azure-identity, botocore's chain): the account's proxy, certificates, pin and time limits, nothing from the
environment, no redirects, no cookies.
"""

from __future__ import annotations

import time
from http.cookiejar import DefaultCookiePolicy
from typing import Any

import requests
import urllib3.exceptions
from requests.adapters import HTTPAdapter

from storage_core import http, tls, wire
from storage_core.common.base import NetworkOptions
from storage_core.errors import CertificateError, LibcloudError


def lend(options: NetworkOptions) -> requests.Session:
    """A session under the account's options; no I/O. What goes wrong is found by `problem_in`."""
    session = requests.Session()
    session.trust_env = False
    session.max_redirects = 0
    session.cookies.set_policy(DefaultCookiePolicy(allowed_domains=[]))
    session.headers["User-Agent"] = options.user_agent
    for scheme in ("https://", "http://"):
        session.mount(scheme, _Lent(options))
    return session


def problem_in(error: BaseException) -> LibcloudError | None:
    """Our own error within another library's, however deep it wrapped it; None: the network was not it."""
    return next((one for one in wire.causes(error) if isinstance(one, LibcloudError)), None)


class _Lent(HTTPAdapter):
    def __init__(self, options: NetworkOptions) -> None:
        self._options = options
        self._pin = options.certificate_pin.replace(":", "").strip().lower()
        self._pools: urllib3.PoolManager | None = None
        super().__init__(max_retries=0)

    def send(self, request: Any, *args: Any, **more: Any) -> Any:
        """As requests; failures are ConnectionError with one of ours in it."""
        options = self._options
        call = wire.Call(request.url, options, time.monotonic() + options.deadline, options.deadline)
        more["timeout"] = (options.connect_timeout, min(options.timeout, options.deadline))
        try:
            return super().send(request, *args, **more)
        except (requests.RequestException, urllib3.exceptions.HTTPError, OSError) as problem:
            # requests' own errors are OSErrors, too, and their words repeat the URL.
            inner = (one for one in wire.causes(problem) if not isinstance(one, requests.RequestException))
            error = http.typed(next(inner, problem), call, options.proxy_url)
            if self._pin and any("ingerprint" in str(one) for one in wire.causes(problem)):
                error = CertificateError(f"The certificate of {call.netloc} is not the pinned one.")
        raise requests.exceptions.ConnectionError(error, request=None)

    def cert_verify(self, conn: Any, url: Any, verify: Any, cert: Any) -> None:
        """Settled by the pools' SSL context."""

    def get_connection_with_tls_context(
        self, request: Any, verify: Any, proxies: Any = None, cert: Any = None
    ) -> Any:
        """The pool for a request, through the account's proxy."""
        if self._pools is None:
            self._pools = self._made()
        return self._pools.connection_from_url(request.url)

    def request_url(self, request: Any, proxies: Any) -> str:
        """The whole URL for a proxy that forwards plain http, else the path."""
        if request.url.lower().startswith("http:") and self._options.proxy_url.lower().startswith("http"):
            return str(request.url)
        return str(request.path_url)

    def close(self) -> None:
        """Close the connections; the session may be used again."""
        super().close()
        if self._pools is not None:
            self._pools.clear()

    def _made(self) -> urllib3.PoolManager:
        trust: dict[str, Any] = {"ssl_context": http.ssl_context(self._options), "retries": False}
        if self._pin:
            trust = {"ssl_context": tls.unverified(), "assert_fingerprint": self._pin, "retries": False}
        proxy = self._options.proxy_url
        if not proxy:
            return urllib3.PoolManager(**trust)
        return self.proxy_manager_for(proxy, **trust)  # type: ignore[no-any-return]
