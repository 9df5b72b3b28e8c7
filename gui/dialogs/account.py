"""The account dialog: which service, how to sign in, what few people need; drawn from the provider's row.

It collects and validates. *Test connection* and *Add* only ask (`test_wanted`, `submit_wanted`); the flow
does the work and comes back with `show_result` or `accept`.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass

from PySide6.QtCore import QEvent, QObject, QPoint, Qt, Signal
from PySide6.QtGui import QResizeEvent
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
from ..icons import keep_picture, pixmap
from ..network import PROXY_LOGIN
from ..pasted import Found
from ..text import PlainLabel, shown
from . import checks
from .advanced import Advanced
from .form import SignInForm
from .frame import put_last
from .inputs import Input, PathLine
from .paste_bar import PasteBar
from .provider_list import ProviderList

U = theme.UNIT
BROWSER = "browser"  # a way of signing in that takes as long as a person does
KEYS = ("key", "secret", "token")  # what belongs together for every S3 service


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


class FormArea(QScrollArea):
    """Scrolls a form. What was pointed at stays in sight when the area or the form grows or shrinks."""

    MARGIN = U  # pixels above and below

    def __init__(self, parent: QWidget) -> None:
        super().__init__(parent)
        self._pointed_at: QWidget | None = None

    def keep_in_sight(self, widget: QWidget) -> None:
        """All of it, with what is said below it."""
        self._pointed_at = widget
        self._show_it()

    def let_go(self) -> None:
        """The person is at work there now; nothing scrolls by itself any more."""
        self._pointed_at = None

    def resizeEvent(self, event: QResizeEvent) -> None:
        super().resizeEvent(event)
        self._show_it()

    def eventFilter(self, watched: QObject, event: QEvent) -> bool:
        """The form has its new size or the place of its parts only after it was laid out."""
        done = super().eventFilter(watched, event)
        if watched is self.widget() and event.type() in (QEvent.Type.Resize, QEvent.Type.LayoutRequest):
            self._show_it()
        return done

    def _show_it(self) -> None:
        form, widget = self.widget(), self._pointed_at
        if widget is None or form is None or not form.isAncestorOf(widget):
            return
        bar = self.verticalScrollBar()
        top = widget.mapTo(form, QPoint(0, 0)).y() - self.MARGIN
        bottom = top + widget.height() + 2 * self.MARGIN
        bar.setValue(min(top, max(bar.value(), bottom - self.viewport().height())))


class AccountDialog(QDialog):
    """Add, edit or duplicate. Once accepted, `account()` and `secrets()` are what was typed."""

    test_wanted = Signal()
    submit_wanted = Signal()
    pasted = Signal(str)  # a text, or the path of a file, to be recognised

    def __init__(
        self,
        rows: Sequence[ProviderRow],
        parent: QWidget | None,
        *,
        account: Account | None = None,
        is_new: bool = True,
        saved: Collection[str] = (),
        titles: Sequence[str] = (),
    ) -> None:
        """`account` fills the form. `saved`: the names of the secrets that empty fields keep."""
        super().__init__(parent)
        self.setObjectName("account dialog")
        self._rows = {row.constant: row for row in rows}
        self._account = account
        self._is_new = is_new
        self._saved = tuple(saved)
        self._titles = tuple(titles)
        self._form: SignInForm | None = None
        self._found: tuple[Found, ...] = ()  # the entries of what was pasted last
        self._typed: dict[str, str] = {}  # what was typed for another service's field of the same name
        self._busy = False
        self._before: QWidget | None = None  # what had the keyboard before the connection was tried
        self._failed = False
        self._is_filling = False
        self._build(rows)
        if account is not None and account.provider in self._rows:
            self._show(account.provider)
        elif self.providers is not None:
            self.providers.search.setFocus()

    # -- what was typed --

    @property
    def form(self) -> SignInForm:
        """Of the chosen service. RuntimeError while none is chosen."""
        if self._form is None:
            raise RuntimeError("no service was chosen")
        return self._form

    @property
    def name(self) -> QLineEdit:
        """What the account is called in the list."""
        return self.form.name

    @property
    def advanced(self) -> Advanced:
        """*More options*."""
        return self.form.advanced

    def account(self) -> Account:
        """The account as it may be saved: no secret in it. Call it when `check()` is True."""
        kept = self._account.id if self._account is not None and not self._is_new else new_id()
        return Account(
            kept,
            self.name.text().strip() or self.name.placeholderText(),
            self.form.row.constant,
            self.form.values(),
            containers=self.advanced.containers(),
            start=self.advanced.start(),
            proxy=self.advanced.proxy()[0],
            ca_file=self.advanced.ca_file.value(),
            pin=self.advanced.pin(),
        )

    def secrets(self) -> dict[str, str]:
        """The secret fields that were typed, by field name; those left empty are not in it."""
        login = self.advanced.proxy()[1]
        return {**self.form.secrets(), PROXY_LOGIN: login} if login else self.form.secrets()

    def all_secrets(self, saved: Mapping[str, str]) -> dict[str, str]:
        """What the account signs in with: what was typed, and of the saved what still counts."""
        kept = self.form.saved_secrets() | {PROXY_LOGIN}
        return {**{name: text for name, text in saved.items() if name in kept}, **self.secrets()}

    def provider(self) -> ProviderRow | None:
        """The chosen service."""
        return self._form.row if self._form is not None else None

    def input(self, name: str) -> Input:
        """The input of a field; KeyError."""
        return self.form.input(name)

    def check(self) -> bool:
        """Say below each input what is wrong with it and go to the first; True when nothing is."""
        first = self.form.check()
        if first is not None:
            self._go_to(first)
        return first is None

    # -- what the flow tells --

    def set_busy(self, busy: bool) -> None:
        """While the flow tries the connection: nothing can be changed, Cancel works."""
        if busy and not self._busy:
            self._before = self.focusWidget()
        self._busy = busy
        if self._form is not None:
            self._form.setEnabled(not busy)
        if self.providers is not None:
            self.providers.setEnabled(not busy)
        self.test.setEnabled(not busy)
        self.submit.setEnabled(not busy)
        self._bar.setVisible(busy)
        if busy:
            in_browser = self.form.values().get("sign_in") == BROWSER
            text = self.tr("Sign in in the browser that opens…") if in_browser else self.tr("Connecting…")
            self._show_line("", text, "", role="muted")
        elif self._before is not None and self.cancel.hasFocus():
            self._before.setFocus()  # nothing else was enabled: Return would throw the form away

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
        if self.form.has(result.field):
            self._go_to(self.form.input(result.field))
        elif result.field == "containers":
            self._go_to(self.advanced.only)

    # -- what was pasted or dropped --

    def take(self, found: Found | None) -> None:
        """Fill the form in. Nothing changes when nothing was recognised."""
        if self.paste_bar is None:
            return
        if found is None:
            self.refuse(self.tr("That is nothing which fills a form here. Choose a service on the left."))
            return
        self._found = found.others
        self._fill(found)
        self.paste_bar.show_found(found)

    def refuse(self, sentence: str) -> None:
        """What was pasted cannot be used."""
        if self.paste_bar is not None:
            self.paste_bar.show_problem(sentence)

    def _fill(self, found: Found) -> None:
        """Choose the service and put everything in; what stood there goes."""
        now, fits = self.provider(), self._rows[found.provider].driver
        if self.providers is not None and not (found.joins and now is not None and now.driver == fits):
            self.providers.search.clear()
            self._is_filling = True
            self.providers.select(found.provider)
            self._is_filling = False
            self.form.clear()
        self._forget_result()
        given = {**found.values, **found.secrets}
        self.form.fill({**dict.fromkeys(KEYS, ""), **given} if "key" in given else given)
        self.form.suggest(found.title)
        self.advanced.take(found.containers, found.start, found.ca_file)
        empty = self.form.first_empty()
        self._go_to(empty if empty is not None else self.test)

    # -- building --

    def _build(self, rows: Sequence[ProviderRow]) -> None:
        adding = self._is_new
        self.setWindowTitle(self.tr("Add account") if adding else self.tr("Edit account"))
        outer = QVBoxLayout(self)
        outer.setContentsMargins(2 * U, 2 * U, 2 * U, 2 * U)
        outer.setSpacing(2 * U)
        self.paste_bar: PasteBar | None = None
        if self._account is None:
            self.paste_bar = PasteBar(self)
            self.paste_bar.pasted.connect(lambda text: None if self._busy else self.pasted.emit(text))
            self.paste_bar.chosen.connect(lambda at: self._fill(self._found[at]))
            self.paste_bar.watch(self)
            outer.addWidget(self.paste_bar)
        middle = QHBoxLayout()
        middle.setSpacing(3 * U)
        self.providers: ProviderList | None = None
        if self._account is None:
            self.providers = ProviderList(rows, self)
            self.providers.setFixedWidth(30 * U)
            self.providers.chosen.connect(self._show)
            self.providers.left.connect(lambda: self.name.setFocus() if self._form is not None else None)
            if self.paste_bar is not None:
                self.paste_bar.watch(self.providers.search)
            middle.addWidget(self.providers)
        self._pages = QStackedWidget(self)
        self._pages.addWidget(self._build_welcome())
        self._scroll = FormArea(self)
        self._scroll.setWidgetResizable(True)
        self._scroll.setFrameShape(QFrame.Shape.NoFrame)
        self._scroll.setFocusPolicy(Qt.FocusPolicy.NoFocus)  # it follows the field that has the keyboard
        self._scroll.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        self._pages.addWidget(self._scroll)
        middle.addWidget(self._pages, 1)
        outer.addLayout(middle, 1)
        outer.addWidget(self._build_result())
        outer.addLayout(self._build_buttons())
        self.resize(105 * U if self.providers is not None else 70 * U, 82 * U)

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
        if self.provider() is row:
            return
        old_name = ""
        if self._form is not None:
            self._typed |= self._form.typed()
            old_name = self._form.name.text()
        self._forget_result()
        if self.paste_bar is not None and not self._is_filling:
            self.paste_bar.invite()  # what it said was about another form
        form = SignInForm(row, saved=self._saved, titles=self._titles)
        form.changed.connect(self._forget_result)
        form.name.setText(old_name)
        if self._account is not None:
            form.fill_account(self._account)
        else:
            form.fill(self._typed)
        self._form = form
        self._scroll.setWidget(form)
        if self.paste_bar is not None:
            for line in form.findChildren(QLineEdit):
                if not isinstance(line, PathLine):
                    self.paste_bar.watch(line)
        self._pages.setCurrentIndex(1)
        buttons = (self.test, self.submit_anyway, self.submit, self.cancel)
        put_last(self, self._offer_region, self.trust, *buttons)
        self.test.setEnabled(True)
        self.submit.setEnabled(True)

    def _go_to(self, widget: QWidget) -> None:
        self.form.reveal(widget)
        self._scroll.keep_in_sight(widget)

    def _ask(self, signal: object) -> None:
        if not self._busy and self._form is not None and self.check():
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
        self._scroll.let_go()
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
        if self.form.has("region"):
            self.form.input("region").set_value(str(self._offer_region.property("region")))
            self._ask(self.test_wanted)
