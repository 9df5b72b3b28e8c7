"""From what Swift answers to our error tree, each with a sentence for a person.

Swift tells by status; the reason, where there is one, is a line of plain text in the body.
https://docs.openstack.org/api-ref/object-store/
"""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from storage_core import errors
from storage_core.redaction import redact

_TAGS = re.compile(rb"<h1>.*?</h1>|<[^>]*>", re.DOTALL)


@dataclass(frozen=True, slots=True)
class Answer:
    """What is known about a refusal. `conditional`: the request named a condition of ours."""

    status: int
    body: bytes = b""
    container: str = ""
    object_name: str = ""
    request_id: str = ""
    method: str = ""
    conditional: bool = False

    @property
    def said(self) -> str:
        """The service's own words; "" for its general pages."""
        if self.body.lstrip().startswith(b"<"):
            return ""
        return redact(self.body[:300].decode("utf-8", "replace").strip())


Make = Callable[[Any, Answer], errors.LibcloudError]


def refusal(answer: Answer, driver: Any) -> errors.LibcloudError:
    """The typed error for an answer that is not success."""
    error = _STATUS.get(answer.status, _other)(driver, answer)
    error.container_name = error.container_name or answer.container or None
    error.object_name = error.object_name or answer.object_name or None
    error.status = answer.status
    error.request_id = answer.request_id
    if isinstance(error, errors.ProviderError):
        error.http_code = answer.status
    return error


def no_container(driver: Any, name: str) -> errors.LibcloudError:
    """A 404 that is about the container."""
    return errors.ContainerDoesNotExistError(f"There is no container {name!r}.", driver, name, status=404)


def no_object(driver: Any, container: str, name: str) -> errors.LibcloudError:
    """A 404 that is about the object."""
    sentence = f"There is no object {name!r} in {container!r}."
    return errors.ObjectDoesNotExistError(sentence, driver, name, status=404, container_name=container)


def changed(driver: Any, answer: Answer) -> errors.LibcloudError:
    """A condition of ours did not hold."""
    sentence = (
        f"{answer.object_name!r} is not what it was: it was written, or removed, by somebody else meanwhile."
    )
    return errors.ObjectChangedError(sentence, driver, answer.object_name)


# -- helpers --


def _with(answer: Answer, sentence: str) -> str:
    return f"{sentence} The service says: {answer.said}" if answer.said else sentence


def _about(answer: Answer) -> str:
    if answer.object_name:
        return f"{answer.object_name!r} in {answer.container!r}"
    return repr(answer.container) if answer.container else "this account"


def _bad(driver: Any, answer: Answer) -> errors.LibcloudError:
    said = answer.said
    if "etadata" in said:
        sentence = _with(answer, "The service does not accept this metadata.")
        return errors.AttributeRefusedError(sentence, driver, field="metadata")
    if "Etag Mismatch" in said or "Size Mismatch" in said or "404 Not Found" in said:
        sentence = f"The service does not hold all parts of {answer.object_name!r} as they were sent."
        return errors.ObjectChangedError(sentence, driver, answer.object_name)
    if "Container name" in said:
        sentence = _with(answer, f"The service does not allow the container name {answer.container!r}.")
        return errors.InvalidContainerNameError(sentence, driver, answer.container)
    if "Object name" in said or "NULL" in said:
        sentence = _with(answer, "The service does not allow this name.")
        return errors.InvalidObjectNameError(sentence, driver, answer.object_name)
    return _other(driver, answer)


def _creds(driver: Any, answer: Answer) -> errors.LibcloudError:
    sentence = f"The service does not let this sign-in into {_about(answer)}."
    return errors.InvalidCredsError(_with(answer, sentence), driver)


def _denied(driver: Any, answer: Answer) -> errors.LibcloudError:
    sentence = f"These credentials may not do this with {_about(answer)}."
    return errors.AccessDeniedError(_with(answer, sentence), 403, driver)


def _gone(driver: Any, answer: Answer) -> errors.LibcloudError:
    if answer.object_name:
        return no_object(driver, answer.container, answer.object_name)
    if answer.container:
        return no_container(driver, answer.container)
    return errors.ProviderError("There is no such account at this service.", 404, driver)


def _conflict(driver: Any, answer: Answer) -> errors.LibcloudError:
    if answer.container and not answer.object_name and answer.method == "DELETE":
        sentence = f"{answer.container!r} is not empty: objects or old versions are in it."
        return errors.ContainerIsNotEmptyError(sentence, driver, answer.container)
    # Two writes of one name at the same moment, or a symlink that leads in a circle.
    sentence = f"Something else happened to {_about(answer)} at the same moment."
    return errors.ServerError(_with(answer, sentence), 409, driver)


def _failed_condition(driver: Any, answer: Answer) -> errors.LibcloudError:
    if answer.conditional:
        return changed(driver, answer)
    return _bad(driver, answer)


def _large(driver: Any, answer: Answer) -> errors.LibcloudError:
    if "quota" in answer.said.lower():
        sentence = f"The quota of {answer.container!r} (or of the account) is used up."
        return errors.ObjectTooLargeError(_with(answer, sentence), driver, answer.object_name)
    sentence = "That is more than the service takes in one request."
    return errors.ObjectTooLargeError(_with(answer, sentence), driver, answer.object_name)


def _bad_range(driver: Any, answer: Answer) -> errors.LibcloudError:
    sentence = f"{answer.object_name!r} has no bytes in that range."
    return errors.ObjectError(sentence, driver, answer.object_name)


def _damaged(driver: Any, answer: Answer) -> errors.LibcloudError:
    sentence = f"{answer.object_name!r} was damaged on its way to the service, which refused it."
    error = errors.ObjectHashMismatchError(_with(answer, sentence), driver, answer.object_name)
    error.retryable = True  # the same bytes, sent again, may arrive whole
    return error


def _slow(driver: Any, answer: Answer) -> errors.LibcloudError:
    sentence = "The service asks to send fewer requests for a while."
    return errors.RateLimitReachedError(sentence, answer.status, driver)


def _full(driver: Any, answer: Answer) -> errors.LibcloudError:
    return errors.ServerError("The service has no room left on its disks.", 507, driver)


def _unsupported(driver: Any, answer: Answer) -> errors.LibcloudError:
    return errors.OperationNotSupportedError(_with(answer, "The service does not offer this."), driver)


def _elsewhere(driver: Any, answer: Answer) -> errors.LibcloudError:
    sentence = f"The service sends {_about(answer)} to another address; nothing of ours goes there."
    return errors.ProviderError(sentence, answer.status, driver)


def _other(driver: Any, answer: Answer) -> errors.LibcloudError:
    if answer.status >= 500:
        sentence = f"The service failed on its own side (status {answer.status})."
        return errors.ServerError(_with(answer, sentence), answer.status, driver)
    if 200 <= answer.status < 300:
        return errors.MalformedResponseError(
            "The service answered what nobody asked for.", answer.body[:2000], driver
        )
    sentence = f"The service refused this (status {answer.status})."
    return errors.ProviderError(_with(answer, sentence), answer.status, driver)


_STATUS: dict[int, Make] = {
    400: _bad,
    401: _creds,
    403: _denied,
    404: _gone,
    405: _unsupported,
    408: lambda driver, answer: errors.ServerError(
        "The service waited in vain for the request.", 408, driver
    ),
    409: _conflict,
    412: _failed_condition,
    413: _large,
    416: _bad_range,
    422: _damaged,
    429: _slow,
    497: _denied,  # Swift's rate limiter for accounts that are shut out
    498: _slow,
    499: lambda driver, answer: errors.ConnectionLostError(
        "The connection was lost before everything was sent.", driver
    ),
    501: _unsupported,
    507: _full,
    **dict.fromkeys((301, 302, 303, 307, 308), _elsewhere),
}
