"""From what Swift answers to our error tree, each with a sentence for a person.

Swift tells by status; the reason, where there is one, is a line of plain text in the body.
https://docs.openstack.org/api-ref/object-store/
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from storage_core import errors, refusals
from storage_core.redaction import redact


@dataclass(frozen=True, slots=True, kw_only=True)
class Answer(refusals.Answer):
    """What is known about a refusal. `conditional`: the request named a condition of ours."""

    conditional: bool = False


def words(body: bytes) -> str:
    """The service's own; "" for its general pages."""
    if body.lstrip().startswith(b"<"):
        return ""
    return redact(body[:300].decode("utf-8", "replace").strip())


def refusal(answer: Answer, driver: Any) -> errors.LibcloudError:
    """The typed error for an answer that is not success."""
    make: refusals.Make = _STATUS.get(answer.status, refusals.by_status)
    return refusals.complete(make(driver, answer), answer)


def no_container(driver: Any, name: str) -> errors.LibcloudError:
    """A 404 that is about the container."""
    return errors.ContainerDoesNotExistError(f"There is no container {name!r}.", driver, name, status=404)


def no_object(driver: Any, container: str, name: str) -> errors.LibcloudError:
    """A 404 that is about the object."""
    sentence = f"There is no object {name!r} in {container!r}."
    return errors.ObjectDoesNotExistError(sentence, driver, name, status=404, container_name=container)


# -- helpers --


def _bad(driver: Any, answer: Answer) -> errors.LibcloudError:
    said = answer.message
    if "etadata" in said:
        return refusals.attribute("metadata")(driver, answer)
    if "Etag Mismatch" in said or "Size Mismatch" in said or "404 Not Found" in said:
        sentence = f"The service does not hold all parts of {answer.object_name!r} as they were sent."
        return errors.ObjectChangedError(sentence, driver, answer.object_name)
    if "Container name" in said:
        return refusals.bad_container_name(driver, answer)
    if "Object name" in said or "NULL" in said:
        return refusals.bad_object_name(driver, answer)
    return refusals.other(driver, answer)


def _creds(driver: Any, answer: Answer) -> errors.LibcloudError:
    sentence = f"The service does not let this sign-in into {answer.about}."
    return errors.InvalidCredsError(answer.said(sentence), driver)


def _gone(driver: Any, answer: Answer) -> errors.LibcloudError:
    if answer.container:
        return refusals.nothing(driver, answer)
    return errors.ProviderError("There is no such account at this service.", 404, driver)


def _conflict(driver: Any, answer: Answer) -> errors.LibcloudError:
    if answer.container and not answer.object_name and answer.method == "DELETE":
        return refusals.not_empty(driver, answer)
    # Two writes of one name at the same moment, or a symlink that leads in a circle.
    sentence = f"Something else happened to {answer.about} at the same moment."
    return errors.ServerError(answer.said(sentence), 409, driver)


def _failed_condition(driver: Any, answer: Answer) -> errors.LibcloudError:
    if answer.conditional:
        return refusals.changed(driver, answer)
    return _bad(driver, answer)


def _large(driver: Any, answer: Answer) -> errors.LibcloudError:
    if "quota" in answer.message.lower():
        sentence = f"The quota of {answer.container!r} (or of the account) is used up."
        return errors.ObjectTooLargeError(answer.said(sentence), driver, answer.object_name)
    sentence = "That is more than the service takes in one request."
    return errors.ObjectTooLargeError(answer.said(sentence), driver, answer.object_name)


def _full(driver: Any, answer: Answer) -> errors.LibcloudError:
    return errors.ServerError("The service has no room left on its disks.", 507, driver)


def _elsewhere(driver: Any, answer: Answer) -> errors.LibcloudError:
    sentence = f"The service sends {answer.about} to another address; nothing of ours goes there."
    return errors.ProviderError(sentence, answer.status, driver)


_STATUS: dict[int, refusals.Make] = {
    400: _bad,
    401: _creds,
    404: _gone,
    408: lambda driver, answer: errors.ServerError(
        "The service waited in vain for the request.", 408, driver
    ),
    409: _conflict,
    412: _failed_condition,
    413: _large,
    422: refusals.damaged,
    497: refusals.denied,  # Swift's rate limiter for accounts that are shut out
    498: refusals.slow,
    499: lambda driver, answer: errors.ConnectionLostError(
        "The connection was lost before everything was sent.", driver
    ),
    507: _full,
    **dict.fromkeys((301, 302, 303, 307, 308), _elsewhere),
}
