"""From what Azure answers to our error tree, each with a sentence for a person.

https://learn.microsoft.com/rest/api/storageservices/blob-service-error-codes
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from storage_core import errors
from storage_core.redaction import redact
from storage_core.retrying import asked_pause
from storage_core.xml import parse, text


@dataclass(frozen=True, slots=True)
class Answer:
    """What is known about a refusal."""

    status: int
    code: str = ""
    message: str = ""
    request_id: str = ""
    retry_after: float = 0.0
    container: str = ""
    object_name: str = ""
    sign_in: str = ""
    skewed: bool = False  # its clock and ours are far apart


Make = Callable[[Any, Answer], errors.LibcloudError]
_FAILED_TO_AUTHENTICATE = "failed to authenticate"
"""Azurite has one code for a wrong signature and for what is not allowed; the message tells them apart."""


def read_answer(
    status: int, headers: Mapping[str, str], body: bytes, container: str = "", object_name: str = "",
    sign_in: str = "", skewed: bool = False,
) -> Answer:  # fmt: skip
    """Whatever can be made out: the code is a header; a gateway in between sends only a status."""
    code, message = headers.get("x-ms-error-code", ""), ""
    if b"<Error" in body[:500]:
        try:
            root = parse(body.removeprefix(b"\xef\xbb\xbf"))
        except errors.MalformedResponseError:
            pass  # a gateway's page or a cut reply: the header says what there is to say
        else:
            code = code or text(root, "Code")
            # The detail of a refused signature shows what was signed; it is not for people.
            message = text(root, "Message").partition("\n")[0]
    return Answer(
        status=status,
        code=code,
        message=redact(message)[:300],
        request_id=headers.get("x-ms-request-id", ""),
        retry_after=asked_pause(headers) or 0.0,
        container=container,
        object_name=object_name,
        sign_in=sign_in,
        skewed=skewed,
    )


def refusal(answer: Answer, driver: Any) -> errors.LibcloudError:
    """The typed error for an answer that is not success."""
    make = _CODES.get(answer.code)
    if answer.status == 403 and _FAILED_TO_AUTHENTICATE in answer.message:
        make = _creds
    error = make(driver, answer) if make else _by_status(answer, driver)
    error.container_name = error.container_name or answer.container or None
    error.object_name = error.object_name or answer.object_name or None
    error.status = answer.status
    error.code = answer.code
    error.request_id = answer.request_id
    if isinstance(error, errors.ProviderError):
        error.http_code = answer.status
    return error


# -- helpers --


def _said(answer: Answer, sentence: str) -> str:
    """Our sentence, and the service's own words behind it."""
    words = answer.message.strip()
    return f"{sentence} The service says: {words}" if words else sentence


def _about(answer: Answer) -> str:
    if answer.object_name:
        return f"{answer.object_name!r} in {answer.container!r}"
    return repr(answer.container) if answer.container else "this account"


_PERMISSIONS = {"r": "read", "l": "list", "a": "append", "c": "create", "w": "write", "d": "delete"}
_WHO = {
    "key": "The account key does not belong to this account.",
    "sas": "The shared access signature is not valid: it was changed, has expired, or its key was replaced.",
    "anonymous": "This needs credentials: the container is not public.",
}


def _creds(driver: Any, answer: Answer) -> errors.LibcloudError:
    if answer.skewed and answer.sign_in == "key":
        sentence = "The clock of this computer is too far from the service's. Set it right and try again."
        return errors.ClockSkewError(sentence, 403, driver)
    sentence = _WHO.get(answer.sign_in, "The service does not accept these credentials.")
    return errors.InvalidCredsError(sentence, driver)


def _denied(driver: Any, answer: Answer) -> errors.LibcloudError:
    sentence = f"These credentials may not do this with {_about(answer)}."
    if answer.code == "AuthorizationPermissionMismatch" and answer.sign_in == "token":
        sentence = (
            f"This sign-in has no role that allows it for {_about(answer)}. It takes one like 'Storage Blob "
            "Data Contributor', given in the portal under Access control (IAM)."
        )
    elif answer.code == "AuthorizationPermissionMismatch" and answer.sign_in == "sas":
        allowed = _allowed(driver.wire.given.sas)
        sentence = (
            f"The shared access signature does not allow this with {_about(answer)}.{allowed} Ask whoever "
            "made it for one that allows more."
        )
    return errors.AccessDeniedError(_said(answer, sentence), 403, driver)


def _allowed(sas: str) -> str:
    """What a signature is for, in words; its permissions are no secret."""
    told = next((pair[3:] for pair in sas.split("&") if pair.startswith("sp=")), "")
    words = [word for letter, word in _PERMISSIONS.items() if letter in told]
    return f" It is made to {', '.join(words)}." if words else ""


def _no_key_access(driver: Any, answer: Answer) -> errors.LibcloudError:
    sentence = "This storage account does not let account keys in. Sign in with Entra ID."
    return errors.AccessDeniedError(sentence, 403, driver)


def _no_public(driver: Any, answer: Answer) -> errors.LibcloudError:
    sentence = (
        "This storage account does not allow public containers. The portal has the switch: Configuration, "
        "Allow Blob anonymous access."
    )
    return errors.AccessDeniedError(sentence, 409, driver)


def _firewall(driver: Any, answer: Answer) -> errors.LibcloudError:
    sentence = f"These credentials, or this network, may not do this with {_about(answer)}."
    return errors.AccessDeniedError(_said(answer, sentence), 403, driver)


def _no_container(driver: Any, answer: Answer) -> errors.LibcloudError:
    if not answer.container:
        return errors.ContainerDoesNotExistError("There is no such storage account at this address.", driver)
    return errors.ContainerDoesNotExistError(
        f"There is no container {answer.container!r}.", driver, answer.container
    )


def _no_object(driver: Any, answer: Answer) -> errors.LibcloudError:
    sentence = f"There is no object {answer.object_name!r} in {answer.container!r}."
    return errors.ObjectDoesNotExistError(sentence, driver, answer.object_name)


def _nothing(driver: Any, answer: Answer) -> errors.LibcloudError:
    return _no_object(driver, answer) if answer.object_name else _no_container(driver, answer)


def _no_source(driver: Any, answer: Answer) -> errors.LibcloudError:
    return errors.ObjectDoesNotExistError(
        _said(answer, "What was to be copied is not there, or may not be read."), driver, answer.object_name
    )


def _exists(driver: Any, answer: Answer) -> errors.LibcloudError:
    sentence = f"{answer.container!r} exists already."
    return errors.ContainerAlreadyExistsError(sentence, driver, answer.container)


def _being_deleted(driver: Any, answer: Answer) -> errors.LibcloudError:
    sentence = f"{answer.container!r} is being deleted; the name is free again after half a minute or so."
    error = errors.ContainerError(sentence, driver, answer.container)
    error.retryable = True
    return error


def _bad_name(driver: Any, answer: Answer) -> errors.LibcloudError:
    if answer.object_name:
        return errors.InvalidObjectNameError(
            _said(answer, "The service does not allow this name."), driver, answer.object_name
        )
    sentence = _said(answer, f"The service does not allow the container name {answer.container!r}.")
    return errors.InvalidContainerNameError(sentence, driver, answer.container)


def _object_error(sentence: str, kind: type[errors.ObjectError] = errors.ObjectError) -> Make:
    """`{}` is where the name stands."""

    def make(driver: Any, answer: Answer) -> errors.LibcloudError:
        return kind(sentence.format(repr(answer.object_name)), driver, answer.object_name)

    return make


def _damaged(driver: Any, answer: Answer) -> errors.LibcloudError:
    sentence = f"{answer.object_name!r} was damaged on its way to the service, which refused it."
    error = errors.ObjectHashMismatchError(sentence, driver, answer.object_name)
    error.retryable = True  # the same bytes, sent again, may arrive whole
    return error


def _leased(driver: Any, answer: Answer) -> errors.LibcloudError:
    sentence = (
        f"{_about(answer)} is leased, that is locked, by another program (a virtual machine, a backup). "
        "It can be changed when the lease ends or is broken."
    )
    if answer.object_name:
        return errors.ObjectError(sentence, driver, answer.object_name)
    return errors.ContainerError(sentence, driver, answer.container)


def _slow(driver: Any, answer: Answer) -> errors.LibcloudError:
    sentence = "The service asks to send fewer requests for a while."
    return errors.RateLimitReachedError(sentence, answer.status, driver, retry_after=answer.retry_after)


def _failed(driver: Any, answer: Answer) -> errors.LibcloudError:
    named = f", {answer.code}" if answer.code else ""
    sentence = f"The service failed on its own side (status {answer.status}{named})."
    return errors.ServerError(_said(answer, sentence), answer.status, driver)


def _unsupported(driver: Any, answer: Answer) -> errors.LibcloudError:
    return errors.OperationNotSupportedError(_said(answer, "The service does not offer this."), driver)


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


_changed = _object_error(
    "{} is not what it was: it was written, or removed, by somebody else meanwhile.",
    errors.ObjectChangedError,
)
_CODES: dict[str, Make] = {
    **dict.fromkeys(
        ("AuthenticationFailed", "InvalidAuthenticationInfo", "NoAuthenticationInformation",
         "InvalidQueryParameterValue.sig"),
        _creds,
    ),
    **dict.fromkeys(
        ("AuthorizationPermissionMismatch", "AuthorizationProtocolMismatch",
         "AuthorizationResourceTypeMismatch", "AuthorizationServiceMismatch",
         "AuthorizationSourceIPMismatch", "InsufficientAccountPermissions",
         "UnauthorizedBlobOverwrite", "AccountIsDisabled"),
        _denied,
    ),
    "AuthorizationFailure": _firewall,
    "KeyBasedAuthenticationNotPermitted": _no_key_access,
    "PublicAccessNotPermitted": _no_public,
    **dict.fromkeys(("ContainerNotFound", "FilesystemNotFound", "ContainerDisabled"), _no_container),
    **dict.fromkeys(("BlobNotFound", "PathNotFound"), _no_object),
    "ResourceNotFound": _nothing,
    **dict.fromkeys(("CannotVerifyCopySource", "CopySourceNotFound"), _no_source),
    "ContainerAlreadyExists": _exists,
    "ContainerBeingDeleted": _being_deleted,
    **dict.fromkeys(("InvalidResourceName", "OutOfRangeInput", "InvalidUri"), _bad_name),
    **dict.fromkeys(
        ("ConditionNotMet", "TargetConditionNotMet", "SourceConditionNotMet", "BlobAlreadyExists",
         "AppendPositionConditionNotMet", "UnmodifiedSinceConditionNotMet"),
        _changed,
    ),
    "BlobArchived": _object_error(
        "{} is archived; it must be brought back to Hot, Cool or Cold before it can be read.",
        errors.ObjectArchivedError,
    ),
    "BlobBeingRehydrated": _object_error(
        "{} is on its way out of the archive, which takes hours; it cannot be read or changed until then.",
        errors.ObjectArchivedError,
    ),
    "SnapshotsPresent": _object_error("{} has snapshots. Delete them first: they are among its versions."),
    "BlobImmutableDueToPolicy": _object_error("{} is kept from changes and deletion by a policy."),
    "InvalidBlobType": _object_error("{} is a blob of another kind (append or page), which cannot do this."),
    "PendingCopyOperation": _object_error("A copy to {} is still going on."),
    **dict.fromkeys(("InvalidBlobOrBlock", "InvalidBlockId"), _object_error(
        "Another program has an unfinished upload of {} whose blocks are named in another way. It can be "
        "written when those blocks are gone: a week after they were sent, or by deleting them.",
    )),
    "InvalidBlockList": _object_error(
        "The service does not hold all parts of {} any more; send it again.", errors.ObjectChangedError
    ),
    **dict.fromkeys(("BlockCountExceedsLimit", "RequestBodyTooLarge"), _object_error(
        "{} is more than the service takes.", errors.ObjectTooLargeError
    )),
    "InvalidRange": _object_error("{} has no bytes in that range."),
    **dict.fromkeys(("Md5Mismatch", "Crc64Mismatch", "InvalidMd5"), _damaged),
    **dict.fromkeys(
        ("LeaseIdMissing", "LeaseIdMismatchWithBlobOperation", "LeaseIdMismatchWithContainerOperation",
         "LeaseLost"),
        _leased,
    ),
    "ServerBusy": _slow,
    **dict.fromkeys(("InternalError", "OperationTimedOut"), _failed),
    **dict.fromkeys(
        ("APINotImplemented", "FeatureNotSupported", "UnsupportedHttpVerb", "UnsupportedQueryParameter",
         "FeatureVersionMismatch", "BlobTypeNotSupported"),
        _unsupported,
    ),
    **dict.fromkeys(
        ("AccessTierNotSupportedForBlobType", "InvalidBlobTier", "BlobTierInadequateForContentLength"),
        _attribute("storage_class"),
    ),
    **dict.fromkeys(("InvalidMetadata", "MetadataTooLarge", "EmptyMetadataKey"), _attribute("metadata")),
    **dict.fromkeys(("InvalidTags", "TagsTooLarge"), _attribute("tags")),
}  # fmt: skip


def _by_status(answer: Answer, driver: Any) -> errors.LibcloudError:
    status = answer.status
    if status == 401:
        return _creds(driver, answer)
    if status == 403:
        return _denied(driver, answer)
    if status == 404 and not answer.code:
        return _nothing(driver, answer)
    if status in (304, 412):
        return _changed(driver, answer)
    if status == 416:
        return _CODES["InvalidRange"](driver, answer)
    if status == 429:
        return _slow(driver, answer)
    if status == 413:
        return _CODES["RequestBodyTooLarge"](driver, answer)
    if status in (405, 501):
        return _unsupported(driver, answer)
    if status >= 500 or status == 408:
        return _failed(driver, answer)
    if 200 <= status < 400:
        return errors.MalformedResponseError("The service answered what nobody asked for.", None, driver)
    return _other(driver, answer)
