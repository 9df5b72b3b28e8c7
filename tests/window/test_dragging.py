"""What travels by drag and paste: whose files are taken, what survives, what stays inside."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest
from PySide6.QtCore import QByteArray, QMimeData, QUrl
from PySide6.QtWidgets import QApplication

from gui.accounts import DEMO_CLOUD, THIS_COMPUTER, Account
from gui.panes import ark, dragging, xds
from gui.panes.dragging import ENTRIES, DirectSave, Dragged, files_of, mime_data, read_files, read_mime

pytestmark = pytest.mark.window
ODD = ("a/Ünï & <b>.txt", "a/../x", "new\nline", "", "x" * 1024, "a/\u202egpj.exe", "half \ud800")


@pytest.mark.parametrize(
    ("address", "path"),
    [
        (b"file:///home/me/a%20b.txt", "/home/me/a b.txt"),
        (b"file:///home/me/folder/", "/home/me/folder"),
        (b"file:///", "/"),
        (b"file:///tmp/100%25%23%3F", "/tmp/100%#?"),
        (b"file:///tmp/%FFname", os.fsdecode(b"/tmp/\xffname")),
        (b"FILE:///tmp/a", "/tmp/a"),
        (b"file://evil.example/share/x", ""),
        (b"file://localhost/etc/passwd", ""),
        (b"file:////server/share", ""),
        (b"file:///%5C%5Cserver%5Cshare", "/\\\\server\\share"),
        (b"file:///a%00b", ""),
        (b"file:relative", ""),
        (b"http://example.com/a", ""),
        (b"smb://server/share/a", ""),
        (b"# a comment", ""),
        (b"", ""),
    ],
)
def test_only_files_of_this_computer_are_taken(address: bytes, path: str) -> None:
    assert read_files(address + b"\r\n") == ([path] if path else [])


def test_a_list_of_files_keeps_its_order_and_names_each_once() -> None:
    listing = b"# from a file manager\r\nfile:///b\r\nhttp://x/y\r\nfile:///a\r\nfile:///b\r\n"
    assert read_files(listing) == ["/b", "/a"]


def test_files_from_another_program_are_read(qapp: QApplication, tmp_path: Path) -> None:
    mime = QMimeData()
    mime.setUrls([QUrl.fromLocalFile(str(tmp_path / "ä #1.txt")), QUrl("http://example.com")])
    assert read_mime(mime) == [str(tmp_path / "ä #1.txt")]


def test_entries_arrive_as_they_left_whatever_their_names(qapp: QApplication) -> None:
    dragged = Dragged("account", "photos", "a/", ODD)
    assert read_mime(mime_data(dragged)) == dragged


def test_entries_that_are_files_are_offered_as_files_to_others_and_as_entries_here(
    qapp: QApplication,
) -> None:
    mime = mime_data(Dragged("a", "home", "", ("x y",)), paths=["/home/me/x y"])
    assert [url.toLocalFile() for url in mime.urls()] == ["/home/me/x y"]
    assert bytes(mime.data("text/uri-list").data()) == b"file:///home/me/x%20y\r\n"
    assert isinstance(read_mime(mime), Dragged)


@pytest.mark.skipif(os.name != "posix", reason="names of files are Unicode there")
def test_a_file_whose_name_is_no_unicode_leaves_and_arrives_as_it_is(qapp: QApplication) -> None:
    path = os.fsdecode(b"/home/me/caf\xe9 %20 #1?.txt")
    mime = mime_data(Dragged("a", "home", "", ("x",)), paths=[path])
    assert read_files(bytes(mime.data("text/uri-list").data())) == [path]


def test_what_lies_in_a_cloud_is_never_offered_as_an_address_or_a_text(qapp: QApplication) -> None:
    mime = DirectSave(Dragged("a", "photos", "", ("x",)), print)
    assert read_mime(mime) == Dragged("a", "photos", "", ("x",))
    assert not {"text/uri-list", "text/plain", "text/html"} & set(mime.formats())
    assert not mime.hasUrls()
    assert not mime.hasText()


@pytest.mark.parametrize(
    "data", [b"", b"{", b"[]", b"{}", b'{"run":1,"account":2}', b'{"run":"","account":"","keys":5}', b"\xff"]
)
def test_entries_that_we_did_not_write_are_nothing(qapp: QApplication, data: bytes) -> None:
    mime = QMimeData()
    mime.setData(ENTRIES, QByteArray(data))
    assert read_mime(mime) is None


def test_the_demo_cloud_of_another_run_is_not_this_one(
    qapp: QApplication, monkeypatch: pytest.MonkeyPatch
) -> None:
    mine, account = Dragged(DEMO_CLOUD, "c", "", ("k",)), Dragged("saved", "c", "", ("k",))
    written = [bytes(mime_data(one).data(ENTRIES).data()) for one in (mine, account)]
    monkeypatch.setattr(dragging, "_RUN", "another")
    mimes = [QMimeData(), QMimeData()]
    for mime, data in zip(mimes, written, strict=True):
        mime.setData(ENTRIES, data)
    assert [read_mime(mime) for mime in mimes] == [None, account]


def test_entries_of_this_computer_know_their_files() -> None:
    account = Account(THIS_COMPUTER, "This computer", "local", {"key": "/home/me"})
    saved = Account("x", "Stick", "local", {"key": "/media/stick"})
    cloud = Account("y", "Cloud", "s3", {"key": "AKIA"})
    keys = ("docs/a.txt", "docs/sub/")
    paths = ["/home/me/docs/a.txt", "/home/me/docs/sub"]
    assert files_of(account, Dragged("", "home", "docs/", keys)) == paths
    assert files_of(saved, Dragged("", "top", "", ("a",))) == ["/media/stick/top/a"]
    assert files_of(saved, Dragged("", "", "", ("top", "odd"))) == ["/media/stick/top", "/media/stick/odd"]
    assert files_of(account, Dragged("", "", "", ("home",))) == ["/home/me"]
    assert files_of(cloud, Dragged("", "top", "", ("a",))) == []
    assert files_of(account, Dragged("", "home", "", ("half \ud800",))) == []


@pytest.mark.parametrize(
    ("answer", "folder"),
    [
        (b"file:///tmp/target/a.txt", "/tmp/target"),
        (b"file:///tmp/a%20b/a.txt", "/tmp/a b"),
        (b"file://localhost/tmp/a.txt", "/tmp"),
        (b"file:///a.txt", "/"),
        (b"file:///tmp/a.txt\0rubbish/more", "/tmp"),
        (b"file:///tmp/a.txtrubbish", "/tmp"),  # PCManFM-Qt
        (b"file:///tmp/a.txt/rubbish", "/tmp"),
        (b"file:///tmp/a%20(1).txt", "/tmp"),
        (b"file:///tmp/%FF/a.txt", os.fsdecode(b"/tmp/\xff")),
        (b"file://elsewhere/tmp/a.txt", ""),
        (b"file:////server/a.txt", ""),
        (b"a.txt", ""),  # the name itself: nobody has answered yet
        (b"http://x/a.txt", ""),
        (b"file://", ""),
        (b"", ""),
    ],
)
def test_the_folder_is_read_out_of_a_file_managers_answer(answer: bytes, folder: str) -> None:
    assert xds.folder_of(answer, "a.txt") == folder


def test_without_an_x_window_nothing_is_saved_directly(
    qapp: QApplication, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("DBUS_SESSION_BUS_ADDRESS", raising=False)  # with one, Dolphin is offered its own way
    if QApplication.platformName() == "xcb":
        pytest.skip("this window is an X11 window")
    mime = DirectSave(Dragged("a", "c", "", ("k",)), print)
    assert not mime.hasFormat(xds.FORMAT)
    assert mime.formats() == [ENTRIES]


def test_dolphin_names_the_folder_over_d_bus(tmp_path: Path) -> None:
    program = ["dbus-run-session", "--", sys.executable, "-m", "tests.window.ark_drop", str(tmp_path)]
    told = subprocess.run(program, cwd=Path(__file__).parents[2], capture_output=True, text=True, timeout=60)
    assert told.stdout.splitlines() == [str(tmp_path)], told.stderr


def test_without_a_session_bus_nothing_is_offered_to_dolphin(
    qapp: QApplication, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("DBUS_SESSION_BUS_ADDRESS", raising=False)
    assert ark.offer(print) == {}
