"""portsock ports"""

from collections.abc import Iterable

import typer

from portsock.cli.listing import Answer, Listing, run
from portsock.cli.options import Collecting, Printing, Selecting, Targets
from portsock.model import Port, Socket
from portsock.normalize.ports import group_ports
from portsock.output.tables.ports import PORTS, summarize
from portsock.query.selection import includes_connection_ports


def _rows(answer: Answer) -> list[Port]:
    ports = group_ports(answer.sockets, answer.services, answer.counted)
    if includes_connection_ports(answer.query):
        return ports
    return [port for port in ports if any(socket.remote is None for socket in port.sockets)]


def _sockets(port: Port) -> Iterable[Socket]:
    return port.sockets


LISTING: Listing[Port] = Listing(PORTS, "local", _rows, _sockets, summarize)


def command(ctx: typer.Context, select: Selecting, collect: Collecting, output: Printing, targets: Targets = None) -> int:
    """Run `ports`."""
    return run(LISTING, ctx.obj, targets, select, collect, output)
