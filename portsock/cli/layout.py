"""The chosen form of output. It is checked before anything is collected: a typing error must not cost a collection."""

from collections.abc import Callable, Iterator, Sequence
from typing import Generic, NamedTuple, TypeVar

from portsock.cli.console import Console
from portsock.cli.options import Printing
from portsock.enums import DETAILS, ON_REQUEST, Need, OwnerReason
from portsock.errors import Exit, ReadError, UsageError
from portsock.model import Process, Processes, Socket
from portsock.output.columns import (
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
from portsock.query.answer import Answer

Row = TypeVar("Row")

JSON_NEEDS = frozenset({Need.OWNERS, Need.PROCESSES, Need.COMMANDS, Need.PEER, Need.CONNECTIONS, Need.MACHINE})
"""Needs of the keys that every JSON answer has."""

INIT = 1
"""The pid of the first process, which is never printed for kill."""
_SYSTEMD = "systemd holds it for a service; systemctl list-sockets names the .socket unit to stop"


class Layout(NamedTuple, Generic[Row]):
    """The chosen form of output, its columns and order; None where the defaults are meant."""

    kind: str
    """'table', 'csv', 'format' (of tabulate), 'json', 'jsonl', 'count' or 'pids'."""
    view: View[Row]
    columns: tuple[Column[Row], ...] | None
    sort: Sort[Row] | None
    render: Renderer
    options: Options
    asked: frozenset[Need] = frozenset()
    """Needs of the command's own options: details, parents."""

    @property
    def needs(self) -> frozenset[Need]:
        """The needs of this output."""
        if self.kind in {"json", "jsonl"}:
            return JSON_NEEDS | self.asked
        if self.kind == "pids":
            return frozenset({Need.OWNERS})
        if self.kind == "count":
            return self.view.needs
        sorting = self.sort.column.needs if self.sort else frozenset()
        shown = needs_of(self.view, self.columns)
        # Details are collected only for a column that was named, or for their option.
        left_out = ON_REQUEST if self.kind == "csv" else DETAILS
        return (shown if self.columns else shown - left_out) | sorting | self.asked

    @property
    def named_needs(self) -> frozenset[Need]:
        """The needs of what somebody named: columns, the order, options."""
        sorting = self.sort.column.needs if self.sort else frozenset()
        return needs_of(self.view, self.columns or ()) | sorting | self.asked

    def ordered(self, rows: Sequence[Row], context: Context) -> Sequence[Row]:
        """Return the rows in the order asked for, or as they come."""
        return sort_rows(rows, self.sort, context) if self.sort else rows

    def write(
        self, answer: Answer[Row], context: Context, summary: Callable[[Sequence[Row]], str] | None, console: Console
    ) -> Exit:
        """Write the rows in this form. Returns Exit.SYSTEM where --pids knows no process of the sockets, else Exit.OK."""
        rows = answer.rows
        if self.kind in {"json", "jsonl"}:
            from portsock.output.json.document import answer as json_answer

            lines = self.kind == "jsonl"
            console.write(json_answer(self.view.command, answer.snapshot, rows, context, lines=lines))  # type: ignore[arg-type]
        elif self.kind == "count":
            console.write([f"{len(rows)}\n"])
        elif self.kind == "pids":
            return _write_pids(answer, console)
        elif rows or self.kind == "csv":
            console.write(self._text(rows, context))
            if console.out_is_terminal and summary and self.kind == "table":
                console.write(["\n", *_wrapped(summary(rows), self.options.width)])
        return Exit.OK

    def _text(self, rows: Sequence[Row], context: Context) -> Iterator[str]:
        """Render the rows as a table, in a format of tabulate, or as CSV."""
        fixed = self.kind == "csv"
        columns = self.columns or (fixed_columns(self.view, self.asked) if fixed else default_columns(self.view, rows))
        return self.render(rows, columns, context, self.options)


def _wrapped(text: str, width: int | None) -> list[str]:
    """Return the lines of a text on a terminal of that width."""
    if width is None or len(text) <= width:
        return [f"{text}\n"]
    from textwrap import wrap

    return [f"{line}\n" for line in wrap(text, width)]


def _write_pids(answer: Answer[Row], console: Console) -> Exit:
    if any(socket.owner_reason is OwnerReason.NO_PROC for socket in answer.sockets):
        raise ReadError(
            "--pids: /proc is missing or shows another PID namespace, so that no process can be named; mount it anew"
        )
    found = pids_of(answer.sockets, answer.snapshot.processes)
    console.write(f"{pid}\n" for pid in found.pids)
    for remark in found.remarks:
        console.say(remark)
    return Exit.SYSTEM if answer.sockets and not found.pids else Exit.OK


class Pids(NamedTuple):
    """The process ids to print, and remarks for standard error."""

    pids: tuple[int, ...]
    remarks: tuple[str, ...]


def pids_of(sockets: Sequence[Socket], processes: Processes) -> Pids:
    """Return the owners of these sockets, each once, ascending. Never 1: ending it ends the system or the container."""
    found = {owner.pid for socket in sockets for owner in socket.owners if owner.pid}
    remarks = []
    if INIT in found:
        name = (processes.get((None, INIT)) or Process(INIT)).name
        why = _SYSTEMD if name == "systemd" else "ending it would end the system or container whose first process it is"
        remarks.append(f"PID 1 is left out: {why}")
    unknown = sum(not any(owner.pid for owner in socket.owners) for socket in sockets)
    if unknown:
        several = f"{unknown} matching sockets have" if unknown > 1 else "1 matching socket has"
        remarks.append(f"{several} no process that could be found; portsock sockets says why")
    return Pids(tuple(sorted(found - {INIT})), tuple(remarks))


def lay_out(view: View[Row], output: Printing, asked: frozenset[Need], console: Console) -> Layout[Row]:
    """Check the output options. Raises UsageError for an unknown value, and for options that exclude each other.

    `asked`: the needs of the command's own options.
    """
    from portsock.output.text.color import use_color

    flags = {"json": output.json, "jsonl": output.jsonl, "csv": output.csv, "count": output.counting, "pids": output.pids}
    kinds = [name for name, given in flags.items() if given]
    if output.format is not None:
        kinds.append("format")
    if len(kinds) > 1:
        named = " and ".join(f"--{kind}" for kind in kinds)
        raise UsageError(f"{named} exclude each other; choose one")
    kind = kinds[0] if kinds else "table"
    shortened = console.out_is_terminal and not output.wide and kind == "table"
    render = renderer(output.format or ("csv" if output.csv else "table"), shortened)
    options = Options(
        header=not output.no_header,
        width=console.width if shortened else None,
        chosen=output.columns is None,
        color=kind == "table" and use_color(output.color, console.out_is_terminal, console.environ),
        ascii_only=console.ascii_only,
    )
    columns = None if output.columns is None else parse_columns(view, output.columns)
    sort = None if output.sort is None else parse_sort(view, output.sort)
    return Layout(kind, view, columns, sort, render, options, asked)
