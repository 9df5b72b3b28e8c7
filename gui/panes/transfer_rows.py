"""How one transfer is drawn: what goes where, how far it is, and the buttons at its end."""

from __future__ import annotations

from PySide6.QtCore import (
    QAbstractItemModel,
    QCoreApplication,
    QEvent,
    QModelIndex,
    QObject,
    QPersistentModelIndex,
    QRect,
    QRectF,
    QSize,
    Qt,
    Signal,
)
from PySide6.QtGui import QHelpEvent, QMouseEvent, QPainter
from PySide6.QtWidgets import (
    QAbstractItemView,
    QStyle,
    QStyledItemDelegate,
    QStyleOptionViewItem,
    QToolTip,
    QWidget,
)

from storage_core.transfers import JobRow, State

from .. import icons
from ..models.transfers import ROUTE, ROW, fraction, state_text
from ..text import count, shown, tip
from ..theme import UNIT, color

ROW_HEIGHT = 6 * UNIT
ICON = 20
BUTTON = 3 * UNIT + 4
BAR_HEIGHT = 5
KIND_ICONS = {"upload": "upload", "download": "download", "copy": "transfer"}

# What can be done to a job, by state: the actions that the pane emits, in the order of the buttons.
BUTTONS: dict[State, tuple[str, ...]] = {
    State.WAITING: ("pause", "cancel"),
    State.RUNNING: ("pause", "cancel"),
    State.ASKING: ("answer", "cancel"),
    State.PAUSED: ("resume", "cancel"),
    State.NEEDS_SIGN_IN: ("resume", "cancel"),
    State.DONE: ("remove",),
    State.DONE_WITH_SKIPS: ("details", "remove"),
    State.FAILED: ("retry", "details", "remove"),
    State.CANCELLED: ("retry", "remove"),
}
BUTTON_ICONS = {
    "pause": "pause",
    "resume": "play",
    "cancel": "cancel",
    "retry": "retry",
    "answer": "question",
    "details": "info",
    "remove": "clear",
}
STATE_LOOK = {
    State.DONE: ("done", "good"),
    State.DONE_WITH_SKIPS: ("warning", "warn"),
    State.FAILED: ("error", "bad"),
    State.CANCELLED: ("cancel", "muted"),
    State.ASKING: ("question", "warn"),
    State.NEEDS_SIGN_IN: ("key", "warn"),
    State.PAUSED: ("pause", "muted"),
    State.WAITING: ("clock", "muted"),
}


def button_title(action: str) -> str:
    """What a button says in its tooltip."""
    titles = {
        "pause": QCoreApplication.translate("Transfers", "Pause"),
        "resume": QCoreApplication.translate("Transfers", "Resume"),
        "cancel": QCoreApplication.translate("Transfers", "Cancel"),
        "retry": QCoreApplication.translate("Transfers", "Try again"),
        "answer": QCoreApplication.translate("Transfers", "Answer…"),
        "details": QCoreApplication.translate("Transfers", "Details"),
        "remove": QCoreApplication.translate("Transfers", "Remove from list"),
    }
    return titles[action]


class TransferDelegate(QStyledItemDelegate):
    """Draws a JobRow in two lines and knows where its buttons are."""

    pressed = Signal(str, object)  # a key of BUTTON_ICONS, JobRow

    def __init__(self, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self._mouse = (-1, "")  # the row and the button under the mouse

    def sizeHint(self, option: QStyleOptionViewItem, index: QModelIndex | QPersistentModelIndex) -> QSize:
        return QSize(320, max(ROW_HEIGHT, 2 * option.fontMetrics.height() + 2 * UNIT))

    def paint(
        self,
        painter: QPainter,
        option: QStyleOptionViewItem,
        index: QModelIndex | QPersistentModelIndex,
    ) -> None:
        row: JobRow = index.data(ROW)
        painter.save()
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        self._paint_ground(painter, option)
        area = option.rect.adjusted(2 * UNIT, 0, -UNIT, 0)
        self._paint_icon(painter, row, area)
        buttons = self._buttons(option.rect, row)
        right = buttons[0][1].left() - UNIT if buttons else area.right()
        left = area.left() + ICON + UNIT + UNIT // 2
        half = left + int((right - left) * 0.52)
        route: str = index.data(ROUTE)
        self._paint_lines(
            painter, option, QRect(left, area.top(), half - left - 2 * UNIT, area.height()), row, route
        )
        self._paint_progress(painter, option, QRect(half, area.top(), right - half, area.height()), row)
        for action, place in buttons:
            self._paint_button(painter, place, action, lit=self._mouse == (index.row(), action))
        painter.restore()

    def editorEvent(
        self,
        event: QEvent,
        model: QAbstractItemModel,
        option: QStyleOptionViewItem,
        index: QModelIndex | QPersistentModelIndex,
    ) -> bool:
        if not isinstance(event, QMouseEvent):
            return False
        row: JobRow = index.data(ROW)
        hit = self._hit(option.rect, row, event)
        if event.type() == QEvent.Type.MouseMove and self._mouse != (index.row(), hit):
            self._mouse = (index.row(), hit)
            if isinstance(view := option.widget, QAbstractItemView):
                view.viewport().update()
        if event.type() == QEvent.Type.MouseButtonRelease and hit:
            self.pressed.emit(hit, row)
        return bool(hit) and event.type() == QEvent.Type.MouseButtonRelease

    def helpEvent(
        self,
        event: QHelpEvent,
        view: QAbstractItemView,
        option: QStyleOptionViewItem,
        index: QModelIndex | QPersistentModelIndex,
    ) -> bool:
        row: JobRow | None = index.data(ROW)
        if row is None or event.type() != QEvent.Type.ToolTip:
            return super().helpEvent(event, view, option, index)
        for action, place in self._buttons(option.rect, row):
            if place.contains(event.pos()):
                QToolTip.showText(event.globalPos(), tip(button_title(action)), view)
                return True
        return super().helpEvent(event, view, option, index)

    # -- helpers --

    def _buttons(self, area: QRect, row: JobRow) -> list[tuple[str, QRect]]:
        actions = BUTTONS[row.state]
        left = area.right() - UNIT - len(actions) * BUTTON
        top = area.center().y() - BUTTON // 2 + 1
        return [(action, QRect(left + at * BUTTON, top, BUTTON, BUTTON)) for at, action in enumerate(actions)]

    def _hit(self, area: QRect, row: JobRow, event: QMouseEvent) -> str:
        at = event.position().toPoint()
        return next((action for action, place in self._buttons(area, row) if place.contains(at)), "")

    def _paint_ground(self, painter: QPainter, option: QStyleOptionViewItem) -> None:
        state = option.state
        name = ""
        if state & QStyle.StateFlag.State_Selected:
            name = "chosen" if state & QStyle.StateFlag.State_Active else "chosen_off"
        elif state & QStyle.StateFlag.State_MouseOver:
            name = "hover"
        if name:
            painter.setPen(Qt.PenStyle.NoPen)
            painter.setBrush(color(name))
            painter.drawRoundedRect(option.rect.adjusted(UNIT // 2, 1, -UNIT // 2, -1), 6, 6)

    def _paint_icon(self, painter: QPainter, row: JobRow, area: QRect) -> None:
        picture = icons.pixmap(KIND_ICONS.get(row.kind, "transfer"), ICON, color("accent"), _ratio(painter))
        painter.drawPixmap(area.left(), area.center().y() - ICON // 2 + 1, picture)

    def _paint_lines(
        self, painter: QPainter, option: QStyleOptionViewItem, area: QRect, row: JobRow, route: str
    ) -> None:
        title = shown(row.title)
        if row.items_total > 1:
            text = QCoreApplication.translate("Transfers", "{title}, {n} items")
            title = text.format(title=title, n=count(row.items_total))
        _two_lines(painter, option, area, title, route, "muted")

    def _paint_progress(
        self, painter: QPainter, option: QStyleOptionViewItem, area: QRect, row: JobRow
    ) -> None:
        look, tint = STATE_LOOK.get(row.state, ("", "muted"))
        text = state_text(row)
        if row.state.is_end or row.state is State.WAITING:
            top = area.center().y() - 8
            painter.drawPixmap(area.left(), top + 1, icons.pixmap(look, 16, color(tint), _ratio(painter)))
            _line(painter, option, area.adjusted(16 + UNIT, 0, 0, 0), text, tint)
            return
        percent = f"{int(100 * fraction(row))} %"
        width = option.fontMetrics.horizontalAdvance("100 %") + UNIT
        middle = area.center().y()
        upper = QRect(
            area.left(), middle - option.fontMetrics.height() - 1, area.width(), option.fontMetrics.height()
        )
        bar = QRect(
            upper.left(), upper.center().y() - BAR_HEIGHT // 2, upper.width() - width - UNIT, BAR_HEIGHT
        )
        painter.setPen(Qt.PenStyle.NoPen)
        painter.setBrush(color("line"))
        painter.drawRoundedRect(bar, BAR_HEIGHT / 2, BAR_HEIGHT / 2)
        done = QRectF(bar)
        done.setWidth(max(float(BAR_HEIGHT), bar.width() * fraction(row)))
        painter.setBrush(color("accent" if row.state is State.RUNNING else "muted"))
        painter.drawRoundedRect(done, BAR_HEIGHT / 2, BAR_HEIGHT / 2)
        painter.setPen(color("text"))
        painter.drawText(upper, Qt.AlignmentFlag.AlignRight | Qt.AlignmentFlag.AlignVCenter, percent)
        lower = QRect(area.left(), middle + 1, area.width(), option.fontMetrics.height())
        _line(painter, option, lower, text, tint)

    def _paint_button(self, painter: QPainter, place: QRect, action: str, *, lit: bool) -> None:
        if lit:
            painter.setPen(Qt.PenStyle.NoPen)
            painter.setBrush(color("line"))
            painter.drawRoundedRect(place.adjusted(1, 1, -1, -1), 6, 6)
        tint = "warn" if action == "answer" else "text" if lit else "muted"
        picture = icons.pixmap(BUTTON_ICONS[action], 16, color(tint), _ratio(painter))
        painter.drawPixmap(place.center().x() - 7, place.center().y() - 7, picture)


def _two_lines(
    painter: QPainter, option: QStyleOptionViewItem, area: QRect, upper: str, lower: str, tint: str
) -> None:
    height, middle = option.fontMetrics.height(), area.center().y()
    _line(painter, option, QRect(area.left(), middle - height - 1, area.width(), height), upper, "text")
    _line(painter, option, QRect(area.left(), middle + 1, area.width(), height), lower, tint)


def _line(painter: QPainter, option: QStyleOptionViewItem, area: QRect, text: str, tint: str) -> None:
    """One line of plain text, its middle left out where there is no room."""
    painter.setPen(color(tint))
    fitting = option.fontMetrics.elidedText(text, Qt.TextElideMode.ElideMiddle, area.width())
    painter.drawText(area, Qt.AlignmentFlag.AlignLeft | Qt.AlignmentFlag.AlignVCenter, fitting)


def _ratio(painter: QPainter) -> float:
    device = painter.device()
    return device.devicePixelRatioF() if isinstance(device, QWidget) else painter.device().devicePixelRatioF()
