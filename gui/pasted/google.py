"""Google: key files of service accounts, the file of `gcloud auth application-default login`, HMAC keys.

https://cloud.google.com/iam/docs/keys-create-delete
https://cloud.google.com/docs/authentication/application-default-credentials
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping
from typing import Any

from .found import Found, PasteError, found

PROVIDER = "google_storage"
_ADDRESSES = ("token_url", "token_uri", "token_info_url", "service_account_impersonation_url")
_GOOGLES = re.compile(r"https://(?:[a-z0-9-]{1,63}\.){1,4}googleapis\.com(?::443)?(?:/[A-Za-z0-9/:@._~-]*)?")


def key(content: Mapping[str, Any], path: str = "") -> Found | None:
    """A JSON object that Google made. `path`: the file it was read from."""
    kind = content.get("type")
    if kind == "service_account":
        return _service_account(content, path)
    if kind == "authorized_user":
        return _user(content)
    if "installed" in content or "web" in content:
        raise PasteError(
            "This is an OAuth client, which names a program, no person. Use the key of a service account, or "
            "the file that “gcloud auth application-default login” writes."
        )
    if kind in ("external_account", "impersonated_service_account", "external_account_authorized_user"):
        return _configuration(content)
    metadata = content.get("metadata")
    if isinstance(metadata, Mapping) and metadata.get("accessId") and content.get("secret"):
        facts = {"key": str(metadata["accessId"]), "secret": str(content["secret"])}
        return found("Google HMAC key", "google_storage_s3", facts, title=str(metadata.get("projectId", "")))
    return None


def _service_account(content: Mapping[str, Any], path: str) -> Found:
    email, project = str(content.get("client_email", "")), str(content.get("project_id", ""))
    if not email or "PRIVATE KEY" not in str(content.get("private_key", "")):
        raise PasteError("This service-account file is not whole: its address or its private key is missing.")
    facts = {"sign_in": "key", "key_json": json.dumps(dict(content), indent=2), "project": project}
    note = "The key goes into the keyring; the file is not needed any more." if path else ""
    return found(
        "Google service-account key", PROVIDER, facts, title=project or email.partition("@")[0], note=note
    )


def _configuration(content: Mapping[str, Any]) -> Found:
    """Workload identity and impersonation. It may have any file or address read here, and sent to its
    `token_url`: one that is not Google's is refused, as the page on such files from elsewhere asks for.

    https://cloud.google.com/docs/authentication/client-libraries#external-credentials
    """
    for part in _parts(content):
        if not all(_is_googles(part[name]) for name in _ADDRESSES if part.get(name)):
            raise PasteError(
                "This Google credential configuration would send what it reads here to a server that is not "
                "Google's. Use it as a key file if you know who made it."
            )
        source = part.get("credential_source")
        if isinstance(source, Mapping) and "executable" in source:
            raise PasteError(
                "This Google credential configuration would run a program on this computer. Use it as a key "
                "file if you know who made it."
            )
    facts = {"sign_in": "key", "key_json": json.dumps(dict(content), indent=2)}
    facts["project"] = str(content.get("quota_project_id", ""))
    note = "" if facts["project"] else "Type the project: this file names none."
    return found("Google credential configuration", PROVIDER, facts, title=facts["project"], note=note)


def _parts(content: Mapping[str, Any]) -> Iterator[Mapping[str, Any]]:
    """The configuration and the credentials within it."""
    part: object = content
    while isinstance(part, Mapping):
        yield part
        part = part.get("source_credentials")


def _is_googles(address: object) -> bool:
    """Whether there are no two opinions on the host of this address. Nothing else will do: in
    `https://evil.example\\@sts.googleapis.com/` urllib reads one host, and requests goes to the other.
    """
    return isinstance(address, str) and bool(_GOOGLES.fullmatch(address))


def _user(content: Mapping[str, Any]) -> Found:
    names = ("client_id", "client_secret", "refresh_token")
    facts = {name: str(content.get(name, "")) for name in names}
    if not all(facts.values()):
        raise PasteError(
            "This Google credentials file is not whole: its refresh token or its client is missing."
        )
    project = str(content.get("quota_project_id", ""))
    note = "" if project else "Type the project: this file names none."
    return found(
        "Google user credentials", PROVIDER, {**facts, "sign_in": "user", "project": project},
        title=project, note=note,
    )  # fmt: skip
