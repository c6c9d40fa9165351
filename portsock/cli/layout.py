"""How the answer is to be printed, checked before anything is collected: a typing error must not cost a collection."""

from collections.abc import Iterator, Sequence
from typing import Generic, NamedTuple, TypeVar

from portsock.cli.console import Console
from portsock.cli.options import Printing
from portsock.errors import UsageError
from portsock.output.columns import (
    DETAILS,
    Column,
    Sort,
    View,
    default_columns,
    fixed_columns,
    needs_of,
    parse_columns,
    parse_sort,
    sort_rows,
)
from portsock.output.context import Context, Options
from portsock.output.text.renderers import Renderer, renderer

Row = TypeVar("Row")

JSON_NEEDS = frozenset({"owners", "processes", "peer", "connections"})
"""What the JSON contract promises of every row."""


class Layout(NamedTuple, Generic[Row]):
    """The chosen form of output, its columns and order; None where the defaults are meant."""

    kind: str
    """'table', 'csv', 'format' (of tabulate), 'json', 'jsonl', 'count' or 'pids'."""
    view: View[Row]
    columns: tuple[Column[Row], ...] | None
    sort: Sort[Row] | None
    render: Renderer
    options: Options
    details: frozenset[str] = frozenset()
    """Of DETAILS, those asked for by options of their own."""

    @property
    def needs(self) -> frozenset[str]:
        """What must be collected for it."""
        if self.kind in {"json", "jsonl"}:
            return JSON_NEEDS | self.details
        if self.kind == "pids":
            return frozenset({"owners"})
        if self.kind == "count":
            return self.view.needs
        sorting = self.sort.column.needs if self.sort else frozenset()
        shown = needs_of(self.view, self.columns)
        # A default column of details is shown where they were collected; only its name or its option makes them be.
        return (shown if self.columns else shown - DETAILS) | sorting | self.details

    def ordered(self, rows: Sequence[Row], context: Context) -> Sequence[Row]:
        """The rows in the order asked for; as they come without one."""
        return sort_rows(rows, self.sort, context) if self.sort else rows

    def text(self, rows: Sequence[Row], context: Context) -> Iterator[str]:
        """The rows as a table, a tabulate format or CSV."""
        fixed = self.kind == "csv"
        columns = self.columns or (fixed_columns(self.view, self.details) if fixed else default_columns(self.view, rows))
        return self.render(rows, columns, context, self.options)


def lay_out(view: View[Row], output: Printing, details: frozenset[str], console: Console) -> Layout[Row]:
    """Check the output options. Raises UsageError for what does not exist or does not go together."""
    from portsock.output.text.color import use_color

    flags = {"json": output.json, "jsonl": output.jsonl, "csv": output.csv, "count": output.counting, "pids": output.pids}
    kinds = [name for name, given in flags.items() if given]
    if output.format is not None:
        kinds.append("format")
    if len(kinds) > 1:
        named = " and ".join(f"--{kind}" for kind in kinds)
        raise UsageError(f"{named} exclude each other; choose one")
    kind = kinds[0] if kinds else "table"
    render = renderer(output.format or ("csv" if output.csv else "table"))
    shortened = console.out_is_terminal and not output.wide and kind == "table"
    options = Options(
        header=not output.no_header,
        width=console.width if shortened else None,
        chosen=output.columns is None,
        color=kind == "table" and use_color(output.color, console.out_is_terminal, console.environ),
        ascii_only=console.ascii_only,
    )
    columns = None if output.columns is None else parse_columns(view, output.columns)
    sort = None if output.sort is None else parse_sort(view, output.sort)
    return Layout(kind, view, columns, sort, render, options, details)
