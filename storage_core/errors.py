"""Every error that storage_core raises. One tree, drawn here; each class says whether trying again can help.

    LibcloudError                         root; also what a user catches (`value`, `driver` as in Libcloud)
    ├── ProviderError                     the service answered with a refusal (`http_code`)
    │   ├── InvalidCredsError             who you are: wrong key, wrong signature, expired session
    │   │   └── ExpiredTokenError         a token ran out; the client asks once more with a new one
    │   ├── AccessDeniedError             you are known, but may not do this
    │   ├── RateLimitReachedError         too fast; `retry_after` seconds                     (retryable)
    │   ├── ServerError                   500, 502, 503, 504                                  (retryable)
    │   ├── WrongRegionError              the container lives elsewhere; `region` if it was told
    │   ├── ClockSkewError                this computer's clock and the server's differ
    │   └── MalformedResponseError        the reply is not what the protocol promises; `body`
    │       └── RangeIgnoredError         a part of an object was asked for, and all of it came
    ├── NetworkError                      no complete answer arrived                          (retryable)
    │   ├── UnreachableError              name not found, refused, no route
    │   ├── TimedOutError                 connect, read, stall or deadline
    │   ├── ConnectionLostError           cut in the middle, or fewer bytes than promised
    │   └── CertificateError              TLS could not be trusted                            (permanent)
    ├── ContainerError                    `container_name`
    │   ├── ContainerDoesNotExistError · ContainerAlreadyExistsError · ContainerIsNotEmptyError
    │   └── InvalidContainerNameError
    ├── ObjectError                       `object_name`
    │   ├── ObjectDoesNotExistError · InvalidObjectNameError · ObjectTooLargeError
    │   ├── ObjectHashMismatchError       the bytes that arrived are not the bytes that were sent
    │   ├── ObjectChangedError            a precondition failed: someone wrote it meanwhile (412)
    │   ├── ObjectArchivedError           must be restored from its storage class first
    │   └── SourceChangedError            a local source grew, shrank, changed or vanished during the upload
    ├── LocalFileError                    (OSError too) a file of this computer refused; `path`, `errno`
    │   ├── LocalFileExistsError          and nobody said that it may be replaced
    │   └── DiskFullError
    ├── OperationNotSupportedError        (NotImplementedError too) the capability's sentence says why
    ├── AttributeRefusedError             (ValueError too) an unknown or impossible attribute; `field`
    ├── MissingExtraError                 (ImportError too) one sentence with the line to install
    └── StoppedError                      somebody asked for the stop; never shown as a failure

All of them pickle: the driver is left behind, texts and numbers travel.
"""

from __future__ import annotations

from typing import Any


class LibcloudError(Exception):
    """Root of the tree. `str(error)` is a sentence fit for a person; it never holds a secret."""

    retryable = False
    """Whether the same request, sent again later and unchanged, may succeed."""

    def __init__(
        self,
        value: Any = "",
        driver: Any = None,
        *,
        status: int = 0,
        code: str = "",
        request_id: str = "",
        **context: Any,
    ) -> None:
        """`status`: HTTP status (0: none); `code`: the provider's own error code; `request_id`: its trace."""
        super().__init__(value)
        self.value = value
        self.driver = driver
        self.status = status
        self.code = code
        self.request_id = request_id
        self.container_name: str | None = context.pop("container_name", None)
        self.object_name: str | None = context.pop("object_name", None)
        if context:
            raise TypeError(f"{type(self).__name__} got unexpected arguments: {', '.join(sorted(context))}")

    def __str__(self) -> str:
        return str(self.value)

    def __repr__(self) -> str:
        return f"<{type(self).__name__}: {self.value}>"

    def __reduce__(self) -> tuple[Any, ...]:
        """Pickle without the driver: it may hold what must not travel."""
        state = {name: item for name, item in self.__dict__.items() if name != "driver"}
        return _rebuild, (type(self), state)


def _rebuild(kind: type[LibcloudError], state: dict[str, Any]) -> LibcloudError:
    error = kind.__new__(kind, state.get("value", ""))
    for name, item in (state | {"driver": None}).items():
        setattr(error, name, item)
    error.args = (state.get("value", ""),)
    return error


class ProviderError(LibcloudError):
    """The service answered, and the answer is no."""

    def __init__(self, value: Any = "", http_code: int = 0, driver: Any = None, **more: Any) -> None:
        more.setdefault("status", http_code)
        super().__init__(value, driver, **more)
        self.http_code = self.status


class InvalidCredsError(ProviderError):
    """The credentials are wrong, malformed or expired. Positional order is Libcloud's: `(value, driver)`."""

    def __init__(
        self, value: Any = "Invalid credentials with the provider", driver: Any = None, **more: Any
    ) -> None:
        super().__init__(value, more.pop("http_code", 401), driver, **more)


InvalidCredsException = InvalidCredsError


class ExpiredTokenError(InvalidCredsError):
    """The access token is no longer taken. Drivers that can fetch another raise it, and it is asked once."""


class AccessDeniedError(ProviderError):
    """The credentials are good; this action, container or object is not allowed to them."""


class RateLimitReachedError(ProviderError):
    """The service asks for patience."""

    retryable = True

    def __init__(
        self,
        value: Any = "Rate limit exceeded",
        http_code: int = 429,
        driver: Any = None,
        *,
        retry_after: float = 0.0,
        **more: Any,
    ) -> None:
        """`retry_after` in seconds; 0 when the service named none."""
        super().__init__(value, http_code, driver, **more)
        self.retry_after = retry_after


class ServerError(ProviderError):
    """The service failed on its own side."""

    retryable = True


class WrongRegionError(ProviderError):
    """The container lives in another region."""

    def __init__(
        self, value: Any = "", http_code: int = 301, driver: Any = None, *, region: str = "", **more: Any
    ) -> None:
        super().__init__(value, http_code, driver, **more)
        self.region = region


class ClockSkewError(ProviderError):
    """This computer's clock is too far from the server's for signatures to hold."""


class MalformedResponseError(ProviderError):
    """The reply could not be understood. Positional order is Libcloud's: `(value, body, driver)`."""

    def __init__(self, value: Any = "", body: Any = None, driver: Any = None, **more: Any) -> None:
        super().__init__(value, more.pop("http_code", 0), driver, **more)
        self.body = body


class RangeIgnoredError(MalformedResponseError):
    """The service does not serve ranges: it answered one with the whole object."""


class NetworkError(LibcloudError):
    """No complete answer arrived."""

    retryable = True


class UnreachableError(NetworkError):
    """The host could not be found or refused the connection."""


class TimedOutError(NetworkError):
    """Connecting, reading or the whole call took too long, or too few bytes came per window."""


class ConnectionLostError(NetworkError):
    """The connection ended before the promised bytes had arrived."""


class CertificateError(NetworkError):
    """The server's certificate is not trusted; trying again changes nothing.

    What whoever may pin it has to see: `host`, `issuer` and `sha256` (hex, of the certificate), or "".
    """

    retryable = False

    def __init__(
        self,
        value: Any = "",
        driver: Any = None,
        *,
        host: str = "",
        issuer: str = "",
        sha256: str = "",
        **more: Any,
    ) -> None:
        super().__init__(value, driver, **more)
        self.host = host
        self.issuer = issuer
        self.sha256 = sha256


class ContainerError(LibcloudError):
    """About a container. `(value, driver, container_name)` as in Libcloud."""

    def __init__(
        self, value: Any = "", driver: Any = None, container_name: str | None = None, **more: Any
    ) -> None:
        super().__init__(value, driver, container_name=container_name, **more)


class ContainerDoesNotExistError(ContainerError):
    """No container has this name, or these credentials cannot see it."""


class ContainerAlreadyExistsError(ContainerError):
    """The name is taken, by this account or (on global namespaces) by another."""


class ContainerIsNotEmptyError(ContainerError):
    """A container with objects is never deleted."""


class InvalidContainerNameError(ContainerError):
    """The provider does not allow this name; the message says which rule."""


class ObjectError(LibcloudError):
    """About an object. `(value, driver, object_name)` as in Libcloud."""

    def __init__(
        self, value: Any = "", driver: Any = None, object_name: str | None = None, **more: Any
    ) -> None:
        super().__init__(value, driver, object_name=object_name, **more)


class ObjectDoesNotExistError(ObjectError):
    """No object has this name."""


class InvalidObjectNameError(ObjectError):
    """The provider, or the disk, cannot hold this name; the message says which rule."""


class ObjectTooLargeError(ObjectError):
    """Larger than the provider can hold."""


class ObjectHashMismatchError(ObjectError):
    """The content that was stored or received is not the content that was sent."""


class ObjectChangedError(ObjectError):
    """A precondition failed: the object was written or removed by somebody else meanwhile."""


class ObjectArchivedError(ObjectError):
    """The object must be restored from its archive class before it can be read."""


class SourceChangedError(ObjectError):
    """A local source grew, shrank, changed or vanished while it was being sent; nothing was stored."""


class LocalFileError(LibcloudError, OSError):
    """This computer refused: a path that is missing, not allowed, not a file. An OSError, with `errno`."""

    def __init__(
        self, value: Any = "", driver: Any = None, *, path: str = "", errno: int = 0, **more: Any
    ) -> None:
        super().__init__(value, driver, **more)
        self.path = path
        self.errno = errno

    def __reduce__(self) -> tuple[Any, ...]:
        rebuild, (kind, state) = super().__reduce__()
        return rebuild, (kind, {**state, "errno": self.errno})


class LocalFileExistsError(LocalFileError):
    """The file exists and replacing it was not asked for."""


class DiskFullError(LocalFileError):
    """No space (or no quota) left for the file."""


class OperationNotSupportedError(LibcloudError, NotImplementedError):
    """The provider cannot do this. The message is the capability's sentence."""


class AttributeRefusedError(LibcloudError, ValueError):
    """An attribute that is unknown, or that this provider cannot hold. Nothing was sent."""

    def __init__(self, value: Any = "", driver: Any = None, *, field: str = "", **more: Any) -> None:
        super().__init__(value, driver, **more)
        self.field = field


class MissingExtraError(LibcloudError, ImportError):
    """An optional dependency is not installed; the message holds the line that installs it."""


class StoppedError(LibcloudError):
    """The caller asked for a stop."""
