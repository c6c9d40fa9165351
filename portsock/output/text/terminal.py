"""The table on a terminal: no line is wider than it.

Where the whole table does not fit, losses are taken one after another, in the order of their ranks (see Form), until it does:
cells are shortened, columns are left out. A cell that would fit at that rank is not shortened because of another one. Then
each loss that was needless after all is undone, the gravest first, and what room remains goes to the shortened cells.
"""

from collections.abc import Iterable, Iterator, Sequence
from typing import Any, Generic, NamedTuple, TypeVar

from portsock.output.columns import Column, Form, Space
from portsock.output.context import Context, Options
from portsock.output.tables.narrow import FORMS
from portsock.output.text.color import faint
from portsock.output.text.table import GAP, all_cells, laid_out, width_of, widths_of

Row = TypeVar("Row")

_LEFT_OUT = -1
"""The loss of a column as a whole."""
_ENDINGS = ("; --wide shows all, --columns chooses", "; --wide shows all", "; see --wide")


class _Fitted(Generic[Row]):
    """A column, its cells, and the losses taken so far."""

    def __init__(self, rows: Sequence[Row], column: Column[Row], cells: list[str], context: Context, options: Options) -> None:
        self.column = column
        self.cells = cells
        self.heading = len(column.header) if options.header else 0
        self.left_out = False
        self.losses: dict[str, None] = {}
        self._rows = dict(zip(reversed(cells), reversed(rows), strict=True))
        """The first row with each cell: cells of the same text are shortened alike."""
        self._space = Space(0, context, options.ascii_only)
        self._whole = list(map(widths_of(cells), self._rows))
        self._needs = [self._whole]
        """The least widths of these cells at each level: whole, after the first form, …"""
        self._widths = [max([self.heading, *self._whole])]
        self._forms: Sequence[Form[Row]] = FORMS[column.forms] if column.forms else ()

    def steps(self, number: int, may_go: bool) -> Iterator["_Step"]:
        """Yield the losses that this column can take."""
        for level, form in enumerate(self._forms, 1):
            yield _Step(form.rank, -number, level, self)
        if may_go and self.column.spare is not None:
            yield _Step(self.column.spare, -number, _LEFT_OUT, self)

    @property
    def width(self) -> int:
        """Return its width after the losses taken, without its gap."""
        return self._widths[-1]

    def take(self, level: int, room: int) -> bool:
        """Take a loss, of cells only of those that do not fit the room; tell whether it changed anything."""
        if self.left_out:
            return False
        if level == _LEFT_OUT:
            self.left_out = True
            return True
        form, needs = self._forms[level - 1], [*self._needs[-1]]
        enough = max(room, self.heading, form.least)
        for index, (cell, row) in enumerate(self._rows.items()):
            if needs[index] > enough:
                needs[index] = min(needs[index], width_of(form.text(row, cell, self._space)))
        self._needs.append(needs)
        self._widths.append(max([self.heading, *needs]))
        return True

    def undo(self, level: int, slack: int) -> None:
        """Take back the last loss of this column, as far as there is room: of the cells those that then fit."""
        if level == _LEFT_OUT:
            self.left_out = self.width + len(GAP) > slack
        elif not self.left_out and level == len(self._widths) - 1:
            room = self.width + slack
            if self._widths[-2] <= room:
                del self._needs[-1], self._widths[-1]
                return
            self._needs[-1] = [before if before <= room else now for before, now in zip(*self._needs[-2:], strict=True)]
            self._widths[-1] = max([self.heading, *self._needs[-1]])

    def replaces(self, rank: int) -> bool:
        """Tell whether cells have a form while which columns of this rank stay left out."""
        return any(form.instead == rank for form in self._forms[: len(self._widths) - 1])

    def fill(self, slack: int) -> int:
        """Make the cells, the wider the more slack there is; return the slack that remains."""
        if self.left_out or len(self._widths) == 1:
            return slack
        room, used = self.width + slack, self.heading
        shortened = {}
        for (cell, row), whole in zip(self._rows.items(), self._whole, strict=True):
            if whole > room:
                shortened[cell], whole = self._shortened(cell, row, room)
            used = max(used, whole)
        self.cells = [shortened.get(cell, cell) for cell in self.cells]
        return slack - max(used - self.width, 0)

    def _shortened(self, cell: str, row: Row, room: int) -> tuple[str, int]:
        """Return the cell in the first of the forms taken that fits, and its width."""
        text, width, space = "", 0, self._space._replace(room=room)
        losses: dict[str, None] = {}
        for form in self._forms[: len(self._widths) - 1]:
            before, text = text or cell, form.text(row, cell, space)
            width = width_of(text)
            if form.loses and text != before:
                losses[form.loses] = None
            if width <= room:
                break
        self.losses |= losses
        return text, width


class _Step(NamedTuple):
    """A loss that a column can take; steps are taken in their order."""

    rank: int
    place: int
    """Of the column: the rightmost first."""
    level: int
    column: _Fitted[Any]


def fitted(rows: Iterable[Row], columns: Sequence[Column[Row]], context: Context, options: Options) -> Iterator[str]:
    """Yield the table in no more columns than the terminal has, and a line that names what was left out.

    Columns that were named by --columns are never left out; where they cannot be made to fit, nothing is shortened.
    """
    shown = list(rows)
    cells = all_cells(shown, columns, context, options)
    states = [_Fitted(shown, column, texts, context, options) for column, texts in zip(columns, cells, strict=True)]
    width = options.width or 0
    if _excess(states, width) > 0:
        _fit(states, width, options.chosen)
    kept = [state for state in states if not state.left_out]
    yield from laid_out(shown, [state.cells for state in kept], [state.column for state in kept], options)
    items = [state.column.header for state in states if state.left_out]
    items += sorted({loss for state in kept for loss in state.losses}, key=len)
    if items:
        line = _note(items, width)
        yield f"{faint(line) if options.color else line}\n"


def _excess(states: Sequence[_Fitted[Any]], width: int) -> int:
    """Return the number of columns by which the table is too wide; negative where room remains."""
    widths = [state.width for state in states if not state.left_out]
    return sum(widths) + len(GAP) * (len(widths) - 1) - width


def _fit(states: Sequence[_Fitted[Any]], width: int, may_go: bool) -> None:
    """Take losses until the table fits, undo those that were needless, and make the cells."""
    steps = sorted(step for number, state in enumerate(states) for step in state.steps(number, may_go))
    taken = []
    for step in steps:
        if (excess := _excess(states, width)) <= 0:
            break
        if step.column.take(step.level, step.column.width - excess):
            taken.append(step)
    if not may_go and _excess(states, width) > 0:
        return
    taken.reverse()
    for step in taken:
        if step.level != _LEFT_OUT or not any(state.replaces(step.rank) for state in states):
            step.column.undo(step.level, -_excess(states, width))
    slack = max(-_excess(states, width), 0)
    for state in dict.fromkeys(step.column for step in taken):
        slack = state.fill(slack)


def _note(items: Sequence[str], width: int) -> str:
    """Return the line below the table, in no more than `width` columns."""
    for shown in range(len(items), 0, -1):
        rest = [f"+{len(items) - shown}"] if shown < len(items) else []
        for ending in _ENDINGS:
            line = f"Left out: {', '.join([*items[:shown], *rest])}{ending}"
            if len(line) <= width:
                return line
    return f"Shortened{_ENDINGS[-1]}"
