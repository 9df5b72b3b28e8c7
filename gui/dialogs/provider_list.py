"""The list of services in the account dialog: grouped, with icons, searched while one types."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from PySide6.QtCore import QEvent, QObject, QSize, Qt, Signal
from PySide6.QtGui import QKeyEvent
from PySide6.QtWidgets import QLineEdit, QListWidget, QListWidgetItem, QVBoxLayout, QWidget

from storage_core.providers import ProviderRow

from .. import theme
from ..icons import exists, icon
from ..text import PlainLabel

CONSTANT = Qt.ItemDataRole.UserRole
# The demo cloud is built in; the others are Libcloud's names for services that are listed under their own.
HIDDEN = frozenset({"dummy", "s3_rgw", "s3_rgw_outscale", "cloudfiles_swift"})
# What people call a service that has another name here. The words of title, group and constant need no line.
ALSO: Mapping[str, str] = {
    "s3": "aws bucket simple storage service",
    "s3_compatible": "bucket custom own server other generic",
    "azure_blobs": "blob azurite microsoft entra active directory aad sas shared key adls data lake",
    "google_storage": "gcs gcp gs service account firebase bucket",
    "google_storage_s3": "gcs gcp gs interoperability xml bucket",
    "openstack_swift": "keystone tempauth clouds.yaml object store ovh",
    "swift_s3": "keystone tempauth object store",
    "cloudflare_r2": "bucket",
    "minio": "aistor own server",
    "ceph_rgw": "rados gateway radosgw own server",
    "digitalocean_spaces": "do",
    "ibm_cos": "softlayer cleversafe hmac",
    "oracle_oci": "oci",
    "aliyun_oss_s3": "aliyun",
    "linode": "linode akamai",
    "local": "disk directory file system",
}
HERE = "This computer"  # a group: people who add an account look for a cloud
PAGE = 8  # rows
STEPS = {Qt.Key.Key_Down: 1, Qt.Key.Key_Up: -1, Qt.Key.Key_PageDown: PAGE, Qt.Key.Key_PageUp: -PAGE}


class ProviderList(QWidget):
    """`chosen(constant)` comes with every change of the selection."""

    chosen = Signal(str)
    left = Signal()  # Return was pressed: on to the form

    def __init__(self, rows: Sequence[ProviderRow], parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._words: dict[str, str] = {}
        self._titles: dict[str, str] = {}
        self._regions: set[str] = set()  # a service's rows for one region each: shown when searched
        self._later: dict[str, str] = {}  # services without a driver yet: words to the sentence that says so
        column = QVBoxLayout(self)
        column.setContentsMargins(0, 0, 0, 0)
        column.setSpacing(theme.UNIT)
        self.search = QLineEdit(self)
        self.search.setPlaceholderText(self.tr("Search services"))
        self.search.setAccessibleName(self.tr("Search services"))
        self.search.setClearButtonEnabled(True)
        self.search.setObjectName("provider search")
        self.list = QListWidget(self)
        self.list.setObjectName("places")
        self.list.setAccessibleName(self.tr("Services"))
        self.list.setIconSize(QSize(20, 20))
        self.list.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        self.list.setTextElideMode(Qt.TextElideMode.ElideMiddle)
        self._none = PlainLabel("", self)
        self._none.setWordWrap(True)
        self._none.setProperty("role", "muted")
        self._none.hide()
        column.addWidget(self.search)
        column.addWidget(self._none)
        column.addWidget(self.list, 1)
        self._fill(rows)
        self.search.textChanged.connect(self._filter)
        self.search.installEventFilter(self)
        self.list.itemSelectionChanged.connect(self._moved)
        self._filter("")

    def select(self, constant: str) -> None:
        """Choose a service as if the user had."""
        for at in range(self.list.count()):
            if self.list.item(at).data(CONSTANT) == constant:
                self.list.setCurrentRow(at)

    def visible(self) -> list[str]:
        """The constants of the services that are shown."""
        items = [self.list.item(at) for at in range(self.list.count())]
        return [item.data(CONSTANT) for item in items if item.data(CONSTANT) and not item.isHidden()]

    def eventFilter(self, watched: QObject, event: QEvent) -> bool:
        """Arrows in the search move in the list, Return goes on to the form, Escape empties the search."""
        if watched is self.search and isinstance(event, QKeyEvent) and event.type() == QEvent.Type.KeyPress:
            if step := STEPS.get(Qt.Key(event.key()), 0):
                self._move(step)
                return True
            if event.key() == Qt.Key.Key_Escape and self.search.text():
                self.search.clear()
                return True
            if event.key() in (Qt.Key.Key_Return, Qt.Key.Key_Enter):
                self._move(0)
                self.left.emit()
                return True
        return super().eventFilter(watched, event)

    def _fill(self, rows: Sequence[ProviderRow]) -> None:
        group = ""
        for row in _grouped(rows):
            if row.group != group:
                group = row.group
                head = QListWidgetItem(group)
                head.setFlags(Qt.ItemFlag.NoItemFlags)
                font = head.font()
                font.setBold(True)
                head.setFont(font)
                head.setForeground(theme.color("muted"))
                self.list.addItem(head)
            item = QListWidgetItem(icon(row.icon if exists(row.icon) else "cloud"), row.title)
            item.setData(CONSTANT, row.constant)
            self.list.addItem(item)
            known = f"{row.title} {row.group} {row.constant} {ALSO.get(row.constant, '')}"
            self._words[row.constant] = known.casefold()
            self._titles[row.constant] = row.title.casefold()
            if "region" in row.preset:
                self._regions.add(row.constant)
        for row in rows:
            if not _is_open(row):
                known = f"{row.title} {row.constant} {ALSO.get(row.constant, '')}"
                self._later[known.casefold()] = f"{row.title}: {row.arrives}"

    def _filter(self, text: str) -> None:
        words = text.casefold().split()
        head: QListWidgetItem | None = None
        found = False
        for at in range(self.list.count()):
            item = self.list.item(at)
            constant = item.data(CONSTANT)
            if not constant:
                head = item
                head.setHidden(True)
                continue
            match = all(word in self._words[constant] for word in words)
            item.setHidden(not match or (constant in self._regions and not words))
            if not item.isHidden():
                found = True
                if head is not None:
                    head.setHidden(False)
        later = next((said for name, said in self._later.items() if all(word in name for word in words)), "")
        self._none.setText(
            later or self.tr("No service of that name. Most of them speak S3: try “S3-compatible”.")
        )
        self._none.setVisible(not found)
        if words and found:
            self.select(self._best(words))

    def _best(self, words: Sequence[str]) -> str:
        """Of the services that are shown, the first whose title begins a word with the first one typed."""
        shown = self.visible()
        start = f" {words[0]}"
        return next((one for one in shown if start in f" {self._titles[one]}"), shown[0])

    def _move(self, step: int) -> None:
        shown = self.visible()
        if not shown:
            return
        at = next((shown.index(constant) + step for constant in self._chosen() if constant in shown), 0)
        self.select(shown[max(0, min(at, len(shown) - 1))])

    def _moved(self) -> None:
        for constant in self._chosen():
            self.chosen.emit(constant)

    def _chosen(self) -> list[str]:
        """The selected service, or nothing."""
        return [item.data(CONSTANT) for item in self.list.selectedItems() if item.data(CONSTANT)]


def _is_open(row: ProviderRow) -> bool:
    """Whether this release can open it."""
    return bool(row.driver) and not row.status


def _grouped(rows: Sequence[ProviderRow]) -> list[ProviderRow]:
    """Groups in the order in which the table first names them, this computer last; rows in the table's."""
    groups: dict[str, list[ProviderRow]] = {}
    for row in rows:
        if row.constant not in HIDDEN and _is_open(row):
            groups.setdefault(row.group, []).append(row)
    groups[HERE] = groups.pop(HERE, [])
    return [row for members in groups.values() for row in members]
