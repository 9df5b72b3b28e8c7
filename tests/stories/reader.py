"""Somebody who looks for help: the guide by F1, then About; with the keyboard, heard by a screen reader."""

from __future__ import annotations

from tests.stories.desktop import Desktop

SECONDS = 60.0  # until the first window; a busy machine


def looks_for_help(desktop: Desktop, argv: list[str], cwd: str) -> str:
    """Start the program, read in the guide, open About; returns the environment report."""
    program = desktop.start(argv, "help", cwd=cwd)
    desktop.screen.wait("list item", lambda name: name.startswith("This computer"), seconds=SECONDS)
    _reads_the_guide(desktop)
    report = _reads_about(desktop)
    desktop.key("ctrl+q")
    assert program.wait(30) == 0
    assert (desktop.logs / "help.log").read_text() == ""
    return report


def _reads_the_guide(desktop: Desktop) -> None:
    desktop.key("F1")
    desktop.screen.wait("list item", "Skyferry user guide")
    page = desktop.screen.wait("label", "Guide")  # as Qt tells what can only be read
    assert "Skyferry" in page.text
    desktop.key("ctrl+f")
    desktop.until(lambda: desktop.screen.wait("text", "Find in this page").has("focused"), "the field")
    desktop.type("keyring")
    desktop.until(
        lambda: desktop.screen.wait("text", "Find in this page").text == "keyring", "what was typed", 10.0
    )
    assert desktop.screen.find("label", "Not found") is None
    desktop.key("ctrl+w")
    desktop.screen.wait_gone("list item", "Skyferry user guide")


def _reads_about(desktop: Desktop) -> str:
    desktop.key("alt+h")
    desktop.screen.wait("menu item", "About Skyferry")
    desktop.key("a")
    desktop.screen.wait("label", "Version 0.1.0")
    about = desktop.screen.wait("text", "About Skyferry and the libraries it uses")
    desktop.until(lambda: "LGPL-3.0" in about.text, "Qt's notice")
    desktop.key("alt+l")
    desktop.screen.wait("list item", lambda name: name.startswith("Skyferry "))
    desktop.key("Tab")
    desktop.until(lambda: desktop.screen.wait("text", "Search components").has("focused"), "the search")
    desktop.type("pyside")
    desktop.screen.wait("list item", lambda name: name.startswith("PySide6_Essentials"))
    desktop.key("alt+e")
    report = desktop.screen.wait("text", "Environment report")
    desktop.until(lambda: report.text.startswith("Skyferry "), "the report")
    desktop.key("alt+c")
    desktop.screen.wait("label", "Copied to the clipboard.")
    told = report.text
    desktop.key("Escape")
    desktop.screen.wait_gone("text", "Environment report")
    return told
