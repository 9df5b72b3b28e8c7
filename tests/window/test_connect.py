"""Accounts by mouse and keyboard: the real dialog, real servers, a real keyring, and no secret on disk."""

import json
import threading
from dataclasses import dataclass, field, replace
from pathlib import Path
from types import SimpleNamespace

import pytest
from keyring.errors import KeyringLocked
from PySide6.QtCore import Qt
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QApplication, QPushButton, QWidget

from gui.accounts import DEMO_CLOUD, HOME, THIS_COMPUTER, Account, Accounts, Place, new_id
from gui.background import in_thread, pause, start, until, within
from gui.context import Context, Drivers
from gui.dialogs.account import AccountDialog
from gui.dialogs.message import MessageDialog
from gui.dialogs.secret import SecretDialog
from gui.error_box import Box
from gui.flows import connect
from gui.flows.connect import driver_for
from gui.network import PROXY_LOGIN
from gui.secrets import NoKeyringHereError, Secrets, Vault
from gui.settings import Settings, portable_folders
from tests.servers import canned, certificates, keyring
from tests.servers.canned import reply
from tests.window.loop import run

pytestmark = pytest.mark.window

SECRET = "c4nary-wJalrXUtnFEMI-K7MDENG"
LISTING = b"""<?xml version="1.0"?><ListAllMyBucketsResult><Owner><ID>x</ID></Owner><Buckets>
<Bucket><Name>photos</Name><CreationDate>2026-01-01T00:00:00.000Z</CreationDate></Bucket>
</Buckets></ListAllMyBucketsResult>"""
PAGE = b"""<?xml version="1.0"?><ListBucketResult><Name>photos</Name><IsTruncated>false</IsTruncated>
<KeyCount>0</KeyCount></ListBucketResult>"""


def refusal(code, **more):
    extra = "".join(f"<{name}>{value}</{name}>" for name, value in more.items())
    return f'<?xml version="1.0"?><Error><Code>{code}</Code><Message>No.</Message>{extra}</Error>'.encode()


class Fake:
    """A keyring in a dictionary."""

    def __init__(self):
        self.items = {}
        self.reads = 0
        self.error = None

    def get_password(self, service, username):
        self.reads += 1
        if self.error:
            raise self.error
        return self.items.get(username)

    def set_password(self, service, username, password):
        if self.error:
            raise self.error
        self.items[username] = password

    def delete_password(self, service, username):
        del self.items[username]


@dataclass
class Seat:
    """As much of the window as these flows ask for."""

    widget: QWidget
    place: Place | None = None
    opened: list[Place] = field(default_factory=list)
    refreshed: list[Place] = field(default_factory=list)
    told: list[str] = field(default_factory=list)
    changes: int = 0

    def open_place(self, place):
        self.opened.append(place)

    def refresh(self, place):
        self.refreshed.append(place)

    def tell(self, text):
        self.told.append(text)

    def accounts_changed(self):
        self.changes += 1


@pytest.fixture
def vault():
    return Fake()


@pytest.fixture
def folders(tmp_path):
    return portable_folders(tmp_path / "profile")


@pytest.fixture
def home(tmp_path):
    home = tmp_path / "home"
    home.mkdir()
    return home


@pytest.fixture
def app(folders, vault, home):
    return context(folders, home, Secrets(lambda: Vault(vault, "the fake keyring")))


def context(folders, home, secrets):
    accounts = Accounts(folders.accounts, home)
    accounts.load()
    return Context(Settings.load(folders.settings), accounts, secrets, SimpleNamespace(), Drivers(), folders)


@pytest.fixture
def seat(qapp):
    widget = QWidget()
    widget.show()
    yield Seat(widget)
    widget.deleteLater()


def open_dialogs(kind):
    return [one for one in QApplication.topLevelWidgets() if isinstance(one, kind) and one.isVisible()]


async def dialog(kind):
    await until(lambda: open_dialogs(kind), 10, f"a {kind.__name__}")
    return open_dialogs(kind)[0]


def click(button):
    assert button.isVisible()
    assert button.isEnabled()
    QTest.mouseClick(button, Qt.MouseButton.LeftButton)


def press(box, text):
    [found] = [
        one
        for one in box.findChildren(QPushButton)
        if one.text().replace("&", "") == text and one.isVisible()
    ]
    click(found)


def write(dialog, **texts):
    """Type into fields by their names, as a person does: what stands there is selected and typed over."""
    for name, text in texts.items():
        box = dialog.input(name)
        box.control.setFocus()
        QTest.keyClick(box.control, Qt.Key.Key_A, Qt.KeyboardModifier.ControlModifier)
        QTest.keyClick(box.control, Qt.Key.Key_Delete)
        QTest.keyClicks(box.control, text)


def choose(dialog, title, constant):
    QTest.keyClicks(dialog.providers.search, title)
    assert dialog.provider().constant == constant


async def form(flow, seat, endpoint, key="AKIATEST", secret=SECRET):
    """The account dialog for an S3-compatible service, filled in."""
    task = start(flow, seat.widget)
    opened = await dialog(AccountDialog)
    choose(opened, "S3-compatible", "s3_compatible")
    write(opened, endpoint=endpoint, key=key, secret=secret)
    return task, opened


async def answer(opened):
    await until(lambda: not opened._busy, 40, "the end of the test")
    return opened._result_text.text()


def everything_written(folder: Path) -> bytes:
    return b"".join(path.read_bytes() for path in folder.rglob("*") if path.is_file())


# -- add --


def test_a_wrong_secret_is_told_at_its_field_and_the_right_one_adds_the_account(
    app, seat, vault, folders, swift_server
):
    @run
    async def _():
        task, opened = await form(
            connect.add_account(app, seat), seat, swift_server.endpoint, swift_server.access_key, "wrong"
        )
        click(opened.submit)
        said = await answer(opened)
        assert "sign-in" in said
        assert opened.isVisible()
        assert opened.input("secret").control.hasFocus()
        assert len(app.accounts.all()) == 2
        assert vault.items == {}

        write(opened, secret=swift_server.secret_key)
        assert not opened._result.isVisible()  # what was found is about the old secret
        click(opened.submit)
        await within(30, task)
        [account] = app.accounts.all()[2:]
        assert (await driver_for(app, seat, account.id)).list_containers() is not None
        assert seat.opened == [Place(account.id)]
        assert json.loads(vault.items[account.id]) == {"secret": swift_server.secret_key}
        again = Accounts(folders.accounts)
        again.load()
        assert again.get(account.id) == account


def test_test_connection_says_what_it_found_and_changes_nothing(app, seat, vault, swift_server):
    @run
    async def _():
        task, opened = await form(
            connect.add_account(app, seat),
            seat,
            swift_server.endpoint,
            swift_server.access_key,
            swift_server.secret_key,
        )
        click(opened.test)
        assert not opened.submit.isEnabled()  # one thing at a time
        assert (await answer(opened)).startswith("Connected")
        assert opened.isVisible()
        opened.reject()
        await within(5, task)
        assert len(app.accounts.all()) == 2
        assert vault.items == {}


def test_the_secret_is_in_a_real_keyring_and_nowhere_on_disk(
    qapp, folders, home, seat, swift_server, monkeypatch
):
    with keyring.running() as real:
        for name, value in real.env.items():
            monkeypatch.setenv(name, value)
        app = context(folders, home, Secrets())

        @run
        async def _():
            task, opened = await form(connect.add_account(app, seat), seat, swift_server.endpoint)
            click(opened.submit)
            await answer(opened)
            click(opened.submit_anyway)  # the server does not know this secret; the person insists
            await within(20, task)

        [account] = app.accounts.all()[2:]
        assert Secrets().read(account.id) == {"secret": SECRET}
        app.settings.theme = "dark"
        app.settings.save()
        written = everything_written(folders.config.parent)
        assert account.id.encode() in written
        assert SECRET.encode() not in written


def test_what_is_missing_or_wrong_is_said_before_anything_is_sent(app, seat):
    @run
    async def _():
        task = start(connect.add_account(app, seat), seat.widget)
        opened = await dialog(AccountDialog)
        assert not opened.submit.isEnabled()  # no service was chosen
        choose(opened, "S3-compatible", "s3_compatible")
        click(opened.submit)
        assert opened.input("endpoint").said()
        assert opened.input("secret").said()
        for typed, word in (
            ("ftp://h", "https://"),
            ("https://me:pw@h", "No name or password"),
            ("https://h o", "not an address"),
            ("https://h:99999", "not an address"),
            ("https://-h.example", "cannot be the name of a host"),
            ("https://1.2.3.4.5", "cannot be the name of a host"),
            ("https://h/?x", "leave out"),
        ):
            write(opened, endpoint=typed)
            assert opened.input("endpoint").said() == ""  # typing takes the complaint away
            click(opened.submit)
            assert word in opened.input("endpoint").said(), typed
            assert not opened._busy
        write(opened, endpoint="http://storage.example.org")
        opened.check()
        assert "Not encrypted" in opened.input("endpoint").said()
        opened.reject()
        await within(5, task)


def test_a_server_that_is_not_there_is_told_at_the_address(app, seat):
    @run
    async def _():
        task, opened = await form(connect.add_account(app, seat), seat, "http://127.0.0.1:1")
        click(opened.submit)
        said = await answer(opened)
        assert "cannot be reached" in said
        assert "127.0.0.1:1" in said
        assert opened.input("endpoint").control.hasFocus()
        opened.reject()
        await within(5, task)


def test_closing_the_dialog_during_a_test_adds_nothing(app, seat):
    with canned.running() as server:
        asked = threading.Event()

        def slowly(request):
            asked.set()
            return replace(reply(200, LISTING), wait=3)

        server.always("GET", slowly)

        @run
        async def _():
            task, opened = await form(connect.add_account(app, seat), seat, server.endpoint)
            click(opened.submit)
            await until(asked.is_set, 5)
            click(opened.cancel)
            await within(5, task)
            assert len(app.accounts.all()) == 2


def test_a_certificate_nobody_vouches_for_can_be_trusted_for_this_account_only(app, seat, tmp_path):
    made = certificates.make(tmp_path)
    with canned.running(made.server_context()) as server:
        server.always("GET", reply(200, LISTING))

        @run
        async def _():
            task, opened = await form(connect.add_account(app, seat), seat, server.endpoint)
            click(opened.submit)
            said = await answer(opened)
            assert "certificate is not trusted" in said
            told = opened._result_pin.text().replace(":", "").lower()
            assert made.sha256() in told
            assert opened._result_pin.property("role") == "bad"  # red
            assert len(app.accounts.all()) == 2
            click(opened.trust)
            assert (await answer(opened)).startswith("Connected")
            click(opened.submit)
            await within(20, task)
            [account] = app.accounts.all()[2:]
            assert account.pin == made.sha256()
            driver = await driver_for(app, seat, account.id)
            assert len(await in_thread(driver.list_containers)) == 1

        bare = Account(new_id(), "Another", "s3_compatible", {"endpoint": server.endpoint, "key": "k"})
        with pytest.raises(Exception, match="not trusted"):
            connect.open_account(bare, {"secret": "s"}, "", attempts=1).list_containers()


def test_a_key_that_may_not_list_is_sent_to_only_these_containers(app, seat):
    with canned.running() as server:
        server.always("GET /", reply(403, refusal("AccessDenied")))
        server.always("GET /photos", reply(200, PAGE))
        server.always("GET /photos/", reply(200, PAGE))

        @run
        async def _():
            task, opened = await form(connect.add_account(app, seat), seat, server.endpoint)
            click(opened.submit)
            await answer(opened)
            assert "Only these containers" in opened._result_hint.text()
            assert opened.advanced.only.isVisible()
            QTest.keyClicks(opened.advanced.only.control, "photos")
            QTest.keyClicks(opened.advanced.start_at.control, "photos/2026")
            click(opened.submit)
            await within(20, task)
            [account] = app.accounts.all()[2:]
            assert account.containers == ("photos",)
            assert seat.opened == [Place(account.id, "photos", "2026/")]


def test_a_proxys_password_goes_to_the_keyring_and_not_into_the_file(app, seat, vault, folders):
    with canned.running() as server:
        server.always("GET", reply(200, LISTING))
        proxy = server.endpoint.replace("http://", f"http://me:{SECRET}@")

        @run
        async def _():
            task, opened = await form(
                connect.add_account(app, seat), seat, "http://store.example", secret="s"
            )
            click(opened.advanced.fold)
            opened.advanced.proxy_choice.setCurrentIndex(2)
            QTest.keyClicks(opened.advanced.proxy_address, proxy)
            click(opened.submit)
            await within(20, task)

        [account] = app.accounts.all()[2:]
        assert account.proxy == server.endpoint
        assert json.loads(vault.items[account.id]) == {"secret": "s", PROXY_LOGIN: f"me:{SECRET}"}
        assert SECRET.encode() not in everything_written(folders.config.parent)
        assert server.requests[0].header("Proxy-Authorization").startswith("Basic ")
        assert server.requests[0].target.startswith("http://store.example/")


# -- edit, duplicate, remove --


def saved(app, vault, title="Photos", endpoint="http://127.0.0.1:1"):
    account = Account(new_id(), title, "s3_compatible", {"endpoint": endpoint, "key": "AKIA"})
    app.accounts.add(account)
    app.accounts.save()
    vault.items[account.id] = json.dumps({"secret": SECRET})
    return account


def test_editing_keeps_the_secret_unless_another_is_typed(app, seat, vault):
    account = saved(app, vault)
    with canned.running() as server:
        server.always("GET", reply(200, LISTING))

        @run
        async def _():
            for typed, expected in (("", SECRET), ("another-secret", "another-secret")):
                task = start(connect.edit_account(app, seat, account.id), seat.widget)
                opened = await dialog(AccountDialog)
                assert opened.input("secret").value() == ""  # it is not even there to be seen
                assert opened.input("key").value() == "AKIA"
                write(opened, endpoint=server.endpoint)
                if typed:
                    write(opened, secret=typed)
                click(opened.submit)
                await within(20, task)
                assert json.loads(vault.items[account.id]) == {"secret": expected}
            assert app.accounts.get(account.id).values["endpoint"] == server.endpoint

        assert all(SECRET not in str(request.headers) for request in server.requests)


def test_a_duplicate_has_a_name_an_item_and_a_secret_of_its_own(app, seat, vault):
    with canned.running() as server:
        server.always("GET", reply(200, LISTING))
        account = saved(app, vault, endpoint=server.endpoint)

        @run
        async def _():
            task = start(connect.duplicate_account(app, seat, account.id), seat.widget)
            opened = await dialog(AccountDialog)
            assert opened.name.text() == "Photos 2"
            click(opened.submit)
            await within(20, task)

    [_, copy] = app.accounts.all()[2:]
    assert copy.id != account.id
    assert copy.title == "Photos 2"
    assert copy.values == account.values
    assert json.loads(vault.items[copy.id]) == {"secret": SECRET}


def test_removing_asks_and_deletes_the_secret(app, seat, vault, folders):
    account = saved(app, vault)

    @run
    async def _():
        for text, stays in (("Cancel", True), ("Remove account", False)):
            task = start(connect.remove_account(app, seat, account.id), seat.widget)
            box = await dialog(MessageDialog)
            assert "Photos" in box.windowTitle()
            press(box, text)
            await within(10, task)
            assert app.accounts.has(account.id) is stays
            assert (account.id in vault.items) is stays

    again = Accounts(folders.accounts)
    again.load()
    assert not again.has(account.id)


def test_the_built_in_accounts_are_neither_edited_nor_removed(app, seat):
    @run
    async def _():
        for account in (THIS_COMPUTER, DEMO_CLOUD):
            for flow in (connect.edit_account, connect.duplicate_account, connect.remove_account):
                await within(5, flow(app, seat, account))
        assert len(app.accounts.all()) == 2


# -- open --


def test_the_built_in_accounts_open_without_a_keyring(app, seat, vault, home):
    (home / "letter.txt").write_text("x")
    vault.error = AssertionError("the keyring was asked")

    @run
    async def _():
        here = await driver_for(app, seat, THIS_COMPUTER)
        assert [found.name for found in await in_thread(here.list_containers)] == [HOME]
        page = await in_thread(here.list_page, here.open_container(HOME), pool="disk")
        assert [found.name for found in page.objects] == ["letter.txt"]
        demo = await driver_for(app, seat, DEMO_CLOUD)
        assert "documents" in [found.name for found in await in_thread(demo.list_containers)]
        assert demo is await driver_for(app, seat, DEMO_CLOUD)


def test_two_flows_that_open_one_account_at_once_read_the_keyring_once(app, seat, vault):
    account = saved(app, vault)

    @run
    async def _():
        tasks = [start(driver_for(app, seat, account.id), seat.widget) for _ in range(5)]
        drivers = [await within(10, task) for task in tasks]
        assert len({id(driver) for driver in drivers}) == 1
        assert vault.reads == 1


def test_a_secret_that_is_nowhere_is_asked_for_and_kept(app, seat, vault):
    account = saved(app, vault)
    vault.items.clear()

    @run
    async def _():
        task = start(driver_for(app, seat, account.id), seat.widget)
        asked = await dialog(SecretDialog)
        assert not asked.sign_in.isEnabled()
        QTest.keyClicks(asked._inputs[0].control, SECRET)
        click(asked.sign_in)
        driver = await within(10, task)
        assert driver is not None
        assert SECRET not in repr(driver)
        assert json.loads(vault.items[account.id]) == {"secret": SECRET}


def test_who_does_not_want_to_sign_in_gets_no_driver_and_no_box(app, seat, vault):
    account = saved(app, vault)
    vault.items.clear()

    @run
    async def _():
        task = start(driver_for(app, seat, account.id), seat.widget)
        asked = await dialog(SecretDialog)
        asked.reject()
        assert await within(10, task) is None
        assert app.drivers.get(account.id) is None


@pytest.mark.parametrize("trouble", [NoKeyringHereError("There is no keyring."), KeyringLocked("locked")])
def test_without_a_keyring_the_secret_is_for_this_run_and_that_is_said(app, seat, vault, folders, trouble):
    account = saved(app, vault)
    vault.error = trouble

    @run
    async def _():
        task = start(driver_for(app, seat, account.id), seat.widget)
        asked = await dialog(SecretDialog)
        said = " ".join(label.text() for label in asked.findChildren(QWidget) if hasattr(label, "text"))
        assert "this run only" in said
        QTest.keyClicks(asked._inputs[0].control, SECRET)
        click(asked.sign_in)
        assert await within(10, task) is not None
        assert app.secrets.is_for_this_run(account.id)

    assert SECRET.encode() not in everything_written(folders.config.parent)


def test_adding_an_account_without_a_keyring_says_so_and_works_for_this_run(app, seat, vault, folders):
    vault.error = KeyringLocked("locked")
    with canned.running() as server:
        server.always("GET", reply(200, LISTING))

        @run
        async def _():
            task, opened = await form(connect.add_account(app, seat), seat, server.endpoint)
            click(opened.submit)
            box = await dialog(Box)
            assert "save the secret" in box.windowTitle()
            press(box, "Close")
            await within(10, task)
            [account] = app.accounts.all()[2:]
            driver = await driver_for(app, seat, account.id)
            assert len(await in_thread(driver.list_containers)) == 1

    assert SECRET.encode() not in everything_written(folders.config.parent)


def test_a_keyring_prompt_that_nobody_answers_freezes_nothing(app, seat, vault):
    account = saved(app, vault)
    answered = threading.Event()
    vault.get_password = lambda *_: answered.wait(20) and None

    @run
    async def _():
        start(driver_for(app, seat, account.id), seat.widget)
        await pause(0.1)
        assert await within(5, driver_for(app, seat, DEMO_CLOUD)) is not None
        answered.set()
        asked = await dialog(SecretDialog)
        asked.reject()
        await until(lambda: not asked.isVisible(), 5)


def test_an_account_of_a_service_that_this_version_does_not_know_is_told(app, seat):
    account = Account(new_id(), "Future", "s3_of_the_future")
    app.accounts.add(account)

    @run
    async def _():
        task = start(driver_for(app, seat, account.id), seat.widget)
        box = await dialog(Box)
        assert "s3_of_the_future" in " ".join(
            label.text() for label in box.findChildren(QWidget) if hasattr(label, "text")
        )
        press(box, "Close")
        assert await within(5, task) is None
