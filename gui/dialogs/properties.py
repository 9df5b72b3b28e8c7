"""Properties of one or many objects: what the service tells, headers and metadata that can be changed."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from PySide6.QtCore import Qt
from PySide6.QtWidgets import (
    QFormLayout,
    QLabel,
    QLineEdit,
    QProgressBar,
    QSizePolicy,
    QStackedWidget,
    QTabWidget,
    QVBoxLayout,
    QWidget,
)

from storage_core.attributes import Attributes
from storage_core.base.objects import Object
from storage_core.capabilities import Capabilities

from .. import text
from ..models.listing import class_text
from ..text import ElidedLabel, PlainLabel
from .edits import HEADERS, Edits, common, common_metadata
from .frame import STEP, Frame, ProblemLabel, named, put_last, stand_back
from .metadata_table import MetadataTable


class PropertiesDialog(Frame):
    """Opens at once and says that it reads; the flow then calls `show_objects` or `fail`."""

    def __init__(self, title: str, where: str, parent: QWidget | None) -> None:
        super().__init__("", parent, width=72 * STEP)
        self.setWindowTitle(self.tr("Properties"))
        self.heading.setText(text.elided(title, 64))
        place = ElidedLabel(where)
        stand_back(place)
        self.column.addWidget(place)
        self.column.addSpacing(STEP)
        self._check: Callable[[Edits], str] = lambda edits: ""
        self._fields: dict[str, QLineEdit] = {}
        self._touched: set[str] = set()
        self.metadata: MetadataTable | None = None
        self.pages = QStackedWidget()
        self.pages.addWidget(self._reading())
        self.tabs = QTabWidget()
        self.tabs.setDocumentMode(True)
        self.tabs.tabBar().setDrawBase(False)  # else a pale line lies above the tabs
        self.pages.addWidget(self.tabs)
        self.column.addWidget(self.pages, 1)
        self.problem = ProblemLabel()
        self.column.addWidget(self.problem)
        self.yes, self.no, _ = self.end(self.tr("&Save"))
        self.yes.setEnabled(False)
        self.resize(72 * STEP, 64 * STEP)

    # -- what the flow tells --

    def reading(self, done: int, total: int) -> None:
        """So many objects were asked for."""
        self.bar.setRange(0, total)
        self.bar.setValue(done)

    def show_objects(
        self, objects: Sequence[Object], able: Capabilities, check: Callable[[Edits], str]
    ) -> None:
        """All objects with their attributes. `check(edits)` gives "" or why the service would refuse them."""
        self._check = check
        known = [found.attributes or Attributes() for found in objects]
        self.tabs.addTab(_page(self._facts(objects)), self.tr("&General"))
        self.tabs.addTab(_page(self._headers(known, able)), self.tr("&Headers"))
        self.tabs.addTab(_page(self._metadata(known, able)), self.tr("&Metadata"))
        self.pages.setCurrentWidget(self.tabs)
        put_last(self, self.yes, self.no)
        if why := able.why_not("set_attributes"):
            self.no.setText(self.tr("Close"))
            self.yes.hide()
            self.problem.setProperty("role", "muted")
            self.problem.setText(why)
        self.tabs.tabBar().setFocus()

    def show_facts(self, facts: Sequence[tuple[str, str]]) -> None:
        """Only things to read: of a folder, or of a mixed selection."""
        self.tabs.addTab(_page(_form(facts)), self.tr("&General"))
        put_last(self, self.no)
        self.pages.setCurrentWidget(self.tabs)
        self.yes.hide()
        self.no.setText(self.tr("Close"))

    # -- what the flow reads --

    def edits(self) -> Edits:
        """What was touched."""
        headers = {name: self._fields[name].text().strip() for name in self._touched}
        if self.metadata is None:
            return Edits(headers)
        changed, removed = self.metadata.edits()
        return Edits(headers, changed, removed)

    # -- helpers --

    def _reading(self) -> QWidget:
        page = QWidget()
        column = QVBoxLayout(page)
        column.addStretch(1)
        self.bar = QProgressBar()
        self.bar.setRange(0, 0)
        self.bar.setTextVisible(False)
        named(self.bar, self.tr("Reading the properties"))
        label = PlainLabel(self.tr("Reading the properties…"))
        label.setAlignment(Qt.AlignmentFlag.AlignHCenter)
        stand_back(label)
        column.addWidget(label)
        column.addWidget(self.bar)
        column.addStretch(1)
        return page

    def _facts(self, objects: Sequence[Object]) -> QWidget:
        known = [found.attributes or Attributes() for found in objects]
        if len(objects) == 1:
            [found], [its] = objects, known
            exact = self.tr("{size} ({bytes} bytes)").format(
                size=text.size(found.size), bytes=text.count(found.size)
            )
            facts = [
                (self.tr("Name"), text.shown(found.name)),
                (self.tr("Size"), exact),
                (self.tr("Modified"), text.date_in_full(found.modified).replace("\n", "  ·  ")),
                (self.tr("Type"), its.content_type),
                (self.tr("ETag"), found.etag),
                (self.tr("Hash"), "" if found.hash == found.etag else found.hash),
                (self.tr("Version"), found.version),
            ]
        else:
            total = sum(found.size for found in objects)
            facts = [
                (self.tr("Objects"), text.count(len(objects))),
                (self.tr("Size together"), text.size(total)),
                (self.tr("Type"), self._shared([its.content_type for its in known])),
            ]
        classes = [one.storage_class or its.storage_class for one, its in zip(objects, known, strict=True)]
        tags = [", ".join(f"{key}={value}" for key, value in its.tags.items()) for its in known]
        shared = (
            (self.tr("Storage class"), [class_text(name) for name in classes]),
            (self.tr("Encryption"), [its.encryption for its in known]),
            (self.tr("Tags"), tags),
        )
        facts += [(label, self._shared(values)) for label, values in shared]
        return _form(facts)

    def _shared(self, values: Sequence[str]) -> str:
        value = common(values)
        return self.tr("(different values)") if value is None else value

    def _headers(self, known: Sequence[Attributes], able: Capabilities) -> QWidget:
        labels = {
            "content_type": (self.tr("Content &type"), "image/jpeg"),
            "content_encoding": (self.tr("Content &encoding"), "gzip"),
            "cache_control": (self.tr("&Cache control"), "max-age=3600"),
            "content_disposition": (self.tr("Content &disposition"), 'attachment; filename="a.pdf"'),
            "content_language": (self.tr("Content &language"), "en"),
            "expires": (self.tr("E&xpires"), "Thu, 01 Dec 2026 16:00:00 GMT"),
        }
        page = QWidget()
        form = _form_layout(page)
        frozen = not able.has("set_attributes")  # said below, for all pages
        why = "" if frozen else able.why_not("content_headers")
        for name in HEADERS:
            label, example = labels[name]
            value = common(getattr(its, name) for its in known)
            field = QLineEdit(value or "")
            is_lost = name in able.headers_lost
            if value is None:
                field.setPlaceholderText(self.tr("(different values)"))
            elif is_lost:
                field.setPlaceholderText(self.tr("this service does not keep it"))
            else:
                field.setPlaceholderText(self.tr("not set, e.g. {example}").format(example=example))
            field.setReadOnly(frozen or is_lost or bool(why))
            field.textEdited.connect(self._toucher(name))
            field.setCursorPosition(0)
            named(field, label.replace("&", ""))
            form.addRow(label, field)
            self._fields[name] = field
        if why:
            form.addRow(_sentence(why))
        return page

    def _metadata(self, known: Sequence[Attributes], able: Capabilities) -> QWidget:
        frozen = not able.has("set_attributes")
        why = "" if frozen else able.why_not("metadata")
        table = MetadataTable(common_metadata([its.metadata for its in known]), editable=not (frozen or why))
        table.changed.connect(self._judge)
        if why:
            table.problem.setProperty("role", "muted")
            table.problem.setText(why)
        self.metadata = table
        return table

    def _toucher(self, name: str) -> Callable[[str], None]:
        def touch(_: str) -> None:
            self._touched.add(name)
            self._judge()

        return touch

    def _judge(self) -> None:
        edits = self.edits()
        problem = (self.metadata.why_not() if self.metadata else "") or (self._check(edits) if edits else "")
        self.problem.setText(problem)
        self.yes.setEnabled(bool(edits) and not problem)


def _page(content: QWidget) -> QWidget:
    page = QWidget()
    column = QVBoxLayout(page)
    column.setContentsMargins(0, 2 * STEP, 0, 0)
    column.addWidget(content, 1)
    return page


def _form_layout(page: QWidget) -> QFormLayout:
    form = QFormLayout(page)
    form.setContentsMargins(0, 0, 0, 0)
    form.setHorizontalSpacing(2 * STEP)
    form.setVerticalSpacing(STEP)
    form.setFieldGrowthPolicy(QFormLayout.FieldGrowthPolicy.ExpandingFieldsGrow)
    form.setLabelAlignment(Qt.AlignmentFlag.AlignLeft | Qt.AlignmentFlag.AlignVCenter)
    return form


def _form(facts: Sequence[tuple[str, str]]) -> QWidget:
    """Facts that are not empty, each to be selected and copied."""
    page = QWidget()
    form = _form_layout(page)
    for label, value in facts:
        if not value:
            continue
        caption = PlainLabel(label)
        stand_back(caption)
        fact = QLineEdit(value)  # a label would let a long name widen the dialog
        fact.setReadOnly(True)
        fact.setFrame(False)
        fact.setStyleSheet("QLineEdit { background: transparent; border: 0; padding: 0; }")
        fact.setCursorPosition(0)
        named(fact, label)
        form.addRow(caption, fact)
    return page


def _sentence(sentence: str) -> QLabel:
    label = PlainLabel(sentence)
    label.setWordWrap(True)
    label.setSizePolicy(QSizePolicy.Policy.Preferred, QSizePolicy.Policy.MinimumExpanding)
    stand_back(label)
    return label
