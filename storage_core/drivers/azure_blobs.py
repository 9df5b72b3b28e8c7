"""Azure Blob Storage: Microsoft's clouds, and Azurite.

https://learn.microsoft.com/rest/api/storageservices/blob-service-rest-api
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any, ClassVar

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
from storage_core.drivers import (
    azure_blobs_batch,
    azure_blobs_blocks,
    azure_blobs_containers,
    azure_blobs_copying,
    azure_blobs_objects,
)
from storage_core.drivers.azure_blobs_headers import refuse_foreign, to_headers
from storage_core.drivers.azure_blobs_profile import (
    NAME_LETTERS,
    NAME_PATTERN,
    NAME_RULE,
    Given,
    capabilities,
    settled,
)
from storage_core.drivers.azure_blobs_wire import Wire
from storage_core.errors import InvalidObjectNameError, OperationNotSupportedError

LINK_PERMISSIONS = {"GET": "r", "HEAD": "r", "PUT": "cw", "DELETE": "d"}


class OwnVerbs(StorageDriver):
    """What Azure has beside the API that all drivers share."""

    wire: Wire

    def ex_set_tier(self, obj: Object, tier: str) -> bool:
        """Move a blob to Hot, Cool, Cold or Archive: True when it is there, False when it is on its way."""
        return azure_blobs_objects.set_tier(self.wire, obj.container, obj.name, tier)

    def ex_rehydrate(self, obj: Object, tier: str = "Hot", priority: str = "Standard") -> bool:
        """Bring a blob back from the archive: within 15 hours, or with the priority "High" in about one.

        True when it is there already. `ex_rehydration_status` says how it goes.
        """
        return azure_blobs_objects.set_tier(self.wire, obj.container, obj.name, tier, priority)

    def ex_rehydration_status(self, obj: Object) -> str:
        """ "archived", "on its way to Hot", or "" for what can be read. One request."""
        return azure_blobs_objects.rehydration(azure_blobs_objects.look(self.wire, obj.container, obj.name))

    def ex_snapshot(self, obj: Object) -> Object:
        """Keep the blob as it is now, read-only, beside itself; the snapshot is among its versions."""
        version = azure_blobs_objects.snapshot(self.wire, obj.container, obj.name)
        return self._head(obj.container, obj.name, version)

    def ex_copy_from_url(
        self,
        url: str,
        size: int,
        container: Container,
        object_name: str,
        attributes: Attributes | None = None,
    ) -> Object:
        """Fetch what a link opens (it must need no credentials), on Azure's side. `size` in bytes."""
        wanted = attributes or Attributes()
        self._check_upload(object_name, False)
        self.check_attributes(wanted)
        source = azure_blobs_copying.Source(url, size)
        azure_blobs_copying.fetch(self.wire, source, container, object_name, wanted)
        return self._head(container, object_name, "")

    def ex_get_static_website(self) -> dict[str, Any]:
        """`enabled`, `index_document` and `error_document` of the website that $web holds."""
        return azure_blobs_containers.website(self.wire)

    def ex_set_static_website(
        self, on: bool, index_document: str = "index.html", error_document: str = ""
    ) -> dict[str, Any]:
        """Serve the container $web as a website, or stop; gives back what was read then.

        Its address, which only the portal tells, looks like https://account.z6.web.core.windows.net
        """
        azure_blobs_containers.set_website(self.wire, on, index_document, error_document)
        return azure_blobs_containers.website(self.wire)


class AzureBlobsStorageDriver(OwnVerbs):
    """One storage account, or the one container of it that a shared access signature opens."""

    name = "Azure Blob Storage"
    website = "https://azure.microsoft.com/products/storage/blobs"
    secret_arguments = ("secret", "sas_token", "connection_string", "client_secret")
    container_name_pattern: ClassVar[str] = NAME_PATTERN
    container_name_rule: ClassVar[str] = NAME_RULE

    def __init__(
        self,
        key: str = "",
        secret: str | None = None,
        secure: bool = True,
        host: str | None = None,
        port: int | None = None,
        tenant_id: str = "",
        identity: str = "",
        auth_type: str = "",
        cloud_environment: str = "",
        *,
        sas_token: str = "",
        connection_string: str = "",
        sign_in: str = "",
        client_id: str = "",
        client_secret: str = "",
        container: str = "",
        endpoint: str = "",
        cloud: str = "",
        api_version: str | None = None,
        region: str | None = None,
        **network: Any,
    ) -> None:
        """Positions as in Libcloud: `key` is the account's name, `secret` its key in base64. No I/O.

        `sas_token` may be a token or a whole link; `container` is the one that a token opens, if it opens one
        alone. `sign_in` is one of azure_blobs_profile.WAYS, and follows from what is given when it is "".
        `cloud`: public, china, us_government, germany. `endpoint` is the URL of the blob service. Libcloud's
        `identity` is the client id and `secret` its secret when `auth_type` is "azureAd".
        ValueError for what contradicts itself.
        """
        super().__init__(key, secret, secure, host, port, api_version, region, **network)
        if auth_type.lower() == "azuread":
            sign_in, client_id, client_secret, secret = (
                "client_secret", client_id or identity, client_secret or secret or "", "",
            )  # fmt: skip
        given, place = settled(
            Given(
                account=key, key=secret or "", sas=sas_token, connection_string=connection_string,
                sign_in=sign_in, endpoint=endpoint, host=host or "", port=port or 0, secure=secure,
                cloud=cloud or cloud_environment, container=container, tenant_id=tenant_id,
                client_id=client_id or identity, client_secret=client_secret,
            )
        )  # fmt: skip
        self.key = given.account
        self.capabilities = capabilities(given, place)
        self.wire = Wire(self, given, place)

    def check_attributes(self, attributes: Attributes) -> None:
        """See the base; what Azure has no place for is refused here, before a byte is read."""
        super().check_attributes(attributes)
        refuse_foreign(attributes, self)
        to_headers(attributes, self)

    def check_object_name(self, object_name: str) -> None:
        """See the base. At most 1,024 letters, and nothing that the service would make another name of."""
        super().check_object_name(object_name)
        if len(object_name.encode("utf-16-le")) > 2 * NAME_LETTERS:
            raise InvalidObjectNameError(
                f"An object's name here has at most {NAME_LETTERS} letters.", self, object_name
            )
        if why := self.wire.endpoint.why_impossible(object_name):
            raise InvalidObjectNameError(f"{object_name!r} cannot be a name here: {why}", self, object_name)

    # -- containers --

    def iterate_containers(self) -> Iterator[Container]:
        """All containers; the one that these credentials open, where they open one alone."""
        if self.wire.given.container:
            return self._list_containers()
        return super().iterate_containers()

    def _list_containers(self) -> Iterator[Container]:
        return azure_blobs_containers.listed(self.wire)

    def _head_container(self, container_name: str) -> Container:
        return azure_blobs_containers.head(self.wire, container_name)

    def _create_container(self, container_name: str, **options: Any) -> Container:
        return azure_blobs_containers.create(self.wire, container_name, **options)

    def _delete_container(self, container: Container) -> None:
        azure_blobs_containers.delete(self.wire, container)

    def _list_page(self, container: Container, prefix: str, delimiter: str, token: str, limit: int) -> Page:
        return azure_blobs_containers.blob_page(self.wire, container, prefix, delimiter, token, limit)

    def _list_versions(self, container: Container, prefix: str) -> Iterator[Version]:
        return azure_blobs_containers.versions(self.wire, container, prefix)

    def _get_public_access(self, container: Container, **options: Any) -> PublicAccess:
        return azure_blobs_containers.public_state(self.wire, container)

    def _set_public_access(self, container: Container, on: bool, **options: Any) -> None:
        azure_blobs_containers.set_public(self.wire, container, on, **options)

    # -- objects --

    def _head(self, container: Container, object_name: str, version: str) -> Object:
        return azure_blobs_objects.head(self.wire, container, object_name, version)

    def _open(self, obj: Object, start: int, end: int | None) -> Download:
        return azure_blobs_objects.open_read(self.wire, obj, start, end)

    def _put(
        self, container: Container, object_name: str, body: Body, attributes: Attributes, only_new: bool
    ) -> Stored:
        return azure_blobs_objects.put(self.wire, container, object_name, body, attributes, only_new)

    def _delete(self, container: Container, object_name: str, version: str) -> None:
        azure_blobs_objects.delete(self.wire, container, object_name, version)

    def _delete_many(self, container: Container, object_names: Sequence[str]) -> list[DeleteFailure]:
        try:
            return azure_blobs_batch.delete(self.wire, container, object_names)
        except OperationNotSupportedError:
            return self._delete_one_by_one(container, object_names)

    def _copy(
        self, obj: Object, container: Container, object_name: str, attributes: Attributes | None
    ) -> Stored:
        return azure_blobs_copying.copy(self.wire, obj, container, object_name, attributes)

    def fetches_from(self, other: StorageDriver) -> bool:
        """From accounts of the same cloud that can make a link to what is copied."""
        if not isinstance(other, AzureBlobsStorageDriver) or other is self:
            return False
        ours, theirs = self.wire.endpoint, other.wire.endpoint
        near = ours.netloc == theirs.netloc if ours.is_emulator else ours.family == theirs.family
        return near and ("GET" in other.capabilities.signed_urls or other.wire.given.sign_in == "sas")

    def _fetch(self, obj: Object, container: Container, object_name: str, attributes: Attributes) -> Stored:
        link = azure_blobs_copying.link_to(obj.driver.wire, obj)  # type: ignore[attr-defined]
        source = azure_blobs_copying.Source(link, obj.size, obj.etag)
        return azure_blobs_copying.fetch(self.wire, source, container, object_name, attributes)

    def _set_attributes(self, obj: Object, attributes: Attributes) -> None:
        azure_blobs_objects.set_attributes(self.wire, obj, attributes)

    def _sign_url(self, container: Container, object_name: str, method: str, seconds: int) -> str:
        """Whoever writes by a link sends the header `x-ms-blob-type: BlockBlob` with it."""
        return self.wire.link(container.name, object_name, LINK_PERMISSIONS[method], seconds)

    # -- uploads in parts --

    def _start_upload(self, container: Container, object_name: str, attributes: Attributes) -> Upload:
        return azure_blobs_blocks.start(self.wire, container, object_name, attributes)

    def _upload_part(self, upload: Upload, number: int, body: Body) -> Part:
        return azure_blobs_blocks.send(self.wire, upload, number, body)

    def _list_parts(self, upload: Upload) -> list[Part]:
        return azure_blobs_blocks.listed(self.wire, upload)

    def _complete_upload(self, upload: Upload, parts: Sequence[Part], only_new: bool) -> Stored:
        return azure_blobs_blocks.complete(self.wire, upload, parts, only_new)

    def _abort_upload(self, upload: Upload) -> None:
        azure_blobs_blocks.abort(self.wire, upload)

    def _list_uploads(self, container: Container, prefix: str) -> Iterator[Upload]:
        return azure_blobs_blocks.uploads(self.wire, container, prefix)
