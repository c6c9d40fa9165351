"""Whether one existing socket keeps a new one from a port on Linux, in three values.

inet_bind_conflict() in net/ipv4/inet_connection_sock.c for TCP, udp_lib_lport_inuse() in net/ipv4/udp.c for UDP. A user
means the socket's uid in the kernel: its creator's, of an accepted socket the user who called accept(2). Root is no exception.
"""

from typing import NamedTuple

from portsock.explain.bind.overlap import BINDERS, Place, covers, overlaps
from portsock.explain.bind.texts import Why
from portsock.explain.bind.types import Way
from portsock.model import Socket, State
from portsock.records import SocketOptions


class Held(NamedTuple):
    """An existing socket, with what is known of it."""

    socket: Socket
    place: Place | None
    options: SocketOptions
    listener: Place | None = None
    """Where its options are not its own but those of the listener that it is taken to come from: where that is bound."""


class Clash(NamedTuple):
    """How an existing socket stands to a new one."""

    held: Held
    blocks: bool | None
    why: Why


UNKNOWN = SocketOptions()


def clash(new: Place, way: Way, uid: int, held: Held, *, tcp: bool) -> Clash | None:
    """How this socket stands in the way; None where it does not."""
    device = held.options.device or held.socket.interface
    if way.device and device and way.device != device:
        return None
    if held.place is None:
        return Clash(held, None, Why.ADDRESS_UNKNOWN)
    overlap = overlaps(new, held.place)
    if overlap is False:
        return None
    found = _tolerated(new, way, uid, held, tcp)
    if found is None:
        return None
    blocks, why = found
    return Clash(held, None, Why.V6ONLY_UNKNOWN) if blocks and overlap is None else Clash(held, blocks, why)


def outranks(new: Place, way: Way, uid: int, held: Held, *, tcp: bool) -> bool:
    """Whether this socket may make the kernel let the new one in without looking at the others.

    TCP: the port's bucket remembers the last SO_REUSEPORT socket bound (sk_reuseport_match), and takes one wildcard for
    another: `::` for `::` whatever their IPV6_V6ONLY, 0.0.0.0 for a `::` that takes IPv4. A connection shows that one was
    bound, though not where. UDP: the search ends at the first overlapping SO_REUSEPORT socket of the same user.
    """
    socket, place = held.socket, held.place
    if not way.reuseport or held.options.reuseport is False or place is None:
        return False
    if tcp and socket.state not in BINDERS:
        return True
    if socket.uid is not None and socket.uid != uid:
        return False
    if not tcp:
        return overlaps(new, place) is not False
    wildcards = not new.number and not place.number and (new.version == place.version or new.v6only is False)
    return wildcards or covers(place, new)


def _tolerated(new: Place, way: Way, uid: int, held: Held, tcp: bool) -> tuple[bool | None, Why] | None:
    """None where the options let both live side by side, else (blocks, why)."""
    listening = tcp and held.socket.state is State.LISTEN
    by_address: bool | None = False
    if way.reuseaddr and not listening:
        by_address = held.options.reuseaddr
    by_port, port_why = _port_shared(way, uid, held, tcp)
    if by_port and held.listener and held.options.reuseaddr and not covers(held.listener, new):
        # The listener could have joined a leftover through SO_REUSEADDR alone; what it covers the kernel lets in unseen.
        by_port, port_why = None, Why.REUSEPORT_UNKNOWN
    if by_address or by_port:
        return None
    if by_address is None or by_port is None:
        return None, _unknown(held, Why.REUSEADDR_UNKNOWN if by_address is None else port_why)
    if way.reuseport:
        return True, port_why
    if not way.reuseaddr:
        return True, Why.PLAIN
    return True, Why.LISTENING if listening else Why.NO_REUSEADDR


def _port_shared(way: Way, uid: int, held: Held, tcp: bool) -> tuple[bool | None, Why]:
    """Whether SO_REUSEPORT on both sides joins them, and why not."""
    socket = held.socket
    if not way.reuseport or held.options.reuseport is False:
        return False, Why.NO_REUSEPORT
    if not _uid_matters(socket, tcp) or socket.uid == uid:
        return held.options.reuseport, Why.REUSEPORT_UNKNOWN
    if socket.uid is None:
        return None, Why.UID_UNKNOWN if held.options.reuseport else Why.REUSEPORT_UNKNOWN
    if tcp and socket.state not in BINDERS:
        return None, Why.HISTORY if held.options.reuseport else Why.REUSEPORT_UNKNOWN
    return False, Why.OTHER_UID


def _uid_matters(socket: Socket, tcp: bool) -> bool:
    """The kernel keeps no user of TIME_WAIT and, once orphaned, of FIN_WAIT_2, which waits in the same small structure."""
    return not (tcp and (socket.state is State.TIME_WAIT or (socket.state is State.FIN_WAIT_2 and socket.inode is None)))


def _unknown(held: Held, why: Why) -> Why:
    options = held.socket.inode is None and why in {Why.REUSEADDR_UNKNOWN, Why.REUSEPORT_UNKNOWN}
    return Why.LEFTOVER if options else why
