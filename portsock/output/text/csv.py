"""Comma-separated values, RFC 4180 except for line ends: quotes where needed, a header of column names, absent values empty.

Lines end in LF and not in CRLF: the next program of a Unix pipe would take the CR for part of the last value, and readers of
RFC 4180 take both.

A spreadsheet takes a text that begins with a sign of _FORMULA for a formula, which may run a program. Such a text gets one
apostrophe in front, and so does a text that begins with an apostrophe: a program that removes one leading apostrophe has every
value back. Source: OWASP, 'CSV Injection'. No number begins so, and absent values stay empty. TAB, CR and LF, which OWASP
names, too, have become escapes ('\\x09') before.
"""

from collections.abc import Iterable, Iterator, Sequence
from itertools import islice
from typing import TypeVar

from portsock.output.columns import Column
from portsock.output.context import Context, Options
from portsock.output.text.escape import escape_all

Row = TypeVar("Row")

_CHUNK = 1000
_FORMULA = frozenset("=+-@＝＋－＠")
"""Signs that begin a formula; the wide ones in East Asian editions."""
_MARKED = _FORMULA | {"'"}


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
        return lines(zip(*map(_as_text, cells), strict=True))

    if options.header:
        yield lines([[column.name for column in columns]])
    remaining = iter(rows)
    while some := list(islice(remaining, _CHUNK)):
        yield of_some(some)


def _as_text(cells: list[str]) -> list[str]:
    """Return the cells so that a spreadsheet takes none for a formula."""
    if _MARKED.isdisjoint([cell[:1] for cell in cells]):
        return cells
    return [f"'{cell}" if cell[:1] in _MARKED else cell for cell in cells]
