"""The rows: every constant has one, every row says the truth, and `get_driver` behaves as people know it."""

from __future__ import annotations

import pickle
import re
import sys
import types
from typing import Any

import pytest

from storage_core import errors, providers
from storage_core.base.driver import StorageDriver
from storage_core.drivers.s3 import S3StorageDriver
from storage_core.drivers.s3_profile import profile_from
from storage_core.providers import Field, ProviderRow, get_driver, open_driver, row, rows, set_driver
from storage_core.types import Provider

CONSTANTS = sorted({value for name, value in vars(Provider).items() if name.isupper()})
S3_ROWS = [one for one in rows(available=False) if one.driver.endswith(":S3StorageDriver")]
LATER = {
    Provider.CLOUDFILES,
    Provider.CLOUDFILES_US,
    Provider.CLOUDFILES_UK,
    Provider.BACKBLAZE_B2,
    Provider.ALIYUN_OSS,
    Provider.NINEFOLD,
    Provider.NIMBUS,
}
# Amazon's own host names, and the region each of Libcloud's and the page's constants stands for.
REGIONS = {
    Provider.S3: "us-east-1",
    Provider.S3_US_EAST2: "us-east-2",
    Provider.S3_US_WEST: "us-west-1",
    Provider.S3_US_WEST_OREGON: "us-west-2",
    Provider.S3_US_GOV_WEST: "us-gov-west-1",
    Provider.S3_CN_NORTH: "cn-north-1",
    Provider.S3_CN_NORTHWEST: "cn-northwest-1",
    Provider.S3_EU_WEST: "eu-west-1",
    Provider.S3_EU_WEST2: "eu-west-2",
    Provider.S3_EU_WEST3: "eu-west-3",
    Provider.S3_EU_CENTRAL: "eu-central-1",
    Provider.S3_EU_NORTH1: "eu-north-1",
    Provider.S3_AP_SOUTH: "ap-south-1",
    Provider.S3_AP_SOUTHEAST: "ap-southeast-1",
    Provider.S3_AP_SOUTHEAST2: "ap-southeast-2",
    Provider.S3_AP_NORTHEAST: "ap-northeast-1",
    Provider.S3_AP_NORTHEAST1: "ap-northeast-1",
    Provider.S3_AP_NORTHEAST2: "ap-northeast-2",
    Provider.S3_SA_EAST: "sa-east-1",
    Provider.S3_CA_CENTRAL: "ca-central-1",
}


def open_s3(constant: str, **more: Any) -> Any:
    options = row(constant).options
    if not options.get("endpoint", "aws"):
        more.setdefault("endpoint", "https://store.example.org")
    if "{account}" in options.get("endpoint", ""):
        more.setdefault("account", "my-account")
    return get_driver(constant)("key", "secret", **more)


def test_every_constant_has_one_row_and_every_row_a_constant() -> None:
    assert sorted(one.constant for one in rows(available=False)) == CONSTANTS


def test_what_is_not_there_yet_is_not_offered_and_says_when_it_comes() -> None:
    offered = {one.constant for one in rows()}
    assert not offered & LATER
    assert (
        Provider.AURORAOBJECTS not in offered
    )  # closed down; its class is there for whoever still has the server
    assert offered == set(CONSTANTS) - LATER - {Provider.AURORAOBJECTS}
    for constant in LATER:
        with pytest.raises(errors.OperationNotSupportedError, match=r"cannot be opened: .*\.$"):
            get_driver(constant)
    assert {one.constant for one in rows(available=False) if one.status == "defunct"} == {
        Provider.NINEFOLD,
        Provider.NIMBUS,
        Provider.AURORAOBJECTS,
    }


@pytest.mark.parametrize("constant", [Provider.S3, "S3", "s3", "MiNiO"])
def test_a_driver_is_found_by_constant_or_by_its_text_in_any_case(constant: str) -> None:
    kind = get_driver(constant)
    assert issubclass(kind, S3StorageDriver)
    assert get_driver(constant.lower()) is kind


def test_an_unknown_service_is_an_attribute_error_in_libclouds_words() -> None:
    with pytest.raises(AttributeError, match=r"^Provider nowhere does not exist$"):
        get_driver("nowhere")
    with pytest.raises(AttributeError, match=r"^Provider nowhere does not exist$"):
        row("nowhere")


def test_somebody_elses_driver_comes_with_a_form(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(providers, "_ROWS", dict(providers._ROWS))
    monkeypatch.setattr(providers, "_classes", dict(providers._classes))
    fields = (Field("key", "Name", required=True), Field("secret", "Password", secret=True))
    module = "storage_core.drivers.memory"
    set_driver("theirs", module, "MemoryStorageDriver", title="Their cloud", fields=fields)
    assert "Their cloud" in {one.title for one in providers.rows()}
    assert open_driver("theirs", {"key": "jane", "secret": "x"}).key == "jane"
    with pytest.raises(ValueError, match=r"^Name is missing\.$"):
        open_driver("theirs", {})
    with pytest.raises(TypeError, match="colour"):
        set_driver("others", module, "MemoryStorageDriver", colour="red")
    with pytest.raises(AttributeError, match="does not exist"):
        get_driver("others")


def test_somebody_elses_driver_can_be_registered_once(monkeypatch: pytest.MonkeyPatch) -> None:
    module = types.ModuleType("somebodys_driver")
    module.Theirs = type("Theirs", (StorageDriver,), {"__module__": module.__name__})  # type: ignore[attr-defined]
    module.NotOne = object  # type: ignore[attr-defined]
    monkeypatch.setitem(sys.modules, module.__name__, module)
    monkeypatch.setattr(providers, "_ROWS", dict(providers._ROWS))
    monkeypatch.setattr(providers, "_classes", dict(providers._classes))
    assert set_driver("theirs", module.__name__, "Theirs") is module.Theirs
    assert get_driver("THEIRS") is module.Theirs
    for taken in ("theirs", Provider.S3, Provider.AZURE_BLOBS):
        with pytest.raises(AttributeError, match="already registered"):
            set_driver(taken, module.__name__, "Theirs")
    for wrong in (("no_such_module", "X"), (module.__name__, "Absent"), (module.__name__, "NotOne")):
        with pytest.raises((ImportError, AttributeError, errors.LibcloudError)):
            set_driver("other", *wrong)
        with pytest.raises(AttributeError, match="does not exist"):
            get_driver("other")


@pytest.mark.parametrize("constant", [one.constant for one in S3_ROWS])
def test_every_s3_row_opens_pickles_and_points_somewhere(constant: str) -> None:
    driver = open_s3(constant)
    one = row(constant)
    assert driver.name == one.title
    url = driver.wire.endpoint.url(driver.region, "my-box", "a")
    assert re.fullmatch(r"https://[a-z0-9.-]+/(my-box/)?a", url), url
    assert "{" not in url
    twin = pickle.loads(pickle.dumps(driver))
    assert (type(twin), twin.wire.endpoint, twin.region) == (
        type(driver),
        driver.wire.endpoint,
        driver.region,
    )
    assert "secret" not in repr(twin)
    if one.status == "" and one.options.get("regions"):
        assert driver.region in driver.list_regions()


@pytest.mark.parametrize(("constant", "region"), REGIONS.items())
def test_a_constant_of_a_region_stands_for_that_region(constant: str, region: str) -> None:
    assert open_s3(constant).region == region
    assert open_s3(constant, region="moon-south-1").region == "moon-south-1"


@pytest.mark.parametrize(
    ("constant", "quirks"),
    [
        (
            Provider.CLOUDFLARE_R2,
            {"equal_parts": True, "part_etag": False, "addressing": "path", "delete_many": 700},
        ),
        (Provider.STORJ, {"part_size_min": 64 * 2**20, "copy_parts": False}),
        (Provider.SCALEWAY, {"part_count_max": 1000}),
        (
            Provider.IBM_COS,
            {"list_version": 1, "encode_listing": False, "part_etag": False, "tells_duplicate": False},
        ),
        (
            Provider.DIGITALOCEAN_SPACES,
            {"encode_listing": False, "tells_duplicate": False, "list_version": 2},
        ),
        (Provider.ALIYUN_OSS_S3, {"addressing": "virtual", "part_etag": False}),
        (Provider.GOOGLE_STORAGE_S3, {"copy_parts": False, "delete_many": 0}),
        (Provider.FASTLY, {"parts": False, "hash_etag": False}),
        (Provider.RABATA, {"copy": False}),
        (Provider.MEGA_S4, {"copy_parts": False, "addressing": "path"}),
        (
            Provider.S3_COMPATIBLE,
            {"list_version": 1, "addressing": "path", "encode_listing": False, "part_etag": False},
        ),
        (Provider.SWIFT_S3, {"part_count_max": 1000, "create_only": True, "versions": False, "public": ""}),
        (
            Provider.S3,
            {"aws": True, "list_version": 2, "part_etag": True, "public": "policy", "cloudfront": True},
        ),
    ],
)
def test_the_quirks_of_known_services_are_in_their_rows(constant: str, quirks: dict[str, Any]) -> None:
    profile = profile_from(row(constant).options)
    assert {name: getattr(profile, name) for name in quirks} == quirks


def test_nothing_of_amazons_own_leaks_into_other_services() -> None:
    for one in S3_ROWS:
        profile = profile_from(one.options)
        if one.group != "Amazon":
            assert not profile.aws, one.constant
            assert not profile.cloudfront, one.constant


def test_a_capability_that_is_missing_has_a_sentence() -> None:
    able = open_s3(Provider.CLOUDFLARE_R2).capabilities
    assert "dashboard" in able.why_not("public_containers")
    assert open_s3(Provider.RABATA).capabilities.why_not("server_copy")


# -- forms --


def test_a_form_opens_a_driver_and_says_what_is_missing() -> None:
    values = {"key": " AKID ", "secret": " kept ", "region": "eu-west-1"}
    driver: Any = open_driver(Provider.S3, values, timeout=5.0)
    assert (driver.key, driver.secret, driver.region, driver.network.timeout) == (
        "AKID",
        " kept ",
        "eu-west-1",
        5.0,
    )
    for wrong, match in (
        ({"key": "k"}, "Secret access key is missing"),
        ({"key": "k", "secret": "s", "colour": "red"}, "no field 'colour'"),
        ({"key": "k", "secret": "s", "addressing": "sideways"}, "is one of auto, path, virtual"),
        ({"key": "k", "secret": "s", "endpoint": "ftp://x"}, "not the address"),
    ):
        with pytest.raises(ValueError, match=match):
            open_driver(Provider.S3, wrong)
    with pytest.raises(ValueError, match="Address is missing"):
        open_driver(Provider.MINIO, {"anonymous": "true"})


def test_a_form_may_be_anonymous() -> None:
    driver: Any = open_driver(Provider.S3, {"anonymous": "true"})
    assert driver.wire.keys is None


def test_an_account_in_the_address_is_asked_for() -> None:
    with pytest.raises(ValueError, match="Account is missing"):
        open_driver(Provider.CLOUDFLARE_R2, {"key": "k", "secret": "s"})
    driver: Any = open_driver(Provider.CLOUDFLARE_R2, {"key": "k", "secret": "s", "account": "abc123"})
    assert driver.wire.endpoint.url("auto", "box") == "https://abc123.r2.cloudflarestorage.com/box"
    with pytest.raises(ValueError, match="account's id"):
        get_driver(Provider.CLOUDFLARE_R2)("k", "s", account="evil.org/")  # type: ignore[call-arg]


@pytest.mark.parametrize("one", [one for one in rows() if one.fields], ids=lambda one: one.constant)
def test_every_field_can_be_drawn_and_is_an_argument_of_the_driver(one: Any) -> None:
    names = [field.name for field in one.fields]
    assert len(names) == len(set(names))
    for field in one.fields:
        assert field.label
        assert field.kind in ("text", "choice", "path", "bool", "multiline")
        assert field.kind != "choice" or field.default in field.choices
        assert field.secret is (field.name in get_driver(one.constant).secret_arguments)
    if one in S3_ROWS:
        get_driver(one.constant)(
            **{name: "" for name in names if name not in ("endpoint", "addressing", "account", "anonymous")},  # type: ignore[arg-type]
            endpoint="https://example.org",
        )


@pytest.mark.parametrize("one", rows(), ids=lambda one: one.constant)
def test_a_field_hangs_on_one_before_it_and_on_values_that_one_can_have(one: Any) -> None:
    before: dict[str, Field] = {}
    for field in one.fields:
        other, wanted = field.when
        if other:
            possible = before[other].choices if before[other].kind == "choice" else ("", "true")
            assert set(wanted) <= set(possible), field.name
        assert not field.labels or len(field.labels) == len(field.choices), field.name
        before[field.name] = field


def test_what_hangs_on_a_field_that_is_not_asked_is_not_asked_either() -> None:
    way = Field("way", "Way", kind="choice", choices=("key", "token"), default="key")
    kind = Field("kind", "Kind", kind="choice", choices=("a", "b"), default="a", when=("way", ("token",)))
    leaf = Field("leaf", "Leaf", required=True, when=("kind", ("a",)))
    one = ProviderRow("x", "X", fields=(way, kind, leaf))
    assert one.asked({}) == (way,)
    assert one.asked({"kind": "a"}) == (way,)
    assert one.asked({"way": "token"}) == (way, kind, leaf)
    assert one.asked({"way": "token", "kind": "b"}) == (way, kind)


def test_no_two_services_have_the_same_title() -> None:
    titles = [one.title for one in rows()]
    assert len(titles) == len(set(titles))
