"""Sockets into a picture: each connection once, from its client to its server."""

from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from typing import NamedTuple

from portsock.endpoints import endpoint_text, host_text, unix_text
from portsock.enums import PASSIVE
from portsock.model import Connection, Endpoint, InetEndpoint, Role, Snapshot, Socket, State, UnixEndpoint
from portsock.normalize.connections import connections
from portsock.normalize.roles import is_passive
from portsock.output.context import Context
from portsock.output.pictures.graph import Edge, Item, Node, Picture, bounded
from portsock.output.pictures.programs import Programs, where, where_peer
from portsock.output.pictures.remote import RemoteEnd, group_of, remote_nodes

_PASSING = frozenset(
    {State.SYN_SENT, State.SYN_RECV, State.FIN_WAIT_1, State.FIN_WAIT_2, State.CLOSING, State.LAST_ACK, State.TIME_WAIT}
)
"""States of connections that are being opened or closed. In CLOSE_WAIT a program may stay for ever."""
_ROLES = {Role.SERVER: 0, Role.CLIENT: 1}
_NOT_FOUND = "? (other end not found)"

End = Node | RemoteEnd


class _Line(NamedTuple):
    """A connection: its two ends, and what it is to the picture."""

    client: End
    server: End
    directed: bool
    service: Item
    established: bool


def picture(sockets: Iterable[Socket], snapshot: Snapshot, context: Context, narrower: str) -> Picture:
    """Return who talks to whom over these sockets, and who listens. `narrower`: see bounded()."""
    return _Drawing(list({id(socket): socket for socket in sockets}.values()), snapshot, context).picture(narrower)


class _Drawing:
    def __init__(self, sockets: list[Socket], snapshot: Snapshot, context: Context) -> None:
        self._programs = Programs(sockets, snapshot)
        self._ephemeral = snapshot.host.ephemeral
        self._context = context
        self._listening: dict[Node, dict[Item, None]] = {}
        self._listeners: dict[object, set[Node]] = {}
        self._own: set[object] = set()
        """Hosts and their addresses, as far as sockets have them."""
        self._connected: list[Socket] = []
        self._undrawn = 0
        for socket in sockets:
            self._add(socket)

    def _add(self, socket: Socket) -> None:
        """Sort one socket: a listener, a part of a connection, or neither."""
        if not is_passive(socket):
            self._connected.append(socket)
            if isinstance(socket.local, InetEndpoint):
                self._own.add((*where(socket), socket.local.address))
        elif socket.role in PASSIVE:
            service = self._service(socket.protocol, socket.local, named=False)
            nodes = self._programs.each(socket) or [self._programs.unseen(socket, *where(socket), service)]
            for node in nodes:
                self._listening.setdefault(node, {})[service] = None
            self._listeners.setdefault((*where(socket), socket.protocol, _port(socket.local)), set()).update(nodes)
        else:
            self._undrawn += 1

    def picture(self, narrower: str) -> Picture:
        """Return the picture."""
        lines = [self._line(connection) for connection in _each_once(self._connected)]
        remotes = remote_nodes(end for line in lines for end in line[:2] if isinstance(end, RemoteEnd))
        counts: dict[tuple[Node, Node, bool], Counter[Item]] = {}
        established = set()
        for line in lines:
            ends = [remotes[end] if isinstance(end, RemoteEnd) else end for end in line[:2]]
            client, server = ends if line.directed else sorted(ends)
            key = (client, server, line.directed)
            counts.setdefault(key, Counter())[line.service] += 1
            if line.established:
                established.add(key)
        edges = [
            Edge(*key, key in established, sorted(services.items(), key=lambda pair: (-pair[1], pair[0])))
            for key, services in counts.items()
        ]
        found = bounded(self._nodes({node for key in counts for node in key[:2]}), edges, narrower)
        if self._undrawn:
            what = "1 socket is" if self._undrawn == 1 else f"{self._undrawn} sockets are"
            found = found._replace(remarks=(*found.remarks, f"{what} neither bound nor connected, and not drawn"))
        return found

    def _nodes(self, talking: set[Node]) -> dict[Node, list[Item]]:
        """Return all nodes with what they listen on. Unknown programs that only listen become one."""
        nodes: dict[Node, dict[Item, None]] = {node: {} for node in talking}
        for node, items in self._listening.items():
            alone = node.kind == "unseen" and node not in talking
            nodes.setdefault(node._replace(service=(-1, "")) if alone else node, {}).update(items)
        return {node: sorted(items) for node, items in nodes.items()}

    def _line(self, connection: Connection) -> _Line:
        first = _telling(connection.sockets)
        served_here, directed = self._direction(first)
        service = self._service(first.protocol, first.local if served_here else first.remote)
        other = next((each for each in connection.sockets if each is not first and _is_other_end(each, first)), None)
        serves_there = not served_here if directed else None
        near = self._near(first, directed and served_here, service)
        far = self._near(other, bool(serves_there), service) if other else self._far(first, serves_there, service)
        client, server = (far, near) if served_here else (near, far)
        return _Line(client, server, directed, service, not all(socket.state in _PASSING for socket in connection.sockets))

    def _direction(self, socket: Socket) -> tuple[bool, bool]:
        """Tell whether the socket's end is the server's, and whether that is known: else its port only looks like one."""
        if socket.role in (Role.SERVER, Role.CLIENT):
            return socket.role is Role.SERVER, True
        named = [isinstance(end, UnixEndpoint) and end.path is not None for end in (socket.local, socket.remote)]
        if any(named):
            return named[0], not all(named)
        return self._unlikeness(socket.local) < self._unlikeness(socket.remote), False

    def _unlikeness(self, end: Endpoint | None) -> tuple[bool, int]:
        port = end.port if isinstance(end, InetEndpoint) and end.port is not None else 1 << 16
        return self._ephemeral[0] <= port <= self._ephemeral[1], port

    def _service(self, protocol: str, end: Endpoint | None, named: bool = True) -> Item:
        """Return the port of an end, as '443 (https)' of TCP and 'udp/53 (domain)'; 'tcp/443' unless `named`."""
        if isinstance(end, UnixEndpoint):
            return (-1, unix_text(end) if end.path is not None else "unix")
        if not isinstance(end, InetEndpoint):
            return (-1, f"{protocol} {endpoint_text(end)}".rstrip())
        if end.port is None:
            return (-1, f"{protocol}/{end.label}" if end.label else protocol)
        text = str(end.port) if named and protocol == "tcp" else f"{protocol}/{end.port}"
        name = self._context.services.name(protocol, end.port) if named and not self._context.numeric else None
        return (end.port, f"{text} ({name})" if name else text)

    def _near(self, socket: Socket, serves: bool, service: Item) -> Node:
        """Return the node of a socket's own end. What has no process yet, or none any more, belongs to its listener."""
        if socket.owners:
            return self._programs.holding(socket.host, socket.netns, socket.owners)
        listener = self._listener(socket, socket.local) if serves else None
        return listener or self._programs.unseen(socket, *where(socket), service if serves else (-1, ""))

    def _listener(self, socket: Socket, end: Endpoint | None) -> Node | None:
        """Return the only program that listens on this end's port in the socket's namespace; None where several may."""
        found = self._listeners.get((*where(socket), socket.protocol, _port(end)), ())
        return next(iter(found)) if len(found) == 1 else None

    def _far(self, socket: Socket, serves: bool | None, service: Item) -> End:
        """Return the other end of a connection of which only one socket is here."""
        tag = service if serves else (-1, "")
        if socket.peer is not None:
            host, netns = where_peer(socket)
            if socket.peer.owners:
                return self._programs.holding(host, netns, socket.peer.owners)
            elsewhere = socket.peer.host or socket.peer.netns
            listener = None if elsewhere or not serves else self._listener(socket, socket.remote)
            return listener or self._programs.unseen(socket.peer, host, netns, tag)
        remote = socket.remote
        if not isinstance(remote, InetEndpoint):
            return self._programs.nobody(_NOT_FOUND, *where(socket), tag)
        if (*where(socket), remote.address) in self._own:
            listener = self._listener(socket, remote) if serves else None
            return listener or self._programs.nobody(_NOT_FOUND, *where(socket), tag)
        text = host_text(remote, self._context.hostnames).strip("[]") + (f"%{remote.zone}" if remote.zone else "")
        return RemoteEnd(text, remote.address, group_of(remote.address, serves, socket.protocol, service))


def _port(end: Endpoint | None) -> object:
    return end.port if isinstance(end, InetEndpoint) else end


def _telling(sockets: Sequence[Socket]) -> Socket:
    """Return the socket of a connection that tells best which end it is; of several subflows the first by its ends."""
    if len(sockets) <= 2:
        return min(sockets, key=_rank)
    return min(
        sockets,
        key=lambda each: (_rank(each), each.protocol != "mptcp", endpoint_text(each.local), endpoint_text(each.remote)),
    )


def _rank(socket: Socket) -> int:
    return _ROLES.get(socket.role, len(_ROLES))


def _is_other_end(socket: Socket, first: Socket) -> bool:
    """Tell whether this socket of a connection is the other end, and no further subflow, of the first one."""
    return socket.local == first.remote or not isinstance(first.local, InetEndpoint)


def _each_once(sockets: list[Socket]) -> Iterator[Connection]:
    """Yield each connection once. Ends in two listings are joined only where they were found to be each other's."""
    apart: dict[str | None, list[Socket]] = {}
    joined = []
    for socket in sockets:
        if socket.peer is not None and socket.peer.host is not None:
            joined.append(socket)
        else:
            apart.setdefault(socket.host, []).append(socket)
    seen: set[object] = set()
    found = [connection for some in (joined, *apart.values()) for connection in connections(some)]
    for connection in sorted(found, key=lambda each: _rank(each.sockets[0])):
        first = connection.sockets[0]
        if len(connection.sockets) == 1 and first.peer is not None and None not in (first.inode, first.peer.inode):
            # An address was changed on the way, so that the two ends do not look like one connection.
            ends = frozenset(((first.host, first.inode), (first.peer.host or first.host, first.peer.inode)))
            if ends in seen:
                continue
            seen.add(ends)
        yield connection
