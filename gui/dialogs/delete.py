"""Before a delete: what it is, how much it is, and whether it can be had back. Return says no."""

from __future__ import annotations

from collections.abc import Sequence

from PySide6.QtCore import Signal
from PySide6.QtWidgets import QHBoxLayout, QPushButton, QWidget

from .. import text
from ..text import ElidedLabel
from .frame import STEP, Frame, ProblemLabel, stand_back

NAMED_MAX = 10


class DeleteDialog(Frame):
    """The flow counts meanwhile and tells with `counted`; Delete can be pressed when there is a figure."""

    stop_counting = Signal()

    def __init__(
        self, heading: str, where: str, names: Sequence[str], parent: QWidget | None, *, trash: bool
    ) -> None:
        """`names` as they are; ten are shown. `trash`: they go where people can take them back from."""
        super().__init__(heading, parent)
        place = ElidedLabel(where)
        stand_back(place)
        self.column.addWidget(place)
        if names:
            self.column.addSpacing(STEP)
        for name in names[:NAMED_MAX]:
            self.column.addWidget(ElidedLabel(f"•  {text.shown(name)}"))
        if len(names) > NAMED_MAX:
            more = self.tr("and {count} more").format(count=text.count(len(names) - NAMED_MAX))
            self.column.addWidget(ElidedLabel(f"…  {more}"))
        self.column.addSpacing(STEP)
        row = QHBoxLayout()
        self.amount = ElidedLabel(self.tr("Counting…"))
        self.enough = QPushButton(self.tr("&Stop counting"))
        self.enough.setAutoDefault(False)
        self.enough.setFlat(True)
        self.enough.clicked.connect(self.stop_counting)
        row.addWidget(self.amount, 1)
        row.addWidget(self.enough)
        self.column.addLayout(row)
        self.problem = ProblemLabel()
        self.column.addWidget(self.problem)
        if trash:
            self.small_print(
                self.tr("It goes to the trash of this computer. You can take it back from there.")
            )
        else:
            self.small_print(self.tr("This cannot be undone."))
        self.column.addStretch(1)
        label = self.tr("Move to &Trash") if trash else self.tr("&Delete")
        self.yes, self.no, _ = self.end(label, safe=True)
        self.yes.setEnabled(False)

    def counting(self, objects: int) -> None:
        """So many so far."""
        self.amount.setText(self.tr("Counting… {count}").format(count=text.count(objects)))

    def counted(self, objects: int, size: int, *, complete: bool) -> None:
        """The figure; not complete when somebody said that it is enough. `size` in bytes."""
        self.enough.hide()
        if not complete:
            figure = self.tr("More than {count} objects, {size}")
        elif objects == 1:
            figure = self.tr("{count} object, {size}")
        else:
            figure = self.tr("{count} objects, {size}")
        self.amount.setText(figure.format(count=text.count(objects), size=text.size(size)))
        self.yes.setEnabled(True)

    def count_failed(self, sentence: str) -> None:
        """Nobody knows how much it is; deleting is still the person's choice."""
        self.enough.hide()
        self.amount.setText(self.tr("How much it is could not be counted."))
        self.problem.setText(sentence)
        self.yes.setEnabled(True)
