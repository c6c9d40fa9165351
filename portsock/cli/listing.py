"""The run that ports, sockets and procs share: parse, collect, answer, print, and say what was not seen."""

from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import TYPE_CHECKING, Generic, NamedTuple, TypeVar

from portsock.cli.collection import collect_snapshot
from portsock.cli.console import Console
from portsock.cli.layout import Layout, lay_out
from portsock.cli.options import Collecting, Printing, Selecting
from portsock.cli.outcome import report
from portsock.cli.query_parsing import parse_query
from portsock.enums import Need
from portsock.errors import Exit, UsageError
from portsock.model import Notice, Port, Processes, Snapshot, Socket
from portsock.output.columns import View
from portsock.output.context import Context
from portsock.port_numbers import Services
from portsock.query.answer import answer
from portsock.query.query import Query, Question, selects_by_owner

if TYPE_CHECKING:
    from portsock.normalize.processes import ProcessRow

PORTLESS = frozenset({"unix", "raw", "icmp"})
"""Protocols without ports that an option selects."""

Row = TypeVar("Row", Socket, Port, "ProcessRow")


class Found(NamedTuple):
    """The input of a listing's rows."""

    sockets: list[Socket]
    """The sockets that match."""
    processes: Processes
    query: Query
    services: Services
    ordered: bool
    """False where the rows are only counted."""
    every_state: bool
    """Connected sockets were collected whatever their state, so that they can be counted."""


class Listing(NamedTuple, Generic[Row]):
    """One listing command: its columns, and how sockets become rows."""

    view: View[Row]
    rows: Callable[[Found], Sequence[Row]]
    sockets: Callable[[Row], Iterable[Socket]] | None = None
    """Return the sockets that a row shows; None where every socket is a row."""
    summary: Callable[[Sequence[Row]], str] | None = None
    """Return the line under the table on a terminal."""
    complete: Callable[[Sequence[Row], Snapshot, bool], tuple[Sequence[Row], tuple[Notice, ...]]] | None = None
    """Return the rows with what only the packet filter knows, and notices; called where a column needs it. The flag: somebody
    named that column, or gave its option."""


def run(
    listing: Listing[Row],
    console: Console,
    targets: Sequence[str] | None,
    select: Selecting,
    collect: Collecting,
    output: Printing,
    needs: frozenset[Need] = frozenset(),
) -> int:
    """Run one listing command and return the exit status. `needs`: those of options that only this command has."""
    if _helped(listing, collect, output, console):
        return Exit.OK
    from portsock.sources.system import services as system_services

    layout = lay_out(listing.view, output, needs, console)
    if layout.kind == "pids" and collect.captures:
        raise UsageError("--pids with --from: the processes of a listing are another machine's; leave one of them out")
    services = system_services()
    question = Question(parse_query(targets, select, collect, services), listing.view.command, layout.needs)
    _check(question, layout, collect)
    collected = collect_snapshot(question, collect, services, console)

    def rows_of(sockets: list[Socket]) -> Sequence[Row]:
        ordered = layout.kind != "count"
        return listing.rows(
            Found(sockets, collected.snapshot.processes, question.query, services, ordered, collected.every_state)
        )

    found = answer(question, collected.snapshot, rows_of, listing.sockets)
    if listing.complete is not None and Need.REACH in layout.needs:
        rows, notices = listing.complete(found.rows, found.snapshot, Need.REACH in layout.named_needs)
        found = found._replace(rows=rows, snapshot=found.snapshot.with_notices(notices))
    console.keep((collected, found))
    hostnames = _hostnames(found.sockets) if collect.resolve and not output.numeric else {}
    context = Context(services, output.numeric, found.snapshot.processes, hostnames)
    written = layout.write(found._replace(rows=layout.ordered(found.rows, context)), context, listing.summary, console)
    status = report(found, collect.strict, console)
    return written or status


def _helped(listing: Listing[Row], collect: Collecting, output: Printing, console: Console) -> bool:
    """Answer `--columns help` and `--from-format help`; tell whether one of them was asked for."""
    if output.columns is not None and output.columns.strip() == "help":
        from portsock.output.columns import columns_help

        console.write([columns_help(listing.view)])
        return True
    return write_formats(collect, console)


def write_formats(collect: Collecting, console: Console) -> bool:
    """Answer `--from-format help`; tell whether it was asked for."""
    if collect.from_format != "help":
        return False
    from portsock.parse.listings.registry import formats

    known = formats()
    width = max(len(name) for name, _ in known)
    console.write(["Formats of --from-format, each detected by itself without it:\n"])
    console.write(f"  {name:{width}}  {title}\n" for name, title in known)
    return True


def _check(question: Question, layout: Layout[Row], collect: Collecting) -> None:
    """Raise UsageError for a question that cannot be answered: it must not look like an empty answer."""
    query, command = question.query, question.command
    if collect.owners == "none" and (selects_by_owner(query) or layout.kind == "pids" or command == "procs"):
        raise UsageError("--owners none: this asks for processes; leave the option out")
    portless = query.protocols & PORTLESS or any(target.kind == "unix" for target in query.targets)
    if command == "ports" and portless and not query.protocols - PORTLESS:
        raise UsageError("unix and raw sockets have no ports; portsock sockets lists them")


def _hostnames(sockets: Iterable[Socket]) -> Mapping[str, str]:
    """Look up the host names of all addresses of these sockets."""
    from portsock.addresses import WILDCARDS
    from portsock.model import InetEndpoint
    from portsock.sources.resolve import names_of

    ends = (end for socket in sockets for end in (socket.local, socket.remote))
    found = (end.address for end in ends if isinstance(end, InetEndpoint) and end.address)
    return names_of(address for address in found if address not in WILDCARDS)
