"""Every class, method, parameter, position and default of the documented page, and Libcloud's own names
beside them.
"""

from __future__ import annotations

import inspect

import pytest

import storage_core.base
import storage_core.common.types
import storage_core.types
from storage_core import providers
from storage_core.base import Container, Object, StorageDriver
from storage_core.common.base import BaseDriver
from storage_core.errors import LibcloudError, OperationNotSupportedError
from storage_core.providers import get_driver, set_driver
from storage_core.types import Provider

EMPTY = inspect.Parameter.empty

DOCUMENTED = {
    StorageDriver: {
        "list_containers": [],
        "get_container": [("container_name", EMPTY)],
        "create_container": [("container_name", EMPTY)],
        "delete_container": [("container", EMPTY)],
        "get_object": [("container_name", EMPTY), ("object_name", EMPTY)],
        "upload_object": [
            ("file_path", EMPTY), ("container", EMPTY), ("object_name", EMPTY),
            ("extra", None), ("ex_meta", None), ("verify_hash", True),
        ],
        "upload_object_via_stream": [
            ("iterator", EMPTY), ("container", EMPTY), ("object_name", EMPTY),
            ("extra", None), ("ex_meta", None),
        ],
        "download_object": [
            ("obj", EMPTY), ("destination_path", EMPTY),
            ("overwrite_existing", False), ("delete_on_failure", True),
        ],
        "download_object_as_stream": [("obj", EMPTY), ("chunk_size", None)],
        "delete_object": [("obj", EMPTY)],
        "ex_iterate_container_objects": [("container", EMPTY), ("prefix", None)],
    },
    Container: {
        "get_cdn_url": [],
        "enable_cdn": [],
        "get_objects": [],
        "upload_object": [("file_path", EMPTY), ("object_name", EMPTY)],
        "delete_object": [("obj", EMPTY)],
    },
    Object: {
        "get_cdn_url": [],
        "enable_cdn": [],
        "download": [("destination_path", EMPTY), ("overwrite_existing", False)],
        "as_stream": [("chunk_size", None)],
        "delete": [],
    },
}  # fmt: skip

LIBCLOUD_TOO = {
    StorageDriver: "iterate_containers iterate_container_objects download_object_range "
    "download_object_range_as_stream get_container_cdn_url get_object_cdn_url "
    "enable_container_cdn enable_object_cdn",
    Container: "iterate_objects list_objects get_object upload_object_via_stream download_object "
    "download_object_as_stream download_object_range "
    "download_object_range_as_stream delete",
    Object: "download_range range_as_stream",
}


@pytest.mark.parametrize(
    ("kind", "method"), [(kind, method) for kind, methods in DOCUMENTED.items() for method in methods]
)
def test_a_documented_method_has_its_parameters_in_their_places(kind: type, method: str) -> None:
    wanted = DOCUMENTED[kind][method]
    have = list(inspect.signature(getattr(kind, method)).parameters.values())[1:]
    assert [(one.name, one.default) for one in have[: len(wanted)]] == wanted
    assert all(
        one.kind is not one.POSITIONAL_OR_KEYWORD or one.default is not EMPTY for one in have[len(wanted) :]
    )


def test_both_keywords_for_a_prefix_and_the_second_position_mean_the_same() -> None:
    names = list(inspect.signature(StorageDriver.list_container_objects).parameters)
    assert names == ["self", "container", "prefix", "ex_prefix"]


@pytest.mark.parametrize("kind", LIBCLOUD_TOO)
def test_libclouds_own_names_are_there(kind: type) -> None:
    assert [name for name in LIBCLOUD_TOO[kind].split() if not hasattr(kind, name)] == []


def test_the_documented_values_are_what_the_page_says() -> None:
    assert storage_core.base.CHUNK_SIZE == 8096
    assert storage_core.base.DEFAULT_CONTENT_TYPE == "application/octet-stream"
    assert issubclass(StorageDriver, BaseDriver)
    for constant, value in {
        "S3": "s3",
        "S3_US_WEST": "s3_us_west",
        "S3_EU_WEST": "s3_eu_west",
        "S3_AP_SOUTHEAST": "s3_ap_southeast",
        "S3_AP_NORTHEAST": "s3_ap_northeast",
        "AZURE_BLOBS": "azure_blobs",
        "GOOGLE_STORAGE": "google_storage",
        "RACKSPACE_CLOUDFILES": "cloudfiles",
        "CLOUDFILES_US": "cloudfiles_us",
        "CLOUDFILES_UK": "cloudfiles_uk",
        "NINEFOLD": "ninefold",
        "LOCAL": "local",
    }.items():
        assert getattr(Provider, constant) == value


@pytest.mark.parametrize(
    ("name", "parent"),
    [
        ("ContainerError", "LibcloudError"),
        ("ObjectError", "LibcloudError"),
        ("ContainerDoesNotExistError", "ContainerError"),
        ("ObjectDoesNotExistError", "ObjectError"),
        ("ContainerAlreadyExistsError", "ContainerError"),
        ("ContainerIsNotEmptyError", "ContainerError"),
        ("ObjectHashMismatchError", "ObjectError"),
        ("InvalidContainerNameError", "ContainerError"),
    ],
)
def test_a_documented_error_has_its_parent_and_libclouds_constructor(name: str, parent: str) -> None:
    kind = getattr(storage_core.types, name)
    base = getattr(storage_core.types, parent, None) or getattr(storage_core.common.types, parent)
    assert issubclass(kind, base)
    keyword = "container_name" if issubclass(kind, storage_core.types.ContainerError) else "object_name"
    error = kind(value="what", driver=None, **{keyword: "x"})
    assert (str(error), getattr(error, keyword)) == ("what", "x")


def test_an_unsupported_operation_is_also_a_not_implemented_error() -> None:
    assert issubclass(OperationNotSupportedError, LibcloudError)
    assert issubclass(OperationNotSupportedError, NotImplementedError)


def test_a_bool_where_ex_meta_belongs_is_a_type_error_that_says_so(tmp_path: object) -> None:
    driver = get_driver(Provider.DUMMY)("x")
    container = driver.create_container("box")
    with pytest.raises(TypeError, match="verify_hash"):
        driver.upload_object("/etc/hostname", container, "name", {}, True)


def test_an_unknown_provider_is_an_attribute_error() -> None:
    with pytest.raises(AttributeError, match="does not exist"):
        get_driver("no-such-cloud")


def test_a_third_party_driver_can_be_registered_once(monkeypatch: pytest.MonkeyPatch) -> None:
    for registry in ("_ROWS", "_classes"):  # what is registered here must not outlive this test
        monkeypatch.setattr(providers, registry, dict(getattr(providers, registry)))
    set_driver("my_own", "storage_core.drivers.memory", "MemoryStorageDriver")
    assert issubclass(get_driver("MY_OWN"), StorageDriver)
    with pytest.raises(AttributeError):
        set_driver("my_own", "storage_core.drivers.memory", "MemoryStorageDriver")
