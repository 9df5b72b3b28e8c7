"""Every example of the documented API runs as it is written, on every driver with a server here.

Only credentials, endpoints and local paths are replaced.
"""

from __future__ import annotations

import datetime
import json
import os
import re
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
from azure.storage.blob import BlobServiceClient

from storage_core.base import StorageDriver
from storage_core.errors import AttributeRefusedError, LibcloudError
from storage_core.providers import get_driver
from storage_core.types import ContainerDoesNotExistError, Provider
from tests.oracles import oracle_of
from tests.servers.azurite import Azurite
from tests.servers.google_standin import GoogleStandin
from tests.servers.moto import Moto

GOOGLE_KEY = Path(__file__).parents[1] / "data" / "google4_vectors.json"  # belongs to no account
PAGE = Path(__file__).with_name("examples.md").read_text("utf-8")
EXAMPLES = dict(re.findall(r"^## (.+?)\n\n```python\n(.*?)^```", PAGE, re.M | re.S))


@dataclass
class Service:
    """Where an example runs: what replaces its credentials, and a driver to look at the result with."""

    provider: str
    arguments: tuple[Any, ...]
    options: dict[str, Any]
    driver: StorageDriver
    is_aws_like: bool = False


def _service(kind: str, request: pytest.FixtureRequest, tmp_path: Path) -> Service:
    is_aws_like = False
    if kind == "local":
        provider, arguments, options = Provider.LOCAL, (str(tmp_path / "store"),), {}
        (tmp_path / "store").mkdir()
    elif kind == "memory":
        provider, arguments, options = Provider.DUMMY, (f"documented-{tmp_path.name}",), {}
        options = {"ex_store": str(tmp_path)}
    elif kind == "azure":
        server = request.getfixturevalue("azurite_server")
        provider, arguments = Provider.AZURE_BLOBS, (server.account, server.key)
        options = {"host": "127.0.0.1", "port": server.port, "secure": False}
    elif kind == "google":
        server = request.getfixturevalue("google_standin_server")
        provider, arguments = Provider.GOOGLE_STORAGE, (server.email, str(server.key_file))
        options = {"endpoint": server.endpoint}
    elif kind == "google_emulator":  # signs nobody in; any token will do
        server = request.getfixturevalue("google_emulator")
        account = json.loads(GOOGLE_KEY.read_text("utf-8"))["account"]
        provider, arguments = Provider.GOOGLE_STORAGE, (account["client_email"], account, server.project)
        options = {"endpoint": server.endpoint, "token": "any"}
    else:
        server = request.getfixturevalue(f"{kind}_server")
        host, port = server.endpoint.removeprefix("http://").split(":")
        provider, arguments = Provider.S3, (server.access_key, server.secret_key)
        options = {"host": host, "port": int(port), "secure": False}
        is_aws_like = kind == "moto"
    driver = get_driver(provider)(*arguments, **options)
    return Service(provider, arguments, options, driver, is_aws_like)


@pytest.fixture(params=["local", "memory", "swift", "moto", "azure", "google", "google_emulator"])
def service(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Service]:
    service = _service(request.param, request, tmp_path)
    _empty(service.driver)
    yield service
    _empty(service.driver)


def _empty(driver: StorageDriver) -> None:
    """The examples use fixed container names; two runs on one server must not meet."""
    for container in driver.list_containers():
        if re.match(r"my-|nonexistent|backup-", container.name):
            driver.delete_objects(
                container, [obj.name for obj in driver.iterate_container_objects(container)]
            )
            driver.delete_container(container)


@pytest.fixture
def files(tmp_path: Path) -> Path:
    """The local files that the examples name, under one folder."""
    root = tmp_path / "files"
    for name, content in {
        "path/to/local/file.txt": b"a local file\n",
        "path/to/large/file.txt": bytes(range(256)) * 4096,
        "path/to/document.pdf": b"%PDF-1.4 report",
        "path/to/important.dat": os.urandom(70_000),
        "path/to/file.txt": b"text\n",
        "path/to/site/index.html": b"<h1>hello</h1>",
        "path/to/site/css/style.css": b"h1 { color: teal }",
        "path/to/site/js/app.js": b"'use strict'",
        "home/user/documents/letter.txt": b"Dear",
        "home/user/documents/2026/notes.md": b"# notes",
    }.items():
        (root / name).parent.mkdir(parents=True, exist_ok=True)
        (root / name).write_bytes(content)
    (root / "path/to/download").mkdir(parents=True)
    return root


def run(title: str, service: Service, files: Path, **names: Any) -> dict[str, Any]:
    """Run an example with its credentials, endpoint and paths replaced; gives back its names."""
    text = EXAMPLES[title]
    for credentials in ("('access_key', 'secret_key')", "('account', 'key')", "('email', 'key_file')"):
        text = text.replace(credentials, "(*CREDENTIALS, **ENDPOINT)")
    text = re.sub(r"'/(path/to|home/user)(/[^']*)?'", lambda match: repr(str(files) + match[0][1:-1]), text)
    if service.provider != Provider.S3:
        text = text.replace("Provider.S3", repr(service.provider))
    space: dict[str, Any] = {
        "CREDENTIALS": service.arguments,
        "ENDPOINT": service.options,
        "driver": service.driver,
        "get_driver": get_driver,
        "Provider": Provider,
        "ContainerDoesNotExistError": ContainerDoesNotExistError,
        "os": os,
        **names,
    }
    exec(compile(text, f"<{title}>", "exec"), space)
    return space


def test_all_examples_of_the_page_are_here() -> None:
    assert len(EXAMPLES) == 14


def test_driver_factory(service: Service, files: Path) -> None:
    driver = run("Driver factory", service, files)["driver"]
    assert isinstance(driver, StorageDriver)
    assert isinstance(driver.list_containers(), list)


def test_basic_container_and_object_management(service: Service, files: Path, capsys: Any) -> None:
    run("Basic container and object management", service, files)
    assert "Created container: my-data-bucket\nContainer has 0 objects\n" in capsys.readouterr().out
    assert "my-data-bucket" in {container.name for container in service.driver.list_containers()}


def test_file_upload_and_download(service: Service, files: Path, capsys: Any) -> None:
    container = service.driver.create_container("my-data-bucket")
    run("File upload and download", service, files, container=container)
    assert capsys.readouterr().out == (
        "Uploaded object: documents/file.txt (13 bytes)\n"
        "Download successful: True\nDownloaded via object method: True\n"
    )
    for name in ("file.txt", "file2.txt"):
        assert (files / "path/to/download" / name).read_bytes() == b"a local file\n"
    stored = service.driver.get_object("my-data-bucket", "documents/file.txt")
    assert stored.meta_data == {"author": "john_doe", "version": "1.0"}
    assert stored.extra["content_type"] == "text/plain"


def test_streaming_operations(service: Service, files: Path, capsys: Any) -> None:
    container = service.driver.create_container("my-data-bucket")
    run("Streaming operations", service, files, container=container)
    assert "Streamed 1048576 bytes" in capsys.readouterr().out
    assert (files / "path/to/output.txt").read_bytes() == (files / "path/to/large/file.txt").read_bytes()


def test_working_with_object_metadata(service: Service, files: Path, capsys: Any) -> None:
    container = service.driver.create_container("my-data-bucket")
    run("Working with object metadata", service, files, container=container)
    said = capsys.readouterr().out
    assert "'author': 'Jane Smith'" in said
    assert "Content type: application/pdf" in said
    assert datetime.datetime.fromisoformat(said.rsplit(": ", 1)[1].strip()).tzinfo is not None


def test_container_iteration_and_filtering(service: Service, files: Path, capsys: Any) -> None:
    driver = service.driver
    container = driver.create_container("my-data-bucket")
    for name, size in {"documents/a": 1, "documents/b": 2, "logs/small": 3, "logs/large": 1_000_001}.items():
        driver.upload_object_via_stream(iter([b"x" * size]), container, name)
    run("Container iteration and filtering", service, files, container=container)
    assert capsys.readouterr().out == (
        "Found 2 objects in documents/ folder\n"
        "Log file: logs/large (1000001 bytes)\n Large file detected: logs/large\n"
        "Log file: logs/small (3 bytes)\n"
    )


def test_multi_provider_storage_management(service: Service, files: Path, tmp_path: Path) -> None:
    """The documented sync as written, from this service to a memory and to a local store."""
    text = EXAMPLES["Multi-provider storage management"]
    sync: dict[str, Any] = {}
    exec(text[text.index("# Sync data") : text.index("# Sync from")], sync)
    source = service.driver
    container = source.create_container("my-backup-data")
    source.upload_object_via_stream(iter([b"one"]), container, "a/1.txt", ex_meta={"author": "me"})
    source.upload_object_via_stream(iter([b"two"]), container, "b.html")
    (tmp_path / "target").mkdir()
    for target in (
        get_driver(Provider.DUMMY)("target", ex_store=f"target-{tmp_path}"),
        get_driver(Provider.LOCAL)(str(tmp_path / "target")),
    ):
        sync["sync_container"](source, target, "my-backup-data")
        copied = target.get_object("my-backup-data", "a/1.txt")
        assert b"".join(copied.as_stream()) == b"one"
        assert copied.meta_data == {"author": "me"}
        assert target.get_object("my-backup-data", "b.html").extra["content_type"] == "text/html"


def test_cdn_and_public_access(service: Service, files: Path, capsys: Any) -> None:
    container = service.driver.create_container("my-data-bucket")
    obj = service.driver.upload_object_via_stream(iter([b"x"]), container, "x.txt")
    run("CDN and public access", service, files, container=container, obj=obj)
    said = capsys.readouterr().out
    # By hand, service by service: a driver that no longer can must not pass by saying that it cannot.
    if (
        service.provider in (Provider.DUMMY, Provider.AZURE_BLOBS, Provider.GOOGLE_STORAGE)
        or service.is_aws_like
    ):
        assert "CDN enabled. URL: " in said
        assert service.driver.get_public_access(container).on is True
    else:  # Swift's s3api answers 501, a folder has no address
        assert said.startswith("CDN not supported or failed: ")
    assert ("Public URL: " in said) is (service.provider != Provider.LOCAL)


def test_error_handling_and_best_practices(service: Service, files: Path, capsys: Any) -> None:
    container = service.driver.create_container("my-container")
    nonexistent = service.driver.create_container("nonexistent-temp")
    service.driver.delete_container(nonexistent)
    run("Error handling and best practices", service, files, container=container)
    assert capsys.readouterr().out == "Container does not exist, creating it...\nObject does not exist\n"
    made = service.driver.get_container("nonexistent-container")
    service.driver.upload_object_via_stream(iter([b"x"]), made, "temp/1")
    run("Error handling and best practices", service, files)
    said = capsys.readouterr().out
    assert "About to delete 1 temporary objects\nDeleted temp/1: True\n" in said


def test_storage_class_and_encryption(service: Service, files: Path) -> None:
    container = service.driver.create_container("my-data-bucket")
    title = "Provider-specific options: Amazon S3"
    if service.is_aws_like:
        run(title, service, files, container=container)
        stored = service.driver.get_object("my-data-bucket", "data/file.txt")
        assert stored.extra["storage_class"] == "GLACIER"
        assert stored.extra["encryption"] == "AES256"
        assert stored.extra["content_encoding"] == "gzip"
        return
    with pytest.raises(LibcloudError) as refused:
        run(title, service, files, container=container)
    if service.provider != Provider.S3:
        assert isinstance(refused.value, AttributeRefusedError)
    assert service.driver.list_container_objects(container) == []


def test_blob_type(
    azurite_server: Azurite, request: pytest.FixtureRequest, tmp_path: Path, files: Path
) -> None:
    service = _service("azure", request, tmp_path)
    _empty(service.driver)
    container = service.driver.create_container("my-data-bucket")
    run("Provider-specific options: Azure", service, files, container=container)
    stored = service.driver.get_object("my-data-bucket", "data/file.txt")
    assert stored.meta_data == {"department": "IT", "project": "backup"}
    with BlobServiceClient(
        azurite_server.endpoint,
        credential={"account_name": azurite_server.account, "account_key": azurite_server.key},
    ) as client:
        told = client.get_blob_client("my-data-bucket", "data/file.txt").get_blob_properties()
    assert told.blob_type == "BlockBlob"
    _empty(service.driver)


def test_storage_class_of_google(
    google_standin_server: GoogleStandin, request: pytest.FixtureRequest, tmp_path: Path, files: Path
) -> None:
    service = _service("google", request, tmp_path)
    _empty(service.driver)
    container = service.driver.create_container("my-data-bucket")
    run("Provider-specific options: Google Cloud Storage", service, files, container=container)
    oracle = oracle_of(service.driver)
    assert oracle is not None
    told = oracle.read("my-data-bucket", "data/file.txt")
    assert told is not None
    assert (told.storage_class, told.data) == ("COLDLINE", b"text\n")
    _empty(service.driver)


def test_one_sync_of_three_clouds(
    moto_server: Moto,
    azurite_server: Azurite,
    google_standin_server: GoogleStandin,
    request: pytest.FixtureRequest,
    tmp_path: Path,
) -> None:
    """The whole example as written: S3, Azure and Google at once, only credentials and endpoints replaced."""
    services = {
        "s3": _service("moto", request, tmp_path),
        "azure": _service("azure", request, tmp_path),
        "gcs": _service("google", request, tmp_path),
    }
    for service in services.values():
        _empty(service.driver)
    container = services["s3"].driver.create_container("backup-data")
    services["s3"].driver.upload_object_via_stream(
        iter([b"one"]), container, "a/1.txt", ex_meta={"author": "me"}
    )
    text = EXAMPLES["Multi-provider storage management"]
    for credentials, name in (
        ("('aws_access_key', 'aws_secret_key')", "s3"),
        ("('account_name', 'account_key')", "azure"),
        ("('service_account_email', 'key_file_path')", "gcs"),
    ):
        assert credentials in text
        text = text.replace(credentials, repr(services[name].arguments))
    text = text.replace("cls(*config['credentials'])", "cls(*config['credentials'], **ENDPOINTS[name])")
    space: dict[str, Any] = {"ENDPOINTS": {name: one.options for name, one in services.items()}}
    exec(compile(text, "<multi-provider>", "exec"), space)
    space["sync_container"](space["drivers"]["azure"], space["drivers"]["gcs"], "backup-data")
    for name in ("azure", "gcs"):
        copied = services[name].driver.get_object("backup-data", "a/1.txt")
        assert b"".join(copied.as_stream()) == b"one"
        assert copied.meta_data == {"author": "me"}
        assert copied.extra["content_type"] == "text/plain"
    for service in services.values():
        _empty(service.driver)


def test_backup_and_archive(service: Service, files: Path) -> None:
    space = run("Backup and archive", service, files)
    stored = {obj.name: obj for obj in service.driver.list_container_objects(space["backup_container"])}
    assert sorted(stored) == ["documents/2026/notes.md", "documents/letter.txt"]
    assert stored["documents/letter.txt"].meta_data["source_path"] == str(
        files / "home/user/documents/letter.txt"
    )


def test_static_website_hosting(service: Service, files: Path) -> None:
    run("Static website hosting", service, files)
    types = {
        obj.name: service.driver.head_object(obj).extra["content_type"]
        for obj in service.driver.list_container_objects(service.driver.get_container("my-website"))
    }
    assert types == {
        "css/style.css": "text/css",
        "index.html": "text/html",
        "js/app.js": "application/javascript",
    }
