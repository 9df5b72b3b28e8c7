"""OpenStack Swift, and what speaks its protocol: TempAuth or Keystone, one account or project.

https://docs.openstack.org/api-ref/object-store/
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from datetime import datetime
from typing import Any, ClassVar

from storage_core import http
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
from storage_core.capabilities import GIB, TIB, Capabilities
from storage_core.common.base import NetworkOptions
from storage_core.drivers import openstack_swift_containers as containers
from storage_core.drivers import openstack_swift_large as large
from storage_core.drivers import openstack_swift_objects as objects
from storage_core.drivers import openstack_swift_parts as parts
from storage_core.drivers import openstack_swift_public as public
from storage_core.drivers.openstack_swift_headers import to_headers
from storage_core.drivers.openstack_swift_limits import SIGNED, Limits
from storage_core.drivers.openstack_swift_sign_in import Libcloud, read_arguments
from storage_core.drivers.openstack_swift_wire import Wire
from storage_core.errors import InvalidContainerNameError, InvalidObjectNameError

CAPABILITIES = Limits().narrowed(
    Capabilities(
        parts=True,
        server_copy=True,
        copy_parts=True,
        set_attributes=True,
        delete_many=1000,
        versions=True,
        signed_urls=SIGNED,
        signed_url_seconds_max=10 * 365 * 24 * 3600,  # Swift itself sets no limit
        public_containers=True,
        create_only=True,
        content_hash="md5",
        metadata_keys_lowered=True,
        metadata_keys_coded=True,
        put_size_max=5 * GIB,
        object_size_max=48 * TIB,
        why={
            "public_objects": "Swift makes whole containers public; a temporary link opens a single object.",
            "cdn": "A CDN in front of Swift is set up in the provider's own pages.",
            "storage_classes": "Swift chooses storage by container: its policy is given when it is created.",
            "encryption": "Swift encrypts, where its operator wants it, without being asked.",
            "tags": "Swift has no tags; metadata can say the same.",
        },
    )
)


class LibcloudNames(StorageDriver):
    """What Apache Libcloud's Swift and Cloud Files drivers have beside the common API, and our own extras."""

    wire: Wire
    link_keys: public.LinkKeys

    def ex_get_meta_data(self) -> dict[str, Any]:
        """The account: container_count, object_count, bytes_used, temp_url_key. Libcloud's name."""
        return public.account_facts(self.wire)

    def ex_multipart_upload_object(
        self,
        file_path: str,
        container: Container,
        object_name: str,
        chunk_size: int = 33_554_432,
        extra: Mapping[str, Any] | None = None,
        verify_hash: bool = True,
    ) -> Object:
        """As `upload_object`, which sends large files in parts by itself. Libcloud's name."""
        return self.upload_object(file_path, container, object_name, extra, None, verify_hash)

    def ex_set_temp_url_key(self, key: str = "") -> str:
        """Give the account a key for links (one is made up when none is given); returns it: a secret."""
        self.link_keys.forget()
        return public.set_key(self.wire, key)

    def ex_set_account_metadata_temp_url_key(self, key: str) -> bool:
        """As `ex_set_temp_url_key`. Libcloud's name."""
        return self.ex_set_temp_url_key(key) == key

    def ex_get_object_temp_url(self, obj: Object, method: str = "GET", timeout: int = 60) -> str:
        """A link that works for `timeout` seconds. Libcloud's name."""
        return self.sign_url(obj.container, obj.name, method=method, seconds=timeout)

    def ex_enable_static_website(self, container: Container, index_file: str = "index.html") -> bool:
        """Let the container be a website with this start page, once it is public. Libcloud's name."""
        public.website(self.wire, container, index=index_file)
        return True

    def ex_disable_static_website(self, container: Container) -> bool:
        """Take start page, error page and listings away again."""
        public.website(self.wire, container, index="", error="", listings="")
        return True

    def ex_set_error_page(self, container: Container, file_name: str = "error.html") -> bool:
        """What a website shows for errors: 404 and this name in one. Libcloud's name."""
        public.website(self.wire, container, error=file_name)
        return True

    def ex_enable_versions(self, container: Container, on: bool = True) -> None:
        """Keep what is overwritten or deleted as versions; off: from now on no more."""
        self._need("versions")
        public.post_container(self.wire, container, {"X-Versions-Enabled": "true" if on else "false"})

    def ex_expire_object(self, obj: Object, at: datetime | None) -> Object:
        """Let the cluster delete the object at a moment (with a time zone), or (None) no longer."""
        return objects.expire(self.wire, obj, at)


class OpenStackSwiftStorageDriver(LibcloudNames):
    """One account of one Swift cluster."""

    name = "OpenStack Swift"
    website = "https://docs.openstack.org/swift/"
    options: ClassVar[Mapping[str, Any]] = {}
    preset: ClassVar[Mapping[str, Any]] = {}
    """Arguments that the provider's row has decided, such as the address to sign in at."""
    secret_arguments = ("secret", "token", "credential_secret", "ex_force_auth_token", "temp_url_key")
    container_name_pattern: ClassVar[str] = r"[^/\x00]+"
    container_name_rule: ClassVar[str] = "1 to 256 bytes, no slash"
    capabilities = CAPABILITIES

    def __init__(
        self,
        key: str = "",
        secret: str | None = None,
        secure: bool = True,
        host: str | None = None,
        port: int | None = None,
        region: str | None = None,
        use_internal_url: bool = False,
        *,
        api_version: str | None = None,
        temp_url_key: str = "",
        **options: Any,
    ) -> None:
        """Positions as in Libcloud. No I/O.

        `sign_in` is "password" (Keystone v3), "application_credential" (`credential_id` and
        `credential_secret`, or `key` and `secret`), "token", "v2" or "v1" (TempAuth); without it
        `ex_force_auth_version`, or the end of `auth_url`, tells. `auth_url`: where to sign in.
        `project`, `project_id`, `user_domain`, `project_domain` (and `…_id`): names or ids.
        `interface`: public, internal or admin. `token` goes with `auth_url` or with `storage_url`, the
        account's address, which wins over the catalog's. `temp_url_key` signs links; without it the
        account is asked for its key. Libcloud's `ex_force_…` and `ex_tenant_name` mean what they mean
        there. ValueError for an address that cannot be one.
        """
        network = {name: options.pop(name) for name in list(options) if name in _NETWORK}
        super().__init__(key, secret, secure, host, port, api_version, region, **network)
        first = Libcloud(
            key=key, secret=secret or "", host=host or "", port=port, secure=secure, region=region or "",
            internal=use_internal_url,
        )  # fmt: skip
        self.sign_in = read_arguments(self.preset, first, options)
        client = http.Client(self.network)
        tokens = self.sign_in.tokens(self.network, client)
        self.wire = Wire(self, tokens, self.sign_in.renewable, client, self._narrow)
        self.link_keys = public.LinkKeys(temp_url_key)
        self._known = large.Known()

    def _narrow(self, limits: Limits) -> None:
        self.capabilities = limits.narrowed(type(self).capabilities)

    # -- names and attributes --

    def check_container_name(self, container_name: str) -> None:
        """See the base; Swift counts bytes, not letters."""
        super().check_container_name(container_name)
        limit = self.wire.limits.max_container_name_length
        size = len(container_name.encode("utf-8", "surrogatepass"))
        if size > limit:
            raise InvalidContainerNameError(
                f"{container_name!r} cannot be a container's name here: at most {limit} bytes, not {size}.",
                self,
                container_name,
            )

    def check_object_name(self, object_name: str) -> None:
        """See the base; one character alone is not allowed."""
        super().check_object_name(object_name)
        if "\0" in object_name:
            raise InvalidObjectNameError(
                "Swift's names have no NUL in them; everything else is allowed.", self, object_name
            )

    def check_attributes(self, attributes: Attributes) -> None:
        """See the base; what no header can hold is refused here, before a byte is read."""
        super().check_attributes(attributes)
        to_headers(attributes, self, self.wire.limits)

    # -- containers --

    def _list_containers(self) -> Iterator[Container]:
        return containers.listed(self.wire)

    def _head_container(self, container_name: str) -> Container:
        return containers.head(self.wire, container_name)

    def _create_container(self, container_name: str, **options: Any) -> Container:
        return containers.create(self.wire, container_name, **options)

    def _delete_container(self, container: Container) -> None:
        containers.delete(self.wire, container)
        self._known.forget(container.name)

    def _list_page(self, container: Container, prefix: str, delimiter: str, token: str, limit: int) -> Page:
        return containers.object_page(self.wire, container, prefix, delimiter, token, limit)

    def _list_versions(self, container: Container, prefix: str) -> Iterator[Version]:
        return containers.versions(self.wire, container, prefix)

    # -- objects --

    def _head(self, container: Container, object_name: str, version: str) -> Object:
        return objects.head(self.wire, container, object_name, version)

    def _open(self, obj: Object, start: int, end: int | None) -> Download:
        return objects.open_read(self.wire, obj, start, end)

    def _put(
        self, container: Container, object_name: str, body: Body, attributes: Attributes, only_new: bool
    ) -> Stored:
        return objects.put(self.wire, self._known, container, object_name, body, attributes, only_new)

    def _delete(self, container: Container, object_name: str, version: str) -> None:
        objects.delete(self.wire, self._known, container, object_name, version)

    def _delete_many(self, container: Container, object_names: Sequence[str]) -> list[DeleteFailure]:
        return objects.delete_many(self.wire, self._known, container, object_names)

    def _copy(
        self, obj: Object, container: Container, object_name: str, attributes: Attributes | None
    ) -> Stored:
        if obj.size and obj.hash == f'"{obj.etag}"':  # put together from segments
            return parts.copy_large(self.wire, self._known, obj, container, object_name, attributes)
        return objects.copy(self.wire, self._known, obj, container, object_name, attributes)

    def _set_attributes(self, obj: Object, attributes: Attributes) -> None:
        objects.set_attributes(self.wire, obj, attributes)

    def _sign_url(self, container: Container, object_name: str, method: str, seconds: int) -> str:
        return public.link(self.wire, self.link_keys, container.name, object_name, method, seconds)

    # -- uploads in parts --

    def _start_upload(self, container: Container, object_name: str, attributes: Attributes) -> Upload:
        return parts.start(self.wire, self._known, container, object_name, attributes)

    def _upload_part(self, upload: Upload, number: int, body: Body) -> Part:
        return parts.send(self.wire, upload, number, body)

    def _list_parts(self, upload: Upload) -> list[Part]:
        return list(parts.listed(self.wire, upload))

    def _complete_upload(self, upload: Upload, parts_sent: Sequence[Part], only_new: bool) -> Stored:
        return parts.complete(self.wire, self._known, upload, parts_sent, only_new)

    def _abort_upload(self, upload: Upload) -> None:
        parts.abort(self.wire, upload)

    def _list_uploads(self, container: Container, prefix: str) -> Iterator[Upload]:
        return parts.open_uploads(self.wire, container, prefix)

    def _copy_part(self, upload: Upload, number: int, obj: Object, start: int, end: int) -> Part:
        return parts.copy(self.wire, upload, number, obj, start, end)

    # -- public access --

    def _get_public_access(self, container: Container, **options: Any) -> PublicAccess:
        return public.state(self.wire, container)

    def _set_public_access(self, container: Container, on: bool, **options: Any) -> None:
        public.switch(self.wire, container, on)


_NETWORK = frozenset(NetworkOptions.__dataclass_fields__) | {"retry_delay", "backoff"}
