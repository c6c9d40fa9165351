"""The sockets that hold a port, with what is known of the options they were made with."""

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence

from portsock.addresses import scope
from portsock.endpoints import port_of
from portsock.explain.bind.conflict import UNKNOWN, Held
from portsock.explain.bind.overlap import BINDERS, covers, overlaps, place_held, place_of, shares_ports
from portsock.model import InetEndpoint, Scope, Socket, State
from portsock.records import SocketOptions

MOST_ALIKE = 16
"""A busy server's port has thousands of connections that count alike: so many of a kind are looked at."""


def held_by(
    sockets: Iterable[Socket], protocol: str, port: int, options: Mapping[int, SocketOptions], netns: int | None
) -> tuple[Held, ...]:
    """The sockets that hold this port in the namespace `netns`, listeners first."""
    near = [
        socket
        for socket in sockets
        if port_of(socket.local) == port
        and shares_ports(protocol, socket.protocol)
        and (netns is None or socket.netns is None or socket.netns.id == netns)
        # A connection request is no socket yet: it hangs on its listener. A subflow is listed again as its MPTCP socket.
        and not (socket.state is State.SYN_RECV and socket.inode is None)
        and socket.subflow_of is None
    ]
    near.sort(key=lambda socket: (socket.state is not State.LISTEN, socket.state not in BINDERS, socket.inode is None))
    found: list[Held] = []
    listeners: list[Held] = []
    alike: Counter[tuple[object, ...]] = Counter()
    for socket in near:
        item = _with_options(socket, listeners, options)
        if socket.state is State.LISTEN:
            listeners.append(item)
        kind = (item.place, item.options, item.listener, socket.uid, socket.state, socket.inode is None, socket.interface)
        alike[kind] += 1
        if alike[kind] <= MOST_ALIKE:
            found.append(item)
    return tuple(found)


def inodes_that_matter(
    sockets: Iterable[Socket], protocols: Sequence[str], addresses: Sequence[str], port: int, *, netns: int | None = None
) -> frozenset[int]:
    """The inodes of the sockets in the way of these addresses: those whose options a verdict turns on."""
    near = [socket for socket in sockets if port_of(socket.local) == port]
    asked = [place for address in addresses if (place := place_of(address, False))]
    inodes = set()
    for protocol in protocols:
        for item in held_by(near, protocol, port, {}, netns):
            place = item.place
            if place is None or any(overlaps(new, place) is not False for new in asked):
                inodes.add(item.socket.inode)
    return frozenset(inode for inode in inodes if inode is not None)


def _with_options(socket: Socket, listeners: Sequence[Held], options: Mapping[int, SocketOptions]) -> Held:
    """A socket with its own options; a connection whose own are not known with those of its listener, if that is there."""
    own = options.get(socket.inode, UNKNOWN) if socket.inode is not None else UNKNOWN
    item = Held(socket, place_held(socket, socket.v6only if own.v6only is None else own.v6only), own)
    if own != UNKNOWN or socket.state in BINDERS:
        return item
    listener = _listener_of(item, listeners)
    if listener is None or item.place is None or listener.options == UNKNOWN:
        return item
    place = item.place
    if place.version == 6 and place.v6only is None and listener.place is not None:
        place = place._replace(v6only=listener.place.v6only)
    return Held(socket, place, listener.options._replace(device=None), listener.place)


def _listener_of(item: Held, listeners: Sequence[Held]) -> Held | None:
    """The listener that a connection must have come from: a specific address goes before a wildcard. Both are bound to the
    same device, save that a link-local connection is bound to its link by itself."""
    if item.place is None:
        return None
    fitting = [
        (other.place, other)
        for other in listeners
        if other.place is not None
        and covers(other.place, item.place)
        and (other.socket.interface == item.socket.interface or (other.socket.interface is None and _is_link_local(item)))
    ]
    fitting.sort(key=lambda pair: (pair[0].number == 0, pair[1].options == UNKNOWN))
    return fitting[0][1] if fitting else None


def _is_link_local(item: Held) -> bool:
    return isinstance(item.socket.local, InetEndpoint) and scope(item.socket.local.address) is Scope.LINK
