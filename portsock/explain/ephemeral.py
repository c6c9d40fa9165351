"""The ports that the system gives to programs that name none, and who chose the port of a connection: inferred from these.

The kernel does not tell whether a program called bind(2) with the number: SOCK_BINDPORT_LOCK is in no diag message.
"""

from portsock.addresses import scope
from portsock.endpoints import address_of
from portsock.explain.texts import phrases
from portsock.model import Host, Scope, Socket

RESERVED = "net.ipv4.ip_local_reserved_ports"
LARGEST = 65535
"""The largest port."""
_LONGEST_RANGE = 11
"""Characters of two ports of five digits, with a hyphen."""
_USUAL = (32768, LARGEST)
"""The ports that Linux, macOS and Windows choose from by default lie in this range."""


def reserved_ports(host: Host) -> frozenset[int]:
    """Return the ports that the system does not give to a program that names none; a program may still ask for them."""
    ranges = _ranges(host.sysctls.get(RESERVED, ""))
    return frozenset(port for low, high in ranges for port in range(low, min(high, LARGEST) + 1))


def _ranges(text: str) -> list[tuple[int, int]]:
    """Parse '8080,9000-9010' into pairs of first and last; other text is skipped."""
    found = []
    for item in text.replace(",", " ").split():
        low, _, high = item.partition("-")
        if (
            len(item) <= _LONGEST_RANGE
            and low.isascii()
            and low.isdigit()
            and (not high or (high.isascii() and high.isdigit()))
        ):
            found.append((int(low), int(high or low)))
    return found


def range_source(host: Host) -> str:
    """Return words for the source of the ephemeral range: read, or assumed."""
    return phrases.ASSUMED.format(system=system_name(host)) if host.assumed else phrases.LIVE


def system_name(host: Host) -> str:
    return {"Darwin": "macOS", "SunOS": "Solaris", "unknown": "the system"}.get(host.system, host.system)


def chosen_here(port: int, host: Host) -> str:
    """Return a sentence on who chose the port of a client on this host."""
    first, last = host.ephemeral
    if port in reserved_ports(host):
        return phrases.BOUND_RESERVED.format(port=port, sysctl=RESERVED)
    text = phrases.CHOSEN_LOCAL if first <= port <= last else phrases.BOUND_OUTSIDE
    return text.format(port=port, first=first, last=last, how=range_source(host))


def chosen_by_peer(port: int, socket: Socket, host: Host) -> str:
    """Return a sentence on who chose the port of the client at a socket's remote end."""
    peer = socket.peer
    here = scope(address_of(socket.remote)) is Scope.LOOPBACK if peer is None else peer.netns is None and peer.host is None
    first, last = host.ephemeral if here else _USUAL
    if here and port in reserved_ports(host):
        return phrases.BOUND_RESERVED.format(port=port, sysctl=RESERVED)
    if first <= port <= last:
        return phrases.CHOSEN_REMOTE.format(port=port)
    if here:
        return phrases.BOUND_OUTSIDE.format(port=port, first=first, last=last, how=range_source(host))
    return phrases.UNUSUAL_REMOTE.format(port=port, first=first, last=last)
