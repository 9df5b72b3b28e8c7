"""Before a container is opened to the internet, or closed again: what that means. Return says no."""

from __future__ import annotations

from PySide6.QtWidgets import QWidget

from .. import text
from ..text import PlainLabel
from .frame import STEP, Frame


class PublicDialog(Frame):
    """Shows the state that the provider told, and asks whether to turn it round."""

    def __init__(
        self, container: str, parent: QWidget | None, *, is_public: bool, objects: str, url: str
    ) -> None:
        """`objects` as a text, "" when nobody counted; `url` is where anyone reads or will read."""
        super().__init__("", parent, width=60 * STEP)
        self.setWindowTitle(self.tr("Public access"))
        name = text.elided(text.shown(container), 48)
        if is_public:
            self.heading.setText(self.tr("Make “{name}” private?").format(name=name))
            self.paragraph(self.tr("It is public: anyone on the internet can read it, without signing in."))
            self.paragraph(
                self.tr(
                    "Then it is private: only people with a key, or with a link that expires, can read it. "
                    "Public addresses that were given away stop working."
                )
            )
        else:
            self.heading.setText(self.tr("Make “{name}” public?").format(name=name))
            what = objects or self.tr("everything in it")
            self.paragraph(
                self.tr(
                    "Then it is public: anyone on the internet who knows or guesses an address can read "
                    "{what}, without signing in."
                ).format(what=what)
            )
            self.paragraph(
                self.tr(
                    "What is uploaded later will be public, too. On some services the names can be listed as "
                    "well."
                )
            )
        if url:
            self.column.addSpacing(STEP)
            caption = self.tr("Public now at") if is_public else self.tr("It will be found at")
            self.small_print(caption)
            address = PlainLabel(text.elided(text.shown(url), 72), selectable=True)
            address.setAccessibleName(caption)
            self.column.addWidget(address)
        self.column.addStretch(1)
        label = self.tr("Make &Private") if is_public else self.tr("Make &Public")
        self.yes, self.no, _ = self.end(label, safe=True)
