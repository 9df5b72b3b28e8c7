"""Azure on a real server: tiers, snapshots, kinds of blobs, copies, open uploads."""

from __future__ import annotations

import hashlib
import os
import secrets
import time
import urllib.error
import urllib.request
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from azure.storage.blob import (
    AccessPolicy,
    BlobServiceClient,
    ContainerSasPermissions,
    ContentSettings,
)

from storage_core import errors, operations
from storage_core.attributes import Attributes
from storage_core.base import Container, Object
from storage_core.body import BytesBody
from storage_core.drivers.azure_blobs import AzureBlobsStorageDriver
from storage_core.transfers import Conflict, CopySpec, Engine, Ref, State
from tests.drivers.azure_accounts import content, open_azure, put, until
from tests.oracles.ledger import LEDGER
from tests.servers.azurite import Azurite


@pytest.fixture
def driver(azurite_server: Azurite) -> AzureBlobsStorageDriver:
    return open_azure(azurite_server, secret=azurite_server.key)


@pytest.fixture
def sdk(azurite_server: Azurite) -> Iterator[BlobServiceClient]:
    with BlobServiceClient.from_connection_string(azurite_server.connection_string) as client:
        yield client


@pytest.fixture
def box(driver: AzureBlobsStorageDriver, sdk: BlobServiceClient) -> Iterator[Container]:
    container = driver.create_container(f"azure-{secrets.token_hex(6)}")
    yield container
    LEDGER.forget_container(container.name)
    sdk.delete_container(container.name)


# -- tiers --


def test_tiers_are_chosen_changed_and_told(driver: AzureBlobsStorageDriver, box: Container) -> None:
    put(box, "x", extra={"access_tier": "Cool"})
    put(box, "usual")
    assert box.get_object("x").extra["storage_class"] == "COOL"
    assert box.get_object("usual").storage_class == "HOT"
    assert box.get_object("usual").attributes == replaced(box.get_object("usual"), storage_class="")
    assert driver.ex_set_tier(box.get_object("x"), "cold") is True
    assert [(obj.name, obj.storage_class) for obj in box.list_objects()] == [("usual", "HOT"), ("x", "COLD")]
    LEDGER.forget_container(box.name)
    with pytest.raises(errors.AttributeRefusedError, match="Hot, Cool, Cold, Archive"):
        put(box, "y", extra={"storage_class": "GLACIER"})


def replaced(obj: Object, **more: Any) -> Attributes:
    assert obj.attributes is not None
    return replace(obj.attributes, **more)


def test_an_archived_object_says_so_and_comes_back(driver: AzureBlobsStorageDriver, box: Container) -> None:
    obj = put(box, "x", b"cold", extra={"storage_class": "ARCHIVE"})
    assert driver.ex_rehydration_status(obj) == "archived"
    with pytest.raises(errors.ObjectArchivedError, match="archived"):
        content(obj)
    with pytest.raises(errors.ObjectArchivedError):
        driver.copy_object(obj, box, "copy")
    driver.ex_rehydrate(obj, "Cool", "High")
    assert driver.ex_rehydration_status(obj) == ""  # Azurite thaws at once
    assert content(obj) == b"cold"
    LEDGER.forget_container(box.name)
    with pytest.raises(ValueError, match="Standard, High"):
        driver.ex_rehydrate(obj, "Hot", "Now")


# -- snapshots --


def test_snapshots_are_versions(driver: AzureBlobsStorageDriver, box: Container) -> None:
    first = put(box, "folder/x", b"first", ex_meta={"turn": "1"})
    driver.ex_snapshot(first)
    put(box, "folder/x", b"second")
    kept = driver.ex_snapshot(first)
    put(box, "folder/x", b"third")
    put(box, "other")
    versions = list(driver.iterate_versions(box, "folder/"))
    assert [version.is_latest for version in versions] == [True, False, False]
    assert [content(version.object) for version in versions] == [b"third", b"second", b"first"]
    assert versions[2].object.meta_data == {"turn": "1"}
    assert driver.head_object(versions[2].object).meta_data == {"turn": "1"}
    assert content(kept) == b"second"
    driver.copy_object(versions[2].object, box, "restored")
    assert content(box.get_object("restored")) == b"first"
    with pytest.raises(errors.ObjectError, match="snapshots"):
        driver.delete_object(box.get_object("folder/x"))
    with pytest.raises(errors.ContainerIsNotEmptyError):
        box.delete()
    for version in versions[1:]:
        driver.delete_object(version.object)
    assert len(list(driver.iterate_versions(box, "folder/"))) == 1
    assert content(box.get_object("folder/x")) == b"third"


def test_versions_of_many_names_are_in_order(driver: AzureBlobsStorageDriver, box: Container) -> None:
    for name in ("b", "a", "c"):
        driver.ex_snapshot(put(box, name, name.encode()))
    found = [(one.object.name, one.is_latest) for one in driver.iterate_versions(box)]
    assert found == [(name, latest) for name in "abc" for latest in (True, False)]
    for one in list(driver.iterate_versions(box)):
        if not one.is_latest:
            driver.delete_object(one.object)


# -- other kinds of blobs --


def test_append_and_page_blobs_are_listed_read_and_deleted(
    driver: AzureBlobsStorageDriver, box: Container, sdk: BlobServiceClient
) -> None:
    log = sdk.get_blob_client(box.name, "log")
    log.create_append_blob(
        metadata={"kind": "log"}, content_settings=ContentSettings(content_type="text/plain")
    )
    assert list(driver.iterate_uploads(box)) == []  # an empty one has no blocks to be asked for
    log.append_block(b"one\n")
    log.append_block(b"two\n")
    disk = sdk.get_blob_client(box.name, "disk")
    disk.create_page_blob(1024)
    disk.upload_page(b"p" * 512, 512, 512)
    assert [(obj.name, obj.size) for obj in box.list_objects()] == [("disk", 1024), ("log", 8)]
    assert content(box.get_object("log")) == b"one\ntwo\n"
    assert box.get_object("log").extra["blob_type"] == "AppendBlob"
    assert content(box.list_objects()[0]) == bytes(512) + b"p" * 512
    assert b"".join(box.get_object("disk").range_as_stream(511, 513)) == b"\0p"
    driver.copy_object(box.get_object("log"), box, "copied log")
    assert content(box.get_object("copied log")) == b"one\ntwo\n"
    changed = driver.ex_set_object_metadata(box.get_object("log"), {"kind": "diary"})
    assert (changed.meta_data, changed.extra["content_type"]) == ({"kind": "diary"}, "text/plain")
    for name in ("disk", "log", "copied log"):
        box.get_object(name).delete()
    assert box.list_objects() == []


@pytest.mark.parametrize("kind", ["AppendBlob", "PageBlob"])
def test_other_kinds_are_not_written(box: Container, kind: str) -> None:
    with pytest.raises(errors.AttributeRefusedError, match="BlockBlob"):
        put(box, "x", extra={"blob_type": kind})
    assert put(box, "x", extra={"blob_type": "BlockBlob"}).name == "x"


# -- attributes --


def test_metadata_and_headers_do_not_lose_each_other_or_the_hash(
    driver: AzureBlobsStorageDriver, box: Container, sdk: BlobServiceClient
) -> None:
    obj = put(
        box, "x.css", b"h1 {}", ex_meta={"who": "me"}, extra={"cache_control": "no-cache", "tags": {"a": "1"}}
    )
    md5 = hashlib.md5(b"h1 {}").hexdigest()
    changed = driver.ex_set_object_metadata(obj, {"Odd key-ü": "Grüße", "_x002d_": "1"})
    assert changed.meta_data == {"odd key-ü": "Grüße", "_x002d_": "1"}
    assert (changed.hash, changed.extra["cache_control"], changed.extra["tags"]) == (
        md5,
        "no-cache",
        {"a": "1"},
    )
    changed = driver.set_object_attributes(
        changed, replaced(changed, content_language="de", storage_class="COOL")
    )
    assert (changed.hash, changed.storage_class, changed.extra["content_language"]) == (md5, "COOL", "de")
    assert changed.meta_data == {"odd key-ü": "Grüße", "_x002d_": "1"}
    told = sdk.get_blob_client(box.name, "x.css").get_blob_properties()
    assert set(told.metadata) == {"odd_x0020_key_x002d__x00fc_", "_x005f_x002d_"}
    [listed] = box.list_objects()
    assert listed.meta_data == changed.meta_data
    assert listed.extra["tags"] == {"a": "1"}
    changed = driver.set_object_attributes(changed, Attributes(content_type="text/css"))
    assert (changed.meta_data, changed.attributes and changed.attributes.tags) == ({}, {})
    assert changed.storage_class == "COOL"  # a class is not un-chosen
    LEDGER.forget_container(box.name)


def test_attributes_of_what_was_written_meanwhile_are_not_set(
    driver: AzureBlobsStorageDriver, box: Container
) -> None:
    obj = put(box, "x", b"mine")
    put(box, "x", b"theirs", ex_meta={"theirs": "1"})
    with pytest.raises(errors.ObjectChangedError):
        driver.set_object_attributes(obj, Attributes(metadata={"mine": "1"}))
    assert box.get_object("x").meta_data == {"theirs": "1"}


def test_a_listing_costs_one_request_and_knows_the_attributes(
    driver: AzureBlobsStorageDriver, box: Container, monkeypatch: pytest.MonkeyPatch
) -> None:
    for number in range(5):
        put(box, f"{number}.txt", ex_meta={"number": str(number)} if number % 2 else {})
    found = box.list_objects()
    monkeypatch.setattr(driver, "_head", None)
    assert [obj.meta_data.get("number", "") for obj in found] == ["", "1", "", "3", ""]
    assert {obj.extra["content_type"] for obj in found} == {"text/plain"}
    assert found[0].attributes is found[2].attributes


def test_what_azure_cannot_hold_is_refused_before_anything_is_sent(box: Container) -> None:
    refused = [
        ({"expires": "Thu, 01 Dec 2044 16:00:00 GMT"}, {}),
        ({"acl": "public-read"}, {}),
        ({"content_disposition": "attachment; filename=ü"}, {}),
        ({"encryption": "AES256"}, {}),
        ({"tags": {str(number): "x" for number in range(11)}}, {}),
        ({"tags": {"who": "Zoë"}}, {}),
        ({"tags": {"": "x"}}, {}),
        ({"tags": {"a": "x" * 257}}, {}),
        ({}, {"A": "1", "a": "2"}),
        ({}, {"k": "ü" * 3000}),
        ({}, {"k\ud800": "1"}),
    ]
    for extra, meta in refused:
        with pytest.raises(errors.AttributeRefusedError):
            put(box, "x", extra=extra, ex_meta=meta)
    assert box.list_objects() == []


# -- who may read --


def test_public_access_keeps_the_stored_policies(
    driver: AzureBlobsStorageDriver, box: Container, sdk: BlobServiceClient
) -> None:
    client = sdk.get_container_client(box.name)
    policy = AccessPolicy(permission=ContainerSasPermissions(read=True), expiry=until(), start=None)
    client.set_container_access_policy({"partners & co": policy})
    put(box, "x.txt", b"shown")
    assert box.enable_cdn() is True
    assert urllib.request.urlopen(f"{box.get_cdn_url()}/x.txt").read() == b"shown"
    with pytest.raises(urllib.error.HTTPError):
        urllib.request.urlopen(f"{box.get_cdn_url()}?restype=container&comp=list")
    [kept] = client.get_container_access_policy()["signed_identifiers"]
    assert kept.id == "partners & co"
    assert kept.access_policy.permission == "r"
    state = driver.set_public_access(box, True, ex_level="container")
    assert state.details == {"level": "container"}
    assert b"<Name>x.txt</Name>" in urllib.request.urlopen(f"{state.url}?restype=container&comp=list").read()
    assert box.disable_cdn() is True
    with pytest.raises(urllib.error.HTTPError):
        urllib.request.urlopen(f"{state.url}/x.txt")
    assert len(client.get_container_access_policy()["signed_identifiers"]) == 1
    with pytest.raises(ValueError, match="ex_level"):
        driver.set_public_access(box, True, ex_level="all")


def test_a_website_is_switched_on_and_off(driver: AzureBlobsStorageDriver) -> None:
    assert driver.ex_get_static_website()["enabled"] is False
    on = driver.ex_set_static_website(True, "index.html", "errors/404 & more.html")
    assert on == {"enabled": True, "index_document": "index.html", "error_document": "errors/404 & more.html"}
    assert driver.ex_set_static_website(False)["enabled"] is False


def test_a_lease_is_told_in_words(
    driver: AzureBlobsStorageDriver, box: Container, sdk: BlobServiceClient
) -> None:
    obj = put(box, "disk.vhd", b"in use")
    lease = sdk.get_blob_client(box.name, "disk.vhd").acquire_lease(60)
    for attempt in (lambda: put(box, "disk.vhd"), lambda: driver.delete_object(obj)):
        with pytest.raises(errors.ObjectError, match="leased, that is locked"):
            attempt()
    lease.break_lease(0)
    assert content(box.get_object("disk.vhd")) == b"in use"
    LEDGER.forget_container(box.name)


# -- unfinished uploads --


def test_uploads_of_one_name_do_not_mix(driver: AzureBlobsStorageDriver, box: Container) -> None:
    first = driver.start_upload(box, "x", Attributes(content_type="text/one"))
    second = driver.start_upload(box, "x", Attributes(content_type="text/two"))
    parts = {
        upload.id: [driver.upload_part(upload, number, BytesBody(data)) for number in (1, 2)]
        for upload, data in ((first, b"1"), (second, b"2"))
    }
    assert [part.md5 for part in driver.list_parts(first)] == [hashlib.md5(b"1").hexdigest()] * 2
    assert {upload.id for upload in driver.iterate_uploads(box)} == {first.id, second.id}
    driver.abort_upload(second)
    assert [upload.id for upload in driver.iterate_uploads(box)] == [first.id]
    driver.complete_upload(first, parts[first.id])
    assert content(box.get_object("x")) == b"11"
    with pytest.raises(errors.ObjectDoesNotExistError):
        driver.complete_upload(second, parts[second.id])
    assert list(driver.iterate_uploads(box, "x")) == []


def test_an_upload_over_an_object_leaves_it_alone_when_it_is_aborted(
    driver: AzureBlobsStorageDriver, box: Container
) -> None:
    old = put(box, "x", b"old", ex_meta={"kept": "1"})
    upload = driver.start_upload(box, "x", Attributes())
    driver.upload_part(upload, 1, BytesBody(b"new"))
    assert [one.id for one in driver.iterate_uploads(box, "x")] == [upload.id]
    driver.abort_upload(upload)
    driver.abort_upload(upload)
    assert list(driver.iterate_uploads(box, "x")) == []
    with pytest.raises(errors.ObjectDoesNotExistError):
        driver.list_parts(upload)
    obj = box.get_object("x")
    assert (obj.etag, obj.meta_data, content(obj)) == (old.etag, {"kept": "1"}, b"old")


def test_an_aborted_upload_leaves_no_blocks_where_nothing_else_is(
    driver: AzureBlobsStorageDriver, box: Container, sdk: BlobServiceClient
) -> None:
    upload = driver.start_upload(box, "x", Attributes())
    driver.upload_part(upload, 1, BytesBody(b"new"))
    driver.abort_upload(upload)
    assert list(sdk.get_container_client(box.name).list_blobs(include=["uncommittedblobs"])) == []


def test_blocks_of_another_program_are_left_alone_and_told(
    driver: AzureBlobsStorageDriver, box: Container, sdk: BlobServiceClient
) -> None:
    theirs = sdk.get_blob_client(box.name, "x")
    theirs.stage_block("short", b"theirs")
    assert list(driver.iterate_uploads(box)) == []
    with pytest.raises(errors.ObjectError, match="Another program"):
        driver.start_upload(box, "x", Attributes())
    theirs.delete_blob()
    assert driver.start_upload(box, "x", Attributes()).object_name == "x"
    LEDGER.forget_container(box.name)


def test_empty_objects_are_not_asked_for_blocks_one_by_one(
    driver: AzureBlobsStorageDriver, box: Container, monkeypatch: pytest.MonkeyPatch
) -> None:
    for number in range(10):
        put(box, f"folder {number}/", b"")
    upload = driver.start_upload(box, "x", Attributes())
    asked = []
    send = driver.wire.send
    monkeypatch.setattr(driver.wire, "send", lambda call: asked.append(call.object_name) or send(call))
    assert [one.id for one in driver.iterate_uploads(box)] == [upload.id]
    assert asked == ["", "x"]
    driver.abort_upload(upload)


def test_an_upload_is_gone_on_with_by_another_driver(
    azurite_server: Azurite, driver: AzureBlobsStorageDriver, box: Container
) -> None:
    upload = driver.start_upload(box, "x", Attributes(metadata={"who": "me"}))
    driver.upload_part(upload, 1, BytesBody(b"one "))
    twin = open_azure(azurite_server, secret=azurite_server.key)
    [found] = twin.iterate_uploads(twin.open_container(box.name))
    assert (found.object_name, found.id, found.started) == ("x", upload.id, upload.started)
    [held] = twin.list_parts(found)
    assert held.md5 == hashlib.md5(b"one ").hexdigest()
    last = twin.upload_part(found, 2, BytesBody(b"two"))
    twin.complete_upload(upload, [held, last])
    assert (content(box.get_object("x")), box.get_object("x").meta_data) == (b"one two", {"who": "me"})


# -- many --


def test_hundreds_are_deleted_in_batches(driver: AzureBlobsStorageDriver, box: Container) -> None:
    names = [f"n/{number:03} ü" for number in range(300)]
    for name in names:
        driver.put_object(box, name, BytesBody(b"x"), Attributes())
    assert driver.delete_objects(box, [*names, "never", "back\\slash"]) == []
    assert box.list_objects() == []
    with pytest.raises(errors.ContainerDoesNotExistError):
        driver.delete_objects(driver.open_container("there-is-none"), ["x"])


def test_a_listing_of_several_pages_is_whole(driver: AzureBlobsStorageDriver, box: Container) -> None:
    for number in range(25):
        driver.put_object(box, f"f{number % 3}/{number:02}", BytesBody(b""), Attributes())
    names: list[str] = []
    token = ""
    while True:
        page = driver.list_page(box, delimiter="", token=token, limit=7)
        names += [obj.name for obj in page.objects]
        token = page.next_token
        if not token:
            break
    assert names == sorted(f"f{number % 3}/{number:02}" for number in range(25))


# -- copies --


def test_a_link_to_another_account_is_fetched_by_the_service(
    azurite_server: Azurite, driver: AzureBlobsStorageDriver, box: Container
) -> None:
    other = AzureBlobsStorageDriver(
        azurite_server.other_account, azurite_server.other_key, False, "127.0.0.1", azurite_server.port
    )
    there = other.create_container(f"azure-{secrets.token_hex(6)}")
    data = os.urandom(300_000)
    put(box, "a/ü +.bin", data, ex_meta={"old": "1"}, extra={"content_type": "text/old"})
    link = driver.sign_url(box, "a/ü +.bin")
    wanted = Attributes(content_type="text/new", cache_control="no-cache", metadata={"new": "ü"})
    copied = other.ex_copy_from_url(link, len(data), there, "b", wanted)
    assert content(copied) == data
    assert copied.meta_data == {"new": "ü"}
    assert (copied.extra["content_type"], copied.extra["cache_control"]) == ("text/new", "no-cache")
    with pytest.raises(errors.LibcloudError):
        other.ex_copy_from_url(link.replace("sig=", "sig=x"), len(data), there, "c", wanted)
    other.delete_objects(there, ["b", "c"])
    there.delete()


def test_copies_to_another_account_never_pass_this_machine(
    azurite_server: Azurite,
    driver: AzureBlobsStorageDriver,
    box: Container,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    other = AzureBlobsStorageDriver(
        azurite_server.other_account, azurite_server.other_key, False, "127.0.0.1", azurite_server.port
    )
    there = other.create_container(f"azure-{secrets.token_hex(6)}")
    obj = put(box, "a b/ü", b"far away", ex_meta={"who": "me"}, extra={"content_type": "text/css"})
    put(box, "a b/second", b"too", extra={"tags": {"a": "b"}})
    with monkeypatch.context() as blind:
        blind.setattr(driver, "_open", None)
        copied = operations.copy(obj, there, "c")
        assert (copied.meta_data, copied.extra["content_type"]) == ({"who": "me"}, "text/css")
        engine = Engine(tmp_path / "journal", {"here": driver, "there": other}.get)
        engine.start()
        try:
            spec = CopySpec((Ref("here", box.name, "a b/"),), Ref("there", there.name, "in/"))
            job = engine.add(spec, Conflict.REPLACE)
            until = time.monotonic() + 60
            while not (row := next(one for one in engine.changes(0).rows if one.id == job)).state.is_end:
                assert time.monotonic() < until, row
                time.sleep(0.02)
            assert row.state is State.DONE, row.error
        finally:
            assert engine.stop()
    assert [one.name for one in there.list_objects()] == ["c", "in/a b/second", "in/a b/ü"]
    assert content(there.get_object("in/a b/ü")) == content(copied) == b"far away"
    assert there.get_object("in/a b/second").extra["tags"] == {"a": "b"}
    put(box, "a b/ü", b"changed")
    with pytest.raises(errors.ObjectChangedError):
        other.fetch_object(obj, there, "d", Attributes())
    other.delete_objects(there, [one.name for one in there.list_objects()])
    there.delete()


def test_what_the_other_service_may_not_read_comes_through_this_machine(
    azurite_server: Azurite, driver: AzureBlobsStorageDriver, box: Container, monkeypatch: pytest.MonkeyPatch
) -> None:
    other = AzureBlobsStorageDriver(
        azurite_server.other_account, azurite_server.other_key, False, "127.0.0.1", azurite_server.port
    )
    there = other.create_container(f"azure-{secrets.token_hex(6)}")
    obj = put(box, "a", b"behind a wall")
    monkeypatch.setattr(driver.wire, "link", lambda *_: f"{azurite_server.endpoint}/{box.name}/a?sig=no")
    with pytest.raises(errors.OperationNotSupportedError):
        other.fetch_object(obj, there, "b", Attributes())
    assert content(operations.copy(obj, there, "b")) == b"behind a wall"
    there.get_object("b").delete()
    there.delete()


def test_a_copy_with_other_attributes_has_their_tags(driver: AzureBlobsStorageDriver, box: Container) -> None:
    obj = put(box, "a", extra={"tags": {"old": "1"}})
    wanted = Attributes(content_type="text/css", tags={"new": "2"}, storage_class="COOL", metadata={})
    driver.copy_object(obj, box, "b", wanted)
    assert box.get_object("b").attributes == wanted
    driver.copy_object(obj, box, "c")
    assert box.get_object("c").extra["tags"] == {"old": "1"}


def test_a_rename_keeps_everything(driver: AzureBlobsStorageDriver, box: Container) -> None:
    obj = put(
        box, "old.txt", b"bytes", ex_meta={"who": "me"}, extra={"tags": {"a": "b"}, "storage_class": "Cool"}
    )
    operations.rename(obj, "new.txt")
    found = box.get_object("new.txt")
    assert (content(found), found.meta_data, found.storage_class) == (b"bytes", {"who": "me"}, "COOL")
    assert found.extra["tags"] == {"a": "b"}
    assert [one.name for one in box.list_objects()] == ["new.txt"]


def test_a_copy_says_that_it_is_the_source_that_is_gone(
    driver: AzureBlobsStorageDriver, box: Container
) -> None:
    obj = put(box, "source")
    driver.delete_object(obj)
    with pytest.raises(errors.ObjectDoesNotExistError, match="'source'") as gone:
        driver.copy_object(obj, box, "copy")
    assert gone.value.object_name == "source"


def test_a_name_with_steps_in_it_is_not_copied_as_another(
    driver: AzureBlobsStorageDriver, box: Container
) -> None:
    """Azurite takes the steps out of the URL of what is to be copied, and out of no other."""
    put(box, "b", b"another")
    odd = put(box, "a/../b", b"odd")
    with pytest.raises(errors.OperationNotSupportedError):
        driver.copy_object(odd, box, "copy")
    operations.copy(odd, box, "copy")
    assert content(box.get_object("copy")) == b"odd"
