"""From what an S3 service answers to our error tree, each with a sentence for a person.

Codes: https://docs.aws.amazon.com/AmazonS3/latest/API/ErrorResponses.html,
and what other services send in their place.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any
from xml.etree.ElementTree import Element

from storage_core import errors
from storage_core.http import redact
from storage_core.xml import parse, text


@dataclass(frozen=True, slots=True)
class Answer:
    """What is known about a refusal: the reply's status and headers, and the fields of its <Error>."""

    status: int
    code: str = ""
    message: str = ""
    region: str = ""
    request_id: str = ""
    retry_after: float = 0.0
    container: str = ""
    object_name: str = ""
    body: bytes = b""


Make = Callable[[Any, Answer], errors.LibcloudError]
CREDENTIAL_CODES = frozenset(
    (
        "InvalidAccessKeyId",
        "SignatureDoesNotMatch",
        "InvalidToken",
        "ExpiredToken",
        "TokenRefreshRequired",
        "InvalidSecurity",
        "NotSignedUp",
        "InvalidClientTokenId",
        "UnrecognizedClientException",
        "InvalidSignatureException",
        "MissingSecurityHeader",
        "CredentialsNotSupported",
        "AuthorizationHeaderMalformed",
        "AuthorizationQueryParametersError",
    )
)
"""Codes that speak about who is asking, not about what is asked for."""

_WHO = {
    "InvalidAccessKeyId": "The service does not know this access key.",
    "SignatureDoesNotMatch": "The secret key does not belong to this access key.",
    "InvalidToken": "The session token is not valid.",
    "ExpiredToken": "The session token has expired. Get a new one.",
    "TokenRefreshRequired": "The session token must be renewed.",
    "NotSignedUp": "This account is not signed up for the service.",
}


def refusal(answer: Answer, driver: Any) -> errors.LibcloudError:
    """The typed error for an answer that is not success."""
    error = _by_code(answer, driver) or _by_status(answer, driver)
    error.container_name = error.container_name or answer.container or None
    error.object_name = error.object_name or answer.object_name or None
    error.status = answer.status
    error.code = answer.code
    error.request_id = answer.request_id
    if isinstance(error, errors.ProviderError):
        error.http_code = answer.status
    return error


def read_answer(
    status: int, headers: Mapping[str, str], body: bytes, container: str = "", object_name: str = ""
) -> Answer:
    """Whatever can be made out: an XML <Error>, or, from a gateway in between, only status and headers."""
    root = _error_element(body)
    fields = {
        name: text(root, tag) if root is not None else ""
        for name, tag in (
            ("code", "Code"),
            ("message", "Message"),
            ("region", "Region"),
            ("request_id", "RequestId"),
        )
    }
    return Answer(
        status=status,
        code=fields["code"],
        message=redact(fields["message"])[:300],
        region=headers.get("x-amz-bucket-region", "") or fields["region"],
        request_id=fields["request_id"] or headers.get("x-amz-request-id", ""),
        retry_after=_seconds(headers),
        container=container,
        object_name=object_name,
        body=body[:2000],
    )


def hidden_error(root: Element) -> bool:
    """Whether a reply with status 200 holds an error in the place of a result."""
    return root.tag.rpartition("}")[2] == "Error"


# -- helpers --


def _error_element(body: bytes) -> Element | None:
    if b"<Error" not in body[:2000]:
        return None
    try:
        root = parse(body)
    except errors.MalformedResponseError:
        return None  # a gateway's page or a cut reply: the status says what there is to say
    if hidden_error(root):
        return root
    # Some services wrap it: <ErrorResponse><Error>…</Error></ErrorResponse>
    return next((element for element in root.iter() if hidden_error(element)), None)


def _seconds(headers: Mapping[str, str]) -> float:
    for name, factor in (("x-amz-retry-after", 0.001), ("retry-after", 1.0)):
        try:
            return max(0.0, float(headers.get(name, "")) * factor)
        except ValueError:
            continue
    return 0.0


def _said(answer: Answer, sentence: str) -> str:
    """Our sentence, and the service's own words behind it."""
    words = answer.message.strip()
    return f"{sentence} The service says: {words}" if words else sentence


def _about(answer: Answer) -> str:
    if answer.object_name:
        return f"{answer.object_name!r} in {answer.container!r}"
    return repr(answer.container) if answer.container else "this account"


def _creds(driver: Any, answer: Answer) -> errors.LibcloudError:
    sentence = _WHO.get(answer.code, "The service does not accept these credentials.")
    return errors.InvalidCredsError(_said(answer, sentence), driver)


def _denied(driver: Any, answer: Answer) -> errors.LibcloudError:
    return errors.AccessDeniedError(
        _said(answer, f"These credentials may not do this with {_about(answer)}."), 403, driver
    )


def _skewed(driver: Any, answer: Answer) -> errors.LibcloudError:
    sentence = "The clock of this computer is too far from the service's. Set it right and try again."
    return errors.ClockSkewError(_said(answer, sentence), 403, driver)


def _no_container(driver: Any, answer: Answer) -> errors.LibcloudError:
    return errors.ContainerDoesNotExistError(
        f"There is no container {answer.container!r}.", driver, answer.container
    )


def _no_object(driver: Any, answer: Answer) -> errors.LibcloudError:
    sentence = f"There is no object {answer.object_name!r} in {answer.container!r}."
    return errors.ObjectDoesNotExistError(sentence, driver, answer.object_name)


def _no_upload(driver: Any, answer: Answer) -> errors.LibcloudError:
    sentence = (
        f"The service no longer knows the upload of {answer.object_name!r}: it was completed or removed."
    )
    return errors.ObjectDoesNotExistError(sentence, driver, answer.object_name)


def _no_version(driver: Any, answer: Answer) -> errors.LibcloudError:
    sentence = f"That version of {answer.object_name!r} does not exist any more."
    return errors.ObjectDoesNotExistError(sentence, driver, answer.object_name)


def _own(driver: Any, answer: Answer) -> errors.LibcloudError:
    return errors.ContainerAlreadyExistsError(
        f"{answer.container!r} exists already and is yours.", driver, answer.container
    )


def _taken(driver: Any, answer: Answer) -> errors.LibcloudError:
    sentence = (
        f"Somebody else has a container called {answer.container!r}; names are shared by all customers."
    )
    return errors.ContainerAlreadyExistsError(sentence, driver, answer.container)


def _not_empty(driver: Any, answer: Answer) -> errors.LibcloudError:
    sentence = f"{answer.container!r} is not empty: objects, old versions or unfinished uploads are in it."
    return errors.ContainerIsNotEmptyError(sentence, driver, answer.container)


def _bad_name(driver: Any, answer: Answer) -> errors.LibcloudError:
    sentence = _said(answer, f"The service does not allow the container name {answer.container!r}.")
    return errors.InvalidContainerNameError(sentence, driver, answer.container)


def _no_more_containers(driver: Any, answer: Answer) -> errors.LibcloudError:
    return errors.ContainerError(
        _said(answer, "This account has as many containers as it may."), driver, answer.container
    )


def _bad_location(driver: Any, answer: Answer) -> errors.LibcloudError:
    sentence = _said(answer, "The service does not create containers in the chosen region from here.")
    return errors.WrongRegionError(sentence, answer.status, driver, region=answer.region)


def _elsewhere(driver: Any, answer: Answer) -> errors.LibcloudError:
    where = f"in the region {answer.region}" if answer.region else "in another region"
    return errors.WrongRegionError(
        f"{_about(answer)} is {where}.", answer.status, driver, region=answer.region
    )


def _long_key(driver: Any, answer: Answer) -> errors.LibcloudError:
    return errors.InvalidObjectNameError(
        _said(answer, "The object's name is too long."), driver, answer.object_name
    )


def _large(driver: Any, answer: Answer) -> errors.LibcloudError:
    return errors.ObjectTooLargeError(
        _said(answer, "That is more than the service takes."), driver, answer.object_name
    )


def _small_part(driver: Any, answer: Answer) -> errors.LibcloudError:
    return errors.ObjectError(
        _said(answer, "A part of the upload is smaller than the service takes."), driver, answer.object_name
    )


def _lost_part(driver: Any, answer: Answer) -> errors.LibcloudError:
    sentence = f"The service does not hold all parts of {answer.object_name!r} any more; send it again."
    return errors.ObjectChangedError(sentence, driver, answer.object_name)


def _archived(driver: Any, answer: Answer) -> errors.LibcloudError:
    sentence = f"{answer.object_name!r} is archived; it must be restored before it can be read."
    return errors.ObjectArchivedError(sentence, driver, answer.object_name)


def _changed(driver: Any, answer: Answer) -> errors.LibcloudError:
    sentence = (
        f"{answer.object_name!r} is not what it was: it was written, or removed, by somebody else meanwhile."
    )
    return errors.ObjectChangedError(sentence, driver, answer.object_name)


def _damaged(driver: Any, answer: Answer) -> errors.LibcloudError:
    sentence = f"{answer.object_name!r} was damaged on its way to the service, which refused it."
    error = errors.ObjectHashMismatchError(_said(answer, sentence), driver, answer.object_name)
    error.retryable = True  # the same bytes, sent again, may arrive whole
    return error


def _bad_range(driver: Any, answer: Answer) -> errors.LibcloudError:
    return errors.ObjectError(
        f"{answer.object_name!r} has no bytes in that range.", driver, answer.object_name, status=416
    )


def _slow(driver: Any, answer: Answer) -> errors.LibcloudError:
    sentence = "The service asks to send fewer requests for a while."
    return errors.RateLimitReachedError(sentence, answer.status, driver, retry_after=answer.retry_after)


def _failed(driver: Any, answer: Answer) -> errors.LibcloudError:
    named = f", {answer.code}" if answer.code else ""
    sentence = f"The service failed on its own side (status {answer.status}{named})."
    return errors.ServerError(_said(answer, sentence), answer.status, driver)


def _unsupported(driver: Any, answer: Answer) -> errors.LibcloudError:
    return errors.OperationNotSupportedError(_said(answer, "The service does not offer this."), driver)


def _no_acl(driver: Any, answer: Answer) -> errors.LibcloudError:
    sentence = (
        "This container does not use access lists per object; use public access of the container, or a link."
    )
    return errors.OperationNotSupportedError(sentence, driver)


def _attribute(field: str) -> Make:
    def make(driver: Any, answer: Answer) -> errors.LibcloudError:
        sentence = _said(answer, f"The service does not accept this {field.replace('_', ' ')}.")
        return errors.AttributeRefusedError(sentence, driver, field=field)

    return make


def _other(driver: Any, answer: Answer) -> errors.LibcloudError:
    named = f", {answer.code}" if answer.code else ""
    return errors.ProviderError(
        _said(answer, f"The service refused this (status {answer.status}{named})."), answer.status, driver
    )


_CODES: dict[str, Make] = {
    **dict.fromkeys(CREDENTIAL_CODES, _creds),
    **dict.fromkeys(
        ("AccessDenied", "AllAccessDisabled", "AccountProblem", "Forbidden", "AccessForbidden"),
        _denied,
    ),
    **dict.fromkeys(("RequestTimeTooSkewed", "RequestExpired"), _skewed),
    "NoSuchBucket": _no_container,
    "NoSuchKey": _no_object,
    "NoSuchUpload": _no_upload,
    "NoSuchVersion": _no_version,
    "BucketAlreadyOwnedByYou": _own,
    "BucketAlreadyExists": _taken,
    "BucketNotEmpty": _not_empty,
    "InvalidBucketName": _bad_name,
    "TooManyBuckets": _no_more_containers,
    **dict.fromkeys(("IllegalLocationConstraintException", "InvalidLocationConstraint"), _bad_location),
    **dict.fromkeys(("PermanentRedirect", "TemporaryRedirect", "Redirect"), _elsewhere),
    **dict.fromkeys(("KeyTooLongError", "KeyTooLong"), _long_key),
    **dict.fromkeys(("EntityTooLarge", "MaxMessageLengthExceeded", "QuotaExceeded"), _large),
    "EntityTooSmall": _small_part,
    **dict.fromkeys(("InvalidPart", "InvalidPartOrder"), _lost_part),
    "InvalidObjectState": _archived,
    **dict.fromkeys(("PreconditionFailed", "ConditionalRequestConflict"), _changed),
    **dict.fromkeys(
        ("BadDigest", "XAmzContentSHA256Mismatch", "XAmzContentChecksumMismatch", "InvalidDigest"), _damaged
    ),
    "InvalidRange": _bad_range,
    **dict.fromkeys(
        (
            "SlowDown", "SlowDownRead", "SlowDownWrite", "Throttling", "ThrottlingException",
            "ThrottledException", "RequestThrottled", "RequestThrottledException", "RequestLimitExceeded",
            "TooManyRequests", "TooManyRequestsException",
            "BandwidthLimitExceeded", "ProvisionedThroughputExceededException",
        ),
        _slow,
    ),
    **dict.fromkeys(
        ("InternalError", "ServiceUnavailable", "RequestTimeout", "RequestTimeoutException",
         "PriorRequestNotComplete", "OperationAborted", "Busy", "ServerBusy"),
        _failed,
    ),
    **dict.fromkeys(
        ("NotImplemented", "XNotImplemented", "MethodNotAllowed", "UnsupportedOperation", "NotSupported",
         "UnsupportedParameter", "FeatureNotEnabled"),
        _unsupported,
    ),
    **dict.fromkeys(("AccessControlListNotSupported", "InvalidBucketAclWithObjectOwnership"), _no_acl),
    "InvalidStorageClass": _attribute("storage_class"),
    **dict.fromkeys(
        ("InvalidEncryptionAlgorithmError", "ServerSideEncryptionConfigurationNotFoundError",
         "KMS.NotFoundException", "KMS.DisabledException", "KMS.KMSInvalidStateException", "KMSKeyNotFound"),
        _attribute("encryption"),
    ),
    **dict.fromkeys(("InvalidTag", "BadRequest.InvalidTag"), _attribute("tags")),
    **dict.fromkeys(("MetadataTooLarge", "InvalidMetadata"), _attribute("metadata")),
}  # fmt: skip


def _by_code(answer: Answer, driver: Any) -> errors.LibcloudError | None:
    if answer.code == "AuthorizationHeaderMalformed" and answer.region:
        return _elsewhere(driver, answer)
    if answer.code == "InvalidRequest" and "metadata" in answer.message.lower():
        return _attribute("metadata")(driver, answer)
    make = _CODES.get(answer.code)
    return make(driver, answer) if make else None


def _by_status(answer: Answer, driver: Any) -> errors.LibcloudError:
    status = answer.status
    if status in (301, 302, 307, 308):
        return _elsewhere(driver, answer)
    if status == 401:
        return _creds(driver, answer)
    if status == 403:
        return _denied(driver, answer)
    if status == 404 and answer.code in ("", "NotFound", "404"):
        return _no_object(driver, answer) if answer.object_name else _no_container(driver, answer)
    if status == 412:
        return _changed(driver, answer)
    if status == 413:
        return _large(driver, answer)
    if status == 416:
        return _bad_range(driver, answer)
    if status == 429:
        return _slow(driver, answer)
    if status in (405, 501):
        return _unsupported(driver, answer)
    if status >= 500 or status == 408:
        return _failed(driver, answer)
    if 200 <= status < 300:
        return errors.MalformedResponseError(
            "The service answered what nobody asked for.", answer.body, driver
        )
    return _other(driver, answer)
