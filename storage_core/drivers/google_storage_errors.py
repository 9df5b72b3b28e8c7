"""From what Google's JSON API answers to our error tree, each with a sentence for a person.

Statuses and reasons: https://cloud.google.com/storage/docs/json_api/v1/status-codes
"""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from storage_core import errors
from storage_core.redaction import redact


@dataclass(frozen=True, slots=True, kw_only=True)
class Answer:
    """What is known about a refusal: status, Google's reason and message, and what was asked."""

    status: int
    reason: str = ""
    message: str = ""
    request_id: str = ""
    container: str = ""
    object_name: str = ""
    method: str = ""
    body: bytes = b""


Make = Callable[[Any, Answer], errors.LibcloudError]


def read_answer(
    status: int,
    headers: Mapping[str, str],
    body: bytes,
    *,
    method: str = "",
    container: str = "",
    object_name: str = "",
) -> Answer:
    """Whatever can be made out: Google's JSON, or, from a gateway in between, only status and headers."""
    reason, message = _reason(body)
    return Answer(
        status=status,
        reason=reason,
        message=redact(message)[:300],
        request_id=headers.get("x-guploader-uploadid", ""),
        container=container,
        object_name=object_name,
        method=method,
        body=body[:2000],
    )


def refusal(answer: Answer, driver: Any) -> errors.LibcloudError:
    """The typed error for an answer that is not success."""
    error = _make(answer)(driver, answer)
    error.container_name = error.container_name or answer.container or None
    error.object_name = error.object_name or answer.object_name or None
    error.status = answer.status
    error.code = answer.reason
    error.request_id = answer.request_id
    if isinstance(error, errors.ProviderError):
        error.http_code = answer.status
    return error


def speaks_of_the_container(message: str) -> bool:
    """Whether a 404 is about the bucket and not about an object in it."""
    return "bucket does not exist" in message.lower()


def _reason(body: bytes) -> tuple[str, str]:
    """`{"error": {"code", "message", "errors": [{"reason"}]}}`; text of other shapes as the message."""
    try:
        told = json.loads(body)["error"]
        reasons = told.get("errors") or [{}]
        return str(reasons[0].get("reason", "")), str(told.get("message", ""))
    except (ValueError, KeyError, TypeError, AttributeError, IndexError):
        is_text = body[:1] not in (b"<", b"{", b"") and len(body) < 300
        return "", body.decode("utf-8", "replace") if is_text else ""


def _make(answer: Answer) -> Make:
    status, reason = answer.status, answer.reason
    if "doesn't match calculated" in answer.message:
        return _damaged
    if "uniform bucket-level access" in answer.message.lower() and status == 400:
        return _no_acl
    if "public access prevention" in answer.message.lower():
        return _prevented
    if reason in _REASONS:
        return _REASONS[reason]
    if status == 404:
        return _missing(answer)
    if status == 409:
        return _conflict(answer)
    if status in _STATUSES:
        return _STATUSES[status]
    if status >= 500:
        return _failed
    return _other


def _missing(answer: Answer) -> Make:
    if speaks_of_the_container(answer.message) or not answer.object_name:
        return _no_container
    return _no_object


def _conflict(answer: Answer) -> Make:
    if answer.object_name:
        return _failed  # another change of the same object is under way
    return _not_empty if answer.method == "DELETE" else _taken


def _said(answer: Answer, sentence: str) -> str:
    """Our sentence, and the service's own words behind it."""
    words = answer.message.strip()
    return f"{sentence} Google says: {words}" if words else sentence


def _about(answer: Answer) -> str:
    if answer.object_name:
        return f"{answer.object_name!r} in {answer.container!r}"
    return repr(answer.container) if answer.container else "this project"


# -- one function for each sentence --


def _creds(driver: Any, answer: Answer) -> errors.LibcloudError:
    return errors.InvalidCredsError(_said(answer, "Google does not accept this sign-in."), driver)


def _denied(driver: Any, answer: Answer) -> errors.LibcloudError:
    sentence = f"This account may not do this with {_about(answer)}."
    return errors.AccessDeniedError(_said(answer, sentence), 403, driver)


def _disabled(driver: Any, answer: Answer) -> errors.LibcloudError:
    sentence = "Google has disabled this account or its billing; look into the Cloud console."
    return errors.AccessDeniedError(_said(answer, sentence), 403, driver)


def _held(driver: Any, answer: Answer) -> errors.LibcloudError:
    sentence = f"A retention rule or a hold keeps {_about(answer)} as it is."
    return errors.AccessDeniedError(_said(answer, sentence), 403, driver)


def _prevented(driver: Any, answer: Answer) -> errors.LibcloudError:
    return errors.OperationNotSupportedError(_said(answer, PREVENTED), driver)


PREVENTED = (
    "Public access prevention is on for this container or its organization: nothing in it can be made "
    "public. It is switched off in the Cloud console, under Permissions."
)


def _no_acl(driver: Any, answer: Answer) -> errors.LibcloudError:
    return errors.OperationNotSupportedError(NO_ACL, driver)


NO_ACL = (
    "This container has uniform access: its objects have no access lists of their own. Make the whole "
    "container public, or share a link."
)


def _no_container(driver: Any, answer: Answer) -> errors.LibcloudError:
    return errors.ContainerDoesNotExistError(
        f"There is no container {answer.container!r}.", driver, answer.container
    )


def _no_object(driver: Any, answer: Answer) -> errors.LibcloudError:
    sentence = f"There is no object {answer.object_name!r} in {answer.container!r}."
    return errors.ObjectDoesNotExistError(sentence, driver, answer.object_name)


def _taken(driver: Any, answer: Answer) -> errors.LibcloudError:
    sentence = f"The container name {answer.container!r} is taken; names are shared by all customers."
    return errors.ContainerAlreadyExistsError(_said(answer, sentence), driver, answer.container)


def _not_empty(driver: Any, answer: Answer) -> errors.LibcloudError:
    sentence = f"{answer.container!r} is not empty: objects, old versions or unfinished uploads are in it."
    return errors.ContainerIsNotEmptyError(sentence, driver, answer.container)


def _changed(driver: Any, answer: Answer) -> errors.LibcloudError:
    sentence = (
        f"{answer.object_name!r} is not what it was: it was written, or removed, by somebody else meanwhile."
    )
    return errors.ObjectChangedError(sentence, driver, answer.object_name)


def _damaged(driver: Any, answer: Answer) -> errors.LibcloudError:
    sentence = f"{answer.object_name!r} was damaged on its way to Google, which refused it."
    error = errors.ObjectHashMismatchError(_said(answer, sentence), driver, answer.object_name)
    error.retryable = True  # the same bytes, sent again, may arrive whole
    return error


def _bad_range(driver: Any, answer: Answer) -> errors.LibcloudError:
    return errors.ObjectError(
        f"{answer.object_name!r} has no bytes in that range.", driver, answer.object_name
    )


def _large(driver: Any, answer: Answer) -> errors.LibcloudError:
    return errors.ObjectTooLargeError(
        _said(answer, "That is more than Google takes."), driver, answer.object_name
    )


def _slow(driver: Any, answer: Answer) -> errors.LibcloudError:
    sentence = "Google asks to send fewer requests for a while."
    return errors.RateLimitReachedError(_said(answer, sentence), answer.status, driver)


def _failed(driver: Any, answer: Answer) -> errors.LibcloudError:
    named = f", {answer.reason}" if answer.reason else ""
    sentence = f"Google failed on its own side (status {answer.status}{named})."
    return errors.ServerError(_said(answer, sentence), answer.status, driver)


def _other(driver: Any, answer: Answer) -> errors.LibcloudError:
    if answer.status == 400 and not answer.object_name and "bucket name" in answer.message.lower():
        sentence = f"Google does not allow the container name {answer.container!r}."
        return errors.InvalidContainerNameError(_said(answer, sentence), driver, answer.container)
    if answer.status < 400:
        return errors.MalformedResponseError("Google answered what nobody asked for.", answer.body, driver)
    named = f", {answer.reason}" if answer.reason else ""
    sentence = f"Google refused this (status {answer.status}{named})."
    return errors.ProviderError(_said(answer, sentence), answer.status, driver)


def _attribute(field: str) -> Make:
    def make(driver: Any, answer: Answer) -> errors.LibcloudError:
        sentence = _said(answer, f"Google does not accept this {field.replace('_', ' ')}.")
        return errors.AttributeRefusedError(sentence, driver, field=field)

    return make


_REASONS: dict[str, Make] = {
    **dict.fromkeys(("authError", "lockedDomainExpired"), _creds),
    **dict.fromkeys(("forbidden", "insufficientPermissions", "userProjectAccessDenied"), _denied),
    **dict.fromkeys(("accountDisabled", "userProjectAccountProblem"), _disabled),
    **dict.fromkeys(("retentionPolicyNotMet", "objectUnderActiveHold"), _held),
    **dict.fromkeys(
        ("rateLimitExceeded", "userRateLimitExceeded", "usageLimits.rateLimitExceeded", "quotaExceeded"),
        _slow,
    ),
    "conditionNotMet": _changed,
    "uploadTooLarge": _large,
    "requestedRangeNotSatisfiable": _bad_range,
    **dict.fromkeys(("backendError", "internalError", "gatewayTimeout", "uploadBrokenConnection"), _failed),
    **dict.fromkeys(
        (
            "cloudKmsBadKey", "cloudKmsCannotChangeKeyName", "cloudKmsDecryptionKeyNotFound",
            "cloudKmsDisabledKey", "cloudKmsEncryptionKeyNotFound", "cloudKmsKeyLocationNotAllowed",
        ),
        _attribute("encryption_key"),
    ),
}  # fmt: skip
_STATUSES: dict[int, Make] = {
    304: _changed,
    401: _creds,
    403: _denied,
    408: _failed,
    412: _changed,
    413: _large,
    416: _bad_range,
    429: _slow,
}
