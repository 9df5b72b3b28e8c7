"""Ask for an account's secret, because the keyring has none or cannot be read; say where it will be kept."""

from __future__ import annotations

from collections.abc import Sequence

from PySide6.QtWidgets import QCheckBox, QWidget

from storage_core.providers import Field

from .frame import Frame
from .inputs import Input


class SecretDialog(Frame):
    """`values()` are the typed secrets by field name; `keep` says whether they go to the keyring."""

    def __init__(
        self, title: str, fields: Sequence[Field], reason: str, parent: QWidget | None, *, can_keep: bool
    ) -> None:
        """`reason`: why it is asked, a sentence. Without `can_keep` it is for this run, and that is said."""
        heading = self.tr("Sign in to {title}").format(title=title)
        super().__init__(heading, parent)
        self.setObjectName("secret dialog")
        if reason:
            self.paragraph(reason)
        self._inputs = [Input(item, self) for item in fields]
        for box in self._inputs:
            self.column.addWidget(box)
        self._keep = QCheckBox(self.tr("Save in the keyring"), self)
        self._keep.setChecked(can_keep)
        self._keep.setVisible(can_keep)
        self.column.addWidget(self._keep)
        if not can_keep:
            self.small_print(
                self.tr("It is used for this run only: nothing is written, and next time it is asked again.")
            )
        self.column.addStretch(1)
        self.sign_in, _, _ = self.end(self.tr("Sign in"))
        for box in self._inputs:
            box.changed.connect(self._judge)
        self._judge()
        if self._inputs:
            self._inputs[0].setFocus()

    @property
    def keep(self) -> bool:
        """Whether the secret goes to the keyring."""
        return not self._keep.isHidden() and self._keep.isChecked()

    def values(self) -> dict[str, str]:
        """What was typed; empty fields are left out."""
        return {box.field.name: box.value() for box in self._inputs if box.value()}

    def _judge(self) -> None:
        self.sign_in.setEnabled(all(box.value() for box in self._inputs if box.field.required))
