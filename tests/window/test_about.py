"""About: what it says, the licences that can be searched, and a report that gives nobody away."""

from __future__ import annotations

import asyncio
import logging
import os
from pathlib import Path
from typing import Any

import pytest
from PySide6.QtCore import QObject, Qt, QUrl, Slot
from PySide6.QtGui import QDesktopServices
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QApplication, QLabel

from gui import background, environment, error_box, icons, records
from gui.accounts import Account
from gui.actions import COMMANDS
from gui.background import until
from gui.dialogs.about import AboutDialog
from gui.dialogs.shortcuts import ShortcutsDialog, rows
from gui.flows import help as flow
from gui.secrets import NoKeyringHereError, Secrets, Vault
from gui.version import program
from storage_core import __version__

from .cut import cut
from .scene import PATIENCE, Scene, show
from .stage import press, typed

pytestmark = pytest.mark.window
CANARY = "c4n4ryS3cretV4lue"
NAME = "Grandmother's holiday bucket"
LICENCES = icons.resource("licences")


def no_keyring() -> Vault:
    raise NoKeyringHereError("none here")


async def dialog(kind: type[Any]) -> Any:
    """The one that is open now, or soon."""

    def there() -> list[Any]:
        return [one for one in QApplication.topLevelWidgets() if isinstance(one, kind) and one.isVisible()]

    await until(there, PATIENCE, kind.__name__)
    return there()[0]


async def about(scene: Scene) -> AboutDialog:
    """Opened from the menu, with everything read."""
    scene.app.secrets = Secrets(no_keyring)
    scene.window.commands["help.about"].trigger()
    found: AboutDialog = await dialog(AboutDialog)
    await until(found.copy.isEnabled, PATIENCE, "the report")
    return found


# -- the dialog --


@pytest.mark.parametrize("theme", ["light", "dark"])
def test_about_says_what_it_is_and_under_which_licences(
    application: QApplication, tmp_path: Path, theme: str
) -> None:
    async def story(scene: Scene) -> None:
        box = await about(scene)
        assert box.version.text() == f"Version {__version__}"
        text = box.about.toPlainText()
        for words in (
            "Apache License 2.0",
            "LGPL-3.0",
            "unmodified",
            "download.qt.io",
            "How to replace them",
        ):
            assert words in text
        for size in (box.size(), box.minimumSizeHint()):
            box.resize(size)
            for tab in range(box.tabs.count()):
                box.tabs.setCurrentIndex(tab)
                assert cut(box) == []
        press(box.yes)

    show(story, tmp_path, theme=theme)


def test_licences_are_listed_searched_and_shown(application: QApplication, tmp_path: Path) -> None:
    async def story(scene: Scene) -> None:
        box = await about(scene)
        box.tabs.setCurrentIndex(1)
        every = box.list.count()
        assert every > 60
        assert "Apache License" in box.licence.toPlainText()
        typed(box.search, "LGPL-3.0 only")
        assert {box.list.item(row).text().split()[0] for row in range(box.list.count())} >= {
            "PySide6_Essentials",
            "shiboken6",
        }
        assert box.list.count() < every
        assert "GNU LESSER GENERAL PUBLIC LICENSE" in box.licence.toPlainText()
        typed(box.search, "no such thing")
        assert box.list.count() == 0
        assert box.licence.toPlainText() == "No component is called so."
        box.search.clear()
        assert box.list.count() == every
        box.list.setFocus()
        QTest.keyClick(box.list, Qt.Key.Key_Down)
        assert box.licence.toPlainText().startswith(box.list.item(1).text())
        press(box.yes)

    show(story, tmp_path)


def test_the_report_is_copied_by_a_button_that_says_so(application: QApplication, tmp_path: Path) -> None:
    async def story(scene: Scene) -> None:
        box = await about(scene)
        box.tabs.setCurrentIndex(2)
        assert box.copied.text() == ""
        press(box.copy)
        assert box.copied.text() == "Copied to the clipboard."
        copied = application.clipboard().text()
        assert copied == box.report.toPlainText()
        assert f"Skyferry {__version__} (source)" in copied
        for words in ("PySide6 ", "Qt platform offscreen", "Screen: ", "Keyring: none here", "requests 2."):
            assert words in copied
        press(box.yes)

    show(story, tmp_path)


def test_everything_in_about_has_a_name_and_tab_reaches_it(application: QApplication, tmp_path: Path) -> None:
    async def story(scene: Scene) -> None:
        box = await about(scene)
        for tab, wanted in ((0, [box.about]), (1, [box.search, box.list, box.licence]),
                            (2, [box.report, box.copy])):  # fmt: skip
            box.tabs.setCurrentIndex(tab)
            box.tabs.tabBar().setFocus()
            seen = []
            for _ in range(8):
                box.focusNextChild()
                seen.append(application.focusWidget())
            for widget in (*wanted, box.yes):
                assert widget in seen, (tab, widget)
                assert widget.accessibleName() or getattr(widget, "text", lambda: "")()
        for label in box.findChildren(QLabel):
            assert label.textFormat() is Qt.TextFormat.PlainText or not label.text()
        QTest.keyClick(box, Qt.Key.Key_Escape)
        assert not box.isVisible()

    show(story, tmp_path)


def test_licences_that_are_missing_are_said_and_the_report_comes_all_the_same(
    application: QApplication, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def missing(*parts: str) -> Path:
        raise FileNotFoundError("the resource licences is missing")

    monkeypatch.setattr(flow, "resource", missing)

    async def story(scene: Scene) -> None:
        box = await about(scene)
        assert "the resource licences is missing" in box.licence.toPlainText()
        assert f"Skyferry {__version__}" in box.report.toPlainText()
        press(box.yes)

    show(story, tmp_path)


# -- the report --


def test_no_secret_and_no_name_is_in_the_report(
    application: QApplication, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """T11: a canary in every place that a report could take it from."""
    home = tmp_path / f"home-of-{CANARY}"
    home.mkdir()
    for name, value in {
        "HOME": str(home), "USER": CANARY, "HTTP_PROXY": f"http://me:{CANARY}@proxy.example:3128",
        "https_proxy": f"http://{CANARY}", "AWS_SECRET_ACCESS_KEY": CANARY, "AWS_SESSION_TOKEN": CANARY,
        "XDG_CURRENT_DESKTOP": f"http://{CANARY}", "XDG_SESSION_TYPE": f"x/{CANARY}",
    }.items():  # fmt: skip
        monkeypatch.setenv(name, value)

    async def story(scene: Scene) -> None:
        app = scene.app
        app.accounts.add(
            Account(
                f"id-{CANARY}", NAME, "s3", {"key": f"AKIA{CANARY}", "endpoint": f"https://{CANARY}.example"},
                containers=(f"bucket-{CANARY}",), proxy=f"http://{CANARY}@proxy", start="diary/",
                ca_file=f"/{CANARY}.pem", pin="ab" * 32,
            )
        )  # fmt: skip
        app.accounts.add(Account("two", "Two", f"provider-{CANARY}"))
        app.settings.last_account = app.settings.download_folder = f"/{CANARY}"
        app.settings.fidelity_settled = app.settings.geometry = CANARY
        app.settings.unknown[CANARY] = CANARY
        app.settings.transfers_at_once = 3
        app.folders.logs.mkdir(parents=True)
        handler = records.PrivateLog(app.folders.log, maxBytes=records.BYTES_MAX, encoding="utf-8")
        handler.setFormatter(records.RedactingFormatter("%(asctime)s %(levelname)s %(name)s: %(message)s"))
        log = logging.Logger("gui.test")
        log.addHandler(handler)
        log.info("nothing that is shown, %s", CANARY)
        log.warning("the object %s could not be read", f"'diary/{CANARY}.txt'")
        log.warning("could not reach https://%s.example/b/o?X-Amz-Signature=%s", CANARY, CANARY)
        log.warning("in %s a file of %s: %s", NAME, home / "letters", CANARY)
        log.error("the folder for copied files: %s", OSError(28, "No space left", f"/{CANARY}"))
        log.error("unexpected", exc_info=_raised(LookupError(f"my {CANARY} X-Auth-Token: {CANARY}")))
        handler.close()
        box = await about(scene)
        report = box.report.toPlainText()
        press(box.yes)
        for hidden in (CANARY, NAME, "Grandmother", "diary", "letters", "AKIA", "example", "abab", str(home)):
            assert hidden not in report
        for told in (
            "Accounts: 1 dummy, 1 s3, 1 unknown", "Proxy of the system: yes", "transfers_at_once = 3",
            "Desktop: something else", "gui.test: the folder for copied files [Errno 28]",
            "gui.test: unexpected [LookupError]",
        ):  # fmt: skip
            assert told in report
        assert "nothing that is shown" not in report

    show(story, tmp_path)


def _raised(error: Exception) -> Exception:
    try:
        raise error
    except LookupError as raised:
        return raised


def test_the_report_shows_the_last_twenty_lines_of_a_long_log(
    application: QApplication, tmp_path: Path
) -> None:
    async def story(scene: Scene) -> None:
        scene.app.folders.logs.mkdir(parents=True)
        line = "2026-11-22 10:00:{0:02d},000 WARNING gui.x: line {0} of it\n"
        noise = "2026-11-22 10:00:00,000 INFO gui.x: noise\n" * 20_000
        scene.app.folders.log.write_text(noise + "".join(line.format(number) for number in range(50)))
        report = await background.in_thread(
            environment.report, scene.app, environment.look(), "-", LICENCES, pool="disk"
        )
        lines = [one for one in report.splitlines() if "WARNING" in one]
        assert len(lines) == environment.LOG_LINES
        assert lines[-1].endswith("gui.x: line 49 of it")
        assert "noise" not in report

    show(story, tmp_path)


@pytest.mark.parametrize(
    ("state", "told"),
    [
        (lambda: Vault(None, "KWallet"), "Keyring: KWallet"),  # type: ignore[arg-type]
        (no_keyring, "Keyring: none here; secrets are kept for one run"),
    ],
)
def test_the_report_names_the_keyring_and_reads_nothing_in_it(
    application: QApplication, tmp_path: Path, state: Any, told: str
) -> None:
    async def story(scene: Scene) -> None:
        scene.app.secrets = Secrets(state)
        scene.window.commands["help.about"].trigger()
        box = await dialog(AboutDialog)
        await until(box.copy.isEnabled, PATIENCE, "the report")
        assert told in box.report.toPlainText()
        press(box.yes)

    show(story, tmp_path)


def test_a_keyring_that_does_not_answer_keeps_no_report_from_coming(
    application: QApplication, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(flow, "KEYRING_SECONDS", 0.1)

    async def story(scene: Scene) -> None:
        answered = background.Event()
        loop = background.running_loop()
        blocked = background.start(
            background.in_thread(_wait_for, loop, answered, pool="keyring"), scene.window
        )
        box = await about(scene)
        assert "Keyring: busy" in box.report.toPlainText()
        press(box.yes)
        answered.set()
        await blocked

    show(story, tmp_path)


def _wait_for(loop: Any, answered: background.Event) -> None:
    asyncio.run_coroutine_threadsafe(answered.wait(), loop).result(PATIENCE)


def test_a_crash_is_reported_under_the_same_lines() -> None:
    report = error_box.crash_report(ValueError("x"), program())
    assert report.startswith(f"Skyferry {__version__} (source), Python ")


def test_home_and_user_are_a_tilde(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HOME", "/home/maria")
    monkeypatch.setenv("USER", "maria")
    cleaned = environment.clean("/home/maria/x /srv/maria/y maria@host marianne ~maria.", [])
    assert "maria/" not in cleaned
    assert cleaned == "~/x /srv/~/y ~@host marianne ~~."


# -- the rest of the menu --


def test_shortcuts_are_those_of_the_command_table(application: QApplication, tmp_path: Path) -> None:
    async def story(scene: Scene) -> None:
        scene.window.commands["help.shortcuts"].trigger()
        box: ShortcutsDialog = await dialog(ShortcutsDialog)
        assert cut(box) == []
        listed = {
            group.child(row).text(0)
            for group in (box.tree.topLevelItem(at) for at in range(box.tree.topLevelItemCount()))
            for row in range(group.childCount())
        }
        assert listed == {command.plain_title for command in COMMANDS.values() if command.shortcuts}
        QTest.keyClicks(box.search, "paste")
        [group] = [box.tree.topLevelItem(at) for at in range(box.tree.topLevelItemCount())]
        assert (group.text(0), group.child(0).text(0), group.child(0).text(1)) == ("Edit", "Paste", "Ctrl+V")
        press(box.yes)

    show(story, tmp_path)


def test_a_command_with_two_keys_names_both(application: QApplication) -> None:
    assert ("View", "Refresh", "F5, Ctrl+R") in rows()


class Opened(QObject):
    """Qt's own way to hear what would be opened (QDesktopServices.setUrlHandler)."""

    def __init__(self) -> None:
        super().__init__()
        self.urls: list[str] = []

    @Slot(QUrl)
    def heard(self, url: QUrl) -> None:
        self.urls.append(url.toString())


def test_the_folder_of_the_log_is_opened_and_made_when_it_is_not_there(
    application: QApplication, tmp_path: Path
) -> None:
    opened = Opened()
    QDesktopServices.setUrlHandler("file", opened, "heard")

    async def story(scene: Scene) -> None:
        scene.window.commands["help.log"].trigger()
        await until(lambda: opened.urls, PATIENCE, "the folder")
        assert opened.urls == [QUrl.fromLocalFile(str(scene.app.folders.logs)).toString()]
        assert scene.app.folders.logs.is_dir()
        if os.name == "posix":
            assert scene.app.folders.logs.stat().st_mode & 0o077 == 0

    try:
        show(story, tmp_path)
    finally:
        QDesktopServices.unsetUrlHandler("file")
