"""The bill of materials in dist/: whoever reads it finds all that the bundle ships, and nothing else."""

from __future__ import annotations

import hashlib
import json
import runpy
from pathlib import Path
from typing import Any

import pytest
from cyclonedx.schema import SchemaVersion
from cyclonedx.validation.json import JsonStrictValidator

from gui import notices
from tests.packages.artefacts import ROOT, VERSION, artefact


@pytest.fixture(scope="module")
def bill() -> dict[str, Any]:
    found: dict[str, Any] = json.loads(artefact(f"skyferry-{VERSION}.cdx.json").read_text("utf-8"))
    return found


def named(bill: dict[str, Any], kind: str) -> dict[str, dict[str, Any]]:
    return {one["name"]: one for one in bill["components"] if one["type"] == kind}


def test_the_bill_is_valid_cyclonedx(bill: dict[str, Any]) -> None:
    assert JsonStrictValidator(SchemaVersion.V1_6).validate_str(json.dumps(bill)) is None
    about = bill["metadata"]["component"]
    assert (about["name"], about["version"], about["type"]) == ("Skyferry", VERSION, "application")


def test_every_notice_of_the_bundle_is_in_the_bill(bill: dict[str, Any], folder: Path) -> None:
    listed = folder / "_internal" / "resources" / "licences" / notices.LIST
    _, *others = notices.read(listed.read_text("utf-8"))
    found = {(one["name"], one.get("version", "")) for one in bill["components"]}
    found |= {(part["name"], "") for one in bill["components"] for part in one.get("components", ())}
    assert {(one.name, one.version) for one in others if not one.name.startswith("Text of ")} <= found
    assert {"Python", "Qt"} <= {name for name, _ in found}


def test_every_distribution_whose_metadata_is_frozen_is_in_the_bill(
    bill: dict[str, Any], folder: Path
) -> None:
    frozen = {
        tuple(one.name.removesuffix(".dist-info").rsplit("-", 1))
        for one in (folder / "_internal").glob("*.dist-info")
    }
    assert frozen
    known = {(notices.key(one["name"]), one.get("version", "")) for one in bill["components"]}
    assert {(notices.key(name), version) for name, version in frozen} <= known


def test_every_native_file_is_in_the_bill_with_its_sum(bill: dict[str, Any], folder: Path) -> None:
    files = named(bill, "file")
    native = {
        file.relative_to(folder).as_posix()
        for file in folder.rglob("*")
        if file.is_file() and not file.is_symlink() and file.read_bytes()[:4] == b"\x7fELF"
    }
    assert set(files) == native
    for name, one in files.items():
        content = (folder / name).read_bytes()
        assert one["hashes"] == [{"alg": "SHA-256", "content": hashlib.sha256(content).hexdigest()}]


def test_whatever_is_from_pypi_has_the_sums_of_the_lock(bill: dict[str, Any]) -> None:
    lock = (ROOT / "requirements.lock").read_text("utf-8")
    ours = [one for one in bill["components"] if one.get("purl", "").startswith("pkg:pypi/")]
    assert len(ours) > 30
    for one in ours:
        assert one["licenses"], one["name"]
        (files,) = one["externalReferences"]
        assert files["hashes"], one["name"]
        assert all(f"--hash=sha256:{sum_['content']}" in lock for sum_ in files["hashes"])
        assert f"@{one['version']}" in one["purl"]


def test_every_component_says_what_it_is_and_what_it_needs(bill: dict[str, Any]) -> None:
    components = [one for one in bill["components"] if one["type"] != "file"]
    assert all(one["purl"] and one["version"] and one["licenses"] for one in components)
    graph = {one["ref"]: one.get("dependsOn", []) for one in bill["dependencies"]}
    assert set(graph["skyferry"]) == {one["bom-ref"] for one in components}
    (requests,) = (one["bom-ref"] for one in components if one["name"] == "requests")
    assert {"urllib3", "certifi", "idna"} <= {need.partition("@")[0] for need in graph[requests]}


def test_a_missing_bundle_is_said_in_one_line(tmp_path: Path) -> None:
    with pytest.raises(SystemExit, match=r"run python3 dev\.py package"):
        runpy.run_path(str(ROOT / "packaging" / "sbom.py"))["bom_of"](tmp_path)
