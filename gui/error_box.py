"""What is said when something went wrong: one table from error class to sentence, advice and buttons.

It says what happened, to what, and what to do. Everything shown here is plain text and went through `redact`.
`doing` is always a verb phrase with what it is about: "upload “a.jpg”" makes *Could not upload “a.jpg”*.
"""

from __future__ import annotations

import traceback
from collections.abc import Collection, Iterable
from dataclasses import dataclass

from PySide6.QtCore import QCoreApplication, QSize, Qt
from PySide6.QtGui import QFontDatabase, QGuiApplication
from PySide6.QtWidgets import (
    QDialog,
    QDialogButtonBox,
    QHBoxLayout,
    QLabel,
    QPlainTextEdit,
    QPushButton,
    QToolButton,
    QVBoxLayout,
    QWidget,
)

from storage_core import errors
from storage_core.redaction import redact

from . import theme
from .actions import QT_TRANSLATE_NOOP
from .background import closed
from .icons import pixmap
from .secrets import KeyringLockedError, NoKeyringHereError, SecretsError
from .text import PlainLabel, elided, shown, spelled, with_short_words

# What a box can offer, when its caller can do it: `show_error(…, offers=("retry", "edit account"))`.
RETRY = "retry"
SIGN_IN = "sign in"
EDIT_ACCOUNT = "edit account"
BUTTONS = {
    RETRY: QT_TRANSLATE_NOOP("Errors", "Try again"),
    SIGN_IN: QT_TRANSLATE_NOOP("Errors", "Type the secret again…"),
    EDIT_ACCOUNT: QT_TRANSLATE_NOOP("Errors", "Edit account…"),
}
OWN_WORDS_MAX = 500  # letters of a service's own words; the details have them all
WORD_LETTERS = 56  # of a name, in one line
TEXT_WIDTH = 440  # pixels; about 70 characters a line


@dataclass(frozen=True, slots=True)
class Problem:
    """An error as it is told to people."""

    title: str  # what could not be done
    text: str  # what happened
    hint: str = ""  # what to do; "" when the text says it
    details: str = ""  # for support: status, code, request id
    buttons: tuple[str, ...] = ()  # keys of BUTTONS that make sense, the best first


@dataclass(frozen=True, slots=True)
class Row:
    """`text` "": the error's own sentence is the best there is; `quote` adds that sentence to `text`."""

    kind: type[BaseException]
    text: str
    hint: str = ""
    buttons: tuple[str, ...] = ()
    quote: bool = False


# {object}, {container}, {region} and {path} are filled in. The nearest class of an error's family wins.
TABLE: tuple[Row, ...] = (
    Row(
        errors.InvalidCredsError,
        QT_TRANSLATE_NOOP("Errors", "The service does not accept this sign-in."),
        QT_TRANSLATE_NOOP(
            "Errors",
            "Check what the account signs in with: a missing character and a revoked key look the same.",
        ),
        (SIGN_IN, EDIT_ACCOUNT),
        quote=True,
    ),
    Row(
        errors.AccessDeniedError,
        QT_TRANSLATE_NOOP("Errors", "The service knows you, but this key may not do that."),
        QT_TRANSLATE_NOOP("Errors", "Ask whoever runs the account for the permission, or use another key."),
        (EDIT_ACCOUNT, RETRY),
        quote=True,
    ),
    Row(
        errors.RateLimitReachedError,
        QT_TRANSLATE_NOOP("Errors", "The service asks for patience: too many requests in a short time."),
        QT_TRANSLATE_NOOP("Errors", "Wait a moment and try again."),
        (RETRY,),
    ),
    Row(
        errors.ServerError,
        QT_TRANSLATE_NOOP("Errors", "The service failed on its own side, several times in a row."),
        QT_TRANSLATE_NOOP("Errors", "Nothing is wrong here. Try again in a while."),
        (RETRY,),
        quote=True,
    ),
    Row(
        # A region that the service accepts at this address never comes to here: the driver takes it.
        errors.WrongRegionError,
        QT_TRANSLATE_NOOP("Errors", "What you asked for is in another region {region}."),
        QT_TRANSLATE_NOOP(
            "Errors", "Each region of this service has an address of its own: set that one in the account."
        ),
        (EDIT_ACCOUNT,),
    ),
    Row(
        errors.ClockSkewError,
        QT_TRANSLATE_NOOP(
            "Errors",
            "This computer's clock and the service's clock differ too much for a sign-in to be valid.",
        ),
        QT_TRANSLATE_NOOP("Errors", "Set the clock of this computer (automatic time), then try again."),
        (RETRY,),
    ),
    Row(
        errors.MalformedResponseError,
        QT_TRANSLATE_NOOP("Errors", "The answer is not one that this kind of service gives."),
        QT_TRANSLATE_NOOP(
            "Errors",
            "Check the address: it may be a web page, a proxy's sign-in page, or another kind of service.",
        ),
        (EDIT_ACCOUNT, RETRY),
        quote=True,
    ),
    Row(
        errors.ProviderError,
        QT_TRANSLATE_NOOP("Errors", "The service refused."),
        "",
        (RETRY,),
        quote=True,
    ),
    Row(
        errors.UnreachableError,
        QT_TRANSLATE_NOOP("Errors", "The service cannot be reached."),
        QT_TRANSLATE_NOOP(
            "Errors", "Check the spelling of the address, the network, and the proxy of the account."
        ),
        (RETRY, EDIT_ACCOUNT),
        quote=True,
    ),
    Row(
        errors.TimedOutError,
        QT_TRANSLATE_NOOP("Errors", "The service did not answer in time."),
        QT_TRANSLATE_NOOP("Errors", "Check the network and try again."),
        (RETRY, EDIT_ACCOUNT),
        quote=True,
    ),
    Row(
        errors.ConnectionLostError,
        QT_TRANSLATE_NOOP(
            "Errors", "The connection broke off before everything had arrived, and did not come back."
        ),
        QT_TRANSLATE_NOOP("Errors", "Check the network and try again."),
        (RETRY,),
    ),
    Row(
        errors.CertificateError,
        QT_TRANSLATE_NOOP("Errors", "The server's certificate is not trusted, so nothing was sent."),
        QT_TRANSLATE_NOOP(
            "Errors",
            "If it is a server of your own, name its CA file in the account, or trust its certificate there.",
        ),
        (EDIT_ACCOUNT, RETRY),
        quote=True,
    ),
    Row(
        errors.NetworkError,
        QT_TRANSLATE_NOOP("Errors", "The network failed."),
        QT_TRANSLATE_NOOP("Errors", "Check the network and try again."),
        (RETRY,),
        True,
    ),
    Row(
        errors.ContainerDoesNotExistError,
        QT_TRANSLATE_NOOP("Errors", "There is no container “{container}”, or this key cannot see it."),
        QT_TRANSLATE_NOOP("Errors", "Refresh the list; somebody may have deleted it."),
        (RETRY,),
    ),
    Row(
        errors.ContainerAlreadyExistsError,
        QT_TRANSLATE_NOOP(
            "Errors", "The name “{container}” is taken: on many services names are shared by all customers."
        ),
        QT_TRANSLATE_NOOP("Errors", "Choose another name."),
    ),
    Row(
        errors.ContainerIsNotEmptyError,
        QT_TRANSLATE_NOOP(
            "Errors", "The container “{container}” is not empty, and only empty ones are deleted."
        ),
        QT_TRANSLATE_NOOP(
            "Errors", "Delete its objects first. Old versions and unfinished uploads count too."
        ),
    ),
    Row(errors.ContainerError, ""),
    Row(
        errors.ObjectDoesNotExistError,
        QT_TRANSLATE_NOOP("Errors", "“{object}” is not there any more."),
        QT_TRANSLATE_NOOP("Errors", "Refresh the list; somebody may have deleted or renamed it."),
        (RETRY,),
    ),
    Row(
        errors.ObjectHashMismatchError,
        QT_TRANSLATE_NOOP(
            "Errors",
            "“{object}” did not arrive as it was sent: the hashes differ. The damaged copy was not kept.",
        ),
        QT_TRANSLATE_NOOP(
            "Errors", "Try again. If it happens often, something between here and the service changes data."
        ),
        (RETRY,),
    ),
    Row(
        errors.ObjectChangedError,
        QT_TRANSLATE_NOOP(
            "Errors", "Somebody else wrote or removed “{object}” in the meantime. Nothing was overwritten."
        ),
        QT_TRANSLATE_NOOP("Errors", "Refresh the list, look, and decide again."),
        (RETRY,),
    ),
    Row(
        errors.ObjectArchivedError,
        QT_TRANSLATE_NOOP(
            "Errors", "“{object}” is in an archive class and must be restored before it can be read."
        ),
        QT_TRANSLATE_NOOP(
            "Errors", "Ask for the restoration in the provider's console; it takes minutes to hours."
        ),
    ),
    Row(
        errors.SourceChangedError,
        QT_TRANSLATE_NOOP("Errors", "The file changed while it was being sent. Nothing was stored."),
        QT_TRANSLATE_NOOP("Errors", "Try again when the program that writes it has finished."),
        (RETRY,),
        quote=True,
    ),
    Row(errors.ObjectError, ""),
    Row(
        errors.DiskFullError,
        QT_TRANSLATE_NOOP("Errors", "The disk is full."),
        QT_TRANSLATE_NOOP("Errors", "Make room, or choose another folder; what had arrived is continued."),
        (RETRY,),
        quote=True,
    ),
    Row(
        errors.LocalFileExistsError,
        "",
        QT_TRANSLATE_NOOP("Errors", "Choose another name, or allow the file to be replaced."),
    ),
    Row(errors.LocalFileError, "", "", (RETRY,)),
    Row(errors.OperationNotSupportedError, ""),
    Row(errors.AttributeRefusedError, ""),
    Row(errors.MissingExtraError, ""),
    Row(errors.LibcloudError, "", "", (RETRY,)),
    Row(
        NoKeyringHereError,
        QT_TRANSLATE_NOOP("Errors", "This computer has no keyring that can keep a secret."),
        QT_TRANSLATE_NOOP("Errors", "The secret is kept for this run only and asked for again next time."),
    ),
    Row(
        KeyringLockedError,
        QT_TRANSLATE_NOOP("Errors", "The keyring is locked, or its question was not answered."),
        QT_TRANSLATE_NOOP(
            "Errors", "Unlock it and try again. Until then the secret is kept for this run only."
        ),
        (RETRY,),
    ),
    Row(
        SecretsError,
        "",
        QT_TRANSLATE_NOOP("Errors", "The secret is kept for this run only and asked for again next time."),
        (RETRY,),
    ),
    Row(
        TimeoutError,
        QT_TRANSLATE_NOOP("Errors", "It took too long."),
        QT_TRANSLATE_NOOP("Errors", "Check the network and try again."),
        (RETRY,),
    ),
    Row(
        PermissionError,
        QT_TRANSLATE_NOOP("Errors", "This computer does not allow it: {path}"),
        QT_TRANSLATE_NOOP("Errors", "Check the permissions of the file."),
    ),
    Row(
        FileNotFoundError,
        QT_TRANSLATE_NOOP("Errors", "There is no such file or folder: {path}"),
        "",
        (RETRY,),
    ),
    Row(ValueError, "", QT_TRANSLATE_NOOP("Errors", "Check the account's fields."), (EDIT_ACCOUNT,)),
    Row(OSError, QT_TRANSLATE_NOOP("Errors", "This computer refused."), "", (RETRY,), quote=True),
)
_ROWS = {row.kind: row for row in TABLE}


def sentence(error: BaseException, doing: str) -> Problem:
    """The table's row for an error, filled in: for a box, a status line or a transfer's row."""
    row = next((_ROWS[kind] for kind in type(error).__mro__ if kind in _ROWS), None)
    title = tr("Could not {doing}").format(doing=doing)
    own = _full_stop(elided(redact(str(error)).strip(), OWN_WORDS_MAX))
    if row is None:
        text = tr("Something unexpected happened: {error}").format(error=own or type(error).__name__)
        return Problem(title, text, details=details(error))
    is_filled = row.text and not (isinstance(error, errors.ContainerError) and not error.container_name)
    text = _filled(tr(row.text), error) if is_filled else own or _full_stop(type(error).__name__)
    if row.quote and own and own.rstrip(".") not in text:
        text = f"{text}\n\n{own}"
    return Problem(title, text, tr(row.hint) if row.hint else "", details(error), row.buttons)


def button_text(key: str) -> str:
    """What stands on a button of BUTTONS."""
    return tr(BUTTONS[key])


def details(error: BaseException) -> str:
    """What support asks for, one fact a line, redacted."""
    facts: list[tuple[str, object]] = [("error", type(error).__name__)]
    if isinstance(error, errors.LibcloudError):
        facts += [
            ("message", str(error)),
            ("status", error.status or ""),
            ("code", error.code),
            ("request id", error.request_id),
            ("container", error.container_name),
            ("object", error.object_name),
        ]
    else:
        facts.append(("message", str(error)))
    return redact("\n".join(f"{name}: {value}" for name, value in facts if value not in ("", None)))


async def show_error(
    parent: QWidget | None, error: Exception, doing: str, *, offers: Collection[str] = ()
) -> str:
    """Show the box and wait; returns the key of the pressed button, "" when it was just closed.

    `offers`: what the caller can do (keys of BUTTONS); of these the box shows what makes sense for the error.
    A StoppedError is nobody's failure and shows nothing.
    """
    if isinstance(error, errors.StoppedError):
        return ""
    problem = sentence(error, doing)
    box = Box(parent, problem.title, problem.text, hint=problem.hint, details=problem.details)
    for key in problem.buttons:
        if key in offers:
            box.add(key, button_text(key), default=key == RETRY)
    box.add("", tr("Close"), escape=True)
    await closed(box)
    return box.choice


class Box(QDialog):
    """A title, a text, advice, foldable details, buttons. `choice` is the key of the pressed one."""

    def __init__(
        self,
        parent: QWidget | None,
        title: str,
        text: str,
        *,
        hint: str = "",
        details: str = "",
        icon: str = "error",
        danger: bool = True,
    ) -> None:
        super().__init__(parent)
        self.choice = ""
        self.setObjectName("box")
        self.setWindowTitle(title)
        self.setAccessibleName(title)
        self.setAccessibleDescription(text)
        self.buttons = QDialogButtonBox(self)
        self._details = spelled(details)  # it is copied, and pasted who knows where
        outer = QVBoxLayout(self)
        outer.setContentsMargins(24, 24, 24, 16)
        outer.setSpacing(16)
        outer.setSizeConstraint(QVBoxLayout.SizeConstraint.SetFixedSize)
        row = QHBoxLayout()
        row.setSpacing(16)
        picture = QLabel(self)
        picture.setPixmap(pixmap(icon, 32, theme.color("bad") if danger else None, self.devicePixelRatioF()))
        row.addWidget(picture, 0, Qt.AlignmentFlag.AlignTop)
        column = QVBoxLayout()
        column.setSpacing(8)
        head = paragraph(title, self)
        head.setProperty("role", "title")
        column.addWidget(head)
        column.addWidget(paragraph(text, self))
        if hint:
            column.addWidget(paragraph(hint, self))
        self.body = column  # where a special box adds what it needs
        row.addLayout(column, 1)
        outer.addLayout(row)
        if details:
            self._add_details(column)
        outer.addWidget(self.buttons)

    def add(
        self, key: str, text: str, *, default: bool = False, escape: bool = False, danger: bool = False
    ) -> QPushButton:
        """A button that closes the box with `choice = key`; with `escape` it counts as no choice."""
        role = QDialogButtonBox.ButtonRole.RejectRole if escape else QDialogButtonBox.ButtonRole.AcceptRole
        button = self.buttons.addButton(text, role)
        button.setAutoDefault(False)
        button.setDefault(default)
        if danger:
            tint(button, "bad")
        if default:
            button.setFocus()
        button.clicked.connect(lambda: self._choose(key, accept=not escape))
        return button

    def _choose(self, key: str, *, accept: bool) -> None:
        self.choice = key
        self.done(QDialog.DialogCode.Accepted if accept else QDialog.DialogCode.Rejected)

    def _add_details(self, column: QVBoxLayout) -> None:
        fold = QToolButton(self)
        fold.setText(tr("Details"))
        fold.setAccessibleName(tr("Show details"))
        fold.setCheckable(True)
        fold.setAutoRaise(True)
        fold.setArrowType(Qt.ArrowType.RightArrow)
        fold.setToolButtonStyle(Qt.ToolButtonStyle.ToolButtonTextBesideIcon)
        area = QPlainTextEdit(self._details, self)
        area.setReadOnly(True)
        area.setFont(QFontDatabase.systemFont(QFontDatabase.SystemFont.FixedFont))
        area.setFixedSize(QSize(TEXT_WIDTH, 128))
        area.setAccessibleName(tr("Details"))
        area.setTabChangesFocus(True)
        area.hide()
        copy = QPushButton(tr("Copy details"), self)
        copy.setAutoDefault(False)
        copy.hide()
        copy.clicked.connect(lambda: QGuiApplication.clipboard().setText(self._details))
        fold.toggled.connect(area.setVisible)
        fold.toggled.connect(copy.setVisible)
        fold.toggled.connect(
            lambda on: fold.setArrowType(Qt.ArrowType.DownArrow if on else Qt.ArrowType.RightArrow)
        )
        column.addWidget(fold)
        column.addWidget(area)
        column.addWidget(copy, 0, Qt.AlignmentFlag.AlignLeft)


def crash_report(error: BaseException, about: Iterable[str]) -> str:
    """What a person can send us: versions and the traceback, redacted."""
    lines = traceback.format_exception(type(error), error, error.__traceback__)
    return spelled(redact("\n".join([*about, "", "".join(lines)])))


def crash_box(parent: QWidget | None, report: str, log: str) -> Box:
    """For an exception nobody expected: the program goes on, and the report can be copied."""
    text = tr("Skyferry met a fault of its own and goes on. What you were just doing may not have happened.")
    hint = tr("A report helps to fix it; it holds no secrets. Copy it from the details. Log file: {log}")
    title = tr("That should not have happened")
    box = Box(parent, title, text, hint=hint.format(log=log), details=report)
    box.add("", tr("Close"), escape=True)
    return box


def paragraph(text: str, parent: QWidget) -> PlainLabel:
    """Wrapped plain text that can be selected, with everything visible line by line."""
    label = PlainLabel(
        with_short_words("\n".join(shown(line) if line else "" for line in text.split("\n")), WORD_LETTERS),
        parent,
        selectable=True,
    )
    label.setWordWrap(True)
    label.setMinimumWidth(TEXT_WIDTH)
    label.setMaximumWidth(TEXT_WIDTH)
    label.setFocusPolicy(Qt.FocusPolicy.NoFocus)
    return label


def tint(widget: QWidget, role: str) -> None:
    """Give a widget a role of the style sheet: "bad", "warn", "good", "muted", "notice", or "" for none."""
    widget.setProperty("role", role)
    widget.style().unpolish(widget)  # a style sheet looks at properties only once
    widget.style().polish(widget)


# -- helpers --


def tr(text: str) -> str:
    return QCoreApplication.translate("Errors", text)


def _filled(text: str, error: BaseException) -> str:
    region = str(getattr(error, "region", "") or "")
    return (
        text.replace("{object}", shown(str(getattr(error, "object_name", "") or tr("the object"))))
        .replace("{container}", shown(str(getattr(error, "container_name", "") or "")))
        .replace(" {region}", f": {shown(region)}" if region else "")
        .replace("{path}", shown(str(getattr(error, "filename", "") or getattr(error, "path", "") or "")))
        .strip()
    )


def _full_stop(text: str) -> str:
    return text if not text or text[-1] in ".!?:”)" else f"{text}."
