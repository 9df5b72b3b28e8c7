"""`BaseDriver`: constructor arguments, network options, pickling and a `repr` without secrets, for every
driver.
"""

from __future__ import annotations

import ssl
from collections.abc import Callable
from dataclasses import dataclass, field, fields
from typing import Any, Self


@dataclass(frozen=True, slots=True, kw_only=True)
class NetworkOptions:
    """How a driver reaches its service. Seconds are floats. All of it is given, nothing is read from the
    environment.
    """

    connect_timeout: float = 10.0  # for one address of the host
    timeout: float = 60.0  # longest silence while reading or writing
    stall_bytes_per_second: int = 1024  # slower than this over a stall window counts as broken
    stall_window: float = 30.0  # seconds over which that is measured
    deadline: float = 120.0  # for one small call with all its retries
    attempts: int = 6  # of one request, the first included
    pool_size: int = 32  # connections that are kept, for each host
    # "http://host:3128", "socks5h://name:password@host"; empty: direct
    proxy_url: str = field(default="", repr=False)
    ca_file: str = ""  # PEM bundle used beside the defaults
    certificate_pin: str = ""  # SHA-256 in hex of the one certificate (DER) trusted, whoever signed it
    ssl_context: Callable[[], ssl.SSLContext] | None = None  # a top-level function, so that drivers pickle
    user_agent: str = "skyferry"  # what the service is told of us


_OPTION_NAMES = frozenset(item.name for item in fields(NetworkOptions))
# Libcloud's own names; the first is silently ours, the others have no meaning with retries built in.
_LIBCLOUD_NAMES = frozenset({"retry_delay", "backoff"})


class BaseDriver:
    """What all drivers share before they know what they store."""

    name = ""
    """The service's name, for people."""
    website = ""
    """Where its provider explains it."""
    secret_arguments: tuple[str, ...] = ("secret", "token")
    """Constructor arguments that `repr` must never show."""

    _positional: tuple[Any, ...]
    _keywords: dict[str, Any]

    def __new__(cls, *args: Any, **kwargs: Any) -> Self:
        self = super().__new__(cls)
        self._positional, self._keywords = args, kwargs
        return self

    def __init__(
        self,
        key: str = "",
        secret: str | None = None,
        secure: bool = True,
        host: str | None = None,
        port: int | None = None,
        api_version: str | None = None,
        region: str | None = None,
        **options: Any,
    ) -> None:
        """No I/O, no prompt. `key` and `secret` are who signs in, in each service's own sense.

        `options` are the fields of NetworkOptions; an unknown one is a TypeError.
        """
        self.key = key
        self.secret = secret
        self.secure = secure
        self.host = host
        self.port = port
        self.api_version = api_version
        self.region = region
        unknown = sorted(set(options) - _OPTION_NAMES - _LIBCLOUD_NAMES)
        if unknown:
            raise TypeError(f"{type(self).__name__} has no argument {', '.join(unknown)}")
        self.network = NetworkOptions(**{k: v for k, v in options.items() if k in _OPTION_NAMES})

    def __reduce__(self) -> tuple[Any, ...]:
        """Drivers travel as their constructor's arguments: no session, no token, no lock."""
        return open_driver, (type(self), self._positional, self._keywords)

    def __repr__(self) -> str:
        where = f" host={self.host!r}" if self.host else ""
        return f"<{type(self).__name__} key={self.key!r}{where}>"


def open_driver(kind: Any, positional: tuple[Any, ...], keywords: dict[str, Any]) -> Any:
    """What a pickled driver calls to come back: its class with the same arguments."""
    return kind(*positional, **keywords)
