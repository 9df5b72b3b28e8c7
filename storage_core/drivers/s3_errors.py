"""From what an S3 service answers to our error tree, each with a sentence for a person.

Codes: https://docs.aws.amazon.com/AmazonS3/latest/API/ErrorResponses.html,
and what other services send in their place.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any
from xml.etree.ElementTree import Element

from storage_core import errors, refusals
from storage_core.redaction import redact
from storage_core.xml import parse, text


@dataclass(frozen=True, slots=True, kw_only=True)
class Answer(refusals.Answer):
    """What is known about a refusal, with the fields of its <Error>."""

    region: str = ""


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
    return refusals.complete(_by_code(answer, driver) or _by_status(answer, driver), answer)


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


def _creds(driver: Any, answer: Answer) -> errors.LibcloudError:
    sentence = _WHO.get(answer.code, "The service does not accept these credentials.")
    return errors.InvalidCredsError(answer.said(sentence), driver)


def _skewed(driver: Any, answer: Answer) -> errors.LibcloudError:
    sentence = "The clock of this computer is too far from the service's. Set it right and try again."
    return errors.ClockSkewError(answer.said(sentence), 403, driver)


def _own(driver: Any, answer: Answer) -> errors.LibcloudError:
    return errors.ContainerAlreadyExistsError(
        f"{answer.container!r} exists already and is yours.", driver, answer.container
    )


def _taken(driver: Any, answer: Answer) -> errors.LibcloudError:
    sentence = (
        f"Somebody else has a container called {answer.container!r}; names are shared by all customers."
    )
    return errors.ContainerAlreadyExistsError(sentence, driver, answer.container)


def _no_more_containers(driver: Any, answer: Answer) -> errors.LibcloudError:
    return errors.ContainerError(
        answer.said("This account has as many containers as it may."), driver, answer.container
    )


def _bad_location(driver: Any, answer: Answer) -> errors.LibcloudError:
    sentence = answer.said("The service does not create containers in the chosen region from here.")
    return errors.WrongRegionError(sentence, answer.status, driver, region=answer.region)


def _elsewhere(driver: Any, answer: Answer) -> errors.LibcloudError:
    where = f"in the region {answer.region}" if answer.region else "in another region"
    return errors.WrongRegionError(f"{answer.about} is {where}.", answer.status, driver, region=answer.region)


def _long_key(driver: Any, answer: Answer) -> errors.LibcloudError:
    return errors.InvalidObjectNameError(
        answer.said("The object's name is too long."), driver, answer.object_name
    )


def _small_part(driver: Any, answer: Answer) -> errors.LibcloudError:
    return errors.ObjectError(
        answer.said("A part of the upload is smaller than the service takes."), driver, answer.object_name
    )


def _no_acl(driver: Any, answer: Answer) -> errors.LibcloudError:
    sentence = (
        "This container does not use access lists per object; use public access of the container, or a link."
    )
    return errors.OperationNotSupportedError(sentence, driver)


_no_upload = refusals.about_object(
    "The service no longer knows the upload of {}: it was completed or removed.",
    errors.ObjectDoesNotExistError,
)
_no_version = refusals.about_object(
    "That version of {} does not exist any more.",
    errors.ObjectDoesNotExistError,
)
_lost_part = refusals.about_object(
    "The service does not hold all parts of {} any more; send it again.",
    errors.ObjectChangedError,
)
_archived = refusals.about_object(
    "{} is archived; it must be restored before it can be read.",
    errors.ObjectArchivedError,
)
_CODES: dict[str, refusals.Make] = {
    **dict.fromkeys(CREDENTIAL_CODES, _creds),
    **dict.fromkeys(
        ("AccessDenied", "AllAccessDisabled", "AccountProblem", "Forbidden", "AccessForbidden"),
        refusals.denied,
    ),
    **dict.fromkeys(("RequestTimeTooSkewed", "RequestExpired"), _skewed),
    "NoSuchBucket": refusals.no_container,
    "NoSuchKey": refusals.no_object,
    "NoSuchUpload": _no_upload,
    "NoSuchVersion": _no_version,
    "BucketAlreadyOwnedByYou": _own,
    "BucketAlreadyExists": _taken,
    "BucketNotEmpty": refusals.not_empty,
    "InvalidBucketName": refusals.bad_container_name,
    "TooManyBuckets": _no_more_containers,
    **dict.fromkeys(("IllegalLocationConstraintException", "InvalidLocationConstraint"), _bad_location),
    **dict.fromkeys(("PermanentRedirect", "TemporaryRedirect", "Redirect"), _elsewhere),
    **dict.fromkeys(("KeyTooLongError", "KeyTooLong"), _long_key),
    **dict.fromkeys(("EntityTooLarge", "MaxMessageLengthExceeded", "QuotaExceeded"), refusals.large),
    "EntityTooSmall": _small_part,
    **dict.fromkeys(("InvalidPart", "InvalidPartOrder"), _lost_part),
    "InvalidObjectState": _archived,
    **dict.fromkeys(("PreconditionFailed", "ConditionalRequestConflict"), refusals.changed),
    **dict.fromkeys(
        ("BadDigest", "XAmzContentSHA256Mismatch", "XAmzContentChecksumMismatch", "InvalidDigest"),
        refusals.damaged,
    ),
    "InvalidRange": refusals.bad_range,
    **dict.fromkeys(
        (
            "SlowDown", "SlowDownRead", "SlowDownWrite", "Throttling", "ThrottlingException",
            "ThrottledException", "RequestThrottled", "RequestThrottledException", "RequestLimitExceeded",
            "TooManyRequests", "TooManyRequestsException",
            "BandwidthLimitExceeded", "ProvisionedThroughputExceededException",
        ),
        refusals.slow,
    ),
    **dict.fromkeys(
        ("InternalError", "ServiceUnavailable", "RequestTimeout", "RequestTimeoutException",
         "PriorRequestNotComplete", "OperationAborted", "Busy", "ServerBusy"),
        refusals.failed,
    ),
    **dict.fromkeys(
        ("NotImplemented", "XNotImplemented", "MethodNotAllowed", "UnsupportedOperation", "NotSupported",
         "UnsupportedParameter", "FeatureNotEnabled"),
        refusals.unsupported,
    ),
    **dict.fromkeys(("AccessControlListNotSupported", "InvalidBucketAclWithObjectOwnership"), _no_acl),
    "InvalidStorageClass": refusals.attribute("storage_class"),
    **dict.fromkeys(
        ("InvalidEncryptionAlgorithmError", "ServerSideEncryptionConfigurationNotFoundError",
         "KMS.NotFoundException", "KMS.DisabledException", "KMS.KMSInvalidStateException", "KMSKeyNotFound"),
        refusals.attribute("encryption"),
    ),
    **dict.fromkeys(("InvalidTag", "BadRequest.InvalidTag"), refusals.attribute("tags")),
    **dict.fromkeys(("MetadataTooLarge", "InvalidMetadata"), refusals.attribute("metadata")),
}  # fmt: skip


def _by_code(answer: Answer, driver: Any) -> errors.LibcloudError | None:
    if answer.code == "AuthorizationHeaderMalformed" and answer.region:
        return _elsewhere(driver, answer)
    if answer.code == "InvalidRequest" and "metadata" in answer.message.lower():
        return refusals.attribute("metadata")(driver, answer)
    make = _CODES.get(answer.code)
    return make(driver, answer) if make else None


def _by_status(answer: Answer, driver: Any) -> errors.LibcloudError:
    if answer.status in (301, 302, 307, 308):
        return _elsewhere(driver, answer)
    if answer.status == 404 and answer.code not in ("", "NotFound", "404"):
        return refusals.other(driver, answer)
    return refusals.by_status(driver, answer)
