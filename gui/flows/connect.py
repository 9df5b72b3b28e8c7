"""Accounts: open one, add, edit, duplicate, remove. Secrets come from the keyring, in its own thread."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from functools import partial
from itertools import islice
from typing import TYPE_CHECKING, Any

from PySide6.QtCore import QCoreApplication
from shiboken6 import Shiboken

from storage_core import errors, providers
from storage_core.base.driver import StorageDriver
from storage_core.providers import Field

from ..accounts import (
    ADDRESSES,
    BUILT_IN,
    DEMO_CLOUD,
    HOME,
    NONE,
    PROXY_LOGIN,
    SYSTEM,
    THIS_COMPUTER,
    Account,
    new_id,
)
from ..background import closed, in_thread, start
from ..context import Context
from ..demo import fill
from ..dialogs.message import MessageDialog
from ..error_box import EDIT_ACCOUNT, RETRY, show_error
from ..named import named
from ..secrets import KeyringLockedError, SecretsError
from ..text import count, shown
from .window import Window

if TYPE_CHECKING:
    from ..dialogs.account import AccountDialog, Result
    from ..pasted import Found as FoundInText

ANONYMOUS = "anonymous"
# A test answers soon: somebody sits in front of it.
TEST_OPTIONS: Mapping[str, Any] = {"attempts": 2, "connect_timeout": 8.0, "timeout": 15.0, "deadline": 25.0}
BROWSER_SECONDS = 200.0  # more than the driver waits for a person in front of the browser
CONTAINERS_COUNTED = 1000
FAILURES = (errors.LibcloudError, ValueError, OSError)


@dataclass(frozen=True, slots=True)
class Found:
    """What a good test saw."""

    containers: int
    named: bool  # they were named in the account, not listed
    region: str = ""  # what the service says its region is, where the account says another


# -- open --


async def driver_for(app: Context, window: Window, account_id: str) -> StorageDriver | None:
    """The account's driver, opened once per run. Asks for a missing secret; None when there is no way."""
    async with app.drivers.opening(account_id):
        driver = app.drivers.get(account_id)
        if driver is not None or not app.accounts.has(account_id):
            return driver
        account = app.accounts.get(account_id)
        try:
            fields = _secret_fields(account)
        except errors.LibcloudError as error:
            await _failed(app, window, account, error)
            return None
        secrets = await _secrets_of(app, window, account, fields)
        if secrets is None:
            return None
        if not account.is_built_in:
            named("network.options")  # loaded here, on the GUI thread: it is Qt's
        try:
            store = str(app.folders.data / "local")
            driver = await in_thread(open_account, account, secrets, store, account=account_id)
        except FAILURES as error:
            await _failed(app, window, account, error)
            return None
        app.drivers.put(account_id, driver)
    return driver


async def sign_in_again(app: Context, window: Window, account_id: str) -> StorageDriver | None:
    """Ask for the secret anew, because the service refused the one that is there."""
    account = app.accounts.get(account_id)
    fields = _secret_fields(account)
    reason = tr("The service did not accept the secret.")
    secrets = await _ask(app, window, account, fields, reason, can_keep=True)
    if secrets is None:
        return None
    app.drivers.forget(account_id)
    return await driver_for(app, window, account_id)


def open_account(account: Account, secrets: Mapping[str, str], store: str, **more: Any) -> StorageDriver:
    """A driver for an account. In a thread: the system is asked for its proxy. LibcloudError, ValueError.

    `store`: the folder for metadata of local files that their file system cannot hold.
    """
    local: dict[str, Any] = {"ex_store": store, "ex_trash": True}
    if account.id == THIS_COMPUTER:
        return providers.open_driver("local", account.values, ex_container_name=HOME, **local)
    if account.id == DEMO_CLOUD:
        return fill(providers.open_driver("dummy", {}, ex_store=DEMO_CLOUD))
    try:
        row = providers.row(account.provider)
    except AttributeError as error:
        raise errors.LibcloudError(
            f"This Skyferry does not know the service “{account.provider}”."
        ) from error
    typed = {name: value for name, value in secrets.items() if name != PROXY_LOGIN}
    if row.constant == "local":
        return providers.open_driver("local", {**account.values, **typed}, **local)
    address = next((account.values[name] for name in ADDRESSES if account.values.get(name)), "")
    target = address or str(row.options.get("endpoint", ""))
    options = named("network.options")(account, secrets.get(PROXY_LOGIN, ""), _a_url(target))
    return providers.open_driver(row.constant, {**account.values, **typed}, **{**options, **more})


# -- add, edit, duplicate, remove --


async def add_account(app: Context, window: Window) -> None:
    """Choose a service, type the secret, see that it works; then open it."""
    await _new_account(app, window, None, {})


async def duplicate_account(app: Context, window: Window, account_id: str) -> None:
    """A second account that begins as a copy of this one, secret included."""
    original = app.accounts.get(account_id)
    if original.is_built_in:
        return
    secrets = await _saved_secrets(app, original)
    copy = replace(original, id=new_id(), title=app.accounts.free_title(original.title))
    await _new_account(app, window, copy, secrets)


async def edit_account(app: Context, window: Window, account_id: str) -> None:
    """Change an account. The secret stays unless another one is typed."""
    old = app.accounts.get(account_id)
    if old.is_built_in:
        return
    secrets = await _saved_secrets(app, old)
    dialog: AccountDialog = named("dialogs.account.AccountDialog")(
        providers.rows(available=False), window.widget, account=old, is_new=False, saved=tuple(secrets)
    )
    notes = _wire(dialog, secrets)
    if not await closed(dialog):
        return
    account, now = dialog.account(), dialog.all_secrets(secrets)
    await _save(app, window, account, now if now != secrets else {}, app.accounts.replace)
    _tell(window, notes)
    if secrets and not now:  # it signs in without one from now on
        doing = tr("remove the old secret of “{title}”").format(title=shown(account.title))
        await _try(window, doing, in_thread(app.secrets.delete, account.id, pool="keyring"))
    app.drivers.forget(account.id)
    window.accounts_changed()
    place = window.place
    if place is not None and place.account == account.id:
        window.refresh(place)


async def remove_account(app: Context, window: Window, account_id: str) -> None:
    """Ask, then forget the account and delete its secret. What it stores in the cloud stays."""
    if account_id in BUILT_IN or not app.accounts.has(account_id):
        return
    account = app.accounts.get(account_id)
    question = MessageDialog(
        window.widget,
        tr("Remove the account “{title}”?").format(title=shown(account.title)),
        tr("It disappears from this list and its secret is deleted from the keyring."),
        hint=tr("Everything it stores in the cloud stays as it is."),
        accept=tr("Remove account"),
        danger=True,
    )
    if not await closed(question) or not app.accounts.has(account_id):
        return
    app.accounts.remove(account_id)
    app.drivers.forget(account_id)
    window.accounts_changed()
    doing = tr("remove “{title}” completely").format(title=shown(account.title))
    await _try(window, doing, in_thread(app.accounts.save, pool="files"))
    await _try(window, doing, in_thread(app.secrets.delete, account_id, pool="keyring"))


# -- the dialog's work --


async def _new_account(
    app: Context, window: Window, template: Account | None, secrets: Mapping[str, str]
) -> None:
    titles = [account.title for account in app.accounts.all()]
    dialog: AccountDialog = named("dialogs.account.AccountDialog")(
        providers.rows(available=False),
        window.widget,
        account=template,
        saved=tuple(secrets),
        titles=titles,
    )
    notes = _wire(dialog, secrets)
    if not await closed(dialog):
        return
    account = dialog.account()
    account = replace(account, title=app.accounts.free_title(account.title))
    await _save(app, window, account, dialog.all_secrets(secrets), app.accounts.add)
    _tell(window, notes)
    window.accounts_changed()
    window.open_place(account.place())


def _wire(dialog: AccountDialog, secrets: Mapping[str, str]) -> list[str]:
    """`secrets`: those that fields left empty stand for. Gives back what there is to tell at the end."""
    notes: list[str] = []
    dialog.pasted.connect(lambda text: start(_recognise(dialog, text), dialog))
    dialog.test_wanted.connect(lambda: start(_test(dialog, secrets, notes, then_accept=False), dialog))
    dialog.submit_wanted.connect(lambda: start(_test(dialog, secrets, notes, then_accept=True), dialog))
    return notes


async def _recognise(dialog: AccountDialog, text: str) -> None:
    """Fill the form from what was pasted or dropped."""
    try:
        found = await in_thread(_recognised, text, pool="files")
    except named("pasted.PasteError") as error:
        if Shiboken.isValid(dialog):
            dialog.refuse(str(error))
        return
    if Shiboken.isValid(dialog):
        dialog.take(found)


def _recognised(text: str) -> FoundInText | None:
    path = named("pasted.path_in")(text)
    found: FoundInText | None = named("pasted.recognise_file" if path else "pasted.recognise")(path or text)
    return found


async def _test(
    dialog: AccountDialog, secrets: Mapping[str, str], notes: list[str], *, then_accept: bool
) -> None:
    account, typed = dialog.account(), dialog.all_secrets(secrets)
    try:
        found = await in_thread(_probe, account, typed, account="test")
    except FAILURES as error:
        if Shiboken.isValid(dialog) and dialog.isVisible():
            dialog.show_result(named("flows.diagnosis.result_of")(error, account, typed))
        return
    if not (Shiboken.isValid(dialog) and dialog.isVisible()):
        return
    if not dialog.form.has("region"):
        found = replace(found, region="")
    if not then_accept:
        dialog.show_result(_good(found))
        return
    if found.region:  # the other one would be refused at every start
        dialog.input("region").set_value(found.region)
        text = tr("The account's region is {region}, as the service says.")
        notes.append(text.format(region=shown(found.region)))
    dialog.accept()


def _probe(account: Account, secrets: Mapping[str, str]) -> Found:
    """One real request, or one per named container. FAILURES."""
    options = dict(TEST_OPTIONS)
    if account.values.get("sign_in") == named("dialogs.account.BROWSER"):
        options["deadline"] = BROWSER_SECONDS
    driver = open_account(account, secrets, "", **options)
    given = driver.region
    for name in account.containers:
        driver.list_page(driver.open_container(name), limit=1)
    is_named = bool(account.containers)
    seen = len(account.containers) or len(list(islice(driver.iterate_containers(), CONTAINERS_COUNTED)))
    return Found(seen, is_named, driver.region if driver.region and driver.region != given else "")


def _good(found: Found) -> Result:
    made: type[Result] = named("dialogs.account.Result")
    if found.named:
        text = tr("Connected: every container named below can be read.")
    elif not found.containers:
        text = tr("Connected. There are no containers yet.")
    elif found.containers == 1:
        text = tr("Connected: one container.")
    else:
        more = "+" if found.containers == CONTAINERS_COUNTED else ""
        text = tr("Connected: {count} containers.").format(count=count(found.containers) + more)
    if not found.region:
        return made(True, text)
    hint = tr("The service says that its region is {region}.").format(region=shown(found.region))
    return made(True, text, hint, region=found.region)


async def _save(
    app: Context, window: Window, account: Account, secrets: Mapping[str, str], put: object
) -> None:
    """Write the account, then its secret; what could not be written is said, and both stay for this run."""
    put(account)  # type: ignore[operator]
    doing = tr("save the account “{title}”").format(title=shown(account.title))
    await _try(window, doing, in_thread(app.accounts.save, pool="files"))
    if secrets:
        await _keep(app, window, account, secrets)


async def _keep(app: Context, window: Window, account: Account, secrets: Mapping[str, str]) -> None:
    doing = tr("save the secret of “{title}”").format(title=shown(account.title))
    while True:
        try:
            vault = await in_thread(app.secrets.keep, account.id, secrets, pool="keyring")
        except SecretsError as error:
            if await show_error(window.widget, error, doing, offers=(RETRY,)) == RETRY:
                continue
            return
        window.tell(tr("The secret is in {vault}.").format(vault=vault))
        return


# -- secrets --


async def _secrets_of(
    app: Context, window: Window, account: Account, fields: tuple[Field, ...]
) -> Mapping[str, str] | None:
    """What the account needs to sign in: known, read, or typed. None when the person said no."""
    has_login = account.proxy not in (SYSTEM, NONE)
    if not has_login and (not fields or account.values.get(ANONYMOUS) == "true"):
        return {}
    reason, can_keep = tr("The keyring holds no secret for this account."), True
    try:
        secrets = await in_thread(app.secrets.read, account.id, pool="keyring")
    except KeyringLockedError as error:
        advice = tr("Unlock it and open the account again, or type the secret here.")
        secrets, reason, can_keep = None, f"{error} {advice}", False
    except SecretsError as error:
        secrets, reason, can_keep = None, str(error), False
    needed = [item.name for item in fields if item.required]
    if secrets is not None and all(secrets.get(name) for name in needed):
        return secrets
    if not needed:
        return secrets or {}
    return await _ask(app, window, account, fields, reason, can_keep=can_keep)


async def _ask(
    app: Context, window: Window, account: Account, fields: tuple[Field, ...], reason: str, *, can_keep: bool
) -> Mapping[str, str] | None:
    dialog = named("dialogs.secret.SecretDialog")(
        shown(account.title), fields, reason, window.widget, can_keep=can_keep
    )
    if not await closed(dialog):
        return None
    known = app.secrets.known(account.id) or {}
    secrets = {**known, **dialog.values()}
    if dialog.keep:
        await _keep(app, window, account, secrets)
    else:
        app.secrets.keep_for_this_run(account.id, secrets)
    return secrets


async def _saved_secrets(app: Context, account: Account) -> Mapping[str, str]:
    """What is saved, {} when it cannot be read: then it has to be typed again."""
    try:
        return await in_thread(app.secrets.read, account.id, pool="keyring") or {}
    except SecretsError:
        return {}


# -- helpers --


def asks_secret(account: Account) -> bool:
    """Whether it signs in with something that can be typed: not where this computer signs in by itself.

    LibcloudError for a service that nobody here knows.
    """
    if account.is_built_in or account.values.get(ANONYMOUS) == "true":
        return False
    return bool(_secret_fields(account))


def _secret_fields(account: Account) -> tuple[Field, ...]:
    """Those that count for its way of signing in. LibcloudError for a service that nobody here knows."""
    try:
        return tuple(item for item in providers.row(account.provider).asked(account.values) if item.secret)
    except AttributeError as error:
        raise errors.LibcloudError(
            f"This Skyferry does not know the service “{account.provider}”."
        ) from error


async def _failed(app: Context, window: Window, account: Account, error: Exception) -> None:
    """Show it; when the person chooses to edit the account, do that next."""
    doing = tr("open “{title}”").format(title=shown(account.title))
    offers = () if account.is_built_in else (EDIT_ACCOUNT,)
    if await show_error(window.widget, error, doing, offers=offers) == EDIT_ACCOUNT:
        start(edit_account(app, window, account.id), window.widget)


def _tell(window: Window, notes: list[str]) -> None:
    for note in notes[-1:]:
        window.tell(note)


async def _try(window: Window, doing: str, work: object) -> None:
    try:
        await work  # type: ignore[misc]
    except (OSError, SecretsError) as error:
        await show_error(window.widget, error, doing)


def _a_url(endpoint: str) -> str:
    """Any address at that service: what a proxy is chosen by. Patterns and missing schemes are filled in."""
    filled = endpoint.replace("{", "").replace("}", "") or "https://s3.amazonaws.com"
    return filled if "://" in filled else f"https://{filled}"


tr = partial(QCoreApplication.translate, "Connect")
