"""Containers, and listings of what is in them."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime, timedelta

import pytest

from storage_core.base import Container, StorageDriver
from storage_core.errors import (
    ContainerAlreadyExistsError,
    ContainerDoesNotExistError,
    ContainerIsNotEmptyError,
    InvalidContainerNameError,
    ObjectDoesNotExistError,
)
from tests.conformance.conftest import Service, content, listed, put

needs = pytest.mark.needs


# -- containers --


@needs("create_containers")
def test_a_new_container_is_listed_and_empty(
    driver: StorageDriver, new_container: Callable[[], Container]
) -> None:
    one, other = new_container(), new_container()
    names = [container.name for container in driver.list_containers()]
    assert {one.name, other.name} <= set(names)
    assert len(names) == len(set(names))
    assert driver.get_container(one.name).name == one.name
    assert one.list_objects() == []
    assert one.driver is driver


def test_every_listed_container_can_be_opened(driver: StorageDriver, container: Container) -> None:
    names = [found.name for found in driver.list_containers()]
    assert container.name in names
    assert driver.get_container(container.name).name == container.name


@needs("create_containers")
def test_a_container_is_not_made_twice(driver: StorageDriver, container: Container) -> None:
    put(container, "kept")
    with pytest.raises(ContainerAlreadyExistsError) as caught:
        driver.create_container(container.name)
    assert caught.value.container_name == container.name
    assert listed(container) == ["kept"]


@needs("create_containers")
@pytest.mark.parametrize("name", ["", "a/b", "x" * 300])
def test_a_container_name_that_cannot_be_is_refused_with_its_rule(driver: StorageDriver, name: str) -> None:
    with pytest.raises(InvalidContainerNameError, match=r"cannot be a container's name here: .{10}"):
        driver.create_container(name)


@needs("create_containers")
def test_a_container_with_objects_is_not_deleted(driver: StorageDriver, container: Container) -> None:
    put(container, "folder/kept")
    with pytest.raises(ContainerIsNotEmptyError):
        driver.delete_container(container)
    assert content(driver.get_object(container.name, "folder/kept")) == b"content"


@needs("create_containers")
def test_an_emptied_container_is_deleted(service: Service) -> None:
    container = service.container()
    put(container, "folder/inner/gone")
    container.get_object("folder/inner/gone").delete()
    assert container.delete() is True
    assert container.name not in [found.name for found in service.driver.list_containers()]
    with pytest.raises(ContainerDoesNotExistError):
        service.driver.get_container(container.name)
    with pytest.raises(ContainerDoesNotExistError):
        service.driver.delete_container(container)


def test_a_missing_container_is_told_from_a_missing_object(
    driver: StorageDriver, container: Container
) -> None:
    missing = driver.open_container("judge-missing-1b7a")
    with pytest.raises(ContainerDoesNotExistError):
        driver.get_container(missing.name)
    with pytest.raises(ContainerDoesNotExistError):
        driver.get_object(missing.name, "x")
    with pytest.raises(ContainerDoesNotExistError):
        missing.list_objects()
    with pytest.raises(ContainerDoesNotExistError):
        put(missing, "x")
    with pytest.raises(ObjectDoesNotExistError) as caught:
        driver.get_object(container.name, "no/such object")
    assert caught.value.object_name == "no/such object"


# -- listings --

TREE = ["a-b", "a/1", "a/2/x", "a/2/y", "a/3", "a0", "b/", "b/c", "z", "Ü"]


@pytest.fixture
def tree(container: Container) -> Container:
    for name in reversed(TREE):
        put(container, name, b"" if name.endswith("/") else name.encode())
    return container


def test_objects_are_listed_in_key_order(tree: Container) -> None:
    assert listed(tree) == TREE
    assert [obj.name for obj in tree.get_objects()] == TREE
    assert [obj.name for obj in tree.iterate_objects()] == TREE


@pytest.mark.parametrize("prefix", ["a", "a/", "a/2", "a/2/", "a/2/x", "b", "b/", "Ü", "nothing", "a/2/x/"])
def test_a_prefix_narrows_the_listing_wherever_it_ends(tree: Container, prefix: str) -> None:
    wanted = [name for name in TREE if name.startswith(prefix)]
    assert listed(tree, prefix) == wanted
    assert [obj.name for obj in tree.driver.list_container_objects(tree, ex_prefix=prefix)] == wanted
    assert [obj.name for obj in tree.driver.ex_iterate_container_objects(tree, prefix=prefix)] == wanted


@pytest.mark.parametrize(
    ("prefix", "objects", "folders"),
    [
        ("", ["a-b", "a0", "z", "Ü"], ["a/", "b/"]),
        ("a/", ["a/1", "a/3"], ["a/2/"]),
        ("a", ["a-b", "a0"], ["a/"]),
        ("a/2/", ["a/2/x", "a/2/y"], []),
        ("b/", ["b/", "b/c"], []),
        ("nothing/", [], []),
    ],
)
def test_one_level_shows_objects_and_folders(
    tree: Container, prefix: str, objects: list[str], folders: list[str]
) -> None:
    page = tree.driver.list_page(tree, prefix)
    assert [obj.name for obj in page.objects] == objects
    assert list(page.prefixes) == folders
    assert page.next_token == ""


@pytest.mark.without("google-emulator", why="it gives everything in one page")
@pytest.mark.parametrize("limit", [1, 2, 3])
@pytest.mark.parametrize("delimiter", ["", "/"])
@pytest.mark.parametrize("prefix", ["", "a/", "b/"])
def test_small_pages_give_the_same_listing(tree: Container, prefix: str, delimiter: str, limit: int) -> None:
    whole = tree.driver.list_page(tree, prefix, delimiter=delimiter)
    objects, folders, token = [], [], ""
    for _ in range(2 * len(TREE)):
        page = tree.driver.list_page(tree, prefix, delimiter=delimiter, token=token, limit=limit)
        assert len(page.objects) + len(page.prefixes) <= limit
        objects += [obj.name for obj in page.objects]
        folders += page.prefixes
        token = page.next_token
        if not token:
            break
    assert objects == [obj.name for obj in whole.objects]
    assert folders == whole.prefixes
    assert not token


@pytest.mark.without("google-emulator", why="it gives everything in one page")
def test_a_page_can_be_asked_for_again(tree: Container) -> None:
    first = tree.driver.list_page(tree, delimiter="", limit=3)
    again = [tree.driver.list_page(tree, delimiter="", token=first.next_token, limit=3) for _ in range(2)]
    assert [obj.name for obj in again[0].objects] == [obj.name for obj in again[1].objects] == TREE[3:6]


def test_an_empty_container_is_one_empty_page(container: Container) -> None:
    for delimiter in ("", "/"):
        page = container.driver.list_page(container, delimiter=delimiter)
        assert (page.objects, list(page.prefixes), page.next_token) == ([], [], "")


def test_a_listed_object_knows_size_time_and_tag(container: Container) -> None:
    put(container, "x", b"12345")
    [obj] = container.list_objects()
    fresh = container.get_object("x")
    assert (obj.size, obj.etag, obj.hash) == (5, fresh.etag, fresh.hash)
    assert obj.etag
    assert '"' not in obj.etag
    assert obj.modified is not None
    assert abs(obj.modified - datetime.now(UTC)) < timedelta(minutes=5)
    assert fresh.modified is not None
    assert abs(obj.modified - fresh.modified) < timedelta(seconds=2)
