"""What is on the screen, as assistive technology sees it: roles, names and places over AT-SPI. No hook in the
app.

A story that finds a control here has also shown that a screen reader finds it.
Protocol: https://gitlab.gnome.org/GNOME/at-spi2-core, interfaces
org.a11y.atspi.{Accessible,Component,Text,Value}.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any

from jeepney import DBusAddress, DBusErrorResponse, MessageType, new_method_call
from jeepney.io.blocking import DBusConnection, open_dbus_connection

ACCESSIBLE = "org.a11y.atspi.Accessible"
COMPONENT = "org.a11y.atspi.Component"
PROPERTIES = "org.freedesktop.DBus.Properties"
STATES = {"checked": 4, "enabled": 8, "expanded": 10, "focused": 12, "selected": 23, "showing": 25}


Name = str | Callable[[str], bool]


class NotThere(AssertionError):
    """What was looked for did not appear; the message shows what is there."""


@dataclass(frozen=True, slots=True)
class Node:
    """One thing on the screen."""

    screen: Screen
    bus: str
    path: str

    @property
    def name(self) -> str:
        """The accessible name."""
        return str(self._get("Name"))

    @property
    def role(self) -> str:
        """As AT-SPI calls it: "push button", "cell", "text", …"""
        return str(self._call(ACCESSIBLE, "GetRoleName")[0])

    @property
    def box(self) -> tuple[int, int, int, int]:
        """x, y, width, height on the screen."""
        return tuple(self._call(COMPONENT, "GetExtents", "u", (0,))[0])

    @property
    def center(self) -> tuple[int, int]:
        """Where a mouse would hit it."""
        x, y, width, height = self.box
        return x + width // 2, y + height // 2

    @property
    def text(self) -> str:
        """What an edit field holds."""
        count = self._call(PROPERTIES, "Get", "ss", ("org.a11y.atspi.Text", "CharacterCount"))[0][1]
        return str(self._call("org.a11y.atspi.Text", "GetText", "ii", (0, count))[0])

    def has(self, state: str) -> bool:
        """Whether a state of STATES is set."""
        low, high = self._call(ACCESSIBLE, "GetState")[0]
        return bool((low | high << 32) >> STATES[state] & 1)

    def children(self) -> list[Node]:
        """In their order."""
        return [Node(self.screen, bus, path) for bus, path in self._call(ACCESSIBLE, "GetChildren")[0]]

    def walk(self, depth: int = 12) -> Iterator[Node]:
        """This and everything below that is still there."""
        yield self
        if not depth:
            return
        try:
            children = self.children()
        except NotThere:
            return
        for child in children:
            yield from child.walk(depth - 1)

    def _get(self, name: str) -> Any:
        return self._call(PROPERTIES, "Get", "ss", (ACCESSIBLE, name))[0][1]

    def _call(
        self, interface: str, method: str, signature: str | None = None, body: tuple[Any, ...] = ()
    ) -> Any:
        return self.screen.call(self.bus, self.path, interface, method, signature, body)


class Screen:
    """All applications on one accessibility bus."""

    def __init__(self, session_bus: str) -> None:
        """`session_bus`: the address of the D-Bus session that the applications run on."""
        session = open_dbus_connection(session_bus)
        launcher = DBusAddress("/org/a11y/bus", "org.a11y.Bus", "org.a11y.Bus")
        deadline = time.monotonic() + 15
        while True:
            reply = session.send_and_get_reply(new_method_call(launcher, "GetAddress"), timeout=10)
            if reply.header.message_type is not MessageType.error:
                break
            if time.monotonic() > deadline:
                raise NotThere(f"there is no accessibility bus: {reply.body}")
            time.sleep(0.05)
        session.close()
        self._bus: DBusConnection = open_dbus_connection(reply.body[0])

    def close(self) -> None:
        """Leave the bus."""
        self._bus.close()

    def call(
        self, bus: str, path: str, interface: str, method: str, signature: str | None, body: tuple[Any, ...]
    ) -> Any:
        """One D-Bus call; NotThere when the thing is gone."""
        message = new_method_call(DBusAddress(path, bus, interface), method, signature, body)
        try:
            reply = self._bus.send_and_get_reply(message, timeout=20)
        except (DBusErrorResponse, TimeoutError) as error:
            raise NotThere(f"{method} of {path}: {error}") from error
        if reply.header.message_type is MessageType.error:
            raise NotThere(f"{method} of {path}: {reply.body}")
        return reply.body

    def applications(self) -> list[Node]:
        """One node for each running application."""
        return Node(self, "org.a11y.atspi.Registry", "/org/a11y/atspi/accessible/root").children()

    def find(self, role: str, name: Name, *, inside: str = "") -> Node | None:
        """The first showing thing of this role and name; `inside` wants it in the window of that title."""
        for application in self.applications():
            try:
                windows = application.children()
            except NotThere:
                continue
            # The newest window first: a dialog lies over the window that opened it.
            for window in reversed(windows):
                found = self._find_in(window, role, name, inside)
                if found is not None:
                    return found
        return None

    def _find_in(self, window: Node, role: str, name: Name, inside: str) -> Node | None:
        try:
            if inside and inside not in window.name:
                return None
            for node in window.walk():
                if node.role == role and _fits(node.name, name) and node.has("showing"):
                    return node
        except NotThere:
            return None  # it changed while we looked; whoever waits looks again
        return None

    def wait(self, role: str, name: Name, *, seconds: float = 15.0, inside: str = "") -> Node:
        """As `find`, until it is there. NotThere, with a picture of what is, after `seconds`."""
        deadline = time.monotonic() + seconds
        while time.monotonic() < deadline:
            node = self.find(role, name, inside=inside)
            if node is not None:
                return node
            time.sleep(0.1)
        raise NotThere(f"no {role} called {name!r} within {seconds:g} s. There is:\n{self.picture()}")

    def wait_gone(self, role: str, name: Name, *, seconds: float = 15.0) -> None:
        """Until there is none."""
        deadline = time.monotonic() + seconds
        while self.find(role, name) is not None:
            if time.monotonic() > deadline:
                raise NotThere(f"the {role} called {name!r} is still there after {seconds:g} s")
            time.sleep(0.1)

    def picture(self) -> str:
        """Everything that shows, in one text."""
        lines = []
        for application in self.applications():
            for node in application.walk():
                try:
                    if node.name and node.has("showing"):
                        lines.append(f"{node.role}: {node.name} {node.box}")
                except NotThere:
                    continue
        return "\n".join(lines)


def _fits(have: str, wanted: Name) -> bool:
    return wanted(have) if callable(wanted) else have == wanted
