"""The account dialog: which service, how to sign in, what few people need; drawn from the provider's row.

It collects and validates. *Test connection* and *Add* only ask (`test_wanted`, `submit_wanted`); the flow
does the work and comes back with `show_result` or `accept`.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from PySide6.QtCore import Qt, Signal
from PySide6.QtWidgets import (
    QDialog,
    QDialogButtonBox,
    QFrame,
    QHBoxLayout,
    QLabel,
    QLineEdit,
    QProgressBar,
    QPushButton,
    QScrollArea,
    QStackedWidget,
    QVBoxLayout,
    QWidget,
)

from storage_core.providers import ProviderRow

from .. import theme
from ..accounts import Account, new_id
from ..error_box import tint
from ..icons import exists, keep_picture, pixmap
from ..network import PROXY_LOGIN
from ..text import PlainLabel, shown
from . import checks
from .advanced import Advanced
from .frame import put_last
from .inputs import ON, Input
from .provider_list import ProviderList

U = theme.UNIT
# Fields that few people need; they are below *More options* unless the row requires them.
SELDOM = frozenset({"endpoint", "region", "addressing", "token", "anonymous"})
ADDRESSES = frozenset({"endpoint", "host", "auth_url", "identity_url"})
ANONYMOUS = "anonymous"


@dataclass(frozen=True, slots=True)
class Result:
    """What a test of the connection found, as it is shown above the buttons."""

    good: bool
    text: str
    hint: str = ""
    field: str = ""  # the input that most likely holds the mistake
    region: str = ""  # a region the service named, offered as a button
    pin: str = ""  # the SHA-256 of a certificate that nobody vouches for, offered for trust in red
    issuer: str = ""  # who signed that certificate, by its own words


class AccountDialog(QDialog):
    """Add, edit or duplicate. Once accepted, `account()` and `secrets()` are what was typed."""

    test_wanted = Signal()
    submit_wanted = Signal()

    def __init__(
        self,
        rows: Sequence[ProviderRow],
        parent: QWidget | None,
        *,
        account: Account | None = None,
        is_new: bool = True,
        has_secret: bool = False,
        titles: Sequence[str] = (),
    ) -> None:
        """`account` fills the form. `has_secret`: empty secret fields keep what is saved."""
        super().__init__(parent)
        self.setObjectName("account dialog")
        self._rows = {row.constant: row for row in rows}
        self._account = account
        self._is_new = is_new
        self._has_secret = has_secret
        self._titles = tuple(titles)
        self._row: ProviderRow | None = None
        self._inputs: dict[str, Input] = {}
        self._typed: dict[str, str] = {}  # what was typed for another service's field of the same name
        self._busy = False
        self._failed = False
        self._build(rows)
        if account is not None and account.provider in self._rows:
            self._show(account.provider)
        elif self.providers is not None:
            self.providers.search.setFocus()

    # -- what was typed --

    def account(self) -> Account:
        """The account as it may be saved: no secret in it. Call it when `problems()` is empty."""
        row = self._chosen_row()
        values = {
            name: self._value(name)
            for name, box in self._inputs.items()
            if not box.field.secret and box.value() and box.value() != box.field.default
        }
        kept = self._account.id if self._account is not None and not self._is_new else new_id()
        return Account(
            kept,
            self.name.text().strip() or self.name.placeholderText(),
            row.constant,
            values,
            containers=self.advanced.containers(),
            start=self.advanced.start(),
            proxy=self.advanced.proxy()[0],
            ca_file=self.advanced.ca_file.value(),
            pin=self.advanced.pin(),
        )

    def secrets(self) -> dict[str, str]:
        """The secret fields that were typed, by field name; those left empty are not in it."""
        typed = {name: box.value() for name, box in self._inputs.items() if box.field.secret and box.value()}
        login = self.advanced.proxy()[1]
        return {**typed, PROXY_LOGIN: login} if login else typed

    def provider(self) -> ProviderRow | None:
        """The chosen service."""
        return self._row

    def input(self, name: str) -> Input:
        """The input of a field; KeyError."""
        return self._inputs[name]

    def check(self) -> bool:
        """Say below each input what is wrong with it and go to the first; True when nothing is."""
        first: QWidget | None = None
        for name, box in self._inputs.items():
            problem, warning = self._judge(name, box)
            box.say(problem or warning, problem=bool(problem))
            if problem and first is None:
                first = box
        wrong = self.advanced.check()
        if first is None and wrong is not None:
            first = wrong
        if first is not None:
            if self.advanced.isAncestorOf(first):
                self.advanced.unfold()
            first.setFocus()
            self._scroll.ensureWidgetVisible(first)
        return first is None

    # -- what the flow tells --

    def set_busy(self, busy: bool) -> None:
        """While the flow tries the connection: nothing can be changed, Cancel works."""
        self._busy = busy
        self._form.setEnabled(not busy)
        if self.providers is not None:
            self.providers.setEnabled(not busy)
        self.test.setEnabled(not busy)
        self.submit.setEnabled(not busy)
        self._bar.setVisible(busy)
        if busy:
            self._show_line("", self.tr("Connecting…"), "", role="muted")

    def show_result(self, result: Result) -> None:
        """What the test found, and the field or button that mends it."""
        self.set_busy(False)
        self._failed = not result.good
        self._show_line(
            "check" if result.good else "error",
            result.text,
            result.hint,
            role="good" if result.good else "bad",
        )
        self.submit_anyway.setVisible(self._failed)
        self._offer_region.setVisible(bool(result.region))
        self._offer_region.setProperty("region", result.region)
        self._offer_region.setText(self.tr("Use region {region}").format(region=shown(result.region)))
        self._offer_pin(result)
        if result.field in self._inputs:
            box = self._inputs[result.field]
            if self.advanced.isAncestorOf(box):
                self.advanced.unfold()
            box.setFocus()
        elif result.field == "containers":
            self.advanced.unfold()
            self.advanced.only.setFocus()
            self._scroll.ensureWidgetVisible(self.advanced.only)

    # -- building --

    def _build(self, rows: Sequence[ProviderRow]) -> None:
        adding = self._is_new
        self.setWindowTitle(self.tr("Add account") if adding else self.tr("Edit account"))
        outer = QVBoxLayout(self)
        outer.setContentsMargins(2 * U, 2 * U, 2 * U, 2 * U)
        outer.setSpacing(2 * U)
        middle = QHBoxLayout()
        middle.setSpacing(3 * U)
        self.providers: ProviderList | None = None
        if self._account is None:
            self.providers = ProviderList(rows, self)
            self.providers.setFixedWidth(30 * U)
            self.providers.chosen.connect(self._show)
            self.providers.left.connect(lambda: self.name.setFocus())
            middle.addWidget(self.providers)
        self._pages = QStackedWidget(self)
        self._pages.addWidget(self._build_welcome())
        self._scroll = QScrollArea(self)
        self._scroll.setWidgetResizable(True)
        self._scroll.setFrameShape(QFrame.Shape.NoFrame)
        self._scroll.setFocusPolicy(Qt.FocusPolicy.NoFocus)  # it follows the field that has the keyboard
        self._scroll.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        self._pages.addWidget(self._scroll)
        middle.addWidget(self._pages, 1)
        outer.addLayout(middle, 1)
        outer.addWidget(self._build_result())
        outer.addLayout(self._build_buttons())
        self._form = QWidget()
        self.name: QLineEdit = QLineEdit()
        self.advanced = Advanced()
        self.resize(105 * U if self.providers is not None else 70 * U, 76 * U)

    def _build_welcome(self) -> QWidget:
        page = QWidget(self)
        column = QVBoxLayout(page)
        column.addStretch(2)
        picture = QLabel(page)
        keep_picture(picture, "cloud", 64)
        picture.setAlignment(Qt.AlignmentFlag.AlignCenter)
        text = PlainLabel(self.tr("Choose a service on the left."), page)
        text.setAlignment(Qt.AlignmentFlag.AlignCenter)
        text.setProperty("role", "muted")
        column.addWidget(picture)
        column.addWidget(text)
        column.addStretch(3)
        return page

    def _build_result(self) -> QFrame:
        self._result = QFrame(self)
        self._result.setObjectName("result")
        row = QHBoxLayout(self._result)
        row.setContentsMargins(12, 8, 12, 8)
        row.setSpacing(12)
        self._result_picture = QLabel(self._result)
        row.addWidget(self._result_picture, 0, Qt.AlignmentFlag.AlignTop)
        column = QVBoxLayout()
        column.setSpacing(4)
        self._result_text = PlainLabel("", self._result, selectable=True)
        self._result_hint = PlainLabel("", self._result, selectable=True)
        self._result_pin = PlainLabel("", self._result, selectable=True)
        self._result_pin.setObjectName("fingerprint")
        for label in (self._result_text, self._result_hint, self._result_pin):
            label.setWordWrap(True)
            label.setFocusPolicy(Qt.FocusPolicy.NoFocus)
            column.addWidget(label)
        self._result_pin.setProperty("role", "bad")
        self._bar = QProgressBar(self._result)
        self._bar.setRange(0, 0)
        self._bar.setTextVisible(False)
        self._bar.setAccessibleName(self.tr("Connecting…"))
        column.addWidget(self._bar)
        offers = QHBoxLayout()
        self._offer_region = QPushButton(self._result)
        self._offer_region.setAutoDefault(False)
        self._offer_region.clicked.connect(self._take_region)
        self.trust = QPushButton(self.tr("Trust this certificate, for this account only"), self._result)
        self.trust.setAutoDefault(False)
        self.trust.setProperty("role", "bad")
        self.trust.clicked.connect(self._take_pin)
        offers.addWidget(self._offer_region)
        offers.addWidget(self.trust)
        offers.addStretch(1)
        column.addLayout(offers)
        row.addLayout(column, 1)
        self._offer_region.hide()
        self.trust.hide()
        self._result_pin.hide()
        self._result.hide()
        return self._result

    def _build_buttons(self) -> QHBoxLayout:
        row = QHBoxLayout()
        row.setSpacing(U)
        self.test = QPushButton(self.tr("&Test connection"), self)
        self.submit_anyway = QPushButton(
            self.tr("Add anyway") if self._is_new else self.tr("Save anyway"), self
        )
        self.cancel = QPushButton(self.tr("Cancel"), self)
        self.submit = QPushButton(self.tr("&Add account") if self._is_new else self.tr("&Save"), self)
        for button in (self.test, self.submit_anyway, self.cancel):
            button.setAutoDefault(False)
        self.submit.setDefault(True)
        row.addWidget(self.test)
        row.addStretch(1)
        row.addWidget(self.submit_anyway)
        ends = QDialogButtonBox(self)  # puts the two where this system has them
        ends.addButton(self.submit, QDialogButtonBox.ButtonRole.AcceptRole)
        ends.addButton(self.cancel, QDialogButtonBox.ButtonRole.RejectRole)
        row.addWidget(ends)
        self.submit_anyway.hide()
        self.test.setEnabled(False)
        self.submit.setEnabled(False)
        self.test.clicked.connect(lambda: self._ask(self.test_wanted))
        self.submit.clicked.connect(lambda: self._ask(self.submit_wanted))
        self.submit_anyway.clicked.connect(lambda: self.accept() if self.check() else None)
        self.cancel.clicked.connect(self.reject)
        return row

    # -- the form --

    def _show(self, constant: str) -> None:
        """Draw the form of a service. What was typed for fields of the same name stays."""
        row = self._rows[constant]
        if self._row is row:
            return
        self._typed |= {
            name: box.value() for name, box in self._inputs.items() if box.value() != box.field.default
        }
        old_name = self.name.text()
        self._row = row
        self._forget_result()
        form = QWidget()
        column = QVBoxLayout(form)
        column.setContentsMargins(0, 0, 2 * U, 0)
        column.setSpacing(2 * U)
        column.addLayout(self._head(row, form))
        self.name = QLineEdit(form)
        column.addWidget(self._name_box(row, old_name, form))
        self._inputs = {item.name: Input(item, form, saved=self._has_secret) for item in row.fields}
        self.advanced = Advanced(form, has_network=row.constant != "local")
        for name, box in self._inputs.items():
            if name in SELDOM and not box.field.required:
                self.advanced.add(box)
            else:
                column.addWidget(box)
            box.changed.connect(self._forget_result)
        self.advanced.changed.connect(self._forget_result)
        column.addWidget(self.advanced)
        column.addStretch(1)
        self._fill()
        self._form = form
        self._scroll.setWidget(form)
        self._pages.setCurrentIndex(1)
        buttons = (self.test, self.submit_anyway, self.submit, self.cancel)
        put_last(self, self._offer_region, self.trust, *buttons)
        self.test.setEnabled(True)
        self.submit.setEnabled(True)
        if ANONYMOUS in self._inputs:
            self._inputs[ANONYMOUS].changed.connect(self._follow_anonymous)
            self._follow_anonymous()

    def _head(self, row: ProviderRow, parent: QWidget) -> QHBoxLayout:
        head = QHBoxLayout()
        head.setSpacing(12)
        picture = QLabel(parent)
        keep_picture(picture, row.icon if exists(row.icon) else "cloud", 32)
        title = PlainLabel(row.title, parent)
        title.setProperty("role", "title")
        head.addWidget(picture)
        head.addWidget(title, 1)
        return head

    def _name_box(self, row: ProviderRow, old_name: str, parent: QWidget) -> QWidget:
        box = QWidget(parent)
        column = QVBoxLayout(box)
        column.setContentsMargins(0, 0, 0, 0)
        column.setSpacing(4)
        label = PlainLabel(self.tr("Name in the list"), box)
        label.setBuddy(self.name)
        self.name.setObjectName("name")
        self.name.setAccessibleName(self.tr("Name in the list"))
        self.name.setPlaceholderText(_free(row.title, self._titles))
        self.name.setText(self._account.title if self._account is not None else old_name)
        column.addWidget(label)
        column.addWidget(self.name)
        return box

    def _fill(self) -> None:
        """Put in what the account holds, else what was typed before."""
        values: Mapping[str, str] = self._account.values if self._account is not None else self._typed
        for name, box in self._inputs.items():
            if name in values:
                box.set_value(values[name])
        if self._account is not None:
            self.advanced.fill(self._account)
        if any(
            name in SELDOM and not self._inputs[name].field.required
            for name in values
            if name in self._inputs
        ):
            self.advanced.unfold()

    def _follow_anonymous(self) -> None:
        """Who reads without signing in needs no key."""
        without = self._inputs[ANONYMOUS].value() == ON
        for name, box in self._inputs.items():
            if box.field.secret or name == "key":
                box.setEnabled(not without)

    # -- judging --

    def _judge(self, name: str, box: Input) -> tuple[str, str]:
        """What is wrong with an input, and what is only odd."""
        value = box.value()
        if not value:
            keeps = box.field.secret and self._has_secret
            missing = box.field.required and box.isEnabled() and not keeps
            return (self.tr("This is needed.") if missing else ""), ""
        if name in ADDRESSES:
            checked = checks.endpoint(value)
            return checked.problem, checked.warning
        if any(ord(character) < 32 for character in value) and box.field.kind != "multiline":
            return self.tr("This holds a line break or another invisible character."), ""
        return "", ""

    def _value(self, name: str) -> str:
        value = self._inputs[name].value()
        return checks.endpoint(value).value if name in ADDRESSES else value

    def _chosen_row(self) -> ProviderRow:
        if self._row is None:
            raise RuntimeError("no service was chosen")
        return self._row

    def _ask(self, signal: object) -> None:
        if not self._busy and self._row is not None and self.check():
            self.set_busy(True)
            signal.emit()  # type: ignore[attr-defined]

    # -- the result --

    def _show_line(self, picture: str, text: str, hint: str, *, role: str) -> None:
        self._result_picture.setVisible(bool(picture))
        if picture:
            self._result_picture.setPixmap(pixmap(picture, 20, theme.color(role), self.devicePixelRatioF()))
        self._result_text.setText(text)
        self._result_hint.setText(hint)
        self._result_hint.setVisible(bool(hint))
        tint(self._result, "notice" if role == "bad" else "")
        tint(self._result_text, role)
        self._offer_region.hide()
        self.trust.hide()
        self._result_pin.hide()
        self._result.setAccessibleName(text)
        self._bar.setVisible(self._busy)
        self._result.show()

    def _forget_result(self) -> None:
        """What was found is about what stood there before."""
        self._result.hide()
        self._failed = False
        self.submit_anyway.hide()

    def _offer_pin(self, result: Result) -> None:
        self.trust.setVisible(bool(result.pin))
        self.trust.setProperty("pin", result.pin)
        self._result_pin.setVisible(bool(result.pin))
        if result.pin:
            text = self.tr("Issued by {issuer}. SHA-256 fingerprint:\n{fingerprint}")
            issuer = shown(result.issuer or self.tr("nobody named"))
            self._result_pin.setText(text.format(issuer=issuer, fingerprint=checks.fingerprint(result.pin)))

    def _take_pin(self) -> None:
        self.advanced.set_pin(str(self.trust.property("pin")))
        self._ask(self.test_wanted)

    def _take_region(self) -> None:
        if "region" in self._inputs:
            self._inputs["region"].set_value(str(self._offer_region.property("region")))
            self._ask(self.test_wanted)


def _free(title: str, taken: Sequence[str]) -> str:
    free, number = title, 2
    while free in taken:
        free, number = f"{title} {number}", number + 1
    return free
