"""What a failed test of the connection means: the sentence, what to do, and the field that holds the mistake.

The sentences come from `error_box` and the drivers; here stands what only the form knows: which of its fields
to look at. The first clue that fits is taken, so the special ones stand first.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from functools import partial

from PySide6.QtCore import QCoreApplication

from storage_core import errors, providers

from ..accounts import ADDRESSES, Account
from ..actions import QT_TRANSLATE_NOOP
from ..dialogs.account import Result
from ..dialogs.checks import signature
from ..error_box import sentence

CONTAINERS = "containers"  # a field of every form: *Only these containers*
AMAZON, AZURE, GOOGLE, SWIFT = "s3", "azure_blobs", "google_storage", "openstack_swift"
SECRET = "*secret"  # whichever secret the way of signing in asks for
ADDRESS = "*address"  # whichever field decides where requests go


@dataclass(frozen=True, slots=True)
class Clue:
    """An error whose class, code or sentence points at a field. The first of `fields` that counts is it;
    with a "?" behind it only where something was typed in.
    """

    kind: type[BaseException]
    words: str  # in the code or the sentence, in any case; "" fits every one
    fields: tuple[str, ...]
    hint: str = ""
    provider: str = ""  # "": any
    named: bool | None = None  # only where containers are named in the account, or only where none are


CLUES: tuple[Clue, ...] = (
    # -- Google --
    Clue(
        errors.LibcloudError,
        "this sign-in names none",
        ("project",),
        QT_TRANSLATE_NOOP("Diagnosis", "The project's ID stands on the first page of the Cloud console."),
        GOOGLE,
    ),
    Clue(
        errors.InvalidCredsError,
        "it belongs to the service",
        ("sign_in",),
        QT_TRANSLATE_NOOP("Diagnosis", "Choose “Google Cloud Storage (S3, HMAC keys)” on the left."),
        GOOGLE,
    ),
    Clue(
        errors.InvalidCredsError,
        "no google key could be read",
        ("key_file", "secret"),
        QT_TRANSLATE_NOOP(
            "Diagnosis", "Choose the JSON file that the Cloud console gave when the key was made."
        ),
        GOOGLE,
    ),
    Clue(errors.InvalidCredsError, "p12", ("key_file", "secret"), "", GOOGLE),
    Clue(
        errors.InvalidCredsError,
        "credentials of its own",
        ("sign_in",),
        QT_TRANSLATE_NOOP("Diagnosis", "Do that first, or choose another way to sign in."),
        GOOGLE,
    ),
    Clue(
        errors.ProviderError,
        "unknown project",
        ("project",),
        QT_TRANSLATE_NOOP("Diagnosis", "Check the project's ID, or leave it empty: the key names its own."),
        GOOGLE,
    ),
    Clue(
        errors.OperationNotSupportedError,
        "containers must be named",
        (CONTAINERS,),
        QT_TRANSLATE_NOOP("Diagnosis", "Name them under “Only these containers”."),
        GOOGLE,
    ),
    Clue(errors.InvalidCredsError, "clock of this computer", (), "", GOOGLE),
    Clue(errors.InvalidCredsError, "refresh token", ("refresh_token",), "", GOOGLE),
    Clue(
        errors.InvalidCredsError,
        "refused the sign-in",
        ("key_file", SECRET),
        QT_TRANSLATE_NOOP(
            "Diagnosis",
            "The key may be deleted or disabled: the Cloud console shows it under IAM & Admin, Service "
            "Accounts, Keys.",
        ),
        GOOGLE,
    ),
    # -- OpenStack --
    Clue(
        errors.InvalidCredsError,
        "the address to sign in at",
        ("auth_url",),
        QT_TRANSLATE_NOOP("Diagnosis", "The provider's RC file calls it OS_AUTH_URL, clouds.yaml auth_url."),
        SWIFT,
    ),
    Clue(errors.InvalidCredsError, "the user is missing", ("key",), "", SWIFT),
    Clue(
        errors.InvalidCredsError,
        "domain is wrong",
        ("credential_secret",),
        QT_TRANSLATE_NOOP(
            "Diagnosis", "Check the credential's ID and secret. It may have been deleted, or have run out."
        ),
        SWIFT,
    ),
    Clue(
        errors.InvalidCredsError,
        "domain is wrong",
        ("token",),
        QT_TRANSLATE_NOOP("Diagnosis", "The token may have run out: get a new one."),
        SWIFT,
    ),
    Clue(
        errors.InvalidCredsError,
        "domain is wrong",
        (SECRET,),
        QT_TRANSLATE_NOOP(
            "Diagnosis", "Check user, secret and project, and the domain, which is often called Default."
        ),
        SWIFT,
    ),
    Clue(
        errors.AccessDeniedError,
        "into this project",
        ("project",),
        QT_TRANSLATE_NOOP("Diagnosis", "Check the project's name and the domain it is in."),
        SWIFT,
    ),
    Clue(errors.ProviderError, "opened no project", ("project",), "", SWIFT),
    Clue(
        errors.ProviderError,
        "object store in",
        ("region",),
        QT_TRANSLATE_NOOP("Diagnosis", "Take one of the regions that are named, or leave the region empty."),
        SWIFT,
    ),
    Clue(
        errors.ProviderError,
        "object store.",
        ("interface",),
        QT_TRANSLATE_NOOP("Diagnosis", "Choose another network under More options."),
        SWIFT,
    ),
    Clue(
        errors.ProviderError,
        "like this (status 404)",
        ("credential_id",),
        QT_TRANSLATE_NOOP("Diagnosis", "Check the credential's ID, and that the address ends with /v3."),
        SWIFT,
    ),
    Clue(
        errors.ProviderError,
        "does not sign in like this",
        ("auth_url",),
        QT_TRANSLATE_NOOP(
            "Diagnosis",
            "Check how to sign in, and the end of the address: /v3 for Keystone v3, /v2.0 for v2, /auth/v1.0 "
            "for TempAuth.",
        ),
        SWIFT,
    ),
    Clue(
        errors.ProviderError,
        "nobody signs in at this address",
        ("auth_url",),
        QT_TRANSLATE_NOOP(
            "Diagnosis",
            "Check how to sign in, and the end of the address: /auth/v1.0 is TempAuth, /v3 is Keystone.",
        ),
        SWIFT,
    ),
    Clue(
        errors.MalformedResponseError,
        "where the account is",
        ("auth_url",),
        QT_TRANSLATE_NOOP(
            "Diagnosis", "Check how to sign in: this address is no TempAuth, or not all of it."
        ),
        SWIFT,
    ),
    Clue(errors.ProviderError, "no such account", ("storage_url", "project", "key"), "", SWIFT),
    # -- Azure --
    Clue(Exception, "base64", ("secret", "connection_string"), "", AZURE),
    Clue(ValueError, "connection string", ("connection_string",), "", AZURE),
    Clue(ValueError, "shared access signature", ("sas_token",), "", AZURE),
    Clue(ValueError, "opens a single object", ("sas_token",), "", AZURE),
    Clue(ValueError, "storage account", ("key",), "", AZURE),
    Clue(errors.InvalidCredsError, "aadsts90002", ("tenant_id",), "", AZURE),
    Clue(errors.InvalidCredsError, "aadsts900023", ("tenant_id",), "", AZURE),
    Clue(errors.InvalidCredsError, "aadsts700016", ("client_id",), "", AZURE),
    Clue(errors.InvalidCredsError, "aadsts7000", ("client_secret",), "", AZURE),
    Clue(
        errors.InvalidCredsError,
        "needs its tenant",
        ("tenant_id",),
        QT_TRANSLATE_NOOP(
            "Diagnosis", "The portal shows both IDs on the first page of the app registration."
        ),
        AZURE,
    ),
    Clue(errors.InvalidCredsError, "tenant", ("tenant_id",), "", AZURE),
    Clue(
        errors.InvalidCredsError,
        "sign-in of its own",
        ("sign_in",),
        QT_TRANSLATE_NOOP(
            "Diagnosis", "Sign in on this computer first, with az login, or choose another way to sign in."
        ),
        AZURE,
    ),
    Clue(
        errors.OperationNotSupportedError,
        "without credentials",
        ("connection_string",),
        QT_TRANSLATE_NOOP(
            "Diagnosis", "The connection string has no AccountKey and no SharedAccessSignature."
        ),
        AZURE,
    ),
    Clue(
        errors.OperationNotSupportedError,
        "container",
        ("container", CONTAINERS),
        QT_TRANSLATE_NOOP("Diagnosis", "Name the container that it opens."),
        AZURE,
    ),
    Clue(errors.AccessDeniedError, "account keys", ("sign_in",), "", AZURE),
    Clue(
        errors.ContainerDoesNotExistError,
        "",
        ("key",),
        QT_TRANSLATE_NOOP("Diagnosis", "Check the name of the storage account, and the address."),
        AZURE,
        named=False,
    ),
    Clue(
        errors.UnreachableError,
        "",
        ("endpoint?", "key"),
        QT_TRANSLATE_NOOP(
            "Diagnosis",
            "Check the name of the storage account: the host is made of it. A proxy or the network may be to "
            "blame as well.",
        ),
        AZURE,
    ),
    # -- Amazon --
    Clue(
        errors.InvalidCredsError,
        "sign-in of its own",
        ("profile",),
        QT_TRANSLATE_NOOP(
            "Diagnosis", "Sign in on this computer first, with the aws command, or choose another way."
        ),
        AMAZON,
    ),
    Clue(
        errors.InvalidCredsError,
        "",
        ("profile",),
        QT_TRANSLATE_NOOP(
            "Diagnosis",
            "The keys come from this computer's own AWS sign-in: check that, and the name of the profile.",
        ),
        AMAZON,
    ),
    # -- every service --
    Clue(errors.MissingExtraError, "", ("sign_in",)),
    Clue(errors.InvalidCredsError, "accesskeyid", ("key",)),
    Clue(errors.InvalidCredsError, "", (SECRET,)),
    Clue(errors.WrongRegionError, "", (ADDRESS,)),
    Clue(errors.NetworkError, "", (ADDRESS,)),
    Clue(errors.MalformedResponseError, "", (ADDRESS,)),
    Clue(
        errors.AccessDeniedError,
        "",
        (CONTAINERS,),
        QT_TRANSLATE_NOOP(
            "Diagnosis", "If this key may not list containers, name them under “Only these containers”."
        ),
        named=False,
    ),
    Clue(errors.ContainerError, "", (CONTAINERS,), named=True),
)


def result_of(error: Exception, account: Account, secrets: Mapping[str, str] | None = None) -> Result:
    """What a failed test says. `secrets`: what was typed, of which nothing is shown."""
    problem = sentence(error, tr("connect"))
    if isinstance(error, errors.CertificateError):
        hint = tr("Trust it only if this is your own server and the fingerprint is the one it shows.")
        pin = getattr(error, "sha256", "")
        return Result(
            False, problem.text, hint if pin else problem.hint, pin=pin, issuer=getattr(error, "issuer", "")
        )
    field, hint = _signature(error, account, secrets or {})
    if not field:
        field, hint = _beyond_the_sign_in(error, account)
    if not field:
        field, hint = _by_clue(error, account)
    return Result(False, problem.text, hint or problem.hint, field)


# -- helpers: each gives the field and what to do, "" for nothing --


def _by_clue(error: Exception, account: Account) -> tuple[str, str]:
    said = f"{getattr(error, 'code', '')} {error}".casefold()
    for clue in CLUES:
        fits = isinstance(error, clue.kind) and clue.words in said and clue.provider in ("", account.provider)
        if not fits or clue.named not in (None, bool(account.containers)):
            continue
        field = _first(clue.fields, account)
        if field or not clue.fields:  # a clue about fields that this way of signing in has not is none
            hint = tr(clue.hint) if clue.hint else ""
            if field == "region" and isinstance(error, errors.NetworkError):
                hint = tr("Check the region's spelling: it is a part of the service's address.")
            return field, hint
    return "", ""


def _signature(error: Exception, account: Account, secrets: Mapping[str, str]) -> tuple[str, str]:
    """A shared access signature says itself until when it is good, and for what."""
    if not isinstance(error, errors.InvalidCredsError | errors.AccessDeniedError):
        return "", ""
    for name, text in secrets.items():
        told = signature(text, lists=not (account.containers or account.values.get("container")))
        if told.problem:
            return (_first(("container", CONTAINERS), account) if told.is_narrow else name), told.problem
    return "", ""


def _beyond_the_sign_in(error: Exception, account: Account) -> tuple[str, str]:
    """OpenStack: the sign-in worked, and the address that its catalog names cannot be reached."""
    address = account.values.get("auth_url", "").partition("://")[2].partition("/")[0].partition(":")[0]
    if not address or not isinstance(error, errors.NetworkError) or address in str(error):
        return "", ""
    hint = tr("The sign-in worked. The storage's own address, which the sign-in tells, is not to be reached.")
    return _first(
        ("storage_url", "interface"), account
    ), f"{hint} {tr('Choose another network, or type it.')}"


def _first(names: tuple[str, ...], account: Account) -> str:
    """The first of the fields that counts in this account's form."""
    row = providers.row(account.provider)
    asked = row.asked(account.values)
    for name in names:
        if name == CONTAINERS:
            return name
        if name == SECRET:
            found = [one.name for one in asked if one.secret and one.required]
        elif name == ADDRESS:
            found = [
                one.name
                for one in asked
                if one.name in ADDRESSES and account.values.get(one.name, one.default)
            ]
            found = found or [one.name for one in asked if one.name == "region"]
        else:
            wanted, mark, _ = name.partition("?")
            found = [
                one.name for one in asked if one.name == wanted and (not mark or account.values.get(wanted))
            ]
        if found:
            return found[0]
    return ""


tr = partial(QCoreApplication.translate, "Diagnosis")
