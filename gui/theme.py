"""The look: Fusion with two palettes of our own and one small style sheet. Follows the system, or is told.

Qt's own `styleHints().setColorScheme` is ignored by some platforms, offscreen among them: hence our layer.
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from string import Template

from PySide6.QtCore import QDir, QEvent, QObject, Qt, Signal
from PySide6.QtGui import QColor, QGuiApplication, QPalette
from PySide6.QtWidgets import QApplication

MODES = ("system", "light", "dark")
UNIT = 8  # device-independent pixels; all distances are multiples or halves of it


@dataclass(frozen=True, slots=True)
class Colors:
    """All colours of one scheme. Text on its ground has at least 4.5:1 (WCAG AA): test_look.py measures."""

    window: str  # side panes, bars
    base: str  # lists and fields
    raised: str  # menus, tooltips, popups
    text: str
    muted: str  # second lines, columns beside the name, icons at rest
    off: str  # what cannot be used now
    line: str  # the few borders
    field: str  # border of fields and buttons
    hover: str
    chosen: str  # ground of selected rows
    chosen_off: str  # the same in a pane without focus
    chosen_text: str
    accent: str
    accent_text: str  # on accent
    link: str
    good: str
    warn: str
    bad: str
    bad_ground: str


LIGHT = Colors(
    window="#f5f6f8",
    base="#ffffff",
    raised="#ffffff",
    text="#1d2330",
    muted="#5b6474",
    off="#a0a7b4",
    line="#e2e5ea",
    field="#c9ced7",
    hover="#e9ecf1",
    chosen="#d8e6fb",
    chosen_off="#e6e9ee",
    chosen_text="#10233f",
    accent="#2563c9",
    accent_text="#ffffff",
    link="#1f57b5",
    good="#16703a",
    warn="#8f5a00",
    bad="#b3261e",
    bad_ground="#fcebea",
)
DARK = Colors(
    window="#1f2228",
    base="#17191e",
    raised="#2a2e36",
    text="#e7eaf0",
    muted="#a0a8b6",
    off="#646c7a",
    line="#30353e",
    field="#454b57",
    hover="#2b2f38",
    chosen="#223a5c",
    chosen_off="#2f343d",
    chosen_text="#f2f6fd",
    accent="#6ea6fb",
    accent_text="#0d1a2d",
    link="#86b5fc",
    good="#62c987",
    warn="#e6b04e",
    bad="#ff8f86",
    bad_ground="#3a2423",
)

SHEET = Template("""
* { outline: 0; }
QToolTip { background: $raised; color: $text; border: 1px solid $field; padding: 4px 8px; }
QMainWindow, QDialog { background: $window; }
QMenuBar { background: $window; padding: 2px 4px; }
QMenuBar::item { padding: 4px 10px; border-radius: 5px; background: transparent; }
QMenuBar::item:selected { background: $hover; }
QMenu { background: $raised; border: 1px solid $line; padding: 6px; }
QMenu::item { padding: 5px 28px 5px 10px; border-radius: 5px; }
QMenu::icon { padding-left: 8px; }
QMenu::item:selected { background: $accent; color: $accent_text; }
QMenu::item:disabled { color: $off; background: transparent; }
QMenu::separator { height: 1px; background: $line; margin: 5px 8px; }
QSplitter::handle { background: $line; }
QStatusBar { background: $window; color: $muted; border-top: 1px solid $line; }
QStatusBar::item { border: 0; }

QToolButton { border: 1px solid transparent; border-radius: 6px; padding: 5px; background: transparent; }
QToolButton:hover { background: $hover; }
QToolButton:pressed, QToolButton:checked { background: $chosen_off; }
QToolButton:focus { border-color: $accent; }
QToolButton:disabled { background: transparent; color: $off; }
QToolButton::menu-indicator { image: none; }

QPushButton { background: $base; border: 1px solid $field; border-radius: 6px;
  padding: 6px 16px; min-height: 18px; }
QPushButton:hover { background: $hover; }
QPushButton:pressed { background: $chosen_off; }
QPushButton:focus { border-color: $accent; }
QPushButton:default { background: $accent; border-color: $accent; color: $accent_text; }
QPushButton:default:focus { border-color: $text; }
QPushButton:disabled { background: $window; border-color: $line; color: $off; }

QLineEdit, QPlainTextEdit, QTextEdit, QSpinBox, QComboBox, QDateTimeEdit {
  background: $base; border: 1px solid $field; border-radius: 6px; padding: 5px 8px;
  selection-background-color: $accent; selection-color: $accent_text; }
QLineEdit:focus, QPlainTextEdit:focus, QTextEdit:focus, QSpinBox:focus, QComboBox:focus {
  border-color: $accent; }
QLineEdit:disabled, QComboBox:disabled, QPlainTextEdit:disabled { background: $window; color: $off; }
QLineEdit[readOnly="true"] { background: $window; }
QComboBox::drop-down { border: 0; width: 24px; }
QComboBox::down-arrow { image: url(drawings:combo-arrow.svg); width: 14px; height: 14px; }
QPlainTextEdit[tone="muted"] { color: $muted; }
QPlainTextEdit[tone="bad"] { color: $bad; }
QPlainTextEdit[tone="warn"] { color: $warn; }
QPlainTextEdit[tone="title"] { font-weight: 600; font-size: 115%; }
QPlainTextEdit[role="value"] { border: 0; border-radius: 0; padding: 0; background: transparent; }

QTextEdit[role="guide"] { border: 0; border-radius: 0; padding: 0; }

QAbstractItemView { background: $base; border: 0; alternate-background-color: $base;
  selection-background-color: $chosen; selection-color: $chosen_text; }
QTableView::item { padding: 0 8px; border: 0; }
QTableView::item:selected, QTreeView::item:selected, QListView::item:selected {
  background: $chosen; color: $chosen_text; }
QTableView::item:selected:!active, QTreeView::item:selected:!active, QListView::item:selected:!active {
  background: $chosen_off; color: $text; }
QTreeView::item:hover:!selected, QListView::item:hover:!selected {
  background: $hover; }
QTreeView#tree, QListView#places { background: $window; }
QTreeView#tree { selection-background-color: transparent; }
QTreeView#tree::item, QListView#places::item { padding: 5px 4px; border-radius: 6px; }
QTreeView#tree::item:selected, QTreeView#tree::item:hover { background: transparent; color: $text; }
QTreeView#roomy::item, QListView#roomy::item { padding: 4px 6px; }
QHeaderView { background: $base; border: 0; }
QHeaderView::section { background: $base; color: $muted; border: 0; border-bottom: 1px solid $line;
  padding: 6px 16px 6px 11px; }
QHeaderView::section:hover { color: $text; background: $hover; }
QTableCornerButton::section { background: $base; border: 0; }

QTabWidget::pane { border: 0; border-top: 1px solid $line; }
QTabBar { background: transparent; }
QTabBar::tab { padding: 8px 12px; border: 0; border-bottom: 2px solid transparent; color: $muted;
  background: transparent; }
QTabBar::tab:selected { color: $text; border-bottom-color: $accent; }
QTabBar::tab:hover { color: $text; }
QTabBar::tab:focus { color: $accent; }

QProgressBar { background: $hover; border: 0; border-radius: 3px; max-height: 6px; }
QProgressBar::chunk { background: $accent; border-radius: 3px; }
QGroupBox { border: 0; margin-top: 20px; font-weight: 600; }
QGroupBox::title { subcontrol-origin: margin; left: 0; }

QScrollBar:vertical { background: transparent; width: 12px; margin: 0; }
QScrollBar:horizontal { background: transparent; height: 12px; margin: 0; }
QScrollBar::handle { background: $field; border-radius: 4px; margin: 2px; min-height: 32px; min-width: 32px; }
QScrollBar::handle:hover { background: $muted; }
QScrollBar::add-line, QScrollBar::sub-line { width: 0; height: 0; }
QScrollBar::add-page, QScrollBar::sub-page { background: transparent; }
QAbstractScrollArea::corner { background: transparent; }

*[role="heading"] { color: $muted; font-weight: 600; }
*[role="title"] { font-weight: 600; font-size: 115%; }
*[role="muted"] { color: $muted; }
*[role="bad"] { color: $bad; }
*[role="good"] { color: $good; }
*[role="warn"] { color: $warn; }
QWidget[role="side"] { background: $window; }
QWidget[role="bar"] { background: $window; border-bottom: 1px solid $line; }
QWidget[role="page"] { background: $base; }
QFrame[role="notice"] { background: $bad_ground; border-radius: 8px; }
QFrame[role="card"] { background: $base; border: 1px solid $line; border-radius: 8px; }
QFrame[role="address"] { background: $base; border: 1px solid $field; border-radius: 8px; }
QFrame[role="address"]:hover { border-color: $muted; }
QFrame[role="address"] QToolButton { padding: 3px 6px; }
QFrame[role="address"] QLineEdit { border: 0; background: transparent; padding: 3px 4px; }
""")


class Theme(QObject):
    """Holds the application's palette; `changed` comes when widgets have theirs and icons need a new tint."""

    changed = Signal()

    def __init__(
        self, application: QApplication, mode: str = "system", parent: QObject | None = None
    ) -> None:
        super().__init__(parent or application)
        self._application = application
        self._mode = mode
        self._filled = False
        application.setStyle("Fusion")
        # Where the style sheet finds its drawings: inside the package, or beside it in a checkout.
        roots = (Path(__file__).parent, Path(__file__).parent.parent)
        QDir.setSearchPaths("drawings", [str(root / "resources" / "icons") for root in roots])
        application.styleHints().colorSchemeChanged.connect(self._fill)
        self._fill()

    @property
    def mode(self) -> str:
        """One of MODES."""
        return self._mode

    @property
    def is_dark(self) -> bool:
        """What is shown now."""
        if self._mode != "system":
            return self._mode == "dark"
        return self._application.styleHints().colorScheme() == Qt.ColorScheme.Dark

    @property
    def colors(self) -> Colors:
        """Of the scheme that is shown now."""
        return DARK if self.is_dark else LIGHT

    def set_mode(self, mode: str) -> None:
        """Follow the system or force one scheme. ValueError for anything but MODES."""
        if mode not in MODES:
            raise ValueError(f"a theme is one of {', '.join(MODES)}, not {mode!r}")
        self._mode = mode
        self._fill()

    def _fill(self) -> None:
        made = palette(self.colors)
        if self._filled and made == self._application.palette():
            return
        self._filled = True
        self._application.setPalette(made)
        # Fusion draws the rings of check boxes and radio buttons as a darker window: on a dark one, nobody
        # sees them.
        rings = QPalette(made)
        rings.setColor(QPalette.ColorRole.Window, QColor(self.colors.muted))
        for kind in ("QCheckBox", "QRadioButton"):
            self._application.setPalette(rings, kind)  # type: ignore[arg-type]  # the stub says bytes
        self._application.setStyleSheet(sheet(self.colors))
        self.changed.emit()


def colors() -> Colors:
    """The colours in use, told from the application's palette; for delegates, which paint by hand."""
    window = QGuiApplication.palette().color(QPalette.ColorRole.Window)
    return DARK if window.lightness() < 128 else LIGHT


def color(name: str) -> QColor:
    """One of the colours in use, by its name in Colors."""
    return QColor(getattr(colors(), name))


def sheet(scheme: Colors) -> str:
    """The style sheet in these colours."""
    return SHEET.substitute({name: getattr(scheme, name) for name in Colors.__slots__})


def palette(scheme: Colors) -> QPalette:
    """The same colours for what no style sheet reaches."""
    role, made = QPalette.ColorRole, QPalette()
    usual = {
        role.Window: scheme.window,
        role.WindowText: scheme.text,
        role.Base: scheme.base,
        role.AlternateBase: scheme.window,
        role.Text: scheme.text,
        role.Button: scheme.window,
        role.ButtonText: scheme.text,
        role.BrightText: scheme.bad,
        role.ToolTipBase: scheme.raised,
        role.ToolTipText: scheme.text,
        role.PlaceholderText: scheme.muted,
        role.Highlight: scheme.chosen,
        role.HighlightedText: scheme.chosen_text,
        role.Link: scheme.link,
        role.LinkVisited: scheme.link,
        role.Light: scheme.raised,
        role.Midlight: scheme.hover,
        role.Mid: scheme.field,
        role.Dark: scheme.field,
        role.Shadow: scheme.line,
        role.Accent: scheme.accent,
    }
    for which, name in usual.items():
        made.setColor(which, QColor(name))
    for which in (role.WindowText, role.Text, role.ButtonText):
        made.setColor(QPalette.ColorGroup.Disabled, which, QColor(scheme.off))
    return made


def is_palette_change(event: QEvent) -> bool:
    """Whether a widget must tint its hand-made pictures anew."""
    return event.type() == QEvent.Type.ApplicationPaletteChange
