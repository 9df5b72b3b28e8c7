"""Google Cloud Storage by its JSON API.

https://cloud.google.com/storage/docs/json_api/v1
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from typing import Any, ClassVar
from urllib.parse import urlsplit

from storage_core.attributes import Attributes
from storage_core.base.driver import StorageDriver
from storage_core.base.objects import (
    Container,
    DeleteFailure,
    Download,
    Object,
    Page,
    Part,
    PublicAccess,
    Stored,
    Upload,
    Version,
)
from storage_core.body import Body
from storage_core.capabilities import KIB, TIB, Capabilities
from storage_core.drivers import (
    google_storage_containers,
    google_storage_json,
    google_storage_objects,
    google_storage_parts,
    google_storage_public,
)
from storage_core.drivers.google_storage_wire import Wire
from storage_core.errors import InvalidObjectNameError
from storage_core.signing import google4
from storage_core.tokens.google import Given, GoogleSignIn

ENDPOINT = "https://storage.googleapis.com"
SIGN_INS = ("", "key_file", "key_text", "refresh_token", "token", "default", "anonymous")

CAPABILITIES = Capabilities(
    metadata_listed=True,
    parts=True,
    server_copy=True,
    set_attributes=True,
    delete_many=google_storage_objects.BATCH_MAX,
    versions=True,
    signed_urls=("GET", "HEAD", "PUT", "DELETE"),
    signed_url_seconds_max=google4.LONGEST,
    public_containers=True,
    public_objects=True,
    create_only=True,
    storage_classes=google_storage_json.CLASSES,
    content_hash="md5",
    headers_lost=("expires",),
    put_size_max=5 * TIB,
    part_size_min=1,
    part_size_max=5 * TIB,
    copy_size_max=5 * TIB,
    metadata_bytes_max=8 * KIB,
    why={
        "copy_parts": "Google copies an object of any size as a whole.",
        "encryption": "Google encrypts everything; a key of Cloud KMS may be named instead.",
        "tags": "Google knows no tags of objects; metadata serves for them.",
        "cdn": "Google's CDN belongs to a load balancer, which the Cloud console sets up.",
    },
)
_NO_KEY = "Links are signed with a service account's key, and this sign-in has none."


class GoogleStorageDriver(StorageDriver):
    """One account of Google Cloud Storage."""

    name = "Google Cloud Storage"
    website = "https://cloud.google.com/storage"
    secret_arguments: tuple[str, ...] = ("secret", "token", "refresh_token", "client_secret")
    container_name_pattern: ClassVar[str] = google_storage_containers.NAME_PATTERN
    container_name_rule: ClassVar[str] = google_storage_containers.NAME_RULE

    def __init__(
        self,
        key: str | Mapping[str, Any] = "",
        secret: str | Mapping[str, Any] | None = None,
        project: str | None = None,
        secure: bool = True,
        host: str | None = None,
        port: int | None = None,
        region: str | None = None,
        *,
        api_version: str | None = None,
        endpoint: str | None = None,
        sign_in: str = "",
        key_file: str = "",
        client_id: str = "",
        client_secret: str = "",
        refresh_token: str = "",
        token: str = "",
        token_url: str = "",
        user_project: str = "",
        anonymous: bool = False,
        **network: Any,
    ) -> None:
        """Positions as in Libcloud. No I/O; the first use reads key files and asks for a token.

        `key` and `secret`: the service account's e-mail and its key (a path, the JSON or PEM text, a dict);
        the key alone; or client id and secret with `refresh_token`. `token` is an access token to use as it
        is. `sign_in` says which of them is meant (SIGN_INS); without it, what is given says so, and nothing
        at all means this computer's own credentials. `project` is needed to list and create containers; it
        stands in most keys. `user_project` is charged instead of the containers' owner. `endpoint` is a URL
        and wins over `host`. `token_url` replaces the one in the key. ValueError for an unknown `sign_in`.
        """
        shown = key if isinstance(key, str) and "{" not in key and "PRIVATE" not in key else ""
        super().__init__(shown, None, secure, host, port, api_version, region, **network)
        if sign_in not in SIGN_INS:
            raise ValueError(f"sign_in is one of {', '.join(SIGN_INS[1:])}, not {sign_in!r}")
        self.secret = secret  # type: ignore[assignment]  # Libcloud's name; a dict is welcome, too
        self.project = (project or "").strip()
        self.anonymous = anonymous or sign_in == "anonymous"
        given = Given(
            key=client_id or key, secret=client_secret or key_file or secret, refresh_token=refresh_token,
            token=token, use_default=sign_in == "default", token_url=token_url,
        )  # fmt: skip
        self.capabilities = self._narrowed(given)
        sign_in_of = None if self.anonymous else GoogleSignIn(given, self.network)
        self.wire = Wire(self, _endpoint(endpoint, host, port, secure), sign_in_of, user_project)

    def _narrowed(self, given: Given) -> Capabilities:
        """Without a private key no links; without an account nothing of one's own."""
        able, why = CAPABILITIES, dict(CAPABILITIES.why)
        if self.anonymous:
            nobody = "Without signing in only what is public can be read, and containers must be named."
            why |= {"list_containers": nobody, "create_containers": nobody, "signed_urls": _NO_KEY}
            return replace(able, list_containers=False, create_containers=False, signed_urls=(), why=why)
        if not given.may_sign:
            return replace(able, signed_urls=(), why={**why, "signed_urls": _NO_KEY})
        return able

    def check_object_name(self, object_name: str) -> None:
        """See the base; and what Google's naming rules exclude."""
        super().check_object_name(object_name)
        if object_name in (".", "..") or "\r" in object_name or "\n" in object_name:
            raise InvalidObjectNameError(
                f"Google allows neither line ends in a name nor the names . and .., so not {object_name!r}.",
                self,
                object_name,
            )
        if object_name.startswith(".well-known/acme-challenge/"):
            raise InvalidObjectNameError(
                "Google allows no name below .well-known/acme-challenge/.", self, object_name
            )
        if object_name.startswith(google_storage_containers.TEMPORARY):  # it would never be listed
            raise InvalidObjectNameError(
                f"Names below {google_storage_containers.TEMPORARY} are kept for the parts of uploads.",
                self,
                object_name,
            )

    def check_attributes(self, attributes: Attributes) -> None:
        """See the base; what Google has no place for is refused here, before a byte is read."""
        google_storage_json.check(attributes, self)
        super().check_attributes(attributes)

    # -- containers --

    def _list_containers(self) -> Iterator[Container]:
        return google_storage_containers.listed(self.wire)

    def _head_container(self, container_name: str) -> Container:
        return google_storage_containers.head(self.wire, container_name)

    def _create_container(self, container_name: str, **options: Any) -> Container:
        return google_storage_containers.create(self.wire, container_name, **options)

    def _delete_container(self, container: Container) -> None:
        google_storage_containers.delete(self.wire, container)

    def _list_page(self, container: Container, prefix: str, delimiter: str, token: str, limit: int) -> Page:
        return google_storage_containers.object_page(self.wire, container, prefix, delimiter, token, limit)

    def _list_versions(self, container: Container, prefix: str) -> Iterator[Version]:
        return google_storage_containers.versions(self.wire, container, prefix)

    # -- objects --

    def _head(self, container: Container, object_name: str, version: str) -> Object:
        return google_storage_objects.head(self.wire, container, object_name, version)

    def _open(self, obj: Object, start: int, end: int | None) -> Download:
        return google_storage_objects.open_read(self.wire, obj, start, end)

    def _put(
        self, container: Container, object_name: str, body: Body, attributes: Attributes, only_new: bool
    ) -> Stored:
        return google_storage_objects.put(self.wire, container, object_name, body, attributes, only_new)

    def _delete(self, container: Container, object_name: str, version: str) -> None:
        google_storage_objects.delete(self.wire, container, object_name, version)

    def _delete_many(self, container: Container, object_names: Sequence[str]) -> list[DeleteFailure]:
        return google_storage_objects.delete_many(self.wire, container, [(name, "") for name in object_names])

    def _copy(
        self, obj: Object, container: Container, object_name: str, attributes: Attributes | None
    ) -> Stored:
        return google_storage_objects.copy(self.wire, obj, container, object_name, attributes)

    def _set_attributes(self, obj: Object, attributes: Attributes) -> None:
        google_storage_objects.set_attributes(self.wire, obj, attributes)

    def _sign_url(self, container: Container, object_name: str, method: str, seconds: int) -> str:
        return self.wire.sign_url(method, container.name, object_name, seconds)

    # -- uploads in parts --

    def _start_upload(self, container: Container, object_name: str, attributes: Attributes) -> Upload:
        return google_storage_parts.start(self.wire, container, object_name, attributes)

    def _upload_part(self, upload: Upload, number: int, body: Body) -> Part:
        return google_storage_parts.send(self.wire, upload, number, body)

    def _list_parts(self, upload: Upload) -> list[Part]:
        return google_storage_parts.listed(self.wire, upload)

    def _complete_upload(self, upload: Upload, parts: Sequence[Part], only_new: bool) -> Stored:
        return google_storage_parts.complete(self.wire, upload, parts, only_new)

    def _abort_upload(self, upload: Upload) -> None:
        google_storage_parts.abort(self.wire, upload)

    def _list_uploads(self, container: Container, prefix: str) -> Iterator[Upload]:
        return google_storage_parts.open_uploads(self.wire, container, prefix)

    # -- public access --

    def get_object_cdn_url(
        self, obj: Object, ex_expiry: float = 24.0, ex_method: str = "GET", **options: Any
    ) -> str:
        """A link signed for `ex_expiry` hours; the public address for those who have no key to sign with."""
        if self.anonymous:
            return self.wire.public_url(obj.container.name, obj.name)
        return super().get_object_cdn_url(obj, ex_expiry, ex_method, **options)

    def _get_public_access(self, container: Container, **options: Any) -> PublicAccess:
        return google_storage_public.state(self.wire, container)

    def _set_public_access(self, container: Container, on: bool, **options: Any) -> None:
        google_storage_public.switch(self.wire, container, on)

    def _set_object_public(self, obj: Object, on: bool, **options: Any) -> bool:
        return google_storage_public.switch_object(self.wire, obj, on)


def _endpoint(endpoint: str | None, host: str | None, port: int | None, secure: bool) -> str:
    """The service's address without a slash at its end. ValueError when it cannot be one."""
    if not endpoint:
        if not host:
            return ENDPOINT
        endpoint = f"{'https' if secure else 'http'}://{host}" + (f":{port}" if port else "")
    parts = urlsplit(endpoint if "://" in endpoint else f"https://{endpoint}")
    if parts.scheme not in ("http", "https") or not parts.hostname or parts.query or parts.fragment:
        raise ValueError(f"{endpoint!r} is not the address of a service")
    return f"{parts.scheme}://{parts.netloc}{parts.path.rstrip('/')}"
