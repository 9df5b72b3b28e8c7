"""What a flow may ask of the window. `main_window.MainWindow` satisfies it; flows never import that."""

from __future__ import annotations

from typing import TYPE_CHECKING, Protocol

from PySide6.QtWidgets import QWidget

from ..accounts import Place

if TYPE_CHECKING:
    from ..models.listing import Entry
    from ..panes.accounts import AccountsPane
    from ..panes.containers import ContainersPane
    from ..panes.inspector import InspectorPane
    from ..panes.objects import ObjectsPane
    from ..panes.path_bar import PathBar
    from ..panes.transfers import TransfersPane


class Window(Protocol):
    """The one window, seen from a flow."""

    @property
    def widget(self) -> QWidget:
        """The parent of dialogs."""

    @property
    def place(self) -> Place | None:
        """What the object list shows."""

    @property
    def accounts(self) -> AccountsPane: ...
    @property
    def containers(self) -> ContainersPane: ...
    @property
    def objects(self) -> ObjectsPane: ...
    @property
    def transfers(self) -> TransfersPane: ...
    @property
    def inspector(self) -> InspectorPane: ...
    @property
    def path(self) -> PathBar: ...

    def selected(self) -> list[Entry]:
        """What is selected in the object list."""

    def open_place(self, place: Place) -> None:
        """Go there, as if the user had."""

    def refresh(self, place: Place) -> None:
        """Load the list and the tree anew where they show this place."""

    def tell(self, text: str) -> None:
        """A quiet line in the status bar."""

    def accounts_changed(self) -> None:
        """The list of accounts is another one now."""
