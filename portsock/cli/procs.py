"""portsock procs"""

from collections.abc import Iterable

import typer

from portsock.cli.listing import Answer, Listing, run
from portsock.cli.options import Collecting, Printing, Selecting, Targets
from portsock.model import Socket
from portsock.views.procs import PROCS, ProcessRow, group_processes


def _rows(answer: Answer) -> list[ProcessRow]:
    return group_processes(answer.sockets, answer.snapshot.processes)


def _sockets(row: ProcessRow) -> Iterable[Socket]:
    return row.sockets


LISTING: Listing[ProcessRow] = Listing(PROCS, "either", _rows, _sockets)


def command(ctx: typer.Context, select: Selecting, collect: Collecting, output: Printing, targets: Targets = None) -> int:
    """Run `procs`."""
    return run(LISTING, ctx.obj, targets, select, collect, output)
