"""portsock procs"""

from collections.abc import Iterable

import typer

from portsock.cli.listing import Answer, Listing, run
from portsock.cli.options import Arranging, Collecting, Printing, Selecting, Targets
from portsock.errors import UsageError
from portsock.model import Socket
from portsock.normalize.processes import ProcessRow, group_processes, tree
from portsock.output.tables.procs import PROCS


def _rows(answer: Answer) -> list[ProcessRow]:
    return group_processes(answer.sockets, answer.snapshot.processes)


def _sockets(row: ProcessRow) -> Iterable[Socket]:
    return row.sockets


LISTING: Listing[ProcessRow] = Listing(PROCS, "either", _rows, _sockets)


def _branches(answer: Answer) -> list[ProcessRow]:
    return tree(_rows(answer), answer.snapshot.processes)


def command(
    ctx: typer.Context,
    select: Selecting,
    collect: Collecting,
    arranging: Arranging,
    output: Printing,
    targets: Targets = None,
) -> int:
    """Run `procs`."""
    if not arranging.tree:
        return run(LISTING, ctx.obj, targets, select, collect, output)
    other = "--sort" if output.sort is not None else "--count" if output.counting else None
    if other:
        raise UsageError(f"--tree and {other} exclude each other: a tree has an order and ancestors of its own; choose one")
    needs = frozenset({"processes", "parents"})
    return run(LISTING._replace(rows=_branches), ctx.obj, targets, select, collect, output, needs)
