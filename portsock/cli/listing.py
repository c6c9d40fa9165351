"""What ports, sockets and procs have in common: ask, collect, select, print, and say what was not seen."""

from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Generic, NamedTuple, TypeVar

from portsock.cli import outcome
from portsock.cli.asking import ask
from portsock.cli.console import Console
from portsock.cli.layout import Layout, lay_out
from portsock.cli.obtain import obtain, tell_formats
from portsock.cli.options import Collecting, Printing, Selecting
from portsock.errors import Exit, UsageError
from portsock.model import Port, Process, Snapshot, Socket
from portsock.normalize.processes import ProcessRow
from portsock.output.columns import View
from portsock.output.context import Context
from portsock.port_numbers import Services
from portsock.query.selection import Query, filters_owners, select

PORTLESS = frozenset({"unix", "raw", "icmp"})
"""Protocols that options name and that have no ports."""

Row = TypeVar("Row", Socket, Port, ProcessRow)


class Answer(NamedTuple):
    """The sockets that answer a query, and what they were found in."""

    snapshot: Snapshot
    sockets: list[Socket]
    query: Query
    services: Services
    counted: bool
    """Whether connected sockets were collected, so that they can be counted."""


class Listing(NamedTuple, Generic[Row]):
    """What is a command's own."""

    view: View[Row]
    side: str
    """Which end a port or address of a target means: 'local' or 'either'."""
    rows: Callable[[Answer], Sequence[Row]]
    sockets: Callable[[Row], Iterable[Socket]]
    summary: Callable[[Sequence[Row]], str] | None = None
    """A line under the table on a terminal."""


def run(
    listing: Listing[Row],
    console: Console,
    targets: Sequence[str] | None,
    select_: Selecting,
    collect: Collecting,
    output: Printing,
    details: frozenset[str] = frozenset(),
) -> int:
    """Run one listing command; returns the exit status."""
    if output.columns is not None and output.columns.strip() == "help":
        from portsock.output.columns import columns_help

        console.write([columns_help(listing.view)])
        return Exit.OK
    if tell_formats(collect, console):
        return Exit.OK
    from portsock.sources.system import services as system_services

    layout = lay_out(listing.view, output, details, console)
    if layout.kind == "pids" and collect.captures:
        raise UsageError("--pids with --from: the processes of a listing are another machine's; leave one of them out")
    services = system_services()
    query = ask(targets, select_, collect, services)
    _check(listing, layout, query, collect)
    answer = _answer(listing, layout, query, collect, services, console)
    console.keep(answer)
    rows = listing.rows(answer)
    context = Context(services, output.numeric, answer.snapshot.processes, _hostnames(answer, collect, output.numeric))
    rows = layout.ordered(rows, context)
    shown = [socket for row in rows for socket in listing.sockets(row)]
    # Of processes, those that cannot be seen are rows that are missing, and not only cells.
    of_processes = listing.view.command == "procs"
    reported: Sequence[Socket] = answer.sockets if of_processes else shown
    maybe: list[Socket] = outcome.unseen(answer.snapshot, query, listing.side, reported)
    snapshot = _with_notices(answer, [*reported, *maybe], listing.side)
    failed = _print(listing, layout, rows, shown, snapshot, context, console)
    outcome.say_notices(snapshot, console)
    if of_processes:
        maybe = [*maybe, *outcome.ownerless(reported)]
    return failed or outcome.status(bool(rows), maybe, snapshot, query, collect.strict, console)


def _check(listing: Listing[Row], layout: Layout[Row], query: Query, collect: Collecting) -> None:
    """Raise UsageError for what cannot be answered: it must not look like a finding."""
    if collect.owners == "none" and (filters_owners(query) or layout.kind == "pids" or listing.view.command == "procs"):
        raise UsageError("--owners none: this asks for processes; leave the option out")
    portless = query.protocols & PORTLESS or any(target.kind == "unix" for target in query.targets)
    if listing.view.command == "ports" and portless and not query.protocols - PORTLESS:
        raise UsageError("unix and raw sockets have no ports; portsock sockets lists them")


def _answer(
    listing: Listing[Row], layout: Layout[Row], query: Query, collect: Collecting, services: Services, console: Console
) -> Answer:
    snapshot, counted = obtain(listing.view.command, query, layout.needs, collect, services, console)
    return Answer(snapshot, select(snapshot, query, side=listing.side), query, services, counted)


def _hostnames(answer: Answer, collect: Collecting, numeric: bool) -> Mapping[str, str]:
    if not collect.resolve or numeric:
        return {}
    from portsock.addresses import WILDCARDS
    from portsock.model import InetEndpoint
    from portsock.sources.resolve import names_of

    ends = (end for socket in answer.sockets for end in (socket.local, socket.remote))
    found = (end.address for end in ends if isinstance(end, InetEndpoint) and end.address)
    return names_of(address for address in found if address not in WILDCARDS)


def _with_notices(answer: Answer, shown: Sequence[Socket], side: str) -> Snapshot:
    from portsock.normalize.visibility import with_owner_notices

    snapshot = with_owner_notices(answer.snapshot, shown)
    if not answer.query.targets and not answer.query.local:
        return snapshot
    from portsock.query.selection import covering

    covered = covering(snapshot, answer.query, side=side)
    number = sum(map(covered, shown)) if covered else 0
    if not number:
        return snapshot
    from portsock.model import Notice

    text = f"{number} of these {'is' if number == 1 else 'are'} bound to a wildcard that covers the address asked for"
    notice = Notice("covered_by_wildcard", number, f"{text}; --exact leaves such sockets out", incomplete=False)
    return snapshot._replace(notices=(*snapshot.notices, notice))


def _print(
    listing: Listing[Row],
    layout: Layout[Row],
    rows: Sequence[Row],
    shown: Sequence[Socket],
    snapshot: Snapshot,
    context: Context,
    console: Console,
) -> int:
    if layout.kind in {"json", "jsonl"}:
        from portsock.output.json.document import answer

        lines = layout.kind == "jsonl"
        console.write(answer(listing.view.command, snapshot, rows, context, lines=lines))
    elif layout.kind == "count":
        console.write([f"{len(rows)}\n"])
    elif layout.kind == "pids":
        return _print_pids(shown, snapshot.processes, console)
    elif rows or layout.kind == "csv":
        console.write(layout.text(rows, context))
        if console.out_is_terminal and listing.summary and layout.kind == "table":
            console.write([f"\n{listing.summary(rows)}\n"])
    return Exit.OK


def _print_pids(shown: Sequence[Socket], processes: Mapping[tuple[str | None, int], Process], console: Console) -> int:
    from portsock.cli.pids import pids_of

    found = pids_of(shown, processes)
    console.write(f"{pid}\n" for pid in found.pids)
    for remark in found.remarks:
        console.say(remark)
    return Exit.SYSTEM if shown and not found.pids else Exit.OK
