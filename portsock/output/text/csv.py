"""Comma-separated values, RFC 4180 except for line ends: quotes where needed, a header of column names, absent values empty.

Lines end in LF and not in CRLF: the next program of a Unix pipe would take the CR for part of the last value, and readers of
RFC 4180 take both.
"""

from collections.abc import Iterable, Iterator, Sequence
from itertools import islice
from typing import TypeVar

from portsock.output.columns import Column
from portsock.output.context import Context, Options
from portsock.output.text.escape import escape_all

Row = TypeVar("Row")

_CHUNK = 1000


def csv(rows: Iterable[Row], columns: Sequence[Column[Row]], context: Context, options: Options) -> Iterator[str]:
    """Yield chunks of CSV. For programs, ports are numbers without service names, and lists are complete."""
    from csv import writer
    from io import StringIO

    context = context._replace(numeric=True, whole=True)

    def lines(rows: Iterable[Iterable[str]]) -> str:
        buffer = StringIO(newline="")
        writer(buffer, lineterminator="\n").writerows(rows)
        return buffer.getvalue()

    def of_some(some: Sequence[Row]) -> str:
        cells = [escape_all([column.text(row, context) for row in some], options.ascii_only) for column in columns]
        return lines(zip(*cells, strict=True))

    if options.header:
        yield lines([[column.name for column in columns]])
    remaining = iter(rows)
    while some := list(islice(remaining, _CHUNK)):
        yield of_some(some)
