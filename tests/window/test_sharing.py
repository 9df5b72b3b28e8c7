"""*Public* and *link* mean the same in the same words on every service; what the service says counts."""

import uuid
from urllib.error import HTTPError
from urllib.request import urlopen

import pytest
from PySide6.QtGui import QGuiApplication
from PySide6.QtWidgets import QLabel

from gui import sharing
from gui.accounts import Account, Place
from gui.background import in_thread, start
from gui.dialogs.link import CHOICES, LinkDialog
from gui.dialogs.message import MessageDialog
from gui.dialogs.public import PublicDialog
from gui.flows.cdn import toggle_public
from gui.flows.share import copy_link, public_address
from storage_core.base import PublicAccess
from storage_core.drivers.openstack_swift_wire import Call
from storage_core.providers import open_driver

from .stage import named_button, play, press

pytestmark = pytest.mark.window
PUBLIC = "Public: anyone on the internet can read {name}."
PRIVATE = "Private: only people with a key, or with a link that expires, can read {name}."


def azure(request):
    server = request.getfixturevalue("azurite_server")
    return "azure_blobs", {"key": server.account, "secret": server.key, "endpoint": server.endpoint}


def google(request):
    server = request.getfixturevalue("google_standin")
    return "google_storage", {"key_file": str(server.key_file), "endpoint": server.endpoint}


def swift(request):
    server = request.getfixturevalue("swift_server")
    typed = {"sign_in": "v1", "auth_url": server.auth_url}
    return "openstack_swift", {**typed, "key": server.access_key, "secret": server.secret_key}


def s3(request):
    server = request.getfixturevalue("moto_server")
    values = {"key": server.access_key, "secret": server.secret_key, "endpoint": server.endpoint}
    return "s3_compatible", {**values, "region": server.region}


@pytest.fixture(params=[azure, google, swift, s3], ids=lambda one: one.__name__)
def driver(request):
    constant, values = request.param(request)
    return open_driver(constant, values)


def test_turning_it_on_and_off_says_the_same_everywhere(qapp, tmp_path, driver):
    name = f"words-{uuid.uuid4().hex[:12]}"
    container = driver.create_container(name)
    container.upload_object_via_stream(iter([b"content"]), "a.txt")

    async def story(stage):
        stage.app.accounts.add(Account("cloud", "Cloud", "dummy"))
        stage.app.drivers.put("cloud", driver)
        place = Place("cloud", name)
        for button, words, told in (
            ("Make Public", PUBLIC, "is public now: anyone on the internet can read it."),
            (
                "Make Private",
                PRIVATE,
                "is private now: only people with a key, or with a link that expires, can read it.",
            ),
        ):
            flow = start(toggle_public(stage.app, stage.window, place), stage.window.widget)
            dialog = await stage.dialog(PublicDialog)
            assert any(label.text().startswith("http://") for label in dialog.findChildren(QLabel))
            press(named_button(dialog, button))
            await flow
            access = driver.get_public_access(container)
            assert sharing.state(name, access) == words.format(name=name)
            assert told in stage.window.told[-1]
            assert "is not public" not in sharing.remark(access)  # said above, in the same words everywhere
            if access.on:
                with urlopen(await in_thread(public_address, driver, place, "a.txt"), timeout=20) as reply:
                    assert reply.read() == b"content"
        assert await in_thread(public_address, driver, place, "a.txt") == ""

    play(story, tmp_path)


def test_a_link_that_expires_opens_what_is_private(driver):
    name = f"links-{uuid.uuid4().hex[:12]}"
    container = driver.create_container(name)
    container.upload_object_via_stream(iter([b"content"]), "a b.txt")
    if hasattr(driver, "ex_set_temp_url_key"):
        driver.ex_set_temp_url_key(uuid.uuid4().hex)
    for seconds in CHOICES:
        link = driver.sign_url(container, "a b.txt", seconds=seconds)
        with urlopen(link, timeout=20) as reply:
            assert reply.read() == b"content"
    with pytest.raises(HTTPError) as refused:
        urlopen(link.partition("?")[0], timeout=20)
    refused.value.close()


def test_a_swift_account_without_a_key_for_links_gets_one_when_the_person_wants_it(
    qapp, tmp_path, keystone_server
):
    server = keystone_server
    values = {"auth_url": server.auth_url, "key": server.user, "secret": server.password}
    driver = open_driver(
        "openstack_swift", {**values, "project": server.project, "user_domain": server.domain}
    )
    before = dict.fromkeys(("X-Account-Meta-Temp-Url-Key", "X-Account-Meta-Temp-Url-Key-2"), "")
    driver.wire.run(Call(method="POST", headers=before))
    driver.link_keys.forget()
    name = f"links-{uuid.uuid4().hex[:12]}"
    driver.create_container(name).upload_object_via_stream(iter([b"content"]), "a.txt")

    async def story(stage):
        stage.app.accounts.add(Account("cloud", "Cloud", "dummy"))
        stage.app.drivers.put("cloud", driver)
        stage.show("cloud", name, select=("a.txt",))
        for answer in ("Cancel", "Make a key"):
            flow = start(copy_link(stage.app, stage.window), stage.window.widget)
            press((await stage.dialog(LinkDialog)).yes)
            question = await stage.dialog(MessageDialog)
            press(named_button(question, answer))
            await flow
        with urlopen(QGuiApplication.clipboard().text(), timeout=20) as reply:
            assert reply.read() == b"content"

    play(story, tmp_path)


def test_what_is_not_known_is_said_and_not_guessed():
    assert sharing.state("box", PublicAccess(None, why="These credentials may not see it.")).startswith(
        "These"
    )
    assert "does not say" in sharing.state("box", PublicAccess(None))
    assert "Asking" in sharing.state("box", None)
    assert sharing.remark(PublicAccess(True, why="Anyone may list it, too.")) == "Anyone may list it, too."
    assert [sharing.expiry(seconds).replace("&", "") for seconds in CHOICES] == [
        "Expires after one hour",
        "Expires after one day",
        "Expires after 7 days",
    ]
