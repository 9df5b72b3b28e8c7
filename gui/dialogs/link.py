"""Which link to copy: one that expires, or the public address where there is one."""

from __future__ import annotations

from collections.abc import Sequence

from PySide6.QtWidgets import QButtonGroup, QRadioButton, QWidget

from .. import sharing, text
from ..sharing import DAY, HOUR
from ..text import ElidedLabel
from .frame import STEP, Frame

CHOICES = (HOUR, DAY, 7 * DAY)  # seconds


class LinkDialog(Frame):
    """`seconds` is how long the link shall work; 0 means the public address."""

    def __init__(
        self,
        name: str,
        choices: Sequence[int],
        public_url: str,
        parent: QWidget | None,
        *,
        usual: int = HOUR,
        why_unsigned: str = "",
    ) -> None:
        """`choices` in seconds, empty where nothing can be signed (then `why_unsigned` says why)."""
        super().__init__("", parent, width=56 * STEP)
        self.setWindowTitle(self.tr("Copy link"))
        self.heading.setText(
            self.tr("Copy a link to “{name}”").format(name=text.elided(text.shown(name), 48))
        )
        self._group = QButtonGroup(self)
        self.column.addSpacing(STEP)
        for seconds in choices:
            self._choice(sharing.expiry(seconds), seconds)
        if choices:
            self.small_print(
                self.tr(
                    "Whoever has the link can read the object until it expires. It cannot be taken back "
                    "before. Treat it like a password."
                )
            )
        elif why_unsigned:
            self.small_print(why_unsigned)
        if public_url:
            self.column.addSpacing(STEP)
            self._choice(self.tr("The &public address, which works as long as the container is public"), 0)
            address = ElidedLabel(text.shown(public_url))
            address.setProperty("role", "muted")
            self.column.addWidget(address)
        wanted = self._group.button(usual if usual in choices else min(choices, default=0))
        wanted.setChecked(True)
        wanted.setFocus()
        self.column.addStretch(1)
        self.yes, _, _ = self.end(self.tr("&Copy Link"))

    @property
    def seconds(self) -> int:
        """How long; 0 for the public address."""
        return max(self._group.checkedId(), 0)

    def _choice(self, label: str, seconds: int) -> None:
        button = QRadioButton(label)
        self._group.addButton(button, seconds)
        self.column.addWidget(button)
