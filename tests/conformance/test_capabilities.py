"""Every driver has exactly the flags of the hand-written table; what is not flagged refuses and says why."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from storage_core.attributes import Attributes
from storage_core.base import Container, Object, Part, StorageDriver, Upload
from storage_core.capabilities import FLAG_TEXTS, Capabilities
from storage_core.errors import AttributeRefusedError, OperationNotSupportedError
from tests.conformance.conftest import Service, put
from tests.conformance.table import FLAGS

Attempt = Callable[[StorageDriver, Container, Object], object]

UPLOAD = Upload(Container("c"), "x", "id")
ATTEMPTS: dict[str, list[Attempt]] = {
    "create_containers": [
        lambda driver, container, obj: driver.create_container("judge-refused"),
        lambda driver, container, obj: driver.delete_container(container),
    ],
    "parts": [
        lambda driver, container, obj: driver.start_upload(container, "x", Attributes()),
        lambda driver, container, obj: driver.upload_part(UPLOAD, 1, None),  # type: ignore[arg-type]
        lambda driver, container, obj: driver.list_parts(UPLOAD),
        lambda driver, container, obj: driver.complete_upload(UPLOAD, [Part(1, "e", 1)]),
        lambda driver, container, obj: driver.abort_upload(UPLOAD),
        lambda driver, container, obj: driver.iterate_uploads(container),
    ],
    "copy_parts": [lambda driver, container, obj: driver.copy_part(UPLOAD, 1, obj, 0, 1)],
    "server_copy": [lambda driver, container, obj: driver.copy_object(obj, container, "y")],
    "set_attributes": [
        lambda driver, container, obj: driver.set_object_attributes(obj, Attributes()),
        lambda driver, container, obj: driver.ex_set_object_metadata(obj, {"a": "b"}),
    ],
    "versions": [lambda driver, container, obj: driver.iterate_versions(container)],
    "signed_urls": [lambda driver, container, obj: driver.sign_url(container, "x")],
    "public_containers": [
        lambda driver, container, obj: driver.get_public_access(container),
        lambda driver, container, obj: driver.set_public_access(container, True),
        lambda driver, container, obj: container.enable_cdn(),
        lambda driver, container, obj: container.disable_cdn(),
        lambda driver, container, obj: container.get_cdn_url(),
    ],
    "public_objects": [
        lambda driver, container, obj: obj.enable_cdn(),
        lambda driver, container, obj: obj.disable_cdn(),
    ],
    "create_only": [lambda driver, container, obj: put(container, "y", ex_only_new=True)],
}
REFUSED_ATTRIBUTES = {
    "storage_classes": Attributes(storage_class="STANDARD"),
    "encryption": Attributes(encryption="AES256"),
    "tags": Attributes(tags={"a": "b"}),
    "metadata": Attributes(metadata={"a": "b"}),
}
# No verb of its own, or a slower way that is always open.
WITHOUT_A_VERB = {"list_containers", "list_folders", "ranged_reads", "content_headers", "delete_many", "cdn"}


def test_the_table_speaks_of_every_flag() -> None:
    spoken = {*ATTEMPTS, *REFUSED_ATTRIBUTES, *WITHOUT_A_VERB}
    assert spoken == set(FLAG_TEXTS)
    assert all(flags <= set(FLAG_TEXTS) for flags in FLAGS.values())


def test_a_driver_has_the_flags_of_the_table(service: Service) -> None:
    able = service.driver.capabilities
    assert {flag for flag in FLAG_TEXTS if able.has(flag)} == FLAGS[service.name]


def test_every_no_has_a_sentence(driver: StorageDriver) -> None:
    for flag in FLAG_TEXTS:
        sentence = driver.capabilities.why_not(flag)
        assert bool(sentence) != driver.capabilities.has(flag)
        if sentence:
            assert sentence[0].isupper()
            assert sentence.endswith(".")


def test_what_is_not_flagged_refuses_with_its_sentence(driver: StorageDriver, container: Container) -> None:
    obj = put(container, "x")
    for flag, attempts in ATTEMPTS.items():
        if driver.capabilities.has(flag):
            continue
        for attempt in attempts:
            with pytest.raises(OperationNotSupportedError) as caught:
                attempt(driver, container, obj)
            assert isinstance(caught.value, NotImplementedError)
            assert str(caught.value)
    for flag, attributes in REFUSED_ATTRIBUTES.items():
        if not driver.capabilities.has(flag):
            with pytest.raises(AttributeRefusedError) as refused:
                driver.check_attributes(attributes)
            assert str(refused.value) == driver.capabilities.why_not(flag)
    assert [found.name for found in container.list_objects()] == ["x"]


def test_every_required_verb_and_every_verb_of_a_flag_is_written(driver: StorageDriver) -> None:
    """A verb that is missing would be found by the first user who needs it."""
    always = ("_head_container", "_list_page", "_head", "_open", "_put", "_delete")
    verbs = {
        "list_containers": ("_list_containers",),
        "create_containers": ("_create_container", "_delete_container"),
        "parts": (
            *("_start_upload", "_upload_part", "_list_parts", "_complete_upload"),
            *("_abort_upload", "_list_uploads"),
        ),
        "copy_parts": ("_copy_part",),
        "server_copy": ("_copy",),
        "set_attributes": ("_set_attributes",),
        "delete_many": ("_delete_many",),
        "signed_urls": ("_sign_url",),
        "versions": ("_list_versions",),
        "public_containers": ("_get_public_access", "_set_public_access"),
        "public_objects": ("_set_object_public",),
    }
    wanted = dict.fromkeys(always, "every driver")
    wanted |= {name: flag for flag, names in verbs.items() for name in names if driver.capabilities.has(flag)}
    kind = type(driver)
    missing = [
        f"{kind.__name__} has not written {name}, which {why} needs"
        for name, why in wanted.items()
        if getattr(kind, name) is getattr(StorageDriver, name)
    ]
    assert not missing, "\n".join(missing)


def test_numbers_make_sense(driver: StorageDriver) -> None:
    able = driver.capabilities
    assert 0 < able.part_size_min <= able.part_size_max
    assert able.page_size_max > 0
    assert able.object_name_bytes_max >= 255
    assert 0 < able.put_size_max <= able.object_size_max
    assert able.content_hash in ("", "md5")
    if able.signed_urls:
        assert able.signed_url_seconds_max >= 3600


def test_a_flag_nobody_knows_is_a_mistake() -> None:
    with pytest.raises(ValueError, match="fly"):
        Capabilities().has("fly")
