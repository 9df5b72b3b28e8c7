"""What a service's refusal means in our error tree, where every service means the same by it.

A driver reads its service's reply into an `Answer` (or its own kind of one, with more fields), finds a maker
by the code or the status (its own tables first, `by_status` for the rest), and `complete` fills in what every
error carries. Each maker says what happened to what; the service's own words stand behind.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any, TypeAlias

from storage_core import errors


@dataclass(frozen=True, slots=True, kw_only=True)
class Answer:
    """What is known about a refusal. `message`: the service's own words, already redacted and short."""

    status: int
    code: str = ""
    message: str = ""
    request_id: str = ""
    retry_after: float = 0.0  # seconds; 0: it did not say
    container: str = ""
    object_name: str = ""
    method: str = ""
    body: bytes = field(default=b"", repr=False)
    service: str = "The service"  # how a sentence begins

    @property
    def about(self) -> str:
        """What was asked for, as a sentence names it."""
        if self.object_name:
            return f"{self.object_name!r} in {self.container!r}"
        return repr(self.container) if self.container else "this account"

    def said(self, sentence: str) -> str:
        """Our sentence, and the service's own words behind it."""
        words = self.message.strip()
        return f"{sentence} {self.service} says: {words}" if words else sentence

    def named(self) -> str:
        """`(status 500, InternalError)`."""
        return f"(status {self.status}, {self.code})" if self.code else f"(status {self.status})"


Make: TypeAlias = Callable[[Any, Any], errors.LibcloudError]
"""From (driver, answer) to the error."""


def complete(error: errors.LibcloudError, answer: Answer) -> errors.LibcloudError:
    """The error with all that the answer tells beside its sentence."""
    error.container_name = error.container_name or answer.container or None
    error.object_name = error.object_name or answer.object_name or None
    error.status = answer.status
    error.code = answer.code
    error.request_id = answer.request_id
    if isinstance(error, errors.ProviderError):
        error.http_code = answer.status
    return error


def by_status(driver: Any, answer: Answer) -> errors.LibcloudError:
    """What a status means where nothing better is known."""
    make = _STATUSES.get(answer.status)
    if make is None:
        make = failed if answer.status >= 500 else other
    return make(driver, answer)


# -- who is asking --


def creds(driver: Any, answer: Answer) -> errors.LibcloudError:
    """The sign-in is not accepted."""
    return errors.InvalidCredsError(
        answer.said(f"{answer.service} does not accept these credentials."), driver
    )


def denied(driver: Any, answer: Answer) -> errors.LibcloudError:
    """Known, and not allowed."""
    sentence = f"These credentials may not do this with {answer.about}."
    return errors.AccessDeniedError(answer.said(sentence), 403, driver)


# -- containers --


def no_container(driver: Any, answer: Answer) -> errors.LibcloudError:
    """It is not there."""
    return errors.ContainerDoesNotExistError(
        f"There is no container {answer.container!r}.", driver, answer.container
    )


def not_empty(driver: Any, answer: Answer) -> errors.LibcloudError:
    """It cannot be deleted yet."""
    sentence = f"{answer.container!r} is not empty: objects, old versions or unfinished uploads are in it."
    return errors.ContainerIsNotEmptyError(sentence, driver, answer.container)


def bad_container_name(driver: Any, answer: Answer) -> errors.LibcloudError:
    """Against the service's rules for names."""
    sentence = answer.said(f"{answer.service} does not allow the container name {answer.container!r}.")
    return errors.InvalidContainerNameError(sentence, driver, answer.container)


# -- objects --


def about_object(sentence: str, kind: type[errors.ObjectError] = errors.ObjectError) -> Make:
    """A maker for a sentence about the object; `{}` is where its name stands."""
    before, _, after = sentence.partition("{}")

    def make(driver: Any, answer: Answer) -> errors.LibcloudError:
        return kind(f"{before}{answer.object_name!r}{after}", driver, answer.object_name)

    return make


def no_object(driver: Any, answer: Answer) -> errors.LibcloudError:
    """It is not there."""
    return errors.ObjectDoesNotExistError(f"There is no object {answer.about}.", driver, answer.object_name)


def nothing(driver: Any, answer: Answer) -> errors.LibcloudError:
    """What was asked for is not there: the object, or the container."""
    return no_object(driver, answer) if answer.object_name else no_container(driver, answer)


changed = about_object(
    "{} is not what it was: it was written, or removed, by somebody else meanwhile.",
    errors.ObjectChangedError,
)
bad_range = about_object("{} has no bytes in that range.")


def damaged(driver: Any, answer: Answer) -> errors.LibcloudError:
    """The service's hash of what came is not the one that was sent with it."""
    sentence = f"{answer.object_name!r} was damaged on its way to the service, which refused it."
    error = errors.ObjectHashMismatchError(answer.said(sentence), driver, answer.object_name)
    error.retryable = True  # the same bytes, sent again, may arrive whole
    return error


def bad_object_name(driver: Any, answer: Answer) -> errors.LibcloudError:
    """Against the service's rules for names."""
    sentence = answer.said(f"{answer.service} does not allow this name.")
    return errors.InvalidObjectNameError(sentence, driver, answer.object_name)


def large(driver: Any, answer: Answer) -> errors.LibcloudError:
    """More bytes than the service takes."""
    sentence = answer.said(f"{answer.service} does not take that much.")
    return errors.ObjectTooLargeError(sentence, driver, answer.object_name)


def attribute(field: str) -> Make:
    """A maker for a refused field of Attributes."""

    def make(driver: Any, answer: Answer) -> errors.LibcloudError:
        sentence = answer.said(f"{answer.service} does not accept this {field.replace('_', ' ')}.")
        return errors.AttributeRefusedError(sentence, driver, field=field)

    return make


# -- the service itself --


def slow(driver: Any, answer: Answer) -> errors.LibcloudError:
    """Too many requests."""
    sentence = f"{answer.service} asks to send fewer requests for a while."
    return errors.RateLimitReachedError(sentence, answer.status, driver, retry_after=answer.retry_after)


def failed(driver: Any, answer: Answer) -> errors.LibcloudError:
    """A fault of its own, which may be over in a moment."""
    sentence = f"{answer.service} failed on its own side {answer.named()}."
    return errors.ServerError(answer.said(sentence), answer.status, driver)


def unsupported(driver: Any, answer: Answer) -> errors.LibcloudError:
    """It does not have this."""
    return errors.OperationNotSupportedError(answer.said(f"{answer.service} does not offer this."), driver)


def other(driver: Any, answer: Answer) -> errors.LibcloudError:
    """Refused for a reason we have no class for; or no refusal at all, and not the answer either."""
    if answer.status < 400:
        sentence = f"{answer.service} answered what nobody asked for."
        return errors.MalformedResponseError(sentence, answer.body[:2000], driver)
    sentence = f"{answer.service} refused this {answer.named()}."
    return errors.ProviderError(answer.said(sentence), answer.status, driver)


_STATUSES: dict[int, Make] = {
    304: changed,
    401: creds,
    403: denied,
    404: nothing,
    405: unsupported,
    408: failed,
    412: changed,
    413: large,
    416: bad_range,
    429: slow,
    501: unsupported,
}
