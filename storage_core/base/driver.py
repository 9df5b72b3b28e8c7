"""`StorageDriver`: the documented API, built once for all providers from the wire verbs that a driver author
writes.

A driver author writes the methods under *wire verbs* (small: one request each), fills `Capabilities`, and
inherits the rest. Optional verbs belong to a capability flag: flag set means verb written. Callers outside
this package use only the public methods; those check the flag, the names and the sizes, so that a wire verb
may assume them.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import replace
from typing import Any, ClassVar
from urllib.parse import quote

from storage_core.attributes import Attributes
from storage_core.base import downloading, uploading
from storage_core.base.listing import refuse_repeated
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
from storage_core.body import Body, Watch
from storage_core.capabilities import Capabilities
from storage_core.common.base import BaseDriver
from storage_core.errors import (
    AttributeRefusedError,
    InvalidContainerNameError,
    InvalidObjectNameError,
    LibcloudError,
    ObjectDoesNotExistError,
    ObjectTooLargeError,
    OperationNotSupportedError,
)


class StorageDriver(BaseDriver):
    """The storage API over one account of one provider. One driver serves many threads."""

    capabilities: Capabilities = Capabilities()
    """What this driver can do; a flag is a promise. An opened driver may know more than its class."""
    container_name_pattern: ClassVar[str] = r"[^/]{1,255}"
    """A regular expression that a new container's whole name must match."""
    container_name_rule: ClassVar[str] = "1 to 255 characters, no slash"
    """The same in words, for the error and for whoever types a name."""
    hash_type = "md5"
    """What kind `Object.hash` is, where the service tells one. Libcloud's name."""

    # -- containers --

    def list_containers(self) -> list[Container]:
        """All containers this account may see, in the provider's order.

        OperationNotSupportedError where they cannot be listed (`open_container` takes a name);
        InvalidCredsError at the first use of wrong keys; AccessDeniedError; any NetworkError.
        """
        return list(self.iterate_containers())

    def iterate_containers(self) -> Iterator[Container]:
        """All containers, page by page where the provider pages them."""
        self._need("list_containers")
        return self._list_containers()

    def get_container(self, container_name: str) -> Container:
        """One container; one request. ContainerDoesNotExistError; AccessDeniedError where it exists for
        others.
        """
        return self._head_container(container_name)

    def open_container(self, container_name: str) -> Container:
        """A Container by name without asking the service: for keys that may not look at containers."""
        return Container(container_name, {}, self)

    def create_container(self, container_name: str, **options: Any) -> Container:
        """Create an empty, private container. `options` are the service's own, as a region.

        InvalidContainerNameError before anything is sent; ContainerAlreadyExistsError, also for a name that
        somebody else has where names are global; OperationNotSupportedError.
        """
        self._need("create_containers")
        self.check_container_name(container_name)
        return self._create_container(container_name, **options)

    def delete_container(self, container: Container) -> bool:
        """Delete an empty container: True. ContainerIsNotEmptyError; ContainerDoesNotExistError."""
        self._need("create_containers")
        self._delete_container(container)
        return True

    def check_container_name(self, container_name: str) -> None:
        """InvalidContainerNameError, naming the rule, when the provider would refuse this name."""
        if not re.fullmatch(self.container_name_pattern, container_name):
            raise InvalidContainerNameError(
                f"{container_name!r} cannot be a container's name here: {self.container_name_rule}.",
                self,
                container_name,
            )

    def check_object_name(self, object_name: str) -> None:
        """InvalidObjectNameError when the provider cannot hold this name."""
        size = len(object_name.encode("utf-8", "surrogatepass"))
        limit = self.capabilities.object_name_bytes_max
        if not 0 < size <= limit:
            raise InvalidObjectNameError(
                f"An object's name here has 1 to {limit} bytes; this one has {size}.", self, object_name
            )
        try:
            object_name.encode("utf-8")
        except UnicodeEncodeError as error:
            raise InvalidObjectNameError(
                f"The name {object_name!r} is not valid Unicode and cannot be sent.", self, object_name
            ) from error

    # -- listings --

    def list_container_objects(
        self, container: Container, prefix: str | None = None, ex_prefix: str | None = None
    ) -> list[Object]:
        """All objects whose names start with the prefix (`ex_prefix` and `prefix` are the same thing), in key
        order. ContainerDoesNotExistError; MalformedResponseError for a listing that would never end.
        """
        return list(self.iterate_container_objects(container, prefix=prefix, ex_prefix=ex_prefix))

    def iterate_container_objects(
        self, container: Container, prefix: str | None = None, ex_prefix: str | None = None
    ) -> Iterator[Object]:
        """All objects of a container in key order (by bytes of the UTF-8 name), fetched page by page: for any
        number of them in flat memory. Errors as in `list_container_objects`, while it is iterated.
        """
        for page in self.iterate_pages(container, ex_prefix or prefix or "", delimiter=""):
            yield from page.objects

    def ex_iterate_container_objects(
        self, container: Container, prefix: str | None = None
    ) -> Iterator[Object]:
        """As `iterate_container_objects`."""
        return self.iterate_container_objects(container, prefix=prefix)

    def iterate_pages(self, container: Container, prefix: str = "", delimiter: str = "/") -> Iterator[Page]:
        """All pages of a listing. MalformedResponseError when the service repeats a page token for ever."""
        token = ""
        seen: set[str] = set()
        while True:
            page = self.list_page(container, prefix, delimiter=delimiter, token=token)
            yield page
            token = page.next_token
            if not token:
                return
            refuse_repeated(token, seen, self, container)

    def list_page(
        self,
        container: Container,
        prefix: str = "",
        *,
        delimiter: str = "/",
        token: str = "",
        limit: int = 0,
    ) -> Page:
        """One page: with delimiter "/" the direct children of a folder (`prefix` ends with "/"), with
        "" everything below.

        `limit` 0 asks for the provider's largest page. A folder's own marker object is listed as an object.
        """
        if delimiter:
            self._need("list_folders")
        limit = min(limit or self.capabilities.page_size_max, self.capabilities.page_size_max)
        return self._list_page(container, prefix, delimiter, token, limit)

    # -- objects --

    def get_object(self, container_name: str, object_name: str) -> Object:
        """One object with its attributes; one request, a second one only when it is not there.

        ContainerDoesNotExistError or ObjectDoesNotExistError, told apart.
        """
        return self._head(self.open_container(container_name), object_name, "")

    def head_object(self, obj: Object) -> Object:
        """The same object asked for again: fresh size, ETag, attributes. ObjectDoesNotExistError."""
        return self._head(obj.container, obj.name, obj.version)

    def upload_object(
        self,
        file_path: str,
        container: Container,
        object_name: str,
        extra: Mapping[str, Any] | None = None,
        ex_meta: Mapping[str, str] | None = None,
        verify_hash: bool = True,
        *,
        headers: Mapping[str, str] | None = None,
        ex_storage_class: str | None = None,
        ex_only_new: bool = False,
        ex_watch: Watch | None = None,
    ) -> Object:
        """Store a file. What is under the name stays until the new content is complete.

        `extra`: content_type, storage_class, … in either spelling; `ex_meta`: the user's metadata.
        Raises LocalFileError (missing, unreadable), SourceChangedError (the file changed meanwhile:
        nothing is stored), ObjectHashMismatchError, ObjectChangedError (`ex_only_new` and the name is
        taken), AttributeRefusedError.
        """
        attributes = self._attributes(object_name, extra, ex_meta, headers, ex_storage_class)
        self._check_upload(object_name, ex_only_new)
        return uploading.upload_file(
            self, str(file_path), container, object_name, attributes,
            verify=verify_hash, only_new=ex_only_new, watch=ex_watch,
        )  # fmt: skip

    def upload_object_via_stream(
        self,
        iterator: Iterable[bytes],
        container: Container,
        object_name: str,
        extra: Mapping[str, Any] | None = None,
        ex_meta: Mapping[str, str] | None = None,
        *,
        headers: Mapping[str, str] | None = None,
        verify_hash: bool = True,
        ex_storage_class: str | None = None,
        ex_size: int | None = None,
        ex_only_new: bool = False,
        ex_watch: Watch | None = None,
    ) -> Object:
        """Store the bytes of an iterator, a generator or a binary file. Bounded memory, unknown
        length welcome.

        `ex_size` is the promised length: another length raises SourceChangedError and stores nothing.
        Other errors as in `upload_object`.
        """
        attributes = self._attributes(object_name, extra, ex_meta, headers, ex_storage_class)
        self._check_upload(object_name, ex_only_new)
        return uploading.upload_stream(
            self, iterator, container, object_name, attributes,
            size=ex_size, verify=verify_hash, only_new=ex_only_new, watch=ex_watch,
        )  # fmt: skip

    def download_object(
        self,
        obj: Object,
        destination_path: str,
        overwrite_existing: bool = False,
        delete_on_failure: bool = True,
        *,
        ex_watch: Watch | None = None,
    ) -> bool:
        """Download into a file (or, named as in the container, below an existing folder).

        True when all bytes arrived and their hash agrees with the service's, where it tells one.
        False when the service could not give all the bytes it promised; the part file is removed, or
        kept under its own name with
        `delete_on_failure=False`. The file of that name appears, or is replaced, only when the
        content is complete. Raises LocalFileExistsError, LocalFileError, DiskFullError,
        ObjectHashMismatchError, ObjectDoesNotExistError.
        """
        return downloading.to_file(
            self, obj, str(destination_path), 0, None, overwrite_existing, delete_on_failure, ex_watch
        )

    def download_object_as_stream(self, obj: Object, chunk_size: int | None = None) -> Iterator[bytes]:
        """The content in pieces of exactly `chunk_size` bytes (CHUNK_SIZE when None; the last may be
        shorter).

        A cut connection is resumed where it broke while the object is still the same. A short or
        wrong content raises at its end: ConnectionLostError, ObjectHashMismatchError.
        """
        return downloading.pieces(self, obj, 0, None, chunk_size)

    def download_object_range(
        self,
        obj: Object,
        destination_path: str,
        start_bytes: int,
        end_bytes: int | None = None,
        overwrite_existing: bool = False,
        delete_on_failure: bool = True,
    ) -> bool:
        """As `download_object` for bytes `start_bytes` (included) to `end_bytes` (excluded; None: to the
        end).
        """
        downloading.check_range(start_bytes, end_bytes)
        return downloading.to_file(
            self,
            obj,
            str(destination_path),
            start_bytes,
            end_bytes,
            overwrite_existing,
            delete_on_failure,
            None,
        )

    def download_object_range_as_stream(
        self, obj: Object, start_bytes: int, end_bytes: int | None = None, chunk_size: int | None = None
    ) -> Iterator[bytes]:
        """As `download_object_as_stream` for bytes `start_bytes` to `end_bytes` (excluded). ValueError for a
        bad range.
        """
        downloading.check_range(start_bytes, end_bytes)
        return downloading.pieces(self, obj, start_bytes, end_bytes, chunk_size)

    def delete_object(self, obj: Object) -> bool:
        """Delete one object: True. With `obj.version` that version alone, for good.

        ObjectDoesNotExistError where the provider tells that it was not there (S3 and its kin do not).
        """
        self._delete(obj.container, obj.name, obj.version)
        return True

    # -- what a browser and the transfer engine need beside --

    def open_object(self, obj: Object, start: int = 0, end: int | None = None) -> Download:
        """Open a read of bytes `start` to `end` (excluded), pinned to `obj.etag`: ObjectChangedError
        when it is another.

        One request, no resume: the caller counts the bytes and closes.
        """
        if start or end is not None:
            self._need("ranged_reads")
        return self._open(obj, start, end)

    def put_object(
        self,
        container: Container,
        object_name: str,
        body: Body,
        attributes: Attributes,
        *,
        only_new: bool = False,
    ) -> Stored:
        """Store a body in one request; what is under the name stays until the new content is complete.

        ObjectTooLargeError above `capabilities.put_size_max` bytes; ObjectChangedError for `only_new` and a
        name that is taken; ContainerDoesNotExistError; AttributeRefusedError.
        """
        self._check_upload(object_name, only_new)
        if body.size is not None and body.size > self.capabilities.put_size_max:
            raise ObjectTooLargeError(
                f"One upload request here holds at most {self.capabilities.put_size_max} bytes.",
                self,
                object_name,
            )
        self.check_attributes(attributes)
        return self._put(container, object_name, body, attributes, only_new)

    def start_upload(self, container: Container, object_name: str, attributes: Attributes) -> Upload:
        """Begin an upload in parts; nothing is visible until `complete_upload`.

        Complete it or abort it: until then the service keeps, and charges, what was sent. Errors as in
        `put_object`, and OperationNotSupportedError.
        """
        self._need("parts")
        self._check_upload(object_name, False)
        self.check_attributes(attributes)
        return self._start_upload(container, object_name, attributes)

    def upload_part(self, upload: Upload, number: int, body: Body) -> Part:
        """Send part `number` (from 1), in any order and concurrently; sending a number again replaces it.

        All but the last have `capabilities.part_size_min` to `part_size_max` bytes, all the same number of
        them where `equal_parts` is set. ObjectDoesNotExistError when the upload is gone.
        """
        return self._upload_part(upload, number, body)

    def list_parts(self, upload: Upload) -> list[Part]:
        """The parts that the service holds, by number. ObjectDoesNotExistError when the upload is gone."""
        self._need("parts")
        return self._list_parts(upload)

    def complete_upload(self, upload: Upload, parts: Sequence[Part], *, only_new: bool = False) -> Stored:
        """Make the object out of these parts, in the order of their numbers; others are forgotten.

        LibcloudError for a part that was not sent or was replaced since; ObjectChangedError for `only_new`
        and a name that is taken: what is there stays in both cases.
        """
        return self._complete_upload(upload, sorted(parts, key=lambda part: part.number), only_new)

    def abort_upload(self, upload: Upload) -> None:
        """Forget the parts. No error when the upload is gone already."""
        self._abort_upload(upload)

    def iterate_uploads(self, container: Container, prefix: str = "") -> Iterator[Upload]:
        """Uploads in parts that were begun and neither completed nor aborted, by anybody."""
        self._need("parts")
        return self._list_uploads(container, prefix)

    def copy_object(
        self, obj: Object, container: Container, object_name: str, attributes: Attributes | None = None
    ) -> Stored:
        """Copy inside this account on the server's side, with the object's own attributes or with other ones.

        Up to `capabilities.copy_size_max` bytes. ObjectChangedError when `obj.etag` is no longer its ETag;
        ObjectDoesNotExistError; OperationNotSupportedError where the server cannot (then stream:
        `operations.copy` does).
        """
        self._need("server_copy")
        self.check_object_name(object_name)
        if attributes is not None:
            self.check_attributes(attributes)
        return self._copy(obj, container, object_name, attributes)

    def fetches_from(self, other: StorageDriver) -> bool:
        """Whether `fetch_object` may copy from that account without the bytes passing here. No request."""
        return False

    def fetch_object(
        self, obj: Object, container: Container, object_name: str, attributes: Attributes
    ) -> Stored:
        """Copy an object of another account on the services' side.

        OperationNotSupportedError where they cannot after all (then stream: `operations.copy` does).
        """
        if not self.fetches_from(obj.driver):
            raise OperationNotSupportedError("These accounts cannot copy from one to the other.", self)
        self.check_object_name(object_name)
        self.check_attributes(attributes)
        return self._fetch(obj, container, object_name, attributes)

    def copy_part(self, upload: Upload, number: int, obj: Object, start: int, end: int) -> Part:
        """Fill a part from bytes `start` to `end` (excluded) of a stored object, on the server's side."""
        self._need("copy_parts")
        return self._copy_part(upload, number, obj, start, end)

    def set_object_attributes(self, obj: Object, attributes: Attributes) -> Object:
        """Replace all content headers and metadata of a stored object (empty means removed), its
        bytes untouched.

        Read (`head_object`), change, write: what is not in `attributes` is gone.
        """
        self._need("set_attributes")
        self.check_attributes(attributes)
        self._set_attributes(obj, attributes)
        return self._head(obj.container, obj.name, "")

    def ex_set_object_metadata(self, obj: Object, meta_data: Mapping[str, str]) -> Object:
        """Replace the user metadata and keep all content headers. Libcloud's name."""
        known = self.head_object(obj).attributes or Attributes()
        return self.set_object_attributes(obj, replace(known, metadata=dict(meta_data)))

    def delete_objects(self, container: Container, object_names: Sequence[str]) -> list[DeleteFailure]:
        """Delete many objects; returns those that could not be. Names that do not exist are not failures."""
        batch = self.capabilities.delete_many
        if not batch:
            return self._delete_one_by_one(container, object_names)
        failures: list[DeleteFailure] = []
        for start in range(0, len(object_names), batch):
            failures += self._delete_many(container, object_names[start : start + batch])
        return failures

    def sign_url(
        self, container: Container, object_name: str, *, method: str = "GET", seconds: int = 3600
    ) -> str:
        """A link that works without credentials for `seconds`. A secret while it lasts: never log it.

        ValueError for more than `capabilities.signed_url_seconds_max`; OperationNotSupportedError for a
        method that is not among `capabilities.signed_urls`. Mostly no request.
        """
        self._need("signed_urls")
        if method not in self.capabilities.signed_urls:
            raise OperationNotSupportedError(f"Links for {method} cannot be signed here.", self)
        limit = self.capabilities.signed_url_seconds_max
        if not 1 <= seconds <= limit:
            raise ValueError(f"a link here lasts 1 to {limit} seconds, not {seconds}")
        return self._sign_url(container, object_name, method, seconds)

    def iterate_versions(self, container: Container, prefix: str = "") -> Iterator[Version]:
        """All versions and delete markers, newest first within a name."""
        self._need("versions")
        return self._list_versions(container, prefix)

    # -- public access and CDN --

    def get_public_access(self, container: Container) -> PublicAccess:
        """Whether anyone on the internet may read this container, as the provider says now."""
        self._need("public_containers")
        return self._get_public_access(container)

    def set_public_access(self, container: Container, on: bool, **options: Any) -> PublicAccess:
        """Let anyone read, or stop it; returns the state that was read back."""
        self._need("public_containers")
        self._set_public_access(container, on, **options)
        return self._get_public_access(container, **options)

    def enable_container_cdn(self, container: Container, **options: Any) -> bool:
        """Switch on the provider's native CDN where one call does it, else public access; True when on."""
        self._need("public_containers")
        return self.set_public_access(container, True, **options).on is True

    def disable_container_cdn(self, container: Container, **options: Any) -> bool:
        """Switch it off again. True when it is off."""
        self._need("public_containers")
        return self.set_public_access(container, False, **options).on is False

    def get_container_cdn_url(self, container: Container, **options: Any) -> str:
        """The address under which anyone can read. OperationNotSupportedError where there is none."""
        self._need("public_containers")
        return self._public_url(container, **options)

    def enable_object_cdn(self, obj: Object, **options: Any) -> bool:
        """As `enable_container_cdn`, for one object."""
        self._need("public_objects")
        return self._set_object_public(obj, True, **options)

    def disable_object_cdn(self, obj: Object, **options: Any) -> bool:
        """As `disable_container_cdn`, for one object."""
        self._need("public_objects")
        return self._set_object_public(obj, False, **options)

    def get_object_cdn_url(
        self, obj: Object, ex_expiry: float = 24.0, ex_method: str = "GET", **options: Any
    ) -> str:
        """A link to the object: signed for `ex_expiry` hours where the provider signs, else its public
        address.
        """
        if self.capabilities.signed_urls:
            return self.sign_url(obj.container, obj.name, method=ex_method, seconds=int(ex_expiry * 3600))
        self._need("public_containers")
        return f"{self._public_url(obj.container, **options).rstrip('/')}/{quote(obj.name)}"

    # -- wire verbs: required --

    def _list_containers(self) -> Iterator[Container]:
        raise self._unwritten("list_containers")

    def _head_container(self, container_name: str) -> Container:
        raise self._unwritten("get_container")

    def _create_container(self, container_name: str, **options: Any) -> Container:
        raise self._unwritten("create_container")

    def _delete_container(self, container: Container) -> None:
        """Must refuse a container with objects (ContainerIsNotEmptyError) even where the service does not."""
        raise self._unwritten("delete_container")

    def _list_page(self, container: Container, prefix: str, delimiter: str, token: str, limit: int) -> Page:
        raise self._unwritten("list_container_objects")

    def _head(self, container: Container, object_name: str, version: str) -> Object:
        """With `attributes` set. A missing container and a missing object are told apart."""
        raise self._unwritten("get_object")

    def _open(self, obj: Object, start: int, end: int | None) -> Download:
        """Pinned to `obj.etag` when there is one. `end` is excluded; it may lie behind the object's end."""
        raise self._unwritten("download_object")

    def _put(
        self, container: Container, object_name: str, body: Body, attributes: Attributes, only_new: bool
    ) -> Stored:
        """Atomic: the old object stays until the new one is whole. `body.md5` is complete when it has been
        read.
        """
        raise self._unwritten("upload_object")

    def _delete(self, container: Container, object_name: str, version: str) -> None:
        raise self._unwritten("delete_object")

    # -- wire verbs: each belongs to a capability --

    def _start_upload(self, container: Container, object_name: str, attributes: Attributes) -> Upload:
        raise self._unwritten("parts")

    def _upload_part(self, upload: Upload, number: int, body: Body) -> Part:
        raise self._unwritten("parts")

    def _list_parts(self, upload: Upload) -> list[Part]:
        raise self._unwritten("parts")

    def _complete_upload(self, upload: Upload, parts: Sequence[Part], only_new: bool) -> Stored:
        raise self._unwritten("parts")

    def _abort_upload(self, upload: Upload) -> None:
        raise self._unwritten("parts")

    def _list_uploads(self, container: Container, prefix: str) -> Iterator[Upload]:
        raise self._unwritten("parts")

    def _copy(
        self, obj: Object, container: Container, object_name: str, attributes: Attributes | None
    ) -> Stored:
        raise self._unwritten("server_copy")

    def _fetch(self, obj: Object, container: Container, object_name: str, attributes: Attributes) -> Stored:
        raise self._unwritten("copying between accounts")

    def _copy_part(self, upload: Upload, number: int, obj: Object, start: int, end: int) -> Part:
        raise self._unwritten("copy_parts")

    def _set_attributes(self, obj: Object, attributes: Attributes) -> None:
        raise self._unwritten("set_attributes")

    def _delete_many(self, container: Container, object_names: Sequence[str]) -> list[DeleteFailure]:
        raise self._unwritten("delete_many")

    def _sign_url(self, container: Container, object_name: str, method: str, seconds: int) -> str:
        raise self._unwritten("signed_urls")

    def _list_versions(self, container: Container, prefix: str) -> Iterator[Version]:
        raise self._unwritten("versions")

    def _get_public_access(self, container: Container, **options: Any) -> PublicAccess:
        raise self._unwritten("public_containers")

    def _set_public_access(self, container: Container, on: bool, **options: Any) -> None:
        raise self._unwritten("public_containers")

    def _set_object_public(self, obj: Object, on: bool, **options: Any) -> bool:
        raise self._unwritten("public_objects")

    # -- for drivers --

    def check_attributes(self, attributes: Attributes) -> None:
        """AttributeRefusedError, before anything is sent, for what this provider cannot hold."""
        able = self.capabilities
        if attributes.metadata and not able.metadata:
            raise AttributeRefusedError(able.why_not("metadata"), self, field="metadata")
        for name, flag in (
            ("storage_class", "storage_classes"),
            ("encryption", "encryption"),
            ("tags", "tags"),
        ):
            if getattr(attributes, name) and not able.has(flag):
                raise AttributeRefusedError(able.why_not(flag), self, field=name)
        size = sum(
            len(text.encode("utf-8", "surrogatepass"))
            for pair in attributes.metadata.items()
            for text in pair
        )
        if size > able.metadata_bytes_max:
            raise AttributeRefusedError(
                f"The metadata has {size} bytes; this service holds at most {able.metadata_bytes_max}.",
                self,
                field="metadata",
            )

    def _attributes(
        self,
        object_name: str,
        extra: Mapping[str, Any] | None,
        ex_meta: Mapping[str, str] | None,
        headers: Mapping[str, str] | None,
        storage_class: str | None,
    ) -> Attributes:
        if isinstance(ex_meta, bool):
            raise TypeError(
                "the fifth argument of upload_object is ex_meta, a dict; give verify_hash by its name"
            )
        merged: dict[str, Any] = {**(headers or {}), **(extra or {})}
        if storage_class:
            merged["storage_class"] = storage_class
        attributes = Attributes.from_extra(merged, ex_meta).with_guessed_type(object_name)
        self.check_attributes(attributes)
        return attributes

    def _check_upload(self, object_name: str, only_new: bool) -> None:
        self.check_object_name(object_name)
        if only_new:
            self._need("create_only")

    def _delete_one_by_one(self, container: Container, object_names: Iterable[str]) -> list[DeleteFailure]:
        failures = []
        for object_name in object_names:
            try:
                self._delete(container, object_name, "")
            except ObjectDoesNotExistError:
                continue  # gone is what was wanted
            except LibcloudError as error:
                failures.append(DeleteFailure(object_name, str(error)))
        return failures

    def _public_url(self, container: Container, **options: Any) -> str:
        access = self._get_public_access(container, **options)
        if not access.url:
            raise OperationNotSupportedError(
                access.why
                or f"{container.name!r} is not public, so it has no address that others could open.",
                self,
            )
        return access.url

    def _need(self, flag: str) -> None:
        """OperationNotSupportedError with the capability's sentence when the flag is not set."""
        if sentence := self.capabilities.why_not(flag):
            raise OperationNotSupportedError(sentence, self)

    def _unwritten(self, what: str) -> OperationNotSupportedError:
        return OperationNotSupportedError(f"{what} not implemented for this driver", self)
