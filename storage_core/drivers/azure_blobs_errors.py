"""From what Azure answers to our error tree, each with a sentence for a person.

https://learn.microsoft.com/rest/api/storageservices/blob-service-error-codes
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from storage_core import errors, refusals
from storage_core.redaction import redact
from storage_core.refusals import about_object, attribute
from storage_core.retrying import asked_pause
from storage_core.xml import parse, text


@dataclass(frozen=True, slots=True, kw_only=True)
class Answer(refusals.Answer):
    """What is known about a refusal. `skewed`: the service's clock and ours are far apart."""

    sign_in: str = ""
    skewed: bool = False


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
    return refusals.complete(make(driver, answer) if make else _by_status(answer, driver), answer)


# -- helpers --


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
    sentence = f"These credentials may not do this with {answer.about}."
    if answer.code == "AuthorizationPermissionMismatch" and answer.sign_in == "token":
        sentence = (
            f"This sign-in has no role that allows it for {answer.about}. It takes one like 'Storage Blob "
            "Data Contributor', given in the portal under Access control (IAM)."
        )
    elif answer.code == "AuthorizationPermissionMismatch" and answer.sign_in == "sas":
        allowed = _allowed(driver.wire.given.sas)
        sentence = (
            f"The shared access signature does not allow this with {answer.about}.{allowed} Ask whoever "
            "made it for one that allows more."
        )
    return errors.AccessDeniedError(answer.said(sentence), 403, driver)


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
    sentence = f"These credentials, or this network, may not do this with {answer.about}."
    return errors.AccessDeniedError(answer.said(sentence), 403, driver)


def _no_container(driver: Any, answer: Answer) -> errors.LibcloudError:
    if not answer.container:
        return errors.ContainerDoesNotExistError("There is no such storage account at this address.", driver)
    return errors.ContainerDoesNotExistError(
        f"There is no container {answer.container!r}.", driver, answer.container
    )


def _nothing(driver: Any, answer: Answer) -> errors.LibcloudError:
    return refusals.no_object(driver, answer) if answer.object_name else _no_container(driver, answer)


def _no_source(driver: Any, answer: Answer) -> errors.LibcloudError:
    return errors.ObjectDoesNotExistError(
        answer.said("What was to be copied is not there, or may not be read."), driver, answer.object_name
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
        return refusals.bad_object_name(driver, answer)
    return refusals.bad_container_name(driver, answer)


def _leased(driver: Any, answer: Answer) -> errors.LibcloudError:
    sentence = (
        f"{answer.about} is leased, that is locked, by another program (a virtual machine, a backup). "
        "It can be changed when the lease ends or is broken."
    )
    if answer.object_name:
        return errors.ObjectError(sentence, driver, answer.object_name)
    return errors.ContainerError(sentence, driver, answer.container)


_CODES: dict[str, refusals.Make] = {
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
    **dict.fromkeys(("BlobNotFound", "PathNotFound"), refusals.no_object),
    "ResourceNotFound": _nothing,
    **dict.fromkeys(("CannotVerifyCopySource", "CopySourceNotFound"), _no_source),
    "ContainerAlreadyExists": _exists,
    "ContainerBeingDeleted": _being_deleted,
    **dict.fromkeys(("InvalidResourceName", "OutOfRangeInput", "InvalidUri"), _bad_name),
    **dict.fromkeys(
        ("ConditionNotMet", "TargetConditionNotMet", "SourceConditionNotMet", "BlobAlreadyExists",
         "AppendPositionConditionNotMet", "UnmodifiedSinceConditionNotMet"),
        refusals.changed,
    ),
    "BlobArchived": about_object(
        "{} is archived; it must be brought back to Hot, Cool or Cold before it can be read.",
        errors.ObjectArchivedError,
    ),
    "BlobBeingRehydrated": about_object(
        "{} is on its way out of the archive, which takes hours; it cannot be read or changed until then.",
        errors.ObjectArchivedError,
    ),
    "SnapshotsPresent": about_object("{} has snapshots. Delete them first: they are among its versions."),
    "BlobImmutableDueToPolicy": about_object("{} is kept from changes and deletion by a policy."),
    "InvalidBlobType": about_object("{} is a blob of another kind (append or page), which cannot do this."),
    "PendingCopyOperation": about_object("A copy to {} is still going on."),
    **dict.fromkeys(("InvalidBlobOrBlock", "InvalidBlockId"), about_object(
        "Another program has an unfinished upload of {} whose blocks are named in another way. It can be "
        "written when those blocks are gone: a week after they were sent, or by deleting them.",
    )),
    "InvalidBlockList": about_object(
        "The service does not hold all parts of {} any more; send it again.", errors.ObjectChangedError
    ),
    **dict.fromkeys(("BlockCountExceedsLimit", "RequestBodyTooLarge"), about_object(
        "{} is more than the service takes.", errors.ObjectTooLargeError
    )),
    "InvalidRange": refusals.bad_range,
    **dict.fromkeys(("Md5Mismatch", "Crc64Mismatch", "InvalidMd5"), refusals.damaged),
    **dict.fromkeys(
        ("LeaseIdMissing", "LeaseIdMismatchWithBlobOperation", "LeaseIdMismatchWithContainerOperation",
         "LeaseLost"),
        _leased,
    ),
    "ServerBusy": refusals.slow,
    **dict.fromkeys(("InternalError", "OperationTimedOut"), refusals.failed),
    **dict.fromkeys(
        ("APINotImplemented", "FeatureNotSupported", "UnsupportedHttpVerb", "UnsupportedQueryParameter",
         "FeatureVersionMismatch", "BlobTypeNotSupported"),
        refusals.unsupported,
    ),
    **dict.fromkeys(
        ("AccessTierNotSupportedForBlobType", "InvalidBlobTier", "BlobTierInadequateForContentLength"),
        attribute("storage_class"),
    ),
    **dict.fromkeys(("InvalidMetadata", "MetadataTooLarge", "EmptyMetadataKey"), attribute("metadata")),
    **dict.fromkeys(("InvalidTags", "TagsTooLarge"), attribute("tags")),
}  # fmt: skip


def _by_status(answer: Answer, driver: Any) -> errors.LibcloudError:
    if answer.status == 401:
        return _creds(driver, answer)
    if answer.status == 403:
        return _denied(driver, answer)
    if answer.status == 404:
        return refusals.other(driver, answer) if answer.code else _nothing(driver, answer)
    return refusals.by_status(driver, answer)
