"""A name is taken: what shall happen to what lies there, for this one or for the rest of the transfer?"""

from __future__ import annotations

from datetime import datetime
from functools import partial

from PySide6.QtCore import Qt
from PySide6.QtWidgets import (
    QCheckBox,
    QFrame,
    QGridLayout,
    QHBoxLayout,
    QPushButton,
    QVBoxLayout,
    QWidget,
)

from storage_core.transfers import Conflict, JobRow, Question

from .. import text
from ..text import ElidedLabel, PlainLabel
from .frame import STEP, Frame, stand_back


class ConflictDialog(Frame):
    """`decision` stays ASK until a button was pressed; `for_rest` when it holds for all that follow."""

    def __init__(self, row: JobRow, question: Question, parent: QWidget | None) -> None:
        name = question.name.rstrip("/").rsplit("/", 1)[-1]
        super().__init__("", parent, width=80 * STEP)
        self.setWindowTitle(self.tr("The name is taken"))
        self.heading.setText(
            self.tr("“{name}” is already there").format(name=text.elided(text.shown(name), 56))
        )
        self.decision = Conflict.ASK
        path = question.name.removeprefix(row.target_ref.key if row.target_ref else "")
        place = self.tr("{path} in {target}") if "/" in path else self.tr("In {target}")
        where = ElidedLabel(place.format(path=text.shown(path), target=text.shown(row.target)))
        stand_back(where)
        self.column.addWidget(where)
        self.column.addSpacing(STEP)
        self.column.addLayout(self._sides(question))
        self.column.addSpacing(STEP)
        self.rest = QCheckBox(self.tr("&Do the same for the rest of this transfer"))
        self.column.addWidget(self.rest)
        self.column.addLayout(self._answers())

    @property
    def for_rest(self) -> bool:
        """Whether the answer is meant for all names that are still to come."""
        return self.rest.isChecked()

    def _sides(self, question: Question) -> QHBoxLayout:
        new = self._side(
            self.tr("New"),
            question.source_size,
            question.source_modified,
            _compared(self, question.source_size, question.target_size),
            _later(self, question.source_modified, question.target_modified),
        )
        old = self._side(
            self.tr("Already there"), question.target_size, question.target_modified, "",
            _later(self, question.target_modified, question.source_modified),
        )  # fmt: skip
        sides = QHBoxLayout()
        sides.setSpacing(2 * STEP)
        sides.addWidget(new, 1)
        sides.addWidget(old, 1)
        return sides

    def _side(
        self, title: str, size: int, modified: datetime | None, size_note: str, date_note: str
    ) -> QFrame:
        card = QFrame()
        card.setProperty("role", "card")
        column = QVBoxLayout(card)
        column.setContentsMargins(2 * STEP, STEP, 2 * STEP, STEP)
        heading = PlainLabel(title)
        font = heading.font()
        font.setBold(True)
        heading.setFont(font)
        column.addWidget(heading)
        facts = QGridLayout()
        facts.setHorizontalSpacing(2 * STEP)
        facts.setColumnStretch(1, 1)
        size_text = text.size(size) if size >= 0 else self.tr("not known")
        date_text = text.date(modified) or self.tr("not known")
        for line, (label, value, note) in enumerate(
            ((self.tr("Size"), size_text, size_note), (self.tr("Modified"), date_text, date_note))
        ):
            caption = PlainLabel(label)
            stand_back(caption)
            facts.addWidget(caption, line, 0)
            fact = PlainLabel(f"{value} · {note}" if note else value)
            fact.setToolTip(text.tip(text.date_in_full(modified)) if line else "")
            facts.addWidget(fact, line, 1)
        column.addLayout(facts)
        told = self.tr("{side}: size {size}, modified {date}")
        card.setAccessibleName(told.format(side=title, size=size_text, date=date_text))
        return card

    def _answers(self) -> QHBoxLayout:
        row = QHBoxLayout()
        row.setContentsMargins(0, 2 * STEP, 0, 0)
        row.setSpacing(STEP)
        later = QPushButton(self.tr("Decide &later"))
        later.clicked.connect(self.reject)
        later.setAutoDefault(False)
        row.addWidget(later)
        row.addStretch(1)
        for label, tip, decision in (
            (self.tr("&Replace"), self.tr("The content that is there is lost."), Conflict.REPLACE),
            (
                self.tr("Replace if di&fferent"),
                self.tr("Replace it unless size and content are the same."),
                Conflict.REPLACE_IF_DIFFERENT,
            ),
            (
                self.tr("&Keep both"),
                self.tr("The new one gets a number behind its name."),
                Conflict.KEEP_BOTH,
            ),
            (self.tr("&Skip"), self.tr("Leave what is there, and say so at the end."), Conflict.SKIP),
        ):
            button = QPushButton(label)
            button.setToolTip(text.tip(tip))
            button.setAccessibleDescription(tip)
            button.setAutoDefault(decision is Conflict.SKIP)
            button.clicked.connect(partial(self._decide, decision))
            row.addWidget(button)
        button.setDefault(True)  # Skip: Return loses nothing
        button.setFocus(Qt.FocusReason.OtherFocusReason)
        return row

    def _decide(self, decision: Conflict, _: bool = False) -> None:
        self.decision = decision
        self.accept()


# -- helpers --


def _compared(dialog: ConflictDialog, new: int, old: int) -> str:
    if new < 0 or old < 0:
        return ""
    if new == old:
        return dialog.tr("same")
    return dialog.tr("larger") if new > old else dialog.tr("smaller")


def _later(dialog: ConflictDialog, mine: datetime | None, other: datetime | None) -> str:
    return dialog.tr("newer") if mine is not None and other is not None and mine > other else ""
