"""*More options* of the account dialog: containers by name, where to start, proxy, certificates."""

from __future__ import annotations

from collections.abc import Collection, Sequence

from PySide6.QtCore import Qt, Signal
from PySide6.QtWidgets import (
    QComboBox,
    QFrame,
    QHBoxLayout,
    QLineEdit,
    QPushButton,
    QToolButton,
    QVBoxLayout,
    QWidget,
)

from storage_core.providers import Field

from .. import theme
from ..accounts import Account
from ..network import NONE, SYSTEM
from ..text import PlainLabel
from . import checks
from .inputs import Input

MANUAL = "manual"


class Advanced(QWidget):
    """Folded until it is wanted or holds something."""

    changed = Signal()

    def __init__(
        self,
        parent: QWidget | None = None,
        *,
        fields: Sequence[Field] = (),
        saved: Collection[str] = (),
        has_network: bool = True,
    ) -> None:
        """`fields`: the provider's own that few people need. They stand first, also for Tab."""
        super().__init__(parent)
        self._pin = ""
        self.fold = QToolButton(self)
        self.fold.setText(self.tr("More options"))
        self.fold.setAccessibleName(self.tr("More options"))
        self.fold.setObjectName("more options")
        self.fold.setCheckable(True)
        self.fold.setToolButtonStyle(Qt.ToolButtonStyle.ToolButtonTextBesideIcon)
        self.fold.setArrowType(Qt.ArrowType.RightArrow)
        self.fold.toggled.connect(self._folded)
        self._inside = QWidget(self)
        self._column = QVBoxLayout(self._inside)
        self._column.setContentsMargins(0, theme.UNIT, 0, 0)
        self._column.setSpacing(2 * theme.UNIT)
        self.inputs = {one.name: Input(one, self._inside, saved=one.name in saved) for one in fields}
        for box in self.inputs.values():
            self._column.addWidget(box)
        self.only = self._input(
            "containers",
            self.tr("Only these containers"),
            self.tr("For keys that may not list containers. Names separated by commas."),
        )
        self.start_at = self._input(
            "start", self.tr("Start in"), self.tr("What opens first."), self.tr("container/folder/")
        )
        self._network = QWidget(self._inside)
        self._build_network()
        self._network.setVisible(has_network)
        for widget in (self.only, self.start_at, self._network):
            self._column.addWidget(widget)
        outer = QVBoxLayout(self)
        outer.setContentsMargins(0, 0, 0, 0)
        outer.setSpacing(0)
        outer.addWidget(self.fold, 0, Qt.AlignmentFlag.AlignLeft)
        outer.addWidget(self._inside)
        self._inside.hide()

    def unfold(self) -> None:
        """Show it."""
        self.fold.setChecked(True)

    def fill(self, account: Account) -> None:
        """Show what an account holds, and unfold where that is not the usual."""
        self.only.set_value(", ".join(account.containers))
        self.start_at.set_value(account.start)
        self.ca_file.set_value(account.ca_file)
        self.set_pin(account.pin)
        manual = account.proxy not in (SYSTEM, NONE)
        self.proxy_choice.setCurrentIndex(self.proxy_choice.findData(MANUAL if manual else account.proxy))
        self.proxy_address.setText(account.proxy if manual else "")
        if account.containers or account.start or account.ca_file or account.pin or account.proxy != SYSTEM:
            self.unfold()

    def take(self, containers: Sequence[str], start: str, ca_file: str) -> None:
        """Put in what was pasted; "" and () leave nothing behind. Unfold where there is something."""
        self.only.set_value(", ".join(containers))
        self.start_at.set_value(start)
        self.ca_file.set_value(ca_file)
        if containers or start or ca_file:
            self.unfold()

    def containers(self) -> tuple[str, ...]:
        """The names that were typed, each once."""
        return checks.container_names(self.only.value())

    def start(self) -> str:
        """Where the account opens: "container/folder/" or ""."""
        text = self.start_at.value().strip("/")
        return f"{text}/" if "/" in text else text

    def proxy(self) -> tuple[str, str]:
        """`Account.proxy`, and the `name:password` that was typed into the address, or ""."""
        choice = str(self.proxy_choice.currentData())
        if choice != MANUAL:
            return choice, ""
        return checks.without_login(checks.proxy(self.proxy_address.text()).value)

    def pin(self) -> str:
        """SHA-256 of the certificate trusted by name, hex, or ""."""
        return self._pin

    def set_pin(self, pin: str) -> None:
        """Trust this certificate for the account; "" nobody."""
        self._pin = pin
        self._pin_row.setVisible(bool(pin))
        text = self.tr("Trusted for this account whoever signed it:\n{fingerprint}")
        self._pin_text.setText(text.format(fingerprint=checks.fingerprint(pin)))

    def check(self) -> QWidget | None:
        """Say what is wrong; the first input that is, or None."""
        if self.proxy_choice.currentData() != MANUAL:
            return None
        problem = checks.proxy(self.proxy_address.text()).problem
        self._proxy_problem.setText(problem)
        self._proxy_problem.setVisible(bool(problem))
        return self.proxy_address if problem else None

    def _input(
        self, name: str, label: str, help_text: str, placeholder: str = "", kind: str = "text"
    ) -> Input:
        box = Input(
            Field(name=name, label=label, help=help_text, placeholder=placeholder, kind=kind), self._inside
        )
        box.changed.connect(self.changed)
        return box

    def _build_network(self) -> None:
        column = QVBoxLayout(self._network)
        column.setContentsMargins(0, 0, 0, 0)
        column.setSpacing(2 * theme.UNIT)
        proxy = QVBoxLayout()
        proxy.setSpacing(4)
        label = PlainLabel(self.tr("Proxy"), self._network)
        self.proxy_choice = QComboBox(self._network)
        self.proxy_choice.setObjectName("proxy")
        self.proxy_choice.setAccessibleName(self.tr("Proxy"))
        label.setBuddy(self.proxy_choice)
        for text, value in (
            (self.tr("As the system says"), SYSTEM),
            (self.tr("None: connect directly"), NONE),
            (self.tr("This one:"), MANUAL),
        ):
            self.proxy_choice.addItem(text, value)
        self.proxy_address = QLineEdit(self._network)
        self.proxy_address.setObjectName("proxy address")
        self.proxy_address.setAccessibleName(self.tr("Address of the proxy"))
        self.proxy_address.setPlaceholderText("http://proxy.example.org:3128")
        self.proxy_address.hide()
        self._proxy_problem = PlainLabel("", self._network)
        self._proxy_problem.setProperty("role", "bad")
        self._proxy_problem.setWordWrap(True)
        self._proxy_problem.hide()
        for widget in (label, self.proxy_choice, self.proxy_address, self._proxy_problem):
            proxy.addWidget(widget)
        column.addLayout(proxy)
        self.ca_file = self._input(
            "ca_file",
            self.tr("Certificate authority file"),
            self.tr("PEM file of an authority to trust beside the system's, for servers of your own."),
            kind="path",
        )
        column.addWidget(self.ca_file)
        column.addWidget(self._build_pin())
        self.proxy_choice.currentIndexChanged.connect(self._proxy_chosen)
        self.proxy_address.textEdited.connect(self._proxy_typed)

    def _build_pin(self) -> QWidget:
        self._pin_row = QFrame(self._network)
        self._pin_row.setProperty("role", "notice")
        row = QHBoxLayout(self._pin_row)
        self._pin_text = PlainLabel("", self._pin_row, selectable=True)
        self._pin_text.setWordWrap(True)
        self._pin_text.setProperty("role", "bad")
        forget = QPushButton(self.tr("Trust no more"), self._pin_row)
        forget.setAutoDefault(False)
        forget.clicked.connect(self._forget_pin)
        row.addWidget(self._pin_text, 1)
        row.addWidget(forget, 0, Qt.AlignmentFlag.AlignTop)
        self._pin_row.hide()
        return self._pin_row

    def _forget_pin(self) -> None:
        self.set_pin("")
        self.changed.emit()

    def _proxy_chosen(self) -> None:
        self.proxy_address.setVisible(self.proxy_choice.currentData() == MANUAL)
        self._proxy_typed()

    def _proxy_typed(self) -> None:
        self._proxy_problem.hide()
        self.changed.emit()

    def _folded(self, on: bool) -> None:
        self.fold.setArrowType(Qt.ArrowType.DownArrow if on else Qt.ArrowType.RightArrow)
        self._inside.setVisible(on)
