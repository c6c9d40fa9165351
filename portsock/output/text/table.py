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
_GAP = "  "
_CHUNK = 250
"""The number of rows whose cells are made, or that are written, at once."""
_LEAST = 12
"""The least width to which free text is shortened."""
_ELLIPSIS = "…"
_NUMBERS = frozenset("0123456789,/")
"""The characters in the brackets after a process's name: pids, with or without descriptors."""


def table(rows: Iterable[Row], columns: Sequence[Column[Row]], context: Context, options: Options) -> Iterator[str]:
    """Yield the table: text left, numbers right, two spaces between, headings in capitals; absent values are '-'."""
    shown, columns = list(rows), list(columns)
    cells = _cells(shown, columns, context, options)
    headings = [column.header for column in columns] if options.header else None
    left_out = _squeeze(cells, columns, headings, options) if options.width else []
    meanings = [_meanings(shown, column) for column in columns] if options.color else None
    yield from layout(cells, [column.right for column in columns], headings, meanings)
    if left_out:
        yield f"({', '.join(left_out)} left out for want of room; --wide shows all)\n"


def _cells(rows: Sequence[Row], columns: Sequence[Column[Row]], context: Context, options: Options) -> list[list[str]]:
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
    line = _GAP.join(formats)
    rows = zip(*ready, strict=True)
    while chunk := [(line % row).rstrip() for row in islice(rows, _CHUNK)]:
        yield "\n".join(chunk) + "\n"


def _meanings(rows: Sequence[Row], column: Column[Row]) -> list[str | None]:
    meaning = column.meaning
    return [None] * len(rows) if meaning is None else [meaning(row) for row in rows]


def _squeeze(cells: list[list[str]], columns: list[Column[Row]], headings: list[str] | None, options: Options) -> list[str]:
    """Make the lines fit the terminal: shorten free text, and where that is not enough leave out spare columns. Return the
    headings of those. A table that cannot be made to fit is not changed."""
    all_cells, all_columns, all_headings = [*cells], [*columns], headings and [*headings]
    left_out: list[str] = []
    while not _fit(cells, columns, headings, options):
        spare = max((index for index, column in enumerate(columns) if column.spare), default=None)
        if spare is None or not options.chosen:
            cells[:], columns[:] = all_cells, all_columns
            if headings is not None:
                headings[:] = all_headings or []
            return []
        left_out.insert(0, columns[spare].header)
        for each in (cells, columns, headings):
            if each is not None:
                del each[spare]
    return left_out


def _fit(cells: list[list[str]], columns: Sequence[Column[Row]], headings: Sequence[str] | None, options: Options) -> bool:
    """Shorten free text, the last column first, and tell whether the lines fit the terminal. If not, shorten nothing."""
    rooms = []
    for index, column in enumerate(cells):
        texts = (*(headings[index : index + 1] if headings else ()), *column)
        rooms.append(max(map(widths_of(column), texts), default=0))
    excess = sum(rooms) + len(_GAP) * (len(cells) - 1) - (options.width or 0)
    narrower = {}
    for index in reversed(range(len(columns))):
        least = max(_LEAST, len(headings[index]) if headings else 0)
        if excess > 0 and columns[index].free_text and rooms[index] > least:
            narrower[index] = max(least, rooms[index] - excess)
            excess -= rooms[index] - narrower[index]
    if excess > 0:
        return False
    for index, room in narrower.items():
        cells[index] = [shorten(cell, room, options.ascii_only) for cell in cells[index]]
    return True


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


def shorten(text: str, width: int, ascii_only: bool = False) -> str:
    """Return the text, or its beginning with '…' in at most that many columns. A number in brackets is never cut, since the
    rest would look like another number: 'python3[3,45,…]', or 'python3…' where none fits."""
    if width_of(text) <= width:
        return text
    ellipsis = "..." if ascii_only else _ELLIPSIS
    head = _head(text, width - len(ellipsis))
    begin = head.rfind("[")
    if begin < 0 or not _NUMBERS.issuperset(head[begin + 1 :]):
        return head + ellipsis
    head = _head(text, width - len(ellipsis) - 1)
    comma = head.rfind(",")
    return f"{head[: comma + 1]}{ellipsis}]" if comma > begin else head[:begin] + ellipsis


def _head(text: str, room: int) -> str:
    """Return the longest beginning that takes no more than `room` columns."""
    head = text[: max(room, 0)]
    while head and width_of(head) > room:
        head = head[:-1]
    return head
