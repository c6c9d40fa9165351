"""The subcommand `ports`."""

from collections.abc import Iterable

from portsock.cli.console import Console
from portsock.cli.listing import Found, Listing, run
from portsock.cli.options import Collecting, Printing, Selecting, Targets
from portsock.model import Port, Socket
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


def command(console: Console, select: Selecting, collect: Collecting, output: Printing, targets: Targets = None) -> int:
    """Run `ports`."""
    return run(LISTING, console, targets, select, collect, output)
