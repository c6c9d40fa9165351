"""The default table: one pass for widths, one format per row.

The layout is that of tabulate's 'plain' without its extra padding of headings, as a test checks; tabulate takes 2 µs a cell
and 68 ms to import.
"""

from collections.abc import Callable, Iterable, Iterator, Sequence
from itertools import islice
from typing import TypeVar

from portsock.output.columns import Column
from portsock.output.context import Context, Options
from portsock.output.text.color import bold, paint
from portsock.output.text.escape import escape_all

Row = TypeVar("Row")

_ABSENT = "-"
GAP = "  "
_CHUNK = 250
"""The number of rows whose cells are made, or that are written, at once."""


def table(rows: Iterable[Row], columns: Sequence[Column[Row]], context: Context, options: Options) -> Iterator[str]:
    """Yield the table: text left, numbers right, two spaces between, headings in capitals; absent values are '-'."""
    shown = list(rows)
    yield from laid_out(shown, all_cells(shown, columns, context, options), columns, options)


def laid_out(
    rows: Sequence[Row], cells: Sequence[list[str]], columns: Sequence[Column[Row]], options: Options
) -> Iterator[str]:
    """Yield the table of these cells, by column."""
    headings = [column.header for column in columns] if options.header else None
    meanings = [_meanings(rows, column) for column in columns] if options.color else None
    yield from layout(cells, [column.right for column in columns], headings, meanings)


def all_cells(rows: Sequence[Row], columns: Sequence[Column[Row]], context: Context, options: Options) -> list[list[str]]:
    """Return the cells by column, made chunk by chunk: from the second column on the rows are in the processor's cache."""
    cells: list[list[str]] = [[] for _ in columns]
    for begin in range(0, len(rows), _CHUNK):
        some = rows[begin : begin + _CHUNK]
        for texts, column in zip(cells, columns, strict=True):
            texts += cells_of(some, column, context, options.ascii_only)
    return cells


def cells_of(rows: Sequence[Row], column: Column[Row], context: Context, ascii_only: bool) -> list[str]:
    """Return the cells of one column, escaped, '-' where the value is absent."""
    text = column.text
    return escape_all([text(row, context) or _ABSENT for row in rows], ascii_only)


def layout(
    cells: Sequence[list[str]],
    right: Sequence[bool],
    headings: Sequence[str] | None,
    meanings: Sequence[list[str | None]] | None = None,
) -> Iterator[str]:
    """Yield the lines of a table in chunks of text, from its cells by column. No line ends in a space.

    With `meanings`, one for each cell, the cells are colored and the headings bold.
    """
    formats, ready = [], []
    for index, column in enumerate(cells):
        heading = headings[index : index + 1] if headings else ()
        texts = [*heading, *column]
        measure = widths_of(texts)
        width = max(map(measure, texts), default=0)
        if meanings is None and measure is len:
            formats.append(f"%{'' if right[index] else '-'}{width}s")
            ready.append(texts)
            continue
        painted = [*map(bold, heading), *map(paint, column, meanings[index])] if meanings else texts
        gaps = [" " * (width - measure(text)) for text in texts]
        ready.append([gap + cell if right[index] else cell + gap for cell, gap in zip(painted, gaps, strict=True)])
        formats.append("%s")
    line = GAP.join(formats)
    rows = zip(*ready, strict=True)
    while chunk := [(line % row).rstrip() for row in islice(rows, _CHUNK)]:
        yield "\n".join(chunk) + "\n"


def _meanings(rows: Sequence[Row], column: Column[Row]) -> list[str | None]:
    meaning = column.meaning
    return [None] * len(rows) if meaning is None else [meaning(row) for row in rows]


def width_of(text: str) -> int:
    """Return the number of columns: two for wide characters, none for combining ones."""
    if text.isascii():
        return len(text)
    from wcwidth import wcswidth

    width = wcswidth(text)
    return width if width >= 0 else len(text)


def widths_of(cells: list[str]) -> Callable[[str], int]:
    """Return the fastest function that measures all these cells correctly."""
    return len if "".join(cells).isascii() else width_of
