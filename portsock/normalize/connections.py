"""Group sockets into connections: two sockets that are each other's ends make one."""

from collections.abc import Iterable, Sequence

from portsock.model import Connection, InetEndpoint, Role, Socket, State, UnixEndpoint

_MAY_BE_SUBFLOW = frozenset({"tcp", "mptcp"})


def connections(sockets: Iterable[Socket]) -> list[Connection]:
    """Return the connections of these connected sockets, in order of first appearance, the server's end first.

    A connection of MPTCP has all sockets of its subflows.
    """
    ends: dict[object, list[Socket]] = {}
    for socket in sockets:
        ends.setdefault(_key(socket), []).append(socket)
    found = []
    for seen in _join_subflows(ends.values()):
        if len(seen) > 1:
            seen.sort(key=lambda socket: socket.role is not Role.SERVER)
        found.append(Connection(seen[0].protocol, seen[0].local, seen[0].remote, tuple(seen)))
    return found


def _join_subflows(groups: Iterable[list[Socket]]) -> list[list[Socket]]:
    """Join the subflows of each MPTCP connection: they have one inode, that of the socket that the program holds."""
    joined: list[list[Socket]] = []
    places: dict[tuple[str | None, int], int] = {}
    for group in groups:
        keys = [
            (socket.host, socket.inode) for socket in group if socket.inode is not None and socket.protocol in _MAY_BE_SUBFLOW
        ]
        place = next((places[key] for key in keys if key in places), None)
        if place is None:
            place = len(joined)
            joined.append(group)
        else:
            joined[place] += group
        places.update(dict.fromkeys(keys, place))
    return joined


def unique_connections(sockets: Sequence[Socket]) -> list[Socket]:
    """Return one socket of each connection: the server's end where it is among them, or the first."""
    return [connection.sockets[0] for connection in connections(sockets)]


def _key(socket: Socket) -> object:
    """Return a key that both ends of a connection share; it leaves out the host, so that ends in two listings are joined."""
    if isinstance(socket.local, UnixEndpoint) or isinstance(socket.remote, UnixEndpoint) or not socket.local:
        inodes = (socket.inode, socket.peer_inode or (socket.peer.inode if socket.peer else None))
        return frozenset(inodes) if None not in inodes else id(socket)
    netns = socket.netns.id if socket.netns and (socket.peer is None or socket.peer.netns is None) else None
    if not isinstance(socket.local, InetEndpoint) or not isinstance(socket.remote, InetEndpoint):
        return id(socket)
    local, remote = socket.local, socket.remote
    # Only address and port: hashing whole endpoints, or their text, takes five times as long.
    return (socket.protocol, netns, frozenset(((local.address, local.port), (remote.address, remote.port))))


def without_further_subflows(sockets: Sequence[Socket]) -> Sequence[Socket]:
    """Leave out all subflows of each MPTCP connection but the first. The sockets are to be of one end."""
    inodes = [socket.inode for socket in sockets if socket.inode is not None]
    if len(set(inodes)) == len(inodes):
        return sockets
    first: dict[object, Socket] = {}
    for socket in sockets:
        may_be = socket.inode is not None and socket.protocol in _MAY_BE_SUBFLOW
        first.setdefault((socket.host, socket.inode) if may_be else id(socket), socket)
    return list(first.values())


def far_state(socket: Socket, sockets: Sequence[Socket]) -> State | None:
    """Return the state of the other end's socket, or None where that is not among the sockets."""
    if socket.peer is None:
        return None
    for other in sockets:
        if other is socket or other.protocol != socket.protocol or other.inode != socket.peer.inode:
            continue
        if other.local == socket.remote and other.remote == socket.local:
            return other.state
    return None
