"""The subcommand `ports`."""

from collections.abc import Iterable, Sequence

from portsock.cli.console import Console
from portsock.cli.listing import Found, Listing, run
from portsock.cli.options import Collecting, Printing, Reaching, Selecting, Targets
from portsock.enums import Need
from portsock.model import Notice, Port, Snapshot, Socket
from portsock.normalize.ports import group_ports
from portsock.output.tables.ports import PORTS, summarize
from portsock.query.query import includes_connection_ports


def _rows(found: Found) -> list[Port]:
    every = includes_connection_ports(found.query)
    ports = group_ports(found.sockets, found.services, found.every_state, every)
    if every:
        return ports
    return [port for port in ports if any(socket.remote is None for socket in port.sockets)]


def _sockets(port: Port) -> Iterable[Socket]:
    return port.sockets


LISTING: Listing[Port] = Listing(PORTS, _rows, _sockets, summarize)


def command(
    console: Console, select: Selecting, collect: Collecting, reaching: Reaching, output: Printing, targets: Targets = None
) -> int:
    """Run `ports`."""
    from portsock.cli.reaching import check, wanted, with_reach

    check(reaching, collect)
    asked = frozenset({Need.REACH}) if wanted(reaching) else frozenset()

    def complete(rows: Sequence[Port], snapshot: Snapshot, named: bool) -> tuple[Sequence[Port], tuple[Notice, ...]]:
        return with_reach(rows, reaching, collect, snapshot, asked=named)

    return run(LISTING._replace(complete=complete), console, targets, select, collect, output, asked)
