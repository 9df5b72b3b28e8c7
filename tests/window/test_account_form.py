"""The account dialog's form for every service, and what the system says about the network."""

import uuid

import pytest
from PySide6.QtCore import QPoint, QPointF, Qt
from PySide6.QtGui import QGuiApplication, QWheelEvent
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QApplication, QLabel

from gui.accounts import Account, new_id
from gui.dialogs.account import AccountDialog, Result
from gui.dialogs.provider_list import ALSO
from gui.network import PROXY_LOGIN, os_trust, proxy_url
from gui.pasted import recognise
from storage_core import providers
from storage_core.providers import Field, ProviderRow
from storage_core.providers_rows import MORE, SIGN_IN

pytestmark = pytest.mark.window


# -- the form --


@pytest.mark.parametrize("row", providers.rows(), ids=lambda row: row.constant)
def test_every_service_has_a_form_with_names_for_screen_readers(qapp, row):
    opened = AccountDialog([row], None)
    if opened.providers.visible():
        opened.providers.select(row.constant)
        for one in row.fields:
            assert opened.input(one.name).control.accessibleName() == one.label
        opened.check()  # may complain, must not fall
        opened.account()
    opened.deleteLater()


def test_searching_finds_services_and_says_which_are_still_to_come(qapp):
    opened = AccountDialog(providers.rows(available=False), None)
    opened.providers.search.setText("wasabi")
    assert opened.providers.visible() == ["wasabi"]
    assert opened.provider().constant == "wasabi"
    opened.providers.search.setText("ninefold")
    assert opened.providers.visible() == []
    assert "closed down" in opened.providers._none.text()
    opened.providers.search.setText("")
    assert "s3_eu_west" not in opened.providers.visible()
    opened.providers.search.setText("frankfurt")
    assert opened.providers.visible() == ["s3_eu_central"]
    opened.deleteLater()


@pytest.mark.parametrize(
    ("typed", "constant"),
    [
        ("r2", "cloudflare_r2"),
        ("minio", "minio"),
        ("hmac", "google_storage_s3"),
        ("aws", "s3"),
        ("s3 amazon", "s3"),
        ("rados", "ceph_rgw"),
        ("bucket own", "s3_compatible"),
        ("disk", "local"),
    ],
)
def test_services_are_found_by_what_people_call_them(qapp, typed, constant):
    opened = AccountDialog(providers.rows(available=False), None)
    opened.providers.search.setText(typed)
    assert constant in opened.providers.visible()
    assert opened.provider().constant == constant
    opened.deleteLater()


def test_every_other_name_is_of_a_service_that_exists():
    assert set(ALSO) <= {row.constant for row in providers.rows(available=False)}


def test_escape_empties_the_search_first_and_page_down_goes_further(qapp, qtbot):
    opened = AccountDialog(providers.rows(), None)
    qtbot.addWidget(opened)
    opened.show()
    search = opened.providers.search
    search.setText("wasabi")
    QTest.keyClick(search, Qt.Key.Key_Escape)
    assert search.text() == ""
    assert opened.isVisible()
    before = opened.providers.visible().index(opened.provider().constant)
    QTest.keyClick(search, Qt.Key.Key_PageDown)
    assert opened.providers.visible().index(opened.provider().constant) > before + 1
    QTest.keyClick(search, Qt.Key.Key_Escape)
    assert not opened.isVisible()


def test_what_was_typed_stays_when_another_service_is_chosen(qapp):
    opened = AccountDialog(providers.rows(), None)
    opened.providers.select("s3")
    opened.input("key").set_value("AKIA")
    opened.providers.select("wasabi")
    assert opened.input("key").value() == "AKIA"
    opened.deleteLater()


def test_what_was_pasted_is_not_said_of_another_service(qapp):
    opened = AccountDialog(providers.rows(), None)
    opened.take(recognise("AccountName=archive;AccountKey=bm90IGEga2V5;EndpointSuffix=core.windows.net"))
    assert opened.paste_bar.said().startswith("Filled in from")
    opened.providers.select("s3_compatible")
    assert opened.paste_bar.said().startswith("Paste a connection string")
    opened.deleteLater()


def test_after_a_test_return_does_not_throw_the_form_away(qapp, qtbot):
    opened = AccountDialog(providers.rows(), None)
    qtbot.addWidget(opened)
    opened.show()
    qtbot.waitUntil(opened.isActiveWindow)
    opened.providers.select("s3_compatible")
    opened.form.fill({"endpoint": "https://s3.example.org", "key": "k", "secret": "s"})
    opened.test.setFocus()
    opened.test.click()
    opened.show_result(Result(True, "Connected: 3 containers."))
    assert not opened.cancel.hasFocus()
    assert opened.test.hasFocus()


def test_a_secret_is_hidden_until_it_is_revealed(qapp):
    opened = AccountDialog(providers.rows(), None)
    opened.providers.select("s3")
    box = opened.input("secret")
    line = box.control
    assert line.echoMode() == line.EchoMode.Password
    eye = next(child for child in box.children() if child.inherits("QToolButton"))
    eye.click()
    assert line.echoMode() == line.EchoMode.Normal
    opened.deleteLater()


# -- fields that hang on others, and headings --

KEY, SAS = ("sign_in", ("key",)), ("sign_in", ("sas",))
CLOUD = ProviderRow(
    "cloud",
    "Some cloud",
    "some.module:Driver",
    (
        Field(
            "sign_in",
            "Sign in with",
            kind="choice",
            choices=("key", "sas", "entra"),
            labels=("Account key", "Shared access signature", "Microsoft Entra ID"),
            default="key",
            section=SIGN_IN,
        ),
        Field("key", "Account name", required=True, section=SIGN_IN),
        Field("secret", "Account key", secret=True, required=True, when=KEY, section=SIGN_IN),
        Field("sas", "Signature", secret=True, required=True, when=SAS, section=SIGN_IN),
        Field(
            "place",
            "Where",
            kind="choice",
            choices=("public", "own"),
            labels=("Everybody's cloud", "A server of one's own"),
            default="public",
            section="Address",
        ),
        Field("endpoint", "Address", required=True, when=("place", ("own",)), section="Address"),
        Field("tier", "Tier", when=KEY, section=MORE),
    ),
    "Group",
)


@pytest.fixture
def cloud(qapp):
    opened = AccountDialog([CLOUD], None)
    opened.providers.select("cloud")
    opened.show()
    yield opened
    opened.deleteLater()


def seen(opened):
    return [name for name in (field.name for field in CLOUD.fields) if opened.input(name).isVisible()]


def headings(opened):
    labels = opened.form.findChildren(QLabel)
    return [one.text() for one in labels if one.property("role") == "heading" and one.isVisible()]


def test_a_field_is_there_only_while_the_other_has_the_value_it_hangs_on(cloud):
    assert seen(cloud) == ["sign_in", "key", "secret", "place"]
    cloud.input("sign_in").set_value("sas")
    assert seen(cloud) == ["sign_in", "key", "sas", "place"]
    cloud.input("place").set_value("own")
    assert seen(cloud) == ["sign_in", "key", "sas", "place", "endpoint"]
    cloud.input("sign_in").set_value("entra")
    assert seen(cloud) == ["sign_in", "key", "place", "endpoint"]
    cloud.advanced.unfold()
    assert "tier" not in seen(cloud)
    cloud.input("sign_in").set_value("key")
    assert "tier" in seen(cloud)


def test_a_hidden_field_keeps_what_was_typed_and_is_not_saved(cloud):
    cloud.input("key").set_value("me")
    cloud.input("secret").set_value("the-key")
    cloud.input("tier").set_value("cold")
    cloud.input("sign_in").set_value("sas")
    cloud.input("sas").set_value("sv=1")
    assert cloud.account().values == {"sign_in": "sas", "key": "me"}
    assert cloud.secrets() == {"sas": "sv=1"}
    cloud.input("sign_in").set_value("key")
    assert cloud.account().values == {"key": "me", "tier": "cold"}
    assert cloud.secrets() == {"secret": "the-key"}


def test_a_hidden_field_is_not_missed(cloud):
    cloud.input("key").set_value("me")
    assert not cloud.check()
    assert cloud.input("secret").said()
    cloud.input("sign_in").set_value("entra")
    assert cloud.check()


def test_a_choice_shows_words_and_is_saved_as_its_value(cloud):
    combo = cloud.input("sign_in").control
    assert [combo.itemText(at) for at in range(combo.count())][1] == "Shared access signature"
    combo.setCurrentIndex(1)
    assert cloud.input("sign_in").value() == "sas"


def test_fields_stand_under_headings_and_an_empty_heading_is_not_there(qapp):
    row = ProviderRow(
        "x",
        "X",
        "some.module:Driver",
        (
            Field("way", "Way", kind="choice", choices=("a", "b"), default="a", section=SIGN_IN),
            Field("name", "Name", section="Who"),
            Field("host", "Host", section="Address", when=("way", ("b",))),
        ),
    )
    opened = AccountDialog([row], None)
    opened.providers.select("x")
    opened.show()
    assert headings(opened) == ["Who"]  # how to sign in comes first and needs none
    opened.input("way").set_value("b")
    assert headings(opened) == ["Who", "Address"]
    opened.deleteLater()


def test_editing_to_another_way_of_signing_in_drops_the_secret_of_the_old_one(qapp):
    account = Account("one", "One", "cloud", {"key": "me"})
    saved = {"secret": "the-key", PROXY_LOGIN: "a:b"}
    opened = AccountDialog([CLOUD], None, account=account, is_new=False, saved=tuple(saved))
    assert opened.input("secret").control.placeholderText() == "unchanged"
    assert opened.input("sas").control.placeholderText() == ""
    assert opened.check()
    assert opened.all_secrets(saved) == saved
    opened.input("sign_in").set_value("sas")
    assert not opened.check()  # the saved secret is another one's
    opened.input("sas").set_value("sv=1")
    assert opened.all_secrets(saved) == {"sas": "sv=1", PROXY_LOGIN: "a:b"}
    opened.input("sign_in").set_value("entra")
    assert opened.all_secrets(saved) == {PROXY_LOGIN: "a:b"}
    opened.deleteLater()


def test_a_secret_of_several_lines_is_dots_until_it_is_revealed(qapp, qtbot):
    key = Field("key_text", "Key", kind="multiline", secret=True)
    opened = AccountDialog([ProviderRow("x", "X", "some.module:Driver", (key,))], None)
    qtbot.addWidget(opened)
    opened.providers.select("x")
    opened.show()
    box = opened.input("key_text")
    area = box.control
    QGuiApplication.clipboard().setText("line one\nline two")
    area.setFocus()
    QTest.keyClick(area, Qt.Key.Key_V, Qt.KeyboardModifier.ControlModifier)
    QTest.keyClicks(area, "!x")
    QTest.keyClick(area, Qt.Key.Key_Backspace)
    assert box.value() == "line one\nline two!"
    assert set(area.toPlainText()) == {"•"}
    area.selectAll()
    area.copy()
    assert "•" not in QGuiApplication.clipboard().text()
    eye = next(child for child in box.children() if child.inherits("QToolButton"))
    eye.click()
    assert area.toPlainText() == "line one\nline two!"
    area.appendPlainText("three")
    eye.click()
    assert set(area.toPlainText()) == {"•"}
    assert box.value() == "line one\nline two!\nthree"
    assert opened.secrets() == {"key_text": "line one\nline two!\nthree"}


def test_who_signs_in_in_the_browser_is_told_where_to_look(qapp):
    opened = AccountDialog(providers.rows(), None)
    opened.providers.select("azure_blobs")
    opened.form.fill({"sign_in": "browser", "key": "me"})
    opened.set_busy(True)
    assert "browser" in opened._result_text.text()
    opened.deleteLater()


def test_scrolling_past_a_choice_does_not_change_it(cloud):
    combo = cloud.input("sign_in").control
    cloud.name.setFocus()
    turn = QWheelEvent(
        QPointF(5, 5),
        QPointF(combo.mapToGlobal(QPoint(5, 5))),
        QPoint(0, 0),
        QPoint(0, -120),
        Qt.MouseButton.NoButton,
        Qt.KeyboardModifier.NoModifier,
        Qt.ScrollPhase.NoScrollPhase,
        False,
    )
    QApplication.sendEvent(combo, turn)
    assert cloud.input("sign_in").value() == "key"


@pytest.mark.parametrize("row", providers.rows(), ids=lambda row: row.constant)
def test_every_field_says_what_it_is_for_and_every_region_can_be_chosen(row):
    for field in row.fields:  # a key and a secret are called what the service itself calls them
        is_known = field.secret or field.name == "key"
        assert field.help or field.labels or field.placeholder or is_known, field.name
        if field.name == "region" and row.options.get("regions"):
            assert len(field.choices) == len(row.options["regions"])


# -- the network as the system knows it --


def test_the_systems_proxy_is_used_unless_the_account_says_otherwise(monkeypatch):
    monkeypatch.setenv("http_proxy", "http://proxy.example:3128")
    monkeypatch.setenv("https_proxy", "http://proxy.example:3128")
    monkeypatch.setenv("no_proxy", "inside.example")
    assert proxy_url("system", "", "http://s3.example/") == "http://proxy.example:3128"
    assert proxy_url("system", "", "http://inside.example/") == ""
    assert proxy_url("none", "", "http://s3.example/") == ""
    assert proxy_url("http://mine:1", "", "http://s3.example/") == "http://mine:1"
    assert proxy_url("http://mine:1", "me:pw", "http://s3.example/") == "http://me:pw@mine:1"


def test_the_systems_certificates_are_trusted_and_old_tls_is_not():
    context = os_trust()
    assert context.minimum_version.name == "TLSv1_2"
    assert "truststore" in type(context).__module__


def test_ids_are_never_used_twice():
    assert len({new_id() for _ in range(1000)}) == 1000
    assert uuid.UUID(new_id())
