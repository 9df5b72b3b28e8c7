"""The account dialog's form for every service, and what the system says about the network."""

import uuid

import pytest

from gui.accounts import new_id
from gui.dialogs.account import AccountDialog
from gui.network import os_trust, proxy_url
from storage_core import providers

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
    opened.providers.search.setText("azure")
    assert opened.providers.visible() == []
    assert "Azure" in opened.providers._none.text()
    opened.providers.search.setText("")
    assert "s3_eu_west" not in opened.providers.visible()
    opened.providers.search.setText("frankfurt")
    assert opened.providers.visible() == ["s3_eu_central"]
    opened.deleteLater()


def test_what_was_typed_stays_when_another_service_is_chosen(qapp):
    opened = AccountDialog(providers.rows(), None)
    opened.providers.select("s3")
    opened.input("key").set_value("AKIA")
    opened.providers.select("wasabi")
    assert opened.input("key").value() == "AKIA"
    opened.deleteLater()


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
