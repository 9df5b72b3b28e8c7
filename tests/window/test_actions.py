"""The command table: what can run when, what it says when it cannot, and where it appears."""

from __future__ import annotations

from dataclasses import replace

import pytest
from PySide6.QtCore import Qt
from PySide6.QtGui import QKeySequence
from PySide6.QtWidgets import QApplication, QMenuBar, QWidget
from pytestqt.qtbot import QtBot

from gui import icons
from gui.actions import COMMANDS, CONTEXTS, MENUS, Command, State, Wants, why_off
from gui.main_window.steering import FLOWS
from gui.menus import Commands
from storage_core.capabilities import FLAG_TEXTS, Capabilities

pytestmark = pytest.mark.window
EVERYTHING = State(
    account="Photos", account_is_saved=True, container="box", in_container=True, objects=1, shown=3,
    pasteable=True, can_back=True, can_forward=True, can_up=True, jobs=1, jobs_running=1, jobs_paused=1,
    jobs_failed=1, jobs_ended=0, any_running=1, any_paused=1, any_ended=1,
)  # fmt: skip
ABLE = replace(
    Capabilities(),
    signed_urls=("GET",),
    public_containers=True,
    public_objects=True,
    cdn=True,
    delete_many=1000,
)


@pytest.mark.parametrize("command", COMMANDS.values(), ids=lambda command: command.id)
def test_a_command_is_on_when_all_it_wants_is_there(command: Command) -> None:
    state = replace(EVERYTHING, jobs_ended=1, jobs=2) if command.wants is not Wants.JOB else EVERYTHING
    assert why_off(command, ABLE, state) == ""


@pytest.mark.parametrize("command", COMMANDS.values(), ids=lambda command: command.id)
def test_a_command_that_is_off_says_why_in_a_sentence(command: Command) -> None:
    why = why_off(command, None, State())
    assert bool(why) is (command.wants is not Wants.NOTHING)
    assert not why or (why[0].isupper() and why.endswith("."))


def test_a_missing_ability_gives_the_services_own_sentence() -> None:
    able = replace(ABLE, create_containers=False, why={"create_containers": "This key may not."})
    assert why_off(COMMANDS["container.new"], able, EVERYTHING) == "This key may not."


def test_one_of_several_abilities_is_enough() -> None:
    neither = replace(ABLE, public_containers=False, public_objects=False, cdn=False, signed_urls=())
    link = COMMANDS["object.link"]
    assert why_off(link, neither, EVERYTHING) == "This service does not offer temporary links."
    assert why_off(link, replace(neither, public_containers=True), EVERYTHING) == ""


def test_an_account_that_is_not_open_has_no_abilities_yet() -> None:
    assert why_off(COMMANDS["container.new"], None, EVERYTHING) == "Open an account first."


def test_containers_in_an_accounts_list_are_neither_renamed_nor_deleted_as_objects() -> None:
    at_the_top = replace(EVERYTHING, in_container=False, objects=0, folders=1)
    for command_id in ("object.delete", "object.rename", "object.properties"):
        assert why_off(COMMANDS[command_id], ABLE, at_the_top)
    for command_id in ("object.download", "object.copy_to", "edit.copy", "container.delete"):
        assert not why_off(COMMANDS[command_id], ABLE, at_the_top)


@pytest.mark.parametrize("command", COMMANDS.values(), ids=lambda command: command.id)
def test_a_row_of_the_table_is_sound(command: Command) -> None:
    assert command.menu in MENUS
    assert set(command.needs) <= set(FLAG_TEXTS)
    assert set(command.context) <= set(CONTEXTS)
    assert not command.icon or icons.exists(command.icon)
    assert all(not QKeySequence(keys).isEmpty() for keys in command.shortcuts)
    assert "&" in command.text


def test_no_shortcut_means_two_things() -> None:
    keys = [key for command in COMMANDS.values() for key in command.shortcuts]
    assert len(keys) == len(set(keys))


@pytest.mark.parametrize("menu", MENUS)
def test_no_mnemonic_of_a_menu_means_two_things(menu: str) -> None:
    letters = [
        command.text[command.text.index("&") + 1].lower()
        for command in COMMANDS.values()
        if command.menu == menu
    ]
    assert len(letters) == len(set(letters)), sorted(letters)


def test_every_flow_belongs_to_a_command() -> None:
    assert set(FLOWS) <= set(COMMANDS)


# -- as actions --


def test_the_menu_bar_has_every_command_once(application: QApplication, qtbot: QtBot) -> None:
    window = QWidget()
    qtbot.addWidget(window)
    commands, bar = Commands(window), QMenuBar(window)
    commands.fill(bar)
    found = [
        action.objectName()
        for menu_action in bar.actions()
        for action in menu_action.menu().actions()  # type: ignore[attr-defined]
        if not action.isSeparator()
    ]
    assert sorted(found) == sorted(COMMANDS)


@pytest.mark.parametrize("kind", CONTEXTS.values())
def test_a_menu_that_opens_has_its_icons(kind: str, application: QApplication, qtbot: QtBot) -> None:
    """They are drawn then, and not while the first window opens."""
    window = QWidget()
    qtbot.addWidget(window)
    window.show()
    menu = Commands(window).context_menu(kind, window)
    wanted = {action.objectName() for action in menu.actions() if COMMANDS.get(action.objectName())}
    wanted = {name for name in wanted if COMMANDS[name].icon}
    assert not any(action.icon().cacheKey() for action in menu.actions() if action.objectName() in wanted)
    menu.popup(window.mapToGlobal(window.rect().center()))
    drawn = {action.objectName() for action in menu.actions() if not action.icon().isNull()}
    assert drawn == wanted
    menu.close()


def test_an_action_that_is_off_says_why_in_tooltip_and_status_line(
    application: QApplication, qtbot: QtBot
) -> None:
    window = QWidget()
    qtbot.addWidget(window)
    commands = Commands(window)
    commands.update(None, State())
    action = commands["object.delete"]
    assert not action.isEnabled()
    assert action.statusTip() == "Select objects or folders in a container first."
    assert "Select objects or folders in a container first." in action.toolTip()
    commands.update(ABLE, EVERYTHING)
    assert action.isEnabled()
    assert action.statusTip() == ""
    assert "Delete (Del)" in action.toolTip()


def test_delete_works_in_the_list_alone(application: QApplication, qtbot: QtBot) -> None:
    """The accounts pane must not delete objects."""
    window, pane, other = QWidget(), QWidget(), QWidget()
    qtbot.addWidget(window)
    for widget in (pane, other):
        widget.setParent(window)
        widget.setFocusPolicy(Qt.FocusPolicy.StrongFocus)
    commands = Commands(window)
    commands.scope({"objects": pane})
    commands.update(ABLE, EVERYTHING)
    ran: list[str] = []
    commands.triggered.connect(ran.append)
    window.show()
    window.activateWindow()
    qtbot.waitUntil(window.isActiveWindow)
    for widget, wanted in ((other, []), (pane, ["object.delete"])):
        widget.setFocus()
        qtbot.keyClick(widget, Qt.Key.Key_Delete)
        assert ran == wanted
    qtbot.keyClick(other, Qt.Key.Key_R, Qt.KeyboardModifier.ControlModifier)
    assert ran[-1] == "view.refresh"
