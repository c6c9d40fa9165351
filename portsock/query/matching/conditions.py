"""The conditions of a query as predicates of one socket, the cheapest first. Each is built once and called 50,000 times."""

from portsock.model import PASSIVE, Family, Snapshot, Socket, SocketType, State, UnixEndpoint
from portsock.query.query import Predicate, Query, any_of, selects_by_state

_STREAMS = frozenset({SocketType.STREAM, SocketType.SEQPACKET})


def predicates(snapshot: Snapshot, query: Query, side: str) -> list[Predicate]:
    """Return the conditions of the query except its protocols; a socket matches where all hold."""
    found: list[Predicate] = []
    if query.families:
        # Family.INET: the source does not say whether it is IPv4, IPv6 or both.
        families = query.families | {Family.INET}
        found.append(lambda socket: socket.family in families)
    if selects_by_state(query):
        found.append(_state_predicate(query))
    if query.ports or query.local or query.remote or query.targets or query.exclude:
        from portsock.query.matching.targets import target_predicates

        found += target_predicates(snapshot, query, side)
    if query.pids or query.processes or query.users:
        found += _owner_predicates(snapshot, query)
    return found


def _owner_predicates(snapshot: Snapshot, query: Query) -> list[Predicate]:
    from portsock.query.matching.owners import name_predicate, pid_predicate

    found = [pid_predicate(query.pids)] if query.pids else []
    for kind, names in (("proc", query.processes), ("user", query.users)):
        if names:
            found.append(any_of([name_predicate(kind, name, snapshot.processes) for name in names]))
    return found


def is_listening(socket: Socket) -> bool:
    """Tell whether --listening selects the socket: a listener, or a bound socket that receives without listening."""
    state = socket.state
    if state is State.LISTEN:
        return True
    if socket.family is Family.UNIX and socket.type is SocketType.DGRAM:  # ESTABLISHED, too, once others connect to it
        named = isinstance(socket.local, UnixEndpoint) and socket.local.path is not None
        return named and socket.peer_inode is None and socket.remote is None
    if state is not State.UNCONN:
        return state is None and socket.role in PASSIVE
    # A listing may spell CLOSED as UNCONN for TCP.
    return socket.family is not Family.UNIX and socket.type not in _STREAMS and socket.protocol != "tcp"


def _state_predicate(query: Query) -> Predicate:
    states = query.states | {State.ESTABLISHED} if query.established else query.states
    if not query.listening:
        return lambda socket: socket.state in states
    if not states:
        return is_listening
    return lambda socket: socket.state in states or is_listening(socket)
