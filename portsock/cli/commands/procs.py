"""The subcommand `procs`."""

from collections.abc import Iterable, Sequence

from portsock.cli.console import Console
from portsock.cli.listing import Found, Listing, run
from portsock.cli.options import Arranging, Collecting, Printing, Selecting, Targets
from portsock.enums import Need
from portsock.errors import UsageError
from portsock.model import Socket
from portsock.normalize.processes import ProcessRow, group_processes, tree
from portsock.output.tables.procs import PROCS


def _rows(found: Found) -> Sequence[ProcessRow]:
    return group_processes(found.sockets, found.processes)


def _sockets(row: ProcessRow) -> Iterable[Socket]:
    return row.sockets


LISTING: Listing[ProcessRow] = Listing(PROCS, _rows, _sockets)


def _branches(found: Found) -> list[ProcessRow]:
    return tree(_rows(found), found.processes)


def command(
    console: Console, select: Selecting, collect: Collecting, arranging: Arranging, output: Printing, targets: Targets = None
) -> int:
    """Run `procs`."""
    if not arranging.tree:
        return run(LISTING, console, targets, select, collect, output)
    if output.format in ("dot", "mermaid"):
        raise UsageError(f"--tree and --format {output.format} exclude each other: a picture has no parents; choose one")
    other = "--sort" if output.sort is not None else "--count" if output.counting else None
    if other:
        raise UsageError(f"--tree and {other} exclude each other: a tree has an order and ancestors of its own; choose one")
    needs = frozenset({Need.PROCESSES, Need.PARENTS})
    return run(LISTING._replace(rows=_branches), console, targets, select, collect, output, needs)
