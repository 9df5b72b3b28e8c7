"""Bad luck before anything moves: signing in, listing, naming, starting. Each ends in one clear sentence in
the window, nothing is lost, and the way on is a button.
"""

from __future__ import annotations

import sys
import threading
from collections.abc import Callable, Iterator
from functools import partial
from pathlib import Path
from typing import Any

import pytest
from PySide6.QtCore import Qt
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QApplication, QDialog, QLabel

from gui import app as program
from gui.accounts import DEMO_CLOUD, Account, Place
from gui.background import start, until, within
from gui.dialogs.account import AccountDialog
from gui.dialogs.message import NoticeDialog
from gui.dialogs.name import NameDialog
from gui.dialogs.secret import SecretDialog
from gui.error_box import Box
from gui.flows.quit import quit_app
from gui.main_window import MainWindow
from gui.options import parse
from gui.secrets import Secrets
from gui.settings import Folders, portable_folders
from storage_core.transfers import State
from tests.servers import canned, certificates, faults, keyring
from tests.servers.canned import Reply, Request, reply
from tests.servers.swift import Swift

from .loop import run
from .luck import (
    account,
    boto,
    button,
    click,
    command,
    drop,
    ended,
    engine_threads,
    gateway,
    picture,
    shown_dialog,
    visible,
    with_vault,
    words,
)
from .scene import Scene, show
from .stage import typed

pytestmark = pytest.mark.window
MALFORMED = {
    "ftp://storage.example": "https://",
    "https://me:secret@storage.example": "No name or password",
    "https://storage example": "not an address",
    "https://storage.example:99999": "not an address",
    "https://-h.example": "cannot be the name of a host",
    "https://storage.example/?x=1": "leave out",
}
REFUSED = (
    "ab", "has space", "192.168.1.1", "x" * 256, "-begins", "\u00e9t\u00e9", "../x", "a/b",
    "a\u202egpj", "<b>x</b>",
)  # fmt: skip
DENIED = b"<Error><Code>AccessDenied</Code><Message>No.</Message></Error>"


@pytest.fixture(autouse=True)
def nothing_left() -> Iterator[None]:
    """No thread outlives its story."""
    yield
    assert not engine_threads()


async def filled_in(scene: Scene, endpoint: str, key: str, secret: str, region: str = "") -> AccountDialog:
    """Press the plus, choose the service, type."""
    await command(scene, "account.add")
    dialog = await shown_dialog(AccountDialog)
    assert dialog.providers is not None
    QTest.keyClicks(dialog.providers.search, "S3-compatible")
    for name, text in (("endpoint", endpoint), ("key", key), ("secret", secret), ("region", region)):
        if text:
            control = dialog.input(name).control
            control.setFocus()
            QTest.keyClick(control, Qt.Key.Key_A, Qt.KeyboardModifier.ControlModifier)
            QTest.keyClicks(control, text)
    return dialog


async def told(dialog: AccountDialog) -> str:
    """What the dialog says once the connection was tried; all of it is on the screen."""
    await until(lambda: not dialog._busy and dialog._result.isVisible(), 30, "the end of the test")
    for label in (dialog._result_text, dialog._result_hint, dialog._result_pin):
        assert not label.isVisible() or whole(label), "cut off"
    return f"{dialog._result_text.text()} {dialog._result_hint.text()}"


def whole(label: QLabel) -> bool:
    """Whether all of its text is on the screen."""
    return label.height() >= label.heightForWidth(label.width())


# -- signing in --


def test_a_wrong_secret_is_said_at_once_and_the_right_one_opens_the_account(
    application: QApplication, tmp_path: Path, swift_server: Swift
) -> None:
    async def story(scene: Scene) -> None:
        vault = with_vault(scene)
        dialog = await filled_in(scene, swift_server.endpoint, swift_server.access_key, "wrong")
        click(dialog, "Add account")
        said = await told(dialog)
        picture(dialog, "wrong-secret")
        assert "does not accept this sign-in" in said
        assert "Check what the account signs in with" in said
        assert dialog.input("secret").control.hasFocus()
        assert not vault.items
        typed(dialog.input("secret").control, swift_server.secret_key)
        click(dialog, "Add account")
        await until(lambda: vault.items and not visible(QDialog), 20, "the secret in the keyring")
        await until(lambda: scene.window.place is not None, 20, "the new account's place")
        await scene.listed()
        assert scene.window.place.account in vault.items

    show(story, tmp_path)


def test_a_secret_that_is_no_longer_good_can_be_typed_again_where_that_is_said(
    application: QApplication, tmp_path: Path, swift_server: Swift
) -> None:
    boto(swift_server).create_bucket(Bucket="luck-revoked")

    async def story(scene: Scene) -> None:
        vault = with_vault(scene)
        cloud = account(scene, swift_server, secret="revoked")
        await scene.open(cloud)
        picture(scene.window, "revoked-secret")
        said = words(scene.window.objects)
        assert "Could not list the containers" in said
        assert "does not accept this sign-in" in said
        click(scene.window.objects, "Type the secret again")
        dialog = await shown_dialog(SecretDialog)
        picture(dialog, "secret-again")
        typed(dialog._inputs[0].control, swift_server.secret_key)
        click(dialog, "Sign in")
        await until(lambda: "luck-revoked" in scene.names(), 20, "the containers")
        assert cloud in vault.items

    show(story, tmp_path)


def test_where_there_is_no_secret_to_type_the_account_can_be_edited_instead(
    application: QApplication, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """This computer's own AWS sign-in, of which there is none."""
    monkeypatch.setenv("AWS_EC2_METADATA_DISABLED", "true")
    for name in ("AWS_CONFIG_FILE", "AWS_SHARED_CREDENTIALS_FILE"):
        monkeypatch.setenv(name, str(tmp_path / "none"))
    for name in ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY", "AWS_PROFILE"):
        monkeypatch.delenv(name, raising=False)

    async def story(scene: Scene) -> None:
        scene.app.accounts.add(Account("own", "My own", "s3", {"sign_in": "chain"}))
        scene.window.accounts_changed()
        await scene.open("own")
        assert "has no AWS sign-in of its own" in words(scene.window.objects)
        click(scene.window.objects, "Edit account")
        await shown_dialog(AccountDialog)

    show(story, tmp_path)


def test_a_malformed_endpoint_is_said_below_it_and_nothing_is_sent(
    application: QApplication, tmp_path: Path
) -> None:
    async def story(scene: Scene) -> None:
        dialog = await filled_in(scene, "", "key", "secret")
        field = dialog.input("endpoint")
        for endpoint, sentence in MALFORMED.items():
            typed(field.control, endpoint)
            click(dialog, "Test connection")
            picture(dialog, "malformed-endpoint")
            assert sentence in words(field), endpoint
            assert field.control.hasFocus()
            assert not dialog._busy

    show(story, tmp_path)


@pytest.mark.parametrize("endpoint", ["http://127.0.0.1:1", "https://no-such-host.invalid"])
def test_an_endpoint_that_is_not_there_is_named(
    application: QApplication, tmp_path: Path, endpoint: str
) -> None:
    async def story(scene: Scene) -> None:
        dialog = await filled_in(scene, endpoint, "key", "secret")
        click(dialog, "Test connection")
        said = await told(dialog)
        picture(dialog, "unreachable-" + endpoint.rpartition("/")[2].replace(":", "-"))
        assert "cannot be reached" in said
        assert endpoint.partition("//")[2] in said
        assert "Check the spelling of the address" in said
        assert dialog.input("endpoint").control.hasFocus()

    show(story, tmp_path)


def test_an_endpoint_that_is_a_web_page_is_said_to_be_one(application: QApplication, tmp_path: Path) -> None:
    page = b"<!DOCTYPE html><html><body>Welcome to our wireless network. Sign in.</body></html>"

    async def story(scene: Scene) -> None:
        with canned.running() as server:
            server.always("GET", reply(200, page, content_type="text/html"))
            dialog = await filled_in(scene, server.endpoint, "key", "secret")
            click(dialog, "Test connection")
            said = await told(dialog)
        picture(dialog, "web-page")
        assert "not one that this kind of service gives" in said
        assert "Check the address" in said

    show(story, tmp_path)


def test_a_certificate_nobody_vouches_for_stops_the_secret_before_it_is_sent(
    application: QApplication, tmp_path: Path
) -> None:
    made = certificates.make(tmp_path)

    async def story(scene: Scene) -> None:
        with canned.running(made.server_context()) as server:
            dialog = await filled_in(scene, server.endpoint, "key", "secret")
            click(dialog, "Add account")
            said = await told(dialog)
            picture(dialog, "certificate")
            assert "certificate is not trusted, so nothing was sent" in said
            assert made.sha256() in dialog._result_pin.text().replace(":", "").lower()
            assert button(dialog, "Trust this certificate, for this account only").isEnabled()
            assert server.requests == []
        assert len(scene.app.accounts.all()) == 3  # the two built in, and the scene's own

    show(story, tmp_path)


def test_an_expired_certificate_is_called_expired(application: QApplication, tmp_path: Path) -> None:
    made = certificates.make(tmp_path, expired=True)

    async def story(scene: Scene) -> None:
        with canned.running(made.server_context()) as server:
            dialog = await filled_in(scene, server.endpoint, "key", "secret")
            dialog.advanced.unfold()
            field = dialog.advanced.ca_file.control
            QTest.keyClicks(field, str(made.file))
            click(dialog, "Test connection")
            said = await told(dialog)
            picture(dialog, "expired-certificate")
            assert "expired" in said
            assert server.requests == []

    show(story, tmp_path)


# -- listing --


def test_a_server_that_went_away_is_told_in_place_of_the_rows_and_tried_again_by_a_button(
    application: QApplication, tmp_path: Path, swift_server: Swift
) -> None:
    client = boto(swift_server)
    client.create_bucket(Bucket="luck-away")
    client.put_object(Bucket="luck-away", Key="still here.txt", Body=b"1")

    async def story(scene: Scene) -> None:
        with faults.proxy(swift_server.endpoint) as proxy:
            proxy.always = faults.REFUSE
            cloud = account(scene, swift_server, proxy.endpoint, attempts=2)
            await scene.open(cloud, "luck-away")
            picture(scene.window, "listing-cut")
            said = words(scene.window.objects)
            assert "Could not list “luck-away/”" in said
            assert f"127.0.0.1:{proxy.port}" in said or "connection" in said.lower()
            proxy.always = faults.CLEAN
            click(scene.window.objects, "Try again")
            await until(lambda: scene.names() == ["still here.txt"], 20, "the listing")

    show(story, tmp_path)


def test_rows_that_are_shown_stay_when_a_reload_fails(
    application: QApplication, tmp_path: Path, swift_server: Swift
) -> None:
    client = boto(swift_server)
    client.create_bucket(Bucket="luck-stay")
    client.put_object(Bucket="luck-stay", Key="still here.txt", Body=b"1")

    async def story(scene: Scene) -> None:
        is_down = threading.Event()

        def harm(request: Request) -> Reply | None:
            return reply(503, b"<Error><Code>SlowDown</Code></Error>") if is_down.is_set() else None

        with gateway(swift_server.endpoint, harm) as server:
            cloud = account(scene, swift_server, server.endpoint, attempts=2)
            await scene.open(cloud, "luck-stay")
            is_down.set()
            await command(scene, "view.refresh")
            await until(lambda: "Could not list" in words(scene.window.objects), 20, "the notice")
            picture(scene.window, "reload-failed")
            assert scene.names() == ["still here.txt"]
            is_down.clear()
            click(scene.window.objects, "Try again")
            await until(lambda: "Could not list" not in words(scene.window.objects), 20, "the listing")
            assert scene.names() == ["still here.txt"]

    show(story, tmp_path)


def test_a_service_that_is_busy_for_a_while_is_waited_for_without_a_word(
    application: QApplication, tmp_path: Path, swift_server: Swift
) -> None:
    boto(swift_server).create_bucket(Bucket="luck-busy")
    left = [503, 503]

    def harm(request: Request) -> Reply | None:
        return reply(left.pop(), b"<Error><Code>ServiceUnavailable</Code></Error>") if left else None

    async def story(scene: Scene) -> None:
        with gateway(swift_server.endpoint, harm) as server:
            cloud = account(scene, swift_server, server.endpoint)
            await scene.open(cloud)
            assert "luck-busy" in scene.names()
            assert "Could not" not in words(scene.window.objects)
        assert not left

    show(story, tmp_path)


def test_a_key_that_may_not_list_is_told_the_way_round(application: QApplication, tmp_path: Path) -> None:
    async def story(scene: Scene) -> None:
        with canned.running() as server:
            server.always("GET", reply(403, DENIED))
            dialog = await filled_in(scene, server.endpoint, "key", "secret")
            click(dialog, "Test connection")
            said = await told(dialog)
        picture(dialog, "may-not-list")
        assert "this key may not do that" in said
        assert "Only these containers" in said
        assert dialog.advanced.only.isVisible()

    show(story, tmp_path)


# -- names --


def test_a_container_name_that_is_not_allowed_is_never_sent(
    application: QApplication, tmp_path: Path, swift_server: Swift
) -> None:
    async def story(scene: Scene) -> None:
        with gateway(swift_server.endpoint, lambda request: None) as server:
            cloud = account(scene, swift_server, server.endpoint)
            await scene.open(cloud)
            asked = len(server.requests)
            await command(scene, "container.new")
            dialog = await shown_dialog(NameDialog)
            for number, name in enumerate(REFUSED):
                dialog.field.clear()
                dialog.field.insert(name)  # QTest types ASCII only
                picture(dialog, f"container-name-{number}")
                problem = dialog.problem
                assert problem.text().endswith("."), name
                assert len(problem.text()) > 20
                await until(partial(whole, problem), 2, "all of the sentence")
                assert not dialog.yes.isEnabled(), name
                QTest.keyClick(dialog.field, Qt.Key.Key_Return)
                assert dialog.isVisible()
            assert len(server.requests) == asked

    show(story, tmp_path)


def test_a_container_name_that_is_taken_stays_in_the_field_to_be_changed(
    application: QApplication, tmp_path: Path, swift_server: Swift
) -> None:
    boto(swift_server).create_bucket(Bucket="luck-taken")
    taken = b"<Error><Code>BucketAlreadyExists</Code><Message>taken</Message></Error>"

    def harm(request: Request) -> Reply | None:
        return reply(409, taken) if (request.method, request.path) == ("PUT", "/luck-taken") else None

    async def story(scene: Scene) -> None:
        with gateway(swift_server.endpoint, harm) as server:
            cloud = account(scene, swift_server, server.endpoint)
            await scene.open(cloud)
            await command(scene, "container.new")
            dialog = await shown_dialog(NameDialog)
            typed(dialog.field, "luck-taken")
            click(dialog, "Create")
            box = await shown_dialog(Box)
            picture(box, "container-taken")
            assert "Could not create the container “luck-taken”" in words(box)
            assert "is taken" in words(box)
            click(box, "Close")
            await until(lambda: dialog.isVisible(), 10, "the dialog again")
            assert dialog.field.text() == "luck-taken"

    show(story, tmp_path)


# -- the keyring --


@pytest.mark.filterwarnings("ignore::pytest.PytestUnraisableExceptionWarning")  # keyring forgets its socket
def test_a_locked_keyring_is_said_and_the_secret_is_good_for_this_run(
    application: QApplication, tmp_path: Path, swift_server: Swift, monkeypatch: pytest.MonkeyPatch
) -> None:
    with keyring.running() as real:
        for name, value in real.env.items():
            monkeypatch.setenv(name, value)
        real.lock()

        async def story(scene: Scene) -> None:
            scene.app.secrets = Secrets()
            dialog = await filled_in(
                scene, swift_server.endpoint, swift_server.access_key, swift_server.secret_key
            )
            click(dialog, "Add account")
            box = await shown_dialog(Box)
            picture(box, "keyring-locked")
            assert "Could not save the secret" in words(box)
            assert "locked" in words(box)
            assert "for this run only" in words(box)
            click(box, "Close")
            [added] = scene.app.accounts.all()[3:]
            await until(lambda: scene.window.place == Place(added.id), 10, "the account")
            await scene.listed()
            assert "Could not" not in words(scene.window.objects)
            assert scene.app.secrets.is_for_this_run(added.id)

        show(story, tmp_path)
    assert swift_server.secret_key.encode() not in b"".join(
        path.read_bytes() for path in (tmp_path / "profile").rglob("*") if path.is_file()
    ).replace(swift_server.access_key.encode(), b"")


def test_without_a_keyring_the_secret_is_asked_for_and_that_is_said(
    application: QApplication, tmp_path: Path, swift_server: Swift, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("DBUS_SESSION_BUS_ADDRESS", f"unix:path={tmp_path}/no-bus")
    boto(swift_server).create_bucket(Bucket="luck-no-keyring")

    async def story(scene: Scene) -> None:
        scene.app.secrets = Secrets()
        cloud = account(scene, swift_server)
        scene.app.secrets = Secrets()  # another run: nothing is known
        scene.window.open_place(Place(cloud))
        dialog = await shown_dialog(SecretDialog)
        picture(dialog, "no-keyring")
        assert "no keyring" in words(dialog)
        assert "this run only" in words(dialog)
        typed(dialog._inputs[0].control, swift_server.secret_key)
        click(dialog, "Sign in")
        await until(lambda: "luck-no-keyring" in scene.names(), 20, "the containers")

    show(story, tmp_path)


# -- files of ours that are broken --


class Program:
    """The program as it is started, with its window, in this process."""

    def __init__(self, folders: Folders, profile: Path) -> None:
        self.folders = folders
        self.options = parse(["--portable", str(profile)])

    async def begin(self, owner: Any) -> None:
        self.folders.lock.parent.mkdir(parents=True, exist_ok=True)
        self.task = start(program._run(self.options, self.folders), owner)
        await until(lambda: visible(MainWindow) or self.task.done(), 15, "the window")
        self.window = visible(MainWindow)[0]
        self.scene = Scene(self.window.app, self.window, Path.home())
        await until(lambda: self.window.app.drivers.get(DEMO_CLOUD), 15, "the demo cloud")

    async def end(self) -> None:
        await quit_app(self.window.app, self.window, ask=False)
        assert await within(20, self.task) == 0
        self.window.deleteLater()


@pytest.fixture
def started(
    application: QApplication, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> Callable[[], Program]:
    home = tmp_path / "home"
    home.mkdir()
    monkeypatch.setenv("HOME", str(home))
    monkeypatch.setattr(sys, "excepthook", sys.excepthook)
    monkeypatch.setattr(threading, "excepthook", threading.excepthook)
    return lambda: Program(portable_folders(tmp_path / "profile"), tmp_path / "profile")


@pytest.mark.parametrize("broken", ["settings", "accounts", "journal"])
def test_a_broken_file_is_set_aside_and_said_and_the_program_works(
    started: Callable[[], Program], application: QApplication, tmp_path: Path, broken: str
) -> None:
    first = started()
    path: Path = getattr(first.folders, broken)
    garbage = b'{"version": 1, "accou' if broken != "journal" else b"SQLite format 3\0" + b"\x99" * 9000

    @run
    async def _() -> None:
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(garbage)
        await first.begin(application)
        box = await shown_dialog(NoticeDialog)
        picture(box, f"broken-{broken}")
        said = words(box)
        assert "Something could not be read at the start" in said
        aside = [one for one in path.parent.iterdir() if one.name.startswith(path.name) and one != path]
        kept = [one for one in aside if one.read_bytes() == garbage]
        assert len(kept) == 1
        assert kept[0].name in said
        click(box, "Close")
        sent = tmp_path / "works.txt"
        sent.write_bytes(b"works")
        await first.scene.open(DEMO_CLOUD)
        await first.scene.open(DEMO_CLOUD, first.scene.names()[0])
        drop(first.scene, sent)
        assert (await ended(first.scene)).state is State.DONE
        await first.end()
