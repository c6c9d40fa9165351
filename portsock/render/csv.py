"""Comma-separated values, RFC 4180 but for the line ends: quotes where needed, a header of column names, absent values empty.

Lines end in LF and not in CRLF: the next program of a Unix pipe would take the CR for part of the last value, and readers of
RFC 4180 take both.
"""

from collections.abc import Iterable, Iterator, Sequence
from itertools import islice
from typing import TYPE_CHECKING, TypeVar

from portsock.render.escape import escape_all
from portsock.render.options import Options
from portsock.views.columns import Column
from portsock.views.context import Context

if TYPE_CHECKING:
    from io import StringIO

Row = TypeVar("Row")

_CHUNK = 1000


def csv(rows: Iterable[Row], columns: Sequence[Column[Row]], context: Context, options: Options) -> Iterator[str]:
    """Chunks of CSV. Numbers stand without service names, and lists are whole, so that programs can read them."""
    from csv import writer
    from io import StringIO

    context = context._replace(numeric=True, whole=True)
    buffer = StringIO(newline="")
    out = writer(buffer, lineterminator="\n")
    if options.header:
        out.writerow([column.name for column in columns])
    remaining = iter(rows)
    while chunk := list(islice(remaining, _CHUNK)):
        cells = [escape_all([column.text(row, context) for row in chunk], options.ascii_only) for column in columns]
        out.writerows(zip(*cells, strict=True))
        yield _taken(buffer)
    if buffer.tell():
        yield _taken(buffer)


def _taken(buffer: "StringIO") -> str:
    text = buffer.getvalue()
    buffer.seek(0)
    buffer.truncate()
    return text
