"""The subcommand `sockets`."""

from portsock.cli.console import Console
from portsock.cli.listing import Found, Listing, run
from portsock.cli.options import Collecting, Details, Printing, Selecting, Targets
from portsock.enums import Need
from portsock.model import Socket
from portsock.output.tables.sockets import SOCKETS, sort_by_default


def _rows(found: Found) -> list[Socket]:
    return sort_by_default(found.sockets) if found.ordered else found.sockets


LISTING: Listing[Socket] = Listing(SOCKETS, _rows)


def command(
    console: Console, select: Selecting, collect: Collecting, details: Details, output: Printing, targets: Targets = None
) -> int:
    """Run `sockets`."""
    asked = frozenset(Need(name) for name, given in details._asdict().items() if given)
    return run(LISTING, console, targets, select, collect, output, asked)
