"""Where to copy to: an account, one of its containers, a folder in it."""

from __future__ import annotations

from collections.abc import Sequence

from PySide6.QtCore import Signal
from PySide6.QtWidgets import QComboBox, QFormLayout, QLineEdit, QWidget

from ..accounts import Account, Place
from ..text import menu_text
from .frame import STEP, Frame, ProblemLabel, named


class PlaceDialog(Frame):
    """`account_chosen(id)` asks the flow for its containers, which come by `show_containers`."""

    account_chosen = Signal(str)

    def __init__(
        self, heading: str, accounts: Sequence[Account], start: Place, parent: QWidget | None
    ) -> None:
        super().__init__(heading, parent)
        self.account = QComboBox()
        for account in accounts:
            self.account.addItem(menu_text(account.title).replace("&&", "&"), account.id)
        self.container = QComboBox()
        self.container.setEditable(True)
        self.container.setInsertPolicy(QComboBox.InsertPolicy.NoInsert)
        self.folder = QLineEdit(start.prefix)
        self.folder.setPlaceholderText(self.tr("folder/inside/ (empty: at the top)"))
        form = QFormLayout()
        form.setHorizontalSpacing(2 * STEP)
        form.setVerticalSpacing(STEP)
        for label, field in (
            (self.tr("&Account"), self.account),
            (self.tr("C&ontainer"), self.container),
            (self.tr("&Folder"), self.folder),
        ):
            form.addRow(label, field)
            named(field, label.replace("&", ""))
        self.column.addSpacing(STEP)
        self.column.addLayout(form)
        self.problem = ProblemLabel()
        self.column.addWidget(self.problem)
        self.column.addStretch(1)
        self.yes, _, _ = self.end(self.tr("&Copy"))
        self.account.setCurrentIndex(max(0, self.account.findData(start.account)))
        self.container.setEditText(start.container)
        self.account.currentIndexChanged.connect(self._account_changed)
        self.container.editTextChanged.connect(self._judge)
        self._judge()

    @property
    def place(self) -> Place:
        """What was chosen. A folder's last slash may be left out."""
        folder = self.folder.text()
        if folder and not folder.endswith("/"):
            folder += "/"
        return Place(self.account.currentData(), self.container.currentText(), folder)

    def show_containers(self, account: str, names: Sequence[str]) -> None:
        """The containers of an account; too late for another one they are dropped."""
        if account != self.account.currentData():
            return
        typed = self.container.currentText()
        self.problem.setText("")
        self.container.clear()
        self.container.addItems(list(names))
        self.container.setEditText(typed or (names[0] if names else ""))

    def show_problem(self, account: str, sentence: str) -> None:
        """The containers cannot be listed; a name can still be typed."""
        if account == self.account.currentData():
            self.problem.setText(sentence)

    def _account_changed(self) -> None:
        self.container.clear()
        self.container.setEditText("")
        self.folder.clear()
        self.problem.setText("")
        self.account_chosen.emit(self.account.currentData())

    def _judge(self) -> None:
        self.yes.setEnabled(bool(self.container.currentText()))
