"""From what Google's JSON API answers to our error tree, each with a sentence for a person.

Statuses and reasons: https://cloud.google.com/storage/docs/json_api/v1/status-codes
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

from storage_core import errors, refusals
from storage_core.redaction import redact
from storage_core.refusals import Answer, Make


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
        code=reason,
        message=redact(message)[:300],
        request_id=headers.get("x-guploader-uploadid", ""),
        container=container,
        object_name=object_name,
        method=method,
        body=body[:2000],
        service="Google",
    )


def refusal(answer: Answer, driver: Any) -> errors.LibcloudError:
    """The typed error for an answer that is not success."""
    return refusals.complete(_make(answer)(driver, answer), answer)


def speaks_of_the_container(message: str) -> bool:
    """Whether a 404 is about the bucket and not about an object in it."""
    return "bucket does not exist" in message.lower()


def _reason(body: bytes) -> tuple[str, str]:
    """`{"error": {"code", "message", "errors": [{"reason"}]}}`; text of other shapes as the message."""
    try:
        told = json.loads(body)["error"]
        reasons = told.get("errors") or [{}]
        return str(reasons[0].get("reason", "")), str(told.get("message", ""))
    except (ValueError, RecursionError, KeyError, TypeError, AttributeError, IndexError):
        is_text = body[:1] not in (b"<", b"{", b"") and len(body) < 300
        return "", body.decode("utf-8", "replace") if is_text else ""


def _make(answer: Answer) -> Make:
    status, reason = answer.status, answer.code
    if "doesn't match calculated" in answer.message:
        return refusals.damaged
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
    if status == 400 and not answer.object_name and "bucket name" in answer.message.lower():
        return refusals.bad_container_name
    return refusals.by_status


def _missing(answer: Answer) -> Make:
    if speaks_of_the_container(answer.message) or not answer.object_name:
        return refusals.no_container
    return refusals.no_object


def _conflict(answer: Answer) -> Make:
    if answer.object_name:
        return refusals.failed  # another change of the same object is under way
    return refusals.not_empty if answer.method == "DELETE" else _taken


# -- one function for each sentence --


def _disabled(driver: Any, answer: Answer) -> errors.LibcloudError:
    sentence = "Google has disabled this account or its billing; look into the Cloud console."
    return errors.AccessDeniedError(answer.said(sentence), 403, driver)


def _held(driver: Any, answer: Answer) -> errors.LibcloudError:
    sentence = f"A retention rule or a hold keeps {answer.about} as it is."
    return errors.AccessDeniedError(answer.said(sentence), 403, driver)


def _prevented(driver: Any, answer: Answer) -> errors.LibcloudError:
    return errors.OperationNotSupportedError(answer.said(PREVENTED), driver)


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


def _taken(driver: Any, answer: Answer) -> errors.LibcloudError:
    sentence = f"The container name {answer.container!r} is taken; names are shared by all customers."
    return errors.ContainerAlreadyExistsError(answer.said(sentence), driver, answer.container)


_REASONS: dict[str, Make] = {
    **dict.fromkeys(("authError", "lockedDomainExpired"), refusals.creds),
    **dict.fromkeys(("forbidden", "insufficientPermissions", "userProjectAccessDenied"), refusals.denied),
    **dict.fromkeys(("accountDisabled", "userProjectAccountProblem"), _disabled),
    **dict.fromkeys(("retentionPolicyNotMet", "objectUnderActiveHold"), _held),
    **dict.fromkeys(
        ("rateLimitExceeded", "userRateLimitExceeded", "usageLimits.rateLimitExceeded", "quotaExceeded"),
        refusals.slow,
    ),
    "conditionNotMet": refusals.changed,
    "uploadTooLarge": refusals.large,
    "requestedRangeNotSatisfiable": refusals.bad_range,
    **dict.fromkeys(
        ("backendError", "internalError", "gatewayTimeout", "uploadBrokenConnection"), refusals.failed
    ),
    **dict.fromkeys(
        (
            "cloudKmsBadKey", "cloudKmsCannotChangeKeyName", "cloudKmsDecryptionKeyNotFound",
            "cloudKmsDisabledKey", "cloudKmsEncryptionKeyNotFound", "cloudKmsKeyLocationNotAllowed",
        ),
        refusals.attribute("encryption_key"),
    ),
}  # fmt: skip
