"""Infer which end of a conversation each socket is, from listeners and the ephemeral range: no source reports it."""

from collections.abc import Iterable

from portsock.addresses import WILDCARDS, scope
from portsock.model import Family, InetEndpoint, Netns, Role, Scope, Socket, SocketType, State, UnixEndpoint
from portsock.port_numbers import PRIVILEGED_END
from portsock.records import SocketRecord

_Port = tuple[Netns | None, str, int | None]
"""A port of one namespace and protocol."""

# Members of enumerations, looked up once: in Python 3.11 each lookup takes as long as all else done for a socket.
_LISTEN, _UNCONN, _UNIX, _LOOPBACK = State.LISTEN, State.UNCONN, Family.UNIX, Scope.LOOPBACK
_DGRAM = SocketType.DGRAM
_LISTENER, _SERVER, _CLIENT, _UNKNOWN, _BOUND = Role.LISTENER, Role.SERVER, Role.CLIENT, Role.UNKNOWN, Role.BOUND


class Roles:
    """Infer roles within one collection, namespace by namespace."""

    def __init__(self, records: Iterable[SocketRecord], ephemeral: tuple[int, int]) -> None:
        self._first, self._last = ephemeral
        self._listening: dict[_Port, set[str | None]] = {}  # of UDP, which has no listeners, sockets without a peer
        self._ports: set[int | None] = set()
        """Those of `_listening`: most sockets of a client have none of them."""
        self._unix_listening: set[tuple[Netns | None, UnixEndpoint]] = set()
        self._unix: dict[int, SocketRecord] = {}
        self._pending: set[int] = set()
        for record in records:
            if record.family is _UNIX:
                self._add_unix(record)
            elif record.state is _LISTEN or record.state is _UNCONN:
                self._add_passive(record)

    def _add_passive(self, record: SocketRecord) -> None:
        local = record.local
        if isinstance(local, InetEndpoint) and local.port:  # raw sockets have none
            self._listening.setdefault((record.netns, record.protocol, local.port), set()).add(local.address)
            self._ports.add(local.port)

    def _add_unix(self, record: SocketRecord) -> None:
        if record.inode is not None:
            self._unix[record.inode] = record
        if record.state is _LISTEN and isinstance(record.local, UnixEndpoint) and _is_named(record):
            self._unix_listening.add((record.netns, record.local))
            self._pending.update(record.pending)

    def infer(self, record: SocketRecord) -> Role:
        """Return the role of one record."""
        local, remote = record.local, record.remote
        if record.state is _LISTEN:
            return _LISTENER
        if record.family is _UNIX:
            return self._infer_unix(record)
        if not isinstance(local, InetEndpoint):
            return _BOUND if remote is None and local is not None else _UNKNOWN
        if not isinstance(remote, InetEndpoint):
            return _BOUND if local.port else _UNKNOWN
        port, other = local.port, remote.port
        served = port in self._ports and self._is_listening(record, local)
        if served and (record.type is not _DGRAM or not self._asks_a_service(port, other)):
            return _SERVER
        if port is None or not self._first <= port <= self._last:
            return _UNKNOWN
        if other is None or not self._first <= other <= self._last:
            return _CLIENT
        if other in self._ports and self._is_listening(record, remote):
            here = remote.address == local.address or scope(remote.address) is _LOOPBACK
            return _CLIENT if here else _UNKNOWN
        return _UNKNOWN

    def _is_listening(self, record: SocketRecord, end: InetEndpoint) -> bool:
        """Tell whether a listener of the record's namespace and protocol covers this address and port."""
        addresses = self._listening.get((record.netns, record.protocol, end.port))
        return addresses is not None and (end.address in addresses or not addresses.isdisjoint(WILDCARDS))

    def _asks_a_service(self, port: int | None, other: int | None) -> bool:
        """Tell whether a UDP socket is a client's by its ports, as DNS's are. Another socket on its port may have no peer."""
        return port is not None and self._first <= port <= self._last and other is not None and other < PRIVILEGED_END

    def _infer_unix(self, record: SocketRecord) -> Role:
        """Return the role of a unix socket. An accepted one has its listener's name; the connecting end usually has none.

        A datagram socket without a peer is bound, whatever its state: once others connect to it, it is ESTABLISHED, too.
        """
        named = _is_named(record)
        if record.state is not State.ESTABLISHED or (record.type is SocketType.DGRAM and record.peer_inode is None):
            return Role.BOUND if named else Role.UNKNOWN
        if record.inode in self._pending:
            return Role.CLIENT
        other = self._unix.get(record.peer_inode) if record.peer_inode else None
        mine, theirs = self._is_served(record), other is not None and self._is_served(other)
        if mine is theirs:
            mine, theirs = named, other is not None and _is_named(other)
        if mine is theirs:
            return Role.UNKNOWN
        return Role.SERVER if mine else Role.CLIENT

    def _is_served(self, record: SocketRecord) -> bool:
        """Tell whether the socket has the name of a listener."""
        return (record.netns, record.local) in self._unix_listening


def _is_named(record: SocketRecord) -> bool:
    return isinstance(record.local, UnixEndpoint) and record.local.path is not None


def is_accepted(socket: Socket) -> bool:
    """Tell whether a unix socket comes from accept(2): name and file are its listener's, and do not lead to it."""
    return socket.role is _SERVER and socket.type is not SocketType.DGRAM


NO_PEER_STATES = frozenset({State.LISTEN, State.BOUND, State.UNCONN, State.CLOSED})
"""States of a socket that has no peer: it took its port, if it has one, by its own bind(2)."""

_PEER_STATES = frozenset(State) - NO_PEER_STATES - {State.DELETE_TCB}


def is_passive(socket: Socket) -> bool:
    """Tell whether a socket waits for others: a listener, a bound TCP socket, any other socket without a peer.

    This is the widest of three notions. The roles PASSIVE leave out what has no address of its own, and --listening
    (is_listening in query.matching.conditions) what cannot receive yet:

    | socket                                           | is_passive | role in PASSIVE | --listening |
    | ------------------------------------------------ | ---------- | --------------- | ----------- |
    | LISTEN, of any family                            | yes        | yes             | yes         |
    | TCP BOUND: a port, neither listening nor joined  | yes        | yes             | no          |
    | UDP UNCONN, or a family without states, bound    | yes        | yes             | yes         |
    | UDP UNCONN without a port                        | yes        | no              | yes         |
    | TCP CLOSED, a port or none                       | yes        | with a port     | no          |
    | unix datagram with a name, ESTABLISHED by others | yes        | yes             | yes         |
    | unix stream UNCONN, named or not                 | yes        | with a name     | no          |
    | anything with a peer                             | no         | no              | no          |
    """
    if socket.state in (State.LISTEN, State.BOUND):
        return True
    return socket.remote is None and (socket.state not in _PEER_STATES or socket.role is Role.BOUND)
