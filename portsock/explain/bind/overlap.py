"""Which sockets hold a port against a new one: the same port space, and addresses that overlap.

The rules are those of Linux: inet_rcv_saddr_equal() and its callers in net/ipv4/inet_connection_sock.c, held against a
6.18 kernel by tests/explain/bind/test_matrix.py.
"""

from functools import lru_cache
from typing import NamedTuple

from portsock.addresses import number_of, unmap
from portsock.model import Family, InetEndpoint, Socket, State

_SPACES = {"tcp": frozenset({"tcp", "mptcp"}), "mptcp": frozenset({"tcp", "mptcp"})}
"""MPTCP binds TCP ports; every other protocol has ports of its own, UDP-Lite too."""

BINDERS = frozenset({State.LISTEN, State.BOUND, State.UNCONN, State.CLOSED})
"""States of a socket that holds the port by its own bind(2), and has no peer."""


class Place(NamedTuple):
    """Where a socket is or would be bound."""

    version: int
    """4 for an IPv6 socket with an IPv4-mapped address, too."""
    number: int
    """The address as a number; 0 is the wildcard."""
    v6only: bool | None
    """Of version 6: whether it keeps off IPv4. bind(2) to a specific IPv6 address sets the option by itself, connect(2) and
    accept(2) do not."""


def shares_ports(protocol: str, other: str) -> bool:
    """Whether the two protocols' sockets contend for the same ports."""
    return other in _SPACES.get(protocol, (protocol,))


def place_of(address: str, v6only: bool | None) -> Place | None:
    """The place that a new socket asks for; None for what is no address. A zone is left out of account."""
    parsed = _parsed(address)
    if parsed is None:
        return None
    version, number = parsed
    if version == 4:
        return Place(4, number, None)
    return Place(6, number, v6only if number == 0 else True)


def place_held(socket: Socket, v6only: bool | None) -> Place | None:
    """The place that an existing socket holds; None where its address is not known."""
    local = socket.local
    if not isinstance(local, InetEndpoint) or local.address is None or local.truncated:
        return None
    if local.address == "*":
        return Place(4, 0, None) if socket.family is Family.IPV4 else Place(6, 0, v6only)
    parsed = _parsed(local.address)
    if parsed is None:
        return None
    version, number = parsed
    if version == 4:
        return Place(4, number, None)
    if v6only is None and number and socket.state in BINDERS:
        v6only = True
    return Place(6, number, v6only)


def overlaps(new: Place, held: Place) -> bool | None:
    """Whether two places overlap; None where it depends on an IPV6_V6ONLY that is not known.

    One case looks odd and is the kernel's: to 0.0.0.0 a connected or accepted IPv6 socket without IPV6_V6ONLY is in the way,
    whatever its address, because the kernel keeps an IPv4 stand-in beside it (LOOPBACK4_IPV6 in net/ipv6/tcp_ipv6.c).
    """
    if new.version == held.version:
        return new.number == held.number or not new.number or not held.number
    if new.version == 4:
        reaches = not held.number or not new.number
        return _not(held.v6only) if reaches else False
    return False if new.number else _not(new.v6only)


def covers(listener: Place, place: Place) -> bool:
    """Whether a listener at the first place could have accepted a connection at the second."""
    if listener.version == place.version:
        return listener.number in {0, place.number}
    return listener.version == 6 and not listener.number and not listener.v6only


@lru_cache(maxsize=1024)
def _parsed(address: str) -> tuple[int, int] | None:
    """Version and number. Cached, because the thousands of connections of a server share its few addresses."""
    return number_of(unmap(address.partition("%")[0]))


def _not(value: bool | None) -> bool | None:
    return None if value is None else not value
