"""What people are told when something goes wrong: each error has a row, says what to do, shows no secret."""

import inspect

import pytest
from PySide6.QtCore import Qt
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QApplication, QLabel, QPlainTextEdit, QPushButton, QToolButton

from gui import secrets
from gui.background import start, until
from gui.dialogs.message import MessageDialog, NoticeDialog
from gui.error_box import (
    BUTTONS,
    EDIT_ACCOUNT,
    RETRY,
    SIGN_IN,
    TABLE,
    Box,
    crash_box,
    crash_report,
    details,
    sentence,
    show_error,
)
from storage_core import errors
from tests.window.loop import run

pytestmark = pytest.mark.window

SECRET = "AKIAIOSFODNN7EXAMPLE/wJalrXUtnFEMI"
LEAKY = f"GET https://h/b/k?X-Amz-Signature={SECRET}&X-Amz-Credential=x failed: Authorization: AWS4 {SECRET}"
OURS = [
    kind
    for module in (errors, secrets)
    for _, kind in inspect.getmembers(module, inspect.isclass)
    if issubclass(kind, Exception) and kind.__module__ == module.__name__ and kind is not errors.StoppedError
]


def shown(box):
    return [label.text() for label in box.findChildren(QLabel) if label.text()]


def button(box, text):
    [found] = [one for one in box.findChildren(QPushButton) if one.text() == text]
    return found


async def box_of(kind=Box):
    found = []

    def is_open():
        found[:] = [
            one for one in QApplication.topLevelWidgets() if isinstance(one, kind) and one.isVisible()
        ]
        return found

    await until(is_open, 5, "a box")
    return found[0]


@pytest.mark.parametrize("kind", OURS, ids=lambda kind: kind.__name__)
def test_every_error_of_ours_has_a_title_and_a_sentence(qapp, kind):
    problem = sentence(kind("The reason."), "upload “a.txt”")
    assert problem.title == "Could not upload “a.txt”"
    assert problem.text
    assert "unexpected" not in problem.text
    assert "{" not in problem.text + problem.hint
    assert all(key in BUTTONS for key in problem.buttons)


@pytest.mark.parametrize("kind", OURS, ids=lambda kind: kind.__name__)
def test_an_error_without_a_word_still_says_something(qapp, kind):
    assert sentence(kind(""), "connect").text.strip(" .“”")


def test_the_nearest_class_of_the_family_speaks(qapp):
    class OwnDiskFull(errors.DiskFullError):
        pass

    assert "disk is full" in sentence(OwnDiskFull("x"), "download").text
    assert "network failed" in sentence(errors.NetworkError("x"), "list").text
    assert "cannot be reached" in sentence(errors.UnreachableError("x"), "list").text


def test_no_row_stands_there_twice_and_each_names_an_error():
    kinds = [row.kind for row in TABLE]
    assert len(kinds) == len(set(kinds))
    assert all(issubclass(kind, BaseException) for kind in kinds)


@pytest.mark.parametrize(
    ("error", "words"),
    [
        (errors.InvalidCredsError("Signature mismatch"), ["sign-in", "Signature mismatch", "revoked key"]),
        (errors.UnreachableError("nowhere.example could not be found"), ["nowhere.example", "proxy"]),
        (errors.WrongRegionError("x", region="eu-west-1"), ["eu-west-1"]),
        (errors.ContainerDoesNotExistError("x", container_name="photos"), ["photos"]),
        (errors.ContainerIsNotEmptyError("x", container_name="photos"), ["photos", "not empty"]),
        (errors.ObjectHashMismatchError("x", object_name="a.bin"), ["a.bin", "hashes differ"]),
        (errors.InvalidContainerNameError("No capitals here.", container_name="A"), ["No capitals here."]),
        (errors.OperationNotSupportedError("This service has no CDN."), ["This service has no CDN."]),
        (errors.LocalFileError("/root/x cannot be read", path="/root/x"), ["/root/x"]),
        (PermissionError(13, "Permission denied", "/etc/shadow"), ["/etc/shadow"]),
        (secrets.NoKeyringHereError("x"), ["keyring", "this run only"]),
        (ValueError("Access key is missing."), ["Access key is missing."]),
    ],
)
def test_the_sentence_says_what_happened_to_what_and_what_to_do(qapp, error, words):
    problem = sentence(error, "do it")
    for word in words:
        assert word in f"{problem.text} {problem.hint}"


@pytest.mark.parametrize("kind", [errors.LibcloudError, errors.ProviderError, OSError, RuntimeError])
def test_nothing_secret_is_shown_or_can_be_copied(qapp, kind):
    problem = sentence(kind(LEAKY), "list")
    try:
        raise kind(LEAKY)
    except kind as error:
        report = crash_report(error, ["Skyferry"])
    for text in (problem.text, problem.hint, problem.details, report):
        assert SECRET not in text


def test_names_in_a_sentence_cannot_play_tricks(qapp):
    error = errors.ObjectDoesNotExistError("x", object_name="<img src=x>\u202egpj.exe\n")
    text = sentence(error, "open").text
    assert "\u202e" not in text
    assert "\n" not in text
    assert "<img src=x>" in text  # as letters: the box shows plain text


def test_details_are_what_support_asks_for():
    error = errors.AccessDeniedError(
        "No.", http_code=403, code="AccessDenied", request_id="tx1", container_name="photos"
    )
    for fact in ("AccessDeniedError", "403", "AccessDenied", "tx1", "photos"):
        assert fact in details(error)


def test_a_box_offers_what_its_caller_can_do_and_gives_the_answer(qapp):
    @run
    async def _():
        asking = start(
            show_error(None, errors.InvalidCredsError("No."), "open “Photos”", offers=(SIGN_IN, RETRY)), qapp
        )
        box = await box_of()
        texts = [one.text() for one in box.findChildren(QPushButton) if one.isVisible()]
        assert BUTTONS[SIGN_IN] in texts
        assert BUTTONS[EDIT_ACCOUNT] not in texts  # the caller cannot
        assert BUTTONS[RETRY] not in texts  # it makes no sense here
        QTest.mouseClick(button(box, BUTTONS[SIGN_IN]), Qt.MouseButton.LeftButton)
        assert await asking == SIGN_IN


def test_escape_closes_a_box_without_an_answer(qapp):
    @run
    async def _():
        asking = start(show_error(None, errors.ServerError("x"), "list", offers=(RETRY,)), qapp)
        box = await box_of()
        QTest.keyClick(box, Qt.Key.Key_Escape)
        assert await asking == ""


def test_a_stop_is_nobodys_failure(qapp):
    @run
    async def _():
        assert await show_error(None, errors.StoppedError("x"), "upload") == ""


def test_details_unfold_and_are_copied(qapp):
    @run
    async def _():
        error = errors.ServerError("Oops", request_id="tx77")
        asking = start(show_error(None, error, "list"), qapp)
        box = await box_of()
        [area] = box.findChildren(QPlainTextEdit)
        assert not area.isVisible()
        [fold] = box.findChildren(QToolButton)
        QTest.mouseClick(fold, Qt.MouseButton.LeftButton)
        await until(area.isVisible, 5)
        QTest.mouseClick(button(box, "Copy details"), Qt.MouseButton.LeftButton)
        assert "tx77" in QApplication.clipboard().text()
        box.reject()
        await asking


def test_everything_in_a_box_is_plain_text(qapp):
    name = "<b>bold</b> & <img src=file:///etc/passwd>"
    for box in (
        MessageDialog(None, name, name, accept="Do it", hint=name, details=name),
        NoticeDialog(None, name, name, hint=name),
        crash_box(None, name, name),
    ):
        labels = [label for label in box.findChildren(QLabel) if name in label.text()]
        assert labels
        assert all(label.textFormat() == Qt.TextFormat.PlainText for label in labels)
        box.deleteLater()


def test_return_does_not_press_a_button_that_destroys(qapp):
    @run
    async def _():
        box = MessageDialog(None, "Delete?", "All of it.", accept="Delete", danger=True)
        box.show()
        await until(box.isVisible, 5)
        QTest.keyClick(box, Qt.Key.Key_Return)
        await until(lambda: not box.isVisible(), 5)
        assert box.result() == 0
        box.deleteLater()


def test_a_long_text_wraps_and_never_makes_a_box_wider_than_a_screen(qapp):
    problem = sentence(errors.ProviderError("y" * 5000 + " z" * 5000), "x" * 300)
    box = MessageDialog(None, problem.title, problem.text, accept="OK", hint=problem.hint)
    assert box.sizeHint().width() < 700
    assert box.sizeHint().height() < 600
    box.deleteLater()
