"""The sign-in form of one service, drawn from its row: fields under headings, some only where they matter.

A field that hangs on another (`Field.when`) is there while it counts. Hidden, it keeps what was typed, and
that is neither judged nor saved.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence

from PySide6.QtCore import Signal
from PySide6.QtWidgets import QHBoxLayout, QLabel, QLineEdit, QVBoxLayout, QWidget

from storage_core.providers import Field, ProviderRow
from storage_core.providers_rows import MORE, SIGN_IN

from .. import theme
from ..accounts import ADDRESSES, Account
from ..icons import exists, keep_picture
from ..text import PlainLabel
from . import checks
from .advanced import Advanced
from .inputs import ON, Input

U = theme.UNIT
ANONYMOUS = "anonymous"


class SignInForm(QWidget):
    """`values()` and `secrets()` hold what counts; `typed()` all that stands in the fields."""

    changed = Signal()

    def __init__(
        self,
        row: ProviderRow,
        parent: QWidget | None = None,
        *,
        saved: Collection[str] = (),
        titles: Sequence[str] = (),
    ) -> None:
        """`saved`: the secret fields for which an empty input means the saved one. `titles`: taken names."""
        super().__init__(parent)
        self.row = row
        self._saved = frozenset(saved)
        self._titles = tuple(titles)
        self._inputs: dict[str, Input] = {}
        self._sections: list[tuple[QWidget, list[Input]]] = []
        self._asked: set[str] = set()  # the fields that count now
        self.name = QLineEdit(self)
        column = QVBoxLayout(self)
        column.setContentsMargins(0, 0, 2 * U, 0)
        column.setSpacing(2 * U)
        column.addLayout(self._head())
        column.addWidget(self._name_box())
        for section, fields in _sections_of(row).items():
            column.addWidget(self._section(section, fields))
        seldom = [field for field in row.fields if field.section == MORE]
        has_network = row.constant != "local"
        self.advanced = Advanced(self, fields=seldom, saved=saved, has_network=has_network)
        self._inputs |= self.advanced.inputs
        self.advanced.changed.connect(self.changed)
        column.addWidget(self.advanced)
        column.addStretch(1)
        for box in self._inputs.values():
            box.changed.connect(self._edited)
        self._follow()

    # -- what stands there --

    def input(self, name: str) -> Input:
        """The input of a field; KeyError."""
        return self._inputs[name]

    def has(self, name: str) -> bool:
        """Whether there is such a field, and it counts now."""
        return name in self._inputs and self._counts(self._inputs[name])

    def values(self) -> dict[str, str]:
        """What is saved with the account: the fields that count and differ from their default; no secret."""
        return {
            name: self._value(name)
            for name, box in self._inputs.items()
            if self._counts(box) and not box.field.secret and box.value() not in ("", box.field.default)
        }

    def secrets(self) -> dict[str, str]:
        """The secrets that were typed and count, by field name."""
        return {
            name: box.value()
            for name, box in self._inputs.items()
            if self._counts(box) and box.field.secret and box.value()
        }

    def saved_secrets(self) -> set[str]:
        """The fields whose saved secret goes on counting, because nothing else was typed."""
        return {
            name
            for name in self._saved
            if name in self._inputs and self._counts(self._inputs[name]) and not self._inputs[name].value()
        }

    def typed(self) -> dict[str, str]:
        """All that differs from the defaults, hidden fields and secrets included: for the next form."""
        return {name: box.value() for name, box in self._inputs.items() if box.value() != box.field.default}

    # -- filling it --

    def fill(self, values: Mapping[str, str]) -> None:
        """Put in what is known, by field name; what the form has no field for is left out."""
        for name, box in self._inputs.items():
            if name in values:
                box.set_value(values[name])
        self._follow()
        if any(name in values and box.field.section == MORE for name, box in self._inputs.items()):
            self.advanced.unfold()

    def fill_account(self, account: Account) -> None:
        """Put in what a saved account holds."""
        self.name.setText(account.title)
        self.fill(account.values)
        self.advanced.fill(account)

    def clear(self) -> None:
        """Every field as it is in an empty form; the name stays."""
        for box in self._inputs.values():
            box.set_value(box.field.default)
            box.say("")
        self._follow()

    def suggest(self, title: str) -> None:
        """The name the account has when none is typed."""
        self.name.setPlaceholderText(_free(title or self.row.title, self._titles))

    # -- judging --

    def check(self) -> QWidget | None:
        """Say below each input what is wrong with it; the first that is, or None."""
        first: QWidget | None = None
        for name, box in self._inputs.items():
            problem, warning = self._judge(name, box) if self._counts(box) else ("", "")
            box.say(problem or warning, problem=bool(problem))
            if problem and first is None:
                first = box
        return first or self.advanced.check()

    def reveal(self, widget: QWidget) -> None:
        """Unfold what it is below, and give it the keyboard."""
        if self.advanced.isAncestorOf(widget):
            self.advanced.unfold()
        widget.setFocus()

    def first_empty(self) -> Input | None:
        """The first input that is needed and has nothing in it."""
        return next((box for name, box in self._inputs.items() if self._is_missing(name, box)), None)

    # -- building --

    def _head(self) -> QHBoxLayout:
        head = QHBoxLayout()
        head.setSpacing(12)
        picture = QLabel(self)
        keep_picture(picture, self.row.icon if exists(self.row.icon) else "cloud", 32)
        title = PlainLabel(self.row.title, self)
        title.setProperty("role", "title")
        title.setWordWrap(True)
        head.addWidget(picture)
        head.addWidget(title, 1)
        return head

    def _name_box(self) -> QWidget:
        box = QWidget(self)
        column = QVBoxLayout(box)
        column.setContentsMargins(0, 0, 0, 0)
        column.setSpacing(4)
        label = PlainLabel(self.tr("Name in the list"), box)
        label.setBuddy(self.name)
        self.name.setObjectName("name")
        self.name.setAccessibleName(self.tr("Name in the list"))
        self.suggest("")
        column.addWidget(label)
        column.addWidget(self.name)
        return box

    def _section(self, title: str, fields: Sequence[Field]) -> QWidget:
        section = QWidget(self)
        column = QVBoxLayout(section)
        has_heading = title and (
            self._sections or title != SIGN_IN
        )  # how to sign in, coming first, needs none
        column.setContentsMargins(0, U if has_heading else 0, 0, 0)
        column.setSpacing(2 * U)
        if has_heading:
            heading = PlainLabel(title, section)
            heading.setProperty("role", "heading")
            column.addWidget(heading)
        boxes = [self._input(field, section) for field in fields]
        for box in boxes:
            column.addWidget(box)
        self._sections.append((section, boxes))
        return section

    def _input(self, field: Field, parent: QWidget) -> Input:
        box = Input(field, parent, saved=field.name in self._saved)
        self._inputs[field.name] = box
        return box

    # -- what counts --

    def _edited(self) -> None:
        self._follow()
        self.changed.emit()

    def _follow(self) -> None:
        """Show what counts, given what stands in the other fields."""
        values = {name: box.value() for name, box in self._inputs.items()}
        self._asked = {field.name for field in self.row.asked(values)}
        for name, box in self._inputs.items():
            box.setVisible(name in self._asked)
        for section, boxes in self._sections:
            section.setVisible(any(box.field.name in self._asked for box in boxes))
        if ANONYMOUS in self._asked:  # who reads without signing in needs no key
            without = self._inputs[ANONYMOUS].value() == ON
            for name, box in self._inputs.items():
                if box.field.secret or name == "key":
                    box.setEnabled(not without)

    def _counts(self, box: Input) -> bool:
        return box.field.name in self._asked and box.isEnabledTo(self)

    def _is_missing(self, name: str, box: Input) -> bool:
        return box.field.required and self._counts(box) and not box.value() and name not in self._saved

    def _judge(self, name: str, box: Input) -> tuple[str, str]:
        """What is wrong with an input, and what is only odd."""
        value = box.value()
        if not value:
            return (self.tr("This is needed.") if self._is_missing(name, box) else ""), ""
        if name in ADDRESSES:
            account = self._value_of("key")  # an emulator has it in the path
            has_path = ADDRESSES[name] or bool(account and value.rstrip("/").endswith(f"/{account}"))
            checked = checks.endpoint(value, has_path=has_path)
            return checked.problem, checked.warning
        if box.field.secret:
            named = self.advanced.containers() or self._value_of("container")
            odd = checks.signature(value, lists=not named).problem
            if odd:
                return "", odd
        if any(ord(character) < 32 for character in value) and box.field.kind != "multiline":
            return self.tr("This holds a line break or another invisible character."), ""
        return "", ""

    def _value_of(self, name: str) -> str:
        return self._inputs[name].value() if self.has(name) else ""

    def _value(self, name: str) -> str:
        value = self._inputs[name].value()
        return checks.endpoint(value).value if name in ADDRESSES else value


# -- helpers --


def _sections_of(row: ProviderRow) -> dict[str, list[Field]]:
    """The fields above the fold by their headings, in the order in which the row first names those."""
    sections: dict[str, list[Field]] = {}
    for field in row.fields:
        if field.section != MORE:
            sections.setdefault(field.section, []).append(field)
    return sections


def _free(title: str, taken: Sequence[str]) -> str:
    free, number = title, 2
    while free in taken:
        free, number = f"{title} {number}", number + 1
    return free
