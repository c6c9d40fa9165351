"""The default table: one width pass, one format per row.

The layout is that of tabulate's 'plain' with no extra padding of headings; tabulate takes 2 µs a cell and
68 ms to import. A test holds one against the other.
"""

from collections.abc import Iterable, Iterator, Sequence
from itertools import islice
from typing import TypeVar

from portsock.render.color import bold, paint
from portsock.render.escape import escape_all
from portsock.render.options import Options
from portsock.render.width import shorten, widths_of
from portsock.views.columns import Column
from portsock.views.context import Context

Row = TypeVar("Row")

_ABSENT = "-"
_GAP = "  "
_CHUNK = 1000
_LEAST = 12
"""The width to which free text may be shortened at most."""


def table(rows: Iterable[Row], columns: Sequence[Column[Row]], context: Context, options: Options) -> Iterator[str]:
    """Text left, numbers right, two spaces between, headings in capitals; absent values are '-'."""
    shown = list(rows)
    cells = [cells_of(shown, column, context, options.ascii_only) for column in columns]
    headings = [column.header for column in columns] if options.header else None
    if options.width:
        _fit(cells, columns, headings, options)
    meanings = [_meanings(shown, column) for column in columns] if options.color else None
    yield from layout(cells, [column.right for column in columns], headings, meanings)


def cells_of(rows: Sequence[Row], column: Column[Row], context: Context, ascii_only: bool) -> list[str]:
    """The cells of one column, escaped, '-' where the value is absent."""
    text = column.text
    return escape_all([text(row, context) or _ABSENT for row in rows], ascii_only)


def layout(
    cells: Sequence[list[str]],
    right: Sequence[bool],
    headings: Sequence[str] | None,
    meanings: Sequence[list[str | None]] | None = None,
) -> Iterator[str]:
    """Lines of a table in chunks of text, from its cells by column. No line ends in a space.

    With `meanings`, one a cell, the cells are painted and the headings bold.
    """
    formats, ready = [], []
    for index, column in enumerate(cells):
        heading = headings[index : index + 1] if headings else ()
        measure = widths_of([*heading, *column])
        width = max(map(measure, (*heading, *column)), default=0)
        if meanings is None and measure is len:
            formats.append(f"%{'' if right[index] else '-'}{width}s")
            ready.append([*heading, *column])
            continue
        painted = [bold(text) for text in heading] if meanings else [*heading]
        painted += map(paint, column, meanings[index]) if meanings else column
        gaps = [" " * (width - measure(cell)) for cell in (*heading, *column)]
        ready.append([gap + cell if right[index] else cell + gap for cell, gap in zip(painted, gaps, strict=True)])
        formats.append("%s")
    line = _GAP.join(formats)
    rows = zip(*ready, strict=True)
    while chunk := [(line % row).rstrip() for row in islice(rows, _CHUNK)]:
        yield "\n".join(chunk) + "\n"


def _meanings(rows: Sequence[Row], column: Column[Row]) -> list[str | None]:
    meaning = column.meaning
    return [None] * len(rows) if meaning is None else [meaning(row) for row in rows]


def _fit(cells: list[list[str]], columns: Sequence[Column[Row]], headings: Sequence[str] | None, options: Options) -> None:
    """Shorten the cells of the last free-text column so that the lines fit the terminal; not at all where they would not."""
    last = max((index for index, column in enumerate(columns) if column.free_text), default=None)
    if last is None or options.width is None:
        return
    widths = [
        max(map(widths_of(column), (*(headings[index : index + 1] if headings else ()), *column)), default=0)
        for index, column in enumerate(cells)
    ]
    room = options.width - (sum(widths) - widths[last]) - len(_GAP) * (len(cells) - 1)
    least = max(_LEAST, len(headings[last]) if headings else 0)
    if least <= room < widths[last]:
        cells[last] = [shorten(cell, room, options.ascii_only) for cell in cells[last]]
