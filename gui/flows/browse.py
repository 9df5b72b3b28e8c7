"""Going somewhere and seeing what is there: listings come page by page, and end when one goes elsewhere.

The window cancels `open_place` when another place is opened; a page that is under way then is dropped.
"""

from __future__ import annotations

from collections.abc import AsyncIterator, Iterator
from dataclasses import dataclass, field
from functools import partial
from itertools import islice

from PySide6.QtCore import QCoreApplication

from storage_core.base.driver import StorageDriver
from storage_core.base.objects import Object, Page, PublicAccess
from storage_core.errors import (
    InvalidContainerNameError,
    LibcloudError,
    ObjectDoesNotExistError,
)

from ..accounts import Account, Place
from ..background import closed, in_thread
from ..context import Context
from ..dialogs.name import NameDialog
from ..error_box import EDIT_ACCOUNT, RETRY, SIGN_IN, button_text, sentence
from ..models.listing import Entry, entries_of
from ..text import shown
from .connect import asks_secret, driver_for, sign_in_again
from .window import Window

CONTAINERS_AT_ONCE = 500
HELP = {SIGN_IN: "account.sign_in", EDIT_ACCOUNT: "account.edit"}
"""The commands behind the error box's buttons, where trying again cannot help."""
FOLLOWED_MAX = 20_000  # rows of a folder that is looked at again and again while files arrive
TREE_PAGES = 20  # pages a tree node reads in search of folders; the list reads on


@dataclass(slots=True)
class Trail:
    """Where one has been: the places behind, and those one came back from."""

    behind: list[Place] = field(default_factory=list)
    ahead: list[Place] = field(default_factory=list)

    def leave(self, place: Place | None, target: Place) -> None:
        """One goes from `place` to `target` by a new way."""
        if place is not None and place != target:
            self.behind.append(place)
            self.ahead.clear()

    def back(self, place: Place) -> Place:
        """IndexError where there is no way back."""
        target = self.behind.pop()
        self.ahead.append(place)
        return target

    def forward(self, place: Place) -> Place:
        """IndexError where there is no way on."""
        target = self.ahead.pop()
        self.behind.append(place)
        return target

    def forget(self, account_id: str) -> None:
        """The account is gone."""
        self.behind = [place for place in self.behind if place.account != account_id]
        self.ahead = [place for place in self.ahead if place.account != account_id]


# -- listings --


async def open_place(app: Context, window: Window, place: Place) -> None:
    """Fill the list, which has begun to show this place, and tell the tree of the folders."""
    driver = await driver_for(app, window, place.account)
    if driver is None:
        window.objects.fail(tr("This account is not open."))
        return
    window.containers.begin(place)
    try:
        if place.container:
            await _list_folder(driver, window, place)
        else:
            await _list_containers(driver, window, app.accounts.get(place.account))
    except LibcloudError as error:
        problem = sentence(error, _listing(place))
        window.containers.fail(place, problem.text)
        offer = {}
        account = app.accounts.get(place.account)
        buttons = [one for one in problem.buttons if one != SIGN_IN or asks_secret(account)]
        best = next(iter(buttons), RETRY)
        can_change = not account.is_built_in
        if can_change and RETRY not in problem.buttons and best in HELP:
            offer = {"button": button_text(best), "command": HELP[best]}
        window.objects.fail(f"{problem.title}.", f"{problem.text} {problem.hint}".strip(), **offer)
        return
    window.containers.end(place)
    window.objects.end()


async def sign_in(app: Context, window: Window, account_id: str) -> None:
    """Ask for the secret that was refused anew, and look again."""
    place = window.place
    if await sign_in_again(app, window, account_id) is not None and place is not None:
        window.open_place(place)


async def load_children(app: Context, window: Window, place: Place) -> None:
    """What somebody unfolded in the tree. Stops after TREE_PAGES pages."""
    driver = await driver_for(app, window, place.account)
    window.containers.begin(place)
    if driver is None:
        window.containers.fail(place, tr("This account is not open."))
        return
    try:
        if place.container:
            pages = _pages(driver, place)
            for _ in range(TREE_PAGES):
                entries = await in_thread(_next_page, pages, place.prefix, account=place.account)
                if entries is None:
                    break
                window.containers.add(place, [entry.name for entry in entries if entry.is_folder])
            else:
                window.containers.end(place, complete=False)
                return
        else:
            account = app.accounts.get(place.account)
            async for names in _container_names(driver, account):
                window.containers.add(place, names)
    except LibcloudError as error:
        window.containers.fail(place, sentence(error, _listing(place)).text)
        return
    window.containers.end(place)


async def follow(app: Context, window: Window, place: Place) -> None:
    """Look again at the place in the list while a transfer writes there, without a sign of it but the rows.

    A listing that somebody asked for goes first; one that fails is passed over: the next will tell.
    """
    driver, number = app.drivers.get(place.account), window.objects.model.number
    if driver is None:
        return
    pages, found = _pages(driver, place), []
    try:
        while (
            entries := await in_thread(_next_page, pages, place.prefix, account=place.account)
        ) is not None:
            found += entries
            if window.objects.model.number != number or len(found) > FOLLOWED_MAX:
                return
    except LibcloudError:
        return
    window.objects.model.renew(found)
    window.containers.add(place, [entry.name for entry in found if entry.is_folder])


async def _list_folder(driver: StorageDriver, window: Window, place: Place) -> None:
    pages = _pages(driver, place)
    while (entries := await in_thread(_next_page, pages, place.prefix, account=place.account)) is not None:
        window.objects.add_page(entries)
        window.containers.add(place, [entry.name for entry in entries if entry.is_folder])


async def _list_containers(driver: StorageDriver, window: Window, account: Account) -> None:
    place = Place(account.id)
    async for names in _container_names(driver, account):
        window.objects.add_page([Entry(name, name, True) for name in names])
        window.containers.add(place, names)


async def _container_names(driver: StorageDriver, account: Account) -> AsyncIterator[list[str]]:
    if account.containers:
        yield list(account.containers)  # a key that may not list: no request
        return
    found: Iterator[str] | None = None
    while True:
        found, names = await in_thread(_some_containers, driver, found, account=account.id)
        if not names:
            return
        yield names


def _some_containers(driver: StorageDriver, found: Iterator[str] | None) -> tuple[Iterator[str], list[str]]:
    if found is None:
        found = (container.name for container in driver.iterate_containers())
    return found, list(islice(found, CONTAINERS_AT_ONCE))


def _pages(driver: StorageDriver, place: Place) -> Iterator[Page]:
    return driver.iterate_pages(driver.open_container(place.container), place.prefix)


def _next_page(pages: Iterator[Page], prefix: str) -> list[Entry] | None:
    """The rows of the next page with their sort keys, made here, in the thread; None behind the last."""
    page = next(pages, None)
    return None if page is None else entries_of(page, prefix)


def _listing(place: Place) -> str:
    if not place.container:
        return tr("list the containers")
    return tr("list “{place}”").format(place=shown(place.text()))


# -- going by name --


async def open_container(app: Context, window: Window, account_id: str) -> None:
    """Ask for a container's name and open it, without asking the service whether it may be listed."""
    driver = await driver_for(app, window, account_id)
    if driver is None:
        return
    title = tr("Open a container of {account}").format(account=shown(app.accounts.get(account_id).title))
    dialog = NameDialog(
        title, tr("&Name"), tr("&Open"), partial(_name_problem, driver), window.widget,
        note=tr("For keys that may not list containers, or containers that others share with you."),
    )  # fmt: skip
    if await closed(dialog):
        window.open_place(Place(account_id, dialog.name))


async def go_to(app: Context, window: Window, account_id: str, text: str) -> None:
    """Go to an address. One that names an object opens its folder and selects it."""
    text = text.strip().lstrip("/")
    place = Place.from_text(account_id, text)
    if not place.prefix or text.endswith("/"):
        window.open_place(place)
        return
    driver = await driver_for(app, window, account_id)
    if driver is None:
        return
    key = place.prefix[:-1]
    parent = place.parent
    if parent is not None and await in_thread(_is_object, driver, place.container, key, account=account_id):
        window.open_place(parent)
        window.objects.select([key])
    else:
        window.open_place(place)


def _is_object(driver: StorageDriver, container: str, key: str) -> bool:
    try:
        driver.get_object(container, key)
    except ObjectDoesNotExistError:
        return False
    except LibcloudError:
        return False  # the listing will say what is wrong
    return True


def _name_problem(driver: StorageDriver, name: str) -> str:
    try:
        driver.check_container_name(name)
    except InvalidContainerNameError as error:
        return str(error)
    return ""


# -- for the inspector --


async def show_details(app: Context, window: Window, entry: Entry | None) -> None:
    """Read the head of the object the inspector shows."""
    place, found = window.place, entry.object if entry else None
    driver = app.drivers.get(place.account) if place else None
    if place is None or driver is None or entry is None or found is None:
        return
    try:
        fresh: Object = await in_thread(driver.head_object, found, account=place.account)
    except LibcloudError as error:
        doing = tr("read the metadata of “{name}”").format(name=shown(entry.name))
        window.inspector.fail_details(entry, sentence(error, doing).text)
        return
    found.attributes = fresh.attributes
    window.inspector.show_details(entry, fresh)


async def show_sharing(app: Context, window: Window, place: Place | None) -> None:
    """Ask the provider who may read the container the inspector shows."""
    driver = app.drivers.get(place.account) if place else None
    if place is None or driver is None or not place.container:
        return
    window.inspector.show_public(place, await in_thread(_access, driver, place, account=place.account))


def _access(driver: StorageDriver, place: Place) -> PublicAccess:
    if why := driver.capabilities.why_not("public_containers"):
        return PublicAccess(None, why=why)
    try:
        return driver.get_public_access(driver.open_container(place.container))
    except LibcloudError as error:
        return PublicAccess(None, why=sentence(error, tr("read who may read this")).text)


tr = partial(QCoreApplication.translate, "Browse")
