"""The sockets that exist on a port, with the options that are known of them, and whether each is in the way of a new one.

Sources: inet_bind_conflict() in net/ipv4/inet_connection_sock.c for TCP, udp_lib_lport_inuse() in net/ipv4/udp.c for UDP. A
user means the socket's uid in the kernel: its creator's, of an accepted socket the user who called accept(2). Root is no
exception. An answer of three values is True, False, or None for 'not known'.
"""

from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import NamedTuple

from portsock.addresses import scope
from portsock.endpoints import address_of, port_of
from portsock.explain.bind.addresses import BindAddress, covers, held_address, overlaps, requested_address, shares_ports
from portsock.explain.bind.texts import Reason
from portsock.explain.types import Way
from portsock.model import Scope, Socket, State
from portsock.normalize.roles import NO_PEER_STATES
from portsock.records import SocketOptions

MOST_ALIKE = 16
"""A busy server's port has thousands of connections that count alike: at most so many of a kind are looked at."""

_UNKNOWN = SocketOptions()
_WILDCARDS = (BindAddress(4, 0, None), BindAddress(6, 0, False), BindAddress(6, 0, True))


class Existing(NamedTuple):
    """An existing socket, with what is known of it."""

    socket: Socket
    address: BindAddress | None
    options: SocketOptions
    listener: BindAddress | None = None
    """Set where `options` are those of the listener that it probably came from: the address of that listener."""


class Conflict(NamedTuple):
    """An existing socket that is or may be in the way of a new one."""

    existing: Existing
    blocks: bool | None
    reason: Reason


def sockets_on_port(
    sockets: Iterable[Socket], protocol: str, port: int, options: Mapping[int, SocketOptions], netns: int | None
) -> tuple[Existing, ...]:
    """Return the sockets that hold this port in the namespace `netns` (None: in any), listeners first.

    `options` are those that could be read, by inode.
    """
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
    near.sort(key=lambda socket: (socket.state is not State.LISTEN, socket.state not in NO_PEER_STATES, socket.inode is None))
    found: list[Existing] = []
    listeners: list[Existing] = []
    alike: Counter[tuple[object, ...]] = Counter()
    for socket in near:
        item = _with_options(socket, listeners, options)
        if socket.state is State.LISTEN:
            listeners.append(item)
        kind = (item.address, item.options, item.listener, socket.uid, socket.state, socket.inode is None, socket.interface)
        alike[kind] += 1
        if alike[kind] <= MOST_ALIKE:
            found.append(item)
    return tuple(found)


def inodes_in_the_way(
    sockets: Iterable[Socket], protocols: Sequence[str], addresses: Sequence[str], port: int, *, netns: int | None = None
) -> frozenset[int]:
    """Return the inodes of the sockets whose options the verdict on these addresses depends on."""
    near = [socket for socket in sockets if port_of(socket.local) == port]
    requested = [address for text in addresses if (address := requested_address(text, False))]
    inodes = set()
    for protocol in protocols:
        for item in sockets_on_port(near, protocol, port, {}, netns):
            held = item.address
            if held is None or any(overlaps(new, held) is not False for new in requested):
                inodes.add(item.socket.inode)
    return frozenset(inode for inode in inodes if inode is not None)


def conflict(new: BindAddress, way: Way, uid: int, existing: Existing, *, tcp: bool) -> Conflict | None:
    """Return how this socket is in the way of a new one at `new`; None where it is not."""
    device = existing.options.device or existing.socket.interface
    if way.device and device and way.device != device:
        return None
    if existing.address is None:
        return Conflict(existing, None, Reason.ADDRESS_UNKNOWN)
    overlap = overlaps(new, existing.address)
    if overlap is False:
        return None
    found = _unless_tolerated(new, way, uid, existing, tcp)
    if found is None:
        return None
    blocks, reason = found
    return (
        Conflict(existing, None, Reason.V6ONLY_UNKNOWN) if blocks and overlap is None else Conflict(existing, blocks, reason)
    )


def may_override(new: BindAddress, way: Way, uid: int, existing: Existing, blocking: Sequence[Existing], *, tcp: bool) -> bool:
    """Tell whether this socket may make the kernel let the new one in without looking at `blocking`, which are in its way.

    TCP: the port's bucket remembers the last SO_REUSEPORT socket bound (sk_reuseport_match), and takes one wildcard for
    another: `::` for `::` whatever their IPV6_V6ONLY, 0.0.0.0 for a `::` that takes IPv4. Once a socket of another kind is
    bound, it forgets. So the remembered socket was bound after those in the way, and the kernel let it. UDP: the search ends
    at the first overlapping SO_REUSEPORT socket of the same user, though not at one that SO_REUSEADDR on both sides skips.
    """
    options, held = existing.options, existing.address
    if not way.reuseport or options.reuseport is False or held is None:
        return False
    device = options.device or existing.socket.interface
    if not tcp and way.device and device and way.device != device:
        return False
    if not tcp:
        same_user = existing.socket.uid is None or existing.socket.uid == uid
        skipped = way.reuseaddr and options.reuseaddr is True
        return same_user and not skipped and overlaps(new, held) is not False
    remembered = Way(options.reuseaddr is not False, True)
    return any(
        _takes_for(place, new)
        and not any(
            (found := conflict(place, remembered._replace(device=device), uid, blocker, tcp=True)) and found.blocks
            for blocker in blocking
        )
        for place, device in _bound_at(existing, uid)
    )


def _takes_for(remembered: BindAddress, new: BindAddress) -> bool:
    """Tell whether the bucket takes the new address for the one that it remembers."""
    wildcards = not new.number and not remembered.number and (new.version == remembered.version or new.v6only is False)
    return wildcards or covers(remembered, new)


def _bound_at(existing: Existing, uid: int) -> Iterator[tuple[BindAddress, str | None]]:
    """Yield the addresses and devices at which this socket of the user may have been bound.

    A connection shows that a socket was bound, its listener or itself, though neither whose nor where: at its address or at a
    wildcard, and a link-local one without a device.
    """
    device = existing.options.device or existing.socket.interface
    assert existing.address is not None
    if existing.socket.state in NO_PEER_STATES:
        if existing.socket.uid is None or existing.socket.uid == uid:
            yield existing.address, device
        return
    for place in (existing.address, *_WILDCARDS):
        if covers(place, existing.address):
            yield place, device
            if device is not None:
                yield place, None


def _with_options(socket: Socket, listeners: Sequence[Existing], options: Mapping[int, SocketOptions]) -> Existing:
    """Return a socket with its own options; a connection whose own are not known gets those of its listener."""
    own = options.get(socket.inode, _UNKNOWN) if socket.inode is not None else _UNKNOWN
    item = Existing(socket, held_address(socket, socket.v6only if own.v6only is None else own.v6only), own)
    if own != _UNKNOWN or socket.state in NO_PEER_STATES:
        return item
    listener = _listener_of(item, listeners)
    if listener is None or item.address is None or listener.options == _UNKNOWN:
        return item
    address = item.address
    if address.version == 6 and address.v6only is None and listener.address is not None:
        address = address._replace(v6only=listener.address.v6only)
    return Existing(socket, address, listener.options._replace(device=None), listener.address)


def _listener_of(item: Existing, listeners: Sequence[Existing]) -> Existing | None:
    """Return the listener that a connection must have come from: a specific address goes before a wildcard.

    Both are bound to the same device, except that the kernel binds a link-local connection to its link.
    """
    if item.address is None:
        return None
    link_local = scope(address_of(item.socket.local)) is Scope.LINK
    fitting = [
        (other.address, other)
        for other in listeners
        if other.address is not None
        and covers(other.address, item.address)
        and (other.socket.interface == item.socket.interface or (other.socket.interface is None and link_local))
    ]
    fitting.sort(key=lambda pair: (pair[0].number == 0, pair[1].options == _UNKNOWN))
    return fitting[0][1] if fitting else None


def _unless_tolerated(
    new: BindAddress, way: Way, uid: int, existing: Existing, tcp: bool
) -> tuple[bool | None, Reason] | None:
    """Return None where the options let both sockets hold the port, else (blocks, reason)."""
    listening = tcp and existing.socket.state is State.LISTEN
    by_address: bool | None = False
    if way.reuseaddr and not listening:
        by_address = existing.options.reuseaddr
    by_port, port_reason = _shared_by_reuseport(way, uid, existing, tcp)
    if by_port and existing.listener and existing.options.reuseaddr and not covers(existing.listener, new):
        # The listener could have joined a leftover through SO_REUSEADDR alone; what it covers the kernel lets in unseen.
        by_port, port_reason = None, Reason.REUSEPORT_UNKNOWN
    if by_address or by_port:
        return None
    if by_address is None or by_port is None:
        return None, _unknown_option(existing, Reason.REUSEADDR_UNKNOWN if by_address is None else port_reason)
    if way.reuseport:
        return True, port_reason
    if not way.reuseaddr:
        return True, Reason.PLAIN
    return True, Reason.LISTENING if listening else Reason.NO_REUSEADDR


def _shared_by_reuseport(way: Way, uid: int, existing: Existing, tcp: bool) -> tuple[bool | None, Reason]:
    """Return whether SO_REUSEPORT on both sides lets them share the port, and why not."""
    socket, reuseport = existing.socket, existing.options.reuseport
    if not way.reuseport or reuseport is False:
        return False, Reason.NO_REUSEPORT
    if not _uid_matters(socket, tcp) or socket.uid == uid:
        return reuseport, Reason.REUSEPORT_UNKNOWN
    if socket.uid is None:
        return None, Reason.UID_UNKNOWN if reuseport else Reason.REUSEPORT_UNKNOWN
    if tcp and socket.state not in NO_PEER_STATES:
        return None, Reason.HISTORY if reuseport else Reason.REUSEPORT_UNKNOWN
    return False, Reason.OTHER_UID


def _uid_matters(socket: Socket, tcp: bool) -> bool:
    """Tell whether the kernel compares users: it keeps none of TIME_WAIT, nor of an orphaned FIN_WAIT_2, which waits in the
    same small structure."""
    return not (tcp and (socket.state is State.TIME_WAIT or (socket.state is State.FIN_WAIT_2 and socket.inode is None)))


def _unknown_option(existing: Existing, reason: Reason) -> Reason:
    """Return LEFTOVER instead of the reason where no process is left whose option could be read."""
    leftover = existing.socket.inode is None and reason in {Reason.REUSEADDR_UNKNOWN, Reason.REUSEPORT_UNKNOWN}
    return Reason.LEFTOVER if leftover else reason
