"""Columns, and the options --columns and --sort. The columns of each command are in output/tables."""

from collections.abc import Callable, Iterable, Sequence
from typing import Any, Generic, NamedTuple, TypeVar

from portsock.enums import ON_REQUEST, Need
from portsock.errors import UsageError
from portsock.output.context import Context

Row = TypeVar("Row")


class Space(NamedTuple):
    """The room for a cell that must be shortened."""

    room: int
    """Columns of the terminal; 0 asks for the shortest text of a form."""
    context: Context
    ascii_only: bool = False


class Form(NamedTuple, Generic[Row]):
    """A shorter form of a column's cells, for a terminal without room for the whole table."""

    rank: int
    """Its place in the table's order of losses, which columns that may be left out share: the lowest goes first."""
    text: Callable[[Row, str, Space], str]
    """Return the shorter cell, escaped, from the row and the whole cell, escaped: as long as there is room for."""
    loses: str | None = None
    """The thing left out, where no sign in the cell says so ('…', '+3'); it is named below the table."""
    least: int = 0
    """Cells of no more columns cannot become shorter in this form; this saves time only."""
    instead: int | None = None
    """Columns of this rank do not come back while cells have this form."""


class Column(NamedTuple, Generic[Row]):
    """One column of one command's table."""

    name: str
    """As in --columns, in CSV and, where it has the same value, in JSON."""
    help: str
    text: Callable[[Row, Context], str]
    """The cell, unescaped; empty where the value is absent."""
    key: Callable[[Row, Context], Any] | None = None
    """The sort key, where the text would sort wrongly; None sorts last."""
    right: bool = False
    """Aligned to the right, as numbers are."""
    default: bool = False
    when: Callable[[Sequence[Row]], bool] | None = None
    """Of a default column: shown only where this is true of the rows."""
    needs: frozenset[Need] = frozenset()
    """Facts to collect for it: owners, connections, info, timers, memory, processes, peer."""
    forms: str | None = None
    """The name of its shorter forms (FORMS in output/tables/narrow.py); None where a cell is never shortened."""
    spare: int | None = None
    """The rank at which it is left out on a terminal without room for it (see Form); None where it never is."""
    meaning: Callable[[Row], str | None] | None = None
    """The enum member by which the cell is colored."""
    short: str | None = None
    """A shorter name: the heading of the table, also accepted by --columns."""

    @property
    def header(self) -> str:
        """Return the table's heading."""
        return (self.short or self.name).upper().replace("_", "-")


class View(NamedTuple, Generic[Row]):
    """A command's columns, in the order of its table."""

    command: str
    columns: tuple[Column[Row], ...]
    needs: frozenset[Need] = frozenset()
    """Facts to collect for the rows to be right, whatever their columns."""


class Sort(NamedTuple, Generic[Row]):
    """An order of rows."""

    column: Column[Row]
    descending: bool


def parse_columns(view: View[Row], text: str) -> tuple[Column[Row], ...]:
    """Return the columns that --columns names, in that order: 'proto,port,process'. Raises UsageError."""
    names = [name for part in text.split(",") if (name := part.strip())]
    if not names:
        raise UsageError(f"--columns names no column; see portsock {view.command} --columns help")
    return tuple(dict.fromkeys(_find(view, name, "--columns") for name in names))


def parse_sort(view: View[Row], text: str) -> Sort[Row]:
    """Return the order that --sort names: 'port', or '-conns' for descending. Raises UsageError."""
    return Sort(_find(view, text.strip().removeprefix("-"), "--sort"), text.strip().startswith("-"))


def default_columns(view: View[Row], rows: Sequence[Row]) -> tuple[Column[Row], ...]:
    """Return the columns of the table without --columns; some depend on the rows."""
    tests = {column.when for column in view.columns if column.default and column.when}
    holds = {test: test(rows) for test in tests}  # several columns share a test, and each test reads every row
    return tuple(column for column in view.columns if column.default and (column.when is None or holds[column.when]))


def fixed_columns(view: View[Row], details: frozenset[Need]) -> tuple[Column[Row], ...]:
    """Return the default columns whatever the rows, for programs; details only where they are in `details`."""
    return tuple(column for column in view.columns if column.default and not (column.needs & ON_REQUEST) - details)


def needs_of(view: View[Row], columns: Iterable[Column[Row]] | None) -> frozenset[Need]:
    """Return the facts to collect for these columns, or for the default ones."""
    chosen = [column for column in view.columns if column.default] if columns is None else columns
    return view.needs.union(*(column.needs for column in chosen))


def sort_rows(rows: Iterable[Row], sort: Sort[Row], context: Context) -> list[Row]:
    """Return the rows in that order. Rows without the value come last in both directions; equal rows keep their order."""
    column = sort.column
    key = column.key or column.text
    keyed = [(key(row, context), row) for row in rows]
    present = [pair for pair in keyed if pair[0] is not None and pair[0] != ""]
    absent = [row for value, row in keyed if value is None or value == ""]
    present.sort(key=lambda pair: pair[0], reverse=sort.descending)
    return [row for _, row in present] + absent


def columns_help(view: View[Row]) -> str:
    """Return the text of --columns help: every column with its meaning, those of the default table marked '*'."""
    width = max(len(column.name) for column in view.columns)
    lines = [f"{'*' if column.default else ' '} {column.name:{width}}  {column.help}" for column in view.columns]
    return "\n".join([f"Columns of portsock {view.command} (* shown by default):", *lines]) + "\n"


def _find(view: View[Row], name: str, option: str) -> Column[Row]:
    wanted = name.lower().replace("-", "_")
    for column in view.columns:
        if wanted in (column.name, column.short):
            return column
    from difflib import get_close_matches

    names = [column.name for column in view.columns]
    near = get_close_matches(wanted, names, 3, 0.5) or [known for known in names if wanted and known.startswith(wanted)]
    advice = f"did you mean {' or '.join(near)}?" if near else f"known: {', '.join(names)}"
    raise UsageError(f"{option}: portsock {view.command} has no column '{name}'; {advice}")
