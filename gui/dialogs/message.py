"""A question with two answers: what will happen, and a button that names it."""

from __future__ import annotations

from PySide6.QtCore import QCoreApplication
from PySide6.QtWidgets import QWidget

from ..error_box import Box

YES = "yes"


class MessageDialog(Box):
    """`await closed(MessageDialog(…))` is True when the button called `accept` was pressed.

    With `danger` that button is red and Return does not press it.
    """

    def __init__(
        self,
        parent: QWidget | None,
        title: str,
        text: str,
        *,
        accept: str,
        hint: str = "",
        details: str = "",
        reject: str = "",
        danger: bool = False,
        icon: str = "question",
    ) -> None:
        """`reject` "" means *Cancel*. Texts are plain."""
        super().__init__(parent, title, text, hint=hint, details=details, icon=icon, danger=danger)
        self.add(YES, accept, default=not danger, danger=danger)
        cancel = reject or QCoreApplication.translate("MessageDialog", "Cancel")
        self.add("", cancel, default=danger, escape=True).setFocus()


class NoticeDialog(Box):
    """Something to know, and one button."""

    def __init__(
        self,
        parent: QWidget | None,
        title: str,
        text: str,
        *,
        hint: str = "",
        details: str = "",
        icon: str = "info",
    ) -> None:
        super().__init__(parent, title, text, hint=hint, details=details, icon=icon, danger=False)
        close = QCoreApplication.translate("MessageDialog", "Close")
        self.add("", close, default=True, escape=True)
