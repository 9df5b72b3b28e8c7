"""Copy a link to an object, signed for a while or public. It goes to the clipboard and nowhere else."""

from __future__ import annotations

from functools import partial
from urllib.parse import quote

from PySide6.QtCore import QMimeData
from PySide6.QtGui import QGuiApplication

from storage_core.base import StorageDriver
from storage_core.errors import AccessDeniedError, LibcloudError, OperationNotSupportedError

from .. import text
from ..accounts import Place
from ..background import closed, in_thread
from ..context import Context
from ..dialogs.link import CHOICES, LinkDialog
from ..dialogs.message import MessageDialog
from ..error_box import show_error
from .connect import driver_for
from .window import Window

# Clipboard histories leave out what is marked so.
PASSWORD_HINT = "x-kde-passwordManagerHint"


async def copy_link(app: Context, window: Window) -> None:
    """Ask for how long, make the link, put it on the clipboard."""
    tr = window.widget.tr
    place, entries = window.place, window.selected()
    if place is None or len(entries) != 1 or entries[0].is_folder:
        window.tell(tr("Select one object first."))
        return
    entry = entries[0]
    doing = tr("make a link to “{name}”").format(name=text.shown(entry.name))
    driver = await driver_for(app, window, place.account)
    if driver is None:
        return
    able = driver.capabilities
    try:
        public = await in_thread(public_address, driver, place, entry.key, account=place.account)
    except LibcloudError as error:
        await show_error(window.widget, error, doing)
        return
    unsigned = "" if "GET" in able.signed_urls else able.why_not("signed_urls")
    choices = [] if unsigned else [n for n in CHOICES if n <= able.signed_url_seconds_max]
    if not choices and not public:
        window.tell(unsigned or tr("This service makes no links that last an hour or longer."))
        return
    dialog = LinkDialog(
        entry.name, choices, public, window.widget, usual=app.settings.link_seconds, why_unsigned=unsigned
    )
    if not await closed(dialog):
        return
    link, seconds = public, dialog.seconds
    if seconds:
        try:
            link = await _signed(window, driver, place, entry.key, seconds)
        except LibcloudError as error:
            await show_error(window.widget, error, doing)
            return
        if not link:
            return
        app.settings.link_seconds = seconds
        await in_thread(app.settings.save, pool="files")
    QGuiApplication.clipboard().setMimeData(_copied(link, secret=bool(seconds)))
    window.tell(tr("The link to “{name}” is on the clipboard.").format(name=text.shown(entry.name)))


async def _signed(window: Window, driver: StorageDriver, place: Place, key: str, seconds: int) -> str:
    """A link that expires; "" when the person did not want what it takes. LibcloudError."""
    sign = partial(driver.sign_url, driver.open_container(place.container), key, seconds=seconds)
    try:
        return await in_thread(sign, account=place.account)
    except OperationNotSupportedError:
        make_key = getattr(driver, "ex_set_temp_url_key", None)
        if make_key is None:
            raise
    # OpenStack: links are signed with a key that the account keeps, and this one has none yet.
    tr = window.widget.tr
    question = MessageDialog(
        window.widget,
        tr("Let this account sign links?"),
        tr("Links that expire are signed with a key that the account keeps, and this account has none yet."),
        hint=tr("A key is made up and stored with the account, at the service. Nothing else changes."),
        accept=tr("Make a key"),
    )
    if not await closed(question):
        return ""
    await in_thread(make_key, account=place.account)
    return await in_thread(sign, account=place.account)


def public_address(driver: StorageDriver, place: Place, key: str) -> str:
    """Where anyone can read the object now; "" when nobody can, or nobody may know. Call in a thread."""
    if not driver.capabilities.has("public_containers"):
        return ""
    try:
        access = driver.get_public_access(driver.open_container(place.container))
    except (AccessDeniedError, OperationNotSupportedError):
        return ""  # not allowed to look: then there is only the signed link
    return f"{access.url.rstrip('/')}/{quote(key, safe='/~')}" if access.on and access.url else ""


def _copied(link: str, *, secret: bool) -> QMimeData:
    mime = QMimeData()
    mime.setText(link)
    if secret:
        mime.setData(PASSWORD_HINT, b"secret")
    return mime
