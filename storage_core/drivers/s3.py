"""Amazon S3 and everything that speaks its protocol: one driver, and a profile per provider's row.

https://docs.aws.amazon.com/AmazonS3/latest/API/API_Operations_Amazon_Simple_Storage_Service.html
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from typing import Any, ClassVar
from urllib.parse import quote

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
from storage_core.drivers import s3_cdn, s3_containers, s3_objects, s3_parts, s3_public
from storage_core.drivers.s3_headers import to_headers
from storage_core.drivers.s3_profile import (
    AWS_NAME_PATTERN,
    AWS_NAME_RULE,
    LOOSE_NAME_PATTERN,
    LOOSE_NAME_RULE,
    find_endpoint,
    profile_from,
)
from storage_core.drivers.s3_wire import Wire
from storage_core.errors import AttributeRefusedError, OperationNotSupportedError
from storage_core.signing.aws4 import Keys
from storage_core.tokens.aws import AwsChain


class LibcloudNames(StorageDriver):
    """What Apache Libcloud's S3 driver has beside the API that all drivers share, under its names."""

    options: ClassVar[Mapping[str, Any]] = {}
    """What differs from Amazon: fields of `Profile`. Set by the provider's row."""
    supports_s3_multipart_upload = True
    wire: Wire

    @classmethod
    def list_regions(cls) -> list[str]:
        """The regions that are known by name; others may be given all the same."""
        return list(profile_from(cls.options).regions)

    def ex_iterate_multipart_uploads(
        self, container: Container, prefix: str | None = None, delimiter: str | None = None
    ) -> Iterator[Upload]:
        """Uploads in parts that are open. Libcloud's name."""
        return s3_parts.open_uploads(self.wire, container, prefix or "", delimiter or "")

    def ex_cleanup_all_multipart_uploads(self, container: Container, prefix: str | None = None) -> None:
        """Abort every upload in parts that is open below a prefix, running ones too. Libcloud's name."""
        for upload in list(s3_parts.open_uploads(self.wire, container, prefix or "")):
            s3_parts.abort(self.wire, upload)


class S3StorageDriver(LibcloudNames):
    """One account of one S3 service."""

    name = "Amazon S3"
    website = "https://aws.amazon.com/s3/"
    preset: ClassVar[Mapping[str, Any]] = {}
    """Constructor arguments that the provider's row has decided, such as the region."""
    container_name_pattern: ClassVar[str] = AWS_NAME_PATTERN
    container_name_rule: ClassVar[str] = AWS_NAME_RULE

    def __init_subclass__(cls) -> None:
        """A row's class takes the name rules that its options speak of."""
        if not profile_from(cls.options).aws_names:
            cls.container_name_pattern = LOOSE_NAME_PATTERN
            cls.container_name_rule = LOOSE_NAME_RULE

    def __init__(
        self,
        key: str = "",
        secret: str | None = None,
        secure: bool = True,
        host: str | None = None,
        port: int | None = None,
        region: str | None = None,
        token: str | None = None,
        *,
        api_version: str | None = None,
        endpoint: str | None = None,
        account: str = "",
        addressing: str = "auto",
        anonymous: bool = False,
        sign_in: str = "keys",
        profile: str = "",
        **network: Any,
    ) -> None:
        """Positions as in Libcloud. No I/O.

        `endpoint` is a URL (http or https, port and path prefix allowed) and wins over `host` and `secure`.
        `region` may be unknown to us. `token` is a session token. `account` is what some services have in
        their host name. `addressing`: "auto", "path" or "virtual".
        `anonymous` sends requests without a signature. `sign_in` "chain" takes neither key nor secret but
        this computer's own AWS sign-in, of the `profile` or the default one (extra `aws`).
        ValueError for an endpoint that cannot be one, or a `sign_in` that is not "keys" or "chain".
        """
        if sign_in not in ("", "keys", "chain"):
            raise ValueError(f"sign_in is 'keys' or 'chain', not {sign_in!r}")
        region = region or self.preset.get("region") or ""
        super().__init__(key, secret, secure, host, port, api_version, region, **network)
        self.profile = profile_from(self.options)
        place, self.region = find_endpoint(
            self.profile, url=endpoint or "", host=host, port=port, secure=secure, region=region,
            addressing=addressing, account=account,
        )  # fmt: skip
        self.token = token
        keys: Keys | AwsChain | None = Keys(key, secret or "", token or "")
        if sign_in == "chain":
            keys = AwsChain(profile, self.network)
        if anonymous:
            keys = None
        self.capabilities = self.profile.capabilities()
        if anonymous:
            why = {
                **self.profile.why,
                "signed_urls": "Links are signed with a key, and this account has none.",
            }
            self.capabilities = replace(self.capabilities, signed_urls=(), why=why)
        self.wire = Wire(self, self.profile, place, self.region, keys)

    def check_attributes(self, attributes: Attributes) -> None:
        """See the base; what no header can hold is refused here, before a byte is read."""
        super().check_attributes(attributes)
        if attributes.acl and not self.profile.object_acl:
            raise AttributeRefusedError(self.capabilities.why_not("public_objects"), self, field="acl")
        to_headers(attributes, self)

    # -- containers --

    def _list_containers(self) -> Iterator[Container]:
        return s3_containers.listed(self.wire)

    def _head_container(self, container_name: str) -> Container:
        return s3_containers.head(self.wire, container_name)

    def _create_container(self, container_name: str, **options: Any) -> Container:
        return s3_containers.create(self.wire, container_name, **options)

    def _delete_container(self, container: Container) -> None:
        s3_containers.delete(self.wire, container)

    def _list_page(self, container: Container, prefix: str, delimiter: str, token: str, limit: int) -> Page:
        return s3_containers.object_page(self.wire, container, prefix, delimiter, token, limit)

    def _list_versions(self, container: Container, prefix: str) -> Iterator[Version]:
        return s3_containers.versions(self.wire, container, prefix)

    # -- objects --

    def _head(self, container: Container, object_name: str, version: str) -> Object:
        return s3_objects.head(self.wire, container, object_name, version)

    def _open(self, obj: Object, start: int, end: int | None) -> Download:
        return s3_objects.open_read(self.wire, obj, start, end)

    def _put(
        self, container: Container, object_name: str, body: Body, attributes: Attributes, only_new: bool
    ) -> Stored:
        return s3_objects.put(self.wire, container, object_name, body, attributes, only_new)

    def _delete(self, container: Container, object_name: str, version: str) -> None:
        s3_objects.delete(self.wire, container, object_name, version)

    def _delete_many(self, container: Container, object_names: Sequence[str]) -> list[DeleteFailure]:
        try:
            return s3_objects.delete_many(self.wire, container, object_names)
        except OperationNotSupportedError:
            return self._delete_one_by_one(container, object_names)

    def _copy(
        self, obj: Object, container: Container, object_name: str, attributes: Attributes | None
    ) -> Stored:
        return s3_objects.copy(self.wire, obj, container, object_name, attributes)

    def _set_attributes(self, obj: Object, attributes: Attributes) -> None:
        s3_objects.set_attributes(self.wire, obj, attributes)

    def _sign_url(self, container: Container, object_name: str, method: str, seconds: int) -> str:
        return self.wire.sign_url(method, container.name, object_name, seconds, ())

    # -- uploads in parts --

    def _start_upload(self, container: Container, object_name: str, attributes: Attributes) -> Upload:
        return s3_parts.start(self.wire, container, object_name, attributes)

    def _upload_part(self, upload: Upload, number: int, body: Body) -> Part:
        return s3_parts.send(self.wire, upload, number, body)

    def _list_parts(self, upload: Upload) -> list[Part]:
        return list(s3_parts.listed(self.wire, upload))

    def _complete_upload(self, upload: Upload, parts: Sequence[Part], only_new: bool) -> Stored:
        return s3_parts.complete(self.wire, upload, parts, only_new)

    def _abort_upload(self, upload: Upload) -> None:
        s3_parts.abort(self.wire, upload)

    def _list_uploads(self, container: Container, prefix: str) -> Iterator[Upload]:
        return s3_parts.open_uploads(self.wire, container, prefix)

    def _copy_part(self, upload: Upload, number: int, obj: Object, start: int, end: int) -> Part:
        return s3_parts.copy(self.wire, upload, number, obj, start, end)

    # -- public access and CDN --

    def get_object_cdn_url(
        self,
        obj: Object,
        ex_expiry: float = 24.0,
        ex_method: str = "GET",
        *,
        ex_cdn: str = "",
        **options: Any,
    ) -> str:
        """A link signed for `ex_expiry` hours; unsigned without a key; with `ex_cdn` the address there."""
        if ex_cdn:
            name = quote(obj.name, safe="/~", errors="surrogateescape")
            return f"{s3_cdn.state(self.wire, obj.container, ex_cdn).url}/{name}"
        if not self.capabilities.signed_urls:
            return self.wire.endpoint.url(
                self.wire.region_of(obj.container.name), obj.container.name, obj.name
            )
        return super().get_object_cdn_url(obj, ex_expiry, ex_method, **options)

    def _get_public_access(self, container: Container, *, ex_cdn: str = "", **options: Any) -> PublicAccess:
        if ex_cdn:
            return s3_cdn.state(self.wire, container, ex_cdn)
        return s3_public.state(self.wire, container)

    def _set_public_access(self, container: Container, on: bool, *, ex_cdn: str = "", **options: Any) -> None:
        if ex_cdn:
            s3_cdn.switch(self.wire, container, on, ex_cdn)
        else:
            s3_public.switch(self.wire, container, on)

    def _set_object_public(self, obj: Object, on: bool, **options: Any) -> bool:
        return s3_public.switch_object(self.wire, obj, on)
