"""Ask for one name: of a container, a folder, an object. What cannot be is said while typing."""

from __future__ import annotations

from collections.abc import Callable

from PySide6.QtWidgets import QLineEdit, QWidget

from ..text import PlainLabel
from .frame import Frame, ProblemLabel, named


class NameDialog(Frame):
    """`check(name)` gives "" or the sentence that says why not. `name` is what was typed, unchanged."""

    def __init__(
        self,
        heading: str,
        label: str,
        accept: str,
        check: Callable[[str], str],
        parent: QWidget | None,
        *,
        name: str = "",
        note: str = "",
    ) -> None:
        super().__init__(heading, parent)
        self._check = check
        if note:
            self.small_print(note)
        caption = PlainLabel(label)
        self.field = QLineEdit(name)
        self.field.setClearButtonEnabled(True)
        named(self.field, label)
        caption.setBuddy(self.field)
        self.column.addWidget(caption)
        self.column.addWidget(self.field)
        self.problem = ProblemLabel()
        self.column.addWidget(self.problem)
        self.column.addStretch(1)
        self.yes, _, _ = self.end(accept)
        self.field.textChanged.connect(self._judge)
        self._judge(name)
        self.field.setFocus()
        # The ending of a file stays when its name is typed over.
        dot = name.rfind(".")
        self.field.setSelection(0, dot if dot > 0 else len(name))

    @property
    def name(self) -> str:
        """What was typed."""
        return self.field.text()

    def _judge(self, name: str) -> None:
        problem = self._check(name) if name else ""
        self.problem.setText(problem)
        self.problem.setAccessibleName(problem)
        self.yes.setEnabled(bool(name) and not problem)
